"""Accepting what tests found, in the process that controls the run."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pytest_readiness.run.findings import UNDECLARED
from pytest_readiness.run.state import Run
from pytest_readiness.verdict.outcome import Report
from pytest_readiness.verdict.result import TestResult, carried, worst

ENDS = ("passed", "failed", "skipped")
"""How a phase of a test ends for pytest itself; plugins that repeat a test call what is repeated otherwise."""

PHASES = ("setup", "call", "teardown")
"""Of a test; xdist reports what ended a worker as of another one."""


class Results:
    """The plugin that accepts results; not for xdist's workers."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._keeps = run.settings.out is not None
        self._setup_seconds: dict[str, float] = {}
        self._subtests: dict[tuple[str, object], TestResult] = {}

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Accept a result, in the process that controls the run, before anyone shows it."""
        place = report.nodeid, getattr(report, "node", None)
        if report.outcome not in ENDS:
            self._subtests.pop(place, None)
            return
        seen = report.when == "call" or not report.passed
        if seen:
            # A test that was only set up, and then interrupted, did not run.
            self._run.team_missing.pop(report.nodeid, None)
        if not seen and not self._keeps:
            return
        kept, result = self._run.kept
        if kept is not report:
            result = carried(report)
        if self._keeps:
            self._record(report, result)
        if not seen:
            return
        if result is None:
            self._other(report)
            return
        if report.failed and report.when == "teardown" and result.state != "failed":
            result = replace(result, state="error", evidence="could not verify: the teardown broke")
        if hasattr(report, "context"):
            # A subtest counts with the test that it is part of, unless that is tried again.
            self._subtests[place] = _worse(self._subtests.get(place), result)
            return
        result = _worse(self._subtests.pop(place, None), result)
        # A test has several reports: of its call and its teardown, and of each worker where each runs all tests.
        self._run.results[result.test] = _worse(self._run.results.get(result.test), result)

    def _other(self, report: pytest.TestReport) -> None:
        """What a test says that answers no item, or that never came to say anything of its item."""
        nodeid = self._run.clean(report.nodeid)
        if report.when not in PHASES:
            self._run.died[report.nodeid] = None
            self._run.troubles[f"{nodeid} ended its process"] = None
        elif report.failed:
            self._run.troubles[f"{nodeid} failed"] = None
        elif report.skipped and not any(name == UNDECLARED for name, _ in report.user_properties):
            expected = hasattr(report, "wasxfail")
            self._run.omitted[f"{nodeid} {'was expected to fail, and did' if expected else 'was skipped'}"] = None

    def _record(self, report: pytest.TestReport, result: TestResult | None) -> None:
        """Keep what the HTML page is made from."""
        known = self._run.reports.setdefault(report.nodeid, [])
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
                test=result.test if result is not None else self._run.clean(nodeid),
                when=report.when if report.when in PHASES else "call",
                outcome=report.outcome,
                seconds=seconds,
                # `longreprtext` would name the xdist worker too.
                text=str(report.longrepr) if report.longrepr else "",
                output=tuple(report.sections),
                xfail=getattr(report, "wasxfail", None),
            )
        )


def _worse(known: TestResult | None, result: TestResult) -> TestResult:
    """The worse of two results of one test, the later where they are alike."""
    return result if known is None or worst((known.state, result.state)) == result.state else known
