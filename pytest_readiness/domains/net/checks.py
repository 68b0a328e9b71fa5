"""A host's TCP ports as the runner sees them: from inside a firewall that proves nothing about the outside."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from ipaddress import IPv4Network, IPv6Address, IPv6Network
from typing import Annotated

from pydantic import AfterValidator, Field

from pytest_readiness.core.evidence import CouldNotVerify, Evidence, NotDeclared, claim
from pytest_readiness.core.registry import Asks, check
from pytest_readiness.core.spelling import spelled
from pytest_readiness.core.text import figure
from pytest_readiness.domains.host.facts import asked
from pytest_readiness.domains.host.resource import Host
from pytest_readiness.domains.net.connect import CONNECT, Attempt
from pytest_readiness.domains.net.facts import (
    CONNECT_SECONDS,
    LOGIN,
    SCAN_CONNECT_SECONDS,
    AddressScan,
    ConnectionAttempt,
    Connects,
    ConnectTimes,
    PortScan,
    PortState,
    Scan,
    plain,
)

Port = Annotated[int, Field(ge=1, le=65535)]
Ports = Annotated[list[Port], Field(min_length=1)]
Network = IPv4Network | IPv6Network
_NO_ADDRESS = "no address of the host was tried"


def _scan(text: str, may_accept: Sequence[int] = ()) -> Scan:
    first, _, last = text.partition("-")
    return Scan(int(first), int(last), tuple(may_accept))


def _range(text: str) -> str:
    scan = _scan(text)
    if not 1 <= scan.first <= scan.last <= 65535:
        raise ValueError("a range of ports is FIRST-LAST, within 1-65535")
    return text


PortRange = Annotated[
    str, spelled(r"^\d{1,5}-\d{1,5}$", "two ports with a hyphen between them, such as 1-1024"), AfterValidator(_range)
]

_WORDS = {
    "open": "open",
    "refused": "refused",
    "silent": f"no answer within {CONNECT_SECONDS:g} s (filtered, or the host is down)",
    "unreachable": "reported unreachable (rejected by a firewall, or no route)",
}


_SSH = 22


def _by_ssh(host: Host) -> bool:
    return (host.connection or "").startswith("ssh:")


def _need_address(host: Host) -> None:
    if host.seen_at is None:
        raise NotDeclared(f"{host.name} declares no address that the runner sees it at")


def _probed(host: Host, ports: list[int]) -> Asks:
    _need_address(host)
    return {"port_state": [str(port) for port in ports]}


def _probed_beside_alive(host: Host, ports: list[int], alive_port: int | None) -> Asks:
    _need_address(host)
    # The login is asked for beside a named port, too: a check may then say which of the two it looked at.
    others = [*([str(alive_port)] if alive_port else []), *([LOGIN] if _by_ssh(host) else [])]
    return {"port_state": [*map(str, ports), *others]}


def _must_answer(port_state: Mapping[str, PortState], alive_port: int | None) -> tuple[ConnectionAttempt, ...]:
    """What was tried on the port that should accept: the one named, or the one that the runner itself logs in by."""
    if alive_port:
        return port_state[str(alive_port)].probes
    login = port_state.get(LOGIN)
    return login.probes if login and not login.over else ()


def _shut(probes: list[ConnectionAttempt], others: tuple[ConnectionAttempt, ...], where: str) -> list[str]:
    """In words, how each port is shut, which another port of the same address must prove.

    Raises:
        CouldNotVerify: it does not.
    """
    for probe in probes:
        control = next((each for each in others if each.address == probe.address), None)
        if control and control.port != probe.port and (probe.state, control.state) == ("refused", "refused"):
            raise CouldNotVerify(
                f"{_seen(probe)}; so does port {control.port}, which must accept: the runner may be turned away from "
                f"every port; {where}"
            )
    answering = {probe.address: probe.port for probe in (*probes, *others) if probe.up}
    if unproven := [probe for probe in probes if probe.address not in answering]:
        tried = f"neither does port {others[0].port} answer" if others else "name a port that answers as alive_port"
        raise CouldNotVerify(f"{_seen(unproven[0])}; {tried}; {where}")
    return [_seen(probe) if probe.up else _filtered(probe, answering[probe.address]) for probe in probes]


def _seen(probe: ConnectionAttempt) -> str:
    return f"port {probe.port} on {probe.address}: {_WORDS[probe.state]}"


def _from(state: PortState | PortScan | ConnectTimes) -> str:
    return f"seen from {state.runner}"


def _itself(probes: list[ConnectionAttempt]) -> str:
    own = [probe.address for probe in probes if probe.local]
    return f"the runner has the address {own[0]} itself; others may see something else" if own else ""


@check(
    "net.open",
    severity="high",
    remedy="Start what should listen there, on an address that the runner reaches, and let it through firewalls.",
    source="RFC 9293 section 3.5 (connection establishment)",
    asks=_probed,
)
def open(port_state: Mapping[str, PortState], *, ports: Ports) -> Evidence:
    """Each listed TCP port accepts connections from the runner.

    Of a name with several addresses one address must accept; a warning names the others. Port 22 and that of the login
    are tried again after half a minute, as firewalls may limit how often the runner may connect there. A proxy on the
    runner that takes its connections (of a service mesh) is noticed on Linux; else, what answers is not looked at.

    Args:
        ports: the port numbers, 1 to 65535.
    """
    states = [port_state[str(port)] for port in ports]
    probes = _probes(states)
    shut = [probe for state in states if not _accepts(state) for probe in state.probes]
    claim(
        not shut,
        expected=f"open: {', '.join(map(str, ports))}",
        seen=f"{', '.join(map(_seen, shut))}; {_from(states[0])}",
    )
    accepting = ", ".join(_seen(probe) for probe in probes if probe.state == "open")
    rest = ", ".join(_seen(probe) for probe in probes if probe.state != "open")
    return Evidence(f"{accepting}; {_from(states[0])}", warning=rest or _itself(probes))


def _probes(states: list[PortState]) -> list[ConnectionAttempt]:
    """Return what was tried on the ports.

    Raises:
        CouldNotVerify: of a port, nothing was.
    """
    if not all(state.probes for state in states):
        raise CouldNotVerify(_NO_ADDRESS)
    return [probe for state in states for probe in state.probes]


def _accepts(state: PortState) -> bool:
    return any(probe.state == "open" for probe in state.probes)


@check(
    "net.closed",
    severity="critical",
    remedy="Bind the service to a private address, or close the port in the firewall.",
    source="RFC 9293 section 3.10.7.1 (a closed port answers with a reset)",
    asks=_probed_beside_alive,
)
def closed(port_state: Mapping[str, PortState], *, ports: Ports, alive_port: Port | None = None) -> Evidence:
    """No listed TCP port accepts connections from the runner, at any of the host's addresses.

    A port is closed when the host refuses, or when nothing answers there while another port of the same address does.
    Where nothing at all answers, the host may be down or the runner may have no route to it, and nothing is proven.
    Nor is it where the port that should accept is refused as well: a firewall may turn the runner away from every
    port. Without any that should accept that is not noticed. Port 22 and that of the login are looked at again after
    half a minute, as firewalls may limit how often the runner may connect there; limits at other ports, and longer
    ones, are not noticed.

    Args:
        ports: the port numbers, 1 to 65535.
        alive_port: a port that accepts when the host is up. Default: the one that the runner logs in by, if that is
            by ssh and not over another host.
    """
    states = [port_state[str(port)] for port in ports]
    probes = _probes(states)
    accepting = [probe for probe in probes if probe.state == "open"]
    claim(
        not accepting,
        expected=f"closed: {', '.join(map(str, ports))}",
        seen=f"{', '.join(map(_seen, accepting))}; {_from(states[0])}",
    )
    shut = ", ".join(_shut(probes, _must_answer(port_state, alive_port), _from(states[0])))
    return Evidence(f"{shut}; {_from(states[0])}", warning=_itself(probes))


def _filtered(probe: ConnectionAttempt, answering: int) -> str:
    how = "no answer" if probe.state == "silent" else "reported unreachable"
    return f"port {probe.port} on {probe.address}: filtered ({how}, while port {answering} answers)"


def _scanned(host: Host, ports: list[int], range: str) -> Asks:
    _need_address(host)
    return {"port_scan": _scan(range, ports)}


@check(
    "net.only_open",
    severity="critical",
    remedy="Stop what listens on the other ports, bind it to a private address, or close the ports in the firewall.",
    source="RFC 9293 section 3.5 (connection establishment); CIS Controls 4.8, 13.4",
    asks=_scanned,
)
def only_open(
    port_scan: PortScan,
    *,
    ports: list[Port],
    range: PortRange = "1-65535",
) -> Evidence:
    """No TCP port of the range other than the listed ones accepts connections from the runner.

    Every port of the range is tried, at each of the host's addresses. Some port must answer, even by refusing, or
    nothing is proven; and it is tried again and again meanwhile: where it falls silent, as firewalls may drop what
    comes too fast, the silent ports are tried again, more slowly. Up to a thousand silent ones are tried once more at
    the end. Where a port that accepted refuses meanwhile, or none of the listed ports accepts while others refuse, the
    runner may be turned away, and nothing is proven. A firewall that spares the port that answers, and drops or
    refuses others, is not noticed, unless it does so at port 22 or that of the login for less than half a minute (one
    that limits how often the runner may connect). That each of the listed ports is open is the claim of net.open.

    Args:
        ports: the port numbers that may accept, 1 to 65535; none where the list is empty. Those outside of the range
            are tried as well.
        range: the ports to try, as FIRST-LAST. 1-65535: all; at hosts that do not answer at closed ports that takes
            two to three minutes.
    """
    others = [(each, port) for each in port_scan.addresses for port in each.open if port not in ports]
    claim(
        not others,
        expected=f"open in {range}: {', '.join(map(str, sorted(ports))) or 'none'} at most",
        seen=f"{', '.join(f'port {port} on {each.address}: open' for each, port in others)}; {_from(port_scan)}",
    )
    if not port_scan.addresses:
        raise CouldNotVerify(_NO_ADDRESS)
    for each in port_scan.addresses:
        if not each.open and not each.refused:
            raise CouldNotVerify(
                f"no port of {range} on {each.address} answers within {SCAN_CONNECT_SECONDS:g} s; "
                f"the host may be down, or the runner has no route to it; {_from(port_scan)}"
            )
    if ports and not any(each.accepts for each in port_scan.addresses):
        raise CouldNotVerify(
            f"none of the ports that may accept does ({', '.join(map(str, ports))}), and others refuse: the runner may "
            f"be turned away from every port; list one that accepts, or none; {_from(port_scan)}"
        )
    own = [each.address for each in port_scan.addresses if each.local]
    warning = f"the runner has the address {own[0]} itself; others may see something else" if own else ""
    return Evidence(
        f"{'; '.join(_of_range(each, range) for each in port_scan.addresses)}; {_from(port_scan)}", warning=warning
    )


def _of_range(scan: AddressScan, range: str) -> str:
    asked = _scan(range)
    number = asked.last - asked.first + 1
    silent = number - len(scan.open) - scan.refused
    return (
        f"of {number} ports on {scan.address} open: {', '.join(map(str, scan.open)) or 'none'}; "
        f"{scan.refused} refuse, {silent} do not answer"
    )


@check(
    "net.ssh_restricted",
    severity="high",
    remedy="Let the firewall allow ssh only from the networks of the host's administrators, or through a bastion.",
    source="CIS Controls 4.4, 12.8; NIST SP 800-123 section 4.2",
    asks=lambda host, port, alive_port: _probed_beside_alive(host, _ssh_ports(host, port), alive_port),
)
def ssh_restricted(
    port_state: Mapping[str, PortState],
    *,
    networks: Annotated[list[Network], Field(min_length=1, examples=[["203.0.113.0/24"]])],
    port: Port | None = None,
    alive_port: Port | None = None,
) -> Evidence:
    """The ssh port does not accept connections from the runner, outside the networks that may log in.

    It is seen from the runner's place, so it can only be proven by a runner outside those networks, as far as the
    runner knows its own address (behind NAT others see another one). One place outside is tried, not all of them;
    sshd's own restrictions are not looked at. Where the runner is refused at the port that it logs in by itself, or at
    alive_port as well, it may be turned away from every port, and nothing is proven. Port 22 and that of the login are
    looked at again after half a minute, as firewalls may limit how often the runner may connect there; that it is
    turned away for longer is not noticed.

    Args:
        networks: from where ssh is allowed, such as 203.0.113.0/24.
        port: port of sshd, 1 to 65535; where it is not the one that the runner logs in by, it proves nothing that it
            is shut. Default: the one that the runner logs in by, also as ssh's configuration says; where that is
            not by ssh, 22, the assigned one.
        alive_port: a port that accepts when the host is up, such as 443; needed where the firewall drops connections
            to the ssh port.
    """
    login = port_state.get(LOGIN)
    state = port_state[str(port or _SSH)] if port or not login else login
    probes = _probes([state])
    inside = [probe for probe in probes if _within(probe.source, networks)]
    if inside:
        raise CouldNotVerify(
            f"the runner's own address {inside[0].source} is one from which ssh is allowed; "
            "this can only be seen from outside those networks"
        )
    accepting = [probe for probe in probes if probe.state == "open"]
    claim(
        not accepting,
        expected=f"ssh open to {', '.join(map(str, networks))} only",
        seen=f"{', '.join(f'{_seen(probe)} to {probe.source}' for probe in accepting)}; {_from(state)}",
    )
    if login and (by := _probes([login])[0].port) != probes[0].port:
        raise CouldNotVerify(
            f"{_seen(probes[0])}, but the runner logs in by port {by}: what is shut may not be the port of sshd; leave "
            f"port out; {_from(state)}"
        )
    refused = [probe for probe in probes if probe.state == "refused"]
    if login and not login.over and not alive_port and refused:
        raise CouldNotVerify(
            f"{_seen(refused[0])}, though the runner logs in by it: it may be turned away from every port; name one "
            f"that accepts as alive_port; {_from(state)}"
        )
    others = port_state[str(alive_port)].probes if alive_port else ()
    shut = zip(_shut(probes, others, _from(state)), probes, strict=True)
    assumed = "" if port or login else f"no connection by ssh tells the port of sshd; {_SSH} was looked at"
    return Evidence(
        f"{', '.join(f'{each} to {probe.source}' for each, probe in shut)}; {_from(state)}",
        warning="; ".join(filter(None, (assumed, _itself(probes)))),
    )


def _ssh_ports(host: Host, port: int | None) -> list[int]:
    return [port] if port else [] if _by_ssh(host) else [_SSH]


def _within(source: str, networks: list[Network]) -> bool:
    return bool(source) and any(plain(source) in _plain(network) for network in networks)


def _plain(network: Network) -> Network:
    """Of a network of IPv4 in the form of IPv6, that of IPv4."""
    mapped = network.network_address.ipv4_mapped if isinstance(network, IPv6Network) else None
    return IPv4Network((mapped, network.prefixlen - 96)) if mapped and network.prefixlen >= 96 else network


def _timed(host: Host, port: int, samples: int) -> Asks:
    _need_address(host)
    return {"connect_times": Connects(port, samples)}


@check(
    "net.latency",
    severity="medium",
    remedy="Look at the route and the load between the two; move them closer to each other.",
    source="RFC 9293 section 3.5 (a connection is established after one round trip)",
    asks=_timed,
)
def latency(
    connect_times: ConnectTimes,
    *,
    ms: Annotated[float, Field(gt=0)],
    port: Port,
    samples: Annotated[int, Field(ge=5, le=200)] = 20,
) -> Evidence:
    """A TCP connection from the runner is established within the limit, at the 95th percentile.

    Connections are made one after the other to the first address of the host, while nothing else reads it. Each takes
    one round trip and whatever the system takes to accept. It is the latency from the runner's place.

    Args:
        ms: limit for the 95th percentile (nearest rank), in milliseconds.
        port: an open port, 1 to 65535.
        samples: number of connections, 5 to 200. 20: the fewest of which the 95th percentile is not the slowest.
    """
    if connect_times.last.state != "open":
        before = len(connect_times.seconds)
        limited = f" after {before} that were accepted, as if a firewall limited how often one may connect" * bool(
            before
        )
        raise CouldNotVerify(f"{_seen(connect_times.last)}{limited}; {_from(connect_times)}")
    ordered = sorted(1000 * seconds for seconds in connect_times.seconds)
    p50, p95 = (ordered[math.ceil(share * len(ordered)) - 1] for share in (0.50, 0.95))
    figures = (
        f"p50 {p50:.1f} ms, p95 {figure(p95, ms)} ms, max {ordered[-1]:.1f} ms of {len(ordered)} connections to "
        f"{connect_times.last.address} port {port}; {_from(connect_times)}"
    )
    claim(p95 <= ms, expected=f"p95 of at most {ms:g} ms", seen=figures)
    if len(ordered) < samples:
        raise CouldNotVerify(f"time ran out after {len(ordered)} of {samples} connections: {figures}")
    own = f"the runner has the address {connect_times.last.address} itself" if connect_times.last.local else ""
    return Evidence(figures, warning=own)


def _without_port(host: str) -> str:
    if ":" in host:
        try:
            IPv6Address(host)
        except ValueError:
            raise ValueError(
                f"'{host}' is neither a name nor an IP address; a port goes into the parameter port"
            ) from None
    return host


@check(
    "net.reachable_from",
    severity="high",
    remedy="Open the path from this host: its route, the security groups and firewalls between them, the listener.",
    source="RFC 9293 section 3.5 (connection establishment)",
    asks=lambda readiness_host, host, port: asked(readiness_host, CONNECT(host, str(port))),
)
def reachable_from(
    host_facts: Attempt,
    readiness_host: Host,
    *,
    host: Annotated[str, Field(pattern=r"^[A-Za-z0-9_.:][A-Za-z0-9_.:-]{0,252}$"), AfterValidator(_without_port)],
    port: Port,
) -> Evidence:
    """From this host, a TCP port of another one accepts connections.

    The runner logs in to the host that the binding is on, looks up the name there, and connects with bash or nc: of
    several addresses one must accept. Where that is an address of this host itself, or its firewall leads the
    connection to a proxy on this host (which only bash notices), nothing is proven of another one.
    What answers there is not looked at; that the program on this host has the right address and password is another
    claim.

    Args:
        host: name or IP address of the other one, as this host knows it; a name needs the program getent there.
        port: its port, 1 to 65535.
    """
    address = host_facts.address
    where = f"{host} ({address})" if address not in ("", host) else host
    here = f"from {readiness_host.where}, port {port} on {where}"
    claim(
        host_facts.state == "open",
        expected=f"port {port} on {host} open to {readiness_host.where}",
        seen=f"{here}: {host_facts.state}",
    )
    if host_facts.own:
        raise CouldNotVerify(
            f"{here}: open, but {address} is an address of {readiness_host.where} itself; name another host"
        )
    if host_facts.led:
        raise CouldNotVerify(
            f"{here}: open, but a rule of that host's firewall leads the connection to a program on the host itself, "
            "such as the proxy of a service mesh, which accepts in place of the other one; try it without the rule"
        )
    return Evidence(f"{here}: open (connected by {host_facts.program})")
