"""Containers."""

from __future__ import annotations

from typing import Any

from pydantic import (
    model_validator,
)

from pytest_readiness.core.resources import Resource


class Container(Resource):
    """A container on a Docker engine.

    Attributes:
        container: its name or id on the engine; default: the resource's name.
        engine: address of the engine (`unix:///var/run/docker.sock`, `tcp://…`, `ssh://user@host`); default: the
            environment's (DOCKER_HOST).
    """

    kind = "container"
    section = "containers"
    main = "container"
    name_suffices = True

    container: str = ""
    engine: str | None = None

    @model_validator(mode="before")
    @classmethod
    def _named(cls, data: Any) -> Any:
        return {**data, "container": data.get("container") or data.get("name")} if isinstance(data, dict) else data

    @property
    def where(self) -> str:
        """Name on the engine."""
        return self.container
