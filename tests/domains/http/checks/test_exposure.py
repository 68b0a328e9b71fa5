from __future__ import annotations

import json
import mimetypes
import re
from collections.abc import Mapping
from itertools import count
from typing import Any

import pytest
from pydantic import ValidationError

from pytest_readiness.core.evidence import ClaimFalse, CouldNotVerify, Evidence
from pytest_readiness.domains.http.checks.exposure import FILES
from pytest_readiness.domains.http.facts.unwanted import MAX_SCRIPTS
from tests.domains.http.http_answers import Shop, app, document
from tests.judging import judge, read
from tests.stack.silent import Request, Response

__all__ = ["app"]


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
    with pytest.raises(ClaimFalse, match="seen: 404 with 9 characters of no Content-Type"):
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


@pytest.mark.parametrize(
    ("name", "value", "what"),
    [
        ("X-Debug-Exception-File", "%2Fvar%2Fwww%2Fshop%2FIndex.php:42", "a PHP error in x-debug-exception-file"),
        ("X-Error", "java.lang.IllegalStateException: no cart", "a Java stack trace in x-error"),
        ("Warning", '299 - "psycopg2.OperationalError: no server"', "a database's error in warning"),
    ],
)
def test_errors_with_internals_in_a_header(app: Shop, name: str, value: str, what: str) -> None:
    with pytest.raises(ClaimFalse, match=re.escape(what)):
        missing(app, Response(404, [(name, value)], b"nothing here"))
    usual = [("Server", "nginx/1.22.1"), ("Content-Security-Policy", "script-src https://example.com/app/a.php:8")]
    assert missing(app, Response(404, usual, b"nothing here"))


@pytest.mark.parametrize(
    ("kind", "name", "told"),
    [
        ("text/html", "a page", "<h1>Whitelabel Error Page</h1>"),
        ("application/json", "JSON", json.dumps({"trace": "x\n\tat com.example.Shop.show(Shop.java:42)"})),
    ],
)
def test_errors_in_each_form(app: Shop, kind: str, name: str, told: str) -> None:
    def answer(request: Request) -> Response:
        return Response(404, body=told.encode() if request.headers["Accept"] == kind else b"nothing here")

    with pytest.raises(ClaimFalse, match=f"from the unknown path https://.* where {name} is asked for"):
        missing(app, answer)


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
        ("/.git-credentials", b"https://shop:hunter2@git.example.com\n", "200, 37 characters"),
        ("/adminer.php", b"<!DOCTYPE html><title>Login - Adminer</title>", "a tool for databases"),
    ],
)
def test_exposed_files(app: Shop, path: str, body: bytes, what: str) -> None:
    assert app.seen("http.exposed_files", path, Response(body=body)) == f"{path} ({what})"


def test_an_empty_file_gives_nothing_away(app: Shop) -> None:
    warning = app.judge("http.exposed_files", "/.env", Response(200, [("Content-Type", "text/plain")])).warning
    assert warning == "There, but empty: /.env."
    assert not app.judge("http.exposed_files", "/.env", Response(404)).warning


def fallback(request: Request) -> Response:
    nonce = request.path.encode().hex()
    return spa(f'<!doctype html><script nonce="{nonce}{"0" * 20}"></script><link href="{request.path}">'.encode())


class Fallback(dict[str, Any]):
    """Routes of a site that answers every other path with one page."""

    page: Any = staticmethod(fallback)

    def get(self, path: str, default: Any = None) -> Any:
        return super().get(path, self.page)


COUNT = len(FILES)


def test_exposed_files_behind_a_fallback(app: Shop) -> None:
    app.app.routes = Fallback()
    assert judge("http.exposed_files", app.url, paths=["/admin.html"]).text == (
        f"no such file at any of {COUNT + 1} paths (0 for source maps): 200 like any unknown path x {COUNT + 1}"
    )
    app.app.routes["/.env"] = Response(body=b"API_KEY=hunter2-hunter2")
    with pytest.raises(ClaimFalse, match=r"seen: /.env \(environment file\)$"):
        judge("http.exposed_files", app.url)


