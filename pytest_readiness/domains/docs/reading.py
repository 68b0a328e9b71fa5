"""What a reader sees of a document: its headings, and the text below each."""

from __future__ import annotations

import html
import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import unquote

from pytest_readiness.core.text import is_include
from pytest_readiness.protocols.markup import hides

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.renderer import RendererHTML
    from markdown_it.rules_core import StateCore
    from markdown_it.token import Token
    from markdown_it.utils import EnvType, OptionsDict

CELL = "\t"
"""Between two cells of a row."""


class TakesTooLongError(Exception):
    """A paragraph has more signs of markup than can be read in good time.

    Attributes:
        line: where it begins.
    """

    def __init__(self, line: int) -> None:
        super().__init__(line)
        self.line = line


@dataclass(frozen=True, slots=True)
class DocumentSection:
    """A heading and what is between it and the next one.

    Attributes:
        title: plain text of the heading; "" for what comes before the first one.
        level: 1 to 6; 0 before the first heading.
        line: of the heading, from 1.
        blocks: texts of the paragraphs, list entries, table rows (heads excepted; `CELL` is between the cells)
            and code blocks, as a reader sees them; a picture without description is "[picture]". Left out are what
            is struck through or hidden, titles of admonitions and of `<details>`, code blocks with nothing but
            comments, and lines of links to places of the document. The text of a link that leads nowhere
            ("[plan](TODO)") is in brackets.
        italic: those of the blocks that are in italics from beginning to end.
        linked: those of the blocks that have a link to another place than this document.
        includes: what takes text from other files, as written.
        code: what is marked as code within the title, and then within each block.
        bold: what is in bold within the title, and then within each block.
        depths: of each block, how deep it is in lists; the text of an entry is deeper than how the entry begins.
        addresses: of each block, where its links to other places lead.
        heads: of tables, each with the place of the table's first row among the blocks.
    """

    title: str
    level: int
    line: int
    blocks: tuple[str, ...]
    italic: tuple[str, ...] = ()
    linked: tuple[str, ...] = ()
    includes: tuple[str, ...] = ()
    code: tuple[tuple[str, ...], ...] = ()
    bold: tuple[tuple[str, ...], ...] = ()
    depths: tuple[int, ...] = ()
    addresses: tuple[tuple[str, ...], ...] = ()
    heads: tuple[tuple[int, tuple[str, ...]], ...] = ()


def read_sections(text: str) -> tuple[tuple[DocumentSection, ...], int]:
    """Return the sections of a document, and the line of its first conflict marker of Git; 0 if there is none.

    The first section is what comes before the first heading. Markdown is read by the CommonMark rules, with tables and
    `~~struck~~`.

    Raises:
        TakesTooLongError: it would take too long.
    """
    text = _TEMPLATE_COMMENT.sub(_lines_of, _without_front_matter(text.replace("\r\n", "\n").replace("\r", "\n")))
    parser, tokens = _parsed(text)
    return _sections(parser, tokens), _conflict(text, tokens)


def read_restructured(text: str) -> tuple[tuple[DocumentSection, ...], int]:
    """The same of reStructuredText, as docutils reads it; other files are not included, and raw markup is left out.

    Raises:
        RecursionError: it is nested too deeply.
    """
    from docutils.core import publish_doctree, publish_from_doctree
    from docutils.nodes import section

    settings = {
        **dict.fromkeys(("file_insertion_enabled", "raw_enabled", "doctitle_xform", "embed_stylesheet"), False),
        "_disable_config": True,
        "report_level": 5,
        "halt_level": 6,
        "initial_header_level": 1,
        "output_encoding": "unicode",
        "line_length_limit": 10_000,
    }
    text = text.replace("\r\n", "\n")
    known = _as_docutils(text)
    tree = publish_doctree(known, settings_overrides=settings)
    added = [number for number, line in enumerate(known.split("\n")) if line.strip(" ") == "\\"]
    # docutils names the line under a heading.
    at = ((node.line or 2) - 1 for node in tree.findall(section))
    page = publish_from_doctree(tree, writer="html5", settings_overrides=settings)
    _, _, body = page.partition("<body")
    lines = [line - sum(each < line for each in added) for line in at]
    return sections_of_page(f"<body{body}", lines), conflict_in(text)


def sections_of_page(page: str, lines: Iterable[int]) -> tuple[DocumentSection, ...]:
    """The sections of what a program has made of a document, with the lines of its headings in their order."""
    known = iter(lines)
    return _rendered(_RAW_HEADING.sub(lambda found: f'{found[0]} {_LINE}="{next(known, 1)}"', page))


