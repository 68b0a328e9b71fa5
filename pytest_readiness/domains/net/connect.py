"""Whether one host can connect to another."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pytest_readiness.domains.host.question import Question


@dataclass(frozen=True, slots=True)
class Attempt:
    """An attempt to connect from a host.

    Attributes:
        program: that made it: bash or nc.
        state: how it ended: "open", or in words why not.
    """

    program: str
    state: str


def _attempt(text: str) -> Attempt:
    program, _, state = text.strip().partition(" ")
    return Attempt(program, state)


CONNECT = Question("connect", "the way to", Path(__file__).with_name("connect.sh"), _attempt)
"""With another host and its port: how an attempt to connect ended."""
