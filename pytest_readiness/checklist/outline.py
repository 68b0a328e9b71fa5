"""The tree of a document to its headings with the items under each."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import zip_longest

from pytest_readiness.checklist.boxes import NO_BOX, SQUARES, Box, is_yes
from pytest_readiness.checklist.ids import Name, name_of
from pytest_readiness.checklist.markdown import (
    Node,
    boxes_in,
    has,
    heading_in,
    holds_boxes,
    label_in,
    lines_of,
    one_line,
    plain,
    shown,
    without_controls,
)
from pytest_readiness.checklist.remarks import Remarks, is_bold, remarks_of, without_remarks
from pytest_readiness.checklist.said import Besides, is_comment
from pytest_readiness.checklist.said import introduction as introduction_of

_USES_SYMBOLS = re.compile(r"\b(?:check-?lists?|readiness|requirements?|launch|go-live)\b", re.IGNORECASE)
NUMBERING = re.compile(r"\A\W*(?:\d+(?:\.\d+)*[.):]|\d+(?:\.\d+)+|[A-Z][.)]|[IVX]+[.)])\s+(?=\S)")
_NO_REMARKS = Remarks()
_LISTS = ("bullet_list", "ordered_list")
# What is listed below such words is to be untrue, or not to be done.
_INVERTED = re.compile(
    r"\b(?:when|whether|if) to (?:roll ?back|revert|abort|stop|halt|escalate|cancel)\b"
    r"|\broll(?:ing)?[- ]?back (?:triggers?|criteria|conditions?|when|if)\b"
    r"|\b(?:abort|stop|no-?go|failure|exit) (?:criteria|conditions?|triggers?)\b"
    r"|\b(?:(?:roll ?back|abort|stop) (?:when|if)|do not|don['’]?ts?|what not to do|red flags|avoid|never)\b"
    r"|\b(?:anti-?patterns?|pitfalls)\b",
    re.IGNORECASE,
)
# Columns that say who needs a thing, not whether it is done.
_LEVEL = re.compile(
    r"\b(?:level|tier|grade|class|maturity|lvl)\b|\A\W*[LT]\d|\b(?:bronze|silver|gold|platinum|basic|standard|advanced"
    r"|minimum|required|mandatory|recommended|must|should)\b",
    re.IGNORECASE,
)
# What an answer says besides its box.
_ANSWER = re.compile(
    r"(?:done|open|todo|to do|pending|in progress|wip|ok|complete[d]?|incomplete|passed|failed|missing|partial(?:ly)?"
    r"|planned|blocked|not started|not done|yes|no|n/a|\[[ x]\]|[☐☑☒/|,;\s])*",
    re.IGNORECASE,
)
_LABEL_WORDS = 6
# "> [!NOTE]" says what a quotation is, not what it is about.
_CALLOUT = re.compile(r"\[!\w+\]")
_BOX_LIKE = re.compile(r"\[.?\]|[☐☑☒✅❌]")


@dataclass(slots=True)
class ItemDraft:
    """An item as it is in the document: in `node`, a list item or a table, which `following` comes after.

    `whole` is all its text as it is shown, `groups` are the names of the items that enclose it, outermost first.
    `introduced` is what is said of it above its list or in its table, `beside` what its markup says besides.
    """

    text: str
    whole: str
    name: Name
    line: int
    boxes: Sequence[Box]
    node: Node
    following: Node | None
    level: int
    groups: tuple[Name, ...]
    remarks: Remarks
    introduced: tuple[str, ...] = ()
    detail: list[str] = field(default_factory=list)
    beside: list[str] = field(default_factory=list)
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
    """A heading, or a line of text that serves as one (`label`: as a paragraph), with the items right under it.

    `whole` is all its text as it is shown, `beside` what its markup says besides, or blocks without items below it.
    """

    title: str
    whole: str
    name: Name
    line: int
    level: int
    above: tuple[Heading, ...] = ()
    remarks: Remarks = _NO_REMARKS
    label: bool = False
    beside: list[str] = field(default_factory=list)
    items: list[ItemDraft] = field(default_factory=list)

    @property
    def start(self) -> int:
        """The line where it begins, for items before any heading that of the first item."""
        return self.line or self.items[0].line

    @property
    def ancestors(self) -> tuple[Name, ...]:
        """Names of the headings above it, outermost first."""
        return tuple(heading.name for heading in self.above)

    def family(self) -> Iterator[ItemDraft]:
        """The items under it, groups too, in document order."""
        for top in self.items:
            yield from top.family()


class Outline:
    """Reads the tree of a document into its headings, in document order, with the items under each.

    With `former`, what is a heading, and how far it reaches, is as earlier versions had it: the ids that they gave
    hang on that.
    """

    def __init__(self, root: Node, *, former: bool = False) -> None:
        self.title = ""
        self._former = former
        self._symbols_are_boxes = not holds_boxes(root)
        self._before_headings = Heading("", "", Name("checklist", ""), 0, 0)
        self.headings = [self._before_headings]
        self._introduced: tuple[str, ...] = ()
        self._within: tuple[str, ...] = ()
        self._besides = Besides(root.content)
        self._blocks(root.children, (), None)

    def _blocks(self, nodes: Sequence[Node], above: tuple[Heading, ...], parent: ItemDraft | None) -> None:
        """Read the blocks of one container, which is under the headings `above` and in the item `parent`.

        Headings among the blocks hold to the end of the container. In an item they are part of its detail.
        """
        outer = len(above)
        before: Node | None = None
        introduced, introduction = self._introduced, tuple[str, ...]()
        for node, following in zip_longest(nodes, nodes[1:]):
            if parent is None and self._is_about_something_else(node, before, above[outer:]):
                above = above[:-1]
            self._introduced = (*introduced, *introduction)
            before = node
            if not is_comment(node):
                introduction = introduction_of(node)
            if node.type in _LISTS:
                self._list(node, above, parent)
            elif node.type == "blockquote":
                within, self._within = self._within, (*self._within, node.type)
                self._blocks(node.children, above, parent)
                self._within = within
            elif node.type == "table":
                self._table(node, following, above, parent)
            elif parent is not None:
                parent.beside += self._besides.block(node, self._within)
                if node.type in ("fence", "code_block"):
                    parent.detail += [
                        without_controls(line.expandtabs(4)) for line in node.content.rstrip().split("\n")
                    ]
                elif node.type in ("paragraph", "heading"):
                    parent.detail.append(one_line(shown(node.children[0])))
            elif (found := self._titled(node)) is not None:
                inline, level = found
                while len(above) > outer and (above[-1].label or above[-1].level >= level):
                    above = above[:-1]
                above = self._heading(node, inline, above, level=level)
                if level == 1:
                    self.title = self.title or above[-1].title
            else:
                label = self._label(node, following, above)
                if (label or self._ends_label(node)) and len(above) > outer and above[-1].label:
                    above = above[:-1]
                if label is not None:
                    above = self._heading(node, label, above, label=True)
        self._introduced = introduced

    def _titled(self, node: Node) -> tuple[Node, int] | None:
        """The text and the level of a heading, in Markdown or in HTML."""
        if node.type == "heading":
            return node.children[0], int(node.tag[1:])
        return heading_in(node) if node.type == "html_block" and not self._former else None

    def _is_about_something_else(self, node: Node, before: Node | None, above: Sequence[Heading]) -> bool:
        """Whether what is remarked on the label above a quotation or a table is not said of it.

        A quotation with words of its own begins something else, as a paragraph does, and so does a table, which has
        titles of its own, behind the list of the label.
        """
        if self._former or before is None or not above or not above[-1].label:
            return False
        if above[-1].remarks == (above[-1].above[-1].remarks if above[-1].above else _NO_REMARKS):
            return False
        if node.type == "table":
            return before.type in (*_LISTS, "table")
        return node.type == "blockquote" and any(child.type in ("paragraph", "heading") for child in node.children)

    def _ends_label(self, node: Node) -> bool:
        """Whether a block is no part of what the label before it is about."""
        if self._former:
            return False
        return node.type in ("hr", "paragraph") or (node.type == "html_block" and not is_comment(node))

    def _label(self, node: Node, following: Node | None, above: tuple[Heading, ...]) -> Node | None:
        """The text of a paragraph that serves as the heading of the list or table after it; None where it is none."""
        if following is None or following.type not in (*_LISTS, "table"):
            return None
        if node.type == "html_block" and not self._former:
            inline = label_in(node)
        else:
            inline = node.children[0] if node.type == "paragraph" else None
        if inline is None:
            return None
        # Nothing below "Roll back if" may be an item, but it has to be known that this is what the list is about.
        if not self._former and _is_few_words(inline) and _INVERTED.search(plain(inline)) and any(boxes_in(following)):
            return inline
        if node.type == "paragraph" and not is_bold(inline) and not self._is_plain_label(node, following):
            return None
        return inline if self._holds_items(following, above) else None

    def _is_plain_label(self, node: Node, following: Node) -> bool:
        """Whether a paragraph is a few words right above a list, no sentence."""
        if self._former or following.type == "table" or lines_of(node)[1] != lines_of(following)[0]:
            return False
        return lines_of(node)[1] - lines_of(node)[0] == 1 and _is_few_words(node.children[0])

    def _heading(
        self,
        node: Node,
        inline: Node,
        above: tuple[Heading, ...],
        *,
        level: int | None = None,
        label: bool = False,
    ) -> tuple[Heading, ...]:
        """Note the heading; one without a level is a line of text that serves as a heading."""
        raw = shown(inline)
        title = one_line(raw)
        nearest = above[-1] if above else self._before_headings
        heading = Heading(
            title=title if level else title.rstrip(" :："),
            whole=raw,
            name=name_of(NUMBERING.sub("", without_remarks(inline)), "section"),
            line=lines_of(node)[0] + 1,
            level=level or nearest.level + 1,
            above=above,
            remarks=remarks_of([inline], nearest.remarks),
            label=label,
            beside=[NUMBERING.sub("", one_line(more)) for more in self._besides.of(inline)],
        )
        self.headings.append(heading)
        return (*above, heading)

    def _list(self, node: Node, above: tuple[Heading, ...], parent: ItemDraft | None) -> None:
        status = not self._former and any(
            box is not None and not box.real and self._counts(box, above, parent)
            for box in (entry.children[0].children[0].box for entry in node.children if _begins_with_text(entry))
        )
        squares = not self._former and any(
            box is not None and box.mark in SQUARES
            for box in (entry.children[0].children[0].box for entry in node.children if _begins_with_text(entry))
        )
        if parent is None and not self._former and _is_legend(node):
            return
        within, self._within = self._within, (*self._within, node.type) if parent is not None else ()
        for entry in node.children:
            self._list_item(entry, above, parent, status, squares)
        self._within = within

    def _list_item(
        self, node: Node, above: tuple[Heading, ...], parent: ItemDraft | None, status: bool, squares: bool
    ) -> None:
        """Read an entry of a list; in a list of `status` each entry is an item, what sign it has or none.

        In a list with empty `squares` every sign is a box.
        """
        if not _begins_with_text(node):
            self._blocks(node.children, above, parent)
            return
        first = node.children[0]
        box = first.children[0].box
        if box is not None and (squares or self._counts(box, above, parent)):
            item = self._item([box], first.children, node, None, above, parent)
            self._blocks(node.children[1:], above, item)
        elif parent is None and first.type == "paragraph" and self._holds_items(node, above):
            below = self._heading(first, first.children[0], above)
            for block in node.children[1:]:
                if not any(boxes_in(block)):
                    below[-1].beside += self._besides.block(block)
            self._blocks(node.children[1:], below, None)
        elif status:
            item = self._item([NO_BOX], first.children, node, None, above, parent)
            self._blocks(node.children[1:], above, item)
        else:
            self._blocks(node.children, above, parent)

    def _table(
        self,
        node: Node,
        following: Node | None,
        above: tuple[Heading, ...],
        parent: ItemDraft | None,
    ) -> None:
        rows = [[cell.children[0] for cell in row.children] for part in node.children for row in part.children]
        found = [
            [cell.box if cell.box is not None and self._counts(cell.box, above, parent) else None for cell in row]
            for row in rows
        ]
        symbols = not any(box.real for row in found for box in row if box is not None)
        levels = () if self._former or not symbols else _level_columns(rows, found)
        answers = None if self._former or levels else _answer_column(found, [plain(cell) for cell in rows[0]])
        status = not self._former and symbols and not levels and answers is not None
        introduced, between = self._introduced, tuple[str, ...]()
        head = self._besides.row(rows[0])
        for number, (cells, in_row) in enumerate(zip(rows, found, strict=True)):
            boxes = [box for box in in_row if box is not None]
            self._introduced = (*introduced, *head, *between)
            if levels and boxes:
                named = [
                    one_line(plain(rows[0][column]))
                    for column in levels
                    if (box := in_row[column]) is not None and box.ticked
                ]
                item = self._item([NO_BOX], cells, node, following, above, parent)
                if named:
                    item.detail.append(f"for {', '.join(named)}")
            elif boxes:
                # Sorting is stable: the first of the real ones, or else that of the column of answers, or the first.
                boxes.sort(key=lambda box: (not box.real, answers is None or box is not in_row[answers]))
                if not self._former:
                    # What other signs stand before words are text.
                    boxes = [
                        box for place, box in enumerate(boxes) if place == 0 or box.real or _stands_alone(box, cells)
                    ]
                self._item(boxes, cells, node, following, above, parent, answers)
            elif status and number and _is_row(cells):
                self._item([NO_BOX], cells, node, following, above, parent, answers)
            else:
                between = self._besides.row(cells) if number else ()
                if parent is not None:
                    parent.detail.append(_joined(map(plain, cells)))
                    parent.beside += self._besides.row(cells)
        self._introduced = introduced

    def _item(
        self,
        boxes: Sequence[Box],
        inlines: Sequence[Node],
        node: Node,
        following: Node | None,
        above: tuple[Heading, ...],
        parent: ItemDraft | None,
        answers: int | None = None,
    ) -> ItemDraft:
        heading = above[-1] if above else self._before_headings
        # What the answer says in words is no part of the claim.
        said = [
            inline
            for number, inline in enumerate(inlines)
            if number != answers or not _ANSWER.fullmatch(plain(inline).strip(_SIGNS))
        ]
        item = ItemDraft(
            text=_joined(map(plain, said)),
            whole=" ".join(map(plain, inlines)),
            name=name_of(" ".join(map(without_remarks, said)), "item"),
            line=lines_of(inlines[0])[0] + 1,
            boxes=boxes,
            node=node,
            following=following,
            level=parent.level + 1 if parent else 0,
            groups=(*parent.groups, parent.name) if parent else (),
            remarks=remarks_of(inlines, (parent or heading).remarks),
            introduced=self._introduced,
            beside=[more for inline in inlines for more in self._besides.of(inline)],
        )
        if len(inlines) > 1:
            # What stands in which column; beside a box, other signs are no answers.
            real = any(box.real for box in boxes)
            marks = (each.box.mark if each.box and real and not each.box.real else "" for each in inlines)
            words = (plain(each) if any(each is one for one in said) else "" for each in inlines)
            item.beside += map(" | ".join, (words, marks))
        (parent.children if parent else heading.items).append(item)
        return item

    def _counts(self, box: Box, above: tuple[Heading, ...], parent: ItemDraft | None) -> bool:
        """Whether a box is an item; in an item with a real box, ✅ and ❌ tell right from wrong."""
        if box.real:
            return True
        if not self._former and box.mark in SQUARES:
            return True
        if not self._former and not box.ticked and any(_INVERTED.search(heading.title) for heading in above):
            return False
        if box.cell:
            return True
        if parent is not None and parent.box.real:
            return False
        return self._symbols_are_boxes or any(_USES_SYMBOLS.search(heading.title) for heading in above)

    def _holds_items(self, node: Node, above: tuple[Heading, ...]) -> bool:
        return any(self._counts(box, above, None) for box in boxes_in(node))


# What may stand before the words of an answer; a box is taken off already.
_SIGNS = " \ufe0f⚠⏳⌛🟡🟠🔴🟢⚪🚧🔄⏸❗❓➖–—-"


def _is_few_words(inline: Node) -> bool:
    """Whether a text could be a heading: a few words that are no sentence and no box."""
    text = one_line(plain(inline)).rstrip(" :：")
    return (
        0 < len(text.split()) <= _LABEL_WORDS
        and text[-1] not in ".!?,;…"
        and ": " not in text
        and any(map(str.isalnum, text))
        and not _BOX_LIKE.match(text)
        and not _CALLOUT.match(text)
    )


def _begins_with_text(entry: Node) -> bool:
    return bool(entry.children) and entry.children[0].type in ("paragraph", "heading")


def _is_legend(node: Node) -> bool:
    """Whether a list says what each sign means, "✅ done" and "❌ open": each has one word for an answer."""
    if len(node.children) < 2:
        return False
    marks = set()
    for entry in node.children:
        inline = entry.children[0].children[0] if _begins_with_text(entry) and len(entry.children) == 1 else None
        words = one_line(plain(inline)).strip(_SIGNS + "=:→") if inline is not None else ""
        if inline is None or inline.box is None or inline.box.real or not words or not _ANSWER.fullmatch(words):
            return False
        marks.add(inline.box.mark)
    return len(marks) == len(node.children)


def _level_columns(rows: Sequence[Sequence[Node]], found: Sequence[Sequence[Box | None]]) -> tuple[int, ...]:
    """The columns of a table in which signs say at which level a row is needed; none where they say what is done."""
    columns = sorted({column for row in found for column, box in enumerate(row) if box is not None})
    named = all(column < len(rows[0]) and _LEVEL.search(plain(rows[0][column])) for column in columns)
    return tuple(columns) if len(columns) > 1 and named else ()


def _answer_column(found: Sequence[Sequence[Box | None]], titles: Sequence[str]) -> int | None:
    """The column with most boxes, those by themselves before others.

    Of several that is the one with the title "Yes", or else the first with boxes by themselves, or the last.
    """
    score: dict[int, tuple[int, int]] = {}
    for row in found:
        for column, box in enumerate(row):
            if box is not None:
                real, every = score.get(column, (0, 0))
                score[column] = real + box.real, every + 1

    def yes(column: int) -> bool:
        return column < len(titles) and is_yes(titles[column])

    return max(
        score, key=lambda column: (*score[column], yes(column), -column if score[column][0] else column), default=None
    )


def _stands_alone(box: Box, cells: Sequence[Node]) -> bool:
    """Whether a box is all that its cell holds."""
    return any(cell.box is box and not plain(cell).strip() for cell in cells)


def _is_row(cells: Sequence[Node]) -> bool:
    """Whether a row is one like the others: not a bold line between them, and not an empty one."""
    texts = [plain(cell).strip() for cell in cells]
    return any(texts) and not (sum(map(bool, texts)) == 1 and any(has(cell, "strong") for cell in cells))


def _joined(cells: Iterable[str]) -> str:
    return " – ".join(filter(None, map(one_line, cells)))
