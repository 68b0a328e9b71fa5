from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from prometheus_client import CollectorRegistry, Counter, Gauge, generate_latest
from prometheus_client.openmetrics import exposition as openmetrics
from pydantic import ValidationError
from websockets.http11 import Request as Opened
from websockets.http11 import Response as Refused
from websockets.sync.server import Server, ServerConnection, serve
from websockets.typing import Subprotocol
from websockets.utils import accept_key

from pytest_readiness.core.evidence import ClaimFalse, CouldNotVerify, NotDeclared, Unreachable
from pytest_readiness.domains.http import describing
from pytest_readiness.domains.http.facts import api as http_api_facts
from pytest_readiness.domains.http.facts.api import DescribedBy
from pytest_readiness.domains.http.resource import Credential, Url
from pytest_readiness.protocols.http import client as http_client
from tests.domains.http.http_api import PAGE, TOKEN, Fallback, Shop, app, document, guarded, served
from tests.judging import judge, read
from tests.stack.certs import Authority
from tests.stack.patience import patient
from tests.stack.process import free_port
from tests.stack.silent import FlakyServer, Request, Response, SilentServer, WebApp

__all__ = ["app"]


API_CHECKS: dict[str, dict[str, Any]] = {
    "http.versioned_api": {"paths": ["/api/v1/products"]},
    "http.openapi": {},
    "http.metrics": {"names": ["orders_total"]},
    "http.websocket": {"path": "/live"},
    "http.deployed_version": {"path": "/version", "version": "1.4.2"},
}


@pytest.mark.parametrize("id", API_CHECKS)
def test_a_single_page_application_passes_nothing(app: Shop, id: str) -> None:
    app.app.routes = Fallback()
    with pytest.raises(ClaimFalse):
        judge(id, app.url, **API_CHECKS[id])


@pytest.mark.parametrize("id", API_CHECKS)
def test_a_closed_port_is_unreachable(id: str) -> None:
    with pytest.raises(Unreachable, match="refused the connection"):
        judge(id, Url(name="shop", url=f"https://localhost:{free_port()}"), **API_CHECKS[id])


@pytest.mark.parametrize("id", API_CHECKS)
@pytest.mark.parametrize(
    ("server", "why"),
    [(SilentServer, "was not answered within"), (lambda: FlakyServer(99), "reset|connection was closed")],
)
def test_no_answer_is_no_verdict(monkeypatch: pytest.MonkeyPatch, id: str, server: Any, why: str) -> None:
    monkeypatch.setattr(http_client, "READ_SECONDS", patient(0.2))
    monkeypatch.setattr(http_api_facts, "READ_SECONDS", patient(0.2))
    with server() as running, pytest.raises(CouldNotVerify, match=why):
        judge(id, Url(name="shop", url=running.url), **API_CHECKS[id])


@pytest.mark.parametrize("id", API_CHECKS)
def test_an_untrusted_certificate_is_no_verdict(authority: Authority, id: str) -> None:
    with WebApp({"/": Response()}, authority.self_signed()) as server:
        with pytest.raises(CouldNotVerify, match="is not trusted"):
            judge(id, Url(name="shop", url=server.url, ca=authority.ca_file), **API_CHECKS[id])
        assert server.requests == []


@pytest.mark.parametrize("id", sorted(set(API_CHECKS) - {"http.websocket"}))
def test_errors_and_missing_credentials_are_no_verdict(app: Shop, id: str) -> None:
    parameters = API_CHECKS[id]
    place = {"http.openapi": "/openapi.json", "http.metrics": "/metrics"}.get(
        id, parameters.get("path", "/api/v1/products")
    )
    for status in (401, 403, 429, 500, 503):
        assert f"was answered {status}" in app.reason(id, {place: Response(status)}, **parameters)
    with pytest.raises(NotDeclared, match="shop declares no credential 'nobody'"):
        app.judge(id, {}, **parameters, credential="nobody")


