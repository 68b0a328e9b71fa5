"""What a domain publishes for mail: exchangers, SPF and DMARC, with all that these lead to."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial
from ipaddress import IPv4Network, IPv6Network
from typing import TypeVar

from pytest_readiness.core.evidence import CouldNotVerify
from pytest_readiness.core.registry import fact
from pytest_readiness.core.text import cut
from pytest_readiness.domains.dns.client import Asker, name_of, shown, together
from pytest_readiness.domains.dns.resource import Domain

MAX_EXCHANGERS = 30

AnyNetwork = TypeVar("AnyNetwork", IPv4Network, IPv6Network)


@dataclass(frozen=True, slots=True)
class Exchanger:
    """A host that takes a domain's mail.

    Attributes:
        preference: the lowest is tried first.
        host: its name; "." says that the domain takes no mail (RFC 7505).
        alias: what the name is an alias of, "" where it is not one.
        addresses: IP addresses, sorted.
    """

    preference: int
    host: str
    alias: str
    addresses: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class MailExchangers:
    """A domain's MX records.

    Attributes:
        exchangers: the one that is tried first, first.
        nothing: how evidence says that there are none, "" where there are.
        place: the resolver that answered.
    """

    exchangers: tuple[Exchanger, ...]
    nothing: str
    place: str


@fact(deadline=30, extra="dns")
def mail_exchangers(domain: Domain) -> MailExchangers:
    """The domain's MX records, and the addresses of the hosts that they name."""
    asker = Asker(domain, 25)
    answer = asker.answer(asker.name, "MX")
    pairs = sorted((int(preference), host) for preference, host in (each.split() for each in answer.records))
    if len(pairs) > MAX_EXCHANGERS:
        raise CouldNotVerify(f"{answer.name} has {len(pairs)} MX records; at most {MAX_EXCHANGERS} are looked at")
    found = together("mail_exchangers", domain, partial(_exchanger, asker), pairs)
    return MailExchangers(found, "" if answer.records else answer.nothing, answer.place)


def _exchanger(asker: Asker, pair: tuple[int, str]) -> Exchanger:
    preference, host = pair
    if host == ".":
        return Exchanger(preference, host, "", ())
    answers = [asker.answer(name_of(host), type) for type in ("A", "AAAA")]
    chains = [answer.chain for answer in answers if answer.chain]
    addresses = sorted(record for answer in answers for record in answer.records)
    return Exchanger(preference, host, chains[0][0] if chains else "", tuple(addresses))


MAX_SPF_LOOKUPS = 20
"""Twice what RFC 7208 allows; a policy that asks for more is not followed further."""
_SPF_TERM = re.compile(r"(?P<qualifier>[+?~-]?)(?P<name>[A-Za-z][A-Za-z0-9._-]*)(?P<rest>[:=/].*)?")
_SPF_LENGTH = "0|[1-9][0-9]{0,2}"
_SPF_CIDR = re.compile(rf"(/(?P<v4>{_SPF_LENGTH}))?(//(?P<v6>{_SPF_LENGTH}))?")
_UNICAST_4 = tuple(map(IPv4Network, ("0.0.0.0/1", "128.0.0.0/2", "192.0.0.0/3")))
_UNICAST_6 = (IPv6Network("2000::/3"),)
"""Where senders can be (IANA, IPv4 Address Space and IPv6 Global Unicast Address Assignments)."""


@dataclass(frozen=True, slots=True)
class SpfPolicy:
    """A domain's SPF policy, followed through all that it includes (RFC 7208).

    Attributes:
        records: the texts of the domain that begin with v=spf1.
        nothing: how evidence says that there is none.
        ending: the last word for who is not listed: "-all", "~all", "?all", "+all"; "" where there is none.
        lookups: terms that make the receiver ask DNS, each as often as it is reached.
        voids: those of them that found nothing (names, types).
        errors: why receivers cannot evaluate the policy.
        anybody: terms before the end that let every sender pass: networks of length 0, +all in an include; or those
            of ip4 and ip6, and of a and mx with a length, that do so together, the largest network first. What an
            include lets in counts where the include itself lets pass (section 5.2).
        unseen: terms that depend on the mail, and were not followed.
        notes: what is discouraged.
        complete: False where `MAX_SPF_LOOKUPS` ended the walk.
    """

    records: tuple[str, ...]
    nothing: str
    ending: str
    lookups: tuple[str, ...]
    voids: tuple[str, ...]
    errors: tuple[str, ...]
    anybody: tuple[str, ...]
    unseen: tuple[str, ...]
    notes: tuple[str, ...]
    complete: bool


