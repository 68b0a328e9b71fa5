"""What a web endpoint answers: its root, other pages, the plain http side, response times.

Every request is a GET without credentials or an Origin. Cookies are kept from one redirect of a page to the next. No
request is made twice for one endpoint, except where a second answer must differ.
"""

from __future__ import annotations

import math
import re
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Literal
from urllib.parse import urlsplit

from pytest_readiness.core.audit import reading_of
from pytest_readiness.core.evidence import CouldNotVerify
from pytest_readiness.core.registry import fact
from pytest_readiness.domains.http.cookies import Jar
from pytest_readiness.domains.http.resource import Url
from pytest_readiness.domains.http.session import open_session
from pytest_readiness.domains.http.unknown import SAMPLES, Unknown, beside
from pytest_readiness.domains.tls.facts.connection import Connection
from pytest_readiness.protocols.http.addresses import joined, origin, request_target, shown
from pytest_readiness.protocols.http.answer import Response
from pytest_readiness.protocols.http.errors import Broken, Nobody, Untrusted
from pytest_readiness.protocols.http.limits import CONNECT_SECONDS, READ_SECONDS, REQUEST_SECONDS
from pytest_readiness.protocols.markup import parse

VISIT_SECONDS = 25.0
"""For several requests that belong together."""
MAX_REDIRECTS = 5


@dataclass(frozen=True, slots=True)
class Page:
    """The answers on the way to a page.

    Attributes:
        url: what was asked for first.
        tls_error: why no verified TLS connection was established; there are no answers then.
        answers: in order; all but the last are redirects within the same host.
        endless: the last one is still such a redirect, after five of them.
    """

    url: str
    tls_error: str
    answers: tuple[Response, ...]
    endless: bool = False

    @property
    def first(self) -> Response:
        """The page's own answer.

        Raises:
            CouldNotVerify: there is none, because TLS could not be verified.
        """
        if not self.answers:
            raise CouldNotVerify(f"GET {self.url} was not sent, because {self.tls_error}")
        return self.answers[0]

    @property
    def own(self) -> bool:
        """Whether redirects only add a slash, a deeper path or a query to what was asked for, and lead nowhere else.

        Raises:
            CouldNotVerify: there is no answer, or redirects do not end.
        """
        asked, ends = (urlsplit(each.url).path.rstrip("/") for each in (self.first, self.last))
        return ends == asked or ends.startswith(f"{asked}/")

    @property
    def last(self) -> Response:
        """Where a visitor ends on this host.

        Raises:
            CouldNotVerify: there is no answer, or redirects do not end.
        """
        if self.endless:
            raise CouldNotVerify(f"GET {self.url} was redirected more than {MAX_REDIRECTS} times")
        _ = self.first
        return self.answers[-1]


@dataclass(frozen=True, slots=True)
class PlainAnswer:
    """The plain http side.

    Attributes:
        url: what was asked for.
        nobody: nothing answers on that port: the connection was refused, or not accepted in time.
        answer: its own answer, no redirect followed.
    """

    url: str
    nobody: Literal["", "refused", "timeout"]
    answer: Response | None


@dataclass(frozen=True, slots=True)
class Beside:
    """A question to `unknown_beside`.

    Attributes:
        path: the asked path beside which unknown ones are asked for.
        credential: name of the credential to show, or "".
    """

    path: str
    credential: str = ""


@dataclass(frozen=True, slots=True)
class Samples:
    """A question to `latency`.

    Attributes:
        path: page to ask for; "" is the page that a visitor of the root ends on.
        count: how often.
    """

    path: str
    count: int


@dataclass(frozen=True, slots=True)
class Latency:
    """Response times of one page.

    Attributes:
        url: the page.
        seconds: from sending each request to the last byte of its answer.
        statuses: status code of each.
        connections: how many connections it took; more than one where the server does not keep them.
        location: where the page redirects to, if that is not on the same host and was not followed; or "".
        stored: what says that answers came from a cache, or "".
        challenge: what turned requests away, or "".
    """

    url: str
    seconds: tuple[float, ...]
    statuses: tuple[int, ...]
    connections: int
    location: str = ""
    stored: str = ""
    challenge: str = ""


@fact(deadline=VISIT_SECONDS + CONNECT_SECONDS + READ_SECONDS)
def root_page(url: Url, connection: Connection) -> Page:
    """The answer of the endpoint's root, and where its redirects lead to within the same host."""
    return visit(url, connection, url.url)


@dataclass(frozen=True, slots=True)
class AtAddress:
    """What another address of the endpoint's name answers, beside the one that all else is read from.

    Attributes:
        address: the IP address.
        status: of its answer to the declared address; 0 where there is none.
        problem: why there is none, as a clause.
        unlike: names of the headers by which browsers protect a page, in lower case, that only one of the two answers
            has.
    """

    address: str
    status: int
    problem: str
    unlike: tuple[str, ...]


