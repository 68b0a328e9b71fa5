"""What a domain publishes about its mail: who takes it, and who may send it."""

from __future__ import annotations

import base64
import binascii
import math
import re
from collections.abc import Mapping
from functools import cache
from ipaddress import IPv4Address, IPv4Network, ip_address
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from pytest_readiness.core.evidence import ClaimFalse, CouldNotVerify, Evidence, claim
from pytest_readiness.core.registry import Asks, check
from pytest_readiness.core.spelling import spelled
from pytest_readiness.core.text import counted, cut, visible
from pytest_readiness.domains.dns.checks.answers import internal, listed, unmapped
from pytest_readiness.domains.dns.client import Answer, name_of, shown
from pytest_readiness.domains.dns.facts.mail import (
    TAG_SPACE,
    DmarcRecords,
    DmarcTree,
    Exchanger,
    MailExchangers,
    SpfPolicy,
    report_addresses,
)
from pytest_readiness.domains.dns.facts.mail import tags as tag_list
from pytest_readiness.domains.dns.resource import Domain

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

_THIS_NETWORK = IPv4Network("0.0.0.0/8")

Name = Annotated[str, Field(min_length=1)]


@check(
    "dns.mx",
    severity="high",
    remedy="Let each MX record name a host that has A or AAAA records and is not an alias.",
    source="RFC 5321 section 5.1; RFC 2181 section 10.3; RFC 7505 (null MX)",
)
def mx(mail_exchangers: MailExchangers, *, hosts: Annotated[list[Name], Field(min_length=1)] | None = None) -> Evidence:
    """The domain has MX records, and every host that they name resolves and is not an alias.

    No host may have an address at which no other machine can be (0.0.0.0, loopback, link-local, multicast,
    240.0.0.0/4); a private one, which senders on the Internet do not reach, is a warning. Whether anything answers
    there on port 25 is not looked at. A domain without MX records, whose mail would go to its own address, fails, and
    so does one that takes no mail (null MX).

    Args:
        hosts: names that the MX records must have, these and no others. Default: any.
    """
    found = mail_exchangers.exchangers
    wanted = sorted(shown(name_of(each)) for each in hosts or ())
    expected = f"MX records for {listed(wanted)}" if wanted else "MX records whose hosts resolve"
    claim(bool(found), expected=expected, seen=mail_exchangers.nothing)
    hosts_seen = listed(f"{each.preference} {each.host.strip('.') or '(nobody)'}" for each in found)
    seen = f"{hosts_seen} (as {mail_exchangers.place} answers)"
    claim(
        all(each.host != "." for each in found), expected=expected, seen=f"a null MX, the domain takes no mail: {seen}"
    )
    wrong = [text for each in found if (text := _wrong(each))]
    claim(not wrong, expected=expected, seen=listed(wrong))
    names = sorted({each.host for each in found})
    claim(not wanted or names == wanted, expected=expected, seen=seen)
    inside = internal(address for each in found for address in each.addresses)
    return Evidence(f"{seen}, all with addresses", warning=inside)


def _wrong(exchanger: Exchanger) -> str:
    try:
        ip_address(exchanger.host)
    except ValueError:
        pass
    else:
        return f"{exchanger.host} is an address, not a name"
    if exchanger.alias:
        return f"{exchanger.host} is an alias of {exchanger.alias}"
    nowhere = [each for each in exchanger.addresses if _is_nowhere(each)]
    if nowhere:
        return f"{exchanger.host} has the address {listed(nowhere)}, at which no mail server of the domain can be"
    return "" if exchanger.addresses else f"{exchanger.host} has no address"


def _is_nowhere(address: str) -> bool:
    """Whether only the sender itself, or nobody, can be at an address."""
    found = unmapped(address)
    zero = isinstance(found, IPv4Address) and found in _THIS_NETWORK
    return zero or any(
        (found.is_unspecified, found.is_loopback, found.is_link_local, found.is_multicast, found.is_reserved)
    )


