"""Checks of domains against knot, unbound and a registry's RDAP service, all on loopback."""

from __future__ import annotations

import base64
import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import dns.flags
import dns.message
import dns.query
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from pydantic import ValidationError

from pytest_readiness.checklist.reading import parse_checklist
from pytest_readiness.config.target import Target
from pytest_readiness.core import audit, registry
from pytest_readiness.core.domains import load_catalogue
from pytest_readiness.core.evidence import ClaimFalse, CouldNotVerify, Evidence, NotDeclared
from pytest_readiness.core.problems import ProblemsError
from pytest_readiness.core.registry import FACTS, TARGET
from pytest_readiness.domains.dns.checks.answers import _beside
from pytest_readiness.domains.dns.facts.registration import service
from pytest_readiness.domains.dns.resource import Domain
from pytest_readiness.domains.host.resource import Host
from pytest_readiness.plan.binding import bindings_path
from pytest_readiness.plan.bindings import read_bindings
from pytest_readiness.record.recording import _types
from tests.judging import judge, read
from tests.namespace import namespace
from tests.stack.certs import Authority
from tests.stack.dns import DAY, Knot, Unbound, Zone, glued, silent_udp
from tests.stack.process import free_port
from tests.stack.programs import program
from tests.stack.silent import Response, WebApp


def _der(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) -> str:
    der = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return base64.b64encode(der).decode()


RSA_2048 = _der(rsa.generate_private_key(65537, 2048))
RSA_1024 = _der(rsa.generate_private_key(65537, 1024))
EC_256 = _der(ec.generate_private_key(ec.SECP256R1()))
ED25519 = base64.b64encode(ed25519.Ed25519PrivateKey.generate().public_key().public_bytes_raw()).decode()


def txt(*texts: str) -> str:
    """A TXT record with these texts, cut into strings of at most 255 bytes."""
    whole = "".join(texts)
    return "TXT " + " ".join(f'"{whole[start : start + 255]}"' for start in range(0, len(whole), 255))


def dkim(key: str, kind: str = "rsa") -> str:
    return txt(f"v=DKIM1; k={kind}; p={key}")


GOOD = {
    "address": "@ A 198.51.100.1\n@ AAAA 2001:db8::1",
    "api": "api A 198.51.100.2",
    "mx": "@ MX 10 mx1\nmx1 A 198.51.100.25",
    "spf": f"@ {txt('v=spf1 mx -all')}",
    "dkim": f"s1._domainkey {dkim(RSA_2048)}",
    "dmarc": f"_dmarc {txt('v=DMARC1; p=reject; rua=mailto:dmarc@example.com')}",
    "caa": '@ CAA 0 issue "ca.example"',
}
CHECKS: dict[str, dict[str, Any]] = {
    "dns.resolves": {"types": ["A", "AAAA"]},
    "dns.points_to": {"addresses": ["198.51.100.0/24", "2001:db8::1"]},
    "dns.subdomains": {"names": ["api"]},
    "dns.mx": {},
    "dns.spf": {},
    "dns.dkim": {"selectors": ["s1"]},
    "dns.dmarc": {},
    "dns.caa": {"issuers": ["ca.example"]},
    "dns.propagated": {"types": ["A", "AAAA", "MX", "TXT", "CAA"]},
    "dns.nameservers": {},
    "dns.ttl": {},
    "dns.dnssec": {},
}


def zone(label: str, fault: dict[str, str] | None = None, **options: Any) -> Zone:
    """A good zone below test. but for what the fault changes."""
    return Zone(f"{label}.test.", "\n".join((GOOD | (fault or {})).values()), **options)


@dataclass(frozen=True)
class Fault:
    """One thing that is broken, the check that fails by it, and what it then sees.

    Attributes:
        zone: what both servers have, or with `second` the first of them.
        second: what the second server has.
    """

    zone: Zone
    check: str
    seen: str
    second: Zone | None = None


def _stale() -> tuple[Zone, Zone]:
    fresh, stale = zone("stale", serial=2), zone("stale", serial=1)
    stale._private, stale._key = fresh._private, fresh._key
    return fresh, stale


def _two_answers() -> tuple[Zone, Zone]:
    fresh, other = (
        zone("other"),
        zone("other", {"address": GOOD["address"].replace("198.51.100.1\n", "198.51.100.9\n")}),
    )
    other._private, other._key = fresh._private, fresh._key
    return fresh, other


def _two_long_texts() -> tuple[Zone, Zone]:
    """Two that differ in what a report would cut off."""
    fresh, other = (zone("longtext", {"text": f"@ {txt('x' * 700 + end)}"}) for end in "12")
    other._private, other._key = fresh._private, fresh._key
    return fresh, other


STALE, OTHER, LONG_TEXTS = _stale(), _two_answers(), _two_long_texts()
FAULTS = [
    Fault(
        zone("noaddress", {"api": "api AAAA 2001:db8::1", "address": "@ AAAA 2001:db8::1"}),
        "dns.resolves",
        "no A record for noaddress.test, as ",
    ),
    Fault(
        zone("elsewhere", {"address": f"{GOOD['address']}\n@ A 203.0.113.9"}),
        "dns.points_to",
        "of which 203.0.113.9 should not be there",
    ),
    Fault(zone("noapi", {"api": ""}), "dns.subdomains", "no such name (NXDOMAIN) for api.noapi.test, as "),
    Fault(
        zone("nomx", {"mx": "@ MX 0 .", "spf": f"@ {txt('v=spf1 -all')}"}),
        "dns.mx",
        "a null MX, the domain takes no mail: 0 (nobody) (as ",
    ),
    Fault(zone("nospf", {"spf": f"@ {txt('hello')}"}), "dns.spf", "no TXT record that begins with v=spf1"),
    Fault(zone("openspf", {"spf": f"@ {txt('v=spf1 mx ?all')}"}), "dns.spf", "?all: v=spf1 mx ?all"),
    Fault(zone("nodkim", {"dkim": ""}), "dns.dkim", "no such name (NXDOMAIN) for s1._domainkey.nodkim.test"),
    Fault(
        zone("revoked", {"dkim": f"s1._domainkey {dkim('')}"}),
        "dns.dkim",
        "a revoked key (p= is empty): v=DKIM1; k=rsa; p=",
    ),
    Fault(zone("nodmarc", {"dmarc": ""}), "dns.dmarc", "no DMARC record at _dmarc.nodmarc.test, _dmarc.test"),
    Fault(
        zone("watched", {"dmarc": f"_dmarc {txt('v=DMARC1; p=none')}"}),
        "dns.dmarc",
        "none at _dmarc.watched.test: v=DMARC1; p=none",
    ),
    Fault(zone("nocaa", {"caa": ""}), "dns.caa", "no CAA record at nocaa.test, test"),
    Fault(
        zone("othercaa", {"caa": f'{GOOD["caa"]}\n@ CAA 0 issue "other.example; x=y"'}),
        "dns.caa",
        "other.example may issue, too, at othercaa.test: issue 'ca.example', issue 'other.example; x=y'",
    ),
    Fault(zone("oneserver", servers=["ns1.test."]), "dns.nameservers", "1 server (ns1.test) at 2 addresses"),
    Fault(zone("shortttl", ttl=30), "dns.ttl", "A 30 s at "),
    Fault(zone("longttl", ttl=86401), "dns.ttl", "AAAA 86401 s at "),
    Fault(STALE[0], "dns.propagated", "serial 2 at 127.0.0.1:", STALE[1]),
    Fault(OTHER[0], "dns.propagated", "A 198.51.100.9 at 127.1.0.2:", OTHER[1]),
    Fault(LONG_TEXTS[0], "dns.propagated", "TXT v=spf1 mx -all, xxx", LONG_TEXTS[1]),
    Fault(zone("unsigned", signed=False), "dns.dnssec", "no DS record for unsigned.test in test, as "),
    Fault(zone("nods", ds=False), "dns.dnssec", "no DS record for nods.test in test, as "),
    Fault(zone("wrongds", foreign_ds=True), "dns.dnssec", "no key of wrongds.test is the one that its DS records name"),
    Fault(
        zone("bogus", {"address": "@ A 198.51.100.1\n@ AAAA 2001:db8::9"}, bogus="@ AAAA 2001:db8::1"),
        "dns.dnssec",
        "AAAA bogus.test at 127.0.0.1:",
    ),
    Fault(zone("expired", valid=-3 * DAY), "dns.dnssec", "DNSKEY expired.test at 127.0.0.1:"),
    Fault(zone("ending", valid=0.5 * DAY), "dns.dnssec", "signatures that hold until "),
]
"""Zones that are good but for one thing."""

