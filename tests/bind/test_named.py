"""What a text names: ports, paths, variables, hosts, versions."""

from __future__ import annotations

import time
from fractions import Fraction

import pytest

from pytest_readiness.bind.named import named_in
from pytest_readiness.bind.values import values_in


def read(text: str, kind: str) -> list[Fraction | str]:
    return [value.value for value in named_in(text) if value.kind == kind]


@pytest.mark.parametrize(
    ("text", "ports"),
    [
        ("ports 80, 443", [80, 443]),
        ("Ports 80 (HTTP) and 443 (HTTPS) open", [80, 443]),
        ("port: 5432", [5432]),
        ("22/tcp", [22]),
        ("port 8000-9000", []),
        ("port 80 or 443", []),
        ("port 99999", []),
        ("80 people support it", []),
        ("port 443 is open, 80 is closed and 22 is not reachable", [443, 80, 22]),
        ("80 is closed", []),
        ("22 and 80 are the only open ports", [22, 80]),
        ("all ports but 80 and 443", [80, 443]),
        ("53/udp, 161 udp, UDP port 162, port 163 (UDP)", []),
    ],
)
def test_ports(text: str, ports: list[int]) -> None:
    assert read(text, "port") == ports


@pytest.mark.parametrize(
    ("text", "paths", "files"),
    [
        ("GET /healthz returns 200", ["/healthz"], []),
        ("/api/v1/users.", ["/api/v1/users"], []),
        ("(/etc/app/x.conf, /mnt/data)", [], ["/etc/app/x.conf", "/mnt/data"]),
        ("and/or, TLS/SSL, 24/7, HTTPS / SSL", [], []),
        ("/auth/* and /users/{id} and /users/:id", [], []),
        ("https://example.com/login", ["/login"], []),
        ("https://example.com/etc/x?y=1#top is up", ["/etc/x?y=1"], []),
        ("https://example.com/ and https://example.com", [], []),
        ("see https://example.com/a (https://example.com/b)", [], []),
        ("https://example.com/users/:id and https://example.com/v1/*", [], []),
    ],
)
def test_paths_of_a_site_are_no_files(text: str, paths: list[str], files: list[str]) -> None:
    assert read(text, "path") == paths
    assert read(text, "file") == files


def test_variables_and_what_they_are_set_to() -> None:
    assert read("SECRET_KEY, $DB_HOST and ${API_URL} are set; TLS and CSP too", "variable") == [
        *("SECRET_KEY", "DB_HOST", "API_URL"),
    ]
    assert read("APP_JWT_* is set", "variable") == []
    assert [(value.of, value.value) for value in named_in("DEBUG=False and NODE_ENV='production'")] == [
        ("DEBUG", "False"),
        ("NODE_ENV", "production"),
    ]
    assert read("NODE_ENV=production (or staging)", "assignment") == []
    assert read("NODE_ENV=production and staging", "assignment") == []


@pytest.mark.parametrize(
    ("text", "hosts"),
    [
        ("app.example.com resolves", ["app.example.com"]),
        ("https://api.example.org:8443/v1", []),
        ("https://api.example.org/v1", ["api.example.org"]),
        ("manage.py, next.js, README.md, run.sh, Node.js, e.g. this", []),
        ("ops@example.com", []),
    ],
)
def test_hosts(text: str, hosts: list[str]) -> None:
    assert read(text, "host") == hosts


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("TLS 1.2 or higher", ("tls", "1.2", ">=")),
        ("TLS 1.2+", ("tls", "1.2", ">=")),
        ("minimum TLS 1.2", ("tls", "1.2", ">=")),
        ("Python >= 3.11", ("python", "3.11", ">=")),
        ("TLS 1.3 only", ("tls", "1.3", "only")),
        ("PostgreSQL 16", ("postgresql", "16", "")),
        ("TLS version is at least 1.2", ("tls", "1.2", ">=")),
        ("PostgreSQL server must be at least version 15", ("postgresql", "15", ">=")),
        ("Postgres is not older than 15", ("postgres", "15", ">=")),
        ("TLS 1.0 and 1.1 are off", None),
        ("under 200 ms", None),
    ],
)
def test_versions(text: str, version: tuple[str, str, str] | None) -> None:
    found = [(value.of, value.value, value.comparison) for value in named_in(text) if value.kind == "version"]
    assert [each for each in found if each[0] != "and"] == ([version] if version else [])


@pytest.mark.parametrize(
    ("text", "codes"),
    [("200 OK", [200]), ("returns HTTP 204", [204]), ("returns 401/403", []), ("responds within 200 ms", [])],
)
def test_statuses(text: str, codes: list[int]) -> None:
    assert read(text, "status") == codes


def test_quotes_addresses_percentiles_and_dates() -> None:
    assert read("shows \"Sorry\", 'back soon' and “later”; don't use the user's", "quoted") == [
        *("Sorry", "back soon", "later"),
    ]
    assert read("from 10.0.0.0/8 and 203.0.113.7, not 999.1.1.1", "address") == ["10.0.0.0/8", "203.0.113.7"]
    assert read("p95, 99th percentile, average", "percentile") == ["p95", "p99", "mean"]
    assert read("p99.9, 95 % of all requests, slowest, max. latency, no request", "percentile") == [
        *("p99.9", "p95", "maximum", "maximum", "maximum"),
    ]
    assert read("on 2026-01-31 or 5 March 2026", "date") == ["2026-01-31", "5 March 2026"]


@pytest.mark.parametrize(
    "piece",
    [
        "1 ",
        "a.",
        "/a",
        "/*",
        "A_",
        "80, ",
        "no more ",
        "(",
        "'",
        "9",
        "10 - ",
        "status of ",
        "A=B",
        "minimum of ",
        "and 80 ",
        "ports but ",
        "a ",
    ],
)
def test_no_text_takes_long(piece: str) -> None:
    # A pattern that tries all ways of reading it would take minutes.
    begun = time.monotonic()
    values_in("port " + piece * 5000)
    assert time.monotonic() - begun < 20
