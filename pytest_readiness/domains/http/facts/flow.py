"""Flows: declared requests one after the other, as a visitor or another program would send them.

Cookies are kept by RFC 6265. Requests go to the endpoint's own origin, to urls that the target declares, and along
redirects on the same host. No password, token or cookie is in what a flow leaves behind.
"""

from __future__ import annotations

import re
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from pytest_readiness.config.target import Target
from pytest_readiness.core.evidence import CouldNotVerify
from pytest_readiness.core.redact import MASK
from pytest_readiness.core.registry import fact
from pytest_readiness.core.text import cut
from pytest_readiness.domains.http.cookies import Jar
from pytest_readiness.domains.http.facts.pages import on_host
from pytest_readiness.domains.http.flow_answer import (
    SENSITIVE,
    Unexpected,
    beginning,
    dumped,
    need,
    next_on_host,
    origin_of,
)
from pytest_readiness.domains.http.flow_judging import captured, captured_of_mail, html_of, judge, judge_text
from pytest_readiness.domains.http.flow_request import Outgoing, redirected, requested, submitted
from pytest_readiness.domains.http.flow_steps import (
    EVERY_SECONDS,
    FLOW_SECONDS,
    MAIL_FLOW_SECONDS,
    MAX_REQUESTS,
    Capture,
    Expect,
    Flow,
    MailWait,
    Step,
    Submit,
    goals,
    require,
)
from pytest_readiness.domains.http.flow_values import FlowValues
from pytest_readiness.domains.http.resource import Url
from pytest_readiness.domains.http.session import open_session
from pytest_readiness.domains.inbox.resource import MAIL_ADDRESS, Inbox
from pytest_readiness.domains.tls.facts.connection import Connection
from pytest_readiness.domains.tls.facts.connection import connection as connect
from pytest_readiness.protocols.html_page import FormError
from pytest_readiness.protocols.http.addresses import shown
from pytest_readiness.protocols.http.answer import Response
from pytest_readiness.protocols.http.client import Session
from pytest_readiness.protocols.http.limits import REQUEST_SECONDS

if TYPE_CHECKING:
    from pytest_readiness.domains.inbox.reading import Mailbox

