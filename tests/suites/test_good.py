"""What the suites do not ask of the good world is as it should be, too; what they ask, their runs see."""

from __future__ import annotations

import pytest

from pytest_readiness.core.domains import catalogue
from tests.suites.declared import BOUND, CHECKS, OTHERS, Declared, in_suites, parameters

SETS = sorted(CHECKS.keys() - in_suites(r"from_target: (\w+)"))
IDS = sorted(OTHERS.keys() - in_suites(r"\b[a-z]+\.[a-z_0-9]+"))


def test_every_set_of_parameters_is_for_a_check() -> None:
    assert sorted(parameters()) == sorted(CHECKS)


@pytest.mark.parametrize("name", SETS)
def test_parameters_are_true(declared: Declared, name: str) -> None:
    assert declared.ask_set(name, **BOUND.get(name, {}))


@pytest.mark.parametrize("id", IDS)
def test_checks_pass(declared: Declared, id: str) -> None:
    on, given = OTHERS[id]
    assert declared.ask(id, on, **given)


def test_every_check_is_asked() -> None:
    asked = {id for ids in CHECKS.values() for id in ids} | OTHERS.keys()
    assert catalogue().keys() - asked == {
        # Both hosts are in one network namespace.
        "net.reachable_from",
        # What no suite asks, and tests of its domain see on repositories and reports of their own.
        *("artifact.axe", "artifact.file", "source.license", "source.reviewed"),
        *("docs.contacts", "docs.fresh", "docs.links", "docs.no_placeholders", "docs.openapi"),
    }
