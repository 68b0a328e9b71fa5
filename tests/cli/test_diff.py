from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.command import readiness
from tests.stack.patience import patient

ROOT = Path(__file__).parent.parent.parent
RESPONSE: dict[str, Any] = {
    "url": "https://shop.example.com:8443/",
    "headers": [
        ["server", "nginx"],
        ["date", "Sun, 01 Mar 2026 12:00:00 GMT"],
        ["set-cookie", "a"],
        ["set-cookie", "b"],
    ],
    "protocols": ["TLSv1.2", "TLSv1.3"],
    "suites": [{"name": "one", "bits": 128}, {"name": "two", "bits": 256}],
    "hsts_seconds": 300,
    "seconds": 0.25,
    "body": "x" * 5000 + "yes" + "z" * 5000,
    "ok": True,
}


def reading(value: Any = None, **changed: Any) -> dict[str, Any]:
    return {
        "fact": "response",
        "kind": "url",
        "resource": "shop",
        "where": "https://shop.example.com:8443",
        "asking": "",
        "asked": [],
        "outcome": "read",
        "value": value,
        "seconds": 0.1,
        "when": "2026-03-01T12:00:00Z",
        **changed,
    }


@pytest.fixture
def diff(tmp_path: Path) -> Callable[..., tuple[int, str, str]]:
    def run(*arguments: str, columns: int = 200) -> tuple[int, str, str]:
        environment = {"PYTHONPATH": str(ROOT), "COLUMNS": str(columns), "PYTHONDONTWRITEBYTECODE": "1"}
        done = readiness(tmp_path, "diff", *arguments, **environment)
        assert "\x1b" not in done.stdout
        assert "Traceback" not in done.stderr
        return done.returncode, done.stdout, done.stderr

    return run


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., str]:
    def recording(name: str, *readings: dict[str, Any]) -> str:
        data = {
            "format": "pytest-readiness-recording/1",
            "when": "2026-03-01T12:00:00Z",
            "provenance": {"target": name, "runner": "runner.example.com"},
            "readings": readings,
        }
        (tmp_path / f"{name}.json").write_text(json.dumps(data))
        return f"{name}.json"

    return recording


def both(write: Any, diff: Any, a: Any, b: Any, *arguments: str) -> tuple[int, list[tuple[str, Any, Any]]]:
    """Exit code, and what differs in one reading."""
    one = a if isinstance(a, dict) and "fact" in a else reading(a)
    other = b if isinstance(b, dict) and "fact" in b else reading(b)
    code, output, error = diff(write("a", one), write("b", other), "--json", *arguments)
    assert not error
    data = json.loads(output)
    assert data["differs"] == bool(code)
    found = [each for fact in data["facts"] for each in fact["differences"]]
    return code, [(each["field"], each["a"], each["b"]) for each in found]


def test_same_recordings_do_not_differ(write: Any, diff: Any) -> None:
    assert both(write, diff, RESPONSE, RESPONSE) == (0, [])
    code, output, _ = diff("a.json", "b.json")
    assert (code, "Facts: 0 differ, 1 are the same\n" in output) == (0, True)


@pytest.mark.parametrize(
    ("field", "value", "expected"),
    [
        ("hsts_seconds", 31536000, [("hsts_seconds", 300, 31536000)]),
        ("ok", 1, [("ok", True, 1)]),
        ("ok", None, [("ok", True, None)]),
        ("protocols", ["TLSv1.3"], [("protocols", ["TLSv1.2", "TLSv1.3"], ["TLSv1.3"])]),
        ("suites", [{"name": "two", "bits": 112}, {"name": "one", "bits": 128}], [("suites.two.bits", 256, 112)]),
        (
            "suites",
            [{"name": "one", "bits": 128}],
            [("suites.two.name", "two", "(absent)"), ("suites.two.bits", 256, "(absent)")],
        ),
        ("headers", [*RESPONSE["headers"][:3], ["set-cookie", "c"]], [("headers.set-cookie #2", "b", "c")]),
        ("headers", [["server", "caddy"], *RESPONSE["headers"][1:]], [("headers.server", "nginx", "caddy")]),
        ("seconds", 0.5, []),
        ("headers", [RESPONSE["headers"][0], ["date", "later"], *RESPONSE["headers"][2:]], []),
        ("url", "https://shop.example.com:9443/", []),
    ],
)
def test_fields_that_differ_and_volatile_ones(
    write: Any, diff: Any, field: str, value: Any, expected: list[Any]
) -> None:
    assert both(write, diff, RESPONSE, {**RESPONSE, field: value}) == (int(bool(expected)), expected)
    assert both(write, diff, RESPONSE, {**RESPONSE, field: value}, "--all")[0] == 1


