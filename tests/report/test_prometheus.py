from __future__ import annotations

from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from pytest_readiness.report.prometheus import metrics
from pytest_readiness.verdict.outcome import Outcome
from pytest_readiness.verdict.result import STATES, State
from tests.report.making import COMMIT, HOSTILE, all_of, outcome_of, states


def read(outcome: Outcome) -> dict[str, list[tuple[dict[str, str], float]]]:
    families = list(text_string_to_metric_families(metrics(outcome)))
    assert all(family.type == "gauge" and family.documentation for family in families)
    return {family.name: [(sample.labels, sample.value) for sample in family.samples] for family in families}


def test_the_metrics_of_a_run() -> None:
    outcome = outcome_of("# A\n- [ ] a\n- [ ] b\n# B\n- [ ] c\n", states("passed", "failed", "passed"))
    found = read(outcome)
    target = {"target": "prod"}
    assert found["readiness_go"] == [(target, 1)]
    ((labels, score),) = found["readiness_score"]
    assert labels == target
    assert score == pytest.approx(66.666667)
    assert len(found["readiness_items"]) == 4 * len(STATES)
    counts = {(labels["severity"], labels["state"]): value for labels, value in found["readiness_items"]}
    assert {key: value for key, value in counts.items() if value} == {("medium", "passed"): 2, ("medium", "failed"): 1}
    assert found["readiness_section_score"] == [
        ({"target": "prod", "checklist": "release", "section": "a"}, 50),
        ({"target": "prod", "checklist": "release", "section": "b"}, 100),
    ]
    assert found["readiness_run_timestamp_seconds"] == [(target, 1772366405)]
    assert found["readiness_run_duration_seconds"] == [(target, 5)]
    ((info, value),) = found["readiness_info"]
    assert (info["release"], info["commit"], value) == ("1.4.2", COMMIT, 1)


@pytest.mark.parametrize(
    ("state", "fields"), [("failed", {}), ("passed", {"exit_code": 2}), ("passed", {"replayed_from": "2026"})]
)
def test_go_is_1_only_for_a_whole_run_that_looked(state: State, fields: dict[str, Any]) -> None:
    assert read(outcome_of("- [ ] a\n", all_of(state), **fields))["readiness_go"] == [({"target": "prod"}, 0)]


def test_a_score_that_there_is_not_has_no_sample() -> None:
    found = read(outcome_of("- [ ] a\n", all_of("not applicable")))
    assert "readiness_score" not in found
    assert "readiness_section_score" not in found


def test_labels_are_escaped() -> None:
    name = 'a\\b"c\nd\\n{x="y"} 1'
    outcome = outcome_of("- [ ] a\n", all_of("passed"), target=name, release=HOSTILE)
    found = read(outcome)
    assert found["readiness_go"] == [({"target": 'a\\b"c d\\n{x="y"} 1'}, 1)]
    assert "<script>" in found["readiness_info"][0][0]["release"]
    assert len(metrics(outcome).splitlines()) == len(metrics(outcome_of("- [ ] a\n", all_of("passed"))).splitlines())
