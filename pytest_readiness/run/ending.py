"""The end of a run: the verdict, the exit code, and the reports."""

from __future__ import annotations

import functools
import re
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

import pytest

from pytest_readiness.core import children, clock
from pytest_readiness.core.evidence import ClaimFalse
from pytest_readiness.core.redact import printable
from pytest_readiness.plan.binding import bindings_path
from pytest_readiness.run.findings import EVIDENCE
from pytest_readiness.run.judging import Judging
from pytest_readiness.run.nodes import ChecklistTest, waived
from pytest_readiness.run.state import Run
from pytest_readiness.run.thresholds import FLAKY, is_flaky
from pytest_readiness.run.workers import BROKE, JUDGED, SELECTION, plain, selection_of
from pytest_readiness.verdict.judging import Verdict, cut_items, exit_code, judge
from pytest_readiness.verdict.outcome import Course, Original, Outcome, Report, Shard
from pytest_readiness.verdict.provenance import place_of
from pytest_readiness.verdict.shards import in_order, make_shard

DECIDED = (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED)
"""Exit codes of pytest's of runs that came to their end, and which the verdict replaces."""
INTERRUPTED = "the run was interrupted"
ENDS: dict[int, str] = {
    pytest.ExitCode.INTERRUPTED: INTERRUPTED,
    pytest.ExitCode.INTERNAL_ERROR: BROKE,
    pytest.ExitCode.USAGE_ERROR: "the run was not possible as it was asked for",
    pytest.ExitCode.NO_TESTS_COLLECTED: "nothing was selected",
}
_LINE = re.compile(r"[^\r\n]+")


class RunEnd:
    """The plugin that ends a run."""

    def __init__(self, run: Run, judging: Judging) -> None:
        self._run = run
        self._judging = judging

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        """Judge the run and set the exit code."""
        run = self._run
        # Before anything asks for a reading: asking begins one that is new.
        run.gatherer.stop("the run ended before it was read")
        # Given up first: that its process has ended is then no answer to any reading.
        children.end_all()
        if exitstatus == pytest.ExitCode.INTERRUPTED or INTERRUPTED in run.troubles:
            self._judge_what_was_read(session)
        if run.settings.is_worker:
            output: dict[str, Any] = session.config.workeroutput  # type: ignore[attr-defined]
            output[SELECTION] = selection_of(run)
            output[JUDGED] = [plain(result) for result in run.results.values()]
            return
        if run.settings.collect_only:
            return
        run.troubles.update(dict.fromkeys(_ends_early(exitstatus, run)))
        died = _keys(run, run.died)
        for key in died:
            run.results.pop(key, None)
        run.verdict = judge(
            run.plan,
            tuple(run.results.values()),
            run.expected,
            today=clock.now().date(),
            baseline=run.baseline,
            shard="{} of {}".format(*run.settings.shard) if run.settings.shard else "",
            team_missing=len(run.team_missing),
            left_out=run.left_out,
            answers=run.answers,
            died=died,
            omitted=tuple(run.omitted),
            troubles=tuple(run.troubles),
        )
        run.provenance = run.provenance.finished_at(time.time())
        if exitstatus in DECIDED or _others_have_all(exitstatus, run):
            session.exitstatus = exit_code(run.verdict)
        if exitstatus == pytest.ExitCode.OK and is_flaky(session):
            # It will be set to that when all is written.
            session.exitstatus = FLAKY
        run.outcome = _outcome(run, run.verdict, int(session.exitstatus), _environment(session.config))

    @pytest.hookimpl(tryfirst=True)
    def pytest_keyboard_interrupt(self) -> None:
        """Remember an interruption, which `pytest.exit` may give any exit code."""
        self._run.troubles[INTERRUPTED] = None

    def _judge_what_was_read(self, session: pytest.Session) -> None:
        """After an interruption, judge by the facts that were there before it: what was measured is not lost."""
        for item in getattr(session, "items", ()):
            if not isinstance(item, ChecklistTest) or item.planned.key in self._run.results or item.fixturenames:
                continue
            if item.direct:
                item.readings = self._run.readings(item)
            if not any(reading.given_up for readings in item.readings.values() for reading in readings):
                call = pytest.CallInfo.from_call(functools.partial(self._remember, item), when="call")
                report = pytest.TestReport.from_item_and_call(item, call)
                error = call.excinfo.value if call.excinfo is not None else None
                if isinstance(error, ClaimFalse) and (marks := waived(item.planned, ClaimFalse)):
                    report.outcome, report.wasxfail = "skipped", str(marks[0].kwargs["reason"])
                result = self._judging.keep(item, call, report, error)
                if result is not None:
                    self._run.results[result.test] = result

    def _remember(self, item: ChecklistTest) -> None:
        item.stash[EVIDENCE] = self._judging.judged(item)

    def pytest_report_header(self) -> list[str]:
        """Say what runs against what, and which checklists have no bindings."""
        configuration, checklists = self._run.plan.configuration, self._run.plan.checklists.values()
        names = ", ".join(printable(planned.checklist.name) for planned in checklists)
        count = len(configuration.target.resources)
        replay = f" REPLAY of {self._run.recording.moment}," if self._run.recording is not None else ""
        unbound = [path for path in self._run.plan.checklists if not bindings_path(path).exists()]
        return [
            f"readiness:{replay} target {configuration.target.name} ({count} resource{'s' * (count != 1)}, "
            f"{configuration.path}), checklist{'s' * (len(checklists) != 1)} {names}",
            *(f"readiness: {printable(path.name)} has no bindings: no {bindings_path(path).name}" for path in unbound),
        ]


