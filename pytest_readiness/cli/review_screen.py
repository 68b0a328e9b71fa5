"""What a review shows: an item and the choices, fitted into a window of any size.

What does not fit is cut with "…": first what is said beside a candidate, last what answers the item.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from io import StringIO

from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from pytest_readiness.bind.proposal import Candidate, Suggestion
from pytest_readiness.bind.review import TYPED, Blank, Claim, Mode, Review, group_of
from pytest_readiness.bind.reviewed import is_proposed, way_of
from pytest_readiness.cli.describe import shown
from pytest_readiness.cli.output import count

_DIM, _BOLD, _TOLD = "dim", "bold", "yellow"
_PATH = " › "
_INDENT = 3
"""Of what is said of a candidate, below its id."""
_KEYS = {
    Mode.CHOICE: (
        *(("1-3", "take"), ("s", "sign-off"), ("p", "part"), ("n", "n/a"), ("/", "search"), ("e", "edit")),
        *(("space", "later"), ("b", "back"), ("u", "undo"), ("?", "help"), ("q", "leave")),
    ),
    Mode.WHICH: (("1-3", "proves a part"), ("Esc", "back")),
    Mode.ALSO: (("y", "yes"), ("n", "no"), ("Enter", "no more"), ("Esc", "take nothing")),
    Mode.VALUE: (("Enter", "take"), ("Enter alone", "editor"), ("Esc", "take nothing")),
    Mode.ROLE: (("a number", "or a name"), ("Enter", "take"), ("Esc", "back")),
    Mode.REASON: (("Enter", "take"), ("Ctrl-U", "clear"), ("Esc", "back")),
    Mode.SEARCH: (("Enter", "search"), ("Esc", "back")),
    Mode.MISTAKES: (("e", "edit"), ("d", "drop")),
    Mode.WHOLE: (("space", "next page"), ("any other", "back")),
    Mode.HELP: (("any key", "back"),),
    Mode.END: (("b", "back"), ("u", "undo"), ("q", "leave")),
}
_HELP = (
    ("1 2 3", "take this candidate; what often belongs to it is asked"),
    ("c", "confirm what the file proposes, where that is shown"),
    ("p", "take one for a part of it: a role signs the rest"),
    ("s", "a role signs it: only people can tell"),
    ("n", "it does not apply; the reason is asked"),
    ("/", "search for checks by words, or by an id"),
    ("m", "more candidates"),
    ("e", "write the entry yourself, in $EDITOR"),
    ("v", "the item's whole text"),
    ("space", "later: leaves it proposed; Enter does the same"),
    ("b", "back to the item before"),
    ("u", "undo the last decision"),
    ("q", "leave; so do Ctrl-C and Ctrl-D"),
)
_HELPED = "Each decision is in the file at once. A proposal proves nothing until it is confirmed here."


LEAST = (40, 10)
"""Columns and lines of the smallest window in which an item can be read."""


def too_small(columns: int, lines: int) -> list[str]:
    """What to show in a window that is smaller than that."""
    text = f"This window is too small for a review: at least {LEAST[0]} columns and {LEAST[1]} lines. q leaves."
    return [line.plain for line in Text(text).wrap(Console(file=StringIO()), max(1, columns))][: max(1, lines)]


@dataclass
class _Strip:
    """Lines that belong together.

    Attributes:
        lines: all of them.
        rank: blocks of a lower one are cut first.
        least: lines that stay as long as anything else can be cut.
    """

    lines: list[Text]
    rank: int
    least: int = 0


class ReviewScreen:
    """Draws a review.

    Args:
        clean: makes a text one that may be shown, in one line.
    """

    def __init__(self, clean: Callable[[object], str]) -> None:
        self._clean = clean
        self._columns = 80

    def draw(self, review: Review, columns: int, lines: int) -> list[str]:
        """Return the lines to show in a window of this size, no more than it has."""
        self._columns = max(10, columns)
        body, foot = self._body(review, lines), self._foot(review)
        fitted = _fitted([*body, *foot], max(1, lines))
        file = StringIO()
        console = Console(
            file=file, force_terminal=True, width=self._columns, highlight=False, markup=False, emoji=False
        )
        for line in fitted:
            line.truncate(self._columns, overflow="ellipsis")
            console.print(line, no_wrap=True, overflow="crop", end="\n")
        return file.getvalue().splitlines()

    # --- parts

    def _wrapped(self, text: object, style: str = "", indent: int = 0) -> list[Text]:
        words = Text(self._clean(text), style)
        console = Console(file=StringIO(), width=self._columns)
        found = words.wrap(console, max(5, self._columns - indent), overflow="fold")
        return [Text(" " * indent).append_text(line) if indent else line for line in found]

    def _body(self, review: Review, lines: int) -> list[_Strip]:
        if review.mode is Mode.HELP:
            return self._help()
        if review.mode is Mode.END:
            return self._end(review)
        if review.mode is Mode.WHOLE:
            return self._whole(review, lines)
        parts = self._item(review)
        if review.mode in (Mode.CHOICE, Mode.WHICH, Mode.SEARCH):
            return [*parts, *self._choices(review)]
        return [*parts, _Strip([Text()], 1), *self._question(review)]

    def _head(self, review: Review) -> list[_Strip]:
        place = f"{review.at + 1} of {len(review.queue)}, {group_of(review.proposal)}"
        left = f"{review.open} left"
        head = Text(place, _BOLD)
        gap = self._columns - cell_len(place) - cell_len(left)
        head.append(f"{' ' * gap if gap > 1 else '  '}{left}", _DIM)
        names = [self._clean(name) for name in review.above]
        path = _PATH.join(names)
        while cell_len(path) > self._columns and len(names) > 1:
            # The nearest heading says most of the item.
            names = names[1:]
            path = _PATH.join(("…", *names))
        above = Text(path, _DIM)
        return [_Strip([head], 9, 1), _Strip([above] if above else [], 6, 1)]

    def _item(self, review: Review) -> list[_Strip]:
        item = review.proposal.item
        blocks = [
            *self._head(review),
            _Strip([line for each in item.introduced for line in self._wrapped(each, _DIM)], 5, 1),
            _Strip([Text()], 1),
            _Strip(self._wrapped(item.text, _BOLD), 7, 2),
            _Strip(self._paragraphs(item.detail), 2),
        ]
        if not is_proposed(review.entry):
            decided = f"Decided: {shown(review.entry)}"
            blocks.append(_Strip(self._wrapped(f"{decided} ({way_of(review.entry)})", "green"), 7, 1))
        return blocks

    def _paragraphs(self, text: str) -> list[Text]:
        return [line for each in text.splitlines() if each.strip() for line in self._wrapped(each)]

    def _choices(self, review: Review) -> list[_Strip]:
        proposal = review.proposal
        blocks = [_Strip([Text()], 1)]
        if review.proposed is not None:
            was = review.desk.file.before(proposal.item.id)
            said = f"c  as the file proposes{f', which was for {was!r}' if was else ''}: {shown(review.proposed)}"
            blocks.append(_Strip(self._wrapped(said), 8, 2))
            blocks.append(_Strip([Text()], 1))
        for number, candidate in enumerate(review.candidates, 1):
            blocks += self._candidate(review, number, candidate)
        if not review.candidates:
            blocks.append(_Strip(self._wrapped("Nothing is found for its words; / searches by others.", _DIM), 6, 1))
        if review.more:
            blocks.append(_Strip([Text(f"m  {review.more} more", _DIM)], 1))
        sign = f"s  {proposal.role or 'someone'} signs{f', {proposal.cadence}' if proposal.cadence else ''}"
        if proposal.role and proposal.candidates and not proposal.people_first:
            sign += " (by p: the rest)"
        absent = f"n  not applicable{f': {proposal.not_applicable}' if proposal.not_applicable else ''}"
        both = f"{sign}    {absent}"
        lines = [both] if cell_len(both) <= self._columns else [sign, absent]
        return [*blocks, _Strip([Text()], 1), _Strip([Text(self._clean(line)) for line in lines], 8, 2)]

    def _candidate(self, review: Review, number: int, candidate: Candidate) -> list[_Strip]:
        ids = " + ".join(each.check for each in candidate.checks)
        head = Text(f"{number}  ").append(self._clean(ids), _BOLD).append(f"  {candidate.level}", _DIM)
        claims: list[Text] = []
        where: dict[str, None] = {}
        given: list[str] = []
        usual: list[str] = []
        for each in candidate.checks:
            claim = review.desk.claim(each.check)
            named = f"{each.check}: " if len(candidate.checks) > 1 else ""
            claims += self._wrapped(f"{named}{'no check yet: ' if claim.coming else ''}{claim.title}", "", _INDENT)
            where.setdefault(claim.where)
            if each.coming:
                # Nothing of them is written, as no check takes them so far.
                continue
            given += [f"{key}: {shown(value)}" for key, value in each.parameters.items()]
            given += [f"asks for {needed.name}" for needed in claim.needs if needed.name not in each.parameters]
            usual += [f"{named}{said}" for said in _usual(claim, each.parameters)]
        unexplained = ", ".join(f"'{word}'" for word in candidate.unexplained)
        weak = f"does not prove: {candidate.does_not_prove}" if candidate.does_not_prove else ""
        return [
            _Strip([Text()] if number > 1 else [], 1),
            _Strip([head], 8, 1),
            _Strip(claims, 5, 1),
            _Strip(self._wrapped("; ".join(given), "", _INDENT) if given else [], 6, 1),
            _Strip(self._wrapped(f"unless given, {'; '.join(usual)}", "", _INDENT) if usual else [], 5, 1),
            _Strip(self._dim("; ".join(filter(None, where))), 3),
            _Strip(self._dim(f"not read: {' '.join(candidate.not_read)}" if candidate.not_read else ""), 4, 1),
            _Strip(self._dim(weak), 4, 1),
            _Strip(self._dim(f"leaves unexplained: {unexplained}" if unexplained else ""), 2),
            _Strip(self._dim(f"as in {candidate.source}" if candidate.source else ""), 0),
        ]

    def _dim(self, text: str) -> list[Text]:
        return self._wrapped(text, _DIM, _INDENT) if text else []

    def _question(self, review: Review) -> list[_Strip]:
        mode = review.mode
        if mode is Mode.ALSO:
            claim = review.desk.claim(review.also)
            title = f"{'no check yet: ' if claim.coming else ''}{claim.title}"
            asked = Text("Also needed?  ").append(self._clean(review.also), _BOLD)
            usual = "; ".join(_usual(claim, {}))
            return [
                _Strip([asked], 9, 1),
                _Strip(self._wrapped(title, "", _INDENT), 8, 1),
                _Strip(self._wrapped(f"unless given, {usual}", "", _INDENT) if usual else [], 7, 1),
                _Strip(self._dim(claim.where), 2),
            ]
        if mode is Mode.VALUE:
            return self._value(*review.needed)
        if mode is Mode.ROLE:
            known = [f"{number} {role}" for number, role in enumerate(review.roles, 1)]
            listed = self._wrapped("   ".join(known), "", _INDENT) if known else []
            usual = f" Enter takes {review.proposal.role}." if review.proposal.role else ""
            return [_Strip(self._wrapped(f"Who signs?{usual}"), 9, 1), _Strip(listed, 8, 1)]
        if mode is Mode.REASON:
            return [_Strip([Text("Why does it not apply?")], 9, 1)]
        if mode is Mode.MISTAKES:
            told = [line for each in review.mistakes for line in self._wrapped(each, "red", _INDENT)]
            return [_Strip(self._wrapped("This cannot be written as it is:"), 9, 1), _Strip(told, 8, 2)]
        return []

    def _value(self, suggestion: Suggestion, needed: Blank) -> list[_Strip]:
        """The question for a parameter, and what the item says of it where that was not read."""
        verb = "can be given" if needed.usual else "needs"
        asked = Text("").append(self._clean(suggestion.check), _BOLD).append(f" {verb} '{needed.name}'")
        said = [f"The item says {note}" for note in suggestion.not_read if note.parameter == needed.name]
        if needed.long:
            how = " It is too long for a line: Enter alone opens the editor."
        else:
            how = " Several are written with commas between them." if needed.several else ""
        return [
            _Strip([asked], 9, 1),
            _Strip([line for each in said for line in self._wrapped(each, "", _INDENT)], 8, 1),
            _Strip(self._wrapped(needed.meaning + how, "", _INDENT), 6, 1),
        ]

    def _help(self) -> list[_Strip]:
        rows = []
        for key, meaning in _HELP:
            first, *rest = self._wrapped(meaning, "", 7)
            rows += [Text(f"{key:<7}", _BOLD).append_text(first[7:]), *rest]
        return [_Strip(rows, 8, 1), _Strip([Text()], 1), _Strip(self._wrapped(_HELPED, _DIM), 2)]

    def _end(self, review: Review) -> list[_Strip]:
        left = review.open
        said = f"{len(review.queue) - left} of {count(len(review.queue), 'item')} decided"
        rest = f"; {left} left for later. Enter goes through them." if left else ". Enter leaves; b goes back to them."
        title = "That was the last one." if left else "Nothing is left to decide."
        return [_Strip([Text(title, _BOLD)], 9, 1), _Strip(self._wrapped(said + rest), 8, 1)]

    def _whole(self, review: Review, lines: int) -> list[_Strip]:
        item = review.proposal.item
        text = [*self._wrapped(item.text, _BOLD), *self._paragraphs(item.detail)]
        room = max(1, lines - 5)
        pages = max(1, -(-len(text) // room))
        page = review.page % pages
        return [*self._head(review), _Strip([Text()], 1), _Strip(text[page * room :][:room], 8, 1)]

    def _foot(self, review: Review) -> list[_Strip]:
        blocks = [_Strip([Text()], 1)]
        if review.message:
            blocks.append(_Strip(self._wrapped(review.message, _TOLD), 7, 1))
        if review.mode in TYPED:
            blocks.append(_Strip([self._typed(review)], 10, 1))
        keys = list(self._keys(_keys_of(review)))
        blocks.append(_Strip(keys, 9, len(keys)))
        return blocks

    def _typed(self, review: Review) -> Text:
        """What is typed, or as much of its end as there is room for."""
        mark = "/ " if review.mode is Mode.SEARCH else "> "
        text, cut = self._clean(review.line), ""
        while cell_len(mark + cut + text) >= self._columns:
            text, cut = text[1:], "…"
        return Text(mark + cut + text).append(" ", "reverse").append("")

    def _keys(self, keys: Sequence[tuple[str, str]]) -> Iterable[Text]:
        line = Text()
        for key, meaning in keys:
            entry = Text(key, _BOLD).append(f" {meaning}", _DIM)
            if line and line.cell_len + 2 + entry.cell_len > self._columns:
                yield line
                line = Text()
            line.append("  " if line else "").append_text(entry)
        yield line


def _usual(claim: Claim, given: Mapping[str, object]) -> list[str]:
    """What a check takes for parameters that a text may give and does not."""
    return [f"{each.name}: {each.usual}" for each in claim.left_out(given)]


def _keys_of(review: Review) -> tuple[tuple[str, str], ...]:
    known = _KEYS.get(review.mode, ())
    if review.mode is Mode.VALUE and (usual := review.needed[1].usual):
        return tuple((key, f"keeps {usual}" if key == "Enter alone" else meaning) for key, meaning in known)
    return known


def _fitted(blocks: list[_Strip], lines: int) -> list[Text]:
    """The lines of the blocks, no more than these; a block that is cut ends with "…"."""
    kept = {id(block): len(block.lines) for block in blocks}
    over = sum(kept.values()) - lines
    for least in (True, False):
        # Of what counts as much, that of the last candidate goes first.
        for block in (blocks[at] for at in sorted(range(len(blocks)), key=lambda at: (blocks[at].rank, -at))):
            if over <= 0:
                break
            stays = min(block.least, len(block.lines)) if least else 0
            cut = min(over, kept[id(block)] - stays)
            if cut > 0:
                kept[id(block)] -= cut
                over -= cut
    found = []
    for block in blocks:
        shown = block.lines[: kept[id(block)]]
        if shown and len(shown) < len(block.lines):
            shown[-1] = _cut(shown[-1])
        found += shown
    return found


def _cut(line: Text) -> Text:
    return Text.assemble(line, (" …", line.style))
