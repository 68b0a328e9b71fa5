from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_readiness.core.problems import ProblemsError
from pytest_readiness.core.yamlfile import YamlList, YamlMap, parse_yaml, read_yaml

PATH = Path("readiness.yaml")


def parse(text: str) -> YamlMap:
    return parse_yaml(text, PATH, "configuration")


def mistakes(text: str) -> list[str]:
    with pytest.raises(ProblemsError) as caught:
        parse(text)
    return str(caught.value).splitlines()


def test_values_know_their_lines() -> None:
    root = parse("# remark\na: 1\nb:\n  c: [x,\n      y]\n  d: {e: true}\n")
    assert root == {"a": 1, "b": {"c": ["x", "y"], "d": {"e": True}}}
    assert root.lines == {"a": 2, "b": 3}
    assert isinstance(root["b"]["c"], YamlList)
    assert root["b"]["c"].lines == [4, 5]
    ways: list[list[str | int]] = [["b", "d", "e"], ["b", "c", 1], ["b", "nowhere"], ["nowhere"]]
    assert [root.line_of(keys) for keys in ways] == [6, 5, 3, 2]


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("12", 12),
        ("1.5", 1.5),
        ("yes", "yes"),
        ("on", "on"),
        ("true", True),
        ("null", None),
        ("", None),
        ("2026-03-01", date(2026, 3, 1)),
        ("'12'", "12"),
        ("22:30", "22:30"),
        ("010", 10),
    ],
)
def test_scalars_are_those_of_yaml_1_2(written: str, value: Any) -> None:
    assert parse(f"a: {written}\n") == {"a": value}


def test_an_address_needs_no_quotes_within_braces() -> None:
    assert parse("a: {url: https://shop.example.com:8443/x, b: [c:d]}\n") == {
        "a": {"url": "https://shop.example.com:8443/x", "b": ["c:d"]}
    }


def test_keys_are_texts() -> None:
    assert parse("1: a\ntrue: b\n") == {"1": "a", "true": "b"}


def test_anchors_and_merge_keys() -> None:
    root = parse("base: &base {a: 1, b: 2}\none: {<<: *base, b: 3}\ntwo: {<<: [*base, {c: 4}]}\nthree: *base\n")
    assert root["one"] == {"b": 3, "a": 1}
    assert root["two"] == {"a": 1, "b": 2, "c": 4}
    assert root["three"] == {"a": 1, "b": 2}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ["readiness.yaml: The configuration file is empty."]),
        (" \n", ["readiness.yaml: The configuration file is empty."]),
        ("# only a remark\n", ["readiness.yaml:1: The configuration file must hold a mapping (key: value)."]),
        ("- a\n- b\n", ["readiness.yaml:1: The configuration file must hold a mapping (key: value)."]),
        ("word\n", ["readiness.yaml:1: The configuration file must hold a mapping (key: value)."]),
        ("a: 1\n? [x]\n: 2\n", ["readiness.yaml:2: A key must be a plain word."]),
        ("a: &a [*a]\n", ["readiness.yaml:1: An alias refers to what encloses it."]),
        (
            "a: 1\nb:\n  c: 1\n  c: 2\na: 3\n",
            [
                "readiness.yaml:4: The key 'c' occurs twice; first on line 3.",
                "readiness.yaml:5: The key 'a' occurs twice; first on line 1.",
            ],
        ),
        ("a: 1\nb: {<<: 5}\n", ["readiness.yaml:2: '<<' takes a mapping, or a list of mappings, to merge."]),
        ("a: {<<: [1]}\n", ["readiness.yaml:1: '<<' takes a mapping, or a list of mappings, to merge."]),
        ("a: {<<: text}\n", ["readiness.yaml:1: '<<' takes a mapping, or a list of mappings, to merge."]),
    ],
)
def test_mistakes_are_told_with_their_lines(text: str, expected: list[str]) -> None:
    assert mistakes(text) == expected


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a: 1\nb: [1, 2\nc: 3\n", 3),
        ("a: 1\n\tb: 2\n", 2),
        ("a: *nothing\n", 1),
        ("a: 1\n---\nb: 2\n", 2),
        ("a: 'open\n", 2),
        ("a: b: c\n", 1),
        ("a: \x01\n", 0),
        ("a: !!int word\n", 1),
        ("a: 2026-99-99\n", 1),
    ],
)
def test_what_is_no_yaml_is_told_with_its_line(text: str, line: int) -> None:
    (told,) = mistakes(text)
    assert told.startswith(f"readiness.yaml{f':{line}' if line else ''}: The ")
    assert told.endswith(".")


@given(st.text(st.sampled_from("ab:-[]{}&*!|>'\"#%@`<?, \n\t\\1~\u2028é"), max_size=40))
def test_any_text_is_read_or_refused_in_sentences(text: str) -> None:
    try:
        told = "" if isinstance(parse(text), YamlMap) else "no mapping"
    except ProblemsError as error:
        told = str(error)
    assert not told or told.endswith(".")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: " + "[" * 20_000 + "]" * 20_000, "has lists or mappings in one another, too deeply to be read."),
        ("a: " + "{a: " * 101 + "}" * 101, "has lists or mappings in one another, too deeply to be read."),
        ("\n".join("  " * depth + "a:" for depth in range(400)), "has lists or mappings in one another, too deeply"),
        (
            "a0: &a0 [x, x, x, x, x, x, x, x, x]\n"
            + "".join(f"a{n}: &a{n} [{', '.join(9 * [f'*a{n - 1}'])}]\n" for n in range(1, 9)),
            "'s aliases stand for 490,329,055 values; at most 1,000,000 are read.",
        ),
        ("a: " + "x" * 10_000_000, "is longer than 10,000,000 characters."),
        ("a: " + "9" * 5_000, "it is a number of thousands of digits; put it in quotes if it is a text."),
    ],
)
def test_what_no_person_keeps_is_told_in_a_sentence(text: str, message: str) -> None:
    assert message in "".join(mistakes(text))


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    missing = tmp_path / "missing.yaml"
    latin = tmp_path / "latin.yaml"
    latin.write_bytes("a: 1\nb: caf\xe9\n".encode("latin-1"))
    for path, told in (
        (missing, f"{missing}: The bindings file does not exist."),
        (tmp_path, f"{tmp_path}: The bindings file cannot be read: Is a directory."),
        (latin, f"{latin}:2: The bindings file is not UTF-8 here; save it in that encoding."),
    ):
        with pytest.raises(ProblemsError) as caught:
            read_yaml(path, "bindings")
        assert str(caught.value) == told


def test_byte_order_mark_and_windows_line_ends(tmp_path: Path) -> None:
    path = tmp_path / "windows.yaml"
    path.write_bytes(b"\xef\xbb\xbfa: 1\r\nb: two\r\n")
    root = read_yaml(path, "bindings")
    assert root == {"a": 1, "b": "two"}
    assert root.lines == {"a": 1, "b": 2}
