"""What is proposed for an item of a checklist: candidates, and what a person should know of each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

from pytest_readiness.checklist.model import Item, Section

Level = Literal["sure", "likely", "unsure"]
"""How much the words of an item say for a candidate; even what is sure is confirmed by a person."""
LEVELS: tuple[Level, ...] = get_args(Level)
PEOPLE = "people"
"""What stands in place of a level where a signature is proposed."""
ONLY_PEOPLE = f"{PEOPLE}: only they know"
"""Why one is."""


@dataclass(frozen=True, slots=True)
class NotRead:
    """What an item says of a parameter and the check is not given.

    Attributes:
        parameter: its key in a binding; empty if it is for none that the check has.
        words: of the item, in one line.
        why: it is not given, after "it" where there is a parameter.
    """

    parameter: str
    words: str
    why: str

    def __str__(self) -> str:
        if not self.parameter:
            return f'"{self.words}": {self.why}.'
        return f'"{self.words}" for {self.parameter}: it {self.why}.'


@dataclass(frozen=True, slots=True)
class Suggestion:
    """One claim that may answer an item.

    Attributes:
        check: id of the check, or of a claim for which there is no check yet.
        parameters: what the item's text gives of the check's parameters, as a binding writes them.
        coming: whether there is no check for it yet.
        not_read: what the item's text says of its parameters and is not among them.
    """

    check: str
    parameters: Mapping[str, Any] = field(default_factory=dict)
    coming: bool = False
    not_read: tuple[NotRead, ...] = ()


@dataclass(frozen=True, slots=True)
class Candidate:
    """What may answer an item: claims that together do.

    Attributes:
        checks: the claims; the first is what the item's words mean most.
        level: how much says for it.
        score: of 0 to 1; the order of candidates.
        matched: words of the item, as written, that say for it.
        unexplained: words of the item, as written, that it leaves unexplained.
        does_not_prove: what it does not show of what the item may mean, as a sentence; "" where nothing is known.
        also: claims that often belong to the same item.
        source: the item of a suite or of bindings of the team that says the same ("starter:tls/hsts"); "" where the
            words alone propose it.
    """

    checks: tuple[Suggestion, ...]
    level: Level
    score: float
    matched: tuple[str, ...] = ()
    unexplained: tuple[str, ...] = ()
    does_not_prove: str = ""
    also: tuple[str, ...] = ()
    source: str = ""

    @property
    def not_read(self) -> tuple[str, ...]:
        """What the item says of parameters and the checks are not given, each as a sentence."""
        return tuple(dict.fromkeys(str(note) for each in self.checks for note in each.not_read))


@dataclass(frozen=True, slots=True)
class Proposal:
    """All that is proposed for an item that is no group.

    Attributes:
        item: the item.
        section: the section that holds it.
        level: of what is proposed first: of the first candidate, or of the sign-off where only people know.
        candidates: what may answer it, best first.
        role: who signs where only people know, or beside checks; "" where the item says nothing of people.
        cadence: how long a signature counts, as bindings write it ("quarterly", or "90d" as `valid` has it); "" where
            the item says nothing.
        not_applicable: why it does not apply, where the document says so.
        people_first: whether a signature is proposed, and the candidates only stand beside it.
    """

    item: Item
    section: Section
    level: Level
    candidates: tuple[Candidate, ...] = ()
    role: str = ""
    cadence: str = ""
    not_applicable: str = ""
    people_first: bool = False
