from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import pytest_readiness.domains.forge.resource  # noqa: F401  (a repository refers to it)
from pytest_readiness.core.evidence import Evidence
from pytest_readiness.domains.source.adapters import ask_tool
from pytest_readiness.domains.source.resource import Repository
from pytest_readiness.domains.source.worker import JOBS
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


@pytest.fixture
def in_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """Do in this process what `apart` does in another one: its start takes a second."""
    monkeypatch.setattr("pytest_readiness.domains.source.facts.code.apart", lambda job, given, *_: JOBS[job][1](given))


@pytest.fixture
def once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Run a tool once for a commit and what it is asked, however often it is judged."""
    known: dict[Any, Any] = {}

    def ask_once(place: Any, asked: Any, commit: str, paths: Any) -> Any:
        if (asked, commit) not in known:
            known[asked, commit] = ask_tool(place, asked, commit, paths)
        return known[asked, commit]

    monkeypatch.setattr("pytest_readiness.domains.source.facts.tools.ask_tool", ask_once)
