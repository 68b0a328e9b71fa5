"""The file of bindings while a person decides: each change is on the disk at once, and can be taken back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pytest_readiness.bind.answers import mapped
from pytest_readiness.bind.file import BindingsFile
from pytest_readiness.checklist.model import Checklist
from pytest_readiness.core.problems import Problem, ProblemsError


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


def roles_of(value: Any) -> tuple[str, ...]:
    """The roles that a binding asks to sign."""
    asked = [value.get(key) for key in ("signoff", "partial")] if isinstance(value, Mapping) else []
    named = [each.get("role") if isinstance(each, Mapping) else each for each in asked]
    return tuple(each for each in named if isinstance(each, str))


def with_source(value: Any, entry: Any) -> Any:
    """A binding that keeps what the entry in whose place it stands says of where the item comes from."""
    if isinstance(entry, Mapping) and "source" in entry:
        return {**mapped(value), "source": entry["source"]}
    return value


class ChangedSinceError(ProblemsError):
    """What is to be taken back is not in the file any more."""


@dataclass(frozen=True, slots=True)
class _Change:
    """One change: of which item, what its entry was and is, what the file was, and what it was written as."""

    item: str
    entry: Any
    put: Any
    file: object
    existed: bool
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

    @property
    def checklist(self) -> Checklist:
        """The document whose items are bound."""
        return self._file.checklist

    def entry(self, item: str) -> Any:
        """What stands in the file for an item; None where nothing does."""
        found = self._entries.get(item)
        return None if found is None else found.data

    def before(self, item: str) -> str:
        """The item that was bound to what is proposed, before it was re-worded; "" where none was."""
        found = self._entries.get(item)
        return found.was if found else ""

    def put(self, item: str, value: Any, written: str = "") -> None:
        """Write what answers an item, as somebody has written it where that is given.

        Raises:
            ProblemsError: it cannot be written.
        """
        entry, before, existed = self.entry(item), self._file.snapshot(), self._file.exists
        self._write(lambda: self._confirm(item, value, written))
        self._changes.append(_Change(item, entry, self.entry(item), before, existed, self._seen))

    def _confirm(self, item: str, value: Any, written: str = "") -> None:
        self._file.put(item, value, written=written)
        self._file.settle(anew=item)

    def _forget(self, item: str) -> None:
        self._file.remove(item)
        self._file.settle()

    def undo(self) -> None:
        """Take back the last change: the file is as it was, or, where it was changed since, the item's entry is.

        Raises:
            ChangedSinceError: something else has changed the entry since, which is left as it is.
            ProblemsError: it cannot be written.
        """
        change = self._changes[-1]
        if self._seen != change.after and self.entry(change.item) != change.put:
            self._changes.pop()
            message = f"The entry of {change.item} has been changed since by another program, so it is left as it is."
            raise ChangedSinceError([Problem(self.path, 0, message)])
        if self._seen == change.after and not change.existed:
            self._take_away()
        elif self._seen == change.after:
            self._write(lambda: self._file.restore(change.file))
        elif change.entry is None:
            self._write(lambda: self._forget(change.item))
        else:
            self._write(lambda: self._confirm(change.item, change.entry))
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
        before = self._file.snapshot()
        try:
            change()
            self._file.write()
        except ProblemsError:
            # Nothing of it may be left that a later change would write.
            self._file.restore(before)
            raise
        self._use(self._file)

    def _take_away(self) -> None:
        try:
            self.path.unlink()
        except OSError as error:
            message = f"The file cannot be taken away: {error.strerror}."
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
