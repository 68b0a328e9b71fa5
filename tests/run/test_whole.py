"""What readiness.yaml declares is the whole; whatever looks at less is a part, and never GO."""

from __future__ import annotations

import json
import os
import signal
import time
from pathlib import Path

import pytest

from tests.command import readiness
from tests.run.test_run import BOUND, Project
from tests.stack.patience import patient

DECLARED = """\
checklists: [a.md, b.md]
tests: [test_own.py, more]
targets:
  prod:
    documents: {runbook: runbook.md}
    policy: {min_score: 0}
"""
OWN = """\
import pytest


def test_one():
    pass


class TestTwo:
    def test_two(self):
        pass


@pytest.mark.readiness("b:b/answered")
def test_answer():
    pass
"""


@pytest.fixture
def project(pytester: pytest.Pytester, registry: None) -> Project:
    made = Project(pytester)
    for name in ("CHECK.md", "CHECK.checks.yaml"):
        (made.path / name).unlink()
    made.write("readiness.yaml", DECLARED)
    made.write("a.md", "# A\n\n- [ ] rollback\n- [ ] refund\n")
    made.write("b.md", "# B\n\n- [ ] written\n- [ ] answered\n")
    says = "{{check: toy.says, word: {}, severity: critical}}"
    made.write("a.checks.yaml", f"a: {{rollback: {says.format('rollback')}, refund: {says.format('refund')}}}\n")
    made.write("b.checks.yaml", f"b: {{written: {says.format('rollback')}}}\n")
    made.write("test_own.py", OWN)
    made.write("more/test_more.py", "def test_more():\n    pass\n")
    made.write("more/test_last.py", "def test_last():\n    pass\n")
    return made


def told(project: Project) -> dict[str, str]:
    """What each output says of the verdict."""
    folder = project.path / "out"
    statement = json.loads((folder / "in-toto.json").read_text("utf-8"))
    hdf = json.loads((folder / "hdf.json").read_text("utf-8"))
    attributes = [each for profile in hdf["profiles"] for each in profile["attributes"]]
    return {
        "in-toto": statement["predicate"]["result"],
        "badge": (folder / "badge.svg").read_text("utf-8"),
        "junit": (folder / "junit.xml").read_text("utf-8"),
        "sarif": (folder / "readiness.sarif").read_text("utf-8"),
        "prometheus": (folder / "readiness.prom").read_text("utf-8"),
        "hdf": " ".join(str(each["options"]["value"]) for each in attributes),
    }


def test_a_class_that_cannot_be_collected_is_left_out(project: Project) -> None:
    project.append("test_own.py", "\n\nclass TestThree:\n    def __init__(self):\n        self.x = 1\n")
    assert project.run("-W", "default").ret == 10
    (omitted,) = project.result()["verdict"]["omitted"]
    assert "test_own.py: cannot collect test class 'TestThree' because it has a __init__ constructor" in omitted


def test_the_whole_is_go(project: Project) -> None:
    result = project.run("--readiness-history=history.db")
    assert result.ret == 0, result.stdout.str()
    result.stdout.fnmatch_lines([" GO *"])
    verdict = project.result()["verdict"]
    assert (verdict["go"], verdict["omitted"], verdict["troubles"]) == (True, [], [])
    assert told(project)["in-toto"] == "PASSED"


def test_naming_all_of_it_is_the_whole(project: Project) -> None:
    result = project.run("b.md", "a.md", "test_own.py", "more")
    assert result.ret == 0, result.stdout.str()
    assert project.run(".").ret == 0


@pytest.mark.parametrize(
    ("arguments", "omitted"),
    [
        (("b.md",), ["test_own.py was not named", "more was not named"]),
        (("a.md", "b.md"), ["test_own.py was not named", "more was not named"]),
        (("a.md", "b.md", "test_own.py", "more/test_more.py"), ["only a part of more was named"]),
        (("a.md", "b.md", "test_own.py::test_one", "test_own.py::test_answer", "more"), ["only a part of test_own.py"]),
        (("a.md::a::rollback[runbook]",), []),
        (("-k", "not test_two"), ["test_own.py::TestTwo::test_two was not selected"]),
        (("-k", "test_more"), ["more/test_last.py::test_last was not selected"]),
        (("-m", "toy"), ["test_own.py::test_one was not selected"]),
        (("--deselect=test_own.py::TestTwo",), ["test_own.py::TestTwo::test_two was not selected"]),
        (("--ignore=more/test_more.py",), ["more/test_more.py was ignored"]),
        (("--ignore-glob=*_last.py",), ["more/test_last.py was ignored"]),
        (("-o", "python_files=own_*.py"), ["no test was found in more"]),
    ],
)
def test_less_than_the_whole_holds_at_best(project: Project, arguments: tuple[str, ...], omitted: list[str]) -> None:
    result = project.run(*arguments, "--readiness-report=page.html")
    assert result.ret == 10, result.stdout.str()
    result.stdout.fnmatch_lines([" this part holds *"])
    assert "This is a part only: " in result.stdout.str()
    assert " GO " not in result.stdout.str()
    verdict = project.result()["verdict"]
    assert (verdict["go"], verdict["reasons"]) == (False, [])
    assert verdict["selected"] < verdict["total"] or verdict["omitted"]
    for phrase in omitted:
        assert any(each.startswith(phrase) for each in verdict["omitted"]), verdict["omitted"]
    page = (project.path / "page.html").read_text("utf-8")
    assert "<strong>this part holds</strong>" in page
    assert "This is a part only: " in page


