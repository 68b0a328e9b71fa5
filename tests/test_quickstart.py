"""The way of docs/quickstart.md, from an empty virtual environment to the first verdict, by the page's own commands."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pytest_readiness.checklist.model import Item
from pytest_readiness.checklist.reading import read_checklist
from pytest_readiness.core.yamlfile import read_yaml
from tests.pty import Session
from tests.stack.certs import Authority
from tests.stack.fixtures import NginxFactory
from tests.stack.patience import patient
from tests.stack.postgres import Postgres
from tests.stack.process import free_port
from tests.test_docs import console, fences, page

ROOT = Path(__file__).parents[1]
APPLICATION = ROOT / "tests" / "quickstart"
ITEMS = tuple(read_checklist(APPLICATION / "release.md").leaves())
ROLE = "product-owner: [product-owner@example.com]"

RIGHT: dict[str, tuple[str, ...]] = {
    "The site answers over HTTPS": ("http.reachable",),
    "The certificate is trusted by browsers": ("tls.trusted",),
    "The certificate doesn't run out in the next 30 days": ("tls.expiry",),
    "Plain HTTP redirects to HTTPS": ("http.https_redirect",),
    "HSTS is switched on": ("http.hsts",),
    "Old TLS versions are turned off": ("tls.versions",),
    "nginx doesn't tell its version": ("http.banner",),
    ".env and .git can't be downloaded": ("http.exposed_files",),
    "The health endpoint answers": ("http.health",),
    "The health check says that database and Redis are up": ("http.health_dependencies",),
    "95% of requests are answered within 300 ms": ("http.response_time",),
    "Unknown pages give a 404 without a stack trace": ("http.errors",),
    "Login attempts are rate limited": ("http.rate_limit",),
    "Session cookies are Secure and HttpOnly": ("http.cookies",),
    "Debug mode is off": ("http.no_debug", "env.no_debug"),
    "Other sites can't read our API (CORS)": ("http.cors",),
    "We can connect to PostgreSQL as the app's user": ("postgres.connects",),
    "The app's database user is no superuser": ("postgres.role",),
    "Our PostgreSQL version still gets security updates": ("postgres.version_supported",),
    "Slow queries are logged": ("postgres.slow_query_log",),
    "Enough database connections are free": ("postgres.connections",),
    "Redis needs a password": ("redis.auth",),
    "The database is backed up every night": ("backup.recent", "backup.schedule"),
    "A restore was tried this quarter": ("backup.restores", "artifact.drill"),
    "All variables of .env.example are set": ("env.complete",),
    "SECRET_KEY has at least 32 characters": ("env.length",),
    'No placeholders like "changeme" in .env': ("env.no_placeholders",),
    ".env isn't in Git": ("env.ignored_by_git",),
    "Payments use live keys, no test keys": ("env.live_keys",),
    "All containers are running": ("container.running",),
    "Containers don't run as root": ("container.non_root",),
    "Containers come back after a crash": ("container.restart_policy",),
    "Images are pinned, no latest": ("image.pinned",),
    "Every container has a memory limit": ("container.memory_limit",),
    "Tests run in CI on each pull request": ("ci.runs_tests",),
    "The last CI run on main is green": ("ci.last_run_green",),
    "The runbook says how to roll back": ("docs.sections",),
    "The product owner has accepted the release": ("product-owner",),
    "Support knows what changes": ("support",),
    "The team has agreed on the day of the release": ("release-manager",),
}
"""What answers each item, as its words say: checks, or the role that signs."""

SIGNED = {item for item, answers in RIGHT.items() if "." not in answers[0]}
NOT_APPLICABLE = "Payments use live keys, no test keys"
SEARCHED = {"We can connect to PostgreSQL as the app's user": "connect postgresql"}
GIVEN = {"names": "database, redis", "sections": "Rollback", "path": "/login", "limit": "10"}
SEEN = (
    "The site answers over HTTPS",
    "The certificate is trusted by browsers",
    "The certificate doesn't run out in the next 30 days",
    "Plain HTTP redirects to HTTPS",
    "Old TLS versions are turned off",
    "nginx doesn't tell its version",
    "The health endpoint answers",
    "We can connect to PostgreSQL as the app's user",
    "The runbook says how to roll back",
)
"""What the servers of the test show, and a document."""
LEFT = {"Enough database connections are free", "Other sites can't read our API (CORS)"}


class Start:
    """A newcomer at work: the application's folder, its virtual environment, and the commands of the page.

    Args:
        folder: the application's; made.
        ports: of each published port of compose.yaml, the one that is used here.
        ca_file: the authority of nginx's certificate.
        dsn: what leads to PostgreSQL from here.

    Attributes:
        done: what the review did with each item.
    """

    def __init__(self, folder: Path, ports: dict[str, int], ca_file: Path, dsn: str) -> None:
        self.folder, self.ports, self.dsn = folder, ports, dsn
        self.done: dict[str, str] = {}
        self.variables: dict[str, str] = {}
        shutil.copytree(APPLICATION, folder)
        (folder / "certs").mkdir()
        shutil.copy(ca_file, folder / "certs" / "ca.pem")
        compose = folder / "compose.yaml"
        text = compose.read_text("utf-8")
        for published, port in ports.items():
            assert f"{published}:" in text
            text = text.replace(f"{published}:", f"{port}:", 1)
        compose.write_text(text, "utf-8")

    @property
    def environment(self) -> dict[str, str]:
        left_out = {"PYTHONPATH", "PYTEST_ADDOPTS", "PYTEST_XDIST_WORKER", "DATABASE_URL", "REDIS_URL"}
        venv = self.folder / ".venv"
        return {
            **{name: value for name, value in os.environ.items() if name not in left_out},
            "PATH": f"{venv / 'bin'}{os.pathsep}{os.environ['PATH']}",
            "VIRTUAL_ENV": str(venv),
            "COLUMNS": "120",
            **self.variables,
        }

    def run(self, *words: str, code: int = 0) -> str:
        """Run a command in the folder; what it wrote."""
        done = subprocess.run(
            words,
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=patient(120),
            check=False,
        )
        assert "Traceback" not in done.stdout, done.stdout
        assert done.returncode == code, done.stdout
        return done.stdout

    def follow(self, line: str) -> str:
        """Do what a line of the page says; what was written."""
        for published, port in self.ports.items():
            line = line.replace(f":{published}", f":{port}")
        match shlex.split(line):
            case ["python", *rest]:
                said = self.run(sys.executable, *rest)
                self._lend_dependencies()
                return said
            case [".", ".venv/bin/activate"]:
                return ""
            case ["pip", "install", "pytest-readiness[all]"]:
                without_network = ("--no-index", "--no-deps", "--no-build-isolation", "--disable-pip-version-check")
                return self.run("pip", "install", *without_network, str(ROOT))
            case ["export", assignment]:
                name, _, value = assignment.partition("=")
                self.variables[name] = self.dsn if name == "DATABASE_URL" else value
                return ""
            case ["readiness", "init", *rest]:
                return self.run("readiness", "init", "--yes", *rest)
            case ["readiness", "sign", *rest]:
                configuration = self.folder / "readiness.yaml"
                text = configuration.read_text("utf-8")
                assert text.count("product-owner: [to be filled in]") == 1
                configuration.write_text(text.replace("product-owner: [to be filled in]", ROLE), "utf-8")
                return self.run("readiness", "sign", *rest)
            case ["readiness", *_, "--review"] as words:
                self.review(words)
                return ""
            case ["pytest", *rest]:
                # The program's file is where it was installed, and not lent with the module.
                return self.run("python", "-m", "pytest", *rest, "--readiness-out=out", code=1)
            case words:
                return self.run(*words)

    @property
    def packages(self) -> Path:
        """Where the virtual environment has its packages."""
        [found] = (self.folder / ".venv" / "lib").glob("python*/site-packages")
        return found

    def _lend_dependencies(self) -> None:
        """Let the new environment import what the tests' own has installed: there may be no network."""
        lent = [path for path in sys.path if path and any(Path(path).glob("*.dist-info"))]
        (self.packages / "lent.pth").write_text("".join(f"{path}\n" for path in lent), "utf-8")

    def entries(self) -> dict[str, Any]:
        """What the file of bindings says of each item, by the item's text."""
        root = read_yaml(self.folder / "release.checks.yaml", "bindings")
        return {item.text: root.get(section_of(item), {}).get(item.slug) for item in ITEMS}

    def states(self) -> dict[str, str]:
        """How each item ended in the last run, by its text."""
        return {each["text"]: each["state"] for each in self._items()}

    def tests(self) -> list[dict[str, Any]]:
        """All tests of the last run."""
        return [test for each in self._items() for test in each["tests"]]

    def _items(self) -> list[dict[str, Any]]:
        result = json.loads((self.folder / "out" / "result.json").read_text("utf-8"))
        return [item for section in result["sections"] for item in section["items"]]

    def review(self, command: list[str]) -> None:
        """Go through what is proposed as a person would."""
        environment = {name: value for name, value in self.environment.items() if name not in ("COLUMNS", "LINES")}
        with Session(command, self.folder, 100, 40, 60, **{"PYTHONPATH": "", **environment}) as session:
            session.until(" left")
            while "That was the last one" not in session.screen:
                item = item_on(session.screen)
                assert item not in self.done, f"{item} is shown again:\n{session.screen}"
                self.done[item] = self.decide(session, item)
                question = r"(Also needed\?)|^\S+ (?:needs '(\w+)'|can be given)"
                while asked := re.search(question, session.screen, re.MULTILINE):
                    # Enter alone means no more, or keeps what the check takes by itself.
                    session.send(f"{GIVEN[asked[2]]}\r" if asked[2] else "\r")
                    session.until("")
            session.send("q")
            assert session.ends() == 0
            assert "Traceback" not in session.written

    def decide(self, session: Session, item: str) -> str:
        first = re.search(r"^1  (\S+)  ", session.screen, re.MULTILINE)
        if item in LEFT:
            session.send(" ")
            way = "left"
        elif item == NOT_APPLICABLE:
            session.send("n")
            session.until("Why does it not apply?")
            session.send("\x15We take no payments yet\r")
            way = "not applicable"
        elif item in SIGNED:
            session.send("s")
            session.until("Who signs? Enter takes")
            session.send("\r")
            way = "signed"
        else:
            way = "taken"
            if first is None or first[1] not in RIGHT[item]:
                session.send("/")
                session.until("Enter search")
                session.send(f"{SEARCHED[item]}\r")
                session.until("Found by ")
                way = "searched"
            session.send("1")
        session.until("")
        return way


