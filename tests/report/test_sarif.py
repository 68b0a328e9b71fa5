from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from pytest_readiness.core.registry import Severity
from pytest_readiness.report.sarif import sarif
from pytest_readiness.verdict.outcome import Outcome
from pytest_readiness.verdict.result import State
from tests.report.making import HOSTILE, all_of, outcome_of, waiver

SCHEMA = json.loads((Path(__file__).parents[1] / "schemas" / "sarif-2.1.0-subset.json").read_text("utf-8"))


def read(outcome: Outcome) -> dict[str, Any]:
    data = json.loads(sarif(outcome))
    jsonschema.Draft4Validator(SCHEMA, format_checker=jsonschema.FormatChecker()).validate(data)
    (run,) = data["runs"]
    for result in run["results"]:
        # What the standard asks for beside the schema.
        assert (result["level"] == "none") == (result["kind"] != "fail")
        assert run["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == result["ruleId"]
    assert len({result["partialFingerprints"]["readinessTest/v1"] for result in run["results"]}) == len(run["results"])
    found: dict[str, Any] = run
    return found


def test_the_schema_refuses_what_is_none() -> None:
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft4Validator(SCHEMA).validate({"version": "2.1.0", "runs": [{"results": []}]})


@pytest.mark.parametrize(
    ("state", "severity", "kind", "level"),
    [
        ("failed", "critical", "fail", "error"),
        ("failed", "high", "fail", "error"),
        ("failed", "medium", "fail", "warning"),
        ("failed", "low", "fail", "note"),
        ("passed", "high", "pass", "none"),
        ("error", "high", "open", "none"),
        ("unverified", "high", "open", "none"),
        ("not applicable", "high", "notApplicable", "none"),
    ],
)
def test_states_are_kinds(state: State, severity: Severity, kind: str, level: str) -> None:
    (result,) = read(outcome_of("# A\n\n- [ ] a\n", all_of(state), severity=lambda _: severity))["results"]
    assert (result["kind"], result["level"]) == (kind, level)
    assert "suppressions" not in result


def test_a_result_is_at_its_line_of_the_checklist() -> None:
    run = read(outcome_of("# A\n\n- [ ] a\n", all_of("failed", resource="shop"), path="docs/my release.md"))
    (result,) = run["results"]
    (location,) = result["locations"]
    assert location["physicalLocation"] == {
        "artifactLocation": {"uri": "docs/my%20release.md", "uriBaseId": "%SRCROOT%"},
        "region": {"startLine": 3},
    }
    assert result["message"]["text"] == "a: failed: shop: as it should be"
    assert run["artifacts"][0]["hashes"].keys() == {"sha-256"}


def test_a_waiver_is_an_accepted_suppression() -> None:
    outcome = outcome_of("- [ ] a\n", all_of("waived"), waivers={"checklist/a": waiver()})
    (result,) = read(outcome)["results"]
    assert result["kind"] == "fail"
    assert result["suppressions"] == [
        {
            "kind": "external",
            "status": "accepted",
            "justification": "waived by lead@example.com until 2100-01-01: next month",
        }
    ]


def test_what_a_person_has_to_sign_is_to_be_reviewed() -> None:
    (result,) = read(outcome_of("- [ ] a\n", all_of("unverified", role="owner", check="signoff")))["results"]
    assert result["kind"] == "review"


@pytest.mark.parametrize(("code", "successful"), [(0, True), (1, True), (6, True), (2, False), (3, False)])
def test_an_interrupted_run_was_not_successful(code: int, successful: bool) -> None:
    (invocation,) = read(outcome_of("- [ ] a\n", all_of("passed"), exit_code=code))["invocations"]
    assert (invocation["executionSuccessful"], invocation["exitCode"]) == (successful, code)
    assert (invocation["startTimeUtc"], invocation["endTimeUtc"]) == ("2026-03-01T12:00:00Z", "2026-03-01T12:00:05Z")


def test_text_of_a_target_is_data() -> None:
    outcome = outcome_of("- [ ] \n", all_of("failed", evidence=HOSTILE, resource=HOSTILE), target=HOSTILE)
    assert "<script>" in read(outcome)["results"][0]["message"]["text"]
    assert not {"\x1b", "\x00", "\x9b", "\u202e"} & set(sarif(outcome))
