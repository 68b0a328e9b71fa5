"""Keeps secrets out of every text that leaves the program."""

from __future__ import annotations

import base64
import html
import json
import re
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote, quote_plus

MASK = "•••"
REMEMBERED = 1000
"""Texts whose redaction is kept: thousands of items often share their words."""
SHORTEST = 4
"""Shorter secrets are not searched for: masking every "a" would hide the report, not the secret."""

# User and password before a host, bearer tokens, and key shapes that providers document.
_SHAPES = re.compile(
    r"(?P<scheme>[a-z][a-z0-9+.-]*://[^\s/:@]*:)[^\s/@]+(?=@)"
    r"|(?P<auth>\b(?:Bearer|Basic)\s+)[A-Za-z0-9._~+/=-]{8,}"
    r"|\b(?:sk|rk)_(?:live|test)_[A-Za-z0-9]{8,}|\bwhsec_[A-Za-z0-9]{8,}|\bSG\.[\w-]{16,}\.[\w-]{16,}"
    r"|\bAKIA[A-Z0-9]{16}\b|\bgh[pousr]_[A-Za-z0-9]{20,}|\bxox[abprs]-[A-Za-z0-9-]{10,}"
)


class Redactor:
    """Replaces known secrets, in any usual encoding, and texts of the shape of a secret."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._forms: set[str] = set()
        self._pattern: re.Pattern[str] | None = None
        self._known: dict[str, str] = {}
        self.add(*secrets)

    def add(self, *secrets: str) -> None:
        """Make every later call hide these texts too."""
        for secret in secrets:
            # A traceback prints the lines of a key each behind a margin of its own.
            for text in (secret, *secret.splitlines()):
                if len(text) >= SHORTEST:
                    self._forms.update(_encoded(text))
        forms = sorted(self._forms, key=len, reverse=True)
        self._pattern = re.compile("|".join(map(re.escape, forms))) if forms else None
        self._known.clear()

    def __call__(self, text: str) -> str:
        """Return `text` with every secret replaced by a mask."""
        known = self._known.get(text)
        if known is None:
            if len(self._known) > REMEMBERED:
                self._known.clear()
            known = self._known[text] = self._masked(text)
        return known

    def _masked(self, text: str) -> str:
        if self._pattern is not None:
            text = self._pattern.sub(MASK, text)
        return _SHAPES.sub(lambda match: f"{match['scheme'] or match['auth'] or ''}{MASK}", text)

    def deep(self, value: Any) -> Any:
        """Return plain data with every text in it redacted."""
        if isinstance(value, str):
            return self(value)
        if isinstance(value, Mapping):
            return {self(str(key)): self.deep(child) for key, child in value.items()}
        if isinstance(value, list | tuple):
            return [self.deep(child) for child in value]
        return value


def _encoded(secret: str) -> set[str]:
    data = secret.encode()
    forms = {
        secret,
        quote(secret, safe=""),
        quote(secret),
        quote_plus(secret),
        json.dumps(secret)[1:-1],
        json.dumps(secret, ensure_ascii=False)[1:-1],
        repr(secret)[1:-1],
        printable(secret),
        data.hex(),
    }
    # The standard library and Jinja write quotes differently.
    forms |= {html.escape(form) for form in (secret, printable(secret))}
    forms |= {form.replace("&quot;", "&#34;").replace("&#x27;", "&#39;") for form in forms}
    # The base64 of a secret inside a longer text depends on where it starts: the core is the same for each start.
    for start in range(3):
        core = base64.b64encode(b"\0" * start + data).decode()
        first = (0, 2, 3)[start]
        last = len(core.rstrip("=")) - (1 if (start + len(data)) % 3 else 0)
        if last - first >= SHORTEST + 2:
            forms |= {core[first:last], core[first:last].replace("+", "-").replace("/", "_")}
    return {form for form in forms if len(form) >= SHORTEST}


def printable(text: object) -> str:
    """Return a text without terminal control: every control or format character as an escape, in one line."""
    text = str(text)  # a check of somebody's own may well give figures as evidence
    if text.isprintable():
        return text
    return "".join(
        character if character.isprintable() else " " if character in "\r\n\t" else repr(character)[1:-1]
        for character in text
    )
