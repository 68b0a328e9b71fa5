from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest
from pydantic import ValidationError

from pytest_readiness.core.evidence import ClaimFalse, CouldNotVerify
from pytest_readiness.domains.http.resource import Url
from pytest_readiness.protocols.markup import parse
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
        (["max-age=31536000; includeSubDomains=true"], {}, "an invalid header"),
        (["max-age=31536000; includeSubDomains="], {"include_subdomains": False}, "an invalid header"),
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
        ["script-src 'nonce-NONCE' 'unsafe-inline'; object-src 'none'; frame-ancestors"],
        ["script-src 'strict-dynamic' 'nonce-NONCE' https: http: 'unsafe-inline'; object-src 'none'; frame-ancestors"],
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
        ([("X-Frame-Options", "DENY"), ("X-Frame-Options", "SAMEORIGIN")], True),  # in conflict, browsers deny
        ([("X-Frame-Options", "sameorigin, none")], True),
        ([("X-Frame-Options", "ALLOWALL")], False),
        ([("X-Frame-Options", "none, ALLOW-FROM https://partner.example.com")], False),
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
                "camera=none, microphone=(none), geolocation=self",
                "camera=*, microphone=(), geolocation=() , camera=( self )",
                'camera=(self "https://a.example.com, b"),microphone=self , geolocation=();report-to=x, usb=()',
            ],
            [
                "",
                "camera=()",
                "camera=*, microphone=(), geolocation=()",
                "camera=(), microphone=(), geolocation=(), usb=(*)",
                "camera 'none'; microphone 'none'; geolocation 'none'",
                "camera=(), microphone=(), geolocation=(",
                "camera=(), microphone=(), geolocation=(),",
                "camera=(),, microphone=(), geolocation=()",
                "camera=('none'), microphone=('none'), geolocation=('none')",
                "camera= (), microphone= (), geolocation= ()",
                'camera=(self, "https://a.example"), microphone=(), geolocation=()',
                'camera=(self"https://a.example"), microphone=(), geolocation=()',
                'camera=(self;"https://a.example"), microphone=(), geolocation=()',
                'camera=(), microphone=(), geolocation=("self)',
                "Camera=(), microphone=(), geolocation=()",
                "camera=(); microphone=(); geolocation=()",
                "camera, microphone=(), geolocation=()",
                "camera=(), microphone=(), geolocation=(), geolocation=(self *)",
                "camera=(), microphone=(), geolocation=(self “https://a.example”)".encode().decode("latin1"),
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


@pytest.mark.parametrize("source", ["https:", "https://*", "https://*.com", "https://*.github.io"])
def test_permissions_policy_for_sources_that_are_every_site(judged: Judge, source: str) -> None:
    closed = "microphone=(), geolocation=()"
    headers = [("Permissions-Policy", f'camera=("{source}"), {closed}')]
    assert "camera is open to every site" in seen(judged, "http.permissions_policy", headers)
    # Outside of quotes it is a word that means nothing.
    for right in ('("https://*.example.com")', "(https:)", '(self "https://maps.example.com")'):
        assert judged("http.permissions_policy", [("Permissions-Policy", f"camera={right}, {closed}")])


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
        # Browsers ignore an Expires that they cannot read.
        ([f"sid=secret; Expires=1893456000; {SAFE}"], {"max_age_hours": 1}),
        ([f"a={'secret' * 680}; {SAFE}"], {}),
        ([f"__Host-sid=secret; Path=/; {SAFE}", f"__Secure-a=1; Domain=.LOCALHOST; {SAFE}"], {}),
    ],
)
def test_cookies_pass(judged: Judge, values: list[str], parameters: dict[str, Any]) -> None:
    evidence = judged("http.cookies", cookie(*values), **parameters)
    assert "Secure, HttpOnly, SameSite on" in evidence.text
    assert evidence.text.endswith("without HttpOnly: csrftoken") == ("csrftoken" in values[0])
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
        ([f"sid=secret; Expires=Do 01-Jan-37 00:00:00 MEZ; {SAFE}"], {"max_age_hours": 1}, "sid lives for "),
        (["a=1; Secure; HttpOnly; SameSite=Lax, b=2; Secure; HttpOnly; SameSite=Lax"], {}, "a has the cookie b in its"),
        (["a=1; HttpOnly; SameSite=None"], {"samesite": "None"}, "lacks Secure, which SameSite=None asks for"),
        (["a=1; HttpOnly; SameSite=Lax; Partitioned"], {}, "lacks Secure, which Partitioned asks for"),
        (
            [f"a={'secret' * 700}; {SAFE}"],
            {},
            "a has 4201 bytes of name and value, more than 4096, so that browsers drop",
        ),
        ([f"a=1; Domain=localhost.; {SAFE}"], {}, "is for the domain localhost"),
        ([f"sid=secret; Expires=Wed, 01-Jan-2098 00:00:00 GMT; {SAFE}"], {"max_age_hours": 1}, "sid lives for "),
        ([f"a=1; {SAFE}", "b=2"], {}, "b lacks Secure and HttpOnly"),
        ([f"sid=secret; Max-Age=3601; {SAFE}"], {"max_age_hours": 1}, "sid lives for 1.0003 h"),
        (
            [f"remember_web_59ba36=secret; Max-Age=999999; {SAFE}"],
            {"max_age_hours": 1},
            "remember_web_59ba36 lives for",
        ),
        ([f".AspNetCore.Cookies=secret; Max-Age=99999; {SAFE}"], {"max_age_hours": 1}, ".AspNetCore.Cookies lives for"),
        (["csrf_session=secret; Secure; SameSite=Lax"], {}, "csrf_session lacks HttpOnly"),
        ([f"__Host-sid=secret; Path=/; Domain=localhost; {SAFE}"], {}, "has a Domain, which __Host- forbids, so that"),
        ([f"__Host-sid=secret; Path=/app; {SAFE}"], {}, "__Host-sid lacks Path=/, which __Host- asks for"),
        ([f"__host-sid=secret; {SAFE}"], {}, "__host-sid lacks Path=/"),
        (["__Secure-sid=secret; HttpOnly; SameSite=Lax"], {}, "lacks Secure, which its prefix asks for"),
        ([f"sid=secret; Domain=other.example; {SAFE}"], {}, "is for the domain other.example, so that browsers drop"),
        ([f"sid=secret; Domain=app.localhost; {SAFE}"], {}, "is for the domain app.localhost"),
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
        ([("X-Powered-By", "PHP 8")], "fails"),
        ([("X-Generator", "Drupal 10 (https://www.drupal.org)")], "fails"),
        ([("X-Jenkins", "2.414.3")], "fails"),
        ([("Liferay-Portal", "Liferay Digital Experience Platform 7.4")], "fails"),
        ([("MicrosoftSharePointTeamServices", "16.0.0.10337")], "fails"),
        ([("X-Rails-Version", "7.0.4")], "fails"),
        ([("X-Grafana-Version", "9.1")], "fails"),
        ([("PHP-Version", "8.1")], "fails"),
        ([("X-Elastic-Product", "Elasticsearch 8")], "fails"),
        ([("X-Elastic-Product", "Elasticsearch")], "warning"),
        ([("X-Powered-By", "Phusion Passenger(R) 6")], "fails"),
        ([("Server", "Oracle-Application-Server-11g")], "fails"),
        ([("X-Mod-Pagespeed", "1.13.35.2-0")], "fails"),
        ([("X-CF-Powered-By", "CF 1.5")], "fails"),
        ([("X-Content-Encoded-By", "Joomla! 2.5")], "fails"),
        ([("X-Server-Powered-By", "Engintron 1.19")], "fails"),
        ([("OracleCommerceCloud-Version", "20.1")], "fails"),
        ([("Server", "Jetty(11)")], "fails"),
        ([("Server", "ECAcc (sed/58B5)")], "server: ECAcc"),
        ([("Server", "BunnyCDN-DE1-1080")], "server: BunnyCDN"),
        ([("Via", "1.1 vegur (Cowboy 2.9)")], "fails"),
        ([("Via", "1.1 kong/3.4.0")], "fails"),
        ([("Via", "kong/3.4.0")], "fails"),
        ([("Via", "1.1 google, 1.1 varnish (Varnish/7.1)")], "fails"),
        ([("Via", "HTTP/1.1 proxy (squid/5.7)")], "fails"),
        ([("Via", "1.1 2f3b8c1a4f9e.cloudfront.net (CloudFront), 2.0 Caddy, HTTP/1.1 m1")], "none of Server"),
    ],
)
def test_banner(judged: Judge, headers: Headers, what: str) -> None:
    if what == "fails":
        assert seen(judged, "http.banner", headers) == f"{headers[0][0].lower()}: {headers[0][1]}"
    else:
        evidence = judged("http.banner", headers)
        assert what == "warning" or what in evidence.text
        named = headers[0][0].lower() if what == "warning" else ""
        assert evidence.warning == (f"{named} gives the framework away." if named else "")


