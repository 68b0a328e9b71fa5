"""Recordings: every reading of a run as one file, and the judging of such a file in place of the target.

A replay judges by the present day (READINESS_NOW sets another): a certificate that was valid when it was recorded may
have expired since. What a recording does not hold is an error of the tests that need it, never a judgement on less.
"""

from __future__ import annotations

import functools
import json
import typing
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, JsonValue, TypeAdapter, ValidationError
from pydantic.errors import PydanticUserError

from pytest_readiness.core.evidence import CouldNotVerify, NotDeclared, Unreachable
from pytest_readiness.core.problems import Problem, ProblemsError
from pytest_readiness.core.redact import Redactor
from pytest_readiness.core.registry import Fact
from pytest_readiness.core.resources import where_of
from pytest_readiness.core.yamlfile import read_text
from pytest_readiness.gather.gatherer import Reading, kind_of

FORMAT = "pytest-readiness-recording/1"
_FAMILY = FORMAT.partition("/")[0]
SECRETS = "holds secrets, which are not recorded"
LOSSY = "cannot be written as JSON without loss"
ReadingOutcome = Literal["read", "withheld", "could not verify", "unreachable", "not declared"]
_OUTCOMES: dict[type[Exception], ReadingOutcome] = {
    CouldNotVerify: "could not verify",
    Unreachable: "unreachable",
    NotDeclared: "not declared",
}
_ERRORS = {outcome: error for error, outcome in _OUTCOMES.items()}


class Recorded(BaseModel):
    """A reading as it is kept in a recording.

    Attributes:
        fact: name of the fact.
        kind: kind of the resource.
        resource: its name.
        where: what a person calls it.
        asking: as in `Fact`: "ask" reads once for each question, "asks" once with all of them, "" takes none.
        asked: the questions.
        outcome: "read", or "withheld" for what was read and is not in the file, or how the reading failed.
        value: the record, where it was read.
        reason: why there is no value.
        note: what the evidence says about the reading.
        seconds: how long it took.
        when: when it ended: the actual moment, whatever READINESS_NOW says.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    fact: str
    kind: str
    resource: str
    where: str
    asking: Literal["", "ask", "asks"]
    asked: list[JsonValue]
    outcome: ReadingOutcome
    value: JsonValue = None
    reason: str = ""
    note: str = ""
    seconds: float
    when: datetime

    @property
    def order(self) -> tuple[str, ...]:
        """Place in the file: by what was read, then what failed first."""
        asked = json.dumps(self.asked)
        return self.kind, self.resource, self.fact, asked, str(self.outcome == "read"), self.when.isoformat()


class Origin(BaseModel):
    """What a replay needs to know of the run that was recorded; the file says more."""

    model_config = ConfigDict(frozen=True, defer_build=True)

    target: str
    runner: str


class Recording(BaseModel):
    """A recording.

    Attributes:
        format: `FORMAT`.
        when: when the recorded run began: the actual moment, in UTC.
        provenance: where it comes from.
        readings: what was read, sorted by `Recorded.order`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: Literal["pytest-readiness-recording/1"]
    when: datetime
    provenance: Origin
    readings: tuple[Recorded, ...]

    @property
    def moment(self) -> str:
        """When it was made, for people."""
        return self.when.isoformat(timespec="seconds")

    @functools.cached_property
    def _by_fact(self) -> dict[tuple[str, str, str], list[Recorded]]:
        found: dict[tuple[str, str, str], list[Recorded]] = {}
        for recorded in self.readings:
            found.setdefault((recorded.kind, recorded.resource, recorded.fact), []).append(recorded)
        return found

    def replay(self, reading: Reading) -> object:
        """Return what was read, or fail as that reading failed.

        Raises:
            CouldNotVerify: also where the recording holds no such reading, or one that cannot be judged.
            NotDeclared: as it was.
        """
        fact, resource = reading.fact, reading.resource
        what = f"{fact.name} of {resource.name}{_questions(reading.asked)}"
        for recorded in self._by_fact.get((resource.kind, resource.name, fact.name), []):
            if _answers(recorded, fact, reading.asked):
                break
        else:
            raise CouldNotVerify(f"the recording of {self.moment} holds no {what}")
        if recorded.outcome == "withheld":
            raise CouldNotVerify(f"the recording of {self.moment} holds no {what}: it {recorded.reason}")
        if recorded.outcome != "read":
            raise _ERRORS[recorded.outcome](recorded.reason)
        # The evidence must not read as if it spoke of what the target declares today.
        moved = "" if recorded.where == where_of(resource) else f"recorded from {recorded.where}"
        reading.note = "; ".join(filter(None, (recorded.note, moved)))
        reading.seconds = recorded.seconds
        try:
            return _types(fact.read).load(recorded.value)
        except UnrecordableError:
            reason = f"the recording of {self.moment} holds, in a form that this version does not read, {what}"
            raise CouldNotVerify(reason) from None


