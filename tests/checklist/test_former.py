"""Ids of earlier versions are found where they are unambiguous."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytest_readiness.checklist.former import Names
from pytest_readiness.checklist.reading import parse_checklist

LONG = "Verify that development related accounts, passwords have been "


def lines(text: str, id: str) -> list[int]:
    return [item.line for item in Names(parse_checklist(text, Path("c.md"))).items(id)]


@pytest.mark.parametrize(
    ("text", "id", "expected"),
    [
        ("# A\n- [ ] Coverage > 80 %", "a/coverage-80", [2]),
        ("# A\n- [ ] Coverage > 80 %", "a/coverage-over-80", [2]),
        ("# A\n- [ ] Coverage > 80 %", "a/coverage", []),
        (f"# A\n- [ ] {LONG}changed", "a/verify-that-development-related-accounts-passwords-have-been", [2]),
        (
            f"# A\n- [ ] {LONG}a\n- [ ] {LONG}b",
            "a/verify-that-development-related-accounts-passwords-have-been",
            [2, 3],
        ),
        (
            f"# A\n- [ ] {LONG}a\n- [ ] {LONG}b",
            "a/verify-that-development-related-accounts-passwords-have-been-2",
            [2, 3],
        ),
        ("# A\n- [ ] p95 < 500 ms\n- [ ] p95 > 500 ms", "a/p95-500-ms", [2, 3]),
        ("# A\n- [ ] p95 < 500 ms\n- [ ] p95 > 500 ms", "a/p95-500-ms-2", [2, 3]),
        ("# A\n- [ ] 🚀\n- [ ] x", "a/item", [2]),
        ("# A\n**B**\n- [ ] x\n\nand\n\n- [ ] y", "b/y", [7]),
        ("# A\n**B**\n- [ ] x\n\nand\n\n- [ ] x", "b/x", [3]),
        ("# A\nLater\n- [ ] x", "a/x", [3]),
        ("# A\nLater\n- [ ] G > 1\n  - [ ] x\n- [ ] H\n  - [ ] x", "a/g-1-x", [4]),
        ("# A > 1\n## B\n- [ ] x\n# C\n## B\n- [ ] y", "a-1-b/x", [3]),
        ("# A\n- [ ] a (if any) is b", "a/a-is-b", [2]),
        ("# A\n- [ ] x\n- [ ] x", "a/x-2", [3]),
        ("# A\n|a|b|\n|-|-|\n|Backups|✅ done|\n|Logs|⚠️ open|", "a/backups-done", [4]),
    ],
)
def test_items_are_found_by_what_they_were_called(text: str, id: str, expected: list[int]) -> None:
    assert lines(text, id) == expected


def test_sections_are_found_by_what_they_were_called() -> None:
    names = Names(parse_checklist("# A\n## Load > 5\n- [ ] x\n\n**B**\n- [ ] y\n\nand\n\n- [ ] z", Path("c.md")))
    found = {id: [section.id for section in names.sections(id)] for id in ("load-5", "load-over-5", "b", "c")}
    assert found == {"load-5": ["load-over-5"], "load-over-5": ["load-over-5"], "b": ["b"], "c": []}
