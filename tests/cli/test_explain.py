from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from pytest_readiness.cli.describe import example
from pytest_readiness.core.domains import load_catalogue
from pytest_readiness.core.registry import CHECKS
from pytest_readiness.plan.coming import COMING
from tests.cli.program import Program
from tests.stack.patience import patient

RUNBOOK = "papers/runbook-covers-rollback"
RESTORE = "backups-monthly/restore-is-rehearsed"
CERTIFICATES = "tls/certificates-are-valid"


def test_a_check(readiness: Program) -> None:
    result = readiness("explain", "tls.expiry")
    check = CHECKS["tls.expiry"]
    assert (result.code, result.err) == (0, "")
    lines = result.lines
    assert lines[:2] == ["tls.expiry", check.title]
    assert "severity critical, unless a binding says otherwise" in lines
    assert "class passive" in lines
    assert "looks at url or endpoint" in lines
    assert any(line.startswith("reads tls_scan: ") for line in lines)
    assert f"source {check.source}" in lines
    assert f"remedy {check.remedy}" in lines
    assert any(line.startswith("min_days whole number ≥ 1 null shortest accepted time left") for line in lines)
    assert lines[-2:] == ["section:", "item: tls.expiry"]


@pytest.mark.parametrize("id", sorted(load_catalogue()))
def test_every_check_and_its_example(readiness: Program, id: str) -> None:
    result = readiness("explain", id)
    assert (result.code, result.err) == (0, "")
    binding = example(CHECKS[id])
    given = {key: value for key, value in binding.items() if key != "check"} if isinstance(binding, dict) else {}
    CHECKS[id].parameters.model_validate(given)
    readiness.write("one.md", "# S\n\n- [ ] Item\n")
    readiness.write("one.checks.yaml", "s:\n" + result.out.splitlines()[-1] + "\n")
    assert readiness("plan", "one.md", "--target", "prod").code == 0


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        (
            "tls.expyri",
            "There is no check 'tls.expyri'; an item's id has the form section/item. Did you mean 'tls.expiry'?",
        ),
        ("verdct", "There is no check 'verdct'; an item's id has the form section/item. Did you mean 'verdict'?"),
        ("papers/runbook", f"No checklist has an item 'papers/runbook'. Did you mean '{RUNBOOK}'?"),
        (f"releas:{RUNBOOK}", f"No checklist has an item 'releas:{RUNBOOK}'. Did you mean 'release:{RUNBOOK}'?"),
        ("verdict", "Name the result to explain: readiness explain verdict --result result.json."),
    ],
)
def test_unknown_names_name_the_nearest(readiness: Program, name: str, sentence: str) -> None:
    result = readiness("explain", name)
    assert (result.code, result.out, result.err) == (4, "", f"{sentence}\n")


def test_an_item_that_checks_answer(readiness: Program) -> None:
    readiness("waive", CERTIFICATES, "--reason", "later", "--by", "b@example.com", "--expires", "2026-03-11")
    result = readiness("explain", CERTIFICATES, "--target", "prod")
    assert (result.code, result.err) == (0, "")
    lines = result.lines
    assert lines[:2] == [f"release:{CERTIFICATES}", "Certificates are valid"]
    assert f"is in {readiness.folder / 'release.md'}:5" in lines
    assert f"bound {readiness.folder / 'release.checks.yaml'}:2" in lines
    assert "section Release › TLS" in lines
    assert "severity critical, that of tls.expiry" in lines
    assert f"tls.expiry: {CHECKS['tls.expiry'].title}" in lines
    for row in ("looks at url or endpoint", "on public", "min_days 10", "warns unless it holds with {min_days: 30}"):
        assert row in lines
    assert "by b@example.com until 2026-03-11: later" in lines
    assert "runs certificates-are-valid[shop] tls.expiry on https://${SHOP_HOST}:443 (url shop)" in lines


