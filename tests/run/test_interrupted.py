"""A run that is interrupted ends all that it has started, before it writes, and loses nothing that was measured."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from textwrap import dedent

import pytest

from tests.stack.patience import patient
from tests.stack.process import descendants, program_of, wait_until

BOUND = 60.0
FILES = {
    "readiness.yaml": """\
        checklists: [a.md]
        targets:
          prod:
            documents: {runbook: runbook.md, slow: slow.md, ended: ended.md}
        """,
    "a.md": """\
        # Release

        - [ ] First
        - [ ] Slow
        - [ ] Ended
        - [ ] Last
        """,
    "a.checks.yaml": """\
        release:
          first: {check: toy.says, on: runbook}
          slow: {check: toy.says, on: slow}
          ended: {check: toy.says, on: ended}
          last: {check: toy.says, on: runbook}
        """,
    "pytest.ini": "[pytest]\n",
    "conftest.py": """\
        from pathlib import Path

        from pytest_readiness import CouldNotVerify, Evidence, check, fact
        from pytest_readiness.core import programs

        HERE = Path(__file__).parent


        @fact(deadline=600)
        def words(document) -> str:
            '''What the document says.'''
            if document.name == "runbook":
                return "hello"
            with (HERE / f"{document.name}.tries").open("a") as tries:
                tries.write("x")
            line = f"touch {document.name}.begun; exec sleep 1004"
            programs.run(line.encode(), seconds=600, most_bytes=9, cwd=HERE)
            raise CouldNotVerify("its program ended", transient=document.name == "ended")


        @check("toy.says", severity="medium", remedy="r")
        def says(words) -> Evidence:
            '''The document says something.'''
            return Evidence(words)

        """,
    "watching.py": """\
        from pathlib import Path

        import pytest

        HERE = Path(__file__).parent


        def _sleeping():
            for name in Path("/proc").glob("[0-9]*/cmdline"):
                try:
                    command = name.read_bytes()
                    here = (name.parent / "cwd").readlink() == HERE
                except OSError:
                    continue
                if here and command == b"sleep\\x001004\\x00":
                    yield name


        @pytest.hookimpl(trylast=True)
        def pytest_sessionfinish(session):
            (HERE / f"left-{hasattr(session.config, 'workerinput')}").write_text(
                f"{len(list(_sleeping()))} run, {len(list(HERE.glob('out/*')))} written"
            )
        """,
}


@pytest.fixture
def running(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[subprocess.Popen[bytes]]:
    """A run that waits for two programs that it has started."""
    for name, text in FILES.items():
        (tmp_path / name).write_text(dedent(text), "utf-8")
    options = ("--readiness-target=prod", "--readiness-out=out", "--readiness-record=facts.json", *request.param)
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-p", "watching", *options]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    with (tmp_path / "said").open("wb") as said:
        process = subprocess.Popen(command, cwd=tmp_path, env=environment, stdout=said, stderr=said)

    def there() -> bool:
        assert process.poll() is None, (tmp_path / "said").read_text()
        return len(list(tmp_path.glob("*.begun"))) == 2

    try:
        wait_until(there, "the programs run", BOUND)
        yield process
    finally:
        for pid in [*descendants(process.pid), process.pid]:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        process.wait()


EACH = pytest.mark.parametrize("running", [(), ("-n2",)], ids=["alone", "with xdist"], indirect=True)


@EACH
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_all_ends_before_anything_is_written(
    running: subprocess.Popen[bytes], tmp_path: Path, how: signal.Signals
) -> None:
    left = {pid: program_of(pid) for pid in descendants(running.pid)}
    running.send_signal(how)
    running.wait(patient(BOUND))
    said = (tmp_path / "said").read_text()
    assert running.returncode == 2, said
    wait_until(lambda: not [pid for pid, name in left.items() if program_of(pid) == name], "all has ended")
    assert {each.read_text() for each in tmp_path.glob("left-*")} == {"0 run, 0 written"}
    assert "Traceback" not in said
    result = json.loads((tmp_path / "out" / "result.json").read_text())
    items = [item for section in result["sections"] for item in section["items"]]
    found = [(item["text"], *((test["state"], test["evidence"]) for test in item["tests"])) for item in items]
    unseen = ("unverified", "did not run: the run ended first")
    seen = ("passed", "hello")
    assert found == [("First", seen), ("Slow", unseen), ("Ended", unseen), ("Last", seen)]
    assert "the run was interrupted" in result["verdict"]["reasons"]
    # What was abandoned was not read: that its program ended says nothing, and it is not tried again.
    recorded = json.loads((tmp_path / "facts.json").read_text())["readings"]
    assert [(each["fact"], each["outcome"]) for each in recorded] == [("words", "read")]
    assert [each.read_text() for each in tmp_path.glob("*.tries")] == ["x", "x"]


@EACH
def test_nothing_stays_where_the_run_is_killed(running: subprocess.Popen[bytes]) -> None:
    left = {pid: program_of(pid) for pid in descendants(running.pid)}
    running.kill()
    running.wait()
    wait_until(lambda: not any(program_of(pid) == name for pid, name in left.items()), "all have ended", 3)
