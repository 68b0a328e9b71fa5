"""What a visitor sees, and what only the page's tree holds: hidden, covered, cut off, or not yet there."""

from __future__ import annotations

import re
from typing import Any

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
        '<div style="height: 560px"></div><a href="/x">Imprint</a><div style="position: fixed; left: 0; right: 0; '
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
TABLE = "<table style='width: 700px'><tr><td>Thing<td align=right>Price 20 euros</table>"
SLIDES = "".join(f'<div style="flex: 0 0 33.33%">Slide number {n}</div>' for n in range(3))
RESPONSIVE: dict[str, tuple[str, str]] = {
    "table in a wrapper that hides": (
        f"<div style='overflow: hidden'>{TABLE}</div>",
        f"{FALSE}at 320 px content is cut",
    ),
    "table in a wrapper that clips": (
        f"<div style='overflow-x: clip'>{TABLE}</div>",
        f"{FALSE}at 320 px content is cut",
    ),
    "table in main that hides": (f"<style>main {{ overflow: hidden }}</style>{TABLE}", f"{FALSE}at 320 px content"),
    "words on the right of a wide block": (
        '<div style="overflow: hidden"><div style="width: 640px; text-align: right">Total: 20 euros</div></div>',
        f"{FALSE}at 320 px content is cut off: div “Total: 20 euros”",
    ),
    "line that does not wrap": (
        '<div style="overflow: hidden; white-space: nowrap">Your order number is 2026-1234-5678-9876-1234-5678</div>',
        f"{FALSE}at 320 px content is cut off",
    ),
    "beyond the left edge": (
        '<div style="margin-left: -120px; width: 300px">Delivery is free from now on</div>',
        f"{FALSE}at 320 px content is cut off: div “Delivery",
    ),
    "placed beyond the left edge": (
        '<div style="position: relative; height: 40px"><div style="position: absolute; right: 0; width: 520px">'
        "Delivery is free from fifty euros on</div></div>",
        f"{FALSE}at 320 px content is cut off",
    ),
    "fixed": (
        '<div style="position: fixed; bottom: 0; left: 0; width: 700px">Cookies? <button style="float: right">Yes'
        "</button></div>",
        f"{FALSE}at 320 px content is cut off",
    ),
    "in a frame": (
        "<iframe title=f style='width: 100%' srcdoc='<title>f</title><div style=\"width: 700px\">Wide</div>'></iframe>",
        f"{FALSE}at 320 px it scrolls .* sideways: iframe",
    ),
    "slides": (
        f'<section style="overflow: hidden"><div style="display: flex; width: 300%">{SLIDES}</div></section>',
        f"{UNDECIDED}.*cut at div “Slide number 1”.*; cut: cut off by an edge",
    ),
    "ellipsis": (
        '<div style="overflow: hidden; white-space: nowrap; text-overflow: ellipsis">Your order of many things that '
        "has a long title</div>",
        f"{UNDECIDED}.*cut at div",
    ),
    "narrow": (
        '<div style="overflow: hidden; width: 60px; white-space: nowrap">Things and more</div>',
        f"{UNDECIDED}.*cut at div",
    ),
    "meant so": (
        """<style>html { overflow-x: clip }</style>
<span style="position: absolute; left: -9999px">Only read aloud</span>
<span style="position: absolute; width: 1px; height: 1px; overflow: hidden; white-space: nowrap">Only read aloud</span>
<nav style="position: fixed; top: 0; right: -270px; width: 260px"><a href="/x">Menu item</a></nav>
<nav style="position: fixed; top: 0; left: 0; width: 260px; transform: translateX(-100%)"><a href="/x">Menu</a></nav>
<div style="overflow: hidden; height: 80px"><img src="/x.svg" alt="" width="500" height="80" style="width: 160%"></div>
<div style="width: 100vw; margin-left: calc(50% - 50vw)">Full bleed</div>
<div style="overflow-x: auto" tabindex="0"><table style="width: 900px"><tr><td>a<td>b</table></div>
<h2 style="overflow: hidden; text-indent: -9999px">Shop</h2>
<div style="overflow: hidden; position: relative; height: 40px"><i style="position: absolute; right: -80px;
width: 160px; height: 160px; border-radius: 50%; background: #eef"></i>Glow</div>
<div style="overflow: hidden; width: 0; white-space: nowrap">Search for more</div>
<div style="overflow: hidden"><div style="margin: 0 -16px; padding: 0 16px">A row of a grid</div></div>""",
        PASSES,
    ),
}
KEYBOARD |= {
    "menu for the mouse": (
        "<style>.sub { display: none } .m:hover .sub { display: block }</style>"
        '<div class="m"><a href="/s">Shop</a><div class="sub"><a href="/sale">Sale</a></div></div>',
        f"{UNDECIDED}.*cannot decide 1 points: hover at div.sub .*; hover: shown only while the mouse",
    ),
    "button for the mouse": (
        "<style>.d { visibility: hidden } @media screen { .card:hover > .d { visibility: visible } }</style>"
        '<div class="card">Thing <button class="d">Delete</button></div><button>Buy</button>',
        f"{UNDECIDED}.*hover at button.d",
    ),
    "menu for the focus, too": (
        "<style>.sub { display: none } .m:hover .sub, .m:focus-within .sub { display: block }</style>"
        '<div class="m"><a href="/s">Shop</a><div class="sub"><a href="/sale">Sale</a></div></div>',
        PASSES,
    ),
    "hover that hides nothing": ("<style>a:hover { opacity: 0.8 }</style><a href='/x'>Terms</a>", PASSES),
}
BAR = '<div style="position: fixed; left: 0; right: 0; bottom: 0; height: 70px; background: #eee">Our app</div>'
TOUCH_TARGETS: dict[str, tuple[str, str]] = {
    "under a bar": (
        f'<div style="height: 900px"></div><button style="margin: 0">Order now</button>'
        f"<style>body {{ margin: 0 }}</style>{BAR}",
        f"{FALSE}1 of 1 are smaller at 360 px: button “Order now”, wholly covered or cut off",
    ),
    "under another": (
        '<div style="position: relative; height: 60px"><a style="position: absolute; left: 0; top: 0; padding: 12px" '
        'href="/1">Details of it</a><a style="position: absolute; left: 10px; top: 0; width: 200px; height: 46px" '
        'href="/2">Buy</a></div>',
        f"{FALSE}1 of 2 are smaller at 360 px: a “Details of it” of 9 × 4\\d px",
    ),
    "clipped": (
        '<button style="clip-path: inset(15px); margin: 0">Buy</button><button style="margin: 0 0 0 -20px">Z</button>',
        f"{FALSE}1 of 2 are smaller at 360 px: button “Buy” of ",
    ),
    "all to be met": (
        """<label><input type="checkbox"><span>Yes</span></label><button><svg width="20" height="20"></svg></button>
<div style="height: 900px"></div><button style="border-radius: 50%">+</button>
<div style="position: relative"><input aria-label="Find">
<button style="position: absolute; left: 100px">Go</button></div>
<div style="height: 100px; overflow: auto"><div style="height: 300px"></div><button>In here</button></div>
<button style="pointer-events: none">Later</button>
<div style="position: fixed; top: 0; left: 0; right: 0; height: 50px; background: #eee"><button style="margin: 0">Menu
</button></div>
<div style="height: 900px"></div>""",
        PASSES,
    ),
}
FAR = (
    '<div style="height: 2500px"></div><section style="content-visibility: auto; contain-intrinsic-size: 300px">{}'
    "</section>"
)
HIDDEN = "<style>.v { position: absolute; opacity: 0; width: 1px; height: 1px; min-width: 0; min-height: 0 }</style>"
SMALL = '<label for="{0}" style="display: inline-block; width: 14px; height: 14px; background: #999"></label>'
MAP = (
    '<img src="/x.svg" alt="Towns" usemap="#m" width="60" height="60"><map name="m">'
    '<area href="/a" alt="A" shape="rect" coords="0,0,{0},{1}">'
    '<area href="/b" alt="B" shape="rect" coords="{0},0,{2},{1}"></map>'
)
KEYBOARD |= {
    "tool bar that nothing leads to": (
        '<div role="toolbar" aria-label="Text"><button tabindex="-1">B</button><button tabindex="-1">I</button></div>',
        f"{FALSE}2 not reached: button “B”; button “I”",
    ),
    "menu that nothing leads to": (
        '<ul role="menubar"><li role="none"><a role="menuitem" tabindex="-1" href="/a">Shoes</a></ul>',
        f"{FALSE}1 not reached: a “Shoes”",
    ),
    "grid that nothing leads to": (
        '<table role="grid" aria-label="May"><tr><td role="gridcell" tabindex="-1">1</table>',
        f"{UNDECIDED}.*clickable at td “1”",
    ),
    "groups that arrow keys reach": (
        '<div role="toolbar" aria-label="Text"><button tabindex="0">B</button><button tabindex="-1">I</button></div>'
        '<table role="grid" aria-label="May"><tr><td role="gridcell" tabindex="-1">1<td role="gridcell" tabindex="0">2'
        "</table>",
        PASSES,
    ),
    "focus that a field takes back": (
        "<label>Mail <input id='z' onblur='setTimeout(() => z.focus(), 10)'></label><button>Buy</button>",
        f"{FALSE}.*trapped at input#z",
    ),
    "focus that is taken again and again": (
        "<label>Find <input id='z'></label><button>Buy</button><script>setInterval(() => z.focus(), 150)</script>",
        f"{FALSE}.*trapped at input#z",
    ),
    "timers that leave the focus alone": (
        "<label>Find <input id='z'></label><button>Buy</button><script>setInterval(() => z.title = 1, 150)</script>",
        PASSES,
    ),
    "fields named like properties": (
        "<form>"
        + "".join(f"<label>A <input name='{name}'></label>" for name in ("id", "matches", "style", "children", "slot"))
        + "</form>",
        PASSES,
    ),
    "picture with areas": (MAP.format(30, 60, 60), PASSES),
    "far below": (FAR.format('<a href="/x">The offer of the day</a>'), PASSES),
    "boxless": (
        '<a href="/x" style="display: contents"><span>Offer</span></a><button style="display: contents">Buy</button>',
        f"{FALSE}2 not reached: a “Offer”; button “Buy”",
    ),
    **{
        f"{name} without Tab": (text, f"{FALSE}1 not reached: {words}")
        for name, text, words in (
            ("summary", '<details><summary tabindex="-1">More</summary>x</details>', "summary “More”"),
            ("text", '<p contenteditable tabindex="-1">Note</p>', "p “Note”"),
            ("area", MAP.format(30, 60, 60).replace("<area ", '<area tabindex="-1" ', 1), "area “A”"),
        )
    },
    **{
        f"choice on a card that shows {how}": (
            f"<style>.c {{ padding: 20px; border: 1px solid }} .c input {{ opacity: 0 }} .c{how} {{ border-color: "
            '#00f }</style><div class="c"><input type="radio" name="r" aria-label="Small"> Small</div>',
            PASSES if "focus" in how else f"{FALSE}1 look the same",
        )
        for how in (":focus-within", ":has(:focus-visible)", ":hover")
    },
    "many links between two pixels": (
        "".join(f'<a href="/{n}" style="display: inline-block; width: 43.{n}px">L{n}</a> ' for n in range(100, 200)),
        PASSES,
    ),
    "far below, not reached": (FAR.format('<a href="/x" tabindex="-1">Offer</a>'), f"{FALSE}1 not reached: a “Offer”"),
}
RESIZED = (
    '<div id="z" style="width: {}px">Chart</div><script>let timer; addEventListener("resize", () => {{'
    "clearTimeout(timer); timer = setTimeout(() => z.style.width = innerWidth + {} + 'px', 250) }})</script>"
)
RESPONSIVE |= {
    "widened after a while": (RESIZED.format(200, 200), f"{FALSE}at 320 px it scrolls 2.. px sideways: div#z"),
    "narrowed after a while": (RESIZED.format(900, -50), PASSES),
    "far below": (FAR.format(TABLE), f"{FALSE}at 320 px content is cut off: td “Price 20 euros”"),
    "far below, and narrow": (FAR.format("<table><tr><td>Thing<td>Price</table>"), PASSES),
    "long word": ("<h2>Donaudampfschifffahrtsgesellschaft</h2>", f"{FALSE}at 320 px it scrolls .*: h2 “Donau"),
    "from right to left": (
        f"<script>document.documentElement.dir = 'rtl'</script>{TABLE}",
        f"{FALSE}at 320 px it scrolls .* sideways: td",
    ),
    "two viewports": (
        '<meta name="viewport" content="width=1024">',
        f"{FALSE}no meta viewport with width=device-width but 'width=1024'",
    ),
    "two widths": (
        '<meta name="viewport" content="width=device-width, width=1024">',
        f"{FALSE}no meta viewport with width=device-width but",
    ),
    "viewport in other letters": ('<meta name="viewport" content="Width = Device-Width; Initial-Scale=1">', PASSES),
}
TOUCH_TARGETS |= {
    "faces of hidden fields": (
        HIDDEN + "".join(f'<input class="v" type="radio" name="r" id="r{n}">{SMALL.format(f"r{n}")}' for n in "123"),
        f"{FALSE}3 of 3 are smaller at 360 px: input#r1.* of 14 × 14 px",
    ),
    "large faces of hidden fields": (
        HIDDEN
        + '<input class="v" type="file" id="f"><label for="f" style="display: inline-block; padding: 14px">Up</label>',
        PASSES,
    ),
    "areas of a picture": (MAP.format(10, 10, 20), f"{FALSE}2 of 2 are smaller at 360 px: area “A” of 10 × 10 px"),
    "large areas of a picture": (MAP.format(30, 60, 60), PASSES),
    "boxless": (
        "".join(
            f'<a href="/{n}" style="display: contents" aria-label="{n}"><span style="display: inline-block; '
            'width: 9px; height: 9px"></span></a>'
            for n in "AB"
        ),
        f"{FALSE}2 of 2 are smaller at 360 px: a “A” of 9 × 9 px",
    ),
    "items of a group": (
        '<div role="radiogroup">'
        + "".join(
            f'<span role="radio" tabindex="{first}" style="display: inline-block; width: 9px; height: 9px">.</span>'
            for first in (0, -1, -1)
        )
        + "</div>",
        f"{FALSE}3 of 3 are smaller at 360 px",
    ),
    "far below": (FAR.format("<button>Buy</button><button>Sell</button>"), PASSES),
}
CUES = "<video><track kind=captions src=/{}.vtt></video>"
PAGE: dict[str, dict[str, tuple[str, str]]] = {
    "web_vitals": {
        "frame of the same origin": (
            '<iframe id="f" title="f" src="/frame" width="900" height="450"></iframe>',
            f"{UNDECIDED}.*framed at iframe#f “frame”; framed: a frame, whose times",
        ),
        "small frame": ('<iframe title="f" src="/frame" width="20" height="20"></iframe>', PASSES),
    },
    "requests": {
        **{
            f"kept from {what}": (
                "<script>const policy = document.createElement('meta'); policy.httpEquiv = 'Content-Security-Policy';"
                f"policy.content = `{directive} 'none'`; document.head.append(policy)</script>{text}",
                f"{FALSE}1 of .* were not: blocked by {directive} of the Content-Security-Policy for GET {address}",
            )
            for what, directive, text, address in (
                ("fetching", "connect-src", "<script>fetch('/frame').catch(() => 0)</script>", "http.*/frame"),
                ("telling", "connect-src", "<script>navigator.sendBeacon('/frame', 'x')</script>", "http.*/frame"),
                (
                    "talking",
                    "connect-src",
                    "<script>new WebSocket('ws://localhost:1/x')</script>",
                    "ws://localhost:1/x",
                ),
                (
                    "working",
                    "worker-src",
                    "<script>try { new Worker('/worker.js') } catch {}</script>",
                    "http.*/worker.js",
                ),
                ("framing", "frame-src", "<iframe src='http://localhost:1/x'></iframe>", "http://localhost:1"),
                ("playing", "media-src", "<video src='/x.mp4'></video>", "http.*/x.mp4"),
            )
        },
        "socket": (
            "<script>new WebSocket(`ws://${location.host}/gone-socket?key=1`)</script>",
            f"{FALSE}1 of 2 were not: 404 for GET ws://localhost:\\d+/gone-socket",
        ),
        "socket of a proxy without its server": (
            "<script>new WebSocket(`ws://${location.host}/bad-socket`)</script>",
            f"{FALSE}1 of 2 were not: 502 for GET ws",
        ),
        "socket of nobody": (
            "<script>new WebSocket('ws://localhost:1/x')</script>",
            f"{FALSE}1 of 2 were not: .* for GET ws://localhost:1/x",
        ),
        "service worker that is gone": (
            "<script>navigator.serviceWorker.register('/gone.js').catch(() => 0)</script>",
            f"{FALSE}1 of 2 were not: Failed to register a ServiceWorker.* for GET http://localhost:\\d+/gone.js",
        ),
        "service worker": ("<script>navigator.serviceWorker.register('/worker.js')</script>", PASSES),
    },
    "console": {
        "timer": (
            "<script>addEventListener('load', () => setTimeout(() => { throw new Error('late') }, 1500))</script>",
            f"{FALSE}1: uncaught: late",
        ),
        "timer of a timer": (
            "<script>setTimeout(() => setTimeout(() => console.error('late'), 900), 900)</script>",
            f"{FALSE}1: error: late",
        ),
        "timers that do not matter": (
            "<script>clearTimeout(setTimeout(() => null.x, 900)); setTimeout('console.info(1)', 10);"
            "setInterval(() => 1, 3e5); setTimeout(() => null.x, 3e5)</script>",
            PASSES,
        ),
        **{
            f"blank, by {how}": (
                text,
                f"{UNDECIDED}.*: the page shows nothing in pictures of it, which are of one colour$",
            )
            for how, text in (
                ("what keeps it from flickering", "<style>main { opacity: 0 }</style>"),
                ("its place", "<style>main { transform: translateX(-150vw) }</style>"),
                ("its colour", "<style>body { color: #fff }</style>"),
            )
        },
        "blank, by what lies over it": (
            '<div style="position: fixed; inset: 0; background: #fff"></div>',
            f"{UNDECIDED}.*which are of one colour but what could not be looked at: cover at div",
        ),
        "blank in its first window": (
            "<style>h1 { margin-top: 2000px }</style>",
            PASSES,
        ),
        "service worker that nobody catches": (
            "<script>navigator.serviceWorker.register('/gone.js')</script>",
            f"{FALSE}.*uncaught: .*Failed to register a ServiceWorker",
        ),
        "assert": (
            "<script>console.assert(1 > 0, 'so'); console.assert(false, 'the cart is empty')</script>",
            f"{FALSE}1: error: .*the cart is empty",
        ),
    },
    "images": {
        "input": (
            '<input type="image" src="/gone.webp" alt="Buy">',
            f"{FALSE}1 fault in 1 images: input.* is not loaded",
        ),
        "drawing": (
            '<svg width="60" height="60" role="img"><image href="/gone.webp" width="60" height="60" /></svg>',
            f"{FALSE}1 fault in 1 images: image.* is not loaded",
        ),
        **{
            f"sized by {size}": (
                f'<img src="/x.svg" alt="A thing" {size}>',
                f"{FALSE}1 fault in 1 images: img.* has no width and height",
            )
            for size in (
                'width="100%" height="auto"',
                'width="100%" height="100%"',
                'width="60" height=""',
                'width="60" height="0" style="height: auto"',
            )
        },
        "sized": (
            """<img src="/x.svg?1" alt="A" width="60px" height="60.5">
<img src="/x.svg?2" alt="A" width="60" height="60" style="max-width: 100%; height: auto">
<div style="width: 60px; height: 60px"><img src="/x.svg?3" alt="A" style="width: 100%; height: 100%"></div>
<div style="width: 60px; aspect-ratio: 1"><img src="/x.svg?4" alt="A" style="width: 100%; height: 100%"></div>
<div style="width: 60px; height: 60px; display: flex"><p style="flex: 1"><img src="/x.svg?5" alt="A"
style="width: 100%; height: 100%"></p></div>
<img src="/x.svg?6" alt="A" style="width: 60px; aspect-ratio: 1 / 1">""",
            PASSES,
        ),
        "both there": (
            '<input type="image" src="/x.svg" alt="Buy" width="60" height="60"><svg width="60" height="60" role="img">'
            '<image href="/x.svg" width="60" height="60" /></svg>',
            PASSES,
        ),
        "placeholder": (
            '<img src="data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7" alt="A thing" '
            'data-src="/x.svg" width="60" height="60">',
            f"{FALSE}1 fault in 1 images: img “A thing” still shows a placeholder instead of its data-src",
        ),
        "loader that ran": (
            '<img id="i" alt="A thing" data-src="/x.svg" width="60" height="60"><script>i.src = i.dataset.src</script>',
            PASSES,
        ),
        "goes on": (
            '<meta http-equiv="refresh" content="1; url=/frame">',
            f"{UNDECIDED}GET http://localhost:\\d+/images/\\d+ led to .*/frame, which is another page",
        ),
        "goes on later": (
            '<meta http-equiv="refresh" content="30; URL=\'/frame\'">',
            f"{UNDECIDED}.* could not be looked at \\(it goes on to http://localhost:\\d+/frame by itself after 30 s",
        ),
        "goes on after its time": ('<meta http-equiv="refresh" content="1800; url=/frame">', PASSES),
        "loads itself again": ('<meta http-equiv="refresh" content="300">', PASSES),
    },
    "captions": {
        "blank": (CUES.format("blank"), f"{FALSE}1 of 1 have none: video: captions holds no cues"),
        "backwards": (CUES.format("backwards"), f"{FALSE}1 of 1 have none: video: captions holds no cues"),
        "blanks and tags": (CUES.format("tags"), f"{FALSE}1 of 1 have none: video: captions holds no cues"),
        "some": (CUES.format("some"), PASSES),
        "kind in capital letters": (CUES.format("some").replace("captions", "Captions"), PASSES),
        "kind that is none": (CUES.format("some").replace("captions", "caption"), f"{FALSE}1 of 1 .*: no track"),
    },
    "contrast": {
        "start page for a style sheet": (
            '<link rel="stylesheet" href="/frame">',
            f"{UNDECIDED}.*stylesheet at .*/frame \\(text/html\\)",
        ),
        "numbers of a list": (
            "<style>li::marker { color: #ddd }</style><ol><li>Choose a thing from the list</li></ol>",
            f"{UNDECIDED}.*color-contrast at li.*::marker",
        ),
        **{
            f"{name} of a field": (text, f"{UNDECIDED}.*color-contrast at {where}")
            for name, text, where in (
                (
                    "options",
                    '<select aria-label="L" size="3"><option style="color: #ccc">Chile</select>',
                    "option “Chile”",
                ),
                (
                    "groups",
                    '<style>optgroup { color: #ccc } option { color: #222 }</style><select aria-label="L" multiple>'
                    '<optgroup label="South"><option>Chile</optgroup></select>',
                    "optgroup “",
                ),
                (
                    "button",
                    "<style>::file-selector-button { color: #fff; background: #cdf }</style>"
                    '<input type="file" aria-label="F">',
                    "input.*::file-selector-button",
                ),
            )
        },
        **{
            f"frame {how}": (
                frame.format("<title>f</title><p style='color: #ccc'>Delivery is free from now on</p>"),
                f"{FALSE}1 rules violated: color-contrast .*> p",
            )
            for how, frame in (
                ("of text", '<iframe title="f" srcdoc="{}"></iframe>'),
                (
                    "written by a script",
                    '<iframe title="f" id="f"></iframe><script>f.contentDocument.write("{}")</script>',
                ),
            )
        },
        "judge of the page's own": (
            "<script>axe = { run: () => ({ passes: [], violations: [], incomplete: [], testEngine: {} }) }</script>"
            '<p style="color: #ccc">Delivery is free from fifty euros on</p>',
            f"{FALSE}1 rules violated: color-contrast",
        ),
        "things that an old library extends": (
            "<script>Object.prototype.extend = function () {}; window.CSS = null;"
            "Array.from = things => { const all = []; for (const n in things) all.push(things[n]); return all }"
            "</script>",
            PASSES,
        ),
        "fields": (
            '<select aria-label="L" size="3" style="width: 300px; height: 150px"><option>Chile<option>Peru'
            "<option disabled>Cuba</select>"
            '<input type="file" aria-label="F">'
            '<select aria-label="M"><option>Mars<option style="color: #ccc">Io</select>',
            PASSES,
        ),
        "selection in the colours of its page": (
            '<select aria-label="L" style="color: #bbb; background: #fff"><option>Chile</select>',
            f"{FALSE}1 rules violated: color-contrast",
        ),
        **{
            f"{name} at the end of {what}": (
                shell.format(f'<div style="height: 2000px"></div><p style="{style}">The imprint of the shop</p>'),
                verdict,
            )
            for what, shell in (
                (
                    "a shell",
                    '<div style="display: flex; height: 300px; overflow: hidden"><div style="flex: 1; overflow: auto">'
                    "{}</div></div>",
                ),
                ("what is fixed", "<style>main {{ position: fixed; inset: 0; overflow: auto }}</style>{}"),
            )
            for name, style, verdict in (
                ("pale text", "color: #ccc", f"{UNDECIDED}.*color-contrast at p"),
                ("faded text", "filter: opacity(0.3)", f"{UNDECIDED}.*color-contrast at p"),
                ("text", "", PASSES),
            )
        },
        "list": ("<ol><li>Choose a thing from the list</li></ol>", PASSES),
    },
}
CASES: dict[str, dict[str, tuple[str, str]]] = {
    "keyboard": KEYBOARD,
    "responsive": RESPONSIVE,
    "touch_targets": TOUCH_TARGETS,
    **PAGE,
}
ASPECTS = {"keyboard": "keyboard", "contrast": "axe"}
EVERY = [(check, name) for check, cases in CASES.items() for name in cases]
GIVEN: dict[str, dict[str, Any]] = {"responsive": {"widths": [320]}, "web_vitals": {"lcp_s": 30, "tbt_ms": 9999}}


