"""Claims about runs of pipelines on the forge."""

from __future__ import annotations

import re
from collections.abc import Iterable

from pytest_readiness.core.evidence import ClaimFalse, CouldNotVerify, Evidence, claim
from pytest_readiness.core.registry import check
from pytest_readiness.core.text import counted
from pytest_readiness.domains.ci.checks.protection import Name, Names
from pytest_readiness.domains.ci.facts.runs import DONE, UNFINISHED, CommitRuns, PipelineRun, RunJob
from pytest_readiness.domains.forge.api import said

_EVENTS = ("push", "merge_group", "release")
_PARALLEL = re.compile(r" (\(.*|/ .*|\d{1,4}/\d{1,4})|: \[.*", re.DOTALL)
"""What forges write behind the name of a job that is one of a matrix, or of a reusable workflow."""
_SKIPPED = frozenset({"skipped", "manual"})


@check(
    "ci.last_run_green",
    severity="critical",
    remedy="Mend what failed, and let the pipeline run for the commit that is released.",
    source="GitHub documentation, 'REST API endpoints for workflow runs'; GitLab documentation, 'Pipelines API'",
)
def last_run_green(
    commit_runs: CommitRuns,
    *,
    workflow: Name | None = None,
    jobs: Names | None = None,
    may_fail: Names | None = None,
    events: Names | None = None,
) -> Evidence:
    """The newest run for the release's commit succeeded, and so did the named jobs in it, which were not skipped.

    That is the newest of each workflow and of each event that starts it; a run's newest attempt counts. What the jobs
    do, and what other services have reported of the commit, is not looked at.
    A job that failed and was allowed to fails this, too, unless `may_fail` names it.

    Args:
        workflow: file of the workflow (ci.yml). By default all that ran for the commit; with GitLab there is none.
        jobs: names of jobs that must have succeeded; `test` also stands for all of its matrix, `test (3.12)`.
            By default any one.
        may_fail: names of jobs that may fail.
        events: what may have started the run. By default push, merge_group and release; a run of a proposed
             change tested another commit, and one by schedule or by hand may have had other inputs.
    """
    found, wanted = commit_runs, tuple(events or _EVENTS)
    if len(found.runs) != found.count:
        raise CouldNotVerify("the list of runs is not whole")
    runs = [run for run in found.runs if run.event in wanted and _is_of(run, workflow)]
    what = f"run of {said(workflow)}" if workflow else "run"
    if not runs:
        others = sorted({f"{run.workflow or 'a pipeline'} by {run.event}" for run in found.runs})
        raise CouldNotVerify(
            f"no {what} for {found.sha[:12]} was started by {', '.join(wanted)}; there is "
            + (", ".join(map(said, others[:10])) or "none at all")
        )
    latest = {(run.workflow, run.event): run for run in reversed(runs)}
    texts = [_green(run, jobs or [], may_fail or []) for run in latest.values()]
    if jobs:
        _all_ran(jobs, latest.values())
    red = [f"run {run.id} by {run.event} for {said(run.ref)}" for run in runs if run.state != DONE]
    warning = "; ".join(filter(None, [found.told, f"older runs did not succeed: {', '.join(red[:10])}" if red else ""]))
    return Evidence(f"{found.sha[:12]}: {'; '.join(texts[:10])}", warning=warning)


def _is_of(run: PipelineRun, workflow: str | None) -> bool:
    return workflow is None or run.workflow == workflow or run.workflow == f".github/workflows/{workflow}"


def _green(run: PipelineRun, jobs: Iterable[str], may_fail: Iterable[str]) -> str:
    """What is to be said of a run that succeeded."""
    name = f"run {run.id}" + (f" of {said(run.workflow)}" if run.workflow else "") + f", attempt {run.attempt}"
    if run.state in UNFINISHED:
        raise CouldNotVerify(f"{name} has not ended: it is {said(run.state)}")
    claim(run.state == DONE, expected=f"{name}: success", seen=said(run.state) or "no word of how it ended")
    if run.jobs is None or len(run.jobs) != run.count or not run.count:
        raise CouldNotVerify(f"the jobs of {name} could not be read")
    named = {id(job) for wanted in jobs for job in run.jobs if _named(job, wanted)}
    allowed = {id(job) for each in may_fail for job in run.jobs if _named(job, each)}
    for job in run.jobs:
        if job.state in UNFINISHED - _SKIPPED:
            raise CouldNotVerify(f"the job {said(job.name)} of {name} has not ended: it is {said(job.state)}")
    wrong = [
        f"{said(job.name)} {said(job.state) or 'nothing'}"
        for job in run.jobs
        if job.state != DONE and id(job) not in allowed and (id(job) in named or job.state not in _SKIPPED)
    ]
    claim(not wrong, expected=f"each job of {name} to succeed", seen=", ".join(wrong[:10]))
    good = sum(job.state == DONE for job in run.jobs)
    claim(good > 0, expected=f"a job of {name} that ran", seen=f"{counted(run.count, 'job')}, none of which succeeded")
    skipped = sum(job.state in _SKIPPED for job in run.jobs)
    when = f"by {run.event} for {said(run.ref)} on {run.made:%Y-%m-%d}"
    return f"{name}, {when}: {good} of {counted(run.count, 'job')} succeeded, {skipped} skipped"


def _named(job: RunJob, name: str) -> bool:
    """Whether a job has a name, or is one of the matrix or the reusable workflow of that name."""
    if not job.name.startswith(name):
        return False
    rest = job.name.removeprefix(name)
    return not rest or _PARALLEL.fullmatch(rest) is not None


def _all_ran(jobs: Iterable[str], runs: Iterable[PipelineRun]) -> None:
    there = [job for run in runs for job in run.jobs or ()]
    missing = [said(name) for name in jobs if not any(_named(job, name) and job.state == DONE for job in there)]
    if missing:
        names = sorted({job.name for job in there})
        raise ClaimFalse(
            f"successful jobs {', '.join(map(said, jobs))}",
            f"no such job {', '.join(missing)}; there are {', '.join(map(said, names[:10]))}",
        )
