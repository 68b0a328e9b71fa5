from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from pydantic import ValidationError

from pytest_readiness.core.domains import load_catalogue
from pytest_readiness.core.evidence import ClaimFalse, CouldNotVerify, Evidence, NotDeclared, Unreachable
from pytest_readiness.domains.http.checks.reachability import response_time
from pytest_readiness.domains.http.facts.pages import Latency
from pytest_readiness.domains.http.resource import Url
from pytest_readiness.protocols.http import client as http_client
from tests.judging import judge
from tests.stack.certs import Authority
from tests.stack.fixtures import NginxFactory
from tests.stack.nginx import Nginx
from tests.stack.process import free_port
from tests.stack.silent import FlakyServer, Request, Response, SilentServer, WebApp

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


def shop(server: Any, authority: Authority, **fields: Any) -> Url:
    probes = {"health": "/health", "readiness": "/health", "liveness": "/health"}
    return Url(name="shop", url=server.url, **{"ca": authority.ca_file, **probes, **fields})


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
            {"http.exposed_files": "/app.js.map (source map)"},
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
    [("expired", "certificate has expired"), ("name", "Hostname mismatch"), ("self-signed", "self-signed certificate")],
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
    monkeypatch.setattr(http_client, "READ_SECONDS", 0.2)
    with server() as running:
        url = Url(name="shop", url=running.url, health="/h", readiness="/r", liveness="/l")
        with pytest.raises(CouldNotVerify, match=why) as caught:
            judge(id, url, **PARAMETERS.get(id, {}))
        assert caught.value.transient == (why == "reset")


class Shop:
    """A site over TLS whose answers a test chooses."""

    def __init__(self, app: WebApp, authority: Authority) -> None:
        self.app = app
        self.url = shop(app, authority)

    def judge(self, id: str, route: str, response: Any, /, **parameters: Any) -> Evidence:
        self.app.routes = {"/": Response(), route: response}
        return judge(id, self.url, **parameters)

    def seen(self, id: str, route: str, response: Any, /, **parameters: Any) -> str:
        with pytest.raises(ClaimFalse) as caught:
            self.judge(id, route, response, **parameters)
        for text in (caught.value.expected, caught.value.seen):
            assert "\n" not in text
            assert len(text) <= 1000
        return caught.value.seen


@pytest.fixture(scope="module")
def app(authority: Authority) -> Iterator[Shop]:
    with WebApp(https=authority.issue()) as server:
        yield Shop(server, authority)


def document(value: Any, status: int = 200) -> Response:
    return Response(status, [("Content-Type", "application/json")], json.dumps(value).encode())


def test_reachable_at_a_path_and_status(app: Shop) -> None:
    evidence = app.judge("http.reachable", "/login", Response(401), path="/login", status=401)
    assert re.fullmatch(r"GET https://localhost:\d+/login: 401 over verified TLS, \d+\.\d ms", evidence.text)
    assert app.seen("http.reachable", "/login", Response(200), path="/login", status=401).startswith("200 from")
    assert app.seen("http.reachable", "/en", Response(302, [("Location", "/")]), path="/en").startswith("302 to")


def test_reachable_follows_the_root_to_where_a_visitor_ends(app: Shop) -> None:
    redirect = Response(302, [("Location", "/en/?token=secret")])
    app.app.routes = {"/": redirect, "/en/": Response()}
    assert re.search(r"302 to https://localhost:\d+/en/\?… -> 200 over", judge("http.reachable", app.url).text)
    assert "302 to" in judge("http.reachable", app.url, status=302).text
    app.app.routes = {"/": redirect}
    with pytest.raises(ClaimFalse, match="-> 404 from"):
        judge("http.reachable", app.url)
    app.app.routes = {"/": Response(302, [("Location", "https://elsewhere.example.com/")])}
    with pytest.raises(ClaimFalse, match=r"302 to https://elsewhere\.example\.com/ from"):
        judge("http.reachable", app.url)
    app.app.routes = {"/": Response(302, [("Location", "/")])}
    with pytest.raises(ClaimFalse, match="still redirected after 6 answers"):
        judge("http.reachable", app.url)


