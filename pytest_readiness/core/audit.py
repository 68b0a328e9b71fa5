"""The audit log: every command, request and query that a run makes, when, and against what."""

from __future__ import annotations

import json
import os
import stat
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

_current = threading.local()
_sink: Callable[[str], None] | None = None


class AuditLog:
    """Writes one JSON object a line; processes of one run may write to the same file.

    Args:
        path: the file; only its owner may read it.
        clean: hides secrets and terminal control.
        fresh: whether to begin an empty file, as the process does that controls the run.

    Raises:
        OSError: it cannot be written.
    """

    def __init__(self, path: Path, clean: Callable[[str], str], *, fresh: bool) -> None:
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | (os.O_TRUNC if fresh else 0)
        self._file = os.open(path, flags, 0o600)
        # One that was there already keeps the mode that it had.
        if fresh and stat.S_ISREG(os.fstat(self._file).st_mode):
            os.fchmod(self._file, 0o600)
        self._clean = clean
        self.problem = ""

    def __call__(self, what: str) -> None:
        """Record that this is about to be sent."""
        fact, resource = getattr(_current, "reading", ("", ""))
        entry = {"at": datetime.now(UTC).isoformat(), "resource": resource, "fact": fact, "what": self._clean(what)}
        line = f"{json.dumps(entry, ensure_ascii=False)}\n".encode("utf-8", "replace")
        try:
            # One write of a file opened to append: lines of several threads and processes stay whole.
            if os.write(self._file, line) < len(line):
                self.problem = "No space left on device"
        except OSError as error:
            self.problem = error.strerror or str(error)

    def close(self) -> None:
        """Write nothing more."""
        file, self._file = self._file, -1
        os.close(file)


def start(log: AuditLog) -> None:
    """Let `sent` write to this log, until `stop`."""
    global _sink  # noqa: PLW0603  (facts are plain functions; one run is made by one process)
    _sink = log


def stop() -> None:
    """Let `sent` do nothing."""
    global _sink  # noqa: PLW0603
    _sink = None


def sent(what: str) -> None:
    """Record what is about to be sent, run or asked: "GET https://shop.example.com/health"."""
    if _sink is not None:
        _sink(what)


@contextmanager
def reading_of(fact: str, resource: str) -> Iterator[None]:
    """Mark what this thread sends meanwhile with the fact and the resource that it is for."""
    _current.reading = fact, resource
    try:
        yield
    finally:
        _current.reading = "", ""
