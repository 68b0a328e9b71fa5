"""No way out of a run says better than its verdict.

A test may leave the process by `os._exit(0)`, a plugin may end the run before it begins, and a wrapper around
`pytest_sessionfinish` may set another exit code when all is said.
"""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from typing import NoReturn

import pytest

from pytest_readiness.run.state import Run


class Leaving:
    """The plugin that keeps the exit code; for the process that controls a run.

    Args:
        config: of the run.
        run: the run.
    """

    def __init__(self, config: pytest.Config, run: Run) -> None:
        self._config = config
        self._run = run
        self._session: pytest.Session | None = None
        self._leave = os._exit
        self._process = os.getpid()
        os._exit = self._guarded
        config.add_cleanup(self._end)

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionstart(self, session: pytest.Session) -> None:
        """Remember where pytest keeps the exit code."""
        self._session = session

    def _code(self) -> int:
        """The exit code of the verdict; of a run that has none, that of one that was interrupted."""
        outcome = self._run.outcome
        return int(pytest.ExitCode.INTERRUPTED if outcome is None else outcome.exit_code)

    def _end(self) -> None:
        os._exit = self._leave
        if self._session is not None and self._session.exitstatus == pytest.ExitCode.OK != self._code():
            self._session.exitstatus = self._code()
            self._say("Something set the exit code to 0, which would read as GO.")

    def _guarded(self, status: int) -> NoReturn:
        """Leave the process; a child of it, which has its own verdict to tell nobody, as it asks to."""
        if status == 0 != self._code() and os.getpid() == self._process:
            status = self._code()
            self._say("Something ended the whole run by os._exit(0), so it has no outputs.")
        self._leave(status)

    def _say(self, what: str) -> None:
        captured = self._config.pluginmanager.getplugin("capturemanager")
        # The process is about to end: nothing that goes wrong here may keep it from that.
        with suppress(Exception):
            if captured is not None:
                captured.suspend(in_=True)
            sys.stderr.write(f"\nreadiness: {what} The exit code is {self._code()}.\n")
            sys.stderr.flush()
