"""The commit that is released, and its files."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pytest_readiness.config.target import Target
from pytest_readiness.core.registry import fact
from pytest_readiness.domains.source.commit import ReleaseCommit, TreeFile, commit_of, files_of, git_text, read_files
from pytest_readiness.domains.source.manifests import POINTER
from pytest_readiness.domains.source.patterns import GLOB
from pytest_readiness.domains.source.resource import Repository
from pytest_readiness.domains.source.texts import text_of

POINTERS = (POINTER, b"version https://hawser.github.com/spec/")
_MARKERS = [re.compile(rf"^{mark}{{7}}(?![^ \r\n])", re.MULTILINE) for mark in "<>"]
POINTER_BYTES = 1024
"""No pointer of Git LFS is as long, by its specification."""


@dataclass(frozen=True, slots=True)
class GitTree:
    """The files of the commit that is released.

    Attributes:
        commit: the commit.
        files: all of them, links and submodules too, in the order of their paths.
    """

    commit: ReleaseCommit
    files: tuple[TreeFile, ...] = field(repr=False)

    def named(self, paths: Iterable[str]) -> tuple[TreeFile, ...]:
        """Those of exactly these paths."""
        wanted = frozenset(paths)
        return tuple(each for each in self.files if each.path in wanted)

    def matching(self, patterns: Iterable[str], *, folded: bool = False) -> tuple[TreeFile, ...]:
        """Those that any of the patterns matches, which are written as in .gitignore (`src/**/*.py`, `*.log`).

        Args:
            patterns: of their paths.
            folded: the patterns are in small letters, and stand for capitals, too.
        """
        from pathspec import GitIgnoreSpec

        spec = GitIgnoreSpec.from_lines(patterns)

        def goes(each: TreeFile) -> bool:
            path = each.path.lower() if folded else each.path
            # A submodule is a folder; a link to one is named as one is.
            return spec.match_file(path) or (not each.regular and spec.match_file(f"{path}/"))

        return tuple(filter(goes, self.files))


@fact(deadline=60)
def release_commit(repository: Repository, target: Target) -> ReleaseCommit:
    """The commit that is released: the declared one, the one that --readiness-release names, or what is checked out."""
    return commit_of(repository, target)


@fact(deadline=60)
def git_tree(repository: Repository, release_commit: ReleaseCommit) -> GitTree:  # noqa: ARG001
    """Every file of the commit that is released, with its size, from Git's objects and not from the working tree."""
    return GitTree(release_commit, files_of(release_commit))


@dataclass(frozen=True, slots=True)
class NamedFile:
    """A file of the commit that a path or pattern names.

    Attributes:
        path: from the top of the repository.
        flaw: why it is not a file that says something ("is empty"), or "".
        oid: of what it holds.
    """

    path: str
    flaw: str
    oid: str


@dataclass(frozen=True, slots=True)
class NamedFiles:
    """What paths and patterns name in the commit.

    Attributes:
        commit: the commit.
        tracked: how many files it has.
        found: by path or pattern, the files that it names.
        near: by path or pattern that names none, what is there instead, as a clause; "" for nothing.
    """

    commit: ReleaseCommit
    tracked: int
    found: dict[str, tuple[NamedFile, ...]]
    near: dict[str, str]


@fact(deadline=60)
def named_files(repository: Repository, git_tree: GitTree, *, asks: tuple[str, ...]) -> NamedFiles:  # noqa: ARG001
    """The files that paths and patterns name, and of each whether it holds something; links are followed."""
    by_path = {each.path: each for each in git_tree.files}
    matched = {ask: [each for part in ask.split("|") for each in _matching(git_tree, by_path, part)] for ask in asks}
    goals = {each.path: _behind(git_tree.commit, by_path, each) for found in matched.values() for each in found}
    small = [each for each in goals.values() if each and each.size < POINTER_BYTES]
    flaws = {each.oid: _flaw(data) for each, data in read_files(git_tree.commit, small)}

    def named(each: TreeFile) -> NamedFile:
        goal = goals[each.path]
        flaw = "leads to no file of the repository" if goal is None else "is a submodule" * (goal.mode == "160000")
        if goal and goal.regular:
            flaw = flaws.get(goal.oid, "")
        return NamedFile(each.path, flaw, goal.oid if goal else "")

    return NamedFiles(
        commit=git_tree.commit,
        tracked=len(by_path),
        found={ask: tuple(map(named, found)) for ask, found in matched.items()},
        near={ask: _near(by_path, ask) for ask, found in matched.items() if not found},
    )


