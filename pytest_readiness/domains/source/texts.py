"""Where given texts stand in the files of a commit."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from pytest_readiness.domains.source.code import LFS_POINTER, told
from pytest_readiness.domains.source.commit import ReleaseCommit, TreeFile, read_files

MOST_PLACES = 10_000


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


def is_text(data: bytes) -> bool:
    """Whether a file is text that is all there, and not what Git LFS leaves in its place."""
    return b"\0" not in data[:8000] and not data.startswith(LFS_POINTER)


def find_texts(commit: ReleaseCommit, files: Sequence[TreeFile], texts: Sequence[str]) -> TextPlaces:
    """Look for the texts in every file, regardless of case and not within a longer word."""
    asked = tuple(sorted({each.casefold() for each in texts}))
    expressions = {each: _expression(each) for each in asked}
    seen: list[str] = []
    places: list[TextPlace] = []
    for file, data in read_files(commit, files):
        if not is_text(data):
            continue
        seen.append(file.path)
        content = data.decode("utf-8", "replace").casefold()
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
    inside = r"[ -]?".join(digits) if digits.isascii() and digits.isdigit() else re.escape(text)
    return re.compile(rf"(?<!\w){inside}(?!\w)")