@pytest.mark.parametrize("workers", [(), ("-n1",)], ids=["alone", "xdist"])
@pytest.mark.parametrize(
    ("file", "old", "new", "omitted"),
    [
        ("test_own.py", "import pytest", "import pytest; pytest.skip('n', allow_module_level=True)", "was skipped as"),
        ("test_own.py", "class TestTwo", "@pytest.mark.skip\nclass TestTwo", "test_two was skipped"),
        (
            "test_own.py",
            "import pytest",
            "import pytest; pytestmark = pytest.mark.xfail(run=False)",
            "expected to fail",
        ),
        (
            "conftest.py",
            "import threading",
            "collect_ignore = ['more/test_last.py']\nimport threading",
            "more/test_last.py was ignored",
        ),
        (
            "conftest.py",
            "import threading",
            "def pytest_collection_modifyitems(items):\n"
            "    items[:] = [item for item in items if item.name != 'test_two']\nimport threading",
            "test_own.py::TestTwo::test_two was not selected",
        ),
    ],
)
def test_own_tests_that_did_not_look_make_a_part(
    project: Project, file: str, old: str, new: str, omitted: str, workers: tuple[str, ...]
) -> None:
    text = (project.path / file).read_text("utf-8")
    project.write(file, text.replace(old, new, 1))
    result = project.run(*workers)
    assert result.ret == 10, result.stdout.str()
    assert any(omitted in each for each in project.result()["verdict"]["omitted"]), project.result()["verdict"]


@pytest.mark.parametrize(
    ("folder", "ini", "conftest"),
    [
        ("build", "", ""),
        ("deep/dist", "", ""),
        ("slow", "norecursedirs = s*", ""),
        ("slow", "", "collect_ignore = ['slow']"),
        ("slow", "", "def pytest_ignore_collect(collection_path):\n    return collection_path.name == 'slow' or None"),
    ],
)
def test_a_folder_of_tests_that_is_passed_over_is_left_out(
    project: Project, folder: str, ini: str, conftest: str
) -> None:
    project.write(f"more/{folder}/test_below.py", "def test_below():\n    assert False\n")
    project.write("pytest.ini", f"[pytest]\n{ini}\n")
    project.write("more/conftest.py", conftest)
    assert project.run().ret == 10
    assert f"more/{folder} was ignored" in project.result()["verdict"]["omitted"]


def test_tests_that_are_linked_and_passed_over_are_left_out(project: Project) -> None:
    project.write("elsewhere/test_far.py", "def test_far():\n    assert False\n")
    (project.path / "more" / "far").symlink_to("../elsewhere")
    (project.path / "more" / "test_far.py").symlink_to("../elsewhere/test_far.py")
    project.write("more/conftest.py", "collect_ignore = ['far', 'test_far.py']\n")
    assert project.run().ret == 10
    omitted = project.result()["verdict"]["omitted"]
    assert {"more/far was ignored", "more/test_far.py was ignored"} <= set(omitted)


@pytest.mark.parametrize(
    "file", ["build/lib/readme.txt", ".cache/test_it.py", "venv/pyvenv.cfg", "__pycache__/test_it.py"]
)
def test_a_folder_without_tests_of_the_team_leaves_out_nothing(project: Project, file: str) -> None:
    project.write(f"more/{file}", "")
    if file.startswith("venv"):
        project.write("more/venv/lib/test_it.py", "def test_it():\n    assert False\n")
    assert project.run().ret == 0


