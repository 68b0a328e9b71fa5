from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest
from pydantic import ValidationError

from pytest_readiness.core.evidence import ClaimFalse, CouldNotVerify
from pytest_readiness.domains.http.resource import Url
from tests.domains.http.http_headers import CSP, STS, Headers, Judge, judged, seen, server
from tests.judging import judge
from tests.stack.certs import Authority
from tests.stack.silent import Response, WebApp

__all__ = ["judged", "server"]


@pytest.mark.parametrize(
    ("values", "parameters"),
    [
        (["max-age=31536000; includeSubDomains"], {}),
        (['MAX-AGE="63072000" ; INCLUDESUBDOMAINS;'], {}),
        (["includeSubDomains; x=y; max-age=31536000"], {}),
        (["max-age=2592000"], {"min_age_days": 30, "include_subdomains": False}),
        (["max-age=31536000; includeSubDomains; preload"], {"preload": True, "min_age_days": 30}),
    ],
)
def test_hsts_passes(judged: Judge, values: list[str], parameters: dict[str, Any]) -> None:
    assert f"{STS}: {values[0]}" in judged("http.hsts", [(STS, value) for value in values], **parameters).text


@pytest.mark.parametrize(
    ("values", "parameters", "what"),
    [
        ([], {}, f"no {STS} (200 from https://localhost"),
        (["max-age=31535999; includeSubDomains"], {}, "max-age=31535999"),
        (["max-age=31536000"], {}, "max-age=31536000 (200"),
        (["max-age=0; includeSubDomains"], {}, "max-age=0"),
        (["includeSubDomains"], {}, "an invalid header"),
        (["max-age=-1; includeSubDomains"], {}, "an invalid header"),
        (["max-age=31536000s; includeSubDomains"], {}, "an invalid header"),
        (["max-age=0; max-age=31536000; includeSubDomains"], {}, "an invalid header"),
        (["max-age=31536000, includeSubDomains"], {}, "an invalid header"),
        (["max-age=31536000; includeSubDomains"] * 2, {}, "2 headers"),
        (["max-age=31536000; includeSubDomains"], {"preload": True}, "includeSubDomains (200"),
        (["max-age=2592000; includeSubDomains; preload"], {"preload": True, "min_age_days": 30}, "max-age=2592000"),
        (["max-age=31536000; preload"], {"preload": True, "include_subdomains": False}, "preload"),
    ],
)
def test_hsts_fails(judged: Judge, values: list[str], parameters: dict[str, Any], what: str) -> None:
    assert what in seen(judged, "http.hsts", [(STS, value) for value in values], **parameters)


def test_hsts_over_plain_http_is_ignored_by_browsers() -> None:
    headers = [(STS, "max-age=63072000; includeSubDomains")]
    with WebApp({"/": Response(headers=headers)}) as app, pytest.raises(ClaimFalse, match="over plain http"):
        judge("http.hsts", Url(name="shop", url=app.url))


def test_headers_of_the_page_a_visitor_ends_on(server: WebApp, authority: Authority) -> None:
    server.routes = {
        "/": Response(302, [("Location", "/en")]),
        "/en": Response(headers=[("X-Content-Type-Options", "nosniff")]),
    }
    url = Url(name="shop", url=server.url, ca=authority.ca_file)
    assert judge("http.nosniff", url).text == f"X-Content-Type-Options: nosniff (200 from {server.url}/en)"


XSS = "X-XSS-Protection"


@pytest.mark.parametrize(
    ("values", "warning"),
    [([], ""), (["0"], ""), (["0", "0"], ""), (["1; mode=block"], "out of date"), (["1;Mode=Block"], "out")],
)
def test_xss_protection_passes(judged: Judge, values: list[str], warning: str) -> None:
    evidence = judged("http.xss_protection", [(XSS, value) for value in values])
    assert warning in evidence.warning
    assert bool(evidence.warning) == bool(warning)


@pytest.mark.parametrize("values", [["1"], ["1; report=/x"], ["0", "1; mode=block"], ["block"], ["1; mode=block; x"]])
def test_xss_protection_fails(judged: Judge, values: list[str]) -> None:
    assert f"{XSS}: {values[0]}" in seen(judged, "http.xss_protection", [(XSS, value) for value in values])


