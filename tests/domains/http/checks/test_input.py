from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from pytest_readiness.core.evidence import ClaimFalse, CouldNotVerify, NotDeclared
from pytest_readiness.domains.http.facts.uploads import EXCESS
from pytest_readiness.domains.http.resource import Url
from tests.domains.http.http_shop import HOOK_KEY, HTML, Shop, open_question, seen, when
from tests.judging import judge
from tests.stack.fixtures import NginxFactory
from tests.stack.silent import READY, FlakyServer, Request, Response

INPUT: dict[str, Any] = {"path": "/orders", "sample": {"item": "pen", "count": 1}, "max_kb": 64}


def test_input_validation(shop: Shop) -> None:
    assert judge("http.input_validation", shop.url, **INPUT).text == (
        "POST /orders: malformed JSON 400, objects for values 422, 65 KiB 413, quotes in 'item' 201, "
        "markup in 'item' 201; the sample 201"
    )
    assert [len(request.body) for request in shop.app.requests][2] > 65 * 1024
    assert shop.made == ["order"] * 3


@pytest.mark.parametrize(
    ("fault", "expected", "said"),
    [
        ("json unchecked", "no server error from POST /orders to malformed JSON", "500"),
        ("json ignored", "4xx from POST /orders to malformed JSON", "200"),
        ("trace shown", "no internals from POST /orders to malformed JSON", "400 with a Python traceback"),
        ("types unchecked", "4xx from POST /orders to objects for values", "201"),
        ("any size", "4xx from POST /orders to 65 KiB", "201"),
        ("sql", "no server error from POST /orders to quotes in 'item'", "500"),
        ("sql told", "no internals from POST /orders to quotes in 'item'", "400 with a database's error"),
        ("markup", "markup escaped in the page that POST /orders answers", "201 with <b id=readiness-probe>"),
    ],
)
def test_input_validation_is_not_right(shop: Shop, fault: str, expected: str, said: str) -> None:
    shop.fault = fault
    with pytest.raises(ClaimFalse) as caught:
        judge("http.input_validation", shop.url, **INPUT)
    assert caught.value.expected.startswith(expected)
    assert caught.value.seen.startswith(said)


@pytest.mark.parametrize("kind", ["text/html", "application/xml", "text/xml; charset=utf-8", "image/svg+xml"])
def test_markup_must_be_escaped_wherever_browsers_show_it(shop: Shop, kind: str) -> None:
    told = Response(
        201, [("Content-Type", kind)], b"<r xmlns='http://www.w3.org/1999/xhtml'><B ID=readiness-probe></r>"
    )
    shop.app.routes["/orders"] = when(lambda request: b"readiness-probe" in request.body, told, shop.order)
    with pytest.raises(ClaimFalse, match="markup escaped in the page"):
        judge("http.input_validation", shop.url, **INPUT)
    plain = told._replace(headers=[("Content-Type", "text/plain")])
    shop.app.routes["/orders"] = when(lambda request: b"readiness-probe" in request.body, plain, shop.order)
    assert judge("http.input_validation", shop.url, **INPUT)


def test_input_validation_proves_nothing(shop: Shop) -> None:
    id = "http.input_validation"
    for path, status in (("/nothing", 404), ("/mine", 401)):
        open_question(id, shop, f"{status} to the valid sample, so refusing", **{**INPUT, "path": path})
    open_question(id, shop, "422 to the valid sample", **{**INPUT, "sample": {"item": "pen", "number": 1}})
    with pytest.raises(NotDeclared, match="no field that is a text"):
        judge(id, shop.url, **{**INPUT, "sample": {"count": 1}})
    for status in (302, 401, 404, 405, 429):
        shop.app.routes["/orders"] = when(
            lambda request: request.body == b'{"item": "pen", "count": 1}', shop.order, Response(status)
        )
        open_question(id, shop, f"{status} to malformed JSON, which is not a refusal of what was sent", **INPUT)
    long = Response(400, [HTML], b"x" * 2_000_000)
    shop.app.routes["/orders"] = when(lambda request: request.body == b'{"item": "pen", "count": 1}', shop.order, long)
    open_question(id, shop, "to malformed JSON is too long to be searched as a whole", **INPUT)
    wrongs: list[dict[str, Any]] = [
        {"sample": {}},
        {"sample": {str(n): "a" for n in range(13)}},
        {"max_kb": 0},
        {"method": "DELETE"},
    ]
    for wrong in wrongs:
        with pytest.raises(ValidationError):
            judge(id, shop.url, **{**INPUT, **wrong})


