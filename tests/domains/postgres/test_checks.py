from __future__ import annotations

import os
import re
import select
import shutil
import signal
import socket
import ssl
import struct
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from resource import RUSAGE_CHILDREN, getrusage
from typing import Any
from urllib.parse import quote, unquote

import psycopg
import pytest
from pydantic import ValidationError

from pytest_readiness.core.evidence import ClaimFalse, CouldNotVerify, Evidence, NotDeclared, Unreachable
from pytest_readiness.domains.database.resource import Database
from pytest_readiness.domains.postgres import checks, facts
from pytest_readiness.domains.postgres.resource import Postgres
from tests.judging import judge, read
from tests.stack import postgres
from tests.stack.certs import Authority
from tests.stack.floods import PostgresFlood
from tests.stack.postgres import Postgres as Server
from tests.stack.process import accepts, free_port, running, short_directory
from tests.stack.programs import program
from tests.stack.silent import FlakyServer, SilentServer

CHECKS = (
    "postgres.connects",
    "postgres.tls",
    "postgres.version_supported",
    "postgres.connections",
    "postgres.role",
    "postgres.slow_query_log",
)
WITHOUT_TLS = "host all all 127.0.0.1/32 scram-sha-256"


class Relay(SilentServer):
    """Hands bytes on between a client and a server on 127.0.0.1.

    Attributes:
        sent: what clients sent, as it came.
        silent_at, closed_at: fall silent or close the connection instead of handing on what holds these bytes.
        tls: end the clients' TLS here.
        edit: bytes that are handed on as others.
    """

    def __init__(
        self,
        port: int,
        *,
        silent_at: bytes = b"",
        closed_at: bytes = b"",
        tls: ssl.SSLContext | None = None,
        edit: tuple[bytes, bytes] = (b"", b""),
    ) -> None:
        super().__init__()
        self.sent = b""
        self.upstream = port
        self.silent_at = silent_at
        self.closed_at = closed_at
        self.ending = tls
        self.edit = edit

    def _serve(self, connection: socket.socket, number: int) -> None:
        if self.ending:
            connection.recv(8)
            connection.sendall(b"S")
            connection = self.ending.wrap_socket(connection, server_side=True)
        with socket.create_connection(("127.0.0.1", self.upstream)) as server, connection:
            while not self._stopping.is_set():
                for end in select.select([connection, server], [], [], 0.05)[0]:
                    data = end.recv(65536)
                    if end is connection:
                        self.sent += data
                        if self.silent_at and self.silent_at in data:
                            self._stopping.wait()
                    if not data or (self.closed_at and self.closed_at in data):
                        return
                    (server if end is connection else connection).sendall(
                        data.replace(*self.edit) if self.edit[0] else data
                    )


def resource(dsn: str, ca: Path | None = None) -> Postgres:
    return Postgres.model_validate({"name": "shop", "dsn": dsn, "ca": ca})


def relayed(relay: Relay, dsn: str) -> Postgres:
    return resource(dsn.replace(f":{relay.upstream}/", f":{relay.port}/"))


def faults(postgres: Postgres) -> dict[str, str]:
    """What each check that does not pass has seen, or why it could not look."""
    found = {}
    for id in CHECKS:
        try:
            judge(id, postgres)
        except ClaimFalse as error:
            found[id] = error.seen
        except CouldNotVerify as error:
            found[id] = f"could not verify: {error.reason}"
    return found


def make_good(server: Server) -> Server:
    server.admin("ALTER DATABASE shop OWNER TO postgres")
    server.admin("CREATE SCHEMA app AUTHORIZATION shop")
    return server


@pytest.fixture
def server(session_postgres: Server) -> Server:
    """A server in the good state, to be broken."""
    return session_postgres.in_state(make_good)


@pytest.fixture
def steady(server: Server) -> Server:
    """A server in the good state, for tests that leave it so; a role's own rights do not count."""
    return server


def test_common_name_is_not_a_name(server: Server, authority: Authority) -> None:
    server.set_certificate(authority.issue(["127.0.0.1"], alternative=False))
    with pytest.raises(ClaimFalse, match="the certificate has no subjectAltName: browsers do not look at the common"):
        judge("postgres.tls", resource(server.dsn()))
    server.set_certificate(authority.issue(["127.0.0.1"]))
    assert judge("postgres.tls", resource(server.dsn())).text


def test_every_check_passes_on_a_good_database(steady: Server) -> None:
    shop = resource(steady.dsn())
    assert faults(shop) == {}
    version = read("postgres_facts", shop).session.version
    assert re.fullmatch(
        rf"from the runner, shop on 127\.0\.0\.1:{steady.port}/shop: PostgreSQL {re.escape(version)} answered SELECT 1 "
        r"in \d+\.\d ms",
        judge("postgres.connects", shop).text,
    )
    assert judge("postgres.role", shop) == Evidence(
        "shop: no administrator's right; member of no role; owner of schema app"
    )


def test_facts_are_those_of_psql(server: Server) -> None:
    server.admin("CREATE ROLE readers ROLE shop")
    server.admin("GRANT EXECUTE ON FUNCTION pg_read_file(text) TO readers")

    def asked(query: str) -> list[str]:
        done = subprocess.run(["psql", server.dsn(), "-Atc", query], capture_output=True, text=True, check=True)
        return done.stdout.splitlines()

    session = read("postgres_facts", resource(server.dsn())).session
    assert [session.version, str(session.version_number)] == [
        *asked("SHOW server_version"),
        *asked("SHOW server_version_num"),
    ]
    assert [session.server_tls.protocol] == asked("SELECT version FROM pg_stat_ssl WHERE pid = pg_backend_pid()")
    milliseconds = {"log_min_duration_statement", "log_min_duration_sample"}
    for name, value in session.settings.items():
        (shown,) = asked(f"SHOW {name}")
        assert value == shown or name in milliseconds
    assert session.rights == ("EXECUTE on pg_read_file(text)",)
    assert asked("SELECT has_function_privilege('pg_read_file(text)', 'EXECUTE')") == ["t"]
    assert asked("SELECT has_function_privilege('pg_read_binary_file(text)', 'EXECUTE')") == ["f"]
    assert [each.name for each in session.roles] == ["shop", "readers"]


def test_connects_with_a_wrong_password(steady: Server) -> None:
    shop = resource(steady.dsn().replace(steady.passwords["shop"], "swordfish"))
    words = 'password authentication failed for user "shop"'
    found = faults(shop)
    assert found.pop("postgres.connects") == words
    assert found == dict.fromkeys(CHECKS[1:], f"could not verify: no session was opened: {words}")
    assert "swordfish" not in str(found)


@pytest.mark.parametrize(
    ("user", "database", "words"),
    [
        ("shop", "shpo", 'database "shpo" does not exist'),
        ("nobody", "shop", "fe_sendauth: no password supplied"),
    ],
)
def test_connects_to_what_is_not_there(steady: Server, user: str, database: str, words: str) -> None:
    with pytest.raises(ClaimFalse) as failure:
        judge("postgres.connects", resource(steady.dsn(user=user, database=database)))
    assert (failure.value.expected, failure.value.seen) == (
        f"a session at 127.0.0.1:{steady.port}/{database}",
        words,
    )


def test_every_check_passes_on_a_database_without_encoding(steady: Server) -> None:
    steady.admin("CREATE DATABASE bytes TEMPLATE template0 ENCODING 'SQL_ASCII'")
    assert faults(resource(steady.dsn(database="bytes"))) == {}


def test_connects_where_the_address_is_not_let_in(server: Server) -> None:
    server.set_hba("hostssl all all 192.0.2.0/24 scram-sha-256")
    with pytest.raises(ClaimFalse, match=r'seen: no pg_hba\.conf entry for host "127\.0\.0\.1"'):
        judge("postgres.connects", resource(server.dsn()))


