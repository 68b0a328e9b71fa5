"""Where given texts stand in the files of a commit."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from pytest_readiness.domains.source.code import LFS_POINTER, told
from pytest_readiness.domains.source.commit import ReleaseCommit, TreeFile, read_files

MOST_PLACES = 10_000
UTF_16 = (b"\xff\xfe", b"\xfe\xff")


@dataclass(frozen=True, slots=True)
class TextPlace:
    """A place of a text.

    Attributes:
        text: which of the given ones, in small letters.
        path: the file.
        line: in it, from 1.
    """

    text: str
    path: str
    line: int


@dataclass(frozen=True, slots=True)
class TextPlaces:
    """Where the given texts stand.

    Attributes:
        commit: its first digits.
        asked: what was looked for, in small letters.
        files: paths of the text files that were looked at.
        count: how many they are.
        unseen: paths of those that are no text, too large, links, submodules or fetched by Git LFS.
        places: where something was found; at most 10,000.
        found: how many places there are.
    """

    commit: str
    asked: tuple[str, ...]
    files: tuple[str, ...]
    count: int
    unseen: tuple[str, ...]
    places: tuple[TextPlace, ...]
    found: int


def text_of(data: bytes) -> str | None:
    """A file's text, of UTF-16 by its mark; None of what is no text, or what Git LFS leaves in its place."""
    if data.startswith(UTF_16):
        return data.decode("utf-16", "replace")
    return None if b"\0" in data[:8000] or data.startswith(LFS_POINTER) else data.decode("utf-8", "replace")


def find_texts(commit: ReleaseCommit, files: Sequence[TreeFile], texts: Sequence[str]) -> TextPlaces:
    """Look for the texts in every file, regardless of case and not within a longer word."""
    asked = tuple(sorted({each.casefold() for each in texts}))
    expressions = {each: _expression(each) for each in asked}
    seen: list[str] = []
    places: list[TextPlace] = []
    for file, data in read_files(commit, files):
        content = text_of(data)
        if content is None:
            continue
        seen.append(file.path)
        content = content.casefold()
        for text, expression in expressions.items():
            starts = (found.start() for found in expression.finditer(content))
            places += [TextPlace(text, told(file.path), content.count("\n", 0, start) + 1) for start in starts]
    known = set(seen)
    return TextPlaces(
        commit=commit.short,
        asked=asked,
        files=tuple(map(told, seen)),
        count=len(seen),
        unseen=tuple(told(each.path) for each in files if each.path not in known),
        places=tuple(places[:MOST_PLACES]),
        found=min(len(places), MOST_PLACES),
    )


def _expression(text: str) -> re.Pattern[str]:
    digits = re.sub(r"[ -]", "", text)
    # Also such blanks and hyphens as programs for writing put in, and "_" of numbers in code.
    inside = r"[ _\xa0\u2000-\u2015\u202f-]?".join(digits) if digits.isascii() and digits.isdigit() else re.escape(text)
    return re.compile(rf"(?<!\w){inside}(?!\w)")
