"""DNSSEC, validated here: from the trust anchor down to the records that each authoritative server gives."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from pytest_readiness.core.evidence import CouldNotVerify
from pytest_readiness.core.registry import fact
from pytest_readiness.core.text import cut
from pytest_readiness.domains.dns.client import Asker, Server, said, shown, together, type_name
from pytest_readiness.domains.dns.facts.zone import Zone
from pytest_readiness.domains.dns.resource import Domain

if TYPE_CHECKING:
    from dns.message import Message
    from dns.name import Name
    from dns.rrset import RRset

ROOT_ANCHORS = """\
. IN DS 20326 8 2 E06D44B80B8F1D39A95C0B0D7C65D08458E880409BBC683457104237C7F8EC8D
. IN DS 38696 8 2 683D2D0ACB8C9B712A1948B27F741219298D0A450D612C483AF444A4C0FB2B16
"""
"""KSK-2017 and KSK-2024 of the root zone: https://data.iana.org/root-anchors/root-anchors.xml."""
TYPES = ("SOA", "A", "AAAA", "MX", "TXT")
"""What is validated of the domain's own name, where it exists; the zone's SOA, NS and DNSKEY always are."""
MAX_SIGNATURES = 8
"""Of one set of records: trying every key on every signature must stay cheap (CVE-2023-50387)."""


@dataclass(frozen=True, slots=True)
class DnssecServer:
    """What can be proven of one authoritative server's copy of the zone.

    Attributes:
        server: name and address.
        validated: what was proven ("SOA shop.example.com").
        problems: what could not be proven, and why.
        unanswered: why it could not be looked at; "" where it could.
        expires: when the first of the proven signatures ends; None where none was.
    """

    server: str
    validated: tuple[str, ...]
    problems: tuple[str, ...]
    unanswered: str
    expires: datetime | None


@dataclass(frozen=True, slots=True)
class DnssecChain:
    """The chain of trust to a domain.

    Attributes:
        zone: that the domain lies in.
        links: the zones from the trust anchor down to it, as far as they were proven.
        problem: why the chain does not reach the zone; "" where it does.
        algorithms: of the zone's keys that its parent vouches for, by name.
        servers: each authoritative server.
        digests: of the DS records by which its parent vouches for them, by name.
    """

    zone: str
    links: tuple[str, ...]
    problem: str
    algorithms: tuple[str, ...]
    servers: tuple[DnssecServer, ...]
    digests: tuple[str, ...] = ()


class _BogusError(Exception):
    """Something is not proven; the message says what and why."""


@fact(deadline=50, extra="dns")
def dnssec_chain(domain: Domain, dns_zone: Zone) -> DnssecChain:
    """The chain of trust to the domain's zone, and whether each authoritative server's records are on it."""
    import dns.name
    import dns.rdatatype

    asker = Asker(domain, 45)
    apex = dns.name.from_text(dns_zone.name)
    links: list[str] = []
    try:
        trusted = _anchored(asker, _anchors(domain), apex, links)
    except _BogusError as error:
        return DnssecChain(dns_zone.name, tuple(links), str(error), (), ())
    servers = [each.server for each in dns_zone.nameservers]
    algorithms = sorted({_algorithm(each.algorithm) for each in trusted})
    found = together("dnssec_chain", domain, partial(_server, asker, apex, trusted), servers)
    digests = sorted({_digest(each.digest_type) for each in trusted if each.rdtype == dns.rdatatype.DS})
    return DnssecChain(dns_zone.name, tuple(links), "", tuple(algorithms), found, tuple(digests))


def _algorithm(number: int) -> str:
    import dns.dnssec

    return dns.dnssec.algorithm_to_text(number)


def _digest(number: int) -> str:
    from dns.dnssectypes import DSDigest

    return str(DSDigest.to_text(number))