WORDS = ("apples", "pears", "plums", "quinces", "figs", "dates", "grapes", "limes")


def test_a_fallback_with_a_word_that_changes_is_no_file(app: Shop) -> None:
    turn = count()

    def varying(_: Request) -> Response:
        word = WORDS[next(turn) % len(WORDS)]
        return spa(f"<!doctype html><title>Shop</title><h1>Not here</h1><p>How about {word} today?</p>".encode())

    app.app.routes = routes = Fallback()
    routes.page = varying
    assert "200 like any unknown path" in judge("http.exposed_files", app.url, paths=["/admin.html"]).text
    assert "200 like any unknown path" in judge("http.no_debug", app.url, paths=["/state"]).text


def test_a_fallback_under_the_type_of_the_files_ending_is_no_file(app: Shop) -> None:
    def guessed(request: Request) -> Response:
        kind = mimetypes.guess_type(request.path)[0] or "application/octet-stream"
        # The page names its own path's ending, so that only unknown paths with that ending get the same.
        body = f"<!doctype html><title>Shop</title><p>Nothing of the type {kind}</p>"
        return Response(200, [("Content-Type", kind)], body.encode())

    app.app.routes = routes = Fallback()
    routes.page = guessed
    assert "200 like any unknown path" in judge("http.exposed_files", app.url, paths=["/report.pdf"]).text


def test_a_refusal_with_status_200_is_no_file(app: Shop) -> None:
    def guarded(request: Request) -> Response:
        hidden = "/." in request.path
        return spa(b"<!doctype html><p>Access denied" if hidden else b"<!doctype html><p>Nothing is here")

    app.app.routes = routes = Fallback()
    routes.page = guarded
    assert "200 like any unknown path" in judge("http.exposed_files", app.url, paths=["/.aws/credentials"]).text
    app.app.routes["/.npmrc"] = spa(b"registry")
    with pytest.raises(ClaimFalse, match=r"seen: /\.npmrc \("):
        judge("http.exposed_files", app.url)


def test_exposed_files_of_ones_own(app: Shop) -> None:
    page = spa(b"<!doctype html><title>Admin</title>")
    assert app.judge("http.exposed_files", "/admin.html", page).text.endswith(f"404 x {COUNT}")
    assert "/admin.html (200, 35 characters)" in app.seen(
        "http.exposed_files", "/admin.html", page, paths=["/admin.html"]
    )
    # A page under the name of a file is not that file.
    assert app.judge("http.exposed_files", "/backup.zip", page).text.endswith(f"200 x 1, 404 x {COUNT - 1}")
    assert app.judge("http.exposed_files", "/.env", Response(403)).text.endswith(f"403 x 1, 404 x {COUNT - 1}")


def test_a_file_under_the_type_of_a_page_is_a_file(app: Shop) -> None:
    served = Response(200, [("Content-Type", "text/html")], b"FROM debian\nRUN make\n")
    assert app.seen("http.exposed_files", "/Dockerfile", served) == "/Dockerfile (200, 21 characters)"


def test_exposed_files_that_could_not_be_looked_at(app: Shop) -> None:
    for answer, why in (
        (Response(429), "/.env was answered 429"),
        (Response(503), "/.env was answered 503"),
        (Response(301, [("Location", "https://www.example.com/.env")]), "www.example.com/.env, which was not looked"),
        (Response(403, [("cf-mitigated", "challenge")]), "/.env was answered 403 by .*, not by the site"),
        (Response(301, [("Location", "/.env")]), "was redirected more than 5 times"),
        (Response(302, [("Location", "https://files.example.com/a1b2")]), "files.example.com/a1b2, which was not"),
    ):
        with pytest.raises(CouldNotVerify, match=why):
            app.judge("http.exposed_files", "/.env", answer)
    assert app.judge("http.exposed_files", "/.env", Response(302, [("Location", "/login")]))
    assert app.judge("http.exposed_files", "/.env", Response(302, [("Location", "https://sso.example.com/auth")]))


