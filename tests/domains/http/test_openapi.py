from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from pytest_readiness.domains.http.openapi import read, undeclared
from pytest_readiness.protocols.http.answer import Response


def differs(schema: Any, value: Any, version: str = "3.0.3") -> str:
    answer = {"description": "", "content": {"application/json": {"schema": schema}}}
    paths = {"/a": {"get": {"responses": {"200": answer}}}}
    text = json.dumps({"openapi": version, "info": {"title": "x", "version": "1"}, "paths": paths})
    document, described = read(text, "http://localhost/openapi.json")
    assert not described.fault
    headers = (("content-type", "application/json"),)
    body = json.dumps(value)
    return undeclared(document, "/a", Response("http://localhost/a", 200, headers, body, False, 0.0, datetime.now(UTC)))


@pytest.mark.parametrize("version", ["3.0.3", "3.1.0"])
@pytest.mark.parametrize(
    ("type", "format", "right", "wrong"),
    [
        (
            "string",
            "date-time",
            ["2026-11-30T10:00:00Z", "2026-11-30t10:00:60.123456789+01:00", "2024-02-29 23:59:59-00:00"],
            ["30.11.2026", "2026-11-30T10:00:00", "2026-11-30", "2026-02-30T10:00:00Z", "2026-11-30T25:00:00Z", ""],
        ),
        ("string", "date", ["2026-11-30"], ["30.11.2026", "2026-11-30T10:00:00Z", "2026-02-30"]),
        ("string", "uuid", ["123e4567-e89b-42d3-a456-426614174000"], ["12"]),
        ("string", "email", ["a@b.example"], ["nobody"]),
        ("string", "ipv4", ["192.0.2.1"], ["192.0.2.256"]),
        ("string", "ipv6", ["2001:db8::1"], ["192.0.2.1"]),
        ("integer", "int32", [2**31 - 1, -(2**31)], [2**31]),
        ("integer", "int64", [2**63 - 1, -(2**63)], [2**63]),
        ("string", "made-up", ["anything"], []),
    ],
)
def test_a_value_is_of_its_format(version: str, type: str, format: str, right: list[Any], wrong: list[Any]) -> None:
    schema = {"type": "object", "properties": {"a": {"type": type, "format": format}}}
    assert {str(value): differs(schema, {"a": value}, version) for value in right} == {str(each): "" for each in right}
    for value in wrong:
        assert differs(schema, {"a": value}, version) == f"200 whose $.a is not as the schema says (format {format})"


def test_a_format_says_nothing_of_other_types() -> None:
    schema = {"type": "object", "properties": {"a": {"type": "string", "format": "date-time", "nullable": True}}}
    assert differs(schema, {"a": None}) == ""
