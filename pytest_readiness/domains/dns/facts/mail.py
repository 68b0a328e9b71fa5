"""What a domain publishes for mail: exchangers, SPF and DMARC, with all that these lead to."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from ipaddress import IPv4Network, IPv6Network

from pytest_readiness.core.evidence import CouldNotVerify
from pytest_readiness.core.registry import fact
from pytest_readiness.core.text import cut, visible
from pytest_readiness.domains.dns.client import Asker, name_of, shown, together
from pytest_readiness.domains.dns.resource import Domain

MAX_EXCHANGERS = 30


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
_SPF_MECHANISMS = ("all", "include", "a", "mx", "ptr", "ip4", "ip6", "exists")
_SPF_LENGTH = "0|[1-9][0-9]{0,2}"
_SPF_CIDR = re.compile(rf"(/(?P<v4>{_SPF_LENGTH}))?(//(?P<v6>{_SPF_LENGTH}))?")
_WIDEST = {4: 8, 6: 12}
"""Lengths of the networks that IANA hands out, to whole regions; a shorter one holds many owners' addresses."""


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
        anybody: terms before the end that let strangers pass: networks of length 0, +all in an include; or those
            of ip4 and ip6, and of a and mx with a length, that are wider than what one owner can have, by themselves
            or together, the largest network first. What an include lets in counts where the include itself lets pass
            (section 5.2).
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
        anybody=tuple(walk.anybody) or walk.too_wide(),
        unseen=tuple(walk.unseen),
        notes=tuple(walk.notes),
        complete=len(walk.lookups) <= MAX_SPF_LOOKUPS,
    )


def _spf_records(asker: Asker, name: str) -> tuple[tuple[str, ...], str]:
    """The SPF records of a name; how it is said that it has no TXT records at all."""
    answer = asker.answer(name_of(name), "TXT")
    records = tuple(text for text in answer.records if re.match(r"v=spf1( |\Z)", text, re.IGNORECASE))
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
        # Only the space separates terms (RFC 7208 section 4.6.1): no tab, no line feed, no no-break space.
        terms = [term for term in record.split(" ")[1:] if term]
        has_all = any(re.fullmatch(r"[+?~-]?all", term, re.IGNORECASE) for term in terms)
        ended, behind = "", list[str]()
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
                    ended = term
                    self.ending = f"{qualifier or '+'}all" if top else self.ending
                    if not top and qualifier in ("", "+"):
                        self.anybody.append(f"{term} in {domain}")
                else:
                    behind.append(term)
            elif ended:
                # Receivers look at the syntax of all terms before they evaluate the first (RFC 7208 section 4.6).
                self._mechanism(domain, term, name, rest, ended=True)
                behind.append(term)
            else:
                allowed, anybody = len(self.allowed), len(self.anybody)
                self._mechanism(domain, term, name, rest)
                if qualifier not in ("", "+"):
                    del self.allowed[allowed:], self.anybody[anybody:]
                elif rest.endswith("/0") or "/0//" in rest:
                    self.anybody.append(f"{cut(term, 80)} in {domain}")
        if redirect and not has_all:
            self._redirect(domain, redirect, top=top)
        ignored = behind + [f"redirect={redirect}"] * bool(redirect and has_all)
        if ignored:
            terms_ignored = ", ".join(cut(each, 80) for each in ignored)
            self.notes.append(f"{terms_ignored} in {domain}: receivers ignore what stands beside or behind {ended}")

    def too_wide(self) -> tuple[str, ...]:
        """The terms with networks, the largest first, that are together wider than one owner's can be."""
        whole: list[IPv4Network | IPv6Network] = [
            *ipaddress.collapse_addresses(each for each, _ in self.allowed if isinstance(each, IPv4Network)),
            *ipaddress.collapse_addresses(each for each, _ in self.allowed if isinstance(each, IPv6Network)),
        ]
        wide = [each for each in whole if each.prefixlen < _WIDEST[each.version]]
        allowed = sorted(self.allowed, key=lambda each: each[0].prefixlen)
        return tuple(dict.fromkeys(term for network, term in allowed if any(_within(network, each) for each in wide)))

    def _modifier(self, domain: str, term: str, qualifier: str, name: str, value: str, seen: dict[str, int]) -> None:
        if qualifier:
            self._wrong(domain, term, "is not an SPF term")
        if name in _SPF_MECHANISMS:
            self.notes.append(f"{cut(term, 80)} in {domain}: receivers ignore it, as it has = in place of :")
        if name in seen:
            seen[name] += 1
            if seen[name] == 2:
                self._wrong(domain, term, "occurs twice")
            if not value:
                self._wrong(domain, term, "names no domain")

    def _mechanism(self, domain: str, term: str, name: str, rest: str, *, ended: bool = False) -> None:
        """Look at a mechanism, and unless an `all` before it ended the evaluation, at what it leads to."""
        if name in ("ip4", "ip6"):
            network = _network(int(name[-1]), rest[1:]) if rest.startswith(":") else None
            if network is None:
                self._wrong(domain, term, "names no network of that version")
            elif "/" in rest and not re.fullmatch(_SPF_LENGTH, rest.partition("/")[2]):
                self._wrong(domain, term, "is malformed: / is not followed by a prefix length such as 24")
            elif not ended:
                self.allowed.append((network, f"{cut(term, 80)} in {domain}"))
            return
        if name not in _SPF_MECHANISMS:
            self._wrong(domain, term, "is not a mechanism of SPF")
            return
        parts = self._parts(name, rest)
        if parts is None:
            self._wrong(domain, term, "is malformed")
            return
        spec, *lengths = parts
        if spec and "%" not in spec and not re.search(r"\.[a-zA-Z0-9-]*[a-zA-Z][a-zA-Z0-9-]*\.?\Z", spec):
            # RFC 7208 section 7.1: a domain ends in a dot and a name with a letter in it.
            address = f"; for an address write ip4:{spec}" if re.fullmatch(r"[0-9.]{7,15}", spec) else ""
            self._wrong(domain, term, f"names no domain{address}")
            return
        goal = self._goal(domain, term, spec or "%{d}")
        if goal is None or ended or not self._count(domain, term):
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
        if goal is None:
            self._wrong(domain, term, "has a macro that there is not")
            return None
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
        self.errors.append(f"{cut(visible(term), 80)} in {domain} {why}")


