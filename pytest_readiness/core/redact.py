"""Keeps secrets out of every text that leaves the program."""

from __future__ import annotations

import base64
import html
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import takewhile
from typing import Any
from urllib.parse import quote, quote_plus

MASK = "•••"
REMEMBERED = 1000
"""Texts whose redaction is cached: thousands of items often share their words."""
SHORTEST = 4
"""Shorter secrets are not searched for: masking every "a" would hide the report, not the secret."""
PIECE = 8
"""Characters of the beginning or end of a secret that are masked where a text was cut within it."""
_CUT = ("…", "...")
_AFTER_CUT = re.compile(r"\Z|…|\.\.\.|[\n\x1b)\]>;'\"`]|&(?:quot|#34|#x27|#39|gt);")
"""What follows a text that was cut, with a mark or without one; what precedes the rest of it is in `_CUT`."""

KEY_SHAPES: Mapping[str, str] = {
    "a Stripe secret key": r"(?:sk|rk)_(?:live|test)_[A-Za-z0-9]{8,}",
    "a webhook secret": r"whsec_[A-Za-z0-9]{8,}",
    "a SendGrid key": r"SG\.[\w-]{16,}\.[\w-]{16,}",
    "an AWS access key": r"(?:AKIA|ASIA)[A-Z0-9]{16}\b",
    "a GitHub token": r"(?:gh[pousr]|github_pat)_[A-Za-z0-9_]{20,}",
    "a GitLab token": r"glpat-[\w-]{20,}",
    "a Slack token": r"xox[abprs]-[A-Za-z0-9-]{10,}",
    "a key of a language model": r"sk-(?:ant|proj)-[\w-]{20,}",
}
"""What secret keys look like, where providers document that; each begins at the beginning of a word."""

# User and password before a host; bearer tokens, and keys. Each is only looked for where it can begin: most texts hold
# none, and every text is searched.
_PASSWORD = re.compile(r"(?<![a-z])([a-z][a-z0-9+.-]*://[^\s/:@]*:)[^\s/@]+(?=@)")
_KEY = re.compile(r"\b(?:((?:Bearer|Basic)\s+)[A-Za-z0-9._~+/=-]{8,}|" + "|".join(KEY_SHAPES.values()) + ")")


