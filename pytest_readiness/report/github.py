"""GitHub Actions: the step's summary, annotations at the checklist's lines, and the step's outputs.

Limits and escapes: https://docs.github.com/actions/reference/workflows-and-actions/workflow-commands.
"""

from __future__ import annotations

import os
import secrets
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from pytest_readiness.core.problems import Problem, ProblemsError
from pytest_readiness.core.redact import Redactor, printable
from pytest_readiness.core.registry import SEVERITIES
from pytest_readiness.report.markdown import code, evidence, section_table, verdict_table
from pytest_readiness.report.phrases import checklist_of, decision, seen
from pytest_readiness.verdict.items import LeafRecord
from pytest_readiness.verdict.judging import shown
from pytest_readiness.verdict.outcome import Outcome
from pytest_readiness.verdict.result_file import redacted

SUMMARY_BYTES = 1024 * 1024
"""A longer summary is dropped as a whole."""
ANNOTATIONS = 10
"""Of each kind that a step shows."""
LINES = 10
"""Tests that one annotation names."""


def on_github() -> bool:
    """Whether this runs in a step of GitHub Actions."""
    return os.environ.get("GITHUB_ACTIONS") == "true"


def summary(outcome: Outcome, room: int = SUMMARY_BYTES) -> str:
    """Return the summary as Markdown, cut between two items where it would be longer than `room` bytes."""
    verdict = outcome.verdict
    head = ["## Production readiness", "", *verdict_table(outcome), "", *section_table(verdict.sections)]
    parts = ["\n".join(head) + "\n"]
    lists = {
        "Open, failed first": verdict.open_items,
        "Waived": tuple(item for item in verdict.items if item.state == "waived"),
        "Signed": tuple(item for item in verdict.items if item.state == "passed" and _signed(item)),
    }
    for title, items in lists.items():
        parts += [
            _entry(item, f"\n### {title} ({len(items)})\n\n" if not number else "", outcome)
            for number, item in enumerate(items)
        ]
    return _cut(parts, room)


def _signed(item: LeafRecord) -> bool:
    return any(result.check == "signoff" for result in item.tests)


def _entry(item: LeafRecord, title: str, outcome: Outcome) -> str:
    path = _path(item, outcome)
    place = code(f"{path}:{item.line}" if path else f"{item.id}, line {item.line}")
    lines = [f"- {code(item.text)} ({place})", *(f"  - {note}" for note in evidence(item))]
    return title + "\n".join(lines) + "\n"


def _cut(parts: list[str], room: int) -> str:
    sizes = [len(part.encode()) for part in parts]
    if sum(sizes) <= room:
        return "".join(parts)
    closing = "\nThis is cut off here, as GitHub takes at most 1 MiB; the report and result.json hold everything.\n"
    left = room - len(closing.encode())
    kept = []
    for part, size in zip(parts, sizes, strict=True):
        left -= size
        if left < 0:
            break
        kept.append(part)
    return "".join(kept) + closing if kept else ""


def annotated(outcome: Outcome) -> Iterator[str]:
    """Return a workflow command for each open item, as far as GitHub shows them, what failed first.

    An item that keeps the release from going by its severity is an error, every other one a warning.
    """
    blocking = SEVERITIES[: SEVERITIES.index(outcome.verdict.policy.block) + 1]
    items = outcome.verdict.open_items
    for kind, found in (
        ("error", [item for item in items if item.severity in blocking]),
        ("warning", [item for item in items if item.severity not in blocking]),
    ):
        for item in found[:ANNOTATIONS]:
            path = _path(item, outcome)
            place = {"file": path, "line": str(item.line)} if path else {}
            title = f"{item.severity}, {item.state}: {item.text}"
            yield command(kind, _message(item), {**place, "title": title})


def _message(item: LeafRecord) -> str:
    told = [
        f"{f'{result.resource}: ' if result.resource else ''}{seen(result)}"
        for result in item.tests
        if result.state == item.state
    ]
    lines = list(dict.fromkeys(told))
    more = [f"and {len(lines) - LINES} more"] if len(lines) > LINES else []
    return "\n".join([*map(printable, lines[:LINES]), *more])


def _path(item: LeafRecord, outcome: Outcome) -> str:
    name = checklist_of(item)
    return next((each.path for each in outcome.originals if each.checklist == name), "")


def command(name: str, message: str, properties: Mapping[str, str] | None = None) -> str:
    """Return a workflow command in one line, from which no text in it can break out."""
    words = ",".join(f"{key}={_escaped_property(value)}" for key, value in (properties or {}).items())
    return f"::{name}{' ' if words else ''}{words}::{_escaped(message)}"


def _escaped(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _escaped_property(text: str) -> str:
    return _escaped(printable(text)).replace(":", "%3A").replace(",", "%2C")


def publish(outcome: Outcome) -> list[Problem]:
    """Append the summary and the outputs `verdict` and `score` to the step's files.

    Returns:
        What could not be written.
    """
    values = {"verdict": decision(outcome), "score": shown(outcome.verdict.score)}
    texts: dict[str, Callable[[Path], str]] = {
        "GITHUB_STEP_SUMMARY": lambda path: summary(outcome, SUMMARY_BYTES - _size(path)),
        "GITHUB_OUTPUT": lambda _: "".join(f"{name}={printable(value)}\n" for name, value in values.items()),
    }
    problems = []
    for variable, text in texts.items():
        name = os.environ.get(variable)
        if not name:
            continue
        try:
            with Path(name).open("a", encoding="utf-8") as file:
                file.write(text(Path(name)))
        except OSError as error:
            problems.append(Problem(Path(name), 0, f"{variable} cannot be written: {error.strerror}."))
    return problems


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


class Muzzle:
    """Keeps GitHub from taking what is printed for workflow commands.

    A target could put one into what a test prints. GitHub ignores those between two lines with a word that no
    one knows.

    Attributes:
        begin: line to print before.
        end: line to print after.
    """

    def __init__(self) -> None:
        word = secrets.token_hex(16)
        self.begin = f"::stop-commands::{word}"
        self.end = f"::{word}::"


@contextmanager
def told_to_github(outcome: Outcome) -> Iterator[None]:
    """What a run tells GitHub, for a command that prints the summary inside of this; elsewhere nothing.

    Raises:
        ProblemsError: the step's files cannot be written.
    """
    if not on_github():
        yield
        return
    muzzle = Muzzle()
    sys.stdout.write(f"{muzzle.begin}\n")
    try:
        yield
    finally:
        sys.stdout.write(f"{muzzle.end}\n")
    safe = redacted(outcome, Redactor())
    for line in annotated(safe):
        sys.stdout.write(f"{line}\n")
    if problems := publish(safe):
        raise ProblemsError(problems)
