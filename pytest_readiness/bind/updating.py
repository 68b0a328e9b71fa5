"""Keeps the bindings of a document in step with it.

What is proposed is added, re-worded items are followed, vanished ones are named. What people have bound stays as it is,
but for one thing: what was confirmed for other words than the document says now is proposed again.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pytest_readiness.bind.answers import proposed_binding, reason_of
from pytest_readiness.bind.file import WAS, BindingsFile, BoundEntry
from pytest_readiness.bind.proposal import Proposal
from pytest_readiness.checklist.ids import name_of
from pytest_readiness.checklist.model import Checklist, Item, Section

_NEARLY = 0.55
"""From this share of common words on, a text may be another one that was re-worded."""
_HALF = 0.5
"""From this share of common items on, a section may be another one that was renamed."""
_SHORT = 5
"""Words of so many letters, or fewer, have one spelling."""
_FILLER = frozenset(("an", "the", "is", "are", "be", "been", "being", "has", "have", "had", "please"))
"""Words without which a text says the same."""


@dataclass(frozen=True, slots=True)
class FollowedEntry:
    """An entry that went on to be that of another item.

    Attributes:
        old: section and slug of the entry, as they were written.
        new: id of the item.
        line: the entry's line in the file as it was.
        reworded: whether the item says something else than the one that was bound, so that what was bound is
            proposed.
    """

    old: str
    new: str
    line: int
    reworded: bool


@dataclass(frozen=True, slots=True)
class Update:
    """What a re-run did to the file, and what it left to people.

    Attributes:
        added: ids of the items for which something was proposed.
        refreshed: ids of the items for which something else is proposed than before.
        followed: entries that went on to be those of other items.
        vanished: entries whose item is not in the document any more.
        groups: entries of items that are groups by now, so that nothing answers them.
        unbound: what is known of the items for which nothing can be proposed.
    """

    added: tuple[str, ...]
    refreshed: tuple[str, ...]
    followed: tuple[FollowedEntry, ...]
    vanished: tuple[BoundEntry, ...]
    groups: tuple[BoundEntry, ...]
    unbound: tuple[Proposal, ...]


def update(file: BindingsFile, proposals: Sequence[Proposal], *, again: bool = False, prune: bool = False) -> Update:
    """Bring a file in step with its document; nothing is written yet.

    Args:
        file: the file.
        proposals: what is proposed for the document's items.
        again: whether what is only proposed so far is proposed anew.
        prune: whether entries of vanished items are taken out.

    Raises:
        ProblemsError: a section is written so that nothing can be changed in it.
    """
    by_id = {each.item.id: each for each in proposals}
    followed = (*_in_place(file, by_id), *_follow(file, by_id))
    entries = file.entries()
    added, refreshed, unbound = [], [], []
    for proposal in proposals:
        id, entry = proposal.item.id, entries.get(proposal.item.id)
        if entry is None and proposal.item.not_applicable is None:
            if (value := proposed_binding(proposal)) is None:
                unbound.append(proposal)
            else:
                file.put(id, {"proposed": value}, reason_of(proposal))
                added.append(id)
        elif again and entry is not None and is_only_proposed(entry) and _propose_anew(file, entry, proposal):
            refreshed.append(id)
    vanished = file.vanished()
    if prune:
        for entry in vanished:
            file.remove(entry.id)
    file.settle()
    groups = {item.id for item in file.checklist.items() if item.is_group}
    wrong = [entry for entry in entries.values() if entry.id in groups and not _is_of_group(entry)]
    return Update(tuple(added), tuple(refreshed), followed, vanished, tuple(wrong), tuple(unbound))


def is_only_proposed(entry: BoundEntry) -> bool:
    """Whether what an entry says comes from a proposal alone, so that it may be proposed anew."""
    data = entry.data
    written = isinstance(data, Mapping) and "proposed" in data and not data.keys() - {"proposed", "source"}
    return written and not entry.was


def is_signature(entry: BoundEntry) -> bool:
    """Whether an entry proposes that people alone answer its item."""
    proposed = entry.data.get("proposed") if isinstance(entry.data, Mapping) else None
    return isinstance(proposed, Mapping) and "signoff" in proposed


def roles_in(file: BindingsFile) -> tuple[str, ...]:
    """Return the roles that a file names, what is proposed included, in its order."""

    def named(value: Any) -> Iterator[str]:
        for key, each in value.items() if isinstance(value, Mapping) else ():
            if key in ("signoff", "partial"):
                yield str(each["role"]) if isinstance(each, Mapping) and "role" in each else str(each)
            elif key == "proposed":
                yield from named(each)

    return tuple(dict.fromkeys(role for entry in file.entries().values() for role in named(entry.data)))


def _propose_anew(file: BindingsFile, entry: BoundEntry, proposal: Proposal) -> bool:
    value = proposed_binding(proposal)
    if value is None or value == entry.data["proposed"]:
        return False
    file.put(entry.id, {**entry.data, "proposed": value}, reason_of(proposal))
    return True


def _is_of_group(entry: BoundEntry) -> bool:
    return isinstance(entry.data, Mapping) and entry.data.keys() == {"source"}


def _in_place(file: BindingsFile, proposals: Mapping[str, Proposal]) -> list[FollowedEntry]:
    """Let entries that were confirmed for other words than their items have now be proposed only."""
    found = []
    for was in file.reworded():
        if was.written != was.id:
            file.rename(was.id, was.id)
        _let_confirm(file, file.entries()[was.id], was.written, proposals)
        found.append(FollowedEntry(was.written, was.id, was.line, reworded=True))
    return found


def _follow(file: BindingsFile, proposals: Mapping[str, Proposal]) -> Iterator[FollowedEntry]:
    """Let entries of items that are gone go on as those of items that say nearly the same in the same place."""
    checklist = file.checklist
    sections = {section.id: section for section in checklist.sections}
    before = {entry.written: entry for entry in file.entries().values()}
    if all(file.names.items(written) for written in before):
        return
    renamed = dict(_renamed_sections(file))
    for old, new in renamed.items():
        file.rename_section(old, new)
        for entry in file.entries().values():
            section, slug = entry.written.split("/", 1)
            if section == new and (items := file.names.items(entry.written)):
                was = before[f"{old}/{slug}"]
                reworded = not _same_section(checklist, old, sections[new])
                if reworded:
                    _let_confirm(file, entry, was.written, proposals)
                yield FollowedEntry(was.written, items[0].id, was.line, reworded)
    of_old = {new: old for old, new in renamed.items()}
    for entry, item in _pairs(file):
        section, slug = entry.written.split("/", 1)
        was = before[f"{of_old.get(section, section)}/{slug}"]
        old_section, old_slug = was.written.split("/", 1)
        same = _same_section(checklist, old_section, checklist.section_of(item)) and _same(old_slug, item.slug)
        file.rename(entry.id, item.id)
        if not same and not item.is_group:
            _let_confirm(file, file.entries()[item.id], was.written, proposals)
        yield FollowedEntry(was.written, item.id, was.line, not same)


def _let_confirm(file: BindingsFile, entry: BoundEntry, was: str, proposals: Mapping[str, Proposal]) -> None:
    """Let what was confirmed for other words be proposed only."""
    if _is_of_group(entry):
        return
    if is_only_proposed(entry) and entry.id in proposals:
        # Nobody has confirmed it, so there is nothing to keep.
        _propose_anew(file, entry, proposals[entry.id])
        return
    if entry.state == "proposed":
        return
    source: dict[str, Any] = {}
    value = entry.data
    if isinstance(value, Mapping) and "source" in value:
        source = {"source": value["source"]}
        value = {key: each for key, each in value.items() if key != "source"}
    file.put(
        entry.id, {"proposed": value, **source}, f"{WAS}: {was}, in other words; confirm that it still answers this"
    )


def _renamed_sections(file: BindingsFile) -> Iterator[tuple[str, str]]:
    """Sections of the file that the document has not, each with the one of the document that it seems to be by now."""
    written = file.sections()
    there = {section.id for key in written for section in file.names.sections(key)}
    new = [section for section in file.checklist.sections if section.id not in there]
    slugs = {section.id: {item.slug for item in _items_of(file.checklist, section)} for section in new}
    for key, held in written.items():
        if not held or file.names.sections(key):
            continue
        likely = [
            (
                len(slugs[section.id] & set(held)) / len(held),
                _likeness(key, name_of(section.title, "checklist").slug),
                -at,
            )
            for at, section in enumerate(new)
        ]
        shared, alike, at = max(likely, default=(0.0, 0.0, 0))
        if shared >= _HALF or alike >= _NEARLY:
            yield key, new.pop(-at).id


def _pairs(file: BindingsFile) -> Iterator[tuple[BoundEntry, Item]]:
    """Entries of items that are gone, each with the item without an entry that it seems to be for by now."""
    bound = file.entries()
    gone = list(file.vanished())
    free = [item for item in file.checklist.items() if item.id not in bound]
    found = []
    for place, entry in enumerate(gone):
        section, slug = entry.written.split("/", 1)
        here = {each.id for each in file.names.sections(section)}
        for at, item in enumerate(free):
            if item.is_group != _is_of_group(entry):
                continue
            # In another place, only what says the same in every word.
            near = item.id.rpartition("/")[0] in here
            alike = _likeness(slug, item.slug) if near else float(slug == item.slug)
            if alike >= _NEARLY:
                found.append((-alike, abs(place - at), place, at))
    taken: set[int] = set()
    paired: dict[int, int] = {}
    for _, _, place, at in sorted(found):
        if place not in paired and at not in taken:
            paired[place] = at
            taken.add(at)
    yield from ((gone[place], free[at]) for place, at in sorted(paired.items()))


def _items_of(checklist: Checklist, section: Section) -> Iterable[Item]:
    return (item for item in checklist.items() if item.id.rpartition("/")[0] == section.id)


def _likeness(one: str, other: str) -> float:
    """How many of the words of two slugs are common, of 0 to 1."""
    left, right = set(_words(one)), set(_words(other))
    return 1.0 if _same(one, other) else 2 * len(left & right) / (len(left) + len(right) or 1)


def _same_section(checklist: Checklist, slug: str, section: Section) -> bool:
    """Whether a section was called as this one and as no other; what it is in may be named before its own words."""

    def called(each: Section) -> bool:
        ways = [*each.ancestors, name_of(each.title, "checklist").slug]
        return slug == each.id or any(_same(slug, "-".join(ways[at:])) for at in range(len(ways)))

    return [each for each in checklist.sections if called(each)] == [section]


def _same(one: str, other: str) -> bool:
    """Whether two slugs differ in spelling and words that say nothing only."""
    left, right = "".join(_words(one)), "".join(_words(other))
    return one == other or (left == right != "")


def _words(slug: str) -> list[str]:
    return [_spelled(word) for word in slug.split("-") if word not in _FILLER]


def _spelled(word: str) -> str:
    """A word in a form that its usual spellings have in common: British and American, and with letters doubled."""
    if len(word) <= _SHORT:
        return word
    word = re.sub(r"is(e|ed|es|er|ing|ation)\Z", r"iz\1", word)
    word = re.sub(r"our(?=\Z|ed\Z|s\Z|ing\Z)", "or", word)
    return re.sub(r"([a-z])\1", r"\1", word)
