"""What is in the code of the released commit, found in one walk; given texts in its files, and secrets."""

from __future__ import annotations

from dataclasses import replace

from pytest_readiness.core.registry import fact
from pytest_readiness.domains.source.apart import apart
from pytest_readiness.domains.source.code import WALK_SECONDS, CodeFindings
from pytest_readiness.domains.source.commit import ReleaseCommit
from pytest_readiness.domains.source.facts.tree import GitTree
from pytest_readiness.domains.source.resource import Repository
from pytest_readiness.domains.source.secrets import SCAN_SECONDS, SecretsAsked, SecretScan
from pytest_readiness.domains.source.texts import TextPlaces, find_texts

__all__ = ["CodeFindings", "SecretScan", "SecretsAsked", "TextPlaces"]


@fact(deadline=WALK_SECONDS + 40, heavy=True, extra="source")
def code_findings(repository: Repository, release_commit: ReleaseCommit) -> CodeFindings:  # noqa: ARG001
    """Debug code, marks of unfinished work and handlers in the Python, JavaScript and TypeScript of the commit."""
    return apart("code", release_commit, CodeFindings, WALK_SECONDS + 30)


@fact(deadline=120, heavy=True)
def text_places(
    repository: Repository,  # noqa: ARG001 (a fact names its resource)
    release_commit: ReleaseCommit,
    git_tree: GitTree,
    *,
    asks: tuple[str, ...],
) -> TextPlaces:
    """Where each of the given texts stands in the text files of the commit, by path and line."""
    return find_texts(release_commit, git_tree.files, asks)


@fact(deadline=SCAN_SECONDS + 160, heavy=True, extra="source")
def secret_scan(
    repository: Repository,  # noqa: ARG001 (a fact names its resource)
    release_commit: ReleaseCommit,
    *,
    ask: SecretsAsked,
) -> SecretScan:
    """What looks like a secret in the files of the commit and of the history: kind, path and line, never the text."""
    return apart("secrets", replace(ask, commit=release_commit), SecretScan, SCAN_SECONDS + 150)