@fact(deadline=50, extra="dns")
def spf_policy(domain: Domain) -> SpfPolicy:
    """The domain's SPF record, and what its includes and redirects lead to."""
    asker = Asker(domain, 45)
    records, nothing = _spf_records(asker, shown(asker.name))
    walk = _SpfWalk(asker)
    if len(records) == 1:
        walk.follow(shown(asker.name), records[0])
    return SpfPolicy(
        records=records,
        nothing=nothing,
        ending=walk.ending,
        lookups=tuple(walk.lookups),
        voids=tuple(walk.voids),
        errors=tuple(walk.errors),
        anybody=tuple(walk.anybody) or walk.everywhere(),
        unseen=tuple(walk.unseen),
        notes=tuple(walk.notes),
        complete=len(walk.lookups) <= MAX_SPF_LOOKUPS,
    )


def _spf_records(asker: Asker, name: str) -> tuple[tuple[str, ...], str]:
    """The SPF records of a name; how it is said that it has no TXT records at all."""
    answer = asker.answer(name_of(name), "TXT")
    records = tuple(text for text in answer.records if re.match(r"v=spf1( |$)", text, re.IGNORECASE))
    return records, "" if answer.records else answer.nothing


@dataclass
class _SpfWalk:
    asker: Asker
    ending: str = ""
    lookups: list[str] = field(default_factory=list)
    voids: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    anybody: list[str] = field(default_factory=list)
    allowed: list[tuple[IPv4Network | IPv6Network, str]] = field(default_factory=list)
    unseen: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def follow(self, domain: str, record: str, *, top: bool = True) -> None:
        """Walk through the terms of a record like a receiver for whom none of them matches."""
        redirect = ""
        seen = {"redirect": 0, "exp": 0}
        terms = record.split()[1:]
        has_all = any(re.fullmatch(r"[+?~-]?all", term, re.IGNORECASE) for term in terms)
        ended = False
        for term in terms:
            match = _SPF_TERM.fullmatch(term)
            if match is None:
                self._wrong(domain, term, "is not an SPF term")
                continue
            qualifier, name, rest = match["qualifier"], match["name"].lower(), match["rest"] or ""
            if rest.startswith("="):
                self._modifier(domain, term, qualifier, name, rest[1:], seen)
                redirect = rest[1:] if name == "redirect" else redirect
            elif name == "all":
                if rest:
                    self._wrong(domain, term, "takes nothing after it")
                elif not ended:
                    ended = True
                    self.ending = f"{qualifier or '+'}all" if top else self.ending
                    if not top and qualifier in ("", "+"):
                        self.anybody.append(f"{term} in {domain}")
            elif not ended:
                allowed, anybody = len(self.allowed), len(self.anybody)
                self._mechanism(domain, term, name, rest)
                if qualifier not in ("", "+"):
                    del self.allowed[allowed:], self.anybody[anybody:]
                elif rest.endswith("/0") or "/0//" in rest:
                    self.anybody.append(f"{cut(term, 80)} in {domain}")
        if redirect and not has_all:
            self._redirect(domain, redirect, top=top)

    def everywhere(self) -> tuple[str, ...]:
        """The terms with networks, the largest first, where they let every unicast address of a version pass."""
        four = [each for each, _ in self.allowed if isinstance(each, IPv4Network)]
        six = [each for each, _ in self.allowed if isinstance(each, IPv6Network)]
        versions = [4] * _cover(four, _UNICAST_4) + [6] * _cover(six, _UNICAST_6)
        allowed = sorted(self.allowed, key=lambda each: each[0].prefixlen)
        return tuple(dict.fromkeys(term for network, term in allowed if network.version in versions))

    def _modifier(self, domain: str, term: str, qualifier: str, name: str, value: str, seen: dict[str, int]) -> None:
        if qualifier:
            self._wrong(domain, term, "is not an SPF term")
        if name in seen:
            seen[name] += 1
            if seen[name] == 2:
                self._wrong(domain, term, "occurs twice")
            if not value:
                self._wrong(domain, term, "names no domain")

    def _mechanism(self, domain: str, term: str, name: str, rest: str) -> None:
        if name in ("ip4", "ip6"):
            network = _network(int(name[-1]), rest[1:]) if rest.startswith(":") else None
            if network is None:
                self._wrong(domain, term, "names no network of that version")
            elif "/" in rest and not re.fullmatch(_SPF_LENGTH, rest.partition("/")[2]):
                self._wrong(domain, term, "is malformed: / is not followed by a prefix length such as 24")
            else:
                self.allowed.append((network, f"{cut(term, 80)} in {domain}"))
            return
        if name not in ("include", "a", "mx", "ptr", "exists"):
            self._wrong(domain, term, "is not a mechanism of SPF")
            return
        parts = self._parts(name, rest)
        if parts is None:
            self._wrong(domain, term, "is malformed")
            return
        spec, *lengths = parts
        if not self._count(domain, term):
            return
        goal = self._goal(domain, term, spec or "%{d}")
        if goal is None:
            return
        if name == "ptr":
            self.notes.append(f"{term} in {domain}: ptr should not be used (RFC 7208 section 5.5)")
        elif not goal:
            # What "exists" asks for depends on the mail by design; an include may lead to more lookups.
            if name != "exists":
                self.unseen.append(f"{term} in {domain}")
        elif name == "include":
            self._include(domain, term, goal)
        elif name == "mx":
            for host in self._exchangers(domain, term, goal):
                self._allow(domain, term, host, *lengths)
        elif name == "a":
            self._found(goal, "A", "AAAA")
            self._allow(domain, term, goal, *lengths)
        elif self._found(goal, "A"):
            # A name that is the same for every mail exists for anyone's.
            self.anybody.append(f"{cut(term, 80)} in {domain}")

    def _parts(self, name: str, rest: str) -> tuple[str, int, int] | None:
        """The domain of a mechanism, "" for none, and the lengths for IPv4 and IPv6; None where it is malformed."""
        head, four, six = rest, 32, 128
        if name in ("a", "mx"):
            head, slash, tail = rest.partition("/")
            match = _SPF_CIDR.fullmatch(slash + tail)
            if match is None:
                return None
            four, six = int(match["v4"] or four), int(match["v6"] or six)
        right = head.startswith(":") and len(head) > 1 if head else name not in ("include", "exists")
        return (head[1:], four, six) if right and four <= 32 and six <= 128 else None

    def _include(self, domain: str, term: str, goal: str, *, top: bool = False) -> None:
        records, nothing = _spf_records(self.asker, goal)
        if nothing:
            self.voids.append(f"{goal} TXT")
        if len(records) != 1:
            self._wrong(domain, term, f"leads to {len(records) or 'no'} SPF record{'s' * (len(records) > 1)}")
        else:
            self.follow(goal, records[0], top=top)

    def _redirect(self, domain: str, value: str, *, top: bool) -> None:
        term = f"redirect={value}"
        if not self._count(domain, term):
            return
        goal = self._goal(domain, term, value)
        if goal:
            self._include(domain, term, goal, top=top)
        elif goal is not None:
            self.unseen.append(f"{term} in {domain}")

    def _goal(self, domain: str, term: str, spec: str) -> str | None:
        """The name that a term leads to, "" where that depends on the mail, None where it is not a name."""
        goal = _expanded(spec, domain, shown(self.asker.name))
        try:
            return shown(name_of(goal)) if goal else ""
        except CouldNotVerify:
            self._wrong(domain, term, "names no domain")
            return None

    def _exchangers(self, domain: str, term: str, goal: str) -> list[str]:
        answer = self.asker.answer(name_of(goal), "MX")
        if not answer.records:
            self.voids.append(f"{goal} MX")
        if len(answer.records) > 10:
            self._wrong(domain, term, f"leads to {len(answer.records)} exchangers, more than 10")
        return [record.split()[1] for record in answer.records[:10]]

    def _allow(self, domain: str, term: str, host: str, four: int, six: int) -> None:
        """Note the networks around the addresses of a host; single addresses are too few to matter."""
        for type, length, single in (("A", four, 32), ("AAAA", six, 128)):
            if length < single:
                for address in self.asker.answer(name_of(host), type).records:
                    network = ipaddress.ip_network(f"{address}/{length}", strict=False)
                    self.allowed.append((network, f"{cut(term, 80)} in {domain}"))

    def _found(self, goal: str, *types: str) -> bool:
        if any(self.asker.answer(name_of(goal), type).records for type in types):
            return True
        self.voids.append(f"{goal} {'/'.join(types)}")
        return False

    def _count(self, domain: str, term: str) -> bool:
        self.lookups.append(f"{cut(term, 80)} in {domain}")
        return len(self.lookups) <= MAX_SPF_LOOKUPS

    def _wrong(self, domain: str, term: str, why: str) -> None:
        self.errors.append(f"{cut(term, 80)} in {domain} {why}")


