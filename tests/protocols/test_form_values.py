from __future__ import annotations

import time

import pytest

from pytest_readiness.protocols.form_values import asked_instead


@pytest.mark.parametrize(
    ("kind", "attributes", "sent", "asked"),
    [
        (
            "email",
            {},
            ["a@b.example", "a+b@müller.example", "a@localhost", " a@b.example "],
            ["a", "a@", "a@b..c", "a b@c"],
        ),
        ("email", {"multiple": ""}, ["a@b.example, c@d.example"], ["a@b.example; c@d.example"]),
        ("url", {}, ["https://shop.example", "mailto:a@b.example"], ["shop.example", "//shop.example", "https://a b"]),
        ("number", {}, ["1", "-2", "1e3"], ["many", "1,5", "1.5", "+1", "1."]),
        ("number", {"step": "any"}, ["1.5", ".5"], ["٣"]),
        ("number", {"step": "0.01", "min": "0"}, ["9.99", "0.1"], ["9.999", "-1"]),
        ("number", {"min": "1", "max": "99", "step": "2"}, ["1", "99", "3"], ["0", "100", "4"]),
        ("number", {"value": "0.5"}, ["1.5"], ["1"]),
        ("range", {"max": "10"}, ["10"], ["11"]),
        ("date", {"min": "2026-01-02"}, ["2026-01-02"], ["2026-01-01", "31.12.2026", "2026-02-30", "2026-1-2"]),
        ("datetime-local", {}, ["2026-03-02T09:30", "2026-03-02 09:30:10.5"], ["2026-03-02", "2026-13-02T09:30"]),
        ("time", {"min": "22:00", "max": "06:00"}, ["23:00", "05:00"], ["24:00", "9:00"]),
        ("time", {"max": "06:00"}, ["05:59"], ["06:01"]),
        ("month", {}, ["2026-03"], ["2026-13", "03/2026"]),
        ("week", {}, ["2026-W10"], ["2026-10"]),
        ("color", {}, ["#00ff00"], ["green"]),
        ("text", {"pattern": "[0-9]{5}"}, ["12345"], ["1234", "123456", "ABCDE"]),
        ("text", {"pattern": r"^\d+(?:x)$"}, ["anything: groups are not looked at"], []),
        ("text", {"pattern": "[A-Z]{2}-?[0-9]{1,}.*"}, ["DE1", "DE-12 and more"], ["D-1", "DE-"]),
        ("text", {"pattern": "(["}, ["a"], []),
        ("text", {"pattern": "[^ ]+ [^ ]+"}, ["Ada Lovelace"], ["Ada", "Ada "]),
        ("tel", {"pattern": r"\+[0-9 ]{4,}"}, ["+49 30 1"], ["0049"]),
        ("textarea", {"pattern": "a"}, ["b"], []),
        ("text", {}, ["anything"], []),
    ],
)
def test_what_browsers_send_and_what_they_ask_for(
    kind: str, attributes: dict[str, str], sent: list[str], asked: list[str]
) -> None:
    assert {value: asked_instead(kind, attributes, value) for value in ["", *sent]} == dict.fromkeys(["", *sent], "")
    assert [value for value in asked if not asked_instead(kind, attributes, value)] == []


def test_a_value_is_not_repeated() -> None:
    assert "s3cret" not in asked_instead("password", {"pattern": "[0-9]{5}"}, "s3cret")


def test_a_pattern_that_takes_others_years_takes_a_moment() -> None:
    begin = time.process_time()
    assert asked_instead("text", {"pattern": "a*" * 99 + "b"}, "a" * 199)
    assert time.process_time() - begin < 20