def _anchors(domain: Domain) -> RRset:
    """The DS and DNSKEY records that are trusted, as DS or DNSKEY of one name.

    Raises:
        CouldNotVerify: the file holds none.
    """
    import dns.exception
    import dns.rdatatype
    import dns.zonefile

    path = domain.trust_anchors
    try:
        text = path.read_text("utf-8") if path else ROOT_ANCHORS
        sets = dns.zonefile.read_rrsets(text, default_ttl=0, rdclass=None)
    except (OSError, UnicodeDecodeError, dns.exception.DNSException) as error:
        raise CouldNotVerify(f"the trust anchors in {path} could not be read ({cut(str(error))})") from None
    usable = [each for each in sets if each.rdtype in (dns.rdatatype.DS, dns.rdatatype.DNSKEY)]
    if len(usable) != 1:
        raise CouldNotVerify(f"{path} must hold the DS or the DNSKEY records of one name, as trust anchors")
    return usable[0]


def _anchored(asker: Asker, anchors: RRset, apex: Name, links: list[str]) -> RRset:
    """What vouches for the keys of the zone at `apex`: its DS records, proven from the anchors down.

    Raises:
        _BogusError: a link is missing or does not hold.
        CouldNotVerify: the resolver withholds signatures.
    """
    import dns.rdatatype

    if not apex.is_subdomain(anchors.name):
        raise CouldNotVerify(f"the trust anchor of {shown(anchors.name)} does not cover {shown(apex)}")
    zone, trusted = anchors.name, anchors
    links.append(shown(zone))
    names = [apex.split(count)[1] for count in range(len(zone) + 1, len(apex) + 1)]
    if not names:
        return trusted
    message, server = asker.message(zone, "DNSKEY", dnssec=True)
    if not any(each.rdtype == dns.rdatatype.RRSIG for each in message.answer):
        reason = f"{server.place} passes on no signatures, not even those of {shown(zone)}; declare another resolver"
        raise CouldNotVerify(reason)
    keys = _keys(message, server, zone, trusted)
    for name in names:
        message, server = asker.message(name, "DS", dnssec=True)
        delegation = _only(message, name, "DS")
        if delegation is None:
            if name == apex:
                raise _BogusError(f"no DS record for {shown(name)} in {shown(zone)}, as {server.place} answers")
            if _is_zone(asker, name):
                raise _BogusError(f"no DS record for {shown(name)} in {shown(zone)}, which ends the chain there")
            continue
        _proven(message, delegation, keys, zone, server)
        zone, trusted = name, delegation
        links.append(shown(zone))
        if zone != apex:
            keys = _keys(*asker.message(zone, "DNSKEY", dnssec=True), zone, trusted)
    return trusted


def _is_zone(asker: Asker, name: Name) -> bool:
    message, _ = asker.message(name, "SOA", dnssec=True)
    return _only(message, name, "SOA") is not None


def _only(message: Message, name: Name, type: str) -> RRset | None:
    """The records of that name and type in an answer."""
    import dns.message
    import dns.rdataclass
    import dns.rdatatype

    wanted = dns.rdatatype.from_text(type)
    found: RRset | None = message.get_rrset(dns.message.ANSWER, name, dns.rdataclass.IN, wanted)
    return found


def _keys(message: Message, server: Server, zone: Name, trusted: RRset) -> RRset:
    """The zone's keys, signed by one of those that are trusted by their DS record or as themselves.

    Raises:
        _BogusError: they are not.
    """
    import dns.rdataset

    keys = _only(message, zone, "DNSKEY")
    if keys is None:
        raise _BogusError(f"no DNSKEY record for {shown(zone)}, as {server.place} answers")
    vouched = [key for key in keys if any(_vouches(anchor, zone, key) for anchor in trusted)]
    if not vouched:
        raise _BogusError(f"no key of {shown(zone)} is the one that its DS records name, as {server.place} answers")
    chosen = dns.rdataset.from_rdata_list(keys.ttl, vouched)
    _proven(message, keys, chosen, zone, server)
    return keys


def _vouches(anchor: Any, zone: Name, key: Any) -> bool:
    import dns.dnssec
    import dns.exception
    import dns.rdatatype

    if anchor.rdtype == dns.rdatatype.DNSKEY:
        return bool(anchor == key)
    if anchor.key_tag != dns.dnssec.key_id(key) or anchor.algorithm != key.algorithm:
        return False
    try:
        made = dns.dnssec.make_ds(zone, key, anchor.digest_type, validating=True)
    except (dns.exception.DNSException, ValueError):
        return False
    return bool(made.digest == anchor.digest)


