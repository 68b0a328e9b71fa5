"""What GitHub Actions is told about a run."""

from __future__ import annotations

import pytest

from pytest_readiness.core.problems import Problem
from pytest_readiness.report.github import Muzzle, annotated, publish
from pytest_readiness.run.state import Run
from pytest_readiness.verdict.outcome import Outcome
from pytest_readiness.verdict.result_file import redacted


class GithubReport:
    """Tells GitHub Actions of the run."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self.outcome: Outcome | None = None
        self.problems: list[Problem] = []
        self.muzzle: Muzzle | None = None

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionstart(self, session: pytest.Session) -> None:
        """From here on nothing that is printed is a command."""
        self.muzzle = Muzzle()
        self._write(session.config, self.muzzle.begin)

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Write the step's files; if that fails, the run ends with code 4."""
        if self.run.outcome is None:
            return
        self.outcome = redacted(self.run.outcome, self.run.redact)
        self.problems = publish(self.outcome)
        if self.problems:
            session.exitstatus = pytest.ExitCode.USAGE_ERROR

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Say what could not be written."""
        for problem in self.problems:
            terminalreporter.write_line(str(problem), red=True)

    def pytest_unconfigure(self, config: pytest.Config) -> None:
        """Print the annotations, below everything else."""
        end = [self.muzzle.end] if self.muzzle is not None else []
        self._write(config, *end, *(annotated(self.outcome) if self.outcome is not None else ()))

    def _write(self, config: pytest.Config, *lines: str) -> None:
        reporter = config.pluginmanager.getplugin("terminalreporter")
        if reporter is None:
            return
        reporter.ensure_newline()
        for line in lines:
            reporter.write_line(line)