def test_own_address_of_a_target_is_no_difference(write: Any, diff: Any) -> None:
    staging = json.loads(json.dumps(RESPONSE).replace("shop.example.com:8443", "staging.example.com"))
    other = reading(staging, where="https://staging.example.com")
    assert both(write, diff, RESPONSE, other) == (0, [])
    foreign = {**staging, "url": "https://shop.example.com/"}
    assert both(write, diff, RESPONSE, reading(foreign, where="https://staging.example.com"))[0] == 1


def test_failed_and_withheld_readings(write: Any, diff: Any) -> None:
    refused = reading(outcome="unreachable", reason="shop.example.com:8443 refused the connection")
    code, found = both(write, diff, RESPONSE, refused)
    assert (code, found) == (1, [("", "read", "unreachable: <itself> refused the connection")])
    withheld = reading(outcome="withheld", reason="holds secrets, which are not recorded")
    for pair in ((refused, refused), (withheld, withheld), (RESPONSE, withheld)):
        assert both(write, diff, *pair) == (0, [])
        assert "Facts: 0 differ, 0 are the same, 1 could not be compared" in diff("a.json", "b.json")[1]


def test_readings_are_matched_by_question_and_shown_where_alone(write: Any, diff: Any) -> None:
    asked = [reading({"text": path}, asking="ask", asked=[path]) for path in ("/", "/health", "/ready")]
    code, output, _ = diff(write("a", *asked[:2]), write("b", *reversed(asked[1:])))
    assert code == 1
    assert "Facts: 0 differ, 1 are the same, 2 are on one side only" in output
    assert "  url shop: response for /: only in A\n" in output
    assert "  url shop: response for /ready: only in B\n" in output


@pytest.mark.parametrize("columns", [80, 200])
def test_lines_fit_and_long_values_show_where_they_differ(write: Any, diff: Any, columns: int) -> None:
    changed = {**RESPONSE, "body": RESPONSE["body"].replace("yes", "no\x1b[31m"), "secret": "sk_live_0123456789abcdef"}
    code, output, _ = diff(write("a", reading(RESPONSE)), write("b", reading(changed)), columns=columns)
    assert code == 1
    assert max(map(len, output.splitlines())) <= columns
    lines = output.splitlines()
    at = lines.index("   body")
    assert (lines[at + 1].startswith("    A  … xxx"), "xyeszz" in lines[at + 1]) == (True, True)
    assert (lines[at + 2].startswith("    B  … xxx"), "xno\\x1b[31mzz" in lines[at + 2]) == (True, True)
    assert "sk_live" not in output


def test_wrong_input_ends_with_a_sentence(write: Any, diff: Any, tmp_path: Path) -> None:
    good = write("a", reading(RESPONSE))
    for name, text in {
        "text.json": "no JSON",
        "other.json": "{}",
        "newer.json": '{"format": "pytest-readiness-recording/9"}',
        "foreign.json": '{"format": "something"}',
        "result.json": '{"format": "pytest-readiness/9"}',
    }.items():
        (tmp_path / name).write_text(text)
    cases = {
        ("none.json", good): "none.json: The recording or result file does not exist.",
        (good, "text.json"): "text.json: This is neither a recording nor a result of a readiness run.",
        (good, "other.json"): "other.json: This is neither a recording nor a result of a readiness run.",
        (good, "newer.json"): "format pytest-readiness-recording/9, but this version reads",
        (good, "foreign.json"): "foreign.json: This is not a result of a readiness run",
        (good, "result.json"): "format pytest-readiness/9, but this version reads",
        (good, "staging"): "'a.json' is a file and 'staging' is not; compare two files or two targets.",
        (good, good, "--", "-k", "tls"): "Arguments for pytest are only for two targets; 'a.json' is a file.",
    }
    for arguments, words in cases.items():
        code, output, error = diff(*arguments)
        assert (code, output) == (4, "")
        assert words in error


