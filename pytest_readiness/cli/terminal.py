"""A terminal that is read key by key, and whose whole screen is drawn anew; however it is left, it is as before."""

from __future__ import annotations

import codecs
import os
import re
import select
import signal
import sys
import termios
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import FrameType
from typing import Any

from pytest_readiness.bind.review import BACKSPACE, CLEAR, ENTER, ESCAPE, LEAVE, Pasted
from pytest_readiness.cli.problems import CommandError

RESIZED = "resized"
"""What is read where no key was pressed, but the window has another size."""
_NAMED = {
    "\r": ENTER,
    "\n": ENTER,
    "\x7f": BACKSPACE,
    "\b": BACKSPACE,
    "\x15": CLEAR,
    "\x03": LEAVE,
    "\x04": LEAVE,
}
# What a terminal sends for keys that are no character, and in answer to what another program has asked.
_CONTROL = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]")
_BEGUN = re.compile(r"\x1b\[[0-?]*[ -/]*")
_TOLD = re.compile(r"\x1b[\]P].*?(?:\x07|\x1b\\)", re.DOTALL)
_PASTE, _PASTED = "\x1b[200~", "\x1b[201~"
_MOST_PASTED = 100_000
_ESCAPE_SECONDS = 0.1
"""After which an escape character is the key Esc, and not what begins the sequence of another key."""
_ENDING = (signal.SIGTERM, signal.SIGHUP, signal.SIGINT)
_CHANGING = (signal.SIGWINCH, signal.SIGCONT)
"""After which all is drawn anew: the window has another size, or the process goes on after it was stopped."""


def need_terminal() -> None:
    """Make sure that this process has a terminal to read from and to write to.

    Raises:
        CommandError: it has none.
    """
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise CommandError(
            "A review needs a terminal, to show items and to read keys. Without one, edit the file of bindings: what "
            "stands in place of 'proposed' counts."
        )


class Keys:
    """Turns what a terminal sends into keys: arrows and the like mean nothing, pasted text is no keys."""

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._rest = ""
        self._pasted: str | None = None
        self._after_escape = False

    @property
    def unfinished(self) -> bool:
        """Whether it may depend on what comes next which key was pressed."""
        return bool(self._rest)

    def take(self, data: bytes, *, waited: bool = False) -> Iterator[str | Pasted]:
        """Yield the keys that are in these bytes, and what came before them.

        Args:
            data: what the terminal has sent.
            waited: whether nothing came for a while, so that an escape character stands for itself.
        """
        self._rest += self._decoder.decode(data)
        while self._rest:
            if self._pasted is not None:
                if (pasted := self._paste()) is None:
                    return
                yield pasted
            elif self._rest[0] == "\x1b":
                if (key := self._escaped(waited)) is None:
                    return
                if key:
                    yield key
            else:
                character, self._rest = self._rest[0], self._rest[1:]
                if self._after_escape and character in "[O":
                    # A slow line: this belongs to the escape character that was taken for a key.
                    self._rest = f"\x1b{character}{self._rest}"
                    self._after_escape = False
                    continue
                self._after_escape = False
                if key := _NAMED.get(character, character if character.isprintable() else ""):
                    yield key

    def _paste(self) -> str | Pasted | None:
        """What was pasted; None as long as its end has not come. Ctrl-C leaves even then."""
        assert self._pasted is not None
        text, end, rest = self._rest.partition(_PASTED)
        if "\x03" in text:
            self._rest, self._pasted = "", None
            return LEAVE
        if end:
            done, self._pasted, self._rest = Pasted((self._pasted + text)[:_MOST_PASTED]), None, rest
            return done
        # The last characters may be the beginning of the end.
        kept = len(_PASTED) - 1
        self._pasted = (self._pasted + text[:-kept])[:_MOST_PASTED]
        self._rest = text[-kept:]
        return None

    def _escaped(self, waited: bool) -> str | None:
        """What begins with an escape character: a key, "" for one that means nothing, None as long as it is open."""
        rest = self._rest
        if rest.startswith(_PASTE):
            self._rest, self._pasted = rest.removeprefix(_PASTE), ""
            return ""
        if found := _CONTROL.match(rest) or _TOLD.match(rest):
            self._rest = rest[found.end() :]
            return ""
        begun = _BEGUN.match(rest)
        if begun and begun.end() == len(rest):
            # Even after a while: what is still to come must not be taken for keys.
            return None
        if begun:
            self._rest = rest[begun.end() :]
        elif rest == "\x1b":
            if not waited:
                return None
            self._rest, self._after_escape = "", True
            return ESCAPE
        elif rest[1] in "]P" and len(rest) < _MOST_PASTED:
            if not waited:
                return None
            self._rest = ""
        elif rest[1] == "\x1b":
            self._rest = rest[1:]
            return ESCAPE
        elif rest[1] == "O":
            if len(rest) < 3:
                return None
            self._rest = rest[3:]
        else:
            self._rest = rest[2:]
        return ""


