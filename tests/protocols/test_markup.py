from __future__ import annotations

import time

import pytest

from pytest_readiness.protocols.markup import parse
from tests.stack.patience import patient


@pytest.mark.parametrize(
    "hidden",
    [
        "<template><p>We are back soon</p></template>",
        "<noscript>We are back soon</noscript>",
        '<div style="color: red; display : none"><p>We are <b>back</b> soon</p></div>',
        "<dialog><p>We are back soon</p></dialog>",
        "<p hidden>We are back soon</p>",
        "<div hidden><img><br><p>We are back soon</div>",
    ],
)
def test_hidden_text_is_not_shown(hidden: str) -> None:
    page = parse(f"<!doctype html><title>Shop</title><p>Before</p>{hidden}<p>After</p>")
    assert page.shown == "Shop Before After"
    assert "soon" in page.text


def test_text_that_is_shown() -> None:
    page = "<!doctype html><dialog open>We are</dialog> <p style='display:block'>back <input hidden>soon"
    assert parse(page).shown == "We are back soon"


@pytest.mark.parametrize("text", ["<iframe srcdoc=<iframe/", "<div hidden>", "<template>", "<p data-a=1>", "</div>"])
def test_hostile_pages_are_read_in_time(text: str) -> None:
    started = time.monotonic()
    parse(text * 20_000)
    assert time.monotonic() - started < patient(5)
