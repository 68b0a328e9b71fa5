"""`readiness bind CHECKLIST.md --review`, on a terminal of its own."""

from __future__ import annotations

import re
import signal
import stat
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from pytest_readiness.bind.words import all_words
from pytest_readiness.core.yamlfile import read_yaml
from tests.command import readiness
from tests.pty import Session

DOCUMENT = """\
# Release

## Web

- [ ] HSTS headers are configured
- [ ] Certificates are valid
- [ ] Old TLS versions are disabled
- [ ] Session cookies are secure
- [ ] A page in 漢字 with [bold]brackets[/bold] is served

## Data

- [ ] Redis requires a password
- [ ] Runbook covers rollback
- [ ] Nothing is cached
- [ ] Backups are restored quarterly

## People

- [ ] Release is approved
- [ ] Team is trained
- [ ] CDN is configured
"""
CONFIGURATION = """\
checklists: [release.md]
roles: {operations: [a@example.com], owner: [o@example.com]}
targets:
  prod:
    urls: {shop: "https://shop.example.com"}
    documents: {runbook: runbook.md}
"""
HSTS, CERTIFICATES, TLS = "HSTS headers", "Certificates are valid", "Old TLS versions"
COOKIES, REDIS, RUNBOOK = "Session cookies", "Redis requires", "Runbook covers"
CACHED, APPROVED, CDN = "Nothing is cached", "Release is approved", "CDN is configured"
CODE = "import sys; from pytest_readiness.cli import main; sys.argv[0] = 'readiness'; main()"
COMMAND = [sys.executable, "-c", CODE, "bind", "release.md", "--target", "prod", "--review"]

Start = Callable[..., Session]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, text in (("release.md", DOCUMENT), ("readiness.yaml", CONFIGURATION), ("runbook.md", "# Runbook\n")):
        (tmp_path / name).write_text(text, "utf-8")
    return tmp_path


@pytest.fixture
def start(folder: Path) -> Iterator[Start]:
    """Start a review, and wait for its first item."""
    begun: list[Session] = []

    def begin(columns: int = 80, lines: int = 24, **environment: str) -> Session:
        session = Session(COMMAND, folder, columns, lines, 30, **environment)
        begun.append(session)
        session.until(" left")
        return session

    yield begin
    for session in begun:
        session.__exit__()


def go_to(session: Session, text: str) -> None:
    """Go to the item that is still open and has this text."""
    for _ in range(30):
        if text in session.screen:
            return
        last = "That was the last one" in session.screen
        session.send("\r" if last else " ")
        session.until("")
    raise AssertionError(f"{text!r} is not among the items:\n{session.screen}")


def find(session: Session, id: str) -> None:
    """Search for a claim by its id."""
    session.send("/")
    session.until("Enter search")
    session.send(f"{id}\r")
    session.until(f"Found by '{id}'")


def answer(session: Session, wanted: str = "") -> None:
    """Say of each claim that is asked about whether it is needed, too: only the wanted one is."""
    session.until("")
    while asked := re.search(r"Also needed\?\s+(\S+)", session.screen):
        session.send("y" if asked[1] == wanted else "n")
        session.until("")


def written(folder: Path) -> dict[str, Any]:
    """What is confirmed in the file, by the item's slug."""
    root = read_yaml(folder / "release.checks.yaml", "bindings")
    entries = {slug: value for section, held in root.items() if section[0] != "." for slug, value in held.items()}
    return {slug: value for slug, value in entries.items() if not (isinstance(value, dict) and "proposed" in value)}


def editor(folder: Path, text: str) -> str:
    """An editor that saves this text."""
    script = folder / "editor.py"
    script.write_text(f"import sys; open(sys.argv[1], 'w', encoding='utf-8').write({text!r})\n", "utf-8")
    return f"{sys.executable} {script}"


