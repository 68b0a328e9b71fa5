from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.release import Release, page_of


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Release:
    release = Release(tmp_path_factory.mktemp("release"))
    release.write(
        "test_own.py",
        """\
        import sys
        import pytest

        @pytest.fixture
        def broken_end():
            print("setting up")
            yield
            print("tearing down")
            raise RuntimeError("the end broke")

        @pytest.mark.readiness("operations/tried-by-ourselves")
        def test_own(env_file):
            print("<b>looked at</b>", env_file.name)
            print("and beside", file=sys.stderr)

        def test_beside(broken_end):
            assert 1 + 1 == 3

        @pytest.mark.xfail(reason="not yet")
        def test_not_yet():
            assert not "yet"

        @pytest.mark.skip(reason="some other day")
        def test_skipped():
            pass
        """,
    )
    release.run("--readiness-out=out", "--readiness-report=page.html", "--readiness-history=history.db")
    return release


def test_the_page_is_the_one_of_the_run(ran: Release) -> None:
    # Nothing of the project is used: neither its options, nor its plugins, nor its target.
    done = ran.cli(
        "report", "out/result.json", "--html=again.html", PYTEST_ADDOPTS="--no-such-option", PYTEST_PLUGINS="none_such"
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "again.html\n", "")
    rows, block = page_of(ran.path / "again.html")
    once, before = page_of(ran.path / "page.html")
    assert block == before
    assert "<strong>" in block
    assert {**rows, "tests": dict(sorted(rows["tests"].items()))} == {
        **once,
        "tests": dict(sorted(once["tests"].items())),
    }
    log = rows["tests"]["test_own.py::test_beside"]
    assert [row["result"] for row in log] == ["Failed", "Error"]
    assert "tearing down" in "".join(row["log"] for row in log)


def test_a_page_can_be_made_away_from_the_project(ran: Release, tmp_path: Path) -> None:
    result = tmp_path / "result.json"
    result.write_bytes((ran.path / "out" / "result.json").read_bytes())
    elsewhere = Release(tmp_path)
    elsewhere.write("conftest.py", "raise RuntimeError('nobody asked for this')")
    done = elsewhere.cli("report", "result.json", "--html", "deep/page.html")
    assert done.returncode == 0, done.stderr
    assert page_of(tmp_path / "deep" / "page.html")[1] == page_of(ran.path / "page.html")[1]
    assert {path.name for path in tmp_path.iterdir()} >= {"deep", "result.json"}
    assert not (tmp_path / ".pytest_cache").exists()


def test_text_of_a_result_is_no_markup(ran: Release) -> None:
    text = (ran.path / "out" / "result.json").read_text("utf-8")
    (ran.path / "odd.json").write_text(text.replace("Secrets long", "<script>alert(1)</script>"), "utf-8")
    assert ran.cli("report", "odd.json", "--html=odd.html").returncode == 0
    written = (ran.path / "odd.html").read_text("utf-8")
    assert "<script>alert" not in written
    assert "alert(1)" in written


def edited(verdict: dict[str, Any], sections: list[Any], how: str) -> None:
    if how == "score":
        verdict["score"] = 100.0
    elif how == "verdict":
        verdict |= {"go": True, "reasons": []}
    else:
        for item in sections[0]["items"]:
            item["state"] = "passed"


@pytest.mark.parametrize("how", ["score", "verdict", "states"])
def test_no_report_is_made_of_a_result_that_was_edited(ran: Release, how: str) -> None:
    data = json.loads((ran.path / "out" / "result.json").read_text("utf-8"))
    assert not data["verdict"]["go"]
    edited(data["verdict"], data["sections"], how)
    (ran.path / "edited.json").write_text(json.dumps(data), "utf-8")
    done = ran.cli("report", "edited.json", "--html=edited.html", "--out=edited")
    assert (done.returncode, done.stdout) == (4, "")
    assert done.stderr.startswith("edited.json: it")
    assert done.stderr.endswith("; the file was changed after the run, so no report is made of it.\n")
    assert not (ran.path / "edited.html").exists()
    assert not (ran.path / "edited").exists()


def test_what_is_no_result_is_told_in_a_sentence(ran: Release) -> None:
    done = ran.cli("report", "readiness.yaml", "--html=none.html")
    assert done.returncode == 4
    assert done.stderr == (
        "readiness.yaml: This is not a result of a readiness run (the result.json that --readiness-out writes).\n"
    )
    assert not (ran.path / "none.html").exists()


def test_a_page_that_cannot_be_written_is_told_in_a_sentence(ran: Release) -> None:
    done = ran.cli("report", "out/result.json", "--html=readiness.yaml/page.html")
    assert done.returncode == 4
    assert "readiness.yaml/page.html: The page cannot be written: " in done.stderr
    assert "Traceback" not in done.stderr


def test_files_of_another_program_are_not_replaced(ran: Release) -> None:
    (ran.path / "site").mkdir()
    (ran.path / "site" / "junit.xml").write_text("<testsuites/>\n", "utf-8")
    for command in ("report", "merge"):
        done = ran.cli(command, "out/result.json", "--out=site")
        assert done.returncode == 4
        assert done.stderr.startswith(
            "--out site cannot be written: junit.xml in that folder is not of a readiness run"
        )
    assert [path.name for path in (ran.path / "site").iterdir()] == ["junit.xml"]
