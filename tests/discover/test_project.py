"""Inputs that are broken, huge or no files: each is told in a line, and the rest is found all the same."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from pytest_readiness.discover import project
from pytest_readiness.discover.found import Survey
from pytest_readiness.discover.project import Project
from tests.cli.program import Result
from tests.discover.application import write

Look = Callable[..., Survey]


def skipped(found: Survey) -> dict[str, str]:
    return {each.source: each.why for each in found.skipped}


def test_broken_files_are_told_and_the_rest_is_found(shop: Path, look: Look) -> None:
    write(shop, "compose.yaml", "services:\n\tweb: {}\n")
    (shop / ".env").write_bytes(b"\x00\xff\xfe\x00binary")
    (shop / "docs" / "runbook.md").write_bytes(b"# Runbook\n\xff\n")
    found = look()
    assert skipped(found) == {
        "compose.yaml:2": "cannot be read as YAML",
        ".env": "is not UTF-8 on line 1",
        "docs/runbook.md": "is not UTF-8 on line 2",
    }
    assert [each.path for each in found.papers] == ["docs/release-checklist.md"]


def test_what_is_no_file_is_told(folder: Path, look: Look) -> None:
    (folder / "compose.yaml").mkdir()
    (folder / ".env").symlink_to(".env")
    os.mkfifo(folder / "Dockerfile")
    (folder / "loop").symlink_to(folder, target_is_directory=True)
    write(folder, "docs/runbook.md", "# Runbook\n")
    found = look()
    assert skipped(found) == {
        "compose.yaml": "is a folder, not a file",
        ".env": "cannot be read (Too many levels of symbolic links)",
        "Dockerfile": "is not a regular file",
    }
    assert [each.name for each in found.found] == ["runbook"]


def test_a_large_file_is_not_read(folder: Path, look: Look) -> None:
    with (folder / "compose.yaml").open("wb") as file:
        file.truncate(50 * 2**20)
    assert skipped(look()) == {"compose.yaml": "is larger than 1 MiB"}


def test_a_text_with_a_null_is_no_text(folder: Path, look: Look) -> None:
    write(folder, ".env", "A\0=B\n")
    assert skipped(look()) == {".env": "is no text"}


def test_what_others_wrote_is_not_looked_at(folder: Path, look: Look) -> None:
    for name in ("node_modules/a/.env", "vendor/compose.yaml", ".git/compose.yaml", "e/pyvenv.cfg", "e/Dockerfile"):
        write(folder, name, "X=1\n")
    assert Project(folder).files == ()
    assert not look().found


def test_the_number_of_files_has_a_limit(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(project, "MOST_ENTRIES", 20)
    write(folder, "compose.yaml", "services: {}\n")
    for number in range(30):
        write(folder, f"data/{number:02d}.txt", "")
    looked = Project(folder)
    assert looked.files[0] == "compose.yaml"
    assert len(looked.files) == 19
    assert [each.why for each in looked.skipped] == ["has more than 20 files; what lies deeper was not looked at"]


def test_the_depth_has_a_limit(folder: Path) -> None:
    write(folder, "a/b/c/d/e/f/g/compose.yaml", "services: {}\n")
    looked = Project(folder)
    assert looked.files == ()
    assert [each.source for each in looked.skipped] == ["a/b/c/d/e/f"]


def test_fifty_thousand_files_take_no_time(folder: Path, look: Look) -> None:
    (folder / "data").mkdir()
    for number in range(50_000):
        os.close(os.open(folder / "data" / f"{number}.md", os.O_CREAT))
    write(folder, "docs/runbook.md", "# Runbook\n")
    begun = time.process_time()
    found = look()
    assert time.process_time() - begun < 20
    assert any("has more than 20,000 files" in each.why for each in found.skipped)


def test_a_file_of_a_thousand_documents_is_read_in_part(folder: Path) -> None:
    path = write(folder, "many.yaml", "---\na: 1\n" * 1000).name
    made = list(Project(folder).documents(path))
    assert len(made) == project.MOST_DOCUMENTS
    assert made[1].line == 4


def test_a_conflict_in_yaml_quotes_nothing(folder: Path, look: Look, readiness: Callable[..., Result]) -> None:
    write(folder, "compose.yaml", "services:\n  web: {environment: {A: *pl4nted, B: &x}}\n  db: !!int pl4nted\n")
    assert list(skipped(look()).values()) == ["cannot be read as YAML"]
    result = readiness("init", "--dry-run")
    assert "pl4nted" not in result.out + result.err


def test_a_name_that_cannot_be_written_is_left_out(folder: Path, readiness: Callable[..., Result]) -> None:
    write(folder, "run\x1b[31mbook.md", "# Runbook\n")
    Path(os.fsdecode(os.fsencode(folder) + b"/runbook-\xff.md")).write_text("# Runbook\n")
    result = readiness("init", "--dry-run")
    assert result.code == 0
    assert "\x1b" not in result.out
    assert "documents:" not in result.out
    assert result.out.count("has a name that cannot be written") == 2


def test_nothing_at_all_makes_a_file_to_begin_with(folder: Path, readiness: Callable[..., Result]) -> None:
    assert readiness("init").code == 0
    planned = readiness("plan", "--target", "prod")
    assert planned.code == 0, planned.err
    assert "0 resources" in planned.out
