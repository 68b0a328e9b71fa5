"""PostgreSQL databases, read over one session that writes nothing."""

from __future__ import annotations

import re
import socket
import textwrap
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal, TypeVar

from pytest_readiness.core.audit import sent
from pytest_readiness.core.evidence import CouldNotVerify, Unreachable
from pytest_readiness.core.registry import fact
from pytest_readiness.domains.database.resource import parsed
from pytest_readiness.domains.postgres import client
from pytest_readiness.domains.postgres.certificate import certificate_fault
from pytest_readiness.domains.postgres.resource import Postgres

_T = TypeVar("_T")

CONNECT_SECONDS = 5
"""For opening a session, at each address of the server's name."""

SESSION_SECONDS = 10
"""For all statements together; each may take 5 s."""

SECONDS = 26
"""For a session with everything in it, at every address that a server has."""

SECONDS_WITHOUT_TLS = 12

TEXT = 200
"""Characters kept of what the server says."""

HARMLESS = (
    "pg_database_owner",
    "pg_monitor",
    "pg_read_all_settings",
    "pg_read_all_stats",
    "pg_stat_scan_tables",
)
"""Predefined roles that look at the server's state and no more, or (pg_database_owner) whose effect is judged
otherwise."""

# Asked without a transaction as well, in which nothing is set (see `worker`): so it names the schema itself.
_VERSION = """
    SELECT pg_catalog.current_setting('server_version'), pg_catalog.current_setting('server_version_num')::int
"""

_OWN_ROLE = "(SELECT usesysid FROM pg_stat_get_activity(pg_backend_pid()))"
"""The role that logged in. Behind a pooler, SET SESSION AUTHORIZATION of another client may still hold, and changes
session_user."""

_TLS_SEEN = """
    SELECT ssl, coalesce(version, ''), coalesce(cipher, '') FROM pg_stat_ssl WHERE pid = pg_backend_pid()
"""

_SETTINGS = """
    SELECT name, setting, source IN ('client', 'session') FROM pg_settings WHERE name IN (
        'auto_explain.log_level', 'auto_explain.log_min_duration', 'auto_explain.sample_rate',
        'local_preload_libraries', 'log_destination', 'log_duration', 'log_min_duration_sample',
        'log_min_duration_statement', 'log_min_messages', 'log_statement', 'log_statement_sample_rate',
        'log_transaction_sample_rate', 'logging_collector', 'max_connections', 'reserved_connections',
        'session_preload_libraries', 'superuser_reserved_connections')
    ORDER BY name
"""

_SESSIONS = """
    SELECT usesysid, datid FROM pg_stat_activity
    WHERE coalesce(backend_type = 'client backend', usesysid IS NOT NULL AND datid IS NOT NULL
        AND pid NOT IN (SELECT pid FROM pg_stat_replication))
"""
"""Without pg_read_all_stats the kind of another role's session is hidden; a worker with a database then counts as well.
One that sends the log to a replica takes none of the connections of max_connections."""

_CLIENTS = f"SELECT count(*) FROM ({_SESSIONS}) clients"  # noqa: S608  (text from above)

_LIMITS = f"""
    WITH clients AS ({_SESSIONS})
    SELECT 'the role ' || rolname, (SELECT count(*) FROM clients WHERE usesysid = oid), rolconnlimit
    FROM pg_roles WHERE oid = {_OWN_ROLE} AND rolconnlimit >= 0 AND NOT rolsuper
    UNION ALL
    SELECT 'the database ' || datname, (SELECT count(*) FROM clients WHERE datid = oid), datconnlimit
    FROM pg_database WHERE datname = current_database() AND datconnlimit >= 0
        AND NOT (SELECT rolsuper FROM pg_roles WHERE oid = {_OWN_ROLE})
    ORDER BY 1
"""  # noqa: S608  (text from above)
"""A superuser is bound by neither."""

_ROLES = f"""
    SELECT r.rolname, array_remove(ARRAY[
        CASE WHEN r.rolsuper THEN 'SUPERUSER' END,
        CASE WHEN r.rolcreaterole THEN 'CREATEROLE' END,
        CASE WHEN r.rolcreatedb THEN 'CREATEDB' END,
        CASE WHEN r.rolreplication THEN 'REPLICATION' END,
        CASE WHEN r.rolbypassrls THEN 'BYPASSRLS' END], NULL)
    FROM pg_roles r JOIN pg_roles own ON own.oid = {_OWN_ROLE}
    WHERE r.oid = own.oid OR NOT own.rolsuper AND pg_has_role(own.oid, r.oid, 'MEMBER')
    ORDER BY r.oid <> own.oid, r.rolname
"""  # noqa: S608  (text from above)