def _file(kind: str, text: str, status: int = 200) -> Response:
    return Response(status, [("Content-Type", kind)], text.encode())


FILES = {
    "/x.svg": _file("image/svg+xml", "<svg xmlns='http://www.w3.org/2000/svg' width='60' height='60'/>"),
    "/frame": _file("text/html", "<!doctype html><html lang=en><title>f</title><p>What this frame shows</p>"),
    "/worker.js": _file("text/javascript", ""),
    "/bad-socket": _file("text/html", "Bad Gateway", 502),
    "/blank.vtt": _file("text/vtt", "WEBVTT\n\n00:00.000 --> 00:02.000\n \n"),
    "/backwards.vtt": _file("text/vtt", "WEBVTT\n\n00:02.000 --> 00:01.000\nHello\n"),
    "/tags.vtt": _file("text/vtt", "WEBVTT\n\n00:00.000 --> 00:02.000\n&nbsp;<c.x></c>\n"),
    "/some.vtt": _file("text/vtt", "WEBVTT\n\n00:00.000 --> 00:01.000\n \n\n00:01.000 --> 00:02.000\nHello\n"),
}


def page(text: str) -> Response:
    return Response(200, [("Content-Type", "text/html; charset=utf-8")], text.encode())


@pytest.fixture(scope="module")
def visits() -> dict[str, Visit]:
    program("chromium-headless-shell")
    load_catalogue()
    found: dict[str, Visit] = {}
    paths = {(check, name): f"/{check}/{number}" for number, (check, name) in enumerate(EVERY)}
    pages = {path: page(SHELL.format(here=CASES[check][name][0])) for (check, name), path in paths.items()}
    with WebApp({**pages, **FILES}) as app:
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


