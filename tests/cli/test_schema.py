from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from ruamel.yaml import YAML

from pytest_readiness.cli.describe import example
from pytest_readiness.cli.schemas import SCHEMAS
from pytest_readiness.core.domains import load_catalogue
from tests.cli.program import BINDINGS, CONFIGURATION, Program

ROOT = Path(__file__).parents[2]


@cache
def validator(name: str) -> Any:
    schema = SCHEMAS[name]()
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema, format_checker=jsonschema.FormatChecker())


def plain(text: str) -> Any:
    return json.loads(json.dumps(YAML(typ="safe").load(text), default=str))


@pytest.mark.parametrize("name", SCHEMAS)
def test_schemas_are_printed(readiness: Program, name: str) -> None:
    result = readiness("schema", name)
    assert result.code == 0
    assert json.loads(result.out) == SCHEMAS[name]()


def test_unknown_files_have_none(readiness: Program) -> None:
    result = readiness("schema", "binding")
    assert (result.code, result.err) == (4, "There is no schema 'binding'. Did you mean 'bindings'?\n")


def test_the_configuration_of_a_project_fits() -> None:
    text = re.sub(r"\{command: .*\"\}", "'postgresql://u@h/d'", CONFIGURATION)
    assert not list(validator("configuration").iter_errors(plain(text)))
    assert list(validator("configuration").iter_errors(plain(text.replace("labels:", "lables:"))))


def test_bindings_that_a_run_takes_fit() -> None:
    assert not list(validator("bindings").iter_errors(plain(BINDINGS)))
    every = {"section": {f"item-{number}": example(check) for number, check in enumerate(load_catalogue().values())}}
    assert not list(validator("bindings").iter_errors(every))


@pytest.mark.parametrize(
    "binding",
    [
        "tls.expiry",
        ["tls.expiry", {"check": "tls.versions", "on": "shop"}],
        {"check": "tls.expiry", "min_days": 5, "warn": {"min_days": 9}, "on": ["shop"], "severity": "low"},
        {"any": [{"all": ["tls.expiry"]}, "postgres.tls"], "level": "gold", "partial": "ops", "valid": "30d"},
        {"signoff": {"role": "ops", "count": 2, "evidence": {"max_age_days": 3}, "per_release": True}},
        {"signoff": "ops", "cadence": "monthly"},
        {"not_applicable": "no CDN"},
        {"not_applicable": "no CDN", "source": "release.md:4"},
        {"missing": "redis.persistence", "severity": "high", "source": "release.md:4"},
        {"all": ["tls.expiry"], "missing": ["redis.persistence"]},
        {"check": "docs.sections", "from_target": "runbook"},
        {"source": "release.md:4"},
        {"proposed": "tls.expiry"},
        {"proposed": ["tls.expiry", {"check": "tls.versions", "on": "shop"}], "source": "release.md:4"},
        {"proposed": {"signoff": "ops", "cadence": "monthly"}},
        {"proposed": {"check": "tls.expiry", "min_days": 5, "partial": "ops", "severity": "low", "level": "gold"}},
        {"proposed": {"missing": ["redis.persistence"]}},
        {"proposed": {"missing": "tls.expiry"}},
        {"proposed": {"check": "docs.sections", "on": "runbook"}},
        {"proposed": {"any": [["docs.sections", {"check": "docs.sections"}], {"all": [{"check": "env.present"}]}]}},
        {"proposed": {"not_applicable": "no CDN"}},
    ],
)
def test_right_bindings_fit(binding: object) -> None:
    assert not list(validator("bindings").iter_errors({"s": {".level": "gold", "i": binding}}))


@pytest.mark.parametrize(
    "binding",
    [
        "tls.expyri",
        [],
        {"check": "tls.expiry", "min_dayz": 5},
        {"check": "tls.expiry", "min_days": "five"},
        {"check": "tls.expiry", "warn": {}},
        {"check": "tls.expiry", "warn": {"min_dayz": 5}},
        {"check": "tls.expiry", "severity": "grave"},
        {"check": "docs.sections"},
        {"check": "docs.sections", "sections": []},
        {"all": []},
        {"all": ["tls.expiry"], "min_days": 5},
        {"all": [{"check": "tls.expiry", "severity": "low"}]},
        {"any": [{"check": "tls.expiry", "min_dayz": 5}]},
        {"signoff": "ops", "valid": "0d"},
        {"signoff": "ops", "valid": "a month"},
        {"signoff": {"count": 2}},
        {"signoff": {"role": "ops", "valid_days": 3}},
        {"signoff": "ops", "check": "tls.expiry", "min_dayz": 1},
        {"not_applicable": ""},
        {"not_applicable": "no CDN", "severity": "low"},
        {"missing": "redis.persistance"},
        {"missing": []},
        {"missing": "redis.persistence", "min_days": 5},
        {"missing": "redis.persistence", "partial": "ops", "check": "tls.expiry"},
        {"source": "release.md:4", "level": "gold"},
        {"check": "docs.sections", "from_target": ""},
        {"proposed": "tls.expyri"},
        {"proposed": {"check": "tls.expiry", "min_dayz": 5}},
        {"proposed": {"check": "docs.sections", "sections": []}},
        {"all": [{"check": "docs.sections"}]},
        {"missing": "tls.expiry"},
        {"proposed": {"source": "release.md:4"}},
        {"proposed": {"proposed": "tls.expiry"}},
        {"proposed": [{"proposed": "tls.expiry"}]},
        {"proposed": []},
        {"proposed": None},
        {"proposed": "tls.expiry", "severity": "low"},
        {"proposed": "tls.expiry", "check": "tls.expiry"},
        {},
        7,
    ],
)
def test_wrong_bindings_do_not_fit(binding: object) -> None:
    assert list(validator("bindings").iter_errors({"s": {"i": binding}}))


def test_decisions(readiness: Program) -> None:
    item = "papers/runbook-covers-rollback"
    assert readiness("sign", item, "--by", "a@example.com", "--role", "ops", "--note", "all well").code == 0
    assert readiness("waive", item, "--by", "b@example.com", "--reason", "later", "--expires", "2026-04-01").code == 0
    for name, required in (
        ("signoffs", ("item", "by", "role", "on")),
        ("waivers", ("item", "reason", "by", "expires")),
    ):
        written = plain(readiness.read(f"{name}.yaml"))
        fits = validator(name)
        assert not list(fits.iter_errors(written))
        assert not list(fits.iter_errors({name: None}))
        assert list(fits.iter_errors({name: [{**written[name][0], "more": 1}]}))
        assert list(fits.iter_errors({}))
        for key in required:
            entry = {each: value for each, value in written[name][0].items() if each != key}
            assert list(fits.iter_errors({name: [entry]})), key


def test_shipped_bindings_fit_as_far_as_their_checks_are_known() -> None:
    fits = validator("bindings")
    known = load_catalogue()
    for path in sorted((ROOT / "suites").glob("*.checks.yaml")):
        text = path.read_text("utf-8")
        unknown = [error for error in fits.iter_errors(plain(text)) if not _names_unknown(error.instance, known)]
        assert not unknown, path


def _names_unknown(value: object, known: object) -> bool:
    if isinstance(value, dict):
        return any(_names_unknown(child, known) for child in value.values())
    if isinstance(value, list):
        return any(_names_unknown(child, known) for child in value)
    return isinstance(value, str) and "." in value and " " not in value and value not in known  # type: ignore[operator]
