from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import xmlschema
from junitparser import Error, Failure, JUnitXml, Skipped, TestCase, TestSuite

from pytest_readiness.report.junit import junit
from pytest_readiness.verdict.outcome import Report
from pytest_readiness.verdict.result import STATES, State
from tests.report.making import HOSTILE, all_of, outcome_of, waiver

SCHEMA = xmlschema.XMLSchema(Path(__file__).parents[1] / "schemas" / "junit-10.xsd")
"""Of Jenkins' xUnit plugin, as pytest's own source distribution has it (MIT)."""


def read(text: str) -> list[TestSuite]:
    SCHEMA.validate(text)
    return list(JUnitXml.fromstring(text.encode()))


def cases(text: str) -> list[TestCase]:
    return [case for suite in read(text) for case in suite]


@pytest.mark.parametrize("state", STATES)
def test_states_are_told_as_junit_knows_them(state: State) -> None:
    outcome = outcome_of("# TLS\n- [ ] HSTS\n", all_of(state, resource="shop", seconds=1.25))
    (case,) = cases(junit(outcome))
    assert (case.name, case.classname, case.time) == ("hsts[shop]", "release.tls", 1.25)
    kinds = {"failed": [Failure], "error": [Error], "passed": []}
    assert [type(each) for each in case.result] == kinds.get(state, [Skipped])
    if state != "passed":
        assert "as it should be" in case.result[0].message


def test_a_suite_counts_its_tests_and_says_where_it_comes_from() -> None:
    text = "# A\n- [ ] a\n- [ ] b\n- [ ] c\n- [ ] d\n"
    found = iter(("passed", "failed", "error", "unverified"))
    outcome = outcome_of(text, lambda _: [{"state": next(found), "seconds": 0.5}])
    (suite,) = read(junit(outcome))
    assert (suite.name, suite.tests, suite.failures, suite.errors, suite.skipped) == ("release", 4, 1, 1, 1)
    assert (suite.time, suite.timestamp, suite.hostname) == (2.0, "2026-03-01T12:00:00", "runner")
    properties = {each.name: each.value for each in suite.properties()}  # type: ignore[no-untyped-call]
    assert properties["readiness.verdict"] == "GO"
    assert properties["readiness.score"] == "25.0"
    assert properties["readiness.release"] == "1.4.2"


def test_a_test_has_its_properties_in_lines_of_its_output() -> None:
    outcome = outcome_of(
        "# TLS\n- [ ] HSTS\n",
        all_of("waived", expected="a year", evidence="a day", check="http.hsts", resource="shop"),
        severity=lambda _: "high",
        waivers={"tls/hsts": waiver()},
    )
    (case,) = cases(junit(outcome))
    lines = str(case.system_out).splitlines()
    assert {
        "[[PROPERTY|readiness.id=release:tls/hsts]]",
        "[[PROPERTY|readiness.severity=high]]",
        "[[PROPERTY|readiness.status=waived]]",
        "[[PROPERTY|readiness.expected=a year]]",
        "[[PROPERTY|readiness.measured=a day]]",
        "[[PROPERTY|readiness.waiver.expires=2100-01-01]]",
    } <= set(lines)


def test_tests_that_answer_no_item_have_a_suite_of_their_own() -> None:
    reports = (
        Report("test_a.py::test_x[a]", "test_a.py::test_x[a]", "call", "failed", 0.5, "first\nassert \x1b[31m1 == 2"),
        Report("test_a.py::test_x[a]", "test_a.py::test_x[a]", "teardown", "failed", 0.5, "the end broke"),
        Report("test_a.py::test_y", "test_a.py::test_y", "call", "passed", 0.25),
        Report("test_a.py::test_z", "test_a.py::test_z", "setup", "skipped", 0.0, "Skipped: later"),
        Report("test_a.py::test_w", "test_a.py::test_w", "setup", "failed", 0.0, "no database"),
        Report("release.md::a::a", "release:checklist/a", "call", "passed", 0.0),
    )
    outcome = replace(outcome_of("- [ ] a\n", all_of("passed")), reports=reports)
    _, others = read(junit(outcome))
    found = {case.name: (case.classname, [type(each) for each in case.result], case.time) for case in others}
    assert found == {
        "test_x[a]": ("test_a.py", [Failure], 1.0),
        "test_y": ("test_a.py", [], 0.25),
        "test_z": ("test_a.py", [Skipped], 0.0),
        "test_w": ("test_a.py", [Error], 0.0),
    }
    assert "assert" in next(iter(others)).result[0].text


def test_text_of_a_target_breaks_nothing() -> None:
    fields = {"evidence": HOSTILE, "expected": HOSTILE, "warning": HOSTILE, "remedy": HOSTILE, "resource": HOSTILE}
    outcome = outcome_of("- [ ] a\ufffe\n", all_of("failed", **fields), target=HOSTILE, runner=HOSTILE)
    text = junit(outcome)
    (case,) = cases(text)
    assert "<script>alert(1)</script> ]]>" in case.result[0].message
    assert not {"\x1b", "\x00", "\x9b", "\u202e", "\ufffe"} & set(text)
    lines = str(case.system_out).splitlines()
    assert all(line.startswith("[[PROPERTY|readiness.") for line in lines)
    assert not any("[[" in line[2:] for line in lines)