@pytest.mark.parametrize("said", ["psycopg" * 140_000, "at a(" + ") in " * 200_000, "at a(" + ") in x:line " * 80_000])
def test_input_validation_of_answers_that_take_long_to_search(shop: Shop, said: str) -> None:
    odd = Response(400, [HTML], said.encode())
    shop.app.routes["/orders"] = when(lambda request: request.body == b'{"item": "pen", "count": 1}', shop.order, odd)
    assert judge("http.input_validation", shop.url, **INPUT)


UPLOAD: dict[str, Any] = {"path": "/upload", "max_mb": 0.125, "accepted": "png"}


def test_upload_limit(shop: Shop) -> None:
    text = judge("http.upload_limit", shop.url, **UPLOAD, fields={"album": "x"}).text
    assert text == (
        "POST /upload: a PHP script (48 bytes) 415, a png beyond the limit (196608 bytes) 413, a small png 201"
    )
    script, large, small = (request.body for request in shop.app.requests)
    assert b'name="album"\r\n\r\nx\r\n' in script
    assert EXCESS + 128 * 1024 < len(large) < EXCESS + 129 * 1024
    assert len(small) < 1024
    assert shop.made == ["readiness-probe.png"]


@pytest.mark.parametrize("accepted", ["png", "pdf", "csv", "txt"])
def test_upload_limit_of_each_type(shop: Shop, accepted: str) -> None:
    def upload(request: Request) -> Response:
        if b".php" in request.body or len(request.body) > 128 * 1024:
            return Response(422)
        return Response(200 if f"readiness-probe.{accepted}".encode() in request.body else 422)

    shop.app.routes["/upload"] = upload
    assert f"a small {accepted} 200" in judge("http.upload_limit", shop.url, **{**UPLOAD, "accepted": accepted}).text


@pytest.mark.parametrize(
    ("fault", "said"), [("large taken", "201 to 196608 bytes"), ("script taken", "201 to 48 bytes")]
)
def test_upload_limit_is_not_right(shop: Shop, fault: str, said: str) -> None:
    shop.fault = fault
    assert seen("http.upload_limit", shop, **UPLOAD) == said


def test_upload_limit_that_is_told_in_a_page(shop: Shop) -> None:
    right = shop.app.routes["/upload"]
    assert callable(right)

    def told(request: Request) -> Response:
        refused = right(request).status >= 400
        return Response(200, [HTML], b"<p>This file is too large or of the wrong type.</p>" if refused else b"Thanks")

    shop.app.routes["/upload"] = told
    assert seen("http.upload_limit", shop, **UPLOAD) == "200 to 48 bytes"
    assert "a small png 200" in judge("http.upload_limit", shop.url, **UPLOAD, text="too large or").text
    open_question("http.upload_limit", shop, "200 to a small pdf", **{**UPLOAD, "accepted": "pdf"}, text="too large or")
    hidden = Response(200, [HTML], b"<script>var texts = ['too large or of the wrong type']</script>Thanks")
    shop.app.routes["/upload"] = lambda request: (
        hidden if right(request).status >= 400 else Response(200, [HTML], b"Thanks")
    )
    open_question("http.upload_limit", shop, "only where no reader finds it", **UPLOAD, text="too large or")


def test_upload_limit_proves_nothing(shop: Shop) -> None:
    id = "http.upload_limit"
    open_question(id, shop, "404 to a small png", **{**UPLOAD, "path": "/nothing"})
    shop.fault = "nothing taken"
    open_question(id, shop, "403 to a small png, so refusing others", **UPLOAD)
    right = shop.app.routes["/upload"]
    assert callable(right)
    shop.fault = ""
    login = Response(302, [("Location", "/account/login?next=/upload")])
    shop.app.routes["/upload"] = when(lambda request: b".php" in request.body, Response(415), login)
    open_question(id, shop, "/account/login to a small png, so refusing others", **UPLOAD)
    for status in (401, 404, 405, 408, 429, 500, 503):
        shop.app.routes["/upload"] = when(lambda request: b".php" in request.body, Response(status), right)
        open_question(id, shop, f"{status} to a PHP script, which is none of", **UPLOAD)
    wrongs: list[dict[str, Any]] = [{"max_mb": 0}, {"max_mb": 201}, {"accepted": "exe"}, {"text": ""}]
    for wrong in wrongs:
        with pytest.raises(ValidationError):
            judge(id, shop.url, **{**UPLOAD, **wrong})


class Resetting(FlakyServer):
    """Takes small uploads, refuses scripts, and hangs up on what is large."""

    def _serve(self, connection: Any, number: int) -> None:
        received = connection.recv(65536)
        head, _, body = received.partition(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0] or 0)
        if length > 128 * 1024:
            super()._serve(connection, 0)
            return
        while len(body) < length:
            body += connection.recv(65536)
        connection.sendall(READY.replace(b"200 OK", b"415 No") if b".php" in body else READY)


