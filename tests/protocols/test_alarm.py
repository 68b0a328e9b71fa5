from __future__ import annotations

import threading
import time

from pytest_readiness.protocols.alarm import Alarms
from tests.stack.patience import patient

BOUND = patient(20.0)
"""Seconds after which a test is a hang."""
SOON = 0.05


def test_an_alarm_rings_at_its_moment_also_when_it_was_set_after_a_later_one() -> None:
    alarms = Alarms()
    early, late = threading.Event(), threading.Event()
    last = alarms.set(time.monotonic() + 10 * BOUND, late.set)
    moment = time.monotonic() + SOON
    alarms.set(moment, early.set)
    assert early.wait(BOUND)
    assert time.monotonic() >= moment
    assert not late.is_set()
    last.cancel()


def test_a_cancelled_alarm_does_not_ring_and_lets_the_others_ring() -> None:
    alarms = Alarms()
    rung: list[str] = []
    done = threading.Event()
    alarms.set(time.monotonic() + SOON, lambda: rung.append("cancelled")).cancel()
    alarms.set(time.monotonic() + 2 * SOON, lambda: rung.append("kept"))
    alarms.set(time.monotonic() + 3 * SOON, done.set)
    assert done.wait(BOUND)
    assert rung == ["kept"]


def test_a_moment_that_has_passed_rings_at_once_and_the_thread_begins_anew() -> None:
    alarms = Alarms()
    for _ in range(3):
        rung = threading.Event()
        alarms.set(time.monotonic() - 1, rung.set)
        assert rung.wait(BOUND)
        while alarms._thread is not None:
            time.sleep(0.001)
