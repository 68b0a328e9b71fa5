"""Whether an endpoint can be reached at all; everything else that is read from it waits for this."""

from __future__ import annotations

import socket
import ssl
import time
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from pytest_readiness.core.audit import sent
from pytest_readiness.core.evidence import CouldNotVerify, Unreachable
from pytest_readiness.core.registry import fact
from pytest_readiness.domains.tls.resource import Endpoint, TlsEndpoint
from pytest_readiness.protocols.http.client import verified
from pytest_readiness.protocols.http.limits import CONNECT_SECONDS
from pytest_readiness.protocols.http.refusals import refusal
from pytest_readiness.protocols.http.trust import Trust, show_client_cert

GREETING = ("smtp", "imap", "pop3", "ftp")
"""Protocols in which the server speaks first."""


@dataclass(frozen=True, slots=True)
class Connection:
    """A TCP connection that was made once, with a TLS handshake where TLS begins at once.

    Attributes:
        address: IP address that answered.
        port: port that answered.
        seconds: time until the connection was established, with the handshake.
        tls_error: what the handshake ended with, where it was refused ("" where it succeeded or is not wanted, or
            comes after STARTTLS); certificates are not judged here.
    """

    address: str
    port: int
    seconds: float
    tls_error: str


@fact(deadline=2 * CONNECT_SECONDS)
def connection(endpoint: TlsEndpoint) -> Connection:
    """A connection to the endpoint's port, with a TLS handshake where TLS begins at once."""
    place = f"{endpoint.host}:{endpoint.port}"
    starttls = endpoint.starttls if isinstance(endpoint, Endpoint) else None
    started = time.monotonic()
    raw, address = _connected(endpoint, place)
    tls_error = ""
    if endpoint.speaks_http and endpoint.secure:
        trust = Trust(endpoint.ca, endpoint.client_cert, endpoint.client_key)
        try:
            # What can be verified is left to the first request; of the rest it is asked whether it speaks TLS at all.
            if verified(endpoint.host, address, trust, raw):
                return Connection(address, endpoint.port, time.monotonic() - started, "")
        except TimeoutError:
            raise Unreachable(_silent(place)) from None
        raw, address = _connected(endpoint, place)
    with raw:
        if starttls in GREETING:
            _greeting(raw, place)
        elif starttls is None and endpoint.secure:
            tls_error = _handshake(raw, endpoint, place)
    return Connection(address, endpoint.port, time.monotonic() - started, tls_error)


def _connected(endpoint: TlsEndpoint, place: str) -> tuple[socket.socket, str]:
    """A TCP connection, and the IP address that it was made to."""
    named = "" if endpoint.address else ", after resolving that name"
    sent(f"connect to {endpoint.address or endpoint.host}:{endpoint.port}{named}")
    try:
        raw = socket.create_connection((endpoint.address or endpoint.host, endpoint.port), timeout=CONNECT_SECONDS)
        return raw, raw.getpeername()[0]
    except socket.gaierror as error:
        reason = f"the name {endpoint.host} could not be resolved ({error.strerror})"
        raise Unreachable(reason, transient=error.errno == socket.EAI_AGAIN) from None
    except TimeoutError:
        raise Unreachable(f"{place} did not accept a connection within {CONNECT_SECONDS:g} s") from None
    except ConnectionRefusedError:
        raise Unreachable(f"{place} refused the connection") from None
    except OSError as error:
        raise Unreachable(f"no connection to {place} ({error.strerror or error})", transient=True) from None


def _greeting(raw: socket.socket, place: str) -> None:
    """Wait for the first byte of what the server says: one that hangs must not cost a whole scan's time."""
    try:
        spoke = raw.recv(1)
    except TimeoutError:
        raise Unreachable(f"{place} accepted a connection but said nothing within {CONNECT_SECONDS:g} s") from None
    except OSError as error:
        raise CouldNotVerify(f"{place} closed the connection ({error.strerror or error})", transient=True) from None
    if not spoke:
        raise CouldNotVerify(f"{place} closed the connection without sending anything", transient=True)


def _handshake(raw: socket.socket, endpoint: TlsEndpoint, place: str) -> str:
    context = _context(endpoint.client_cert, endpoint.client_key)
    try:
        context.wrap_socket(raw, server_hostname=endpoint.host).close()
    except TimeoutError:
        raise Unreachable(_silent(place)) from None
    except ssl.SSLError as error:
        return refusal(error)
    except OSError as error:
        raise CouldNotVerify(
            f"{place} closed the connection during the TLS handshake ({error.strerror or error})", transient=True
        ) from None
    return ""


def _silent(place: str) -> str:
    return f"{place} accepted a connection but did not answer the TLS handshake within {CONNECT_SECONDS:g} s"


@cache
def _context(client_cert: Path | None, client_key: Path | None) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    # Old protocols and weak keys must be reached to be reported; nothing is sent over this connection.
    context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
    context.set_ciphers("ALL:@SECLEVEL=0")
    if client_cert:
        show_client_cert(context, client_cert, client_key)
    return context
