"""Keeps the bindings of a document in step with it.

What is proposed is added, re-worded items are followed, vanished ones are named. What people have bound stays as it is,
but for one thing: what was confirmed for other words than the document says now is proposed again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from pytest_readiness.bind.answers import binding_of, proposed_binding, reason_of, signed_by
from pytest_readiness.bind.file import WAS, BindingsFile, BoundEntry
from pytest_readiness.bind.proposal import Proposal
from pytest_readiness.bind.renaming import Called, likeness
from pytest_readiness.bind.writing import plain
from pytest_readiness.checklist.ids import name_of
from pytest_readiness.checklist.model import Checklist, Item, Section

_NEARLY = 0.55
"""From this share of common words on, a text may be another one that was re-worded."""
_HALF = 0.5
"""From this share of common items on, a section may be another one that was renamed."""
_SURELY = 2.0
"""How alike an entry is to the one item that is called so."""
_KNOWN = 3.0
"""How alike an entry is to the one item that says what it was confirmed for."""
How = Literal["renamed", "moved", "re-worded"]
_WHY: Mapping[How, str] = {"moved": "in another place", "re-worded": "in other words"}


@dataclass(frozen=True, slots=True)
class FollowedEntry:
    """An entry that went on to be that of another item.

    Attributes:
        old: section and slug of the entry, as they were written.
        new: id of the item.
        line: the entry's line in the file as it was.
        how: what became of the item. One that was "renamed" says what it was confirmed for, or where that was not kept,
            the same in other spelling; where one was "moved" or "re-worded", what was bound is proposed.
    """

    old: str
    new: str
    line: int
    how: How


@dataclass(frozen=True, slots=True)
class Update:
    """What a re-run did to the file, and what it left to people.

    Attributes:
        added: ids of the items for which something was proposed.
        refreshed: ids of the items for which something else is proposed than before.
        kept: entries for which something else would be proposed, and which a person has changed.
        followed: entries that went on to be those of other items.
        vanished: entries whose item is not in the document any more.
        groups: entries of items that are groups by now, so that nothing answers them.
        unclear: entries that may be for several items by now, for which nothing is proposed.
        unbound: what is known of the items for which nothing can be proposed.
        unsaid: confirmed entries of which it was not kept what their items said, as it is from now on.
        strays: what was kept of items that no entry is for.
    """

    added: tuple[str, ...]
    refreshed: tuple[str, ...]
    kept: tuple[BoundEntry, ...]
    followed: tuple[FollowedEntry, ...]
    vanished: tuple[BoundEntry, ...]
    groups: tuple[BoundEntry, ...]
    unclear: tuple[BoundEntry, ...]
    unbound: tuple[Proposal, ...]
    unsaid: tuple[BoundEntry, ...] = ()
    strays: tuple[str, ...] = ()


def update(file: BindingsFile, proposals: Sequence[Proposal], *, again: bool = False, prune: bool = False) -> Update:
    """Bring a file in step with its document; nothing is written yet.

    Args:
        file: the file.
        proposals: what is proposed for the document's items.
        again: whether what is only proposed so far, and no person has changed, is proposed anew.
        prune: whether entries of vanished items are taken out.

    Raises:
        ProblemsError: a section is written so that nothing can be changed in it.
    """
    by_id = {each.item.id: each for each in proposals}
    unsaid, strays = file.unsaid(), file.strays()
    followed = (*_in_place(file, by_id), *_follow(file, by_id))
    entries = file.entries()
    unclear = file.unclear()
    awaited = {item.id for entry in unclear for item in file.names.items(entry.written)}
    added, refreshed, kept, unbound = [], [], [], []
    for proposal in proposals:
        id, entry = proposal.item.id, entries.get(proposal.item.id)
        if id in awaited and entry is None:
            continue
        if entry is None and proposal.item.not_applicable is None:
            if (value := proposed_binding(proposal)) is None:
                unbound.append(proposal)
            else:
                file.put(id, {"proposed": value}, reason_of(proposal))
                added.append(id)
        elif again and entry is not None and is_only_proposed(entry) and _is_outdated(entry, proposal):
            if _is_of_person(file, entry, proposal):
                kept.append(entry)
            else:
                _propose_anew(file, entry, proposal)
                refreshed.append(id)
    vanished = file.vanished()
    if prune:
        for entry in vanished:
            file.remove(entry.id)
    file.settle()
    groups = {item.id for item in file.checklist.items() if item.is_group}
    wrong = [entry for entry in entries.values() if entry.id in groups and not is_of_group(entry.data)]
    return Update(
        *(tuple(added), tuple(refreshed), tuple(kept), followed, vanished, tuple(wrong), unclear, tuple(unbound)),
        *_lost(unsaid, strays, followed),
    )


def _lost(
    unsaid: Sequence[BoundEntry], strays: Sequence[str], followed: Sequence[FollowedEntry]
) -> tuple[tuple[BoundEntry, ...], tuple[str, ...]]:
    """What of that is not told as followed already."""
    told = {each.old for each in followed} | {each.new for each in followed}
    return tuple(each for each in unsaid if each.written not in told), tuple(
        each for each in strays if each not in told
    )


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


def _is_outdated(entry: BoundEntry, proposal: Proposal) -> bool:
    """Whether something else is proposed for the item of an entry by now."""
    value = proposed_binding(proposal)
    return value is not None and plain(value) != entry.data["proposed"]


def _is_of_person(file: BindingsFile, entry: BoundEntry, proposal: Proposal) -> bool:
    """Whether a person seems to have changed what was proposed: its comments, its form, or what it says."""
    values = [binding_of(each.checks) for each in proposal.candidates]
    values += [signed_by(proposal.role, proposal.cadence)] if proposal.role else []
    return file.by_hand(entry.id) or entry.data["proposed"] not in map(plain, values)


def _propose_anew(file: BindingsFile, entry: BoundEntry, proposal: Proposal) -> None:
    file.put(entry.id, {**entry.data, "proposed": proposed_binding(proposal)}, reason_of(proposal))


def is_of_group(data: Any) -> bool:
    """Whether what an entry says is for a group: where it comes from, and nothing else."""
    return isinstance(data, Mapping) and data.keys() == {"source"}


def _in_place(file: BindingsFile, proposals: Mapping[str, Proposal]) -> list[FollowedEntry]:
    """Let entries that were confirmed for other words than their items have now be proposed only."""
    found = []
    for was in file.reworded():
        if was.written != was.id:
            file.rename(was.id, was.id)
        _let_confirm(file, file.entries()[was.id], was.written, "re-worded", proposals)
        found.append(FollowedEntry(was.written, was.id, was.line, "re-worded"))
    return found


def _follow(file: BindingsFile, proposals: Mapping[str, Proposal]) -> Iterator[FollowedEntry]:
    """Let entries of items that are gone go on as those of items that say nearly the same in the same place."""
    checklist = file.checklist
    before = {entry.written: entry for entry in file.entries().values()}
    if all(file.names.items(written) for written in before):
        return
    called = Called(checklist)
    said = {entry.written for entry in file.vanished() if file.confirmed_for(entry)}
    known = {entry.written: item.id for entry in file.vanished() if (item := file.known(entry))}

    def how_of(was: BoundEntry, item: Item) -> How:
        section, slug = was.written.split("/", 1)
        of_item = checklist.section_of(item)
        if known.get(was.written) == item.id:
            return "renamed"
        if not called.may_be_item(slug, item):
            return "re-worded"
        if not (called.is_section(section, of_item) and called.is_item(slug, item)):
            return "moved"
        # What it said besides its words is not known otherwise, and may be something else by now.
        return "re-worded" if was.written in said else "renamed"

    renamed = dict(_renamed_sections(file, called, known))
    for old, new in renamed.items():
        file.rename_section(old, new)
        for entry in file.entries().values():
            section, slug = entry.written.split("/", 1)
            if section == new and len(items := file.names.items(entry.written)) == 1:
                was = before[f"{old}/{slug}"]
                how = how_of(was, items[0])
                _let_confirm(file, entry, was.written, how, proposals)
                yield FollowedEntry(was.written, items[0].id, was.line, how)
    of_old = {new: old for old, new in renamed.items()}
    by_now = {
        f"{renamed.get(section, section)}/{slug}": known[was] for was in known for section, slug in [was.split("/")]
    }
    for entry, item in _pairs(file, called, by_now):
        section, slug = entry.written.split("/", 1)
        was = before[f"{of_old.get(section, section)}/{slug}"]
        how = how_of(was, item)
        file.rename(entry.id, item.id)
        if not item.is_group:
            _let_confirm(file, file.entries()[item.id], was.written, how, proposals)
        yield FollowedEntry(was.written, item.id, was.line, how)


def _let_confirm(file: BindingsFile, entry: BoundEntry, was: str, how: How, proposals: Mapping[str, Proposal]) -> None:
    """Let what was confirmed for other words, or in another place, be proposed only."""
    if how == "renamed" or is_of_group(entry.data):
        return
    if is_only_proposed(entry) and entry.id in proposals:
        # Nobody has confirmed it, so there is nothing to keep but what a person wrote.
        if _is_outdated(entry, proposals[entry.id]) and not file.by_hand(entry.id):
            _propose_anew(file, entry, proposals[entry.id])
        return
    if entry.state == "proposed":
        return
    file.propose(entry.id, f"{WAS}: {was}, {_WHY[how]}; confirm that it still answers this")


def _renamed_sections(file: BindingsFile, called: Called, known: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Sections of the file that the document has not, each with the one of the document that it seems to be by now.

    Args:
        file: the file.
        called: what the sections of the document may have been called.
        known: items of which it is known what they said, by section and slug of their entries.
    """
    written = file.sections()
    there = {section.id for key in written for section in file.names.sections(key)}
    new = [section for section in file.checklist.sections if section.id not in there]
    slugs = {section.id: {item.slug for item in _items_of(file.checklist, section)} for section in new}
    gone = {key: held for key, held in written.items() if held and not file.names.sections(key)}
    # What is called so goes before all that looks like it: an id is shorter where a namesake is gone.
    for key in tuple(gone):
        ids = [known.get(f"{key}/{slug}", "").rpartition("/")[0] for slug in gone[key]]
        here = [section for section in new if section.id in ids]
        for section in here[:1] or [each for each in new if called.is_section(key, each)]:
            yield key, section.id
            new.remove(section)
            del gone[key]
    for key, held in gone.items():
        likely = [
            (
                len(slugs[section.id] & set(held)) / len(held),
                likeness(key, name_of(section.title, "checklist").slug),
                -at,
            )
            for at, section in enumerate(new)
        ]
        shared, alike, at = max(likely, default=(0.0, 0.0, 0))
        if shared >= _HALF or alike >= _NEARLY:
            yield key, new.pop(-at).id


def _pairs(file: BindingsFile, called: Called, known: Mapping[str, str]) -> Iterator[tuple[BoundEntry, Item]]:
    """Entries of items that are gone, each with the item without an entry that it seems to be for by now.

    Args:
        file: the file.
        called: what the items of the document may have been called.
        known: items of which it is known what they said, by section and slug of their entries.
    """
    bound = file.entries()
    gone = list(file.vanished())
    awaited = {item.id for entry in file.unclear() for item in file.names.items(entry.written)}
    free = [item for item in file.checklist.items() if item.id not in bound.keys() | awaited]
    found = []
    for place, entry in enumerate(gone):
        section, slug = entry.written.split("/", 1)
        here = {each.id for each in file.names.sections(section)}
        for at, item in enumerate(free):
            if item.is_group != is_of_group(entry.data):
                continue
            # In another place, only what says the same in every word.
            if known.get(entry.written) == item.id:
                alike = _KNOWN
            elif item.id.rpartition("/")[0] not in here:
                alike = float(slug == item.slug)
            elif called.may_be_item(slug, item):
                alike = _SURELY if called.is_item(slug, item) else 1.0
            else:
                alike = likeness(slug, item.slug)
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
