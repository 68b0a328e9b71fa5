"""Secrets that are known by their form wherever they stand: providers' keys, and tokens that say whose they are."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator

from pytest_readiness.core.redact import KEYS
from pytest_readiness.core.text import cut

_TOKEN = re.compile(r"(?<![\w.-])eyJ[\w-]{8,2000}\.(?P<claims>eyJ[\w-]{8,8000})\.[\w-]{16,1500}")
_PUBLIC_ROLES = ("anon", "anonymous", "public", "guest")
_SAMPLE = "1234567890"
"""Whom the token of jwt.io is about, which examples hold."""


def secrets_in(text: str) -> Iterator[str]:
    """Yield what is in a text that nobody but its owner may see ("a GitHub token"); never the secrets themselves."""
    for name, (hint, shape) in KEYS.items():
        if hint in text and shape.search(text):
            yield name
    for found in _TOKEN.finditer(text):
        if whose := _token_of(found["claims"]):
            yield whose


def _token_of(claims: str) -> str:
    """Whose JSON Web Token it is by its claims, "" for one that is for everybody who sees the page."""
    try:
        told = json.loads(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))
    except (ValueError, RecursionError):
        return ""
    if not isinstance(told, dict) or told.get("sub") == _SAMPLE:
        return ""
    roles = [role for name in ("role", "roles") for role in _texts(told.get(name))]
    if private := [role for role in roles if role.lower() not in _PUBLIC_ROLES]:
        return f"a token of the role {cut(private[0], 30)}"
    named = any(told.get(name) for name in ("sub", "email", "preferred_username", "user_id", "scope", "scopes", "scp"))
    return "a token of a user" if named and not roles else ""


def _texts(value: object) -> list[str]:
    return [each for each in (value if isinstance(value, list) else [value]) if isinstance(each, str)]