@check(
    "dns.spf",
    severity="high",
    remedy="Publish one TXT record such as v=spf1 include:_spf.example.net -all, with at most 10 lookups.",
    source="RFC 7208 sections 3.2, 4.6.4, 5.1; M3AAWG Email Authentication Recommended Best Practices",
)
def spf(spf_policy: SpfPolicy, *, hard: bool = False) -> Evidence:
    """The domain has one valid SPF record, within the limits of lookups, that ends in ~all or -all.

    Includes and redirects are followed: 10 terms may ask DNS (include, a, mx, ptr, exists, redirect), 2 of them may
    find nothing, an include must lead to one SPF record, and unknown or malformed terms and macros make receivers give
    up. +all in an include, exists with a name that is there whatever the mail, and networks wider than IANA hands out
    to a whole region (/8 of IPv4, /12 of IPv6; of ip4 and ip6, of a and mx with a length around the addresses that
    these have now, each or several side by side) let strangers send and fail, unless the term, or the include that
    leads to it, has the qualifier -, ~ or ?. Whom ptr and names that depend on the mail let in is not seen, nor what an
    earlier -, ~ or ? takes from later networks. Whether all servers that send mail for the domain are in it, and
    whether others are, is not seen.

    Args:
        hard: whether it must end in -all. False: ~all is what M3AAWG recommends beside DMARC.
    """
    endings = ("-all",) if hard else ("~all", "-all")
    expected = f"one SPF record that ends in {' or '.join(endings)}, with at most 10 lookups, 2 of them void"
    texts = " | ".join(cut(visible(text)) for text in spf_policy.records)
    claim(
        bool(spf_policy.records),
        expected=expected,
        seen=spf_policy.nothing or "no TXT record that begins with v=spf1 and a space",
    )
    claim(len(spf_policy.records) == 1, expected=expected, seen=f"{len(spf_policy.records)} records: {texts}")
    claim(not spf_policy.errors, expected=expected, seen=f"{listed(spf_policy.errors)}; {texts}")
    anybody = f"strangers may send, by {listed(spf_policy.anybody)}: {texts}"
    claim(not spf_policy.anybody, expected=expected, seen=anybody)
    count = (
        counted(len(spf_policy.lookups), "lookup")
        if spf_policy.complete
        else f"{len(spf_policy.lookups)} or more lookups"
    )
    claim(len(spf_policy.lookups) <= 10, expected=expected, seen=f"{count}: {listed(spf_policy.lookups)}")
    voids = f"{counted(len(spf_policy.voids), 'void lookup')}: {listed(spf_policy.voids)}"
    claim(len(spf_policy.voids) <= 2, expected=expected, seen=voids)
    depends = bool(spf_policy.unseen) and not spf_policy.ending
    ending = spf_policy.ending or ("an end that depends on the mail" if depends else "no all at the end")
    claim(spf_policy.ending in endings, expected=expected, seen=f"{ending}: {texts}")
    warnings = [
        f"not followed, as it depends on the mail: {listed(spf_policy.unseen)}" if spf_policy.unseen else "",
        listed(spf_policy.notes),
        voids if spf_policy.voids else "",
    ]
    return Evidence(f"{texts} ({count})", warning="; ".join(filter(None, warnings)))


Selector = Annotated[
    str,
    spelled(
        r"^[A-Za-z0-9]([A-Za-z0-9_-]{0,61}[A-Za-z0-9])?(\.[A-Za-z0-9_-]{1,63})*$",
        "a selector alone, such as mail2026, without ._domainkey and the domain",
    ),
]


def _keys(domain: Domain, selectors: list[str]) -> Asks:
    return {"dns_answer": [f"TXT {each}._domainkey.{domain.domain.rstrip('.')}" for each in selectors]}


