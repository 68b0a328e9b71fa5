from __future__ import annotations

from dataclasses import replace

import pytest

from pytest_readiness.core.evidence import ClaimFalse, Evidence, NotDeclared
from pytest_readiness.domains.http.resource import Url
from pytest_readiness.domains.tls.checks.mozilla import PROFILE
from pytest_readiness.domains.tls.checks.protocol import VULNERABILITIES
from pytest_readiness.domains.tls.records import TlsScan
from tests.domains.tls.tls_scans import outcome
from tests.judging import judge


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


def test_commands_of_the_profile() -> None:
    from sslyze.mozilla_tls_profile.tls_config_checker import SCAN_COMMANDS_NEEDED_BY_MOZILLA_CHECKER

    assert sorted(PROFILE) == sorted(command.value for command in SCAN_COMMANDS_NEEDED_BY_MOZILLA_CHECKER)
    assert set(VULNERABILITIES) < set(PROFILE)
