"""A small web site on nginx: one page without a fault, and pages that differ from it in one thing."""

from __future__ import annotations

import base64
import random
import struct
import zlib
from pathlib import Path

GOOD = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>Shop</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>
body { font: 16px sans-serif; margin: 16px; color: #222; background: #fff }
button, input { min-height: 44px; min-width: 44px; margin: 8px }
.boxed:focus { outline: none; box-shadow: 0 0 0 3px #00f }
</style>
</head>
<body>
<main>
<h1>Shop of many things</h1>
<p>Here you can buy a <a href="/terms">thing</a>, or another one, or many more of them.</p>
<img src="/thing.webp" alt="A thing" width="60" height="60">
<form action="/buy"><label>How many <input name="count"></label><button class="boxed">Buy</button></form>
<!-- here -->
<div style="height: 1500px"></div>
<img src="/thing.webp?again" alt="Another thing" width="60" height="60" loading="lazy">
</main>
<!-- end -->
</body>
</html>
"""

NGINX = """
    root {root};
    index index.html;
    etag off;
    types {{ text/html html; text/css css; text/javascript js; image/webp webp; image/png png; text/vtt vtt; }}
"""

# Of 60 × 60 pixels.
WEBP = base64.b64decode("UklGRhoAAABXRUJQVlA4TA0AAAAvO8AOEAcQERGIiP4HAA==")
VTT = b"WEBVTT\n\n00:00.000 --> 00:02.000\nHello.\n"


def png(width: int, height: int) -> bytes:
    """A picture of noise, which hardly can be packed: 3 bytes a pixel."""
    noise = random.Random(1)

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = b"".join(b"\0" + noise.randbytes(3 * width) for _ in range(height))
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def write_site(root: Path) -> Path:
    """Write the page without a fault, and the files that pages may use, into a new folder."""
    root.mkdir()
    root.chmod(0o755)
    (root / "index.html").write_text(GOOD)
    (root / "thing.webp").write_bytes(WEBP)
    (root / "noise.png").write_bytes(png(80, 80))
    (root / "captions.vtt").write_bytes(VTT)
    (root / "empty.vtt").write_bytes(b"WEBVTT\n")
    (root / "slow.css").write_text("/* */\n" * 700)
    return root


def write_page(root: Path, name: str, **changes: str) -> str:
    """Write a page that differs from the good one, and return its path.

    Args:
        root: folder of the site.
        name: of the page.
        changes: `here` is put into the page's content, `head` into its head; `body` replaces all of its body, and
            `was` is text that `now` replaces.
    """
    text = GOOD.replace("<!-- here -->", changes.get("here", ""))
    text = text.replace("</head>", changes.get("head", "") + "</head>")
    if "was" in changes:
        assert changes["was"] in text
        text = text.replace(changes["was"], changes["now"])
    if "body" in changes:
        text = text[: text.index("<body>")] + f"<body>{changes['body']}</body></html>"
    (root / f"{name}.html").write_text(text)
    return f"/{name}.html"
