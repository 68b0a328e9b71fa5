"""The zone of a domain: its servers, whether they agree, its signatures, and how long answers are kept."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from ipaddress import ip_address, ip_network
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, ValidationInfo

from pytest_readiness.core import clock
from pytest_readiness.core.evidence import CouldNotVerify, Evidence, claim
from pytest_readiness.core.registry import check
from pytest_readiness.core.text import counted, figure
from pytest_readiness.domains.dns.checks.answers import listed
from pytest_readiness.domains.dns.facts.chain import DnssecChain
from pytest_readiness.domains.dns.facts.zone import Nameserver, View, Views, Zone, unanswered

RecordType = Literal["A", "AAAA", "CNAME", "MX", "TXT", "CAA", "SRV", "HTTPS"]
RecordTypes = Annotated[list[RecordType], Field(min_length=1)]
"""Types of records at the domain's own name."""

_WEAK = ("RSAMD5", "DSA", "RSASHA1", "DSANSEC3SHA1", "RSASHA1NSEC3SHA1", "ECCGOST")


def _nobody(zone: Zone) -> None:
    """Refuse a zone that no server serves, as far as the runner sees.

    Raises:
        CouldNotVerify: no server answers.
    """
    if not any(each.answered for each in zone.nameservers):
        reasons = listed((each.problem for each in zone.nameservers), 400)
        raise CouldNotVerify(reasons or f"no server of the zone {zone.name} could be asked")


@check(
    "dns.nameservers",
    severity="high",
    remedy="Delegate the zone to at least two servers on different networks that are all authoritative for it.",
    source="RFC 2182 sections 3 and 5; RFC 1912 section 2.8 (lame delegations); RFC 2181 section 10.3 (aliases)",
)
def nameservers(dns_zone: Zone, *, min_servers: Annotated[int, Field(ge=1)] = 2) -> Evidence:
    """Enough servers, at different addresses, answer for the zone, all of them with authority.

    The servers are those that the parent zone delegates to, or those that the target declares. Each address is asked
    for the zone's SOA record, and so is one that only the parent zone gives for a server inside the zone (glue), as
    resolvers begin there. One that does not answer while others do counts as not serving, and neither does a name
    that is an alias. A server with IPv6 addresses only, to which the runner has no route, could not be verified.
    Warnings say where the parent and the servers name different servers or addresses, and where all are in one network.

    Args:
        min_servers: number of servers, counted by name and by address. 2: RFC 2182 section 5.
    """
    expected = f"at least {min_servers} servers at different addresses, all with authority for {dns_zone.name}"
    claim(dns_zone.exists, expected=expected, seen="the domain does not exist (NXDOMAIN)")
    _nobody(dns_zone)
    broken = [each.problem + _glue(dns_zone, each) for each in dns_zone.nameservers if not each.authoritative]
    lost = [
        *(f"{name} has no address" for name in dns_zone.lost),
        *(f"{name} is an alias of {to}, which resolvers do not follow here" for name, to in dns_zone.aliases.items()),
    ]
    claim(not broken and not lost, expected=expected, seen=listed((*broken, *lost), 400))
    names = sorted({name for each in dns_zone.nameservers for name in each.nameservers})
    addresses = {each.server.address for each in dns_zone.nameservers}
    named = dns_zone.delegated or names
    there = addresses | set(dns_zone.skipped)
    seen = f"{counted(len(named), 'server')} ({listed(named)}) at {counted(len(there), 'address')}"
    claim(min(len(named), len(there)) >= min_servers, expected=expected, seen=seen)
    if dns_zone.unseen:
        raise CouldNotVerify(listed(dns_zone.unseen, 400))
    if len(addresses) < min_servers:
        asked = listed(sorted(addresses))
        raise CouldNotVerify(f"{seen}, of which only {asked} could be asked, as the runner has no IPv6 route")
    seen = f"{counted(len(named), 'server')} ({listed(named)}) at {counted(len(addresses), 'address')}"
    warnings = [
        "the delegation was not looked at, as the target declares the servers" if not dns_zone.parent else "",
        _skipped(dns_zone),
        _differences(dns_zone, names),
        *(
            f"{dns_zone.parent} gives {address} for {name} (glue), which no longer has it"
            for address, name in dns_zone.glue.items()
        ),
        _one_network(dns_zone),
    ]
    text = f"{seen} answer for {dns_zone.name} with authority"
    return Evidence(text, warning="; ".join(filter(None, warnings)))


def _glue(zone: Zone, nameserver: Nameserver) -> str:
    """Where an address comes from that only the parent zone still gives; "" for others."""
    name = zone.glue.get(nameserver.server.address)
    given = f"the address of {name} that {zone.parent} gives (glue) and that {name} no longer has"
    return f", {given}: have the registrar change it" if name else ""