def test_xss_protection_of_an_error_is_none_of_the_page(server: WebApp, authority: Authority) -> None:
    server.routes = {}
    with pytest.raises(CouldNotVerify, match="was answered 404, an error instead of the page"):
        judge("http.xss_protection", Url(name="shop", url=server.url, ca=authority.ca_file))


@pytest.mark.parametrize(
    "values",
    [
        ["default-src 'self'; frame-ancestors 'none'"],
        ["DEFAULT-SRC 'Self'; FRAME-ANCESTORS 'self' https://partner.example.com;"],
        ["script-src 'self'; object-src 'none'; frame-ancestors 'none'"],
        ["script-src 'nonce-abc' 'unsafe-inline'; object-src 'none'; frame-ancestors"],
        ["script-src 'strict-dynamic' 'nonce-abc' https: http: 'unsafe-inline'; object-src 'none'; frame-ancestors"],
        ["default-src 'none'", "frame-ancestors 'self'"],
        ["default-src 'none', frame-ancestors 'self'"],
        ["script-src * 'unsafe-inline' 'unsafe-eval'; frame-ancestors *", "default-src 'self'; frame-ancestors 'none'"],
        ["default-src 'self' https://*.example.com; img-src 'self' data:; frame-ancestors 'none'"],
    ],
)
def test_csp_passes(judged: Judge, values: list[str]) -> None:
    assert judged("http.csp", [(CSP, value) for value in values]).text.startswith(CSP)


@pytest.mark.parametrize(
    ("headers", "what"),
    [
        ([], f"no {CSP}"),
        ([(CSP, "")], f"{CSP}:"),
        ([(f"{CSP}-Report-Only", "default-src 'self'; frame-ancestors 'none'")], "Report-Only, which forbids nothing"),
        ([(CSP, "default-src 'self'")], "frame-ancestors is not set"),
        ([(CSP, "frame-ancestors 'none'")], "script-src is not set; object-src is not set"),
        ([(CSP, "script-src 'self'; frame-ancestors 'none'")], "object-src is not set"),
        ([(CSP, "default-src 'self' 'unsafe-inline'; frame-ancestors 'none'")], "script-src allows 'unsafe-inline'"),
        (
            [(CSP, "default-src 'self'; script-src-attr 'unsafe-inline'; frame-ancestors 'none'")],
            "script-src-attr allows 'unsafe-inline'",
        ),
        ([(CSP, "default-src 'self' 'unsafe-eval'; frame-ancestors 'none'")], "script-src allows 'unsafe-eval'"),
        ([(CSP, "default-src *; frame-ancestors 'none'")], "script-src allows *"),
        ([(CSP, "default-src https:; frame-ancestors 'none'")], "script-src allows https:"),
        ([(CSP, "default-src 'strict-dynamic' https:; frame-ancestors 'none'")], "script-src allows https:"),
        ([(CSP, "default-src https://*; frame-ancestors 'none'")], "script-src allows https://*"),
        ([(CSP, "default-src 'self' data:; frame-ancestors 'none'")], "script-src allows data:"),
        ([(CSP, "default-src 'self'; img-src *; frame-ancestors 'none'")], "img-src allows *"),
        ([(CSP, "default-src 'self'; frame-ancestors https:")], "frame-ancestors allows https:"),
        ([(CSP, "default-src *; default-src 'self'; frame-ancestors 'none'")], "script-src allows *"),
        (
            [(CSP, "script-src 'self' 'unsafe-inline'; object-src 'none'"), (CSP, "frame-ancestors 'none'")],
            "script-src allows 'unsafe-inline'",
        ),
    ],
)
def test_csp_fails(judged: Judge, headers: Headers, what: str) -> None:
    assert what in seen(judged, "http.csp", headers)


@pytest.mark.parametrize(
    ("headers", "holds"),
    [
        ([("X-Frame-Options", "deny")], True),
        ([("X-Frame-Options", "SAMEORIGIN")] * 2, True),
        ([(CSP, "frame-ancestors 'self'")], True),
        ([(CSP, "frame-ancestors *"), (CSP, "frame-ancestors 'none'")], True),
        ([(CSP, "default-src 'none'"), ("X-Frame-Options", "DENY")], True),
        ([], False),
        ([("X-Frame-Options", "ALLOW-FROM https://partner.example.com")], False),
        ([("X-Frame-Options", "DENY"), ("X-Frame-Options", "SAMEORIGIN")], False),
        ([("X-Frame-Options", "none")], False),
        ([(CSP, "default-src 'none'")], False),
        ([(CSP, "frame-ancestors https:"), ("X-Frame-Options", "DENY")], False),
        ([(f"{CSP}-Report-Only", "frame-ancestors 'none'")], False),
    ],
)
def test_frame_options(judged: Judge, headers: Headers, holds: bool) -> None:
    if holds:
        assert judged("http.frame_options", headers).text
    else:
        assert "200 from" in seen(judged, "http.frame_options", headers)


