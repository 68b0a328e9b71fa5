"""What in a document looks like a box and is not read as one, so that nothing is left out without a word."""

from __future__ import annotations

import html
import re
from collections.abc import Collection, Iterator, Sequence

from pytest_readiness.checklist.markdown import Node, fences_with_boxes, lines_of, plain
from pytest_readiness.checklist.remarks import PARENTHESIS
from pytest_readiness.core.text import is_include

_BOX = re.compile(r"(?:\\?\[[ xX\u00a0]\\?\]|[☐□◻☑☒⬜🔲])(?:\s|$)")
# What people write instead at the beginning of an entry: "[]", "[-]", "[v]", "[ x]", "[N/A]", "[90 %]", "( )", other
# brackets and signs; and "[x]" without a blank after it. A link goes on.
_ALMOST = re.compile(
    r"[*_~]{0,6}(?:"
    r"\[(?:[^\]\[\w\n]{0,3}|:\w+:|[vonyх]|[ _]+|\s+[xX]\s*|[xX]\s+|\d{1,3}\s?%|no|yes|n/?a|done|to-?do|open|wip|ok|tbd"
    r"|pass(?:ed)?|fail(?:ed)?|skip(?:ped)?|erledigt|fertig|offen|ja|nein|entfällt|oui|non|fait|sí|hecho|pendiente|feito"
    r"|sim|não|fatto|klaar|完了|未完了|完成|已完成|未完成|готово|да|нет)\](?![(\[:])"
    r"|\[[ xX]?\]:(?=\s)|\\\[[ xX]?\]|\[[ xX]?\\\]|\\\[\\\]|\[[ xX]\](?![(\[\s*_])"
    r"|\((?:[ xX✓✔/!\u3000]|)\)(?=[\s|]|\Z)|\{[ xX✓✔]?\}(?=\s)|[［【〔][\s\u3000xX]*[］】〕]|[❎▢❏❐❑❒🗹🗵🗷◽⬛⊠⊡☓]"
    # Boxes of the fonts Wingdings, as Word hands them over.
    r"|[○◯◌⭕]\ufe0f?(?=\s)|[\uf06f-\uf072\uf0a3\uf0a8\uf0fb-\uf0fe\uf052]\s)",
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
# Titles of columns that say how far a row is, and those that say who saw it done, or when.
_STATUS = re.compile(
    r"\W*+(?:status|state|done|complete[d]?|finished|checked|check(?:ed)? off|tick(?:ed)?|verified|confirmed"
    r"|approv(?:al|ed)|passed|result|outcome|progress|rag|readiness|ready|sign-?\s?off|pass\W+fail|yes\W+no|y\W+n|ok|go\W+no-?go"
    r"|erledigt|fertig|geprüft|ergebnis|fait|terminé|résultat|état|statut|hecho|completado|resultado|estado|listo|feito"
    r"|concluído|fatto|completato|stato|klaar|gereed|klart|færdig|valmis|zrobione|gotowe|hotovo|kész|bitti|tamam|готово"
    r"|выполнено|статус|完了|状態|完成|状态|결과|상태|완료)?\W*+",
    re.IGNORECASE,
)
_SEEN_BY = re.compile(
    r"\W*+(?:(?:verified|confirmed|checked|done|completed|signed(?: off)?|approved|tested|reviewed)\s(?:by|on|at)"
    r"|(?:date|day)\s(?:completed|done|verified|checked|signed|tested)|completion date|sign-?\s?off|signature|signed"
    r"|initials|geprüft von|erledigt (?:von|am)|unterschrift|kürzel|validé par|fait le|firma|verificado por)\W*+",
    re.IGNORECASE,
)
# How far a row is, whatever the column is called.
_PROGRESS = re.compile(
    r"\W*+(?:done|to-?do|pending|in progress|in review|wip|complete[d]?|incomplete|failed|pass|fail|nok"
    r"|not ok|rejected|(?:not )?(?:passed|started|done|ready|verified|approved)"
    r"|erledigt|fertig|à faire|pendiente|未完了|已完成|未完成)\W*+"
    r"|\s*+[🟢🔴🟡🟠⚪🟩🟥🟨🟧].*",
    re.IGNORECASE,
)
_STATE = re.compile(
    r"\W*+(?:open|missing|planned|blocked|go|no-?go|offen|ok|yes|no|n/?a|true|false|[xyn]|[vo01]|\d{1,3}\s?%|green|red|amber|yellow|ja|nein|oui|non|fait|sí|si|hecho|sim"
    r"|não|feito|fatto|sì|nee|klaar|nej|tak|nie|да|нет|готово|完了|完成|済|未|是|否|はい|いいえ|예|아니오)?\W*+",
    re.IGNORECASE,
)
# What is no text, or a page's frame, holds no items when it is put into a document.
_NO_LIST = re.compile(
    r"\.(?:html?|css|jsx?|tsx?|json|ya?ml|toml|sh|py|rb|go|java|sql|png|jpe?g|gif|svg|webp|pdf|mp4)\b", re.IGNORECASE
)
# ✅ and ❌ beside boxes tell right from wrong, or who needs what; these are what people put in place of an x.
_BY_HAND = frozenset("✓✔✗✘✖")
_CALLOUT = re.compile(r"\[[!^]\w")
# What may number or mark an entry where Markdown sees none: "●", "1、", "(1)", "1.1", "**1.**", "[^1]:", ":", and the
# mark of the byte order where files were joined.
_ENTRY = (
    r"(?:\[\^\w{1,40}\]:|[^\w\s\[\]`\"'|\\(（]{1,3}|[*_~]{0,3}[(（]?(?:\d{1,3}(?:[.-]\d{1,3}){0,4}|[\u2460-\u24ff]|\w{1,4}(?=[.):、．）])|o(?=\s))"
    r"[.):、．）]{0,2}[*_~]{0,3})"
)
_LISTED = re.compile(rf"[\s>]*+\\?(?:{_ENTRY}\s*+){{1,3}}(?:\\?\[[ xX\u00a0]\\?\]|[☐□◻☑☒⬜🔲])\ufe0f?\s")
_MARKER = re.compile(r"(?:[\s>]*(?:[-*+•‣◦–—·]|\w{1,3}[.)])\s+)*")
_INPUT = re.compile(r"""<input\b[^<>]*\btype\s*=\s*["']?checkbox\b""", re.IGNORECASE)
_TAG = re.compile(r"</?[a-zA-Z][^<>]*>")
_COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)
_TAG_OR_BREAK = re.compile(r"<[^<>]*>|\n")
_SIGN_ALONE = re.compile(r"[✅✓✔❌✗✘✖❎]\ufe0f?")
# The end of a comment as it is mistyped, or as a word processor writes it; nothing else stands after it.
_ALMOST_CLOSED = re.compile(r"(?:(?<!-)->|--!>|--\s{1,4}>|[–—]>)[ \t]*$", re.MULTILINE)
_SHOWN = 20


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
    for start, hidden, why in (*_hidden(root, lines), *_swallowed(root, lines, set(fenced))):
        told.append(f"{_count(hidden)} not read, {_places(hidden)}: the {why.format(start)}")
    if named := sorted(set(_elsewhere(root, lines))):
        told.append(
            f"{_places(named)}: what is to be put in there from another file is not read; list that file under "
            "'checklists' in readiness.yaml, too"
        )
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
                text = html.unescape(lines[number]).strip().lstrip("> ")
                if _LISTED.match(text) or (
                    not _CALLOUT.match(text)
                    and (
                        _BOX.match(text)
                        or _ALMOST.match(text)
                        or _has_later(text, 1 if text.startswith("|") else 2)
                        or (text.startswith("|") and any(map(_ALMOST.match, map(str.strip, text.split("|")))))
                    )
                ):
                    yield number + 1
        elif node.type == "heading" and node.children[0].box is None:
            text = lines[lines_of(node)[0]].strip().lstrip("#> ")
            if not _CALLOUT.match(text) and (_BOX.match(text) or _ALMOST.match(text) or _has_later(text, 1)):
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
        said = _TAG.sub(" ", line)
        if any(map(_is_box, (said, *_TAG.split(line)))) or _has_later(html.unescape(said), 2):
            yield number


