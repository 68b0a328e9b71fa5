from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import ValidationError

from pytest_readiness.core.evidence import ClaimFalse, CouldNotVerify, Unreachable
from pytest_readiness.domains.http.checks.debug import PATHS
from pytest_readiness.domains.http.resource import Url
from pytest_readiness.protocols.http import client as http_client
from tests.judging import judge
from tests.stack.certs import Authority
from tests.stack.fixtures import NginxFactory
from tests.stack.patience import patient
from tests.stack.process import free_port
from tests.stack.silent import FlakyServer, Request, Response, SilentServer, WebApp

ID = "http.no_debug"


def page(body: str, status: int = 200, *headers: tuple[str, str]) -> Response:
    return Response(status, [("Content-Type", "text/html"), *headers], body.encode())


ROOT = page("<!doctype html><title>Shop</title><script src=/app.js></script>")


@pytest.fixture(scope="module")
def app(authority: Authority) -> Iterator[WebApp]:
    with WebApp({"/": ROOT}, https=authority.issue()) as server:
        yield server


@pytest.fixture
def url(app: WebApp, authority: Authority) -> Url:
    app.routes = {"/": ROOT}
    return Url(name="shop", url=app.url, ca=authority.ca_file)


def test_a_good_site(app: WebApp, url: Url) -> None:
    before = len(app.requests)
    assert (
        judge(ID, url).text == f"nothing on the root and {len(PATHS) + 1} other paths: 200 x 1, 404 x {len(PATHS) + 1}"
    )
    assert {request.method for request in app.requests[before:]} == {"GET"}
    assert len(app.requests) - before == len(PATHS) + 2


def test_on_nginx(nginx_factory: NginxFactory, authority: Authority) -> None:
    with nginx_factory(
        https=authority.issue(), locations={"/": "return 404 nothing;", "= /": "return 200 shop;"}
    ) as server:
        shop = Url(name="shop", url=server.url, ca=authority.ca_file)
        assert judge(ID, shop)
        server.reload(locations={"/": "return 404 nothing;", "= /": "return 200 shop;", "= /debug": "return 200 on;"})
        with pytest.raises(ClaimFalse, match=r"seen: 1: /debug: 200$"):
            judge(ID, shop)


@pytest.mark.parametrize(
    ("path", "body", "what"),
    [
        ("/", "<title>NameError // Werkzeug Debugger</title>", "the root: Werkzeug's debugger"),
        ("/", '<script type="module" src="/@vite/client"></script>', "the root: Vite's development server"),
        ("/", '<script src="/_next/static/development/_buildManifest.js"></script>', "the root: Next.js's development"),
        ("/", '<div id="djDebug"></div>', "the root: Django's debug toolbar"),
        ("/", '<div id="sfwdt1" class="sf-toolbar"></div>', "the root: Symfony's profiler"),
        ("/", "Traceback (most recent call last):", "the root: a Python traceback"),
        (
            "/console",
            "<title>Console // Werkzeug Debugger</title>",
            "/console: Werkzeug's debugger, Werkzeug's console",
        ),
        ("/console", "<h1>Console</h1>", "/console: 200"),
        ("/debug/pprof/", "/debug/pprof/ Types of profiles available: goroutine", "/debug/pprof/: Go's profiler"),
        ("/debug/vars", '{"cmdline": [], "memstats": {"Alloc": 1}}', "/debug/vars: Go's variables"),
        ("/_profiler", "<title>Symfony Profiler</title>", "/_profiler: Symfony's profiler"),
        ("/telescope", "<title>Telescope</title>", "/telescope: Laravel Telescope"),
        ("/_ignition/health-check", '{"can_execute_commands":true}', "Laravel Ignition"),
        ("/rails/info/properties", "<td>Rails version</td><td>Ruby version</td>", "Rails' information page"),
        ("/actuator/env", '{"propertySources":[]}', "Spring Boot Actuator"),
        ("/h2-console", "<title>H2 Console</title>", "the H2 console"),
        ("/graphiql", "<title>GraphiQL</title>", "a GraphQL playground"),
    ],
)
def test_tools_of_developers(app: WebApp, url: Url, path: str, body: str, what: str) -> None:
    app.routes[path] = page(body)
    with pytest.raises(ClaimFalse) as caught:
        judge(ID, url)
    assert what in caught.value.seen
    assert caught.value.seen.startswith("1: ")


