"""`readiness init` as a command: what it asks, what it writes, and what it never overwrites."""

from __future__ import annotations

import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from tests.cli.program import Program, Result
from tests.pty import Session, on_a_terminal
from tests.stack.patience import patient

OLD = "targets: {prod: }\n"
CHECKLIST = "# Go-live checklist\n\n- [ ] one\n- [ ] two\n- [ ] three\n"


class Folder:
    """A folder with a Compose file and a checklist, and the program in it."""

    def __init__(self, program: Program, tmp_path: Path) -> None:
        self.program = program
        self.path = tmp_path / "shop"
        self.path.mkdir()
        self.file = self.path / "readiness.yaml"
        self.environment = {"HOME": str(tmp_path), "DOCKER_HOST": f"unix://{tmp_path}/no.sock", "DATABASE_URL": ""}
        self.write("compose.yaml", "services:\n  web: {image: nginx, ports: ['8080:80']}\n")
        self.write("golive.md", CHECKLIST)

    def write(self, name: str, text: str) -> None:
        (self.path / name).write_text(text, "utf-8")

    def __call__(self, *arguments: str) -> Result:
        return self.program("init", str(self.path), *arguments)

    def typed(self, answers: str, *arguments: str) -> tuple[int, str]:
        command = [sys.executable, "-m", "pytest_readiness", "init", *arguments]
        return on_a_terminal(command, self.path, 60, answers, **self.environment)


@pytest.fixture
def folder(readiness: Program, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Folder:
    made = Folder(readiness, tmp_path)
    readiness.folder.joinpath("readiness.yaml").unlink()
    for name, value in made.environment.items():
        monkeypatch.setenv(name, value)
    return made


def test_a_folder_can_be_named(folder: Folder) -> None:
    result = folder()
    assert result.code == 0
    text = folder.file.read_text("utf-8")
    assert "web: http://localhost:8080" in text
    assert "what runs on this machine is not what customers use" in text
    assert str(folder.file) in result.out


def test_a_file_that_is_there_is_not_overwritten(folder: Folder) -> None:
    folder.write("readiness.yaml", OLD)
    result = folder("--yes")
    assert result.code == 4
    assert result.err == (
        f"{folder.file} is there already; --dry-run shows what would be written, --force replaces it.\n"
    )
    assert folder.file.read_text("utf-8") == OLD


def test_a_link_is_not_overwritten_either(folder: Folder) -> None:
    folder.file.symlink_to("elsewhere.yaml")
    assert folder().code == 4
    assert folder.file.is_symlink()


def test_a_dry_run_prints_a_file_and_writes_none(folder: Folder) -> None:
    folder.write("readiness.yaml", OLD)
    folder.write(".env", "\0")
    before = sorted(folder.path.iterdir())
    result = folder("--dry-run")
    assert result.code == 0
    assert sorted(folder.path.iterdir()) == before
    assert folder.file.read_text("utf-8") == OLD
    assert result.out.endswith("# Not read: .env: is no text\n")
    folder.file.write_text(result.out, "utf-8")
    planned = folder.program("plan", "--target", "local", "--config", str(folder.file))
    assert planned.code == 0, planned.err


def test_forced_it_replaces_where_nobody_can_be_asked(folder: Folder) -> None:
    folder.write("readiness.yaml", OLD)
    assert folder("--force").code == 0
    assert "golive.md" in folder.file.read_text("utf-8")


def test_forced_on_a_terminal_it_asks_first(folder: Folder) -> None:
    folder.write("readiness.yaml", OLD)
    code, said = folder.typed("\n\n\n\n", "--force")
    assert code == 0
    assert "Replace" in said
    assert "Nothing was written." in said
    assert folder.file.read_text("utf-8") == OLD
    code, _ = folder.typed("\n\n\ny\n", "--force")
    assert code == 0
    assert folder.file.read_text("utf-8") != OLD


def test_enter_takes_what_is_likeliest(folder: Folder) -> None:
    code, said = folder.typed("\n\n\n\n")
    assert code == 0, said
    assert "Which checklist decides about a release?" in said
    text = folder.file.read_text("utf-8")
    assert "  - golive.md\n" in text
    assert "\n  local:\n" in text
    assert "readiness bind golive.md --target local" in said


def test_answers_are_taken(folder: Folder) -> None:
    (folder.path.parent / ".ssh").mkdir()
    (folder.path.parent / ".ssh" / "config").write_text("Host web1\nHost elsewhere\n")
    code, said = folder.typed("not an address\n\n99\nweb1\n1\n99\nx\n2\nmachine\ny\n")
    assert code == 0, said
    assert "The address must be one of http or https" in said
    assert said.count("Write numbers from 1 to 2, ") == 2
    assert said.count("Write a number from 1 to ") == 2
    text = folder.file.read_text("utf-8")
    assert "  - suite:starter\n" in text
    assert "\n  machine:\n" in text
    assert "web1: ssh://web1" in text
    assert "elsewhere" not in text


def test_who_leaves_leaves_nothing(folder: Folder) -> None:
    code, said = folder.typed("\x04")
    assert code == 130
    assert "Nothing was written." in said
    assert "Traceback" not in said
    assert not folder.file.exists()


def test_who_breaks_off_leaves_nothing(folder: Folder) -> None:
    command = [sys.executable, "-m", "pytest_readiness", "init"]
    with Session(command, folder.path) as session:
        session.until_written("Address of the running product")
        # Python may overhear a signal just before it begins to read; people press the keys again.
        for _ in range(10):
            session.send("\x03")
            with suppress(subprocess.TimeoutExpired):
                session.process.wait(patient(3))
                break
        assert session.ends() == 130
        assert "Nothing was written." in session.written
        assert "Traceback" not in session.written
    assert not folder.file.exists()


def test_yes_asks_nothing_on_a_terminal(folder: Folder) -> None:
    code, said = folder.typed("", "--yes")
    assert code == 0
    assert "?" not in said
    assert folder.file.exists()


def test_a_checklist_can_be_named(folder: Folder) -> None:
    assert folder("--checklist", "suite:starter", "--target", "machine").code == 0
    text = folder.file.read_text("utf-8")
    assert "  - suite:starter\n" in text
    assert "\n  machine:\n" in text


def test_a_target_is_told_by_the_name_that_it_gets(folder: Folder) -> None:
    result = folder("--target", "staging")
    assert "\n  staging:\n" in folder.file.read_text("utf-8")
    targets = {line.split()[0] for line in result.out.partition("target")[2].partition("\n\n")[0].splitlines()[1:]}
    assert "staging" in targets
    assert "local" not in targets


def test_a_document_that_is_bound_needs_no_binding(folder: Folder) -> None:
    folder.write("golive.checks.yaml", "go-live-checklist:\n  one: {signoff: captain}\n")
    result = folder("--checklist", str(folder.path / "golive.md"))
    assert "readiness bind" not in result.out
    assert "  captain: [to be filled in]\n" in folder.file.read_text("utf-8")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--url", "https://u:pl4nted@shop.example.com"), "Write the address without user, password"),
        (("--checklist", "suite:startr"), "There is no suite 'startr'. Did you mean 'starter'?"),
        (("--checklist", "none.md"), "There is no document"),
    ],
)
def test_mistakes_are_sentences(folder: Folder, arguments: tuple[str, ...], sentence: str) -> None:
    result = folder(*arguments)
    assert result.code == 4
    assert sentence in result.err
    assert "pl4nted" not in result.err
    assert not folder.file.exists()


