"""One origin behind requests' transport adapter: at a given address, with its own trust, watched by one clock.

The adapter without requests' Session, which would ask the environment for a proxy and passwords, keep cookies, and read
the body of a redirect to its end even where it is not followed. Imported only where something is asked for.
"""

from __future__ import annotations

import http.client
import io
import ssl
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from socket import socket
from typing import Any

from requests import PreparedRequest, RequestException, Response
from requests.adapters import HTTPAdapter
from requests.structures import CaseInsensitiveDict
from urllib3 import BaseHTTPResponse, HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import HeaderParsingError, HTTPError
from urllib3.util.response import assert_header_parsing

from pytest_readiness.core.evidence import CouldNotVerify
from pytest_readiness.core.text import cut
from pytest_readiness.protocols.alarm import Alarm, shut_at
from pytest_readiness.protocols.http.errors import Nobody, Untrusted
from pytest_readiness.protocols.http.limits import CONNECT_SECONDS, MAX_HEADERS
from pytest_readiness.protocols.http.refusals import refusal


class BadHeadersError(Exception):
    """The headers of an answer cannot be used; the text continues after "was answered with"."""


class Transport(HTTPAdapter):
    """Requests to one origin, over one connection for as long as the server keeps it.

    Args:
        host: name of the origin or its IP address, in ASCII.
        port: its port.
        address: what is connected to.
        context: how TLS is verified; None speaks plain http.
        headers: of every request, besides Host.
        ready: a verified TLS connection to begin with, if the server has not closed it and has said nothing.

    Attributes:
        place: host and port, for messages.
        connections: how many it took so far.
        socket: what the last request was sent over, unless it was closed afterwards.
        target: what the current request asks for.
        sent: reading of the monotonic clock when it began to be sent, over an established connection.
    """

    def __init__(
        self,
        host: str,
        port: int,
        address: str,
        context: ssl.SSLContext | None,
        headers: Mapping[str, str],
        ready: ssl.SSLSocket | None = None,
    ) -> None:
        super().__init__()
        self.place = f"{host}:{port}"
        self.connections = 0
        self.socket: socket | None = None
        self._ready = ready
        self.target = ""
        self.sent = 0.0
        self._host, self._port, self._address, self._context = host, port, address, context
        scheme, usual = ("https", 443) if context else ("http", 80)
        named = (f"[{host}]" if ":" in host else host) + (f":{port}" if port != usual else "")
        self._root = f"{scheme}://{named}/"
        self._headers = {"Host": named, **headers}
        self._pool: HTTPConnectionPool | None = None
        self._until = 0.0
        self._alarm: Alarm | None = None

    def get_connection_with_tls_context(self, *_: object, **__: object) -> HTTPConnectionPool:
        """The pool of the origin, of one connection."""
        if not self._pool and self._context:
            # The name is compared by the context's sockets; urllib3 would do it again, by rules of its own.
            self._pool = HTTPSConnectionPool(
                self._address,
                self._port,
                ssl_context=self._context,
                server_hostname=self._host,
                transport=self,
                assert_hostname=False,
            )
            self._pool.ConnectionCls = _SecureConnection
        elif not self._pool:
            self._pool = HTTPConnectionPool(self._address, self._port, transport=self)
            self._pool.ConnectionCls = _Connection
        return self._pool

    def cert_verify(self, *_: object, **__: object) -> None:
        """Leave it to the context; requests would trust certifi's bundle as well."""

    def build_response(self, req: PreparedRequest, resp: BaseHTTPResponse) -> Response:
        """Nothing but urllib3's answer; requests would read its cookies, and warn with a traceback where it cannot."""
        answer = Response()
        answer.request, answer.raw = req, resp
        return answer

    def close(self) -> None:
        """Close the connection; the next request makes a new one."""
        super().close()
        if ready := self.take_ready():
            ready.close()
        if self._pool:
            self._pool.close()
            self._pool = self.socket = None

    def take_ready(self) -> ssl.SSLSocket | None:
        """The connection to begin with, once."""
        ready, self._ready = self._ready, None
        return ready

    @contextmanager
    def ask(
        self,
        method: str,
        target: str,
        until: float,
        timeout: tuple[float, float],
        *,
        headers: Iterable[tuple[str, str]] = (),
        body: bytes | io.RawIOBase = b"",
    ) -> Iterator[BaseHTTPResponse]:
        """The answer to a request, of which the body is still to be read.

        Args:
            method: sent as it is given.
            target: path and query, sent as they are given.
            until: reading of the monotonic clock at which the connection is shut down.
            timeout: in seconds, for connecting (and again for TLS), and between two bytes of the answer.
            headers: besides the usual ones, or instead of those of the same name.
            body: sent with its length.

        Raises:
            CouldNotVerify: there is no connection.
            BadHeadersError: see there.
            OSError, http.client.HTTPException: what happened to the answer, as the socket and http.client say it.
            HTTPError: what only urllib3 finds wrong with it.
        """
        self.target, self._until = target, until
        try:
            # Prepared by hand: what requests would look into again, address and headers, is as it is to be sent.
            request = PreparedRequest()
            request.method, request.url = method, self._root
            request.headers = CaseInsensitiveDict({**self._headers, **dict(headers)})
            request.prepare_body(body, None)
            with self.send(request, stream=True, timeout=timeout) as answer:
                yield answer.raw
        except (RequestException, HTTPError) as error:
            raise _root(error) from None
        finally:
            if self._alarm:
                self._alarm.cancel()

    def begin(self, sock: socket) -> None:
        """Start the clock of the request that is about to be sent over the socket."""
        # A timeout on the socket bounds only the gap between two bytes.
        self.socket = sock
        self._alarm = shut_at(self._until, sock)
        self.sent = time.monotonic()


