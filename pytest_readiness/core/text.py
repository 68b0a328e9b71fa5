"""Texts from elsewhere, in a form that can be shown."""

from __future__ import annotations


def cut(text: str, length: int = 200) -> str:
    """Text from a target in one line of a sensible length, without a full stop at its end."""
    line = " ".join(text.split()).rstrip(".")
    return line if len(line) <= length else f"{line[: length - 1]}…"