@pytest.mark.parametrize(
    ("body", "what"),
    [
        ("<p>You're seeing this error because you have <code>DEBUG = True</code>", "Django's debug page"),
        ("Error: no\n at Layer.handle (/srv/node_modules/express/lib/router/layer.js:95:5)", "Express's stack trace"),
        ("<h1>Whoops, looks like something went wrong.</h1>", "Laravel's debug page"),
        ("Symfony\\Component\\HttpKernel\\Exception\\NotFoundHttpException", "Symfony's debug page"),
        ("<p>Rails.root: /srv/shop</p>", "Rails' debug page"),
        ("<h2>Sinatra doesn&rsquo;t know this ditty.</h2>", "Sinatra's development page"),
    ],
)
def test_debug_pages_of_unknown_paths(app: WebApp, url: Url, body: str, what: str) -> None:
    class Everything(dict[str, Any]):
        def get(self, path: str, default: Any = None) -> Any:
            return ROOT if path == "/" else page(body, 404)

    app.routes = Everything()
    with pytest.raises(ClaimFalse, match=f"an unknown path: {what}"):
        judge(ID, url)


def test_headers_of_a_profiler(app: WebApp, url: Url) -> None:
    app.routes["/"] = page("<!doctype html>", 200, ("X-Debug-Token", "a1b2c3"))
    with pytest.raises(ClaimFalse, match="the root: Symfony's profiler"):
        judge(ID, url)


def test_introspection(app: WebApp, url: Url) -> None:
    def graphql(request: Request) -> Response:
        assert request.query == "query=%7B__schema%7BqueryType%7Bname%7D%7D%7D"
        return Response(200, [("Content-Type", "application/json")], answer)

    app.routes["/graphql"] = graphql
    answer = b'{"errors":[{"message":"GraphQL introspection is not allowed by Apollo Server"}]}'
    assert judge(ID, url)
    answer = b'{"data":{"__schema":{"queryType":{"name":"Query"}}}}'
    with pytest.raises(ClaimFalse, match=r"seen: 1: /graphql: GraphQL introspection$"):
        judge(ID, url)


def test_an_unknown_path_that_is_told_again(app: WebApp, url: Url) -> None:
    class Everything(dict[str, Any]):
        def get(self, path: str, default: Any = None) -> Any:
            return super().get(path, page(f"The route {path.lstrip('/')} could not be found.", 404))

    app.routes = Everything({"/": ROOT})
    assert judge(ID, url)


def test_a_fallback_is_no_tool(app: WebApp, url: Url) -> None:
    class Fallback(dict[str, Any]):
        def get(self, path: str, default: Any = None) -> Any:
            return super().get(path, page(f'<!doctype html><link href="{path}">'))

    app.routes = Fallback()
    assert "200 like any unknown path x" in judge(ID, url).text
    app.routes["/console"] = page("<title>Console // Werkzeug Debugger</title>")
    with pytest.raises(ClaimFalse, match="/console: Werkzeug"):
        judge(ID, url)


def test_paths_of_ones_own(app: WebApp, url: Url) -> None:
    app.routes["/console"] = page("<title>The shop's console</title>")
    app.routes["/internal/state"] = page("state")
    assert judge(ID, url, allowed=["/console"])
    with pytest.raises(ClaimFalse, match=r"seen: 1: /internal/state: 200$"):
        judge(ID, url, allowed=["/console"], paths=["/internal/state"])
    app.routes["/console"] = page("<title>Console // Werkzeug Debugger</title>")
    with pytest.raises(ClaimFalse, match="/console: Werkzeug"):
        judge(ID, url, allowed=["/console"])
    wrongs: list[dict[str, Any]] = [{"paths": []}, {"allowed": []}, {"paths": ["console"]}]
    for wrong in wrongs:
        with pytest.raises(ValidationError):
            judge(ID, url, **wrong)


def test_what_cannot_be_looked_at(app: WebApp, url: Url, monkeypatch: pytest.MonkeyPatch) -> None:
    for status in (429, 500, 503):
        app.routes["/console"] = Response(status)
        with pytest.raises(CouldNotVerify, match=f"GET /console of shop was answered {status}"):
            judge(ID, url)
    app.routes["/console"] = Response(403)
    assert "403 x 1" in judge(ID, url).text
    app.routes["/"] = page("x" * 1_100_000)
    with pytest.raises(CouldNotVerify, match="the answer of the root is too long to be looked at"):
        judge(ID, url)
    monkeypatch.setattr(http_client, "READ_SECONDS", patient(0.2))
    with pytest.raises(Unreachable, match="refused the connection"):
        judge(ID, Url(name="shop", url=f"https://localhost:{free_port()}"))
    for server, why in ((SilentServer(), "was not answered within"), (FlakyServer(99), "reset")):
        with server, pytest.raises(CouldNotVerify, match=why):
            judge(ID, Url(name="shop", url=server.url))
