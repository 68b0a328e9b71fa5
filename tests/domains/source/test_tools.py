from __future__ import annotations

import json
import os
import shlex
import sys
import sysconfig
import time
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from pytest_readiness.core.evidence import ClaimFalse, CouldNotVerify, Evidence
from pytest_readiness.domains.source.command import figure_in, number_of
from pytest_readiness.domains.source.resource import Repository
from tests.judging import judge
from tests.stack.repositories import Repo

CLEAN = "def shop(count: int) -> int:\n    return count\n"
CONFIG = '[tool.ruff.lint]\nselect = ["E", "F"]\n'
FIGURES = [{"label": "Score", "min": 80}]


@pytest.fixture
def repo(tmp_path: Path, once: None) -> Repo:
    repo = Repo(tmp_path / "shop")
    repo.commit({"app.py": CLEAN, "pyproject.toml": CONFIG})
    return repo


@pytest.fixture(autouse=True)
def _tools_of_this_python(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", f"{sysconfig.get_path('scripts')}:{Path(sys.executable).parent}:{os.environ['PATH']}")


def judged(repo: Repo, claim: str, **parameters: Any) -> Evidence:
    return judge(f"source.{claim}", Repository(name="shop", path=repo.path), **parameters)


def shell(line: str) -> list[str]:
    return ["sh", "-c", line]


def test_a_command_passes_with_its_figures(repo: Repo) -> None:
    text = judged(repo, "command", command=shell("echo 'Score: 80.0 %'"), figures=FIGURES).text
    assert text.startswith("'sh -c echo 'Score: 80.0 %'' on ")
    assert text.endswith(" ended with exit code 0 after 1 lines of output; Score 80.0 (at least 80)")


@pytest.mark.parametrize(
    ("line", "parameters", "seen"),
    [
        ("echo x; echo broken here >&2; exit 2", {}, "exit code 2: broken here"),
        ("echo Score: 79.99", {"figures": FIGURES}, "Score 79.99"),
        ("echo Score: 90; echo Score: 70", {"figures": FIGURES}, "Score 70, the last of 2"),
        ("echo Score: 80", {"figures": [{"label": "Score", "over": 80}]}, "Score 80"),
        ("echo Critical: 1", {"figures": [{"label": "Critical", "max": 0}]}, "Critical 1"),
        ("echo Score: 90; echo Errors: 3", {"figures": [*FIGURES, {"label": "Errors", "under": 3}]}, "Errors 3"),
        ("exit 0", {"exits": [2]}, "exit code 0"),
        ("test -e secret.txt || exit 4", {}, "exit code 4"),
        ('test -n "$TOKEN" || exit 5', {}, "exit code 5"),
        ("test -e .git || exit 6", {}, "exit code 6"),
    ],
)
def test_a_command_that_fails(repo: Repo, line: str, parameters: Any, seen: str, monkeypatch: Any) -> None:
    repo.write({"secret.txt": "not in the commit"})
    monkeypatch.setenv("TOKEN", "x")
    with pytest.raises(ClaimFalse, match=seen):
        judged(repo, "command", command=shell(line), **parameters)


@pytest.mark.parametrize(
    ("command", "parameters", "reason"),
    [
        (["no-such-program"], {}, "no-such-program is neither"),
        (["./no-such-file"], {}, "exit code 127"),
        (["./app.py"], {}, "exit code 126"),
        (shell("sleep 20"), {"seconds": 0.3}, "did not end within 0.3 s"),
        (shell("kill -9 $$"), {}, "ended by a signal"),
        (shell("echo done"), {"figures": FIGURES}, "printed no line that begins with 'Score'"),
        (shell("echo 'Score ≥ 80 required'"), {"figures": FIGURES}, "printed no line"),
        (shell("echo 'Score: 80 required'"), {"figures": FIGURES}, "printed no line"),
        (shell("echo 'Minimum Score: 90'"), {"figures": FIGURES}, "printed no line"),
        (shell("echo 'Score: 1,234'"), {"figures": FIGURES}, "may be read as two numbers"),
        (shell("yes | head -c 40000000"), {}, "did not print less than 32 MiB"),
        (["true"], {"tool_path": "nowhere"}, "is not a folder"),
    ],
)
def test_a_command_that_could_not_be_judged(repo: Repo, command: list[str], parameters: Any, reason: str) -> None:
    began = time.monotonic()
    with pytest.raises(CouldNotVerify, match=reason):
        judged(repo, "command", command=command, **parameters)
    assert time.monotonic() - began < 10


@pytest.mark.parametrize(
    "parameters",
    [
        {"command": []},
        {"command": shell("make check || true")},
        {"command": ["ruff", "check", "--exit-zero"]},
        {"command": ["true"], "figures": [{"label": "Score"}]},
        {"command": ["true"], "figures": [{"label": "", "min": 1}]},
        {"command": ["true"], "exits": []},
        {"command": ["true"], "link": ["../other"]},
        {"command": ["true"], "tool_path": "/usr/bin"},
    ],
)
def test_what_would_assert_nothing_is_refused(repo: Repo, parameters: Any) -> None:
    with pytest.raises(ValidationError):
        judged(repo, "command", **parameters)


def test_the_copy_is_the_commit_with_its_programs_and_links(repo: Repo, tmp_path: Path) -> None:
    repo.write({"bin/run": "#!/bin/sh\ncat app.link && test ! -e outside && ls -a\n", "installed/x": ""})
    (repo.path / "bin/run").chmod(0o755)
    (repo.path / "app.link").symlink_to("app.py")
    (repo.path / "outside").symlink_to(tmp_path)
    repo.git("add", "bin", "app.link", "outside")
    repo.git("commit", "-qm", "Add")
    (repo.path / "app.py").write_text("changed")
    assert judged(repo, "command", command=["bin/run"], link=["installed", "absent"])
    assert judged(
        repo, "command", command=shell("test -e installed/x && grep -q 'def shop' app.py"), link=["installed"]
    )


def test_secrets_in_the_last_line_are_masked(repo: Repo) -> None:
    key = "sk_live_" + "abcdefgh12345678"
    with pytest.raises(ClaimFalse) as raised:
        judged(repo, "command", command=shell(f"echo token {key[:8]}''{key[8:]} >&2; exit 1"), seconds=20)
    assert "token •••" in raised.value.seen


@pytest.mark.parametrize(
    ("output", "number"),
    [
        ("Score: 85\n", "85"),
        ("\n  **Score**: 85.5%\n", "85.5"),
        ("Score = 85/100", "85"),
        ("| Score | 85 |", "85"),
        ("Score is 85.", "85"),
        ('"Score": 85,', "85"),
        ("Score: 70\nScore: 85,5", "85,5"),
        ("Score: -3", "-3"),
        ("Score: n/a", ""),
        ("Score: v85", ""),
        ("Score > 85", ""),
        ("Score 85 required", ""),
        ("Scores: 85", ""),
        ("High Score: 85", ""),
    ],
)
def test_figures_in_output(output: str, number: str) -> None:
    assert figure_in(output, "Score").number == number


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("80", "80"),
        ("80.50", "80.50"),
        ("80,5", "80.5"),
        ("1,234.5", "1234.5"),
        ("1.234,5", "1234.5"),
        ("1,234,567", "1234567"),
        ("0,123", "0.123"),
        ("1.234", "1.234"),
        ("1,234", None),
        ("1.2.3", None),
        ("12,34,56", None),
    ],
)
def test_numbers_are_read_strictly(text: str, number: str | None) -> None:
    assert number_of(text) == (Decimal(number) if number else None)


