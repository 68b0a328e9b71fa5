"""CHECKLIST.checks.yaml as a text in which entries are written; all else in it stays as it is, byte by byte.

    file = BindingsFile.read(checklist)
    file.put("tls/hsts", {"proposed": "http.hsts"}, "likely: hsts")
    print(file.diff())
    file.write()

Nothing is on the disk before `write`. Whatever was changed is read back first: a file that would not hold what was
meant, or would hold anything else otherwise than before, is not written but is a problem.
"""

from __future__ import annotations

import bisect
import copy
import difflib
import re
import stat
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal

from pytest_readiness.bind.proposal import LEVELS, ONLY_PEOPLE
from pytest_readiness.bind.writing import comment_text, commented, entry_lines, key_text, plain
from pytest_readiness.checklist.former import Names
from pytest_readiness.checklist.markdown import unix
from pytest_readiness.checklist.model import Checklist, Item
from pytest_readiness.core.files import write_atomically
from pytest_readiness.core.problems import Problem, ProblemsError
from pytest_readiness.core.yamlfile import YamlMap, events_of, parse_yaml, read_text
from pytest_readiness.plan.binding import bindings_path
from pytest_readiness.plan.bindings import CONFIRMED, NO_FINGERPRINTS, same_item

WAS = "was"
"""First word of a comment that says what an item was before it was re-worded."""
_OURS = re.compile(rf"(?:{'|'.join((*LEVELS, WAS))}):\s|{ONLY_PEOPLE}(?=\s+#|\Z)")
"""How the comments begin that this package writes; they go when what they are about is replaced."""
_WAS = re.compile(rf"#\s*{WAS}:\s+([^\s,;]+)")
_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n|\Z)")
_COLON = re.compile(r"[ \t]*:(?=\s|\Z)")
_COMMENT = re.compile(r"(?:(?<=\s)|^)#[^\r\n]*", re.MULTILINE)
_ONE_OF = re.compile(r"\s(?=#)")
_INDENT = 2
BOM = "\ufeff"


@dataclass(frozen=True, slots=True)
class BoundEntry:
    """An entry of the file.

    Attributes:
        id: of the item; where none has it, or several may be meant, as it is written.
        written: section and slug as they are written.
        data: what it says, as plain data.
        text: its lines, as they are written, with the comments directly above it.
        line: its line in the file as it was read; 0 for an entry that was put since.
    """

    id: str
    written: str
    data: Any
    text: str
    line: int

    @property
    def state(self) -> Literal["confirmed", "proposed"]:
        """What it is: "proposed" where nobody has confirmed it, else "confirmed"."""
        return "proposed" if isinstance(self.data, Mapping) and "proposed" in self.data else "confirmed"

    @property
    def was(self) -> str:
        """Section and slug of the item that was bound to it, where it is proposed for another one; else ""."""
        found = _WAS.search(self.text) if self.state == "proposed" else None
        return found[1] if found else ""


@dataclass(slots=True)
class _Piece:
    """A key with its value as text: blank lines and comments before it, comments directly above it, its lines."""

    key: str
    gap: str
    above: str
    lines: str
    span: tuple[int, int]
    """Where in its lines the key stands, with its quotes."""
    end: int = 0
    """Where in its lines the value ends."""
    line: int = 0


@dataclass(slots=True)
class _Block:
    """A section: the lines of its key, its entries, and the comments at its end.

    Attributes:
        fixed: whether it is written so that nothing can be put into it or taken out.
        nothing: where in the lines of its key a value stands that says that it holds nothing.
        indent: blanks before the keys of its entries.
    """

    head: _Piece
    entries: list[_Piece] = field(default_factory=list)
    tail: str = ""
    fixed: bool = False
    nothing: tuple[int, int] = (0, 0)
    indent: int = 0


