"""What an endpoint offers in TLS, as sslyze sees it."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from pytest_readiness.core.audit import sent
from pytest_readiness.core.registry import fact
from pytest_readiness.domains.tls.facts.connection import Connection
from pytest_readiness.domains.tls.records import COMMANDS, OVER_HTTP, ScanRequest, TlsScan
from pytest_readiness.domains.tls.resource import Endpoint, TlsEndpoint

if TYPE_CHECKING:
    from pytest_readiness.domains.tls.pool import ScanPool

# Checks take the record from here, so that the fact is known wherever they are.
__all__ = ["SCAN_SECONDS", "TlsScan", "tls_scan"]

SCAN_SECONDS = 120.0
"""For one endpoint. A scan makes 250 to 600 handshakes, 5 at a time: half a second nearby, half a minute far away."""


@fact(deadline=SCAN_SECONDS + 5, heavy=True, extra="tls")
def tls_scan(endpoint: TlsEndpoint, connection: Connection, *, asks: tuple[str, ...]) -> TlsScan:
    """What the endpoint offers: certificates, protocol versions, cipher suites, known weaknesses.

    Only the scan commands that are asked for are run (names in `COMMANDS`); all of them where `asks` is empty, without
    those that speak HTTP where the endpoint is not a url. Scans run in processes of their own, several at a time, which
    end with this one.

    Raises:
        CouldNotVerify: the endpoint could not be scanned.
    """
    files = (endpoint.ca, endpoint.client_cert, endpoint.client_key or endpoint.client_cert)
    ca, client_cert, client_key = (str(file) if file else None for file in files)
    request = ScanRequest(
        host=endpoint.host,
        port=endpoint.port,
        address=connection.address,
        ca=ca,
        commands=asks or tuple(each for each in COMMANDS if endpoint.speaks_http or each not in OVER_HTTP),
        starttls=endpoint.starttls if isinstance(endpoint, Endpoint) else None,
        client_cert=client_cert,
        client_key=client_key,
    )
    sent(f"TLS scan of {request.where} at {request.address} for {', '.join(request.commands)}")
    return _pool().scan(request, SCAN_SECONDS)


@cache
def _pool() -> ScanPool:
    from pytest_readiness.domains.tls.pool import ScanPool

    return ScanPool()
