"""One request after the other to one origin, bounded in time and size, over TLS that is verified.

The name stays in SNI and Host whatever address is connected to. Nothing is read from the environment (no proxy, no
netrc), no redirect is followed, no cookie is kept, and certificates are verified as the caller trusts.
"""

from __future__ import annotations

import atexit
import io
import math
import socket
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Self
from urllib.parse import urlsplit

from pytest_readiness import __version__
from pytest_readiness.core.audit import sent
from pytest_readiness.core.evidence import CouldNotVerify
from pytest_readiness.core.text import cut
from pytest_readiness.protocols.alarm import Alarm, shut_at
from pytest_readiness.protocols.http.addresses import ascii_host, request_target, shown
from pytest_readiness.protocols.http.answer import Response, decoded, header_field, is_utf8, text_of
from pytest_readiness.protocols.http.credentials import UNSENDABLE, is_sendable
from pytest_readiness.protocols.http.errors import Broken, Untrusted
from pytest_readiness.protocols.http.limits import CONNECT_SECONDS, MAX_BODY, READ_SECONDS, REQUEST_SECONDS
from pytest_readiness.protocols.http.refusals import refusal
from pytest_readiness.protocols.http.trust import SYSTEM_STORE, Trust

if TYPE_CHECKING:
    from ssl import SSLSocket

    from pytest_readiness.protocols.http.transport import Transport

Origin = tuple[bool, str, int, str, Trust]
"""Whether TLS is spoken, host, port, what is connected to, and whom it trusts."""
MAX_IDLE = 64
"""Connections that are kept for the next request, over all origins."""
IDLE_SECONDS = 2.0
"""That a connection is kept for its next request: a server that serves one at a time answers nobody else meanwhile."""
PROTOCOL = "http/1.1"
"""What is spoken inside TLS, by its name in ALPN (RFC 7301)."""
HEADERS = {"User-Agent": f"pytest-readiness/{__version__}", "Accept": "*/*", "Accept-Encoding": "identity"}
SAFE = ("GET", "HEAD", "OPTIONS", "TRACE")
"""Methods that may be sent again where a kept connection was closed under them (RFC 9110 9.2.1, 9.2.2)."""


@dataclass(frozen=True, slots=True)
class _Asked:
    method: str
    address: str
    headers: tuple[tuple[str, str], ...]
    body: bytes | io.RawIOBase
    max_body: int
    seconds: float


@dataclass(frozen=True, slots=True)
class _Kept:
    """A connection that is idle: one that answered, or one of verified TLS over which nothing was asked yet."""

    origin: Origin
    connection: Transport | SSLSocket
    alarm: Alarm

    def close(self) -> None:
        self.alarm.cancel()
        self.connection.close()


