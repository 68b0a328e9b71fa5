from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.release import Release


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Release:
    release = Release(tmp_path_factory.mktemp("release"))
    for day, target in ((1, "prod"), (2, "prod"), (3, "other")):
        release.write("two.env", "TOKEN=" + ("k3y-" * 9 if day == 2 else "short"))
        options = ("--readiness-history=history.db", f"--readiness-release=1.{day}")
        release.run(*options, target=target, READINESS_NOW=f"2026-11-0{day}")
    return release


def test_runs_of_a_history(ran: Release) -> None:
    done = ran.cli("history", "history.db")
    assert (done.returncode, done.stderr) == (0, "")
    assert "\x1b" not in done.stdout
    heading, *lines = done.stdout.splitlines()
    assert heading.split() == ["when", "target", "release", "commit", "score", "verdict"]
    assert [line.split()[:3] for line in lines[:3]] == [
        ["2026-11-01T00:00:00+00:00", "prod", "1.1"],
        ["2026-11-02T00:00:00+00:00", "prod", "1.2"],
        ["2026-11-03T00:00:00+00:00", "other", "1.3"],
    ]
    assert "over the last 2 whole runs, since 2026-11-01" in done.stdout
    assert "open since 2026-11-01, 2 runs: release:operations/signed" in done.stdout


def test_runs_of_a_target(ran: Release) -> None:
    done = ran.cli("history", "history.db", "--target=other", "--json")
    data = json.loads(done.stdout)
    assert [(run["target"], run["release"]) for run in data["runs"]] == [("other", "1.3")]
    assert list(data["courses"]) == ["other"]


@pytest.mark.parametrize("item", ["security/secrets-long", "release:security/secrets-long"])
def test_states_of_an_item(ran: Release, item: str) -> None:
    done = ran.cli("history", "history.db", "--item", item)
    assert done.stdout.startswith("release:security/secrets-long\n")
    assert [line.split()[-1] for line in done.stdout.splitlines()[2:]] == ["failed", "passed", "failed"]
    data = json.loads(ran.cli("history", "history.db", "--item", item, "--target=prod", "--json").stdout)
    assert [state["state"] for state in data["states"]] == ["failed", "passed"]


def test_an_item_of_a_checklist_with_a_colon_in_its_name(tmp_path: Path) -> None:
    release = Release(tmp_path)
    for end in (".md", ".checks.yaml"):
        (tmp_path / f"release{end}").rename(tmp_path / f"shop:release{end}")
    release.replace("readiness.yaml", "[release.md]", "['shop:release.md']")
    done = release.run("--readiness-history=history.db")
    assert "is not an item" not in done.stderr
    # Its own test names the item without the checklist, as does who asks for its states.
    for item, state in (("security/secrets-long", "failed"), ("operations/tried-by-ourselves", "passed")):
        done = release.cli("history", "history.db", "--item", item)
        assert done.stdout.startswith(f"shop:release:{item}\n")
        assert done.stdout.split()[-1] == state


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("history.db", "--target=prd"), "The history has no target 'prd'. Did you mean 'prod'?"),
        (("history.db", "--item=security/secret-long"), "The history has no item 'security/secret-long'."),
        (("none.db",), "none.db: The history file does not exist."),
        (("readiness.yaml",), "readiness.yaml: This is not a history of pytest-readiness; it is left as it is."),
    ],
)
def test_what_is_not_there_is_told_in_a_sentence(ran: Release, arguments: tuple[str, ...], sentence: str) -> None:
    done = ran.cli("history", *arguments)
    assert (done.returncode, done.stdout) == (4, "")
    assert sentence in done.stderr
    assert not (ran.path / "none.db").exists()


def test_names_are_no_terminal_control(tmp_path: Path) -> None:
    release = Release(tmp_path)
    release.run("--readiness-history=history.db", "--readiness-release=1\x1b[31m")
    done = release.cli("history", "history.db")
    assert "\x1b" not in done.stdout
    assert "1\\x1b[31m" in done.stdout


@pytest.mark.parametrize("command", ["merge", "report", "history"])
def test_help_teaches(ran: Release, command: str) -> None:
    done = ran.cli(command, "--help")
    assert done.returncode == 0
    assert f"readiness {command}" in done.stdout
