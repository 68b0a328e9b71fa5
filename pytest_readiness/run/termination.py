"""SIGTERM ends a run as Ctrl-C does, so that what was measured is kept.

That is how CI systems and containers end what takes too long. Python on its own would end at once, without outputs. So
does the process that controls a run tell xdist's workers that it was interrupted.
"""

from __future__ import annotations

import os
import signal
import threading
from types import FrameType

import pytest

from pytest_readiness.core.children import end_with


def end_on_sigterm(config: pytest.Config) -> None:
    """Let SIGTERM interrupt the run, unless the team has a handler of its own."""
    # Another one must not keep the outputs from being written.
    _interrupt_once(config, signal.SIGTERM)


def end_worker_once(config: pytest.Config) -> None:
    """Let SIGTERM and Ctrl-C interrupt one of xdist's workers, whichever comes first, and the other no more.

    Ctrl-C reaches a worker from the terminal, and the process that controls the run tells it too. Where that process is
    killed, the system tells the worker.
    """
    _interrupt_once(config, signal.SIGTERM, signal.SIGINT)
    end_with(os.getppid(), signal.SIGTERM)


def _interrupt_once(config: pytest.Config, *numbers: signal.Signals) -> None:
    if threading.current_thread() is not threading.main_thread():
        return
    ours = [each for each in numbers if signal.getsignal(each) in (signal.SIG_DFL, signal.default_int_handler)]

    def interrupt(number: int, _frame: FrameType | None) -> None:
        for each in ours:
            signal.signal(each, signal.SIG_IGN)
        raise KeyboardInterrupt(signal.Signals(number).name)

    former = {each: signal.signal(each, interrupt) for each in ours}

    def restore() -> None:
        for each, handler in former.items():
            signal.signal(each, handler)

    config.add_cleanup(restore)