@pytest.mark.parametrize("shut", [Response(403), Response(200, [], b"Are you human?"), Response(404, [], b"Go away")])
@pytest.mark.parametrize("id", ["http.exposed_files", "http.no_debug"])
def test_a_firewall_that_shuts_out_who_asks_for_much(app: Shop, id: str, shut: Response) -> None:
    asked = count()

    class Guarded(dict[str, Any]):
        def get(self, path: str, default: Any = None) -> Any:
            usual = super().get(path, default)
            return usual if next(asked) < 30 or path == "/" else shut

    routes = app.app.routes
    app.app.routes = Guarded({"/": Response(), **routes})
    try:
        with pytest.raises(CouldNotVerify, match=f"{shut.status} by what shuts out who asks for many such paths"):
            judge(id, app.url)
    finally:
        app.app.routes = routes


def test_exposed_files_behind_a_redirect_on_the_host(app: Shop) -> None:
    login = spa(b"<!doctype html><form><input type=password name=p></form>")
    app.app.routes = {"/": spa(), "/.env": Response(301, [("Location", "/.env/")]), "/login": login, "/start": login}
    assert judge("http.exposed_files", app.url)
    app.app.routes["/.env/"] = Response(body=b"API_KEY=hunter2-hunter2")
    with pytest.raises(ClaimFalse, match=r"seen: /.env \(environment file\)$"):
        judge("http.exposed_files", app.url)
    app.app.routes["/.env"] = Response()
    app.app.routes["/backup.zip"] = Response(302, [("Location", "/files/all-of-it")])
    app.app.routes["/files/all-of-it"] = Response(body=b"PK\x03\x04\x14")
    with pytest.raises(ClaimFalse, match=r"/backup.zip \(archive\)$"):
        judge("http.exposed_files", app.url)
    for goal in ("/", "/login", "/start"):
        app.app.routes = {"/": spa(), "/login": login, "/start": login, "/admin": Response(302, [("Location", goal)])}
        assert judge("http.exposed_files", app.url, paths=["/admin"])
    app.app.routes = {"/": spa(), "/admin": Response(302, [("Location", "/desk")]), "/desk": spa(b"<html>Your desk")}
    with pytest.raises(CouldNotVerify, match=r"GET /admin is redirected to https://.*/desk"):
        judge("http.exposed_files", app.url, paths=["/admin"])
    app.app.routes = {
        "/": spa(),
        "/admin": Response(302, [("Location", "/admin/all")]),
        "/admin/all": spa(b"<html>All"),
    }
    with pytest.raises(ClaimFalse, match=r"/admin \(200, 9 characters\)"):
        judge("http.exposed_files", app.url, paths=["/admin"])


def test_exposed_files_below_the_folders_of_the_site(app: Shop) -> None:
    below = app.url.model_copy(update={"url": f"{app.app.url}/shop/"})
    app.app.routes = {"/shop/": spa(), "/shop/.git/HEAD": Response(body=b"ref: refs/heads/main\n")}
    with pytest.raises(ClaimFalse, match=r"seen: /shop/.git/HEAD \(git reference\)$"):
        judge("http.exposed_files", below)
    app.app.routes["/shop"] = spa()
    with pytest.raises(ClaimFalse, match=r"seen: /shop/.git/HEAD \(git reference\)$"):
        judge("http.exposed_files", app.url.model_copy(update={"url": f"{app.app.url}/shop"}))
    app.app.routes = {"/shop/": spa(), "/.git/HEAD": Response(body=b"ref: refs/heads/main\n")}
    with pytest.raises(ClaimFalse, match=r"seen: /.git/HEAD \(git reference\)$"):
        judge("http.exposed_files", below)
    app.app.routes = {
        "/": Response(302, [("Location", "/app/start")]),
        "/app/start": spa(),
        "/app/backup.sql": Response(body=b"CREATE TABLE a"),
    }
    with pytest.raises(ClaimFalse, match=r"seen: /app/backup.sql \(database dump\)$"):
        judge("http.exposed_files", app.url)


