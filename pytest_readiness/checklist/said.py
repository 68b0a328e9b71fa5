"""What a document says of an item besides its words: for fingerprints, which change where any of it changes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from pytest_readiness.checklist.markdown import Node, marked, one_line, plain

_NOTE = re.compile(r"\[\^([^\]\s]{1,60})\]")
# A note whose text is one word is a link to Markdown, without its brackets.
_NAMED = re.compile(r"\^([^\]\[\s]{1,60})")
_TAG = re.compile(r"<[^<>]*>")
_COMMENT = "<!--"


def is_comment(node: Node) -> bool:
    """Whether a block is nothing but a comment."""
    return node.type == "html_block" and node.content.lstrip().startswith(_COMMENT)


def introduction(node: Node) -> tuple[str, ...]:
    """What a block says of the list or table below it: a paragraph, or the last one of a quotation, with a colon."""
    if node.type == "blockquote" and node.children:
        return introduction(node.children[-1])
    if node.type == "html_block":
        text = one_line(_TAG.sub(" ", node.content))
    elif node.type == "paragraph":
        text = words(node.children[0])
    else:
        return ()
    return (text,) if text.endswith((":", "：")) else ()


def words(inline: Node) -> str:
    """The words of an inline, with what its markup says besides."""
    return one_line(marked(inline) or plain(inline))


class Besides:
    """What blocks and inlines of a document say besides their words.

    Args:
        source: the document, whose footnotes are said where they are named.
    """

    def __init__(self, source: str) -> None:
        self._notes = dict(_notes_in(source)) if "[^" in source else {}

    def of(self, inline: Node) -> Iterator[str]:
        """Yield what an inline says besides its words: by its markup, and in footnotes."""
        if more := marked(inline):
            yield more
        yield from self.notes(plain(inline))

    def row(self, cells: Sequence[Node]) -> tuple[str, ...]:
        """What a row of a table says, by its columns, and its footnotes."""
        return (" | ".join(map(words, cells)), *(note for cell in cells for note in self.notes(plain(cell))))

    def block(self, node: Node, within: Sequence[str] = ()) -> Iterator[str]:
        """Yield all that a block says, and what it is.

        Args:
            node: the block.
            within: what the block is in.
        """
        for each in node.walk():
            if each.type == "inline":
                yield words(each)
                yield from self.notes(plain(each))
            elif not is_comment(each):
                yield " ".join((*within, each.type, each.info))
                # In code, white space may mean something.
                yield each.content if each.type == "html_block" else each.content.replace(" ", "\N{OPEN BOX}")

    def notes(self, text: str) -> Iterator[str]:
        """Yield the footnotes that a text names, and those that they name."""
        return _named(text, self._notes)


def _named(text: str, notes: Mapping[str, str]) -> Iterator[str]:
    labels = [label for label in dict.fromkeys(_NAMED.findall(text)) if label in notes]
    # Each is said once, however they name each other.
    others = {name: note for name, note in notes.items() if name not in labels}
    for label in labels:
        yield notes[label]
        yield from _named(notes[label], others)


def _notes_in(source: str) -> Iterator[tuple[str, str]]:
    """The footnotes of a document, by their labels: the lines of each, to a blank one that no indented one follows."""
    label, found, blank = "", list[str](), False
    for line in (*source.split("\n"), "[^]:"):
        match = _NOTE.match(line)
        begins = line.startswith("[^") and (match is None or line[match.end() :].startswith(":"))
        ends = blank and line.strip() != "" and not line.startswith((" ", "\t"))
        if label and (begins or ends):
            yield label, " ".join(" ".join(found).split())
            label = ""
        if begins and match:
            label, found = match[1], [line[match.end() + 1 :]]
        elif label:
            found.append(line)
        blank = not line.strip()
