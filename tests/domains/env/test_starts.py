"""Starts of real programs with variables left out."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from pytest_readiness.core.domains import catalogue
from pytest_readiness.core.evidence import ClaimFalse, CouldNotVerify, Evidence
from pytest_readiness.domains.env.resource import EnvFile
from tests.judging import judge

STRICT = """\
import os, sys
missing = [name for name in ("SECRET_KEY", "DATABASE_URL") if not os.environ.get(name)]
if missing:
    sys.exit(f"missing: {', '.join(missing)}")
"""
FILE = "SECRET_KEY=k\nDATABASE_URL=postgresql://h/d\nOTHER=1\n"
NAMES = ["SECRET_KEY", "DATABASE_URL"]


@pytest.fixture
def start(tmp_path: Path) -> Any:
    def judged(program: str, text: str = FILE, *, seconds: float = 20, **parameters: Any) -> Evidence:
        (tmp_path / "app.py").write_text(program)
        (tmp_path / "production.env").write_text(text)
        parameters = {"command": [sys.executable, "-I", str(tmp_path / "app.py")], "names": NAMES, **parameters}
        file = EnvFile(name="shop", path=tmp_path / "production.env")
        return judge("env.validation_enforced", file, seconds=seconds, **parameters)

    return judged


def test_a_program_that_ends_without_each(start: Any) -> None:
    assert start(STRICT).text == (
        f"{sys.executable} ended with 0 with all variables, and ended with an error that names it without SECRET_KEY "
        "(status 1), DATABASE_URL (status 1)"
    )


def test_a_program_that_goes_on_running(start: Any) -> None:
    assert "still ran after 1 s with all variables" in start(f"{STRICT}import time\ntime.sleep(60)\n", seconds=1).text


def test_what_it_starts_with(start: Any) -> None:
    usual = ["PATH", "HOME", "PWD", "OLDPWD", "SHLVL", "LC_CTYPE", "_", *NAMES, "OTHER"]
    program = (
        "import os\nassert os.listdir() == [] and os.environ['HOME'] == os.getcwd(), os.listdir()\n"
        f"left = os.environ.keys() - set({usual})\nassert not left, left\n{STRICT}"
    )
    assert start(program)


def test_a_word_of_another_error_is_no_name(start: Any) -> None:
    program = "import os, sys\nif 'PORT' not in os.environ:\n    sys.exit('cannot bind: the port is in use')\n"
    with pytest.raises(ClaimFalse, match="without PORT it ended with status 1 and did not name it"):
        start(program, "PORT=80\n", names=["PORT"])
    program = "import os, sys\nif 'SECRET_KEY' not in os.environ:\n    sys.exit('secret_key: field required')\n"
    assert start(program, names=["SECRET_KEY"])


@pytest.mark.parametrize(
    ("program", "seconds", "seen"),
    [
        (STRICT.replace(' "DATABASE_URL"', ""), 20, "without DATABASE_URL it ended with 0"),
        (
            "import time\ntime.sleep(60)",
            0.5,
            "without SECRET_KEY it still ran after 0.5 s, without DATABASE_URL it still",
        ),
        (
            STRICT.replace("sys.exit(f", "print(f"),
            20,
            "without SECRET_KEY it ended with 0, without DATABASE_URL it ended",
        ),
        (
            STRICT.replace("{', '.join(missing)}", "a variable"),
            20,
            "without SECRET_KEY it ended with status 1 and did not name it",
        ),
        # Part of another name.
        (STRICT.replace("missing: ", "MY_"), 20, "without SECRET_KEY it ended with status 1 and did not name it"),
        # Filled in again from elsewhere, and read at first use.
        ("import os\nos.environ.setdefault('SECRET_KEY', 'x')\n" + STRICT, 20, "without SECRET_KEY it ended with 0"),
    ],
)
def test_a_program_that_does_not(start: Any, program: str, seconds: float, seen: str) -> None:
    with pytest.raises(ClaimFalse) as failure:
        start(program, seconds=seconds)
    assert failure.value.seen.startswith(seen)


@pytest.mark.parametrize(
    ("program", "parameters", "reason"),
    [
        ("import sys\nsys.exit('no database')", {}, "ended with status 1 with all variables set, so that other ends"),
        (
            f"print('SECRET_KEY DATABASE_URL')\n{STRICT}",
            {},
            "prints the name of SECRET_KEY, DATABASE_URL even where all",
        ),
        (STRICT, {"command": ["no-such-program"]}, "there is no program no-such-program on the runner"),
        ("print('x' * 6_000_000)", {}, "printed more than is read"),
        (STRICT, {"text": f"{FILE}A=$B\n"}, "the value of A is filled in from elsewhere"),
    ],
)
def test_starts_that_show_nothing(start: Any, program: str, parameters: dict[str, Any], reason: str) -> None:
    with pytest.raises(CouldNotVerify, match=reason):
        start(program, **parameters)


def test_variables_that_the_file_does_not_set(start: Any) -> None:
    with pytest.raises(ClaimFalse, match="TOKEN is not set"):
        start(STRICT, names=["TOKEN"])
    refused: tuple[dict[str, Any], ...] = (
        {"command": []},
        {"names": []},
        {"seconds": 0},
        {"seconds": 61},
        {"command": ["a\nb"]},
    )
    for wrong in refused:
        with pytest.raises(ValidationError):
            catalogue()["env.validation_enforced"].parameters.model_validate(
                {"command": ["a"], "names": ["A"], **wrong}
            )
