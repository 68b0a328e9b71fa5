from __future__ import annotations

import gzip
import random
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest
from pydantic import ValidationError

from pytest_readiness.core.evidence import ClaimFalse, CouldNotVerify, Evidence
from pytest_readiness.domains.http.checks.assets import _hashed
from pytest_readiness.domains.http.facts import assets as http_page
from tests.domains.http.http_page import JS, SCRIPT_PAGE, Shop, app, served
from tests.judging import judge
from tests.stack.process import free_port
from tests.stack.silent import Request, Response

__all__ = ["app"]


LFS = b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n"


@pytest.mark.parametrize(
    ("element", "path"),
    [
        ("<object data=/manual.pdf></object>", "/manual.pdf"),
        ("<script type=module>import a from '/a.mjs'; a()</script>", "/a.mjs"),
        ("<script type=module>import './a.mjs'; const b = import('./b.mjs')</script>", "/a.mjs"),
        ('<script type=module>import { a,\n  b as c } from "/a.mjs"</script>', "/a.mjs"),
        ('<script type=importmap>{"imports":{"a":"/a.mjs","b/":"/b/"}}</script>', "/a.mjs"),
        ("<link rel=preload as=image imagesrcset='/1.png 1x, /2.png 2x'>", "/2.png"),
        ("<iframe srcdoc='<img src=/i.png>'></iframe>", "/i.png"),
        ("<table background=/bg.png></table>", "/bg.png"),
    ],
)
def test_static_assets_that_are_named_in_other_ways(app: Shop, element: str, path: str) -> None:
    element = element.replace("{", "{{").replace("}", "}}")
    kind = {"pdf": "application/pdf", "png": "image/png"}.get(path.rpartition(".")[2], JS)
    every = {name: served(kind) for name in (path, "/1.png", "/b.mjs")}
    assert app.judge("http.static_assets", f"<!doctype html>{element}", every)
    every[path] = Response(404)
    assert f"{path}: 404" in app.seen("http.static_assets", f"<!doctype html>{element}", every)


def test_static_assets_that_browsers_take(app: Shop) -> None:
    page = "<!doctype html><link rel=manifest href=/a.webmanifest><object data=/a.html></object>"
    page += "<script src=/a.js></script>"
    routes = {
        "/a.webmanifest": served("application/octet-stream", b"{}"),
        "/a.html": served("text/html", b"<!doctype html>"),
        "/a.js": served(JS, b"{ f() }"),
    }
    assert app.judge("http.static_assets", page, routes)


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
        # The page of a single-page application in place of a missing file, under the type of that file's ending.
        ("/s/d.js", served(JS, b"<!DOCTYPE html><title>Shop</title>"), "200 with a page as text/javascript, named as"),
        ("/s/a.css", served("text/css", b"\n<html><title>Shop</title>"), "200 with a page as text/css, named as style"),
        ("/s/f.woff2", served("font/woff2", b"<!doctype html>"), "200 with a page as font/woff2, named as font"),
        ("/m.json", served("text/html", status=403), "m.json: 403"),
        ("/s/d.js", served(JS, b'{"message":"Not Found"}'), "200 with JSON as text/javascript"),
        ("/s/d.js", served(JS, b"<h1>Not found</h1>"), "200 with markup as text/javascript"),
        ("/s/d.js", served(JS, b"<!-- kept -->\n<!doctype html>"), "200 with a page as text/javascript"),
        ("/s/a.css", served("text/css", b"<!-- a --> <!-- b --><h1>None"), "200 with markup as text/css"),
        (
            "/s/d.js",
            served(JS, gzip.compress(b"f()" * 99)),
            "200 with gzip without Content-Encoding as text/javascript",
        ),
        (
            "/s/a.css",
            served("text/css", gzip.compress(b"a{}" * 99)),
            "200 with gzip without Content-Encoding as text/css",
        ),
        ("/s/", served("image/png", LFS), "200 with a pointer of Git LFS as image/png"),
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
    assert "time ran out after 0 s" in app.reason("http.static_assets", page, routes)


