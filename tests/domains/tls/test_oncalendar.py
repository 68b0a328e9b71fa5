"""How often a timer runs."""

from __future__ import annotations

import subprocess

import pytest

from pytest_readiness.domains.tls.oncalendar import days_between
from tests.stack.programs import program


@pytest.mark.parametrize(
    ("calendars", "days"),
    [
        (["daily"], 1),
        (["*:0/30"], 1),
        (["*-*-* 00/12:00:00"], 1),
        (["weekly"], 7),
        (["monthly"], 31),
        (["quarterly"], 92),
        (["yearly"], 366),
        (["Mon..Fri 03:00"], 3),
        (["Sat,Mon 3:00 Europe/Berlin"], 5),
        (["*-*-1,15"], 17),
        (["*-*-1", "*-*-15"], 17),
        (["*-*-1/7"], 7),
        (["*-*-1..3,20..22"], 17),
        (["*-1/3-1"], 92),
        (["*-*~1"], 31),
        (["*-*~7/1"], 25),
        (["*-*-31"], 61),
        (["Mon *-*-1..7"], 35),
        (["2027-1-1"], 0),
        (["daily", "2027-1-1"], 0),
        ([], 0),
    ],
)
def test_days_between_two_runs(calendars: list[str], days: int) -> None:
    """In the form that systemd gives to what people write."""
    command = [str(program("systemd-analyze")), "calendar"]
    printed = [
        subprocess.run([*command, each], capture_output=True, text=True, check=True).stdout for each in calendars
    ]
    forms = [line.partition(": ")[2] for each in printed for line in each.splitlines() if "Normalized form" in line]
    assert len(forms) == len(calendars)
    assert days_between(forms) == days


@pytest.mark.parametrize("text", ["", "soon", "Foo *-*-* 00:00:00", "*-a-* 00:00:00", "*-*-1... 00:00:00"])
def test_what_systemd_does_not_write_is_not_known(text: str) -> None:
    assert days_between([text]) == 0
