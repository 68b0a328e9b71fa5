"""A document and its bindings, for tests."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from pytest_readiness.bind.file import BindingsFile
from pytest_readiness.checklist.model import Checklist
from pytest_readiness.checklist.reading import parse_checklist

DOCUMENT = """\
# Release

## TLS

- [ ] Certificates last
- [ ] HSTS is sent
- [ ] No

## Backups

- [ ] Backups are made
- [ ] Drills
  - [ ] Restore is rehearsed
  - [ ] ~~Tapes are read~~

## People

- [ ] Release is approved
"""


@cache
def checklist(folder: Path, text: str = DOCUMENT) -> Checklist:
    return parse_checklist(text, folder / "release.md")


def bindings(folder: Path, text: str | None, document: str = DOCUMENT) -> BindingsFile:
    path = folder / "release.checks.yaml"
    if text is None:
        path.unlink(missing_ok=True)
    else:
        path.write_bytes(text.encode())
    return BindingsFile.read(checklist(folder, document))
