"""The audit log of a run: beginning it, and saying where it has gaps."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pytest_readiness.core import audit
from pytest_readiness.core.redact import Redactor, printable
from pytest_readiness.run.settings import Settings

PROBLEM = "readiness_audit_problem"
"""Key of an xdist worker's output."""


def start_audit(config: pytest.Config, settings: Settings, redact: Redactor) -> None:
    """Begin the log, if one is asked for, before anything is sent or run.

    Raises:
        pytest.UsageError: it cannot be written.
    """
    option = settings.audit
    if option is None:
        return
    path = settings.folder / option
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # What looks at nothing may still run commands that print secrets; the log of a run that looked is kept.
        log = audit.AuditLog(path, lambda text: redact(printable(redact(text))), fresh=settings.controls)
    except OSError as error:
        raise pytest.UsageError(f"--readiness-audit {option} cannot be written: {error.strerror}.") from None
    config.add_cleanup(log.close)
    if not settings.is_worker:
        log(f"a run against target {settings.target} begins")
        if log.problem:
            raise pytest.UsageError(f"--readiness-audit {option} cannot be written: {log.problem}.")
    audit.start(log)
    config.add_cleanup(audit.stop)
    config.pluginmanager.register(AuditReport(config, log, option), "readiness-audit")


class AuditReport:
    """Says what could not be written."""

    def __init__(self, config: pytest.Config, log: audit.AuditLog, path: Path) -> None:
        self.config = config
        self.log = log
        self.path = path
        self.problem = ""

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """Learn from an xdist worker what it could not write."""
        self.problem = self.problem or (getattr(node, "workeroutput", None) or {}).get(PROBLEM, "")

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """End with code 4 where the log has gaps."""
        if hasattr(self.config, "workerinput"):
            self.config.workeroutput[PROBLEM] = self.log.problem  # type: ignore[attr-defined]
            return
        self.problem = self.problem or self.log.problem
        if self.problem:
            session.exitstatus = pytest.ExitCode.USAGE_ERROR

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Say why it has gaps, or where it is."""
        if self.problem:
            message = f"The audit log {self.path} has gaps: it could not be written ({self.problem})."
            terminalreporter.write_line(message, red=True)
