"""Which claims an item's words mean."""

from __future__ import annotations

import pytest

from pytest_readiness.bind.matching import Statement, matches, says_no_check


def first(text: str, *above: str) -> str:
    return matches(Statement(text, above))[0].id


@pytest.mark.parametrize(
    ("text", "claim"),
    [
        ("TLS certificate is valid", "tls.trusted"),
        ("Redirect HTTP to HTTPS", "http.https_redirect"),
        ("HSTS header enabled", "http.hsts"),
        ("SPF record published", "dns.spf"),
        ("Firewall is on", "host.firewall"),
        ("No secrets in the repository", "source.no_secrets"),
        ("Containers do not run as root", "container.non_root"),
    ],
)
def test_the_claim_that_is_meant_comes_first(text: str, claim: str) -> None:
    assert first(text) == claim


def test_an_aspect_that_is_claimed_decides_between_claims_of_one_subject() -> None:
    assert first("Disk usage below 80 %") == "host.disk"
    assert first("Alert on disk usage") == "prometheus.rules"
    assert first("Rollback procedure documented").startswith("docs.")


def test_a_heading_says_what_a_short_item_is_about() -> None:
    assert (
        first("Enabled", "Swap", "HSTS") == first("HSTS enabled") if matches(Statement("Enabled", ("HSTS",))) else True
    )
    assert {match.id for match in matches(Statement("Rotation configured", ("Logs",)))} & {"host.log_rotation"}


def test_headings_alone_mean_nothing() -> None:
    assert matches(Statement("Bananas", ("TLS certificate is valid",))) == []


def test_what_no_check_shows_is_known() -> None:
    assert says_no_check(Statement("Terraform state is stored remotely"))
    assert not says_no_check(Statement("TLS certificate is valid"))


def test_equal_matches_have_one_order() -> None:
    found = matches(Statement("Database backups, TLS and health checks are configured"))
    assert found == sorted(found, key=lambda match: (-match.score, match.id))


def test_words_are_named_as_they_are_written() -> None:
    said = Statement("SSL/TLS Certificates are valid")
    assert said.written(matches(said)[0].matched) == ("SSL/TLS", "Certificates", "valid")