def test_versioned_api(app: Shop) -> None:
    good = {"/api/v1/products": document([1]), "/2026-03-01/orders": document({"orders": []})}
    text = app.judge("http.versioned_api", good, paths=["/api/v1/products?page=1", "/2026-03-01/orders"]).text
    assert "v1 in " in text
    assert "2026-03-01 in " in text
    assert app.judge("http.versioned_api", {"/v2.1/a": guarded(document(1))}, paths=["/v2.1/a"], credential="scraper")
    for path in ("/api/products", "/vault/products", "/api/products?v=v1", "/voice", "/2026-13-01/a", "/2026-03-99/a"):
        assert (
            app.seen("http.versioned_api", {path.partition("?")[0]: document(1)}, paths=[path])
            == "none of its parts is one"
        )
    for answer, seen in (
        (Response(404), "404"),
        (Response(302, [("Location", "/login")]), "302 to https://localhost"),
        (PAGE, "200 with text/html, a page"),
        (served("application/json", PAGE.body), f"200 with {len(PAGE.body)} characters of application/json"),
        (served("application/hal+json", b"oops"), "200 with 4 characters of application/hal+json"),
    ):
        assert app.seen("http.versioned_api", {"/v1/a": answer}, paths=["/v1/a"]).startswith(seen)

    class Everything(dict[str, Any]):
        def get(self, path: str, default: Any = None) -> Any:
            return document({"path": path})

    app.app.routes = Everything()
    with pytest.raises(ClaimFalse, match="seen: 200, as from unknown paths"):
        judge("http.versioned_api", app.url, paths=["/v1/a"])
    wrongs: list[dict[str, Any]] = [{}, {"paths": []}, {"paths": ["v1"]}]
    for wrong in wrongs:
        with pytest.raises(ValidationError):
            judge("http.versioned_api", app.url, **wrong)


