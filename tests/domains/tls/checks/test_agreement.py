"""The same endpoints, seen by sslyze, by testssl.sh and by the checks; docs/tls.md explains where they differ."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from pytest_readiness.core.evidence import ClaimFalse
from pytest_readiness.domains.http.resource import Url
from pytest_readiness.domains.tls.checks.certificate import chain, trusted
from pytest_readiness.domains.tls.checks.mozilla import Rules, _guidelines, mozilla
from pytest_readiness.domains.tls.checks.protocol import vulnerabilities
from pytest_readiness.domains.tls.records import VERSIONS, TlsScan
from tests.judging import read
from tests.stack.certs import Authority
from tests.stack.fixtures import NginxFactory
from tests.stack.nginx import Nginx, Options
from tests.stack.patience import patient
from tests.stack.programs import program

STRONG = (
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:"
    "ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305"
)
GROUPS = "X25519:prime256v1:secp384r1"
SECONDS = 400
pytestmark = pytest.mark.timeout(3 * SECONDS)

VARIANTS: dict[str, Callable[[Authority], Options]] = {
    "modern": lambda authority: {
        "https": authority.issue(via_intermediate=True),
        "protocols": "TLSv1.3",
        "curves": GROUPS,
    },
    "intermediate": lambda authority: {
        "https": authority.issue(via_intermediate=True),
        "ciphers": STRONG,
        "curves": GROUPS,
    },
    "weak": lambda authority: {
        "https": authority.issue(key="rsa2048"),
        "protocols": "TLSv1 TLSv1.1 TLSv1.2",
        "ciphers": "ECDHE-RSA-AES128-GCM-SHA256:AES128-SHA:AES256-GCM-SHA384:NULL-SHA:AECDH-AES128-SHA:@SECLEVEL=0",
    },
    "incomplete chain": lambda authority: {
        "https": authority.issue(via_intermediate=True, chain="missing"),
        "ciphers": STRONG,
        "curves": GROUPS,
    },
}

# Protocols, certificates, each suite; then Heartbleed, CCS injection, renegotiation, CRIME, fallback and ROBOT. It is
# slow, so that each variant is asked for what it can tell.
SECTIONS = {
    "modern": ("-p",),
    "intermediate": ("-p", "-S", "-E"),
    "weak": ("-p", "-E", "-H", "-I", "-R", "-C", "-Z", "-BB"),
    "incomplete chain": ("-p", "-S"),
}

TESTSSL_VERSIONS = {
    "SSLv2": "SSLv2",
    "SSLv3": "SSLv3",
    "TLS1": "TLSv1.0",
    "TLS1_1": "TLSv1.1",
    "TLS1_2": "TLSv1.2",
    "TLS1_3": "TLSv1.3",
}


@dataclass(frozen=True)
class Seen:
    """One endpoint, by each tool.

    Attributes:
        ours: our scan.
        sslyze: what sslyze's program wrote.
        compliant: whether it says that the endpoint conforms to Mozilla's profile intermediate, by version.
        testssl: findings of testssl.sh, by id.
    """

    ours: TlsScan
    sslyze: Mapping[str, Any]
    compliant: Mapping[str, bool]
    testssl: Mapping[str, str]


@pytest.fixture(scope="module")
def seen(
    authority: Authority, nginx_factory: NginxFactory, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, Seen]]:
    directory = tmp_path_factory.mktemp("agreement")
    testssl = program("testssl")
    with ExitStack() as stack:
        servers = {name: stack.enter_context(nginx_factory(**make(authority))) for name, make in VARIANTS.items()}

        def look(name: str) -> Seen:
            server = servers[name]
            compliant = {}
            for version, config in (("5.7", "--mozilla_config=intermediate"), ("6.0", f"--custom_tls_config={custom}")):
                report, compliant[version] = _by_sslyze(server, authority, directory / f"{name}.sslyze", config)
            return Seen(
                read("tls_scan", Url(name="shop", url=server.url, ca=authority.ca_file)),
                report,
                compliant,
                _by_testssl(testssl, server, authority, directory / f"{name}.testssl", SECTIONS[name]),
            )

        custom = directory / "6.0.json"
        custom.write_text(json.dumps(as_sslyze_wants(_guidelines()["6.0"]["intermediate"])))
        with ThreadPoolExecutor(len(servers)) as threads:
            yield dict(zip(servers, threads.map(look, servers), strict=True))


def _by_sslyze(server: Nginx, authority: Authority, file: Path, config: str) -> tuple[dict[str, Any], bool]:
    """What it wrote, and whether it says that the endpoint conforms."""
    done = subprocess.run(
        [
            *(sys.executable, "-W", "ignore", "-m", "sslyze", config, f"--certinfo_ca_file={authority.ca_file}"),
            *(f"--json_out={file}", f"localhost:{server.https_port}"),
        ],
        capture_output=True,
        text=True,
        timeout=patient(SECONDS),
        check=False,
    )
    (result,) = json.loads(file.read_text())["server_scan_results"]
    assert result["scan_status"] == "COMPLETED", done.stdout
    verdict = done.stdout.partition("COMPLIANCE AGAINST TLS CONFIGURATION")[2]
    assert ("OK - Compliant" in verdict) != ("FAILED - Not compliant" in verdict), verdict
    return result["scan_result"], "OK - Compliant" in verdict


def _by_testssl(
    testssl: Path, server: Nginx, authority: Authority, file: Path, sections: tuple[str, ...]
) -> dict[str, str]:
    """Its findings, by id."""
    subprocess.run(
        [
            *(str(testssl), "--quiet", "--color", "0", "--warnings", "off", "--nodns", "none", "--ip", "127.0.0.1"),
            *("--add-ca", str(authority.ca_file), "--jsonfile", str(file), *sections, f"localhost:{server.https_port}"),
        ],
        capture_output=True,
        stdin=subprocess.DEVNULL,
        timeout=patient(SECONDS),
        check=False,
    )
    return {finding["id"]: finding["finding"] for finding in json.loads(file.read_text())}


def as_sslyze_wants(rules: Rules) -> dict[str, Any]:
    newest = [suite for suite in rules.suites if suite.startswith(("TLS_AES", "TLS_CHACHA20"))]
    older = [suite for suite in rules.suites if suite not in newest]
    return {
        "certificate_curves": rules.key_curves,
        "certificate_signatures": rules.signatures,
        "certificate_types": rules.key_types,
        "ciphersuites": newest,
        "ciphers": {"caddy": [], "go": [], "iana": older, "openssl": []},
        "dh_param_size": rules.dh_bits or None,
        "ecdh_param_size": rules.ecdh_bits,
        "hsts_min_age": 63072000,
        "maximum_certificate_lifespan": rules.lifetime_days,
        "ocsp_staple": True,
        "recommended_certificate_lifespan": 90,
        "rsa_key_size": rules.rsa_bits or None,
        "server_preferred_order": False,
        "tls_curves": rules.groups,
        "tls_versions": ["TLSv1" if version == "TLSv1.0" else version for version in rules.versions],
    }


@pytest.mark.parametrize("variant", VARIANTS)
def test_protocols(variant: str, seen: dict[str, Seen]) -> None:
    each = seen[variant]
    offered = [offer.version for offer in each.ours.offers if offer.suites]
    by_sslyze = [name for command, name in VERSIONS.items() if each.sslyze[command]["result"]["accepted_cipher_suites"]]
    by_testssl = [name for id, name in TESTSSL_VERSIONS.items() if each.testssl[id].startswith("offered")]
    assert offered == by_sslyze == by_testssl != []


@pytest.mark.parametrize("variant", VARIANTS)
def test_cipher_suites(variant: str, seen: dict[str, Seen]) -> None:
    each = seen[variant]
    accepted = {offer.version: {suite.name for suite in offer.suites} for offer in each.ours.offers}
    by_sslyze = {
        version: {suite["cipher_suite"]["name"] for suite in each.sslyze[command]["result"]["accepted_cipher_suites"]}
        for command, version in VERSIONS.items()
    }
    assert accepted == by_sslyze
    if "-E" in SECTIONS[variant]:
        by_testssl: dict[str, set[str]] = {version: set() for version in VERSIONS.values()}
        for id, finding in each.testssl.items():
            if id.startswith("cipher-"):
                version = TESTSSL_VERSIONS[id.removeprefix("cipher-").rpartition("_")[0].upper()]
                by_testssl[version].add(finding.split()[-1])
        assert accepted == by_testssl


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("version", ["5.7", "6.0"])
def test_mozillas_profile(variant: str, version: str, seen: dict[str, Seen]) -> None:
    assert holds(mozilla, seen[variant].ours, version=version) == seen[variant].compliant[version]
    assert seen[variant].compliant[version] == (variant in ("modern", "intermediate"))


def test_weaknesses(seen: dict[str, Seen]) -> None:
    each = seen["weak"]
    assert holds(vulnerabilities, each.ours)
    assert not each.sslyze["heartbleed"]["result"]["is_vulnerable_to_heartbleed"]
    assert not each.sslyze["openssl_ccs_injection"]["result"]["is_vulnerable_to_ccs_injection"]
    assert not each.sslyze["tls_compression"]["result"]["supports_compression"]
    assert each.sslyze["robot"]["result"]["robot_result"] == each.ours.robot == "NOT_VULNERABLE_NO_ORACLE"
    assert each.sslyze["session_renegotiation"]["result"]["supports_secure_renegotiation"]
    assert each.sslyze["tls_fallback_scsv"]["result"]["supports_fallback_scsv"]
    for id in ("heartbleed", "CCS", "ROBOT", "CRIME_TLS", "secure_client_renego"):
        assert each.testssl[id].startswith("not vulnerable")
    for id in ("secure_renego", "fallback_SCSV"):
        assert each.testssl[id] == "supported"


@pytest.mark.parametrize(("variant", "whole"), [("intermediate", True), ("incomplete chain", False)])
def test_chain(variant: str, whole: bool, seen: dict[str, Seen]) -> None:
    each = seen[variant]
    (deployment,) = each.sslyze["certificate_info"]["result"]["certificate_deployments"]
    assert holds(chain, each.ours) == holds(trusted, each.ours) == whole
    assert (deployment["verified_certificate_chain"] is not None) == whole
    assert (each.testssl["cert_chain_of_trust"] == "passed.") == whole
    if not whole:
        assert "chain incomplete" in each.testssl["cert_chain_of_trust"]


def holds(check: Callable[..., Any], scan: TlsScan, **parameters: Any) -> bool:
    try:
        check(scan, **parameters)
    except ClaimFalse:
        return False
    return True