def test_a_document_is_reviewed_by_keys_left_and_gone_on_with(folder: Path, start: Start) -> None:
    session = start(EDITOR=editor(folder, "session-cookies-are-secure: {check: http.cookies, severity: high}\n"))
    assert session.screen.startswith("1 of 12, ")

    go_to(session, HSTS)
    find(session, "http.hsts")
    assert "looks at shop" in session.screen
    session.send("1")
    answer(session)
    assert "11 left" in session.screen
    assert written(folder) == {"hsts-headers-are-configured": "http.hsts"}

    go_to(session, CERTIFICATES)
    find(session, "tls.trusted")
    session.send("1")
    also = all_words()["tls.trusted"].together_with[0]
    session.until(f"Also needed? {also}")
    answer(session, also)
    assert "10 left" in session.screen

    go_to(session, TLS)
    find(session, "tls.versions")
    session.send("p")
    answer(session)
    assert "Who signs?" in session.screen
    session.send("2\r")
    session.until("9 left")

    go_to(session, COOKIES)
    session.send("e")
    session.until("8 left")

    go_to(session, REDIS)
    find(session, "redis.auth")
    assert "no check yet: " in session.screen
    session.send("1")
    answer(session)
    assert "7 left" in session.screen

    go_to(session, RUNBOOK)
    find(session, "docs.sections")
    session.send("1")
    answer(session)
    assert "docs.sections needs 'sections'" in session.screen
    session.send("Rollback, Contacts\r")
    session.until("6 left")

    go_to(session, CDN)
    session.send("n")
    session.until("Why does it not apply?")
    session.send("\x15todo\r")
    session.until("That is no reason")
    session.send("\x15there is no CDN\r")
    session.until("5 left")

    go_to(session, CACHED)
    session.send("s")
    session.until("Who signs?")
    session.send("operations\r")
    session.until("4 left")
    session.send("u")
    session.until("Undone.")
    assert CACHED in session.screen
    assert "5 left" in session.screen

    session.send("\x03")
    assert session.ends() == 0
    wanted = {
        "hsts-headers-are-configured": "http.hsts",
        "certificates-are-valid": ["tls.trusted", also],
        "old-tls-versions-are-disabled": {"check": "tls.versions", "partial": "owner"},
        "session-cookies-are-secure": {"check": "http.cookies", "severity": "high"},
        "redis-requires-a-password": {"missing": "redis.auth"},
        "runbook-covers-rollback": {"check": "docs.sections", "sections": ["Rollback", "Contacts"]},
        "cdn-is-configured": {"not_applicable": "there is no CDN"},
    }
    assert written(folder) == wanted
    end = session.written.rpartition("q leave")[2]
    assert "7 of 12 items confirmed." in end
    for way, number in (
        ("by checks", 4),
        ("by checks and people", 1),
        ("waiting for a check", 1),
        ("not applicable", 1),
    ):
        assert re.search(rf"  {way} +{number}\n", end)
    assert "5 left, unverified until a person confirms them:" in end
    for command in ("bind release.md --target prod --review", "plan --target prod"):
        assert f"\n  readiness {command}\n" in end

    again = start()
    assert again.screen.startswith("8 of 12, ")
    again.send("b")
    assert "Decided: " in again.until("7 of 12, ")
    go_to(again, APPROVED)
    again.send("s")
    again.until("Who signs?")
    again.send("owner\r")
    again.until("4 left")
    again.send("q")
    assert again.ends() == 0
    assert written(folder) == {**wanted, "release-is-approved": {"signoff": "owner"}}

    plan = readiness(folder, "plan", "--target", "prod")
    assert (plan.returncode, plan.stderr) == (0, "")
    for line in ("sign-off: owner", "http.hsts", "there is no CDN", "redis.auth"):
        assert line in plan.stdout


def decide(session: Session, left: int) -> None:
    """Let someone sign the item that is shown."""
    session.send("s")
    session.until("Who signs?")
    session.send("owner\r")
    session.until(f"{left} left")


