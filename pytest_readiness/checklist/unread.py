"""What in a document looks like a box and is not read as one, so that nothing is left out without a word."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator

from pytest_readiness.checklist.markdown import Node, fences_with_boxes, lines_of

_BOX = re.compile(r"(?:\[[ xX\u00a0]\]|[☐☑☒])(?:\s|$)")
# "[]", "[-]" and "[ x]" at the beginning of an entry, and "[x]" without a blank after it; a link goes on.
_ALMOST = re.compile(
    r"(?:\[(?:|-|~|/|!|\?|>|o|O|✓|✔|✅|✗|\*|\.|  +|\s+[xX]\s*|[xX]\s+)\](?![(\[:])|\[[ xX]\](?![(\[:\s]))"
)
_SHOWN = 5


def unread_boxes(root: Node, source: str, read: Collection[int]) -> str:
    """Return a sentence on what was not read as boxes, or "".

    Args:
        root: the blocks of the document.
        source: its text.
        read: the lines of the items that were read.
    """
    lines = source.split("\n")
    odd = sorted(set(_odd(root, lines)) - set(read))
    # In a document the fences of which are opened none is left here.
    fenced = sorted(
        number + 1
        for fence in fences_with_boxes(root)
        for number in range(lines_of(fence)[0] + 1, lines_of(fence)[1])
        if _BOX.match(_content(lines[number]))
    )
    told = []
    if odd:
        told.append(
            f"{_count(odd)} not read, {_places(odd)}: a box is '- [ ]' or '- [x]', with one blank or x between the "
            "brackets, at the beginning of an entry of a list or of a cell"
        )
    if fenced:
        told.append(f"{_count(fenced)} in code fences not read, {_places(fenced)}: --readiness-fenced reads them")
    return "; ".join(told)


def _odd(root: Node, lines: list[str]) -> Iterator[int]:
    """The lines of paragraphs and entries that begin with what is no box but looks like one."""
    for node in root.walk():
        if node.type == "list_item" and node.children and node.children[0].type == "paragraph":
            first = lines_of(node)[0]
            if _ALMOST.match(_content(lines[first])):
                yield first + 1
        elif node.type == "paragraph" and node.children[0].box is None:
            start, end = lines_of(node)
            for number in range(start, end):
                text = lines[number].strip().lstrip("> ")
                if _BOX.match(text) or (_ALMOST.match(text) and not text.startswith(("[!", "[^"))):
                    yield number + 1
        elif node.type == "code_block":
            yield from (number + 1 for number in range(*lines_of(node)) if _LISTED.match(lines[number]))


_LISTED = re.compile(r"[\s>]*(?:[-*+]|\d+[.)])\s+(?:\[[ xX]\]|[☐☑☒])\s")
_MARKER = re.compile(r"(?:[\s>]*(?:[-*+]|\d+[.)])\s+)*")


def _content(line: str) -> str:
    """A line without the markers of the entries that it begins."""
    match = _MARKER.match(line)
    return line[match.end() if match else 0 :]


def _count(lines: list[int]) -> str:
    return "1 box is" if len(lines) == 1 else f"{len(lines)} boxes are"


def _places(lines: list[int]) -> str:
    shown = ", ".join(map(str, lines[:_SHOWN])) + (", …" if len(lines) > _SHOWN else "")
    return f"line{'s' if len(lines) > 1 else ''} {shown}"