_PROTECTING = (
    *("strict-transport-security", "content-security-policy", "x-frame-options", "x-content-type-options"),
    *("referrer-policy", "permissions-policy", "cross-origin-opener-policy", "cross-origin-resource-policy"),
)


@fact(deadline=REQUEST_SECONDS + 2 * CONNECT_SECONDS)
def root_elsewhere(url: Url, connection: Connection, root_page: Page) -> tuple[AtAddress, ...]:
    """What the declared address is answered with at each other address of its name where TLS could be verified."""
    if not root_page.answers:
        return ()
    here = root_page.first

    def ask(address: str) -> AtAddress:
        try:
            with (
                reading_of("root_elsewhere", url.key),
                open_session(url, replace(connection, address=address)) as session,
            ):
                there = session.get(url.url)
        except CouldNotVerify as error:
            return AtAddress(address, 0, error.reason, ())
        unlike = tuple(name for name in _PROTECTING if bool(here.header(name)) != bool(there.header(name)))
        return AtAddress(address, there.status, "", unlike)

    others = [each.address for each in connection.elsewhere or () if each.reached and not each.fault]
    if not others:
        return ()
    with ThreadPoolExecutor(len(others)) as pool:
        return tuple(pool.map(ask, others))


@fact(deadline=VISIT_SECONDS + CONNECT_SECONDS + READ_SECONDS)
def visited(url: Url, connection: Connection, root_page: Page, *, ask: str) -> Page:
    """The answer to a path (absolute on the host), and where its redirects lead to within the same host."""
    address = on_host(url, ask)
    if root_page.tls_error:
        return Page(address, root_page.tls_error, ())
    return root_page if same_page(address, url.url) else visit(url, connection, address)


def visit(url: Url, connection: Connection, start: str, until: float = math.inf, credential: str = "") -> Page:
    """The answer to an address of the endpoint's host, and where its redirects lead to within the same host.

    Args:
        url: the endpoint.
        connection: to it.
        start: absolute address.
        until: reading of the monotonic clock at which it ends sooner than after `VISIT_SECONDS`.
        credential: name of the credential to show, or ""; with one, redirects are followed within the origin only.

    Raises:
        CouldNotVerify: an answer on the way did not come.
    """
    until = min(until, time.monotonic() + VISIT_SECONDS)
    address, answers = start, list[Response]()
    jar = Jar()
    while True:
        try:
            with open_session(url, connection, address, credential) as session:
                cookies = jar.header(address)
                headers = [("Cookie", cookies)] if cookies else []
                answers.append(session.send("GET", address, headers=headers, until=until))
                if not credential:
                    jar.take(session.set_cookies, address, answers[-1].at)
        except Untrusted as error:
            if answers:
                raise CouldNotVerify(f"GET {address} was not sent, because {error}") from None
            return Page(start, str(error), ())
        address = next_on_host(answers[-1])
        if credential and address and origin(address) != origin(start):
            address = ""
        if not address or len(answers) > MAX_REDIRECTS:
            return Page(start, "", tuple(answers), endless=bool(address))


def arrive(url: Url, connection: Connection, path: str, credential: str = "") -> Response:
    """The answer to a path; of one that only redirects to itself with a slash or a deeper path, that answer."""
    page = visit(url, connection, on_host(url, path), credential=credential)
    if page.tls_error:
        raise CouldNotVerify(f"GET {page.url} was not sent, because {page.tls_error}")
    answer = page.last if page.own else page.first
    verify_unhindered(answer)
    return answer


def verify_unhindered(answer: Response) -> None:
    """Make sure that an answer is the server's own.

    Raises:
        CouldNotVerify: it is that of what turns programs away.
    """
    if gate := answer.challenge:
        place = f"GET {shown(answer.url)} was answered {answer.status}"
        raise CouldNotVerify(f"{place} by {gate}, which turns programs away")


def verify_now(answer: Response, unknown: Unknown | None = None) -> None:
    """Make sure that an answer tells how things are now, of the path that was asked for.

    Args:
        answer: to the path.
        unknown: what unknown paths beside it are answered, where the status alone would not tell them apart.

    Raises:
        CouldNotVerify: it comes from a cache or from what turns programs away, or any path gets it.
    """
    verify_unhindered(answer)
    place = f"GET {shown(answer.url)} was answered {answer.status}"
    if answer.stored:
        raise CouldNotVerify(f"{place} from a cache ({answer.stored}), which does not tell how it is now")
    if unknown and unknown.like(answer):
        raise CouldNotVerify(
            f"{place} like any unknown path, so that this tells nothing about the one that was asked for"
        )


