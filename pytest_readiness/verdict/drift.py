"""Drift: where the checklist says one thing and the machine another, and what changed since an earlier run."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_readiness.core.problems import Problem, ProblemsError
from pytest_readiness.plan.plan import UNBOUND
from pytest_readiness.verdict.result import STATES, State

if TYPE_CHECKING:
    from pytest_readiness.verdict.judging import ItemVerdict


@dataclass(frozen=True, slots=True)
class Baseline:
    """An earlier result.

    Attributes:
        score: its score, 0 to 100.
        when: when it began, as it says.
        states: state of each item by full id.
        texts: text of each item by full id.
    """

    score: float | None
    when: str
    states: Mapping[str, State]
    texts: Mapping[str, str]


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
class Drift:
    """What does not fit together.

    Attributes:
        ticked: items ticked by hand that failed or could not be verified.
        unbound: items that nothing answers.
        better, worse, new, gone: changes since the baseline; empty without one.
        expired: waivers past their day.
        needless: waivers of items that pass.
        baseline: what was compared with.
    """

    ticked: tuple[Change, ...] = ()
    unbound: tuple[str, ...] = ()
    better: tuple[Change, ...] = ()
    worse: tuple[Change, ...] = ()
    new: tuple[Change, ...] = ()
    gone: tuple[Change, ...] = ()
    expired: tuple[str, ...] = ()
    needless: tuple[str, ...] = ()
    baseline: Baseline | None = None


def read_baseline(path: Path) -> Baseline:
    """Read the result of an earlier run.

    Raises:
        ProblemsError: it is no result of this program, or of a part of a run only.
    """
    from pytest_readiness.verdict.result_file import outcome_of, read_result

    file = read_result(path, "baseline")
    if file.shard is not None:
        message = f"This is shard {file.shard}, a part of a run; `readiness merge` makes one result of all its shards."
        raise ProblemsError([Problem(path, 0, message)])
    outcome = outcome_of(file)
    return Baseline(
        score=outcome.verdict.score,
        when=outcome.provenance.started,
        states={item.full_id: item.state for item in outcome.verdict.items},
        texts={item.full_id: item.item.text for item in outcome.verdict.items},
    )


def find_drift(
    items: Sequence[ItemVerdict],
    known: Collection[str],
    waived: Collection[str],
    expired: Collection[str],
    baseline: Baseline | None,
) -> Drift:
    """Return what does not fit together.

    Args:
        items: the items of this run.
        known: full ids of all items of its checklists.
        waived: items that have a waiver.
        expired: those whose waiver is past its day.
        baseline: an earlier result, where there is one.
    """
    better, worse, new = [], [], []
    states = baseline.states if baseline is not None else {}
    texts = baseline.texts if baseline is not None else {}
    for item in items if baseline is not None else ():
        before = states.get(item.full_id)
        change = Change(item.full_id, item.item.text, before or "", item.state)
        if before is None:
            new.append(change)
        elif STATES.index(item.state) > STATES.index(before):
            better.append(change)
        elif STATES.index(item.state) < STATES.index(before):
            worse.append(change)
    present = frozenset(known)
    gone = [Change(full, texts[full], before, "") for full, before in states.items() if full not in present]
    return Drift(
        ticked=tuple(
            Change(item.full_id, item.item.text, "ticked", item.state)
            for item in items
            if item.item.ticked and item.state in ("failed", "error")
        ),
        unbound=tuple(
            item.full_id
            for item in items
            if item.state == "unverified"
            and any(result.evidence == UNBOUND and not result.check for result in item.results)
        ),
        better=tuple(better),
        worse=tuple(worse),
        new=tuple(new),
        gone=tuple(gone),
        expired=tuple(item.full_id for item in items if item.full_id in expired),
        needless=tuple(item.full_id for item in items if item.full_id in waived and item.state == "passed"),
        baseline=baseline,
    )
