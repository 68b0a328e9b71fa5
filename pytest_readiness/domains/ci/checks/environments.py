"""Claims about what an environment demands of a deployment, and what it gives to it."""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import Annotated

from pydantic import Field

from pytest_readiness.core.evidence import CouldNotVerify, Evidence, claim
from pytest_readiness.core.registry import check
from pytest_readiness.core.text import counted
from pytest_readiness.domains.ci.checks.protection import Name, Names
from pytest_readiness.domains.ci.facts.environments import DefinedSecret, DefinedSecrets, DeployEnvironment
from pytest_readiness.domains.ci.facts.pipelines import Pipelines
from pytest_readiness.domains.ci.pipeline import PipelineJob, branch_of
from pytest_readiness.domains.forge.api import said
from pytest_readiness.domains.source.resource import Revision

_GIVEN = frozenset({"GITHUB_TOKEN"})
"""What GitHub itself gives to each job."""


@check(
    "ci.approval",
    severity="high",
    remedy="Require reviewers for the environment, others than who starts the deployment, and deploy to it by name.",
    source="GitHub documentation, 'Deployments and environments'; GitLab documentation, 'Deployment approvals'",
    asks=lambda repository, branch, environment: {
        "pipelines": branch_of(repository, branch),
        "deploy_environment": environment,
    },
)
def approval(
    pipelines: Pipelines,
    deploy_environment: DeployEnvironment,
    *,
    environment: Name,
    branch: Revision | None = None,
    approvals: Annotated[int, Field(ge=1, le=20)] = 1,
    others: bool = True,
    admins: bool = False,
) -> Evidence:
    """A job that deploys to the environment waits for the approvals that the environment demands.

    Who the reviewers are, and what deploys in other ways or in jobs that name no environment, is not looked at. A wait
    or a rule for branches is no approval, and nor is a job that is started by hand.

    Args:
        environment: name of the environment.
        branch: the branch that is deployed; by default the repository's.
        approvals: fewest approvals of a deployment. 1: the most that GitHub asks for, however many reviewers there are.
        others: whoever starts a deployment must not be able to approve it.
        admins: administrators may deploy without approval.
    """
    found = deploy_environment
    claim(found.there, expected=f"the environment {said(environment)}", seen="the project has none of that name")
    flows = [each for each in pipelines.workflows if each.service == found.service]
    jobs = [(flow.file, job) for flow in flows for job in flow.jobs if job.environment]
    fold = str.casefold if found.service == "github" else str
    deploying = [(file, job) for file, job in jobs if fold(job.environment) == fold(environment)]
    sure = [f"{said(job.name)} in {said(file)}" for file, job in deploying if job.events and not job.unsure]
    if not sure:
        unclear = [f"{said(job.name)} in {said(file)}" for file, job in jobs if "$" in job.environment]
        unclear += [f"{said(job.name)} in {said(file)}" for file, job in deploying if job.unsure]
        if unclear or pipelines.unread:
            raise CouldNotVerify(
                f"no job is sure to deploy to {said(environment)}; not known before a run, or not read: "
                + ", ".join([*unclear, *map(said, pipelines.unread)][:10])
            )
        named = sorted({job.environment for _, job in jobs})
        seen = f"none that runs; jobs name {', '.join(map(said, named[:10])) or 'no environment'}"
        claim(False, expected=f"a job that deploys to {said(environment)}", seen=seen)
    if found.approvals < approvals and found.apps:
        raise CouldNotVerify(f"{', '.join(map(said, found.apps))} must agree, too; what for is not known to the forge")
    of = f" of {counted(found.reviewers, 'reviewer')}" if found.reviewers else ""
    claim(
        found.approvals >= approvals,
        expected=f"at least {counted(approvals, 'approval')} for {said(environment)}",
        seen=f"{found.approvals}{of}",
    )
    for wanted, state, expected, seen in (
        (others, found.others, "approval by another than who started it", "who starts a deployment may approve it"),
        (
            not admins,
            None if found.admins is None else not found.admins,
            "approval for all",
            "administrators pass it by",
        ),
    ):
        if wanted and state is None:
            raise CouldNotVerify(f"the forge does not tell of {said(environment)} whether {seen}")
        claim(not wanted or state is True, expected=expected, seen=seen)
    text = f"{', '.join(sure[:10])}: {found.approvals}{of} must approve for {said(environment)}"
    return Evidence(text + (", not who started it" if found.others else ""), warning=found.told)


