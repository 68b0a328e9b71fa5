"""Lines of env files that set nothing, beside those that do."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pytest_readiness.core.evidence import ClaimFalse, CouldNotVerify, Evidence
from pytest_readiness.domains.env.resource import EnvFile
from tests.judging import judge


@pytest.fixture
def env(tmp_path: Path) -> Any:
    path = tmp_path / "production.env"

    def judged(id: str, text: str, dialect: str | None = None, **parameters: Any) -> Evidence:
        path.write_text(text, encoding="utf-8")
        return judge(id, EnvFile.model_validate({"name": "shop", "path": path, "dialect": dialect}), **parameters)

    return judged


@pytest.mark.parametrize(
    ("dialect", "line"),
    [
        (None, "this is no variable"),
        (None, "--- deploy by hand ---"),
        ("dotenv", "K: 1"),
        ("dotenv", "K='open"),
        ("shell", "K = 1"),
        ("shell", "my-key=1"),
        ("shell", "K: 1"),
        ("systemd", "export K=1"),
        ("systemd", "set -a"),
    ],
)
def test_one_odd_line_hides_no_other(env: Any, dialect: str | None, line: str) -> None:
    for text in (f"A=1\n{line}\n", f"{line}\nA=1\n"):
        assert env("env.present", text, dialect, names=["A"])
        with pytest.raises(ClaimFalse, match="a placeholder in A"):
            env("env.no_placeholders", text.replace("A=1", "A=changeme"), dialect)
        if dialect == "systemd":
            # It leaves such lines out, whatever they are.
            assert env("env.no_placeholders", text, dialect)
            with pytest.raises(ClaimFalse, match="K is not set"):
                env("env.present", text, dialect, names=["A", "K"])
            continue
        for names in (["A", "MISSING"], ["MISSING"]):
            with pytest.raises(CouldNotVerify, match="which may be meant to set MISSING"):
                env("env.present", text, dialect, names=names)
        with pytest.raises(CouldNotVerify, match=r"cannot be read as NAME=value .*on line [12]$"):
            env("env.no_placeholders", text, dialect)


def test_an_odd_line_that_names_a_variable_may_set_it(env: Any) -> None:
    for line in ("DEBUG: true", "unset DEBUG here"):
        with pytest.raises(CouldNotVerify, match="which may be meant to set DEBUG"):
            env("env.values", f"DEBUG=false\n{line}\n", "dotenv", values={"DEBUG": "false"})
    assert env("env.values", "DEBUG=false\nMY_DEBUG: true\n", values={"DEBUG": False})


@pytest.mark.parametrize(
    ("dialect", "line"),
    [
        (None, "B='open"),
        (None, 'B="open'),
        (None, "B: |- `x"),
        (None, "<<<<<<< HEAD"),
        ("dotenv", ">>>>>>> release"),
        ("compose", "this is no variable"),
        ("shell", "source other.env"),
        ("shell", ". ./other.env"),
        ("shell", "B=two words"),
        ("shell", "B='open"),
        ("shell", "if true; then B=1; fi"),
        ("shell", "readonly A=1"),
        ("shell", "export = x"),
        ("systemd", "B='open"),
        ("systemd", "# note \\"),
        ("systemd", "<<<<<<< HEAD"),
    ],
)
def test_a_line_that_may_undo_others_leaves_nothing_to_be_seen(env: Any, dialect: str | None, line: str) -> None:
    for text in (f"A=1\n{line}\nA=1\n", f"{line}\nA=1\n"):
        with pytest.raises(CouldNotVerify, match="cannot be read as NAME=value"):
            env("env.present", text, dialect, names=["A"])


def test_a_name_alone_is_the_callers_to_compose(env: Any) -> None:
    with pytest.raises(CouldNotVerify, match="what Compose takes from the environment"):
        env("env.present", "A=1\nB\n", "compose", names=["B"])
    assert env("env.present", "A=1\nB\n", "compose", names=["A"])


@pytest.mark.parametrize(
    ("id", "line", "wrong"),
    [
        ("env.no_placeholders", "A=1", "A=changeme"),
        ("env.no_debug", "DEBUG=false", "DEBUG=true"),
        ("env.cookies", "SESSION_COOKIE_SECURE=true", "SESSION_COOKIE_SECURE=false"),
        ("env.no_localhost", "A=https://shop.example.com/", "A=https://localhost/"),
        ("env.urls_secure", "A=https://shop.test/", "A=http://shop.test/"),
        ("env.dsn_passwords", "A=redis://:x7Qp2Lr9Tz4Vb8Nk3Wm6Jc5H@a.shop.test", "A=redis://:short@a.shop.test"),
    ],
)
def test_a_claim_about_all_of_a_file_is_about_its_odd_lines_too(env: Any, id: str, line: str, wrong: str) -> None:
    assert env(id, f"{line}\n", "dotenv")
    with pytest.raises(CouldNotVerify, match="on line 2"):
        env(id, f"{line}\nodd line\n", "dotenv")
    with pytest.raises(ClaimFalse):
        env(id, f"{wrong}\nodd line\n", "dotenv")
