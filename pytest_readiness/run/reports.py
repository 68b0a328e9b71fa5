"""The reports of a run as plugins: when each is made, and where it goes."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest

from pytest_readiness.run.state import Run


def register_reports(config: pytest.Config, run: Run) -> None:
    """Register the reports that the command line asks for.

    Raises:
        pytest.UsageError: the HTML report is asked for, and pytest-html is turned off.
    """
    settings = run.settings
    if settings.report is not None:
        if (settings.folder / settings.report).is_dir():
            raise pytest.UsageError(f"--readiness-report {settings.report} cannot be written: it is a directory.")
        _prepare((settings.folder / settings.report).parent, f"--readiness-report {settings.report}")
    if settings.out is not None:
        _prepare(settings.folder / settings.out, f"--readiness-out {settings.out}")
    config.pluginmanager.register(TerminalReport(run), "readiness-terminal")
    if settings.report is not None:
        if not config.pluginmanager.hasplugin("html"):
            raise pytest.UsageError("--readiness-report needs pytest-html, which is turned off here (-p no:html).")
        from pytest_readiness.run.html_report import HtmlReport

        config.pluginmanager.register(HtmlReport(config, run, settings.report), "readiness-html")
    if settings.out is not None:
        config.pluginmanager.register(OutputReport(run, settings.folder / settings.out), "readiness-out")
    # As `on_github` says, without importing what only GitHub needs.
    if os.environ.get("GITHUB_ACTIONS") == "true":
        from pytest_readiness.run.github_report import GithubReport

        config.pluginmanager.register(GithubReport(run), "readiness-github")


def _prepare(folder: Path, what: str) -> None:
    """Make the folder now: a run must not end with a report that cannot be written."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=folder).close()
    except OSError as error:
        raise pytest.UsageError(f"{what} cannot be written: {folder}: {error.strerror}.") from None


class TerminalReport:
    """Writes the verdict below pytest's own lines."""

    def __init__(self, run: Run) -> None:
        self.run = run

    @pytest.hookimpl(tryfirst=True)
    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
        """Write verdict, score, a bar a section, and what is open and why."""
        outcome, settings = self.run.outcome, self.run.settings
        if outcome is None or outcome.exit_code == pytest.ExitCode.USAGE_ERROR:
            return
        from pytest_readiness.report.terminal import summary

        written = (("report", settings.report), ("results", settings.out), ("history", settings.history))
        unwritten = outcome.course is not None and outcome.course.problem
        places = [(what, path) for what, path in written if path is not None and not (what == "history" and unwritten)]
        terminalreporter.section("readiness", sep="=")
        coloured = terminalreporter.hasmarkup
        text = summary(outcome, self.run.redact, config.get_verbosity(), places, coloured=coloured)
        terminalreporter.write(text)


class OutputReport:
    """Writes the files at the end of the run."""

    def __init__(self, run: Run, folder: Path) -> None:
        self.run = run
        self.folder = folder
        self.problems: tuple[str, ...] = ()

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Write the files; if that fails, the run ends with code 4."""
        if self.run.outcome is None:
            return
        from pytest_readiness.report.outputs import write_outputs

        self.problems = write_outputs(self.run.outcome, self.folder, self.run.redact)
        if self.problems:
            session.exitstatus = pytest.ExitCode.USAGE_ERROR

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Say what could not be written."""
        for problem in self.problems:
            terminalreporter.write_line(problem, red=True)
