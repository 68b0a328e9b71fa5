"""One GET after the other to one origin, bounded in time and size, over TLS that is verified.

The standard library's client, because three things must be in hand that those on top of it hide: the address that is
connected to (while the name stays in SNI and Host), one clock over a whole answer, and headers as they were sent.
Nothing is read from the environment (no proxy, no netrc), and no redirect is followed.
"""

from __future__ import annotations

import math
import re
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal, Self
from urllib.parse import quote, urljoin, urlsplit

from pytest_readiness import __version__
from pytest_readiness.evidence import CouldNotVerify
from pytest_readiness.facts.connection import CONNECT_SECONDS, Connection
from pytest_readiness.target.resources import Url

if TYPE_CHECKING:
    import socket
    import ssl
    import threading
    from http.client import HTTPConnection, HTTPResponse
    from pathlib import Path

READ_SECONDS = 5.0
"""For the TLS handshake, and between two bytes of an answer."""
REQUEST_SECONDS = 10.0
"""From connecting to the last byte of one answer."""
MAX_HEADERS = 64 * 1024
MAX_BODY = 1024 * 1024
USER_AGENT = f"pytest-readiness/{__version__}"


@dataclass(frozen=True, slots=True)
class Response:
    """One answer to one GET.

    Attributes:
        url: what was asked for.
        status: status code.
        headers: names in lower case and values, in the order of the answer, repeated ones kept apart; the values of
            cookies are masked, their names and attributes are not.
        body: text, undecodable bytes replaced, at most 1 MiB.
        truncated: the body went on beyond that.
        seconds: from sending the request to the last byte that was read, over a connection that stood.
        at: when it was read.
    """

    url: str
    status: int
    headers: tuple[tuple[str, str], ...]
    body: str
    truncated: bool
    seconds: float
    at: datetime

    def values(self, name: str) -> tuple[str, ...]:
        """The values of every header with that name."""
        return tuple(value for each, value in self.headers if each == name.lower())

    def header(self, name: str) -> str:
        """The values of a header joined by commas (RFC 9110 5.3); "" where it is absent."""
        return ", ".join(self.values(name))

    @property
    def secure(self) -> bool:
        """Whether it came over TLS."""
        return self.url.startswith("https:")

    @property
    def html(self) -> bool:
        """Whether it is a page, by Content-Type, or where that is missing by its beginning."""
        kind = self.header("content-type").partition(";")[0].strip().lower()
        if kind:
            return kind in ("text/html", "application/xhtml+xml")
        return self.body.lstrip("\ufeff \t\r\n")[:15].lower().startswith(("<!doctype html", "<html"))

    @property
    def location(self) -> str:
        """Absolute address that a redirect leads to; "" for any other answer, or where it cannot be read."""
        if self.status not in (301, 302, 303, 307, 308):
            return ""
        try:
            target = urljoin(self.url, self.header("location"))
            _ = urlsplit(target).port
        except ValueError:
            return ""
        return target if self.header("location") else ""


class Untrusted(CouldNotVerify):
    """No verified TLS connection came about; the reason reads on after "because"."""


class Nobody(CouldNotVerify):
    """Nothing answers on the port."""

    def __init__(self, reason: str, how: Literal["refused", "timeout"]) -> None:
        super().__init__(reason)
        self.how = how


