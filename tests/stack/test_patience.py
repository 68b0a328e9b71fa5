from __future__ import annotations

import os

import pytest

from tests.stack import patience
from tests.stack.patience import patient


@pytest.fixture(autouse=True)
def _measured_anew() -> None:
    patience._slowness.cache_clear()


def test_patience_is_never_less_than_on_a_quiet_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patience, "QUIET_SECONDS", 1e9)
    monkeypatch.setattr(os, "getloadavg", lambda: (0.0, 0.0, 0.0))
    assert patient(10) == 10


def test_patience_grows_with_what_waits_for_a_processor(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patience, "QUIET_SECONDS", 1e9)
    monkeypatch.setattr(os, "getloadavg", lambda: (20.0, 0.0, 0.0))
    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    assert patient(10) == 100


def test_patience_grows_with_how_long_work_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patience, "QUIET_SECONDS", 1e-6)
    assert patient(10) > 100


def test_the_limit_of_a_test_is_scaled(request: pytest.FixtureRequest) -> None:
    if request.config.pluginmanager.hasplugin("timeout"):
        mark = request.node.get_closest_marker("timeout")
        assert mark.args[0] >= 300
