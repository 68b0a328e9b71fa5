"""Markdown to a tree of blocks, with the boxes taken off the beginning of list items and table cells."""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from markdown_it import MarkdownIt
from markdown_it.rules_core import StateCore
from markdown_it.token import Token
from mdit_py_plugins.front_matter import front_matter_plugin

from pytest_readiness.checklist.boxes import Box, box_at, choice_at

# Without any character at which a rule of CommonMark's inlines begins, or that of what is struck through.
_PLAIN = re.compile(r"[^\n\\`*_\[\]!<&~]+")


@dataclass(slots=True)
class Node:
    """A block of the document with the blocks in it; an inline has its tokens, and the box that was taken off it.

    The tree of markdown-it, with the tokens of an inline as nodes of their own, takes as long as the parsing.
    """

    type: str
    tag: str = ""
    map: Sequence[int] | None = None
    markup: str = ""
    info: str = ""
    content: str = ""
    box: Box | None = None
    tokens: Sequence[Token] = ()
    children: list[Node] = field(default_factory=list)

    def walk(self) -> Iterator[Node]:
        """This one and all below it, in document order."""
        yield self
        for child in self.children:
            yield from child.walk()


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
        if cell and (choice := choice_at(inline.content, line, start)) is not None:
            inline.meta["box"], inline.content = choice
        elif (found := box_at(inline.content, line, start, cell=cell)) is not None:
            inline.meta["box"], inline.content = found


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


# Of front matter, each line at the margin is a key, an entry right below one, or a comment.
_FRONT = re.compile(r"(?:(?:#.*\n|[ \t]*\n)*[\w.-]+:(?:[ \t].*)?(?:\n(?:[ \t]+\S.*|- .*|#.*))*(?:\n\s*)?)+\Z")


# What Hugo and others put above a document.
_TOML = re.compile(r"\+\+\+[ \t]*\n((?:(?!\+\+\+)[^\n]*\n)*)\+\+\+[ \t]*\n")


def parse(source: str) -> Node:
    """The blocks of a document, below one node that is all of it."""
    if (front := _TOML.match(source)) and _is_toml(front[1]):
        # Blank lines in its place, so that every line keeps its number.
        lines = front[0].count("\n")
        root = _tree(_BODY, "\n" * lines + source[front.end() :])
        root.children.insert(0, Node("front_matter", map=(0, lines), content=front[1]))
        return root
    # Looking for front matter at each line takes time, and few documents have any.
    root = _tree(_DOCUMENT if source.startswith("-") else _BODY, source)
    # A document may begin with a rule, which is not front matter though another rule follows.
    for node in root.children[:1]:
        if node.type == "front_matter" and not _FRONT.match(node.content) and holds_boxes(_tree(_BODY, node.content)):
            return _tree(_BODY, source)
    return root


def _is_toml(text: str) -> bool:
    try:
        tomllib.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def _tree(markdown: MarkdownIt, source: str) -> Node:
    root = Node("root", content=source)
    open_nodes = [root]
    for token in markdown.parse(source):
        if token.nesting < 0:
            open_nodes.pop()
            continue
        node = Node(
            token.type.removesuffix("_open"),
            token.tag,
            token.map,
            token.markup,
            token.info,
            token.content,
            token.meta.get("box"),
            token.children or (),
        )
        open_nodes[-1].children.append(node)
        if token.nesting > 0:
            open_nodes.append(node)
    return root


def boxes_in(node: Node) -> Iterator[Box]:
    """What was taken for a box, in a block and all below it, in document order."""
    return (each.box for each in node.walk() if each.box is not None)


def holds_boxes(node: Node) -> bool:
    """Whether there is a box that is one by itself, in a block or below it."""
    return any(box.real for box in boxes_in(node))


_HTML_HEADING = re.compile(r"(?<!\s)\s*<h([1-6])\b[^<>]*>(.{0,1000}?)</h\1\s*>", re.IGNORECASE | re.DOTALL)
_HTML_LABEL = re.compile(r"<summary\b[^<>]*>(.{0,1000}?)</summary\s*>", re.IGNORECASE | re.DOTALL)


def heading_in(node: Node) -> tuple[Node, int] | None:
    """The text of a heading that is written in HTML, and its level."""
    match = _HTML_HEADING.match(node.content)
    return (_inline(match[2]), int(match[1])) if match else None


def label_in(node: Node) -> Node | None:
    """The text above what a block of HTML folds away."""
    match = _HTML_LABEL.search(node.content)
    return _inline(match[1]) if match else None


