"""Drift: where the checklist says one thing and the machine another, and what has changed since an earlier run."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace

from pytest_readiness.plan.plan import UNBOUND
from pytest_readiness.verdict.items import LeafRecord
from pytest_readiness.verdict.result import STATES, State


@dataclass(frozen=True, slots=True)
class ItemBefore:
    """An item of the baseline."""

    text: str
    state: State


@dataclass(frozen=True, slots=True)
class BaselineRecord:
    """What was compared with.

    Attributes:
        when: when that run began, ISO 8601.
        score: its score.
        items_before: its items by full id.
    """

    when: str
    score: float | None
    items_before: dict[str, ItemBefore]


@dataclass(frozen=True, slots=True)
class Change:
    """An item whose state is not what it was.

    Attributes:
        item: its full id.
        text: its text.
        before: its state in the baseline, "" where it is new.
        after: its state now, "" where it is gone.
    """

    item: str
    text: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class DriftRecord:
    """What does not fit together, and what has changed since the baseline.

    Attributes:
        ticked: items ticked by hand that failed or could not be verified.
        unbound: items that nothing answers.
        expired_waivers: items whose waiver has expired.
        needless_waivers: items that pass, and have a waiver.
        better, worse, new, gone: changes since the baseline; empty without one.
        baseline: what was compared with.
        notes: what of the checklists was not read, and which entries of people no longer count; a sentence each.
    """

    ticked: tuple[Change, ...]
    unbound: tuple[str, ...]
    expired_waivers: tuple[str, ...]
    needless_waivers: tuple[str, ...]
    better: tuple[Change, ...]
    worse: tuple[Change, ...]
    new: tuple[Change, ...]
    gone: tuple[Change, ...]
    baseline: BaselineRecord | None
    notes: tuple[str, ...] = ()


def renamed(baseline: BaselineRecord, known: Collection[str], former: Former) -> BaselineRecord:
    """Return the baseline with items that an earlier version called otherwise under the ids that they have now.

    Args:
        baseline: an earlier result.
        known: full ids of all items.
        former: finds full ids by those of earlier versions.
    """
    present = frozenset(known)
    unknown = [id for id in baseline.items_before if id not in present]
    names = {id: found[0] for id in unknown if len(found := former(id)) == 1 and found[0] not in baseline.items_before}
    if not names:
        return baseline
    return replace(baseline, items_before={names.get(id, id): was for id, was in baseline.items_before.items()})


Former = Callable[[str], Sequence[str]]
"""Finds the full ids that an id of an earlier version may mean."""


def find_drift(
    items: Sequence[LeafRecord],
    known: Collection[str],
    waived: Collection[str],
    expired: Collection[str],
    baseline: BaselineRecord | None,
    notes: Sequence[str] = (),
) -> DriftRecord:
    """Return what does not fit together.

    Args:
        items: the items of this run.
        known: full ids of all items of its checklists.
        waived: items that have a waiver.
        expired: those whose waiver has expired.
        baseline: an earlier result, where there is one.
        notes: what else there is to say.
    """
    better, worse, new = [], [], []
    earlier = baseline.items_before if baseline is not None else {}
    for item in items if baseline is not None else ():
        before = earlier.get(item.id)
        change = Change(item.id, item.text, before.state if before else "", item.state)
        if before is None:
            new.append(change)
        elif STATES.index(item.state) > STATES.index(before.state):
            better.append(change)
        elif STATES.index(item.state) < STATES.index(before.state):
            worse.append(change)
    present = frozenset(known)
    return DriftRecord(
        ticked=tuple(
            Change(item.id, item.text, "ticked", item.state)
            for item in items
            if item.ticked and item.state in ("failed", "error")
        ),
        unbound=tuple(
            item.id
            for item in items
            if item.state == "unverified" and any(test.evidence == UNBOUND and not test.check for test in item.tests)
        ),
        expired_waivers=tuple(item.id for item in items if item.id in expired),
        needless_waivers=tuple(item.id for item in items if item.id in waived and item.state == "passed"),
        better=tuple(better),
        worse=tuple(worse),
        new=tuple(new),
        gone=tuple(Change(id, was.text, was.state, "") for id, was in earlier.items() if id not in present),
        baseline=baseline,
        notes=tuple(notes),
    )
