"""Whether the words of an id, all that bindings keep of what an item said, are those of a text in another spelling.

What cannot be seen in an id counts as different: it says nothing of signs, nor how numbers were written.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache

from pytest_readiness.bind.spelling import stems_of
from pytest_readiness.checklist.ids import name_of
from pytest_readiness.checklist.model import Checklist, Item, Section, groups_above
from pytest_readiness.checklist.outline import NUMBERING

_SHORT = 5
"""Words of so many letters, or fewer, have one spelling."""
_FILLER = frozenset(("an", "the", "is", "are", "been", "has", "have", "please"))
"""Words without which a text says the same."""
_QUOTES = re.compile(r"['\"‘’‚“”„«»‹›`]|(?<!\w)\((?=\w)|(?<=\w)\)(?!\w)")
_PUNCTUATION = re.compile(r"(?<=\w)[.,;:!?…]+(?=\s|\Z)|(?<=\s)[-–—]+(?=\s)")
_HYPHEN = re.compile(r"(?<=[^\W\d_])[-‐‑](?=[^\W\d_])")
_SIGN = re.compile(r"[^\w\s]|_")


class Called:
    """What the items and sections of a document may have been called, by themselves and with what they are in.

    Args:
        checklist: the document.
    """

    def __init__(self, checklist: Checklist) -> None:
        self._sections = {section.id: _ways_of_section(section) for section in checklist.sections}
        above = groups_above(checklist)
        self._items = {item.id: _ways_of_item(item, above[item.id]) for item in checklist.items()}

    def is_item(self, slug: str, item: Item) -> bool:
        """Whether an item is called so, and no other one of its section is."""
        section = item.id.rpartition("/")[0]
        here = [id for id, ways in self._items.items() if id.rpartition("/")[0] == section and _fits(slug, ways)]
        return here == [item.id]

    def may_be_item(self, slug: str, item: Item) -> bool:
        """Whether an item is called so; others may be, too."""
        return _fits(slug, self._items[item.id])

    def is_section(self, slug: str, section: Section) -> bool:
        """Whether a section is called so, and no other one is."""
        return [id for id, ways in self._sections.items() if slug == id or _fits(slug, ways)] == [section.id]


def likeness(one: str, other: str) -> float:
    """How many of the words of two ids are common, of 0 to 1."""
    left, right = _words(one), _words(other)
    return 2 * len(set(left) & set(right)) / (len(set(left)) + len(set(right)) or 1)


def same_words(slug: str, other: str, text: str) -> bool:
    """Whether an id says what another one does, that of a text, but for spelling and words that say nothing.

    Args:
        slug: an id.
        other: the id of the text.
        text: the text.
    """
    if slug == other:
        return True
    words = _words(slug)
    return bool(words) and words in _sayings(other, text) and not any(word[0].isdigit() for word in words)


@lru_cache(maxsize=5_000)
def _sayings(slug: str, text: str) -> frozenset[tuple[str, ...]]:
    """The words of a text in each of its spellings; none where it has signs, of which an id says nothing."""
    # A hyphen between letters stands for a blank or for nothing.
    joined = _HYPHEN.sub("", _PUNCTUATION.sub("", _QUOTES.sub("", text)))
    return frozenset(() if _SIGN.search(joined) else (_words(slug), _words(name_of(joined, "").slug)))


_Ways = tuple[tuple[str, str], ...]
"""Ids that something may have had, each with the text that it is made of."""


def _fits(slug: str, ways: _Ways) -> bool:
    return any(same_words(slug, way, text) for way, text in ways)


def _ways_of_section(section: Section) -> _Ways:
    title = NUMBERING.sub("", section.title)
    own = name_of(title, "section").slug if title else "checklist"
    return tuple(_ways((*section.ancestors, own), (*(NUMBERING.sub("", each) for each in section.path), title)))


def _ways_of_item(item: Item, groups: Sequence[Item]) -> _Ways:
    texts = [each.text for each in (*groups, item)]
    slugs = [name_of(text, "item").slug for text in texts]
    # Remarks of an item are no part of its id.
    ways = _ways(slugs, texts) if item.slug.endswith(slugs[-1]) else ()
    return ((item.slug, item.text), *ways)


def _ways(slugs: Sequence[str], texts: Sequence[str]) -> Iterator[tuple[str, str]]:
    return (("-".join(slugs[at:]), " ".join(texts[at:])) for at in range(len(slugs)))


@lru_cache(maxsize=5_000)
def _words(slug: str) -> tuple[str, ...]:
    """The words of an id that say something, each in the form that its usual spellings have in common."""
    words: list[str] = []
    for word in slug.split("-"):
        if words and _are_one(words[-1], word):
            words[-1] += word
        elif word:
            words.append(word)
    return tuple(_spelled(word) for word in words if word not in _FILLER)


def _are_one(first: str, second: str) -> bool:
    """Whether two words are usually written as one, too, such as "back" and "up"."""
    joined = stems_of(first + second)
    return len(joined) == 1 and stems_of(f"{first} {second}") == joined


def _spelled(word: str) -> str:
    """A word in a form that British and American spelling have in common."""
    if len(word) <= _SHORT:
        return word
    word = re.sub(r"is(e|ed|es|er|ing|ation)\Z", r"iz\1", word)
    word = re.sub(r"our(?=\Z|ed\Z|s\Z|ing\Z)", "or", word)
    return re.sub(r"(?<=[a-z]{3}[aeiou])ll(?=ed\Z|ing\Z)", "l", word)
