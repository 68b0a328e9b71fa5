from __future__ import annotations

import re
from typing import Any

import pytest
from pydantic import ValidationError

from pytest_readiness.core.evidence import ClaimFalse
from pytest_readiness.domains.http.checks.abuse import DEVELOPERS
from pytest_readiness.domains.http.facts import series as http_series
from pytest_readiness.domains.http.resource import Url
from tests.domains.http.http_shop import HTML, ORIGIN, Shop, is_get, open_question, seen, when
from tests.judging import judge
from tests.stack.certs import Authority
from tests.stack.fixtures import NginxFactory
from tests.stack.silent import Request, Response, WebApp

CORS: dict[str, Any] = {"path": "/orders", "origins": [ORIGIN], "method": "PUT"}


def test_cors(shop: Shop) -> None:
    n = 4 + len(DEVELOPERS) + 4
    assert judge("http.cors", shop.url, **CORS).text == (
        f"{shop.app.url}/orders: {n} foreign origins get no permission; {ORIGIN} may read"
    )
    assert len(shop.app.requests) == 1 + 2 * (n + 1)
    assert judge("http.cors", shop.url, path="/orders").text.endswith(f"{n - 4} foreign origins get no permission")


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        ("origin echoed", "no permission for a foreign origin (https://readiness-probe.example)"),
        ("null trusted", "no permission for null (null)"),
        ("prefix trusted", "no permission for an origin that begins like the endpoint's"),
        ("suffix trusted", "no permission for an origin that ends like the endpoint's"),
        ("everybody", "no permission for a foreign origin"),
        ("everybody with credentials", "no Access-Control-Allow-Origin: * together with"),
        ("own origin forgotten", f"Access-Control-Allow-Origin: {ORIGIN}"),
        ("put forgotten", f"2xx that allows PUT to a preflight of {ORIGIN}"),
        ("headers forgotten", f"2xx that allows the headers content-type to a preflight of {ORIGIN}"),
        ("development left", "no permission for a developer's origin (http://localhost:3000)"),
        (
            "dot unescaped",
            f"no permission for an origin like {ORIGIN} with another character for a dot",
        ),
        ("declared one unanchored", f"no permission for an origin that begins like {ORIGIN}"),
    ],
)
def test_cors_is_not_right(shop: Shop, fault: str, expected: str) -> None:
    shop.fault = fault
    with pytest.raises(ClaimFalse) as caught:
        judge("http.cors", shop.url, **CORS)
    assert caught.value.expected.startswith(expected)
    assert "Access-Control-Allow" in caught.value.seen


def test_cors_for_everybody(shop: Shop) -> None:
    shop.fault = "everybody"
    assert "no permission but *" in judge("http.cors", shop.url, **CORS, public=True).text
    for fault in ("everybody with credentials", "origin echoed"):
        shop.fault = fault
        assert "with credentials" in seen("http.cors", shop, **CORS, public=True)


def test_cors_over_http_is_foreign_to_https(authority: Authority) -> None:
    def lax(request: Request) -> Response:
        origin = request.headers.get("Origin", "")
        return Response(200, [("Access-Control-Allow-Origin", origin)] if origin == "http://localhost" else [])

    with WebApp({"/": lax}, authority.issue()) as app:
        url = Url(name="shop", url=app.url, ca=authority.ca_file)
        with pytest.raises(
            ClaimFalse, match=r"no permission for the endpoint's own host over http \(http://localhost\)"
        ):
            judge("http.cors", url)
        app.routes["/"] = Response()
        assert f"{5 + len(DEVELOPERS)} foreign origins" in judge("http.cors", url).text


def test_cors_proves_nothing(shop: Shop) -> None:
    open_question("http.cors", shop, "/nothing was answered 404", path="/nothing")
    open_question("http.cors", shop, "/mine was answered 401, and CORS may look different", path="/mine")
    assert judge("http.cors", shop.url, path="/mine", credential="clerk")
    shop.app.routes["/strict"] = when(lambda request: bool(request.query), Response(400), shop.orders)
    open_question("http.cors", shop, "/strict.* was answered 400, and CORS may look different", path="/strict")
    for status in (429, 503):
        shop.app.routes["/orders"] = when(lambda request: "Origin" in request.headers, Response(status), Response())
        open_question("http.cors", shop, f"a foreign origin as Origin was answered {status}", path="/orders")
    wrongs: list[dict[str, Any]] = [
        {"origins": []},
        {"origins": ["www.shop.example"]},
        {"origins": ["https://a.example/"]},
        {"method": ""},
    ]
    for wrong in wrongs:
        with pytest.raises(ValidationError):
            judge("http.cors", shop.url, **wrong)


