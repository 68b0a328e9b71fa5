"""Run a command on a terminal of its own, to its end or key by key."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from tests.stack.patience import patient

# The terminal becomes the process's own, so that it hears of another size and of the end.
_OWN = "import fcntl, os, sys, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0); os.execvp(sys.argv[1], sys.argv[1:])"
_FRAME = re.compile(r"\x1b\[H\x1b\[J(.*?)\x1b\[\?25l", re.DOTALL)
_STYLE = re.compile(r"\x1b\[[0-9;?]*[a-zA-Z]")


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


class Session:
    """A command on a terminal of its own, whose screen is read and to which keys are sent.

    Args:
        command: the command.
        folder: where it runs.
        columns, lines: size of the window.
        seconds: after which what is waited for is taken not to come, on a quiet machine.
    """

    def __init__(
        self,
        command: Sequence[str],
        folder: Path,
        columns: int = 80,
        lines: int = 24,
        seconds: float = 30,
        **environment: str,
    ) -> None:
        self._seconds = seconds
        self._ours, theirs = pty.openpty()
        self._written = bytearray()
        self._seen = 0
        self.columns, self.lines = columns, lines
        self.resize(columns, lines, tell=False)
        inherited = {name: value for name, value in os.environ.items() if name not in ("FORCE_COLOR", "NO_COLOR")}
        self.process = subprocess.Popen(
            [sys.executable, "-ISc", _OWN, *command],
            cwd=folder,
            env={**inherited, "TERM": "xterm-256color", **environment},
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
        )
        os.close(theirs)

    def __enter__(self) -> Session:
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.close()

    @property
    def screen(self) -> str:
        """What is on the screen: what was drawn last as a whole."""
        frames = _FRAME.findall(self._written.decode("utf-8", "replace"))
        return _STYLE.sub("", frames[-1]).replace("\r\n", "\n") if frames else ""

    @property
    def raw(self) -> str:
        """All that was written to the terminal."""
        return self._written.decode("utf-8", "replace")

    @property
    def written(self) -> str:
        """All that was written to the terminal, without styles."""
        return _STYLE.sub("", self._written.decode("utf-8", "replace")).replace("\r\n", "\n")

    def send(self, keys: str | bytes) -> None:
        """Press keys, and take note that what is waited for comes after them."""
        self._read(0)
        self._seen = len(self._written)
        os.write(self._ours, keys.encode() if isinstance(keys, str) else keys)

    def until(self, text: str) -> str:
        """Wait until a screen that was drawn since the last keys has this text, and return that screen."""
        self._wait(text, lambda since: next(iter(_FRAME.findall(since)[-1:]), None))
        return self.screen

    def until_written(self, text: str) -> None:
        """Wait until this text is among what was written since the last keys."""
        self._wait(text, lambda since: since)

    def _wait(self, text: str, part: Callable[[str], str | None]) -> None:
        until = time.monotonic() + patient(self._seconds)
        while time.monotonic() < until:
            found = part(self._written[self._seen :].decode("utf-8", "replace"))
            if found is not None and text in _flat(_STYLE.sub("", found)):
                return
            if not self._read(0.2) and self.process.poll() is not None:
                break
        raise AssertionError(f"{text!r} was not shown; the screen is:\n{self.screen}\n---\n{self.written[-2000:]}")

    def resize(self, columns: int, lines: int, *, tell: bool = True) -> None:
        """Give the window another size."""
        self.columns, self.lines = columns, lines
        if tell:
            self._read(0)
            self._seen = len(self._written)
        # The system tells the process by a signal.
        fcntl.ioctl(self._ours, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))

    def close(self) -> None:
        """Close the window."""
        if self._ours >= 0:
            os.close(self._ours)
            self._ours = -1

    def ends(self) -> int:
        """Wait until the command has ended, and return its exit code."""
        until = time.monotonic() + patient(self._seconds)
        while self._ours >= 0 and self.process.poll() is None and time.monotonic() < until:
            self._read(0.1)
        code = self.process.wait(max(1.0, until - time.monotonic()))
        while self._ours >= 0 and self._read(0.1):
            pass
        return code

    def _read(self, seconds: float) -> bool:
        """Read what has come, or comes within this time; whether anything did."""
        ready, _, _ = select.select([self._ours], [], [], seconds)
        if not ready:
            return False
        try:
            chunk = os.read(self._ours, 65536)
        except OSError:
            return False
        self._written += chunk
        return bool(chunk)


def _flat(text: str) -> str:
    """A text as if its lines were one."""
    return " ".join(text.split())
