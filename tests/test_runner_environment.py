"""What the runner's environment holds for the libraries that are used here changes nothing of what is judged."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from psycopg import pq

from pytest_readiness.core.environment import neutral
from tests.stack.certs import Authority
from tests.stack.docker import DockerEngine
from tests.stack.fixtures import NginxFactory
from tests.stack.postgres import Postgres as Server
from tests.stack.process import free_port
from tests.test_docs import ROOT

VARIABLES: dict[str, dict[str, str]] = {
    "libpq": {
        **dict.fromkeys(("PGHOST", "PGHOSTADDR"), "127.0.0.1"),
        "PGPORT": "1",
        **dict.fromkeys(("PGUSER", "PGDATABASE", "PGPASSWORD", "PGAPPNAME", "PGREALM"), "elsewhere"),
        "PGPASSFILE": "{home}/.pgpass",
        "PGSERVICE": "elsewhere",
        "PGSERVICEFILE": "{home}/.pg_service.conf",
        **dict.fromkeys(("PGSYSCONFDIR", "PGLOCALEDIR"), "{home}"),
        "PGOPTIONS": "-c no.such.setting=1 -c bogus=1",
        "PGSSLMODE": "disable",
        "PGREQUIRESSL": "1",
        **dict.fromkeys(("PGSSLCOMPRESSION", "PGSSLSNI", "PGGSSDELEGATION"), "0"),
        **dict.fromkeys(("PGSSLCERT", "PGSSLKEY", "PGSSLROOTCERT", "PGSSLCRL", "PGSSLCRLDIR"), "{home}/none.pem"),
        "PGSSLCERTMODE": "require",
        "PGSSLNEGOTIATION": "direct",
        "PGSSLMINPROTOCOLVERSION": "TLSv1",
        "PGSSLMAXPROTOCOLVERSION": "TLSv1.2",
        **dict.fromkeys(("PGMINPROTOCOLVERSION", "PGMAXPROTOCOLVERSION"), "3.2"),
        "PGREQUIREPEER": "nobody",
        "PGREQUIREAUTH": "none",
        "PGCHANNELBINDING": "require",
        "PGGSSENCMODE": "require",
        **dict.fromkeys(("PGGSSLIB", "PGKRBSRVNAME"), "elsewhere"),
        "PGTARGETSESSIONATTRS": "standby",
        "PGLOADBALANCEHOSTS": "random",
        "PGCONNECT_TIMEOUT": "1",
        "PGCLIENTENCODING": "EBCDIC",
        **dict.fromkeys(("PGTZ", "PGDATESTYLE", "PGGEQO"), "nonsense"),
        **dict.fromkeys(("PGOAUTHDEBUG", "PGOAUTHCAFILE"), "{home}/none.pem"),
        **dict.fromkeys(("KRB5_CONFIG", "KRB5CCNAME"), "{home}/none"),
    },
    "docker-py": {
        "DOCKER_HOST": "tcp://127.0.0.1:1",
        "DOCKER_TLS_VERIFY": "1",
        "DOCKER_CERT_PATH": "{home}",
        "DOCKER_CONTEXT": "elsewhere",
        "DOCKER_CONFIG": "{home}/.docker",
        "DOCKER_API_VERSION": "1.12",
        "DOCKER_DEFAULT_PLATFORM": "elsewhere",
    },
    "requests": {
        name: value
        for upper, value in {
            **dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "FTP_PROXY"), "http://127.0.0.1:1"),
            "NO_PROXY": "elsewhere",
        }.items()
        for name in (upper, upper.lower())
    }
    | {
        **dict.fromkeys(("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"), "{authority}"),
        "NETRC": "{home}/.netrc",
    },
    "OpenSSL": {
        # The system's authorities would then be the private one that no target declares.
        "SSL_CERT_FILE": "{authority}",
        "SSL_CERT_DIR": "{home}",
        "SSLKEYLOGFILE": "{home}/keys",
        **dict.fromkeys(("OPENSSL_MODULES", "OPENSSL_ENGINES"), "{home}"),
    },
    "glibc": {
        "RES_OPTIONS": "ndots:15 attempts:1",
        "LOCALDOMAIN": "elsewhere.invalid",
        "HOSTALIASES": "{home}/aliases",
    },
    "git": {
        **dict.fromkeys(("GIT_DIR", "GIT_WORK_TREE", "GIT_COMMON_DIR", "GIT_OBJECT_DIRECTORY"), "{home}"),
        **dict.fromkeys(("GIT_INDEX_FILE", "GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM"), "{home}/none"),
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": "mailmap.file",
        "GIT_CONFIG_VALUE_0": "{home}/mailmap",
        "GIT_CONFIG_PARAMETERS": "nonsense",
        "GIT_CEILING_DIRECTORIES": "/",
        "GIT_NAMESPACE": "elsewhere",
        "GIT_SHALLOW_FILE": "{home}/none",
        "GIT_EXTERNAL_DIFF": "false",
    },
    "node": {
        "NODE_OPTIONS": "--nonsense",
        "NODE_EXTRA_CA_CERTS": "{authority}",
        "NODE_TLS_REJECT_UNAUTHORIZED": "0",
        "NODE_PATH": "{home}",
    },
    "playwright": {"DEBUG": "pw:*", "PWDEBUG": "1"},
}
"""By the library that reads them, with a value that would change what it does. Not among them is OPENSSL_CONF: the
OpenSSL that Python itself is linked to reads it before any of this package is imported. {home} and {authority} are put
in."""

FILES = {
    ".pgpass": "*:*:*:*:elsewhere\n",
    ".pg_service.conf": "[elsewhere]\nhost=127.0.0.1\nport=1\n",
    ".docker/config.json": json.dumps(
        {
            "currentContext": "elsewhere",
            "HttpHeaders": {"Host": "elsewhere"},
            "proxies": {"default": {"httpProxy": "http://127.0.0.1:1"}},
        }
    ),
    ".netrc": "default login somebody password elsewhere\n",
    ".postgresql/root.crt": "nonsense\n",
    ".postgresql/postgresql.crt": "nonsense\n",
    "aliases": "localhost elsewhere.invalid\n",
    "mailmap": "Somebody Else <else@example.com> <dev@example.com>\n",
}
"""What such libraries look for in the folder that HOME names."""


def hostile(home: Path, authority: Authority) -> dict[str, str]:
    for name, text in FILES.items():
        path = home / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
        path.chmod(0o600)
    flat = {name: value for each in VARIABLES.values() for name, value in each.items()}
    return {"HOME": str(home)} | {
        name: value.format(home=home, authority=authority.ca_file) for name, value in flat.items()
    }


def test_the_table_has_all_that_libpq_reads() -> None:
    read = {each.envvar.decode() for each in pq.Conninfo.get_defaults() if each.envvar}
    assert read <= VARIABLES["libpq"].keys()


@pytest.mark.parametrize("library", VARIABLES)
def test_programs_that_are_started_get_none_of_them(library: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in VARIABLES[library]:
        monkeypatch.setenv(name, "x")
    assert not VARIABLES[library].keys() & neutral().keys()
    assert {"PATH", "HOME"} <= neutral().keys()


PROGRAM = """
import json, re, sys
from pytest_readiness.core.domains import load_catalogue, load_kinds
from pytest_readiness.core.evidence import ClaimFalse, CouldNotVerify
from pytest_readiness.core.resources import KINDS
from tests.judging import judge