def conflict_in(text: str) -> int:
    """The line of the first conflict marker of Git; 0 if there is none."""
    return next((number for number, line in enumerate(text.split("\n"), 1) if _CONFLICT.fullmatch(line)), 0)


_RST_INCLUDE = re.compile(
    r"^([ ]*)\.\. (?:(?:literal)?include|auto[a-z]+"
    r"|(?:csv-table|raw)(?=::[^\n]*\n(?:[ ]+:[^\n]*\n)*?[ ]+:(?:file|url):))::([^\n]*(?:\n\1[ ]+:[^\n]*)*)",
    re.MULTILINE,
)
_RST_PAGES = re.compile(r"^([ ]*)\.\. toctree::[^\n]*((?:\n\1[ ]+[^\n]*|\n[ ]*(?=\n))*)", re.MULTILINE)
_RST_COMMENT = re.compile(r"^[ ]*\.\.[ ]+(?:(todo)::|(?![_\[|]|[\w:.+-]+::))([^\n]*(?:\n[ ]+\S[^\n]*)*)", re.MULTILINE)
_SPHINX_GLOSSARY = re.compile(r"^([ ]*)\.\. glossary::[^\n]*((?:\n\1[ ]+:[^\n]*)*)(?=\n)", re.MULTILINE)
_SPHINX_ENTRY = re.compile(
    r"^([ ]*)\.\. (?:envvar|confval|setting|option|object|describe|data|function|module|exception|attribute"
    r"|method|(?:py|c|cpp|js|rst|http|std):[a-z]+):: ([^\n]+)((?:\n[ ]+:[^\n]*)*)(?=\n|\Z)",
    re.MULTILINE,
)


def _as_docutils(text: str) -> str:
    """Write what only Sphinx knows so that docutils does: entries ("envvar"), lists of pages, text from elsewhere."""

    def included(found: re.Match[str]) -> str:
        # What is not included is said as text, in which `_Rendered` finds it.
        what = found[2].partition(_END)[0].strip() or "another file"
        return rf"{found[1]}\.. include:: {what}{_END * found[2].count(_END)}"

    def pages(found: re.Match[str]) -> str:
        entries = [line.strip() for line in found[2].split(_END) if line.strip() and not line.strip().startswith(":")]
        return f"{found[1]}{' '.join(f'`{name} <{name}.html>`__' for name in entries)}{found[2].count(_END) * _END}"

    text = _RST_PAGES.sub(pages, _RST_INCLUDE.sub(included, text))
    text = _SPHINX_GLOSSARY.sub(lambda found: f"{found[1]}..{_END * found[2].count(_END)}{_END}{found[1]}", text)
    # A line right below the name makes it an entry of a list.
    return _SPHINX_ENTRY.sub(
        lambda found: f"{found[1]}{found[2]}{_END}{found[1]} \\ {_END * found[3].count(_END)}", text
    )


_END = "\n"


def restructured_comments(text: str) -> tuple[tuple[int, str], ...]:
    """The comments of reStructuredText, and what Sphinx hides as "todo", with their lines."""
    return tuple(
        (text.count("\n", 0, found.start()) + 1, f"{(found[1] or '').upper()} {found[2]}".strip())
        for found in _RST_COMMENT.finditer(text.replace("\r\n", "\n"))
    )


def tokens_of(text: str) -> Sequence[Token]:
    """What a Markdown document is made of.

    Raises:
        TakesTooLongError: it would take too long.
    """
    return _parsed(text.replace("\r\n", "\n").replace("\r", "\n"), every_link=True)[1]


def comments_of(text: str) -> tuple[tuple[int, str], ...]:
    """What no reader of a Markdown document sees, with its line: comments, and places to be filled in that are a tag
    or an address ("<insert link>", "[plan](TODO)"); none of what is in code."""
    found = []
    for token in tokens_of(text):
        line = token.map[0] + 1 if token.map else 0
        pieces = [token.content] * (token.type == "html_block")
        pieces += [each.content for each in token.children or () if each.type == "html_inline"]
        found += [(line, hidden) for piece in pieces for hidden in _UNSEEN.findall(piece)]
        for each in token.children or ():
            address = unquote(str(each.attrGet("href") or "")) if each.type == "link_open" else ""
            if _NAMED_NOWHERE.fullmatch(address):
                found.append((line, f"({address})"))
    return tuple(found)