CASES = {
    "alias": "@ CNAME cdn.cases.test.",
    "chain": "@ CNAME alias.cases.test.",
    "cdn": "@ A 198.51.100.80",
    "dangling": "@ CNAME gone.cases.test.",
    "internal": "@ A 10.1.2.3",
    "wild": "@ A 198.51.100.3\n* A 198.51.100.3\nown A 198.51.100.4\n*.eu A 198.51.100.5\n"
    "same A 198.51.100.3\nsame.eu A 198.51.100.5\nnone TXT x",
    # As if the wildcard of another kind of server held for one label only.
    "shallow": f"www A 198.51.100.3\n{_beside('www.shallow.cases.test')}. A 198.51.100.3",
    "web": "@ A 198.51.100.1\n@ AAAA 2001:db8::1",
    "long": f"@ {txt('v=spf1 -all', ' ' * 2000)}\n@ A 198.51.100.1",
    "xn--bcher-kva": "@ A 198.51.100.7",
    # MX
    "mxalias": "@ MX 10 mail\nmail CNAME cdn.cases.test.",
    "mxnowhere": "@ MX 10 nowhere",
    "mxaddress": "@ MX 10 198.51.100.25.",
    "mxnone": "@ A 198.51.100.1",
    "mxmany": "\n".join(f"@ MX {number} a" for number in range(31)),
    "mxtwo": "@ MX 20 b\n@ MX 10 a\na A 198.51.100.25\nb AAAA 2001:db8::25",
    # SPF
    "spfok": f"@ {txt('v=spf1 ip4:198.51.100.0/24 ip6:2001:db8::/32 a:cdn.cases.test/24//64 -all')}",
    "spfsoft": f"@ {txt('V=SPF1 mx:mxtwo.cases.test ~ALL')}",
    "spfredirect": f"@ {txt('v=spf1 redirect=spfok.cases.test')}",
    "spfmacro": f"@ {txt('v=spf1 exists:%{i}._spf.example.com include:spfok.%{d2}.example.com -all')}",
    "spfptr": f"@ {txt('v=spf1 ptr -all')}",
    "spftwo": f"@ {txt('v=spf1 -all')}\n@ {txt('v=spf1 mx -all')}",
    "spfplus": f"@ {txt('v=spf1 +all')}",
    "spfbare": f"@ {txt('v=spf1 all')}",
    "spfnoall": f"@ {txt('v=spf1 ip4:198.51.100.1')}",
    "spfinclude": f"@ {txt('v=spf1 include:spfok.cases.test')}",
    "spfopen": f"@ {txt('v=spf1 include:spfplus.cases.test -all')}",
    "spfworld": f"@ {txt('v=spf1 ip4:198.51.100.1/0 -all')}",
    "spfworld6": f"@ {txt('v=spf1 a:cdn.cases.test/24//0 -all')}",
    "spfexists": f"@ {txt('v=spf1 exists:cdn.cases.test -all')}",
    "spfnotexists": f"@ {txt('v=spf1 ?exists:cdn.cases.test -all')}",
    "spfhalves": f"@ {txt('v=spf1 ip4:198.51.100.0/24 ip4:0.0.0.0/1 include:spfhalf.cases.test -all')}",
    "spfhalf": f"@ {txt('v=spf1 ip4:128.0.0.0/2 ip4:192.0.0.0/3 -all')}",
    "spfinternet6": f"@ {txt('v=spf1 ip4:198.51.100.0/24 ip6:2000::/4 ip6:3000::/4 -all')}",
    "spfnothalf": f"@ {txt('v=spf1 ip4:0.0.0.0/1 -include:spfhalf.cases.test ?ip4:128.0.0.0/1 -all')}",
    "spfnotworld": f"@ {txt('v=spf1 ?include:spfworld.cases.test -all')}",
    "spfnotopen": f"@ {txt('v=spf1 -include:spfopen.cases.test ~include:spfplus.cases.test -all')}",
    "spfinside": f"@ {txt('v=spf1 include:spfnotopen.cases.test ?include:spfaround.cases.test -all')}",
    "spfaround": f"@ {txt('v=spf1 a:internal.cases.test/1 mx:mxtwo.cases.test/1 -all')}",
    "spfaround6": f"@ {txt('v=spf1 a:web.cases.test//3 -all')}",
    "spfexchangers6": f"@ {txt('v=spf1 mx:mxtwo.cases.test/24//3 -all')}",
    "spfnotaround": f"@ {txt('v=spf1 a:internal.cases.test/1 mx:mxtwo.cases.test/3 -a:web.cases.test/1//3 -all')}",
    "spfclosed": f"@ {txt('v=spf1 -ip4:0.0.0.0/0 -all')}",
    "spfversion": f"@ {txt('v=spf10 -all')}",
    "spften": f"@ {txt('v=spf1', ' include:spfptr.cases.test' * 5, ' -all')}",
    "spfeleven": f"@ {txt('v=spf1', ' include:spfptr.cases.test' * 5, ' mx:mxtwo.cases.test -all')}",
    "spfloop": f"@ {txt('v=spf1 include:spfloop.cases.test -all')}",
    "spfafter": f"@ {txt('v=spf1 -all', ' mx' * 11)}",
    "spfvoid": f"@ {txt('v=spf1 a:no1.cases.test a:no2.cases.test -all')}",
    "spfvoids": f"@ {txt('v=spf1 a:no1.cases.test mx:no2.cases.test exists:no3.cases.test -all')}",
    "spfnowhere": f"@ {txt('v=spf1 include:mxnone.cases.test -all')}",
    "spfbroken": f"@ {txt('v=spf1 ipv4:198.51.100.1 -all')}",
    "spfnetwork": f"@ {txt('v=spf1 ip4:198.51.100.300 -all')}",
    "spfmask": f"@ {txt('v=spf1 ip4:192.0.2.0/255.255.255.0 -all')}",
    "spfzeros": f"@ {txt('v=spf1 ip4:192.0.2.0/024 -all')}",
    "spfzeros6": f"@ {txt('v=spf1 ip6:2001:db8::/032 -all')}",
    "spfdualzeros": f"@ {txt('v=spf1 a:cdn.cases.test/08 -all')}",
    "spfdualzeros6": f"@ {txt('v=spf1 mx:mxtwo.cases.test/24//064 -all')}",
    "spfscope": f"@ {txt('v=spf1 ip6:fe80::1%eth0/64 -all')}",
    "spflabel": f"@ {txt('v=spf1 a:a..b -all')}",
    "spfnoredirect": f"@ {txt('v=spf1 redirect=mxnone.cases.test')}",
    # DMARC
    "dq": f"_dmarc {txt('v=DMARC1; p=quarantine; sp=none')}\n_dmarc.own {txt('v=DMARC1;p=reject;pct=20')}",
    "dr": f"_dmarc {txt('v=DMARC1; p=reject')}\n_dmarc.mid {txt('v=DMARC1; p=none')}",
    "dtwo": f"_dmarc {txt('v=DMARC1; p=reject')}\n_dmarc {txt('v=DMARC1; p=none')}",
    "dtest": f"_dmarc {txt('v=DMARC1; p=quarantine; t=y')}",
    "dzero": f"_dmarc {txt('v=DMARC1; p=quarantine; pct=0')}",
    "dnop": f"_dmarc {txt('v=DMARC1; rua=mailto:dmarc@example.com')}",
    "dwrong": f"_dmarc {txt('v=DMARC1; p=rejct')}",
    "dother": f"_dmarc {txt('v=spf1 -all')}",
    # CAA
    "cwild": '@ CAA 0 issue "ca.example"\n@ CAA 0 issuewild "other.example"',
    "cnobody": '@ CAA 0 issue ";"',
    "ciodef": '@ CAA 0 iodef "mailto:security@example.com"',
    "ccritical": '@ CAA 0 issue "ca.example"\n@ CAA 128 strange "x"',
    "cgood": '@ CAA 0 issue "CA.example; validationmethods=dns-01"\n@ CAA 0 issuewild ";"',
}  # fmt: skip
"""Names below cases.test, with what stands at and below each."""

