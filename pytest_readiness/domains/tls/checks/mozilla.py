"""Mozilla's recommended TLS configurations."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Literal

from pytest_readiness.core.evidence import Evidence, NotDeclared, claim
from pytest_readiness.core.registry import Asks, check
from pytest_readiness.domains.tls.checks.protocol import (
    CERTIFICATE,
    DAY,
    SUITES,
    VULNERABILITIES,
    answered,
    asking,
    days,
    deployments,
    listed,
    need,
    offered,
    weaknesses,
)
from pytest_readiness.domains.tls.facts.scan import TlsScan
from pytest_readiness.domains.tls.records import Deployment, Offer
from pytest_readiness.domains.tls.resource import TlsEndpoint

PROFILE = (*CERTIFICATE, *SUITES, *VULNERABILITIES, "elliptic_curves", "tls_extended_master_secret")

Profile = Literal["modern", "intermediate", "old"]
Version = Literal["5.7", "5.8", "6.0"]


def _profile_asks(endpoint: TlsEndpoint, profile: str, version: str) -> Asks:
    if profile not in _guidelines()[version]:
        raise NotDeclared(f"Mozilla's guideline {version} has no profile {profile}")
    return asking(*PROFILE)(endpoint)


@check(
    "tls.mozilla",
    severity="medium",
    remedy="Configure the server as https://ssl-config.mozilla.org says for this profile.",
    source="https://wiki.mozilla.org/Security/Server_Side_TLS; https://ssl-config.mozilla.org/guidelines/6.0.json",
    asks=_profile_asks,
)
def mozilla(tls_scan: TlsScan, *, profile: Profile = "intermediate", version: Version = "6.0") -> Evidence:
    """Versions, suites, groups and certificate conform to Mozilla's recommended TLS configuration.

    Versions, suites and groups must be among those of the profile, and key, signature, lifetime and trust of the
    certificate as it says; known weaknesses and a missing extended master secret count too. As most servers enable
    more groups than the profile has (OpenSSL: X448, secp521r1), expect to have to name them (nginx: ssl_ecdh_curve).
    Not looked at: groups that the scan cannot offer, such as X25519MLKEM768, sect163k1 and secp160r1; OCSP stapling;
    HSTS (http.hsts).

    Args:
        profile: modern, intermediate or old; 6.0 has no "old". intermediate: what Mozilla recommends in general.
        version: of the guideline: 5.7 (2023), 5.8 or 6.0 (2026).
    """
    need(tls_scan, PROFILE)
    rules = _guidelines()[version][profile]
    issues = [*_protocol_issues(offered(tls_scan), tls_scan.groups, rules)]
    issues += _certificate_issues(deployments(tls_scan), rules)
    issues += weaknesses(tls_scan)
    if not tls_scan.extended_master_secret:
        issues.append("no extended master secret (RFC 7627)")
    name = f"Mozilla's profile {profile} of guideline {version}"
    claim(not issues, expected=name, seen="; ".join(issues))
    answered(tls_scan, tls_scan.offers)
    return Evidence(f"conforms to {name}")


@dataclass(frozen=True)
class Rules:
    """A profile of Mozilla's guideline, with versions, groups and curves by the names that `TlsScan` uses.

    Attributes:
        versions, suites, groups: what may be offered.
        key_types, signatures: what the certificates may have; it suffices that one deployment has each.
        key_curves, rsa_bits, lifetime_days: what every leaf must comply with; 0 bits where RSA is not in the profile.
        dh_bits, ecdh_bits: smallest ephemeral keys; 0 where such suites are not in the profile.
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
    text = files("pytest_readiness.domains.tls.checks").joinpath("mozilla_profiles.json").read_text(encoding="utf-8")
    return {
        guideline: {profile: Rules(**rules) for profile, rules in profiles.items()}
        for guideline, profiles in json.loads(text).items()
    }


def _protocol_issues(offers: Sequence[Offer], groups: Sequence[str], rules: Rules) -> list[str]:
    suites = dict.fromkeys(suite.name for offer in offers for suite in offer.suites)
    issues = [
        f"{what} {listed(excess)}"
        for what, seen, allowed in (
            ("version", [offer.version for offer in offers], rules.versions),
            ("suite", list(suites), rules.suites),
            ("group", groups, rules.groups),
        )
        if (excess := [name for name in seen if name not in allowed])
    ]
    for exchange, wanted in (("DH", rules.dh_bits), ("ECDH", rules.ecdh_bits)):
        sizes = [suite.exchange_bits for offer in offers for suite in offer.suites if suite.exchange == exchange]
        if sizes and min(sizes) < wanted:
            issues.append(f"{exchange} with {min(sizes)} bits")
    return issues


def _certificate_issues(found: Sequence[Deployment], rules: Rules) -> list[str]:
    issues = []
    leaves = [deployment.leaf for deployment in found]
    for deployment in found:
        leaf = deployment.leaf
        if deployment.trust_error:
            issues.append(f"{deployment.at}{deployment.trust_error}")
        if leaf.curve and leaf.curve not in rules.key_curves:
            issues.append(f"key on {leaf.curve}")
        if leaf.key_type == "rsa" and leaf.key_bits < rules.rsa_bits:
            issues.append(f"RSA key of {leaf.key_bits} bits")
        if (lifetime := leaf.not_after - leaf.not_before) > rules.lifetime_days * DAY:
            issues.append(f"lifetime of {days(lifetime, beside=rules.lifetime_days * DAY)}")
    if not any(leaf.key_type in rules.key_types for leaf in leaves):
        issues.append(f"no key of type {' or '.join(rules.key_types)}")
    if not any(leaf.signature in rules.signatures for leaf in leaves):
        issues.append(f"signed with {listed([leaf.signature for leaf in leaves])}")
    return issues
