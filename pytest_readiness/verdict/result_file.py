"""The result file (`result.json`): its model, its JSON Schema, and the way from an outcome to it and back."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from pytest_readiness.checklist.model import Item, Section
from pytest_readiness.config.model import Policy
from pytest_readiness.core.problems import Problem, ProblemsError
from pytest_readiness.core.redact import Redactor
from pytest_readiness.core.registry import Severity
from pytest_readiness.core.yamlfile import read_text
from pytest_readiness.people.decisions import Waiver
from pytest_readiness.verdict.drift import Baseline, Change, Drift
from pytest_readiness.verdict.judging import ItemVerdict, SectionVerdict, Verdict
from pytest_readiness.verdict.outcome import Course, Input, Original, Outcome, Report, Shard
from pytest_readiness.verdict.provenance import Provenance
from pytest_readiness.verdict.result import State, TestResult

FORMAT: Literal["pytest-readiness/1"] = "pytest-readiness/1"
FILE_NAME = "result.json"
_FORMATS = "pytest-readiness/"

_WORDS = frozenset(
    {"format", "state", "severity", "block", "allow", "before", "after", "outcome", "when", "expires", "data"}
)
"""Keys whose values are the program's own words. Redacting those would break the file, and hide nothing."""
_FREE = "items_before"
"""Key of the mapping whose keys are texts from elsewhere."""


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, allow_inf_nan=False, defer_build=True)


class ItemRecord(_Record):
    """What items and groups have in common.

    Attributes:
        id: full id, "checklist:section/slug".
        text: the claim, in one line.
        line: where it stands in the document.
        ticked: whether somebody ticked it by hand.
        severity: how bad it is if it is open.
        state: the worst of its tests' states; a group's, of its items'.
        weight: how much it counts in the score.
        detail: what else the document says of it.
    """

    id: str
    text: str
    line: int
    ticked: bool
    severity: Severity
    state: State
    weight: float
    detail: str = ""


class LeafRecord(ItemRecord):
    """An item with its tests, and the waiver of its failing, where there is or was one."""

    waiver: Waiver | None = None
    tests: tuple[TestResult, ...]


class GroupRecord(ItemRecord):
    """A group with its items of this run."""

    items: tuple[GroupRecord | LeafRecord, ...]


class SectionRecord(_Record):
    """A section with its items of this run, in the order of the document.

    Attributes:
        checklist: name of the checklist.
        id: its id in the checklist.
        title: its heading, "" for items before any.
        path: headings above it, outermost first.
        line: where it stands.
        score: 0 to 100, or null where no item counts.
        items: its items and groups.
    """

    checklist: str
    id: str
    title: str
    path: tuple[str, ...]
    line: int
    score: float | None
    items: tuple[GroupRecord | LeafRecord, ...]


class VerdictRecord(_Record):
    """The verdict.

    Attributes:
        go: whether the release may go; never for a shard.
        score: 0 to 100, or null where no item counts.
        reasons: why it is NO-GO.
        selected: number of items of this run.
        total: number of items of its checklists.
        counts: number of items in each state.
        policy: what decided.
    """

    go: bool
    score: float | None
    reasons: tuple[str, ...]
    selected: int
    total: int
    counts: dict[State, int]
    policy: Policy


class ItemBefore(_Record):
    """An item of the baseline."""

    text: str
    state: State


class BaselineRecord(_Record):
    """What was compared with.

    Attributes:
        when: when that run began, ISO 8601.
        score: its score.
        items_before: its items by full id.
    """

    when: str
    score: float | None
    items_before: dict[str, ItemBefore]


class DriftRecord(_Record):
    """What does not fit together, and what changed since the baseline; changes are empty without one."""

    ticked: tuple[Change, ...]
    unbound: tuple[str, ...]
    expired_waivers: tuple[str, ...]
    needless_waivers: tuple[str, ...]
    better: tuple[Change, ...]
    worse: tuple[Change, ...]
    new: tuple[Change, ...]
    gone: tuple[Change, ...]
    baseline: BaselineRecord | None


