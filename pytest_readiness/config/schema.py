"""The JSON Schema of readiness.yaml."""

from __future__ import annotations

from copy import copy
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, TypeAdapter, create_model

from pytest_readiness.config.model import ConfigurationFile, TargetFile
from pytest_readiness.core.domains import load_kinds
from pytest_readiness.core.resources import SECTIONS, Resource


def configuration_schema() -> dict[str, Any]:
    """Return the JSON Schema of readiness.yaml, for editors.

    Raises:
        RegistrationError: a pack that is installed cannot be used.
    """
    load_kinds()
    fields: dict[str, Any] = {}
    for section, base in sorted(SECTIONS.items()):
        shapes: Any = str | None
        for variant, model in base.models().items():
            shapes = shapes | _as_written(model, variant)
        fields[section] = (dict[str, shapes], {})
    target = create_model("Target", __base__=TargetFile, __doc__=TargetFile.__doc__, **fields)
    whole = create_model(
        "Configuration",
        __base__=ConfigurationFile,
        __doc__=ConfigurationFile.__doc__,
        targets=(dict[str, target | None], ...),
    )
    schema = TypeAdapter(whole).json_schema()
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    schema["title"] = "pytest-readiness: readiness.yaml"
    return schema


def _as_written(model: type[Resource], variant: str) -> type[BaseModel]:
    """A resource in the file: its name is its key, and what it lacks may be in the target that it extends."""
    fields: dict[str, Any] = {}
    for name, info in model.model_fields.items():
        if name != "name":
            optional = copy(info)
            optional.default = None
            fields[name] = (info.annotation, optional)
    if model.variants is not None:
        fields[model.variants.by] = (Literal[variant] | None, None)
    return create_model(model.__name__, __config__=ConfigDict(extra="forbid"), __doc__=model.__doc__, **fields)
