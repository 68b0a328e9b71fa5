"""The HTML page, made again from a result file: pytest-html gets what it got in the run."""

from __future__ import annotations

import io
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest

from pytest_readiness.core.files import write_atomically
from pytest_readiness.core.problems import Problem, ProblemsError
from pytest_readiness.core.redact import Redactor
from pytest_readiness.run.html_report import HtmlReport
from pytest_readiness.verdict.outcome import Outcome, Report

_VARIABLES = ("PYTEST_ADDOPTS", "PYTEST_PLUGINS")
"""What would let a project's options and plugins interfere with making a page."""


def write_page(outcome: Outcome, path: Path) -> None:
    """Write the page; nothing is contacted and no test runs.

    Raises:
        ProblemsError: the page cannot be written.
    """
    told = io.StringIO()
    with tempfile.TemporaryDirectory(prefix="readiness-") as folder, _undisturbed():
        ini = Path(folder) / "pytest.ini"
        ini.write_text("[pytest]\n", "utf-8")
        arguments = ["-c", str(ini), "--rootdir", folder, "--noconftest", "--disable-plugin-autoload"]
        plugins = ["pytest_metadata.plugin", "pytest_html.plugin", "no:cacheprovider", "no:logging"]
        arguments += [part for plugin in plugins for part in ("-p", plugin)]
        page = Path(folder) / "page.html"
        with redirect_stdout(told), redirect_stderr(told):
            code = pytest.main([*arguments, folder], plugins=[_Again(outcome, page)])
        if code not in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED, pytest.ExitCode.NO_TESTS_COLLECTED):
            last = told.getvalue().strip().splitlines()[-1:]
            raise ProblemsError([Problem(path, 0, f"The page could not be made: {' '.join(last)}")])
        try:
            write_atomically(path, page.read_text("utf-8"))
        except OSError as error:
            raise ProblemsError([Problem(path, 0, f"The page cannot be written: {error.strerror}.")]) from None


@contextmanager
def _undisturbed() -> Iterator[None]:
    kept = {name: os.environ.pop(name) for name in _VARIABLES if name in os.environ}
    try:
        yield
    finally:
        os.environ.update(kept)


class _Again:
    """The plugin that plays the recorded reports."""

    def __init__(self, outcome: Outcome, path: Path) -> None:
        self.outcome: Outcome | None = outcome
        self.environment = outcome.environment
        self.provenance = outcome.provenance
        self.redact = Redactor()
        self.path = path
        items = [item for section in outcome.verdict.sections for item in section.leaves]
        self.results = {result.test: result for item in items for result in item.tests}
        # As in a run, a team's own tests come after the checklists'.
        self.reports = sorted(outcome.reports, key=self._own)

    def _own(self, report: Report) -> bool:
        result = self.results.get(report.test)
        return result is None or "::" in result.check

    @pytest.hookimpl(tryfirst=True)
    def pytest_configure(self, config: pytest.Config) -> None:
        """Register what feeds pytest-html in a run."""
        config.pluginmanager.register(HtmlReport(config, self, self.path), "readiness-html")

    @pytest.hookimpl(optionalhook=True)
    def pytest_metadata(self, metadata: dict[str, Any]) -> None:
        """Say of the environment what was said in the run."""
        metadata.clear()
        metadata.update(self.environment)

    def pytest_collection(self, session: pytest.Session) -> bool:
        """Collect nothing."""
        session.items = []
        session.testscollected = 0
        return True

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Report what was reported in the run."""
        for nodeid, reports in groupby(self.reports, key=lambda report: report.nodeid):
            ended = False
            for report in reports:
                ended = report.when == "teardown"
                session.config.hook.pytest_runtest_logreport(report=self._made(report))
            if not ended:
                end = Report(nodeid, report.test, "teardown", "passed", 0.0, output=report.output)
                session.config.hook.pytest_runtest_logreport(report=self._made(end))
        return True

    def _made(self, report: Report) -> pytest.TestReport:
        result = self.results.get(report.test)
        later = report.when == "teardown"
        made = pytest.TestReport(
            nodeid=report.nodeid,
            location=(report.nodeid.partition("::")[0], 0, report.nodeid),
            keywords={},
            outcome=report.outcome,
            longrepr=report.text or None,
            when=report.when,
            sections=[pair for pair in report.output if later or "teardown" not in pair[0]],
            duration=report.seconds,
            user_properties=result.properties() if result is not None else [],
        )
        if report.xfail is not None:
            made.wasxfail = report.xfail
        return made
