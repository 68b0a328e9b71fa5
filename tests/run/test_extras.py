"""Runs where an optional package is missing: known beforehand, said in one way, and nothing is begun."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pytest_readiness.core.extras import MODULES
from tests.stack.silent import Response, SilentServer, WebApp

BOUND = 120.0
"""Seconds after which a run is a hang."""

BY_SYS_MODULES = "import sys; sys.modules.update(dict.fromkeys({names}))\n"
BY_META_PATH = """
import sys
class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {names}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)
sys.meta_path.insert(0, Blocked())
"""
PYTEST = "import sys, pytest; sys.exit(pytest.main(sys.argv[1:]))"
READINESS = "import sys; from pytest_readiness.cli import main; sys.exit(main())"

CHECKS = {
    "tls": ("{check: tls.expiry, on: port}", "tls_scan"),
    "postgres": ("{check: postgres.connects}", "postgres_facts"),
    "dns": ("{check: dns.resolves}", "dns_answer"),
    "browser": ("{check: browser.console}", "browser_pages"),
    "openapi": ("{check: http.openapi}", "api_operations"),
    "prometheus": ("{check: http.metrics}", "exposition"),
    "websocket": ("{check: http.websocket, path: /ws}", "upgrade"),
    "jwt": ("{check: http.jwt, path: /, credential: user}", "tokens"),
}
"""A check that needs each extra, and the fact that says so."""

CONFIGURATION = """\
checklists: [CHECK.md]
targets:
  prod:
    urls:
      shop: {{url: "http://127.0.0.1:{web}", credentials: {{user: {{token: abc}}}}}}
    endpoints: {{port: "127.0.0.1:{web}"}}
    databases: {{main: "postgresql://u:p@127.0.0.1:{database}/shop"}}
    domains: {{shop: {{domain: shop.test, resolvers: ["127.0.0.1:1"]}}}}
    policy: {{allow: [active]}}
