"""A private name space from the root down: knot as the authoritative servers, unbound as a validating resolver.

All zones are signed here, with dnspython, so that a test can serve any fault; unbound, which has its own validator,
tells whether what is meant to be right is right.
"""

from __future__ import annotations

import signal
import socket
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from subprocess import Popen
from typing import Any

import dns.dnssec
import dns.dnssectypes
import dns.exception
import dns.message
import dns.name
import dns.node
import dns.query
import dns.rcode
import dns.rdataset
import dns.rdatatype
import dns.zone
from cryptography.hazmat.primitives.asymmetric import ec

from tests.stack.patience import patient
from tests.stack.process import Server, free_port, running
from tests.stack.programs import program

DAY = 86400


class Zone:
    """The text of a zone, and with ``signed`` its key.

    Args:
        name: of the zone, "." for the root.
        records: lines of a zone file without SOA and NS; ``@`` is the zone.
        signed: whether it is signed.
        valid: seconds from now on for which the signatures hold; less than 0 makes them expired.
        serial: of the SOA record.
        servers: names of its NS records.
        ttl: of all records.
        ds: whether the zone above it gets its DS record.
        bogus: what a set of records is changed to after signing ("@ A 192.0.2.1").
        foreign_ds: the zone above gets the DS record of another key.
        digest: of the DS record.
    """

    def __init__(
        self,
        name: str,
        records: str = "",
        *,
        signed: bool = True,
        valid: float = 14 * DAY,
        serial: int = 1,
        servers: Sequence[str] = ("ns1.test.", "ns2.test."),
        ttl: int = 3600,
        ds: bool = True,
        bogus: str = "",
        foreign_ds: bool = False,
        digest: str = "SHA256",
    ) -> None:
        self.name = dns.name.from_text(name)
        self.records = records
        self.signed, self.valid, self.serial, self.servers, self.ttl = signed, valid, serial, servers, ttl
        self.ds, self.bogus, self.foreign_ds = ds, bogus, foreign_ds
        self.digest = digest
        self._private = ec.generate_private_key(ec.SECP256R1())
        self._key = self._dnskey(self._private)

    def _dnskey(self, private: ec.EllipticCurvePrivateKey) -> Any:
        return dns.dnssec.make_dnskey(private.public_key(), dns.dnssectypes.Algorithm.ECDSAP256SHA256, flags=257)

    @property
    def anchor(self) -> str:
        """Its DS record."""
        key = self._dnskey(ec.generate_private_key(ec.SECP256R1())) if self.foreign_ds else self._key
        made = dns.dnssec.make_ds(self.name, key, self.digest, policy=dns.dnssec.allow_all_policy)
        return f"{self.name} IN DS {made}"

    def text(self, below: Sequence[Zone] = ()) -> str:
        """The zone file, with the delegations of the zones right below it."""
        lines = [
            f"$TTL {self.ttl}",
            f"@ IN SOA ns1.test. hostmaster.test. {self.serial} 3600 600 1209600 60",
            *(f"@ IN NS {server}" for server in self.servers),
            self.records,
            *(f"{zone.name} IN NS {server}" for zone in below for server in zone.servers),
            *(zone.anchor for zone in below if zone.signed and zone.ds),
        ]
        parsed = dns.zone.from_text("\n".join(lines), origin=self.name, relativize=False, check_origin=False)
        if self.signed:
            now = time.time()
            with parsed.writer() as transaction:
                dns.dnssec.sign_zone(
                    parsed,
                    transaction,
                    keys=[(self._private, self._key)],
                    dnskey_ttl=self.ttl,
                    inception=now - 30 * DAY,
                    expiration=now + self.valid,
                )
        if self.bogus:
            self._spoil(parsed)
        return str(parsed.to_text(relativize=False))

    def _spoil(self, zone: dns.zone.Zone) -> None:
        owner, type, value = self.bogus.split(maxsplit=2)
        node = zone.find_node(dns.name.from_text(owner, self.name))
        rdataset = node.find_rdataset(dns.rdataclass.IN, dns.rdatatype.from_text(type))
        node.replace_rdataset(dns.rdataset.from_text("IN", type, rdataset.ttl, value))


def glued(zones: Sequence[Zone]) -> dict[str, str]:
    """Zone name to the text of its file, each with its delegations to the others."""
    texts = {}
    for zone in zones:
        inside = [each for each in zones if each.name != zone.name and each.name.is_subdomain(zone.name)]
        below = [
            each
            for each in inside
            if not any(each.name != other.name and each.name.is_subdomain(other.name) for other in inside)
        ]
        texts[zone.name.to_text()] = zone.text(below)
    return texts


def answers(address: str, port: int, name: str = ".") -> bool:
    """Whether a server answers to a question for that name, and not with a failure."""
    with suppress(OSError, dns.exception.DNSException):
        # Nothing tells that no one listens there yet, so that each try lasts as long as this.
        reply = dns.query.udp(dns.message.make_query(name, "SOA"), address, timeout=patient(0.2), port=port)
        return reply.rcode() in (dns.rcode.NOERROR, dns.rcode.NXDOMAIN)
    return False


