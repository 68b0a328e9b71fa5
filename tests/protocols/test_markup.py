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
        "<div popover id=p><p>We are back soon</div>",
        "<p style='visibility: hidden'>We are back soon</p>",
        "<iframe src=/old>We are back soon</iframe>",
        "<video src=/v.mp4><p>We are back soon</p></video>",
    ],
)
def test_hidden_text_is_not_shown(hidden: str) -> None:
    page = parse(f"<!doctype html><title>Shop</title><p>Before</p>{hidden}<p>After</p>")
    assert page.shown == "Shop Before After"
    assert "soon" in page.text


def test_text_that_is_shown() -> None:
    page = "<!doctype html><dialog open>We are</dialog> <p style='display:block'>back <input hidden>soon"
    assert parse(page).shown == "We are back soon"


@pytest.mark.parametrize("element", ["template", "noscript"])
def test_what_browsers_do_not_heed_says_nothing_about_the_page(element: str) -> None:
    metas = '<meta http-equiv=Content-Security-Policy content="default-src 0"><meta name=referrer content=unsafe-url>'
    page = parse(f"<!doctype html><head><{element}><base href=/x/>{metas}</{element}><meta name=robots content=all>")
    assert (page.policies, page.equivalents, page.base) == ((), (), "")
    assert page.names == (("robots", "all"),)


def test_a_template_loads_nothing() -> None:
    inner = "<img src=/1.png><script src=/2.js></script><style>a{background:url(/3.png)}</style><a href=/4>"
    page = parse(f"<template>{inner}<template><img src=/5.png></template><img src=/6.png></template><img src=/7.png>")
    assert [each.address for each in page.references] == ["/7.png"]
    assert page.scripts == ()


def test_a_shadow_root_is_part_of_the_page() -> None:
    page = parse("<div><template shadowrootmode=open><p>We are</p><img src=/1.png></template></div> back")
    assert [each.address for each in page.references] == ["/1.png"]
    assert page.shown == "We are back"


def test_what_an_svg_names_in_its_own_way() -> None:
    inner = "<script href=/1.js></script><script xlink:href=/2.js></script><feImage href=/3.png /><a xlink:href=/4></a>"
    page = parse(f"<svg>{inner}</svg><script href=/5.js src=/6.js></script>")
    found = [(each.kind, each.address) for each in page.references]
    assert parse("<svg><path><p>a<script src=/1.js></script>").references[0].address == "/1.js"
    assert found == [("script", "/1.js"), ("script", "/2.js"), ("image", "/3.png"), ("link", "/4"), ("script", "/6.js")]


def test_scripts_and_data_of_a_page_within_the_page() -> None:
    page = parse("<script>a()</script><iframe srcdoc='<p data-key=1><script>b()</script>'></iframe>")
    assert page.inline == ("a()", "b()")
    assert 'data-key="1"' in page.data


@pytest.mark.parametrize("text", ["<iframe srcdoc=<iframe/", "<div hidden>", "<template>", "<p data-a=1>", "</div>"])
def test_hostile_pages_are_read_in_time(text: str) -> None:
    started = time.monotonic()
    parse(text * 20_000)
    assert time.monotonic() - started < patient(5)
