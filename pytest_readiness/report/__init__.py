"""What leaves the run: the terminal summary, the HTML page, the result file."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pytest_readiness.run import Run


def register_reports(config: pytest.Config, run: Run) -> None:
    """Register the reports that the command line asks for.

    Raises:
        pytest.UsageError: the HTML report is asked for, and pytest-html is turned off.
    """
    from pytest_readiness.report.terminal import TerminalReport

    config.pluginmanager.register(TerminalReport(run), "readiness-terminal")
    if config.getoption("readiness_report") is not None:
        if not config.pluginmanager.hasplugin("html"):
            raise pytest.UsageError("--readiness-report needs pytest-html, which is turned off here (-p no:html).")
        from pytest_readiness.report.html import HtmlReport

        config.pluginmanager.register(HtmlReport(config, run), "readiness-html")
    if config.getoption("readiness_out") is not None:
        from pytest_readiness.report.json import JsonReport

        config.pluginmanager.register(JsonReport(config, run), "readiness-json")
