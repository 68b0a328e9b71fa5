from __future__ import annotations

import gzip
import socket
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import pytest

from pytest_readiness import __version__
from pytest_readiness.core.evidence import CouldNotVerify, Unreachable
from pytest_readiness.core.text import cut
from pytest_readiness.domains.http.facts.pages import Samples
from pytest_readiness.domains.http.facts.unwanted import Sought
from pytest_readiness.domains.http.resource import Url
from pytest_readiness.protocols.http import client as http_client
from pytest_readiness.protocols.http.addresses import shown
from pytest_readiness.protocols.http.answer import Response as Read
from pytest_readiness.protocols.http.client import Session
from tests.judging import read
from tests.stack.certs import Authority, Certificate
from tests.stack.fixtures import NginxFactory
from tests.stack.patience import patient
from tests.stack.process import free_port
from tests.stack.silent import DrippingServer, FlakyServer, Request, Response, SilentServer, WebApp


class Raw(SilentServer):
    """Sends fixed bytes after the request, then closes; the last piece again and again where it is a function."""

    def __init__(self, *pieces: bytes | Callable[[], bytes], certificate: Certificate | None = None) -> None:
        super().__init__(certificate)
        self.pieces = pieces

    def _serve(self, connection: socket.socket, number: int) -> None:
        connection.recv(65536)
        for piece in self.pieces:
            if isinstance(piece, bytes):
                connection.sendall(piece)
            while callable(piece) and not self._stopping.wait(0.02):
                connection.sendall(piece())


OK = b"HTTP/1.1 200 OK\r\n"
NOTHING = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


def shop(server: Any, **fields: Any) -> Url:
    return Url(name="shop", url=server.url, **fields)


def reason(name: str, url: Url, asks: Any = None) -> str:
    with pytest.raises(CouldNotVerify) as caught:
        read(name, url, asks)
    assert not caught.value.reason.endswith(".")
    return caught.value.reason


@pytest.fixture
def brisk(monkeypatch: pytest.MonkeyPatch) -> None:
    """Limits that a test can wait for."""
    monkeypatch.setattr(http_client, "READ_SECONDS", 0.3)
    monkeypatch.setattr(http_client, "REQUEST_SECONDS", 0.6)


def test_response_carries_status_headers_and_body() -> None:
    headers = [("X-A", "1"), ("x-a", "2"), ("Set-Cookie", "sid=secret; Secure"), ("Set-Cookie", "b=2")]
    with WebApp({"/": Response(headers=headers, body=b"\xef\xbb\xbfready \xff\n")}) as app:
        answer = read("response", shop(app))
    assert (answer.status, answer.body, answer.truncated) == (200, "ready �\n", False)
    assert answer.values("X-A") == ("1", "2")
    assert answer.header("x-a") == "1, 2"
    assert answer.values("set-cookie") == ("sid=…; Secure", "b=…")
    assert 0 < answer.seconds < patient(5)
    (request,) = app.requests
    assert request.method == "GET"
    assert request.headers == {
        "Host": f"localhost:{app.port}",
        "Accept-Encoding": "identity",
        "User-Agent": f"pytest-readiness/{__version__}",
        "Accept": "*/*",
    }


def test_nothing_is_asked_twice(authority: Authority) -> None:
    with WebApp({"/": Response(), "/health": Response()}, authority.issue()) as app:
        url, known = shop(app, ca=authority.ca_file), dict[str, Any]()
        asks = {"page": ("/", "/health")}
        pages = read("page", url, asks, known)
        assert pages["/"].first is read("response", url, asks, known)
        assert pages["/health"].first.status == 200
    assert [request.path for request in app.requests] == ["/", "/health"]


