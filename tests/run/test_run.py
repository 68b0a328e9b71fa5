"""Runs of the plugin in projects of their own: what a user types, and what comes back."""

from __future__ import annotations

import gc
import importlib
import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from pytest_readiness.core.domains import load_catalogue
from pytest_readiness.gather.gatherer import Gatherer
from tests.pty import on_a_terminal
from tests.stack.patience import patient

# A run within this process forgets what it was the first to import, and C extensions do not bear that.
for _module in (
    "rich.padding",
    "rich.table",
    "ruamel.yaml.cyaml",
    "pytest_readiness.record.recording",
    "pytest_readiness.run.start",
):
    importlib.import_module(_module)
for _module in ("run.audit_log", "run.html_report", "run.reports", "report.outputs", "report.terminal"):
    importlib.import_module(f"pytest_readiness.{_module}")

BOUND = 60.0
"""Seconds after which a run is a hang."""
SECRET = "hunter2-'and'-<more>"
ESCAPE = "\x1b"

CONFTEST = '''
import threading
from decimal import Decimal
from pathlib import Path

import pytest

from pytest_readiness import ClaimFalse, CouldNotVerify, Evidence, NotDeclared, Unreachable, check, claim, fact

READ = Path(__file__).with_name("read.log")


@fact
def hsts_header(url) -> str:
    """The header."""
    with READ.open("a") as log:
        log.write(f"{url.name}\\n")
    return "max-age=300" if url.name == "api" else "max-age=63072000"


@fact
def words(document) -> str:
    """The text of the document."""
    with READ.open("a") as log:
        log.write(f"{document.name}\\n")
    if document.name == "locked":
        raise CouldNotVerify("the document locked may not be read")
    if document.name == "broken":
        raise KeyError("title")
    if document.name == "gone":
        raise Unreachable("the shelf is empty")
    if document.name == "slow":
        print("waiting for the document", flush=True)
        Path(__file__).with_name("hanging").touch()
        threading.Event().wait()
    return document.path.read_text("utf-8")


@check("toy.hsts", severity="high", remedy="Send the header.")
def hsts(hsts_header, *, min_age: int = 31536000) -> Evidence:
    """The header lasts."""
    seen = int(hsts_header.removeprefix("max-age="))
    claim(seen >= min_age, expected=f"at least {min_age} s", seen=f"{seen} s")
    return Evidence(f"{seen} s")


@check("toy.says", severity="medium", remedy="Write it down.")
def says(words, *, word: str) -> Evidence:
    """The document says the word."""
    claim(word in words, expected=f"the word {word}", seen=words)
    return Evidence(f"found {word}: {words}", "handwritten" if "pencil" in words else "")


@check("toy.everything", severity="low", remedy="Declare it.")
def everything(target, shelf, *, least: int = 1) -> Evidence:
    """The target declares something."""
    claim(len(target.resources) >= least, expected=f"at least {least}", seen=f"{len(target.resources)}")
    return Evidence(f"{target.name} declares something, on the {shelf}")


@pytest.fixture
def shelf():
    return "shelf"


@check("toy.odd", severity="critical", remedy="Mend the check.")
def odd(document, *, how: str) -> Evidence:
    """The check behaves."""
    if how == "none":
        return None
    if how == "empty":
        return Evidence("")
    if how == "blank":
        return Evidence(" \\n")
    if how == "figures":
        return Evidence(5)
    if how == "undeclared":
        raise NotDeclared("the document declares no owner")
    if how == "assertion":
        assert document.name == "never", "an assertion"
    if how == "exit":
        raise SystemExit(0)
    if how == "figures in a failure":
        raise ClaimFalse(1, Decimal(2))
    raise KeyError(how)


@check("toy.loud", severity="medium", remedy="r", check_class="active")
def loud(document) -> Evidence:
    """The document is loud."""
    return Evidence("loud")
'''

CHECKLIST = """\
# TLS

- [ ] HSTS headers configured
- [ ] Runbook written

# Payments

- [ ] Payments runbook
- [ ] Nobody answers this
- [ ] No cash (N/A: cards only)
"""

BINDINGS = """\
tls:
  hsts-headers-configured: {check: toy.hsts, on: shop}
  runbook-written: {check: toy.says, word: rollback, on: runbook}
payments:
  payments-runbook: {check: toy.says, word: refund, on: runbook, severity: critical}
"""

CONFIGURATION = """\
checklists: [CHECK.md]
roles: {owner: [owner@example.com], leads: [cto@example.com, b]}
signoffs: signoffs.yaml
waivers: waivers.yaml
waiver_days: 3000000
targets:
  prod:
    urls: {shop: "https://shop.example.com", api: {url: "https://api.example.com", labels: [public]}}
    documents:
      runbook: runbook.md
      locked: locked.md
      broken: broken.md
      gone: gone.md
    policy: {min_score: 0}
"""

PYTEST = """\
[pytest]
addopts = --strict-markers --strict-config -p no:playwright -p no:base_url
filterwarnings = error
"""

HSTS = "CHECK.md::tls::hsts-headers-configured[shop]"
RUNBOOK = "CHECK.md::tls::runbook-written[runbook]"
REFUND = "CHECK.md::payments::payments-runbook[runbook]"
UNBOUND = "CHECK.md::payments::nobody-answers-this"
CASH = "CHECK.md::payments::no-cash"
ALL = [HSTS, RUNBOOK, REFUND, UNBOUND, CASH]


