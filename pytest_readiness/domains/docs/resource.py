"""Documents."""

from __future__ import annotations

from pytest_readiness.core.resources import Located


class Document(Located):
    """A document that people rely on: runbook, recovery plan, changelog.

    Attributes:
        path: the Markdown or text file; relative to readiness.yaml.
    """

    kind = "document"
    section = "documents"
