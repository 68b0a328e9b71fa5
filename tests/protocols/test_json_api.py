"""Services that speak JSON, asked over real connections on loopback."""

from __future__ import annotations

import gzip
import json
import resource
import socket
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest

from pytest_readiness.core import audit
from pytest_readiness.core.evidence import CouldNotVerify
from pytest_readiness.protocols.http.credentials import basic
from pytest_readiness.protocols.http.trust import Trust
from pytest_readiness.protocols.json_api import JsonApi, NotJson, Refused
from tests.stack.certs import Authority
from tests.stack.silent import Request, Response, WebApp

GIB = 1024**3


def of(value: Any, *headers: tuple[str, str], status: int = 200) -> Response:
    return Response(status, [("Content-Type", "application/json"), *headers], json.dumps(value).encode())


@pytest.fixture
def app() -> Iterator[WebApp]:
    with WebApp() as app:
        yield app


# What is asked


def test_paths_are_relative_to_the_base_and_parameters_are_encoded(app: WebApp) -> None:
    app.routes["/api/v1/items"] = of({"items": []})
    for base in (f"{app.url}/api/v1", f"{app.url}/api/v1/"):
        with JsonApi(base, token="s3cret-token", headers=(("X-Org", "7"),)) as api:
            for path in ("items", "/items"):
                assert api.get(path, dict, query={"q": "a b&c", "limit": 5, "state": ["open", "done"]}) == {"items": []}
    assert {parse_qs(each.query)["q"][0] for each in app.requests} == {"a b&c"}
    assert parse_qs(app.requests[0].query)["state"] == ["open", "done"]
    first = app.requests[0].headers
    assert (first["Authorization"], first["X-Org"], first["Accept"]) == ("Bearer s3cret-token", "7", "application/json")


def test_a_post_sends_json(app: WebApp) -> None:
    app.routes["/refunds"] = lambda request: of({"got": json.loads(request.body)}, status=201)
    with JsonApi(app.url, headers=(basic("key", ""),)) as api:
        assert api.post("refunds", {"amount": 5}, dict, query={"expand": "charge"}) == {"got": {"amount": 5}}
    [request] = app.requests
    assert (request.method, request.query) == ("POST", "expand=charge")
    assert request.headers["Content-Type"] == "application/json"
    assert request.headers["Authorization"] == "Basic a2V5Og=="


def test_one_connection_serves_all_requests(app: WebApp) -> None:
    app.routes["/a"] = of([1])
    with JsonApi(app.url) as api:
        assert [api.get("a", list) for _ in range(3)] == [[1]] * 3
    assert app.connections == 1


def test_what_is_sent_stands_in_the_audit_log_without_its_parameters(app: WebApp, tmp_path: Path) -> None:
    app.routes["/a"] = of({})
    audit.start(audit.AuditLog(tmp_path / "audit", str, fresh=True))
    try:
        with JsonApi(app.url, token="s3cret-token") as api:
            api.get("a", dict, query={"key": "s3cret"})
    finally:
        audit.stop()
    [line] = (tmp_path / "audit").read_text().splitlines()
    assert f"GET {app.url}/a?… at localhost:{app.port}" in json.loads(line).values()
    assert "s3cret" not in line


def test_an_address_is_connected_to_in_place_of_the_name(authority: Authority) -> None:
    with WebApp({"/a": of({"ok": True})}, https=authority.issue(["api.example.com"])) as app:
        base = f"https://api.example.com:{app.port}"
        with JsonApi(base, address="127.0.0.1", trust=Trust(authority.ca_file)) as api:
            assert api.get("a", dict) == {"ok": True}
        with JsonApi(base, address="127.0.0.1") as api, pytest.raises(CouldNotVerify, match="is not trusted"):
            api.get("a", dict)
    assert app.requests[0].headers["Host"] == f"api.example.com:{app.port}"


@pytest.mark.parametrize("base", ["ftp://example.com", "/metrics", "https://", "http://[::1", "http://h:port/"])
def test_a_base_that_is_no_web_address(base: str) -> None:
    with pytest.raises(CouldNotVerify, match="is not a web address"):
        JsonApi(base)


# Pages


def test_pages_by_the_header_link(app: WebApp) -> None:
    def page(request: Request) -> Response:
        number = int(parse_qs(request.query).get("page", ["1"])[0])
        links = f'<{app.url}/items?page=1>; rel="first"'
        if number < 3:
            links += f', <items?page={number + 1}&per_page=2>; rel="next last"'
        return of([number], ("Link", links))

    app.routes["/items"] = page
    with JsonApi(app.url) as api:
        assert list(api.pages("items", list, query={"per_page": 2})) == [[1], [2], [3]]
    assert [each.query for each in app.requests] == ["per_page=2", "page=2&per_page=2", "page=3&per_page=2"]