def test_reachable_over_plain_http_is_false() -> None:
    with WebApp({"/": Response()}) as plain, pytest.raises(ClaimFalse, match="200 over plain http"):
        judge("http.reachable", Url(name="shop", url=plain.url))


@pytest.mark.parametrize(
    ("status", "to", "seen"),
    [
        (301, "{url}/", ""),
        (308, "{url}/", ""),
        (302, "{url}/", "302 to https://localhost"),
        (307, "{url}/", "307 to"),
        (200, "", "200"),
        (301, "http://localhost:{port}/https", "301 to http://"),
        (301, "https://elsewhere.example.com/", "301 to https://elsewhere.example.com/"),
        (301, "https://localhost/", "301 to https://localhost/"),
        (301, "", "301 without a readable Location"),
        (301, "/", "301 to http://"),
    ],
)
def test_https_redirect(app: Shop, status: int, to: str, seen: str) -> None:
    with WebApp() as plain:
        target = to.format(url=app.url.url, port=plain.port)
        plain.routes["/"] = Response(status, [("Location", target)] if to else [])
        url = app.url.model_copy(update={"plain_http": plain.url})
        if seen:
            with pytest.raises(ClaimFalse) as caught:
                judge("http.https_redirect", url)
            assert caught.value.seen.startswith(seen)
            assert caught.value.expected == f"301 or 308 from {plain.url} to {app.url.url}"
        else:
            assert judge("http.https_redirect", url) == Evidence(f"{plain.url}: {status} to {app.url.url}/")


def test_https_redirect_warns_of_cookies_and_fails_where_nothing_answers(app: Shop) -> None:
    with WebApp() as plain:
        plain.routes["/"] = Response(301, [("Location", f"{app.url.url}/"), ("Set-Cookie", "a=1")])
        assert "in clear" in judge("http.https_redirect", app.url.model_copy(update={"plain_http": plain.url})).warning
    url = app.url.model_copy(update={"plain_http": f"http://localhost:{free_port()}"})
    with pytest.raises(ClaimFalse, match="refused the connection"):
        judge("http.https_redirect", url)


@pytest.mark.parametrize("id", ["http.health", "http.readiness", "http.liveness"])
def test_probes(app: Shop, id: str) -> None:
    assert app.judge(id, "/health", Response(204)).text.split(", ")[0].endswith("/health: 204")
    assert "/up: 200" in app.judge(id, "/up", Response(), path="/up").text
    assert app.seen(id, "/health", Response(302, [("Location", "/login")])).startswith("302 to https://")
    assert app.seen(id, "/health", Response(201), status=200) == "201"
    assert re.fullmatch(r"\d+\.\d ms", app.seen(id, "/health", Response(delay=0.1), max_ms=50))
    bare = app.url.model_copy(update={"health": None, "readiness": None, "liveness": None})
    with pytest.raises(NotDeclared, match=f"shop declares no {id[5:]} path, and the binding names no path"):
        judge(id, bare)
    wrongs: list[dict[str, Any]] = [{"json": {}}, {"max_ms": 0}, {"status": 500}, {"path": "health"}, {"jsn": {}}]
    for wrong in wrongs:
        with pytest.raises(ValidationError):
            judge(id, app.url, **wrong)


BODY = {"status": "ok", "up": True, "n": 1, "list": [{"up": True}], "none": None, "text": "true"}


@pytest.mark.parametrize(
    ("field", "value", "seen"),
    [
        ("status", "ok", ""),
        ("up", True, ""),
        ("n", 1, ""),
        ("list.0.up", True, ""),
        ("none", None, ""),
        ("status", "OK", 'ok"'),
        ("up", 1, "true"),
        ("n", True, "1"),
        ("n", "1", "1"),
        ("text", True, '"true"'),
        ("missing", None, "no such field"),
        ("list.1.up", True, "no such field"),
        ("status.deep", True, "no such field"),
    ],
)
def test_health_compares_fields(app: Shop, field: str, value: Any, seen: str) -> None:
    if seen:
        assert seen in app.seen("http.health", "/health", document(BODY), json={field: value})
    else:
        assert (
            f"{field} = {json.dumps(value)}"
            in app.judge("http.health", "/health", document(BODY), json={field: value}).text
        )