@pytest.mark.parametrize(
    ("keys", "how", "code"),
    [
        ("", "q", 0),
        ("", signal.SIGINT, 0),
        ("", "closed", 129),
        ("/redis", "\x04", 0),
        ("/redis", signal.SIGTERM, 143),
        ("s", signal.SIGHUP, 129),
    ],
)
def test_however_it_is_left_what_was_decided_is_in_the_file(
    folder: Path, start: Start, keys: str, how: str | signal.Signals, code: int
) -> None:
    session = start()
    decide(session, 11)
    if keys:
        session.send(keys)
        session.until("Esc back")
    if how == "closed":
        session.close()
    elif isinstance(how, signal.Signals):
        session.process.send_signal(how)
    else:
        session.send(how)
    assert session.ends() == code
    assert list(written(folder).values()) == [{"signoff": "owner"}]
    assert "Traceback" not in session.written
    if how != "closed":
        # The screen of before, with a cursor, and without marks around what is pasted.
        assert session.raw.rstrip().rpartition("\x1b[?1049h")[2].count("\x1b[?1049l") == 1
        assert "\x1b[?25h" in session.raw
        assert "\x1b[?2004l" in session.raw


def test_a_mapping_may_be_typed_without_braces(folder: Path, start: Start) -> None:
    session = start()
    find(session, "env.values")
    session.send("1")
    session.until("values")
    session.send("LOG_LEVEL: info, DEBUG: false\r")
    session.until("11 left")
    assert {"check": "env.values", "values": {"LOG_LEVEL": "info", "DEBUG": False}} in written(folder).values()


def test_a_window_in_which_nothing_can_be_read_decides_nothing(folder: Path, start: Start) -> None:
    session = start()
    session.resize(60, 6)
    session.until_written("too small")
    session.send("1n")
    session.send("q")
    assert session.ends() == 0
    assert not written(folder)


def test_a_document_that_changed_during_the_review_is_to_be_bound_again(folder: Path, start: Start) -> None:
    session = start()
    with (folder / "release.md").open("a", encoding="utf-8") as document:
        document.write("- [ ] One more\n")
    session.send("q")
    assert session.ends() == 0
    assert "release.md has changed since it was read. Before a run:\n  readiness bind release.md\n" in session.written


def test_arrows_and_pastes_decide_nothing(folder: Path, start: Start) -> None:
    session = start()
    session.send("\x1b[A\x1b[B\x1bOP\x1b[3~\x1b[200~1\nn\nq\x1b[201~\x1b[<0;1;1M?")
    session.until("any key back")
    session.send("x")
    assert session.until(" left").startswith("1 of 12, ")
    session.send("n")
    session.until("Why does it not apply?")
    session.send("\x15\x1b[200~no\ttabs\nhere\x1b[201~\r")
    session.until("11 left")
    assert list(written(folder).values()) == [{"not_applicable": "no tabs here"}]


def test_a_window_may_be_narrow_short_and_resized(start: Start) -> None:
    session = start(columns=60, lines=24)
    first = session.screen
    assert len(first.splitlines()) <= 24
    assert max(map(len, first.splitlines())) <= 60
    session.resize(100, 40)
    assert max(map(len, session.until("leave").splitlines())) > 60
    session.resize(60, 10)
    assert len(session.until("leave").splitlines()) <= 10


def test_it_goes_on_after_it_was_stopped(folder: Path, start: Start) -> None:
    session = start()
    session.process.send_signal(signal.SIGSTOP)
    session.send("")
    session.process.send_signal(signal.SIGCONT)
    session.until("12 left")
    decide(session, 11)
    assert list(written(folder).values()) == [{"signoff": "owner"}]


def test_keys_that_were_pressed_before_an_item_was_shown_decide_nothing_of_it(folder: Path, start: Start) -> None:
    session = start()
    go_to(session, HSTS)
    find(session, "http.hsts")
    session.send("1nnnnnnnn1111")
    session.until("11 left")
    session.send("?")
    session.until("any key back")
    assert written(folder) == {"hsts-headers-are-configured": "http.hsts"}


