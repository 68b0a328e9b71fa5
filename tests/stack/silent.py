"""Small servers that misbehave in one way each, and an HTTP(S) application whose answers can be changed."""

from __future__ import annotations

import socket
import ssl
import struct
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from http.server import BaseHTTPRequestHandler
from typing import NamedTuple, Self
from urllib.parse import urlsplit

from tests.stack.certs import Certificate

READY = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 6\r\nConnection: close\r\n\r\nready\n"


class _Server:
    """Listens on a free port of 127.0.0.1 and serves each connection in a thread of its own.

    Attributes:
        port: where it listens, from construction on.
        connections: how many it has accepted so far.
    """

    def __init__(self, certificate: Certificate | None = None) -> None:
        self.connections = 0
        self._stopping = threading.Event()
        self._open: list[socket.socket] = []
        self._threads = [threading.Thread(target=self._accept)]
        self._tls: ssl.SSLContext | None = None
        if certificate:
            self._tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self._tls.load_cert_chain(certificate.chain, certificate.key)
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        # Inherited by what it accepts; else the body of a second answer on a connection waits 40 ms for an ACK.
        self._listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.port: int = self._listener.getsockname()[1]

    def __enter__(self) -> Self:
        self._threads[0].start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._stopping.set()
        # Closing alone would not wake a thread that is blocked in accept or recv.
        self._listener.shutdown(socket.SHUT_RDWR)
        self._threads[0].join()
        self._listener.close()
        for connection in self._open:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        for thread in self._threads[1:]:
            thread.join()

    @property
    def url(self) -> str:
        """Its address by name."""
        return f"{'https' if self._tls else 'http'}://localhost:{self.port}"

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                if self._tls:
                    connection = self._tls.wrap_socket(connection, server_side=True, do_handshake_on_connect=False)
                self.connections += 1
                self._open.append(connection)
                self._threads.append(threading.Thread(target=self._handle, args=(connection, self.connections)))
                self._threads[-1].start()

    def _handle(self, connection: socket.socket, number: int) -> None:
        with suppress(OSError), connection:
            self._serve(connection, number)

    def _serve(self, connection: socket.socket, number: int) -> None:
        """Serve the connection with that number, counted from 1; it is closed afterwards."""
        raise NotImplementedError


class SilentServer(_Server):
    """Accepts and reads, but never answers."""

    def _serve(self, connection: socket.socket, number: int) -> None:
        self._stopping.wait()


class DrippingServer(_Server):
    """Begins an HTTP answer and then sends one byte of it every ``interval`` seconds, without end."""

    def __init__(self, interval: float = 0.05) -> None:
        super().__init__()
        self.interval = interval

    def _serve(self, connection: socket.socket, number: int) -> None:
        connection.recv(65536)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n")
        while not self._stopping.wait(self.interval):
            connection.sendall(b".")


class FlakyServer(_Server):
    """Resets the first ``resets`` connections, and answers HTTP requests on later ones with 200 "ready"."""

    def __init__(self, resets: int = 1) -> None:
        super().__init__()
        self.resets = resets

    def _serve(self, connection: socket.socket, number: int) -> None:
        connection.recv(65536)
        if number <= self.resets:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        else:
            connection.sendall(READY)


class Request(NamedTuple):
    """What a client asked a WebApp for; header names are as sent."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes


class Response(NamedTuple):
    """What a WebApp answers, after ``delay`` seconds; Content-Length is added."""

    status: int = 200
    headers: Sequence[tuple[str, str]] = ()
    body: bytes = b""
    delay: float = 0.0


Route = Response | Callable[[Request], Response]


class WebApp(_Server):
    """``with WebApp({"/health": Response(body=b"ok")}) as app:`` an application of fixed or computed answers.

    Attributes:
        routes: path to Response, or to a function from Request to Response; may be changed while it serves.
            Every method is answered alike; to HEAD, without the body.
        other: what other paths answer, 404 from the beginning.
        requests: all requests so far.
    """

    def __init__(self, routes: Mapping[str, Route] | None = None, https: Certificate | None = None) -> None:
        super().__init__(https)
        self.routes: dict[str, Route] = dict(routes or {})
        self.other: Route = Response(404, body=b"not found\n")
        self.requests: list[Request] = []

    def count(self, path: str) -> int:
        """How many requests there were for that path, whatever method and query."""
        return sum(request.path == path for request in self.requests)

    def _serve(self, connection: socket.socket, number: int) -> None:
        app = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def __getattr__(self, name: str) -> Callable[[], None]:
                # The base class looks up do_GET and the like; a route answers every method.
                if name.startswith("do_"):
                    return self.answer
                raise AttributeError(name)

            def answer(self) -> None:
                url = urlsplit(self.path)
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                request = Request(self.command, url.path, url.query, dict(self.headers), body)
                app.requests.append(request)
                route = app.routes.get(url.path, app.other)
                response = route(request) if callable(route) else route
                if app._stopping.wait(response.delay):
                    return
                self.send_response_only(response.status)
                for name, value in response.headers:
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(response.body)))
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(response.body)

            def log_message(self, format: str, *arguments: object) -> None:
                pass

        if isinstance(connection, ssl.SSLSocket):
            connection.do_handshake()
        Handler(connection, connection.getpeername(), None)  # type: ignore[arg-type]
