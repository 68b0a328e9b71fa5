"""Plain data as YAML that people read: on one line where it fits, else a key a line."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any

from pytest_readiness.core.registry import BINDING_WORDS
from pytest_readiness.core.text import visible

WIDTH = 120
_WORDS = re.compile(r"[\w/][\w./@%+|()–—-]*(?: [\w/|(–—][\w./@%+|()–—-]*)*")
"""Texts that need no quotes in a mapping within braces, unless they mean something else without."""


def plain(value: Any) -> Any:
    """Return mappings and sequences as what reading them from YAML gives."""
    if isinstance(value, Mapping):
        return {str(key): plain(each) for key, each in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [plain(each) for each in value]
    return value


def entry_lines(
    key: str, value: Any, indent: int, step: int, comment: str = "", *, above: bool = False
) -> tuple[list[str], list[str]]:
    """Return the comments above an entry of a mapping, and its lines; both without line ends.

    Args:
        key: its key.
        value: plain data.
        indent: blanks before the key.
        step: blanks more for what is within it.
        comment: stands behind the key, or above it where that would be too long; a mapping then has its keys below.
        above: whether the comment stands above the key in any case.
    """
    start = f"{' ' * indent}{key_text(key)}:"
    if isinstance(value, Mapping) and value and comment:
        lines = [start, *_block(value, indent + step, step)]
    else:
        lines = [start + first for first in _inline(value, WIDTH - len(start))] or [
            start,
            *_block(value, indent + step, step),
        ]
    before, lines[0] = commented(lines[0], comment, above=above)
    return before, lines


def commented(line: str, comment: str, *, above: bool = False) -> tuple[list[str], str]:
    """Return the comments above a line, and the line with a comment behind it, where there is room for it.

    Args:
        line: a line of an entry.
        comment: a text in one line; "" for none.
        above: whether it stands above the line in any case.
    """
    if not comment:
        return [], line
    if not above and len(line) + len(comment) + 4 <= WIDTH:
        return [], f"{line}  # {comment}"
    blanks = line[: len(line) - len(line.lstrip(" "))]
    wrapped = textwrap.wrap(
        comment,
        WIDTH,
        initial_indent=f"{blanks}# ",
        subsequent_indent=f"{blanks}#   ",
        break_on_hyphens=False,
    )
    return wrapped, line


def key_text(key: str) -> str:
    """Return a key as it is written, in quotes where YAML would misread it."""
    # The words of this format are written as everywhere, whatever older versions of YAML take "on" for.
    return key if key in BINDING_WORDS else _scalar(key)


def comment_text(text: str) -> str:
    """Return a text as a comment can hold it: in one line, without what nobody would see."""
    return visible(" ".join(text.split()))


def _inline(value: Any, room: int) -> list[str]:
    """What follows a key's colon on its line, where that is short enough."""
    text = f" {_flow(value)}"
    return [text] if len(text) <= room or not isinstance(value, (Mapping, list)) or not value else []


def _block(value: Any, indent: int, step: int) -> Iterator[str]:
    if isinstance(value, Mapping):
        for key, each in value.items():
            yield from entry_lines(str(key), each, indent, step)[1]
        return
    for each in value:
        start = f"{' ' * indent}- "
        text = _flow(each)
        if len(start) + len(text) <= WIDTH or not isinstance(each, (Mapping, list)) or not each:
            yield start + text
        else:
            first, *rest = _block(each, indent + 2, step)
            yield start + first.lstrip(" ")
            yield from rest


def _flow(value: Any) -> str:
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{key_text(str(key))}: {_flow(each)}' for key, each in value.items())}}}"
    if isinstance(value, list):
        return f"[{', '.join(map(_flow, value))}]"
    return _scalar(value)


def _scalar(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        # As YAML writes what is no number and what is beyond all numbers.
        return repr(value) if value - value == 0 else f".{value}".replace(".-", "-.")
    text = str(value)
    return text if _WORDS.fullmatch(text) and not _means_more(text) else _quoted(text)


@cache
def _resolvers() -> tuple[Any, ...]:
    from ruamel.yaml.resolver import implicit_resolvers

    return tuple(pattern for _, _, pattern, _ in implicit_resolvers)


def _means_more(text: str) -> bool:
    """Whether some version of YAML takes a text without quotes for a number, a date, true or false."""
    return any(pattern.match(text) for pattern in _resolvers())


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(each if each.isprintable() else rf"\U{ord(each):08x}" for each in escaped) + '"'
