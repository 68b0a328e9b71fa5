"""Processes that scan, and handing them work from many threads."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from concurrent.futures import Future
from itertools import count
from multiprocessing.connection import Pipe
from subprocess import DEVNULL
from threading import Condition, Thread
from typing import Any

from pytest_readiness.core import children
from pytest_readiness.core.environment import neutral
from pytest_readiness.core.evidence import CouldNotVerify
from pytest_readiness.domains.tls.records import ScanRequest, TlsScan

ENOUGH = 2
"""Scans that a process is given before another one is started: starting one costs as much as about two scans."""

MOST = 8
"""Scans that a process has at a time: enough to be busy while others wait for the network or for sslyze's polling."""


class _ScanProcess:
    """A process that scans.

    Attributes:
        pending: scans that it has not answered yet, by number.
        retired: it gets no further work, and is killed when nothing is pending.
    """

    def __init__(self) -> None:
        self.pending: dict[int, Future[TlsScan]] = {}
        self.retired = False
        self.channel, theirs = Pipe()
        with theirs:
            self.process = children.start(
                # -P: the working directory holds the user's files, which must not be imported.
                [
                    sys.executable,
                    "-P",
                    "-W",
                    "ignore",
                    "-m",
                    "pytest_readiness.domains.tls.worker",
                    str(theirs.fileno()),
                ],
                pass_fds=[theirs.fileno()],
                stdin=DEVNULL,
                stdout=DEVNULL,
                stderr=DEVNULL,
                env={**neutral(), "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
            )


class ScanPool:
    """At most `processes` processes that scan; they are started when there is work and end with this process."""

    def __init__(self, processes: int | None = None) -> None:
        self._processes = processes or os.cpu_count() or 1
        self._workers: list[_ScanProcess] = []
        self._changed = Condition()
        self._numbers: Iterator[int] = count()

    def scan(self, request: ScanRequest, seconds: float) -> TlsScan:
        """Scan an endpoint; blocks. May be called from many threads.

        Raises:
            CouldNotVerify: the endpoint could not be scanned, or not within `seconds`, or the process ended.
        """
        deadline = time.monotonic() + seconds
        late = CouldNotVerify(f"the TLS scan of {request.where} did not end within {seconds:g} s")
        future: Future[TlsScan] = Future()
        with self._changed:
            worker = self._changed.wait_for(self._free, seconds)
            if worker is None:
                raise late
            number = next(self._numbers)
            worker.pending[number] = future
            try:
                worker.channel.send((number, request))
            except OSError:
                # Its reader sees the same and answers the future.
                worker.retired = True
        try:
            return future.result(deadline - time.monotonic())
        except TimeoutError:
            with self._changed:
                worker.pending.pop(number, None)
                self._retire(worker)
            raise late from None

    def close(self) -> None:
        """Kill the processes; whatever they were scanning could not be verified."""
        with self._changed:
            workers = list(self._workers)
        for worker in workers:
            children.kill(worker.process)
        for worker in workers:
            children.end(worker.process)

    def _free(self) -> _ScanProcess | None:
        workers = sorted(
            (worker for worker in self._workers if not worker.retired), key=lambda worker: len(worker.pending)
        )
        if len(workers) < self._processes and (not workers or len(workers[0].pending) >= ENOUGH):
            worker = _ScanProcess()
            self._workers.append(worker)
            Thread(target=self._read, args=(worker,), name="tls-scan-results", daemon=True).start()
            return worker
        return workers[0] if len(workers[0].pending) < MOST else None

    def _read(self, worker: _ScanProcess) -> None:
        while True:
            try:
                number, outcome = worker.channel.recv()
            except (EOFError, OSError):
                break
            with self._changed:
                future = worker.pending.pop(number, None)
                if worker.retired:
                    self._retire(worker)
                self._changed.notify_all()
            if future:
                _answer(future, outcome)
        children.end(worker.process)
        status = worker.process.returncode
        worker.channel.close()
        with self._changed:
            self._workers.remove(worker)
            lost = list(worker.pending.values())
            worker.pending.clear()
            self._changed.notify_all()
        for future in lost:
            _answer(future, CouldNotVerify(f"the process that scanned TLS ended (status {status})", transient=True))

    def _retire(self, worker: _ScanProcess) -> None:
        worker.retired = True
        if not worker.pending:
            worker.process.kill()
        self._changed.notify_all()


def _answer(future: Future[TlsScan], outcome: Any) -> None:
    if isinstance(outcome, CouldNotVerify):
        future.set_exception(outcome)
    else:
        future.set_result(outcome)
