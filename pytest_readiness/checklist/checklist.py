"""A Markdown checklist as an immutable tree: sections and items, with ids that outlive re-ordering."""

from __future__ import annotations

import hashlib
import html
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import zip_longest
from pathlib import Path

from markdown_it import MarkdownIt
from markdown_it.rules_core import StateCore
from markdown_it.token import Token
from mdit_py_plugins.front_matter import front_matter_plugin

from pytest_readiness.core.problems import Problem

SLUG_LENGTH = 60
STRUCK = "struck through in the checklist"
MARKED_NOT_APPLICABLE = "marked N/A in the checklist"

# What may stand for a box, and whether it says "done".
_SYMBOLS = {
    "☐": False,
    "☑": True,
    "☒": True,
    ":ballot_box_with_check:": True,
    "✅": True,
    "✓": True,
    "✔": True,
    ":white_check_mark:": True,
    ":heavy_check_mark:": True,
    "❌": False,
    "✗": False,
    "✘": False,
    "✖": False,
    "⬜": False,
    "🔲": False,
    ":x:": False,
    ":heavy_multiplication_x:": False,
    ":white_large_square:": False,
}
# Boxes wherever they stand, like [ ]; the other symbols are boxes in a table, but in a list only where the
# document uses them as a checklist.
_BALLOTS = frozenset({"☐", "☑", "☒", ":ballot_box_with_check:"})
# Boxes of one character that stands for itself.
_FILLABLE = frozenset("☐☑☒✓✔✗✘")
# What a completed copy has instead of a box that says the contrary. A ballot stays a ballot and any other symbol one of
# the others, because that decides which lists are checklists.
_TICKED = {
    "☐": "☑",
    "✗": "✓",
    "✘": "✔",
    "✖": "✔",
    "❌": "✅",
    "⬜": "✅",
    "🔲": "✅",
    ":x:": ":white_check_mark:",
    ":heavy_multiplication_x:": ":heavy_check_mark:",
    ":white_large_square:": ":white_check_mark:",
}
_UNTICKED = {
    "☑": "☐",
    "☒": "☐",
    ":ballot_box_with_check:": "☐",
    "✓": "⬜",
    "✔": "⬜",
    "✅": "⬜",
    ":white_check_mark:": ":white_large_square:",
    ":heavy_check_mark:": ":white_large_square:",
}

# Without any character at which a rule of CommonMark's inlines begins, or that of what is struck through.
_PLAIN = re.compile(r"[^\n\\`*_\[\]!<&~]+")
_BRACKETS = re.compile(r"(?P<struck>~~)?(?P<mark>\[(?P<tick>[xX]|[^\S\n])\])(?=\s|$)\s*")
_SIGN = re.compile(r"(?P<struck>~~)?(?P<mark>&#?\w+;|:\w+:|\S)\ufe0f?\s*")
_USES_SYMBOLS = re.compile(r"\b(?:check-?lists?|readiness|requirements?|launch|go-live)\b", re.IGNORECASE)

_PARENTHESIS = re.compile(r"\(([^()]*(?:\([^()]*\)[^()]*)*)\)")
_OPTIONAL = re.compile(r"\s*optional\s*(?:$|[,;:]|but\b)", re.IGNORECASE)
_CONDITION = re.compile(r"\s*(?:optional\W+)?(if\s.+)", re.IGNORECASE | re.DOTALL)
_NOT_APPLICABLE = re.compile(r"\s*n/a(?!\w)[\s:,;.–—-]*(.*)", re.IGNORECASE | re.DOTALL)
_NUMBERING = re.compile(r"\A\W*(?:\d+(?:\.\d+)*[.):]|\d+(?:\.\d+)+|[A-Z][.)]|[IVX]+[.)])\s+(?=\S)")
_KEYCAP = re.compile("[0-9#*]\ufe0f?\u20e3")
_NO_LETTER = re.compile(r"[\W_]")
_HEADING_MARK = re.compile(r"#+[ \t]+\Z")
_MARGIN = re.compile(r"[\s>]*")
_NOT_ASCII = re.compile(r"[^\x00-\x7f]+")


class ChecklistError(ValueError):
    """A checklist that cannot be used; `problem` is a sentence with the file and, if known, line."""

    def __init__(self, path: Path, line: int, message: str) -> None:
        self.problem = Problem(path, line, message)
        super().__init__(str(self.problem))