class Project:
    """A project with a checklist, its bindings and a target, all of which a test may replace."""

    def __init__(self, pytester: pytest.Pytester) -> None:
        self.pytester = pytester
        self.path = pytester.path
        for name, text in {
            "conftest.py": CONFTEST,
            "CHECK.md": CHECKLIST,
            "CHECK.checks.yaml": BINDINGS,
            "readiness.yaml": CONFIGURATION,
            "pytest.ini": PYTEST,
            "runbook.md": "rollback, refund",
            "signoffs.yaml": "signoffs: []\n",
            "waivers.yaml": "waivers: []\n",
        }.items():
            self.write(name, text)

    def write(self, name: str, text: str) -> Path:
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    def append(self, name: str, text: str) -> None:
        self.write(name, (self.path / name).read_text("utf-8") + text)

    def items(self, **bindings: str) -> None:
        """Make the checklist one of these items, each bound so."""
        names = [name.replace("_", " ") for name in bindings]
        self.write("CHECK.md", "# Release\n\n" + "".join(f"- [ ] {name}\n" for name in names))
        bound = {name.replace(" ", "-"): text for name, text in zip(names, bindings.values(), strict=True) if text}
        (self.path / "CHECK.checks.yaml").unlink(missing_ok=True)
        if bound:
            self.write(
                "CHECK.checks.yaml", "release:\n" + "".join(f"  {name}: {text}\n" for name, text in bound.items())
            )

    def run(self, *arguments: str, target: str | None = "prod") -> pytest.RunResult:
        options = [f"--readiness-target={target}", "--readiness-out=out"] if target else []
        return self.pytester.runpytest_inprocess(*options, *arguments)

    def start(self, *arguments: str, **environment: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "pytest", "--readiness-target=prod", "--readiness-out=out", *arguments],
            cwd=self.path,
            env={**os.environ, **environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def result(self) -> dict[str, Any]:
        loaded: dict[str, Any] = json.loads((self.path / "out" / "result.json").read_text("utf-8"))
        return loaded

    def found(self) -> dict[str, dict[str, Any]]:
        """Items of the result by slug."""
        return {
            item["id"].rpartition("/")[2]: item for section in self.result()["sections"] for item in section["items"]
        }

    def states(self) -> dict[str, str]:
        return {slug: item["state"] for slug, item in self.found().items()}

    def reads(self) -> list[str]:
        log = self.path / "read.log"
        return sorted(log.read_text("utf-8").split()) if log.exists() else []


@pytest.fixture
def project(pytester: pytest.Pytester, registry: None, monkeypatch: pytest.MonkeyPatch) -> Project:
    for name in [name for name in os.environ if name.startswith(("PYTEST_XDIST", "PYTEST_ADDOPTS", "COLUMNS"))]:
        monkeypatch.delenv(name)
    return Project(pytester)


def selected(result: pytest.RunResult) -> list[str]:
    return [line for line in result.outlines if "::" in line]


def test_nodes_are_named_after_the_checklist(project: Project) -> None:
    assert selected(project.run("--collect-only", "-q")) == ALL
    assert project.reads() == []


def test_hooks_of_another_folder_are_not_called(project: Project) -> None:
    project.write("team/test_own.py", "def test_own(): pass\n")
    project.write(
        "team/conftest.py",
        "def pytest_runtest_setup(item):\n    open(item.config.rootpath / 'set.up', 'a').write(f'{item.name}\\n')\n",
    )
    project.run("CHECK.md", "team")
    assert (project.path / "set.up").read_text() == "test_own\n"


def test_garbage_is_collected_as_before_when_the_run_is_over(project: Project) -> None:
    before = gc.get_threshold()
    project.write("test_own.py", "import gc\n\ndef test_own(): assert gc.isenabled()\n")
    project.run("CHECK.md", "test_own.py").assert_outcomes(passed=4, skipped=2)
    assert (gc.isenabled(), gc.get_threshold()) == (True, before)


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["-m", "tls"], [HSTS, RUNBOOK]),
        (["-m", "tls and not payments"], [HSTS, RUNBOOK]),
        (["-m", "critical"], [REFUND]),
        (["-m", "high or critical"], [HSTS, REFUND]),
        (["-m", "toy and passive and CHECK"], [HSTS, RUNBOOK, REFUND]),
        (["-k", "runbook and not payments"], [RUNBOOK]),
        (["-k", "hsts"], [HSTS]),
        ([HSTS], [HSTS]),
        (["CHECK.md::payments"], [REFUND, UNBOUND, CASH]),
        (["./CHECK.md", "CHECK.md"], ALL),
        ([f"--deselect={HSTS}"], ALL[1:]),
        (["."], ALL),
    ],
)
def test_selection(project: Project, arguments: list[str], expected: list[str]) -> None:
    assert selected(project.run("--collect-only", "-q", *arguments)) == expected


def test_a_part_is_told_to_be_one(project: Project) -> None:
    project.write("runbook.md", "rollback, refund")
    result = project.run(HSTS)
    assert result.ret == 10
    result.stdout.fnmatch_lines(["*This is a part only: 1 of 5 items were fully selected.*"])
    assert project.reads() == ["shop"]


def test_subtests_decide_together(project: Project) -> None:
    project.items(first="", second="", third="", fourth="")
    project.write(
        "test_own.py",
        "import pytest, unittest\n"
        "@pytest.mark.readiness('release/first')\n"
        "def test_first(subtests):\n"
        "    for number in range(3):\n"
        "        with subtests.test(number=number): assert number == 0, f'it is {number}'\n"
        "class TestSecond(unittest.TestCase):\n"
        "    @pytest.mark.readiness('release/second')\n"
        "    def test_second(self):\n"
        "        for number in range(3):\n"
        "            with self.subTest(number=number): assert number == 0\n"
        "@pytest.mark.readiness('release/third')\n"
        "def test_third(subtests):\n"
        "    with subtests.test(): assert True\n"
        "@pytest.mark.readiness('release/fourth')\n"
        "def test_fourth(subtests):\n"
        "    with subtests.test(): pytest.skip('there is none')\n",
    )
    for workers in ([], ["-n", "2"]):
        project.run("CHECK.md", "test_own.py", *workers)
        assert project.states() == {"first": "failed", "second": "failed", "third": "passed", "fourth": "unverified"}
        assert project.found()["first"]["tests"][0]["evidence"].startswith("AssertionError: it is 2")


def test_a_team_s_own_test_cannot_say_that_its_item_does_not_apply(project: Project) -> None:
    project.items(first="", second="")
    project.write(
        "waivers.yaml", "waivers: [{item: release/first, reason: r, by: cto@example.com, expires: 2026-01-01}]\n"
    )
    project.write(
        "test_own.py",
        "import pytest\n"
        "@pytest.mark.xfail\n"
        "@pytest.mark.readiness('release/first')\n"
        "def test_first(): assert 0\n"
        "@pytest.mark.readiness('release/second')\n"
        "def test_second(): pytest.skip('not applicable: there are no uploads')\n",
    )
    assert project.run("CHECK.md", "test_own.py").ret == 6
    # A waiver that has expired does not make an expected failure a waived one.
    assert project.states() == {"first": "unverified", "second": "unverified"}
    assert project.found()["second"]["tests"][0]["evidence"] == "skipped: not applicable: there are no uploads"


def test_without_a_score_it_is_no_go(project: Project) -> None:
    project.items(text_is_there="{check: docs.present, on: runbook}", answered="")
    project.write("runbook.md", "Do it with care. " * 20)
    project.write("readiness.yaml", CONFIGURATION.replace("{min_score: 0}", "{weights: {medium: 0}}"))
    result = project.run("CHECK.md")
    assert result.ret == 6
    result.stdout.fnmatch_lines(["*because there is no score: nothing that passed or is open has a weight*"])


@pytest.mark.parametrize("workers", [[], ["-n", "2"]])
def test_a_part_of_an_item_is_a_part(project: Project, workers: list[str]) -> None:
    project.items(text_is_there="[docs.present, {check: docs.sections, sections: [Nope]}]", answered="")
    own = "import pytest\nanswers = pytest.mark.readiness('release/answered')\n"
    project.write("test_own.py", f"{own}@answers\ndef test_a(): pass\n@answers\ndef test_b(): assert 0\n")
    project.run("CHECK.md", "test_own.py", *workers)
    assert project.result()["verdict"]["selected"] == 2
    selection = "-k", "not sections and not test_b", "--readiness-history=history.db"
    result = project.run("CHECK.md", "test_own.py", *selection, *workers)
    result.stdout.fnmatch_lines(["*This is a part only: 0 of 2 items were fully selected;*"])
    with closing(sqlite3.connect(project.path / "history.db")) as database:
        assert database.execute("SELECT whole FROM runs").fetchall() == [(0,)]