def item_on(screen: str) -> str:
    """Which item is shown, by its text above the candidates."""
    head = " ".join(re.split(r"^(?:1|s)  ", screen, maxsplit=1, flags=re.MULTILINE)[0].split())
    [item] = [text for text in RIGHT if text in head]
    return item


@pytest.fixture
def start(
    tmp_path: Path, nginx_factory: NginxFactory, session_postgres: Postgres, authority: Authority
) -> Iterator[Start]:
    """The application, whose nginx and PostgreSQL run; Redis and the containers do not."""
    locations = {
        "/": "return 404;",
        "= /": 'default_type text/html; return 200 "<!doctype html><title>Shop</title>";',
        "= /healthz": 'default_type application/json; return 200 "{}";',
    }
    database = session_postgres.in_state()
    with nginx_factory(https=authority.issue(days=90), redirect=True, locations=locations) as web:
        ports = {"8080": web.http_port, "8443": web.https_port, "5432": database.port, "6379": free_port()}
        yield Start(tmp_path / "shop", ports, authority.ca_file, database.dsn())


def test_each_item_has_its_right_answer() -> None:
    assert [item.text for item in ITEMS] == list(RIGHT)
    assert len(ITEMS) == 40
    assert len(set(map(section_of, ITEMS))) == 6