@dataclass(frozen=True, slots=True)
class Item:
    """One box of a checklist: a claim about the environment, or a group of such claims.

    `text` is the claim in one line of plain text, `detail` what else belongs to it. `line` is 1-based,
    `column` the 0-based place in it (not counting a BOM) of the character that says whether the box is
    ticked, or -1 where there is no such single character.
    `level` is 0 for an item that no other encloses. `condition` ("if using S3") and `not_applicable` (a
    reason) are the item's own, or those of the nearest item or heading above it that has one.
    """

    id: str
    slug: str
    text: str
    detail: str
    line: int
    column: int
    ticked: bool
    level: int
    children: tuple[Item, ...]
    optional: bool
    condition: str | None
    not_applicable: str | None

    @property
    def is_group(self) -> bool:
        """Whether other items belong to it, so that its state follows from theirs."""
        return bool(self.children)


@dataclass(frozen=True, slots=True)
class Section:
    """A heading with the items that stand directly under it.

    A bold paragraph before a list, or a plain list line with boxes below it, is a heading too, one level
    deeper than the heading it stands under. `path` and `ancestors` are the titles and the slugs of the
    headings above it, outermost first. Items before any heading are in a section without title.
    """

    id: str
    title: str
    line: int
    level: int
    path: tuple[str, ...]
    ancestors: tuple[str, ...]
    items: tuple[Item, ...]


@dataclass(frozen=True, slots=True)
class Checklist:
    """A checklist as read from `path`; `sha256` is that of the file, `sections` are those that hold items.

    `text` is all of it, as it was read, `fenced` whether what stands in code fences was read too.
    """

    name: str
    title: str
    path: Path
    sha256: str
    sections: tuple[Section, ...]
    text: str = field(default="", repr=False)
    fenced: bool = False

    def items(self) -> Iterator[Item]:
        """Every box, groups too, in document order."""
        every = [item for section in self.sections for top in section.items for item in _family(top)]
        # A section goes on after a plain list line that made a section of its own.
        return iter(sorted(every, key=lambda item: item.line))

    def leaves(self) -> Iterator[Item]:
        """Every box that is no group, in document order."""
        return (item for item in self.items() if not item.is_group)

    def section_of(self, item: Item) -> Section:
        """The section that holds `item`, at whatever depth; KeyError for an item of another checklist."""
        wanted = item.id.rpartition("/")[0]
        for section in self.sections:
            if section.id == wanted:
                return section
        raise KeyError(item.id)


def read_checklist(path: Path, *, fenced: bool = False) -> Checklist:
    """Read the checklist in the file at `path`; with `fenced`, also one that stands inside a code fence.

    Raises ChecklistError for a file that is missing, not a file, not UTF-8, empty or without any item.
    """
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        raise ChecklistError(path, 0, "there is no such file.") from None
    except IsADirectoryError:
        raise ChecklistError(path, 0, "this is a directory, not a checklist in Markdown.") from None
    except OSError as error:
        raise ChecklistError(path, 0, f"the file cannot be read: {error.strerror}.") from None
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        line = _unix(raw[: error.start].decode("utf-8")).count("\n") + 1
        raise ChecklistError(path, line, "the text is not UTF-8; save the file as UTF-8.") from None
    return parse_checklist(text, path, fenced=fenced)


def parse_checklist(text: str, path: Path, *, fenced: bool = False) -> Checklist:
    """Read the checklist in `text`, which stands in the file at `path`; the file itself is not opened.

    Raises ChecklistError for a text that is empty or holds no item.
    """
    sha256 = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
    source = _unix(text.removeprefix("\ufeff")) + "\n"
    if not source.strip():
        raise ChecklistError(path, 0, "the file is empty.")
    if fenced:
        source = _without_fences(source)
    root = _parse(source)
    document = _Document(root)
    headings = sorted((heading for heading in document.headings if heading.items), key=lambda heading: heading.start)
    if not headings:
        raise ChecklistError(path, *_nothing_found(root))
    return Checklist(
        name=path.stem,
        title=document.title or path.stem,
        path=path,
        sha256=sha256,
        sections=_freeze(headings),
        text=text,
        fenced=fenced,
    )


