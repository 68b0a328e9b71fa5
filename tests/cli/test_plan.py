from __future__ import annotations

import re
import socket
import threading
from collections import Counter
from typing import Any

import pytest

from pytest_readiness.cli import project
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
    assert f"{path}:11: The environment variable SHOP_HOST is not set; the configuration needs it here." in lines
    assert f"{path}:14: The environment variable MORE_DSN is not set; the configuration needs it here." in lines
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