_OWNED = f"""
    SELECT 'database ' || datname FROM pg_database WHERE pg_has_role({_OWN_ROLE}, datdba, 'MEMBER')
    UNION ALL
    SELECT 'schema ' || nspname FROM pg_namespace WHERE pg_has_role({_OWN_ROLE}, nspowner, 'MEMBER')
    ORDER BY 1
"""  # noqa: S608  (text from above)

# The roles that the session may become, but superusers, whose attribute says it all, and the harmless ones: with them
# come the functions and views that they were made for.
_REACHED = f"""
    WITH harmless AS (SELECT oid FROM pg_roles WHERE rolname IN ({", ".join(f"'{name}'" for name in HARMLESS)})),
    reached AS (
        SELECT r.oid FROM pg_roles r JOIN pg_roles own ON own.oid = {_OWN_ROLE}
        WHERE NOT own.rolsuper AND pg_has_role(own.oid, r.oid, 'MEMBER') AND NOT r.rolsuper
            AND r.oid NOT IN (SELECT oid FROM harmless)),
    guarded AS (
        SELECT i.classoid, i.objoid FROM pg_init_privs i
        WHERE i.objsubid = 0 AND NOT EXISTS (
            SELECT FROM aclexplode(i.initprivs) a
            WHERE a.privilege_type IN ('EXECUTE', 'SELECT') AND (a.grantee = 0 OR a.grantee IN (
                SELECT oid FROM harmless WHERE pg_has_role({_OWN_ROLE}, oid, 'MEMBER')))))
"""  # noqa: S608  (names from above)

_RIGHTS = f"""
    {_REACHED}
    SELECT 'EXECUTE on ' || p.oid::regprocedure FROM pg_proc p JOIN guarded g ON g.objoid = p.oid
    WHERE g.classoid = 'pg_proc'::regclass
        AND EXISTS (SELECT FROM reached r WHERE has_function_privilege(r.oid, p.oid, 'EXECUTE'))
    UNION ALL
    SELECT 'SELECT on ' || c.oid::regclass FROM pg_class c JOIN guarded g ON g.objoid = c.oid
    WHERE g.classoid = 'pg_class'::regclass AND c.relkind IN ('r', 'v', 'm', 'p', 'f') AND EXISTS (
        SELECT FROM reached r WHERE has_table_privilege(r.oid, c.oid, 'SELECT') OR EXISTS (
            SELECT FROM pg_attribute a CROSS JOIN aclexplode(a.attacl) x
            WHERE a.attrelid = c.oid AND x.privilege_type = 'SELECT' AND x.grantee IN (0, r.oid)
                AND NOT EXISTS (SELECT FROM pg_init_privs i CROSS JOIN aclexplode(i.initprivs) y
                    WHERE i.classoid = 'pg_class'::regclass AND i.objoid = c.oid AND i.objsubid = a.attnum
                        AND y.privilege_type = 'SELECT' AND y.grantee = x.grantee)))
    ORDER BY 1
"""  # noqa: S608  (names from above)
"""By what the server lets the role do: functions, tables and views that nobody but administrators may use when a
server, or an extension, is installed."""

