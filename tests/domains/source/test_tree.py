from __future__ import annotations

import os
import shutil
import subprocess
import time
from pathlib import Path

import pytest

from pytest_readiness.config.target import Target
from pytest_readiness.core.evidence import CouldNotVerify
from pytest_readiness.domains.source.commit import ReleaseCommit, commit_of, files_of, read_files
from pytest_readiness.domains.source.facts.tree import GitTree
from pytest_readiness.domains.source.resource import Repository
from tests.stack.repositories import Repo


def commit(path: Path, release: str = "", **fields: str) -> ReleaseCommit:
    return commit_of(Repository(name="shop", path=path, **fields), Target("test", release=release))


def tree(path: Path, release: str = "", **fields: str) -> GitTree:
    found = commit(path, release, **fields)
    return GitTree(found, files_of(found))


def test_the_commit_is_read_and_not_the_working_tree(repo: Repo) -> None:
    repo.commit({"kept.txt": "old", 'a b/ü\n\t".txt': "x", "empty": ""})
    repo.write({"kept.txt": "new, and longer", "untracked.txt": "y"})
    repo.git("add", "untracked.txt")
    found = tree(repo.path)
    assert {each.path: each.size for each in found.files} == {"kept.txt": 3, 'a b/ü\n\t".txt': 1, "empty": 0}
    assert {each.path: data for each, data in read_files(found.commit, found.files)}["kept.txt"] == b"old"
    assert found.commit.chosen == "what is checked out"
    assert found.commit.branch == "main"


@pytest.mark.parametrize("name", ["1.0", "v1.0", "main", "release/1"])
def test_names_of_a_release(repo: Repo, name: str) -> None:
    first = repo.commit({"a": "1"})
    repo.git("tag", "-a", "v1.0", "-m", "First")
    repo.git("branch", "release/1")
    last = repo.commit({"a": "2"})
    found = commit(repo.path, name)
    assert found.sha == (last if name == "main" else first)
    assert found.head == last
    assert found.tags == (() if name == "main" else ("v1.0",))
    assert commit(repo.path, commit=name).chosen.endswith("declared as `commit`")
    assert commit(repo.path, first[:10]).sha == first


def test_two_names_of_two_commits(repo: Repo) -> None:
    first = repo.commit({"a": "1"})
    repo.git("tag", "v1")
    repo.commit({"a": "2"})
    with pytest.raises(CouldNotVerify, match=r"two commits .* tag v1, declared .* branch main, named by"):
        commit(repo.path, "main", commit="v1")
    # A release may have a name that is none of Git's, where the commit is declared.
    assert commit(repo.path, "spring", commit="v1").sha == first


@pytest.mark.parametrize("name", ["v9", "deadbeef", "../x", "HEAD~1", "v1..main", "@{-1}", ":/Change"])
def test_no_such_release(repo: Repo, name: str) -> None:
    repo.commit({"a": "1"})
    repo.commit({"a": "2"})
    with pytest.raises(CouldNotVerify, match="is no tag or commit of"):
        commit(repo.path, name)


