from __future__ import annotations

import random
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_readiness.checklist.reading import parse_checklist
from pytest_readiness.config.model import Policy, Weights
from pytest_readiness.config.target import Configuration, Target
from pytest_readiness.core.registry import SEVERITIES, Severity
from pytest_readiness.people.decisions import Decisions, Signature
from pytest_readiness.plan.plan import Plan, PlannedChecklist, PlannedTest
from pytest_readiness.verdict.judging import Verdict, exit_code, judge, shown
from pytest_readiness.verdict.result import STATES, State, TestResult, from_properties, worst

Outcome = tuple[Severity, *tuple[State | None, ...]]
"""Severity of an item and the states of its tests; None for a test that did not run."""
PASSED: Outcome = ("low", "passed")
FAILED: Outcome = ("low", "failed")
TODAY = date(2026, 3, 10)


def verdict(*items: Outcome, policy: Policy | None = None, unselected: int = 0, team_missing: int = 0) -> Verdict:
    """Judge a flat checklist of these items, and some more that were not selected."""
    lines = [f"- [ ] item {number}" for number in range(len(items) + unselected)]
    checklist = parse_checklist("# Release\n" + "\n".join(lines), Path("CHECK.md"))
    (section,) = checklist.sections
    tests: list[PlannedTest] = []
    results: list[TestResult] = []
    for item, (severity, *states) in zip(section.items, items, strict=False):
        for number, state in enumerate(states):
            test = PlannedTest(item, section, "CHECK", f"{item.slug}[{number}]", severity)
            tests.append(test)
            if state is not None:
                results.append(TestResult(test.key, test.full_item, state, severity, "prod"))
    severities: dict[str, Severity] = {item.id: "medium" for item in section.items}
    severities.update({item.id: outcome[0] for item, outcome in zip(section.items, items, strict=False)})
    planned = PlannedChecklist(checklist, {section.id: tuple(tests)}, severities, {})
    target = Target("prod", policy=policy or Policy())
    configuration = Configuration(Path("readiness.yaml"), (), (), {}, (), None, "none", None, target, {}, ())
    plan = Plan(configuration, {checklist.path: planned}, Decisions({}, {}, Path()), frozenset())
    return judge(plan, results, [test.key for test in tests], today=TODAY, team_missing=team_missing)


@pytest.mark.parametrize(
    ("state", "go", "score", "code"),
    [
        ("passed", True, 100.0, 0),
        ("waived", True, 100.0, 0),
        ("not applicable", True, 100.0, 0),
        ("failed", False, 50.0, 1),
        ("error", False, 50.0, 6),
        ("unverified", False, 50.0, 6),
        (None, False, 50.0, 6),
    ],
)
def test_what_a_critical_item_in_each_state_means(state: State | None, go: bool, score: float, code: int) -> None:
    made = verdict(("critical", "passed"), ("critical", state))
    assert (made.go, made.score, exit_code(made)) == (go, score, code)
    assert made.items[1].open is not go


def test_a_test_that_did_not_run_leaves_its_item_unverified() -> None:
    made = verdict(("high", "passed", None))
    assert made.items[0].state == "unverified"
    assert made.items[0].tests[1].evidence == "did not run: the run ended first"


@given(st.lists(st.sampled_from(STATES), min_size=1))
def test_an_item_is_as_good_as_its_worst_test(states: list[State]) -> None:
    made = verdict(("low", *states))
    assert made.items[0].state == worst(states)
    for bad in ("failed", "error", "unverified"):
        if bad in states:
            assert made.items[0].open
    assert (made.items[0].state == "passed") == (set(states) <= {"passed", "not applicable"} and "passed" in states)


