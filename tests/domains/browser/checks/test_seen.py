"""What a visitor sees, and what only the page's tree holds: hidden, covered, cut off, or not yet there."""

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

SHELL = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Shop</title>
<meta name="viewport" content="width=device-width, initial-scale=1"><link rel="icon" href="data:,">
<style>body {{ font: 16px sans-serif; margin: 16px; color: #222; background: #fff }}
button, input {{ min-height: 44px; min-width: 44px; margin: 8px }}</style></head>
<body><main><h1>Shop of many things</h1><p>Here you can buy a thing, or another one.</p>{here}</main></body></html>"""
PASSES = "passes"
FALSE = "is false: "
UNDECIDED = "cannot be decided: "

# Check -> what is on the page -> verdict, and words of it.
KEYBOARD: dict[str, tuple[str, str]] = {
    "every field with parts": (
        "".join(f"<label>When <input type={kind}></label>" for kind in ("date", "time", "month", "week"))
        + '<label>When <input type="datetime-local" step="0.001"></label><button>Buy</button>',
        PASSES,
    ),
    "player": ('<video controls width="400" height="200"></video><audio controls></audio>', PASSES),
    "ring of the browser in plain sight": ('<p><a href="/x">Terms of it, and more</a></p><button>Buy</button>', PASSES),
    "field in a group": (
        "<style>.g { overflow: hidden; display: inline-block; border: 1px solid } .g input { margin: 0; outline: none }"
        '</style><div class="g"><input aria-label="Name"></div>',
        PASSES,
    ),
    "checkbox with a face": (
        "<style>.v { position: absolute; opacity: 0 } .v:focus + span { box-shadow: 0 0 0 3px #00f }</style>"
        '<label><input class="v" type="checkbox"><span>I agree</span></label>',
        PASSES,
    ),
    "transparent": ('<button style="opacity: 0">Delete</button>', f"{FALSE}1 look the same with the focus: button"),
    "in something transparent": ('<p style="opacity: 0"><a href="/x">Terms</a></p>', f"{FALSE}1 look the same"),
    "clipped": (
        '<a href="/x" style="position: absolute; width: 1px; height: 1px; overflow: hidden; clip: rect(0 0 0 0)">T</a>',
        f"{FALSE}1 look the same",
    ),
    "covered by a bar": (
        '<div style="height: 560px"></div><a href="/x">Imprint of it</a><div style="position: fixed; left: 0; right: 0; '
        'bottom: 0; height: 140px; background: #333"></div>',
        f"{FALSE}1 look the same",
    ),
    "switch without a ring": (
        '<label><input type="checkbox" style="position: absolute; opacity: 0"><span>Newsletter</span></label>',
        f"{FALSE}1 look the same",
    ),
    "white ring on white": (
        '<style>a { outline-color: #fff !important }</style><a href="/x">Terms of it</a>',
        f"{FALSE}1 look the same",
    ),
}
CASES: dict[str, dict[str, tuple[str, str]]] = {"keyboard": KEYBOARD}
ASPECTS = {"keyboard": "keyboard", "contrast": "axe"}
EVERY = [(check, name) for check, cases in CASES.items() for name in cases]
GIVEN: dict[str, dict[str, object]] = {"responsive": {"widths": [320]}}


def page(text: str) -> Response:
    return Response(200, [("Content-Type", "text/html; charset=utf-8")], text.encode())


@pytest.fixture(scope="module")
def visits() -> dict[str, Visit]:
    program("chromium-headless-shell")
    load_catalogue()
    found: dict[str, Visit] = {}
    paths = {(check, name): f"/{check}/{number}" for number, (check, name) in enumerate(EVERY)}
    with WebApp({path: page(SHELL.format(here=CASES[check][name][0])) for (check, name), path in paths.items()}) as app:
        url = Url(name="shop", url=app.url)
        for start in range(0, len(EVERY), 10):
            looks = tuple(_look(check, paths[check, name]) for check, name in EVERY[start : start + 10])
            found |= read("browser_pages", url, {"browser_pages": looks})
    return {f"{check} {name}": found[path] for (check, name), path in paths.items()}


def _look(check: str, path: str) -> Look:
    if check in ("responsive", "touch_targets"):
        return Look(path, "width", 320 if check == "responsive" else 360)
    return Look(path, ASPECTS.get(check, "page"))  # type: ignore[arg-type]


@pytest.mark.parametrize(("check", "name"), EVERY)
def test_judges_what_is_seen(visits: dict[str, Visit], check: str, name: str) -> None:
    expected = CASES[check][name][1]
    try:
        judged({"": visits[f"{check} {name}"]}, f"browser.{check}", **GIVEN.get(check, {}))
        verdict = PASSES
    except ClaimFalse as false:
        verdict = FALSE + false.seen
    except CouldNotVerify as undecided:
        verdict = UNDECIDED + undecided.reason
    assert re.match(expected, verdict), verdict
