"""Structured fields (RFC 8941): dictionaries, whose values browsers ignore as a whole where the grammar is broken."""

from __future__ import annotations

import re

Members = dict[str, tuple[str, ...] | None]
"""Each key with the items of its value as written, without parameters; None for a key without a value."""

_KEY = re.compile(r"[a-z*][a-z0-9_.*-]*+")
_BARE = re.compile(
    r'-?\d{1,12}\.\d{1,3}(?![\d.])|-?\d{1,15}(?![\d.])|"(?:[ !#-\[\]-~]|\\["\\])*+"'
    r"|[A-Za-z*][!#$%&'*+.^_`|~0-9A-Za-z:/-]*+|:[A-Za-z0-9+/=]*+:|\?[01]"
)
_PARAMETER = re.compile(rf"; *+{_KEY.pattern}(?:=(?:{_BARE.pattern}))?+")
_PARAMETERS = re.compile(rf"(?:{_PARAMETER.pattern})*+")
_BLANKS = re.compile(r" *+")
_COMMA = re.compile(r"[ \t]*+,[ \t]*+")


def parse_dictionary(field: str) -> Members | None:
    """Read a dictionary (RFC 8941, 4.2.2); None where it is none. Of a repeated key the last one counts."""
    text = field.strip(" ")
    members: Members = {}
    place = 0
    while place < len(text):
        if not (key := _KEY.match(text, place)):
            return None
        place = key.end()
        items: tuple[str, ...] | None = None
        if text.startswith("=", place):
            found = _value(text, place + 1)
            if found is None:
                return None
            items, place = found
        # A repeated key is put at the end, with its last value.
        members.pop(key[0], None)
        members[key[0]] = items
        place = _after(_PARAMETERS, text, place)
        if place == len(text):
            break
        comma = _COMMA.match(text, place)
        if not comma or comma.end() == len(text):
            return None
        place = comma.end()
    return members


def _value(text: str, place: int) -> tuple[tuple[str, ...], int] | None:
    """The items of an inner list or a single item, and where it ends; None where neither is there."""
    if not text.startswith("(", place):
        bare = _BARE.match(text, place)
        return ((bare[0],), bare.end()) if bare else None
    items = list[str]()
    place += 1
    while True:
        start = place
        place = _after(_BLANKS, text, place)
        if text.startswith(")", place):
            return tuple(items), place + 1
        bare = _BARE.match(text, place)
        if not bare or (items and start == place):
            return None
        items.append(bare[0])
        place = _after(_PARAMETERS, text, bare.end())


def _after(pattern: re.Pattern[str], text: str, place: int) -> int:
    found = pattern.match(text, place)
    return found.end() if found else place