def test_the_results_of_an_item_stand_in_the_order_of_the_plan() -> None:
    lines = "# Release\n- [ ] item"
    checklist = parse_checklist(lines, Path("CHECK.md"))
    (section,) = checklist.sections
    item = section.items[0]
    tests = tuple(PlannedTest(item, section, "CHECK", f"item[{name}]", "low") for name in ("b", "a", "c"))
    plan = Plan(
        Configuration(Path("readiness.yaml"), (), (), {}, (), None, "none", None, Target("prod"), {}, ()),
        {checklist.path: PlannedChecklist(checklist, {section.id: tests}, {item.id: "low"}, {})},
        Decisions({}, {}, Path()),
        frozenset(),
    )
    keys = [*(test.key for test in tests[:2]), "CHECK:test_own.py::test_x", "CHECK:test_own.py::test_y"]
    results = [TestResult(key, "CHECK:release/item", "passed", "low", "prod") for key in keys]
    orders = set()
    for seed in range(20):
        random.Random(seed).shuffle(results)
        made = judge(plan, results, [test.key for test in tests], today=TODAY)
        orders.add(tuple(result.test.rpartition("/")[2].rpartition("::")[2] for result in made.items[0].tests))
    assert orders == {("item[b]", "item[a]", "item[c]", "test_x", "test_y")}


def test_severities_weigh() -> None:
    made = verdict(("critical", "passed"), ("high", "passed"), ("medium", "failed"), ("low", "unverified"))
    assert made.score == pytest.approx(100 * 15 / 18)
    weights = Weights(critical=1, high=1, medium=1, low=1)
    assert verdict(("critical", "passed"), ("low", "failed"), policy=Policy(weights=weights)).score == 50.0


def test_waived_and_inapplicable_items_do_not_count_in_the_score() -> None:
    made = verdict(("high", "passed"), ("critical", "waived"), ("critical", "not applicable"), ("low", "failed"))
    assert made.score == pytest.approx(100 * 5 / 6)
    assert made.counts == {"passed": 1, "waived": 1, "not applicable": 1, "failed": 1}


@pytest.mark.parametrize("state", ["waived", "not applicable", "unverified", "error", "failed"])
def test_nothing_seen_is_never_go(state: State) -> None:
    lenient = Policy(min_score=0, block="critical")
    made = verdict(("low", state), policy=lenient)
    assert not made.go
    assert "no item passed" in made.reasons
    assert not verdict(policy=lenient, unselected=1).go


def test_reasons_name_what_blocks() -> None:
    made = verdict(("critical", "failed"), ("critical", "error"), ("high", "passed"), ("low", "failed"))
    assert made.reasons == ("2 critical items are open", "the score 19.2 is below 90")


@pytest.mark.parametrize("block", SEVERITIES)
@pytest.mark.parametrize("severity", SEVERITIES)
def test_open_items_block_from_the_policys_severity_up(block: Severity, severity: Severity) -> None:
    made = verdict(("critical", "passed"), (severity, "unverified"), policy=Policy(min_score=0, block=block))
    assert made.go == (SEVERITIES.index(severity) > SEVERITIES.index(block))
    assert made.reasons == (() if made.go else (f"1 {severity} item is open",))


def test_a_failure_that_the_policy_tolerates_is_go() -> None:
    made = verdict(*[PASSED] * 10, FAILED)
    assert made.go
    assert exit_code(made) == 0


def test_open_items_that_failed_stand_first_and_the_worst_of_them_before_the_others() -> None:
    made = verdict(("low", "failed"), ("critical", "unverified"), ("critical", "error"), ("critical", "failed"))
    assert [(item.severity, item.state) for item in made.open_items] == [
        ("critical", "failed"),
        ("low", "failed"),
        ("critical", "error"),
        ("critical", "unverified"),
    ]


def test_the_teams_own_tests_must_all_have_run() -> None:
    made = verdict(("low", "passed"), team_missing=2)
    assert made.reasons == ("2 of the team's own tests did not run",)
    assert not made.go


def test_a_part_is_called_one() -> None:
    made = verdict(("low", "passed"), unselected=3)
    assert (made.partial, made.selected, made.total) == (True, 1, 4)
    assert not verdict(("low", "passed")).partial


