"""Addresses in real env files, and connections to real servers."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pytest_readiness.core.evidence import ClaimFalse, CouldNotVerify, Evidence
from pytest_readiness.domains.env.addresses import address_of, addresses_in, demands_tls
from pytest_readiness.domains.env.hosts import is_development, is_local
from pytest_readiness.domains.env.resource import EnvFile
from tests.judging import judge
from tests.stack.certs import Authority
from tests.stack.fixtures import PostgresFactory
from tests.stack.postgres import Postgres
from tests.stack.process import free_port
from tests.stack.programs import program
from tests.stack.redis import RedisServer
from tests.stack.silent import Request, Response, WebApp

PASSWORD = "n7Qx2Lr9Tz4Vb8Nk3Wm6"


@pytest.fixture
def env(tmp_path: Path) -> Any:
    path = tmp_path / "production.env"

    def judged(id: str, text: str, dialect: Any = None, **parameters: Any) -> Evidence:
        path.write_text(text)
        try:
            evidence = judge(id, EnvFile(name="shop", path=path, dialect=dialect), **parameters)
        except (ClaimFalse, CouldNotVerify) as error:
            if PASSWORD in str(error):
                pytest.fail("the password is shown")
            raise
        assert PASSWORD not in f"{evidence}"
        return evidence

    return judged


@pytest.mark.parametrize(
    ("text", "scheme", "driver", "hosts", "passwords"),
    [
        ("postgresql+asyncpg://u:p%40w@DB:5432/d?ssl=require", "postgresql", "asyncpg", [("db", "5432")], ("p@w",)),
        ("jdbc:postgresql://h/d?user=a&password=b", "postgresql", "jdbc", [("h", "")], ("b",)),
        ("jdbc:sqlserver://h:1433;encrypt=true;password=x", "sqlserver", "jdbc", [("h", "1433")], ("x",)),
        ("jdbc:mysql:replication://a:1,b:2/x", "mysql", "jdbc", [("a", "1"), ("b", "2")], ()),
        ("mongodb+srv://u:p@c.example.com/x", "mongodb", "srv", [("c.example.com", "")], ("p",)),
        ("sqlite:///x.db", "sqlite", "", [], ()),
        ("redis://:pw@h/0", "redis", "", [("h", "")], ("pw",)),
        ("http://u:p@[::1]:80/@x?y#z", "http", "", [("::1", "80")], ("p",)),
        ("postgresql:///d?host=/run/pg", "postgresql", "", [("/run/pg", "")], ()),
        ("postgresql://a/d?host=b,c:1", "postgresql", "", [("b", ""), ("c", "1")], ()),
        ("host=db user=a password='x y'", "postgresql", "pairs", [("db", "")], ("x y",)),
        (
            "Server=tcp:x.example.com,1433;Initial Catalog=a;Pwd=q",
            "sqlserver",
            "pairs",
            [("x.example.com", "")],
            ("q",),
        ),
        ("u:pw@tcp(h:3306)/d?tls=true", "mysql", "go", [("h", "3306")], ("pw",)),
    ],
)
def test_pieces(text: str, scheme: str, driver: str, hosts: list[tuple[str, str]], passwords: tuple[str, ...]) -> None:
    address = address_of(text)
    assert address is not None
    assert (address.scheme, address.driver, list(address.hosts), address.passwords) == (
        scheme,
        driver,
        hosts,
        passwords,
    )
    assert not address.wrong
    assert repr(address) == f"Address(scheme={scheme!r}, driver={driver!r}, wrong='')"


@pytest.mark.parametrize(
    "text",
    [
        *("postgresql://u:p@ss@h/d", "postgresql://u:p/ss@h/d", "postgresql://u:p#ss@h/d", "postgresql://h/d#x"),
        *("https://u:1/x@h", "http://%zz/", "smtp://u@example.com:pw@h:25", "jdbc:oracle:thin:@h:1/x", "redis://h:0"),
    ],
)
def test_what_cannot_be_taken_apart_in_one_way(text: str) -> None:
    address = address_of(text)
    assert address is not None
    assert address.wrong
    assert not address.hosts


@pytest.mark.parametrize("text", ["hello", "a=b c=d", "key=abc;other=1", "C:\\x", "user:password@host", "12:30"])
def test_what_is_no_address(text: str) -> None:
    assert address_of(text) is None


@pytest.mark.parametrize(
    "text", ['["http://a","https://b"]', "http://a, https://b", "http://a;https://b", "['http://a', 'https://b']"]
)
def test_lists(text: str) -> None:
    assert [each.scheme for _, each in addresses_in({"X": text})] == ["http", "https"]


@pytest.mark.parametrize(
    ("text", "state"),
    [
        ("postgresql://h/d", "plain"),
        ("postgresql://h/d?sslmode=prefer", "plain"),
        ("postgresql://u:sslmode=require@h/d", "plain"),
        ("postgresql://h/d?sslmode=require", "encrypted"),
        ("postgresql://h/d?sslmode=require&sslmode=disable", "unknown"),
        ("postgresql://h/d?sslmode=verify-full", "verified"),
        ("postgresql://h/d?ssl=true", "encrypted"),
        ("postgresql+asyncpg://h/d?ssl=require", "encrypted"),
        ("postgresql+asyncpg://h/d?sslmode=require", "unknown"),
        ("postgresql+pg8000://h/d?ssl=true", "unknown"),
        ("jdbc:postgresql://h/d?ssl=true", "verified"),
        ("jdbc:sqlserver://h;encrypt=true", "verified"),
        ("jdbc:sqlserver://h;encrypt=true;trustServerCertificate=true", "unverified"),
        ("jdbc:sqlserver://h", "unknown"),
        ("mysql://h/d", "plain"),
        ("jdbc:mysql://h/d?useSSL=true", "plain"),
        ("jdbc:mysql://h/d?useSSL=true&requireSSL=true", "encrypted"),
        ("mysql://h/d?ssl-mode=VERIFY_IDENTITY", "verified"),
        ("mysql+pymysql://h/d?ssl_ca=/x", "unknown"),
        ("u:p@tcp(h)/d?tls=skip-verify", "unverified"),
        ("u:p@tcp(h)/d", "plain"),
        ("mongodb://a,b/d", "plain"),
        ("mongodb://a,b/d?tls=true", "verified"),
        ("mongodb+srv://a/d", "verified"),
        ("mongodb+srv://a/d?tls=false", "plain"),
        ("mongodb+srv://a/d?tlsAllowInvalidCertificates=true", "unverified"),
        ("redis://h?ssl=true", "plain"),
        ("rediss://h", "verified"),
        ("rediss://h?ssl_cert_reqs=none", "unverified"),
        ("amqps://h", "assumed"),
        ("amqp://h", "plain"),
        ("smtp+tls://h", "assumed"),
        ("shop://h", "unknown"),
        ("Host=h;Username=u;SSL Mode=VerifyFull", "verified"),
        ("host=h user=u", "plain"),
    ],
)
def test_what_demands_tls(text: str, state: str) -> None:
    address = address_of(text)
    assert address is not None
    assert demands_tls(address).state == state


SECURE = f"""\
DATABASE_URL=postgresql://shop:{PASSWORD}@db.example.com/shop?sslmode=verify-full
CACHE="rediss://:{PASSWORD}@cache.example.com/0"
API=https://api.example.com/
NAME=shop
"""


def test_urls_secure(env: Any) -> None:
    assert env("env.urls_secure", SECURE) == Evidence("TLS is demanded in 3 variables of 3 with addresses")
    text = (
        f"{SECURE}SIDECAR=redis://127.0.0.1:6379\nSOCKET=postgresql:///shop?host=/run/pg\nHTTPS_PROXY=http://proxy:3128\n"
        "XML=http://www.w3.org/1999/xhtml\nCSP_SRC=http://cdn.example.com\n"
    )
    said = "TLS is demanded in 3 variables of 5 with addresses, and not needed on the machine itself in SIDECAR, SOCKET"
    assert env("env.urls_secure", text, verify=True).text == said
    loose = env("env.urls_secure", SECURE.replace("verify-full", "require"))
    assert loose.warning == "the certificate is not verified in DATABASE_URL (sslmode is require)"
    silent = SECURE.replace("?sslmode=verify-full", "")
    assert env("env.urls_secure", f"{silent}PGSSLMODE=verify-full\n", names=["DATABASE_URL"])
    assert env("env.urls_secure", f"{SECURE}OWN=http://api.svc\n", excepted=["OWN"])


@pytest.mark.parametrize(
    ("old", "new", "parameters", "seen"),
    [
        ("https:", "http:", {}, "API (http:// is not encrypted)"),
        ("rediss", "redis", {}, "CACHE (redis:// is not encrypted)"),
        ("verify-full", "prefer", {}, "DATABASE_URL (sslmode is prefer)"),
        ("verify-full", "require", {"verify": True}, "DATABASE_URL (sslmode is require)"),
        (
            "NAME=shop",
            'NAME=\'["https://a.example.com", "http://b.example.com"]\'',
            {},
            "NAME (http:// is not encrypted)",
        ),
        ('/0"', '/0?ssl_cert_reqs=none"', {}, "CACHE (sslcertreqs turns the verification of the certificate off)"),
    ],
)
def test_urls_not_secure(env: Any, old: str, new: str, parameters: dict[str, Any], seen: str) -> None:
    with pytest.raises(ClaimFalse) as failure:
        env("env.urls_secure", SECURE.replace(old, new), **parameters)
    assert failure.value.seen == seen


@pytest.mark.parametrize(
    ("text", "parameters", "reason"),
    [
        ("A=1\n", {}, "no address that could be looked at is in /"),
        (SECURE, {"names": ["NAME"]}, "no address that could be looked at is in NAME"),
        (f"{SECURE}B=shop://open\n", {}, r"not known of B \(what its driver does is not known\)"),
        (f"{SECURE}B=amqps://b.example.com\n", {"verify": True}, r"not known of B \(by its scheme\)"),
        (
            f"{SECURE}B=postgresql://u:{PASSWORD}@x@h/d?sslmode=require\n",
            {},
            r"not known of B \(it cannot be taken apart",
        ),
        (f"{SECURE}B=https://${{HOST}}/\n", {}, "the value of B refers to another variable"),
        ("B=postgresql://h/d?x=1&sslmode=require\n", {}, "B holds a sign of the shell .* declare the dialect"),
    ],
)
def test_urls_that_are_not_known(env: Any, text: str, parameters: dict[str, Any], reason: str) -> None:
    with pytest.raises(CouldNotVerify, match=reason):
        env("env.urls_secure", text, **parameters)


@pytest.mark.parametrize(
    "host",
    [
        *("localhost", "LOCALHOST.", "api.localhost", "127.0.0.1", "127.1", "2130706433", "0x7f000001", "0177.0.0.1"),
        *("[::1]", "::ffff:7f00:1", "0.0.0.0", "0", "::", "ip6-localhost"),
    ],
)
def test_local_hosts(host: str) -> None:
    assert is_local(host)


@pytest.mark.parametrize(
    "host", ["mylocalhost.com", "10.0.0.1", "localhost.example.com", "db", "cafe", "128.0.0.1", "::2"]
)
def test_hosts_that_are_not_local(host: str) -> None:
    assert not is_local(host)


@pytest.mark.parametrize(
    "host", ["host.docker.internal", "nas.local", "shop.test", "a1.ngrok-free.app", "lvh.me", "x.loca.lt"]
)
def test_development_hosts(host: str) -> None:
    assert is_development(host)


@pytest.mark.parametrize(
    "host", ["db.default.svc.cluster.local", "local.example.com", "contest", "db.internal", "redis"]
)
def test_hosts_of_others(host: str) -> None:
    assert not is_development(host)


TARGETS = f"""\
DATABASE_URL=postgresql://shop:{PASSWORD}@db/shop
KAFKA_BROKERS=k1:9092,k2.svc.cluster.local:9092
ALLOWED_ORIGINS='["https://shop.example.com", "https://www.example.com"]'
HOST=0.0.0.0
LISTEN_ADDR=127.0.0.1:8080
NO_PROXY=localhost,127.0.0.1
PORT=5432
TITLE=localhost
"""


def test_no_localhost(env: Any) -> None:
    said = "other hosts only in 3 variables: DATABASE_URL, KAFKA_BROKERS, ALLOWED_ORIGINS"
    assert env("env.no_localhost", TARGETS).text == said
    assert (
        env("env.no_localhost", f"{TARGETS}SIDECAR_URL=http://localhost:9000\n", excepted=["SIDECAR_URL"]).text == said
    )


@pytest.mark.parametrize(
    ("line", "parameters"),
    [
        ("B=http://localhost:3000", {}),
        ("B=https://api.example.com,http://127.1/", {}),
        ("B=postgresql://u:p@db,127.0.0.1/d", {}),
        ("B=redis://2130706433/0", {}),
        ("B=http://[::ffff:7f00:1]/", {}),
        ("B=mongodb://0.0.0.0/d", {}),
        ("B=jdbc:postgresql://localhost/d", {}),
        ("B='host=localhost user=u'", {}),
        ("DB_HOST=0.0.0.0", {}),
        ("API_HOST=[::1]:80", {}),
        ("REDIS_HOSTS=a:1,localhost:2", {}),
        ("API_URL=localhost:3000/api", {}),
        ('B=\'{"url": "http://host.docker.internal/"}\'', {}),
        ("B=https://a1b2.ngrok-free.app/hook", {}),
        ("B=https://staging.example.com", {"development": ["staging.example.com"]}),
        ("B=localhost", {"names": ["B"]}),
    ],
)
def test_localhost(env: Any, line: str, parameters: dict[str, Any]) -> None:
    with pytest.raises(ClaimFalse, match=r"seen: one in \w+$"):
        env("env.no_localhost", f"{TARGETS}{line}\n", **parameters)


@pytest.mark.parametrize(
    ("text", "parameters", "reason"),
    [
        ("A=1\nHOST=0.0.0.0\n", {}, "no address that could be looked at is in /"),
        (f"{TARGETS}B=postgresql://u:{PASSWORD}@x@localhost/d\n", {}, "the address in B cannot be taken apart"),
        (f"{TARGETS}API_URL=http://${{API}}/\n", {}, "the value of API_URL refers to another variable"),
        (f"{TARGETS}API_URL=$URL\n", {}, "the value of API_URL is not what the file says"),
    ],
)
def test_hosts_that_are_not_known(env: Any, text: str, parameters: dict[str, Any], reason: str) -> None:
    with pytest.raises(CouldNotVerify, match=reason):
        env("env.no_localhost", text, **parameters)


def connected(env: Any, address: str) -> Evidence:
    evidence: Evidence = env("env.connection", f"A='{address}'\n", names=["A"])
    return evidence


def test_connection_with_postgres(env: Any, postgres: Postgres) -> None:
    dsn = postgres.dsn(sslmode="require")
    assert "from the runner, A: PostgreSQL 1" in connected(env, dsn).text
    assert (
        "answered SELECT 1 over TLS"
        in connected(env, dsn.replace("postgresql:", "postgresql+asyncpg:").replace("sslmode", "ssl")).text
    )
    pairs = f"host=127.0.0.1 port={postgres.port} user=shop password={postgres.passwords['shop']} dbname=shop"
    assert connected(env, pairs)
    assert connected(env, f"{dsn}&schema=public&connection_limit=5")


@pytest.mark.parametrize(("old", "new"), [("shop:", "shop:x"), ("//shop:", "//nobody:"), ("/shop?", "/absent?")])
def test_connection_that_postgres_refuses(env: Any, postgres: Postgres, old: str, new: str) -> None:
    dsn = postgres.dsn(sslmode="require")
    with pytest.raises(ClaimFalse, match="seen: A: ") as failure:
        connected(env, dsn.replace(old, new, 1))
    assert not any(piece in str(failure.value) for piece in (postgres.passwords["shop"], "nobody", "absent", "127.0"))


def test_connection_with_a_server_that_has_no_tls(env: Any, postgres_factory: PostgresFactory) -> None:
    with postgres_factory(tls=False, hba=("host all all 127.0.0.1/32 scram-sha-256",)) as server:
        assert "SELECT 1 without TLS" in connected(env, server.dsn(sslmode="prefer")).text
        with pytest.raises(ClaimFalse, match="does not support SSL"):
            connected(env, server.dsn(sslmode="require"))


@pytest.fixture(scope="module")
def redis_server(authority: Authority, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    program("redis-server")
    with RedisServer(tmp_path_factory.mktemp("redis"), authority.issue()) as server:
        yield server


def test_connection_with_redis(env: Any, redis_server: RedisServer) -> None:
    server, password = redis_server, redis_server.password
    assert connected(env, f"redis://:{password}@127.0.0.1:{server.port}/1").text.endswith("answered PING without TLS")
    ca = server.certificate.ca_file
    secured = f"rediss://:{password}@127.0.0.1:{server.tls_port}"
    assert connected(env, f"{secured}?ssl_ca_certs={ca}").text.endswith("Redis answered PING over TLS")
    assert connected(env, f"{secured}?ssl_cert_reqs=none")
    with pytest.raises(CouldNotVerify, match=r"A: no connection: .*certificate verify failed"):
        connected(env, secured)
    for wrong in (f"redis://:{password}x@", "redis://", f"redis://nobody:{password}@"):
        with pytest.raises(ClaimFalse, match="seen: A: ") as failure:
            connected(env, f"{wrong}127.0.0.1:{server.port}")
        assert password not in str(failure.value)
    with pytest.raises(ClaimFalse, match="DB index is out of range"):
        connected(env, f"redis://:{password}@127.0.0.1:{server.port}/99")
    with pytest.raises(CouldNotVerify, match="forbids it to send PING"):
        connected(env, f"redis://guest:guest@127.0.0.1:{server.port}")
    with pytest.raises(CouldNotVerify, match="A: no connection"):
        connected(env, f"rediss://:{password}@127.0.0.1:{server.port}")


def test_connection_with_http(env: Any, webapp_factory: type[WebApp]) -> None:
    def root(request: Request) -> Response:
        is_shop = request.headers.get("Authorization") == "Basic c2hvcDpwdw=="
        return Response(502 if request.headers["Host"].startswith("localhost") else 200 if is_shop else 401)

    # Another path than the root is answered with 404.
    with webapp_factory({"/": root}) as server:
        port = server.port
        assert connected(env, f"http://shop:pw@127.0.0.1:{port}/hook").text.endswith("GET / was answered with 200")
        assert connected(env, f"http://127.0.0.1:{port}").text.endswith("GET / was answered with 401")
        with pytest.raises(ClaimFalse, match="GET / with its user and password was answered with 401"):
            connected(env, f"http://shop:wrong@127.0.0.1:{port}/")
        with pytest.raises(CouldNotVerify, match="answered with 502: something before the server"):
            connected(env, f"http://localhost:{port}/")


@pytest.mark.parametrize(
    ("address", "reason"),
    [
        ("postgresql://shop:pw@127.0.0.1:{port}/shop", "A: no connection to .*Connection refused"),
        ("redis://:pw@127.0.0.1:{port}", "A: no connection: .*"),
        ("http://127.0.0.1:{port}/", "A: .*"),
        ("amqp://shop:pw@127.0.0.1:{port}/", "there is no driver here for amqp addresses as A holds one"),
        ("mysql://127.0.0.1:{port}/", "there is no driver here for mysql"),
        ("redis://127.0.0.1:{port},127.0.0.1:1/", "only the address of one Redis server"),
        ("postgresql://h/d?service=x", "names no user|service"),
        ("postgresql://u:p@x@127.0.0.1/d", "the address in A was not connected to: it cannot be taken apart"),
        ("hello", "A holds no address that is known"),
    ],
)
def test_connection_that_cannot_be_tried(env: Any, address: str, reason: str) -> None:
    with pytest.raises(CouldNotVerify, match=reason) as raised:
        connected(env, address.format(port=free_port()))
    assert type(raised.value) is CouldNotVerify
    assert "127.0.0.1" not in str(raised.value)


def test_connection_of_what_is_not_known(env: Any) -> None:
    with pytest.raises(ClaimFalse, match="A is not set"):
        env("env.connection", "B=1\n", names=["A"])
    with pytest.raises(CouldNotVerify, match="the value of A is not what the file says"):
        env("env.connection", "A=$B\n", names=["A"])
    with pytest.raises(CouldNotVerify, match="declare the dialect"):
        env("env.connection", "A=redis://h?a=1&b=2\n", names=["A"])


@pytest.mark.parametrize(
    ("address", "state"),
    [
        ("postgres://h/x?sslmode=REQUIRE", "unknown"),
        ("postgres://h/x?SSLMODE=require", "unknown"),
        ("jdbc:postgresql://h/x?sslmode=REQUIRE", "encrypted"),
        ("mysql://h/x?ssl-mode=REQUIRED", "encrypted"),
    ],
)
def test_capitals_of_modes(address: str, state: str) -> None:
    found = address_of(address)
    assert found is not None
    assert demands_tls(found).state == state


def test_hosts_of_railway_and_net(env: Any) -> None:
    for line in ("PGHOST=localhost", "API_BASE=localhost:8000/v1", r"DB='Server=.\SQLEXPRESS;Database=x'"):
        with pytest.raises(ClaimFalse, match="seen: one in "):
            env("env.no_localhost", f"{TARGETS}{line}\n")
    for line in ("PGHOST=db.example.com", "ASPNETCORE_URLS=http://+:80", "ASPNETCORE_URLS=http://0.0.0.0:80"):
        assert env("env.no_localhost", f"{TARGETS}{line}\n")


def test_a_login_that_is_not_asked_for_proves_nothing(env: Any, webapp_factory: type[WebApp]) -> None:
    with webapp_factory({"/": lambda _: Response(200)}) as server:
        with pytest.raises(CouldNotVerify, match="is answered without its user and password, too, with 200"):
            connected(env, f"http://shop:pw@127.0.0.1:{server.port}/")
        assert connected(env, f"http://127.0.0.1:{server.port}/")