class ResultFile(_Record):
    """The result of a run of pytest-readiness, of one of its shards, or of several merged.

    Attributes:
        format: name and version of this format.
        provenance: where the result comes from.
        exit_code: how pytest ended: 0 GO, 1 a test failed, 6 NO-GO though none failed, 2 to 5 as pytest's own.
        shard: which part of a run this is; null for a whole one.
        verdict: the verdict.
        drift: what does not fit together.
        course: the scores before, since when items are open, and which are flaky; null where no history is kept.
        sections: every section with items of this run.
        reports: what pytest told of each test, from which the HTML page can be made again.
        environment: what pytest-metadata says of the machine.
        originals: the checklists as the team wrote them.
        inputs: the files that decided what was asked, with their SHA-256 when the run began.
    """

    format: Literal["pytest-readiness/1"] = FORMAT
    provenance: Provenance
    exit_code: int
    shard: Shard | None
    verdict: VerdictRecord
    drift: DriftRecord
    course: Course | None
    sections: tuple[SectionRecord, ...]
    reports: tuple[Report, ...] = Field(repr=False)
    environment: dict[str, Any]
    originals: tuple[Original, ...] = Field((), repr=False)
    inputs: tuple[Input, ...] = ()


def result_schema() -> dict[str, Any]:
    """Return the JSON Schema of the result file."""
    schema = ResultFile.model_json_schema(mode="serialization")
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **schema,
        "title": f"pytest-readiness: {FILE_NAME}",
    }


def read_result(path: Path, what: str = "result") -> ResultFile:
    """Read a result file.

    Args:
        path: the file.
        what: what it is for the user ("result", "baseline").

    Raises:
        ProblemsError: it cannot be read, is none, is broken, or of a newer version.
    """
    text = read_text(path, what)
    foreign = f"This is no result of a readiness run (the {FILE_NAME} that --readiness-out writes)."
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as error:
        line = getattr(error, "lineno", 0)
        detail = " It breaks off or is no JSON here." if FORMAT in text else ""
        raise ProblemsError([Problem(path, line if detail else 0, foreign + detail)]) from None
    version = data.get("format") if isinstance(data, dict) else None
    if not isinstance(version, str) or not version.startswith(_FORMATS):
        raise ProblemsError([Problem(path, 0, foreign)])
    if version != FORMAT:
        message = f"This result has the format {version}, and this version reads {FORMAT}; update pytest-readiness."
        raise ProblemsError([Problem(path, 0, message)])
    try:
        return ResultFile.model_validate(data)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        message = f"The result is broken: {place}: {str(first['msg'])[:1].lower()}{str(first['msg'])[1:].rstrip('.')}."
        raise ProblemsError([Problem(path, 0, message)]) from None


def file_of(outcome: Outcome) -> ResultFile:
    """Return the result file of an outcome."""
    verdict = outcome.verdict
    drift = verdict.drift
    baseline = drift.baseline
    return ResultFile(
        provenance=outcome.provenance,
        exit_code=outcome.exit_code,
        shard=outcome.shard,
        verdict=VerdictRecord(
            go=verdict.go,
            score=verdict.score,
            reasons=verdict.reasons,
            selected=verdict.selected,
            total=verdict.total,
            counts=dict(verdict.counts),
            policy=verdict.policy,
        ),
        drift=DriftRecord(
            ticked=drift.ticked,
            unbound=drift.unbound,
            expired_waivers=drift.expired,
            needless_waivers=drift.needless,
            better=drift.better,
            worse=drift.worse,
            new=drift.new,
            gone=drift.gone,
            baseline=BaselineRecord(
                when=baseline.when,
                score=baseline.score,
                items_before={
                    full: ItemBefore(text=baseline.texts[full], state=state) for full, state in baseline.states.items()
                },
            )
            if baseline
            else None,
        ),
        course=outcome.course,
        sections=tuple(_section_record(section) for section in verdict.sections),
        reports=outcome.reports,
        environment=json.loads(json.dumps(outcome.environment, default=str)),
        originals=outcome.originals,
        inputs=outcome.inputs,
    )


def _section_record(verdict: SectionVerdict) -> SectionRecord:
    by_id = {item.full_id: item for item in verdict.items}
    section = verdict.section
    return SectionRecord(
        checklist=verdict.checklist,
        id=section.id,
        title=section.title,
        path=section.path,
        line=section.line,
        score=verdict.score,
        items=tuple(_item_records(section.items, verdict.checklist, by_id)),
    )


def _item_records(
    items: tuple[Item, ...], checklist: str, by_id: Mapping[str, ItemVerdict]
) -> Iterator[GroupRecord | LeafRecord]:
    for item in items:
        found = by_id.get(f"{checklist}:{item.id}")
        if found is None:
            continue
        common: dict[str, Any] = {
            "id": found.full_id,
            "text": item.text,
            "line": item.line,
            "ticked": item.ticked,
            "severity": found.severity,
            "state": found.state,
            "weight": found.weight,
            "detail": item.detail,
        }
        if item.is_group:
            yield GroupRecord(items=tuple(_item_records(item.children, checklist, by_id)), **common)
        else:
            yield LeafRecord(waiver=found.waiver, tests=found.results, **common)