_FRONT_MATTER = re.compile(r"\s*[\w-]+\s*:")
_TOML_FRONT_MATTER = re.compile(r"[ \t\n]*\+\+\+[ \t]*\n(?:.*\n)*?\+\+\+[ \t]*(?:\n|\Z)")
_TEMPLATE_COMMENT = re.compile(
    r"\{%-?[ \t]*comment[ \t]*-?%\}.*?(?:\{%-?[ \t]*endcomment[ \t]*-?%\}|\Z)"
    # Of Jinja, of MDX, of Obsidian.
    r"|^[ \t]*\{#[ \t\n].*?(?:#\}|\Z)|^[ \t]*\{/\*.*?(?:\*/[ \t]*\}|\Z)|^%%[ \t]*$.*?(?:^%%[ \t]*$|\Z)",
    re.DOTALL | re.MULTILINE,
)
_COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)
_UNSEEN = re.compile(
    rf"{_COMMENT.pattern}|<(?:tbd|todo|fixme|(?:insert|enter|add|fill|your)[\s_-][^<>]{{1,80}})>",
    re.DOTALL | re.IGNORECASE,
)
_NAMED_NOWHERE = re.compile(r"(?:https?://)?(?:todo|tbd|fixme)/?", re.IGNORECASE)
_RAW_HEADING = re.compile(r"<h([1-6])(?=[\s/>])", re.IGNORECASE)
_LINE = "data-readiness-line"
"""Attribute with the line of a heading that is the document's own; one in a quotation or a list has none."""
_SWALLOWING = re.compile(r"<(/?)(?:title|textarea|plaintext|xmp|iframe|noembed|noframes)\b", re.IGNORECASE)
"""Elements in which markup is text: if they are not closed, a parser takes all that follows for their content."""
_INLINE = re.compile(
    r"</?(?:a|abbr|b|bdi|bdo|br|cite|code|data|del|dfn|em|i|ins|kbd|mark|noscript|q|s|samp|small|span|strike|strong|sub|sup|time"
    r"|template|tt|u|var|wbr)(?=[\s/>])",
    re.IGNORECASE,
)
"""Tags in a paragraph; others there are places to fill in ("deploy <host>"), or would end the paragraph."""
_HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")
_CODE = ("code", "kbd", "samp", "tt")
_HIDDEN = ("del", "s", "strike", "script", "style", "th", "summary", "thead")
_BLOCK = re.compile(
    "address|article|aside|blockquote|body|center|d[dlt]|details|dialog|div|fieldset|figcaption|figure|footer|form|h[1-6r]"
    "|header|html|legend|li|main|menu|nav|ol|option|p|pre|section|table|tbody|t[dhr]|tfoot|thead|ul"
)
"""Elements that begin a new block."""
_CONFLICT = re.compile(r"<{7}(?: .*)?")
_PLAIN_CODE = re.compile(
    "|console|diff|git|markdown|md|output|patch|plain|plaintext|session|shell-?session|terminal|te?xt"
)
"""Languages of code blocks in which "#" begins what root types or a heading, and conflict markers may be examples."""
_CODE_COMMENT = re.compile(
    r"#(?:[\s!#]|\Z)|//|--(?:\s|\Z)|;|/\*|\*(?:/(?!\d)|\s*\Z|\s+(?![\d*]))|<!--|%%|%\s|::|rem\b|\s*\Z", re.IGNORECASE
)
_TITLE_LINE = re.compile(
    r"""(?:!!!|\?\?\?\+?)\s+[a-z-]+(?:\ inline)?(?:\ end)?(?:\s+"[^"]*")?  # MkDocs
      | ={3}[!+]?\s+"[^"]*"                                                # its tabs
      | [:/]{3,}.*                                                            # Docusaurus, VitePress, Pandoc
      | \[![a-z-]{1,30}\][+-]?.*                                           # GitHub, Obsidian
      | (?:note|warning|important|tip|caution|info|attention|danger|hint|hinweis|achtung|wichtig|nota|remarque)[:.!]?
    """,
    re.VERBOSE | re.IGNORECASE,
)
"""The line that begins or ends an admonition."""
NOWHERE = re.compile(
    r"""(?: \W*
      | (?:https?://)? (?:(?:todo|tbd|fixme|url|link|href|address|path|insert|your)\b[^/.]*|x{3,}|<.*>|\[.*\])
      | https?:/* (?: [.…]+ | (?:[\w-]+\.)?example\.(?:com|org|net)) ) /?""",
    re.VERBOSE | re.IGNORECASE | re.DOTALL,
)
"""An address that is still to be filled in."""
_UNFINISHED = re.compile(
    r"(?:!!!|\?\?\?\+?|:{3,}|\[!)\s*\{?\s*\.?(?:todo|draft|wip|fixme|tbd|placeholder)\b.*", re.IGNORECASE
)
"""The first line of an admonition that says what is still to be done."""
_TEMPLATE_TAG = re.compile(r"\{\{[<%][^{}]*\}\}|\{%[^{}]*%\}")
_TO_A_PLACE = re.compile(
    r"\W*(?:(?:(?:please )?see|siehe|voir|ver|vedi|zie|cf\.?|refer to|(?:as )?described in)(?: also)?(?: the)?"
    r"|(?:go |jump |return )?(?:back )?(?:to )?(?:the )?(?:top)?|zurück(?: zum)?(?: nach oben)?|retour|volver)\W*",
    re.IGNORECASE,
)
"""What may be beside a link that only leads to a place of the same document."""


