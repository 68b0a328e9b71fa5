"""Secrets in the released commit and its history."""

from __future__ import annotations

from dataclasses import replace

from pytest_readiness.core.registry import fact
from pytest_readiness.domains.source.apart import apart
from pytest_readiness.domains.source.commit import ReleaseCommit
from pytest_readiness.domains.source.resource import Repository
from pytest_readiness.domains.source.secrets import SCAN_SECONDS, SecretsAsked, SecretScan


@fact(deadline=SCAN_SECONDS + 160, heavy=True, extra="source")
def secret_scan(
    repository: Repository,  # noqa: ARG001 (a fact names its resource)
    release_commit: ReleaseCommit,
    *,
    ask: SecretsAsked,
) -> SecretScan:
    """What looks like a secret in the files of the commit and of the history: kind, path and line, never the text."""
    return apart("secrets", replace(ask, commit=release_commit), SecretScan, SCAN_SECONDS + 150)
