from __future__ import annotations

import os
import re
import subprocess
import sys
from typing import Any

import pytest

from pytest_readiness.core.domains import load_catalogue
from pytest_readiness.core.registry import CHECKS
from pytest_readiness.core.resources import word
from pytest_readiness.plan.coming import COMING
from tests.cli.program import Program, on_terminal
from tests.stack.patience import patient


def ids(out: str) -> list[str]:
    table, _, _ = out.partition("\n\n")
    return [line.split()[0] for line in table.splitlines()[1:]]


def test_all_checks_are_listed_in_columns(readiness: Program) -> None:
    result = readiness("checks")
    assert result.code == 0
    assert ids(result.out) == sorted(load_catalogue())
    assert "\t" not in result.out
    heading, *rows = result.out.splitlines()
    for name, field in (("severity", "severity"), ("class", "check_class")):
        start = heading.index(name)
        assert all(row[start:].startswith(getattr(CHECKS[row.split()[0]], field)) for row in rows)


@pytest.mark.parametrize(
    "option", [("--domain", "tls"), ("--severity", "high"), ("--class", "passive"), ("--kind", "env file")]
)
def test_options_select(readiness: Program, option: tuple[str, str]) -> None:
    name, value = option
    field = {"--class": "check_class"}.get(name, name.removeprefix("--"))
    fits = [id for id, check in sorted(load_catalogue().items()) if word(getattr(check, field) or "") == value]
    found = ids(readiness("checks", *option).out)
    assert found == fits != []


@pytest.mark.parametrize(
    ("words", "first"),
    [
        (("session", "cookies"), "http.cookies"),
        (("HTTPS certificate about to expire",), "tls.expiry"),
        (("no", "open", "ports"), "net.only_open"),
        (("CHAIN", "intermediate"), "tls.chain"),
    ],
)
def test_checks_are_found_by_what_words_mean_the_nearest_first(
    readiness: Program, words: tuple[str, ...], first: str
) -> None:
    assert ids(readiness("checks", *words).out)[0] == first


def test_words_and_options_both_select(readiness: Program) -> None:
    assert "tls.chain" not in ids(readiness("checks", "chain", "--severity", "critical").out)


def test_an_id_finds_that_check_alone(readiness: Program) -> None:
    assert ids(readiness("checks", "tls.chain").out) == ["tls.chain"]


def test_texts_of_checks_are_found_too(readiness: Program) -> None:
    assert "http.hsts" in ids(readiness("checks", "RFC", "6797").out)


def test_claims_without_a_check_are_named_as_such(readiness: Program) -> None:
    result = readiness("checks", "database", "backups", "every", "night")
    assert result.code == 1
    assert "No check yet\n  backup." in result.out


def test_nothing_found_is_a_sentence_and_code_1(readiness: Program) -> None:
    result = readiness("checks", "bananas")
    assert (result.code, result.out) == (1, "")
    assert result.err == f"None of the {len(load_catalogue())} checks matches.\n"


def test_claims_to_come_are_listed_of_a_domain(readiness: Program) -> None:
    own, _, others = readiness("checks", "--domain", "oncall").out.partition("No check yet")
    coming = [id for id in sorted(COMING) if id.startswith("oncall.")]
    assert (own.strip(), [line.split()[0] for line in others.splitlines() if line]) == ("", coming)
    shown = readiness("checks", "oncall").out
    assert all(f"  {id} " in shown for id in coming)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--domain", "tsl"), "There is no domain 'tsl'. Did you mean 'tls'?"),
        (("--severity", "hgh"), "There is no severity 'hgh'. Did you mean 'high'?"),
        (("--class", "pasive"), "There is no class 'pasive'. Did you mean 'passive'?"),
        (("--kind", "urll"), "There is no kind of resource 'urll'. Did you mean 'url'?"),
    ],
)
def test_unknown_names_are_wrong_input(readiness: Program, arguments: tuple[str, ...], sentence: str) -> None:
    result = readiness("checks", *arguments)
    assert (result.code, result.out, result.err) == (4, "", f"{sentence}\n")


def test_unknown_options_are_wrong_input(readiness: Program) -> None:
    assert readiness("checks", "--sevrity", "high").code == 4
    assert readiness("chekcs").code == 4


def test_json_has_all_that_is_known(readiness: Program) -> None:
    found: Any = readiness.json("checks")
    assert [check["id"] for check in found] == sorted(load_catalogue())
    for data in found:
        check = CHECKS[data["id"]]
        assert (data["claim"], data["remedy"], data["source"]) == (check.title, check.remedy, check.source)
        fields = check.parameters.model_fields
        assert [each["name"] for each in data["parameters"]] == list(fields)
        for each in data["parameters"]:
            assert each["description"], f"{check.id}: {each['name']}"
            assert each["type"]
            assert each["required"] is fields[each["name"]].is_required()
    expiry = next(check for check in found if check["id"] == "tls.expiry")
    assert expiry["kind"] == "endpoint"
    assert expiry["facts"] == ["tls_scan"]
    assert expiry["parameters"][0]["type"] == "whole number ≥ 1"


@pytest.mark.parametrize("columns", [80, 200])
def test_a_terminal_is_filled_and_not_exceeded(readiness: Program, columns: int) -> None:
    shown = on_terminal(["checks"], columns, readiness.folder)
    lines = re.sub(r"\x1b\[[0-9;]*m", "", shown).splitlines()
    assert max(map(len, lines)) <= columns
    assert "\x1b[1m" in shown
    assert {line.split()[0] for line in lines[1:] if line[:1].strip()} == set(load_catalogue())


def test_no_color_is_heeded(readiness: Program) -> None:
    shown = on_terminal(["checks", "--domain", "tls"], 100, readiness.folder, NO_COLOR="1")
    assert not re.search(r"\x1b\[[0-9;]*3[0-7]m", shown)


@pytest.mark.parametrize("arguments", [["checks"], ["checks", "--json"], ["schema", "bindings"]])
def test_a_reader_that_has_enough_is_no_error(readiness: Program, arguments: list[str]) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "pytest_readiness", *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait(patient(60)) == 0


def test_help_teaches_and_loads_nothing_heavy(readiness: Program) -> None:
    assert "readiness checks certificate --severity high\n" in readiness("checks", "--help").out
    code = (
        "import sys; from pytest_readiness.cli import app\n"
        "try: app(['--help'])\nexcept SystemExit: pass\n"
        "sys.exit(','.join({'pydantic', 'pytest', 'ruamel', 'markdown_it', 'docker'} & set(sys.modules)) or 0)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        env=dict(os.environ),
        timeout=patient(60),
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    for name in ("checks", "suites", "explain", "plan", "sign", "waive", "schema"):
        assert f"  {name} " in done.stdout
