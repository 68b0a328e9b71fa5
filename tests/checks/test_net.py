"""Checks of ports as the runner sees them: on loopback, and through a real firewall between two network namespaces."""

from __future__ import annotations

import json
import socket
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from pydantic import ValidationError

from pytest_readiness.evidence import ClaimFalse, CouldNotVerify, NotDeclared
from pytest_readiness.target.resources import Host
from tests.judging import judge
from tests.namespace import Namespace, namespace
from tests.stack.process import free_port
from tests.stack.programs import program

LOCAL = Host(name="web", address="127.0.0.1")
HERE = socket.gethostname()


@pytest.fixture
def listening() -> Iterator[int]:
    """A port of 127.0.0.1 that accepts."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


@pytest.fixture
def silent() -> Iterator[int]:
    """A port of 127.0.0.1 whose queue of connections is full, so that the kernel drops new ones."""
    with (
        socket.create_server(("127.0.0.1", 0), backlog=0) as server,
        socket.create_connection(server.getsockname()),
    ):
        yield server.getsockname()[1]


def test_open(listening: int) -> None:
    evidence = judge("net.open", LOCAL, ports=[listening])
    assert evidence.text == f"port {listening} on 127.0.0.1: open; seen from {HERE}"
    assert evidence.warning == "the runner has the address 127.0.0.1 itself; others may see something else"


def test_open_refused(listening: int) -> None:
    port = free_port()
    with pytest.raises(ClaimFalse) as caught:
        judge("net.open", LOCAL, ports=[listening, port])
    assert caught.value.expected == f"open: {listening}, {port}"
    assert caught.value.seen == f"port {port} on 127.0.0.1: refused; seen from {HERE}"


def test_open_silent(silent: int) -> None:
    with pytest.raises(ClaimFalse, match=r"no answer within 3 s \(filtered, or the host is down\)"):
        judge("net.open", LOCAL, ports=[silent])


def test_open_on_one_of_two_addresses(listening: int) -> None:
    if len({each[4][0] for each in socket.getaddrinfo("localhost", 1)}) < 2:
        pytest.skip("localhost has one address here.")
    evidence = judge("net.open", Host(name="web", address="localhost"), ports=[listening])
    assert evidence.text.startswith(f"port {listening} on 127.0.0.1: open; ")
    assert evidence.warning == f"port {listening} on ::1: refused"


def test_closed() -> None:
    port = free_port()
    evidence = judge("net.closed", LOCAL, ports=[port])
    assert evidence.text == f"port {port} on 127.0.0.1: refused; seen from {HERE}"
    assert "others may see something else" in evidence.warning


def test_closed_but_open(listening: int) -> None:
    port = free_port()
    with pytest.raises(ClaimFalse) as caught:
        judge("net.closed", LOCAL, ports=[port, listening])
    assert caught.value.expected == f"closed: {port}, {listening}"
    assert caught.value.seen == f"port {listening} on 127.0.0.1: open; seen from {HERE}"


def test_closed_needs_a_sign_of_life(silent: int, listening: int) -> None:
    with pytest.raises(CouldNotVerify, match=f"port {silent} on 127.0.0.1: no answer .*; name a port that answers as"):
        judge("net.closed", LOCAL, ports=[silent])
    evidence = judge("net.closed", LOCAL, ports=[silent], alive_port=listening)
    assert evidence.text.startswith(f"port {silent} on 127.0.0.1: filtered (no answer, while port {listening} answers)")
    by_ssh = Host(name="web", connection=f"ssh://127.0.0.1:{listening}")
    assert judge("net.closed", by_ssh, ports=[silent]).text == evidence.text


@pytest.mark.parametrize("id", ["net.open", "net.closed"])
def test_names_that_do_not_resolve(id: str) -> None:
    with pytest.raises(CouldNotVerify, match=r"^the name nosuch\.invalid could not be resolved \("):
        judge(id, Host(name="web", address="nosuch.invalid"), ports=[80])


@pytest.mark.parametrize("id", ["net.open", "net.closed"])
def test_hosts_without_an_address(id: str) -> None:
    with pytest.raises(NotDeclared, match="web declares no address"):
        judge(id, Host(name="web", connection="docker://web"), ports=[80])


@pytest.mark.parametrize("ports", [[], [0], [65536], ["ssh"]])
def test_ports_that_are_none(ports: list[Any]) -> None:
    for id in ("net.open", "net.closed"):
        with pytest.raises(ValidationError):
            judge(id, LOCAL, ports=ports)


JUDGE = """
import json, sys
from pytest_readiness.target.resources import Host
from tests.judging import judge
try:
    evidence = judge(sys.argv[1], Host(name="web", address=sys.argv[2]), **json.loads(sys.argv[3]))
    print(json.dumps(["Evidence", evidence.text, evidence.warning]))
