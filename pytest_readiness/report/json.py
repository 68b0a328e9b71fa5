"""The result as JSON: everything that was found, for programs."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pytest_readiness.run import Run


class JsonReport:
    """Writes `result.json` at the end of the run."""

    def __init__(self, config: pytest.Config, run: Run) -> None:
        self.run = run
        folder: Path = config.getoption("readiness_out")
        self.folder = config.invocation_params.dir / folder
        self.problem = ""

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Write the file; where that cannot be, the run ends with code 4."""
        from pytest_readiness.result_file import FILE_NAME, as_text, file_of

        if self.run.outcome is None:
            return
        path = self.folder / FILE_NAME
        try:
            write_atomically(path, as_text(file_of(self.run.outcome), self.run.redact))
        except OSError as error:
            self.problem = f"{path} cannot be written: {error.strerror}."
            session.exitstatus = pytest.ExitCode.USAGE_ERROR

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Say why the file could not be written."""
        if self.problem:
            terminalreporter.write_line(self.problem, red=True)


def write_atomically(path: Path, text: str) -> None:
    """Write a file whole or not at all; the previous one stays until the new one is complete.

    Raises:
        OSError: the folder cannot be made or written to.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        Path(name).chmod(0o644)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
