"""Swap space."""

from __future__ import annotations

from dataclasses import dataclass

from pytest_readiness.domains.host.question import Question, Unread


@dataclass(frozen=True, slots=True)
class Swap:
    """Swap space of the whole host: bytes of it, and how many of them are free."""

    total_bytes: int
    free_bytes: int


def _swap(text: str) -> Swap:
    try:
        total, free = (int(line.split()[1]) * 1024 for line in text.splitlines())
    except (ValueError, IndexError):
        raise Unread("/proc/meminfo has no SwapTotal and SwapFree") from None
    return Swap(total, free)


SWAP = Question("swap", "the swap space", 'grep -E "^(SwapTotal|SwapFree):" /proc/meminfo', _swap)
"""Swap space in total and what is free."""
