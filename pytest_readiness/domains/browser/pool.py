"""Processes that drive browsers, and handing them work from many threads."""

from __future__ import annotations

import os
import sys
import time
from contextlib import suppress
from multiprocessing.connection import Pipe
from subprocess import DEVNULL, PIPE, TimeoutExpired
from threading import Condition
from typing import Any, NamedTuple

from pytest_readiness.core import children
from pytest_readiness.core.audit import sent
from pytest_readiness.core.environment import neutral
from pytest_readiness.core.evidence import CouldNotVerify

START_SECONDS = 30.0
"""For starting a process, Playwright's driver and a browser, beyond what the work itself may take."""
MEMORY_MB = 700
"""What a process that browses, its driver and its browser may take together; a common page takes 250 MB."""
OUT_OF_MEMORY = 77
"""Exit code of a process that took more."""


class NoBrowserFree(CouldNotVerify):
    """All browsers were busy for too long, or the run is over: nothing can be visited, whatever the page."""


class Sending(NamedTuple):
    """What a browser is about to do, in words for the audit log."""

    what: str


class Crashed(NamedTuple):
    """The answer of a process whose browser, or driver, is gone: it does no other job."""

    error: CouldNotVerify


class _BrowserProcess:
    def __init__(self) -> None:
        self.channel, theirs = Pipe()
        with theirs:
            self.process = children.start(
                # -P: the working directory holds the user's files, which must not be imported.
                [
                    *(sys.executable, "-P", "-W", "ignore"),
                    *("-m", "pytest_readiness.domains.browser.worker", str(theirs.fileno())),
                ],
                pass_fds=[theirs.fileno()],
                # Nothing is ever written to it: that it is closed is how the process sees that this one is gone.
                stdin=PIPE,
                asked=True,
                stdout=DEVNULL,
                stderr=DEVNULL,
                env={**neutral(), "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
            )

    def run(self, job: object, seconds: float) -> Any:
        """What it answers; EOFError where it ended, TimeoutError where it did not answer in time."""
        deadline = time.monotonic() + seconds
        self.channel.send(job)
        while True:
            if not self.channel.poll(max(0.0, deadline - time.monotonic())):
                raise TimeoutError
            answer = self.channel.recv()
            if not isinstance(answer, Sending):
                return answer
            sent(answer.what)

    def why_it_ended(self) -> str:
        """Why there is no answer, as a clause."""
        with suppress(TimeoutExpired):
            self.process.wait(children.END_SECONDS)
        if self.process.returncode == OUT_OF_MEMORY:
            return f"the page was not looked at: the browser took more than {MEMORY_MB} MB of memory for it"
        return "the process that drives the browser ended"

    def ask_to_end(self) -> None:
        """Let it end with all processes that it started: it kills them when its standard input is closed."""
        assert self.process.stdin is not None
        self.process.stdin.close()

    def end(self, seconds: float = children.END_SECONDS) -> None:
        """End it with all processes that it started, in that time."""
        self.ask_to_end()
        with suppress(TimeoutExpired):
            self.process.wait(seconds)
        children.end(self.process)


class BrowserPool:
    """At most `processes` processes that browse, one job each at a time.

    They are started when there is work, keep their browser for the next job, and end with this process.
    """

    def __init__(self, processes: int | None = None) -> None:
        # A page that loads keeps about three processors busy.
        self._most = processes or max(1, (os.cpu_count() or 1) // 4)
        self._idle: list[_BrowserProcess] = []
        self._all: list[_BrowserProcess] = []
        self._closed = False
        self._changed = Condition()

    def run(self, job: object, seconds: float, queue: float) -> Any:
        """Let a process do the job; blocks. May be called from many threads.

        Args:
            job: what the worker understands.
            seconds: for the job itself.
            queue: for waiting until a process is free.

        Raises:
            CouldNotVerify: it was not done, or not in time.
        """
        with self._changed:
            worker = self._changed.wait_for(self._free, queue)
        if worker is None:
            raise NoBrowserFree(f"the page was not visited: no browser became free within {queue:g} s")
        done = False
        try:
            answer = worker.run(job, seconds + START_SECONDS)
            done = not isinstance(answer, Crashed)
        except TimeoutError:
            raise CouldNotVerify(f"the browser did not end its visit within {seconds + START_SECONDS:g} s") from None
        except (EOFError, OSError):
            raise CouldNotVerify(worker.why_it_ended()) from None
        finally:
            if not done:
                worker.end()
            with self._changed:
                if done and not self._closed:
                    self._idle.append(worker)
                else:
                    self._all.remove(worker)
                self._changed.notify_all()
        if isinstance(answer, Crashed):
            raise answer.error
        if isinstance(answer, CouldNotVerify):
            raise answer
        return answer

    def close(self) -> None:
        """End the processes and their browsers; whatever they were visiting could not be verified."""
        with self._changed:
            self._closed = True
            workers = list(self._all)
            self._changed.notify_all()
        # All at once: one after the other, they would hold up the end of the run.
        for worker in workers:
            worker.ask_to_end()
        until = time.monotonic() + children.END_SECONDS
        for worker in workers:
            worker.end(max(0.0, until - time.monotonic()))

    def _free(self) -> _BrowserProcess | None:
        if self._closed:
            return None
        while self._idle:
            worker = self._idle.pop()
            if worker.process.poll() is None:
                return worker
            self._all.remove(worker)
        if len(self._all) < self._most:
            self._all.append(worker := _BrowserProcess())
            return worker
        return None
