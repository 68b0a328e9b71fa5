"""Where the boxes of a document are, and where something can be added to its items."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from pytest_readiness.checklist.boxes import rewritten
from pytest_readiness.checklist.markdown import Node, lines_of, parse, source_of
from pytest_readiness.checklist.outline import ItemDraft, Outline

_HEADING_MARK = re.compile(r"(?<!#)#+[ \t]+\Z")
_ENTRY = re.compile(r"[\s>]*(?:[-*+]|\d+[.)])\s+")
_MARGIN = re.compile(r"[\s>]*")


@dataclass(frozen=True, slots=True)
class Mark:
    """A box as it is written: in which line, 1-based, from which 0-based column, and whether it says "done"."""

    line: int
    column: int
    written: str
    ticked: bool

    def saying(self, ticked: bool) -> str:
        """The box as it is written to say `ticked`."""
        return self.written if ticked == self.ticked else rewritten(self.written, ticked)


@dataclass(frozen=True, slots=True)
class ItemLayout:
    """Where an item is in its document.

    `marks` are its box, if it has one, and in the row of a table what other boxes the row has. `leaves` are the lines
    of the items that a group consists of. What is to be added to the item can come after the line `end`, as an entry of
    a list whose lines begin with `margin` and whose entries have the marker `bullet`; with `row` below the table, after
    an empty line; with `apart` it has to be kept apart from what follows.
    """

    line: int
    marks: tuple[Mark, ...]
    leaves: tuple[int, ...]
    end: int
    margin: str
    bullet: str
    row: bool
    apart: bool


@dataclass(frozen=True, slots=True)
class DocumentLayout:
    """Where things are in a document: how many lines of front matter it has, and its items in order."""

    front: int
    items: tuple[ItemLayout, ...]


def read_layout(text: str, *, fenced: bool = False) -> DocumentLayout:
    """Find the boxes of the checklist in `text`; columns and lines do not count a BOM."""
    source = source_of(text, fenced=fenced)
    root = parse(source)
    lines = source.split("\n")
    drafts = [draft for heading in Outline(root).headings for top in heading.items for draft in top.family()]
    front = next((lines_of(node)[1] for node in root.children[:1] if node.type == "front_matter"), 0)
    drafts.sort(key=lambda draft: draft.line)
    starts = _starts(root)
    return DocumentLayout(front, tuple(_item(draft, lines, starts) for draft in drafts))


def _item(draft: ItemDraft, lines: Sequence[str], starts: frozenset[int]) -> ItemLayout:
    node, following = draft.node, draft.following
    row = node.type == "table"
    line = lines[draft.line - 1]
    if row:
        end = lines_of(node)[1]
        margin = _margin(line)
    else:
        first, *rest = node.children
        following = rest[0] if rest else None
        end = lines_of(first)[1]
        start = draft.box.start if draft.box.written else _content(line)
        before = _HEADING_MARK.sub("", line[:start].removesuffix("~~"))
        margin = re.sub(r"[^\s>]", " ", before)
    is_list = following is not None and following.type in ("bullet_list", "ordered_list")
    if following is not None and is_list and not row:
        # Items below may be further in than they have to be: what stands before them must not take them up.
        margin = _margin(lines[lines_of(following)[0]])
    return ItemLayout(
        line=draft.line,
        marks=tuple(Mark(draft.line, box.start, box.written, box.ticked) for box in draft.boxes if box.written),
        leaves=tuple(leaf.line for child in draft.children for leaf in child.family() if not leaf.children),
        end=end,
        margin=margin,
        # Another marker makes another list: that of the document stays what it is.
        bullet="*" if following is not None and following.markup == "-" else "-",
        row=row,
        # Nor text that stands right after the item without being a part of it.
        apart=(row or not is_list) if following is not None else bool(lines[end].strip()) and end not in starts,
    )


def _starts(root: Node) -> frozenset[int]:
    """Lines at which blocks begin that end a paragraph wherever it is."""
    types = ("list_item", "fence", "blockquote", "hr")
    return frozenset(
        lines_of(node)[0]
        for node in root.walk()
        if node.type in types or (node.type == "heading" and node.markup.startswith("#"))
    )


def _content(line: str) -> int:
    """Where the text of an entry of a list begins."""
    match = _ENTRY.match(line)
    return match.end() if match else 0


def _margin(line: str) -> str:
    match = _MARGIN.match(line)
    return match[0] if match else ""
