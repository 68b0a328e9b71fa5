"""PostgreSQL databases, read over one session that writes nothing."""

from __future__ import annotations

import os
import re
import socket
import textwrap
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, LiteralString

from pytest_readiness.core.audit import sent
from pytest_readiness.core.evidence import CouldNotVerify, Unreachable
from pytest_readiness.core.registry import fact
from pytest_readiness.domains.postgres.certificate import certificate_fault
from pytest_readiness.domains.postgres.resource import Postgres

if TYPE_CHECKING:
    import psycopg

CONNECT_SECONDS = 5
"""For opening a session, at each address of the server's name."""

SESSION_SECONDS = 10
"""For all statements together; each may take 5 s."""

TEXT = 200
"""Characters kept of what the server says."""

_VERSION = "SELECT current_setting('server_version'), current_setting('server_version_num')::int"

_TLS_SEEN = """
    SELECT ssl, coalesce(version, ''), coalesce(cipher, '') FROM pg_stat_ssl WHERE pid = pg_backend_pid()
"""

_SETTINGS = """
    SELECT name, setting FROM pg_settings WHERE name IN (
        'auto_explain.log_level', 'auto_explain.log_min_duration', 'auto_explain.sample_rate', 'log_destination',
        'log_min_duration_statement', 'log_min_messages', 'logging_collector', 'max_connections',
        'reserved_connections', 'superuser_reserved_connections')
    ORDER BY name
"""

_CLIENTS = """
    SELECT count(*) FROM pg_stat_activity
    WHERE coalesce(backend_type = 'client backend', usesysid IS NOT NULL AND datid IS NOT NULL)
"""
"""Without pg_read_all_stats the kind of another role's session is hidden; a parallel worker then counts as well."""

_ROLES = """
    SELECT r.rolname, array_remove(ARRAY[
        CASE WHEN r.rolsuper THEN 'SUPERUSER' END,
        CASE WHEN r.rolcreaterole THEN 'CREATEROLE' END,
        CASE WHEN r.rolcreatedb THEN 'CREATEDB' END,
        CASE WHEN r.rolreplication THEN 'REPLICATION' END,
        CASE WHEN r.rolbypassrls THEN 'BYPASSRLS' END], NULL)
    FROM pg_roles r JOIN pg_roles own ON own.rolname = session_user
    WHERE r.oid = own.oid OR NOT own.rolsuper AND pg_has_role(own.oid, r.oid, 'MEMBER')
    ORDER BY r.oid <> own.oid, r.rolname
"""

_OWNED = """
    SELECT 'database ' || datname FROM pg_database WHERE pg_has_role(session_user, datdba, 'MEMBER')
    UNION ALL
    SELECT 'schema ' || nspname FROM pg_namespace WHERE pg_has_role(session_user, nspowner, 'MEMBER')
    ORDER BY 1
"""

# libpq's own words, which are English: it finds no translations, unlike the server.
_SILENT = re.compile(
    r"failed to resolve|could not translate|refused|timed out|timeout expired|unreachable|No route|Host is down"
    r"|No such file|Permission denied|closed the connection|reset by peer|EOF detected"
)
_ENDED = re.compile(r"closed the connection|reset by peer|EOF detected")
_BROKEN_OFF = re.compile(rf"{_ENDED.pattern}|Temporary failure")
_OWN_FILE = re.compile(r"certificate file|private key file")
_TLS = re.compile(r"SSL error|does not support SSL|server certificate")
_FULL = re.compile(r"too many clients|connection slots are reserved")
_TLS_WANTED = re.compile(r"pg_hba\.conf|\b(SSL|TLS)( connection)?( is)? required|connection is insecure", re.I)
_LOGIN_OFFERED = re.compile(r"no password supplied|authentication failed")


@dataclass(frozen=True, slots=True)
class ServerPlace:
    """What a session was opened to.

    Attributes:
        host: as named in the connection string.
        address: its IP address; "" for a unix socket.
        port: port number.
        user: role that logged in.
        database: its name.
    """

    host: str
    address: str
    port: int
    user: str
    database: str


