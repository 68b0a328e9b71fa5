"""A host's TCP ports, as the runner sees them."""

from __future__ import annotations

import asyncio
import errno
import ipaddress
import os
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Literal

from pytest_readiness.core.audit import sent
from pytest_readiness.core.evidence import CouldNotVerify, NotDeclared
from pytest_readiness.core.registry import fact
from pytest_readiness.domains.host.resource import Host

CONNECT_SECONDS = 3.0
SCAN_SECONDS = 150.0
"""For a whole range of ports, on all addresses."""
SCAN_CONNECT_SECONDS = 1.0
"""For one port of a range."""
SCAN_PARALLEL = 500
"""Ports of a range that are tried at the same time."""
CONNECTS_SECONDS = 30.0
"""For connections one after the other."""


@dataclass(frozen=True, slots=True)
class ConnectionAttempt:
    """One attempt to connect.

    Attributes:
        address: IP address.
        port: TCP port.
        state: "open" (accepted), "refused" (the host answered that nothing listens), "silent" (no answer within
            `CONNECT_SECONDS`), or "unreachable" (the runner or a router on the way says that it cannot be reached).
        local: whether the runner looked at itself.
        source: address of the runner that packets to the host come from, as far as the runner knows; "" where no
            route leads there.
    """

    address: str
    port: int
    state: Literal["open", "refused", "silent", "unreachable"]
    local: bool
    source: str

    @property
    def up(self) -> bool:
        """Whether the host itself answered."""
        return self.state in ("open", "refused")


@dataclass(frozen=True, slots=True)
class PortState:
    """A port on each address of a host.

    Attributes:
        runner: name of the machine that it was seen from.
        probes: one for each address that the name resolves to, in the resolver's order.
    """

    runner: str
    probes: tuple[ConnectionAttempt, ...]


@dataclass(frozen=True, slots=True)
class Scan:
    """A question to `port_scan`: the first and the last port of a range."""

    first: int
    last: int


@dataclass(frozen=True, slots=True)
class AddressScan:
    """The ports of one address.

    Attributes:
        address: IP address.
        open: ports that accept.
        refused: number of ports at which the host answered that nothing listens; the others did not answer within
            `SCAN_CONNECT_SECONDS`.
        local: whether the runner looked at itself.
    """

    address: str
    open: tuple[int, ...]
    refused: int
    local: bool


@dataclass(frozen=True, slots=True)
class PortScan:
    """A range of ports on each address of a host.

    Attributes:
        runner: name of the machine that it was seen from.
        addresses: one for each address that the name resolves to.
    """

    runner: str
    addresses: tuple[AddressScan, ...]


@dataclass(frozen=True, slots=True)
class Connects:
    """A question to `connect_times`: which port, and how many connections."""

    port: int
    count: int


@dataclass(frozen=True, slots=True)
class ConnectTimes:
    """Times of connections.

    Attributes:
        runner: name of the machine that it was seen from.
        last: the last attempt; where it is not "open", there were no more.
        seconds: until each connection was established.
    """

    runner: str
    last: ConnectionAttempt
    seconds: tuple[float, ...]


@fact(deadline=20)
def port_state(readiness_host: Host, *, ask: str) -> PortState:
    """Whether the TCP port `ask` of the host accepts connections from the runner."""
    port = int(ask)
    addresses = _addresses(readiness_host)
    for address in addresses:
        sent(f"connect to {address} port {port}")
    with ThreadPoolExecutor(len(addresses)) as pool:
        probes = tuple(pool.map(partial(_probe, port), addresses))
    return PortState(socket.gethostname(), probes)


@fact(deadline=SCAN_SECONDS + 20, heavy=True)
def port_scan(readiness_host: Host, *, ask: Scan) -> PortScan:
    """Which TCP ports of a range accept connections from the runner."""
    addresses = _addresses(readiness_host)
    for address in addresses:
        sent(f"connect to {address} ports {ask.first} to {ask.last}")
    return PortScan(socket.gethostname(), asyncio.run(_scanned(addresses, ask)))


@fact(deadline=CONNECTS_SECONDS + CONNECT_SECONDS, exclusive=True)
def connect_times(readiness_host: Host, *, ask: Connects) -> ConnectTimes:
    """How long TCP connections to a port of the host take to be established, one after the other."""
    address = _addresses(readiness_host)[0]
    until = time.monotonic() + CONNECTS_SECONDS
    seconds: list[float] = []
    while len(seconds) < ask.count and time.monotonic() < until:
        sent(f"connect to {address} port {ask.port}")
        started = time.monotonic()
        probe = _probe(ask.port, address)
        if probe.state != "open":
            return ConnectTimes(socket.gethostname(), probe, tuple(seconds))
        seconds.append(time.monotonic() - started)
    return ConnectTimes(socket.gethostname(), probe, tuple(seconds))


