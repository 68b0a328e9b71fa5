"""Servers."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import parse_qs, unquote, urlsplit

from pydantic import (
    field_validator,
    model_validator,
)

from pytest_readiness.core.resources import AnchoredPath, Resource, checked_login, checked_port
from pytest_readiness.core.spelling import spelled

Unit = Annotated[
    str,
    spelled(r"^[A-Za-z0-9:_.@][A-Za-z0-9:_.@\\-]*$", "a unit's name, such as nginx or backup.timer", max_length=255),
]


class Host(Resource):
    """A server.

    Attributes:
        connection: how to log in, as a testinfra address: `local://`, `ssh://user@host:port`, `docker://container`;
            absent where the host is only looked at from outside.
        address: name or IP address under which the runner sees it; default: the connection's host.
        ssh_config: configuration file for ssh.
        identity_file: private key for ssh.
        sudo: read as root by `sudo -n`.
        engine: address of the engine of a `docker://` connection (`tcp://…`, `ssh://user@host`); default: the usual
            socket of this machine. The environment's DOCKER_HOST counts where it is named: `${DOCKER_HOST}`.
        certs: folder with `ca.pem`, `cert.pem` and `key.pem` for an engine that is spoken to by TLS.
    """

    kind = "readiness_host"
    section = "hosts"
    main = "connection"

    connection: str | None = None
    address: str | None = None
    ssh_config: AnchoredPath | None = None
    identity_file: AnchoredPath | None = None
    sudo: bool = False
    engine: str | None = None
    certs: AnchoredPath | None = None

    @field_validator("connection")
    @classmethod
    def _connection(cls, value: str | None) -> str | None:
        if value is None:
            return None
        parts = urlsplit(value)
        if parts.scheme not in ("local", "ssh", "docker"):
            raise ValueError(f"'{value}' must begin with local://, ssh:// or docker://")
        if parts.password:
            raise ValueError("a password in a connection would show in the process list; use a key or an agent")
        if parts.scheme != "local" and not parts.hostname:
            raise ValueError(f"'{value}' names no host")
        if parts.scheme == "local" and (parts.netloc or parts.path.strip("/")):
            raise ValueError(f"'{value}' is this machine, whatever it names: write local://, or ssh:// and the host")
        if parts.scheme != "local":
            checked_login(parts)
        if parts.path.strip("/") or parts.fragment:
            raise ValueError(f"'{value}' has more than a user, a host and a port: leave out what follows them")
        for key in ("timeout", "controlpersist"):
            if not all(number.isdecimal() for number in parse_qs(parts.query).get(key, ())):
                raise ValueError(f"'{value}' must give its {key} as a number of seconds")
        checked_port(parts)
        return value

    @model_validator(mode="after")
    def _somewhere(self) -> Host:
        if self.connection is None and self.address is None:
            raise ValueError("a host needs 'connection' or 'address'")
        if (self.engine or self.certs) and not (self.connection or "").startswith("docker://"):
            raise ValueError("'engine' and 'certs' are for a connection that begins with docker://")
        if (engine := urlsplit(self.engine or "")).scheme.lower() == "ssh":
            checked_login(engine)
        if self.certs and not self.engine:
            raise ValueError("'certs' are for the engine that 'engine' names")
        return self

    @property
    def where(self) -> str:
        """The connection, or the address."""
        return self.connection or self.address or self.name

    @property
    def seen_at(self) -> str | None:
        """Address under which the runner reaches its ports, where one is known."""
        if self.address or not self.connection:
            return self.address
        parts = urlsplit(self.connection)
        return {"local": "127.0.0.1", "ssh": unquote(parts.hostname or "") or None}.get(parts.scheme)
