"""How xdist's workers share the tests of a run. Imported only where xdist is used."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
from xdist.scheduler import LoadScopeScheduling

if TYPE_CHECKING:
    from xdist.remote import Producer
    from xdist.workermanage import WorkerController


class GroupScheduling(LoadScopeScheduling):  # type: ignore[misc]  # xdist may be missing
    """Keeps the tests of a group on one worker.

    Unlike xdist's own, it outlives a worker: a test that ended one is not tried again, where it might pass, and
    whoever takes over what was left gets work until there is none.

    Args:
        config: of the run.
        log: xdist's.
        group: the group of a test, by its node id.
    """

    def __init__(self, config: pytest.Config, log: Producer | None, group: Callable[[str], str]) -> None:
        super().__init__(config, log)
        self._split_scope = group

    def remove_node(self, node: WorkerController) -> str | None:
        """Give what a worker left undone to the others, but for the test that ended it; return that one."""
        undone = {
            scope: [nodeid for nodeid, done in tests.items() if not done]
            for scope, tests in self.assigned_work.pop(node).items()
        }
        ended = next((tests.pop(0) for tests in undone.values() if tests), None)
        self.workqueue.update({scope: dict.fromkeys(tests, False) for scope, tests in undone.items() if tests})
        for other in self.nodes:
            self._reschedule(other)
        return ended

    def _reschedule(self, node: WorkerController) -> None:
        # A worker begins a test only when it knows the next one, or that there is none.
        while node in self.registered_collections and not node.shutting_down:
            if self._pending_of(self.assigned_work[node]) > 2:
                return
            if self.workqueue:
                self._assign_work_unit(node)
            else:
                node.shutdown()
