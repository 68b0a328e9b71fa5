"""What the rules of a commit ignore, in real repositories."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from pytest_readiness.core.domains import catalogue, load_kinds
from pytest_readiness.core.evidence import ClaimFalse, CouldNotVerify, Evidence
from pytest_readiness.domains.source.resource import Repository
from tests.judging import judge
from tests.stack.repositories import Repo

load_kinds()
RULES = "*.log\nnode_modules/\n/build\n!keep.log\n"


def ignored(repo: Repo, *samples: str) -> Evidence:
    return judge("source.gitignore", Repository(name="shop", path=repo.path), samples=list(samples))


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    made = Repo(tmp_path / "shop")
    made.commit({".gitignore": RULES, "web/.gitignore": "dist/\n", "app.py": "x = 1\n"})
    return made


def test_samples_that_rules_ignore(repo: Repo) -> None:
    evidence = ignored(repo, "a/debug.log", "web/dist/app.js", "node_modules/left/index.js", "build/x")
    sha = repo.git("rev-parse", "HEAD")[:12]
    assert evidence.text == (
        f"4 sample paths ignored by the rules of {sha}: a/debug.log by .gitignore, line 1, web/dist/app.js by "
        "web/.gitignore, line 1, node_modules/left/index.js by .gitignore, line 2, build/x by .gitignore, line 3"
    )


@pytest.mark.parametrize(
    ("sample", "seen"),
    [
        ("dist/app.js", "dist/app.js is ignored by no rule"),
        ("web/build/x", "web/build/x is ignored by no rule"),
        ("keep.log", "keep.log is taken in again by .gitignore, line 4"),
        # A file of that name is no folder.
        ("node_modules", "node_modules is ignored by no rule"),
    ],
)
def test_samples_that_no_rule_ignores(repo: Repo, sample: str, seen: str) -> None:
    with pytest.raises(ClaimFalse) as failure:
        ignored(repo, "a.log", sample)
    assert failure.value.seen == seen


def test_a_tracked_file_is_not_ignored(repo: Repo) -> None:
    repo.write({"old.log": ""}).git("add", "-f", "old.log")
    with pytest.raises(ClaimFalse, match=r"seen: old\.log is tracked"):
        ignored(repo, "old.log", "new.log")


def test_rules_of_the_working_tree_alone_do_not_count(repo: Repo) -> None:
    repo.write({".gitignore": RULES + "*.tmp\n"})
    with pytest.raises(
        ClaimFalse, match=r"a\.tmp is ignored here only, by \.gitignore, line 5, which the commit does not"
    ):
        ignored(repo, "a.tmp")
    repo.commit()
    repo.write({".gitignore": ""})
    assert ignored(repo, "a.tmp").text.endswith("a.tmp by .gitignore, line 5")


def test_nothing_that_could_be_asked(repo: Repo, tmp_path: Path) -> None:
    with pytest.raises(CouldNotVerify, match="not a git repository"):
        judge("source.gitignore", Repository(name="shop", path=tmp_path), samples=["a.log"])
    for samples in ([], ["*.log"], ["node_modules/"], ["/a.log"], ["../a.log"], ["a//b"], [".git/config"], [":!a"]):
        with pytest.raises(ValidationError):
            catalogue()["source.gitignore"].parameters.model_validate({"samples": samples})