KEYS = {
    "r2": dkim(RSA_2048),
    "r1": dkim(RSA_1024),
    "ed": dkim(ED25519, "ed25519"),
    "alias": "CNAME r2._domainkey",
    "test": txt(f"v=DKIM1; t=y:s; p={RSA_2048}"),
    "spaced": txt(f"k=rsa; p={RSA_2048[:80]} {RSA_2048[80:]}"),
    "two": f"{dkim(RSA_2048)}\ntwo._domainkey {dkim(RSA_1024)}",
    "nobase": dkim("not base64!"),
    "ec": dkim(EC_256),
    "v2": txt(f"v=DKIM2; p={RSA_2048}"),
    "gost": dkim(RSA_2048, "gost"),
    "sha1": txt(f"v=DKIM1; h=sha1; p={RSA_2048}"),
    "chat": txt(f"v=DKIM1; s=chat; p={RSA_2048}"),
    "short": dkim(ED25519[:20], "ed25519"),
    "spf": txt("v=spf1 -all"),
}
CASES["keys"] = "\n".join(f"{selector}._domainkey {record}" for selector, record in KEYS.items())


@dataclass(frozen=True)
class World:
    """The servers, and domains that are looked at by them."""

    first: Knot
    second: Knot
    plain: Unbound
    validating: Unbound
    anchors: Path

    def domain(self, name: str, **fields: Any) -> Domain:
        """A domain with both servers, and the resolver that validates nothing, unless fields say otherwise."""
        declared: dict[str, Any] = {
            "nameservers": (self.first.place, self.second.place),
            "resolvers": (self.plain.place,),
            "trust_anchors": self.anchors,
        }
        return Domain(name="shop", domain=name, **declared | fields)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    for name in ("knotd", "unbound"):
        program(name)
    directory = tmp_path_factory.mktemp("dns")
    root = Zone(".", servers=["ns1.test."])
    hosts = "ns1 A 127.0.0.1\nns2 A 127.0.0.2\nweb A 198.51.100.1\nweb AAAA 2001:db8::1"
    cases = "\n".join(f"$ORIGIN {label}.cases.test.\n{records}" for label, records in CASES.items())
    shared = [root, Zone("test.", hosts), zone("good"), Zone("cases.test.", cases)]
    texts = glued([*shared, *(fault.zone for fault in FAULTS)])
    others = {fault.second.name.to_text(): fault.second.text() for fault in FAULTS if fault.second}
    anchors = directory / "anchors"
    anchors.write_text(f"{root.anchor}\n")
    with (
        Knot(directory / "first", texts) as first,
        Knot(directory / "second", texts | others, "127.1.0.2") as second,
        Unbound(directory / "plain", first, list(texts)) as plain,
        Unbound(directory / "validating", first, list(texts), root.anchor) as validating,
    ):
        yield World(first, second, plain, validating, anchors)


def seen(id: str, domain: Domain, **parameters: Any) -> str:
    with pytest.raises(ClaimFalse) as caught:
        judge(id, domain, **parameters)
    assert caught.value.expected
    return caught.value.seen


@pytest.fixture
def case(world: World) -> Callable[[str], Domain]:
    """A domain of `CASES`."""
    return lambda label: world.domain(f"{label}.cases.test")


Case = Callable[[str], Domain]


@pytest.mark.parametrize("id", CHECKS)
def test_good(world: World, id: str) -> None:
    evidence = judge(id, world.domain("good.test", resolvers=(world.validating.place,)), **CHECKS[id])
    only_here = "the delegation was not looked at, as the target declares the servers"
    assert evidence.warning == (only_here if id == "dns.nameservers" else "")


def test_evidence(world: World) -> None:
    domain = world.domain("good.test")
    said = f"(as {world.plain.place} answers)"
    texts = {id: judge(id, domain, **CHECKS[id]).text for id in CHECKS}
    assert texts["dns.resolves"] == f"good.test: 198.51.100.1, 2001:db8::1 {said}"
    assert texts["dns.points_to"] == texts["dns.resolves"]
    assert texts["dns.subdomains"] == f"api.good.test: 198.51.100.2 {said}"
    assert texts["dns.mx"] == f"10 mx1.good.test {said}, all with addresses"
    assert texts["dns.spf"] == "v=spf1 mx -all (1 lookup)"
    assert texts["dns.dkim"] == "s1: RSA 2048 bits"
    assert texts["dns.dmarc"] == "reject at _dmarc.good.test: v=DMARC1; p=reject; rua=mailto:dmarc@example.com"
    assert texts["dns.caa"] == "at good.test: issue 'ca.example'"
    assert texts["dns.propagated"].endswith("at 2 servers and 1 resolver, serial 1")
    assert (
        texts["dns.nameservers"] == "2 servers (ns1.test, ns2.test) at 2 addresses answer for good.test with authority"
    )
    assert texts["dns.ttl"] == "A 3600 s, AAAA 3600 s"
    proven = "DNSKEY good.test, SOA good.test, NS good.test, A good.test, AAAA good.test, MX good.test, TXT good.test"
    assert texts["dns.dnssec"].startswith(f". -> test -> good.test, ECDSAP256SHA256: {proven} at 2 servers, until ")


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: str(fault.zone.name).partition(".")[0])
def test_fault(world: World, fault: Fault) -> None:
    """Exactly the check that a fault is about fails."""
    domain = world.domain(str(fault.zone.name))
    assert fault.seen in seen(fault.check, domain, **CHECKS[fault.check])
    for id, parameters in CHECKS.items():
        if id != fault.check:
            judge(id, domain, **parameters)


def test_facts_can_be_recorded(world: World, registered: Callable[..., Domain]) -> None:
    load_catalogue()
    domain = registered(rdap())
    asks = {"dns_answer": ("A good.test",), "dns_views": ("A",), "host_addresses": ("web1",)}
    known: dict[str, Any] = {TARGET: Target("prod", resources=(Host(name="web1", address="web.test"),))}
    facts = [
        fact
        for fact in FACTS.values()
        if fact.kind == "domain" and fact.read.__module__.startswith("pytest_readiness.domains.dns.facts")
    ]
    assert len(facts) == 10
    for fact in facts:
        value = read(fact.name, domain, asks, known)
        for record in value.values() if fact.asking == "ask" else [value]:
            assert _types(fact.read).load(_types(fact.read).dump(record)) == record


def test_questions_are_audited(world: World, tmp_path: Path) -> None:
    log = audit.AuditLog(tmp_path / "audit", str, fresh=True)
    audit.start(log)
    try:
        judge("dns.resolves", world.domain("good.test"))
        judge("dns.nameservers", world.domain("good.test"))
    finally:
        audit.stop()
        log.close()
    lines = [json.loads(line) for line in (tmp_path / "audit").read_text().splitlines()]
    assert f"DNS A good.test at {world.plain.place}" in [each["what"] for each in lines]
    for server in (world.first, world.second):
        question = f"DNS SOA good.test at {server.place}"
        assert {(each["fact"], each["resource"]) for each in lines if each["what"] == question} == {
            ("dns_zone", "domain:shop")
        }


# What is not there, and what cannot be looked at.


@pytest.mark.parametrize("id", CHECKS)
def test_no_such_domain(world: World, id: str) -> None:
    if id == "dns.propagated":
        assert "no record" not in seen(id, world.domain("nosuch.test"), **CHECKS[id])
    assert seen(id, world.domain("nosuch.test"), **CHECKS[id])


BY_RESOLVERS = {id: CHECKS[id] for id in CHECKS if id != "dns.ttl"} | {"dns.cname": {"to": "cdn.example.net"}}


