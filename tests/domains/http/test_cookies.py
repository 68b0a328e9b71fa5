from __future__ import annotations

from datetime import UTC, datetime

import pytest

from pytest_readiness.domains.http.cookies import Jar, cookie_date

SITE = "https://app.example.com"


def sent(set_cookie: str, to: str = "/", set_by: str = "/", site: str = SITE) -> str:
    jar = Jar()
    jar.take([set_cookie], f"{site}{set_by}", datetime.now(UTC))
    return jar.header(f"{site}{to}")


@pytest.mark.parametrize(
    ("set_cookie", "to", "set_by"),
    [
        ("s=1", "/", "/"),
        ("s=1", "/account/me", "/account/login"),
        ("s=1", "/account", "/account/login"),
        ("s=1; Path=/acc", "/acc/x", "/"),
        ("s=1; Path=acc", "/", "/"),
        ("s=1; Max-Age=60; Expires=Thu, 01 Jan 1970 00:00:00 GMT", "/", "/"),
        ('s=1; Max-Age="0"', "/", "/"),
        ("s=1; Expires=0", "/", "/"),
        ("s=1; Expires=Mon, 30-Nov-50 07:00:00 GMT", "/", "/"),
        ("s=1; Domain=", "/", "/"),
        ("s=1; Domain=.example.com", "/", "/"),
        ("s=1; SECURE; HTTPONLY; SameSite=Lax", "/", "/"),
        ("__Host-s=1; Secure; Path=/", "/x", "/y/z"),
        ("__Secure-s=1; Secure; Domain=example.com", "/", "/"),
        ("s=1; SameSite=None; Secure; Partitioned", "/", "/"),
    ],
)
def test_a_cookie_is_kept_and_sent(set_cookie: str, to: str, set_by: str) -> None:
    assert sent(set_cookie, to, set_by) == set_cookie.partition(";")[0]


@pytest.mark.parametrize(
    ("set_cookie", "to", "set_by"),
    [
        ("s=1", "/", "/account/login"),
        ("s=1; Path=/acc", "/account", "/"),
        ("s=1; Path=/acc/", "/acc", "/"),
        ("s=1; Max-Age=0", "/", "/"),
        ("s=1; Expires=Wed, 31-Dec-69 23:00:00 GMT; Max-Age=-1", "/", "/"),
        ("s=1; Expires=Thu, 01 Jan 1970 00:00:00 GMT", "/", "/"),
        ("s=1; Domain=other.example.com", "/", "/"),
        ("s=1; Domain=com", "/", "/"),
        ("s=1; SameSite=None", "/", "/"),
        ("s=1; Partitioned", "/", "/"),
        ("__Host-s=1; Secure; Path=/; Domain=app.example.com", "/", "/"),
        ("__Host-s=1; Path=/", "/", "/"),
        ("__Host-s=1; Secure", "/", "/"),
        ("__host-s=1; Path=/", "/", "/"),
        ("__Secure-s=1", "/", "/"),
        ("=__Host-s=1; Secure; Path=/", "/", "/"),
        ("s=1\x01", "/", "/"),
        (f"s={'1' * 4096}", "/", "/"),
        ("", "/", "/"),
    ],
)
def test_a_cookie_is_not_kept_or_not_sent(set_cookie: str, to: str, set_by: str) -> None:
    assert sent(set_cookie, to, set_by) == ""


def test_a_secure_cookie_stays_with_https() -> None:
    assert sent("s=1; Secure", site="http://app.example.com") == ""
    assert sent("s=1; Secure", site="http://localhost:8000") == "s=1"
    jar = Jar()
    jar.take(["s=1; Secure"], SITE, datetime.now(UTC))
    assert jar.header("http://app.example.com/") == ""


def test_whose_cookies_are_sent() -> None:
    jar = Jar()
    jar.take(["own=1", "all=2; Domain=example.com", "deep=3; Path=/a"], SITE, datetime.now(UTC))
    assert jar.header(f"{SITE}/a") == "deep=3; own=1; all=2"
    assert jar.header("https://www.example.com/a") == "all=2"
    assert jar.header("https://example.com.evil.example/") == ""
    jar.take(["own=4", "all=; Domain=example.com; Max-Age=0"], SITE, datetime.now(UTC))
    assert jar.header(f"{SITE}/") == "own=4"
    jar.bring("mine", "5", SITE)
    assert jar.header(f"{SITE}/") == "own=4; mine=5"


@pytest.mark.parametrize(
    ("text", "year"),
    [
        ("Mon, 30 Nov 2026 07:00:00 GMT", 2026),
        ("Mon, 30-Nov-26 07:00:00 GMT", 2026),
        ("Mon Nov 30 07:00:00 2026", 2026),
        ("Mo, 30. November 2026, 07:00:00 Uhr", 2026),
        ("30 Nov 99 7:0:0", 1999),
    ],
)
def test_dates_are_read_whatever_their_form(text: str, year: int) -> None:
    date = cookie_date(text)
    assert date
    assert (date.year, date.month, date.day, date.hour) == (year, 11, 30, 7)


@pytest.mark.parametrize(
    "text", ["", "0", "-1", "never", "1893456000", "30 Nov 2026", "31 Feb 2026 07:00:00", "a" * 9999]
)
def test_what_is_no_date_is_ignored(text: str) -> None:
    assert cookie_date(text) is None