class Terminal:
    """The terminal of this process, for as long as the context is entered.

    Attributes:
        stopped: the signal that has ended the reading of keys; 0 where none has.
        gone: whether the terminal was closed.
    """

    def __init__(self) -> None:
        self.stopped = 0
        self.gone = False
        self.dumb = os.environ.get("TERM", "") in ("", "dumb", "unknown")
        self._in, self._out = sys.stdin.fileno(), sys.stdout.fileno()
        self._keys = Keys()
        self._ready: deque[str | Pasted] = deque()
        self._changed = 0

    @property
    def size(self) -> tuple[int, int]:
        """Columns and lines; the usual ones where the terminal does not say."""
        try:
            columns, lines = os.get_terminal_size(self._out)
        except OSError:
            columns, lines = 0, 0
        return columns or 80, lines or 24

    @property
    def pending(self) -> bool:
        """Whether more keys were pressed already, so that what is shown would be gone at once."""
        return bool(self._ready)

    def __enter__(self) -> Terminal:
        self._before = termios.tcgetattr(self._in)
        self._wake, waker = os.pipe()
        os.set_blocking(self._wake, False)
        os.set_blocking(waker, False)
        self._waker = waker
        self._signals: dict[int, Any] = {
            number: signal.signal(number, self._heard) for number in (*_ENDING, *_CHANGING)
        }
        self._woken = signal.set_wakeup_fd(waker, warn_on_full_buffer=False)
        self._begin()
        return self

    def __exit__(self, *_: object) -> None:
        self._end()
        signal.set_wakeup_fd(self._woken)
        for number, handler in self._signals.items():
            signal.signal(number, handler)
        os.close(self._wake)
        os.close(self._waker)

    @contextmanager
    def away(self) -> Iterator[None]:
        """Leave the terminal to another program, such as an editor, for as long as the context is entered."""
        self._end()
        try:
            yield
        finally:
            # Ctrl-C was meant for that program.
            self.stopped = 0 if self.stopped == signal.SIGINT else self.stopped
            self._begin()

    def show(self, lines: Sequence[str]) -> None:
        """Draw these lines in the place of all that is there."""
        if self.dumb:
            self._write("\n" + "\n".join(lines) + "\n")
        else:
            # Cleared before and not line by line: what is cleared behind a full line takes its last character along.
            self._write("\x1b[H\x1b[J" + "\n".join(lines) + "\x1b[?25l")

    def forget(self) -> None:
        """Forget keys that were pressed before what is shown next."""
        self._ready.clear()
        self._keys = Keys()
        try:
            termios.tcflush(self._in, termios.TCIFLUSH)
        except termios.error:
            self.gone = True

    def read(self) -> str | Pasted:
        """Wait for a key; the key to leave is what a signal and a closed terminal give, too."""
        while True:
            if self.stopped or self.gone:
                return LEAVE
            if self._changed:
                if self._changed == signal.SIGCONT:
                    self._begin()
                self._changed = 0
                return RESIZED
            if self._ready:
                return self._ready.popleft()
            wait = _ESCAPE_SECONDS if self._keys.unfinished else None
            ready, _, _ = select.select([self._in, self._wake], [], [], wait)
            if self._wake in ready:
                os.read(self._wake, 1024)
            elif ready:
                self._ready.extend(self._keys.take(self._bytes()))
            else:
                self._ready.extend(self._keys.take(b"", waited=True))
                if self._keys.unfinished and not self._ready:
                    # What is open stays so until more comes.
                    select.select([self._in, self._wake], [], [])

    def _bytes(self) -> bytes:
        try:
            data = os.read(self._in, 4096)
        except OSError:
            data = b""
        if not data:
            self.gone = True
        return data

    def _write(self, text: str) -> None:
        data = text.encode("utf-8", "replace")
        try:
            while data:
                data = data[os.write(self._out, data) :]
        except OSError:
            self.gone = True

    def _begin(self) -> None:
        try:
            mode = termios.tcgetattr(self._in)
        except termios.error:
            self.gone = True
            return
        mode[0] &= ~termios.IXON
        # Ctrl-C and the like are keys among the others, so that none can come in the midst of writing.
        mode[3] &= ~(termios.ECHO | termios.ICANON | termios.IEXTEN | termios.ISIG)
        mode[6][termios.VMIN], mode[6][termios.VTIME] = 1, 0
        self._set(mode)
        if not self.dumb:
            # Another screen, without a cursor; pasted text is marked as such.
            self._write("\x1b[?1049h\x1b[?25l\x1b[?2004h\x1b[2J")

    def _end(self) -> None:
        if not self.dumb:
            self._write("\x1b[?2004l\x1b[?25h\x1b[?1049l")
        self._set(self._before)

    def _set(self, mode: list[Any]) -> None:
        try:
            termios.tcsetattr(self._in, termios.TCSAFLUSH, mode)
        except termios.error:
            self.gone = True

    def _heard(self, number: int, _: FrameType | None) -> None:
        if number in _CHANGING:
            # Of both, the one after which more is to be done.
            self._changed = self._changed if self._changed == signal.SIGCONT else number
        else:
            self.stopped = self.stopped or number