def _others_have_all(exitstatus: int, run: Run) -> bool:
    """Whether nothing was to run because other shards have all the tests."""
    return exitstatus == pytest.ExitCode.NO_TESTS_COLLECTED and bool(run.selection)


def _ends_early(exitstatus: int, run: Run) -> Iterator[str]:
    """What keeps a run from saying anything good that pytest did not bring to its end."""
    if exitstatus not in DECIDED and not _others_have_all(exitstatus, run):
        yield ENDS.get(exitstatus, f"the run ended with exit code {int(exitstatus)}")


def _keys(run: Run, nodeids: Iterable[str]) -> set[str]:
    """Keys of tests, by node ids: of a checklist's tests, and of the team's own that answer an item."""
    keys = {nodeid: key for nodeid in nodeids if (key := run.key_of(nodeid)) is not None}
    own = {key.partition(":")[2]: key for key in run.answers}
    return {*keys.values(), *(own[nodeid] for nodeid in nodeids if nodeid in own)}


def _outcome(run: Run, verdict: Verdict, exit_code: int, environment: Mapping[str, Any]) -> Outcome:
    told: dict[str, list[Report]] = {}
    for reports in run.reports.values():
        for report in reports:
            told.setdefault(report.test, []).append(report)
    answers = {result.test: result.item for result in run.results.values()}
    return Outcome(
        verdict=verdict,
        provenance=run.provenance,
        exit_code=exit_code,
        reports=tuple(report for key in in_order(run.plan, told, answers) for report in told[key]),
        environment=environment,
        shard=_shard(run),
        course=_course(run, verdict),
        originals=tuple(
            Original(
                checklist=planned.checklist.name,
                path=place_of(path, run.settings.root),
                # Each line by itself, so that every line keeps its number.
                text=_LINE.sub(lambda line: run.redact(line[0]), planned.checklist.text),
                fenced=planned.checklist.fenced,
            )
            for path, planned in run.plan.checklists.items()
        ),
        inputs=run.inputs,
    )


def _shard(run: Run) -> Shard | None:
    if run.settings.shard is None:
        return None
    tests = in_order(run.plan, run.selection, run.answers)
    left_out = run.left_out | cut_items(run.plan, set(tests), set(run.answers.values()))
    shard = make_shard(run.plan, run.provenance.release, *run.settings.shard, tests, left_out)
    return replace(shard, tests=tuple(map(run.clean, tests)))


def _course(run: Run, verdict: Verdict) -> Course | None:
    if run.settings.history is None:
        return None
    from pytest_readiness.verdict.history import remember

    provenance = replace(run.provenance, release=run.redact(run.provenance.release))
    return remember(run.settings.folder / run.settings.history, verdict, provenance, run.plan.former)


def _environment(config: pytest.Config) -> Mapping[str, Any]:
    if not config.pluginmanager.hasplugin("metadata"):
        return {}
    from pytest_metadata.plugin import metadata_key

    environment: Mapping[str, Any] = config.stash[metadata_key]
    return environment