def _lines_of(found: re.Match[str]) -> str:
    return "\n" * found[0].count("\n")


def _without_front_matter(text: str) -> str:
    """Blank TOML and JSON before a document; YAML is left to the parser."""
    end = 0
    if found := _TOML_FRONT_MATTER.match(text):
        end = found.end()
    elif text.startswith("{\n"):
        try:
            end = json.JSONDecoder().raw_decode(text)[1]
        except (ValueError, RecursionError):
            return text
    return "\n" * text.count("\n", 0, end) + text[end:]


def _parsed(text: str, *, every_link: bool = False) -> tuple[MarkdownIt, Sequence[Token]]:
    """The tokens of a text; those of links that are not shown as such, as `file:` is, are asked for."""
    from mdit_py_plugins.front_matter import front_matter_plugin

    parser = _parser(every_link).use(front_matter_plugin)
    tokens = parser.parse(text)
    # A document may begin with a rule, and the text up to the next one is then no front matter.
    if tokens and tokens[0].type == "front_matter" and not _FRONT_MATTER.match(tokens[0].content):
        parser = _parser(every_link)
        tokens = parser.parse(text)
    return parser, tokens


def _parser(every_link: bool = False) -> MarkdownIt:
    from markdown_it import MarkdownIt

    parser = MarkdownIt("commonmark", {"maxNesting": 100}).enable(["table", "strikethrough"])
    if every_link:
        parser.validateLink = lambda _: True  # type: ignore[assignment,method-assign]
    parser.core.ruler.before("inline", "bounded", _bounded)
    parser.add_render_rule("image", _image)
    parser.add_render_rule("html_inline", _inline_markup)
    return parser


def _bounded(state: StateCore) -> None:
    pictures = 0
    for token in state.tokens:
        if token.type != "inline":
            continue
        pictures += token.content.count("![")
        if len(_MARKUP.findall(token.content)) > _MOST_MARKUP or pictures > _MOST_PICTURES:
            raise TakesTooLongError(token.map[0] + 1 if token.map else 1)


_MARKUP = re.compile(r"[\[*_~<`]")
_MOST_MARKUP = 5000
"""In one paragraph; each sign may be looked for from each other, so that the time grows with their square."""
_MOST_PICTURES = 10_000
"""In all; a picture may be within the description of another, as deep as the parser goes."""


def _image(renderer: RendererHTML, tokens: Sequence[Token], index: int, options: OptionsDict, env: EnvType) -> str:
    alternative = renderer.renderInlineAsText(tokens[index].children or (), options, env)
    return html.escape(alternative) or "[picture]"


def _inline_markup(
    renderer: RendererHTML,  # noqa: ARG001  # the renderer passes all of them
    tokens: Sequence[Token],
    index: int,
    options: OptionsDict,  # noqa: ARG001
    env: EnvType,  # noqa: ARG001
) -> str:
    return tokens[index].content if _INLINE.match(tokens[index].content) else " "


def _conflict(text: str, tokens: Sequence[Token]) -> int:
    examples = {
        line
        for token in tokens
        if token.type in ("fence", "code_block") and token.map and _PLAIN_CODE.fullmatch(_language(token))
        for line in range(*token.map)
    }
    for line, content in enumerate(text.split("\n")):
        if line not in examples and _CONFLICT.fullmatch(content):
            return line + 1
    return 0


