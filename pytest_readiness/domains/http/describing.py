"""A process that reads a description of an API and judges answers by it.

A schema holds regular expressions of the target's, and one that is made for it, or only badly written, never ends on a
text of the target's. It would hold the interpreter, with every thread and Ctrl-C; a process can be ended.
"""

from __future__ import annotations

import os
import sys
from multiprocessing.connection import Pipe
from subprocess import DEVNULL
from typing import Any, Self

from pytest_readiness.core import children
from pytest_readiness.core.environment import environment
from pytest_readiness.core.evidence import CouldNotVerify
from pytest_readiness.domains.http.openapi import Described
from pytest_readiness.protocols.http.answer import Response

WORKER = "pytest_readiness.domains.http.describing_worker"
READING_SECONDS = 30.0
"""For the process to start and to read a description."""
JUDGING_SECONDS = 5.0
"""For one answer."""


class Describer:
    """A process for one description, to be used in a `with` statement.

    Args:
        place: address of the description, as a message shows it.
    """

    def __init__(self, place: str) -> None:
        self._place = place
        self._channel, theirs = Pipe()
        with theirs:
            self._process = children.start(
                # -P: the working directory holds the user's files, which must not be imported.
                [sys.executable, "-P", "-W", "ignore", "-m", WORKER, str(theirs.fileno()), str(os.getpid())],
                pass_fds=[theirs.fileno()],
                stdin=DEVNULL,
                stdout=DEVNULL,
                stderr=DEVNULL,
                env={**environment(), "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        children.end(self._process)
        self._channel.close()

    def read(self, text: str, address: str) -> Described:
        """Read a description that came from an address.

        Raises:
            CouldNotVerify: it is too large, depends on other documents, or takes too long.
        """
        described: Described = self._asked((text, address), READING_SECONDS, f"the description at {self._place}")
        return described

    def undeclared(self, path: str, answer: Response) -> str:
        """How an answer to a GET operation differs from what is declared, as a clause, or "".

        Raises:
            CouldNotVerify: it takes too long to tell; no other answer can be judged then.
        """
        clause: str = self._asked((path, answer), JUDGING_SECONDS, f"the answer of {path} by the schema")
        return clause

    def _asked(self, question: object, seconds: float, what: str) -> Any:
        try:
            self._channel.send(question)
            if not self._channel.poll(seconds):
                children.kill(self._process)
                raise CouldNotVerify(
                    f"{what} could not be judged within {seconds:g} s; a `pattern` in it may take for ever"
                )
            problem, found = self._channel.recv()
        except (EOFError, OSError):
            raise CouldNotVerify(f"{what} could not be judged, because the process that does so ended") from None
        if problem:
            raise CouldNotVerify(problem)
        return found
