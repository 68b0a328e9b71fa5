"""Checks of ports as the runner sees them: on loopback, and through a real firewall between two network namespaces."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from pytest_readiness.core.evidence import ClaimFalse, CouldNotVerify, NotDeclared
from pytest_readiness.domains.host.resource import Host
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


PARAMETERS: dict[str, dict[str, Any]] = {
    "net.open": {"ports": [80]},
    "net.closed": {"ports": [80]},
    "net.only_open": {"ports": [80], "range": "80-81"},
    "net.ssh_restricted": {"networks": ["192.0.2.0/24"]},
    "net.latency": {"ms": 50, "port": 80},
}


@pytest.mark.parametrize("id", PARAMETERS)
def test_names_that_do_not_resolve(id: str) -> None:
    with pytest.raises(CouldNotVerify, match=r"^the name nosuch\.invalid could not be resolved \("):
        judge(id, Host(name="web", address="nosuch.invalid"), **PARAMETERS[id])


@pytest.mark.parametrize("id", PARAMETERS)
def test_hosts_without_an_address(id: str) -> None:
    with pytest.raises(NotDeclared, match="web declares no address"):
        judge(id, Host(name="web", connection="docker://web"), **PARAMETERS[id])


@pytest.fixture
def neighbours() -> Iterator[tuple[int, int]]:
    """Two ports of 127.0.0.1 that accept, at most nine apart."""
    for _ in range(50):
        with ExitStack() as stack:
            first = stack.enter_context(socket.create_server(("127.0.0.1", 0))).getsockname()[1]
            for second in range(first + 1, min(first + 10, 65536)):
                try:
                    stack.enter_context(socket.create_server(("127.0.0.1", second)))
                except OSError:
                    continue
                yield first, second
                return
    pytest.fail("There are no two free ports beside each other.")


def test_only_open(neighbours: tuple[int, int]) -> None:
    first, second = neighbours
    evidence = judge("net.only_open", LOCAL, ports=[first, second, 1], range=f"{first}-{second}")
    number = second - first + 1
    figures = f"open: {first}, {second}; {number - 2} refuse, 0 do not answer"
    assert evidence.text == f"of {number} ports on 127.0.0.1 {figures}; seen from {HERE}"
    assert evidence.warning == "the runner has the address 127.0.0.1 itself; others may see something else"


def test_only_open_but_another(neighbours: tuple[int, int]) -> None:
    first, second = neighbours
    with pytest.raises(ClaimFalse) as caught:
        judge("net.only_open", LOCAL, ports=[first], range=f"{first}-{second}")
    assert caught.value.expected == f"open in {first}-{second}: {first} at most"
    assert caught.value.seen == f"port {second} on 127.0.0.1: open; seen from {HERE}"
    with pytest.raises(ClaimFalse, match=f"open in {first}-{first}: none at most"):
        judge("net.only_open", LOCAL, ports=[], range=f"{first}-{first}")


def test_only_open_tries_every_port(listening: int) -> None:
    with pytest.raises(ClaimFalse, match=f"port {listening} on 127.0.0.1: open"):
        judge("net.only_open", LOCAL, ports=[])


def test_only_open_needs_an_answer(silent: int) -> None:
    reason = f"no port of {silent}-{silent} on 127.0.0.1 answers within 1 s; the host may be down"
    with pytest.raises(CouldNotVerify, match=reason):
        judge("net.only_open", LOCAL, ports=[], range=f"{silent}-{silent}")


def test_only_open_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pytest_readiness.domains.net.facts.SCAN_SECONDS", -1)
    with pytest.raises(CouldNotVerify, match=r"the ports of 127\.0\.0\.1 could not all be looked at within -1 s"):
        judge("net.only_open", LOCAL, ports=[])


@pytest.mark.parametrize("range", ["", "80", "81-80", "0-80", "1-65536", "1-x"])
def test_ranges_that_are_none(range: str) -> None:
    with pytest.raises(ValidationError):
        judge("net.only_open", LOCAL, ports=[], range=range)


def test_ssh_restricted() -> None:
    port = free_port()
    evidence = judge("net.ssh_restricted", LOCAL, networks=["192.0.2.0/24", "2001:db8::/32"], port=port)
    assert evidence.text == f"port {port} on 127.0.0.1: refused to 127.0.0.1; seen from {HERE}"


def test_ssh_restricted_but_open(listening: int) -> None:
    with pytest.raises(ClaimFalse) as caught:
        judge("net.ssh_restricted", LOCAL, networks=["192.0.2.0/24"], port=listening)
    assert caught.value.expected == "ssh open to 192.0.2.0/24 only"
    assert caught.value.seen == f"port {listening} on 127.0.0.1: open to 127.0.0.1; seen from {HERE}"


def test_ssh_restricted_from_inside(listening: int) -> None:
    with pytest.raises(CouldNotVerify, match=r"own address 127\.0\.0\.1 is one from which ssh is allowed"):
        judge("net.ssh_restricted", LOCAL, networks=["127.0.0.0/8"], port=listening)


def test_ssh_restricted_needs_a_sign_of_life(silent: int, listening: int) -> None:
    with pytest.raises(CouldNotVerify, match=f"port {silent} on 127.0.0.1: no answer .*; name a port that answers as"):
        judge("net.ssh_restricted", LOCAL, networks=["192.0.2.0/24"], port=silent)
    evidence = judge("net.ssh_restricted", LOCAL, networks=["192.0.2.0/24"], port=silent, alive_port=listening)
    assert f"filtered (no answer, while port {listening} answers) to 127.0.0.1" in evidence.text


def test_ssh_restricted_at_the_port_of_the_login(listening: int, tmp_path: Path) -> None:
    """Not at a port that sshd does not listen on."""
    config = tmp_path / "ssh_config"
    config.write_text(f"Host web\n HostName 127.0.0.1\n Port {listening}\n")
    hosts = [
        Host(name="web", connection=f"ssh://127.0.0.1:{listening}"),
        Host(name="web", connection="ssh://web", ssh_config=config),
        Host(name="web", connection="ssh://root@web", address="127.0.0.1", ssh_config=config),
    ]
    for host in hosts:
        with pytest.raises(ClaimFalse, match=f"seen: port {listening} on 127.0.0.1: open"):
            judge("net.ssh_restricted", host, networks=["192.0.2.0/24"])
        with pytest.raises(CouldNotVerify, match=f"refused, but the runner logs in by port {listening}: what is shut"):
            judge("net.ssh_restricted", host, networks=["192.0.2.0/24"], port=free_port())


def test_ssh_restricted_where_the_login_is_refused(listening: int, tmp_path: Path) -> None:
    port = free_port()
    host = Host(name="web", connection=f"ssh://127.0.0.1:{port}")
    with pytest.raises(CouldNotVerify, match=f"port {port} on .*: refused, though the runner logs in by it"):
        judge("net.ssh_restricted", host, networks=["192.0.2.0/24"])
    assert judge("net.ssh_restricted", host, networks=["192.0.2.0/24"], alive_port=listening)
    with pytest.raises(CouldNotVerify, match="so does port 1, which must accept: the runner may be turned away"):
        judge("net.ssh_restricted", host, networks=["192.0.2.0/24"], alive_port=1)
    # Over another host it is that one which is let in.
    config = tmp_path / "ssh_config"
    config.write_text(f"Host *\n ProxyJump bastion\n Port {port}\n")
    host = Host(name="web", connection="ssh://127.0.0.1", ssh_config=config)
    assert judge("net.ssh_restricted", host, networks=["192.0.2.0/24"]).text.startswith(f"port {port} on 127.0.0.1: re")
    assert judge("net.closed", host, ports=[free_port()])


def test_closed_where_the_login_is_refused_as_well() -> None:
    port = free_port()
    with pytest.raises(CouldNotVerify, match=f"so does port {port}, which must accept"):
        judge("net.closed", Host(name="web", connection=f"ssh://127.0.0.1:{port}"), ports=[free_port()])


def test_an_alias_of_ssh_without_an_address(tmp_path: Path) -> None:
    with pytest.raises(
        CouldNotVerify, match=r"nosuch\.invalid could not be resolved .*by another name, set it as addr"
    ):
        judge("net.closed", Host(name="web", connection="ssh://nosuch.invalid"), ports=[1])
    with pytest.raises(CouldNotVerify, match="ssh -G does not tell how it gets to ssh://web: "):
        judge("net.closed", Host(name="web", connection="ssh://web", ssh_config=tmp_path / "none"), ports=[1])


def test_addresses_of_ipv4_in_the_form_of_ipv6(listening: int) -> None:
    mapped = Host(name="web", address="::ffff:127.0.0.1")
    assert "the runner has the address" in judge("net.open", mapped, ports=[listening]).warning
    for network in ("127.0.0.0/8", "::ffff:127.0.0.0/104"):
        for host in (mapped, LOCAL):
            with pytest.raises(CouldNotVerify, match="is one from which ssh is allowed"):
                judge("net.ssh_restricted", host, networks=[network], port=listening)


def test_latency(listening: int) -> None:
    evidence = judge("net.latency", LOCAL, ms=3000, port=listening, samples=5)
    assert f" ms of 5 connections to 127.0.0.1 port {listening}; seen from {HERE}" in evidence.text


def test_latency_above(listening: int) -> None:
    with pytest.raises(ClaimFalse) as caught:
        judge("net.latency", LOCAL, ms=0.0001, port=listening)
    assert caught.value.expected == "p95 of at most 0.0001 ms"
    assert f" ms of 20 connections to 127.0.0.1 port {listening}" in caught.value.seen


def test_latency_of_nothing() -> None:
    port = free_port()
    with pytest.raises(CouldNotVerify, match=f"port {port} on 127.0.0.1: refused"):
        judge("net.latency", LOCAL, ms=50, port=port)


@pytest.fixture(params=["bash", "nc"])
def connecting(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The only program with which local:// can connect."""
    name = str(request.param)
    directory = tmp_path / "bin"
    directory.mkdir()
    for each in (
        "sh",
        "od",
        "tr",
        "cat",
        "grep",
        "sed",
        "getent",
        "timeout",
        "tail",
        *(["bash"] if name == "bash" else []),
    ):
        (directory / each).symlink_to(shutil.which(each) or pytest.fail(f"{each} is missing."))
    if name == "nc":
        (directory / "nc").symlink_to(program("busybox"))
    monkeypatch.setenv("PATH", str(directory))
    return name


