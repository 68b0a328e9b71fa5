"""A host's TCP ports, as the runner sees them."""

from __future__ import annotations

import asyncio
import errno
import ipaddress
import os
import socket
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Literal

from pytest_readiness.core.audit import sent
from pytest_readiness.core.evidence import CouldNotVerify, NotDeclared
from pytest_readiness.core.registry import fact
from pytest_readiness.domains.host.login import Way, way
from pytest_readiness.domains.host.resource import Host

CONNECT_SECONDS = 3.0
SCAN_SECONDS = 150.0
"""For a whole range of ports, on all addresses."""
SCAN_CONNECT_SECONDS = 1.0
"""For one port of a range."""
SCAN_PARALLEL = 500
"""Ports of a range that are tried at the same time."""
AGAIN_PARALLEL = 200
AGAIN_AT_MOST = 1000
"""Silent ports that are tried again, and how many of them at the same time."""
_MOST_ROUNDS = 9
_WAITS = 2
"""How often, in a scan, a firewall that limits logins may be waited for beyond the time of the scan."""
_SSH = 22
_LIKELY = (443, 80, _SSH)
"""Ports that often accept, to have one that is known to."""
_MOST_LIKELY = 20
"""So many of the ports that were named are tried for that."""
LOGIN = "login"
"""In place of a port, the one that the runner logs in by."""
LIMIT_SECONDS = 31.0
"""Until a firewall that limits how often one may log in lets the runner in again: `ufw limit` counts half a minute."""
LOGIN_ATTEMPTS = 2
"""Of a scan within that time at a port of logins: `ufw limit` lets five in, and others of the run want to."""
CONNECTS_SECONDS = 30.0
"""For connections one after the other."""
_MOST_ROWS = 100_000
"""Of the kernel's table of connections."""


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
        over: for the port of the login: what ssh goes over to get there; "" where the runner itself connects.
    """

    runner: str
    probes: tuple[ConnectionAttempt, ...]
    over: str = ""


@dataclass(frozen=True, slots=True)
class Scan:
    """A question to `port_scan`.

    Attributes:
        first, last: the first and the last port of a range.
        may_accept: ports, also outside of the range, by which it can be seen that the runner is not turned away.
    """

    first: int
    last: int
    may_accept: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class AddressScan:
    """The ports of one address.

    Attributes:
        address: IP address.
        open: ports that accept.
        refused: number of ports at which the host answered that nothing listens; the others did not answer within
            `SCAN_CONNECT_SECONDS`.
        local: whether the runner looked at itself.
        accepts: whether a port accepts there that is in the range or was named, and did so until the end.
    """

    address: str
    open: tuple[int, ...]
    refused: int
    local: bool
    accepts: bool


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


@fact(deadline=LIMIT_SECONDS + 20)
def port_state(readiness_host: Host, *, ask: str) -> PortState:
    """Whether the TCP port `ask` of the host accepts connections from the runner; `LOGIN`: that of its login."""
    found = way(readiness_host)
    if ask == LOGIN and found is None:
        raise NotDeclared(f"{readiness_host.name} declares no connection by ssh")
    port = found.port if ask == LOGIN and found else int(ask)
    addresses = _addresses(readiness_host, found)
    probes = _probed(port, addresses)
    turned_away = [probe.address for probe in probes if probe.state in ("refused", "silent") and not probe.local]
    if turned_away and port in _logins(found):
        # The runner's own logins and scans, of this run or one before, may have been too many for a firewall.
        time.sleep(LIMIT_SECONDS)
        later = {probe.address: probe for probe in _probed(port, turned_away)}
        probes = tuple(later.get(probe.address, probe) for probe in probes)
    return PortState(socket.gethostname(), probes, found.over if ask == LOGIN and found else "")


@fact(deadline=SCAN_SECONDS + (_WAITS + 1) * LIMIT_SECONDS + 20, heavy=True)
def port_scan(readiness_host: Host, *, ask: Scan) -> PortScan:
    """Which TCP ports of a range accept connections from the runner."""
    found = way(readiness_host)
    addresses = _addresses(readiness_host, found)
    for address in addresses:
        sent(f"connect to {address} ports {ask.first} to {ask.last}")
    return PortScan(socket.gethostname(), asyncio.run(_scanned(found, addresses, ask)))


@fact(deadline=CONNECTS_SECONDS + CONNECT_SECONDS, exclusive=True)
def connect_times(readiness_host: Host, *, ask: Connects) -> ConnectTimes:
    """How long TCP connections to a port of the host take to be established, one after the other."""
    address = _addresses(readiness_host, way(readiness_host))[0]
    until = time.monotonic() + CONNECTS_SECONDS
    seconds: list[float] = []
    while len(seconds) < ask.count and time.monotonic() < until:
        sent(f"connect to {address} port {ask.port}")
        probe = _probe(ask.port, address, partial(_stop, seconds, time.monotonic()))
        if probe.state != "open":
            return ConnectTimes(socket.gethostname(), probe, tuple(seconds))
    return ConnectTimes(socket.gethostname(), probe, tuple(seconds))


def _stop(seconds: list[float], started: float) -> None:
    seconds.append(time.monotonic() - started)


def _probed(port: int, addresses: list[str]) -> tuple[ConnectionAttempt, ...]:
    for address in addresses:
        sent(f"connect to {address} port {port}")
    with ThreadPoolExecutor(len(addresses)) as pool:
        return tuple(pool.map(partial(_probe, port), addresses))


def _logins(login: Way | None) -> set[int]:
    """The ports of logins, at which firewalls limit how often one may connect."""
    return {_SSH, *([login.port] if login else [])}


def _addresses(readiness_host: Host, login: Way | None) -> list[str]:
    # The host of a connection may be an alias of ssh's configuration.
    host = readiness_host.address or (login.address if login else readiness_host.seen_at)
    if host is None:
        raise NotDeclared(f"{readiness_host.name} declares no address that the runner sees it at")
    sent(f"resolve {host}")
    try:
        found = socket.getaddrinfo(host, 0, type=socket.SOCK_STREAM)
    except (socket.gaierror, UnicodeError) as error:
        transient = isinstance(error, socket.gaierror) and error.errno == socket.EAI_AGAIN
        reason = getattr(error, "strerror", None) or "not a host name"
        hint = "" if readiness_host.address else "; where ports are looked at by another name, set it as address"
        raise CouldNotVerify(f"the name {host} could not be resolved ({reason}){hint}", transient=transient) from None
    return list(dict.fromkeys(str(sockaddr[0]) for *_, sockaddr in found))


def _probe(port: int, address: str, established: Callable[[], None] | None = None) -> ConnectionAttempt:
    source = _source(address)
    made = partial(ConnectionAttempt, address, port, local=_is_own(address, source), source=source)
    try:
        with socket.create_connection((address, port), timeout=CONNECT_SECONDS) as client:
            if established:
                established()
            _refuse_own_proxy(client, address, port)
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


async def _scanned(login: Way | None, addresses: list[str], ask: Scan) -> tuple[AddressScan, ...]:
    until = time.monotonic() + SCAN_SECONDS
    scans = [_AddressScanning(address, ask, login) for address in addresses]
    spare = _WAITS * LIMIT_SECONDS
    for each in scans:
        each.until, each.spare = until, spare
        await each.scan()
        until, spare = each.until, each.spare
    if any(each.shut_logins for each in scans):
        # The runner may have tried them too often for a firewall.
        await asyncio.sleep(LIMIT_SECONDS)
        for each in scans:
            await each.try_again(each.shut_logins)
    return tuple(each.result for each in scans)


class _AddressScanning:
    """One scan of an address: many ports at a time, and among them, again and again, one that is known to answer.

    Where that one is silent, a firewall drops what comes too fast, and the silence of the others says nothing: they
    are tried again, fewer at a time. Ports that were tried while none was known to answer are tried again as well.
    Where one that accepted refuses, the runner is turned away, and the refusals of the others say as little.

    A port of logins is asked rarely, as a firewall may limit that. What does not accept meanwhile is held until then.
    """

    def __init__(self, address: str, ask: Scan, login: Way | None) -> None:
        self.address = address
        self.until = 0.0
        self.spare = 0.0
        """What `until` may still be put off by, where it is a firewall that takes the time."""
        self.local = _is_own(address, _source(address))
        self.login = set() if self.local else _logins(login)
        self.ask = ask
        self.asked: list[float] = []
        """When the known port was asked while it was one of logins."""
        self.held: list[int] = []
        self.held_refusing: set[int] = set()
        within = [port for port in _LIKELY if ask.first <= port <= ask.last]
        # Over another host nothing follows for the runner's own connections.
        direct = [login.port] if login and not login.over else []
        self.likely = list(dict.fromkeys([*ask.may_accept[:_MOST_LIKELY], *within, *direct]))
        self.waiting = list(range(ask.first, ask.last + 1))
        self.parallel = _parallel()
        self.states: dict[int, bool] = {}
        self.known: int | None = None
        self.accepting = False
        """Whether the known port accepts. One that refuses may do so by a kind of message that its host limits."""
        self.lost = False
        self.held_back = False
        """Whether the known port was not asked with those that were tried last."""
        self.only_this = False
        """Whether there is no other one than the known port, and it has to do."""

    async def scan(self) -> None:
        """Try every port of the range.

        Raises:
            CouldNotVerify: what was seen proves nothing.
        """
        found = await asyncio.gather(*(_accepts(self.address, port, CONNECT_SECONDS) for port in self.likely))
        for port, accepts in zip(self.likely, found, strict=True):
            self._note(port, accepts)
            if accepts and self.ask.first <= port <= self.ask.last:
                self.states[port] = True
        if self.login & {*self.likely}:
            self.asked.append(time.monotonic())
        self.waiting = [port for port in self.waiting if port not in self.states]
        silent: list[int] = []
        unproven: list[int] = []
        while self.waiting or self.held:
            if not self.waiting and not self._may_ask:
                await self._sleep(self.asked[-LOGIN_ATTEMPTS] + LIMIT_SECONDS - time.monotonic())
            tried, self.waiting = self.waiting[: self.parallel], self.waiting[self.parallel :]
            before = self.known
            quiet = await self._try(tried)
            if before is not None and self._reliable:
                silent += quiet
            else:
                unproven += quiet
            if not self.waiting and self.known is not None:
                self.only_this = True
            if self.known is not None and self._reliable:
                self.waiting, unproven = [*unproven, *self.waiting], []
        if 0 < len(silent) <= AGAIN_AT_MOST and self.known is not None:
            await self._again(silent)
        if self.accepting and self._may_ask and not await _accepts(self.address, self.known or 0, CONNECT_SECONDS):
            raise CouldNotVerify(
                f"port {self.known} on {self.address} accepted, and no longer does, as if the runner was turned away "
                f"meanwhile{self._so_far()}"
            )

    @property
    def result(self) -> AddressScan:
        """What was found so far."""
        opened = tuple(sorted(port for port, accepts in self.states.items() if accepts))
        return AddressScan(self.address, opened, len(self.states) - len(opened), self.local, self.accepting)

    @property
    def shut_logins(self) -> list[int]:
        """The ports of logins that must not accept, and did not."""
        asked = range(self.ask.first, self.ask.last + 1)
        ports = [port for port in self.login if port in asked and port not in self.ask.may_accept]
        return [port for port in ports if not self.local and not self.states.get(port)]

    async def try_again(self, ports: list[int]) -> None:
        """Try some ports once more, with time for a packet that was lost."""
        found = await asyncio.gather(*(_accepts(self.address, port, CONNECT_SECONDS) for port in ports))
        self.states |= {port: accepts for port, accepts in zip(ports, found, strict=True) if accepts is not None}

    @property
    def _may_ask(self) -> bool:
        """Whether the known port may be asked now; always where it is not one of logins that accepts."""
        lately = [when for when in self.asked if time.monotonic() - when < LIMIT_SECONDS]
        return not self.accepting or self.known not in self.login or len(lately) < LOGIN_ATTEMPTS

    async def _sleep(self, seconds: float) -> None:
        put_off = min(seconds, self.spare)
        self.until, self.spare = self.until + put_off, self.spare - put_off
        await asyncio.sleep(seconds)

    @property
    def _reliable(self) -> bool:
        return self.accepting or self.only_this or not self.lost

    def _note(self, port: int, accepts: bool | None) -> None:
        """Remember a port that answers as the known one, if it is better for that than the one before."""
        # One that is not for logins: sshd may shut out who connects often and does not log in.
        better = self.known is None or (accepts and (not self.accepting or self.known in self.login - {port}))
        if accepts is not None and better:
            self.known, self.accepting, self.lost = port, accepts, False

    async def _try(self, ports: list[int]) -> list[int]:
        """Try ports, and more slowly again where the known one is silent among them; the silent ones."""
        silent, rounds = ports, 0
        while True:
            heard = True
            for begin in range(0, max(1, len(silent)), self.parallel):
                heard = heard and await self._at_once(silent[begin : begin + self.parallel])
            silent = [*self.held, *(port for port in silent if port not in self.states)]
            if heard and self.held_back:
                self.held = silent
                return []
            self.states |= dict.fromkeys(self.held_refusing if heard else (), False)
            self.held, self.held_refusing = [], set()
            silent = [port for port in silent if port not in self.states]
            if heard or not silent or not (self.accepting or self.only_this):
                self.lost = self.lost or not heard
                return silent
            if rounds:
                # Only one loss may be the network's.
                self.parallel = max(1, self.parallel // 2)
            if rounds == _MOST_ROUNDS:
                raise CouldNotVerify(f"{self.address} stopped answering while its ports were looked at{self._so_far()}")
            rounds += 1
            if self.known in self.login and rounds == 1:
                # Others, too, may have asked it, and it was too often for a firewall.
                await self._sleep(LIMIT_SECONDS)
            else:
                await asyncio.sleep(SCAN_CONNECT_SECONDS)

    async def _at_once(self, ports: list[int]) -> bool:
        """Try these at the same time; whether the known one answered at the end, and before where it may be asked."""
        if time.monotonic() > self.until:
            reason = f"the ports of {self.address} could not all be looked at within {SCAN_SECONDS:g} s"
            raise CouldNotVerify(reason + self._so_far())
        self.held_back = not self._may_ask
        among = [] if self.known is None or self.held_back else [self.known]
        if self.login & {*among}:
            self.asked.append(time.monotonic())
        half = len(ports) // 2
        tried = [*ports[:half], *(among if self.known not in self.login else []), *ports[half:], *among]
        # Answers may come at once; what is slow then must be the pace.
        pause = asyncio.sleep(0 if self.parallel == _parallel() else SCAN_CONNECT_SECONDS)
        found = (await asyncio.gather(pause, *(_accepts(self.address, port, SCAN_CONNECT_SECONDS) for port in tried)))[
            1:
        ]
        answers = list(zip(tried, found, strict=True))
        of_known = [accepts for port, accepts in answers if port in among]
        turned_away = self.accepting and False in of_known
        for port, accepts in answers:
            if accepts is False and self.held_back:
                self.held_refusing.add(port)
            elif accepts or (accepts is not None and not turned_away):
                if port in ports:
                    self.states[port] = accepts or self.states.get(port, False)
                self._note(port, accepts)
        return None not in of_known and not turned_away

    async def _again(self, silent: list[int]) -> None:
        """Try the silent ones once more, slowly, with time for a packet that was lost."""
        for begin in range(0, len(silent), AGAIN_PARALLEL):
            if time.monotonic() > self.until:
                return
            await self.try_again(silent[begin : begin + AGAIN_PARALLEL])

    def _so_far(self) -> str:
        opened = ", ".join(str(port) for port, accepts in sorted(self.states.items()) if accepts)
        found = f" (open among those that were: {opened})" if opened else ""
        if self.parallel == _parallel():
            return found
        return (
            f"{found}: port {self.known} does not answer as before while many are tried, as if a firewall turned away "
            "what comes too fast; name a smaller range, or let the runner through"
        )


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
            _refuse_own_proxy(client, address, port)
            return True
    if code == errno.ECONNREFUSED:
        return False
    if code in (errno.ENETUNREACH, errno.EHOSTUNREACH):
        return None
    raise CouldNotVerify(f"the runner could not try to connect to {address} port {port} ({os.strerror(code)})")


def _refuse_own_proxy(client: socket.socket, address: str, port: int) -> None:
    """Look whether a connection to another host ended on the runner all the same. Only Linux tells.

    Raises:
        CouldNotVerify: it did, so that nothing is known of the other one.
    """
    if _is_own(address, _source(address)):
        return
    own, number = client.getsockname()[:2]
    # As the kernel prints them; of IPv6 the last of four words, in which an address of IPv4 is the same.
    end = f"{int.from_bytes(plain(own).packed[-4:], sys.byteorder):08X}:{number:04X}"
    for table in (Path("/proc/self/net/tcp"), Path("/proc/self/net/tcp6")):
        with suppress(OSError), table.open(encoding="ascii") as rows:
            if any(row.split(maxsplit=3)[2].endswith(end) for row in islice(rows, 1, _MOST_ROWS)):
                raise CouldNotVerify(
                    f"a rule of the runner's firewall leads its connections to {address} port {port} to a program on "
                    "the runner itself, such as the proxy of a service mesh; run it where there is no such rule"
                )


def _parallel() -> int:
    """Connections at a time: at most half of the files that this process may have open."""
    import resource

    return max(1, min(SCAN_PARALLEL, resource.getrlimit(resource.RLIMIT_NOFILE)[0] // 2))


def plain(address: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    """An address without its zone; of one of IPv4 in the form of IPv6 (::ffff:192.0.2.1), that of IPv4."""
    found = ipaddress.ip_address(address.partition("%")[0])
    return (found.ipv4_mapped if found.version == 6 else None) or found


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
    return source == address.partition("%")[0] or (bool(source) and plain(address).is_loopback)
