from __future__ import annotations

import base64
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast, get_args
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from pydantic import SecretStr

from pytest_readiness.core.domains import load_catalogue
from pytest_readiness.core.evidence import CouldNotVerify, NotDeclared, Unreachable
from pytest_readiness.core.problems import ProblemsError
from pytest_readiness.core.redact import Redactor
from pytest_readiness.core.registry import FACTS, Fact, fact
from pytest_readiness.core.resources import Resource
from pytest_readiness.domains.container.resource import Container
from pytest_readiness.domains.docs.resource import Document
from pytest_readiness.domains.env.resource import EnvFile
from pytest_readiness.domains.http.resource import Url
from pytest_readiness.domains.postgres.resource import Postgres
from pytest_readiness.gather.gatherer import Gatherer
from pytest_readiness.record.recording import (
    FORMAT,
    LOSSY,
    SECRETS,
    Recorded,
    Recording,
    UnrecordableError,
    _types,
    read_recording,
    recorded,
)
from tests.stack.certs import Authority
from tests.stack.docker import DockerEngine
from tests.stack.fixtures import NginxFactory
from tests.stack.patience import patient
from tests.stack.postgres import Postgres as Server
from tests.stack.process import free_port
from tests.stack.silent import Response, WebApp

load_catalogue()
# Of all mappings, facts are made of dictionaries only.
st.register_type_strategy(Mapping, lambda of: st.dictionaries(*map(st.from_type, get_args(of) or (str, str))))

ROOT = Path(__file__).parents[2]
PASSWORD = 'p"ä/s s+w&r%d'
LATER = "2126-01-01"


# What is recorded comes back


def recording(*readings: Recorded) -> Recording:
    data = {
        "format": FORMAT,
        "when": "2026-03-01T12:00:00Z",
        "provenance": {"target": "prod", "runner": "runner.example.com"},
        "readings": [each.model_dump(mode="json") for each in readings],
    }
    return Recording.model_validate_json(json.dumps(data))


def kept(
    name: str, resource: Resource, asks: Mapping[str, tuple[Any, ...]] | None = None, secrets: tuple[str, ...] = ()
) -> tuple[Gatherer, Recorded]:
    """Read a fact, and return it as recorded, beside the gatherer that replays only it."""
    gatherer = Gatherer()
    [reading] = gatherer.readings(name, resource, asks or {})
    reading.done.wait()
    made = recorded(reading, Redactor((*resource.secrets(), *secrets)))
    return Gatherer(recording(made).replay), made


def same_after_replay(name: str, resource: Resource, asks: Mapping[str, tuple[Any, ...]] | None = None) -> Any:
    live = Gatherer()
    value = live.value(name, resource, asks or {})
    made = [recorded(reading, Redactor(resource.secrets())) for reading in live.done()]
    again = Gatherer(recording(*made).replay).value(name, resource, asks or {})
    assert again == value
    assert type(again) is type(value)
    return value


@pytest.mark.parametrize("name", sorted(FACTS))
def test_every_facts_record_is_recordable_or_refused_for_its_secrets(name: str) -> None:
    types = _types(FACTS[name].read)

    @settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.data())
    def round_trip(data: st.DataObject) -> None:
        value = data.draw(st.from_type(cast("type[Any]", types.record._type)))
        try:
            plain = types.dump(value)
        except UnrecordableError:
            assume("nan" not in repr(value) and "inf" not in repr(value))
            raise
        assert types.load(json.loads(json.dumps(plain))) == value

    if types.secret:
        with pytest.raises(UnrecordableError, match=SECRETS):
            types.load({})
    else:
        round_trip()


def test_only_files_of_settings_hold_secrets_by_type() -> None:
    # A new fact here is not a mistake, but one that nobody can replay.
    assert [name for name in sorted(FACTS) if _types(FACTS[name].read).secret] == [
        "config_files",
        "env_facts",
        "env_text",
        "other_env",
        "other_text",
    ]