def _addresses(readiness_host: Host) -> list[str]:
    host = readiness_host.seen_at
    if host is None:
        raise NotDeclared(f"{readiness_host.name} declares no address that the runner sees it at")
    sent(f"resolve {host}")
    try:
        found = socket.getaddrinfo(host, 0, type=socket.SOCK_STREAM)
    except (socket.gaierror, UnicodeError) as error:
        transient = isinstance(error, socket.gaierror) and error.errno == socket.EAI_AGAIN
        reason = getattr(error, "strerror", None) or "not a host name"
        raise CouldNotVerify(f"the name {host} could not be resolved ({reason})", transient=transient) from None
    return list(dict.fromkeys(str(sockaddr[0]) for *_, sockaddr in found))


def _probe(port: int, address: str) -> ConnectionAttempt:
    source = _source(address)
    made = partial(ConnectionAttempt, address, port, local=_is_own(address, source), source=source)
    try:
        socket.create_connection((address, port), timeout=CONNECT_SECONDS).close()
    except TimeoutError:
        return made("silent")
    except ConnectionRefusedError:
        return made("refused")
    except OSError as error:
        if error.errno in (errno.ENETUNREACH, errno.EHOSTUNREACH):
            return made("unreachable")
        raise CouldNotVerify(
            f"the runner could not try to connect to {address} port {port} ({error.strerror or error})"
        ) from None
    return made("open")


async def _scanned(addresses: list[str], ask: Scan) -> tuple[AddressScan, ...]:
    until = time.monotonic() + SCAN_SECONDS
    found = []
    for address in addresses:
        states: dict[int, bool] = {}
        ports = iter(range(ask.first, ask.last + 1))
        await asyncio.gather(*(_scan_next(address, ports, states, until) for _ in range(_parallel())))
        answering = sorted(states)
        if answering and len(answering) < ask.last - ask.first + 1:
            # A firewall that has had enough drops everything: then silence says nothing about the ports.
            again = await _accepts(address, answering[0], CONNECT_SECONDS)
            if again is None:
                raise CouldNotVerify(f"{address} stopped answering while its ports were looked at")
        opened = tuple(port for port in answering if states[port])
        found.append(AddressScan(address, opened, len(answering) - len(opened), _is_own(address, _source(address))))
    return tuple(found)


async def _scan_next(address: str, ports: Iterator[int], states: dict[int, bool], until: float) -> None:
    for port in ports:
        if time.monotonic() > until:
            raise CouldNotVerify(f"the ports of {address} could not all be looked at within {SCAN_SECONDS:g} s")
        accepts = await _accepts(address, port, SCAN_CONNECT_SECONDS)
        if accepts is not None:
            states[port] = accepts


async def _accepts(address: str, port: int, seconds: float) -> bool | None:
    """Whether a port accepts; None where nothing answers."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as client:
        client.setblocking(False)
        # The runner's own ports answer at once; setting up a wait for each of 65,535 would take most of the time.
        code = client.connect_ex((address, port))
        if code == errno.EINPROGRESS:
            try:
                async with asyncio.timeout(seconds):
                    await asyncio.get_running_loop().sock_connect(client, (address, port))
                code = 0
            except TimeoutError:
                return None
            except OSError as error:
                code = error.errno or 0
    if code in (0, errno.EISCONN):
        return True
    if code == errno.ECONNREFUSED:
        return False
    if code in (errno.ENETUNREACH, errno.EHOSTUNREACH):
        return None
    raise CouldNotVerify(f"the runner could not try to connect to {address} port {port} ({os.strerror(code)})")


def _parallel() -> int:
    """Connections at a time: at most half of the files that this process may have open."""
    import resource

    return max(1, min(SCAN_PARALLEL, resource.getrlimit(resource.RLIMIT_NOFILE)[0] // 2))


def _source(address: str) -> str:
    """The runner's address that packets to this address come from; "" where no route leads there. Sends nothing."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.connect((address, 9))
            source: str = probe.getsockname()[0]
    except OSError:
        return ""
    return source.partition("%")[0]


def _is_own(address: str, source: str) -> bool:
    """Whether the runner has this address: it would then also be where packets to it come from."""
    plain = address.partition("%")[0]
    return source == plain or (bool(source) and ipaddress.ip_address(plain).is_loopback)