@dataclass(frozen=True, slots=True)
class Mark:
    """A box as it is written: in which line, 1-based, from which 0-based column, and whether it says "done"."""

    line: int
    column: int
    written: str
    ticked: bool

    def saying(self, ticked: bool) -> str:
        """The box as it is written to say `ticked`."""
        if ticked == self.ticked:
            return self.written
        if self.written.startswith("["):
            return "[x]" if ticked else "[ ]"
        return (_TICKED if ticked else _UNTICKED)[html.unescape(self.written)]


@dataclass(frozen=True, slots=True)
class Place:
    """Where an item stands in its document.

    `marks` are its box and, in the row of a table, what other boxes the row has. `leaves` are the lines of the items
    that a group consists of. What is to be added to the item can stand after the line `end`, as an entry of a list
    whose lines begin with `margin` and whose entries have the marker `bullet`; with `row` below the table, after an
    empty line; with `apart` it has to be kept apart from what follows.
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
class Layout:
    """Where things stand in a document: how many lines of front matter it has, and its items in order."""

    front: int
    places: tuple[Place, ...]


def read_layout(text: str, *, fenced: bool = False) -> Layout:
    """Find the boxes of the checklist in `text`; columns and lines do not count a BOM."""
    source = _unix(text.removeprefix("\ufeff")) + "\n"
    if fenced:
        source = _without_fences(source)
    root = _parse(source)
    lines = source.split("\n")
    drafts = [draft for heading in _Document(root).headings for top in heading.items for draft in _drafts(top)]
    front = next((_lines(node)[1] for node in root.children[:1] if node.type == "front_matter"), 0)
    drafts.sort(key=lambda draft: draft.line)
    starts = _starts(root)
    return Layout(front, tuple(_place(draft, lines, starts) for draft in drafts))


def _family(item: Item) -> Iterator[Item]:
    yield item
    for child in item.children:
        yield from _family(child)


def _unix(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


@dataclass(frozen=True, slots=True)
class _Box:
    """`real`: a box by itself, not a symbol that only some documents use as one; `cell`: in a table.

    `written` is what stands for it in the source, from the column `start`.
    """

    mark: str
    ticked: bool
    column: int
    real: bool
    cell: bool
    written: str
    start: int


def _find_boxes(state: StateCore) -> None:
    """Take the box off the beginning of list items and table cells, before their text is parsed.

    Only here is it known what was written, `[x]` and not a link to a target named x, and where.
    """
    lines = state.src.split("\n")
    end_of_cell = 0
    for before, opening, inline in zip(state.tokens, state.tokens[1:], state.tokens[2:], strict=False):
        if before.type == "tr_open":
            end_of_cell = 0
        if inline.type != "inline" or inline.map is None:
            continue
        line = lines[inline.map[0]]
        start = 0
        cell = opening.type == "td_open"
        if cell:
            # A bar in a cell is written with a backslash, which its content has no more.
            pattern = re.escape(inline.content).replace(r"\|", r"\\?\|")
            match = re.compile(pattern).search(line, end_of_cell)
            start, end_of_cell = match.span() if match else (end_of_cell, end_of_cell)
        elif before.type != "list_item_open" or opening.type not in ("paragraph_open", "heading_open"):
            continue
        if (found := _box(inline.content, line, start, cell=cell)) is not None:
            inline.meta["box"], inline.content = found


def _box(content: str, line: str, start: int, *, cell: bool) -> tuple[_Box, str] | None:
    """The box at the beginning of `content`, which stands in `line` at or after `start`; and the rest."""
    if match := _BRACKETS.match(content):
        place = line.find(match["mark"], start)
        box = _Box(match["mark"], match["tick"] in "xX", place + 1 or -1, True, cell, match["mark"], place)
    elif (match := _SIGN.match(content)) and (sign := html.unescape(match["mark"])) in _SYMBOLS:
        place = line.find(match["mark"], start)
        column = place if match["mark"] in _FILLABLE else -1
        box = _Box(sign, _SYMBOLS[sign], column, sign in _BALLOTS, cell, match["mark"], place)
    else:
        return None
    return box, (match["struck"] or "") + content[match.end() :]


def _parse_inlines(state: StateCore) -> None:
    """Parse the text of blocks as markdown-it's own rule does, but not what is plain: most items are."""
    for token in state.tokens:
        if token.type == "inline":
            children = token.children = list[Token]()
            if _PLAIN.fullmatch(token.content):
                children.append(Token("text", "", 0, content=token.content))
            else:
                state.md.inline.parse(token.content, state.md, state.env, children)