def described(**paths: Any) -> dict[str, Any]:
    return {
        "openapi": "3.0.3",
        "info": {"title": "Shop", "version": "1"},
        "paths": {"/products": get(SCHEMA), "/orders/{id}": BY_ID, **paths},
        "components": {
            "schemas": {
                "Product": {
                    "type": "object",
                    "required": ["id"],
                    "properties": {"id": {"type": "integer"}, "note": {"type": "string", "nullable": True}},
                }
            },
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }


SCHEMA = {"type": "array", "items": {"$ref": "#/components/schemas/Product"}}
BY_ID = {
    "parameters": [{"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}],
    "get": {"responses": {"200": {"description": "One."}}},
}


def get(schema: Any = None, status: Any = "200", kind: str = "application/json", **more: Any) -> dict[str, Any]:
    content = {kind: {"schema": schema or {}}}
    return {"get": {"responses": {status: {"description": "All.", "content": content}}, **more}}


PRODUCTS = [{"id": 1, "note": None}, {"id": 2, "note": "sold out"}]


def test_openapi(app: Shop) -> None:
    good = {"/openapi.json": document(described()), "/products": document(PRODUCTS)}
    evidence = app.judge("http.openapi", good)
    assert evidence.text == (
        f"{app.url.url}/openapi.json: OpenAPI 3.0.3, 2 paths; 1 GET operations as declared, 1 with 2xx; "
        "0 need a credential, 0 are on other hosts or stream"
    )
    assert [request.path for request in app.app.requests][-2:] == ["/openapi.json", "/products"]
    assert app.judge("http.openapi", good, max_operations=0).text.endswith("2 paths, valid; no operation was asked")
    for answer, seen in (
        (document([{"note": "secret-name"}]), "/products: 200 whose $[0] is not as the schema says (required)"),
        (document([{"id": "secret-name"}]), "/products: 200 whose $[0].id is not as the schema says (type)"),
        (document({}), "200 whose $ is not as the schema says (type)"),
        (document([], 201), "/products: 201, declared: 200"),
        (document([], 404), "/products: 404, declared: 200"),
        (document([], 500), "/products: 500, declared: 200"),
        (PAGE, "/products: 200 with text/html, declared: application/json"),
        (served("application/json", b"[1"), "/products: 200 with application/json that is not JSON"),
        (served("application/json", b'[{"id": NaN}]'), "/products: 200 with application/json that is not JSON"),
        (served("application/json", b'[{"id": 1, "n": "\xe9"}]'), "with application/json that is not in UTF-8"),
    ):
        told = app.seen("http.openapi", {**good, "/products": answer})
        assert seen in told
        assert "secret-name" not in told
    assert "answered 429" in app.reason("http.openapi", {**good, "/products": Response(429)})
    assert "more than 1 MiB" in app.reason("http.openapi", {**good, "/products": document("x" * 1_100_000)})


@pytest.mark.parametrize(
    ("change", "seen"),
    [
        ({"info": {}}, "'title' is a required property (at info)"),
        ({"paths": {"/a": {"get": {}}}}, "'responses' is a required property (at paths//a/get)"),
        ({"paths": {"/a/{id}": get()}}, "Path parameter 'id' for 'get' operation in '/a/{id}' was not resolved"),
        ({"components": {}}, "/components/schemas/Product leads nowhere"),
        ({"openapi": "3.9.0"}, "version 3.9.0 is not known"),
        ({"openapi": "4.0.0"}, "not a document of OpenAPI 3"),
        ({"openapi": None, "swagger": "2.0"}, "a document of Swagger 2, not OpenAPI 3"),
    ],
)
def test_openapi_that_is_not_valid(app: Shop, change: dict[str, Any], seen: str) -> None:
    assert seen in app.seen("http.openapi", {"/openapi.json": document({**described(), **change})})


def test_openapi_document_elsewhere_and_otherwise(app: Shop) -> None:
    assert app.seen("http.openapi", {}) == "404"
    assert app.seen("http.openapi", {"/openapi.json": served("application/json", b"{[")}) == "neither JSON nor YAML"
    assert app.seen("http.openapi", {"/openapi.json": document([])}) == "not a document of OpenAPI 3"
    remote = described(**{"/a": get({"$ref": "https://127.0.0.1:1/schema.json"})})
    assert "depends on another document, which was not read" in app.reason(
        "http.openapi", {"/openapi.json": document(remote)}
    )
    bomb = "a: &a [x,x,x,x,x,x,x,x,x,x]\n" + "".join(
        f"{this}: &{this} [{','.join(f'*{last}' for _ in range(10))}]\n"
        for last, this in zip("abcdef", "bcdefg", strict=True)
    )
    yaml = served("application/yaml", f"openapi: 3.1.0\n{bomb}".encode())
    assert "more than 200000 values" in app.reason("http.openapi", {"/api.yaml": yaml}, path="/api.yaml")
    text = """
openapi: 3.1.0
info: {title: Shop, version: '1'}
servers: [{url: '/{base}', variables: {base: {default: api}}}]
paths:
  /products:
    get: {responses: {200: {description: All., content: {application/json: {schema: {type: [array, 'null']}}}}}}
"""
    routes = {"/api.yaml": served("application/yaml", text.encode()), "/api/products": document(None)}
    assert "OpenAPI 3.1.0, 1 paths; 1 GET" in app.judge("http.openapi", routes, path="/api.yaml").text
    assert "whose $ is" in app.seen("http.openapi", {**routes, "/api/products": document(1)}, path="/api.yaml")


def test_openapi_behind_a_redirect_to_itself(app: Shop) -> None:
    routes = {
        "/openapi.json": Response(307, [("Location", "/openapi.json/")]),
        "/openapi.json/": document(described()),
        "/products": document(PRODUCTS),
        "/login": document(described()),
    }
    assert "1 GET operations as declared" in app.judge("http.openapi", routes).text
    routes["/openapi.json"] = Response(302, [("Location", "/login")])
    assert "302 to" in app.seen("http.openapi", routes)


@pytest.mark.parametrize("to", ["/v1/items/", "/v1/items/?page=1"])
def test_versioned_api_behind_a_redirect_to_itself(app: Shop, to: str) -> None:
    routes = {"/v1/items": Response(307, [("Location", to)]), "/v1/items/": document([1])}
    assert app.judge("http.versioned_api", routes, paths=["/v1/items"])
    routes["/v1/items"] = Response(307, [("Location", "/login")])
    assert "307 to" in app.seen("http.versioned_api", routes, paths=["/v1/items"])


def test_a_challenge_is_no_answer_of_an_api(app: Shop) -> None:
    gate = served("text/html", b"<title>Just a moment...</title>", status=403)
    for id, parameters, path in (
        ("http.openapi", {}, "/openapi.json"),
        ("http.versioned_api", {"paths": ["/v1/items"]}, "/v1/items"),
        ("http.metrics", {}, "/metrics"),
    ):
        assert "by Cloudflare, which turns programs away" in app.reason(id, {path: gate}, **parameters)
    routes = {"/openapi.json": document(described()), "/products": gate}
    assert "by Cloudflare" in app.reason("http.openapi", routes)


def _patterned(pattern: str, **schema: Any) -> dict[str, Any]:
    told = {
        "description": "",
        "content": {"application/json": {"schema": {"type": "string", "pattern": pattern, **schema}}},
    }
    return described(**{"/products": {"get": {"responses": {"200": told}}}})


def test_openapi_patterns_count(app: Shop) -> None:
    routes = {"/openapi.json": document(_patterned("^[a-z]+$")), "/products": document("abc")}
    assert app.judge("http.openapi", routes)
    assert "(pattern)" in app.seen("http.openapi", {**routes, "/products": document("A1")})


@pytest.mark.parametrize("where", ["answer", "default", "property"])
def test_an_expression_of_the_target_s_holds_up_nothing(app: Shop, monkeypatch: pytest.MonkeyPatch, where: str) -> None:
    slow, text = "^(a+)+$", "a" * 200 + "!"
    monkeypatch.setattr(describing, "READING_SECONDS" if where == "default" else "JUDGING_SECONDS", 1.0)
    described_by, answer = _patterned(slow), document(text)
    if where == "default":
        described_by = _patterned(slow, default=text)
    elif where == "property":
        described_by = described(**{"/products": get({"type": "object", "patternProperties": {slow: {}}})})
        described_by["openapi"] = "3.1.0"
        answer = document({text: 1})
    ticks: list[int] = []
    stop = threading.Event()

    def tick() -> None:
        while not stop.wait(0.02):
            ticks.append(1)

    ticker = threading.Thread(target=tick)
    ticker.start()
    try:
        reason = app.reason("http.openapi", {"/openapi.json": document(described_by), "/products": answer})
    finally:
        stop.set()
        ticker.join()
    assert "could not be judged within 1 s; a `pattern` in it may take for ever" in reason
    assert len(ticks) > 5  # other threads went on


def test_openapi_leaves_operations_out_and_says_so(app: Shop) -> None:
    far = {**get(), "servers": [{"url": "https://api.example.com/v1"}]}
    needed = [{"name": "q", "in": "query", "required": True, "schema": {"type": "string"}}]
    paths = {
        "/far": far,
        "/search": get(parameters=needed),
        "/events": get(kind="text/event-stream"),
        "/mine": get(security=[{"token": []}]),
        "/open": get(security=[{}, {"token": []}], parameters=[{**needed[0], "required": False}]),
        "/refused": get(status="4XX"),
    }
    routes = {"/openapi.json": document(described(**paths)), "/products": document(PRODUCTS), "/open": document(1)}
    routes |= {"/refused": document({}, 404), "/mine": guarded(document(1))}
    text = app.judge("http.openapi", routes).text
    assert "3 GET operations as declared, 2 with 2xx; 1 need a credential, 2 are on other hosts or stream" in text
    assert (
        "4 GET operations as declared, 3 with 2xx; 0 need"
        in app.judge("http.openapi", routes, credential="scraper").text
    )
    assert app.judge("http.openapi", routes, max_operations=1).warning == "2 further GET operations were not asked."
    assert read("api_operations", app.url, {"api_operations": (DescribedBy("/openapi.json", "", 1),)})
    only = described(**{"/products": get(security=[{"token": []}])})
    assert "none of 0 GET operations" in app.reason("http.openapi", {"/openapi.json": document(only)})
    for wrong in ({"max_operations": -1}, {"max_operations": 201}, {"path": "openapi.json"}):
        with pytest.raises(ValidationError):
            judge("http.openapi", app.url, **wrong)


def exposed(kind: str = "text/plain; version=0.0.4; charset=utf-8") -> Response:
    registry = CollectorRegistry()
    Counter("orders", "Orders placed.", ["country"], registry=registry).labels("de").inc()
    Counter("refunds", "Refunds paid.", ["country"], registry=registry)
    Gauge("queue_length", "Jobs that wait.", registry=registry).set(3)
    write = openmetrics.generate_latest if "openmetrics" in kind else generate_latest
    return served(kind, write(registry))


@pytest.mark.parametrize("kind", ["text/plain; version=0.0.4", "application/openmetrics-text; version=1.0.0"])
def test_metrics(app: Shop, kind: str) -> None:
    routes = {"/metrics": exposed(kind)}
    text = app.judge("http.metrics", routes, names=["orders_total", "queue_length"]).text
    assert text.startswith(f"GET {app.url.url}/metrics: ")
    assert text.endswith("samples, among them orders_total, queue_length")
    assert app.judge("http.metrics", routes)
    assert app.judge("http.metrics", routes, names=["orders"] if "open" in kind else ["orders_total"])
    assert app.seen("http.metrics", routes, names=["orders_total", "carts_total"]) == "without carts_total"
    assert app.seen("http.metrics", routes, names=["refunds"]) == "without refunds (declared, no sample)"


def test_metrics_that_are_none(app: Shop) -> None:
    for answer, seen in (
        (Response(404), "404"),
        (Response(302, [("Location", "/login")]), "302 to https://localhost"),
        (PAGE, "200 with text/html"),
        (served("text/plain", b"<html>ready</html>"), "invalid metric name"),
        (served("text/plain", b""), "0 metrics, no sample"),
        (served("text/plain", b"# HELP a b\n# TYPE a gauge\n"), "1 metrics, no sample"),
        (served("text/plain", b"ready\n"), "could not convert"),
        (served("text/plain", b"orders_total 1\r\n"), "lines that end in CR LF, which Prometheus does not read"),
        (served("text/plain", "orders_total 1\n".encode("utf-16")), "bytes that are not UTF-8"),
        (served("text/plain", b'orders_total{shop="caf\xe9"} 1\n'), "bytes that are not UTF-8"),
        (document({"orders_total": 1}), "200 with application/json"),
        (served("application/openmetrics-text", b"orders_total 1\n"), "Missing # EOF"),
    ):
        assert seen in app.seen("http.metrics", {"/metrics": answer}, names=["orders_total"])
    with pytest.raises(ValidationError):
        judge("http.metrics", app.url, names=[])


def test_metrics_open_to_any_credential(app: Shop) -> None:
    wanted = {"public": False, "credential": "scraper"}

    def any_credential(request: Request) -> Response:
        return exposed() if "Authorization" in request.headers else Response(401)

    assert app.seen("http.metrics", {"/metrics": any_credential}, **wanted) == "200"
    kept: list[Response] = []

    def cache(request: Request) -> Response:
        kept.append(guarded(exposed(), 401)(request))
        return next((answer for answer in kept if answer.status == 200), Response(401))

    assert app.seen("http.metrics", {"/metrics": cache}, **wanted) == "200"


@pytest.mark.parametrize("status", [401, 403, 404])
def test_metrics_closed_to_strangers(app: Shop, status: int) -> None:
    routes = {"/metrics": guarded(exposed(), status)}
    wanted = {"names": ["orders_total"], "public": False, "credential": "scraper"}
    assert f": {status} without a credential; " in app.judge("http.metrics", routes, **wanted).text
    assert app.seen("http.metrics", {"/metrics": exposed()}, **wanted) == "200"
    assert app.seen("http.metrics", {"/metrics": Response(status)} | {"/metrics": PAGE}, **wanted) == "200"
    shown = exposed()._replace(status=status)
    assert app.seen("http.metrics", {"/metrics": shown}, **wanted).startswith(f"{status} with ")
    assert app.seen("http.metrics", {"/metrics": shown}, public=False).endswith(" samples")
    for guarded_path, open_path in (("/metrics", "/metrics/"), ("/metrics/", "/metrics")):
        respelled = {guarded_path: guarded(exposed(), status), open_path: exposed()}
        for credential in ({}, {"credential": "scraper"}):
            found = app.seen("http.metrics", respelled, path=guarded_path, public=False, **credential)
            assert found == "200 with 4 samples"
    # Where nobody gets in, nothing is seen of the metrics.
    if status == 404:
        assert app.seen("http.metrics", {"/metrics": Response(404)}, **wanted) == "404"
    else:
        assert f"was answered {status}" in app.reason("http.metrics", {"/metrics": Response(status)}, **wanted)
    if status == 404:
        reason = app.reason("http.metrics", routes, public=False)
        assert "was answered 404, as for a path that does not exist; make sure that 'path' is right" in reason
    else:
        assert "was not seen" in app.judge("http.metrics", routes, public=False).warning
    with pytest.raises(NotDeclared, match="names no credential that opens /metrics of shop"):
        app.judge("http.metrics", routes, public=False, names=["orders_total"])
    assert "without a credential was answered 503" in app.reason(
        "http.metrics", {"/metrics": Response(503)}, public=False
    )


@pytest.fixture(scope="module")
def sockets(authority: Authority) -> Iterator[Url]:
    """Real web sockets over TLS: /live is open, /feed speaks shop.v1, /mine wants a token, all else is 404."""
    import ssl

    certificate = authority.issue()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate.chain, certificate.key)

    def admitted(connection: ServerConnection, request: Opened) -> Refused | None:
        if request.path == "/mine" and request.headers.get("Authorization") != f"Bearer {TOKEN}":
            return connection.respond(401, "no\n")
        if request.path == "/strict" and request.headers.get("Origin") != f"https://localhost:{port}":
            return connection.respond(403, "no\n")
        if request.path not in ("/live", "/mine", "/strict"):
            return connection.respond(404, "no\n")
        return None

    def talk(connection: ServerConnection) -> None:
        for _ in connection:
            pass

    def chosen(connection: ServerConnection, offered: Sequence[Subprotocol]) -> Subprotocol | None:
        return next((each for each in offered if each == "shop.v1"), None)

    server: Server = serve(talk, "127.0.0.1", 0, ssl=context, process_request=admitted, select_subprotocol=chosen)
    port = server.socket.getsockname()[1]
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    token = Credential.model_validate({"token": TOKEN})
    yield Url(name="shop", url=f"https://localhost:{port}", ca=authority.ca_file, credentials={"scraper": token})
    server.shutdown()
    thread.join()


def test_websocket(sockets: Url) -> None:
    assert judge("http.websocket", sockets, path="/live").text.startswith(
        f"GET wss://localhost:{sockets.port}/live: 101, "
    )
    assert "subprotocol shop.v1" in judge("http.websocket", sockets, path="/live", protocol="shop.v1").text
    assert judge("http.websocket", sockets, path="/strict")
    assert judge("http.websocket", sockets, path="/mine", credential="scraper")
    for parameters, seen in (
        ({"path": "/gone"}, "404 instead of 101"),
        ({"path": "/live", "protocol": "shop.v2"}, "101 with no subprotocol"),
    ):
        with pytest.raises(ClaimFalse, match=seen):
            judge("http.websocket", sockets, **parameters)
    with pytest.raises(CouldNotVerify, match="was answered 401; the binding names no credential"):
        judge("http.websocket", sockets, path="/mine")
    wrongs: list[dict[str, Any]] = [{}, {"path": "live"}, {"path": "/live", "protocol": "a b"}]
    for wrong in wrongs:
        with pytest.raises(ValidationError):
            judge("http.websocket", sockets, **wrong)


@pytest.mark.parametrize(
    ("name", "seen"),
    [
        ("Sec-WebSocket-Extensions", "seen: an extension .* not asked for"),
        ("Sec-WebSocket-Protocol", "a subprotocol .* not"),
    ],
)
def test_websocket_that_has_what_was_not_asked_for(app: Shop, name: str, seen: str) -> None:
    def answer(request: Request) -> Response:
        key = accept_key(request.headers["Sec-WebSocket-Key"])
        headers = [("Upgrade", "websocket"), ("Connection", "Upgrade"), ("Sec-WebSocket-Accept", key)]
        return Response(101, [*headers, (name, "permessage-deflate")])

    with pytest.raises(ClaimFalse, match=seen):
        app.judge("http.websocket", {"/live": answer}, path="/live")


def test_websocket_that_is_none(app: Shop) -> None:
    upgraded = [("Upgrade", "websocket"), ("Connection", "Upgrade")]
    for answer, seen in (
        (Response(200), "200 instead of 101"),
        (Response(301, [("Location", "/live/")]), "301 instead of 101"),
        (Response(502), "502 instead of 101"),
        (Response(101, upgraded), "Sec-WebSocket-Accept"),
        (
            Response(101, [*upgraded, ("Sec-WebSocket-Accept", "c3RhbGUgYW5zd2VyIG9mIGEgY2FjaGU=")]),
            "Sec-WebSocket-Accept",
        ),
        (Response(101), "(?i)upgrade|connection"),
    ):
        with pytest.raises(ClaimFalse, match=seen):
            app.judge("http.websocket", {"/live": answer}, path="/live")
