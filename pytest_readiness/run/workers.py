"""What passes between the process that controls a run and xdist's workers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from pytest_readiness.run.state import Run

VARIABLES = "readiness_variables"
"""Key of the controller's variables in a worker's input."""
SELECTION = "readiness_selection"
"""Key of a worker's output: what was selected for all shards, which items a team's own tests answer, and which of these
were not all selected."""


class Workers:
    """The plugin of the process that controls a run; without xdist it is never called.

    Args:
        run: the run.
        variables: values for `${NAME}` that the project's hook gave.
    """

    def __init__(self, run: Run, variables: dict[str, str]) -> None:
        self._run = run
        self._variables = variables

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_node_collection_finished(self, ids: Sequence[str]) -> None:
        """Learn from a worker what was selected."""
        for nodeid in ids:
            path, *names = nodeid.split("::")
            planned = self._run.checklists.get((self._run.settings.root / path).resolve())
            if planned is not None and len(names) == 2:
                self._run.expected[f"{planned.checklist.name}:{names[0]}/{names[1].partition('@')[0]}"] = None
            else:
                self._run.team_missing[nodeid] = None

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:
        """Hand the variables to an xdist worker."""
        node.workerinput[VARIABLES] = self._variables

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_make_scheduler(self, config: pytest.Config, log: Any) -> Any:
        """Let one worker read a resource's facts for all its tests; otherwise each worker would read them again."""
        if config.option.dist not in ("load", "loadgroup"):
            return None
        from xdist.scheduler import LoadScopeScheduling

        target = self._run.plan.configuration.target
        groups: dict[tuple[str, ...], str] = {
            (planned.checklist.name, section, test.name): target.group(test.resource)
            for planned in self._run.plan.checklists.values()
            for section, tests in planned.tests.items()
            for test in tests
            if test.resource is not None
        }

        def group(nodeid: str) -> str:
            path, *names = nodeid.split("::")
            planned = self._run.checklists.get((config.rootpath / path).resolve())
            if planned is not None:
                return groups.get((planned.checklist.name, *names), nodeid)
            # A group of a team's own test stands behind its name, where pytest lets xdist put it there.
            return nodeid.rpartition("@")[2]

        # Not xdist's own groups: they travel by changing the tests' ids, which pytest 9.2 does not let happen.
        scheduler = LoadScopeScheduling(config, log)
        scheduler._split_scope = group
        return scheduler

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """Learn from a worker what was selected before its shard was."""
        output: dict[str, Any] = getattr(node, "workeroutput", {})
        selection, answers, left_out = output.get(SELECTION, ((), {}, ()))
        self._run.selection = tuple(selection) or self._run.selection
        self._run.answers.update(answers)
        self._run.left_out.update(left_out)