GOOD = "default-src 'self'; frame-ancestors 'none'"
PLACED = [
    *("http.hsts", "http.csp", "http.frame_options", "http.nosniff", "http.xss_protection", "http.referrer_policy"),
    *("http.permissions_policy", "http.security_headers", "http.cookies", "http.banner"),
]
ALL_GOOD = [
    (STS, "max-age=63072000; includeSubDomains"),
    (CSP, GOOD),
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "no-referrer"),
    ("Permissions-Policy", "camera=(), microphone=(), geolocation=()"),
]


@pytest.mark.parametrize("id", PLACED)
def test_headers_of_what_is_in_place_of_the_page_say_nothing(judged: Judge, id: str) -> None:
    for status in (401, 403, 404, 500, 503):
        with pytest.raises(CouldNotVerify, match=rf"was answered {status}, an error instead of the page; if that is"):
            judged(id, ALL_GOOD, status=status)
    assert judged(id, ALL_GOOD, status=404, declared=404)
    with pytest.raises(CouldNotVerify, match="was answered 200, an error"):
        judged(id, ALL_GOOD, declared=404)


@pytest.mark.parametrize(
    ("status", "headers", "body", "gate"),
    [
        (202, [("x-amzn-waf-action", "challenge")], "", "AWS WAF"),
        (200, [], "<html><title>Just a moment...</title>", "Cloudflare"),
        (403, [("cf-mitigated", "challenge")], "", "Cloudflare"),
        (200, [], '<script id="anubis_challenge" type="application/json">', "Anubis"),
        (200, [], '<iframe src="/_Incapsula_Resource?CWUDNSAI=9&incident_id=1"></iframe>', "Imperva"),
    ],
)
def test_a_challenge_is_not_the_page(judged: Judge, status: int, headers: Headers, body: str, gate: str) -> None:
    for id in PLACED:
        with pytest.raises(CouldNotVerify, match=f"by {gate}, which turns programs away, instead of the page"):
            judged(id, [*ALL_GOOD, *headers], body, status=status)


