"""Records of drills and penetration tests, from the file that the documentation shows."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from pytest_readiness.core.domains import load_kinds
from pytest_readiness.core.evidence import ClaimFalse, CouldNotVerify, Evidence
from pytest_readiness.domains.artifact.records import KeptRecord
from pytest_readiness.domains.artifact.resource import ToolReport
from tests.judging import judge

EXAMPLE = (Path(__file__).parents[2] / "data/artifact/records.yaml").read_text()
PDF = b"%PDF-1.7 the report %%EOF"
DRILL: dict[str, Any] = {"kind": "restore", "system": "shop database", "environment": "production"}
PENTEST: dict[str, Any] = {"scope": ["shop.example.com"]}
Judge = Callable[..., Evidence]


@pytest.fixture(autouse=True)
def _day(monkeypatch: pytest.MonkeyPatch) -> None:
    load_kinds()
    monkeypatch.setenv("READINESS_NOW", "2026-11-30")


@pytest.fixture
def records(tmp_path: Path) -> Judge:
    """Judge the example, with some of its text replaced."""
    (tmp_path / "pentest-2026.pdf").write_bytes(PDF)

    def judged(
        *changed: tuple[str, str], text: str = EXAMPLE, name: str = "records.yaml", **parameters: Any
    ) -> Evidence:
        for old, new in changed:
            assert old in text
            text = text.replace(old, new, 1)
        (tmp_path / name).write_text(text)
        id = "artifact.pentest" if "scope" in parameters else "artifact.drill"
        return judge(id, ToolReport(name="records", path=tmp_path / name), **parameters)

    return judged


def test_the_example(records: Judge) -> None:
    assert hashlib.sha256(PDF).hexdigest() in EXAMPLE
    said = records(**DRILL, rto_minutes=60, rpo_minutes=15).text
    assert said.startswith("restore of shop database in production: success on 2026-11-02 by ")
    assert "took 45m, lost 5m, verified: " in said
    said = records(**PENTEST, version="1.4").text
    assert "no finding of medium or above is open (open: 2 low), retest: 2026-10-20" in said


def test_names_are_whole_but_not_sensitive_to_capitals(records: Judge) -> None:
    assert records(("kind: restore", "kind: Restore"), **DRILL)
    for wrong in ({"kind": "rest"}, {"kind": "rollback"}, {"system": "shop"}, {"environment": "staging"}):
        with pytest.raises(CouldNotVerify, match=r"has no record of .*; it has: "):
            records(**{**DRILL, **wrong})


@pytest.mark.parametrize(
    ("changed", "parameters", "seen"),
    [
        ([("outcome: success", "outcome: failed")], {}, "a success as the last restore .*: failed"),
        ([("outcome: success", "outcome: partial")], {}, ": partial"),
        (
            [("on: 2026-11-02", "on: 2026-08-01"), ("on: 2026-08-03", "on: 2026-08-05")],
            {},
            "the last one on 2026-08-05",
        ),
        ([("on: 2026-11-02", "on: 2026-12-24")], {}, "still to come"),
        ([("    verified: counts of all tables compared with the original\n", "")], {}, "does not say how"),
        ([], {"rto_minutes": 44}, "a duration of at most 44 min; seen: 45.0 min"),
        ([("45m", "45h")], {"rto_minutes": 60}, "seen: 2700.0 min"),
        ([], {"rpo_minutes": 4.5}, "a data_loss of at most 4.5 min"),
        ([], {"max_age_days": 20}, "in the last 20 days; seen: the last one on 2026-11-02"),
    ],
    ids=range(9),
)
def test_drill_of_which_one_thing_is_wrong(
    records: Judge, changed: list[tuple[str, str]], parameters: dict[str, Any], seen: str
) -> None:
    with pytest.raises(ClaimFalse, match=seen):
        records(*changed, **{**DRILL, **parameters})


def test_a_newer_failure_counts_and_a_plan_does_not(records: Judge) -> None:
    def more(on: str, outcome: str, kind: str = "restore") -> str:
        start = EXAMPLE.index("  - kind: restore")
        first = EXAMPLE[start : EXAMPLE.index("  - kind:", start + 5)]
        return EXAMPLE + first.replace("2026-11-02", on).replace("success", outcome).replace(
            "kind: restore", f"kind: {kind}"
        )

    for on, outcome, kind in (
        ("2026-11-20", "failed", "restore"),
        ("2026-11-20", "failed", "RESTORE"),
        ("2026-11-02", "failed", "restore"),
        ("2026-11-20", "partial", "restore"),
    ):
        with pytest.raises(ClaimFalse, match="a success as the last"):
            records(text=more(on, outcome, kind), **DRILL)
    assert records(text=more("2027-02-01", "planned"), **DRILL)
    assert records(text=more("2026-10-20", "failed"), **DRILL)
    # The second try of a day counts where the times are known.
    timed = ("on: 2026-11-02", "on: 2026-11-02T15:00:00+01:00")
    assert records(timed, text=more("2026-11-02T10:00:00+01:00", "failed"), **DRILL)
    with pytest.raises(ClaimFalse):
        records(timed, text=more("2026-11-02T16:00:00+01:00", "failed"), **DRILL)


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        (("duration: 45m", "duration: 45"), r"records.yaml:\d+: 'duration' of the record cannot be read"),
        (("duration: 45m", "duration: 45 minutes"), "such as 45m, 2h"),
        (("by: operations", "by: '[Name]'"), "'by' .*still to be filled in"),
        (("by: operations", "by: TODO"), "'by' .*still to be filled in"),
        (("evidence: ticket OPS-118", "evidence: <link>"), "'evidence' .*filled in"),
        (("verified: counts of all", "verified: not yet, counts of all"), "'verified' .*filled in"),
        (("outcome: success", "outcome: ok"), "'outcome'"),
        (("on: 2026-11-02", "on: 02.11.2026"), "'on"),
        (("on: 2026-11-02", "on: 2026-11-02 10:00:00"), "'on"),
        (("on: 2026-11-02", "when: 2026-11-02"), "'on'|'when'"),
        (("    duration: 45m\n", ""), "does not say its 'duration'"),
        (("  - kind", "  - - kind"), "each record must be a mapping|not YAML"),
        (("records:", "entries:"), "'kind'"),
        (("  - kind", "  - kind: [\n"), "not YAML"),
    ],
    ids=range(14),
)
def test_records_that_cannot_be_read(records: Judge, changed: tuple[str, str], reason: str) -> None:
    with pytest.raises(CouldNotVerify, match=reason):
        records(changed, **DRILL, rto_minutes=60)


def test_other_forms(records: Judge) -> None:
    one = {
        **DRILL,
        "on": "2026-11-02",
        "by": "operations",
        "outcome": "success",
        "evidence": "a log",
        "verified": "counts",
    }
    lines = "".join(f"{key}: {value}\n" for key, value in one.items())
    assert records(text=f"---\n{lines}---\n\n# Restore\n\nWhat was done.\n", name="restore.md", **DRILL)
    assert records(text=json.dumps(one), name="restore.json", **DRILL)
    assert records(text=json.dumps({"records": [one]}), name="restore.json", **DRILL)
    for text, name in (
        (lines, "restore.md"),
        ("records: []\n", "x.yaml"),
        ("records: 5\n", "x.yaml"),
        ("\xff", "x.yaml"),
    ):
        with pytest.raises(CouldNotVerify):
            records(text=text, name=name, **DRILL)


@pytest.mark.parametrize(
    ("changed", "parameters", "error", "seen"),
    [
        ([("outcome: final", "outcome: draft")], {}, ClaimFalse, ": draft"),
        ([], {"scope": ["shop.example.com", "pay.example.com"]}, ClaimFalse, "is not about pay.example.com"),
        ([], {"scope": ["pay.example.com"]}, CouldNotVerify, "has no record of a penetration test of pay.example.com"),
        ([("high: 0, medium: 0", "high: 1, medium: 0")], {}, ClaimFalse, "seen: 1 high"),
        ([], {"risk": "low"}, ClaimFalse, "seen: 2 low"),
        ([("    retest: 2026-10-20\n", "")], {}, ClaimFalse, "retest: none"),
        ([("retest: 2026-10-20", "retest: 2026-09-01")], {}, ClaimFalse, "retest: 2026-09-01"),
        ([("retest: 2026-10-20", "retest: 2026-12-20")], {}, ClaimFalse, "retest: 2026-12-20"),
        ([], {"version": "1.5"}, ClaimFalse, "a test of version 1.5"),
        ([("pentest-2026.pdf", "other.pdf")], {}, ClaimFalse, "other.pdf beside the record"),
        (
            [("sha256: ", "sha256: 0000"), (hashlib.sha256(PDF).hexdigest(), hashlib.sha256(PDF).hexdigest()[4:])],
            {},
            ClaimFalse,
            "another file",
        ),
        ([("    report: pentest-2026.pdf\n", "")], {}, CouldNotVerify, "does not name"),
        ([("critical: 0, high: 0, medium: 0, low: 2", "high: 0")], {}, CouldNotVerify, "'open'"),
        ([("low: 2", "low: 99")], {}, CouldNotVerify, "more findings open than were found"),
        ([("report: pentest-2026.pdf", "report: ../pentest-2026.pdf")], {}, CouldNotVerify, "'report'"),
        ([], {"max_age_days": 30}, ClaimFalse, "the last one on 2026-10-05"),
    ],
    ids=range(16),
)
def test_pentest_that_does_not_count(
    records: Judge, changed: list[tuple[str, str]], parameters: dict[str, Any], error: type[Exception], seen: str
) -> None:
    with pytest.raises(error, match=seen):
        records(*changed, **{**PENTEST, **parameters})


def test_nothing_is_asserted(records: Judge) -> None:
    wrongs: list[dict[str, Any]] = [{"scope": []}, {"scope": [""]}, {**DRILL, "kind": ""}, {"kind": "restore"}]
    for wrong in wrongs:
        with pytest.raises(ValidationError):
            records(**wrong)


def test_the_page_shows_the_example_and_each_key() -> None:
    page = (Path(__file__).parents[3] / "docs/records.md").read_text()
    assert EXAMPLE[: EXAMPLE.index("\n\n")] in page
    rows = "".join(line.split("|")[1] for line in page.splitlines() if line.startswith("| `"))
    assert all(f"`{each.name}`" in rows for each in dataclasses.fields(KeptRecord))
