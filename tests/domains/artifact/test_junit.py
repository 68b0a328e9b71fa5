from __future__ import annotations

import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from pytest_readiness.core.environment import neutral
from pytest_readiness.core.evidence import ClaimFalse, CouldNotVerify, NotDeclared
from pytest_readiness.domains.artifact.resource import ToolReport
from tests.domains.artifact.reports import Release
from tests.judging import judge

TESTS = """
import pytest
tries = []
@pytest.fixture
def closing():
    yield
    assert not CLOSES
def test_small(closing): pass
def test_flaky():
    tries.append(1)
    assert len(tries) > 1
@pytest.mark.skip(reason="on another platform")
def test_later(): pass
@pytest.mark.xfail
def test_expected(): assert False
@pytest.mark.xfail
def test_unexpected(): pass
"""


def junit(release: Release, report: ToolReport, **parameters: Any) -> str:
    return judge("artifact.junit", report, target=release.target, **parameters).text


RUNS = {
    "again": (TESTS.replace("CLOSES", "False"), "--reruns=1"),
    "shared": (TESTS.replace("CLOSES", "False"), "--reruns=1", "-n", "1"),
    "closing": (TESTS.replace("CLOSES", "True"),),
    "broken": ("import nothing_of_this_name\n",),
    "none": ("def test(): pass\n", "-k", "none"),
}
"""By name, a file of tests and how pytest runs it."""


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """What pytest writes of each of the runs, which are made at the same time."""
    folder = tmp_path_factory.mktemp("runs")
    plugins = ("-p", "pytest_rerunfailures", "-p", "xdist.plugin", "-p", "no:cacheprovider", "-p", "no:readiness")
    command = [sys.executable, "-m", "pytest", "-q", *plugins, "--rootdir=.", "--junitxml=out.xml", "unit"]
    environment = neutral() | {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PATH": os.environ["PATH"]}
    running = []
    for name, (text, *arguments) in RUNS.items():
        (folder / name / "unit").mkdir(parents=True)
        (folder / name / "unit" / "test_price.py").write_text(text, "utf-8")
        run = [*command, *arguments]
        running.append(
            subprocess.Popen(
                run, cwd=folder / name, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.STDOUT
            )
        )
    for each in running:
        each.wait(timeout=120)
    return {name: (folder / name / "out.xml").read_bytes() for name in RUNS}


@pytest.fixture
def today(tmp_path: Path) -> Release:
    return Release(tmp_path, {"shop.py": "code\n"}, at=datetime.now(UTC) - timedelta(hours=1))


@pytest.mark.parametrize("run", ["again", "shared"])
def test_pytest_counts_each_test_once(today: Release, written: dict[str, bytes], run: str) -> None:
    report = today.report("unit.xml", written[run], about="commit: SHA")
    found = junit(today, report, max_skipped=2, min_tests=3, match="unit.*")
    assert found.startswith(
        "3 tests of unit.* were run, 0 failed, 2 skipped or expected to fail, 1 run again, made within"
    )
    assert found.endswith(f"about {today.sha[:12]}")
    with pytest.raises(ClaimFalse, match="expected at most 1 skipped tests"):
        junit(today, report, max_skipped=1)
    with pytest.raises(ClaimFalse, match="expected 4 tests or more; seen: 3 tests"):
        junit(today, report, max_skipped=2, min_tests=4)


def test_pytest_whose_teardown_fails_fails(today: Release, written: dict[str, bytes]) -> None:
    report = today.report("unit.xml", written["closing"], about="commit: SHA")
    with pytest.raises(ClaimFalse, match=r"2 failed.*: unit\.test_price\.test_small, unit\.test_price\.test_flaky"):
        junit(today, report, max_skipped=9)


def test_pytest_that_cannot_load_a_file_fails_whatever_is_matched(today: Release, written: dict[str, bytes]) -> None:
    report = today.report("unit.xml", written["broken"], about="commit: SHA")
    with pytest.raises(ClaimFalse, match=r"1 failed.*unit\.test_price"):
        junit(today, report, match="other*")


def test_pytest_that_selects_nothing_proves_nothing(today: Release, written: dict[str, bytes]) -> None:
    report = today.report("unit.xml", written["none"], about="commit: SHA")
    with pytest.raises(CouldNotVerify, match="holds no tests"):
        junit(today, report)


@pytest.mark.parametrize(
    ("name", "skipped", "seen"),
    [
        # jest-junit writes test.todo as if it had passed.
        ("jest-junit.xml", 2, "2 tests were run, 0 failed, 2 skipped"),
        ("gotestsum.xml", 1, "3 tests were run, 0 failed, 1 skipped"),
        ("go-junit-report.xml", 1, "3 tests were run, 0 failed, 1 skipped"),
        ("surefire.xml", 1, "2 tests were run, 0 failed, 1 skipped or expected to fail, 1 run again"),
    ],
)
def test_dialects(release: Release, name: str, skipped: int, seen: str) -> None:
    report = release.report(name)
    assert junit(release, report, max_skipped=skipped).startswith(seen)
    with pytest.raises(ClaimFalse, match="skipped tests"):
        junit(release, report, max_skipped=skipped - 1)


def test_googletest_by_its_documented_shape(release: Release) -> None:
    text = """<testsuites tests="3" failures="0" disabled="1" errors="0" timestamp="2026-11-30T22:00:00.123" name="All">
      <testsuite name="Price" tests="3" failures="0" disabled="1" skipped="0" timestamp="2026-11-30T22:00:00.123">
        <testcase name="Small" status="run" result="completed" time="0." classname="Price"/>
        <testcase name="Large" status="run" result="completed" time="1,234.5" classname="Price"/>
        <testcase name="DISABLED_Odd" status="notrun" result="suppressed" time="0." classname="Price"/>
      </testsuite></testsuites>"""
    assert junit(release, release.report("g.xml", text), max_skipped=1, match="Price").startswith("2 tests of Price")
    broken = text.replace('"1,234.5" classname="Price"/>', '"1" classname="Price"><failure message="no"/></testcase>')
    with pytest.raises(ClaimFalse, match=r"1 failed.*Price\.Large"):
        junit(release, release.report("g.xml", broken), max_skipped=1)


def test_jest_that_fails_fails_even_where_other_suites_are_meant(release: Release) -> None:
    report = release.report("jest-bad.xml")
    with pytest.raises(ClaimFalse, match="2 failed"):
        junit(release, report, max_skipped=9)
    with pytest.raises(ClaimFalse, match=r"1 failed.*tests/broken\.test\.js"):
        junit(release, report, match="price", max_skipped=9)


def suite(inside: str, attributes: str = "") -> str:
    return f'<testsuite name="e2e" timestamp="2026-11-30T22:00:00Z" {attributes}>{inside}</testsuite>'


PASSED = '<testcase classname="a" name="b"/>'


@pytest.mark.parametrize(
    ("text", "error", "match"),
    [
        (
            suite('<testcase classname="a" name="b"><failure/></testcase>', 'tests="1" failures="0"'),
            ClaimFalse,
            "1 failed",
        ),
        (suite(PASSED + '<testcase classname="a" name="b"><error/></testcase>'), ClaimFalse, "1 failed"),
        (suite(PASSED, 'tests="2" failures="1"'), CouldNotVerify, "none of its tests says so"),
        (
            suite(suite(PASSED) + "<testcase name='c' classname='a'><skipped/></testcase>"),
            ClaimFalse,
            "1 tests were run",
        ),
        (suite('<testcase classname="a" name="b"><skipped/></testcase>'), ClaimFalse, "0 tests were run"),
        (suite("", 'tests="0" errors="0"'), CouldNotVerify, "holds no tests"),
        ("<testsuites>" + suite(PASSED)[:-3], CouldNotVerify, "cannot be read as XML"),
        ("<TestRun/>", CouldNotVerify, "is not JUnit's XML"),
        ('<!DOCTYPE a [<!ENTITY b "c">]>' + suite(PASSED), CouldNotVerify, "defines entities"),
        ('<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]>' + suite("&b;"), CouldNotVerify, "defines entities"),
        (" ", CouldNotVerify, "is empty"),
        (suite(f"{PASSED}<group><testcase name='c'><failure/></testcase></group>"), ClaimFalse, "1 failed"),
        (suite(PASSED + "<error/>"), ClaimFalse, "1 failed.*: the suite itself"),
        (suite('<testcase classname="a" name="b"><x:failure xmlns:x="urn:x"/></testcase>'), ClaimFalse, "1 failed"),
        (suite('<testcase classname="a" name="b" status="failed"/>'), ClaimFalse, "1 failed"),
    ],
)
def test_what_is_not_a_pass(release: Release, text: str, error: type[Exception], match: str) -> None:
    with pytest.raises(error, match=match):
        junit(release, release.report("a.xml", text))


def test_a_suite_within_another_counts_once_and_a_lone_suite_is_a_report(release: Release) -> None:
    assert junit(release, release.report("a.xml", suite(suite(PASSED, 'tests="1"'), 'tests="1"'))).startswith(
        "1 tests were"
    )


def test_what_is_matched_must_be_there(release: Release) -> None:
    report = release.report("a.xml", suite(PASSED))
    assert junit(release, report, match="e2e").startswith("1 tests of e2e")
    with pytest.raises(CouldNotVerify, match="holds no tests of unit; it has 1 in all"):
        junit(release, report, match="unit")


def test_every_shard_must_be_there_and_of_the_commit(release: Release) -> None:
    release.report("s-1.xml", suite(PASSED))
    release.report("s-2.xml", suite(PASSED.replace("b", "c")))
    shards = ToolReport(
        name="s", path=release.report("s-3.xml", suite(PASSED)).path.with_name("s-*.xml"), repository="shop"
    )
    with pytest.raises(CouldNotVerify, match="is 3 files, and 1 is declared"):
        junit(release, shards)
    shards = shards.model_copy(update={"files": 3})
    assert junit(release, shards).startswith("2 tests were run, 0 failed, 0 skipped or expected to fail, 1 run again")
    release.report("s-2.xml", suite(PASSED), about=f"commit: {'a' * 40}")
    for about in ("commit", "unproven"):
        with pytest.raises(ClaimFalse, match="names different commits"):
            junit(release, shards, about=about)
    release.report("s-2.xml", suite(PASSED), about="made_at: 2026-11-30T23:30:00Z")
    with pytest.raises(CouldNotVerify, match="does not say which commit"):
        junit(release, shards)


def at(moment: str) -> str:
    return suite(PASSED).replace("2026-11-30T22:00:00Z", moment)


@pytest.mark.parametrize(
    ("moment", "about", "parameters", "error", "match"),
    [
        # A report that a crashed run has left, with the new run's file beside it.
        ("2026-11-20T10:00:00Z", "commit: SHA", {}, ClaimFalse, "younger than the release's commit"),
        ("2026-11-20T10:00:00", "commit: SHA\nmade_at: 2026-11-30T23:00:00Z", {}, ClaimFalse, "younger"),
        ("2026-11-30T10:00:00Z", None, {}, CouldNotVerify, "does not say which commit"),
        ("2026-11-30T10:00:00Z", f"commit: {'b' * 40}", {"about": "unproven"}, ClaimFalse, "one about bbbbbbbbbbbb"),
        ("2026-11-28T23:00:00Z", None, {"about": "unproven"}, ClaimFalse, "younger"),
        ("2026-11-29T06:00:00", None, {"about": "unproven"}, CouldNotVerify, "without its zone"),
        ("", None, {"about": "unproven"}, CouldNotVerify, "does not say when it was made"),
        ("", "commit: SHA", {"max_age_days": 3}, CouldNotVerify, "does not say when it was made"),
        ("2029-01-01T00:00:00Z", "commit: SHA", {}, ClaimFalse, "a report of the past"),
        ("2026-11-29T10:00:00Z", "commit: SHA", {"max_age_days": 2}, ClaimFalse, "of the last 2 days"),
        ("2026-11-29T10:00:00", "commit: SHA", {"max_age_days": 2}, CouldNotVerify, "without its zone"),
        ("9999-12-31T23:00:00Z", "commit: SHA", {}, CouldNotVerify, "of the year 9999"),
        ("2026-11-30T10:00:00Z", "commit: SHA\nwhole: false", {}, ClaimFalse, "of a part only"),
        ("2026-11-30T10:00:00Z", "commit: main", {}, CouldNotVerify, "'commit' cannot be read"),
        ("2026-11-30T10:00:00Z", "- commit", {}, CouldNotVerify, "must hold a mapping"),
    ],
)
def test_whose_report_it_is(
    release: Release, moment: str, about: str | None, parameters: dict[str, Any], error: type[Exception], match: str
) -> None:
    with pytest.raises(error, match=match):
        junit(release, release.report("a.xml", at(moment), about=about), **parameters)


def test_a_report_that_is_only_younger_passes_with_a_warning(release: Release) -> None:
    report = release.report("a.xml", at("2026-11-30T10:00:00+02:00"), about=None)
    found = judge("artifact.junit", report, target=release.target, about="unproven", max_age_days=2)
    assert found.text.endswith("made 28 h ago, after the release's commit")
    assert found.warning == "nothing ties the report to the release's commit"


def test_a_commit_suffices_without_a_time(release: Release) -> None:
    report = release.report("a.xml", at(""), about="commit: SHA")
    assert junit(release, report).endswith(f"to fail, about {release.sha[:12]}")


def test_a_report_without_a_repository_is_about_nothing(release: Release) -> None:
    with pytest.raises(NotDeclared, match="names no repository"):
        junit(release, release.report("a.xml", suite(PASSED), repository=None))


def test_a_folder_may_have_brackets_in_its_name(release: Release, tmp_path: Path) -> None:
    folder = tmp_path / "shop[1]"
    folder.mkdir()
    (folder / "a.xml").write_text(suite(PASSED), "utf-8")
    (folder / "a.xml.about.yaml").write_text(f"commit: {release.sha}\n", "utf-8")
    assert junit(release, ToolReport(name="a", path=folder / "*.xml", repository="shop")).startswith("1 tests")
    with pytest.raises(CouldNotVerify, match="there is no file"):
        junit(release, ToolReport(name="a", path=folder / "b*.xml", repository="shop"))
    with pytest.raises(CouldNotVerify, match="not a regular file"):
        junit(release, ToolReport(name="a", path=folder, repository="shop"))


def test_a_report_of_the_future_fails_and_how_it_is_reached_is_told(release: Release, tmp_path: Path) -> None:
    late = suite('<testcase name="a"/>').replace("2026-11-30", "2027-11-30")
    with pytest.raises(ClaimFalse, match="a report of the past"):
        junit(release, release.report("late.xml", late), max_age_days=30)
    real = release.report("real.xml", suite('<testcase name="a"/>')).path
    link = real.with_name("link.xml")
    link.symlink_to(real)
    real.with_name("real.xml.about.yaml").rename(real.with_name("link.xml.about.yaml"))
    report = ToolReport(name="x", path=link, repository="shop")
    assert junit(release, report).endswith(f"about {release.sha[:12]}, read through a link")
    outside = Path(tmp_path / "out.xml")
    outside.write_bytes(real.read_bytes())
    outside.with_name("out.xml.about.yaml").write_text(f"commit: {release.sha}\n", "utf-8")
    report = ToolReport(name="x", path=outside, repository="shop")
    assert junit(release, report).endswith("read outside the repository")
