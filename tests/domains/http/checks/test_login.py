from __future__ import annotations

import json
from typing import Any, get_args

import pytest
from pydantic import ValidationError

from pytest_readiness.core.evidence import ClaimFalse, NotDeclared
from pytest_readiness.domains.http.checks.login import PAIRS, PRODUCTS, Product, default_pairs
from pytest_readiness.domains.http.facts import forms as http_form
from tests.domains.http.http_shop import HTML, Shop, open_question, seen, when
from tests.judging import judge
from tests.stack.silent import Request, Response

LOCKED = Response(429, [("Retry-After", "60")])
LOGIN: dict[str, Any] = {"path": "/login", "failure": "wrong user or password", "credential": "user"}


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_form, "WAIT_SECONDS", 0)


def test_default_credentials(shop: Shop) -> None:
    evidence = judge("http.default_credentials", shop.url, **LOGIN)
    assert evidence.text == (
        "POST /login: 401 for 8 default passwords; locked at the 14. wrong password: 429 (Retry-After 60)"
    )
    assert not evidence.warning
    assert shop.app.count("/login") == 1 + 8 + 6
    names = [user for user, _ in PAIRS]
    assert max(map(names.count, names)) == 2
    shop.wrong.clear()
    assert judge("http.default_credentials", shop.url, **{**LOGIN, "credential": None}).warning
    shop.wrong.clear()
    assert judge("http.default_credentials", shop.url, **LOGIN, encoding="json", suffix="@shop.example")
    assert json.loads(shop.app.requests[-8].body)["username"].endswith("@shop.example")


def test_default_credentials_are_let_in(shop: Shop) -> None:
    shop.fault = "default password"
    said = seen("http.default_credentials", shop, **LOGIN)
    assert said == f"302 to {shop.app.url}/home for a default password of 'guest'"
    assert judge("http.default_credentials", shop.url, **LOGIN, pairs=6).text.startswith("POST /login: 401 for 6")


def test_default_credentials_of_a_product(shop: Shop) -> None:
    def tomcat(request: Request) -> Response:
        opened = b"username=tomcat&password=s3cret" in request.body
        return Response(302, [("Location", "/manager")]) if opened else shop.login(request)

    shop.app.routes["/login"] = tomcat
    login = {**LOGIN, "credential": None, "suffix": ""}
    assert judge("http.default_credentials", shop.url, **login)
    shop.wrong.clear()
    told = seen("http.default_credentials", shop, **login, products=["minio", "tomcat"])
    assert told.endswith("/manager for a default password of 'tomcat'")
    shop.wrong.clear()
    said = judge("http.default_credentials", shop.url, **login, products=["minio", "rabbitmq"], pairs=1).text
    assert said.startswith("POST /login: 401 for 5 default passwords")


def test_default_pairs() -> None:
    assert default_pairs((), 2, "@example.com") == (("admin@example.com", "admin"), ("root@example.com", "root"))
    assert default_pairs(["pgadmin"], 1, "@example.com")[0] == ("pgadmin4@pgadmin.org", "admin")
    # What a product has in common with others is tried once.
    assert len(default_pairs(["sonarqube", "grafana"], 8, "")) == 9
    assert set(PRODUCTS) == set(get_args(Product))


def test_default_credentials_of_a_login_that_never_locks(shop: Shop) -> None:
    shop.fault = "no lock"
    assert seen("http.default_credentials", shop, **LOGIN).startswith("10 times 401 from POST /login for one account")
    assert shop.app.count("/login") == 1 + 8 + 10
    assert seen("http.default_credentials", shop, **LOGIN, attempts=3).startswith("3 times 401")
    shop.app.requests.clear()
    with pytest.raises(ClaimFalse):
        judge("http.default_credentials", shop.url, **LOGIN, account="nobody", attempts=3)
    assert b"nobody" in shop.app.requests[-1].body
    assert b"wrong-password-of-nobody" not in shop.app.requests[-1].body


def test_default_credentials_of_a_login_that_slows_down(shop: Shop) -> None:
    shop.fault = "slow"
    assert "slowed down from 0.1 to 0." in judge("http.default_credentials", shop.url, **LOGIN, slow_seconds=0.2).text


