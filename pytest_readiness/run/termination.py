"""SIGTERM and SIGHUP end a run as Ctrl-C does, so that what was measured is kept; and the end is not ended.

That is how CI systems and containers end what takes too long, and terminals that are closed. Python on its own would
end at once, without outputs. So does the process that controls a run tell xdist's workers that it was interrupted.
"""

from __future__ import annotations

import os
import signal
import threading
from contextlib import suppress
from types import FrameType

import pytest

from pytest_readiness.core.children import end_with

ENDING = "\nreadiness: the run is ending and writes its outputs. Ctrl-C once more ends it at once, without them.\n"


def end_on_signals(config: pytest.Config) -> None:
    """Let Ctrl-C, SIGTERM and SIGHUP interrupt the run, unless the team has handlers of its own, or nohup ignores one.

    Another one must not keep the outputs from being written. Only Ctrl-C does, at the third time: what hangs must end.
    """
    _interrupt_once(config, signal.SIGTERM, signal.SIGHUP, signal.SIGINT, insisting=True)


def end_worker_once(config: pytest.Config) -> None:
    """Let SIGTERM and Ctrl-C interrupt one of xdist's workers, whichever comes first, and the other no more.

    Ctrl-C reaches a worker from the terminal, and the process that controls the run tells it too. Where that process is
    killed, the system tells the worker.
    """
    _interrupt_once(config, signal.SIGTERM, signal.SIGINT)
    end_with(os.getppid(), signal.SIGTERM)


def _interrupt_once(config: pytest.Config, *numbers: signal.Signals, insisting: bool = False) -> None:
    if threading.current_thread() is not threading.main_thread():
        return
    ours = [each for each in numbers if signal.getsignal(each) in (signal.SIG_DFL, signal.default_int_handler)]

    had: list[int] = []

    # Another one is not left to SIG_IGN: one that has come already would then raise an OSError.
    def interrupt(number: int, _frame: FrameType | None) -> None:
        # pytest names the place where the run was interrupted, which is not here.
        __tracebackhide__ = True
        had.append(number)
        if len(had) == 1:
            raise KeyboardInterrupt(*([signal.Signals(number).name] if number != signal.SIGINT else ()))
        if insisting and number == signal.SIGINT:
            insist(had[1:].count(number))

    def insist(time: int) -> None:
        if time == 1:
            with suppress(OSError):
                os.write(2, ENDING.encode())
        else:
            signal.signal(signal.SIGINT, signal.SIG_DFL)
            os.kill(os.getpid(), signal.SIGINT)

    former = {each: signal.signal(each, interrupt) for each in ours}

    def restore() -> None:
        for each, handler in former.items():
            signal.signal(each, handler)

    config.add_cleanup(restore)
