from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr, ValidationError

from pytest_readiness.checklist.reading import parse_checklist
from pytest_readiness.config.target import Target
from pytest_readiness.core.domains import load_catalogue
from pytest_readiness.core.evidence import ClaimFalse, CouldNotVerify, Evidence, NotDeclared
from pytest_readiness.core.problems import ProblemsError
from pytest_readiness.core.registry import CHECKS, FACTS
from pytest_readiness.domains.http.facts.flow import FlowRun
from pytest_readiness.domains.http.flow_steps import (
    Capture,
    Expect,
    FilePart,
    Flow,
    MailWait,
    Part,
    Sign,
    Step,
    Submit,
)
from pytest_readiness.domains.http.resource import Credential, Url
from pytest_readiness.plan.bindings import read_bindings
from pytest_readiness.record.recording import _types
from tests.judging import judge
from tests.stack.certs import Authority
from tests.stack.patience import patient
from tests.stack.process import free_port
from tests.stack.shop import CLERK_TOKEN, HOOK_KEY, Shop
from tests.stack.silent import FlakyServer, Response, SilentServer, WebApp

Steps = list[dict[str, Any]]
Judge = Callable[..., Evidence]

CREDENTIALS = {
    "clerk": Credential(token=SecretStr(CLERK_TOKEN)),
    "wrong": Credential(token=SecretStr("another-token-0123")),
    "hook": Credential(token=SecretStr(HOOK_KEY)),
    "visitor": Credential(user="visitor@example.com", password=SecretStr("visitors-password-1")),
}


@pytest.fixture(scope="module")
def running(authority: Authority) -> Iterator[Shop]:
    with Shop(authority.issue()) as shop:
        shop._users["visitor@example.com"] = {"password": "visitors-password-1", "token": "x", "confirmed": True}
        yield shop


@pytest.fixture
def shop(running: Shop) -> Iterator[Shop]:
    yield running
    running.faults.clear()


@pytest.fixture
def url(shop: Shop, authority: Authority) -> Url:
    return Url(name="shop", url=shop.url, ca=authority.ca_file, credentials=CREDENTIALS)


@pytest.fixture
def flow(url: Url) -> Judge:
    def flow(*steps: dict[str, Any], **named: Any) -> Evidence:
        target = Target("test", resources=(url, *named.pop("others", ())))
        return judge("http.flow", url, target=target, steps=[{"name": f"s{n}", **each} for n, each in enumerate(steps)])

    return flow


def fails(flow: Judge, *steps: dict[str, Any], **named: Any) -> ClaimFalse:
    with pytest.raises(ClaimFalse) as caught:
        flow(*steps, **named)
    return caught.value


SIGN_IN: Steps = [
    {"get": "/login"},
    {
        "submit": {
            "form": "#main",
            "fields": {
                "email": {"credential": "visitor", "field": "user"},
                "password": {"credential": "visitor", "field": "password"},
            },
        },
        "expect": {"url": "/account", "text": "Signed in as visitor@example.com."},
    },
]
ORDER: Steps = [
    {
        "post": "/orders",
        "credential": "clerk",
        "json": {"lines": [{"sku": "tea", "note": "${unique}"}]},
        "expect": {
            "status": 201,
            "json": {"state": "new", "/lines/0/sku": "tea", "lines.0.note": "${unique}", "gift": False},
            "header": {"location": "/orders?id="},
        },
        "capture": {"id": {"json": "id"}, "where": {"header": "Location"}, "pay": {"json": "pay"}},
    },
    {"get": "${where}", "credential": "clerk", "expect": {"json": {"id": "${id}", "state": "new"}}},
]
PAID: Steps = [
    *ORDER,
    {
        "post": "/paid",
        "json": {"order": "${id}"},
        "sign": {"credential": "hook", "header": "X-Signature", "value": "sha256=${signature}"},
    },
    {
        "get": "${where}",
        "credential": "clerk",
        "until": {"json": {"state": "paid"}},
        "within": 10,
        "every": 0.3,
    },
]
UNSIGNED: Steps = [*ORDER, {"post": "/paid", "json": {"order": "${id}"}, "expect": {"status": [400, 401]}}]
UPLOAD: Steps = [
    {"get": "/avatar"},
    {
        "submit": {},
        "upload": {"picture": {"filename": "${unique}.png", "base64": "iVBORw0KGgo=", "type": "image/png"}},
        "expect": {"url": "/avatar?name=${unique}.png", "header": {"content-type": "image/png"}},
    },
]