@check(
    "ci.secrets_present",
    severity="high",
    remedy="Define the secrets where the jobs see them: in the project, or in the environment that the job names.",
    source="GitHub documentation, 'Using secrets in GitHub Actions'; GitLab documentation, 'CI/CD variables'",
    asks=lambda repository, branch: {
        "pipelines": branch_of(repository, branch),
        "defined_secrets": branch_of(repository, branch),
    },
)
def secrets_present(
    pipelines: Pipelines,
    defined_secrets: DefinedSecrets,
    *,
    branch: Revision | None = None,
    optional: Names | None = None,
) -> Evidence:
    """Every secret that the pipeline's jobs use is defined where those jobs see it.

    Only names can be seen: a secret may be empty, or wrong. Jobs that never run for the branch are not looked at. With
    GitLab, those variables count that scripts use, no pipeline file sets, and whose names say that they are secrets.

    Args:
        branch: the branch whose jobs use them; by default the repository's.
        optional: names of secrets that jobs can do without.
    """
    left_out = _GIVEN | frozenset(optional or ())
    used = [(name, job) for name, job in _used(pipelines, defined_secrets.service) if name not in left_out]
    if not used:
        unread = f"; not read: {', '.join(map(said, pipelines.unread[:5]))}" if pipelines.unread else ""
        raise CouldNotVerify(f"no job for {said(pipelines.branch)} uses a secret{unread}")
    missing = [
        f"{said(name)} ({said(job.place)})"
        for name, job in used
        if name != "*" and not any(_seen(each, name, job, defined_secrets) for each in defined_secrets.secrets)
    ]
    perhaps = [
        f"{said(name)} is defined for an environment, and that of {said(job.name)} is known in a run only"
        for name, job in used
        if name != "*"
        and "$" in job.environment
        and not any(_seen(each, name, job, defined_secrets) for each in defined_secrets.secrets)
        and any(_is(each, name, defined_secrets) for each in defined_secrets.secrets)
    ]
    if missing and len(perhaps) == len(missing):
        raise CouldNotVerify("; ".join(dict.fromkeys(perhaps[:10])))
    if missing and defined_secrets.unread:
        raise CouldNotVerify(f"{', '.join(missing[:10])}: {'; '.join(defined_secrets.unread)[:400]}")
    claim(not missing, expected="each secret where its job sees it", seen=f"not there: {', '.join(missing[:20])}")
    open_ends = [
        f"{said(job.name)} uses secrets whose names are known in a run only" for name, job in used if name == "*"
    ]
    open_ends += [said(each) for each in pipelines.unread]
    for flow in (each for each in pipelines.workflows if each.service == defined_secrets.service):
        open_ends += [said(f"{flow.file}: {flow.why_not}", 200)] * (flow.unsure and not flow.jobs)
        # What another repository's workflow is given stands in its call; of GitLab's includes nothing is known.
        open_ends += [
            said(job.why_not, 200) for job in flow.jobs if flow.service == "gitlab" and not job.steps and job.unsure
        ]
    if open_ends:
        raise CouldNotVerify("; ".join(dict.fromkeys(open_ends[:10])))
    names = sorted({name for name, _ in used})
    jobs = len({job.place for _, job in used})
    listed = ", ".join(map(said, names[:20]))
    return Evidence(
        f"{counted(len(names), 'secret')} of {counted(jobs, 'job')}, defined for them: {listed}",
        warning=defined_secrets.told,
    )


def _used(pipelines: Pipelines, service: str) -> Iterator[tuple[str, PipelineJob]]:
    """The secrets that jobs use which may run on the forge, each with its job."""
    for workflow in pipelines.workflows:
        for job in workflow.jobs if workflow.service == service else ():
            for name in job.secrets if job.events or job.unsure else ():
                yield name, job


def _is(secret: DefinedSecret, name: str, found: DefinedSecrets) -> bool:
    return secret.name == name or (found.service != "gitlab" and secret.name.casefold() == name.casefold())


def _seen(secret: DefinedSecret, name: str, job: PipelineJob, found: DefinedSecrets) -> bool:
    """Whether a job is given a secret by this name; GitHub's names are the same in capitals and small letters."""
    scope, environment = secret.environment, job.environment
    if found.service != "gitlab":
        scope, environment = scope.casefold(), environment.casefold()
    within = scope == "*" or (
        bool(environment) and fnmatchcase(environment, scope.replace("[", "[[]").replace("?", "[?]"))
    )
    return _is(secret, name, found) and within and (found.branch_protected or not secret.protected)
