from __future__ import annotations

import json
import re
from typing import Any

import pytest
from pydantic import ValidationError

from pytest_readiness.core.evidence import ClaimFalse, CouldNotVerify, Evidence, NotDeclared
from pytest_readiness.domains.http.checks.reachability import response_time
from pytest_readiness.domains.http.facts.pages import Latency
from pytest_readiness.domains.http.resource import Url
from tests.domains.http.http_answers import Shop, app, document
from tests.judging import judge
from tests.stack.fixtures import NginxFactory
from tests.stack.process import free_port
from tests.stack.silent import Response, WebApp

__all__ = ["app"]


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
        (b"OK", "200 with 2 characters of no Content-Type"),
        (b"<html>\x1b[31m" + b"x" * 500, "200 with 511 characters of no Content-Type"),
        (b"\xff\xfd", "200 with 2 characters"),
        (b"[" * 200_000, "200 with 200000 characters"),
        (b"1" * 5000, "200 with 5000 characters"),
        (b"DB_PASSWORD=hunter2", "200 with 19 characters"),
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
        ({"db": {"status": "ok", "reachable": False}}, 'db: "ok", false'),
        ({"db": {"isHealthy": False}}, "db: false"),
        ({"db": "yellow"}, 'db: "yellow"'),
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
        with pytest.raises(CouldNotVerify, match="which is not a known word for up or down"):
            app.judge("http.health_dependencies", "/health", document(report), names=["db"])
    else:
        assert seen in app.seen("http.health_dependencies", "/health", document(report), names=["db"])


@pytest.mark.parametrize(
    ("report", "denial"),
    [
        ({"db": {"status": "UP", "details": {"error": "org.postgresql.util.PSQLException: secret"}}}, "error: …"),
        ({"db": {"status": "ok", "error": "timeout"}}, "error: …"),
        ({"db": {"status": "up", "statusCode": 503}}, "statusCode: 503"),
        ({"db": {"status": "up", "details": {"http_status": 404}}}, "http_status: 404"),
        ({"db": {"status": "ok", "replicas": [{"status": "ok"}, {"status": "down"}]}}, 'status: "down"'),
        ({"checks": [{"name": "db", "status": "UP", "data": {"pool": {"healthy": False}}}]}, "healthy: false"),
    ],
)
def test_health_dependencies_that_contradict_themselves(app: Shop, report: Any, denial: str) -> None:
    with pytest.raises(CouldNotVerify) as caught:
        app.judge("http.health_dependencies", "/health", document(report), names=["db"])
    assert caught.value.reason.endswith(f"db as up and within that {denial}, and only one of them can be true")


@pytest.mark.parametrize(
    "report",
    [
        {"db": {"status": "UP", "details": {"database": "PostgreSQL", "validationQuery": "isValid()"}, "error": None}},
        {"db": {"status": "up", "errors": [], "state": "green", "replicas": {"a": {"isUp": True}}}},
        {"db": {"status": "UP", "details": {"state": "CLOSED", "failures": 3, "available": 8}}},
        {"db": {"status": "up", "error": "none"}},
        {"db": {"status": "up", "statusCode": 200, "details": {"code": 500}}},
        {"db": "PONG"},
        {"db": "working"},
        {"db": {"isHealthy": True}},
    ],
)
def test_health_dependencies_with_details(app: Shop, report: Any) -> None:
    assert app.judge("http.health_dependencies", "/health", document(report), names=["db"])


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
        assert response_time(latency, None, None).text.startswith(
            "p50 10.0 ms, p95 10.0 ms, max 600.0 ms of 20 requests"
        )
    else:
        with pytest.raises(ClaimFalse, match=r"p50 10\.0 ms, p95 600\.0 ms"):
            response_time(latency, None, None)


def test_fast_errors_are_no_response_times(app: Shop) -> None:
    answers = iter([200] * 3 + [503] * 2 + [200])
    seen = app.seen("http.response_time", "/p", lambda request: Response(next(answers)), path="/p", samples=5)
    assert seen == "503 among 5 answers"


