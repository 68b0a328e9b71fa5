"""What is known of images and ports."""

from __future__ import annotations

from pytest_readiness.discover.known import web_addresses


def test_the_plain_port_beside_the_one_with_tls_is_no_site_of_its_own() -> None:
    both = {80: "localhost:8080", 443: "localhost:8443"}
    redirecting = {"url": "https://localhost:8443", "plain_http": "http://localhost:8080"}
    assert web_addresses(both) == {443: redirecting}
    assert web_addresses({**both, 8000: "localhost:8000", 5432: "localhost:5432"}) == {
        443: redirecting,
        8000: {"url": "http://localhost:8000"},
    }


def test_a_port_alone_is_a_site() -> None:
    assert web_addresses({80: "localhost:8080"}) == {80: {"url": "http://localhost:8080"}}
    assert web_addresses({8443: "localhost:8443", 80: "localhost:80"}) == {
        8443: {"url": "https://localhost:8443"},
        80: {"url": "http://localhost:80"},
    }
