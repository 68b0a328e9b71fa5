"""A check gets the answers to its own questions, whoever else asks the same fact."""

from __future__ import annotations

import importlib
import json

import pytest

# A run within this process forgets what it was the first to import, and C extensions do not bear that.
for _module in ("rich.padding", "rich.table", "ruamel.yaml.cyaml"):
    importlib.import_module(_module)
for _module in ("record.recording", "run.start", "run.audit_log", "run.html_report", "report.outputs"):
    importlib.import_module(f"pytest_readiness.{_module}")

CONFTEST = '''
from dataclasses import dataclass
from pathlib import Path

from pytest_readiness import CouldNotVerify, Evidence, check, claim, fact

READ = Path(__file__).with_name("read.log")


def read(what):
    with READ.open("a") as log:
        log.write(f"{what}\\n")


@fact
def line(document, *, ask: int) -> str:
    """A line of the document."""
    read(f"line {ask}")
    if ask > 8:
        raise CouldNotVerify(f"the document has no line {ask}")
    return f"line {ask}"


@dataclass(frozen=True)
class Words:
    """What each word means."""

    asked: tuple[str, ...]

    def answer(self, question: str) -> str:
        if question == "unknown":
            raise CouldNotVerify("nobody knows the word")
        return f"{question} of {len(self.asked)}"


@fact
def words(document, *, asks: tuple[str, ...]) -> Words:
    """The words."""
    read(f"words {', '.join(asks)}")
    return Words(asks)


@check("toy.line", severity="low", remedy="r", asks=lambda document, number: {"line": number})
def one_line(line, *, number: int | None = None, least: str = "") -> Evidence:
    """A line is there."""
    claim(line is None or line >= least, expected=least, seen=line)
    return Evidence(repr(line))


@check("toy.lines", severity="low", remedy="r", asks=lambda document, numbers: {"line": numbers})
def lines(line, *, numbers: list[int], most: int = 9) -> Evidence:
    """Lines are there."""
    claim(len(line) <= most, expected=f"{most} lines", seen=f"{dict(line)}")
    return Evidence(f"{dict(line)}")


@check("toy.word", severity="low", remedy="r", asks=lambda document, word: {"words": word})
def word(words, *, word: str) -> Evidence:
    """A word means something."""
    return Evidence(words)


@check("toy.words", severity="low", remedy="r", asks=lambda document, named: {"words": named})
def several(words, *, named: list[str], look: str) -> Evidence:
    """Words mean something."""
    return Evidence(f"{words[look]}: {', '.join(words)}")
'''


def run(pytester: pytest.Pytester, *arguments: str, conftest: str = "", **bindings: str) -> pytest.RunResult:
    files = {
        "conftest.py": CONFTEST + conftest,
        "CHECK.md": "# Release\n\n" + "".join(f"- [ ] {name}\n" for name in bindings),
        "CHECK.checks.yaml": "release:\n" + "".join(f"  {name}: {text}\n" for name, text in bindings.items()),
        "readiness.yaml": "checklists: [CHECK.md]\ntargets: {prod: {documents: {runbook: runbook.md}}}\n",
        "pytest.ini": "[pytest]\naddopts = -p no:playwright -p no:base_url\n",
        "runbook.md": "Call the operator.\n",
    }
    for name, text in files.items():
        (pytester.path / name).write_text(text, "utf-8")
    return pytester.runpytest_inprocess("--readiness-target=prod", "--readiness-out=out", *arguments)


def found(pytester: pytest.Pytester) -> dict[str, tuple[str, str, str]]:
    result = json.loads((pytester.path / "out" / "result.json").read_text("utf-8"))
    return {
        item["id"].rpartition("/")[2]: (test["state"], test["evidence"], test["warning"])
        for section in result["sections"]
        for item in section["items"]
        for test in item["tests"]
    }


def reads(pytester: pytest.Pytester) -> list[str]:
    return sorted((pytester.path / "read.log").read_text("utf-8").splitlines())


