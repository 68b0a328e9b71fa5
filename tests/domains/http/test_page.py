"""The checks of a page and of all that it loads, together."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import pytest

from pytest_readiness.core.evidence import ClaimFalse, CouldNotVerify
from pytest_readiness.domains.http.resource import Url
from pytest_readiness.protocols.http import client as http_client
from tests.domains.http.http_page import (
    JS,
    KEY,
    PAGE_CHECKS,
    SCRIPT_PAGE,
    TYPES,
    Shop,
    app,
    files,
    nginx,
    options,
    served,
    site,
)
from tests.judging import judge, read
from tests.stack.nginx import Nginx
from tests.stack.patience import patient
from tests.stack.process import free_port
from tests.stack.silent import FlakyServer, Response, SilentServer, WebApp

__all__ = ["app", "files", "nginx", "site"]


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
            {"http.compression": r"1 uncompressed: .*app.3f2a9c1b.js: \d+ bytes uncompressed"},
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


@pytest.mark.parametrize("id", PAGE_CHECKS)
def test_what_is_no_page_is_not_judged(app: Shop, id: str) -> None:
    parameters = PAGE_CHECKS[id]
    for answer, why in (
        (served("text/html", status=404), "answered 404"),
        (served("text/html", status=401), "answered 401"),
        (served("application/json"), "application/json, which is not a page"),
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
    monkeypatch.setattr(http_client, "READ_SECONDS", patient(0.2))
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


def test_a_page_that_is_too_long_may_name_more(app: Shop) -> None:
    page = f"{SCRIPT_PAGE}{'x' * 1_100_000}<script>'{KEY}'</script>"
    for id in ("http.bundle", "http.static_assets", "http.page_weight"):
        assert "is too long to be looked at as a whole" in app.reason(id, page, {"/a.js": served(JS)})
