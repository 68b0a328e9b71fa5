"""What several reports say in the same words."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from pydantic_core import to_json

from pytest_readiness.core.redact import printable
from pytest_readiness.verdict.items import LeafRecord
from pytest_readiness.verdict.judging import exit_code, headline
from pytest_readiness.verdict.outcome import Outcome
from pytest_readiness.verdict.result import TestResult

TOOL = "pytest-readiness"
LISTED = 8
"""Phrases that say what was left out of a run, in one sentence."""


def decision(outcome: Outcome) -> str:
    """Return the verdict in words; "GO" alone only where a whole run looked, and ended well.

    A part, a replay and a run that ended with another exit code than its verdict's say so.
    """
    verdict = outcome.verdict
    word = headline(verdict, outcome.provenance.replayed_from)
    if verdict.sound and outcome.exit_code not in (0, exit_code(verdict)):
        word += f", but the run ended with exit code {outcome.exit_code}"
    return word


def part_of(outcome: Outcome) -> str:
    """Return in one sentence why this is only a part of a run, or ""."""
    part = outcome.verdict.part
    if not part:
        return ""
    more = f"; and {len(part) - LISTED} more, which result.json names" if len(part) > LISTED else ""
    return f"This is a part only: {'; '.join(part[:LISTED])}{more}. A release is decided on the whole."


def is_go(outcome: Outcome) -> bool:
    """Whether a whole run looked, ended well, and says GO."""
    return decision(outcome) == "GO"


def checklist_of(item: LeafRecord) -> str:
    """Return the name of an item's checklist."""
    return item.id.rpartition(":")[0]


def section_of(item: LeafRecord) -> str:
    """Return the id of an item's section in its checklist."""
    return item.id.rpartition(":")[2].rpartition("/")[0]


def name_of(result: TestResult, item: LeafRecord) -> str:
    """Return the name of a test in its section, which holds the resource: "home-page-answers[shop]"."""
    return result.test.removeprefix(f"{checklist_of(item)}:").removeprefix(f"{section_of(item)}/")


def seen(result: TestResult) -> str:
    """Return what was seen, and what had been expected where the claim is false."""
    expected = f"expected {result.expected}; seen: " if result.expected else ""
    return f"{expected}{result.evidence}"


def waived_by(item: LeafRecord) -> str:
    """Return who accepts that an item fails, until when and why, or ""."""
    waiver = item.waiver
    return f"waived by {waiver.by} until {waiver.expires}: {waiver.reason}" if waiver is not None else ""


def zulu(moment: str) -> str:
    """Return a moment in ISO 8601 as it is written in UTC: 2026-03-01T12:00:00Z; "" for none."""
    return datetime.fromisoformat(moment).astimezone(UTC).isoformat().replace("+00:00", "Z") if moment else ""


def started(result: TestResult, outcome: Outcome) -> str:
    """Return when a test began, in UTC; one that did not, when the run did."""
    if not result.start:
        return zulu(outcome.provenance.started)
    return datetime.fromtimestamp(result.start, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def version(outcome: Outcome) -> str:
    """Return the version of this program that made the outcome."""
    return dict(outcome.provenance.versions).get(TOOL, "")


def as_json(data: Mapping[str, Any]) -> str:
    """Return plain data as JSON, without control characters."""
    # The standard library's own encoder takes ten times as long where it indents.
    return f"{to_json(_shown(data), indent=1).decode()}\n"


def _shown(value: Any) -> Any:
    if isinstance(value, str):
        return printable(value)
    if isinstance(value, Mapping):
        return {printable(key): _shown(child) for key, child in value.items()}
    if isinstance(value, list | tuple):
        return [_shown(child) for child in value]
    return value
