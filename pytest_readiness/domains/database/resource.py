"""What databases of every engine have in common."""

from __future__ import annotations

import re
from typing import ClassVar, NamedTuple
from urllib.parse import parse_qsl, unquote

from pydantic import (
    SecretStr,
    ValidationInfo,
    field_validator,
)

from pytest_readiness.config.secrets import Secret
from pytest_readiness.core.resources import Resource, Variants
from pytest_readiness.protocols.http.trust_files import AuthorityFile

_ESCAPED = "special characters in a user, a password or a name must be percent-encoded (@ is %40, / is %2F, % is %25)"
# What follows a bare @ or / of a password would be taken for a host, asked for in DNS and shown. There is one way to
# read what matches.
_DSN = re.compile(
    r"""
    (?P<scheme>[A-Za-z][A-Za-z0-9+.-]*)://
    ((?P<user>(?:[^@:/?%\s]|%[0-9A-Fa-f]{2})*)(:(?P<password>(?:[^@/?%\s]|%[0-9A-Fa-f]{2})*))?@)?
    (?P<hosts>(?:[\w.~,:%-]|\[[0-9A-Fa-f:.]+(?:%\w+)?\])*)
    (?P<path>/(?:[^@?\#%\s]|%[0-9A-Fa-f]{2})*)?
    (\?(?P<query>(?:[^@\#%\s]|%[0-9A-Fa-f]{2})*))?
    """,
    re.VERBOSE,
)
# Mistakes that have a name; each is told without a word of what was written.
_MISTAKES = (
    (re.compile("\ufeff"), "begins with a byte order mark: save it as UTF-8 without one"),
    (re.compile(r"\s|.*\s\Z", re.DOTALL), "has blanks or line ends at its ends: remove them"),
    (re.compile(r".*[\r\n]", re.DOTALL), "has several lines: it must be one, with nothing before or after it"),
    (re.compile(r"[\"'`]"), "stands in quotes, which are no part of it: remove them"),
    (
        re.compile(r"(export\s+)?[A-Za-z_]\w*\s*=\s*[\"']?[A-Za-z][\w+.-]*:(//)?"),
        "begins with the name of a variable and =, as a line of an env file: write only what follows",
    ),
    (re.compile(r"[A-Za-z_]\w*\s*="), "is made of names and values (host=… user=…): write it as an address, {like}"),
    (re.compile(r"jdbc:", re.IGNORECASE), "is JDBC's: write {like}, with user and password before the @"),
    (
        re.compile(r"[a-z][a-z0-9]*\+(?!srv:)\w+://", re.IGNORECASE),
        "names a driver after a + in its scheme: write {like}",
    ),
    (re.compile(r"[\w./-]+\s+[\"']?[A-Za-z][\w+.-]*://"), "begins with a command: write only its argument"),
)
_HOST = re.compile(r"(?P<host>\[[^\]]+\]|[\w.~-]*|(?:[\w.~-]|%[0-9A-Fa-f]{2})+)(:(?P<port>\d*))?")


class Dsn(NamedTuple):
    """The pieces of a connection string.

    Attributes:
        scheme: in lower case.
        user: as written; "" for none.
        password: as written; "" for none.
        hosts: each host, decoded and in lower case, with its port as written, in the order in which they are tried.
        path: from the slash on, as written.
        query: names and values, decoded.
    """

    scheme: str
    user: str
    password: str
    hosts: tuple[tuple[str, str], ...]
    path: str
    query: tuple[tuple[str, str], ...]


def mistake(dsn: str, like: str) -> str:
    """What a text is that is no connection string, as the end of a sentence that quotes nothing of it; or "".

    Args:
        dsn: the text.
        like: what it should look like.
    """
    told = (why for pattern, why in _MISTAKES if pattern.match(dsn))
    return next(told, "").replace("{like}", like)


def parsed(dsn: str) -> Dsn:
    """Return the pieces of a connection string; one that is not known here has none.

    Raises:
        ValueError: it cannot be taken apart in one way only; the text quotes nothing of it.
    """
    if not dsn:
        return Dsn("", "", "", (), "", ())
    match = _DSN.fullmatch(dsn)
    if match is None:
        raise ValueError(f"the connection string cannot be taken apart: {_ESCAPED}")
    hosts = [_HOST.fullmatch(each) for each in match["hosts"].split(",")]
    if not all(hosts):
        raise ValueError(f"the connection string has something else than a host and a port after its //: {_ESCAPED}")
    named = tuple((unquote(each["host"]).lower(), each["port"] or "") for each in hosts if each)
    if any(port and not 0 < int(port) < 65536 for _, port in named):
        raise ValueError(f"the port is not a number from 1 to 65535; {_ESCAPED}")
    query = tuple(parse_qsl(match["query"] or "", keep_blank_values=True))
    return Dsn(match["scheme"].lower(), match["user"] or "", match["password"] or "", named, match["path"] or "", query)


class Database(Resource):
    """A database of any engine.

    Attributes:
        dsn: connection string, a secret.
        ca: file with the authority that signed the server's certificate.
    """

    kind = "database"
    section = "databases"
    main = "dsn"
    usual_port: ClassVar[int] = 0
    variants = Variants(by="engine", scheme_of="dsn")

    dsn: Secret
    ca: AuthorityFile | None = None

    @field_validator("dsn")
    @classmethod
    def _scheme(cls, value: SecretStr, info: ValidationInfo) -> SecretStr:
        if (info.context or {}).get("resolve", True):
            like = f"{cls.schemes[0]}://user@host/name"
            if wrong := mistake(value.get_secret_value(), like):
                raise ValueError(f"the connection string {wrong}")
            dsn = parsed(value.get_secret_value())
            if dsn.scheme not in cls.schemes or not (any(host for host, _ in dsn.hosts) or dsn.query):
                raise ValueError(f"the connection string must look like {like}")
            cls.checked(dsn)
        return value

    @classmethod
    def checked(cls, dsn: Dsn) -> None:
        """Refuse a connection string that this engine does not understand so.

        Raises:
            ValueError: why, without quoting any of it.
        """

    @property
    def addresses(self) -> tuple[tuple[str, int], ...]:
        """Each host and its port, in the order in which they are tried; a path is a folder of unix sockets."""
        dsn = parsed(self.dsn.get_secret_value())
        return tuple((host.strip("[]"), int(port or self.usual_port)) for host, port in dsn.hosts if host)

    @property
    def where(self) -> str:
        """Hosts, ports and database, without user and password."""
        dsn = parsed(self.dsn.get_secret_value())
        return f"{','.join(f'{host}:{port}' if port else host for host, port in dsn.hosts)}{dsn.path}"

    @property
    def place(self) -> str:
        """The server: engine, host and port."""
        places = ",".join(f"{host}:{port}" for host, port in self.addresses)
        return f"{self.kind}://{places}" if places else self.key

    def secrets(self) -> tuple[str, ...]:
        """The connection string and the passwords in it."""
        text = self.dsn.get_secret_value()
        dsn = parsed(text)
        asked = [value for name, value in dsn.query if "password" in name.lower()]
        return tuple(text for text in (text, dsn.password, unquote(dsn.password), *asked) if text)