@fact
def response(url: Url, root_page: Page) -> Response:  # noqa: ARG001 (a fact names its resource)
    """The page that a visitor of the root ends on, without leaving the host."""
    last = root_page.last
    verify_unhindered(last)
    if last.status == 429 or last.status >= 500:
        raise CouldNotVerify(f"GET {last.url} was answered {last.status}, an error instead of the page")
    if problem := stays_not(last):
        raise CouldNotVerify(problem)
    return last


def in_place(url: Url, answer: Response, *, redirect: bool = False) -> str:
    """What came in place of the endpoint's page: an error, a challenge or a redirect to elsewhere; "" for the page.

    Args:
        url: the endpoint.
        answer: where a visitor ends.
        redirect: whether a redirect to elsewhere is an answer, too.
    """
    place = f"GET {shown(answer.url)} was answered {answer.status}"
    if not redirect and (problem := stays_not(answer)):
        return problem
    if answer.status == url.status:
        return ""
    if answer.challenge:
        return f"{place} by {answer.challenge}, which turns programs away, instead of the page"
    if url.status is None and 200 <= answer.status <= 299:
        return ""
    usual = f"if that is as it should be, declare `status: {answer.status}` for {url.name}"
    if answer.location and redirect:
        return ""
    if answer.location:
        return f"{place}, a redirect to {shown(answer.location)}, not the page; declare that address, or {usual}"
    return f"{place}, an error instead of the page; {usual}"


PASSWORD_FIELD = re.compile(r"(?i)<input\b[^<>]{0,500}type\s{0,3}=\s{0,3}[\"']?password")
"""What pages have that ask for a password."""
_REFRESH = re.compile(r"(\d{0,6})[\d.]{0,9} ?[;,]? ?(?:url ?= ?)?[\"']?([^\"']*)", re.IGNORECASE)
_MOVES = re.compile(r"\blocation(?:\.href)?\s*=\s*[\"'`]([^\"'`]+)|\blocation\.(?:replace|assign)\(\s*[\"'`]([^\"'`]+)")
_AT_ONCE = 10
"""Seconds after which a page that leads on has been looked at by nobody."""
_NOTE = 200
"""Characters that a page shows which only says where it leads to."""


def leads_on(answer: Response) -> str:
    """Where a page leads to by itself at once, by Refresh or a script; "" where it is a page to stay on."""
    if not 200 <= answer.status <= 299:
        return ""
    refreshes = [answer.header("refresh")]
    moves = None
    if answer.html and ("location" in answer.body or "refresh" in answer.body.lower()):
        markup = parse(answer.body)
        refreshes += [content for name, content in markup.equivalents if name == "refresh"]
        alone = len(markup.shown) <= _NOTE and not any(script.src for script in markup.scripts)
        moves = _MOVES.search("\n".join(markup.inline)) if alone else None
    read = [_REFRESH.match(" ".join(each.split())) for each in refreshes]
    told = [(int(found[1] or 0), found[2]) for found in read if found]
    goals = [goal for seconds, goal in told if seconds < _AT_ONCE]
    goals += [moves[1] or moves[2]] if moves else []
    for goal in filter(None, (joined(answer.url, goal.strip()) for goal in goals if goal.strip())):
        # A page that reads itself anew is one to stay on.
        if not same_page(goal.partition("#")[0], answer.url):
            return goal
    return ""


def stays_not(answer: Response) -> str:
    """Why a page is none to stay on, as a sentence; or ""."""
    if answer.html and "\0" in answer.body[:1024]:
        place = f"GET {shown(answer.url)} was answered {answer.status}"
        return f"{place} with a page that is no text; it may be compressed without a Content-Encoding that says so"
    goal = leads_on(answer)
    if not goal:
        return ""
    place = f"GET {shown(answer.url)} was answered {answer.status}"
    return f"{place} with a page that only leads on to {shown(goal)}, not the page; declare that address"


@fact
def front_page(url: Url, root_page: Page) -> Response:
    """The page that a visitor of the root ends on, where it is the page and nothing in its place."""
    if problem := in_place(url, root_page.last):
        raise CouldNotVerify(problem)
    return root_page.last


@fact(deadline=VISIT_SECONDS + CONNECT_SECONDS + READ_SECONDS)
def second_page(url: Url, connection: Connection, front_page: Response) -> Response | None:
    """The front page, read a second time; None where its policy has no nonce, which must be another one each time."""
    said = front_page.header("content-security-policy") + (front_page.body if front_page.html else "")
    if "'nonce-" not in said.lower():
        return None
    second = visit(url, connection, url.url).last
    if second.status != front_page.status:
        raise CouldNotVerify(f"GET {shown(second.url)} was answered {front_page.status}, and then {second.status}")
    return second


