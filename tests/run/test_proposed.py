"""What is proposed and not confirmed: unverified in a real run, however it is written and whatever is tried with it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.release import Release

CHECKLIST = """\
# Release
## Web
- [ ] The runbook is written
- [x] The runbook says how to deploy
- [ ] The owner accepts it
- [ ] There is no cache
- [ ] The cache is kept (if using Redis)
- [ ] Tokens
  - [ ] Tokens are set
  - [ ] Tokens are long (optional)
- [ ] Limits hold
- [ ] The document says no (N/A: no such thing)
- [ ] Tried by ourselves
- [ ] Plan is there
## Late
- [ ] Alerts arrive
"""
BINDINGS = """\
web:
  the-runbook-is-written:  # likely: runbook, written
    proposed: {check: docs.present, on: runbook}
  the-runbook-says-how-to-deploy: {proposed: {check: docs.sections, sections: [Deploy], partial: writers}}
  the-owner-accepts-it: {proposed: {signoff: operations, cadence: daily}, source: "a.md:3"}
  there-is-no-cache: {proposed: {not_applicable: there is no cache in this product}}
  the-cache-is-kept: {proposed: {check: container.healthy, on: cache, severity: low, level: full}}
  tokens-are-set: {proposed: [{check: env.present, names: [TOKEN]}, {check: env.length, names: [TOKEN]}]}
  tokens-are-long: {proposed: {any: [postgres.tls, container.healthy], missing: redis.persistence}}
  limits-hold: {proposed: {check: http.rate_limit, from_target: nothing}}
  the-document-says-no: {proposed: docs.present}
  tried-by-ourselves: {proposed: docs.present}
  plan-is-there: {check: docs.present, on: plan}
late:
  .level: full
  alerts-arrive: {proposed: {missing: prometheus.rules, severity: low}}
"""
CONFIGURATION = """\
checklists: [release.md]
tests: [test_own.py]
levels: [basic, full]
roles: {operations: [operations@example.com]}
signoffs: signoffs.yaml
waivers: waivers.yaml
waiver_days: 40000
targets:
  prod:
    level: basic
    env_files: {one: one.env}
    documents: {plan: plan.md, runbook: runbook.md}
"""
DECISIONS = """\
signoffs:
  - {item: web/the-owner-accepts-it, by: operations@example.com, role: operations, on: 2026-03-01}
"""
WAIVERS = """\
waivers:
  - {item: web/limits-hold, reason: later, by: operations@example.com, expires: 2100-01-01}
"""
OWN = """\
import pytest

@pytest.mark.readiness("web/tried-by-ourselves")
def test_own():
    pass