def test_database_down() -> None:
    port = free_port()
    for id in CHECKS:
        with pytest.raises(Unreachable) as failure:
            judge(id, resource(f"postgresql://shop:swordfish@127.0.0.1:{port}/shop"))
        assert failure.value.reason == f"no connection to 127.0.0.1:{port}/shop: Connection refused"
        assert not failure.value.transient


def test_no_such_host() -> None:
    with pytest.raises(Unreachable, match=r"no connection to db\.invalid/shop: failed to resolve host 'db\.invalid'"):
        judge("postgres.connects", resource("postgresql://shop:swordfish@db.invalid/shop"))


def test_no_such_socket(tmp_path: Path) -> None:
    with pytest.raises(Unreachable, match=r"no connection to .*: No such file or directory$"):
        judge("postgres.connects", resource(f"postgresql:///shop?host={tmp_path}&user=shop"))


def test_silent_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(facts, "CONNECT_SECONDS", 2)
    with SilentServer() as silent, pytest.raises(Unreachable) as failure:
        judge("postgres.connects", resource(f"postgresql://shop@127.0.0.1:{silent.port}/shop"))
    assert failure.value.reason == f"127.0.0.1:{silent.port}/shop opened no session within 2 s"


def test_resetting_server() -> None:
    with FlakyServer(resets=99) as flaky, pytest.raises(CouldNotVerify) as failure:
        judge("postgres.connects", resource(f"postgresql://shop@127.0.0.1:{flaky.port}/shop?sslmode=require"))
    assert failure.value.transient
    # A pooler ends the sessions of one of its databases so, and serves the others.
    assert type(failure.value) is CouldNotVerify


def test_server_that_falls_silent(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(facts, "SESSION_SECONDS", 0.5)
    server.set_hba(WITHOUT_TLS)
    with Relay(server.port, silent_at=b"SELECT 1") as relay, pytest.raises(CouldNotVerify) as failure:
        judge("postgres.connects", relayed(relay, server.dsn(sslmode="disable")))
    # A pooler waits so for one of its databases, and answers for the others.
    assert type(failure.value) is CouldNotVerify
    assert failure.value.reason == f"127.0.0.1:{relay.port}/shop opened a session and did not answer within 0.5 s"


def test_a_certificate_that_may_not_be_read_says_nothing_of_the_server(server: Server, tmp_path: Path) -> None:
    (tmp_path / "client.crt").touch()
    dsn = f"{server.dsn(sslmode='require')}&sslcert={tmp_path}/client.crt"
    with pytest.raises(CouldNotVerify, match=r"could not read certificate file") as failure:
        judge("postgres.connects", resource(dsn))
    assert type(failure.value) is CouldNotVerify


@pytest.mark.parametrize("at", [b"SELECT 1", b"FROM pg_roles"])
def test_server_that_breaks_off(server: Server, at: bytes) -> None:
    server.set_hba(WITHOUT_TLS)
    with Relay(server.port, closed_at=at) as relay, pytest.raises(CouldNotVerify) as failure:
        judge("postgres.connects", relayed(relay, server.dsn(sslmode="disable")))
    place, words = f"127.0.0.1:{relay.port}/shop", "server closed the connection unexpectedly"
    assert failure.value.reason == f"the session at {place} ended early: {words}"
    assert failure.value.transient


@pytest.mark.parametrize(
    "dsn",
    [
        "postgresql://shop:sword@fish@127.0.0.1/shop",
        "postgresql://shop:sword@[fish@127.0.0.1/shop",
        "postgresql://shop:1/swordfish@127.0.0.1/shop",
        "postgresql://shop:1?swordfish@127.0.0.1/shop",
        "postgresql://shop:sword%fish@127.0.0.1/shop",
        "postgresql://shop:sword fish@127.0.0.1/shop",
        "postgresql://127.0.0.1/shop?user=shop&password=sword@fish",
        "postgresql://shop@127.0.0.1:swordfish/shop",
        "postgresql://shop@127.0.0.1/shop?port=swordfish",
        "postgresql://shop@127.0.0.1/shop?service=swordfish",
    ],
)
def test_a_connection_string_that_can_be_read_in_two_ways(dsn: str) -> None:
    with pytest.raises(ValidationError) as failure:
        resource(dsn)
    (error,) = failure.value.errors()
    assert re.search(r"percent-encoded|the runner's|from 1 to 65535", error["msg"])
    assert "fish" not in error["msg"]


def test_passwords_that_need_no_escape_are_as_psql_takes_them(server: Server) -> None:
    for password in ("p:q", "p#q", 'p^|<>{}`"\\q', "p[q]", "pässwört", "p%40%2F%3Fq"):
        server.admin(f"ALTER ROLE postgres PASSWORD '{unquote(password)}'")
        dsn = server.dsn(user="postgres").replace(server.passwords["postgres"], password)
        command = ["psql", dsn, "-Atc", "SELECT 1"]
        assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == "1\n"
        assert judge("postgres.connects", resource(dsn))


def test_an_option_that_libpq_does_not_know() -> None:
    for query, words in {
        "ssl=swordfish&schema=public": "it has no option ssl or schema",
        "password=sword&fish": "it must be a URL with libpq's options",
        "password=sword&fish=x": "it must be a URL with libpq's options",
    }.items():
        with pytest.raises(CouldNotVerify) as failure:
            judge("postgres.connects", resource(f"postgresql://shop:swordfish@127.0.0.1/shop?{query}"))
        assert failure.value.reason.startswith(f"libpq does not understand the connection string of 'shop': {words}")
        assert "fish" not in failure.value.reason
        assert failure.value.__suppress_context__ or failure.value.__context__ is None


@pytest.mark.parametrize(
    ("dsn", "words"),
    [
        ("host=db user=shop password=swordfish", "is made of names and values"),
        ("jdbc:postgresql://db/shop?user=shop&password=swordfish", "is JDBC's: write postgresql://user@host/name"),
        ("postgresql+psycopg2://shop:swordfish@db/shop", "names a driver after a + in its scheme"),
        ("DATABASE_URL=postgresql://shop:swordfish@db/shop", "begins with the name of a variable and ="),
        ("export DATABASE_URL='postgresql://shop:swordfish@db/shop'", "begins with the name of a variable and ="),
        ("A=1\nDATABASE_URL=postgresql://shop:swordfish@db/shop", "has several lines"),
        ('"postgresql://shop:swordfish@db/shop"', "stands in quotes"),
        ("\ufeffpostgresql://shop:swordfish@db/shop", "begins with a byte order mark"),
        ("postgresql://shop:swordfish@db/shop \n", "has blanks or line ends at its ends"),
        (" postgresql://shop:swordfish@db/shop", "has blanks or line ends at its ends"),
        ("psql postgresql://shop:swordfish@db/shop", "begins with a command"),
        ("postgresql://:swordfish@db/shop", "names no user, and that of the account that runs pytest"),
        ("postgresql:///shop?host=db", "names no user"),
    ],
)
def test_a_connection_string_that_is_none_is_told_by_its_kind(dsn: str, words: str) -> None:
    with pytest.raises(ValidationError) as failure:
        resource(dsn)
    (error,) = failure.value.errors()
    assert error["msg"].startswith(f"Value error, the connection string {words}")
    assert "fish" not in error["msg"]
    if words != "is made of names and values":
        assert Database.model_of({"dsn": dsn}) is Postgres


def test_a_scheme_in_capitals(steady: Server) -> None:
    assert judge("postgres.connects", resource(steady.dsn().replace("postgresql", "POSTGRES")))


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ("sslmode=bogus", 'libpq opened no session at .*: invalid sslmode value: "bogus"'),
        ("require_auth=password", "libpq opened no session at .*: server requested SASL authentication"),
        ("target_session_attrs=standby", "libpq opened no session at .*: server is not in hot standby mode"),
        (
            "options=-c%20foo%3Dbar",
            "refused the session, and its words do not say .*: unrecognized configuration parameter",
        ),
    ],
)
def test_what_says_nothing_of_the_login_is_no_refusal_of_it(steady: Server, options: str, reason: str) -> None:
    dsn = steady.dsn().replace("sslmode=verify-full", options) if "sslmode" in options else f"{steady.dsn()}&{options}"
    shop = resource(dsn)
    for id in CHECKS:
        with pytest.raises(CouldNotVerify, match=reason) as failure:
            judge(id, shop)
        assert type(failure.value) is CouldNotVerify


