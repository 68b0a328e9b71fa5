"""Forms that are submitted: with and without their token, with default and wrong passwords, with weak new ones.

Of an answer only its status, where it leads, and which of the declared texts it holds are kept: it may hold tokens.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Literal, Self
from urllib.parse import unquote_plus, urlencode, urlsplit
from uuid import uuid4

from pytest_readiness.core.evidence import CouldNotVerify, NotDeclared
from pytest_readiness.core.registry import fact
from pytest_readiness.domains.http.cookies import Jar
from pytest_readiness.domains.http.facts.pages import on_host
from pytest_readiness.domains.http.facts.probes import once
from pytest_readiness.domains.http.origins import FOREIGN, lookalikes
from pytest_readiness.domains.http.resource import Credential, Url
from pytest_readiness.domains.http.said import Said, plain
from pytest_readiness.domains.http.session import open_session
from pytest_readiness.domains.tls.facts.connection import Connection
from pytest_readiness.protocols.html_page import HtmlPage
from pytest_readiness.protocols.http.addresses import shown
from pytest_readiness.protocols.http.answer import Response
from pytest_readiness.protocols.http.limits import CONNECT_SECONDS, REQUEST_SECONDS

FORMS_SECONDS = 90.0
"""For all requests of one trial, without the time that the endpoint asks to wait."""
WAIT_SECONDS = 60
"""Longest time that a Retry-After is waited for."""
THROTTLED = (423, 429)
"""Locked, and too many requests."""
UNIQUE = "{unique}"
"""In a field's value, is replaced by a text that was never used."""

COMMON = (
    *("password", "12345678", "qwertyuiop", "1234567890", "password123"),
    *("password1234", "qwerty123456", "1q2w3e4r5t6y"),
)
"""Passwords that are on every list of leaked ones, the shorter first."""

Encoding = Literal["form", "json"]
Fields = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Form:
    """Where and how a form is submitted.

    Attributes:
        path: where to.
        page: page that holds it, asked for before each sending: its cookies are kept, and its hidden fields sent
            along; "" for an API without such a page.
        encoding: of what is sent.
        method: of HTTP.
        credential: name of the credential that is shown, or "".
        texts: what to look for in the answers, and in where they lead.
    """

    path: str
    page: str = ""
    encoding: Encoding = "form"
    method: str = "POST"
    credential: str = ""
    texts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TrialOutcome:
    """What an endpoint did with what it was sent.

    Attributes:
        name: what was sent.
        status: status code.
        location: where a redirect leads to, or "".
        told: which of the texts are in the answer, or in where it leads.
        seconds: from sending to the last byte.
        retry_after: the header of that name, or "".
        blank: which of the texts are already on the page with the form.
        unshown: which of the texts are in the answer only where no reader finds them, such as in a script.
    """

    name: str
    status: int
    location: str
    told: tuple[str, ...]
    seconds: float
    retry_after: str = ""
    blank: tuple[str, ...] = ()
    unshown: tuple[str, ...] = ()

    @property
    def accepted(self) -> bool:
        """Whether it is a success or a redirect."""
        return 200 <= self.status <= 399

    @property
    def throttled(self) -> bool:
        """Whether the sender is told to wait, or that something is locked."""
        return self.status in THROTTLED

    def __str__(self) -> str:
        to = f" to {shown(self.location)}" if self.location else ""
        wait = f" (Retry-After {self.retry_after})" if self.retry_after else ""
        return f"{self.status}{to}{wait}"


@dataclass(frozen=True, slots=True)
class CsrfTrial:
    """A question to `forgeries`.

    Attributes:
        form: what a foreign page would send.
        fields: names and values.
        token: name of the hidden field, meta element or cookie that holds the token; "" where there is none.
        header: header that the token is sent in; "" sends it as a field.
    """

    form: Form
    fields: Fields
    token: str
    header: str