def _skipped(zone: Zone) -> str:
    return f"not asked, as the runner has no IPv6 route: {listed(zone.skipped)}" if zone.skipped else ""


def _differences(zone: Zone, names: list[str]) -> str:
    if zone.parent and list(zone.delegated) != names:
        return f"{zone.parent} delegates to {listed(zone.delegated)}, but the zone itself names {listed(names)}"
    if len({each.nameservers for each in zone.nameservers}) > 1:
        return "the servers name different sets of servers"
    return ""


def _one_network(zone: Zone) -> str:
    addresses = [ip_address(each.server.address) for each in zone.nameservers]
    networks = {ip_network(f"{each}/{24 if each.version == 4 else 48}", strict=False) for each in addresses}
    return f"all are in one network, {networks.pop()}" if len(networks) == 1 else ""


@check(
    "dns.propagated",
    severity="high",
    remedy="Wait until the TTL of the old records has passed, and see why a server did not get the zone.",
    source="RFC 1034 section 4.3.5 (zone transfers); RFC 2308 (negative caching)",
    asks=lambda _, types: {"dns_views": types},
)
def propagated(
    dns_zone: Zone,
    dns_views: Mapping[str, Views],
    *,
    types: RecordTypes = ["A", "AAAA"],  # noqa: B006
    serials: bool = True,
) -> Evidence:
    """Every authoritative server and every declared resolver gives the same records for the name.

    Each server is asked by its address, each resolver by itself; what is at the domain's own name is compared,
    without TTL. Resolvers that are not declared, of other networks and countries, are not seen. A zone that answers by
    where the question comes from looks as if it were not propagated.

    Args:
        types: of records that are compared: A, AAAA, CNAME, MX, TXT, CAA, SRV, HTTPS.
        serials: whether the serial numbers of the servers' copies must be the same. True: a server that lags behind is
            noticed before a record differs. Set false where several providers number their copies by themselves.
    """
    expected = f"the same {', '.join(types)} everywhere"
    _nobody(dns_zone)
    numbers = {each.serial for each in dns_zone.nameservers if each.serial is not None}
    copies = "; ".join(f"serial {each.serial} at {each.server.label}" for each in dns_zone.nameservers)
    claim(not serials or len(numbers) < 2, expected=f"{expected}, with one serial", seen=copies)
    found = []
    for type in types:
        views = (*dns_views[type].nameservers, *dns_views[type].resolvers)
        said = {_said(view) for view in views if view.answer}
        different = {view.answer.own or view.answer.exists for view in views if view.answer}
        claim(
            len(different) < 2,
            expected=expected,
            seen="; ".join(f"{type} {_said(view)} at {view.server.label}" for view in views),
        )
        found += [f"{type} {text}" for text in said if any(view.answer and view.answer.own for view in views)]
    lost = [
        *dns_zone.unseen,
        *(each.problem for each in dns_zone.nameservers if not each.authoritative),
        *(f"no serial from {each.server.label}" for each in dns_zone.nameservers if each.serial is None),
        *(
            text
            for type in types
            for views in [dns_views[type]]
            for text in unanswered((*views.nameservers, *views.resolvers))
        ),
    ]
    if lost:
        raise CouldNotVerify(listed(dict.fromkeys(lost), 400))
    claim(bool(found), expected=expected, seen=f"no {' and no '.join(types)} record anywhere")
    asked = dns_views[types[0]]
    serial = f", serial {', '.join(map(str, sorted(numbers)))}"
    return Evidence(
        f"{listed(found)} at {counted(len(asked.nameservers), 'server')} and "
        f"{counted(len(asked.resolvers), 'resolver')}{serial}",
        warning=_skipped(dns_zone),
    )


def _said(view: View) -> str:
    if view.answer is None:
        return "no answer"
    if view.answer.own:
        return listed(view.answer.own, 600)
    return "no record" if view.answer.exists else "no such name (NXDOMAIN)"


def _not_below_min(value: int, info: ValidationInfo) -> int:
    least = info.data.get("min_seconds", value)
    if value < least:
        raise ValueError(f"{value} is below 'min_seconds', {least}, so no TTL could be within the bounds")
    return value


