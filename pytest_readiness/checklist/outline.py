"""The tree of a document to its headings with the items under each."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import zip_longest

from pytest_readiness.checklist.boxes import Box
from pytest_readiness.checklist.ids import slug_of
from pytest_readiness.checklist.markdown import (
    Node,
    boxes_in,
    holds_boxes,
    lines_of,
    one_line,
    plain,
    shown,
    without_controls,
)
from pytest_readiness.checklist.remarks import Remarks, is_bold, remarks_of

_USES_SYMBOLS = re.compile(r"\b(?:check-?lists?|readiness|requirements?|launch|go-live)\b", re.IGNORECASE)
_NUMBERING = re.compile(r"\A\W*(?:\d+(?:\.\d+)*[.):]|\d+(?:\.\d+)+|[A-Z][.)]|[IVX]+[.)])\s+(?=\S)")
_NO_REMARKS = Remarks()


@dataclass(slots=True)
class ItemDraft:
    """An item as it is in the document: in `node`, a list item or a table, which `following` comes after.

    `groups` are the slugs of the items that enclose it, outermost first.
    """

    text: str
    slug: str
    line: int
    boxes: Sequence[Box]
    node: Node
    following: Node | None
    level: int
    groups: tuple[str, ...]
    remarks: Remarks
    detail: list[str] = field(default_factory=list)
    children: list[ItemDraft] = field(default_factory=list)

    @property
    def box(self) -> Box:
        """The one that shows its state."""
        return self.boxes[0]

    def family(self) -> Iterator[ItemDraft]:
        """This one and all below it, in document order."""
        yield self
        for child in self.children:
            yield from child.family()


@dataclass(slots=True)
class Heading:
    """A heading, or a line of text that serves as one (`bold`: as a paragraph), with the items right under it."""

    title: str
    slug: str
    line: int
    level: int
    above: tuple[Heading, ...] = ()
    remarks: Remarks = _NO_REMARKS
    bold: bool = False
    items: list[ItemDraft] = field(default_factory=list)

    @property
    def start(self) -> int:
        """The line where it begins, for items before any heading that of the first item."""
        return self.line or self.items[0].line

    @property
    def ancestors(self) -> tuple[str, ...]:
        """Slugs of the headings above it, outermost first."""
        return tuple(heading.slug for heading in self.above)


class Outline:
    """Reads the tree of a document into its headings, in document order, with the items under each."""

    def __init__(self, root: Node) -> None:
        self.title = ""
        self._symbols_are_boxes = not holds_boxes(root)
        self._before_headings = Heading("", "checklist", 0, 0)
        self.headings = [self._before_headings]
        self._blocks(root.children, (), None)

    def _blocks(self, nodes: Sequence[Node], above: tuple[Heading, ...], parent: ItemDraft | None) -> None:
        """Read the blocks of one container, which is under the headings `above` and in the item `parent`.

        Headings among the blocks hold to the end of the container. In an item they are part of its detail.
        """
        outer = len(above)
        for node, following in zip_longest(nodes, nodes[1:]):
            if node.type in ("bullet_list", "ordered_list"):
                for entry in node.children:
                    self._list_item(entry, above, parent)
            elif node.type == "blockquote":
                self._blocks(node.children, above, parent)
            elif node.type == "table":
                self._table(node, following, above, parent)
            elif parent is not None:
                if node.type in ("fence", "code_block"):
                    parent.detail += [
                        without_controls(line.expandtabs(4)) for line in node.content.rstrip().split("\n")
                    ]
                elif node.type in ("paragraph", "heading"):
                    parent.detail.append(one_line(shown(node.children[0])))
            elif node.type == "heading":
                level = int(node.tag[1:])
                while len(above) > outer and (above[-1].bold or above[-1].level >= level):
                    above = above[:-1]
                above = self._heading(node, above, level=level)
                if level == 1:
                    self.title = self.title or above[-1].title
            elif (
                node.type == "paragraph"
                and following is not None
                and following.type in ("bullet_list", "ordered_list", "table")
                and is_bold(node.children[0])
                and self._holds_items(following, above)
            ):
                if len(above) > outer and above[-1].bold:
                    above = above[:-1]
                above = self._heading(node, above, bold=True)

    def _heading(
        self,
        node: Node,
        above: tuple[Heading, ...],
        *,
        level: int | None = None,
        bold: bool = False,
    ) -> tuple[Heading, ...]:
        """Note the heading; one without a level is a line of text that serves as a heading."""
        inline = node.children[0]
        raw = shown(inline)
        title = one_line(raw)
        nearest = above[-1] if above else self._before_headings
        heading = Heading(
            title=title if level else title.rstrip(" :："),
            slug=slug_of(_NUMBERING.sub("", raw), "section"),
            line=lines_of(node)[0] + 1,
            level=level or nearest.level + 1,
            above=above,
            remarks=remarks_of([inline], nearest.remarks),
            bold=bold,
        )
        self.headings.append(heading)
        return (*above, heading)

    def _list_item(self, node: Node, above: tuple[Heading, ...], parent: ItemDraft | None) -> None:
        first = node.children[0] if node.children else None
        if first is None or first.type not in ("paragraph", "heading"):
            self._blocks(node.children, above, parent)
            return
        box = first.children[0].box
        if box is not None and self._counts(box, above, parent):
            item = self._item([box], first.children, node, None, above, parent)
            self._blocks(node.children[1:], above, item)
        elif parent is None and first.type == "paragraph" and self._holds_items(node, above):
            self._blocks(node.children[1:], self._heading(first, above), None)
        else:
            self._blocks(node.children, above, parent)

    def _table(
        self,
        node: Node,
        following: Node | None,
        above: tuple[Heading, ...],
        parent: ItemDraft | None,
    ) -> None:
        for row in (row for part in node.children for row in part.children):
            cells = [cell.children[0] for cell in row.children]
            boxes = [cell.box for cell in cells if cell.box is not None]
            if boxes:
                # Sorting is stable: the first of the real ones, or else the first.
                boxes.sort(key=lambda box: not box.real)
                self._item(boxes, cells, node, following, above, parent)
            elif parent is not None:
                parent.detail.append(_joined(map(plain, cells)))

    def _item(
        self,
        boxes: Sequence[Box],
        inlines: Sequence[Node],
        node: Node,
        following: Node | None,
        above: tuple[Heading, ...],
        parent: ItemDraft | None,
    ) -> ItemDraft:
        heading = above[-1] if above else self._before_headings
        raw = [plain(inline) for inline in inlines]
        item = ItemDraft(
            text=_joined(raw),
            slug=slug_of(" ".join(raw), "item"),
            line=lines_of(inlines[0])[0] + 1,
            boxes=boxes,
            node=node,
            following=following,
            level=parent.level + 1 if parent else 0,
            groups=(*parent.groups, parent.slug) if parent else (),
            remarks=remarks_of(inlines, (parent or heading).remarks),
        )
        (parent.children if parent else heading.items).append(item)
        return item

    def _counts(self, box: Box, above: tuple[Heading, ...], parent: ItemDraft | None) -> bool:
        """Whether a box is an item; in an item with a real box, ✅ and ❌ tell right from wrong."""
        if box.real or box.cell:
            return True
        if parent is not None and parent.box.real:
            return False
        return self._symbols_are_boxes or any(_USES_SYMBOLS.search(heading.title) for heading in above)

    def _holds_items(self, node: Node, above: tuple[Heading, ...]) -> bool:
        return any(self._counts(box, above, None) for box in boxes_in(node))


def _joined(cells: Iterable[str]) -> str:
    return " – ".join(filter(None, map(one_line, cells)))
