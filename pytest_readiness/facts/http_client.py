"""One request after the other to one origin, bounded in time and size, over TLS that is verified.

The name stays in SNI and Host whatever address is connected to. Nothing is read from the environment (no proxy, no
netrc), no redirect is followed, no cookie is kept, and certificates are verified by the system's store or `url.ca`.
"""

from __future__ import annotations

import atexit
import io
import math
import re
import threading
import time
from collections.abc import Hashable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, Literal, Self
from urllib.parse import quote, urljoin, urlsplit

from pytest_readiness import __version__
from pytest_readiness.audit import sent
from pytest_readiness.evidence import CouldNotVerify
from pytest_readiness.facts.connection import CONNECT_SECONDS, Connection
from pytest_readiness.target.resources import Credential, Url

if TYPE_CHECKING:
    import ssl
    from pathlib import Path

    from pytest_readiness.facts._transport import Transport

READ_SECONDS = 5.0
"""Between two bytes of an answer."""
REQUEST_SECONDS = 10.0
"""From connecting to the last byte of one answer."""
MAX_IDLE = 64
"""Connections that are kept for the next request, over all origins."""
MAX_HEADERS = 64 * 1024
MAX_BODY = 1024 * 1024
HEADERS = {"User-Agent": f"pytest-readiness/{__version__}", "Accept": "*/*", "Accept-Encoding": "identity"}
SAFE = ("GET", "HEAD", "OPTIONS", "TRACE")
"""Methods that may be sent again where a kept connection was closed under them (RFC 9110 9.2.1, 9.2.2)."""
_CONTEXT_LOCK = threading.Lock()


@dataclass(frozen=True, slots=True)
class Response:
    """One answer to one request.

    Attributes:
        url: what was asked for.
        status: status code.
        headers: names in lower case and values, repeated ones kept apart, together and in order; the values of
            cookies are masked, their names and attributes are not.
        body: text, undecodable bytes replaced, at most 1 MiB unless more was asked for; "" where it came in Brotli's
            coding, which is not read and must be asked for.
        truncated: the body went on beyond that.
        seconds: from sending the request to the last byte that was read, over a connection that stood.
        at: when it was read.
        size: bytes of the body as they were transferred, as far as they were read.
    """

    url: str
    status: int
    headers: tuple[tuple[str, str], ...]
    body: str
    truncated: bool
    seconds: float
    at: datetime
    size: int = 0

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


class Broken(CouldNotVerify):
    """The connection ended before the answer did."""


class Nobody(CouldNotVerify):
    """Nothing answers on the port."""

    def __init__(self, reason: str, how: Literal["refused", "timeout"]) -> None:
        super().__init__(reason)
        self.how = how


@dataclass(frozen=True, slots=True)
class _Asked:
    method: str
    address: str
    headers: tuple[tuple[str, str], ...]
    body: bytes | io.RawIOBase
    max_body: int
    seconds: float


