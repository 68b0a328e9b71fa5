"""The kinds of resources that a target may declare: one model and one line of `KINDS` each."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, ClassVar
from urllib.parse import parse_qsl, unquote, urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    ValidationInfo,
    field_validator,
    model_validator,
)

from pytest_readiness.target.secrets import Secret

_NAME = r"^[A-Za-z0-9](?:[A-Za-z0-9_.-]*[A-Za-z0-9_])?$"


def _anchored(path: Path, info: ValidationInfo) -> Path:
    return Path((info.context or {}).get("base", ".")) / path.expanduser()


AnchoredPath = Annotated[Path, AfterValidator(_anchored)]
UrlPath = Annotated[str, Field(pattern=r"^/[^\s#]*$")]


class Resource(BaseModel):
    """A thing in a target that facts can be read from.

    Attributes:
        name: unique among its kind in the target; shown in test ids.
        labels: free words that bindings may select by (`on: public`).
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: ClassVar[str]
    """Name of its fixture."""
    section: ClassVar[str]
    """Key in readiness.yaml."""
    main: ClassVar[str]
    """Field that a plain text stands for (`shop: https://shop.example.com`)."""

    name: Annotated[str, Field(pattern=_NAME, max_length=64)]
    labels: tuple[Annotated[str, Field(pattern=_NAME)], ...] = ()

    @property
    def key(self) -> str:
        """Identity within a target, over all kinds."""
        return f"{self.kind}:{self.name}"

    @property
    def where(self) -> str:
        """What a person calls it, without secrets."""
        return self.name

    def secrets(self) -> tuple[str, ...]:
        """Every secret text that it holds, for the redactor."""
        return tuple(value.get_secret_value() for value in self.__dict__.values() if isinstance(value, SecretStr))


class Url(Resource):
    """A web endpoint.

    Attributes:
        url: address of its root, http or https.
        plain_http: the http address that must redirect to `url`; default: http on port 80 of the same host.
        address: IP address to connect to instead of asking DNS (the name still goes into SNI and Host).
        ca: file with the private authority to trust instead of the system's store.
        health, readiness, liveness: paths of these endpoints.
    """

    kind = "url"
    section = "urls"
    main = "url"

    url: str
    plain_http: str | None = None
    address: str | None = None
    ca: AnchoredPath | None = None
    health: UrlPath | None = None
    readiness: UrlPath | None = None
    liveness: UrlPath | None = None

    @field_validator("url", "plain_http")
    @classmethod
    def _web_address(cls, value: str | None, info: ValidationInfo) -> str | None:
        if value is None:
            return None
        parts = urlsplit(value)
        if parts.scheme not in (("http",) if info.field_name == "plain_http" else ("http", "https")):
            raise ValueError(f"'{value}' must begin with http:// or https://")
        if not parts.hostname or parts.username or parts.password or parts.fragment or parts.query:
            raise ValueError("a web address is scheme, host, port and path, without user, query or fragment")
        _ = parts.port
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


class Host(Resource):
    """A server.

    Attributes:
        connection: how to log in, as a testinfra address: `local://`, `ssh://user@host:port`, `docker://container`;
            absent where the host is only looked at from outside.
        address: name or IP address under which the runner sees it; default: the connection's host.
        ssh_config: configuration file for ssh.
        identity_file: private key for ssh.
        sudo: read as root by `sudo -n`.
    """

    kind = "readiness_host"
    section = "hosts"
    main = "connection"

    connection: str | None = None
    address: str | None = None
    ssh_config: AnchoredPath | None = None
    identity_file: AnchoredPath | None = None
    sudo: bool = False

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
        if any((part or "").startswith("-") for part in (parts.hostname, parts.username)):
            raise ValueError(f"'{value}' would be read as an option of ssh or docker")
        _ = parts.port
        return value

    @model_validator(mode="after")
    def _somewhere(self) -> Host:
        if self.connection is None and self.address is None:
            raise ValueError("a host needs 'connection' or 'address'")
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
        return {"local": "127.0.0.1", "ssh": parts.hostname}.get(parts.scheme)


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


class Image(Resource):
    """A container image on a Docker engine.

    Attributes:
        image: reference (`shop:1.4.2`, `shop@sha256:…`).
        engine: address of the engine; default: the environment's (DOCKER_HOST).
    """

    kind = "image"
    section = "images"
    main = "image"

    image: str
    engine: str | None = None

    @property
    def where(self) -> str:
        """The reference."""
        return self.image