def test_document_comes_back(tmp_path: Path) -> None:
    path = tmp_path / "runbook.md"
    path.write_text("# Überlauf\n\nSchritt **eins**\n\n| a | b |\n| - | - |\n| 1 | 2 |\n", "utf-8")
    assert same_after_replay("document_text", Document(name="runbook", path=path)).sections[1].title == "Überlauf"


def test_tls_scan_comes_back_for_what_was_asked_only(authority: Authority, nginx_factory: NginxFactory) -> None:
    certificate = authority.issue()
    with nginx_factory(https=certificate) as server:
        url = Url(name="shop", url=f"https://localhost:{server.https_port}", ca=certificate.ca_file)
        asks = {"tls_scan": ("certificate_info", "tls_1_2_cipher_suites", "tls_1_3_cipher_suites")}
        same_after_replay("connection", url)
        assert same_after_replay("tls_scan", url, asks).deployments[0].leaf.names
        replay, _ = kept("tls_scan", url, asks)
    assert replay.value("tls_scan", url, {"tls_scan": ("certificate_info",)}).deployments
    for asked in ("robot",), ("certificate_info", "robot"), ():
        with pytest.raises(
            CouldNotVerify, match=r"the recording of 2026-03-01T12:00:00\+00:00 holds no tls_scan of shop"
        ):
            replay.value("tls_scan", url, {"tls_scan": asked})


def test_postgres_comes_back(postgres: Server) -> None:
    resource = Postgres(name="main", dsn=SecretStr(postgres.dsn()))
    assert same_after_replay("postgres_facts", resource).session is not None
    same_after_replay("postgres_without_tls", resource)


def test_container_comes_back(docker_engine: DockerEngine) -> None:
    docker_engine.run("test-recording", user="nobody")
    try:
        resource = Container(name="shop", container="test-recording", engine=docker_engine.base_url)
        assert same_after_replay("container_facts", resource).state.user == "nobody"
    finally:
        docker_engine.client().containers.get("test-recording").remove(force=True)


# What is not recorded


@dataclass(frozen=True, slots=True)
class Found:
    text: str
    number: int = 0
    ratio: float = 0.0
    names: tuple[str, ...] = ()
    by_name: Mapping[str, int] | None = None
    anything: object = None


@dataclass(frozen=True, slots=True)
class Inner:
    token: SecretStr | None


@dataclass(frozen=True, slots=True)
class Outer:
    inner: Mapping[str, tuple[Inner, ...]]


class Refused(CouldNotVerify):
    def __init__(self, reason: str, how: int) -> None:
        super().__init__(reason)
        self.how = how


WHERE = Document(name="runbook", path=Path("runbook.md"))


@pytest.fixture
def found(registry: None) -> Callable[[object], tuple[Gatherer, Recorded]]:
    """Record a fact that gives, or raises, what is named here."""

    def made(value: object, secrets: tuple[str, ...] = ()) -> tuple[Gatherer, Recorded]:
        def thing(document: Document) -> Found:
            if isinstance(value, Exception):
                raise value
            return value  # type: ignore[return-value]

        FACTS["thing"] = Fact("thing", thing, "document", (), "", 10.0, False, False, "passive", ())
        return kept("thing", WHERE, secrets=secrets)

    return made


def test_env_file_is_withheld(tmp_path: Path) -> None:
    path = tmp_path / ".env"
    path.write_text("TOKEN=hunter2hunter2\n")
    replay, made = kept("env_facts", EnvFile(name="shop", path=path))
    assert "hunter2" not in made.model_dump_json()
    assert (made.outcome, made.value) == ("withheld", None)
    with pytest.raises(CouldNotVerify, match=f"holds no env_facts of shop: it {SECRETS}"):
        replay.value("env_facts", EnvFile(name="shop", path=path), {})


