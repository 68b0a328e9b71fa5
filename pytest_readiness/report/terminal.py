"""The terminal: a line while facts are gathered, and the verdict at the end."""

from __future__ import annotations

import io
import shutil
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from pytest_readiness.core.redact import Redactor, printable
from pytest_readiness.core.registry import SEVERITIES
from pytest_readiness.core.unverified import NO_CHECK, PROPOSED
from pytest_readiness.report.opened import OpenGroup, by_severity, claims, open_groups
from pytest_readiness.report.phrases import decision, is_go, part_of
from pytest_readiness.verdict.drift import Change
from pytest_readiness.verdict.items import LeafRecord
from pytest_readiness.verdict.judging import replay_notice, shown
from pytest_readiness.verdict.outcome import Course, Outcome
from pytest_readiness.verdict.result import State

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

    from pytest_readiness.gather.gatherer import Gatherer, Reading

QUIET_SECONDS = 0.4
"""A wait shorter than this is not worth a line."""
REFRESH_SECONDS = 0.2
FIRST_LINE_SECONDS = 10
NEXT_LINE_SECONDS = 30
"""Where there is no terminal: waiting so long for one test is worth a line, and then every so many seconds."""
NAMED = 5
"""Items named in a line about several."""
PIPE_WIDTH = 120
"""Columns where standard output is not a terminal."""
OPEN_SHOWN = 25
"""Open items listed without -v."""
LACKS_SHOWN = 10
"""Things that items lack together, named of a kind without -v."""
BLOCKING_SHOWN = 5
"""Items of such a kind that block the release, listed without -v."""
STYLES: dict[State, str] = {
    "passed": "green",
    "failed": "bold red",
    "error": "red",
    "unverified": "yellow",
    "waived": "magenta",
    "not applicable": "dim",
}
_ASCII = str.maketrans({"·": "-", "…": "~", "–": "-", "→": ">", "•": "*"})
"""Replacements of the same width for those of our characters that a terminal may not know."""


class Writer(Protocol):
    """What a line is written to while a run goes on, as pytest's terminal reporter is."""

    def ensure_newline(self) -> None:
        """Begin a new line, unless one has just begun."""

    def write(self, content: str, *, flush: bool = False) -> None:
        """Write a text."""

    def write_line(self, line: str) -> None:
        """Write a line."""


def wait(gatherer: Gatherer, readings: Sequence[Reading], writer: Writer | None, *, live: bool) -> None:
    """Wait until the readings are done, and say what is waited for.

    A terminal shows it in one line, which is gone afterwards. In a log a line is written now and then, so that a
    target that hangs is seen in it.

    Args:
        gatherer: knows how far it is.
        readings: what is waited for.
        writer: where to say it; None says nothing.
        live: whether that is a terminal.
    """
    if all(reading.done.is_set() for reading in readings):
        return
    if writer is None:
        for reading in readings:
            reading.done.wait()
        return
    line: _LiveLine | _Log = _LiveLine(writer) if live else _Log(writer)
    for reading in readings:
        while not reading.done.wait(REFRESH_SECONDS):
            line.say(gatherer)
    line.end()


class _LiveLine:
    def __init__(self, reporter: Writer) -> None:
        self._reporter = reporter
        self._from = time.monotonic() + QUIET_SECONDS
        self._width = 0

    def say(self, gatherer: Gatherer) -> None:
        if time.monotonic() < self._from:
            return
        if not self._width:
            self._reporter.ensure_newline()
        line = _progress(gatherer, shutil.get_terminal_size().columns - 1)
        width = len(line)
        # Blanks, not a control sequence: some terminals know none.
        self._reporter.write(f"\r{line}{' ' * (self._width - width)}", flush=True)
        self._width = width

    def end(self) -> None:
        if self._width:
            self._reporter.write(f"\r{' ' * self._width}\r", flush=True)