class BindingsFile:
    """The bindings of a checklist, as they are written.

    Args:
        checklist: the document.
        path: the file.
        raw: what is in it; None where there is no such file.

    Raises:
        ProblemsError: every mistake of form; two entries for one item.
    """

    def __init__(self, checklist: Checklist, path: Path, raw: bytes | None) -> None:
        self.checklist = checklist
        self.path = path
        self.names = Names(checklist)
        self._raw = raw
        self._before = "" if raw is None else raw.decode("utf-8")
        self._bom = BOM if self._before.startswith(BOM) else ""
        self._newline = next((end for end in ("\r\n", "\n", "\r") if end in self._before), "\n")
        # Whether the last line has no end.
        self._open_end = bool(self._before) and not self._before.endswith(("\r", "\n"))
        self._blocks: list[_Block] = []
        self._top = ""
        self._bottom = ""
        self._end = ""
        self._data: dict[str, Any] = {}
        self._had_entries = False
        self._parse()
        self._find_problems()

    @classmethod
    def read(cls, checklist: Checklist, path: Path | None = None) -> BindingsFile:
        """Return the file beside a checklist; one that is not there holds nothing.

        Args:
            checklist: the document.
            path: the file, where it is not the one beside it.

        Raises:
            ProblemsError: it cannot be read, or see above.
        """
        path = path or bindings_path(checklist.path)
        if not path.exists() and not path.is_symlink():
            return cls(checklist, path, None)
        # For its sentences on what cannot be read.
        read_text(path, "bindings")
        return cls(checklist, path, path.read_bytes())

    # --- what it holds

    @property
    def exists(self) -> bool:
        """Whether there was a file when it was read."""
        return self._raw is not None

    def entries(self) -> dict[str, BoundEntry]:
        """Every entry by the id of its item, or by how it is written where no item has it; in the file's order."""
        found = {}
        for block in self._sections():
            held = self._data[block.head.key]
            if not isinstance(held, dict):
                continue
            pieces = {piece.key: piece for piece in block.entries}
            for slug in dict.fromkeys((*pieces, *held)):
                if slug not in held or slug.startswith("."):
                    continue
                written = f"{block.head.key}/{slug}"
                id = self._means(block.head.key, slug)
                piece = pieces.get(slug)
                text, line = (piece.above + piece.lines, piece.line) if piece else ("", block.head.line)
                found[id] = BoundEntry(id, written, held[slug], text, line)
        return found

    def entry(self, item_id: str) -> BoundEntry | None:
        """The entry of an item, or the one that is written so; None where there is none."""
        return self.entries().get(item_id)

    def sections(self) -> dict[str, tuple[str, ...]]:
        """The sections as they are written, with the slugs of their entries, in the file's order."""
        return {
            block.head.key: tuple(slug for slug in held if not slug.startswith("."))
            for block in self._sections()
            if isinstance(held := self._data[block.head.key] or {}, dict)
        }

    def vanished(self) -> tuple[BoundEntry, ...]:
        """Entries that no item of the document has, in the file's order."""
        return tuple(entry for entry in self.entries().values() if not self.names.items(entry.written))

    def unclear(self) -> tuple[BoundEntry, ...]:
        """Entries that may be for several items of the document, in the file's order."""
        return tuple(entry for entry in self.entries().values() if len(self.names.items(entry.written)) > 1)

    def confirmed_for(self, entry: BoundEntry) -> str:
        """Fingerprint of what an entry was confirmed for; "" where that is not known."""
        return self._said().get(entry.written, "")

    def known(self, entry: BoundEntry) -> Item | None:
        """The one item that says what an entry was confirmed for, with all that it is in; None where none is known."""
        said = self.confirmed_for(entry)
        found = [item for item in self.checklist.items() if said and item.fingerprint == said]
        return found[0] if len(found) == 1 else None

    def missing(self) -> tuple[Item, ...]:
        """Items of the document, no groups, that have no entry, in the document's order."""
        bound = self.entries()
        return tuple(item for item in self.checklist.leaves() if item.id not in bound)

    def reworded(self) -> tuple[BoundEntry, ...]:
        """Entries that are confirmed for other words than their item has now, in the file's order."""
        said = self._said()
        return tuple(entry for entry, now in self._confirmed() if said.get(entry.written, now) != now)

    def unsaid(self) -> tuple[BoundEntry, ...]:
        """Confirmed entries of which it is not kept what their items said, where that is kept of others."""
        said = self._said()
        kept = CONFIRMED in self._data
        return tuple(entry for entry, _ in self._confirmed() if kept and entry.written not in said)

    def strays(self) -> tuple[str, ...]:
        """What is kept of items that no entry is for."""
        entries = {entry.written for entry in self.entries().values()}
        return tuple(written for written in self._said() if written not in entries)

    # --- changes

    def settle(self, anew: str = "") -> None:
        """Keep what the item of each confirmed entry says, or said before it was gone; of others, nothing.

        Args:
            anew: id of an item that has just been confirmed for what it says now.
        """
        said = self._said()
        kept = {entry.written for entry in self.entries().values() if entry.state == "confirmed"}
        for gone in [each for each in said if each not in kept]:
            self._note(gone, None)
        for entry, now in list(self._confirmed()):
            if entry.written not in said or entry.id == anew:
                self._note(entry.written, now)

    def put(self, item_id: str, value: Any, comment: str = "", written: str = "") -> None:
        """Write what answers an item, in place of what did, or where the document has the item.

        Comments of people on the line of its key, or directly above it, stay, and those within it then stand above it.
        What was proposed, and now is confirmed, stands as it was written.

        Args:
            item_id: an item of the document.
            value: plain data, as a binding says it.
            comment: why, in one line.
            written: the entry as somebody has written it, with comments, from its key on.

        Raises:
            KeyError: the document has no such item.
            ProblemsError: the section is written so that nothing can be put into it.
        """
        item, data = self._item(item_id), plain(value)
        place = self._place(item_id)
        block, old = place or (self._block_for(item), None)
        made = self._typed(old.key if old else item.slug, written, data, block)
        if old is None:
            piece = made or self._made(item.slug, data, comment, block)
        else:
            piece = made or self._raised(old, data, block) or self._anew(old, data, comment, block)
        above = _without_ours(old.above) if old else ""
        there = {line.strip() for line in _lines(above)}
        there.update(each.strip() for _, comment in _comments_in(piece.lines) for each in _ONE_OF.split(comment))
        kept = [*(_comments(old) if old else ()), *(each for _, each in _comments_in(written))]
        lines = (f"{' ' * block.indent}{each}{self._newline}" for each in dict.fromkeys(kept) if each not in there)
        piece.above = above + "".join(lines) + piece.above
        if old is None:
            self._insert(block, piece, item)
        else:
            piece.gap, piece.line = old.gap, old.line
            block.entries[block.entries.index(old)] = piece
        self._held(block)[piece.key] = data

    def propose(self, item_id: str, comment: str) -> None:
        """Let what answers an item be proposed only: below `proposed`, it stands as it was written.

        Args:
            item_id: id of the item of an entry that is confirmed.
            comment: why, in one line.

        Raises:
            KeyError: there is no such entry.
            ProblemsError: the section is written so that nothing can be changed in it.
        """
        block, old = self._existing(item_id)
        data = self._held(block)[old.key]
        made = self._below(old, block, comment_text(comment))
        if made is None:
            self.put(item_id, {"proposed": data}, comment)
            return
        block.entries[block.entries.index(old)] = made
        self._held(block)[old.key] = {"proposed": data}

    def by_hand(self, item_id: str) -> bool:
        """Whether an entry that proposes something has comments, or a form, that `put` would not have given it.

        Raises:
            KeyError: there is no such entry.
        """
        block, piece = self._existing(item_id)
        if _without_ours(piece.above) or _remark(piece):
            return True
        made = self._made(piece.key, self._held(block)[piece.key], LEVELS[0], block)
        ours, theirs = (
            [line.rstrip("\r\n") for line in _lines(text)][1:] for text in (made.lines, piece.lines.rstrip(" \t"))
        )
        return ours != theirs

    def remove(self, item_id: str) -> None:
        """Take out an entry, with the comments directly above it, and its section where it was the last of it.

        Args:
            item_id: id of its item, or section and slug as they are written.

        Raises:
            KeyError: there is no such entry.
            ProblemsError: the section is written so that nothing can be taken out.
        """
        self._take(*self._existing(item_id))

    def rename(self, old_id: str, new_id: str) -> None:
        """Let an entry be that of another item: its key is renamed, and it moves where that item's section is another.

        Args:
            old_id: id of its item, or section and slug as they are written.
            new_id: an item of the document that has no entry.

        Raises:
            KeyError: there is no such entry, or no such item.
            ProblemsError: a section is written so that nothing can be changed in it.
        """
        item = self._item(new_id)
        block, piece = self._existing(old_id)
        held = self._held(block)
        data = held.pop(piece.key)
        if self.names.items(f"{block.head.key}/{item.slug}") == (item,):
            _rename(piece, item.slug)
            held[item.slug] = data
            return
        held[piece.key] = data
        # First, so that nothing is taken out that cannot be put there.
        target = self._block_for(item)
        self._take(block, piece)
        _rename(piece, item.slug)
        piece.gap = ""
        _move(piece, target.indent - block.indent)
        self._insert(target, piece, item)
        self._held(target)[item.slug] = data

    def rename_section(self, old: str, new: str) -> None:
        """Let a section of the file be another one of the document, which the file has not.

        Raises:
            KeyError: the file has no section of the old name, or has one of the new name.
        """
        blocks = {block.head.key: block for block in self._blocks}
        if new in blocks:
            raise KeyError(new)
        self._data[new] = self._data.pop(old)
        _rename(blocks[old].head, new)

    def snapshot(self) -> object:
        """What the file is to be now, for `restore`."""
        return copy.deepcopy((self._top, self._blocks, self._bottom, self._data))

    def restore(self, snapshot: object) -> None:
        """Take back what was changed since `snapshot` returned this, written or not."""
        self._top, self._blocks, self._bottom, self._data = copy.deepcopy(snapshot)  # type: ignore[misc]

    # --- as a text

    @property
    def text(self) -> str:
        """The file as it is to be.

        Raises:
            ProblemsError: it is written so that what was asked for cannot be written into it.
        """
        text = self._joined()
        if text == self._before:
            return text
        if self._open_end:
            stripped = text.removesuffix(self._newline)
            # A text of several lines at the end would lose it.
            if stripped == self._before or self._says_what_is_meant(stripped):
                return stripped
        if not self._says_what_is_meant(text):
            raise self._problem(
                "What is to be changed cannot be written into the file in its form without changing something else, "
                "such as what an alias refers to or blank lines that belong to a text; write it by hand."
            )
        return text

    @property
    def changed(self) -> bool:
        """Whether it is to be other than it was when it was read."""
        return self.text != self._before

    def diff(self) -> str:
        """What is to change, as a unified diff; "" where nothing is."""
        name = str(self.path)
        old, new = (_marked(text) for text in (self._before, self.text))
        return "".join(difflib.unified_diff(old, new, name if self.exists else "/dev/null", name))

    def write(self) -> bool:
        """Write it whole or not at all, and return whether there was anything to write.

        Raises:
            ProblemsError: it has changed on the disk since it was read, is a link, or cannot be written.
        """
        text = self.text
        if text == self._before:
            return False
        if self.path.is_symlink():
            raise self._problem(
                f"This is a link to {self.path.resolve()}, through which nothing is written; put the file itself here."
            )
        try:
            now = self.path.read_bytes() if self.path.exists() else None
            if now != self._raw:
                raise self._problem(
                    "The file has been changed since it was read, so nothing is written; run this again."
                )
            mode = stat.S_IMODE(self.path.stat().st_mode) if now is not None else None
            if mode is not None and not mode & 0o222:
                raise self._problem("The file may not be written by anyone, so nothing is; give yourself the right.")
            write_atomically(self.path, text)
            if mode is not None:
                self.path.chmod(mode)
        except OSError as error:
            raise self._problem(f"The file cannot be written: {error.strerror}.") from None
        self._raw, self._before = text.encode(), text
        return True

    def _joined(self) -> str:
        if not self._blocks:
            if not self.exists or not self._had_entries:
                return self._before
            # So that it is still a mapping.
            parts = [self._top, self._bottom, "{}" + self._newline, self._end]
        else:
            parts = [self._top]
            for block in self._blocks:
                parts += (block.head.gap, block.head.above, block.head.lines)
                for piece in block.entries:
                    parts += (piece.gap, piece.above, piece.lines)
                parts.append(block.tail)
            parts += (self._bottom, self._end)
        parts = [part for part in parts if part]
        ended = [part if part.endswith(("\r", "\n")) else part + self._newline for part in parts]
        return self._bom + "".join(ended)

    def _says_what_is_meant(self, text: str) -> bool:
        if not self._blocks:
            return True
        try:
            return bool(parse_yaml(text.removeprefix(BOM), self.path, "bindings") == self._data)
        except ProblemsError:
            return False

    # --- reading

    def _problem(self, message: str, line: int = 0) -> ProblemsError:
        return ProblemsError([Problem(self.path, line, message)])

    def _parse(self) -> None:
        text = self._before.removeprefix(self._bom)
        if not self.exists:
            self._top = f"# What answers each item of {comment_text(self.checklist.path.name)}.\n\n"
        elif all(map(_is_beside, _lines(text))):
            self._top = text
        else:
            self._data = dict(parse_yaml(text, self.path, "bindings"))
            self._had_entries = bool(self._data)
            every = events_of(text)
            # "..." ends the document, and all that is put stands before it.
            ends = [each for each in every if type(each).__name__ == "DocumentEndEvent" and each.explicit]
            if ends:
                text, self._end = text[: ends[0].start_mark.index], text[ends[0].start_mark.index :]
            events = [each for each in every if not type(each).__name__.startswith(("Stream", "Document"))]
            if not events[0].flow_style:
                self._cut(text, events)
            elif self._data:
                raise self._problem(
                    "The file is written within braces; write it with a line for each section and item."
                )
            else:
                rest = text[: events[0].start_mark.index] + text[events[-1].end_mark.index :]
                self._top = rest if rest.strip() else ""

    def _cut(self, text: str, events: Sequence[Any]) -> None:
        """Cut the text into pieces, by the places of the events that it consists of."""
        done, at = 0, 1
        while at < len(events) - 1:
            key, value, after = events[at], events[at + 1], _after(events, at + 1)
            begin = _line_start(text, key.start_mark.index)
            gap, above = self._between(text[done:begin])
            block = _Block(self._piece(text, begin, events[at:after], gap, above))
            self._blocks.append(block)
            if type(value).__name__ == "MappingStartEvent" and not value.flow_style:
                done, block.head.lines = begin, ""
                child = at + 2
                while child < after - 1:
                    following = _after(events, child + 1)
                    start = _line_start(text, events[child].start_mark.index)
                    rest, gap, above = _apart(text[done:start], block.indent if block.entries else None)
                    self._attach(rest)
                    piece = self._piece(text, start, events[child:following], gap, above)
                    block.entries.append(piece)
                    block.indent = block.indent or len(piece.lines) - len(piece.lines.lstrip(" "))
                    done, child = start + len(piece.lines), following
            else:
                done = begin + len(block.head.lines)
                block.fixed = bool(self._data[block.head.key]) or type(value).__name__ == "AliasEvent"
                if value.start_mark.index < value.end_mark.index:
                    block.nothing = (value.start_mark.index - begin, block.head.end)
            at = after
        gap, above = self._between(text[done:])
        self._bottom = gap + above
        usual = next((block.indent for block in self._sections() if block.indent), _INDENT)
        for block in self._blocks:
            block.indent = block.indent or usual

    def _between(self, text: str) -> tuple[str, str]:
        """Let what stands before a section, and is indented, belong to the section before; return the rest of it."""
        last = self._blocks[-1] if self._blocks and self._blocks[-1].entries else None
        rest, gap, above = _apart(text, last.indent if last else None)
        self._attach(rest)
        lines = _lines(gap + above)
        indented = [
            number for number, line in enumerate(lines, 1) if line.lstrip(" \t").startswith("#") and line[0] != "#"
        ]
        if self._blocks and indented:
            self._blocks[-1].tail = "".join(lines[: indented[-1]])
            _, gap, above = _apart("".join(lines[indented[-1] :]))
        return gap, above

    def _attach(self, rest: str) -> None:
        """Let what is neither blank nor a comment belong to what stands before it."""
        if not self._blocks:
            self._top += rest
        elif self._blocks[-1].entries:
            self._blocks[-1].entries[-1].lines += rest
        else:
            self._blocks[-1].head.lines += rest

    def _piece(self, text: str, begin: int, events: Sequence[Any], gap: str, above: str) -> _Piece:
        key = events[0]
        line = key.start_mark.line + 1
        if type(key).__name__ != "ScalarEvent":
            raise self._problem("A key is an alias; write it out.", line)
        span = (key.start_mark.index - begin, key.end_mark.index - begin)
        ends = [each.end_mark.index for each in events if each.start_mark.index < each.end_mark.index]
        end = ends[-1]
        if text[end - 1] in "\r\n":
            # A text of several lines, to which the blank lines behind it may belong.
            value = events[-1].value if type(events[-1]).__name__ == "ScalarEvent" else ""
            if not value.endswith("\n\n"):
                end = begin + len(text[begin:end].rstrip())
        if text[end - 1] not in "\r\n":
            match = _LINE.match(text, end)
            lines = text[begin : match.end() if match else end]
        else:
            lines = text[begin:end]
        return _Piece(key.value, gap, above, lines, span, end - begin, line)

    def _sections(self) -> Iterator[_Block]:
        """Blocks that map items to bindings; a key that begins with a dot says something else, and stays as it is."""
        return (block for block in self._blocks if not block.head.key.startswith("."))

    def _find_problems(self) -> None:
        problems = []
        kept = next((block for block in self._blocks if block.head.key == CONFIRMED), None)
        if kept is not None and not isinstance(self._data[CONFIRMED] or {}, dict):
            problems.append(Problem(self.path, kept.head.line, NO_FINGERPRINTS))
        seen: dict[str, tuple[str, int]] = {}
        for block in self._sections():
            section, held = block.head.key, self._data[block.head.key]
            if held is None:
                continue
            if not isinstance(held, YamlMap):
                problems.append(Problem(self.path, block.head.line, f"Section '{section}' must map items to bindings."))
                continue
            for slug in held:
                written, line = f"{section}/{slug}", held.lines[slug]
                items = self.names.items(written)
                if len(items) != 1:
                    continue
                if other := seen.get(items[0].id):
                    problems.append(Problem(self.path, line, same_item(written, *other, items[0].id)))
                else:
                    seen[items[0].id] = written, line
        if problems:
            raise ProblemsError(problems)

    # --- what confirmed items said

    def _confirmed(self) -> Iterator[tuple[BoundEntry, str]]:
        """Every confirmed entry of an item that is no group, with what the item says now, in the file's order."""
        fingerprints = {item.id: item.fingerprint for item in self.checklist.leaves()}
        for entry in self.entries().values():
            if entry.state == "confirmed" and entry.id in fingerprints:
                yield entry, fingerprints[entry.id]

    def _said(self) -> dict[str, str]:
        held = self._data.get(CONFIRMED)
        return dict(held) if isinstance(held, dict) else {}

    def _note(self, written: str, fingerprint: str | None) -> None:
        """Keep what an item says whose entry is confirmed; with None, no longer."""
        block = next((block for block in self._blocks if block.head.key == CONFIRMED), None)
        piece = next((piece for piece in block.entries if piece.key == written), None) if block else None
        if block is not None and piece is not None:
            self._take(block, piece)
            block = next((block for block in self._blocks if block.head.key == CONFIRMED), None)
        if fingerprint is None:
            return
        if block is not None and not self._data[CONFIRMED]:
            self._take_section(block)
            block = None
        if block is not None:
            self._open(block)
        else:
            lines = f"{CONFIRMED}:  # what each item said when its binding was confirmed; readiness bind keeps this"
            block = _Block(_Piece(CONFIRMED, self._newline, "", lines + self._newline, (0, len(CONFIRMED))))
            block.indent = next((block.indent for block in self._blocks if block.indent), _INDENT)
            self._blocks.append(block)
            self._data[CONFIRMED] = {}
        made = self._made(written, fingerprint, "", block)
        keys = [each.key for each in block.entries]
        block.entries.insert(bisect.bisect(keys, written), made)
        self._held(block)[written] = fingerprint

    # --- places

    def _item(self, item_id: str) -> Item:
        found = self.names.items(item_id)
        if len(found) != 1:
            raise KeyError(item_id)
        return found[0]

    def _held(self, block: _Block) -> dict[str, Any]:
        """What a section holds, to be changed."""
        held = dict(self._data.get(block.head.key) or {})
        self._data[block.head.key] = held
        return held

    def _means(self, section: str, slug: str) -> str:
        """Id of the one item that an entry is for, or as it is written."""
        items = self.names.items(f"{section}/{slug}")
        return items[0].id if len(items) == 1 else f"{section}/{slug}"

    def _place(self, item_id: str) -> tuple[_Block, _Piece] | None:
        for block in self._sections():
            held = self._data[block.head.key]
            for slug in held if isinstance(held, dict) else ():
                if self._means(block.head.key, slug) == item_id:
                    self._open(block)
                    piece = next((piece for piece in block.entries if piece.key == slug), None)
                    if piece is None:
                        raise self._problem(f"'{item_id}' comes from elsewhere by '<<'; write it out.", block.head.line)
                    return block, piece
        return None

    def _existing(self, item_id: str) -> tuple[_Block, _Piece]:
        place = self._place(item_id)
        if place is None:
            raise KeyError(item_id)
        return place

    def _open(self, block: _Block) -> None:
        if block.fixed:
            raise self._problem(
                f"Section '{block.head.key}' is written within braces or as an alias, so nothing is changed in it; "
                "write it with a line for each item.",
                block.head.line,
            )

    def _block_for(self, item: Item) -> _Block:
        """The section of the file that an item belongs into, which is made where there is none."""
        for block in self._sections():
            if self.names.items(f"{block.head.key}/{item.slug}") == (item,):
                self._open(block)
                start, end = block.nothing
                head = block.head
                head.lines = head.lines[:start].rstrip(" \t") + head.lines[end:] if end else head.lines
                block.nothing = (0, 0)
                return block
        section = self.checklist.section_of(item)
        lines = key_text(section.id)
        new = _Block(_Piece(section.id, "", "", f"{lines}:{self._newline}", (0, len(lines))))
        new.indent = next((block.indent for block in self._sections() if block.indent), _INDENT)
        order = [section.id for section in self.checklist.sections]
        at = _position([self._order(block.head.key, order) for block in self._blocks], order.index(section.id))
        spaced = len(self._blocks) < 2 or any(block.head.gap for block in self._blocks[1:])
        blank = self._newline if spaced else ""
        if not self._blocks:
            new.head.gap = self._newline if self._top.strip() and not self._top.endswith(("\n\n", "\r\n\r\n")) else ""
        elif at:
            new.head.gap = blank
        else:
            # What stands above the first section is about the file.
            first = self._blocks[0].head
            new.head.gap = first.gap or (first.above + blank if first.above else "")
            if not first.gap:
                first.above = ""
            first.gap = blank
        self._blocks.insert(at, new)
        self._data[section.id] = {}
        return new

    def _order(self, section: str, order: Sequence[str]) -> int | None:
        found = self.names.sections(section)
        return order.index(found[0].id) if found else None

    def _insert(self, block: _Block, piece: _Piece, item: Item) -> None:
        """Put an entry where the document has its item."""
        order = self._lines_of_items
        places = [order.get(self._means(block.head.key, each.key)) for each in block.entries]
        at = _position(places, order[item.id])
        if at == 0 and block.entries:
            piece.gap, block.entries[0].gap = block.entries[0].gap, piece.gap
        block.entries.insert(at, piece)

    @cached_property
    def _lines_of_items(self) -> dict[str, int]:
        return {item.id: number for number, item in enumerate(self.checklist.items())}

    def _made(self, key: str, value: Any, comment: str, block: _Block, *, above: bool = False) -> _Piece:
        before, lines = entry_lines(key, plain(value), block.indent, _INDENT, comment_text(comment), above=above)
        comments, text = ("".join(line + self._newline for line in each) for each in (before, lines))
        return _Piece(key, "", comments, text, (block.indent, block.indent + len(key_text(key))))

    def _anew(self, old: _Piece, data: Any, comment: str, block: _Block) -> _Piece:
        """A piece in place of another one, with the comment of a person that stands on the line of its key."""
        remark = _remark(old)
        piece = self._made(old.key, data, comment, block, above=bool(remark))
        return _remarked(piece, remark)

    def _typed(self, key: str, text: str, data: Any, block: _Block) -> _Piece | None:
        """A piece as somebody has written it; None where nobody has, or where it cannot stand so in the file."""
        if not text:
            return None
        lines = (" " * block.indent + line if line.strip() else line for line in unix(text).split("\n"))
        body = self._newline.join(("section:", *lines))
        try:
            alone = BindingsFile(self.checklist, self.path, body.encode("utf-8", "surrogatepass"))
        except ProblemsError:
            # Such as an alias of what stands elsewhere in the file.
            return None
        if len(alone._blocks[0].entries) != 1:
            return None
        (piece,) = alone._blocks[0].entries
        # What stands above it is not forgotten, and what stands below it would be taken for what is above the next one.
        piece.gap = piece.above = ""
        piece.lines = piece.lines.rstrip("\r\n") + self._newline
        _rename(piece, key)
        return piece if self._reads_as(piece, block, data) else None

    def _raised(self, piece: _Piece, data: Any, block: _Block) -> _Piece | None:
        """A piece whose value is what stands below `proposed`; None where it is not written for that."""
        if self._data[block.head.key][piece.key] != {"proposed": data}:
            return None
        first, *rest = _lines(piece.lines)
        key = re.compile(r"([ \t]+)proposed[ \t]*:(?=\s)")
        colon = _COLON.match(first, piece.span[1])
        at, found = next(((at, match) for at, line in enumerate(rest) if (match := key.match(line))), (0, None))
        if colon is None or found is None:
            return None
        blanks = " " * (len(found[1]) - block.indent)
        value = rest[at][found.end() :].strip()
        lines = [first[: colon.end()] + (value and f" {value}") + self._newline]
        lines += (line.removeprefix(blanks) for line in rest[at + 1 :])
        made = replace(piece, lines="".join(lines), above="", end=0)
        for each in (_remarked(made, _remark(piece)), made):
            if self._reads_as(each, block, data):
                return each
        return None

    def _below(self, piece: _Piece, block: _Block, comment: str) -> _Piece | None:
        """A piece whose value stands below `proposed`; None where it is not written so that this can be done."""
        first, *rest = _lines(piece.lines)
        colon = _COLON.match(first, piece.span[1])
        if colon is None:
            return None
        start, end = first[: colon.end()], first[len(first.rstrip("\r\n")) :]
        value = first[colon.end() :].strip()
        remark = ""
        if value.startswith("#"):
            remark, value = _remark(piece), ""
        before, start = commented(start, comment, above=bool(remark))
        key = f"{' ' * (block.indent + _INDENT)}proposed:{value and ' '}{value}"
        lines = [start + (remark and f"  {remark}") + self._newline, key + end]
        lines += (" " * _INDENT + line if line.strip("\r\n") else line for line in rest)
        made = replace(piece, lines="".join(lines), above=_without_ours(piece.above), end=0)
        made.above += "".join(line + self._newline for line in before)
        data = self._data[block.head.key][piece.key]
        return made if self._reads_as(made, block, {"proposed": data}) else None

    def _reads_as(self, piece: _Piece, block: _Block, data: Any) -> bool:
        """Whether a piece says what it is to say, in its place where it refers to others."""
        with suppress(ProblemsError):
            alone = parse_yaml(f"section:\n{piece.above}{piece.lines}", self.path, "bindings")
            return bool(alone == {"section": {piece.key: data}})
        at = next(number for number, each in enumerate(block.entries) if each.key == piece.key)
        old, block.entries[at] = block.entries[at], piece
        held = self._held(block)
        before, held[piece.key] = held[piece.key], data
        fits = self._says_what_is_meant(self._joined())
        block.entries[at], held[piece.key] = old, before
        return fits

    def _take(self, block: _Block, piece: _Piece) -> None:
        held = self._held(block)
        del held[piece.key]
        at = block.entries.index(piece)
        del block.entries[at]
        if _has_comment(piece.gap):
            if at < len(block.entries):
                block.entries[at].gap = piece.gap + block.entries[at].gap
            else:
                block.tail = piece.gap + block.tail
        if all(key.startswith(".") for key in held) and not (held and self.names.sections(block.head.key)):
            self._take_section(block)

    def _take_section(self, block: _Block) -> None:
        at = self._blocks.index(block)
        del self._blocks[at]
        del self._data[block.head.key]
        # What stands above the first section is about the file.
        left = block.head.gap if not at or _has_comment(block.head.gap) else ""
        left += block.head.above
        if block.head.key != CONFIRMED and (remark := _remark(block.head)):
            left += remark + self._newline
        # What stands below the entries is about none of them.
        left += block.tail if _has_comment(block.tail) else ""
        if at < len(self._blocks):
            self._blocks[at].head.gap = left + self._blocks[at].head.gap
        else:
            self._bottom = left + self._bottom