@check(
    "dns.ttl",
    severity="low",
    remedy="Set the TTL within the bounds; lower it a day before a planned change.",
    source="RFC 1912 section 2.2; RFC 2308 section 5",
    asks=lambda _, types: {"dns_views": types},
)
def ttl(
    dns_zone: Zone,
    dns_views: Mapping[str, Views],
    *,
    types: RecordTypes = ["A", "AAAA"],  # noqa: B006
    min_seconds: Annotated[int, Field(ge=0)] = 60,
    max_seconds: Annotated[int, Field(gt=0, validate_default=True), AfterValidator(_not_below_min)] = 86400,
) -> Evidence:
    """The TTLs of the name's records are within the bounds.

    The TTL is what each authoritative server gives, not what is left of it in a resolver. Of an alias it is the
    alias's own.

    Args:
        types: of records that are looked at, where the name has them: A, AAAA, CNAME, MX, TXT, CAA, SRV, HTTPS.
        min_seconds: 60: below it every visit costs a query, and a short outage of the servers is felt at once.
        max_seconds: at least `min_seconds`. 86400: a day, RFC 1912 section 2.2; a wrong record stays that long.
    """
    expected = f"a TTL from {min_seconds} to {max_seconds} s"
    views = [view for type in types for view in dns_views[type].nameservers]
    found = [view.answer for view in views if view.answer and view.answer.own]
    wrong = [each for each in found if not min_seconds <= each.ttl <= max_seconds]
    claim(not wrong, expected=expected, seen=listed(f"{each.type} {each.ttl} s at {each.place}" for each in wrong))
    if lost := [*dns_zone.unseen, *unanswered(views)]:
        raise CouldNotVerify(listed(dict.fromkeys(lost), 400))
    if not views:
        raise CouldNotVerify("no authoritative server could be asked")
    claim(bool(found), expected=expected, seen=f"no {' and no '.join(types)} record")
    said = listed(dict.fromkeys(f"{each.type} {each.ttl} s" for each in found))
    return Evidence(said, warning=_skipped(dns_zone))


@check(
    "dns.dnssec",
    severity="medium",
    remedy="Sign the zone, give the parent zone its DS record, and have the signatures renewed in time.",
    source="RFC 4033, RFC 4034, RFC 4035; RFC 6781 section 4.4.2 (validity of signatures); RFC 9904 (algorithms)",
)
def dnssec(dns_zone: Zone, dnssec_chain: DnssecChain, *, min_days: Annotated[float, Field(ge=0)] = 1) -> Evidence:
    """The zone is signed, the chain of trust reaches it, and no signature that was looked at ends soon.

    The runner validates by itself, from the trust anchor (the root's, or the declared one) over each DS and DNSKEY
    record to the zone's SOA, NS and DNSKEY, and to the SOA, A, AAAA, MX and TXT records of the domain that exist, on
    each authoritative server. No resolver is relied on for that: its AD bit would prove no more than the path to it is
    safe. Not looked at: proofs that something does not exist (NSEC, NSEC3), and other names of the zone.

    Args:
        min_days: days for which every signature of the zone must still hold. 1: services that sign each answer give
            little more (25 hours); ask for more where a signer renews weekly.
    """
    expected = f"a chain of trust to {dnssec_chain.zone}, signatures that hold for {min_days:g} days"
    claim(dns_zone.exists, expected=expected, seen="the domain does not exist (NXDOMAIN)")
    claim(not dnssec_chain.problem, expected=expected, seen=dnssec_chain.problem)
    problems = [text for each in dnssec_chain.servers for text in each.problems]
    claim(not problems, expected=expected, seen=listed(dict.fromkeys(problems), 400))
    ends = [each.expires for each in dnssec_chain.servers if each.expires]
    left = (min(ends) - clock.now()) / timedelta(days=1) if ends else 0.0
    until = f"until {min(ends):%Y-%m-%d %H:%M} UTC ({figure(left, min_days)} days)" if ends else ""
    claim(not ends or left >= min_days, expected=expected, seen=f"signatures that hold {until}")
    lost = [*dns_zone.unseen, *(each.unanswered for each in dnssec_chain.servers if each.unanswered)]
    if lost or not ends:
        raise CouldNotVerify(listed(lost, 400) or "no authoritative server could be asked")
    proven = listed(dict.fromkeys(text for each in dnssec_chain.servers for text in each.validated))
    weak = [each for each in dnssec_chain.algorithms if each in _WEAK]
    warnings = [
        f"{', '.join(weak)} should no longer be used, and some resolvers ignore it" if weak else "",
        "the parent's DS records are by SHA-1 only, which some resolvers ignore, so that the zone counts as not signed"
        if dnssec_chain.digests == ("SHA1",)
        else "",
        _skipped(dns_zone),
    ]
    return Evidence(
        f"{' -> '.join(dnssec_chain.links)}, {', '.join(dnssec_chain.algorithms)}: {proven} at "
        f"{counted(len(dnssec_chain.servers), 'server')}, {until}",
        warning="; ".join(filter(None, warnings)),
    )
