"""What a page loads, each resource read once, and where its links lead.

Every request is a GET without credentials, cookies or an Origin. Other hosts are asked, too, as a browser would.
"""

from __future__ import annotations

import json
import re
import time
from contextlib import ExitStack, suppress
from dataclasses import dataclass, replace
from typing import Literal
from urllib.parse import urldefrag, urlsplit

from pytest_readiness.core.evidence import CouldNotVerify
from pytest_readiness.core.registry import fact
from pytest_readiness.domains.http.facts.pages import same_page
from pytest_readiness.domains.http.resource import Url
from pytest_readiness.domains.http.script import Code, read_code
from pytest_readiness.domains.http.session import open_session
from pytest_readiness.domains.http.unknown import Unknown
from pytest_readiness.domains.tls.facts.connection import Connection
from pytest_readiness.protocols.http.addresses import joined, origin, shown
from pytest_readiness.protocols.http.answer import Response
from pytest_readiness.protocols.http.client import Session
from pytest_readiness.protocols.http.errors import Nobody, Untrusted
from pytest_readiness.protocols.http.limits import CONNECT_SECONDS, REQUEST_SECONDS
from pytest_readiness.protocols.markup import Kind, Markup, parse, style_references

PAGE_SECONDS = 50.0
"""For all requests of one page."""
MAX_HOPS = 5
MAX_ASSETS = 100
MAX_ASSET = 8 * 1024 * 1024
"""Bytes that are read of one of a page's resources, compressed or not."""
MAX_MEDIA = 4096
"""Bytes that are read of a video or audio file."""
MAX_TOTAL = 64 * 1024 * 1024

_PAGE = re.compile(r"\s*<(!doctype html|html)\b", re.IGNORECASE)
_COMPRESSED = ("Accept-Encoding", "gzip, br")
_READABLE = ("Accept-Encoding", "gzip")


@dataclass(frozen=True, slots=True)
class Asset:
    """A resource that a page names, or the page itself, as a browser gets it: compressed where the server does so.

    Attributes:
        url: what was asked for first.
        kind: what the page takes it for.
        certain: every browser loads it; not so for alternatives, hints, media, and what a style may or may not need.
        answer: where its redirects end, without the body; None where there is none.
        html: the answer is a page, by what it holds where it was asked for as something else.
        problem: why there is no answer, as a clause; "" where there is one.
        code: what was found in a script; None for everything else, and for an answer that is not a script.
        plain: addresses beginning with http: that a style sheet loads, or that redirects led over.
        mistaken: what the body is that cannot be what the page takes it for ("a pointer of Git LFS"), or "".
    """

    url: str
    kind: Literal[Kind, "page"]
    certain: bool
    answer: Response | None
    html: bool
    problem: str
    code: Code | None = None
    plain: tuple[str, ...] = ()
    mistaken: str = ""


@dataclass(frozen=True, slots=True)
class Assets:
    """A page and what it loads.

    Attributes:
        page: the page itself.
        assets: what its markup and the styles in it name, in its order, at most 100.
        left_out: how many more there are.
        inline: what was found in the scripts within the page; None where it has none.
        data: what was found in attributes that hold data or code for scripts.
    """

    page: Asset
    assets: tuple[Asset, ...]
    left_out: int
    inline: Code | None
    data: Code


@dataclass(frozen=True, slots=True)
class Followed:
    """A question to `links`.

    Attributes:
        external: follow links to other origins, too.
        count: how many to follow at most.
    """

    external: bool
    count: int


@dataclass(frozen=True, slots=True)
class FollowedLink:
    """Where a link leads.

    Attributes:
        url: the address that the page names.
        own: it is on the page's own origin.
        status: of the answer in which its redirects end; 0 where there is none.
        end: address of that answer.
        like_missing: it is the answer that any unknown path gets, or a redirect to where any unknown path leads.
        problem: why there is no answer, as a clause.
    """

    url: str
    own: bool
    status: int
    end: str
    like_missing: bool
    problem: str


@dataclass(frozen=True, slots=True)
class Links:
    """The links of a page.

    Attributes:
        found: how many there are that lead to another page, of those asked for.
        links: those that were followed, in the page's order.
    """

    found: int
    links: tuple[FollowedLink, ...]


