"""Dialects of env files, beside the tools that read them."""

from __future__ import annotations

import subprocess
import time
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from dotenv import dotenv_values
from pydantic import ValidationError

from pytest_readiness.core.evidence import ClaimFalse, CouldNotVerify, Evidence
from pytest_readiness.domains.env.dialects import UnreadableError, assignments
from pytest_readiness.domains.env.resource import EnvFile
from tests.judging import judge
from tests.stack.programs import unavailable

SYSTEMD = Path("/usr/lib/systemd/user-environment-generators/30-systemd-environment-d-generator")
"""Reads files in the grammar of EnvironmentFile=, but fills references in."""


def read(dialect: str, text: str) -> dict[str, str]:
    """What is set, without what could not be seen."""
    found: dict[str, str] = {}
    for each in assignments(dialect, text):
        found.pop(each.name, None)
        if each.value is not None and not each.unfilled:
            found[each.name] = each.value
    return found


SHELL = (
    'A=1\nB=\'a $A `x` \\ b\'\nC="a $A ${A} \\$A \\" \\x"\n',
    "A=a\"b c\"'d e'f\\ g#h # note\nexport B=2; C=3\n",
    "export A\nA=\nB=${A:-d}\nC=${A-d}\nD=${A:+x}\nE=${A+x}\n",
    "set -a\nA=1 B=2\nset +a\n",
    "A=x\\\ny\nB=\"x\\\ny\"\nC='x\ny'\n",
    'A=$\nB=a$\nC="a$"\n',
    "A=false\r\nB=1\n",
    "A=50%\nB=a@b\nC=%2F\nD=[a]\nE={a,b}\nF=*\n",
)


@pytest.mark.parametrize("text", SHELL)
def test_shell_agrees_with_the_shell(tmp_path: Path, text: str) -> None:
    path = tmp_path / "shop.env"
    path.write_bytes(text.encode())
    command = f"set -a; . {path}; /usr/bin/env -0"
    for shell in filter(Path.exists, (Path("/bin/sh"), Path("/bin/bash"))):
        told = subprocess.run([shell, "-c", command], env={}, capture_output=True, check=True).stdout.decode()
        seen = dict(each.partition("=")[::2] for each in told.split("\0") if each)
        assert read("shell", text) == {name: value for name, value in seen.items() if len(name) == 1 and name != "_"}


@pytest.mark.parametrize(
    "text",
    [
        "A=two words\n",
        "A=1\nif x; then\n",
        "A=1 | tee\n",
        "A='open\n",
        "A = 1\n",
        "A=(1 2)\n",
        "source other.env\n",
        "A=$'x'\n",
    ],
)
def test_shell_lines_that_do_more_than_set_are_not_read(text: str) -> None:
    with pytest.raises(UnreadableError):
        list(assignments("shell", text))


@pytest.mark.parametrize(
    "value",
    [
        "$(date)",
        '"a$(date)b"',
        "`date`",
        "$HOME",
        "${HOME:-x}",
        "~/x",
        "/bin:~/x",
        "$1",
        "a$$b",
        "${A:=x}",
        "${#A}",
        "${A%x}",
    ],
)
def test_shell_values_that_come_from_elsewhere_are_not_seen(value: str) -> None:
    [found] = assignments("shell", f"K={value}\n")
    assert found.unfilled


