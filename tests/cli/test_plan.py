from __future__ import annotations

import re
import socket
import threading
from collections import Counter
from typing import Any

import pytest

from pytest_readiness.cli import project
from pytest_readiness.core.registry import CHECKS
from pytest_readiness.plan.coming import COMING
from tests.cli.program import CONFIGURATION, Program, on_terminal

PLAN = ("plan", "--target", "prod")


def test_what_would_run_is_listed_and_nothing_is_run(readiness: Program) -> None:
    before = sorted(path.name for path in readiness.folder.iterdir())
    result = readiness(*PLAN)
    assert (result.code, result.err) == (0, "")
    assert sorted(path.name for path in readiness.folder.iterdir()) == before
    assert "hunter22" not in result.out
    lines = result.lines
    assert lines[0] == "prod: where customers are"
    assert lines[1].endswith("readiness.yaml, 3 resources, 9 tests. Nothing was contacted.")
    assert "critical tls.expiry shop release:tls/certificates-are-valid[shop]" in lines
    assert "medium sign-off: ops – release:papers/runbook-covers-rollback[signoff]" in lines
    assert "section passive signed unverified not applicable tests" in lines
    assert "release:papers 2 1 0 1 4" in lines
    assert "all 3 3 1 2 9" in lines
    unbound = "medium release:backups-monthly/loose-end bound to nothing: no check answers it and nobody signs it"
    assert unbound in lines
    assert "high release:tls/old-versions-are-refused needed from level gold up; prod is silver" in lines
    assert "medium release:papers/fax-works struck through in the checklist" in lines


def test_each_fact_stands_once_with_its_tests(readiness: Program) -> None:
    data: Any = readiness.json(*PLAN)
    facts = {(fact["fact"], fact["resource"]): fact["tests"] for fact in data["facts"]}
    assert len(facts) == len(data["facts"])
    assert facts[("tls_scan", "shop")] == 1
    assert facts[("document_text", "runbook")] == 2


def test_json_agrees_with_the_plan(readiness: Program) -> None:
    data: Any = readiness.json(*PLAN)
    plan = project.plan(project.configuration(None, "prod"))
    assert [test["test"] for test in data["tests"]] == [test.key for test in plan.tests()]
    assert data["counts"] == Counter(test["how"] for test in data["tests"])
    assert data["counts"] == {"passive": 3, "signed": 3, "unverified": 1, "not applicable": 2}
    expiry = data["tests"][0]
    assert expiry["parameters"] == {"min_days": 10, "min_fraction": None}
    assert expiry["warn"] == {"min_days": 30, "min_fraction": None}
    assert expiry["where"] == "https://${SHOP_HOST}:443"
    assert all(test["reason"] for test in data["tests"] if test["how"] in ("unverified", "not applicable"))


def test_what_is_not_set_stays_and_is_told(readiness: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = readiness(*PLAN).lines
    path = readiness.folder / "readiness.yaml"
    told = "is not set; the configuration needs it here: set it, or take this entry out."
    assert f"{path}:11: The environment variable SHOP_HOST {told}" in lines
    assert f"{path}:14: The environment variable MORE_DSN {told}" in lines
    left_out = "Database 'more' is left out, as its kind is not known: set the variable in 'dsn', or give 'engine'."
    assert f"{path}:14: {left_out}" in lines
    monkeypatch.setenv("SHOP_HOST", "shop.example.com")
    monkeypatch.setenv("MORE_DSN", "postgresql://u:hunter33@db.example.com/more")
    result = readiness(*PLAN, "--json")
    assert '"where": "https://shop.example.com:443"' in result.out
    assert '"unset": []' in result.out
    assert "hunter33" not in result.out


def test_a_password_never_shows(readiness: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOP_HOST", "shop.example.com")
    monkeypatch.setenv("MORE_DSN", "postgresql://u:hunter33@db.example.com/more")
    readiness.write("release.checks.yaml", "tls: {certificates-are-valid: postgres.connects}\n")
    readiness.write("release.md", readiness.read("release.md").replace("Loose end", "hunter33 is no end"))
    for result in (readiness(*PLAN), readiness(*PLAN, "--json"), readiness("explain", "tls/certificates-are-valid")):
        assert result.code == 0
    shown = readiness(*PLAN).out
    assert "db.example.com/more" in shown
    assert "hunter33" not in shown


def test_nothing_is_contacted(readiness: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.2)
        text = CONFIGURATION.replace("${SHOP_HOST}:443", f"127.0.0.1:{server.getsockname()[1]}")
        readiness.write("readiness.yaml", text)
        threads = threading.active_count()
        assert readiness(*PLAN).code == 0
        assert threading.active_count() == threads
        with pytest.raises(TimeoutError):
            server.accept()


def test_other_documents_can_be_planned(readiness: Program) -> None:
    readiness.write("small.md", "# Small\n\n- [ ] Only this\n")
    data: Any = readiness.json(*PLAN, "small.md")
    assert [test["item"] for test in data["tests"]] == ["small:small/only-this"]
    for path, sentence in (("gone.md", "there is no such file."), ("suite:startr", "Did you mean 'starter'?")):
        result = readiness(*PLAN, path)
        assert result.code == 4
        assert sentence in result.err


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--target", "prud"), "There is no target 'prud'. Did you mean 'prod'?"),
        (("--target", ""), "Name a target of readiness.yaml: --target NAME."),
        (("--target", "prod", "--allow", "activ"), "There is no class to be allowed 'activ'. Did you mean 'active'?"),
        (("--target", "prod", "--config", "gone.yaml"), "The configuration file does not exist."),
    ],
)
def test_wrong_input(readiness: Program, arguments: tuple[str, ...], sentence: str) -> None:
    result = readiness("plan", *arguments)
    assert (result.code, result.out) == (4, "")
    assert sentence in result.err


