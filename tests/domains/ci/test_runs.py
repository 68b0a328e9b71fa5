from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from pytest_readiness.core.evidence import ClaimFalse, CouldNotVerify
from pytest_readiness.domains.ci.facts.runs import Deployments
from tests.domains.forge.forge_world import ForgeWorld, forge_world
from tests.stack.forge import at

NOW = datetime.now(UTC)
ID = "ci.last_run_green"


@pytest.fixture(params=["github", "gitlab"])
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[ForgeWorld]:
    """A forge on which one run of the commit has succeeded."""
    with forge_world(request.param, tmp_path / "shop") as made:
        run(made, 1, {"test": "success", "lint": "success"})
        yield made


def run(world: ForgeWorld, id: int, jobs: dict[str, str], state: str = "success", **more: Any) -> dict[str, Any]:
    """Add a run as the service documents it, later than those that are there, with its jobs."""
    made = at(NOW + timedelta(minutes=id))
    ended = state in ("success", "failure", "failed", "cancelled", "skipped", "neutral")
    if world.gitlab:
        data = {"id": id, "source": "push", "ref": "main", "sha": world.sha, "status": state, "created_at": made} | more
        listed = world.forge.answers.setdefault("pipelines", [])
        world.forge.answers |= {f"pipelines/{id}/jobs": [], f"pipelines/{id}/bridges": []}
        for name, each in jobs.items():
            kind = "bridges" if name.startswith("child") else "jobs"
            child = {"downstream_pipeline": {"id": 99, "status": each}} if kind == "bridges" else {}
            status = "success" if kind == "bridges" else each
            world.forge.answers[f"pipelines/{id}/{kind}"].append({"name": name, "status": status, **child})
    else:
        data = {
            "id": id,
            "path": ".github/workflows/ci.yml",
            "event": "push",
            "head_branch": "main",
            "head_sha": world.sha,
            "run_attempt": 1,
            "created_at": made,
            "status": "completed" if ended else state,
            "conclusion": state if ended else None,
            **more,
        }
        listed = world.forge.answers.setdefault("actions/runs", {"total_count": 0, "workflow_runs": []})[
            "workflow_runs"
        ]
        told = [{"name": name, "status": "completed", "conclusion": each} for name, each in jobs.items()]
        world.forge.answers[f"actions/runs/{id}/jobs"] = {"total_count": len(told), "jobs": told}
    listed.append(data)
    return data


def event(world: ForgeWorld, name: str) -> dict[str, str]:
    return {"source" if world.gitlab else "event": name}


def test_a_green_run_passes(world: ForgeWorld) -> None:
    said = world.judge(ID, jobs=["test"])
    of = "" if world.gitlab else " of .github/workflows/ci.yml"
    assert said.text.startswith(f"{world.sha[:12]}: run 1{of}, attempt 1, by push for main on 20")
    assert said.text.endswith(": 2 of 2 jobs succeeded, 0 skipped")
    assert not said.warning


@pytest.mark.parametrize("state", ["failure", "failed", "cancelled", "skipped"])
def test_a_newer_run_that_did_not_succeed_fails(world: ForgeWorld, state: str) -> None:
    run(world, 2, {"test": state}, state)
    with pytest.raises(ClaimFalse) as failure:
        world.judge(ID)
    assert failure.value.seen == state


def test_a_run_that_was_mended_passes_and_the_red_one_is_told(world: ForgeWorld) -> None:
    run(world, 2, {"test": "failed"}, "failed" if world.gitlab else "failure")
    run(world, 3, {"test": "success"})
    said = world.judge(ID)
    assert "run 3" in said.text
    assert said.warning == "older runs did not succeed: run 2 by push for main"


@pytest.mark.parametrize("state", ["queued", "in_progress", "waiting", "running", "pending", "manual"])
def test_a_run_that_has_not_ended(world: ForgeWorld, state: str) -> None:
    run(world, 2, {}, state)
    with pytest.raises(CouldNotVerify, match=f"run 2.* has not ended: it is {state}"):
        world.judge(ID)


