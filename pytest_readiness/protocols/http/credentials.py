"""Headers that let a request in."""

from __future__ import annotations

from base64 import b64encode


def bearer(token: str) -> tuple[str, str]:
    """The header that shows a token (RFC 6750)."""
    return "Authorization", f"Bearer {token}"


def basic(user: str, password: str) -> tuple[str, str]:
    """The header that shows a user and a password (RFC 7617)."""
    return "Authorization", f"Basic {b64encode(f'{user}:{password}'.encode()).decode()}"