"""
PROPOSED = {
    "the-runbook-is-written": "docs.present",
    "the-runbook-says-how-to-deploy": "docs.sections, signature of writers",
    "the-owner-accepts-it": "signature of operations",
    "there-is-no-cache": "not applicable (there is no cache in this product)",
    "the-cache-is-kept": "container.healthy",
    "tokens-are-set": "env.present, env.length",
    "tokens-are-long": "postgres.tls, container.healthy, redis.persistence",
    "limits-hold": "http.rate_limit",
    "alerts-arrive": "prometheus.rules",
}
NOW = {"READINESS_NOW": "2026-03-02"}


@pytest.fixture(scope="module")
def proposed(tmp_path_factory: pytest.TempPathFactory) -> Release:
    """A project with a proposal of every form, after its run."""
    release = Release(tmp_path_factory.mktemp("proposed"))
    for name, text in (
        ("release.md", CHECKLIST),
        ("release.checks.yaml", BINDINGS),
        ("readiness.yaml", CONFIGURATION),
        ("signoffs.yaml", DECISIONS),
        ("waivers.yaml", WAIVERS),
        ("test_own.py", OWN),
        ("plan.md", f"# Plan\n\n## Other\n\n{'All of it is said here. ' * 20}\n"),
    ):
        release.write(name, text)
    done = release.run("--readiness-out=out", "--readiness-report=page.html", "--readiness-record=facts.json", **NOW)
    assert done.returncode == 6, done.stdout + done.stderr
    release.write("told.txt", done.stdout)
    return release


def leaves(items: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [leaf for item in items for leaf in (leaves(item["items"]) if "items" in item else [item])]


def items_of(result: dict[str, Any]) -> dict[str, dict[str, Any]]:
    every = [item for section in result["sections"] for item in leaves(section["items"])]
    return {item["id"].rpartition("/")[2]: item for item in every}


def test_every_item_with_only_a_proposal_is_unverified(proposed: Release) -> None:
    items = items_of(proposed.result())
    for slug, what in PROPOSED.items():
        (test,) = items.pop(slug)["tests"]
        assert (test["state"], test["kind"], test["check"], test["resource"], test["role"]) == (
            *("unverified", "proposed"),
            *("", "", ""),
        ), slug
        assert test["evidence"] == f"proposed: {what}; confirm with `readiness bind release.md --review`"
    assert {slug: item["state"] for slug, item in items.items()} == {
        "the-document-says-no": "not applicable",
        "tried-by-ourselves": "passed",
        "plan-is-there": "passed",
    }


def test_it_weighs_no_less_than_it_would_confirmed(proposed: Release) -> None:
    items = items_of(proposed.result())
    weights = {"tokens-are-set": "critical", "limits-hold": "high", "tokens-are-long": "low"}
    assert {slug: items[slug]["severity"] for slug in PROPOSED} == {
        slug: weights.get(slug, "medium") for slug in PROPOSED
    }
    verdict = proposed.result()["verdict"]
    assert (verdict["go"], verdict["counts"]) == (False, {"unverified": 9, "not applicable": 1, "passed": 2})
    bound = proposed.result()["drift"]["unbound"]
    proposed.write("release.checks.yaml", "web:\n  plan-is-there: {check: docs.present, on: plan}\n")
    try:
        proposed.run("--readiness-out=unbound", **NOW)
    finally:
        proposed.write("release.checks.yaml", BINDINGS)
    assert proposed.result("unbound")["verdict"]["score"] > verdict["score"]
    assert (bound, len(proposed.result("unbound")["drift"]["unbound"])) == ([], 9)


def test_nothing_of_it_is_read(proposed: Release) -> None:
    recorded = (proposed.path / "facts.json").read_text("utf-8")
    assert "plan.md" in recorded
    for name in ("one.env", "runbook.md", "TOKEN"):
        assert name not in recorded


def test_the_terminal_tells_them_together(proposed: Release) -> None:
    text = (proposed.path / "told.txt").read_text("utf-8")
    lines = text.splitlines()
    at = lines.index("Proposed (9: 1 critical, 1 high, 6 medium, 1 low; -v lists them)")
    assert lines[at + 1] == "  confirm with `readiness bind release.md --review`"
    assert "env.present and env.length, http.rate_limit, docs.present, docs.sections and" in lines[at + 2]
    assert "Open, failed first" not in text
    verbose = proposed.run("-v", COLUMNS="200", **NOW).stdout
    assert "  signature of operations\n" in verbose
    assert "    medium   proposed   The owner accepts it  release:web/the-owner-accepts-it, line 5\n" in verbose


def test_the_page_and_the_completed_checklist_tell_them(proposed: Release) -> None:
    page = (proposed.path / "page.html").read_text("utf-8")
    assert "<summary>Proposed <small>9: 1 critical, 1 high, 6 medium, 1 low</small></summary>" in page
    assert "<p>docs.sections and signature of writers <small>1</small></p>" in page
    assert "<option>proposed</option>" in page
    assert page.count('data-kind="proposed"') == 9
    completed = (proposed.path / "out" / "release.completed.md").read_text("utf-8")
    assert completed.count("[x]") == 2
    assert completed.count("proposed: ") == 9


@pytest.mark.parametrize(
    "arguments",
    [
        ("-k", "the-cache-is-kept or there-is-no-cache"),
        ("release.md::web::there-is-no-cache", "release.md::web::the-cache-is-kept"),
        ("--readiness-allow=active", "--readiness-allow=disruptive"),
        ("--readiness-replay=facts.json",),
        ("-n2",),
    ],
    ids=["part", "named", "allowed", "replay", "xdist"],
)
def test_however_it_runs(proposed: Release, arguments: tuple[str, ...]) -> None:
    done = proposed.run(*arguments, "--readiness-out=again", **NOW)
    assert done.returncode == 6, done.stdout + done.stderr
    items = items_of(proposed.result("again"))
    for slug in ("there-is-no-cache", "the-cache-is-kept"):
        assert [test["kind"] for test in items[slug]["tests"]] == ["proposed"]


def test_shards_keep_it(proposed: Release) -> None:
    assert proposed.cli("merge", *proposed.shards(2), "--out", "merged").returncode == 6
    kinds = [test["kind"] for item in items_of(proposed.result("merged")).values() for test in item["tests"]]
    assert kinds.count("proposed") == 9


def test_a_proposal_that_is_not_valid_stops_the_run(release: Release) -> None:
    release.replace("release.checks.yaml", "signed: {signoff: operations}", "signed: {proposed: env.presnt}")
    done = release.run()
    assert done.returncode == 4
    assert "release.checks.yaml:9: There is no check 'env.presnt'. Did you mean 'env.present'?" in done.stderr


def test_what_is_confirmed_runs(release: Release) -> None:
    proposal = "{proposed: {check: docs.sections, sections: [Deploy]}}"
    release.replace("release.checks.yaml", "{check: docs.sections, sections: [Deploy]}", proposal)
    release.run("--readiness-out=before")
    assert items_of(release.result("before"))["complete"]["state"] == "unverified"
    release.replace("release.checks.yaml", proposal, "{check: docs.sections, sections: [Deploy]}")
    release.run("--readiness-out=after")
    assert items_of(release.result("after"))["complete"]["state"] == "failed"
