from __future__ import annotations

from base64 import b64decode

import pytest

from pytest_readiness.domains.http.known_keys import known_keys

KEYS = frozenset(known_keys())


@pytest.mark.parametrize(
    "key",
    [
        *("secret", "your-256-bit-secret", "super-secret", "SECRET_KEY", "jwtSecret", "JWT_SECRET", "my_top_secret"),
        *("shhhhh", "ThisismySecretKey", "ThisIsMySecretKey", "please-change-this", "topsecret", "mySecretKey123", ""),
        *("your_secret_key", "my-secret-key", "your-256-bit-secret-key", "This is my secret key", "AllYourBase"),
        *("your-super-secret-jwt-token-with-at-least-32-characters-long", "mysupersecret", "YourSecretKeyHere"),
        "09d25e094faa6ca2556c818166b7a9563b93f7099f6f0f4caa6cf63b88e8d3e7",
        *("NeverShareYourSecret", "reallyreallyreallyreallyverysafe", "superSecretKey@345", "undefined", "secret\n"),
        "cc7e0d44fd473002f1c42167459001140ec6389b7353f8088f4d9a95f2f596f2",
    ],
)
def test_keys_of_tutorials_are_known(key: str) -> None:
    assert key.encode() in KEYS


def test_a_key_may_have_been_decoded() -> None:
    spring = "404E635266556A586E3272357538782F413F4428472B4B6250645367566B5970"
    assert {spring.encode(), b64decode(spring), bytes.fromhex(spring)} <= KEYS


def test_they_are_few_enough_to_be_tried() -> None:
    assert len(KEYS) < 100_000
    assert b"Zm9y-a-key-that-nobody-knows-0123" not in KEYS