def transcript(evidence: Evidence | ClaimFalse) -> str:
    [attachment] = evidence.attachments
    assert (attachment.name, attachment.media_type) == ("flow.txt", "text/plain")
    return attachment.data.decode()


def test_flow_signs_in(flow: Judge) -> None:
    evidence = flow(*SIGN_IN)
    assert re.fullmatch(r"2 steps, 3 requests in \d+\.\d s: s0: 200; s1: 302, 200", evidence.text)
    text = transcript(evidence)
    assert "POST https://localhost" in text
    assert "email=visitor@example.com, password=•••" in text
    assert "csrf=•••" in text
    assert "visitors-password-1" not in text


def test_flow_orders_and_pays(flow: Judge, shop: Shop) -> None:
    shop.faults = {"slow-order"}
    assert flow(*PAID).text.startswith("4 steps, 5 requests")
    assert shop.app.requests[-1].headers["Authorization"] == f"Bearer {CLERK_TOKEN}"
    assert flow(*UNSIGNED).text.endswith("s2: 400")


def test_flow_uploads(flow: Judge) -> None:
    assert flow(*UPLOAD).text.endswith("s1: 303, 200")


@pytest.mark.parametrize(
    ("fault", "steps", "expected", "seen"),
    [
        ("csrf-refuses", SIGN_IN, r"step 2 's1' \(POST .*/login\): a status below 400", "401 from"),
        ("forgets", SIGN_IN, r"an end at .*/account", "200 from https://localhost:.*/login"),
        ("open-redirect", SIGN_IN, r"an end at", "302 to https://evil.example.com/"),
        ("spa", SIGN_IN, r"step 2 's1' .*one form #main|a form on the page", "there is none"),
        ("spa", ORDER, "step 1 's0' .*status 201", "200 from"),
        ("order-lost", ORDER, r"step 2 's1' \(GET .*/orders\?…\): a status below 400", "404 from .*no such order"),
        ("unpaid", [*PAID[:-1], {**PAID[-1], "within": 0.5}], 'state to be "paid" within 0.5 s', '"new" in 200'),
        ("unsigned", UNSIGNED, "status 400 or 401", "200 from"),
        ("upload-lost", UPLOAD, "a status below 400", "404"),
    ],
)
def test_flow_finds_the_fault(flow: Judge, shop: Shop, fault: str, steps: Steps, expected: str, seen: str) -> None:
    shop.faults = {fault}
    error = fails(flow, *steps)
    assert re.search(expected, error.expected)
    assert re.search(seen, error.seen)
    assert "expected" in transcript(error)


def test_flow_of_a_visitor_whom_nobody_knows(flow: Judge, shop: Shop) -> None:
    fields = {"email": "${unique}@example.com", "password": "${password}"}
    login: Steps = [{"get": "/login"}, {"submit": {"form": "/login", "fields": fields}, "expect": {"status": 401}}]
    assert flow(*login).text.endswith("s1: 401")
    shop.faults = {"any-password"}
    assert fails(flow, *login).seen.startswith("302 to ")


def test_flow_with_the_wrong_credential(flow: Judge) -> None:
    error = fails(flow, {**ORDER[0], "credential": "wrong"})
    assert error.seen.startswith("401 from https://localhost")
    # What a JSON answer names like a secret is none of the report's business.
    assert '"token": "•••"' in error.seen


