"""What is read out of answers, however they are made."""

from __future__ import annotations

import time
from datetime import UTC, datetime

import pytest

from pytest_readiness.domains.http.checks.headers import frame_option, parse_csp, referrer_of
from pytest_readiness.protocols.http.answer import Response, header_field, text_of
from pytest_readiness.protocols.markup import parse
from tests.stack.patience import patient


def answer(*headers: tuple[str, str], body: str = "", status: int = 200) -> Response:
    kept = tuple(header_field(*header) for header in headers)
    return Response("https://shop.example.com/", status, kept, body, False, 0.1, datetime.now(UTC))


@pytest.mark.parametrize(
    ("headers", "stored"),
    [
        ([("Age", "11")], "Age: 11"),
        ([("Age", "11, 3")], "Age: 11"),
        ([("Age", "3")], ""),
        ([("Age", "3"), ("X-Cache", "HIT")], ""),  # kept, but for three seconds only
        ([("Age", "soon")], ""),
        ([("Age", "-1")], ""),
        ([("X-Cache", "TCP_HIT from a23")], "x-cache: TCP_HIT from a23"),
        ([("X-Cache", "TCP_MISS")], ""),
        ([("X-Cache", "Hit from cloudfront")], "x-cache: Hit from cloudfront"),
        ([("CF-Cache-Status", "REVALIDATED")], "cf-cache-status: REVALIDATED"),
        ([("CF-Cache-Status", "BYPASS")], ""),
        ([("Cache-Status", "ExampleCache; hit")], "cache-status: ExampleCache; hit"),
        ([("Warning", '110 - "Response is Stale"')], 'warning: 110 - "Response is Stale"'),
        ([("Cache-Status", "ExampleCache; fwd=uri-miss; stored")], ""),
    ],
)
def test_what_a_cache_kept(headers: list[tuple[str, str]], stored: str) -> None:
    assert answer(*headers).stored == stored


@pytest.mark.parametrize(
    "piece",
    ["a", "<title>", "<title> ", "<meta ", "charset=", "_Incapsula_Resource?", "*.", "'nonce-", ";", ",", "=", "\\"],
)
def test_hostile_answers_are_read_quickly(piece: str) -> None:
    started = time.monotonic()
    many = (piece * 1024 * 1024)[: 1024 * 1024]
    header = many[: 60 * 1024]
    names = ("Content-Security-Policy", "X-Frame-Options", "Age", "X-Cache", "Cache-Status", "Location", "Content-Type")
    found = answer(*((name, header) for name in names), body=many, status=302)
    assert not found.challenge
    assert isinstance(found.stored + found.location, str)
    policies = parse_csp(found.values("content-security-policy"), parse(found.body).policies)
    assert isinstance(policies, list)
    assert isinstance(parse_csp((f"script-src {header}",), (f"script-src {header}",)), list)
    assert isinstance(frame_option(found) + referrer_of(header, [header]), str)
    assert isinstance(text_of(many.encode(), found.headers), str)
    assert time.monotonic() - started < patient(5)
