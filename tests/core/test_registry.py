"""What a check asks of facts, and what it is given of their answers."""

from __future__ import annotations

import functools
import re
import subprocess
import sys
import threading
from collections.abc import Hashable, Mapping
from pathlib import Path
from typing import Annotated, Any

import pytest
from pydantic import Field

from pytest_readiness.core.evidence import Evidence
from pytest_readiness.core.names import FIXTURES
from pytest_readiness.core.registry import CHECKS, FACTS, Check, RegistrationError, check, fact
from pytest_readiness.domains.docs.resource import Document
from tests.stack.patience import patient

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


# Declarations that cannot work


def declare(text: str) -> None:
    """Run the text of a module that declares facts or checks."""
    names = {"__name__": "declared", "Annotated": Annotated, "Any": Any, "Field": Field, "Lock": threading.Lock}
    exec(text, names | {"Evidence": Evidence, "check": check, "fact": fact})


DEADLINE = "it must be a number of seconds above 0, at most 9223372036."


@pytest.mark.parametrize(
    ("option", "sentence"),
    [
        ("deadline=None", f"Fact odd: its 'deadline' is None; {DEADLINE}"),
        ("deadline='5'", f"Fact odd: its 'deadline' is '5'; {DEADLINE}"),
        ("deadline=True", f"Fact odd: its 'deadline' is True; {DEADLINE}"),
        ("deadline=0", f"Fact odd: its 'deadline' is 0; {DEADLINE}"),
        ("deadline=-1", f"Fact odd: its 'deadline' is -1; {DEADLINE}"),
        ("deadline=float('nan')", f"Fact odd: its 'deadline' is nan; {DEADLINE}"),
        ("deadline=float('inf')", f"Fact odd: its 'deadline' is inf; {DEADLINE}"),
        ("deadline=9999999999", f"Fact odd: its 'deadline' is 9999999999; {DEADLINE}"),
        ("deadline=1e300", f"Fact odd: its 'deadline' is 1e+300; {DEADLINE}"),
        ("way=['x']", "Fact odd: its 'way' is ['x']; it must be a text."),
        ("way=None", "Fact odd: its 'way' is None; it must be a text."),
        ("extra=['jwt']", "Fact odd: its 'extra' is ['jwt']; it must be a text."),
        ("fact_class=None", "Fact odd: its 'fact_class' is None; it must be a text."),
        ("heavy='no'", "Fact odd: its 'heavy' is 'no'; it must be True or False."),
        ("exclusive=0", "Fact odd: its 'exclusive' is 0; it must be True or False."),
    ],
)
def test_an_option_of_a_fact_is_what_it_must_be(option: str, sentence: str) -> None:
    with pytest.raises(RegistrationError) as caught:
        declare(f"@fact({option})\ndef odd(document): return ''")
    assert (str(caught.value), caught.value.module) == (sentence, "declared")
    assert "odd" not in FACTS


@pytest.mark.parametrize(
    ("function", "why"),
    [
        ("async def odd(document): return Evidence('x')", "is an 'async def', which nobody awaits."),
        ("async def odd(document): yield Evidence('x')", "is an 'async def', which nobody awaits."),
        ("def odd(document): yield Evidence('x')", "has a 'yield', so that a call does not run it."),
        ("def odd(document, *more): return Evidence('x')", "takes '*more'. Name each parameter instead."),
        ("def odd(document, **more: Any): return Evidence('x')", "takes '**more'. Name each parameter instead."),
    ],
)
def test_a_function_that_a_call_does_not_run_is_refused(function: str, why: str) -> None:
    claimed = re.sub(": (return|yield)", r":\n    'It holds.'\n    \1", function)
    for what, decorator in (("Fact odd", "@fact"), ("Check own.odd", "@check('own.odd', severity='low', remedy='r')")):
        with pytest.raises(RegistrationError) as caught:
            declare(f"{decorator}\n{claimed}")
        assert f"{what} {why}" in str(caught.value)


@pytest.mark.parametrize("name", ["tmp_path", "monkeypatch", "host", "request", "target"])
def test_a_fact_does_not_hide_a_fixture(name: str) -> None:
    with pytest.raises(
        RegistrationError, match=f"'{name}' is not a name for a fact; it is that of a fixture that means"
    ):
        declare(f"@fact\ndef {name}(document): return ''")


@pytest.mark.parametrize("declared", [functools.partial(print, end=""), 5, "fact"])
def test_what_is_declared_is_a_function(declared: Any) -> None:
    sentence = f"is a {type(declared).__name__}, not a function: .*. Write one by 'def'"
    with pytest.raises(RegistrationError, match=f"A fact {sentence}"):
        fact(declared)
    with pytest.raises(RegistrationError, match=f"Check 'own.odd' {sentence}"):
        check("own.odd", severity="low", remedy="r")(declared)


