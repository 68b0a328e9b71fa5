"""The JSON Schema of readiness.yaml."""

from __future__ import annotations

from copy import copy
from typing import Any

from pydantic import BaseModel, ConfigDict, TypeAdapter, create_model

from pytest_readiness.config.model import ConfigurationFile, TargetFile
from pytest_readiness.core.domains import load_kinds
from pytest_readiness.core.resources import SECTIONS, Resource


def configuration_schema() -> dict[str, Any]:
    """Return the JSON Schema of readiness.yaml, for editors."""
    load_kinds()
    fields: dict[str, Any] = {}
    for section, models in SECTIONS.items():
        shapes: Any = str | None
        for model in models:
            shapes = shapes | _as_written(model, section)
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


def _as_written(model: type[Resource], section: str) -> type[BaseModel]:
    """A resource in the file: its name is its key, and what it lacks may stand in the target that it extends."""
    fields: dict[str, Any] = {}
    for name, info in model.model_fields.items():
        if name != "name":
            optional = copy(info)
            optional.default = None
            fields[name] = (info.annotation, optional)
    if section == "databases":
        fields["engine"] = (str | None, None)
    return create_model(model.__name__, __config__=ConfigDict(extra="forbid"), __doc__=model.__doc__, **fields)