@dataclass(frozen=True, slots=True)
class ServerTls:
    """How the server sees the session (pg_stat_ssl); behind a pooler that is the pooler's own connection.

    Attributes:
        on: encrypted.
        protocol: "TLSv1.3" …, or "".
        cipher: its name, or "".
    """

    on: bool
    protocol: str
    cipher: str


@dataclass(frozen=True, slots=True)
class Role:
    """A role that the session's role is, or is a member of.

    Attributes:
        name: its name.
        attributes: of SUPERUSER, CREATEROLE, CREATEDB, REPLICATION, BYPASSRLS those that it has.
    """

    name: str
    attributes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PostgresSession:
    """What one session showed. What could not be read is None, and `unread` says why.

    Attributes:
        place: what it was opened to.
        round_trip_ms: time that SELECT 1 took, in milliseconds.
        version: "15.8 (Debian …)".
        version_number: 150008.
        encrypted: this side of the connection uses TLS.
        sslmode: libpq's, as it follows from connection string, environment and defaults.
        verified: what was verified of the server's certificate: "", "authority" or "authority and name".
        server_tls: how the server sees it.
        clients: client sessions on the whole server, this one among them.
        roles: the session's role first, then those that it is a member of; a superuser's memberships are left out.
        owned: databases and schemas that the role owns, also by membership: "database shop", "schema public".
        settings: values in this session of those settings that checks judge, as pg_settings writes them.
        unread: reason by attribute.
    """

    place: ServerPlace
    round_trip_ms: float
    version: str
    version_number: int
    encrypted: bool
    sslmode: str
    verified: Literal["", "authority", "authority and name"]
    server_tls: ServerTls | None
    clients: int | None
    roles: tuple[Role, ...] | None
    owned: tuple[str, ...] | None
    settings: Mapping[str, str] | None
    unread: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class PostgresFacts:
    """A session, or that the server let none be opened.

    Attributes:
        session: None where it was refused.
        refusal: the words of the refusal, or "".
        refused_for: "login" (role, password, database or address are not let in), "full" (no connection is left), "tls"
            (the server has no TLS, or a certificate that does not verify), or "".
    """

    session: PostgresSession | None
    refusal: str
    refused_for: Literal["", "login", "full", "tls"]


@dataclass(frozen=True, slots=True)
class WithoutTls:
    """What the server answers to the same role without TLS.

    Attributes:
        answer: "refused" (before any password), "asked for a password", "let in", "unclear", or "not tried" where there
            is no session over TCP and TLS to compare with.
        words: what it said.
    """

    answer: Literal["refused", "asked for a password", "let in", "unclear", "not tried"]
    words: str


@fact(deadline=30, extra="postgres")
def postgres_facts(postgres: Postgres) -> PostgresFacts:
    """A session of the declared role, its TLS, the server's version and settings, and what the role may do.

    The connection string's sslmode holds. Where it has none, a declared `ca` means verify-full; otherwise libpq's rules
    apply. Everything is read in one READ ONLY transaction that is rolled back, with settings local to it: a pooler may
    hand the server's side of the session on to another client afterwards.
    """
    import psycopg

    conninfo = _conninfo(postgres)
    sent(f"connect to {postgres.where}")
    try:
        connection = psycopg.connect(conninfo, prepare_threshold=None)
    except psycopg.Error as error:
        return _refused(postgres, error)
    with closing(connection), _breaking_off(connection) as late:
        try:
            connection.read_only = True
            session = _session(connection, postgres.where)
            root = next((each.val or b"" for each in connection.pgconn.info if each.keyword == b"sslrootcert"), b"")
            sent(f"ROLLBACK at {postgres.where}")
            connection.rollback()
            return _trusted(session, root)
        except psycopg.Error as error:
            if late.is_set():
                # A pooler that waits for this one database opens sessions of the others.
                reason = f"{postgres.where} opened a session and did not answer within {SESSION_SECONDS} s"
                raise CouldNotVerify(reason) from None
            reason = f"the session at {postgres.where} ended early: {_words(postgres, error)}"
            raise CouldNotVerify(reason, transient=connection.broken) from None