@pytest.mark.parametrize(
    ("body", "seen"),
    [
        (b"", "200 with an empty body"),
        (b"OK", "200 with OK"),
        (b"<html>\x1b[31m" + b"x" * 500, "200 with <html>\x1b[31mxxx"),
        (b"\xff\xfe", "200 with \ufffd\ufffd"),
        (b"[" * 200_000, "200 with [[["),
        (b"1" * 5000, "200 with 111"),
    ],
)
def test_health_that_is_no_json(app: Shop, body: bytes, seen: str) -> None:
    assert app.seen("http.health", "/health", Response(body=body), json={"status": "ok"}).startswith(seen)
    assert app.seen("http.health_dependencies", "/health", Response(body=body), names=["db"]).startswith(seen)


@pytest.mark.parametrize("depth", [100, 700, 900, 950, 20_000])
def test_deeply_nested_health(app: Shop, depth: int) -> None:
    answer = Response(body=b'{"db":' + b"[" * depth + b"]" * depth + b"}")
    with pytest.raises((ClaimFalse, CouldNotVerify)):
        app.judge("http.health_dependencies", "/health", answer, names=["db"])
    with pytest.raises(ClaimFalse):
        app.judge("http.health", "/health", answer, json={"db": "up"})


def test_health_that_is_too_long_is_not_judged(app: Shop) -> None:
    body = Response(body=b'{"status": "ok", "pad": "' + b"x" * 1_100_000 + b'"}')
    with pytest.raises(CouldNotVerify, match="too long to be read as JSON"):
        app.judge("http.health", "/health", body, json={"status": "ok"})


@pytest.mark.parametrize(
    "report",
    [
        {"db": True},
        {"deps": {"db": "Healthy"}},
        {"components": {"db": {"status": "UP", "details": {"error": False}}}},
        {"checks": [{"name": "db", "state": "up"}]},
        {"checks": {"db": [{"status": "pass"}, {"status": "pass"}]}},
        {"db": {"healthy": True}},
    ],
)
def test_health_dependencies_up(app: Shop, report: Any) -> None:
    assert app.judge("http.health_dependencies", "/health", document(report), names=["db"]).text.endswith("200; up: db")


@pytest.mark.parametrize(
    ("report", "seen"),
    [
        ({}, "db is not mentioned"),
        ({"database": "up"}, "db is not mentioned"),
        ({"status": "ok", "text": "db up"}, "db is not mentioned"),
        ({"db": []}, "unknown"),
        ({"db": False}, "db: false"),
        ({"db": "degraded"}, 'db: "degraded"'),
        ({"db": {"status": "up", "healthy": False}}, 'db: "up", false'),
        ({"db": "up", "replicas": {"db": "down"}}, 'db: "up", "down"'),
        ({"checks": {"db": [{"status": "pass"}, {"status": "fail"}]}}, 'db: "pass", "fail"'),
        ({"db": {"latency": 3}}, "unknown"),
        ({"db": 1}, "unknown"),
        ({"db": None}, "unknown"),
        ({"db": "frobnicated"}, "unknown"),
        ({"db": [["up"]]}, "unknown"),
    ],
)
def test_health_dependencies_not_up(app: Shop, report: Any, seen: str) -> None:
    if seen == "unknown":
        with pytest.raises(CouldNotVerify, match="which is no known word for up or down"):
            app.judge("http.health_dependencies", "/health", document(report), names=["db"])
    else:
        assert seen in app.seen("http.health_dependencies", "/health", document(report), names=["db"])


def test_health_dependencies_in_an_error(app: Shop) -> None:
    both = {"db": "up", "cache": "down"}
    assert app.seen("http.health_dependencies", "/health", document(both, 503), names=["db", "cache"]) == (
        '503; cache: "down"'
    )
    assert app.seen("http.health_dependencies", "/health", document(both, 503), names=["db"]) == "503"
    wrongs: list[dict[str, Any]] = [{"names": []}, {"names": [""]}, {}]
    for wrong in wrongs:
        with pytest.raises(ValidationError):
            judge("http.health_dependencies", app.url, **wrong)