@pytest.mark.parametrize(
    ("allowed", "parameters", "lacking"),
    [
        ("Content-Type", {}, ""),
        ("Content-Type", {"credential": "clerk"}, "content-type, authorization"),
        ("content-type, AUTHORIZATION", {"credential": "clerk"}, ""),
        ("*", {}, ""),
        ("*", {"credential": "clerk"}, "content-type, authorization"),
        ("", {}, "content-type"),
        ("", {"method": "GET"}, ""),
        ("", {"method": "DELETE"}, ""),
        ("Content-Type", {"headers": ["X-Tenant"]}, "x-tenant"),
        ("", {"headers": []}, ""),
    ],
)
def test_cors_for_the_headers_that_are_sent(shop: Shop, allowed: str, parameters: Any, lacking: str) -> None:
    def route(request: Request) -> Response:
        headers = [("Access-Control-Allow-Origin", ORIGIN), ("Access-Control-Allow-Methods", "DELETE")]
        own = request.headers.get("Origin") == ORIGIN
        return Response(200, [*headers, ("Access-Control-Allow-Headers", allowed)] if own else [])

    shop.app.routes["/api"] = route
    if lacking:
        with pytest.raises(ClaimFalse, match=f"2xx that allows the headers {lacking} to a preflight"):
            judge("http.cors", shop.url, path="/api", origins=[ORIGIN], **parameters)
    else:
        assert judge("http.cors", shop.url, path="/api", origins=[ORIGIN], **parameters)


@pytest.mark.parametrize(
    ("pattern", "holds"),
    [
        (r"https://([a-z0-9-]+\.)*shop\.example", True),  # all names below it are the owner's
        (r"https://.*shop\.example", False),
        (r"https://www.shop\.example", False),
        (r"https?://www\.shop\.example", False),
        (r".*www\.shop\.example.*", False),
    ],
)
def test_cors_by_a_pattern(shop: Shop, pattern: str, holds: bool) -> None:
    def route(request: Request) -> Response:
        origin = request.headers.get("Origin", "")
        headers = [("Access-Control-Allow-Origin", origin), ("Access-Control-Allow-Headers", "content-type")]
        return Response(200, headers if re.fullmatch(pattern, origin) else [])

    shop.app.routes["/api"] = route
    if holds:
        assert judge("http.cors", shop.url, path="/api", origins=[ORIGIN])
    else:
        with pytest.raises(ClaimFalse, match=r"no permission for"):
            judge("http.cors", shop.url, path="/api", origins=[ORIGIN])


def test_cors_of_a_server_that_hangs_up_on_strangers(nginx_factory: NginxFactory) -> None:
    locations = {"/": 'if ($http_origin) { return 444; } default_type text/html; return 200 "<p>hello</p>";'}
    with nginx_factory(locations=locations) as server:
        assert "get no permission" in judge("http.cors", Url(name="shop", url=server.http_url)).text


def test_host_header(shop: Shop) -> None:
    assert judge("http.host_header", shop.url).text == (
        "not reflected: /: Host 200, X-Forwarded-Host 200, Forwarded 200, X-Host 200, X-Original-Host 200, "
        "X-Forwarded-Server 200"
    )
    queries = [request.query for request in shop.app.requests]
    assert len(set(queries)) == 8
    assert all(query.startswith("readiness=") for query in queries)


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ("host reflected", "readiness-host.example in the body of a 200"),
        ("forwarded reflected", "readiness-forwarded.example in the body of a 200"),
        ("rfc7239 reflected", "readiness-rfc7239.example in the body of a 200"),
        ("host in cookie", "readiness-forwarded.example in set-cookie of a 200"),
    ],
)
def test_host_header_is_reflected(shop: Shop, fault: str, said: str) -> None:
    shop.fault = fault
    assert seen("http.host_header", shop) == said


@pytest.mark.parametrize("header", ["X-Host", "X-Original-Host", "X-Forwarded-Server"])
def test_host_header_in_another_form(shop: Shop, header: str) -> None:
    shop.app.routes["/"] = lambda request: Response(200, body=request.headers.get(header, "shop").encode())
    assert seen("http.host_header", shop).endswith(".example in the body of a 200")


