"""The checklist as the team wrote it, completed: what passed is ticked, with the evidence below each item."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from pytest_readiness.checklist.layout import DocumentLayout, ItemLayout, Mark, read_layout
from pytest_readiness.core.redact import printable
from pytest_readiness.report.phrases import decision, part_of, waived_by
from pytest_readiness.verdict.items import OPEN, GroupRecord, LeafRecord, SectionRecord
from pytest_readiness.verdict.judging import replay_notice, shown
from pytest_readiness.verdict.outcome import Original, Outcome
from pytest_readiness.verdict.result import STATES, State, TestResult

_BOM = "\ufeff"
_LINES = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+\Z")
_RUNS = re.compile(r"`+")
NOT_SELECTED = "**not run**: this run covered a part of the checklist, without this item"
_NOTHING = "<!-- -->"
"""Ends a list, so that what follows is not taken for a part of it; no one sees it."""
TICKED_BY_HAND = "**ticked by hand** in the original, which proves nothing"

VERDICT = "| Verdict | **"
"""With which the first line of the table begins that a completed checklist has on top."""


def code(text: object, *, cell: bool = False) -> str:
    """Return a text from elsewhere as a code span: nothing in it is markup, HTML, a link or a mention.

    Args:
        text: the text.
        cell: whether it is in a table, where a bar would end the cell.
    """
    words = printable(text).strip() or "–"
    fence = "`" * (max(map(len, _RUNS.findall(words)), default=0) + 1)
    pad = " " if "`" in (words[0], words[-1]) else ""
    span = f"{fence}{pad}{words}{pad}{fence}"
    return span.replace("|", "\\|") if cell else span


def completed(outcome: Outcome, original: Original) -> str:
    """Return a copy of a checklist with the verdict on top and the evidence below each item.

    Boxes are ticked where the item passed, that is where a check saw the claim hold or a sign-off counts, and where all
    items of a group are. No other box is, even if it was ticked by hand. The rest of the text is unchanged.
    """
    sections = [each for each in outcome.verdict.sections if each.checklist == original.checklist]
    items = {item.line: item for section in sections for item in section.walk()}
    layout = read_layout(original.text, fenced=original.fenced)
    ticked = {line for line, item in items.items() if not item.is_group and item.state == "passed"}
    ticked |= {place.line for place in layout.items if place.leaves and ticked.issuperset(place.leaves)}
    bom, text = (_BOM, original.text[1:]) if original.text.startswith(_BOM) else ("", original.text)
    lines = _LINES.findall(text)
    end = next((ending for ending in ("\r\n", "\n", "\r") if lines[0].endswith(ending)), "\n")
    _fill(lines, layout, ticked)
    for number, below in _below(layout, items, ticked).items():
        line = lines[number - 1]
        broken = line.endswith(("\r", "\n"))
        lines[number - 1] = f"{line}{'' if broken else end}{end.join(below)}{end if broken else ''}"
    top = [*verdict_table(outcome), "", *section_table(sections), "", _LEGEND, ""]
    return bom + "".join([*lines[: layout.front], *(f"{line}{end}" for line in top), *lines[layout.front :]])


_LEGEND = (
    "A box is ticked where a check saw the claim hold, or where a sign-off counts. The evidence is below each item."
)


def _fill(lines: list[str], layout: DocumentLayout, ticked: set[int]) -> None:
    for place in layout.items:
        line = lines[place.line - 1]
        # What the other boxes of a row say, nobody looked at.
        wanted = [(mark, number == 0 and place.line in ticked) for number, mark in enumerate(place.marks)]
        for mark, tick in sorted(wanted, key=lambda pair: -pair[0].column):
            line = _marked(line, mark, tick)
        lines[place.line - 1] = line


def _marked(line: str, mark: Mark, tick: bool) -> str:
    end = mark.column + len(mark.written)
    if mark.column < 0 or line[mark.column : end] != mark.written:
        raise ValueError(f"the box in line {mark.line} is not where it should be")
    return line[: mark.column] + mark.saying(tick) + line[end:]


def _below(
    layout: DocumentLayout, items: Mapping[int, GroupRecord | LeafRecord], ticked: set[int]
) -> dict[int, list[str]]:
    """What is to be added after which line."""
    added: dict[int, list[str]] = {}
    last: dict[int, ItemLayout] = {}
    for place in layout.items:
        below = added.setdefault(place.end, [])
        if place.row and not below:
            below.append(place.margin.rstrip())
        below += [f"{place.margin}{place.bullet} {note}" for note in _notes(place, items, ticked)]
        last[place.end] = place
    for end, place in last.items():
        if place.apart:
            added[end].append(f"{place.margin}{_NOTHING}")
    return added


def _notes(place: ItemLayout, items: Mapping[int, GroupRecord | LeafRecord], ticked: set[int]) -> Iterator[str]:
    item = items.get(place.line)
    what = f"{code(item.text)}: " if place.row and item is not None else ""
    if item is None:
        yield NOT_SELECTED
    elif isinstance(item, GroupRecord):
        below = [items[line] for line in place.leaves if line in items]
        yield f"**{_word(item, item.state)}**: {counted(below)}{_missing(len(place.leaves) - len(below))}"
    else:
        for note in evidence(item):
            yield f"{what}{note}"
    if place.marks and place.marks[0].ticked and place.line not in ticked:
        yield f"{what}{TICKED_BY_HAND}"


def _missing(count: int) -> str:
    return f", {count} not run" if count else ""


def evidence(item: LeafRecord) -> Iterator[str]:
    """Return what was seen of an item, a line for each of its tests, as Markdown in which foreign text is code."""
    for result in item.tests:
        signed = result.state == "passed" and result.check == "signoff"
        word = "signed" if signed else _word(item, result.state)
        yield f"**{word}**: {_told(result, item)}{_source(result)}"


def _word(item: GroupRecord | LeafRecord, state: State) -> str:
    return f"{state} ({item.severity})" if state in OPEN else state


def _told(result: TestResult, item: LeafRecord) -> str:
    expected = f"expected {code(result.expected)}, seen " if result.expected else ""
    parts = [f"{expected}{code(result.evidence)}"]
    if result.state == "waived" and item.waiver is not None:
        parts.append(code(waived_by(item)))
    elif result.warning:
        parts.append(f"note: {code(result.warning)}")
    if result.remedy and result.state == "failed":
        parts.append(f"remedy: {code(result.remedy)}")
    return "; ".join(parts)


def _source(result: TestResult) -> str:
    if not result.check or result.check == "signoff":
        return ""
    on = f" on {code(result.resource)}" if result.resource else ""
    return f" ({code(result.check)}{on})"


def verdict_table(outcome: Outcome) -> list[str]:
    """Return the lines of a table with the verdict and where it comes from."""
    verdict, provenance = outcome.verdict, outcome.provenance
    notice = replay_notice(provenance.replayed_from)
    looked = f"{provenance.started} to {provenance.finished}, from {provenance.runner}"
    rows = [
        ("Score", f"{shown(verdict.score)} of 100"),
        ("Because", "<br>".join(code(reason, cell=True) for reason in verdict.reasons)),
        ("Items", counted(verdict.items)),
        ("Part", code(part, cell=True) if (part := part_of(outcome)) else ""),
        ("Replay", code(notice, cell=True) if notice else ""),
        ("Target", code(provenance.target, cell=True)),
        ("Release", code(provenance.release, cell=True) if provenance.release else ""),
        ("Commit", code(provenance.commit, cell=True) if provenance.commit else ""),
        ("Looked", code(looked, cell=True)),
    ]
    head = [f"{VERDICT}{code(decision(outcome), cell=True)}** |", "| --- | --- |"]
    return [*head, *(f"| {name} | {text} |" for name, text in rows if text)]


def section_table(sections: Sequence[SectionRecord]) -> list[str]:
    """Return the lines of a table with a row for each section."""
    lines = [
        "| Section | Passed | Open | Waived | Not applicable | Score |",
        "| --- | ---: | ---: | ---: | ---: | ---: |",
    ]
    for section in sections:
        states = [item.state for item in section.leaves]
        passed, waived, not_applicable = (states.count(state) for state in ("passed", "waived", "not applicable"))
        still_open = sum(item.open for item in section.leaves)
        title = code(section.title or section.checklist, cell=True)
        numbers = f"{passed} | {still_open} | {waived} | {not_applicable} | {shown(section.score)}"
        lines.append(f"| {title} | {numbers} |")
    return lines


def counted(items: Iterable[GroupRecord | LeafRecord]) -> str:
    """Return how many items are in each state, the worst first."""
    states = [item.state for item in items]
    return ", ".join(f"{states.count(state)} {state}" for state in STATES if state in states) or "none"