@pytest.mark.parametrize("id", BY_RESOLVERS)
def test_resolver_that_is_silent(world: World, id: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pytest_readiness.domains.dns.client.ATTEMPT_SECONDS", 0.1)
    with silent_udp() as port:
        domain = world.domain("good.test", resolvers=(f"127.0.0.1:{port}",))
        with pytest.raises(CouldNotVerify, match=rf"DNS \w+ \S+ at 127.0.0.1:{port} was not answered in time"):
            judge(id, domain, **BY_RESOLVERS[id])


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """On loopback nothing is lost, so that asking once will do."""
    monkeypatch.setattr("pytest_readiness.domains.dns.client.ATTEMPTS", 1)
    monkeypatch.setattr("pytest_readiness.domains.dns.client.ATTEMPT_SECONDS", 1)


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("id", ["dns.propagated", "dns.ttl", "dns.dnssec"])
def test_one_server_that_is_silent(world: World, id: str) -> None:
    with silent_udp() as port:
        domain = world.domain("good.test", nameservers=(world.first.place, f"127.0.0.1:{port}"))
        with pytest.raises(CouldNotVerify, match=f"at 127.0.0.1:{port} was not answered in time"):
            judge(id, domain, **({} if id == "dns.dnssec" else {"types": ["A"]}))


@pytest.mark.usefixtures("impatient")
def test_servers_that_are_silent(world: World) -> None:
    """One that is silent while another one answers does not serve; if all are, the way to them may be blocked."""
    with silent_udp() as port:
        silent = f"127.0.0.1:{port}"
        said = f"DNS SOA good.test at {silent} was not answered in time"
        with pytest.raises(CouldNotVerify, match=said):
            judge("dns.nameservers", world.domain("good.test", nameservers=(silent,)))
        assert seen("dns.nameservers", world.domain("good.test", nameservers=(world.first.place, silent))) == said


@pytest.mark.parametrize("id", ["dns.resolves", "dns.points_to", "dns.spf", "dns.mx"])
def test_resolver_that_fails(world: World, id: str) -> None:
    """A validating resolver withholds what is bogus; whether it is there is then not known."""
    with pytest.raises(CouldNotVerify, match=r"was answered SERVFAIL \(EDE \d+ \(") as caught:
        judge(id, world.domain("expired.test", resolvers=(world.validating.place,)), **CHECKS[id])
    assert caught.value.transient


@pytest.mark.usefixtures("impatient")
def test_second_resolver_answers_for_the_first(world: World) -> None:
    with silent_udp() as port:
        domain = world.domain("good.test", resolvers=(f"127.0.0.1:{port}", f"localhost:{world.plain.port}"))
        assert judge("dns.resolves", domain).text.endswith(f"(as {world.plain.place} answers)")
        zone = read("dns_zone", world.domain("good.test"))
        views = read("dns_views", domain, {"dns_views": ("A",)}, {"dns_zone": zone})["A"]
        assert [view.answer is None for view in views.resolvers] == [True, False]


def test_lame_servers(world: World, tmp_path: Path) -> None:
    """One refuses to answer for the zone, one only knows whom it is delegated to; neither is a resolver."""
    above = glued([Zone("test."), Zone("good.test.")])
    zones = {"refusing": ("other.test.", Zone("other.test.").text()), "referring": ("test.", above["test."])}
    for kind, (name, text) in zones.items():
        with Knot(tmp_path / kind, {name: text}, "127.0.0.3") as lame:
            domain = world.domain("good.test", nameservers=(world.first.place, lame.place))
            how = "was answered REFUSED" if kind == "refusing" else "was answered without authority"
            assert seen("dns.nameservers", domain).startswith(f"DNS SOA good.test at {lame.place} {how}")
            with pytest.raises(CouldNotVerify, match=f"at {lame.place} {how}"):
                judge("dns.propagated", domain, types=["A"])
            with pytest.raises(CouldNotVerify, match=f"{lame.place} is no resolver|{lame.place} was answered REFUSED"):
                judge("dns.resolves", world.domain("good.test", resolvers=(lame.place,)))


def test_resolver_is_no_authoritative_server(world: World) -> None:
    domain = world.domain("good.test", nameservers=(world.first.place, world.plain.place))
    assert "was answered" in seen("dns.nameservers", domain)


def test_answers_over_tcp(case: Case) -> None:
    assert judge("dns.spf", case("long")).text.startswith("v=spf1 -all")


def test_extra_is_missing(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "dns.exception", None)
    for id, parameters in CHECKS.items():
        with pytest.raises(CouldNotVerify, match=r"needs the extra dns: pip install .pytest-readiness\[dns\].$"):
            judge(id, world.domain("good.test"), **parameters)


# Addresses and names


def test_signed_zones_are_right_by_another_validator(world: World) -> None:
    query = dns.message.make_query("good.test", "A", want_dnssec=True)
    assert dns.query.udp(query, "127.0.0.1", 5, world.validating.port).flags & dns.flags.AD


@pytest.mark.parametrize("name", ["bücher.cases.test", "BÜCHER.cases.test.", "xn--bcher-kva.cases.test"])
def test_international_names(world: World, name: str) -> None:
    text = judge("dns.resolves", world.domain(name)).text
    assert text.startswith("xn--bcher-kva.cases.test: 198.51.100.7 (as")


def test_names_that_are_none(world: World) -> None:
    with pytest.raises(CouldNotVerify, match=r"'a☃b\.test' is no DNS name"):
        judge("dns.resolves", world.domain("a☃b.test"))


def test_resolves_warns(case: Case, world: World) -> None:
    assert judge("dns.resolves", case("internal")).warning == "not reachable over the Internet: 10.1.2.3"
    evidence = judge("dns.resolves", world.domain("any.wild.cases.test"))
    assert "the made-up name readiness-" in evidence.warning
    assert judge("dns.resolves", world.domain("own.wild.cases.test")).warning == ""


def test_resolves_over_aliases(case: Case) -> None:
    names = "chain.cases.test -> alias.cases.test -> cdn.cases.test"
    assert judge("dns.resolves", case("chain")).text.startswith(f"{names}: 198.51.100.80 (as")
    assert seen("dns.resolves", case("dangling")).startswith(
        "no such name (NXDOMAIN) for dangling.cases.test (through gone.cases.test), as "
    )


@pytest.mark.parametrize(
    ("addresses", "what"),
    [
        (["198.51.100.1"], "of which 2001:db8::1 should not be there"),
        (["198.51.100.1", "2001:db8::1", "203.0.113.7"], ", without 203.0.113.7"),
        (["203.0.113.0/24"], "of which 198.51.100.1, 2001:db8::1 should not be there"),
    ],
)
def test_points_to_fails(case: Case, addresses: list[str], what: str) -> None:
    assert what in seen("dns.points_to", case("web"), addresses=addresses)


def test_points_to(case: Case) -> None:
    assert judge("dns.points_to", case("web"), addresses=["198.51.100.1", "2001:DB8:0::1"])
    assert judge("dns.points_to", case("web"), addresses=["198.51.100.0/24", "2001:db8::/32"])


def test_points_to_a_host(case: Case) -> None:
    hosts = (
        Host(name="web1", address="web.test"),
        Host(name="web2", connection="ssh://deploy@198.51.100.9"),
        Host(name="gone", address="gone.test"),
        Host(name="inside", connection="docker://inside"),
    )
    target = Target("prod", resources=hosts)
    assert judge("dns.points_to", case("web"), target=target, host="web1").text.startswith("web.cases.test: ")
    assert "which 198.51.100.1, 2001:db8::1 should not" in seen(
        "dns.points_to", case("web"), target=target, host="web2"
    )
    everything = ["0.0.0.0/0", "::/0"]
    assert judge("dns.points_to", case("web"), target=target, host="web1", addresses=everything)
    assert seen("dns.points_to", case("web"), target=target, host="web2", addresses=everything).endswith(
        ", without an address of web2"
    )
    with pytest.raises(CouldNotVerify, match=r"gone is declared at gone\.test: no such name \(NXDOMAIN\)"):
        judge("dns.points_to", case("web"), target=target, host="gone")
    with pytest.raises(CouldNotVerify, match="inside declares no address"):
        judge("dns.points_to", case("web"), target=target, host="inside")
    with pytest.raises(NotDeclared, match="declares no host named web3"):
        judge("dns.points_to", case("web"), target=target, host="web3")
    with pytest.raises(NotDeclared, match="neither 'addresses' nor 'host'"):
        judge("dns.points_to", case("web"))


def test_cname(case: Case) -> None:
    text = judge("dns.cname", case("alias"), to="CDN.cases.test.").text
    assert text.startswith("alias.cases.test -> cdn.cases.test: 198.51.100.80 (as")
    assert judge("dns.cname", case("chain"), to="cdn.cases.test")
    assert judge("dns.cname", case("chain"), to="alias.cases.test")


@pytest.mark.parametrize(
    ("label", "to", "what"),
    [
        ("alias", "cdn.example.net", "alias.cases.test -> cdn.cases.test (as "),
        ("alias", "cases.test", "alias.cases.test -> cdn.cases.test (as "),
        ("web", "web.cases.test", "no alias: web.cases.test: 198.51.100.1"),
        ("gone", "cdn.cases.test", "no such name (NXDOMAIN) for gone.cases.test"),
        ("dangling", "gone.cases.test", "a dangling alias: no such name (NXDOMAIN)"),
    ],
)
def test_cname_fails(case: Case, label: str, to: str, what: str) -> None:
    assert what in seen("dns.cname", case(label), to=to)


def test_subdomains_below_a_wildcard(case: Case) -> None:
    assert judge("dns.subdomains", case("wild"), names=["own"]).warning == ""
    for names in (["own", "misspelt"], ["x.eu"]):
        text = seen("dns.subdomains", case("wild"), names=names)
        assert text.startswith(f"made-up names resolve to the same as {names[-1]} (made up: readiness-")
        evidence = judge("dns.subdomains", case("wild"), names=names, wildcard=True)
        assert "a wildcard answers for any name" in evidence.warning


@pytest.mark.parametrize("name", ["same", "same.eu"])
def test_subdomains_that_have_what_a_wildcard_has(case: Case, name: str) -> None:
    assert judge("dns.subdomains", case("wild"), names=[name, "own"]).warning == ""
    text = seen("dns.subdomains", case("wild"), names=[name, "misspelt"])
    assert text.startswith("made-up names resolve to the same as misspelt (made up: readiness-")
    assert seen("dns.subdomains", case("wild"), names=[name, "none"]).startswith("no A record for none.wild.cases.test")


def test_subdomains_that_cannot_be_told_from_a_wildcard(case: Case) -> None:
    with pytest.raises(CouldNotVerify, match=r"the same as www \(made up: .*, and whether .* cannot be told"):
        judge("dns.subdomains", case("shallow"), names=["www"])
    evidence = judge("dns.subdomains", case("shallow"), names=["www"], wildcard=True)
    assert evidence.warning.startswith("made-up names resolve to the same as www (made up: readiness-")


@pytest.mark.parametrize(
    ("label", "what"),
    [
        ("cwild", "other.example may issue, too, at cwild.cases.test: "),
        ("cnobody", "no authority may issue, at cnobody.cases.test: issue ';'"),
        ("ciodef", "no 'issue' property, so that any authority may issue"),
        ("ccritical", "a critical tag that authorities do not know"),
        ("web", "no CAA record at web.cases.test, cases.test, test"),
    ],
)
def test_caa_fails(case: Case, label: str, what: str) -> None:
    assert what in seen("dns.caa", case(label), issuers=["ca.example"])


def test_caa_of_the_closest_name(case: Case, world: World) -> None:
    expected = "at cgood.cases.test: issue 'CA.example; validationmethods=dns-01', issuewild ';'"
    assert judge("dns.caa", case("cgood"), issuers=["ca.example"]).text == expected
    assert judge("dns.caa", world.domain("a.b.cgood.cases.test"), issuers=["ca.example", "x.example"]).text == expected


# Mail


@pytest.mark.parametrize(
    ("label", "what"),
    [
        ("mxalias", "mail.mxalias.cases.test is an alias of cdn.cases.test"),
        ("mxnowhere", "nowhere.mxnowhere.cases.test has no address"),
        ("mxaddress", "198.51.100.25 is an address, not a name"),
        ("mxnone", "no MX record for mxnone.cases.test, as "),
    ],
)
def test_mx_fails(case: Case, label: str, what: str) -> None:
    assert seen("dns.mx", case(label)).startswith(what)


def test_mx_of_too_many(case: Case) -> None:
    with pytest.raises(CouldNotVerify, match=r"mxmany\.cases\.test has 31 MX records; at most 30 are looked at"):
        judge("dns.mx", case("mxmany"))


def test_mx_hosts(case: Case) -> None:
    both = ["a.mxtwo.cases.test", "B.mxtwo.cases.test."]
    text = judge("dns.mx", case("mxtwo"), hosts=both).text
    assert text.startswith("10 a.mxtwo.cases.test, 20 b.mxtwo.cases.test (as ")
    for hosts in (both[:1], [*both, "c.example.com"]):
        assert seen("dns.mx", case("mxtwo"), hosts=hosts).startswith("10 a.mxtwo.cases.test, 20 b.mxtwo.cases.test")


@pytest.mark.parametrize(
    ("label", "lookups", "warning"),
    [
        ("spfok", "(1 lookup)", ""),
        ("spfsoft", "(1 lookup)", ""),
        ("spfredirect", "(2 lookups)", ""),
        ("spften", "(10 lookups)", "ptr in spfptr.cases.test: ptr should not be used"),
        ("spfafter", "(0 lookups)", ""),
        ("spfclosed", "(0 lookups)", ""),
        ("spfhalf", "(0 lookups)", ""),
        ("spfnothalf", "(1 lookup)", ""),
        ("spfnotexists", "(1 lookup)", ""),
        ("spfnotworld", "(1 lookup)", ""),
        ("spfnotopen", "(3 lookups)", ""),
        ("spfinside", "(7 lookups)", ""),
        ("spfnotaround", "(3 lookups)", ""),
        ("spfvoid", "(2 lookups)", "2 void lookups: no1.cases.test A/AAAA, no2.cases.test A/AAAA"),
        ("spfmacro", "(2 lookups)", "not followed, as it depends on the mail: include:spfok.%{d2}.example.com"),
    ],
)
def test_spf(case: Case, label: str, lookups: str, warning: str) -> None:
    evidence = judge("dns.spf", case(label))
    assert evidence.text.endswith(lookups)
    assert evidence.warning.startswith(warning)
    assert bool(evidence.warning) == bool(warning)


@pytest.mark.parametrize(
    ("label", "what"),
    [
        ("spftwo", "2 records: v=spf1 -all | v=spf1 mx -all"),
        ("spfplus", "+all: v=spf1 +all"),
        ("spfbare", "+all: v=spf1 all"),
        ("spfnoall", "no all at the end: v=spf1 ip4:198.51.100.1"),
        ("spfinclude", "no all at the end: "),
        ("spfopen", "anybody may send, by +all in spfplus.cases.test: v=spf1 include:"),
        ("spfworld", "anybody may send, by ip4:198.51.100.1/0 in spfworld.cases.test: "),
        ("spfexists", "anybody may send, by exists:cdn.cases.test in spfexists.cases.test: "),
        ("spfworld6", "anybody may send, by a:cdn.cases.test/24//0 in spfworld6.cases.test: "),
        (
            "spfhalves",
            "anybody may send, by ip4:0.0.0.0/1 in spfhalves.cases.test, ip4:128.0.0.0/2 in spfhalf.cases.test, "
            "ip4:192.0.0.0/3 in spfhalf.cases.test, ip4:198.51.100.0/24 in spfhalves.cases.test: ",
        ),
        (
            "spfinternet6",
            "anybody may send, by ip6:2000::/4 in spfinternet6.cases.test, ip6:3000::/4 in spfinternet6.cases.test: ",
        ),
        (
            "spfaround",
            "anybody may send, by a:internal.cases.test/1 in spfaround.cases.test, "
            "mx:mxtwo.cases.test/1 in spfaround.cases.test: ",
        ),
        ("spfaround6", "anybody may send, by a:web.cases.test//3 in spfaround6.cases.test: "),
        ("spfexchangers6", "anybody may send, by mx:mxtwo.cases.test/24//3 in spfexchangers6.cases.test: "),
        ("spfversion", "no TXT record that begins with v=spf1"),
        ("spfeleven", "11 lookups: include:spfptr.cases.test in spfeleven.cases.test, ptr in spfptr.cases.test, "),
        ("spfloop", "21 or more lookups: "),
        ("spfvoids", "3 void lookups: no1.cases.test A/AAAA, no2.cases.test MX, no3.cases.test A"),
        ("spfnowhere", "include:mxnone.cases.test in spfnowhere.cases.test leads to no SPF record"),
        ("spfbroken", "ipv4:198.51.100.1 in spfbroken.cases.test is no mechanism of SPF"),
        ("spfnetwork", "ip4:198.51.100.300 in spfnetwork.cases.test names no network of that version"),
        ("spfmask", "ip4:192.0.2.0/255.255.255.0 in spfmask.cases.test is malformed: after / stands no prefix length"),
        ("spfzeros", "ip4:192.0.2.0/024 in spfzeros.cases.test is malformed"),
        ("spfzeros6", "ip6:2001:db8::/032 in spfzeros6.cases.test is malformed"),
        ("spfdualzeros", "a:cdn.cases.test/08 in spfdualzeros.cases.test is malformed"),
        ("spfdualzeros6", "mx:mxtwo.cases.test/24//064 in spfdualzeros6.cases.test is malformed"),
        ("spfscope", "ip6:fe80::1%eth0/64 in spfscope.cases.test names no network of that version"),
        ("spflabel", "a:a..b in spflabel.cases.test names no domain"),
        ("spfnoredirect", "redirect=mxnone.cases.test in spfnoredirect.cases.test leads to no SPF record"),
    ],
)
def test_spf_fails(case: Case, label: str, what: str) -> None:
    assert seen("dns.spf", case(label)).startswith(what)


def test_spf_hard(case: Case) -> None:
    assert judge("dns.spf", case("spfredirect"), hard=True)
    assert seen("dns.spf", case("spfsoft"), hard=True).startswith("~all: ")


def test_dkim(case: Case) -> None:
    evidence = judge("dns.dkim", case("keys"), selectors=["r2", "ed", "alias", "spaced"])
    assert evidence == Evidence("r2: RSA 2048 bits; ed: Ed25519; alias: RSA 2048 bits; spaced: RSA 2048 bits")
    assert judge("dns.dkim", case("keys"), selectors=["r1"], min_rsa_bits=1024).text == "r1: RSA 1024 bits"
    assert judge("dns.dkim", case("keys"), selectors=["test"]).warning == "test is marked as a test (t=y)"


@pytest.mark.parametrize(
    ("selector", "what"),
    [
        ("r1", "an RSA key of 1024 bits"),
        ("two", "2 TXT records at two._domainkey.keys.cases.test, which must be one"),
        ("nobase", "a key that is no base64"),
        ("ec", "a key that is no RSA public key"),
        ("v2", "no DKIM key record: v=DKIM2"),
        ("gost", "a key of the unknown kind gost"),
        ("sha1", "a key not for SHA-256"),
        ("chat", "a key not for mail"),
        ("short", "an Ed25519 key of 15 bytes instead of 32"),
        ("spf", "no DKIM key record: v=spf1 -all"),
        ("nosuch", "no such name (NXDOMAIN) for nosuch._domainkey.keys.cases.test"),
    ],
)
def test_dkim_fails(case: Case, selector: str, what: str) -> None:
    assert seen("dns.dkim", case("keys"), selectors=["r2", selector]).startswith(what)


@pytest.mark.parametrize(
    ("name", "text", "warning"),
    [
        ("dq", "quarantine at _dmarc.dq.cases.test", "subdomains have the policy none"),
        ("own.dq", "reject at _dmarc.own.dq.cases.test", "only for 20 % of the mail"),
        ("sub.dr", "reject (for subdomains) at _dmarc.dr.cases.test", ""),
        ("a.mid.dr", "reject (for subdomains) at _dmarc.dr.cases.test", ""),
    ],
)
def test_dmarc(world: World, name: str, text: str, warning: str) -> None:
    evidence = judge("dns.dmarc", world.domain(f"{name}.cases.test"))
    assert evidence.text.startswith(text)
    assert evidence.warning == warning


@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("sub.dq", "none (for subdomains) at _dmarc.dq.cases.test"),
        ("mid.dr", "none at _dmarc.mid.dr.cases.test"),
        ("dtwo", "2 records at _dmarc.dtwo.cases.test: "),
        ("dtest", "quarantine (a test) at _dmarc.dtest"),
        ("dzero", "quarantine (a test) at _dmarc.dzero"),
        ("dnop", "none at _dmarc.dnop"),
        ("dwrong", "a record that receivers ignore at _dmarc.dwrong"),
        ("dother", "no DMARC record at _dmarc.dother.cases.test, _dmarc.cases.test, _dmarc.test"),
    ],
)
def test_dmarc_fails(world: World, name: str, what: str) -> None:
    assert seen("dns.dmarc", world.domain(f"{name}.cases.test")).startswith(what)


