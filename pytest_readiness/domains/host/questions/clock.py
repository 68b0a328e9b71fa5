"""The clock."""

from __future__ import annotations

import re
from dataclasses import dataclass
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
    """

    source: str
    synchronised: bool
    offset_ms: float | None
    reference: str


def _clock(text: str) -> Clock:
    fields = text.strip().split(",")
    if len(fields) == 14:
        # 7F7F0101 stands for the host's own clock, which chrony may serve to others.
        following = fields[13] != "Not synchronised" and fields[0] not in ("7F7F0101", "00000000")
        return Clock("chronyc", following, abs(float(fields[4])) * 1000, fields[1] if following else "")
    seen = dict(re.findall(r"^\s*(\w+)[=:]\s*(.*)$", text, flags=re.MULTILINE))
    if "NTPSynchronized" not in seen:
        raise Unread(f"not understood: {text.strip()[:100]!r}")
    offset = milliseconds(seen.get("Offset", ""))
    return Clock("timedatectl", seen["NTPSynchronized"] == "yes", offset, seen.get("Server", ""))


def milliseconds(text: str) -> float | None:
    """A time span as systemd writes it: `-1.234ms`, `1min 2s`."""
    units = {"us": 0.001, "ms": 1.0, "s": 1000.0, "min": 60_000.0, "h": 3_600_000.0}
    parts = re.findall(r"(?<![\d.])([\d.]+)(us|ms|s|min|h)\b", text)
    return sum(float(value) * units[unit] for value, unit in parts) if parts else None


CLOCK = Question("clock", "the clock's state", Path(__file__).with_name("clock.sh"), _clock)
"""Whether the clock follows a time source, and how closely."""