MAP = b'{"version":3,"mappings":"AAAA","sources":["secret.ts"]}'
SCRIPT = spa(b'<!doctype html><script src="js/a.js?v=1"></script><script src="https://cdn.example.com/b.js"></script>')


def test_source_maps_of_own_scripts_only(app: Shop) -> None:
    app.app.routes = {"/": SCRIPT}
    assert f"no such file at any of {COUNT + 1} paths (1 for source maps)" in judge("http.exposed_files", app.url).text
    app.app.routes["/js/a.js.map"] = Response(body=MAP)
    with pytest.raises(ClaimFalse, match=r"/js/a.js.map \(source map of https://localhost:\d+/js/a.js\?…\)"):
        judge("http.exposed_files", app.url)


@pytest.mark.parametrize(
    ("script", "headers"),
    [
        (b"f()\n//# sourceMappingURL=/maps/app.js.map", []),
        (b"f()\n//@ sourceMappingURL=../maps/app.js.map\n", []),
        (b"a{}\n/*# sourceMappingURL=../maps/app.js.map */", []),
        (b"f()" + b" " * 1_100_000 + b"\n//# sourceMappingURL=/maps/app.js.map", []),
        (b"f()", [("SourceMap", "/maps/app.js.map")]),
        (b"f()", [("X-SourceMap", "/maps/app.js.map?v=3")]),
    ],
)
@pytest.mark.parametrize("element", ['<script src="/js/a.js"></script>', '<link rel="stylesheet" href="/js/a.js">'])
def test_source_maps_under_another_name(app: Shop, script: bytes, headers: list[Any], element: str) -> None:
    app.app.routes = {"/": spa(f"<!doctype html>{element}".encode()), "/js/a.js": Response(200, headers, script)}
    assert [each.served for each in read("source_maps", app.url).maps] == [False, False]
    app.app.routes["/maps/app.js.map"] = Response(body=MAP)
    named, beside_it = read("source_maps", app.url).maps
    assert (named.served, beside_it.served) == (True, False)
    assert named.url.startswith(f"{app.app.url}/maps/app.js.map")


@pytest.mark.parametrize("place", ["data:application/json;base64,e30=", "/maps/app.js.map"])
def test_source_maps_of_scripts_in_the_page(app: Shop, place: str) -> None:
    page = f"<!doctype html><script>f()\n//# sourceMappingURL={place}\n</script><script>g()</script>"
    app.app.routes = {"/": spa(page.encode()), "/maps/app.js.map": Response(body=MAP)}
    (found,) = read("source_maps", app.url).maps
    assert found.served
    app.app.routes = {"/": spa(page.replace("data:", "blob:").encode())}
    assert not any(each.served for each in read("source_maps", app.url).maps)


def test_source_maps_of_many_scripts(app: Shop) -> None:
    elements = "".join(f"<script src=/{number}.js></script>" for number in range(MAX_SCRIPTS + 2))
    app.app.routes = {"/": spa(f"<!doctype html>{elements}".encode())}
    warning = judge("http.exposed_files", app.url).warning
    assert warning == "The source maps of 2 further scripts and styles were not looked for."
    app.app.routes[f"/{MAX_SCRIPTS - 1}.js.map"] = Response(body=MAP)
    with pytest.raises(ClaimFalse, match=rf"/{MAX_SCRIPTS - 1}.js.map \(source map of"):
        judge("http.exposed_files", app.url)


def test_source_maps_within_a_script(app: Shop) -> None:
    inner = b"f()\n//# sourceMappingURL=data:application/json;base64,eyJ2ZXJzaW9uIjozfQ=="
    app.app.routes = {"/": SCRIPT, "/js/a.js": Response(body=inner)}
    with pytest.raises(ClaimFalse, match=r"/js/a.js\?… \(source map of"):
        judge("http.exposed_files", app.url)
    app.app.routes = {"/": SCRIPT, "/js/a.js": Response(body=b"f()"), "/js/a.js.map": Response(503)}
    with pytest.raises(CouldNotVerify, match=r"/js/a.js.map was answered 503"):
        judge("http.exposed_files", app.url)
