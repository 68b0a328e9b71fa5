"""Mistakes in the user's files, collected so that all of them are reported at once."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Problem:
    """One mistake: a sentence and its place (line 0: the file as a whole)."""

    path: Path
    line: int
    message: str

    def __str__(self) -> str:
        place = f"{self.path}:{self.line}" if self.line else str(self.path)
        return f"{place}: {self.message}"


class ProblemsError(Exception):
    """Raised with every problem found; its text is one line each, in the order of files and lines."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(dict.fromkeys(problems))
        super().__init__("\n".join(str(problem) for problem in self.problems))


class RegistrationError(TypeError):
    """A kind, fact or check is declared in a way that cannot work.

    Args:
        message: a sentence that says which and why.
        module: name of the module that declares it.
    """

    def __init__(self, message: str, module: str = "") -> None:
        super().__init__(message)
        self.module = module


def near(wrong: str, right: Iterable[str]) -> str:
    """Return the right name that is nearest to the wrong one, or "" where none is near."""
    return next(iter(difflib.get_close_matches(wrong, sorted(dict.fromkeys(right)), n=1, cutoff=0.6)), "")


def typo_of(written: str, known: Iterable[str]) -> str:
    """Return the known name that another may be a slip of, in one letter of one of its words; "" where none is.

    "db1" is none of "db2", nor "shop-eu" of "shop-us": such names tell things apart.
    """
    words = _WORDS.findall(written.casefold())
    for name in sorted(known):
        others = _WORDS.findall(name.casefold())
        if written == name or len(words) != len(others):
            continue
        different = [pair for pair in zip(words, others, strict=True) if pair[0] != pair[1]]
        if len(different) < 2 and all(_is_slip(*pair) for pair in different):
            return name
    return ""


_WORDS = re.compile(r"[^\W_]+")
_FEW = 4


def _is_slip(one: str, other: str) -> bool:
    short, long = sorted((one, other), key=len)
    start = next((n for n, (a, b) in enumerate(zip(short, long, strict=False)) if a != b), len(short))
    if len(long) == len(short) + 1:
        return short[start:] == long[start + 1 :] and not long[start].isdigit()
    if len(long) != len(short) or long[start].isdigit() or short[start].isdigit():
        return False
    swapped = short[start : start + 2] == long[start : start + 2][::-1]
    return (swapped and short[start + 2 :] == long[start + 2 :]) or (
        len(short) >= _FEW and short[start + 1 :] == long[start + 1 :]
    )


def nearest(wrong: str, right: Iterable[str]) -> str:
    """Return " Did you mean 'x'?" for the nearest right name, or the first few names, or nothing."""
    names = sorted(dict.fromkeys(right))
    if close := near(wrong, names):
        return f" Did you mean '{close}'?"
    if not names:
        return ""
    shown = ", ".join(names[:12]) + (", …" if len(names) > 12 else "")
    return f" Known: {shown}."