def _network(version: int, text: str) -> IPv4Network | IPv6Network | None:
    try:
        network = ipaddress.ip_network(text, strict=False)
    except ValueError:
        return None
    return network if network.version == version and "%" not in text else None


def _within(network: IPv4Network | IPv6Network, other: IPv4Network | IPv6Network) -> bool:
    return network.version == other.version and network.network_address in other


_MACRO = re.compile(
    r"%(?:(?P<plain>[%_-])|\{(?P<letter>[A-Za-z])(?P<count>\d*)(?P<turned>[rR]?)(?P<marks>[.+,/_=-]*)\})"
)
_MACROS_OF_MAIL = "slipvh"
"""Letters of macros that depend on the mail; c, r and t are for explanations only (RFC 7208 section 7.2)."""


def _expanded(spec: str, domain: str, origin: str) -> str | None:
    """A domain with its macros filled in (RFC 7208 section 7); "" where one depends on the mail, None for no macros."""
    of_mail = False

    def filled(macro: re.Match[str]) -> str:
        nonlocal of_mail
        if plain := macro["plain"]:
            return {"%": "%", "_": " ", "-": "%20"}[plain]
        letter = macro["letter"].lower()
        if letter not in "do":
            of_mail = True
            return ""
        parts = re.split(f"[{re.escape(macro['marks'] or '.')}]", domain if letter == "d" else origin)
        parts = parts[::-1] if macro["turned"] else parts
        return ".".join(parts[-int(macro["count"]) :] if macro["count"] else parts)

    wrong = [found for found in _MACRO.finditer(spec) if (found["letter"] or "d").lower() not in f"do{_MACROS_OF_MAIL}"]
    none_left = any(found["count"] and int(found["count"]) == 0 for found in _MACRO.finditer(spec))
    if wrong or none_left or "%" in _MACRO.sub("", spec):
        return None
    text = _MACRO.sub(filled, spec)
    return "" if of_mail else text


