"""SIGTERM ends a run as Ctrl-C does, so that what was measured is kept.

That is how CI systems and containers end what takes too long. Python on its own would end at once, without outputs.
"""

from __future__ import annotations

import signal
import threading
from types import FrameType

import pytest


def end_on_sigterm(config: pytest.Config) -> None:
    """Let SIGTERM interrupt the run, unless the team has a handler of its own."""
    if threading.current_thread() is not threading.main_thread() or signal.getsignal(signal.SIGTERM) != signal.SIG_DFL:
        return
    signal.signal(signal.SIGTERM, _interrupt)
    config.add_cleanup(_restore)


def _restore() -> None:
    signal.signal(signal.SIGTERM, signal.SIG_DFL)


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    # Another one must not keep the outputs from being written.
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    raise KeyboardInterrupt("SIGTERM")
