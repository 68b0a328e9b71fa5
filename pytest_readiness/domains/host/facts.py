"""What a host says about itself: every question that the selected checks ask, in one script and one login."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pytest_readiness.core.audit import sent
from pytest_readiness.core.evidence import CouldNotVerify, NotDeclared
from pytest_readiness.core.registry import Asks, fact
from pytest_readiness.domains.host.login import LATE, SCRIPT_SECONDS, not_started, run
from pytest_readiness.domains.host.question import HELLO, Unread, declared, is_declared
from pytest_readiness.domains.host.resource import Host
from pytest_readiness.domains.host.script import (
    ANSWER_BYTES,
    ENDED,
    FOREIGN,
    KILLED,
    QUESTION_SECONDS,
    Printed,
    answers,
    command,
    last_line,
)


@dataclass(frozen=True, slots=True)
class HostFacts:
    """A host's answers.

    Attributes:
        where: the host, as a person calls it.
        answers: by question.
    """

    where: str
    answers: Mapping[str, Printed]

    def answer(self, question: str) -> Any:
        """The record that the question's declaration makes of its answer.

        Raises:
            CouldNotVerify: there is none, or it cannot be read.
            ValueError: it is not the text of a question that is declared.
        """
        asked, words = declared(question)
        printed = self.answers.get(question)
        try:
            return asked.parse(_output(printed))
        except Unread as unread:
            reason = printed.error if printed and unread.unless_told else ""
            subject = " ".join([asked.subject, *words[:1]])
            raise CouldNotVerify(f"{subject} could not be read on {self.where}: {reason or unread}") from None


def _output(printed: Printed | None) -> str:
    if printed is None:
        raise Unread(f"no answer within {SCRIPT_SECONDS} s")
    if len(printed.output) >= ANSWER_BYTES:
        # Nobody read the rest, so that its status says nothing.
        raise Unread(f"more than {ANSWER_BYTES} bytes")
    if printed.status == KILLED:
        raise Unread(f"no answer within {QUESTION_SECONDS} s")
    if printed.status == ENDED:
        raise Unread("it was ended by a signal")
    if printed.status:
        raise Unread(printed.error or f"exit code {printed.status}")
    return printed.output


def asked(host: Host, questions: str | list[str]) -> Asks:
    """What a check asks that asks a host these questions.

    Raises:
        NotDeclared: there is no way to log in.
        ValueError: one of them is not the text of a question that is declared.
    """
    for each in questions if isinstance(questions, list) else [questions]:
        declared(each)
    if host.connection is None:
        raise NotDeclared(f"{host.name} declares no connection to log in by")
    return {"host_facts": questions}


@fact(deadline=SCRIPT_SECONDS + 10)
def host_facts(readiness_host: Host, *, asks: tuple[str, ...]) -> HostFacts:
    """What the host says about itself, all questions in one login."""
    host = readiness_host
    # What is none is an error of who asks it, not of all.
    asks = tuple(filter(is_declared, asks))
    mark = secrets.token_hex(8)
    script = command(asks, mark)
    for each in (HELLO, *asks):
        sent(f"run 'host.sh {each}' on {host.where}{' by sudo' if host.sudo else ''}")
    result = run(host, script)
    printed = answers(result.stdout_bytes, mark)
    if printed is None:
        raise not_started(host, result)
    hello, *rest = printed or [Printed(1, "", "nothing came back")]
    if hello.status == FOREIGN:
        raise CouldNotVerify(f"what {host.where} says cannot be told apart: {hello.error}")
    if (hello.status, hello.output, hello.error) != (0, "readiness\n", "readiness"):
        raise CouldNotVerify(
            f"the shell of {host.where} does not do what POSIX says (sh, od, tr, cat): "
            f"{hello.error or last_line(result.stderr_bytes) or 'no reason given'}"
        )
    if len(rest) < len(asks) and result.rc != LATE:
        raise CouldNotVerify(
            f"{host.where} stopped after {len(rest)} of {len(asks)} answers: "
            f"{last_line(result.stderr_bytes) or f'exit code {result.rc}'}",
            transient=True,
        )
    return HostFacts(host.where, dict(zip(asks, rest, strict=False)))
