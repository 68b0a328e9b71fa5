"""A private Redis server on a free port of 127.0.0.1, with TLS on another, and a password."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.stack.certs import Certificate
from tests.stack.process import Server, accepts, free_port, running
from tests.stack.programs import program


class RedisServer(Server):
    """``with RedisServer(directory, certificate) as server:`` a server that keeps nothing.

    Attributes:
        port: without TLS; 0 where that is switched off.
        tls_port: with TLS.
        password: of the default user.
    """

    port: int
    tls_port: int

    def __init__(self, directory: Path, certificate: Certificate, *, plain: bool = True) -> None:
        self.directory, self.certificate, self.plain = directory, certificate, plain
        self.password = secrets.token_urlsafe(24)

    @contextmanager
    def _running(self) -> Iterator[None]:
        self.port, self.tls_port = free_port() if self.plain else 0, free_port()
        settings = {
            "bind": "127.0.0.1",
            "port": self.port,
            "tls-port": self.tls_port,
            "tls-cert-file": self.certificate.chain,
            "tls-key-file": self.certificate.key,
            "tls-ca-cert-file": self.certificate.ca_file,
            "tls-auth-clients": "no",
            "requirepass": self.password,
            "save": '""',
            "dir": self.directory,
            "user": "guest on >guest ~* -@all +select",
        }
        file = self.directory / "redis.conf"
        file.write_text("".join(f"{name} {value}\n" for name, value in settings.items()))
        with running(
            [program("redis-server"), file],
            log=self.directory / "log",
            ready=lambda: accepts(self.tls_port),
        ):
            yield
