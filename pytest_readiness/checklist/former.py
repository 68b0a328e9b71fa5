"""Ids that earlier versions gave to sections and items, so that files which name them are still read."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property

from pytest_readiness.checklist.ids import numbered, with_ancestors, without_emoji, words_of
from pytest_readiness.checklist.markdown import parse, source_of
from pytest_readiness.checklist.model import Checklist, Item, Section
from pytest_readiness.checklist.outline import NUMBERING, ItemDraft, Outline
from pytest_readiness.checklist.remarks import PARENTHESIS

_LENGTH = 60
_REMARK = re.compile(r"\s*(?:optional\s*(?:$|[,;:]|but\b)|(?:optional\W+)?if\s.+|n/a(?!\w))", re.IGNORECASE | re.DOTALL)


class Names:
    """Finds the items and sections of a checklist by their ids, or else by those that earlier versions gave them.

    An id of an earlier version may mean several, where nothing but their place told them apart.

    Args:
        checklist: the checklist; it is read as earlier versions did when a name is not known otherwise.
    """

    def __init__(self, checklist: Checklist) -> None:
        self._checklist = checklist
        self._items = {item.id: (item,) for item in checklist.items()}
        self._sections = {section.id: (section,) for section in checklist.sections}

    def items(self, id: str) -> tuple[Item, ...]:
        """The items that an id means: one, none, or several that an id of an earlier version may mean."""
        return self._items.get(id) or self._former[0].get(id, ())

    def sections(self, id: str) -> tuple[Section, ...]:
        """The sections that an id means: one, none, or several that an id of an earlier version may mean."""
        return self._sections.get(id) or self._former[1].get(id, ())

    @cached_property
    def _former(self) -> tuple[Mapping[str, tuple[Item, ...]], Mapping[str, tuple[Section, ...]]]:
        checklist = self._checklist
        by_line = {item.line: item for item in checklist.items()}
        outline = Outline(parse(source_of(checklist.text, fenced=checklist.fenced)), former=True)
        headings = sorted((heading for heading in outline.headings if heading.items), key=lambda each: each.start)
        found = _ids([_place([*(above.whole for above in each.above), each.whole]) for each in headings])
        items: defaultdict[str, list[Item]] = defaultdict(list)
        sections: defaultdict[str, list[Section]] = defaultdict(list)
        for heading, ids in zip(headings, found, strict=True):
            drafts = [pair for top in heading.items for pair in _with_groups(top, ())]
            slugs_of = _ids([_item_place(draft, groups) for draft, groups in drafts])
            for (draft, _), slugs in zip(drafts, slugs_of, strict=True):
                item = by_line.get(draft.line)
                if item is None:
                    continue
                section = checklist.section_of(item)
                for id in ids:
                    for slug in slugs:
                        items[f"{id}/{slug}"].append(item)
                    if section not in sections[id]:
                        sections[id].append(section)
        return {id: tuple(each) for id, each in items.items()}, {id: tuple(each) for id, each in sections.items()}


class FormerIds:
    """Finds leaves of several checklists by ids of earlier versions, with or without the name of the checklist.

    Args:
        checklists: the checklists; none is read again before it is asked for.
    """

    def __init__(self, checklists: Sequence[Checklist]) -> None:
        self._names = {checklist.name: Names(checklist) for checklist in checklists}

    def __call__(self, id: str) -> tuple[str, ...]:
        """The full ids that an id may mean."""
        name, colon, rest = id.rpartition(":")
        return tuple(
            f"{each}:{item.id}"
            for each, names in self._names.items()
            if not colon or each == name
            for item in names.items(rest)
            if not item.is_group
        )


Place = tuple[tuple[str, ...], str, str]
"""Slugs of what something is in, its own, and its text."""


def _with_groups(draft: ItemDraft, groups: tuple[str, ...]) -> Iterator[tuple[ItemDraft, tuple[str, ...]]]:
    yield draft, groups
    for child in draft.children:
        yield from _with_groups(child, (*groups, _slug(draft.whole, "item")))


def _item_place(draft: ItemDraft, groups: tuple[str, ...]) -> Place:
    return groups, _slug(draft.whole, "item"), draft.whole


def _place(titles: Sequence[str]) -> Place:
    *above, slug = [_slug(NUMBERING.sub("", title), "section") if title else "checklist" for title in titles]
    return tuple(above), slug, titles[-1]


def _slug(text: str, otherwise: str) -> str:
    text = PARENTHESIS.sub(lambda match: " " if _REMARK.match(match[1]) else match[0], text)
    if not text.isascii():
        text = without_emoji(text)
    slug = "-".join(words_of(text.lower().replace("'", "").replace("’", "")))
    if len(slug) > _LENGTH:
        end = slug.rfind("-", 0, _LENGTH + 1)
        slug = slug[: end if end > 0 else _LENGTH]
    return slug or otherwise


def _ids(places: Sequence[Place]) -> list[tuple[str, ...]]:
    """What each place may have been called: where different texts were told apart by numbers, all names of them."""
    ids = with_ancestors({(above, slug): (*above, slug) for above, slug, _ in places})
    wanted = [ids[above, slug] for above, slug, _ in places]
    given = numbered(wanted)
    texts: defaultdict[str, set[tuple[tuple[str, ...], str]]] = defaultdict(set)
    names: defaultdict[str, list[str]] = defaultdict(list)
    for (above, _, text), base, id in zip(places, wanted, given, strict=True):
        texts[base].add((above, text))
        names[base].append(id)
    return [tuple(names[base]) if len(texts[base]) > 1 else (id,) for base, id in zip(wanted, given, strict=True)]
