"""Writing files whole or not at all."""

from __future__ import annotations

import os
import secrets
from pathlib import Path


def begins_with(path: Path, beginning: str) -> bool:
    """Whether a file begins so, in whichever case; one that is not there, is empty or no regular file may do so yet."""
    found = _first(path)
    return not found or found.startswith(beginning.lower())


def mentions(path: Path, word: str) -> bool:
    """Whether a word is in the first lines of a file, in whichever case; or may yet be, as for `begins_with`."""
    found = _first(path)
    return not found or word.lower() in found


def _first(path: Path) -> str:
    """What a file begins with, in small letters; "" of one that is not there, is empty or no regular file."""
    try:
        if not path.is_file():
            return ""
        with path.open("rb") as file:
            return file.read(1024).decode("utf-8", "replace").lstrip("\ufeff \t\r\n").lower()
    except OSError:
        return ""


def write_atomically(path: Path, text: str) -> None:
    """Write a file whole or not at all; the previous one stays until the new one is complete.

    A link by its name is replaced, not what it leads to. Who may read the file, the umask says.

    Raises:
        OSError: the folder cannot be made or written to, or is full.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    # Not by tempfile, whose files nobody else may ever read.
    name = path.parent / f".{secrets.token_hex(8)}.tmp"
    handle = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
    try:
        # As it is: line ends of a checklist stay what they are.
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        name.replace(path)
    except BaseException:
        name.unlink(missing_ok=True)
        raise
