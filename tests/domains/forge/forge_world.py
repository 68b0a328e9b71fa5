"""A repository with a release, and the forge that it is kept on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

from pytest_readiness.config.target import Target
from pytest_readiness.core.evidence import Evidence
from pytest_readiness.core.registry import TARGET
from pytest_readiness.domains.forge.resource import Forge
from pytest_readiness.domains.source.resource import Repository
from tests.judging import judge, read
from tests.stack.forge import ForgeServer
from tests.stack.repositories import Repo

Service = Literal["github", "gitlab"]


class ForgeWorld:
    """What checks of pipelines ask.

    Attributes:
        forge: the forge; what it answers may be changed.
        repo: the repository.
        sha: the commit that is released.
    """

    def __init__(self, forge: ForgeServer, repo: Repo) -> None:
        self.forge, self.repo = forge, repo
        self.sha = repo.commit({"README.md": "# Shop\n"})

    @property
    def gitlab(self) -> bool:
        """Whether the forge speaks GitLab's API."""
        return self.forge.service == "gitlab"

    def read(self, fact: str, question: str) -> Any:
        """What a fact of the repository answers to a question."""
        target = self._target("main")
        return read(fact, target.resources[0], {fact: (question,)}, {TARGET: target})[question]

    def judge(self, id: str, *, declared: str | None = "main", **parameters: Any) -> Evidence:
        """What a check says; `declared` is the branch that the repository declares."""
        target = self._target(declared)
        return judge(id, target.resources[0], target=target, **parameters)

    def _target(self, branch: str | None) -> Target:
        repository = Repository(name="shop", path=self.repo.path, branch=branch, forge="hub")
        forge = Forge.model_validate({"name": "hub", **self.forge.declared()})
        return Target("test", resources=(repository, forge))


@contextmanager
def forge_world(service: Service, path: Path) -> Iterator[ForgeWorld]:
    """A forge that knows nothing but the project's name, and a repository of one commit."""
    with ForgeServer(service) as forge:
        yield ForgeWorld(forge, Repo(path))