def test_mistakes_are_all_told(readiness: Program) -> None:
    readiness.write("release.checks.yaml", "tls:\n  certificates-are-vald: tls.expiry\n")
    readiness.write("signoffs.yaml", "signoffs:\n  - {item: x/y, by: a, role: ops, on: 2026-03-01}\n")
    result = readiness(*PLAN)
    assert result.code == 4
    assert "release.checks.yaml:2: " in result.err
    assert "signoffs.yaml:2: " in result.err


@pytest.mark.parametrize("columns", [80, 200])
def test_text_from_the_checklist_is_data(readiness: Program, columns: int) -> None:
    readiness.write(
        "release.md", readiness.read("release.md").replace("~~Fax works~~", "Fax works (N/A: \x1b[31mnone)")
    )
    readiness.write("readiness.yaml", CONFIGURATION.replace("where customers are", '"[bold]x[/bold] \\e[31m"'))
    shown = on_terminal(list(PLAN), columns, readiness.folder, READINESS_NOW="2026-03-10")
    assert "[bold]x[/bold]" in shown
    assert "\x1b[31m" not in shown
    assert max(len(line) for line in re.sub(r"\x1b\[[0-9;]*m", "", shown).splitlines()) <= columns


def test_a_name_on_another_target_is_known_though_its_values_are_not(readiness: Program) -> None:
    """What the target of another environment declares is declared, whatever variables are set here."""
    more = "  staging:\n    urls: {shop: {url: 'http://127.0.0.1:1', labels: [public]}}\n"
    readiness.write("readiness.yaml", CONFIGURATION.replace("labels: [public]", "labels: [outside]") + more)
    text = readiness.read("release.checks.yaml").replace("on: public", "on: outside")
    readiness.write("release.checks.yaml", text)
    result = readiness("plan", "--target", "staging")
    assert result.code == 0, result.err
    assert "target staging declares no url or endpoint named or labelled outside" in result.out


PROPOSED = """\
tls:
  certificates-are-valid: {check: tls.expiry, min_days: 10, on: public}
  old-versions-are-refused: {proposed: [tls.versions, {check: tls.expiry, min_days: 5, on: shop}]}
papers:
  runbook-covers-rollback: {check: docs.sections, sections: [Rollback], partial: ops}
  plan-a: {proposed: {missing: redis.persistence, severity: high}}
backups-monthly:
  restore-is-rehearsed: {missing: redis.tls}
  acceptance-is-approved: {proposed: {signoff: owners}}
"""


def test_items_stand_beside_what_is_claimed(readiness: Program) -> None:
    readiness.write("release.checks.yaml", PROPOSED)
    result = readiness(*PLAN, "--by-item")
    assert (result.code, result.err) == (0, "")
    expiry, versions, sections = (
        CHECKS[id].title.rstrip(".") for id in ("tls.expiry", "tls.versions", "docs.sections")
    )
    told = result.out[result.out.index("release: Release › TLS") :]
    assert (
        told
        == f"""\
release: Release › TLS
  Certificates are valid
    tls.expiry on shop: {expiry} [min_days: 10]
  Old versions are refused
    proposed: tls.versions: {versions}
    proposed: tls.expiry on shop: {expiry} [min_days: 5]

release: Release › Papers
  Runbook covers rollback
    docs.sections on runbook: {sections} [sections: [Rollback]]
    signature of ops
  Plans [red]are[/red] written
    Plan A (optional)
      proposed: no check yet: redis.persistence ({COMING["redis.persistence"]})
  Fax works
    not applicable: struck through in the checklist

release: Release › Backups (monthly)
  Restore is rehearsed
    no check yet: redis.tls ({COMING["redis.tls"]})
  Acceptance is approved
    proposed: signature of owners
  Loose end
    unverified: bound to nothing: no check answers it and nobody signs it
"""
    )


