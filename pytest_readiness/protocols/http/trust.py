"""Whom a TLS connection trusts, and which certificate it shows."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_readiness.core.evidence import CouldNotVerify

if TYPE_CHECKING:
    import ssl

_LOCK = threading.Lock()


@dataclass(frozen=True, slots=True)
class Trust:
    """Whom a TLS connection trusts, and which certificate it shows.

    Attributes:
        ca: file with the private authority to trust instead of the system's store.
        client_cert: file of the certificate to show where the server asks for one.
        client_key: file of its key; None where the certificate's file holds it.
    """

    ca: Path | None = None
    client_cert: Path | None = None
    client_key: Path | None = None

    def context(self, *offered: str) -> ssl.SSLContext:
        """The context that verifies so; one for all that trust the same and offer the same.

        Args:
            offered: protocols to be spoken inside TLS, by their names in ALPN (RFC 7301).

        Raises:
            CouldNotVerify: a file cannot be used.
        """
        # Reading the system's authorities takes some 40 ms of processor time: once, and not in many threads at once.
        with _LOCK:
            return _context(self, offered)


SYSTEM_STORE = Trust()
"""The system's authorities, and no client certificate."""


@cache
def _context(trust: Trust, offered: tuple[str, ...]) -> ssl.SSLContext:
    import ssl

    try:
        cafile, capath = _authorities(trust)
        context = ssl.create_default_context(cafile=cafile, capath=capath)
    except OSError as error:
        reason = "it holds no certificate in PEM" if isinstance(error, ssl.SSLError) else error.strerror
        raise CouldNotVerify(f"the authority's file {trust.ca} could not be read ({reason})") from None
    # Browsers look for the name nowhere but in the subjectAltName (RFC 9110 4.3.4).
    context.hostname_checks_common_name = False
    if trust.client_cert is not None:
        show_client_cert(context, trust.client_cert, trust.client_key)
    if offered:
        context.set_alpn_protocols(offered)
    return context


def _authorities(trust: Trust) -> tuple[str | None, str | None]:
    """File and folder: the declared authority, or where OpenSSL was built to look, whatever SSL_CERT_FILE says."""
    import ssl

    if trust.ca:
        return str(trust.ca), None
    built = ssl.get_default_verify_paths()
    file, folder = (path if Path(path).exists() else None for path in (built.openssl_cafile, built.openssl_capath))
    return file, folder


def show_client_cert(context: ssl.SSLContext, client_cert: Path, client_key: Path | None) -> None:
    """Let a context show a client certificate where a server asks for one.

    Raises:
        CouldNotVerify: the files cannot be used.
    """
    import ssl

    try:
        # Without a password of its own, OpenSSL would ask for that of an encrypted key on the terminal.
        context.load_cert_chain(client_cert, client_key, password="")
    except OSError as error:
        why = "it is not a certificate with its key in PEM, or the key is encrypted"
        reason = why if isinstance(error, ssl.SSLError) else error.strerror
        raise CouldNotVerify(f"the client certificate {client_cert} could not be used ({reason})") from None
