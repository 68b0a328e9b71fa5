"""Headers that let a request in."""

from __future__ import annotations

import re
from base64 import b64encode

UNSENDABLE = "would hold a line break, a blank at an end, or what is not Latin-1"
"""Why a header cannot be sent, after its name."""


def is_sendable(value: str) -> bool:
    """Whether a header can hold a text as it is (RFC 9110 5.5)."""
    return value == value.strip() and re.fullmatch(r"[\t -~\x80-\xff]*", value) is not None


def bearer(token: str) -> tuple[str, str]:
    """The header that shows a token (RFC 6750)."""
    return "Authorization", f"Bearer {token}"


def basic(user: str, password: str) -> tuple[str, str]:
    """The header that shows a user and a password (RFC 7617)."""
    return "Authorization", f"Basic {b64encode(f'{user}:{password}'.encode()).decode()}"
