"""Numbers of a text: their unit, and what is said of them."""

from __future__ import annotations

from fractions import Fraction

import pytest

from pytest_readiness.bind.quantities import quantities_in

DAY = 86400


def read(text: str) -> list[tuple[str, object, str, str]]:
    return [(value.kind, value.value, value.comparison, value.of) for value in quantities_in(text)]


@pytest.mark.parametrize(
    ("text", "comparison"),
    [
        ("coverage > 80%", ">"),
        ("coverage of more than 80 percent", ">"),
        ("coverage over 80 %", ">"),
        ("coverage ≥ 80%", ">="),
        ("coverage >= 80%", ">="),
        ("at least 80 % covered", ">="),
        ("80%+ coverage", ">="),
        ("80% or more", ">="),
        ("minimum: 80%", ">="),
        ("not less than 80%", ">="),
        ("disk below 80%", "<"),
        ("disk < 80%", "<"),
        ("disk at most 80%", "<="),
        ("disk ≤ 80 %", "<="),
        ("disk does not exceed 80%", "<="),
        ("no more than 80%", "<="),
        ("coverage is 80%", ""),
        ("exactly 80%", "only"),
        ("80% exactly", "only"),
        ("= 80%", "="),
        ("80 % < usage", ">"),
        ("80 % <= usage", ">="),
        ("80 % > usage", "<"),
        ("80 % ≥ usage", "<="),
        ("80 % is less than the usage", ">"),
        ("80 % is more than the usage", "<"),
        ("80 % exceeds the usage", "<"),
        ("80 % of the disk free at most", "<="),
        ("80 % used at the least", ">="),
        ("80 % under load", ""),
        ("less than or equal to 80 %", "<="),
        ("greater than or equal to 80 %", ">="),
        ("down by 80 %", "change"),
        ("lowered by at least 80 %", "change"),
        ("drops more than 80 %", "change"),
        ("drops below 80 %", "<"),
        ("a reduction of 80 %", "change"),
        ("an 80 % increase", "change"),
        ("80 % lower than last year", "change"),
        ("within 80 % of the baseline", "change"),
        ("80 % below the limit", "change"),
        ("half of 80 %", "?"),
        ("reduced to 80 %", ""),
        ("covered by at least 80 %", ">="),
        ("80 % or lower", "<="),
        ("about 80%", "?"),
    ],
)
def test_a_comparison_is_as_strict_as_it_is_written(text: str, comparison: str) -> None:
    assert read(text) == [("percent", 80, comparison, "")]


@pytest.mark.parametrize(
    ("text", "comparison"),
    [
        ("No query is slower than 80%", "<="),
        ("not older than 80%", "<="),
        ("No server has less than 80%", ">="),
        ("Never alert when it is over 80%", "?"),
        ("Nothing else, but over 80%", ">"),
        ("without 80%", "?"),
        ("No max. 80%", "?"),
        ("Alert at 80%", "?"),
    ],
)
def test_what_is_denied_is_turned_round_or_not_known(text: str, comparison: str) -> None:
    assert read(text) == [("percent", 80, comparison, "")]


@pytest.mark.parametrize(
    ("text", "seconds", "comparison"),
    [
        ("under 200 ms", Fraction(1, 5), "<"),
        ("sub-200ms", Fraction(1, 5), "<"),
        ("0.5s", Fraction(1, 2), ""),
        ("within 30 days", 30 * DAY, "<="),
        ("in the next 30 days", 30 * DAY, "<="),
        ("does not expire within 30 days", 30 * DAY, ">"),
        ("doesn’t run out in the next 30 days", 30 * DAY, ">"),
        ("can't expire within 30 days", 30 * DAY, ">"),
        ("30-day retention", 30 * DAY, ""),
        ("in the last 2 weeks", 14 * DAY, "<="),
        ("for 1 year", 365 * DAY, ""),
        ("every 5 minutes", 300, "every"),
        ("daily", DAY, "every"),
        ("once a week", 7 * DAY, "every"),
        ("every hour", 3600, "every"),
        ("two hours", 7200, ""),
    ],
)
def test_times_are_seconds(text: str, seconds: Fraction | int, comparison: str) -> None:
    assert read(text) == [("duration", seconds, comparison, "")]


