from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from pytest_readiness.core.evidence import ClaimFalse
from pytest_readiness.domains.http.checks.observatory import GRADES, Result, graded
from tests.domains.http.http_headers import CSP, STS, Judge, judged, server
from tests.stack.silent import Response, WebApp

__all__ = ["judged", "server"]


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