@pytest.mark.parametrize("name", ["pull_request", "schedule", "workflow_dispatch", "merge_request_event", "web"])
def test_a_run_that_tested_something_else_is_none(world: ForgeWorld, name: str) -> None:
    world.forge.answers.pop("pipelines" if world.gitlab else "actions/runs")
    run(world, 1, {"test": "success"}, **event(world, name))
    with pytest.raises(CouldNotVerify, match=f"no run for {world.sha[:12]} .*; there is .* by {name}"):
        world.judge(ID)
    assert world.judge(ID, events=[name])


def test_no_run_of_this_commit(world: ForgeWorld) -> None:
    """The head of a proposed change was tested; the squashed commit was not."""
    world.sha = world.repo.commit({"README.md": "# Shop 2\n"})
    with pytest.raises(CouldNotVerify, match="there is none at all"):
        world.judge(ID)


def test_all_jobs_skipped_fails(world: ForgeWorld) -> None:
    run(world, 2, {"test": "skipped", "lint": "skipped"})
    with pytest.raises(ClaimFalse, match="2 jobs, none of which succeeded"):
        world.judge(ID)


def test_a_named_job_that_was_skipped_or_is_not_there_fails(world: ForgeWorld) -> None:
    with pytest.raises(ClaimFalse, match="no such job deploy; there are lint, test"):
        world.judge(ID, jobs=["test", "deploy"])
    run(world, 2, {"lint": "success", "test": "skipped"})
    assert world.judge(ID).text.endswith("1 of 2 jobs succeeded, 1 skipped")
    with pytest.raises(ClaimFalse, match="test skipped"):
        world.judge(ID, jobs=["test"])


def test_a_job_that_was_allowed_to_fail_fails_unless_it_is_named(world: ForgeWorld) -> None:
    state = "failed" if world.gitlab else "failure"
    run(world, 2, {"test": state, "lint": "success"})
    with pytest.raises(ClaimFalse, match=f"test {state}"):
        world.judge(ID)
    assert world.judge(ID, may_fail=["test"])
    with pytest.raises(ClaimFalse, match="no such job test"):
        world.judge(ID, may_fail=["test"], jobs=["test"])


def test_a_run_without_jobs(world: ForgeWorld) -> None:
    run(world, 2, {})
    with pytest.raises(CouldNotVerify, match=r"the jobs of run 2.* could not be read"):
        world.judge(ID)


def test_jobs_of_a_matrix(world: ForgeWorld) -> None:
    names = ["test 1/2", "test: [a, b]"] if world.gitlab else ["test (3.12)", "test / unit"]
    run(world, 2, dict.fromkeys(names, "success"))
    assert world.judge(ID, jobs=["test"])
    run(world, 3, {names[0]: "success", names[1]: "skipped"})
    with pytest.raises(ClaimFalse):
        world.judge(ID, jobs=["test"])
    run(world, 4, {"test-docs": "success"})
    with pytest.raises(ClaimFalse, match="no such job test; there are test-docs"):
        world.judge(ID, jobs=["test"])


def test_what_is_not_allowed_to_a_token(world: ForgeWorld) -> None:
    world.forge.deny(r".*jobs", 403)
    with pytest.raises(CouldNotVerify, match="403"):
        world.judge(ID)


@pytest.fixture
def github(tmp_path: Path) -> Iterator[ForgeWorld]:
    with forge_world("github", tmp_path / "shop") as made:
        run(made, 1, {"test": "success"}, path=".github/workflows/ci.yml")
        yield made


def test_workflows_are_told_apart_by_their_file(github: ForgeWorld) -> None:
    run(github, 2, {"test": "failure"}, "failure", path=".github/workflows/extra.yml", name="ci.yml")
    assert github.judge(ID, workflow="ci.yml")
    assert github.judge(ID, workflow=".github/workflows/ci.yml")
    for workflow in ("extra.yml", None):
        with pytest.raises(ClaimFalse, match=r"run 2 of .github/workflows/extra.yml"):
            github.judge(ID, workflow=workflow)
    with pytest.raises(CouldNotVerify, match=r"no run of release.yml"):
        github.judge(ID, workflow="release.yml")