def test_environment_changes_nothing(authority: Authority, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{free_port()}")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    (tmp_path / "netrc").write_text("machine localhost login user password secret\n")
    with WebApp({"/": Response()}, authority.issue()) as app:
        assert read("response", shop(app, ca=authority.ca_file)).status == 200
    assert "Authorization" not in app.requests[0].headers


def test_address_keeps_name_in_sni_and_host(authority: Authority) -> None:
    with WebApp({"/": Response()}, authority.issue(["shop.example.com"])) as app:
        url = Url(name="shop", url=f"https://shop.example.com:{app.port}", address="127.0.0.1", ca=authority.ca_file)
        assert read("response", url).status == 200
    assert app.requests[0].headers["Host"] == f"shop.example.com:{app.port}"


def test_redirects_are_followed_within_the_host(authority: Authority) -> None:
    certificate = authority.issue()
    routes = {"/": Response(302, [("Location", "/en/")]), "/en/": Response(body=b"hello")}
    with WebApp(routes, certificate) as app:
        found = read("root_page", shop(app, ca=authority.ca_file))
        assert [answer.status for answer in found.answers] == [302, 200]
        assert (found.first.status, found.last.body) == (302, "hello")
        assert found.first.location == f"{app.url}/en/"


@pytest.mark.parametrize(
    "location",
    ["https://elsewhere.example.com/", "http://localhost:1/", "//elsewhere.example.com/", "ftp://localhost/"],
)
def test_redirects_are_not_followed_off_the_host(authority: Authority, location: str) -> None:
    with WebApp({"/": Response(302, [("Location", location)])}, authority.issue()) as app:
        found = read("root_page", shop(app, ca=authority.ca_file))
    assert [answer.status for answer in found.answers] == [302]
    assert found.last.status == 302


@pytest.mark.parametrize("location", ["http://[::1/", "http://localhost:x/", ""])
def test_redirects_that_lead_nowhere(location: str) -> None:
    with WebApp({"/": Response(302, [("Location", location)])}) as app:
        assert read("response", shop(app)).location == ""


def test_a_page_is_always_on_the_host() -> None:
    with WebApp({"/": Response(), "//elsewhere.example.com/": Response()}) as app:
        page = read("page", shop(app), {"page": ("//elsewhere.example.com/",)})["//elsewhere.example.com/"]
    assert page.url == f"{app.url}//elsewhere.example.com/"


def test_a_base_path_is_the_root_but_no_prefix() -> None:
    with WebApp({"/shop": Response(), "/health": Response(204)}) as app:
        url = Url(name="shop", url=f"{app.url}/shop")
        assert read("response", url).status == 200
        assert read("page", url, {"page": ("/health",)})["/health"].first.status == 204


def test_endless_redirects_end() -> None:
    with WebApp({"/": lambda request: Response(302, [("Location", f"/?n={request.query}1")])}) as app:
        assert read("root_page", shop(app)).endless
        assert reason("response", shop(app)) == f"GET {app.url} was redirected more than 5 times"
    assert len(app.requests) == 12


def test_a_page_is_its_own_answer() -> None:
    with WebApp({"/": Response(), "/health": Response(302, [("Location", "/")])}) as app:
        page = read("page", shop(app), {"page": ("/health?full=1",)})["/health?full=1"]
    assert page.first.status == 302
    assert app.requests[-1].query == "full=1"


@pytest.mark.parametrize(
    ("certificate", "why"),
    [
        (lambda authority: authority.issue(expired=True), "a certificate of the path has expired"),
        (lambda authority: authority.issue(["shop.example.com"]), "the certificate is not for this name"),
        (lambda authority: authority.self_signed(), "the certificate is self-signed"),
        (lambda authority: authority.issue(via_intermediate=True, chain="missing"), "no path leads to the trust store"),
    ],
)
def test_untrusted_certificates_end_everything_but_the_record(
    authority: Authority, certificate: Callable[[Authority], Certificate], why: str
) -> None:
    with WebApp({"/": Response()}, certificate(authority)) as app:
        url = shop(app, ca=authority.ca_file)
        root = read("root_page", url)
        page = read("page", url, {"page": ("/health",)})["/health"]
        assert root.answers == page.answers == ()
        assert why in root.tls_error
        assert why in page.tls_error
        for name in ("response", "missing_page", "served_files", "latency"):
            asks = {"served_files": (Sought("/.env"),), "latency": (Samples("", 5),)}
            assert f"the certificate of localhost:{app.port} is not trusted ({why}" in reason(name, url, asks)
    assert app.requests == []


def test_the_systems_store_does_not_trust_a_private_authority(authority: Authority) -> None:
    with WebApp({"/": Response()}, authority.issue()) as app:
        assert "no path leads to the trust store" in read("root_page", shop(app)).tls_error


def test_the_bundle_of_requests_is_not_trusted(authority: Authority, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("requests.adapters.DEFAULT_CA_BUNDLE_PATH", str(authority.ca_file))
    with WebApp({"/": Response()}, authority.issue()) as app:
        assert "no path leads to the trust store" in read("root_page", shop(app)).tls_error


@pytest.mark.parametrize(("text", "why"), [(None, "does not exist"), ("no certificate", "no certificate in PEM")])
def test_an_authority_that_cannot_be_read(authority: Authority, tmp_path: Path, text: str | None, why: str) -> None:
    path = tmp_path / "ca.pem"
    if text:
        path.write_text(text)
    with WebApp({"/": Response()}, authority.issue()) as app:
        said = reason("root_page", shop(app, ca=path))
    assert said.startswith(f"the authority's file {path} could not be read (")
    assert why in said


def test_tls_handshake_refused(nginx_factory: NginxFactory, authority: Authority) -> None:
    old = {"protocols": "TLSv1", "ciphers": "ALL:@SECLEVEL=0"}
    with nginx_factory(https=authority.issue(), **old) as server:  # type: ignore[arg-type]
        found = read("root_page", shop(server, ca=authority.ca_file))
    assert f"localhost:{server.https_port} refused the TLS handshake (" in found.tls_error


def test_plain_side(authority: Authority, nginx_factory: NginxFactory) -> None:
    with nginx_factory(https=authority.issue(), redirect=True) as server:
        url = shop(server, ca=authority.ca_file, plain_http=server.http_url)
        plain = read("plain_response", url)
        assert (plain.answer.status, plain.answer.location) == (301, f"{server.url}/")
        closed = read("plain_response", url.model_copy(update={"plain_http": f"http://localhost:{free_port()}"}))
        assert (closed.nobody, closed.answer) == ("refused", None)


def test_plain_side_of_a_plain_endpoint_is_its_root() -> None:
    with WebApp({"/": Response()}) as app:
        assert read("plain_response", shop(app)).answer.status == 200
    assert app.count("/") == 1


def test_silence_is_given_up(brisk: None) -> None:
    with SilentServer() as server:
        assert reason("response", shop(server)) == f"GET {server.url} was not answered within 0.3 s"


def test_silence_in_the_tls_handshake(brisk: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pytest_readiness.domains.tls.facts.connection.CONNECT_SECONDS", 0.3)
    with SilentServer() as server, pytest.raises(Unreachable, match="did not answer the TLS handshake"):
        read("root_page", Url(name="shop", url=f"https://localhost:{server.port}"))


@pytest.mark.parametrize(
    "pieces",
    [
        (OK + b"\r\n", lambda: b"."),
        (OK, lambda: b"X: y\r\n"),
        (OK + b"X: ", lambda: b"y"),
        (OK + b"Transfer-Encoding: chunked\r\n\r\n", lambda: b"1\r\n.\r\n"),
    ],
    ids=["body", "headers", "header", "chunks"],
)
@pytest.mark.parametrize("secure", [False, True])
def test_dripping_is_given_up(brisk: None, authority: Authority, pieces: Any, secure: bool) -> None:
    with Raw(*pieces, certificate=authority.issue() if secure else None) as server:
        said = reason("response", shop(server, ca=authority.ca_file))
    # Dripping headers may meet the library's limit on their number first.
    assert "was not answered completely in time (at most 0.6 s)" in said or "got more than 100 headers" in said


def test_dripping_server_of_the_stack_is_given_up(brisk: None) -> None:
    with DrippingServer() as server:
        assert "not answered completely in time" in reason("response", shop(server))


def test_a_reset_is_transient() -> None:
    with FlakyServer(resets=2) as server:  # the first connection is only looked at
        with pytest.raises(CouldNotVerify) as caught:
            read("response", shop(server))
        assert caught.value.transient
        assert caught.value.reason == f"GET {server.url} was answered by a connection that was reset or closed"
    with FlakyServer(resets=0) as server:
        assert read("response", shop(server)).body == "ready\n"


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        OK + b"Content-Length: 10\r\n\r\nhalf",
        OK + b"Transfer-Encoding: chunked\r\n\r\nff\r\nhalf",
        OK + b"Transfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n",
    ],
)
def test_an_answer_that_breaks_off_is_transient(answer: bytes) -> None:
    with Raw(answer) as server, pytest.raises(CouldNotVerify, match="reset or closed") as caught:
        read("response", shop(server))
    assert caught.value.transient


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (b"SSH-2.0-OpenSSH_9.2\r\n", "not answered in readable HTTP (SSH-2.0-OpenSSH_9.2)"),
        (b"\x15\x03\x01\x00\x02\x02\x46", "not answered in readable HTTP"),
        (b"HTTP/1.1 abc Huh\r\n\r\n", "not answered in readable HTTP"),
        (OK + b"X: " + b"a" * 70000 + b"\r\n\r\n", "not answered in readable HTTP (got more than 65536 bytes"),
        (OK + b"X: y\r\n" * 200 + b"\r\n", "not answered in readable HTTP (got more than 100 headers)"),
        (OK + (b"X: " + b"a" * 1000 + b"\r\n") * 90 + b"\r\n", "answered with more than 64 KiB of headers"),
        (OK + b"A: b\r\nno header\r\nStrict-Transport-Security: max-age=1\r\n\r\n", "headers that are malformed"),
        (OK + b"A: b\r\nFrom elsewhere\r\n\r\n", "headers that are malformed"),
        (OK + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\n..", "not answered in readable HTTP (Content-Length"),
        (OK + b"Content-Encoding: br\r\nContent-Length: 1\r\n\r\n.", "in the coding 'br'"),
        (OK + b"Content-Encoding: gzip\r\nContent-Length: 1\r\n\r\n.", "in the coding 'gzip'"),
        (OK + b"Transfer-Encoding: chunked\r\n\r\nxyz\r\n", "reset or closed"),
    ],
)
def test_what_is_no_http_is_said(answer: bytes, why: str) -> None:
    with Raw(answer) as server:
        assert why in reason("response", shop(server))


def test_nothing_of_an_answer_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    with Raw(OK + b"A: b\r\nsecret\r\n\r\n") as server:
        assert "headers that are malformed" in reason("response", shop(server))
    with WebApp({"/": Response(302, [("Location", "/cb?code=secret")]), "/cb": Response()}) as app:
        assert read("response", shop(app)).status == 200
    assert app.requests[-1].query == "code=secret"
    assert "secret" not in caplog.text


@pytest.mark.parametrize(
    "header", [b"Content-Type: multipart/mixed; boundary=x", b"Set-Cookie: a=b; Expires=Thu, 99 Foo 9999 99:99:99 GMT"]
)
def test_odd_headers_are_data(header: bytes) -> None:
    with Raw(OK + header + b"\r\n\r\n") as server:
        assert read("response", shop(server)).status == 200


@pytest.mark.parametrize("path", ["/a/../b", "/./b", "/a//b", "/%2e%2e/%2F", "/100%"])
def test_paths_are_sent_as_given(path: str) -> None:
    with WebApp({"/": Response(), path: Response()}) as app:
        assert read("page", shop(app), {"page": (path,)})[path].first.status == 200


def test_header_with_control_characters_stays_data() -> None:
    with Raw(OK + b"Server: a\x1b[31m\x00\x07b\r\nX: one\r\n two\r\nContent-Length: 0\r\n\r\n") as server:
        answer = read("response", shop(server))
    assert answer.header("server") == "a\x1b[31m\x00\x07b"
    assert answer.header("x") == "one two"


@pytest.mark.parametrize("packed", [False, True])
def test_large_bodies_are_cut(packed: bool) -> None:
    body = b"0" * 10_000_000
    headers = [("Content-Encoding", "gzip")] if packed else []
    with WebApp({"/": Response(headers=headers, body=gzip.compress(body) if packed else body)}) as app:
        answer = read("response", shop(app))
    assert (len(answer.body), answer.truncated) == (1024 * 1024, True)


def test_packed_body_is_unpacked() -> None:
    with WebApp({"/": Response(headers=[("Content-Encoding", "gzip")], body=gzip.compress(b"ready"))}) as app:
        assert read("response", shop(app)).body == "ready"


def test_a_server_error_is_not_the_page() -> None:
    with WebApp({"/": Response(502, body=b"bad gateway")}) as app:
        assert reason("response", shop(app)) == f"GET {app.url} was answered 502, an error instead of the page"
        app.routes = {"/": Response(200, [("Content-Type", "text/html")], gzip.compress(b"<h1>Shop</h1>", mtime=0))}
        for fact in ("response", "front_page"):
            assert "with a page that is no text; it may be compressed" in reason(fact, shop(app))


def test_latency_keeps_its_connection(authority: Authority) -> None:
    with WebApp({"/": Response(), "/slow": Response(delay=0.05)}, authority.issue()) as app:
        before = app.connections
        found = read("latency", shop(app, ca=authority.ca_file), {"latency": (Samples("/slow", 6),)})
        assert app.connections == before + 2  # for the root, for the samples
    seen = found[Samples("/slow", 6)]
    assert (seen.connections, seen.statuses, app.count("/slow")) == (1, (200,) * 6, 6)
    assert all(0.05 <= seconds < patient(5) for seconds in seen.seconds)


def test_latency_makes_new_connections_where_none_is_kept() -> None:
    with FlakyServer(resets=0) as server:
        seen = read("latency", shop(server), {"latency": (Samples("", 5),)})[Samples("", 5)]
    assert (seen.connections, len(seen.seconds)) == (5, 5)


def test_a_kept_connection_that_the_server_closes_is_made_anew() -> None:
    class Closing(SilentServer):
        def _serve(self, connection: socket.socket, number: int) -> None:
            connection.recv(65536)
            connection.sendall(OK + b"Content-Length: 0\r\n\r\n")

    with Closing() as server:
        seen = read("latency", shop(server), {"latency": (Samples("", 5),)})[Samples("", 5)]
    assert (seen.connections, seen.statuses) == (5, (200,) * 5)


def test_texts_are_cut_and_queries_hidden() -> None:
    assert shown("https://shop.example.com/cb?code=secret") == "https://shop.example.com/cb?…"
    assert cut("one\r\n two.\n") == "one two"
    assert cut("x" * 300) == "x" * 199 + "…"


def test_html_is_known_by_type_or_beginning() -> None:
    with WebApp({"/": Response(body=b"\n<!DOCTYPE html><p>hello")}) as app:
        answer: Read = read("response", shop(app))
    assert answer.html
    assert not replace(answer, headers=(("content-type", "text/plain"),)).html
    assert replace(answer, headers=(("content-type", "text/html; charset=utf-8"),), body="x").html


@pytest.mark.parametrize(
    ("location", "goal"),
    [
        ("/café".encode(), "/café"),
        ("/café".encode("latin-1"), "/café"),
        (b"en/?a=1", "/en/?a=1"),
        (b"/one\r\nLocation: /one", "/one"),
        (b"/one\r\nLocation: /two", ""),
        (b"/\\elsewhere.example.com/x", "//elsewhere.example.com/x"),
        (b"\\\\elsewhere.example.com", "//elsewhere.example.com"),
        (b"/a?b=\\c", "/a?b=\\c"),
    ],
)
def test_locations_are_read_as_browsers_do(location: bytes, goal: str) -> None:
    with (
        Raw(b"HTTP/1.1 302 Found\r\nLocation: " + location + b"\r\nContent-Length: 0\r\n\r\n") as server,
        Session(server.url) as session,
    ):
        assert session.get(server.url).location == (urljoin(server.url, goal) if goal else "")


@pytest.mark.parametrize(
    ("kind", "charset", "text"),
    [
        ("text/html; charset=ISO-8859-1", "latin-1", "<p>Für Äpfel"),
        ("text/html; charset=ISO-8859-1", "windows-1252", "<p>„Äpfel“ 5 €"),
        ('text/html; charset="Shift_JIS"', "shift_jis", "<p>日本"),
        ("text/html", "latin-1", '<meta charset="iso-8859-1"><p>Für'),
        ("text/html", "koi8-r", '<meta http-equiv="Content-Type" content="text/html; charset=koi8-r"><p>Мир'),
        ("text/html; charset=utf-8", "utf-8", '<meta charset="iso-8859-1"><p>Für'),
        ("text/html; charset=utf-16", "utf-16", "<p>Für"),
        ("text/html; charset=unicode_escape", "utf-8", r"<p>\x41"),
        ("text/html; charset=rot13", "utf-8", "<p>Für"),
        ("application/json", "utf-8", '{"meta": "Für"}'),
        ("", "utf-8", "Für"),
    ],
)
def test_pages_are_read_in_their_charset(kind: str, charset: str, text: str) -> None:
    headers = [("Content-Type", kind)] if kind else []
    with WebApp({"/": Response(headers=headers, body=text.encode(charset))}) as app:
        assert read("response", shop(app)).body == text


def test_a_redirect_to_itself_that_sets_a_cookie_ends() -> None:
    def visited(request: Request) -> Response:
        if request.headers.get("Cookie") == "seen=1; lang=en":
            return Response(body=b"hello")
        cookies = [
            ("Set-Cookie", "seen=1; Path=/; HttpOnly"),
            ("Set-Cookie", "lang=en"),
            ("Set-Cookie", "old=; Max-Age=0"),
        ]
        return Response(302, [("Location", "/"), *cookies])

    with WebApp({"/": visited}) as app:
        found = read("root_page", shop(app))
    assert [answer.status for answer in found.answers] == [302, 200]
    assert "seen=1" not in repr(found)


def test_a_file_that_the_server_hangs_up_on_is_not_served() -> None:
    class Closing(SilentServer):
        def _serve(self, connection: socket.socket, number: int) -> None:
            _, _, path = connection.recv(65536).partition(b" HTTP/")[0].partition(b" ")
            if path != b"/.env":
                connection.sendall(NOTHING if path != b"/" else OK + b"Content-Length: 0\r\nConnection: close\r\n\r\n")

    with Closing() as server:
        env, other = read("served_files", shop(server), {"served_files": (Sought("/.env"), Sought("/x"))})
    assert (env.status, env.signs, other.status) == (0, (), 404)