def test_dmarc_parameters(case: Case) -> None:
    assert seen("dns.dmarc", case("dq"), min_policy="reject").startswith("quarantine at _dmarc.dq")
    assert seen("dns.dmarc", case("dr"), reports=True).startswith("no rua= at _dmarc.dr")


# Zones


def test_stale_cache(tmp_path: Path) -> None:
    """A resolver that has kept an old record is noticed, and so is one that remembers that there was none."""
    for name in ("knotd", "unbound"):
        program(name)
    root = Zone(".", servers=["ns1.test."], signed=False).text()
    old = Zone("cached.test.", "@ A 198.51.100.1", signed=False).text()
    new = Zone("cached.test.", "@ A 198.51.100.2\n@ MX 10 mx.example.com.", signed=False).text()
    with ExitStack() as stack:
        knot = Knot(tmp_path / "old", {".": root, "cached.test.": old})
        with knot:
            resolver = stack.enter_context(Unbound(tmp_path / "unbound", knot, [".", "cached.test."]))
            domain = Domain(name="shop", domain="cached.test", nameservers=(knot.place,), resolvers=(resolver.place,))
            assert judge("dns.propagated", domain, types=["A"]).text.startswith(
                "A 198.51.100.1 at 1 server and 1 resolver"
            )
            assert seen("dns.propagated", domain, types=["MX"]) == "no MX record anywhere"
        stack.enter_context(Knot(tmp_path / "new", {".": root, "cached.test.": new}, port=knot.port))
        assert seen("dns.propagated", domain, types=["A"]) == (
            f"A 198.51.100.2 at {knot.place}; A 198.51.100.1 at {resolver.place}"
        )
        assert seen("dns.propagated", domain, types=["MX"]) == (
            f"MX 10 mx.example.com at {knot.place}; MX no record at {resolver.place}"
        )
        # What stays unread is not taken from a resolver's cache.
        assert judge("dns.ttl", domain, types=["MX"]).text == "MX 3600 s"


