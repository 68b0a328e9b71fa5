from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from pytest_readiness.core.keys import secrets_in


def token(claims: dict[str, Any]) -> str:
    parts = [
        base64.urlsafe_b64encode(json.dumps(each).encode()).decode().rstrip("=") for each in ({"alg": "x"}, claims)
    ]
    return ".".join([*parts, "x7Qp2Lr9Tz4Vb8Nk3Wm6Jc5H"])


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("key: ghp_x7Qp2Lr9Tz4Vb8Nk3Wm6", "a GitHub token"),
        (token({"role": "service_role"}), "a token of the role service_role"),
        (token({"sub": "ops@shop.test"}), "a token of a user"),
    ],
)
def test_secrets_are_told_by_their_form(text: str, what: str) -> None:
    assert list(secrets_in(text)) == [what]


@pytest.mark.parametrize("text", ["", token({"role": "anon"}), token({"sub": "1234567890"}), "pk_live_x7Qp2Lr9Tz4Vb8"])
def test_what_everybody_may_see_is_no_secret(text: str) -> None:
    assert list(secrets_in(text)) == []