LOGIN = Host(name="app", connection="local://")


def test_reachable_from(connecting: str, runner: Runner) -> None:
    kind, text, _ = runner.judge_host("net.reachable_from", {"connection": "local://"}, host="192.0.2.2", port=8080)
    assert (kind, text) == (
        "Evidence",
        f"from local://, port 8080 on 192.0.2.2: open (connected by {connecting})",
    )


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "127.9.9.9", "::ffff:127.0.0.1", "0.0.0.0"])
def test_reachable_from_a_host_to_itself(connecting: str, host: str) -> None:
    with (
        socket.create_server(("0.0.0.0", 0)) as server,
        pytest.raises(CouldNotVerify, match=r": open, but \S+ is an address of local:// itself; name another host"),
    ):
        judge("net.reachable_from", LOGIN, host=host, port=server.getsockname()[1])


def test_reachable_from_a_host_to_its_own_address(runner: Runner) -> None:
    serve = "import socket, time; kept = socket.create_server(('192.0.2.1', 7000)); print(flush=True); time.sleep(60)"
    line = [str(program("nsenter")), f"--target={runner.machine.pid}", "--net", sys.executable, "-c", serve]
    with subprocess.Popen(line, stdout=subprocess.PIPE) as server:
        try:
            assert server.stdout
            server.stdout.readline()
            asked: dict[str, Any] = {"host": "192.0.2.1", "port": 7000}
            kind, text, _ = runner.judge_host("net.reachable_from", {"connection": "local://"}, **asked)
        finally:
            server.kill()
    assert (kind, "192.0.2.1 is an address of local:// itself" in text) == ("CouldNotVerify", True), text


