"""What a visit is kept out of, and what it cannot decide, on pages that a visitor may well meet."""

from __future__ import annotations

import re

import pytest

from pytest_readiness.core.domains import load_catalogue
from pytest_readiness.core.evidence import ClaimFalse, CouldNotVerify
from pytest_readiness.domains.browser.facts.pages import Look, Visit
from pytest_readiness.domains.http.resource import Url
from tests.domains.browser.browser_pages import judged
from tests.judging import read
from tests.stack.programs import program
from tests.stack.silent import Response, WebApp
from tests.stack.site import GOOD

FAULTY = "<!doctype html><html lang=en><title>x</title><p style='color: #ddd'>Pale</p><div onclick='1'>Pay</div>"
FINE = "<!doctype html><html lang=en><title>x</title><p>Fine text</p>"
STYLED = ("accessibility", "contrast", "keyboard", "touch_targets", "responsive")
EVERY = (*STYLED, "captions", "images")
PAINTED = STYLED[:4]

# What is on one page, which checks cannot decide it, and how they name it.
KEPT_OUT: dict[str, tuple[str, tuple[str, ...], str]] = {
    "frame elsewhere": (
        '<iframe id="ad" title="x" src="OTHER/faulty"></iframe>',
        EVERY,
        "frame at iframe#ad .*/faulty",
    ),
    "frame sandboxed": ('<iframe id="box" title="b" sandbox src="/faulty"></iframe>', EVERY, "frame at iframe#box"),
    "frame of data": (
        '<iframe id="data" title="d" src="data:text/html,<p>Hi"></iframe>',
        EVERY,
        "frame at iframe#data",
    ),
    "frame without scripts": (
        f'<iframe id="mute" title="m" sandbox="allow-same-origin" srcdoc="{FINE}"></iframe>',
        EVERY,
        r"frame at iframe#mute \(its scripts are switched off\)",
    ),
    "closed tree": (
        "<x-card id=card></x-card><script>card.attachShadow({mode: 'closed'}).innerHTML = '<p>Pale</p>'</script>",
        EVERY,
        "shadow at x-card#card",
    ),
    "declared tree": (
        "<x-card id=declared><template shadowrootmode=closed><button>Pay</button></template></x-card>",
        EVERY,
        "shadow at x-card#declared",
    ),
    "canvas": ('<canvas id="chart" width="200" height="50"></canvas>', PAINTED, "canvas at canvas#chart"),
    "plugin": (
        '<object id="map" aria-label="Map" data="/fine" width="99" height="99"></object>',
        EVERY,
        "plugin at obj",
    ),
    "inert": ("<div id=shop inert><p>Not yet for you</p></div>", EVERY, "cover at div#shop"),
    "style": ('<link rel="stylesheet" href="/gone.css">', STYLED, r"stylesheet at \S*gone.css \(404\)"),
    "script": ('<script src="/gone.js"></script>', (*EVERY, "web_vitals"), r"script at \S*gone.js \(404\)"),
    "image": ('<img id="i" alt="" src="/gone">', ("contrast", "responsive", "web_vitals"), r"image at \S*(gone|#i)"),
}
# Pages of their own: each keeps the visit from all else.
COVERED: dict[str, tuple[str, str]] = {
    "consent": (
        '<div id="consent" style="position: fixed; inset: 0; background: #fff"><p>Cookies?</p><button>Yes</button>'
        "</div>",
        "cover at div#consent",
    ),
    "modal": ("<dialog id=ask><button>Yes</button></dialog><script>ask.showModal()</script>", "cover at dialog#ask"),
    "endless": (
        "<script>onscroll = () => document.body.append(Object.assign(document.createElement('div'), "
        "{style: 'height: 900px'}))</script>",
        r"rest at the page below \d+ px",
    ),
}
CLICKABLE: dict[str, str] = {
    "div#by-attribute": '<div id="by-attribute" onclick="1">Pay</div>',
    "span#listener": "<span id=listener>Pay</span><script>listener.addEventListener('click', () => 0)</script>",
    "div#pointer": '<div id="pointer" style="cursor: pointer">Pay</div>',
    "a#nowhere": '<p><a id="nowhere" onclick="1">Pay</a></p>',
    "div#out-of-order": '<div id="out-of-order" tabindex="-1" onclick="1">Pay</div>',
    "div#tab": "<div role=tablist><div role=tab id=tab>One</div></div>",
    "label#upload": '<label id="upload">Upload <input type="file" hidden></label>',
    "li#drag": '<ul><li id="drag" draggable="true">Card</li></ul>',
    "p#framed": "<iframe title=x srcdoc='<html lang=en><title>x</title><p id=framed>Pay</p>"
    "<script>framed.addEventListener(`click`, () => 0)</script>'></iframe>",
    "div#deep": "<x-card><template shadowrootmode=open><div id=deep onclick=1>Pay</div></template></x-card>",
    "i#small": '<p><i id="small" onclick="1" style="display: inline-block; width: 9px">+</i><i onclick="1">-</i></p>',
}
# What axe computes of each text, the picture does not show.
CONTRASTS: dict[str, str] = {
    "before": "<style>#before::before, #around::before { content: ''; display: block; height: 60px; "
    "margin-bottom: -60px; background: #000 }</style><p id=before style='color: #fff'>TEXT</p>",
    "before-around": '<div id="around"><p id="before-around" style="color: #000">TEXT</p></div>',
    "blend": '<div style="background: #fff"><p id="blend" style="color: #000; mix-blend-mode: lighten">TEXT</p></div>',
    "filter": '<p id="filter" style="color: #000; filter: opacity(0.2)">TEXT</p>',
    "backdrop": '<div style="background: #000"><p id="backdrop" style="color: #fff; backdrop-filter: invert(1)">TEXT'
    "</p></div>",
    "mask": '<p id="mask" style="mask-image: linear-gradient(rgb(0 0 0 / 10%), rgb(0 0 0 / 10%))">TEXT</p>',
    "inset": '<p id="inset" style="color: #000; box-shadow: inset 0 0 0 99px #111">TEXT</p>',
    "border": '<p id="border" style="border: 40px solid; border-image: linear-gradient(#000, #111) 1 fill">TEXT</p>',
    "gradient": '<p id="gradient" style="background: linear-gradient(#000, #fff)">TEXT</p>',
    "group": '<div style="opacity: 0.5; background: #000"><div style="opacity: 0.5; background: #f00">'
    '<p id="group" style="color: #fff">TEXT</p></div></div>',
    "first-line": "<style>#first-line::first-line { color: #eee }</style><p id=first-line>TEXT</p>",
    "written": "<style>#written::before { content: 'Sold out '; color: #eee }</style><p id=written>TEXT</p>",
    "field": "<style>#field::placeholder { color: #ddd }</style><input id=field aria-label=x placeholder='Find'>",
    "veil": '<div style="position: relative"><p id="veil" style="color: #000">TEXT</p><div style="position: absolute; '
    'inset: 0; background: rgb(255 255 255 / 90%); pointer-events: none"></div></div>',
}
# What looks like one of the above, and can be decided.
DECIDED = """<p style="color: #000; opacity: 0.8">TEXT</p>
<p style="color: rgb(255 255 255 / 80%); background: #222">TEXT</p>
<p>🛒🛒 Buy 🎁🎁</p><input aria-label="x" placeholder="Find"><input aria-label="y">
<style>#icon::before { content: '\\e001 → ' }</style><p id="icon">TEXT</p>
<iframe title="x" src="/fine"></iframe><iframe title="y" src="OTHER/faulty" hidden></iframe>
<x-card>Hi<template shadowrootmode="closed"><div><slot></slot></div></template></x-card>
<div style="position: fixed; top: 0; left: 0; right: 0; background: #fff">Hello</div>
<ul id="list"><li><button>A</button></li></ul><script>list.onclick = onclick = document.body.onclick = () => 0</script>
<div role="tablist"><button role="tab">A</button><button role="tab" tabindex="-1" onclick="1">B</button></div>
<button><span onclick="1">Pay</span></button>
<input role="combobox" aria-expanded="true" aria-label="x" aria-controls="options">
<ul role="listbox" id="options" aria-label="y"><li role="option" aria-selected="true">A</li></ul>
<div style="height: 20000px"></div>"""
PAGES: dict[str, str] = {
    "kept-out": "".join(here for here, _, _ in KEPT_OUT.values()),
    **{name: here for name, (here, _) in COVERED.items()},
    "clickable": "".join(CLICKABLE.values()),
    "contrasts": "".join(CONTRASTS.values()),
    "decided": DECIDED,
}


