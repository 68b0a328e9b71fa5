"""Files of environment variables, and how they are read."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from pydantic import SecretStr

from pytest_readiness.config.target import Target
from pytest_readiness.core.evidence import CouldNotVerify
from pytest_readiness.core.registry import fact
from pytest_readiness.domains.env.dialects import MARKED, Assignment, OddLine, assignments, bindings, marks_a_name
from pytest_readiness.domains.env.forms import left_as_text, unfilled
from pytest_readiness.domains.env.manifest import Given, variables_of_object
from pytest_readiness.domains.env.resource import EnvFile
from pytest_readiness.domains.env.running import variables_of_container, variables_of_process
from pytest_readiness.domains.host.login import SCRIPT_SECONDS
from pytest_readiness.protocols.text_file import read_text_file

if TYPE_CHECKING:
    from pytest_readiness.domains.container.resource import Container
    from pytest_readiness.domains.host.resource import Host

_REFERENCE = re.compile(r"\$\{([A-Za-z_]\w*)(?::?-[^}]{0,2000})?\}")


@dataclass(frozen=True, slots=True)
class Variable:
    """What a variable is set to.

    Attributes:
        value: without quotes and trailing comments; without a dialect `${NAME}` stays as written.
        least: the shortest text that one of the programs makes of it which read such files.
        references: names in `${NAME}` and `${NAME:-default}` that are not filled in.
        unfilled: what something else fills in, such as "a command, $(…)"; "" for nothing.
        left: what looks as if it were to be filled in and stays as text; "" for nothing.
        unclear: what programs that read such files make different texts of; "" for nothing.
    """

    value: SecretStr
    least: SecretStr
    references: tuple[str, ...] = ()
    unfilled: str = ""
    left: str = ""
    unclear: str = ""


@dataclass(frozen=True, slots=True)
class EnvFacts:
    """The variables of an env file, in its order; where one is set twice, the last counts.

    Attributes:
        path: the file, or what else has them.
        variables: those that are set, by their names.
        marked: names that are not set because a byte order mark is before them.
        odd: lines that are no assignments; checks must not look away from those that are not ignored.
        odd_lines: how many of these are not ignored.
        twice: names that are set more than once, to different values.
        commented: names in comments that look like assignments (`# NAME=`), and are not set.
        number: how many variables are set.
        dialect: by whose rules; "" for python-dotenv's grammar, where what tools read otherwise is noted.
    """

    path: str
    variables: Mapping[str, Variable]
    marked: frozenset[str] = frozenset()
    odd: tuple[OddLine, ...] = ()
    odd_lines: int = 0
    twice: tuple[str, ...] = ()
    commented: tuple[str, ...] = ()
    number: int = 0
    dialect: str = ""


@dataclass(frozen=True, slots=True)
class EnvText:
    """What is written in an env file.

    Attributes:
        path: the file.
        text: with a byte order mark, if there is one.
        missing: whether there is no such file.
    """

    path: str
    text: SecretStr
    missing: bool = False


@fact
def env_text(env_file: EnvFile) -> EnvText:
    """The text of the file, or that there is none."""
    return text_of(env_file)


def text_of(env_file: EnvFile) -> EnvText:
    """Read the file.

    Raises:
        CouldNotVerify: it is there, and cannot be read.
        NotDeclared: the variables are not those of a file.
    """
    path = env_file.file
    if not os.path.lexists(path):
        return EnvText(str(path), SecretStr(""), missing=True)
    return EnvText(str(path), SecretStr(read_text_file(path, keep_mark=True)))


@fact(deadline=SCRIPT_SECONDS + 10)
def env_facts(env_file: EnvFile, target: Target) -> EnvFacts:
    """The variables that the file sets, or that the container, unit, process or manifest has; no others.

    Those of a file by the rules of the declared `dialect`, with what the file sets itself filled in; unless one is
    declared by python-dotenv's grammar, where each form that any of the tools fills in is noted.
    """
    return variables_of(env_file, target)


def variables_of(env_file: EnvFile, target: Target) -> EnvFacts:
    """The variables, from where they are declared to be read.

    Raises:
        CouldNotVerify: they cannot be read.
        NotDeclared: the target has no such container or host.
    """
    if env_file.path is not None:
        return variables_in(env_file, text_of(env_file))
    if env_file.manifest is not None:
        assert env_file.object
        given = variables_of_object(read_text_file(env_file.manifest), env_file.manifest, env_file.object)
    elif env_file.container is not None:
        pairs = variables_of_container(cast("Container", target.referred(env_file, "container")))
        given = [Given(name, value) for name, value in pairs]
    else:
        host = cast("Host", target.referred(env_file, "host"))
        pairs = variables_of_process(host, unit=env_file.unit, process=env_file.process)
        given = [Given(name, value) for name, value in pairs]
    variables: dict[str, Variable] = {}
    twice: set[str] = set()
    for each in given:
        value = SecretStr(each.value)
        # getenv(3) finds the first of several; of a manifest there is one.
        if each.name not in variables:
            form = each.unfilled or unfilled(each.name, each.value, of_shell=False)
            left = "" if form else left_as_text(each.name, each.value)
            variables[each.name] = Variable(value, value, unfilled=form, left=left)
        elif variables[each.name].value != value:
            twice.add(each.name)
    return EnvFacts(env_file.where, variables, twice=tuple(sorted(twice)), number=len(variables))


@fact(deadline=SCRIPT_SECONDS + 10)
def other_env(env_file: EnvFile, target: Target, *, ask: str) -> EnvFacts:
    """The variables of another file: of the declared one `ask`, or for "" of its own example."""
    return variables_of(_other(env_file, target, ask), target)


@fact
def other_text(env_file: EnvFile, target: Target, *, ask: str) -> EnvText:
    """The text of another file: of the declared one `ask`, or for "" of its own example."""
    return text_of(_other(env_file, target, ask))


def _other(env_file: EnvFile, target: Target, ask: str) -> EnvFile:
    if ask or env_file.example is None:
        return cast("EnvFile", target.named("env_file", ask))
    return EnvFile(name=f"{env_file.name}-example", path=env_file.example, dialect=env_file.dialect)


def variables_in(env_file: EnvFile, written: EnvText) -> EnvFacts:
    """What the text of a file sets.

    Raises:
        CouldNotVerify: there is no such file, or what no variable can hold is in it.
    """
    if written.missing:
        raise CouldNotVerify(f"{written.path} does not exist")
    text = written.text.get_secret_value()
    if "\0" in text:
        raise CouldNotVerify(f"{written.path} is encrypted, or no text")
    odd: list[OddLine] = []
    read = _resolved(env_file.dialect, text, odd) if env_file.dialect else _unresolved(text, odd)
    variables: dict[str, Variable] = {}
    marked: set[str] = set()
    twice: set[str] = set()
    for name, variable in read:
        before = variables.pop(name, None)
        if isinstance(variable, Variable):
            twice |= {name} if before is not None and before.value != variable.value else set()
            variables[name] = variable
        elif variable == MARKED:
            marked.add(name)
            variables |= {name: before} if before is not None else {}
    return EnvFacts(
        env_file.where,
        variables,
        frozenset(marked),
        tuple(odd),
        sum(not each.ignored for each in odd),
        tuple(sorted(twice)),
        tuple(dict.fromkeys(name for name in _COMMENTED.findall(text) if name not in variables)),
        len(variables),
        env_file.dialect or "",
    )


_COMMENTED = re.compile(r"(?m)^[ \t]*[#;][# \t]*(?:export[ \t]+)?([A-Za-z_]\w*)[ \t]*=")


def _resolved(dialect: str, text: str, odd: list[OddLine]) -> Iterator[tuple[str, Variable | str]]:
    for each in assignments(dialect, text, odd):
        yield each.name, MARKED if each.is_marked else _of_assignment(each)


def _of_assignment(found: Assignment) -> Variable | str:
    if found.value is None:
        return ""
    value = SecretStr(found.value)
    return Variable(value, value, unfilled=found.unfilled, left=found.left)


def _unresolved(text: str, odd: list[OddLine]) -> Iterator[tuple[str, Variable | str]]:
    for number, (name, value, quote, written) in enumerate(bindings(text, odd)):
        if value is None:
            yield name, ""
            continue
        form = unfilled(name, _REFERENCE.sub("", value), single_quoted=quote == "'")
        unclear = _unclear(written if quote else value, quote) or _unclear_end(value, written, quote)
        yield (
            name,
            Variable(
                SecretStr(value),
                SecretStr(_least(value, quote) if unclear else value),
                references=tuple(_REFERENCE.findall(value)),
                unfilled=form or (MARKED if not number and marks_a_name(text) else ""),
                unclear=unclear,
            ),
        )


def _unclear(text: str, quote: str) -> str:
    return next((form for form, shape in _UNCLEAR[quote].items() if re.search(shape, text)), "")


_QUOTED = {"'": re.compile(r"\A'(?:[^'\\]|\\.)*+'", re.DOTALL), '"': re.compile(r'\A"(?:[^"\\]|\\.)*+"', re.DOTALL)}


def _unclear_end(value: str, written: str, quote: str) -> str:
    """What is behind a value, and is a part of it to some tools."""
    if re.search(r"\r\n?\Z", written):
        return "a line end of Windows, CRLF"
    behind = _QUOTED[quote].sub("", written, count=1) if quote else written.removeprefix(value)
    return "a comment behind the value" if behind.lstrip(" \t").startswith("#") else ""


def _least(value: str, quote: str) -> str:
    """What is left of a value by the tool that takes most of it for something else."""
    before = value if quote else _ENDING.split(value, maxsplit=1)[0]
    return re.sub(r"\\(.)", r"\1", before)


_ENDING = re.compile(r"[#&;|<>()`'\"\s]")
"""Where a value without quotes ends for one of the tools: a comment, or what means something to a shell."""
_UNCLEAR = {
    "": {
        "a ~": r"\A~|:~",
        "a quotation mark": r"['\"]",
        "a backslash": r"\\",
        "a # without quotes": r"#",
        "a sign of the shell without quotes": r"[&;|<>()`]",
        "a blank without quotes": r"\S[ \t]+\S",
    },
    "'": {"a backslash": r"\\[\\']"},
    '"': {"a backslash": r"\\[^\"\\]"},
}
"""By the quotes around a value, what tools make different texts of."""
