from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from google.protobuf import json_format
from in_toto_attestation.predicates.test_result.v0 import test_result_pb2
from in_toto_attestation.v1 import statement_pb2
from in_toto_attestation.v1.statement import Statement

from pytest_readiness.report.intoto import statement
from pytest_readiness.verdict.outcome import Outcome
from pytest_readiness.verdict.result import State
from tests.report.making import COMMIT, HOSTILE, all_of, outcome_of, states


def read(outcome: Outcome) -> dict[str, Any]:
    """The statement, of which the project's own models know every field."""
    text = statement(outcome)
    Statement.copy_from_pb(json_format.Parse(text, statement_pb2.Statement())).validate()
    data: dict[str, Any] = json.loads(text)
    json_format.ParseDict(data["predicate"], test_result_pb2.TestResult())
    assert data["predicate"]["result"] in ("PASSED", "WARNED", "FAILED")
    return data


def test_the_statement_names_commit_files_and_tests() -> None:
    text = "".join(f"- [ ] {name}\n" for name in "abcdef")
    outcome = outcome_of(text, states("passed", "failed", "error", "unverified", "waived", "not applicable"))
    data = read(outcome)
    (subject,) = data["subject"]
    assert subject["name"] == "1.4.2"
    assert subject["digest"] == {"gitCommit": COMMIT}
    assert subject["annotations"]["target"] == "prod"
    predicate = data["predicate"]
    assert [each["name"] for each in predicate["configuration"]] == ["readiness.yaml", "docs/release.md"]
    assert predicate["configuration"][1]["digest"]["sha256"] == dict(outcome.provenance.checklists)["release"]
    assert predicate["passedTests"] == ["release:checklist/a"]
    assert predicate["failedTests"] == ["release:checklist/b", "release:checklist/c"]
    assert predicate["warnedTests"] == ["release:checklist/d", "release:checklist/e"]


@pytest.mark.parametrize(
    ("wanted", "fields", "result"),
    [
        (("passed", "passed"), {}, "PASSED"),
        (("passed", "not applicable"), {}, "PASSED"),
        (("passed", "waived"), {}, "WARNED"),
        (("passed", "failed"), {}, "WARNED"),
        (("failed", "failed"), {}, "FAILED"),
        (("passed", "passed"), {"exit_code": 1}, "FAILED"),
        (("passed", "passed"), {"replayed_from": "2026-01-01"}, "FAILED"),
    ],
)
def test_passed_is_a_whole_run_that_says_go_and_has_nothing_to_look_at(
    wanted: tuple[State, State], fields: dict[str, Any], result: str
) -> None:
    assert read(outcome_of("- [ ] a\n- [ ] b\n", states(*wanted), **fields))["predicate"]["result"] == result


def test_a_part_has_not_passed() -> None:
    outcome = outcome_of("- [ ] a\n- [ ] b\n", lambda item: [{"state": "passed"}] if item.text == "a" else [])
    assert read(outcome)["predicate"]["result"] == "FAILED"


@pytest.mark.parametrize("commit", ["", f"{COMMIT} + changes"])
def test_where_no_commit_tells_what_was_there_it_is_about_the_checklists(commit: str) -> None:
    outcome = replace(outcome_of("- [ ] a\n", all_of("passed"), commit=commit), inputs=())
    data = read(outcome)
    digest = {"sha256": dict(outcome.provenance.checklists)["release"]}
    assert [(each["name"], each["digest"]) for each in data["subject"]] == [("release", digest)]
    assert data["predicate"]["configuration"] == [{"name": "release", "digest": digest}]


def test_text_of_a_target_is_data() -> None:
    text = statement(outcome_of("- [ ] a\n", all_of("failed", resource=HOSTILE), target=HOSTILE, release=HOSTILE))
    assert not {"\x1b", "\x00", "\x9b", "\u202e"} & set(text)
    assert "<script>" in json.loads(text)["subject"][0]["name"]