def _markdown() -> MarkdownIt:
    # The preset's limit of 20 would drop what is nested deeper than ten lists without a word.
    markdown = MarkdownIt("commonmark", {"maxNesting": 100}).enable(["table", "strikethrough"])
    markdown.core.ruler.after("block", "box", _find_boxes)
    markdown.core.ruler.at("inline", _parse_inlines)
    markdown.normalizeLink = str  # type: ignore[assignment]  # slow, and no one follows the links
    return markdown


_BODY = _markdown()
_DOCUMENT = _markdown().use(front_matter_plugin)


def _parse(source: str) -> _Node:
    # Looking for front matter at each line takes time, and few documents have any.
    root = _tree(_DOCUMENT if source.startswith("-") else _BODY, source)
    # A document may begin with a rule, which is no front matter though another rule follows.
    for node in root.children[:1]:
        if node.type == "front_matter" and _holds_boxes(_tree(_BODY, node.content)):
            return _tree(_BODY, source)
    return root


@dataclass(slots=True)
class _Node:
    """A block of the document with the blocks in it; an inline has its tokens, and the box that was taken off it.

    The tree of markdown-it, with the tokens of an inline as nodes of their own, takes as long as the parsing.
    """

    type: str
    tag: str = ""
    map: Sequence[int] | None = None
    markup: str = ""
    content: str = ""
    box: _Box | None = None
    tokens: Sequence[Token] = ()
    children: list[_Node] = field(default_factory=list)

    def walk(self) -> Iterator[_Node]:
        """This one and all below it, in document order."""
        yield self
        for child in self.children:
            yield from child.walk()


def _tree(markdown: MarkdownIt, source: str) -> _Node:
    root = _Node("root")
    open_nodes = [root]
    for token in markdown.parse(source):
        if token.nesting < 0:
            open_nodes.pop()
            continue
        node = _Node(
            token.type.removesuffix("_open"),
            token.tag,
            token.map,
            token.markup,
            token.content,
            token.meta.get("box"),
            token.children or (),
        )
        open_nodes[-1].children.append(node)
        if token.nesting > 0:
            open_nodes.append(node)
    return root


def _boxes(node: _Node) -> Iterator[_Box]:
    return (each.box for each in node.walk() if each.box is not None)


def _holds_boxes(node: _Node) -> bool:
    return any(box.real for box in _boxes(node))


def _fences(root: _Node) -> Iterator[_Node]:
    """The code fences that hold boxes."""
    for node in root.walk():
        if node.type == "fence" and _holds_boxes(_tree(_BODY, node.content)):
            yield node


def _without_fences(source: str) -> str:
    """The source with the markers of fences that hold boxes blanked, so that every line keeps its number."""
    lines = source.split("\n")
    for fence in _fences(_parse(source)):
        first, end = _lines(fence)
        lines[first] = lines[first].partition(fence.markup)[0]
        if end - first - 1 > fence.content.count("\n"):
            lines[end - 1] = lines[end - 1].partition(fence.markup)[0]
    return "\n".join(lines)


def _nothing_found(root: _Node) -> tuple[int, str]:
    """The line to look at, or 0, and what is wrong with a document without items."""
    for fence in _fences(root):
        return (
            _lines(fence)[0] + 1,
            "no item was found: the boxes stand inside a code fence, "
            "from which they are read with the option `fenced`.",
        )
    return (
        0,
        "no item was found: neither a list item that begins with [ ] or [x], "
        "nor a table row with a box, nor a list of ✅ and ❌ lines.",
    )


def _lines(node: _Node) -> tuple[int, int]:
    assert node.map is not None
    first, end = node.map
    return first, end


def _raw(inline: _Node, without: str = "") -> str:
    """The text of an inline as it would be rendered, leaving out what is marked up as `without`."""
    pieces = []
    depth = 0
    for token in inline.tokens:
        if token.type in (f"{without}_open", f"{without}_close"):
            depth += token.nesting
        elif depth or token.type == without:
            continue
        elif token.type in ("text", "code_inline"):
            pieces.append(token.content)
        elif token.type == "image":
            pieces += [part.content for part in token.children or ()]
        elif token.type in ("softbreak", "hardbreak") or token.content.lower().startswith("<br"):
            pieces.append(" ")
    return "".join(pieces)


def _has(inline: _Node, markup: str) -> bool:
    return any(token.type == f"{markup}_open" for token in inline.tokens)


