"""How the command line reports what is wrong: sentences on standard error and an exit code, never a traceback."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Callable, Iterable
from typing import Any

from pytest_readiness.core.clock import ClockError
from pytest_readiness.core.domains import sentence
from pytest_readiness.core.problems import ProblemsError, RegistrationError, nearest
from pytest_readiness.core.redact import Redactor, printable

USAGE = 4
"""Exit code of wrong input, as pytest's own."""
TYPERS_USAGE = 2
"""Exit code that typer gives to wrong options."""


class CommandError(Exception):
    """What a command cannot do, as a sentence.

    Args:
        message: one sentence a line.
        code: exit code.
    """

    def __init__(self, message: str, code: int = USAGE) -> None:
        super().__init__(message)
        self.code = code


def chosen(what: str, name: str, known: Iterable[str]) -> str:
    """Return `name`, which must be one of those that are known.

    Args:
        what: what it names ("severity").
        name: as given.
        known: the right ones.

    Raises:
        CommandError: it is not one of them; the nearest is named.
    """
    names = tuple(known)
    if name not in names:
        raise CommandError(f"There is no {what} '{name}'.{nearest(name, names)}")
    return name


def told(app: Callable[..., Any]) -> int:
    """Call the application and return its exit code."""
    try:
        code = _code(app)
        sys.stdout.flush()
    except BrokenPipeError:
        hang_up()
        return 0
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        hang_up()
        print(f"The output could not be written: {error.strerror}.", file=sys.stderr)  # noqa: T201
        return USAGE
    return code


def hang_up() -> None:
    """Write nothing more: the reader of the pipe has enough, as `head` does."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _code(app: Callable[..., Any]) -> int:
    try:
        app()
    except (CommandError, ProblemsError, RegistrationError, ClockError) as error:
        redact = Redactor()
        text = sentence(error) if isinstance(error, RegistrationError) else str(error)
        for line in text.splitlines():
            print(redact(printable(line)), file=sys.stderr)  # noqa: T201
        return error.code if isinstance(error, CommandError) else USAGE
    except SystemExit as stop:
        code = stop.code if isinstance(stop.code, int) else int(bool(stop.code))
        return USAGE if code == TYPERS_USAGE else code
    return 0
