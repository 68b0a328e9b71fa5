"""One readiness run: loads everything, plans, gathers, keeps what the tests found, and ends with the verdict."""

from __future__ import annotations

import functools
import gc
import hashlib
import os
import re
import time
from collections.abc import Generator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pytest_readiness.config.loading import ConfigurationError, find_configuration, load_configuration
from pytest_readiness.core import clock
from pytest_readiness.core.evidence import MAX_ATTACHMENT, Attachment, ClaimFalse, CouldNotVerify, Evidence, NotDeclared
from pytest_readiness.core.problems import Problem, ProblemsError, nearest
from pytest_readiness.core.redact import Redactor, printable
from pytest_readiness.core.registry import CLASSES, FACTS, TARGET, RegistrationError
from pytest_readiness.gather.gatherer import Gatherer, Reading
from pytest_readiness.people.decisions import Circumstances, judge_signoffs
from pytest_readiness.plan.bindings import bindings_path
from pytest_readiness.plan.plan import Plan, PlannedChecklist, PlannedTest, make_plan
from pytest_readiness.report.terminal import wait
from pytest_readiness.run.audit_log import start_audit
from pytest_readiness.run.collect import (
    ChecklistFile,
    ChecklistTest,
    register_markers,
    section_markers,
    waived,
)
from pytest_readiness.run.findings import ANSWERED, EVIDENCE, TEAM_FAILS, fields_of, key_of, planned_for
from pytest_readiness.run.fixtures import Fixtures, parametrize, testinfra_hosts
from pytest_readiness.run.hiding import Hiding
from pytest_readiness.run.shards import ShardSelection
from pytest_readiness.run.workers import SELECTION, VARIABLES, Workers
from pytest_readiness.verdict.drift import BaselineRecord
from pytest_readiness.verdict.judging import Verdict, exit_code, judge
from pytest_readiness.verdict.outcome import Input, Original, Outcome, Report
from pytest_readiness.verdict.provenance import Provenance, place_of
from pytest_readiness.verdict.result import TestResult, carried, carry
from pytest_readiness.verdict.shards import in_order, make_shard, parse_shard

if TYPE_CHECKING:
    from pytest_readiness.record.recording import Recording

CHECKLIST_SUFFIXES = (".md", ".markdown")
EVIDENCE_LENGTH = 1000


def start(config: pytest.Config) -> None:
    """Make this run a readiness run.

    Raises:
        pytest.UsageError: every mistake in the configuration, the checklists and their bindings.
    """
    target = config.getoption("readiness_target")
    worker: dict[str, Any] | None = getattr(config, "workerinput", None)
    replay = config.getoption("readiness_replay")
    if replay is not None and config.getoption("readiness_record") is not None:
        raise pytest.UsageError("--readiness-record and --readiness-replay exclude each other: a replay reads nothing.")
    if replay is not None and config.getoption("readiness_history") is not None:
        raise pytest.UsageError("--readiness-history keeps what was seen; a replay sees nothing.")
    redact = Redactor()
    # What is made until the tests begin lives to the end: looking through it for garbage is wasted time, in a
    # large checklist a third of it. `pytest_collection_finish` turns the collector on again.
    gc.disable()
    config.add_cleanup(gc.enable)
    start_audit(config, redact)
    try:
        clock.now()
        shard = _shard(config)
        if shard is not None and config.getoption("readiness_history") is not None:
            raise pytest.UsageError("A shard is no run of its own; give --history to `readiness merge` instead.")
        folders = dict.fromkeys((config.rootpath, config.invocation_params.dir))
        path = config.getoption("readiness_config") or find_configuration(*folders)
        if path is None:
            raise pytest.UsageError(
                f"There is no readiness.yaml in {' or '.join(map(str, folders))} or above it; "
                "write one (see the quickstart) or name one with --readiness-config FILE."
            )
        variables: dict[str, str] = dict(worker[VARIABLES]) if worker is not None else {}
        if worker is None:
            for each in config.hook.pytest_readiness_variables(config=config, target=target):
                variables.update(each)
        problems: tuple[Problem, ...] = ()
        try:
            configuration = load_configuration(Path(path), target, variables)
        except ConfigurationError as error:
            if error.configuration is None:
                raise
            configuration, problems = error.configuration, error.problems
        release = config.getoption("readiness_release") or ""
        configuration = replace(configuration, target=replace(configuration.target, release=release))
        redact.add(*configuration.secrets)
        documents = _documents(config)
        if documents is None:
            documents = tuple(path for path in configuration.checklists if path.is_file() or not problems)
            if not documents and not configuration.tests and not problems:
                raise pytest.UsageError(f"{path} names no checklists; give one as an argument or under 'checklists'.")
            config.args[:] = [str(each) for each in (*documents, *configuration.tests)]
        allow = frozenset((CLASSES[0], *configuration.target.policy.allow, *config.getoption("readiness_allow")))
        # Without a document among the paths a team's own tests run; the configured checklists say what they answer.
        try:
            plan = make_plan(
                configuration, documents or configuration.checklists, allow, fenced=config.getoption("readiness_fenced")
            )
        except ProblemsError as error:
            raise ProblemsError([*problems, *error.problems]) from None
        if problems:
            raise ProblemsError(problems)
        earlier = config.getoption("readiness_baseline")
        baseline = None
        if earlier is not None:
            from pytest_readiness.verdict.result_file import read_baseline

            baseline = read_baseline(config.invocation_params.dir / earlier)
        recording = None
        if replay is not None:
            from pytest_readiness.record.recording import read_recording

            recording = read_recording(config.invocation_params.dir / replay, target)
    except (ProblemsError, RegistrationError, clock.ClockError) as error:
        raise pytest.UsageError("\n".join(redact(printable(line)) for line in str(error).splitlines())) from None
    run = Run(config, plan, redact, variables, baseline, recording, shard)
    config.pluginmanager.register(run, "readiness-run")