def _shown(inline: _Node) -> str:
    """The text of an inline with the symbol at its beginning, which is no box there."""
    return f"{inline.box.mark} {_raw(inline)}" if inline.box is not None else _raw(inline)


def _line(text: str) -> str:
    return _printable(" ".join(text.split()))


def _printable(text: str) -> str:
    """The text without control characters, of which wrongly decoded emoji hold some."""
    if text.isprintable():
        return text
    return "".join(char for char in text if unicodedata.category(char) not in ("Cc", "Cs"))


def _says_something(text: str) -> bool:
    return any(map(str.isalnum, _PARENTHESIS.sub("", text)))


def _is_bold(inline: _Node) -> bool:
    return _has(inline, "strong") and not _says_something(_raw(inline, "strong"))


def _is_struck(inlines: Sequence[_Node]) -> bool:
    if not any(_has(inline, "s") for inline in inlines):
        return False
    return not any(_says_something(_raw(inline, "s")) for inline in inlines)


def _is_remark(words: str) -> bool:
    return any(remark.match(words) for remark in (_OPTIONAL, _CONDITION, _NOT_APPLICABLE))


def _without_mojibake(match: re.Match[str]) -> str:
    """A run of characters, or a blank where they are an emoji's UTF-8 that was read as Windows-1252."""
    run = match[0]
    try:
        raw = b"".join(char.encode("latin-1" if "\x80" <= char <= "\x9f" else "cp1252") for char in run)
    except UnicodeEncodeError:
        return run
    decoded = raw.decode("utf-8", "ignore")
    return run if not decoded or any(map(str.isalnum, decoded)) else " "


def _slug(text: str, otherwise: str) -> str:
    """The words of a text in lower case, joined by hyphens; `otherwise` where there are none."""
    text = _PARENTHESIS.sub(lambda match: " " if _is_remark(match[1]) else match[0], text)
    if not text.isascii():
        text = unicodedata.normalize("NFKC", _NOT_ASCII.sub(_without_mojibake, _KEYCAP.sub(" ", text)))
    text = text.lower().replace("'", "").replace("’", "")
    words = _NO_LETTER.sub(" " if text.isascii() else _without_sign, text).split()
    slug = "-".join(word for word in words if any(map(str.isalnum, word)))
    if len(slug) > SLUG_LENGTH:
        end = slug.rfind("-", 0, SLUG_LENGTH + 1)
        slug = slug[: end if end > 0 else SLUG_LENGTH]
    return slug or otherwise


def _without_sign(match: re.Match[str]) -> str:
    """Keep the vowel signs and accents that are written as characters of their own; emoji have some, too."""
    sign = match[0]
    return sign if unicodedata.category(sign) in ("Mn", "Mc") and not "\ufe00" <= sign <= "\ufe0f" else " "


@dataclass(frozen=True, slots=True)
class _Remarks:
    """What a text says in parentheses about itself, or is said of what encloses it."""

    optional: bool = False
    condition: str | None = None
    not_applicable: str | None = None


def _remarks(inlines: Sequence[_Node], enclosing: _Remarks) -> _Remarks:
    optional = False
    condition = None
    not_applicable = STRUCK if _is_struck(inlines) else None
    # Code in parentheses is not said of the item: "returns `(N/A)`".
    for words in _PARENTHESIS.findall(" ".join(_raw(inline, "code_inline") for inline in inlines)):
        optional = optional or _OPTIONAL.match(words) is not None
        if condition is None and (match := _CONDITION.match(words)):
            condition = _line(match[1])
        if match := _NOT_APPLICABLE.match(words):
            not_applicable = _line(match[1]) or MARKED_NOT_APPLICABLE
    return _Remarks(optional, condition or enclosing.condition, not_applicable or enclosing.not_applicable)


@dataclass(slots=True)
class _ItemDraft:
    text: str
    slug: str
    line: int
    boxes: Sequence[_Box]
    node: _Node
    following: _Node | None
    level: int
    groups: tuple[str, ...]
    remarks: _Remarks
    detail: list[str] = field(default_factory=list)
    children: list[_ItemDraft] = field(default_factory=list)

    @property
    def box(self) -> _Box:
        """The one that tells its state."""
        return self.boxes[0]