def test_default_credentials_show_no_token(shop: Shop) -> None:
    for mark in "#?":
        opened = Response(302, [("Location", f"/home{mark}access_token=of-the-guest")])
        shop.app.routes["/login"] = when(lambda request: b"guest" in request.body, opened, shop.login)
        shop.wrong.clear()
        told = seen("http.default_credentials", shop, **LOGIN)
        assert "302 to " in told
        assert "of-the-guest" not in told


def test_default_credentials_on_pages_that_keep_a_parser_busy(shop: Shop) -> None:
    for page in ("<a b='" * 150_000, "<!" * 400_000, ""):
        shop.app.routes["/page"] = Response(200, [HTML], page.encode())
        shop.wrong.clear()
        assert judge("http.default_credentials", shop.url, **LOGIN, page="/page")


@pytest.mark.parametrize(
    "body", ["Falsches Passwort f&uuml;r <b>diese</b>\nAdresse", "Falsches Passwort für diese Adresse"]
)
def test_default_credentials_of_a_login_in_another_language(shop: Shop, body: str) -> None:
    shop.app.routes["/login"] = when(
        lambda _: len(shop.app.requests) < 12, Response(401, [HTML], body.encode()), LOCKED
    )
    login = {**LOGIN, "credential": None, "failure": "Passwort für diese Adresse"}
    assert "401 for 8 default passwords" in judge("http.default_credentials", shop.url, **login).text


def test_a_refusal_that_only_a_script_holds_proves_nothing(shop: Shop) -> None:
    # Every page of a site may have all its texts in a script.
    body = b"<script>var texts = {wrong: 'Wrong user or password'}</script><h1>Dashboard</h1>"
    shop.app.routes["/login"] = Response(200, [HTML], body)
    login = {**LOGIN, "credential": None, "status": 200}
    open_question("http.default_credentials", shop, "only where no reader finds it", **login)


def test_default_credentials_prove_nothing(shop: Shop) -> None:
    id = "http.default_credentials"
    open_question(id, shop, "answered 404", **{**LOGIN, "path": "/nothing"})
    open_question(
        id,
        shop,
        "answered 401 to a wrong password, which is not a 401 with 'no such'",
        **LOGIN | {"failure": "no such"},
    )
    open_question(id, shop, "which is not a 403 with", **LOGIN, status=403)
    # A wrong field name is refused as well, and so is everybody.
    open_question(id, shop, "answered 401 to the credential 'user'", **LOGIN, user_field="email")
    open_question(id, shop, "answered 401 to the credential 'nobody'", **{**LOGIN, "credential": "nobody"})
    shop.fault = "no one let in"
    shop.app.requests.clear()
    open_question(id, shop, "answered 401 to the credential 'user'", **LOGIN)
    assert shop.app.count("/login") == 1
    shop.fault = ""
    shop.app.routes["/page"] = Response(200, [HTML], b"<p>Wrong user or password? Ask us.</p>")
    open_question(id, shop, "is already on the login's page", **LOGIN, page="/page")
    with pytest.raises(NotDeclared, match="'clerk' of shop is not a user with a password"):
        judge(id, shop.url, **{**LOGIN, "credential": "clerk"})
    wrongs: list[dict[str, Any]] = [
        {"failure": ""},
        {"attempts": 2},
        {"attempts": 21},
        {"pairs": 0},
        {"pairs": 9},
        {"status": 500},
    ]
    for wrong in wrongs:
        with pytest.raises(ValidationError):
            judge(id, shop.url, **{**LOGIN, **wrong})