def test_transcript_has_no_secrets(flow: Judge, shop: Shop) -> None:
    expect = {"status": 201, "json": {"state": "paid"}}
    capture = {"csrf_header": {"header": "Location"}}
    error = fails(flow, *SIGN_IN, {**ORDER[0], "capture": capture}, {**ORDER[0], "expect": expect})
    text = transcript(error) + str(error)
    assert error.expected.endswith('state to be "paid"')
    assert "The last answer:" in text
    assert '"api_token": "•••"' in text
    cookies = [request.headers.get("Cookie", "") for request in shop.app.requests[-5:]]
    sessions = [cookie.partition("=")[2] for cookie in cookies if cookie]
    assert len(set(sessions)) == 1
    for secret in (CLERK_TOKEN, HOOK_KEY, "visitors-password-1", sessions[0]):
        assert secret not in text
    assert "captured csrf_header: •••" in text


def test_captured_secrets_are_masked_wherever_they_show(flow: Judge, shop: Shop) -> None:
    capture: Steps = [{**ORDER[0], "capture": {"pay": {"json": "pay"}, "n": {"json": "id"}}, "secret": True}]
    error = fails(flow, *capture, {"get": "/", "expect": {"text": "${pay} is paid"}})
    assert error.expected.endswith("the text '••• is paid'")
    assert "captured n: •••" in transcript(error)


def test_values_are_captured(flow: Judge, shop: Shop) -> None:
    steps: Steps = [
        {
            "get": "/login",
            "capture": {
                "field": {"form_field": "country"},
                "cookie": {"cookie": "session"},
                "title": {"regex": "<title>(.*?)</title>"},
            },
        },
        {"get": "/?f=${field}&t=${title}", "expect": {"text": "Welcome to the shop."}},
    ]
    flow(*steps)
    assert shop.app.requests[-1].query == "f=NZ&t=Sign%20in"


@pytest.mark.parametrize(
    ("capture", "expected"),
    [
        ({"form_field": "coupon"}, "a value in the field 'coupon' to be captured"),
        ({"cookie": "basket"}, "a cookie basket to be captured"),
        ({"regex": "Order (\\d+)"}, "'Order .* to be captured"),
        ({"header": "Location"}, "a header Location to be captured"),
        ({"link": "basket"}, "a link 'basket' to be captured"),
        ({"json": "id"}, "an answer in JSON"),
    ],
)
def test_a_step_fails_that_lacks_what_is_captured(flow: Judge, capture: dict[str, str], expected: str) -> None:
    error = fails(flow, {"get": "/login", "capture": {"x": capture}, "expect": {"text": "Sign in"}})
    assert re.search(expected, error.expected)


def test_links_are_followed_where_they_lead_on_the_host(authority: Authority) -> None:
    page = '<a href="https://other.example.com/a">Away</a> <a href="../next#top">Go <b>on</b></a>'
    html = [("Content-Type", "text/html")]
    with WebApp({"/a/": Response(200, html, page.encode()), "/next": Response(body=b"there")}) as app:
        url = Url(name="shop", url=app.url)
        end = {"name": "end", "get": "${to}", "expect": {"text": "there"}}
        start = {"name": "start", "get": "/a/", "capture": {"to": {"link": "^Go on$"}}}
        assert judge("http.flow", url, steps=[start, end]).text.startswith("2 steps")
        away = {**start, "capture": {"to": {"link": "other"}}}
        with pytest.raises(ClaimFalse, match=r"step 2 'end' .*: an address on http://localhost.*other\.example\.com"):
            judge("http.flow", url, steps=[away, end])
        assert app.count("/next") == 1