@pytest.mark.parametrize(
    ("text", "number", "comparison", "of"),
    [
        ("32+ characters", 32, ">=", "characters"),
        ("password length ≥ 12", 12, ">=", "characters"),
        ("at least 3 replicas", 3, ">=", "replicas"),
        ("minimum replicas: 2", 2, ">=", "replicas"),
        ("two healthy pods", 2, "", "replicas"),
        ("more than 1,000 users", 1000, ">", "users"),
        ("RSA 2048+", 2048, ">=", "bits"),
        ("256-bit keys", 256, "", "bits"),
        ("CLS ≤ 0.1", Fraction(1, 10), "<=", "layout shift"),
    ],
)
def test_what_is_counted_has_a_name(text: str, number: Fraction | int, comparison: str, of: str) -> None:
    assert read(text) == [("count", number, comparison, of)]


def test_sizes_are_bytes_and_the_two_ways_of_counting_them_are_told_apart() -> None:
    assert read("under 512Mi") == [("binary size", 512 * 1024**2, "<", "")]
    assert read("at most 10 GB") == [("size", 10 * 1000**3, "<=", "")]


@pytest.mark.parametrize(
    "text",
    [
        *("24/7", "0007 users", "5 m"),
        *("5 business days", "Step 3", "web1", "$5", "v3.0.0", "1.2.3 users", f"{'9' * 5000} users", "0,5 s"),
    ],
)
def test_what_is_ambiguous_is_not_read(text: str) -> None:
    assert read(text) == []


@pytest.mark.parametrize(
    "text",
    [
        *("expired 30 days ago", "at least 30 days old", "has been up for 30 days", "not older than 30 days"),
        *("a 30-day-old backup", "expired for more than 30 days", "valid since 30 days"),
    ],
)
def test_a_time_that_has_gone_by_is_an_age(text: str) -> None:
    assert [(kind, value) for kind, value, _, _ in read(text)] == [("age", 30 * DAY)]


def test_what_lives_so_many_seconds_needs_no_unit() -> None:
    assert read("max-age=60; TTL: 5") == [("duration", 60, "=", ""), ("duration", 5, "", "")]
    assert read("TTL 5 minutes, age 60") == [("duration", 300, "", "")]


def test_the_time_in_which_something_is_counted_is_read() -> None:
    assert [
        value.words for value in quantities_in("3 restarts per day, 5 requests/min per user") if value.kind == "window"
    ] == [
        *("per day", "/min per user"),
    ]


@pytest.mark.parametrize(
    "text", ["10-20 users", "10 to 20 ms", "between 10 and 20 users", "10 or 20 users", "2/2 replicas", "5 ms to 3 ms"]
)
def test_a_range_is_found_as_a_whole(text: str) -> None:
    assert read(text) == [("range", text, "", "")]


def test_months_have_no_number_of_days() -> None:
    assert read("3 months") == [("months", 3, "", "")]


def test_the_words_are_those_of_the_text() -> None:
    assert [value.words for value in quantities_in("Disk At Most 80 % used, and 3 replicas or more")] == [
        "At Most 80 %",
        "3 replicas or more",
    ]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("within a second", [("duration", 1, "<=", "")]),
        ("lasts for a year", [("duration", 365 * DAY, "", "")]),
        ("valid for at least a month", [("months", 1, ">=", "")]),
        ("below half a second", [("duration", 1, "?", "")]),
        ("under a quarter of an hour", [("duration", 3600, "?", "")]),
        ("in a second server", []),
        ("runs once a week", [("duration", 7 * DAY, "every", "")]),
        ("tested a week", []),
        ("under 1.500 ms", [("duration", Fraction(15, 10_000), "?", "")]),
        ("under 1.50 ms", [("duration", Fraction(15, 10_000), "<", "")]),
        ("at least 99.999 %", [("percent", Fraction(99_999, 1000), ">=", "")]),
    ],
)
def test_amounts_without_a_plain_number(text: str, found: list[tuple[str, object, str, str]]) -> None:
    assert read(text) == found