@fact(deadline=PAGE_SECONDS + REQUEST_SECONDS + CONNECT_SECONDS)
def assets(url: Url, connection: Connection, response: Response, *, asks: tuple[str, ...]) -> Assets:
    """The page that a visitor of the root ends on and what it loads, and which of the asked texts its scripts hold."""
    if response.truncated:
        raise CouldNotVerify(f"the page at {shown(response.url)} is too long to be looked at as a whole")
    markup = parse(response.body) if response.html else None
    named = dict[str, tuple[Kind, bool]]()
    for kind, address, certain in loaded(response.url, markup) if markup else ():
        if kind != "frame":
            named[address] = (kind, certain or named.get(address, (kind, False))[1])
    chosen = list(named.items())[:MAX_ASSETS]
    with _PageLoader(url, connection) as loader:
        page = _asset(loader, response.url, "page", True, asks)
        found = tuple(_asset(loader, address, kind, certain, asks) for address, (kind, certain) in chosen)
    inline, data = ("\n".join(texts) for texts in ((markup.inline, markup.data) if markup else ((), ())))
    code = read_code(inline, asks) if inline.strip() else None
    return Assets(page, found, len(named) - len(chosen), code, read_code(data, asks))


def _asset(
    loader: _PageLoader, address: str, kind: Literal[Kind, "page"], certain: bool, asks: tuple[str, ...]
) -> Asset:
    most = MAX_MEDIA if kind == "media" else MAX_ASSET
    try:
        answers = loader.get(address, _COMPRESSED, most=most, hops=0 if kind == "page" else MAX_HOPS)
        answer = answers[-1]
        readable = answer
        if kind in ("script", "style") and answer.header("content-encoding").lower() == "br":
            readable = loader.get(answer.url, _READABLE, most=most)[-1]
    except CouldNotVerify as error:
        return Asset(address, kind, certain, None, False, error.reason)
    code, plain = None, [each.url for each in answers if not each.secure]
    # Servers guess the Content-Type from the ending, also of the page that they send in place of a missing file.
    html = answer.html or (kind != "page" and _PAGE.match(_begin(readable.body)) is not None)
    if kind == "script" and not html:
        code = read_code(readable.body, asks)
        answer = replace(answer, truncated=answer.truncated or readable.truncated)
    elif kind == "style" and not html:
        inner = (urljoin_or_nothing(answer.url, each.address) for each in style_references(readable.body))
        plain += [each for each in inner if each.startswith("http:")]
    mistaken = _mistaken(kind, readable.body)
    told = tuple(dict.fromkeys(plain))
    return Asset(address, kind, certain, replace(answer, body=""), html, "", code, told, mistaken)


def _begin(body: str) -> str:
    """How a body begins after blanks and comments of HTML, which are comments of scripts and styles, too."""
    begin = body[: 16 * 1024].lstrip("\ufeff \t\r\n")
    while begin.startswith("<!--") and "-->" in begin:
        begin = begin.partition("-->")[2].lstrip()
    return "" if begin.startswith("<!--") else begin[:200]


def _mistaken(kind: Literal[Kind, "page"], body: str) -> str:
    begin = _begin(body)
    if kind != "page" and begin.startswith("version https://git-lfs.github.com/spec/"):
        return "a pointer of Git LFS"
    if kind not in ("script", "style"):
        return ""
    if re.match(r"\x1f[\x8b\u2039\ufffd]\x08", body):
        return "gzip without Content-Encoding"
    if begin.startswith("<"):
        return "markup"
    if begin[:1] in ("{", "["):
        with suppress(ValueError, RecursionError):
            json.loads(body.lstrip("\ufeff"))
            return "JSON"
    return ""


