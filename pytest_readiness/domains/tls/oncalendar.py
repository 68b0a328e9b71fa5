"""How often a systemd timer runs, by its calendar (OnCalendar), as systemd itself writes it out."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from datetime import date, timedelta
from functools import cache
from itertools import pairwise

_WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_FORM = re.compile(r"(?:([A-Z][A-Za-z.,]{2,60}) )?\*-([\d*.,/]{1,100})([-~])([\d*.,/]{1,200}) \S{1,400}(?: \S{1,60})?")
_PART = re.compile(r"(\*|\d{1,2})(?:\.\.(\d{1,2}))?(?:/(\d{1,2}))?")


def days_between(calendars: Iterable[str]) -> int:
    """Most days from one run of a timer to the next, whichever of its calendars asks for it.

    Args:
        calendars: in systemd's normal form, such as `Mon *-*-01..07 03:00:00`.

    Returns:
        0 where that cannot be told, such as of one that names a year.
    """
    rules = [_runs_on(each) for each in calendars]
    known = [each for each in rules if each]
    if not known or len(known) < len(rules):
        return 0
    runs = [place for place, day in enumerate(_dates()) if any(rule(day) for rule in known)]
    return max((after - before for before, after in pairwise(runs)), default=0)


def _runs_on(calendar: str) -> Callable[[date], bool] | None:
    match = _FORM.fullmatch(calendar)
    if not match:
        return None
    from_end = match[3] == "~"
    weekdays, months = _weekdays(match[1]), _values(match[2], 1, 12)
    # From a day before the end of the month, repetitions go on to the end: ~07/1 are the last seven days.
    days = _values(match[4], 31, 1, -1) if from_end else _values(match[4], 1, 31)
    if not (weekdays and months and days):
        return None

    def runs(day: date) -> bool:
        number = _left_of_month(day) if from_end else day.day
        return day.month in months and number in days and day.weekday() in weekdays

    return runs


def _left_of_month(day: date) -> int:
    """1 for the last day of a month, 2 for the one before."""
    first = (day.replace(day=28) + timedelta(days=4)).replace(day=1)
    return (first - day).days


def _weekdays(text: str | None) -> frozenset[int]:
    if text is None:
        return frozenset(range(7))
    found: set[int] = set()
    for part in text.split(","):
        first, _, last = part.partition("..")
        if first not in _WEEKDAYS or (last or first) not in _WEEKDAYS:
            return frozenset()
        found.update(range(_WEEKDAYS.index(first), _WEEKDAYS.index(last or first) + 1))
    return frozenset(found)


def _values(text: str, first: int, last: int, towards: int = 1) -> frozenset[int]:
    """What `01,15`, `01..07`, `01/7` or `*` stands for; nothing where it is none of these."""
    found: set[int] = set()
    for part in text.split(","):
        match = _PART.fullmatch(part)
        if not match:
            return frozenset()
        start = first if match[1] == "*" else int(match[1])
        end = int(match[2]) if match[2] else last if match[1] == "*" or match[3] else start
        found.update(range(start, end + towards, towards * (int(match[3] or 1) or 1)))
    return frozenset(found)


@cache
def _dates() -> tuple[date, ...]:
    """Each day of six years, a 29th of February among them."""
    first, last = date(2023, 1, 1).toordinal(), date(2029, 1, 1).toordinal()
    return tuple(date.fromordinal(each) for each in range(first, last))
