"""The audit log against what real servers logged of the same run: nothing that arrived is missing in it."""

from __future__ import annotations

import json
import re
import resource
import socket
import stat
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import pytest

from tests.release import Release
from tests.stack.certs import Authority
from tests.stack.docker import DockerEngine
from tests.stack.fixtures import NginxFactory, SshdFactory
from tests.stack.nginx import Nginx
from tests.stack.patience import patient
from tests.stack.postgres import Postgres
from tests.stack.process import short_directory
from tests.stack.sshd import Sshd

CHECKLIST = """\
# Release

- [ ] Answers
- [ ] Root is quick
- [ ] No files
- [ ] No plain
- [ ] Errors
- [ ] Trusted
- [ ] Database
- [ ] Disk
- [ ] Settings
- [ ] Port
- [ ] Container
- [ ] Unprivileged
- [ ] Image
- [ ] Browsed
- [ ] Signed
"""
BINDINGS = """\
release:
  answers: http.reachable
  root-is-quick: http.response_time
  no-files: http.exposed_files
  no-plain: http.banner
  errors: http.errors
  trusted: tls.trusted
  database: {all: [postgres.connects, postgres.tls, postgres.role]}
  disk: host.disk
  settings: host.memory
  port: {check: net.open, ports: [%d]}
  container: container.running
  unprivileged: container.non_root
  image: {check: image.pinned, on: shop}
  browsed: browser.console
  signed: {signoff: owner}
"""


class RecordingProxy:
    """Hands on what comes to a unix socket, and keeps the request lines."""

    def __init__(self, path: Path, to: str) -> None:
        self.requests: list[str] = []
        self._to = to
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(path))
        self._listener.listen(16)
        self._open: list[socket.socket] = []
        self._threads = [threading.Thread(target=self._accept)]

    def __enter__(self) -> Self:
        self._threads[0].start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._threads[0].join()
        for each in self._open:
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
        for thread in self._threads[1:]:
            thread.join()
        for each in (*self._open, self._listener):
            each.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                engine = socket.socket(socket.AF_UNIX)
                engine.connect(self._to)
                self._open += [client, engine]
                for pair in ((client, engine), (engine, client)):
                    self._threads.append(threading.Thread(target=self._pump, args=(*pair, pair[0] is client)))
                    self._threads[-1].start()

    def _pump(self, source: socket.socket, sink: socket.socket, note: bool) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                if note:
                    self.requests += re.findall(r"^([A-Z]+ \S+) HTTP/1\.1\r$", data.decode("latin-1"), re.MULTILINE)
                sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)


@dataclass
class World:
    """Servers that log, and a project that asks them."""

    folder: Path
    web: Nginx
    database: Postgres
    host: Sshd
    engine: RecordingProxy

    def run(self, *options: str) -> list[dict[str, str]]:
        """The entries of the audit log of a run."""
        command = [sys.executable, "-m", "pytest", "--readiness-target=prod", "--readiness-audit=audit.jsonl"]
        done = subprocess.run(
            [*command, "-p", "no:cacheprovider", *options],
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=patient(120),
            check=False,
            stdin=subprocess.DEVNULL,
        )
        assert done.returncode in (0, 1, 6, 10), done.stdout + done.stderr
        return [json.loads(line) for line in (self.folder / "audit.jsonl").read_text().splitlines()]


@pytest.fixture(scope="module")
def world(
    tmp_path_factory: pytest.TempPathFactory,
    authority: Authority,
    nginx_factory: NginxFactory,
    session_postgres: Postgres,
    sshd_factory: SshdFactory,
    docker_engine: DockerEngine,
) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("audited")
    logging = {"log_statement": "all", "log_connections": "on", "log_line_prefix": "%a|"}
    docker_engine.image("audited:1")
    container = docker_engine.run("audited", image="audited:1", user="nobody", volumes={"audited": {"bind": "/data"}})
    with (
        nginx_factory(https=authority.issue()) as web,
        sshd_factory() as host,
        short_directory() as sockets,
        RecordingProxy(sockets / "docker.sock", docker_engine.base_url.removeprefix("unix://")) as engine,
    ):
        database = session_postgres.in_state()
        for name, value in logging.items():
            database.set(name, value)
        (folder / "release.md").write_text(CHECKLIST)
        (folder / "release.checks.yaml").write_text(BINDINGS % host.port)
        (folder / "signoffs.yaml").write_text(
            "signoffs:\n  - {item: release/signed, by: owner@example.com, role: owner, on: 2026-03-01}\n"
        )
        (folder / "dsn.txt").write_text(database.dsn())
        (folder / "readiness.yaml").write_text(
            f"""
            checklists: [release.md]
            signoffs: signoffs.yaml
            signoff_proof: author
            roles: {{owner: [owner@example.com]}}
            targets:
              prod:
                urls: {{shop: {{url: "{web.url}", ca: "{authority.ca_file}"}}}}
                databases: {{main: {{engine: postgres, dsn: {{command: "cat dsn.txt"}}}}}}
                hosts: {{web1: {{connection: "{host.spec}", ssh_config: "{host.ssh_config}"}}}}
                containers: {{app: {{container: audited, engine: "unix://{sockets}/docker.sock"}}}}
                images: {{shop: {{image: "audited:1", engine: "unix://{sockets}/docker.sock"}}}}
                policy: {{min_score: 0}}
            """
        )
        git = ["git", "-C", str(folder), "-c", "user.name=owner", "-c", "user.email=owner@example.com"]
        for arguments in (["init", "-q"], ["add", "signoffs.yaml"], ["commit", "-qm", "sign"]):
            subprocess.run([*git, *arguments], check=True)
        yield World(folder, web, database, host, engine)
    container.remove(force=True, v=True)
    docker_engine.client().volumes.get("audited").remove(force=True)
    docker_engine.client().images.remove("audited:1", force=True)