def test_static_assets_that_turn_programs_away(app: Shop) -> None:
    page = "<!doctype html><img src=/a.png><img src={other}/b.png>"
    fine = {"/a.png": served("image/png")}
    for status in (401, 403, 429, 503):
        app.other.routes = {"/b.png": Response(status)}
        assert app.reason("http.static_assets", page, fine).endswith(f"/b.png was answered {status}")
    app.other.routes = {"/b.png": served("image/png")}
    assert "/a.png was answered 429" in app.reason("http.static_assets", page, {"/a.png": Response(429)})
    assert "/a.png: 403" in app.seen("http.static_assets", page, {"/a.png": Response(403)})


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
    with pytest.raises(ClaimFalse, match=r"/a.js: 2200 bytes uncompressed"):
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
        ("max-age=300, immutable", "max-age=31536000", ""),  # no longer than its lifetime
        ("no-cache", "immutable", "js: immutable"),
        ("no-cache", "max-age=31535999", "js: max-age=31535999"),
        ("no-cache", "no-store, max-age=31536000", "js: no-store"),
        # Browsers do not read it so.
        ("no-cache", "max-age = 31536000", "js: max-age = 31536000"),
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


@pytest.mark.parametrize(
    ("headers", "seen"),
    [
        ([("Cache-Control", "max-age=0, stale-while-revalidate=31536000")], "stale-while-revalidate=31536000"),
        ([("Cache-Control", "no-cache"), ("Surrogate-Control", "max-age=86400")], "Surrogate-Control: max-age=86400"),
        ([("Cache-Control", "no-cache"), ("CDN-Cache-Control", "max-age=86400")], "Cdn-Cache-Control: max-age=86400"),
        ([("Cloudflare-CDN-Cache-Control", "public, max-age=86400")], "Cloudflare-Cdn-Cache-Control: public"),
        ([("Cache-Control", "max-age=60, stale-while-revalidate=60, stale-if-error=86400")], ""),
        ([("Cache-Control", "no-cache, stale-while-revalidate=86400"), ("Surrogate-Control", "no-store")], ""),
    ],
)
def test_caching_of_a_page_by_other_words(app: Shop, headers: list[tuple[str, str]], seen: str) -> None:
    app.app.routes = {
        "/": served("text/html", HASHED.encode(), *headers),
        "/app.3f2a9c1b.js": served(JS, b"x", ("Cache-Control", "max-age=31536000")),
    }
    if seen:
        with pytest.raises(ClaimFalse, match="a page that is kept for at most 600 s") as caught:
            judge("http.caching", app.url)
        assert seen in caught.value.seen
    else:
        assert judge("http.caching", app.url)


def test_caching_that_caches_read_in_different_ways(app: Shop) -> None:
    page = served("text/html", HASHED.encode(), ("Cache-Control", "max-age=31536000; public"))
    app.app.routes = {"/": page, "/app.3f2a9c1b.js": served(JS)}
    with pytest.raises(CouldNotVerify, match="max-age=31536000; public, which is no number of seconds"):
        judge("http.caching", app.url)


def test_caching_of_files_by_expires_and_vary(app: Shop) -> None:
    year = format_datetime(datetime.now(UTC) + timedelta(days=366), usegmt=True)
    app.app.routes = {"/": served("text/html", HASHED.encode(), ("Cache-Control", "no-cache"))}
    app.app.routes["/app.3f2a9c1b.js"] = served(JS, b"x", ("Expires", year))
    assert judge("http.caching", app.url)
    for headers in ([("Expires", year), ("Cache-Control", "no-cache")], [("Expires", "0")]):
        app.app.routes["/app.3f2a9c1b.js"] = served(JS, b"x", *headers)
        with pytest.raises(ClaimFalse, match="max-age of at least 31536000 s"):
            judge("http.caching", app.url)
    app.app.routes["/app.3f2a9c1b.js"] = served(JS, b"x", ("Cache-Control", "max-age=31536000"), ("Vary", "*"))
    with pytest.raises(ClaimFalse, match=r"max-age=31536000, Vary: \*"):
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
        *(
            (name, False)
            for name in (
                "analytics2024.js",
                "report-20240101.js",
                "banner2024spring.png",
                "summer20240601b.jpg",
                "fontawesome5.css",
                "a-b-c.js",
                "",
            )
        ),
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
    late = (
        "<img loading=lazy src=/i.png><script nomodule src=/big.js></script><noscript><img src=/i.png></noscript>"
        "<template><img src=/i.png></template>"
    )
    heavy = {**routes, "/big.js": served(JS, b"x" * 999_999)}
    assert "in 2 files" in app.judge("http.page_weight", SCRIPT_PAGE + late, heavy).text
    assert "in 3 files" in app.judge("http.page_weight", f"{SCRIPT_PAGE}{late}<img src=/i.png>", heavy).text
    for wrong in ({"max_kb": 0}, {"max_script_kb": 0}):
        with pytest.raises(ValidationError):
            judge("http.page_weight", app.url, **wrong)