def test_a_mode_that_libpq_does_not_know_lacks_no_authority(steady: Server) -> None:
    dsn = steady.dsn(sslmode="verify_full").partition("&sslrootcert")[0]
    with pytest.raises(CouldNotVerify, match='invalid sslmode value: "verify_full"'):
        judge("postgres.connects", resource(dsn))


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        ("no more connections allowed (max_client_conn)", CouldNotVerify),
        ("server login has been failing, try again later (server_login_retry)", CouldNotVerify),
        ("MaxClientsInSessionMode: max clients reached", CouldNotVerify),
        ("the database system is starting up", CouldNotVerify),
        ("authentification par mot de passe échouée", CouldNotVerify),
        ("no such user: shop", ClaimFalse),
        ('database "shop" is not currently accepting connections', ClaimFalse),
        ('too many connections for database "shop"', ClaimFalse),
    ],
)
def test_what_a_refusal_says(words: str, kind: type[Exception]) -> None:
    class Refusing(SilentServer):
        def _serve(self, connection: socket.socket, number: int) -> None:
            connection.recv(1000)
            fields = b"SFATAL\0VFATAL\0C08P01\0M" + words.encode() + b"\0\0"
            connection.sendall(b"E" + struct.pack("!I", len(fields) + 4) + fields)

    with Refusing() as server, pytest.raises((ClaimFalse, CouldNotVerify), match=re.escape(words)) as failure:
        judge("postgres.connects", resource(f"postgresql://shop@127.0.0.1:{server.port}/shop?sslmode=disable"))
    assert type(failure.value) is kind


