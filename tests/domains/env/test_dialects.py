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

from pytest_readiness.core.evidence import ClaimFalse, CouldNotVerify, Evidence, NotDeclared
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
        if each.value is not None and not each.unfilled and not each.is_marked:
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


BASH = (
    'readonly A=1\nreadonly B="a b" C=2\nexport -- D=4\n',
    'declare -x A="1"\ndeclare -rx B="$A"\ntypeset -x C=3\ndeclare -x D\n',
    "#!/bin/bash\nset -eu\nset -o allexport\nA=1\nset +o allexport\nreadonly A\n",
    "\ufeffA=1\nB=2\n",
    "\ufeffexport A=1\nB=2\n",
    "\ufeffA=1 B=2\nC=3\n",
    "\ufeff# note\nB=2\n",
    "\ufeff\nA=1\n",
)


@pytest.mark.skipif(not Path("/bin/bash").exists(), reason="declare is a word of bash")
@pytest.mark.parametrize("text", BASH)
def test_shell_agrees_with_bash(tmp_path: Path, text: str) -> None:
    path = tmp_path / "shop.env"
    path.write_text(text, encoding="utf-8")
    command = f"set -a; . {path}; /usr/bin/env -0"
    told = subprocess.run(["/bin/bash", "-c", command], env={}, capture_output=True, check=True).stdout.decode()
    seen = dict(each.partition("=")[::2] for each in told.split("\0") if each)
    assert read("shell", text) == {name: value for name, value in seen.items() if len(name) == 1 and name != "_"}


@pytest.mark.parametrize(
    "text",
    [
        "declare -i A=1\n",
        "declare -u A=a\n",
        "readonly A=1\nA=2\n",
        "export -n A=1\n",
        "set -n\nA=1\n",
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
        "\ufeffA=1\nB=2\n",
        "\ufeff# x=1\nB=2\n",
    ],
)
def test_systemd_agrees_with_systemd(tmp_path: Path, text: str) -> None:
    if not SYSTEMD.exists():
        unavailable(f"{SYSTEMD} belongs to systemd.")
    folder = tmp_path / ".config" / "environment.d"
    folder.mkdir(parents=True)
    (folder / "shop.conf").write_text(text, encoding="utf-8")
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


def test_compose_reads_colons_too() -> None:
    text = "A: 1\nB: \"x: y\"\nexport C: http://x/a=b # note\nD:$A\nE='x\nF: no\n'\n"
    assert read("compose", text) == {"A": "1", "B": "x: y", "C": "http://x/a=b", "D": "1", "E": "x\nF: no\n"}
    for dialect in ("dotenv", "shell"):
        with pytest.raises(UnreadableError):
            read(dialect, "A: 1\n")
    with pytest.raises(UnreadableError):
        read("compose", 'A: "open\n')


@pytest.fixture
def env(tmp_path: Path) -> Any:
    path = tmp_path / "production.env"

    def judged(id: str, text: str, dialect: str, **parameters: Any) -> Evidence:
        path.write_text(text, encoding="utf-8")
        return judge(id, EnvFile.model_validate({"name": "shop", "path": path, "dialect": dialect}), **parameters)

    return judged


def test_a_declared_dialect_tells_what_a_value_is(env: Any) -> None:
    text = "A=9f8c1de07ab34652e1d7094c5ab86f23\nK=$A\n"
    assert env("env.length", text, "shell", names=["K"]).text == "K has 32 characters"
    assert env("env.length", text, "compose", names=["K"])
    for dialect in ("dotenv", "systemd"):
        with pytest.raises(ClaimFalse, match="K holds a reference, \\$NAME"):
            env("env.length", text, dialect, names=["K"])
        with pytest.raises(ClaimFalse, match="a placeholder in K"):
            env("env.no_placeholders", text, dialect)
    with pytest.raises(CouldNotVerify, match="the value of B"):
        env("env.present", "K=@TOKEN@\nB=$K\n", "shell", names=["B"])
    with pytest.raises(CouldNotVerify, match="cannot be read as NAME=value by shell on line 2"):
        env("env.present", "A=1\nK=two words\n", "shell", names=["A"])
    with pytest.raises(ValidationError):
        env("env.present", "A=1\n", "fish", names=["A"])