def _after(events: Sequence[Any], at: int) -> int:
    """Where the events of a value end that begin there."""
    depth = 0
    while True:
        name = type(events[at]).__name__
        depth += name.endswith("StartEvent") - name.endswith("EndEvent")
        at += 1
        if not depth:
            return at


def _line_start(text: str, index: int) -> int:
    return max(text.rfind("\n", 0, index), text.rfind("\r", 0, index)) + 1


def _lines(text: str) -> list[str]:
    """The lines of a text with their ends; what only some programs take for a line end is none."""
    return [match[0] for match in _LINE.finditer(text) if match[0]]


def _is_beside(line: str) -> bool:
    """Whether a line is blank or a comment."""
    return line.strip(" \t\r\n")[:1] in ("", "#")


def _has_comment(text: str) -> bool:
    return "#" in text


def _apart(text: str, indent: int | None = None) -> tuple[str, str, str]:
    """What stands between two keys: what belongs to the first, what stands for itself, comments above the second.

    Comments right below the first one that are indented by more than its `indent` belong to it.
    """
    lines = _lines(text)
    rest = next((number for number in range(len(lines), 0, -1) if not _is_beside(lines[number - 1])), 0)
    while indent is not None and rest < len(lines) and (line := lines[rest]).lstrip(" ").startswith("#"):
        if len(line) - len(line.lstrip(" ")) <= indent:
            break
        rest += 1
    above = len(lines)
    while above > rest and "#" in lines[above - 1]:
        above -= 1
    return "".join(lines[:rest]), "".join(lines[rest:above]), "".join(lines[above:])