@fact(deadline=PAGE_SECONDS + REQUEST_SECONDS + CONNECT_SECONDS)
def links(url: Url, connection: Connection, response: Response, unknown_pages: Unknown, *, ask: Followed) -> Links:
    """Where the links of the page that a visitor of the root ends on lead, one step deep."""
    here = origin(response.url)
    named = dict[str, bool]()
    for address in followable(response.url, parse(response.body)) if response.html else ():
        own = origin(address) == here
        if (own or ask.external) and not same_page(address, response.url):
            named[address] = own
    unknown_goals = [_goal(each) for each in unknown_pages.answers[:1]]
    with _PageLoader(url, connection) as loader:
        followed = []
        for address, own in list(named.items())[: ask.count]:
            try:
                answers = loader.get(address)
            except CouldNotVerify as error:
                followed.append(FollowedLink(address, own, 0, "", False, error.reason))
                continue
            last = answers[-1]
            like_missing = unknown_pages.like(last) or any(_goal(each) in unknown_goals for each in answers[:-1])
            followed.append(FollowedLink(address, own, last.status, last.url, like_missing, ""))
    return Links(len(named), tuple(followed))


def _goal(answer: Response) -> str:
    return answer.location.partition("#")[0].partition("?")[0]


def loaded(page: str, markup: Markup) -> list[tuple[Kind, str, bool]]:
    """Kind, absolute address, and whether every browser loads it, of what a page loads over http or https."""
    found = []
    base = urljoin_or_nothing(page, markup.base) or page
    for reference in markup.references:
        address = urljoin_or_nothing(base, reference.address)
        if reference.kind not in ("form", "link") and address:
            found.append((reference.kind, address, reference.certain))
    return found


def followable(page: str, markup: Markup) -> list[str]:
    """Absolute addresses over http or https of what a page leads to."""
    base = urljoin_or_nothing(page, markup.base) or page
    addresses = (urljoin_or_nothing(base, each.address) for each in markup.references if each.kind == "link")
    return [address for address in addresses if address]


def urljoin_or_nothing(base: str, address: str) -> str:
    """An absolute address over http or https without its fragment; "" for any other text."""
    parts = urlsplit(urldefrag(joined(base, address)).url)
    # Browsers do not mind the scheme's case.
    return parts.geturl() if parts.scheme in ("http", "https") and parts.hostname else ""


class _PageLoader:
    """Requests to many origins, over one connection each, within the time and bytes of one page."""

    def __init__(self, url: Url, connection: Connection) -> None:
        self._url, self._connection = url, connection
        self._until = time.monotonic() + PAGE_SECONDS
        self._sessions: dict[tuple[str, str | None, int], Session] = {}
        self._silent: dict[tuple[str, str | None, int], CouldNotVerify] = {}
        self._left = MAX_TOTAL
        self._stack = ExitStack()

    def __enter__(self) -> _PageLoader:
        return self

    def __exit__(self, *exception: object) -> None:
        self._stack.close()

    def get(
        self, address: str, *headers: tuple[str, str], most: int = MAX_ASSET, hops: int = MAX_HOPS
    ) -> list[Response]:
        """The answers on the way to an address, redirects to any origin followed.

        Raises:
            CouldNotVerify: there is no answer, or redirects do not end.
        """
        answers = list[Response]()
        while len(answers) <= MAX_HOPS:
            answers.append(self._ask(address, headers, most))
            address = urljoin_or_nothing(address, answers[-1].location)
            if not answers[-1].location or not address or not hops:
                return answers
        raise CouldNotVerify(f"GET {shown(answers[0].url)} was redirected more than {MAX_HOPS} times")

    def _ask(self, address: str, headers: tuple[tuple[str, str], ...], most: int) -> Response:
        if time.monotonic() >= self._until:
            raise CouldNotVerify(f"time ran out after {PAGE_SECONDS:g} s, before GET {shown(address)}")
        if self._left <= 0:
            raise CouldNotVerify(f"{MAX_TOTAL // 1024**2} MiB had been read before GET {shown(address)}")
        place = origin(address)
        if place in self._silent:
            raise self._silent[place]
        if place not in self._sessions:
            # A client certificate is for the endpoint alone.
            own = place == origin(self._url.url)
            session = open_session(self._url, self._connection, address, client_cert=own)
            self._sessions[place] = self._stack.enter_context(session)
        try:
            answer = self._sessions[place].send("GET", address, headers=headers, until=self._until, max_body=most)
        except (Nobody, Untrusted) as error:
            self._silent[place] = error
            raise
        self._left -= answer.size
        return answer
