"""What ran on the forge for the commit of the release: runs with their jobs, and deployments."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

import pytest_readiness.domains.source.facts.tree  # noqa: F401  (its fact must be there)
from pytest_readiness.core.registry import fact
from pytest_readiness.domains.forge.api import FACT_SECONDS, Data, ForgeProject, maybe, moment, opened, take
from pytest_readiness.domains.forge.resource import Forge
from pytest_readiness.domains.source.commit import ReleaseCommit
from pytest_readiness.domains.source.resource import Repository

DONE = "success"
UNFINISHED = frozenset(
    {
        *("queued", "in_progress", "requested", "waiting", "pending", "created", "waiting_for_resource", "preparing"),
        *("running", "manual", "scheduled", "canceling", "blocked", "waiting_for_callback"),
    }
)
"""States in which a run may still end either way."""


@dataclass(frozen=True, slots=True)
class RunJob:
    """A job of a run.

    Attributes:
        name: its name; GitHub's names a matrix and a reusable workflow in it ("test (3.12)", "call / test").
        state: how it ended ("success", "failure", "skipped"), or how it stands.
    """

    name: str
    state: str


@dataclass(frozen=True, slots=True)
class PipelineRun:
    """A run of a workflow, or a pipeline of GitLab's.

    Attributes:
        id: the forge's number of it.
        workflow: file of the workflow, from the top of the repository; "" with GitLab.
        event: what started it ("push", "schedule").
        ref: branch or tag.
        sha: the commit.
        state: how it ended, or how it stands.
        attempt: how often it has been started.
        made: when its newest attempt was started, in UTC; with GitLab, when it was made.
        jobs: the newest attempt's jobs; None where those were not asked for, as a newer run counts.
        count: how many jobs these are.
    """

    id: int
    workflow: str
    event: str
    ref: str
    sha: str
    state: str
    attempt: int
    made: datetime
    jobs: tuple[RunJob, ...] | None = None
    count: int = 0


@dataclass(frozen=True, slots=True)
class CommitRuns:
    """What ran for the commit of the release.

    Attributes:
        sha: the commit.
        runs: all runs of it, the newest first.
        count: how many these are.
        gitlab: whether they are pipelines of GitLab's.
        told: what a reader must know; "" for nothing.
    """

    sha: str
    runs: tuple[PipelineRun, ...]
    count: int
    gitlab: bool
    told: str = ""


@dataclass(frozen=True, slots=True)
class ForgeDeployment:
    """A deployment.

    Attributes:
        id: the forge's number of it.
        environment: where to.
        sha: the commit.
        made: when it was begun, in UTC.
        state: how it stands ("success", "failed"); GitHub's "inactive" is one that was replaced. "" where nobody has
            told.
    """

    id: int
    environment: str
    sha: str
    made: datetime
    state: str


@dataclass(frozen=True, slots=True)
class Deployments:
    """Deployments to an environment.

    Attributes:
        environment: where to.
        sha: commit of the release.
        newest: the newest of all; None for none.
        released: the newest of the release's commit; None for none.
        told: what a reader must know; "" for nothing.
    """

    environment: str
    sha: str
    newest: ForgeDeployment | None
    released: ForgeDeployment | None
    told: str = ""


@fact(deadline=FACT_SECONDS)
def commit_runs(repository: Repository, release_commit: ReleaseCommit, forge: Forge) -> CommitRuns:  # noqa: ARG001
    """The runs of the release's commit on the forge, with the jobs of the newest of each workflow and event."""
    sha = release_commit.sha
    with opened(forge) as project:
        if project.gitlab:
            runs = [_pipeline(each) for each in project.items("pipelines", query={"sha": sha})]
        else:
            runs = [_run(each) for each in project.items("actions/runs", "workflow_runs", query={"head_sha": sha})]
        runs = sorted((run for run in runs if run.sha == sha), key=lambda run: (run.made, run.id), reverse=True)
        seen: set[tuple[str, str]] = set()
        with_jobs: list[PipelineRun] = []
        for run in runs:
            newest = (run.workflow, run.event) not in seen
            seen.add((run.workflow, run.event))
            with_jobs.append(_with_jobs(project, run) if newest else run)
        return CommitRuns(sha, tuple(with_jobs), len(with_jobs), project.gitlab, project.told)


