"""Pydantic models validated from YAML, with each error reported as a sentence with its line."""

from __future__ import annotations

import traceback
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Annotated, Any, Literal, TypeVar, get_args, get_origin

from pydantic import BaseModel, ValidationError

from pytest_readiness.core.problems import Problem, nearest
from pytest_readiness.core.resources import Resource
from pytest_readiness.core.spelling import WORDS
from pytest_readiness.core.yamlfile import YamlMap

Model = TypeVar("Model", bound=BaseModel)


def validate(
    model: type[Model],
    data: Mapping[str, Any],
    place: YamlMap,
    keys: Sequence[str | int],
    what: str,
    problems: list[Problem],
    context: Mapping[str, Any] | None = None,
    *,
    incomplete: bool = False,
) -> Model | None:
    """Return `data` as `model`, or None after adding its mistakes to `problems`.

    Args:
        model: what it must be.
        data: the values.
        place: mapping of the file that holds `data`, for lines.
        keys: the way from `place` to `data`.
        what: what a person calls it ("url 'shop'").
        problems: where mistakes are added.
        context: given to validators.
        incomplete: whether a value that is not given is no mistake; None is returned without it all the same.
    """
    mistaken = list(_booleans(model, data))
    for location in mistaken:
        name = ".".join(map(str, location))
        message = f"{what[:1].upper()}{what[1:]}, '{name}': must be a number, not true or false."
        problems.append(Problem(place.path_of([*keys, *location]), place.line_of([*keys, *location]), message))
    try:
        made = model.model_validate(dict(data), context=dict(context or {}))
        return None if mistaken else made
    except ValidationError as error:
        for detail in error.errors(include_url=False):
            location = detail["loc"]
            if incomplete and detail["type"] == "missing" and len(location) == 1:
                continue
            way = [*keys, *location]
            problems.append(Problem(place.path_of(way), place.line_of(way), _sentence(model, detail, what)))
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # noqa: BLE001  (the model's validators may be anyone's)
        at = traceback.extract_tb(error.__traceback__)[-1]
        # What it says may be a secret.
        message = (
            f"{what[:1].upper()}{what[1:]} could not be looked at ({type(error).__name__}, {at.filename}:{at.lineno}). "
            f"That is a defect of {model.__module__}: for what is wrong, validators raise ValueError, and nothing else."
        )
        problems.append(Problem(place.path, place.line_of(list(keys)), message))
    return None


def _sentence(model: type[BaseModel], detail: Any, what: str) -> str:
    location = [part for part in detail["loc"] if isinstance(part, str | int)]
    name = ".".join(str(part) for part in location)
    if detail["type"] == "extra_forbidden":
        known = _fields_at(model, location[:-1])
        if issubclass(model, Resource) and len(location) == 1:
            known.remove("name")  # it is the key in readiness.yaml
        return f"Unknown key '{location[-1]}' in {what}.{nearest(str(location[-1]), known)}"
    if detail["type"] == "missing":
        return f"{what[:1].upper()}{what[1:]} lacks '{name}'."
    about = f"{what}, '{name}'" if name else what
    return f"{about[:1].upper()}{about[1:]}: {_wrong(detail)}."


