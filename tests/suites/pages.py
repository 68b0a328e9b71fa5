"""The look of the application's pages, and the files that the web server serves itself."""

from __future__ import annotations

import hashlib
import html
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.stack.silent import Response
from tests.stack.site import VTT, WEBP

STYLE = """\
body { font: 16px/1.5 sans-serif; margin: 16px; color: #222; background: #fff }
a, button, input, select, textarea { color: #00458b; background: #fff; font: inherit }
a, button, input, select, textarea { display: inline-block; box-sizing: border-box; min-height: 48px; min-width: 48px }
a, button { padding: 8px; margin: 4px 8px 4px 0 }
input, textarea { border: 1px solid #555; max-width: 100% }
input[type=checkbox] { width: 48px }
label { display: block; margin: 8px 0 }
a:focus, button:focus, input:focus, select:focus, textarea:focus, video:focus { outline: 3px solid #00458b }
img, video { max-width: 100%; height: auto }
.pale { color: #bbb }
.tiny { min-width: 10px; min-height: 10px; width: 10px; height: 10px; padding: 0; margin: 0 }
.wide { width: 1500px }
.room { height: 1400px }
""" + "".join(f".column-{number} {{ width: {number}% }}\n" for number in range(1, 101))
SCRIPT = """\
"use strict";
const api = "https://api.example.com/api/v1";
document.documentElement.dataset.api = api;
const orders = document.getElementById("orders");
if (orders) {
  fetch("/api/v1/orders")
    .then((answer) => answer.json())
    .then((found) => { orders.textContent = `Fetched orders: ${found.orders.length}`; });
}
""" + "".join(f'const text{number} = "Text number {number} of the shop";\n' for number in range(60))


def hashed(name: str, data: str) -> str:
    """The name of a file with a hash of its content, by which it can be kept for ever."""
    stem, suffix = name.split(".")
    return f"{stem}.{hashlib.sha256(data.encode()).hexdigest()[:16]}.{suffix}"


STYLE_NAME, SCRIPT_NAME = hashed("shop.css", STYLE), hashed("shop.js", SCRIPT)
HEAD = (
    '<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'
    f'<link rel="stylesheet" href="/assets/{STYLE_NAME}"><script src="/assets/{SCRIPT_NAME}" defer></script>'
)
LINKS = {"/": "Home", "/products": "Products", "/library": "Library", "/help": "Help", "/login": "Sign in"}
FRONT = """\
<p>Everything that a shop has, and what a shop needs to be looked at.</p>
<img src="/assets/thing.webp" alt="A thing on a table" width="60" height="60">
<h2>How it works</h2>
<video width="320" height="180" preload="none" aria-label="How to order"><track kind="captions" srclang="en"
label="English" src="/assets/captions.vtt" default></video>
<div class="room"></div>
<img src="/assets/other.webp" alt="Another thing on a shelf" width="60" height="60" loading="lazy">
"""
MAINTENANCE = "We are down for maintenance"


def page(title: str, body: str, headers: Iterable[tuple[str, str]] = (), status: int = 200) -> Response:
    """A page in the shop's look."""
    return Response(
        status,
        [("Content-Type", "text/html; charset=utf-8"), ("Cache-Control", "no-cache"), *headers],
        whole(title, body),
    )


def whole(title: str, body: str) -> bytes:
    """The document of a page."""
    links = "".join(f'<a href="{path}">{text}</a>' for path, text in LINKS.items())
    heading = html.escape(title)
    return (
        f'<!doctype html>\n<html lang="en"><head><title>{heading}</title>{HEAD}</head><body>\n'
        f'<header><nav aria-label="Main">{links}</nav></header>\n<main><h1>{heading}</h1>\n{body}</main>\n'
        f'<footer><a href="/terms">Terms</a><a href="/privacy">Privacy</a></footer></body></html>\n'
    ).encode()


def form(action: str, button: str, csrf: str, fields: str, kind: str = "") -> str:
    """A form that is sent by POST, with the token against forgery."""
    encoding = f' enctype="{kind}"' if kind else ""
    return (
        f'<form id="main" method="post" action="{action}"{encoding}>'
        f'<input type="hidden" name="csrf" value="{csrf}">{fields}<button>{button}</button></form>'
    )


def field(label: str, name: str, type: str = "text", complete: str = "off") -> str:
    """A labelled field of a form."""
    return f'<label>{label} <input name="{name}" type="{type}" autocomplete="{complete}"></label>'


def write_files(root: Path) -> None:
    """Write what the web server serves by itself below a new folder."""
    files = {
        f"assets/{STYLE_NAME}": STYLE.encode(),
        f"assets/{SCRIPT_NAME}": SCRIPT.encode(),
        "assets/thing.webp": WEBP,
        "assets/other.webp": WEBP,
        "assets/captions.vtt": VTT,
        "robots.txt": b"User-agent: *\nDisallow: /account\n",
        ".well-known/security.txt": (
            f"Contact: mailto:security@example.com\n"
            f"Expires: {datetime.now(UTC) + timedelta(days=180):%Y-%m-%dT%H:%M:%SZ}\n"
        ).encode(),
        "maintenance.html": whole(MAINTENANCE, "<p>Please come back in an hour.</p>"),
        "unavailable.html": whole("Something went wrong", "<p>Please try again in a minute.</p>"),
    }
    for name, data in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
