"""Reports beside a repository whose commit is released, as tests declare them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from pytest_readiness.config.target import Target
from pytest_readiness.core.resources import Resource
from pytest_readiness.domains.artifact.resource import ToolReport
from pytest_readiness.domains.source.resource import Repository
from tests.stack.repositories import Repo

DATA = Path(__file__).parents[2] / "data" / "artifact"
COMMITTED = datetime(2026, 11, 29, tzinfo=UTC)
NOW = "2026-12-01T12:00:00+00:00"
"""By which what is in `DATA` was made a day ago."""


class Release:
    """A repository with one commit, and reports about it.

    Attributes:
        sha: the commit.
        target: declares the repository, and what else is given.
    """

    def __init__(
        self, folder: Path, files: Mapping[str, str], *, at: datetime = COMMITTED, others: tuple[Resource, ...] = ()
    ) -> None:
        repo = Repo(folder / "shop").write(files)
        repo.git("add", "-A")
        repo.git("commit", "-q", "--allow-empty", "-m", "Release", at=at)
        self.sha = repo.git("rev-parse", "HEAD")
        self.target = Target("test", resources=(Repository(name="shop", path=repo.path), *others))
        self._folder = repo.path / "reports"
        self._folder.mkdir()

    def report(
        self, name: str, data: bytes | str | None = None, *, about: str | None = "", repository: str | None = "shop"
    ) -> ToolReport:
        """Write a report, and beside it the commit; or `about`, where None is for no such file."""
        path = self._folder / name
        text = (DATA / name).read_bytes() if data is None else data
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        if about is not None:
            beside = about.replace("SHA", self.sha) or f"commit: {self.sha}\nmade_at: 2026-11-30T23:30:00Z\n"
            path.with_name(f"{name}.about.yaml").write_text(beside, "utf-8")
        return ToolReport(name=path.stem.replace(".", "-"), path=path, repository=repository)
