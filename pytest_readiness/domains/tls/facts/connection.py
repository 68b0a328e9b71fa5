"""Whether an endpoint can be reached at all; everything else that is read from it waits for this."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from ipaddress import ip_address
from pathlib import Path

from pytest_readiness.core.audit import reading_of, sent
from pytest_readiness.core.evidence import CouldNotVerify, Unreachable
from pytest_readiness.core.registry import fact
from pytest_readiness.domains.tls.resource import Endpoint, TlsEndpoint
from pytest_readiness.protocols.http.addresses import ascii_host
from pytest_readiness.protocols.http.client import PROTOCOL, verified
from pytest_readiness.protocols.http.limits import CONNECT_SECONDS
from pytest_readiness.protocols.http.refusals import refusal
from pytest_readiness.protocols.http.trust import Trust, show_client_cert

GREETING = ("smtp", "imap", "pop3", "ftp")
"""Protocols in which the server speaks first."""


MOST_ADDRESSES = 8
"""Of one name, that are looked at."""


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """What answers at another address of the name.

    Attributes:
        address: the IP address.
        reached: whether it accepted a connection.
        fault: why not, or why TLS could not be verified there, as a clause; "" where all is well, or TLS is not looked
            at here, as it is only where HTTP is spoken inside it.
    """

    address: str
    reached: bool
    fault: str


@dataclass(frozen=True, slots=True)
class Connection:
    """A TCP connection that was made once, with a TLS handshake where TLS begins at once.

    Attributes:
        address: IP address that answered.
        port: port that answered.
        seconds: time until the connection was established, with the handshake.
        tls_error: what the handshake ended with, where it was refused ("" where it succeeded or is not wanted, or
            comes after STARTTLS); certificates are not judged here.
        elsewhere: the other addresses of the name; None where that was not looked at.
    """

    address: str
    port: int
    seconds: float
    tls_error: str
    elsewhere: tuple[Elsewhere, ...] | None = None

    @property
    def note(self) -> str:
        """What the evidence of whatever is read over the connection has to say of it."""
        if not self.elsewhere:
            return ""
        unseen = [f"{each.address} ({each.fault})" for each in self.elsewhere if not each.reached]
        others = f"; not reached: {', '.join(unseen)}" if unseen else ""
        return f"at {self.address}, one of {len(self.elsewhere) + 1} addresses{others}"


@fact(deadline=5 * CONNECT_SECONDS)
def connection(endpoint: TlsEndpoint) -> Connection:
    """A connection to the endpoint's port, with a TLS handshake where TLS begins at once.

    One answers for all that is asked afterwards. Where the name has more addresses, they are connected to as well, and
    where HTTP is spoken inside TLS, that is verified at each of them.
    """
    made = _connection(endpoint)
    others = [] if endpoint.address else [each for each in _addresses(endpoint) if each != made.address]
    return replace(made, elsewhere=_elsewhere(endpoint, others[: MOST_ADDRESSES - 1]))


def _connection(endpoint: TlsEndpoint) -> Connection:
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


def _addresses(endpoint: TlsEndpoint) -> list[str]:
    try:
        found = socket.getaddrinfo(endpoint.host, endpoint.port, type=socket.SOCK_STREAM)
    except OSError:
        return []
    return list(dict.fromkeys(str(each[4][0]) for each in found))


def _elsewhere(endpoint: TlsEndpoint, addresses: Sequence[str]) -> tuple[Elsewhere, ...]:
    found: dict[str, Elsewhere] = {}

    def look(address: str) -> None:
        with reading_of("connection", endpoint.key):
            found[address] = _look(endpoint, address)

    threads = [threading.Thread(target=look, args=(each,), name="address", daemon=True) for each in addresses]
    until = time.monotonic() + 2 * CONNECT_SECONDS
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(max(0.0, until - time.monotonic()))
    late = f"it did not answer within {2 * CONNECT_SECONDS:g} s"
    seen = [found.get(each) or Elsewhere(each, False, late) for each in addresses]
    # On its own machine, a server that is not for others listens to one of the two families as a rule.
    return tuple(each for each in seen if each.reached or not ip_address(each.address.partition("%")[0]).is_loopback)


def _look(endpoint: TlsEndpoint, address: str) -> Elsewhere:
    sent(f"connect to {address}:{endpoint.port}")
    try:
        raw = socket.create_connection((address, endpoint.port), timeout=CONNECT_SECONDS)
    except TimeoutError:
        return Elsewhere(address, False, f"it did not accept a connection within {CONNECT_SECONDS:g} s")
    except OSError as error:
        return Elsewhere(address, False, (error.strerror or str(error)).lower())
    with raw:
        if not (endpoint.speaks_http and endpoint.secure):
            return Elsewhere(address, True, "")
        trust = Trust(endpoint.ca, endpoint.client_cert, endpoint.client_key)
        try:
            # As for the first request: what speaks TLS, but cannot be verified, is refused.
            trust.context(PROTOCOL).wrap_socket(raw, server_hostname=ascii_host(endpoint.host).rstrip(".")).close()
        except ssl.SSLError as error:
            return Elsewhere(address, True, refusal(error))
        except TimeoutError:
            return Elsewhere(address, True, "the TLS handshake was not answered in time")
        except OSError as error:
            return Elsewhere(
                address, True, f"the connection ended during the TLS handshake ({error.strerror or error})"
            )
    return Elsewhere(address, True, "")


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
