"""Calls at a moment, unless cancelled; one thread for all, because starting one is a good part of a request's work."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from heapq import heappop, heappush
from itertools import count
from socket import SHUT_RDWR, socket


class Alarm:
    """Something that will be called.

    Args:
        lock: held while it is called or cancelled.
        ring: what is called; it must be quick and raise nothing.
    """

    def __init__(self, lock: threading.Condition, ring: Callable[[], object]) -> None:
        self._lock = lock
        self.ring: Callable[[], object] | None = ring

    def cancel(self) -> None:
        """Cancel the call; once this has returned it is not being called either."""
        with self._lock:
            self.ring = None


class Alarms:
    """The alarms of a process. The thread ends when the moment of the last one has passed."""

    def __init__(self) -> None:
        self._lock = threading.Condition()
        self._set: list[tuple[float, int, Alarm]] = []
        self._numbers = count()
        self._thread: threading.Thread | None = None

    def set(self, moment: float, ring: Callable[[], object]) -> Alarm:
        """Have `ring` called at a reading of the monotonic clock."""
        alarm = Alarm(self._lock, ring)
        with self._lock:
            number = next(self._numbers)
            heappush(self._set, (moment, number, alarm))
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._watch, name="readiness-alarms", daemon=True)
                self._thread.start()
            elif self._set[0][1] == number:
                self._lock.notify()
        return alarm

    def _watch(self) -> None:
        with self._lock:
            while self._set:
                moment, _, alarm = self._set[0]
                left = moment - time.monotonic()
                if left > 0 and alarm.ring is not None:
                    self._lock.wait(left)
                    continue
                heappop(self._set)
                if alarm.ring is not None:
                    alarm.ring()
            self._thread = None


_alarms = Alarms()


def shut_at(moment: float, connection: socket) -> Alarm:
    """Have a connection shut down at a reading of the monotonic clock, whatever is being done with it."""
    return _alarms.set(moment, partial(_shut, connection))


def _shut(connection: socket) -> None:
    with suppress(OSError):
        # Not SSLSocket.shutdown: that one drops the TLS object under the reading thread's hands.
        socket.shutdown(connection, SHUT_RDWR)
