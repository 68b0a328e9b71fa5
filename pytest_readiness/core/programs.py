"""Programs that this process starts: bounded in time and in what they print, and none outlives the run."""

from __future__ import annotations

import os
import selectors
import subprocess
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from pytest_readiness.core import children

ERRORS_BYTES = 65_536
"""How much is kept of the end of a program's errors."""
_LAST_SECONDS = 1.0
"""To read what a program that was ended had printed before."""
_GUARDED = b'exec 3<&0; { read -r _ <&3 || kill -KILL 0; } >/dev/null 2>&1 & exec 3<&-; exec /bin/sh -c "$0" </dev/null'
"""Runs a line, and beside it what kills the group, should a pipe be closed into which nobody has written a line: nobody
else can, where this process is killed."""


@dataclass(frozen=True, slots=True)
class Ended:
    """How a program ended, and what it printed.

    Attributes:
        status: its exit status, negative where a signal ended it.
        output: what it printed.
        errors: the end of its errors.
        late: whether it was ended because its time was over.
        excess: whether it was ended because it printed more than it may.
    """

    status: int
    output: bytes
    errors: bytes
    late: bool = False
    excess: bool = False


def run(
    line: bytes,
    *,
    seconds: float,
    most_bytes: int,
    cwd: os.PathLike[str] | str | None = None,
    env: Mapping[str, str] | None = None,
) -> Ended:
    """Run a line of shell without a terminal, in a group of processes of its own.

    Args:
        line: for the shell, its words quoted.
        seconds: after which it is ended with all that it started.
        most_bytes: of output and errors together, after which it is ended likewise.
        cwd: folder that it runs in.
        env: its environment; default: that of this process.

    Raises:
        OSError: it could not be started.
        CouldNotVerify: the run is over.
    """
    process = children.start(
        ["/bin/sh", "-c", _GUARDED, line],
        cwd=cwd,
        env=env,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    guard = process.stdin
    assert guard is not None
    try:
        ended = _read(process, time.monotonic() + seconds, most_bytes)
        # What it left running in the background on purpose, it may.
        with suppress(OSError):
            os.write(guard.fileno(), b"\n")
    finally:
        for pipe in (guard, process.stdout, process.stderr):
            if pipe:
                pipe.close()
        children.end(process)
    return ended


def _read(process: subprocess.Popen[bytes], until: float, most_bytes: int) -> Ended:
    kept: dict[Any, bytearray] = {process.stdout: bytearray(), process.stderr: bytearray()}
    late = excess = False
    total = 0
    with selectors.DefaultSelector() as selector:
        for pipe in kept:
            selector.register(pipe, selectors.EVENT_READ)
        while selector.get_map() and not excess:
            ready = selector.select(max(0, until - time.monotonic()))
            if not ready and late:
                break
            if not ready:
                late, until = True, time.monotonic() + _LAST_SECONDS
                children.kill(process)
            for key, _ in ready:
                piece = os.read(key.fd, ERRORS_BYTES)
                if not piece:
                    selector.unregister(key.fileobj)
                total += len(piece)
                kept[key.fileobj] += piece
            del kept[process.stderr][:-ERRORS_BYTES]
            excess = total > most_bytes
    if not late and not excess:
        late = not _exits(process.pid, until)
    if late or excess:
        children.kill(process)
    output, errors = map(bytes, kept.values())
    return Ended(process.wait(), output, errors, late, excess)


def _exits(pid: int, until: float) -> bool:
    """Whether a process that has closed its output exits in time. It keeps its number until it is waited for."""
    while os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT | os.WNOHANG) is None:
        if time.monotonic() > until:
            return False
        time.sleep(0.01)
    return True
