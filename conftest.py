"""The embedded target `demo` of readiness.yaml: its shop is served while a run asks for it."""

from __future__ import annotations

import os
from contextlib import ExitStack

import pytest


@pytest.hookimpl(optionalhook=True)
def pytest_readiness_variables(config: pytest.Config, target: str) -> dict[str, str]:
    if target != "demo":
        return {}
    from suites.demo import shop

    try:
        faults = shop.remaining_faults(os.environ.get("DEMO_MEND", ""))
    except ValueError as error:
        raise pytest.UsageError(str(error)) from None
    stack = ExitStack()
    config.add_cleanup(stack.close)
    return stack.enter_context(shop.running(faults))