UNUSED = "import os\n\n\n" + CLEAN
CASES = {
    ("lint", "ruff"): ({"app.py": UNUSED}, "F401 in app.py:1"),
    ("format", "ruff"): ({"app.py": CLEAN.replace("    ", "  ")}, "format in app.py:0"),
    ("types", "mypy"): ({"app.py": CLEAN.replace("return count", "return str(count)")}, "return-value in app.py:2"),
    ("dead_code", "ruff"): (
        {"app.py": UNUSED, "pyproject.toml": "[tool.ruff.lint]\nselect = ['E']\n"},
        "F401 in app.py:1",
    ),
}


@pytest.mark.parametrize(("job", "tool"), CASES)
def test_real_tools_pass_and_fail(repo: Repo, job: str, tool: str) -> None:
    text = judged(repo, job, tool=tool).text
    assert text.startswith(f"0 findings of {tool} ")
    assert " on 1 files (" in text
    files, seen = CASES[job, tool]
    repo.commit(files)
    with pytest.raises(ClaimFalse, match=f"1: {seen}"):
        judged(repo, job, tool=tool)
    assert judged(repo, job, tool=tool, at_most=1)


@pytest.mark.parametrize(
    ("job", "tool", "files", "parameters", "reason"),
    [
        ("lint", "ruff", {"pyproject.toml": "[tool.ruff.lint]\nselect = []\n"}, {}, "no rule is on"),
        ("lint", "ruff", {"pyproject.toml": "[tool.ruff]\nexclude = ['*']\n"}, {}, "no rule is on|looked at 0 files"),
        ("lint", "ruff", {"pyproject.toml": "[tool.ruff.lint]\nexclude = ['*.py']\n"}, {}, "looked at 0 files"),
        ("format", "ruff", {"pyproject.toml": "[tool.ruff.format]\nexclude = ['*.py']\n"}, {}, "looked at 0 files"),
        ("lint", "ruff", {"pyproject.toml": "[tool.ruff]\nnone = 1\n"}, {}, "ruff did not do its work"),
        ("lint", "ruff", {}, {"min_files": 2}, "looked at 1 files, and must look at 2"),
        ("lint", "ruff", {}, {"paths": ["nowhere"]}, "ruff could not read nowhere"),
        ("format", "ruff", {"pyproject.toml": "[tool.ruff]\nexclude = ['*']\n"}, {}, "No Python files found"),
        ("types", "mypy", {"app.py": "import no_such_module_anywhere\n"}, {}, "does not find 1 imported modules"),
        ("types", "mypy", {"app.py": "def f(:\n"}, {}, "mypy did not do its work"),
        ("lint", "eslint", {}, {"tool_path": "bin"}, "is not a folder"),
    ],
)
def test_tools_that_look_at_nothing(repo: Repo, job: str, tool: str, files: Any, parameters: Any, reason: str) -> None:
    repo.commit(files)
    with pytest.raises(CouldNotVerify, match=reason):
        judged(repo, job, tool=tool, **parameters)


