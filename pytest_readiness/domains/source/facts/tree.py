"""The commit that is released, and its files."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from pytest_readiness.config.target import Target
from pytest_readiness.core.registry import fact
from pytest_readiness.domains.source.commit import ReleaseCommit, TreeFile, commit_of, files_of
from pytest_readiness.domains.source.resource import Repository


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

    def matching(self, patterns: Iterable[str]) -> tuple[TreeFile, ...]:
        """Those that any of the patterns matches, which are written as in .gitignore (`src/**/*.py`, `*.log`)."""
        from pathspec import GitIgnoreSpec

        spec = GitIgnoreSpec.from_lines(patterns)
        return tuple(each for each in self.files if spec.match_file(each.path))


@fact(deadline=60)
def release_commit(repository: Repository, target: Target) -> ReleaseCommit:
    """The commit that is released: the declared one, the one that --readiness-release names, or what is checked out."""
    return commit_of(repository, target)


@fact(deadline=60)
def git_tree(repository: Repository, release_commit: ReleaseCommit) -> GitTree:  # noqa: ARG001
    """Every file of the commit that is released, with its size, from Git's objects and not from the working tree."""
    return GitTree(release_commit, files_of(release_commit))