MAX_REDIRECTS = 5
"""In a row."""
MAX_TRANSCRIPT = 200_000
"""Characters of a transcript."""
LONG = 8
"""Characters from which on a cookie may be a secret, not a setting such as `true`."""
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
        seen: the outcome: the statuses, or the mail.
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
    """The outcome of a flow.

    Attributes:
        steps: those that were as expected, in order.
        failed: the one that was not.
        requests: how many were sent.
        seconds: how long it took.
        unique: the value of `${unique}`.
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
class _Answered:
    """The answers to one step, and the resource that the last one is from."""

    sent: Outgoing
    answers: tuple[Response, ...]

    @property
    def last(self) -> Response:
        return self.answers[-1]


class _Runner:
    def __init__(self, url: Url, connection: Connection, target: Target, stack: ExitStack, until: float) -> None:
        self.url, self.target, self.stack, self.until = url, target, stack, until
        self.connections = {url.name: connection}
        self.sessions: dict[tuple[str, str], Session] = {}
        self.mailboxes: dict[str, Mailbox] = {}
        self.read: set[str] = set()
        self.jar = Jar()
        self.requests = 0
        self.values = FlowValues(url.secrets())
        self.hide = self.values.hide
        self.page: _Answered | None = None
        self.what = ""
        when, unique = self.values.begun, self.values.unique
        self.lines = [f"{url.name} ({url.where}), {when:%Y-%m-%d %H:%M:%S} UTC, ${{unique}} is {unique}"]

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
            unique=self.values.unique,
            transcript=self.hide("\n".join(self.lines))[:MAX_TRANSCRIPT] + "\n",
        )

    def _last(self) -> list[str]:
        """What the last answer said, to help find the fault."""
        return ["", "The last answer:", beginning(self.page.last, EXCERPT)] if self.page else []

    # Steps

    def _step(self, step: Step) -> StepDone:
        if step.mail:
            return self._waited_for(step, step.mail)
        outgoing = self._submitted(step, step.submit) if step.submit else self._requested(step)
        self.what = f"{outgoing.method} {shown(outgoing.address)}"
        if step.until and step.within:
            answered = self._repeated(step, step.until, step.within, outgoing)
        else:
            answered = self._sent(step, outgoing)
        judge(step.expect or Expect.model_construct(), answered.answers, answered.sent.to, self.values)
        for name, capture in step.capture.items():
            self._keep(step, name, capture, captured(capture, answered.last, self.jar))
        statuses = ", ".join(str(answer.status) for answer in answered.answers)
        return StepDone(step.name, self.what, statuses)

    def _repeated(self, step: Step, wanted: Expect, within: float, outgoing: Outgoing) -> _Answered:
        end = min(time.monotonic() + within, self.until)
        while True:
            problem: Exception
            try:
                answered = self._sent(step, outgoing)
                judge(wanted, answered.answers, answered.sent.to, self.values)
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
        to, subject = self.values.fill(mail.to), self.values.fill(mail.subject)
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
            judge_text(step.expect, (received.text,), f"the mail '{cut(received.subject, 80)}'", self.values)
        for name, capture in step.capture.items():
            self._keep(step, name, capture, captured_of_mail(capture, received))
        return StepDone(step.name, self.what, f"a mail after {seconds:.1f} s")

    # Requests

    def _to(self, name: str | None) -> Url:
        return cast("Url", self.target.named("url", name)) if name else self.url

    def _requested(self, step: Step) -> Outgoing:
        to = self._to(step.url)
        self.hide.add(*to.secrets())
        method, written = step.request
        address = self.values.fill(written)
        address = on_host(to, address) if address.startswith("/") else address
        self.what = f"{method} {shown(address)}"
        return requested(step, to, method, address, self.values)

    def _submitted(self, step: Step, submit: Submit) -> Outgoing:
        what = "a page with a form"
        if self.page is None:
            raise Unexpected(f"{what} in HTML", "no answer so far")
        page = html_of(self.page.last, what)
        self.what = f"submit a form of {shown(page.address)}"
        return submitted(step, submit, page, self.page.sent.to, self.values)

    def _sent(self, step: Step, outgoing: Outgoing) -> _Answered:
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
            outgoing = redirected(outgoing, answer.status, goal)

    def _exchange(self, outgoing: Outgoing) -> Response:
        if self.requests >= MAX_REQUESTS:
            raise _SpentError(f"the flow sent {MAX_REQUESTS} requests, redirects included, which is its limit")
        self.requests += 1
        address = outgoing.address
        cookies = self.jar.header(address)
        headers = (*outgoing.headers, ("Cookie", cookies)) if cookies else outgoing.headers
        self.lines.append(f"  {outgoing.method} {shown(address)}{f'  {outgoing.said}' if outgoing.said else ''}")
        session = self._session(outgoing.to, address)
        seconds = REQUEST_SECONDS + len(outgoing.body) / BYTES_A_SECOND
        answer = session.send(
            outgoing.method, address, headers=headers, body=outgoing.body, until=self.until, seconds=seconds
        )
        self.jar.take(session.set_cookies, address, answer.at)
        self.hide.add(*(cookie.value for cookie in self.jar if len(cookie.value) >= LONG))
        kind = answer.header("content-type").partition(";")[0]
        to = f" to {shown(answer.location)}" if answer.location else ""
        self.lines.append(f"  {answer.status}{to} {kind} {answer.size} bytes, {answer.seconds:.3f} s")
        return answer

    def _session(self, to: Url, address: str) -> Session:
        key = to.name, str(origin_of(address))
        if key not in self.sessions:
            if to.name not in self.connections:
                self.connections[to.name] = connect(to)
            session = open_session(to, self.connections[to.name], address, once=True)
            self.sessions[key] = self.stack.enter_context(session)
        return self.sessions[key]

    def _mailbox(self, name: str) -> Mailbox:
        from pytest_readiness.domains.inbox.reading import mailbox

        if name not in self.mailboxes:
            inbox = cast("Inbox", self.target.named("inbox", name))
            self.hide.add(*inbox.secrets())
            self.mailboxes[name] = self.stack.enter_context(mailbox(inbox))
        return self.mailboxes[name]

    def _keep(self, step: Step, name: str, capture: Capture, value: Any) -> None:
        if isinstance(value, Mapping | list) or value in (None, ""):
            raise Unexpected(f"a single value for '{name}' to be captured", dumped(value))
        secret = bool(step.secret or capture.cookie or SENSITIVE.search(name))
        self.values.keep(name, value, secret=secret)
        self.lines.append(f"  captured {name}: {MASK if secret else cut(str(value), 120)}")