MAX_DESTINATIONS = 20
TAG_SPACE = " \t\r\n"
"""White space in a tag list. Nothing else is any, such as the no-break space that comes along from a web page."""
_DMARC = re.compile(rf"v[{TAG_SPACE}]*=[{TAG_SPACE}]*DMARC1[{TAG_SPACE}]*(;|\Z)")
_RUA = re.compile(r"(?i)mailto:([^\s@!?,/][^\s@!?,]*@[^\s@!?,]+)(?:![0-9]+[kmgt]?)?")


def tags(text: str) -> dict[str, str] | None:
    """A tag list (RFC 6376 section 3.2); None where it is malformed."""
    found: dict[str, str] = {}
    for part in text.split(";"):
        name, equals, value = part.partition("=")
        name = name.strip(TAG_SPACE)
        if not part.strip(TAG_SPACE):
            continue
        if not equals or name in found or not re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*", name):
            return None
        found[name] = value.strip(TAG_SPACE)
    return found


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
        foreign: name of a record, host of a mail address in its rua= that is neither above nor below that name nor
            below the topmost record's, and whether the host publishes that it takes the reports (RFC 7489 section 7.1).
        exists: False where there is no such domain (NXDOMAIN) and no record of its own.
    """

    domain: str
    asked: tuple[str, ...]
    found: tuple[DmarcRecords, ...]
    foreign: tuple[tuple[str, str, bool], ...]
    exists: bool = True


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
        return DmarcRecords(name, tuple(text for text in texts if _DMARC.match(text)))

    def takes(pair: tuple[str, str]) -> tuple[str, str, bool]:
        name, host = pair
        texts = asker.answer(name_of(f"{name}._report._dmarc.{host}"), "TXT").records
        return name, host, any(_DMARC.match(text) for text in texts)

    found = [each for each in together("dmarc_tree", domain, records, names) if each.records]
    top = next((each.domain for each in reversed(found) if "." in each.domain), names[0])
    hosts = [(each.domain, host) for each in found for host in _foreign_hosts(each, top)]
    if len(hosts) > MAX_DESTINATIONS:
        raise CouldNotVerify(f"reports of DMARC go to {len(hosts)} domains; at most {MAX_DESTINATIONS} are looked at")
    own = bool(found) and found[0].domain == names[0]
    itself = None if own else asker.answer(asker.name, "A")
    return DmarcTree(
        domain=names[0],
        asked=tuple(names),
        found=tuple(found),
        foreign=together("dmarc_tree", domain, takes, hosts),
        exists=itself is None or itself.exists or bool(itself.chain),
    )


def report_addresses(tags: Mapping[str, str]) -> tuple[list[str], list[str]]:
    """The mail addresses in rua=, without their limits of size, and what else is there, which receivers ignore."""
    found = [text for each in tags.get("rua", "").split(",") if (text := each.strip(TAG_SPACE))]
    addresses = {each: match[1] for each in found if (match := _RUA.fullmatch(each))}
    return list(addresses.values()), [each for each in found if each not in addresses]


def _foreign_hosts(records: DmarcRecords, top: str) -> list[str]:
    """Hosts of report addresses that are not of the record's organisation, which begins at the topmost record."""
    own = records.domain
    hosts = set()
    for address in report_addresses(tags(records.records[0]) or {})[0]:
        host = address.rpartition("@")[2].lower().rstrip(".")
        if f".{host}".endswith((f".{own}", f".{top}")) or own.endswith(f".{host}"):
            continue
        try:
            hosts.add(shown(name_of(host)))
        except CouldNotVerify as error:
            raise CouldNotVerify(f"reports of _dmarc.{own} go to {cut(address, 80)}: {error}") from None
    return sorted(hosts)


def _upwards(name: str) -> Iterator[str]:
    """The name and those above it; of more than eight labels only the lowest and the highest seven (RFC 9989 4.10)."""
    labels = name.split(".")
    yield name
    for start in range(max(1, len(labels) - 7), len(labels)):
        yield ".".join(labels[start:])
