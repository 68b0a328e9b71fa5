from __future__ import annotations

import json
import re
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qs

import pytest
from pydantic import ValidationError

from pytest_readiness.core import audit
from pytest_readiness.core.domains import load_catalogue
from pytest_readiness.core.evidence import ClaimFalse, CouldNotVerify, NotDeclared
from pytest_readiness.core.registry import CHECKS
from pytest_readiness.domains.browser.facts.flow import JourneyJob
from pytest_readiness.domains.browser.facts.pages import Launch
from pytest_readiness.domains.browser.journey import _Traveller
from pytest_readiness.domains.browser.steps import BrowserStep, Element, PageExpectation
from pytest_readiness.domains.http.flow_steps import Part
from pytest_readiness.domains.http.resource import Url
from tests.judging import judge
from tests.stack.process import free_port
from tests.stack.programs import program
from tests.stack.silent import Request, Response, WebApp

PASSWORD = "correct horse battery"
PAGE = """<!doctype html><html lang="en"><title>{title}</title><body><h1>Shop</h1>{body}</body></html>"""
LOGIN = """{told}<form method="post" action="/login">
<label>User <input name="user"></label><label>Password <input name="password" type="password"></label>
<label>Country <select name="country"><option>Chile</option><option>Peru</option></select></label>
<label><input type="checkbox" name="stay"> Stay</label><label>Picture <input type="file"></label>
<button>Sign in</button></form>"""
BUY = """<p role="status">Welcome, clerk</p><p>Your order <b id="order"></b></p><button id="buy">Buy</button>
<script>buy.onclick = () => setTimeout(() => {
  order.textContent = 'A-17'; history.pushState({}, '', '/orders/A-17'); document.title = 'Order A-17';
}, 100)</script>"""


def page(title: str, body: str, status: int = 200, **headers: str) -> Response:
    return Response(
        status,
        [("Content-Type", "text/html; charset=utf-8"), *((k.replace("_", "-"), v) for k, v in headers.items())],
        PAGE.format(title=title, body=body).encode(),
    )


def login(request: Request) -> Response:
    if request.method != "POST":
        return page("Sign in", LOGIN.format(told=""))
    form = parse_qs(request.body.decode())
    if form.get("password") == [PASSWORD] and form.get("user") == ["clerk"]:
        return Response(303, [("Location", "/account"), ("Set-Cookie", "session=s1; HttpOnly")])
    return page("Sign in", LOGIN.format(told=f'<p role="alert">Wrong: {form.get("password", [""])[0]}</p>'))


def account(request: Request) -> Response:
    signed_in = "session=s1" in request.headers.get("Cookie", "")
    return page("Account", BUY) if signed_in else Response(303, [("Location", "/login")])


@pytest.fixture(scope="module")
def app() -> Iterator[WebApp]:
    program("chromium-headless-shell")
    load_catalogue()
    framed = page("Framed", "<iframe src='/login'></iframe>")
    closed = page("Closed", "<x-pay id='pay'><template shadowrootmode='closed'><button>Pay</button></template></x-pay>")
    pages: dict[str, Any] = {"/": page("Shop", "<a href='/login'>Enter</a>"), "/login": login, "/account": account}
    with WebApp({**pages, "/framed": framed, "/closed": closed}) as app:
        yield app


@pytest.fixture
def url(app: WebApp) -> Url:
    credentials = {"clerk": {"user": "clerk", "password": PASSWORD}, "robot": {"token": "t0ken-of-robot"}}
    return Url.model_validate({"name": "shop", "url": app.url, "credentials": credentials})


SIGN_IN: list[dict[str, Any]] = [
    {"go": "/login"},
    {"fill": {"label": "User", "value": {"credential": "clerk", "field": "user"}}},
    {"fill": {"label": "Password", "value": {"credential": "clerk", "field": "password"}}},
    {"click": {"role": "button", "name": "Sign in"}},
    {"expect": {"role": "status", "contains": "Welcome", "url": "/account"}},
]


def false(url: Url, steps: list[dict[str, Any]]) -> ClaimFalse:
    with pytest.raises(ClaimFalse) as caught:
        judge("browser.flow", url, steps=steps)
    return caught.value