TARGETS = """
checklists: [CHECKLIST.md]
targets:
  staging: {documents: {runbook: staging.md}}
  prod: {documents: {runbook: prod.md}}
  broken: {documents: {runbook: "${NOT_SET_ANYWHERE}"}}
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "readiness.yaml").write_text(TARGETS)
    (tmp_path / "CHECKLIST.md").write_text("# Ready\n- [ ] Steps\n- [ ] There\n")
    bindings = "ready:\n  steps: {check: docs.sections, sections: [Steps]}\n  there: docs.present\n"
    (tmp_path / "CHECKLIST.checks.yaml").write_text(bindings)
    text = "Restart the shop, then look at the log, and call operations. " * 2
    (tmp_path / "staging.md").write_text(f"# Steps\n\n{text}\n")
    (tmp_path / "prod.md").write_text(f"# Notes\n\n{text}\n")
    return tmp_path


def test_two_targets_are_run_and_compared(project: Path, diff: Any) -> None:
    before = sorted(path.name for path in project.iterdir())
    code, output, error = diff("staging", "prod")
    assert code == 1, error
    assert "A  staging: target staging, recorded 20" in output
    assert "Items: 1 differ, 1 have the same state" in output
    assert "  Steps (CHECKLIST:ready/steps)\n    A  passed: " in output
    assert "    B  failed: " in output
    assert "Facts: 1 differ, 0 are the same" in output
    assert "  document runbook: document_text\n" in output
    assert "    A  Steps\n    B  (absent)\n" in output
    code, output, error = diff("staging", "prod", "--", "-k", "there", "CHECKLIST.md")
    assert "Items: 0 differ, 1 have the same state" in output, error
    assert diff("staging", "staging")[0] == 0
    assert [name for name in sorted(path.name for path in project.iterdir()) if name != "__pycache__"] == before


def test_target_that_comes_to_no_verdict_is_told(project: Path, diff: Any) -> None:
    code, output, error = diff("staging", "broken")
    assert (code, output) == (4, "")
    assert "The run against target 'broken' reached no verdict: pytest ended with 4." in error
    assert "NOT_SET_ANYWHERE" in error


def test_results_are_compared_by_state_and_score(project: Path, diff: Any) -> None:
    for target in ("staging", "prod"):
        line = [sys.executable, "-m", "pytest", f"--readiness-target={target}", f"--readiness-out={target}"]
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        subprocess.run(line, cwd=project, env=environment, capture_output=True, timeout=patient(60), check=False)
    code, output, error = diff("staging/result.json", "prod/result.json", "--json")
    assert (code, error) == (1, "")
    verdict = json.loads(output)["verdict"]
    assert [each["field"] for each in verdict["whole"]] == ["go", "score"]
    assert [(each["item"], each["a"], each["b"]) for each in verdict["items"]] == [
        ("CHECKLIST:ready/steps", "passed", "failed")
    ]
    assert "facts" not in json.loads(output)
    code, output, _ = diff("staging/result.json", "prod/result.json")
    assert "  verdict: A GO, B not GO\n" in output
    assert diff("staging/result.json", "staging/result.json")[0] == 0


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({}, "target staging, judged "),
        ({"omitted": ["test_own.py was ignored"]}, "target staging, a part of a run, judged "),
        ({"total": 9}, "target staging, a part of a run, judged "),
        ({"exit_code": 2}, "target staging, a run that did not end, judged "),
    ],
)
def test_a_result_of_less_than_the_whole_is_told(project: Path, diff: Any, change: dict[str, Any], words: str) -> None:
    line = [sys.executable, "-m", "pytest", "--readiness-target=staging", "--readiness-out=staging"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    subprocess.run(line, cwd=project, env=environment, capture_output=True, timeout=patient(60), check=False)
    data = json.loads((project / "staging" / "result.json").read_text())
    data["exit_code"] = change.get("exit_code", data["exit_code"])
    data["verdict"] |= {key: value for key, value in change.items() if key != "exit_code"}
    (project / "less.json").write_text(json.dumps(data))
    assert f"A  less.json: {words}" in diff("less.json", "staging/result.json")[1]
    assert f"B  staging/result.json: {words}" not in diff("less.json", "staging/result.json")[1] or not change