def outcome_of(file: ResultFile) -> Outcome:
    """Return the outcome that a result file keeps; of documents, what reports tell of them."""
    record, drift = file.verdict, file.drift
    baseline = drift.baseline
    verdict = Verdict(
        go=record.go,
        score=record.score,
        sections=tuple(section_verdict(section) for section in file.sections),
        selected=record.selected,
        total=record.total,
        reasons=record.reasons,
        policy=record.policy,
        counts=record.counts,
        drift=Drift(
            ticked=drift.ticked,
            unbound=drift.unbound,
            better=drift.better,
            worse=drift.worse,
            new=drift.new,
            gone=drift.gone,
            expired=drift.expired_waivers,
            needless=drift.needless_waivers,
            baseline=Baseline(
                score=baseline.score,
                when=baseline.when,
                states={full: item.state for full, item in baseline.items_before.items()},
                texts={full: item.text for full, item in baseline.items_before.items()},
            )
            if baseline
            else None,
        ),
        shard=str(file.shard) if file.shard else "",
    )
    return Outcome(
        verdict=verdict,
        provenance=file.provenance,
        exit_code=file.exit_code,
        reports=file.reports,
        environment=file.environment,
        shard=file.shard,
        course=file.course,
        originals=file.originals,
        inputs=file.inputs,
    )


def section_verdict(record: SectionRecord) -> SectionVerdict:
    """Return a section of a result file with its verdicts."""
    pairs = [_item(item, 0, record.checklist) for item in record.items]
    section = Section(
        record.id, record.title, record.line, len(record.path) + 1, record.path, (), tuple(item for item, _ in pairs)
    )
    made: list[ItemVerdict] = []
    pending = list(pairs)
    while pending:
        (item, found), *pending = pending
        results, waiver = (found.tests, found.waiver) if isinstance(found, LeafRecord) else ((), None)
        made.append(ItemVerdict(item, found.id, section, found.severity, found.state, results, found.weight, waiver))
        if isinstance(found, GroupRecord):
            pending = [*zip(item.children, found.items, strict=True), *pending]
    return SectionVerdict(record.checklist, section, tuple(made), record.score)


def _item(record: GroupRecord | LeafRecord, level: int, checklist: str) -> tuple[Item, GroupRecord | LeafRecord]:
    below = record.items if isinstance(record, GroupRecord) else ()
    id = record.id.removeprefix(f"{checklist}:")
    item = Item(
        id=id,
        slug=id.rpartition("/")[2],
        text=record.text,
        detail=record.detail,
        line=record.line,
        column=-1,
        ticked=record.ticked,
        level=level,
        children=tuple(_item(child, level + 1, checklist)[0] for child in below),
        optional=False,
        condition=None,
        not_applicable=None,
    )
    return item, record


def as_text(file: ResultFile, redact: Redactor) -> str:
    """Return a result file as it is written, every text that comes from elsewhere redacted."""
    data = _redacted(file.model_dump(mode="json"), redact, "")
    # A name on a disk may be no text at all.
    text = json.dumps(data, ensure_ascii=False, indent=1).encode("utf-8", "replace").decode()
    return f"{_UNSEEN.sub(_escaped, text)}\n"


# What JSON allows in a text, and a terminal may obey: C1 controls, directions and other marks that nobody sees.
_UNSEEN = re.compile(r"[\x7f-\x9f\xad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]")


def _escaped(match: re.Match[str]) -> str:
    return f"\\u{ord(match[0]):04x}"


def redacted(outcome: Outcome, redact: Redactor) -> Outcome:
    """Return an outcome as its result file would give it back: with every text that comes from elsewhere redacted."""
    return outcome_of(ResultFile.model_validate_json(as_text(file_of(outcome), redact)))


def _redacted(value: Any, redact: Redactor, key: str) -> Any:
    if isinstance(value, str):
        return value if key in _WORDS else redact(value)
    if isinstance(value, dict):
        if key == "environment":
            return redact.deep(value)
        return {redact(name) if key == _FREE else name: _redacted(child, redact, name) for name, child in value.items()}
    if isinstance(value, list):
        return [_redacted(child, redact, key) for child in value]
    return value
