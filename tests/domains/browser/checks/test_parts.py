"""What a visit is kept out of, and what it cannot decide, on pages that a visitor may well meet."""

from __future__ import annotations

import re
from collections.abc import Iterator

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
IMAGE = 'src="data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7"'
EVERY = ("accessibility", "contrast", "keyboard", "touch_targets", "responsive", "captions", "images")
LOOKING = ("accessibility", "contrast", "keyboard", "touch_targets")
OVER = "position: fixed; inset: 0; z-index: 9; background: #fff"
# What is on the page, which checks cannot decide it, and how they name it.
PARTS: dict[str, tuple[str, tuple[str, ...], str]] = {
    "frame-elsewhere": (
        '<iframe id="ad" title="x" src="OTHER/faulty"></iframe>',
        EVERY,
        r"frame at iframe#ad.* of http",
    ),
    "frame-sandboxed": ('<iframe id="ad" title="x" sandbox src="/faulty"></iframe>', EVERY, "frame at iframe#ad"),
    "frame-data": ('<iframe id="ad" title="x" src="data:text/html,<p>Hi"></iframe>', EVERY, "frame at iframe#ad"),
    "frame-unscripted": (
        '<iframe id="ad" title="x" sandbox="allow-same-origin" srcdoc="<html lang=en><title>x</title><p>Hi"></iframe>',
        EVERY,
        r"frame at iframe#ad \(its scripts are switched off\)",
    ),
    "closed-tree": (
        "<x-card id=card></x-card><script>card.attachShadow({mode: 'closed'}).innerHTML = '<p>Pale</p>'</script>",
        EVERY,
        "shadow at x-card#card",
    ),
    "closed-tree-declared": (
        "<x-card id=card><template shadowrootmode=closed><button>Pay</button></template></x-card>",
        EVERY,
        "shadow at x-card#card",
    ),
    "canvas": ('<canvas id="chart" width="200" height="50"></canvas>', LOOKING, "canvas at canvas#chart"),
    "plugin": (
        '<object id="map" aria-label="Map" data="/faulty" width="99" height="99"></object>',
        EVERY,
        "plugin at obj",
    ),
    "consent": (
        f'<div id="consent" style="{OVER}"><p>We use cookies</p><button>Yes</button></div>',
        EVERY,
        "cover at div#c",
    ),
    "modal": (
        "<dialog id=d><button>Yes</button></dialog><script>d.showModal()</script>",
        LOOKING[:2],
        "cover at dialog#d",
    ),
    "inert": ("<div id=shop inert><p>Not yet for you</p></div>", EVERY, "cover at div#shop"),
    "endless": (
        "<script>onscroll = () => document.body.append(Object.assign(document.createElement('div'), "
        "{style: 'height: 900px'}))</script>",
        EVERY,
        r"rest at the page below \d+ px",
    ),
    "no-style": (
        '<link rel="stylesheet" href="/gone.css">',
        (*LOOKING, "responsive"),
        r"stylesheet at .*gone.css \(404\)",
    ),
    "no-script": ('<script src="/gone.js"></script>', (*EVERY, "web_vitals"), r"script at .*gone.js \(404\)"),
    "clickable": ('<div onclick="1">Pay now</div>', ("keyboard",), "clickable at div “Pay now”"),
    "listener": (
        "<span id=pay>Pay</span><script>pay.addEventListener('click', () => 0)</script>",
        ("keyboard",),
        "clickable at span#pay",
    ),
    "pointer": ('<div id="pay" style="cursor: pointer">Pay</div>', ("keyboard",), "clickable at div#pay"),
    "link-to-nowhere": ('<a id="pay" onclick="1">Pay</a>', ("keyboard",), "clickable at a#pay"),
    "tabs": ("<div role=tablist><div role=tab id=one>One</div></div>", ("keyboard",), "clickable at div#one"),
    "upload": ('<label id="up">Upload <input type="file" hidden></label>', ("keyboard",), "clickable at label#up"),
    "clickable-in-a-frame": (
        "<iframe title=x srcdoc='<html lang=en><title>x</title><p id=pay>Pay</p>"
        "<script>pay.addEventListener(`click`, () => 0)</script>'></iframe>",
        ("keyboard",),
        "clickable at p#pay",
    ),
    "clickable-in-a-tree": (
        "<x-card><template shadowrootmode=open><div id=pay onclick=1>Pay</div></template></x-card>",
        ("keyboard",),
        "clickable at div#pay",
    ),
    "clickable-small": (
        '<div><i onclick="1" style="display: inline-block; width: 9px">+</i><i onclick="1">-</i></div>',
        ("keyboard", "touch_targets"),
        "clickable at i “[+]”",
    ),
}
TEXT = '<p id="text" style="STYLE">A text of some words</p>'
# What axe computes and the picture does not show.
CONTRASTS: dict[str, str] = {
    "before": "<style>#text::before { content: ''; display: block; height: 60px; margin-bottom: -60px; background: #000 }"
    "</style>" + TEXT.replace("STYLE", "color: #fff"),
    "before-around": "<style>#box::before { content: ''; display: block; height: 60px; margin-bottom: -60px; "
    "background: #000 }</style><div id=box>" + TEXT.replace("STYLE", "color: #000") + "</div>",
    "blend": TEXT.replace("STYLE", "color: #000; mix-blend-mode: lighten"),
    "filter": TEXT.replace("STYLE", "color: #000; filter: opacity(0.2)"),
    "backdrop": '<div style="background: #000">'
    + TEXT.replace("STYLE", "color: #fff; backdrop-filter: invert(1)")
    + "</div>",
    "mask": TEXT.replace("STYLE", "mask-image: linear-gradient(rgb(0 0 0 / 10%), rgb(0 0 0 / 10%))"),
    "inset-shadow": TEXT.replace("STYLE", "color: #000; box-shadow: inset 0 0 0 99px #111"),
    "border-image": TEXT.replace("STYLE", "border: 40px solid; border-image: linear-gradient(#000, #111) 1 fill"),
    "gradient": TEXT.replace("STYLE", "background: linear-gradient(#000, #fff)"),
    "group": '<div style="opacity: 0.5; background: #000"><div style="opacity: 0.5; background: #f00">'
    + TEXT.replace("STYLE", "color: #fff")
    + "</div></div>",
    "veil": TEXT.replace("STYLE", "color: #000")
    + '<div style="position: fixed; inset: 0; background: rgb(255 255 255 / 90%); pointer-events: none"></div>',
    "first-line": "<style>#text::first-line { color: #eee }</style>" + TEXT,
    "written-before": "<style>#text::before { content: 'Sold out '; color: #eee }</style>" + TEXT,
    "placeholder": "<style>#text::placeholder { color: #ddd }</style><input id=text aria-label=x placeholder='Find'>",
}
# What looks like one of those, and is decided.
FINE: dict[str, tuple[str, tuple[str, ...]]] = {
    "half-transparent": (TEXT.replace("STYLE", "color: #000; opacity: 0.8"), ("contrast",)),
    "on-black": (TEXT.replace("STYLE", "color: rgb(255 255 255 / 80%); background: rgb(0 0 0 / 80%)"), ("contrast",)),
    "emoji": ("<p>🛒🛒 Buy 🎁🎁</p><input aria-label=x placeholder='Find'><input aria-label=y>", ("contrast",)),
    "icon": ("<style>#text::before { content: '\\e001 → ' }</style>" + TEXT, ("contrast",)),
    "own-frame": ('<iframe title="x" src="/fine"></iframe>', EVERY),
    "no-frame": ('<iframe title="x" src="OTHER/faulty" hidden></iframe>', EVERY),
    "slotted": ("<x-card>Hi<template shadowrootmode=closed><div><slot></slot></div></template></x-card>", EVERY),
    "long": ('<div style="height: 20000px"></div>', EVERY),
    "header": ('<div style="position: fixed; top: 0; left: 0; right: 0; background: #fff">Hello</div>', EVERY),
    "delegates": (
        "<ul id=l><li><button>A</button></ul><script>l.onclick = onclick = () => 0; document.body.onclick = l.onclick"
        "</script>",
        ("keyboard", "touch_targets"),
    ),
    "roving": (
        "<div role=tablist><button role=tab>A</button><button role=tab tabindex=-1 onclick=1>B</button></div>",
        ("keyboard",),
    ),
    "part-of-a-control": ("<button><span onclick='1'>Pay</span></button>", ("keyboard",)),
    "options": (
        "<input role=combobox aria-expanded=true aria-label=x aria-controls=o><ul role=listbox id=o aria-label=y>"
        "<li role=option aria-selected=true style='padding: 16px'>A</ul>",
        ("keyboard",),
    ),
}


