"""Each claim against a real nginx in the good state, and with one thing broken."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pytest_readiness.core.evidence import ClaimFalse, CouldNotVerify, Evidence
from pytest_readiness.domains.http.resource import Url
from pytest_readiness.domains.tls.records import Offer, Suite, TlsScan
from tests.domains.tls.tls_scans import GROUPS, STRONG, broken, outcome, scanned
from tests.judging import judge
from tests.stack.certs import Authority
from tests.stack.fixtures import NginxFactory
from tests.stack.nginx import Options

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
    assert cut_off.reason.endswith("with TLS 1.3 again failed")
    only = replace(good, session_ids="SERVER_IS_TLS_1_3_ONLY", session_tickets="SERVER_IS_TLS_1_3_ONLY")
    nothing = replace(only, offers=(*good.offers[:5], Offer("TLSv1.3", (), unanswered=0)))
    assert isinstance(outcome("tls.resumption", nothing), CouldNotVerify)
