from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hatchling.builders.wheel import WheelBuilder
from ruamel.yaml import YAML

from pytest_readiness.cli.schemas import bindings_schema
from pytest_readiness.config.suites import suite_names, target_path
from pytest_readiness.plan.coming import COMING
from tests import suite
from tests.cli.program import Program
from tests.stack.patience import patient

ROOT = Path(__file__).parents[2]
FIGURES = {"checks": 3, "in part": 1, "people": 2, "missing": 2, "not applicable": 1, "unbound": 0}


@pytest.fixture
def small(readiness: Program, monkeypatch: pytest.MonkeyPatch) -> Program:
    suite.add(monkeypatch, readiness.folder / "suites")
    return readiness


def test_suites_are_listed_with_their_figures(small: Program) -> None:
    assert small("suites").lines == [
        "suite items checks in part people missing not applicable",
        "small 9 3 1 2 2 1",
        "all 9 3 1 2 2 1",
    ]


def test_all_that_ship_are_listed(readiness: Program) -> None:
    heading, *rows = readiness("suites").lines
    assert [row.split()[0] for row in rows] == [*suite_names(), "all"]
    assert heading.startswith("suite items checks in part people")
    assert "unbound" not in heading


def test_the_documentation_has_the_figures_of_today(readiness: Program) -> None:
    lines = {" ".join(line.split()) for line in readiness("suites").lines}
    shown = re.search(r"^suite .*\n((?:\S.*\n)+)", (ROOT / "docs" / "cli.md").read_text("utf-8"), re.M)
    assert shown
    for line in shown[1].splitlines():
        if not line.startswith("```"):
            assert " ".join(line.split()) in lines


def test_a_suite_says_what_it_is_for_and_how_to_begin(small: Program) -> None:
    assert small("suites", "small").lines == [
        "Small shop",
        "A checklist for a shop of one page.",
        "",
        "It has a second paragraph.",
        "",
        "section items checks in part people missing not applicable",
        "web 4 3 0 1 0 0",
        "safety 3 0 0 1 2 0",
        "papers 2 0 1 0 0 1",
        "all 9 3 1 2 2 1",
        "",
        "To begin",
        "readiness suites small --target > readiness.yaml fill in what your target is",
        "readiness plan --target prod what would be looked at, and what would not",
        "pytest --readiness-target=prod --readiness-report=readiness.html run it",
    ]


def test_the_same_for_programs(small: Program) -> None:
    every: Any = small.json("suites")
    [one] = every
    assert small.json("suites", "small") == one
    sections = one.pop("sections")
    assert one == {
        "name": "small",
        "title": "Small shop",
        "purpose": "A checklist for a shop of one page. It has a second paragraph.",
        "items": 9,
        **FIGURES,
    }
    assert [(each["id"], each["title"], each["items"]) for each in sections] == [
        ("web", "Web", 4),
        ("safety", "Safety", 3),
        ("papers", "Papers", 2),
    ]


def test_the_example_of_a_target_is_printed_as_it_is(readiness: Program) -> None:
    printed = readiness("suites", "starter", "--target").out
    assert printed == target_path("starter").read_text("utf-8")
    readiness.write("readiness.yaml", printed)
    assert readiness("plan", "--target", "prod").code == 0