class _Log:
    def __init__(self, reporter: Writer) -> None:
        self._reporter = reporter
        self._next = time.monotonic() + FIRST_LINE_SECONDS

    def say(self, gatherer: Gatherer) -> None:
        if time.monotonic() >= self._next:
            self._next += NEXT_LINE_SECONDS
            self._reporter.ensure_newline()
            self._reporter.write_line(_progress(gatherer))

    def end(self) -> None:
        """There is nothing to erase."""


def _progress(gatherer: Gatherer, room: int | None = None) -> str:
    """What is gathered; where that is wider than there is room, words are cut before numbers."""
    now = gatherer.progress()
    done = f"{now.done}/{now.total}"
    if not now.running:
        return f"gathering facts {done}"
    label, seconds = now.running[0]
    label = printable(label)
    others = f" and {len(now.running) - 1} more" if len(now.running) > 1 else ""
    since = f" ({seconds:.0f} s){others}"
    line = f"gathering facts {done}, waiting for {label}{since}"
    if room is None or len(line) <= room:
        return line
    dots = "…" if _unicode() else "~"
    short = f"{done} {label}"
    return f"{short[: max(0, room - len(since) - 1)]}{dots}{since}"[:room]


def summary(
    outcome: Outcome, redact: Redactor, verbosity: int, places: Sequence[tuple[str, Path]], *, coloured: bool
) -> str:
    """Return verdict, score, a bar a section, and what is open and why, as lines for a terminal.

    Args:
        outcome: of the run.
        redact: hides secrets.
        verbosity: as of pytest; from 1 on every open item is listed.
        places: what was written, and where.
        coloured: whether the terminal shows colours.
    """
    from rich.console import Console

    buffer = io.StringIO()
    console = Console(
        file=buffer,
        width=max(shutil.get_terminal_size().columns, 40),
        # Without a height it takes a dumb terminal to have 80 columns.
        height=25,
        force_terminal=coloured,
        no_color=not coloured,
        color_system="standard" if coloured else None,
        legacy_windows=False,
        highlight=False,
    )
    unicode = _unicode()
    _Summary(console, outcome, redact, verbosity, unicode, places).write()
    text = buffer.getvalue()
    return text if unicode else text.translate(_ASCII)


def print_summary(outcome: Outcome, places: Sequence[tuple[str, Path]]) -> None:
    """Print the summary of an outcome on standard output; colours only on a terminal, and not with NO_COLOR."""
    from rich.console import Console

    width = None if sys.stdout.isatty() else PIPE_WIDTH
    console = Console(file=sys.stdout, width=width, legacy_windows=False, highlight=False)
    _Summary(console, outcome, Redactor(), 0, _unicode(), places).write()


def _unicode() -> bool:
    return (getattr(sys.stdout, "encoding", None) or "").lower().replace("-", "") == "utf8"