def test_flow_passes(url: Url) -> None:
    seen = judge(
        "browser.flow",
        url,
        steps=[
            {"click": {"text": "Enter"}},
            *SIGN_IN[1:3],
            {"select": {"label": "Country", "option": "Peru"}},
            {"check": {"label": "Stay"}},
            {"uncheck": {"label": "Stay"}},
            {"upload": {"label": "Picture", "filename": "a.txt", "content": "a"}},
            {"fill": {"css": "input[name=user]", "value": "clerk"}},
            {"press": "Enter"},
            {"wait_for": {"role": "heading", "name": "Shop", "exact": True}},
            {"name": "buy it", "click": {"role": "button", "name": "Buy"}},
            {"capture": {"order": {"css": "#order"}}},
            {"expect": {"url": "/orders/${order}", "title": "${order}", "absent": {"role": "alert"}}},
            {"expect": {"css": "b", "contains": "${order}", "count": 1}},
        ],
    )
    assert seen.text.startswith("14 of 14 steps done, the last: expect 1 × css 'b' containing '${order}'")
    assert "/orders/A-17, 'Order A-17'" in seen.text
    assert not seen.warning
    (shot,) = seen.attachments
    assert shot.name == "journey.png"
    assert shot.data.startswith(b"\x89PNG")


