"""Files of environment variables."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import SecretStr

from pytest_readiness.core.evidence import CouldNotVerify
from pytest_readiness.core.registry import fact
from pytest_readiness.domains.env.dialects import UnreadableError, assignments, bindings
from pytest_readiness.domains.env.forms import unfilled
from pytest_readiness.domains.env.resource import EnvFile
from pytest_readiness.protocols.text_file import read_text_file

_REFERENCE = re.compile(r"\$\{([A-Za-z_]\w*)(?::?-[^}]{0,2000})?\}")


@dataclass(frozen=True, slots=True)
class EnvFacts:
    """The variables of an env file, in its order; where one is set twice, the last counts.

    Attributes:
        path: the file.
        values: what each variable is set to, without quotes and trailing comments; `${NAME}` stays as written.
        references: names in `${NAME}` and `${NAME:-default}`, by the variable whose value holds them.
        unfilled: what something else fills in, such as "a command, $(…)", by the variable whose value holds it.
    """

    path: str
    values: Mapping[str, SecretStr]
    references: Mapping[str, tuple[str, ...]]
    unfilled: Mapping[str, str]


@fact
def env_facts(env_file: EnvFile) -> EnvFacts:
    """The variables that the file sets, without looking into any environment.

    By the rules of the declared `dialect`, with what the file sets itself filled in; unless one is declared by
    python-dotenv's grammar, where each form that any of the tools fills in is noted.
    """
    text = read_text_file(env_file.path)
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
    values: dict[str, SecretStr] = {}
    forms: dict[str, str] = {}
    for each in assignments(env_file.dialect or "", text):
        values.pop(each.name, None)
        forms.pop(each.name, None)
        if each.value is not None:
            values[each.name] = SecretStr(each.value)
            forms |= {each.name: each.unfilled} if each.unfilled else {}
    return EnvFacts(str(env_file.path), values, {}, forms)


def _unresolved(env_file: EnvFile, text: str) -> EnvFacts:
    values: dict[str, SecretStr] = {}
    references: dict[str, tuple[str, ...]] = {}
    forms: dict[str, str] = {}
    for name, value, quote in bindings(text):
        for each in (values, references, forms):
            each.pop(name, None)
        if value is None:
            continue
        values[name] = SecretStr(value)
        if found := tuple(_REFERENCE.findall(value)):
            references[name] = found
        if form := unfilled(name, _REFERENCE.sub("", value), single_quoted=quote == "'"):
            forms[name] = form
    return EnvFacts(str(env_file.path), values, references, forms)
