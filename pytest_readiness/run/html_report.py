"""The report: pytest-html's self-contained page, with everything about the checklist on top."""

from __future__ import annotations

import html
import os
from collections.abc import Generator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import pytest

from pytest_readiness.core.files import write_atomically
from pytest_readiness.core.redact import printable
from pytest_readiness.report.html.page import FOLDER, render
from pytest_readiness.report.html.whole import finished
from pytest_readiness.verdict.result import TestResult, from_properties

if TYPE_CHECKING:
    from pytest_readiness.core.redact import Redactor
    from pytest_readiness.verdict.outcome import Outcome
    from pytest_readiness.verdict.provenance import Provenance


class Source(Protocol):
    """What a page is made from: a run that goes on, or one that was read from its result file.

    Attributes:
        outcome: what was found, once that is known.
        provenance: where it comes from.
        redact: hides secrets.
    """

    outcome: Outcome | None
    provenance: Provenance
    redact: Redactor


_TEST_COLUMN = 1
_WITHOUT_SCRIPT = "<noscript><style>.controls, #results-table, #environment-header { display: none }</style></noscript>"
"""What pytest-html fills by script stays out of sight where there is none."""


class HtmlReport:
    """Feeds pytest-html through its hooks."""

    def __init__(self, config: pytest.Config, source: Source, path: Path) -> None:
        self.source = source
        # pytest-html expands these, too.
        self.path = Path(os.path.expandvars(config.invocation_params.dir / path)).expanduser()
        config.option.htmlpath = str(self.path)
        config.option.self_contained_html = True
        config.option.css = [*config.option.css, str(FOLDER / "report.css")]
        self._script = (FOLDER / "report.js").read_text("utf-8")
        self._data: Any = None
        self._maker: object = None
        self.problem = ""

    @pytest.hookimpl(optionalhook=True)
    def pytest_html_report_title(self, report: Any) -> None:
        """Name the page after the target."""
        self._data = report
        replay = " (replay)" if self.source.provenance.replayed_from else ""
        report.title = self.source.redact(printable(f"Production readiness of {self.source.provenance.target}{replay}"))

    @pytest.hookimpl(optionalhook=True)
    def pytest_html_results_table_row(self, report: pytest.TestReport, cells: list[str]) -> None:
        """Keep the tests that the items do not fully cover; each under its name."""
        if not cells:
            return
        if _is_told(report):
            cells.clear()
        else:
            cells[_TEST_COLUMN] = f'<td class="col-testId">{self._safe(report.nodeid)}</td>'

    @pytest.hookimpl(optionalhook=True)
    def pytest_html_results_table_html(self, data: list[str]) -> None:
        """Keep control characters out of what tests wrote; pytest-html has escaped it."""
        data[:] = ["\n".join(map(printable, each.split("\n"))) for each in data]

    @pytest.hookimpl(optionalhook=True)
    def pytest_html_results_summary(self, prefix: list[str]) -> None:
        """Put the verdict and the items on top."""
        if self._data is not None:
            # pytest-html takes these values for markup.
            self._data.set_data("environment", self._escaped(self._data.data["environment"]))
        outcome = self.source.outcome
        if outcome is not None:
            prefix += [render(outcome, self.source.redact), f"<script>{self._script}</script>", _WITHOUT_SCRIPT]

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionstart(self, session: pytest.Session) -> None:
        """Let pytest-html hand over its page, which it would write piece by piece, over the one that is there."""
        from pytest_html.basereport import BaseReport

        for plugin in session.config.pluginmanager.get_plugins():
            if isinstance(plugin, BaseReport):
                self._maker = plugin
                plugin._write_report = self._write

    def _write(self, page: str) -> None:
        try:
            write_atomically(self.path, finished(page, self._script))
        except OSError as error:
            self.problem = f"The report {self.path} cannot be written: {error.strerror}."

    @pytest.hookimpl(wrapper=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> Generator[None, None, None]:
        """If the page could not be written, the run ends with code 4."""
        yield
        if self.problem:
            session.exitstatus = pytest.ExitCode.USAGE_ERROR
            # It would say that it has written its page.
            session.config.pluginmanager.unregister(self._maker)

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Say what could not be written."""
        if self.problem:
            terminalreporter.write_line(self.problem, red=True)

    def _safe(self, text: object) -> str:
        return html.escape(self.source.redact(printable(text)))

    def _escaped(self, value: Any) -> Any:
        """The values of the environment; its names, and only those, are text to pytest-html."""
        if isinstance(value, Mapping):
            return {printable(key): self._escaped_below(child) for key, child in value.items()}
        return value

    def _escaped_below(self, value: Any) -> Any:
        if isinstance(value, Mapping):
            return {self._safe(key): self._safe(child) for key, child in value.items()}
        if isinstance(value, list | tuple):
            return [self._safe(child) for child in value]
        return self._safe(value)


def _is_told(report: pytest.TestReport) -> bool:
    """Whether the page's items say everything about a test."""
    result: TestResult | None = from_properties(getattr(report, "user_properties", ()))
    if result is None or "::" in result.check or report.sections:
        return False
    defect = result.state == "error" and not report.longreprtext.startswith("could not verify")
    return not defect and (report.when != "teardown" or report.passed)