@dataclass(frozen=True, slots=True)
class LoginTrial:
    """A question to `logins`.

    Attributes:
        form: where to log in.
        user_field, password_field: names of the fields.
        pairs: user names and passwords to try.
        control: name of a credential that must be let in, or "".
        account: name of the credential whose user gets wrong passwords; "" for a user that does not exist.
        suffix: of the name of the user that does not exist.
        attempts: most wrong passwords for it.
    """

    form: Form
    user_field: str
    password_field: str
    pairs: tuple[tuple[str, str], ...]
    control: str
    account: str
    suffix: str
    attempts: int


@dataclass(frozen=True, slots=True)
class Logins:
    """How logging in went.

    Attributes:
        control: with the declared credential, if one was asked for.
        pairs: with each pair that was tried, in order; fewer than asked for where the endpoint accepted no more.
        attempts: with wrong passwords for one account, until the answer changed.
    """

    control: TrialOutcome | None
    pairs: tuple[TrialOutcome, ...]
    attempts: tuple[TrialOutcome, ...]


@dataclass(frozen=True, slots=True)
class PasswordTrial:
    """A question to `passwords`.

    Attributes:
        form: where a password is chosen.
        password_fields: names of the fields that take it.
        fields: names and values of the others; `UNIQUE` in a value is replaced by a new text for each sending.
        length: the shortest password that should do; one character fewer is tried.
        control: a strong password is tried with all fields, not with empty ones.
    """

    form: Form
    password_fields: tuple[str, ...]
    fields: Fields
    length: int
    control: bool


@fact(deadline=FORMS_SECONDS + REQUEST_SECONDS + CONNECT_SECONDS, fact_class="active")
def forgeries(url: Url, connection: Connection, *, ask: CsrfTrial) -> tuple[TrialOutcome, ...]:
    """What a form's endpoint does with requests that a foreign page could cause, and finally with its own page's."""
    until = time.monotonic() + FORMS_SECONDS
    parts = urlsplit(url.url)
    origin = f"{parts.scheme}://{parts.netloc}"
    referer = on_host(url, ask.form.page or ask.form.path)
    own = (("Origin", origin), ("Referer", referer), ("Sec-Fetch-Site", "same-origin"))
    sendings: list[tuple[str, Fields, Callable[[str], str]]] = [
        ("a foreign Origin", _from(FOREIGN, f"{FOREIGN}/"), _without),
        ("Origin null", _from("null"), _without),
        *((name, _from(each, f"{each}/"), _without) for name, each in lookalikes(origin, "the endpoint's").items()),
        # Its page chooses how much of its address is told.
        ("a foreign Referer that contains the endpoint's", _from(FOREIGN, f"{FOREIGN}/{origin}/"), _without),
    ]
    if ask.token:
        sendings += [("no token", own, _without), ("a wrong token", own, _altered)]
    if ask.token and not ask.form.credential:
        # With a credential, both visits belong to one session, whose token may be the same.
        with once(), _FormSender(url, connection, ask.form, until) as other:
            others = other.token(ask.token)
        sendings.append(("the token of another visitor", own, lambda _: others))
    sendings.append(("the form itself", own, str))
    outcomes = []
    for name, headers, shown_as in sendings:
        with once(), _FormSender(url, connection, ask.form, until) as sender:
            fields = {**sender.hidden, **dict(ask.fields)}
            if ask.token:
                fields.pop(ask.token, None)
                value = shown_as(sender.token(ask.token))
                if value and ask.header:
                    headers = (*headers, (ask.header, value))
                elif value:
                    fields[ask.token] = value
            outcomes.append(sender.send(name, fields, headers))
    return tuple(outcomes)


def _from(origin: str, referer: str = "") -> Fields:
    """The headers that a browser sends of a request from a foreign page."""
    told = (("Referer", referer),) if referer else ()
    return (("Origin", origin), *told, ("Sec-Fetch-Site", "cross-site"))


def _without(token: str) -> str:  # noqa: ARG001 (one of the ways to show a token)
    return ""


def _altered(token: str) -> str:
    # Of the last character base64 may not use every bit.
    return f"{'1' if token[0] == '0' else '0'}{token[1:]}"


