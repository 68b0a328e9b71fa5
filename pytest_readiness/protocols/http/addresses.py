"""Addresses: what they consist of, how they are sent and how they are shown."""

from __future__ import annotations

from urllib.parse import quote, urlsplit

from pytest_readiness.core.evidence import CouldNotVerify
from pytest_readiness.core.text import cut


def shown(address: str) -> str:
    """An address as it may be shown: without query and fragment, which may hold tokens, and of a sensible length."""
    bare, _, query = address.partition("#")[0].partition("?")
    return cut(f"{bare}?…" if query else bare)


def ascii_host(host: str) -> str:
    """A host's name as it is written in DNS, SNI and Host.

    Raises:
        CouldNotVerify: it is not a host name.
    """
    try:
        return host.encode("idna").decode("ascii")
    except UnicodeError:
        raise CouldNotVerify(f"{cut(host)} is not a host name") from None


def origin(address: str) -> tuple[str, str | None, int]:
    """Scheme, host and port of an address.

    Raises:
        ValueError: it cannot be read.
    """
    parts = urlsplit(address)
    return parts.scheme, parts.hostname, parts.port or (443 if parts.scheme == "https" else 80)


def request_target(address: str) -> str:
    """Path and query of an address as they are sent (RFC 9112 3.2.1)."""
    parts = urlsplit(address)
    path = quote(parts.path or "/", safe="/%:@!$&'()*+,;=~")
    query = quote(parts.query, safe="/%:@!$&'()*+,;=~?")
    return f"{path}?{query}" if query else path
