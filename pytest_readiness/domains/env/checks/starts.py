"""What a program does where a variable is missing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated

from pydantic import Field

from pytest_readiness.core.evidence import CouldNotVerify, Evidence, claim
from pytest_readiness.core.registry import Asks, check
from pytest_readiness.domains.env.facts import EnvFacts
from pytest_readiness.domains.env.facts.starting import MOST_SECONDS, EnvStart, StartQuestion
from pytest_readiness.domains.env.resource import EnvFile
from pytest_readiness.domains.env.shared import Name, listed, values_of

Word = Annotated[str, Field(min_length=1, max_length=500, pattern=r"^[^\x00\n]+$")]
_NOT_STARTED = (126, 127)
"""Of a shell that finds no program, or none that may be run."""


def _starts(env_file: EnvFile, command: Sequence[str], names: Sequence[str], seconds: float) -> Asks:
    kept = tuple(dict.fromkeys(names))
    return {"env_start": [StartQuestion(tuple(command), name, kept, seconds) for name in ("", *kept)]}


@check(
    "env.validation_enforced",
    severity="high",
    remedy="Read all required variables when the program starts, and end with an error that names what is missing.",
    source="The Twelve-Factor App, III. Config",
    check_class="disruptive",
    asks=_starts,
)
def validation_enforced(
    env_facts: EnvFacts,
    env_start: Mapping[StartQuestion, EnvStart],
    *,
    command: Annotated[list[Word], Field(min_length=1, max_length=50)],
    names: Annotated[list[Name], Field(min_length=1, max_length=20)],
    seconds: Annotated[float, Field(gt=0, le=MOST_SECONDS)] = 10,
) -> Evidence:
    """Without each of the named variables the program ends with an error that names it, and with all it does not.

    The command is run on the runner, once with all variables of the file and once without each, in an empty folder that
    is also its HOME, with PATH and no other variables. It must be harmless: it may connect to what the file names,
    migrate a database or consume a queue, and nothing here prevents that. "Does not end with an error": it still runs
    after `seconds`, or ends with 0, as a command does that only validates. A program that has the variable from
    somewhere else, such as a file .env beside its code, starts without it: a failure. What it makes of an empty or a
    wrong value is not looked at.

    Args:
        command: program, by its absolute path or as PATH finds it, and arguments, with absolute paths; no shell.
        names: the variables that it needs, each of which the file must set; left out one at a time.
        seconds: after which a program that still runs counts as started. 10: slow programs need more.
    """
    values_of(env_facts, names)
    starts = {question.without: start for question, start in env_start.items()}
    whole = starts.get("")
    if whole is None or starts.keys() != {"", *names} or any(len(each.told) != each.names for each in starts.values()):
        raise CouldNotVerify("not every start was made")
    program = command[0]
    if noisy := [name or "all variables" for name, start in starts.items() if start.excess]:
        raise CouldNotVerify(f"{program} printed more than is read, with {listed(noisy)}")
    if whole.status:
        raise CouldNotVerify(
            f"{program} ended with status {whole.status} with all variables set, so that other ends say nothing"
        )
    if always := [name for name in names if name in whole.told]:
        raise CouldNotVerify(f"{program} prints the name of {listed(always)} even where all variables are set")
    wrong = [said for name in names if (said := _wrong(name, starts[name], seconds))]
    claim(not wrong, expected=f"{program} to end with an error that names what is missing", seen=listed(wrong))
    how = f"still ran after {seconds:g} s" if whole.runs else "ended with 0"
    ends = listed(f"{name} (status {starts[name].status})" for name in names)
    return Evidence(f"{program} {how} with all variables, and ended with an error that names it without {ends}")


def _wrong(name: str, start: EnvStart, seconds: float) -> str:
    if start.runs:
        return f"without {name} it still ran after {seconds:g} s"
    if start.status == 0:
        return f"without {name} it ended with 0"
    if start.status in _NOT_STARTED and name not in start.told:
        raise CouldNotVerify(f"without {name} the program was not started (status {start.status})")
    return "" if name in start.told else f"without {name} it ended with status {start.status} and did not name it"