class Database(Resource):
    """A database; `engine` (or the scheme of `dsn`) says which model it becomes.

    Attributes:
        dsn: connection string, a secret.
        ca: file with the authority that signed the server's certificate.
    """

    section = "databases"
    main = "dsn"
    engine: ClassVar[str]
    schemes: ClassVar[tuple[str, ...]]

    dsn: Secret
    ca: AnchoredPath | None = None

    @field_validator("dsn")
    @classmethod
    def _scheme(cls, value: SecretStr, info: ValidationInfo) -> SecretStr:
        if (info.context or {}).get("resolve", True):
            parts = urlsplit(value.get_secret_value())
            try:
                _ = parts.port
            except ValueError:
                # urllib's own words would quote a part of the password.
                raise ValueError(
                    "the port is no number; special characters in a password must be percent-encoded"
                ) from None
            if parts.scheme not in cls.schemes or not (parts.hostname or parts.query):
                raise ValueError(f"the connection string must look like {cls.schemes[0]}://user@host/name")
        return value

    @property
    def where(self) -> str:
        """Host, port and database, without user and password."""
        parts = urlsplit(self.dsn.get_secret_value())
        return f"{parts.hostname or ''}{f':{parts.port}' if parts.port else ''}{parts.path}"

    def secrets(self) -> tuple[str, ...]:
        """The connection string and the passwords in it."""
        dsn = self.dsn.get_secret_value()
        parts = urlsplit(dsn)
        written = parts.password or ""
        asked = [value for name, value in parse_qsl(parts.query) if "password" in name.lower()]
        return tuple(text for text in (dsn, written, unquote(written), *asked) if text)


class Postgres(Database):
    """A PostgreSQL database."""

    kind = "postgres"
    engine = "postgres"
    schemes = ("postgresql", "postgres")


class Mysql(Database):
    """A MySQL or MariaDB database."""

    kind = "mysql"
    engine = "mysql"
    schemes = ("mysql", "mariadb")


class Redis(Database):
    """A Redis or Valkey server."""

    kind = "redis"
    engine = "redis"
    schemes = ("redis", "rediss")


class Mongodb(Database):
    """A MongoDB server or replica set."""

    kind = "mongodb"
    engine = "mongodb"
    schemes = ("mongodb", "mongodb+srv")


class Domain(Resource):
    """A DNS name that the product owns.

    Attributes:
        domain: the name (`shop.example.com`).
    """

    kind = "domain"
    section = "domains"
    main = "domain"

    domain: Annotated[str, Field(pattern=r"^[^\s./:@]{1,63}(\.[^\s./:@]{1,63})+\.?$", max_length=254)]

    @property
    def where(self) -> str:
        """The name."""
        return self.domain


class _Located(Resource):
    main = "path"

    path: AnchoredPath

    @property
    def where(self) -> str:
        """The path."""
        return str(self.path)


class Repository(_Located):
    """The source repository of the release.

    Attributes:
        path: its working tree; relative to readiness.yaml.
    """

    kind = "repository"
    section = "repositories"


class EnvFile(_Located):
    """A file of environment variables that the release will run with.

    Attributes:
        path: the file; relative to readiness.yaml.
    """

    kind = "env_file"
    section = "env_files"


class Document(_Located):
    """A document that people rely on: runbook, recovery plan, changelog.

    Attributes:
        path: the Markdown or text file; relative to readiness.yaml.
    """

    kind = "document"
    section = "documents"


KINDS: dict[str, type[Resource]] = {
    model.kind: model
    for model in (
        Url,
        Host,
        Container,
        Image,
        Postgres,
        Mysql,
        Redis,
        Mongodb,
        Domain,
        Repository,
        EnvFile,
        Document,
    )
}

DATABASES: dict[str, type[Database]] = {model.engine: model for model in KINDS.values() if issubclass(model, Database)}

SECTIONS: dict[str, tuple[type[Resource], ...]] = {}
for _model in KINDS.values():
    SECTIONS[_model.section] = (*SECTIONS.get(_model.section, ()), _model)


def word(kind: str) -> str:
    """What a person calls a kind ("host" for the fixture `readiness_host`, "env file")."""
    return kind.removeprefix("readiness_").replace("_", " ")
