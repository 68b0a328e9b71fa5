"""Text files of moderate size, read with a sentence for everything that can go wrong."""

from __future__ import annotations

import stat
from pathlib import Path

from pytest_readiness.core.evidence import CouldNotVerify

MAX_BYTES = 2**20
"""Configuration and documents are small; a larger file is a mistake in readiness.yaml."""


def read_text_file(path: Path, *, keep_mark: bool = False) -> str:
    """Return the text of a UTF-8 file, without a byte order mark.

    Args:
        path: the file.
        keep_mark: leave a byte order mark where it is, for files whose readers take it for text.

    Raises:
        CouldNotVerify: there is no such file, it is not a regular file (reading a pipe could block), it may not be
            read, it is larger than `MAX_BYTES`, or it is not UTF-8.
    """
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise CouldNotVerify(f"{path} is not a regular file")
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise CouldNotVerify(f"{path} does not exist") from None
    except OSError as error:
        raise CouldNotVerify(f"{path} cannot be read ({error.strerror})") from None
    if len(data) > MAX_BYTES:
        raise CouldNotVerify(f"{path} is larger than {MAX_BYTES // 2**20} MiB")
    try:
        return data.decode("utf-8" if keep_mark else "utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise CouldNotVerify(f"{path} is not UTF-8 on line {line}") from None