def test_from_nothing_to_the_first_verdict(start: Start) -> None:
    """Every command of the page, in its order."""
    followed = []
    for line in console(page("quickstart.md")):
        told = start.follow(line)
        followed.append(line.split()[0])
        if line.startswith("pip "):
            assert (start.packages / "pytest_readiness" / "suites" / "starter.md").is_file()
        elif line.startswith("readiness bind") and "--review" not in line:
            acceptable = [item for item, entry in start.entries().items() if answers_of(entry) & set(RIGHT[item])]
            assert len(acceptable) >= 25, set(RIGHT) - set(acceptable)
        elif "--review" in line:
            assert Counter(start.done.values()) == {
                "taken": len(RIGHT) - len(SIGNED) - len(SEARCHED) - len(LEFT) - 1,
                "signed": len(SIGNED),
                "searched": len(SEARCHED),
                "left": len(LEFT),
                "not applicable": 1,
            }
        elif line.startswith("pytest "):
            assert_verdict(start, told)
    assert followed == [
        *("python", ".", "pip", "readiness", "export", "export", "readiness", "readiness", "pytest", "readiness")
    ]
    start.follow("pytest --readiness-target=local")
    assert start.states()["The product owner has accepted the release"] == "passed"


def assert_verdict(start: Start, told: str) -> None:
    """The first verdict is as the page says, and honest."""
    [block] = [code for info, code in fences(page("quickstart.md")) if info == "text"]
    for line in block.splitlines():
        assert shape(line) in shape(told)
    assert "NO-GO" in (start.folder / "readiness.html").read_text("utf-8")
    states = start.states()
    assert [item for item in SEEN if states[item] != "passed"] == []
    # Neither what is only proposed nor what waits for a signature has passed, nor what there is no server for.
    assert {states[item] for item in (*LEFT, *SIGNED)} == {"unverified"}
    assert states["All containers are running"] in ("error", "failed")
    assert [item for item, state in states.items() if state == "not applicable"] == [NOT_APPLICABLE]
    assert states['No placeholders like "changeme" in .env'] == "failed"
    assert set(states.values()) == {"passed", "failed", "error", "unverified", "not applicable"}
    for test in start.tests():
        assert test["state"] == "passed" or len(test["evidence"].split()) > 2, test


def section_of(item: Item) -> str:
    return item.id.rpartition("/")[0]


def shape(text: str) -> str:
    """A text whose numbers and spaces are all the same."""
    return re.sub(r"\d+(\.\d+)?", "N", " ".join(text.split()))


def answers_of(entry: Any) -> set[str]:
    """The checks, claims and roles that a proposal names."""
    value = entry["proposed"] if entry else ""
    named = [value.get(key) for key in ("check", "missing", "signoff")] if isinstance(value, dict) else [value]
    return {each for each in named if isinstance(each, str)}
