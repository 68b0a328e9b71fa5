from __future__ import annotations

import gzip
import random
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from pytest_readiness.core.evidence import ClaimFalse, CouldNotVerify, Evidence
from pytest_readiness.domains.http.checks.assets import _hashed
from pytest_readiness.domains.http.facts import assets as http_page
from pytest_readiness.domains.http.resource import Url
from pytest_readiness.protocols.http import client as http_client
from pytest_readiness.protocols.markup import style_references
from tests.judging import judge, read
from tests.stack.certs import Authority
from tests.stack.fixtures import NginxFactory
from tests.stack.nginx import Nginx
from tests.stack.process import free_port
from tests.stack.silent import FlakyServer, Request, Response, SilentServer, WebApp

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


def failures(url: Url) -> dict[str, str]:
    found = {}
    for id, parameters in PAGE_CHECKS.items():
        try:
            judge(id, url, **parameters)
        except ClaimFalse as error:
            found[id] = error.seen
        except CouldNotVerify as error:
            found[id] = f"could not: {error.reason}"
    return found


def test_a_good_site_passes_everything(site: Url, nginx: Nginx) -> None:
    assert failures(site) == {}
    assert judge("http.static_assets", site).text == (f"6 resources of {site.url}: image 4, script 1, style 1")
    assert judge("http.compression", site).text == f"texts of {site.url}: gzip 3, 1 too small to matter"
    assert "2 files kept for 365 days or more" in judge("http.caching", site).text
    assert judge("http.cdn", site, header="x-edge: FRA").text == "x-edge: FRA from 1 of 1"
    assert "1 links of" in judge("http.links", site).text
    assert "KiB in 4 files of" in judge("http.page_weight", site).text
    assert "9 addresses" not in judge("http.mixed_content", site).text
    before = len(nginx.requests())
    read("assets", site)
    asked = nginx.requests()[before:]
    # The root for the page itself, and once more as a browser asks for it.
    assert sorted(line.split()[1] for line in asked) == [
        *("/", "/", "/assets/app.3f2a9c1b.js", "/assets/logo.png", "/assets/logo@2x.png", "/assets/paper.svg"),
        *("/assets/shop-BfJZ2aQl.css", "/favicon.ico"),
    ]


FALLBACK = "try_files $uri /index.html;"


@pytest.mark.parametrize(
    ("change", "failing"),
    [
        ({"= /favicon.ico": "return 404;"}, {"http.static_assets": "/favicon.ico: 404, named as image"}),
        (
            {"= /assets/app.3f2a9c1b.js": FALLBACK.replace("$uri ", "/index.html ")},
            {
                "http.static_assets": "app.3f2a9c1b.js: 200 with text/html, named as script",
                "http.caching": "could not: GET .*js was answered 200 with text/html",
                "http.compression": "could not: GET .*js was answered 200 with text/html",
                "http.page_weight": "could not: GET .*js was answered 200 with text/html",
                "http.bundle": "could not: GET .*js was answered 200 with text/html",
            },
        ),
        ({"types": TYPES.replace("gzip on", "gzip off")}, {"http.compression": "3 uncompressed: "}),
        (
            {"types": TYPES.replace("gzip_types text/css text/javascript", "gzip_types text/css")},
            {"http.compression": r"1 uncompressed: .*app.3f2a9c1b.js: \d+ bytes as they are"},
        ),
        (
            {"/assets/": "add_header Cache-Control max-age=3600;"},
            {"http.caching": "max-age=3600"},
        ),
        ({"/assets/": ""}, {"http.caching": "no Cache-Control"}),
        (
            {"= /": "try_files /index.html =404; add_header X-Edge fra; add_header Cache-Control public,max-age=901;"},
            {"http.caching": "public,max-age=901 from"},
        ),
        ({"= /": "try_files /index.html =404; add_header Cache-Control no-cache;"}, {"http.cdn": "none from 1 of 1"}),
        ({"= /terms": "return 404;"}, {"http.links": r"1: .*/terms \(404\)"}),
        ({"= /terms": "return 500;"}, {"http.links": r"1: .*/terms \(500\)"}),
    ],
)
def test_one_broken_thing_fails_exactly_its_checks(
    nginx: Nginx, site: Url, files: Path, change: dict[str, str], failing: dict[str, str]
) -> None:
    nginx.reload(**options(files, **change))
    found = failures(site)
    assert found.keys() == failing.keys(), found
    for id, words in failing.items():
        with pytest.raises(AssertionError, match=words):
            raise AssertionError(found[id])


