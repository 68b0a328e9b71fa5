"""Checks of domains against knot, unbound and a registry's RDAP service, all on loopback."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import dns.rcode
import pytest
from pydantic import ValidationError

from pytest_readiness.checklist.reading import parse_checklist
from pytest_readiness.config.target import Target
from pytest_readiness.core import audit, registry
from pytest_readiness.core.domains import load_catalogue
from pytest_readiness.core.evidence import CouldNotVerify
from pytest_readiness.core.problems import ProblemsError
from pytest_readiness.core.registry import FACTS, TARGET
from pytest_readiness.domains.dns.resource import Domain
from pytest_readiness.domains.host.resource import Host
from pytest_readiness.plan.binding import bindings_path
from pytest_readiness.plan.bindings import read_bindings
from pytest_readiness.record.recording import _types
from tests.domains.dns.dns_world import CHECKS, FAULTS, Case, Fault, World, rdap, seen
from tests.judging import judge, read
from tests.stack.dns import Knot, Zone, glued, silent_udp, without_extensions
from tests.stack.patience import patient


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
    assert texts["dns.dmarc"] == "reject at _dmarc.good.test: v=DMARC1; p=reject; rua=mailto:dmarc@good.test"
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
    monkeypatch.setattr("pytest_readiness.domains.dns.client.ATTEMPT_SECONDS", patient(1))


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
            answer = f"{lame.place} is not a resolver|{lame.place} was answered REFUSED"
            with pytest.raises(CouldNotVerify, match=answer):
                judge("dns.resolves", world.domain("good.test", resolvers=(lame.place,)))


def test_resolver_is_no_authoritative_server(world: World) -> None:
    domain = world.domain("good.test", nameservers=(world.first.place, world.plain.place))
    assert "was answered" in seen("dns.nameservers", domain)


@pytest.mark.parametrize("refusal", [dns.rcode.FORMERR, dns.rcode.NOTIMP])
def test_a_server_that_knows_no_extensions(world: World, refusal: dns.rcode.Rcode) -> None:
    """It serves the zone all the same, but no signatures."""
    with without_extensions(world.first, refusal) as old:
        domain = world.domain("good.test", nameservers=(world.first.place, old))
        assert judge("dns.nameservers", domain, min_servers=1)
        assert judge("dns.ttl", domain)
        assert judge("dns.resolves", world.domain("good.test", resolvers=(old,)))
        assert seen("dns.dnssec", domain) == f"DNSKEY good.test at {old}: not signed"


def test_answers_over_tcp(case: Case) -> None:
    assert judge("dns.spf", case("long")).text.startswith("v=spf1 -all")


def test_extra_is_missing(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "dns.exception", None)
    for id, parameters in CHECKS.items():
        with pytest.raises(CouldNotVerify, match=r"needs the extra dns: pip install .pytest-readiness\[dns\].$"):
            judge(id, world.domain("good.test"), **parameters)


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
        f"{path}:2: The binding to dns.ttl, 'max_seconds': 300 is below 'min_seconds', 600, so no TTL could be "
        "within the bounds.",
        f"{path}:3: The binding to dns.ttl, 'max_seconds': 86400 is below 'min_seconds', 100000, so no TTL could "
        "be within the bounds.",
    ]
