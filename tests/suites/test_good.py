"""Everything that the suites' target declares is true of the good world."""

from __future__ import annotations

from typing import Any

import pytest

from tests.suites.declared import CHECKS, Declared, parameters

BOUND: dict[str, dict[str, Any]] = {"limited_path": {"http.rate_limit": {"limit": 100}}}
"""What the bindings add to a set of parameters."""


def test_every_set_of_parameters_is_for_a_check() -> None:
    assert sorted(parameters()) == sorted(CHECKS)


@pytest.mark.parametrize("name", [name for name in CHECKS if name != "rollout"])
def test_parameters_are_true(declared: Declared, name: str) -> None:
    assert declared.ask_set(name, **BOUND.get(name, {}))
