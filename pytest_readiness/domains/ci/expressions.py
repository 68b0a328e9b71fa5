"""Expressions of GitHub Actions, as far as they are known before a run: what depends on a run stays unknown."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final, TypeAlias

Known: TypeAlias = Mapping[str, object]
"""Values by their names in small letters ("github.ref", "inputs.target"); what is not there is unknown."""


class _Unknown:
    def __repr__(self) -> str:
        return "unknown"


UNKNOWN: Final = _Unknown()
_WORD_OF_EXPRESSION = re.compile(
    r"\s*(?:(?P<text>'(?:[^']|'')*')|(?P<number>-?\d[\d.]*)|(?P<name>[A-Za-z_][\w.*-]*)|(?P<sign>&&|\|\||[=!<>]=|[!<>()\[\],]))"
)
_INSERTED = re.compile(r"\$\{\{([^}$]{0,2000})\}\}")
_FUNCTIONS = {"success": True, "always": True, "failure": False, "cancelled": False}


def render(text: str, known: Known) -> str:
    """A text with what is known put in; the rest stays as it is written."""

    def value_of(found: re.Match[str]) -> str:
        value = evaluate(found[1], known)
        if value is UNKNOWN:
            return found[0]
        return str(value).lower() if isinstance(value, bool) else "" if value is None else str(value)

    return _INSERTED.sub(value_of, text)


def holds(condition: object, known: Known) -> bool | None:
    """Whether a condition (`if`, `continue-on-error`) holds; None where that is not known."""
    if not isinstance(condition, str):
        return bool(condition)
    text = condition.strip()
    if "${{" in text:
        whole = _INSERTED.fullmatch(text)
        if not whole:
            # Text with an expression in it is a text, and so is true whatever the expression says.
            return True if len(_INSERTED.findall(text)) == text.count("${{") else None
        text = whole[1]
    value = evaluate(text, known)
    return None if isinstance(value, _Unknown) else bool(value)


def evaluate(text: str, known: Known) -> object:
    """What an expression is; `UNKNOWN` where that depends on a run, or where it is not understood."""
    tokens: list[tuple[str, str]] = []
    at = 0
    text = text.strip()
    while at < len(text):
        found = _WORD_OF_EXPRESSION.match(text, at)
        if not found or len(tokens) > 500:
            return UNKNOWN
        tokens.append((str(found.lastgroup), found[str(found.lastgroup)]))
        at = found.end()
    reader = _Expression(tokens, known)
    value = reader.either(0)
    return UNKNOWN if reader.tokens or not tokens else value


class _Expression:
    def __init__(self, tokens: list[tuple[str, str]], known: Known) -> None:
        self.tokens = tokens[::-1]
        self.known = known

    def _take(self, *signs: str) -> str:
        if self.tokens and self.tokens[-1][0] == "sign" and self.tokens[-1][1] in signs:
            return self.tokens.pop()[1]
        return ""

    def either(self, depth: int) -> object:
        value = self._both(depth)
        while self._take("||"):
            other = self._both(depth)
            # Either may be what it is: if the other is true, so is the whole.
            unknown = True if other is True else UNKNOWN
            value = unknown if isinstance(value, _Unknown) else value or other
        return value

    def _both(self, depth: int) -> object:
        value = self._compared(depth)
        while self._take("&&"):
            other = self._compared(depth)
            if isinstance(value, _Unknown):
                value = UNKNOWN if other or isinstance(other, _Unknown) else False
            else:
                value = value and other
        return value

    def _compared(self, depth: int) -> object:
        value = self._one(depth)
        while sign := self._take("==", "!=", "<", ">", "<=", ">="):
            other = self._one(depth)
            if sign not in ("==", "!=") or isinstance(value, _Unknown) or isinstance(other, _Unknown):
                value = UNKNOWN
            else:
                value = (_plain(value) == _plain(other)) is (sign == "==")
        return value

    def _one(self, depth: int) -> object:
        if not self.tokens or depth > 50:
            self.tokens = []
            return UNKNOWN
        if self._take("!"):
            value = self._one(depth + 1)
            return UNKNOWN if isinstance(value, _Unknown) else not value
        if self._take("("):
            value = self.either(depth + 1)
            return value if self._take(")") else UNKNOWN
        kind, text = self.tokens.pop()
        value = self._value(kind, text, depth)
        while self._take("["):
            self.either(depth + 1)
            self._take("]")
            value = UNKNOWN
        return value

    def _value(self, kind: str, text: str, depth: int) -> object:
        if kind == "text":
            return text[1:-1].replace("''", "'")
        if kind == "number":
            return float(text) if text.count(".") < 2 else UNKNOWN
        if kind == "sign":
            return UNKNOWN
        name = text.lower()
        if self._take("("):
            arguments: list[object] = []
            while not self._take(")"):
                if not self.tokens:
                    return UNKNOWN
                arguments.append(self.either(depth + 1))
                self._take(",")
            return _called(name, arguments)
        return {"true": True, "false": False, "null": None}.get(name, self.known.get(name, UNKNOWN))


def _plain(value: object) -> object:
    """Values as they are compared: texts without capitals; truth, numbers and texts of numbers alike."""
    if isinstance(value, str):
        value = value.lower()
        try:
            return float(value) if value else 0.0
        except ValueError:
            return value
    return 0.0 if value is None else float(value) if isinstance(value, (bool, int, float)) else value


def _called(name: str, arguments: list[object]) -> object:
    if name in _FUNCTIONS:
        return _FUNCTIONS[name]
    if name == "contains" and arguments and arguments[0] is UNKNOWN and "skip" in str(arguments[-1]).lower():
        # What people write into a message to leave a change out.
        return False
    if len(arguments) != 2 or not all(isinstance(each, str) for each in arguments):
        return UNKNOWN
    text, part = (str(each).lower() for each in arguments)
    if name == "startswith":
        return text.startswith(part)
    if name == "endswith":
        return text.endswith(part)
    return part in text if name == "contains" else UNKNOWN