def _network(version: int, text: str) -> IPv4Network | IPv6Network | None:
    try:
        network = ipaddress.ip_network(text, strict=False)
    except ValueError:
        return None
    return network if network.version == version and "%" not in text else None


def _cover(networks: Iterable[AnyNetwork], others: Iterable[AnyNetwork]) -> bool:
    whole = list(ipaddress.collapse_addresses(networks))
    return all(any(other.subnet_of(network) for network in whole) for other in others)


def _expanded(spec: str, domain: str, origin: str) -> str:
    """A domain with those macros filled in that do not depend on the mail; "" where others are left."""
    text = re.sub(r"%\{d\}", domain, spec, flags=re.IGNORECASE)
    text = re.sub(r"%\{o\}", origin, text, flags=re.IGNORECASE)
    return "" if "%" in text else text


@dataclass(frozen=True, slots=True)
class DmarcRecords:
    """The DMARC records of one name.

    Attributes:
        domain: the name that they are about; they are at _dmarc. below it.
        records: the texts that begin with v=DMARC1.
    """

    domain: str
    records: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DmarcTree:
    """DMARC records from a domain upwards.

    Attributes:
        domain: the name itself, in ASCII.
        asked: names that were asked, upwards.
        found: those that have records, the closest first.
    """

    domain: str
    asked: tuple[str, ...]
    found: tuple[DmarcRecords, ...]


@fact(deadline=30, extra="dns")
def dmarc_tree(domain: Domain) -> DmarcTree:
    """The DMARC records at _dmarc. of the domain and of each name above it."""
    asker = Asker(domain, 25)
    names = list(_upwards(shown(asker.name)))

    def records(name: str) -> DmarcRecords:
        try:
            texts = asker.answer(name_of(f"_dmarc.{name}"), "TXT").records
        except CouldNotVerify:
            # A top-level domain's own record is rare, and does not count where a closer one is found.
            if "." in name:
                raise
            texts = ()
        return DmarcRecords(name, tuple(text for text in texts if re.match(r"v\s*=\s*DMARC1\s*(;|$)", text)))

    found = together("dmarc_tree", domain, records, names)
    return DmarcTree(names[0], tuple(names), tuple(each for each in found if each.records))


def _upwards(name: str) -> Iterator[str]:
    """The name and those above it; of more than eight labels only the lowest and the highest seven (RFC 9989 4.10)."""
    labels = name.split(".")
    yield name
    for start in range(max(1, len(labels) - 7), len(labels)):
        yield ".".join(labels[start:])