@pytest.mark.parametrize("way", ["absolute", "parent", "link", "other root", "below"])
def test_a_checklist_is_found_however_it_is_named(project: Project, way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    arguments = {
        "absolute": [str(project.path / "CHECK.md")],
        "parent": [f"../{project.path.name}/CHECK.md"],
        "link": ["LINK.md"],
        "other root": ["CHECK.md", "--rootdir=elsewhere", "--readiness-config=readiness.yaml"],
        "below": ["../CHECK.md"],
    }[way]
    (project.path / "elsewhere").mkdir()
    (project.path / "LINK.md").symlink_to("CHECK.md")
    if way == "below":
        monkeypatch.chdir(project.path / "elsewhere")
    assert project.run(*arguments).ret == 0
    out = Path.cwd() / "out" / "result.json"
    counts = json.loads(out.read_text("utf-8"))["verdict"]["counts"]
    assert counts == {"passed": 3, "unverified": 1, "not applicable": 1}


def test_markers_are_listed_and_strict(project: Project) -> None:
    project.write(
        "_DRAFT.md", "# Timeout\n\n- [ ] a\n\n# Skip\n\n- [ ] b\n\n# Zeile äöü\n\n- [ ] c\n\n# 日本\n\n- [ ] d\n"
    )
    result = project.run("--markers", "CHECK.md", "_DRAFT.md")
    for line in ("@pytest.mark.tls: *TLS*", "@pytest.mark.critical: *", "@pytest.mark.section-timeout: *",
                 "@pytest.mark.section-skip: *", "@pytest.mark.zeile-äöü: *", "@pytest.mark.日本: *"):  # fmt: skip
        result.stdout.fnmatch_lines([line])
    assert len(selected(project.run("--collect-only", "-q", "_DRAFT.md"))) == 4
    assert selected(project.run("--collect-only", "-q", "_DRAFT.md", "-m", "日本 or zeile-äöü")) == [
        "_DRAFT.md::zeile-äöü::c",
        "_DRAFT.md::日本::d",
    ]


def test_last_failed(project: Project) -> None:
    project.write("runbook.md", "rollback")
    project.append("CHECK.checks.yaml", "  nobody-answers-this: {check: toy.says, word: x, on: locked}\n")
    assert project.run().ret == 1
    assert selected(project.run("--lf", "--collect-only", "-q")) == [
        REFUND,
        "CHECK.md::payments::nobody-answers-this[locked]",
    ]


OUTCOMES = {
    "good": ("{check: toy.says, word: rollback, on: runbook}", "passed"),
    "false": ("{check: toy.says, word: secret plan, on: runbook}", "failed"),
    "locked": ("{check: toy.says, word: x, on: locked}", "error"),
    "broken_fact": ("{check: toy.says, word: x, on: broken}", "error"),
    "unreachable": ("{check: toy.says, word: x, on: gone}", "error"),
    "key_error": ("{check: toy.odd, how: key, on: runbook}", "error"),
    "assertion": ("{check: toy.odd, how: assertion, on: runbook}", "error"),
    "exit": ("{check: toy.odd, how: exit, on: runbook}", "error"),
    "none": ("{check: toy.odd, how: none, on: runbook}", "error"),
    "empty": ("{check: toy.odd, how: empty, on: runbook}", "error"),
    "blank": ("{check: toy.odd, how: blank, on: runbook}", "error"),
    "everything": ("toy.everything", "passed"),
    "figures": ("{check: toy.odd, how: figures, on: runbook}", "error"),
    "false_figures": ("{check: toy.odd, how: figures in a failure, on: runbook}", "failed"),
    "undeclared": ("{check: toy.odd, how: undeclared, on: runbook}", "unverified"),
    "loud": ("{check: toy.loud, on: runbook}", "unverified"),
    "unbound": ("", "unverified"),
    "unsigned": ("{signoff: owner}", "unverified"),
    "signed": ("{signoff: owner}", "passed"),
    "partly": ("{check: toy.says, word: rollback, on: runbook, partial: owner}", "unverified"),
    "accepted": ("{check: toy.says, word: nothing, on: runbook}", "waived"),
    "accepted_once": ("{check: toy.says, word: nothing, on: runbook}", "failed"),
    "accepted_needlessly": ("{check: toy.says, word: rollback, on: runbook}", "passed"),
    "accepted_error": ("{check: toy.says, word: x, on: locked}", "error"),
    "absent": ("{not_applicable: not here}", "not applicable"),
    "one_of_two": ("{check: toy.hsts}", "failed"),
}


@pytest.fixture
def every_outcome(project: Project) -> Project:
    project.items(**{name: binding for name, (binding, _) in OUTCOMES.items()})
    waiver = "- {{item: release/{}, reason: r, by: cto@example.com, expires: {}}}\n"
    project.write(
        "waivers.yaml",
        "waivers:\n"
        + "".join(waiver.format(name, "9999-12-31") for name in ("accepted", "accepted-needlessly", "accepted-error"))
        + waiver.format("accepted-once", "2020-01-01"),
    )
    project.write(
        "signoffs.yaml", "signoffs:\n- {item: release/signed, by: owner@example.com, role: owner, on: 2026-01-01}\n"
    )
    return project


def test_outcomes(every_outcome: Project) -> None:
    result = every_outcome.run("-rA", "--junitxml=junit.xml")
    assert every_outcome.states() == {name.replace("_", "-"): state for name, (_, state) in OUTCOMES.items()}
    assert result.ret == 1
    outcomes = result.parseoutcomes()
    # "passed" has one of the two of one-of-two and the check beside the missing sign-off.
    assert outcomes == {"passed": 5, "failed": 4, "errors": 11, "skipped": 6, "xfailed": 1, "xpassed": 1}
    result.stdout.fnmatch_lines(
        [
            "expected  the word secret plan",
            "seen      rollback, refund",
            "where     *runbook.md (runbook)",
            "remedy    Write it down.",
            "check     toy.says, severity medium",
            "again     pytest --readiness-target=prod 'CHECK.md::release::false[[]runbook]'",
        ]
    )
    found = every_outcome.found()

    def words(slug: str) -> str:
        return "; ".join(f"{test['evidence']}|{test.get('warning')}" for test in found[slug]["tests"])

    assert words("locked") == "could not verify: the document locked may not be read|"
    assert "broke unexpectedly (KeyError: 'title'); that is a defect of the fact" in words("broken-fact")
    assert "the check broke (KeyError: 'key'); that is a defect of the check" in words("key-error")
    for silent in ("none", "empty", "blank"):
        assert "the check toy.odd returned no evidence" in words(silent)
    assert words("everything") == "prod declares something, on the shelf|"
    assert "broke ('text' of its Evidence is of the type int, not a text); that is a defect" in words("figures")
    assert words("undeclared") == "the document declares no owner|"
    assert words("accepted").endswith("waived until 9999-12-31 by cto@example.com: r")
    assert words("accepted-once").endswith("the waiver expired on 2020-01-01")
    assert words("accepted-needlessly").endswith("the waiver is no longer needed")
    assert words("absent") == "not here|"
    assert every_outcome.reads() == ["api", "broken", "gone", "locked", "runbook", "shop"]
    cases = {case.get("name"): case for case in ElementTree.parse("junit.xml").iter("testcase")}
    kinds = {name: [each.tag for each in case if each.tag != "properties"] for name, case in cases.items()}
    assert kinds["good[runbook]"] == []
    assert kinds["false[runbook]"] == ["failure"]
    assert kinds["assertion[runbook]"] == kinds["locked[locked]"] == ["error"]
    assert kinds["unbound"] == ["skipped"]
    properties = {each.get("name"): each.get("value") for each in cases["false[runbook]"].iter("property")}
    assert properties["readiness.state"] == "failed"
    assert properties["readiness.expected"] == "the word secret plan"
    assert properties["readiness.resource"] == "runbook"


def test_without_waivers_a_run_says_so(every_outcome: Project) -> None:
    every_outcome.run("--runxfail")
    accepted = every_outcome.found()["accepted"]
    assert (accepted["state"], accepted["tests"][0]["warning"]) == ("failed", "")


@pytest.mark.parametrize(
    ("items", "options", "code"),
    [
        ({"good": "{check: toy.says, word: rollback, on: runbook}"}, [], 0),
        ({"good": "{check: toy.says, word: rollback, on: runbook}", "false": "{check: toy.hsts}"}, [], 0),
        ({"good": "{check: toy.says, word: rollback, on: runbook}", "unbound": ""}, [], 0),
        ({"false": "{check: toy.hsts, on: api, severity: critical}"}, [], 1),
        ({"unsigned": "{signoff: owner, severity: critical}"}, [], 6),
        ({"locked": "{check: toy.says, word: x, on: locked, severity: critical}"}, [], 6),
        ({"broken": "{check: toy.odd, how: none, on: runbook}"}, [], 6),
        ({"only": "{not_applicable: all gone}"}, [], 6),
        ({"good": "{check: toy.says, word: rollback, on: runbook}"}, ["-k", "nothing"], 5),
        ({"good": "{check: toy.says, word: rollback, on: runbook}"}, ["--no-such-option"], 4),
    ],
)
def test_exit_codes(project: Project, items: dict[str, str], options: list[str], code: int) -> None:
    project.items(**items)
    assert project.run(*options).ret == code


def test_another_check_class_runs_where_allowed(project: Project) -> None:
    project.items(loud="{check: toy.loud, on: runbook}")
    assert project.run().ret == 6
    assert project.run("--readiness-allow=active").ret == 0


def test_stopping_at_the_first_failure_is_never_go(project: Project) -> None:
    project.items(false="{check: toy.hsts, on: api, severity: low}", good="{check: toy.hsts, on: shop}")
    project.write("test_own.py", "def test_own():\n    pass\n")
    project.run("-x")
    assert project.states() == {"false": "failed", "good": "unverified"}
    assert project.found()["good"]["tests"][0]["evidence"] == "did not run: the run ended first"
    project.items(good="{check: toy.hsts, on: shop}", false="{check: toy.hsts, on: api, severity: low}")
    result = project.run("-x", "CHECK.md", "test_own.py")
    assert project.result()["verdict"]["reasons"] == ["1 of the team's own tests did not run"]
    assert result.ret == 1


@pytest.mark.parametrize(
    ("options", "code"), [([], 2), (["--continue-on-collection-errors"], 1), (["--ignore=test_own.py"], 0)]
)
def test_a_file_that_cannot_be_collected_is_never_go(
    project: Project, monkeypatch: pytest.MonkeyPatch, options: list[str], code: int
) -> None:
    stop = Gatherer.stop

    def late(gatherer: Gatherer, reason: str) -> None:
        time.sleep(0.3)
        stop(gatherer, reason)

    # Whatever the run's end begins to read is then read.
    monkeypatch.setattr(Gatherer, "stop", late)
    project.items(good="{check: toy.hsts, on: shop}")
    project.write("test_own.py", "import nothing_of_this_name\n")
    assert project.run(*options, ".").ret == code
    assert project.reads() == ([] if code == 2 else ["shop"])


def test_two_checklists_with_the_same_items(project: Project) -> None:
    project.items(item="{check: toy.hsts, on: shop}")
    project.write("OTHER.md", "# Release\n\n- [ ] item\n")
    project.write("OTHER.checks.yaml", "release: {item: {check: toy.hsts, on: api}}\n")
    project.run("CHECK.md", "OTHER.md")
    assert {item["id"]: item["state"] for section in project.result()["sections"] for item in section["items"]} == {
        "CHECK:release/item": "passed",
        "OTHER:release/item": "failed",
    }


def test_a_check_twice_on_resources_that_look_numbered(project: Project) -> None:
    project.append(
        "conftest.py",
        '''
@check("toy.named", severity="critical", remedy="r")
def named(url, *, name: str) -> Evidence:
    """The url is named so."""
    claim(url.name == name, expected=name, seen=url.name)
    return Evidence(name)
''',
    )
    project.write("readiness.yaml", CONFIGURATION.replace("{shop:", "{shop-2: 'https://b.example.com', shop:"))
    project.items(item="[{check: toy.named, name: shop-2, on: shop-2}, {check: toy.named, name: shop, on: shop}, "
                       "{check: toy.named, name: wrong, on: shop}]")  # fmt: skip
    assert project.run().ret == 1
    assert len(project.found()["item"]["tests"]) == 3


def test_conftest_overrides_what_checks_see(project: Project) -> None:
    project.items(age="{check: toy.hsts, on: api}")
    project.append(
        "conftest.py",
        """
import pytest

@pytest.fixture
def hsts_header(url):
    return {"api": "max-age=99999999"}[url.name]
""",
    )
    assert project.run().ret == 0
    assert project.reads() == []
    project.append(
        "conftest.py",
        """
@pytest.fixture
def hsts_header():
    yield "max-age=99999999"
    raise RuntimeError("teardown")
""",
    )
    assert project.run().ret == 6
    assert project.states() == {"age": "error"}


OWN = """
import pytest

def test_url(url):
    assert url.url.startswith("https://")

def test_fact(hsts_header):
    assert hsts_header

def test_database(database):
    raise AssertionError("there is none")

@pytest.mark.readiness("payments/nobody-answers-this", on="public")
def test_answer(url):
    assert url.name == "api"
"""


def test_a_teams_own_tests(project: Project) -> None:
    project.write("test_own.py", OWN)
    result = project.run("CHECK.md", "test_own.py", "-v")
    result.assert_outcomes(passed=3 + 5, skipped=2)
    assert result.ret == 0
    answer = project.found()["nobody-answers-this"]
    assert [(test["check"], test["state"]) for test in answer["tests"]] == [("test_own.py::test_answer[api]", "passed")]
    assert project.reads() == ["api", "runbook", "shop"]
    assert selected(project.run("-m", "payments and medium", "--collect-only", "-q", ".")) == [
        CASH,
        "test_own.py::test_answer[api]",
    ]


@pytest.mark.parametrize(
    ("body", "state", "evidence", "code"),
    [
        ("assert url.name == 'x', 'not x'", "failed", "AssertionError: not x", 1),
        ("pytest.fail('no')", "failed", "Failed: no", 1),
        ("raise KeyError('x')", "failed", "KeyError: 'x'", 1),
        ("pytest.skip('not now')", "unverified", "skipped: not now", 6),
        ("pytest.xfail('known')", "unverified", "expected to fail: known", 6),
        ("raise CouldNotVerify('no rights')", "error", "could not verify: no rights", 6),
        ("raise ClaimFalse('x', 'y')", "failed", "y", 1),
    ],
)
def test_what_an_answering_test_finds(project: Project, body: str, state: str, evidence: str, code: int) -> None:
    project.items(item="")
    project.write(
        "test_own.py",
        "import pytest\nfrom pytest_readiness import ClaimFalse, CouldNotVerify\n\n"
        f"@pytest.mark.readiness('release/item', on='api')\ndef test_it(url):\n    {body}\n",
    )
    project.write("readiness.yaml", CONFIGURATION.replace("min_score: 0", "min_score: 0, block: low"))
    assert project.run("CHECK.md", "test_own.py").ret == code
    (test,) = project.found()["item"]["tests"]
    assert (test["state"], test["evidence"].partition(" assert")[0]) == (state, evidence)
    project.write(
        "waivers.yaml", "waivers: [{item: release/item, reason: r, by: cto@example.com, expires: 9999-12-31}]\n"
    )
    project.run("CHECK.md", "test_own.py")
    accepted = "waived" if "KeyError" not in body and (state == "failed" or "xfail" in body) else state
    assert project.states()["item"] == accepted


def test_the_teardown_of_an_answering_test_counts(project: Project) -> None:
    project.items(item="")
    project.write(
        "test_own.py",
        """
import pytest

@pytest.fixture
def thing():
    yield
    raise RuntimeError("broken")

@pytest.mark.readiness("release/item")
def test_it(thing):
    pass
""",
    )
    assert project.run("CHECK.md", "test_own.py").ret == 6
    assert project.states() == {"item": "error"}


def test_an_answer_to_no_item_is_told_before_anything_is_read(project: Project) -> None:
    project.write("test_own.py", "import pytest\n\n@pytest.mark.readiness('tls/runbok-written')\ndef test_it(): pass\n")
    result = project.run("CHECK.md", "test_own.py")
    assert result.ret == 4
    result.stderr.fnmatch_lines(
        ["ERROR: test_own.py::test_it: 'tls/runbok-written' is not an item of this run's checklists. "
         "Did you mean 'tls/runbook-written'[?]"]
    )  # fmt: skip
    assert project.reads() == []


WRONG: Mapping[str, Callable[[Project], object]] = {
    "There is no target 'prod'": lambda p: p.write("readiness.yaml", "checklists: [CHECK.md]\ntargets: {production: }"),
    "There is no readiness.yaml": lambda p: (p.path / "readiness.yaml").unlink(),
    "The configuration file is empty": lambda p: p.write("readiness.yaml", ""),
    "GONE.md does not exist": lambda p: p.write("readiness.yaml", CONFIGURATION.replace("CHECK.md", "GONE.md")),
    "names no checklists": lambda p: p.write("readiness.yaml", CONFIGURATION.replace("[CHECK.md]", "[]")),
    "is not set; the configuration needs it": lambda p: p.append("readiness.yaml", "    description: ${NOT_SET}\n"),
    "There is no check 'toy.hts'. Did you mean": lambda p: p.write(
        "CHECK.checks.yaml", "tls: {runbook-written: toy.hts}"
    ),
    "has no section 'tsl'": lambda p: p.write("CHECK.checks.yaml", "tsl: {}\n"),
    "CHECK.md: the file is empty": lambda p: p.write("CHECK.md", ""),
    "no item was found": lambda p: p.write("CHECK.md", "# Title\n"),
    "signoffs.yaml does not exist. Did you mean 'signofs.yaml'?": lambda p: (p.path / "signoffs.yaml").rename(
        p.path / "signofs.yaml"
    ),
    "CHECK.check.yaml: The bindings of CHECK.md are read from CHECK.checks.yaml only": lambda p: (
        p.path / "CHECK.checks.yaml"
    ).rename(p.path / "CHECK.check.yaml"),
    "readiness.yaml:14: The policy names the section 'tsl', which no checklist has. Did you mean 'tls'?": lambda p: (
        p.write("readiness.yaml", CONFIGURATION.replace("{min_score: 0}", "{sections: {tsl: 50}}"))
    ),
    "'policy.min_score': must be a number, not true or false": lambda p: p.write(
        "readiness.yaml", CONFIGURATION.replace("min_score: 0", "min_score: true")
    ),
    "No checklist has an item 'tls/x'": lambda p: p.write(
        "waivers.yaml", "waivers: [{item: tls/x, reason: r, by: b, expires: 2030-01-01}]\n"
    ),
    "builds on 'wrds', which is not a fact of the kind document. Did you mean 'words'": lambda p: p.append(
        "conftest.py", "@fact\ndef count(document, wrds): return 1\n"
    ),
    "reads 'documnt', which is not a kind of resource. Did you mean 'document'": lambda p: p.append(
        "conftest.py", "@fact\ndef count(documnt): return 1\n"
    ),
    "Facts build on each other: ": lambda p: p.append(
        "conftest.py", "@fact\ndef egg(document, hen): return 1\n@fact\ndef hen(document, egg): return 1\n"
    ),
    "Check toy.both reads from document and url": lambda p: (
        p.write("CHECK.checks.yaml", "tls: {runbook-written: toy.both}\n"),
        p.write("conftest.py", f"{CONFTEST}@check('toy.both', severity='low', remedy='r')\ndef b(url, document): 'B'"),
    ),
    "--readiness-out out cannot be written": lambda p: p.write("out", "a file"),
}  # fmt: skip


@pytest.mark.parametrize("sentence", WRONG)
def test_a_wrong_configuration_is_told_in_sentences(project: Project, sentence: str) -> None:
    WRONG[sentence](project)
    result = project.run()
    assert result.ret == 4
    told = result.stderr.str()
    assert sentence in told
    assert "Traceback" not in told + result.stdout.str()
    assert project.reads() == []


def test_before_the_first_signoff_there_need_be_no_file(project: Project) -> None:
    for name in ("signoffs.yaml", "waivers.yaml"):
        (project.path / name).unlink()
    assert project.run().ret == 0


def test_a_checklist_without_bindings_is_told(project: Project) -> None:
    (project.path / "CHECK.checks.yaml").unlink()
    result = project.run()
    result.stdout.fnmatch_lines(["readiness: CHECK.md has no bindings: no CHECK.checks.yaml"])


def test_of_a_broken_checklist_no_signoff_is_judged(project: Project) -> None:
    project.write("CHECK.md", "")
    project.write("waivers.yaml", "waivers: [{item: tls/x, reason: r, by: b, expires: 2030-01-01}]\n")
    told = project.run().stderr.str()
    assert "CHECK.md: the file is empty" in told
    assert "No checklist has an item" not in told


def test_a_history_that_was_not_written_is_not_named(project: Project) -> None:
    project.write("history.db", "no history")
    result = project.run("--readiness-history=history.db")
    assert "This is not a history of pytest-readiness" in result.stdout.str()
    assert "history: history.db" not in result.stdout.str()


@pytest.mark.parametrize("arguments", [(), ("CHECK.md",)])
def test_without_a_target_the_option_is_told(project: Project, arguments: tuple[str, ...]) -> None:
    result = project.run(*arguments, target=None)
    assert result.ret in (4, 5)
    result.stdout.fnmatch_lines([f"Checklists run against a target of {project.path}/readiness.yaml: *-target=NAME *"])
    project.write("test_it.py", "def test_it(): pass\n")
    assert "target of" not in project.run("test_it.py", target=None).stdout.str()


def test_a_missing_configuration_is_told_with_the_folders_that_were_searched(project: Project) -> None:
    (project.path / "readiness.yaml").unlink()
    elsewhere = project.path / "elsewhere"
    elsewhere.mkdir()
    for options, folders in ([], f"{project.path}"), ([f"--rootdir={elsewhere}"], f"{elsewhere} or {project.path}"):
        result = project.run(*options)
        assert result.ret == 4
        assert f"There is no readiness.yaml in {folders} or above it; write one" in result.stderr.str()


@pytest.mark.parametrize("option", ["--readiness-report=x.html", "--readiness-out=x", "--readiness-release=1"])
def test_options_need_a_target(project: Project, option: str) -> None:
    result = project.run(option, target=None)
    assert result.ret == 4
    assert "needs --readiness-target NAME." in result.stderr.str()


def test_a_moment_that_is_none_is_told(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("READINESS_NOW", "tomorrow")
    result = project.run()
    assert result.ret == 4
    assert "READINESS_NOW='tomorrow' is not an ISO date" in result.stderr.str()


def test_without_a_target_nothing_of_ours_happens(project: Project) -> None:
    project.write("conftest.py", "")
    project.write("test_own.py", "def test_url(url):\n    raise AssertionError\n\ndef test_other():\n    pass\n")
    result = project.run("-rs", target=None)
    result.assert_outcomes(passed=1, skipped=1)
    result.stdout.fnmatch_lines(["*needs --readiness-target NAME"])
    assert result.ret == 0
    assert "readiness:" not in result.stdout.str()
    assert "CHECK" not in project.run("--collect-only", "-q", target=None).stdout.str()


def test_without_a_target_a_fixture_of_the_projects_own_is_used(project: Project) -> None:
    project.write("conftest.py", "import pytest\n\n@pytest.fixture\ndef url():\n    return 'mine'\n")
    project.write("test_own.py", "def test_url(url):\n    assert url == 'mine'\n")
    project.run(target=None).assert_outcomes(passed=1)


def test_without_a_target_a_fixture_that_is_of_no_kind_is_an_error(project: Project) -> None:
    project.write("conftest.py", "")
    project.write("test_own.py", "def test_it(urll):\n    pass\n\ndef test_all(database):\n    pass\n")
    result = project.run("-rs", target=None)
    result.assert_outcomes(errors=1, skipped=1)
    result.stdout.fnmatch_lines(["*fixture 'urll' not found*", "*needs --readiness-target NAME*"])


def test_without_a_target_nothing_heavy_is_imported(project: Project) -> None:
    project.write("conftest.py", "")
    project.write("test_own.py", "def test_other():\n    pass\n")
    code = (
        "import sys, pytest; pytest.main(['-q', '-p', 'no:html', '-p', 'no:pytest11.testinfra']);"
        "print('loaded', sorted(n for n in sys.modules if n.startswith('pytest_readiness')),"
        "[n for n in ('pydantic', 'requests', 'docker', 'ruamel.yaml', 'markdown_it', 'rich', 'sslyze', 'testinfra')"
        " if n in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=project.path,
        capture_output=True,
        text=True,
        timeout=patient(BOUND),
        check=False,
    )
    assert "loaded ['pytest_readiness', 'pytest_readiness.plugin'] []" in done.stdout


def test_checks_are_imported_where_something_may_ask_for_them(project: Project) -> None:
    (project.path / "conftest.py").unlink()
    target = "{env_files: {production: production.env}, urls: {shop: 'https://localhost:1'}}"
    project.write("readiness.yaml", f"checklists: [CHECK.md]\ntargets: {{prod: {target}}}\n")
    project.write("production.env", "NAME=value\n")
    project.items(set="{check: env.present, names: [NAME]}")
    project.write("own/test_own.py", "def test_page(root_page):\n    pass\n")
    code = (
        "import sys, pytest; pytest.main(['--readiness-target=prod', *sys.argv[1:]]);"
        "modules = [(n.split('.', 2)[2], m) for n, m in sys.modules.items() if '_readiness.domains.' in n];"
        "print('loaded', sorted(n for n, m in modules if 'checks' in n.split('.') and not hasattr(m, '__path__')))"
    )

    def run(*arguments: str) -> str:
        command = [sys.executable, "-c", code, *arguments]
        return subprocess.run(command, cwd=project.path, capture_output=True, text=True, timeout=patient(BOUND)).stdout  # noqa: PLW1510

    assert "loaded ['env.checks.values']\n" in run()
    modules = {check.judge.__module__.split(".", 2)[2] for check in load_catalogue().values()}
    every = f"loaded {sorted(modules)}\n"
    # The fact, of checks that no binding names, is read, or the page's test would end in another way.
    shown = run("CHECK.md", "own/test_own.py")
    assert "localhost:1 refused the connection" in shown
    assert every in shown
    shown = run("--fixtures", "-v")
    assert "root_page" in shown
    assert every in shown
    project.write("conftest.py", "")
    assert every in run()
    project.items(set="no.such")
    assert every in run()
    (project.path / "conftest.py").unlink()
    project.items(set="http.hsts")
    assert "loaded ['http.checks.headers']\n" in run()


@pytest.mark.parametrize(
    "plugin", ["html", "pytest11.testinfra", "cacheprovider", "terminal", "xdist", "timeout", "junitxml", "capture"]
)
def test_other_plugins_may_be_turned_off(project: Project, plugin: str) -> None:
    assert project.run("-p", f"no:{plugin}", "CHECK.md").ret == 0
    assert project.result()["verdict"]["counts"] == {"passed": 3, "unverified": 1, "not applicable": 1}


def test_the_report_needs_pytest_html(project: Project) -> None:
    result = project.run("-p", "no:html", "--readiness-report=r.html")
    assert result.ret == 4
    assert "--readiness-report needs pytest-html" in result.stderr.str()


def test_variables_come_from_the_projects_hook(project: Project) -> None:
    project.write("readiness.yaml", CONFIGURATION.replace("https://shop.example.com", "https://${HOST}"))
    hook = "def pytest_readiness_variables(config, target):\n    return {'HOST': f'{target}.example.com'}\n"
    project.append("conftest.py", hook)
    project.items(url="")
    project.write("test_own.py", "import pytest\n@pytest.mark.readiness('release/url')\ndef test_it(url):\n"
                                 "    assert url.name == 'api' or url.host == 'prod.example.com'\n")  # fmt: skip
    assert project.run("CHECK.md", "test_own.py").ret == 0


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ("return ['HOST']", "returned a list; it must return a mapping of names to texts."),
        ("return 'HOST'", "returned a str; it must return a mapping of names to texts."),
        (
            "return {'HOST': None}",
            "returned a NoneType for 'HOST'; it must return a mapping of names to texts. Leave",
        ),
        ("return {1: 'x'}", "returned a str for 1; it must return a mapping of names to texts."),
        ("return 1 / 0", "broke (ZeroDivisionError: division by zero). Mend it."),
    ],
)
def test_a_hook_for_variables_that_does_not_work_is_named(project: Project, body: str, sentence: str) -> None:
    project.append("conftest.py", f"def pytest_readiness_variables(config, target):\n    {body}\n")
    project.write(
        "other.py", "def pytest_readiness_variables(config):\n    return {'NUMBER': 5, 'FOLDER': config.rootpath}\n"
    )
    project.pytester.syspathinsert()
    result = project.run("-p", "other")
    assert result.ret == 4
    line = f"The hook pytest_readiness_variables of {project.path / 'conftest.py'} {sentence}"
    assert line in result.stderr.str()