class Knot(Server):
    """``with Knot(directory, glued(zones)) as server:`` an authoritative server.

    Args:
        directory: for configuration and zones; created.
        zones: name to text.
        address: of the loopback network.
        port: 0 for a free one.
    """

    def __init__(self, directory: Path, zones: Mapping[str, str], address: str = "127.0.0.1", port: int = 0) -> None:
        self.directory = directory
        self.zones = dict(zones)
        self.address = address
        self.port = port
        self._fixed = port

    @property
    def place(self) -> str:
        """Address and port, as a target declares them."""
        return f"{self.address}:{self.port}"

    @contextmanager
    def _running(self) -> Iterator[Popen[bytes]]:
        self.port = self._fixed or free_port()
        log = self.directory / "knot.log"
        with running(
            [program("knotd"), "-c", self._configuration()],
            log=log,
            ready=lambda: all(answers(self.address, self.port, name) for name in self.zones),
        ) as process:
            yield process

    def _configuration(self) -> Path:
        lines = [
            "server:",
            f"  rundir: {self.directory}",
            f"  listen: {self.address}@{self.port}",
            "  udp-workers: 1",
            "  tcp-workers: 1",
            "  background-workers: 1",
            "database:",
            f"  storage: {self.directory}",
            "template:",
            "  - id: default",
            f"    storage: {self.directory}",
            "    zonefile-load: whole",
            "    journal-content: none",
            "    semantic-checks: off",
            "zone:",
        ]
        for number, (name, text) in enumerate(self.zones.items()):
            self.directory.joinpath(f"{number}.zone").write_text(text)
            lines += [f'  - domain: "{name}"', f"    file: {number}.zone"]
        path = self.directory / "knot.conf"
        path.write_text("\n".join(lines) + "\n")
        return path


class Unbound(Server):
    """``with Unbound(directory, knot, anchor) as resolver:`` a validating resolver that asks one server for everything.

    Args:
        directory: for configuration; created.
        upstream: server that has all zones.
        names: of these zones; each is asked of it.
        anchor: DS record that is trusted; "" validates nothing.
    """

    def __init__(self, directory: Path, upstream: Knot, names: Sequence[str], anchor: str = "") -> None:
        self.directory = directory
        self.upstream = upstream
        self.names = names
        self.anchor = anchor
        self.port = 0

    @property
    def place(self) -> str:
        """Address and port, as a target declares them."""
        return f"127.0.0.1:{self.port}"

    @contextmanager
    def _running(self) -> Iterator[Popen[bytes]]:
        self.port = free_port()
        with running(
            [program("unbound"), "-d", "-p", "-c", self._configuration()],
            log=self.directory / "unbound.log",
            ready=lambda: answers("127.0.0.1", self.port),
            stop=signal.SIGTERM,
        ) as process:
            yield process

    def _configuration(self) -> Path:
        stubs = "".join(
            f'stub-zone:\n  name: "{name}"\n  stub-addr: {self.upstream.address}@{self.upstream.port}\n'
            for name in self.names
        )
        (self.directory / "anchor").write_text(f"{self.anchor}\n")
        path = self.directory / "unbound.conf"
        path.write_text(
            f"""
server:
  interface: 127.0.0.1
  port: {self.port}
  username: ""
  chroot: ""
  directory: "{self.directory}"
  pidfile: ""
  logfile: ""
  use-syslog: no
  num-threads: 1
  do-ip6: no
  do-not-query-localhost: no
  ede: yes
  module-config: "{"validator iterator" if self.anchor else "iterator"}"
  {f'trust-anchor-file: "{self.directory}/anchor"' if self.anchor else ""}
  local-zone: "test." nodefault
  access-control: 127.0.0.0/8 allow
  unblock-lan-zones: yes
  qname-minimisation: no
remote-control:
  control-enable: no
{stubs}"""
        )
        return path


@contextmanager
def silent_udp() -> Iterator[int]:
    """A UDP port of 127.0.0.1 that takes questions and answers none."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        yield server.getsockname()[1]


@contextmanager
def without_extensions(upstream: Knot, refusal: dns.rcode.Rcode = dns.rcode.FORMERR) -> Iterator[str]:
    """A server that answers as another one does, but knows no extensions (EDNS), and refuses what has any."""
    stopping = threading.Event()

    def serve() -> None:
        while not stopping.is_set():
            with suppress(TimeoutError):
                wire, client = server.recvfrom(4096)
                query = dns.message.from_wire(wire)
                if query.edns >= 0:
                    reply = dns.message.make_response(query)
                    reply.use_edns(False)
                    reply.set_rcode(refusal)
                else:
                    reply = dns.query.udp(query, upstream.address, timeout=patient(5), port=upstream.port)
                server.sendto(reply.to_wire(), client)

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        server.settimeout(0.1)
        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield f"127.0.0.1:{server.getsockname()[1]}"
        finally:
            stopping.set()
            thread.join()
