"""What a check asks of facts, and what it is given of their answers."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any

import pytest

from pytest_readiness.core.evidence import Evidence
from pytest_readiness.core.registry import CHECKS, Check, RegistrationError, check, fact
from pytest_readiness.domains.docs.resource import Document

Pair = tuple[str, str]


@pytest.fixture(autouse=True)
def _facts(registry: None) -> None:
    @fact
    def toy_line(document: Document, *, ask: int) -> str:
        return f"line {ask}"

    @fact
    def toy_pair(document: Document, *, ask: tuple[str, ...]) -> str:
        return " ".join(ask)

    @fact
    def toy_pairs(document: Document, *, asks: tuple[Pair, ...]) -> int:
        return len(asks)

    @fact
    def toy_words(document: Document, *, asks: tuple[str, ...]) -> Words:
        return Words()


class Words:
    """A record that answers each question by itself, and not all of them."""

    def answer(self, question: str) -> str:
        return {"first": "one", "second": "two"}[question]


RUNBOOK = Document(name="runbook", path="runbook.md")


def asking(asks: Any) -> Check:
    @check("toy.asks", severity="low", remedy="r", asks=asks)
    def asks_(toy_line: str, toy_words: str, *, number: int = 1, numbers: list[int] = [2, 3, 2]) -> Evidence:  # noqa: B006
        """It asks."""
        return Evidence("")

    return CHECKS["toy.asks"]


PARAMETERS = {"number": 1, "numbers": [2, 3, 2]}
LINES = {number: f"line {number}" for number in range(9)}


@pytest.mark.parametrize(
    ("asks", "asked", "argument"),
    [
        (lambda _, number: {"toy_line": number}, (1,), "line 1"),
        ({"toy_line": 5}, (5,), "line 5"),
        ({"toy_line": 0}, (0,), "line 0"),
        (lambda _, numbers, more=4: {"toy_line": [more, *numbers]}, (4, 2, 3), {n: LINES[n] for n in (4, 2, 3)}),
        ({"toy_line": [7]}, (7,), {7: "line 7"}),
        ({"toy_line": []}, (), {}),
        ({"toy_line": None}, (), None),
    ],
)  # fmt: skip
def test_a_check_gets_the_answers_to_its_own_questions(
    asks: Any, asked: tuple[Hashable, ...], argument: object
) -> None:
    made = asking(asks)
    assert made.asked(RUNBOOK, PARAMETERS).get("toy_line") == asked
    given = made.argument("toy_line", LINES, RUNBOOK, PARAMETERS)
    if isinstance(argument, dict):
        assert isinstance(given, Mapping)
        # A dict is equal to another one in any order.
        assert list(given.items()) == list(argument.items())
        assert [number in given for number in (1, 7)] == [number in argument for number in (1, 7)]
        assert len(given) == len(argument)
        with pytest.raises(KeyError):
            given[10]
    else:
        assert given == argument


def test_no_answer_to_what_others_asked() -> None:
    given = asking({"toy_line": [2, 3]}).argument("toy_line", LINES, RUNBOOK, PARAMETERS)
    assert list(given) == [2, 3]
    with pytest.raises(KeyError):
        given[4]


def words(questions: Any) -> Check:
    return asking({"toy_line": None, "toy_words": questions})


def test_a_record_may_answer_by_itself() -> None:
    assert words("second").argument("toy_words", Words(), RUNBOOK, PARAMETERS) == "two"
    given = words(["second", "third", "first"]).argument("toy_words", Words(), RUNBOOK, PARAMETERS)
    # Each is looked up when it is needed: one that cannot be answered spoils no other.
    assert (given["second"], given["first"], "third" in given) == ("two", "one", True)
    whole = object()
    assert words("second").argument("toy_words", whole, RUNBOOK, PARAMETERS) is whole


@pytest.mark.parametrize(
    ("asks", "message"),
    [
        ({"toy_line": (1,)}, r'toy\.asks asks toy_line a tuple, .* \{"toy_line": question\}.*\[first, second\]'),
        ({"toy_line": None, "toy_words": ("first", "second")}, "asks toy_words a tuple"),
        ({"toy_line": [(1, 2)]}, "asks toy_line a tuple"),
        ({"toy_line": {1, 2}}, "asks toy_line a set"),
        ({"toy_line": [[1]]}, "asks toy_line a list"),
        (lambda _: {"toy_line": (number for number in (1, 2))}, "asks toy_line a generator"),
        (lambda _, p: {"toy_line": p["number"]}, "'asks' takes 'p', which is not a parameter of the check"),
        (lambda _, toy_line: {"toy_line": toy_line}, "'asks' takes 'toy_line', which is not a parameter"),
    ],
)  # fmt: skip
def test_what_is_no_question(asks: Any, message: str) -> None:
    made = asking(asks)
    for way in (made.asked, made.questions):
        with pytest.raises(RegistrationError, match=message):
            way(RUNBOOK, PARAMETERS)


@pytest.mark.parametrize(
    ("asks", "message"),
    [
        ({"toy_lin": [1]}, "asks 'toy_lin', which is not among its arguments. Did you mean 'toy_line'?"),
        ({"toy_words": "first"}, "takes 'toy_line', which is read for questions, and asks none"),
        (lambda document: 1 / 0, r"its function 'asks' failed \(ZeroDivisionError"),
        (lambda document: ["toy_line"], "must ask by a mapping"),
        (lambda document: None, "must ask by a mapping"),
    ],
)
def test_questions_that_cannot_be_meant_are_refused(asks: Any, message: str) -> None:
    with pytest.raises(RegistrationError, match=message):
        asking(asks).asked(RUNBOOK, PARAMETERS)


def test_a_parameter_needs_a_type_that_is_known() -> None:
    with pytest.raises(RegistrationError, match="its parameter 'n' needs a type"):

        @check("toy.untyped", severity="low", remedy="r")
        def untyped(toy_line: str, *, n=3) -> Evidence:  # type: ignore[no-untyped-def]
            """It has none."""
            return Evidence("")

    @check("toy.unknown", severity="low", remedy="r")
    def unknown(toy_line: str, *, n: Nope = 3) -> Evidence:  # type: ignore[name-defined]  # noqa: F821
        """It names one that is not there."""
        return Evidence("")

    with pytest.raises(RegistrationError, match="the type of a parameter is not known"):
        _ = CHECKS["toy.unknown"].parameters


def test_a_question_may_be_a_tuple() -> None:
    @check("toy.pairs", severity="low", remedy="r", asks={"toy_pair": ("a", "b"), "toy_pairs": [("a", "b")]})
    def pairs(toy_pair: str, toy_pairs: int) -> Evidence:
        """It asks for pairs."""
        return Evidence("")

    made = CHECKS["toy.pairs"]
    assert made.asked(RUNBOOK, PARAMETERS) == {"toy_pair": (("a", "b"),), "toy_pairs": (("a", "b"),)}
