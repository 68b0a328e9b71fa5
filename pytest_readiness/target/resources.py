"""The kinds of resources that a target may declare: one model and one line of `KINDS` each."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, Self
from urllib.parse import parse_qsl, unquote, urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    SecretStr,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_core.core_schema import CoreSchema, with_info_after_validator_function

from pytest_readiness.evidence import NotDeclared
from pytest_readiness.problems import nearest
from pytest_readiness.target.secrets import Secret

_NAME = r"^[A-Za-z0-9](?:[A-Za-z0-9_.-]*[A-Za-z0-9_])?$"


def _anchored(path: Path, info: ValidationInfo) -> Path:
    return Path((info.context or {}).get("base", ".")) / path.expanduser()


@dataclass(frozen=True, slots=True)
class Named:
    """Marks a check's parameter as the name of a declared resource of this kind; bindings refuse other names."""

    kind: str

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return with_info_after_validator_function(self._declared, handler(source))

    def _declared(self, value: str, info: ValidationInfo) -> str:
        known: frozenset[str] | None = (info.context or {}).get("declared", {}).get(self.kind)
        if known is not None and value not in known:
            raise ValueError(f"no target declares a {word(self.kind)} named '{value}'.{nearest(value, known)}")
        return value


AnchoredPath = Annotated[Path, AfterValidator(_anchored)]
UrlPath = Annotated[str, Field(pattern=r"^/[^\s#]*$")]


class Resource(BaseModel):
    """A thing in a target that facts can be read from.

    Attributes:
        name: unique among its kind in the target; shown in test ids.
        labels: free words that bindings may select by (`on: public`).
    """

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    kind: ClassVar[str]
    """Name of its fixture."""
    section: ClassVar[str]
    """Key in readiness.yaml."""
    main: ClassVar[str]
    """Field that a plain text stands for (`shop: https://shop.example.com`)."""

    name: Annotated[str, Field(pattern=_NAME, max_length=64)]
    labels: tuple[Annotated[str, Field(pattern=_NAME)], ...] = ()

    @classmethod
    def kinds(cls) -> tuple[str, ...]:
        """Every kind that it counts as: its own, then those of its base classes."""
        named = (base.kind for base in cls.__mro__ if issubclass(base, Resource) and hasattr(base, "kind"))
        return tuple(dict.fromkeys(named))

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
        return tuple(_secrets(self.__dict__.values()))


def _secrets(values: Iterable[Any]) -> Iterator[str]:
    for value in values:
        if isinstance(value, SecretStr):
            yield value.get_secret_value()
        elif isinstance(value, BaseModel):
            yield from _secrets(value.__dict__.values())
            if isinstance(value, Credential):
                # A user with a password is sent as one word, which a server may tell in turn.
                yield from (sent.removeprefix("Basic ") for _, sent in value.as_headers())
        elif isinstance(value, Mapping):
            yield from _secrets(value.values())


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
    headers: dict[Annotated[str, Field(pattern=r"^[!#$%&'*+.^_`|~0-9A-Za-z-]+$")], Secret] = {}

    @model_validator(mode="after")
    def _one_way(self) -> Credential:
        if (self.user is None) != (self.password is None):
            raise ValueError("'user' and 'password' belong together")
        if (self.token is None) + (self.user is None) + (not self.headers) != 2:
            raise ValueError("a credential is a token, a user with a password, or headers: one of them")
        return self

    def as_headers(self) -> tuple[tuple[str, str], ...]:
        """The headers that carry it."""
        if self.token is not None:
            return (("Authorization", f"Bearer {self.token.get_secret_value()}"),)
        if self.user is not None and self.password is not None:
            pair = f"{self.user}:{self.password.get_secret_value()}".encode()
            return (("Authorization", f"Basic {b64encode(pair).decode()}"),)
        return tuple((name, value.get_secret_value()) for name, value in self.headers.items())


Starttls = Literal["smtp", "imap", "pop3", "ftp", "ldap", "postgres", "xmpp"]


