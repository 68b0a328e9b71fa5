"""An https endpoint's certificates, protocol versions and cipher suites."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from importlib.resources import files
from itertools import pairwise
from typing import Annotated, Any, Literal

from pydantic import Field

from pytest_readiness import clock
from pytest_readiness.evidence import CouldNotVerify, Evidence, NotDeclared, claim
from pytest_readiness.facts.tls import VERSIONS, Certificate, Deployment, Offer, Suite, TlsScan
from pytest_readiness.registry import Asks, AsksOf, check
from pytest_readiness.target.resources import Url

CERTIFICATE = ("certificate_info",)
SUITES = tuple(VERSIONS)
VULNERABILITIES = (
    "heartbleed",
    "openssl_ccs_injection",
    "robot",
    "session_renegotiation",
    "tls_compression",
    "tls_fallback_scsv",
)
PROFILE = (*CERTIFICATE, *SUITES, *VULNERABILITIES, "elliptic_curves", "tls_extended_master_secret")

DAY = timedelta(days=1)

LIFETIMES = (
    (datetime(2029, 3, 15, tzinfo=UTC), 47),
    (datetime(2027, 3, 15, tzinfo=UTC), 100),
    (datetime(2026, 3, 15, tzinfo=UTC), 200),
)
"""Issued from that day on, at most so many days: CA/Browser Forum ballot SC-081v3. Before, 398 days."""

GOOD_HASHES = ("sha256", "sha384", "sha512", "")
GOOD_CURVES = ("secp256r1", "secp384r1", "secp521r1")
GOOD_OTHERS = ("Ed25519PublicKey", "Ed448PublicKey")

Profile = Literal["modern", "intermediate", "old"]
Guideline = Literal["5.7", "5.8", "6.0"]


def _asks(*commands: str) -> AsksOf:
    def asks(url: Url, _: Mapping[str, Any]) -> Asks:
        if not url.secure:
            raise NotDeclared(f"{url.name} is declared as {url.url}, without TLS")
        return {"tls_scan": commands}

    return asks


def _need(scan: TlsScan, commands: Sequence[str]) -> None:
    """Refuse to judge by a scan in which one of the commands did not complete."""
    for command in commands:
        if command not in scan.completed:
            reason = scan.failed.get(command, "it was not run")
            raise CouldNotVerify(f"scanning {scan.host}:{scan.port} for {command.replace('_', ' ')}: {reason}")


def _deployments(scan: TlsScan) -> tuple[Deployment, ...]:
    _need(scan, CERTIFICATE)
    claim(bool(scan.deployments), expected="a certificate", seen="none: the server offers anonymous suites only")
    return scan.deployments


def _offered(scan: TlsScan) -> tuple[Offer, ...]:
    _need(scan, SUITES)
    offered = tuple(offer for offer in scan.offers if offer.suites)
    if not offered:
        raise CouldNotVerify(f"scanning {scan.host}:{scan.port}: no cipher suite of any version was accepted")
    return offered


def _listed(names: Sequence[str]) -> str:
    """Names for a sentence, cut to a sensible number."""
    return ", ".join(names[:6]) + (f" and {len(names) - 6} more" if len(names) > 6 else "")


def _days(time: timedelta) -> str:
    return f"{time / DAY:.1f} days"


@check(
    "tls.trusted",
    severity="critical",
    remedy="Install a certificate for this name, from an authority that the clients trust, with its intermediates.",
    source="RFC 5280 section 6; RFC 9525",
    asks=_asks(*CERTIFICATE),
)
def trusted(tls_scan: TlsScan) -> Evidence:
    """The certificate is for the endpoint's name, and its chain leads to a trusted authority.

    Verified from the certificates that the server sends, to the endpoint's `ca` where the target declares one, else to
    the system's trust store. As clients do, it refuses expired certificates and SHA-1 signatures too. Whether the
    certificate was revoked is not looked at.
    """
    for deployment in _deployments(tls_scan):
        leaf = deployment.leaf
        claim(
            not deployment.trust_error,
            expected=f"a certificate for {tls_scan.host} that leads to {tls_scan.store}",
            seen=f"{deployment.trust_error}: for {_listed(leaf.names) or 'no name'}, issued by {leaf.issuer[:100]}, "
            f"valid until {leaf.not_after:%Y-%m-%d}",
        )
    return Evidence(f"for {tls_scan.host}, issued by {leaf.issuer[:100]}, verified with {tls_scan.store}")


@check(
    "tls.chain",
    severity="high",
    remedy="Let the server send its certificate first and then each issuer in turn, without the root (fullchain.pem).",
    source="RFC 8446 section 4.4.2",
    asks=_asks(*CERTIFICATE),
)
def chain(tls_scan: TlsScan) -> Evidence:
    """The server sends the whole chain in order, with no intermediate missing or expired.

    Each certificate is followed by its issuer, up to an authority in the trust store or to a certificate that signed
    itself; whether that one is trusted is for tls.trusted to say.
    """
    now = clock.now()
    for deployment in _deployments(tls_scan):
        for certificate, following in pairwise(deployment.chain):
            claim(
                certificate.issued_by_next,
                expected="each certificate followed by its issuer",
                seen=f"{certificate.subject[:100]}, issued by {certificate.issuer[:100]}, is followed by "
                f"{following.subject[:100]}",
            )
        for issuer in deployment.chain[1:]:
            claim(
                issuer.not_before <= now <= issuer.not_after,
                expected="intermediates that are valid now",
                seen=f"{issuer.subject[:100]}: from {issuer.not_before:%Y-%m-%d} to {issuer.not_after:%Y-%m-%d}",
            )
        last = deployment.chain[-1]
        claim(
            last.trusted or last.issuer_trusted or last.self_signed,
            expected=f"a chain up to an authority in {tls_scan.store}",
            seen=f"{len(deployment.chain)} sent; {last.issuer[:100]}, who issued the last, is neither sent nor in "
            "the trust store",
        )
    return Evidence(f"{len(deployment.chain)} sent: " + ", then ".join(each.subject[:100] for each in deployment.chain))


@check(
    "tls.expiry",
    severity="critical",
    remedy="Renew the certificate, and find out why its renewal did not take place.",
    source="Let's Encrypt integration guide (renew when a third of the lifetime is left); RFC 9773",
    asks=_asks(*CERTIFICATE),
)
def expiry(
    tls_scan: TlsScan,
    *,
    min_days: Annotated[int, Field(ge=1)] | None = None,
    min_fraction: Annotated[float, Field(gt=0, lt=1)] | None = None,
) -> Evidence:
    """The certificate is valid now and will be for a while.

    Without parameters, 30 days must be left, or a quarter of its lifetime where that is less: certificates of 90 or 47
    days, which are renewed when a third of their lifetime is left, then never fall below it while renewal works.

    Args:
        min_days: shortest accepted time left, in days, whatever the lifetime.
        min_fraction: smallest accepted part of the lifetime left, between 0 and 1. With both, both must hold.
    """
    now = clock.now()
    for leaf in (deployment.leaf for deployment in _deployments(tls_scan)):
        lifetime = leaf.not_after - leaf.not_before
        wanted = max((min_days or 0) * DAY, (min_fraction or 0) * lifetime) or min(30 * DAY, lifetime / 4)
        left = leaf.not_after - now
        expected = f"a certificate that is valid now and for {_days(wanted)} more"
        claim(leaf.not_before <= now, expected=expected, seen=f"valid only from {leaf.not_before:%Y-%m-%d %H:%M} UTC")
        claim(
            left >= wanted,
            expected=expected,
            seen=f"{_days(left)} left of {_days(lifetime)}, until {leaf.not_after:%Y-%m-%d}"
            if left > timedelta()
            else f"expired {_days(-left)} ago, on {leaf.not_after:%Y-%m-%d}",
        )
    return Evidence(f"{_days(left)} left of {_days(lifetime)}, until {leaf.not_after:%Y-%m-%d}")


@check(
    "tls.lifetime",
    severity="medium",
    remedy="Have certificates issued for a shorter time, and renew them automatically.",
    source="CA/Browser Forum baseline requirements 6.3.2 (ballot SC-081v3)",
    asks=_asks(*CERTIFICATE),
)
def lifetime(tls_scan: TlsScan, *, max_days: Annotated[int, Field(ge=1)] | None = None) -> Evidence:
    """The certificate's whole lifetime is within the limit of browsers.

    Args:
        max_days: longest accepted lifetime, in days. Default: what browsers accept of public authorities, by the day
            of issue: 398, from 2026-03-15 on 200, from 2027-03-15 on 100, from 2029-03-15 on 47. Private authorities
            are free of it: give 825 or another number.
    """
    for leaf in (deployment.leaf for deployment in _deployments(tls_scan)):
        limit = max_days or next((days for since, days in LIFETIMES if leaf.not_before >= since), 398)
        length = leaf.not_after - leaf.not_before
        seen = f"{_days(length)}, issued on {leaf.not_before:%Y-%m-%d}"
        claim(length <= limit * DAY, expected=f"a lifetime of at most {limit} days", seen=seen)
    return Evidence(f"{seen}; limit {limit} days")


@check(
    "tls.versions",
    severity="high",
    remedy="Offer TLS 1.2 and 1.3 only (nginx: ssl_protocols TLSv1.2 TLSv1.3).",
    source="RFC 8996; RFC 9325 section 3.1.1",
    asks=_asks(*SUITES),
)
def versions(tls_scan: TlsScan, *, min: Literal["1.2", "1.3"] = "1.2") -> Evidence:
    """Old protocol versions are refused, and a current one is offered.

    Tried from SSL 2.0 on, with each cipher suite that such a version has.

    Args:
        min: oldest accepted version: 1.2 or 1.3. 1.2: RFC 8996 forbids older ones.
    """
    offered = [offer.version for offer in _offered(tls_scan)]
    oldest = f"TLSv{min}"
    expected = f"{oldest} and newer only"
    old = [offer for offer in tls_scan.offers if offer.version < oldest]
    too_old = [offer.version for offer in old if offer.suites]
    claim(not too_old, expected=expected, seen=f"{', '.join(too_old)} offered too")
    _answered(tls_scan, old)
    claim(any(version >= oldest for version in offered), expected=expected, seen=f"{', '.join(offered)}")
    return Evidence(f"offered: {', '.join(offered)}; refused: {', '.join(offer.version for offer in old)}")


def _answered(scan: TlsScan, offers: Sequence[Offer]) -> None:
    for offer in offers:
        if offer.unanswered:
            raise CouldNotVerify(
                f"scanning {scan.host}:{scan.port}: {offer.unanswered} handshakes with {offer.version} were neither "
                "accepted nor refused, but ran into the timeout"
            )


@check(
    "tls.tls13",
    severity="medium",
    remedy="Offer TLS 1.3 (nginx: ssl_protocols TLSv1.2 TLSv1.3).",
    source="RFC 9325 section 3.1.1",
    asks=_asks("tls_1_3_cipher_suites"),
)
def tls13(tls_scan: TlsScan) -> Evidence:
    """TLS 1.3 is offered."""
    _need(tls_scan, ("tls_1_3_cipher_suites",))
    (offer,) = (offer for offer in tls_scan.offers if offer.version == "TLSv1.3")
    if not offer.suites:
        _answered(tls_scan, [offer])
    claim(bool(offer.suites), expected="TLS 1.3", seen="TLS 1.3 is refused")
    return Evidence(f"TLS 1.3 with {_listed([suite.name for suite in offer.suites])}")


@check(
    "tls.ciphers",
    severity="high",
    remedy="Offer ECDHE suites with AES-GCM or ChaCha20 only (https://ssl-config.mozilla.org).",
    source="RFC 9325 sections 4.1 and 4.2; RFC 7465 (RC4)",
    asks=_asks(*SUITES),
)
def ciphers(tls_scan: TlsScan) -> Evidence:
    """No weak cipher suite is accepted, and each gives forward secrecy.

    Weak is a suite without authentication or encryption, with a key below 128 bits, with RC4, DES, 3DES, RC2, IDEA or
    MD5, or with Diffie-Hellman below 2048 bits. CBC suites are accepted here; tls.mozilla judges by a list.
    """
    offered = _offered(tls_scan)
    bad = [
        f"{suite.name} ({fault})"
        for offer in offered
        for suite in offer.suites
        if (fault := _fault(suite, offer.version))
    ]
    claim(not bad, expected="strong cipher suites with forward secrecy only", seen=_listed(list(dict.fromkeys(bad))))
    _answered(tls_scan, tls_scan.offers)
    count = sum(len(offer.suites) for offer in offered)
    return Evidence(f"{count} suites in {', '.join(offer.version for offer in offered)}, each with forward secrecy")


def _fault(suite: Suite, version: str) -> str:
    words = suite.name.split("_")
    for weak in ("NULL", "EXPORT", "RC4", "RC2", "DES", "3DES", "DES40", "IDEA", "MD5"):
        if weak in words:
            return weak
    if suite.anonymous:
        return "without authentication"
    if suite.bits < 128:
        return f"{suite.bits} bits"
    if version != "TLSv1.3" and not {"ECDHE", "DHE"} & set(words):
        return "without forward secrecy"
    if suite.exchange == "DH" and suite.exchange_bits < 2048:
        return f"Diffie-Hellman with {suite.exchange_bits} bits"
    return ""


@check(
    "tls.key",
    severity="high",
    remedy="Have a certificate issued for a new key: ECDSA P-256, or RSA with 2048 bits or more, signed with SHA-256.",
    source="CA/Browser Forum baseline requirements 6.1.5 and 7.1.3; NIST SP 800-57 part 1",
    asks=_asks(*CERTIFICATE),
)
def key(tls_scan: TlsScan, *, min_rsa_bits: Annotated[int, Field(ge=2048)] = 2048) -> Evidence:
    """Keys and signatures of the certificates are strong enough.

    Accepted: RSA from `min_rsa_bits` on, ECDSA on P-256, P-384 and P-521, Ed25519, Ed448; signatures with SHA-2. Looked
    at are the leaf and the intermediates that the server sends; a root's own signature means nothing.

    Args:
        min_rsa_bits: smallest accepted RSA key, in bits, at least 2048. 2048: CA/Browser Forum 6.1.5.
    """
    strong = f"RSA of at least {min_rsa_bits} bits or ECDSA on P-256 or better, signed with SHA-256 or better"
    for deployment in _deployments(tls_scan):
        for each in deployment.chain:
            fine = (
                each.key_bits >= min_rsa_bits
                if each.key_type == "rsa"
                else each.curve in GOOD_CURVES or each.key_type in GOOD_OTHERS
            )
            signed = each.signature_hash in GOOD_HASHES or (each.self_signed and each is not deployment.leaf)
            claim(fine and signed, expected=strong, seen=f"{each.subject[:100]}: {_key(each)}")
    return Evidence(_key(deployment.leaf))


def _key(certificate: Certificate) -> str:
    size = certificate.curve or (f"{certificate.key_bits} bits" if certificate.key_bits else "")
    return f"{certificate.key_type} {size}".strip() + f", signed with {certificate.signature}"


@check(
    "tls.vulnerabilities",
    severity="critical",
    remedy="Update the TLS library of the server or load balancer, and turn TLS compression off.",
    source="CVE-2014-0160, CVE-2017-13099, CVE-2014-0224, CVE-2012-4929, RFC 5746, RFC 7507",
    asks=_asks(*VULNERABILITIES),
)
def vulnerabilities(tls_scan: TlsScan) -> Evidence:
    """The server has none of TLS's known weaknesses.

    Heartbleed, ROBOT, CCS injection, TLS compression (CRIME), insecure renegotiation and missing downgrade protection,
    by sslyze's probes. A server that speaks TLS 1.3 is taken to be too new for Heartbleed and CCS injection. Downgrade
    protection (TLS_FALLBACK_SCSV) matters only where more than one version is offered. That a client may start
    renegotiations is only warned of.
    """
    found = _vulnerabilities(tls_scan)
    claim(not found, expected="none of the known weaknesses", seen=", ".join(found))
    return Evidence(
        "no Heartbleed, ROBOT, CCS injection, compression or insecure renegotiation; downgrades are refused",
        warning="The server renegotiates as often as a client wants, which costs it more than the client "
        "(CVE-2011-1473)."
        if tls_scan.client_renegotiation
        else "",
    )


def _vulnerabilities(scan: TlsScan) -> list[str]:
    _need(scan, VULNERABILITIES)
    if scan.robot == "UNKNOWN_INCONSISTENT_RESULTS":
        raise CouldNotVerify(f"scanning {scan.host}:{scan.port} for ROBOT: the answers were inconsistent")
    faults = {
        "Heartbleed (CVE-2014-0160)": scan.heartbleed,
        "ROBOT (CVE-2017-13099)": scan.robot not in ("NOT_VULNERABLE_NO_ORACLE", "NOT_VULNERABLE_RSA_NOT_SUPPORTED"),
        "CCS injection (CVE-2014-0224)": scan.ccs_injection,
        "TLS compression (CRIME, CVE-2012-4929)": scan.compression,
        "insecure renegotiation (no RFC 5746)": not scan.secure_renegotiation,
        "downgrades are accepted (no TLS_FALLBACK_SCSV)": not scan.fallback_scsv,
    }
    return [name for name, present in faults.items() if present]


def _profile_asks(url: Url, parameters: Mapping[str, Any]) -> Asks:
    if parameters["profile"] not in _guidelines()[parameters["guideline"]]:
        raise NotDeclared(f"Mozilla's guideline {parameters['guideline']} has no profile {parameters['profile']}")
    return _asks(*PROFILE)(url, parameters)


@check(
    "tls.mozilla",
    severity="medium",
    remedy="Configure the server as https://ssl-config.mozilla.org says for this profile.",
    source="https://wiki.mozilla.org/Security/Server_Side_TLS; https://ssl-config.mozilla.org/guidelines/6.0.json",
    asks=_profile_asks,
)
def mozilla(tls_scan: TlsScan, *, profile: Profile = "intermediate", guideline: Guideline = "6.0") -> Evidence:
    """The endpoint conforms to Mozilla's recommended TLS configuration.

    Versions, suites and groups must be among those of the profile, and key, signature, lifetime and trust of the
    certificate as it says; known weaknesses and a missing extended master secret count too. As most servers enable
    more groups than the profile has (OpenSSL: X448, secp521r1), expect to have to name them (nginx: ssl_ecdh_curve).
    Not looked at: hybrid groups such as X25519MLKEM768, which the scan cannot offer; OCSP stapling; HSTS (http.hsts).

    Args:
        profile: modern, intermediate or old; 6.0 has no "old". intermediate: what Mozilla recommends in general.
        guideline: version of the guideline: 5.7 (2023), 5.8 or 6.0 (2026).
    """
    _need(tls_scan, PROFILE)
    rules = _guidelines()[guideline][profile]
    issues = [*_protocol_issues(_offered(tls_scan), tls_scan.groups, rules)]
    issues += _certificate_issues(_deployments(tls_scan), rules)
    issues += _vulnerabilities(tls_scan)
    if not tls_scan.extended_master_secret:
        issues.append("no extended master secret (RFC 7627)")
    name = f"Mozilla's profile {profile} of guideline {guideline}"
    claim(not issues, expected=name, seen="; ".join(issues))
    _answered(tls_scan, tls_scan.offers)
    return Evidence(f"conforms to {name}")


@dataclass(frozen=True)
class Rules:
    """A profile of Mozilla's guideline, with versions, groups and curves by the names that `TlsScan` uses.

    Attributes:
        versions, suites, groups: what may be offered.
        key_types, signatures: what the certificates may have; it suffices that one deployment has each.
        key_curves, rsa_bits, lifetime_days: what every leaf must keep to; 0 bits where RSA is not foreseen.
        dh_bits, ecdh_bits: smallest ephemeral keys; 0 where such suites are not foreseen.
    """

    versions: list[str]
    suites: list[str]
    groups: list[str]
    key_types: list[str]
    key_curves: list[str]
    rsa_bits: int
    signatures: list[str]
    dh_bits: int
    ecdh_bits: int
    lifetime_days: int


@cache
def _guidelines() -> Mapping[str, Mapping[str, Rules]]:
    text = files("pytest_readiness.checks").joinpath("tls_profiles.json").read_text(encoding="utf-8")
    return {
        guideline: {profile: Rules(**rules) for profile, rules in profiles.items()}
        for guideline, profiles in json.loads(text).items()
    }


def _protocol_issues(offered: Sequence[Offer], groups: Sequence[str], rules: Rules) -> list[str]:
    suites = dict.fromkeys(suite.name for offer in offered for suite in offer.suites)
    issues = [
        f"{what} {_listed(excess)}"
        for what, seen, allowed in (
            ("version", [offer.version for offer in offered], rules.versions),
            ("suite", list(suites), rules.suites),
            ("group", groups, rules.groups),
        )
        if (excess := [name for name in seen if name not in allowed])
    ]
    for exchange, wanted in (("DH", rules.dh_bits), ("ECDH", rules.ecdh_bits)):
        sizes = [suite.exchange_bits for offer in offered for suite in offer.suites if suite.exchange == exchange]
        if sizes and min(sizes) < wanted:
            issues.append(f"{exchange} with {min(sizes)} bits")
    return issues


def _certificate_issues(deployments: Sequence[Deployment], rules: Rules) -> list[str]:
    issues = []
    leaves = [deployment.leaf for deployment in deployments]
    for deployment in deployments:
        leaf = deployment.leaf
        if deployment.trust_error:
            issues.append(deployment.trust_error)
        if leaf.curve and leaf.curve not in rules.key_curves:
            issues.append(f"key on {leaf.curve}")
        if leaf.key_type == "rsa" and leaf.key_bits < rules.rsa_bits:
            issues.append(f"RSA key of {leaf.key_bits} bits")
        if (lifetime := leaf.not_after - leaf.not_before) > rules.lifetime_days * DAY:
            issues.append(f"lifetime of {_days(lifetime)}")
    if not any(leaf.key_type in rules.key_types for leaf in leaves):
        issues.append(f"no key of type {' or '.join(rules.key_types)}")
    if not any(leaf.signature in rules.signatures for leaf in leaves):
        issues.append(f"signed with {_listed([leaf.signature for leaf in leaves])}")
    return issues