@pytest.fixture(params=["0.0.0.0", "::"])
def own_proxy(runner: Runner, request: pytest.FixtureRequest) -> Iterator[int]:
    """A port of others that a rule leads to a program on the runner, of the kind that service meshes make."""
    family = "AF_INET6, dualstack_ipv6=True" if request.param == "::" else "AF_INET"
    serve = f"import socket, time; kept = socket.create_server(({request.param!r}, 7001), family=socket.{family}); "
    serve += "print(flush=True); time.sleep(1000)"
    line = [str(program("nsenter")), f"--target={runner.machine.pid}", "--net", sys.executable, "-c", serve]
    rule = ["OUTPUT", "-p", "tcp", "--dport", "9999", "-j", "REDIRECT", "--to-ports", "7001"]
    iptables = [str(program("iptables")), "-t", "nat"]
    runner.machine.run(*iptables, "-A", *rule)
    with subprocess.Popen(line, stdout=subprocess.PIPE) as server:
        try:
            assert server.stdout
            server.stdout.readline()
            yield 9999
        finally:
            server.kill()
            runner.machine.run(*iptables, "-D", *rule)


def test_reachable_from_a_host_to_its_own_proxy(runner: Runner, own_proxy: int) -> None:
    asked: dict[str, Any] = {"host": "192.0.2.2", "port": own_proxy}
    kind, text, _ = runner.judge_host("net.reachable_from", {"connection": "local://"}, **asked)
    assert (kind, "leads the connection to a program on the host itself" in text) == ("CouldNotVerify", True), text