def test_upload_limit_by_a_reset(shop: Shop) -> None:
    with Resetting() as server:
        url = shop.url.model_copy(update={"url": server.url})
        with pytest.raises(CouldNotVerify, match="closed the connection while a png beyond the limit was sent"):
            judge("http.upload_limit", url, **UPLOAD)
        assert "a png beyond the limit closed" in judge("http.upload_limit", url, **UPLOAD, reset=True).text


def test_upload_limit_of_nginx(nginx_factory: NginxFactory, shop: Shop) -> None:
    def upload(request: Request) -> Response:
        return Response(415 if b".php" in request.body else 201)

    shop.app.routes["/upload"] = upload
    locations = {"/": f"client_max_body_size 2m; proxy_pass {shop.app.url.replace('localhost', '127.0.0.1')};"}
    with nginx_factory(locations=locations) as server:
        url = Url(name="shop", url=server.http_url)
        text = judge("http.upload_limit", url, **{**UPLOAD, "max_mb": 2}).text
        assert "a png beyond the limit (2162688 bytes) 413" in text
        with pytest.raises(ClaimFalse, match="201 to 1114112 bytes"):
            judge("http.upload_limit", url, **{**UPLOAD, "max_mb": 1})


HOOKS: dict[str, dict[str, Any]] = {
    "stripe": {"path": "/hooks/stripe", "scheme": "stripe", "credential": "hook"},
    "github": {"path": "/hooks/github", "scheme": "github", "credential": "hook"},
    "own": {
        "path": "/hooks/own",
        "scheme": "hmac",
        "credential": "hook",
        "signature_header": "X-Shop-Signature",
        "prefix": "v1=",
        "encoding": "base64",
    },
}


def test_webhook_signature(shop: Shop) -> None:
    assert judge("http.webhook_signature", shop.url, **HOOKS["stripe"]).text == (
        "POST /hooks/stripe: unsigned 400, signed with another key 400, altered after signing 400, "
        "signed 360 s ago 400; rightly signed 200"
    )
    for name in ("github", "own"):
        text = judge("http.webhook_signature", shop.url, **HOOKS[name]).text
        assert text.endswith("altered after signing 400; rightly signed 200")
    assert shop.made == ['{"type": "readiness.probe"}'] * 3
    assert {request.headers.get("X-GitHub-Event") for request in shop.app.requests} == {None, "ping"}


@pytest.mark.parametrize("name", HOOKS)
@pytest.mark.parametrize(
    ("fault", "what"),
    [
        ("unsigned taken", "unsigned"),
        ("key ignored", "signed with another key"),
        ("body ignored", "altered after signing"),
        ("stale taken", "signed 360 s ago"),
    ],
)
def test_webhook_signature_is_not_right(shop: Shop, name: str, fault: str, what: str) -> None:
    shop.fault = fault
    if fault == "stale taken" and name != "stripe":
        return
    with pytest.raises(
        ClaimFalse, match=f"400, 401 or 403 from POST {HOOKS[name]['path']} to a message {what}"
    ) as caught:
        judge("http.webhook_signature", shop.url, **HOOKS[name])
    assert caught.value.seen == "200"


def test_webhook_signature_proves_nothing(shop: Shop) -> None:
    id, hook = "http.webhook_signature", HOOKS["github"]
    open_question(id, shop, "404 to rightly signed, so a refusal", **{**hook, "path": "/nothing"})
    open_question(id, shop, "400 to rightly signed", **{**hook, "credential": "wronghook"})
    shop.fault = "hook closed"
    open_question(id, shop, "401 to rightly signed", **hook)
    shop.fault = ""
    for status in (404, 405, 429, 500):
        shop.app.routes["/hooks/github"] = when(
            lambda request: shop.hook(request).status == 200, Response(), Response(status)
        )
        open_question(id, shop, f"{status} to unsigned, which is none of 400, 401, 403", **hook)
    with pytest.raises(NotDeclared, match="'user' of shop is not a token"):
        judge(id, shop.url, **{**hook, "credential": "user"})
    with pytest.raises(NotDeclared, match="declares no credential 'key'"):
        judge(id, shop.url, **{**hook, "credential": "key"})
    wrongs: list[dict[str, Any]] = [{"scheme": "none"}, {"payload": {}}, {"tolerance": 0}, {"credential": ""}]
    for wrong in wrongs:
        with pytest.raises(ValidationError):
            judge(id, shop.url, **{**hook, **wrong})
    assert not [request for request in shop.app.requests if HOOK_KEY in repr(request)]
