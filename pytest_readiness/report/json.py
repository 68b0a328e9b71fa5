"""The result as JSON: everything that was found, for programs."""

from __future__ import annotations

import json
import os
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pytest_readiness.checklist import Item
from pytest_readiness.verdict import ItemVerdict, SectionVerdict, Verdict

if TYPE_CHECKING:
    from pytest_readiness.run import Run

FORMAT = "pytest-readiness/1"
FILE_NAME = "result.json"


class JsonReport:
    """Writes `result.json` at the end of the run."""

    def __init__(self, config: pytest.Config, run: Run) -> None:
        self.run = run
        folder: Path = config.getoption("readiness_out")
        self.path = config.invocation_params.dir / folder / FILE_NAME

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self) -> None:
        """Write the file."""
        if self.run.verdict is not None:
            data = self.run.redact.deep(as_data(self.run, self.run.verdict))
            write_atomically(self.path, json.dumps(data, ensure_ascii=False, indent=1) + "\n")


def as_data(run: Run, verdict: Verdict) -> dict[str, Any]:
    """Return the run as plain data."""
    return {
        "format": FORMAT,
        "provenance": asdict(run.provenance),
        "verdict": {
            "go": verdict.go,
            "score": verdict.score,
            "reasons": list(verdict.reasons),
            "selected": verdict.selected,
            "total": verdict.total,
            "counts": dict(verdict.counts),
            "policy": verdict.policy.model_dump(),
        },
        "sections": [_section(section) for section in verdict.sections],
    }


def _section(verdict: SectionVerdict) -> dict[str, Any]:
    by_id = {item.full_id: item for item in verdict.items}
    return {
        "checklist": verdict.checklist,
        "id": verdict.section.id,
        "title": verdict.section.title,
        "path": list(verdict.section.path),
        "line": verdict.section.line,
        "score": verdict.score,
        "items": [
            made for item in verdict.section.items if (made := _item(item, verdict.checklist, by_id)) is not None
        ],
    }


def _item(item: Item, checklist: str, by_id: dict[str, ItemVerdict]) -> dict[str, Any] | None:
    found = by_id.get(f"{checklist}:{item.id}")
    if found is None:
        return None
    below = [made for child in item.children if (made := _item(child, checklist, by_id)) is not None]
    data: dict[str, Any] = {
        "id": found.full_id,
        "text": item.text,
        "line": item.line,
        "ticked": item.ticked,
        "severity": found.severity,
        "state": found.state,
    }
    if item.is_group:
        data["items"] = below
    else:
        data["tests"] = [asdict(result) for result in found.results]
    return data


def write_atomically(path: Path, text: str) -> None:
    """Write a file whole or not at all; the previous one stays until the new one is complete.

    Raises:
        OSError: the folder cannot be made or written to.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        Path(name).chmod(0o644)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
