"""The catalogue in words: what a check's docstring and signature say, for people and for programs."""

from __future__ import annotations

import inspect
import re
import textwrap
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic_core import PydanticUndefined, to_jsonable_python

from pytest_readiness.core.domains import origin
from pytest_readiness.core.registry import FACTS, Check
from pytest_readiness.core.resources import word
from pytest_readiness.core.text import cut

_ENTRY = re.compile(r"([a-z]\w*(?:, \w+)*): (.*)")
_BOUNDS = {"minimum": "≥", "exclusiveMinimum": ">", "maximum": "≤", "exclusiveMaximum": "<"}
_TEXTS = ("NAME", "/PATH", "0640")
"""What represents a text in an example; the first that the parameter's pattern allows."""
_TYPES = {"string": "text", "integer": "whole number", "boolean": "true or false"}


_LONGEST = 60
"""Characters of what a default means."""
_NONE_MEANS = re.compile(r"(?:Default: |[Uu]nless given, )(.{1,300}?)(?=[;.](?:\s|$))", re.DOTALL)
_NOTHING: tuple[object, ...] = (None, [], {})


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter of a check.

    Attributes:
        name: its key in a binding.
        type: its type in words ("whole number > 0").
        required: whether a binding must give it.
        default: its value where a binding gives none, as plain data.
        description: what it means, its unit, and where the default comes from.
    """

    name: str
    type: str
    required: bool
    default: Any
    description: str

    @property
    def usual(self) -> str:
        """What the check takes where a binding gives nothing, in words: the default, or what none means."""
        if self.default not in _NOTHING:
            return shown(self.default)
        told = _NONE_MEANS.search(self.description)
        return cut(told[1], _LONGEST) if told else "none"


def prose(check: Check) -> str:
    """Return what the docstring says after the claim: what exactly is looked at."""
    return _parts(check)[0].partition("\n")[2].strip()


def parameters(check: Check) -> tuple[Parameter, ...]:
    """Return the parameters in the order of the signature."""
    schema = check.parameters.model_json_schema()
    texts = entries(_parts(check)[1])
    return tuple(
        Parameter(
            name=name,
            type=_in_words(schema["properties"][name], schema.get("$defs", {})),
            required=field.is_required(),
            default=None if field.default is PydanticUndefined else field.default,
            description=texts.get(name, ""),
        )
        for name, field in check.parameters.model_fields.items()
    )


def as_data(check: Check) -> dict[str, Any]:
    """Return everything known about a check as plain data."""
    return {
        "id": check.id,
        "domain": check.domain,
        "claim": check.title,
        "description": prose(check),
        "severity": check.severity,
        "class": check.check_class,
        "kind": word(check.kind) if check.kind else None,
        "facts": [name for name in check.fixtures if name in FACTS],
        "parameters": [
            {
                "name": each.name,
                "type": each.type,
                "required": each.required,
                "default": each.default,
                "description": each.description,
            }
            for each in parameters(check)
        ],
        "source": check.source,
        "remedy": check.remedy,
        "from": origin(check) or None,
    }


def example(check: Check) -> Any:
    """Return a binding to the check that would be accepted: its id, or a mapping with what it needs."""
    schema = check.parameters.model_json_schema()
    shared = schema.get("$defs", {})
    needed = {name: _value(schema["properties"][name], shared) for name in schema.get("required", ())}
    if needed:
        return {"check": check.id, **needed}
    preset = next((each for each in parameters(check) if each.default is not None), None)
    return {"check": check.id, preset.name: preset.default} if preset else check.id


def required_of(check: Check) -> list[str]:
    """Return the parameters of a check that have no default."""
    return [name for name, field in check.parameters.model_fields.items() if field.is_required()]


def given(check: Check, parameters: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Return what a check is asked with here as it is written, without what is as it is by default."""
    fields = check.parameters.model_fields
    for name, value in parameters.items():
        if name not in fields or fields[name].is_required() or value != fields[name].get_default():
            yield name, shown(to_jsonable_python(value, exclude_none=True))


