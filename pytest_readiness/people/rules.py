"""Who must sign an item, with what evidence, and for how long."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from pytest_readiness.config.model import WAIVER_DAYS

Cadence = Literal["daily", "weekly", "monthly", "quarterly", "yearly"]
CADENCE_DAYS: Mapping[str, int] = {"daily": 1, "weekly": 7, "monthly": 31, "quarterly": 92, "yearly": 366}

# By the first three letters of a word.
_UNITS = {"day": 1, "dai": 1, "wee": 7, "for": 14, "mon": 31, "qua": 92, "yea": 366, "ann": 366}
_NUMBERS = (
    "",
    "once",
    "twice other second two",
    "thrice three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
)
_UNIT = r"(?:day|week|fortnight|month|quarter|year)s?"
_OFTEN = re.compile(
    r"\b(?:(?:(?P<prefix>semi|half|twice|bi)[\s-]?)?"
    r"(?P<adverb>daily|weekly|fortnightly|monthly|quarterly|yearly|annual(?:ly)?)"
    rf"|every\s+(?:(?P<many>\d{{1,3}}|\w{{3,6}})[\s-]+)?(?P<unit>{_UNIT})"
    r"|(?P<times>once|twice|thrice|(?:\d{1,2}|two|three|four|five|six)(?=\s+times))\s+(?:times\s+)?"
    rf"(?:an?|per|each|every)\s+(?P<period>{_UNIT}))\b",
    re.IGNORECASE,
)


def cadence_in(text: str) -> int | None:
    """Days within which something is to be done again, by the first words that say so: "weekly", "every 6 months".

    Of words that mean two things, "bi-weekly" is every two weeks, and "bi-annual" is twice a year.
    """
    for match in _OFTEN.finditer(text):
        days = _UNITS[(match["adverb"] or match["unit"] or match["period"])[:3].casefold()]
        prefix = (match["prefix"] or "").casefold()
        if prefix == "bi" and days < _UNITS["yea"]:
            many, times = 2, 1
        else:
            many, times = _number(match["many"]), 2 if prefix else _number(match["times"])
        if many and times:
            return -(-many * days // times)
    return None


def _number(word: str | None) -> int:
    """The number that figures or a word say, 1 where nothing does; 0 for a word that is none."""
    if word is None:
        return 1
    if word.isdecimal():
        return int(word)
    return next((number for number, words in enumerate(_NUMBERS) if word.casefold() in words.split()), 0)


class EvidenceRule(BaseModel):
    """What the evidence of a sign-off must be.

    Attributes:
        max_age_days: how old a file's content may be, by the commit that first had it, or else by the file's time.
        sections: headings that a document must have, with text under them; "A|B" for alternatives.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    max_age_days: Annotated[int, Field(ge=0)] | None = None
    sections: tuple[Annotated[str, Field(min_length=1)], ...] = ()


class SignoffRule(BaseModel):
    """Who must sign an item.

    Attributes:
        role: a role of readiness.yaml.
        count: how many different people of the role must sign.
        evidence: what the evidence must be; without it, evidence is optional.
        per_release: whether each release needs its own sign-off.
        valid_days: days for which a sign-off counts, where bounded.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    role: str
    count: Annotated[int, Field(ge=1)] = 1
    evidence: EvidenceRule | None = None
    per_release: bool = False
    valid_days: int | None = None


@dataclass(frozen=True, slots=True)
class WaiverRule:
    """Who may waive, and for how long.

    Attributes:
        people: who is in each role.
        roles: the roles that may waive; every role where none is given.
        days: days for which a waiver counts at most.
    """

    people: Mapping[str, Sequence[str]]
    roles: Sequence[str] = ()
    days: int = WAIVER_DAYS


_ADDRESS = re.compile(r"<([^<>\s]+@[^<>\s]+)>\s*\Z")


def same_person(one: str, other: str) -> bool:
    """Whether two texts name one person: "Ann <ann@example.com>" is Ann@example.com."""
    return _person(one) == _person(other)


def may_be_one(one: str, other: str) -> bool:
    """Whether two texts name one person, or may do so: where one is a name alone, "Ann" and "Ann <ann@example.com>"."""
    if same_person(one, other):
        return True
    names = [_folded(_ADDRESS.sub("", text)) for text in (one, other)]
    return names[0] == names[1] != "" and not (_ADDRESS.search(one) and _ADDRESS.search(other))


def one_person(one: str, other: str, listed: Iterable[str]) -> bool:
    """Whether two texts may name one person by what a list says: `Ann` and `ann@example.com`, if it has both in one."""
    known = list(listed)
    return any(may_be_one(a, b) for a in _spellings(one, known) for b in _spellings(other, known))


def _spellings(text: str, listed: Sequence[str]) -> list[str]:
    return [text, *(each for each in listed if same_person(text, each))]


def different_people(texts: Sequence[str]) -> list[str]:
    """The texts without those that may name a person whom one before them names."""
    found: list[str] = []
    for text in texts:
        if not any(may_be_one(text, known) for known in found):
            found.append(text)
    return found


def _person(text: str) -> str:
    match = _ADDRESS.search(text)
    return _folded(match[1] if match else text)


def _folded(text: str) -> str:
    """A text without regard to case, to blanks, and to how its accents are written: files of macOS have them apart."""
    return unicodedata.normalize("NFC", " ".join(text.split())).casefold()
