"""Containers."""

from __future__ import annotations

import re
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import AfterValidator, ValidationInfo, model_validator

from pytest_readiness.core.resources import AnchoredPath, Resource, checked_login

DEFAULT_ENGINE = "unix:///var/run/docker.sock"


_UNIX = re.compile(r"unix:/{1,3}[^/\s]\S*")
_NETWORK = re.compile(r"(?P<scheme>tcp|https?|ssh)://(?P<rest>\S*)", re.I)
_HOST_AND_PORT = re.compile(r"(?P<user>[^@:/]+@)?(\[[0-9A-Fa-f:.]+\]|[^@:/\[\]?#]+)(:(?P<port>\d{1,5}))?(/[^?#@]*)?")


def _address(engine: str, info: ValidationInfo) -> str:
    """Refuse what cannot be the address of an engine."""
    if (info.context or {}).get("resolve", True) and (fault := _fault(engine)):
        raise ValueError(f"the engine's address {fault}")
    return engine


def _fault(engine: str) -> str:
    if _UNIX.fullmatch(engine):
        return ""
    if engine.startswith("/"):
        return f"is a path: write unix://{engine}"
    network = _NETWORK.fullmatch(engine)
    if network is None:
        return "must begin with unix:///, tcp://, https://, http:// or ssh://, and hold no blanks"
    there = _HOST_AND_PORT.fullmatch(network["rest"])
    by_ssh = network["scheme"].lower() == "ssh"
    if "@" in network["rest"] and (not by_ssh or ":" in network["rest"].rpartition("@")[0]):
        return (
            "holds a password, which ssh takes by key or agent only"
            if by_ssh
            else "holds a user: an engine takes no password over the network, but certificates (certs)"
        )
    if there is None:
        return "has something else than a host and a port after its ://"
    if by_ssh:
        if network["rest"].partition("/")[2]:
            return "has a path: an engine that is reached by ssh listens at its usual socket"
        try:
            checked_login(urlsplit(engine))
        except ValueError as error:
            return str(error).removeprefix(f"'{engine}' ")
    if not there["port"] and not by_ssh:
        return "has no port: 2375 is usual without TLS, 2376 with it"
    if there["port"] and not 0 < int(there["port"]) < 65536:
        return "has a port that is not a number from 1 to 65535"
    return ""


def _name(container: str, info: ValidationInfo) -> str:
    """Refuse what would be a part of the engine's address; one of an old link (`web/db`) is a name."""
    if (info.context or {}).get("resolve", True) and any(part in ("", ".", "..") for part in container.split("/")):
        raise ValueError(f"{container!r} is no container's name: write it as docker ps does")
    return container


ContainerName = Annotated[str, AfterValidator(_name)]
"""A container's name or id, without the slash that docker inspect puts before it."""
EngineAddress = Annotated[str, AfterValidator(_address)]
"""Where an engine listens, in a form that the engine's client understands."""


def engine_place(engine: str | None) -> str:
    """Address of the engine that a resource names, or the usual one of this machine."""
    return (engine or DEFAULT_ENGINE).rstrip("/")


class Container(Resource):
    """A container on a Docker engine.

    Attributes:
        container: its name, with or without docker inspect's slash, or id on the engine; default: the resource's name.
        engine: address of the engine (`tcp://…`, `ssh://user@host`); default: `unix:///var/run/docker.sock`. The
            environment's DOCKER_HOST counts where it is named: `${DOCKER_HOST}`.
        certs: folder with `ca.pem`, `cert.pem` and `key.pem` for an engine that is spoken to by TLS, as Docker's own
            DOCKER_CERT_PATH; without it, no TLS.
    """

    kind = "container"
    section = "containers"
    main = "container"
    name_suffices = True

    container: ContainerName = ""
    engine: EngineAddress | None = None
    certs: AnchoredPath | None = None

    @model_validator(mode="before")
    @classmethod
    def _named(cls, data: Any) -> Any:
        if not isinstance(data, dict):
            return data
        name = data.get("container") or data.get("name")
        # As docker inspect writes it.
        return {**data, "container": name.removeprefix("/") if isinstance(name, str) else name}

    @property
    def where(self) -> str:
        """Name on the engine."""
        return self.container

    @property
    def place(self) -> str:
        """The engine's address."""
        return engine_place(self.engine)