class Session:
    """GET requests to one origin, over one connection for as long as the server keeps it.

    Args:
        url: the endpoint, for its authority and addresses.
        connection: the host of the endpoint is reached at the address that answered this.
        origin: any address on the origin.
    """

    def __init__(self, url: Url, connection: Connection, origin: str) -> None:
        parts = urlsplit(origin)
        self.connections = 0
        self._secure = parts.scheme == "https"
        self._host = _ascii(parts.hostname or "")
        self._port = parts.port or (443 if self._secure else 80)
        self._address = connection.address if parts.hostname == url.host else (parts.hostname or "")
        self._ca = url.ca
        self._http: HTTPConnection | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection; the next request makes a new one."""
        if self._http:
            self._http.close()
            self._http = None

    def get(self, address: str, until: float = math.inf) -> Response:
        """Ask for an address on this origin.

        Args:
            address: absolute URL.
            until: reading of the monotonic clock at which an answer is given up sooner than after `REQUEST_SECONDS`.

        Raises:
            CouldNotVerify: no whole answer came in time.
        """
        until = min(until, time.monotonic() + REQUEST_SECONDS)
        if self._http:
            try:
                return self._exchange(self._http, address, until)
            except CouldNotVerify as error:
                # A server may close a kept connection at any moment; RFC 9112 9.3.1 then asks for a new one.
                if not error.transient:
                    raise
                self.close()
        self._http = self._connect(address, until)
        return self._exchange(self._http, address, until)

    def _connect(self, address: str, until: float) -> HTTPConnection:
        import socket
        import ssl
        from http.client import HTTPConnection

        place = f"{self._host}:{self._port}"
        http = HTTPConnection(self._host, self._port)
        http.default_port = 443 if self._secure else 80
        # Left to itself it would open a connection of its own, to another address and without TLS.
        http.auto_open = 0
        try:
            raw = socket.create_connection((self._address, self._port), min(CONNECT_SECONDS, _left(until)))
        except TimeoutError:
            raise Nobody(f"{place} did not accept a connection within {CONNECT_SECONDS:g} s", "timeout") from None
        except ConnectionRefusedError:
            raise Nobody(f"{place} refused the connection", "refused") from None
        except OSError as error:
            raise CouldNotVerify(f"no connection to {place} ({error.strerror or error})", transient=True) from None
        raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.connections += 1
        http.sock = raw
        if not self._secure:
            return http
        raw.settimeout(min(READ_SECONDS, _left(until)))
        try:
            http.sock = _context(self._ca).wrap_socket(raw, server_hostname=self._host)
        except ssl.SSLCertVerificationError as error:
            reason = cut(error.verify_message or str(error))
            raise Untrusted(f"the certificate of {place} is not trusted ({reason})") from None
        except TimeoutError:
            raise CouldNotVerify(
                f"{place} did not answer the TLS handshake of GET {address} within {READ_SECONDS:g} s"
            ) from None
        except (ssl.SSLEOFError, ssl.SSLZeroReturnError, ConnectionError):
            raise CouldNotVerify(f"{place} broke the connection off during the TLS handshake", transient=True) from None
        except ssl.SSLError as error:
            raise Untrusted(f"{place} refused the TLS handshake ({cut(error.reason or str(error))})") from None
        except OSError as error:
            raise CouldNotVerify(f"no TLS connection to {place} ({error.strerror or error})", transient=True) from None
        finally:
            if http.sock is raw:
                raw.close()
        return http

    def _exchange(self, http: HTTPConnection, address: str, until: float) -> Response:
        import ssl
        from http.client import HTTPException, IncompleteRead

        said = f"GET {shown(address)}"
        http.sock.settimeout(min(READ_SECONDS, _left(until)))
        with _alarm(http.sock, until) as late:
            try:
                started = time.monotonic()
                http.request("GET", target(address), headers={"User-Agent": USER_AGENT, "Accept": "*/*"})
                with http.getresponse() as answer:
                    headers = _headers(answer, said)
                    raw = answer.read(MAX_BODY + 1)
                    if len(raw) <= MAX_BODY and answer.length:
                        raise IncompleteRead(raw, answer.length)
                seconds = time.monotonic() - started
                problem = None
            except CouldNotVerify as error:
                problem = error
            except TimeoutError:
                problem = CouldNotVerify(f"{said} was not answered within {READ_SECONDS:g} s")
            except (ConnectionError, IncompleteRead, ssl.SSLEOFError):
                problem = CouldNotVerify(
                    f"{said} was answered by a connection that was reset or broke off", transient=True
                )
            except (OSError, HTTPException, ValueError) as error:
                reason = cut(str(error) or type(error).__name__)
                problem = CouldNotVerify(f"{said} was not answered in readable HTTP ({reason})")
        if late.is_set() or time.monotonic() >= until:
            problem = CouldNotVerify(f"{said} was not answered to the end in time (at most {REQUEST_SECONDS:g} s)")
        if problem:
            self.close()
            raise problem from None
        if answer.will_close or len(raw) > MAX_BODY:
            self.close()
        body, cut_off = _decoded(raw[:MAX_BODY], headers, said)
        return Response(
            url=address,
            status=answer.status,
            headers=headers,
            body=body.decode("utf-8-sig", "replace"),
            truncated=cut_off or len(raw) > MAX_BODY,
            seconds=seconds,
            at=datetime.now(UTC),
        )


def shown(address: str) -> str:
    """An address as it may be shown: without its query, which may hold tokens, and of a sensible length."""
    bare, _, query = address.partition("?")
    return cut(f"{bare}?…" if query else bare)


def cut(text: str, length: int = 200) -> str:
    """Text from a target in one line of a sensible length, without a full stop at its end."""
    line = " ".join(text.split()).rstrip(".")
    return line if len(line) <= length else f"{line[: length - 1]}…"


def _left(until: float) -> float:
    # A timeout of 0 would mean a socket that does not wait at all.
    return max(until - time.monotonic(), 0.001)


@contextmanager
def _alarm(sock: socket.socket, until: float) -> Iterator[threading.Event]:
    """Shut the socket down when time is over: a timeout on it bounds only the gap between two bytes."""
    import socket
    import threading

    late = threading.Event()

    def ring() -> None:
        late.set()
        with suppress(OSError):
            # Not SSLSocket.shutdown: that one drops the TLS object under the reading thread's hands.
            socket.socket.shutdown(sock, socket.SHUT_RDWR)

    timer = threading.Timer(_left(until), ring)
    timer.start()
    try:
        yield late
    finally:
        timer.cancel()


def _context(ca: Path | None) -> ssl.SSLContext:
    import ssl

    try:
        return ssl.create_default_context(cafile=str(ca) if ca else None)
    except OSError as error:
        reason = "it holds no certificate in PEM" if isinstance(error, ssl.SSLError) else error.strerror
        raise CouldNotVerify(f"the authority's file {ca} could not be read ({reason})") from None


def _ascii(host: str) -> str:
    try:
        return host.encode("idna").decode("ascii")
    except UnicodeError:
        raise CouldNotVerify(f"{cut(host)} is not a host name") from None


def target(address: str) -> str:
    """Path and query of an address as they are sent."""
    parts = urlsplit(address)
    path = quote(parts.path or "/", safe="/%:@!$&'()*+,;=~")
    query = quote(parts.query, safe="/%:@!$&'()*+,;=~?")
    return f"{path}?{query}" if query else path


def _headers(answer: HTTPResponse, said: str) -> tuple[tuple[str, str], ...]:
    # After a line that is no header, everything that follows is silently taken for something else.
    if answer.msg.defects:
        raise CouldNotVerify(f"{said} was answered with headers that are malformed")
    headers = tuple((name.lower(), re.sub(r"\s*[\r\n]\s*", " ", value.strip())) for name, value in answer.msg.items())
    if sum(len(name) + len(value) for name, value in headers) > MAX_HEADERS:
        raise CouldNotVerify(f"{said} was answered with more than {MAX_HEADERS // 1024} KiB of headers")
    return tuple((name, _masked(value) if name == "set-cookie" else value) for name, value in headers)


def _masked(cookie: str) -> str:
    pair, semicolon, attributes = cookie.partition(";")
    name, equals, _ = pair.partition("=")
    # Without an equals sign all of it is the value (RFC 6265bis 5.6).
    return f"{name if equals else ''}=…{semicolon}{attributes}"


def _decoded(raw: bytes, headers: Sequence[tuple[str, str]], said: str) -> tuple[bytes, bool]:
    """The body without its content coding, which was not asked for, and whether it went on beyond the limit."""
    import zlib

    coding = dict(headers).get("content-encoding", "").lower()
    if not raw or coding in ("", "identity"):
        return raw, False
    if coding in ("gzip", "x-gzip", "deflate"):
        unpacker = zlib.decompressobj(wbits=47)
        with suppress(zlib.error):
            body, more = unpacker.decompress(raw, MAX_BODY), bool(unpacker.unconsumed_tail)
            if unpacker.eof or more or len(raw) == MAX_BODY:
                return body, more
    raise CouldNotVerify(
        f"{said} was answered in the coding '{cut(coding, 20)}', which was not asked for and is not readable"
    )
