from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import ValidationError

from pytest_readiness.core.evidence import ClaimFalse, CouldNotVerify, Unreachable
from pytest_readiness.domains.http.checks.debug import PATHS, WORDS
from pytest_readiness.domains.http.facts.unwanted import is_graphql
from pytest_readiness.domains.http.resource import Url
from pytest_readiness.domains.http.unknown import SAMPLES
from pytest_readiness.protocols.http import client as http_client
from tests.judging import judge
from tests.stack.certs import Authority
from tests.stack.fixtures import NginxFactory
from tests.stack.patience import patient
from tests.stack.process import free_port
from tests.stack.silent import FlakyServer, Request, Response, SilentServer, WebApp

ID = "http.no_debug"


GRAPHQL = sum(is_graphql(path) for path in PATHS)


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
    others = len((*PATHS, *WORDS)) + 1 + 3 * GRAPHQL
    assert judge(ID, url).text == f"nothing on the root and {others} other paths: 200 x 1, 404 x {others}"
    sent = app.requests[before:]
    assert len(sent) == 1 + SAMPLES + len((*PATHS, *WORDS)) + 3 * GRAPHQL + 1
    assert all("__schema" in request.body.decode() for request in sent if request.method != "GET")
    assert {request.method for request in sent} == {"GET", "POST"}


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
        ("/", '<script type=module>import RefreshRuntime from "/@react-refresh"</script>', "Vite's development server"),
        ("/", '<script src="http://localhost:35729/livereload.js?snipver=1"></script>', "a server that reloads pages"),
        ("/", '<script src="/_framework/aspnetcore-browser-refresh.js"></script>', "a server that reloads pages"),
        ("/", '<div id="console" data-mount-point="/__web_console"></div>', "Rails' web console"),
        ("/", '<script id="mini-profiler" src="/mini-profiler-resources/includes.js"></script>', "rack-mini-profiler"),
        ("/", '<script src="/_debugbar/assets/javascript?v=1"></script>', "Laravel Debugbar"),
        ("/", '<div id="yii-debug-toolbar"></div>', "the root: Yii's debug toolbar"),
        ("/", "<script id=debugbar_loader></script>", "the root: CodeIgniter's debug toolbar"),
        ("/", '<script src="/debug_kit/js/inject-iframe.js"></script>', "the root: CakePHP's DebugKit"),
        ("/", '<script src="?_tracy_bar=js&amp;v=2.10"></script>', "the root: Nette's Tracy"),
        ("/", '<div id="query-monitor-main"></div>', "the root: Query Monitor of WordPress"),
        ("/", '<div id="flDebug"></div>', "the root: Flask's debug toolbar"),
        (
            "/",
            '<script src="/_next/static/chunks/%5Bturbopack%5D_browser_dev_hmr-client.js"></script>',
            "Next.js's dev",
        ),
        ("/", "<script>function remixLiveReloadConnect(c) {}</script>", "Remix' development server"),
        ("/", '<script src="/webpack-dev-server.js"></script>', "the root: webpack's development server"),
        ("/q/dev-ui/", "<title>Dev UI</title>", "/q/dev-ui/: 200"),
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
        ("/manage/env", '{"activeProfiles":[],"propertySources":[]}', "Spring Boot Actuator"),
        ("/env", '{"profiles":[],"systemProperties":{"java.version":"1.8"}}', "Spring Boot Actuator"),
        (
            "/actuator",
            '{"_links":{"self":{"href":"/actuator"},"health":{"href":"/actuator/health"},"caches-cache":'
            '{"href":"/actuator/caches/{cache}","templated":true}}}',
            "Spring Boot Actuator",
        ),
        ("/jolokia", '{"request":{"type":"version"},"value":{"agent":"1.6.2"}}', "Jolokia"),
        ("/horizon", '<title>Horizon</title><div id="horizon"></div>', "Laravel Horizon"),
        ("/sidekiq", "<title>[PROD] Sidekiq</title>", "Sidekiq"),
        ("/flower/", "<title>Flower</title>", "Celery Flower"),
        ("/hangfire", "<title>Hangfire Dashboard</title>", "Hangfire"),
        ("/h2-console/", "<title>H2 Console</title>", "the H2 console"),
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


