"""Whom a TLS connection trusts, and which certificate it shows."""

from __future__ import annotations

import threading
from functools import cache
from typing import TYPE_CHECKING

from pytest_readiness.core.evidence import CouldNotVerify
from pytest_readiness.domains.http.resource import Url

if TYPE_CHECKING:
    import ssl
    from pathlib import Path


_CONTEXT_LOCK = threading.Lock()


def trust(ca: Path | None) -> ssl.SSLContext:
    """Verification by a private authority, or by the system's store where `ca` is None.

    Raises:
        CouldNotVerify: the authority's file cannot be used.
    """
    return _context(ca, None, None)


def tls_context(url: Url) -> ssl.SSLContext:
    """How TLS of an endpoint is verified, and the client certificate to show.

    Raises:
        CouldNotVerify: a declared file cannot be used.
    """
    return _context(url.ca, url.client_cert, url.client_key)


def _context(*trust: Path | None) -> ssl.SSLContext:
    # Reading the system's authorities takes some 40 ms of processor time: once, and not in many threads at once.
    with _CONTEXT_LOCK:
        return _new_context(*trust)


@cache
def _new_context(ca: Path | None, client_cert: Path | None, client_key: Path | None) -> ssl.SSLContext:
    import ssl

    try:
        context = ssl.create_default_context(cafile=str(ca) if ca else None)
    except OSError as error:
        reason = "it holds no certificate in PEM" if isinstance(error, ssl.SSLError) else error.strerror
        raise CouldNotVerify(f"the authority's file {ca} could not be read ({reason})") from None
    if client_cert is not None:
        show_client_cert(context, client_cert, client_key)
    return context


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
        why = "it is no certificate with its key in PEM, or the key is encrypted"
        reason = why if isinstance(error, ssl.SSLError) else error.strerror
        raise CouldNotVerify(f"the client certificate {client_cert} could not be used ({reason})") from None