def page(here: str, other: str) -> Response:
    body = GOOD.replace("<!-- here -->", here).replace("OTHER", other).replace("/thing.webp", "/thing")
    body = re.sub(r"<img [^>]*>", "", body)
    return Response(200, [("Content-Type", "text/html; charset=utf-8")], body.encode())


@pytest.fixture(scope="module")
def visits() -> Iterator[dict[str, Visit]]:
    program("chromium-headless-shell")
    load_catalogue()
    bodies = {name: here for name, (here, _, _) in PARTS.items()} | CONTRASTS
    bodies |= {name: here for name, (here, _) in FINE.items()}
    faulty = Response(200, [("Content-Type", "text/html")], FAULTY.encode())
    fine = Response(200, [("Content-Type", "text/html")], b"<html lang=en><title>x</title><p>Fine text</p>")
    found: dict[str, Visit] = {}
    with WebApp({"/faulty": faulty}) as elsewhere:
        pages = {f"/{name}.html": page(here, elsewhere.url) for name, here in bodies.items()}
        with WebApp({**pages, "/faulty": faulty, "/fine": fine}) as app:
            url = Url(name="shop", url=app.url)
            paths = list(pages)
            for some in (paths[n : n + 10] for n in range(0, len(paths), 10)):
                looks = [Look(path, what) for path in some for what in ("axe", "keyboard")]
                looks += [Look(path, "width", 360) for path in some]
                found |= read("browser_pages", url, {"browser_pages": tuple(looks)})
    yield found


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


