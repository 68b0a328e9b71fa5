"""What a source has found: records that hold names and places, and never the value of a variable or a secret."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from pytest_readiness.core.redact import Redactor
from pytest_readiness.core.text import cut, visible

LOCAL = "local"
"""The target that runs on this machine."""
PROD = "prod"
STAGING = "staging"
EVERY = ""
"""What belongs to the product, whichever target is looked at."""
_WORDS = {
    **dict.fromkeys(("prod", "production", "live"), PROD),
    **dict.fromkeys(("staging", "stage", "preprod", "uat"), STAGING),
}
_OTHER = re.compile(r"[^A-Za-z0-9_.-]+")
_LONGEST_NAME = 64
_LONGEST_TEXT = 300
_redact = Redactor()


class VariableText(str):
    """A value of readiness.yaml with `${NAME}` in it, which is written as it is."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Discovered:
    """A resource, or a part of one.

    Attributes:
        section: of readiness.yaml, such as "urls".
        name: of the resource.
        fields: as readiness.yaml has them; a text stands for itself, unless it is a `VariableText`.
        source: where it was found ("compose.yaml:12").
        target: which target it is of; `EVERY` for all.
        fill_in: what only a person knows of it.
        same: what it is told by; two that share one of these are one resource.
    """

    section: str
    name: str
    fields: Mapping[str, Any]
    source: str
    target: str = EVERY
    fill_in: str = ""
    same: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Hint:
    """What no resource can be declared of, or what only a person can decide: a comment of the file.

    Attributes:
        text: one clause.
        source: where it was found.
        topic: a word for what it says of the product ("ci", "payments"), by which a checklist is chosen.
    """

    text: str
    source: str
    topic: str = ""


@dataclass(frozen=True, slots=True)
class Skipped:
    """What was not read, and why, as a clause."""

    source: str
    why: str


@dataclass(frozen=True, slots=True)
class Paper:
    """A document of the team's with boxes.

    Attributes:
        path: relative to the folder.
        items: how many it has.
        likely: how much it looks like the checklist of a release; the highest is the likeliest.
    """

    path: str
    items: int
    likely: float


@dataclass(frozen=True, slots=True)
class AskedNames:
    """Names of variables that an example of an env file asks for."""

    names: tuple[str, ...]
    source: str


@dataclass(frozen=True, slots=True)
class Person:
    """Whom git knows as the author of commits here; for a comment alone."""

    name: str


Record: TypeAlias = Discovered | Hint | Skipped | Paper | AskedNames | Person


@dataclass(frozen=True, slots=True)
class Survey:
    """All that was found, each kind in the order in which it was found."""

    found: list[Discovered] = field(default_factory=list)
    hints: list[Hint] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)
    papers: list[Paper] = field(default_factory=list)
    names: list[AskedNames] = field(default_factory=list)
    people: list[Person] = field(default_factory=list)

    def take(self, records: Iterable[Record]) -> None:
        """Add what a source has found."""
        lists: Mapping[type, list[Any]] = {
            Discovered: self.found,
            Hint: self.hints,
            Skipped: self.skipped,
            Paper: self.papers,
            AskedNames: self.names,
            Person: self.people,
        }
        for record in records:
            if record not in lists[type(record)]:
                lists[type(record)].append(record)

    @property
    def topics(self) -> set[str]:
        """The words that hints say of the product."""
        return {hint.topic for hint in self.hints} - {""}


def environment_of(path: str, otherwise: str) -> str:
    """The target that a file is for, by the words of its path."""
    words = re.findall(r"[a-z]+", path.lower())
    return next((_WORDS[word] for word in reversed(words) if word in _WORDS), otherwise)


def named(text: str, otherwise: str = "found") -> str:
    """A text as a resource's name."""
    name = _OTHER.sub("-", text)[:_LONGEST_NAME].lstrip("_.-").rstrip(".-")
    return name or otherwise


def said(text: str) -> str:
    """A text from elsewhere as it may stand in a comment: one line, short, and nothing shaped like a secret."""
    return cut(_redact(visible(" ".join(text.split()))), _LONGEST_TEXT)


def is_plain(text: str) -> bool:
    """Whether a text from a file can be taken over: nothing in it is shaped like a secret or cannot be seen."""
    return text == visible(text) == _redact(text)