class _Answer(http.client.HTTPResponse):
    def _read_status(self) -> tuple[str, int, str]:
        # http.client takes any interim answer but 100 for the final one, which would then be taken for that of the
        # next request (RFC 9110 15.2).
        while True:
            version, status, reason = super()._read_status()  # type: ignore[misc]
            if status == http.HTTPStatus.SWITCHING_PROTOCOLS or not 100 <= status < 200:
                return version, status, reason
            http.client.parse_headers(self.fp)

    def begin(self) -> None:
        super().begin()
        try:
            # After a line that is not a header, everything that follows is silently taken for something else. urllib3
            # asks the same, but only writes what it finds into its log, in full.
            assert_header_parsing(self.msg)
        except HeaderParsingError:
            raise BadHeadersError("headers that are malformed") from None
        if sum(len(name) + len(value) for name, value in self.msg.items()) > MAX_HEADERS:
            raise BadHeadersError(f"more than {MAX_HEADERS // 1024} KiB of headers")


class _Connection(HTTPConnection):
    response_class = _Answer

    def __init__(self, *args: Any, transport: Transport, **options: Any) -> None:
        super().__init__(*args, **options)
        self._transport = transport

    def connect(self) -> None:
        place = self._transport.place
        self._transport.connections += 1
        try:
            super().connect()
        except HTTPError as error:
            # Before TLS, and only there, urllib3 wraps what the socket says.
            why = error.__cause__
            if isinstance(why, TimeoutError):
                raise Nobody(f"{place} did not accept a connection within {CONNECT_SECONDS:g} s", "timeout") from None
            if isinstance(why, ConnectionRefusedError):
                raise Nobody(f"{place} refused the connection", "refused") from None
            reason = why.strerror if isinstance(why, OSError) and why.strerror else cut(str(why or error))
            raise CouldNotVerify(f"no connection to {place} ({reason})", transient=True) from None
        except ssl.SSLCertVerificationError as error:
            raise Untrusted(f"the certificate of {place} is not trusted ({refusal(error)})") from None
        except TimeoutError:
            raise CouldNotVerify(f"{place} did not answer the TLS handshake within {CONNECT_SECONDS:g} s") from None
        except (ssl.SSLEOFError, ssl.SSLZeroReturnError, ConnectionError):
            raise CouldNotVerify(f"{place} closed the connection during the TLS handshake", transient=True) from None
        except ssl.SSLError as error:
            raise Untrusted(f"{place} refused the TLS handshake ({refusal(error)})") from None
        except OSError as error:
            raise CouldNotVerify(f"no TLS connection to {place} ({error.strerror or error})", transient=True) from None

    def request(self, method: str, url: str, *args: Any, **options: Any) -> None:  # noqa: ARG002
        if self.is_closed:
            self.connect()
        elif not _is_quiet(self.sock):
            # What is left of an answer, or was sent without a question, must not be taken for the next answer.
            self.close()
            self.connect()
        self._transport.begin(self.sock)
        # requests and urllib3 would rewrite what they are given (dot segments, escapes) and write it into their log.
        super().request(method, self._transport.target, *args, **options)


class _SecureConnection(_Connection, HTTPSConnection):
    def connect(self) -> None:
        ready = self._transport.take_ready()
        if ready and _is_quiet(ready):
            self._transport.connections += 1
            self.sock, self.is_verified = ready, True
            return
        if ready:
            ready.close()
        super().connect()


def _is_quiet(connection: socket) -> bool:
    """Whether the server has neither closed a connection nor sent anything but session tickets (RFC 8446 4.6.1)."""
    timeout = connection.gettimeout()
    try:
        connection.setblocking(False)
        connection.recv(1)
    except (ssl.SSLWantReadError, BlockingIOError):
        return True
    except OSError:
        pass
    finally:
        connection.settimeout(timeout)
    return False


def _root(error: BaseException) -> BaseException:
    """What requests and urllib3 wrapped."""
    while isinstance(error, RequestException | HTTPError) and error.__context__:
        error = error.__context__
    return error