def test_flow_names_the_step_that_fails(url: Url, app: WebApp, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = LOGIN.replace("<form", "<form onsubmit='return false'")
    monkeypatch.setitem(app.routes, "/login", page("Sign in", broken.format(told="")))
    failed = false(url, [*SIGN_IN[:-1], {**SIGN_IN[-1], "timeout_s": 1}])
    assert failed.expected == "step 5 of 5, expect status containing 'Welcome', address /account"
    assert failed.seen.startswith("the address http://localhost:")
    assert "/login after 1 s (at http://localhost" in failed.seen
    assert "4 steps done before" in failed.seen
    assert len(failed.attachments) == 1


def test_flow_hides_secrets(url: Url, app: WebApp, monkeypatch: pytest.MonkeyPatch) -> None:
    """A page that shows the password again does not bring it into the report."""
    monkeypatch.setitem(
        app.routes, "/login", lambda request: login(request._replace(body=request.body.replace(b"battery", b"x")))
    )
    lines: list[str] = []
    monkeypatch.setattr(audit, "_sink", lines.append)
    failed = false(url, [*SIGN_IN[:-1], {**SIGN_IN[-1], "timeout_s": 0.5}])
    assert "which says 'Wrong:" in failed.seen
    told = page("No", f"<p role='alert'>Wrong: {PASSWORD}</p>")
    monkeypatch.setitem(app.routes, "/login", lambda request: login(request) if request.method == "GET" else told)
    failed = false(url, [*SIGN_IN[:-1], {**SIGN_IN[-1], "timeout_s": 0.5}])
    assert "which says 'Wrong: …'" in failed.seen
    assert PASSWORD not in str(failed)
    assert re.fullmatch(
        r"step 1 of 5 at http://localhost:\d+: go /login", next(line for line in lines if "step 1" in line)
    )
    assert any("step 3 of 5" in line and "with the password of credential clerk" in line for line in lines)
    assert not any(PASSWORD in line for line in lines)


@pytest.mark.parametrize(
    ("step", "seen"),
    [
        ({"click": {"role": "button", "name": "Register"}, "timeout_s": 0.5}, "it is not there after 0.5 s"),
        ({"fill": {"label": "Nothing", "value": "x"}, "timeout_s": 0.5}, "it is not there after 0.5 s"),
        ({"click": {"css": "label"}, "timeout_s": 0.5}, "5 elements match"),
        ({"go": "/nowhere"}, "404 for http://localhost"),
        ({"press": "Nokey"}, "Unknown key"),
        ({"select": {"label": "Country", "option": "Utopia"}, "timeout_s": 0.5}, "it is there, but"),
        ({"expect": {"absent": {"text": "Shop"}}, "timeout_s": 0.5}, "text 'Shop' is there after 0.5 s"),
        ({"expect": {"css": "label", "count": 2}, "timeout_s": 0.5}, "5 of them after 0.5 s"),
        ({"expect": {"title": "Bank"}, "timeout_s": 0.5}, "the title 'Sign in' after 0.5 s"),
        ({"expect": {"url": "/account"}, "timeout_s": 0.5}, "the address http://localhost"),
        ({"capture": {"name": {"css": "input[name=user]"}}, "timeout_s": 0.5}, "it is empty"),
        ({"capture": {"name": {"css": "#none"}}, "timeout_s": 0.5}, "it is not there after 0.5 s"),
    ],
)
def test_flow_fails(url: Url, step: dict[str, Any], seen: str) -> None:
    failed = false(url, [{"go": "/login"}, step, {"expect": {"text": "Shop"}}])
    assert failed.expected.startswith("step 2 of 3, ")
    assert failed.seen.startswith(seen)


def test_flow_warns_where_the_last_expectation_held_before(url: Url) -> None:
    seen = judge("browser.flow", url, steps=[*SIGN_IN[:4], {"expect": {"role": "heading", "name": "Shop"}}])
    assert seen.warning == (
        "'expect heading 'Shop'' already held before 'click button 'Sign in'', so it does not show what that did"
    )


def test_flow_gives_credentials_to_the_declared_endpoint_only(url: Url, app: WebApp) -> None:
    with WebApp({"/": page("Other", LOGIN.format(told=""))}) as other:
        app.routes["/leave"] = Response(302, [("Location", other.url)])
        failed = false(url, [{"go": "/leave"}, SIGN_IN[2], {"expect": {"text": "x"}}])
        assert failed.seen.startswith(f"the journey is at {other.url}, which gets no credentials")
        assert [request.method for request in other.requests if request.path == "/"] == ["GET"]


def test_flow_takes_the_default_port_for_the_declared_endpoint() -> None:
    root = "https://localhost:443/"
    job = JourneyJob(Launch("chromium", root, "localhost", "", ""), root, "[]", {("clerk", "user"): "clerk"})
    page: Any = SimpleNamespace(url="https://localhost/login", context=None)
    tools: Any = None
    clerk = Part(credential="clerk", field="user")
    assert _Traveller(page, tools, job, "chromium", print)._value(clerk, page) == "clerk"


def test_flow_needs_the_credential(url: Url) -> None:
    for name, field, reason in (
        ("nobody", "user", "shop declares no credential 'nobody'"),
        ("robot", "password", "the credential 'robot' of shop has no password"),
    ):
        step = {"fill": {"label": "User", "value": {"credential": name, "field": field}}}
        with pytest.raises(NotDeclared, match=reason):
            judge("browser.flow", url, steps=[step, {"expect": {"text": "x"}}])


def test_flow_could_not_look(app: WebApp, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(CouldNotVerify, match="refused the connection"):
        judge("browser.flow", Url(name="shop", url=f"http://localhost:{free_port()}"), steps=[SIGN_IN[-1]])


@pytest.mark.parametrize(
    ("steps", "words"),
    [
        ([], "at least 1 item"),
        ([{"go": "/"}], "the last step must expect something to be there"),
        ([{"expect": {"absent": {"text": "x"}}}], "the last step must expect something to be there"),
        ([{"expect": {"text": "x", "count": 0}}], "the last step must expect something to be there"),
        ([{"expect": {}}], "this expects nothing"),
        ([{"expect": {"contains": "x", "title": "y"}}], "need an element beside them"),
        ([{"expect": {"text": ""}}], "at least 1 character"),
        ([{"go": "/", "press": "Enter"}, {"expect": {"text": "x"}}], "a step is exactly one of go, fill"),
        ([{"click": {"text": "x", "css": "y"}}, {"expect": {"text": "x"}}], "an element is named by exactly one of"),
        ([{"click": {"text": "x", "name": "y"}}, {"expect": {"text": "x"}}], "beside a 'role'"),
        ([{"go": "https://example.com"}, {"expect": {"text": "x"}}], "must begin with a slash"),
        ([{"expect": {"text": "${order}"}}], r"step 1 uses \$\{order\}, which no step before it captures"),
    ],
)
def test_flow_refuses_steps_that_prove_nothing(steps: list[dict[str, Any]], words: str) -> None:
    load_catalogue()
    with pytest.raises(ValidationError, match=words):
        CHECKS["browser.flow"].parameters.model_validate({"steps": steps})


def test_flow_is_active() -> None:
    load_catalogue()
    assert CHECKS["browser.flow"].check_class == "active"


def test_steps_survive_json() -> None:
    step = BrowserStep.model_validate({"expect": {"text": "x", "absent": {"css": "y"}}})
    assert BrowserStep.model_validate(json.loads(step.model_dump_json(exclude_defaults=True))) == step
    assert step.expect == PageExpectation(text="x", absent=Element(css="y"))


def test_unique_is_another_word_each_time(url: Url, app: WebApp) -> None:
    words = []
    for _ in range(2):
        steps = [
            {"go": "/login"},
            {"fill": {"label": "User", "value": "${unique}"}},
            {"press": "Enter"},
            {"expect": {"role": "alert"}},
        ]
        judge("browser.flow", url, steps=steps)
        words.append(parse_qs(app.requests[-1].body.decode())["user"][0])
    assert words[0] != words[1]
    assert re.fullmatch("r[0-9a-f]{8}", words[0])


FRAME = r"button 'Sign in' is in the frame http://localhost:\d+/login, and a journey does not look into frames"
CLOSED = r"cannot be seen, because nobody can look into the closed shadow tree of x-pay#pay"


@pytest.mark.parametrize(
    ("steps", "words"),
    [
        ([{"go": "/framed"}, {"click": {"role": "button", "name": "Sign in"}}], f"step 2 of 3, .*: {FRAME}"),
        ([{"go": "/framed"}, {"expect": {"role": "button", "name": "Sign in"}}], FRAME),
        ([{"go": "/closed"}, {"capture": {"what": {"text": "Pay"}}}], CLOSED),
        ([{"go": "/closed"}, {"expect": {"role": "heading", "absent": {"text": "Pay"}}}], CLOSED),
        ([{"go": "/closed"}, {"expect": {"text": "Pay", "count": 0}}], CLOSED),
    ],
)
def test_what_may_be_where_a_journey_does_not_look_is_no_verdict(
    url: Url, steps: list[dict[str, Any]], words: str
) -> None:
    there = {"expect": {"role": "heading", "name": "Shop"}}
    with pytest.raises(CouldNotVerify, match=words):
        judge("browser.flow", url, steps=[{**each, "timeout_s": 1} for each in steps] + [there])


def test_what_cannot_be_told_from_what_moves_is_no_pass(url: Url, app: WebApp, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(app.routes, "/told", page("Told", DRAWN + TOLD.format("color: transparent")))
    expect = {"expect": {"text": "Thank you, friend"}, "timeout_s": 0.3}
    with pytest.raises((CouldNotVerify, ClaimFalse)) as caught:
        judge("browser.flow", url, steps=[{"go": "/told"}, expect])
    # Where the machine is so busy that nothing is drawn between two pictures, they are alike, and it is not there.
    words = "cannot be told from what is behind it, which keeps|looks like what is behind it, so that nobody sees it"
    assert re.search(f"it is there, but ({words})", str(caught.value))


def test_xml_with_an_error_is_not_as_expected(url: Url, app: WebApp, monkeypatch: pytest.MonkeyPatch) -> None:
    text = b'<html xmlns="http://www.w3.org/1999/xhtml"><body><h1>Shop</h1><br></body></html>'
    monkeypatch.setitem(app.routes, "/told", Response(200, [("Content-Type", "application/xhtml+xml")], text))
    failed = false(url, [{"go": "/told"}, {"expect": {"role": "heading", "name": "Shop"}, "timeout_s": 0.3}])
    assert failed.seen.startswith("a page of XML that cannot be read to its end: error on line 1 at column")


def test_what_should_be_absent_is_not_absent_in_a_frame(url: Url) -> None:
    absent = {"expect": {"role": "heading", "absent": {"role": "button", "name": "Sign in"}}, "timeout_s": 1}
    assert "'Sign in' is there, in the frame" in false(url, [{"go": "/framed"}, absent]).seen
    # What is in no frame, and nowhere else, is not there.
    assert "it is not there" in false(url, [{"go": "/framed"}, {"expect": {"text": "Sold"}, "timeout_s": 1}]).seen


TOLD = '<p id="o" style="{}">Thank you, friend</p>'
AWAY = "position: absolute; width: 1px; height: 1px; overflow: hidden; clip: rect(0 0 0 0)"
DRAWN = """<canvas id="c" width="900" height="300" style="position: fixed; inset: 0; z-index: -1"></canvas><script>
const draw = c.getContext('2d');
(function again() {
  draw.fillStyle = `hsl(${Math.random() * 360} 90% 80%)`;
  draw.fillRect(0, 0, 900, 300);
  requestAnimationFrame(again);
})()</script>"""
UNSEEN: dict[str, tuple[str, str]] = {
    "transparent": (TOLD.format("opacity: 0"), "transparent"),
    "in something transparent": (f'<div style="opacity: 0">{TOLD.format("")}</div>', "transparent"),
    "read aloud only": (TOLD.format(AWAY), "of 1 × 1 px only"),
    "in something read aloud only": (f'<div style="{AWAY}">{TOLD.format("width: 90px")}</div>', "cut off"),
    "beyond the edge": (TOLD.format("position: absolute; left: -9999px"), "beyond an edge of the page"),
    "above the page": (TOLD.format("position: absolute; top: -999px"), "above the page"),
    "fixed below the window": (TOLD.format("position: fixed; top: 120vh"), "outside the window"),
    "white on white": (TOLD.format("color: #fff"), "written in the colour of its background"),
    "covered": (
        f'{TOLD.format("")}<div style="position: fixed; inset: 0; background: #fff">Error 500</div>',
        "covered",
    ),
    **{
        f"styled as {style}": (TOLD.format(style), "looks like what is behind it")
        for style in (
            "text-indent: -9999px",
            "filter: opacity(0)",
            "transform: rotateY(180deg); backface-visibility: hidden",
            "mask-image: linear-gradient(transparent, transparent)",
            "clip-path: circle(0)",
            "-webkit-text-fill-color: transparent",
            "color: #fefefe",
        )
    },
    "in a layer behind": (
        '<div style="background: #fff; position: relative; z-index: 0"><div style="background: #fff">'
        f'<div style="position: relative; z-index: -1">{TOLD.format("")}</div></div></div>',
        "looks like what is behind it",
    ),
    "where a page cannot be scrolled to": (
        f'<style>body {{ overflow: hidden }}</style><div style="height: 3000px"></div>{TOLD.format("")}',
        "outside the window, and the page cannot be scrolled",
    ),
    "in something closed": (
        f'<div style="max-height: 0; overflow: hidden">{TOLD.format("")}</div>',
        "cut off",
    ),
    "white at the end of what scrolls": (
        f'<div style="height: 60px; overflow: auto"><p style="height: 300px">{TOLD.format("color: #fefefe")}</div>',
        "looks like what is behind it",
    ),
    "of no size": (TOLD.format("font-size: 0"), "not visible"),
    "scaled to nothing": (TOLD.format("transform: scale(0)"), "not visible"),
    "covered by an image": (
        f'{TOLD.format("")}<img alt="" src="/x" style="position: fixed; inset: 0; width: 100%; height: 100%">',
        "covered",
    ),
}
SEEN: dict[str, str] = {
    "plain": TOLD.format(""),
    "far below": f'<div style="height: 3000px"></div>{TOLD.format("")}',
    "a notice that taps go through": TOLD.format("position: fixed; right: 9px; top: 9px; pointer-events: none"),
    "behind a veil": f'{TOLD.format("")}<div style="position: fixed; inset: 0; background: rgb(0 0 0 / 40%)"></div>',
    "to be scrolled to": f'<div style="height: 60px; overflow: auto"><p style="height: 300px">{TOLD.format("")}</div>',
    "at the end of a shell": '<div style="height: 90px; overflow: hidden"><div style="height: 100%; overflow: auto">'
    f'<p style="height: 300px">{TOLD.format("")}</div></div>',
    "at the end of a body that scrolls": "<style>html { overflow: hidden; height: 100% } body { overflow: auto; "
    f'height: 100% }}</style><div style="height: 3000px"></div>{TOLD.format("")}',
    "over what is drawn again and again": DRAWN + TOLD.format(""),
    "changing by itself": TOLD.format("") + "<script>setInterval(() => o.style.color = `hsl(${Math.random() * 360} 90% "
    "40%)`, 20)</script>",
    "fading in": f"<style>@keyframes in {{ from {{ opacity: 0 }} }}</style>{TOLD.format('animation: in 0.5s')}",
    "under its own label": '<label>Thank you, friend <input type="checkbox" style="opacity: 0"></label>',
    "pale": TOLD.format("color: #ccc"),
    "never transparent": "<style>#o { opacity: 1 !important; transition: all 9s }</style>" + TOLD.format(""),
    "white on dark": f'<div style="background: #222">{TOLD.format("color: #fff")}</div>',
    "filled with a gradient": TOLD.format("background: linear-gradient(red, blue) text; color: transparent"),
}


KEYS: dict[str, tuple[str, str]] = {
    "heard by key": ("onkeyup='heard(this)'", "tea"),
    "heard by press": ("onkeypress='setTimeout(() => heard(this))'", "tea"),
    "in a field for mail": ("type='email' oninput='heard(this)'", "a@example.com"),
    "in the place of what was there": ("value='water' oninput='heard(this)'", "tea"),
    "in a field for a day": ("type='date' oninput='heard(this)'", "2026-03-02"),
}


@pytest.mark.parametrize("name", KEYS)
def test_what_is_filled_in_is_typed(url: Url, app: WebApp, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    how, value = KEYS[name]
    script = "<script>function heard(field) { o.textContent = 'Found ' + field.value }</script>"
    body = f"<label>Drink <input {how}></label><p id='o'></p>{script}"
    monkeypatch.setitem(app.routes, "/told", page("Told", body))
    fill = {"fill": {"label": "Drink", "value": value}, "timeout_s": 20}
    expect = {"expect": {"text": f"Found {value}"}, "timeout_s": 20}
    assert judge("browser.flow", url, steps=[{"go": "/told"}, fill, expect])


@pytest.mark.parametrize(
    ("how", "step", "words"),
    [
        (
            "<input onkeypress='return /[0-9]/.test(event.key)' oninput='o.textContent = value'>",
            {"fill": {"label": "Code", "value": "A-1"}},
            "the text '1' after",
        ),
        (
            "<input maxlength='2' oninput='o.textContent = value'>",
            {"fill": {"label": "Code", "value": "A-1"}},
            "the text 'A-' after",
        ),
        ("<input readonly>", {"fill": {"label": "Code", "value": "A-1"}}, "it is there, but cannot be filled in"),
        (
            "<select><option>B<option disabled>A-1</select>",
            {"select": {"label": "Code", "option": "A-1"}},
            "it is there, but its option 'A-1' is disabled",
        ),
        (
            "<select><option>B</select>",
            {"select": {"label": "Code", "option": "A-1"}},
            "it is there, but has no option 'A-1'",
        ),
    ],
)
def test_what_nobody_can_fill_in_is_not_filled_in(
    url: Url, app: WebApp, monkeypatch: pytest.MonkeyPatch, how: str, step: dict[str, Any], words: str
) -> None:
    monkeypatch.setitem(app.routes, "/told", page("Told", f"<label>Code {how}</label><p id='o'></p>"))
    expect = {"expect": {"css": "#o", "contains": "A-1"}, "timeout_s": 0.5}
    assert false(url, [{"go": "/told"}, {**step, "timeout_s": 2}, expect]).seen.startswith(words)


PART = '<p id="o">Thank you so much: <span style="{}">order 17</span></p>'
UNSEEN_WORDS: dict[str, tuple[str, str]] = {
    "transparent": (PART.format("opacity: 0"), "transparent"),
    "white on white": (PART.format("color: #fff"), "written in the colour of its background"),
    "read aloud only": (PART.format(AWAY), "of 1 × 1 px only"),
    "masked": (PART.format("clip-path: circle(0); display: inline-block"), "looks like what is behind it"),
    "cut off below": (
        '<div id="o" style="height: 30px; overflow: hidden"><p>Thank you</p><p>Yours</p><p>order 17</p></div>',
        "cut off",
    ),
    "not chosen": ("<select id='o'><option>Yours<option>order 17</select>", "not visible"),
    "cut off in part": (
        '<p id="o" style="width: 170px; overflow: hidden; white-space: nowrap; text-overflow: ellipsis">Thank you so '
        "much: order 17</p>",
        "cut off",
    ),
    "cut off by itself": (
        '<p id="o" style="width: 90px; overflow: hidden; white-space: nowrap">Thank you so much: order 17</p>',
        "cut off",
    ),
}


@pytest.mark.parametrize("name", UNSEEN_WORDS)
def test_words_that_nobody_sees_are_not_there(
    url: Url, app: WebApp, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    body, words = UNSEEN_WORDS[name]
    monkeypatch.setitem(app.routes, "/told", page("Told", body))
    failed = false(url, [{"go": "/told"}, {"expect": {"css": "#o", "contains": "order 17"}, "timeout_s": 0.3}])
    assert failed.seen.startswith(f"'order 17' is in it, but {words}, so that nobody sees that after 0.3 s")


def test_words_that_a_person_sees_are_there(url: Url, app: WebApp, monkeypatch: pytest.MonkeyPatch) -> None:
    hidden = '<span style="opacity: 0">order 17</span>'
    told = f'{hidden}<p>Order <b>17</b></p><p style="height: 2em; overflow: auto">Yours<br><br><br>order 18</p>{hidden}'
    told += "<select><option>Yours<option selected>order 19</select>"
    monkeypatch.setitem(
        app.routes, "/told", page("Told", f'<div id="o" style="text-transform: lowercase">{told}</div>')
    )
    for words in ("order 17", "order 18", "order 19"):
        judge("browser.flow", url, steps=[{"go": "/told"}, {"expect": {"css": "#o", "contains": words}}])


@pytest.mark.parametrize(
    ("body", "expect", "words"),
    [
        ("<details><summary>Log</summary>Thank you</details>", {"text": "Thank you"}, "it is there, but not visible"),
        (
            "<img src='/gone.png' width='90' height='90' alt='Thanks'>",
            {"role": "img", "name": "Thanks"},
            "it is there, but not loaded",
        ),
    ],
)
def test_what_is_there_in_name_only_is_not_seen(
    url: Url, app: WebApp, monkeypatch: pytest.MonkeyPatch, body: str, expect: dict[str, Any], words: str
) -> None:
    monkeypatch.setitem(app.routes, "/told", page("Told", body))
    assert false(url, [{"go": "/told"}, {"expect": expect, "timeout_s": 0.3}]).seen.startswith(words)


@pytest.mark.parametrize("status", [500, 503])
def test_an_error_of_the_server_is_no_success(
    url: Url, app: WebApp, monkeypatch: pytest.MonkeyPatch, status: int
) -> None:
    monkeypatch.setitem(
        app.routes, "/form", page("Form", "<form action='/sent' method='post'><button>Send</button></form>")
    )
    monkeypatch.setitem(app.routes, "/sent", page("Thanks", "<p>Thank you</p>", status))
    send = {"click": {"role": "button", "name": "Send"}}
    failed = false(url, [{"go": "/form"}, send, {"expect": {"text": "Thank you"}, "timeout_s": 0.3}])
    assert failed.seen.startswith(f"the page was answered with the error {status}")


def test_an_error_of_the_visitor_may_be_expected(url: Url, app: WebApp, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(
        app.routes, "/form", page("Form", "<form action='/sent' method='post'><button>Send</button></form>")
    )
    monkeypatch.setitem(app.routes, "/sent", page("Form", "<p>The name is missing</p>", 422))
    send = {"click": {"role": "button", "name": "Send"}}
    judge("browser.flow", url, steps=[{"go": "/form"}, send, {"expect": {"text": "The name is missing"}}])


@pytest.mark.parametrize("name", UNSEEN)
def test_what_nobody_sees_is_not_there(url: Url, app: WebApp, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    body, words = UNSEEN[name]
    monkeypatch.setitem(app.routes, "/told", page("Told", body))
    failed = false(url, [{"go": "/told"}, {"expect": {"text": "Thank you, friend"}, "timeout_s": 0.3}])
    assert failed.seen.startswith(f"it is there, but {words}")
    assert "so that nobody sees it after 0.3 s" in failed.seen


@pytest.mark.parametrize("name", SEEN)
def test_what_a_person_sees_is_there(url: Url, app: WebApp, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setitem(app.routes, "/told", page("Told", SEEN[name]))
    way = {"role": "checkbox"} if "checkbox" in SEEN[name] else {"text": "Thank you, friend"}
    assert judge("browser.flow", url, steps=[{"go": "/told"}, {"expect": way}]).text


@pytest.mark.parametrize("style", ["", ' style="opacity: 0"'])
def test_a_policy_against_inline_styles_does_not_hide_what_is_seen(
    url: Url, app: WebApp, monkeypatch: pytest.MonkeyPatch, style: str
) -> None:
    """Such a policy forbids to set the attribute: what was made transparent to be compared would stay so."""
    told = page("Told", f"<p id=o{style}>Order 17</p>", Content_Security_Policy="default-src 'self'")
    monkeypatch.setitem(app.routes, "/told", told)
    steps = [{"go": "/told"}, {"expect": {"css": "#o", "contains": "Order 17"}}, {"expect": {"css": "#o"}}]
    assert judge("browser.flow", url, steps=steps).text
