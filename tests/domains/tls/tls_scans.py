"""Scans of a real nginx, and what the checks say of them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pytest_readiness.core.domains import load_catalogue
from pytest_readiness.core.evidence import ClaimFalse, CouldNotVerify, Evidence
from pytest_readiness.core.registry import CHECKS
from pytest_readiness.domains.http.resource import Url
from pytest_readiness.domains.tls.records import TlsScan
from tests.judging import read
from tests.stack.certs import Authority
from tests.stack.fixtures import NginxFactory

TLS = (
    "tls.trusted",
    "tls.chain",
    "tls.expiry",
    "tls.lifetime",
    "tls.versions",
    "tls.tls13",
    "tls.ciphers",
    "tls.mozilla",
    "tls.key",
    "tls.vulnerabilities",
    "tls.resumption",
    "tls.ocsp",
)
STRONG = (
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:"
    "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384"
)
GROUPS = "X25519:prime256v1:secp384r1"


@pytest.fixture(scope="session")
def good(authority: Authority, nginx_factory: NginxFactory) -> Iterator[TlsScan]:
    """The scan of a server with nothing wrong."""
    with nginx_factory(https=authority.issue(), ciphers=STRONG, curves=GROUPS) as server:
        yield scanned(server.url, authority.ca_file)


def scanned(url: str, ca: Path) -> TlsScan:
    # Facts are known where the modules of checks were imported.
    load_catalogue()
    scan: TlsScan = read("tls_scan", Url(name="shop", url=url, ca=ca))
    return scan


def outcome(id: str, scan: TlsScan, **parameters: Any) -> Evidence | ClaimFalse | CouldNotVerify:
    load_catalogue()
    try:
        return CHECKS[id].judge(scan, **parameters)
    except (ClaimFalse, CouldNotVerify) as error:
        return error


def broken(scan: TlsScan) -> dict[str, str]:
    """What each check that fails has seen."""
    outcomes = {id: outcome(id, scan) for id in TLS}
    assert not [each for each in outcomes.values() if isinstance(each, CouldNotVerify)]
    return {id: each.seen for id, each in outcomes.items() if isinstance(each, ClaimFalse)}
