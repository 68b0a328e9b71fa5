"""The examples of targets that ship beside the suites say what is true of the world."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytest_readiness.core.yamlfile import read_yaml
from tests.suites.declared import parameters
from tests.suites.documents import SUITES


@pytest.mark.parametrize("path", sorted(SUITES.glob("*.target.yaml")), ids=lambda path: path.name.split(".")[0])
def test_parameters_are_those_of_the_world(path: Path) -> None:
    declared = read_yaml(path, "configuration")["targets"]["prod"].get("parameters", {})
    own = parameters()
    assert {name: dict(given) for name, given in declared.items()} == {name: own.get(name) for name in declared}