@pytest.mark.parametrize(
    ("id", "parameters"),
    [
        ("net.open", {"ports": [9999]}),
        ("net.closed", {"ports": [9999]}),
        ("net.only_open", {"ports": [9999], "range": "9998-9999"}),
        ("net.latency", {"port": 9999, "ms": 100}),
    ],
)
def test_a_proxy_on_the_runner(runner: Runner, own_proxy: int, id: str, parameters: dict[str, Any]) -> None:
    """It accepts in place of the host."""
    kind, text, _ = runner.judge_host(id, {"address": "192.0.2.2"}, **parameters)
    assert kind == "CouldNotVerify", text
    assert text.startswith("a rule of the runner's firewall leads its connections to 192.0.2.2 port 9999 to a program")


def test_reachable_from_refused(connecting: str) -> None:
    port = free_port()
    with pytest.raises(ClaimFalse) as caught:
        judge("net.reachable_from", LOGIN, host="127.0.0.1", port=port)
    assert caught.value.expected == f"port {port} on 127.0.0.1 open to local://"
    assert caught.value.seen == f"from local://, port {port} on 127.0.0.1: refused"


def test_reachable_from_silent(connecting: str, silent: int) -> None:
    with pytest.raises(ClaimFalse, match="no answer within 5 s"):
        judge("net.reachable_from", LOGIN, host="127.0.0.1", port=silent)


def test_reachable_from_nobody_that_resolves(connecting: str) -> None:
    with pytest.raises(ClaimFalse, match="the name could not be resolved"):
        judge("net.reachable_from", LOGIN, host="nosuch.invalid", port=80)


def test_reachable_from_names_that_cannot_be_looked_up(connecting: str, tmp_path: Path) -> None:
    (tmp_path / "bin" / "getent").unlink()
    with pytest.raises(CouldNotVerify, match="address of db cannot be looked up without the program getent; name an"):
        judge("net.reachable_from", LOGIN, host="db", port=80)


def test_reachable_from_without_a_program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for each in ("sh", "od", "tr", "cat", "sed", "grep", "timeout", "tail"):
        (tmp_path / each).symlink_to(shutil.which(each) or pytest.fail(f"{each} is missing."))
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(CouldNotVerify, match="there is neither bash nor nc to connect with"):
        judge("net.reachable_from", LOGIN, host="127.0.0.1", port=80)
    with pytest.raises(NotDeclared, match="app declares no connection"):
        judge("net.reachable_from", Host(name="app", address="127.0.0.1"), host="127.0.0.1", port=80)


@pytest.mark.parametrize("host", ["db.example.com:5432", "192.0.2.1:5432", "::1:x", ":"])
def test_reachable_from_what_holds_a_port(host: str) -> None:
    with pytest.raises(ValidationError, match="neither a name nor an IP address; a port goes into the parameter port"):
        judge("net.reachable_from", LOGIN, host=host, port=5432)


@pytest.mark.parametrize("ports", [[], [0], [65536], ["ssh"]])
def test_ports_that_are_none(ports: list[Any]) -> None:
    for id in ("net.open", "net.closed"):
        with pytest.raises(ValidationError):
            judge(id, LOCAL, ports=ports)


JUDGE = """
import json, sys
from pytest_readiness.domains.host.resource import Host
from pytest_readiness.domains.net import facts
from tests.judging import judge
facts.SCAN_SECONDS = float(sys.argv[4])
facts.LIMIT_SECONDS = 4
try:
    host = Host.model_validate({"name": "web", **json.loads(sys.argv[2])})
    evidence = judge(sys.argv[1], host, **json.loads(sys.argv[3]))
    print(json.dumps(["Evidence", evidence.text, evidence.warning]))
except Exception as error:
    print(json.dumps([type(error).__name__, str(error), ""]))
"""