@pytest.mark.parametrize("dialect", ["shell", "systemd"])
def test_a_byte_order_mark_makes_the_first_name_another(env: Any, dialect: str) -> None:
    with pytest.raises(ClaimFalse, match="A is not set, as a byte order mark is before its line"):
        env("env.present", "\ufeffA=1\nB=2\n", dialect, names=["A"])
    assert env("env.present", "\ufeffA=1\nB=2\n", dialect, names=["B"])
    assert env("env.present", "\ufeffA=1\nA=2\n", dialect, names=["A"])
    with pytest.raises(NotDeclared):
        env("env.live_keys", "\ufeffSTRIPE_KEY=sk_live_" + "x7Qp2Lr9Tz4Vb8Nk3Wm6Jc5H\n", dialect)


def test_a_byte_order_mark_that_only_some_leave_out(env: Any, tmp_path: Path) -> None:
    assert env("env.present", "\ufeffA=1\n", "compose", names=["A"])
    with pytest.raises(CouldNotVerify, match="a byte order mark before its name"):
        env("env.present", "\ufeffA=1\n", "dotenv", names=["A"])
    assert env("env.present", "\ufeff# note\nA=1\n", "dotenv", names=["A"])
    path = tmp_path / "plain.env"
    path.write_text("\ufeffA=1\nB=2\n", encoding="utf-8")
    with pytest.raises(CouldNotVerify, match="a byte order mark before its name"):
        judge("env.present", EnvFile(name="shop", path=path), names=["A"])
    assert judge("env.present", EnvFile(name="shop", path=path), names=["B"])


LEFT = (
    ("dotenv", "$(openssl rand -base64 48)", "a command"),
    ("dotenv", "`openssl rand -base64 48`", "a command"),
    ("dotenv", "<(cat /run/secrets/signing_key_of_the_shop)", "a command"),
    ("dotenv", "postgres://shop:$(cat /run/secrets/db)@db/shop", "a command"),
    ("compose", "'${SIGNING_KEY_OF_THE_SHOP_IN_PRODUCTION}'", "a reference"),
    ("compose", "`openssl rand -base64 48`", "a command"),
    ("shell", "'$(openssl rand -base64 48)'", "a command"),
    ("shell", "'${SIGNING_KEY_OF_THE_SHOP_IN_PRODUCTION}'", "a reference"),
    ("systemd", "$(< /run/secrets/signing_key_of_the_shop)", "a command"),
    ("systemd", "${SIGNING_KEY_OF_THE_SHOP_IN_PRODUCTION}", "a reference"),
    ("systemd", "'' # set in CI", "a comment"),
)


@pytest.mark.parametrize(("dialect", "value", "form"), LEFT)
@pytest.mark.parametrize("id", ["env.present", "env.length", "env.entropy"])
def test_what_a_tool_leaves_as_text_is_not_what_was_meant(
    env: Any, id: str, dialect: str, value: str, form: str
) -> None:
    with pytest.raises(ClaimFalse, match=f"K holds {form}"):
        env(id, f"A=1\nK={value}\n", dialect, names=["K"])
    with pytest.raises(ClaimFalse, match=rf"a placeholder in K \({form}.*, which is not filled in\)"):
        env("env.no_placeholders", f"A=1\nK={value}\n", dialect)


@pytest.mark.parametrize(
    ("dialect", "line"),
    [
        ("systemd", "K=$2b$12$R9h/cIPz0gi.URNNX3kh2OPST9/PgBkqquzi.Ss7KIUgO2t0jWMUW"),
        ("systemd", "K='pa$word$9'"),
        ("compose", "K='a$(b)c'"),
        ("shell", "K='use `make` to build'"),
        ("shell", "LOG_FORMAT='${time} ${msg}'"),
    ],
)
def test_signs_that_only_look_like_a_reference_are_text(env: Any, dialect: str, line: str) -> None:
    assert env("env.present", f"{line}\n", dialect, names=[line.partition("=")[0]])


def test_a_merge_that_is_not_done_is_not_read(env: Any) -> None:
    text = "<<<<<<< HEAD\nA=1\n=======\nA=2\n>>>>>>> release\n"
    for dialect in ("dotenv", "compose", "shell", "systemd"):
        with pytest.raises(CouldNotVerify, match="cannot be read as NAME=value"):
            env("env.present", text, dialect, names=["A"])


def test_hostile_files_are_read_quickly() -> None:
    begun = time.process_time()
    for piece in ("A=${", "$(", "\\", "'", '"', "A=1 ", "A=a\\\n", "`", "#", ";", "$A", 'A="$('):
        for dialect in ("dotenv", "compose", "shell", "systemd"):
            try:
                read(dialect, f"A=1\nB={piece * 5000}\n" + piece * 5000)
            except UnreadableError:
                continue
    assert time.process_time() - begun < 20
