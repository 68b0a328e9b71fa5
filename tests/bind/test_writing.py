"""Plain data is written so that every reader of YAML takes it as it was meant."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from pytest_readiness.bind.writing import WIDTH, comment_text, entry_lines, plain
from pytest_readiness.core.yamlfile import parse_yaml

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=30) | st.sampled_from(
    [
        "no",
        "On",
        "y",
        "null",
        "~",
        "1.0",
        "0640",
        "1:30",
        "2026-01-02",
        "1_000",
        "<<",
        "=",
        "- a",
        "a: b",
        "a #b",
        "é",
        "🚀",
        "",
    ]
)
scalars = texts | st.integers() | st.booleans() | st.none() | st.floats(allow_nan=False)
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=5) | st.dictionaries(texts, inner, max_size=5), max_leaves=12
)


def written(key: str, value: Any, comment: str = "") -> tuple[list[str], list[str]]:
    return entry_lines(key, plain(value), 2, 2, comment)


@settings(max_examples=200, deadline=None)
@given(key=texts.filter(bool), value=values, comment=st.text(max_size=200))
def test_what_is_written_is_read_back(key: str, value: Any, comment: str) -> None:
    above, lines = written(key, value, comment_text(comment))
    text = "\n".join(["section:", *above, *lines, "  last: 1", ""])
    assert parse_yaml(text, Path("x"), "file") == {"section": {key: plain(value)} | {"last": 1}}


@pytest.mark.parametrize("text", ["no", "On", "y", "0640", "1:30", "2026-01-02", "1_000", "null", "1e3", "0x1f", "="])
def test_what_some_version_of_yaml_takes_for_something_else_has_quotes(text: str) -> None:
    assert written(text, [text])[1] == [f'  "{text}": ["{text}"]']
    for version in ((1, 1), (1, 2)):
        yaml = YAML(typ="safe", pure=True)
        yaml.version = version
        assert yaml.load("\n".join(written(text, [text])[1])) == {text: [text]}


def test_plain_words_have_none() -> None:
    value = {
        "check": "docs.sections",
        "sections": ["Rollback|Undo", "Who decides"],
        "valid": "30d",
        "on": "/docs",
    }
    assert written("runbook-exists", value)[1] == [
        "  runbook-exists: {check: docs.sections, sections: [Rollback|Undo, Who decides], valid: 30d, on: /docs}"
    ]


def test_what_is_too_long_for_a_line_has_a_key_a_line() -> None:
    steps = [{"name": "the account opens", "get": "/account", "expect": {"text": "Signed in"}}] * 2
    value = {"check": "http.flow", "steps": [*steps, {"names": ["word"] * 40}], "all": []}
    _, lines = written("users-can-sign-in", value)
    assert lines[:4] == [
        "  users-can-sign-in:",
        "    check: http.flow",
        "    steps:",
        "      - {name: the account opens, get: /account, expect: {text: Signed in}}",
    ]
    assert lines[5:8] == ["      - names:", "          - word", "          - word"]
    assert lines[-1] == "    all: []"
    assert max(map(len, lines)) <= WIDTH


def test_a_comment_stands_behind_the_key_or_above_it() -> None:
    assert written("a", {"proposed": "tls.trusted"}, "likely: a") == (
        [],
        ["  a:  # likely: a", "    proposed: tls.trusted"],
    )
    assert written("a", "tls.trusted", "likely: a") == ([], ["  a: tls.trusted  # likely: a"])
    above, lines = written("a", "tls.trusted", "likely: " + "word " * 40)
    assert lines == ["  a: tls.trusted"]
    assert len(above) == 2
    assert all(line.startswith("  # ") and len(line) <= WIDTH for line in above)


def test_a_comment_is_one_line_whatever_is_in_it() -> None:
    assert comment_text("a\nb: c\x1b[31m\u2028d") == "a b: c\\x1b[31m d"
