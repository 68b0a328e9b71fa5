"""Files of environment variables."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from io import StringIO

from pydantic import SecretStr

from pytest_readiness.core.evidence import CouldNotVerify
from pytest_readiness.core.registry import fact
from pytest_readiness.domains.env.forms import unfilled
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
        unfilled: what something else fills in, such as "a command, $(…)", by the variable whose value holds it.
    """

    path: str
    values: Mapping[str, SecretStr]
    references: Mapping[str, tuple[str, ...]]
    unfilled: Mapping[str, str]


@fact
def env_facts(env_file: EnvFile) -> EnvFacts:
    """The variables that the file sets, by python-dotenv's grammar and without looking into any environment."""
    from dotenv.parser import parse_stream

    values: dict[str, SecretStr] = {}
    references: dict[str, tuple[str, ...]] = {}
    filled: dict[str, str] = {}
    unreadable: list[str] = []
    for binding in parse_stream(StringIO(read_text_file(env_file.path))):
        source, name, value = binding.original.string, binding.key, binding.value
        if name is not None and value is not None:
            single = source.partition("=")[2].lstrip().startswith("'")
            values[name] = SecretStr(value)
            references[name] = tuple(_REFERENCE.findall(value))
            filled[name] = unfilled(name, _REFERENCE.sub("", value), single_quoted=single)
        elif name is not None and not binding.error:
            # NAME alone sets nothing; "export NAME" hands on what was set before.
            if not source.lstrip().startswith("export"):
                values.pop(name, None)
        elif binding.error:
            blank_lines = source[: len(source) - len(source.lstrip())].count("\n")
            unreadable.append(str(binding.original.line + blank_lines))
    if unreadable:
        lines = f"line{'s' if len(unreadable) > 1 else ''} {', '.join(unreadable[:10])}"
        more = ", …" if len(unreadable) > 10 else ""
        raise CouldNotVerify(f"{env_file.path} cannot be read as NAME=value on {lines}{more}")
    return EnvFacts(
        str(env_file.path),
        values,
        {name: found for name, found in references.items() if found and name in values},
        {name: form for name, form in filled.items() if form and name in values},
    )