def test_claims_to_come(small: Program) -> None:
    rows = small("suites", "--claims").out.splitlines()
    assert [row.split()[0] for row in rows] == ["claim", *COMING]
    [row] = [" ".join(row.split()) for row in rows if row.startswith("redis.tls ")]
    assert row == f"redis.tls 1 {COMING['redis.tls']}"
    data: Any = small.json("suites", "--claims")
    assert {each["id"]: each["items"] for each in data if each["items"]} == {"redis.persistence": 1, "redis.tls": 1}
    assert [each["claim"] for each in data] == list(COMING.values())
    of_one: Any = small.json("suites", "small", "--claims")
    assert of_one == [each for each in data if each["items"]]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("strter",), "There is no suite 'strter'. Did you mean 'starter'?"),
        (("--target",), "Which suite? Write: readiness suites NAME --target. Known: "),
        (("--for", "release.md"), "Which suite? Write: readiness suites NAME --for. Known: "),
        (("starter", "--target", "--claims"), "--target and --claims are two questions; ask one at a time."),
        (("starter", "--force"), "--force lets --for replace bindings that are there; it does nothing by itself."),
        (("starter", "--for", "nothing.md"), "nothing.md: there is no such file."),
        (
            ("starter", "--for", "release.md"),
            "The suite 'starter' was not made of a document that a team has; use it as it is: suite:starter.",
        ),
    ],
)
def test_what_is_wrong_is_a_sentence(readiness: Program, arguments: tuple[str, ...], sentence: str) -> None:
    result = readiness("suites", *arguments)
    assert (result.code, result.out) == (4, "")
    assert result.err.startswith(sentence)


def test_a_full_disk_is_a_sentence(tmp_path: Path) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "pytest_readiness", "suites", "starter", "--target"],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            cwd=tmp_path,
            timeout=patient(60),
            check=False,
        )
    assert (done.returncode, done.stderr) == (4, "The output could not be written: No space left on device.\n")


def test_a_suite_whose_items_are_all_answered_waits_for_no_check(readiness: Program) -> None:
    assert readiness("suites", "starter", "--claims").lines == ["No check is missing."]


def test_bindings_are_written_beside_the_document(small: Program) -> None:
    small.write("papers/launch.md", suite.ORIGINAL)
    written = "papers/launch.checks.yaml: 9 items of launch.md bound as in the suite small."
    assert small("suites", "small", "--for", "papers/launch.md").lines == [written]
    first = small.read("papers/launch.checks.yaml")
    jsonschema.validate(YAML(typ="safe").load(first), bindings_schema())
    refused = small("suites", "small", "--for", "papers/launch.md")
    assert (refused.code, refused.err) == (4, "papers/launch.checks.yaml is there already; --force replaces it.\n")

    small.write("papers/launch.md", suite.ORIGINAL.replace("- [ ] ~~Fax~~\n", ""))
    told = small("suites", "small", "--for", "papers/launch.md", "--force")
    assert told.code == 0
    assert small.read("papers/launch.checks.yaml") != first


def test_what_is_not_bound_is_told_with_its_line(small: Program) -> None:
    small.write("launch.md", suite.ORIGINAL.replace("- [ ] ~~Fax~~\n", "- [ ] ~~Fax~~\n- [ ] Telex\n"))
    told = small("suites", "small", "--for", "launch.md")
    assert told.lines == [
        "launch.checks.yaml: 7 items of launch.md bound as in the suite small.",
        "",
        "Items of sections that do not say the same on the same lines; bind them yourself (2)",
        "launch.md:16 docs/runbook",
        "launch.md:17 docs/fax",
        "",
        "Items that the suite does not have; bind them yourself (1)",
        "launch.md:18 docs/telex",
    ]
    assert told.code == 0


def test_what_was_written_runs_on_the_suites_target(small: Program) -> None:
    small.write("launch.md", suite.ORIGINAL)
    small.write("runbook.md", "# Runbook\n\n## Rollback\n\nTurn the switch.\n")
    small("suites", "small", "--for", "launch.md")
    small.write("readiness.yaml", suite.TARGET)
    plans: list[Any] = [small.json("plan", each, "--target", "prod") for each in ("suite:small", "launch.md")]
    assert plans[0]["counts"] == plans[1]["counts"]


def test_the_wheel_has_the_suites_whole() -> None:
    packed = {file.distribution_path for file in WheelBuilder(str(ROOT)).recurse_included_files()}
    for name in suite_names():
        for suffix in (".md", ".checks.yaml", ".target.yaml"):
            assert f"pytest_readiness/suites/{name}{suffix}" in packed
    assert not any("/demo/" in path for path in packed)