def test_the_second_attempt_is_told(github: ForgeWorld) -> None:
    run(github, 2, {"test": "success"}, run_attempt=2)
    assert "attempt 2" in github.judge(ID).text


def test_an_old_run_that_was_started_again_counts_as_new(github: ForgeWorld) -> None:
    old = run(github, 2, {"test": "failure"}, "failure", run_attempt=2)
    old["run_started_at"] = at(NOW + timedelta(minutes=5))
    new = run(github, 3, {"test": "success"})
    with pytest.raises(ClaimFalse, match=r"run 2 of .*, attempt 2"):
        github.judge(ID)
    new["run_started_at"] = at(NOW + timedelta(minutes=6))
    assert "run 3" in github.judge(ID).text


def test_a_run_by_another_event_covers_no_red_one(github: ForgeWorld) -> None:
    run(github, 2, {"test": "failure"}, "failure")
    run(github, 3, {"publish": "success"}, event="release")
    with pytest.raises(ClaimFalse, match="run 2"):
        github.judge(ID)
    assert github.judge(ID, events=["release"])


def test_fewer_runs_than_the_forge_counts(github: ForgeWorld) -> None:
    jobs = {"total_count": 3, "jobs": []}
    github.forge.whole = {"actions/runs/1/jobs": jobs}
    with pytest.raises(CouldNotVerify, match="the forge gave 0 of 3 of actions/runs/1/jobs"):
        github.judge(ID)


def test_a_child_pipeline_that_failed_or_runs(tmp_path: Path) -> None:
    with forge_world("gitlab", tmp_path / "shop") as gitlab:
        run(gitlab, 1, {"build": "success", "child-e2e": "failed"})
        with pytest.raises(ClaimFalse, match="child-e2e failed"):
            gitlab.judge(ID)
        run(gitlab, 2, {"build": "success", "child-e2e": "running"})
        with pytest.raises(CouldNotVerify, match=r"child-e2e .* has not ended"):
            gitlab.judge(ID)
        run(gitlab, 3, {"build": "success", "child-e2e": "success", "deploy": "manual"})
        assert gitlab.judge(ID, jobs=["child-e2e"]).text.endswith("2 of 3 jobs succeeded, 1 skipped")
        with pytest.raises(ClaimFalse, match="deploy manual"):
            gitlab.judge(ID, jobs=["deploy"])


def test_empty_lists_of_names_are_refused(github: ForgeWorld) -> None:
    for name in ("jobs", "may_fail", "events"):
        nothing: dict[str, Any] = {name: []}
        with pytest.raises(ValidationError):
            github.judge(ID, **nothing)


# Deployments


def deployed(world: ForgeWorld, environment: str = "production") -> Deployments:
    found = world.read("deployments", environment)
    assert isinstance(found, Deployments)
    return found


def test_deployments(world: ForgeWorld) -> None:
    def add(id: int, sha: str, state: str, environment: str = "production") -> None:
        name: Any = {"name": environment} if world.gitlab else environment
        data = {"id": id, "sha": sha, "ref": "main", "created_at": at(NOW), "environment": name, "status": state}
        world.forge.answers.setdefault("deployments", []).insert(0, data)
        states = [{"id": 1, "state": "in_progress"}, {"id": 2, "state": state}]
        world.forge.answers[f"deployments/{id}/statuses"] = states

    world.forge.answers["deployments"] = []
    assert (deployed(world).newest, deployed(world).released) == (None, None)
    add(1, world.sha, "failure")
    add(2, world.sha, "success")
    add(3, "f" * 40, "error")
    add(4, world.sha, "success", "staging")
    found = deployed(world)
    assert found.newest is not None
    assert found.released is not None
    assert (found.newest.id, found.newest.state, found.released.id) == (3, "error", 2)
    assert (found.released.sha, found.released.state) == (world.sha, "success")
    world.forge.deny("deployments", 404)
    with pytest.raises(CouldNotVerify, match="404"):
        deployed(world)
