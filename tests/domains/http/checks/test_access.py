from __future__ import annotations

import json
import sys
from base64 import b64decode
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs
from uuid import uuid4

import pytest
from pydantic import ValidationError

from pytest_readiness.core.evidence import ClaimFalse, CouldNotVerify, Evidence, NotDeclared
from pytest_readiness.domains.http.facts.admission import altered
from pytest_readiness.domains.http.resource import Credential
from tests.domains.http.http_shop import HTML, Shop, document, open_question, seen, token, when
from tests.judging import judge
from tests.stack.silent import Request, Response

LOGIN_PAGE = [("Location", "/login?next=%2Fadmin")]


def test_auth_required(shop: Shop) -> None:
    assert judge("http.auth_required", shop.url, paths=["/admin", "/mine"]) == Evidence(
        "without a credential: /admin 401, /mine 401"
    )
    assert judge("http.auth_required", shop.url, paths=["/admin"], credential="boss").text == (
        "without a credential: /admin 401 (200 with boss)"
    )
    shop.app.routes["/admin"] = Response(403)
    assert judge("http.auth_required", shop.url, paths=["/admin"]).text.endswith("/admin 403")
    shop.app.routes["/admin"] = Response(200, [HTML], b"<h1>Login</h1>")
    assert seen("http.auth_required", shop, paths=["/mine", "/nothing", "/admin"]).endswith("/admin is answered 200")


def test_auth_required_by_a_redirect(shop: Shop) -> None:
    shop.app.routes["/admin"] = Response(302, LOGIN_PAGE)
    assert judge("http.auth_required", shop.url, paths=["/admin"], login="/login").text.endswith("/admin 302")
    for login in (None, "/signin", "https://sso.example.com/login"):
        open_question("http.auth_required", shop, "302 to .*/login.*says nothing", paths=["/admin"], login=login)
    shop.app.routes["/admin"] = Response(302, [("Location", "https://sso.example.com/login?client=shop")])
    assert judge("http.auth_required", shop.url, paths=["/admin"], login="https://sso.example.com/login")
    shop.app.routes["/admin"] = Response(301, [("Location", "/admin/")])
    open_question("http.auth_required", shop, "/admin/ is answered 404, which says nothing", paths=["/admin"])
    shop.app.routes["/admin/"] = Response(302, LOGIN_PAGE)
    assert judge("http.auth_required", shop.url, paths=["/admin"], login="/login").text.endswith("/admin 302")
    shop.app.routes["/admin/"] = Response(200, [HTML], b"<h1>Orders</h1>")
    assert seen("http.auth_required", shop, paths=["/admin"], login="/login").endswith("/admin/ is answered 200")
    del shop.app.routes["/admin/"]
    shop.app.routes["/admin"] = Response(302, [("Location", "/admin")])
    open_question("http.auth_required", shop, "302 to .*/admin, which says nothing", paths=["/admin"])


def test_auth_required_of_a_path_that_may_not_exist(shop: Shop) -> None:
    id = "http.auth_required"
    open_question(id, shop, r"/nothing is answered 404, which says nothing about protection", paths=["/nothing"])
    open_question(id, shop, "404 with the credential 'boss', too", paths=["/nothing"], credential="boss")
    shop.app.routes["/admin"] = lambda request: Response(200 if shop.role(request) == "boss" else 404)
    assert judge(id, shop.url, paths=["/admin"], credential="boss").text.endswith("/admin 404 (200 with boss)")
    for status in (400, 405, 429, 500):
        answer = Response(status)
        shop.app.routes["/admin"] = answer
        open_question(id, shop, f"answered {status}, which says nothing", paths=["/admin"])
        shop.app.routes["/admin"] = when(lambda request: shop.role(request) == "boss", Response(), answer)
        open_question(id, shop, f"answered {status}, which says nothing", paths=["/admin"], credential="boss")


