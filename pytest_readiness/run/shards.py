"""Shards: one run split over several machines, each resource's tests on one of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import pytest

from pytest_readiness.config.target import Target
from pytest_readiness.core.resources import Resource
from pytest_readiness.run.findings import key_of
from pytest_readiness.run.nodes import ChecklistTest

if TYPE_CHECKING:
    from pytest_readiness.run.state import Run
from pytest_readiness.verdict.shards import LOOKING, SETTLED, split


class ShardSelection:
    """Leaves a shard's tests in the run, after every other selection."""

    def __init__(self, run: Run, number: int, of: int) -> None:
        self.run = run
        self.number = number
        self.of = of

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, config: pytest.Config, items: list[pytest.Item]) -> None:
        """Deselect what other shards run."""
        self.run.selection = tuple(key_of(item) for item in items)
        target = self.run.plan.configuration.target
        mine = split([_unit(item, target) for item in items], [_weight(item) for item in items], self.of)
        others = [item for item, shard in zip(items, mine, strict=True) if shard != self.number]
        self.run.of_others = frozenset(map(id, others))
        if others:
            items[:] = [item for item, shard in zip(items, mine, strict=True) if shard == self.number]
            config.hook.pytest_deselected(items=others)


def _unit(item: pytest.Item, target: Target) -> tuple[str, ...]:
    if isinstance(item, ChecklistTest):
        test = item.planned
        return (target.group(test.resource) if test.resource is not None else f"item {test.full_item}",)
    parameters: Mapping[str, Any] = item.callspec.params if hasattr(item, "callspec") else {}
    resources = tuple(sorted(target.group(value) for value in parameters.values() if isinstance(value, Resource)))
    # Tests of one file share what its fixtures set up.
    return resources or (f"file {item.nodeid.partition('::')[0]}",)


def _weight(item: pytest.Item) -> int:
    return SETTLED if isinstance(item, ChecklistTest) and item.planned.settled is not None else LOOKING
