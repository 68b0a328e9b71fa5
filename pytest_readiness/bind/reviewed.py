"""The file of bindings while a person decides: each change is on the disk at once, and can be taken back."""

from __future__ import annotations

import re
import stat
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pytest_readiness.bind.answers import mapped
from pytest_readiness.bind.file import WAS, BindingsFile
from pytest_readiness.core.files import write_atomically
from pytest_readiness.core.problems import Problem, ProblemsError

_WAS = re.compile(rf"#\s*{WAS}: (.*?)(?:, in other words.*)?$", re.MULTILINE)


def is_proposed(entry: Any) -> bool:
    """Whether an entry only says what is proposed, or nothing at all."""
    return entry is None or (isinstance(entry, Mapping) and "proposed" in entry)


def way_of(entry: Any) -> str:
    """How an entry says that its item is answered, in a few words; "" for one that is only proposed."""
    if is_proposed(entry):
        return ""
    if isinstance(entry, Mapping):
        for key, way in (
            ("not_applicable", "not applicable"),
            ("missing", "waiting for a check"),
            ("signoff", "signed by people"),
            ("partial", "by checks and people"),
        ):
            if key in entry:
                return way
    return "by checks"


def with_source(value: Any, entry: Any) -> Any:
    """A binding that keeps what the entry in whose place it stands says of where the item comes from."""
    if isinstance(entry, Mapping) and "source" in entry:
        return {**mapped(value), "source": entry["source"]}
    return value


@dataclass(frozen=True, slots=True)
class _Change:
    """One change: of which item, what its entry was, and the file before and after it; None where there was none."""

    item: str
    entry: Any
    before: bytes | None
    after: bytes | None


class ReviewedFile:
    """The file of bindings as a review uses it: each change is on the disk at once, and can be taken back.

    Args:
        file: the file, as it was read.
    """

    def __init__(self, file: BindingsFile) -> None:
        self._changes: list[_Change] = []
        self._use(file)

    @property
    def path(self) -> Path:
        """Where it is."""
        return self._file.path

    def entry(self, item: str) -> Any:
        """What stands in the file for an item; None where nothing does."""
        found = self._entries.get(item)
        return None if found is None else found.data

    def before(self, item: str) -> str:
        """What the item was when it was bound, where it says something else now; "" where it does not."""
        found = self._entries.get(item)
        match = _WAS.search(found.text) if found else None
        return match[1] if match else ""

    def put(self, item: str, value: Any) -> None:
        """Write what answers an item.

        Raises:
            ProblemsError: it cannot be written.
        """
        entry, before = self.entry(item), self._seen
        self._write(lambda: self._file.put(item, value))
        self._changes.append(_Change(item, entry, before, self._seen))

    def undo(self) -> None:
        """Take back the last change: the file is as it was, or, where it was changed since, the item's entry is.

        Raises:
            ProblemsError: it cannot be written.
        """
        change = self._changes[-1]
        if self._seen == change.after:
            self._restore(change.before)
        elif change.entry is None:
            self._write(lambda: self._file.remove(change.item))
        else:
            self._write(lambda: self._file.put(change.item, change.entry))
        self._changes.pop()

    def refresh(self) -> bool:
        """Read the file again if something else has changed it, and return whether that was so.

        Raises:
            ProblemsError: it cannot be read any more.
        """
        if self._bytes() == self._seen:
            return False
        self._use(BindingsFile.read(self._file.checklist))
        return True

    def _write(self, change: Callable[[], None]) -> None:
        try:
            change()
            self._file.write()
        except ProblemsError:
            # Nothing of it may be left that a later change would write.
            self._use(BindingsFile.read(self._file.checklist))
            raise
        self._use(self._file)

    def _restore(self, content: bytes | None) -> None:
        """Write what the file was, or take it away where it was not there."""
        try:
            if content is None:
                self.path.unlink()
            else:
                mode = stat.S_IMODE(self.path.stat().st_mode)
                write_atomically(self.path, content.decode())
                self.path.chmod(mode)
        except OSError as error:
            message = f"The file cannot be written: {error.strerror}."
            raise ProblemsError([Problem(self.path, 0, message)]) from None
        self._use(BindingsFile.read(self._file.checklist))

    def _use(self, file: BindingsFile) -> None:
        self._file, self._entries = file, file.entries()
        self._seen = self._bytes()

    def _bytes(self) -> bytes | None:
        try:
            return self.path.read_bytes()
        except OSError:
            return None