def _position(places: Sequence[int | None], place: int) -> int:
    """Where something is put among others of which some have a place in the document: behind the last one before it."""
    before = [(each, at) for at, each in enumerate(places) if each is not None and each < place]
    behind = [(each, at) for at, each in enumerate(places) if each is not None and each > place]
    return max(before)[1] + 1 if before else min(behind)[1] if behind else len(places)


def _rename(piece: _Piece, key: str) -> None:
    start, end = piece.span
    text = key_text(key)
    piece.lines = piece.lines[:start] + text + piece.lines[end:]
    piece.key, piece.span, piece.end = key, (start, start + len(text)), piece.end + len(text) - (end - start)


def _move(piece: _Piece, by: int) -> None:
    """Indent an entry otherwise."""
    if by:
        piece.above, piece.lines = (
            "".join(
                " " * by + line if by > 0 and line.strip() else line.removeprefix(" " * -by) for line in _lines(text)
            )
            for text in (piece.above, piece.lines)
        )
        piece.span = (piece.span[0] + by, piece.span[1] + by)


def _comments_in(text: str) -> list[tuple[int, str]]:
    """The comments in an entry, with where they begin."""
    if "#" not in text:
        return []
    from ruamel.yaml.error import YAMLError

    with suppress(YAMLError):
        spans = [(each.start_mark.index, each.end_mark.index) for each in events_of(text) if hasattr(each, "value")]
        return [
            (match.start(), match[0].strip())
            for before, after in pairwise([(0, 0), *spans, (len(text), len(text))])
            for match in _COMMENT.finditer(text, before[1], after[0])
        ]
    return []