@fact(deadline=15, extra="postgres")
def postgres_without_tls(postgres: Postgres, postgres_facts: PostgresFacts) -> WithoutTls:
    """What the server answers when the same role asks, from the same place, for a session without TLS.

    One more connection; it carries no password, so that none crosses the network in clear. pg_hba.conf decides on
    encryption before it asks for a password. The server's log will hold the refusal.
    """
    import psycopg

    session = postgres_facts.session
    if session is None or not session.encrypted or not session.place.address:
        return WithoutTls("not tried", "")
    place = session.place
    sent(f"connect to {postgres.where} without TLS and without a password")
    try:
        psycopg.connect(
            host=place.host,
            hostaddr=place.address,
            port=place.port,
            user=place.user,
            dbname=place.database,
            # Neither the environment's password nor one from ~/.pgpass.
            password="",
            passfile=f"{os.devnull}/none",
            sslmode="disable",
            gssencmode="disable",
            connect_timeout=CONNECT_SECONDS,
            application_name="pytest-readiness",
        ).close()
    except psycopg.Error as error:
        text, words = str(error), _words(postgres, error)
        if _LOGIN_OFFERED.search(text):
            return WithoutTls("asked for a password", words)
        return WithoutTls("refused" if _TLS_WANTED.search(text) else "unclear", words)
    return WithoutTls("let in", "")


def _conninfo(postgres: Postgres) -> str:
    import psycopg
    from psycopg.conninfo import conninfo_to_dict, make_conninfo

    # What follows a bare special character of a password is taken for a host or port, and would be quoted in messages.
    misread = CouldNotVerify(
        f"libpq does not understand the connection string of '{postgres.name}': it must be a URL with libpq's options, "
        "and special characters in its password percent-encoded"
    )
    try:
        given = conninfo_to_dict(postgres.dsn.get_secret_value())
    except psycopg.Error:
        raise misread from None
    if "@" in str(given.get("host", ""))[1:] or not re.fullmatch(r"[\d,]*", str(given.get("port", ""))):
        raise misread
    if postgres.ca:
        given = {"sslmode": "verify-full", **given, "sslrootcert": str(postgres.ca)}
    ours: dict[str, str | int] = {
        "application_name": "pytest-readiness",
        # Otherwise the texts of a database in SQL_ASCII come as bytes.
        "client_encoding": "UTF8",
        "connect_timeout": CONNECT_SECONDS,
    }
    return make_conninfo("", **{**given, **ours})


@contextmanager
def _breaking_off(connection: psycopg.Connection[Any]) -> Iterator[threading.Event]:
    """Shut the socket after `SESSION_SECONDS`: libpq waits forever for a server that has gone silent."""
    late = threading.Event()
    with socket.socket(fileno=os.dup(connection.fileno())) as duplicate:

        def break_off() -> None:
            late.set()
            with suppress(OSError):
                duplicate.shutdown(socket.SHUT_RDWR)

        timer = threading.Timer(SESSION_SECONDS, break_off)
        timer.start()
        try:
            yield late
        finally:
            timer.cancel()
            timer.join()


def _trusted(session: PostgresSession, root: bytes) -> PostgresFacts:
    """What was seen, or that the certificate is refused where libpq says that it looked at the name."""
    if session.verified == "authority and name" and session.place.address:
        place = session.place
        if fault := certificate_fault(place.host, place.address, place.port, root.decode()):
            return PostgresFacts(None, f"the server's certificate is not trusted ({fault})", "tls")
    return PostgresFacts(session, "", "")


def _refused(postgres: Postgres, error: psycopg.Error) -> PostgresFacts:
    import psycopg

    text, words = str(error), _words(postgres, error)
    if "FATAL:" in text:
        return PostgresFacts(None, words, "full" if _FULL.search(text) else "login")
    if isinstance(error, psycopg.errors.ConnectionTimeout):
        raise Unreachable(f"{postgres.where} opened no session within {CONNECT_SECONDS} s")
    if "root certificate" in text:
        raise CouldNotVerify(f"the certificate of {postgres.where} cannot be verified: {words}")
    if _TLS.search(text):
        return PostgresFacts(None, _tls_words(postgres, words), "tls")
    if _SILENT.search(text):
        reason, broken_off = f"no connection to {postgres.where}: {words}", bool(_BROKEN_OFF.search(text))
        # A file that this connection string names, or a session that a pooler ends, says nothing about the server.
        own = _OWN_FILE.search(text) or _ENDED.search(text)
        raise (CouldNotVerify if own else Unreachable)(reason, transient=broken_off)
    return PostgresFacts(None, words, "login")