@pytest.mark.parametrize(
    "text",
    [
        "A=1\nB=${A}/x\nC='${A}'\nD=$A\nE=${B:-x}\n",
        "A=a b # note\nB='x' # note\nexport C=3\nD=a#b\n",
        "A=\"x\\ny\"\nB='x\\ny'\nC=`date`\nD=$(date)\n",
        "A=1\nA=2\nB=\n",
        "A=\nB=${A:-d}\n",
        "A='x\ny'\nB = 2\n",
    ],
)
def test_dotenv_agrees_with_python_dotenv(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    for name in "ABCDE":
        monkeypatch.delenv(name, raising=False)
    assert read("dotenv", text) == dotenv_values(stream=StringIO(text))


@pytest.mark.parametrize(
    "text",
    [
        "A=1 # c\n;B=2\n# x\nC=\"a b\" \nD='x y' z\nE=a\\\nb\n",
        'F="a\\tb\\"c"\nexport G=1\nH = 3\nI=a"b c"d\nJ=a\\ b\n',
        "N=a  b  \nO=x\\\\y\nP=a#b\n",
        "no assignment\nA=1\n1B=2\n",
    ],
)
def test_systemd_agrees_with_systemd(tmp_path: Path, text: str) -> None:
    if not SYSTEMD.exists():
        unavailable(f"{SYSTEMD} belongs to systemd.")
    folder = tmp_path / ".config" / "environment.d"
    folder.mkdir(parents=True)
    (folder / "shop.conf").write_text(text)
    told = subprocess.run([SYSTEMD], env={"HOME": str(tmp_path)}, capture_output=True, check=True, text=True)
    seen = read("shell", told.stdout)
    assert read("systemd", text) == {name: value for name, value in seen.items() if len(name) == 1}


def test_systemd_fills_nothing_in() -> None:
    assert read("systemd", 'A="x\ny"\n') == {"A": "x\ny"}
    assert read("systemd", "A=1\nB=$A\nC=\"${A}\"\nD=\nE=$2b$12$x\n") == {
        "A": "1", "B": "$A", "C": "${A}", "D": "", "E": "$2b$12$x",
    }  # fmt: skip


def test_compose_as_compose_spec_has_it() -> None:
    text = "A=1\nB=$A-${A}\nC='$A'\nD=\"${E:-d}\"\nF=a$$b\nG=${A:+x}\nH=$2b$12$x\nI=a#b\nJ=a # note\nK=$(date)\n"
    assert read("compose", text) == {"A": "1", "B": "1-1", "C": "$A", "F": "a$b", "G": "x", "J": "a"}


@pytest.fixture
def env(tmp_path: Path) -> Any:
    path = tmp_path / "production.env"

    def judged(id: str, text: str, dialect: str, **parameters: Any) -> Evidence:
        path.write_text(text)
        return judge(id, EnvFile.model_validate({"name": "shop", "path": path, "dialect": dialect}), **parameters)

    return judged


def test_a_declared_dialect_tells_what_a_value_is(env: Any) -> None:
    text = "A=9f8c1de07ab34652e1d7094c5ab86f23\nK=$A\n"
    assert env("env.length", text, "shell", names=["K"]).text == "K has 32 characters"
    assert env("env.length", text, "compose", names=["K"])
    for dialect in ("dotenv", "systemd"):
        with pytest.raises(ClaimFalse, match="K has 2"):
            env("env.length", text, dialect, names=["K"])
        with pytest.raises(ClaimFalse, match="a placeholder in K"):
            env("env.no_placeholders", text, dialect)
    with pytest.raises(CouldNotVerify, match="the value of B"):
        env("env.present", "K=@TOKEN@\nB=$K\n", "shell", names=["B"])
    with pytest.raises(CouldNotVerify, match="cannot be read as NAME=value by shell on line 2"):
        env("env.present", "A=1\nK=two words\n", "shell", names=["A"])
    with pytest.raises(ValidationError):
        env("env.present", "A=1\n", "fish", names=["A"])


def test_hostile_files_are_read_quickly() -> None:
    begun = time.process_time()
    for piece in ("A=${", "$(", "\\", "'", '"', "A=1 ", "A=a\\\n", "`", "#", ";", "$A", 'A="$('):
        for dialect in ("dotenv", "compose", "shell", "systemd"):
            try:
                read(dialect, f"A=1\nB={piece * 5000}\n" + piece * 5000)
            except UnreadableError:
                continue
    assert time.process_time() - begun < 20
