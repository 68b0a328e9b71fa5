"""The checks of a page, its headers and what it exposes, together on a site that is as it should be."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from pytest_readiness.core.domains import load_catalogue
from pytest_readiness.core.evidence import ClaimFalse, CouldNotVerify, Unreachable
from pytest_readiness.domains.http.resource import Url
from pytest_readiness.protocols.http import client as http_client
from tests.domains.http.http_answers import shop
from tests.judging import judge
from tests.stack.certs import Authority
from tests.stack.fixtures import NginxFactory
from tests.stack.nginx import Nginx
from tests.stack.patience import patient
from tests.stack.process import free_port
from tests.stack.silent import FlakyServer, Response, SilentServer, WebApp

GOOD = {
    "Strict-Transport-Security": "max-age=63072000; includeSubDomains",
    "Content-Security-Policy": "default-src 'self'; object-src 'none'; form-action 'self'; frame-ancestors 'none'",
    "X-Frame-Options": "DENY",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Set-Cookie": "sid=secret; Max-Age=3600; Path=/; Secure; HttpOnly; SameSite=Lax",
}
REPORT = '{"status": "ok", "checks": {"db": "up", "cache": {"status": "UP"}}}'
LOCATIONS = {
    "= /": "default_type text/html; return 200 '<!doctype html><script src=\"/app.js\"></script>';",
    "= /health": f"default_type application/json; return 200 '{REPORT}';",
    "/": "return 404 'nothing here';",
}
PARAMETERS: dict[str, dict[str, Any]] = {
    "http.health": {"json": {"status": "ok"}},
    "http.health_dependencies": {"names": ["db", "cache"]},
    "http.cookies": {"max_age_hours": 1},
    "http.security_headers": {"min_grade": "A+"},
    "http.response_time": {"p95_ms": 4000},
}
MODULES = [
    f"pytest_readiness.domains.http.checks.{name}" for name in ("reachability", "headers", "observatory", "exposure")
]
ALL = sorted(check.id for check in load_catalogue().values() if check.judge.__module__ in MODULES)


@pytest.fixture(scope="module")
def nginx(nginx_factory: NginxFactory, authority: Authority) -> Iterator[Nginx]:
    with nginx_factory(https=authority.issue(), redirect=True, headers=GOOD, locations=LOCATIONS) as server:
        yield server


@pytest.fixture
def site(nginx: Nginx, authority: Authority) -> Iterator[Url]:
    yield shop(nginx, authority, plain_http=nginx.http_url)
    nginx.reload(https=nginx.options["https"], redirect=True, headers=GOOD, locations=LOCATIONS, server_tokens=False)


def failures(url: Url) -> dict[str, str]:
    found = {}
    for id in ALL:
        try:
            assert judge(id, url, **PARAMETERS.get(id, {})).text
        except ClaimFalse as error:
            found[id] = error.seen
    return found


def test_a_good_site_passes_everything(site: Url) -> None:
    assert failures(site) == {}
    assert len(ALL) == 19


def header(name: str, value: str | None) -> dict[str, Any]:
    headers = {**GOOD, name: value or ""}
    return {"headers": {name: value for name, value in headers.items() if value}}


def location(path: str, directives: str) -> dict[str, Any]:
    return {"locations": {**LOCATIONS, path: directives}}


@pytest.mark.parametrize(
    ("broken", "failing"),
    [
        (location("= /", "return 500;"), {"http.reachable": "500 from"}),
        ({"redirect": False}, {"http.https_redirect": "200", "http.security_headers": "redirection -20"}),
        (
            location("= /health", "return 503 '{}';"),
            {
                "http.health": "503",
                "http.readiness": "503",
                "http.liveness": "503",
                "http.health_dependencies": "503; db is not mentioned; cache is not mentioned",
            },
        ),
        (
            location("= /health", f"return 200 '{REPORT.replace('ok', 'starting')}';"),
            {"http.health": 'status = "starting"|"starting"'},
        ),
        (
            location("= /health", f"return 200 '{REPORT.replace('UP', 'DOWN')}';"),
            {"http.health_dependencies": 'cache: "DOWN"'},
        ),
        (
            header("Strict-Transport-Security", None),
            {"http.hsts": "no Strict-Transport-Security", "http.security_headers": "strict-transport-security -20"},
        ),
        (
            header(
                "Content-Security-Policy",
                "script-src 'self' 'unsafe-inline'; object-src 'none'; frame-ancestors 'none'",
            ),
            {"http.csp": "script-src allows 'unsafe-inline'", "http.security_headers": "content-security-policy -20"},
        ),
        (header("Content-Security-Policy", "default-src 'self'"), {"http.csp": "frame-ancestors is not set"}),
        (
            header("Content-Security-Policy", "default-src 'self'; frame-ancestors *"),
            {"http.csp": "frame-ancestors allows *", "http.frame_options": "frame-ancestors *"},
        ),
        (
            header("X-Content-Type-Options", None),
            {"http.nosniff": "no X-Content-Type-Options"},
        ),
        (
            header("Referrer-Policy", "unsafe-url"),
            {"http.referrer_policy": "unsafe-url"},
        ),
        (
            header("Permissions-Policy", "camera=(), microphone=()"),
            {"http.permissions_policy": "geolocation is not named"},
        ),
        (header("Set-Cookie", "sid=secret; Max-Age=60; Secure; SameSite=Lax"), {"http.cookies": "sid lacks HttpOnly"}),
        (header("Set-Cookie", "sid=secret; Max-Age=7200; Secure; HttpOnly; SameSite=Lax"), {"http.cookies": "2.0 h"}),
        ({"server_tokens": True}, {"http.banner": "server: nginx/1"}),
        (location("/", "return 200 'welcome';"), {"http.errors": "200 from the unknown path"}),
        (location("= /.env", "return 200 'SECRET_KEY=abc';"), {"http.exposed_files": "/.env (environment file)"}),
        (
            location("= /app.js.map", 'return 200 \'{"version":3,"sources":["a.ts"],"mappings":"AAAA"}\';'),
            {"http.exposed_files": "/app.js.map (source map of https://localhost:"},
        ),
    ],
)
def test_one_broken_thing_fails_exactly_its_checks(
    nginx: Nginx, site: Url, broken: dict[str, Any], failing: Mapping[str, str]
) -> None:
    nginx.reload(**broken)
    if broken == location("= /", "return 500;"):
        # An error page is not the page: what its headers say is not known.
        for id in ("http.hsts", "http.security_headers"):
            with pytest.raises(CouldNotVerify, match="answered 500, an error instead of the page"):
                judge(id, site)
        with pytest.raises(ClaimFalse, match="500 from"):
            judge("http.reachable", site)
        return
    found = failures(site)
    assert found.keys() == failing.keys()
    for id, words in failing.items():
        assert any(word in found[id] for word in words.split("|")), found[id]
        assert "secret" not in found[id]


@pytest.mark.parametrize(
    ("certificate", "why"),
    [
        ("expired", "a certificate of the path has expired"),
        ("name", "the certificate is not for this name"),
        ("self-signed", "the certificate is self-signed"),
    ],
)
def test_an_untrusted_certificate(authority: Authority, certificate: str, why: str) -> None:
    served = {
        "expired": authority.issue(expired=True),
        "name": authority.issue(["shop.example.com"]),
        "self-signed": authority.self_signed(),
    }[certificate]
    with WebApp({"/": Response()}, served) as app:
        url = shop(app, authority, plain_http=f"http://localhost:{free_port()}")
        with pytest.raises(ClaimFalse) as caught:
            judge("http.reachable", url)
        assert caught.value.expected == "status 200 over verified TLS"
        assert f"the certificate of localhost:{app.port} is not trusted ({why}" in caught.value.seen
        with pytest.raises(ClaimFalse, match=why):
            judge("http.reachable", url, path="/health")
        for id in set(ALL) - {"http.reachable", "http.https_redirect"}:
            with pytest.raises(CouldNotVerify, match=f"certificate of .* is not trusted .{why}"):
                judge(id, url, **PARAMETERS.get(id, {}))
        assert app.requests == []


@pytest.mark.parametrize("id", ALL)
def test_a_closed_port_is_unreachable(authority: Authority, id: str) -> None:
    url = Url(name="shop", url=f"https://localhost:{free_port()}", health="/h", readiness="/r", liveness="/l")
    with pytest.raises(Unreachable, match="refused the connection"):
        judge(id, url, **PARAMETERS.get(id, {}))


@pytest.mark.parametrize("id", ALL)
@pytest.mark.parametrize(
    ("server", "why"), [(SilentServer, "was not answered within"), (lambda: FlakyServer(99), "reset")]
)
def test_no_answer_is_no_verdict(monkeypatch: pytest.MonkeyPatch, id: str, server: Any, why: str) -> None:
    monkeypatch.setattr(http_client, "READ_SECONDS", patient(0.2))
    with server() as running:
        url = Url(name="shop", url=running.url, health="/h", readiness="/r", liveness="/l")
        with pytest.raises(CouldNotVerify, match=why) as caught:
            judge(id, url, **PARAMETERS.get(id, {}))
        assert caught.value.transient == (why == "reset")