class _Idle:
    """Connections that nobody uses at the moment: whoever asks the same origin next need not make one."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: list[tuple[Hashable, Transport]] = []

    def take(self, origin: Hashable) -> Transport | None:
        with self._lock:
            for number in reversed(range(len(self._kept))):
                if self._kept[number][0] == origin:
                    return self._kept.pop(number)[1]
        return None

    def keep(self, origin: Hashable, transport: Transport) -> None:
        with self._lock:
            if not self._kept:
                atexit.register(self.close)
            self._kept.append((origin, transport))
            over = self._kept[:-MAX_IDLE]
            del self._kept[:-MAX_IDLE]
        for _, oldest in over:
            oldest.close()

    def close(self) -> None:
        atexit.unregister(self.close)
        with self._lock:
            kept, self._kept = self._kept, []
        for _, transport in kept:
            transport.close()


_idle = _Idle()


class Session:
    """Requests to one origin, over one connection for as long as the server keeps it.

    Args:
        url: the endpoint, for its authority, its client certificate and addresses.
        connection: the host of the endpoint is reached at the address that answered this.
        origin: any address on the origin.
        credential: shown with every request.
        fresh: begin with a new connection, whatever stands already.

    Attributes:
        set_cookies: values of the last answer's Set-Cookie headers as they came; secrets, which belong in no record.
    """

    def __init__(
        self,
        url: Url,
        connection: Connection,
        origin: str,
        credential: Credential | None = None,
        *,
        fresh: bool = False,
    ) -> None:
        parts = urlsplit(origin)
        self._secure = parts.scheme == "https"
        self._host = _ascii(parts.hostname or "")
        self._port = parts.port or (443 if self._secure else 80)
        self._address = connection.address if parts.hostname == url.host else self._host
        self._trust = (url.ca, url.client_cert, url.client_key)
        self._credential = credential.as_headers() if credential else ()
        self._origin = (self._secure, self._host, self._port, self._address, self._trust)
        self._transport = None if fresh else _idle.take(self._origin)
        self.set_cookies: tuple[str, ...] = ()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        if self._transport:
            _idle.keep(self._origin, self._transport)

    @property
    def connections(self) -> int:
        """How many connections it took so far, with the one that stood already."""
        return self._transport.connections if self._transport else 0

    def close(self) -> None:
        """Close the connection; the next request makes a new one."""
        if self._transport:
            self._transport.close()

    def get(self, address: str, until: float = math.inf) -> Response:
        """Ask for an address on this origin; see `send`."""
        return self.send("GET", address, until=until)

    def send(
        self,
        method: str,
        address: str,
        *,
        headers: Iterable[tuple[str, str]] = (),
        body: bytes | io.RawIOBase = b"",
        until: float = math.inf,
        max_body: int = MAX_BODY,
        seconds: float | None = None,
    ) -> Response:
        """Send a request to this origin; no redirect is followed and no cookie kept.

        Args:
            method: of HTTP, in capitals.
            address: absolute URL.
            headers: besides the usual ones, or instead of those of the same name.
            body: of the request; a stream needs a length and a position.
            until: reading of the monotonic clock at which an answer is given up sooner than after `REQUEST_SECONDS`.
            max_body: bytes of the answer's body that are read.
            seconds: in place of `REQUEST_SECONDS`, for a long body.

        Raises:
            Broken: the connection ended before the answer did.
            CouldNotVerify: no whole answer came in time.
        """
        from pytest_readiness.facts._transport import Transport

        seconds = seconds or REQUEST_SECONDS
        until = min(until, time.monotonic() + seconds)
        if not self._transport:
            context = _context(*self._trust) if self._secure else None
            self._transport = Transport(self._host, self._port, self._address, context, HEADERS)
        asked = _Asked(method, address, (*self._credential, *headers), body, max_body, seconds)
        if method not in SAFE:
            # A server may close a kept connection at any moment, and this request must not be sent twice.
            self._transport.close()
        before = self.connections
        try:
            return self._exchange(self._transport, asked, until)
        except CouldNotVerify as error:
            # For those that may be, RFC 9112 9.3.1 asks for a new connection.
            if not error.transient or self.connections > before:
                raise
        return self._exchange(self._transport, asked, until)

    def _exchange(self, transport: Transport, asked: _Asked, until: float) -> Response:
        import ssl
        from http.client import HTTPException, IncompleteRead

        from urllib3.exceptions import HTTPError

        from pytest_readiness.facts._transport import BadHeadersError

        method, address = asked.method, asked.address
        said = f"{method} {shown(address)}"
        sent(f"{said} at {transport.place}")
        # A timeout of 0 would mean a socket that does not wait at all.
        left = max(until - time.monotonic(), 0.001)
        timeout = min(CONNECT_SECONDS, left), min(READ_SECONDS, left)
        most = asked.max_body
        raw, problem = b"", None
        try:
            with transport.ask(
                method, target(address), until, timeout, headers=asked.headers, body=asked.body
            ) as answer:
                while len(raw) <= most and (piece := answer.read(most + 1 - len(raw), decode_content=False)):
                    raw += piece
            seconds = time.monotonic() - transport.sent
        except BadHeadersError as error:
            problem = CouldNotVerify(f"{said} was answered with {error}")
        except TimeoutError:
            problem = CouldNotVerify(f"{said} was not answered within {READ_SECONDS:g} s")
        except (ConnectionError, IncompleteRead, ssl.SSLEOFError):
            problem = Broken(
                f"{said} was answered by a connection that was reset or broke off", transient=method in SAFE
            )
        except (OSError, HTTPException, HTTPError, ValueError) as error:
            reason = cut(str(error) or type(error).__name__)
            problem = CouldNotVerify(f"{said} was not answered in readable HTTP ({reason})")
        if time.monotonic() >= until:
            problem = CouldNotVerify(f"{said} was not answered to the end in time (at most {asked.seconds:g} s)")
        if problem:
            raise problem from None
        self.set_cookies = tuple(answer.headers.getlist("set-cookie"))
        headers = tuple(_header(name.lower(), value) for name, value in answer.headers.items())
        accepted = dict(asked.headers).get("Accept-Encoding", "")
        body, cut_off = _decoded(raw[:most], headers, said, most, accepted)
        return Response(
            url=address,
            status=answer.status,
            headers=headers,
            body=body.decode("utf-8-sig", "replace"),
            truncated=cut_off or len(raw) > most,
            seconds=seconds,
            at=datetime.now(UTC),
            size=len(raw),
        )


def shown(address: str) -> str:
    """An address as it may be shown: without query and fragment, which may hold tokens, and of a sensible length."""
    bare, _, query = address.partition("#")[0].partition("?")
    return cut(f"{bare}?…" if query else bare)


def cut(text: str, length: int = 200) -> str:
    """Text from a target in one line of a sensible length, without a full stop at its end."""
    line = " ".join(text.split()).rstrip(".")
    return line if len(line) <= length else f"{line[: length - 1]}…"


def trust(ca: Path | None) -> ssl.SSLContext:
    """Verification by a private authority, or by the system's store where `ca` is None.

    Raises:
        CouldNotVerify: the authority's file cannot be used.
    """
    return _context(ca, None, None)


def tls_context(url: Url) -> ssl.SSLContext:
    """How TLS of an endpoint is verified, and the client certificate to show.

    Raises:
        CouldNotVerify: a declared file cannot be used.
    """
    return _context(url.ca, url.client_cert, url.client_key)


def _context(*trust: Path | None) -> ssl.SSLContext:
    # Reading the system's authorities takes some 40 ms of processor time: once, and not in many threads at once.
    with _CONTEXT_LOCK:
        return _new_context(*trust)


@cache
def _new_context(ca: Path | None, client_cert: Path | None, client_key: Path | None) -> ssl.SSLContext:
    import ssl

    try:
        context = ssl.create_default_context(cafile=str(ca) if ca else None)
    except OSError as error:
        reason = "it holds no certificate in PEM" if isinstance(error, ssl.SSLError) else error.strerror
        raise CouldNotVerify(f"the authority's file {ca} could not be read ({reason})") from None
    if client_cert is not None:
        show_client_cert(context, client_cert, client_key)
    return context


def show_client_cert(context: ssl.SSLContext, client_cert: Path, client_key: Path | None) -> None:
    """Let a context show a client certificate where a server asks for one.

    Raises:
        CouldNotVerify: the files cannot be used.
    """
    import ssl

    try:
        # Without a password of its own, OpenSSL would ask for that of an encrypted key on the terminal.
        context.load_cert_chain(client_cert, client_key, password="")
    except OSError as error:
        why = "it is no certificate with its key in PEM, or the key is encrypted"
        reason = why if isinstance(error, ssl.SSLError) else error.strerror
        raise CouldNotVerify(f"the client certificate {client_cert} could not be used ({reason})") from None


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


def _header(name: str, value: str) -> tuple[str, str]:
    value = re.sub(r"\s*[\r\n]\s*", " ", value.strip())
    return name, _masked(value) if name == "set-cookie" else value


def _masked(cookie: str) -> str:
    pair, semicolon, attributes = cookie.partition(";")
    name, equals, _ = pair.partition("=")
    # Without an equals sign all of it is the value (RFC 6265bis 5.6).
    return f"{name if equals else ''}=…{semicolon}{attributes}"


def _decoded(raw: bytes, headers: Sequence[tuple[str, str]], said: str, most: int, accepted: str) -> tuple[bytes, bool]:
    """The body without its content coding, and whether it went on beyond the limit."""
    import zlib

    coding = dict(headers).get("content-encoding", "").lower()
    if not raw or coding in ("", "identity"):
        return raw, False
    if coding == "br" and "br" in accepted:
        return b"", False
    if coding in ("gzip", "x-gzip", "deflate"):
        unpacker = zlib.decompressobj(wbits=47)
        with suppress(zlib.error):
            body, more = unpacker.decompress(raw, most), bool(unpacker.unconsumed_tail)
            if unpacker.eof or more or len(raw) == most:
                return body, more
    raise CouldNotVerify(
        f"{said} was answered in the coding '{cut(coding, 20)}', which was not asked for and is not readable"
    )
