"""Recordings: every reading of a run as one file, and the judging of such a file in place of the target.

A replay judges by the present day (READINESS_NOW sets another): a certificate that was valid when it was recorded may
have expired since. What a recording does not hold is an error of the tests that need it, never a judgement on less.
"""

from __future__ import annotations

import functools
import json
import typing
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import pytest
from pydantic import BaseModel, ConfigDict, JsonValue, TypeAdapter, ValidationError
from pydantic.errors import PydanticUserError

from pytest_readiness.collect import ChecklistTest
from pytest_readiness.evidence import CouldNotVerify, NotDeclared, Unreachable
from pytest_readiness.fixtures import resource_kinds
from pytest_readiness.gather import Reading, kind_of
from pytest_readiness.problems import Problem, ProblemsError
from pytest_readiness.redact import Redactor, printable
from pytest_readiness.registry import CLASSES, FACTS, Fact, class_of
from pytest_readiness.yamlfile import read_text

if TYPE_CHECKING:
    from pytest_readiness.run import Run

FORMAT = "pytest-readiness-recording/1"
_FAMILY = FORMAT.partition("/")[0]
READINGS = "readiness_readings"
"""Key of an xdist worker's readings in its output."""

SECRETS = "holds secrets, which are not recorded"
LOSSY = "cannot be written as JSON without loss"

Outcome = Literal["read", "withheld", "could not verify", "unreachable", "not declared"]
_OUTCOMES: dict[type[Exception], Outcome] = {
    CouldNotVerify: "could not verify",
    Unreachable: "unreachable",
    NotDeclared: "not declared",
}
_ERRORS = {outcome: error for error, outcome in _OUTCOMES.items()}


class Recorded(BaseModel):
    """A reading as it stands in a recording.

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
        note: what the evidence says of the reading.
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
    outcome: Outcome
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
        moved = "" if recorded.where == resource.where else f"recorded from {recorded.where}"
        reading.note = "; ".join(filter(None, (recorded.note, moved)))
        reading.seconds = recorded.seconds
        try:
            return _types(fact.read).load(recorded.value)
        except UnrecordableError:
            reason = f"the recording of {self.moment} holds {what} in a form that this version does not read"
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
        ProblemsError: it is no recording, one of a later version, or one of another target.
    """
    recording = parse_recording(path)
    recorded = recording.provenance.target
    if recorded != target:
        message = f"This is a recording of target '{recorded}', and this run is about '{target}'."
        raise ProblemsError([Problem(path, 0, message)])
    return recording


def is_recording(format: object) -> bool:
    """Whether a file of this "format" is a recording, of whatever version."""
    return isinstance(format, str) and format.partition("/")[0] == _FAMILY


def parse_recording(path: Path) -> Recording:
    """Read a recording of any target.

    Raises:
        ProblemsError: it is no recording, or one of a later version.
    """
    text = read_text(path, "recording")
    try:
        format = json.loads(text)["format"]
    except (ValueError, KeyError, TypeError, RecursionError):
        format = ""
    if not is_recording(format):
        message = "This is no recording of a readiness run (the file that --readiness-record writes)."
        raise ProblemsError([Problem(path, 0, message)])
    if format != FORMAT:
        message = f"This recording has the format {format}, and this version reads {FORMAT}; update pytest-readiness."
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
        same = json.loads(adapter.dump_json(value)) == data
    except (ValueError, TypeError, RecursionError):
        same = False
    if not same:
        raise UnrecordableError(LOSSY)
    return value


def recorded(reading: Reading, redact: Redactor) -> Recorded:
    """Return a reading that has ended as it stands in a recording, without secrets."""
    fact, error = reading.fact, reading.error
    outcome: Outcome = "read" if error is None else _OUTCOMES[kind_of(error)]
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
        where=redact(reading.resource.where),
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
    """Withhold what redaction would change: judging what is left of it could say anything.

    Raises:
        UnrecordableError: there is a secret in it, as a text or as a number.
    """
    text = json.dumps(data, ensure_ascii=False)
    if redact.deep(data) != data or redact(text) != text:
        raise UnrecordableError(SECRETS)