class _Summary:
    def __init__(
        self,
        console: Console,
        outcome: Outcome,
        redact: Redactor,
        verbosity: int,
        unicode: bool,
        places: Sequence[tuple[str, Path]],
    ) -> None:
        self.console = console
        self.outcome = outcome
        self.verdict = outcome.verdict
        self.course = outcome.course or Course()
        self.since = {each.item: each for each in self.course.open}
        self.redact = redact
        self.verbosity = verbosity
        self.unicode = unicode
        self.places = places
        self.full, self.empty, self.dash = ("█", "░", "–") if unicode else ("#", ".", "-")

    def write(self) -> None:
        self._headline()
        if self.verbosity < -1:
            return
        if self.verbosity >= 0:
            self._sections()
            self._open()
        self._drift()
        self._course()
        self._where()

    def _text(self, text: str, style: str = "") -> Text:
        from rich.text import Text

        # Not the style of the whole Text: that would reach what is appended later.
        return Text().append(self.redact(printable(text)), style)

    def _headline(self) -> None:
        verdict = self.verdict
        style = "bold white on green" if is_go(self.outcome) else "bold white on red"
        replayed_from = self.outcome.provenance.replayed_from
        style = "bold black on yellow" if replayed_from or (verdict.sound and verdict.partial) else style
        line = self._text(f" {decision(self.outcome)} ", style)
        line.append(f"  score {shown(verdict.score)}".replace("–", self.dash), "bold")
        target = self.outcome.provenance.target
        release = self.outcome.provenance.release
        line.append(f" of 100 · target {printable(target)}" + (f" · release {printable(release)}" if release else ""))
        self.console.print(line)
        if self.verbosity < -1:
            return
        if notice := replay_notice(replayed_from):
            self.console.print(self._text(notice, "bold yellow"))
        if verdict.reasons:
            self.console.print(self._text(f"because {'; '.join(verdict.reasons)}"))
        counts = ", ".join(f"{verdict.counts[state]} {state}" for state in STYLES if verdict.counts.get(state))
        self.console.print(
            self._text(f"{len(verdict.items)} item{'s' * (len(verdict.items) != 1)}{': ' * bool(counts)}{counts}")
        )
        if part := part_of(self.outcome):
            self.console.print(self._text(part, "yellow"))

    def _sections(self) -> None:
        from rich.table import Table

        table = Table.grid(padding=(0, 2))
        wide = self.console.width >= 100
        cells = 30 if wide else 12
        table.add_column(no_wrap=True, overflow="ellipsis", max_width=48 if wide else 30)
        table.add_column(no_wrap=True)
        table.add_column(justify="right", no_wrap=True)
        table.add_column(no_wrap=True, overflow="ellipsis")
        for section in self.verdict.sections:
            counts: dict[State, int] = {}
            for item in section.leaves:
                counts[item.state] = counts.get(item.state, 0) + 1
            total = len(section.leaves)
            words = ", ".join(f"{counts[state]} {state}" for state in STYLES if counts.get(state))
            table.add_row(
                self._text(section.title or section.checklist),
                self._bar(counts, total, cells),
                self._text(f"{counts.get('passed', 0)}/{total}"),
                self._text(words if wide else ""),
            )
        self.console.print()
        self.console.print(table)

    def _bar(self, counts: dict[State, int], total: int, cells: int) -> Text:
        from rich.text import Text

        bar = Text()
        done = used = 0
        for state in STYLES:
            done += counts.get(state, 0)
            upto = done * cells // total
            bar.append((self.full if state == "passed" else self.empty) * (upto - used), STYLES[state])
            used = upto
        return bar

    def _open(self) -> None:
        groups = open_groups(self.verdict)
        apart = [item for group in groups if not group.shared for item in group.items]
        if apart:
            self.console.print()
            self.console.print(self._text(f"Open, failed first ({len(apart)})", "bold"))
            limit = len(apart) if self.verbosity > 0 else OPEN_SHOWN
            for item in apart[:limit]:
                self._item(item)
            if len(apart) > limit:
                self.console.print(self._text(f"  … and {len(apart) - limit} more; -v lists all."))
        for group in groups:
            if group.shared:
                self._shared(group)

    def _shared(self, group: OpenGroup) -> None:
        """Tell items by what they lack together: a hundred of them must not hide one that failed."""
        from rich.padding import Padding

        self.console.print()
        hint = "" if self.verbosity > 0 else "; -v lists them"
        title = f"{group.title} ({len(group.items)}: {by_severity(group.items)}{hint})"
        self.console.print(self._text(title, "bold"))
        if group.next_step:
            self.console.print(self._text(f"  {group.next_step}"))
        lacks = group.lacks
        if self.verbosity > 0:
            for lack in lacks:
                self.console.print(Padding(self._text(lack.what), (0, 0, 0, 2), expand=False))
                for item in lack.items:
                    self._line(item, 4)
            return
        shown, more = lacks[:LACKS_SHOWN], len(lacks[LACKS_SHOWN:])
        if group.kind in (PROPOSED, NO_CHECK):
            words = f"{', '.join(claims(shown))}{f' and {more} more' if more else ''}"
            self.console.print(Padding(self._text(words), (0, 0, 0, 2), expand=False))
        else:
            for words in claims(shown):
                self.console.print(Padding(self._text(words), (0, 0, 0, 2), expand=False))
            if more:
                self.console.print(self._text(f"  … and {more} more; -v lists all."))
        worst = SEVERITIES.index(self.verdict.policy.block)
        blocking = [item for item in group.items if SEVERITIES.index(item.severity) <= worst]
        for item in blocking[:BLOCKING_SHOWN]:
            self._line(item, 2)
        if left := len(blocking[BLOCKING_SHOWN:]):
            self.console.print(self._text(f"  … and {left} more that block the release; -v lists all."))

    def _item(self, item: LeafRecord) -> None:
        from rich.padding import Padding

        self._line(item, 2)
        if (since := self.since.get(item.id)) and since.runs > 1:
            words = f"open since {since.since[:10]}, {since.runs} runs"
            self.console.print(Padding(self._text(words, "dim"), (0, 0, 0, 11), expand=False))
        seen: set[str] = set()
        for result in item.tests:
            if result.state != item.state:
                continue
            where = f"{result.resource}: " if result.resource else ""
            expected = f"expected {result.expected}; seen: " if result.expected else ""
            words = f"{where}{expected}{result.evidence}"
            if words in seen:
                continue
            seen.add(words)
            self.console.print(Padding(self._text(words), (0, 0, 0, 11), expand=False))
            if result.warning:
                self.console.print(Padding(self._text(result.warning, "yellow"), (0, 0, 0, 11), expand=False))

    def _line(self, item: LeafRecord, indent: int) -> None:
        line = self._text(f"{' ' * indent}{item.severity:<8} ")
        line.append(f"{item.kind or item.state:<10} ", STYLES[item.state])
        line.append_text(self._text(f"{item.text}"))
        line.append_text(self._text(f"  {item.id}, line {item.line}", "dim"))
        self.console.print(line, soft_wrap=False)

    def _drift(self) -> None:
        drift = self.verdict.drift
        notes = [*drift.notes]
        notes += [f"waiver expired: {full}" for full in drift.expired_waivers]
        notes += [f"waiver no longer needed: {full}" for full in drift.needless_waivers]
        notes += [f"ticked by hand, but {change.after}: {change.item}" for change in drift.ticked]
        if drift.unbound:
            count = len(drift.unbound)
            notes.append(f"{count} item{'s are' if count > 1 else ' is'} bound to nothing: {_some(drift.unbound)}")
        if drift.baseline is not None:
            changes = (("worse", drift.worse), ("gone", drift.gone), ("better", drift.better), ("new", drift.new))
            for word, found in changes:
                if found:
                    notes.append(
                        f"{len(found)} {word} since {drift.baseline.when}: {_some([_change(c) for c in found])}"
                    )
            if not any(found for _, found in changes):
                notes.append(f"nothing changed since {drift.baseline.when}")
        if notes:
            self.console.print()
            self.console.print(self._text("Drift", "bold"))
            for note in notes:
                self.console.print(self._text(f"  {note}"))

    def _course(self) -> None:
        if self.outcome.course is None:
            return
        from pytest_readiness.verdict.history import course_lines

        style = "yellow" if self.course.problem else ""
        lines = course_lines(self.course, unicode=self.unicode)
        if self.course.flaky:
            lines.append(f"flapping: {_some(self.course.flaky)}")
        if lines:
            self.console.print()
            self.console.print(self._text("History", "bold"))
            for line in lines:
                self.console.print(self._text(f"  {line}", style))

    def _where(self) -> None:
        for what, path in self.places:
            self.console.print(self._text(f"{what}: {path}"))


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return ", ".join(names[:NAMED]) + more


def _change(change: Change) -> str:
    if change.before and change.after:
        return f"{change.item} ({change.before} → {change.after})"
    return f"{change.item} ({change.before or change.after})"
