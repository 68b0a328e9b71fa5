"""Processes that this one starts to look at things: none outlives the run, however the run ends.

Whoever starts one does it here, so that a run that is interrupted ends all of them before it writes anything, and knows
none of them. Where this process is killed, it can end nothing: then a process ends by itself, because a pipe is closed
that it reads, or because the system was told so (`end_with`).
"""

from __future__ import annotations

import atexit
import ctypes
import os
import signal
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from subprocess import Popen, TimeoutExpired
from typing import Any

from pytest_readiness.core.evidence import CouldNotVerify

END_SECONDS = 2.0
"""For processes to end what they started, all at once, before they are killed."""
_GONE_SECONDS = 0.5
"""For the system to end what was killed."""
_PR_SET_PDEATHSIG = 1

_lock = threading.Lock()
_children: dict[Popen[bytes], bool] = {}
"""Those that run, and whether one ends by itself when its standard input is closed."""
_over = False


def start(command: Sequence[str | bytes], *, asked: bool = False, **options: Any) -> Popen[bytes]:
    """Start a process in a session of its own: Ctrl-C is for the process that runs the tests.

    Args:
        command: program and arguments.
        asked: it ends, with all that it started, when its standard input is closed, and needs a moment for that.
        options: further ones of `Popen`.

    Raises:
        CouldNotVerify: the run is over.
        OSError: it could not be started.
    """
    with _lock:
        if _over:
            raise CouldNotVerify("the run is over")
        child = Popen(command, start_new_session=True, **options)
        _children[child] = asked
    return child


def forget(child: Popen[bytes]) -> None:
    """Take note that a process has ended, and was waited for."""
    with _lock:
        _children.pop(child, None)


def kill(child: Popen[bytes]) -> None:
    """Kill a process, its group and what it started in others, while its number is its own."""
    if child.returncode is not None:
        return
    others = below(child.pid)
    with suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGKILL)
    for pid in others:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def end(child: Popen[bytes]) -> None:
    """Kill a process with all that it started, wait for it, and forget it."""
    kill(child)
    child.wait()
    forget(child)


def begin() -> None:
    """Let processes be started, where an earlier run of this process has ended."""
    global _over  # noqa: PLW0603
    with _lock:
        _over = False


def end_all() -> None:
    """End every process, and start no other one until `begin`; whoever waits for one hears that it has ended."""
    global _over  # noqa: PLW0603
    with _lock:
        _over = True
        children = dict(_children)
    for child, asked in children.items():
        if not asked:
            kill(child)
        elif child.stdin is not None:
            # One that is gone is not there to be asked.
            with suppress(OSError):
                child.stdin.close()
    until = time.monotonic() + END_SECONDS
    for child in children:
        if not _ends(child, until - time.monotonic()):
            kill(child)
    for child in children:
        _ends(child, _GONE_SECONDS)
        forget(child)


def end_with(parent: int, how: signal.Signals = signal.SIGKILL) -> None:
    """End this process when the thread that started it does.

    Args:
        parent: the process of that thread; where it is gone already, this one ends at once.
        how: the signal that ends it.
    """
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, how)
    if os.getppid() != parent:
        os.kill(os.getpid(), how)


def below(pid: int) -> list[int]:
    """All processes that a process has started, and they in their turn, whatever group they moved to."""
    found: list[int] = []
    # Each of them may end meanwhile, this one as well.
    with suppress(OSError):
        for thread in Path(f"/proc/{pid}/task").iterdir():
            with suppress(OSError):
                for child in map(int, (thread / "children").read_text().split()):
                    found += [child, *below(child)]
    return found


def _ends(child: Popen[bytes], seconds: float) -> bool:
    with suppress(TimeoutExpired):
        child.wait(max(0.0, seconds))
    return child.returncode is not None


def _begin_anew() -> None:
    """A copy of this process has no right to end what the original started, and the lock may have been taken."""
    global _lock  # noqa: PLW0603
    _lock = threading.Lock()
    _children.clear()


atexit.register(end_all)
os.register_at_fork(after_in_child=_begin_anew)
