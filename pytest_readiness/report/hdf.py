"""The verdict in the Heimdall Data Format (the JSON of InSpec's runs), for MITRE's Heimdall and SAF CLI."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pytest_readiness.core.registry import Severity
from pytest_readiness.report.phrases import TOOL, as_json, decision, name_of, part_of, seen, started, version, waived_by
from pytest_readiness.verdict.items import LeafRecord, SectionRecord
from pytest_readiness.verdict.outcome import Outcome
from pytest_readiness.verdict.result import TestResult

IMPACT: dict[Severity, float] = {"critical": 0.9, "high": 0.7, "medium": 0.5, "low": 0.3}
"""Heimdall calls an impact of at least 0.9 critical, 0.7 high, 0.4 medium, 0.1 low, and 0 not applicable."""


def hdf(outcome: Outcome) -> str:
    """Return the run with a profile for each checklist, a control for each item and a result for each test.

    Heimdall derives a control's state from its results, and lets one that passed hide those that were skipped. So that
    an item that is open is never shown as passed, what passed of an unverified item is written as skipped, too. A
    waived item is a failed control with its waiver.
    """
    provenance = outcome.provenance
    digests = dict(provenance.checklists)
    names = dict.fromkeys(section.checklist for section in outcome.verdict.sections)
    counts = outcome.verdict.counts
    totals = {
        "passed": counts.get("passed", 0),
        "skipped": counts.get("unverified", 0) + counts.get("not applicable", 0),
        "failed": counts.get("failed", 0) + counts.get("error", 0) + counts.get("waived", 0),
    }
    return as_json(
        {
            "platform": {"name": TOOL, "release": version(outcome), "target_id": provenance.target},
            "version": version(outcome),
            "statistics": {
                "duration": provenance.seconds,
                "controls": {word: {"total": total} for word, total in totals.items()},
            },
            "profiles": [_profile(name, digests.get(name, ""), outcome) for name in names],
        }
    )


def _profile(name: str, digest: str, outcome: Outcome) -> dict[str, Any]:
    provenance = outcome.provenance
    sections = [section for section in outcome.verdict.sections if section.checklist == name]
    path = next((each.path for each in outcome.originals if each.checklist == name), name)
    inputs = {"target": provenance.target, "release": provenance.release, "commit": provenance.commit}
    inputs |= {"verdict": decision(outcome), "part": part_of(outcome)}
    return {
        "name": name,
        "title": f"{name}: production readiness of {provenance.target}{' (a part)' if outcome.verdict.part else ''}",
        "version": provenance.release or None,
        "summary": provenance.description or None,
        "sha256": digest,
        "status": "loaded",
        "supports": [],
        "attributes": [{"name": key, "options": {"value": value}} for key, value in inputs.items() if value],
        "groups": [
            {
                "id": f"{name}/{section.id}",
                "title": section.title or name,
                "controls": [item.id for item in section.leaves],
            }
            for section in sections
        ],
        "controls": [_control(item, section, path, outcome) for section in sections for item in section.leaves],
    }


def _control(item: LeafRecord, section: SectionRecord, path: str, outcome: Outcome) -> dict[str, Any]:
    remedies = dict.fromkeys(result.remedy for result in item.tests if result.remedy)
    control: dict[str, Any] = {
        "id": item.id,
        "title": item.text,
        "desc": item.detail or None,
        "descriptions": [{"label": "fix", "data": remedy} for remedy in remedies],
        "impact": 0.0 if item.state == "not applicable" else IMPACT[item.severity],
        "refs": [],
        "tags": {
            "severity": item.severity,
            "section": section.title,
            "state": item.state,
            "checks": list(_checks(item.tests)),
        },
        "code": None,
        "source_location": {"ref": path, "line": item.line},
        "results": [_result(item, result, outcome) for result in item.tests],
    }
    if item.waiver is not None:
        control["waiver_data"] = {
            "expiration_date": str(item.waiver.expires),
            "justification": f"{item.waiver.reason} ({item.waiver.by})",
            "run": True,
            "skipped_due_to_waiver": False,
            "message": waived_by(item),
        }
    signatures = [signature for result in item.tests for signature in result.signatures]
    if signatures and item.state == "passed":
        last = signatures[0]
        control["attestation_data"] = {
            "control_id": item.id,
            "explanation": "; ".join(result.evidence for result in item.tests if result.signatures),
            "frequency": f"until {last.until}" if last.until else "once",
            "status": "passed",
            "updated": last.on,
            "updated_by": ", ".join(signature.by for signature in signatures),
        }
    return control


def _checks(results: Iterable[TestResult]) -> Iterable[str]:
    return dict.fromkeys(result.check for result in results if result.check)


def _result(item: LeafRecord, result: TestResult, outcome: Outcome) -> dict[str, Any]:
    told = f"{seen(result)}{f' ({result.warning})' if result.warning else ''}"
    status, key = {
        "passed": ("passed", "message"),
        "failed": ("failed", "message"),
        "waived": ("failed", "message"),
        "error": ("error", "message"),
    }.get(result.state, ("skipped", "skip_message"))
    if status == "passed" and item.state == "unverified":
        status, key = "skipped", "skip_message"
        told = f"passed, but another test of this item is unverified: {told}"
    return {
        "status": status,
        "code_desc": f"{name_of(result, item)}: {item.text}",
        "run_time": result.seconds,
        "start_time": started(result, outcome),
        "resource": result.resource_kind or None,
        "resource_id": result.resource or None,
        key: told,
    }
