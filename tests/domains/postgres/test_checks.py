from __future__ import annotations

import os
import re
import select
import socket
import ssl
import sys
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote

import psycopg
import pytest

from pytest_readiness.core.evidence import ClaimFalse, CouldNotVerify, Evidence, NotDeclared, Unreachable
from pytest_readiness.domains.postgres import checks, facts
from pytest_readiness.domains.postgres.resource import Postgres
from tests.judging import judge, read
from tests.stack.certs import Authority
from tests.stack.postgres import Postgres as Server
from tests.stack.process import free_port
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
    """

    def __init__(
        self, port: int, *, silent_at: bytes = b"", closed_at: bytes = b"", tls: ssl.SSLContext | None = None
    ) -> None:
        super().__init__()
        self.sent = b""
        self.upstream = port
        self.silent_at = silent_at
        self.closed_at = closed_at
        self.ending = tls

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
                    (server if end is connection else connection).sendall(data)


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
        judge("postgres.connects", resource(f"postgresql:///shop?host={tmp_path}"))


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


@pytest.mark.skipif(os.geteuid() != 0, reason="changing the user needs root")
def test_a_certificate_that_may_not_be_read_says_nothing_of_the_server(server: Server, tmp_path: Path) -> None:
    folder = tmp_path / "locked"
    folder.mkdir(mode=0o700)
    dsn = f"{server.dsn(sslmode='require')}&sslcert={folder}/client.crt"
    os.seteuid(65534)
    try:
        with pytest.raises(CouldNotVerify, match=r"could not open certificate file .*: Permission denied$") as failure:
            judge("postgres.connects", resource(dsn))
    finally:
        os.seteuid(0)
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
        "postgresql://shop:swordfish@127.0.0.1/shop?ssl=swordfish",
        "postgresql://shop:sword%fish@127.0.0.1/shop",
    ],
)
def test_a_connection_string_that_libpq_misreads(dsn: str) -> None:
    with pytest.raises(CouldNotVerify) as failure:
        judge("postgres.connects", resource(dsn))
    assert failure.value.reason.startswith(
        "libpq does not understand the connection string of 'shop': it must be a URL"
    )
    assert "fish" not in failure.value.reason
    assert failure.value.__suppress_context__ or failure.value.__context__ is None


def test_without_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(CouldNotVerify) as failure:
        judge("postgres.connects", resource("postgresql://shop@127.0.0.1/shop"))
    assert failure.value.reason == "postgres_facts needs the extra postgres: pip install 'pytest-readiness[postgres]'"


def test_nothing_can_be_written_and_nothing_stays(server: Server) -> None:
    server.set("log_statement", "all")
    read("postgres_facts", resource(server.dsn()))
    statements = re.findall(r"LOG:  (?:statement|execute .*?): *(\w+.*)", server.log())
    session = statements[statements.index("BEGIN READ ONLY") :]
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


@pytest.mark.parametrize("given", ["connection string", "environment", "file"])
def test_tls_sends_no_password_in_clear(
    server: Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, given: str
) -> None:
    server.set_hba("host all all 127.0.0.1/32 password")
    password = server.passwords["shop"]
    with Relay(server.port) as relay:
        dsn = server.dsn()
        if given == "environment":
            monkeypatch.setenv("PGPASSWORD", password)
        elif given == "file":
            (tmp_path / "pgpass").write_text(f"*:*:*:*:{password}\n")
            (tmp_path / "pgpass").chmod(0o600)
            monkeypatch.setenv("PGPASSFILE", str(tmp_path / "pgpass"))
        shop = relayed(relay, dsn if given == "connection string" else dsn.replace(f":{password}", ""))
        with pytest.raises(ClaimFalse, match="without TLS asked for a password"):
            judge("postgres.tls", shop)
    assert b"user\0shop\0" in relay.sent
    assert password.encode() not in relay.sent


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

    assert judged("18.1", 180001).warning == ""
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
        text = "16 of 20 in use (80.0 %); 3 of 23 are reserved"
        assert judge("postgres.connections", shop) == Evidence(text)
        with pytest.raises(ClaimFalse, match=r"expected at most 79\.9 % of the connections in use; seen: 16 of 20"):
            judge("postgres.connections", shop, max_used_pct=79.9)
        open_sessions(1, "shop")
        assert faults(shop) == {"postgres.connections": "17 of 20 in use (85.0 %); 3 of 23 are reserved"}
        server.admin("GRANT pg_monitor TO shop")
        assert faults(shop) == {"postgres.connections": "17 of 20 in use (85.0 %); 3 of 23 are reserved"}
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
        ("GRANT pg_execute_server_program TO {}", "its rights by membership in pg_execute_server_program"),
        ("CREATE ROLE rds_superuser ROLE {}", "its rights by membership in rds_superuser"),
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
    assert judge("postgres.role", resource(server.dsn())).text == (
        "shop: no administrator's right; member of pg_read_all_stats; owner of schema app"
    )


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
    assert judge("postgres.slow_query_log", shop).text.startswith(
        "log_min_duration_statement off, auto_explain.log_min_duration 2000 ms; "
    )
    server.admin("ALTER ROLE shop SET auto_explain.sample_rate = 0.5")
    assert faults(shop) == {"postgres.slow_query_log": "log_min_duration_statement off"}


@pytest.mark.parametrize(
    ("relation", "unread"),
    [
        ("pg_stat_ssl", ["tls"]),
        ("pg_stat_activity", ["connections"]),
        ("pg_roles", ["role"]),
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