@dataclass(frozen=True)
class Runner:
    """A network beside that of a host, 192.0.2.2, with a firewall; it has no other route."""

    machine: Namespace

    def judge(self, id: str, address: str = "192.0.2.2", seconds: float = 150, **parameters: object) -> list[str]:
        """Kind of outcome, text and warning of a check that runs there, a scan within some seconds."""
        return self.judge_host(id, {"address": address}, seconds, **parameters)

    def judge_host(self, id: str, declared: dict[str, str], seconds: float = 150, **parameters: Any) -> list[str]:
        """The same of a host that is declared like this."""
        asked = (id, json.dumps(declared), json.dumps(parameters), str(seconds))
        printed = self.machine.run_in_network(sys.executable, "-c", JUDGE, *asked)
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
        for chain in ("FAST", "SLOW", "BAN", "LIMIT", "QUIET", "ONLY"):
            host.run(str(iptables), "-N", chain)
        for rule in (
            *("FAST -m limit --limit 400/second --limit-burst 50 -j RETURN", "FAST -j DROP"),
            *("SLOW -m limit --limit 20/second --limit-burst 20 -j RETURN", "SLOW -j DROP"),
            *(
                "BAN -m limit --limit 1/minute --limit-burst 30 -j RETURN",
                "BAN -p tcp -j REJECT --reject-with tcp-reset",
            ),
            *("INPUT -p tcp -d 192.0.2.7 -j REJECT", "INPUT -p tcp --syn -d 192.0.2.8 -j BAN"),
            *("INPUT -p tcp --syn -d 192.0.2.3 -j FAST", "INPUT -p tcp --syn -d 192.0.2.6 -j SLOW"),
            # As `ufw limit` does, for three seconds instead of thirty.
            *("LIMIT -m recent --name limit --set", "QUIET -m recent --name quiet --set"),
            "LIMIT -m recent --name limit --update --seconds 3 --hitcount 3 -j REJECT",
            "QUIET -m recent --name quiet --update --seconds 3 --hitcount 3 -j DROP",
            "INPUT -p tcp --syn -d 192.0.2.10 --dport 22 -j LIMIT",
            "INPUT -p tcp --syn -d 192.0.2.11 --dport 22 -j QUIET",
            *("ONLY -p tcp ! --dport 22 -j DROP", "ONLY -m recent --name only --set"),
            "ONLY -m recent --name only --update --seconds 3 --hitcount 3 -j DROP",
            "INPUT -p tcp --syn -d 192.0.2.12 -j ONLY",
            *("INPUT -p tcp -d 192.0.2.4 --dport 22 -j ACCEPT", "INPUT -p tcp -d 192.0.2.4 -j DROP"),
            *("INPUT -p tcp -d 192.0.2.5 --dport 22 -j ACCEPT", "INPUT -p tcp -d 192.0.2.5 -j REJECT"),
        ):
            host.run(str(iptables), "-A", *rule.split())
        for last in (*range(3, 9), 10, 11, 12):
            host.run("ip", "address", "add", f"192.0.2.{last}/24", "dev", "to-runner")
        host.run("sh", "-c", f"{program('busybox')} nc -ll -p 8080 -e cat </dev/null >/dev/null 2>&1 &")
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
    how = seen.partition(" within")[0]
    assert text.startswith(f"port {port} on 192.0.2.2: filtered ({how}, while port 22 answers)")
    kind, text, _ = runner.judge("net.open", ports=[port])
    assert (kind, seen in text) == ("ClaimFalse", True)


def test_only_open_through_a_firewall(runner: Runner) -> None:
    kind, text, warning = runner.judge("net.only_open", ports=[22], range="20-25")
    assert (kind, warning) == ("Evidence", "")
    assert text.startswith("of 6 ports on 192.0.2.2 open: 22; 5 refuse, 0 do not answer")
    kind, text, _ = runner.judge("net.only_open", ports=[], range="5432-5432")
    assert (kind, "no port of 5432-5432 on 192.0.2.2 answers" in text) == ("CouldNotVerify", True)


def test_only_open_where_a_firewall_drops_what_comes_too_fast(runner: Runner) -> None:
    """Silence is not closed: slower, or not at all."""
    kind, text, _ = runner.judge("net.only_open", "192.0.2.3", ports=[22], range="7980-8180")
    assert (kind, "port 8080 on 192.0.2.3: open" in text) == ("ClaimFalse", True), text
    kind, text, _ = runner.judge("net.only_open", "192.0.2.3", ports=[22, 8080], range="7980-8180")
    assert (kind, "open: 8080; 200 refuse, 0 do not answer" in text) == ("Evidence", True), text
    kind, text, _ = runner.judge("net.only_open", "192.0.2.6", seconds=8, ports=[22, 8080], range="1-20000")
    assert kind == "CouldNotVerify"
    assert "as if a firewall turned away what comes too fast; name a smaller range" in text