@check(
    "dns.dkim",
    severity="high",
    remedy="Publish the public key as selector._domainkey TXT v=DKIM1; k=rsa; p=…, with a key of 2048 bits.",
    source="RFC 6376 section 3.6; RFC 8301 (key sizes); RFC 8463 (Ed25519)",
    asks=_keys,
)
def dkim(
    dns_answer: Mapping[str, Answer],
    *,
    selectors: Annotated[list[Selector], Field(min_length=1)],
    min_rsa_bits: Annotated[int, Field(ge=1024, le=4096)] = 2048,
) -> Evidence:
    """Each listed DKIM selector publishes one valid key that is long enough and not revoked.

    Aliases are followed. A record whose v= is not its first tag is none (RFC 6376 section 3.6.1). An RSA key that a
    small number divides was damaged, as by a mistyped character. Whether mail is signed with these keys is not seen.

    Args:
        selectors: names of the keys, as in s= of a signature: `s1`, `google`.
        min_rsa_bits: bits of an RSA key, 1024 to 4096. 2048: what RFC 8301 says signers should use; 1024 is its
            lower limit. An Ed25519 key is long enough.
    """
    seen, warnings = [], []
    for selector, answer in zip(dict.fromkeys(selectors), dns_answer.values(), strict=True):
        expected = f"one DKIM key for {selector}, RSA of at least {min_rsa_bits} bits or Ed25519"
        claim(bool(answer.records), expected=expected, seen=answer.nothing)
        records = f"{len(answer.records)} TXT records at {answer.name}, where there must be one"
        claim(len(answer.records) == 1, expected=expected, seen=records)
        key, testing = _key(answer.records[0], expected, min_rsa_bits)
        seen.append(f"{selector}: {key}")
        warnings += [f"{selector} is marked as a test (t=y)"] * testing
    return Evidence("; ".join(seen), warning="; ".join(warnings))


def _key(text: str, expected: str, min_rsa_bits: int) -> tuple[str, bool]:
    """What kind of key a record holds, and whether it is marked as a test.

    Raises:
        ClaimFalse: none that verifiers accept.
    """
    tags = tag_list(text)
    shown_text = cut(visible(text), 100)
    if tags is None or tags.get("v", "DKIM1") != "DKIM1" or "p" not in tags:
        raise ClaimFalse(expected, f"no DKIM key record: {shown_text}")
    late = f"v= is not the first tag, so that verifiers discard the record: {shown_text}"
    claim(next(iter(tags)) == "v" or "v" not in tags, expected=expected, seen=late)
    flags, hashes, services = (_split(tags.get(tag, "")) for tag in ("t", "h", "s"))
    claim(tags["p"] != "", expected=expected, seen=f"a revoked key (p= is empty): {shown_text}")
    # A tag that is there and empty lists nothing.
    claim("h" not in tags or "sha256" in hashes, expected=expected, seen=f"a key not for SHA-256: {shown_text}")
    claim(
        "s" not in tags or "*" in services or "email" in services,
        expected=expected,
        seen=f"a key not for mail: {shown_text}",
    )
    kind = tags.get("k", "rsa").lower()
    try:
        data = base64.b64decode(tags["p"].translate(dict.fromkeys(map(ord, TAG_SPACE))), validate=True)
    except (binascii.Error, ValueError):
        raise ClaimFalse(expected, f"a key that is not base64: {shown_text}") from None
    if kind == "ed25519":
        claim(len(data) == 32, expected=expected, seen=f"an Ed25519 key of {len(data)} bytes instead of 32")
        return "Ed25519", "y" in flags
    claim(kind == "rsa", expected=expected, seen=f"a key of the unknown kind {cut(visible(kind), 20)}")
    bits = _rsa_bits(data)
    private = "a private key in place of the public one, with which whoever reads it can sign: make a new pair"
    claim(bits is not None or not _is_private(data), expected=expected, seen=private)
    claim(bits is not None, expected=expected, seen=f"a key that is not an RSA public key: {shown_text}")
    claim((bits or 0) >= min_rsa_bits, expected=expected, seen=f"an RSA key of {bits} bits")
    damaged = f"an RSA key that was never made so, as a small number divides it: copy p= again: {shown_text}"
    claim(not _is_damaged(data), expected=expected, seen=damaged)
    return f"RSA {bits} bits", "y" in flags