def _language(token: Token) -> str:
    return token.info.strip().partition(" ")[0].lower()


def _sections(parser: MarkdownIt, tokens: Sequence[Token]) -> tuple[DocumentSection, ...]:
    for token in tokens:
        line = token.map[0] + 1 if token.map else 0
        if token.type == "heading_open" and token.level == 0:
            token.attrSet(_LINE, str(line))
        elif token.type == "html_block":
            token.content = _SWALLOWING.sub(r"<\1span", _COMMENT.sub(_lines_of, token.content))
            if token.level == 0:
                token.content = _with_lines(token.content, line)
        elif token.type in ("fence", "code_block"):
            if is_include(token.info):
                token.content = token.info
            elif not _PLAIN_CODE.fullmatch(_language(token)) and all(
                _CODE_COMMENT.match(each.strip()) for each in token.content.split("\n")
            ):
                token.content = ""
    return _rendered(parser.renderer.render(tokens, parser.options, {}))


def _rendered(page: str) -> tuple[DocumentSection, ...]:
    from lxml.etree import HTMLParser

    reader = _Rendered()
    if page.strip():
        # The parser of the standard library takes hours for a page made to keep it busy.
        markup = HTMLParser(target=reader)  # type: ignore[call-overload]  # the stubs want every method there may be
        markup.feed(page)
        markup.close()
    return reader.sections()


def _with_lines(markup: str, line: int) -> str:
    """Give each heading the line where it is."""
    pieces = []
    start = 0
    for heading in _RAW_HEADING.finditer(markup):
        line += markup.count("\n", start, heading.start())
        pieces += [markup[start : heading.start()], f'{heading[0]} {_LINE}="{line}"']
        start = heading.end()
    return "".join((*pieces, markup[start:]))


