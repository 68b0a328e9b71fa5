"""Starting a server as a child of the tests, waiting until it answers, ending it and all that it started."""

from __future__ import annotations

import os
import pwd
import select
import shutil
import signal
import socket
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from pathlib import Path
from subprocess import DEVNULL, STDOUT, Popen, TimeoutExpired
from typing import Self, TypeVar

from tests.stack.patience import patient

T = TypeVar("T")


class ServerError(RuntimeError):
    """A server did not start or did not do what it was told; the message ends with its last log lines."""


class PortTakenError(ServerError):
    """The server did not get a port, because something else took it between choosing and binding."""


def current_user() -> str:
    """The name of the user that the tests run as, whatever the environment says."""
    return pwd.getpwuid(os.geteuid()).pw_name


def free_port() -> int:
    """A TCP port of 127.0.0.1 that nothing listens on: to start a server on, or to be refused by."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def wait_until(condition: Callable[[], bool], what: str, seconds: float = 15.0) -> None:
    """Poll until the condition holds. Raises ServerError saying ``what`` was waited for.

    Args:
        seconds: that it may take on a quiet machine; the patience is that of now, not of when the waiting began.
    """
    begun = time.monotonic()
    while not condition():
        if (waited := time.monotonic() - begun) > patient(seconds):
            raise ServerError(f"Waited {waited:.0f} s in vain: {what}.")
        time.sleep(0.01)


def accepts(port: int) -> bool:
    """Whether something accepts connections on that port of 127.0.0.1."""
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=patient(1)):
        return True
    return False


def ask(path: Path, request: bytes) -> bytes:
    """Everything that the server at a unix socket answers until it closes the connection; empty where none does."""
    with suppress(OSError), socket.socket(socket.AF_UNIX) as client:
        client.settimeout(patient(5))
        client.connect(str(path))
        client.sendall(request)
        with client.makefile("rb") as answer:
            return answer.read()
    return b""


@contextmanager
def short_directory() -> Iterator[Path]:
    """A directory with a path short enough for unix sockets (at most 107 bytes), removed at the end."""
    directory = Path(tempfile.mkdtemp(prefix="stack-", dir="/tmp"))
    try:
        yield directory
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def children(pid: int) -> list[int]:
    """The direct children of a process, in the order of their numbers; empty when it is gone.

    Not by /proc/PID/task/*/children, which loses living children while a thread or another child ends.
    """
    found: list[int] = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            # The name of the program stands in parentheses and may hold anything; state and parent follow it.
            if int(stat.read_text().rpartition(")")[2].split()[1]) == pid:
                found.append(int(stat.parent.name))
    return sorted(found)


def descendants(pid: int) -> list[int]:
    """All processes below a process, parents first, whatever session or process group they moved to."""
    return [each for child in children(pid) for each in (child, *descendants(child))]


def program_of(pid: int) -> str:
    """Name of the program that a process runs; empty when it is gone."""
    with suppress(OSError):
        return Path(f"/proc/{pid}/comm").read_text().strip()
    return ""


@contextmanager
def running(
    command: Sequence[str | Path],
    *,
    log: Path,
    ready: Callable[[], bool],
    stop: signal.Signals = signal.SIGTERM,
    user: str | None = None,
    seconds: float = 15.0,
) -> Iterator[Popen[bytes]]:
    """Run a server in the foreground until the end of the block.

    Args:
        log: file that its output is appended to.
        ready: whether it answers; polled until it does.
        stop: the signal that makes it end quickly; also sent by the kernel should the test process die.
        user: run as this user (needs root).
        seconds: how long it may take to become ready on a quiet machine.

    Raises:
        PortTakenError: its address is in use.
        ServerError: it ended, or did not become ready in time.
    """
    identity = [f"--reuid={user}", f"--regid={user}", "--init-groups"] if user else []
    with log.open("ab") as output:
        process = Popen(
            [
                "setpriv",
                *identity,
                "--pdeathsig",
                signal.Signals(stop).name.removeprefix("SIG"),
                *map(str, command),
            ],
            stdin=DEVNULL,
            stdout=output,
            stderr=STDOUT,
            start_new_session=True,
            cwd="/",
            env={"PATH": os.defpath + ":/usr/sbin:/sbin", "LANG": "C.UTF-8"},
        )

    def started() -> bool:
        if process.poll() is None:
            return ready()
        tail = "\n".join(log.read_text(errors="replace").splitlines()[-20:])
        kind = PortTakenError if "address already in use" in tail.lower() else ServerError
        raise kind(f"{command[0]} ended with status {process.returncode}:\n{tail}")

    try:
        wait_until(started, f"{command[0]} answers (see {log})", seconds)
        yield process
    finally:
        end(process, stop)


def end(process: Popen[bytes], stop: signal.Signals, seconds: float = 5.0) -> None:
    """End a process and all its descendants: first politely, then by SIGKILL; returns when they are gone."""
    with ExitStack() as stack:
        handles: list[int] = []
        for pid in descendants(process.pid):
            with suppress(ProcessLookupError):
                handles.append(os.pidfd_open(pid))
                stack.callback(os.close, handles[-1])
        process.send_signal(stop)
        with suppress(TimeoutExpired):
            process.wait(patient(seconds))
        process.kill()
        process.wait()
        for handle in handles:
            with suppress(ProcessLookupError):
                signal.pidfd_send_signal(handle, signal.SIGKILL)
            select.select([handle], [], [], patient(seconds))


def on_free_port(stack: ExitStack, start: Callable[[], AbstractContextManager[T]]) -> T:
    """Enter ``start()``, which chooses its ports at each call, once more if another process took a port."""
    with suppress(PortTakenError):
        return stack.enter_context(start())
    return stack.enter_context(start())


class Server:
    """``with`` starts the server that `_running` runs, in a directory of its own, which is created."""

    directory: Path

    def __enter__(self) -> Self:
        self.directory.mkdir(parents=True, exist_ok=True)
        self._prepare()
        with ExitStack() as stack:
            on_free_port(stack, self._running)
            self._closing = stack.pop_all()
        return self

    def __exit__(self, *exception: object) -> None:
        self._closing.close()

    def _prepare(self) -> None:
        """Write what is the same on whichever port it runs."""

    def _running(self) -> AbstractContextManager[object]:
        raise NotImplementedError
