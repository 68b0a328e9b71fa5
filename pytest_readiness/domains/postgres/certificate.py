"""A PostgreSQL server's certificate, by the same rules as everywhere else.

libpq has OpenSSL look at the path only, and compares names by itself: where there is no name in the subjectAltName, it
takes the common name, and what OpenSSL refuses it tells as "certificate verify failed".
"""

from __future__ import annotations

import socket
import ssl
from pathlib import Path

from pytest_readiness.core.audit import sent
from pytest_readiness.core.evidence import CouldNotVerify
from pytest_readiness.protocols.http.refusals import refusal
from pytest_readiness.protocols.http.trust import Trust

SSL_REQUEST = b"\0\0\0\x08\x04\xd2\x16\x2f"
"""Asks for TLS before anything else is said; the answer is S or N."""
CERTIFICATE_SECONDS = 5.0


def certificate_fault(host: str, address: str, port: int, root: str) -> str:
    """Why a server's certificate is not trusted, as a clause; "" where it is, or shows none.

    Args:
        host: name that the certificate must be for.
        address: IP address that is connected to.
        port: its port.
        root: file of the authorities to trust; "system" or "" for this machine's.

    Raises:
        CouldNotVerify: there was no connection, or the authorities cannot be read.
    """
    place = f"{host}:{port}"
    trust = Trust() if root in ("", "system") else Trust(Path(root))
    context = trust.context()
    sent(f"connect to {place} at {address} for its certificate")
    try:
        with socket.create_connection((address, port), CERTIFICATE_SECONDS) as raw:
            raw.sendall(SSL_REQUEST)
            if raw.recv(1) != b"S":
                return ""
            context.wrap_socket(raw, server_hostname=host).close()
    except ssl.SSLCertVerificationError as error:
        return refusal(error)
    except ssl.SSLError as error:
        # A server that wants a client certificate says so when the handshake is over for the client.
        raise CouldNotVerify(f"no TLS with {place} for its certificate ({refusal(error)})") from None
    except TimeoutError:
        raise CouldNotVerify(f"{place} did not show its certificate within {CERTIFICATE_SECONDS:g} s") from None
    except OSError as error:
        reason = f"no connection to {place} for its certificate ({error.strerror or error})"
        raise CouldNotVerify(reason, transient=True) from None
    return ""