def test_what_is_no_folder_is_a_sentence(readiness: Program) -> None:
    result = readiness("init", "none")
    assert result.code == 4
    assert result.err.endswith("none is not a folder; name the one that the product is in.\n")


def test_a_folder_that_cannot_be_written_to_is_a_sentence(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    folder.file.mkdir()
    result = folder("--force")
    assert result.code == 4
    assert f"{folder.file} cannot be written: " in result.err


@pytest.fixture
def below(folder: Folder) -> Folder:
    """A folder below one that has a readiness.yaml."""
    (folder.path.parent / "readiness.yaml").write_text(OLD, "utf-8")
    return folder


def test_below_another_file_it_refuses(below: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(below.path)
    result = below.program("init")
    assert result.code == 4
    assert result.err.startswith(f"{below.path.parent / 'readiness.yaml'} is there already, ")
    assert "'readiness init .'" in result.err
    assert result.err.count("\n") == 1
    assert not below.file.exists()


@pytest.mark.parametrize("arguments", [("--yes",), (".",)])
def test_below_another_file_a_second_one_can_be_meant(
    below: Folder, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...]
) -> None:
    monkeypatch.chdir(below.path)
    result = below.program("init", *arguments)
    assert result.code == 0
    assert f"{below.path.parent / 'readiness.yaml'} is there already, " in result.err
    assert below.file.exists()


def test_below_another_file_it_asks_on_a_terminal(below: Folder) -> None:
    code, said = below.typed("\n")
    assert code == 130
    assert "Write a second one? [y/N]" in said
    assert "Nothing was written." in said
    assert not below.file.exists()
    code, said = below.typed("y\n\n\n\n\n")
    assert code == 0, said
    assert below.file.exists()


def test_the_home_directory_is_told(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "home directory" not in folder().err
    folder.file.unlink()
    monkeypatch.setenv("HOME", str(folder.path))
    assert f"{folder.path} is your home directory" in folder().err


def test_of_many_checklists_some_are_left_out_and_no_suite(folder: Folder) -> None:
    for number in range(20):
        folder.write(f"checklist-{number:02}.md", CHECKLIST)
    code, said = folder.typed("\n\n\n\n")
    assert code == 0
    assert "suite:fintech-platform" in said
    assert "Left out: 13 more documents with boxes; --checklist DOCUMENT takes any of them." in " ".join(said.split())
    folder.file.unlink()
    result = folder("--yes")
    assert "The checklist is golive.md; --checklist takes 20 other documents with boxes or one of" in result.out
    assert "# The checklist is golive.md; " in folder("--dry-run").out


def test_an_address_where_nothing_is_seen_is_told(folder: Folder) -> None:
    result = folder("--url", "shop.invalid")
    assert result.code == 0
    told = result.lines[result.lines.index("Not read") + 1]
    assert told.startswith("--url https://shop.invalid: nothing was seen there: ")


def test_without_an_address_the_option_is_named(folder: Folder) -> None:
    assert "No address of the product was found" not in folder().out
    folder.write("compose.yaml", "services: {}\n")
    result = folder("--force")
    told = "No address of the product was found: declare it under urls; readiness init --url https://shop.example.com"
    assert told in result.out
    assert "no address of the product was found" in folder.file.read_text("utf-8")


def test_the_folder_is_gone_to_first(folder: Folder) -> None:
    assert f"cd {folder.path}" in folder().lines