def _is_box(text: str) -> bool:
    """Whether a text of HTML is a box, or begins with one; a sign alone is one as well."""
    said = _content(html.unescape(text).strip())
    return _BOX.match(said) is not None or _SIGN_ALONE.fullmatch(said) is not None


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
        _tells_states(title, [row[column] if column < len(row) else "" for row in texts], first=not column)
        for column, title in enumerate(titles)
    )
    for row, cells in zip(rows, texts, strict=True):
        if (
            any(_ALMOST.match(text) or _LISTED.match(text) or _SIGN_LAST.search(text) for text in cells)
            or states
            or (some and sum(map(bool, cells)) > 1)
        ):
            yield lines_of(row)[0] + 1


def _tells_states(title: str, cells: Sequence[str], *, first: bool) -> bool:
    """Whether a column says of each row that it is done, or is not."""
    if _SEEN_BY.fullmatch(title) and not all(cells):
        return True
    states = [_PROGRESS.fullmatch(cell) is not None for cell in cells]
    if any(states) and not first and all(state or not cell for state, cell in zip(states, cells, strict=True)):
        return True
    title = PARENTHESIS.sub("", title).strip()
    known = title == "[x]" or (bool(title) and _STATUS.fullmatch(title) is not None)
    return known and all(state or _STATE.fullmatch(cell) for state, cell in zip(states, cells, strict=True))


