"""The same request again and again: until it is throttled, or while a new version is rolled out."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pytest_readiness.core.evidence import CouldNotVerify
from pytest_readiness.core.registry import fact
from pytest_readiness.domains.http.facts.pages import on_host
from pytest_readiness.domains.http.facts.probes import once
from pytest_readiness.domains.http.resource import Url
from pytest_readiness.domains.http.session import open_session
from pytest_readiness.domains.tls.facts.connection import Connection
from pytest_readiness.protocols.http.answer import Response, is_to_come
from pytest_readiness.protocols.http.client import Session
from pytest_readiness.protocols.http.limits import CONNECT_SECONDS, REQUEST_SECONDS

BURST_SECONDS = 60.0
"""For all requests of a burst."""
MAX_RECOVERY = 300
"""Longest time, in seconds, that a check may wait for an endpoint to answer again."""
MAX_WATCH = 900
"""Longest time, in seconds, that a rollout is watched."""
SETTLED = 10
"""Rounds with one version before a rollout, and with another after it: instances that always differ look different."""


@dataclass(frozen=True, slots=True)
class Burst:
    """A question to `burst`.

    Attributes:
        path: what to ask for.
        requests: most requests.
        recovery: seconds within which it must answer again.
        credential: name of the credential to show, or "".
    """

    path: str
    requests: int
    recovery: int
    credential: str


@dataclass(frozen=True, slots=True)
class BurstResult:
    """How a burst went.

    Attributes:
        statuses: of each answer, the last one that of the first 429.
        seconds: how long the burst took.
        retry_after: the header of that name in the 429, or "".
        waited: seconds after which the endpoint was asked again for the last time; None where it was not.
        after: status of the last of these answers; None where there is none.
        useful: whether the header says a time to come back at that was still to come.
    """

    statuses: tuple[int, ...]
    seconds: float
    retry_after: str
    waited: float | None
    after: int | None
    useful: bool


@dataclass(frozen=True, slots=True)
class Rollout:
    """A question to `rollout`.

    Attributes:
        path: what to ask for.
        seconds: how long at most.
        per_second: rounds in a second.
        version_path: what tells the version.
        version_field: dotted path of the version in its JSON; "" takes the whole body.
    """

    path: str
    seconds: int
    per_second: float
    version_path: str
    version_field: str


@dataclass(frozen=True, slots=True)
class Round:
    """One round of a watch.

    Attributes:
        at: seconds since the watch began.
        status: of the answer; 0 where there was none.
        problem: why there was none, or "".
        version: what was reported, or "" where nothing was.
    """

    at: float
    status: int
    problem: str
    version: str


@fact(
    deadline=BURST_SECONDS + MAX_RECOVERY + 2 * REQUEST_SECONDS + CONNECT_SECONDS,
    exclusive=True,
    fact_class="active",
)
def burst(url: Url, connection: Connection, *, ask: Burst) -> BurstResult:
    """Requests as fast as one connection allows, up to the first 429, and whether it is answered again afterwards."""
    address = on_host(url, ask.path)
    statuses: list[int] = []
    with once(), open_session(url, connection, address, ask.credential, once=True) as session:
        began = time.monotonic()
        until = began + BURST_SECONDS
        while len(statuses) < ask.requests and time.monotonic() < until:
            answer = session.get(address)
            statuses.append(answer.status)
            if answer.status == 429:
                break
        seconds = time.monotonic() - began
        if statuses[-1] != 429 or len(statuses) == 1:
            return BurstResult(tuple(statuses), seconds, answer.header("retry-after")[:40], None, None, False)
        return _recovered(session, address, ask.recovery, tuple(statuses), seconds, answer)


def _recovered(
    session: Session, address: str, most: int, statuses: tuple[int, ...], seconds: float, answer: Response
) -> BurstResult:
    told = answer.header("retry-after")[:40]
    useful = is_to_come(told, answer.at)
    pause = max(float(told), 0.2) if told.isascii() and told.isdecimal() else 1.0
    if pause > most:
        return BurstResult(statuses, seconds, told, None, None, useful)
    began = time.monotonic()
    while True:
        time.sleep(min(pause, max(began + most - time.monotonic(), 0)))
        after = session.get(address).status
        waited = time.monotonic() - began
        if after != 429 or waited >= most:
            return BurstResult(statuses, seconds, told, waited, after, useful)
        # Requests while it waits must not be what keeps it from recovering.
        pause = min(pause * 2, 30.0)


@fact(deadline=MAX_WATCH + 2 * REQUEST_SECONDS + CONNECT_SECONDS)
def rollout(url: Url, connection: Connection, *, ask: Rollout) -> tuple[Round, ...]:
    """What is answered, round after round, each on a new connection, until a new version has settled or time is up.

    Where the first round is not answered 2xx, or reports no version, it is the only one.
    """
    began = time.monotonic()
    rounds: list[Round] = []
    while time.monotonic() - began < ask.seconds and not settled(rounds):
        at = time.monotonic() - began
        rounds.append(_round(url, connection, ask, at))
        if not rounds[0].version or not 200 <= rounds[0].status <= 299:
            break
        time.sleep(max(0.0, at + 1 / ask.per_second - (time.monotonic() - began)))
    return tuple(rounds)


def begun(rounds: Sequence[Round]) -> set[str]:
    """The versions that were reported before a rollout."""
    return {each.version for each in rounds[:SETTLED]} - {""}


def settled(rounds: Sequence[Round]) -> bool:
    """Whether the first rounds all reported one version, and the last ones all another."""
    last = {each.version for each in rounds[-SETTLED:]}
    return len(begun(rounds)) == len(last) == 1 and last.isdisjoint({"", *begun(rounds)})


def _round(url: Url, connection: Connection, ask: Rollout, at: float) -> Round:
    with open_session(url, connection, fresh=True) as session:
        try:
            answer = session.get(on_host(url, ask.path))
        except CouldNotVerify as error:
            return Round(at, 0, error.reason, "")
        finally:
            session.close()
        version = ""
        try:
            if ask.version_path != ask.path:
                version = _version(session.get(on_host(url, ask.version_path)), ask.version_field)
            else:
                version = _version(answer, ask.version_field)
        except CouldNotVerify:
            version = ""
        finally:
            session.close()
        return Round(at, answer.status, "", version)


def _version(answer: Response, field: str) -> str:
    if not 200 <= answer.status <= 299:
        return ""
    if not field:
        return answer.body.strip()[:100]
    try:
        found: Any = json.loads(answer.body)
        for key in field.split("."):
            found = found[key]
    except (ValueError, RecursionError, LookupError, TypeError):
        return ""
    return str(found)[:100] if isinstance(found, str | int | float) else ""