def test_an_item_that_a_target_and_a_check_to_come_answer(readiness: Program) -> None:
    bindings = readiness.read("release.checks.yaml")
    entry = "{check: docs.sections, from_target: plans, missing: redis.persistence, source: 'a.md:7'}"
    readiness.write("release.checks.yaml", bindings.replace("plan-a: docs.present", f"plan-a: {entry}"))
    configuration = readiness.read("readiness.yaml")
    given = "parameters: {plans: {sections: [Rollback]}}"
    readiness.write("readiness.yaml", configuration.replace("    level: silver\n", f"    level: silver\n    {given}\n"))
    told = readiness("explain", "papers/plan-a").out
    assert "from the target  parameters named 'plans', which each target gives" in told
    assert "comes from  a.md:7" in told
    assert "redis.persistence  Redis writes its data to disk" in told
    told = readiness("explain", "papers/plan-a", "--target", "prod").out
    assert "from the target  plans" in told
    assert re.search(r"sections +\[Rollback\]", told)
    assert re.search(r"unverified +plan-a\[redis.persistence\] +no check yet: redis.persistence", told)


def test_an_item_with_only_a_proposal(readiness: Program) -> None:
    bindings = readiness.read("release.checks.yaml")
    proposal = "{check: docs.sections, partial: writers, severity: high, level: gold}"
    entry = f"{{proposed: {proposal}, source: 'a.md:7'}}"
    readiness.write("release.checks.yaml", bindings.replace("plan-a: docs.present", f"plan-a: {entry}"))
    result = readiness("explain", "papers/plan-a", "--target", "prod")
    assert (result.code, result.err) == (0, "")
    lines = result.lines
    where = f"{readiness.folder / 'release.checks.yaml'}:6"
    assert f"bound to nothing: {where} only proposes what may answer it, so it is unverified" in lines
    assert "group Plans [red]are[/red] written" in lines
    assert "comes from a.md:7" in lines
    assert "severity high, by what is proposed for it" in lines
    at = lines.index("Proposed; confirm with `readiness bind release.md --review`")
    assert lines[at + 1 : at + 8] == [
        f"docs.sections: {CHECKS['docs.sections'].title}",
        "looks at document",
        "on every document",
        "to be given sections",
        "signature of writers",
        "severity high",
        "level needed from level gold up",
    ]
    assert not {"Checks", "Sign-off", "No one has signed."} & set(lines)
    how = "confirm with `readiness bind release.md --review`"
    assert f"unverified plan-a proposed: docs.sections, signature of writers; {how}" in lines


def test_other_proposals(readiness: Program) -> None:
    bindings = readiness.read("release.checks.yaml")
    for proposal, told in (
        ("{not_applicable: no such plan}", "does not apply no such plan"),
        ("{missing: redis.persistence}", f"redis.persistence {COMING['redis.persistence']}"),
        # There is a check by now.
        ("{missing: docs.present}", f"docs.present {CHECKS['docs.present'].title}"),
        (
            "{check: docs.sections, from_target: plans}",
            "from the target parameters named 'plans', which each target gives",
        ),
    ):
        entry = f"plan-a: {{proposed: {proposal}}}"
        readiness.write("release.checks.yaml", bindings.replace("plan-a: docs.present", entry))
        assert told in readiness("explain", "papers/plan-a").lines
        assert readiness("plan", "--target", "prod", "--by-item").code == 0