@pytest.mark.parametrize(
    ("expect", "seen"),
    [
        ({"text": "Sold out"}, "it is not in 200 from"),
        ({"text": ["Welcome", "<b>"]}, "it is not in 200 from"),
        ({"text": "Welcome", "absent": "to the shop"}, "it is in 200 from"),
        ({"status": 204}, "200 from"),
        ({"json": {"a": 1}}, "200 with text/html"),
        ({"header": {"content-type": "text/html; charset=latin-1"}}, "text/html; charset=utf-8 in 200"),
        ({"header": {"x-none": "a"}}, "none in 200"),
        ({"location": "/"}, "200 from"),
        ({"url": "/elsewhere"}, "200 from"),
        ({"status": 200, "max_seconds": 0.000001}, " s, 200 from"),
    ],
)
def test_a_page_is_not_as_expected(flow: Judge, expect: dict[str, Any], seen: str) -> None:
    assert seen in fails(flow, {"get": "/", "expect": expect}).seen


def test_readers_find_text_across_inline_elements(flow: Judge) -> None:
    flow({"get": "/", "expect": {"text": ["Shop Welcome to the shop."], "absent": "Sold out", "max_seconds": 30}})


@pytest.mark.parametrize(
    ("wanted", "holds"),
    [(1, True), (1.0, True), (True, False), ("1", False), (None, False)],
)
def test_values_of_json_are_told_apart(wanted: object, holds: bool) -> None:
    body = json.dumps({"a": [{"b/c": 1}]}).encode()
    with WebApp({"/": Response(200, [("Content-Type", "application/json")], body)}) as app:
        steps = [{"name": "s", "get": "/", "expect": {"json": {"/a/0/b~1c": wanted}}}]
        if holds:
            judge("http.flow", Url(name="shop", url=app.url), steps=steps)
        else:
            with pytest.raises(ClaimFalse, match="to be"):
                judge("http.flow", Url(name="shop", url=app.url), steps=steps)


def test_redirects(authority: Authority) -> None:
    def echo(request: Any) -> Response:
        return Response(body=f"{request.method} {request.body.decode()} {'Authorization' in request.headers}".encode())

    with WebApp({"/in": echo}) as other, WebApp() as app:
        app.routes = {
            "/303": Response(303, [("Location", "/in")]),
            "/308": Response(308, [("Location", "/in")]),
            "/port": Response(307, [("Location", f"{other.url}/in")]),
            "/loop": Response(302, [("Location", "/loop")]),
            "/away": Response(302, [("Location", "https://pay.example.com/c/17?key=1")]),
            "/abroad": Response(302, [("Location", "/sch%c3%b6n?a=%C3%A4")]),
            "/in": echo,
        }
        url = Url(name="shop", url=app.url, credentials=CREDENTIALS)

        def flow(method: str, path: str, **more: Any) -> Evidence:
            body = {"form": {"a": "1"}} if method == "post" else {}
            steps = [{"name": "s", method: path, "credential": "clerk", **body, **more}]
            return judge("http.flow", url, steps=steps)

        flow("post", "/303", expect={"text": "GET  True"})
        flow("post", "/308", expect={"text": "POST a=1 True"})
        flow("post", "/port", expect={"text": "POST a=1 False"})
        flow("get", "/303", expect={"status": 303, "location": "/in"})
        flow("get", "/abroad", expect={"location": "/schön"})
        flow("get", "/abroad", expect={"location": "/sch%C3%B6n?a=ä"})
        flow("get", "/away", expect={"location": "https://pay.example.com/c/*"})
        flow("get", "/away", expect={"location": "https://pay.example.com/*?key=1"})
        with pytest.raises(ClaimFalse, match=r"a redirect to https://pay\.example\.com/d/"):
            flow("get", "/away", expect={"location": "https://pay.example.com/d/*"})
        with pytest.raises(ClaimFalse, match="redirects that end"):
            flow("get", "/loop", expect={"text": "x"})
        # A page of others is never asked for.
        with pytest.raises(ClaimFalse, match="the text 'x'"):
            flow("get", "/away", expect={"text": "x"}, follow=True)


