"""Whether a web endpoint can be reached at all; everything else that is read from it waits for this."""

from __future__ import annotations

import socket
import ssl
import time
from dataclasses import dataclass

from pytest_readiness.evidence import CouldNotVerify, Unreachable
from pytest_readiness.registry import fact
from pytest_readiness.target.resources import Url

CONNECT_SECONDS = 5.0
"""For the TCP connection and again for the TLS handshake."""


@dataclass(frozen=True, slots=True)
class Connection:
    """A TCP connection, and over https a TLS handshake, that was made once.

    Attributes:
        address: IP address that answered.
        port: port that answered.
        seconds: time until the connection stood, with the handshake.
        tls_error: what the handshake ended with, where it was refused ("" where it succeeded or is not wanted);
            certificates are not judged here.
    """

    address: str
    port: int
    seconds: float
    tls_error: str


@fact(deadline=2 * CONNECT_SECONDS)
def connection(url: Url) -> Connection:
    """A connection to the endpoint's port, with a TLS handshake over https."""
    place = f"{url.host}:{url.port}"
    started = time.monotonic()
    try:
        raw = socket.create_connection((url.address or url.host, url.port), timeout=CONNECT_SECONDS)
    except socket.gaierror as error:
        reason = f"the name {url.host} could not be resolved ({error.strerror})"
        raise Unreachable(reason, transient=error.errno == socket.EAI_AGAIN) from None
    except TimeoutError:
        raise Unreachable(f"{place} did not accept a connection within {CONNECT_SECONDS:g} s") from None
    except ConnectionRefusedError:
        raise Unreachable(f"{place} refused the connection") from None
    except OSError as error:
        raise Unreachable(f"no connection to {place} ({error.strerror or error})", transient=True) from None
    with raw:
        address = raw.getpeername()[0]
        tls_error = _handshake(raw, url, place) if url.secure else ""
    return Connection(address, url.port, time.monotonic() - started, tls_error)


def _handshake(raw: socket.socket, url: Url, place: str) -> str:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    # Old protocols and weak keys must be reached to be reported; nothing is sent over this connection.
    context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
    context.set_ciphers("ALL:@SECLEVEL=0")
    try:
        context.wrap_socket(raw, server_hostname=url.host).close()
    except TimeoutError:
        raise Unreachable(
            f"{place} accepted a connection but did not answer the TLS handshake within {CONNECT_SECONDS:g} s"
        ) from None
    except ssl.SSLError as error:
        return error.reason or str(error)
    except OSError as error:
        raise CouldNotVerify(
            f"{place} broke the connection off during the TLS handshake ({error.strerror or error})", transient=True
        ) from None
    return ""
