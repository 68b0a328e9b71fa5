"""Services that speak JSON over HTTP: their answers page by page, waited for where the service asks to, or a sentence.

What is asked is in the audit log, like every request, and an answer is bounded in time and bytes.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from typing import Any, Self, TypeVar
from urllib.parse import urlencode, urljoin, urlsplit

from pytest_readiness.core.evidence import CouldNotVerify
from pytest_readiness.core.text import cut
from pytest_readiness.protocols.http.addresses import origin, shown
from pytest_readiness.protocols.http.answer import Response
from pytest_readiness.protocols.http.client import Session
from pytest_readiness.protocols.http.credentials import bearer
from pytest_readiness.protocols.http.trust import SYSTEM_STORE, Trust

MAX_BYTES = 8 * 1024 * 1024
"""Of one answer."""
MAX_PAGES = 100
"""Of one list."""
WAIT_SECONDS = 30.0
"""How long a service may make its caller wait, over all its answers."""

Query = Mapping[str, str | int | Sequence[str]]
"""Query parameters; one with several values is repeated."""
_T = TypeVar("_T")

_KINDS = {
    dict: "an object",
    list: "an array",
    str: "a string",
    int: "a number",
    float: "a number",
    bool: "a boolean",
    type(None): "null",
}
_REASONS = {
    401: "401, so it asks for a valid credential",
    403: "403, so what was shown does not allow it",
}


class Refused(CouldNotVerify):
    """The service answered with a status that is not a success.

    Attributes:
        status: status code.
    """

    def __init__(self, reason: str, status: int) -> None:
        super().__init__(reason, transient=status in (502, 503, 504))
        self.status = status


class NotJson(CouldNotVerify):
    """The service answered with success, but without the JSON that was asked for."""


class JsonApi:
    """A service that is asked over one connection for as long as it keeps it.

    Args:
        base: address that paths are relative to, http or https.
        name: what a person calls the service, for messages about redirects ("the RDAP service").
        address: IP address or name to connect to instead of the base's host.
        trust: how TLS is verified, and what certificate is shown.
        token: shown as `Authorization: Bearer …` with every request; "" for none.
        headers: sent with every request, such as those of another kind of credential.
        accept: media types that are asked for.
        redirects: how many are followed of a GET, to any host, but never from https to http; what lets a request in
            is shown to the base's own origin alone.
        max_bytes: of one answer; a longer one is refused.
        wait: seconds that are waited in all where the service answers 429 and says by Retry-After how long.
        until: reading of the monotonic clock at which everything is abandoned.

    Raises:
        CouldNotVerify: the base is not a web address.
    """

    def __init__(
        self,
        base: str,
        *,
        name: str = "the service",
        address: str = "",
        trust: Trust = SYSTEM_STORE,
        token: str = "",
        headers: tuple[tuple[str, str], ...] = (),
        accept: str = "application/json",
        redirects: int = 0,
        max_bytes: int = MAX_BYTES,
        wait: float = WAIT_SECONDS,
        until: float = math.inf,
    ) -> None:
        self.base = base.rstrip("/") + "/"
        self._name, self._address, self._trust, self._accept = name, address, trust, accept
        self._headers = (*([bearer(token)] if token else []), *headers)
        self._redirects, self._max_bytes, self._wait, self._until = redirects, max_bytes, wait, until
        self._sessions: dict[tuple[str, str | None, int], Session] = {}
        self._stack = ExitStack()
        self._own = _origin(base, f"{cut(base)} is not a web address")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self._sessions.clear()
        self._stack.close()

    def get(self, path: str, kind: type[_T], *, query: Query | None = None) -> _T:
        """What is answered to a GET.

        Args:
            path: relative to the base, quoted where it must be.
            kind: what the JSON must be: `dict`, `list` …
            query: parameters.

        Raises:
            Refused: the status is not a success.
            NotJson: the answer is not that JSON.
            CouldNotVerify: there is no answer, or it is too long.
        """
        return _value(self.send("GET", path, query=query), "GET", kind)

    def post(self, path: str, body: Any, kind: type[_T], *, query: Query | None = None) -> _T:
        """What is answered to a POST of JSON; see `get`."""
        return _value(self.send("POST", path, query=query, body=body), "POST", kind)

    def pages(
        self,
        path: str,
        kind: type[_T],
        *,
        query: Query | None = None,
        following: Callable[[_T], Query | None] | None = None,
        most: int = MAX_PAGES,
    ) -> Iterator[_T]:
        """The pages of a list, each asked for when it is wanted.

        Args:
            path, kind, query: as for `get`.
            following: from a page to the parameters that the next one takes besides `query`; None or {} after the
                last. Without it the next page is the one that the header Link names (RFC 8288), on the same origin.
            most: how many pages there may be.

        Raises:
            CouldNotVerify: as for `get`, and where the list goes on after `most` pages.
        """
        more: Query | None = None
        for _ in range(most):
            answer = self.send("GET", path, query={**(query or {}), **(more or {})})
            value = _value(answer, "GET", kind)
            yield value
            if following:
                more = following(value)
                if not more:
                    return
            else:
                path, query = self._next(answer), None
                if not path:
                    return
        raise CouldNotVerify(f"GET {shown(answer.url)} goes on after {most} pages")

    def send(self, method: str, path: str, *, query: Query | None = None, body: Any = None) -> Response:
        """The answer to a request, whatever it holds, if its status is a success.

        Args:
            method: of HTTP, in capitals.
            path: relative to the base, or an address on its origin.
            query: parameters.
            body: sent as JSON; None for none.

        Raises:
            Refused: the status is not a success.
            CouldNotVerify: there is no answer, or it is too long.
        """
        address = path if urlsplit(path).scheme else self.base + path.lstrip("/")
        if query:
            address += f"{'&' if '?' in address else '?'}{urlencode(query, doseq=True)}"
        for _ in range(self._redirects + 1):
            answer = self._patiently(method, address, body)
            said = f"{method} {shown(address)} was answered"
            if not answer.location or method != "GET" or not self._redirects:
                break
            address = self._followed(address, answer.location)
        else:
            raise CouldNotVerify(f"{self._name} redirected more than {self._redirects} times, last to {shown(address)}")
        if answer.location:
            goal = shown(answer.location)
            raise Refused(f"{said} {answer.status}, a redirect to {goal}, which is not followed", answer.status)
        if answer.status == 429:
            told = _seconds(answer)
            when = "later" if told is None else f"in {told:.0f} s"
            raise Refused(f"{said} 429, too many requests; try again {when}", answer.status)
        if not 200 <= answer.status <= 299:
            raise Refused(f"{said} {_REASONS.get(answer.status, answer.status)}", answer.status)
        if answer.truncated:
            raise CouldNotVerify(f"{said} with more than {_size(self._max_bytes)}")
        return answer

    def _patiently(self, method: str, address: str, body: Any) -> Response:
        while True:
            answer = self._exchange(method, address, body)
            told = _seconds(answer) if answer.status == 429 else None
            # One that says 0 again and again must not be asked without end.
            pause = max(told or 0.0, 1.0)
            if told is None or pause > self._wait or time.monotonic() + pause >= self._until:
                return answer
            self._wait -= pause
            time.sleep(pause)

    def _exchange(self, method: str, address: str, body: Any) -> Response:
        place = origin(address)
        own = place == self._own
        if place not in self._sessions:
            session = Session(
                address,
                address=self._address if place[1] == self._own[1] else "",
                trust=self._trust if own else Trust(self._trust.ca),
                headers=self._headers if own else (),
            )
            self._sessions[place] = self._stack.enter_context(session)
        headers = [("Accept", self._accept), *([("Content-Type", "application/json")] if body is not None else [])]
        data = json.dumps(body).encode() if body is not None else b""
        return self._sessions[place].send(
            method, address, headers=headers, body=data, until=self._until, max_body=self._max_bytes
        )

    def _followed(self, address: str, goal: str) -> str:
        to = _origin(goal, f"{self._name} led to {cut(goal)}, which is not a web address")
        if origin(address)[0] == "https" != to[0]:
            raise CouldNotVerify(f"{self._name} led to {shown(goal)}, which is not https")
        return goal

    def _next(self, answer: Response) -> str:
        """Address of the next page by the header Link; "" where there is none."""
        from requests.utils import parse_header_links

        links = parse_header_links(answer.header("link")) if answer.header("link") else []
        goal = next((link["url"] for link in links if "next" in link.get("rel", "").lower().split()), "")
        if not goal:
            return ""
        said = f"GET {shown(answer.url)} names {cut(goal)} as its next page, which is not on the same origin"
        try:
            address = urljoin(answer.url, goal)
        except ValueError:
            raise CouldNotVerify(said) from None
        if _origin(address, said) != origin(answer.url):
            raise CouldNotVerify(said)
        return address


def _origin(address: str, problem: str) -> tuple[str, str | None, int]:
    try:
        place = origin(address)
    except ValueError:
        raise CouldNotVerify(problem) from None
    if place[0] not in ("http", "https") or not place[1]:
        raise CouldNotVerify(problem)
    return place


def _seconds(answer: Response) -> float | None:
    """How long the answer asks to wait by Retry-After, in seconds or until a moment; None where it does not say."""
    from email.utils import parsedate_to_datetime

    told = answer.header("retry-after")
    if told.isascii() and told.isdecimal():
        return float(told)
    try:
        return max(parsedate_to_datetime(told).timestamp() - answer.at.timestamp(), 0.0)
    except (ValueError, OverflowError):
        return None


def _value(answer: Response, method: str, kind: type[_T]) -> _T:
    said = f"{method} {shown(answer.url)} was answered with"
    try:
        value = json.loads(answer.body)
    except ValueError:
        raise NotJson(f"{said} no JSON") from None
    except RecursionError:
        raise NotJson(f"{said} JSON that is nested too deeply to be read") from None
    if not isinstance(value, kind):
        raise NotJson(f"{said} {_KINDS[type(value)]} in JSON instead of {_KINDS.get(kind, kind.__name__)}")
    return value


def _size(bytes: int) -> str:
    whole, unit = (bytes // 1024**2, "MiB") if bytes >= 1024**2 else (bytes // 1024, "KiB")
    return f"{whole} {unit}"