def _questions(asked: Sequence[Hashable]) -> str:
    return f" for {', '.join(map(str, asked))}" if asked else ""


def _answers(recorded: Recorded, fact: Fact, asked: Sequence[Hashable]) -> bool:
    """Whether the recorded reading answers all questions; one without questions answers only the same."""
    if recorded.asking != fact.asking:
        return False
    try:
        answered = _types(fact.read).load_asked(recorded.asked)
    except UnrecordableError:
        return False
    return set(asked) <= set(answered) and bool(asked) == bool(answered)


def read_recording(path: Path, target: str) -> Recording:
    """Read a recording to replay it.

    Args:
        path: the file.
        target: the target of this run, which must be the one that was recorded.

    Raises:
        ProblemsError: it is not a recording, one of a later version, or one of another target.
    """
    recording = parse_recording(path)
    recorded = recording.provenance.target
    if recorded != target:
        message = f"This is a recording of target '{recorded}', but this run is about '{target}'."
        raise ProblemsError([Problem(path, 0, message)])
    return recording


def is_recording(format: object) -> bool:
    """Whether a file of this "format" is a recording, of whatever version."""
    return isinstance(format, str) and format.partition("/")[0] == _FAMILY


def parse_recording(path: Path) -> Recording:
    """Read a recording of any target.

    Raises:
        ProblemsError: it is not a recording, or one of a later version.
    """
    text = read_text(path, "recording")
    try:
        format = json.loads(text)["format"]
    except (ValueError, KeyError, TypeError, RecursionError):
        format = ""
    if not is_recording(format):
        message = "This is not a recording of a readiness run (the file that --readiness-record writes)."
        raise ProblemsError([Problem(path, 0, message)])
    if format != FORMAT:
        message = f"This recording has the format {format}, but this version reads {FORMAT}; update pytest-readiness."
        raise ProblemsError([Problem(path, 0, message)])
    try:
        return Recording.model_validate_json(text)
    except ValidationError as error:
        place = ".".join(map(str, error.errors()[0]["loc"]))
        message = f"This recording is broken at '{place}'; make it again with --readiness-record."
        raise ProblemsError([Problem(path, 0, message)]) from None


class UnrecordableError(Exception):
    """A value cannot be in a recording; the message says why, as what "it" does."""


@dataclass(frozen=True)
class _Types:
    """How a fact's record and questions are written as JSON and read again."""

    record: TypeAdapter[Any]
    asked: TypeAdapter[tuple[Hashable, ...]]
    secret: bool

    def dump(self, value: object) -> JsonValue:
        """Return the record as plain data, from which `load` makes an equal one.

        Raises:
            UnrecordableError: its type holds secrets, or it would come back changed.
        """
        if self.secret:
            raise UnrecordableError(SECRETS)
        return _dump(self.record, value)

    def load(self, data: JsonValue) -> object:
        """Return the record that was dumped as `data`.

        Raises:
            UnrecordableError: the type has changed since, or holds secrets.
        """
        if self.secret:
            raise UnrecordableError(SECRETS)
        return _load(self.record, data)

    def dump_asked(self, asked: tuple[Hashable, ...]) -> list[JsonValue]:
        """Return questions as plain data.

        Raises:
            UnrecordableError: they would come back changed.
        """
        return typing.cast("list[JsonValue]", _dump(self.asked, asked))

    def load_asked(self, data: list[JsonValue]) -> tuple[Hashable, ...]:
        """Return the questions that were dumped as `data`.

        Raises:
            UnrecordableError: their type has changed since.
        """
        return typing.cast("tuple[Hashable, ...]", _load(self.asked, data))


