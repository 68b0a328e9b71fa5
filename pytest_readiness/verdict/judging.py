"""The verdict: the state of every item, the score, and GO or NO-GO."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from pytest_readiness.checklist.model import Item, Section
from pytest_readiness.config.model import Policy
from pytest_readiness.core.registry import SEVERITIES, Severity
from pytest_readiness.core.unverified import UNVERIFIED_KINDS
from pytest_readiness.people.decisions import Waiver
from pytest_readiness.plan.plan import Plan, PlannedTest
from pytest_readiness.verdict.drift import BaselineRecord, DriftRecord, find_drift, renamed
from pytest_readiness.verdict.items import (
    OPEN,
    GroupRecord,
    LeafRecord,
    SectionRecord,
    leaves_of,
    weight_of,
    worst_of,
)
from pytest_readiness.verdict.result import State, TestResult, worst

NO_GO = 6
"""Exit code: NO-GO, though no test failed, because something is unverified, unsigned or could not be verified."""
NEEDLESS = "the waiver is no longer needed"
"""Warning of the tests of an item that passes and is waived."""
PART_HOLDS = 10
"""Exit code: nothing speaks against what was looked at, but that was not all. Beyond those that pytest may yet take."""
ENDED = (0, 1, NO_GO, PART_HOLDS)
"""Exit codes of runs that came to their end."""
DID_NOT_RUN = "did not run: the run ended first"
"""Evidence of a test that was selected and has no result."""
DIED = "could not verify: the process that ran it died"
"""Evidence of a test that took its process with it."""
NAMED = 5
"""Troubles that are named among the reasons."""


@dataclass(frozen=True)
class VerdictRecord:
    """The verdict.

    Attributes:
        go: whether the release may go; never for a part.
        score: 0 to 100, or null where no item counts.
        reasons: why it is NO-GO.
        selected: number of items of this run of which no test was left out.
        total: number of items of its checklists.
        counts: number of items in each state.
        policy: what decided.
        omitted: what of the whole run was left out beside items, a phrase each.
        troubles: what went wrong beside the items, a phrase each; all of it is in the reasons.
    """

    go: bool
    score: float | None
    reasons: tuple[str, ...]
    selected: int
    total: int
    counts: dict[State, int]
    policy: Policy
    omitted: tuple[str, ...] = field(default=(), kw_only=True)
    troubles: tuple[str, ...] = field(default=(), kw_only=True)


@dataclass(frozen=True)
class Verdict(VerdictRecord):
    """The verdict with what it was reached from.

    Attributes:
        sections: every section with items of this run.
        drift: what does not fit together, and what changed.
        shard: which part of a run it is about ("1 of 3"), or "".
    """

    sections: tuple[SectionRecord, ...]
    drift: DriftRecord
    shard: str = ""

    @property
    def sound(self) -> bool:
        """Whether it is GO, or would be if its part were the whole."""
        return not self.reasons

    @property
    def items(self) -> tuple[LeafRecord, ...]:
        """All items that count, in the order of the documents."""
        return tuple(item for section in self.sections for item in section.leaves)

    @property
    def open_items(self) -> tuple[LeafRecord, ...]:
        """What is open: what failed, what could not be verified, then what is unverified, by kind.

        In each of these the worst come first.
        """
        return tuple(
            sorted(
                (item for item in self.items if item.open),
                key=lambda item: (
                    OPEN.index(item.state),
                    UNVERIFIED_KINDS.index(item.kind),
                    SEVERITIES.index(item.severity),
                ),
            )
        )

    @property
    def part(self) -> tuple[str, ...]:
        """Why this is not a verdict on all that readiness.yaml declares, a phrase each; empty where it is."""
        if self.shard:
            return f"this is shard {self.shard} (readiness merge joins all of them)", *self.omitted
        chosen = f"{self.selected} of {self.total} items were fully selected"
        return (chosen, *self.omitted) if self.selected < self.total else self.omitted

    @property
    def partial(self) -> bool:
        """Whether less was looked at than readiness.yaml declares."""
        return bool(self.part)


def judge(
    plan: Plan,
    results: Sequence[TestResult],
    expected: Iterable[str],
    *,
    today: date,
    baseline: BaselineRecord | None = None,
    shard: str = "",
    team_missing: int = 0,
    left_out: Iterable[str] = (),
    answers: Mapping[str, str] | None = None,
    died: Container[str] = (),
    omitted: Sequence[str] = (),
    troubles: Sequence[str] = (),
) -> Verdict:
    """Return the verdict on a run.

    Args:
        plan: what was planned.
        results: what the tests found.
        expected: the tests that were selected to run, by key; one without a result did not run and is unverified.
        today: the day, in UTC, by which waivers end.
        baseline: an earlier result to compare with.
        shard: which part of a run the results are ("1 of 3"), or "" for a whole one.
        team_missing: number of the team's own tests that were selected and did not run.
        left_out: full ids of items that a test of the team's own answers which was not selected.
        answers: full id of the item that a test of the team's own answers, by its key.
        died: keys of tests that took their process with them.
        omitted: what of the whole run was left out beside items, a phrase each.
        troubles: what went wrong beside the items, a phrase each.
    """
    by_item: dict[str, list[TestResult]] = {}
    for result in results:
        by_item.setdefault(result.item, []).append(result)
    found = {result.test for result in results}
    chosen = set(expected) | found
    missing = chosen - found
    for lost in _lost(plan, missing, answers or {}, died):
        by_item.setdefault(lost.item, []).append(lost)
    cut = cut_items(plan, chosen, by_item)
    own = answers or {}
    ended_first = team_missing + sum(key not in died and key not in own for key in missing)
    if ended_first:
        those = "1 test" if ended_first == 1 else f"{ended_first} tests"
        omitted = (*omitted, f"{those} did not run, because the run ended first")
    order = {test.key: number for number, test in enumerate(plan.tests())}
    for tests in by_item.values():
        tests.sort(key=lambda result: (order.get(result.test, len(order)), result.test))
    policy = plan.configuration.target.policy
    waivers = plan.decisions.waivers
    sections = tuple(
        made
        for planned in plan.checklists.values()
        for section in planned.checklist.sections
        if (made := judge_section(planned.checklist.name, section, by_item, planned.severities, policy, waivers))
        is not None
    )
    everything = [
        f"{planned.checklist.name}:{item.id}"
        for planned in plan.checklists.values()
        for item in planned.checklist.leaves()
    ]
    expired = [full for full, waiver in waivers.items() if waiver.expires < today]
    # What other shards run was not left out.
    left = frozenset() if shard else cut.union(left_out)
    whole = [full for full in waivers if full not in left]
    if not shard:
        sections = noted(sections, [full for full in whole if full not in expired])
    if baseline is not None:
        baseline = renamed(baseline, everything, plan.former)
    drift = find_drift(_leaves(sections), everything, whole, expired, baseline, plan.notes)
    return conclude(sections, len(everything), policy, drift, shard, team_missing, left, omitted, troubles)


def noted(sections: Sequence[SectionRecord], waived: Container[str]) -> tuple[SectionRecord, ...]:
    """Return the sections with a note at each item that passes as a whole although it is waived.

    Args:
        sections: every section with items of this run.
        waived: full ids of items that have a waiver, of which no test was left out.
    """

    def told(item: GroupRecord | LeafRecord) -> GroupRecord | LeafRecord:
        if isinstance(item, GroupRecord):
            return replace(item, items=tuple(map(told, item.items)))
        if item.id not in waived or item.state != "passed":
            return item
        # Shards of earlier versions hold the note already.
        warnings = (
            test.warning if NEEDLESS in test.warning else "; ".join(filter(None, (test.warning, NEEDLESS)))
            for test in item.tests
        )
        tests = (replace(test, warning=warning) for test, warning in zip(item.tests, warnings, strict=True))
        return replace(item, tests=tuple(tests))

    return tuple(replace(section, items=tuple(map(told, section.items))) for section in sections)


def _lost(
    plan: Plan, missing: Container[str], answers: Mapping[str, str], died: Container[str]
) -> Iterator[TestResult]:
    """A result for each selected test that answers an item and has none."""
    first: dict[str, PlannedTest] = {}
    for test in plan.tests():
        first.setdefault(test.full_item, test)
    planned = [(test.key, test, test.check.id if test.check else "", test.resource) for test in plan.tests()]
    own = [
        (key, first[item], key.removeprefix(f"{first[item].checklist}:"), None)
        for key, item in answers.items()
        if item in first
    ]
    for key, test, check, resource in (*planned, *own):
        if key in missing:
            yield TestResult(
                test=key,
                item=test.full_item,
                state="error" if key in died else "unverified",
                severity=test.severity,
                target=plan.configuration.target.name,
                check=check,
                resource=resource.name if resource else "",
                evidence=DIED if key in died else DID_NOT_RUN,
                kind="" if key in died else "not run",
            )


def conclude(
    sections: tuple[SectionRecord, ...],
    total: int,
    policy: Policy,
    drift: DriftRecord,
    shard: str = "",
    team_missing: int = 0,
    left_out: Container[str] = (),
    omitted: Sequence[str] = (),
    troubles: Sequence[str] = (),
) -> Verdict:
    """Return the verdict that follows from the states of items.

    Args:
        sections: every section with items of this run.
        total: number of items of its checklists.
        policy: what decides.
        drift: what does not fit together, and what changed.
        shard: which part of a run it is about, or "". What only the whole can tell is then left open: the scores of
            sections, the drop of the score, and that no item at all passed.
        team_missing: number of the team's own tests that were selected and did not run.
        left_out: full ids of items of which tests were left out.
        omitted: what of the whole run was left out beside items, a phrase each.
        troubles: what went wrong beside the items, a phrase each.
    """
    items = _leaves(sections)
    score = score_of(items)
    reasons = _reasons(items, score, policy)
    # A part without any item says nothing about items, neither good nor bad.
    if not shard and (items or not total):
        if not any(item.state == "passed" for item in items):
            reasons = ("no item passed" if total else "readiness.yaml names no checklist with an item", *reasons)
        elif score is None:
            reasons = ("there is no score: nothing that passed or is open has a weight", *reasons)
        reasons = (*reasons, *_section_reasons(sections, policy), *_drop_reasons(score, policy, drift.baseline))
    if team_missing:
        reasons = (*reasons, f"{team_missing} of the team's own tests did not run")
    reasons = (*reasons, *troubles[:NAMED])
    if len(troubles) > NAMED:
        reasons = (*reasons, f"{len(troubles) - NAMED} more such troubles")
    counts: dict[State, int] = {}
    for item in items:
        counts[item.state] = counts.get(item.state, 0) + 1
    verdict = Verdict(
        go=False,
        score=score,
        reasons=reasons,
        selected=sum(item.id not in left_out for item in items),
        total=total,
        counts=counts,
        policy=policy,
        sections=sections,
        drift=drift,
        shard=shard,
        omitted=tuple(omitted),
        troubles=tuple(troubles),
    )
    return replace(verdict, go=verdict.sound and not verdict.partial)


def cut_items(plan: Plan, chosen: Container[str], answered: Container[str]) -> set[str]:
    """Return the full ids of items of which a planned test was left out.

    Args:
        plan: what was planned.
        chosen: keys of the tests that were selected.
        answered: full ids of items that a test of the team's own answers, so that none has to say that nothing does.
    """
    return {
        test.full_item
        for test in plan.tests()
        if test.key not in chosen and not (test.check is None and test.signoff is None and test.full_item in answered)
    }


def _leaves(sections: Iterable[SectionRecord]) -> list[LeafRecord]:
    return [item for section in sections for item in section.leaves]


def judge_section(
    checklist: str,
    section: Section,
    by_item: Mapping[str, list[TestResult]],
    severities: Mapping[str, Severity],
    policy: Policy,
    waivers: Mapping[str, Waiver],
) -> SectionRecord | None:
    """Return a section with the states of its items, or None where none of them has a result.

    Args:
        checklist: name of its checklist.
        section: the section.
        by_item: results by full item id, in order.
        severities: of its items, by item id.
        policy: what an item weighs.
        waivers: by full item id.
    """

    def judged(items: Iterable[Item]) -> Iterator[GroupRecord | LeafRecord]:
        for item in items:
            full = f"{checklist}:{item.id}"
            said: dict[str, Any] = {
                "id": full,
                "text": item.text,
                "line": item.line,
                "ticked": item.ticked,
                "detail": item.detail,
            }
            if item.is_group:
                if below := tuple(judged(item.children)):
                    severity, state = worst_of(below)
                    yield GroupRecord(severity=severity, state=state, weight=0.0, items=below, **said)
            elif tests := by_item.get(full):
                severity, state = severities[item.id], worst(test.state for test in tests)
                yield LeafRecord(
                    severity=severity,
                    state=state,
                    weight=weight_of(state, severity, policy),
                    waiver=waivers.get(full),
                    tests=tuple(tests),
                    **said,
                )

    made = tuple(judged(section.items))
    if not made:
        return None
    return SectionRecord(
        checklist, section.id, section.title, section.path, section.line, score_of(leaves_of(made)), made
    )


def score_of(items: Iterable[LeafRecord]) -> float | None:
    """Return the weighted share of passed items, 0 to 100, or None where none counts.

    Items that do not apply do not count; waived ones are shown apart and do not count either way.
    """
    counting = [item for item in items if item.weight]
    whole = sum(item.weight for item in counting)
    if not whole:
        return None
    # Weights such as 0.1 have no exact sum, and 90 must not fall short of 90 for that.
    return round(100 * sum(item.weight for item in counting if item.state == "passed") / whole, 9)


def contradiction(verdict: Verdict) -> str:
    """Return how a verdict that was read from a file contradicts the items beside it, as a clause, or ""."""
    score = score_of(verdict.items)
    if (score is None) != (verdict.score is None) or not math.isclose(score or 0, verdict.score or 0, abs_tol=1e-9):
        return f"its items add up to a score of {shown(score)}, and it says {shown(verdict.score)}"
    counts = Counter(item.state for item in verdict.items)
    if counts != Counter(verdict.counts):
        return "it counts other states than its items have"
    against = (*_reasons(verdict.items, score, verdict.policy), *verdict.troubles)
    if against and not verdict.reasons:
        return f"it names no reason for NO-GO, and this is one: {against[0]}"
    if verdict.go and verdict.reasons:
        return f"it says GO, and names a reason for NO-GO: {verdict.reasons[0]}"
    return ""


def _reasons(items: Sequence[LeafRecord], score: float | None, policy: Policy) -> tuple[str, ...]:
    reasons = []
    blocking = SEVERITIES[: SEVERITIES.index(policy.block) + 1]
    for severity in blocking:
        count = sum(item.open and item.severity == severity for item in items)
        if count:
            reasons.append(f"{count} {severity} item{'s are' if count > 1 else ' is'} open")
    if score is not None and score < policy.min_score:
        reasons.append(f"the score {shown(score)} is below {policy.min_score:g}")
    return tuple(reasons)


def _section_reasons(sections: Sequence[SectionRecord], policy: Policy) -> tuple[str, ...]:
    return tuple(
        f"section {section.id} scores {shown(section.score)}, below {minimum:g}"
        for section in sections
        if (minimum := policy.sections.get(section.id)) is not None
        and section.score is not None
        and section.score < minimum
    )


def _drop_reasons(score: float | None, policy: Policy, baseline: BaselineRecord | None) -> tuple[str, ...]:
    if policy.max_drop is None:
        return ()
    if baseline is None:
        return ("the policy bounds the drop of the score, and there is no baseline (--readiness-baseline FILE)",)
    if baseline.score is None:
        return (f"the policy bounds the drop of the score, and the baseline of {baseline.when} has none",)
    if score is None:
        return ()
    drop = baseline.score - score
    if drop <= policy.max_drop:
        return ()
    return (f"the score fell by {drop:.1f} since the baseline of {baseline.when}; {policy.max_drop:g} is allowed",)


def exit_code(verdict: Verdict) -> int:
    """Return the exit code of a verdict: 0 GO, 1 NO-GO and a test failed, 6 NO-GO though none did, 10 a part holds."""
    if verdict.sound:
        return PART_HOLDS if verdict.partial else 0
    return 1 if verdict.counts.get("failed") or verdict.troubles else NO_GO


def headline(verdict: Verdict, replayed_from: str) -> str:
    """Return the word of a verdict, which in a replay cannot be mistaken for that of a run that looked.

    Only a whole run is GO; a part of one holds, or is NO-GO.

    Args:
        verdict: the verdict.
        replayed_from: when the recording that was judged was made, or "".
    """
    word = "GO" if verdict.go and not verdict.partial else "this part holds" if verdict.sound else "NO-GO"
    word = f"SHARD {verdict.shard}: {word}" if verdict.shard else word
    return f"{word} (replayed from {replayed_from})" if replayed_from else word


def replay_notice(replayed_from: str) -> str:
    """Return the sentence below the verdict of a replay, or ""."""
    if not replayed_from:
        return ""
    return f"REPLAY: this was judged from a recording of {replayed_from}; nothing was looked at now."


def shown(score: float | None) -> str:
    """Return a score for people, rounded down, so that 89.96 is never shown as 90."""
    return "–" if score is None else f"{int(score * 10) / 10:.1f}"