def _inline(text: str) -> Node:
    (token,) = _BODY.parseInline(text)
    return Node("inline", content=text, tokens=token.children or ())


def fences_with_boxes(root: Node) -> Iterator[Node]:
    """The code fences that hold boxes."""
    for node in root.walk():
        if node.type == "fence" and holds_boxes(_tree(_BODY, node.content)):
            yield node


_DOCUMENTS = frozenset(("", "markdown", "md", "mdx", "gfm", "text", "txt", "plain", "plaintext"))
_COMMENT = re.compile(r"^([\s>]*)#.*")


def _without_fences(source: str) -> str:
    """The source with the markers of fences that hold boxes blanked, so that every line keeps its number.

    So are comments, if the fence says that it holds a program: a "# comment" is no heading.
    """
    lines = source.split("\n")
    for fence in fences_with_boxes(parse(source)):
        first, end = lines_of(fence)
        if (fence.info.split() or [""])[0].strip("{}.").lower() not in _DOCUMENTS:
            lines[first + 1 : end] = [_COMMENT.sub(r"\1", line) for line in lines[first + 1 : end]]
        lines[first] = lines[first].partition(fence.markup)[0]
        if end - first - 1 > fence.content.count("\n"):
            lines[end - 1] = lines[end - 1].partition(fence.markup)[0]
    return "\n".join(lines)


def unix(text: str) -> str:
    """The text with the line ends of Unix."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


def source_of(text: str, *, fenced: bool) -> str:
    """The text as it is parsed: without a BOM, with Unix's line ends, and as asked without the fences around boxes."""
    source = unix(text.removeprefix("\ufeff")) + "\n"
    return _without_fences(source) if fenced else source


def lines_of(node: Node) -> tuple[int, int]:
    """The 0-based lines of a block: its first, and the one after its last."""
    assert node.map is not None
    first, end = node.map
    return first, end


def plain(inline: Node, without: str = "", code: Mapping[int, str] | None = None) -> str:
    """The text of an inline as it would be rendered, leaving out what is marked up as `without`.

    With `code`, characters of what is marked up as code are replaced by it.
    """
    pieces = []
    depth = 0
    for token in inline.tokens:
        if token.type in (f"{without}_open", f"{without}_close"):
            depth += token.nesting
        elif depth or token.type == without:
            continue
        elif token.type == "code_inline" and code is not None:
            pieces.append(token.content.translate(code))
        elif token.type in ("text", "code_inline"):
            pieces.append(token.content)
        elif token.type == "image":
            pieces += [part.content for part in token.children or ()]
        elif token.type in ("softbreak", "hardbreak") or token.content.lower().startswith("<br"):
            pieces.append(" ")
    return "".join(pieces)


_BREAK = re.compile(r"<br\b", re.IGNORECASE)
# Comments, breaks and emphasis.
_SAYS_NOTHING = re.compile(r"<!--|</?(?:br|b|strong|em|i|u)\b", re.IGNORECASE)


def marked(inline: Node) -> str:
    """The text of an inline with what its markup says besides: what is struck through, raised or lowered, links.

    It is "" where the markup says nothing that the words do not.
    """
    pieces, says_more = [], False
    for token in inline.tokens:
        match token.type:
            case "s_open" | "s_close":
                piece = token.markup
            case "link_open" | "image":
                target = token.attrs.get("href") or token.attrs.get("src")
                piece = f"<{target} {token.attrs.get('title', '')}>"
            case "html_inline" if not _SAYS_NOTHING.match(token.content):
                piece = token.content
            case "softbreak" | "hardbreak" | "html_inline":
                pieces.append(" " if token.type != "html_inline" or _BREAK.match(token.content) else "")
                continue
            case _:
                pieces.append(token.content)
                continue
        pieces.append(piece)
        says_more = True
    return "".join(pieces) if says_more else ""


def has(inline: Node, markup: str) -> bool:
    """Whether anything in an inline is marked up so ("strong", "s")."""
    return any(token.type == f"{markup}_open" for token in inline.tokens)


def shown(inline: Node) -> str:
    """The text of an inline with the symbol at its beginning, which is not a box there."""
    return f"{inline.box.mark} {plain(inline)}" if inline.box is not None else plain(inline)


def one_line(text: str) -> str:
    """The text in one line, each run of white space as one blank."""
    return without_controls(" ".join(text.split()))


def without_controls(text: str) -> str:
    """The text without control characters, of which wrongly decoded emoji hold some."""
    if text.isprintable():
        return text
    return "".join(char for char in text if unicodedata.category(char) not in ("Cc", "Cs"))