@pytest.mark.parametrize(
    ("id", "name", "good", "bad"),
    [
        (
            "http.nosniff",
            "X-Content-Type-Options",
            ["nosniff", "NoSniff, nosniff"],
            ["", "sniff", "no-sniff", "x, nosniff"],
        ),
        (
            "http.referrer_policy",
            "Referrer-Policy",
            ["no-referrer", "Same-Origin", "strict-origin", "unsafe-url, strict-origin-when-cross-origin, new-word"],
            ["", "origin", "unsafe-url", "no-referrer-when-downgrade", "never", "no-referrer, origin"],
        ),
        (
            "http.permissions_policy",
            "Permissions-Policy",
            [
                "camera=(), microphone=(), geolocation=()",
                'camera=(self "https://a.example.com, b"),microphone=self , geolocation=();report-to=x, usb=()',
            ],
            [
                "",
                "camera=()",
                "camera=*, microphone=(), geolocation=()",
                "camera=(), microphone=(), geolocation=(), usb=(*)",
                "camera 'none'; microphone 'none'; geolocation 'none'",
                "camera=(), microphone=(), geolocation=(",
                "(" * 30000,
            ],
        ),
    ],
)
def test_single_headers(judged: Judge, id: str, name: str, good: list[str], bad: list[str]) -> None:
    for value in good:
        assert judged(id, [(name, value)]).text.startswith(f"{name}: ")
    for value in bad:
        assert name in seen(judged, id, [(name, value)])
    assert seen(judged, id, []).startswith(f"no {name} (200 from https://localhost:")


def test_permissions_policy_of_other_features(judged: Judge) -> None:
    headers = [("Permissions-Policy", "usb=()")]
    assert judged("http.permissions_policy", headers, features=["usb"])
    assert "serial is not named" in seen(judged, "http.permissions_policy", headers, features=["usb", "serial"])
    with pytest.raises(ValidationError):
        judged("http.permissions_policy", headers, features=[])


def cookie(*values: str) -> Headers:
    return [("Set-Cookie", value) for value in values]


SAFE = "Secure; HttpOnly; SameSite=Lax"


def later(hours: float) -> str:
    return format_datetime(datetime.now(UTC) + timedelta(hours=hours), usegmt=True)


@pytest.mark.parametrize(
    ("values", "parameters"),
    [
        ([f"sid=secret; {SAFE}"], {}),
        (["sid=secret;secure;httponly;samesite=STRICT"], {"samesite": "Strict"}),
        (["a=1; Secure; HttpOnly; SameSite=None"], {"samesite": "None"}),
        ([f"a=1, b; {SAFE}", f"c=2; Expires=Wed, 01 Jan 2098 00:00:00 GMT; {SAFE}"], {}),
        (["csrftoken=secret; Secure; SameSite=Lax"], {"readable": ["csrftoken"]}),
        ([f"sid=secret; {SAFE}"], {"max_age_hours": 1}),
        ([f"sid=secret; Max-Age=3600; Expires=Wed, 01 Jan 2098 00:00:00 GMT; {SAFE}"], {"max_age_hours": 1}),
        ([f"sid=secret; Max-Age=60; {SAFE}", f"theme=x; Max-Age=9999999; {SAFE}"], {"max_age_hours": 1}),
        ([f"sid=secret; SameSite=Bad; {SAFE}"], {}),
    ],
)
def test_cookies_pass(judged: Judge, values: list[str], parameters: dict[str, Any]) -> None:
    evidence = judged("http.cookies", cookie(*values), **parameters)
    assert "Secure, HttpOnly, SameSite on" in evidence.text
    assert not evidence.warning
    assert "secret" not in evidence.text


