from __future__ import annotations

import json
import sys
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from pytest_readiness.core.evidence import CouldNotVerify
from pytest_readiness.domains.dns.resource import Domain
from tests.domains.dns.dns_world import Case, World, seen, zone
from tests.judging import judge, read
from tests.namespace import namespace
from tests.stack.dns import Knot, Unbound, Zone
from tests.stack.programs import program


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
        with pytest.raises(CouldNotVerify, match=r"passes on no signatures, not even those of \.; declare another"):
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
hosts = "ns1 A 127.0.0.1\\nns2 A 127.0.0.2\\nns3 A 127.0.0.3\\nns4 A 127.0.0.4\\nns6 AAAA 2001:db8::53"
hosts += "\\nns7 A 127.0.0.3\\nns7 AAAA 2001:db8::53\\nns8 CNAME ns3"
root = Zone(".", servers=["ns1.test."])
above = [root, Zone("test.", hosts, servers=["ns1.test."])]
both, own = ["ns2.test.", "ns3.test."], ["ns1.test.", "ns2.test.", "ns3.test."]
below = [
    Zone("good.test.", "@ A 198.51.100.1", servers=both),
    Zone("lame.test.", servers=["ns1.test.", "ns2.test."]),
    Zone("dead.test.", servers=["ns2.test.", "ns4.test."]),
    Zone("lost.test.", servers=[*both, "ns9.test."]),
    Zone("single.test.", servers=["ns2.test."]),
    Zone("sha1.test.", "@ A 198.51.100.1", servers=both, digest="SHA1"),
    Zone("alias.test.", servers=["ns2.test.", "ns8.test."]),
    Zone("six.test.", "@ A 198.51.100.1", servers=[*both, "ns6.test."]),
    Zone("dual.test.", "@ A 198.51.100.1", servers=["ns2.test.", "ns7.test."]),
]
inside = {
    "glue": ("127.0.0.2", "127.0.0.3"),
    "moved": ("127.0.0.2", "127.0.0.4"),
    "aside": ("127.0.0.2", "127.0.0.5"),
    "swapped": ("127.0.0.3", "127.0.0.2"),
}
own_hosts = "n1 A 127.0.0.2\\nn2 A 127.0.0.3"
below += [Zone(f"{name}.test.", own_hosts, servers=[f"n1.{name}.test.", f"n2.{name}.test."]) for name in inside]
texts = glued([*above, *below])
for name, addresses in inside.items():
    for number, address in enumerate(addresses, 1):
        texts["test."] += f"n{number}.{name}.test. 3600 IN A {address}\\n"
upper = {name: texts[name] for name in (".", "test.")}
lower = {name: text for name, text in texts.items() if name not in upper}
(directory / "anchors").write_text(root.anchor)
with (
    Knot(directory / "one", upper, "127.0.0.1", 53) as knot,
    Knot(directory / "two", lower, "127.0.0.2", 53),
    Knot(directory / "three", lower, "127.0.0.3", 53),
    Knot(directory / "five", lower, "127.0.0.5", 53),
    Unbound(directory / "unbound", knot, ["."], root.anchor) as resolver,
):
    names = ("good", "api.good", "lame", "dead", "lost", "single", "sha1", "alias", "six", "dual", "nosuch", *inside)
    for name in names:
        domain = Domain(
            name="shop",
            domain=f"{name}.test",
            resolvers=(resolver.place,),
            trust_anchors=directory / "anchors",
        )
        ids = ["dns.nameservers", "dns.dnssec", "dns.propagated", "dns.ttl"]
        for id in ids if name in ("good", "sha1", "six", "dual") else ids[:1]:
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
    assert outcome("good", "dns.dnssec")[2] == ""
    assert outcome("sha1", "dns.dnssec")[2].startswith("the parent's DS records are by SHA-1 only")
    followed = "ns8.test is an alias of ns3.test, which resolvers do not follow here"
    assert outcome("alias") == ("ClaimFalse", followed, "")
    for id in ("dns.nameservers", "dns.dnssec", "dns.propagated", "dns.ttl"):
        unseen = "ns6.test was not asked, as the runner has no IPv6 route to it"
        assert outcome("six", id) == ("CouldNotVerify", unseen, "")
        kind, text, warning = outcome("dual", id)
        assert (kind, "3 addresses" in text) == ("Evidence", False)
        assert "not asked, as the runner has no IPv6 route: ns7.test (2001:db8::53)" in warning
    assert outcome("nosuch")[:2] == ("ClaimFalse", "the domain does not exist (NXDOMAIN)")
    assert outcome("glue") == (
        "Evidence",
        served.replace("ns2", "n1.glue").replace("ns3", "n2.glue").replace("good", "glue"),
        near,
    )
    assert outcome("swapped")[::2] == ("Evidence", near)
    kind, text, _ = outcome("moved")
    assert kind == "ClaimFalse"
    assert text == (
        "DNS SOA moved.test at 127.0.0.4 was not answered in time, the address of n2.moved.test that test gives (glue) "
        "and that n2.moved.test no longer has: have the registrar change it"
    )
    kind, _, warning = outcome("aside")
    assert (kind, warning) == (
        "Evidence",
        f"test gives 127.0.0.5 for n2.aside.test (glue), which no longer has it; {near}",
    )
