"""What the command line asks of a run."""

from __future__ import annotations

import pytest

from tests.run.test_run import Project

WRITTEN = ("--readiness-history=history.db", "--readiness-report=report.html", "--readiness-record=record.json")


@pytest.mark.parametrize(
    "option",
    [
        "--collect-only",
        *("--fixtures", "--fixtures-per-test", "--markers", "--cache-show", "--help"),
    ],
)
def test_where_no_test_runs_nothing_is_written_or_read(
    pytester: pytest.Pytester, registry: None, monkeypatch: pytest.MonkeyPatch, option: str
) -> None:
    project = Project(pytester)
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(project.path / "summary.md"))
    monkeypatch.setenv("GITHUB_OUTPUT", str(project.path / "github"))
    before = {path.name for path in project.path.iterdir()}
    result = project.run(option, *WRITTEN)
    assert result.ret == 0
    assert " of 100" not in result.stdout.str()
    left = {path.name for path in project.path.iterdir()} - before
    assert left <= {".pytest_cache", "__pycache__"}
    assert project.reads() == []


@pytest.mark.parametrize("option", ["--setup-plan", "--setup-only"])
def test_what_only_sets_up_is_refused(pytester: pytest.Pytester, registry: None, option: str) -> None:
    project = Project(pytester)
    result = project.run(option)
    assert result.ret == 4
    assert f"{option} runs no test, so nothing would be looked at" in result.stderr.str()
    assert project.reads() == []