def test_pages_by_a_cursor(app: WebApp) -> None:
    pages = {"": {"data": [1], "next": "b"}, "b": {"data": [2], "next": "c"}, "c": {"data": [3], "next": None}}
    app.routes["/charges"] = lambda request: of(pages[parse_qs(request.query).get("after", [""])[0]])

    def following(page: dict[str, Any]) -> dict[str, str] | None:
        return {"after": page["next"]} if page["next"] else None

    with JsonApi(app.url) as api:
        found = api.pages("charges", dict, query={"limit": 1}, following=following)
        assert next(found)["data"] == [1]
        assert len(app.requests) == 1, "a page is asked for before it is wanted"
        assert [page["data"] for page in found] == [[2], [3]]
    assert [each.query for each in app.requests] == ["limit=1", "limit=1&after=b", "limit=1&after=c"]


def test_a_list_without_end_is_given_up(app: WebApp) -> None:
    app.routes["/items"] = of([], ("Link", '</items>; rel="next"'))
    with JsonApi(app.url) as api, pytest.raises(CouldNotVerify, match=r"GET .*/items goes on after 4 pages"):
        list(api.pages("items", list, most=4))
    assert len(app.requests) == 4


@pytest.mark.parametrize("goal", ["http://127.0.0.1:{port}/items", "https://localhost:{port}/items", "http://[x"])
def test_a_next_page_elsewhere_is_not_asked_for(app: WebApp, goal: str) -> None:
    app.routes["/items"] = of([], ("Link", f'<{goal.format(port=app.port)}>; rel="next"'))
    with JsonApi(app.url, token="s3cret-token") as api, pytest.raises(CouldNotVerify, match="not on the same origin"):
        list(api.pages("items", list))
    assert len(app.requests) == 1


# Too many requests


def busy(times: int, *headers: tuple[str, str]) -> Callable[[Request], Response]:
    left = [times]

    def answer(request: Request) -> Response:
        left[0] -= 1
        return Response(429, headers) if left[0] >= 0 else of({"ok": True})

    return answer


def test_a_service_is_asked_again_after_the_time_that_it_says(app: WebApp) -> None:
    app.routes["/a"] = busy(1, ("Retry-After", "1"))
    began = time.monotonic()
    with JsonApi(app.url) as api:
        assert api.get("a", dict) == {"ok": True}
    assert time.monotonic() - began >= 1
    assert len(app.requests) == 2


def test_a_service_is_asked_again_at_the_moment_that_it_says(app: WebApp) -> None:
    moment = datetime.now(UTC) + timedelta(seconds=2)
    app.routes["/a"] = busy(1, ("Retry-After", format_datetime(moment, usegmt=True)))
    with JsonApi(app.url) as api:
        assert api.get("a", dict) == {"ok": True}
    assert datetime.now(UTC) >= moment.replace(microsecond=0)


@pytest.mark.parametrize("told", ["0", "1"])
def test_waiting_is_bounded(app: WebApp, told: str) -> None:
    app.routes["/a"] = busy(1000, ("Retry-After", told))
    with (
        JsonApi(app.url, wait=1.5) as api,
        pytest.raises(Refused, match=f"429, too many requests; try again in {told} s"),
    ):
        api.get("a", dict)
    assert len(app.requests) == 2


@pytest.mark.parametrize(
    ("headers", "when"),
    [((), "later"), ((("Retry-After", "soon"),), "later"), ((("Retry-After", "3600"),), "in 3600 s")],
)
def test_what_would_take_too_long_is_not_waited_for(app: WebApp, headers: Any, when: str) -> None:
    app.routes["/a"] = busy(1000, *headers)
    began = time.monotonic()
    with (
        JsonApi(app.url) as api,
        pytest.raises(Refused, match=f"was answered 429, too many requests; try again {when}"),
    ):
        api.get("a", dict)
    assert len(app.requests) == 1
    assert time.monotonic() - began < 1


def test_waiting_ends_with_the_time_for_everything(app: WebApp) -> None:
    app.routes["/a"] = busy(1000, ("Retry-After", "5"))
    with JsonApi(app.url, until=time.monotonic() + 3) as api, pytest.raises(Refused, match="try again in 5 s"):
        api.get("a", dict)
    assert len(app.requests) == 1


# Answers that are none


def test_a_gigabyte_is_cut_at_the_cap() -> None:
    """It is neither read nor kept beyond that."""
    sent = 0

    def pour(listener: socket.socket) -> None:
        nonlocal sent
        connection, _ = listener.accept()
        with connection:
            connection.recv(65536)
            connection.sendall(f"HTTP/1.1 200 OK\r\nContent-Length: {GIB}\r\n\r\n[".encode())
            try:
                while sent < GIB:
                    sent += connection.send(b"1," * 32768)
            except OSError:
                return

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=pour, args=(listener,))
        thread.start()
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        with (
            JsonApi(f"http://127.0.0.1:{listener.getsockname()[1]}") as api,
            pytest.raises(CouldNotVerify, match=r"GET .*/a was answered with more than 8 MiB"),
        ):
            api.get("a", list)
        thread.join(30)
    assert sent < 64 * 1024**2
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 128 * 1024


