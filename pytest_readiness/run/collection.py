"""Collecting a run: its checklists, the team's own tests that answer items, and what they all need."""

from __future__ import annotations

import gc
import os
from pathlib import Path
from typing import Any

import pluggy
import pytest

from pytest_readiness.core.problems import nearest
from pytest_readiness.plan.plan import PlannedChecklist, PlannedTest
from pytest_readiness.run.findings import ANSWERED, TEAM_FAILS, UNDECLARED, key_of
from pytest_readiness.run.fixtures import Undeclared, parametrize
from pytest_readiness.run.marker import MarkerError, answers
from pytest_readiness.run.nodes import ChecklistFile, ChecklistTest, section_markers, waived
from pytest_readiness.run.state import Run

GARBAGE = 10_000
"""Objects that are made before garbage is looked for among them, in place of Python's 700."""


class Collection:
    """The plugin that collects a run."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._only_ours = False

    def pytest_collect_file(self, file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
        """Collect the run's checklists, and no other Markdown file."""
        planned = self._run.checklists.get(file_path.resolve())
        if planned is None:
            return None
        root = self._run.settings.root
        # pytest gives a file outside the root directory no id of its own, and two of them the same.
        outside: dict[str, Any] = (
            {} if file_path.is_relative_to(root) else {"nodeid": Path(os.path.relpath(file_path, root)).as_posix()}
        )
        node: pytest.Collector = ChecklistFile.from_parent(parent, path=file_path, planned=planned, **outside)
        return node

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        """Give a team's own tests the target's resources."""
        parametrize(metafunc, self._run.plan.configuration.target)

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_modifyitems(self, session: pytest.Session, items: list[pytest.Item]) -> None:
        """Let a team's own tests answer items."""
        by_item: dict[str, PlannedTest] = {}
        planned_of: dict[str, PlannedChecklist] = {}
        for planned in self._run.plan.checklists.values():
            for tests in planned.tests.values():
                for test in tests:
                    by_item.setdefault(test.full_item, test)
                    planned_of[test.full_item] = planned
        names: dict[str, list[str]] = {}
        for full in by_item:
            names.setdefault(full, []).append(full)
            names.setdefault(full.rpartition(":")[2], []).append(full)
        answered: set[str] = set()
        wrong = []
        for item in items:
            if isinstance(item, ChecklistTest):
                continue
            if any(isinstance(mark.kwargs.get("reason"), Undeclared) for mark in item.iter_markers("skip")):
                item.user_properties.append((UNDECLARED, self._run.settings.target))
            try:
                marked = answers(item)
            except MarkerError as error:
                wrong.append(f"{item.nodeid}: {error}")
                continue
            if marked is None:
                continue
            wanted = marked.item
            found = names.get(wanted, [])
            if not found:
                former = [full for full in self._run.plan.former(wanted) if full in by_item]
                # One that may mean several is as good as unknown.
                found = former if len(former) == 1 else []
            if len(found) != 1:
                why = (
                    f"is an item of several checklists; write {' or '.join(found)}."
                    if found
                    else (f"is not an item of this run's checklists.{nearest(wanted, names)}")
                )
                wrong.append(f"{item.nodeid}: '{wanted}' {why}")
                continue
            test = by_item[found[0]]
            item.stash[ANSWERED] = test
            self._run.answers[key_of(item)] = test.full_item
            answered.add(test.full_item)
            marks: list[str | pytest.MarkDecorator] = [test.severity, *section_markers(test.section)]
            for mark in (*marks, *waived(test, *TEAM_FAILS)):
                item.add_marker(mark)
        if wrong:
            # Whatever is left is still gathered for; and xdist takes a worker's error for one of its own.
            items.clear()
            if not self._run.settings.is_worker:
                raise pytest.UsageError("\n".join(dict.fromkeys(wrong)))
            session.shouldfail = " ".join(dict.fromkeys(wrong))
        items[:] = [
            item
            for item in items
            if not (
                isinstance(item, ChecklistTest)
                and item.planned.full_item in answered
                and item.planned.settled is not None
                and item.planned.check is None
                and item.planned.settled.state == "unverified"
            )
        ]

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Begin to gather what the selected tests need."""
        hooks: dict[Path, pluggy.HookRelay] = {}
        for item in session.items:
            if isinstance(item, ChecklistTest):
                self._run.expected[item.planned.key] = None
                item.hooks = hooks.get(item.path) or hooks.setdefault(item.path, item.ihook)
            else:
                self._run.team_missing[item.nodeid] = None
                if (key := key_of(item)) in self._run.answers:
                    self._run.expected[key] = None
        self._only_ours = all(isinstance(item, ChecklistTest) for item in session.items)
        if self._run.answers:
            # What other shards run was not left out.
            selected = set(self._run.selection or map(key_of, session.items))
            self._run.left_out.update(full for key, full in self._run.answers.items() if key not in selected)
        given_up = session.testsfailed and not session.config.option.continue_on_collection_errors
        if self._run.settings.controls and not given_up:
            self._run.gather(session.items)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self) -> None:
        """Look for garbage again, but only in what comes from now on: what was collected lives to the end."""
        # Reports live as long: to look for garbage among them as often as Python does takes a tenth of a run.
        gc.freeze()
        gc.set_threshold(GARBAGE)
        gc.enable()

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Remember what could not be collected, or was skipped as a whole: a run that goes on is not whole."""
        if report.failed:
            self._run.troubles[f"{report.nodeid or 'the run'} could not be collected"] = None
        elif report.skipped:
            self._run.omitted[f"{report.nodeid} was skipped as a whole"] = None

    def pytest_unconfigure(self) -> None:
        """Spare pytest's search for what a team's tests left open, where none ran."""
        if self._only_ours:
            gc.freeze()
