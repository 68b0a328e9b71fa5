"""A host's TCP ports as the runner sees them: from inside a firewall that proves nothing about the outside."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import Field

from pytest_readiness.evidence import CouldNotVerify, Evidence, NotDeclared, claim
from pytest_readiness.facts.net import CONNECT_SECONDS, PortState, Probe
from pytest_readiness.registry import check
from pytest_readiness.target.resources import Host

Port = Annotated[int, Field(ge=1, le=65535)]
Ports = Annotated[list[Port], Field(min_length=1)]

_WORDS = {
    "open": "open",
    "refused": "refused",
    "silent": f"no answer within {CONNECT_SECONDS:g} s (filtered, or the host is down)",
    "unreachable": "reported unreachable (rejected by a firewall, or no route)",
}


def _alive_port(host: Host, alive_port: int | None) -> int | None:
    """A port that should answer: the one named, or the one that the runner logs in by."""
    login = urlsplit(host.connection or "")
    return alive_port or (login.port or 22 if login.scheme == "ssh" else None)


def _probed(host: Host, parameters: Mapping[str, Any]) -> dict[str, list[str]]:
    if host.seen_at is None:
        raise NotDeclared(f"{host.name} declares no address that the runner sees it at")
    alive = _alive_port(host, parameters["alive_port"]) if "alive_port" in parameters else None
    return {"port_state": [str(port) for port in (*parameters["ports"], *([alive] if alive else []))]}


def _seen(probe: Probe) -> str:
    return f"port {probe.port} on {probe.address}: {_WORDS[probe.state]}"


def _from(state: PortState) -> str:
    return f"seen from {state.runner}"


def _itself(probes: list[Probe]) -> str:
    own = [probe.address for probe in probes if probe.local]
    return f"the runner has the address {own[0]} itself; others may see something else" if own else ""


@check(
    "net.open",
    severity="high",
    remedy="Start what should listen there, on an address that the runner reaches, and let firewalls pass it.",
    source="RFC 9293 section 3.5 (connection establishment)",
    asks=_probed,
)
def open(port_state: Mapping[str, PortState], *, ports: Ports) -> Evidence:
    """Each listed TCP port accepts connections from the runner.

    Of a name with several addresses one address must accept; the others are told in a warning. What answers there is
    not looked at.

    Args:
        ports: the port numbers, 1 to 65535.
    """
    states = [port_state[str(port)] for port in ports]
    probes = [probe for state in states for probe in state.probes]
    shut = [probe for state in states if not _accepts(state) for probe in state.probes]
    claim(
        not shut,
        expected=f"open: {', '.join(map(str, ports))}",
        seen=f"{', '.join(map(_seen, shut))}; {_from(states[0])}",
    )
    accepting = ", ".join(_seen(probe) for probe in probes if probe.state == "open")
    rest = ", ".join(_seen(probe) for probe in probes if probe.state != "open")
    return Evidence(f"{accepting}; {_from(states[0])}", warning=rest or _itself(probes))


def _accepts(state: PortState) -> bool:
    return any(probe.state == "open" for probe in state.probes)


@check(
    "net.closed",
    severity="critical",
    remedy="Bind the service to a private address, or close the port in the firewall.",
    source="RFC 9293 section 3.10.7.1 (a closed port answers with a reset)",
    asks=_probed,
)
def closed(
    port_state: Mapping[str, PortState], readiness_host: Host, *, ports: Ports, alive_port: Port | None = None
) -> Evidence:
    """No listed TCP port accepts connections from the runner, at any of the host's addresses.

    A port is closed when the host refuses, or when nothing answers there while another port of the same address does.
    Where nothing at all answers, the host may be down or the runner may have no way to it, and nothing is proven.

    Args:
        ports: the port numbers, 1 to 65535.
        alive_port: a port that answers (accepts or refuses) when the host is up. Default: the one that the runner
            logs in by, if that is by ssh.
    """
    states = [port_state[str(port)] for port in ports]
    probes = [probe for state in states for probe in state.probes]
    accepting = [probe for probe in probes if probe.state == "open"]
    claim(
        not accepting,
        expected=f"closed: {', '.join(map(str, ports))}",
        seen=f"{', '.join(map(_seen, accepting))}; {_from(states[0])}",
    )
    alive = _alive_port(readiness_host, alive_port)
    others = port_state[str(alive)].probes if alive else ()
    answering = {probe.address: probe.port for probe in (*probes, *others) if probe.up}
    if unproven := [probe for probe in probes if probe.address not in answering]:
        tried = f"neither does port {alive} answer" if alive else "name a port that answers as alive_port"
        raise CouldNotVerify(f"{_seen(unproven[0])}; {tried}; {_from(states[0])}")
    shut = ", ".join(_seen(probe) if probe.up else _filtered(probe, answering[probe.address]) for probe in probes)
    return Evidence(f"{shut}; {_from(states[0])}", warning=_itself(probes))


def _filtered(probe: Probe, answering: int) -> str:
    return f"port {probe.port} on {probe.address}: filtered (no answer, while port {answering} answers)"
