"""Addresses: what they consist of, how they are sent and how they are shown."""

from __future__ import annotations

import re
from urllib.parse import quote, urljoin, urlsplit

from pytest_readiness.core.evidence import CouldNotVerify
from pytest_readiness.core.text import cut


def shown(address: str) -> str:
    """An address as it may be shown: without query and fragment, which may hold tokens, and of a sensible length."""
    bare, _, query = address.partition("#")[0].partition("?")
    return cut(f"{bare}?…" if query else bare)


def joined(base: str, written: str) -> str:
    """An address as browsers understand it where a page or a header writes it; "" where they cannot.

    Args:
        base: what it is relative to.
        written: the address; blanks around it and line breaks in it are left out, and a backslash is a slash.
    """
    written = re.sub(r"[\t\r\n]", "", written).strip()
    path = written.partition("#")[0].partition("?")[0]
    rest = written[len(path) :]
    # Two slashes begin a host. To a scheme of another kind, such as mailto:, a backslash is a sign like others.
    if not re.match(r"(?i)(?!https?:|wss?:)[a-z][a-z0-9+.-]*:", path):
        path = path.replace("\\", "/")
    try:
        target = urljoin(base, path + rest)
        _ = urlsplit(target).port
    except ValueError:
        return ""
    return target


def ascii_host(host: str) -> str:
    """A host's name as it is written in DNS, SNI and Host.

    Raises:
        CouldNotVerify: it is not a host name.
    """
    try:
        return host.encode("idna").decode("ascii")
    except UnicodeError:
        raise CouldNotVerify(f"{cut(host)} is not a host name") from None


_LOGIN = re.compile(
    r"(?i)(?<![a-z])(log[-_]?[io]n|sign[-_]?in|auth(orize|n|enticate)?|oauth2?|sso|saml2?|oidc|cas)(?![a-z])"
)


def is_login(address: str) -> bool:
    """Whether an address reads like that of a login."""
    parts = urlsplit(address)
    return bool(_LOGIN.search(parts.path) or _LOGIN.search(parts.hostname or ""))


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