ODD = """\
from pytest_readiness import Attachment, ClaimFalse, CouldNotVerify, Evidence, check


class Own(CouldNotVerify):
    def __init__(self, code):
        self.code = code


class Worse(Own):
    @property
    def reason(self):
        raise ValueError(self.code)


class Worst(Own):
    @property
    def reason(self):
        raise SystemExit(0)


class Unspeakable(KeyError):
    def __str__(self):
        raise SystemExit(0)


class OwnFalse(ClaimFalse):
    def __init__(self, code):
        self.code = code


class Unsaid(KeyError):
    def __str__(self):
        raise ValueError("it is not said")


@check("toy.own", severity="low", remedy="r")
def own(document, *, how: str) -> Evidence:
    \"\"\"It holds.\"\"\"
    found = {
        "text": lambda: Evidence(["a"]),
        "warning": lambda: Evidence("a", warning=5),
        "files": lambda: Evidence("a", attachments=["a"]),
        "bytes": lambda: Evidence("a", attachments=(Attachment("a.png", "image/png", "text"),)),
    }
    if how in found:
        return found[how]()
    raise {
        "unverified": Own(3),
        "worse": Worse(3),
        "worst": Worst(3),
        "unspeakable": Unspeakable(3),
        "false": OwnFalse(3),
        "remedy": ClaimFalse("a", "b", remedy=3),
        "file": ClaimFalse("a", "b", attachments=Attachment("a", "b", b"c")),
        "unsaid": Unsaid(3),
    }[how]


@check("toy.typo", severity="low", remedy="r")
def typo(document, wrods) -> Evidence:
    \"\"\"It is written.\"\"\"
    return Evidence("a")


@check("toy.path", severity="low", remedy="r")
def path(document, tmp_path) -> Evidence:
    \"\"\"It is somewhere.\"\"\"
    return Evidence(str(tmp_path))
"""
BROKE = {
    "text": "'text' of its Evidence is of the type list, not a text",
    "warning": "'warning' of its Evidence is of the type int, not a text",
    "files": "its Evidence has 'attachments' that are not each an Attachment of two texts and bytes",
    "bytes": "its Evidence has 'attachments' that are not each an Attachment of two texts and bytes",
    "unverified": "its Own has no 'reason', as its __init__ does not call that of CouldNotVerify",
    "worse": "its Worse cannot be read: ValueError",
    "worst": "its Worst cannot be read: SystemExit",
    "unspeakable": "Unspeakable",
    "false": "its OwnFalse has no 'expected', as its __init__ does not call that of ClaimFalse",
    "remedy": "'remedy' of its ClaimFalse is of the type int, not a text",
    "file": "its ClaimFalse has 'attachments' that are not each an Attachment of two texts and bytes",
    "unsaid": "Unsaid",
}


