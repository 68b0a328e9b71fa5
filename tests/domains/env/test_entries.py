"""Env files as a whole, and beside their examples."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pytest_readiness.config.target import Target
from pytest_readiness.core.evidence import ClaimFalse, CouldNotVerify, Evidence, NotDeclared
from pytest_readiness.domains.env.resource import EnvFile
from tests.judging import judge

PEM = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIA\n-----END PRIVATE KEY-----"


@pytest.fixture
def env(tmp_path: Path) -> Callable[..., Evidence]:
    """Judge a file beside an example."""

    def judged(
        id: str, text: str | bytes, dialect: str | None = None, *, beside: str = "", **parameters: Any
    ) -> Evidence:
        files = []
        for name, written in (("shop", text), ("example", beside)):
            path = tmp_path / f"{name}.env"
            path.write_bytes(written if isinstance(written, bytes) else written.encode())
            files.append(EnvFile.model_validate({"name": name, "path": path, "dialect": dialect}))
        return judge(id, files[0], target=Target("prod", resources=tuple(files)), **parameters)

    return judged


@pytest.mark.parametrize(
    ("text", "dialect"),
    [
        (f"# shop\n\nexport A=1\nB='{PEM}'\nC='{{\"a\": 1}}'\nD=\nE_FILE=/run/secrets/e\n", None),
        ("A=1\r\nB=2\r\n", None),
        ("\ufeffA=1\n", "compose"),
        ("A: 1\nB\n", "compose"),
        ("set -a\nA=1\nexport B=2; C=3\n", "shell"),
        ("# a\n; b\nA=1 # c\n", "systemd"),
    ],
)
def test_file(env: Any, text: str, dialect: str | None) -> None:
    told = env("env.file", text, dialect, beside="A=\n", example="example").text
    assert f"read as {dialect or 'by python-dotenv'}" in told


def test_file_counts(env: Any) -> None:
    assert env("env.file", "A=1\nB=\nA=2\n", "dotenv") == Evidence(
        "2 variables, 1 of them empty; read as dotenv",
        warning="set twice to different values, of which the last counts: A",
    )


@pytest.mark.parametrize(
    ("text", "dialect", "seen"),
    [
        ("A=1\nodd line\n", None, "something else on line 2"),
        ("A=1\nLONELY\n", "dotenv", "something else by dotenv on line 2"),
        ("A=1\nK: v\n", "dotenv", "something else by dotenv on line 2"),
        ("export A=1\nB=2\n", "systemd", "something else by systemd on line 1"),
        ("A=1\nB=two words\n", "shell", "something else by shell on line 2"),
        ("A=1\nB='open\n", None, "something else on line 2"),
        ("<<<<<<< HEAD\nA=1\n=======\nA=2\n>>>>>>> x\n", None, "on lines 1, 3, 5"),
        ("\ufeffA=1\nB=1\n", "shell", "a byte order mark before A"),
        ("A=1\r\nB=2\r\n", "shell", "a carriage return in the value of A, B"),
        ("", None, "0 variables, none with a value"),
        ("# A=1\n\n", None, "0 variables, none with a value"),
        ("A=\nB=''\n", None, "2 variables, none with a value"),
    ],
)
def test_file_fails(env: Any, text: str, dialect: str | None, seen: str) -> None:
    with pytest.raises(ClaimFalse, match=seen):
        env("env.file", text, dialect)


@pytest.mark.parametrize(
    "text",
    [
        "$ANSIBLE_VAULT;1.1;AES256\n6162\n",
        "A=ENC[AES256_GCM,data:9f8c1de07ab34652,iv:e1d7094c5ab86f23]\nsops_version=3.8.1\n",
        "A=encrypted:BDqDBibm4wsYqMpCjTQ6BsDHmMadg9K3dAt+Z9HPMfLEIRVz50hmLXPXRuDBXaJi\n",
        b"\0GITCRYPT\0\x01\x02",
        b"A=\xff\xfe\n",
        "A=1\0\n",
        "version https://git-lfs.github.com/spec/v1\noid sha256:00\n",
    ],
)
def test_file_that_cannot_be_seen(env: Any, text: str | bytes) -> None:
    with pytest.raises(CouldNotVerify):
        env("env.file", text)


def test_file_is_there_and_no_copy(env: Any, tmp_path: Path) -> None:
    with pytest.raises(ClaimFalse, match="there is none"):
        judge("env.file", EnvFile(name="shop", path=tmp_path / "none.env"))
    with pytest.raises(CouldNotVerify, match="regular file"):
        judge("env.file", EnvFile(name="shop", path=tmp_path))
    with pytest.raises(ClaimFalse, match="a copy of"):
        env("env.file", "A=1\r\n\nB=2\r\n", beside="A=1\nB=2\n", example="example")
    with pytest.raises(NotDeclared, match="with itself"):
        env("env.file", "A=1\n", example="shop")
    (tmp_path / "real.env").write_text("A=1\n")
    (tmp_path / "link.env").symlink_to(tmp_path / "real.env")
    assert judge("env.file", EnvFile(name="shop", path=tmp_path / "link.env"))


EXAMPLE = "A=a\nB=\n# C=optional\nexport D='d'\n"


@pytest.mark.parametrize(
    ("text", "parameters"),
    [
        ("A=1\nB=\nD=2\n", {}),
        ("A=1\nB=2\nC=3\nD=4\nE=5\n", {}),
        ("A_FILE=/run/secrets/a\nB=\nD=1\n", {}),
        ("B=\nD=1\n", {"allow_missing": ["A"]}),
        ("X=1\nB=\nD=1\n", {"any_of": [["A", "X"]]}),
        ("A=x${D}\nB=\nD=1\n", {}),
    ],
)
def test_complete(env: Any, text: str, parameters: dict[str, Any]) -> None:
    assert env("env.complete", text, beside=EXAMPLE, example="example", **parameters).text.startswith("all ")


@pytest.mark.parametrize(
    ("text", "parameters", "error", "seen"),
    [
        ("A=1\nB=\n", {}, ClaimFalse, "D is not set"),
        ("A=\nB=\nD=1\n", {}, ClaimFalse, "A is empty"),
        ("A=' '\nB=\nD=1\n", {}, ClaimFalse, "A is empty"),
        ("A=1\nD=1\n", {}, ClaimFalse, "B is not set"),
        ("A_FILE=\nB=\nD=1\n", {}, ClaimFalse, "A is not set"),
        ("A=1\nB=\n# D=1\n", {}, ClaimFalse, "D is not set"),
        ("X=\nB=\nD=1\n", {"any_of": [["A", "X"]]}, ClaimFalse, "A is not set"),
        ("A=1\nB=\nodd line\n", {}, CouldNotVerify, "on line 3, which may be meant to set D"),
        ("A=${X}\nB=\nD=1\n", {}, CouldNotVerify, "the value of A"),
        ("A=$(x)\nB=\nD=1\n", {}, CouldNotVerify, "the value of A"),
        ("A=#1\nB=\nD=1\n", {}, CouldNotVerify, "the value of A|A is empty"),
    ],
)
def test_complete_fails(env: Any, text: str, parameters: dict[str, Any], error: type[Exception], seen: str) -> None:
    with pytest.raises(error, match=seen):
        env("env.complete", text, beside=EXAMPLE, example="example", **parameters)


@pytest.mark.parametrize("example", ["", "# A=1\n", "A=1\nodd line\n"])
def test_complete_of_a_hollow_example(env: Any, example: str) -> None:
    with pytest.raises(CouldNotVerify):
        env("env.complete", "A=1\n", beside=example, example="example")


def test_documented_in_an_example(env: Any) -> None:
    example = "PORT=8080\n# DEBUG=true\n"
    assert env("env.documented", "PORT=1\nDEBUG=0\n", beside=example, example="example")
    assert env("env.documented", "PORT=1\nX=0\n", beside=example, example="example", allow_missing=["X"])
    with pytest.raises(ClaimFalse, match="none for X"):
        env("env.documented", "PORT=1\nX=0\n", beside=example, example="example")
    for text in ("", "# nothing\n", "PORT=1\nodd line\n"):
        with pytest.raises(CouldNotVerify):
            env("env.documented", text, beside=example, example="example")
    with pytest.raises(CouldNotVerify, match="may be meant to set X"):
        env("env.documented", "X=1\n", beside="odd line\n", example="example")
    assert env("env.documented", "PORT_FILE=/run/port\n", beside=example, example="example")


def test_groups_that_nobody_sets_and_what_is_no_text(env: Any) -> None:
    groups = {"example": "example", "any_of": [["DATABASE_URL", "DB_HOST"]]}
    with pytest.raises(CouldNotVerify, match="sets any of DATABASE_URL, DB_HOST"):
        env("env.complete", "A=1\n", beside="A=1\n", **groups)
    assert env("env.complete", "A=1\nDB_HOST=db\n", beside="A=1\n", **groups)
    with pytest.raises(CouldNotVerify, match="is encrypted, or no text"):
        env("env.complete", "A=1\0\n", beside="A=1\n", example="example")


def test_own_example(tmp_path: Path) -> None:
    path, example = tmp_path / "production.env", tmp_path / ".env.example"
    path.write_text("A=1\nB=\nD=2\n")
    example.write_text(EXAMPLE)
    shop = EnvFile(name="shop", path=path, example=example)
    assert judge("env.complete", shop).text.startswith("all 3 variables of .env.example are set")
    assert judge("env.documented", shop)
    assert judge("env.file", shop)
    path.write_text("A=1\nX=1\n")
    for id, seen in {"env.complete": "each variable of .env.example", "env.documented": "in .env.example"}.items():
        with pytest.raises(ClaimFalse, match=seen):
            judge(id, shop)
    path.write_text(EXAMPLE)
    with pytest.raises(ClaimFalse, match="a copy of"):
        judge("env.file", shop)
    example.unlink()
    for id in ("env.complete", "env.documented", "env.file"):
        with pytest.raises(CouldNotVerify, match="does not exist"):
            judge(id, shop)
        with pytest.raises(NotDeclared, match="with itself"):
            judge(id, EnvFile(name="shop", path=path, example=path))
    for id in ("env.complete", "env.documented"):
        with pytest.raises(NotDeclared, match="give the env file an `example`"):
            judge(id, EnvFile(name="shop", path=path))