def test_response_time_that_does_not_end(app: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pytest_readiness.domains.http.facts.pages.VISIT_SECONDS", 0.1)
    with pytest.raises(CouldNotVerify, match=r"time ran out after \d+ of 100 requests"):
        app.judge("http.response_time", "/p", Response(delay=0.05), path="/p", samples=100)


@pytest.mark.parametrize("status", [429, 500, 503])
def test_an_error_on_plain_http_tells_nothing_of_its_redirect(app: Shop, status: int) -> None:
    with WebApp({"/": Response(status)}) as plain:
        url = app.url.model_copy(update={"plain_http": plain.url})
        with pytest.raises(CouldNotVerify, match=f"was answered {status}"):
            judge("http.https_redirect", url)


EVERYWHERE = ["http.health", "http.readiness", "http.liveness", "http.response_time"]


@pytest.mark.parametrize("id", EVERYWHERE)
def test_an_answer_that_every_path_gets_proves_nothing(app: Shop, id: str) -> None:
    app.app.other = Response(body=b"ok")
    try:
        with pytest.raises(CouldNotVerify, match="was answered 200 like any unknown path"):
            app.judge(id, "/health", Response(body=b"ok"), path="/health")
        assert app.judge(id, "/health", Response(body=b"up"), path="/health")
    finally:
        app.app.other = Response(404)


def test_unknown_paths_are_beside_the_health_endpoint(app: Shop) -> None:
    def api(request: Any) -> Response:
        return document({"status": "UP", "db": "up"}) if request.path.startswith("/api/") else Response(404)

    app.app.other = api
    try:
        for id, parameters in (
            ("http.health", {"json": {"status": "UP"}}),
            ("http.health_dependencies", {"names": ["db"]}),
        ):
            with pytest.raises(CouldNotVerify, match="/api/health was answered 200 like any unknown path"):
                app.judge(id, "/", Response(), path="/api/health", **parameters)
    finally:
        app.app.other = Response(404)


@pytest.mark.parametrize(
    ("header", "value", "old"),
    [
        ("Age", "86400", True),
        ("Age", "9" * 30, True),
        ("Age", "10", False),
        ("Age", "0", False),
        ("X-Cache", "Hit from cloudfront", True),
        ("X-Cache", "MISS", False),
        ("CF-Cache-Status", "STALE", True),
        ("CF-Cache-Status", "DYNAMIC", False),
        ("X-Cache-Status", "HIT", True),
        ("Cache-Status", 'Squid; fwd=miss, "edge"; hit; ttl=30', True),
    ],
)
def test_an_old_answer_does_not_tell_how_it_is_now(app: Shop, header: str, value: str, old: bool) -> None:
    answer = document({"db": "up"})._replace(headers=[(header, value)])
    for id, parameters in (
        ("http.health", {}),
        ("http.readiness", {}),
        ("http.health_dependencies", {"names": ["db"]}),
    ):
        if old:
            with pytest.raises(
                CouldNotVerify, match=rf"from a cache .{header.lower() if header != 'Age' else 'Age'}: "
            ):
                app.judge(id, "/health", answer, **parameters)
        else:
            assert app.judge(id, "/health", answer, **parameters)
    warned = app.judge("http.reachable", "/health", answer, path="/health").warning
    assert warned.startswith("A cache answered") == old
    warned = app.judge("http.response_time", "/health", answer, path="/health", samples=5).warning
    assert warned.startswith("A cache answered") == old


def test_a_challenge_does_not_tell_how_it_is(app: Shop) -> None:
    gate = Response(200, [("Content-Type", "text/html")], b"<html><title>Just a moment...</title>")
    for id in ("http.health", "http.reachable", "http.response_time"):
        with pytest.raises(CouldNotVerify, match="by Cloudflare, which turns programs away"):
            app.judge(id, "/health", gate, path="/health")
    with pytest.raises(CouldNotVerify, match="by Cloudflare"):
        app.judge("http.reachable", "/x", gate._replace(status=403), path="/x")


def test_response_time_is_that_of_the_page_behind_a_redirect(app: Shop) -> None:
    def routes(location: str) -> dict[str, Response]:
        return {"/": Response(), "/report": Response(307, [("Location", location)]), "/report/": Response(delay=0.06)}

    app.app.routes = routes("/report/")  # type: ignore[assignment]
    with pytest.raises(ClaimFalse, match="/report/"):
        judge("http.response_time", app.url, path="/report", p95_ms=50, samples=5)
    app.app.routes = routes("https://www.example.com/report")  # type: ignore[assignment]
    with pytest.raises(CouldNotVerify, match="report, which was not timed"):
        judge("http.response_time", app.url, path="/report", samples=5)
    app.app.routes = routes("/report")  # type: ignore[assignment]
    with pytest.raises(CouldNotVerify, match="was redirected more than 5 times"):
        judge("http.response_time", app.url, path="/report", samples=5)


@pytest.mark.parametrize(
    "report",
    [
        {"db": "postgres://shop:hunter2@db/shop"},
        {"db": {"dsn": "postgres://shop:hunter2@db/shop"}},
        {"db": {"status": "host=db password=hunter2"}},
        {"db": [{"password": "hunter2"}]},
        {"db": "down", "settings": {"password": "hunter2"}},
        {"settings": {"password": "hunter2"}},
    ],
)
def test_what_was_not_judged_of_a_report_is_not_quoted(app: Shop, report: Any) -> None:
    for id, parameters in (("http.health_dependencies", {"names": ["db"]}), ("http.health", {"json": {"db": True}})):
        with pytest.raises((ClaimFalse, CouldNotVerify)) as caught:
            app.judge(id, "/health", document(report), **parameters)
        assert "hunter2" not in str(caught.value)


def test_health_beside_unknown_paths_on_which_the_server_hangs_up(nginx_factory: NginxFactory) -> None:
    locations = {"/": "return 444;", "= /health": 'return 200 "ok";', "= /start": 'return 200 "ok";'}
    with nginx_factory(locations=locations) as server:
        url = Url(name="shop", url=f"{server.http_url}/start", health="/health")
        assert judge("http.health", url)
        assert judge("http.response_time", url, path="/health", samples=5)


def test_response_time_of_another_page_is_none(app: Shop) -> None:
    login = {"/login": Response(), "/": Response(302, [("Location", "/login")])}
    app.app.routes = {**login, "/dash": Response(302, [("Location", "/login?next=/dash")])}
    with pytest.raises(CouldNotVerify, match=r"/dash is redirected to .*/login.*, which is another page"):
        judge("http.response_time", app.url, path="/dash", samples=5)
    assert "/login" in judge("http.response_time", app.url, samples=5).text