def _proven(message: Message, records: RRset, keys: Any, zone: Name, server: Server) -> datetime:
    """When the signature that proves these records ends; the longest-lived one counts.

    Raises:
        _BogusError: none proves them.
    """
    import dns.dnssec
    import dns.exception
    import dns.message
    import dns.rdataclass
    import dns.rdatatype

    what = f"{dns.rdatatype.to_text(records.rdtype)} {shown(records.name)} at {server.place}"
    signatures = message.get_rrset(
        dns.message.ANSWER, records.name, dns.rdataclass.IN, dns.rdatatype.RRSIG, records.rdtype
    )
    if not signatures:
        raise _BogusError(f"{what}: not signed")
    ends: list[int] = []
    reasons: list[str] = []
    for signature in list(signatures)[:MAX_SIGNATURES]:
        try:
            dns.dnssec.validate_rrsig(records, signature, {zone: keys}, None, time.time())
            ends.append(signature.expiration)
        except dns.exception.DNSException as error:
            reasons.append(_reason(error, signature, zone))
    if not ends:
        raise _BogusError(f"{what}: {', '.join(dict.fromkeys(reasons))}")
    return datetime.fromtimestamp(max(ends), UTC)


def _reason(error: Exception, signature: Any, zone: Name) -> str:
    if signature.signer != zone:
        return f"signed by {shown(signature.signer)}, not by {shown(zone)}"
    text = str(error)
    if text == "expired":
        return f"signature expired at {datetime.fromtimestamp(signature.expiration, UTC):%Y-%m-%d %H:%M} UTC"
    words = {"verify failure": "signature does not verify", "not yet valid": "signature is not valid yet"}
    return words.get(text, f"signature cannot be used ({cut(text) or type_name(error)})")


@dataclass
class _Findings:
    validated: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    ends: list[datetime] = field(default_factory=list)


def _server(asker: Asker, apex: Name, trusted: RRset, server: Server) -> DnssecServer:
    found = _Findings()
    unanswered = ""
    try:
        for records, message, keys in _signed(asker, apex, trusted, server, found):
            try:
                found.ends.append(_proven(message, records, keys, apex, server))
            except _BogusError as error:
                found.problems.append(str(error))
            else:
                found.validated.append(_label(records))
    except _BogusError as error:
        found.problems.append(str(error))
    except CouldNotVerify as error:
        unanswered = str(error)
    return DnssecServer(
        server=server.label,
        validated=tuple(dict.fromkeys(found.validated)),
        problems=tuple(dict.fromkeys(found.problems)),
        unanswered=unanswered,
        expires=min(found.ends, default=None),
    )


def _label(records: RRset) -> str:
    import dns.rdatatype

    return f"{dns.rdatatype.to_text(records.rdtype)} {shown(records.name)}"


def _signed(
    asker: Asker, apex: Name, trusted: RRset, server: Server, found: _Findings
) -> Iterator[tuple[RRset, Message, Any]]:
    """Each set of records that the server must be able to prove, with its message and the keys."""
    import dns.flags

    message = asker.direct(server, apex, "DNSKEY", dnssec=True)
    keys = _keys(message, server, apex, trusted)
    yield keys, message, keys
    for name, type in _questions(apex, asker.name):
        message = asker.direct(server, name, type, dnssec=True)
        records = _only(message, name, type) or _only(message, name, "CNAME")
        if not message.flags & dns.flags.AA:
            found.problems.append(f"{said(server, name, type)} was answered without authority")
        elif records is not None:
            yield records, message, keys
        elif name == apex and type in ("SOA", "NS"):
            found.problems.append(f"{type} {shown(name)} at {server.place}: not there")


def _questions(apex: Name, name: Name) -> Sequence[tuple[Name, str]]:
    own: Iterable[tuple[Name, str]] = ((name, type) for type in TYPES)
    return list(dict.fromkeys([(apex, "SOA"), (apex, "NS"), *own]))