def page(here: str, other: str = "") -> Response:
    body = GOOD.replace("<!-- here -->", here).replace("OTHER", other).replace("TEXT", "A text of some words")
    body = re.sub(r"<img src=[^>]*>", "", body)
    return Response(200, [("Content-Type", "text/html; charset=utf-8")], body.encode())


@pytest.fixture(scope="module")
def visits() -> dict[str, Visit]:
    program("chromium-headless-shell")
    load_catalogue()
    frames = {
        path: Response(200, [("Content-Type", "text/html")], text.encode())
        for path, text in {"/faulty": FAULTY, "/fine": FINE}.items()
    }
    with WebApp(frames) as elsewhere:
        pages = {f"/{name}.html": page(here, elsewhere.url) for name, here in PAGES.items()}
        with WebApp({**pages, **frames}) as app:
            looks = [Look(path, what) for path in pages for what in ("axe", "keyboard")]
            looks += [Look(path, "width", 360) for path in pages]
            found: dict[str, Visit] = read(
                "browser_pages", Url(name="shop", url=app.url), {"browser_pages": tuple(looks)}
            )
    return found


def says(visits: dict[str, Visit], check: str, name: str, **parameters: object) -> str:
    """Why a check cannot decide; "" where it passes."""
    more = {"widths": [360]} if check == "responsive" else {}
    try:
        judged(visits, f"browser.{check}", name, **more, **parameters)
    except CouldNotVerify as undecided:
        return undecided.reason
    except ClaimFalse as false:
        return f"FAILED: {false.seen}"
    return ""


