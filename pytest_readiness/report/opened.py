"""What is open, as reports list it: what failed first, then what could not be verified, then unverified by kind."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Literal

from pytest_readiness.core.registry import SEVERITIES, Severity
from pytest_readiness.core.unverified import NO_CHECK, PROPOSED, UnverifiedKind
from pytest_readiness.plan.plan import confirm_by, split_proposed
from pytest_readiness.verdict.items import LeafRecord
from pytest_readiness.verdict.judging import Verdict
from pytest_readiness.verdict.result import State

SHARED: tuple[UnverifiedKind, ...] = ("not allowed", "not declared", PROPOSED, NO_CHECK)
"""Kinds of unverified that reports tell by what many items lack together, so that they do not hide what failed."""


@dataclass(frozen=True, slots=True)
class Lack:
    """What items lack together, and which items that are, the worst first."""

    what: str
    items: tuple[LeafRecord, ...]

    @property
    def severity(self) -> Severity:
        """The worst of its items'."""
        return self.items[0].severity


@dataclass(frozen=True, slots=True)
class OpenGroup:
    """Open items of one state, and of one kind where that is unverified; the worst first."""

    state: State
    kind: UnverifiedKind | Literal[""]
    items: tuple[LeafRecord, ...]

    @property
    def title(self) -> str:
        """The state or the kind, as a heading."""
        word = "could not be verified" if self.state == "error" else self.kind or self.state
        return word.capitalize()

    @property
    def shared(self) -> bool:
        """Whether its items are told by what they lack together."""
        return self.kind in SHARED

    @property
    def next_step(self) -> str:
        """What is to be done with all of them, where that is one thing; "" elsewhere."""
        if self.kind != PROPOSED:
            return ""
        tests = [test for item in self.items for test in item.tests if test.kind == PROPOSED]
        return confirm_by(split_proposed(test.evidence)[1] for test in tests)

    @property
    def lacks(self) -> tuple[Lack, ...]:
        """What its items lack, what the worst and then what the most of them lack first."""
        found: dict[str, list[LeafRecord]] = {}
        for item in self.items:
            for what in dict.fromkeys(test.lacks or test.evidence for test in item.tests if test.kind == self.kind):
                found.setdefault(what, []).append(item)
        lacks = (Lack(what, tuple(items)) for what, items in found.items())
        return tuple(sorted(lacks, key=lambda lack: (SEVERITIES.index(lack.severity), -len(lack.items))))


def open_groups(verdict: Verdict) -> tuple[OpenGroup, ...]:
    """Return the open items of a verdict by state and kind, in the order in which reports list them."""
    by_group = groupby(verdict.open_items, key=lambda item: (item.state, item.kind))
    return tuple(OpenGroup(state, kind, tuple(items)) for (state, kind), items in by_group)


def by_severity(items: Iterable[LeafRecord]) -> str:
    """Return how many items there are of each severity, the worst first: "2 critical, 5 low"."""
    severities = [item.severity for item in items]
    return ", ".join(f"{severities.count(each)} {each}" for each in SEVERITIES if each in severities)


def claims(lacks: Iterable[Lack]) -> Iterator[str]:
    """Return what is lacking, each with how many items lack it where that is more than one."""
    for lack in lacks:
        yield f"{lack.what} ({len(lack.items)})" if len(lack.items) > 1 else lack.what
