"""AsciiDoc, as the program asciidoctor reads it."""

from __future__ import annotations

import html
import re
import shlex
import shutil
import tempfile
from collections.abc import Iterator
from itertools import count
from pathlib import Path

from pytest_readiness.core import programs
from pytest_readiness.core.environment import neutral
from pytest_readiness.core.evidence import CouldNotVerify
from pytest_readiness.domains.docs.reading import DocumentSection, conflict_in, sections_of_page

_SECONDS = 20
_MOST_BYTES = 16 * 2**20
# It reads no other file and no address, and loads nothing, in the mode "secure".
_OPTIONS = (
    "-S",
    "secure",
    "-b",
    "html5",
    "-e",
    "-q",
    "-a",
    "showtitle",
    "-a",
    "sectids!",
    "-a",
    "toc!",
    "-a",
    "icons!",
)
_PLAIN = {"RUBYOPT": "", "RUBYLIB": ""}
_INCLUDE_LINE = re.compile(r"(?m)^(?=include::\S)")
_HEADING_MADE = re.compile(r"<h[1-6][^>]{0,1000}>([^\n]{0,1000}?)</h[1-6]>")
_TAG_MADE = re.compile(r"<[^<>]{0,1000}>")
_HEADING_WRITTEN = re.compile(r"(?:={1,6}|#{1,6})[ \t]+\S")
_DELIMITER = re.compile(r"([-.+/`])\1{2,}[ \t]*(?:\w.*)?")
"""Between two such lines nothing is a heading; between slashes is a comment."""


def read_asciidoc(text: str, name: str) -> tuple[tuple[DocumentSection, ...], int]:
    """The sections of a document, and the line of its first conflict marker of Git, as `read_sections` has them.

    Raises:
        CouldNotVerify: asciidoctor is not there, or cannot read it.
    """
    program = shutil.which("asciidoctor")
    if program is None:
        raise CouldNotVerify(f"{name} is AsciiDoc, which the program asciidoctor reads; the runner does not have it")
    with tempfile.TemporaryDirectory() as folder:
        # What is not included is said as text, in which the reader of pages finds it.
        (Path(folder) / "document").write_text(_INCLUDE_LINE.sub(r"\\", text), "utf-8")
        line = f"exec {shlex.join([program, *_OPTIONS, '-o', '-', 'document'])}"
        ended = programs.run(
            line.encode(), seconds=_SECONDS, most_bytes=_MOST_BYTES, cwd=folder, env=neutral() | _PLAIN
        )
    if ended.late or ended.excess or ended.status:
        raise CouldNotVerify(f"asciidoctor does not read {name} (status {ended.status})")
    page = ended.output.decode("utf-8", "replace")
    return sections_of_page(page, _headings_of(page, text)), conflict_in(text)


def _headings_of(page: str, text: str) -> Iterator[int]:
    """The lines of the headings that were made, by what they say: others stand in parts that are left out."""
    written = [(number, _letters(line)) for number, kind, line in _lines(text) if kind == "heading"]
    for made in _HEADING_MADE.findall(page):
        said = _letters(html.unescape(_TAG_MADE.sub("", made)))
        place = next((place for place, (_, letters) in enumerate(written) if letters == said), 0)
        yield written[place][0] if written else 1
        del written[: place + 1]


def _letters(text: str) -> str:
    return re.sub(r"\W", "", text)


def asciidoc_comments(text: str) -> tuple[tuple[int, str], ...]:
    """What no reader sees, with its line."""
    return tuple((number, line) for number, kind, line in _lines(text) if kind == "comment")


def _lines(text: str) -> list[tuple[int, str, str]]:
    """Headings and comments, with their numbers from 1."""
    found: list[tuple[int, str, str]] = []
    until = ""
    for number, line in zip(count(1), text.splitlines()):
        plain = line.rstrip()
        if until:
            if plain == until:
                until = ""
            elif until.startswith("/"):
                found.append((number, "comment", plain))
        elif (mark := _DELIMITER.fullmatch(plain)) and (len(mark[0]) >= 4 or plain.startswith("```")):
            until = mark[0] if not plain.startswith("`") else "```"
        elif plain.startswith("//") and not plain.startswith("///"):
            found.append((number, "comment", plain.removeprefix("//").strip()))
        elif _HEADING_WRITTEN.match(plain):
            found.append((number, "heading", plain))
    return found