@pytest.mark.parametrize("name", PARTS)
def test_what_the_visit_is_kept_out_of_is_undecided_and_named(visits: dict[str, Visit], name: str) -> None:
    _, checks, words = PARTS[name]
    for check in checks:
        reason = says(visits, check, name)
        assert re.search(f"cannot decide .*{words}", reason), (check, reason)
        assert "have a person look at them, list them under 'signed'" in reason


def test_a_person_may_sign_for_a_part(visits: dict[str, Visit]) -> None:
    for check in EVERY:
        assert says(visits, check, "closed-tree", signed=["shadow at x-card#card"]) == "", check
        assert says(visits, check, "closed-tree", signed=["frame"]), check
    seen = judged(visits, "browser.keyboard", "clickable", signed=["clickable"])
    assert "1 undecided points are left to the sign-off: clickable at div “Pay now”" in seen.text


@pytest.mark.parametrize("name", CONTRASTS)
def test_what_the_picture_contradicts_is_undecided(visits: dict[str, Visit], name: str) -> None:
    assert re.search(
        r"cannot decide \d+ points: .*color-contrast at (p?#text|p#text.*::before)",
        reason := says(visits, "contrast", name),
    ), reason
    assert says(visits, "accessibility", name) != ""


@pytest.mark.parametrize("name", FINE)
def test_what_can_be_decided_is(visits: dict[str, Visit], name: str) -> None:
    for check in FINE[name][1]:
        assert says(visits, check, name) == "", check
