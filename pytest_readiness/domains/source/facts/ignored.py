"""What the released commit's rules ignore."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pytest_readiness.core.registry import fact
from pytest_readiness.domains.source.commit import ReleaseCommit
from pytest_readiness.domains.source.facts.tree import GitTree
from pytest_readiness.domains.source.ignoring import PathRule, path_rules
from pytest_readiness.domains.source.resource import Repository


@dataclass(frozen=True, slots=True)
class IgnoredSamples:
    """What the rules of a commit say of the paths that were asked about.

    Attributes:
        commit: whose rules.
        rules: by path.
    """

    commit: ReleaseCommit
    rules: Mapping[str, PathRule]


@fact(deadline=60)
def ignored_samples(
    repository: Repository,  # noqa: ARG001
    git_tree: GitTree,
    *,
    asks: tuple[str, ...],
) -> IgnoredSamples:
    """What the released commit's own .gitignore files say of paths, and whether it has them nevertheless."""
    rules = path_rules(git_tree.commit, git_tree.files, asks, history=False)
    return IgnoredSamples(git_tree.commit, {each.path: each for each in rules})
