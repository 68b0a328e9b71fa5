"""What in a document looks like a box and is not read as one, so that nothing is left out without a word."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence

from pytest_readiness.checklist.markdown import Node, fences_with_boxes, lines_of, plain

_BOX = re.compile(r"(?:\\?\[[ xX\u00a0]\\?\]|[☐□◻☑☒⬜🔲])(?:\s|$)")
# What people write instead at the beginning of an entry: "[]", "[-]", "[v]", "[ x]", "[N/A]", "[90 %]", "( )", other
# brackets and signs; and "[x]" without a blank after it. A link goes on.
_ALMOST = re.compile(
    r"[*_~]{0,6}(?:"
    r"\[(?:[^\]\[\w\n]{0,3}|:\w+:|[vonyх]|[ _]+|\s+[xX]\s*|[xX]\s+|\d{1,3}\s?%|no|yes|n/?a|done|to-?do|open|wip|ok|tbd"
    r"|pass(?:ed)?|fail(?:ed)?|skip(?:ped)?|erledigt|fertig|offen|ja|nein|entfällt|oui|non|fait|sí|hecho|pendiente|feito"
    r"|sim|não|fatto|klaar|完了|未完了|完成|已完成|未完成|готово|да|нет)\](?![(\[:])"
    r"|\[[ xX]?\]:(?=\s)|\\\[[ xX]?\]|\[[ xX]?\\\]|\\\[\\\]|\[[ xX]\](?![(\[\s*_])"
    r"|\([ xX✓✔\u3000]?\)(?=\s)|\{[ xX✓✔]?\}(?=\s)|[［【〔][\s\u3000xX]*[］】〕]|[❎▢❏❐❑❒🗹🗵🗷◽⬛⊠⊡☓]"
    r"|[○◯◌⭕]\ufe0f?(?=\s))",
    re.IGNORECASE,
)
# A box in the middle or at the end of a line: "Backups run: [ ] yes [ ] no", "Backups run ☐".
_LATER = re.compile(r"(?<![\w\])`])(?:\\?\[[ \u00a0]\\?\](?![(\[\w])|[☐☑☒🔲])")
_TICKED_LATER = re.compile(r"(?<![\w\])`])\\?\[[xX]\\?\]")
# "Step 1: [ ] migrate", "Backups - [ ] run": one that stands in running text has no such sign before it.
_AFTER_SIGN = re.compile(r"[:：.)）、–—-]\s{0,4}(?:\\?\[[ xX\u00a0]\\?\]|[☐☑☒🔲])\ufe0f?\s")
_CODE = re.compile(r"`[^`]*`")
# "GO ✅" in a cell: the sign is no box there, and the row may be meant as an item.
_SIGN_LAST = re.compile(r"\w\W*(?:[✅✓✔☑❌✗✘☐☒]|\[[ xX]\]|:(?:white_check_mark|x|heavy_check_mark):)\ufe0f?\s*\Z")
_STATUS = re.compile(
    r"\W*+(?:status|state|done|complete[d]?|checked|verified|ok|go\W+no-?go|erledigt|fertig|geprüft|fait|état|statut|hecho"
    r"|estado|listo|feito|fatto|stato|klaar|gereed|klart|zrobione|hotovo|готово|статус|完了|状態|完成|状态)\W*+",
    re.IGNORECASE,
)
_STATE = re.compile(
    r"\W*+(?:done|open|to-?do|pending|in progress|wip|ok|complete[d]?|incomplete|passed|failed|missing|planned|blocked"
    r"|yes|no|(?:not )?started|not done|n/a|go|no-?go|[xyn]|ja|nein|erledigt|fertig|offen|oui|non|fait|à faire|sí|si"
    r"|hecho|pendiente|sim|não|feito|fatto|nee|klaar|да|нет|готово|完了|未完了|完成|已完成|未完成|是|否)?\W*+",
    re.IGNORECASE,
)
# ✅ and ❌ beside boxes tell right from wrong, or who needs what; these are what people put in place of an x.
_BY_HAND = frozenset("✓✔✗✘✖")
_CALLOUT = re.compile(r"\[[!^]\w")
# What may number or mark an entry where Markdown sees none: "●", "1、", "(1)", "1.1", "**1.**", "[^1]:", ":", and the
# mark of the byte order where files were joined.
_ENTRY = (
    r"(?:\[\^\w{1,40}\]:|[^\w\s\[\]`\"'|\\(（]{1,3}|[*_~]{0,3}[(（]?(?:\d{1,3}(?:[.-]\d{1,3}){0,4}|[\u2460-\u24ff]|\w{1,4}(?=[.):、．）]))"
    r"[.):、．）]{0,2}[*_~]{0,3})"
)
_LISTED = re.compile(rf"[\s>]*+\\?(?:{_ENTRY}\s*+){{1,3}}(?:\\?\[[ xX\u00a0]\\?\]|[☐□◻☑☒⬜🔲])\ufe0f?\s")
_MARKER = re.compile(r"(?:[\s>]*(?:[-*+•‣◦–—·]|\w{1,3}[.)])\s+)*")
_INPUT = re.compile(r"""<input\b[^<>]*\btype\s*=\s*["']?checkbox\b""", re.IGNORECASE)
_TAG = re.compile(r"</?[a-zA-Z][^<>]*>")
_COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)
_SHOWN = 5