@pytest.mark.parametrize("id", sorted({*PLACED} - {"http.hsts", "http.cookies", "http.banner"}))
def test_a_redirect_to_elsewhere_is_not_the_page(judged: Judge, id: str) -> None:
    with pytest.raises(CouldNotVerify, match=r"a redirect to https://www\.example\.com/, not the page"):
        judged(id, [*ALL_GOOD, ("Location", "https://www.example.com/")], status=301)


def test_what_an_error_gives_away_is_given_away(judged: Judge) -> None:
    assert "nginx/1.25" in seen(judged, "http.banner", [("Server", "nginx/1.25")], status=503)
    assert "sid lacks Secure" in seen(judged, "http.cookies", [("Set-Cookie", "sid=1")], status=503)


def test_hsts_counts_from_the_first_answer(server: WebApp, authority: Authority) -> None:
    strict = [(STS, "max-age=63072000; includeSubDomains; preload")]
    url = Url(name="shop", url=server.url, ca=authority.ca_file)
    server.routes = {"/": Response(302, [("Location", "/login")]), "/login": Response(200, strict)}
    with pytest.raises(ClaimFalse, match=f"no {STS} .302 from"):
        judge("http.hsts", url, preload=True)
    server.routes = {"/": Response(302, [("Location", "/login"), *strict]), "/login": Response(200, strict)}
    assert judge("http.hsts", url, preload=True).text.endswith("/login), and 1 redirects to it")
    server.routes = {"/": Response(302, [("Location", "/login"), *strict]), "/login": Response(200)}
    with pytest.raises(ClaimFalse, match=f"no {STS} .200 from"):
        judge("http.hsts", url)
    server.routes = {"/": Response(301, [("Location", "https://www.example.com/"), *strict])}
    assert judge("http.hsts", url).text.startswith(STS)
    server.routes = {"/": Response(302, [("Location", "/login")]), "/login": Response(503)}
    with pytest.raises(ClaimFalse, match="302 from"):
        judge("http.hsts", url)


