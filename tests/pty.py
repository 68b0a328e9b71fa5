"""Run a command on a terminal of its own."""

from __future__ import annotations

import os
import pty
import select
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

from tests.stack.patience import patient


def on_a_terminal(
    command: Sequence[str], folder: Path, seconds: float, typed: str = "", **environment: str
) -> tuple[int, str]:
    """Return the exit code of a command and everything that it wrote to its terminal.

    Args:
        seconds: after which it is taken to hang, on a quiet machine.
        typed: what is typed on the terminal, before anything is asked.
    """
    ours, theirs = pty.openpty()
    inherited = {
        name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "FORCE_COLOR", "PY_COLORS", "CI")
    }
    process = subprocess.Popen(
        command,
        cwd=folder,
        env={**inherited, "TERM": "xterm", **environment},
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
    )
    os.close(theirs)
    os.write(ours, typed.encode())
    written = bytearray()
    until = time.monotonic() + patient(seconds)
    try:
        while select.select([ours], [], [], max(0.0, until - time.monotonic()))[0] and (chunk := os.read(ours, 65536)):
            written += chunk
    except OSError:
        pass  # Linux says so when nobody holds the other end any more
    finally:
        os.close(ours)
    try:
        return process.wait(max(0.1, until - time.monotonic())), written.decode("utf-8", "replace")
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        raise
