"""Documents that people rely on, in Markdown or plain text."""

from __future__ import annotations

import html
import re
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_readiness.core.evidence import CouldNotVerify
from pytest_readiness.core.registry import fact
from pytest_readiness.domains.docs.resource import Document
from pytest_readiness.protocols.text_file import read_text_file

if TYPE_CHECKING:
    from markdown_it.token import Token

SUFFIXES = ("", ".md", ".markdown", ".txt")

CELL = "\t"
"""Between two cells of a row."""
_HTML_HEADING = re.compile(r"<h([1-6])\b[^<>]{0,500}>(.{0,1000}?)</h\1\s*>", re.DOTALL | re.IGNORECASE)
_COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)
_TAG = re.compile(r"<[^<>]*>")
_FRONT_MATTER = re.compile(r"\s*[\w-]+\s*:")


@dataclass(frozen=True, slots=True)
class DocumentSection:
    """A heading and what is between it and the next one.

    Attributes:
        title: plain text of the heading; "" for what comes before the first one.
        level: 1 to 6; 0 before the first heading.
        line: of the heading, from 1.
        blocks: texts of the paragraphs, list entries, table rows (the head row excepted; `CELL` is between the cells)
            and code blocks, as a reader sees them; a picture without description is "[picture]".
    """

    title: str
    level: int
    line: int
    blocks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DocumentText:
    """A document as a reader sees it: comments, front matter and link addresses left out.

    Attributes:
        path: the file.
        missing: why there is no such document ("does not exist", "is a directory"); "" where there is one.
        sections: in the order of the document, the part before the first heading included.
    """

    path: str
    missing: str
    sections: tuple[DocumentSection, ...]


@fact
def document_text(document: Document) -> DocumentText:
    """The headings of the document and the text below each; Markdown by the CommonMark rules, with tables."""
    path = document.path
    try:
        missing = "is a directory" if stat.S_ISDIR(path.stat().st_mode) else ""
    except (FileNotFoundError, NotADirectoryError):
        missing = "does not exist"
    except OSError as error:
        raise CouldNotVerify(f"{path} cannot be read ({error.strerror})") from None
    if missing:
        return DocumentText(str(path), missing, ())
    if path.suffix.lower() not in SUFFIXES:
        raise CouldNotVerify(
            f"{path} is neither Markdown nor plain text (.md, .markdown, .txt), and only these are read"
        )
    return DocumentText(str(path), "", tuple(_sections(_tokens(read_text_file(path)))))


def _tokens(text: str) -> Sequence[Token]:
    from markdown_it import MarkdownIt
    from mdit_py_plugins.front_matter import front_matter_plugin

    def markdown() -> MarkdownIt:
        return MarkdownIt("commonmark", {"maxNesting": 100}).enable("table")

    tokens = markdown().use(front_matter_plugin).parse(text)
    # A document may begin with a rule, and the text up to the next one is then no front matter.
    if tokens and tokens[0].type == "front_matter" and not _FRONT_MATTER.match(tokens[0].content):
        tokens = markdown().parse(text)
    return tokens


def _sections(tokens: Sequence[Token]) -> Iterator[DocumentSection]:
    title, level, line = "", 0, 1
    blocks: list[str] = []
    row: list[str] | None = None
    for index, token in enumerate(tokens):
        before = tokens[index - 1]
        if before.type == "heading_open":
            # A heading in a quotation or a list is not one of the document's own.
            if before.level == 0:
                yield DocumentSection(title, level, line, tuple(blocks))
                title, level, line, blocks = _plain(token), int(before.tag[1]), (token.map or [0])[0] + 1, []
        elif token.type == "tr_open":
            row = []
        elif token.type == "tr_close":
            if row:
                blocks.append(CELL.join(row))
            row = None
        elif token.type == "inline" and row is not None:
            if before.type != "th_open":
                row.append(_plain(token))
        elif token.type == "inline":
            blocks.append(_plain(token))
        elif token.type in ("fence", "code_block"):
            blocks.append(token.content)
        elif token.type == "html_block":
            text = _COMMENT.sub(lambda comment: "\n" * comment[0].count("\n"), token.content)
            start = 0
            for heading in _HTML_HEADING.finditer(text) if token.level == 0 else ():
                blocks.append(_bare(text[start : heading.start()]))
                yield DocumentSection(title, level, line, tuple(blocks))
                lines = text.count("\n", 0, heading.start())
                title, level, line, blocks = _bare(heading[2]), int(heading[1]), (token.map or [0])[0] + 1 + lines, []
                start = heading.end()
            blocks.append(_bare(text[start:]))
    yield DocumentSection(title, level, line, tuple(blocks))


def _bare(markup: str) -> str:
    return " ".join(html.unescape(_TAG.sub(" ", markup)).split())


def _plain(inline: Token) -> str:
    def pieces(tokens: Sequence[Token]) -> Iterator[str]:
        for token in tokens:
            if token.type in ("text", "code_inline"):
                yield token.content
            elif token.type in ("softbreak", "hardbreak"):
                yield " "
            elif token.type == "image":
                yield "".join(pieces(token.children or ())) or "[picture]"

    return " ".join("".join(pieces(inline.children or ())).split())