@pytest.mark.parametrize(
    ("values", "body"),
    [
        (["script-src 'self'; frame-ancestors 'none'", "object-src 'none'"], ""),
        (["script-src 'self' *; object-src *; frame-ancestors *", GOOD], ""),
        (["img-src *; frame-ancestors 'none'", "default-src 'self'"], ""),
        (["frame-ancestors 'none'"], "<head><meta http-equiv=Content-Security-Policy content=\"default-src 'self'\">"),
        (
            ["script-src 'self' 'unsafe-inline' 'sha256-q7/iM9jR4Q8+nXzV='; object-src 'none'; frame-ancestors 'none'"],
            "",
        ),
        (["default-src 'self' *.example.com *.internal; frame-ancestors 'none'"], ""),
        (["default-src 'self'; frame-ancestors 'none' 'slef'"], ""),
    ],
)
def test_csp_of_several_policies_passes(judged: Judge, values: list[str], body: str) -> None:
    headers = [("Content-Type", "text/html"), *((CSP, value) for value in values)]
    assert judged("http.csp", headers, body)


@pytest.mark.parametrize(
    ("values", "body", "what"),
    [
        ([GOOD + "; img-src *", "upgrade-insecure-requests"], "", "img-src allows *"),
        ([GOOD + "; img-src *", "block-all-mixed-content; report-uri /csp"], "", "img-src allows *"),
        ([GOOD + "; img-src *", "script-src 'self'"], "", "img-src allows *"),
        ([GOOD + "; script-src 'unsafe-inline'", "img-src 'self'"], "", "script-src allows 'unsafe-inline'"),
        ([GOOD + "; script-src 'self' 'unsafe-inline' 'nonce-'"], "", "script-src allows 'unsafe-inline'"),
        ([GOOD + "; script-src 'self' 'unsafe-inline' 'nonce-{{nonce}}'"], "", "script-src allows 'unsafe-inline'"),
        ([GOOD + "; script-src 'self' 'unsafe-inline' 'nonce-$request_id'"], "", "script-src allows 'unsafe-inline'"),
        ([GOOD + "; script-src 'self' 'unsafe-inline' 'nonce-<?= $n ?>'"], "", "script-src allows 'unsafe-inline'"),
        ([GOOD + "; script-src 'self' 'unsafe-inline' 'sha256-abc$'"], "", "script-src allows 'unsafe-inline'"),
        ([GOOD + "; script-src 'self' 'unsafe-inline' nonce-abc"], "", "script-src allows 'unsafe-inline'"),
        ([GOOD + "; script-src 'self' 'unsafe-inline' 'sha1-abc='"], "", "script-src allows 'unsafe-inline'"),
        ([GOOD + "; script-src 'self' 'nonce-abcdef'"], "", "the same one in two answers: 'nonce-abcdef'"),
        ([GOOD + "; script-src *.com"], "", "script-src allows *.com"),
        ([GOOD + "; script-src https://*.co.uk"], "", "script-src allows https://*.co.uk"),
        ([GOOD + "; script-src 'self' https://*.github.io"], "", "script-src allows https://*.github.io"),
        ([GOOD + "; script-src *.s3.amazonaws.com"], "", "script-src allows *.s3.amazonaws.com"),
        *(
            ([f"{GOOD}; script-src 'self' *.{domain}"], "", f"script-src allows *.{domain}")
            for domain in (
                *("run.app", "webflow.io", "execute-api.eu-west-1.amazonaws.com", "lambda-url.us-east-1.on.aws"),
                *("s3.eu-central-1.amazonaws.com", "z6.web.core.windows.net", "fra1.digitaloceanspaces.com"),
                *("westeurope.cloudapp.azure.com", "trycloudflare.com", "vercel.app", "wordpress.com"),
                *("hf.space", "storage.googleapis.com", "s3.fr-par.scw.cloud", "lovable.app"),
            )
        ),
        ([GOOD + "; script-src https://*/js/"], "", "script-src allows https://*/js/"),
        ([GOOD + "; script-src *:443"], "", "script-src allows *:443"),
        (["default-src 'self'; frame-ancestors *.org"], "", "frame-ancestors allows *.org"),
        (
            ["default-src 'self'"],
            f'<head><meta http-equiv="{CSP}" content="frame-ancestors \'none\'">',
            "frame-ancestors is",
        ),
        (
            ["frame-ancestors 'none'"],
            f'<body><p>x</p><meta http-equiv="{CSP}" content="default-src \'self\'">',
            "script-src is",
        ),
        (
            ["frame-ancestors 'none'"],
            f'<head><script src=/a.js></script><meta http-equiv="{CSP}" content="default-src \'self\'">',
            "script-src is not set",
        ),
    ],
)
def test_csp_of_several_policies_fails(judged: Judge, values: list[str], body: str, what: str) -> None:
    headers = [("Content-Type", "text/html"), *((CSP, value) for value in values)]
    assert what in seen(judged, "http.csp", headers, body)


