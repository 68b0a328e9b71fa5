"""What databases of every engine have in common."""

from __future__ import annotations

from typing import ClassVar
from urllib.parse import parse_qsl, unquote, urlsplit

from pydantic import (
    SecretStr,
    ValidationInfo,
    field_validator,
)

from pytest_readiness.config.secrets import Secret
from pytest_readiness.core.resources import Resource, Variants, checked_port
from pytest_readiness.protocols.http.trust_files import AuthorityFile


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
            parts = urlsplit(value.get_secret_value())
            try:
                checked_port(parts)
            except ValueError:
                # urllib's own words would quote a part of the password.
                raise ValueError(
                    "the port is not a number from 1 to 65535; special characters in a password must be percent-encoded"
                ) from None
            if parts.scheme not in cls.schemes or not (parts.hostname or parts.query):
                raise ValueError(f"the connection string must look like {cls.schemes[0]}://user@host/name")
        return value

    @property
    def where(self) -> str:
        """Host, port and database, without user and password."""
        parts = urlsplit(self.dsn.get_secret_value())
        return f"{parts.hostname or ''}{f':{parts.port}' if parts.port else ''}{parts.path}"

    @property
    def place(self) -> str:
        """The server: engine, host and port."""
        parts = urlsplit(self.dsn.get_secret_value())
        # libpq takes both from the query, too.
        query = dict(parse_qsl(parts.query))
        host = query.get("hostaddr") or query.get("host") or parts.hostname
        port = query.get("port") or parts.port or self.usual_port
        return f"{self.kind}://{host}:{port}" if host else self.key

    def secrets(self) -> tuple[str, ...]:
        """The connection string and the passwords in it."""
        dsn = self.dsn.get_secret_value()
        parts = urlsplit(dsn)
        written = parts.password or ""
        asked = [value for name, value in parse_qsl(parts.query) if "password" in name.lower()]
        return tuple(text for text in (dsn, written, unquote(written), *asked) if text)