def test_a_defect_of_one_check_is_an_error_of_its_tests_only(project: Project) -> None:
    project.write("own.py", ODD)
    project.write("readiness.yaml", f"extensions: [own]\n{CONFIGURATION}")
    bindings = {name: f"{{check: toy.own, how: '{name}', on: runbook}}" for name in BROKE}
    project.items(**bindings, typo="{check: toy.typo, on: runbook}", path="{check: toy.path, on: runbook}")
    project.write(
        "waivers.yaml", "waivers: [{item: release/false, reason: r, by: cto@example.com, expires: 9999-12-31}]\n"
    )
    # All are of low severity, and the policy asks for no score.
    assert project.run().ret == 0
    assert project.states() == {**dict.fromkeys([*BROKE, "typo"], "error"), "path": "passed"}
    found = {name: tests["tests"][0]["evidence"] for name, tests in project.found().items()}
    for name, what in BROKE.items():
        assert found[name] == f"could not verify: the check broke ({what}); that is a defect of the check"
    assert found["typo"] == (
        "could not verify: the check toy.typo takes 'wrods', and there is no fact, kind or fixture of that name "
        "(did you mean 'words'?); that is a defect of the check"
    )


TIMES = ("seconds", "start", "started", "finished", "command")


def comparable(value: Any) -> Any:
    """A result without times, the command, and the addresses of objects that a traceback shows."""
    if isinstance(value, dict):
        return {key: comparable(child) for key, child in value.items() if key not in TIMES}
    if isinstance(value, str):
        return re.sub(r" object at 0x[0-9a-f]+>", " object>", value)
    return [comparable(each) for each in value] if isinstance(value, list) else value