def test_cookies_go_where_they_belong(authority: Authority) -> None:
    def seen(request: Any) -> Response:
        return Response(body=f"<{request.headers.get('Cookie', '')}>".encode())

    cookies = ["a=1; Path=/", "b=2; Path=/deep", "c=3; Domain=other.example.com", "d=4; Secure", "e=5; Max-Age=0"]
    with WebApp(https=authority.issue()) as app, WebApp() as plain:
        for server in (app, plain):
            server.routes = {
                "/set": Response(200, [("Set-Cookie", each) for each in cookies]),
                "/deep/x": seen,
                "/show": seen,
            }
        steps: Steps = [
            {"name": "set", "get": "/set"},
            {"name": "deep", "get": "/deep/x", "expect": {"text": "b=2; a=1"}},
            {"name": "show", "get": "/show", "expect": {"text": "<a=1; d=4>"}},
        ]
        judge("http.flow", Url(name="shop", url=app.url, ca=authority.ca_file), steps=steps)
        steps[2]["expect"] = {"text": "<a=1>"}
        # What does not leave the machine is as good as TLS to browsers.
        elsewhere = Url(name="shop", url=f"http://shop.example.com:{plain.port}", address="127.0.0.1")
        judge("http.flow", elsewhere, steps=steps)


def test_another_declared_url(flow: Judge, authority: Authority) -> None:
    with WebApp({"/in": Response(body=b"other")}, https=authority.issue()) as app:
        other = Url(name="other", url=app.url, ca=authority.ca_file)
        step = {"get": "/in", "url": "other", "expect": {"text": "other"}}
        flow(step, others=[other])
        with pytest.raises(NotDeclared, match="target test declares no url named other"):
            flow(step)
        with pytest.raises(NotDeclared, match="other declares no credential 'clerk'"):
            flow({"get": "/"}, {**step, "credential": "clerk"}, others=[other])


def test_bodies(authority: Authority) -> None:
    with WebApp(
        {"/": lambda request: Response(body=request.headers["Content-Type"].encode() + b" " + request.body)}
    ) as app:
        url = Url(name="shop", url=app.url, credentials=CREDENTIALS)

        def sent(text: str, **step: Any) -> None:
            judge("http.flow", url, steps=[{"name": "s", "expect": {"text": text}, **step}])

        sent('application/json {"a": [null, true, 1.5, "tea"]}', put="/", json={"a": [None, True, 1.5, "tea"]})
        sent(
            'application/json {"p": "visitors-password-1"}',
            patch="/",
            json={"p": {"credential": "visitor", "field": "password"}},
        )
        sent("application/x-www-form-urlencoded a=%26+1&b=true", post="/", form={"a": "& 1", "b": True})
        sent("text/plain 5 $ {x}", delete="/", body="5 $$ {x}")
        sent("text/csv a", post="/", body="a", headers={"Content-Type": "text/csv"})
        api = {"Content-Type": "application/vnd.api+json"}
        sent('application/vnd.api+json {"a": 1}', post="/", json={"a": 1}, headers=api)
        sent("multipart/form-data; b", post="/", upload={"f": {"filename": "x", "size_kb": 2}}, headers=api)
        sent("multipart/form-data", post="/", form={"a": 1}, upload={"f": {"filename": "x", "size_kb": 2}})
        assert 2048 < len(app.requests[-1].body) < 4096


