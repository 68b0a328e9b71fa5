"""Secrets: where they come from, and the type that never prints them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import BeforeValidator, SecretStr, ValidationInfo, WithJsonSchema

from pytest_readiness.core import programs
from pytest_readiness.core.audit import sent
from pytest_readiness.core.environment import environment

_BEGUN = re.compile(r"\$\{(?P<name>[A-Za-z_][A-Za-z0-9_]*)(?P<end>\}|:-)")
COMMAND_SECONDS = 30
COMMAND_BYTES = 2**20
"""Of what a command prints, errors included."""


class MissingVariableError(ValueError):
    """An environment variable that the configuration names is not set."""

    def __init__(self, name: str) -> None:
        super().__init__(f"the environment variable {name} is not set")
        self.name = name


class VariableSyntaxError(ValueError):
    """A `${` that begins no variable; the text is not quoted, as it may be a secret."""

    def __init__(self) -> None:
        super().__init__(
            "a '${' begins no variable, or is not closed; write ${NAME}, or ${NAME:-default}, or $${ for the "
            "characters themselves"
        )


def interpolate(text: str, variables: Mapping[str, str]) -> str:
    """Replace `${NAME}` and `${NAME:-default}`, where the default may hold others; `$$` is a dollar sign.

    Raises:
        MissingVariableError: a variable without default is not set (an empty one counts as not set).
        VariableSyntaxError: something else begins with `${`.
    """
    made, _ = _interpolated(text, 0, variables, needed=True, inside=False)
    return made


def _interpolated(text: str, at: int, variables: Mapping[str, str], *, needed: bool, inside: bool) -> tuple[str, int]:
    """Return the text from a place on with its variables replaced, to the end or, in a default, to what closes it.

    Args:
        text: the text.
        at: the place.
        variables: values by name.
        needed: whether it will be used, so that its variables must be set.
        inside: whether it is a default.
    """
    made: list[str] = []
    while at < len(text):
        if inside and text[at] == "}":
            return "".join(made), at + 1
        if text.startswith("$$", at):
            made.append("$")
            at += 2
        elif text.startswith("${", at):
            begun = _BEGUN.match(text, at)
            if begun is None:
                raise VariableSyntaxError
            at, name = begun.end(), begun["name"]
            found = variables.get(name, "")
            if begun["end"] == ":-":
                default, at = _interpolated(text, at, variables, needed=needed and not found, inside=True)
                found = found or default
            elif not found and needed:
                raise MissingVariableError(name)
            made.append(found)
        else:
            made.append(text[at])
            at += 1
    if inside:
        raise VariableSyntaxError
    return "".join(made), at


def _resolve(value: Any, info: ValidationInfo) -> Any:
    """Read a secret given as `file:PATH`, {file: PATH} or {command: LINE}; a plain string is the secret itself."""
    context: Mapping[str, Any] = info.context or {}
    if isinstance(value, str) and value.startswith("file:"):
        value = {"file": value.removeprefix("file:")}
    if not isinstance(value, Mapping):
        return value
    if len(value) != 1 or next(iter(value)) not in ("file", "command"):
        raise ValueError("a secret is a text, 'file:PATH', {file: PATH} or {command: LINE}")
    if not context.get("resolve", True):
        return ""
    how, argument = next(iter(value.items()))
    text = _from_file(str(argument), context) if how == "file" else _from_command(str(argument), context)
    if not text:
        said = argument if how == "file" else _program(str(argument))
        raise ValueError(f"the secret from {how} '{said}' is empty")
    return text


def _from_file(name: str, context: Mapping[str, Any]) -> str:
    path = Path(context.get("base", ".")) / Path(name).expanduser()
    try:
        return path.read_text("utf-8").rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise ValueError(f"the secret file {path} cannot be read: {reason}") from None


def _from_command(line: str, context: Mapping[str, Any]) -> str:
    said = f"the secret command '{_program(line)}'"
    sent(f"run {said}")
    done = programs.run(
        line.encode(),
        seconds=COMMAND_SECONDS,
        most_bytes=COMMAND_BYTES,
        cwd=context.get("base"),
        env=environment(),
    )
    if done.late:
        raise ValueError(f"{said} took longer than {COMMAND_SECONDS} s")
    if done.excess:
        raise ValueError(f"{said} printed more than {COMMAND_BYTES // 2**20} MiB")
    if done.status:
        raise ValueError(f"{said} ended with exit code {done.status}")
    try:
        return done.output.decode("utf-8").rstrip("\r\n")
    except UnicodeDecodeError:
        raise ValueError(f"{said} did not print UTF-8") from None


def _program(line: str) -> str:
    """What a command line begins with: the rest may hold secrets of its own."""
    words = line.split()
    program = next((number for number, word in enumerate(words) if "=" not in word), len(words))
    return " ".join([*words[program : program + 1], *(["…"] if len(words) > 1 else [])])


_WRITTEN = {
    "anyOf": [
        {"type": "string"},
        *(
            {
                "type": "object",
                "properties": {how: {"type": "string"}},
                "required": [how],
                "additionalProperties": False,
            }
            for how in ("file", "command")
        ),
    ]
}
Secret = Annotated[SecretStr, BeforeValidator(_resolve), WithJsonSchema(_WRITTEN)]
