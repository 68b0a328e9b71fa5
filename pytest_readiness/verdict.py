"""The verdict: the state of every item, the score, and GO or NO-GO."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from pytest_readiness.checklist import Item, Section
from pytest_readiness.plan import Plan, PlannedChecklist
from pytest_readiness.registry import SEVERITIES, Severity
from pytest_readiness.result import State, TestResult, worst
from pytest_readiness.target.config import Policy

OPEN: tuple[State, ...] = ("failed", "error", "unverified")
"""States of an item that keep a release from being ready."""


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
    """

    item: Item
    full_id: str
    section: Section
    severity: Severity
    state: State
    results: tuple[TestResult, ...]

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
    """

    go: bool
    score: float | None
    sections: tuple[SectionVerdict, ...]
    selected: int
    total: int
    reasons: tuple[str, ...]
    policy: Policy
    counts: Mapping[State, int] = field(default_factory=dict)

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


def judge(plan: Plan, results: Sequence[TestResult], expected: Iterable[str], team_missing: int = 0) -> Verdict:
    """Return the verdict on a run.

    Args:
        plan: what was planned.
        results: what the tests found.
        expected: the tests that were selected to run, by key; one without a result did not run and is unverified.
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
                    evidence="did not run: the run ended before it",
                )
            )
    order = {test.key: number for number, test in enumerate(plan.tests())}
    for tests in by_item.values():
        tests.sort(key=lambda result: (order.get(result.test, len(order)), result.test))
    policy = plan.configuration.target.policy
    sections = tuple(
        made
        for planned in plan.checklists.values()
        for section in planned.checklist.sections
        if (made := _section(planned, section, by_item, policy)) is not None
    )
    items = [item for section in sections for item in section.leaves]
    score = score_of(items, policy)
    total = sum(1 for planned in plan.checklists.values() for _ in planned.checklist.leaves())
    reasons = _reasons(items, score, policy)
    if team_missing:
        reasons += (f"{team_missing} of the team's own tests did not run",)
    counts: dict[State, int] = {}
    for item in items:
        counts[item.state] = counts.get(item.state, 0) + 1
    return Verdict(not reasons, score, sections, len(items), total, reasons, policy, counts)


def _section(
    planned: PlannedChecklist, section: Section, by_item: Mapping[str, list[TestResult]], policy: Policy
) -> SectionVerdict | None:
    made: list[ItemVerdict] = []
    for item in section.items:
        made += _items(item, section, planned, by_item)
    leaves = [item for item in made if not item.item.is_group]
    if not leaves:
        return None
    return SectionVerdict(planned.checklist.name, section, tuple(made), score_of(leaves, policy))


def _items(
    item: Item, section: Section, planned: PlannedChecklist, by_item: Mapping[str, list[TestResult]]
) -> list[ItemVerdict]:
    full = f"{planned.checklist.name}:{item.id}"
    if not item.is_group:
        tests = by_item.get(full)
        if not tests:
            return []
        severity = planned.severities[item.id]
        return [ItemVerdict(item, full, section, severity, worst(test.state for test in tests), tuple(tests))]
    below = [made for child in item.children for made in _items(child, section, planned, by_item)]
    if not below:
        return []
    leaves = [each for each in below if not each.item.is_group]
    severity = min((each.severity for each in leaves), key=SEVERITIES.index)
    return [ItemVerdict(item, full, section, severity, worst(each.state for each in leaves), ()), *below]


def score_of(items: Iterable[ItemVerdict], policy: Policy) -> float | None:
    """Return the weighted share of passed items, 0 to 100, or None where none counts.

    Items that do not apply do not count; waived ones are shown apart and do not count either way.
    """
    weights = policy.weights.model_dump()
    whole = passed = 0.0
    for item in items:
        if item.state in ("not applicable", "waived"):
            continue
        whole += weights[item.severity]
        passed += weights[item.severity] if item.state == "passed" else 0.0
    # Weights such as 0.1 have no exact sum, and 90 must not fall short of 90 for that.
    return round(100 * passed / whole, 9) if whole else None


def _reasons(items: Sequence[ItemVerdict], score: float | None, policy: Policy) -> tuple[str, ...]:
    reasons = []
    if not any(item.state == "passed" for item in items):
        reasons.append("no item was seen to hold")
    blocking = SEVERITIES[: SEVERITIES.index(policy.block) + 1]
    for severity in blocking:
        count = sum(item.open and item.severity == severity for item in items)
        if count:
            reasons.append(f"{count} {severity} item{'s are' if count > 1 else ' is'} open")
    if score is not None and score < policy.min_score:
        reasons.append(f"the score {shown(score)} is below {policy.min_score:g}")
    return tuple(reasons)


def shown(score: float | None) -> str:
    """Return a score for people, cut, not rounded, so that 89.96 is never shown as 90."""
    return "–" if score is None else f"{int(score * 10) / 10:.1f}"
