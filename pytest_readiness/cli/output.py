"""What commands print: wrapped and coloured on a terminal; plain in a pipe, one line a row.

Texts come from checklists and targets: control characters in them are escaped, markup in them is text, and secrets
are hidden.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, TextIO

from pytest_readiness.cli.problems import hang_up
from pytest_readiness.core.redact import Redactor, printable

if TYPE_CHECKING:
    from rich.console import Console

GAP = "  "
NAME_WIDTH = 32
"""Columns up to which a first column is not folded."""


class Output:
    """Prints for one command.

    Args:
        secrets: texts that must not be seen.
        beside: whether it goes to standard error, beside what standard output hands on.
    """

    def __init__(self, secrets: Iterable[str] = (), *, beside: bool = False) -> None:
        self.redact = Redactor(secrets)
        self.console: Console | None = None
        self._beside = beside
        if self._stream.isatty():
            from rich.console import Console

            self.console = Console(highlight=False, markup=False, emoji=False, stderr=beside)

    @property
    def _stream(self) -> TextIO:
        return sys.stderr if self._beside else sys.stdout

    def clean(self, text: object) -> str:
        """Return a text as it may be shown, in one line."""
        return self.redact(printable(str(text)))

    def line(self, text: object = "", *, style: str = "", indent: int = 0) -> None:
        """Print one line, which a terminal wraps below its indentation."""
        words = self.clean(text)
        if self.console is None:
            self._print(f"{' ' * indent}{words}".rstrip())
        elif not words:
            self.console.print()
        else:
            from rich.padding import Padding
            from rich.text import Text

            self.console.print(Padding(Text(words, style), (0, 0, 0, indent), expand=False))

    def paragraphs(self, text: str, *, indent: int = 0) -> None:
        """Print a text of several paragraphs, each as one line."""
        for number, paragraph in enumerate(text.split("\n\n")):
            if number:
                self.line()
            self.line(" ".join(paragraph.split()), indent=indent)

    def heading(self, text: str) -> None:
        """Print a heading after an empty line."""
        self.line()
        self.line(text, style="bold")

    def pairs(self, rows: Iterable[tuple[str, object]], *, indent: int = 0) -> None:
        """Print names and what they are; what is empty is left out."""
        self.table((), [(name, text) for name, text in rows if text not in (None, "")], indent=indent)

    def table(self, headings: Sequence[str], rows: Sequence[Sequence[object]], *, indent: int = 0) -> None:
        """Print rows as aligned columns; the last one takes what is left of the width."""
        cells = [[self.clean(cell) for cell in row] for row in rows]
        if self.console is None:
            whole = [list(headings), *cells] if headings else cells
            widths = [max(map(len, column)) for column in zip(*whole, strict=True)][:-1]
            for row in whole:
                padded = [cell.ljust(width) for cell, width in zip(row, widths, strict=False)]
                self._print(f"{' ' * indent}{GAP.join([*padded, row[-1]])}".rstrip())
        elif cells:
            from rich.padding import Padding
            from rich.table import Table
            from rich.text import Text

            table = Table(box=None, show_header=bool(headings), pad_edge=False, padding=(0, len(GAP), 0, 0))
            for number in range(len(cells[0])):
                heading = headings[number] if headings else ""
                # What a row is about can be copied as long as it is short: other columns give way first.
                short = not number and max(len(row[0]) for row in cells) <= NAME_WIDTH
                table.add_column(heading, overflow="fold", header_style="bold", no_wrap=short)
            for row in cells:
                table.add_row(*map(Text, row))
            self.console.print(Padding(table, (0, 0, 0, indent), expand=False))

    def text(self, text: str) -> None:
        """Print a file of ours as it is, so that it can be written to another."""
        self._print(text.removesuffix("\n"))

    def json(self, data: object) -> None:
        """Print plain data as JSON."""
        self._print(json.dumps(self.redact.deep(data), indent=2, ensure_ascii=False, default=str))

    def _print(self, text: str) -> None:
        try:
            self._stream.write(f"{text}\n")
        except BrokenPipeError:
            hang_up()
            raise SystemExit(0) from None


def count(number: int, what: str) -> str:
    """Return "1 test", "2 tests"."""
    return f"{number} {what}{'' if number == 1 else 's'}"


def plain(value: Any) -> Any:
    """Return parameters and the like as plain data."""
    return json.loads(json.dumps(value, default=str))
