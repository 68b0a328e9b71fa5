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
    seen = dict(line.partition(":")[::2] for line in text.splitlines())
    try:
        total, free = (int(seen[name].split()[0]) * 1024 for name in ("SwapTotal", "SwapFree"))
    except (KeyError, ValueError, IndexError):
        raise Unread("/proc/meminfo has no SwapTotal and SwapFree") from None
    if free > total:
        raise Unread("/proc/meminfo says that more swap space is free than there is")
    return Swap(total, free)


SWAP = Question("swap", "the swap space", 'grep -E "^(SwapTotal|SwapFree):" /proc/meminfo || [ $? = 1 ]', _swap)
"""Swap space in total and what is free."""
