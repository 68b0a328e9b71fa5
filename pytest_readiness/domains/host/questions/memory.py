"""Memory."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pytest_readiness.domains.host.question import Question, Unread


@dataclass(frozen=True, slots=True)
class Memory:
    """Memory that can be had.

    Attributes:
        total_bytes: all there is, or the control group's limit where that is lower.
        available_bytes: what new work can have without swapping (MemAvailable, and what the limit leaves).
        limited: whether the control group's limit decides.
    """

    total_bytes: int
    available_bytes: int
    limited: bool


def _memory(text: str) -> Memory:
    seen: dict[str, str] = {}
    for line in text.splitlines():
        name, _, value = line.replace(":", "").partition(" ")
        seen.setdefault(name, value.removesuffix("kB").strip())
    try:
        total, available = int(seen["MemTotal"]) * 1024, int(seen["MemAvailable"]) * 1024
    except (KeyError, ValueError):
        raise Unread("/proc/meminfo has no MemAvailable") from None
    if not 0 < total >= available:
        raise Unread("/proc/meminfo says that more memory is available than there is, or that there is none")
    limit = seen.get("memory.max", seen.get("memory.limit_in_bytes", ""))
    if not limit.isdigit() or not 0 < int(limit) < total:
        return Memory(total, available, limited=False)
    used = int(seen.get("memory.current") or seen.get("memory.usage_in_bytes") or 0)
    # Pages of files that were not used lately are given back before the limit hurts.
    used -= int(seen.get("total_inactive_file") or seen.get("inactive_file") or 0)
    left = int(limit) - used
    return Memory(int(limit), max(0, min(left, available)), limited=True)


MEMORY = Question("memory", "the memory", Path(__file__).with_name("memory.sh"), _memory)
"""Memory in total and what is available."""
