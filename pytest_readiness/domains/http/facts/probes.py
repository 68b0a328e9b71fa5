"""Requests that no visitor makes: with a credential, a foreign Host or Origin, an odd method, a malformed body.

What is sent is in the question, except for credentials, which it only names.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from uuid import uuid4

from pytest_readiness.core.evidence import CouldNotVerify, Unreachable
from pytest_readiness.core.registry import fact
from pytest_readiness.domains.http.facts.pages import on_host
from pytest_readiness.domains.http.resource import Url
from pytest_readiness.domains.http.session import open_session
from pytest_readiness.domains.tls.facts.connection import Connection
from pytest_readiness.protocols.http.answer import Response
from pytest_readiness.protocols.http.errors import Broken
from pytest_readiness.protocols.http.limits import CONNECT_SECONDS, REQUEST_SECONDS

PROBES_SECONDS = 60.0
"""For all requests of one trial."""
PAD = "{readiness-pad}"


@dataclass(frozen=True, slots=True)
class Probe:
    """One request of a trial.

    Attributes:
        method: of HTTP.
        path: on the host.
        headers: besides the usual ones, or instead of those of the same name; never secrets.
        body: of the request, in UTF-8.
        credential: name of the credential to show, or "".
        apart: with a query that no cache has seen, so that no cache keeps the answer for others.
        keep: whether the answer's body is kept.
        pad: number of characters that replace `PAD` in the body.
    """

    method: str
    path: str
    headers: tuple[tuple[str, str], ...] = ()
    body: str = ""
    credential: str = ""
    apart: bool = False
    keep: bool = True
    pad: int = 0


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back for one request of a trial.

    Attributes:
        answer: the answer, if there is one.
        broken: the connection was closed instead of an answer; how.
    """

    answer: Response | None
    broken: str = ""

    @property
    def got(self) -> Response:
        """The answer.

        Raises:
            CouldNotVerify: there is none.
        """
        if self.answer is None:
            raise CouldNotVerify(self.broken)
        return self.answer


@contextmanager
def once() -> Iterator[None]:
    """Mark no failure as worth a second try: what is sent here is counted."""
    try:
        yield
    except Unreachable:
        raise
    except CouldNotVerify as error:
        raise CouldNotVerify(error.reason) from None


@fact(deadline=PROBES_SECONDS + REQUEST_SECONDS + CONNECT_SECONDS, fact_class="active")
def probes(url: Url, connection: Connection, *, ask: tuple[Probe, ...]) -> tuple[Reply, ...]:
    """The answers to the requests of a trial, one after the other; redirects not followed."""
    until = time.monotonic() + PROBES_SECONDS
    replies: list[Reply] = []
    with ExitStack() as stack:
        sessions = {
            name: stack.enter_context(open_session(url, connection, credential=name, once=True))
            for name in dict.fromkeys(probe.credential for probe in ask)
        }
        for probe in ask:
            address = on_host(url, probe.path)
            if probe.apart:
                address += f"{'&' if '?' in address else '?'}readiness={uuid4().hex}"
            body = probe.body.replace(PAD, "x" * probe.pad).encode()
            try:
                answer = sessions[probe.credential].send(
                    probe.method, address, headers=probe.headers, body=body, until=until
                )
            except Broken as error:
                if not replies:
                    raise
                replies.append(Reply(None, error.reason))
            else:
                replies.append(Reply(answer if probe.keep else replace(answer, body="")))
    return tuple(replies)