class Recorder:
    """Writes the recording at the end of the run, also of one that was broken off.

    Under xdist the workers read: each hands its readings over with its output, and the controller writes the file.
    """

    def __init__(self, config: pytest.Config, run: Run) -> None:
        self.config = config
        self.run = run
        option: Path = config.getoption("readiness_record")
        self.path = config.invocation_params.dir / option
        self.when = datetime.now(UTC)
        self.nodes: list[Any] = []
        self.said = ""

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:
        """Remember an xdist worker."""
        self.nodes.append(node)

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Write the file, or hand the readings to the process that does."""
        from pytest_readiness.files import write_atomically

        if self.config.option.collectonly:
            return
        readings = [recorded(reading, self.run.redact) for reading in self.run.gatherer.done()]
        if self.run.is_worker:
            output: dict[str, Any] = self.config.workeroutput  # type: ignore[attr-defined]
            output[READINGS] = [each.model_dump_json() for each in readings]
            return
        for node in self.nodes:
            # A worker that crashed has handed over nothing.
            texts = (getattr(node, "workeroutput", None) or {}).get(READINGS, ())
            readings += [Recorded.model_validate_json(text) for text in texts]
        try:
            write_atomically(self.path, self._text(readings))
        except OSError as error:
            session.exitstatus = pytest.ExitCode.USAGE_ERROR
            self.said = f"The recording {self.path} could not be written: {error.strerror or error}."
        else:
            self.said = f"recording: {self.config.getoption('readiness_record')}"

    def _text(self, readings: Iterable[Recorded]) -> str:
        data = {
            "format": FORMAT,
            "when": self.when.isoformat(),
            "provenance": self.run.redact.deep(asdict(self.run.provenance)),
            "readings": [each.model_dump(mode="json") for each in _once(readings)],
        }
        return json.dumps(data, indent=1) + "\n"

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Say where the file is, or why there is none."""
        if self.said:
            terminalreporter.write_line(self.run.redact(printable(self.said)))


def _once(readings: Iterable[Recorded]) -> list[Recorded]:
    """Sorted, and of what several workers read the one that failed, else the first."""
    found: dict[tuple[str, ...], Recorded] = {}
    for each in sorted(readings, key=lambda each: each.order):
        found.setdefault(each.order[:4], each)
    return list(found.values())


class Replay:
    """The plugin of a run that is judged from a recording; it keeps tests from contacting anything."""

    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        """End a test that cannot be judged so."""
        if why := _unreplayable(item):
            raise CouldNotVerify(f"this cannot be judged from a recording: {why}")


def _unreplayable(item: pytest.Item) -> str:
    """Return why a test cannot be judged from a recording, as a clause, or "" where it can.

    A test must rest on facts, and nothing on its way to them may look at the target by itself.
    """
    if isinstance(item, ChecklistTest):
        test = item.planned
        if test.check is None or test.settled is not None:
            return ""
        own = [name for name in test.check.fixtures if name not in item.direct]
        acting = [name for name in item.direct if name in FACTS and class_of(name) != CLASSES[0]]
        if test.check.check_class != CLASSES[0] and not acting:
            return f"{test.check.id} is {test.check.check_class}: it acts on the target itself"
        if own:
            return f"{test.check.id} takes the project's own fixture '{own[0]}'"
        return "" if any(name in FACTS for name in item.direct) else f"{test.check.id} rests on no fact"
    names = list(getattr(item, "fixturenames", ()))
    info: Any = getattr(item, "_fixtureinfo", None)
    fixtures = {name: found[-1] for name, found in info.name2fixturedefs.items()} if info is not None else {}
    if "host" in fixtures and fixtures["host"].func.__module__.startswith("testinfra"):
        return "it takes testinfra's 'host', which looks at the host itself"
    concerned = [name for name in names if name in FACTS or resource_kinds(name)]
    if not concerned and item.get_closest_marker("readiness") is None:
        return ""
    takers = {"it": info.argnames if info is not None else ()} | {
        f"its fixture '{name}'": fixture.argnames for name, fixture in fixtures.items() if not _is_ours(fixture)
    }
    for taker, taken in takers.items():
        for name in taken:
            if resource_kinds(name):
                return f"{taker} takes '{name}', and may look at it"
    if not any(name in FACTS and _is_ours(fixtures[name]) for name in concerned if name in fixtures):
        return "it rests on no fact"
    return ""


def _is_ours(fixture: Any) -> bool:
    return bool(fixture.func.__module__ == "pytest_readiness.fixtures")