@pytest.mark.parametrize(
    ("old", "new", "failing"),
    [
        (
            'src="assets/logo.png"',
            'src="http://localhost/logo.png"',
            {"http.mixed_content": "image http://localhost/logo"},
        ),
        (
            "assets/logo@2x.png 2x",
            "http://localhost/2.png 2x",
            {"http.mixed_content": "1: image http://localhost/2.png"},
        ),
        ('action="/search"', 'action="http://localhost/"', {"http.mixed_content": "1: form http://localhost/"}),
        ("url(/assets/paper.svg)", "url(http://localhost/p)", {"http.mixed_content": "1: image http://localhost/p"}),
        ("<p>", '<iframe src="http://localhost/"></iframe><p>', {"http.mixed_content": "1: frame http://localhost/"}),
        ("<p>", '<a href="/gone">Gone</a><p>', {"http.links": r"1: .*/gone \(404\)"}),
    ],
)
def test_one_broken_element_fails_exactly_its_check(
    site: Url, files: Path, old: str, new: str, failing: dict[str, str]
) -> None:
    page = (files / "index.html").read_text()
    assert old in page
    (files / "index.html").write_text(page.replace(old, new, 1))
    found = {id: seen for id, seen in failures(site).items() if "http://localhost" not in new or "mixed" in id}
    assert found.keys() == failing.keys(), found
    for id, words in failing.items():
        with pytest.raises(AssertionError, match=words):
            raise AssertionError(found[id])


KEY = "sk_live_" + "4eC39HqLyjWDarjtT1zdp7dc"


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        (f'stripe("{KEY}")', "a Stripe secret key"),
        ('aws("AKIA' + 'IOSFODNN7EXAMPLE")', "an AWS access key"),
        ('{clientSecret:"9f8c2b7d41e6a0538c1d7e2f4b6a9d03c5"}', "a value of clientSecret"),
        ('db("postgres://shop:Gx7' + 'vQ2@db.example.com/shop")', "a password in an address"),
        ("`-----BEGIN RSA PRIVATE KEY-----\\nMIIEowIBAAKCAQEAx`", "a private key"),
        ('fetch("http://localhost:3000/api")', "app.3f2a9c1b.js: http://localhost:3000"),
        ('fetch("http:\\/\\/127.0.0.1\\/api")', "http://127.0.0.1/api"),
        ('new WebSocket("ws://[::1]:8080")', r"ws://\[::1\]:8080"),
    ],
)
def test_bundle_fails_on_what_gives_the_product_away(site: Url, files: Path, text: str, seen: str) -> None:
    (files / "assets/app.3f2a9c1b.js").write_text(SCRIPT + text)
    with pytest.raises(ClaimFalse, match=seen) as caught:
        judge("http.bundle", site, api="api.example.com")
    for secret in (KEY, "AKIA", "9f8c2b7d", "Gx7", "MIIE"):
        assert secret not in str(caught.value)
    assert "AKIA" not in repr(read("assets", site))
    assert KEY not in repr(read("assets", site))


def test_bundle_looks_at_scripts_within_the_page(site: Url, files: Path) -> None:
    page = PAGE % f'<script>window.env = {{"key": "{KEY}"}}</script>'
    (files / "index.html").write_text(page)
    with pytest.raises(ClaimFalse, match=r"seen: in https://localhost:.*: a Stripe secret key"):
        judge("http.bundle", site)


def test_bundle_names_the_api(site: Url, files: Path) -> None:
    text = judge("http.bundle", site, api="api.example.com").text
    assert f"1 scripts of {site.url}, {len(SCRIPT) - 180} characters" in text
    assert "api.example.com in https://localhost" in text
    for other in ("pi.example.com", "api.example.co", "example.com", "staging.example.com"):
        with pytest.raises(ClaimFalse, match=f"the API host {other} in a script .*; seen: not named in 1 scripts"):
            judge("http.bundle", site, api=other)
    (files / "assets/app.3f2a9c1b.js").write_text(
        'const base = "http://localhost"; const x = {password: "Your password"};'
    )
    assert "http://localhost" in judge("http.bundle", site).warning
    wrongs: list[dict[str, Any]] = [{"api": ""}, {"api": "https://api"}, {"hosts": []}]
    for wrong in wrongs:
        with pytest.raises(ValidationError):
            judge("http.bundle", site, **wrong)


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