def test_nothing_is_proven_where_the_runner_is_turned_away(runner: Runner) -> None:
    """A firewall that refuses everything to the runner, from the beginning or after a while."""
    kind, text, _ = runner.judge("net.closed", "192.0.2.7", ports=[8080], alive_port=22)
    assert (kind, "so does port 22, which must accept" in text) == ("CouldNotVerify", True), text
    kind, text, _ = runner.judge("net.only_open", "192.0.2.7", ports=[22], range="8080-8080")
    assert (kind, "none of the ports that may accept does (22)" in text) == ("CouldNotVerify", True), text
    for ports in ([22], [8080]):
        kind, text, _ = runner.judge("net.only_open", "192.0.2.8", seconds=6, ports=ports, range="7500-8180")
        assert kind == "CouldNotVerify", text
    for host in ({"address": "192.0.2.7"}, {"connection": "docker://web", "address": "192.0.2.7"}):
        kind, _, warning = runner.judge_host("net.ssh_restricted", host, networks=["198.51.100.0/24"])
        assert (kind, warning) == ("Evidence", "no connection by ssh tells the port of sshd; 22 was looked at")


@pytest.mark.parametrize(("last", "range"), [(4, "1-1200"), (5, "1-1200"), (4, "22-22"), (2, "1-3000")])
def test_only_open_of_firewalls_that_always_say_the_same(runner: Runner, last: int, range: str) -> None:
    kind, text, _ = runner.judge("net.only_open", f"192.0.2.{last}", ports=[22], range=range)
    assert (kind, f"ports on 192.0.2.{last} open: 22; " in text) == ("Evidence", True), text


def test_ssh_restricted_through_a_firewall(runner: Runner) -> None:
    kind, text, _ = runner.judge("net.ssh_restricted", networks=["198.51.100.0/24"], port=5432, alive_port=22)
    assert (kind, "filtered (no answer, while port 22 answers) to 192.0.2.1" in text) == ("Evidence", True)
    kind, text, _ = runner.judge("net.ssh_restricted", networks=["192.0.2.0/28"])
    assert (kind, "own address 192.0.2.1 is one from which ssh is allowed" in text) == ("CouldNotVerify", True)


@pytest.mark.parametrize(
    ("id", "address", "parameters"),
    [
        ("net.ssh_restricted", "192.0.2.10", {"networks": ["198.51.100.0/24"], "alive_port": 8080}),
        ("net.closed", "192.0.2.11", {"ports": [22], "alive_port": 8080}),
        ("net.only_open", "192.0.2.10", {"ports": [8080], "range": "20-24"}),
    ],
)
def test_a_firewall_that_limits_how_often_one_may_log_in(
    runner: Runner, id: str, address: str, parameters: dict[str, Any]
) -> None:
    """The runner is turned away for having looked so often, though everybody may log in."""
    kind, text, _ = runner.judge("net.latency", address, ms=1000, port=22)
    assert (kind, "as if a firewall limited how often one may connect" in text) == ("CouldNotVerify", True), text
    kind, text, _ = runner.judge(id, address, **parameters)
    assert (kind, f"port 22 on {address}: open" in text) == ("ClaimFalse", True), text


def test_only_open_where_only_logins_are_let_in_and_not_often(runner: Runner) -> None:
    """What a firewall leaves that denies everything but `ufw limit ssh`: no other port tells that the host is there."""
    kind, text, _ = runner.judge("net.only_open", "192.0.2.12", ports=[22], range="1-4500")
    assert (kind, "open: 22; 0 refuse, 4499 do not answer" in text) == ("Evidence", True), text
    kind, text, _ = runner.judge("net.only_open", "192.0.2.12", ports=[], range="1-600")
    assert (kind, "port 22 on 192.0.2.12: open" in text) == ("ClaimFalse", True), text


def test_nothing_is_proven_without_a_route(runner: Runner) -> None:
    kind, text, _ = runner.judge("net.closed", "198.51.100.1", ports=[5432], alive_port=22)
    assert kind == "CouldNotVerify"
    assert text.startswith("port 5432 on 198.51.100.1: reported unreachable (rejected by a firewall, or no route)")
    assert "neither does port 22 answer" in text


def test_nothing_is_proven_about_a_host_that_is_down(runner: Runner) -> None:
    kind, text, _ = runner.judge("net.closed", "192.0.2.9", ports=[5432], alive_port=22)
    assert (kind, "neither does port 22 answer" in text) == ("CouldNotVerify", True)
