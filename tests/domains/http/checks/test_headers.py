from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest
from pydantic import ValidationError

from pytest_readiness.core.evidence import ClaimFalse, CouldNotVerify, Evidence
from pytest_readiness.domains.http.checks.observatory import GRADES, Result, graded
from pytest_readiness.domains.http.resource import Url
from tests.judging import judge
from tests.stack.certs import Authority
from tests.stack.process import free_port
from tests.stack.silent import Response, WebApp

Headers = list[tuple[str, str]]
Judge = Callable[..., Evidence]


@pytest.fixture(scope="module")
def server(authority: Authority) -> Iterator[WebApp]:
    with WebApp(https=authority.issue()) as app:
        yield app


@pytest.fixture
def judged(server: WebApp, authority: Authority) -> Judge:
    """Judge a check against a root page with these headers and this body."""

    def judge_page(id: str, headers: Headers, body: str = "ready", plain: str = "", **parameters: Any) -> Evidence:
        server.routes = {"/": Response(200, headers, body.encode())}
        plain = plain or f"http://localhost:{free_port()}"
        return judge(id, Url(name="shop", url=server.url, ca=authority.ca_file, plain_http=plain), **parameters)

    return judge_page


def seen(judged: Judge, *arguments: Any, **parameters: Any) -> str:
    with pytest.raises(ClaimFalse) as caught:
        judged(*arguments, **parameters)
    assert caught.value.expected
    return caught.value.seen


STS = "Strict-Transport-Security"


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


CSP = "Content-Security-Policy"


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


BEST: dict[str, str] = {
    STS: "max-age=63072000",
    CSP: "default-src 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Embedder-Policy": "require-corp",
    "Cross-Origin-Opener-Policy": "same-origin",
}


def score_of(judged: Judge, changes: dict[str, str], **page: Any) -> tuple[int, str]:
    """Score, and what was lost, with the best headers but for these changes."""
    headers = [(name, value) for name, value in {**BEST, **changes}.items() if value]
    text = judged("http.security_headers", headers, min_grade="F", **page).text
    score = text.partition("score ")[2].split()[0]
    assert "(CORS not tested)" in text
    return int(score), text.partition(": ")[2]


def test_security_headers_at_their_best(judged: Judge) -> None:
    evidence = judged("http.security_headers", list(BEST.items()), min_grade="A+")
    # 100, and 10 for the policy, 5 for frame-ancestors, 5 for Referrer-Policy, 3 x 10 for the Cross-Origin policies
    assert evidence.text == "grade A+, score 150 (CORS not tested): nothing lost"


def html(*scripts: str) -> dict[str, str]:
    return {"body": "<!doctype html>" + "".join(f"<script {script}></script>" for script in scripts)}


EVAL = "default-src 'self' 'unsafe-eval'; frame-ancestors 'none'"