@pytest.mark.parametrize("id", PAGE_CHECKS)
def test_what_is_no_page_is_not_judged(app: Shop, id: str) -> None:
    parameters = PAGE_CHECKS[id]
    for answer, why in (
        (served("text/html", status=404), "answered 404"),
        (served("text/html", status=401), "answered 401"),
        (served("application/json"), "application/json, which is no page"),
        (Response(302, [("Location", "https://127.0.0.1:1/")]), "answered 302"),
        (served("text/html", status=503), "answered 503, an error instead of the page"),
    ):
        app.app.routes = {"/": answer}
        with pytest.raises(CouldNotVerify, match=why):
            judge(id, app.url, **parameters)


@pytest.mark.parametrize("id", PAGE_CHECKS)
def test_a_page_that_names_nothing(app: Shop, id: str) -> None:
    empty = "<!doctype html><title>Shop</title><div id=app></div>"
    if id in ("http.mixed_content", "http.cdn"):
        app.app.routes = {"/": served("text/html", empty.encode(), ("X-Edge", "fra"))}
        assert judge(id, app.url, **PAGE_CHECKS[id])
        return
    assert app.reason(id, empty, **PAGE_CHECKS[id])


@pytest.mark.parametrize("id", PAGE_CHECKS)
@pytest.mark.parametrize(
    ("server", "why"), [(SilentServer, "was not answered within"), (lambda: FlakyServer(99), "reset")]
)
def test_no_answer_is_no_verdict(monkeypatch: pytest.MonkeyPatch, id: str, server: Any, why: str) -> None:
    monkeypatch.setattr(http_client, "READ_SECONDS", 0.2)
    with server() as running, pytest.raises(CouldNotVerify, match=why):
        judge(id, Url(name="shop", url=running.url), **PAGE_CHECKS[id])


@pytest.mark.parametrize("id", ["http.static_assets", "http.compression", "http.page_weight", "http.bundle"])
def test_a_resource_that_does_not_answer_is_no_verdict(app: Shop, id: str) -> None:
    page = f'{SCRIPT_PAGE}<script src="https://localhost:{free_port()}/b.js"></script>'
    routes = {"/a.js": served(JS, gzip.compress(b"x" * 2000), ("Content-Encoding", "gzip"))}
    assert "refused the connection" in app.reason(id, page, routes)
    with WebApp(https=app.untrusted) as stranger:
        page = f'{SCRIPT_PAGE}<script src="{stranger.url}/b.js"></script>'.replace("localhost", "127.0.0.1")
        if id == "http.bundle":
            assert app.judge(id, page, routes, hosts=["cdn.example.com"])
            assert "is not trusted" in app.reason(id, page, routes, hosts=["127.0.0.1"])
        else:
            assert "is not trusted" in app.reason(id, page, routes)
        assert stranger.requests == []


def test_static_assets_of_every_kind(app: Shop) -> None:
    page = (
        '<!doctype html><base href="/s/"><link rel=stylesheet href=a.css><link rel=manifest href=/m.json>'
        '<link rel=preload as=font href=f.woff2><link rel=modulepreload href=c.js><script src="{other}/o.js"></script>'
        '<script type="text/template" src="never.html"></script><video src=v.mp4></video><img src="data:image/png,x">'
        "<img src=//[bad><svg><use href='#here'></use></svg>"
    )
    routes = {
        "/s/a.css": served("text/css; charset=utf-8"),
        "/m.json": served("application/manifest+json"),
        "/s/f.woff2": served("font/woff2"),
        "/s/c.js": Response(302, [("Location", "/s/d.js")]),
        "/s/d.js": served("application/javascript"),
        "/s/v.mp4": served("video/mp4", b"x" * 2_000_000),
        "/s/": served("image/svg+xml"),
    }
    app.other.routes = {"/o.js": served(JS)}
    text = app.judge("http.static_assets", page, routes).text
    assert "font 1, image 1, manifest 1, media 1, script 2, style 1" in text
    assert app.other.requests[-1].headers["Accept-Encoding"] == "gzip, br"
    for path, answer, seen in (
        ("/s/d.js", served("text/plain"), "200 with text/plain, named as script"),
        ("/s/d.js", served(JS, b""), "200 without content"),
        ("/s/d.js", served(JS, b"", status=204), "c.js: 204"),
        ("/s/a.css", served("text/html"), "200 with text/html, named as style"),
        ("/s/f.woff2", Response(200, [], b"x"), "200 with no Content-Type"),
        ("/m.json", served("text/html", status=403), "m.json: 403"),
    ):
        assert seen in app.seen("http.static_assets", page, {**routes, path: answer})
    assert "redirected more than 5 times" in app.reason(
        "http.static_assets", page, {**routes, "/s/d.js": Response(302, [("Location", "/s/d.js")])}
    )


