"""The verdict: the state of every item, the score, and GO or NO-GO."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from pytest_readiness.checklist.model import Item, Section
from pytest_readiness.config.model import Policy
from pytest_readiness.core.registry import SEVERITIES, Severity
from pytest_readiness.people.decisions import Waiver
from pytest_readiness.plan.plan import Plan
from pytest_readiness.verdict.drift import Baseline, Drift, find_drift
from pytest_readiness.verdict.result import State, TestResult, worst

OPEN: tuple[State, ...] = ("failed", "error", "unverified")
"""States of an item that keep a release from being ready."""
DID_NOT_RUN = "did not run: the run ended before it"
"""Evidence of a test that was selected and has no result."""


@dataclass(frozen=True, slots=True)
class ItemVerdict:
    """An item and what its tests found.

    Attributes:
        item: the item.
        full_id: its id over all checklists.
        section: its section.
        severity: how bad it is if it is open.
        state: the worst of its tests' states; a group's, of its items'.
        results: its tests, in order; empty for a group.
        weight: how much it counts in the score; 0 for a group, and where it does not apply or is waived.
        waiver: who accepts that it fails, where somebody does or did.
    """

    item: Item
    full_id: str
    section: Section
    severity: Severity
    state: State
    results: tuple[TestResult, ...]
    weight: float
    waiver: Waiver | None = None

    @property
    def open(self) -> bool:
        """Whether it keeps the release from being ready."""
        return self.state in OPEN


@dataclass(frozen=True, slots=True)
class SectionVerdict:
    """A section of a checklist with its items: leaves and groups in the order of the document."""

    checklist: str
    section: Section
    items: tuple[ItemVerdict, ...]
    score: float | None

    @property
    def leaves(self) -> tuple[ItemVerdict, ...]:
        """The items that count."""
        return tuple(item for item in self.items if not item.item.is_group)


@dataclass(frozen=True)
class Verdict:
    """The outcome of a run.

    Attributes:
        go: whether the release may go.
        score: 0 to 100, over the items of this run that apply and are not waived; None where there are none.
        sections: every section with items of this run.
        selected: number of items of this run.
        total: number of items of its checklists.
        reasons: why it is NO-GO, as clauses.
        policy: what decided.
        counts: number of items in each state.
        drift: what does not fit together, and what changed.
        shard: which part of a run it is about ("1 of 3"), or ""; a part is never GO.
    """

    go: bool
    score: float | None
    sections: tuple[SectionVerdict, ...]
    selected: int
    total: int
    reasons: tuple[str, ...]
    policy: Policy
    counts: Mapping[State, int] = field(default_factory=dict)
    drift: Drift = field(default_factory=Drift)
    shard: str = ""

    @property
    def sound(self) -> bool:
        """Whether it is GO, or would be if its part were the whole."""
        return self.go or self.reasons == shard_reasons(self.shard) != ()

    @property
    def items(self) -> tuple[ItemVerdict, ...]:
        """All items that count, in the order of the documents."""
        return tuple(item for section in self.sections for item in section.leaves)

    @property
    def open_items(self) -> tuple[ItemVerdict, ...]:
        """What is open, worst first."""
        return tuple(
            sorted(
                (item for item in self.items if item.open),
                key=lambda item: (SEVERITIES.index(item.severity), OPEN.index(item.state)),
            )
        )

    @property
    def partial(self) -> bool:
        """Whether items of the checklists were left out of this run."""
        return self.selected < self.total


def judge(
    plan: Plan,
    results: Sequence[TestResult],
    expected: Iterable[str],
    *,
    today: date,
    baseline: Baseline | None = None,
    shard: str = "",
    team_missing: int = 0,
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
    """
    by_item: dict[str, list[TestResult]] = {}
    for result in results:
        by_item.setdefault(result.item, []).append(result)
    found = {result.test for result in results}
    missing = set(expected) - found
    for test in plan.tests():
        if test.key in missing:
            by_item.setdefault(test.full_item, []).append(
                TestResult(
                    test=test.key,
                    item=test.full_item,
                    state="unverified",
                    severity=test.severity,
                    target=plan.configuration.target.name,
                    check=test.check.id if test.check else "",
                    resource=test.resource.name if test.resource else "",
                    evidence=DID_NOT_RUN,
                )
            )
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
    drift = find_drift(_leaves(sections), everything, waivers, expired, baseline)
    return conclude(sections, len(everything), policy, drift, shard, team_missing)


def conclude(
    sections: tuple[SectionVerdict, ...],
    total: int,
    policy: Policy,
    drift: Drift,
    shard: str = "",
    team_missing: int = 0,
) -> Verdict:
    """Return the verdict that follows from the states of items.

    Args:
        sections: every section with items of this run.
        total: number of items of its checklists.
        policy: what decides.
        drift: what does not fit together, and what changed.
        shard: which part of a run it is about, or "". What only the whole can tell is then left open: the scores of
            sections, the drop of the score, and that nothing at all was seen to hold.
        team_missing: number of the team's own tests that were selected and did not run.
    """
    items = _leaves(sections)
    score = score_of(items)
    reasons = (*shard_reasons(shard), *_reasons(items, score, policy))
    if not shard:
        if not any(item.state == "passed" for item in items):
            reasons = ("no item was seen to hold", *reasons)
        reasons = (*reasons, *_section_reasons(sections, policy), *_drop_reasons(score, policy, drift.baseline))
    if team_missing:
        reasons = (*reasons, f"{team_missing} of the team's own tests did not run")
    counts: dict[State, int] = {}
    for item in items:
        counts[item.state] = counts.get(item.state, 0) + 1
    return Verdict(not reasons, score, sections, len(items), total, reasons, policy, counts, drift, shard)


