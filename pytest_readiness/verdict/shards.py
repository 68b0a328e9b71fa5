"""Shards: one run split over several machines."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from pytest_readiness.core import clock
from pytest_readiness.core.resources import Resource, where_of
from pytest_readiness.plan.plan import Plan, PlannedTest
from pytest_readiness.verdict.outcome import Shard

_OWN = re.compile(r"(?<![\w.-])(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d{1,5})?(?![\w.-])")
LOOKING, SETTLED = 10, 1
"""How much a test counts when shards are balanced: one that looks at something, one that is settled beforehand."""


def split(units: Sequence[tuple[str, ...]], weights: Sequence[int], of: int) -> list[int]:
    """Return for each test the number of its shard, from 1; the order of the tests makes no difference.

    Args:
        units: for each test what it must share its shard with: tests with a unit in common stay together.
        weights: how much each test counts.
        of: number of shards.
    """
    group: dict[str, str] = {}

    def root(unit: str) -> str:
        while group.setdefault(unit, unit) != unit:
            unit = group[unit]
        return unit

    for names in units:
        for other in names[1:]:
            one, two = sorted((root(names[0]), root(other)))
            group[two] = one
    loads: dict[str, int] = {}
    for names, weight in zip(units, weights, strict=True):
        loads[root(names[0])] = loads.get(root(names[0]), 0) + weight
    filled = [0] * of
    shard: dict[str, int] = {}
    for unit in sorted(loads, key=lambda unit: (-loads[unit], unit)):
        least = filled.index(min(filled))
        filled[least] += loads[unit]
        shard[unit] = least + 1
    return [shard[root(names[0])] for names in units]


def in_order(plan: Plan, keys: Iterable[str], answers: Mapping[str, str]) -> tuple[str, ...]:
    """Return tests in the order of the documents, then those that answer no item.

    Args:
        plan: the plan.
        keys: the tests, by identity.
        answers: full id of the item that a test of the team's own answers, by its identity.
    """
    items: dict[str, int] = {}
    tests: dict[str, tuple[int, int]] = {}
    for number, test in enumerate(plan.tests()):
        tests[test.key] = items.setdefault(test.full_item, number), number

    def place(key: str) -> tuple[int, int, str]:
        if key in tests:
            return *tests[key], ""
        return items.get(answers.get(key, ""), len(tests)), len(tests), key

    return tuple(sorted(dict.fromkeys(keys), key=place))


def make_shard(
    plan: Plan, release: str, number: int, of: int, tests: tuple[str, ...], left_out: Iterable[str]
) -> Shard:
    """Return the record of a shard.

    Args:
        plan: the plan.
        release: the release that the run decides about, or "".
        number: of the shard.
        of: number of shards.
        tests: every selected test of the whole run, in order.
        left_out: full ids of items of which tests were left out of the whole run.
    """
    selected = frozenset(tests)
    configuration = plan.configuration
    about = {
        "target": configuration.target.name,
        "level": configuration.target.level,
        "policy": configuration.target.policy.model_dump(),
        "configuration": hashlib.sha256(configuration.path.read_bytes()).hexdigest(),
        "release": release,
        "checklists": [(planned.checklist.name, planned.checklist.sha256) for planned in plan.checklists.values()],
        "planned": [_about(test) for test in plan.tests() if test.key in selected],
        # Variables may name other ones for each shard.
        "resources": sorted(
            (each.key, _place(each, configuration.path.parent)) for each in configuration.target.resources
        ),
        "decisions": [asdict(signed) for each in plan.decisions.signoffs.values() for signed in each],
    }
    if told := clock.told():
        # What one day says and what another one says make no one result.
        about["as of"] = told
    text = json.dumps(about, sort_keys=True, default=repr)
    return Shard(number, of, hashlib.sha256(text.encode()).hexdigest(), tests, tuple(sorted(left_out)))


def _place(resource: Resource, folder: Path) -> str:
    """Where a resource is, as far as it is the same for shards on several machines that look at one environment.

    They may have checked out to other folders, and have started a service on other ports of their own.
    """
    where = where_of(resource)
    path = Path(where)
    if path.is_absolute():
        return path.relative_to(folder).as_posix() if path.is_relative_to(folder) else path.name
    return _OWN.sub("here", where)


def _about(test: PlannedTest) -> list[Any]:
    return [
        test.key,
        test.severity,
        test.check.id if test.check else None,
        test.resource.key if test.resource else None,
        test.parameters,
        test.warn,
        test.signoff,
        test.settled,
        test.waiver,
    ]
