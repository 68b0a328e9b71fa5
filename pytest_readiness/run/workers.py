"""What passes between the process that controls a run and xdist's workers."""

from __future__ import annotations

import os
import queue
import signal
import time
from collections.abc import Generator, Sequence
from contextlib import suppress
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from pytest_readiness.core.children import END_SECONDS
from pytest_readiness.verdict.result import TestResult, carried, carry

if TYPE_CHECKING:
    from pytest_readiness.run.state import Run

VARIABLES = "readiness_variables"
"""Key of the controller's variables in a worker's input."""
SELECTION = "readiness_selection"
"""Key of a worker's output: what `selection_of` returns."""
ENDED_BADLY = "readiness_ended_badly"
"""Key of a worker's output that is there where something broke at its end."""
JUDGED = "readiness_judged"
"""Key of a worker's output: what it judged after it was interrupted."""
LAST_SECONDS = END_SECONDS + 3
"""For workers that were interrupted to end what they have started and to tell what they know."""
BROKE = "an internal error broke the run"
"""What is said where pytest, a plugin or a process of xdist broke."""


def selection_of(run: Run) -> dict[str, Any]:
    """Return what the process that controls a run must know of a worker's collection, as plain data.

    That is what was selected for all shards, which items a team's own tests answer, which of these were not all
    selected, which of them are this worker's to run, and what else was left out.
    """
    return {
        "selection": list(run.selection),
        "answers": run.answers,
        "left_out": sorted(run.left_out),
        "expected": list(run.expected),
        "omitted": list(run.omitted),
    }


def plain(result: TestResult) -> dict[str, Any]:
    """Return a result as plain data, as a report would carry it."""
    report = SimpleNamespace(user_properties=[])
    carry(report, result)
    return vars(report)


class Worker:
    """The plugin of one of xdist's workers.

    Args:
        config: of the worker.
    """

    def __init__(self, config: pytest.Config) -> None:
        self._output: dict[str, Any] = config.workeroutput  # type: ignore[attr-defined]

    @pytest.hookimpl(wrapper=True, trylast=True)
    def pytest_sessionfinish(self) -> Generator[None, None, None]:
        """Tell of what breaks at the end: xdist sends the output all the same, and says nothing of it."""
        try:
            return (yield)
        except BaseException:
            self._output[ENDED_BADLY] = True
            raise


class Workers:
    """The plugin of the process that controls a run; without xdist it is never called.

    Args:
        config: of the run.
        run: the run.
        variables: values for `${NAME}` that the project's hook gave.
    """

    def __init__(self, config: pytest.Config, run: Run, variables: dict[str, str]) -> None:
        self._config = config
        self._run = run
        self._variables = variables
        self._nodes = False
        self._collected = False
        self._told = False

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_node_collection_finished(self, ids: Sequence[str]) -> None:
        """Learn from a worker what was selected."""
        if self._collected:
            return  # one that replaces another has the same tests, and some of them have run
        self._collected = True
        for nodeid in ids:
            key = self._run.key_of(nodeid)
            if key is not None:
                self._run.expected[key] = None
            else:
                self._run.team_missing[nodeid] = None

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:
        """Hand the variables to an xdist worker."""
        self._nodes = True
        node.workerinput[VARIABLES] = self._variables

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_make_scheduler(self, config: pytest.Config, log: Any) -> Any:
        """Let one worker read a resource's facts for all its tests; otherwise each worker would read them again."""
        if config.option.dist not in ("load", "loadgroup"):
            return None
        from pytest_readiness.run.scheduling import GroupScheduling

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
        return GroupScheduling(config, log, group)

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any, error: object) -> None:
        """Learn from a worker what was selected before its shard was; remember one that broke or was ended."""
        if error:
            self._run.troubles["a process of xdist ended before its time"] = None
        output: dict[str, Any] = getattr(node, "workeroutput", {})
        if ENDED_BADLY in output:
            self._run.troubles[BROKE] = None
        told: dict[str, Any] | None = output.get(SELECTION)
        if told is None:
            return
        self._told = True
        self._run.selection = tuple(told["selection"]) or self._run.selection
        self._run.answers.update(told["answers"])
        self._run.left_out.update(told["left_out"])
        for name in ("expected", "omitted"):
            getattr(self._run, name).update(dict.fromkeys(told[name]))
        for data in output.get(JUDGED, ()):
            result = carried(SimpleNamespace(**data))
            if result is not None:
                self._run.results.setdefault(result.test, result)

    @pytest.hookimpl(tryfirst=True)
    def pytest_internalerror(self) -> None:
        """Remember that something broke, and stop: xdist would wait for the tests of a worker that broke."""
        self._run.troubles[BROKE] = None
        sessions = self._config.pluginmanager.getplugin("dsession")
        if sessions is not None:
            sessions.shouldstop = sessions.shouldstop or BROKE

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_sessionfinish(self) -> Generator[None, None, None]:
        """Hear what workers still know that were interrupted with the run.

        Where none came to its end, nobody knows what they left out.
        """
        self._end_workers()
        if self._nodes and not self._told:
            self._run.omitted["no worker came to its end, so that nobody can say what was left out"] = None
        return (yield)

    def _end_workers(self) -> None:
        """Interrupt the workers that still run, accept what they tell, and end those that do not end by themselves.

        xdist would wait for ten seconds, drop what they tell, and kill them.
        """
        sessions = self._config.pluginmanager.getplugin("dsession")
        active = [node for node in getattr(sessions, "_active_nodes", ()) if _is_local(node)]
        if active:
            # What a worker knows it has told; that its process ends is waited for no longer than for any other.
            sessions.nodemanager.EXIT_TIMEOUT = END_SECONDS
        for node in active:
            _signal(node, signal.SIGTERM)
        until = time.monotonic() + LAST_SECONDS
        while active and time.monotonic() < until:
            with suppress(queue.Empty):
                name, told = sessions.queue.get(timeout=0.1)
                if name == "testreport":
                    told["rep"].node = told["node"]
                    self._config.hook.pytest_runtest_logreport(report=told["rep"])
                elif name in ("workerfinished", "errordown") and told["node"] in active:
                    active.remove(told["node"])
                    self._config.hook.pytest_testnodedown(node=told["node"], error=told.get("error"))
        for node in active:
            _signal(node, signal.SIGKILL)


def _is_local(node: Any) -> bool:
    return bool(node.gateway.spec.popen and not node.gateway.spec.via)


def _signal(node: Any, number: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.kill(node.gateway._rinfo().pid, number)
