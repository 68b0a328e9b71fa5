"""What leaves the run: the terminal summary, the HTML page, the files of --readiness-out, and what GitHub is told."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pytest_readiness.run.run import Run


def register_reports(config: pytest.Config, run: Run) -> None:
    """Register the reports that the command line asks for.

    Raises:
        pytest.UsageError: the HTML report is asked for, and pytest-html is turned off.
    """
    from pytest_readiness.report.terminal import TerminalReport

    for option in ("report", "out"):
        path = config.getoption(f"readiness_{option}")
        if path is not None:
            place = config.invocation_params.dir / path
            _prepare(place.parent if option == "report" else place, f"--readiness-{option} {path}")
    config.pluginmanager.register(TerminalReport(run), "readiness-terminal")
    if config.getoption("readiness_report") is not None:
        if not config.pluginmanager.hasplugin("html"):
            raise pytest.UsageError("--readiness-report needs pytest-html, which is turned off here (-p no:html).")
        from pytest_readiness.report.html.hooks import HtmlReport

        config.pluginmanager.register(HtmlReport(config, run, config.getoption("readiness_report")), "readiness-html")
    if config.getoption("readiness_out") is not None:
        from pytest_readiness.report.outputs import OutputReport

        config.pluginmanager.register(OutputReport(config, run), "readiness-out")
    # As `on_github` says, without importing what only GitHub needs.
    if os.environ.get("GITHUB_ACTIONS") == "true" and not config.option.collectonly:
        from pytest_readiness.report.github import GithubReport

        config.pluginmanager.register(GithubReport(run), "readiness-github")


def _prepare(folder: Path, what: str) -> None:
    """Make the folder now: a run must not end with a report that cannot be written."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=folder).close()
    except OSError as error:
        raise pytest.UsageError(f"{what} cannot be written: {folder}: {error.strerror}.") from None
