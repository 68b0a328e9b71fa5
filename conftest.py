"""The embedded target `demo` of readiness.yaml: its shop is served while a run asks for it."""

from __future__ import annotations

import os
from contextlib import ExitStack

import pytest

CHECKLIST = "suites/demo/release.md"
FAULTS = pytest.StashKey[tuple[str, ...]]()
"""The faults that the shop of this run has."""


@pytest.hookimpl(optionalhook=True)
def pytest_readiness_variables(config: pytest.Config, target: str) -> dict[str, str]:
    if target != "demo":
        return {}
    from suites.demo import shop

    try:
        faults = shop.remaining_faults(os.environ.get("DEMO_MEND", ""))
    except ValueError as error:
        raise pytest.UsageError(str(error)) from None
    config.stash[FAULTS] = faults
    stack = ExitStack()
    config.add_cleanup(stack.close)
    return stack.enter_context(shop.running(faults))


@pytest.hookimpl(trylast=True)
def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Name the demo's faults, so that a reader can compare them with what was found."""
    faults = config.stash.get(FAULTS, None)
    reports = [report for found in terminalreporter.stats.values() for report in found]
    ours = any(getattr(report, "nodeid", "").startswith(CHECKLIST) for report in reports)
    if faults is None or not ours or config.get_verbosity() < 0:
        return
    from suites.demo import shop

    terminalreporter.section("demo")
    for line in shop.announcement(faults):
        terminalreporter.write_line(line)
