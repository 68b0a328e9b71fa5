"""What cron makes of its tables: which files and lines it takes, when a line runs, and what is run then.

The rules are those of three daemons: Debian's cron, which ignores a whole file for one mistake in it, cronie, which
ignores the line, and busybox's crond, which reads tables of users only.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from itertools import pairwise
from typing import Literal

from pytest_readiness.core.text import cut

Kind = Literal["debian", "cronie", "busybox"]

NEVER = 10_000
"""Days, for what never runs or only at boot."""

WORDS = {"@hourly": 1, "@daily": 1, "@midnight": 1, "@weekly": 7, "@monthly": 31, "@yearly": 366, "@annually": 366}
"""Words instead of the five fields -> most days between two runs."""

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_WEEKDAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_FIELDS: tuple[tuple[str, int, int, tuple[str, ...]], ...] = (
    ("minute", 0, 59, ()),
    ("hour", 0, 23, ()),
    ("day of the month", 1, 31, ()),
    ("month", 1, 12, _MONTHS),
    ("day of the week", 0, 7, _WEEKDAYS),
)
_PART = re.compile(r"(?:(\*)|(\w*)(?:([-~])(\w*))?)(?:/(\d{1,4}))?")
_SETTING = re.compile(r"""\s*(["']?)[^\s="']+\1[ \t]*=[ \t]*(?P<value>\S?)""")
_MOST_CHARACTERS = 998
"""Of a command, for Debian's cron."""
_COMMENT = re.compile(r"""\s#[^'"]*$""")
"""A comment of the shell behind a command; cron itself has none there."""


@dataclass(frozen=True, slots=True)
class Table:
    """A table of cron, as it lies on a host.

    Attributes:
        path: the file.
        mode: its permissions.
        owner: number of the user who owns it.
        links: number of its names (hard links).
        link_owner: number of the user who owns the path itself, which may be a symbolic link.
        unended: its last line is not a comment, and has no newline.
        lines: those that are neither empty nor comments.
    """

    path: str
    mode: int = 0o644
    owner: int = 0
    links: int = 1
    link_owner: int = 0
    unended: bool = False
    lines: tuple[str, ...] = ()

    @property
    def of_system(self) -> bool:
        """Whether each of its lines names the user to run as."""
        return self.path == "/etc/crontab" or self.path.startswith("/etc/cron.d/")

    @property
    def name(self) -> str:
        """Of the file; for a user's table that of the user."""
        return self.path.rpartition("/")[2]


@dataclass(frozen=True, slots=True)
class Cron:
    """What else cron's judgement depends on.

    Attributes:
        kind: which daemon runs; None where none does.
        accounts: users of the host that tables name, by name, with their numbers.
        programs: those of them whose names are programs, too.
    """

    kind: Kind | None
    accounts: Mapping[str, int] = field(default_factory=dict)
    programs: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of a table that is to run something.

    Attributes:
        command: what is run, without the user before it.
        days: most days from one run to the next.
        mistake: why cron does not understand the line, as a clause; "" where it does.
        fault: why what is run fails at once, though cron understands the line.
    """

    command: str
    days: int = NEVER
    mistake: str = ""
    fault: str = ""


def entries(table: Table, cron: Cron) -> Iterator[tuple[str, int, str]]:
    """The commands of a table, most days between two runs of each, and why it will not run; "" where it will."""
    found = [_entry(line, table, cron) for line in table.lines if not _is_setting(line, cron)]
    refused = _refused(table, cron)
    broken = next((each for each in found if each.mistake), None)
    unended = "its last line does not end in a newline" if table.unended and cron.kind != "busybox" else ""
    for each in found:
        fault = refused
        if not fault and cron.kind == "debian":
            if broken:
                fault = f"cron ignores the whole file, as {'this' if each is broken else 'another'} line "
                fault += broken.mistake
            elif unended:
                fault = f"cron ignores the whole file, as {unended}"
        elif not fault and each.mistake:
            fault = f"cron ignores the line, as it {each.mistake}"
        elif not fault and unended and not _is_setting(table.lines[-1], cron) and each is found[-1]:
            fault = f"cron ignores the line, as {unended}"
        if not fault and each.days >= NEVER:
            fault = "runs at boot only, or at times that never come"
        yield each.command, each.days, fault or each.fault


def _refused(table: Table, cron: Cron) -> str:
    """Why cron does not read a file at all, or ""."""
    debian, user = cron.kind == "debian", cron.accounts.get(table.name)
    if cron.kind is None:
        return "no cron daemon is running"
    if cron.kind == "busybox" and table.of_system:
        return "busybox's crond reads no such file, but tables of users only"
    if debian and not table.of_system and not table.path.startswith("/var/spool/cron/crontabs/"):
        return "cron reads no tables in this folder"
    if table.of_system and table.path != "/etc/crontab":
        pattern = r"[A-Za-z0-9_-]+" if debian else r"(?![.#])(?!.*(~|\.rpm(save|orig|new))$).+"
        if not re.fullmatch(pattern, table.name):
            return "cron ignores a file of that name"
    if not table.of_system and user is None:
        return f"cron ignores it, as {table.name} is not a user of this host"
    owners = [0] if table.of_system or cron.kind == "busybox" else [0, user]
    if table.owner not in owners or (debian and table.of_system and table.link_owner):
        whose = "root" if len(owners) == 1 else f"{table.name} or root"
        return f"cron ignores the file, as it does not belong to {whose}"
    if table.links > 1 and cron.kind != "busybox":
        return "cron ignores the file, as it has a second name (a hard link)"
    if debian and not table.of_system:
        return "" if table.mode == 0o600 else f"cron ignores the file, as its mode is {table.mode:o} instead of 600"
    if table.mode & 0o022 and cron.kind != "busybox":
        return f"cron ignores the file, as others than its owner may write to it (mode {table.mode:o})"
    if cron.kind == "cronie" and table.mode & 0o7111:
        return f"cron ignores the file, as its mode is {table.mode:o}: a table must not be executable"
    return ""


def _entry(line: str, table: Table, cron: Cron) -> Entry:
    text = line.lstrip()
    count = 1 if text.startswith("@") else len(_FIELDS)
    if cron.kind == "cronie":
        # It means that the run is not logged.
        text = text.removeprefix("-")
    *times, rest = [*re.split(r"[ \t]+", text, maxsplit=count), ""][: count + 1]
    days, mistake = NEVER, f"has fewer than five fields of time ({cut(text, 40)})"
    if len(times) == count:
        days, mistake = _of_word(times[0]) if count == 1 else _of_fields(times, halves=cron.kind == "cronie")
    who, _, behind = re.sub(r"[ \t]", " ", rest, count=1).partition(" ")
    if table.of_system:
        rest = behind.lstrip(" \t")
        if not mistake and who not in cron.accounts:
            mistake = f"names {cut(who, 40) or 'nobody'} before the command, who is not a user of this host"
        if not mistake and not rest.strip():
            mistake = "has no command"
    if not mistake and cron.kind == "debian" and len(rest) > _MOST_CHARACTERS:
        mistake = f"has a command of {len(rest)} characters, where {_MOST_CHARACTERS} are the most"
    if mistake:
        return Entry(line, NEVER, mistake)
    command, fault = _run(rest, cron)
    if not table.of_system and who in cron.accounts and who not in cron.programs:
        fault = f"it would run '{who}', as lines in a user's own table name no user"
    return Entry(_COMMENT.sub("", command).strip(), days, fault=fault)


def _is_setting(line: str, cron: Cron) -> bool:
    # Debian's cron takes MAILTO= for a broken entry; nothing is written MAILTO="" there.
    match = _SETTING.match(line)
    return bool(match and (match["value"] or cron.kind != "debian"))


def _run(text: str, cron: Cron) -> tuple[str, str]:
    """The command, up to the first % where that ends it, and why a shell would not run it."""
    if text.endswith("\r"):
        return text, "its line ends in a carriage return (CRLF), which the shell takes for a part of the last word"
    if cron.kind == "busybox":
        return text, ""
    first, *behind = re.split(r"(?<!\\)%", text, maxsplit=1)
    command = first.replace("\\%", "%")
    if behind and not _is_whole(command):
        return text, "cron ends a command at the first %, here within quotes or brackets; write \\% instead"
    return command, ""


def _is_whole(command: str) -> bool:
    """Whether all quotes and brackets are closed, as far as counting tells."""
    plain = re.sub(r"\\.", "", command)
    return not any(plain.count(each) % 2 for each in "'\"`") and plain.count("(") == plain.count(")")


def _of_word(word: str) -> tuple[int, str]:
    if word == "@reboot":
        return NEVER, ""
    return WORDS.get(word, NEVER), "" if word in WORDS else f"begins with the unknown word {cut(word, 20)}"


def _of_fields(texts: list[str], *, halves: bool) -> tuple[int, str]:
    """Most days between two runs, and what is wrong with the fields; `halves` as of `_values`."""
    values = []
    for text, (name, low, high, names) in zip(texts, _FIELDS, strict=True):
        found = _values(text, low, high, names, halves=halves)
        if found is None:
            return NEVER, f"has {cut(text, 20) or 'nothing'} where the {name} stands"
        values.append(found)
    minute, hour, day, month, weekday = values
    if not minute or not hour:
        return NEVER, ""
    either = not texts[2].startswith("*") and not texts[4].startswith("*")
    return _days_between(day, month, frozenset(each % 7 for each in weekday), either=either), ""


def _values(text: str, low: int, high: int, names: tuple[str, ...], *, halves: bool) -> frozenset[int] | None:
    """What a field of time stands for; None where it is none.

    Args:
        text: the field.
        low, high, names: what may be in it.
        halves: whether either end of a range with ~ may be left out.
    """
    found: set[int] = set()
    for part in text.split(","):
        match = _PART.fullmatch(part)
        if match is None or not part:
            return None
        star, first, sign, last, step = match.groups()
        if sign == "~" and not (first and last) and not halves:
            return None
        begin = low if star or (sign == "~" and not first) else _number(first, low, high, names)
        end = high if star or (sign == "~" and not last) else _number(last, low, high, names) if sign else begin
        if begin is None or end is None or (step and (int(step) == 0 or not (star or sign))):
            return None
        # A range the wrong way round is empty. Of one with ~, a single value is drawn; which one is not known.
        found.update([begin] if sign == "~" else range(begin, end + 1, int(step or 1)))
    return frozenset(found)


def _number(text: str, low: int, high: int, names: tuple[str, ...]) -> int | None:
    if text.lower() in names:
        return names.index(text.lower()) + low
    return int(text) if re.fullmatch(r"[0-9]{1,4}", text) and low <= int(text) <= high else None


@cache
def _calendar() -> tuple[tuple[int, int, int], ...]:
    """Month, day and weekday (Sunday is 0) of each day from one 29th of February to the next and a year more."""
    first, last = date(2023, 1, 1).toordinal(), date(2029, 1, 1).toordinal()
    dates = (date.fromordinal(each) for each in range(first, last))
    return tuple((each.month, each.day, each.isoweekday() % 7) for each in dates)


def _days_between(days: frozenset[int], months: frozenset[int], weekdays: frozenset[int], *, either: bool) -> int:
    """Most days from one run to the next; where both days are restricted, either of them is enough."""
    runs = [
        place
        for place, (month, day, weekday) in enumerate(_calendar())
        if month in months and ((day in days or weekday in weekdays) if either else day in days and weekday in weekdays)
    ]
    return max((after - before for before, after in pairwise(runs)), default=NEVER)
