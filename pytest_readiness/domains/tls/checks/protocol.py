"""An endpoint's protocol versions and cipher suites, its known weaknesses, and what all checks of TLS share."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Literal

from pytest_readiness.core.evidence import CouldNotVerify, Evidence, NotDeclared, claim
from pytest_readiness.core.registry import Asks, AsksOf, check
from pytest_readiness.domains.tls.facts.scan import TlsScan
from pytest_readiness.domains.tls.records import VERSIONS, Deployment, Offer, Suite
from pytest_readiness.domains.tls.resource import TlsEndpoint

CERTIFICATE = ("certificate_info",)
SUITES = tuple(VERSIONS)
RESUMPTION = ("session_resumption", "tls_1_3_cipher_suites")
VULNERABILITIES = (
    "heartbleed",
    "openssl_ccs_injection",
    "robot",
    "session_renegotiation",
    "tls_compression",
    "tls_fallback_scsv",
)

DAY = timedelta(days=1)


def asking(*commands: str) -> AsksOf:
    """Return what a check asks that needs these scan commands."""

    def asks(endpoint: TlsEndpoint) -> Asks:
        if not endpoint.secure:
            raise NotDeclared(f"{endpoint.name} is declared as {endpoint.where}, without TLS")
        return {"tls_scan": list(commands)}

    return asks


def need(scan: TlsScan, commands: Sequence[str]) -> None:
    """Refuse to judge by a scan in which one of the commands did not complete."""
    for command in commands:
        if command not in scan.completed:
            reason = scan.failed.get(command, "it was not run")
            raise CouldNotVerify(f"scanning {scan.host}:{scan.port} for {command.replace('_', ' ')}: {reason}")


def deployments(scan: TlsScan) -> tuple[Deployment, ...]:
    """The certificates, of which there must be one."""
    need(scan, CERTIFICATE)
    claim(bool(scan.deployments), expected="a certificate", seen="none: the server offers anonymous suites only")
    return scan.deployments


def unreached(scan: TlsScan) -> str:
    """A warning of addresses of the name at which nothing was seen; "" for none."""
    if not scan.unreached:
        return ""
    return f"Nothing was seen at {listed(scan.unreached)}, which {scan.host} has as an address, too."


def offered(scan: TlsScan) -> tuple[Offer, ...]:
    """The protocol versions of which a suite was accepted."""
    need(scan, SUITES)
    found = tuple(offer for offer in scan.offers if offer.suites)
    if not found:
        raise CouldNotVerify(f"scanning {scan.host}:{scan.port}: no cipher suite of any version was accepted")
    return found


def answered(scan: TlsScan, offers: Sequence[Offer]) -> None:
    """Refuse to judge by handshakes that ran into the timeout."""
    for offer in offers:
        if offer.unanswered:
            raise CouldNotVerify(
                f"scanning {scan.host}:{scan.port}: {offer.unanswered} handshakes with {offer.version} were neither "
                "accepted nor refused, but ran into the timeout"
            )


def listed(names: Sequence[str]) -> str:
    """Names for a sentence, cut to a sensible number."""
    return ", ".join(names[:6]) + (f" and {len(names) - 6} more" if len(names) > 6 else "")


def days(time: timedelta, *, beside: timedelta | None = None) -> str:
    """A time for a sentence.

    Args:
        time: the time.
        beside: a limit that it is compared with; as many decimals are written as tell the two apart.
    """
    texts = [f"{time / DAY:.{decimals}f} days" for decimals in range(1, 6)]
    limits = [f"{beside / DAY:.{decimals}f} days" for decimals in range(1, 6)] if beside is not None else []
    return next((text for text, limit in zip(texts, limits, strict=False) if text != limit), texts[0])


@check(
    "tls.versions",
    severity="high",
    remedy="Offer TLS 1.2 and 1.3 only (nginx: ssl_protocols TLSv1.2 TLSv1.3).",
    source="RFC 8996; RFC 9325 section 3.1.1",
    asks=asking(*SUITES),
)
def versions(tls_scan: TlsScan, *, min: Literal["1.2", "1.3"] = "1.2") -> Evidence:
    """Old protocol versions are refused, and a current one is offered.

    Tried from SSL 2.0 on, with each cipher suite that such a version has, at one address of the name. Servers that take
    turns behind one address are seen as one: each handshake is answered by any of them.

    Args:
        min: oldest accepted version: 1.2 or 1.3. 1.2: RFC 8996 forbids older ones.
    """
    found = [offer.version for offer in offered(tls_scan)]
    oldest = f"TLSv{min}"
    expected = f"{oldest} and newer only"
    old = [offer for offer in tls_scan.offers if offer.version < oldest]
    too_old = [offer.version for offer in old if offer.suites]
    claim(not too_old, expected=expected, seen=f"{', '.join(too_old)} offered too")
    answered(tls_scan, old)
    claim(any(version >= oldest for version in found), expected=expected, seen=", ".join(found))
    text = f"offered: {', '.join(found)}; refused: {', '.join(offer.version for offer in old)}"
    return Evidence(text, warning=unreached(tls_scan))


@check(
    "tls.tls13",
    severity="medium",
    remedy="Offer TLS 1.3 (nginx: ssl_protocols TLSv1.2 TLSv1.3).",
    source="RFC 9325 section 3.1.1",
    asks=asking("tls_1_3_cipher_suites"),
)
def tls13(tls_scan: TlsScan) -> Evidence:
    """TLS 1.3 is offered.

    Whether older versions are offered too is not looked at here: tls.versions does.
    """
    need(tls_scan, ("tls_1_3_cipher_suites",))
    (offer,) = (offer for offer in tls_scan.offers if offer.version == "TLSv1.3")
    if not offer.suites:
        answered(tls_scan, [offer])
    claim(bool(offer.suites), expected="TLS 1.3", seen="TLS 1.3 is refused")
    return Evidence(f"TLS 1.3 with {listed([suite.name for suite in offer.suites])}")


@check(
    "tls.ciphers",
    severity="high",
    remedy="Offer ECDHE suites with AES-GCM or ChaCha20 only (https://ssl-config.mozilla.org).",
    source="RFC 9325 sections 4.1 and 4.2; RFC 7465 (RC4)",
    asks=asking(*SUITES),
)
def ciphers(tls_scan: TlsScan) -> Evidence:
    """No weak cipher suite is accepted, and each gives forward secrecy.

    A suite is weak without authentication or encryption, with a key below 128 bits, with RC4, DES, 3DES, RC2, IDEA or
    MD5, or with Diffie-Hellman below 2048 bits. CBC suites are accepted here; tls.mozilla judges by a list.
    """
    found = offered(tls_scan)
    bad = [
        f"{suite.name} ({fault})"
        for offer in found
        for suite in offer.suites
        if (fault := _fault(suite, offer.version))
    ]
    claim(not bad, expected="strong cipher suites with forward secrecy only", seen=listed(list(dict.fromkeys(bad))))
    answered(tls_scan, tls_scan.offers)
    count = sum(len(offer.suites) for offer in found)
    return Evidence(f"{count} suites in {', '.join(offer.version for offer in found)}, each with forward secrecy")


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


TLS13_ONLY = "SERVER_IS_TLS_1_3_ONLY"


@check(
    "tls.resumption",
    severity="low",
    remedy="Turn session tickets on or share a session cache (nginx: ssl_session_cache shared:tls:10m); servers behind "
    "one name need the same ticket keys.",
    source="RFC 5077; RFC 8446 section 2.2; RFC 9325 section 3.4",
    asks=asking(*RESUMPTION),
)
def resumption(tls_scan: TlsScan) -> Evidence:
    """Clients that return resume their session, whichever protocol version they speak.

    TLS 1.2, or the newest older version, is tried by session ids and by tickets, five times each, one of which must
    work; and TLS 1.3 by tickets, three times. Sessions that are resumed only sometimes fail: several servers behind one
    name then do not share their keys.
    """
    need(tls_scan, RESUMPTION)
    where = f"{tls_scan.host}:{tls_scan.port}"
    (newest,) = (offer for offer in tls_scan.offers if offer.version == "TLSv1.3")
    answered(tls_scan, [] if newest.suites else [newest])
    seen: list[str] = []
    holds = True
    if tls_scan.session_ids != TLS13_ONLY:
        ways = {"session ids": tls_scan.session_ids, "tickets": tls_scan.session_tickets}
        seen += [f"by {way} {_RESUMED[result or '']}" for way, result in ways.items()]
        seen = [f"TLS 1.2 {' and '.join(seen)}"]
        holds = "FULLY_SUPPORTED" in ways.values()
    if newest.suites:
        if tls_scan.tls13_resumption is None:
            raise CouldNotVerify(f"connecting to {where} with TLS 1.3 again failed")
        resumed, tried = tls_scan.tls13_resumption
        seen.append(f"TLS 1.3 by tickets {resumed} of {tried} times")
        holds = holds and resumed == tried
    if not seen:
        raise CouldNotVerify(f"no session that could be resumed was established with {where}")
    claim(holds, expected="sessions that are resumed every time", seen="; ".join(seen))
    return Evidence("; ".join(seen))


_RESUMED = {"FULLY_SUPPORTED": "every time", "PARTIALLY_SUPPORTED": "sometimes", "NOT_SUPPORTED": "never"}


@check(
    "tls.vulnerabilities",
    severity="critical",
    remedy="Update the TLS library of the server or load balancer, and turn TLS compression off.",
    source="CVE-2014-0160, CVE-2017-13099, CVE-2014-0224, CVE-2012-4929, RFC 5746, RFC 7507",
    asks=asking(*VULNERABILITIES),
)
def vulnerabilities(tls_scan: TlsScan) -> Evidence:
    """The server has neither Heartbleed, ROBOT, CCS injection, CRIME, insecure renegotiation nor accepts downgrades.

    By sslyze's probes; CRIME is TLS compression. Not looked at: versions and suites that are weak by themselves, such
    as TLS 1.0, suites without encryption or authentication, or short Diffie-Hellman keys, which tls.versions and
    tls.ciphers look at. A server that speaks TLS 1.3 is taken to be too new for Heartbleed and CCS injection. Downgrade
    protection (TLS_FALLBACK_SCSV) matters only where more than one version is offered. That a client may start
    renegotiations only gives a warning.
    """
    found = weaknesses(tls_scan)
    claim(not found, expected="none of the weaknesses that are probed for", seen=", ".join(found))
    return Evidence(
        "no Heartbleed, ROBOT, CCS injection, compression or insecure renegotiation; downgrades are refused",
        warning="The server renegotiates as often as a client wants, which costs it more than the client "
        "(CVE-2011-1473)."
        if tls_scan.client_renegotiation
        else "",
    )


def weaknesses(scan: TlsScan) -> list[str]:
    """Which of the weaknesses that are probed for the server has."""
    need(scan, VULNERABILITIES)
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
