from __future__ import annotations

import json
from typing import Any

import jsonschema
import pytest

from pytest_readiness.people.decisions import Signature
from pytest_readiness.report.hdf import hdf
from pytest_readiness.verdict.result import STATES, State
from tests.report.making import HOSTILE, all_of, outcome_of, waiver

TEXT = {"type": "string"}
MAYBE = {"type": ["string", "null"]}
OBJECT = {"type": "object"}


def objects(required: str, **properties: Any) -> dict[str, Any]:
    return {"type": "object", "required": required.split(), "properties": properties}


def lists(items: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": items}


RESULT = objects(
    "code_desc start_time status run_time",
    status={"enum": ["passed", "failed", "skipped", "error"]},
    code_desc=TEXT,
    start_time={"type": "string", "format": "date-time"},
    run_time={"type": "number"},
    resource=MAYBE,
    resource_id=MAYBE,
    message=MAYBE,
    skip_message=MAYBE,
)
CONTROL = objects(
    "id title desc impact refs tags code source_location results",
    id=TEXT,
    title=MAYBE,
    desc=MAYBE,
    code=MAYBE,
    descriptions=lists(objects("label data", label=TEXT, data=TEXT)),
    impact={"type": "number", "minimum": 0, "maximum": 1},
    refs=lists(OBJECT),
    tags=OBJECT,
    source_location=objects("", ref=TEXT, line={"type": "number"}),
    results={**lists(RESULT), "minItems": 1},
    waiver_data=objects("expiration_date justification run skipped_due_to_waiver message"),
    attestation_data=objects("control_id explanation frequency status updated updated_by"),
)
SCHEMA = objects(
    "platform profiles statistics version",
    platform=objects("name release", name=TEXT, release=TEXT, target_id=MAYBE),
    version=TEXT,
    statistics=objects("", duration={"type": "number"}, controls=OBJECT),
    profiles=lists(
        objects(
            "name sha256 supports attributes groups controls",
            name=TEXT,
            sha256=TEXT,
            title=MAYBE,
            version=MAYBE,
            summary=MAYBE,
            supports=lists(OBJECT),
            attributes=lists(OBJECT),
            groups=lists(objects("id controls", id=TEXT, title=MAYBE, controls=lists(TEXT))),
            controls=lists(CONTROL),
        )
    ),
)
"""What InSpec's and MITRE's descriptions of the format ask for."""


def shown_by_heimdall(control: dict[str, Any]) -> str:
    """The rule by which Heimdall derives a control's status, in its order."""
    found = [result["status"] for result in control["results"]]
    waived = control.get("waiver_data", {}).get("skipped_due_to_waiver")
    if "error" in found or any(result.get("backtrace") for result in control["results"]):
        return "Profile Error"
    if waived or control["impact"] == 0:
        return "Not Applicable"
    return {"failed": "Failed", "passed": "Passed", "skipped": "Not Reviewed"}[
        next(status for status in ("failed", "passed", "skipped") if status in found)
    ]


def read(text: str) -> dict[str, Any]:
    data: dict[str, Any] = json.loads(text)
    jsonschema.Draft202012Validator(SCHEMA, format_checker=jsonschema.FormatChecker()).validate(data)
    return data


AS: dict[State, str] = {
    "failed": "Failed",
    "error": "Profile Error",
    "unverified": "Not Reviewed",
    "waived": "Failed",
    "passed": "Passed",
    "not applicable": "Not Applicable",
}


@pytest.mark.parametrize("first", STATES)
@pytest.mark.parametrize("second", STATES)
def test_heimdall_shows_no_item_better_than_it_is(first: State, second: State) -> None:
    outcome = outcome_of("- [ ] a\n", lambda _: [{"state": first, "resource": "a"}, {"state": second, "resource": "b"}])
    (item,) = outcome.verdict.items
    (profile,) = read(hdf(outcome))["profiles"]
    (control,) = profile["controls"]
    # Heimdall knows no waived and no worst test: what is waived failed, and an error comes first.
    found = {first, second}
    wanted = AS[item.state]
    if found == {"unverified", "waived"}:
        wanted = "Failed"
    elif found == {"error", "failed"}:
        wanted = "Profile Error"
    assert shown_by_heimdall(control) == wanted


def test_a_control_is_an_item_and_a_result_is_a_test() -> None:
    signature = Signature(by="o@example.com", role="owner", on="2026-02-01", until="2026-05-01")
    outcome = outcome_of(
        "# TLS\n- [ ] HSTS\n  - for a year\n- [ ] Signed\n",
        lambda item: [
            {"state": "waived", "resource": "shop", "resource_kind": "url", "start": 1772366400.5, "seconds": 0.25}
            | {"expected": "a year", "evidence": "a day", "remedy": "Send it."}
            if item.text == "HSTS"
            else {"state": "passed", "check": "signoff", "evidence": "signed", "signatures": (signature,)}
        ],
        severity=lambda _: "critical",
        waivers={"tls/hsts": waiver()},
    )
    data = read(hdf(outcome))
    assert data["platform"] == {"name": "pytest-readiness", "release": "0.1.0", "target_id": "prod"}
    assert data["statistics"]["controls"] == {"passed": {"total": 1}, "skipped": {"total": 0}, "failed": {"total": 1}}
    (profile,) = data["profiles"]
    assert profile["groups"] == [
        {"id": "release/tls", "title": "TLS", "controls": ["release:tls/hsts", "release:tls/signed"]}
    ]
    hsts, signed = profile["controls"]
    assert (hsts["impact"], hsts["desc"], hsts["source_location"]) == (
        0.9,
        "for a year",
        {"ref": "docs/release.md", "line": 2},
    )
    assert hsts["descriptions"] == [{"label": "fix", "data": "Send it."}]
    assert hsts["waiver_data"]["expiration_date"] == "2100-01-01"
    assert hsts["results"] == [
        {
            "status": "failed",
            "code_desc": "hsts[shop]: HSTS",
            "run_time": 0.25,
            "start_time": "2026-03-01T12:00:00.500Z",
            "resource": "url",
            "resource_id": "shop",
            "message": "expected a year; seen: a day",
        }
    ]
    assert signed["attestation_data"]["updated_by"] == "o@example.com"
    assert signed["results"][0]["start_time"] == "2026-03-01T12:00:00Z"


def test_text_of_a_target_is_data() -> None:
    outcome = outcome_of("- [ ] a\n", all_of("failed", evidence=HOSTILE, resource=HOSTILE), target=HOSTILE)
    text = hdf(outcome)
    assert "<script>" in read(text)["profiles"][0]["controls"][0]["results"][0]["message"]
    assert not {"\x1b", "\x00", "\x9b", "\u202e"} & set(text)
    assert "\\u001b" not in text
