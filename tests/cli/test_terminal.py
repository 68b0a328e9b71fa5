from __future__ import annotations

import pytest

from pytest_readiness.bind.review import BACKSPACE, CLEAR, ENTER, ESCAPE, LEAVE, Pasted
from pytest_readiness.cli.terminal import Keys

ESC = b"\x1b"


def keys(*parts: bytes) -> list[str | Pasted]:
    """The keys in what a terminal sends in these parts; nothing comes for a while after the last."""
    reader = Keys()
    return [key for part in parts for key in reader.take(part)] + list(reader.take(b"", waited=True))


def test_characters_are_keys() -> None:
    assert keys(b"1y?", "é漢😀".encode()) == ["1", "y", "?", "é", "漢", "😀"]
    assert keys(b"\r\n\x7f\x08\x15\x03\x04") == [ENTER, ENTER, BACKSPACE, BACKSPACE, CLEAR, LEAVE, LEAVE]
    assert keys(ESC) == [ESCAPE]


@pytest.mark.parametrize(
    "sequence",
    [
        *("[A", "[B", "[C", "[D", "[H", "[3~", "[1;5C", "[200;300R", "[?1;2c", "[<0;10;10M", "[15~", "[Z"),
        *("OP", "OA", "]11;rgb:1e1e/1e1e/1e1e\x07", "]11;rgb:11/11/11\x1b\\", "P1$r0m\x1b\\", "b", "1"),
    ],
)
def test_other_keys_and_answers_of_terminals_mean_nothing(sequence: str) -> None:
    data = b"\x1b" + sequence.encode()
    assert keys(b"a" + data + b"z") == ["a", "z"]
    # However slowly they come, no part of them is a key that means anything.
    assert keys(*(bytes([each]) for each in b"a" + data + b"z")) == ["a", "z"]


def test_the_rest_of_a_sequence_that_came_too_late_is_no_key() -> None:
    reader = Keys()
    assert list(reader.take(ESC)) == []
    assert reader.unfinished
    assert list(reader.take(b"", waited=True)) == [ESCAPE]
    assert list(reader.take(b"[3~n")) == ["n"]
    assert list(reader.take(b"\x1b[")) == list(reader.take(b"", waited=True)) == []
    assert list(reader.take(b"3~n")) == ["n"]


def test_control_characters_and_bytes_that_are_no_text_mean_nothing() -> None:
    assert keys(bytes(each for each in range(32) if each not in b"\r\n\x08\x15\x03\x04\x1b"), b"a") == ["a"]
    assert keys(b"\xff\xfea") == ["\ufffd", "\ufffd", "a"]
    assert keys("a\u202eb\u200b".encode()) == ["a", "b"]


def test_a_character_in_two_parts_is_one_key() -> None:
    whole = "漢".encode()
    assert keys(whole[:1], whole[1:]) == ["漢"]


def test_what_is_pasted_is_one_text_however_it_comes() -> None:
    data = b"a\x1b[200~1\r\n2 \x1b[A 3\x1b[201~b"
    wanted = ["a", Pasted("1\r\n2 \x1b[A 3"), "b"]
    assert keys(data) == wanted
    assert keys(*(bytes([each]) for each in data)) == wanted


def test_a_paste_without_an_end_can_be_left() -> None:
    assert keys(b"\x1b[200~111", b"11\x03", b"n") == [LEAVE, "n"]


def test_a_paste_is_bounded() -> None:
    (pasted,) = keys(b"\x1b[200~", *[b"x" * 50_000] * 5, b"\x1b[201~")
    assert isinstance(pasted, Pasted)
    assert len(pasted.text) == 100_000
