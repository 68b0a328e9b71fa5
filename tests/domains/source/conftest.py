from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import pytest_readiness.domains.forge.resource  # noqa: F401  (a repository refers to it)
from pytest_readiness.core.evidence import Evidence
from pytest_readiness.domains.source.resource import Repository
from tests.judging import judge
from tests.stack.repositories import Repo


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    return Repo(tmp_path / "shop")


@pytest.fixture
def judged(repo: Repo) -> Callable[..., Evidence]:
    """Judge a check against what is committed in the repository."""

    def judge_it(id: str, *, fields: dict[str, Any] | None = None, target: Any = None, **parameters: Any) -> Evidence:
        resource = Repository(name="shop", path=repo.path, **(fields or {}))
        return judge(id, resource, target=target, **parameters)

    return judge_it