class _Rendered:
    """Takes what lxml reports of each element."""

    def __init__(self) -> None:
        self._sections: list[DocumentSection] = []
        self._heading = ("", 0, 1)
        self._blocks: list[str] = []
        self._italic: list[str] = []
        self._linked: list[str] = []
        self._includes: list[str] = []
        self._code: list[str] = []
        self._bold: list[str] = []
        self._marks = [(0, 0)]
        """How much code and bold there was at the end of the title, and of each block."""
        self._heads: list[tuple[int, tuple[str, ...]]] = []
        self._head: list[str] = []
        self._depths: list[int] = []
        self._addresses: list[tuple[str, ...]] = []
        self._here: list[str] = []
        """Where the links of the block lead."""
        self._items: list[int] = []
        """Of each open entry of a list, how many blocks it has."""
        self._row: list[str] | None = None
        self._text: list[str] = []
        self._beside: list[str] = []
        """What of the text is not in a link to a place of the document."""
        self._upright = False
        self._leads_away = False
        self._elements: list[str] = []
        """How each open element wants its text to be taken: "italic", "place", "nowhere", "pre", "code", "bold", "hidden", "head"
        or ""."""  # noqa: E501
        self._open: Counter[str] = Counter()

    def sections(self) -> tuple[DocumentSection, ...]:
        self._end_section()
        return tuple(self._sections)

    def start(self, tag: str, attrs: Mapping[str, str]) -> None:
        if _BLOCK.fullmatch(tag):
            self._end_block()
        if tag in ("li", "dt"):
            self._items.append(0)
        elif tag == "dd":
            self._items += [1, 0]
        if tag == "br":
            self.data("\n")
        elif tag == "img":
            self.data(attrs.get("alt", "").strip() or "[picture]")
        kind = ""
        if tag == "th" and self._row is not None and not hides(tag, attrs):
            kind = "head"
            self._head.append("")
        elif tag in _HIDDEN or hides(tag, attrs) or (tag in _HEADINGS and _LINE not in attrs):
            kind = "hidden"
        elif tag in _HEADINGS:
            self._end_section()
            self._heading = ("", int(tag[1]), int(attrs[_LINE]) if attrs[_LINE].isdecimal() else 1)
        elif tag == "tr":
            self._row, self._head = [], []
        elif tag in ("em", "i"):
            kind = "italic"
        elif tag == "pre":
            kind = "pre"
        elif tag in _CODE or "literal" in attrs.get("class", "").split():
            kind = "code"
            self._code.append("")
        elif tag in ("strong", "b"):
            kind = "bold"
            self._bold.append("")
        elif tag == "a" and "href" in attrs:
            kind = self._link(attrs["href"])
        self._elements.append(kind)
        self._open[kind] += 1

    def end(self, tag: str) -> None:
        if tag in _HEADINGS and not self._open["hidden"]:
            _, level, line = self._heading
            self._heading = (_in_one_line(self._taken()), level, line)
            self._marks[0] = (len(self._code), len(self._bold))
        elif tag in ("td", "th") and self._row is not None:
            if tag == "td" and not self._open["hidden"]:
                self._row.append(_in_one_line(self._taken()))
        elif tag == "tr" and self._row is not None:
            if self._row:
                self._add(CELL.join(self._row))
            elif self._head:
                self._heads.append((len(self._blocks), tuple(map(_in_one_line, self._head))))
            self._row, self._here = None, []
        elif _BLOCK.fullmatch(tag):
            self._end_block()
        if tag in ("li", "dt", "dd"):
            del self._items[-2 if tag == "dd" else -1 :]
        if self._elements:
            kind = self._elements.pop()
            self._open[kind] -= 1
            if kind == "nowhere":
                self.data("]")

    def data(self, data: str) -> None:
        if self._open["head"]:
            self._head[-1] += data
            return
        if self._open["hidden"]:
            return
        self._text.append(data)
        if self._open["code"]:
            self._code[-1] += data
        if self._open["bold"]:
            self._bold[-1] += data
        if not self._open["place"]:
            self._beside.append(data)
        self._upright = self._upright or bool(data.strip() and not self._open["italic"])

    def _link(self, address: str) -> str:
        if NOWHERE.fullmatch(unquote(address)[:500]):
            self.data("[")
            return "nowhere"
        if address.startswith("#"):
            return "place"
        self._here.append(address)
        self._leads_away = True
        return ""

    def close(self) -> None:
        """There is nothing to return."""

    def _taken(self) -> str:
        """The text up to here, which is then nothing any more."""
        taken = "".join(self._text)
        self._text, self._beside, self._upright, self._leads_away = [], [], False, False
        return taken

    def _add(self, block: str) -> None:
        self._blocks.append(block)
        self._marks.append((len(self._code), len(self._bold)))
        self._addresses.append(tuple(self._here))
        self._depths.append(2 * len(self._items) + bool(self._items and self._items[-1]))
        self._here = []
        if self._items:
            self._items[-1] += 1

    def _end_block(self) -> None:
        if self._row is not None:
            # Paragraphs of a cell.
            self.data("\n")
            return
        beside, italic, linked = "".join(self._beside), not self._upright, self._leads_away
        text = self._taken()
        if not text.strip() or (beside != text and _TO_A_PLACE.fullmatch(beside)):
            self._here = []
            return
        if self._open["pre"]:
            if is_include(text):
                self._includes.append(text)
            else:
                # Code is known by its end.
                self._add(text if text.endswith("\n") else f"{text}\n")
            return
        lines = []
        for line in map(str.strip, text.split("\n")):
            if is_include(line):
                self._includes.append(line)
            elif _UNFINISHED.fullmatch(line):
                break
            elif not _TITLE_LINE.fullmatch(line):
                lines.append(_TEMPLATE_TAG.sub(" ", line))
        if block := _in_one_line(" ".join(lines)):
            self._add(block)
            if italic:
                self._italic.append(block)
            if linked:
                self._linked.append(block)

    def _end_section(self) -> None:
        self._end_block()
        self._sections.append(
            DocumentSection(
                *self._heading,
                tuple(self._blocks),
                tuple(self._italic),
                tuple(self._linked),
                tuple(self._includes),
                self._marked(self._code, [code for code, _ in self._marks]),
                self._marked(self._bold, [bold for _, bold in self._marks]),
                tuple(self._depths),
                tuple(self._addresses),
                tuple(self._heads),
            )
        )
        self._heading = ("", 0, 1)
        self._depths, self._addresses, self._here, self._bold, self._heads = [], [], [], [], []
        self._marks = [(0, 0)]
        self._blocks, self._italic, self._linked, self._includes, self._code = [], [], [], [], []

    @staticmethod
    def _marked(pieces: list[str], ends: list[int]) -> tuple[tuple[str, ...], ...]:
        """What is marked, by the ends of the title and the blocks that it is in."""
        return tuple(tuple(filter(str.strip, pieces[begin:end])) for begin, end in zip([0, *ends], ends, strict=False))


def _in_one_line(text: str) -> str:
    return " ".join(text.split())
