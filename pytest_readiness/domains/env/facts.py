"""Files of environment variables."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from io import StringIO

from pydantic import SecretStr

from pytest_readiness.core.evidence import CouldNotVerify
from pytest_readiness.core.registry import fact
from pytest_readiness.domains.env.resource import EnvFile
from pytest_readiness.protocols.text_file import read_text_file

_REFERENCE = re.compile(r"\$\{([A-Za-z_]\w*)(?::?-[^}]*)?\}")


@dataclass(frozen=True, slots=True)
class EnvFacts:
    """The variables of an env file, in its order; where one is set twice, the last counts.

    Attributes:
        path: the file.
        values: what each variable is set to, without quotes and trailing comments; `${NAME}` stays as written.
        references: names in `${NAME}` and `${NAME:-default}`, by the variable whose value holds them.
    """

    path: str
    values: Mapping[str, SecretStr]
    references: Mapping[str, tuple[str, ...]]


@fact
def env_facts(env_file: EnvFile) -> EnvFacts:
    """The variables that the file sets, by python-dotenv's grammar and without looking into any environment."""
    from dotenv.parser import parse_stream

    values: dict[str, SecretStr] = {}
    unreadable: list[str] = []
    for binding in parse_stream(StringIO(read_text_file(env_file.path))):
        source = binding.original.string
        if binding.key is not None and binding.value is not None:
            values[binding.key] = SecretStr(binding.value)
        elif binding.error or binding.key is not None:
            blank_lines = source[: len(source) - len(source.lstrip())].count("\n")
            unreadable.append(str(binding.original.line + blank_lines))
    if unreadable:
        lines = f"line{'s' if len(unreadable) > 1 else ''} {', '.join(unreadable[:10])}"
        more = ", …" if len(unreadable) > 10 else ""
        raise CouldNotVerify(f"{env_file.path} cannot be read as NAME=value on {lines}{more}")
    references = {name: tuple(_REFERENCE.findall(value.get_secret_value())) for name, value in values.items()}
    return EnvFacts(str(env_file.path), values, {name: found for name, found in references.items() if found})
