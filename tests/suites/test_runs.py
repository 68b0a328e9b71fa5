"""The suites run as a team runs them: what can be true passes, and what is broken fails, with nothing else."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from pytest_readiness.core.unverified import NO_CHECK
from pytest_readiness.plan.suites import read_suite
from tests.suites.breaks import BATCHES, BREAKS
from tests.suites.plan import Plan
from tests.suites.running import SUITES, run, write_original, write_project
from tests.suites.world import World

OTHER_ENGINES = {
    "containers-mongodb:front-end/the-product-is-tested-in-firefox",
    "containers-mongodb:front-end/the-product-is-tested-in-safari",
    "fintech-platform:mobile/cross-browser-compatibility-is-verified",
}
"""Firefox and WebKit cannot be made to trust the world's own authority."""


def test_what_can_be_true_passes_and_documents_of_the_suites_end_alike(good_world: World, tmp_path: Path) -> None:
    """One run of all, since it takes a minute."""
    originals = [write_original(suite, tmp_path).name for suite in SUITES]
    path = write_project(tmp_path, good_world.target(), [*(f"suite:{suite}" for suite in SUITES), *originals])
    with good_world.deploying():
        outcomes = run(path)
    suites = {id: outcome for id, outcome in outcomes.items() if "-original:" not in id}
    missing = {f"{suite}:{id}" for suite in SUITES for id, each in read_suite(suite).bindings.items() if each.missing}
    passed = {id for id, outcome in suites.items() if outcome.state == "passed"}
    left = {id: suites[id] for id in suites.keys() - passed - missing}
    assert {id: outcome.state for id, outcome in left.items()} == dict.fromkeys(OTHER_ENGINES, "error"), left
    # What is seen today of those that wait for a check passes, too.
    assert [why for id in missing for why in suites[id].reasons if not why.startswith(NO_CHECK)] == []
    assert {suites[id].state for id in missing} == {"unverified"}
    for suite in SUITES:
        lines = {id: int(each.source.partition(":")[2]) for id, each in read_suite(suite).bindings.items()}
        own = {lines[id.partition(":")[2]]: each.state for id, each in suites.items() if id.startswith(f"{suite}:")}
        original = {
            int(re.findall(r"line-(\d+)-says", id)[0]): each.state
            for id, each in outcomes.items()
            if id.startswith(f"{suite}-original:")
        }
        assert own == original


@pytest.mark.parametrize("batch", BATCHES)
def test_what_is_broken_fails_and_nothing_else(good_world: World, tmp_path: Path, batch: str) -> None:
    expected = BATCHES[batch]
    plan = Plan()
    for name in expected["broken"]:
        BREAKS[name].change(plan)
    with World(
        tmp_path / "broken", plan, part=expected["part"], rest=good_world if expected["part"] else None
    ) as world:
        path = write_project(tmp_path / "team", world.target(), [f"suite:{suite}" for suite in SUITES])
        with world.deploying():
            ended = run(path, "-m", expected["only"])
    failed = {id: each for id, each in ended.items() if each.state in ("failed", "error") and id not in OTHER_ENGINES}
    items = [id for ids in expected["broken"].values() for id in ids]
    assert len(items) == len(set(items))
    assert failed.keys() == set(items), failed
