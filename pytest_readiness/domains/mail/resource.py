"""Mail servers."""

from __future__ import annotations

from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import (
    field_validator,
    model_validator,
)

from pytest_readiness.config.secrets import Secret
from pytest_readiness.core.resources import Resource, checked_port
from pytest_readiness.core.spelling import spelled
from pytest_readiness.domains.inbox.resource import MAIL_ADDRESS
from pytest_readiness.protocols.http.trust_files import AuthorityFile

MAIL_PORTS = {"starttls": 587, "tls": 465, "none": 25}


class Mail(Resource):
    """The server that the application hands its mail to.

    Attributes:
        server: host name, with the port where it is not the usual one (`smtp.example.com:2525`).
        security: `starttls` (usually port 587), `tls` from the first byte (465), `none` (25).
        user, password: what it lets the application in with.
        ca: file with the private authority to trust instead of the system's store.
        sender: address that test mails come from.
    """

    kind = "mail"
    section = "mail"
    main = "server"

    server: str
    security: Literal["starttls", "tls", "none"] = "starttls"
    user: str | None = None
    password: Secret | None = None
    ca: AuthorityFile | None = None
    sender: Annotated[str, spelled(MAIL_ADDRESS, "one mail address alone, such as shop@example.com")] | None = None

    @field_validator("server")
    @classmethod
    def _place(cls, value: str) -> str:
        parts = urlsplit(f"//{value}")
        if not parts.hostname or parts.netloc != value or "@" in value:
            raise ValueError(f"'{value}' is not a host name, with or without a port, such as smtp.example.com:587")
        checked_port(parts)
        return value

    @model_validator(mode="after")
    def _whole_login(self) -> Mail:
        if (self.user is None) != (self.password is None):
            raise ValueError("'user' and 'password' belong together")
        return self

    @property
    def where(self) -> str:
        """Host and port."""
        return f"{f'[{self.host}]' if ':' in self.host else self.host}:{self.port}"

    @property
    def place(self) -> str:
        """Host and port, and how TLS begins there: a server that is spoken to in another way stays silent."""
        return f"smtp+{self.security}://{self.where}"

    @property
    def host(self) -> str:
        """Host name of the server."""
        return urlsplit(f"//{self.server}").hostname or ""

    @property
    def port(self) -> int:
        """Port of the server."""
        return urlsplit(f"//{self.server}").port or MAIL_PORTS[self.security]
