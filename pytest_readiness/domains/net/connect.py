"""Whether one host can connect to another."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from pytest_readiness.domains.host.question import Question
from pytest_readiness.domains.net.facts import plain


@dataclass(frozen=True, slots=True)
class Attempt:
    """An attempt to connect from a host.

    Attributes:
        program: that made it: bash or nc.
        state: how it ended: "open", or in words why not.
        address: the IP address that was tried last; "" where there is none.
        own: whether that is one of the host itself, or a loopback address.
        led: whether the connection ended on the host itself all the same, as far as bash can see.
    """

    program: str
    state: str
    address: str
    own: bool
    led: bool = False


def _attempt(text: str) -> Attempt:
    told: dict[str, list[str]] = {"own": [], "at": []}
    *lines, last = text.strip().splitlines()
    for line in lines:
        word, _, value = line.partition(" ")
        told.setdefault(word, []).append(value)
    program, _, state = last.partition(" ")
    address = "".join(told["at"][-1:])
    return Attempt(program, state, address, _own(address, told["own"]), "led" in told)


def _own(address: str, others: list[str]) -> bool:
    with suppress(ValueError):
        tried = plain(address)
        return tried.is_loopback or tried.is_unspecified or tried in map(plain, others)
    return False


CONNECT = Question("connect", "the way to", Path(__file__).with_name("connect.sh"), _attempt)
"""With another host and its port: how an attempt to connect ended."""