_KINDS = {
    ("bool_type", "bool_parsing"): "must be true or false",
    ("int_type", "int_parsing", "int_from_float", "int_parsing_size"): "must be a whole number",
    ("float_type", "float_parsing", "decimal_type", "decimal_parsing"): "must be a number",
    ("finite_number",): "must be a finite number",
    ("string_type",): "must be a text",
    ("tuple_type", "list_type", "set_type", "frozen_set_type"): "must be a list, such as [a, b]",
    ("dict_type", "model_type", "model_attributes_type", "mapping_type"): "must be a mapping, such as {{key: value}}",
    ("date_type", "date_parsing", "date_from_datetime_parsing"): "must be a date, such as 2026-12-31",
    ("date_from_datetime_inexact",): "must be a date without a time, such as 2026-12-31",
    ("path_type",): "must be a path",
    ("greater_than",): "must be above {gt}",
    ("greater_than_equal",): "must be at least {ge}",
    ("less_than",): "must be below {lt}",
    ("less_than_equal",): "must be at most {le}",
    ("string_too_short",): "must have at least {min_length} characters",
    ("string_too_long",): "must have at most {max_length} characters",
    ("too_short",): "must have at least {min_length} entries, and has {actual_length}",
    ("too_long",): "must have at most {max_length} entries, and has {actual_length}",
    ("literal_error", "enum"): "must be {expected}",
    ("string_pattern_mismatch",): "is not written as it must be (as a regular expression: {pattern})",
}
_WORDS = {kind: words for kinds, words in _KINDS.items() for kind in kinds}
"""What a mistake of each kind is to a person. Everything else, a validator of ours has said in words."""
_SHOWN = 40
"""Characters of a value that a sentence quotes."""


def _wrong(detail: Any) -> str:
    words = _WORDS.get(detail["type"])
    if detail["type"] == "string_pattern_mismatch" and (spelling := WORDS.get(detail["ctx"]["pattern"])):
        return f"must be {spelling}"
    if words is None:
        message = str(detail["msg"]).removeprefix("Value error, ").rstrip(".")
        return f"{message[:1].lower()}{message[1:]}"
    context = {
        name: f"{value:g}" if isinstance(value, float) else value for name, value in detail.get("ctx", {}).items()
    }
    if detail["type"] == "string_type" and isinstance(detail["input"], bool | int | float | date):
        words += "; put it in quotes"
    return words.format(**context) + _quoted(detail)


def _quoted(detail: Any) -> str:
    """The value, where it is a number or one of a few words that was meant; any other one may be a secret."""
    given, kind = detail["input"], str(detail["type"])
    if kind in ("literal_error", "enum", "bool_parsing"):
        shown = isinstance(given, bool | int | float) or (isinstance(given, str) and len(given) <= _SHOWN)
    else:
        shown = isinstance(given, int | float) and kind.startswith(("int_", "greater_than", "less_than"))
    text = str(given).lower() if isinstance(given, bool) else repr(given)
    return f", not {text}" if shown else ""


def _booleans(model: Any, value: Any) -> Iterator[tuple[str | int, ...]]:
    """Return where true or false stands for a number, which pydantic would take for 1 or 0."""
    if isinstance(value, bool):
        kinds = set(_leaves(model))
        if kinds & {int, float} and bool not in kinds and not kinds & {Any, object}:
            yield ()
    elif isinstance(value, Mapping):
        fields = {
            name: field.annotation
            for each in _leaves(model)
            if isinstance(each, type) and issubclass(each, BaseModel)
            for name, field in each.model_fields.items()
        }
        for name, child in value.items():
            for location in _booleans(fields.get(name, model if not fields else Any), child):
                yield (name, *location)
    elif isinstance(value, list | tuple):
        for number, child in enumerate(value):
            for location in _booleans(model, child):
                yield (number, *location)


def _leaves(annotation: Any) -> Iterator[Any]:
    """The types that an annotation is made of, without its containers."""
    arguments = get_args(annotation)
    if get_origin(annotation) is Annotated:
        yield from _leaves(arguments[0])
    elif get_origin(annotation) is Literal:
        yield from map(type, arguments)
    elif arguments:
        for argument in arguments:
            yield from _leaves(argument)
    else:
        yield getattr(annotation, "__value__", annotation)


def _fields_at(model: type[BaseModel], location: Sequence[str | int]) -> list[str]:
    """Field names of the (nested) model that an error location points into."""
    here: Any = model
    for part in location:
        if isinstance(here, type) and issubclass(here, BaseModel) and part in here.model_fields:
            here = here.model_fields[str(part)].annotation
        for argument in getattr(here, "__args__", ()):
            if isinstance(argument, type) and issubclass(argument, BaseModel):
                here = argument
    return list(here.model_fields) if isinstance(here, type) and issubclass(here, BaseModel) else []