def test_what_is_silenced_is_told(repo: Repo) -> None:
    repo.commit(
        {
            "app.py": "import os  # noqa: F401\n\n\n" + CLEAN,
            "old.py": "import os\n",
            "pyproject.toml": f'{CONFIG}per-file-ignores = {{"old.py" = ["F401"]}}\n',
            "mypy.ini": "[mypy]\nignore_errors = true\n",
        }
    )
    assert "; 2 lines or findings are silenced" in judged(repo, "lint", tool="ruff").text
    assert "the configuration has ignore_errors" in judged(repo, "types", tool="mypy").text


def test_annotations_are_counted(repo: Repo) -> None:
    repo.commit({"app.py": f"{CLEAN}\n\ndef bare(x):\n    return x\n"})
    assert "1 of 2 functions are annotated" in judged(repo, "types", tool="mypy", annotated=50).text
    with pytest.raises(ClaimFalse, match="1 of 2 functions"):
        judged(repo, "types", tool="mypy", annotated=51)


# Written by hand in the form in which eslint 9.39.5, prettier 3.10.1, TypeScript 5.9.3 and black 26.10.1 print, with
# short messages; some after what they printed, others not: that the tools are read rightly, only they can show.
def _message(rule: str | None, severity: int = 2) -> dict[str, Any]:
    return {"ruleId": rule, "severity": severity, "message": "x", "line": 1, "column": 7}


def _linted(*messages: Any, name: str = "a.js", quiet: int = 0) -> str:
    suppressed = [_message("no-unused-vars") for _ in range(quiet)]
    return json.dumps([{"filePath": f"@HERE@/{name}", "messages": messages, "suppressedMessages": suppressed}])


