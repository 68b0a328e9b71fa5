"""A target and files of a team that do their worst: what they say stays text, within bounded time and memory."""

from __future__ import annotations

import gzip
import json
import os
import re
import socket
import subprocess
import sys
import time
import unicodedata
import zlib
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote
from xml.etree import ElementTree

import pytest
from markdown_it import MarkdownIt
from playwright.sync_api import sync_playwright

from docs import screenshots
from tests.pty import on_a_terminal
from tests.stack.certs import Authority
from tests.stack.docker import DockerEngine
from tests.stack.patience import patient
from tests.stack.postgres import Postgres
from tests.stack.process import wait_until
from tests.stack.programs import program
from tests.stack.silent import _Server

SECONDS = 180
"""More than all deadlines of the facts that are read, one after the other."""
MEMORY = 400 * 1024 * 1024
OFFERED = 10 * 1024**3
COLOUR = "\x1b[38;5;200m"
EVIL = (
    f"<script>hit(1)</script><img src=x onerror=hit(2)>\"' onmouseover=hit(3) {COLOUR}\x1b]0;owned\x07\x1b[2J"
    "[x](javascript:hit(4)) ![x](http://evil.example/x) <http://evil.example/> `|` ]]> --> ::error::owned "
    "{{7*7}} ${PATH} [[ATTACHMENT|/etc/passwd]] \u202e\u2066\x9b31m\x85 </title></section></details></svg>"
)
"""In one line."""
NEWLINES = "\r\n::error::owned\n::set-output name=verdict::GO\n# owned\n"
COMMANDS = re.compile(r"::(error|warning) (?:file=[^,:]+,line=\d+,)?title=[^:]*::")