def _flaw(data: bytes) -> str:
    """Why a small file says nothing, or ""."""
    # White space, what is not seen, and the marks of an encoding are nothing to read.
    if not data.translate(None, b"\0 \t\r\n\v\f") or not re.sub(r"[\s\0\u200b-\u200f\ufeff\ufffd]", "", _decoded(data)):
        return "is empty"
    return "is a pointer of Git LFS" if data.startswith(POINTERS) else ""


def _decoded(data: bytes) -> str:
    return data.decode("utf-16" if data.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8", "replace")


def _matching(tree: GitTree, by_path: Mapping[str, TreeFile], path: str) -> Iterable[TreeFile]:
    folder = by_path.get(path.removesuffix("/"))
    if path in by_path or (folder and not folder.regular):
        return [by_path[path.removesuffix("/")]]
    inside = [each for each in tree.files if each.path.startswith(path)] if path.endswith("/") else []
    if inside or not GLOB & set(path):
        return inside
    found = tree.matching([f"/{path}"])
    # As Git reads a pattern, one that a folder's name matches means all that is in it.
    deep = path.endswith("/") or "**" in path
    return found if deep else (each for each in found if each.path.count("/") == path.count("/"))


def _behind(commit: ReleaseCommit, by_path: Mapping[str, TreeFile], file: TreeFile) -> TreeFile | None:
    """The file itself, or what a link leads to in the commit."""
    for _ in range(5):
        if file.mode != "120000":
            return file
        goal = posixpath.normpath(
            posixpath.join(posixpath.dirname(file.path), git_text(Path(commit.path), "cat-file", "blob", file.oid))
        )
        if goal not in by_path:
            return None
        file = by_path[goal]
    return None


def _near(by_path: Mapping[str, TreeFile], ask: str) -> str:
    wanted = {each.rstrip("/").casefold() for each in ask.split("|")}
    for path in by_path:
        if path.casefold() in wanted:
            return f"{path} is there, which is another name for Git"
        if any(f"{each}/" == path[: len(each) + 1].casefold() for each in wanted):
            return f"{path[: path.find('/', min(map(len, wanted)) - 1)]} is a folder"
    return ""


@dataclass(frozen=True, slots=True)
class MergeConflicts:
    """Files of the commit that hold both markers of a merge that nobody has resolved.

    Attributes:
        searched: the commit that was searched.
        paths: of these files.
        count: how many they are.
    """

    searched: str
    paths: tuple[str, ...]
    count: int


@fact(deadline=120)
def merge_conflicts(repository: Repository, release_commit: ReleaseCommit) -> MergeConflicts:  # noqa: ARG001
    """Files in which lines begin with the markers of a merge, "<<<<<<<" and ">>>>>>>", alone or before a name."""
    paths = _with_both(release_commit, "^{0}{0}{0}{0}{0}{0}{0}([ \r]|$)")
    # Of UTF-16, a byte is before or behind each sign, and only its text shows lines.
    wide = set(_with_both(release_commit, "{0}([^{0}]{0}){{6}}"))
    files = [each for each in files_of(release_commit) if each.path in wide] if wide else []
    for each, data in read_files(release_commit, files):
        text = text_of(data) or ""
        paths += [each.path] * all(marker.search(text) for marker in _MARKERS)
    return MergeConflicts(release_commit.sha, tuple(paths), len(paths))


def _with_both(commit: ReleaseCommit, expression: str) -> list[str]:
    """Paths of files in which an expression is found for either sign."""
    words = ["grep", "--no-color", "-lzaE", "--all-match", "--full-name"]
    words += (word for mark in "<>" for word in ("-e", expression.format(mark)))
    said = git_text(Path(commit.path), *words, commit.sha, accepted=(0, 1))
    return [each.partition(":")[2] for each in said.split("\0") if each]
