"""Addresses as they are sent and as they are shown."""

from __future__ import annotations

from urllib.parse import quote, urlsplit

from pytest_readiness.core.evidence import CouldNotVerify
from pytest_readiness.core.text import cut


def shown(address: str) -> str:
    """An address as it may be shown: without query and fragment, which may hold tokens, and of a sensible length."""
    bare, _, query = address.partition("#")[0].partition("?")
    return cut(f"{bare}?…" if query else bare)


def _ascii(host: str) -> str:
    try:
        return host.encode("idna").decode("ascii")
    except UnicodeError:
        raise CouldNotVerify(f"{cut(host)} is not a host name") from None


def target(address: str) -> str:
    """Path and query of an address as they are sent."""
    parts = urlsplit(address)
    path = quote(parts.path or "/", safe="/%:@!$&'()*+,;=~")
    query = quote(parts.query, safe="/%:@!$&'()*+,;=~?")
    return f"{path}?{query}" if query else path