def test_dangling_alias_exists(world: World, case: Case) -> None:
    assert judge("dns.propagated", case("dangling"), types=["A"]).text.startswith("A an alias of gone.cases.test at 2 ")
    assert judge("dns.nameservers", case("dangling"))


def test_serials_of_two_providers(world: World) -> None:
    assert "serial 1, 2" in judge("dns.propagated", world.domain("stale.test"), serials=False).text


def test_ttl(world: World, case: Case) -> None:
    assert judge("dns.ttl", case("alias"), types=["A"]).text == "A 3600 s"
    assert judge("dns.ttl", world.domain("shortttl.test"), min_seconds=30).text == "A 30 s, AAAA 30 s"
    assert seen("dns.ttl", case("alias"), types=["MX", "CAA"], max_seconds=600).startswith("MX 3600 s at 127.0.0.1:")
    assert seen("dns.ttl", case("web"), types=["MX", "CAA"]) == "no MX and no CAA record"


@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("bogus", "AAAA bogus.test at 127.0.0.1:{port}: signature does not verify"),
        ("expired", "DNSKEY expired.test at 127.0.0.1:{port}: signature expired at "),
        ("nods", "no DS record for nods.test in test"),
    ],
)
def test_dnssec_says_why(world: World, name: str, what: str) -> None:
    assert seen("dns.dnssec", world.domain(f"{name}.test")).startswith(what.format(port=world.first.port))


def test_dnssec_does_not_take_a_resolvers_word(world: World, tmp_path: Path) -> None:
    """The validating resolver trusts its own anchor; the runner's is another one, and that decides."""
    foreign = tmp_path / "foreign"
    foreign.write_text(Zone(".").anchor)
    domain = world.domain("good.test", resolvers=(world.validating.place,), trust_anchors=foreign)
    assert seen("dns.dnssec", domain).startswith("no key of . is the one that its DS records name")


def test_dnssec_of_each_server(world: World, tmp_path: Path) -> None:
    bogus = zone("good", bogus="@ AAAA 2001:db8::9")
    with Knot(tmp_path / "other", {"good.test.": bogus.text()}, "127.0.0.3") as other:
        domain = world.domain("good.test", nameservers=(world.first.place, other.place))
        assert seen("dns.dnssec", domain) == (
            f"no key of good.test is the one that its DS records name, as {other.place} answers"
        )


def test_dnssec_of_a_zone_that_is_only_delegated(world: World, tmp_path: Path) -> None:
    """A server that only refers elsewhere proves nothing, though the zone above is right and is taken for ours."""
    with Knot(tmp_path / "above", {"test.": world.first.zones["test."]}, "127.0.0.3") as server:
        domain = world.domain("good.test", nameservers=(server.place,))
        assert seen("dns.dnssec", domain) == f"no DNSKEY record for good.test, as {server.place} answers"
        mistaken = replace(read("dns_zone", domain), name="test")
        problems = read("dnssec_chain", domain, known={"dns_zone": mistaken}).servers[0].problems
    assert f"DNS A good.test at {server.place} was answered without authority" in problems
    mistaken = replace(read("dns_zone", world.domain("good.test")), name="test")
    problems = read("dnssec_chain", world.domain("good.test"), known={"dns_zone": mistaken}).servers[0].problems
    assert f"A good.test at {world.first.place}: signed by good.test, not by test" in problems