ON = '{"rules": {"no-unused-vars": [2], "no-undef": [1, {"typeof": false}]}}'
CHECKED = "Checking formatting...\n[debug] resolve config from '@HERE@/a.js'\n"
STUBS: dict[str, tuple[str, str, dict[str, tuple[str, int]], str]] = {
    "eslint passes": ("lint", "eslint", {"print-config": (ON, 0), "": (_linted(quiet=1), 0)}, "pass 1 files"),
    "eslint warns": (
        "lint",
        "eslint",
        {"print-config": (ON, 0), "": (_linted(_message("no-undef", 1)), 0)},
        "no-undef",
    ),
    "eslint finds": ("lint", "eslint", {"print-config": (ON, 0), "": (_linted(_message("no-undef")), 1)}, "no-undef"),
    "eslint has no rules": ("lint", "eslint", {"print-config": ("{}", 0), "": (_linted(), 0)}, "CNV no rule"),
    "eslint ignores": (
        "lint",
        "eslint",
        {"print-config": (ON, 0), "": (_linted({**_message(None, 1), "message": "File ignored because of"}), 0)},
        "CNV looked at 0 files",
    ),
    "eslint has no configuration": ("lint", "eslint", {"": ("", 2)}, "CNV did not do its work"),
    "eslint says nothing": ("lint", "eslint", {"": ("[]", 0)}, "CNV no rule"),
    "eslint finds the unused": (
        "dead_code",
        "eslint",
        {"print-config": (ON, 0), "": (_linted(_message("no-undef"), _message("no-unused-vars")), 1)},
        "1: no-unused-vars",
    ),
    "eslint does not look for it": (
        "dead_code",
        "eslint",
        {"print-config": ('{"rules": {"no-undef": [2]}}', 0), "": (_linted(), 0)},
        "CNV no rule",
    ),
    "prettier passes": ("format", "prettier", {"": (f"{CHECKED}All matched files use Prettier\n", 0)}, "pass 1 files"),
    "prettier finds": (
        "format",
        "prettier",
        {"": (f"{CHECKED}[warn] a.js\n[warn] Code style issues\n", 1)},
        "format in a",
    ),
    "prettier breaks": ("format", "prettier", {"": ("[error] a.js: SyntaxError: x\n", 2)}, "CNV did not do its work"),
    "prettier sees nothing": ("format", "prettier", {"": ("Checking formatting...\n", 0)}, "CNV looked at 0 files"),
    "tsc passes": ("types", "tsc", {"listFiles": ("@HERE@/a.ts\n/x/lib.d.ts\n", 0), "": ("", 0)}, "pass 1 files"),
    "tsc finds": (
        "types",
        "tsc",
        {"listFiles": ("@HERE@/a.ts\n", 0), "": ("a.ts(1,7): error TS2322: Type 'string' is not\n", 2)},
        "TS2322 in a.ts:1",
    ),
    "tsc lacks modules": (
        "types",
        "tsc",
        {"listFiles": ("@HERE@/a.ts\n", 0), "": ("a.ts(2,15): error TS2307: Cannot find module 'left-pad' or\n", 2)},
        "CNV does not find 1 modules",
    ),
    "tsc of a solution": ("types", "tsc", {"listFiles": ("", 0), "": ("", 0)}, "CNV looks at no file"),
    "black passes": ("format", "black", {"": ("1 file would be left unchanged.\n", 0)}, "pass 1 files"),
    "black finds": (
        "format",
        "black",
        {"": ("would reformat @HERE@/app.py\n\n1 file would be reformatted, 1 file would be left unchanged.\n", 1)},
        "format in app.py",
    ),
    "black sees nothing": (
        "format",
        "black",
        {"": ("No Python files are present.\n", 0)},
        "CNV 0 files",
    ),
}


@pytest.mark.parametrize("name", STUBS)
def test_tools_that_are_not_here_are_read_in_their_form(repo: Repo, name: str) -> None:
    job, tool, said, expected = STUBS[name]
    repo.commit({"a.js": "", "a.ts": ""})
    cases = [("version", "v1.2.3", 0), *((key, text, code) for key, (text, code) in said.items())]
    lines = [
        f'case "$*" in *{key}*) printf %s {shlex.quote(text)} | sed "s|@HERE@|$PWD|g"; exit {code};; esac'
        for key, text, code in cases
    ]
    stub = repo.path / "stubs" / tool
    repo.write({f"stubs/{tool}": "\n".join(["#!/bin/sh", *lines, ""])})
    stub.chmod(0o755)
    kind, _, text = expected.partition(" ")
    if kind == "pass":
        assert text in judged(repo, job, tool=tool, tool_path="stubs").text
    else:
        with pytest.raises(CouldNotVerify if kind == "CNV" else ClaimFalse, match=text if kind == "CNV" else expected):
            judged(repo, job, tool=tool, tool_path="stubs")
