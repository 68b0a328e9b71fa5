"""JSON Schemas for editors and programs, made from the models and the catalogue that read the files."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, get_args

from pydantic import BaseModel

from pytest_readiness.cli.bind_json import proposals_schema
from pytest_readiness.cli.describe import required_of
from pytest_readiness.config.schema import configuration_schema
from pytest_readiness.config.suites import suite_names
from pytest_readiness.core.domains import load_catalogue
from pytest_readiness.core.registry import SEVERITIES, Check
from pytest_readiness.people.decisions import Signoff, Waiver
from pytest_readiness.people.rules import Cadence, EvidenceRule
from pytest_readiness.plan.bindings import CONFIRMED, ORIGIN, SECTION_LEVEL
from pytest_readiness.plan.coming import COMING
from pytest_readiness.verdict.result_file import result_schema

DIALECT = "https://json-schema.org/draft/2020-12/schema"
_TEXT = {"type": "string", "minLength": 1}
_OPEN = "proposed-"
"""Before the names of definitions of what is proposed, which may leave required parameters open."""


def bindings_schema() -> dict[str, Any]:
    """Return the schema of CHECKLIST.checks.yaml: every check with its parameters.

    Ids of items are the checklist's own, so that any are allowed here; a run refuses those that no item has.
    """
    catalogue = sorted(load_catalogue().items())
    definitions: dict[str, Any] = {}
    for id, check in catalogue:
        definitions |= _check(id, check)
    definitions["id"] = {"enum": [id for id, _ in catalogue]}
    definitions[f"{_OPEN}use"] = {
        "type": "object",
        "required": ["check"],
        "properties": {
            "check": {"$ref": "#/$defs/id"},
            "on": _one_or_more(_TEXT),
            "from_target": {**_TEXT, "description": "Name under which the target gives parameters of the check."},
        },
        "allOf": [_where(id, {"$ref": f"#/$defs/{id}"}) for id, _ in catalogue],
    }
    definitions["use"] = {
        "allOf": [
            {"$ref": f"#/$defs/{_OPEN}use"},
            # What the target gives, this schema does not see.
            *(
                _where(id, {"anyOf": [{"required": ["from_target"]}, {"required": required_of(check)}]})
                for id, check in catalogue
                if required_of(check)
            ),
        ]
    }
    definitions["common"] = {
        "properties": {
            "severity": {"enum": list(SEVERITIES)},
            "level": {**_TEXT, "description": "Lowest level of a target that needs the item, from readiness.yaml."},
            "valid": {"type": "string", "pattern": r"^\s*0*[1-9][0-9]*\s*d\s*$", "description": "Days, such as 30d."},
            "cadence": {"enum": list(get_args(Cadence))},
            "source": {**_TEXT, "description": "Where the item comes from."},
        },
    }
    evidence = EvidenceRule.model_json_schema()
    definitions["signer"] = {
        "description": "A role of readiness.yaml, or more about who signs.",
        "anyOf": [
            _TEXT,
            {
                "type": "object",
                "required": ["role"],
                "properties": {
                    "role": _TEXT,
                    "count": {"type": "integer", "minimum": 1, "default": 1},
                    "evidence": {key: value for key, value in evidence.items() if key != "title"},
                    "per_release": {"type": "boolean", "default": False},
                },
                "additionalProperties": False,
            },
        ],
    }
    definitions["signed"] = _object("signoff", {"$ref": "#/$defs/signer"})
    definitions["partial"] = {"properties": {"partial": {"$ref": "#/$defs/signer"}}}
    definitions |= _answers("", COMING)
    # For what was proposed as a claim to come there may be a check by now.
    definitions |= _answers(_OPEN, {*COMING, *dict(catalogue)})
    definitions["binding"] = {
        "if": {"type": "object", "required": ["proposed"]},
        "then": {
            "properties": {
                "proposed": {
                    "$ref": f"#/$defs/{_OPEN}answer",
                    "description": "What may answer it, as long as nobody confirms it.",
                },
                "source": _TEXT,
            },
            "additionalProperties": False,
        },
        "else": {
            "if": {"type": "object", "required": ["source"], "maxProperties": 1},
            "then": {"properties": {"source": _TEXT}},
            "else": {"$ref": "#/$defs/answer"},
        },
    }
    return {
        "$schema": DIALECT,
        "title": "pytest-readiness: CHECKLIST.checks.yaml",
        "description": "What answers each item of a checklist: by section, then by item.",
        "type": "object",
        "properties": {
            ORIGIN: {"enum": list(suite_names()), "description": "The suite that the bindings were made of."},
            CONFIRMED: {
                "type": "object",
                "additionalProperties": {"type": "string"},
                "description": "What each item said when its binding was confirmed; readiness bind keeps this.",
            },
        },
        "additionalProperties": {
            "type": "object",
            "properties": {SECTION_LEVEL: {**_TEXT, "description": "Level of every item of the section."}},
            "additionalProperties": {"$ref": "#/$defs/binding"},
        },
        "$defs": definitions,
    }


def _answers(prefix: str, known: Iterable[str]) -> dict[str, Any]:
    """What may answer an item, and the parts of that.

    Args:
        prefix: of the definitions' names.
        known: claims that may be named as missing.
    """
    parts = {"type": "array", "items": {"$ref": f"#/$defs/{prefix}part"}, "minItems": 1}
    claims = _one_or_more({"enum": sorted(known)})
    common = {"$ref": "#/$defs/common"}
    return {
        f"{prefix}all": _object("all", parts),
        f"{prefix}any": _object("any", parts),
        f"{prefix}part": _one_of(prefix, lambda each: {**each, "unevaluatedProperties": False}, parts),
        f"{prefix}answer": _one_of(
            prefix,
            lambda each: {
                "allOf": [each, common],
                "if": {"required": ["missing"]},
                "then": {"properties": {"missing": claims}},
                "else": {"$ref": "#/$defs/partial"},
                "unevaluatedProperties": False,
            },
            parts,
            {"allOf": [{"$ref": "#/$defs/signed"}, common], "unevaluatedProperties": False},
            {"allOf": [_object("missing", claims), common], "unevaluatedProperties": False},
            {
                "allOf": [_object("not_applicable", _TEXT), {"properties": {"source": _TEXT}}],
                "unevaluatedProperties": False,
            },
        ),
    }


def _one_or_more(value: Mapping[str, Any]) -> dict[str, Any]:
    return {"anyOf": [value, {"type": "array", "items": value, "minItems": 1}]}


def _object(key: str, value: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": "object", "required": [key], "properties": {key: value}}


def _where(id: str, then: Mapping[str, Any]) -> dict[str, Any]:
    """What holds of a use of one check."""
    return {"if": {"properties": {"check": {"const": id}}, "required": ["check"]}, "then": then}


def _one_of(
    prefix: str, closed: Callable[[dict[str, Any]], dict[str, Any]], parts: Any, *others: Any
) -> dict[str, Any]:
    """The ways to write checks, each mapping closed to unknown keys; told apart by key, so that errors fit."""
    otherwise: Any = {"anyOf": [{"$ref": "#/$defs/id"}, parts, *others]}
    for key, name in (("any", "any"), ("all", "all"), ("check", "use")):
        otherwise = {
            "if": {"type": "object", "required": [key]},
            "then": closed({"$ref": f"#/$defs/{prefix}{name}"}),
            "else": otherwise,
        }
    found: dict[str, Any] = otherwise
    return found


def _check(id: str, check: Check) -> dict[str, Any]:
    """The parameters of one check, and the definitions that they refer to."""
    schema = check.parameters.model_json_schema(ref_template=f"#/$defs/{id}.{{model}}")
    found = {f"{id}.{name}": definition for name, definition in schema.get("$defs", {}).items()}
    parameters = schema.get("properties", {})
    warn = {"type": "object", "minProperties": 1, "properties": parameters, "additionalProperties": False}
    found[id] = {
        "description": check.title,
        "properties": {**parameters, **({"warn": warn} if parameters else {})},
    }
    return found


def _entries_schema(key: str, model: type[BaseModel]) -> dict[str, Any]:
    schema = model.model_json_schema()
    definitions = schema.pop("$defs", {})
    return {
        "$schema": DIALECT,
        "title": f"pytest-readiness: {key}.yaml",
        "type": "object",
        "properties": {key: {"anyOf": [{"type": "array", "items": schema}, {"type": "null"}]}},
        "required": [key],
        "additionalProperties": False,
        **({"$defs": definitions} if definitions else {}),
    }


def signoffs_schema() -> dict[str, Any]:
    """Return the schema of the sign-offs file."""
    return _entries_schema("signoffs", Signoff)


def waivers_schema() -> dict[str, Any]:
    """Return the schema of the waivers file."""
    return _entries_schema("waivers", Waiver)


SCHEMAS: Mapping[str, Callable[[], dict[str, Any]]] = {
    "configuration": configuration_schema,
    "bindings": bindings_schema,
    "signoffs": signoffs_schema,
    "waivers": waivers_schema,
    "result": result_schema,
    "proposals": proposals_schema,
}
"""By what a file is for."""