@functools.cache
def _types(read: Callable[..., object]) -> _Types:
    try:
        hints = typing.get_type_hints(read, include_extras=True)
        record: TypeAdapter[Any] = TypeAdapter(hints["return"])
        questions: Any = hints.get("asks") or tuple[hints.get("ask", str), ...]  # type: ignore[misc]
        # pydantic marks what is secret, at any depth, as such in the schema.
        secret = '"writeOnly": true' in json.dumps(record.json_schema())
        return _Types(record, TypeAdapter(questions), secret)
    except (NameError, KeyError, TypeError, PydanticUserError):
        raise UnrecordableError(LOSSY) from None


def _dump(adapter: TypeAdapter[Any], value: object) -> JsonValue:
    try:
        text = adapter.dump_json(value, warnings="error")
        data: JsonValue = json.loads(text)
        same = adapter.validate_json(text) == value
    except (ValueError, TypeError, RecursionError):
        same = False
    if not same:
        raise UnrecordableError(LOSSY)
    return data


def _load(adapter: TypeAdapter[Any], data: JsonValue) -> object:
    try:
        value: object = adapter.validate_json(json.dumps(data))
        # A field that was added since would else come back as its default, as if it had been seen so.
        same = _is_same(json.loads(adapter.dump_json(value)), data)
    except (ValueError, TypeError, RecursionError):
        same = False
    if not same:
        raise UnrecordableError(LOSSY)
    return value


def _is_same(read: JsonValue, data: JsonValue) -> bool:
    """Whether a value came back as it was recorded; a field that was added since may be null, for "not looked at"."""
    if isinstance(read, dict) and isinstance(data, dict):
        added = read.keys() - data.keys()
        known = all(name in read and _is_same(read[name], data[name]) for name in data)
        return known and all(read[name] is None for name in added)
    if isinstance(read, list) and isinstance(data, list):
        return len(read) == len(data) and all(map(_is_same, read, data))
    return read == data


def recorded(reading: Reading, redact: Redactor) -> Recorded:
    """Return a reading that has ended as it is kept in a recording, without secrets."""
    fact, error = reading.fact, reading.error
    outcome: ReadingOutcome = "read" if error is None else _OUTCOMES[kind_of(error)]
    reason = "" if error is None else redact(str(error))
    asked: list[JsonValue] = []
    value: JsonValue = None
    try:
        types = _types(fact.read)
        asked = types.dump_asked(reading.asked)
        _refuse_secrets(asked, redact)
        if error is None:
            value = types.dump(reading.value)
            _refuse_secrets(value, redact)
    except UnrecordableError as unrecordable:
        value = None
        outcome, reason = "withheld", str(unrecordable)
        asked = redact.deep(asked)
    return Recorded(
        fact=fact.name,
        kind=reading.resource.kind,
        resource=reading.resource.name,
        where=redact(where_of(reading.resource)),
        asking=fact.asking,
        asked=asked,
        outcome=outcome,
        value=value,
        reason=reason,
        note=redact(reading.note),
        seconds=round(reading.seconds, 6),
        when=datetime.fromtimestamp(reading.at, UTC),
    )


def _refuse_secrets(data: JsonValue, redact: Redactor) -> None:
    """Withhold what redaction would change: what is left could be judged to be anything.

    Raises:
        UnrecordableError: there is a secret in it, as a text or as a number.
    """
    text = json.dumps(data, ensure_ascii=False)
    if redact.deep(data) != data or redact(text) != text:
        raise UnrecordableError(SECRETS)