def test_a_module_that_ends_the_run_while_it_is_read_is_an_error(project: Project) -> None:
    project.write("more/test_more.py", "import sys\n\nsys.exit(0)\n")
    result = project.run()
    assert result.ret not in (0, 10)
    result.stdout.fnmatch_lines(["*It ends the run while it is read (sys.exit(0))*"])
    assert "INTERNALERROR" not in result.stdout.str()
    assert project.result()["verdict"]["go"] is False


@pytest.mark.parametrize("workers", [(), ("-n1",)], ids=["alone", "xdist"])
def test_an_own_test_for_what_the_target_has_not_leaves_out_nothing(project: Project, workers: tuple[str, ...]) -> None:
    project.write("more/test_more.py", "def test_more(database):\n    assert 0\n")
    result = project.run(*workers)
    assert result.ret == 0, result.stdout.str()


def test_a_mistake_in_a_checklist_that_is_not_named_leaves_it_out(project: Project) -> None:
    project.write("a.checks.yaml", "a: {rollback: no.such_check}\n")
    result = project.run("b.md", "test_own.py", "more")
    assert result.ret == 10, result.stderr.str()
    assert project.result()["verdict"]["omitted"] == ["a.md was not named"]
    assert project.run("a.md").ret == 4


def test_a_file_that_last_failed_leaves_out_is_missed(project: Project) -> None:
    project.write("more/test_more.py", "def test_more():\n    assert False\n\n\ndef test_other():\n    pass\n")
    assert project.run().ret == 1
    project.write("more/test_more.py", "def test_more():\n    pass\n\n\ndef test_other():\n    pass\n")
    result = project.run("--lf")
    assert result.ret == 10, result.stdout.str()
    assert {"test_own.py was not looked into", "more/test_more.py::test_other was not selected"} <= set(
        project.result()["verdict"]["omitted"]
    )


