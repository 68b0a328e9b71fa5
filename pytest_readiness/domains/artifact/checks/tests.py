"""Claims about the results of tests."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Annotated

from pydantic import Field

from pytest_readiness.core.evidence import CouldNotVerify, Evidence, claim
from pytest_readiness.core.registry import check
from pytest_readiness.domains.artifact.facts.tests import CaseResult, Tests
from pytest_readiness.domains.artifact.files import told
from pytest_readiness.domains.artifact.origin import Age, Proof, judge_origin


@check(
    "artifact.junit",
    severity="critical",
    remedy="Mend what failed, and let the job run the whole suite for the release's commit.",
    source="JUnit's XML as pytest, jest-junit, Maven Surefire, gotestsum, go-junit-report and googletest write it",
)
def junit(
    test_report: Tests,
    *,
    match: Annotated[str, Field(min_length=1)] | None = None,
    min_tests: Annotated[int, Field(gt=0)] = 1,
    max_skipped: Annotated[int, Field(ge=0)] = 0,
    max_age_days: Age | None = None,
    about: Proof = "commit",
) -> Evidence:
    """The report of the tests on the release's commit shows that enough were run, and that none failed.

    Each test counts once. One that failed before the tool ran it again is told as such where the report shows it;
    pytest's does not show that it failed. A test that is expected to fail counts as skipped. Whether tests were left
    out (a selection, a shard) can only be told by their number, by `files` of the report, and by `whole` beside it.

    Args:
        match: pattern (`tests.unit.*`) of the tests that are meant, by their suite, their class or their whole name;
            at least one must be there. None: all.
        min_tests: fewest tests that were run. 1: a report of none proves nothing.
        max_skipped: most tests that were skipped or expected to fail. 0: what was not run has not passed.
        max_age_days: oldest age of the report, in days. None: the commit says enough.
        about: "commit": the report names the release's commit; "unproven": it is only younger.
    """
    if len(test_report.cases) != test_report.count:
        raise CouldNotVerify("what was read of the report is not all of it")
    made, warning = judge_origin(test_report.origin, max_age_days=max_age_days, about=about)
    cases = [each for each in test_report.cases if match is None or each.selected(match)]
    of = f" of {told(match)}" if match else ""
    if not cases:
        raise CouldNotVerify(f"{test_report.origin.where} holds no tests{of}; it has {test_report.count} in all")
    results = Counter(each.result for each in cases)
    ran = len(cases) - results["skipped"]
    again = sum(each.again > 0 for each in cases)
    text = f"{ran} tests{of} were run, {results['failed']} failed, {results['skipped']} skipped or expected to fail"
    text += f", {again} run again" * (again > 0)
    claim(not results["failed"], expected="no failed test", seen=text + _named(cases, "failed"))
    expected = f"at most {max_skipped} skipped tests"
    claim(results["skipped"] <= max_skipped, expected=expected, seen=text + _named(cases, "skipped"))
    claim(ran >= min_tests, expected=f"{min_tests} tests or more", seen=text)
    return Evidence(f"{text}, {made}", warning=warning)


def _named(cases: Sequence[CaseResult], result: str) -> str:
    names = [told(f"{each.classname}.{each.name}".strip(".")) for each in cases if each.result == result]
    return f": {', '.join(names[:5])}" + f" and {len(names) - 5} more" * (len(names) > 5)