def test_a_pooler_that_is_silent_about_one_database(steady: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(facts, "CONNECT_SECONDS", 2)
    with Relay(steady.port, silent_at=b"user\0shop\0") as relay, pytest.raises(CouldNotVerify) as failure:
        judge("postgres.connects", relayed(relay, steady.dsn(sslmode="disable")))
    assert failure.value.reason == f"127.0.0.1:{relay.port}/shop opened no session within 2 s"
    assert type(failure.value) is CouldNotVerify


@pytest.mark.parametrize("hosts", ["127.0.0.1:{dead},127.0.0.1:{port}", "127.0.0.1:{port},127.0.0.1:{dead}"])
def test_several_hosts(steady: Server, hosts: str) -> None:
    hosts = hosts.format(dead=free_port(), port=steady.port)
    shop = resource(steady.dsn().replace(f"127.0.0.1:{steady.port}", hosts))
    evidence = judge("postgres.connects", shop)
    assert f"shop on {hosts}/shop: " in evidence.text
    for id in CHECKS:
        assert judge(id, shop).warning.endswith(
            f"of the servers in the connection string only 127.0.0.1:{steady.port} was looked at"
        )


def test_the_same_host_twice_is_one(steady: Server) -> None:
    twice = f"127.0.0.1:{steady.port},127.0.0.1:{steady.port}"
    assert not judge("postgres.role", resource(steady.dsn().replace(f"127.0.0.1:{steady.port}", twice))).warning


def test_several_hosts_of_which_one_does_without_tls(steady: Server) -> None:
    with Server(None, hba=[WITHOUT_TLS]) as other:
        hosts = f"127.0.0.1:{steady.port},127.0.0.1:{other.port}"
        with pytest.raises(ClaimFalse, match=rf"without TLS asked for a password at 127\.0\.0\.1:{other.port}: "):
            judge("postgres.tls", resource(steady.dsn().replace(f"127.0.0.1:{steady.port}", hosts)))


def test_a_name_of_several_addresses_of_which_one_does_without_tls(
    steady: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = socket.getaddrinfo

    def several(host: str, *arguments: Any, **options: Any) -> Any:
        names = ["127.0.0.1", "127.0.0.2"] if host == "localhost" else [host]
        return [found for name in names for found in asked(name, *arguments, **options)]

    # What a name leads to, the machine's administrator says.
    monkeypatch.setattr(socket, "getaddrinfo", several)
    shop = resource(steady.dsn(sslmode="require").replace("@127.0.0.1", "@localhost"))
    assert not judge("postgres.tls", shop).warning
    with socket.create_server(("127.0.0.2", steady.port)), monkeypatch.context() as patched:
        patched.setattr(facts, "CONNECT_SECONDS", 2)
        warning = judge("postgres.tls", shop).warning
        assert warning == f"no answer to a connection without TLS at 127.0.0.2:{steady.port}"
    monkeypatch.setattr(postgres, "free_port", lambda: steady.port)
    with (
        Server(None, hba=["host all all all trust"], settings={"listen_addresses": "127.0.0.2"}),
        pytest.raises(ClaimFalse, match=rf"without TLS let in at 127\.0\.0\.2:{steady.port}"),
    ):
        judge("postgres.tls", shop)


def test_several_hosts_that_are_all_dead() -> None:
    pair = f"127.0.0.1:{free_port()},127.0.0.1:{free_port()}"
    with pytest.raises(Unreachable, match=f"no connection to {pair}/shop: Connection refused"):
        judge("postgres.connects", resource(f"postgresql://shop@{pair}/shop"))


@pytest.mark.parametrize("row", [PostgresFlood.ROWS, PostgresFlood.ROW], ids=["rows", "row"])
def test_a_server_that_answers_without_end_takes_no_memory(row: bytes) -> None:
    before = getrusage(RUSAGE_CHILDREN).ru_maxrss
    with PostgresFlood(row) as server, pytest.raises(CouldNotVerify) as failure:
        judge("postgres.connects", resource(f"postgresql://shop@127.0.0.1:{server.port}/shop?sslmode=disable"))
    assert failure.value.reason == (
        f"127.0.0.1:{server.port}/shop answered with more than it may: 64 MiB are read at most"
    )
    assert max(before, 250 * 1024) >= getrusage(RUSAGE_CHILDREN).ru_maxrss


def test_without_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(CouldNotVerify) as failure:
        judge("postgres.connects", resource("postgresql://shop@127.0.0.1/shop"))
    assert failure.value.reason == "postgres_facts needs the extra postgres: pip install 'pytest-readiness[postgres]'"


def test_nothing_can_be_written_and_nothing_stays(server: Server) -> None:
    server.set("log_statement", "all")
    read("postgres_facts", resource(server.dsn()))
    statements = re.findall(r"LOG:  (?:statement|execute .*?): *(\w+.*)", server.log())
    session = statements[statements.index("BEGIN ISOLATION LEVEL READ COMMITTED READ ONLY") :]
    assert session[1].startswith("SET LOCAL ")
    assert session[-1] == "ROLLBACK"
    assert {line.split()[0] for line in session} <= {"BEGIN", "SET", "SELECT", "SAVEPOINT", "RELEASE", "ROLLBACK"}


@pytest.mark.parametrize(
    ("hba", "seen"),
    [
        (WITHOUT_TLS, r"TLSv1\.3, but without TLS asked for a password: fe_sendauth: no password supplied"),
        ("host all all 127.0.0.1/32 trust", r"TLSv1\.3, but without TLS let in"),
    ],
    ids=["scram", "trust"],
)
def test_tls_not_enforced(server: Server, hba: str, seen: str) -> None:
    server.set_hba(hba)
    found = faults(resource(server.dsn()))
    assert list(found) == ["postgres.tls"]
    assert re.fullmatch(seen, found["postgres.tls"])


@pytest.mark.parametrize(
    ("hba", "words"),
    [
        ((), r"no pg_hba\.conf entry for host .*"),
        (("hostnossl all all all reject",), r"pg_hba\.conf rejects connection for host .*"),
    ],
    ids=["no line", "rejected"],
)
def test_tls_enforced(server: Server, hba: tuple[str, ...], words: str) -> None:
    server.set_hba(*hba, "hostssl all all 127.0.0.1/32 scram-sha-256")
    evidence = judge("postgres.tls", resource(server.dsn()))
    expected = rf"TLSv1\.3, TLS_\w+; without TLS refused: {words}; the certificate's authority and name verified"
    assert re.fullmatch(expected, evidence.text)
    assert not evidence.warning


def test_tls_off(server: Server) -> None:
    server.set("ssl", "off")
    server.set_hba(WITHOUT_TLS)
    assert faults(resource(server.dsn(sslmode="prefer"))) == {"postgres.tls": "a session without TLS (sslmode=prefer)"}
    words = "server does not support SSL, but SSL was required"
    unread = f"could not verify: no session was opened: {words}"
    assert faults(resource(server.dsn(sslmode="require"))) == {
        **dict.fromkeys(CHECKS, unread),
        "postgres.connects": words,
        "postgres.tls": words,
    }


def test_tls_with_a_declared_authority(steady: Server, authority: Authority) -> None:
    bare = steady.dsn().partition("?")[0]
    for options, what in {
        "": "authority and name",
        "?sslmode=verify-ca": "authority",
        "?sslmode=require": "authority",
    }.items():
        evidence = judge("postgres.tls", resource(f"{bare}{options}", ca=authority.ca_file))
        assert evidence.text.endswith(f"; the certificate's {what} verified")


def test_tls_with_another_authority(steady: Server, tmp_path: Path) -> None:
    shop = resource(steady.dsn().partition("?")[0], ca=Authority(tmp_path / "other").ca_file)
    with pytest.raises(ClaimFalse) as failure:
        judge("postgres.tls", shop)
    said = "the server's certificate is not trusted (no path leads to the trust store: an intermediate was not sent"
    assert failure.value.seen.startswith(said)
    with pytest.raises(CouldNotVerify, match="no session was opened: the server's certificate is not trusted"):
        judge("postgres.role", shop)


def test_tls_with_another_name(server: Server, authority: Authority) -> None:
    server.set_certificate(authority.issue(["db.example.com"]))
    with pytest.raises(ClaimFalse, match="the certificate is not for this name"):
        judge("postgres.tls", resource(server.dsn()))


def test_tls_not_verified(steady: Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    evidence = judge("postgres.tls", resource(f"{steady.dsn().partition('?')[0]}?sslmode=require"))
    assert evidence.warning == "the server's certificate is not verified (sslmode=require): declare ca"


@pytest.mark.parametrize("sslmode", ["prefer", "allow"])
def test_tls_with_an_authority_and_a_mode_that_does_not_insist_on_it(
    steady: Server, authority: Authority, tmp_path: Path, sslmode: str
) -> None:
    dsn = f"{steady.dsn().partition('?')[0]}?sslmode={sslmode}"
    assert judge("postgres.tls", resource(dsn, ca=authority.ca_file)).warning == (
        f"the server's certificate is not verified (sslmode={sslmode}): write sslmode=verify-full, or leave sslmode out"
    )
    with pytest.raises(ClaimFalse, match="the server's certificate is not trusted"):
        judge("postgres.tls", resource(dsn, ca=Authority(tmp_path / "other").ca_file))


def test_tls_asked_for_a_password_only_where_it_was(server: Server) -> None:
    server.set_hba("hostnossl all all 127.0.0.1/32 ident", "hostssl all all 127.0.0.1/32 scram-sha-256")
    seen = 'TLSv1.3, but without TLS refused only the login: Ident authentication failed for user "shop"'
    assert faults(resource(server.dsn())) == {"postgres.tls": seen}


def test_the_servers_message_is_told_without_its_details(server: Server) -> None:
    server.set_hba(WITHOUT_TLS)
    fields = b"SERROR\0VERROR\0C0A000\0Mcannot do that\0Dbecause of a DETAIL:  of it\0\0"
    answer = b"E" + struct.pack("!I", len(fields) + 4) + fields + b"Z\0\0\0\5I"

    class Detailed(Relay):
        def _serve(self, connection: socket.socket, number: int) -> None:
            connection.recv(65536)
            connection.sendall(b"R\0\0\0\x08\0\0\0\0Z\0\0\0\5I")
            while connection.recv(65536):
                connection.sendall(answer)

    with Detailed(server.port) as relay, pytest.raises(CouldNotVerify) as failure:
        judge("postgres.connects", relayed(relay, server.dsn(sslmode="disable")))
    assert failure.value.reason == f"the session at 127.0.0.1:{relay.port}/shop ended early: cannot do that"


def test_tls_with_an_authority_that_is_not_there(steady: Server, tmp_path: Path) -> None:
    with pytest.raises(CouldNotVerify, match=r"cannot be verified: root certificate file .* does not exist"):
        judge("postgres.tls", resource(steady.dsn().partition("?")[0], ca=tmp_path / "ca.pem"))


def test_tls_over_a_unix_socket(steady: Server) -> None:
    shop = resource(f"postgresql://postgres@/shop?host={quote(str(steady.directory))}&port={steady.port}")
    assert judge("postgres.connects", shop)
    with pytest.raises(NotDeclared, match="shop is reached over a unix socket"):
        judge("postgres.tls", shop)


def test_tls_that_ends_on_the_way(server: Server, authority: Authority) -> None:
    server.set_hba(WITHOUT_TLS)
    certificate = authority.issue()
    ending = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ending.load_cert_chain(certificate.chain, certificate.key)
    with (
        Relay(server.port, tls=ending) as relay,
        pytest.raises(ClaimFalse, match="the server's side of the session is without TLS"),
    ):
        judge("postgres.tls", relayed(relay, server.dsn()))


def test_tls_refused_without_a_word(steady: Server) -> None:
    with (
        Relay(steady.port, closed_at=b"user\0shop\0") as relay,
        pytest.raises(CouldNotVerify, match="without TLS ended neither in a session nor in a refusal: server closed"),
    ):
        judge("postgres.tls", relayed(relay, steady.dsn()))


def test_tls_sends_no_password_in_clear(server: Server) -> None:
    server.set_hba("host all all 127.0.0.1/32 password")
    password = server.passwords["shop"]
    with Relay(server.port) as relay, pytest.raises(ClaimFalse, match="without TLS asked for a password"):
        judge("postgres.tls", relayed(relay, server.dsn()))
    assert b"user\0shop\0" in relay.sent
    assert password.encode() not in relay.sent


def test_tls_with_an_authority_that_only_the_runner_knows(steady: Server) -> None:
    dsn = f"{steady.dsn().partition('?')[0]}?sslmode=verify-full"
    with pytest.raises(CouldNotVerify, match="asks for sslmode=verify-full and names no authority: declare ca"):
        judge("postgres.tls", resource(dsn))


def test_tls_by_the_authorities_of_this_machine(steady: Server) -> None:
    dsn = f"{steady.dsn().partition('?')[0]}?sslrootcert=system"
    with pytest.raises(ClaimFalse, match="no path leads to the trust store"):
        judge("postgres.tls", resource(dsn))


def test_version_supported_until_its_last_day(steady: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    shop = resource(steady.dsn())
    session = read("postgres_facts", shop).session
    major = session.version_number // 10000
    last = checks.END_OF_SUPPORT[major]
    monkeypatch.setenv("READINESS_NOW", f"{last}T23:59:59Z")
    text = f"PostgreSQL {session.version}, supported until {last}"
    assert judge("postgres.version_supported", shop) == Evidence(text)
    monkeypatch.setenv("READINESS_NOW", f"{last.replace(day=last.day + 1)}")
    with pytest.raises(ClaimFalse) as failure:
        judge("postgres.version_supported", shop)
    assert failure.value.seen == text
    assert failure.value.expected == f"PostgreSQL {major + 1} or later on {last.replace(day=last.day + 1)}"
    evidence = judge("postgres.version_supported", shop, min_major=major)
    assert evidence == Evidence(text, warning="its developers do not support it, as far as this catalogue knows")
    with pytest.raises(ClaimFalse, match=f"expected PostgreSQL {major + 1} or later"):
        judge("postgres.version_supported", shop, min_major=major + 1)


def test_version_supported_of_other_versions(steady: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("READINESS_NOW", "2026-01-01")
    seen = read("postgres_facts", resource(steady.dsn()))

    def judged(version: str, number: int) -> Evidence:
        session = replace(seen.session, version=version, version_number=number)
        return checks.version_supported(replace(seen, session=session))

    for version in ("18.1", "18.1 (Debian 18.1-1.pgdg13+2)", "18.1 - Percona Server for PostgreSQL 18.1.1"):
        assert judged(version, 180001).warning == ""
    for version in ("18.1-YB-2026.1.0.0-b0", "18.1.4"):
        with pytest.raises(CouldNotVerify, match=f"calls its version '{version}', which is none of PostgreSQL's"):
            judged(version, 180001)
    assert checks.version_supported(seen, min_major=1)
    assert judged("19.1", 190001).warning == "its developers do not support it, as far as this catalogue knows"
    for version, number in {"12.22": 120022, "9.6.24": 90624}.items():
        with pytest.raises(
            ClaimFalse, match=f"expected PostgreSQL 14 or later on 2026-01-01; seen: PostgreSQL {version}"
        ):
            judged(version, number)
    for version in ("19beta2", "18rc1", "20devel"):
        with pytest.raises(ClaimFalse, match=f"expected a released version; seen: PostgreSQL {version}"):
            judged(version, 190000)
    monkeypatch.setenv("READINESS_NOW", "2040-01-01")
    with pytest.raises(ClaimFalse, match="expected PostgreSQL 19 or later on 2040-01-01"):
        judged("18.1", 180001)


def test_connections_up_to_the_last_one(server: Server) -> None:
    shop = resource(server.dsn())
    with ExitStack() as stack:

        def open_sessions(count: int, user: str) -> None:
            for _ in range(count):
                stack.enter_context(psycopg.connect(server.dsn(user=user)))

        open_sessions(15, "postgres")
        text = "16 of 20 in use, with this run's own (80.0 %); 3 of 23 are reserved"
        assert judge("postgres.connections", shop) == Evidence(text)
        with pytest.raises(ClaimFalse, match=r"expected at most 79\.9 % of the connections in use; seen: 16 of 20"):
            judge("postgres.connections", shop, max_used_pct=79.9)
        open_sessions(1, "shop")
        assert faults(shop) == {
            "postgres.connections": "17 of 20 in use, with this run's own (85.0 %); 3 of 23 are reserved"
        }
        server.admin("GRANT pg_monitor TO shop")
        assert faults(shop) == {
            "postgres.connections": "17 of 20 in use, with this run's own (85.0 %); 3 of 23 are reserved"
        }
        open_sessions(4, "shop")
        words = "remaining connection slots are reserved for"
        with pytest.raises(ClaimFalse, match=f"expected at most 80 % of the connections in use; seen: {words}"):
            judge("postgres.connections", shop)
        with pytest.raises(ClaimFalse, match=words):
            judge("postgres.connects", shop)


@pytest.mark.parametrize(
    ("sql", "seen"),
    [
        ("ALTER ROLE {} SUPERUSER", "SUPERUSER"),
        ("ALTER ROLE {} CREATEDB", "CREATEDB"),
        ("ALTER ROLE {} CREATEROLE", "CREATEROLE"),
        ("ALTER ROLE {} REPLICATION", "REPLICATION"),
        ("ALTER ROLE {} BYPASSRLS", "BYPASSRLS"),
        ("CREATE ROLE boss_{0} CREATEDB ROLE {0}", "CREATEDB by membership in boss_{}"),
        (
            "CREATE ROLE boss_{0} CREATEDB BYPASSRLS; CREATE ROLE middle_{0} ROLE {0}; GRANT boss_{0} TO middle_{0}",
            "CREATEDB by membership in boss_{0}, BYPASSRLS by membership in boss_{0}",
        ),
        ("GRANT pg_read_server_files TO {}", "its rights by membership in pg_read_server_files"),
        ("GRANT pg_write_server_files TO {}", "its rights by membership in pg_write_server_files"),
        ("GRANT pg_signal_backend TO {}", "its rights by membership in pg_signal_backend"),
        ("GRANT pg_checkpoint TO {}", "its rights by membership in pg_checkpoint"),
        ("GRANT EXECUTE ON FUNCTION pg_read_file(text) TO {}", "EXECUTE on pg_read_file(text)"),
        (
            "CREATE ROLE group_{0} ROLE {0}; ALTER ROLE {0} NOINHERIT; GRANT EXECUTE ON FUNCTION lo_import(text) TO "
            "group_{0}",
            "EXECUTE on lo_import(text)",
        ),
        ("GRANT SELECT ON pg_authid TO {}", "SELECT on pg_authid"),
        ("GRANT SELECT (rolname, rolpassword) ON pg_authid TO {}", "SELECT on pg_authid"),
        ("GRANT ALTER SYSTEM ON PARAMETER archive_command TO {}", "ALTER SYSTEM on archive_command"),
        ("GRANT SET ON PARAMETER session_preload_libraries TO {}", "SET on session_preload_libraries"),
        ("GRANT pg_execute_server_program TO {}", "its rights by membership in pg_execute_server_program"),
        ("CREATE ROLE rds_superuser ROLE {}", "its rights by membership in rds_superuser"),
        ("CREATE ROLE rds_replication ROLE {}", "its rights by membership in rds_replication"),
        ("CREATE DATABASE of_{0} OWNER {0}", "owner of database of_{}"),
        ("CREATE ROLE owner_{0} ROLE {0}; CREATE DATABASE of_{0} OWNER owner_{0}", "owner of database of_{}"),
    ],
)
def test_role_with_one_right_too_many(steady: Server, request: pytest.FixtureRequest, sql: str, seen: str) -> None:
    role = f"role_{request.node.callspec.indices['sql']}"
    steady.passwords[role] = "x" * 12
    steady.admin(f"CREATE ROLE {role} LOGIN PASSWORD '{steady.passwords[role]}'")
    shop = resource(steady.dsn(user=role))
    assert (
        judge("postgres.role", shop).text == f"{role}: no administrator's right; member of no role; owner of no schema"
    )
    for statement in sql.format(role).split("; "):
        steady.admin(statement)
    assert faults(shop) == {"postgres.role": f"{role}: {seen.format(role)}"}


@pytest.mark.parametrize(
    ("made", "undone", "seen"),
    [
        ("GRANT ALL ON SCHEMA pg_catalog TO shop", "", "CREATE on schema pg_catalog"),
        ("ALTER SCHEMA information_schema OWNER TO shop", "", "CREATE on schema information_schema"),
        ("ALTER VIEW pg_stat_ssl OWNER TO shop", "", "owner of pg_stat_ssl"),
        ("ALTER FUNCTION pg_backend_pid() OWNER TO shop", "", "owner of pg_backend_pid()"),
        ("UPDATE pg_language SET lanpltrusted = true WHERE lanname = 'c'", "", "USAGE on language c"),
        ("CREATE TABLESPACE made OWNER shop LOCATION '{}'", "DROP TABLESPACE made", "owner of tablespace made"),
        (
            "CREATE FUNCTION made() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END'; CREATE EVENT TRIGGER made "
            "ON ddl_command_start EXECUTE FUNCTION made(); ALTER EVENT TRIGGER made OWNER TO shop",
            "DROP EVENT TRIGGER made",
            "owner of event trigger made",
        ),
        (
            "CREATE PUBLICATION made FOR ALL TABLES; ALTER PUBLICATION made OWNER TO shop",
            "",
            "owner of publication made of all tables",
        ),
        (
            "CREATE PUBLICATION made FOR TABLES IN SCHEMA app; ALTER PUBLICATION made OWNER TO shop",
            "",
            "owner of publication made of all tables in a schema",
        ),
        (
            "CREATE FUNCTION app.made(text) RETURNS text AS '$libdir/citext', 'citext_hash' LANGUAGE c; "
            "ALTER FUNCTION app.made(text) OWNER TO shop",
            "",
            "owner of app.made(text) in language c",
        ),
        (
            "CREATE LANGUAGE made HANDLER plpgsql_call_handler; ALTER LANGUAGE made OWNER TO shop",
            "",
            "owner of language made",
        ),
        (
            "CREATE SUBSCRIPTION made CONNECTION 'port=1' PUBLICATION x WITH (connect = false); "
            "ALTER SUBSCRIPTION made OWNER TO shop",
            "ALTER SUBSCRIPTION made SET (slot_name = NONE); DROP SUBSCRIPTION made",
            "owner of subscription made",
        ),
        (
            "CREATE FOREIGN DATA WRAPPER made; ALTER FOREIGN DATA WRAPPER made OWNER TO shop",
            "",
            "owner of foreign data wrapper made",
        ),
    ],
)
def test_role_that_has_what_only_administrators_make(server: Server, made: str, undone: str, seen: str) -> None:
    folder = server.directory / "space"
    folder.mkdir(exist_ok=True)
    shutil.chown(folder, server.directory.owner(), server.directory.group())
    server.admin("ALTER ROLE shop SUPERUSER")
    for statement in made.format(folder).split("; "):
        server.admin(statement)
    # What it made is still its own.
    server.admin("ALTER ROLE shop NOSUPERUSER")
    try:
        assert faults(resource(server.dsn())) == {"postgres.role": f"shop: {seen}"}
    finally:
        for statement in filter(None, undone.split("; ")):
            server.admin(statement)


def test_role_that_has_what_anybody_may_make(server: Server) -> None:
    server.admin("CREATE PUBLICATION made")
    server.admin("GRANT CREATE ON DATABASE shop TO shop")
    server.admin("ALTER PUBLICATION made OWNER TO shop")
    server.admin("CREATE EXTENSION pgcrypto SCHEMA app")
    server.admin(
        "SET SESSION AUTHORIZATION shop; CREATE AGGREGATE app.total(int) (SFUNC = int4pl, STYPE = int); "
        "CREATE TYPE app.span AS RANGE (subtype = float8); CREATE FUNCTION app.one() RETURNS int RETURN 1; "
        "CREATE EXTENSION citext SCHEMA app"
    )
    server.admin("GRANT SET ON PARAMETER work_mem TO shop")
    assert faults(resource(server.dsn())) == {}
    server.admin("GRANT ALTER SYSTEM ON PARAMETER work_mem TO shop")
    assert faults(resource(server.dsn())) == {"postgres.role": "shop: ALTER SYSTEM on work_mem"}


def test_role_of_many_groups_names_some(server: Server) -> None:
    server.admin("DO $$BEGIN FOR n IN 1001..1030 LOOP EXECUTE format('CREATE ROLE g%s ROLE shop', n); END LOOP; END$$")
    text = judge("postgres.role", resource(server.dsn())).text
    assert text.endswith("g1019, g1020, 10 more; owner of schema app")


def test_the_servers_own_catalogue_is_asked_whatever_the_search_path_puts_before_it(server: Server) -> None:
    server.admin("CREATE SCHEMA compat")
    for view in ("pg_roles", "pg_settings", "pg_stat_activity", "pg_stat_ssl", "pg_database", "pg_namespace"):
        server.admin(f"CREATE VIEW compat.{view} AS SELECT * FROM pg_catalog.{view} WHERE false")
    server.admin("CREATE FUNCTION compat.current_setting(text) RETURNS text LANGUAGE sql AS $$SELECT '13.1'$$")
    server.admin("GRANT USAGE ON SCHEMA compat TO shop")
    server.admin("GRANT SELECT ON ALL TABLES IN SCHEMA compat TO shop")
    server.admin("ALTER ROLE shop SET search_path = compat, pg_catalog")
    shop = resource(server.dsn())
    assert faults(shop) == {}
    server.admin("ALTER ROLE shop CREATEDB CONNECTION LIMIT 1")
    server.admin("ALTER DATABASE shop SET log_min_duration_statement = -1")
    assert faults(shop).keys() == {"postgres.connections", "postgres.role", "postgres.slow_query_log"}


def test_the_roles_own_kind_of_transaction_is_not_waited_for(server: Server) -> None:
    for setting in ("isolation = serializable", "read_only = on", "deferrable = on"):
        server.admin(f"ALTER ROLE shop SET default_transaction_{setting}")
    with psycopg.connect(server.dsn(user="postgres")) as writer:
        writer.isolation_level = psycopg.IsolationLevel.SERIALIZABLE
        writer.execute("CREATE TABLE written (n int)")
        assert faults(resource(server.dsn())) == {}
        writer.rollback()


def test_role_that_owns_its_database(server: Server) -> None:
    server.admin("ALTER DATABASE shop OWNER TO shop")
    shop = resource(server.dsn())
    expected = "shop: owner of database shop"
    assert faults(shop)["postgres.role"].startswith(expected)
    assert judge("postgres.role", shop, owns_database=True).text.endswith(
        "owner of database shop, schema app, schema public"
    )
    server.admin("ALTER DATABASE shop OWNER TO postgres")
    server.admin("ALTER SCHEMA public OWNER TO shop")
    assert faults(shop) == {"postgres.role": "shop: owner of schema public"}


def test_role_with_harmless_memberships(server: Server) -> None:
    server.admin("GRANT pg_read_all_stats TO shop")
    shop = resource(server.dsn())
    assert judge("postgres.role", shop).text == (
        "shop: no administrator's right; member of pg_read_all_stats; owner of schema app"
    )
    server.admin("GRANT pg_monitor TO shop")
    assert judge("postgres.role", shop).text.endswith("pg_stat_scan_tables; owner of schema app")


def test_role_that_may_use_what_is_reserved_for_administrators(steady: Server) -> None:
    """A role that the test's server is too old to have."""
    seen = read("postgres_facts", resource(steady.dsn()))
    roles = (*seen.session.roles, facts.Role("pg_use_reserved_connections", ()))
    with pytest.raises(ClaimFalse, match="shop: its rights by membership in pg_use_reserved_connections"):
        checks.role(replace(seen, session=replace(seen.session, roles=roles)))


def test_role_with_a_right_that_everybody_has(server: Server) -> None:
    server.admin("GRANT SELECT ON pg_shadow TO PUBLIC")
    try:
        assert faults(resource(server.dsn())) == {"postgres.role": "shop: SELECT on pg_shadow"}
        server.admin("ALTER DEFAULT PRIVILEGES GRANT EXECUTE ON FUNCTIONS TO PUBLIC")
        server.admin("CREATE EXTENSION dblink")
        server.admin("GRANT EXECUTE ON FUNCTION dblink_connect_u(text) TO PUBLIC")
        with pytest.raises(ClaimFalse, match=r"shop: EXECUTE on public.dblink_connect_u\(text\), SELECT on pg_shadow"):
            judge("postgres.role", resource(server.dsn()))
    finally:
        server.admin("REVOKE SELECT ON pg_shadow FROM PUBLIC")


def test_connections_without_what_replicas_take(server: Server) -> None:
    server.set_hba("hostssl all,replication all 127.0.0.1/32 scram-sha-256")
    shop = resource(server.dsn())
    with ExitStack() as stack:
        for _ in range(3):
            stack.enter_context(psycopg.connect(server.dsn(user="postgres"), replication="database", autocommit=True))
        assert judge("postgres.connections", shop).text.startswith("1 of 20 in use")
        server.admin("GRANT pg_monitor TO shop")
        assert judge("postgres.connections", shop).text.startswith("1 of 20 in use")


def test_connections_of_a_role_and_a_database_that_are_limited(server: Server) -> None:
    shop = resource(server.dsn())
    server.admin("ALTER DATABASE shop CONNECTION LIMIT 10")
    assert judge("postgres.connections", shop).text.endswith("; 1 of the 10 of the database shop (10.0 %)")
    server.admin("ALTER ROLE shop CONNECTION LIMIT 2")
    with psycopg.connect(server.dsn()):
        assert faults(shop)["postgres.connections"].endswith(
            "; 2 of the 10 of the database shop (20.0 %); 2 of the 2 of the role shop (100.0 %)"
        )
        with psycopg.connect(server.dsn()):
            words = 'too many connections for role "shop"'
            found = faults(shop)
    assert found["postgres.connections"] == found["postgres.connects"] == words
    server.admin("ALTER ROLE shop CONNECTION LIMIT -1")
    server.admin("ALTER DATABASE shop CONNECTION LIMIT 1")
    assert list(faults(shop)) == ["postgres.connections"]


@pytest.mark.parametrize(
    ("alter", "seen"),
    [
        ("SYSTEM SET log_min_duration_statement = -1", "log_min_duration_statement off"),
        ("SYSTEM SET log_min_duration_statement = 5001", "log_min_duration_statement 5001 ms"),
        ("ROLE shop SET log_min_duration_statement = -1", "log_min_duration_statement off"),
        ("ROLE shop IN DATABASE shop SET log_min_duration_statement = -1", "log_min_duration_statement off"),
        ("DATABASE shop SET log_min_duration_statement = '1min'", "log_min_duration_statement 60000 ms"),
        ("SYSTEM SET log_min_messages = 'fatal'", "log_min_messages fatal"),
    ],
)
def test_slow_query_log_off(server: Server, alter: str, seen: str) -> None:
    if alter.startswith("SYSTEM SET "):
        name, _, value = alter.removeprefix("SYSTEM SET ").partition(" = ")
        server.set(name, value.strip("'"))
    else:
        server.admin(f"ALTER {alter}")
    assert faults(resource(server.dsn())) == {"postgres.slow_query_log": seen}


@pytest.mark.parametrize(
    ("settings", "seen"),
    [
        ({"log_min_duration_sample": "500"}, "log_min_duration_statement off, log_min_duration_sample 500 ms"),
        ({"log_min_duration_sample": "500", "log_statement_sample_rate": "0.5"}, ""),
        ({"log_transaction_sample_rate": "1"}, "log_min_duration_statement off, log_transaction_sample_rate 1: 0 ms"),
        ({"log_statement": "all"}, ""),
        (
            {"log_statement": "all", "log_duration": "on"},
            "log_min_duration_statement off, log_statement all with log_duration: 0 ms",
        ),
    ],
)
def test_slow_query_log_by_other_settings(server: Server, settings: dict[str, str], seen: str) -> None:
    for name, value in {"log_min_duration_statement": "-1", **settings}.items():
        server.set(name, value)
    shop = resource(server.dsn())
    if seen:
        assert judge("postgres.slow_query_log", shop).text == f"{seen}; to stderr"
    else:
        assert faults(shop) == {"postgres.slow_query_log": "log_min_duration_statement off"}


@pytest.mark.parametrize(
    ("user", "options", "names"),
    [
        ("postgres", "-c log_min_duration_statement=0", "log_min_duration_statement"),
        ("shop", "-clog_min_duration_statement=0", "log_min_duration_statement"),
        ("postgres", "-c session_preload_libraries=auto_explain", "session_preload_libraries"),
        ("shop", "--session-preload-libraries=auto_explain", "session_preload_libraries"),
        ("postgres", "-c search_path=app --log-min-messages=error", "log_min_messages"),
    ],
)
def test_slow_query_log_of_this_session_alone(server: Server, user: str, options: str, names: str) -> None:
    for name in ("log_min_duration_statement", "session_preload_libraries", "log_min_messages"):
        server.admin(f"GRANT SET ON PARAMETER {name} TO shop")
    shop = resource(f"{server.dsn(user=user)}&options={quote(options)}")
    with pytest.raises(CouldNotVerify, match=rf"the session sets {names} itself \(options in the connection string"):
        judge("postgres.slow_query_log", shop)
    assert judge("postgres.connections", shop)


def test_slow_query_log_with_options_of_another_kind(steady: Server) -> None:
    assert judge("postgres.slow_query_log", resource(f"{steady.dsn()}&options=-c%20search_path%3Dapp"))


def test_slow_query_log_that_is_written_nowhere(server: Server) -> None:
    server.set("log_destination", "")
    assert faults(resource(server.dsn())) == {"postgres.slow_query_log": "log_destination is empty"}


def test_slow_query_log_limits(server: Server) -> None:
    shop = resource(server.dsn())
    assert judge("postgres.slow_query_log", shop) == Evidence(
        "log_min_duration_statement 1000 ms; to stderr",
        warning="it goes to the server's standard error, and nothing here shows whether that is kept",
    )
    judge("postgres.slow_query_log", shop, max_ms=1000)
    with pytest.raises(ClaimFalse, match="expected statements of 999 ms and more logged"):
        judge("postgres.slow_query_log", shop, max_ms=999)
    server.set("log_min_duration_statement", "0")
    assert judge("postgres.slow_query_log", shop, max_ms=0).text == "log_min_duration_statement 0 ms; to stderr"


def test_slow_query_log_kept(server: Server) -> None:
    server.set("log_destination", "syslog")
    assert judge("postgres.slow_query_log", resource(server.dsn())).warning == ""
    server.set("log_destination", "stderr")
    server.set("logging_collector", "on")
    assert judge("postgres.slow_query_log", resource(server.dsn())).warning == ""


def test_slow_query_log_by_auto_explain(server: Server) -> None:
    shop = resource(server.dsn())
    server.set("log_min_duration_statement", "-1")
    server.admin("ALTER ROLE shop SET auto_explain.log_min_duration = 2000")
    assert faults(shop) == {"postgres.slow_query_log": "log_min_duration_statement off"}
    server.set("session_preload_libraries", "auto_explain")
    evidence = judge("postgres.slow_query_log", shop)
    told = "log_min_duration_statement off, auto_explain.log_min_duration 2000 ms"
    assert evidence.text.startswith(f"{told}; ")
    missing = "auto_explain does not see COPY, VACUUM and DDL: set log_min_duration_statement for those"
    assert evidence.warning.endswith(missing)
    server.admin("ALTER ROLE shop SET auto_explain.log_level = 'warning'")
    assert judge("postgres.slow_query_log", shop).text == evidence.text
    server.set("log_min_messages", "error")
    out = f"{told} but at level warning, which log_min_messages error keeps out"
    assert faults(shop) == {"postgres.slow_query_log": out}
    server.admin("ALTER ROLE shop SET auto_explain.sample_rate = 0.5")
    sample = f"{told} but of a sample (auto_explain.sample_rate 0.5)"
    assert faults(shop) == {"postgres.slow_query_log": sample}
    server.set("log_min_duration_statement", "1000")
    assert missing not in judge("postgres.slow_query_log", shop).warning


def test_slow_query_log_by_auto_explain_of_an_old_version(server: Server) -> None:
    server.set("log_min_duration_statement", "-1")
    server.admin("ALTER ROLE shop SET auto_explain.log_min_duration = 2000")
    server.set("session_preload_libraries", "auto_explain")
    seen = read("postgres_facts", resource(server.dsn())).session
    settings = {name: value for name, value in seen.settings.items() if name != "auto_explain.log_level"}

    def judged(version: int) -> Evidence:
        return checks.slow_query_log(
            facts.PostgresFacts(replace(seen, version_number=version, settings=settings), "", "")
        )

    assert "auto_explain.log_min_duration 2000 ms" in judged(110022).text
    with pytest.raises(CouldNotVerify, match=r"no setting auto_explain\.log_level"):
        judged(120022)


@pytest.mark.parametrize(
    ("level", "lowest"),
    [
        ("debug", "debug1"),
        ("debug", "debug2"),
        ("info", "notice"),
        ("notice", "notice"),
        ("warning", "warning"),
        ("warning", "log"),
        ("log", "log"),
        ("log", "fatal"),
    ],
)
def test_slow_query_log_by_auto_explain_is_what_the_log_shows(server: Server, level: str, lowest: str) -> None:
    server.set("log_min_duration_statement", "-1")
    server.set("session_preload_libraries", "auto_explain")
    settings = {"auto_explain.log_min_duration": "0", "auto_explain.log_level": level, "log_min_messages": lowest}
    for name, value in settings.items():
        server.admin(f"ALTER ROLE shop SET {name} = '{value}'")
    with psycopg.connect(server.dsn()) as connection:
        connection.execute("SELECT 'a statement'")
    logged = "Query Text: SELECT 'a statement'" in server.log()
    assert ("postgres.slow_query_log" not in faults(resource(server.dsn()))) is logged


@pytest.mark.parametrize(
    ("relation", "unread"),
    [
        ("pg_stat_ssl", ["tls"]),
        ("pg_stat_activity", ["connections"]),
        ("pg_roles", ["connections", "role"]),
        ("pg_settings", ["connections", "slow_query_log"]),
    ],
)
def test_what_the_role_may_not_read_keeps_only_its_check_from_looking(
    server: Server, relation: str, unread: list[str]
) -> None:
    server.admin(f"REVOKE SELECT ON {relation} FROM PUBLIC")
    reason = (
        f"could not verify: the server did not answer a question of this role: permission denied for view {relation}"
    )
    assert faults(resource(server.dsn())) == {f"postgres.{name}": reason for name in unread}


def test_an_answer_of_another_kind_could_not_be_verified(server: Server) -> None:
    server.set_hba(WITHOUT_TLS)
    ((number,),) = server.admin("SELECT current_setting('server_version_num')")
    with Relay(server.port, edit=(number.encode(), b"none  ")) as relay:
        shop = relayed(relay, server.dsn(sslmode="disable"))
        with pytest.raises(CouldNotVerify, match="answers questions as no PostgreSQL server does"):
            judge("postgres.connects", shop)


def test_what_another_product_does_not_have_could_not_be_verified(steady: Server) -> None:
    seen = read("postgres_facts", resource(steady.dsn()))
    lacking = replace(seen, session=replace(seen.session, settings={}))
    with pytest.raises(CouldNotVerify, match="the server has no setting max_connections, or does not show it"):
        checks.connections(lacking)
    with pytest.raises(CouldNotVerify, match="the server has no setting log_min_duration_statement"):
        checks.slow_query_log(lacking)


@contextmanager
def pooled(server: Server, mode: str, *, users: Sequence[str] = ("shop",), database: str = "") -> Iterator[int]:
    """PgBouncer before a server, with one connection to it for each user; yields its port."""
    server.set_hba(WITHOUT_TLS)
    port = free_port()
    with short_directory() as folder:
        (folder / "users").write_text("".join(f'"{name}" "{server.passwords[name]}"\n' for name in users))
        (folder / "pgbouncer.ini").write_text(
            f"[databases]\nshop = host=127.0.0.1 port={server.port} dbname=shop {database}\n[pgbouncer]\n"
            f"pool_mode = {mode}\ndefault_pool_size = 1\nlisten_addr = 127.0.0.1\nlisten_port = {port}\n"
            f"unix_socket_dir =\nauth_type = scram-sha-256\nauth_file = {folder}/users\nlogfile =\n"
        )
        for path in (folder, *folder.iterdir()):
            path.chmod(0o755)
        with running(
            [program("pgbouncer"), folder / "pgbouncer.ini"],
            log=folder / "log",
            ready=lambda: accepts(port),
            user="postgres" if os.geteuid() == 0 else None,
            stop=signal.SIGINT,
        ):
            yield port


def test_a_pooler_that_takes_each_statement_alone(server: Server) -> None:
    with pooled(server, "statement") as port:
        shop = resource(server.dsn(sslmode="disable").replace(f":{server.port}/", f":{port}/"))
        why = "transaction blocks not allowed in statement pooling mode"
        unread = f"could not verify: the server did not answer a question of this role: {why}"
        names = ("connections", "role", "slow_query_log")
        assert faults(shop) == {
            "postgres.tls": "a session without TLS (sslmode=disable)",
            **{f"postgres.{name}": unread for name in names},
        }
        assert "answered SELECT 1" in judge("postgres.connects", shop).text
        console = resource(shop.dsn.get_secret_value().replace("/shop?", "/pgbouncer?"))
        with pytest.raises((ClaimFalse, CouldNotVerify)):
            judge("postgres.connects", console)


def test_the_role_that_logged_in_is_judged_whatever_a_pooler_left_of_another_client(server: Server) -> None:
    server.admin("CREATE ROLE lesser")
    with pooled(server, "transaction", users=("postgres",)) as port:
        dsn = server.dsn(user="postgres", sslmode="disable").replace(f":{server.port}/", f":{port}/")
        with psycopg.connect(dsn, autocommit=True) as client:
            client.execute("SET SESSION AUTHORIZATION lesser")
            with pytest.raises(ClaimFalse, match="seen: postgres: SUPERUSER"):
                judge("postgres.role", resource(dsn))


def test_the_role_that_a_pooler_logs_in_as_is_told(server: Server) -> None:
    server.admin("CREATE ROLE caller LOGIN PASSWORD 'called'")
    server.passwords["caller"] = "called"
    as_shop = f"user=shop password={server.passwords['shop']}"
    with pooled(server, "transaction", users=("caller",), database=as_shop) as port:
        dsn = server.dsn(user="caller", sslmode="disable").replace(f":{server.port}/", f":{port}/")
        evidence = judge("postgres.role", resource(dsn))
        assert evidence.text.startswith("shop: no administrator's right")
        assert evidence.warning == "the session is of the role shop, though the connection string names caller"