def test_forms(flow: Judge) -> None:
    page = {"get": "/login"}
    for submit, expected, seen in (
        ({"fields": {"emial": "a"}}, "one form with emial", "0 of the page's 2 forms"),
        ({"form": 3}, "one form 3", "0 such forms; the page has /search, #main"),
        ({"form": "#main", "fields": {"emial": "a"}}, "a form with a field 'emial'", "csrf, email, password, country"),
        ({"form": "/login", "fields": {"country": "FR"}}, "a choice 'FR' of 'country'", "AT, NZ"),
    ):
        error = fails(flow, page, {"submit": submit, "expect": {"text": "x"}})
        assert expected in error.expected
        assert seen in error.seen
    error = fails(flow, {"get": "/two-forms"}, {"submit": {"fields": {"q": "a"}}, "expect": {"text": "x"}})
    assert error.seen == "2 of the page's 2 forms have that"
    error = fails(
        flow,
        page,
        {"submit": {"form": "#main"}, "upload": {"email": {"filename": "x", "content": ""}}, "expect": {"text": "x"}},
    )
    assert error.seen == "it is of the type email"
    # A number counts from 1; a form by GET is sent in the query.
    assert "404" in fails(flow, page, {"submit": {"form": 1, "fields": {"q": "tea"}}, "expect": {"text": "tea"}}).seen


def test_requests_are_counted() -> None:
    turns = {f"/{n}": Response(302, [("Location", f"/{n + 1}")]) for n in range(1, 5)}
    with WebApp({**turns, "/5": Response(body=b"not yet")}) as app:
        step = {"name": "s", "get": "/1", "until": {"text": "ready"}, "within": 4, "every": 0.1}
        with pytest.raises(CouldNotVerify, match="step 1 's': the flow sent 50 requests, redirects included"):
            judge("http.flow", Url(name="shop", url=app.url), steps=[step])
        assert len(app.requests) == 50
        with pytest.raises(ClaimFalse, match=r"the text 'ready' within 0\.2 s"):
            judge("http.flow", Url(name="shop", url=app.url), steps=[{**step, "within": 0.2}])


def test_what_cannot_be_looked_at(authority: Authority) -> None:
    step = {"name": "home", "get": "/", "expect": {"text": "x"}}
    with WebApp({"/": Response(body=b"x" * 1_100_000)}) as app, pytest.raises(CouldNotVerify, match="not all read"):
        judge("http.flow", Url(name="shop", url=app.url), steps=[{**step, "expect": {"absent": "y", "status": 200}}])
    with WebApp(https=authority.issue()) as app, pytest.raises(CouldNotVerify, match=r"step 1 'home': .*not trusted"):
        judge("http.flow", Url(name="shop", url=app.url), steps=[step])
    with SilentServer() as server, pytest.raises(CouldNotVerify, match=r"step 1 'home': GET .* was not answered"):
        judge("http.flow", Url(name="shop", url=server.url), steps=[step])
    url = Url(name="shop", url="http://localhost:1", credentials=CREDENTIALS)
    for wrong in ({"credential": "boss"}, {"headers": {"X": {"credential": "clerk", "field": "user"}}}):
        with pytest.raises(NotDeclared, match=r"no credential 'boss'|'clerk' of shop has no user"):
            CHECKS["http.flow"].asked(
                url, dict(CHECKS["http.flow"].parameters.model_validate({"steps": [{**step, **wrong}]}))
            )


def test_a_flow_is_not_begun_again(authority: Authority) -> None:
    """Neither by the session nor by the scheduler, which tries again what is transient."""
    with FlakyServer(resets=2) as server, pytest.raises(CouldNotVerify) as caught:
        judge(
            "http.flow", Url(name="shop", url=server.url), steps=[{"name": "s", "post": "/", "expect": {"status": 200}}]
        )
    assert not caught.value.transient
    # One connection of the fact `connection`, one of the request.
    assert server.connections == 2


def test_what_is_waited_for_may_be_an_answer(authority: Authority) -> None:
    step = {"name": "s", "get": "/", "until": {"text": "ready"}, "within": 10, "every": 0.25}
    with FlakyServer(resets=4) as server:
        assert "200" in judge("http.flow", Url(name="shop", url=server.url), steps=[step]).text
    url = Url(name="shop", url=f"http://localhost:{free_port()}")
    begun = time.monotonic()
    with pytest.raises(CouldNotVerify, match="refused"):
        judge("http.flow", url, steps=[step])
    assert time.monotonic() - begun < patient(15)


