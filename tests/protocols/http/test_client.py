"""Which connection a request goes over, and that no answer is taken for another request's."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable
from typing import Any

import pytest
from pydantic import SecretStr, ValidationError

from pytest_readiness.core.evidence import ClaimFalse, CouldNotVerify
from pytest_readiness.domains.http.facts.pages import Page
from pytest_readiness.domains.http.resource import Credential, Url
from pytest_readiness.protocols.http import client
from pytest_readiness.protocols.http.client import Session
from pytest_readiness.protocols.http.errors import Broken
from pytest_readiness.protocols.http.trust import Trust
from tests.judging import judge, read
from tests.stack.certs import Authority, Certificate
from tests.stack.patience import patient
from tests.stack.silent import Response, SilentServer, WebApp

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"

Talk = Callable[[socket.socket, int], None]


class Talking(SilentServer):
    """Talks over each connection, from after the handshake on, as a function does.

    Attributes:
        asked: the request lines so far.
    """

    def __init__(self, talk: Talk, certificate: Certificate | None = None) -> None:
        super().__init__(certificate)
        self.asked: list[str] = []
        self.said = threading.Event()
        self._talk = talk

    def _serve(self, connection: socket.socket, number: int) -> None:
        if isinstance(connection, ssl.SSLSocket):
            connection.do_handshake()
        try:
            self._talk(connection, number)
        finally:
            connection.close()
            self.said.set()

    def request(self, connection: socket.socket) -> str:
        """Read a request without a body; empty where the client closes the connection."""
        line = connection.recv(65536).partition(b"\r\n")[0].decode()
        if line:
            self.asked.append(line)
        return line


def https(server: Any, authority: Authority) -> Url:
    return Url(name="shop", url=server.url, ca=authority.ca_file)


def root(url: Url, known: dict[str, Any] | None = None) -> Page:
    page: Page = read("root_page", url, known=known)
    return page


def test_the_first_request_takes_the_connection_that_was_looked_at(authority: Authority) -> None:
    with WebApp({"/": Response()}, authority.issue()) as app:
        assert root(https(app, authority)).first.status == 200
        assert app.connections == 1
        untrusted = root(Url(name="shop", url=app.url))
        assert untrusted.tls_error.startswith("the certificate of localhost:")
        # What cannot be verified is looked at once more, whether it speaks TLS at all; the request makes its own.
        assert app.connections == 1 + 3


@pytest.mark.parametrize("said", [b"", b"HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n"])
def test_what_a_server_says_before_the_request_is_not_the_answer(authority: Authority, said: bytes) -> None:
    def talk(connection: socket.socket, number: int) -> None:
        if number == 1:
            connection.sendall(said)
        elif server.request(connection):
            connection.sendall(OK)

    with Talking(talk, authority.issue()) as server:
        url, known = https(server, authority), dict[str, Any]()
        read("connection", url, known=known)
        assert server.said.wait(patient(10))
        assert root(url, known).first.status == 200
        assert server.asked == ["GET / HTTP/1.1"]


def test_a_first_request_is_not_sent_again(authority: Authority) -> None:
    def talk(connection: socket.socket, number: int) -> None:
        if server.request(connection) and number > 1:
            connection.sendall(OK)

    with Talking(talk, authority.issue()) as server:
        with pytest.raises(Broken):
            root(https(server, authority))
        assert server.asked == ["GET / HTTP/1.1"]


def test_a_request_over_a_kept_connection_is_sent_again_unless_it_must_not() -> None:
    def talk(connection: socket.socket, number: int) -> None:
        while line := server.request(connection):
            if server.asked.count(line) == 1 and " /drop" in line:
                return
            connection.sendall(OK)

    with Talking(talk) as server:
        url = Url(name="shop", url=server.url)
        with Session(server.url) as session:
            assert [session.get(f"{server.url}{path}").status for path in ("/", "/drop")] == [200, 200]
        before = server.connections
        with Session(server.url, once=True) as session:
            assert [session.get(f"{server.url}/").status for _ in range(3)] == [200] * 3
            with pytest.raises(Broken):
                session.get(f"{server.url}/drop-2")
        assert server.connections == before + 4
        flow = [{"name": "a page", "get": "/"}, {"name": "a voucher", "get": "/drop-3", "expect": {"text": "hello"}}]
        with pytest.raises(CouldNotVerify, match="reset or closed"):
            judge("http.flow", url, steps=flow)
        assert [server.asked.count(f"GET /drop{n} HTTP/1.1") for n in ("", "-2", "-3")] == [2, 1, 1]


@pytest.mark.parametrize("asked_before", [False, True])
def test_an_idle_connection_does_not_keep_others_waiting(
    authority: Authority, monkeypatch: pytest.MonkeyPatch, asked_before: bool
) -> None:
    one = threading.Lock()

    def talk(connection: socket.socket, number: int) -> None:
        """Serve the connection until its client closes it, and only then the next."""
        with one:
            while server.request(connection):
                connection.sendall(OK)

    monkeypatch.setattr(client, "IDLE_SECONDS", 0.2)
    with Talking(talk, authority.issue()) as server:
        url = https(server, authority)
        root(url) if asked_before else read("connection", url)
        with socket.create_connection(("127.0.0.1", server.port), timeout=patient(10)) as other:
            context = ssl.create_default_context(cafile=str(authority.ca_file))
            with context.wrap_socket(other, server_hostname="localhost") as waiting:
                waiting.sendall(b"GET / HTTP/1.1\r\n\r\n")
                assert waiting.recv(100).startswith(b"HTTP/1.1 200 OK")
        # The next request does not go out over what was shut down meanwhile.
        assert root(url).first.status == 200


def test_that_a_kept_connection_was_closed_is_no_refusal() -> None:
    """The server takes TRACE, but serves only one request over a connection and says nothing of that."""

    def talk(connection: socket.socket, number: int) -> None:
        line = server.request(connection)
        taken = line.startswith(("GET", "TRACE"))
        status = b"200 OK" if taken else b"405 No"
        body = line.encode()
        connection.sendall(b"HTTP/1.1 %b\r\nContent-Length: %d\r\n\r\n%b" % (status, len(body), body))

    with Talking(talk) as server, pytest.raises(ClaimFalse, match="200"):
        judge("http.methods", Url(name="shop", url=server.url), allowed=["GET"])


def test_an_interim_answer_is_not_the_answer() -> None:
    final = {"/": OK, "/health": OK.replace(b"200 OK", b"500 No")}
    later = threading.Event()

    def talk(connection: socket.socket, number: int) -> None:
        while line := server.request(connection):
            connection.sendall(b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n\r\n")
            # So that the client has read the one before the other is there.
            later.wait(0.1)
            connection.sendall(b"HTTP/1.1 102 Processing\r\n\r\n" + final[line.split()[1]])

    with Talking(talk) as server:
        url, known = Url(name="shop", url=server.url), dict[str, Any]()
        assert root(url, known).first.status == 200
        assert read("page", url, {"page": ("/health",)}, known)["/health"].first.status == 500


def test_what_is_left_of_an_answer_is_not_the_next_one(authority: Authority) -> None:
    """Longer than what http.client reads at once, and in one record, so that only OpenSSL knows of the rest."""
    long = b"HTTP/1.1 200 OK\r\nContent-Length: 9000\r\n\r\n" + b"x" * 9000

    def talk(connection: socket.socket, number: int) -> None:
        while line := server.request(connection):
            connection.sendall(long + OK if " /x " in line else OK.replace(b"200 OK", b"500 No"))

    with Talking(talk, authority.issue()) as server, Session(server.url, trust=Trust(authority.ca_file)) as session:
        assert session.get(f"{server.url}/x").status == 200
        assert session.get(f"{server.url}/y").status == 500
    assert server.asked == ["GET /x HTTP/1.1", "GET /y HTTP/1.1"]


def test_a_common_name_is_not_a_name(authority: Authority) -> None:
    with WebApp({"/": Response()}, authority.issue(["localhost"], alternative=False)) as app:
        assert "the certificate has no subjectAltName" in root(https(app, authority)).tls_error


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_a_server_that_wants_a_client_certificate_refuses_the_handshake(
    authority: Authority, version: ssl.TLSVersion
) -> None:
    class Strict(WebApp):
        def _serve(self, connection: socket.socket, number: int) -> None:
            try:
                super()._serve(connection, number)
            except ssl.SSLError:
                # A close with unread data would be a reset, which overtakes the alert.
                while socket.socket.recv(connection, 65536):
                    pass

    with Strict({"/": Response()}, authority.issue()) as app:
        assert app._tls
        app._tls.minimum_version = app._tls.maximum_version = version
        app._tls.load_verify_locations(authority.ca_file)
        app._tls.verify_mode = ssl.CERT_REQUIRED
        assert "refused the TLS handshake" in root(https(app, authority)).tls_error


@pytest.mark.parametrize("token", ["secret-of-the-clerk\n", "costs-5-€"])
def test_a_token_that_no_header_can_hold_is_a_mistake(token: str) -> None:
    with pytest.raises(ValidationError, match="the token would hold a line break") as caught:
        Credential(token=SecretStr(token))
    assert token.strip() not in str(caught.value)


def test_what_is_spoken_inside_tls_is_said_only_for_http(authority: Authority) -> None:
    trust = Trust(authority.ca_file)
    assert trust.context("http/1.1") is trust.context("http/1.1")
    assert trust.context("http/1.1") is not trust.context()
