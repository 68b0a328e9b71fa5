"""What the text of an item gives of a check's parameters."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pytest_readiness.bind.kinds import Kind
from pytest_readiness.bind.values import Parameters, not_read_of, parameters_for
from pytest_readiness.bind.words import all_words
from pytest_readiness.checklist.reading import parse_checklist
from pytest_readiness.core.domains import load_catalogue
from pytest_readiness.plan.coming import COMING


def read(check: str, text: str) -> Parameters:
    (item,) = parse_checklist(f"# Release\n\n- [ ] {text}\n", Path("release.md")).leaves()
    return parameters_for(check, item, all_words())


@pytest.mark.parametrize(
    ("check", "text", "given"),
    [
        ("artifact.coverage", "Coverage > 80%", {"over": 80}),
        ("artifact.coverage", "Coverage at least 80 %", {"min": 80}),
        ("env.length", "`SECRET_KEY` – 32+ characters", {"names": ["SECRET_KEY"], "min": 32}),
        ("env.present", "`DATABASE_URL` and `REDIS_URL` are set", {"names": ["DATABASE_URL", "REDIS_URL"]}),
        ("env.values", "`DEBUG=False`", {"values": {"DEBUG": "False"}}),
        ("net.only_open", "Only ports 80, 443 are open", {"ports": [80, 443]}),
        ("net.only_open", "Only 80/tcp, 443/tcp and 22/tcp are open", {"ports": [80, 443, 22]}),
        ("net.ssh_restricted", "Only 10.0.0.0/8 and 192.0.2.1 reach it", {"networks": ["10.0.0.0/8", "192.0.2.1"]}),
        ("host.ssh_hardened", "5 attempts max", {"max_auth_tries": 5}),
        ("http.response_time", "p95 of at most 200 ms", {"p95_ms": 200}),
        ("http.response_time", "Answers within 0.5 s", {"p95_ms": 500}),
        ("net.latency", "Port 5432 within 5 ms", {"ms": 5, "port": 5432}),
        ("http.health", "`GET /healthz` returns 200 OK", {"path": "/healthz", "status": 200}),
        ("tls.expiry", "Valid for at least 30 days", {"min_days": 30}),
        ("tls.versions", "TLS 1.2 or higher", {"min": "1.2"}),
        ("postgres.version_supported", "PostgreSQL >= 14", {"min_major": 14}),
        ("container.memory_limit", "Memory limit of 512Mi", {"max_mb": 512}),
        ("http.hsts", "HSTS with preload, max-age of at least 1 year", {"min_age_days": 365, "preload": True}),
        ("dns.dmarc", "DMARC with p=reject", {"min_policy": "reject"}),
        ("browser.accessibility", "WCAG 2.1 level AA", {"standard": "wcag21aa"}),
        ("browser.web_vitals", "LCP ≤ 2.5s, CLS ≤ 0.1, TBT ≤ 200 ms", {"lcp_s": 2.5, "cls": 0.1, "tbt_ms": 200}),
        ("container.restart_policy", "Restart policy: unless stopped", {"policies": ["unless-stopped"]}),
        ("backup.recent", "Daily backups", {"max_age_hours": 24}),
        ("secrets.rotated", "No secret is older than 90 days", {"max_age_days": 90}),
        ("http.rate_limit", "100 requests on /login", {"path": "/login", "limit": 100}),
        ("http.reachable", "https://orders.example.com/healthz returns 200", {"path": "/healthz", "status": 200}),
        ("http.health", "GET https://orders.example.com:8443/healthz?full=1#top", {"path": "/healthz?full=1"}),
        ("http.health", "`https://orders.example.com/` returns 200", {"status": 200}),
        ("http.hsts", "HSTS max-age=94608000", {"min_age_days": 1095}),
        ("http.hsts", "HSTS max-age=31536000 (1 year)", {"min_age_days": 365}),
        ("http.hsts", "HSTS of at least 1 year (31536000 seconds)", {"min_age_days": 365}),
        ("http.hsts", "max-age is at least 31536000", {"min_age_days": 365}),
        ("dns.ttl", "TTL is at most 300", {"max_seconds": 300}),
        ("tls.versions", "TLS version is at least 1.2", {"min": "1.2"}),
        ("postgres.version_supported", "Postgres version is at least 15", {"min_major": 15}),
        ("postgres.version_supported", "PostgreSQL server must be at least version 15", {"min_major": 15}),
        ("http.response_time", "p95 is always at most 300 ms", {"p95_ms": 300}),
        ("http.response_time", "95 % of requests within 300 ms", {"p95_ms": 300}),
        ("http.response_time", "300 ms > p95 of the response time", {"p95_ms": 299}),
        ("browser.page_load", "Slowest page loads within 3 s", {"max_s": 3}),
        ("host.time_synced", "Clocks are off by at most 100 ms", {"max_offset_ms": 100}),
        ("backup.retention", "Backups have been kept for 30 days", {"span_days": 30}),
        ("backup.recent", "Last backup was 24 hours ago", {"max_age_hours": 24}),
        ("secrets.rotated", "Rotated at most 90 days ago", {"max_age_days": 90}),
        ("artifact.coverage", "Coverage never drops below 80 %", {"min": 80}),
    ],
)
def test_a_text_gives_parameters(check: str, text: str, given: dict[str, Any]) -> None:
    found = read(check, text)
    assert found.given == given
    assert found.not_read == ()


@pytest.mark.parametrize(
    ("check", "text", "why"),
    [
        ("http.response_time", "p99 within 200 ms", "is about the p99"),
        ("http.response_time", "Average within 200 ms", "is about the mean"),
        ("host.disk", "At least 20 % of the disk is used", "is no limit of the kind 'at most'"),
        ("host.disk", "Free disk space below 95 %", "is no limit of the kind 'at most'"),
        ("host.disk", "Disk usage: 15 % headroom", "is not clear whether it is used or free"),
        ("host.disk", "Free space and inodes at most 95 %", "is no limit of the kind 'at most'"),
        ("host.disk", "Disk usage down by 95 %", "is a change, and no limit"),
        ("host.disk", "Disk usage grows less than 5 %", "is a change, and no limit"),
        ("host.swap", "1 % < swap usage", "is no limit of the kind 'at most'"),
        ("http.response_time", "300 ms is less than the p95", "is no limit of the kind 'at most'"),
        ("http.response_time", "p95 is 300 ms better than before", "is a change, and no limit"),
        ("http.response_time", "Slowest response time 300 ms", "is about the maximum"),
        ("http.response_time", "Response time always under 300 ms", "is about the maximum"),
        ("http.response_time", "99.9 % of all requests within 300 ms", "is about the p99.9"),
        ("http.response_time", "Fastest response within 300 ms", "is about the minimum"),
        ("http.response_time", "p95 is greater than or equal to 300 ms", "is no limit of the kind 'at most'"),
        ("tls.expiry", "Certificate expired 30 days ago", "is a time that has gone by"),
        ("tls.expiry", "Certificate has been expired for 30 days", "is a time that has gone by"),
        ("tls.expiry", "Certificate is older than 30 days", "is a time that has gone by"),
        ("tls.expiry", "Certificate is valid until 2029-03-01", '"2029-03-01": no parameter takes it.'),
        ("dns.ttl", "TTL between 60 and 300 s", '"between 60 and 300 s": which of its numbers counts is not clear.'),
        ("net.closed", "Ports 22, 8000-9000 are closed", "stands for several"),
        ("http.response_time", "Within 300 ms for 99 % of the users", "is about the p99"),
        ("tls.trusted", "Certificate valid for 30 days", '"30 days": no parameter takes it.'),
        ("host.disk", "At least 900 TB of the disk is free", '"At least 900 TB": no parameter takes it.'),
        ("env.length", "The key has exactly 64 characters", "says something else than 'at least'"),
        ("env.length", "The key has 64 hex characters", "is not converted to characters"),
        ("postgres.version_supported", "Debian 12 or newer", "is not said to be of postgresql"),
        ("postgres.version_supported", "Postgres newer than 14", "says something else than 'at least'"),
        ("http.health", "https://example.com/users/:id works", "stands for several"),
        ("net.closed", "Port 161 (UDP) is closed", "is of UDP, and the check sees TCP"),
        ("net.closed", "Port 443 is open", "is said to be open"),
        ("net.open", "Port 443 is blocked", "is said to be closed"),
        ("tls.expiry", "Valid for 3 months", "is not converted to days"),
        ("container.memory_limit", "Memory limit of 512 MB", "is not converted to mebibytes"),
        ("env.length", "The key has 32 bytes", "is not converted to characters"),
        ("postgres.version_supported", "PostgreSQL 16", "says something else than 'at least'"),
        ("artifact.coverage", "Coverage at least 80% (branches at least 70%)", "is one of several"),
        ("http.health", "/health and /ready answer", "is one of several"),
        ("dns.dmarc", "DMARC is quarantine or reject", "is one of several"),
        ("host.disk", "Disk usage of about 80%", "is not clear how it limits"),
        ("http.auth_required", "`/admin/*` and `/internal` need a login", "stands for several"),
        ("net.ssh_restricted", "From 10.0.0.0/8, never from 192.0.2.0/24", "is one of several"),
        ("host.disk", "Alert at 90% of the disk", "is not clear how it limits"),
        # The check takes 1 to 6 only.
        ("host.ssh_hardened", "MaxAuthTries 50", "is not what the check takes"),
    ],
)
def test_what_would_be_another_limit_is_left_out_and_named(check: str, text: str, why: str) -> None:
    found = read(check, text)
    assert found.given == {}
    assert why in str(found.not_read[0])


def test_the_percentile_beside_a_time_is_its_own() -> None:
    found = read("http.response_time", "p95 within 200 ms, p99 within 500 ms")
    assert found.given == {"p95_ms": 200}
    assert tuple(map(str, found.not_read)) == ('"within 500 ms" for p95_ms: it is about the p99.',)


@pytest.mark.parametrize(
    ("check", "text", "given"),
    [
        ("host.disk", "Every disk has at least 20% free space", {"max_used_pct": 80}),
        ("host.disk", "30 % of the disk is free", {"max_used_pct": 70}),
        ("host.disk", "More than 20 % of the disk is free", {"max_used_pct": 79.9}),
        ("host.disk", "No disk has less than 15 % left", {"max_used_pct": 85}),
        ("host.disk", "At most 80 % full and 20 % free", {"max_used_pct": 80}),
        ("host.disk", "At most 80 % of the available space is used", {"max_used_pct": 80}),
        ("host.memory", "Memory usage of at most 90 %", {"min_available_pct": 10}),
        ("host.memory", "At least 10 % of the memory is available", {"min_available_pct": 10}),
    ],
)
def test_what_is_free_is_the_rest_of_what_is_used(check: str, text: str, given: dict[str, float]) -> None:
    found = read(check, text)
    assert found.given == given
    assert found.not_read == ()


@pytest.mark.parametrize(
    "text",
    [
        "Port 443 is open, 80 is closed",
        "Port 80 is closed, 443 is open",
        "Port 80 is closed and 443 is open",
        "Open port 443, and block port 80",
        "Port 443/tcp is open but port 80/tcp is not",
        "Port 80 is closed; port 443 isn't closed",
        "443 is open, port 80 is closed",
        "Port 443 is open. 80 is not.",
        "443 is the only open port, 80 is closed",
    ],
)
def test_each_port_is_what_is_said_of_it(text: str) -> None:
    assert read("net.closed", text).given == {"ports": [80]}
    assert read("net.open", text).given == {"ports": [443]}
    assert read("net.only_open", text).given == {"ports": [443]}


@pytest.mark.parametrize(
    "text",
    [
        *("All ports but 443 are closed", "All ports are closed except for port 443", "Nothing but port 443 is open"),
        *("No port other than 443 is open", "Every port is closed, only port 443 is open"),
    ],
)
def test_a_port_that_is_excepted_is_the_opposite_of_the_others(text: str) -> None:
    assert read("net.only_open", text).given == {"ports": [443]}
    assert read("net.closed", text).given == {}


def test_a_port_that_some_may_reach_is_neither_open_nor_closed_to_all() -> None:
    text = "Port 5432 is only reachable from the application"
    assert read("net.closed", text) == Parameters({"ports": [5432]}, ("Port", "5432"))


@pytest.mark.parametrize(
    ("text", "ports"),
    [
        *(("53/udp is closed", []), ("161 udp is closed", []), ("UDP ports 161 and 162", [])),
        *(("Ports 53 (TCP) and 161 (UDP)", [53]), ("Port 53 over UDP", []), ("Ports 22, 80/tcp; 53/udp", [22, 80])),
    ],
)
def test_a_port_of_udp_is_none_of_tcp(text: str, ports: list[int]) -> None:
    found = read("net.closed", text)
    assert found.given == ({"ports": ports} if ports else {})
    assert "UDP" in str(found.not_read[0])


@pytest.mark.parametrize(
    ("text", "window"),
    [
        ("20 requests per minute", "per minute"),
        ("20 requests a minute per address", "a minute per address"),
        ("20 requests/s", "/s"),
        ("20 requests per 10 seconds", "per 10 seconds"),
        ("20 rps", "rps"),
    ],
)
def test_the_time_in_which_something_is_counted_is_not_dropped(text: str, window: str) -> None:
    found = read("http.rate_limit", text)
    assert found.given == {"limit": 20}
    assert [str(note) for note in found.not_read] == [f'"{window}": no parameter takes it.']


def test_what_one_of_several_checks_takes_is_taken() -> None:
    text = "HSTS for at least 365 days, 80 % of the pages with CSP"
    together = {id: read(id, text) for id in ("http.hsts", "http.csp")}
    assert [str(note) for note in together["http.csp"].not_read] == [
        '"at least 365 days": no parameter takes it.',
        '"80 %": no parameter takes it.',
    ]
    assert {id: [note.words for note in notes] for id, notes in not_read_of(together).items()} == {
        "http.hsts": ["80 %"],
        "http.csp": ["80 %"],
    }


def test_a_note_is_one_line() -> None:
    text = "# Release\n\n- [ ] **Disk usage of about**\n  80 % everywhere\n"
    (item,) = parse_checklist(text, Path("release.md")).leaves()
    (note,) = parameters_for("host.disk", item, all_words()).not_read
    assert str(note).startswith('"about 80 %" for max_used_pct')


@pytest.mark.parametrize(
    ("check", "text", "given"),
    [
        ("http.response_time", "p95 < 200 ms", {"p95_ms": 199}),
        ("host.disk", "Disk usage below 80%", {"max_used_pct": 79.9}),
        ("browser.page_load", "Page load under 3 s", {"max_s": 2.999}),
        ("backup.recent", "Backup less than 24 hours old", {"max_age_hours": 23.99}),
        ("mail.test_message", "Arrives in under 60 seconds", {"within": 59}),
        ("host.swap", "Swap usage below 1 %", {"max_used_pct": 0.9}),
        ("net.latency", "Less than 5 ms", {"ms": 4.99}),
        ("dns.registration", "Registered for more than 90 days", {"min_days": 91}),
        ("postgres.size", "Database size < 1 GB", {"max_gb": 0.999}),
        ("browser.web_vitals", "CLS < 0.1", {"cls": 0.099}),
    ],
)
def test_a_limit_that_the_text_does_not_accept_itself_is_given_a_little_stricter(
    check: str, text: str, given: dict[str, float]
) -> None:
    assert read(check, text).given == given


@pytest.mark.parametrize(
    ("check", "text", "given"),
    [
        ("net.only_open", "Ports 80 and 443 are open; port 22 is closed", {"ports": [80, 443]}),
        ("host.listening_only", "Port 631 is not listening", {}),
        ("net.open", "Port 5432 isn't reachable", {}),
        ("net.closed", "Port 5432 is not reachable", {"ports": [5432]}),
        ("http.metrics", "Metrics endpoint is not public", {"public": False}),
        ("http.metrics", "Metrics endpoint works", {}),
        ("http.robots", "robots.txt disallows everything on staging", {"crawling": "forbidden"}),
        ("http.robots", "robots.txt lets search engines in", {}),
        ("tls.versions", "TLS 1.3 only", {"min": "1.3"}),
        ("tls.versions", "TLS 1.2 is disabled", {}),
    ],
)
def test_what_a_text_forbids_is_not_allowed(check: str, text: str, given: dict[str, object]) -> None:
    assert read(check, text).given == given


def test_of_what_is_counted_more_than_two_are_at_least_three() -> None:
    assert read("k8s.replicas", "More than 2 replicas").given == {"min": 3}
    assert read("k8s.replicas", "At least 2 replicas").given == {"min": 2}


@pytest.mark.parametrize(
    ("check", "text"),
    [
        ("env.values", "`DEBUG=True` is never set"),
        ("env.values", "`DEBUG=True` is removed"),
        ("http.hsts", "HSTS preload is disabled"),
        ("http.hsts", "HSTS without preload"),
        ("tls.mozilla", "Old protocols are off"),
        ("tls.trusted", "Certificate is checked every day"),
        ("http.health", "Health check (see https://docs.example.com/health)"),
        ("no.such_check", "At least 3 replicas"),
    ],
)
def test_nothing_is_guessed(check: str, text: str) -> None:
    assert read(check, text) == Parameters()


def test_the_words_that_gave_a_parameter_are_named() -> None:
    assert read("env.length", "`SECRET_KEY` has at least 32 characters").words == (
        *("SECRET_KEY", "at", "least", "32", "characters"),
    )


def test_detail_is_read_as_well() -> None:
    (item,) = parse_checklist(
        "# Release\n\n- [ ] **Secrets**\n  `SECRET_KEY` has 32+ characters\n", Path("release.md")
    ).leaves()
    assert parameters_for("env.length", item, all_words()).given == {"names": ["SECRET_KEY"], "min": 32}


def test_words_name_parameters_that_the_checks_have() -> None:
    checks = load_catalogue()
    wrong = [
        f"{id}: {name}"
        for id, words in all_words().items()
        if id in checks
        for name in words.parameters or {}
        if name not in checks[id].parameters.model_fields
    ]
    assert wrong == []
    assert all(id in checks or id in COMING for id, words in all_words().items() if words.parameters)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("at least cats", "'cats' is no kind of parameter"),
        ("percent", "say how it limits"),
        ("at most ports", "not say that it limits"),
        ("flag", "by which words"),
    ],
)
def test_a_kind_that_cannot_be_read_is_a_sentence(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        Kind.parse(text)


def test_a_kind_says_how_it_limits_and_which_words_it_needs() -> None:
    assert Kind.parse("at most/every hours of backup/dump") == Kind("hours", ("at most", "every"), ("backup", "dump"))