def test_a_check_gets_its_arguments_by_their_names() -> None:
    with pytest.raises(RegistrationError, match=r"own\.odd takes 'document' by position only, .* Leave the '/' out"):
        declare(
            "@check('own.odd', severity='low', remedy='r')\n"
            "def odd(document, /, *, least: int = 1):\n    'It holds.'\n    return Evidence('x')"
        )
    assert "own.odd" not in CHECKS


def test_a_fact_needs_a_name() -> None:
    with pytest.raises(RegistrationError, match="'<lambda>' is not a name for a fact; no parameter can be named so"):
        fact(lambda document: "")


def test_every_fixture_of_pytest_and_testinfra_is_known(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "pytest", "--fixtures", "-p", "pytester", "-p", "no:cacheprovider"]
    shown = subprocess.run(
        command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=patient(60)
    ).stdout
    theirs = set(re.findall(r"^([A-Za-z]\w*)(?: \[.*\])? -- .*(?:_pytest|testinfra)/", shown, re.MULTILINE))
    # Each version of pytest has some more.
    assert {"host", "tmp_path", "pytester"} <= theirs <= FIXTURES


@pytest.mark.parametrize(
    ("parameter", "sentence"),
    [
        (
            "names: Annotated[list[str], Field(min_length=1)] = []",
            "Check own.odd: its parameter 'names' has the default [], which its own type refuses (list should have at "
            "least 1 item after validation, not 0). Mend the one or the other.",
        ),
        ("at_most: int = '5'", "'at_most' has the default '5', which its own type refuses (input should be a valid"),
        ("word: str = None", "'word' has the default None, which its own type refuses (input should be a valid string"),
        ("needed: int, names: list[str] = ('x',)", "'names' has the default ('x',), which its own type refuses"),
        (
            "names: list[str] = Field(default_factory=list, min_length=1)",
            "'names' has the default [], which its own type refuses (list should have at least 1 item",
        ),
        (
            "names: Annotated[list[str], Field(default_factory=list, min_length=1)]",
            "'names' has the default [], which its own type refuses (list should have at least 1 item",
        ),
        (
            "names: list[str] = Field(default_factory=lambda: {}['x'])",
            "the defaults of its parameters could not be looked at (KeyError: 'x').",
        ),
        ("fine: int = 1, a: Lock", "its parameter 'a' is none that a binding could set (Pydantic"),
        ("model_validate: str = 'x'", "its parameter 'model_validate' is none that a binding could set ("),
        ("fine: int, model_config: int = 1", "its parameter 'model_config' is none that a binding could set ("),
        ("keys: str = 'x'", "its parameter 'keys' is none that a binding could set ("),
        ("_a: int", "its parameter '_a' is none that a binding could set ("),
        ("_a: int = 1", "its parameter '_a' is none that a binding could set ("),
        ("__class__: int = 1", "its parameter '__class__' is none that a binding could set ("),
        ("__config__: int = 1", "its parameter '__config__' is none that a binding could set ("),
        ("a: 'int.none'", "the type of a parameter is not known ("),
    ],
)
def test_a_default_is_what_a_binding_could_say(parameter: str, sentence: str) -> None:
    declare(
        "@check('own.odd', severity='low', remedy='r')\n"
        f"def odd(document, *, {parameter}):\n    'It holds.'\n    return Evidence('x')"
    )
    with pytest.raises(RegistrationError) as caught:
        _ = CHECKS["own.odd"].parameters
    assert sentence in str(caught.value)
    assert caught.value.module == "declared"


@pytest.mark.parametrize(
    "parameter",
    [
        "names: Set[str] = {'a'}",
        "pairs: Mapping[str, int] = ChainMap({'a': 1})",
        "factor: complex = 1.0",
        "at_most: Annotated[int, Field(ge=0, alias='at-most')] = 0",
        "needed: str, several: tuple[int, ...] = (1, 2)",
    ],
)
def test_a_default_that_its_type_takes_as_it_is_is_right(parameter: str) -> None:
    declare(
        "from collections import ChainMap\nfrom collections.abc import Mapping, Set\n"
        "@check('own.odd', severity='low', remedy='r')\n"
        f"def odd(document, *, {parameter}):\n    'It holds.'\n    return Evidence('x')"
    )
    assert CHECKS["own.odd"].parameters


def test_every_default_that_ships_is_right() -> None:
    assert all(each.parameters for each in CHECKS.values())