def shown(value: object) -> str:
    """Return plain data as one writes it in YAML, in one line."""
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(shown, value))}]"
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{key}: {shown(child)}' for key, child in value.items())}}}"
    text = str(value)
    plain = not isinstance(value, str) or re.fullmatch(r"[A-Za-z_/][\w./-]*", text)
    return text if plain else '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _parts(check: Check) -> tuple[str, str]:
    before, _, arguments = (inspect.getdoc(check.judge) or "").partition("\nArgs:\n")
    return before, arguments.partition("\nRaises:\n")[0]


def entries(block: str) -> dict[str, str]:
    """Return what comes below "Args:" or "Attributes:" by name: a name or several, a colon, indented text."""
    texts: dict[str, str] = {}
    names: list[str] = []
    for line in textwrap.dedent(block).splitlines():
        if entry := _ENTRY.match(line):
            names = entry[1].split(", ")
            texts |= dict.fromkeys(names, entry[2])
        elif line.startswith("    "):
            texts |= {name: f"{texts[name]} {line.strip()}" for name in names}
    return texts


def _referred(schema: Mapping[str, Any], shared: Mapping[str, Any]) -> Mapping[str, Any]:
    found: Mapping[str, Any] = shared[schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema
    return found


def _in_words(schema: Mapping[str, Any], shared: Mapping[str, Any]) -> str:
    schema = _referred(schema, shared)
    if "anyOf" in schema:
        kinds = [_in_words(part, shared) for part in schema["anyOf"] if part.get("type") != "null"]
        return " or ".join(dict.fromkeys(kinds))
    if "enum" in schema or "const" in schema:
        return " or ".join(shown(value) for value in schema.get("enum") or [schema["const"]])
    kind = schema.get("type", "anything")
    if kind == "array":
        least = ", not empty" if schema.get("minItems") else ""
        return f"list of {_in_words(schema.get('items', {}), shared)}{least}"
    if kind == "object":
        if "properties" in schema:
            return f"mapping with {', '.join(schema['properties'])}"
        inner = _inner(schema)
        return f"mapping to {_in_words(inner, shared)}" if inner else "mapping"
    bounds = [f"{sign} {schema[key]}" for key, sign in _BOUNDS.items() if key in schema]
    return " ".join([_TYPES.get(kind, kind), *bounds[:1], *(f"and {bound}" for bound in bounds[1:])])


def _inner(schema: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Schema of the values of a mapping whose keys are free."""
    found = schema.get("additionalProperties") or next(iter(schema.get("patternProperties", {}).values()), None)
    return found if isinstance(found, Mapping) else None


def _value(schema: Mapping[str, Any], shared: Mapping[str, Any]) -> Any:
    """A value that the schema allows."""
    if "examples" in schema:
        return schema["examples"][0]
    schema = _referred(schema, shared)
    if "anyOf" in schema:
        return _value(schema["anyOf"][0], shared)
    if "enum" in schema or "const" in schema:
        return (schema.get("enum") or [schema["const"]])[0]
    kind = schema.get("type")
    if kind == "array":
        return [_value(schema.get("items", {}), shared)]
    if kind == "object":
        if "properties" in schema:
            names = schema.get("required") or list(schema["properties"])[:1]
            return {name: _value(schema["properties"][name], shared) for name in names}
        key = next(iter(schema.get("patternProperties", {})), "")
        return {_text(key): _value(_inner(schema) or {}, shared)}
    if kind in ("integer", "number"):
        return schema.get("default") or schema.get("minimum") or schema.get("exclusiveMinimum", 0) + 1
    return True if kind == "boolean" else _text(schema.get("pattern", ""))


def _text(pattern: str) -> str:
    """A text that matches the pattern."""
    return next((text for text in _TEXTS if re.search(pattern, text)), _TEXTS[0])
