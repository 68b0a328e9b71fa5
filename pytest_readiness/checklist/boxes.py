"""What counts as a box in a document, and whether it says "done"."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass

# What may stand for a box, and whether it says "done".
_SYMBOLS = {
    "☐": False,
    "□": False,
    "◻": False,
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
_BALLOTS = frozenset({"☐", "□", "◻", "☑", "☒", ":ballot_box_with_check:"})
SQUARES = frozenset({"⬜", "🔲", ":white_large_square:"})
"""Empty squares: in a list, they and the other signs of the list are boxes in any document."""
# Boxes of one character that stands for itself.
_FILLABLE = frozenset("☐□◻☑☒✓✔✗✘")
# What a completed copy has instead of a box that says the contrary. A ballot stays a ballot and any other symbol one of
# the others, because that decides which lists are checklists.
_TICKED = {
    "☐": "☑",
    "□": "☑",
    "◻": "☑",
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

# Also written so that Markdown makes no link of it, and in bold letters, alone or with its text.
_BRACKETS = re.compile(
    r"(?P<struck>~~)?(?:(?P<bold>\*\*|__)(?=\\?\[[^\]]*\](?P<alone>\*\*|__)?))?"
    r"(?P<mark>(?P<escape>\\)?\[(?P<tick>[xX]|[^\S\n])(?(escape)\\)\])(?(alone)(?P=alone))(?=\s|$)\s*"
)
_SIGN = re.compile(
    r"(?P<struck>~~)?(?P<bold>\*\*|__)?(?P<mark>&#?\w+;|:\w+:|\S)\ufe0f?(?P<alone>(?(bold)(?P=bold)|(?!)))?\s*"
)


@dataclass(frozen=True, slots=True)
class Box:
    """`real`: a box by itself, not a symbol that only some documents use as one; `cell`: in a table.

    `written` is what represents it in the source, from the column `start`.
    """

    mark: str
    ticked: bool
    column: int
    real: bool
    cell: bool
    written: str
    start: int


NO_BOX = Box("", False, -1, False, False, "", -1)
"""Of an item that has none, because its place in a list of what is done says that it is not."""


def box_at(content: str, line: str, start: int, *, cell: bool) -> tuple[Box, str] | None:
    """The box at the beginning of `content`, which is in `line` at or after `start`; and the rest."""
    if match := _BRACKETS.match(content):
        place = line.find(match["mark"], start)
        mark = match["mark"]
        column = place + mark.index("[") + 1 if place >= 0 else -1
        box = Box(mark, match["tick"] in "xX", column, True, cell, mark, place)
        bold = match["bold"] if match["bold"] and not match["alone"] else ""
        return box, f"{match['struck'] or ''}{bold}{content[match.end() :]}"
    if (match := _SIGN.match(content)) and (sign := html.unescape(match["mark"])) in _SYMBOLS:
        place = line.find(match["mark"], start)
        column = place if match["mark"] in _FILLABLE else -1
        box = Box(sign, _SYMBOLS[sign], column, sign in _BALLOTS, cell, match["mark"], place)
        bold = match["bold"] if match["bold"] and not match["alone"] else ""
        return box, f"{match['struck'] or ''}{bold}{content[match.end() :]}"
    return None


_CHOICE = re.compile(r"(?P<mark>[☐☑☒]|\[[ xX]\])\ufe0f?\s*(?P<words>[^☐☑☒\[\]]*)")
_YES = re.compile(r"\W*(?:yes|ja|oui|sí|sim|done|ok|pass(?:ed)?|completed?|true|met)\b", re.IGNORECASE)


def is_yes(words: str) -> bool:
    """Whether an answer says that a claim holds."""
    return _YES.match(words) is not None


def choice_at(content: str, line: str, start: int) -> tuple[Box, str] | None:
    """The box before "yes" in a cell of several answers, each with its box; and the rest. None in any other cell."""
    choices = list(_CHOICE.finditer(content))
    if len(choices) < 2 or choices[0].start():
        return None
    place = start - 1
    for choice in choices:
        mark = choice["mark"]
        place = line.find(mark, place + 1)
        if is_yes(choice["words"]):
            bracket = mark.startswith("[")
            ticked = mark[1] in "xX" if bracket else _SYMBOLS[mark]
            column = place + 1 if bracket and place >= 0 else place
            rest = f"{content[: choice.start()]}{content[choice.end('mark') :]}"
            return Box(mark, ticked, column, True, True, mark, place), rest
    return None


def rewritten(written: str, ticked: bool) -> str:
    """What to write instead of a box that says the opposite, so that it says `ticked`."""
    before, bracket, after = written.partition("[")
    if bracket:
        return f"{before}[{'x' if ticked else ' '}{after[1:]}"
    return (_TICKED if ticked else _UNTICKED)[html.unescape(written)]