@fact(deadline=REQUEST_SECONDS + CONNECT_SECONDS)
def page(url: Url, connection: Connection, root_page: Page, *, ask: str) -> Page:
    """The answer to a path (absolute on the host), redirects not followed."""
    address = on_host(url, ask)
    if root_page.tls_error:
        return Page(address, root_page.tls_error, ())
    if same_page(address, url.url):
        return Page(address, "", root_page.answers[:1])
    return Page(address, "", (_get(url, connection, address),))


@fact(deadline=REQUEST_SECONDS + CONNECT_SECONDS)
def missing_page(url: Url, connection: Connection, root_page: Page) -> Response:
    """The answer to a path that cannot be guessed, always the same for one endpoint."""
    _ = root_page.first
    return _get(url, connection, on_host(url, beside("/")))


@fact(deadline=VISIT_SECONDS + REQUEST_SECONDS + CONNECT_SECONDS)
def unknown_pages(url: Url, connection: Connection, root_page: Page) -> Unknown:
    """The answers to paths of the root that cannot be guessed."""
    _ = root_page.first
    return _unknown(url, connection, Beside("/"))


@fact(deadline=VISIT_SECONDS + REQUEST_SECONDS + CONNECT_SECONDS)
def unknown_beside(url: Url, connection: Connection, unknown_pages: Unknown, *, ask: Beside) -> Unknown:
    """The answers to paths that cannot be guessed in the folder of a path, with its ending and its query."""
    if not ask.credential and beside(ask.path) == beside("/"):
        return unknown_pages
    return _unknown(url, connection, ask)


def _unknown(url: Url, connection: Connection, ask: Beside) -> Unknown:
    until = time.monotonic() + VISIT_SECONDS
    answers = []
    with open_session(url, connection, credential=ask.credential) as session:
        for number in range(1, SAMPLES + 1):
            # Where the connection is closed on what is unknown (nginx's 444), any answer is told from that.
            with suppress(Broken):
                answers.append(session.get(on_host(url, beside(ask.path, number)), until))
    return Unknown(tuple(answers))


@fact(deadline=REQUEST_SECONDS + CONNECT_SECONDS)
def plain_response(url: Url, connection: Connection, root_page: Page) -> PlainAnswer:
    """The answer of the plain http side, redirects not followed."""
    host = f"[{url.host}]" if ":" in url.host else url.host
    address = url.plain_http or (f"http://{host}/" if url.secure else url.url)
    if same_page(address, url.url):
        return PlainAnswer(address, "", root_page.first)
    try:
        return PlainAnswer(address, "", _get(url, connection, address))
    except Nobody as error:
        return PlainAnswer(address, error.how, None)


@fact(deadline=3 * VISIT_SECONDS + REQUEST_SECONDS + CONNECT_SECONDS, exclusive=True)
def latency(url: Url, connection: Connection, root_page: Page, *, ask: Samples) -> Latency:
    """Response times of a page, asked for one after the other; fewer than asked for where they took over 50 s.

    Redirects to it within the same host are followed first, and are not timed.
    """
    until = time.monotonic() + 2 * VISIT_SECONDS
    _ = root_page.first
    address = on_host(url, ask.path) if ask.path else root_page.last.url
    answers, connections = _timed(url, connection, address, ask.count, until)
    if next_on_host(answers[0]):
        address = visit(url, connection, address, until).last.url
        answers, connections = _timed(url, connection, address, ask.count, until)
    return Latency(
        address,
        tuple(answer.seconds for answer in answers),
        tuple(answer.status for answer in answers),
        connections,
        next((answer.location for answer in answers if answer.location), ""),
        next((answer.stored for answer in answers if answer.stored), ""),
        next((answer.challenge for answer in answers if answer.challenge), ""),
    )


def _timed(url: Url, connection: Connection, address: str, count: int, until: float) -> tuple[list[Response], int]:
    """The answers of a page, one after the other, and over how many connections; only the first of a redirect."""
    answers: list[Response] = []
    with open_session(url, connection, address, fresh=True) as session:
        while not answers or (len(answers) < count and time.monotonic() < until and not next_on_host(answers[0])):
            answers.append(session.get(address))
    return answers, session.connections


def on_host(url: Url, path: str) -> str:
    """Address of an absolute path on the endpoint's host."""
    parts = urlsplit(url.url)
    return f"{parts.scheme}://{parts.netloc}{path}"


def _get(url: Url, connection: Connection, address: str) -> Response:
    with open_session(url, connection, address) as session:
        return session.get(address)


def same_page(one: str, other: str) -> bool:
    """Whether two addresses are asked for in the same way."""
    return origin(one) == origin(other) and request_target(one) == request_target(other)


def next_on_host(answer: Response) -> str:
    """Where a redirect leads to, if that is on the same host and not a step back from https to http."""
    goal = answer.location.partition("#")[0]
    here, there = origin(answer.url), origin(goal)
    follow = there[1] == here[1] and there[0] in (("https",) if answer.secure else ("http", "https"))
    return goal if follow else ""
