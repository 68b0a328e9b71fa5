"""What `readiness bind` proposes for documents that it has not seen, and how long it takes.

The suites are always measured, each with what it says left out of what is remembered. With READINESS_ORIGINALS, a
folder with the documents that they were made of (000.md to 004.md), those are, too: what answers an item of a suite
answers its line. With READINESS_LABELLED, a folder of documents NN.md with labels NN.json (of each line: `class`,
`ids` that together prove it, other honest proofs in `accept`), those are, each beside the memory of the others.
"""

from __future__ import annotations

import json
import os
import re
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

from bench.measure import Row, started
from pytest_readiness.bind.matching import statements_of
from pytest_readiness.bind.memory import BoundBefore, Remembered, of_suites, remembered
from pytest_readiness.bind.proposal import LEVELS, Proposal
from pytest_readiness.bind.proposing import propose
from pytest_readiness.checklist.model import Checklist
from pytest_readiness.checklist.reading import read_checklist
from pytest_readiness.config.suites import suite_names, suite_path
from pytest_readiness.plan.suites import read_suite

ITEMS = 300
SECONDS = 1.0
"""The most that so many items may take, from the shell."""
TARGETS = {"sure": (0.97, 0.15), "likely": (0.85, 0.45)}
"""Of each level or better: how many are right, and how many of what checks can decide are at it."""
FIRST_THREE = 0.87


@dataclass
class Figures:
    """What was right of what was proposed, over several documents."""

    counts: Counter[str] = field(default_factory=Counter)

    def add(self, proposal: Proposal, right: frozenset[str]) -> None:
        """Count an item, whose right claims are given; none where only people know."""
        counts = self.counts
        counts["decidable"] += bool(right)
        first = proposal.candidates[0].checks[0].check if proposal.candidates else ""
        if first and not proposal.people_first:
            for level in LEVELS[LEVELS.index(proposal.level) :]:
                counts[level] += 1
                counts[f"{level} right"] += first in right
                counts[f"{level} decidable"] += bool(right)
                counts[f"{level} of people"] += not right
        three = {each.check for candidate in proposal.candidates[:3] for each in candidate.checks}
        counts["first three"] += bool(three & right)

    def rows(self, name: str) -> Iterator[Row]:
        """The figures as rows of the bench's table."""
        counts = self.counts
        decidable = counts["decidable"] or 1
        for level, (precision, coverage) in TARGETS.items():
            share = counts[f"{level} right"] / (counts[level] or 1)
            covered = counts[f"{level} decidable"] / decidable
            yield Row(
                f"{name}, {level} or better: precision; coverage of what checks can decide",
                f"{share:.2f}",
                f"{covered:.2f}",
                target=f">= {precision}, {coverage}",
                met=share >= precision and covered >= coverage,
            )
        three = counts["first three"] / decidable
        yield Row(
            f"{name}: a right check among the first three; items of people bound as likely",
            f"{three:.2f}",
            str(counts["likely of people"]),
            target=f">= {FIRST_THREE}, 0",
            met=three >= FIRST_THREE and not counts["likely of people"],
        )


def run(rounds: int) -> list[Row]:
    """Measure what is proposed, and the time for a document of 300 items."""
    rows: list[Row] = []
    for name, measured in (("suites", _suites()), ("originals", _originals()), ("labelled", _labelled())):
        figures = Figures()
        for proposals, right in measured:
            for each in proposals:
                if each.item.line in right:
                    figures.add(each, right[each.item.line])
        if figures.counts:
            rows += figures.rows(name)
    return [*rows, _time(rounds)]


Measured = Iterator[tuple[Iterable[Proposal], dict[int, frozenset[str]]]]
"""Proposals for a document, and the right claims by its lines."""


def _suites() -> Measured:
    for name in _names():
        checklist = read_checklist(suite_path(name))
        right = {each.source.partition(":")[2]: frozenset(each.claims) for each in remembered(suite_path(name))}
        by_line = {item.line: right[item.id] for item in checklist.leaves() if item.id in right}
        yield propose(checklist, memory=_without(name)), by_line


def _originals() -> Measured:
    folder = os.environ.get("READINESS_ORIGINALS", "")
    for name in _names() if folder else ():
        suite = read_suite(name)
        claims = {each.source.partition(":")[2]: frozenset(each.claims) for each in remembered(suite_path(name))}
        by_line: dict[int, frozenset[str]] = {}
        document = ""
        for item, binding in suite.bindings.items():
            if (place := re.fullmatch(r"(.+):(\d+)", binding.source)) and item in claims:
                document = place[1]
                by_line[int(place[2])] = claims[item]
        if document:
            checklist = read_checklist(Path(folder) / f"{document}.md")
            yield propose(checklist, memory=_without(name)), by_line


def _labelled() -> Measured:
    folder = os.environ.get("READINESS_LABELLED", "")
    documents: dict[str, tuple[Checklist, dict[int, Any]]] = {}
    for path in sorted(Path(folder).glob("*.json")) if folder else ():
        labels = {each["line"]: each for each in json.loads(path.read_text("utf-8"))}
        documents[path.stem] = read_checklist(path.with_suffix(".md")), labels
    for name, (checklist, labels) in documents.items():
        others = [
            Remembered(f"{other}:{item.id}", said, tuple(known[item.line]["ids"]))
            for other, (read, known) in documents.items()
            if other != name
            for item, _, said in statements_of(read)
            if item.line in known
        ]
        right = {line: _right(each) for line, each in labels.items()}
        yield propose(checklist, memory=BoundBefore([*of_suites(), *others])), right


def _right(label: dict[str, Any]) -> frozenset[str]:
    return frozenset() if label["class"] == "signoff" else frozenset([*label["ids"], *label["accept"]])


def _names() -> list[str]:
    """The suites that name claims to come; in the starter, people sign what such a claim would show."""
    return [name for name in suite_names() if read_suite(name).missing()]


def _without(name: str) -> BoundBefore:
    return BoundBefore(each for each in of_suites() if not each.source.startswith(f"{name}:"))


def _time(rounds: int) -> Row:
    texts = [each.said.text for each in of_suites()][:ITEMS]
    with TemporaryDirectory(prefix="bench-bind-") as folder:
        path = Path(folder) / "release.md"
        path.write_text("# Release\n\n## All\n\n" + "".join(f"- [ ] {text} ({n})\n" for n, text in enumerate(texts)))
        command = (sys.executable, "-m", "pytest_readiness", "bind", path.name, "--json")
        times = [started(*command, folder=path.parent, expect='"level"').seconds for _ in range(rounds)]
    taken = median(times)
    return Row(
        f"bind of {ITEMS} items, from the shell", f"{taken:.2f} s", "", target=f"<= {SECONDS} s", met=taken <= SECONDS
    )