@pytest.mark.parametrize(
    ("changes", "page", "score", "lost"),
    [
        ({CSP: "default-src 'self'; frame-ancestors 'none'"}, {}, 145, ""),
        ({CSP: "default-src 'none'; frame-ancestors 'none'"}, {}, 145, ""),
        ({CSP: "default-src 'self'; style-src 'unsafe-inline'; frame-ancestors 'none'"}, {}, 140, ""),
        (
            {CSP: "default-src 'self'; img-src http:; frame-ancestors 'none'"},
            {},
            130,
            "policy -10: an http: source for im",
        ),
        ({CSP: EVAL}, {}, 130, "content-security-policy -10: 'unsafe-eval'"),
        ({CSP: "default-src 'self' 'unsafe-inline'; frame-ancestors 'none'"}, {}, 80, "content-security-policy -20"),
        ({CSP: "default-src 'self' data:; frame-ancestors 'none'"}, {}, 80, "content-security-policy -20"),
        ({CSP: "script-src 'self'; frame-ancestors 'none'"}, {}, 80, "object-src allows any host"),
        ({CSP: "default-src 'self' http://a.example.com; frame-ancestors 'none'"}, {}, 80, "http: source for active"),
        ({CSP: "default-src 'self'; default-src 'none'; frame-ancestors 'none'"}, {}, 75, "repeats a directive"),
        ({CSP: "default-src 'strict-dynamic'; frame-ancestors 'none'"}, {}, 75, "'strict-dynamic' without"),
        (
            {CSP: "script-src 'strict-dynamic' 'nonce-a' https: 'unsafe-inline'; object-src 'none'; frame-ancestors"},
            {},
            140,
            "",
        ),
        ({CSP: ""}, {}, 55, "content-security-policy -25: no policy; x-frame-options -20"),
        ({CSP: "", "X-Frame-Options": "DENY"}, {}, 75, "content-security-policy -25: no policy"),
        ({CSP: "", f"{CSP}-Report-Only": "default-src 'none'"}, {}, 55, "-25: only a Report-Only policy"),
        (
            {CSP: "", "Content-Type": "text/html"},
            {"body": "<meta http-equiv=Content-Security-Policy content=\"default-src 'none'; frame-ancestors\">"},
            80,
            "x-frame-options -20: neither",
        ),
        ({CSP: "default-src 'none'", "X-Frame-Options": "ALLOW-FROM https://a.example.com"}, {}, 140, ""),
        ({CSP: "default-src 'none'", "X-Frame-Options": "ALLOW"}, {}, 80, "x-frame-options -20: invalid"),
        ({STS: "max-age=15552000"}, {}, 150, ""),
        ({STS: "max-age=15551999"}, {}, 140, "strict-transport-security -10: max-age=15551999"),
        ({STS: "max-age"}, {}, 80, "strict-transport-security -20: invalid"),
        ({STS: ""}, {}, 80, "strict-transport-security -20: no header"),
        ({"X-Content-Type-Options": ""}, {}, 145, "x-content-type-options -5"),
        ({"Referrer-Policy": ""}, {}, 145, ""),
        ({"Referrer-Policy": "unsafe-url"}, {}, 140, "referrer-policy -5: unsafe-url"),
        ({"Referrer-Policy": "nothing"}, {}, 140, "referrer-policy -5: invalid"),
        ({"Cross-Origin-Resource-Policy": "cross-origin"}, {}, 140, ""),
        ({"Cross-Origin-Opener-Policy": "nonsense"}, {}, 135, "cross-origin-opener-policy -5"),
        ({"Cross-Origin-Embedder-Policy": ""}, {}, 140, ""),
        ({"Set-Cookie": "a=1; Secure; SameSite=Lax"}, {}, 155, ""),
        ({"Set-Cookie": "a=1; Secure"}, {}, 150, ""),
        ({"Set-Cookie": "a=1"}, {}, 145, "cookies -5: a cookie without Secure, behind HSTS (a)"),
        ({"Set-Cookie": "session=1; HttpOnly"}, {}, 140, "cookies -10"),
        ({"Set-Cookie": "a=1; SameSite=None"}, {}, 80, "cookies -20: SameSite=None without Secure"),
        ({"Set-Cookie": "a=1; Secure; SameSite=x"}, {}, 80, "cookies -20: an invalid SameSite"),
        ({"Set-Cookie": "csrf=1; Secure"}, {}, 80, "cookies -20: an anti-CSRF cookie"),
        ({"Set-Cookie": "session=1; Secure"}, {}, 70, "cookies -30: a session cookie without HttpOnly"),
        ({"Set-Cookie": "a=1", STS: ""}, {}, 60, "cookies -20: a cookie without Secure"),
        ({"Set-Cookie": "session=1; HttpOnly", STS: ""}, {}, 40, "cookies -40: a session cookie without Secure"),
        ({}, html("src=/a.js"), 150, ""),
        ({}, html("src=/a.js integrity=sha384-x"), 155, ""),
        ({}, html("src=https://cdn.example.com/a.js integrity=sha384-x"), 155, ""),
        ({}, html("src=https://cdn.example.com/a.js"), 145, "subresource-integrity -5"),
        ({}, html("src=//cdn.example.com/a.js integrity=sha384-x"), 80, "subresource-integrity -20"),
        ({}, html("src=http://cdn.example.com/a.js"), 50, "subresource-integrity -50"),
    ],
)
def test_security_headers_points(
    judged: Judge, changes: dict[str, str], page: dict[str, str], score: int, lost: str
) -> None:
    found, losses = score_of(judged, changes, **page)
    assert (found, lost in losses) == (score, True), losses
    assert lost or losses == "nothing lost"


def test_security_headers_of_several_policies(judged: Judge) -> None:
    headers = [*BEST.items(), (CSP, "default-src *")]
    assert judged("http.security_headers", headers, min_grade="A+").text.startswith("grade A+, score 150")


@pytest.mark.parametrize(
    ("status", "to", "points"),
    [
        (200, "", -20),
        (301, "{url}/", 0),
        (302, "{url}/", 0),
        (301, "https://elsewhere.example.com/", -5),
        (301, "http://localhost/", -10),
    ],
)
def test_security_headers_redirection(judged: Judge, server: WebApp, status: int, to: str, points: int) -> None:
    headers = [("Location", to.format(url=server.url))] if to else []
    with WebApp({"/": Response(status, headers)}) as plain:
        found, losses = score_of(judged, {}, plain=plain.url)
    assert found == (80 if points == -20 else 150 + points)
    assert (f"redirection {points}" in losses) == (points < 0)


def test_security_headers_fail_with_every_lost_point(judged: Judge) -> None:
    with pytest.raises(ClaimFalse) as caught:
        judged("http.security_headers", [(STS, "max-age=1")])
    assert caught.value.expected.startswith("at least grade B (score 70) for https://localhost:")
    assert caught.value.seen == (
        "grade D+, score 40 (CORS not tested): content-security-policy -25: no policy; "
        "x-frame-options -20: neither X-Frame-Options nor frame-ancestors; strict-transport-security -10: max-age=1; "
        "x-content-type-options -5: no nosniff"
    )
    with pytest.raises(ValidationError):
        judged("http.security_headers", [], min_grade="G")


@pytest.mark.parametrize(
    ("modifiers", "score", "grade"),
    [
        ([], 100, "A+"),
        ([-10, 5], 95, "A"),
        ([-10, 10], 100, "A+"),
        ([-15, 50], 85, "A-"),
        ([-20], 80, "B+"),
        ([-25], 75, "B"),
        ([-30], 70, "B"),
        ([-35], 65, "B-"),
        ([-75], 25, "D-"),
        ([-80], 20, "F"),
        ([-50, -60], 0, "F"),
    ],
)
def test_grades(modifiers: list[int], score: int, grade: str) -> None:
    assert graded([Result("x", modifier, "") for modifier in modifiers]) == (score, grade)
    assert [least for least, _ in GRADES] == sorted((least for least, _ in GRADES), reverse=True)
