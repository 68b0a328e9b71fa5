"""Who must sign an item, with what evidence, and for how long."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from pytest_readiness.config.model import WAIVER_DAYS

Cadence = Literal["daily", "weekly", "monthly", "quarterly", "yearly"]
CADENCE_DAYS: Mapping[str, int] = {"daily": 1, "weekly": 7, "monthly": 31, "quarterly": 92, "yearly": 366}


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
