"""How a question to a host is declared: what the host runs for it, and how its answer is read."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pytest_readiness.core.environment import neutral
from pytest_readiness.core.problems import RegistrationError, nearest

HELLO = "hello"
"""Word of what is asked first: whether the host's shell does what the script rests on."""
_WORD = re.compile(r"[a-z][a-z0-9_]*")
_OURS = f"{__name__.partition('.')[0]}."
_LOOK_SECONDS = 10
"""For a shell to look at a body."""


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
        RegistrationError: another question has the word, or it cannot be asked as it is declared.
    """

    word: str
    subject: str
    shell: str | Path
    parse: Callable[[str], Any]

    def __post_init__(self) -> None:
        if mistake := _mistake(self):
            raise RegistrationError(f"The question {self.word!r} to hosts cannot be asked: {mistake}.")
        other = QUESTIONS.setdefault(self.word, self)
        if _identity(other) != _identity(self):
            raise RegistrationError(
                f"There is already a question '{self.word}' to hosts, in {_module(other)}; choose another word."
            )
        QUESTIONS[self.word] = self

    def __call__(self, *words: str) -> str:
        """The question as text: `FILE("/etc/passwd")` is "file /etc/passwd".

        Raises:
            ValueError: one of the words cannot be an argument.
        """
        text = shlex.join((self.word, *words))
        if "\0" in text:
            raise ValueError(f"the question '{self.word}' has a null character in its words")
        return text

    @property
    def body(self) -> str:
        """What a shell runs for it."""
        return self.shell.read_text("utf-8") if isinstance(self.shell, Path) else self.shell

    @property
    def function(self) -> str:
        """The shell function that answers it; its lines are numbered as those of the body."""
        return f"read_{self.word}() {{ {self.body}\n}}\n"


QUESTIONS: dict[str, Question] = {}
"""By first word."""


def declared(question: object) -> tuple[Question, list[str]]:
    """The declaration of a question as a check asks it, and the words behind its own.

    Raises:
        ValueError: it is not the text of a question that is declared.
    """
    if isinstance(question, Question):
        raise ValueError(
            f"the question '{question.word}' is not called; write () behind its name, with its words in it"
        )
    word, *words = _words(question)
    if word not in QUESTIONS:
        raise ValueError(f"hosts do not know the question {question!r}.{nearest(word, QUESTIONS)}")
    return QUESTIONS[word], words


def is_declared(question: object) -> bool:
    """Whether it is the text of a question that is declared."""
    return isinstance(question, str) and _words(question)[0] in QUESTIONS


def _words(question: object) -> list[str]:
    try:
        return (shlex.split(question) if isinstance(question, str) else []) or [""]
    except ValueError:  # a quotation without an end
        return [""]


def _identity(question: Question) -> tuple[object, ...]:
    """What two declarations of one question share, though their file may be imported twice."""
    return question.subject, question.shell, getattr(question.parse, "__qualname__", None)


def _module(question: Question) -> str:
    return str(getattr(question.parse, "__module__", ""))


def _mistake(question: Question) -> str:
    """Why a question cannot be asked as it is declared, as a clause, or ""."""
    word, shell = question.word, question.shell
    if not isinstance(word, str) or not _WORD.fullmatch(word):
        return "its word must be one plain word, of a-z, 0-9 and _, that begins with a letter"
    if word == HELLO:
        return "its word has a meaning of its own"
    if not isinstance(question.subject, str) or not question.subject:
        return f"what it is about must be a text, not {question.subject!r}"
    if not callable(question.parse):
        return f"what reads its answer must be a function, not {question.parse!r}"
    if not isinstance(shell, (str, Path)):
        return f"what the shell runs must be a text, or the path of a file, not {shell!r}"
    return "" if _module(question).startswith(_OURS) else _mistake_of_shell(question)


def _mistake_of_shell(question: Question) -> str:
    """What can be seen of a body without a host: by the shell of this machine, which runs nothing of it."""
    import subprocess

    what = f"the file {question.shell}" if isinstance(question.shell, Path) else "its text for the shell"
    try:
        body = question.body
    except (OSError, ValueError) as error:
        return f"{what} cannot be read ({getattr(error, 'strerror', None) or error})"
    if not body.strip() or "\0" in body:
        return f"{what} has {'a null character' if body.strip() else 'nothing'} in it"
    try:
        done = subprocess.run(
            ["sh", "-n"],
            input=question.function.encode(),
            capture_output=True,
            env={**neutral(), "LC_ALL": "C"},
            timeout=_LOOK_SECONDS,
            check=False,
        )
    except (OSError, ValueError, subprocess.SubprocessError):
        return ""
    said = done.stderr.decode(errors="backslashreplace").strip().splitlines() or [f"exit code {done.returncode}"]
    return f"{what} is not what a shell understands ({said[0]})" if done.returncode else ""