@pytest.mark.parametrize("options", [(), ("-n2",)], ids=["one process", "two workers"])
def test_nothing_that_arrived_is_missing(world: World, options: tuple[str, ...]) -> None:
    web, sessions, logins, asked = len(world.web.requests()), world.database.log(), world.host.logins(), 0
    asked = len(world.engine.requests)
    entries = world.run(*options)
    said = Counter(entry["what"] for entry in entries)
    assert all(re.match(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d", entry["at"]) for entry in entries)

    requests = Counter(line.rpartition(" ")[0] for line in world.web.requests()[web:])
    ours = Counter()  # type: ignore[var-annotated]
    for what, count in said.items():
        if match := re.match(r"([A-Z]+) https://localhost:\d+(/\S*|) (?:at|by) ", what):
            ours[f"{match[1]} {match[2] or '/'}"] += count
    assert sum(requests.values()) > 5
    assert not requests - ours

    log = world.database.log()[len(sessions) :]
    statements = [
        " ".join(text.split())
        for text in re.findall(r"^pytest-readiness\|LOG:  statement: (.*(?:\n\t.*)*)", log, re.MULTILINE)
    ]
    # Each question has a savepoint of its own, which the log does not tell of.
    statements = [text for text in statements if not text.startswith(("SAVEPOINT", "RELEASE"))]
    assert len(statements) > 5
    where = f" at 127.0.0.1:{world.database.port}/shop"
    assert not Counter(f"{text}{where}" for text in statements) - said
    received = log.count("connection received")
    assert received
    assert sum(count for what, count in said.items() if what.startswith("connect to 127.0.0.1:")) >= received

    assert world.host.logins() - logins == said[f"run 'host.sh hello' on {world.host.spec}"] == 1
    assert {what for what in said if "host.sh" in what and "hello" not in what}

    engine = Counter(re.sub(r"\?.*", "", line) for line in world.engine.requests[asked:])
    told = Counter()  # type: ignore[var-annotated]
    for what, count in said.items():
        if match := re.match(r"([A-Z]+ /\S*) at the Docker engine ", what):
            told[match[1]] += count
    assert sum(engine.values()) > 4
    assert not engine - told

    names = {entry["fact"] for entry in entries} - {""}
    assert {
        "connection",
        "postgres_facts",
        "host_facts",
        "container_facts",
        "tls_scan",
        "browser_pages",
    } <= names
    assert {entry["resource"] for entry in entries if entry["fact"] == "postgres_facts"} == {"postgres:main"}
    commands = [what for what in said if what.startswith("run 'git ") or "secret command" in what]
    assert "run the secret command 'cat …'" in commands
    assert {what.split(" ")[2].strip("'") for what in commands if "git" in what} >= {"rev-parse", "status", "blame"}
    assert any(what.startswith("TLS scan of localhost") for what in said)
    assert any(re.match(rf"connect to \S+ port {world.host.port}$", what) for what in said)
    for secret in world.database.passwords.values():
        assert secret not in (world.folder / "audit.jsonl").read_text()


def test_a_replay_sends_nothing(world: World) -> None:
    some = ("-k", "answers or disk or container")
    world.run("--readiness-record=recording.json", *some)
    entries = world.run("--readiness-replay=recording.json", *some)
    assert {entry["fact"] for entry in entries} == {""}


@pytest.fixture
def release(tmp_path: Path) -> Release:
    made = Release(tmp_path)
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    return made


def test_only_its_owner_may_read_it(release: Release) -> None:
    log = release.write("audit.jsonl", '{"at": "an earlier run"}\n')
    log.chmod(0o644)
    release.run("--readiness-audit=audit.jsonl")
    assert stat.S_IMODE(log.stat().st_mode) == 0o600
    first, *_ = log.read_text().splitlines()
    assert json.loads(first)["what"] == "a run against target prod begins"


@pytest.mark.parametrize(
    ("path", "reason"), [(".", "Is a directory"), ("one.env/log", "File exists"), ("/dev/full", "No space left")]
)
def test_a_log_that_cannot_be_written_is_told_before_anything_happens(release: Release, path: str, reason: str) -> None:
    done = release.run(f"--readiness-audit={path}")
    assert done.returncode == 4
    assert re.search(rf"--readiness-audit {path} cannot be written: {reason}.*\.$", done.stderr, re.MULTILINE)
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("options", [(), ("-n2",)], ids=["one process", "two workers"])
def test_gaps_are_told(release: Release, options: tuple[str, ...]) -> None:
    limit = 160

    def bounded() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    done: Any = subprocess.run(
        [
            *(sys.executable, "-B", "-m", "pytest", "--readiness-target=prod", "-p", "no:cacheprovider"),
            *("--readiness-audit=audit.jsonl", *options),
        ],
        cwd=release.path,
        capture_output=True,
        text=True,
        preexec_fn=bounded,
        timeout=patient(120),
        check=False,
        stdin=subprocess.DEVNULL,
    )
    assert done.returncode == 4, done.stdout + done.stderr
    assert "The audit log audit.jsonl has gaps: it could not be written (" in done.stdout