def test_a_part_is_told_in_every_output(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY"):
        monkeypatch.setenv(name, str(project.path / name))
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    assert project.run("b.md", "--readiness-history=history.db").ret == 10
    outputs = told(project)
    assert outputs["in-toto"] == "FAILED"
    for name in ("badge", "junit", "sarif", "hdf"):
        assert "this part holds" in outputs[name], name
        assert "GO" not in outputs[name].replace("NO-GO", ""), name
    assert 'readiness_go{target="prod"} 0\n' in outputs["prometheus"]
    assert 'readiness_part{target="prod"} 1\n' in outputs["prometheus"]
    assert "| Part | `This is a part only" in (project.path / "out" / "b.completed.md").read_text("utf-8")
    assert (project.path / "GITHUB_OUTPUT").read_text("utf-8").startswith("verdict=this part holds\n")
    assert "This is a part only" in (project.path / "GITHUB_STEP_SUMMARY").read_text("utf-8")
    shown = readiness(project.path, "history", "history.db").stdout
    assert "a part holds" in shown
    assert "GO" not in shown


def test_a_part_that_fails_is_no_go(project: Project) -> None:
    project.write("runbook.md", "nothing of the kind")
    result = project.run("b.md")
    assert result.ret == 1
    result.stdout.fnmatch_lines([" NO-GO *", "*This is a part only: *"])


def test_a_failed_test_beside_the_items_is_in_the_headline(project: Project) -> None:
    project.write("more/test_more.py", "def test_more():\n    assert False\n")
    result = project.run()
    assert result.ret == 1
    result.stdout.fnmatch_lines([" NO-GO *", "because more/test_more.py::test_more failed"])
    assert project.result()["verdict"]["go"] is False


def test_where_nothing_but_own_tests_are_declared_nothing_is_decided(project: Project) -> None:
    project.write("readiness.yaml", DECLARED.replace("checklists: [a.md, b.md]\n", ""))
    project.write("test_own.py", "def test_one():\n    pass\n")
    result = project.run()
    assert result.ret == 6
    result.stdout.fnmatch_lines(["because readiness.yaml names no checklist with an item"])


def test_an_item_whose_own_test_did_not_run_is_unverified(project: Project) -> None:
    project.write("a.checks.yaml", "a: {rollback: {check: toy.says, word: never, severity: critical}}\n")
    result = project.run("-x")
    assert result.ret == 1
    found = project.found()["answered"]
    assert (found["state"], found["tests"][0]["check"]) == ("unverified", "test_own.py::test_answer")
    assert found["tests"][0]["evidence"] == "did not run: the run ended first"
    assert any("did not run, because the run ended first" in each for each in project.result()["verdict"]["omitted"])


@pytest.mark.parametrize("code", [0, 10])
def test_a_test_that_ends_the_run_cannot_make_it_hold(project: Project, code: int) -> None:
    project.write("more/test_more.py", f"import pytest\n\n\ndef test_more():\n    pytest.exit('done', {code})\n")
    result = project.run()
    assert result.ret == (1 if code == 0 else code)
    verdict = project.result()["verdict"]
    assert verdict["go"] is False
    assert "the run was interrupted" in verdict["reasons"]


def finished(project: Project, *arguments: str) -> tuple[int, str]:
    """Run in a process of its own, which must not hang."""
    process = project.start(*arguments, "-p", "no:cacheprovider")
    output, _ = process.communicate(timeout=patient(BOUND))
    return process.returncode, output


@pytest.mark.parametrize("options", [("-n2",), ("-n1", "--max-worker-restart=0")], ids=["replaced", "not replaced"])
def test_a_test_that_ends_its_process_is_an_error(project: Project, options: tuple[str, ...]) -> None:
    # At a second try it would pass.
    project.write(
        "test_own.py",
        OWN.replace("import pytest", "import os, pathlib\nimport pytest").replace(
            "def test_answer():\n    pass",
            "def test_answer():\n"
            "    if not pathlib.Path('died').exists():\n"
            "        pathlib.Path('died').touch()\n"
            "        os._exit(0)",
        ),
    )
    code, output = finished(project, *options)
    assert code == 1, output
    assert "INTERNALERROR" not in output
    verdict = project.result()["verdict"]
    assert "test_own.py::test_answer ended its process" in verdict["reasons"]
    if "-n2" in options:
        answered = project.found()["answered"]
        assert answered["state"] == "error"
        assert answered["tests"][0]["evidence"] == "could not verify: the process that ran it died"
        # All others ran, each once.
        assert verdict["omitted"] == []
    assert len(list((project.path / "out").iterdir())) == 9


@pytest.mark.parametrize(
    "body",
    [
        "def pytest_runtest_logfinish(nodeid):\n    assert 'test_more' not in nodeid or not WORKER\n",
        "def pytest_sessionfinish():\n    assert not WORKER\n",
    ],
    ids=["while it runs", "at its end"],
)
def test_a_worker_in_which_something_breaks_is_never_go(project: Project, body: str) -> None:
    known = "def pytest_configure(config):\n    global WORKER\n    WORKER = hasattr(config, 'workerinput')\n"
    project.append("conftest.py", f"\n\n{known}\n\n{body}")
    code, output = finished(project, "-n2")
    assert code not in (0, 10), output
    verdict = project.result()["verdict"]
    assert verdict["go"] is False
    assert "an internal error broke the run" in verdict["reasons"]


@pytest.mark.parametrize("options", [(), ("-n2",)], ids=["alone", "with xdist"])
def test_what_a_conftest_breaks_at_the_end_loses_no_file_and_shows_no_secret(
    project: Project, options: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHOP_TOKEN", "hunter2hunter")
    shop = "{url: 'http://127.0.0.1:9', credentials: {api: {token: '${SHOP_TOKEN}'}}}"
    project.write("readiness.yaml", f"{DECLARED}    urls: {{shop: {shop}}}\n")
    project.append(
        "conftest.py",
        "\n\ndef pytest_sessionfinish(session):\n    import os\n    session.exitstatus = 0\n"
        "    if not hasattr(session.config, 'workerinput'):\n        raise KeyError(os.environ['SHOP_TOKEN'])\n",
    )
    code, output = finished(project, *options)
    assert code == 1, output
    assert "pytest_sessionfinish of conftest.py broke (KeyError: '•••')" in project.result()["verdict"]["reasons"]
    assert "hunter2" not in output
    assert "Traceback" not in output
    assert len(list((project.path / "out").iterdir())) == 9


def test_sigterm_keeps_what_was_measured(project: Project) -> None:
    project.write(
        "more/test_more.py",
        "import pathlib, time\n\n\ndef test_more():\n    pathlib.Path('waits').touch()\n    time.sleep(600)\n",
    )
    process = project.start("-p", "no:cacheprovider")
    deadline = time.monotonic() + patient(BOUND)
    while not (project.path / "waits").exists() and time.monotonic() < deadline and process.poll() is None:
        time.sleep(0.05)
    os.kill(process.pid, signal.SIGTERM)
    output, _ = process.communicate(timeout=patient(BOUND))
    assert process.returncode == 2, output
    result = project.result()
    assert "the run was interrupted" in result["verdict"]["reasons"]
    assert project.found()["rollback"]["state"] == "passed"
    assert len(list(Path(project.path, "out").iterdir())) == 9