def test_a_header_that_goes_on_is_followed() -> None:
    program("chromium-headless-shell")
    first = page(SHELL.format(here=""))
    first = first._replace(headers=[*first.headers, ("Refresh", "1; url=/frame")])
    with WebApp({"/": first, **FILES}) as app:
        seen = read("browser_pages", Url(name="shop", url=app.url), {"browser_pages": (Look(""),)})
    assert f"({app.url}/frame, 200, " in judged(seen, "browser.console").text


def test_a_path_is_the_same_page_in_either_way_of_writing() -> None:
    program("chromium-headless-shell")
    with WebApp({"/%C3%BCber%20uns": page(SHELL.format(here="")), **FILES}) as app:
        look = Look("/über%20uns")
        seen = read("browser_pages", Url(name="shop", url=app.url), {"browser_pages": (look,)})
    assert judged(seen, "browser.console", "/über%20uns")


@pytest.mark.parametrize(
    ("script", "words"),
    [
        (
            "addEventListener('load', () => setTimeout(() => location.reload(), 300))",
            # On a busy machine it does so before anything can be asked, again and again.
            r"it loaded itself again, or went on|could not be looked at \(Timeout",
        ),
        ("Array.prototype.reduce = function () { return this[0] }", "its scripts seem to have replaced"),
    ],
)
def test_a_page_that_cannot_be_asked_is_its_own_trouble(script: str, words: str) -> None:
    program("chromium-headless-shell")
    odd = page(SHELL.format(here=f"<script>{script}</script>"))
    with WebApp({"/": page(SHELL.format(here="")), "/odd": odd, **FILES}) as app:
        seen = read("browser_pages", Url(name="shop", url=app.url), {"browser_pages": (Look("/odd"), Look(""))})
    with pytest.raises(CouldNotVerify, match=words):
        judged(seen, "browser.console", "/odd")
    assert judged(seen, "browser.console")