def _split(text: str) -> list[str]:
    return [word.lower() for part in text.split(":") if (word := part.strip(TAG_SPACE))]


def _rsa_bits(data: bytes) -> int | None:
    key = _rsa_key(data)
    return key.key_size if key else None


def _rsa_key(data: bytes) -> RSAPublicKey | None:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
    from cryptography.hazmat.primitives.serialization import load_der_public_key

    try:
        key = load_der_public_key(data)
    except (ValueError, UnsupportedAlgorithm):
        return None
    return key if isinstance(key, RSAPublicKey) else None


def _is_damaged(data: bytes) -> bool:
    """Whether a small prime divides the modulus, as of most numbers, but of no product of two large primes.

    Of keys in which one character was changed, it finds 19 of 20.
    """
    key = _rsa_key(data)
    return key is not None and math.gcd(key.public_numbers().n, _small_primes()) > 1


@cache
def _small_primes() -> int:
    """The product of all primes below 2^16."""
    sieve = bytearray([1]) * 65536
    for number in range(2, 256):
        if sieve[number]:
            sieve[number * number :: number] = bytes(len(range(number * number, len(sieve), number)))
    return math.prod(number for number in range(2, len(sieve)) if sieve[number])


def _is_private(data: bytes) -> bool:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import load_der_private_key

    try:
        load_der_private_key(data, None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        return False
    return True


_POLICIES = ("none", "quarantine", "reject")
_TAGS = ("adkim", "aspf", "fo", "np", "p", "pct", "psd", "rf", "ri", "rua", "ruf", "sp", "t")
"""Of DMARC. Their names are read with and without regard to case: RFC 7489 sections 6.3 (by RFC 6376) and 6.4."""


@check(
    "dns.dmarc",
    severity="high",
    remedy="Publish _dmarc TXT v=DMARC1; p=quarantine; rua=mailto:dmarc@example.com, once reports look right.",
    source="RFC 7489 section 6.3; RFC 9989 (DMARC) section 4.10 (tree walk); M3AAWG best practices",
)
def dmarc(
    dmarc_tree: DmarcTree, *, min_policy: Literal["quarantine", "reject"] = "quarantine", reports: bool = False
) -> Evidence:
    """A DMARC policy tells receivers to quarantine or reject mail that only pretends to be from the domain.

    The domain's own record counts, or else that of the organisational domain above it, with its sp=, or with its np=
    where the domain does not exist in DNS. A record marked as a test (t=y) or for no mail at all (pct=0) counts one
    step lower, and a tag in capitals (P=), which only some receivers read, not at all. Warnings say where pct is below
    100, where subdomains or names that do not exist have a weaker policy, and where reports get lost: rua= may hold
    only addresses that begin with mailto:, and a foreign domain must publish that it takes reports (RFC 7489 section
    7.1). Whether the domain's own mail passes is not seen, nor whether anybody reads the reports.

    Args:
        min_policy: the weakest accepted policy: quarantine or reject. quarantine: the first one that protects.
        reports: whether rua= must name where reports go, and each must be able to get there. False: reports serve the
            team, not receivers.
    """
    expected = f"one DMARC record with a policy of at least {min_policy}"
    if not dmarc_tree.found:
        raise ClaimFalse(expected, f"no DMARC record at {listed(f'_dmarc.{each}' for each in dmarc_tree.asked)}")
    chosen = _chosen(dmarc_tree)
    texts = f"at _dmarc.{chosen.domain}: {' | '.join(cut(visible(text)) for text in chosen.records)}"
    claim(
        len(chosen.records) == 1,
        expected=expected,
        seen=f"{len(chosen.records)} records {texts}, which receivers ignore",
    )
    tags = tag_list(chosen.records[0])
    if tags is None or any(tags.get(tag, "none").lower() not in _POLICIES for tag in ("p", "sp", "np")):
        raise ClaimFalse(expected, f"a record that receivers ignore {texts}")
    own = chosen.domain == dmarc_tree.domain
    policy = tags.get("p", "none").lower()
    below = tags.get("sp", policy).lower()
    absent = tags.get("np", below).lower()
    below = below if dmarc_tree.exists else absent
    whom = "subdomains" if dmarc_tree.exists or "np" not in tags else "names that do not exist"
    percent = tags.get("pct", "100")
    whole = int(percent) if re.fullmatch(r"[0-9]{1,3}", percent) else 100
    lowered = tags.get("t", "").lower() == "y" or whole == 0
    capitals = [tag for tag in tags if tag.lower() in _TAGS and tag not in _TAGS]
    strict = f"{listed(capitals)} in capitals, which receivers that read tags as RFC 6376 section 3.2 says ignore"
    weak = f"no p= but {strict}" if "P" in tags and "p" not in tags else policy if own else below
    strength = _strength(policy if own else below) - lowered
    why = " (a test)" * lowered + ("" if own else f" (for {whom})")
    claim(strength >= _strength(min_policy), expected=expected, seen=f"{weak}{why} {texts}")
    claim(not reports or bool(tags.get("rua")), expected=f"{expected} and rua=", seen=f"no rua= {texts}")
    lost = _lost_reports(dmarc_tree, chosen, tags)
    if reports and (unsure := [host for host in _refused(dmarc_tree, chosen) if _may_be_kin(host, chosen.domain)]):
        why = "may belong to the same organisation, which only a list of public suffixes could tell"
        raise CouldNotVerify(f"{listed(unsure)} does not publish that it takes reports {texts}, but {why}")
    claim(not (reports and lost), expected=f"{expected} and rua= that reports get to", seen=f"{lost} {texts}")
    warnings = [
        lost,
        strict if capitals else "",
        f"only for {whole} % of the mail" if 0 < whole < 100 else "",
        f"subdomains have the policy {below}" if own and _strength(below) < _strength(min_policy) else "",
        f"names below that do not exist have the policy {absent} (np=), and anybody can make one up"
        if own and _strength(absent) < min(_strength(below), _strength(min_policy))
        else "",
    ]
    return Evidence(f"{policy if own else below}{why} {texts}", warning="; ".join(filter(None, warnings)))


def _lost_reports(tree: DmarcTree, chosen: DmarcRecords, tags: Mapping[str, str]) -> str:
    """Which reports receivers do not send, and why; "" for none."""
    addresses, others = report_addresses(tags)
    lost = [
        f"receivers ignore {cut(visible(each), 60)} in rua=, which is not mailto: and an address" for each in others
    ]
    lost += [
        f"no reports go to {host}, which does not publish that it takes them ({chosen.domain}._report._dmarc.{host})"
        for host in _refused(tree, chosen)
    ]
    if tags.get("rua") and not addresses and not others:
        lost.append("rua= names no address")
    return "; ".join(lost)


def _refused(tree: DmarcTree, chosen: DmarcRecords) -> list[str]:
    return [host for name, host, takes in tree.foreign if name == chosen.domain and not takes]


def _may_be_kin(host: str, domain: str) -> bool:
    return host.split(".")[-2:] == domain.split(".")[-2:]


def _strength(policy: str) -> int:
    return _POLICIES.index(policy) if policy in _POLICIES else 0


def _chosen(tree: DmarcTree) -> DmarcRecords:
    """The records that count: the domain's own, else those of the organisational domain, else the public suffix's."""
    if tree.found[0].domain == tree.domain:
        return tree.found[0]
    suffixes = [each for each in tree.found if _tag(each, "psd") == "y"]
    ends = [each for each in tree.found if _tag(each, "psd") == "n"]
    others = [each for each in tree.found if each not in suffixes]
    return (ends or others[-1:] or suffixes)[0]


def _tag(records: DmarcRecords, name: str) -> str:
    return (tag_list(records.records[0]) or {}).get(name, "").lower()