def _shard(config: pytest.Config) -> tuple[int, int] | None:
    text = config.getoption("readiness_shard")
    try:
        return parse_shard(text) if text is not None else None
    except ValueError as error:
        raise pytest.UsageError(str(error)) from None


def _documents(config: pytest.Config) -> tuple[Path, ...] | None:
    """Checklists among the paths of the command line; None where no path was given."""
    if config.args_source is not pytest.Config.ArgsSource.ARGS:
        return None
    paths = dict.fromkeys(argument.partition("::")[0] for argument in config.args)
    folder = config.invocation_params.dir
    return tuple((folder / path).resolve() for path in paths if path.lower().endswith(CHECKLIST_SUFFIXES))


class Run:
    """The plugin that is registered for a readiness run."""

    def __init__(
        self,
        config: pytest.Config,
        plan: Plan,
        redact: Redactor,
        variables: dict[str, str],
        baseline: BaselineRecord | None,
        recording: Recording | None,
        shard: tuple[int, int] | None,
    ) -> None:
        self.config = config
        self.plan = plan
        self.redact = redact
        self.baseline = baseline
        self.shard = shard
        self.recording = recording
        self.gatherer = Gatherer(recording.replay if recording is not None else None, plan.configuration.target)
        self.checklists = {path.resolve(): planned for path, planned in plan.checklists.items()}
        self.is_worker = hasattr(config, "workerinput")
        self.results: dict[str, TestResult] = {}
        self.expected: dict[str, None] = {}
        self.team_missing: dict[str, None] = {}
        self.other_failed = False
        self.selection: tuple[str, ...] = ()
        self.answers: dict[str, str] = {}
        self.reports: dict[str, list[Report]] = {}
        self.verdict: Verdict | None = None
        self.outcome: Outcome | None = None
        self.provenance = Provenance.of(
            plan,
            release=config.getoption("readiness_release") or "",
            command=tuple(map(str, config.invocation_params.args)),
            root=config.rootpath,
            pytest=pytest.__version__,
        )
        self.inputs = () if self.is_worker else _inputs(plan, config.rootpath)
        if recording is not None:
            self.provenance = replace(
                self.provenance, runner=recording.provenance.runner, replayed_from=recording.moment
            )
        self._begun: set[str] = set()
        self._kept: tuple[pytest.TestReport | None, TestResult | None] = None, None
        self._keeps = config.getoption("readiness_out") is not None
        self._setup_seconds: dict[str, float] = {}
        self.hiding = Hiding(config, redact)
        config.pluginmanager.register(self.hiding, "readiness-hiding")
        register_markers(config, plan.checklists.values())
        config.pluginmanager.register(Fixtures(config, self.gatherer, plan.allow), "readiness-fixtures")
        if getattr(config.option, "hosts", "") is None:
            config.option.hosts = testinfra_hosts(plan.configuration.target) or None
        if shard is not None:
            config.pluginmanager.register(ShardSelection(self, *shard), "readiness-shard")
        if not self.is_worker:
            from pytest_readiness.report import register_reports

            config.pluginmanager.register(Workers(self, variables), "readiness-workers")
            register_reports(config, self)
        if recording is not None:
            from pytest_readiness.run.recorder import Replay

            config.pluginmanager.register(Replay(), "readiness-replay")
        if config.getoption("readiness_record") is not None:
            from pytest_readiness.run.recorder import Recorder

            config.pluginmanager.register(Recorder(config, self), "readiness-recorder")

    # Collection

    def pytest_collect_file(self, file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
        """Collect the run's checklists, and no other Markdown file."""
        planned = self.checklists.get(file_path.resolve())
        if planned is None:
            return None
        root = self.config.rootpath
        # pytest gives a file outside the root directory no id of its own, and two of them the same.
        outside: dict[str, Any] = (
            {} if file_path.is_relative_to(root) else {"nodeid": Path(os.path.relpath(file_path, root)).as_posix()}
        )
        node: pytest.Collector = ChecklistFile.from_parent(parent, path=file_path, planned=planned, **outside)
        return node

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        """Give a team's own tests the target's resources."""
        parametrize(metafunc, self.plan.configuration.target)

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_modifyitems(self, session: pytest.Session, items: list[pytest.Item]) -> None:
        """Let a team's own tests answer items."""
        by_item: dict[str, PlannedTest] = {}
        planned_of: dict[str, PlannedChecklist] = {}
        for planned in self.plan.checklists.values():
            for tests in planned.tests.values():
                for test in tests:
                    by_item.setdefault(test.full_item, test)
                    planned_of[test.full_item] = planned
        names: dict[str, list[str]] = {}
        for full in by_item:
            names.setdefault(full, []).append(full)
            names.setdefault(full.rpartition(":")[2], []).append(full)
        answered: set[str] = set()
        wrong = []
        for item in items:
            answers = item.get_closest_marker("readiness")
            if answers is None or isinstance(item, ChecklistTest):
                continue
            wanted = str(answers.args[0]) if answers.args else ""
            found = names.get(wanted, [])
            if len(found) != 1:
                why = (
                    f"is an item of several checklists; write {' or '.join(found)}."
                    if found
                    else (f"is no item of this run's checklists.{nearest(wanted, names)}")
                )
                wrong.append(f"{item.nodeid}: '{wanted}' {why}")
                continue
            test = by_item[found[0]]
            item.stash[ANSWERED] = test
            self.answers[key_of(item)] = test.full_item
            answered.add(test.full_item)
            marks: list[str | pytest.MarkDecorator] = [test.severity, *section_markers(test.section)]
            for mark in (*marks, *waived(test, *TEAM_FAILS)):
                item.add_marker(mark)
        if wrong:
            # Whatever is left is still gathered for; and xdist takes a worker's error for one of its own.
            items.clear()
            if not self.is_worker:
                raise pytest.UsageError("\n".join(dict.fromkeys(wrong)))
            session.shouldfail = " ".join(dict.fromkeys(wrong))
        items[:] = [
            item
            for item in items
            if not (
                isinstance(item, ChecklistTest)
                and item.planned.full_item in answered
                and item.planned.settled is not None
                and item.planned.check is None
                and item.planned.settled[0] == "unverified"
            )
        ]

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Begin to gather what the selected tests need."""
        for item in session.items:
            if isinstance(item, ChecklistTest):
                self.expected[item.planned.key] = None
            else:
                self.team_missing[item.nodeid] = None
        gc.freeze()
        gc.enable()
        given_up = session.testsfailed and not self.config.option.continue_on_collection_errors
        if not self.is_worker and not self.config.option.collectonly and not given_up:
            self._gather(session.items)

    def _gather(self, items: Sequence[pytest.Item], only: str | None = None) -> None:
        for item in items:
            if isinstance(item, ChecklistTest) and (resource := item.planned.resource) is not None:
                for name in item.direct:
                    if name in FACTS and only in (None, resource.key):
                        self.gatherer.plan(name, resource, item.planned.asks)
        self.gatherer.start()

    # Running

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, object, object]:
        """Wait for what the test reads, saying so on a terminal."""
        if isinstance(item, ChecklistTest) and item.direct:
            resource = item.planned.resource
            if self.is_worker and resource is not None and resource.key not in self._begun:
                self._begun.add(resource.key)
                self._gather(item.session.items, only=resource.key)
            item.readings = self._readings(item)
            wait(self.config, self.gatherer, [each for readings in item.readings.values() for each in readings])
        return (yield)

    def _readings(self, item: ChecklistTest) -> dict[str, list[Reading]]:
        test = item.planned
        assert test.resource is not None
        return {name: self.gatherer.readings(name, test.resource, test.asks) for name in item.direct if name in FACTS}

    @pytest.hookimpl(tryfirst=True)
    def pytest_pyfunc_call(self, pyfuncitem: pytest.Function) -> bool | None:
        """Judge the claim of a checklist's test."""
        if not isinstance(pyfuncitem, ChecklistTest):
            return None
        pyfuncitem.stash[EVIDENCE] = self._judged(pyfuncitem)
        return True

    def _judged(self, item: ChecklistTest) -> Evidence:
        test = item.planned
        if test.settled is not None:
            raise _unverified(test.settled[1], test.settled[0])
        if test.signoff is not None:
            return self._signed(test)
        assert test.check is not None
        arguments = {name: item.funcargs[name] for name in item._fixtureinfo.argnames}
        try:
            for name in item.direct:
                arguments[name] = self._argument(item, name)
            evidence = test.check.judge(**arguments, **test.parameters)
            if test.warn is not None and isinstance(evidence, Evidence):
                evidence = _warned(test, arguments, evidence)
        except NotDeclared as missing:
            raise _unverified(str(missing)) from None
        if not isinstance(evidence, Evidence) or not evidence.text:
            raise CouldNotVerify(f"the check {test.check.id} returned no evidence; that is a defect of the check")
        return evidence

    def _argument(self, item: ChecklistTest, name: str) -> Any:
        resource = item.planned.resource
        if name == TARGET:
            return self.plan.configuration.target
        if name not in FACTS:
            return resource
        assert resource is not None
        return self.gatherer.given(name, resource, item.readings[name])

    def _signed(self, test: PlannedTest) -> Evidence:
        assert test.signoff is not None
        decisions = self.plan.decisions
        evidence, refusal = judge_signoffs(
            test.signoff,
            decisions.signoffs.get(test.full_item, ()),
            test.waiver,
            Circumstances(
                people=self.plan.configuration.roles,
                folder=decisions.folder,
                release=self.config.getoption("readiness_release"),
                today=clock.now().date(),
            ),
        )
        if evidence is None:
            raise _unverified(refusal)
        return evidence

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Keep what was found, as plain data; hide secrets; tell what could not be seen from what is false."""
        report = yield
        error = call.excinfo.value if call.excinfo is not None else None
        unseen = isinstance(item, ChecklistTest) and not isinstance(error, (ClaimFalse, pytest.skip.Exception))
        if error is not None and (unseen or isinstance(error, CouldNotVerify)):
            if report.when == "call" and report.failed:
                # pytest tells an error from a failure by the phase; what could not be looked at did not fail.
                report.when = "setup"
            if isinstance(error, CouldNotVerify):
                report.longrepr = f"could not verify: {printable(error.reason)}."
        self.hiding.hide(report)
        if report.user_properties and report.user_properties != item.stash.get(PROPERTIES, None):
            clean = self.hiding.clean_all
            report.user_properties = [(clean(name), clean(value)) for name, value in report.user_properties]
        if report.when != "teardown" and (report.when == "call" or not report.passed):
            result = self._keep(item, call, report, error)
            if result is not None:
                self._kept = report, result
        return report

    def _keep(
        self,
        item: pytest.Item,
        call: pytest.CallInfo[None],
        report: pytest.TestReport,
        error: BaseException | None,
    ) -> TestResult | None:
        test = planned_for(item)
        if test is None or PROPERTIES in item.stash:
            return None
        fields = fields_of(item, test, report, error, call)
        if attachments := fields.get("attachments"):
            fields["attachments"] = tuple(map(self._clean_attachment, attachments))
        result = TestResult.cleaned(self._clean, **fields)
        properties = item.stash[PROPERTIES] = carry(report, result)
        item.user_properties += properties
        return result

    def _clean_attachment(self, attachment: Attachment) -> Attachment:
        data = attachment.data
        with suppress(UnicodeDecodeError):
            errors = "replace" if attachment.media_type.startswith("text/") else "strict"
            # A mask may be longer than what it hides.
            data = self.redact(data.decode("utf-8", errors)).encode()[:MAX_ATTACHMENT]
        return replace(attachment, name=self._clean(attachment.name), data=data)

    def _clean(self, text: str) -> str:
        return self.redact(printable(text))[:EVIDENCE_LENGTH]

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Take up a result, in the process that controls the run, before anybody shows it."""
        if self.is_worker:
            return
        seen = report.when == "call" or not report.passed
        if seen:
            # A test that was only set up, and then interrupted, did not run.
            self.team_missing.pop(report.nodeid, None)
        if not seen and not self._keeps:
            return
        kept, result = self._kept
        if kept is not report:
            result = carried(report)
        if self._keeps and report.outcome in ("passed", "failed", "skipped"):
            self._record(report, result)
        if not seen:
            return
        if result is None:
            self.other_failed = self.other_failed or report.failed
        elif report.failed and report.when == "teardown" and result.state != "failed":
            self.results[result.test] = replace(result, state="error", evidence="could not verify: the teardown broke")
        else:
            self.results.setdefault(result.test, result)

    def _record(self, report: pytest.TestReport, result: TestResult | None) -> None:
        """Keep what the HTML page is made from."""
        known = self.reports.setdefault(report.nodeid, [])
        if report.when == "setup" and report.passed:
            self._setup_seconds[report.nodeid] = report.duration
            return
        seconds = report.duration
        if report.when == "call":
            seconds += self._setup_seconds.pop(report.nodeid, 0.0)
        elif report.when == "teardown" and report.passed:
            if known and known[-1].when == "call":
                known[-1] = replace(
                    known[-1], seconds=known[-1].seconds + report.duration, output=tuple(report.sections)
                )
            return
        nodeid = report.nodeid
        if result is not None:
            # A team's own test is known by its id without the group that xdist may have appended.
            nodeid = result.check if "::" in result.check else nodeid
        known.append(
            Report(
                nodeid=nodeid,
                test=result.test if result is not None else self._clean(nodeid),
                when=report.when,
                outcome=report.outcome,
                seconds=seconds,
                # `longreprtext` would name the xdist worker too.
                text=str(report.longrepr) if report.longrepr else "",
                output=tuple(report.sections),
                xfail=getattr(report, "wasxfail", None),
            )
        )

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Remember that something could not be collected: a run that goes on all the same is not whole."""
        self.other_failed = self.other_failed or report.failed

    # The end

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        """Judge the run and set the exit code."""
        # Before anything asks for a reading: asking begins one that is new.
        self.gatherer.stop("the run ended before it was read")
        if exitstatus == pytest.ExitCode.INTERRUPTED and not self.is_worker:
            self._judge_what_was_read(session)
        if self.is_worker:
            self.config.workeroutput[SELECTION] = self.selection, self.answers  # type: ignore[attr-defined]
        if self.is_worker or self.config.option.collectonly:
            return
        self.verdict = judge(
            self.plan,
            tuple(self.results.values()),
            self.expected,
            today=clock.now().date(),
            baseline=self.baseline,
            shard="{} of {}".format(*self.shard) if self.shard else "",
            team_missing=len(self.team_missing),
        )
        self.provenance = self.provenance.finished_at(time.time())
        decided = (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED)
        if exitstatus in decided and self.verdict.items and not self.other_failed:
            session.exitstatus = exit_code(self.verdict)
        elif exitstatus == pytest.ExitCode.NO_TESTS_COLLECTED and self.selection:
            # Other shards have all the tests.
            session.exitstatus = pytest.ExitCode.OK
        self.outcome = self._outcome(self.verdict, int(session.exitstatus))

    def _judge_what_was_read(self, session: pytest.Session) -> None:
        """After an interruption, judge by the facts that were there before it: what was measured is not lost."""
        for item in getattr(session, "items", ()):
            if not isinstance(item, ChecklistTest) or item.planned.key in self.results or item.fixturenames:
                continue
            if item.direct:
                item.readings = self._readings(item)
            if not any(reading.given_up for readings in item.readings.values() for reading in readings):
                call = pytest.CallInfo.from_call(functools.partial(self._remember, item), when="call")
                report = pytest.TestReport.from_item_and_call(item, call)
                error = call.excinfo.value if call.excinfo is not None else None
                if isinstance(error, ClaimFalse) and (marks := waived(item.planned, ClaimFalse)):
                    report.outcome, report.wasxfail = "skipped", str(marks[0].kwargs["reason"])
                result = self._keep(item, call, report, error)
                if result is not None:
                    self.results[result.test] = result

    def _remember(self, item: ChecklistTest) -> None:
        item.stash[EVIDENCE] = self._judged(item)

    def _outcome(self, verdict: Verdict, exit_code: int) -> Outcome:
        shard = None
        if self.shard is not None:
            tests = in_order(self.plan, self.selection, self.answers)
            shard = make_shard(self.plan, self.provenance.release, *self.shard, tests)
            shard = replace(shard, tests=tuple(map(self._clean, tests)))
        history = self.config.getoption("readiness_history")
        course = None
        if history is not None:
            from pytest_readiness.verdict.history import remember

            course = remember(self.config.invocation_params.dir / history, verdict, self.provenance)
        told: dict[str, list[Report]] = {}
        for reports in self.reports.values():
            for report in reports:
                told.setdefault(report.test, []).append(report)
        answers = {result.test: result.item for result in self.results.values()}
        return Outcome(
            verdict=verdict,
            provenance=self.provenance,
            exit_code=exit_code,
            reports=tuple(report for key in in_order(self.plan, told, answers) for report in told[key]),
            environment=self._environment(),
            shard=shard,
            course=course,
            originals=tuple(
                Original(
                    checklist=planned.checklist.name,
                    path=place_of(path, self.config.rootpath),
                    # Each line by itself, so that every line keeps its number.
                    text=_LINE.sub(lambda line: self.redact(line[0]), planned.checklist.text),
                    fenced=planned.checklist.fenced,
                )
                for path, planned in self.plan.checklists.items()
            ),
            inputs=self.inputs,
        )

    def _environment(self) -> Mapping[str, Any]:
        if not self.config.pluginmanager.hasplugin("metadata"):
            return {}
        from pytest_metadata.plugin import metadata_key

        environment: Mapping[str, Any] = self.config.stash[metadata_key]
        return environment

    def pytest_report_header(self) -> str:
        """Say what runs against what."""
        configuration = self.plan.configuration
        names = ", ".join(printable(planned.checklist.name) for planned in self.plan.checklists.values())
        count = len(configuration.target.resources)
        replay = f" REPLAY of {self.recording.moment}," if self.recording is not None else ""
        return (
            f"readiness:{replay} target {configuration.target.name} ({count} resource{'s' * (count != 1)}, "
            f"{configuration.path}), checklist{'s' * (len(self.plan.checklists) != 1)} {names}"
        )


PROPERTIES = pytest.StashKey[list[tuple[str, object]]]()
"""The `user_properties` that carry an item's result: whatever else a report has is to be cleaned."""


_LINE = re.compile(r"[^\r\n]+")


def _inputs(plan: Plan, root: Path) -> tuple[Input, ...]:
    configuration = plan.configuration
    documents = [each for path in plan.checklists for each in (path, bindings_path(path))]
    files = [configuration.path, *documents, configuration.signoffs, configuration.waivers]
    return tuple(
        Input(place_of(path, root), hashlib.sha256(path.read_bytes()).hexdigest())
        for path in files
        if path is not None and path.is_file()
    )


def _warned(test: PlannedTest, arguments: Mapping[str, Any], evidence: Evidence) -> Evidence:
    """Judge once more by the stricter parameters; what does not hold by them is a warning."""
    assert test.check is not None
    assert test.warn is not None
    try:
        test.check.judge(**arguments, **test.warn)
    except ClaimFalse as false:
        warning = f"expected {false.expected}; seen: {false.seen}"
        return replace(evidence, warning="; ".join(filter(None, (evidence.warning, warning))))
    return evidence


def _unverified(reason: str, state: str = "unverified") -> BaseException:
    return pytest.skip.Exception(f"{state}: {printable(reason)}", _use_item_location=True)
