from __future__ import annotations

import gzip
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from pytest_readiness.core.evidence import ClaimFalse, CouldNotVerify
from pytest_readiness.domains.http.checks.assets import _hashed
from pytest_readiness.domains.http.facts import assets as http_page
from pytest_readiness.domains.http.resource import Url
from pytest_readiness.protocols.markup import style_references
from tests.domains.http.http_page import JS, KEY, PAGE, SCRIPT, SCRIPT_PAGE, Shop, app, files, nginx, served, site
from tests.judging import judge, read
from tests.stack.process import free_port
from tests.stack.silent import Request, Response, WebApp

__all__ = ["app", "files", "nginx", "site"]


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


@pytest.mark.parametrize(
    ("element", "seen"),
    [
        (
            '<div id=app data-page="{&quot;db&quot;:&quot;redis:\\/\\/:Gx7vQ2@h\\/0&quot;}"></div>',
            "a password in an address",
        ),
        ('<div data-api="http://localhost:8000/api"></div>', "http://localhost:8000"),
        ('<div data-api-secret="9f8c2b7d41e6a0538c1d7e2f4b6a9d03c5"></div>', "a value of data-api-secret"),
        ('<div x-data=\'{"api":"http://192.168.1.20:3000"}\'></div>', "http://192.168.1.20:3000"),
        ("<button onclick=\"post('http://localhost:3000/buy')\">Buy</button>", "http://localhost:3000"),
    ],
)
def test_bundle_looks_at_attributes_that_hold_data(site: Url, files: Path, element: str, seen: str) -> None:
    (files / "index.html").write_text(PAGE % element)
    with pytest.raises(ClaimFalse, match=rf"seen: in attributes of https://localhost:\d+/?: {seen}"):
        judge("http.bundle", site)


def test_bundle_may_name_what_is_declared(app: Shop) -> None:
    script = b'fetch("https://api.shop.test/v1"); fetch("https://cdn.shop.test/a.json")'
    html = [("Content-Type", "text/html")]
    app.app.routes = {
        "/": Response(200, html, b"<!doctype html><script src=/a.js></script><p data-a=1>Shop"),
        "/a.js": Response(200, [("Content-Type", "text/javascript")], script),
    }
    declared = {"api": "api.shop.test", "hosts": ["cdn.shop.test"]}
    assert judge("http.bundle", app.url, **declared)
    with pytest.raises(ClaimFalse, match=r"seen: .*/a.js: https://cdn.shop.test$"):
        judge("http.bundle", app.url, api="api.shop.test")
    app.app.routes["/"] = Response(200, html, b"<!doctype html><p data-a=1>Shop")
    with pytest.raises(CouldNotVerify, match="serves no script of its own"):
        judge("http.bundle", app.url)


def test_bundle_names_the_api(site: Url, files: Path) -> None:
    text = judge("http.bundle", site, api="api.example.com").text
    assert f"1 scripts of {site.url}, {len(SCRIPT)} characters" in text
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


def test_mixed_content_in_style_sheets_and_redirects(app: Shop) -> None:
    page = '<!doctype html><link rel=stylesheet href=/a.css><a href="http://www.example.com/">A link loads nothing</a>'
    good = {
        "/a.css": served(
            "text/css",
            b"@namespace url(http://localhost/ns); a { background: url(b.png) } /* url(http://localhost/c.png) */",
        )
    }
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
    upgraded = app.judge("http.mixed_content", page.replace("<!doctype html>", f"<!doctype html>{policy}"), bad)
    assert upgraded.warning.startswith("Named over plain http, and upgraded by upgrade-insecure-requests: 2: ")
    assert upgraded.text.endswith("2 over http, all upgraded")
    assert "refused the connection" in app.reason(
        "http.mixed_content", f"<!doctype html><link rel=stylesheet href=https://localhost:{free_port()}/a.css>"
    )
    with (
        WebApp({"/": served("text/html", b"<!doctype html>")}) as plain,
        pytest.raises(ClaimFalse, match="the page itself came over plain http"),
    ):
        judge("http.mixed_content", Url(name="shop", url=plain.url))


@pytest.mark.parametrize(
    "element",
    [
        '<img src="HTTP://localhost/x.png">',
        '<form method=post action="Http://localhost/x"><button>Send</button></form>',
        '<img src="ht\ntp:&#9;//localhost/x.png">',
        '<link rel=preload as=image imagesrcset="http://localhost/x.png 2x">',
        '<iframe srcdoc="<img src=http://localhost/x.png>"></iframe>',
        '<body background="http://localhost/x.png">',
        "<script type=module>import 'http://localhost/x.mjs'</script>",
        '<a style=\'background: image-set("a.png" 1x, "http://localhost/x.png" 2x)\'></a>',
        "<a style='background: -webkit-image-set(url(a.png) 1x, url(http://localhost/x.png) 2x)'></a>",
    ],
)
def test_mixed_content_however_it_is_written(app: Shop, element: str) -> None:
    assert " http://localhost/x" in app.seen("http.mixed_content", f"<!doctype html>{element}")


def test_mixed_content_in_the_header_link(app: Shop) -> None:
    def page(link: str) -> dict[str, Response]:
        return {"/": served("text/html", b"<!doctype html>", ("Link", link))}

    right = "</a.css>; rel=preload; as=style, <http://localhost/about>; rel=author"
    assert app.judge("http.mixed_content", "", page(right))
    wrong = '</b.js>; rel=preload; as=script, <http://localhost/x.css>; rel="preload"; as=style'
    assert app.seen("http.mixed_content", "", page(wrong)) == "1: Link http://localhost/x.css"


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
        assert evidence.warning == f"Not accessible: {app.other.url}/c ({status})."
    app.other.routes = {"/c": Response(500)}
    assert "/c (500)" in app.seen("http.links", LINKS, routes, external=True)
    assert "/b?… (410)" in app.seen("http.links", LINKS, {**routes, "/b": Response(410)})
    assert f"/a (404 from {app.url.url}/d)" in app.seen("http.links", LINKS, {**routes, "/d": Response(404)})
    assert "/a (503 from " in app.seen("http.links", LINKS, {**routes, "/d": Response(503)})
    assert "Not accessible" in app.judge("http.links", LINKS, {**routes, "/d": Response(401)}).warning
    walled = {"/a": Response(403), "/b": Response(403)}
    assert "none of 2 links" in app.reason("http.links", LINKS, walled)
    app.app.other, other = Response(403, [], b"<Error>AccessDenied</Error>"), app.app.other
    hidden = {"/a": app.app.other, "/b": fine}
    assert "was answered 403 like any unknown path" in app.reason("http.links", LINKS, hidden)
    app.app.other = other
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
