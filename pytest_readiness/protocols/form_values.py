"""What browsers ask of a value before they send the form that it was typed into (HTML Living Standard, 4.10.21)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import date
from decimal import Decimal, InvalidOperation

_NUMBER = (r"-?(?:\d+(?:\.\d+)?|\.\d+)(?:[eE][+-]?\d+)?", "a number")
_SHAPES = {
    "email": (r"[\w.!#$%&'*+/=?^`{|}~-]+@(?!-)[\w-]{1,63}(?:\.[\w-]{1,63})*", "an address of mail"),
    "url": (r"[A-Za-z][A-Za-z0-9+.-]*:\S+", "an address with its scheme"),
    "number": _NUMBER,
    "range": _NUMBER,
    "date": (r"\d{4}-\d\d-\d\d", "a date like 2026-03-02"),
    "month": (r"\d{4}-(?:0[1-9]|1[0-2])", "a month like 2026-03"),
    "week": (r"\d{4}-W\d\d", "a week like 2026-W10"),
    "time": (r"(?:[01]\d|2[0-3]):[0-5]\d(?::[0-5]\d(?:\.\d{1,3})?)?", "a time like 09:30"),
    "datetime-local": (
        r"\d{4}-\d\d-\d\d[T ](?:[01]\d|2[0-3]):[0-5]\d(?::[0-5]\d(?:\.\d{1,3})?)?",
        "a date and time like 2026-03-02T09:30",
    ),
    "color": (r"#[0-9A-Fa-f]{6}", "a colour like #00ff00"),
}
_NUMBERS = ("number", "range")
_WITH_PATTERN = ("text", "search", "url", "tel", "email", "password")
_LONGEST = 200
"""Longer patterns and values are not compared: it takes time by the square of their length."""
_ATOM = re.compile(
    # A class of characters, an escape, or a character; and how often.
    r"(\[\^?(?:\\.|[^\\\[\]])+\]|\\[dDwWsS]|\\[^A-Za-z0-9]|\.|[^\\\[\](){}|?*+.^$])"
    r"(?:\{(\d{1,3})(,?)(\d{0,3})\}|([?*+]))?"
)


def asked_instead(kind: str, attributes: Mapping[str, str], value: str) -> str:
    """What a browser would ask for in place of this value, in words without it; "" where it sends the value.

    Args:
        kind: type of the field, such as "email".
        attributes: those of the field.
        value: what is filled in; nothing is asked of an empty one.
    """
    if not value:
        return ""
    values = [each.strip() for each in value.split(",")] if kind == "email" and "multiple" in attributes else [value]
    for each in values:
        if kind in _SHAPES and not _has_shape(kind, each.strip()):
            return _SHAPES[kind][1]
        if kind in _WITH_PATTERN and not _matches(attributes.get("pattern", ""), each):
            return f"what the pattern {attributes['pattern']} fits"
    return _in_range(kind, attributes, value.strip()) if kind in _SHAPES else ""


def _has_shape(kind: str, value: str) -> bool:
    if not re.fullmatch(_SHAPES[kind][0], value, 0 if kind == "email" else re.ASCII):
        return False
    if kind in ("date", "datetime-local"):
        with suppress(ValueError):
            return bool(date.fromisoformat(value[:10]))
        return False
    return True


def _in_range(kind: str, attributes: Mapping[str, str], value: str) -> str:
    """What is asked for where the value is beyond `min` and `max`, or not on a step of a number."""
    least, most = (attributes.get(name, "").strip() for name in ("min", "max"))
    if kind not in _NUMBERS:
        # Dates and times of one shape are in the order of their texts; a time may range over midnight.
        limits = [each for each in (least, most) if _has_shape(kind, each)]
        if kind == "time" and len(limits) == 2 and least > most:
            return ""
        if least in limits and value < least:
            return f"{least} or later"
        return f"{most} or earlier" if most in limits and value > most else ""
    number, smallest, largest = (_number(each) for each in (value, least, most))
    if number is None:
        return ""
    if smallest is not None and number < smallest:
        return f"{least} or more"
    if largest is not None and number > largest:
        return f"{most} or less"
    stated = attributes.get("step", "").strip().lower()
    step = _number(stated)
    step = step if step is not None and step > 0 else Decimal(1)
    base = smallest if smallest is not None else _number(attributes.get("value", "")) or Decimal(0)
    with suppress(InvalidOperation):
        if stated != "any" and (number - base) % step:
            return f"{base} and a multiple of {step}"
    return ""


def _number(text: str) -> Decimal | None:
    return Decimal(text) if len(text) <= _LONGEST and re.fullmatch(_NUMBER[0], text, re.ASCII) else None


def _matches(pattern: str, value: str) -> bool:
    """Whether a value fits a pattern; one with groups or alternatives, or that is none, is taken to fit.

    The pattern is the page's, so that Python must not search by it: there are some that take it years.
    """
    pattern = pattern.removeprefix("^").removesuffix("$")
    atoms = list(_atoms(pattern))
    if not atoms or len(value) > _LONGEST or None in atoms:
        return True
    ends = {0}
    for fits, fewest, most in filter(None, atoms):
        runs = [0] * (len(value) + 1)
        for place in reversed(range(len(value))):
            runs[place] = runs[place + 1] + 1 if fits.fullmatch(value[place]) else 0
        ends = {end for place in ends for end in range(place + fewest, place + min(runs[place], most) + 1)}
    return len(value) in ends


def _atoms(pattern: str) -> Iterator[tuple[re.Pattern[str], int, int] | None]:
    """What a pattern consists of: a character's pattern, and how often at least and at most; None for what is more."""
    place = 0
    while place < len(pattern) <= _LONGEST:
        found = _ATOM.match(pattern, place)
        try:
            fits = re.compile(found[1], re.ASCII) if found else None
        except re.error:
            fits = None
        if not found or not fits or re.search(r"&&|--", found[1]):
            yield None
            return
        place = found.end()
        if sign := found[5]:
            fewest, most = {"?": (0, 1), "*": (0, _LONGEST), "+": (1, _LONGEST)}[sign]
        elif found[2]:
            fewest = int(found[2])
            most = int(found[4]) if found[4] else _LONGEST if found[3] else fewest
        else:
            fewest = most = 1
        yield fits, fewest, most
