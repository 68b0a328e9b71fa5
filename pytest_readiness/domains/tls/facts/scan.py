"""What an endpoint offers in TLS, as sslyze sees it."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING

from pytest_readiness.core.audit import sent
from pytest_readiness.core.evidence import CouldNotVerify
from pytest_readiness.core.registry import fact
from pytest_readiness.domains.tls.facts.connection import Connection
from pytest_readiness.domains.tls.records import AT, COMMANDS, NO_TLS, OVER_HTTP, ScanRequest, TlsScan
from pytest_readiness.domains.tls.resource import Endpoint, TlsEndpoint

if TYPE_CHECKING:
    from pytest_readiness.domains.tls.pool import ScanPool

# Checks take the record from here, so that the fact is known wherever they are.
__all__ = ["SCAN_SECONDS", "TlsScan", "tls_scan"]

SCAN_SECONDS = 120.0
"""For one endpoint. A scan makes 250 to 600 handshakes, 5 at a time: half a second nearby, half a minute far away."""


@fact(deadline=2 * SCAN_SECONDS + 5, heavy=True, extra="tls")
def tls_scan(endpoint: TlsEndpoint, connection: Connection, *, asks: tuple[str, ...]) -> TlsScan:
    """What the endpoint offers: certificates, protocol versions, cipher suites, known weaknesses.

    Where the name has several addresses, one is scanned, and the certificates of the others are looked at.

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
    try:
        scan = _pool().scan(request, SCAN_SECONDS)
    except CouldNotVerify as error:
        # The handshake before the scan knows better why there can be none, such as that the port speaks plain http.
        if connection.tls_error and error.reason.startswith(NO_TLS):
            raise CouldNotVerify(f"{NO_TLS} {request.where} ({connection.tls_error})") from None
        raise
    others = connection.elsewhere or ()
    unreached = {f"{AT}{each.address}": each.fault for each in others if not each.reached}
    scan = replace(scan, failed={**scan.failed, **unreached})
    if "certificate_info" not in request.commands:
        return scan
    for other in others:
        if other.reached:
            scan = _with_certificates_at(scan, replace(request, address=other.address, commands=("certificate_info",)))
    return scan


def _with_certificates_at(scan: TlsScan, request: ScanRequest) -> TlsScan:
    """The scan with what another address of the name shows too, where that differs."""
    sent(f"TLS scan of {request.where} at {request.address} for {', '.join(request.commands)}")
    command = "certificate_info"
    try:
        there = _pool().scan(request, SCAN_SECONDS)
        fault = there.failed.get(command, "")
    except CouldNotVerify as error:
        fault = error.reason
    if fault:
        completed = tuple(each for each in scan.completed if each != command)
        return replace(scan, completed=completed, failed={**scan.failed, command: f"at {request.address}, {fault}"})
    known = [replace(each, staple=None, address=None) for each in scan.deployments]
    new = [each for each in there.deployments if replace(each, staple=None) not in known]
    return replace(scan, deployments=(*scan.deployments, *(replace(each, address=request.address) for each in new)))


@cache
def _pool() -> ScanPool:
    from pytest_readiness.domains.tls.pool import ScanPool

    return ScanPool()