_MADE = f"""
    {_REACHED}
    SELECT what FROM (
        SELECT evtowner, 'owner of event trigger ' || evtname FROM pg_event_trigger
        UNION ALL SELECT fdwowner, 'owner of foreign data wrapper ' || fdwname FROM pg_foreign_data_wrapper
        UNION ALL SELECT spcowner, 'owner of tablespace ' || spcname FROM pg_tablespace
        UNION ALL SELECT relowner, 'owner of ' || oid::regclass FROM pg_class WHERE oid < 16384
        UNION ALL SELECT proowner, 'owner of ' || oid::regprocedure FROM pg_proc WHERE oid < 16384
        UNION ALL SELECT lanowner, 'owner of language ' || lanname FROM pg_language WHERE NOT lanpltrusted
        UNION ALL
        SELECT proowner, 'owner of ' || p.oid::regprocedure || ' in language ' || lanname
        FROM pg_proc p JOIN pg_language l ON l.oid = p.prolang
        WHERE p.oid >= 16384 AND NOT lanpltrusted AND p.oid NOT IN (SELECT aggfnoid FROM pg_aggregate)
    ) made (owner, what) WHERE owner IN (SELECT oid FROM reached)
    UNION ALL
    SELECT 'CREATE on schema ' || nspname FROM pg_namespace n
    WHERE oid < 16384 AND nspname <> 'public'
        AND EXISTS (SELECT FROM reached r WHERE has_schema_privilege(r.oid, n.oid, 'CREATE'))
    UNION ALL
    SELECT 'USAGE on language ' || lanname FROM pg_language l
    WHERE lanpltrusted AND lanname SIMILAR TO 'internal|c|pl%u'
        AND EXISTS (SELECT FROM reached r WHERE has_language_privilege(r.oid, l.oid, 'USAGE'))
    ORDER BY 1
"""  # noqa: S608  (names from above)
"""What only administrators can make, and who was one once may still own; what is the system's own (its objects have
numbers below 16384); and languages that reach past the server's rules, which somebody made everybody's. Their names
are fixed, or end in u. An aggregate, which anybody may make, is written down as a function in the language internal."""

_SENT_ON = f"""
    {_REACHED}
    SELECT what FROM (
        SELECT pubowner, 'owner of publication ' || pubname || ' of all tables' FROM pg_publication WHERE puballtables
        UNION ALL SELECT subowner, 'owner of subscription ' || subname FROM pg_subscription
    ) made (owner, what) WHERE owner IN (SELECT oid FROM reached) ORDER BY 1
"""  # noqa: S608  (names from above)

_SCHEMAS_SENT_ON = f"""
    {_REACHED}
    SELECT 'owner of publication ' || pubname || ' of all tables in a schema' FROM pg_publication p
    WHERE pubowner IN (SELECT oid FROM reached)
        AND EXISTS (SELECT FROM pg_publication_namespace n WHERE n.pnpubid = p.oid)
    ORDER BY 1
"""  # noqa: S608  (names from above)

# What anybody may set anyway is no administrator's. The function sees what the view shows, which may be locked away.
_PARAMETERS = f"""
    {_REACHED}
    SELECT p.name || ' on ' || a.parname
    FROM pg_parameter_acl a CROSS JOIN (VALUES ('ALTER SYSTEM'), ('SET')) p (name)
    WHERE EXISTS (SELECT FROM reached r WHERE has_parameter_privilege(r.oid, a.parname, p.name))
        AND NOT (p.name = 'SET' AND a.parname IN (
            SELECT lower(s.name) FROM pg_show_all_settings() s WHERE s.context = 'user'))
    ORDER BY 1
"""  # noqa: S608  (names from above)

_QUESTIONS = {
    "version": (0, _VERSION),
    "server_tls": (0, _TLS_SEEN),
    "clients": (0, _CLIENTS),
    "limits": (0, _LIMITS),
    "roles": (0, _ROLES),
    "owned": (0, _OWNED),
    "rights": (90600, _RIGHTS),
    "made": (90600, _MADE),
    "sent_on": (100000, _SENT_ON),
    "schemas_sent_on": (150000, _SCHEMAS_SENT_ON),
    "parameters": (150000, _PARAMETERS),
    "settings": (0, _SETTINGS),
}
"""By name, with the oldest version that can answer it; in an older one there is nothing of the kind."""

# Settings in the `options` of a connection string; a role may not be shown all that it may set.
_OPTION = re.compile(r"(?:-c\s*|--)([A-Za-z_][\w.-]*)\s*=")

# libpq's own words, which are English: it finds no translations, unlike the server.
_SILENT = re.compile(
    r"failed to resolve|could not translate|refused|timed out|timeout expired|unreachable|No route|Host is down"
    r"|No such file|Permission denied|closed the connection|reset by peer|EOF detected"
)
_ENDED = re.compile(r"closed the connection|reset by peer|EOF detected")
_BROKEN_OFF = re.compile(rf"{_ENDED.pattern}|Temporary failure")
_OWN_FILE = re.compile(r"certificate file|private key file")
_TLS = re.compile(r"SSL error|does not support SSL|server certificate")
_UNVERIFIED = re.compile(r"certificate verify failed|server certificate")
_NO_PASSWORD = re.compile(r"no password supplied")

