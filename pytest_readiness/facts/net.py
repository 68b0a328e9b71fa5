"""A host's TCP ports, as the runner sees them."""

from __future__ import annotations

import errno
import ipaddress
import socket
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Literal

from pytest_readiness.evidence import CouldNotVerify, NotDeclared
from pytest_readiness.registry import fact
from pytest_readiness.target.resources import Host

CONNECT_SECONDS = 3.0


@dataclass(frozen=True, slots=True)
class Probe:
    """One attempt to connect.

    Attributes:
        address: IP address.
        port: TCP port.
        state: "open" (accepted), "refused" (the host answered that nothing listens), "silent" (no answer within
            `CONNECT_SECONDS`), or "unreachable" (the runner or a router on the way says that it cannot be reached).
        local: whether the runner looked at itself.
    """

    address: str
    port: int
    state: Literal["open", "refused", "silent", "unreachable"]
    local: bool

    @property
    def up(self) -> bool:
        """Whether the host itself answered."""
        return self.state in ("open", "refused")


@dataclass(frozen=True, slots=True)
class PortState:
    """A port on each address of a host.

    Attributes:
        runner: name of the machine that it was seen from.
        probes: one for each address that the name stands for, in the resolver's order.
    """

    runner: str
    probes: tuple[Probe, ...]


@fact(deadline=20)
def port_state(readiness_host: Host, *, ask: str) -> PortState:
    """Whether the TCP port `ask` of the host accepts connections from the runner."""
    host, port = readiness_host.seen_at, int(ask)
    if host is None:
        raise NotDeclared(f"{readiness_host.name} declares no address that the runner sees it at")
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (socket.gaierror, UnicodeError) as error:
        transient = isinstance(error, socket.gaierror) and error.errno == socket.EAI_AGAIN
        reason = getattr(error, "strerror", None) or "not a host name"
        raise CouldNotVerify(f"the name {host} could not be resolved ({reason})", transient=transient) from None
    addresses = list(dict.fromkeys(str(sockaddr[0]) for *_, sockaddr in found))
    with ThreadPoolExecutor(len(addresses)) as pool:
        probes = tuple(pool.map(partial(_probe, port), addresses))
    return PortState(socket.gethostname(), probes)


def _probe(port: int, address: str) -> Probe:
    local = _is_own(address)
    try:
        socket.create_connection((address, port), timeout=CONNECT_SECONDS).close()
    except TimeoutError:
        return Probe(address, port, "silent", local)
    except ConnectionRefusedError:
        return Probe(address, port, "refused", local)
    except OSError as error:
        if error.errno in (errno.ENETUNREACH, errno.EHOSTUNREACH):
            return Probe(address, port, "unreachable", local)
        raise CouldNotVerify(
            f"the runner could not try to connect to {address} port {port} ({error.strerror or error})"
        ) from None
    return Probe(address, port, "open", local)


def _is_own(address: str) -> bool:
    """Whether the runner has this address: it would then also be where packets to it come from. Sends nothing."""
    plain = address.partition("%")[0]
    family = socket.AF_INET6 if ":" in plain else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.connect((address, 9))
            source: str = probe.getsockname()[0]
    except OSError:
        return False
    return source.partition("%")[0] == plain or ipaddress.ip_address(plain).is_loopback