@pytest.mark.parametrize(
    ("character", "spelled"), [(".", "&#46;"), ("-", "&#x2d;"), ("-", "\\u002D"), (".", "\\x2e"), (".", "<wbr>.")]
)
def test_host_header_in_another_spelling(shop: Shop, character: str, spelled: str) -> None:
    def reflecting(request: Request) -> Response:
        return Response(200, [HTML], request.headers["Host"].replace(character, spelled).encode())

    shop.app.routes["/"] = reflecting
    assert seen("http.host_header", shop) == "readiness-host.example in the body of a 200"


def test_host_header_in_a_redirect_or_refusal(shop: Shop) -> None:
    def redirecting(request: Request) -> Response:
        return Response(302, [("Location", f"https://{request.headers['Host']}/start")])

    shop.app.routes["/login"] = redirecting
    assert seen("http.host_header", shop, paths=["/", "/login"]) == "readiness-host.example in location of a 302"
    shop.app.routes["/"] = lambda request: Response(421 if "readiness" in request.headers["Host"] else 200)
    assert "Host 421" in judge("http.host_header", shop.url).text


def test_host_header_that_nginx_hangs_up_on(nginx_factory: NginxFactory) -> None:
    locations = {"/": 'if ($host != localhost) { return 444; } default_type text/html; return 200 "<p>$host</p>";'}
    with nginx_factory(locations=locations) as server:
        url = Url(name="shop", url=server.http_url)
        assert "/: Host closed, X-Forwarded-Host 200" in judge("http.host_header", url).text


def test_host_header_proves_nothing(shop: Shop) -> None:
    open_question("http.host_header", shop, "/nothing as usual was answered 404", paths=["/nothing"])
    shop.app.routes["/"] = lambda request: Response(503 if "readiness" in request.headers["Host"] else 200)
    open_question("http.host_header", shop, "a foreign Host was answered 503")
    answers = iter([200, *[403] * 7])
    shop.app.routes["/"] = lambda request: Response(next(answers))
    open_question("http.host_header", shop, "as usual was answered 403")
    shop.app.routes["/"] = Response(200, [HTML], b"x" * 2_000_000)
    open_question("http.host_header", shop, "too long to be searched")
    with pytest.raises(ValidationError):
        judge("http.host_header", shop.url, paths=[])


def test_methods(shop: Shop) -> None:
    assert judge("http.methods", shop.url, allowed=["GET", "HEAD", "OPTIONS"]).text == (
        "/: OPTIONS 204, TRACE 405, TRACK 405, DEBUG 405, READINESS 405; Allow: GET, HEAD, OPTIONS"
    )
    assert [request.method for request in shop.app.requests] == [
        "GET",
        "OPTIONS",
        "TRACE",
        "TRACK",
        "DEBUG",
        "READINESS",
    ]


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ("trace", "200 that echoes the request"),
        ("any method", "200"),
        ("delete offered", "Allow: GET, HEAD, OPTIONS, DELETE"),
    ],
)
def test_methods_are_not_refused(shop: Shop, fault: str, said: str) -> None:
    shop.fault = fault
    assert seen("http.methods", shop, allowed=["GET", "HEAD", "OPTIONS"]) == said
    if fault == "delete offered":
        assert judge("http.methods", shop.url)


def test_methods_prove_nothing(shop: Shop) -> None:
    open_question("http.methods", shop, "GET /nothing was answered 404", path="/nothing")
    shop.app.routes["/"] = lambda request: Response(200 if request.method == "GET" else 404)
    assert "TRACE 404" in judge("http.methods", shop.url).text
    open_question("http.methods", shop, "no answer of / has an Allow header", allowed=["GET"])
    for status in (302, 401, 429, 500, 503):
        shop.app.routes["/"] = when(is_get, Response(), Response(status))
        open_question("http.methods", shop, f"TRACE / was answered {status}, which is not a refusal of the method")
    shop.app.routes["/"] = lambda request: Response(200 if request.method == "GET" else 405, [("Allow", "GET, TRACE")])
    assert seen("http.methods", shop) == "Allow: GET, TRACE"
    wrongs: list[dict[str, Any]] = [{"allowed": []}, {"allowed": ["get"]}]
    for wrong in wrongs:
        with pytest.raises(ValidationError):
            judge("http.methods", shop.url, **wrong)


LIMIT: dict[str, Any] = {"path": "/limited", "limit": 10, "recovery": 1}