# What a server or a pooler says after the severity, which may be in any language, and two spaces.
_SERVER_SAID = re.compile(r"(?:^|: )([^\W\d_]+):  (?P<words>.+)", re.M)
_FULL = re.compile(r"too many (clients|connections for)|connection slots are reserved")
_LOGIN = re.compile(
    r"(authentication|login) failed|(role|user|database) .*does not exist|no such (user|database)"
    r"|not permitted to log in|pg_hba\.conf"
    r"|permission denied for database|not currently accepting connections|not accepting connections"
    r"|valid client certificate|\b(SSL|TLS)( connection)?( is)? required|connection is insecure|user not found",
    re.I,
)
_TLS_WANTED = re.compile(r"pg_hba\.conf|\b(SSL|TLS)( connection)?( is)? required|connection is insecure", re.I)
_LOGIN_TRIED = re.compile(r"authentication failed")

_Heard = Literal["an answer", "that nobody listens", "nothing"]
_REFUSES_LEAST = ("let in", "asked for a password", "refused only the login", "unclear", "refused")


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
class Limit:
    """A limit of connections below that of the server (CONNECTION LIMIT).

    Attributes:
        of: "the role shop" or "the database shop".
        used: client sessions that count, this one among them.
        most: the limit.
    """

    of: str
    used: int
    most: int


