from __future__ import annotations

import dns.flags
import dns.message
import dns.query
import pytest

from pytest_readiness.config.target import Target
from pytest_readiness.core.evidence import CouldNotVerify, NotDeclared
from pytest_readiness.domains.host.resource import Host
from tests.domains.dns.dns_world import Case, World, seen
from tests.judging import judge


def test_signed_zones_are_right_by_another_validator(world: World) -> None:
    query = dns.message.make_query("good.test", "A", want_dnssec=True)
    assert dns.query.udp(query, "127.0.0.1", 5, world.validating.port).flags & dns.flags.AD


@pytest.mark.parametrize("name", ["bücher.cases.test", "BÜCHER.cases.test.", "xn--bcher-kva.cases.test"])
def test_international_names(world: World, name: str) -> None:
    text = judge("dns.resolves", world.domain(name)).text
    assert text.startswith("xn--bcher-kva.cases.test: 198.51.100.7 (as")


def test_names_that_are_none(world: World) -> None:
    with pytest.raises(CouldNotVerify, match=r"'a☃b\.test' is not a DNS name"):
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
        (["198.51.100.1"], "these should not be there: 2001:db8::1"),
        (["198.51.100.1", "2001:db8::1", "203.0.113.7"], ", without 203.0.113.7"),
        (["203.0.113.0/24"], "these should not be there: 198.51.100.1, 2001:db8::1"),
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
    assert "these should not be there: 198.51.100.1, 2001:db8::1" in seen(
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
    inside = judge("dns.cname", case("inside"), to="internal.cases.test").warning
    assert inside == "not reachable over the Internet: 10.1.2.3"


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
    inside = judge("dns.subdomains", case("inside"), names=["web"]).warning
    assert inside == "not reachable over the Internet: 127.0.0.1"
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
        ("cdot", "no authority may issue, 'ca.example.' allows nobody, as it is not of the form NAME; TAG=VALUE, at"),
        ("cword", "no authority may issue, 'ca.example; dns-01' allows nobody"),
        ("cspace", "no authority may issue, 'ca.example; validationmethods=dns-01 accounturi=x' allows nobody"),
        ("cunderscore", "no authority may issue, 'ca.example; validation_methods=dns-01' allows nobody"),
        ("cline", "no authority may issue, 'ca.example\\n' allows nobody"),
        ("csemicolon", "no authority may issue, 'ca.example; a=b;' allows nobody"),
        ("ciodef", "no 'issue' property, so any authority may issue"),
        ("ccritical", "a critical tag that authorities do not know"),
        ("web", "no CAA record at web.cases.test, cases.test, test"),
    ],
)
def test_caa_fails(case: Case, label: str, what: str) -> None:
    assert what in seen("dns.caa", case(label), issuers=["ca.example"])


def test_caa_values_of_the_form_of_rfc_8659(case: Case) -> None:
    assert judge("dns.caa", case("cparameters"), issuers=["ca.example"]).warning == ""
    warning = "'other example' allows nobody, as it is not of the form NAME; TAG=VALUE"
    assert judge("dns.caa", case("cbeside"), issuers=["ca.example"]).warning == warning


def test_caa_of_the_closest_name(case: Case, world: World) -> None:
    expected = "at cgood.cases.test: issue 'CA.example; validationmethods=dns-01', issuewild ';'"
    assert judge("dns.caa", case("cgood"), issuers=["ca.example"]).text == expected
    assert judge("dns.caa", world.domain("a.b.cgood.cases.test"), issuers=["ca.example", "x.example"]).text == expected
