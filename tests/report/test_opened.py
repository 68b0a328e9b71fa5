"""The kinds of unverified: told apart in every output, and none of them hides what failed."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from rich.cells import cell_len

from pytest_readiness.checklist.model import Item
from pytest_readiness.core.redact import Redactor
from pytest_readiness.core.registry import Severity
from pytest_readiness.core.unverified import UNVERIFIED_KINDS
from pytest_readiness.report.html.page import render
from pytest_readiness.report.opened import OpenGroup, by_severity, open_groups
from pytest_readiness.report.terminal import BLOCKING_SHOWN, LACKS_SHOWN, summary
from pytest_readiness.verdict.outcome import Outcome
from pytest_readiness.verdict.result_file import ResultFile, as_text, file_of, result_schema
from pytest_readiness.verdict.result_file import outcome_of as outcome_in
from tests.release import Release, lasting
from tests.report.making import outcome_of

FILES = {
    "release.md": """\
        # Release
        ## Before
        - [ ] Redis keeps its data
        - [ ] Queues keep their data
        - [ ] Redis is there and keeps its data
        - [ ] Containers are there
        - [ ] Containers are small
        - [ ] Logins are limited
        - [ ] Skipped by its author
        - [ ] Forgotten
        - [ ] Proposed only
        - [ ] Signed once
        - [ ] Signed never
        ## After
        - [ ] Runbook is complete
        - [ ] Plan is there
        """,
    "release.checks.yaml": """\
        before:
          redis-keeps-its-data: {missing: redis.persistence, severity: critical}
          queues-keep-their-data: {missing: redis.persistence, severity: high}
          redis-is-there-and-keeps-its-data: {check: env.present, on: one, names: [TOKEN], missing: redis.persistence}
          containers-are-there: container.healthy
          containers-are-small: container.healthy
          logins-are-limited: {check: http.rate_limit, path: /login, limit: 10, severity: critical}
          proposed-only: {proposed: {check: env.present, partial: operations}}
          signed-once: {signoff: operations, valid: 2d}
          signed-never: {signoff: operations}
        after:
          runbook-is-complete: {check: docs.sections, on: runbook, sections: [Nowhere], severity: low}
          plan-is-there: {check: env.present, on: gone, names: [TOKEN], severity: low}
        """,
    "readiness.yaml": """\
        checklists: [release.md]
        tests: [test_own.py]
        roles: {operations: [operations@example.com]}
        signoffs: signoffs.yaml
        targets:
          prod:
            env_files: {one: one.env, gone: gone.env}
            documents: {runbook: runbook.md}
        """,
    "signoffs.yaml": """\
        signoffs:
          - {item: before/signed-once, by: operations@example.com, role: operations, on: 2026-02-01}
        """,
    "test_own.py": """\
        import pytest

        @pytest.mark.readiness("before/skipped-by-its-author")
        def test_own():
            pytest.skip("not today")
        """,
}
KINDS = {
    "redis-keeps-its-data": "no check yet",
    "queues-keep-their-data": "no check yet",
    "redis-is-there-and-keeps-its-data": "no check yet",
    "containers-are-there": "not declared",
    "containers-are-small": "not declared",
    "logins-are-limited": "not allowed",
    "skipped-by-its-author": "not run",
    "forgotten": "unbound",
    "proposed-only": "proposed",
    "signed-once": "unsigned",
    "signed-never": "unsigned",
    "runbook-is-complete": "",
    "plan-is-there": "",
}


@pytest.fixture(scope="module")
def kinds(tmp_path_factory: pytest.TempPathFactory) -> Release:
    """A project with an item of every kind, after its run."""
    release = Release(tmp_path_factory.mktemp("kinds"))
    for name, text in FILES.items():
        release.write(name, text)
    written = ("--readiness-out=out", "--readiness-report=page.html")
    done = release.run("-v", *written, READINESS_NOW="2026-03-01", COLUMNS="200")
    assert done.returncode == 1, done.stdout + done.stderr
    release.write("told.txt", done.stdout)
    return release


def kinds_of(result: dict[str, Any]) -> dict[str, str]:
    """The kind of each item in a result."""
    return {
        item["id"].rpartition("/")[2]: next((test["kind"] for test in item["tests"] if test["kind"]), "")
        for section in result["sections"]
        for item in section["items"]
    }


def test_the_result_tells_the_kinds_apart(kinds: Release) -> None:
    result = kinds.result()
    assert kinds_of(result) == KINDS
    assert set(KINDS.values()) == set(UNVERIFIED_KINDS)
    jsonschema.validate(result, result_schema())
    tests = [test for section in result["sections"] for item in section["items"] for test in item["tests"]]
    assert all(bool(test["kind"]) == (test["state"] == "unverified") for test in tests)
    told = {test["kind"]: test["evidence"] for test in tests}
    assert told["unsigned"] == "not signed; operations must sign"
    assert told["not run"] == "skipped: not today"
    assert {(test["kind"], test["lacks"]) for test in tests if test["lacks"]} == {
        ("proposed", "env.present and signature of operations"),
        ("no check yet", "redis.persistence"),
        ("not declared", "target prod declares no container"),
        (
            "not allowed",
            "active checks; --readiness-allow=active or 'policy: {allow: [active]}' allows them",
        ),
    }


@pytest.mark.parametrize("arguments", [("-n2",), ("--readiness-record=facts.json",)], ids=["xdist", "record"])
def test_they_are_the_same_however_it_runs(kinds: Release, arguments: tuple[str, ...]) -> None:
    kinds.run(*arguments, "--readiness-out=again", READINESS_NOW="2026-03-01")
    assert lasting(kinds.result("again")["sections"]) == lasting(kinds.result()["sections"])


def test_shards_and_reports_made_again_keep_them(kinds: Release) -> None:
    files = kinds.shards(2)
    assert kinds.cli("merge", *files, "--out", "merged").returncode == 1
    assert kinds_of(kinds.result("merged")) == KINDS
    assert kinds.cli("report", "out/result.json", "--out", "made", "--html", "made.html").returncode == 0
    assert (kinds.path / "made" / "result.json").read_text("utf-8") == (kinds.path / "out" / "result.json").read_text(
        "utf-8"
    )
    assert opened_on((kinds.path / "made.html").read_text("utf-8")) == opened_on(
        (kinds.path / "page.html").read_text("utf-8")
    )


def test_an_item_that_did_not_run_is_of_that_kind(kinds: Release) -> None:
    kinds.run("--maxfail=1", "--readiness-out=cut", "release.md::after")
    assert kinds_of(kinds.result("cut")) == {"runbook-is-complete": "", "plan-is-there": "not run"}


def test_the_completed_checklist_holds_all_of_them(kinds: Release) -> None:
    text = (kinds.path / "out" / "release.completed.md").read_text("utf-8")
    assert text.count("no check yet: redis.persistence") == 3
    assert text.count("target prod declares no container") == 2


def opened_on(page: str) -> list[tuple[str, bool, list[str]]]:
    """The groups of open items on a page: heading, whether it is unfolded, and its items."""
    part = page.partition('<h2 id="open">')[2].partition("</div>")[0]
    return [
        (
            " ".join(re.sub(r"<[^>]+>", "", summary).split()),
            bool(unfolded),
            re.findall(r'href="#i-[^"]*/([^"]*)"', body),
        )
        for unfolded, summary, body in re.findall(
            r"<details( open)?>\s*<summary>(.*?)</summary>(.*?)</details>", part, re.DOTALL
        )
    ]


def test_the_page_lists_what_failed_first_and_folds_what_is_unverified(kinds: Release) -> None:
    page = (kinds.path / "page.html").read_text("utf-8")
    assert opened_on(page) == [
        ("Failed 1: 1 low", True, ["runbook-is-complete"]),
        ("Could not be verified 1: 1 low", True, ["plan-is-there"]),
        ("Not run 1: 1 medium", False, ["skipped-by-its-author"]),
        ("Unsigned 2: 2 medium", False, ["signed-once", "signed-never"]),
        ("Not allowed 1: 1 critical", False, ["logins-are-limited"]),
        ("Not declared 2: 2 high", False, ["containers-are-there", "containers-are-small"]),
        ("Proposed 1: 1 critical", False, ["proposed-only"]),
        ("Unbound 1: 1 medium", False, ["forgotten"]),
        (
            "No check yet 3: 2 critical, 1 high",
            False,
            ["redis-keeps-its-data", "redis-is-there-and-keeps-its-data", "queues-keep-their-data"],
        ),
    ]
    assert re.search(r"<p>redis\.persistence <small>3</small></p>", page)
    found = re.findall(r'id="i-release:[^"]*/([^"]*)" data-state="[^"]*" data-kind="([^"]*)"', page)
    assert dict(found) == KINDS


def test_the_terminal_lists_what_failed_first(kinds: Release) -> None:
    lines = (kinds.path / "told.txt").read_text("utf-8").splitlines()
    begin = lines.index("Open, failed first (6)")
    rows = [
        match.groups()
        for line in lines[begin:]
        if (match := re.match(r" +(critical|high|medium|low) +(.*?)  +release:\w+/([\w-]+), line", line))
    ]
    words = [re.match(r"failed|error|no check yet|[a-z]+(?: (?:run|allowed|declared))?(?= )", row[1]) for row in rows]
    assert [word[0] for word in words if word] == [
        *("failed", "error", "not run", "unsigned", "unsigned", "unbound"),
        *("not allowed", "not declared", "not declared", "proposed"),
        *("no check yet", "no check yet", "no check yet"),
    ]
    assert "Not allowed (1: 1 critical)" in lines
    assert "  target prod declares no container" in lines


def test_a_run_that_is_not_asked_for_more_names_what_is_lacking_once(kinds: Release) -> None:
    text = kinds.run(READINESS_NOW="2026-03-01").stdout
    lines = text.splitlines()
    at = lines.index("No check yet (3: 2 critical, 1 high; -v lists them)")
    assert lines[at + 1] == "  redis.persistence (3)"
    assert (
        lines[lines.index("Not declared (2: 2 high; -v lists them)") + 1] == "  target prod declares no container (2)"
    )
    # What blocks the release is named all the same.
    told = text.partition("Open, failed first")[2]
    assert "Redis keeps its data" in told
    assert "Queues keep" not in told


def test_the_plan_tells_what_waits_for_a_check_apart(kinds: Release) -> None:
    lines = [" ".join(line.split()) for line in kinds.cli("plan", "--target=prod").stdout.splitlines()]
    assert "section passive signed unverified proposed no check yet tests" in lines
    at = lines.index("Proposed, and not confirmed (1); confirm with `readiness bind release.md --review`")
    assert lines[at + 1] == "critical release:before/proposed-only env.present, signature of operations"
    at = lines.index("No check yet (3)")
    assert lines[at + 1] == (
        "critical release:before/redis-keeps-its-data[redis.persistence] redis.persistence "
        "(Redis writes its data to disk, and the last write succeeded)"
    )
    data = json.loads(kinds.cli("plan", "--target=prod", "--json").stdout)
    assert {(test["kind"], test["lacks"]) for test in data["tests"] if test["how"] == "unverified"} == {
        ("proposed", "env.present and signature of operations"),
        ("no check yet", "redis.persistence"),
        ("not declared", "target prod declares no container"),
        (
            "not allowed",
            "active checks; --readiness-allow=active or 'policy: {allow: [active]}' allows them",
        ),
        ("unbound", ""),
    }


def many(severity: Severity = "critical") -> Outcome:
    """One low item that failed, and some hundred that wait for checks."""
    items = "\n".join(f"- [ ] Claim {number}" for number in range(130))

    def found(item: Item) -> list[dict[str, Any]]:
        if item.text == "Broken":
            return [{"state": "failed", "expected": "a", "evidence": "b", "severity": "low"}]
        claim = f"domain.claim_{int(item.text.split()[1]) % 40}"
        return [{"state": "unverified", "kind": "no check yet", "lacks": claim, "evidence": f"no check yet: {claim}"}]

    return outcome_of(
        f"# Release\n\n{items}\n- [ ] Broken\n",
        found,
        severity=lambda item: "low" if item.text == "Broken" else severity,
    )


def told(outcome: Outcome, verbosity: int = 0) -> list[str]:
    lines = summary(outcome, Redactor(), verbosity, (), coloured=False).splitlines()
    return lines[next(number for number, line in enumerate(lines) if line.startswith("Open")) :]


@pytest.mark.parametrize("columns", [40, 80, 200])
def test_a_hundred_claims_without_a_check_are_a_few_lines(monkeypatch: pytest.MonkeyPatch, columns: int) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    lines = told(many())
    assert lines[0] == "Open, failed first (1)"
    assert "failed" in lines[1]
    assert "Broken" in " ".join(lines[1:4])
    assert len(lines) < 40
    assert f"and {130 - BLOCKING_SHOWN} more that block the release" in " ".join(" ".join(lines).split())
    assert max(map(cell_len, lines)) <= columns
    words = " ".join(" ".join(lines).split())
    assert "No check yet (130: 130 critical; -v lists them)" in words
    assert "domain.claim_0 (4)" in words
    assert f"and {40 - LACKS_SHOWN} more" in words


def test_all_of_them_are_listed_when_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    text = "\n".join(told(many(), 1))
    assert all(f"release:release/claim-{number}, line" in text for number in range(130))
    assert "-v lists" not in text


def test_on_the_page_they_are_one_folded_list_by_claim() -> None:
    failed, waiting = opened_on(render(many(), Redactor()))
    assert failed == ("Failed 1: 1 low", True, ["broken"])
    assert waiting[:2] == ("No check yet 130: 130 critical", False)
    assert sorted(waiting[2]) == sorted(f"claim-{number}" for number in range(130))


@pytest.mark.parametrize(("count", "named"), [(10, True), (11, False)])
def test_the_first_screen_counts_missing_signatures_where_they_are_many(count: int, named: bool) -> None:
    items = "".join(f"- [ ] Item {number}\n" for number in range(count))
    roles = iter(["security", "operations"] * count)
    outcome = outcome_of(items, lambda _: [{"state": "unverified", "kind": "unsigned", "role": next(roles)}])
    panel = render(outcome, Redactor()).partition("<h2>Unsigned")[2].partition("<h2>")[0]
    assert ("Item 0" in panel) is named
    assert panel.count("must sign") == 2
    assert ("<b>security</b> must sign <small>6</small>" in panel) is not named


def test_an_item_is_of_the_kind_that_can_be_changed_soonest() -> None:
    lacks = [
        {"state": "unverified", "kind": "no check yet", "lacks": "a.b", "evidence": "no check yet: a.b"},
        {"state": "unverified", "kind": "not declared", "lacks": "no host", "evidence": "no host", "resource": "x"},
        {"state": "passed", "resource": "y"},
    ]
    (group,) = open_groups(outcome_of("- [ ] One\n", lambda _: lacks).verdict)
    assert (group.kind, [(lack.what, len(lack.items)) for lack in group.lacks]) == ("not declared", [("no host", 1)])


def test_what_failed_is_of_no_kind() -> None:
    both = [{"state": "failed"}, {"state": "unverified", "kind": "unsigned", "resource": "x"}]
    (group,) = open_groups(outcome_of("- [ ] One\n", lambda _: both).verdict)
    assert (group.state, group.kind, group.title) == ("failed", "", "Failed")


def test_what_the_worst_and_the_most_items_lack_is_named_first() -> None:
    claims = iter(["one.high", "two.low", "two.low", "three.low", "four.high", "four.high"])
    outcome = outcome_of(
        "".join(f"- [ ] Item {number} {'high' if number in (0, 4, 5) else 'low'}\n" for number in range(6)),
        lambda _: [{"state": "unverified", "kind": "no check yet", "lacks": next(claims)}],
        severity=lambda item: "high" if item.text.endswith("high") else "low",
    )
    (group,) = open_groups(outcome.verdict)
    assert [lack.what for lack in group.lacks] == ["four.high", "one.high", "two.low", "three.low"]
    assert by_severity(group.items) == "3 high, 3 low"


def test_results_of_earlier_versions_know_no_kinds(tmp_path: Path) -> None:
    old = outcome_of("- [ ] One\n", lambda _: [{"state": "unverified", "evidence": "not signed; x must sign"}])
    data = json.loads(as_text(file_of(old), Redactor()))
    for test in data["sections"][0]["items"][0]["tests"]:
        del test["kind"], test["lacks"]
    read = outcome_in(ResultFile.model_validate(data))
    assert open_groups(read.verdict) == (OpenGroup("unverified", "", read.verdict.items),)
    assert opened_on(render(read, Redactor())) == [("Unverified 1: 1 medium", False, ["one"])]
    assert any("unverified" in line and "One" in line for line in told(read))
