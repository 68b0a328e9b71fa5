"""Secrets that come from commands."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from pydantic import BaseModel, ValidationError

from pytest_readiness.config import secrets
from pytest_readiness.config.secrets import Secret
from tests.stack.process import descendants, program_of


class Holder(BaseModel):
    secret: Secret


def _secret(command: str, base: Path) -> str:
    found: Holder = Holder.model_validate({"secret": {"command": command}}, context={"base": base})
    return found.secret.get_secret_value()


def test_what_a_command_prints(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("s3cret\r\n")
    assert _secret("cat file", tmp_path) == "s3cret"


@pytest.mark.parametrize(
    ("command", "sentence"),
    [
        ("sleep 1001 & sleep 1001", "the secret command 'sleep …' took longer than 0.5 s"),
        ("yes", "the secret command 'yes' printed more than 1 MiB"),
        ("exit 3", "the secret command 'exit …' ended with exit code 3"),
    ],
)
def test_a_command_that_does_not_tell(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str, sentence: str
) -> None:
    """And nothing that it started is left."""
    if command.startswith("sleep"):
        monkeypatch.setattr(secrets, "COMMAND_SECONDS", 0.5)
    with pytest.raises(ValidationError, match=sentence):
        _secret(command, tmp_path)
    assert not {"sleep", "yes"} & set(map(program_of, descendants(os.getpid())))