def test_default_credentials_behind_a_throttle(shop: Shop) -> None:
    id, login = "http.default_credentials", {**LOGIN, "credential": None}
    calls: list[Request] = []

    def throttled(retry_after: str, every: int) -> Any:
        def login(request: Request) -> Response:
            calls.append(request)
            held = len(calls) % every == 0
            headers = [("Retry-After", retry_after)]
            return Response(429, headers) if held else Response(401, [HTML], b"Wrong user or password")

        return login

    shop.app.routes["/login"] = throttled("900", 4)
    open_question(id, shop, r"429 \(Retry-After 900\) after 3 of 8 default passwords, .*.pairs: 3 asks", **login)
    assert len(calls) == 4
    calls.clear()
    assert judge(id, shop.url, **login, pairs=3).text.endswith("locked at the 4. wrong password: 429 (Retry-After 900)")
    calls.clear()
    shop.app.routes["/login"] = throttled("0", 4)
    assert "401 for 8 default passwords; locked at the 4. wrong" in judge(id, shop.url, **login).text
    assert len(calls) == 8 + 2
    # What is refused from the first request on was never seen to judge a password.
    shop.app.routes["/login"] = Response(429, [("Retry-After", "900")])
    open_question(id, shop, "after 0 of 8 default passwords", **login)
    # The page with the form may be throttled as well.
    shop.app.routes["/form"] = when(lambda request: len(calls) < 9, Response(), Response(429, [("Retry-After", "900")]))
    calls.clear()
    shop.app.routes["/login"] = throttled("900", 99)
    assert "locked at the 10. wrong password: 429" in judge(id, shop.url, **login, page="/form").text
    # An outage is not a lock, even where it says how long it will last.
    outage = Response(503, [("Retry-After", "9")])
    answers = iter([Response(401, [], b"Wrong user or password")] * 9 + [outage] * 9)
    shop.app.routes["/login"] = lambda request: next(answers)
    open_question(
        id, shop, r"503 \(Retry-After 9\) to the 2\. wrong password for one account, which is not a known lock", **login
    )


REGISTER: dict[str, Any] = {
    "path": "/register",
    "messages": ["TOO WEAK", "too short"],
    "fields": {"email": "readiness-{unique}@example.com"},
}


def test_password_policy(shop: Shop) -> None:
    evidence = judge("http.password_policy", shop.url, **REGISTER, page="/register")
    assert evidence.text == (
        "POST /register refuses one of 7 characters 422, 'password' 422, '12345678' 422, 'qwertyuiop' 422; "
        "a strong one 422 without the other fields, and without these messages"
    )
    assert shop.made == []
    assert judge("http.password_policy", shop.url, **REGISTER, control=True).text.endswith(
        f"a strong one 303 to {shop.app.url}/welcome"
    )
    [made] = shop.made
    assert made.startswith("readiness-")
    assert "{unique}" not in made


@pytest.mark.parametrize(("fault", "what"), [("short taken", "one of 7 characters"), ("common taken", "'password'")])
def test_password_policy_takes_weak_ones(shop: Shop, fault: str, what: str) -> None:
    shop.fault = fault
    with pytest.raises(ClaimFalse, match=f"refuses {what} with one of the declared") as caught:
        judge("http.password_policy", shop.url, **REGISTER)
    assert caught.value.seen == f"303 to {shop.app.url}/welcome with none of them"


def test_password_policy_of_a_longer_minimum(shop: Shop) -> None:
    with pytest.raises(ClaimFalse, match="refuses one of 11 characters"):
        judge("http.password_policy", shop.url, **REGISTER, min_length=12)


def test_password_policy_proves_nothing(shop: Shop) -> None:
    id = "http.password_policy"
    open_question(
        id, shop, "404 to a weak password, .*, but none of the declared messages", **{**REGISTER, "path": "/nothing"}
    )
    open_question(id, shop, "422 to a weak password, .* but none", **{**REGISTER, "messages": ["No digit"]})
    open_question(
        id,
        shop,
        "'Welcome' is already on the form's page",
        **REGISTER | {"messages": ["Welcome"]},
        page="/register",
    )
    shop.fault = "refuses all"
    for control in (False, True):
        open_question(id, shop, "'TOO WEAK' to a strong password, too", **REGISTER, control=control)
    shop.fault = ""
    for status in (403, 429, 500):
        strong_one_alone = when(lambda request: b"email=&" in request.body, Response(status), shop.register)
        shop.app.routes["/register"] = strong_one_alone
        open_question(id, shop, f"{status} to a strong password", **REGISTER)
    with pytest.raises(NotDeclared, match="can only be tried for real"):
        judge(id, shop.url, **{**REGISTER, "fields": {}})
    wrongs: list[dict[str, Any]] = [{"messages": []}, {"messages": [""]}, {"min_length": 5}, {"password_fields": []}]
    for wrong in wrongs:
        with pytest.raises(ValidationError):
            judge(id, shop.url, **{**REGISTER, **wrong})