def test_response_time(app: Shop) -> None:
    slow = Response(delay=0.06)
    text = app.judge("http.response_time", "/slow", slow, path="/slow", p95_ms=4000, samples=5).text
    assert re.fullmatch(
        r"p50 \d+\.\d ms, p95 \d+\.\d ms, max \d+\.\d ms of 5 requests to https://localhost:\d+/slow", text
    )
    assert "p95 " in app.seen("http.response_time", "/slow", slow, path="/slow", p95_ms=50, samples=5)
    warned = app.judge("http.response_time", "/slow", slow, path="/slow", p95_ms=4000, warn_ms=50, samples=5)
    assert warned.warning == "p95 is above 50 ms."
    for wrong in ({"samples": 4}, {"samples": 201}, {"p95_ms": 0}):
        with pytest.raises(ValidationError):
            judge("http.response_time", app.url, **wrong)


@pytest.mark.parametrize(("slow", "holds"), [(1, True), (2, False)])
def test_response_time_is_the_nearest_rank(slow: int, holds: bool) -> None:
    # Of 20 samples one may be slow, not two.
    seconds = (0.01,) * (20 - slow) + (0.6,) * slow
    latency = Latency("https://shop.example.com", seconds, (200,) * 20, 1)
    if holds:
        assert response_time(latency).text.startswith("p50 10.0 ms, p95 10.0 ms, max 600.0 ms of 20 requests")
    else:
        with pytest.raises(ClaimFalse, match=r"p50 10\.0 ms, p95 600\.0 ms"):
            response_time(latency)


def test_fast_errors_are_no_response_times(app: Shop) -> None:
    answers = iter([200] * 3 + [503] * 2)
    seen = app.seen("http.response_time", "/p", lambda request: Response(next(answers)), path="/p", samples=5)
    assert seen == "503 among 5 answers"