def test_xml_with_an_error_is_no_page() -> None:
    program("chromium-headless-shell")
    text = '<html xmlns="http://www.w3.org/1999/xhtml"><head><title>Shop</title></head><body><h1>Shop</h1>'
    text += "{}</body></html>"
    with WebApp({"/": _file("application/xhtml+xml", text.format("<p>All you need<br></p>"))} | FILES) as app:
        seen = read("browser_pages", Url(name="shop", url=app.url), {"browser_pages": (Look(""),)})
    with pytest.raises(CouldNotVerify, match=r"XML that cannot be read to its end, .*: error on line 1 at column"):
        judged(seen, "browser.console")
    with WebApp(
        {"/": _file("application/xhtml+xml", text.format("<p>All you need for a day<br/>on the sea</p>"))} | FILES
    ) as app:
        seen = read("browser_pages", Url(name="shop", url=app.url), {"browser_pages": (Look(""),)})
    assert judged(seen, "browser.console")


def test_too_many_paths_are_refused_with_a_way_out() -> None:
    looks = tuple(Look(f"/{number}") for number in range(11))
    with WebApp() as app, pytest.raises(CouldNotVerify, match=r"11 paths .* declare the same address once more"):
        read("browser_pages", Url(name="shop", url=app.url), {"browser_pages": looks})