def test_secret_is_withheld_at_any_depth(registry: None) -> None:
    def deep(document: Document) -> Outer:
        return Outer({"a": (Inner(SecretStr("hunter2hunter2")),)})

    fact(deep)
    _, made = kept("deep", WHERE)
    assert (made.outcome, made.reason, made.value) == ("withheld", SECRETS, None)
    assert "hunter2" not in made.model_dump_json()


@pytest.mark.parametrize(
    "value",
    [
        Found(PASSWORD),
        Found(f"postgresql://shop:{quote(PASSWORD, safe='')}@db.example.com/shop"),
        Found(base64.b64encode(f"shop:{PASSWORD}".encode()).decode()),
        Found(json.dumps({"password": PASSWORD})),
        Found(f"it was {PASSWORD}, twice {PASSWORD}"),
        Found("", names=("a", PASSWORD)),
        Found("", by_name={PASSWORD: 1}),
        Found("", number=271828182),
        Found("redis://:whatever@db.example.com"),
    ],
)
def test_value_with_a_secret_is_withheld(found: Any, value: Found) -> None:
    replay, made = found(value, (PASSWORD, "271828182"))
    assert (made.outcome, made.reason, made.value) == ("withheld", SECRETS, None)
    with pytest.raises(CouldNotVerify, match=r"holds no thing of runbook: it holds secrets, which are not recorded$"):
        replay.value("thing", WHERE, {})


@pytest.mark.parametrize(
    "value", [Found("", ratio=float("nan")), Found("", ratio=float("inf")), Found("\udc80"), "none"]
)
def test_value_that_would_come_back_changed_is_withheld(found: Any, value: object) -> None:
    _, made = found(value)
    assert (made.outcome, made.reason) == ("withheld", LOSSY)


def test_secret_behind_a_type_that_hides_it_is_withheld(found: Any) -> None:
    _, made = found(Found("", anything=SecretStr("hunter2hunter2")))
    assert (made.outcome, made.value) == ("withheld", None)


@pytest.mark.parametrize("error", [CouldNotVerify, Unreachable, NotDeclared])
def test_errors_come_back_as_what_they_were_without_secrets(found: Any, error: type[Exception]) -> None:
    replay, made = found(error(f"login with {PASSWORD} failed"), (PASSWORD,))
    assert PASSWORD not in made.reason
    with pytest.raises(error) as failure:
        replay.value("thing", WHERE, {})
    assert type(failure.value) is error
    assert str(failure.value) == "login with ••• failed"


@pytest.mark.parametrize("replays", [False, True])
def test_error_of_a_kind_of_its_own_is_told_as_it_is(found: Any, replays: bool) -> None:
    replay, _ = found(Refused("nobody there", 1))
    gatherer = replay if replays else Gatherer()
    with pytest.raises(CouldNotVerify, match=r"^nobody there$"):
        gatherer.value("thing", WHERE, {})


def test_type_that_has_changed_since_is_not_judged(found: Any) -> None:
    _, made = found(Found("a"))
    for value in ({"text": "a"}, {**made.value, "later": 1}, {**made.value, "number": "many"}, None):
        changed = Gatherer(recording(made.model_copy(update={"value": value})).replay)
        with pytest.raises(CouldNotVerify, match="holds, in a form that this version does not read, thing of runbook"):
            changed.value("thing", WHERE, {})


def test_field_that_was_added_since_is_none(found: Any) -> None:
    _, made = found(Found("a"))
    before = {name: value for name, value in made.value.items() if name != "added"}
    earlier = Gatherer(recording(made.model_copy(update={"value": before})).replay)
    assert earlier.value("thing", WHERE, {}) == Found("a")


def test_evidence_says_where_a_moved_resource_was_recorded(found: Any) -> None:
    replay, _ = found(Found("a"))
    moved = Document(name="runbook", path=Path("elsewhere.md"))
    [reading] = replay.readings("thing", moved, {})
    assert reading.note == "recorded from runbook.md"