def test_proposed_alternatives_are_told_from_what_must_all_pass(readiness: Program) -> None:
    both = "old-versions-are-refused: {proposed: {%s: [tls.versions, {any: [tls.trusted, tls.chain]}]}}"
    told = {}
    for way in ("all", "any"):
        readiness.write("release.checks.yaml", f"tls:\n  {both % way}\n")
        lines = readiness(*PLAN, "--by-item").lines
        told[way] = [line.partition(": ")[2].split(":")[0] for line in lines if line.startswith("proposed: ")]
    assert told["all"] == ["tls.versions", "tls.trusted", "or tls.chain"]
    assert told["any"] == ["tls.versions", "or tls.trusted", "or tls.chain"]


def test_what_is_answered_alike_is_one_line(readiness: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOP_HOST", "shop.example.com")
    more = "labels: [public]}\n      api: https://api.example.com\n      plain: http://h.example.com"
    readiness.write("readiness.yaml", CONFIGURATION.replace("labels: [public]}", more))
    steps = "[{name: home, get: /, expect: {text: %s}}]" % ("Welcome to the shop " * 9)
    readiness.write(
        "release.checks.yaml", f"tls:\n  certificates-are-valid: [tls.expiry, {{check: http.flow, steps: {steps}}}]\n"
    )
    lines = readiness(*PLAN, "--by-item", "--allow", "active").lines
    expiry = CHECKS["tls.expiry"].title.rstrip(".")
    assert f"tls.expiry on shop, api: {expiry}" in lines
    without = "plain is declared as http://h.example.com, without TLS"
    assert f"tls.expiry on plain: {expiry} – unverified: {without}" in lines
    (flow,) = (line for line in lines if line.startswith("http.flow on shop, api, plain: "))
    assert flow.endswith("…]")
    assert len(flow) < 220


def test_programs_get_text_group_and_claim_of_each_test(readiness: Program) -> None:
    readiness.write("release.checks.yaml", PROPOSED)
    data: Any = readiness.json(*PLAN)
    told = {test["test"].partition("/")[2]: (test["text"], test["group"], test["claim"]) for test in data["tests"]}
    expiry, versions = CHECKS["tls.expiry"].title, CHECKS["tls.versions"].title.rstrip(".")
    tls, papers, backups = (["Release", title] for title in ("TLS", "Papers", "Backups (monthly)"))
    assert told["certificates-are-valid[shop]"] == ("Certificates are valid", tls, expiry)
    proposed = f"{versions}; {expiry.rstrip('.')}"
    assert told["old-versions-are-refused"] == ("Old versions are refused", tls, proposed)
    group = [*papers, "Plans [red]are[/red] written"]
    assert told["plan-a"] == ("Plan A (optional)", group, COMING["redis.persistence"])
    assert told["restore-is-rehearsed[redis.tls]"] == ("Restore is rehearsed", backups, COMING["redis.tls"])
    for unclaimed in ("acceptance-is-approved", "loose-end"):
        assert told[unclaimed][1:] == (backups, "")
    assert data["counts"] == {"passive": 2, "signed": 1, "unverified": 5, "not applicable": 1}


def test_what_is_proposed_names_the_documents_to_review(readiness: Program) -> None:
    readiness.write("docs/other one.md", "# Other\n\n- [ ] It is there\n")
    readiness.write(
        "docs/other one.checks.yaml", "other:\n  it-is-there: {proposed: {not_applicable: 'no; confirm'}}\n"
    )
    readiness.write("release.checks.yaml", PROPOSED)
    lines = readiness("plan", "release.md", "docs/other one.md", "--target", "prod").lines
    how = "confirm with `readiness bind release.md --review` and `readiness bind 'docs/other one.md' --review`"
    [heading] = [line for line in lines if line.startswith("Proposed, and not confirmed")]
    assert heading.endswith(f"; {how}")
    assert any(line.endswith("it-is-there not applicable (no; confirm)") for line in lines)


def test_by_item_and_as_json_are_two_views(readiness: Program) -> None:
    result = readiness(*PLAN, "--by-item", "--json")
    assert (result.code, result.out) == (4, "")
    assert result.err == "--json has the text and the claim of each test as it is; leave out --by-item.\n"


def test_the_view_by_item_fits_a_terminal(readiness: Program) -> None:
    readiness.write("release.checks.yaml", PROPOSED)
    readiness.write("release.md", readiness.read("release.md").replace("Loose end", "Loose \x1b[31mend [bold]x[/bold]"))
    shown = on_terminal([*PLAN, "--by-item"], 80, readiness.folder, READINESS_NOW="2026-03-10")
    assert "Plans [red]are[/red] written" in shown
    assert "[bold]x[/bold]" in shown
    assert "\x1b[31m" not in shown
    assert max(len(line) for line in re.sub(r"\x1b\[[0-9;]*m", "", shown).splitlines()) <= 80