def unread_boxes(root: Node, source: str, read: Collection[int]) -> str:
    """Return a sentence on what was not read as boxes, or "".

    Args:
        root: the blocks of the document.
        source: its text.
        read: the lines of the items that were read.
    """
    lines = source.split("\n")
    odd = sorted({*_odd(root, lines, read), *_signs(root, read)} - set(read))
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
    if bare := [line for line in sorted(set(_bare(root, read))) if line not in odd]:
        told.append(
            f"{_places(bare)}: no box, beside entries that have one; what is to be an item begins with '[ ]', and what "
            "is about one stands below it, indented"
        )
    if fenced:
        told.append(f"{_count(fenced)} in code fences not read, {_places(fenced)}: --readiness-fenced reads them")
    for start, hidden in _hidden(root, lines):
        told.append(f"{_count(hidden)} not read, {_places(hidden)}: the comment in line {start} is not closed ('-->')")
    return "; ".join(told)


def _odd(root: Node, lines: Sequence[str], read: Collection[int]) -> Iterator[int]:
    """The lines that begin with what is no box but looks like one, and rows without a box beside rows with one."""
    for node in root.walk():
        if node.type == "list_item" and node.children and node.children[0].type == "paragraph":
            first = lines_of(node)[0]
            if _ALMOST.match(_content(lines[first])) or _has_later(lines[first], 1):
                yield first + 1
        elif node.type == "paragraph":
            start, end = lines_of(node)
            for number in range(start + (node.children[0].box is not None), end):
                text = lines[number].strip().lstrip("> ")
                if _LISTED.match(text) or (
                    not _CALLOUT.match(text)
                    and (_BOX.match(text) or _ALMOST.match(text) or _has_later(text, 1 if text.startswith("|") else 2))
                ):
                    yield number + 1
        elif node.type == "heading" and node.children[0].box is None:
            text = lines[lines_of(node)[0]].strip().lstrip("#> ")
            if not _CALLOUT.match(text) and (_BOX.match(text) or _ALMOST.match(text)):
                yield lines_of(node)[0] + 1
        elif node.type in ("code_block", "front_matter"):
            yield from (number + 1 for number in range(*lines_of(node)) if _LISTED.match(lines[number]))
        elif node.type == "html_block":
            yield from _in_html(node)
        elif node.type == "table":
            yield from _rows(node, read)
        elif node.type == "inline" and any(
            token.type == "html_inline" and _INPUT.match(token.content) for token in node.tokens
        ):
            start, end = lines_of(node)
            yield from _inputs("\n".join(lines[start:end]), start + 1)


def _signs(node: Node, read: Collection[int]) -> Iterator[int]:
    """The lines of entries that begin with ✓ or ✗, filled in by hand as it seems; in an item they are its detail."""
    for child in node.children:
        if child.type == "list_item":
            line = lines_of(child)[0] + 1
            if line in read:
                continue
            inline = child.children[0].children[0] if child.children and child.children[0].children else None
            if inline is not None and inline.box is not None and inline.box.mark in _BY_HAND:
                yield line
        yield from _signs(child, read)


