"""Words that are written in many ways are compared in one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_readiness.bind.spelling import MOST_CHARACTERS, stems, words_of


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("SSL/TLS certificates installed", "TLS certificate is installed"),
        ("2FA", "multi-factor"),
        ("back-ups", "Backup"),
        ("k8s", "Kubernetes"),
        ("Health checks", "healthcheck"),
        ("rate-limiting", "rate limit"),
        ("environment variables", "env vars"),
        ("signed off", "sign-off"),
        ("Let’s Encrypt", "letsencrypt"),
        ("Strict-Transport-Security", "HSTS"),
        ("DB", "database"),
        ("doesn’t", "not"),
        ("can't", "cannot"),
    ],
)
def test_one_thing_has_one_spelling(one: str, other: str) -> None:
    assert stems(one) & stems(other) >= stems(other) - {"is"}


@pytest.mark.parametrize(
    ("one", "other"),
    [("configuration", "configure"), ("production", "product"), ("author", "authorization"), ("valid", "validation")],
)
def test_what_means_something_else_stays_apart(one: str, other: str) -> None:
    assert not stems(one) & stems(other)


def test_names_of_variables_are_taken_apart() -> None:
    assert stems("CORS__ALLOWED_ORIGINS") == stems("cors allowed origins")


def test_what_an_apostrophe_leaves_is_no_word() -> None:
    assert stems("The app's user isn't the team’s") == stems("the app user not the team")
    assert stems("'s' is a letter") >= {"s"}


def test_versions_stay_whole() -> None:
    assert "1.2" in stems("TLS 1.2")


@given(st.text(max_size=80))
def test_words_stand_where_they_are_written(text: str) -> None:
    for word in words_of(text):
        assert text[word.begin : word.end].strip()


def test_what_is_too_long_is_not_looked_at_to_its_end() -> None:
    assert all(word.end <= MOST_CHARACTERS for word in words_of("word " * 100_000))