def test_what_failed_in_one_worker_is_no_pass_in_the_replay(found: Any) -> None:
    from pytest_readiness.run.recorder import _once

    _, good = found(Found("a"))
    _, bad = found(CouldNotVerify("no"))
    for both in ([good, bad], [bad, good]):
        assert _once(both) == [bad]


# Files that are not recordings


def test_unusable_files_are_told_in_sentences(tmp_path: Path) -> None:
    path = tmp_path / "r.json"
    texts = {
        "": "This is not a recording",
        "[]": "This is not a recording",
        "[" * 100_000: "This is not a recording",
        '{"format": "pytest-readiness/1"}': "This is not a recording",
        '{"format": "pytest-readiness-recording/2"}': "has the format pytest-readiness-recording/2, but this",
        f'{{"format": "{FORMAT}"}}': "This recording is broken at 'when'",
        recording()
        .model_dump_json()
        .replace("prod", "staging"): "a recording of target 'staging', but this run is about",
    }
    for text, words in texts.items():
        path.write_text(text)
        with pytest.raises(ProblemsError, match=words):
            read_recording(path, "prod")
    with pytest.raises(ProblemsError, match="does not exist"):
        read_recording(tmp_path / "none", "prod")


# Whole runs

CONFTEST = '''
import socket
from dataclasses import dataclass
from pathlib import Path
from urllib.request import urlopen

import pytest
from pytest_readiness import CouldNotVerify, Evidence, NotDeclared, check, claim, fact


@dataclass(frozen=True, slots=True)
class Answer:
    text: str


@dataclass(frozen=True, slots=True)
class Question:
    path: str
    tries: int = 1


def get(url, path):
    try:
        return urlopen(url.url + path, timeout=30).read().decode()
    except OSError as error:
        raise CouldNotVerify(f"GET {path} failed ({error})") from None


@fact
def answer(url: "Url", connection: "Connection", *, ask: Question) -> Answer:
    return Answer(get(url, ask.path))


@fact
def once_more(url: "Url", connection: "Connection") -> Answer:
    tried = Path(__file__).with_name("tried-" + url.name)
    if not tried.exists():
        tried.touch()
        raise CouldNotVerify("the connection was reset", transient=True)
    return Answer("second")


@fact
def undeclared(url: "Url") -> Answer:
    raise NotDeclared("shop declares no such thing")


asks = lambda url, path: {"answer": Question(path)}


@check("shop.says", severity="high", remedy="Say it.", asks=asks)
def says(answer, *, path: str, words: str) -> Evidence:
    """It says so."""
    seen = answer.text
    claim(seen == words, expected=words, seen=seen)
    return Evidence(seen)


@check("shop.twice", severity="low", remedy="None.")
def twice(once_more) -> Evidence:
    """It answers at last."""
    return Evidence(once_more.text)


@check("shop.undeclared", severity="low", remedy="None.")
def undeclared_(undeclared) -> Evidence:
    """It is declared."""
    return Evidence("declared")


@check("shop.acts", severity="low", remedy="None.", check_class="active")
def acts(url, connection) -> Evidence:
    """It acts."""
    return Evidence(get(url, "/acts"))


@check("shop.looks", severity="low", remedy="None.")
def looks(url) -> Evidence:
    """It looks for itself."""
    return Evidence(get(url, "/looks"))


from pytest_readiness.domains.tls.facts.connection import Connection
from pytest_readiness.domains.http.resource import Url
for each in (answer, once_more, undeclared):
    each.__globals__.update(Url=Url, Connection=Connection)
'''
BINDINGS = """
ready:
  says-ready: {check: shop.says, path: /, words: ready}
  says-steady: {check: shop.says, path: /steady, words: go}
  answers-at-last: shop.twice
  is-declared: shop.undeclared
  runbook: {check: docs.sections, sections: [Steps]}
  waived: {check: shop.says, path: /steady, words: waived}
"""
CHECKLIST = """# Ready
- [ ] Says ready
- [ ] Says steady
- [ ] Answers at last
- [ ] Is declared
- [ ] Runbook
- [ ] Waived
- [ ] Unbound
"""


