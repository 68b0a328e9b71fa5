"""One GET after the other to one origin, bounded in time and size, over TLS that is verified.

The name stays in SNI and Host whatever address is connected to. Nothing is read from the environment (no proxy, no
netrc), no redirect is followed, no cookie is kept, and certificates are verified by the system's store or `url.ca`.
"""

from __future__ import annotations

import math
import re
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, Literal, Self
from urllib.parse import quote, urljoin, urlsplit

from pytest_readiness import __version__
from pytest_readiness.evidence import CouldNotVerify
from pytest_readiness.facts.connection import CONNECT_SECONDS, Connection
from pytest_readiness.target.resources import Url

if TYPE_CHECKING:
    import ssl
    from pathlib import Path

    from pytest_readiness.facts._transport import Transport

READ_SECONDS = 5.0
"""Between two bytes of an answer."""
REQUEST_SECONDS = 10.0
"""From connecting to the last byte of one answer."""
MAX_HEADERS = 64 * 1024
MAX_BODY = 1024 * 1024
HEADERS = {"User-Agent": f"pytest-readiness/{__version__}", "Accept": "*/*", "Accept-Encoding": "identity"}
_CONTEXT_LOCK = threading.Lock()


@dataclass(frozen=True, slots=True)
class Response:
    """One answer to one GET.

    Attributes:
        url: what was asked for.
        status: status code.
        headers: names in lower case and values, repeated ones kept apart, together and in order; the values of
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
        self._secure = parts.scheme == "https"
        self._host = _ascii(parts.hostname or "")
        self._port = parts.port or (443 if self._secure else 80)
        self._address = connection.address if parts.hostname == url.host else self._host
        self._ca = url.ca
        self._transport: Transport | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    @property
    def connections(self) -> int:
        """How many connections it took so far."""
        return self._transport.connections if self._transport else 0

    def close(self) -> None:
        """Close the connection; the next request makes a new one."""
        if self._transport:
            self._transport.close()

    def get(self, address: str, until: float = math.inf) -> Response:
        """Ask for an address on this origin.

        Args:
            address: absolute URL.
            until: reading of the monotonic clock at which an answer is given up sooner than after `REQUEST_SECONDS`.

        Raises:
            CouldNotVerify: no whole answer came in time.
        """
        from pytest_readiness.facts._transport import Transport

        until = min(until, time.monotonic() + REQUEST_SECONDS)
        if not self._transport:
            context = _context(self._ca) if self._secure else None
            self._transport = Transport(self._host, self._port, self._address, context, HEADERS)
        before = self.connections
        try:
            return self._exchange(self._transport, address, until)
        except CouldNotVerify as error:
            # A server may close a kept connection at any moment; RFC 9112 9.3.1 then asks for a new one.
            if not error.transient or self.connections > before:
                raise
        return self._exchange(self._transport, address, until)

    def _exchange(self, transport: Transport, address: str, until: float) -> Response:
        import ssl
        from http.client import HTTPException, IncompleteRead

        from urllib3.exceptions import HTTPError

        from pytest_readiness.facts._transport import BadHeadersError

        said = f"GET {shown(address)}"
        # A timeout of 0 would mean a socket that does not wait at all.
        left = max(until - time.monotonic(), 0.001)
        raw, problem = b"", None
        try:
            with transport.get(target(address), until, (min(CONNECT_SECONDS, left), min(READ_SECONDS, left))) as answer:
                while len(raw) <= MAX_BODY and (piece := answer.read(MAX_BODY + 1, decode_content=False)):
                    raw += piece
            seconds = time.monotonic() - transport.sent
        except BadHeadersError as error:
            problem = CouldNotVerify(f"{said} was answered with {error}")
        except TimeoutError:
            problem = CouldNotVerify(f"{said} was not answered within {READ_SECONDS:g} s")
        except (ConnectionError, IncompleteRead, ssl.SSLEOFError):
            problem = CouldNotVerify(f"{said} was answered by a connection that was reset or broke off", transient=True)
        except (OSError, HTTPException, HTTPError, ValueError) as error:
            reason = cut(str(error) or type(error).__name__)
            problem = CouldNotVerify(f"{said} was not answered in readable HTTP ({reason})")
        if time.monotonic() >= until:
            problem = CouldNotVerify(f"{said} was not answered to the end in time (at most {REQUEST_SECONDS:g} s)")
        if problem:
            raise problem from None
        headers = tuple(_header(name.lower(), value) for name, value in answer.headers.items())
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


def _context(ca: Path | None) -> ssl.SSLContext:
    # Reading the system's authorities takes some 40 ms of processor time: once, and not in many threads at once.
    with _CONTEXT_LOCK:
        return _new_context(ca)


@cache
def _new_context(ca: Path | None) -> ssl.SSLContext:
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


def _header(name: str, value: str) -> tuple[str, str]:
    value = re.sub(r"\s*[\r\n]\s*", " ", value.strip())
    return name, _masked(value) if name == "set-cookie" else value


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