"""


class Project:
    def __init__(self, path: Path, web: int, database: int) -> None:
        self.path = path
        self.write("readiness.yaml", CONFIGURATION.format(web=web, database=database))
        self.write("pytest.ini", "[pytest]\n")

    def write(self, name: str, text: str) -> None:
        (self.path / name).write_text(text, encoding="utf-8")

    def items(self, **bindings: str) -> None:
        self.write("CHECK.md", "# Release\n\n" + "".join(f"- [ ] {name}\n" for name in bindings))
        bound = "".join(f"  {name}: {binding}\n" for name, binding in bindings.items())
        self.write("CHECK.checks.yaml", f"release:\n{bound}")

    def run(self, program: str, *arguments: str, blocked: tuple[str, ...] = (), by: str = BY_SYS_MODULES) -> Any:
        environment = {key: text for key, text in os.environ.items() if not key.startswith("PYTEST_")}
        return subprocess.run(
            [sys.executable, "-c", by.format(names=list(blocked)) + program, *arguments],
            cwd=self.path,
            env={**environment, "COLUMNS": "200"},
            capture_output=True,
            check=False,
            text=True,
            timeout=BOUND,
        )

    def tests(self, *arguments: str, blocked: tuple[str, ...] = (), by: str = BY_SYS_MODULES) -> tuple[int, str]:
        options = ("--readiness-target=prod", "-p", "no:cacheprovider", "--readiness-out=out")
        done = self.run(PYTEST, *options, *arguments, blocked=blocked, by=by)
        return done.returncode, done.stdout + done.stderr

    def found(self) -> dict[str, tuple[str, str]]:
        """State and evidence of each item."""
        data: Any = json.loads((self.path / "out" / "result.json").read_text("utf-8"))
        items = [item for section in data["sections"] for item in section["items"]]
        return {item["text"]: (item["tests"][0]["state"], item["tests"][0]["evidence"]) for item in items}


@pytest.fixture
def web() -> Iterator[WebApp]:
    metrics = Response(headers=[("Content-Type", "text/plain; version=0.0.4")], body=b"# TYPE up gauge\nup 1\n")
    with WebApp({"/metrics": metrics}) as app:
        yield app


@pytest.fixture
def database() -> Iterator[SilentServer]:
    with SilentServer() as server:
        yield server


@pytest.fixture
def project(tmp_path: Path, web: WebApp, database: SilentServer) -> Project:
    return Project(tmp_path, web.port, database.port)


def sentence(extra: str, fact: str) -> str:
    return f"{fact} needs the extra {extra}: pip install 'pytest-readiness[{extra}]'"


@pytest.mark.parametrize("by", [BY_SYS_MODULES, BY_META_PATH], ids=["sys.modules", "meta path"])
def test_every_missing_extra_is_an_error_and_nothing_is_begun(
    project: Project, web: WebApp, database: SilentServer, by: str
) -> None:
    blocked = tuple(names[0] for names in MODULES.values())
    project.items(**{extra: binding for extra, (binding, _) in CHECKS.items()})
    code, said = project.tests("--readiness-audit=audit.log", blocked=blocked, by=by)
    assert code == 6, said
    assert project.found() == {
        extra: ("error", f"could not verify: {sentence(extra, fact)}") for extra, (_, fact) in CHECKS.items()
    }
    assert f"{len(CHECKS)} errors" in said
    assert "score 0.0 of 100" in said
    assert "Traceback" not in said
    assert (web.connections, database.connections) == (0, 0)
    assert (project.path / "audit.log").read_text("utf-8").count("connect to") == 0


def test_the_plan_shows_it_beforehand(project: Project) -> None:
    project.items(postgres=CHECKS["postgres"][0], metrics=CHECKS["prometheus"][0])
    done = project.run(READINESS, "plan", "--target", "prod", "--json", blocked=("psycopg",))
    assert done.returncode == 0, done.stderr
    plan = json.loads(done.stdout)
    assert [(each["how"], each["reason"]) for each in plan["tests"]] == [
        ("could not verify", sentence("postgres", "postgres_facts")),
        ("passive", ""),
    ]
    assert plan["counts"] == {"could not verify": 1, "passive": 1}
    assert [each["fact"] for each in plan["facts"]] == ["exposition", "connection"]
    told = project.run(READINESS, "plan", "--target", "prod", blocked=("psycopg",)).stdout
    assert "Could not be verified (1)" in told
    assert sentence("postgres", "postgres_facts") in told
    told = project.run(READINESS, "explain", "release/postgres", "--target", "prod", blocked=("psycopg",)).stdout
    assert sentence("postgres", "postgres_facts") in " ".join(told.split())
    done = project.run(READINESS, "plan", "--target", "prod", "--json")
    assert json.loads(done.stdout)["counts"] == {"passive": 2}


def test_a_replay_needs_no_extra(project: Project, web: WebApp) -> None:
    project.items(metrics=CHECKS["prometheus"][0])
    code, said = project.tests("--readiness-record=r.json")
    assert code == 0, said
    seen = web.connections
    code, said = project.tests("--readiness-replay=r.json", blocked=("prometheus_client",))
    assert code == 0, said
    assert project.found()["metrics"][0] == "passed"
    assert web.connections == seen


TOYS = '''
import pytest

from pytest_readiness import Evidence, check, fact


@fact(extra="jwt")
def token(url) -> str:
    """A token."""
    return "read"


@fact
def claims(url, token) -> str:
    """What is in it."""
    return token


@check("toy.claims", severity="high", remedy="r")
def claimed(claims) -> Evidence:
    """There are claims."""
    return Evidence(claims)
'''
OVERRIDE = """

@pytest.fixture
def claims(url):
    return "made up"
"""


def test_what_a_fact_builds_on_counts_and_a_fixture_of_ones_own_does_without(project: Project) -> None:
    said = f"could not verify: {sentence('jwt', 'token')}"
    project.items(claims="toy.claims")
    project.write("conftest.py", TOYS)
    assert project.tests()[0] == 0
    assert project.found() == {"claims": ("passed", "read")}
    assert project.tests(blocked=("jwt",))[0] == 6
    assert project.found() == {"claims": ("error", said)}
    project.write("conftest.py", TOYS + OVERRIDE)
    assert project.tests(blocked=("jwt",))[0] == 0
    assert project.found() == {"claims": ("passed", "made up")}


def test_a_teams_own_test_hears_of_it(project: Project) -> None:
    project.items(claims="toy.claims")
    project.write("conftest.py", TOYS)
    project.write("test_own.py", "def test_it(claims):\n    assert claims\n")
    code, said = project.tests("test_own.py", blocked=("jwt",))
    assert code == 1
    assert f"could not verify: {sentence('jwt', 'token')}" in said
    assert "1 error" in said
