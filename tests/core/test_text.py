"""Texts from elsewhere, in a form that can be shown."""

from __future__ import annotations

import math

import pytest

from pytest_readiness.core.text import figure, gives_no_reason, size, visible


def test_what_nobody_would_see_is_written_as_an_escape() -> None:
    assert visible("v=spf1 mx\xa0-all\n") == r"v=spf1 mx\xa0-all\n"
    assert visible("p=\u200breject\U000e0001") == r"p=\u200breject\U000e0001"
    assert visible("Grüße, 世界 – ok") == "Grüße, 世界 – ok"


@pytest.mark.parametrize(
    ("value", "limit", "text"),
    [
        (9.99, 10, "9.99"),
        (80.04, 80, "80.04"),
        (79.96, 80, "79.96"),
        (80.04, 80.03, "80.04"),
        (80.0, 80, "80.0"),
        (81.23, 80, "81.2"),
        (50.0000001, 50, "50.0000001"),
        (50.00000001, 50, "50.00000001"),
        (0.00001, math.inf, "0.0"),
    ],
)
def test_a_figure_is_on_its_own_side_of_a_limit(value: float, limit: float, text: str) -> None:
    assert figure(value, limit) == text


def test_sizes() -> None:
    sizes = {0: "0 bytes", 1023: "1023 bytes", 1024: "1.0 KiB", 20 * 2**20: "20.0 MiB", 3 * 2**40: "3.0 TiB"}
    assert {count: size(count) for count in sizes} == sizes
    assert size(5000 * 2**40) == "5000.0 TiB"


@pytest.mark.parametrize("text", ["", "TODO", "n/a", "s", " OK. ", "yes", "1", "(AWS)"])
def test_what_is_typed_by_mistake_is_no_reason(text: str) -> None:
    assert gives_no_reason(text)


@pytest.mark.parametrize("text", ["no CDN", "we do", "never", "SaaS", "静的", "не у нас"])
def test_few_words_may_be_a_reason(text: str) -> None:
    assert not gives_no_reason(text)