@pytest.mark.parametrize("options", [["-n2"], ["-n2", "--dist=worksteal"]])
def test_xdist_changes_nothing(every_outcome: Project, options: list[str]) -> None:
    every_outcome.write("test_own.py", OWN.replace("payments/nobody-answers-this", "release/unbound"))
    every_outcome.append(
        "conftest.py",
        """
def pytest_runtest_logreport(report):
    import os
    if report.user_properties and report.when == "call" and "PYTEST_XDIST_WORKER" not in os.environ:
        with READ.with_name("properties.log").open("a") as log:
            kept = [(name, value) for name, value in report.user_properties if name not in
                    ("readiness.seconds", "readiness.start")]
            log.write(f"{report.nodeid} {kept}\\n")
""",
    )
    results, properties = [], []
    for each in ([], options):
        done = every_outcome.run("CHECK.md", "test_own.py", "--junitxml=junit.xml", *each)
        assert done.ret == 1
        results.append(comparable(every_outcome.result()))
        log = every_outcome.path / "properties.log"
        properties.append(sorted(log.read_text("utf-8").splitlines()))
        log.unlink()
        (every_outcome.path / "read.log").rename(every_outcome.path / f"read{len(results)}.log")
    assert results[0] == results[1]
    assert properties[0] == properties[1]
    if "--dist=worksteal" not in options:
        first, second = (sorted((every_outcome.path / f"read{n}.log").read_text("utf-8").split()) for n in (1, 2))
        assert set(second) == set(first)


