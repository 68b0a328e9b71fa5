"""Source repositories."""

from __future__ import annotations

from pytest_readiness.core.resources import Located


class Repository(Located):
    """The source repository of the release.

    Attributes:
        path: its working tree; relative to readiness.yaml.
    """

    kind = "repository"
    section = "repositories"
