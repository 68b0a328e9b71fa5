"""Outcomes made from a checklist and what was found, without a run."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from pytest_readiness.checklist.model import Checklist, Item
from pytest_readiness.checklist.reading import parse_checklist
from pytest_readiness.config.model import Policy
from pytest_readiness.core.registry import Severity
from pytest_readiness.people.decisions import Waiver
from pytest_readiness.verdict.drift import find_drift
from pytest_readiness.verdict.judging import conclude, judge_section
from pytest_readiness.verdict.outcome import Input, Original, Outcome
from pytest_readiness.verdict.provenance import Provenance
from pytest_readiness.verdict.result import State, TestResult

COMMIT = "0123456789abcdef0123456789abcdef01234567"
Found = Callable[[Item], Sequence[Mapping[str, Any]]]


def outcome_of(
    text: str,
    found: Found,
    *,
    severity: Callable[[Item], Severity] = lambda _: "medium",
    waivers: Mapping[str, Waiver] | None = None,
    path: str = "docs/release.md",
    fenced: bool = False,
    policy: Policy | None = None,
    exit_code: int = 0,
    **provenance: Any,
) -> Outcome:
    """An outcome of one checklist.

    Args:
        text: the checklist.
        found: fields of the test results of each item; an item without any was not selected.
        severity: of each item.
        waivers: by item id.
        path: of the checklist.
        fenced: whether code fences are read.
        policy: what decides.
        exit_code: of the run.
        provenance: what is not as usual.
    """
    checklist = parse_checklist(text, Path(path), fenced=fenced)
    name = checklist.name
    by_item = {
        f"{name}:{item.id}": results for item in checklist.leaves() if (results := _results(checklist, item, found))
    }
    severities = {item.id: severity(item) for item in checklist.leaves()}
    accepted = {f"{name}:{id}": waiver for id, waiver in (waivers or {}).items()}
    policy = policy or Policy(min_score=0)
    made = (judge_section(name, each, by_item, severities, policy, accepted) for each in checklist.sections)
    sections = tuple(section for section in made if section is not None)
    return Outcome(
        verdict=conclude(sections, len(list(checklist.leaves())), policy, find_drift((), (), (), (), None)),
        provenance=Provenance(
            **{
                "target": "prod",
                "description": "",
                "release": "1.4.2",
                "commit": COMMIT,
                "checklists": ((name, checklist.sha256),),
                "started": "2026-03-01T12:00:00+00:00",
                "finished": "2026-03-01T12:00:05+00:00",
                "seconds": 5.0,
                "runner": "runner",
                "versions": (("pytest-readiness", "0.1.0"), ("pytest", "9.0")),
                "command": ("--readiness-target=prod",),
                **provenance,
            }
        ),
        exit_code=exit_code,
        originals=(Original(name, path, text, fenced),),
        inputs=(Input("readiness.yaml", "0" * 64), Input(path, checklist.sha256)),
    )


def _results(checklist: Checklist, item: Item, found: Found) -> list[TestResult]:
    section = checklist.section_of(item)
    results = []
    for fields in found(item):
        resource = fields.get("resource", "")
        common = {
            "test": f"{checklist.name}:{section.id}/{item.slug}{f'[{resource}]' if resource else ''}",
            "item": f"{checklist.name}:{item.id}",
            "severity": "medium",
            "target": "prod",
            "evidence": "as it should be",
        }
        results.append(TestResult(**{**common, **fields}))
    return results


def states(*wanted: State) -> Found:
    """The items in these states, in the order of the document."""
    left = iter(wanted)
    return lambda _: [{"state": next(left)}]


def all_of(state: State, **fields: Any) -> Found:
    """Every item in one state."""
    return lambda _: [{"state": state, **fields}]


def waiver(reason: str = "next month", by: str = "lead@example.com", expires: date = date(2100, 1, 1)) -> Waiver:
    return Waiver(item="x", reason=reason, by=by, expires=expires)


HOSTILE = (
    "</title><script>alert(1)</script> ]]> & \"quoted\" 'single' `tick` ``two`` | bar \\| \\ @someone #12 "
    "[x](http://e.example) ![i](x) <!-- c --> **b** _i_ ::error::boom %0A::set-output name=verdict::GO\r\n::add-mask::x"
    '\x1b[31m\x00\x9b \u202e [[ATTACHMENT|/etc/passwd]] {label="x"} https://evil.example www.evil.example 👍 \ufffe'
)
"""A text that a target could answer."""
