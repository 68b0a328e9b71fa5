"""Whether the product does what it is for: declared requests, one after the other, each with its expected result."""

from __future__ import annotations

from pytest_readiness.core.evidence import Attachment, ClaimFalse, Evidence
from pytest_readiness.core.registry import check
from pytest_readiness.domains.http.facts.flow import FlowRun
from pytest_readiness.domains.http.flow_rules import HttpSteps
from pytest_readiness.domains.http.flow_steps import Flow, Step, goals, require
from pytest_readiness.domains.http.resource import Url


def asked(url: Url, steps: list[Step]) -> Flow:
    """What a flow asks of the fact that runs it.

    Raises:
        NotDeclared: the endpoint lacks a credential that a step takes.
    """
    for step, goal in goals(steps):
        if goal is None:
            require(url, step)
    return Flow.of(steps)


def told(run: FlowRun) -> Evidence:
    """The evidence that a flow completed.

    Raises:
        ClaimFalse: a step was not as expected.
    """
    transcript = Attachment("flow.txt", "text/plain", run.transcript.encode())
    if run.failed:
        failed = run.failed
        place = f"step {failed.number} '{failed.name}'" + (f" ({failed.what})" if failed.what else "")
        raise ClaimFalse(f"{place}: {failed.expected}", failed.seen, attachments=(transcript,))
    steps = "; ".join(f"{step.name}: {step.seen}" for step in run.steps)
    requests = f"{run.requests} request{'s' * (run.requests != 1)}"
    text = f"{len(run.steps)} step{'s' * (len(run.steps) != 1)}, {requests} in {run.seconds:.1f} s: {steps}"
    return Evidence(text, attachments=(transcript,))


@check(
    "http.flow",
    severity="high",
    remedy="Look into the attached transcript: the last answer shows how the application handled that step.",
    check_class="active",
    asks=lambda url, steps: {"http_flow": asked(url, steps)},
)
def flow(http_flow: FlowRun, *, steps: HttpSteps) -> Evidence:
    """Declared requests, sent one after the other, are each answered as expected.

    The requests are sent once, in order, as a visitor with a browser or another program would send them: cookies are
    kept by RFC 6265, forms are sent with their hidden fields, values are captured from answers for later steps. Scripts
    of a page do not run. The first answer that is not as expected ends the flow. A flow may write: it is for accounts
    and data of its own, made unguessable by `${unique}`, and nothing is cleaned up that no step cleans up. A flow that
    makes the application send mail is `mail.received`, which also waits for that mail. At most 50 requests are sent,
    within 120 s.

    Args:
        steps: the steps, in order; docs/flows.md has their keys. At least one of them expects something that must be
            there. An answer of 400 and above fails a step, unless its `expect` names that status.
    """
    return told(http_flow)