@pytest.mark.parametrize(
    ("header", "meta", "holds"),
    [
        ("no-referrer", "unsafe-url", False),
        ("no-referrer", "always", False),
        ("no-referrer", "nonsense", True),
        ("unsafe-url", "same-origin", True),
        ("", "strict-origin", True),
        ("", "origin", False),
        ("strict-origin", "default", True),
    ],
)
def test_a_meta_element_overrides_the_referrer_policy(judged: Judge, header: str, meta: str, holds: bool) -> None:
    headers = [("Content-Type", "text/html"), *([("Referrer-Policy", header)] if header else [])]
    body = f'<html><head><meta name="referrer" content="{meta}"></head></html>'
    if holds:
        assert f"in a meta element: {meta}" in judged("http.referrer_policy", headers, body).text
    else:
        assert f"in a meta element: {meta}" in seen(judged, "http.referrer_policy", headers, body)
    graded = judged("http.security_headers", headers, body, min_grade="F").text
    assert ("referrer-policy -5" in graded) != holds


@pytest.mark.parametrize(
    "name", ["XSRF-TOKEN", "csrftoken", "__Host-csrf", "csrf_token", "_csrf", "YII_CSRF_TOKEN", "csrf_access_token"]
)
def test_a_token_against_forged_requests_is_read_by_scripts(judged: Judge, name: str) -> None:
    assert judged("http.cookies", [("Set-Cookie", f"{name}=1; Secure; SameSite=Lax; Path=/")])
    assert f"{name} lacks Secure" in seen(judged, "http.cookies", [("Set-Cookie", f"{name}=1; SameSite=Lax")])


@pytest.mark.parametrize(
    ("before", "heeded"),
    [
        ("<!doctype html>", True),
        ("<html><head><title>Shop</title><link rel=icon href=/i.png>", True),
        ("<p>x</p>", False),
        ("Welcome", False),
        ("<html><head></head><body>", False),
        ("<script>1</script>", False),
    ],
)
def test_a_policy_in_a_meta_element_is_heeded_in_the_head(before: str, heeded: bool) -> None:
    found = parse(f'{before}<meta http-equiv="{CSP}" content="default-src">').policies
    assert found == (("default-src",) if heeded else ())


LEADS_ON = {
    "a refresh": '<meta http-equiv=refresh content="0; url=/app/">',
    "a refresh with quotes": "<meta http-equiv='Refresh' content=\"0;URL='/app/'\">",
    "a refresh without url": '<meta http-equiv=refresh content="3, /app/">',
    "a script": '<title>Shop</title><script>window.location.replace("/app/")</script>',
    "an assignment": "<p>You are led on.</p><script>document.location.href = '/app/'</script>",
}


@pytest.mark.parametrize("page", LEADS_ON.values(), ids=LEADS_ON)
@pytest.mark.parametrize("id", ["http.nosniff", "http.csp", "http.cookies"])
def test_a_page_that_only_leads_on_is_not_the_page(judged: Judge, id: str, page: str) -> None:
    with pytest.raises(CouldNotVerify, match=r"a page that only leads on to https://.*/app/, not the page; declare"):
        judged(id, [*ALL_GOOD, ("Content-Type", "text/html")], page)
    with pytest.raises(CouldNotVerify, match="a page that only leads on to"):
        judged(id, [*ALL_GOOD, ("Refresh", "0; url=/app/")])


@pytest.mark.parametrize(
    "page",
    [
        '<meta http-equiv=refresh content="5">',
        '<meta http-equiv=refresh content="0; url=/">',
        '<meta http-equiv=refresh content="900; url=/logout">',
        '<noscript><meta http-equiv=refresh content="0; url=/plain"></noscript>',
        '<script src=/a.js></script><script>function out() { location.href = "/logout" }</script>',
        "<p>" + "Welcome to the shop. " * 20 + '</p><script>function out() { location.assign("/logout") }</script>',
        '<script>if (location.hash == "#a") go()</script>',
    ],
)
def test_a_page_to_stay_on_is_the_page(judged: Judge, page: str) -> None:
    assert judged("http.nosniff", [*ALL_GOOD, ("Content-Type", "text/html")], page)
