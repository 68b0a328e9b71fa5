"""Programs that are started: how they are bounded, and what is left of them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from pytest_readiness.core.programs import ERRORS_BYTES, Ended, run
from tests.stack.patience import patient
from tests.stack.process import descendants, program_of, wait_until

MOST = 1_000_000


def _left() -> list[str]:
    return [program_of(each) for each in descendants(os.getpid())]


def test_what_it_printed() -> None:
    ended = run(b"echo out; echo err >&2; exit 3", seconds=patient(10), most_bytes=MOST)
    assert ended == Ended(3, b"out\n", b"err\n")


def test_its_time_is_over() -> None:
    ended = run(b"echo out; sleep 1001 & sleep 1001", seconds=0.5, most_bytes=MOST)
    assert (ended.late, ended.output) == (True, b"out\n")
    assert "sleep" not in _left()


def test_it_closes_its_output_and_stays() -> None:
    ended = run(b"exec >&- 2>&-; sleep 1001", seconds=0.5, most_bytes=MOST)
    assert ended.late
    assert "sleep" not in _left()


@pytest.mark.parametrize("line", [b"yes", b"yes >&2", b"yes & yes >&2"])
def test_it_prints_without_end(line: bytes) -> None:
    ended = run(line, seconds=patient(30), most_bytes=MOST)
    assert ended.excess
    assert len(ended.output) < 2 * MOST
    assert len(ended.errors) <= ERRORS_BYTES
    assert "yes" not in _left()


def test_the_end_of_its_errors_is_kept() -> None:
    ended = run(b"head -c 200000 /dev/zero >&2; echo why >&2", seconds=patient(10), most_bytes=MOST)
    assert ended.errors.endswith(b"\0why\n")


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL, None])
def test_it_ends_with_the_run(tmp_path: Path, how: signal.Signals | None) -> None:
    """Also where it was started in a thread that nobody waits for, by Ctrl-C, and where it was killed."""
    code = f"""
import threading, time
from pytest_readiness.core.programs import run
line = b"echo $$ >{tmp_path}/new; mv {tmp_path}/new {tmp_path}/pid; exec sleep 1001"
threading.Thread(target=run, args=(line,), kwargs={{"seconds": 1000, "most_bytes": 1}}, daemon=True).start()
import os
while not os.path.exists("{tmp_path}/pid"):
    time.sleep(0.01)
time.sleep({1000 if how else 0})
"""
    with subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.DEVNULL) as process:
        wait_until((tmp_path / "pid").exists, "the program runs")
        if how:
            process.send_signal(how)
        process.wait(patient(15))
    pid = int((tmp_path / "pid").read_text())
    wait_until(lambda: program_of(pid) != "sleep", "the program has ended")


def test_what_it_leaves_in_the_background_stays() -> None:
    """An agent that a secret command starts is there for the next one."""
    ended = run(b"sleep 1002 >/dev/null 2>&1 </dev/null & echo $!", seconds=patient(10), most_bytes=MOST)
    pid = int(ended.output)
    try:
        assert program_of(pid) == "sleep"
    finally:
        os.kill(pid, signal.SIGKILL)


def test_it_has_no_input() -> None:
    assert run(b"cat; echo $?", seconds=patient(10), most_bytes=MOST).output == b"0\n"
