"""`make smoke` runs what smoke.txt names: something of every folder and of every domain, and nothing that is gone."""

from __future__ import annotations

from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
CHOSEN = [line.removeprefix("--deselect=") for line in (ROOT / "tests" / "smoke.txt").read_text().splitlines()]


def folders_of_tests(folder: str) -> list[str]:
    paths = (ROOT / folder).iterdir()
    return [f"{folder}/{path.name}" for path in sorted(paths) if any(path.rglob("test_*.py"))]


@pytest.mark.parametrize("folder", [*folders_of_tests("tests/domains"), *folders_of_tests("tests")])
def test_every_folder_is_in_it(folder: str) -> None:
    if folder not in ("tests/domains", "tests/stack", "tests/protocols"):
        assert [path for path in CHOSEN if path.startswith(folder)]


@pytest.mark.parametrize("chosen", CHOSEN)
def test_what_it_names_is_there(chosen: str) -> None:
    path, _, test = chosen.partition("::")
    assert (ROOT / path).exists()
    if test:
        assert f"def {test.partition('[')[0]}(" in (ROOT / path).read_text("utf-8")