def _remark(piece: _Piece) -> str:
    """The comment of a person on the line of a key; "" where there is none, or one that this package wrote."""
    first = _lines(piece.lines)[0]
    behind = piece.lines[piece.span[1] : len(first)].lstrip(" \t").removeprefix(":").strip()
    if "#" not in behind:
        return ""
    if not behind.startswith("#"):
        behind = next((comment for at, comment in _comments_in(piece.lines) if at < len(first)), "")
    if not _OURS.match(behind.lstrip("# ")):
        return behind
    # What a person wrote behind it.
    at = behind.find(" #", 1)
    return behind[at:].strip() if at > 0 else ""


def _comments(piece: _Piece) -> list[str]:
    """The comments of people in an entry, below those directly above it."""
    remark, first = _remark(piece), len(_lines(piece.lines)[0])
    below = [comment for at, comment in _comments_in(piece.lines) if at >= first]
    return [remark, *below] if remark else below


def _remarked(piece: _Piece, remark: str) -> _Piece:
    """A piece with a comment on its first line."""
    if not remark:
        return piece
    first, *rest = _lines(piece.lines)
    line = first.rstrip("\r\n")
    return replace(piece, lines="".join((line, "  ", remark, first[len(line) :], *rest)))


def _without_ours(above: str) -> str:
    """Comments above an entry without those that this package wrote, which may go on in lines that are indented."""
    kept, ours = [], False
    for line in _lines(above):
        text = line.strip().removeprefix("#")
        ours = bool(_OURS.match(text.strip())) or (ours and text.startswith("   "))
        if not ours:
            kept.append(line)
    return "".join(kept)


def _marked(text: str) -> list[str]:
    """Lines for a diff, which says where the last one does not end."""
    lines = _lines(text)
    return [line if line.endswith(("\r", "\n")) else f"{line}\n\\ No newline at end of file\n" for line in lines]