HOME = {"name": "home", "get": "/", "expect": {"text": "x"}}


@pytest.mark.parametrize(
    ("steps", "reason"),
    [
        ([], "at least 1"),
        ([{"name": "a", "get": "/"}], "a flow without an expectation proves nothing"),
        ([{"name": "a", "get": "/", "expect": {"absent": "x", "max_seconds": 1}}], "proves nothing"),
        ([{"name": "a", "get": "/", "expect": {}}], "an expectation of nothing"),
        ([{"name": "a", "get": "/", "expect": {"text": []}}], "at least 1"),
        ([{"name": "a", "get": "/", "expect": {"text": ""}}], "at least 1"),
        ([{**HOME, "expct": {}}], "Extra inputs"),
        ([{**HOME, "post": "/"}], "but this does 2"),
        ([{"name": "a"}], "but this does 0"),
        ([{**HOME, "get": "shop"}], "pattern"),
        ([{**HOME, "get": "/${basket}"}], r"step 'home' uses \${basket}, which no step before it captures"),
        ([{**HOME, "expect": {"text": "${body}"}}], r"uses \${body}"),
        ([{**HOME, "capture": {"now": {"header": "Date"}}}], "has a meaning of its own"),
        ([{**HOME, "capture": {"a": {"regex": "a(b"}}}], "not a regular expression"),
        ([{**HOME, "capture": {"a": {"regex": "ab"}}}], "one group"),
        ([{**HOME, "capture": {"a": {"regex": "(b)", "json": "a"}}}], "a capture is one of"),
        ([{**HOME, "capture": {"a": {}}}], "a capture is one of"),
        ([{**HOME, "json": None}], "'json' does not go with 'get'"),
        ([{"name": "a", "post": "/", "json": 1, "form": {"a": 1}, "expect": {"text": "x"}}], "are both the body"),
        ([{"name": "a", "post": "/", "until": {"text": "x"}, "within": 5}], "only a get may be repeated"),
        ([{**HOME, "until": {"text": "x"}}], "'until' and 'within' belong together"),
        ([{**HOME, "every": 5}], "there is no 'until'"),
        ([{**HOME, "until": {"text": "x"}, "within": 80, "every": 1}], "81 requests"),
        ([{**HOME, "until": {"text": "x"}, "within": 100, "every": 50}], "wait for 100 s"),
        ([{"name": "a", "submit": {}}, HOME], "no step before it gets the page"),
        (
            [HOME, {"name": "m", "mail": {"inbox": "i", "to": "${unique}@a.example", "subject": "s"}}],
            "is mail.received",
        ),
        ([{**HOME, "headers": {"a b": "c"}}], "pattern"),
        ([{"name": "a", "post": "/", "upload": {"f": {"filename": "x"}}, "expect": {"text": "x"}}], "one of them"),
    ],
)
def test_flows_that_say_nothing_or_nonsense_are_refused(steps: Steps, reason: str) -> None:
    with pytest.raises(ValidationError, match=reason):
        load_catalogue()["http.flow"].parameters.model_validate({"steps": steps})


def test_mistakes_are_told_with_their_line(tmp_path: Path) -> None:
    path = tmp_path / "release.checks.yaml"
    path.write_text(
        "web:\n"
        "  shop-works:\n"
        "    check: http.flow\n"
        "    steps:\n"
        "      - name: home\n"
        "        get: /\n"
        "        expct: {text: Welcome}\n"
        "      - name: sign in\n"
        "        post: /login\n"
        "        url: shp\n"
        "        expect:\n"
        "          text: Hello\n"
        "          statsu: 200\n"
    )
    checklist = parse_checklist("## Web\n\n- [ ] Shop works\n", tmp_path / "release.md")
    with pytest.raises(ProblemsError) as caught:
        read_bindings(path, checklist, load_catalogue(), {}, {"url": frozenset({"shop"})})
    told = [(problem.line, problem.message) for problem in caught.value.problems]
    assert (7, "Unknown key 'expct' in the binding to http.flow. Did you mean 'expect'?") in told
    assert (13, "Unknown key 'statsu' in the binding to http.flow. Did you mean 'status'?") in told
    assert any(line == 10 and "Did you mean 'shop'?" in message for line, message in told)