@dataclass(slots=True)
class _Heading:
    title: str
    slug: str
    line: int
    level: int
    above: tuple[_Heading, ...] = ()
    remarks: _Remarks = _Remarks()
    bold: bool = False
    items: list[_ItemDraft] = field(default_factory=list)

    @property
    def start(self) -> int:
        """The line where it begins, for items before any heading that of the first item."""
        return self.line or self.items[0].line

    @property
    def ancestors(self) -> tuple[str, ...]:
        return tuple(heading.slug for heading in self.above)


class _Document:
    """Reads the tree of a document into its headings, in document order, with the items under each."""

    def __init__(self, root: _Node) -> None:
        self.title = ""
        self._symbols_are_boxes = not _holds_boxes(root)
        self._before_headings = _Heading("", "checklist", 0, 0)
        self.headings = [self._before_headings]
        self._blocks(root.children, (), None)

    def _blocks(self, nodes: Sequence[_Node], above: tuple[_Heading, ...], parent: _ItemDraft | None) -> None:
        """Read the blocks of one container, which stands under the headings `above` and in the item `parent`.

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
                    parent.detail += [_printable(line.expandtabs(4)) for line in node.content.rstrip().split("\n")]
                elif node.type in ("paragraph", "heading"):
                    parent.detail.append(_line(_shown(node.children[0])))
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
                and _is_bold(node.children[0])
                and self._holds_items(following, above)
            ):
                if len(above) > outer and above[-1].bold:
                    above = above[:-1]
                above = self._heading(node, above, bold=True)

    def _heading(
        self,
        node: _Node,
        above: tuple[_Heading, ...],
        *,
        level: int | None = None,
        bold: bool = False,
    ) -> tuple[_Heading, ...]:
        """Note the heading; one without a level is a line of text that serves as a heading."""
        inline = node.children[0]
        raw = _shown(inline)
        title = _line(raw)
        nearest = above[-1] if above else self._before_headings
        heading = _Heading(
            title=title if level else title.rstrip(" :："),
            slug=_slug(_NUMBERING.sub("", raw), "section"),
            line=_lines(node)[0] + 1,
            level=level or nearest.level + 1,
            above=above,
            remarks=_remarks([inline], nearest.remarks),
            bold=bold,
        )
        self.headings.append(heading)
        return (*above, heading)

    def _list_item(self, node: _Node, above: tuple[_Heading, ...], parent: _ItemDraft | None) -> None:
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
        node: _Node,
        following: _Node | None,
        above: tuple[_Heading, ...],
        parent: _ItemDraft | None,
    ) -> None:
        for row in (row for part in node.children for row in part.children):
            cells = [cell.children[0] for cell in row.children]
            boxes = [cell.box for cell in cells if cell.box is not None]
            if boxes:
                # Sorting is stable: the first of the real ones, or else the first.
                boxes.sort(key=lambda box: not box.real)
                self._item(boxes, cells, node, following, above, parent)
            elif parent is not None:
                parent.detail.append(_joined(map(_raw, cells)))

    def _item(
        self,
        boxes: Sequence[_Box],
        inlines: Sequence[_Node],
        node: _Node,
        following: _Node | None,
        above: tuple[_Heading, ...],
        parent: _ItemDraft | None,
    ) -> _ItemDraft:
        heading = above[-1] if above else self._before_headings
        raw = [_raw(inline) for inline in inlines]
        item = _ItemDraft(
            text=_joined(raw),
            slug=_slug(" ".join(raw), "item"),
            line=_lines(inlines[0])[0] + 1,
            boxes=boxes,
            node=node,
            following=following,
            level=parent.level + 1 if parent else 0,
            groups=(*parent.groups, parent.slug) if parent else (),
            remarks=_remarks(inlines, (parent or heading).remarks),
        )
        (parent.children if parent else heading.items).append(item)
        return item

    def _counts(self, box: _Box, above: tuple[_Heading, ...], parent: _ItemDraft | None) -> bool:
        """Whether a box is an item; in an item with a real box, ✅ and ❌ tell right from wrong."""
        if box.real or box.cell:
            return True
        if parent is not None and parent.box.real:
            return False
        return self._symbols_are_boxes or any(_USES_SYMBOLS.search(heading.title) for heading in above)

    def _holds_items(self, node: _Node, above: tuple[_Heading, ...]) -> bool:
        return any(self._counts(box, above, None) for box in _boxes(node))


def _joined(cells: Iterable[str]) -> str:
    return " – ".join(filter(None, map(_line, cells)))


def _freeze(headings: Sequence[_Heading]) -> tuple[Section, ...]:
    ids = _unique([(heading.ancestors, heading.slug) for heading in headings])
    return tuple(
        Section(
            id=section_id,
            title=heading.title,
            line=heading.start,
            level=heading.level,
            path=tuple(above.title for above in heading.above),
            ancestors=heading.ancestors,
            items=_freeze_items(heading.items, section_id),
        )
        for heading, section_id in zip(headings, ids, strict=True)
    )


def _freeze_items(drafts: Sequence[_ItemDraft], section_id: str) -> tuple[Item, ...]:
    every = [draft for top in drafts for draft in _drafts(top)]
    slugs = iter(_unique([(draft.groups, draft.slug) for draft in every]))

    def freeze(draft: _ItemDraft) -> Item:
        slug = next(slugs)
        return Item(
            id=f"{section_id}/{slug}",
            slug=slug,
            text=draft.text,
            detail="\n".join(draft.detail).strip("\n"),
            line=draft.line,
            column=draft.box.column,
            ticked=draft.box.ticked,
            level=draft.level,
            children=tuple(map(freeze, draft.children)),
            optional=draft.remarks.optional,
            condition=draft.remarks.condition,
            not_applicable=draft.remarks.not_applicable,
        )

    return tuple(map(freeze, drafts))


def _drafts(draft: _ItemDraft) -> Iterator[_ItemDraft]:
    yield draft
    for child in draft.children:
        yield from _drafts(child)


def _starts(root: _Node) -> frozenset[int]:
    """Lines at which blocks begin that end a paragraph wherever it stands."""
    types = ("list_item", "fence", "blockquote", "hr")
    return frozenset(
        _lines(node)[0]
        for node in root.walk()
        if node.type in types or (node.type == "heading" and node.markup.startswith("#"))
    )


def _place(draft: _ItemDraft, lines: Sequence[str], starts: frozenset[int]) -> Place:
    node, following = draft.node, draft.following
    row = node.type == "table"
    line = lines[draft.line - 1]
    if row:
        end = _lines(node)[1]
        margin = _margin(line)
    else:
        first, *rest = node.children
        following = rest[0] if rest else None
        end = _lines(first)[1]
        before = _HEADING_MARK.sub("", line[: draft.box.start].removesuffix("~~"))
        margin = re.sub(r"[^\s>]", " ", before)
    is_list = following is not None and following.type in ("bullet_list", "ordered_list")
    if following is not None and is_list and not row:
        # Items below may be further in than they have to be: what stands before them must not take them up.
        margin = _margin(lines[_lines(following)[0]])
    return Place(
        line=draft.line,
        marks=tuple(Mark(draft.line, box.start, box.written, box.ticked) for box in draft.boxes),
        leaves=tuple(leaf.line for child in draft.children for leaf in _drafts(child) if not leaf.children),
        end=end,
        margin=margin,
        # Another marker makes another list: that of the document stays what it is.
        bullet="*" if following is not None and following.markup == "-" else "-",
        row=row,
        # Nor text that stands right after the item without being a part of it.
        apart=(row or not is_list) if following is not None else bool(lines[end].strip()) and end not in starts,
    )


def _margin(line: str) -> str:
    match = _MARGIN.match(line)
    return match[0] if match else ""


def _unique(places: Sequence[tuple[tuple[str, ...], str]]) -> list[str]:
    """An id for each (ancestors, slug), unique, and whatever the order the same unless two places are equal.

    All places that would have the same id take one more ancestor into it, until none can.
    """
    ids = {place: place[1] for place in places}
    taken = dict.fromkeys(ids, 0)
    while True:
        users = Counter(ids.values())
        longer = [place for place in ids if users[ids[place]] > 1 and taken[place] < len(place[0])]
        if not longer:
            break
        for place in longer:
            taken[place] += 1
            ids[place] = "-".join((*place[0][-taken[place] :], place[1]))
    used = set(ids.values())
    seen: Counter[str] = Counter()
    unique = []
    for place in places:
        result = wanted = ids[place]
        seen[wanted] += 1
        if seen[wanted] > 1:
            while (result := f"{wanted}-{seen[wanted]}") in used:
                seen[wanted] += 1
            used.add(result)
        unique.append(result)
    return unique