def test_a_waiver_that_ended(readiness: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    readiness("waive", CERTIFICATES, "--reason", "later", "--by", "b@example.com", "--expires", "2026-03-11")
    monkeypatch.setenv("READINESS_NOW", "2026-03-13")
    assert "by b@example.com until 2026-03-11; expired 2 days ago: later" in readiness("explain", CERTIFICATES).lines


def test_an_item_that_is_ticked_and_above_the_level(readiness: Program) -> None:
    lines = readiness("explain", "tls/old-versions-are-refused", "--target", "prod").lines
    assert "ticked by hand, which is a claim, not evidence" in lines
    assert "level needed from level gold up" in lines
    assert "all of" in lines
    assert "not applicable old-versions-are-refused needed from level gold up; prod is silver" in lines


def test_an_item_that_people_sign(readiness: Program) -> None:
    readiness("sign", RESTORE, "--by", "a@example.com", "--role", "ops", "--evidence", "docs/runbook.md")
    stale = "  - {item: 'release:" + RESTORE + "', by: b@example.com, role: ops, on: 2026-01-01, release: '1.3'}\n"
    readiness.write("signoffs.yaml", readiness.read("signoffs.yaml") + stale)
    lines = readiness("explain", RESTORE).lines
    assert "by 2 different people of ops (a@example.com, b@example.com)" in lines
    assert "counts 31 days" in lines
    assert "evidence a file changed within 30 days" in lines
    assert any(
        line.startswith("line 2: signed by a@example.com (ops) on 2026-03-10, until 2026-04-10") for line in lines
    )
    assert (
        "line 9: the sign-off by b@example.com of 2026-01-01 expired on 2026-02-01, 37 days ago, for release 1.3"
        in lines
    )
    assert "severity medium, the default, as neither a check nor a binding sets one" in lines


def test_other_items(readiness: Program) -> None:
    acceptance = readiness("explain", "backups-monthly/acceptance-is-approved").lines
    assert "release each release needs its own" in acceptance
    assert "severity high, by its binding" in acceptance
    assert "counts 5 days" in acceptance
    assert "No one has signed." in acceptance
    both = readiness("explain", RUNBOOK).lines
    assert "Sign-off for what the checks cannot see" in both
    assert "sections [Rollback]" in both
    optional = readiness("explain", "papers/plan-a").lines
    assert "severity low, because the checklist calls it optional" in optional
    group = readiness("explain", "papers/plans-red-are-red-written").lines
    assert "Plans [red]are[/red] written" in group
    assert "release:papers/plan-a" in group
    assert "does not apply struck through in the checklist" in readiness("explain", "papers/fax-works").lines
    loose = readiness("explain", "backups-monthly/loose-end").lines
    assert any(line.endswith("release.checks.yaml does not list it, so it is unverified") for line in loose)


# With the result of a run


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The result of a real run: weights and numbers that do not come out even."""
    folder = tmp_path_factory.mktemp("run")
    write = {
        "release.md": "# R\n\n## Papers\n\n- [ ] One\n- [ ] Two\n- [ ] Group\n  - [ ] Three\n  - [ ] Four\n\n"
        "## People\n\n- [ ] Five\n- [ ] Six\n- [ ] (N/A: there is none) Seven\n",
        "release.checks.yaml": "papers:\n  one: {check: docs.present, on: full, severity: critical}\n"
        "  two: {check: docs.present, on: empty, severity: high}\n"
        "  three: {check: docs.present, on: full, severity: low}\n"
        "  four: {check: docs.present, on: empty}\npeople:\n  five: {signoff: ops, severity: critical}\n",
        "readiness.yaml": "checklists: [release.md]\nroles: {ops: [a@example.com]}\nwaivers: waivers.yaml\n"
        "targets:\n  prod:\n    documents: {full: full.md, empty: empty.md}\n"
        "    policy: {min_score: 90, weights: {critical: 7.3, low: 0.1}, "
        "sections: {papers: 80, people: 0}, max_drop: 5}\n",
        "waivers.yaml": "waivers:\n  - {item: papers/four, reason: later, by: a@example.com, expires: 2026-04-01}\n",
        "full.md": "word " * 30,
        "empty.md": "one word\n",
    }
    for name, text in write.items():
        (folder / name).write_text(text, "utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--readiness-target=prod"]
    environment = {**os.environ, "READINESS_NOW": "2026-03-10T12:00:00Z"}
    done = subprocess.run(
        [*command, "--readiness-out=out"],
        cwd=folder,
        env=environment,
        capture_output=True,
        timeout=patient(120),
        check=False,
    )
    assert done.returncode == 1, done.stdout
    return folder / "out" / "result.json"


def test_the_numbers_of_a_verdict_add_up(readiness: Program, result: Path) -> None:
    shown = readiness("explain", "verdict", "--result", str(result))
    assert (shown.code, shown.err) == (0, "")
    data = json.loads(result.read_text("utf-8"))
    score = data["verdict"]["score"]
    sums = re.findall(r"sum: 100 × (\S+) / (\S+) = (\S+)", shown.out)
    assert len(sums) == 3
    for passed, whole, percent in sums:
        assert 100 * float(passed) / float(whole) == pytest.approx(float(percent), abs=1e-7)
    *sections, (passed, whole, percent) = sums
    assert sum(float(section[0]) for section in sections) == pytest.approx(float(passed))
    assert sum(float(section[1]) for section in sections) == pytest.approx(float(whole))
    assert percent == f"{score:.10g}"
    assert [float(section[2]) for section in sections] == pytest.approx(
        [section["score"] for section in data["sections"]], abs=1e-7
    )
    rows = re.findall(r"(\S+) × ([01]) = (\S+)$", shown.out, re.MULTILINE)
    assert len(rows) == 5
    assert all(float(weight) * int(holds) == float(product) for weight, holds, product in rows)
    assert sum(float(product) for *_, product in rows) == pytest.approx(float(passed))
    assert sum(float(weight) for weight, *_ in rows) == pytest.approx(float(whole))


def test_what_decided(readiness: Program, result: Path) -> None:
    data = json.loads(result.read_text("utf-8"))
    lines = readiness("explain", "verdict", "--result", str(result)).lines
    score = f"{int(data['verdict']['score'] * 10) / 10:.1f}"
    assert lines[0] == f"NO-GO, score {score}"
    assert (
        "Weights: critical 7.3, high 5, medium 2, low 0.1. Waived items and those that do not apply do not count."
        in lines
    )
    assert f"min_score 90: the score is {score} NO-GO" in lines
    assert "block: critical no open critical item: 1 (release:people/five) NO-GO" in lines
    papers = f"{int(data['sections'][0]['score'] * 10) / 10:.1f}"
    assert f"sections: papers 80: it scores {papers} NO-GO" in lines
    assert "sections: people 0: it scores 0.0 met" in lines
    assert "max_drop 5: there is no baseline NO-GO" in lines
    assert "passed at least 1 item: 2 met" in lines
    assert "release:papers/four medium waived does not count" in lines
    assert any(line.startswith("release:people/") and line.endswith("not applicable does not count") for line in lines)
    assert lines[-1] == f"NO-GO because {'; '.join(data['verdict']['reasons'])}."


def test_a_result_that_was_changed_does_not_add_up(readiness: Program, result: Path) -> None:
    data: Any = json.loads(result.read_text("utf-8"))
    data["verdict"]["score"] = 95.0
    readiness.write("changed.json", json.dumps(data))
    shown = readiness("explain", "verdict", "--result", "changed.json")
    assert shown.code == 1
    assert "and it says 95.0; the file was changed after the run." in shown.err


def test_the_last_state_of_an_item(readiness: Program, result: Path) -> None:
    arguments = ("--config", str(result.parents[1] / "readiness.yaml"), "--result", str(result))
    lines = readiness("explain", "papers/two", *arguments).lines
    assert "failed, severity high" in lines
    assert any(line.startswith("failed docs.present empty: expected ") and "; seen: " in line for line in lines)
    assert "unverified signoff: not signed; ops must sign" in readiness("explain", "people/five", *arguments).lines
    other = readiness("explain", RUNBOOK, "--result", str(result)).lines
    assert "It was not part of that run." in other


@pytest.mark.parametrize("text", ["{}", "nothing", '{"format": "pytest-readiness/1"}'])
def test_other_files_are_no_results(readiness: Program, text: str) -> None:
    readiness.write("result.json", text)
    shown = readiness("explain", "verdict", "--result", "result.json")
    assert (shown.code, shown.out) == (4, "")
    assert shown.err.startswith("result.json: ")


def test_a_missing_target_is_wrong_input(readiness: Program) -> None:
    result = readiness("explain", CERTIFICATES, "--target", "prd")
    assert result.code == 4
    assert "There is no target 'prd'. Did you mean 'prod'?" in result.err
