"""What is read out of answers, however they are made."""

from __future__ import annotations

import gzip
import time
from datetime import UTC, datetime

import pytest

from pytest_readiness.core.evidence import CouldNotVerify
from pytest_readiness.domains.http.checks.headers import frame_option, parse_csp, referrer_of
from pytest_readiness.protocols.http.answer import Response, decoded, header_field, text_of
from pytest_readiness.protocols.markup import parse
from tests.stack.patience import patient


def answer(*headers: tuple[str, str], body: str = "", status: int = 200) -> Response:
    kept = tuple(header_field(*header) for header in headers)
    return Response("https://shop.example.com/", status, kept, body, False, 0.1, datetime.now(UTC))


GZIP = ("content-encoding", "gzip")
PLAIN, PACKED = b"shop " * 400, gzip.compress(b"shop " * 400, mtime=0)


@pytest.mark.parametrize(
    ("raw", "headers", "body"),
    [
        (PACKED, [GZIP], PLAIN),
        (PACKED + PACKED, [GZIP], PLAIN + PLAIN),
        (gzip.compress(b"", mtime=0) + PACKED, [GZIP], PLAIN),
        (PACKED + b"\n\n", [GZIP], PLAIN),
        (PACKED, [("content-encoding", "identity"), GZIP], PLAIN),
        (PACKED, [], PACKED),
        (PACKED, [("content-encoding", "identity")], PACKED),
    ],
)
def test_a_body_without_its_coding(raw: bytes, headers: list[tuple[str, str]], body: bytes) -> None:
    assert decoded(raw, headers, "GET /", 1 << 20, "") == (body, False)


@pytest.mark.parametrize("most", [len(PLAIN) - 1, len(PLAIN), len(PLAIN) + 1, 2 * len(PLAIN) - 1])
def test_a_body_of_several_members_is_read_up_to_its_limit(most: int) -> None:
    assert decoded(PACKED + PACKED, [GZIP], "GET /", most, "") == ((PLAIN + PLAIN)[:most], True)


@pytest.mark.parametrize(
    ("raw", "headers"),
    [
        (PACKED[:-9], [GZIP]),
        (PACKED + PACKED[:-9], [GZIP]),
        (PLAIN, [GZIP]),
        (gzip.compress(PACKED, mtime=0), [GZIP, GZIP]),
        (PACKED, [GZIP, ("content-encoding", "br")]),
    ],
)
def test_a_body_that_is_not_in_its_coding(raw: bytes, headers: list[tuple[str, str]]) -> None:
    with pytest.raises(CouldNotVerify, match=r"^GET / was answered in the coding"):
        decoded(raw, headers, "GET /", 1 << 20, "")


def test_a_body_of_very_many_members_is_read_quickly() -> None:
    began = time.monotonic()
    assert decoded(gzip.compress(b"", mtime=0) * 50_000, [GZIP], "GET /", 1 << 20, "")[0] == b""
    assert time.monotonic() - began < patient(2)


@pytest.mark.parametrize(
    "kind", ["text/html", "text/javascript", "text/html; charset=utf-8", "text/css; charset=utf-16"]
)
@pytest.mark.parametrize("charset", ["utf-16", "utf-8-sig"])
def test_a_byte_order_mark_tells_the_charset(kind: str, charset: str) -> None:
    assert text_of("käse".encode(charset), [("content-type", kind)]) == "käse"


@pytest.mark.parametrize(
    ("headers", "stored"),
    [
        ([("Age", "11")], "Age: 11"),
        ([("Age", "11, 3")], "Age: 11"),
        ([("Age", "0"), ("Age", "3000")], "Age: 3000"),  # of the cache at the edge, and of the one behind it
        ([("X-LiteSpeed-Cache", "hit")], "x-litespeed-cache: hit"),
        ([("X-Vercel-Cache", "STALE")], "x-vercel-cache: STALE"),
        ([("X-Vercel-Cache", "MISS"), ("Cache-Control", "no-cache")], ""),
        ([("X-FastCGI-Cache", "EXPIRED")], ""),  # asked for anew
        ([("X-Cache-Hits", "0, 12")], "x-cache-hits: 0, 12"),
        ([("X-Cache-Hits", "0, 0")], ""),
        ([("X-Varnish", "32770 3")], "x-varnish: 32770 3"),
        ([("X-Varnish", "32770")], ""),
        ([("X-Cache", "MISS"), ("X-Cache-Status", "STALE")], "x-cache-status: STALE"),
        ([("X-Cache", "RefreshHit from cloudfront")], ""),  # the server was asked whether it still holds
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