def test_rate_limit(shop: Shop) -> None:
    evidence = judge("http.rate_limit", shop.url, **LIMIT)
    assert evidence.text.startswith("GET /limited: 429 with Retry-After 0 after 10 requests within ")
    assert not evidence.warning
    assert shop.limited == 12


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ("no limit", "none in 17 requests within "),
        ("no Retry-After", "429 without Retry-After"),
        ("limit by 503", "503 among 17 requests within "),
        ("never again", "429 after 1."),
    ],
)
def test_rate_limit_is_not_right(shop: Shop, fault: str, said: str) -> None:
    shop.fault = fault
    assert seen("http.rate_limit", shop, **LIMIT).startswith(said)
    if fault == "no limit":
        assert shop.limited == 17
        shop.limited = 0
        assert seen("http.rate_limit", shop, **LIMIT, burst_size=30).startswith("none in 30 requests")
        assert shop.limited == 30


@pytest.mark.parametrize("after", ["soon", "-5", "0.5", "PT1S", "Wed, 21 Oct 2026", "Wed, 21 Oct 2020 07:28:00 GMT"])
def test_rate_limit_whose_retry_after_says_nothing(shop: Shop, after: str) -> None:
    answers = iter([200] * 10 + [429] + [200] * 30)
    shop.app.routes["/limited"] = lambda request: Response(next(answers), [("Retry-After", after)])
    assert seen("http.rate_limit", shop, **LIMIT) == f"429 with Retry-After {after}"
    answers = iter([200] * 10 + [429] + [200] * 30)
    assert judge("http.rate_limit", shop.url, **LIMIT, retry_after=False)


def test_rate_limit_after_which_one_is_led_elsewhere(shop: Shop) -> None:
    answers = iter([200] * 10 + [429] + [302] * 30)
    shop.app.routes["/limited"] = lambda request: Response(next(answers), [("Retry-After", "0"), ("Location", "/no")])
    assert seen("http.rate_limit", shop, **LIMIT).startswith("302 after ")
    answers = iter([302] * 10 + [429] + [302] * 30)
    assert judge("http.rate_limit", shop.url, **LIMIT)


def test_rate_limit_without_retry_after(shop: Shop) -> None:
    shop.fault = "no Retry-After"
    assert "429 after 10 requests" in judge("http.rate_limit", shop.url, **LIMIT, retry_after=False).text


def test_rate_limit_that_is_met_early_warns(shop: Shop) -> None:
    shop.limited = 7
    assert judge("http.rate_limit", shop.url, **LIMIT).warning == "The limit of 10 was hit after 3 requests."


def test_rate_limit_proves_nothing(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    id = "http.rate_limit"
    shop.fault = "always 429"
    open_question(id, shop, "429 to the first request, so no limit was seen", **LIMIT)
    assert shop.limited == 1
    open_question(id, shop, "answered 404 to the first request", **{**LIMIT, "path": "/nothing"})
    answers = iter([200, 429])
    shop.app.routes["/limited"] = lambda request: Response(next(answers), [("Retry-After", "3600")])
    open_question(id, shop, "429 with Retry-After 3600, and recovery in that time exceeds 1 s", **LIMIT)
    shop.app.routes["/limited"] = Response()
    monkeypatch.setattr(http_series, "BURST_SECONDS", 0.001)
    open_question(id, shop, r"took too long: \d+ requests within .* of 17, and no 429", **LIMIT)
    wrongs: list[dict[str, Any]] = [{"limit": 1}, {"limit": 1001}, {"burst_size": 2001}, {"recovery": 301}]
    for wrong in wrongs:
        with pytest.raises(ValidationError):
            judge(id, shop.url, **{**LIMIT, **wrong})


def test_rate_limit_of_nginx(nginx_factory: NginxFactory) -> None:
    zones = "".join(f"limit_req_zone $binary_remote_addr zone={name}:1m rate=60r/m;" for name in ("right", "usual"))
    locations = {
        "= /right": "limit_req zone=right burst=5 nodelay; limit_req_status 429; try_files /none @ok;",
        "= /usual": "limit_req zone=usual burst=5 nodelay; try_files /none @ok;",
        "@ok": "default_type text/plain; return 200 'ok';",
    }
    with nginx_factory(http_raw=zones, locations=locations) as server:
        url = Url(name="shop", url=server.http_url)
        limit: dict[str, Any] = {"limit": 6, "retry_after": False, "recovery": 30}
        assert "429 after " in judge("http.rate_limit", url, path="/right", **limit).text
        with pytest.raises(ClaimFalse, match="seen: 503 among"):
            judge("http.rate_limit", url, path="/usual", **limit)
