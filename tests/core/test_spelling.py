from __future__ import annotations

import pytest
from pydantic import ValidationError

from pytest_readiness.core import spelling
from pytest_readiness.core.domains import load_catalogue
from pytest_readiness.core.registry import CHECKS


def test_a_pattern_has_one_meaning(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spelling, "WORDS", {})
    spelling.spelled("^x+$", "some x")
    spelling.spelled("^x+$", "some x")
    with pytest.raises(ValueError, match="is told as 'some x' already"):
        spelling.spelled("^x+$", "a row of x")


def test_a_subprotocol_is_told_as_one() -> None:
    load_catalogue()
    with pytest.raises(ValidationError) as caught:
        CHECKS["http.websocket"].parameters.model_validate({"path": "/live", "protocol": "a b"})
    (error,) = caught.value.errors()
    assert spelling.WORDS[error["ctx"]["pattern"]] == "a subprotocol's name, such as graphql-ws"
