"""Results of tests, as JUnit's XML has them in the dialects of many tools."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Literal

from pytest_readiness.config.target import Target
from pytest_readiness.core.evidence import CouldNotVerify
from pytest_readiness.core.registry import fact
from pytest_readiness.domains.artifact.files import ReportFile, ReportOrigin, moment_of, origin_of, read_report, xml_of
from pytest_readiness.domains.artifact.resource import ToolReport

if TYPE_CHECKING:
    from lxml.etree import _Element

Result = Literal["passed", "failed", "skipped"]
_FAILED = {"failure", "error", "rerunfailure", "rerunerror"}
_NOT_RUN = {"notrun", "skipped", "disabled", "ignored", "pending", "suppressed", "todo"}
_UNLOADED = ("", "Test suite failed to run")
"""Classes that pytest and jest-junit give to a file of tests that could not be loaded."""


@dataclass(frozen=True, slots=True)
class CaseResult:
    """A test, however often it was run.

    Attributes:
        suite: the innermost suite that it is in.
        classname, name: as the tool calls it.
        result: "failed" if any of its runs failed without being repeated by the tool itself; "skipped" also where it
            was expected to fail, or has no mark but is not counted by its own suite.
        again: how often it was run again.
    """

    suite: str
    classname: str
    name: str
    result: Result
    again: int = 0

    def selected(self, match: str) -> bool:
        """Whether a pattern means it, by its suite, its class or its whole name; a file that was not loaded may be."""
        names = (self.suite, self.classname, f"{self.classname}.{self.name}".strip("."))
        unloaded = self.result == "failed" and self.classname in _UNLOADED
        return unloaded or any(fnmatchcase(each, match) for each in names)


@dataclass(frozen=True, slots=True)
class Tests:
    """What a run of tests found.

    Attributes:
        origin: what is known of the report besides.
        cases: each test once, in the order of the files.
        count: how many there are.
    """

    origin: ReportOrigin
    cases: tuple[CaseResult, ...] = field(repr=False)
    count: int


@fact(deadline=60)
def test_report(report: ToolReport, target: Target) -> Tests:
    """Tests and their results in the report's files, from the elements and not from the totals."""
    files = read_report(report)
    runs: dict[tuple[str, str, str], list[tuple[Result, int]]] = defaultdict(list)
    made = []
    for file in files:
        root = xml_of(file)
        if root.tag not in ("testsuites", "testsuite"):
            raise CouldNotVerify(f"{file.path} is not JUnit's XML: its root is neither <testsuites> nor <testsuite>")
        made.append(_made(root))
        _read(root, file, runs)
    cases = tuple(CaseResult(*key, *_result(found)) for key, found in runs.items())
    return Tests(origin_of(report, target, files, tuple(made)), cases, len(cases))


def _made(root: _Element) -> datetime | None:
    """The earliest moment of a suite; jest-junit dates those that it could not load to 1970."""
    found = (moment_of(each.get("timestamp")) for each in root.iter("testsuites", "testsuite"))
    known = [each for each in found if each and each.year > 1970]
    return min(known, key=lambda each: each.replace(tzinfo=each.tzinfo or UTC), default=None)


def _read(root: _Element, file: ReportFile, runs: dict[tuple[str, str, str], list[tuple[Result, int]]]) -> None:
    within: dict[_Element, dict[_Element, tuple[Result, int]]] = defaultdict(dict)
    for case in root.iter("testcase"):
        within[next(case.iterancestors("testsuites", "testsuite"))][case] = _one(case)
    for suite in root.iter("testsuites", "testsuite"):
        name, results = suite.get("name", ""), within[suite]
        told = (_number(suite, "failures") or 0) + (_number(suite, "errors") or 0)
        if told and not any(_one(each)[0] == "failed" for each in suite.iter("testcase")):
            raise CouldNotVerify(f"{file.path}: a suite says that {told} failed, and none of its tests says so")
        if _FAILED.intersection(str(each.tag).lower() for each in suite if isinstance(each.tag, str)):
            runs[name, "", "the suite itself"].append(("failed", 0))
        distinct = Counter((name, each.get("classname", ""), each.get("name", "")) for each in results)
        # jest-junit writes what is still to be done (test.todo) as if it had passed in no time, and leaves it out of
        # the number. Surefire's numbers are those of the last of several runs.
        counted = _number(suite, "tests") if root.tag == "testsuites" and suite.find("testsuite") is None else None
        more = len(distinct) - counted if counted is not None else 0
        for each, result in results.items():
            runs[name, each.get("classname", ""), each.get("name", "")].append(result)
        idle = [each for each, (result, _) in results.items() if result == "passed" and each.get("time") in (None, "0")]
        for each in idle[::-1][: max(0, more)]:
            runs[name, each.get("classname", ""), each.get("name", "")].append(("skipped", -1))


def _number(suite: _Element, key: str) -> int | None:
    text = suite.get(key, "").strip()
    return int(text) if text.isdecimal() and len(text) < 10 else None


def _one(case: _Element) -> tuple[Result, int]:
    """The result of one element, and how often the tool itself ran the test again."""
    marks = [str(each.tag).lower() for each in case if isinstance(each.tag, str)]
    said = {case.get(key, "").strip().lower() for key in ("status", "result")}
    again = sum(each.startswith(("flaky", "rerun")) for each in marks)
    if _FAILED.intersection(marks) or said & {"failed", "failure", "error", "broken"}:
        return "failed", again
    return "skipped" if "skipped" in marks or said & _NOT_RUN else "passed", again


def _result(found: list[tuple[Result, int]]) -> tuple[Result, int]:
    results = {result for result, _ in found}
    again = len(found) - 1 + sum(more for _, more in found)
    worst: tuple[Result, ...] = ("failed", "skipped", "passed")
    return next(each for each in worst if each in results), again