def test_what_is_packed_is_cut_at_the_cap_too(app: WebApp) -> None:
    app.routes["/a"] = Response(headers=[("Content-Encoding", "gzip")], body=gzip.compress(b" " * 64 * 1024**2))
    with JsonApi(app.url, max_bytes=64 * 1024) as api:
        with pytest.raises(CouldNotVerify, match="more than 64 KiB"):
            api.get("a", dict)
        app.routes["/a"] = of({})
        assert api.get("a", dict) == {}


@pytest.mark.parametrize(
    ("body", "kind", "reason"),
    [
        (b"<!doctype html><title>Login</title>", dict, "no JSON"),
        (b"", dict, "no JSON"),
        (b'{"a": ', dict, "no JSON"),
        (b"[" * 200_000, list, "JSON that is nested too deeply to be read"),
        (b"[" * 200_000 + b"]" * 200_000, list, "JSON that is nested too deeply to be read"),
        (b"[]", dict, "an array in JSON instead of an object"),
        (b'{"message": "no"}', list, "an object in JSON instead of an array"),
        (b"null", dict, "null in JSON instead of an object"),
        (b"7", dict, "a number in JSON instead of an object"),
    ],
)
def test_answers_that_are_not_that_json(app: WebApp, body: bytes, kind: type, reason: str) -> None:
    app.routes["/a"] = Response(body=body)
    with JsonApi(app.url) as api, pytest.raises(NotJson) as refused:
        api.get("a", kind)
    assert refused.value.reason == f"GET {app.url}/a was answered with {reason}"


@pytest.mark.parametrize(
    ("status", "said", "transient"),
    [
        (400, "400", False),
        (401, "401, so it asks for a valid credential", False),
        (403, "403, so what was shown does not allow it", False),
        (404, "404", False),
        (500, "500", False),
        (503, "503", True),
    ],
)
def test_a_status_that_is_no_success(app: WebApp, status: int, said: str, transient: bool) -> None:
    app.routes["/a"] = of({"message": "no"}, status=status)
    with JsonApi(app.url) as api, pytest.raises(Refused) as refused:
        api.post("a", {}, dict)
    assert refused.value.reason == f"POST {app.url}/a was answered {said}"
    assert (refused.value.status, refused.value.transient) == (status, transient)


def test_an_answer_of_any_kind_can_be_had(app: WebApp) -> None:
    app.routes["/a"] = Response(204)
    with JsonApi(app.url) as api:
        assert api.send("DELETE", "a", body={"ids": [1]}).status == 204
    assert (app.requests[0].method, app.requests[0].body) == ("DELETE", b'{"ids": [1]}')


# Redirects


def test_a_redirect_is_not_followed_unless_that_is_wanted(app: WebApp) -> None:
    app.routes["/a"] = Response(302, [("Location", "/login?next=secret")])
    app.routes["/login"] = of({"ok": True})
    with JsonApi(app.url) as api, pytest.raises(Refused) as refused:
        api.get("a", dict)
    to = f"a redirect to {app.url}/login?…, which is not followed"
    assert refused.value.reason == f"GET {app.url}/a was answered 302, {to}"
    with JsonApi(app.url, redirects=1) as api:
        assert api.get("a", dict) == {"ok": True}
        with pytest.raises(Refused, match=r"POST .* was answered 302, a redirect to .*, which is not followed"):
            api.post("a", {}, dict)


def test_credentials_do_not_follow_a_redirect_to_another_origin(app: WebApp) -> None:
    with WebApp({"/b": of({"ok": True})}) as other:
        app.routes["/a"] = Response(307, [("Location", f"{other.url}/b")])
        with JsonApi(app.url, token="s3cret-token", headers=(("X-Key", "s3cret"),), redirects=1) as api:
            assert api.get("a", dict) == {"ok": True}
    assert not {"Authorization", "X-Key"}.intersection(other.requests[0].headers)


def test_redirects_end(app: WebApp) -> None:
    app.routes["/a"] = Response(302, [("Location", "/a")])
    with (
        JsonApi(app.url, name="the forge", redirects=2) as api,
        pytest.raises(CouldNotVerify, match="the forge redirected more than 2 times, last to http"),
    ):
        api.get("a", dict)
    assert len(app.requests) == 3


@pytest.mark.parametrize(
    ("goal", "reason"),
    [
        ("http://localhost:1/", "the forge led to http://localhost:1/, which is not https"),
        ("ftp://localhost/", "the forge led to ftp://localhost/, which is not a web address"),
    ],
)
def test_a_redirect_that_is_never_followed(authority: Authority, goal: str, reason: str) -> None:
    with (
        WebApp({"/a": Response(302, [("Location", goal)])}, https=authority.issue()) as app,
        JsonApi(app.url, name="the forge", trust=Trust(authority.ca_file), redirects=1) as api,
        pytest.raises(CouldNotVerify) as refused,
    ):
        api.get("a", dict)
    assert refused.value.reason == reason


# No answer at all


def test_nobody_answers() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with JsonApi(f"http://127.0.0.1:{port}") as api, pytest.raises(CouldNotVerify, match="refused the connection"):
        api.get("a", dict)