@fact(deadline=FORMS_SECONDS + WAIT_SECONDS + REQUEST_SECONDS + CONNECT_SECONDS, exclusive=True, fact_class="active")
def logins(url: Url, connection: Connection, *, ask: LoginTrial) -> Logins:
    """What a login does with a declared credential, with default passwords, and with one wrong password after another.

    Where the credential is refused, nothing else is tried. Where it is told to wait between two default passwords, that
    is done, up to a minute in all.
    """
    until = time.monotonic() + FORMS_SECONDS
    waited = 0

    def log_in(name: str, user: str, password: str) -> TrialOutcome:
        with once(), _FormSender(url, connection, ask.form, until + waited) as sender:
            return sender.send(name, {**sender.hidden, ask.user_field: user, ask.password_field: password})

    control = log_in("the declared credential", *_pair(url, ask.control)) if ask.control else None
    if control and not control.accepted:
        return Logins(control, (), ())
    pairs: list[TrialOutcome] = []
    for user, password in ask.pairs:
        outcome = log_in(user, user, password)
        wait = outcome.retry_after
        if outcome.throttled and wait.isascii() and wait.isdecimal() and waited + int(wait) <= WAIT_SECONDS:
            pairs.append(outcome)
            time.sleep(int(wait))
            waited += int(wait)
            outcome = log_in(user, user, password)
        pairs.append(outcome)
        if outcome.throttled:
            break
    attempts: list[TrialOutcome] = []
    if not any(outcome.throttled for outcome in pairs):
        account = _pair(url, ask.account)[0] if ask.account else f"readiness-{uuid4().hex[:12]}{ask.suffix}"
        while len(attempts) < ask.attempts:
            attempts.append(log_in("wrong password", account, uuid4().hex))
            if _kind(attempts[-1]) != _kind(attempts[0]) or attempts[-1].throttled:
                break
    return Logins(control, tuple(pairs), tuple(attempts))


@fact(deadline=FORMS_SECONDS + REQUEST_SECONDS + CONNECT_SECONDS, fact_class="active")
def passwords(url: Url, connection: Connection, *, ask: PasswordTrial) -> tuple[TrialOutcome, ...]:
    """What a form does with weak new passwords, and finally with a strong one."""
    until = time.monotonic() + FORMS_SECONDS
    strong = f"{uuid4().hex[:12]}-{uuid4().hex[:8].upper()}!"
    tried = [(f"one of {ask.length - 1} characters", f"Q7!{uuid4().hex}"[: ask.length - 1])]
    tried += [(f"'{password}'", password) for password in common(ask.length)]
    tried.append(("a strong one", strong))
    outcomes = []
    for name, password in tried:
        fields = {key: value.replace(UNIQUE, uuid4().hex[:12]) for key, value in ask.fields}
        if password == strong and not ask.control:
            fields = dict.fromkeys(fields, "")
        chosen = dict.fromkeys(ask.password_fields, password)
        with once(), _FormSender(url, connection, ask.form, until) as sender:
            outcomes.append(sender.send(name, {**sender.hidden, **fields, **chosen}))
    return tuple(outcomes)


def common(length: int) -> tuple[str, ...]:
    """The first three of `COMMON` that are not too short."""
    return tuple(password for password in COMMON if len(password) >= length)[:3]


def _kind(outcome: TrialOutcome) -> tuple[int, tuple[str, ...], bool]:
    return outcome.status, outcome.told, bool(outcome.retry_after)


def _pair(url: Url, name: str) -> tuple[str, str]:
    credential: Credential = url.credential(name)
    if credential.user is None or credential.password is None:
        raise NotDeclared(f"the credential '{name}' of {url.name} is not a user with a password")
    return credential.user, credential.password.get_secret_value()


