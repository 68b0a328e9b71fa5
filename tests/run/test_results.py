"""Which report of a test counts, where it has several."""

from __future__ import annotations

import pytest

from tests.release import Release
from tests.run.test_run import CONFIGURATION, Project

TRIED = """
import os
from pathlib import Path

import pytest

TRIES = Path(__file__).with_name("tries")


def tried() -> int:
    with TRIES.open("a") as log:
        log.write("x")
    return len(TRIES.read_text())


@pytest.fixture
def shaky():
    assert PLACE != "setup" or tried() > 1
    yield
    assert PLACE != "teardown" or tried() > 1


@pytest.mark.readiness("release/own")
def test_it(shaky):
    assert PLACE != "call" or tried() > 1
"""


@pytest.fixture
def project(pytester: pytest.Pytester, registry: None) -> Project:
    made = Project(pytester)
    made.items(own="")
    made.write("readiness.yaml", CONFIGURATION.replace("min_score: 0", "min_score: 0, block: low"))
    return made


@pytest.mark.parametrize("options", [(), ("-n2",)], ids=["alone", "xdist"])
@pytest.mark.parametrize("place", ["setup", "call", "teardown"])
def test_of_a_repeated_test_the_last_try_counts(project: Project, place: str, options: tuple[str, ...]) -> None:
    pytest.importorskip("pytest_rerunfailures")
    project.write("test_own.py", TRIED.replace("import os", f"PLACE = '{place}'"))
    result = project.run("CHECK.md", "test_own.py", "--reruns=2", *options)
    # What a teardown spoils has passed before.
    assert result.parseoutcomes() == {"passed": 2 if place == "teardown" else 1, "rerun": 1}
    assert result.ret == 0
    (test,) = project.found()["own"]["tests"]
    assert (test["state"], test["evidence"]) == ("passed", "the team's own test passed (at try 2)")


@pytest.mark.parametrize("options", [(), ("-n2",)], ids=["alone", "xdist"])
def test_a_subtest_of_an_earlier_try_does_not_count(project: Project, options: tuple[str, ...]) -> None:
    pytest.importorskip("pytest_rerunfailures")
    fails = "first = tried() == 1\n    with subtests.test(): assert not first\n    assert not first"
    own = TRIED.replace("import os", "PLACE = 'none'").replace('assert PLACE != "call" or tried() > 1', fails)
    project.write("test_own.py", own.replace("def test_it(shaky)", "def test_it(shaky, subtests)"))
    result = project.run("CHECK.md", "test_own.py", "--reruns=2", *options)
    assert (result.ret, result.parseoutcomes()["rerun"]) == (0, 1)
    (test,) = project.found()["own"]["tests"]
    assert test["state"] == "passed"


def test_a_repeated_test_that_never_passes_fails(project: Project) -> None:
    pytest.importorskip("pytest_rerunfailures")
    project.write("test_own.py", TRIED.replace("import os", "PLACE = 'call'").replace("> 1", "> 9"))
    result = project.run("CHECK.md", "test_own.py", "--reruns=2")
    assert result.parseoutcomes() == {"failed": 1, "rerun": 2}
    assert result.ret == 1
    (test,) = project.found()["own"]["tests"]
    assert test["state"] == "failed"
    assert test["evidence"].endswith("(at try 3)")


@pytest.mark.parametrize(("returned", "state"), [("1 == 2", "failed"), ("1 == 1", "passed"), ("[]", "passed")])
def test_a_test_that_returns_false_fails(project: Project, returned: str, state: str) -> None:
    own = f"import pytest\n\n@pytest.mark.readiness('release/own')\ndef test_it(): return {returned}\n"
    project.write("test_own.py", own)
    project.run("CHECK.md", "test_own.py", "--reruns=1", "-Wignore")
    (test,) = project.found()["own"]["tests"]
    assert test["state"] == state
    assert state == "passed" or "write 'assert' in place of 'return'" in test["evidence"]


def test_a_folder_may_have_brackets_in_its_name(release: Release) -> None:
    moved = release.path.rename(release.path.with_name("odd [1]"))
    release.path = moved
    assert "GO" in release.run("--readiness-out=out").stdout
    assert release.result()["verdict"]["selected"] == release.result()["verdict"]["total"]


def test_an_item_of_a_checklist_may_be_tried_again(project: Project) -> None:
    pytest.importorskip("pytest_rerunfailures")
    project.items(own="toy.shaky")
    project.append(
        "conftest.py",
        '''
@check("toy.shaky", severity="low", remedy="r")
def shaky(document) -> Evidence:
    """It holds in the end."""
    with READ.with_name(document.name).open("a") as log:
        log.write("x")
    tries = len(READ.with_name(document.name).read_text())
    claim(tries > 1, expected="two tries", seen=f"{tries}")
    return Evidence("it holds")
''',
    )
    assert project.run("CHECK.md", "--reruns=1").ret == 0
    assert {test["evidence"] for test in project.found()["own"]["tests"]} == {"it holds (at try 2)"}


@pytest.mark.parametrize("worker", ["gw0", "gw1"])
@pytest.mark.parametrize(
    ("place", "state", "code"), [("setup", "error", 6), ("call", "failed", 1), ("teardown", "error", 6)]
)
def test_where_each_worker_runs_all_tests_the_worst_counts(
    project: Project, worker: str, place: str, state: str, code: int
) -> None:
    text = TRIED.replace("tried() > 1", f"os.environ['PYTEST_XDIST_WORKER'] != '{worker}'")
    project.write("test_own.py", text.replace("import os", f"import os\nPLACE = '{place}'"))
    result = project.run("CHECK.md", "test_own.py", "--dist=each", "--tx=2*popen")
    assert result.ret == code
    assert project.states() == {"own": state}


OWN = "import warnings\nimport pytest\n@pytest.mark.readiness('release/own')\ndef test_it(): pass"


@pytest.mark.parametrize(
    ("own", "options", "code", "reason"),
    [
        (
            TRIED.replace("import os", "PLACE = 'call'"),
            ("--reruns=2", "--fail-on-flaky"),
            7,
            "a test passed at a later try only (--fail-on-flaky)",
        ),
        (
            OWN.replace("pass", "warnings.warn('old')"),
            ("--max-warnings=0", "-Wdefault"),
            1,
            "there are more warnings (1) than --max-warnings allows (0)",
        ),
    ],
)
def test_a_run_that_an_option_fails_is_not_go(
    project: Project, own: str, options: tuple[str, ...], code: int, reason: str
) -> None:
    pytest.importorskip("pytest_rerunfailures")
    project.write("test_own.py", own)
    result = project.run("CHECK.md", "test_own.py", *options)
    verdict = project.result()["verdict"]
    assert (result.ret, verdict["go"], verdict["reasons"]) == (code, False, [reason])


def test_a_run_that_another_plugin_fails_is_not_go(project: Project) -> None:
    project.write("test_own.py", OWN)
    project.write(
        "conftest.py",
        "import pytest\n@pytest.hookimpl(wrapper=True)\ndef pytest_runtestloop(session):\n"
        "    done = yield\n    session.testsfailed += 1\n    return done\n",
    )
    result = project.run("CHECK.md", "test_own.py")
    assert result.ret == 1
    (reason,) = project.result()["verdict"]["reasons"]
    assert reason.startswith("something beside the tests failed the run")
