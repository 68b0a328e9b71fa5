"""Starts of the release's program with variables left out, in an empty folder; what it prints stays where it is."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import tempfile
from dataclasses import dataclass

from pytest_readiness.core import programs
from pytest_readiness.core.audit import sent
from pytest_readiness.core.evidence import CouldNotVerify
from pytest_readiness.core.registry import fact
from pytest_readiness.domains.env.facts import EnvFacts
from pytest_readiness.domains.env.resource import EnvFile

MOST_SECONDS = 60
_MOST_BYTES = 4 * 2**20


@dataclass(frozen=True, slots=True)
class StartQuestion:
    """A start of a program.

    Attributes:
        command: program and arguments.
        without: the variable that is left out; "" for none.
        names: the variables whose names are looked for in what it prints.
        seconds: after which it counts as started, and is ended.
    """

    command: tuple[str, ...]
    without: str
    names: tuple[str, ...]
    seconds: float


@dataclass(frozen=True, slots=True)
class EnvStart:
    """How a start ended.

    Attributes:
        runs: it still ran after the time.
        status: its exit status, negative where a signal ended it; 0 where it still ran.
        excess: it was ended because it printed too much.
        told: of the names that were looked for, those that it printed.
        names: how many these are.
    """

    runs: bool
    status: int
    excess: bool
    told: tuple[str, ...]
    names: int


@fact(deadline=MOST_SECONDS + 15, exclusive=True, fact_class="disruptive")
def env_start(env_file: EnvFile, env_facts: EnvFacts, *, ask: StartQuestion) -> EnvStart:  # noqa: ARG001
    """How the program ends that is started with the file's variables, but one, and with PATH and HOME, and no others.

    Its working directory and HOME are an empty folder that is removed afterwards, and all that it started ends with it.
    """
    variables = {name: each.value.get_secret_value() for name, each in env_facts.variables.items()}
    if filled := [name for name, each in env_facts.variables.items() if each.unfilled or each.references]:
        raise CouldNotVerify(f"the value of {filled[0]} is filled in from elsewhere; declare the file's dialect")
    program = ask.command[0]
    found = shutil.which(program, path=variables.get("PATH"))
    if found is None:
        raise CouldNotVerify(f"there is no program {program} on the runner")
    if any("\0" in text for text in (*variables.values(), *ask.command)):
        raise CouldNotVerify("a value has a null character in it, which no program can be started with")
    sent(f"run '{program}' {f'without {ask.without}' if ask.without else 'with all variables'}")
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        usual = {"PATH": os.environ.get("PATH", os.defpath), "HOME": folder}
        environment = {name: text for name, text in {**usual, **variables}.items() if name != ask.without}
        try:
            line = os.fsencode(f"exec {shlex.join([found, *ask.command[1:]])}")
            ended = programs.run(line, seconds=ask.seconds, most_bytes=_MOST_BYTES, cwd=folder, env=environment)
        except OSError as error:
            raise CouldNotVerify(f"{program} could not be started ({error.strerror})") from None
    said = (ended.output + b"\n" + ended.errors).decode("utf-8", "replace")
    told = tuple(name for name in ask.names if _is_told(name, said))
    return EnvStart(ended.late, 0 if ended.late else ended.status, ended.excess, told, len(told))


def _is_told(name: str, text: str) -> bool:
    # Settings classes write names in small letters; "port" alone is a word of other errors, too.
    flags = re.IGNORECASE if "_" in name else 0
    return re.search(rf"(?<![A-Za-z0-9_]){re.escape(name)}(?![A-Za-z0-9_])", text, flags) is not None
