"""Flows: declared requests one after the other, as a visitor or another program would send them.

Cookies are kept by RFC 6265. Requests go to the endpoint's own origin, to urls that the target declares, and along
redirects on the same host. No password, token or cookie stands in what a flow leaves behind.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import secrets
import time
from base64 import b64decode
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlencode, urljoin, urlsplit

from pytest_readiness.config.target import Target
from pytest_readiness.core.evidence import CouldNotVerify
from pytest_readiness.core.redact import MASK, Redactor
from pytest_readiness.core.registry import fact
from pytest_readiness.core.text import cut
from pytest_readiness.domains.http.facts.pages import on_host
from pytest_readiness.domains.http.flow_answer import (
    SENSITIVE,
    Unexpected,
    beginning,
    dumped,
    leads,
    need,
    next_on_host,
    origin_of,
    parsed,
    place,
    same,
    text_of,
    value_at,
    whole,
)
from pytest_readiness.domains.http.flow_steps import (
    EVERY_SECONDS,
    FLOW_SECONDS,
    MAIL_FLOW_SECONDS,
    MAX_REQUESTS,
    Capture,
    Expect,
    FilePart,
    Flow,
    MailWait,
    Part,
    Sign,
    Step,
    Value,
    fill,
    goals,
    part_of,
    require,
    written,
)
from pytest_readiness.domains.http.resource import Url
from pytest_readiness.domains.http.session import open_session
from pytest_readiness.domains.inbox.resource import MAIL_ADDRESS, Inbox
from pytest_readiness.domains.tls.facts.connection import Connection
from pytest_readiness.domains.tls.facts.connection import connection as connect
from pytest_readiness.protocols.html_page import FormError, HtmlPage, Link
from pytest_readiness.protocols.http.addresses import shown
from pytest_readiness.protocols.http.answer import Response
from pytest_readiness.protocols.http.client import Session
from pytest_readiness.protocols.http.limits import REQUEST_SECONDS

if TYPE_CHECKING:
    from email.message import Message

    from pytest_readiness.domains.inbox.reading import Mailbox, Received

MAX_REDIRECTS = 5
"""In a row."""
MAX_TRANSCRIPT = 200_000
"""Characters of a transcript."""
LONG = 8
"""Characters of a cookie from which on it may be a secret, and no setting such as `true`."""
EXCERPT = 2000
"""Characters of the last answer that the transcript of a failure shows."""
BYTES_A_SECOND = 500_000
"""How fast a body is sent at least."""


@dataclass(frozen=True, slots=True)
class StepDone:
    """A step that was as expected.

    Attributes:
        name: as it is declared.
        what: what was sent: method and path, or the mail that was waited for.
        seen: what came of it: the statuses, or the mail.
    """

    name: str
    what: str
    seen: str


@dataclass(frozen=True, slots=True)
class StepFailed:
    """The step that was not as expected; the flow ends there.

    Attributes:
        number: from 1.
        name: as it is declared.
        what: what was sent.
        expected: what was declared.
        seen: what was there instead.
    """

    number: int
    name: str
    what: str
    expected: str
    seen: str


@dataclass(frozen=True, slots=True)
class FlowRun:
    """What came of a flow.

    Attributes:
        steps: those that were as expected, in order.
        failed: the one that was not.
        requests: how many were sent.
        seconds: how long it took.
        unique: what `${unique}` stood for.
        transcript: what was sent and answered, without secrets.
    """

    steps: tuple[StepDone, ...]
    failed: StepFailed | None
    requests: int
    seconds: float
    unique: str
    transcript: str


@fact(deadline=FLOW_SECONDS + 30, fact_class="active")
def http_flow(url: Url, connection: Connection, target: Target, *, ask: Flow) -> FlowRun:
    """A declared sequence of requests, run once."""
    return _run(url, connection, target, ask, FLOW_SECONDS)


@fact(deadline=MAIL_FLOW_SECONDS + 30, fact_class="disruptive")
def mail_flow(url: Url, connection: Connection, target: Target, *, ask: Flow) -> FlowRun:
    """A declared sequence of requests that makes the application send mail, and that mail, run once."""
    return _run(url, connection, target, ask, MAIL_FLOW_SECONDS)


def _run(url: Url, connection: Connection, target: Target, ask: Flow, seconds: float) -> FlowRun:
    with ExitStack() as stack:
        try:
            runner = _Runner(url, connection, target, stack, time.monotonic() + seconds)
            return runner.run(ask.parsed())
        except CouldNotVerify as error:
            # A flow changes something: it is never begun again because its connection broke.
            raise CouldNotVerify(error.reason) from None


class _SpentError(CouldNotVerify):
    pass


@dataclass(frozen=True)
class _Outgoing:
    """A request to be sent: to which resource, and what of it may be shown."""

    to: Url
    method: str
    address: str
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    said: str = ""


@dataclass(frozen=True)
class _Answered:
    """The answers to one step, and the resource that the last one is from."""

    sent: _Outgoing
    answers: tuple[Response, ...]

    @property
    def last(self) -> Response:
        return self.answers[-1]


class _Runner:
    def __init__(self, url: Url, connection: Connection, target: Target, stack: ExitStack, until: float) -> None:
        from http.cookiejar import CookieJar

        self.url, self.target, self.stack, self.until = url, target, stack, until
        self.connections = {url.name: connection}
        self.sessions: dict[tuple[str, str], Session] = {}
        self.mailboxes: dict[str, Mailbox] = {}
        self.read: set[str] = set()
        self.jar = CookieJar()
        self.requests = 0
        now = datetime.now(UTC)
        unique = f"r{secrets.token_hex(10)}"
        # Upper and lower case, a digit and a sign, for rules about passwords.
        password = f"Aa1-{secrets.token_urlsafe(18)}"
        self.values: dict[str, Any] = {
            "unique": unique,
            "password": password,
            "now": now.isoformat(timespec="seconds"),
            "timestamp": int(now.timestamp()),
        }
        self.hide = Redactor([password, *url.secrets()])
        self.page: _Answered | None = None
        self.what = ""
        self.lines = [f"{url.name} ({url.where}), {now:%Y-%m-%d %H:%M:%S} UTC, ${{unique}} is {unique}"]

    def run(self, steps: Sequence[Step]) -> FlowRun:
        begun = time.monotonic()
        # Nothing is to be changed by a flow that could not go to its end.
        for step, goal in goals(steps):
            require(self._to(goal), step)
            if step.mail:
                self._mailbox(step.mail.inbox)
        done: list[StepDone] = []
        failed = None
        for number, step in enumerate(steps, 1):
            self.lines += ["", f"{number} {step.name}"]
            self.what = ""
            try:
                done.append(self._step(step))
            except (Unexpected, FormError) as error:
                self.lines += [f"  expected {error.expected}", f"  seen: {error.seen}", *self._last()]
                expected, seen = self.hide(error.expected), self.hide(error.seen)
                failed = StepFailed(number, step.name, self.hide(self.what), expected, seen)
                break
            except CouldNotVerify as error:
                raise CouldNotVerify(f"step {number} '{step.name}': {self.hide(error.reason)}") from None
        return FlowRun(
            steps=tuple(StepDone(each.name, self.hide(each.what), self.hide(each.seen)) for each in done),
            failed=failed,
            requests=self.requests,
            seconds=round(time.monotonic() - begun, 3),
            unique=self.values["unique"],
            transcript=self.hide("\n".join(self.lines))[:MAX_TRANSCRIPT] + "\n",
        )

    def _last(self) -> list[str]:
        """What the last answer said, for whoever looks for the fault."""
        return ["", "The last answer:", beginning(self.page.last, EXCERPT)] if self.page else []

    # Steps

    def _step(self, step: Step) -> StepDone:
        if step.mail:
            return self._waited_for(step, step.mail)
        outgoing = self._submitted(step) if step.submit else self._requested(step)
        self.what = f"{outgoing.method} {shown(outgoing.address)}"
        if step.until and step.within:
            answered = self._repeated(step, step.until, step.within, outgoing)
        else:
            answered = self._sent(step, outgoing)
        self._judge(step.expect or Expect.model_construct(), answered)
        for name, capture in step.capture.items():
            self._keep(step, name, capture, self._captured(capture, answered.last))
        statuses = ", ".join(str(answer.status) for answer in answered.answers)
        return StepDone(step.name, self.what, statuses)

    def _repeated(self, step: Step, wanted: Expect, within: float, outgoing: _Outgoing) -> _Answered:
        end = min(time.monotonic() + within, self.until)
        while True:
            problem: Exception
            try:
                answered = self._sent(step, outgoing)
                self._judge(wanted, answered)
                return answered
            except Unexpected as error:
                problem = Unexpected(f"{error.expected} within {within:g} s", error.seen)
            except _SpentError:
                raise
            except CouldNotVerify as error:
                # What is waited for may be that it answers at all.
                problem = error
            left = end - time.monotonic()
            if left <= 0:
                raise problem
            time.sleep(min(step.every or EVERY_SECONDS, left))

    def _waited_for(self, step: Step, mail: MailWait) -> StepDone:
        mailbox = self._mailbox(mail.inbox)
        to, subject = fill(mail.to, self.values), fill(mail.subject, self.values)
        self.what = f"mail to {to}, '{cut(subject, 80)}'"
        # What was captured may be anything, and goes into a search.
        need(re.fullmatch(MAIL_ADDRESS, to) is not None, "a mail address", cut(to))
        self.lines.append(f"  wait for {self.what} in {mail.inbox}")
        begun = time.monotonic()
        received = mailbox.wait(to, subject, self.read, min(begun + mail.within, self.until))
        if received is None:
            others = ", ".join(f"'{cut(each, 60)}'" for each in mailbox.other_subjects(to, self.read))
            raise Unexpected(
                f"a mail to {to} with '{cut(subject, 80)}' in its subject, within {mail.within:g} s",
                f"others to {to}: {others}" if others else f"none in {mail.inbox}",
            )
        self.read.add(received.id)
        seconds = time.monotonic() - begun
        self.lines.append(f"  '{cut(received.subject, 80)}' from {cut(received.sender, 80)} after {seconds:.1f} s")
        if step.expect:
            self._readable(step.expect, received.text, f"the mail '{cut(received.subject, 80)}'")
        for name, capture in step.capture.items():
            self._keep(step, name, capture, self._captured_of_mail(capture, received))
        return StepDone(step.name, self.what, f"a mail after {seconds:.1f} s")

    # Requests

    def _to(self, name: str | None) -> Url:
        return cast("Url", self.target.named("url", name)) if name else self.url

    def _requested(self, step: Step) -> _Outgoing:
        to = self._to(step.url)
        self.hide.add(*to.secrets())
        method, written = step.request
        address = fill(written, self.values)
        address = on_host(to, address) if address.startswith("/") else address
        self.what = f"{method} {shown(address)}"
        if origin_of(address) != origin_of(to.url):
            where = f"{urlsplit(to.url).scheme}://{urlsplit(to.url).netloc}"
            raise Unexpected(f"an address on {where}", f"{cut(shown(address))}, which is not sent a request")
        headers, body, said = self._body(step, to)
        return _Outgoing(to, method, address, (*self._headers(step, to, body), *headers), body, said)

    def _headers(self, step: Step, to: Url, body: bytes) -> Iterator[tuple[str, str]]:
        if step.credential:
            yield from to.credential(step.credential).as_headers()
        for name, value in step.headers.items():
            text = self._text(value, to)
            if SENSITIVE.search(name):
                self.hide.add(text)
            yield name, _one_line(text)
        if step.sign:
            yield step.sign.header, self._signature(step.sign, to, body)

    def _signature(self, sign: Sign, to: Url, body: bytes) -> str:
        key = Part(credential=sign.credential, field="token").value(to)
        before, _, after = sign.payload.partition("${body}")
        payload = fill(before, self.values).encode()
        if "${body}" in sign.payload:
            payload += body + fill(after, self.values).encode()
        signature = hmac.new(key.encode(), payload, hashlib.sha256).hexdigest()
        self.hide.add(signature)
        return fill(sign.value, {**self.values, "signature": signature, "body": ""})

    def _body(self, step: Step, to: Url) -> tuple[tuple[tuple[str, str], ...], bytes, str]:
        """The headers that describe a body, the body, and what may be shown of it."""
        if "json_body" in step.model_fields_set:
            value = self._json(step.json_body, to)
            return (("Content-Type", "application/json"),), json.dumps(value).encode(), dumped(value)
        if step.body is not None:
            text = fill(step.body, self.values)
            kind = () if "content-type" in map(str.lower, step.headers) else (("Content-Type", "text/plain"),)
            return kind, text.encode(), cut(text)
        if step.form or step.upload:
            pairs = tuple((name, self._text(value, to)) for name, value in step.form.items())
            return self._encoded(pairs, step.upload, multipart=bool(step.upload))
        return (), b"", ""

    def _encoded(
        self,
        pairs: tuple[tuple[str, str], ...],
        uploads: Mapping[str, FilePart],
        *,
        multipart: bool,
        hidden: tuple[str, ...] = (),
    ) -> tuple[tuple[tuple[str, str], ...], bytes, str]:
        said = _told(pairs, hidden)
        self.hide.add(*(value for name, value in pairs if SENSITIVE.search(name)))
        if not multipart:
            return (("Content-Type", "application/x-www-form-urlencoded"),), urlencode(pairs).encode(), ", ".join(said)
        from urllib3 import encode_multipart_formdata

        files = []
        for name, upload in uploads.items():
            data = self._file(upload)
            filename = fill(upload.filename, self.values)
            files.append((name, (filename, data, upload.type)))
            said.append(f"{name}={filename} ({upload.type}, {len(data)} bytes)")
        body, kind = encode_multipart_formdata([*pairs, *files])
        return (("Content-Type", kind),), body, ", ".join(said)

    def _file(self, upload: FilePart) -> bytes:
        if upload.size_kb is not None:
            return secrets.token_bytes(1024 * upload.size_kb)
        if upload.base64 is not None:
            return b64decode("".join(upload.base64.split()))
        return fill(upload.content or "", self.values).encode()

    def _submitted(self, step: Step) -> _Outgoing:
        assert step.submit is not None
        page = self._html("a page with a form")
        to = self.page.sent.to if self.page else self.url
        fields = {name: self._text(value, to) for name, value in step.submit.fields.items()}
        form = fill(step.submit.form, self.values) if isinstance(step.submit.form, str) else step.submit.form
        self.what = f"submit a form of {shown(page.address)}"
        filled = page.filled(form, fields, tuple(step.upload))
        address = filled.address
        if origin_of(address) != origin_of(page.address) and origin_of(address) != origin_of(to.url):
            raise Unexpected(f"a form that is sent to {to.host}", f"it is sent to {cut(shown(address))}")
        headers: tuple[tuple[str, str], ...] = ()
        body, said = b"", ", ".join(_told(filled.pairs, filled.hidden))
        if filled.method == "GET":
            address = f"{address.partition('?')[0]}?{urlencode(filled.pairs)}"
        else:
            headers, body, said = self._encoded(
                filled.pairs, step.upload, multipart=filled.multipart, hidden=filled.hidden
            )
            parts = urlsplit(page.address)
            headers += (("Origin", f"{parts.scheme}://{parts.netloc}"),)
        headers += (("Referer", page.address),)
        return _Outgoing(to, filled.method, address, (*self._headers(step, to, body), *headers), body, said)

    def _sent(self, step: Step, outgoing: _Outgoing) -> _Answered:
        answers: list[Response] = []
        while True:
            answer = self._exchange(outgoing)
            answers.append(answer)
            goal = next_on_host(answer) if step.follows else ""
            if not goal:
                self.page = _Answered(outgoing, tuple(answers))
                return self.page
            if len(answers) > MAX_REDIRECTS:
                raise Unexpected("redirects that end", f"more than {MAX_REDIRECTS}, the last one to {shown(goal)}")
            outgoing = _redirected(outgoing, answer.status, goal)

    def _exchange(self, outgoing: _Outgoing) -> Response:
        from urllib.request import Request

        if self.requests >= MAX_REQUESTS:
            raise _SpentError(f"the flow sent {MAX_REQUESTS} requests, redirects counted, which is all that it may")
        self.requests += 1
        address = outgoing.address
        request = Request(address)  # noqa: S310  (nothing is opened by it; the jar asks it for the address)
        self.jar.add_cookie_header(request)
        cookies = request.get_header("Cookie")
        headers = (*outgoing.headers, ("Cookie", cookies)) if cookies else outgoing.headers
        self.lines.append(f"  {outgoing.method} {shown(address)}{f'  {outgoing.said}' if outgoing.said else ''}")
        session = self._session(outgoing.to, address)
        seconds = REQUEST_SECONDS + len(outgoing.body) / BYTES_A_SECOND
        answer = session.send(
            outgoing.method, address, headers=headers, body=outgoing.body, until=self.until, seconds=seconds
        )
        self.jar.extract_cookies(_Cookies(session.set_cookies), request)  # type: ignore[arg-type]
        self.hide.add(*(cookie.value for cookie in self.jar if cookie.value and len(cookie.value) >= LONG))
        kind = answer.header("content-type").partition(";")[0]
        to = f" to {shown(answer.location)}" if answer.location else ""
        self.lines.append(f"  {answer.status}{to} {kind} {answer.size} bytes, {answer.seconds:.3f} s")
        return answer

    def _session(self, to: Url, address: str) -> Session:
        key = to.name, str(origin_of(address))
        if key not in self.sessions:
            if to.name not in self.connections:
                self.connections[to.name] = connect(to)
            session = open_session(to, self.connections[to.name], address)
            self.sessions[key] = self.stack.enter_context(session)
        return self.sessions[key]

    def _mailbox(self, name: str) -> Mailbox:
        from pytest_readiness.domains.inbox.reading import mailbox

        if name not in self.mailboxes:
            inbox = cast("Inbox", self.target.named("inbox", name))
            self.hide.add(*inbox.secrets())
            self.mailboxes[name] = self.stack.enter_context(mailbox(inbox))
        return self.mailboxes[name]

    # Values

    def _text(self, value: Value | str, to: Url) -> str:
        if part := part_of(value):
            return part.value(to)
        return fill(value, self.values) if isinstance(value, str) else written(value)

    def _json(self, value: Any, to: Url) -> Any:
        if part_of(value):
            return self._text(value, to)
        if isinstance(value, Mapping):
            return {fill(name, self.values): self._json(child, to) for name, child in value.items()}
        if isinstance(value, list | tuple):
            return [self._json(child, to) for child in value]
        if isinstance(value, str):
            # A captured number stays one where it is the whole value.
            alone = re.fullmatch(r"\$\{(\w+)\}", value)
            return self.values[alone[1]] if alone else fill(value, self.values)
        return value

    def _keep(self, step: Step, name: str, capture: Capture, value: Any) -> None:
        if isinstance(value, Mapping | list) or value in (None, ""):
            raise Unexpected(f"a single value for '{name}' to be captured", dumped(value))
        secret = step.secret or capture.cookie or SENSITIVE.search(name)
        if secret:
            self.hide.add(str(value))
        self.values[name] = value
        self.lines.append(f"  captured {name}: {MASK if secret else cut(str(value), 120)}")

    def _captured(self, capture: Capture, answer: Response) -> Any:
        where = place(answer)
        if capture.json_path:
            return value_at(parsed(answer), capture.json_path)
        if capture.header:
            values = answer.values(capture.header)
            if capture.header.lower() == "location":
                values = tuple(urljoin(answer.url, each) for each in values)
            return _first(values, f"a header {capture.header}", f"none in the {where}")
        if capture.cookie:
            cookies = [cookie.value for cookie in self.jar if cookie.name == capture.cookie and cookie.value]
            kept = ", ".join(cookie.name for cookie in self.jar) or "none"
            return _first(cookies, f"a cookie {capture.cookie}", f"cookies that are kept: {kept}")
        if capture.regex:
            found = re.findall(capture.regex, whole(answer).body)
            return _first(found, f"'{capture.regex}'", f"no match in the {where}")
        page = self._html("a page")
        if capture.form_field:
            value = page.field(capture.form_field)
            what = f"a value in the field '{capture.form_field}'"
            return _first([value] if value else [], what, f"none in the {where}")
        return _link(capture, page.links, where)

    def _captured_of_mail(self, capture: Capture, mail: Received) -> Any:
        where = f"mail '{cut(mail.subject, 80)}'"
        if capture.header:
            values = [value for name, value in mail.headers if name == capture.header.lower()]
            return _first(values, f"a header {capture.header}", f"none in the {where}")
        if capture.regex:
            return _first(re.findall(capture.regex, mail.text), f"'{capture.regex}'", f"no match in the {where}")
        return _link(capture, mail.links, where)

    def _html(self, what: str) -> HtmlPage:
        if self.page is None:
            raise Unexpected(f"{what} in HTML", "no answer so far")
        answer = self.page.last
        need(answer.html, f"{what} in HTML", f"{answer.header('content-type') or 'no type'} in {place(answer)}")
        return HtmlPage(whole(answer).body, answer.url)

    # Expectations

    def _judge(self, expect: Expect, answered: _Answered) -> None:
        answer = answered.last
        seen = place(answer)
        wanted = f"status {' or '.join(map(str, expect.status))}" if expect.status else "a status below 400"
        right = answer.status in expect.status if expect.status else 200 <= answer.status < 400
        need(right, wanted, f"{seen}: {beginning(answer)}")
        if expect.location:
            wanted = fill(expect.location, self.values)
            need(leads(wanted, answer, answer.location), f"a redirect to {shown(wanted)}", seen)
        if expect.url:
            wanted = fill(expect.url, self.values)
            need(leads(wanted, answer, answer.url), f"an end at {shown(wanted)}", seen)
        for name, text in expect.header.items():
            values = answer.header(name)
            wanted = fill(text, self.values)
            need(wanted in values, f"a header {name} with '{cut(wanted)}'", f"{cut(values) or 'none'} in {seen}")
        for path, given in expect.json_values.items():
            found, value = value_at(parsed(answer), path), self._json(given, answered.sent.to)
            told = MASK if SENSITIVE.search(path) else dumped(found)
            need(same(found, value), f"{path} to be {dumped(value)}", f"{told} in {seen}")
        if expect.text or expect.absent:
            self._readable(expect, text_of(whole(answer)), seen)
        if expect.max_seconds is not None:
            took = sum(each.seconds for each in answered.answers)
            need(took <= expect.max_seconds, f"an answer within {expect.max_seconds:g} s", f"{took:.3f} s, {seen}")

    def _readable(self, expect: Expect, body: str, where: str) -> None:
        body = " ".join(body.split())
        for text in expect.text:
            wanted = " ".join(fill(text, self.values).split())
            need(wanted in body, f"the text '{cut(wanted)}'", f"it is not in {where}: {cut(body, 120) or 'no text'}")
        for text in expect.absent:
            foreign = " ".join(fill(text, self.values).split())
            need(foreign not in body, f"no text '{cut(foreign)}'", f"it is in {where}")


class _Cookies:
    """What the standard library's cookie jar asks of an answer."""

    def __init__(self, values: Sequence[str]) -> None:
        from email.message import Message

        self._message = Message()
        for value in values:
            self._message["Set-Cookie"] = value

    def info(self) -> Message:
        return self._message