class TlsEndpoint(Resource):
    """A port that TLS may be spoken on: what an `Endpoint` and a `Url` have in common.

    Attributes:
        address: IP address to connect to instead of asking DNS (the name still goes into SNI).
        ca: file with the private authority to trust instead of the system's store.
        client_cert, client_key: files of the certificate to show where the server asks for one, and of its key.
    """

    kind = "endpoint"

    address: str | None = None
    ca: AnchoredPath | None = None
    client_cert: AnchoredPath | None = None
    client_key: AnchoredPath | None = None

    @model_validator(mode="after")
    def _whole_pair(self) -> Self:
        if self.client_key is not None and self.client_cert is None:
            raise ValueError("'client_key' is the key of 'client_cert', which is missing")
        return self

    @property
    def host(self) -> str:
        """Host name, for SNI, and that the certificate must be for."""
        raise NotImplementedError

    @property
    def port(self) -> int:
        """Port to connect to."""
        raise NotImplementedError

    @property
    def secure(self) -> bool:
        """Whether TLS is to be spoken there."""
        return True


class Url(TlsEndpoint):
    """A web endpoint.

    Attributes:
        url: address of its root, http or https.
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
    plain_http: str | None = None
    health: UrlPath | None = None
    readiness: UrlPath | None = None
    liveness: UrlPath | None = None
    credentials: dict[Annotated[str, Field(pattern=_NAME)], Credential] = {}

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


class Endpoint(TlsEndpoint):
    """A port of any protocol that TLS is spoken on, from the first byte or after STARTTLS.

    Attributes:
        endpoint: host name and port (`ldap.example.com:636`, `[::1]:993`).
        starttls: protocol that asks for TLS first: smtp, imap, pop3, ftp, ldap, postgres or xmpp; absent where TLS
            begins at once.
        address: IP address to connect to instead of asking DNS (the name still goes into SNI).
        ca: file with the private authority to trust instead of the system's store.
        client_cert, client_key: files of the certificate to show where the server asks for one, and of its key.
    """

    section = "endpoints"
    main = "endpoint"

    endpoint: str
    starttls: Starttls | None = None

    @field_validator("endpoint")
    @classmethod
    def _place(cls, value: str) -> str:
        parts = urlsplit(f"//{value}")
        if not parts.hostname or parts.netloc != value or "@" in value or not parts.port:
            raise ValueError(f"'{value}' is no host name and port, such as mail.example.com:587")
        return value

    @property
    def where(self) -> str:
        """Host name and port."""
        return self.endpoint

    @property
    def host(self) -> str:
        """Host name of the endpoint."""
        return urlsplit(f"//{self.endpoint}").hostname or ""

    @property
    def port(self) -> int:
        """Port of the endpoint."""
        return urlsplit(f"//{self.endpoint}").port or 0


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


DNS_PORT = 53


def dns_server(text: str) -> tuple[str, int]:
    """Host and port of `192.0.2.1`, `192.0.2.1:5353`, `2001:db8::1`, `[2001:db8::1]:5353` or a name in their place.

    Raises:
        ValueError: it is none of these.
    """
    with suppress(ValueError):
        return str(ip_address(text)), DNS_PORT
    parts = urlsplit(f"//{text}")
    if not parts.hostname or parts.netloc != text or "@" in text:
        raise ValueError(f"'{text}' must be an address or a name, with a port after a colon where it is not 53")
    return parts.hostname, parts.port or DNS_PORT


def _dns_server(text: str) -> str:
    dns_server(text)
    return text


def _dns_address(text: str) -> str:
    host, _ = dns_server(text)
    try:
        ip_address(host)
    except ValueError:
        raise ValueError(f"'{text}' must be an IP address, with a port after a colon where it is not 53") from None
    return text


class Domain(Resource):
    """A DNS name that the product owns.

    Attributes:
        domain: the name (`shop.example.com`).
        nameservers: addresses of the authoritative servers, `:port` where it is not 53, to ask instead of those that
            the domain is delegated to.
        resolvers: addresses or names of the resolvers, `:port` where it is not 53; default: the system's.
        trust_anchors: file with the DS or DNSKEY records that DNSSEC is validated from; default: those of the root.
        rdap: address of the RDAP service that knows the registration; default: the one that IANA lists.
        ca: file with the private authority that signed the RDAP service's certificate.
    """

    kind = "domain"
    section = "domains"
    main = "domain"

    domain: Annotated[str, Field(pattern=r"^[^\s./:@]{1,63}(\.[^\s./:@]{1,63})+\.?$", max_length=254)]
    nameservers: tuple[Annotated[str, AfterValidator(_dns_address)], ...] = ()
    resolvers: tuple[Annotated[str, AfterValidator(_dns_server)], ...] = ()
    trust_anchors: AnchoredPath | None = None
    rdap: str | None = None
    ca: AnchoredPath | None = None

    @field_validator("rdap")
    @classmethod
    def _web_service(cls, value: str | None) -> str | None:
        parts = urlsplit(value or "https://rdap.example.com")
        plain = not (parts.username or parts.query or parts.fragment)
        if parts.scheme not in ("http", "https") or not parts.hostname or not plain:
            raise ValueError(f"'{value}' must be the address of an RDAP service, such as https://rdap.example.com/")
        _ = parts.port
        return value

    @property
    def where(self) -> str:
        """The name."""
        return self.domain


MAIL_ADDRESS = r"^[!#-;=?A-Z\[\]-~]+@[A-Za-z0-9.${}_-]+$"
"""An address in ASCII, without quotes; `${…}` may stand in it where it is yet to be filled in."""
MAIL_PORTS = {"starttls": 587, "tls": 465, "none": 25}
INBOX_SCHEMES = ("imaps", "imap", "mailpit+https", "mailpit+http", "mailhog+https", "mailhog+http")


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
    ca: AnchoredPath | None = None
    sender: Annotated[str, Field(pattern=MAIL_ADDRESS)] | None = None

    @field_validator("server")
    @classmethod
    def _place(cls, value: str) -> str:
        parts = urlsplit(f"//{value}")
        if not parts.hostname or parts.netloc != value or "@" in value:
            raise ValueError(f"'{value}' is no host name, with or without a port, such as smtp.example.com:587")
        _ = parts.port
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
    def host(self) -> str:
        """Host name of the server."""
        return urlsplit(f"//{self.server}").hostname or ""

    @property
    def port(self) -> int:
        """Port of the server."""
        return urlsplit(f"//{self.server}").port or MAIL_PORTS[self.security]


class Inbox(Resource):
    """Where mail arrives that checks may read.

    Attributes:
        inbox: `imaps://host`, `imap://host` (TLS by STARTTLS), `maildir:PATH`, or the address of a mail catcher's web
            service, `mailpit+https://host` or `mailhog+https://host` (or `+http`).
        user, password: for IMAP, or for the web service.
        folder: of IMAP; default: INBOX.
        ca: file with the private authority to trust instead of the system's store.
    """

    kind = "inbox"
    section = "inboxes"
    main = "inbox"

    inbox: str
    user: str | None = None
    password: Secret | None = None
    folder: Annotated[str, Field(pattern=r"^[^\s\"\\\\][^\"\\\\\r\n]*$")] | None = None
    ca: AnchoredPath | None = None

    @field_validator("inbox")
    @classmethod
    def _way(cls, value: str, info: ValidationInfo) -> str:
        if value.startswith("maildir:") and value != "maildir:":
            return f"maildir:{_anchored(Path(value.removeprefix('maildir:')), info)}"
        parts = urlsplit(value)
        if parts.scheme not in INBOX_SCHEMES or not parts.hostname:
            raise ValueError(
                f"'{value}' must begin with maildir: or {', '.join(f'{each}://' for each in INBOX_SCHEMES)}"
            )
        if (
            parts.username
            or parts.password
            or parts.query
            or parts.fragment
            or (parts.path and "+" not in parts.scheme)
        ):
            raise ValueError("it is scheme, host and port; 'user', 'password' and 'folder' stand beside it")
        _ = parts.port
        return value

    @model_validator(mode="after")
    def _whole_login(self) -> Inbox:
        if (self.user is None) != (self.password is None):
            raise ValueError("'user' and 'password' belong together")
        if self.user is None and self.inbox.startswith("imap"):
            raise ValueError("IMAP needs 'user' and 'password'")
        return self

    @property
    def where(self) -> str:
        """The address or path."""
        return self.inbox


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
        Endpoint,
        Host,
        Container,
        Image,
        Postgres,
        Mysql,
        Redis,
        Mongodb,
        Domain,
        Mail,
        Inbox,
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


def words(kind: str) -> str:
    """What a person calls whatever counts as that kind ("url or endpoint")."""
    return " or ".join(word(each) for each, model in KINDS.items() if kind in model.kinds())
