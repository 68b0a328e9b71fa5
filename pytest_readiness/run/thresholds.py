"""What makes pytest fail a run in which no test fails: thresholds of its own and of other plugins."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from pytest_readiness.run.state import Run

FLAKY = 7
"""The exit code that pytest-rerunfailures sets with `--fail-on-flaky`."""


class Thresholds:
    """The plugin that lets no run be GO which pytest would fail; for the process that controls a run.

    Args:
        config: of the run.
        run: the run; what fails it becomes one of its troubles.
    """

    def __init__(self, config: pytest.Config, run: Run) -> None:
        self._config = config
        self._run = run
        self._failures = 0

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport | pytest.CollectReport) -> None:
        """Count failures as pytest does."""
        self._failures += report.failed and not hasattr(report, "wasxfail")

    pytest_collectreport = pytest_runtest_logreport

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Tell it before the run is judged."""
        self._run.troubles.update(dict.fromkeys(self._exceeded(session)))

    def _exceeded(self, session: pytest.Session) -> Iterator[str]:
        if is_flaky(session):
            yield "a test passed at a later try only (--fail-on-flaky)"
        reporter = self._config.pluginmanager.getplugin("terminalreporter")
        warnings = len(reporter.stats.get("warnings", ())) if reporter else 0
        most = self._most_warnings()
        if most is not None and warnings > most:
            yield f"there are more warnings ({warnings}) than --max-warnings allows ({most})"
        if session.testsfailed > self._failures:
            yield "something beside the tests failed the run, such as a threshold of their coverage"

    def _most_warnings(self) -> int | None:
        """The limit on the command line or in pytest's configuration; pytest 8 has none."""
        most = getattr(self._config.option, "max_warnings", None)
        if most is None:
            try:
                most = self._config.getini("max_warnings")
            except (KeyError, ValueError):
                return None
        return None if most is None else int(most)


def is_flaky(session: pytest.Session) -> bool:
    """Whether pytest-rerunfailures fails the run for a test that it tried again."""
    tries = (getattr(item, "execution_count", 1) for item in getattr(session, "items", ()))
    return bool(getattr(session.config.option, "fail_on_flaky", False)) and max(tries, default=1) > 1
