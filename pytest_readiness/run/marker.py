"""The marker `readiness`, by which a team's own test answers an item."""

from __future__ import annotations

import inspect
from collections.abc import Iterable
from dataclasses import dataclass

import pytest

NAME = "readiness"


@dataclass(frozen=True, slots=True)
class Marked:
    """What the marker says: the item as it is written there, and the names and labels that `on` restricts it to."""

    item: str
    on: tuple[str, ...]


class MarkerError(Exception):
    """The marker cannot be read; the message is a sentence that says why and what to write."""


def answers(node: pytest.Item) -> Marked | None:
    """Return what a test's marker says, or None where it has none.

    Raises:
        MarkerError: it has several, or one that is not written as `readiness(item, on=None)`.
    """
    marks = list(node.iter_markers(NAME))
    if len(marks) > 1:
        raise MarkerError(
            f"{len(marks)} markers '{NAME}' count for this test, and a test answers one item. Keep one of them, and "
            "write a test for each of the other items; those of its class and its module count, too."
        )
    return _read(*marks[0].args, **marks[0].kwargs) if marks else None


def _marker(item: object, on: object = None) -> Marked:
    if not isinstance(item, str):
        raise MarkerError(f"the marker's item must be a text such as 'section/item', not {item!r}.")
    several = on if isinstance(on, Iterable) and not isinstance(on, str) else [] if on is None else [on]
    names = tuple(several)
    if wrong := [each for each in names if not isinstance(each, str)]:
        raise MarkerError(f"the marker's 'on' must be a name or label, or a list of them, not {wrong[0]!r}.")
    return Marked(item, names)


def _read(*arguments: object, **keywords: object) -> Marked:
    try:
        bound = inspect.signature(_marker).bind(*arguments, **keywords)
    except TypeError as error:
        raise MarkerError(f"the marker is written {NAME}(item, on=None); this one is not: {error}.") from None
    return _marker(*bound.args, **bound.kwargs)
