"""A private PostgreSQL cluster on a free port of 127.0.0.1 and on a unix socket, with TLS."""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from tests.stack.certs import Certificate
from tests.stack.process import ServerError, current_user, free_port, on_free_port, running, short_directory, wait_until
from tests.stack.programs import program

if TYPE_CHECKING:
    import psycopg

HBA = ("hostssl all all 127.0.0.1/32 scram-sha-256",)
DISPOSABLE = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "shared_buffers": "16MB",
}
SETTINGS = {"log_min_duration_statement": "1000", "max_connections": "23", "superuser_reserved_connections": "3"}
"""Of the session's server: so few connections that a test can use them up."""


class Postgres:
    """``with Postgres(certificate) as server:`` a cluster with a database ``shop`` owned by a role ``shop``.

    The roles ``postgres`` and ``shop`` have random passwords. Durability is off: the data are thrown away.
    """

    port: int

    def __init__(
        self,
        certificate: Certificate | None,
        *,
        settings: Mapping[str, str] | None = None,
        hba: Sequence[str] = HBA,
        template: Path | None = None,
    ) -> None:
        """
        Args:
            certificate: for TLS; without one ``ssl`` is off, and ``hba`` needs a ``host`` line.
            settings: values for postgresql.conf, unquoted.
            hba: lines of pg_hba.conf after the first one, by which ``admin`` gets in over the unix socket.
            template: a data directory made by `initdb`, to be copied.
        """
        self.certificate = self._first_certificate = certificate
        self.settings = {**DISPOSABLE, **(settings or {})}
        self.hba = self._first_hba = tuple(hba)
        self.template = template
        self.passwords = self._first_passwords = {role: secrets.token_urlsafe(24) for role in ("postgres", "shop")}
        self._state: tuple[object, ...] = ()
        self._configured = False

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            self.directory = stack.enter_context(short_directory())
            self.data = self.directory / "data"
            if self.template:
                shutil.copytree(self.template, self.data)
                _give_away(self.directory)
            else:
                initdb(self.data)
            self._configure()
            self._server = stack.enter_context(ExitStack())
            on_free_port(self._server, self._running_on_new_port)
            self._populate()
            self._closing = stack.pop_all()
        return self

    def __exit__(self, *exception: object) -> None:
        self._closing.close()

    def in_state(self, make: Callable[[Postgres], object] | None = None) -> Self:
        """It, as it was after its start and after `make`; if nothing has changed since, nothing is done.

        What was changed by other means than its methods, through a connection of the test's own, is not noticed.
        """
        if self._state != (make,):
            self.reset()
            if make:
                make(self)
            self._state = (make,)
        return self

    def reset(self) -> None:
        """Make it as it was after its start: databases, roles, settings, certificate, log; sessions are ended."""
        import psycopg.sql

        def drop(command: str, names: str) -> None:
            for (name,) in connection.execute(names.encode()).fetchall():
                connection.execute(psycopg.sql.SQL(command).format(psycopg.sql.Identifier(name)))

        with self._connect("postgres") as connection:
            drop("DROP DATABASE {} WITH (FORCE)", "SELECT datname FROM pg_database WHERE oid > 16383")
            roles = "SELECT rolname FROM pg_roles WHERE oid > 16383"
            # What they were granted on settings of the server would keep them.
            drop("DROP OWNED BY {}", roles)
            drop("DROP ROLE {}", roles)
            connection.execute("ALTER SYSTEM RESET ALL")
        if self._configured:
            self.certificate, self.hba = self._first_certificate, self._first_hba
            self._configure()
            self._reload()
            self._restart_where_needed()
            self._configured = False
        self.passwords = dict(self._first_passwords)
        self._populate()
        os.truncate(self.directory / "log", 0)

    def dsn(self, user: str = "shop", sslmode: str = "verify-full", database: str = "shop") -> str:
        """A connection URL over TCP, with the role's password where it is one of ``passwords``."""
        root = f"&sslrootcert={self.certificate.ca_file}" if self.certificate else ""
        credentials = f"{user}:{self.passwords[user]}" if user in self.passwords else user
        return f"postgresql://{credentials}@127.0.0.1:{self.port}/{database}?sslmode={sslmode}{root}"

    def admin(
        self, sql: str, parameters: Sequence[Any] | None = None, *, database: str = "shop"
    ) -> list[tuple[Any, ...]]:
        """Execute one statement as superuser, committed at once, and return its rows if it has any."""
        if not sql.startswith("SELECT"):
            self._state = ()
        with self._connect(database) as connection:
            cursor = connection.execute(sql.encode(), parameters)
            return cursor.fetchall() if cursor.description else []

    def set(self, name: str, value: str) -> None:
        """Change a server setting and put it into effect: by a reload or, where it needs one, a restart."""
        import psycopg.sql

        self._state, self._configured = (), True
        with self._connect("postgres") as connection:
            connection.execute(psycopg.sql.SQL("ALTER SYSTEM SET {} = {}").format(psycopg.sql.Identifier(name), value))
        self._reload()
        self._restart_where_needed()

    def set_hba(self, *lines: str) -> None:
        """Replace the lines of pg_hba.conf after the first, and put them into effect."""
        self.hba = lines
        self._reconfigure()

    def set_certificate(self, certificate: Certificate) -> None:
        """Show another certificate from now on."""
        self.certificate = certificate
        self._reconfigure()

    def log(self) -> str:
        """What the server logged so far."""
        return (self.directory / "log").read_text(errors="replace")

    def _connect(self, database: str) -> psycopg.Connection[tuple[Any, ...]]:
        import psycopg

        return psycopg.connect(
            host=str(self.directory), port=self.port, user="postgres", dbname=database, autocommit=True
        )

    def _populate(self) -> None:
        self.admin("CREATE ROLE shop LOGIN", database="postgres")
        self.admin("CREATE DATABASE shop OWNER shop", database="postgres")
        for role, password in self.passwords.items():
            self.admin(f"ALTER ROLE {role} PASSWORD '{password}'", database="postgres")

    def _reconfigure(self) -> None:
        self._state, self._configured = (), True
        self._configure()
        self._reload()

    def _restart_where_needed(self) -> None:
        if self.admin("SELECT 1 FROM pg_settings WHERE pending_restart", database="postgres"):
            self._server.close()
            self._server.enter_context(self._running())

    def _reload(self) -> None:
        loaded = self.admin("SELECT pg_conf_load_time()", database="postgres")
        self.admin("SELECT pg_reload_conf()", database="postgres")
        wait_until(
            lambda: self.admin("SELECT pg_conf_load_time()", database="postgres") != loaded,
            "postgres reads its configuration",
        )

    def _configure(self) -> None:
        settings = {
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": str(self.directory),
            **self.settings,
        }
        if self.certificate:
            for source, name in (self.certificate.chain, "server.crt"), (self.certificate.key, "server.key"):
                shutil.copy(source, self.data / name)
                self.data.joinpath(name).chmod(0o600)
            settings["ssl"] = "on"
        quoted = {name: value.replace("'", "''") for name, value in settings.items()}
        files = {
            "postgresql.conf": [f"{name} = '{value}'" for name, value in quoted.items()],
            "pg_hba.conf": ["local all postgres peer map=admin", *self.hba],
            "pg_ident.conf": [f"admin {current_user()} postgres"],
        }
        for name, lines in files.items():
            self.data.joinpath(name).write_text("".join(f"{line}\n" for line in lines))
        _give_away(self.data)

    @contextmanager
    def _running_on_new_port(self) -> Iterator[None]:
        self.port = free_port()
        with self._running():
            yield

    @contextmanager
    def _running(self) -> Iterator[None]:
        # SIGINT: a fast shutdown; SIGTERM would wait for open connections.
        with running(
            [_program("postgres"), "-D", self.data, "-p", f"{self.port}"],
            log=self.directory / "log",
            ready=self._answers,
            stop=signal.SIGINT,
            user=_server_user(),
        ):
            yield

    def _answers(self) -> bool:
        import psycopg

        with suppress(psycopg.OperationalError), self._connect("postgres"):
            return True
        return False


def initdb(data: Path) -> None:
    """Make a cluster's data directory; its parent is given to the user that will run the server.

    Raises:
        ServerError: initdb failed.
    """
    _give_away(data.parent)
    user = _server_user()
    command = ["setpriv", f"--reuid={user}", f"--regid={user}", "--init-groups"] if user else []
    options = ["--no-sync", "--auth=reject", "--username=postgres", "--encoding=UTF8", "--no-locale"]
    done = subprocess.run(
        [*command, _program("initdb"), *options, "-D", data],
        capture_output=True,
        text=True,
        cwd="/",
        check=False,
    )
    if done.returncode:
        raise ServerError(f"initdb failed: {done.stdout}{done.stderr}")


def _server_user() -> str | None:
    """PostgreSQL refuses to run as root, so that root runs it as the user of Debian's package."""
    return "postgres" if os.geteuid() == 0 else None


def _give_away(directory: Path) -> None:
    if user := _server_user():
        for path in (directory, *directory.rglob("*")):
            shutil.chown(path, user, user)


def _program(name: str) -> Path:
    return program("postgres").resolve().with_name(name)