def test_an_editor_that_writes_what_is_wrong_is_asked_again(folder: Path, start: Start) -> None:
    session = start(EDITOR=editor(folder, "hsts-headers-are-configured: {check: http.hsts, min_age: 9}\n"))
    go_to(session, HSTS)
    session.send("e")
    assert "'min_age'" in session.until("This cannot be written as it is:")
    editor(folder, "hsts-headers-are-configured: [\n")
    session.send("e")
    session.until("not YAML")
    editor(folder, "other: http.hsts\n")
    session.send("e")
    session.until("must have the one key 'hsts-headers-are-configured'")
    (folder / "editor.py").unlink()
    session.send("e")
    session.until("Editing failed")
    session.send("d")
    session.until("12 left")
    assert written(folder) == {}


def test_a_file_that_an_editor_changed_meanwhile_is_kept(folder: Path, start: Start) -> None:
    session = start()
    path = folder / "release.checks.yaml"
    path.write_text("# by hand\n" + path.read_text("utf-8"), "utf-8")
    path.chmod(0o640)
    decide(session, 11)
    assert "it was read again" in " ".join(session.screen.split())
    assert path.read_text("utf-8").startswith("# by hand\n")
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert list(written(folder).values()) == [{"signoff": "owner"}]


def test_a_terminal_without_a_cursor_is_enough(folder: Path) -> None:
    with Session(COMMAND, folder, TERM="dumb") as dumb:
        dumb.until_written("12 left")
        dumb.send("n")
        dumb.until_written("Why does it not apply?")
        dumb.send("\x15there is none\r")
        dumb.until_written("11 left")
        dumb.send("q")
        assert dumb.ends() == 0
        assert "\x1b" not in dumb.raw
    assert list(written(folder).values()) == [{"not_applicable": "there is none"}]


def test_without_a_terminal_it_is_said_and_nothing_is_written(folder: Path) -> None:
    result = readiness(folder, "bind", "release.md", "--review")
    assert result.returncode == 4
    assert result.stderr.startswith("A review needs a terminal")
    assert not (folder / "release.checks.yaml").exists()


def test_a_document_that_is_confirmed_leaves_nothing_to_ask(folder: Path) -> None:
    (folder / "release.md").write_text("# Release\n\n- [ ] HSTS\n", "utf-8")
    (folder / "release.checks.yaml").write_text("release:\n  hsts: http.hsts\n", "utf-8")
    with Session(COMMAND, folder) as session:
        session.until("Nothing is left to decide.")
        session.send("b")
        assert "Decided: http.hsts (by checks)" in session.until("1 of 1, ")
        session.send("q")
        assert session.ends() == 0
        assert "1 of 1 item confirmed." in session.written
        assert "unverified until" not in session.written


def test_a_limit_that_was_not_read_is_asked_for(folder: Path) -> None:
    document = "# Release\n\n- [ ] Disk usage of about 70 % on every disk\n"
    (folder / "release.md").write_text(document, "utf-8")
    with Session(COMMAND, folder, 100, 40) as session:
        session.until("1 left")
        find(session, "host.disk")
        assert "unless given, max_used_pct: 80" in session.screen
        session.send("1")
        session.until("host.disk can be given 'max_used_pct'")
        assert "keeps 80" in session.screen
        session.send("70\r")
        session.until("Nothing is left to decide.")
        session.send("\r")
        assert session.ends() == 0
    assert list(written(folder).values()) == [{"check": "host.disk", "max_used_pct": 70}]


def test_a_role_that_is_still_to_be_listed_is_named_at_the_end(folder: Path, start: Start) -> None:
    session = start()
    session.send("s")
    session.until("Who signs?")
    session.send("security\r")
    session.until("has no role 'security'")
    session.send("\r")
    session.until("11 left")
    session.send("q")
    assert session.ends() == 0
    assert "To be listed under 'roles' of readiness.yaml, with their people: security." in session.written
