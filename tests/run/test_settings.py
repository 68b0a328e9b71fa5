"""What the command line asks of a run."""

from __future__ import annotations

import pytest

from tests.run.test_run import Project

WRITTEN = ("--readiness-history=history.db", "--readiness-report=report.html", "--readiness-record=record.json")


@pytest.mark.parametrize(
    "option",
    [
        *("--collect-only", "--setup-plan", "--setup-only"),
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