def test_dnssec_days(world: World, case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    assert judge("dns.dnssec", case("web"), min_days=13).text.startswith(". -> test -> cases.test, ")
    assert "(14.0 days)" in seen("dns.dnssec", case("web"), min_days=15)
    assert judge("dns.dnssec", world.domain("ending.test"), min_days=0.4)
    day = (datetime.now(UTC) + timedelta(days=10)).isoformat()
    monkeypatch.setenv("READINESS_NOW", day)
    assert "(4.0 days)" in seen("dns.dnssec", case("web"), min_days=5)


@pytest.mark.parametrize(
    "text", ["", "nonsense", "test. IN A 192.0.2.1", ". IN DS 1 8 2 00\ntest. IN DS 1 8 2 00", None]
)
def test_trust_anchors_that_are_none(world: World, tmp_path: Path, text: str | None) -> None:
    path = tmp_path / "anchors"
    if text is not None:
        path.write_text(text)
    with pytest.raises(CouldNotVerify, match=r"trust anchors|DNSKEY records of one name"):
        judge("dns.dnssec", world.domain("good.test", trust_anchors=path))


def test_dnssec_by_a_resolver_that_strips_signatures(world: World, tmp_path: Path) -> None:
    root = Zone(".", servers=["ns1.test."])
    root.signed, root.records = False, f"@ DNSKEY {root._key}"
    with Knot(tmp_path / "stripped", {".": root.text()}, "127.0.0.3") as server:
        domain = world.domain("good.test", resolvers=(server.place,))
        zone = read("dns_zone", world.domain("good.test"))
        with pytest.raises(CouldNotVerify, match=r"passes no signatures on, not even those of \.; declare another"):
            read("dnssec_chain", domain, known={"dns_zone": zone})


def test_dnssec_by_the_roots_own_anchor(world: World) -> None:
    """Without a declared anchor the one of the real root counts, which did not sign this one."""
    assert seen("dns.dnssec", world.domain("good.test", trust_anchors=None)).startswith("no key of . is the one that")


# Delegations: as servers are found by their names, they must listen on port 53, in a network of their own.

DELEGATED = """
import json, sys
from pathlib import Path
from pytest_readiness.domains.dns import client as dns_client
from pytest_readiness.domains.dns.resource import Domain
from tests.judging import judge, read
from tests.stack.dns import Knot, Unbound, Zone, glued

dns_client.ATTEMPT_SECONDS = 2
directory = Path(sys.argv[1])
hosts = "ns1 A 127.0.0.1\\nns2 A 127.0.0.2\\nns3 A 127.0.0.3\\nns4 A 127.0.0.4"
root = Zone(".", servers=["ns1.test."])
above = [root, Zone("test.", hosts, servers=["ns1.test."])]
both, own = ["ns2.test.", "ns3.test."], ["ns1.test.", "ns2.test.", "ns3.test."]
below = [
    Zone("good.test.", "@ A 198.51.100.1", servers=both),
    Zone("lame.test.", servers=["ns1.test.", "ns2.test."]),
    Zone("dead.test.", servers=["ns2.test.", "ns4.test."]),
    Zone("lost.test.", servers=[*both, "ns9.test."]),
    Zone("single.test.", servers=["ns2.test."]),
]
texts = glued([*above, *below])
upper = {name: texts[name] for name in (".", "test.")}
lower = {name: text for name, text in texts.items() if name not in upper}
(directory / "anchors").write_text(root.anchor)
with (
    Knot(directory / "one", upper, "127.0.0.1", 53) as knot,
    Knot(directory / "two", lower, "127.0.0.2", 53),
    Knot(directory / "three", lower, "127.0.0.3", 53),
    Unbound(directory / "unbound", knot, ["."], root.anchor) as resolver,
):
    for name in ("good", "api.good", "lame", "dead", "lost", "single", "nosuch"):
        domain = Domain(
            name="shop",
            domain=f"{name}.test",
            resolvers=(resolver.place,),
            trust_anchors=directory / "anchors",
        )
        for id in ("dns.nameservers", "dns.dnssec") if name == "good" else ("dns.nameservers",):
            try:
                evidence = judge(id, domain)
                print(json.dumps([name, id, "Evidence", evidence.text, evidence.warning]))
            except Exception as error:
                print(json.dumps([name, id, type(error).__name__, getattr(error, "seen", str(error)), ""]))
"""


def test_delegations(tmp_path: Path) -> None:
    for name in ("knotd", "unbound"):
        program(name)
    tmp_path.joinpath("namespace").mkdir()
    with namespace(tmp_path / "namespace") as machine:
        printed = machine.run_in_network(sys.executable, "-c", DELEGATED, str(tmp_path))
    outcomes = {(name, id): tuple(rest) for name, id, *rest in map(json.loads, printed.splitlines())}

    def outcome(name: str, id: str = "dns.nameservers") -> tuple[str, str, str]:
        kind, text, warning = outcomes[name, id]
        return kind, text, warning

    served = "2 servers (ns2.test, ns3.test) at 2 addresses answer for good.test with authority"
    near = "all are in one network, 127.0.0.0/24"
    assert outcome("good") == ("Evidence", served, near)
    assert outcome("api.good")[:2] == ("ClaimFalse", "the domain does not exist (NXDOMAIN)")
    assert outcome("good", "dns.dnssec")[1].startswith(". -> test -> good.test, ECDSAP256SHA256: ")
    assert outcome("lame") == ("ClaimFalse", "DNS SOA lame.test at 127.0.0.1 was answered without authority", "")
    assert outcome("dead") == ("ClaimFalse", "DNS SOA dead.test at 127.0.0.4 was not answered in time", "")
    assert outcome("lost") == ("ClaimFalse", "ns9.test has no address", "")
    assert outcome("single") == ("ClaimFalse", "1 server (ns2.test) at 1 address", "")
    assert outcome("nosuch")[:2] == ("ClaimFalse", "the domain does not exist (NXDOMAIN)")


# Registration


def rdap(name: str = "good.test", days: float = 100, **changes: Any) -> dict[str, Any]:
    """What a registry answers of a domain (RFC 9083 section 5.3)."""
    expires = datetime.now(UTC) + timedelta(days=days)
    return {
        "objectClassName": "domain",
        "ldhName": name.upper(),
        "status": ["active", "client transfer prohibited"],
        "events": [
            {"eventAction": "registration", "eventDate": "1995-08-14T04:00:00Z"},
            {"eventAction": "expiration", "eventDate": expires.isoformat()},
        ],
    } | changes


@pytest.fixture(scope="module")
def registry_app(authority: Authority) -> Iterator[WebApp]:
    with WebApp(https=authority.issue()) as app:
        yield app


@pytest.fixture
def registered(registry_app: WebApp, authority: Authority, world: World) -> Callable[..., Domain]:
    """A domain whose registry answers this of the name."""

    def domain(data: Any, name: str = "good.test", domain: str = "", status: int = 200) -> Domain:
        body = data if isinstance(data, bytes) else json.dumps(data).encode()
        registry_app.routes = {
            f"/rdap/domain/{name}": Response(status, [("Content-Type", "application/rdap+json")], body)
        }
        return world.domain(domain or name, rdap=f"{registry_app.url}/rdap/", ca=authority.ca_file)

    return domain


Registered = Callable[..., Domain]


def test_registration(registered: Registered, registry_app: WebApp) -> None:
    evidence = judge("dns.registration", registered(rdap()))
    day = f"{datetime.now(UTC) + timedelta(days=100):%Y-%m-%d}"
    assert evidence == Evidence(f"good.test until {day} (99 days); active, client transfer prohibited")
    assert registry_app.requests[-1].headers["Accept"] == "application/rdap+json, application/json"


def test_registration_warns(registered: Registered) -> None:
    assert judge("dns.registration", registered(rdap(status=["active"]))).warning == "no lock against transfers"
    renewing = ["locked", "auto renew period"]
    assert "is renewing it by itself" in judge("dns.registration", registered(rdap(status=renewing))).warning


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (rdap(days=29.5), "(29 days)"),
        (rdap(days=-3.5), "(-3 days)"),
        (rdap(status=["Redemption Period", "inactive"]), "good.test: inactive, redemption period"),
        (rdap(status=["client hold", "active"]), "good.test: client hold"),
        (rdap(status=["server hold"]), "good.test: server hold"),
        (rdap(status=["pending delete"]), "good.test: pending delete"),
    ],
)
def test_registration_fails(registered: Registered, data: dict[str, Any], what: str) -> None:
    assert what in seen("dns.registration", registered(data))


def test_registration_of_the_name_above(registered: Registered, registry_app: WebApp) -> None:
    domain = registered(rdap(), domain="api.good.test")
    assert judge("dns.registration", domain).text.startswith("good.test until ")
    assert [request.path for request in registry_app.requests[-2:]] == [
        "/rdap/domain/api.good.test",
        "/rdap/domain/good.test",
    ]