@given(
    st.lists(st.sampled_from(SEVERITIES), min_size=1, max_size=50),
    st.lists(st.decimals("0.1", "99", places=1), min_size=4, max_size=4),
)
def test_when_everything_passes_the_score_is_a_hundred(severities: list[Severity], weights: list[float]) -> None:
    policy = Policy(
        min_score=100, weights=Weights.model_validate(dict(zip(SEVERITIES, map(float, weights), strict=True)))
    )
    made = verdict(*[(severity, "passed") for severity in severities], policy=policy)
    assert (made.score, made.go, shown(made.score)) == (100.0, True, "100.0")


@pytest.mark.parametrize(("passed", "of"), [(29, 100), (57, 100), (7, 10), (9, 10), (113, 1000)])
def test_a_score_that_reaches_the_bound_exactly_is_enough(passed: int, of: int) -> None:
    for weight in (1, 0.1, 0.7, 2):
        policy = Policy(min_score=100 * passed / of, weights=Weights(low=weight))
        made = verdict(*[PASSED] * passed, *[FAILED] * (of - passed), policy=policy)
        assert made.go, (made.score, made.reasons)


@pytest.mark.parametrize(("score", "text"), [(None, "–"), (89.96, "89.9"), (90, "90.0"), (99.999, "99.9")])
def test_scores_are_cut_not_rounded(score: float | None, text: str) -> None:
    assert shown(score) == text


@given(st.integers(0, 1000))
def test_a_tenth_is_shown_as_it_is(tenths: int) -> None:
    assert shown(tenths / 10) == f"{tenths // 10}.{tenths % 10}"


def test_a_group_is_as_good_as_its_worst_item() -> None:
    checklist = parse_checklist("# Release\n- [ ] group\n  - [ ] one\n  - [ ] two\n", Path("CHECK.md"))
    (section,) = checklist.sections
    leaves = list(checklist.leaves())
    states: dict[str, State] = {"one": "passed", "two": "error"}
    tests = tuple(PlannedTest(item, section, "CHECK", item.slug, "high") for item in leaves)
    plan = Plan(
        Configuration(Path("readiness.yaml"), (), (), {}, (), None, "none", None, Target("prod"), {}, ()),
        {checklist.path: PlannedChecklist(checklist, {section.id: tests}, {item.id: "high" for item in leaves}, {})},
        Decisions({}, {}, Path()),
        frozenset(),
    )
    results = [TestResult(test.key, test.full_item, states[test.item.slug], "high", "prod") for test in tests]
    made = judge(plan, results, [test.key for test in tests], today=TODAY)
    assert [(item.id.rpartition("/")[2], item.state) for item in made.sections[0].walk()] == [
        ("group", "error"),
        ("one", "passed"),
        ("two", "error"),
    ]
    assert made.score == 50.0


def test_a_result_is_cleaned_where_it_tells_what_was_seen_and_travels_as_user_properties() -> None:
    result = TestResult.cleaned(
        str.upper,
        test="CHECK:a/b[c]",
        item="CHECK:a/b",
        state="failed",
        severity="high",
        target="prod",
        evidence="seen é",
        seconds=0.5,
        signatures=(Signature("somebody", "owner", "2026-01-01"),),
    )
    assert result == TestResult(
        *("CHECK:A/B[C]", "CHECK:a/b", "failed", "high", "prod"),
        evidence="SEEN É",
        seconds=0.5,
        signatures=(Signature("SOMEBODY", "OWNER", "2026-01-01"),),
    )
    result = replace(result, signatures=())
    assert from_properties([("other", 1), *result.properties()]) == result
    assert from_properties([("other", 1)]) is None


@pytest.mark.parametrize("name", ["readiness.note", "readiness.state", "readiness.item"])
def test_properties_of_others_are_no_result(name: str) -> None:
    assert from_properties([(name, "passed")]) is None
