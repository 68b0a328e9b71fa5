"""Documents."""

from __future__ import annotations

from pytest_readiness.core.resources import Located


class Document(Located):
    """A document that people rely on: runbook, recovery plan, changelog.

    Attributes:
        path: a file of Markdown, plain text, reStructuredText or AsciiDoc; relative to readiness.yaml.
    """

    kind = "document"
    section = "documents"