def test_auth_required_behind_a_wall(shop: Shop) -> None:
    class Wall(dict[str, Any]):
        answer = Response()

        def get(self, path: str, default: Any = None) -> Any:
            return super().get(path, self.answer)

    for answer in (Response(401), Response(403), Response(302, LOGIN_PAGE)):
        shop.app.routes = wall = Wall({"/admin": answer})
        wall.answer = answer
        why = "as every unknown path is; declare a credential"
        open_question("http.auth_required", shop, why, paths=["/admin"], login="/login")
        shop.app.routes["/admin"] = when(lambda request: shop.role(request) == "boss", Response(), answer)
        assert judge("http.auth_required", shop.url, paths=["/admin"], login="/login", credential="boss")
    for status in (429, 503):
        shop.app.routes = wall = Wall({"/": Response(), "/admin": Response(401)})
        wall.answer = Response(status)
        open_question("http.auth_required", shop, f"an unknown path, was answered {status}", paths=["/admin"])
    shop.app.routes = wall = Wall()
    wall.answer = Response(200, [HTML], b"<div id=app></div>")
    assert seen("http.auth_required", shop, paths=["/admin"]).endswith("answered 200, as every unknown path is")


@pytest.mark.parametrize(
    ("id", "wrong"),
    [
        ("http.auth_required", {"paths": []}),
        ("http.auth_required", {"paths": ["admin"]}),
        ("http.auth_required", {"paths": ["/admin"], "login": "login"}),
        ("http.auth_required", {"paths": ["/admin"], "credential": ""}),
        ("http.role_forbidden", {"paths": [], "credential": "clerk", "own": "/mine"}),
        ("http.jwt", {"path": "/mine", "credential": "clerk", "algorithms": []}),
        ("http.jwt", {"path": "/mine", "credential": "clerk", "algorithms": ["none"]}),
        ("http.jwt", {"path": "/mine", "credential": "clerk", "max_age_hours": 0}),
        ("http.csrf", {"path": "/settings", "fields": {}}),
        ("http.csrf", {"path": "/settings", "fields": {"a": "b"}, "method": "GET"}),
    ],
)
def test_vacuous_parameters_are_refused(shop: Shop, id: str, wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        judge(id, shop.url, **wrong)


@pytest.mark.parametrize(
    ("id", "parameters"),
    [
        ("http.auth_required", {"paths": ["/admin"], "credential": "visitor"}),
        ("http.auth_works", {"path": "/mine", "credential": "visitor"}),
        ("http.role_forbidden", {"paths": ["/admin"], "credential": "visitor", "own": "/mine"}),
        ("http.role_forbidden", {"paths": ["/admin"], "credential": "clerk", "own": "/mine", "admin": "visitor"}),
        ("http.jwt", {"path": "/mine", "credential": "visitor"}),
        ("http.csrf", {"path": "/settings", "fields": {"a": "b"}, "credential": "visitor"}),
    ],
)
def test_undeclared_credentials(shop: Shop, id: str, parameters: dict[str, Any]) -> None:
    with pytest.raises(NotDeclared, match="shop declares no credential 'visitor'"):
        judge(id, shop.url, **parameters)
    assert shop.app.requests == []


def test_a_credential_that_gets_the_page_to_log_in_warns(shop: Shop) -> None:
    login = Response(200, [HTML], b"<form method=post><input name=user><input type=password name=password></form>")
    to_login = Response(302, [("Location", "/login")])
    shop.app.routes["/mine"] = lambda request: login if shop.role(request) else to_login
    evidence = judge("http.auth_works", shop.url, path="/mine", credential="clerk")
    assert evidence.warning.endswith("/mine shows a field for a password: it may be the login, which everyone gets.")
    change = login._replace(body=login.body + login.body)
    shop.app.routes["/mine"] = lambda request: change if shop.role(request) else to_login
    assert not judge("http.auth_works", shop.url, path="/mine", credential="clerk").warning


def test_a_credential_that_gets_the_page_to_which_the_refused_are_led(shop: Shop) -> None:
    def login(request: Request) -> Response:
        form = f"<form method=post><input name=csrf value={uuid4().hex}><input type=password name=password></form>"
        return Response(200, [HTML], form.encode())

    shop.app.routes["/login"] = login
    shop.app.routes["/mine"] = lambda request: (
        login(request) if shop.role(request) else Response(302, [("Location", "/login?next=/mine")])
    )
    with pytest.raises(ClaimFalse, match="seen: the page to log in, to which who is refused is led"):
        judge("http.auth_works", shop.url, path="/mine", credential="clerk")
    with pytest.raises(CouldNotVerify, match="shows the page to log in"):
        judge("http.role_forbidden", shop.url, paths=["/admin"], credential="clerk", own="/mine")


def test_auth_works(shop: Shop) -> None:
    assert judge("http.auth_works", shop.url, path="/mine", credential="clerk").text == (
        f"GET {shop.app.url}/mine: 200 with the credential 'clerk', 401 without, 401 with a wrong one"
    )
    assert seen("http.auth_works", shop, path="/mine", credential="stale") == "401"
    assert seen("http.auth_works", shop, path="/admin", credential="clerk") == "403"
    shop.fault = "mine open"
    assert seen("http.auth_works", shop, path="/mine", credential="clerk") == "200 without any"
    for status in (429, 500, 503):
        shop.app.routes["/mine"] = Response(status)
        open_question("http.auth_works", shop, f"answered {status}", path="/mine", credential="clerk")
    shop.app.routes["/mine"] = lambda request: Response(200 if shop.role(request) else 503)
    open_question(
        "http.auth_works", shop, "503 without a credential, which proves nothing", path="/mine", credential="clerk"
    )
    shop.app.routes["/mine"] = lambda request: Response() if shop.role(request) else Response(302, LOGIN_PAGE)
    assert "/login?… without" in judge("http.auth_works", shop.url, path="/mine", credential="clerk").text


ORDERS = b"<html><title>Shop</title><h1>Orders</h1><p>Order 1 of Ms Smith</p><p>Order 2 of Mr Jones</p></html>"
REFUSAL = b"<html><title>Shop</title><h1>Log in</h1><p>This is for the staff.</p></html>"


@pytest.mark.parametrize("refusal", [(401, []), (403, []), (302, LOGIN_PAGE)])
def test_a_refusal_that_holds_what_it_refuses(shop: Shop, refusal: tuple[int, list[tuple[str, str]]]) -> None:
    status, headers = refusal
    body = ORDERS

    def admin(request: Request) -> Response:
        right = shop.role(request) == "boss"
        return Response(200, [HTML], ORDERS) if right else Response(status, [HTML, *headers], body)

    shop.app.routes["/admin"] = admin
    for id, parameters in (
        ("http.auth_required", {"paths": ["/admin"], "login": "/login"}),
        ("http.auth_works", {"path": "/admin"}),
    ):
        body = ORDERS
        assert (
            seen(id, shop, **parameters, credential="boss") == f"{status} with 100% of what the credential 'boss' gets"
        )
        body = REFUSAL
        assert judge(id, shop.url, **parameters, credential="boss")
    body = ORDERS * 50
    # Without a credential nothing tells what the page would be.
    open_question("http.auth_required", shop, "characters of text, which may be", paths=["/admin"], login="/login")


@pytest.mark.parametrize(
    ("id", "parameters", "whom"),
    [
        ("http.auth_required", {"paths": ["/admin"], "credential": "boss"}, "without a credential, after 'boss'"),
        ("http.auth_works", {"path": "/admin", "credential": "boss"}, "without a credential, after 'boss'"),
        (
            "http.role_forbidden",
            {"paths": ["/admin"], "credential": "clerk", "own": "/mine", "admin": "boss"},
            "with the credential 'clerk', after 'boss'",
        ),
    ],
)
def test_a_cache_that_keeps_what_a_credential_got(shop: Shop, id: str, parameters: dict[str, Any], whom: str) -> None:
    kept = []

    def cache(request: Request) -> Response:
        role = shop.role(request)
        if role == "boss":
            kept.append(Response(200, [HTML], b"<h1>Orders</h1>"))
        return kept[-1] if kept else Response(403 if role else 401)

    assert judge(id, shop.url, **parameters)
    shop.app.routes["/admin"] = cache
    with pytest.raises(ClaimFalse, match=f"no content from GET .*/admin {whom} got it, either.* 200; a cache may keep"):
        judge(id, shop.url, **parameters)


def test_a_refusal_that_holds_it_in_another_form(shop: Shop) -> None:
    order = {"orders": [{"id": 1, "name": "Smith"}]}
    hidden = Response(401, [HTML], json.dumps({"error": "no", "data": order}, separators=(",", ":")).encode())
    shop.app.routes["/admin"] = when(lambda request: shop.role(request) == "boss", document(order), hidden)
    assert seen("http.auth_works", shop, path="/admin", credential="boss").startswith("401 with 100% of")


def test_a_refusal_with_the_menu_of_the_site_holds_nothing(shop: Shop) -> None:
    menu = b"<nav><a>Shop</a><a>Basket</a><a>Help</a><a>Imprint</a></nav>"
    shop.app.routes["/"] = Response(200, [HTML], menu + b"<h1>Welcome</h1>")
    shop.app.routes["/admin"] = when(
        lambda request: shop.role(request) == "boss",
        Response(200, [HTML], menu + b"<p>Orders</p>"),
        Response(401, [HTML], menu + b"<p>Log in</p>"),
    )
    assert judge("http.auth_works", shop.url, path="/admin", credential="boss")
    assert judge("http.auth_required", shop.url, paths=["/admin"], credential="boss")


@pytest.mark.parametrize(
    "accepts",
    [
        bool,
        lambda shown: shown.startswith("Bearer "),
        lambda shown: shown.count(".") == 2,
        lambda shown: shown[:60] == f"Bearer {token('boss')}"[:60],
    ],
)
def test_a_server_that_accepts_any_credential(shop: Shop, accepts: Callable[[str], bool]) -> None:
    shop.app.routes["/admin"] = lambda request: Response(
        200 if accepts(request.headers.get("Authorization", "")) else 401
    )
    wrong = "200 with one that differs in its last characters"
    assert seen("http.auth_works", shop, path="/admin", credential="boss") == wrong
    assert seen("http.auth_required", shop, paths=["/admin"], credential="boss").endswith(
        "is answered 200 with a wrong one"
    )
    parameters = {"paths": ["/nothing"], "credential": "boss", "own": "/admin"}
    shop.app.routes["/nothing"] = Response(403)
    open_question("http.role_forbidden", shop, "so nothing shows that credentials are looked at", **parameters)


def test_the_path_with_a_slash_is_protected_too(shop: Shop) -> None:
    shop.app.routes["/admin/"] = Response(200, [HTML], b"<h1>Orders</h1>")
    assert seen("http.auth_required", shop, paths=["/admin"]) == f"GET {shop.app.url}/admin/ is answered 200"
    shop.app.routes["/admin/"], shop.app.routes["/admin"] = (
        shop.good["/admin"],
        Response(200, [HTML], b"<h1>Orders</h1>"),
    )
    assert seen("http.auth_required", shop, paths=["/admin/"]) == f"GET {shop.app.url}/admin is answered 200"

    class Fallback(dict[str, Any]):
        def get(self, path: str, default: Any = None) -> Any:
            return super().get(path, Response(200, [HTML], b"<div id=app></div>"))

    shop.app.routes = Fallback({"/": Response(), "/admin": Response(401)})
    assert judge("http.auth_required", shop.url, paths=["/admin"])


def test_any_token_opens_what_is_said_to_be_protected(shop: Shop) -> None:
    shop.app.routes["/admin"] = lambda request: Response(200 if "Authorization" in request.headers else 401)
    assert seen("http.auth_required", shop, paths=["/admin"]).endswith("/admin is answered 200 with a wrong one")


def test_a_wrong_credential_has_the_form_of_the_right_one() -> None:
    def headers(**fields: Any) -> str:
        return altered(Credential.model_validate(fields))[0][1]

    right = token("boss")
    head, signature = right.rsplit(".", 1)
    assert headers(token=right).startswith(f"Bearer {head}.")
    assert not headers(token=right).endswith(signature)
    assert b64decode(headers(user="clerk", password="abcdef").removeprefix("Basic ")) == b"clerk:abcijk"
    for value in ("ApiKey 0123456789", "-", "$$$$", "zz"):
        turned = headers(headers={"X-Key": value})
        assert turned != value
        assert turned.startswith(value[: len(value) // 2])
    assert headers(headers={"Cookie": "a=12; sid=abcd1234"}) == "a=17; sid=abcd6789"


def test_a_path_that_is_redirected_to_its_own_slash(shop: Shop) -> None:
    shop.app.routes["/mine/"] = shop.good["/mine"]
    shop.app.routes["/mine"] = Response(301, [("Location", "/mine/")])
    text = judge("http.auth_works", shop.url, path="/mine", credential="clerk").text
    assert text.startswith(f"GET {shop.app.url}/mine/: 200")


ROLE: dict[str, Any] = {"paths": ["/admin"], "credential": "clerk", "own": "/mine"}


def test_role_forbidden(shop: Shop) -> None:
    id = "http.role_forbidden"
    assert judge(id, shop.url, **ROLE).text == "with 'clerk': /admin 403 (404 from unknown paths); its own /mine 200"
    assert "(2xx with 'boss')" in judge(id, shop.url, **ROLE, admin="boss").text
    shop.app.routes["/admin"] = lambda request: document(
        {"orders": ["of Ms Smith"]}, {"boss": 200}.get(shop.role(request), 403)
    )
    assert seen(id, shop, **ROLE, admin="boss") == "403 with 100% of what the credential 'boss' gets"
    shop.app.routes["/admin"] = shop.good["/admin"]
    shop.fault = "role ignored"
    assert seen(id, shop, **ROLE) == f"200 from GET {shop.app.url}/admin"


@pytest.mark.parametrize(("guarded", "open_path"), [("/admin", "/admin/"), ("/admin/", "/admin")])
def test_the_path_with_a_slash_needs_the_role_too(shop: Shop, guarded: str, open_path: str) -> None:
    def any_role(request: Request) -> Response:
        return Response(200 if shop.role(request) else 401, [HTML], b"<h1>Orders</h1>")

    shop.app.routes |= {guarded: shop.good["/admin"], open_path: any_role}
    for admin in ({}, {"admin": "boss"}):
        found = seen("http.role_forbidden", shop, **{**ROLE, "paths": [guarded]}, **admin)
        assert found == f"200 from GET {shop.app.url}{open_path}"

    # Where unknown paths are answered so, too, it may be the page of an application that lives in the browser.
    def unknown(request: Request) -> Response:
        return any_role(request) if shop.role(request) else Response(404)

    class Fallback(dict[str, Any]):
        def get(self, path: str, default: Any = None) -> Any:
            return super().get(path, unknown)

    shop.app.routes = Fallback(shop.app.routes)
    open_question("http.role_forbidden", shop, "from unknown paths, too", **{**ROLE, "paths": [guarded]}, admin="boss")


def test_role_forbidden_proves_nothing_with_a_broken_credential(shop: Shop) -> None:
    id = "http.role_forbidden"
    open_question(id, shop, "/mine with the credential 'stale' was answered 401", **{**ROLE, "credential": "stale"})
    shop.fault = "mine open"
    open_question(id, shop, "/mine is open to all", **ROLE)
    # A broken credential and an own path that is public: everything looks right.
    open_question(id, shop, "/mine is open to all", **{**ROLE, "credential": "stale"})


def test_role_forbidden_of_a_path_that_may_not_exist(shop: Shop) -> None:
    id = "http.role_forbidden"
    open_question(id, shop, "/nothing was answered 404 .* which is not a 403", **{**ROLE, "paths": ["/nothing"]})
    hidden = {**ROLE, "admin": "boss", "hidden": True}
    open_question(id, shop, "404 with 'boss', too", **{**hidden, "paths": ["/nothing"]})
    shop.app.routes["/admin"] = lambda request: Response(200 if shop.role(request) == "boss" else 404)
    assert "/admin 404 (2xx with 'boss')" in judge(id, shop.url, **hidden).text
    with pytest.raises(NotDeclared, match="'admin' names a credential"):
        judge(id, shop.url, **ROLE, hidden=True)

    class Forbidden(dict[str, Any]):
        answer = Response(403)

        def get(self, path: str, default: Any = None) -> Any:
            return super().get(path, self.answer)

    for status in (429, 503):
        shop.app.routes = limited = Forbidden({"/mine": shop.mine, "/admin": shop.admin})
        limited.answer = Response(status)
        open_question(id, shop, f"an unknown path, was answered {status}", **ROLE)
    shop.app.routes = Forbidden({"/mine": shop.mine})
    open_question(id, shop, "every unknown path is answered 403", **{**ROLE, "paths": ["/typo"]})
    open_question(id, shop, "403 with 'boss', too", **{**ROLE, "paths": ["/typo"], "admin": "boss"})
    for status in (401, 302, 429, 500):
        shop.app.routes["/admin"] = Response(status, LOGIN_PAGE)
        open_question(id, shop, f"answered {status}.*, which is not a 403", **ROLE)


JWT = {"path": "/mine", "credential": "user", "login": "/login"}


def test_jwt(shop: Shop) -> None:
    assert judge("http.jwt", shop.url, **JWT).text == (
        "HS256, ends after 1.0 h; /mine: no token 401, an altered signature 401, altered claims 401, no signature 401, "
        "alg none 401, alg None 401, alg NONE 401, alg nOnE 401, the token itself 200"
    )
    assert shop.app.count("/mine") == 9
    assert judge("http.jwt", shop.url, path="/mine", credential="clerk").text.startswith("HS256")


@pytest.mark.parametrize(
    ("fault", "parameters", "words"),
    [
        ("none accepted", JWT, "200"),
        ("signature ignored", JWT, "200"),
        ("long-lived", JWT, "48.0 h"),
        ("tutorial key", JWT, "HS256 with a key from examples"),
        ("", {**JWT, "max_age_hours": 0.5}, "1.0 h"),
        ("", {**JWT, "algorithms": ["RS256", "ES256"]}, "alg HS256"),
        ("", {"path": "/mine", "credential": "eternal"}, "a token without exp"),
    ],
)
def test_jwt_is_not_right(shop: Shop, fault: str, parameters: dict[str, Any], words: str) -> None:
    shop.fault = fault
    assert seen("http.jwt", shop, **parameters) == words


def test_jwt_whose_end_is_not_enforced(shop: Shop) -> None:
    id = "http.jwt"
    assert "Whether the end is enforced was not seen" in judge(id, shop.url, **JWT).warning
    found = judge(id, shop.url, **JWT, expired="stale")
    assert "an expired token 401" in found.text
    assert found.warning == ""
    shop.fault = "end ignored"
    assert judge(id, shop.url, **JWT).warning
    with pytest.raises(ClaimFalse, match="401 or 403 from /mine with an expired token; seen: 200"):
        judge(id, shop.url, **JWT, expired="stale")
    # The declared token itself may have ended.
    assert seen(id, shop, path="/mine", credential="stale").startswith("200, 36")
    open_question(id, shop, "'clerk' has not ended", **JWT, expired="clerk")
    with pytest.raises(NotDeclared, match="'user' of shop is not a token"):
        judge(id, shop.url, **JWT, expired="user")


def test_jwt_whose_refusal_holds_what_it_refuses(shop: Shop) -> None:
    shop.app.routes["/mine"] = lambda request: document(
        {"you": "clerk", "debt": 12}, 200 if shop.role(request) else 401
    )
    assert seen("http.jwt", shop, **JWT) == "401 with 100% of what the token gets"


def test_jwt_whose_forgery_is_named(shop: Shop) -> None:
    shop.fault = "none accepted"
    with pytest.raises(ClaimFalse, match="401 or 403 from /mine with alg none; seen: 200"):
        judge("http.jwt", shop.url, **JWT)


def test_jwt_proves_nothing(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    id = "http.jwt"
    open_question(id, shop, "/mine answered 401 to the token itself", path="/mine", credential="stale")
    open_question(id, shop, "/nothing answered 404 to the token itself", **{**JWT, "path": "/nothing"})
    open_question(id, shop, "the token of the credential 'opaque' is not a signed", path="/mine", credential="opaque")
    open_question(id, shop, "with the credential 'nobody' was answered 401", **{**JWT, "credential": "nobody"})
    open_question(id, shop, "holds a text at 'data.token'", **JWT, token_field="data.token")
    shop.fault = "mine open"
    open_question(id, shop, "/mine is open to all", **JWT)
    for status in (404, 429, 500):
        shop.fault = ""
        shop.app.routes["/mine"] = when(lambda request: bool(shop.role(request)), Response(), Response(status))
        open_question(id, shop, f"answered {status} to no token, which is none of 400, 401, 403", **JWT)
    for wrong in ({"path": "/mine", "credential": "user"}, {**JWT, "credential": "clerk"}):
        with pytest.raises(NotDeclared, match=r"is not a (token|user)"):
            judge(id, shop.url, **wrong)
    monkeypatch.setitem(sys.modules, "jwt", None)
    with pytest.raises(CouldNotVerify, match=r"tokens needs the extra jwt: pip install 'pytest-readiness\[jwt\]'"):
        judge(id, shop.url, **JWT)


def test_jwt_that_says_when_it_was_issued_is_measured_from_then(shop: Shop) -> None:
    def login(request: Request) -> Response:
        return document({"access_token": token("clerk", iat=1_000_000_000)})

    shop.app.routes["/login"] = login
    assert float(seen("http.jwt", shop, **JWT).removesuffix(" h")) > 100_000


CSRF: dict[str, Any] = {
    "path": "/settings",
    "page": "/settings",
    "token": "csrf",
    "credential": "session",
    "fields": {"name": "x"},
}


def test_csrf(shop: Shop) -> None:
    assert judge("http.csrf", shop.url, **CSRF).text == (
        "POST /settings: a foreign Origin 403, Origin null 403, an origin that begins like the endpoint's 403, an "
        "origin that ends like the endpoint's 403, a foreign Referer that contains the endpoint's 403, no token 403, a "
        "wrong token 403; "
        f"the form itself 303 to {shop.app.url}/settings"
    )
    assert shop.made == ["settings"]
    assert [request.method for request in shop.app.requests] == ["GET", "POST"] * 8
    assert judge("http.csrf", shop.url, **CSRF, header="X-CSRF-Token")
    by_cookie = {**CSRF, "token": "csrf_seed", "header": "X-CSRF-Token"}
    shop.app.routes["/settings"] = by_header(shop)
    assert judge("http.csrf", shop.url, **by_cookie)


def by_header(shop: Shop) -> Any:
    def settings(request: Request) -> Response:
        if request.method == "GET":
            return shop.settings(request)._replace(body=b"")
        right = request.headers.get("X-CSRF-Token") == "Zm9yLXRoaXMtZm9ybQ"
        return Response(204 if right else 419)

    return settings


def test_csrf_by_origin_alone(shop: Shop) -> None:
    shop.fault = "only origin"
    without = {**CSRF, "token": None}
    assert judge("http.csrf", shop.url, **without).text.startswith(
        "POST /settings: a foreign Origin 403, Origin null 403, an origin that begins like the endpoint's 403"
    )
    assert seen("http.csrf", shop, **CSRF).startswith("303 to")
    shop.fault = "null origin trusted"
    with pytest.raises(ClaimFalse, match="with Origin null; seen: 303"):
        judge("http.csrf", shop.url, **CSRF)


@pytest.mark.parametrize(
    ("trusts", "name"),
    [
        (lambda told, own: told["Origin"].startswith(own.rpartition(":")[0]), "an origin that begins like"),
        (lambda told, own: told["Origin"].endswith(own.partition("://")[2]), "an origin that ends like"),
        (lambda told, own: own in told.get("Referer", ""), "a foreign Referer that contains"),
        (lambda told, own: "://localhost" in told.get("Referer", told["Origin"]), "an origin that begins like"),
        (lambda told, own: told.get("Referer", own).startswith(own), "Origin null"),
    ],
)
def test_csrf_by_a_loose_comparison(shop: Shop, trusts: Callable[[Any, str], bool], name: str) -> None:
    shop.app.routes["/save"] = lambda request: Response(204 if trusts(request.headers, shop.app.url) else 403)
    with pytest.raises(ClaimFalse, match=f"with {name}.*; seen: 204; 204 with the form itself"):
        judge("http.csrf", shop.url, path="/save", fields={"name": "x"})


def test_csrf_finds_the_form_as_a_browser_does(shop: Shop) -> None:
    def page(request: Request) -> Response:
        body = shop.settings(request).body.replace(b'action="/', b'action="')
        body = body.replace(b"</form>", b'<input type="hidden" name="csrf" value="old" disabled></form>')
        return Response(200, [HTML, ("Set-Cookie", "csrf_seed=Zm9yLXRoaXMtZm9ybQ; Path=/")], b'<base href="/">' + body)

    shop.app.routes["/account/edit"] = page
    assert judge("http.csrf", shop.url, **{**CSRF, "page": "/account/edit"})


def test_csrf_of_a_form_that_is_led_to_a_login_warns(shop: Shop) -> None:
    login = Response(302, [("Location", "/login")])
    shop.app.routes["/save"] = shop.app.routes["/sign-in"] = lambda request: (
        login if request.headers.get("Origin") == shop.app.url else Response(403)
    )
    warning = judge("http.csrf", shop.url, path="/save", fields={"name": "x"}).warning
    assert warning.startswith("The form itself was led to a login")
    assert not judge("http.csrf", shop.url, path="/sign-in", fields={"name": "x"}).warning


@pytest.mark.parametrize("fault", ["no protection", "token unchecked"])
def test_csrf_is_not_prevented(shop: Shop, fault: str) -> None:
    shop.fault = fault
    assert seen("http.csrf", shop, **CSRF).startswith("303 to")


def test_csrf_that_is_told_in_a_page(shop: Shop) -> None:
    shop.fault = "told in a page"
    assert seen("http.csrf", shop, **CSRF).startswith("200; 303 to")
    assert "a foreign Origin 200" in judge("http.csrf", shop.url, **CSRF, text="Forged").text
    shop.fault = "no protection"
    assert seen("http.csrf", shop, **CSRF, text="Forged").startswith("303 to")


def test_csrf_proves_nothing(shop: Shop) -> None:
    id = "http.csrf"
    for path, why in (("/nothing", "404 to the form itself"), ("/mine", "401 to the form itself")):
        open_question(id, shop, why, **{**CSRF, "path": path})
    open_question(id, shop, "the page with the form, .*/settings, was answered 302", **{**CSRF, "credential": None})
    open_question(id, shop, "gives no token 'csrf_token'", **{**CSRF, "token": "csrf_token"})
    open_question(id, shop, "'hidden' is already on the form's page", **CSRF, text="hidden")
    shop.fault = "refuses all"
    open_question(id, shop, "403 to the form itself, too", **CSRF)
    with pytest.raises(NotDeclared, match="no 'page' that provides it"):
        judge(id, shop.url, **{**CSRF, "page": None})
    shop.fault = ""
    shop.app.routes["/api"] = lambda request: Response(429 if request.headers["Origin"] != shop.app.url else 204)
    open_question(id, shop, "answered 429 to a foreign Origin", path="/api", fields={"a": "b"}, encoding="json")
    assert b'{"a": "b"}' in {request.body for request in shop.app.requests}


@pytest.mark.parametrize(("kind", "status"), [("bound", 0), ("static", 303), ("known", 303)])
def test_csrf_with_the_token_of_another_visitor(shop: Shop, kind: str, status: int) -> None:
    given: list[str] = []

    def join(request: Request) -> Response:
        if request.method == "GET":
            value = "the-same-for-all" if kind == "static" else f"of-visitor-{len(given)}"
            given.append(value)
            page = f'<form action="/join"><input type=hidden name=csrf value="{value}"></form>'
            return Response(200, [HTML, ("Set-Cookie", f"sid={len(given) - 1}")], page.encode())
        shown = parse_qs(request.body.decode()).get("csrf", [""])[0]
        mine = given[int(request.headers["Cookie"].removeprefix("sid="))]
        foreign = request.headers.get("Origin") != shop.app.url
        right = not foreign and (shown in given if kind == "known" else shown == mine)
        return Response(303, [("Location", "/")]) if right else Response(403)

    shop.app.routes["/join"] = join
    form: dict[str, Any] = {"path": "/join", "page": "/join", "token": "csrf", "fields": {"name": "x"}}
    if status:
        with pytest.raises(ClaimFalse, match=f"with the token of another visitor; seen: {status}"):
            judge("http.csrf", shop.url, **form)
    else:
        assert "the token of another visitor 403" in judge("http.csrf", shop.url, **form).text
