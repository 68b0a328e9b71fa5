"""The clock."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from pytest_readiness.domains.host.question import Question, Unread


@dataclass(frozen=True, slots=True)
class Clock:
    """State of the clock.

    Attributes:
        source: who says so: chronyc or timedatectl.
        synchronised: whether it follows a time source other than itself.
        offset_ms: distance from that source in milliseconds; None where unknown.
        reference: that source, where known.
        silence: how long that source has been silent, as a sentence, where that is longer than it may be; or "".
        known_to_ms: how far that source may be from the right time; None where unknown.
        heard: whether it is known when that source last answered.
    """

    source: str
    synchronised: bool
    offset_ms: float | None
    reference: str
    silence: str = ""
    known_to_ms: float | None = None
    heard: bool = False


_POLLS = 3
"""How many polls in a row a time source may leave unanswered: packets get lost."""
_SPARE_SECONDS = 10


def _clock(text: str) -> Clock:
    lines = text.strip().splitlines() or [""]
    fields = lines[0].split(",")
    if len(fields) == 14:
        return _of_chrony(fields, [line.split(",") for line in lines[1:]])
    seen = dict(re.findall(r"^\s*(\w+)[=:]\s*(.*)$", text, flags=re.MULTILINE))
    if "NTPSynchronized" not in seen:
        raise Unread(f"not understood: {text.strip()[:100]!r}")
    offset = milliseconds(seen.get("Offset", ""))
    age = _age(seen)
    silence = ""
    if age is not None:
        poll = (milliseconds(seen.get("PollIntervalUSec", "")) or 0) / 1000
        silence = _silence(age, poll)
    synchronised = seen["NTPSynchronized"] == "yes"
    if synchronised and (seen.get("CanNTP"), seen.get("NTP")) == ("yes", "no"):
        # That flag is the kernel's, which keeps it for hours; whether another program follows a source is not known.
        raise Unread(
            "timedatectl says that the service that follows a time source is off (NTP=no), so that it proves nothing "
            "that the kernel calls the clock synchronised; switch it on with timedatectl set-ntp true, or use chrony"
        )
    return Clock("timedatectl", synchronised, offset, seen.get("Server", ""), silence, heard=age is not None)


def _of_chrony(tracking: list[str], sources: list[list[str]]) -> Clock:
    # 7F7F0101 stands for the host's own clock, which chrony may serve to others.
    following = tracking[13] != "Not synchronised" and tracking[0] not in ("7F7F0101", "00000000")
    silence = ""
    if following and sources:
        # chrony goes on as if it followed a source that has gone: its last state is the best that it has.
        chosen = [each for each in sources if each[1] == "*"]
        # A source that is polled many times a second is unreachable now and then.
        fresh = any(each[1] == "?" and int(each[6]) <= _SPARE_SECONDS for each in sources)
        if not chosen and not fresh:
            silence = "none of its sources can be used now"
        for each in chosen:
            poll, reach, age = 2 ** int(each[4]), int(each[5], 8), int(each[6])
            missed = reach % 2**_POLLS == 0 and age > _SPARE_SECONDS
            silence = _silence(age, poll) or (f"it answered none of the last {_POLLS} polls" if missed else "")
    return Clock(
        "chronyc",
        following,
        abs(float(tracking[4])) * 1000,
        tracking[1] if following else "",
        silence,
        known_to_ms=1000 * (float(tracking[10]) / 2 + float(tracking[11])),
        heard=bool(sources),
    )


def _silence(age: float, poll: float) -> str:
    if age <= (_POLLS + 1) * poll + _SPARE_SECONDS:
        return ""
    return f"its last answer came {age:.0f} s ago, though it is asked every {poll:g} s"


def _age(seen: dict[str, str]) -> float | None:
    """Seconds since the last answer to systemd-timesyncd."""
    arrived = re.search(
        r"DestinationTimestamp=\w+ (\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)(?:\.\d+)? UTC", seen.get("NTPMessage", "")
    )
    if arrived is None or not seen.get("Now", "").isdecimal():
        return None
    return float(seen["Now"]) - datetime.fromisoformat(f"{arrived[1]}+00:00").timestamp()


def milliseconds(text: str) -> float | None:
    """A time span as systemd writes it: `-1.234ms`, `1min 2s`."""
    units = {"us": 0.001, "ms": 1.0, "s": 1000.0, "min": 60_000.0, "h": 3_600_000.0}
    parts = re.findall(r"(?<![\d.])([\d.]+)(us|ms|s|min|h)\b", text)
    return sum(float(value) * units[unit] for value, unit in parts) if parts else None


CLOCK = Question("clock", "the clock's state", Path(__file__).with_name("clock.sh"), _clock)
"""Whether the clock follows a time source, and how closely."""