def test_what_products_have_of_their_own(app: WebApp, url: Url) -> None:
    health = '"health":{"href":"https://shop/actuator/health"},"health-path":{"href":"/actuator/health/{*path}"}'
    app.routes |= {
        "/actuator": page(
            f'{{"_links":{{"self":{{"href":"/actuator"}},{health},"info":{{"href":"/actuator/info"}}}}}}'
        ),
        "/flower/": page("<title>Flowers of all kinds</title>"),
        "/horizon": page("<title>Horizon, our new telescope</title>"),
        "/env": page("{}"),
        "/": page("<p>How to turn off webpack-dev-server, a query monitor and a debug toolbar</p>"),
    }
    assert judge(ID, url)
    with pytest.raises(ClaimFalse, match=r"seen: 1: /env: 200$"):
        judge(ID, url, paths=["/env"])


@pytest.mark.parametrize(
    ("body", "what"),
    [
        ("<p>You're seeing this error because you have <code>DEBUG = True</code>", "Django's debug page"),
        (
            "Error: no\n at Layer.handle (/srv/node_modules/express/lib/router/layer.js:95:5)",
            "a JavaScript stack trace",
        ),
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


SCHEMA = b'{"data":{"__schema":{"queryType":{"name":"Query"}}}}'


def asks_for_schema(request: Request) -> bool:
    return "__schema" in request.query + request.body.decode()


def test_introspection(app: WebApp, url: Url) -> None:
    answer = b'{"errors":[{"message":"GraphQL introspection is not allowed by Apollo Server"}]}'

    def graphql(request: Request) -> Response:
        return Response(200, [("Content-Type", "application/json")], answer if asks_for_schema(request) else b"{}")

    app.routes["/graphql"] = graphql
    assert judge(ID, url)
    assert judge(ID, url, paths=["/graphql"])
    answer = SCHEMA
    with pytest.raises(ClaimFalse, match=r"/graphql: GraphQL introspection; /graphql by POST: GraphQL introspection"):
        judge(ID, url)


@pytest.mark.parametrize("kind", ["application/json", "application/x-www-form-urlencoded"])
@pytest.mark.parametrize("refusal", [400, 404, 405])
def test_introspection_by_post_alone(app: WebApp, url: Url, kind: str, refusal: int) -> None:
    def graphql(request: Request) -> Response:
        right = request.method == "POST" and request.headers["Content-Type"] == kind and b"__schema" in request.body
        return Response(200, [("Content-Type", "application/json")], SCHEMA) if right else Response(refusal)

    for path in ("/api/graphql", "/graphql/"):
        app.routes = {"/": ROOT, path: graphql, "/graphql": Response(308, [("Location", "/graphql/")])}
        with pytest.raises(ClaimFalse, match=r"seen: [12]: .*/(api/)?graphql by POST: GraphQL introspection$"):
            judge(ID, url)
    # Some answer with a slash alone.
    app.routes = {"/": ROOT, "/graphql/": graphql}
    with pytest.raises(ClaimFalse, match=r"seen: 1: /graphql/ by POST: GraphQL introspection$"):
        judge(ID, url)
    app.routes = {"/": ROOT, "/shop/graphql": graphql}
    assert judge(ID, url)
    with pytest.raises(ClaimFalse, match=r"seen: 1: /shop/graphql by POST: GraphQL introspection$"):
        judge(ID, url, paths=["/shop/graphql"])
    # A server of files alone refuses the method by 501.
    app.routes = {"/": ROOT, "/graphql": lambda request: Response(404 if request.method == "GET" else 501)}
    assert judge(ID, url)
    app.routes = {"/": ROOT, "/graphql": lambda request: Response(404 if request.method == "GET" else 503)}
    with pytest.raises(CouldNotVerify, match="/graphql by POST of shop was answered 503"):
        judge(ID, url)


@pytest.mark.parametrize("title", ["GraphiQL", "GraphQL Playground", "Apollo Server", "Yoga GraphiQL"])
def test_a_playground_that_browsers_alone_are_shown(app: WebApp, url: Url, title: str) -> None:
    def answer(request: Request) -> Response:
        if "text/html" in request.headers.get("Accept", "") and not request.query:
            return page(f"<!doctype html><title>{title}</title><div id=root></div>")
        return Response(400, [("Content-Type", "application/json")], b'{"errors":[{"message":"introspection is off"}]}')

    app.routes["/graphql"] = answer
    with pytest.raises(ClaimFalse, match=r"seen: 1: /graphql as a page: a GraphQL playground$"):
        judge(ID, url)


def test_tools_behind_a_redirect(app: WebApp, url: Url) -> None:
    login = page("<form><input type='password'></form>")
    app.routes = {"/": ROOT, "/h2-console": Response(302, [("Location", "/h2-console/")])}
    assert judge(ID, url)
    app.routes["/h2-console/"] = page("<title>H2 Console</title>")
    with pytest.raises(ClaimFalse, match=r"seen: 2: /h2-console: the H2 console; /h2-console/: the H2 console$"):
        judge(ID, url)
    app.routes = {"/": ROOT, "/graphiql": Response(307, [("Location", "/ide/1")]), "/ide/1": page("<title>GraphiQL")}
    with pytest.raises(ClaimFalse, match=r"seen: 1: /graphiql: a GraphQL playground$"):
        judge(ID, url)
    app.routes = {"/": ROOT, "/console": Response(302, [("Location", "/console/all")]), "/console/all": page("<p>All")}
    with pytest.raises(ClaimFalse, match=r"seen: 1: /console: 200$"):
        judge(ID, url)
    for goal in ("/", "/enter", "/en/login", "https://sso.example.com/authorize?client=shop"):
        app.routes = {"/": ROOT, "/enter": login, "/en/login": page("<p>Hello"), "/console": Response(302)}
        app.routes["/console"] = Response(302, [("Location", goal)])
        assert judge(ID, url)
    for goal in ("/desk", "https://tools.example.com/"):
        app.routes = {"/": ROOT, "/desk": page("<h1>Desk"), "/console": Response(302, [("Location", goal)])}
        with pytest.raises(CouldNotVerify, match=rf"GET /console of shop is redirected to .*{goal}, which is neither"):
            judge(ID, url)
        assert judge(ID, url, allowed=["/console"])


def test_tools_of_a_site_that_leads_every_path_to_its_language(app: WebApp, url: Url) -> None:
    class Languages(dict[str, Any]):
        def get(self, path: str, default: Any = None) -> Any:
            known = path == "/" or path.startswith("/en/")
            nothing = page(f"<title>Shop</title><p>Nothing at {path}", 404)
            return super().get(path, nothing if known else Response(302, [("Location", f"/en{path}")]))

    app.routes = Languages({"/": ROOT})
    assert judge(ID, url)
    app.routes["/en/h2-console"] = page("<title>H2 Console</title>")
    with pytest.raises(ClaimFalse, match=r"seen: 1: /h2-console: the H2 console$"):
        judge(ID, url)
    del app.routes["/en/h2-console"]
    app.routes["/en/console"] = page("<p>Console")
    with pytest.raises(ClaimFalse, match=r"seen: 1: /console: 200$"):
        judge(ID, url)


def test_tools_below_the_folder_of_the_site(app: WebApp, url: Url) -> None:
    below = url.model_copy(update={"url": f"{app.url}/shop/"})
    app.routes = {"/shop/": ROOT, "/shop/actuator/env": page('{"propertySources":[]}')}
    with pytest.raises(ClaimFalse, match=r"seen: 1: /shop/actuator/env: Spring Boot Actuator$"):
        judge(ID, below)


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
    app.routes["/console"] = Response(403, [("cf-mitigated", "challenge")])
    with pytest.raises(CouldNotVerify, match=r"GET /console of shop was answered 403 by .*, not by the site"):
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
