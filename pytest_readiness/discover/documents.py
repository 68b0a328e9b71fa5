"""Documents: what people rely on, by its name, and Markdown with boxes, which may be the team's checklist."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import PurePosixPath

from pytest_readiness.checklist.model import ChecklistError
from pytest_readiness.checklist.reading import parse_checklist
from pytest_readiness.discover.found import Discovered, Paper, Record, Skipped, named
from pytest_readiness.discover.project import Project

_KINDS = {
    "runbook": r"run-?books?|operations|operating",
    "recovery": r"(disaster-?)?recovery|restor(e|ing)|backups?|dr",
    "incidents": r"incidents?(-response)?|on-?call|escalation",
    "rollback": r"roll-?backs?",
    "architecture": r"architecture|system-?design",
    "deployment": r"deploy(ment|ing)?",
    "security": r"security",
    "changelog": r"change-?log|changes|history|release-?notes",
    "readme": r"readme",
}
"""What a document is, by a word of its file's name; so the suites call them, too."""
_LIKELY = (
    (5, re.compile(r"readiness|go-?live|launch", re.IGNORECASE)),
    (4, re.compile(r"check-?list", re.IGNORECASE)),
    (3, re.compile(r"release|production|prod\b|deploy", re.IGNORECASE)),
    (
        -6,
        re.compile(r"template|contribut|readme|changelog|to-?do|roadmap|pull_?request|issue|licen[cs]e", re.IGNORECASE),
    ),
)
_ITEM = re.compile(r"\[[ xX\u00a0]?\]|[☐☑□✅⬜]|&#9744;|:white_check_mark:")
_LONGEST = 2**18
"""Characters of a document that may be a checklist."""
LIKELY = 3.0
"""How much a document must look like a checklist of a release to be taken unless something else is said."""
_FEWEST = 3
"""Items of a document that may be a checklist."""


def find(project: Project) -> Iterator[Record]:
    """Documents by what they are, and those with boxes."""
    papers = project.limited(project.named("*.md", "*.markdown", "*.MD"), "documents in Markdown")
    taken: set[str] = set()
    for path in papers:
        text = project.text(path)
        items = _items(text, project, path)
        looks = _likely(path, items)
        likely = looks if items >= _FEWEST else 0
        if items >= _FEWEST:
            yield Paper(path, items, likely)
        elif items and looks >= LIKELY:
            why = (
                f"has fewer than {_FEWEST} boxes, and is not offered as a checklist; --checklist takes it all the same"
            )
            yield Skipped(path, why)
        stem = PurePosixPath(path).stem.lower().replace("_", "-")
        kind = next((name for name, words in _KINDS.items() if re.search(rf"(?:^|-)(?:{words})(?:-|$)", stem)), "")
        if kind and kind not in taken and likely <= 0 and text.strip() and not path.startswith("."):
            taken.add(kind)
            yield Discovered("documents", named(kind), {"path": path}, path, same=frozenset((f"path:{path}",)))


def _items(text: str, project: Project, path: str) -> int:
    if len(text) > _LONGEST or not _ITEM.search(text):
        return 0
    try:
        return sum(1 for _ in parse_checklist(text, project.folder / path).leaves())
    except ChecklistError:
        return 0


def _likely(path: str, items: int) -> float:
    file = PurePosixPath(path)
    words = sum(points for points, pattern in _LIKELY if pattern.search(file.name))
    hidden = -6 if path.startswith(".") else 0
    return words + hidden + min(items, 100) / 50 - len(file.parts) / 4