def test_not_registered(registered: Registered, registry_app: WebApp) -> None:
    domain = registered(rdap(), domain="api.nosuch.test")
    service = f"{registry_app.url}/rdap/"
    assert seen("dns.registration", domain) == f"api.nosuch.test, nosuch.test not registered, as {service} answers"


def test_registered_suffix_is_not_taken_for_the_domain(registered: Registered) -> None:
    """A registry may know its own suffix (co.uk), where the team's name below it is gone."""
    with pytest.raises(CouldNotVerify, match=r"good\.test is registered, but there is no gone\.good\.test in DNS"):
        judge("dns.registration", registered(rdap(), domain="www.gone.good.test"))


@pytest.mark.parametrize(
    ("data", "status", "reason"),
    [
        (b"<!doctype html><title>Welcome</title>", 200, "was answered with no RDAP object of good.test"),
        ([], 200, "was answered with no RDAP object of good.test"),
        (rdap("other.test"), 200, "was answered with no RDAP object of good.test"),
        (rdap(objectClassName="entity"), 200, "was answered with no RDAP object of good.test"),
        (rdap(events=[]), 200, "does not say until when good.test is registered"),
        (rdap(events=[{"eventAction": "expiration", "eventDate": "soon"}, 7]), 200, "does not say until when"),
        (b"", 400, "was answered 400"),
        (b"", 401, "was answered 401"),
        (b"", 429, "was answered 429, too many requests"),
        (b"", 503, "was answered 503"),
    ],
)
def test_registration_is_not_known(registered: Registered, data: Any, status: int, reason: str) -> None:
    with pytest.raises(CouldNotVerify, match=reason):
        judge("dns.registration", registered(data, status=status))


def test_registry_that_redirects_to_plain_http(world: World, registry_app: WebApp, authority: Authority) -> None:
    """Also where the service is the one that IANA lists."""
    with WebApp() as plain:
        registry_app.routes["/rdap/domain/plain.test"] = Response(302, [("Location", plain.url)])
        domain = world.domain("plain.test", ca=authority.ca_file)
        with (
            service(domain, f"{registry_app.url}/rdap/", time.monotonic() + 10) as rdap,
            pytest.raises(CouldNotVerify, match=r"led to http://.*, which is not https"),
        ):
            rdap.get("domain/plain.test", dict)
        assert not plain.requests


def test_registry_that_redirects(registered: Registered, registry_app: WebApp) -> None:
    domain = registered(rdap(), name="moved.test", domain="good.test")
    registry_app.routes["/rdap/domain/good.test"] = Response(302, [("Location", "/elsewhere")])
    registry_app.routes["/elsewhere"] = Response(body=json.dumps(rdap()).encode())
    assert judge("dns.registration", domain)
    registry_app.routes["/elsewhere"] = Response(302, [("Location", "/elsewhere")])
    with pytest.raises(CouldNotVerify, match="redirected more than 3 times, last to"):
        judge("dns.registration", domain)
    registry_app.routes["/elsewhere"] = Response(302, [("Location", "http://localhost:1/")])
    with pytest.raises(CouldNotVerify, match="which is not https"):
        judge("dns.registration", domain)


def test_registry_that_is_not_trusted(registered: Registered) -> None:
    domain = registered(rdap()).model_copy(update={"ca": None})
    with pytest.raises(CouldNotVerify, match="is not trusted"):
        judge("dns.registration", domain)


def test_registry_that_is_gone(world: World) -> None:
    port = free_port()
    with pytest.raises(CouldNotVerify, match=f"localhost:{port} refused the connection"):
        judge("dns.registration", world.domain("good.test", rdap=f"https://localhost:{port}/"))


def test_registry_without_tls(world: World) -> None:
    with WebApp({"/domain/good.test": Response(body=json.dumps(rdap()).encode())}) as app:
        warning = judge("dns.registration", world.domain("good.test", rdap=app.url)).warning
    assert warning == f"{app.url} was asked without TLS"


def test_services_that_iana_lists(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    with WebApp({"/domain/good.test": Response(body=json.dumps(rdap()).encode())}) as app:
        services = [[["example"], ["https://rdap.example.com/"]], [["TEST"], [f"{app.url}/"]]]
        app.routes["/dns.json"] = Response(body=json.dumps({"services": services}).encode())
        monkeypatch.setattr("pytest_readiness.domains.dns.facts.registration.BOOTSTRAP", f"{app.url}/dns.json")
        assert judge("dns.registration", world.domain("good.test")).text.startswith("good.test until ")
        with pytest.raises(CouldNotVerify, match=r"IANA lists no RDAP service for \.invalid"):
            judge("dns.registration", world.domain("good.invalid"))
        for body, status in ((b"[]", 200), (b"", 200), (b"{}", 200), (b"", 500)):
            app.routes["/dns.json"] = Response(status, body=body)
            with pytest.raises(CouldNotVerify, match="was answered"):
                judge("dns.registration", world.domain("good.test"))


# Declarations


@pytest.mark.parametrize(
    ("id", "parameters"),
    [
        ("dns.resolves", {"types": []}),
        ("dns.resolves", {"types": ["MX"]}),
        ("dns.points_to", {"addresses": []}),
        ("dns.points_to", {"addresses": ["198.51.100.1/24"]}),
        ("dns.points_to", {"addresses": ["web.example.com"]}),
        ("dns.cname", {}),
        ("dns.cname", {"to": ""}),
        ("dns.subdomains", {}),
        ("dns.subdomains", {"names": []}),
        ("dns.subdomains", {"names": ["*"]}),
        ("dns.mx", {"hosts": []}),
        ("dns.dkim", {}),
        ("dns.dkim", {"selectors": []}),
        ("dns.dkim", {"selectors": ["s1"], "min_rsa_bits": 512}),
        ("dns.dmarc", {"min_policy": "none"}),
        ("dns.caa", {}),
        ("dns.caa", {"issuers": []}),
        ("dns.propagated", {"types": []}),
        ("dns.nameservers", {"min_servers": 0}),
        ("dns.ttl", {"types": []}),
        ("dns.ttl", {"min_seconds": 600, "max_seconds": 300}),
        ("dns.ttl", {"min_seconds": 86401}),
        ("dns.dnssec", {"min_days": -1}),
        ("dns.registration", {"min_days": -1}),
    ],
)
def test_parameters_that_assert_nothing(id: str, parameters: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        judge(id, Domain(name="shop", domain="good.test"), **parameters)


def test_bounds_of_the_ttl_that_nothing_is_within(tmp_path: Path) -> None:
    load_catalogue()
    checklist = parse_checklist("# Zone\n\n- [ ] Short\n- [ ] Long\n- [ ] Exact\n", tmp_path / "CHECK.md")
    path = bindings_path(checklist.path)
    path.write_text(
        "zone:\n"
        "  short: {check: dns.ttl, min_seconds: 600, max_seconds: 300}\n"
        "  long: {check: dns.ttl, min_seconds: 100000}\n"
        "  exact: {check: dns.ttl, min_seconds: 300, max_seconds: 300}\n"
    )
    with pytest.raises(ProblemsError) as caught:
        read_bindings(path, checklist, registry.CHECKS, {}, {})
    assert str(caught.value).splitlines() == [
        f"{path}:2: The binding to dns.ttl, 'max_seconds': 300 is below 'min_seconds', 600, so that no TTL could be "
        "within the bounds.",
        f"{path}:3: The binding to dns.ttl, 'max_seconds': 86400 is below 'min_seconds', 100000, so that no TTL could "
        "be within the bounds.",
    ]


@pytest.mark.parametrize(
    ("fields", "what"),
    [
        ({"nameservers": ["ns1.example.com"]}, "must be an IP address"),
        ({"nameservers": ["192.0.2.1:dns"]}, "Port could not be cast|port"),
        ({"resolvers": ["192.0.2.1/24"]}, "must be an address or a name"),
        ({"resolvers": [""]}, "must be an address or a name"),
        ({"rdap": "rdap.example.com"}, "must be the address of an RDAP service"),
        ({"rdap": "https://rdap.example.com/?x"}, "must be the address of an RDAP service"),
    ],
)
def test_declarations_that_are_wrong(fields: dict[str, Any], what: str) -> None:
    with pytest.raises(ValidationError, match=what):
        Domain(name="shop", domain="good.test", **fields)


def test_declarations() -> None:
    places = ["192.0.2.1", "192.0.2.1:5353", "2001:db8::1", "[2001:db8::1]:5353"]
    assert Domain(name="shop", domain="good.test", nameservers=places, resolvers=[*places, "dns.example.com:53"])
