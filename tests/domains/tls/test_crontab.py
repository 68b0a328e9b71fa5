"""What cron makes of its tables; Debian's is asked itself, where it can be."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from pytest_readiness.domains.tls.crontab import NEVER, Cron, Table, entries
from tests.stack.patience import patient
from tests.stack.programs import program

ACCOUNTS = {"root": 0, "daemon": 1, "certbot": 990}
DEBIAN = Cron("debian", ACCOUNTS, frozenset({"certbot"}))
CRONIE, BUSYBOX = replace(DEBIAN, kind="cronie"), replace(DEBIAN, kind="busybox")
SYSTEM = Table("/etc/cron.d/renew")
OWN = Table("/var/spool/cron/crontabs/root", mode=0o600)
DAILY = "0 3 * * * root certbot renew"


def one(line: str, table: Table = SYSTEM, cron: Cron = DEBIAN) -> tuple[str, int, str]:
    (found,) = entries(replace(table, lines=(line,)), cron)
    return found


TIMES = {
    "* * * * *": 1,
    "0\t3\t*\t*\t*": 1,
    "*/30 */2 * * *": 1,
    "0~59 3 * * *": 1,
    "0 3 1-31 * *": 1,
    "0 3 * */1 *": 1,
    "0 3 * jan-DEC 0-6": 1,
    "0 3 */1 * *": 1,
    "0 3 */2 * *": 2,
    "0 3 * * mon,Thu": 4,
    "0 3 * * 1-5": 3,
    "0 3 1,6,11,16,21,26,31 * *": 5,
    "0 3 * * 7": 7,
    "0 3 * * 5-7": 5,
    "0 3 * * 1~5": 7,
    "0 3 1,15 * 5": 7,
    "0 3 1,15 * *": 17,
    "0 3 */2 * 1": 21,
    "0 3 1 * *": 31,
    "0 3 1 1 *": 366,
    "0 3 29 2 *": 1461,
    "0 3 30 2 *": NEVER,
    "0 22-4 * * *": NEVER,
    "0 3 * * fri-mon": NEVER,
    "@hourly": 1,
    "@midnight": 1,
    "@weekly": 7,
    "@annually": 366,
    "@reboot": NEVER,
}
NO_TIMES = {
    "60 3 * * *": "has 60 where the minute stands",
    "*/0 3 * * *": "has */0 where the minute stands",
    "5/10 3 * * *": "has 5/10 where the minute stands",
    "-0 3 * * *": "has -0 where the minute stands",
    "~ 3 * * *": "has ~ where the minute stands",
    "H 3 * * *": "has H where the minute stands",
    "0 24 * * *": "has 24 where the hour stands",
    "0 3 0 * *": "has 0 where the day of the month stands",
    "0 3 1,,2 * *": "has 1,,2 where the day of the month stands",
    "0 3 L * *": "has L where the day of the month stands",
    "0 3 ? * *": "has ? where the day of the month stands",
    "0 3 * 13 *": "has 13 where the month stands",
    "0 3 * 0 *": "has 0 where the month stands",
    "0 3 * * monday": "has monday where the day of the week stands",
    "0 3 * * 8": "has 8 where the day of the week stands",
    "@every_day": "begins with the unknown word @every_day",
    "@Daily": "begins with the unknown word @Daily",
}


@pytest.mark.parametrize("time", TIMES)
def test_times(time: str) -> None:
    command, days, fault = one(f"{time} root certbot renew")
    assert (command, days) == ("certbot renew", TIMES[time])
    assert fault == ("runs at boot only, or at times that never come" if days == NEVER else "")


@pytest.mark.parametrize("time", NO_TIMES)
def test_no_times(time: str) -> None:
    line = f"{time} root certbot renew"
    assert one(line) == (line, NEVER, f"cron ignores the whole file, as this line {NO_TIMES[time]}")


@pytest.mark.parametrize(
    ("line", "mistake"),
    [
        *((f"{each} certbot renew", "") for each in TIMES),
        *((f"{each} certbot renew", each) for each in NO_TIMES),
        *(
            (" 0 3 * * * x", ""),
            ("FOO = bar", ""),
            ('"FOO"="bar"', ""),
            ("CRON_TZ=UTC", ""),
            ("MAILTO=", "x"),
            ('MAILTO=""', ""),
        ),
        *(("a.b-c=d", ""), ("export A=b", "x"), ("\ufeff0 3 * * * x", "x"), ("0\u00a03 * * * x", "x"), ("\r", "x")),
        *((f"0 3 * * * {'x' * 998}", ""), (f"0 3 * * * {'x' * 999}", "x")),
        *(("FOO BAR", "x"), ("0 3 * * *", ""), ("0 3 * *", "x"), ("root: 0 3 * * * x", "x")),
    ],
)
def test_what_debians_cron_says_itself(line: str, mistake: str, tmp_path: Path) -> None:
    table = tmp_path / "table"
    table.write_text(f"{line}\n")
    command = [str(program("crontab")), "-n", str(table)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=patient(10), check=False)
    if "successfully checked" not in done.stdout + done.stderr and "errors in crontab" not in done.stderr:
        pytest.skip("this crontab program does not only look")
    assert (done.returncode != 0) == bool(mistake)
    found = [fault for _, _, fault in entries(replace(OWN, lines=(line,)), DEBIAN)]
    assert any("as this line" in each for each in found) == bool(mistake)


@pytest.mark.parametrize(
    ("table", "cron", "fault"),
    [
        (SYSTEM, Cron(None), "no cron daemon is running"),
        (Table("/etc/cron.d/renew.sh"), DEBIAN, "cron ignores a file of that name"),
        (Table("/etc/cron.d/renew.sh"), CRONIE, ""),
        (Table("/etc/cron.d/renew.rpmnew"), CRONIE, "cron ignores a file of that name"),
        (Table("/etc/cron.d/renew~"), CRONIE, "cron ignores a file of that name"),
        (replace(SYSTEM, owner=1000), DEBIAN, "cron ignores the file, as it does not belong to root"),
        (replace(SYSTEM, link_owner=1000), DEBIAN, "cron ignores the file, as it does not belong to root"),
        (replace(SYSTEM, links=2), DEBIAN, "cron ignores the file, as it has a second name (a hard link)"),
        *((replace(SYSTEM, mode=mode), DEBIAN, "") for mode in (0o000, 0o600, 0o640, 0o755, 0o4644)),
        *(
            (
                replace(SYSTEM, mode=mode),
                cron,
                f"cron ignores the file, as others than its owner may write to it (mode {mode:o})",
            )
            for mode in (0o664, 0o646)
            for cron in (DEBIAN, CRONIE)
        ),
        (
            replace(SYSTEM, mode=0o755),
            CRONIE,
            "cron ignores the file, as its mode is 755: a table must not be executable",
        ),
        (SYSTEM, BUSYBOX, "busybox's crond reads no such file, but tables of users only"),
        (
            replace(SYSTEM, unended=True),
            DEBIAN,
            "cron ignores the whole file, as its last line does not end in a newline",
        ),
        (replace(SYSTEM, unended=True), CRONIE, "cron ignores the line, as its last line does not end in a newline"),
    ],
)
def test_files_of_the_system(table: Table, cron: Cron, fault: str) -> None:
    assert one(DAILY, table, cron)[2] == fault


@pytest.mark.parametrize(
    ("table", "cron", "fault"),
    [
        (replace(OWN, path="/var/spool/cron/crontabs/daemon", owner=1), DEBIAN, ""),
        (replace(OWN, path="/var/spool/cron/crontabs/daemon", owner=0), DEBIAN, ""),
        (
            replace(OWN, path="/var/spool/cron/crontabs/daemon", owner=2),
            DEBIAN,
            "cron ignores the file, as it does not belong to daemon or root",
        ),
        (replace(OWN, mode=0o644), DEBIAN, "cron ignores the file, as its mode is 644 instead of 600"),
        (replace(OWN, mode=0o644), CRONIE, ""),
        (replace(OWN, mode=0o644), BUSYBOX, ""),
        (
            replace(OWN, path="/var/spool/cron/crontabs/gone"),
            DEBIAN,
            "cron ignores it, as gone is not a user of this host",
        ),
        (
            replace(OWN, path="/var/spool/cron/crontabs/root.bak"),
            CRONIE,
            "cron ignores it, as root.bak is not a user of this host",
        ),
        (replace(OWN, path="/var/spool/cron/root"), DEBIAN, "cron reads no tables in this folder"),
        (replace(OWN, path="/var/spool/cron/root"), CRONIE, ""),
        (replace(OWN, path="/etc/crontabs/root", unended=True), BUSYBOX, ""),
    ],
)
def test_files_of_users(table: Table, cron: Cron, fault: str) -> None:
    assert one("0 3 * * * certbot renew", table, cron)[2] == fault


@pytest.mark.parametrize(
    ("line", "table", "command", "fault"),
    [
        # The user is forgotten, or unknown.
        (
            "0 3 * * * lego renew",
            SYSTEM,
            "0 3 * * * lego renew",
            "cron ignores the whole file, as this line names lego before the command, who is not a user of this host",
        ),
        ("0 3 * * * root", SYSTEM, "0 3 * * * root", "cron ignores the whole file, as this line has no command"),
        # And named where none belongs; a program may have the name of a user.
        (
            "0 3 * * * root certbot renew",
            OWN,
            "root certbot renew",
            "it would run 'root', as lines in a user's own table name no user",
        ),
        ("0 3 * * * certbot renew", OWN, "certbot renew", ""),
        (
            f"{DAILY}\r",
            SYSTEM,
            "certbot renew",
            "its line ends in a carriage return (CRLF), which the shell takes for a part of the last word",
        ),
        *(
            (
                f"{DAILY} {rest}",
                SYSTEM,
                f"certbot renew {rest}",
                "cron ends a command at the first %, here within quotes or brackets; write \\% instead",
            )
            for rest in ('--post-hook "date +%F"', ">/var/log/renew-$(date +%F)", "&& touch `date +%s`")
        ),
        (f"{DAILY} >/var/log/renew-$(date +\\%F)", SYSTEM, "certbot renew >/var/log/renew-$(date +%F)", ""),
        (f"{DAILY} %no", SYSTEM, "certbot renew", ""),
        ("0 3 * * * root true # certbot renew", SYSTEM, "true", ""),
    ],
)
def test_lines(line: str, table: Table, command: str, fault: str) -> None:
    assert one(line, table)[::2] == (command, fault)


def test_one_mistake_in_a_file() -> None:
    """Debian's cron ignores the file, cronie the line; neither minds a setting."""
    table = replace(SYSTEM, lines=("PATH = /usr/bin", "60 3 * * * root x", DAILY))
    mistake = "has 60 where the minute stands"
    assert [fault for *_, fault in entries(table, DEBIAN)] == [
        f"cron ignores the whole file, as this line {mistake}",
        f"cron ignores the whole file, as another line {mistake}",
    ]
    assert [fault for *_, fault in entries(table, CRONIE)] == [f"cron ignores the line, as it {mistake}", ""]


def test_what_cronie_alone_takes() -> None:
    table = replace(SYSTEM, unended=True, lines=(DAILY, "0 4 * * * root certbot renew"))
    seen = "cron ignores the line, as its last line does not end in a newline"
    assert [fault for *_, fault in entries(table, CRONIE)] == ["", seen]
    assert one(f"~ 4 {DAILY[4:]}", cron=CRONIE)[2] == ""
    # An entry that is not logged, as SUSE writes them.
    assert one(f"-{DAILY}", cron=CRONIE)[2] == ""