def test_response_time_that_does_not_end(app: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pytest_readiness.domains.http.facts.pages.VISIT_SECONDS", 0.1)
    with pytest.raises(CouldNotVerify, match=r"time was over after \d+ of 100 requests"):
        app.judge("http.response_time", "/p", Response(delay=0.05), path="/p", samples=100)


def missing(app: Shop, response: Any, **parameters: Any) -> Evidence:
    def any_path(request: Request) -> Response:
        found: Response = response(request) if callable(response) else response
        return found

    class Everything(dict[str, Any]):
        def get(self, path: str, default: Any = None) -> Any:
            return Response() if path == "/" else any_path

    app.app.routes = Everything()
    return judge("http.errors", app.url, **parameters)


def test_errors(app: Shop) -> None:
    assert missing(app, Response(404, body=b"<h1>Not here</h1>")).text.endswith("characters without internals")
    assert "JSON with error.code" in missing(app, document({"error": {"code": 404}}, 404), shape=["error.code"]).text
    for answer, seen in (
        (Response(200, body=b"<div id=app></div>"), "200 from the unknown path"),
        (Response(302, [("Location", "/login")]), "302 from the unknown path .*, a redirect to https://.*/login"),
        (Response(403), "403 from"),
        (Response(500), "500 from"),
    ):
        with pytest.raises(ClaimFalse, match=seen):
            missing(app, answer)
    with pytest.raises(ClaimFalse, match=r"seen: no error.code"):
        missing(app, document({"error": "x"}, 404), shape=["error", "error.code"])
    with pytest.raises(ClaimFalse, match="seen: 404 with Not Found"):
        missing(app, Response(404, body=b"Not Found"), shape=["error"])
    with pytest.raises(CouldNotVerify, match="too long to be looked at as a whole"):
        missing(app, Response(404, body=b"x" * 2_000_000))
    with pytest.raises(ValidationError):
        judge("http.errors", app.url, shape=[])


def test_errors_of_a_path_that_takes_no_get(app: Shop) -> None:
    def judged(status: int, headers: list[tuple[str, str]], body: bytes = b"{}", **parameters: Any) -> Evidence:
        app.app.routes = {"/": Response(), "/orders": Response(status, headers, body)}
        return judge("http.errors", app.url, no_get="/orders", **parameters)

    post = [("Allow", "POST")]
    assert "; 405 from https://localhost" in judged(405, post).text
    for status, headers, body, seen in (
        (404, post, b"", "404 from"),
        (200, post, b"", "200 from"),
        (405, [], b"", "seen: no Allow"),
        (405, [("Allow", "GET, POST")], b"", "seen: Allow: GET, POST"),
        (405, post, b"Traceback (most recent call last):", "a Python traceback from https"),
    ):
        with pytest.raises(ClaimFalse, match=seen):
            judged(status, headers, body)

    def shaped(body: Mapping[str, str]) -> Evidence:
        refused = Response(405, post, json.dumps(body).encode())
        unknown = document({"error": "no such path"}, 404)
        answer = lambda request: refused if request.path == "/orders" else unknown  # noqa: E731
        return missing(app, answer, no_get="/orders", shape=["error"])

    assert shaped({"error": "POST only"}).text.count("JSON with error") == 2
    with pytest.raises(ClaimFalse, match=r"JSON with error from https://localhost:.*/orders; seen: no error"):
        shaped({"message": "POST only"})


@pytest.mark.parametrize(
    ("body", "what"),
    [
        ('Traceback (most recent call last):\n  File "app.py", line 1', "Python traceback"),
        ("<title>NotFound // Werkzeug Debugger</title>", "Werkzeug"),
        ("You're seeing this error because you have <code>DEBUG = True</code>", "Django"),
        ("java.lang.NullPointerException\n\tat com.example.Shop.show(Shop.java:42)", "Java"),
        ("<h1>Whitelabel Error Page</h1>", "Spring"),
        ("Error: no\n    at Layer.handle (/srv/node_modules/express/lib/router/layer.js:95:5)", "JavaScript"),
        ("<pre>Cannot GET /x</pre>", "Express"),
        ("<b>Fatal error</b>: Uncaught Error in /srv/index.php:3 on line <b>3</b>", "PHP"),
        ("Illuminate\\Routing\\Exception", "Laravel"),
        ("Symfony\\Component\\HttpKernel\\Exception", "Symfony"),
        ("ActionController::RoutingError", "Rails"),
        ("Server Error in '/' Application.", "ASP.NET"),
        ("   at Shop.Index(Int32 id) in C:\\src\\Shop.cs:line 12", ".NET stack trace"),
        ("goroutine 1 [running]:", "Go stack"),
        ("app/shop.rb:12:in `show'", "Ruby"),
        ("<hr><center>nginx/1.22.1</center>", "name and version"),
        ("<h3>Apache Tomcat/9.0.70</h3>", "name and version"),
    ],
)
def test_errors_without_internals(app: Shop, body: str, what: str) -> None:
    with pytest.raises(ClaimFalse, match=re.escape(what)):
        missing(app, Response(404, body=body.encode()))


def test_errors_of_hostile_bodies_are_judged_in_time(app: Shop) -> None:
    for body in (
        b"\n" * 1_000_000,
        b"at " * 300_000,
        b"a" * 1_000_000,
        b"at " + b"x." * 500_000,
        b"Warning: " * 110_000,
    ):
        assert missing(app, Response(404, body=body))


def spa(body: bytes = b"<!doctype html><title>Shop</title>") -> Response:
    return Response(200, [("Content-Type", "text/html")], body)


@pytest.mark.parametrize(
    ("path", "body", "what"),
    [
        ("/.env", b"# shop\nexport API_KEY=hunter2-hunter2", "environment file"),
        ("/.git/config", b"[core]\n\tbare = false\n", "git configuration"),
        ("/.git/HEAD", b"ref: refs/heads/main\n", "git reference"),
        ("/.git/index", b"DIRC\x00\x00\x00\x02", "git index"),
        ("/dump.sql", b"-- PostgreSQL database dump\n", "database dump"),
        ("/db.sqlite3", b"SQLite format 3\x00", "database dump"),
        ("/backup.zip", b"PK\x03\x04\x14", "archive"),
        ("/backup.tar.gz", b"\x1f\x8b\x08\x00", "archive"),
        ("/id_rsa", b"-----BEGIN OPENSSH PRIVATE KEY-----\n", "private key"),
        ("/.htpasswd", b"admin:$apr1$abc$def\n", "password file"),
        ("/.DS_Store", b"\x00\x00\x00\x01Bud1\x00", "directory metadata"),
        ("/phpinfo.php", b"<!DOCTYPE html><title>phpinfo()</title>", "PHP information page"),
        ("/wp-config.php.bak", b"<?php define('DB_PASSWORD', 'hunter2-hunter2');", "PHP source"),
        ("/server-status", b"<html><title>Apache Status</title>", "server status page"),
        ("/nginx_status", b"Active connections: 1\n", "server status page"),
        ("/Dockerfile", b"FROM debian", "200, 11 characters"),
        ("/web.config", b"", "200, 0 characters"),
    ],
)
def test_exposed_files(app: Shop, path: str, body: bytes, what: str) -> None:
    assert app.seen("http.exposed_files", path, Response(body=body)) == f"{path} ({what})"


def test_exposed_files_behind_a_fallback(app: Shop) -> None:
    def fallback(request: Request) -> Response:
        nonce = request.path.encode().hex()
        return spa(f'<!doctype html><script nonce="{nonce}{"0" * 20}"></script><link href="{request.path}">'.encode())

    class Fallback(dict[str, Any]):
        def get(self, path: str, default: Any = None) -> Any:
            return super().get(path, fallback)

    app.app.routes = Fallback()
    assert judge("http.exposed_files", app.url, paths=["/admin.html"]).text == (
        "none of 32 paths (0 source maps) served: 200 like any unknown path x 32"
    )
    app.app.routes["/.env"] = Response(body=b"API_KEY=hunter2-hunter2")
    with pytest.raises(ClaimFalse, match=r"seen: /.env \(environment file\)$"):
        judge("http.exposed_files", app.url)


def test_exposed_files_of_ones_own(app: Shop) -> None:
    page = spa(b"<!doctype html><title>Admin</title>")
    assert app.judge("http.exposed_files", "/admin.html", page).text.endswith("404 x 31")
    assert "/admin.html (200, 35 characters)" in app.seen(
        "http.exposed_files", "/admin.html", page, paths=["/admin.html"]
    )
    # A page under the name of a file is not that file.
    assert app.judge("http.exposed_files", "/backup.zip", page).text.endswith("200 x 1, 404 x 30")
    assert app.judge("http.exposed_files", "/.env", Response(403)).text.endswith("403 x 1, 404 x 30")


def test_exposed_files_that_could_not_be_looked_at(app: Shop) -> None:
    for answer, why in (
        (Response(429), "/.env was answered 429"),
        (Response(503), "/.env was answered 503"),
        (Response(301, [("Location", "https://www.example.com/.env")]), "www.example.com/.env, which was not looked"),
        (Response(301, [("Location", "/.env/")]), "/.env/, which was not looked at"),
    ):
        with pytest.raises(CouldNotVerify, match=why):
            app.judge("http.exposed_files", "/.env", answer)
    assert app.judge("http.exposed_files", "/.env", Response(302, [("Location", "/login")]))


def test_source_maps_of_own_scripts_only(app: Shop) -> None:
    page = spa(
        b'<script src="js/a.js?v=1"></script><script src="https://cdn.example.com/b.js"></script><script>1</script>'
    )
    app.app.routes = {"/": page}
    assert "none of 32 paths (1 source maps)" in judge("http.exposed_files", app.url).text
    app.app.routes["/js/a.js.map"] = Response(body=b'{"version":3,"mappings":"AAAA","sources":["secret.ts"]}')
    with pytest.raises(ClaimFalse, match=r"/js/a.js.map \(source map\)"):
        judge("http.exposed_files", app.url)