def test_xdist_with_an_answer_to_no_item(project: Project) -> None:
    project.write("test_own.py", "import pytest\n\n@pytest.mark.readiness('tls/x')\ndef test_it(): pass\n")
    result = project.run("-n2", "CHECK.md", "test_own.py")
    assert result.ret not in (0, 1, 6)
    assert "'tls/x' is not an item of this run's checklists." in result.stdout.str() + result.stderr.str()


def test_a_worker_that_dies_is_never_go(project: Project) -> None:
    project.append(
        "conftest.py",
        '''
@check("toy.dies", severity="low", remedy="r")
def dies(document) -> Evidence:
    """The worker lives."""
    import os
    os._exit(3)
''',
    )
    project.items(good="{check: toy.hsts, on: shop}", dies="{check: toy.dies, on: runbook}")
    result = project.run("-n1", "--max-worker-restart=0")
    assert result.ret == 1
    assert project.states()["dies"] == "error"


HIDDEN = f"""
import os, pytest, warnings

def test_print(record_property):
    print({SECRET!r})
    record_property("token", os.environ["API_TOKEN"])

def test_introspection():
    found = {{"dsn": os.environ["API_TOKEN"]}}
    assert found == {{"dsn": "x"}}

def test_exception():
    raise RuntimeError(os.environ["API_TOKEN"])

def test_skip():
    pytest.skip(os.environ["API_TOKEN"])

@pytest.mark.xfail
def test_expected():
    raise RuntimeError(os.environ["API_TOKEN"])
"""