pytestmark = pytest.mark.usefixtures("registry")


def test_one_question_or_a_list(pytester: pytest.Pytester) -> None:
    run(
        pytester,
        one="{check: toy.line, number: 1}",
        none="toy.line",
        many="{check: toy.lines, numbers: [3, 1, 3]}",
        nothing="{check: toy.lines, numbers: []}",
        lost="{check: toy.lines, numbers: [1, 9]}",
    )
    assert found(pytester) == {
        "one": ("passed", "'line 1'", ""),
        "none": ("passed", "None", ""),
        "many": ("passed", "{3: 'line 3', 1: 'line 1'}", ""),
        "nothing": ("passed", "{}", ""),
        "lost": ("error", "could not verify: the document has no line 9", ""),
    }
    assert reads(pytester) == ["line 1", "line 3", "line 9"]


def test_warn_asks_for_itself(pytester: pytest.Pytester) -> None:
    run(
        pytester,
        one="{check: toy.line, number: 2, warn: {number: 1, least: line 2}}",
        many="{check: toy.lines, numbers: [4], most: 1, warn: {numbers: [6, 5]}}",
        same="{check: toy.line, number: 2, warn: {least: line 2}}",
    )
    assert found(pytester) == {
        "one": ("passed", "'line 2'", "expected line 2; seen: line 1"),
        "many": ("passed", "{4: 'line 4'}", "expected 1 lines; seen: {6: 'line 6', 5: 'line 5'}"),
        "same": ("passed", "'line 2'", ""),
    }


def test_one_reading_answers_each_for_itself(pytester: pytest.Pytester) -> None:
    run(
        pytester,
        one="{check: toy.word, word: tide}",
        many="{check: toy.words, named: [unknown, ebb], look: ebb}",
        lost="{check: toy.words, named: [unknown, ebb], look: unknown}",
    )
    assert found(pytester) == {
        "one": ("passed", "tide of 3", ""),
        "many": ("passed", "ebb of 3: unknown, ebb", ""),
        "lost": ("error", "could not verify: nobody knows the word", ""),
    }
    assert reads(pytester) == ["words ebb, tide, unknown"]


OVERRIDE = """
import pytest

@pytest.fixture
def line(line):
    return line.upper()
"""


def test_a_fixture_may_build_on_the_answer(pytester: pytest.Pytester) -> None:
    run(pytester, conftest=OVERRIDE, one="{check: toy.line, number: 1}", two="{check: toy.line, number: 2}")
    assert [text for _, text, _ in found(pytester).values()] == ["'LINE 1'", "'LINE 2'"]


def test_a_test_of_ones_own_asks_as_it_goes(pytester: pytest.Pytester) -> None:
    (pytester.path / "test_own.py").write_text(
        "def test_it(document, line):\n    assert line[4] == 'line 4'\n", "utf-8"
    )
    result = run(pytester, "CHECK.md", "test_own.py", one="{check: toy.line, number: 1}")
    assert result.parseoutcomes() == {"passed": 2}
    assert reads(pytester) == ["line 1", "line 4"]


@pytest.mark.parametrize(
    ("asks", "words"),
    [
        ("lambda document, number: {'line': (number,)}", "*asks line a tuple, which is not a question of it. Write *"),
        (
            "lambda document, p: {'line': [p['number']]}",
            "*'asks' takes 'p', which is not a parameter of the check. It *",
        ),
    ],
)
def test_the_old_way_to_ask_is_refused(pytester: pytest.Pytester, asks: str, words: str) -> None:
    old = f"""
@check("toy.old", severity="low", remedy="r", asks={asks})
def old(line, *, number: int) -> Evidence:
    '''It asks as checks did.'''
    return Evidence(line[number])
"""
    result = run(pytester, conftest=old, one="{check: toy.old, number: 1}")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"ERROR: *conftest.py: Check toy.old{words}"])
    assert "Traceback" not in result.stderr.str()
