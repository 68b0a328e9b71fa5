"""Web endpoints."""

from __future__ import annotations

import re
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    ValidationInfo,
    field_validator,
    model_validator,
)

from pytest_readiness.config.secrets import Secret
from pytest_readiness.core.evidence import NotDeclared
from pytest_readiness.core.resources import NAME, checked_host, checked_port, secrets_in
from pytest_readiness.core.spelling import spelled
from pytest_readiness.domains.tls.resource import TlsEndpoint
from pytest_readiness.protocols.http.credentials import UNSENDABLE, basic, bearer, is_sendable

FRAMING = ("content-length", "transfer-encoding", "host", "connection", "upgrade", "expect", "te", "trailer")
"""Headers that say how a request is read (RFC 9112), in lower case."""


def _url_path(path: str) -> str:
    if not path.startswith("/"):
        raise ValueError("must begin with a slash")
    if "#" in path:
        raise ValueError("must have no '#': what follows it is not asked of the server; write %23 for a '#' in a path")
    if re.search(r"\s", path):
        raise ValueError("must have no spaces; write %20 for one")
    return path


UrlPath = Annotated[str, AfterValidator(_url_path), Field(json_schema_extra={"pattern": r"^/[^\s#]*$"})]
"""A path, with its query, as it is written in an address."""
HeaderName = Annotated[str, spelled(r"^[!#$%&'*+.^_`|~0-9A-Za-z-]+$", "a header's name, such as X-Api-Key")]
"""A token by RFC 9110 section 5.6.2."""


class Credential(BaseModel):
    """What a request may show to be let in: a token, a user with password, or headers of its own.

    Attributes:
        token: sent as `Authorization: Bearer …`.
        user, password: sent as `Authorization: Basic …`, or filled into the form of a declared flow.
        headers: headers by name, such as an API key.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    token: Secret | None = None
    user: str | None = None
    password: Secret | None = None
    headers: dict[HeaderName, Secret] = {}

    @model_validator(mode="after")
    def _one_way(self) -> Credential:
        if (self.user is None) != (self.password is None):
            raise ValueError("'user' and 'password' belong together")
        if self.token is not None and not is_sendable(self.token.get_secret_value()):
            raise ValueError(f"the token {UNSENDABLE}")
        if (self.token is None) + (self.user is None) + (not self.headers) != 2:
            raise ValueError("a credential is a token, a user with a password, or headers: one of them")
        for name, value in self.headers.items():
            if name.lower() in FRAMING:
                raise ValueError(f"the header {name} says how a request is read, and cannot be a credential")
            if not is_sendable(value.get_secret_value()):
                raise ValueError(f"the header {name} {UNSENDABLE}")
        return self

    def secrets(self) -> tuple[str, ...]:
        """Every secret text that it holds, in each form in which it is sent."""
        # A user with a password is sent as one word, which a server may tell in turn.
        sent = (value.removeprefix("Basic ") for _, value in self.as_headers())
        return (*secrets_in(self.__dict__.values()), *sent)

    def as_headers(self) -> tuple[tuple[str, str], ...]:
        """The headers that carry it."""
        if self.token is not None:
            return (bearer(self.token.get_secret_value()),)
        if self.user is not None and self.password is not None:
            return (basic(self.user, self.password.get_secret_value()),)
        return tuple((name, value.get_secret_value()) for name, value in self.headers.items())


class Url(TlsEndpoint):
    """A web endpoint.

    Attributes:
        url: address of its root, http or https.
        status: what its root answers when all is well; default: any 2xx. Another status is taken for an error, whose
            headers say nothing about the page.
        plain_http: the http address that must redirect to `url`; default: http on port 80 of the same host.
        address: IP address to connect to instead of asking DNS (the name still goes into SNI and Host).
        ca: file with the private authority to trust instead of the system's store.
        health, readiness, liveness: paths of these endpoints.
        client_cert, client_key: files of the certificate to show where the server asks for one, and of its key.
        credentials: what requests of single checks may show, by a name that bindings use.
    """

    kind = "url"
    section = "urls"
    main = "url"

    url: str
    status: Annotated[int, Field(ge=200, le=599)] | None = None
    plain_http: str | None = None
    health: UrlPath | None = None
    readiness: UrlPath | None = None
    liveness: UrlPath | None = None
    credentials: dict[Annotated[str, Field(pattern=NAME)], Credential] = {}  # noqa: RUF012  (pydantic copies it)

    def credential(self, name: str) -> Credential:
        """The credential of that name.

        Raises:
            NotDeclared: the endpoint has none.
        """
        if name not in self.credentials:
            raise NotDeclared(f"{self.name} declares no credential '{name}'")
        return self.credentials[name]

    @field_validator("url", "plain_http")
    @classmethod
    def _web_address(cls, value: str | None, info: ValidationInfo) -> str | None:
        if value is None:
            return None
        if blank := re.search(r"[\s\x00-\x1f\x7f]", value):
            # Reading an address leaves some of them out, and another one would be asked than what is written.
            raise ValueError(
                f"{value!r} holds {blank[0]!r}: an address has no blanks and line breaks; write %20 for one"
            )
        parts = urlsplit(value)
        if parts.scheme not in (("http",) if info.field_name == "plain_http" else ("http", "https")):
            raise ValueError(f"'{value}' must begin with http:// or https://")
        if not parts.hostname or parts.username or parts.password or parts.fragment or parts.query:
            raise ValueError("a web address is scheme, host, port and path, without user, query or fragment")
        checked_port(parts)
        checked_host(parts.hostname)
        return value

    @property
    def where(self) -> str:
        """The address."""
        return self.url

    @property
    def host(self) -> str:
        """Host name of the address."""
        return urlsplit(self.url).hostname or ""

    @property
    def port(self) -> int:
        """Port of the address."""
        parts = urlsplit(self.url)
        return parts.port or (443 if parts.scheme == "https" else 80)

    @property
    def secure(self) -> bool:
        """Whether it is https."""
        return self.url.startswith("https:")

    @property
    def speaks_http(self) -> bool:
        """Always."""
        return True
