"""The tests as SARIF 2.1.0, with the line of the checklist as location.

Specification: https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html.
"""

from __future__ import annotations

import hashlib
from typing import Any
from urllib.parse import quote

from pytest_readiness.core.registry import Severity
from pytest_readiness.report.phrases import (
    TOOL,
    as_json,
    checklist_of,
    decision,
    part_of,
    seen,
    version,
    waived_by,
    zulu,
)
from pytest_readiness.verdict.items import LeafRecord
from pytest_readiness.verdict.judging import ENDED
from pytest_readiness.verdict.outcome import Outcome
from pytest_readiness.verdict.result import State, TestResult

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
LEVELS: dict[Severity, str] = {"critical": "error", "high": "error", "medium": "warning", "low": "note"}
KINDS: dict[State, str] = {
    "passed": "pass",
    "failed": "fail",
    "waived": "fail",
    "error": "open",
    "unverified": "open",
    "not applicable": "notApplicable",
}
ROOT = "%SRCROOT%"


def sarif(outcome: Outcome) -> str:
    """Return a run with a rule for each item and a result for each test.

    Failed is kind `fail`, with a level by severity; a waiver is an accepted suppression of it. What could not be
    verified is kind `open`, or `review` where a person has to sign; level `none`, as the standard asks.
    """
    provenance = outcome.provenance
    items = outcome.verdict.items
    paths = {each.checklist: each.path for each in outcome.originals}
    digests = dict(provenance.checklists)
    driver: dict[str, Any] = {"name": TOOL, "rules": [_rule(item) for item in items]}
    if version(outcome):
        driver["version"] = version(outcome)
    invocation: dict[str, Any] = {
        "executionSuccessful": outcome.exit_code in ENDED,
        "exitCode": outcome.exit_code,
        "exitCodeDescription": f"{decision(outcome)}. {part_of(outcome)}".strip(),
        "startTimeUtc": zulu(provenance.started),
        "endTimeUtc": zulu(provenance.finished),
    }
    run = {
        "tool": {"driver": driver},
        "automationDetails": {"id": f"readiness/{provenance.target}/"},
        "invocations": [{key: value for key, value in invocation.items() if value != ""}],
        "artifacts": [
            {"location": _artifact(path), "hashes": {"sha-256": digests[checklist]}}
            for checklist, path in paths.items()
            if checklist in digests
        ],
        "columnKind": "unicodeCodePoints",
        "results": [_result(number, item, result, paths) for number, item in enumerate(items) for result in item.tests],
    }
    return as_json({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]})


def _rule(item: LeafRecord) -> dict[str, Any]:
    remedy = next((result.remedy for result in item.tests if result.remedy), "")
    rule: dict[str, Any] = {
        "id": item.id,
        "shortDescription": {"text": item.text or item.id},
        "defaultConfiguration": {"level": LEVELS[item.severity]},
        "properties": {"tags": ["production-readiness", item.severity]},
    }
    return {**rule, "help": {"text": remedy}} if remedy else rule


def _result(number: int, item: LeafRecord, result: TestResult, paths: dict[str, str]) -> dict[str, Any]:
    kind = KINDS[result.state]
    if result.state == "unverified" and result.role:
        kind = "review"
    where = f"{result.resource}: " if result.resource else ""
    note = f" ({result.warning})" if result.warning else ""
    checklist = checklist_of(item)
    location: dict[str, Any] = {"logicalLocations": [{"fullyQualifiedName": item.id}]}
    if checklist in paths:
        location["physicalLocation"] = {
            "artifactLocation": _artifact(paths[checklist]),
            "region": {"startLine": item.line},
        }
    made: dict[str, Any] = {
        "ruleId": item.id,
        "ruleIndex": number,
        "kind": kind,
        "level": LEVELS[item.severity] if kind == "fail" else "none",
        "message": {"text": f"{item.text}: {result.state}: {where}{seen(result)}{note}"},
        "locations": [location],
        "partialFingerprints": {"readinessTest/v1": hashlib.sha256(result.test.encode()).hexdigest()},
        "properties": {
            "state": result.state,
            "severity": item.severity,
            "check": result.check,
            "resource": result.resource,
        },
    }
    if result.state == "waived":
        made["suppressions"] = [{"kind": "external", "status": "accepted", "justification": waived_by(item)}]
    return made


def _artifact(path: str) -> dict[str, str]:
    return {"uri": quote(path), "uriBaseId": ROOT}
