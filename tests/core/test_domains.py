"""The catalogue as a run loads it: only the modules of the checks that it names."""

from __future__ import annotations

import subprocess
import sys

import pytest

from pytest_readiness.core.domains import load_catalogue
from tests.stack.patience import patient

BOUND = 60.0
"""Seconds after which a process is a hang."""

ALONE = """
import sys
from pytest_readiness.core.domains import catalogue
from pytest_readiness.core.domains import load_kinds
from pytest_readiness.core.registry import CHECKS, FACTS, TARGET
from pytest_readiness.core.resources import KINDS
load_kinds()
catalogue()[sys.argv[1]]
known = {*FACTS, *KINDS, TARGET}
print("unknown", sorted({name for check in CHECKS.values() for name in check.fixtures} - known))
print("kind", CHECKS[sys.argv[1]].kind)
"""

EACH = """
import sys
from pytest_readiness.core.domains import catalogue, load_catalogue
from pytest_readiness.core.registry import CHECKS
every = {id: check.judge.__module__ for id, check in load_catalogue().items()}
for id, module in every.items():
    CHECKS.clear()
    sys.modules.pop(module)
    assert catalogue()[id].judge.__module__ == module, id
print(len(every), "found")
"""


MODULES = sorted({check.judge.__module__ for check in load_catalogue().values()})


@pytest.mark.parametrize("module", MODULES)
def test_a_module_of_checks_brings_every_fact_that_they_rest_on(module: str) -> None:
    declared = [check for check in load_catalogue().values() if check.judge.__module__ == module]
    command = [sys.executable, "-c", ALONE, declared[0].id]
    done = subprocess.run(command, capture_output=True, text=True, timeout=patient(BOUND), check=True)
    assert done.stdout == f"unknown []\nkind {declared[0].kind}\n"


def test_each_check_of_the_package_is_found_by_itself() -> None:
    done = subprocess.run(
        [sys.executable, "-c", EACH], capture_output=True, text=True, timeout=patient(BOUND), check=True
    )
    assert done.stdout == f"{len(load_catalogue())} found\n"
