"""A command of the repository, and figures in what it prints."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal

_NUMBER = re.compile(r"[\s:=|]{1,80}(?:is\s{1,4})?([-+]?\d[\d.,]{0,30})(?!\w)")
# "12 000" and "5'000" may be one number, and "5-900" a span.
_GOES_ON = re.compile(r"[ \xa0\u2009\u202f'’]\d{3}(?!\d)|[-–^*'’]\d")
_NEEDED = re.compile(
    r"[\s%]{0,5}(?:\(?(?:required|needed|minimum|at least|or (?:more|less)|threshold|max\w{0,5}|min\w{0,5})\b)", re.I
)
_GROUPED = re.compile(r"[-+]?\d{1,3}(?:,\d{3}){2,}(?:\.\d+)?|[-+]?\d{1,3}(?:\.\d{3}){2,}(?:,\d+)?")
_TWO_SIGNS = re.compile(r"[-+]?\d{1,3}(?:,\d{3}){1,8}\.\d+|[-+]?\d{1,3}(?:\.\d{3}){1,8},\d+")
_PLAIN = re.compile(r"[-+]?\d{1,30}(?:[.,]\d{1,30})?")


@dataclass(frozen=True, slots=True)
class CommandAsked:
    """A command, and what is read in its output.

    Attributes:
        command: the program and what it takes.
        labels: texts before the figures.
        linked: folders of the working tree that are linked into the copy.
        variables: names of variables of this run that it gets.
        tool_path: folder that it is looked for in first; "" for none.
        seconds: after which it is ended.
    """

    command: tuple[str, ...]
    labels: tuple[str, ...] = ()
    linked: tuple[str, ...] = ()
    variables: tuple[str, ...] = ()
    tool_path: str = ""
    seconds: float = 300


@dataclass(frozen=True, slots=True)
class CommandFigure:
    """A figure that was printed.

    Attributes:
        label: the text before it.
        number: the last one, as it was printed; "" for none.
        times: how many times there was one.
    """

    label: str
    number: str
    times: int


@dataclass(frozen=True, slots=True)
class CommandRun:
    """How a command ended on a copy of the commit.

    Attributes:
        commit: its first digits.
        status: the exit status.
        last: the last line of its errors, without secrets; only where it did not end with 0.
        lines: how many lines it printed.
        figures: one for each label.
    """

    commit: str
    status: int
    last: str
    lines: int
    figures: tuple[CommandFigure, ...]


def figure_in(output: str, label: str) -> CommandFigure:
    """Find the last number behind a label that begins a line; not one that only says what is required."""
    found: list[str] = []
    for line in output.splitlines():
        text = line.lstrip(" \t#*->•|✓✔=[(\"'")
        if not text.startswith(label):
            continue
        rest = text.removeprefix(label).lstrip("\"'*`)]")[:200]
        number = _NUMBER.match(rest)
        if number and not _NEEDED.match(rest[number.end() : number.end() + 40]):
            more = _GOES_ON.match(rest[number.end() :])
            found.append(f"{number[1]}{more[0]}" if more else number[1].rstrip(".,"))
    return CommandFigure(label, found[-1] if found else "", len(found))


def number_of(text: str) -> Decimal | None:
    """The number, in English or the way of the continent; None where both would read it differently."""
    if _GROUPED.fullmatch(text) or _TWO_SIGNS.fullmatch(text):
        decimal = max(text.rfind("."), text.rfind(","))
        last = text[decimal]
        if text.count(last) > 1:
            return Decimal(text.replace(last, ""))
        other = "," if last == "." else "."
        return Decimal(text.replace(other, "").replace(",", "."))
    if not _PLAIN.fullmatch(text) or (re.fullmatch(r"[-+]?[1-9]\d{0,2},\d{3}", text)):
        return None
    return Decimal(text.replace(",", "."))
