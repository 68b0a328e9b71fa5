"""A page with everything that it loads: as a build leaves it, or as a test chooses."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pytest_readiness.core.evidence import ClaimFalse, CouldNotVerify, Evidence
from pytest_readiness.domains.http.resource import Url
from tests.judging import judge
from tests.stack.certs import Authority
from tests.stack.fixtures import NginxFactory
from tests.stack.nginx import Nginx
from tests.stack.silent import Response, WebApp

PAGE_CHECKS: dict[str, dict[str, Any]] = {
    "http.static_assets": {},
    "http.compression": {},
    "http.caching": {},
    "http.cdn": {"header": "X-Edge: fra"},
    "http.page_weight": {"max_kb": 40, "max_script_kb": 10},
    "http.mixed_content": {},
    "http.links": {},
    "http.bundle": {"api": "api.example.com"},
}
PAGE = """<!doctype html>
<html><head><title>Shop</title>
<link rel="stylesheet" href="/assets/shop-BfJZ2aQl.css">
<link rel="icon" href="/favicon.ico">
<script type="module" src="/assets/app.3f2a9c1b.js"></script>
<style>body { background: url(/assets/paper.svg) }</style>
</head><body>
<img src="assets/logo.png" srcset="assets/logo.png 1x, assets/logo@2x.png 2x" alt="">
<p>%s</p>
<form action="/search"></form>
<a href="/terms">Terms</a> <a href="/terms#returns">Returns</a> <a href="#top">Up</a>
<a href="mailto:a@example.com">Mail</a>
</body></html>
"""
SCRIPT = 'const api = "https:\\/\\/api.example.com\\/v1"; const host = location.hostname === "localhost";\n' * 60


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a build leaves behind."""
    folder = tmp_path_factory.mktemp("site")
    (folder / "assets").mkdir()
    (folder / "index.html").write_text(PAGE % ("Words. " * 300))
    (folder / "terms.html").write_text("<!doctype html><title>Terms</title><p>All sales are final.")
    (folder / "assets/shop-BfJZ2aQl.css").write_text("body { color: black }\n" * 200)
    (folder / "assets/app.3f2a9c1b.js").write_text(SCRIPT)
    (folder / "assets/paper.svg").write_text("<svg xmlns='http://www.w3.org/2000/svg'></svg>")
    noise = random.Random(1)
    for name in ("assets/logo.png", "assets/logo@2x.png", "favicon.ico"):
        (folder / name).write_bytes(b"\x89PNG" + noise.randbytes(3000))
    return folder


TYPES = """
types { text/html html; text/css css; text/javascript js; image/svg+xml svg; image/png png; image/x-icon ico; }
gzip on; gzip_types text/css text/javascript image/svg+xml; gzip_min_length 1000; add_header X-Edge fra-7 always;
"""


def options(files: Path, **changes: str) -> dict[str, Any]:
    locations = {
        "/": "try_files $uri $uri.html =404; add_header Cache-Control no-cache; add_header X-Edge fra-7 always;",
        "= /": "try_files /index.html =404; add_header Cache-Control no-cache; add_header X-Edge fra-7 always;",
        "/assets/": 'add_header Cache-Control "public, max-age=31536000, immutable";',
    }
    raw = f"root {files};\n{TYPES}"
    for place, change in changes.items():
        if place == "types":
            raw = f"root {files};\n{change}"
        else:
            locations[place] = change
    return {"locations": locations, "raw": raw}


@pytest.fixture(scope="module")
def nginx(nginx_factory: NginxFactory, authority: Authority, files: Path) -> Iterator[Nginx]:
    with nginx_factory(https=authority.issue(), **options(files)) as server:
        yield server


@pytest.fixture
def site(nginx: Nginx, authority: Authority, files: Path) -> Url:
    if nginx.options["raw"] != options(files)["raw"] or nginx.options["locations"] != options(files)["locations"]:
        nginx.reload(**options(files))
    (files / "index.html").write_text(PAGE % ("Words. " * 300))
    (files / "assets/app.3f2a9c1b.js").write_text(SCRIPT)
    return Url(name="shop", url=nginx.url, ca=authority.ca_file)


KEY = "sk_live_" + "4eC39HqLyjWDarjtT1zdp7dc"


class Shop:
    """A site whose answers a test chooses, and another one on a port of its own."""

    def __init__(self, app: WebApp, other: WebApp, authority: Authority) -> None:
        self.app, self.other = app, other
        self.untrusted = authority.self_signed()
        self.url = Url(name="shop", url=app.url, ca=authority.ca_file)

    def judge(self, id: str, page: str, routes: dict[str, Any] | None = None, /, **parameters: Any) -> Evidence:
        root = Response(200, [("Content-Type", "text/html")], page.format(other=self.other.url).encode())
        self.app.routes = {"/": root, **(routes or {})}
        return judge(id, self.url, **parameters)

    def seen(self, id: str, page: str, routes: dict[str, Any] | None = None, /, **parameters: Any) -> str:
        with pytest.raises(ClaimFalse) as caught:
            self.judge(id, page, routes, **parameters)
        return caught.value.seen

    def reason(self, id: str, page: str, routes: dict[str, Any] | None = None, /, **parameters: Any) -> str:
        with pytest.raises(CouldNotVerify) as caught:
            self.judge(id, page, routes, **parameters)
        return caught.value.reason


@pytest.fixture(scope="module")
def app(authority: Authority) -> Iterator[Shop]:
    with WebApp(https=authority.issue()) as server, WebApp(https=authority.issue()) as other:
        yield Shop(server, other, authority)


def served(kind: str, body: bytes = b"x" * 50, *headers: tuple[str, str], status: int = 200) -> Response:
    return Response(status, [("Content-Type", kind), *headers], body)


SCRIPT_PAGE = '<!doctype html><script src="/a.js"></script>'
JS = "text/javascript"
