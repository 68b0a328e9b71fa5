"""Items, groups and sections with their states, as the verdict hands them out and the result file keeps them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from pytest_readiness.config.model import Policy
from pytest_readiness.core.registry import SEVERITIES, Severity
from pytest_readiness.core.unverified import UNVERIFIED_KINDS, UnverifiedKind
from pytest_readiness.people.decisions import Waiver
from pytest_readiness.verdict.result import State, TestResult, worst

OPEN: tuple[State, ...] = ("failed", "error", "unverified")
"""States of an item that keep a release from being ready."""


@dataclass(frozen=True, slots=True)
class ItemRecord:
    """What items and groups have in common.

    Attributes:
        id: full id, "checklist:section/slug".
        text: the claim, in one line.
        line: its line in the document.
        ticked: whether someone ticked it by hand.
        severity: how bad it is if it is open; a group's, the worst of its items'.
        state: the worst of its tests' states; a group's, of its items'.
        weight: how much it counts in the score; 0 for a group, and where it does not apply or is waived.
        detail: what else the document says about it.
    """

    id: str
    text: str
    line: int
    ticked: bool
    severity: Severity
    state: State
    weight: float
    detail: str = ""

    @property
    def is_group(self) -> bool:
        """Whether its state follows from other items'."""
        return isinstance(self, GroupRecord)

    @property
    def open(self) -> bool:
        """Whether it keeps the release from being ready."""
        return self.state in OPEN


@dataclass(frozen=True, slots=True, kw_only=True)
class LeafRecord(ItemRecord):
    """An item with its tests, and its waiver, where there is or was one."""

    waiver: Waiver | None = None
    tests: tuple[TestResult, ...]

    @property
    def kind(self) -> UnverifiedKind | Literal[""]:
        """Which kind of unverified it is, of several the one that can be changed soonest; "" in other states."""
        kinds = [test.kind for test in self.tests if test.state == self.state == "unverified"]
        return min(kinds, key=UNVERIFIED_KINDS.index, default="")


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupRecord(ItemRecord):
    """A group with its items of this run."""

    items: tuple[GroupRecord | LeafRecord, ...]


@dataclass(frozen=True, slots=True)
class SectionRecord:
    """A section with its items of this run, in the order of the document.

    Attributes:
        checklist: name of the checklist.
        id: its id in the checklist.
        title: its heading, "" for items before any.
        path: headings above it, outermost first.
        line: its line in the document.
        score: 0 to 100, or null where no item counts.
        items: its items and groups.
    """

    checklist: str
    id: str
    title: str
    path: tuple[str, ...]
    line: int
    score: float | None
    items: tuple[GroupRecord | LeafRecord, ...]

    def walk(self) -> Iterator[GroupRecord | LeafRecord]:
        """Its items and groups, and what is in those, in the order of the document."""
        return _walk(self.items)

    @property
    def leaves(self) -> tuple[LeafRecord, ...]:
        """The items that count."""
        return leaves_of(self.items)


def _walk(items: Iterable[GroupRecord | LeafRecord]) -> Iterator[GroupRecord | LeafRecord]:
    for item in items:
        yield item
        if isinstance(item, GroupRecord):
            yield from _walk(item.items)


def leaves_of(items: Iterable[GroupRecord | LeafRecord]) -> tuple[LeafRecord, ...]:
    """Return the items that count among these and what is in them, in order."""
    return tuple(item for item in _walk(items) if isinstance(item, LeafRecord))


def weight_of(state: State, severity: Severity, policy: Policy) -> float:
    """Return how much an item counts in the score: not at all where it does not apply or is waived."""
    return 0.0 if state in ("not applicable", "waived") else float(getattr(policy.weights, severity))


def worst_of(items: Iterable[GroupRecord | LeafRecord]) -> tuple[Severity, State]:
    """Return severity and state of a group of these items."""
    leaves = leaves_of(items)
    return min((each.severity for each in leaves), key=SEVERITIES.index), worst(each.state for each in leaves)
