"""An endpoint's certificates: whom they are from and for, how long they are valid, how strong they are."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Annotated
from unicodedata import normalize

from pydantic import Field

from pytest_readiness.core import clock
from pytest_readiness.core.evidence import CouldNotVerify, Evidence, claim
from pytest_readiness.core.registry import check
from pytest_readiness.domains.tls.checks.protocol import CERTIFICATE, DAY, asking, days, deployments, listed, unreached
from pytest_readiness.domains.tls.facts.scan import TlsScan
from pytest_readiness.domains.tls.records import Certificate, Deployment

LIFETIMES = (
    (datetime(2029, 3, 15, tzinfo=UTC), 47),
    (datetime(2027, 3, 15, tzinfo=UTC), 100),
    (datetime(2026, 3, 15, tzinfo=UTC), 200),
)
"""Issued from that day on, at most this many days: CA/Browser Forum ballot SC-081v3. Before, 398 days."""

GOOD_HASHES = ("sha256", "sha384", "sha512", "")
GOOD_CURVES = ("secp256r1", "secp384r1", "secp521r1")
GOOD_OTHERS = ("Ed25519PublicKey", "Ed448PublicKey")

RARE = ("secp521r1", "Ed25519PublicKey", "Ed448PublicKey")
"""Kinds of keys that OpenSSL takes and Chromium does not."""

SKEW = timedelta(minutes=5)
"""How far the clocks of a responder and of this machine may differ."""

Name = Annotated[str, Field(min_length=1, pattern=r"\S")]


@check(
    "tls.trusted",
    severity="critical",
    remedy="Install a certificate for this name, from an authority that the clients trust, with its intermediates.",
    source="RFC 5280 section 6; RFC 9525",
    asks=asking(*CERTIFICATE),
)
def trusted(tls_scan: TlsScan) -> Evidence:
    """The certificate is for the endpoint's name, and its chain leads to a trusted authority.

    Verified from the certificates that the server sends, to the endpoint's `ca` where the target declares one, else to
    the system's trust store. It holds where OpenSSL, as in curl, and browsers take the certificate: so expired ones,
    SHA-1 signatures, RSA keys below 2048 bits and a name that is in the common name only fail. Not looked at: whether
    the certificate was revoked, whether a public log has it, wildcards below a public suffix such as co.uk, more than
    eight addresses of the name, and all servers that take turns behind one address: of these, those that answered a
    handful of handshakes are seen. An address that could not be reached gives a warning.
    """
    for deployment in deployments(tls_scan):
        leaf, at = deployment.leaf, deployment.at
        claim(
            not deployment.trust_error,
            expected=f"a certificate for {tls_scan.host} that leads to {tls_scan.store}",
            seen=f"{at}{deployment.trust_error}: for {listed(leaf.names) or 'no name'}, issued by "
            f"{leaf.issuer[:100]}, valid until {leaf.not_after:%Y-%m-%d}",
        )
    rare = [
        each for each in dict.fromkeys(d.leaf.curve or d.leaf.key_type for d in tls_scan.deployments) if each in RARE
    ]
    kinds = listed([_kind(each) for each in rare])
    strange = f"Its key is of the kind {kinds}, which Chromium and what is built on it do not take." if rare else ""
    issuers = dict.fromkeys(each.leaf.issuer[:100] for each in tls_scan.deployments)
    return Evidence(
        f"for {tls_scan.host}, issued by {' and '.join(issuers)}, verified with {tls_scan.store}",
        warning=" ".join(filter(None, (unreached(tls_scan), strange))),
    )


@check(
    "tls.chain",
    severity="high",
    remedy="Let the server send its certificate first and then each issuer in turn, without the root (fullchain.pem).",
    source="RFC 8446 section 4.4.2",
    asks=asking(*CERTIFICATE),
)
def chain(tls_scan: TlsScan) -> Evidence:
    """The server sends the whole chain in order, with no intermediate missing, expired or about to expire.

    Each certificate is followed by its issuer, up to an authority in the trust store or to a certificate that signed
    itself; whether that one is trusted is for tls.trusted to say. What follows the server's own certificate must be
    valid for 30 more days, or for a quarter of its lifetime where that is less.
    """
    now = clock.now()
    told = []
    for deployment in deployments(tls_scan):
        at = deployment.at
        for certificate, following in pairwise(deployment.chain):
            claim(
                certificate.issued_by_next,
                expected="each certificate followed by its issuer",
                seen=f"{at}{certificate.subject[:100]}, issued by {certificate.issuer[:100]}, is followed by "
                f"{following.subject[:100]}",
            )
        for issuer in deployment.chain[1:]:
            claim(
                issuer.not_before <= now and now + _soon(issuer) <= issuer.not_after,
                expected=f"intermediates that are valid now and for {days(_soon(issuer))} more",
                seen=f"{at}{issuer.subject[:100]}: from {issuer.not_before:%Y-%m-%d} to {issuer.not_after:%Y-%m-%d}",
            )
        last = deployment.chain[-1]
        claim(
            last.trusted or last.issuer_trusted or last.self_signed,
            expected=f"a chain up to an authority in {tls_scan.store}",
            seen=f"{at}{len(deployment.chain)} sent; {last.issuer[:100]}, who issued the last, is neither sent nor "
            "in the trust store",
        )
        names = ", then ".join(each.subject[:100] for each in deployment.chain)
        told.append(f"{len(deployment.chain)} sent: {names}")
    return Evidence("; ".join(dict.fromkeys(told)), warning=unreached(tls_scan))


def _soon(certificate: Certificate) -> timedelta:
    """How long a certificate should still be valid."""
    return min(30 * DAY, (certificate.not_after - certificate.not_before) / 4)


@check(
    "tls.expiry",
    severity="critical",
    remedy="Renew the certificate, and find out why it was not renewed.",
    source="Let's Encrypt integration guide (renew when a third of the lifetime is left); RFC 9773",
    asks=asking(*CERTIFICATE),
)
def expiry(
    tls_scan: TlsScan,
    *,
    min_days: Annotated[int, Field(ge=1)] | None = None,
    min_fraction: Annotated[float, Field(gt=0, lt=1)] | None = None,
) -> Evidence:
    """The certificate and its issuers are valid now and will be for a while.

    Without parameters, 30 days must be left, or a quarter of its lifetime where that is less: certificates of 90 or 47
    days, which are renewed when a third of their lifetime is left, then never fall below it while renewal works. The
    same holds for those intermediates that the path to the trust store needs (of all that are sent, see tls.chain), and
    for the authority there. Of servers that take turns behind one address, those that answered a handful of handshakes
    are seen; an address of the name that could not be reached gives a warning.

    Args:
        min_days: shortest accepted time left, in days, whatever the lifetime. Default: 30, or a quarter of the lifetime
            where that is less, unless `min_fraction` is given.
        min_fraction: smallest accepted part of the lifetime left, between 0 and 1, of the server's own certificate.
            With both, both must hold.
    """
    now = clock.now()
    told = []
    for deployment in deployments(tls_scan):
        leaf, at = deployment.leaf, deployment.at
        lifetime = leaf.not_after - leaf.not_before
        wanted = max((min_days or 0) * DAY, (min_fraction or 0) * lifetime) or _soon(leaf)
        left = leaf.not_after - now
        expected = f"a certificate that is valid now and for {days(wanted)} more"
        claim(
            leaf.not_before <= now,
            expected=expected,
            seen=f"{at}valid only from {leaf.not_before:%Y-%m-%d %H:%M} UTC",
        )
        claim(
            left >= wanted,
            expected=expected,
            seen=f"{at}{days(left, beside=wanted)} left of {days(lifetime)}, until {leaf.not_after:%Y-%m-%d}"
            if left > timedelta()
            else f"{at}expired {days(-left, beside=timedelta())} ago, on {leaf.not_after:%Y-%m-%d}",
        )
        above = list(_above(deployment, now))
        for issuer, since, until, soon in above:
            needed = min_days * DAY if min_days else soon
            claim(
                since <= now <= until - needed,
                expected=f"issuers that are valid now and for {days(needed)} more",
                seen=f"{at}{issuer[:100]}, above the certificate, is valid "
                + (f"only from {since:%Y-%m-%d}" if since > now else f"until {until:%Y-%m-%d}"),
            )
        issuers = f"; its issuers at least until {min(until for _, _, until, _ in above):%Y-%m-%d}" if above else ""
        told.append(f"{days(left)} left of {days(lifetime)}, until {leaf.not_after:%Y-%m-%d}{issuers}")
    return Evidence("; ".join(dict.fromkeys(told)), warning=unreached(tls_scan))


def _above(deployment: Deployment, now: datetime) -> Iterator[tuple[str, datetime, datetime, timedelta]]:
    """Who is above the certificate, as far as the path needs them: name, validity, and how long that should still be.

    A certificate whose issuer the trust store has for long enough needs none of those that were sent after it.
    """
    soon = 30 * DAY
    known = [each for each in deployment.chain if each.issuer_until is not None]
    for certificate, issuer in zip(deployment.chain, [*deployment.chain[1:], None], strict=True):
        if certificate.issuer_until is not None and now <= certificate.issuer_until - soon:
            known = [certificate]
            break
        if issuer is not None:
            yield issuer.subject, issuer.not_before, issuer.not_after, _soon(issuer)
    for certificate in sorted(known, key=lambda each: each.issuer_until or now)[-1:]:
        yield certificate.issuer, now, certificate.issuer_until or now, soon


@check(
    "tls.lifetime",
    severity="medium",
    remedy="Have certificates issued for a shorter time, and renew them automatically.",
    source="CA/Browser Forum baseline requirements 6.3.2 (ballot SC-081v3)",
    asks=asking(*CERTIFICATE),
)
def lifetime(tls_scan: TlsScan, *, max_days: Annotated[int, Field(ge=1)] | None = None) -> Evidence:
    """The certificate's whole lifetime is within the limit of browsers.

    Args:
        max_days: longest accepted lifetime, in days. Default: what browsers accept of public authorities, by the day
            of issue: 398, from 2026-03-15 on 200, from 2027-03-15 on 100, from 2029-03-15 on 47. Private authorities
            are exempt: give 825 or another number.
    """
    told = []
    for leaf in (deployment.leaf for deployment in deployments(tls_scan)):
        limit = max_days or next((days for since, days in LIFETIMES if leaf.not_before >= since), 398)
        length = leaf.not_after - leaf.not_before
        seen = f"{days(length, beside=limit * DAY)}, issued on {leaf.not_before:%Y-%m-%d}"
        claim(length <= limit * DAY, expected=f"a lifetime of at most {limit} days", seen=seen)
        told.append(f"{seen}; limit {limit} days")
    return Evidence("; ".join(dict.fromkeys(told)))


@check(
    "tls.issuer",
    severity="medium",
    remedy="Have the certificate issued by the authority that was agreed on, or add the new one to the list.",
    source="RFC 8659 (certification authority authorization)",
    asks=asking(*CERTIFICATE),
)
def issuer(tls_scan: TlsScan, *, names: Annotated[list[Name], Field(min_length=1)]) -> Evidence:
    """The certificate was issued by a declared authority.

    What counts is the authority that signed the leaf, by its organisation (O) or its common name (CN): the whole name,
    whatever its case. The root above it does not count. As anyone can write a name into a certificate, the check
    says nothing where no path leads to the trust store; tls.trusted says why.

    Args:
        names: organisations or common names of accepted authorities, at least one ("Let's Encrypt", "Example Root CA").
    """
    accepted = [_plain(name) for name in names]
    expected = f"issued by {' or '.join(names)}"
    for deployment in deployments(tls_scan):
        leaf, at = deployment.leaf, deployment.at
        known = any(_plain(name) in accepted for name in leaf.issuer_names)
        claim(
            known,
            expected=expected,
            seen=f"{at}issued by {leaf.issuer[:200] or 'an authority without a name'}",
        )
        if deployment.trust_error:
            raise CouldNotVerify(
                f"the certificate of {tls_scan.host}:{tls_scan.port} names {leaf.issuer[:100]} as its issuer, which "
                f"cannot be verified with {tls_scan.store}: {deployment.trust_error}"
            )
    issuers = dict.fromkeys(each.leaf.issuer[:200] for each in tls_scan.deployments)
    return Evidence(f"issued by {' and '.join(issuers)}, verified with {tls_scan.store}")


def _plain(name: str) -> str:
    """A name as it is compared: letters with marks may be written in two ways, which look the same."""
    return normalize("NFC", name.strip()).casefold()


@check(
    "tls.key",
    severity="high",
    remedy="Have a certificate issued for a new key: ECDSA P-256, or RSA with 2048 bits or more, signed with SHA-256.",
    source="CA/Browser Forum baseline requirements 6.1.5 and 7.1.3; NIST SP 800-57 part 1",
    asks=asking(*CERTIFICATE),
)
def key(tls_scan: TlsScan, *, min_rsa_bits: Annotated[int, Field(ge=2048)] = 2048) -> Evidence:
    """Keys and signatures of the certificates are strong enough.

    Accepted: RSA from `min_rsa_bits` on, ECDSA on P-256, P-384 and P-521, Ed25519, Ed448; signatures with SHA-2. The
    leaf and the intermediates that the server sends are looked at; a root's own signature means nothing.

    Args:
        min_rsa_bits: smallest accepted RSA key, in bits, at least 2048. 2048: CA/Browser Forum 6.1.5.
    """
    strong = f"RSA of at least {min_rsa_bits} bits or ECDSA on P-256 or better, signed with SHA-256 or better"
    for deployment in deployments(tls_scan):
        at = deployment.at
        for each in deployment.chain:
            fine = (
                each.key_bits >= min_rsa_bits
                if each.key_type == "rsa"
                else each.curve in GOOD_CURVES or each.key_type in GOOD_OTHERS
            )
            signed = each.signature_hash in GOOD_HASHES or (each.self_signed and each is not deployment.leaf)
            claim(fine and signed, expected=strong, seen=f"{at}{each.subject[:100]}: {_key(each)}")
    return Evidence("; ".join(dict.fromkeys(_key(each.leaf) for each in tls_scan.deployments)))


def _kind(key_type: str) -> str:
    """A kind of key without what the library adds to its name."""
    return key_type.removesuffix("PublicKey")


def _key(certificate: Certificate) -> str:
    size = certificate.curve or (f"{certificate.key_bits} bits" if certificate.key_bits else "")
    return f"{_kind(certificate.key_type)} {size}".strip() + f", signed with {certificate.signature}"


@check(
    "tls.ocsp",
    severity="low",
    remedy="Turn OCSP stapling on (nginx: ssl_stapling on, with a resolver), and let the server reach the responder.",
    source="RFC 6066 section 8; RFC 6960 section 4.2.2.1; RFC 7633",
    asks=asking(*CERTIFICATE),
)
def ocsp(tls_scan: TlsScan, *, required: bool = False) -> Evidence:
    """The server staples a good and current OCSP response where its certificate names a responder.

    The response must be about the certificate, signed by its issuer or a responder of the issuer's, say "good", and
    hold now. A certificate that names no responder passes with a warning, as there is nothing to staple: some
    authorities, Let's Encrypt since 2025, have replaced OCSP by short lifetimes. A server that was just started may
    still lack the response when its first clients come.

    Args:
        required: whether a certificate that names no responder fails. False: RFC 5280 does not ask for one.
    """
    now = clock.now()
    warning = ""
    told = []
    for deployment in deployments(tls_scan):
        leaf, staple = deployment.leaf, deployment.staple
        if not leaf.responders and not leaf.must_staple and staple is None:
            text = f"{leaf.subject[:100]} names no OCSP responder: nothing to staple"
            claim(not required, expected="a certificate that names an OCSP responder", seen=text)
            told.append(text)
            warning = "Whether the certificate was revoked cannot be asked by OCSP; its short lifetime must suffice."
            continue
        asked = listed(leaf.responders) or "a stapled response (RFC 7633)"
        expected = "a stapled OCSP response that is good and currently valid"
        if staple is None:
            claim(False, expected=expected, seen=f"none, though {leaf.subject[:100]} asks for {asked}")
            continue
        claim(not staple.fault, expected=expected, seen=f"one that is not valid: {staple.fault}")
        claim(staple.status == "good", expected=expected, seen=f"the status {staple.status}")
        if staple.this_update is None or staple.next_update is None:
            claim(False, expected=expected, seen="one that does not say how long it is valid")
            continue
        text = f"good from {staple.this_update:%Y-%m-%d %H:%M} to {staple.next_update:%Y-%m-%d %H:%M} UTC"
        current = staple.this_update - SKEW <= now <= staple.next_update
        claim(current, expected=expected, seen=text)
        told.append(text)
    return Evidence("; ".join(dict.fromkeys(told)), warning=warning)
