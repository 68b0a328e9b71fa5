"""However a run ends, neither its exit code nor what stands where its outputs belong says better than it found."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.run.test_run import BOUND, Project, project  # noqa: F401  (the fixture)
from tests.stack.patience import patient
from tests.stack.process import wait_until

CONFIGURATION = "checklists: [CHECK.md]\ntests: [test_own.py]\ntargets: {prod: {documents: {runbook: runbook.md}}}\n"
FOREVER = "    while True:\n        time.sleep(0.02)\n"
WAITS = f"import pathlib, time\n\n\ndef test_own():\n    pathlib.Path('waits').touch()\n{FOREVER}"


@pytest.fixture
def after_go(project: Project) -> Project:  # noqa: F811
    """A project whose run before was GO, and whose next one is told by `test_own.py`."""
    project.items(rollback="{check: toy.says, word: rollback}")
    project.write("readiness.yaml", CONFIGURATION)
    project.write("test_own.py", "def test_own():\n    pass\n")
    project.write("out/old.completed.md", "---\na: b\n---\n| Verdict | **`GO`** |\n")
    project.write("out/notes.completed.md", "mine\n")
    assert project.run("--readiness-report=report.html").ret == 0
    assert left(project) == {"notes.completed.md", "CHECK.completed.md", *NAMES}
    return project


NAMES = {
    *("result.json", "junit.xml", "hdf.json", "in-toto.json", "readiness.sarif", "readiness.prom", "badge.svg"),
    "report.html",
}


def left(project: Project) -> set[str]:  # noqa: F811
    report = project.path / "report.html"
    return {path.name for path in (project.path / "out").iterdir()} | ({report.name} if report.exists() else set())


def finished(project: Project, *arguments: str) -> tuple[int, str]:  # noqa: F811
    process = project.start("-p", "no:cacheprovider", "--readiness-report=report.html", *arguments)
    output, _ = process.communicate(timeout=patient(BOUND))
    return process.returncode, output


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ("import os; os._exit(0)", 2),
        ("import os; os._exit(3)", 3),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", -9),
        ("import ctypes; ctypes.string_at(0)", -11),
    ],
)
def test_a_process_that_dies_leaves_no_outputs_of_an_earlier_run(after_go: Project, body: str, code: int) -> None:
    after_go.write("test_own.py", f"def test_own():\n    {body}\n")
    found, output = finished(after_go)
    assert found == code, output
    assert left(after_go) == {"notes.completed.md"}
    if "(0)" in body and "os._exit" in body:
        assert "Something ended the whole run by os._exit(0), so it has no outputs. The exit code is 2." in output


def test_what_a_child_does_is_its_own_affair(after_go: Project) -> None:
    body = "    import os\n    child = os.fork()\n    if not child:\n        os._exit(0)\n"
    body += "    assert os.waitpid(child, 0)[1] == 0\n"
    after_go.write("test_own.py", f"def test_own():\n{body}")
    assert finished(after_go)[0] == 0


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("readiness.yaml", "checklists: [CHECK.md]\ntargets: {}\n"),
        ("CHECK.checks.yaml", "release: {rolback: toy.says}\n"),
        ("CHECK.md", "nothing\n"),
    ],
)
def test_a_mistake_leaves_no_outputs_of_an_earlier_run(after_go: Project, name: str, text: str) -> None:
    after_go.write(name, text)
    assert after_go.run("--readiness-report=report.html").ret == 4
    assert left(after_go) == {"notes.completed.md"}


def test_the_earlier_result_may_be_the_baseline(after_go: Project) -> None:
    baseline = "--readiness-baseline=out/result.json"
    after_go.write("CHECK.md", "nothing\n")
    assert after_go.run(baseline).ret == 4
    assert left(after_go) == {"notes.completed.md", "result.json", "report.html"}
    after_go.items(rollback="{check: toy.says, word: rollback}")
    assert after_go.run(baseline).ret == 0


@pytest.mark.parametrize("option", ["--collect-only", "--markers"])
def test_what_runs_nothing_removes_nothing(after_go: Project, option: str) -> None:
    before = left(after_go)
    after_go.run("--readiness-report=report.html", option)
    assert left(after_go) == before


@pytest.mark.parametrize(
    "hook",
    [
        "@pytest.hookimpl(wrapper=True, tryfirst=True)\ndef pytest_sessionfinish(session):\n"
        "    yield\n    session.exitstatus = 0\n",
        "def pytest_unconfigure():\n    import os\n    os._exit(0)\n",
    ],
)
def test_nothing_sets_a_better_exit_code_than_the_verdict(after_go: Project, hook: str) -> None:
    after_go.append("conftest.py", f"\n\nimport pytest\n\n\n{hook}")
    after_go.write("runbook.md", "nothing")
    code, output = finished(after_go)
    assert code == 1, output
    assert after_go.result()["exit_code"] == 1
    assert "The exit code is 1." in output


def test_a_run_that_ends_before_it_begins_is_no_go(after_go: Project) -> None:
    hook = "def pytest_sessionstart():\n    import pytest\n    pytest.exit('nothing to do', returncode=0)\n"
    after_go.append("conftest.py", f"\n\n{hook}")
    assert finished(after_go)[0] == 2
    assert left(after_go) == {"notes.completed.md"}


@pytest.mark.parametrize("options", [(), ("-n2",)], ids=["alone", "with xdist"])
def test_a_plugin_cannot_let_pass_what_a_test_found(after_go: Project, options: tuple[str, ...]) -> None:
    hook = "    report = yield\n    report.outcome = 'passed'\n    return report\n"
    hook = f"@pytest.hookimpl(wrapper=True)\ndef pytest_runtest_makereport(item, call):\n{hook}"
    after_go.append("conftest.py", f"\n\nimport pytest\n\n\n{hook}")
    assert finished(after_go, *options)[0] == 0
    after_go.write("runbook.md", "nothing")
    assert finished(after_go, *options)[0] == 1
    assert after_go.states() == {"rollback": "failed"}
    after_go.write("runbook.md", "rollback")
    after_go.write("test_own.py", "def test_own():\n    assert False\n")
    assert finished(after_go, *options)[0] == 1


@pytest.mark.parametrize("first", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_the_end_of_a_run_is_not_interrupted(after_go: Project, first: signal.Signals) -> None:
    after_go.write("test_own.py", WAITS)
    process = after_go.start("-p", "no:cacheprovider", "--readiness-report=report.html")
    wait_until((after_go.path / "waits").exists, "the test waits")
    process.send_signal(first)
    # CI systems send Ctrl-C first, and SIGTERM soon after it.
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGTERM):
        process.send_signal(number)
    output, _ = process.communicate(timeout=patient(BOUND))
    assert process.returncode == 2, output
    assert "Traceback" not in output
    assert "termination.py" not in output
    assert "the run was interrupted" in after_go.result()["verdict"]["reasons"]
    assert left(after_go) >= NAMES


def test_the_third_interrupt_ends_a_run_that_hangs(after_go: Project) -> None:
    after_go.write("test_own.py", WAITS)
    hook = "import pathlib, pytest, time\n\n\n@pytest.fixture(autouse=True)\ndef hangs():\n    yield\n"
    after_go.append("conftest.py", f"\n\n{hook}    pathlib.Path('hangs').touch()\n{FOREVER}")
    after_go.write("CHECK.md", "# Release\n\n- [ ] rollback (N/A)\n")
    said = after_go.path / "said"
    with said.open("w") as file:
        process = subprocess.Popen(
            [sys.executable, "-m", "pytest", "--readiness-target=prod", "--readiness-out=out"],
            cwd=after_go.path,
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=file,
        )
    wait_until((after_go.path / "waits").exists, "the test waits")
    process.send_signal(signal.SIGINT)
    wait_until((after_go.path / "hangs").exists, "its end hangs")
    process.send_signal(signal.SIGINT)
    wait_until(lambda: "Ctrl-C once more ends it at once" in said.read_text(), "that is said")
    process.send_signal(signal.SIGINT)
    assert process.wait(patient(BOUND)) == -signal.SIGINT
    assert "Traceback" not in said.read_text()


def test_python_that_leaves_out_asserts_runs_nothing(after_go: Project) -> None:
    process = after_go.start("-W", "ignore", "-p", "no:cacheprovider", PYTHONOPTIMIZE="1")
    output, _ = process.communicate(timeout=patient(BOUND))
    assert process.returncode == 4, output
    assert "Python leaves out every assert (-O, PYTHONOPTIMIZE)" in output


@pytest.mark.parametrize(("option", "what"), [("report", "report"), ("record", "recording"), ("audit", "audit log")])
@pytest.mark.parametrize("name", ["CHECK.md", "readiness.yaml", "test_own.py"])
def test_no_output_replaces_a_file_that_no_run_wrote(after_go: Project, option: str, what: str, name: str) -> None:
    before = (after_go.path / name).read_text()
    result = after_go.run(f"--readiness-{option}={name}")
    assert result.ret == 4
    assert f"--readiness-{option} {name} cannot be written: there is a file of that name that is no {what}" in (
        result.stderr.str()
    )
    assert (after_go.path / name).read_text() == before


def test_an_output_replaces_its_like_and_what_is_empty(after_go: Project) -> None:
    options = [f"--readiness-{name}={name}" for name in ("report", "record", "audit")]
    for name in ("report", "record", "audit"):
        (after_go.path / name).touch()
    for _ in range(2):
        assert after_go.run(*options).ret == 0


@pytest.mark.parametrize("option", ["config", "report", "out", "baseline", "record", "replay", "history", "audit"])
def test_an_option_that_names_nothing_is_a_mistake(after_go: Project, option: str) -> None:
    result = after_go.run(f"--readiness-{option}=")
    assert result.ret == 4
    assert f"--readiness-{option}: names nothing; if a variable stands there, it is empty" in result.stderr.str()


def test_an_earlier_output_that_cannot_be_removed_is_told(after_go: Project) -> None:
    if os.geteuid() == 0:
        pytest.skip("root may remove everything")
    folder: Path = after_go.path / "out"
    folder.chmod(0o500)
    try:
        result = after_go.run()
    finally:
        folder.chmod(0o700)
    assert result.ret == 4
    assert "is of an earlier run and cannot be removed" in result.stderr.str()


def test_the_outputs_replace_no_file_of_another_program(after_go: Project) -> None:
    badge = after_go.write("out/badge.svg", "<svg/>\n")
    done = after_go.run()
    assert done.ret == 4
    assert "badge.svg in that folder is not of a readiness run; name another folder, or remove it." in done.stderr.str()
    assert badge.read_text("utf-8") == "<svg/>\n"
    badge.write_text("", "utf-8")
    after_go.write("out/junit.xml", "<testsuites/>\n")
    assert after_go.run("--junit-xml=out/junit.xml").ret == 0
