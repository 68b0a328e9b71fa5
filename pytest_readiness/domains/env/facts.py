"""Files of environment variables."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import SecretStr

from pytest_readiness.core.evidence import CouldNotVerify
from pytest_readiness.core.registry import fact
from pytest_readiness.domains.env.dialects import MARKED, UnreadableError, assignments, bindings, marks_a_name
from pytest_readiness.domains.env.forms import unfilled
from pytest_readiness.domains.env.resource import EnvFile
from pytest_readiness.protocols.text_file import read_text_file

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
        path: the file.
        variables: those that are set, by their names.
        marked: names that are not set because a byte order mark is before them.
    """

    path: str
    variables: Mapping[str, Variable]
    marked: frozenset[str] = frozenset()


@fact
def env_facts(env_file: EnvFile) -> EnvFacts:
    """The variables that the file sets, without looking into any environment.

    By the rules of the declared `dialect`, with what the file sets itself filled in; unless one is declared by
    python-dotenv's grammar, where each form that any of the tools fills in is noted.
    """
    text = read_text_file(env_file.path, keep_mark=True)
    try:
        if env_file.dialect:
            return _resolved(env_file, text)
        return _unresolved(env_file, text)
    except UnreadableError as error:
        lines = f"line{'s' if len(error.lines) > 1 else ''} {', '.join(map(str, error.lines[:10]))}"
        more = ", …" if len(error.lines) > 10 else ""
        how = f" by {env_file.dialect}" if env_file.dialect else ""
        raise CouldNotVerify(f"{env_file.path} cannot be read as NAME=value{how} on {lines}{more}") from None


def _resolved(env_file: EnvFile, text: str) -> EnvFacts:
    variables: dict[str, Variable] = {}
    marked: set[str] = set()
    for each in assignments(env_file.dialect or "", text):
        if each.is_marked:
            marked.add(each.name)
            continue
        variables.pop(each.name, None)
        if each.value is not None:
            value = SecretStr(each.value)
            variables[each.name] = Variable(value, value, unfilled=each.unfilled, left=each.left)
    return EnvFacts(str(env_file.path), variables, frozenset(marked))


def _unresolved(env_file: EnvFile, text: str) -> EnvFacts:
    variables: dict[str, Variable] = {}
    for number, (name, value, quote, written) in enumerate(bindings(text)):
        variables.pop(name, None)
        if value is None:
            continue
        form = unfilled(name, _REFERENCE.sub("", value), single_quoted=quote == "'")
        unclear = _unclear(written if quote else value, quote) or _unclear_end(value, written, quote)
        variables[name] = Variable(
            SecretStr(value),
            SecretStr(_least(value, quote) if unclear else value),
            references=tuple(_REFERENCE.findall(value)),
            unfilled=form or (MARKED if not number and marks_a_name(text) else ""),
            unclear=unclear,
        )
    return EnvFacts(str(env_file.path), variables)


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
