"""Ports that TLS is spoken on."""

from __future__ import annotations

from typing import Literal, Self
from urllib.parse import urlsplit

from pydantic import (
    ValidationInfo,
    field_validator,
    model_validator,
)

from pytest_readiness.core.resources import Resource, checked_host
from pytest_readiness.protocols.http.trust_files import AuthorityFile, CertificateFile, KeyFile, to_read

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
    ca: AuthorityFile | None = None
    client_cert: CertificateFile | None = None
    client_key: KeyFile | None = None

    @model_validator(mode="after")
    def _whole_pair(self, info: ValidationInfo) -> Self:
        if self.client_key is not None and self.client_cert is None:
            raise ValueError("'client_key' is the key of 'client_cert', which is missing")
        if self.client_cert is not None and self.client_key is None and to_read(info, self.client_cert):
            from pytest_readiness.protocols.http.trust import pair_fault

            if fault := pair_fault(self.client_cert, None):
                raise ValueError(fault)
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

    @property
    def speaks_http(self) -> bool:
        """Whether HTTP is spoken there."""
        return False

    @property
    def protocol(self) -> str:
        """What is spoken there first."""
        return "tls" if self.secure else "tcp"

    @property
    def place(self) -> str:
        """Host and port, and what is spoken there first: a server that is spoken to in another way stays silent."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.protocol}://{host}:{self.port}{f' at {self.address}' if self.address else ''}"


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
            raise ValueError(f"'{value}' is not a host name and port, such as mail.example.com:587")
        checked_host(parts.hostname)
        return value

    @property
    def where(self) -> str:
        """Host name and port."""
        return self.endpoint

    @property
    def protocol(self) -> str:
        """The protocol that asks for TLS, or TLS itself."""
        return self.starttls or super().protocol

    @property
    def host(self) -> str:
        """Host name of the endpoint."""
        return urlsplit(f"//{self.endpoint}").hostname or ""

    @property
    def port(self) -> int:
        """Port of the endpoint."""
        return urlsplit(f"//{self.endpoint}").port or 0