def _tls_words(postgres: Postgres, words: str) -> str:
    """Why the certificate is refused, which libpq leaves out; what it said where that is about something else."""
    from psycopg.conninfo import conninfo_to_dict

    given = conninfo_to_dict(_conninfo(postgres))
    host, port = str(given.get("host", "")), str(given.get("port", "5432"))
    if "certificate" not in words or not host or not port.isdigit():
        return words
    address = str(given.get("hostaddr", host))
    try:
        fault = certificate_fault(host, address, int(port), str(given.get("sslrootcert", "")))
    except CouldNotVerify:
        return words
    return f"the server's certificate is not trusted ({fault})" if fault else words


def _words(postgres: Postgres, error: Exception) -> str:
    """The first line of what the server or libpq said, without secrets and without libpq's introduction."""
    text = str(error)
    for secret in postgres.secrets():
        text = text.replace(secret, "•••")
    line = next((line for line in text.splitlines() if "FATAL:" in line), text.partition("\n")[0])
    return textwrap.shorten(re.sub(r"^.*failed: (FATAL: )?", "", line), TEXT, placeholder=" …").rstrip(".")


def _session(connection: psycopg.Connection[Any], where: str) -> PostgresSession:
    info = connection.info
    options = {each.keyword: (each.val or b"").decode() for each in connection.pgconn.info}
    sslmode = options[b"sslmode"]
    encrypted = bool(connection.pgconn.ssl_in_use)
    sent(f"BEGIN READ ONLY at {where}")
    _asked(connection, where, "SET LOCAL statement_timeout = '5s'")
    started = time.monotonic()
    _asked(connection, where, "SELECT 1")
    round_trip_ms = (time.monotonic() - started) * 1000
    version, number = _asked(connection, where, _VERSION).fetchall()[0]
    unread: dict[str, str] = {}
    rows = partial(_rows, connection, where, unread)
    tls = rows("server_tls", _TLS_SEEN)
    clients = rows("clients", _CLIENTS)
    roles = rows("roles", _ROLES)
    owned = rows("owned", _OWNED)
    settings = rows("settings", _SETTINGS)
    return PostgresSession(
        place=ServerPlace(info.host, info.hostaddr, info.port, info.user, info.dbname),
        round_trip_ms=round_trip_ms,
        version=version,
        version_number=number,
        encrypted=encrypted,
        sslmode=sslmode,
        verified=_verified(sslmode, options[b"sslrootcert"]) if encrypted else "",
        server_tls=ServerTls(*tls[0]) if tls else None,
        clients=clients[0][0] if clients else None,
        roles=tuple(Role(name, tuple(attributes)) for name, attributes in roles) if roles is not None else None,
        owned=tuple(name for (name,) in owned) if owned is not None else None,
        settings=dict(settings) if settings is not None else None,
        unread=unread,
    )


def _asked(connection: psycopg.Connection[Any], where: str, query: LiteralString) -> psycopg.Cursor[Any]:
    sent(f"{' '.join(query.split())} at {where}")
    return connection.execute(query)


def _rows(
    connection: psycopg.Connection[Any], where: str, unread: dict[str, str], attribute: str, query: LiteralString
) -> list[tuple[Any, ...]] | None:
    import psycopg

    try:
        # A savepoint, so that a question that is refused does not end the session.
        with connection.transaction():
            return _asked(connection, where, query).fetchall()
    except psycopg.Error as error:
        if connection.broken:
            raise
        unread[attribute] = f"the server did not answer a question of this role: {error.diag.message_primary or error}"
    return None


def _verified(sslmode: str, root: str) -> Literal["", "authority", "authority and name"]:
    if sslmode == "verify-full":
        return "authority and name"
    # For compatibility, libpq lets "require" verify where it finds a file of authorities.
    return "authority" if sslmode == "verify-ca" or (sslmode == "require" and Path(root).is_file()) else ""
