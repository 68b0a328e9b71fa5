"""Each claim against a real nginx in the good state, and with one thing broken."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from pytest_readiness.core.domains import load_catalogue
from pytest_readiness.core.evidence import ClaimFalse, CouldNotVerify, Evidence, NotDeclared, Unreachable
from pytest_readiness.core.registry import CHECKS
from pytest_readiness.domains.http.resource import Url
from pytest_readiness.domains.tls.checks.mozilla import PROFILE
from pytest_readiness.domains.tls.checks.protocol import VULNERABILITIES
from pytest_readiness.domains.tls.records import Offer, Suite, TlsScan
from tests.judging import judge, read
from tests.stack.certs import Authority, Certificate
from tests.stack.fixtures import NginxFactory
from tests.stack.nginx import Options
from tests.stack.process import free_port
from tests.stack.silent import SilentServer, WebApp

TLS = (
    "tls.trusted",
    "tls.chain",
    "tls.expiry",
    "tls.lifetime",
    "tls.versions",
    "tls.tls13",
    "tls.ciphers",
    "tls.mozilla",
    "tls.key",
    "tls.vulnerabilities",
    "tls.resumption",
    "tls.ocsp",
)
STRONG = (
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:"
    "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384"
)
GROUPS = "X25519:prime256v1:secp384r1"


@pytest.fixture(scope="session")
def other_authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """An authority that nobody trusts."""
    return Authority(tmp_path_factory.mktemp("other-authority"), "Somebody Else's Root")


@pytest.fixture(scope="session")
def good(authority: Authority, nginx_factory: NginxFactory) -> Iterator[TlsScan]:
    """The scan of a server with nothing wrong."""
    with nginx_factory(https=authority.issue(), ciphers=STRONG, curves=GROUPS) as server:
        yield scanned(server.url, authority.ca_file)


def scanned(url: str, ca: Path) -> TlsScan:
    scan: TlsScan = read("tls_scan", Url(name="shop", url=url, ca=ca))
    return scan


def outcome(id: str, scan: TlsScan, **parameters: Any) -> Evidence | ClaimFalse | CouldNotVerify:
    load_catalogue()
    try:
        return CHECKS[id].judge(scan, **parameters)
    except (ClaimFalse, CouldNotVerify) as error:
        return error


def broken(scan: TlsScan) -> dict[str, str]:
    """What each check that fails has seen."""
    outcomes = {id: outcome(id, scan) for id in TLS}
    assert not [each for each in outcomes.values() if isinstance(each, CouldNotVerify)]
    return {id: each.seen for id, each in outcomes.items() if isinstance(each, ClaimFalse)}


def test_good_state_passes_every_check(good: TlsScan) -> None:
    outcomes = {id: outcome(id, good) for id in TLS}
    assert all(isinstance(each, Evidence) for each in outcomes.values()), outcomes
    texts = {id: each.text for id, each in outcomes.items() if isinstance(each, Evidence)}
    assert texts["tls.trusted"].startswith("for localhost, issued by CN=Readiness Test Root, verified with the")
    assert texts["tls.chain"] == "1 sent: CN=localhost"
    assert texts["tls.expiry"].startswith("60.0 days left of 60.0 days, until ")
    assert texts["tls.lifetime"].startswith("60.0 days, issued on ")
    assert texts["tls.versions"] == ("offered: TLSv1.2, TLSv1.3; refused: SSLv2, SSLv3, TLSv1.0, TLSv1.1")
    assert texts["tls.tls13"].startswith("TLS 1.3 with TLS_AES_128_GCM_SHA256, ")
    assert texts["tls.ciphers"] == "5 suites in TLSv1.2, TLSv1.3, each with forward secrecy"
    assert texts["tls.mozilla"] == "conforms to Mozilla's profile intermediate of guideline 6.0"
    assert texts["tls.key"] == "ecdsa secp256r1, signed with ecdsa-with-SHA256"
    assert texts["tls.vulnerabilities"].startswith("no Heartbleed, ROBOT, ")
    assert texts["tls.resumption"] == (
        "TLS 1.2 by session ids never and by tickets every time; TLS 1.3 by tickets 3 of 3 times"
    )
    assert texts["tls.ocsp"] == "CN=localhost names no OCSP responder: nothing to staple"


Issue = Callable[[Authority], Certificate]
CERTIFICATES: dict[str, tuple[Issue, dict[str, str]]] = {
    "expired": (
        lambda authority: authority.issue(expired=True),
        {
            "tls.trusted": "expired or not valid yet",
            "tls.expiry": "expired 1.0 days ago",
            "tls.mozilla": "expired or not valid yet",
        },
    ),
    "10 of 60 days left": (
        lambda authority: authority.issue(not_before=datetime.now(UTC) - timedelta(days=50)),
        {"tls.expiry": "10.0 days left of 60.0 days, until "},
    ),
    "not yet valid": (
        lambda authority: authority.issue(not_before=datetime.now(UTC) + timedelta(days=1)),
        {
            "tls.trusted": "expired or not valid yet",
            "tls.expiry": "valid only from ",
            "tls.mozilla": "expired or not valid yet",
        },
    ),
    "wrong name": (
        lambda authority: authority.issue(["other.example.com", "www.example.com"]),
        {
            "tls.trusted": "not for this name: for other.example.com, www.example.com, issued by",
            "tls.mozilla": "not for this name",
        },
    ),
    "self-signed": (
        lambda authority: authority.self_signed(),
        {
            "tls.trusted": "no path leads to an authority of the trust store: for localhost, 127.0.0.1, issued by "
            "CN=localhost",
            "tls.mozilla": "no path leads",
        },
    ),
    "missing intermediate": (
        lambda authority: authority.issue(via_intermediate=True, chain="missing"),
        {
            "tls.trusted": "no path leads",
            "tls.chain": "1 sent; CN=Readiness Test Intermediate, who issued the last, is neither sent nor in",
            "tls.mozilla": "no path leads",
        },
    ),
    "wrong order": (
        lambda authority: authority.issue(via_intermediate=True, chain="wrong-order"),
        {"tls.chain": "issued by CN=Readiness Test Intermediate, is followed by CN=Readiness Test Root"},
    ),
    "expired intermediate": (
        lambda authority: authority.issue(via_intermediate=True, intermediate_expired=True),
        {
            "tls.trusted": "expired or not valid yet",
            "tls.chain": "CN=Readiness Test Intermediate: from ",
            "tls.mozilla": "expired or not valid yet",
        },
    ),
    "400 days": (
        lambda authority: authority.issue(days=400),
        {"tls.lifetime": "400.0 days, issued on ", "tls.mozilla": "lifetime of 400.0 days"},
    ),
    "RSA with 1024 bits": (
        lambda authority: authority.issue(key="rsa1024"),
        {"tls.key": "CN=localhost: rsa 1024 bits", "tls.mozilla": "RSA key of 1024 bits"},
    ),
    "signed with SHA-1": (
        lambda authority: authority.issue(hash="sha1"),
        {
            "tls.trusted": "signed with an algorithm that clients refuse",
            "tls.key": "CN=localhost: ecdsa secp256r1, signed with ecdsa-with-SHA1",
            "tls.mozilla": "signed with an algorithm that clients refuse; signed with ecdsa-with-SHA1",
        },
    ),
}


@pytest.mark.parametrize("case", CERTIFICATES)
def test_certificate_with_one_thing_broken(case: str, authority: Authority, nginx_factory: NginxFactory) -> None:
    issue, expected = CERTIFICATES[case]
    # OpenSSL 3 serves short keys and SHA-1 at this level only.
    with nginx_factory(https=issue(authority), ciphers=f"{STRONG}:@SECLEVEL=0", curves=GROUPS) as server:
        seen = broken(scanned(server.url, authority.ca_file))
    assert seen.keys() == expected.keys(), seen
    assert all(words in seen[id] for id, words in expected.items()), seen


def test_trusted_whole_chain_through_an_intermediate(authority: Authority, nginx_factory: NginxFactory) -> None:
    with nginx_factory(https=authority.issue(via_intermediate=True), ciphers=STRONG, curves=GROUPS) as server:
        assert broken(scanned(server.url, authority.ca_file)) == {}


def test_trusted_untrusted_authority(
    authority: Authority, other_authority: Authority, nginx_factory: NginxFactory
) -> None:
    with nginx_factory(https=other_authority.issue(), ciphers=STRONG, curves=GROUPS) as server:
        seen = broken(scanned(server.url, authority.ca_file))
        with pytest.raises(ClaimFalse) as system:
            judge("tls.trusted", Url(name="shop", url=server.url))
    assert seen.keys() == {"tls.trusted", "tls.chain", "tls.mozilla"}
    assert "issued by CN=Somebody Else's Root" in seen["tls.trusted"]
    assert "CN=Somebody Else's Root, who issued the last, is neither sent nor in the trust store" in seen["tls.chain"]
    assert "the system's trust store (/" in system.value.expected


PROTOCOLS: dict[str, tuple[Options, dict[str, str]]] = {
    "TLS 1.0 and 1.1 offered": (
        {
            "protocols": "TLSv1 TLSv1.1 TLSv1.2 TLSv1.3",
            "ciphers": f"{STRONG}:ECDHE-ECDSA-AES128-SHA:@SECLEVEL=0",
        },
        {
            "tls.versions": "TLSv1.0, TLSv1.1 offered too",
            "tls.mozilla": "version TLSv1.0, TLSv1.1; suite TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA",
        },
    ),
    "TLS 1.1 only": (
        {"protocols": "TLSv1.1", "ciphers": "ECDHE-ECDSA-AES128-SHA:@SECLEVEL=0"},
        {
            "tls.versions": "TLSv1.1 offered too",
            "tls.tls13": "TLS 1.3 is refused",
            "tls.mozilla": "version TLSv1.1; ",
        },
    ),
    "no TLS 1.3": ({"protocols": "TLSv1.2"}, {"tls.tls13": "TLS 1.3 is refused"}),
    "no encryption": (
        {"ciphers": f"{STRONG}:ECDHE-ECDSA-NULL-SHA:@SECLEVEL=0"},
        {
            "tls.ciphers": "TLS_ECDHE_ECDSA_WITH_NULL_SHA (NULL)",
            "tls.mozilla": "suite TLS_ECDHE_ECDSA_WITH_NULL_SHA",
        },
    ),
    "no authentication": (
        {"ciphers": f"{STRONG}:AECDH-AES128-SHA:@SECLEVEL=0"},
        {
            "tls.ciphers": "TLS_ECDH_anon_WITH_AES_128_CBC_SHA (without authentication)",
            "tls.mozilla": "suite TLS_ECDH_anon_WITH_AES_128_CBC_SHA",
        },
    ),
    "more groups than the profile has": ({"curves": "auto"}, {"tls.mozilla": "group X448, secp521r1"}),
}


@pytest.mark.parametrize("case", PROTOCOLS)
def test_protocol_with_one_thing_broken(case: str, authority: Authority, nginx_factory: NginxFactory) -> None:
    options, expected = PROTOCOLS[case]
    served: Options = {"https": authority.issue(), "ciphers": STRONG, "curves": GROUPS}
    served.update(options)
    with nginx_factory(**served) as server:
        seen = broken(scanned(server.url, authority.ca_file))
    assert seen.keys() == expected.keys(), seen
    assert all(words in seen[id] for id, words in expected.items()), seen


def test_ciphers_without_forward_secrecy(authority: Authority, nginx_factory: NginxFactory) -> None:
    with nginx_factory(https=authority.issue(key="rsa2048"), ciphers=f"{STRONG}:AES128-SHA", curves=GROUPS) as server:
        seen = broken(scanned(server.url, authority.ca_file))
        server.reload(ciphers=STRONG)
        assert broken(scanned(server.url, authority.ca_file)) == {}
    assert seen == {
        "tls.ciphers": "TLS_RSA_WITH_AES_128_CBC_SHA (without forward secrecy)",
        "tls.mozilla": "suite TLS_RSA_WITH_AES_128_CBC_SHA",
    }


# The second Oakley group, of RFC 2409 section 6.2.
DH1024 = """-----BEGIN DH PARAMETERS-----
MIGHAoGBAP//////////yQ/aoiFowjTExmKLgNwc0SkCTgiKZ8x0Agu+pjsTmyJR
Sgh5jjQE3e+VGbPNOkMbMCsKbfJfFDdP4TVtbVHCReSFtXZiXn7G9ExC6aY37WsL
/1y29Aa37e44a/taiZ+lrp8kEXxLH+ZJKGZR7OZTgf//////////AgEC
-----END DH PARAMETERS-----
"""


def test_ciphers_with_short_diffie_hellman(tmp_path: Path, authority: Authority, nginx_factory: NginxFactory) -> None:
    parameters = tmp_path / "dh.pem"
    parameters.write_text(DH1024)
    with nginx_factory(
        https=authority.issue(key="rsa2048"),
        ciphers=f"{STRONG}:DHE-RSA-AES128-GCM-SHA256:@SECLEVEL=0",
        curves=GROUPS,
        raw=f"ssl_dhparam {parameters};",
    ) as server:
        scan = scanned(server.url, authority.ca_file)
    assert "TLS_DHE_RSA_WITH_AES_128_GCM_SHA256 (Diffie-Hellman with " in broken(scan)["tls.ciphers"]
    seen = outcome("tls.mozilla", scan, version="5.7")
    assert isinstance(seen, ClaimFalse)
    assert seen.seen == "DH with 1024 bits"


def test_ciphers_with_3des_and_rc4(good: TlsScan) -> None:
    # Recorded: Debian's OpenSSL 3 has neither any more.
    for name, fault in (
        ("TLS_ECDHE_RSA_WITH_3DES_EDE_CBC_SHA", "3DES"),
        ("TLS_ECDHE_RSA_WITH_RC4_128_SHA", "RC4"),
        ("TLS_RSA_EXPORT_WITH_DES40_CBC_SHA", "EXPORT"),
    ):
        weak = Offer("TLSv1.2", (Suite(name, 128, anonymous=False, exchange="", exchange_bits=0),), unanswered=0)
        seen = outcome("tls.ciphers", replace(good, offers=(*good.offers[:4], weak)))
        assert isinstance(seen, ClaimFalse)
        assert seen.seen == f"{name} ({fault})"


# Debian's OpenSSL 3 has none of these weaknesses, nor SSL 2.0 and 3.0: they are put into the record of a real scan.
WEAKNESSES: dict[str, tuple[dict[str, Any], str]] = {
    "heartbleed": ({"heartbleed": True}, "Heartbleed (CVE-2014-0160)"),
    "strong oracle": ({"robot": "VULNERABLE_STRONG_ORACLE"}, "ROBOT (CVE-2017-13099)"),
    "weak oracle": ({"robot": "VULNERABLE_WEAK_ORACLE"}, "ROBOT (CVE-2017-13099)"),
    "ccs": ({"ccs_injection": True}, "CCS injection (CVE-2014-0224)"),
    "compression": ({"compression": True}, "TLS compression (CRIME, CVE-2012-4929)"),
    "renegotiation": ({"secure_renegotiation": False}, "insecure renegotiation (no RFC 5746)"),
    "fallback": ({"fallback_scsv": False}, "downgrades are accepted (no TLS_FALLBACK_SCSV)"),
}


@pytest.mark.parametrize("case", WEAKNESSES)
def test_vulnerabilities_recorded(case: str, good: TlsScan) -> None:
    change, seen = WEAKNESSES[case]
    assert broken(replace(good, **change)) == {"tls.vulnerabilities": seen, "tls.mozilla": seen}


def test_vulnerabilities_warns_of_renegotiation_by_the_client(good: TlsScan) -> None:
    seen = outcome("tls.vulnerabilities", replace(good, client_renegotiation=True))
    assert isinstance(seen, Evidence)
    assert "CVE-2011-1473" in seen.warning


def test_vulnerabilities_inconsistent_answers_prove_nothing(good: TlsScan) -> None:
    seen = outcome("tls.vulnerabilities", replace(good, robot="UNKNOWN_INCONSISTENT_RESULTS"))
    assert isinstance(seen, CouldNotVerify)
    assert seen.reason.endswith("for ROBOT: the answers were inconsistent")


def test_versions_old_ones_recorded(good: TlsScan) -> None:
    suite = good.offers[4].suites[:1]
    old = (Offer("SSLv2", suite, 0), Offer("SSLv3", suite, 0), *good.offers[2:])
    seen = outcome("tls.versions", replace(good, offers=old))
    assert isinstance(seen, ClaimFalse)
    assert seen.seen == "SSLv2, SSLv3 offered too"


def test_versions_minimum_1_3(authority: Authority, nginx_factory: NginxFactory, good: TlsScan) -> None:
    seen = outcome("tls.versions", good, min="1.3")
    assert isinstance(seen, ClaimFalse)
    assert (seen.expected, seen.seen) == ("TLSv1.3 and newer only", "TLSv1.2 offered too")
    with nginx_factory(https=authority.issue(), protocols="TLSv1.3", curves=GROUPS) as server:
        url = Url(name="shop", url=server.url, ca=authority.ca_file)
        assert judge("tls.versions", url, min="1.3").text.startswith("offered: TLSv1.3; refused: SSLv2, ")
        assert judge("tls.mozilla", url, profile="modern").text.endswith("profile modern of guideline 6.0")


@pytest.mark.parametrize("id", ["tls.versions", "tls.ciphers", "tls.mozilla"])
def test_unanswered_handshakes_prove_no_refusal(id: str, good: TlsScan) -> None:
    silent = replace(good.offers[2], unanswered=80)
    seen = outcome(id, replace(good, offers=(*good.offers[:2], silent, *good.offers[3:])))
    assert isinstance(seen, CouldNotVerify)
    assert "80 handshakes with TLSv1.0 were neither accepted nor refused" in seen.reason


def test_tls13_unanswered_is_not_refused(good: TlsScan) -> None:
    silent = Offer("TLSv1.3", (), unanswered=5)
    assert isinstance(outcome("tls.tls13", replace(good, offers=(*good.offers[:5], silent))), CouldNotVerify)


def test_mozilla_profiles(good: TlsScan) -> None:
    for version in ("5.7", "5.8", "6.0"):
        assert isinstance(outcome("tls.mozilla", good, version=version), Evidence)
        modern = outcome("tls.mozilla", good, version=version, profile="modern")
        assert isinstance(modern, ClaimFalse)
        assert modern.seen.startswith("version TLSv1.2; suite TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, ")
    old = outcome("tls.mozilla", good, version="5.8", profile="old")
    assert isinstance(old, ClaimFalse)
    assert old.seen == "no key of type rsa; signed with ecdsa-with-SHA256"
    without = outcome("tls.mozilla", replace(good, extended_master_secret=False))
    assert isinstance(without, ClaimFalse)
    assert without.seen == "no extended master secret (RFC 7627)"


def test_mozilla_profile_that_the_guideline_lacks() -> None:
    with pytest.raises(NotDeclared, match=r"guideline 6\.0 has no profile old"):
        judge("tls.mozilla", Url(name="shop", url="https://localhost"), profile="old")


@pytest.mark.parametrize(
    ("lifetime", "left", "parameters", "holds"),
    [
        (365, 30.1, {}, True),
        (365, 29.9, {}, False),
        (90, 29, {}, True),
        (90, 22.6, {}, True),
        (90, 22.4, {}, False),
        (47, 15, {}, True),
        (47, 11, {}, False),
        (6, 2, {}, True),
        (90, 29, {"min_days": 30}, False),
        (90, 31, {"min_days": 30}, True),
        (90, 31, {"min_fraction": 0.33}, True),
        (90, 29, {"min_fraction": 0.33}, False),
        (90, 31, {"min_days": 30, "min_fraction": 0.5}, False),
        (90, 29, {"min_days": 30, "min_fraction": 0.1}, False),
    ],
)
def test_expiry_time_left(
    lifetime: float,
    left: float,
    parameters: dict[str, float],
    holds: bool,
    good: TlsScan,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("READINESS_NOW", "2026-03-01T12:00:00Z")
    end = datetime(2026, 3, 1, 12, tzinfo=UTC) + timedelta(days=left)
    leaf = replace(good.deployments[0].leaf, not_before=end - timedelta(days=lifetime), not_after=end)
    scan = replace(good, deployments=(replace(good.deployments[0], chain=(leaf,)),))
    assert isinstance(outcome("tls.expiry", scan, **parameters), Evidence if holds else ClaimFalse)


def test_expiry_judges_every_certificate(good: TlsScan) -> None:
    leaf = good.deployments[0].leaf
    earlier = timedelta(days=55)
    other = replace(leaf, not_before=leaf.not_before - earlier, not_after=leaf.not_after - earlier)
    scan = replace(good, deployments=(replace(good.deployments[0], chain=(other,)), good.deployments[0]))
    assert isinstance(outcome("tls.expiry", scan), ClaimFalse)


@pytest.mark.parametrize(
    ("issued", "days", "parameters", "holds"),
    [
        ((2026, 3, 14), 398, {}, True),
        ((2026, 3, 14), 399, {}, False),
        ((2026, 3, 15), 200, {}, True),
        ((2026, 3, 15), 201, {}, False),
        ((2027, 3, 15), 101, {}, False),
        ((2029, 3, 15), 47, {}, True),
        ((2029, 3, 15), 48, {}, False),
        ((2027, 3, 15), 398, {"max_days": 398}, True),
        ((2026, 1, 1), 91, {"max_days": 90}, False),
    ],
)
def test_lifetime_limits(
    issued: tuple[int, int, int], days: int, parameters: dict[str, int], holds: bool, good: TlsScan
) -> None:
    start = datetime(*issued, tzinfo=UTC)
    leaf = replace(good.deployments[0].leaf, not_before=start, not_after=start + timedelta(days=days))
    scan = replace(good, deployments=(replace(good.deployments[0], chain=(leaf,)),))
    assert isinstance(outcome("tls.lifetime", scan, **parameters), Evidence if holds else ClaimFalse)


def test_key_minimum(authority: Authority, nginx_factory: NginxFactory) -> None:
    with nginx_factory(https=authority.issue(key="rsa2048")) as server:
        url = Url(name="shop", url=server.url, ca=authority.ca_file)
        assert judge("tls.key", url).text == "rsa 2048 bits, signed with ecdsa-with-SHA256"
        with pytest.raises(ClaimFalse) as error:
            judge("tls.key", url, min_rsa_bits=3072)
    assert error.value.seen == "CN=localhost: rsa 2048 bits, signed with ecdsa-with-SHA256"


@pytest.mark.parametrize("id", TLS)
def test_commands_that_did_not_complete_prove_nothing(id: str, good: TlsScan) -> None:
    (asked,) = CHECKS[id].asked(Url(name="shop", url="https://localhost"), dict(CHECKS[id].parameters())).values()
    for command in asked:
        completed = tuple(each for each in good.completed if each != command)
        failed = outcome(id, replace(good, completed=completed, failed={str(command): "the connection failed (why)"}))
        assert isinstance(failed, CouldNotVerify)
        assert failed.reason.endswith(f"for {str(command).replace('_', ' ')}: the connection failed (why)")
        assert isinstance(outcome(id, replace(good, completed=completed)), CouldNotVerify)


def test_commands_of_the_profile() -> None:
    from sslyze.mozilla_tls_profile.tls_config_checker import SCAN_COMMANDS_NEEDED_BY_MOZILLA_CHECKER

    assert sorted(PROFILE) == sorted(command.value for command in SCAN_COMMANDS_NEEDED_BY_MOZILLA_CHECKER)
    assert set(VULNERABILITIES) < set(PROFILE)


@pytest.mark.parametrize("id", TLS)
def test_closed_port(id: str) -> None:
    port = free_port()
    with pytest.raises(Unreachable, match=f"localhost:{port} refused the connection"):
        judge(id, Url(name="shop", url=f"https://localhost:{port}"))


def test_silent_server() -> None:
    with SilentServer() as server, pytest.raises(Unreachable, match="did not answer the TLS handshake within 5 s"):
        judge("tls.versions", Url(name="shop", url=f"https://localhost:{server.port}"))


@pytest.mark.parametrize("id", TLS)
def test_plain_http_on_the_port(id: str, nginx_factory: NginxFactory) -> None:
    with nginx_factory() as server:
        url = Url(name="shop", url=f"https://localhost:{server.http_port}")
        with pytest.raises(CouldNotVerify, match=f"no TLS connection to localhost:{server.http_port} \\(TLS probing"):
            judge(id, url)


@pytest.mark.parametrize("id", TLS)
def test_address_without_tls_is_not_declared(id: str) -> None:
    with pytest.raises(NotDeclared, match="shop is declared as http://localhost, without TLS"):
        judge(id, Url(name="shop", url="http://localhost"))


def test_client_certificate_demanded(authority: Authority) -> None:
    with WebApp(https=authority.issue()) as server:
        assert server._tls
        server._tls.load_verify_locations(authority.ca_file)
        server._tls.verify_mode = ssl.CERT_REQUIRED
        scan = scanned(server.url, authority.ca_file)
    assert isinstance(outcome("tls.trusted", scan), Evidence)
    assert isinstance(outcome("tls.versions", scan), Evidence)
    for id in ("tls.vulnerabilities", "tls.mozilla"):
        seen = outcome(id, scan)
        assert isinstance(seen, CouldNotVerify)
        assert seen.reason.endswith("the server demands a client certificate")


def test_resumption_turned_off(authority: Authority, nginx_factory: NginxFactory) -> None:
    off = "ssl_session_tickets off; ssl_session_cache off;"
    with nginx_factory(https=authority.issue(), raw=off) as server:
        url = Url(name="shop", url=server.url, ca=authority.ca_file)
        with pytest.raises(ClaimFalse) as caught:
            judge("tls.resumption", url)
        server.reload(raw="ssl_session_tickets off; ssl_session_cache shared:tls:1m;")
        by_id = judge("tls.resumption", url)
        server.reload(raw=off, protocols="TLSv1.3")
        with pytest.raises(ClaimFalse) as newest:
            judge("tls.resumption", url)
        server.reload(raw="", protocols="TLSv1.2")
        older = judge("tls.resumption", url)
    assert caught.value.expected == "sessions that are resumed every time"
    assert caught.value.seen == ("TLS 1.2 by session ids never and by tickets never; TLS 1.3 by tickets 0 of 3 times")
    assert by_id.text == ("TLS 1.2 by session ids every time and by tickets never; TLS 1.3 by tickets 3 of 3 times")
    assert newest.value.seen == "TLS 1.3 by tickets 0 of 3 times"
    assert older.text == "TLS 1.2 by session ids never and by tickets every time"


@pytest.mark.parametrize(
    ("change", "seen"),
    [
        ({"session_tickets": "PARTIALLY_SUPPORTED"}, "TLS 1.2 by session ids never and by tickets sometimes; "),
        ({"tls13_resumption": (2, 3)}, "; TLS 1.3 by tickets 2 of 3 times"),
    ],
)
def test_resumption_only_sometimes_recorded(change: dict[str, Any], seen: str, good: TlsScan) -> None:
    # Servers behind one name that do not share their keys.
    found = outcome("tls.resumption", replace(good, **change))
    assert isinstance(found, ClaimFalse)
    assert seen in found.seen


def test_resumption_unseen_proves_nothing(good: TlsScan) -> None:
    cut_off = outcome("tls.resumption", replace(good, tls13_resumption=None))
    assert isinstance(cut_off, CouldNotVerify)
    assert cut_off.reason.endswith("with TLS 1.3 once more failed")
    only = replace(good, session_ids="SERVER_IS_TLS_1_3_ONLY", session_tickets="SERVER_IS_TLS_1_3_ONLY")
    nothing = replace(only, offers=(*good.offers[:5], Offer("TLSv1.3", (), unanswered=0)))
    assert isinstance(outcome("tls.resumption", nothing), CouldNotVerify)