class Redactor:
    """Replaces known secrets, in any usual encoding, and texts shaped like a secret."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._forms: set[str] = set()
        self._whole: set[str] = set()
        self._pattern: re.Pattern[str] | None = None
        self._pieces: tuple[_Pieces, ...] = ()
        self._known: dict[str, str] = {}
        self.add(*secrets)

    def add(self, *secrets: str) -> None:
        """Make every later call hide these texts too."""
        for secret in secrets:
            # A traceback prints the lines of a key each behind a margin of its own.
            for text in (secret, *secret.splitlines()):
                if len(text) >= SHORTEST:
                    made = _encoded(text)
                    self._forms |= made
                    # An address begins with what is not a secret; the password in it is one of its own.
                    self._whole |= made if "://" in text else set()
        forms = sorted(self._forms, key=len, reverse=True)
        self._pattern = re.compile("|".join(map(re.escape, forms))) if forms else None
        cut = [form for form in forms if len(form) > PIECE and form not in self._whole]
        self._pieces = (_Pieces(cut), _Pieces(cut, ends=True)) if cut else ()
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
        for pieces in self._pieces:
            text = pieces.masked(text)
        if "://" in text:
            text = _PASSWORD.sub(_masked_end, text)
        return _KEY.sub(_masked_end, text)

    def deep(self, value: Any) -> Any:
        """Return plain data with every text in it redacted."""
        if isinstance(value, str):
            return self(value)
        if isinstance(value, Mapping):
            return {self(str(key)): self.deep(child) for key, child in value.items()}
        if isinstance(value, list | tuple):
            return [self.deep(child) for child in value]
        return value


def _masked_end(match: re.Match[str]) -> str:
    return f"{match[1] or ''}{MASK}"


class _Pieces:
    """Masks what a cut left of a secret: its beginning before the cut, or its end behind it."""

    def __init__(self, forms: Iterable[str], *, ends: bool = False) -> None:
        self._ends = ends
        self._forms: dict[str, list[str]] = {}
        for form in forms:
            self._forms.setdefault(form[-PIECE:] if ends else form[:PIECE], []).append(form)
        self._pattern = re.compile("|".join(map(re.escape, self._forms)))

    def masked(self, text: str) -> str:
        parts, done = [], 0
        for start, end in self._found(text):
            if start >= done:
                parts += [text[done:start], MASK]
                done = end
        return "".join([*parts, text[done:]]) if done else text

    def _found(self, text: str) -> Iterator[tuple[int, int]]:
        for match in self._pattern.finditer(text):
            forms = self._forms[match[0]]
            if self._ends:
                before = text[max(0, match.end() - max(map(len, forms))) : match.end()][::-1]
                start = match.end() - max(_common(form[::-1], before) for form in forms)
                if text.endswith(_CUT, 0, start):
                    yield start, match.end()
            else:
                after = text[match.start() : match.start() + max(map(len, forms))]
                longest = match.start() + max(_common(form, after) for form in forms)
                # What stands after the cut may happen to begin as the secret goes on.
                for end in range(longest, max(match.end(), longest - 6) - 1, -1):
                    if _AFTER_CUT.match(text, end):
                        yield match.start(), end
                        break


def _common(one: str, other: str) -> int:
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))


def _encoded(secret: str) -> set[str]:
    data = secret.encode("utf-8", "surrogatepass")
    percent = {quote(data, safe=""), quote(data), quote_plus(data)}
    forms = {
        secret,
        *percent,
        *(re.sub("%..", lambda match: match[0].lower(), form) for form in percent),
        json.dumps(secret)[1:-1],
        json.dumps(secret, ensure_ascii=False)[1:-1],
        # JSON within JSON.
        json.dumps(json.dumps(secret))[3:-3],
        repr(data)[2:-1],
        secret.encode("ascii", "backslashreplace").decode(),
        # Texts from elsewhere are often made one line.
        " ".join(secret.split()),
        printable(secret),
        data.hex(),
        data.hex().upper(),
    }
    for written in (repr, ascii):
        # Which quotes are escaped depends on those in the rest of the text.
        escaped = written(f"{secret}'\"")[1:-4]
        forms |= {written(secret)[1:-1], escaped, escaped.replace("\\'", "'")}
    # The standard library and Jinja write quotes differently.
    forms |= {html.escape(form) for form in (secret, printable(secret))}
    forms |= {form.replace("&quot;", "&#34;").replace("&#x27;", "&#39;") for form in forms}
    for coded in {
        data,
        json.dumps(secret)[1:-1].encode(),
        json.dumps(secret, ensure_ascii=False)[1:-1].encode("utf-8", "surrogatepass"),
    }:
        forms |= set(_in_base64(coded))
    return {form for form in forms if len(form) >= SHORTEST}


def _in_base64(data: bytes) -> Iterator[str]:
    # The base64 of a secret inside a longer text depends on where it starts: the core is the same for each start.
    for start in range(3):
        core = base64.b64encode(b"\0" * start + data).decode()
        first = (0, 2, 3)[start]
        last = len(core.rstrip("=")) - (1 if (start + len(data)) % 3 else 0)
        if last - first >= SHORTEST + 2:
            core = core[first:last]
            yield from (core, core.replace("+", "-").replace("/", "_"), quote(core), quote(core, safe=""))


def printable_lines(text: str) -> str:
    """Return a text of several lines, each without terminal control; tabs stay."""
    return "".join(part if part in ("\n", "\t") else printable(part) for part in re.split(r"([\n\t])", text))


def printable(text: object) -> str:
    """Return a text without terminal control: every control or format character as an escape, in one line."""
    text = str(text)  # a project's own check may well give numbers as evidence
    if text.isprintable():
        return text
    return "".join(
        character if character.isprintable() else " " if character in "\r\n\t" else repr(character)[1:-1]
        for character in text
    )