@pytest.mark.parametrize("options", [[], ["-n2"]])
def test_secrets_are_in_no_output(project: Project, options: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("API_TOKEN", SECRET)
    project.write("test_own.py", HIDDEN)
    project.write("readiness.yaml", CONFIGURATION + "    description: ${API_TOKEN}\n")
    project.write("runbook.md", f"rollback {SECRET}")
    project.append(
        "conftest.py",
        f'''
@fact
def careless(document) -> str:
    """A fact that tells."""
    raise RuntimeError({SECRET!r})

@check("toy.careless", severity="low", remedy="r")
def _careless(careless) -> Evidence:
    """It is careful."""
    return Evidence("careful")

@check("toy.breaks", severity="low", remedy="r")
def breaks(document) -> Evidence:
    """It is careful."""
    token = {SECRET!r}
    raise ValueError(token)
''',
    )
    project.items(
        passed="{check: toy.says, word: rollback, on: runbook}",
        failed="{check: toy.says, word: nothing, on: runbook}",
        accepted="{check: toy.says, word: nothing, on: runbook}",
        careless="{check: toy.careless, on: runbook}",
        breaks="{check: toy.breaks, on: runbook}",
    )
    project.write("waivers.yaml", "waivers: [{item: release/accepted, reason: r, by: b, expires: 9999-12-31}]\n")
    result = project.run(
        "CHECK.md", "test_own.py", "-rA", "-vv", "-l", "--junitxml=junit.xml", "--readiness-report=r.html",
        "--xfail-tb", "-o", "junit_family=xunit1", *options,
    )  # fmt: skip
    result.assert_outcomes(passed=2, failed=3, errors=2, skipped=1, xfailed=2)
    outputs = {name: (project.path / name).read_text("utf-8") for name in ("junit.xml", "r.html", "out/result.json")}
    for name, text in {**outputs, "stdout": result.stdout.str(), "stderr": result.stderr.str()}.items():
        shown = re.sub(r"&#?\w+;|\\u[0-9a-f]{4}|\\+", "", text)
        # The test's own source line holds the text in the clear; what it came to must not.
        assert "hunter2" not in shown.replace(repr(SECRET), ""), name
        assert "•••" in text or name == "stderr"


def test_texts_are_data_in_the_report(project: Project) -> None:
    evil = "<script>alert(1)</script><img src=x onerror=alert(2)>\x1b[2J\u202e\x07"
    project.write("CHECK.md", f"# Release {evil}\n\n- [ ] Item `{evil}`\n")
    project.write("runbook.md", f"rollback {evil}")
    (project.path / "CHECK.checks.yaml").unlink()
    slug = selected(project.run("--collect-only", "-q"))[0]
    _, section, item = slug.split("::")
    project.write("CHECK.checks.yaml", f"{section}: {{{item}: {{check: toy.says, word: rollback, on: runbook}}}}\n")
    result = project.run("--readiness-report=r.html", "--junitxml=junit.xml", "-rA", "-v")
    assert result.ret == 0
    page = (project.path / "r.html").read_text("utf-8")
    assert "alert(1)" in page
    assert "<script>alert" not in page
    assert "<img src=x" not in page
    blob = re.search(r'data-jsonblob="([^"]*)"', page)
    assert blob is not None
    for text in (page, result.stdout.str(), (project.path / "junit.xml").read_text("utf-8"), str(project.result())):
        assert not {ESCAPE, "\u202e", "\x07"} & set(text)


def test_interrupted_while_a_fact_hangs(project: Project) -> None:
    project.write("readiness.yaml", CONFIGURATION.replace("gone: gone.md", "slow: slow.md"))
    project.items(
        first="{check: toy.hsts, on: shop}",
        hanging="{check: toy.says, word: x, on: slow}",
        last="{check: toy.hsts, on: shop}",
    )
    project.write("conftest.py", CONFTEST.replace("@fact\ndef words", "@fact(deadline=600)\ndef words"))
    process = project.start("--readiness-report=r.html", "-v", PYTHONUNBUFFERED="1")
    assert process.stdout is not None
    begun = ""
    while "PASSED" not in begun:
        character = process.stdout.read(1)
        assert character, begun
        begun += character
    process.send_signal(signal.SIGINT)
    output, _ = process.communicate(timeout=patient(BOUND))
    assert process.returncode == 2, output
    # The last one did not run, but what it needs had been read before the interruption.
    assert project.states() == {"first": "passed", "hanging": "unverified", "last": "passed"}
    assert "did not run" in (project.path / "r.html").read_text("utf-8")
    assert "Traceback (most recent call last)" not in output


def test_a_terminal_shows_what_is_waited_for_and_a_pipe_does_not(project: Project) -> None:
    project.write("readiness.yaml", CONFIGURATION.replace("gone: gone.md", "slow: slow.md"))
    project.items(hanging="{check: toy.says, word: x, on: slow}")
    project.write("conftest.py", CONFTEST.replace("@fact\ndef words", "@fact(deadline=2)\ndef words"))
    command = [sys.executable, "-m", "pytest", "--readiness-target=prod"]
    code, shown = on_a_terminal(command, project.path, BOUND)
    assert code == 6
    assert "gathering facts 0/1, waiting for words of slow" in shown
    piped, _ = project.start().communicate(timeout=patient(BOUND))
    assert "gathering" not in piped
    assert ESCAPE not in piped


@pytest.mark.parametrize(("option", "environment"), [("--color=no", {}), ("--color=auto", {"NO_COLOR": "1"})])
def test_no_colour_is_no_escape(project: Project, option: str, environment: dict[str, str]) -> None:
    command = [sys.executable, "-m", "pytest", "--readiness-target=prod", option]
    _, shown = on_a_terminal(command, project.path, BOUND, **environment)
    assert "GO   score" in shown
    assert ESCAPE not in shown.replace(f"{ESCAPE}[K", "")


def test_colour_is_on_the_terminal(project: Project) -> None:
    _, shown = on_a_terminal([sys.executable, "-m", "pytest", "--readiness-target=prod"], project.path, BOUND)
    assert f"{ESCAPE}[" in shown


@pytest.mark.parametrize("columns", [40, 80, 200])
def test_the_summary_fits_the_width(project: Project, columns: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    project.write("runbook.md", "nothing " * 60)
    lines = project.run().outlines
    begin = next(number for number, line in enumerate(lines) if "= readiness =" in line)
    assert max(len(line) for line in lines[begin : begin + 20] if "short test summary" not in line) <= columns
    assert any("NO-GO" in line for line in lines[begin:])


def test_checklists_outside_the_root_directory_keep_ids_of_their_own(
    project: Project, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("elsewhere")
    for name in ("ONE.md", "TWO.md"):
        (folder / name).write_text("## Web\n- [ ] Home page answers\n", "utf-8")
    paths = [str(folder / name) for name in ("ONE.md", "TWO.md")]
    collected = selected(project.run("--rootdir=.", "--collect-only", "-q", *paths))
    assert len(set(collected)) == 2
    assert all(nodeid.endswith(".md::web::home-page-answers") for nodeid in collected)


def test_a_document_that_cannot_be_read_is_told_with_one_place(project: Project) -> None:
    (project.path / "BAD.md").write_bytes(b"# Launch\n- [ ] \xff\n")
    result = project.run("BAD.md")
    assert result.ret == 4
    assert result.stderr.str().count("BAD.md") == 1
    result.stderr.fnmatch_lines(["ERROR: *BAD.md:2: the text is not UTF-8; save the file as UTF-8."])