class _Idle:
    """Connections that are idle at the moment: the next request to the same origin need not make one."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: list[_Kept] = []

    def take(self, origin: Origin) -> Transport | SSLSocket | None:
        with self._lock:
            found = next((each for each in reversed(self._kept) if each.origin == origin), None)
            if found is None:
                return None
            self._kept.remove(found)
        found.alarm.cancel()
        return found.connection

    def keep(self, origin: Origin, connection: Transport | SSLSocket, at: socket.socket) -> None:
        kept = _Kept(origin, connection, shut_at(time.monotonic() + IDLE_SECONDS, at))
        with self._lock:
            if not self._kept:
                atexit.register(self.close)
            self._kept.append(kept)
            over = self._kept[:-MAX_IDLE]
            del self._kept[:-MAX_IDLE]
        for oldest in over:
            oldest.close()

    def release(self, place: tuple[str, int]) -> None:
        """Close what is kept to a host and port: a server that serves one at a time is asked over another one now."""
        with self._lock:
            released = [each for each in self._kept if each.origin[1:3] == place]
            self._kept = [each for each in self._kept if each.origin[1:3] != place]
        for each in released:
            each.close()

    def close(self) -> None:
        atexit.unregister(self.close)
        with self._lock:
            kept, self._kept = self._kept, []
        for each in kept:
            each.close()


_idle = _Idle()


def verified(host: str, address: str, trust: Trust, connection: socket.socket) -> bool:
    """Whether TLS can be verified over a connection that was just made to an https origin.

    If so, the next session with the origin begins with the connection, as long as it is kept; if not, it is closed.

    Args:
        host: the origin's host name or IP address.
        address: IP address that the connection was made to.
        trust: how TLS is verified, and what certificate is shown.
        connection: has a timeout.

    Raises:
        TimeoutError: the server did not answer the handshake.
    """
    try:
        port = connection.getpeername()[1]
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        secured = trust.context(PROTOCOL).wrap_socket(connection, server_hostname=ascii_host(host).rstrip("."))
    except (OSError, ValueError, CouldNotVerify) as error:
        connection.close()
        if isinstance(error, TimeoutError):
            raise
        return False
    _idle.keep((True, ascii_host(host), port, address, trust), secured, secured)
    return True


class Session:
    """Requests to one origin, over one connection for as long as the server keeps it.

    Args:
        origin: any address on the origin.
        address: IP address or name to connect to; "" for the origin's own host.
        trust: how TLS is verified, and what certificate is shown.
        headers: shown with every request, such as those of a credential.
        fresh: begin with a new connection, even if one exists.
        once: send each request over a new connection, so that none is sent twice, and that it was closed is an answer.

    Attributes:
        set_cookies: values of the last answer's Set-Cookie headers as they came; secrets, which belong in no record.

    Raises:
        CouldNotVerify: the origin has no host name.
    """

    def __init__(
        self,
        origin: str,
        *,
        address: str = "",
        trust: Trust = SYSTEM_STORE,
        headers: tuple[tuple[str, str], ...] = (),
        fresh: bool = False,
        once: bool = False,
    ) -> None:
        parts = urlsplit(origin)
        self._secure = parts.scheme == "https"
        self._host = ascii_host(parts.hostname or "")
        self._port = parts.port or (443 if self._secure else 80)
        self._address = address or self._host
        self._trust = trust
        self._headers = headers
        self._origin = (self._secure, self._host, self._port, self._address, trust)
        self._once = once
        self._transport: Transport | None = None
        self._ready: SSLSocket | None = None
        kept = None if fresh else _idle.take(self._origin)
        if isinstance(kept, socket.socket):
            self._ready = kept
        else:
            self._transport = kept
        self.set_cookies: tuple[str, ...] = ()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        if self._transport and (connection := self._transport.socket):
            _idle.keep(self._origin, self._transport, connection)
        elif self._ready:
            self._ready.close()

    @property
    def connections(self) -> int:
        """How many connections it took so far, with the one that already existed."""
        return self._transport.connections if self._transport else 0

    def close(self) -> None:
        """Close the connection; the next request makes a new one."""
        for connection in (self._transport, self._ready):
            if connection:
                connection.close()
        self._ready = None

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
            until: reading of the monotonic clock at which an answer is abandoned sooner than after `REQUEST_SECONDS`.
            max_body: bytes of the answer's body that are read.
            seconds: in place of `REQUEST_SECONDS`, for a long body.

        Raises:
            Broken: the connection ended before the answer did.
            CouldNotVerify: no whole answer came in time.
        """
        from pytest_readiness.protocols.http.transport import Transport

        carried = (*self._headers, *headers)
        for name, value in carried:
            if not is_sendable(value):
                raise CouldNotVerify(f"{method} {shown(address)} was not sent, because its header {name} {UNSENDABLE}")
        seconds = seconds or REQUEST_SECONDS
        until = min(until, time.monotonic() + seconds)
        if not self._transport:
            context = self._trust.context(PROTOCOL) if self._secure else None
            ready, self._ready = self._ready, None
            self._transport = Transport(self._host, self._port, self._address, context, HEADERS, ready)
        asked = _Asked(method, address, carried, body, max_body, seconds)
        if self._once or method not in SAFE:
            # A server may close a kept connection at any moment, and this request must not be sent twice.
            self._transport.close()
        if not self._transport.socket:
            _idle.release((self._host, self._port))
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

        from pytest_readiness.protocols.http.transport import BadHeadersError

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
                method, request_target(address), until, timeout, headers=asked.headers, body=asked.body
            ) as answer:
                while len(raw) <= most and (piece := answer.read(most + 1 - len(raw), decode_content=False)):
                    raw += piece
            seconds = time.monotonic() - transport.sent
        except BadHeadersError as error:
            problem = CouldNotVerify(f"{said} was answered with {error}")
        except ssl.SSLError as error:
            if isinstance(error, ssl.SSLEOFError):
                problem = _broken(said, method)
            elif "ALERT" in (error.reason or ""):
                # In TLS 1.3 a server looks at the client's certificate when the handshake is over for the client.
                problem = Untrusted(f"{transport.place} refused the TLS handshake ({refusal(error)})")
            else:
                problem = CouldNotVerify(f"{said} was not answered in readable TLS ({refusal(error)})")
        except TimeoutError:
            problem = CouldNotVerify(f"{said} was not answered within {READ_SECONDS:g} s")
        except (ConnectionError, IncompleteRead):
            problem = _broken(said, method)
        except (OSError, HTTPException, HTTPError, ValueError) as error:
            reason = cut(str(error) or type(error).__name__)
            problem = CouldNotVerify(f"{said} was not answered in readable HTTP ({reason})")
        if time.monotonic() >= until:
            problem = CouldNotVerify(f"{said} was not answered completely in time (at most {asked.seconds:g} s)")
        if problem:
            raise problem from None
        self.set_cookies = tuple(answer.headers.getlist("set-cookie"))
        headers = tuple(header_field(name, value) for name, value in answer.headers.items())
        accepted = dict(asked.headers).get("Accept-Encoding", "")
        body, cut_off = decoded(raw[:most], headers, said, most, accepted)
        return Response(
            url=address,
            status=answer.status,
            headers=headers,
            body=text_of(body, headers),
            truncated=cut_off or len(raw) > most,
            seconds=seconds,
            at=datetime.now(UTC),
            size=len(raw),
            as_utf8=is_utf8(body, whole=not (cut_off or len(raw) > most)),
        )


def _broken(said: str, method: str) -> Broken:
    return Broken(f"{said} was answered by a connection that was reset or closed", transient=method in SAFE)