class _FormSender:
    """A visitor who opens the form's page, with a new set of cookies, and sends the form."""

    def __init__(self, url: Url, connection: Connection, form: Form, until: float) -> None:
        own = url.credential(form.credential).as_headers() if form.credential else ()
        self._url, self._form, self._until = url, form, until
        self._headers = tuple((name, value) for name, value in own if name.lower() != "cookie")
        self._jar = Jar()
        for pair in (pair for name, value in own if name.lower() == "cookie" for pair in value.split(";")):
            key, _, value = pair.partition("=")
            self._jar.bring(key.strip(), value.strip(), url.url)
        self._session = open_session(url, connection, once=True)
        self._metas: Mapping[str, str] = {}
        self._blank: tuple[str, ...] = ()
        self._held: Response | None = None
        self.hidden: Mapping[str, str] = {}

    def __enter__(self) -> Self:
        self._session.__enter__()
        if self._form.page:
            self._open(on_host(self._url, self._form.page))
        return self

    def __exit__(self, *exception: object) -> None:
        self._session.__exit__(*exception)

    def token(self, name: str) -> str:
        """The token that the page gave.

        Raises:
            CouldNotVerify: it gave none.
        """
        if self._held:
            raise CouldNotVerify(f"the page with the form, {shown(self._held.url)}, was answered {self._held.status}")
        value = self.hidden.get(name) or self._metas.get(name) or self._cookie(name)
        if not value:
            page = shown(on_host(self._url, self._form.page))
            raise CouldNotVerify(f"{page} gives no token '{name}', as hidden field, meta element or cookie")
        return value

    def send(self, name: str, fields: Mapping[str, str], headers: Fields = ()) -> TrialOutcome:
        """Submit the form."""
        form = self._form
        if self._held:
            return outcome_of(name, self._held, form.texts)
        body = json.dumps(dict(fields)) if form.encoding == "json" else urlencode(fields)
        kind = "application/json" if form.encoding == "json" else "application/x-www-form-urlencoded"
        answer = self._ask(
            form.method, on_host(self._url, form.path), (("Content-Type", kind), *headers), body.encode()
        )
        return outcome_of(name, answer, form.texts, self._blank)

    def _ask(self, method: str, address: str, headers: Fields = (), body: bytes = b"") -> Response:
        cookies = self._jar.header(address)
        headers = (*self._headers, *headers, *((("Cookie", cookies),) if cookies else ()))
        answer = self._session.send(method, address, headers=headers, body=body, until=self._until)
        self._jar.take(self._session.set_cookies, address, answer.at)
        return answer

    def _cookie(self, name: str) -> str:
        return next((cookie.value for cookie in self._jar if cookie.name == name), "")

    def _open(self, address: str) -> None:
        page = self._ask("GET", address)
        if page.status in THROTTLED:
            self._held = page
            return
        if not 200 <= page.status <= 299:
            raise CouldNotVerify(f"the page with the form, {shown(address)}, was answered {page.status}")
        html = HtmlPage(page.body, address)
        self.hidden = html.hidden(urlsplit(on_host(self._url, self._form.path)).path)
        self._metas = html.metas
        said = Said(page, fold=True)
        self._blank = tuple(filter(said.has, self._form.texts))


def outcome_of(name: str, answer: Response, texts: Iterable[str] = (), blank: tuple[str, ...] = ()) -> TrialOutcome:
    """What is kept of an answer."""
    said, leads = Said(answer, fold=True), plain(unquote_plus(answer.location), fold=True)
    told = tuple(text for text in texts if said.has(text) or plain(text, fold=True) in leads)
    return TrialOutcome(
        name,
        answer.status,
        answer.location.partition("#")[0].partition("?")[0],
        told,
        answer.seconds,
        answer.header("retry-after")[:40],
        blank,
        tuple(text for text in texts if text not in told and said.hides(text)),
    )


def need_shown(place: str, outcome: TrialOutcome, *texts: str) -> None:
    """See that none of the texts is in an answer only where no reader finds it.

    Raises:
        CouldNotVerify: one is, so that nothing tells whether it is said.
    """
    for text in texts:
        if text in outcome.unshown:
            raise CouldNotVerify(
                f"{place} answered {outcome} with '{text}' only where no reader finds it, such as in a script or an "
                "attribute, so nothing tells whether it is said; declare a text that the answer itself says"
            )
