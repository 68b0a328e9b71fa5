from __future__ import annotations

import time

import pytest

from pytest_readiness.protocols.http.structured import Members, parse_dictionary
from tests.stack.patience import patient


@pytest.mark.parametrize(
    ("field", "members"),
    [
        ("", {}),
        (" a=1 , b ", {"a": ("1",), "b": None}),
        ('a=(x "y, z"  :AA==: ?1 1.5);p=1; q, *b=?0;r', {"a": ("x", '"y, z"', ":AA==:", "?1", "1.5"), "*b": ("?0",)}),
        ("a=1, b=2, a=( )", {"b": ("2",), "a": ()}),
        ("a=(x;p y;q=1)", {"a": ("x", "y")}),
        ("a=1,", None),
        ("a=1,,b=2", None),
        ("a=1 b=2", None),
        ("A=1", None),
        ("a=", None),
        ("a= 1", None),
        ("a=(x,y)", None),
        ("a=(x", None),
        ("a='x'", None),
        ('a="\x00"', None),
        ("a=1.2345", None),
        ("a=é", None),
    ],
)
def test_a_dictionary(field: str, members: Members | None) -> None:
    assert parse_dictionary(field) == members


@pytest.mark.parametrize("text", ["a=(", "a=((", "a;", "a;b", 'a="', "a,", "a=(b;", "a=-"])
def test_hostile_dictionaries_are_read_in_time(text: str) -> None:
    started = time.monotonic()
    parse_dictionary(text * 30_000)
    assert time.monotonic() - started < patient(2)