@dataclass(frozen=True, slots=True)
class PostgresSession:
    """What one session showed. What could not be read is None, and `unread` says why.

    Attributes:
        place: what it was opened to.
        round_trip_ms: time that SELECT 1 took, in milliseconds.
        version: "15.8 (Debian …)".
        version_number: 150008.
        encrypted: this side of the connection uses TLS.
        sslmode: libpq's, as it follows from connection string and defaults.
        verified: what was verified of the server's certificate: "", "authority" or "authority and name".
        server_tls: how the server sees it.
        clients: client sessions on the whole server, this one among them.
        roles: the session's role first, then those that it is a member of; a superuser's memberships are left out.
        owned: databases and schemas that the role owns, also by membership: "database shop", "schema public".
        settings: values in this session of those settings that checks judge, as pg_settings writes them.
        unread: reason by attribute.
        limits: of the role and of the database, where they have one that binds the role.
        set_here: settings, of those that checks judge, that are this session's own: its connection string sets them, or
            a pooler does. They say nothing of other sessions.
        rights: what only administrators may do on a new server, and the role may here, also by membership: "EXECUTE on
            pg_read_file(text)", "SELECT on pg_authid", "ALTER SYSTEM on archive_command", "owner of event trigger x".
        others: servers that the connection string names as well, with their ports.
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
    limits: tuple[Limit, ...] | None = None
    rights: tuple[str, ...] | None = None
    set_here: tuple[str, ...] = ()
    others: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PostgresFacts:
    """A session, or that the server let none be opened.

    Attributes:
        session: None where it was refused.
        refusal: the words of the refusal, or "".
        refused_for: "login" (role, password, database or address are not let in), "full" (no connection of the server,
            the database or the role is left), "tls" (the server has no TLS, or a certificate that does not verify), or
            "".
    """

    session: PostgresSession | None
    refusal: str
    refused_for: Literal["", "login", "full", "tls"]


@dataclass(frozen=True, slots=True)
class WithoutTls:
    """What the server answers to the same role without TLS.

    Attributes:
        answer: "refused" (before it asks who it is), "asked for a password", "refused only the login" (having tried
            another way than a password), "let in", "unclear", or "not tried" where there is no session over TCP and TLS
            to compare with.
        words: what it said.
        place: address and port that answered so, where it is another one than the session's.
        silent: further addresses and ports, of the servers that the connection string names, that gave no answer; where
            nobody listens, nobody is let in.
    """

    answer: Literal["refused", "asked for a password", "refused only the login", "let in", "unclear", "not tried"]
    words: str
    place: str = ""
    silent: tuple[str, ...] = ()


@fact(deadline=30, extra="postgres")
def postgres_facts(postgres: Postgres) -> PostgresFacts:
    """A session of the declared role, its TLS, the server's version and settings, and what the role may do.

    The connection string's sslmode holds. Where it has none, a declared `ca` means verify-full; otherwise libpq's rules
    apply. Everything is read in one READ ONLY transaction that is rolled back, with settings local to it: a pooler may
    hand the server's side of the session on to another client afterwards. Of a pooler that takes each statement alone
    (PgBouncer's pool_mode=statement) only the version is asked for.
    """
    conninfo = _conninfo(postgres)
    sent(f"connect to {postgres.where}")
    answer = client.ask(
        postgres.where,
        conninfo,
        questions=_QUESTIONS,
        addresses=[each for each in postgres.addresses if not each[0].startswith("/")],
        session_seconds=SESSION_SECONDS,
        seconds=SECONDS,
    )
    if "refused" in answer:
        return _refused(postgres, answer)
    if "ended" in answer:
        if answer["late"]:
            # A pooler that waits for this one database opens sessions of the others.
            raise CouldNotVerify(f"{postgres.where} opened a session and did not answer within {SESSION_SECONDS} s")
        reason = f"the session at {postgres.where} ended early: {_words(postgres, answer['ended'])}"
        raise CouldNotVerify(reason, transient=answer["broken"])
    session = _session(postgres, conninfo, answer["opened"])
    return _trusted(replace(session, others=_others(postgres, session.place)), conninfo)


@fact(deadline=20, extra="postgres")
def postgres_without_tls(postgres: Postgres, postgres_facts: PostgresFacts) -> WithoutTls:
    """What the server answers when the same role asks, from the same place, for a session without TLS.

    One more connection to each address of each server that the connection string names; it carries no password, so that
    none crosses the network in clear. pg_hba.conf decides on encryption before it asks for a password. The server's
    log will hold the refusal. Of several answers the one is told that refuses least.
    """
    session = postgres_facts.session
    if session is None or not session.encrypted or not session.place.address:
        return WithoutTls("not tried", "")
    own, *further = _addresses(postgres, session.place)
    until = time.monotonic() + SECONDS_WITHOUT_TLS
    worst, _ = _asked_without_tls(postgres, own, SECONDS_WITHOUT_TLS)
    silent: list[str] = []
    for place in further:
        shown = f"[{place.address}]:{place.port}" if ":" in place.address else f"{place.address}:{place.port}"
        heard: _Heard = "nothing"
        left = int(until - time.monotonic())
        with suppress(CouldNotVerify):
            if left > 0:
                answer, heard = _asked_without_tls(postgres, place, left)
        if heard == "nothing":
            silent.append(shown)
        elif heard == "an answer" and _REFUSES_LEAST.index(answer.answer) < _REFUSES_LEAST.index(worst.answer):
            worst = replace(answer, place=shown)
    return replace(worst, silent=tuple(silent))


def _addresses(postgres: Postgres, session: ServerPlace) -> list[ServerPlace]:
    """The session's own address, then the others of all servers that the connection string names."""
    places = {(session.address, session.port): session}
    for host, port in postgres.addresses:
        sent(f"resolve {host}")
        # A name that cannot be resolved is a server that was not looked at, which is told.
        with suppress(OSError, UnicodeError):
            for *_, (address, *_) in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
                place = replace(session, host=host, address=str(address), port=port)
                places.setdefault((place.address, port), place)
    return list(places.values())


def _asked_without_tls(postgres: Postgres, place: ServerPlace, seconds: int) -> tuple[WithoutTls, _Heard]:
    """What became of one address, and what was heard from there."""
    from psycopg.conninfo import make_conninfo

    sent(f"connect to {postgres.where} ({place.address}, port {place.port}) without TLS and without a password")
    conninfo = make_conninfo(
        host=place.host,
        hostaddr=place.address,
        port=place.port,
        user=place.user,
        dbname=place.database,
        sslmode="disable",
        gssencmode="disable",
        connect_timeout=CONNECT_SECONDS,
        application_name="pytest-readiness",
    )
    answer = client.ask(postgres.where, conninfo, questions=None, seconds=seconds)
    if "refused" not in answer:
        return WithoutTls("let in", ""), "an answer"
    text, words = answer["refused"], _words(postgres, answer["refused"])
    if _NO_PASSWORD.search(text):
        return WithoutTls("asked for a password", words), "an answer"
    if _LOGIN_TRIED.search(text):
        return WithoutTls("refused only the login", words), "an answer"
    if _TLS_WANTED.search(text):
        return WithoutTls("refused", words), "an answer"
    unclear = WithoutTls("unclear", words)
    if not answer["late"] and (_SERVER_SAID.search(text) or not _SILENT.search(text)):
        return unclear, "an answer"
    return unclear, "that nobody listens" if "Connection refused" in text else "nothing"


def _conninfo(postgres: Postgres) -> str:
    import psycopg
    from psycopg.conninfo import conninfo_to_dict, make_conninfo

    # libpq knows the scheme in lower case only.
    scheme, _, rest = postgres.dsn.get_secret_value().partition("://")
    try:
        given = conninfo_to_dict(f"{scheme.lower()}://{rest}")
    except psycopg.Error:
        # Its own words may quote a part of the password.
        raise CouldNotVerify(
            f"libpq does not understand the connection string of '{postgres.name}': {_not_understood(postgres)}"
        ) from None
    if postgres.ca:
        given = {"sslmode": "verify-full", **given, "sslrootcert": str(postgres.ca)}
    if str(given.get("sslmode", "")) in ("verify-ca", "verify-full") and not given.get("sslrootcert"):
        raise CouldNotVerify(
            f"the connection string of '{postgres.name}' asks for sslmode={given['sslmode']} and names no authority: "
            "declare ca, or write sslrootcert=system for the authorities of this machine"
        )
    ours: dict[str, str | int] = {
        "application_name": "pytest-readiness",
        # Otherwise the texts of a database in SQL_ASCII come as bytes.
        "client_encoding": "UTF8",
        "connect_timeout": CONNECT_SECONDS,
    }
    return make_conninfo("", **{**given, **ours})


def _not_understood(postgres: Postgres) -> str:
    """What may be wrong with a connection string that can be taken apart; nothing is quoted that may be secret."""
    from psycopg import pq

    names = [name for name, _ in parsed(postgres.dsn.get_secret_value()).query]
    known = {option.keyword.decode() for option in pq.Conninfo.get_defaults()}
    unknown = [name for name in dict.fromkeys(names) if name not in known and re.fullmatch(r"[A-Za-z_]{1,40}", name)]
    # After a password with a bare & in it, the rest of it would be taken for a name.
    if unknown and not any("pass" in name.lower() for name in names):
        return f"it has no option {' or '.join(unknown)}"
    return (
        "it must be a URL with libpq's options, and special characters in its password and in the values of options "
        "percent-encoded (= is %3D)"
    )


def _others(postgres: Postgres, own: ServerPlace) -> tuple[str, ...]:
    """The servers that the connection string names, without the one that a session was opened to."""
    servers = dict.fromkeys(postgres.addresses)
    found = {(own.host, own.port), (own.address, own.port)}
    return tuple(f"{host}:{port}" for host, port in servers if len(servers) > 1 and (host, port) not in found)


def _trusted(session: PostgresSession, conninfo: str) -> PostgresFacts:
    """What was seen, or that the certificate is refused where libpq says that it looked at the name."""
    from psycopg.conninfo import conninfo_to_dict

    place = session.place
    if session.verified == "authority and name" and place.address:
        root = str(conninfo_to_dict(conninfo).get("sslrootcert", ""))
        if fault := certificate_fault(place.host, place.address, place.port, root):
            return PostgresFacts(None, f"the server's certificate is not trusted ({fault})", "tls")
    return PostgresFacts(session, "", "")


def _refused(postgres: Postgres, answer: Mapping[str, Any]) -> PostgresFacts:
    """What a session that was not opened says: of the login, of TLS, of the server, or of nothing that was asked."""
    where, text = postgres.where, answer["refused"]
    words = _words(postgres, text)
    if _UNVERIFIED.search(text) and _TLS_WANTED.search(text):
        # sslmode=prefer tried again without TLS, which the server refused as it should.
        return PostgresFacts(None, _tls_words(postgres, "SSL error: certificate verify failed"), "tls")
    if _SERVER_SAID.search(text):
        if _FULL.search(text) or _LOGIN.search(text):
            return PostgresFacts(None, words, "full" if _FULL.search(text) else "login")
        # A pooler that is full or cannot reach the server, a server that is only starting, words in another language.
        said = "its words do not say that role, password or database are the reason"
        reason = f"{where} refused the session, and {said}: {words}"
        raise CouldNotVerify(reason, transient=True)
    if answer["late"]:
        kind = CouldNotVerify if answer["alive"] else Unreachable
        raise kind(f"{where} opened no session within {CONNECT_SECONDS} s")
    if _NO_PASSWORD.search(text):
        return PostgresFacts(None, words, "login")
    if "root certificate" in text:
        raise CouldNotVerify(f"the certificate of {where} cannot be verified: {words}")
    if _TLS.search(text):
        return PostgresFacts(None, _tls_words(postgres, words), "tls")
    if _SILENT.search(text):
        reason, broken_off = f"no connection to {where}: {words}", bool(_BROKEN_OFF.search(text))
        # A file that this connection string names, or a session that a pooler ends, says nothing about the server.
        own = _OWN_FILE.search(text) or _ENDED.search(text)
        raise (CouldNotVerify if own else Unreachable)(reason, transient=broken_off)
    raise CouldNotVerify(f"libpq opened no session at {where}: {words}")


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


def _words(postgres: Postgres, text: str) -> str:
    """The first line of what the server or libpq said, without secrets and without libpq's introduction."""
    for secret in postgres.secrets():
        text = text.replace(secret, "•••")
    said = _SERVER_SAID.search(text)
    line = said["words"] if said else re.sub(r"^.*(failed|is bad): ", "", text.partition("\n")[0])
    return textwrap.shorten(line, TEXT, placeholder=" …").rstrip(".")


def _session(postgres: Postgres, conninfo: str, seen: Mapping[str, Any]) -> PostgresSession:
    """Raises CouldNotVerify where the answers are not of the kind that was asked for."""
    try:
        return _read(conninfo, seen)
    except (LookupError, TypeError, ValueError):
        raise CouldNotVerify(f"{postgres.where} answers questions as no PostgreSQL server does") from None


def _read(conninfo: str, seen: Mapping[str, Any]) -> PostgresSession:
    from psycopg.conninfo import conninfo_to_dict

    rows = {name: seen["rows"].get(name) for name in _QUESTIONS}
    unread = {name: f"the server did not answer a question of this role: {why}" for name, why in seen["unread"].items()}
    kinds = ("rights", "made", "sent_on", "schemas_sent_on", "parameters")
    for why in filter(None, map(unread.get, kinds)):
        unread.setdefault("rights", why)
    ((version, number),) = rows["version"]
    rights = [row for kind in kinds for row in rows[kind]] if "rights" not in unread else None
    sslmode, encrypted = seen["sslmode"], seen["encrypted"]
    given = conninfo_to_dict(conninfo)
    root = str(given.get("sslrootcert", ""))
    settings = rows["settings"]
    return PostgresSession(
        place=ServerPlace(*seen["place"]),
        round_trip_ms=seen["round_trip_ms"],
        version=str(version),
        version_number=int(number),
        encrypted=encrypted,
        sslmode=sslmode,
        verified=_verified(sslmode, root) if encrypted else "",
        server_tls=ServerTls(*rows["server_tls"][0]) if rows["server_tls"] else None,
        clients=int(rows["clients"][0][0]) if rows["clients"] else None,
        limits=_many(rows["limits"], lambda of, used, most: Limit(of, int(used), int(most))),
        roles=_many(rows["roles"] or None, lambda name, attributes: Role(name, tuple(attributes))),
        owned=_many(rows["owned"], str),
        rights=_many(rights, str),
        settings={name: value for name, value, _ in settings} if settings is not None else None,
        set_here=_set_here(given, settings or ()),
        unread=unread,
    )


def _set_here(given: Mapping[str, Any], settings: Iterable[Sequence[Any]]) -> tuple[str, ...]:
    asked = {name.replace("-", "_").lower() for name in _OPTION.findall(str(given.get("options", "")))}
    judged = {name for name in asked if name.startswith(("log_", "logging_", "auto_explain.")) or "preload" in name}
    return tuple(sorted(judged | {name for name, _, own in settings if own}))


def _many(rows: Iterable[Sequence[Any]] | None, make: Callable[..., _T]) -> tuple[_T, ...] | None:
    return None if rows is None else tuple(make(*row) for row in rows)


def _verified(sslmode: str, root: str) -> Literal["", "authority", "authority and name"]:
    if sslmode == "verify-full":
        return "authority and name"
    # For compatibility, libpq lets "require" verify where it is given a file of authorities.
    return "authority" if sslmode == "verify-ca" or (sslmode == "require" and Path(root).is_file()) else ""