def _first(values: Sequence[str], expected: str, seen: str) -> str:
    need(bool(values), f"{expected} to be captured", seen)
    return values[0]


def _link(capture: Capture, links: Sequence[Link], where: str) -> str:
    pattern = capture.link or ""
    found = [each.address for each in links if re.search(pattern, each.address) or re.search(pattern, each.text)]
    seen = f"{len(links)} links, and no such one, in the {where}"
    return _first([each for each in found if each], f"a link '{pattern}'", seen)


def _one_line(text: str) -> str:
    return re.sub(r"[\r\n]+", " ", text)


def _told(pairs: Sequence[tuple[str, str]], hidden: Sequence[str] = ()) -> list[str]:
    """Fields as they may be shown."""
    return [f"{name}={MASK if name in hidden or SENSITIVE.search(name) else cut(value, 80)}" for name, value in pairs]


def _redirected(outgoing: _Outgoing, status: int, goal: str) -> _Outgoing:
    """The request that a browser sends after a redirect (Fetch, HTTP-redirect fetch)."""
    alone = origin_of(goal) != origin_of(outgoing.address)
    headers = {name.lower(): (name, value) for name, value in outgoing.headers}
    kept = [headers[name] for name in headers if not alone or name in ("content-type", "referer")]
    if (status == 303 and outgoing.method != "GET") or (status in (301, 302) and outgoing.method == "POST"):
        kept = [each for each in kept if each[0].lower() not in ("content-type", "origin")]
        return _Outgoing(outgoing.to, "GET", goal, tuple(kept))
    return replace(outgoing, address=goal, headers=tuple(kept), said="")