def _hidden(root: Node, lines: Sequence[str]) -> Iterator[tuple[int, list[int], str]]:
    """The lines with boxes in a comment that is never closed, or does not end where it was meant to."""
    for node in root.walk():
        if node.type != "html_block":
            continue
        first, end = lines_of(node)
        for comment in _COMMENT.finditer(node.content):
            place, why = 0, "comment in line {} is not closed ('-->')"
            if comment[0].endswith("-->"):
                if (typed := _typed_end(comment[0])) is None:
                    continue
                end = first + node.content.count("\n", 0, comment.end()) + 1
                place, why = typed, f"comment in line {{}} ends in line {end} only: write '-->' where it is to end"
            start = first + node.content.count("\n", 0, comment.start())
            after = start + comment[0].count("\n", 0, place)
            if hidden := [n + 1 for n in range(after, min(end, len(lines))) if _LISTED.match(lines[n])]:
                yield start + 1, hidden, why


def _typed_end(comment: str) -> int | None:
    """Where a comment was meant to end, at a mistyped end, or before another one that begins in it; None if there."""
    if (match := _ALMOST_CLOSED.search(comment)) is not None and match.end() < len(comment):
        return match.start()
    return 0 if comment.find("<!--", 4) >= 0 else None


def _swallowed(root: Node, lines: Sequence[str], told: Collection[int]) -> Iterator[tuple[int, list[int], str]]:
    """The lines with boxes in a code fence that goes on after what looks like its end; where it begins, and why."""
    for node in root.walk():
        if node.type == "fence":
            first, end = lines_of(node)
            closed = end - first - 1 > node.content.count("\n")
            hidden = [n + 1 for n in range(first + 1, end) if _LISTED.match(lines[n]) and n + 1 not in told]
            if hidden:
                why = f"ends in line {end} only" if closed else "is not closed"
                yield (
                    first + 1,
                    hidden,
                    f"code fence in line {{}} {why}: what closes it is a line of just '{node.markup}'",
                )


def _elsewhere(root: Node, lines: Sequence[str]) -> Iterator[int]:
    """The lines in whose place other tools put what another file says."""
    for node in root.walk():
        if node.type in ("paragraph", "html_block"):
            first, end = lines_of(node)
            yield from (
                number + 1
                for number in range(first, min(end, len(lines)))
                if is_include(lines[number]) and not _NO_LIST.search(lines[number])
            )
        elif node.type == "fence" and is_include(node.info):
            yield lines_of(node)[0] + 1


def _content(line: str) -> str:
    """A line without the markers of the entries that it begins."""
    match = _MARKER.match(line)
    return line[match.end() if match else 0 :]


def _count(lines: Sequence[int]) -> str:
    return "1 box is" if len(lines) == 1 else f"{len(lines)} boxes are"


def _places(lines: Sequence[int]) -> str:
    shown = ", ".join(map(str, lines[:_SHOWN])) + (", …" if len(lines) > _SHOWN else "")
    return f"line{'s' if len(lines) > 1 else ''} {shown}"
