"""Processes that this one starts: how all of them are ended, and that no other one is started then."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator

import pytest

from pytest_readiness.core import children
from pytest_readiness.core.evidence import CouldNotVerify
from tests.stack.patience import patient
from tests.stack.process import descendants, program_of, wait_until

SLEEPS = ["sh", "-c", "sleep 1003 & setsid sleep 1003 & wait"]
"""Starts two processes, one of them in a session of its own."""
OBEYS = [sys.executable, "-c", "import sys; sys.stdin.read()"]
STUBBORN = ["sh", "-c", "setsid sleep 1003 & wait"]


@pytest.fixture(autouse=True)
def anew() -> Iterator[None]:
    yield
    children.end_all()
    children.begin()


def _sleeping(pid: int) -> list[int]:
    return [each for each in descendants(pid) if program_of(each) == "sleep"]


def test_all_end_with_all_that_they_started_and_no_other_is_started(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(children, "END_SECONDS", patient(children.END_SECONDS))
    plain = children.start(SLEEPS)
    obeys = children.start(OBEYS, asked=True, stdin=subprocess.PIPE)
    stubborn = children.start(STUBBORN, asked=True, stdin=subprocess.PIPE)
    wait_until(lambda: len(_sleeping(plain.pid)) == 2 and len(_sleeping(stubborn.pid)) == 1, "all are started")
    left = [*_sleeping(plain.pid), *_sleeping(stubborn.pid)]
    children.end_all()
    wait_until(lambda: not any(program_of(pid) == "sleep" for pid in left), "all have ended")
    assert obeys.wait(patient(5)) == 0
    assert plain.wait(patient(5)) < 0
    assert stubborn.wait(patient(5)) < 0
    with pytest.raises(CouldNotVerify, match="the run is over"):
        children.start(OBEYS)
    children.begin()
    children.end(children.start(SLEEPS))


def test_a_copy_of_this_process_ends_nothing_of_it() -> None:
    child = children.start(["sleep", "1003"])
    copy = os.fork()
    if not copy:
        children.end_all()
        os._exit(0)
    os.waitpid(copy, 0)
    assert child.poll() is None
    children.end(child)


def test_one_whose_parent_is_gone_already_ends_at_once() -> None:
    code = "from pytest_readiness.core.children import end_with; end_with(1); print('still there')"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, timeout=patient(30), check=False)
    assert (done.returncode, done.stdout) == (-9, b"")