def test_a_flow_can_be_recorded(url: Url) -> None:
    load_catalogue()
    steps = CHECKS["http.flow"].parameters.model_validate({"steps": [{"name": "a", **ORDER[0]}, HOME]})
    question = Flow.of(steps.steps)  # type: ignore[attr-defined]
    assert hash(question) == hash(Flow.of(question.parsed()))
    assert str(question) == "a; home"
    assert CLERK_TOKEN not in question.steps
    types = _types(FACTS["http_flow"].read)
    assert types.load_asked(types.dump_asked((question,))) == (question,)
    run = FlowRun((), None, 1, 0.5, "r1", "text")
    assert types.load(types.dump(run)) == run


@pytest.mark.parametrize(
    ("heading", "model"),
    [
        ("A step", Step),
        ("What is expected", Expect),
        ("What is captured", Capture),
        ("Files", FilePart),
        ("Signatures", Sign),
        ("Forms", Submit),
        ("Mail", MailWait),
        ("Credentials", Part),
    ],
)
def test_keys_are_documented(heading: str, model: Any) -> None:
    text = Path(__file__).parents[4].joinpath("docs", "flows.md").read_text("utf-8")
    part = text.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    documented = {
        name
        for line in part.splitlines()
        if line.startswith("| `")
        for name in re.findall(r"`(\w+)`", line.split(" | ")[0])
    }
    assert documented == {info.alias or name for name, info in model.model_fields.items()}


def test_flow_in_a_run(shop: Shop, authority: Authority, pytester: pytest.Pytester, monkeypatch: Any) -> None:
    """The transcript hangs on the result; a replay sends nothing."""
    for name in ("PYTEST_ADDOPTS", "PYTEST_XDIST_WORKER"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("CLERK_TOKEN", CLERK_TOKEN)
    files = {
        "readiness.yaml": (
            "checklists: [release.md]\ntargets:\n  prod:\n    urls:\n"
            f"      shop: {{url: '{shop.url}', ca: '{authority.ca_file}', credentials: {{clerk: {{token: "
            "'${CLERK_TOKEN}'}}}\n"
        ),
        "release.md": "# Release\n\n## Shop\n\n- [ ] Customers can order\n",
        "release.checks.yaml": json.dumps(
            {
                "shop": {
                    "customers-can-order": {
                        "check": "http.flow",
                        "steps": [{"name": f"step {number}", **step} for number, step in enumerate(ORDER, 1)],
                    }
                }
            }
        ),
    }
    for name, text in files.items():
        (pytester.path / name).write_text(text)

    def run(*options: str) -> tuple[int, Any, int]:
        before = len(shop.app.requests)
        done = pytester.runpytest_subprocess(
            "--readiness-target=prod", "--readiness-out=out", *options, timeout=patient(120)
        )
        result = json.loads((pytester.path / "out" / "result.json").read_text())
        [test] = result["sections"][0]["items"][0]["tests"]
        assert CLERK_TOKEN not in json.dumps(result) + done.stdout.str()
        return int(done.ret), test, len(shop.app.requests) - before

    code, test, requests = run("--readiness-allow=active", "--readiness-record=prod.json")
    assert (code, test["state"], requests) == (0, "passed", 2)
    [attachment] = test["attachments"]
    assert attachment["name"] == "flow.txt"
    evidence = test["evidence"]
    code, test, requests = run("--readiness-allow=active", "--readiness-replay=prod.json")
    assert (code, test["evidence"], requests) == (0, evidence, 0)
