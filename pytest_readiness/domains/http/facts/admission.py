"""What a path answers to nobody, to a wrong credential and to the right one, and how much each answer gives away."""

from __future__ import annotations

import math
import re
import time
from dataclasses import dataclass, replace

from pytest_readiness.core.registry import fact
from pytest_readiness.domains.http.disclosure import shown_of
from pytest_readiness.domains.http.facts.pages import (
    MAX_REDIRECTS,
    PASSWORD_FIELD,
    VISIT_SECONDS,
    Page,
    next_on_host,
    on_host,
)
from pytest_readiness.domains.http.resource import Credential, Url
from pytest_readiness.domains.http.session import open_session
from pytest_readiness.domains.http.unknown import Unknown
from pytest_readiness.domains.tls.facts.connection import Connection
from pytest_readiness.protocols.http.addresses import request_target
from pytest_readiness.protocols.http.answer import Response
from pytest_readiness.protocols.http.credentials import basic, bearer
from pytest_readiness.protocols.http.limits import CONNECT_SECONDS, REQUEST_SECONDS
from pytest_readiness.protocols.markup import parse

MADE_UP = "readiness.does-not-exist.3f9c1b7e"
"""A token that no one has issued."""


@dataclass(frozen=True, slots=True)
class Guise:
    """How a visitor shows up.

    Attributes:
        credential: name of the credential that is shown, or "".
        wrong: it is altered, so that it must not be accepted; without a name, a token is shown that was made up.
    """

    credential: str = ""
    wrong: bool = False


@dataclass(frozen=True, slots=True)
class Admittance:
    """A question to `admission`.

    Attributes:
        path: on the host.
        guises: who asks for it, one after the other; what the last right credential gets that was not shown before is
            the document.
    """

    path: str
    guises: tuple[Guise, ...]


@dataclass(frozen=True, slots=True)
class Entrance:
    """What one visitor got.

    Attributes:
        answer: the answer, without its body; redirects that only add to the path are followed.
        disclosed: the share, from 0 to 1, of the document's own text that is in it.
        words: characters of text that it shows.
        like_missing: it is the answer that any unknown path gets.
        asks_password: it is a page with one field for a password, as a login has.
        for_refused: it is, besides, the page that another of the visitors was led to instead of an answer.
    """

    answer: Response
    disclosed: float
    words: int
    like_missing: bool
    asks_password: bool
    for_refused: bool


_DEADLINE = VISIT_SECONDS + REQUEST_SECONDS + CONNECT_SECONDS


@fact(deadline=_DEADLINE)
def admission(
    url: Url, connection: Connection, root_page: Page, unknown_pages: Unknown, *, ask: Admittance
) -> tuple[Entrance, ...]:
    """What each of several visitors gets at a path by GET, without the bodies."""
    return _entrances(url, connection, root_page, unknown_pages, ask)


@fact(deadline=_DEADLINE, fact_class="active")
def trespass(
    url: Url, connection: Connection, root_page: Page, unknown_pages: Unknown, *, ask: Admittance
) -> tuple[Entrance, ...]:
    """What visitors get at a path that is not for each of them, by GET, without the bodies."""
    return _entrances(url, connection, root_page, unknown_pages, ask)


def _entrances(
    url: Url, connection: Connection, root_page: Page, unknown_pages: Unknown, ask: Admittance
) -> tuple[Entrance, ...]:
    until = time.monotonic() + VISIT_SECONDS
    answers = [_ask(url, connection, ask.path, guise, until) for guise in ask.guises]
    right = dict.fromkeys(guise for guise in ask.guises if guise.credential and not guise.wrong)
    shown_last = answers[ask.guises.index(list(right)[-1])] if right else None
    document = shown_last.body if shown_last and 200 <= shown_last.status <= 299 else ""
    common = [answer.body for answer in (*root_page.answers[-1:], *unknown_pages.answers)]
    goal = next(filter(None, map(next_on_host, answers)), "") if any(map(_asks_password, answers)) else ""
    logins = Unknown((_ask(url, connection, request_target(goal), Guise(), until),) if goal else ())
    return tuple(
        Entrance(
            answer=replace(answer, body=""),
            disclosed=shown_of(document, answer.body, common),
            words=len(_text(answer)),
            like_missing=unknown_pages.like(answer),
            asks_password=_asks_password(answer),
            for_refused=_asks_password(answer) and logins.like(answer),
        )
        for answer in answers
    )


def _asks_password(answer: Response) -> bool:
    return answer.html and len(PASSWORD_FIELD.findall(answer.body)) == 1


def _ask(url: Url, connection: Connection, path: str, guise: Guise, until: float = math.inf) -> Response:
    headers = _headers(url, guise)
    address = on_host(url, path)
    with open_session(url, connection, headers=headers) as session:
        answer = session.get(address, until)
        for _ in range(MAX_REDIRECTS):
            goal = next_on_host(answer)
            # What leads elsewhere is itself the answer: most of all to a login.
            if not goal or not Page(address, "", (answer, replace(answer, url=goal))).own or goal == answer.url:
                break
            answer = session.get(goal, until)
    return answer


def _headers(url: Url, guise: Guise) -> tuple[tuple[str, str], ...]:
    if not guise.credential:
        return (bearer(MADE_UP),) if guise.wrong else ()
    credential = url.credential(guise.credential)
    return altered(credential) if guise.wrong else credential.as_headers()


def altered(credential: Credential) -> tuple[tuple[str, str], ...]:
    """The headers of a credential that differs in its last characters, and has the same form."""
    if credential.token is not None:
        return (bearer(_turned(credential.token.get_secret_value())),)
    if credential.user is not None and credential.password is not None:
        return (basic(credential.user, _turned(credential.password.get_secret_value())),)
    return tuple((name, _turned(value.get_secret_value())) for name, value in credential.headers.items())


def _turned(secret: str) -> str:
    """A text of the same form that ends in other letters and digits, in a signature or its last half.

    Of cookies each value is turned, and of a scheme with what it carries only that.
    """
    if "=" in secret.rstrip("="):
        return re.sub(r"=([^=;,\s]+)", lambda found: f"={_turned(found[1])}", secret)
    before, space, value = secret.rpartition(" ")
    signature = re.fullmatch(r"(?:[^.]+\.){2}([^.]{8,})", value)
    start = signature.start(1) if signature else len(value) // 2
    turned = value[:start] + value[start:].translate(_OTHERS)
    return f"{before}{space}{turned if turned != value else value + '0'}"


_ALPHABETS = ("0123456789", "abcdefghijklmnopqrstuvwxyz", "ABCDEFGHIJKLMNOPQRSTUVWXYZ")
_OTHERS = str.maketrans("".join(_ALPHABETS), "".join(each[5:] + each[:5] for each in _ALPHABETS))


def _text(answer: Response) -> str:
    return parse(answer.body).text if answer.html else answer.body.strip()
