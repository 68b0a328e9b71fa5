"""What a domain's resolvers answer: what those who use the domain get to see."""

from __future__ import annotations

from dataclasses import dataclass

from pytest_readiness.config.target import Target
from pytest_readiness.core.evidence import CouldNotVerify
from pytest_readiness.core.registry import fact
from pytest_readiness.domains.dns.client import Answer, Asker, name_of, shown
from pytest_readiness.domains.dns.resource import Domain
from pytest_readiness.domains.host.resource import Host

ANSWER_SECONDS = 9.0


@fact(deadline=12, extra="dns")
def dns_answer(domain: Domain, *, ask: str) -> Answer:
    """The resolvers' answer to `ask`, a type and a name: "A shop.example.com"."""
    type, _, name = ask.partition(" ")
    return Asker(domain, ANSWER_SECONDS).answer(name_of(name), type)


@dataclass(frozen=True, slots=True)
class HostAddresses:
    """Where a declared host is.

    Attributes:
        address: under which the target declares it.
        addresses: IP addresses, sorted.
    """

    address: str
    addresses: tuple[str, ...]


@fact(deadline=15, extra="dns")
def host_addresses(domain: Domain, target: Target, *, ask: str) -> HostAddresses:
    """The IP addresses of the declared host `ask`; a name is asked of the domain's resolvers."""
    import ipaddress

    host = target.named("readiness_host", ask)
    address = host.seen_at if isinstance(host, Host) else None
    if address is None:
        raise CouldNotVerify(f"{ask} declares no address that the runner sees it at")
    try:
        return HostAddresses(address, (str(ipaddress.ip_address(address)),))
    except ValueError:
        pass
    asker = Asker(domain, ANSWER_SECONDS)
    answers = [asker.answer(name_of(address), type) for type in ("A", "AAAA")]
    addresses = tuple(sorted(record for answer in answers for record in answer.records))
    if not addresses:
        raise CouldNotVerify(f"{ask} is declared at {address}: {answers[0].nothing}")
    return HostAddresses(address, addresses)


@dataclass(frozen=True, slots=True)
class CaaProperty:
    """One CAA record.

    Attributes:
        critical: an authority that does not know the tag must not issue.
        tag: in lower case ("issue").
        value: as it is written.
    """

    critical: bool
    tag: str
    value: str


@dataclass(frozen=True, slots=True)
class CaaSet:
    """The CAA records that count for a name (RFC 8659 section 3).

    Attributes:
        found_at: the name that has them, the domain itself or one above it; "" where none has.
        asked: the names that were asked, upwards.
        properties: the records, sorted.
    """

    found_at: str
    asked: tuple[str, ...]
    properties: tuple[CaaProperty, ...]


@fact(deadline=30, extra="dns")
def caa_set(domain: Domain) -> CaaSet:
    """The CAA records of the closest name that has any, from the domain upwards."""
    asker = Asker(domain, 25)
    asked: list[str] = []
    name = asker.name
    while len(name) > 1:
        asked.append(shown(name))
        if found := asker.records(name, "CAA"):
            properties = [
                CaaProperty(
                    bool(each.flags & 128), each.tag.decode("ascii").lower(), each.value.decode(errors="replace")
                )
                for each in found
            ]
            properties.sort(key=lambda each: (each.tag, each.value))
            return CaaSet(asked[-1], tuple(asked), tuple(properties))
        name = name.parent()
    return CaaSet("", tuple(asked), ())
