"""Containers."""

from __future__ import annotations

import os
from typing import Any

from pydantic import (
    model_validator,
)

from pytest_readiness.core.resources import Resource

DEFAULT_ENGINE = "unix:///var/run/docker.sock"


def engine_place(engine: str | None) -> str:
    """Address of the engine that a resource names, or the environment's, or the usual one."""
    return (engine or os.environ.get("DOCKER_HOST") or DEFAULT_ENGINE).rstrip("/")


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

    @property
    def place(self) -> str:
        """The engine's address."""
        return engine_place(self.engine)
