"""How a question to a host is declared: what the host runs for it, and how its answer is read."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pytest_readiness.core.registry import RegistrationError


class Unread(Exception):
    """What a host printed is not an answer.

    Args:
        reason: why, as a clause.
        unless_told: the last line of the errors that the host printed is the better reason, if there is one.
    """

    def __init__(self, reason: str, *, unless_told: bool = False) -> None:
        super().__init__(reason)
        self.unless_told = unless_told


@dataclass(frozen=True)
class Question:
    """A question to hosts, declared once, in the domain that asks it. Called, it is the text that a check asks.

    Attributes:
        word: first word of the text, one for each question.
        subject: what it is about, with the first further word behind it: "SUBJECT could not be read on web1".
        shell: body of the shell function that answers it, or the file that holds it. It gets the further words as
            arguments, prints the answer and returns 0, or calls `refuse STATUS REASON`. It runs in dash, bash and
            busybox, writes nothing, has 10 s, and no single quotes, each of which would be quoted twice.
        parse: makes an immutable record of what was printed; may raise `Unread`.

    Raises:
        RegistrationError: another question has the word.
    """

    word: str
    subject: str
    shell: str | Path
    parse: Callable[[str], Any]

    def __post_init__(self) -> None:
        other = QUESTIONS.setdefault(self.word, self)
        if other.parse.__module__ != self.parse.__module__:
            raise RegistrationError(
                f"There is already a question '{self.word}' to hosts, in {other.parse.__module__}.",
                self.parse.__module__,
            )
        QUESTIONS[self.word] = self

    def __call__(self, *words: str) -> str:
        """The question as text: `FILE("/etc/passwd")` is "file /etc/passwd"."""
        return shlex.join((self.word, *words))

    @property
    def function(self) -> str:
        """The shell function that answers it."""
        body = self.shell.read_text("utf-8") if isinstance(self.shell, Path) else self.shell
        return f"read_{self.word}() {{\n{body}\n}}\n"


QUESTIONS: dict[str, Question] = {}
"""By first word."""
