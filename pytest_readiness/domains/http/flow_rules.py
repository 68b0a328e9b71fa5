"""Which steps make up a flow: what is captured before it is used, what proves something, and what is within limits."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any

from pydantic import AfterValidator, Field

from pytest_readiness.core.problems import nearest
from pytest_readiness.domains.http.flow_steps import (
    BUILT_IN,
    FLOW_SECONDS,
    MAIL_FLOW_SECONDS,
    MAX_REQUESTS,
    PLACE,
    Step,
)


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for child in value.values():
            yield from _texts(child)
    elif isinstance(value, list | tuple):
        for child in value:
            yield from _texts(child)


def _refuse_unknown(step: Step, written: Mapping[str, Any], known: list[str]) -> None:
    for text in _texts(written):
        for match in PLACE.finditer(text):
            name = match["name"]
            if name is not None and name not in known:
                raise ValueError(
                    f"step '{step.name}' uses ${{{name}}}, which no step before it captures.{nearest(name, known)}"
                )


def _sound(steps: list[Step], seconds: float) -> list[Step]:
    known = list(BUILT_IN)
    for step in steps:
        _refuse_unknown(step, step.model_dump(exclude={"name", "capture", "sign"}, exclude_unset=True), known)
        _refuse_unknown(step, step.model_dump(include={"sign"}), [*known, "body", "signature"])
        for name in step.capture:
            if name in BUILT_IN:
                raise ValueError(f"step '{step.name}' captures '{name}', which has a meaning of its own")
        known += step.capture
    if not any(step.mail or any(each and each.proves for each in (step.expect, step.until)) for step in steps):
        raise ValueError("a flow without an expectation proves nothing; let a step 'expect' what must be there")
    if steps[0].submit:
        raise ValueError(f"step '{steps[0].name}' submits a form, but no step before it gets the page")
    waiting = sum(step.seconds for step in steps)
    if waiting > seconds - 30:
        raise ValueError(f"the steps may wait for {waiting:g} s together, but at most {seconds - 30:g} s are allowed")
    requests = sum(step.requests for step in steps)
    if requests > MAX_REQUESTS:
        raise ValueError(f"the steps may send {requests} requests, but at most {MAX_REQUESTS} are allowed")
    return steps


def _of_requests(steps: list[Step]) -> list[Step]:
    mail = next((step for step in steps if step.mail), None)
    if mail:
        raise ValueError(f"step '{mail.name}' waits for a mail; a flow with such a step is mail.received")
    return _sound(steps, FLOW_SECONDS)


def _with_mail(steps: list[Step]) -> list[Step]:
    mails = [step for step in steps if step.mail]
    if not mails:
        raise ValueError("no step waits for a mail; a flow without such a step is http.flow")
    for step in mails:
        if step.mail and "${unique}" not in step.mail.to:
            raise ValueError(f"step '{step.name}': the recipient must contain ${{unique}}, so that it is this run's")
    if steps[0].mail:
        raise ValueError(f"step '{steps[0].name}' waits for a mail that no step before it makes the application send")
    return _sound(steps, MAIL_FLOW_SECONDS)


_PAGE = {"name": "the home page is served", "get": "/", "expect": {"text": "Welcome"}}
_MAIL = {"name": "the mail arrives", "mail": {"inbox": "NAME", "to": "${unique}@example.com", "subject": "Welcome"}}
_JOIN = {"name": "someone registers", "post": "/register", "form": {"email": "${unique}@example.com"}}

HttpSteps = Annotated[list[Step], Field(min_length=1, max_length=40, examples=[[_PAGE]]), AfterValidator(_of_requests)]
MailSteps = Annotated[
    list[Step], Field(min_length=1, max_length=40, examples=[[_JOIN, _MAIL]]), AfterValidator(_with_mail)
]