def _has_later(line: str, least: int) -> bool:
    """Whether a line has so many boxes, ends with one, or has one after a sign; what is code is none."""
    text = _CODE.sub(" ", line).rstrip(" |.")
    found = list(_LATER.finditer(text))
    ticked = list(_TICKED_LATER.finditer(text))
    last = max((match.end() for match in (*found, *ticked)), default=-1)
    many = bool(found) and len(found) + len(ticked) >= least
    return many or last == len(text) or _AFTER_SIGN.search(text) is not None


def _bare(root: Node, read: Collection[int]) -> Iterator[int]:
    """The lines of entries without a box in lists in which others are items; not of those that hold items."""
    for node in root.walk():
        if node.type not in ("bullet_list", "ordered_list"):
            continue
        starts = [lines_of(entry)[0] + 1 for entry in node.children]
        if not any(start in read for start in starts):
            continue
        for entry, start in zip(node.children, starts, strict=True):
            if not any(start <= line <= lines_of(entry)[1] for line in read):
                yield start


def _in_html(node: Node) -> Iterator[int]:
    first = lines_of(node)[0]
    # Comments are blanked, so that every line keeps its number.
    text = _COMMENT.sub(lambda match: "\n" * match[0].count("\n"), node.content)
    yield from _inputs(text, first + 1)
    for number, line in enumerate(text.split("\n"), first + 1):
        if _BOX.match(_content(_TAG.sub(" ", line).strip())):
            yield number


def _inputs(text: str, first: int) -> Iterator[int]:
    """The lines on which boxes of HTML begin, in a text that begins on the line `first`."""
    return (first + text.count("\n", 0, match.start()) for match in _INPUT.finditer(text))


def _rows(table: Node, read: Collection[int]) -> Iterator[int]:
    """Rows with what is almost a box in a cell; and in a table in which others are items, rows that are none."""
    head = [row for part in table.children if part.type == "thead" for row in part.children]
    rows = [row for part in table.children if part.type == "tbody" for row in part.children]
    some = any(lines_of(row)[0] + 1 in read for row in rows)
    texts = [[plain(cell.children[0]).strip() for cell in row.children] for row in rows]
    titles = [plain(cell.children[0]) for row in head for cell in row.children]
    # "Done" and "Open" below "Status": a list of what is to be done, without a box in any row.
    states = any(
        _STATUS.fullmatch(title) and all(column < len(row) and _STATE.fullmatch(row[column]) for row in texts)
        for column, title in enumerate(titles)
    )
    for row, cells in zip(rows, texts, strict=True):
        if (
            any(_ALMOST.match(text) or _LISTED.match(text) or _SIGN_LAST.search(text) for text in cells)
            or states
            or (some and sum(map(bool, cells)) > 1)
        ):
            yield lines_of(row)[0] + 1


def _hidden(root: Node, lines: Sequence[str]) -> Iterator[tuple[int, list[int]]]:
    """The lines with boxes in a comment that is never closed, and where it begins."""
    for node in root.walk():
        if node.type == "html_block" and "<!--" in node.content:
            begins = node.content.rindex("<!--")
            if "-->" not in node.content[begins:]:
                start = lines_of(node)[0] + node.content[:begins].count("\n")
                hidden = [n + 1 for n in range(start, lines_of(node)[1]) if _LISTED.match(lines[n])]
                if hidden:
                    yield start + 1, hidden


def _content(line: str) -> str:
    """A line without the markers of the entries that it begins."""
    match = _MARKER.match(line)
    return line[match.end() if match else 0 :]


def _count(lines: Sequence[int]) -> str:
    return "1 box is" if len(lines) == 1 else f"{len(lines)} boxes are"


def _places(lines: Sequence[int]) -> str:
    shown = ", ".join(map(str, lines[:_SHOWN])) + (", …" if len(lines) > _SHOWN else "")
    return f"line{'s' if len(lines) > 1 else ''} {shown}"