def test_what_is_no_working_tree(repo: Repo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(CouldNotVerify, match="has no commit"):
        commit(repo.path)
    repo.commit({"a": "1"})
    repo.git("clone", "-q", "--bare", str(repo.path), str(tmp_path / "bare.git"))
    monkeypatch.setenv("GIT_DIR", str(repo.path / ".git"))
    for folder, said in ((tmp_path / "bare.git", "work tree"), (tmp_path, "not a git repository")):
        with pytest.raises(CouldNotVerify, match=said):
            commit(folder)
    with pytest.raises(CouldNotVerify, match="is not a folder"):
        commit(tmp_path / "none")
    monkeypatch.setattr(shutil, "which", lambda _: None)
    with pytest.raises(CouldNotVerify, match="git is not installed"):
        commit(repo.path)


@pytest.mark.skipif(os.geteuid() != 0, reason="gives the repository to another user")
def test_of_another_user(repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    repo.commit({"a": "1"})
    for path in (repo.path, repo.path / ".git"):
        os.chown(path, 12345, 12345)
    monkeypatch.setenv("HOME", str(repo.path))
    monkeypatch.delenv("SUDO_UID", raising=False)
    with pytest.raises(CouldNotVerify, match="belongs to another user"):
        commit(repo.path)


def test_worktree_submodule_and_link(repo: Repo, tmp_path: Path) -> None:
    library = Repo(tmp_path / "library")
    library.commit({"l.py": "1"})
    (repo.path / "link").symlink_to("a/b.txt")
    repo.commit({"a/b.txt": "1"})
    repo.git("submodule", "--quiet", "add", str(library.path), "sub")
    repo.commit()
    repo.git("worktree", "add", "-q", "--detach", str(tmp_path / "other"))
    found = tree(tmp_path / "other" / "a")
    assert found.commit.branch == ""
    modes = {each.path: (each.mode, each.regular) for each in found.files}
    assert modes["link"] == ("120000", False)
    assert modes["sub"] == ("160000", False)
    assert modes["a/b.txt"] == ("100644", True)
    assert [each.path for each, _ in read_files(found.commit, found.files)] == [".gitmodules", "a/b.txt"]


def test_shallow_and_partial_clones(repo: Repo, tmp_path: Path) -> None:
    repo.commit({"a": "1"})
    repo.commit({"b": "2"})
    repo.git("config", "uploadpack.allowFilter", "true")
    source = f"file://{repo.path}"
    repo.git("clone", "-q", "--depth=1", source, str(tmp_path / "shallow"))
    assert commit(tmp_path / "shallow").shallow
    assert not commit(tmp_path / "shallow").partial
    assert len(tree(tmp_path / "shallow").files) == 2
    repo.git("clone", "-q", "--filter=blob:none", source, str(tmp_path / "partial"))
    assert commit(tmp_path / "partial").partial
    # What is checked out is there, and what is not is not fetched one by one.
    assert len(tree(tmp_path / "partial").files) == 2
    repo.git("clone", "-q", "--no-checkout", "--filter=blob:none", source, str(tmp_path / "bloodless"))
    with pytest.raises(CouldNotVerify, match="clone is a partial one"):
        tree(tmp_path / "bloodless")


@pytest.mark.parametrize("what", ["replace", "graft"])
def test_nobody_sways_what_is_read(repo: Repo, what: str) -> None:
    true = repo.commit({"a": "true"})
    repo.git("checkout", "-q", "-b", "other")
    false = repo.commit({"a": "false"})
    repo.git("checkout", "-q", "main")
    if what == "replace":
        repo.git("replace", true, false)
    else:
        repo.write({".git/info/grafts": f"{true} {false}\n"})
    found = tree(repo.path)
    assert [data for _, data in read_files(found.commit, found.files)] == [b"true"]


def test_many_files_are_read_in_seconds(repo: Repo) -> None:
    data = repo.git("hash-object", "-w", "--stdin")
    lines = "".join(f"100644 {data}\td{number % 100}/f{number}.txt\n" for number in range(50_000))
    subprocess.run(["git", "update-index", "--index-info"], cwd=repo.path, input=lines, text=True, check=True)
    repo.git("commit", "-q", "-m", "Many")
    began = time.monotonic()
    found = tree(repo.path)
    assert len(found.matching(["*.log", "d7/", "!d7/f7.txt"])) == 499
    assert sum(1 for _ in read_files(found.commit, found.files)) == 50_000
    assert time.monotonic() - began < 20


def test_large_files_are_left_out(repo: Repo) -> None:
    repo.commit({"large": "x" * 3_000_000, "small": "y"})
    found = tree(repo.path)
    assert [each.path for each, _ in read_files(found.commit, found.files)] == ["small"]
    assert len(list(read_files(found.commit, found.files, most=4_000_000))) == 2
