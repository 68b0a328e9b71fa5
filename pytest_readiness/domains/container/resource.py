"""Containers."""

from __future__ import annotations

from typing import Any

from pydantic import (
    model_validator,
)

from pytest_readiness.core.resources import AnchoredPath, Resource

DEFAULT_ENGINE = "unix:///var/run/docker.sock"


def engine_place(engine: str | None) -> str:
    """Address of the engine that a resource names, or the usual one of this machine."""
    return (engine or DEFAULT_ENGINE).rstrip("/")


class Container(Resource):
    """A container on a Docker engine.

    Attributes:
        container: its name or id on the engine; default: the resource's name.
        engine: address of the engine (`tcp://…`, `ssh://user@host`); default: `unix:///var/run/docker.sock`. The
            environment's DOCKER_HOST counts where it is named: `${DOCKER_HOST}`.
        certs: folder with `ca.pem`, `cert.pem` and `key.pem` for an engine that is spoken to by TLS, as Docker's own
            DOCKER_CERT_PATH; without it, no TLS.
    """

    kind = "container"
    section = "containers"
    main = "container"
    name_suffices = True

    container: str = ""
    engine: str | None = None
    certs: AnchoredPath | None = None

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
