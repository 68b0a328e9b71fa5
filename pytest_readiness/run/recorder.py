"""Writing the recording of a run, and keeping a replay from contacting anything."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from pytest_readiness.core.evidence import CouldNotVerify
from pytest_readiness.core.redact import printable
from pytest_readiness.core.registry import CLASSES, FACTS, class_of
from pytest_readiness.core.resources import KINDS
from pytest_readiness.record.recording import FORMAT, Recorded, recorded
from pytest_readiness.run.nodes import ChecklistTest

if TYPE_CHECKING:
    from pytest_readiness.run.state import Run

READINGS = "readiness_readings"
"""Key of an xdist worker's readings in its output."""


class Recorder:
    """Writes the recording at the end of the run, even of one that was interrupted.

    Under xdist the workers read: each hands its readings over with its output, and the controller writes the file.
    """

    def __init__(self, config: pytest.Config, run: Run) -> None:
        self.config = config
        self.run = run
        assert run.settings.record is not None
        self.path = run.settings.folder / run.settings.record
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
        from pytest_readiness.core.files import write_atomically

        readings = [recorded(reading, self.run.redact) for reading in self.run.gatherer.done()]
        if self.run.settings.is_worker:
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
            self.said = f"recording: {self.run.settings.record}"

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
    concerned = [name for name in names if name in FACTS or name in KINDS]
    if not concerned and item.get_closest_marker("readiness") is None:
        return ""
    takers = {"it": info.argnames if info is not None else ()} | {
        f"its fixture '{name}'": fixture.argnames for name, fixture in fixtures.items() if not _is_ours(fixture)
    }
    for taker, taken in takers.items():
        for name in taken:
            if name in KINDS:
                return f"{taker} takes '{name}', which may look at it"
    if not any(name in FACTS and _is_ours(fixtures[name]) for name in concerned if name in fixtures):
        return "it rests on no fact"
    return ""


def _is_ours(fixture: Any) -> bool:
    return bool(fixture.func.__module__ == "pytest_readiness.run.fixtures")
