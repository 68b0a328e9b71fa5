"""The environments that containers and processes were started with."""

from __future__ import annotations

import re

from pytest_readiness.core.evidence import CouldNotVerify
from pytest_readiness.domains.container.engine import engine_of
from pytest_readiness.domains.container.facts import described
from pytest_readiness.domains.container.resource import Container
from pytest_readiness.domains.host.facts import asked, host_facts
from pytest_readiness.domains.host.question import Question, Unread
from pytest_readiness.domains.host.resource import Host


def variables_of_container(container: Container) -> list[tuple[str, str]]:
    """What the engine started a running container with.

    Raises:
        CouldNotVerify: there is no such container, or it does not run.
    """
    with engine_of(container) as client:
        attributes = described(client, container.container)
        if attributes is None:
            raise CouldNotVerify(f"there is no container {container.container} at {container.place}")
        if (attributes.get("State") or {}).get("Status") != "running":
            raise CouldNotVerify(f"the container {container.container} does not run, so that it has no environment")
        return [_pair(each) for each in (attributes.get("Config") or {}).get("Env") or ()]


def _pair(line: str) -> tuple[str, str]:
    name, _, value = line.partition("=")
    return name, value


def variables_of_process(host: Host, *, unit: str | None, process: str | None) -> list[tuple[str, str]]:
    """What the main process of a unit, or all processes of a program, were started with.

    Raises:
        CouldNotVerify: there is none, it may not be looked at, or several have different environments.
        NotDeclared: there is no way to log in.
    """
    question = UNIT_ENV(unit) if unit else PROCESS_ENV(process or "")
    asked(host, question)
    seen: list[tuple[str, str]] = host_facts(host, asks=(question,)).answer(question)
    return seen


# A process may write its own title over it, which leaves nothing of the form NAME=value at the beginning.
_NAMED_VALUE = re.compile(r"[^=\n]+=")


def _environment(text: str) -> list[tuple[str, str]]:
    lines = text.removesuffix("\n").split("\n")
    if not all(_NAMED_VALUE.match(each) for each in lines):
        raise Unread("the process has overwritten or emptied its environment")
    # The shell has swapped what ends a value and what ends a line.
    return [_pair(each.replace("\1", "\n")) for each in lines]


_PRINTED = r"""
[ -r /proc/$1/environ ] || refuse 4 "the environment of process $1 may not be read by $(id -un)"
tr "\000\n" "\n\001" </proc/$1/environ
"""
UNIT_ENV = Question(
    "unit_env",
    "the environment of the unit",
    f"""\
[ -d /run/systemd/system ] || refuse 3 "its init is $(cat /proc/1/comm), not systemd"
set -- "$(systemctl show --no-pager --value -p MainPID -- "$1")" || return
[ "$1" -gt 0 ] 2>/dev/null || refuse 5 "it has no main process"
{_PRINTED}
""",
    _environment,
)
"""With a unit's name: the environment of its main process."""
PROCESS_ENV = Question(
    "process_env",
    "the environment of the program",
    f"""\
first=""
for each in /proc/[0-9]*; do
    read -r name 2>/dev/null <$each/comm && [ "$name" = "$1" ] || continue
    [ -n "$first" ] || first=${{each#/proc/}}
    [ -r $each/environ ] || refuse 4 "the environment of process ${{each#/proc/}} may not be read by $(id -un)"
    cmp -s $each/environ /proc/$first/environ || refuse 6 "processes ${{each#/proc/}} and $first have different ones"
done
[ -n "$first" ] || refuse 5 "no such process"
set -- $first
{_PRINTED}
""",
    _environment,
)
"""With a program's name: the environment of its processes, which is the same of all of them."""
