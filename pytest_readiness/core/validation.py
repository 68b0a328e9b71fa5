"""Pydantic models validated from YAML, with each error reported as a sentence with its line."""

from __future__ import annotations

import traceback
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from pytest_readiness.core.problems import Problem, nearest
from pytest_readiness.core.resources import Resource
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
    """
    try:
        return model.model_validate(dict(data), context=dict(context or {}))
    except ValidationError as error:
        for detail in error.errors(include_url=False):
            location = detail["loc"]
            line = place.line_of([*keys, *location])
            problems.append(Problem(place.path, line, _sentence(model, detail, what)))
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
    message = str(detail["msg"]).removeprefix("Value error, ").rstrip(".")
    about = f"{what}, '{name}'" if name else what
    return f"{about[:1].upper()}{about[1:]}: {message[:1].lower()}{message[1:]}."


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