class HostileServer(_Server):
    """Answers each path in a bad way of its own, most of them without end."""

    def _serve(self, connection: socket.socket, number: int) -> None:
        asked = connection.recv(65536).split(b" ")
        path = asked[1].decode() if len(asked) > 1 else "/"
        answers = {
            "/big": self._big,
            "/headers": self._headers,
            "/redirects": self._redirects,
            "/drip": self._drip,
            "/bomb": self._bomb,
        }
        for piece in answers.get(path.split("?")[0], self._markup)(path):
            if self._stopping.is_set():
                return
            connection.sendall(piece)

    def _big(self, path: str) -> Iterator[bytes]:
        yield b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: %d\r\n\r\n<html>" % OFFERED
        while True:
            yield b"<a href='/big?x'>" * 4096

    def _headers(self, path: str) -> Iterator[bytes]:
        yield b"HTTP/1.1 200 OK\r\n"
        while True:
            yield b"X-Filler: %s\r\n" % (b"x" * 4096)

    def _redirects(self, path: str) -> Iterator[bytes]:
        number = int(path.partition("?")[2] or 0) + 1
        yield (
            b"HTTP/1.1 302 Found\r\nLocation: /redirects?%d\r\nContent-Length: 0\r\nConnection: close\r\n\r\n" % number
        )

    def _drip(self, path: str) -> Iterator[bytes]:
        yield b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n"
        while not self._stopping.wait(0.1):
            yield b"."

    def _bomb(self, path: str) -> Iterator[bytes]:
        yield b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Encoding: gzip\r\nConnection: close\r\n\r\n"
        packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
        block = packer.compress(b"\0" * 10_485_760) + packer.flush(zlib.Z_FULL_FLUSH)
        yield gzip.compress(b"")[:10]
        for _ in range(OFFERED // 10_485_760):
            yield block

    def _markup(self, path: str) -> Iterator[bytes]:
        evil = EVIL.encode()
        body = b"<title>" + evil + b"</title>" + evil + b"<a href='javascript:hit(5)'>x</a>\xff\xfe\x80" + b"\xc3(" * 9
        yield b"HTTP/1.1 200 " + evil + b"\r\nConnection: close\r\nContent-Type: text/html\r\nServer: nginx/1.0 " + evil
        yield b"\r\nX-Powered-By: \xff" + evil + b"\r\nContent-Security-Policy: " + evil
        yield b"\r\nStrict-Transport-Security: max-age=" + evil + b"\r\nReferrer-Policy: " + evil
        yield b"\r\nSet-Cookie: " + evil + b"=1; Path=" + evil + b"\r\n"
        yield b"Content-Length: %d\r\n\r\n%s" % (len(body), body)


CONFTEST = f"""\
import logging
from pathlib import Path

import pytest

from pytest_readiness import ClaimFalse, CouldNotVerify, Evidence, NotDeclared, check
from pytest_readiness.core.evidence import Attachment

EVIL = {EVIL + NEWLINES!r}
FILES = (
    Attachment(EVIL, "image/svg+xml", EVIL.encode()),
    Attachment("page.html", "text/html", EVIL.encode()),
    Attachment("picture.png", "image/png", EVIL.encode()),
    Attachment("odd", EVIL, EVIL.encode()),
)


@check("own.says", severity="low", remedy=EVIL)
def says(document, *, how: str) -> Evidence:
    "Nothing bad is said."
    logging.getLogger(EVIL).warning(EVIL)
    print(EVIL)
    if how == "evidence":
        return Evidence(EVIL, EVIL, attachments=FILES)
    if how == "wrong":
        raise ClaimFalse(EVIL, EVIL, remedy=EVIL, attachments=FILES)
    raise {{"unseen": CouldNotVerify, "undeclared": NotDeclared, "broken": ValueError}}[how](EVIL)


def pytest_unconfigure(config):
    if not hasattr(config, "workerinput"):
        lines = Path("/proc/self/status").read_text().splitlines()
        peak = next(line for line in lines if line.startswith("VmHWM"))
        Path("peak").write_text(peak.split()[1])
"""
TESTS = """\
import sys
import warnings

import pytest

from conftest import EVIL


@pytest.mark.parametrize("text", [EVIL])
def test_says(text, record_property):
    record_property(EVIL, EVIL)
    print(EVIL, file=sys.stderr)
    warnings.warn(EVIL, stacklevel=1)
    assert text == "", EVIL


@pytest.mark.xfail(reason=EVIL)
def test_expected():
    raise ValueError(EVIL)


def test_skipped():
    pytest.skip(EVIL)
"""
PATHS = ("big", "headers", "redirects", "drip", "bomb", "markup")
CHECKS = ("http.reachable", "http.csp", "http.cookies", "http.banner", "http.referrer_policy", "http.links")
OWN = ("evidence", "wrong", "unseen", "undeclared", "broken")
ENV = ("env.present, names: [MISSING]", "env.no_placeholders", "env.length, names: [A]", "env.entropy, names: [A]")
TLS = ("tls.trusted", "tls.chain", "tls.expiry", "tls.issuer, names: [Nobody]", "tls.lifetime", "tls.key")
PROVEN = ("postgres.connects", "postgres.role", "container.running", "container.healthy", "container.non_root")


@dataclass
class Ran:
    """A run against everything hostile, what it wrote and how long it took."""

    folder: Path
    stdout: str
    seconds: float
    bound: float
    result: dict[str, Any]

    def text(self, name: str) -> str:
        return (self.folder / "out" / name).read_text("utf-8")


def command(*options: str) -> list[str]:
    return [
        *(sys.executable, "-m", "pytest", "--readiness-target=prod", "-p", "no:cacheprovider", "-rA", "-W", "default"),
        *(f"--readiness-release={EVIL}", *options),
    ]


def one_line(text: str) -> str:
    """How YAML is told a text."""
    return json.dumps(text)


def checklist() -> tuple[str, str]:
    """A checklist and its bindings; what is said of the items themselves is hostile, too."""
    written = EVIL.replace("\x85", "").replace("`|`", "")
    lines = [f"own.says, how: {how}, on: plan" for how in OWN]
    lines += [f"{check}, on: {path}" for path in PATHS for check in CHECKS]
    lines += [*ENV, *("docs.sections, sections: [Missing], on: plan",), *PROVEN, *(f"{each}, on: tls" for each in TLS)]
    items = "".join(f"- [ ] Item {number} {written}\n" for number in range(len(lines)))
    text = f"# Release\n\n## {written}\n\n{items}\n## People\n\n- [ ] Signed\n- [ ] Waived\n- [ ] Left out\n"
    return text, "\n".join(lines)


@pytest.fixture(scope="module")
def ran(
    tmp_path_factory: pytest.TempPathFactory, session_postgres: Postgres, docker_engine: DockerEngine
) -> Iterator[Ran]:
    folder = tmp_path_factory.mktemp("hostile")
    name = "<script>hit(6)</script>\x1b[2J"
    authority = Authority(folder / "authority", name=f"{name} root", organisation=name)
    certificate = authority.issue(["localhost", "<script>hit(7)</script>", "javascript:hit(8)"])
    other = Authority(folder / "other", name=f"{name} other")
    with ExitStack() as stack:
        app, tls = stack.enter_context(HostileServer()), stack.enter_context(HostileServer(certificate))
        database = session_postgres.in_state()
        assert database.certificate is not None
        role = 'evil<script>hit(9)</script>\x1b[2J"'
        quoted = '"' + role.replace('"', '""') + '"'
        database.admin(f"CREATE ROLE {quoted} LOGIN CREATEDB PASSWORD 'pass-word-1'")
        database.admin(f"CREATE DATABASE {quoted} OWNER {quoted}", database="postgres")
        dsn = f"postgresql://{quote(role, safe='')}:pass-word-1@127.0.0.1:{database.port}/{quote(role, safe='')}"
        container = docker_engine.run(
            "hostile",
            labels={EVIL: EVIL},
            environment={"EVIL": EVIL},
            healthcheck={
                "test": ["CMD", "printf", "%s", EVIL + NEWLINES + "\x1b[2J"],
                "interval": 100_000_000,
                "retries": 1,
                "timeout": 5_000_000_000,
            },
            command=["sh", "-c", "sleep 1000000", EVIL],
        )
        stack.callback(container.remove, force=True)
        wait_until(lambda: _probed(container), "the container's health is known")
        text, lines = checklist()
        items = re.findall(r"- \[ \] (Item \d+)", text)
        from pytest_readiness.checklist.reading import parse_checklist

        parsed = parse_checklist(text, folder / "release.md")
        own, people = parsed.sections[-2:]
        ids = [item.id.rpartition("/")[2] for item in own.items]
        assert len(ids) == len(items)
        bindings = f"{own.id}:\n" + "".join(
            f"  {id}: {{check: {line}}}\n" for id, line in zip(ids, lines.splitlines(), strict=True)
        )
        bindings += f"{people.id}:\n  signed: {{signoff: owner}}\n  waived: {{check: env.present, names: [MISSING]}}\n"
        bindings += f"  left-out: {{not_applicable: {one_line(EVIL)}}}\n"
        urls = "".join(f"      {path}: {app.url}/{path}\n" for path in PATHS)
        files = {
            "release.md": text,
            "release.checks.yaml": bindings,
            "readiness.yaml": "checklists: [release.md]\ntests: [test_own.py]\nsignoffs: signoffs.yaml\n"
            f"waivers: waivers.yaml\nwaiver_days: 40000\nroles: {{owner: [{one_line(EVIL)}]}}\ntargets:\n  prod:\n"
            f"    description: {one_line(EVIL.replace('${PATH}', '$${PATH}'))}\n    urls:\n{urls}"
            f"      tls: {{url: '{tls.url}', ca: '{other.ca_file}'}}\n"
            f"    databases: {{main: {{dsn: {one_line(dsn)}, ca: '{database.certificate.ca_file}'}}}}\n"
            f"    containers: {{hostile: {{container: hostile, engine: '{docker_engine.base_url}'}}}}\n"
            "    env_files: {app: app.env}\n    documents: {plan: plan.md}\n    policy: {min_score: 0}\n",
            "signoffs.yaml": "signoffs:\n"
            + "".join(
                f"  - {{item: people/signed, by: {one_line(EVIL)}, role: owner, on: 2026-03-01, "
                f"evidence: {one_line(evidence)}, note: {one_line(EVIL)}}}\n"
                for evidence in ("javascript:hit(10)", f"https://example.com/{EVIL.replace(' ', '')}")
            ),
            "waivers.yaml": f"waivers:\n  - {{item: people/waived, reason: {one_line(EVIL)}, by: {one_line(EVIL)}, "
            "expires: 2100-01-01}\n",
            "conftest.py": CONFTEST,
            "test_own.py": TESTS,
            "app.env": f"A='{EVIL.replace(chr(39), '')}'\n<script>hit(11)</script>=changeme\nB=changeme\x1b[2J\n",
            "plan.md": f"# Plan {EVIL}\n\n## {EVIL}\n\ntext\n",
        }
        for file, content in files.items():
            (folder / file).write_text(content, "utf-8", newline="")
        (folder / "app.env").write_bytes((folder / "app.env").read_bytes() + b"C=\xff\xfe\n")
        (folder / "out").mkdir()
        begun, bound = time.monotonic(), patient(SECONDS)
        done = subprocess.run(
            command(
                *("--readiness-report=out/report.html", "--readiness-out=out", "--readiness-record=out/recording.json"),
                *("--readiness-audit=out/audit.jsonl", "--junitxml=out/pytest.xml", "--log-file=out/log.txt"),
                *("--readiness-history=out/history.db", "--log-cli-level=INFO"),
            ),
            cwd=folder,
            env={
                **os.environ,
                "GITHUB_ACTIONS": "true",
                "GITHUB_STEP_SUMMARY": str(folder / "out" / "summary.md"),
                "GITHUB_OUTPUT": str(folder / "out" / "output"),
                "READINESS_NOW": "2026-03-02",
                "PYTHONUTF8": "1",
            },
            capture_output=True,
            timeout=bound,
            check=False,
            stdin=subprocess.DEVNULL,
        )
        seconds = time.monotonic() - begun
        stdout = done.stdout.decode("utf-8", "replace")
        assert done.returncode == 1, stdout[-3000:] + done.stderr.decode("utf-8", "replace")[-3000:]
        stderr = done.stderr.decode("utf-8", "replace")
        assert "Traceback" not in stderr
        assert controls(stderr) == []
        result = json.loads((folder / "out" / "result.json").read_text("utf-8"))
        yield Ran(folder, stdout, seconds, bound, result)


def _probed(container: Any) -> bool:
    container.reload()
    return bool(container.attrs["State"]["Health"]["Log"])


def controls(text: str, allowed: str = "\n") -> list[str]:
    """The control and format characters that a terminal or a reader could obey, each with what stands before it."""
    unseen = {"Cc", "Cf", "Zl", "Zp", "Cs"}
    return [
        text[max(0, match.start() - 60) : match.end()]
        for match in re.finditer(r"[^\x20-\x7e]", text)
        if unicodedata.category(match[0]) in unseen and match[0] not in allowed
    ]


def judged(ran: Ran) -> Iterator[dict[str, Any]]:
    for section in ran.result["sections"]:
        for item in section["items"]:
            yield from item["tests"]


def test_it_was_hostile(ran: Ran) -> None:
    """The text arrived: each of these saw it, and nothing here is proven by having looked at nothing."""
    seen = Counter(test["check"] for test in judged(ran) if "hit(" in test["evidence"])
    for check in ("own.says", "http.banner", "http.csp", "postgres.role", "container.healthy", "tls.issuer"):
        assert seen[check], (check, [test["evidence"] for test in judged(ran) if test["check"] == check])
    assert not [test for test in judged(ran) if "defect" in test["evidence"] and test["check"] != "own.says"]


def test_memory_and_time_are_bounded(ran: Ran) -> None:
    assert int((ran.folder / "peak").read_text()) * 1024 < MEMORY
    assert ran.seconds < ran.bound
    reasons = {
        (test["resource"], test["check"]): (test["state"], test["evidence"])
        for test in judged(ran)
        if test["resource"] in PATHS
    }
    assert "headers" in reasons["headers", "http.banner"][1]
    assert "redirect" in reasons["redirects", "http.reachable"][1]
    assert "in time" in reasons["drip", "http.banner"][1]


FILES = (
    *("result.json", "recording.json", "audit.jsonl", "hdf.json", "in-toto.json", "readiness.sarif", "readiness.prom"),
    *("badge.svg", "junit.xml", "pytest.xml", "summary.md", "report.html", "output", "log.txt"),
)


@pytest.mark.parametrize("name", FILES)
def test_no_file_holds_control_characters(ran: Ran, name: str) -> None:
    text = ran.text(name)
    assert text
    assert controls(text, "\n\t") == []


def test_every_file_is_looked_at(ran: Ran) -> None:
    """The completed checklist is the team's own text and has a test of its own; the database holds ids and states."""
    written = {path.name for path in (ran.folder / "out").iterdir()}
    assert written == {*FILES, "release.completed.md", "history.db"}


def test_the_terminal_shows_no_control_characters(ran: Ran) -> None:
    assert "hit(1)" in ran.stdout
    assert controls(ran.stdout) == []


def test_a_terminal_gets_only_the_colours_of_pytest(ran: Ran) -> None:
    replay = command("--readiness-replay=out/recording.json", "--readiness-out=replayed", "-o", "log_cli=true")
    code, shown = on_a_terminal(replay, ran.folder, SECONDS, PYTHONUTF8="1")
    assert code == 1, shown[-3000:]
    assert "hit(1)" in shown
    assert COLOUR not in shown
    ours = re.sub(r"\x1b\[[\d;]*m|\x1b\]9;4;[\d;]*\x1b\\", "", shown)
    assert controls(ours, "\r\n\t") == []


def test_json_is_whole(ran: Ran) -> None:
    for name in ("recording.json", "hdf.json", "in-toto.json", "readiness.sarif"):
        assert json.loads(ran.text(name))
    for line in ran.text("audit.jsonl").splitlines():
        assert json.loads(line)["what"]


def test_xml_is_whole_and_without_foreign_elements(ran: Ran) -> None:
    names = {"testsuites", "testsuite", "testcase", "properties", "property", "failure", "error", "skipped"}
    names |= {"system-out", "system-err"}
    for name in ("junit.xml", "pytest.xml"):
        assert {element.tag for element in ElementTree.parse(ran.folder / "out" / name).iter()} <= names
    tags = {element.tag.rpartition("}")[2] for element in ElementTree.parse(ran.folder / "out" / "badge.svg").iter()}
    assert not tags & {"script", "a", "image", "foreignObject", "use"}


def test_metrics_are_whole(ran: Ran) -> None:
    from prometheus_client.parser import text_string_to_metric_families

    families = list(text_string_to_metric_families(ran.text("readiness.prom")))
    assert all(family.name.startswith("readiness") for family in families)


def active(markdown: str) -> Counter[tuple[str, str]]:
    """What a renderer that obeys all Markdown and HTML makes more than text of."""
    found: Counter[tuple[str, str]] = Counter()
    for token in MarkdownIt("commonmark").enable("table").parse(markdown):
        for each in (token, *(token.children or ())):
            if each.type in ("html_block", "html_inline"):
                found[each.type, each.content.strip()] += 1
            elif each.type in ("link_open", "image"):
                found[each.type, str(each.attrs.get("href") or each.attrs.get("src"))] += 1
    return found


def test_markdown_gets_no_markup_from_texts(ran: Ran) -> None:
    ours = {("html_inline", "<br>"), ("html_block", "<!-- -->"), ("html_inline", "<!-- -->")}
    summary = active(ran.text("summary.md"))
    assert "hit(1)" in ran.text("summary.md")
    assert set(summary) <= ours
    # What the team's own checklist says stays as it is; nothing is added to it.
    original = (ran.folder / "release.md").read_text("utf-8")
    added = active(ran.text("release.completed.md"))
    added.subtract(active(original))
    assert {key for key, count in added.items() if count > 0} <= ours
    new = [line for line in ran.text("release.completed.md").splitlines() if line not in original]
    assert controls("\n".join(line for line in new if "**" in line and not line.startswith("- ["))) == []


def test_github_obeys_nothing_but_our_annotations(ran: Ran) -> None:
    obeyed, stopped = [], ""
    for line in ran.stdout.splitlines():
        command = line.strip()
        if stopped:
            stopped = "" if command == f"::{stopped}::" else stopped
        elif command.startswith("::stop-commands::"):
            stopped = command.removeprefix("::stop-commands::")
        elif command.startswith("::") or "##[" in command:
            obeyed.append(command)
    assert obeyed
    assert all(COMMANDS.match(command) for command in obeyed), obeyed
    assert {line.partition("=")[0] for line in ran.text("output").splitlines()} == {"verdict", "score"}


def test_no_script_runs_in_the_page(ran: Ran) -> None:
    path = ran.folder / "out" / "report.html"
    asked: list[str] = []
    told: list[str] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program("chromium"), args=list(screenshots.ARGUMENTS))
        tab = browser.new_page()
        tab.on("request", lambda request: asked.append(request.url))
        tab.on("console", lambda message: told.append(message.text))
        tab.on("pageerror", lambda error: told.append(str(error)))
        tab.on("dialog", lambda dialog: told.append(dialog.message))
        # Were a script of theirs to run, it would call this.
        tab.add_init_script("window.hits = []; window.hit = number => window.hits.push(number)")
        tab.goto(path.as_uri())
        tab.evaluate("() => { for (const each of document.querySelectorAll('details')) each.open = true }")
        tab.evaluate("() => { for (const each of document.querySelectorAll('.collapsible')) each.click() }")
        assert tab.evaluate("window.hits") == []
        assert tab.locator("script").count() == 2
        attributes = tab.evaluate("() => [...document.querySelectorAll('*')].flatMap(each => each.getAttributeNames())")
        assert [name for name in set(attributes) if name.startswith("on")] == []
        foreign = "[href^='javascript:' i], [src^='http' i], iframe, object, embed, base, form[action]"
        assert tab.locator(foreign).count() == 0
        links = tab.eval_on_selector_all("a[href]", "links => links.map(link => link.href)")
        assert "hit(1)" in tab.inner_text("body")
        assert tab.title().startswith("Production readiness of prod")
        browser.close()
    elsewhere = [link for link in links if not link.startswith((path.as_uri(), "data:", "https://example.com/"))]
    assert [link for link in elsewhere if "pytest-html" not in link] == []
    assert [url for url in asked if not url.startswith((path.as_uri(), "data:"))] == []
    assert told == []