load_kinds()
load_catalogue()
told = {}
for name, kind, fields, checks in json.load(sys.stdin):
    resource = KINDS[kind].model_validate({"name": "shop", **fields})
    for check, parameters in checks.items():
        try:
            evidence = judge(check, resource, **parameters)
            said = f"passed: {evidence.text} {evidence.warning}"
        except (ClaimFalse, CouldNotVerify) as error:
            said = f"{type(error).__name__}: {error}"
        told[f"{check} of {name}"] = re.sub(r"\\d+\\.\\d+ m?s\\b", "some time", said)
json.dump(told, sys.stdout)
"""


Case = tuple[str, str, dict[str, str], dict[str, dict[str, int]]]


def told(cases: list[Case], env: dict[str, str]) -> dict[str, str]:
    """What a process with this environment says of these resources, by check."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        input=json.dumps(cases),
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
        env=env,
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, str] = json.loads(done.stdout)
    return found


def test_nothing_changes(
    session_postgres: Server,
    docker_engine: DockerEngine,
    nginx_factory: NginxFactory,
    authority: Authority,
    tmp_path: Path,
) -> None:
    postgres = session_postgres.in_state()
    container = docker_engine.run("environment")
    socket = docker_engine.base_url.removeprefix("unix://")
    certificate = authority.issue(["localhost", "127.0.0.1"])
    of_postgres: dict[str, dict[str, int]] = {
        f"postgres.{name}": {} for name in ("connects", "tls", "connections", "slow_query_log")
    }
    of_container: dict[str, dict[str, int]] = {"container.running": {"min_uptime_s": 0}, "container.memory_limit": {}}
    ca = str(authority.ca_file)
    dsn = postgres.dsn()
    with (
        nginx_factory(https=certificate) as site,
        nginx_factory(locations={"/": f"proxy_pass http://unix:{socket}:;"}) as proxy,
    ):
        url = f"https://localhost:{site.https_port}"
        cases: list[Case] = [
            ("a database", "postgres", {"dsn": dsn}, of_postgres),
            ("a database by its authority", "postgres", {"dsn": dsn.partition("?")[0], "ca": ca}, of_postgres),
            (
                "a database that is dead",
                "postgres",
                {"dsn": f"postgresql://u:p@127.0.0.1:{free_port()}/d"},
                of_postgres,
            ),
            (
                "a database without a password",
                "postgres",
                {"dsn": dsn.replace(f":{postgres.passwords['shop']}@", "@")},
                of_postgres,
            ),
            ("a container", "container", {"container": "environment", "engine": docker_engine.base_url}, of_container),
            (
                "a container over TCP",
                "container",
                {"container": "environment", "engine": f"tcp://127.0.0.1:{proxy.http_port}"},
                of_container,
            ),
            ("a url", "url", {"url": url, "ca": ca}, {"http.reachable": {}, "tls.trusted": {}}),
            ("a url that nobody trusts", "url", {"url": url}, {"http.reachable": {}}),
        ]
        clean = {**neutral(), "PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "HOME": str(tmp_path)}
        home = tmp_path / "home"
        home.mkdir()
        quiet, swayed = (told(cases, clean | more) for more in ({}, hostile(home, authority)))
    container.remove(force=True)
    assert swayed == quiet
    # And it was looked at something.
    words = {name: said.partition(":")[0] for name, said in quiet.items()}
    assert {words[f"{check} of a database"] for check in of_postgres} == {"passed"}
    assert words["postgres.connects of a database that is dead"] == "Unreachable"
    assert words["postgres.connects of a database without a password"] == "ClaimFalse"
    assert words["container.running of a container over TCP"] == words["http.reachable of a url"] == "passed"
    assert words["http.reachable of a url that nobody trusts"] != "passed"