except Exception as error:
    print(json.dumps([type(error).__name__, str(error), ""]))
"""


@dataclass(frozen=True)
class Runner:
    """A network beside that of a host, 192.0.2.2, with a firewall; it has no other route."""

    machine: Namespace

    def judge(self, id: str, address: str = "192.0.2.2", **parameters: object) -> list[str]:
        """Kind of outcome, text and warning of a check that runs there."""
        printed = self.machine.run_in_network(sys.executable, "-c", JUDGE, id, address, json.dumps(parameters))
        outcome: list[str] = json.loads(printed)
        return outcome


@pytest.fixture(scope="module")
def runner(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runner]:
    iptables = program("iptables")
    directory = tmp_path_factory.mktemp("networks")
    directory.joinpath("host").mkdir()
    directory.joinpath("runner").mkdir()
    with namespace(directory / "runner") as runner, namespace(directory / "host") as host:
        runner.run("ip", "link", "add", "to-host", "type", "veth", "peer", "name", "to-runner")
        runner.run_in_network("ip", "link", "set", "to-runner", "netns", str(host.pid))
        for machine, device, address in ((runner, "to-host", "192.0.2.1/24"), (host, "to-runner", "192.0.2.2/24")):
            machine.run("ip", "address", "add", address, "dev", device)
            machine.run("ip", "link", "set", device, "up")
        for rule in ("5432 -j DROP", "3306 -j REJECT --reject-with icmp-host-prohibited", "6379 -j REJECT"):
            host.run(str(iptables), "-A", "INPUT", "-p", "tcp", "--dport", *rule.split())
        host.run("sh", "-c", f"{program('busybox')} nc -ll -p 22 -e cat </dev/null >/dev/null 2>&1 &")
        yield Runner(runner)


def test_through_a_firewall(runner: Runner) -> None:
    assert runner.judge("net.open", ports=[22]) == ["Evidence", f"port 22 on 192.0.2.2: open; seen from {HERE}", ""]
    kind, text, warning = runner.judge("net.closed", ports=[80, 6379], alive_port=22)
    assert (kind, warning) == ("Evidence", "")
    assert text == f"port 80 on 192.0.2.2: refused, port 6379 on 192.0.2.2: refused; seen from {HERE}"


@pytest.mark.parametrize(("port", "seen"), [(5432, "no answer within 3 s"), (3306, "reported unreachable")])
def test_filtered(runner: Runner, port: int, seen: str) -> None:
    kind, text, _ = runner.judge("net.closed", ports=[port])
    assert (kind, text.startswith(f"port {port} on 192.0.2.2: {seen} (")) == ("CouldNotVerify", True)
    kind, text, _ = runner.judge("net.closed", ports=[port], alive_port=22)
    assert kind == "Evidence"
    assert text.startswith(f"port {port} on 192.0.2.2: filtered (no answer, while port 22 answers)")
    kind, text, _ = runner.judge("net.open", ports=[port])
    assert (kind, seen in text) == ("ClaimFalse", True)


def test_nothing_is_proven_without_a_route(runner: Runner) -> None:
    kind, text, _ = runner.judge("net.closed", "198.51.100.1", ports=[5432], alive_port=22)
    assert kind == "CouldNotVerify"
    assert text.startswith("port 5432 on 198.51.100.1: reported unreachable (rejected by a firewall, or no route)")
    assert "neither does port 22 answer" in text


def test_nothing_is_proven_about_a_host_that_is_down(runner: Runner) -> None:
    kind, text, _ = runner.judge("net.closed", "192.0.2.9", ports=[5432], alive_port=22)
    assert (kind, "neither does port 22 answer" in text) == ("CouldNotVerify", True)
