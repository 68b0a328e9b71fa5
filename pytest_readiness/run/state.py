"""What a run knows while it goes on: what was planned, what is being read, and what was found so far."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from pytest_readiness.core.redact import Redactor, printable
from pytest_readiness.core.registry import FACTS
from pytest_readiness.gather.gatherer import Gatherer, Reading
from pytest_readiness.plan.binding import bindings_path
from pytest_readiness.plan.plan import Plan
from pytest_readiness.run.loading import Loaded
from pytest_readiness.run.nodes import ChecklistTest
from pytest_readiness.run.settings import Settings
from pytest_readiness.verdict.judging import Verdict
from pytest_readiness.verdict.outcome import Input, Outcome, Report
from pytest_readiness.verdict.provenance import Provenance, place_of
from pytest_readiness.verdict.result import TestResult

TEXT_LENGTH = 1000
"""Characters of a text that a result holds."""


class Run:
    """A readiness run; the hooks of its plugins read it and write to it.

    Args:
        settings: of the run.
        loaded: what it is made from.
        redact: hides secrets.

    Attributes:
        gatherer: reads the facts.
        checklists: the planned checklists by resolved path.
        expected: keys of the tests that were selected to run.
        team_missing: node ids of the team's own tests that were selected and have not run yet.
        selection: keys of all tests that were selected before a shard was.
        answers: full id of the item that a test of the team's own answers, by its key.
        left_out: full ids of items of which a test of the team's own was not selected.
        results: what the tests found, by key.
        reports: what pytest told, by node id, where a result file is asked for.
        kept: the report that carries the last result, and that result.
        omitted: what of the whole run was left out beside items, a phrase each.
        troubles: what went wrong beside the items, a phrase each: any of them makes the run NO-GO.
        of_others: ids of the objects of tests that other shards run.
        died: node ids of tests that took their process with them.
        provenance, inputs: where the result comes from.
        verdict, outcome: how the run ended, once it has.
    """

    def __init__(self, settings: Settings, loaded: Loaded, redact: Redactor) -> None:
        self.settings = settings
        self.plan: Plan = loaded.plan
        self.baseline = loaded.baseline
        self.recording = loaded.recording
        self.redact = redact
        replay = self.recording.replay if self.recording is not None else None
        self.gatherer = Gatherer(replay, self.plan.configuration.target)
        self.checklists = {path.resolve(): planned for path, planned in self.plan.checklists.items()}
        self.expected: dict[str, None] = {}
        self.team_missing: dict[str, None] = {}
        self.selection: tuple[str, ...] = ()
        self.answers: dict[str, str] = {}
        self.left_out: set[str] = set()
        self.results: dict[str, TestResult] = {}
        self.reports: dict[str, list[Report]] = {}
        self.kept: tuple[pytest.TestReport | None, TestResult | None] = None, None
        self.omitted: dict[str, None] = {f"{path.name} was not named": None for path in loaded.unplanned}
        self.troubles: dict[str, None] = {}
        self.of_others: frozenset[int] = frozenset()
        self.died: dict[str, None] = {}
        self.verdict: Verdict | None = None
        self.outcome: Outcome | None = None
        self.provenance = Provenance.of(
            self.plan,
            release=settings.release,
            command=settings.arguments,
            root=settings.root,
            pytest=pytest.__version__,
        )
        self.inputs = () if settings.is_worker else tuple(_inputs(self.plan, settings.root))
        if self.recording is not None:
            runner, moment = self.recording.provenance.runner, self.recording.moment
            self.provenance = replace(self.provenance, runner=runner, replayed_from=moment)

    def key_of(self, nodeid: str) -> str | None:
        """Return the key of a checklist's test by its node id; None for every other test."""
        path, *names = nodeid.split("::")
        planned = self.checklists.get((self.settings.root / path).resolve())
        if planned is None or len(names) != 2:
            return None
        # xdist may have appended a group.
        return f"{planned.checklist.name}:{names[0]}/{names[1].partition('@')[0]}"

    def clean(self, text: str) -> str:
        """Return a text as a result may hold it."""
        return self.redact(printable(text))[:TEXT_LENGTH]

    def gather(self, items: Sequence[pytest.Item], only: str | None = None) -> None:
        """Begin to read what these tests need; of one resource only, where its key is given."""
        for item in items:
            if isinstance(item, ChecklistTest) and (resource := item.planned.resource) is not None:
                for name in item.direct:
                    if name in FACTS and only in (None, resource.key):
                        self.gatherer.plan(name, resource, item.planned.asks)
        self.gatherer.start()

    def readings(self, item: ChecklistTest) -> dict[str, list[Reading]]:
        """Return the readings of the facts that a test takes straight from the gatherer, by name."""
        test = item.planned
        if test.resource is None:  # it looks at the whole target, or at fixtures of the team's own
            return {}
        return {name: self.gatherer.readings(name, test.resource, test.asks) for name in item.direct if name in FACTS}


def _inputs(plan: Plan, root: Path) -> Iterator[Input]:
    """The files that decide what is asked."""
    configuration = plan.configuration
    documents = [each for path in plan.checklists for each in (path, bindings_path(path))]
    files = [configuration.path, *documents, configuration.signoffs, configuration.waivers]
    for path in files:
        if path is not None and path.is_file():
            yield Input(place_of(path, root), hashlib.sha256(path.read_bytes()).hexdigest())
