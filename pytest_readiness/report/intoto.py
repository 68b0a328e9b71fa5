"""The run as an in-toto statement with a test result, unsigned.

Specification: https://github.com/in-toto/attestation/blob/main/spec/predicates/test-result.md, version 0.1.
"""

from __future__ import annotations

import re
from typing import Any

from pytest_readiness.report.phrases import TOOL, as_json, decision, is_go, version, zulu
from pytest_readiness.verdict.judging import shown
from pytest_readiness.verdict.outcome import Outcome

STATEMENT = "https://in-toto.io/Statement/v1"
PREDICATE = "https://in-toto.io/attestation/test-result/v0.1"
_COMMIT = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")


def statement(outcome: Outcome) -> str:
    """Return the statement.

    It is about the commit, or about the checklists where no commit tells all that was there. The result is PASSED for
    GO with nothing to look at, WARNED for GO with something open or waived or a warning, and FAILED for everything
    else, such as NO-GO, a part, or a replay.
    """
    results = [result for item in outcome.verdict.items for result in item.tests]
    failed = [result.test for result in results if result.state in ("failed", "error")]
    passed = [result.test for result in results if result.state == "passed" and not result.warning]
    sound = {*failed, *passed}
    warned = [each.test for each in results if each.state != "not applicable" and each.test not in sound]
    return as_json(
        {
            "_type": STATEMENT,
            "subject": _subjects(outcome),
            "predicateType": PREDICATE,
            "predicate": {
                "result": "FAILED" if not is_go(outcome) else "WARNED" if failed or warned else "PASSED",
                "configuration": _files(outcome),
                "passedTests": passed,
                "warnedTests": warned,
                "failedTests": failed,
            },
        }
    )


def _subjects(outcome: Outcome) -> list[dict[str, Any]]:
    provenance = outcome.provenance
    about = {
        "tool": f"{TOOL} {version(outcome)}".strip(),
        "target": provenance.target,
        "release": provenance.release,
        "verdict": decision(outcome),
        "score": shown(outcome.verdict.score),
        "reasons": list(outcome.verdict.reasons),
        "part": list(outcome.verdict.part),
        "started": zulu(provenance.started),
        "finished": zulu(provenance.finished),
        "runner": provenance.runner,
    }
    if _COMMIT.fullmatch(provenance.commit):
        name = provenance.release or provenance.target
        return [{"name": name, "digest": {"gitCommit": provenance.commit}, "annotations": about}]
    return [
        {"name": name, "digest": {"sha256": digest}, "annotations": about} for name, digest in provenance.checklists
    ]


def _files(outcome: Outcome) -> list[dict[str, Any]]:
    files = [(each.path, each.sha256) for each in outcome.inputs] or outcome.provenance.checklists
    return [{"name": name, "digest": {"sha256": digest}} for name, digest in files]
