"""The result file (`result.json`): its model, its JSON Schema, and the way from an outcome to it and back."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from pytest_readiness.core.problems import Problem, ProblemsError
from pytest_readiness.core.redact import Redactor
from pytest_readiness.core.yamlfile import read_text
from pytest_readiness.verdict.drift import BaselineRecord, DriftRecord, ItemBefore
from pytest_readiness.verdict.items import SectionRecord
from pytest_readiness.verdict.judging import ENDED, Verdict, VerdictRecord, contradiction
from pytest_readiness.verdict.outcome import Course, Input, Original, Outcome, Report, Shard
from pytest_readiness.verdict.provenance import Provenance

FORMAT: Literal["pytest-readiness/1"] = "pytest-readiness/1"
FILE_NAME = "result.json"
_FORMATS = "pytest-readiness/"

_WORDS = frozenset(
    {"format", "state", "kind", "severity", "block", "allow", "before", "after", "outcome", "when", "expires", "data"}
)
"""Keys whose values are the program's own words. Redacting those would break the file, and hide nothing."""
_FREE = "items_before"
"""Key of the mapping whose keys are texts from elsewhere."""


class ResultFile(BaseModel):
    """The result of a run of pytest-readiness, of one of its shards, or of several merged.

    Attributes:
        format: name and version of this format.
        provenance: where the result comes from.
        exit_code: how pytest ended: 0 GO, 1 a test failed, 6 NO-GO though none failed, 10 a part holds, 2 to 5 as
            pytest's own.
        shard: which part of a run this is; null for a whole one.
        verdict: the verdict.
        drift: what does not fit together.
        course: the scores before, since when items are open, and which are flaky; null where no history is kept.
        sections: every section with items of this run.
        reports: what pytest reported about each test, from which the HTML page can be made again.
        environment: what pytest-metadata says about the machine.
        originals: the checklists as the team wrote them.
        inputs: the files that decided what was asked, with their SHA-256 when the run began.
    """

    model_config = ConfigDict(frozen=True, allow_inf_nan=False, defer_build=True)

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
        ProblemsError: it cannot be read, is not a result, is broken, or is of a newer version.
    """
    text = read_text(path, what)
    foreign = f"This is not a result of a readiness run (the {FILE_NAME} that --readiness-out writes)."
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as error:
        line = getattr(error, "lineno", 0)
        detail = " It is cut off, or not JSON, at this line." if FORMAT in text else ""
        raise ProblemsError([Problem(path, line if detail else 0, foreign + detail)]) from None
    version = data.get("format") if isinstance(data, dict) else None
    if not isinstance(version, str) or not version.startswith(_FORMATS):
        raise ProblemsError([Problem(path, 0, foreign)])
    if version != FORMAT:
        message = f"This result has the format {version}, but this version reads {FORMAT}; update pytest-readiness."
        raise ProblemsError([Problem(path, 0, message)])
    try:
        return ResultFile.model_validate(data)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        message = f"The result is broken: {place}: {str(first['msg'])[:1].lower()}{str(first['msg'])[1:].rstrip('.')}."
        raise ProblemsError([Problem(path, 0, message)]) from None


def read_baseline(path: Path, target: str) -> BaselineRecord:
    """Read the result of an earlier run.

    Args:
        path: the file.
        target: the target of this run, which must be that of the other one.

    Raises:
        ProblemsError: it is not a result of this program, or one of another target, of a part of a run, of one
            that did not end, or one that was edited.
    """
    file = read_result(path, "baseline")
    if file.shard is not None:
        message = f"This is shard {file.shard}, a part of a run; `readiness merge` makes one result of all its shards."
        raise ProblemsError([Problem(path, 0, message)])
    if file.provenance.target != target:
        message = (
            f"This is a result of target '{file.provenance.target}', but this run is about '{target}'; "
            "`readiness diff` compares two targets."
        )
        raise ProblemsError([Problem(path, 0, message)])
    if file.verdict.omitted or file.verdict.selected < file.verdict.total:
        message = "This is a result of a part of a run, with which a whole one cannot be compared; name one of a whole."
        raise ProblemsError([Problem(path, 0, message)])
    if file.exit_code not in ENDED:
        message = f"This is a result of a run that did not come to its end (exit code {file.exit_code}); name another."
        raise ProblemsError([Problem(path, 0, message)])
    if wrong := contradiction(outcome_of(file).verdict):
        raise ProblemsError([Problem(path, 0, f"In this result {wrong}; the file was changed after the run.")])
    return BaselineRecord(
        when=file.provenance.started,
        score=file.verdict.score,
        items_before={
            item.id: ItemBefore(item.text, item.state) for section in file.sections for item in section.leaves
        },
    )


def file_of(outcome: Outcome) -> ResultFile:
    """Return the result file of an outcome."""
    verdict = outcome.verdict
    return ResultFile(
        provenance=outcome.provenance,
        exit_code=outcome.exit_code,
        shard=outcome.shard,
        verdict=VerdictRecord(**{each.name: getattr(verdict, each.name) for each in fields(VerdictRecord)}),
        drift=verdict.drift,
        course=outcome.course,
        sections=verdict.sections,
        reports=outcome.reports,
        environment=json.loads(json.dumps(outcome.environment, default=str)),
        originals=outcome.originals,
        inputs=outcome.inputs,
    )


def outcome_of(file: ResultFile) -> Outcome:
    """Return the outcome that a result file keeps."""
    return Outcome(
        verdict=Verdict(
            **vars(file.verdict), sections=file.sections, drift=file.drift, shard=str(file.shard) if file.shard else ""
        ),
        provenance=file.provenance,
        exit_code=file.exit_code,
        reports=file.reports,
        environment=file.environment,
        shard=file.shard,
        course=file.course,
        originals=file.originals,
        inputs=file.inputs,
    )


def as_text(file: ResultFile, redact: Redactor) -> str:
    """Return a result file as it is written, every text that comes from elsewhere redacted."""
    data = _redacted(file.model_dump(mode="json"), redact, "")
    if file.shard is not None and not file.shard.left_out:
        # Files of before do not have it.
        del data["shard"]["left_out"]
    if not file.drift.notes:
        del data["drift"]["notes"]
    for waiver in _waivers(data["sections"]):
        for key in ("role", "on", "fingerprint"):
            if waiver[key] is None:
                del waiver[key]
    # A name on a disk may not be text at all.
    text = json.dumps(data, ensure_ascii=False, indent=1).encode("utf-8", "replace").decode()
    return f"{_UNSEEN.sub(_escaped, text)}\n"


def _waivers(items: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """The waivers of items at any depth."""
    for item in items:
        if item.get("waiver"):
            yield item["waiver"]
        yield from _waivers(item.get("items", ()))


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