@fact(deadline=FACT_SECONDS)
def deployments(repository: Repository, release_commit: ReleaseCommit, forge: Forge, *, ask: str) -> Deployments:  # noqa: ARG001
    """The newest deployment to an environment, and the newest of the release's commit, with how they ended."""
    sha = release_commit.sha
    with opened(forge) as project:
        # Both forges list the newest first; only GitHub picks by commit.
        query = {"environment": ask, **({"order_by": "id", "sort": "desc"} if project.gitlab else {})}
        newest = project.items("deployments", query=query, first=True)
        released = project.items("deployments", query=query if project.gitlab else {**query, "sha": sha})
        return Deployments(
            environment=ask,
            sha=sha,
            newest=_deployment(project, ask, newest),
            released=_deployment(project, ask, [each for each in released if each.get("sha") == sha]),
            told=project.told,
        )


def _run(data: Data) -> PipelineRun:
    return PipelineRun(
        id=take(data, int, "id"),
        # GitHub writes a workflow that was started for another branch as file@branch.
        workflow=take(data, str, "path").partition("@")[0],
        event=take(data, str, "event"),
        ref=maybe(data, str, "head_branch", default=""),
        sha=take(data, str, "head_sha"),
        state=maybe(data, str, "conclusion", default="") or take(data, str, "status"),
        attempt=maybe(data, int, "run_attempt", default=1),
        made=moment(data, "run_started_at" if data.get("run_started_at") else "created_at"),
    )


def _pipeline(data: Data) -> PipelineRun:
    return PipelineRun(
        id=take(data, int, "id"),
        workflow="",
        event=take(data, str, "source"),
        ref=take(data, str, "ref"),
        sha=take(data, str, "sha"),
        state=take(data, str, "status"),
        attempt=1,
        made=moment(data, "created_at"),
    )


def _with_jobs(project: ForgeProject, run: PipelineRun) -> PipelineRun:
    if project.gitlab:
        jobs = [*_jobs(project.items(f"pipelines/{run.id}/jobs")), *_bridges(project, run)]
    else:
        jobs = list(_jobs(project.items(f"actions/runs/{run.id}/jobs", "jobs", query={"filter": "latest"})))
    return PipelineRun(
        *(run.id, run.workflow, run.event, run.ref, run.sha, run.state, run.attempt, run.made),
        jobs=tuple(jobs),
        count=len(jobs),
    )


def _jobs(found: Iterable[Data]) -> Iterable[RunJob]:
    for each in found:
        yield RunJob(take(each, str, "name"), maybe(each, str, "conclusion", default="") or take(each, str, "status"))


def _bridges(project: ForgeProject, run: PipelineRun) -> Iterable[RunJob]:
    """Jobs that start child pipelines: each stands as its child does, for whose end the parent need not wait."""
    for each in project.items(f"pipelines/{run.id}/bridges"):
        own = take(each, str, "status")
        yield RunJob(take(each, str, "name"), maybe(each, str, "downstream_pipeline", "status", default=own))


def _deployment(project: ForgeProject, environment: str, found: Iterable[Data]) -> ForgeDeployment | None:
    """The newest of these."""
    of = ("environment", "name") if project.gitlab else ("environment",)
    there = [each for each in found if take(each, str, *of) == environment]
    if not there:
        return None
    data = max(there, key=lambda each: take(each, int, "id"))
    id = take(data, int, "id")
    if project.gitlab:
        state = take(data, str, "status")
    else:
        states = project.items(f"deployments/{id}/statuses")
        newest = max(states, key=lambda each: take(each, int, "id"), default=None)
        state = take(newest, str, "state") if newest else ""
    return ForgeDeployment(id, environment, take(data, str, "sha"), moment(data, "created_at"), state)