class Project:
    """A project's folder, and runs in it."""

    def __init__(self, folder: Path, server: WebApp) -> None:
        self.folder = folder
        self.server = server
        (folder / "conftest.py").write_text(CONFTEST)
        (folder / "CHECKLIST.md").write_text(CHECKLIST)
        (folder / "CHECKLIST.checks.yaml").write_text(BINDINGS)
        (folder / "waivers.yaml").write_text(
            "waivers:\n- {item: ready/waived, reason: known, by: somebody@example.com, expires: 2099-01-01}\n"
        )
        (folder / "runbook.md").write_text("# Steps\n\nRestart the shop, then look at the log, and call operations.\n")
        self.target(f"urls: {{shop: '{server.url}', gone: 'http://127.0.0.1:{free_port()}'}}")

    def target(self, urls: str) -> None:
        (self.folder / "readiness.yaml").write_text(
            f"checklists: [CHECKLIST.md]\nwaivers: waivers.yaml\nwaiver_days: 40000\n"
            "roles: {leads: [somebody@example.com]}\n"
            f"targets:\n  prod: {{{urls}, documents: {{runbook: runbook.md}}}}\n  other: {{}}\n"
        )

    def only(self, item: str, binding: str) -> None:
        (self.folder / "CHECKLIST.md").write_text(f"# Ready\n- [ ] {item}\n")
        (self.folder / "CHECKLIST.checks.yaml").write_text(f"ready:\n  {item.lower()}: {binding}\n")
        (self.folder / "waivers.yaml").write_text("waivers: []\n")

    def start(self, *arguments: str, **environment: str) -> subprocess.Popen[str]:
        line = [sys.executable, "-m", "pytest", "--readiness-target=prod", "-p", "no:cacheprovider", *arguments]
        paths = {"PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1", "COLUMNS": "200"}
        return subprocess.Popen(
            line,
            cwd=self.folder,
            env={**os.environ, **paths, **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def run(self, *arguments: str, **environment: str) -> tuple[int, str]:
        with self.start(*arguments, **environment) as process:
            output, _ = process.communicate(timeout=patient(90))
        return process.returncode, output

    def json(self, name: str) -> Any:
        return json.loads((self.folder / name).read_text("utf-8"))

    def readings(self, name: str) -> list[dict[str, Any]]:
        """Of a recording, without times and whether a first try was needed."""
        readings: list[dict[str, Any]] = self.json(name)["readings"]
        for each in readings:
            assert each.pop("when")
            each.pop("seconds")
            if each["fact"] == "connection" and each["value"]:
                assert each["value"].pop("seconds") > 0
        return readings

    def judged(self, folder: str) -> Any:
        """Of a result, what was found, without times."""
        data = self.json(f"{folder}/result.json")
        for section in data["sections"]:
            for item in section["items"]:
                for test in item["tests"]:
                    del test["seconds"], test["start"]
        return {key: data[key] for key in ("verdict", "drift", "sections")}


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    with WebApp({"/": Response(body=b"ready"), "/steady": Response(body=b"steady")}) as server:
        yield Project(tmp_path, server)


def test_replay_judges_as_the_live_run_did_and_contacts_nothing(project: Project) -> None:
    live, said = project.run("--readiness-record=r.json", "--readiness-out=live")
    assert live == 1, said
    assert "recording: r.json" in said
    assert {each["outcome"] for each in project.readings("r.json")} == {"read", "unreachable", "not declared"}
    assert "read at the second try, after: the connection was reset" in json.dumps(project.judged("live"))
    for path in project.folder.glob("tried-*"):
        path.unlink()
    (project.folder / "runbook.md").unlink()
    asked = project.server.count("/"), project.server.count("/steady")
    assert asked == (1, 1)
    for number, extra in enumerate(([], ["-n", "2"])):
        code, said = project.run("--readiness-replay=r.json", f"--readiness-out=replay{number}", *extra)
        assert code == live, said
        assert project.judged(f"replay{number}") == project.judged("live")
    assert (project.server.count("/"), project.server.count("/steady")) == asked
    assert not list(project.folder.glob("tried-*"))


def test_workers_readings_reach_the_recording(project: Project) -> None:
    said = ""
    for path, extra in (("one.json", []), ("two.json", ["-n", "2", "-v"])):
        code, said = project.run(f"--readiness-record={path}", *extra)
        assert code == 1, said
        for tried in project.folder.glob("tried-*"):
            tried.unlink()
    assert project.readings("two.json") == project.readings("one.json")
    assert len(project.readings("one.json")) > 5
    ran = set(re.findall(r"\[(gw\d)\] .*\[(\w+)\] $", said, re.MULTILINE))
    assert sorted(resource for _, resource in ran) == ["gone", "runbook", "shop"], "each resource on one worker"


def test_go_of_a_replay_cannot_be_taken_for_a_live_one(project: Project) -> None:
    project.only("Runbook", "{check: docs.sections, sections: [Steps]}")
    arguments = ("--readiness-out=out", "--readiness-report=report.html")
    code, said = project.run("--readiness-record=r.json", *arguments)
    assert (code, " GO   score" in said, "REPLAY" in said) == (0, True, False), said
    assert project.json("out/result.json")["provenance"]["replayed_from"] == ""
    assert "replay" not in (project.folder / "report.html").read_text().partition("<body")[2].lower().replace(
        "r.json", ""
    )
    recording = project.json("r.json")
    when = recording["when"][:19] + "+00:00"
    recording["provenance"]["runner"] = "runner.example.com"
    (project.folder / "r.json").write_text(json.dumps(recording))
    code, said = project.run("--readiness-replay=r.json", *arguments)
    assert code == 0
    assert f"readiness: REPLAY of {when}, target prod" in said
    assert f" GO (replayed from {when})   score 100.0" in said
    assert f"REPLAY: this was judged from a recording of {when}; nothing was looked at now." in said
    provenance = project.json("out/result.json")["provenance"]
    assert (provenance["replayed_from"], provenance["runner"]) == (when, "runner.example.com")
    page = (project.folder / "report.html").read_text()
    assert f"<strong>GO (replayed from {when})</strong>" in page
    assert '<p class="readiness-verdict replay">' in page
    assert "REPLAY: this was judged from a recording" in page
    assert "Production readiness of prod (replay)" in page


def test_replay_lacks_what_the_recording_lacks(project: Project) -> None:
    project.run("--readiness-record=r.json", "-k", "steady")
    code, said = project.run("--readiness-replay=r.json", "-k", "says and shop")
    assert code == 1, said
    assert re.search(
        r"could not verify: the recording of 20\S+ holds no answer of shop for Question\(path='/', tries=1\)\.", said
    )
    assert "expected  go\nseen      steady" in said


@pytest.mark.parametrize(
    ("binding", "test", "override", "why"),
    [
        ("shop.acts", "", "", "shop.acts is active: it acts on the target itself."),
        ("shop.looks", "", "", "shop.looks rests on no fact."),
        (
            "shop.twice",
            "",
            "@pytest.fixture\ndef once_more(url):\n    return 1 / 0\n",
            "the project's own fixture 'once_more'.",
        ),
        ("", "def test_it(url): 1 / 0", "", "it takes 'url', which may look at it."),
        (
            "",
            "def test_it(client): 1 / 0",
            "@pytest.fixture\ndef client(url, connection): 1 / 0\n",
            "its fixture 'client' takes 'url'",
        ),
        ("", "def test_it(host): 1 / 0", "", "it takes testinfra's 'host', which looks at the host itself."),
        ("", "@pytest.mark.readiness('ready/it')\ndef test_it(): 1 / 0", "", "it rests on no fact."),
    ],
)
def test_what_looks_for_itself_is_no_part_of_a_replay(
    project: Project, binding: str, test: str, override: str, why: str
) -> None:
    project.target(f"urls: {{shop: '{project.server.url}'}}, hosts: {{here: 'local://'}}")
    project.only("It", binding or "{signoff: nobody}")
    if not binding:
        (project.folder / "CHECKLIST.checks.yaml").unlink()
    (project.folder / "conftest.py").write_text(f"{CONFTEST}\n{override}")
    (project.folder / "test_own.py").write_text(f"import pytest\n{test}\n")
    arguments = ("--readiness-allow=active", "test_own.py" if test else "CHECKLIST.md")
    (project.folder / "r.json").write_text(recording().model_dump_json())
    code, said = project.run("--readiness-replay=r.json", *arguments)
    assert code != 0
    assert "could not verify: this cannot be judged from a recording: " in said
    assert why in said, said
    assert "ZeroDivisionError" not in said
    assert project.server.count("/acts") + project.server.count("/looks") == 0


def test_a_teams_test_of_facts_is_judged_from_the_recording(project: Project) -> None:
    (project.folder / "test_own.py").write_text(
        "def test_it(document_text): assert document_text.sections[1].title == 'Steps'\n"
    )
    (project.folder / "test_apart.py").write_text("def test_apart(): pass\n")
    tests = ("test_own.py", "test_apart.py")
    assert project.run("--readiness-record=r.json", *tests)[0] == 10
    (project.folder / "runbook.md").unlink()
    code, said = project.run("--readiness-replay=r.json", *tests)
    assert (code, "2 passed" in said) == (10, True), said
    assert project.run(*tests)[0] == 1


def test_replay_judges_by_the_present_day(project: Project, authority: Authority, nginx_factory: NginxFactory) -> None:
    certificate = authority.issue()
    project.only("Certificate", "tls.expiry")
    with nginx_factory(https=certificate) as server:
        project.target(f"urls: {{shop: {{url: 'https://localhost:{server.https_port}', ca: '{certificate.ca_file}'}}}}")
        code, said = project.run("--readiness-record=r.json")
        assert code == 0, said
    code, said = project.run("--readiness-replay=r.json")
    assert code == 0, said
    code, said = project.run("--readiness-replay=r.json", READINESS_NOW=LATER)
    assert (code, "expired" in said) == (1, True), said


@pytest.mark.parametrize(
    ("whom", "extra"), [("os.getpid()", []), ("os.getpid()", ["-n", "2"]), ("os.getppid()", ["-n", "2"])]
)
def test_recording_is_written_also_after_ctrl_c(project: Project, whom: str, extra: list[str]) -> None:
    (project.folder / "test_own.py").write_text(
        "import os, signal, time, threading\n"
        "def test_it(document_text):\n"
        f"    os.kill({whom}, signal.SIGINT)\n"
        "    threading.Event().wait(1)\n"
    )
    code, said = project.run("--readiness-record=r.json", "test_own.py", *extra)
    assert code == 2, said
    assert [each["fact"] for each in project.readings("r.json")] == ["document_text"], said


def test_no_secret_is_in_the_file(project: Project) -> None:
    secret = PASSWORD
    (project.folder / "conftest.py").write_text(
        CONFTEST
        + f"""
import base64, json
from urllib.parse import quote
SECRET = {secret!r}
FORMS = [SECRET, quote(SECRET, safe=""), base64.b64encode(SECRET.encode()).decode(), json.dumps(SECRET), "u:" + SECRET]

@fact
def leak(postgres: "Postgres", *, ask: str) -> Answer:
    if ask.startswith("error"):
        raise CouldNotVerify(f"{{FORMS[int(ask[-1])]}} was refused")
    return Answer(FORMS[int(ask[-1])])

numbered = [f"{{word}} {{n}}" for word in ("error", "value") for n in range(5)]

@check("shop.leaks", severity="low", remedy="None.", asks={{"leak": numbered}})
def leaks(leak) -> Evidence:
    '''It leaks.'''
    return Evidence("")

@check("shop.asks", severity="low", remedy="None.", asks={{"leak": [f"{{form}} 1" for form in FORMS]}})
def asks_(leak) -> Evidence:
    '''It asks.'''
    return Evidence("")

from pytest_readiness.domains.postgres.resource import Postgres
"""
    )
    project.only("Leaks", "{all: [shop.leaks, shop.asks, {check: env.present, names: [TOKEN]}]}")
    (project.folder / ".env").write_text("TOKEN='hunter2hunter2'\nBROKEN\n")
    (project.folder / "good.env").write_text("TOKEN='hunter2hunter2'\n")
    project.target("databases: {main: {dsn: '${DATABASE_URL}'}}, env_files: {bad: .env, good: good.env}")
    dsn = f"postgresql://shop:{quote(secret, safe='')}@127.0.0.1:{free_port()}/shop"
    for extra in ([], ["-n", "2"]):
        _, said = project.run("--readiness-record=r.json", *extra, DATABASE_URL=dsn)
        text = (project.folder / "r.json").read_text("utf-8")
        outcomes = [each["outcome"] for each in project.readings("r.json")]
        # Two of the five questions with a secret look the same without it.
        assert (outcomes.count("withheld"), outcomes.count("could not verify")) == (11, 5), said
        for whole in (text, json.dumps(json.loads(text), ensure_ascii=False)):
            for hidden in (
                secret,
                dsn,
                quote(secret),
                quote(secret, safe=""),
                json.dumps(secret)[1:-1],
                json.dumps(secret, ensure_ascii=False)[1:-1],
                json.dumps(json.dumps(secret))[1:-1],
                base64.b64encode(secret.encode()).decode()[:8],
                "hunter2",
            ):
                assert hidden not in whole, hidden


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--readiness-record=r.json", "--readiness-replay=r.json"), "exclude each other: a replay reads nothing."),
        (("--readiness-replay=none.json",), "none.json: The recording file does not exist."),
        (("--readiness-replay=readiness.yaml",), "This is not a recording of a readiness run"),
        (
            ("--readiness-target=other", "--readiness-replay=r.json"),
            "a recording of target 'prod', but this run is about 'other'.",
        ),
    ],
)
def test_wrong_use_ends_with_a_sentence(project: Project, arguments: tuple[str, ...], words: str) -> None:
    (project.folder / "r.json").write_text(recording().model_dump_json())
    code, said = project.run(*arguments)
    assert code == 4, said
    assert words in said
    assert "Traceback" not in said


def test_recording_that_cannot_be_written_is_told(project: Project) -> None:
    project.only("Runbook", "{check: docs.sections, sections: [Steps]}")
    (project.folder / "taken").mkdir()
    code, said = project.run("--readiness-record=taken")
    assert code == 4, said
    assert "The recording " in said
    assert "taken could not be written: Is a directory." in said
    assert "Traceback" not in said
    assert "GO   score 100.0" in said


def test_collecting_alone_writes_nothing(project: Project) -> None:
    assert project.run("--readiness-record=r.json", "--collect-only")[0] == 0
    assert not (project.folder / "r.json").exists()


def test_a_replay_is_no_part_of_the_history(project: Project) -> None:
    project.run("--readiness-record=r.json")
    code, said = project.run("--readiness-replay=r.json", "--readiness-history=h.sqlite")
    assert code == 4, said
    assert "--readiness-history keeps what was seen; a replay sees nothing." in said
    assert not (project.folder / "h.sqlite").exists()