@pytest.mark.parametrize("part", KEPT_OUT)
def test_what_the_visit_is_kept_out_of_is_undecided_and_named(visits: dict[str, Visit], part: str) -> None:
    _, checks, words = KEPT_OUT[part]
    for check in checks:
        reason = says(visits, check, "kept-out", lcp_s=30, tbt_ms=9999) if check == "web_vitals" else ""
        # A cover is said first: nothing is judged that it may keep from the keyboard.
        signed = ["cover"] if check == "keyboard" and part != "inert" else []
        reason = reason or says(visits, check, "kept-out", **({"signed": signed} if signed else {}))
        if check == "images":
            assert "img#i “gone” is not loaded" in reason
            continue
        assert re.search(f"cannot decide .*{words}", reason), (check, reason)
        assert "have a person look at them, list them under 'signed'" in reason


def test_a_person_may_sign_for_parts(visits: dict[str, Visit]) -> None:
    kinds = ["frame", "shadow", "canvas", "plugin", "cover", "stylesheet", "script", "image"]
    for check in set(EVERY) - {"images"}:
        assert says(visits, check, "kept-out", signed=kinds) == "", check
        assert "cannot decide 2 points: shadow at x-card#" in says(
            visits, check, "kept-out", signed=[kind for kind in kinds if kind != "shadow"]
        )


@pytest.mark.parametrize("name", COVERED)
def test_what_is_covered_or_never_ends_is_undecided(visits: dict[str, Visit], name: str) -> None:
    for check in EVERY:
        reason = says(visits, check, name)
        keeps = check == "keyboard" and name == "modal" and "the open dialog dialog#ask" in reason
        assert keeps or re.search(rf"cannot decide \d+ points: .*{COVERED[name][1]}", reason), (check, reason)


def test_what_acts_as_a_control_is_undecided(visits: dict[str, Visit]) -> None:
    reason = says(visits, "keyboard", "clickable")
    for element in CLICKABLE:
        assert f"clickable at {element} " in reason, reason
    assert "clickable: reacts to the mouse without being a control that Tab reaches" in reason
    assert "clickable at i#small" in says(visits, "touch_targets", "clickable")
    seen = judged(visits, "browser.keyboard", "clickable", signed=["clickable"])
    assert "12 undecided points are left to the sign-off: clickable at div#by-attribute" in seen.text


@pytest.mark.parametrize("id", CONTRASTS)
def test_what_the_picture_contradicts_is_undecided(visits: dict[str, Visit], id: str) -> None:
    for check in ("contrast", "accessibility"):
        reason = says(visits, check, "contrasts")
        assert re.search(f"cannot decide 14 points: .*color-contrast at p?#{id}\\b", reason), reason


def test_what_can_be_decided_is(visits: dict[str, Visit]) -> None:
    for check in EVERY:
        assert says(visits, check, "decided") == "", check