@pytest.mark.parametrize(
    ("values", "parameters", "what"),
    [
        (["sid=secret; HttpOnly; SameSite=Lax"], {}, "sid lacks Secure"),
        (["sid=secret; Secure; SameSite=Lax"], {}, "sid lacks HttpOnly"),
        (["sid=secret; Secure; HttpOnly"], {}, "sid has no SameSite"),
        (["sid=secret; Secure; HttpOnly; SameSite"], {}, "sid has an invalid SameSite"),
        (["sid=secret; Secure; HttpOnly; SameSite=Loose"], {}, "sid has an invalid SameSite"),
        (["sid=secret; Secure; HttpOnly; SameSite=None"], {}, "sid has SameSite=None"),
        ([f"sid=secret; {SAFE}"], {"samesite": "Strict"}, "sid has SameSite=Lax"),
        (["sid=Secure=HttpOnly"], {}, "sid lacks Secure and HttpOnly; sid has no SameSite"),
        (["secret; SameSite=Lax"], {}, "a nameless cookie lacks Secure and HttpOnly"),
        ([f"sid=secret; Expires=never; {SAFE}"], {"max_age_hours": 1}, "sid lives for inf h"),
        ([f"sid=secret; Expires=Wed, 01-Jan-2098 00:00:00 GMT; {SAFE}"], {"max_age_hours": 1}, "sid lives for "),
        ([f"a=1; {SAFE}", "b=2"], {}, "b lacks Secure and HttpOnly"),
        ([f"sid=secret; Max-Age=3601; {SAFE}"], {"max_age_hours": 1}, "sid lives for 1.0 h"),
        ([f"PHPSESSID=secret; Max-Age=86400; {SAFE}"], {"max_age_hours": 1}, "PHPSESSID lives for 24.0 h"),
    ],
)
def test_cookies_fail(judged: Judge, values: list[str], parameters: dict[str, Any], what: str) -> None:
    found = seen(judged, "http.cookies", cookie(*values), **parameters)
    assert what in found
    assert "secret" not in found


def test_cookies_that_expire_on_a_date(judged: Judge) -> None:
    cookies = cookie(f"login=secret; Expires={later(10.04)}; {SAFE}")
    assert seen(judged, "http.cookies", cookies, max_age_hours=1).startswith("login lives for 10.0 h")


def test_cookies_where_there_are_none(judged: Judge) -> None:
    evidence = judged("http.cookies", cookie("gone=; Max-Age=0", f"old=; Expires={later(-1)}"))
    assert evidence.text.endswith("200, no cookie is set")
    assert evidence.warning.startswith("No cookie was set")
    for values in ([], [f"theme=x; {SAFE}"], [f"csrftoken=x; {SAFE}"]):
        with pytest.raises(CouldNotVerify, match="sets no session cookie"):
            judged("http.cookies", cookie(*values), max_age_hours=1)


def test_cookies_on_the_way_count(server: WebApp, authority: Authority) -> None:
    server.routes = {"/": Response(302, [("Location", "/en"), *cookie("way=1")]), "/en": Response()}
    with pytest.raises(ClaimFalse, match="way lacks Secure"):
        judge("http.cookies", Url(name="shop", url=server.url, ca=authority.ca_file))


@pytest.mark.parametrize(
    ("headers", "what"),
    [
        ([], "none of Server"),
        ([("Server", "nginx")], "server: nginx"),
        ([("Server", "ECS (dcb/7EA3)")], "server: ECS"),
        ([("X-Powered-By", "Express")], "warning"),
        ([("Server", "nginx/1.22.1")], "fails"),
        ([("Server", "Apache/2.4.57 (Debian) OpenSSL/3.0.9")], "fails"),
        ([("Server", "WEBrick 1.8")], "fails"),
        ([("X-Powered-By", "PHP/8")], "fails"),
        ([("X-Generator", "Drupal 9.5 (https://www.drupal.org)")], "fails"),
        ([("X-AspNetMvc-Version", "5")], "fails"),
    ],
)
def test_banner(judged: Judge, headers: Headers, what: str) -> None:
    if what == "fails":
        assert seen(judged, "http.banner", headers) == f"{headers[0][0].lower()}: {headers[0][1]}"
    else:
        evidence = judged("http.banner", headers)
        assert what == "warning" or what in evidence.text
        assert evidence.warning == ("x-powered-by gives the framework away." if what == "warning" else "")
