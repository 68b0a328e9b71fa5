"""What a domain's resolvers answer: addresses, aliases, who may issue certificates."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from pytest_readiness.core.evidence import CouldNotVerify, Evidence, NotDeclared, claim
from pytest_readiness.core.registry import Asks, check
from pytest_readiness.core.resources import Named
from pytest_readiness.core.spelling import spelled
from pytest_readiness.core.text import cut
from pytest_readiness.domains.dns.client import Answer, name_of, shown
from pytest_readiness.domains.dns.facts.answers import CaaSet, HostAddresses
from pytest_readiness.domains.dns.resource import Domain

AddressType = Literal["A", "AAAA"]
AddressTypes = Annotated[list[AddressType], Field(min_length=1)]
ADDRESSES = ("A", "AAAA")

_INTERNAL = tuple(
    map(
        ip_network,
        ("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12"),
    )
) + tuple(map(ip_network, ("192.168.0.0/16", "198.18.0.0/15", "::/127", "fc00::/7", "fe80::/10", "fec0::/10")))
"""Addresses that cannot be reached over the Internet (RFC 6890, RFC 3879)."""


def listed(texts: Iterable[str], length: int = 200) -> str:
    """Texts from a zone as one line of a sensible length."""
    return cut(", ".join(texts), length)


def _beside(name: str) -> str:
    """A made-up name beside a name: only a wildcard, or a resolver that answers everything, knows it."""
    parent = name.partition(".")[2]
    return f"readiness-{hashlib.sha256(parent.encode()).hexdigest()[:12]}.{parent}"


def _below(name: str) -> str:
    """A made-up name below a name: a wildcard that covers what is beside the name covers it only without the name."""
    return _beside(f"*.{name}")


def _bare(domain: Domain) -> str:
    return domain.domain.rstrip(".")


def _addresses(answers: Iterable[Answer]) -> tuple[str, ...]:
    return tuple(record for answer in answers for record in answer.records)


def _way(answer: Answer) -> str:
    """The name, and what it is an alias of."""
    return " -> ".join((answer.name, *answer.chain))


def _resolved(answers: list[Answer]) -> str:
    chain = max(answers, key=lambda answer: len(answer.chain))
    return f"{_way(chain)}: {listed(_addresses(answers))} (as {answers[0].place} answers)"


def unmapped(address: str) -> IPv4Address | IPv6Address:
    """An address, of IPv4 where it only looks like one of IPv6 (::ffff:10.0.0.1)."""
    found = ip_address(address)
    return (found.ipv4_mapped if isinstance(found, IPv6Address) else None) or found


def internal(addresses: Iterable[str]) -> str:
    """The warning about private addresses; "" where there is none."""
    inside = [each for each in addresses if any(unmapped(each) in network for network in _INTERNAL)]
    return f"not reachable over the Internet: {listed(inside)}" if inside else ""


def _questions(name: str) -> list[str]:
    """For all addresses of a name."""
    return [f"{type} {name}" for type in ADDRESSES]


def _resolves_asks(domain: Domain, types: list[str]) -> Asks:
    name = _bare(domain)
    return {"dns_answer": [f"{type} {each}" for each in (name, _beside(name)) for type in types]}


@check(
    "dns.resolves",
    severity="critical",
    remedy="Add A and AAAA records for the name, and make sure that its zone is delegated.",
    source="RFC 1034; RFC 3596 (AAAA)",
    asks=_resolves_asks,
)
def resolves(dns_answer: Mapping[str, Answer], domain: Domain, *, types: AddressTypes = ["A"]) -> Evidence:  # noqa: B006
    """The name resolves to an address.

    The declared resolvers are asked, or the system's. They may answer from their cache; whether they are up to date is
    `dns.propagated`. What answers at the addresses is not looked at. A warning names addresses that the Internet does
    not reach, and says when a made-up name beside this one resolves to the same, so that a wildcard or a resolver that
    answers everything may be what was seen.

    Args:
        types: A (IPv4), AAAA (IPv6): each of them must be there. A: not every service has IPv6.
    """
    both = list(dns_answer.values())
    answers, made_up = both[: len(both) // 2], both[len(both) // 2 :]
    missing = [answer for answer in answers if not answer.records]
    claim(not missing, expected=f"{' and '.join(types)} records", seen="; ".join(each.nothing for each in missing))
    same = all(set(answer.records) == set(other.records) for answer, other in zip(answers, made_up, strict=True))
    wildcard = f"the made-up name {_beside(_bare(domain))} resolves to the same" if same else ""
    return Evidence(_resolved(answers), warning="; ".join(filter(None, (wildcard, internal(_addresses(answers))))))


def _network(text: str) -> str:
    network = ip_network(text)
    return str(network.network_address if network.num_addresses == 1 else network)


Network = Annotated[str, AfterValidator(_network)]


def _points_to_asks(domain: Domain, addresses: list[str] | None, host: str | None) -> Asks:
    if not addresses and not host:
        raise NotDeclared("dns.points_to is given neither 'addresses' nor 'host'")
    return {"dns_answer": _questions(_bare(domain)), "host_addresses": host}


@check(
    "dns.points_to",
    severity="critical",
    remedy="Set the name's A and AAAA records to the declared addresses, and remove all others.",
    source="RFC 1034; RFC 3596 (AAAA)",
    asks=_points_to_asks,
)
def points_to(
    dns_answer: Mapping[str, Answer],
    host_addresses: HostAddresses | None,
    *,
    addresses: Annotated[list[Network], Field(min_length=1)] | None = None,
    host: Annotated[str, Named("readiness_host")] | None = None,
) -> Evidence:
    """The name resolves to the declared addresses, and to no others.

    All A and AAAA records count, at the end of aliases too: an AAAA record that was forgotten fails. The declared
    resolvers are asked, or the system's. Name `addresses`, `host`, or both.

    Args:
        addresses: IP addresses, each of which must be there, and networks such as 203.0.113.0/24, which the others
            must lie in. Default: those of `host`.
        host: name of a host of the target; the name must resolve to one of its addresses or more. A host that is
            declared by a name is asked of the same resolvers.
    """
    answers = list(dns_answer.values())
    seen = _addresses(answers)
    allowed = [ip_network(each) for each in addresses or ()]
    single = [str(each.network_address) for each in allowed if each.num_addresses == 1]
    of_host = host_addresses.addresses if host_addresses else ()
    expected = listed((*(addresses or ()), *(f"{each} ({host})" for each in of_host)))
    claim(bool(seen), expected=expected, seen=answers[0].nothing)
    wrong = [each for each in seen if each not in of_host and not any(ip_address(each) in net for net in allowed)]
    claim(not wrong, expected=expected, seen=f"{_resolved(answers)}; these should not be there: {listed(wrong)}")
    known = {ip_address(each) for each in seen}
    lacking = [each for each in single if ip_address(each) not in known]
    claim(not lacking, expected=expected, seen=f"{_resolved(answers)}, without {listed(lacking)}")
    there = not of_host or not set(of_host).isdisjoint(seen)
    claim(there, expected=expected, seen=f"{_resolved(answers)}, without an address of {host}")
    return Evidence(_resolved(answers))


@check(
    "dns.cname",
    severity="high",
    remedy="Set the CNAME record to the declared name, and remove it where that name is gone: others could take it.",
    source="RFC 1034 section 3.6.2; OWASP WSTG-CONF-10 (subdomain takeover)",
    asks=lambda domain: {"dns_answer": _questions(_bare(domain))},
)
def cname(dns_answer: Mapping[str, Answer], *, to: Annotated[str, Field(min_length=1)]) -> Evidence:
    """The name is an alias (CNAME) of the declared name, and the chain of aliases ends in an address.

    Further aliases may come before and after the declared name. A warning names addresses that the Internet does not
    reach.

    Args:
        to: the name that it must be an alias of, such as shop.cdn.example.net.
    """
    answers = list(dns_answer.values())
    goal = shown(name_of(to))
    first = answers[0]
    expected = f"{first.name} -> {goal}, with an address at the end"
    claim(
        bool(first.chain),
        expected=expected,
        seen=f"no alias: {_resolved(answers)}" if _addresses(answers) else first.nothing,
    )
    claim(goal in first.chain, expected=expected, seen=f"{_way(first)} (as {first.place} answers)")
    claim(bool(_addresses(answers)), expected=expected, seen=f"a dangling alias: {first.nothing}")
    return Evidence(_resolved(answers), warning=internal(_addresses(answers)))


Label = Annotated[
    str, spelled(r"^[^\s./:@*]{1,63}(\.[^\s./:@*]{1,63})*$", "a label or several, such as www, without the domain")
]


def _subdomains_asks(domain: Domain, names: list[str]) -> Asks:
    whole = [f"{label}.{_bare(domain)}" for label in names]
    made_up = [each for name in whole for each in (_beside(name), _below(name), _below(_beside(name)))]
    return {"dns_answer": [question for each in (*whole, *made_up) for question in _questions(each)]}


@check(
    "dns.subdomains",
    severity="high",
    remedy="Add records for the names that do not resolve.",
    source="RFC 1034; RFC 4592 (wildcards)",
    asks=_subdomains_asks,
)
def subdomains(
    dns_answer: Mapping[str, Answer],
    domain: Domain,
    *,
    names: Annotated[list[Label], Field(min_length=1)],
    wildcard: bool = False,
) -> Evidence:
    """Each listed subdomain resolves to an address by records of its own.

    A and AAAA records count. Made-up names beside and below each one are asked for, too: where one beside it resolves
    to the same addresses, a wildcard (or a resolver that answers everything) may be all there is. A wildcard does not
    cover what is below a name with records of its own (RFC 4592 section 2.2.1), which tells the two apart. A name that
    has the same wildcard again below it counts as covered; where a server's wildcards cover one label only, the two
    cannot be told apart, and the check could not be done. A warning names addresses that the Internet does not reach.

    Args:
        names: what comes before the domain: `www`, `api.eu`.
        wildcard: whether a name that only a wildcard answers for counts, with a warning. False: a wildcard answers for
            any name, misspelled ones too.
    """
    expected = f"addresses for {listed(names)} below {_bare(domain)}"
    seen, covered, unclear, missing = [], [], [], []
    found: list[str] = []
    for label in names:
        name = f"{label}.{_bare(domain)}"
        answers = [dns_answer[question] for question in _questions(name)]
        if not _addresses(answers):
            missing.append(answers[0].nothing)
            continue
        seen.append(_resolved(answers))
        found += _addresses(answers)
        made_up = _beside(name)
        beside, below, deep = (
            set(_addresses(dns_answer[question] for question in _questions(each))) == set(_addresses(answers))
            for each in (made_up, _below(name), _below(made_up))
        )
        told = f"{label} (made up: {dns_answer[_questions(made_up)[0]].name})"
        if beside and not deep:
            unclear.append(told)
        elif beside and below:
            covered.append(told)
    same = f"made-up names resolve to the same as {listed((*covered, *unclear))}"
    claim(not missing, expected=expected, seen=listed(missing, 400))
    claim(
        wildcard or not covered,
        expected=expected,
        seen=f"{same}: a wildcard answers for any name",
        remedy="Add records of their own, or set wildcard: true.",
    )
    if unclear and not wildcard:
        raise CouldNotVerify(
            f"{same}, and whether there are records of their own cannot be told, as names below made-up ones resolve "
            "otherwise; set wildcard: true where a wildcard will do"
        )
    wild = f"{same}: a wildcard answers for any name" if covered or unclear else ""
    return Evidence("; ".join(seen)[:600], warning="; ".join(filter(None, (wild, internal(found)))))


@check(
    "dns.caa",
    severity="medium",
    remedy='Add a record such as example.com. CAA 0 issue "letsencrypt.org" for each authority that you use.',
    source="RFC 8659; CA/Browser Forum Baseline Requirements section 3.2.2.8",
)
def caa(
    caa_set: CaaSet, *, issuers: Annotated[list[Annotated[str, Field(min_length=1)]], Field(min_length=1)]
) -> Evidence:
    """CAA records let only the listed authorities issue certificates for the name.

    The records of the closest name count, from the domain upwards, as authorities look for them. At least one of the
    listed authorities must be allowed. A value that is not of the form of RFC 8659, such as one with a dot at its end,
    allows nobody. What parameters of a record (accounturi, validationmethods) say is not judged.

    Args:
        issuers: the domain names by which authorities are named in CAA, such as letsencrypt.org.
    """
    allowed = {each.rstrip(".").lower() for each in issuers}
    expected = f"CAA issue only for {listed(sorted(allowed))}"
    claim(bool(caa_set.properties), expected=expected, seen=f"no CAA record at {listed(caa_set.asked)}")
    seen = f"at {caa_set.found_at}: {listed(f'{each.tag} {each.value!r}' for each in caa_set.properties)}"
    strange = [each.tag for each in caa_set.properties if each.critical and each.tag not in _CAA_TAGS]
    claim(not strange, expected=expected, seen=f"a critical tag that authorities do not know, {seen}")
    issue = [_authority(each.value) for each in caa_set.properties if each.tag == "issue"]
    wild = [_authority(each.value) for each in caa_set.properties if each.tag == "issuewild"]
    values = [each.value for each in caa_set.properties if each.tag in ("issue", "issuewild")]
    malformed = [repr(each) for each in values if not _CAA_VALUE.fullmatch(each)]
    nobody = f"{listed(malformed)} allows nobody, as it is not of the form NAME; TAG=VALUE" if malformed else ""
    claim(bool(issue), expected=expected, seen=f"no 'issue' property, so any authority may issue, {seen}")
    others = [each for each in (*issue, *wild) if each and each not in allowed]
    claim(not others, expected=expected, seen=f"{listed(others)} may issue, too, {seen}")
    claim(any(issue), expected=expected, seen=f"no authority may issue, {f'{nobody}, ' if nobody else ''}{seen}")
    return Evidence(seen, warning=nobody)


_CAA_TAGS = ("issue", "issuewild", "iodef", "issuemail", "issuevmc", "contactemail", "contactphone")


_CAA_WORD = "[A-Za-z0-9]+(?:-+[A-Za-z0-9]+)*"
_CAA_PARAMETER = rf"{_CAA_WORD}[ \t]*=[ \t]*(?:[\x21-\x3a\x3c-\x7e]+[ \t]*)?"
_CAA_VALUE = re.compile(
    rf"[ \t]*(?:(?P<name>{_CAA_WORD}(?:\.{_CAA_WORD})*)[ \t]*)?"
    rf"(?:;[ \t]*(?:{_CAA_PARAMETER}(?:;[ \t]*{_CAA_PARAMETER})*)?)?"
)
"""Of an issue property (RFC 8659 section 4.2). Authorities take any other value for one that allows nobody."""


def _authority(value: str) -> str:
    """The authority that a value allows; "" for nobody."""
    match = _CAA_VALUE.fullmatch(value)
    return (match["name"] or "").lower() if match else ""