def test_static_assets_are_bounded(app: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    page = "<!doctype html>" + "".join(f"<img src=/{number}.png>" for number in range(5))
    routes = {f"/{number}.png": served("image/png") for number in range(5)}
    monkeypatch.setattr(http_page, "MAX_ASSETS", 3)
    evidence = app.judge("http.static_assets", page, routes)
    assert evidence.text.startswith("3 resources")
    assert evidence.warning == "2 further resources were not looked at."
    assert "2 of the resources of" in app.reason("http.page_weight", page, routes)
    monkeypatch.setattr(http_page, "MAX_TOTAL", 160)
    assert "had been read before GET" in app.reason("http.static_assets", page, routes)
    monkeypatch.setattr(http_page, "PAGE_SECONDS", 0)
    assert "time was over after 0 s" in app.reason("http.static_assets", page, routes)


def test_static_assets_that_turn_programs_away(app: Shop) -> None:
    page = "<!doctype html><img src=/a.png><img src={other}/b.png>"
    fine = {"/a.png": served("image/png")}
    for status in (401, 403, 429, 503):
        app.other.routes = {"/b.png": Response(status)}
        assert app.reason("http.static_assets", page, fine).endswith(f"/b.png was answered {status}")
    app.other.routes = {"/b.png": served("image/png")}
    assert "/a.png was answered 429" in app.reason("http.static_assets", page, {"/a.png": Response(429)})
    assert "/a.png: 403" in app.seen("http.static_assets", page, {"/a.png": Response(403)})


def test_a_page_that_is_too_long_may_name_more(app: Shop) -> None:
    page = f"{SCRIPT_PAGE}{'x' * 1_100_000}<script>'{KEY}'</script>"
    for id in ("http.bundle", "http.static_assets", "http.page_weight"):
        assert "is too long to be looked at as a whole" in app.reason(id, page, {"/a.js": served(JS)})


def test_compression(app: Shop) -> None:
    body = b"let a = 1;\n" * 200

    def judged(answer: Response, **parameters: Any) -> Evidence:
        return app.judge("http.compression", SCRIPT_PAGE, {"/a.js": answer}, **parameters)

    def brotli(request: Request) -> Response:
        # Whoever says gzip only gets gzip.
        if "br" in request.headers["Accept-Encoding"]:
            return served(JS, b"\x0b\x02\x80abc\x03", ("Content-Encoding", "br"))
        return served(JS, gzip.compress(body), ("Content-Encoding", "gzip"))

    assert "gzip 1, 1 too small" in judged(served(JS, gzip.compress(body), ("Content-Encoding", "gzip"))).text
    assert "br 1" in app.judge("http.compression", SCRIPT_PAGE, {"/a.js": brotli}).text
    with pytest.raises(ClaimFalse, match=r"/a.js: 2200 bytes as they are"):
        judged(served(JS, body))
    with pytest.raises(CouldNotVerify, match="hold no text of at least 3000 bytes"):
        judged(served(JS, body), min_bytes=3000)
    with pytest.raises(CouldNotVerify, match="in the coding 'zstd', which was not asked for"):
        judged(served(JS, body, ("Content-Encoding", "zstd")))
    with pytest.raises(ValidationError):
        judged(served(JS), min_bytes=-1)


def test_compression_of_images_that_may_be_texts(app: Shop) -> None:
    gone = f"<!doctype html><script src=/a.js></script><img src=https://localhost:{free_port()}/a.svg>"
    routes = {"/a.js": served(JS, gzip.compress(b"let a = 1;"), ("Content-Encoding", "gzip"))}
    assert "refused the connection" in app.reason("http.compression", gone, routes)


def test_bundle_reads_what_comes_in_brotli(app: Shop) -> None:
    def script(request: Request) -> Response:
        if "br" in request.headers["Accept-Encoding"]:
            return served(JS, b"\x0b\x02\x80abc\x03", ("Content-Encoding", "br"))
        return served(JS, f'fetch("http://localhost:8000"); "{KEY}"'.encode())

    assert "a Stripe secret key" in app.seen("http.bundle", SCRIPT_PAGE, {"/a.js": script})
    always = served(JS, b"\x0b\x02\x80abc\x03", ("Content-Encoding", "br"))
    assert "in the coding 'br', which was not asked for" in app.reason("http.bundle", SCRIPT_PAGE, {"/a.js": always})


def test_bundle_of_other_hosts(app: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    page = '<!doctype html><script src="{other}/a.js"></script>'.replace("localhost", "127.0.0.1")
    app.other.routes = {"/a.js": served(JS, KEY.encode())}
    assert "a Stripe secret key" in app.seen("http.bundle", page)
    monkeypatch.setattr(http_page, "MAX_ASSET", 1000)
    large = served(JS, b"x" * 1001)
    assert "too long to be looked at as a whole" in app.reason("http.bundle", SCRIPT_PAGE, {"/a.js": large})
    packed = served(JS, gzip.compress(b"x" * 1001), ("Content-Encoding", "gzip"))
    assert "too long to be looked at as a whole" in app.reason("http.bundle", SCRIPT_PAGE, {"/a.js": packed})
    assert "too long to be read as a whole" in app.reason("http.page_weight", SCRIPT_PAGE, {"/a.js": large})


HASHED = '<!doctype html><script src="/app.3f2a9c1b.js"></script>'


@pytest.mark.parametrize(
    ("page", "asset", "seen"),
    [
        ("no-cache", "max-age=31536000", ""),
        ("public, max-age=0, must-revalidate", "public,max-age=31536000,immutable", ""),
        ("max-age=600", "private, max-age=63072000", ""),
        ("no-store, max-age=86400", "max-age=31536000", ""),
        ("", "max-age=31536000", ""),
        ("max-age=601", "max-age=31536000", "Cache-Control: max-age=601"),
        ("s-maxage=86400, max-age=0", "max-age=31536000", "Cache-Control: s-maxage=86400"),
        ("immutable", "max-age=31536000", "Cache-Control: immutable"),
        ("no-cache", "immutable", "js: immutable"),
        ("no-cache", "max-age=31535999", "js: max-age=31535999"),
        ("no-cache", "no-store, max-age=31536000", "js: no-store"),
        ("no-cache", "max-age=31536000s", "js: max-age=31536000s"),
        ("no-cache", "", "js: no Cache-Control"),
    ],
)
def test_caching(app: Shop, page: str, asset: str, seen: str) -> None:
    headers = [("Cache-Control", page)] if page else []
    app.app.routes = {
        "/": served("text/html", HASHED.encode(), *headers),
        "/app.3f2a9c1b.js": served(JS, b"x", *([("Cache-Control", asset)] if asset else [])),
    }
    if seen:
        with pytest.raises(ClaimFalse) as caught:
            judge("http.caching", app.url)
        assert seen in caught.value.seen
    else:
        assert bool(judge("http.caching", app.url).warning) == (not page)


@pytest.mark.parametrize(
    ("expires", "control", "holds"),
    [
        ("Fri, 31 Dec 9999 23:59:59 GMT", "", False),
        ("Fri, 31 Dec 9999 23:59:59 GMT", "public", False),
        ("Fri, 31 Dec 9999 23:59:59 GMT", "max-age=60", True),
        ("Fri, 31 Dec 9999 23:59:59 GMT", "no-cache", True),
        ("Thu, 01 Jan 1970 00:00:00 GMT", "", True),
        ("Fri, 31 Dec 9999 23:59:59 -1200", "", True),
        ("0", "", True),
    ],
)
def test_caching_of_a_page_by_expires(app: Shop, expires: str, control: str, holds: bool) -> None:
    headers = [("Expires", expires), *([("Cache-Control", control)] if control else [])]
    app.app.routes = {
        "/": served("text/html", HASHED.encode(), *headers),
        "/app.3f2a9c1b.js": served(JS, b"x", ("Cache-Control", "max-age=31536000")),
    }
    if holds:
        assert judge("http.caching", app.url).warning == ""
    else:
        with pytest.raises(ClaimFalse, match="Expires: Fri, 31 Dec 9999"):
            judge("http.caching", app.url)


def test_caching_of_cookies_and_of_names_without_a_hash(app: Shop) -> None:
    shared = [("Cache-Control", "public, max-age=60"), ("Set-Cookie", "sid=secret")]
    app.app.routes = {"/": served("text/html", HASHED.encode(), *shared), "/app.3f2a9c1b.js": served(JS)}
    with pytest.raises(ClaimFalse, match="no cookie with a page for shared caches") as caught:
        judge("http.caching", app.url)
    assert "secret" not in str(caught.value)
    long = {"/a.js": served(JS, b"x", ("Cache-Control", "max-age=31536000"))}
    assert "none of the 1 resources" in app.reason("http.caching", SCRIPT_PAGE, long)
    assert "1 files kept" in app.judge("http.caching", SCRIPT_PAGE, long, hashed=r"/\w\.js$").text
    assert "none of the 1 resources" in app.reason("http.caching", SCRIPT_PAGE, long, hashed="never")
    for wrong in ({"hashed": "("}, {"min_days": 0}, {"page_max_seconds": -1}):
        with pytest.raises(ValidationError):
            judge("http.caching", app.url, **wrong)


@pytest.mark.parametrize(
    ("name", "hashed"),
    [
        *(
            (name, True)
            for name in ("app.3f2a9c1b.js", "index-BfJZ2aQl.css", "index-Bf_Z-aQl.js", "main.3f2a9c1b.chunk.js")
        ),
        *(
            (name, True)
            for name in ("framework-64ad27b21261a9ce.js", "3f2a9c1b77aa01.png", "polyfills-c67a75d1b6f99dc8.js")
        ),
        *(
            (name, False)
            for name in ("app.js", "jquery-3.7.1.min.js", "bootstrap4.css", "html5shiv.js", "registry-stockist.js")
        ),
        *((name, False) for name in ("analytics2024.js", "report-20240101.js", "fontawesome5.css", "a-b-c.js", "")),
    ],
)
def test_names_with_a_hash(name: str, hashed: bool) -> None:
    assert _hashed(f"https://shop.example.com/assets/{name}?v=3f2a9c1b") == hashed


@pytest.mark.parametrize(
    ("headers", "parameters", "text"),
    [
        ([("CF-RAY", "8a1b-FRA")], {}, "cloudflare (cf-ray) from 1 of 1"),
        ([("CF-RAY", "8a1b-FRA")], {"provider": "cloudflare"}, "cloudflare (cf-ray)"),
        ([("X-Amz-Cf-Id", "abc")], {}, "cloudfront (x-amz-cf-id)"),
        ([("Via", "1.1 abc.cloudfront.net (CloudFront)")], {}, "cloudfront (via)"),
        ([("X-Served-By", "cache-fra-eddf1"), ("X-Cache", "HIT")], {}, "fastly (x-served-by)"),
        ([("Server", "AkamaiGHost")], {}, "akamai (server)"),
        ([("X-Edge", "fra-7")], {"header": "X-Edge"}, "X-Edge from 1 of 1"),
        ([("CF-RAY", "8a1b-FRA")], {"provider": "fastly"}, ""),
        ([("Via", "1.1 varnish"), ("X-Cache", "HIT")], {}, ""),
        ([("Server", "nginx")], {}, ""),
        ([("X-Edge", "muc")], {"header": "X-Edge: fra"}, ""),
        ([], {}, ""),
    ],
)
def test_cdn(app: Shop, headers: list[tuple[str, str]], parameters: dict[str, Any], text: str) -> None:
    app.app.routes = {"/": served("text/html", SCRIPT_PAGE.encode(), *headers), "/a.js": served(JS)}
    if text:
        assert judge("http.cdn", app.url, **parameters).text.startswith(text)
    else:
        with pytest.raises(ClaimFalse, match=rf"seen: none from 1 of 1: {app.url.url}$"):
            judge("http.cdn", app.url, **parameters)


def test_cdn_of_files(app: Shop) -> None:
    page = SCRIPT_PAGE + '<script src="{other}/b.js"></script>'
    app.other.routes = {"/b.js": served(JS, b"x", ("CF-RAY", "1"))}
    assert "none from 1 of 2: " in app.seen("http.cdn", page, {"/a.js": served(JS)}, part="assets")
    good = {"/a.js": served(JS, b"x", ("CF-RAY", "2"))}
    assert app.judge("http.cdn", page, good, part="assets").text == "cloudflare (cf-ray) from 2 of 2"
    assert "names no script" in app.reason("http.cdn", "<!doctype html>", part="assets")
    wrongs: list[dict[str, Any]] = [{"provider": "nginx"}, {"part": "all"}, {"header": ""}, {"header": "X-Edge:"}]
    for wrong in wrongs:
        with pytest.raises(ValidationError):
            judge("http.cdn", app.url, **wrong)


def test_page_weight(app: Shop) -> None:
    packed = gzip.compress(random.Random(2).randbytes(10_000))
    page = SCRIPT_PAGE + "<img src=/i.png srcset='/j.png 2x'><link rel=icon href=/i.ico><video src=/v.mp4></video>"
    routes = {
        "/a.js": served(JS, packed, ("Content-Encoding", "gzip")),
        "/i.png": served("image/png", b"x" * 20_480),
        "/j.png": served("image/png", b"x" * 999_999),
        "/i.ico": served("image/x-icon", b"x" * 999_999),
        "/v.mp4": served("video/mp4", b"x" * 999_999),
    }
    kib = len(packed) / 1024
    text = app.judge("http.page_weight", page, routes, max_kb=30, max_script_kb=10).text
    total = kib + 20 + len(page) / 1024
    assert text.startswith(f"{total:.1f} KiB in 3 files of {app.url.url}")
    assert f"scripts {kib:.1f} KiB, largest {app.url.url}/i.png with 20.0 KiB" in text
    assert f"{total:.1f} KiB" in app.seen("http.page_weight", page, routes, max_kb=29)
    with pytest.raises(ClaimFalse, match="at most 9 KiB of scripts"):
        app.judge("http.page_weight", page, routes, max_script_kb=9)
    assert "names no script" in app.reason("http.page_weight", "<!doctype html>", max_script_kb=9)
    assert "it was weighed alone" in app.judge("http.page_weight", "<!doctype html>").warning
    assert "answered 404" in app.reason("http.page_weight", page, {**routes, "/i.png": Response(404)})
    for wrong in ({"max_kb": 0}, {"max_script_kb": 0}):
        with pytest.raises(ValidationError):
            judge("http.page_weight", app.url, **wrong)


def test_mixed_content_in_style_sheets_and_redirects(app: Shop) -> None:
    page = '<!doctype html><link rel=stylesheet href=/a.css><a href="http://www.example.com/">A link loads nothing</a>'
    good = {"/a.css": served("text/css", b"a { background: url(b.png) } /* url(http://localhost/c.png) */")}
    assert "none over http" in app.judge("http.mixed_content", page, good).text
    bad = {
        "/a.css": served(
            "text/css", b"@import 'http://localhost/d.css'; a { background: url( \"http://localhost/e\" ) }"
        )
    }
    seen = app.seen("http.mixed_content", page, bad)
    assert seen.startswith("2: in https://localhost")
    assert "http://localhost/d.css" in seen
    with WebApp({"/a.css": served("text/css")}) as plain:
        away = {"/a.css": Response(302, [("Location", f"{plain.url}/a.css")])}
        assert f"{plain.url}/a.css" in app.seen("http.mixed_content", page, away)
    policy = '<meta http-equiv="Content-Security-Policy" content="upgrade-insecure-requests">'
    upgraded = app.judge("http.mixed_content", page + policy, bad)
    assert upgraded.warning.startswith("Named over plain http, and upgraded by upgrade-insecure-requests: 2: ")
    assert "refused the connection" in app.reason(
        "http.mixed_content", f"<!doctype html><link rel=stylesheet href=https://localhost:{free_port()}/a.css>"
    )
    with (
        WebApp({"/": served("text/html", b"<!doctype html>")}) as plain,
        pytest.raises(ClaimFalse, match="the page itself came over plain http"),
    ):
        judge("http.mixed_content", Url(name="shop", url=plain.url))


def test_mixed_content_of_a_page_that_is_too_long(app: Shop) -> None:
    assert "too long" in app.reason("http.mixed_content", "<!doctype html>" + "x" * 1_100_000)


LINKS = '<!doctype html><a href="/a">A</a><a href="/b?x=1">B</a><a href="{other}/c">C</a>'


def test_links(app: Shop) -> None:
    fine = Response(200, [], b"a page")
    app.other.routes = {}
    routes = {"/a": Response(301, [("Location", "/d")]), "/d": fine, "/b": fine}
    assert app.judge("http.links", LINKS, routes).text == f"2 links of {app.url.url}: 200 x 2"
    assert "/c (404)" in app.seen("http.links", LINKS, routes, external=True)
    for status in (401, 403, 405, 429, 503, 999):
        app.other.routes = {"/c": Response(status)}
        evidence = app.judge("http.links", LINKS, routes, external=True)
        assert evidence.warning == f"Not let in: {app.other.url}/c ({status})."
    app.other.routes = {"/c": Response(500)}
    assert "/c (500)" in app.seen("http.links", LINKS, routes, external=True)
    assert "/b?… (410)" in app.seen("http.links", LINKS, {**routes, "/b": Response(410)})
    assert f"/a (404 from {app.url.url}/d)" in app.seen("http.links", LINKS, {**routes, "/d": Response(404)})
    assert "/a (503 from " in app.seen("http.links", LINKS, {**routes, "/d": Response(503)})
    assert "Not let in" in app.judge("http.links", LINKS, {**routes, "/d": Response(401)}).warning
    walled = {"/a": Response(403), "/b": Response(403)}
    assert "none of 2 links" in app.reason("http.links", LINKS, walled)
    assert "was answered 429" in app.reason("http.links", LINKS, {**routes, "/d": Response(429)})
    assert "redirected more than 5" in app.reason(
        "http.links", LINKS, {**routes, "/d": Response(302, [("Location", "/d")])}
    )
    assert (
        "2 of 3 links were not followed" in app.judge("http.links", LINKS, routes, external=True, max_links=1).warning
    )
    gone = f'<!doctype html><a href="https://localhost:{free_port()}/">Gone</a>'
    assert "refused the connection" in app.reason("http.links", gone, external=True)
    assert "holds no link to another page of its own origin" in app.reason("http.links", gone)
    for wrong in ({"max_links": 0}, {"max_links": 201}):
        with pytest.raises(ValidationError):
            judge("http.links", app.url, **wrong)


def test_links_of_a_single_page_application(app: Shop) -> None:
    page = served("text/html", b'<!doctype html><a href="/gone">Gone</a>')

    class Fallback(dict[str, Any]):
        def get(self, path: str, default: Any = None) -> Any:
            return super().get(path, page)

    app.app.routes = Fallback()
    with pytest.raises(CouldNotVerify, match="was answered 200 like any unknown path"):
        judge("http.links", app.url)
    app.app.routes["/gone"] = served("text/html", b"<!doctype html><p>Rendered by the server")
    assert judge("http.links", app.url)


def test_links_where_unknown_paths_lead_to_the_login(app: Shop) -> None:
    login = Response(302, [("Location", "/login?next=%2Fx")])

    class Wall(dict[str, Any]):
        def get(self, path: str, default: Any = None) -> Any:
            return super().get(path, login)

    app.app.routes = Wall({"/": served("text/html", b'<a href="/gone">Gone</a>'), "/login": served("text/html")})
    with pytest.raises(CouldNotVerify, match="like any unknown path"):
        judge("http.links", app.url)


def test_names_and_styles_that_take_long_to_search() -> None:
    for name in ("-", "-a", "a1"):
        _hashed(f"https://www.example.com/{name * 250_000}.js")
    assert not list(style_references("url(" + " " * 500_000))


def test_hostile_pages_are_read_in_time(app: Shop) -> None:
    for body in (
        "<a href=" * 100_000,
        '<img srcset="' + "a 1x," * 200_000,
        "<style>" + "url(" * 250_000,
        "<!--" * 250_000,
    ):
        for id in ("http.mixed_content", "http.links"):
            with suppress(ClaimFalse, CouldNotVerify):
                app.judge(id, "<!doctype html>" + body)
