"""A declared journey through a web endpoint's pages: fill, click, expect."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pytest_readiness.core.evidence import CouldNotVerify
from pytest_readiness.core.registry import fact
from pytest_readiness.domains.browser.facts.pages import QUEUE_SECONDS, Launch, Missing, opening, pool
from pytest_readiness.domains.browser.steps import BrowserStep, credentials
from pytest_readiness.domains.http.resource import Url
from pytest_readiness.domains.tls.facts.connection import Connection
from pytest_readiness.protocols.http.limits import CONNECT_SECONDS

FLOW_SECONDS = 120.0
"""For a whole journey."""


@dataclass(frozen=True, slots=True)
class Journey:
    """The outcome of a journey.

    Attributes:
        steps: how many there are.
        done: how many succeeded.
        failed: number and words of the step that did not; "" where all did.
        expected, seen: what that step should have led to, and what it did.
        address, title: where the journey ended.
        already: words of the last expectation, where it already held before the last action.
        acted: words of that last action.
        seconds: how long it took.
        browser: name and version.
        screenshot: PNG in base64, with what was filled in from credentials covered; "" where it became too large.
    """

    steps: int
    done: int
    failed: str
    expected: str
    seen: str
    address: str
    title: str
    already: str
    acted: str
    seconds: float
    browser: str
    screenshot: str


@dataclass(frozen=True, slots=True)
class JourneyJob:
    """Make a journey.

    Attributes:
        opening: how the browser is opened.
        root: address of the endpoint.
        steps: as JSON.
        secrets: what credentials fill in, by name and part, without the user's name.
    """

    opening: Launch
    root: str
    steps: str
    secrets: Mapping[tuple[str, str], str]


@fact(deadline=FLOW_SECONDS + QUEUE_SECONDS + 2 * CONNECT_SECONDS + 40, fact_class="active", extra="browser")
def browser_flow(url: Url, connection: Connection, *, ask: str) -> Journey:
    """The outcome of a journey through the endpoint's pages; `ask` holds its steps as JSON.

    Raises:
        CouldNotVerify: the browser, or the endpoint, could not be used.
        NotDeclared: the endpoint declares no such credential.
    """
    from pydantic import TypeAdapter

    steps = TypeAdapter(list[BrowserStep]).validate_json(ask)
    secrets: dict[tuple[str, str], str] = {
        (part.credential, part.field): part.value(url) for part in credentials(steps)
    }
    job = JourneyJob(opening(url, connection, "chromium"), url.url, ask, secrets)
    done = pool().run(job, FLOW_SECONDS, QUEUE_SECONDS)
    if isinstance(done, Missing):
        raise CouldNotVerify(done.reason)
    assert isinstance(done, Journey)
    return done