def shard_reasons(shard: str) -> tuple[str, ...]:
    """Why a part of a run is no GO, whatever it found."""
    return (f"this is shard {shard}, and a release is decided on all of them (readiness merge)",) if shard else ()


def _leaves(sections: Iterable[SectionVerdict]) -> list[ItemVerdict]:
    return [item for section in sections for item in section.leaves]


def judge_section(
    checklist: str,
    section: Section,
    by_item: Mapping[str, list[TestResult]],
    severities: Mapping[str, Severity],
    policy: Policy,
    waivers: Mapping[str, Waiver],
) -> SectionVerdict | None:
    """Return the states of a section's items, or None where none of them has a result.

    Args:
        checklist: name of its checklist.
        section: the section.
        by_item: results by full item id, in order.
        severities: of its items, by item id.
        policy: what an item weighs.
        waivers: by full item id.
    """

    def judged(item: Item) -> list[ItemVerdict]:
        full = f"{checklist}:{item.id}"
        if not item.is_group:
            tests = by_item.get(full)
            if not tests:
                return []
            severity = severities[item.id]
            state = worst(test.state for test in tests)
            weight = 0.0 if state in ("not applicable", "waived") else float(getattr(policy.weights, severity))
            return [ItemVerdict(item, full, section, severity, state, tuple(tests), weight, waivers.get(full))]
        below = [made for child in item.children for made in judged(child)]
        if not below:
            return []
        leaves = [each for each in below if not each.item.is_group]
        severity = min((each.severity for each in leaves), key=SEVERITIES.index)
        return [ItemVerdict(item, full, section, severity, worst(each.state for each in leaves), (), 0.0), *below]

    made = tuple(each for item in section.items for each in judged(item))
    leaves = [each for each in made if not each.item.is_group]
    return SectionVerdict(checklist, section, made, score_of(leaves)) if leaves else None


def score_of(items: Iterable[ItemVerdict]) -> float | None:
    """Return the weighted share of passed items, 0 to 100, or None where none counts.

    Items that do not apply do not count; waived ones are shown apart and do not count either way.
    """
    counting = [item for item in items if item.weight]
    whole = sum(item.weight for item in counting)
    if not whole:
        return None
    # Weights such as 0.1 have no exact sum, and 90 must not fall short of 90 for that.
    return round(100 * sum(item.weight for item in counting if item.state == "passed") / whole, 9)


def _reasons(items: Sequence[ItemVerdict], score: float | None, policy: Policy) -> tuple[str, ...]:
    reasons = []
    blocking = SEVERITIES[: SEVERITIES.index(policy.block) + 1]
    for severity in blocking:
        count = sum(item.open and item.severity == severity for item in items)
        if count:
            reasons.append(f"{count} {severity} item{'s are' if count > 1 else ' is'} open")
    if score is not None and score < policy.min_score:
        reasons.append(f"the score {shown(score)} is below {policy.min_score:g}")
    return tuple(reasons)


def _section_reasons(sections: Sequence[SectionVerdict], policy: Policy) -> tuple[str, ...]:
    return tuple(
        f"section {section.section.id} scores {shown(section.score)}, below {minimum:g}"
        for section in sections
        if (minimum := policy.sections.get(section.section.id)) is not None
        and section.score is not None
        and section.score < minimum
    )


def _drop_reasons(score: float | None, policy: Policy, baseline: Baseline | None) -> tuple[str, ...]:
    if policy.max_drop is None:
        return ()
    if baseline is None:
        return ("the policy bounds the drop of the score, and there is no baseline (--readiness-baseline FILE)",)
    if score is None or baseline.score is None:
        return ()
    drop = baseline.score - score
    if drop <= policy.max_drop:
        return ()
    return (f"the score fell by {drop:.1f} since the baseline of {baseline.when}; {policy.max_drop:g} is allowed",)


def headline(verdict: Verdict, replayed_from: str) -> str:
    """Return the word of a verdict, which in a replay can not be taken for that of a run that looked.

    Args:
        verdict: the verdict.
        replayed_from: when the recording that was judged was made, or "".
    """
    word = f"SHARD {verdict.shard}" if verdict.shard else "GO" if verdict.go else "NO-GO"
    return f"{word} (replayed from {replayed_from})" if replayed_from else word


def replay_notice(replayed_from: str) -> str:
    """Return the sentence that stands below the verdict of a replay, or ""."""
    if not replayed_from:
        return ""
    return f"REPLAY: this was judged from a recording of {replayed_from}; nothing was looked at now."


def shown(score: float | None) -> str:
    """Return a score for people, cut, not rounded, so that 89.96 is never shown as 90."""
    return "–" if score is None else f"{int(score * 10) / 10:.1f}"
