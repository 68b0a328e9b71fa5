"""Source repositories."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from pytest_readiness.core.resources import Located, Reference

Revision = Annotated[str, Field(pattern=r"^[^-\s\x00-\x1f\x7f][^\s\x00-\x1f\x7f]*$", max_length=250)]


class Repository(Located):
    """The source repository of the release, as Git has it.

    Attributes:
        path: its working tree, or a folder in it; relative to readiness.yaml.
        commit: tag, branch or commit that is released. Unless given, the tag or commit that `--readiness-release`
            names and, where the run names none, what is checked out.
        branch: the branch that is released; checks of pipelines and remotes ask about it. Unless given, they need it
            as a parameter.
        remote: the remote, by its name or address, that others take the release from.
        forge: the forge that it is kept on, which checks of runs, reviews and protections ask.
    """

    kind = "repository"
    section = "repositories"

    commit: Revision | None = None
    branch: Revision | None = None
    remote: Revision = "origin"
    forge: Annotated[str | None, Reference("forge")] = None
