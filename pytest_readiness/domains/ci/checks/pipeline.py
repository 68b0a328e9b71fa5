"""Claims about what the pipelines do for a branch."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from itertools import pairwise
from typing import Annotated, Any, Literal

from pydantic import Field

from pytest_readiness.core.evidence import ClaimFalse, CouldNotVerify, Evidence, claim
from pytest_readiness.core.registry import check
from pytest_readiness.core.text import counted
from pytest_readiness.domains.ci import tools
from pytest_readiness.domains.ci.facts.pipelines import Pipelines
from pytest_readiness.domains.ci.facts.runs import DONE, UNFINISHED, Deployments
from pytest_readiness.domains.ci.pipeline import (
    CHANGES,
    RELEASES,
    Event,
    PipelineJob,
    PipelineStep,
    PipelineWorkflow,
    branch_of,
)
from pytest_readiness.domains.ci.tools import Hit, StepKind
from pytest_readiness.domains.forge.api import said
from pytest_readiness.domains.source.resource import Repository

Text = Annotated[str, Field(min_length=1, max_length=200, pattern=r"\S")]
Scan = Literal["code", "dependencies", "image", "secrets", "configuration"]
_BY_HAND: tuple[Event, ...] = ("by hand",)
_PUSHERS = ("ko", "mvn", "mvnw", "gradle", "gradlew", "executor", "kaniko", "skaffold")
_UNTOLD = UNFINISHED | {""}
_NO_TAG = ("cache-from", "cache-to", "labels", "annotations", "build-args", "build-contexts", "secrets", "registry")
_PLACES = ("file=", "context=", "workdir=")
_VALUED = ("-f", "--file", "--cache-from", "--cache-to", "--build-arg", "--label", "--build-context", "--secret")
_VERSION_INPUT = re.compile(r"(?i)version|tag|ref|sha|commit|release|image|revision")


def _asked(repository: Repository, branch: str | None) -> Mapping[str, Any]:
    return {"pipelines": branch_of(repository, branch)}


class _Doubt(str):
    """Why something may not do just what is asked."""

    __slots__ = ()


@dataclass(frozen=True)
class _Found:
    workflow: PipelineWorkflow
    job: PipelineJob
    step: PipelineStep
    hit: Hit
    events: tuple[Event, ...]

    @property
    def text(self) -> str:
        return f"{self.hit.text} of job {self.job.name} ({self.step.place})"


def _effective(
    pipelines: Pipelines,
    does: str,
    hits: Callable[[PipelineStep], Iterator[Hit]],
    events: Collection[Event],
    suits: Callable[[PipelineJob, PipelineStep, Hit], str] = lambda *_: "",
    shown: Callable[[PipelineJob], bool] = lambda _: True,
) -> list[_Found]:
    """The steps that do something on one of the events, and fail the pipeline where that fails.

    Args:
        pipelines: what there is.
        does: what they do ("runs tests").
        hits: what in a step does that.
        events: on which they must.
        suits: why something does not do just what is asked, or may not; "" where it does.
        shown: jobs that may.

    Raises:
        ClaimFalse: none does.
        CouldNotVerify: one may.
    """
    good: list[_Found] = []
    bad: list[str] = []
    doubts: list[str] = list(pipelines.unread)
    steps = 0
    for workflow, job, step in pipelines.steps():
        steps += 1
        common = tuple(each for each in step.events if each in events)
        if not shown(job):
            continue
        for hit in hits(step):
            found = _Found(workflow, job, step, hit, common)
            lack = suits(job, step, hit)
            unsure = isinstance(lack, _Doubt)
            if not lack and hit.why_not:
                lack, unsure = hit.why_not, hit.unsure
            if not lack and not common:
                lack, unsure = step.why_not or f"it runs only on: {', '.join(step.events)}", step.unsure
            if not lack:
                good.append(found)
            else:
                (doubts if unsure else bad).append(f"{found.text}: {lack}")
        if common or step.unsure:
            doubts += [
                f"what '{each}' of job {job.name} ({step.place}) runs is not known" for each in tools.opaque(step)
            ]
    if good:
        return good
    near = bool(bad)
    for workflow in pipelines.workflows:
        doubts += [workflow.why_not] if workflow.unsure and not workflow.jobs else []
        bad += [f"{workflow.file}: {workflow.why_not}"] * bool(workflow.why_not and not workflow.unsure)
        doubts += [f"job {job.name}: {job.why_not}" for job in workflow.jobs if job.unsure and not job.steps]
        bad += [f"job {job.name}: {job.why_not}" for job in workflow.jobs if not job.unsure and not job.steps]
    looked = f"{counted(steps, 'step')} of {counted(len(pipelines.workflows), 'workflow')} at {pipelines.commit}"
    if doubts:
        more = f"; and {len(doubts) - 3} more" if len(doubts) > 3 else ""
        raise CouldNotVerify(f"whether a step {does} for {pipelines.branch} is not sure: {'; '.join(doubts[:3])}{more}")
    raise ClaimFalse(
        f"a step that {does} for {pipelines.branch}, and fails the pipeline where that fails",
        "; ".join(bad[:3] if near else [f"none among {looked}", *bad[:3]]),
    )


def _evidence(pipelines: Pipelines, found: list[_Found], warning: str = "") -> Evidence:
    first = found[0]
    more = f" and {len(found) - 1} more" if len(found) > 1 else ""
    events = ", ".join(dict.fromkeys(event for each in found for event in each.events))
    return Evidence(f"{first.text}{more}, for {pipelines.branch} on: {events}; read at {pipelines.commit}", warning)


def _hits(kind: StepKind, command: str | None) -> Callable[[PipelineStep], Iterator[Hit]]:
    return lambda step: tools.named(command, step) if command else tools.hits(kind, step)


@check(
    "ci.workflow",
    severity="high",
    remedy="Add a workflow that runs on pushes to the branch or on pull requests into it.",
    source="GitHub Docs, 'Events that trigger workflows'; GitLab Docs, 'CI/CD YAML syntax reference'",
    asks=_asked,
)
def workflow(pipelines: Pipelines, *, branch: Text | None = None, name: Text | None = None) -> Evidence:
    """A pipeline runs for the branch without anybody's doing, and has a job that can fail it.

    The files in the commit that is released are read, not whether the forge has disabled a workflow, and not whether
    a run succeeds.

    Args:
        branch: the branch; default: the repository's `branch`.
        name: the workflow that must, by its name or file; default: any.
    """
    read = pipelines
    asked = [
        each for each in read.workflows if not name or name in (each.name, each.file, each.file.rpartition("/")[2])
    ]
    good = [
        (each, job)
        for each in asked
        for job in each.jobs
        if set(job.events) & {*CHANGES} and (job.steps or job.why_not == "")
    ]
    if good:
        files = len({each.file for each, _ in good})
        events = ", ".join(dict.fromkeys(event for each, _ in good for event in each.events))
        return Evidence(
            f"{counted(len(good), 'job')} of {counted(files, 'workflow')}, for {read.branch} on: {events}; "
            f"read at {read.commit}"
        )
    told = [f"{each.file}: {_why(each)}" for each in asked]
    if read.unread or any(each.unsure or any(job.unsure for job in each.jobs) for each in asked):
        raise CouldNotVerify("; ".join([*read.unread, *told][:3]))
    raise ClaimFalse(
        f"a workflow with a job that runs for {read.branch}",
        "; ".join(told[:3]) or f"none of {counted(len(read.workflows), 'workflow')} at {read.commit} is it",
    )


def _why(workflow: PipelineWorkflow) -> str:
    return workflow.why_not or next((job.why_not for job in workflow.jobs if job.why_not), "it has no jobs")


@check(
    "ci.runs_tests",
    severity="high",
    remedy="Run the tests in a step that fails the pipeline: no '|| true', no continue-on-error, no condition.",
    source="GitHub Docs, 'Workflow syntax'; GitLab Docs, 'CI/CD YAML syntax reference'",
    asks=_asked,
)
def runs_tests(pipelines: Pipelines, *, branch: Text | None = None, command: Text | None = None) -> Evidence:
    """A step of the pipelines runs tests for the branch, and fails the pipeline where they fail.

    Known runners are looked for in steps, and in what they come to of package.json, Makefile and shell scripts of the
    commit. Which tests there are, and whether they pass, is not looked at.

    Args:
        branch: the branch; default: the repository's `branch`.
        command: the command or action that runs the tests ("tox -e py"); default: any known runner.
    """
    found = _effective(pipelines, tools.TESTS.name, _hits(tools.TESTS, command), CHANGES)
    tested = {each.job.name for each in found}
    alone = [
        job.name
        for workflow in {each.workflow.file: each.workflow for each in found}.values()
        for job in workflow.jobs
        if set(job.events) & {*RELEASES} and any(any(tools.hits(tools.DEPLOYS, step)) for step in job.steps)
        and job.name not in tested and not _needed(workflow, job) & tested
    ]  # fmt: skip
    return _evidence(pipelines, found, f"job {alone[0]} deploys, and does not wait for the tests" if alone else "")


def _needed(workflow: PipelineWorkflow, job: PipelineJob) -> set[str]:
    """The jobs that one needs, and that those need."""
    needs = {each.name: each.needs for each in workflow.jobs}
    found: set[str] = set()
    waiting = list(job.needs)
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            inner = [each for each in needs if each.startswith(f"{name} / ")]
            waiting += [*needs.get(name, ()), *inner]
    return found


@check(
    "ci.runs_lint",
    severity="medium",
    remedy="Run the linter in a step that fails the pipeline, in its checking mode.",
    source="GitHub Docs, 'Workflow syntax'; GitLab Docs, 'CI/CD YAML syntax reference'",
    asks=_asked,
)
def runs_lint(pipelines: Pipelines, *, branch: Text | None = None, command: Text | None = None) -> Evidence:
    """A step of the pipelines runs a linter, formatter or type checker for the branch, and fails the pipeline by it.

    Formatters count in their checking mode only. Which rules there are, and whether the code keeps them, is not looked
    at; nor which hooks pre-commit runs.

    Args:
        branch: the branch; default: the repository's `branch`.
        command: the command or action that lints ("make lint"); default: any known linter.
    """
    return _evidence(pipelines, _effective(pipelines, tools.LINT.name, _hits(tools.LINT, command), CHANGES))


@check(
    "ci.security_scan",
    severity="high",
    remedy="Let the scanner fail the job: for Trivy exit-code 1, for Grype --fail-on, without continue-on-error.",
    source="OWASP DevSecOps Guideline; documentation of the scanners",
    asks=_asked,
)
def security_scan(
    pipelines: Pipelines,
    *,
    branch: Text | None = None,
    of: Annotated[list[Scan], Field(min_length=1)] | None = None,
    command: Text | None = None,
    gates: bool = True,
) -> Evidence:
    """A step of the pipelines scans for weaknesses for the branch and, where it finds any, fails the pipeline.

    What it finds is not looked at, nor scans that are a setting of the forge (CodeQL's default setup, Dependabot
    alerts).

    Args:
        branch: the branch; default: the repository's `branch`.
        of: what must be scanned, each; default: any of it.
        command: the command or action that scans; default: any known scanner. Not together with `of`.
        gates: findings must fail the step. False: a scan that only reports is enough, and the evidence says so.
    """

    def scans(sort: Scan | None, step: PipelineStep) -> Iterator[Hit]:
        for hit in _hits(tools.SCANS, command)(step):
            if sort in (None, hit.sort):
                tolerated = not gates and not hit.unsure
                yield replace(hit, why_not="") if tolerated else hit

    found: list[_Found] = []
    sorts: list[Scan | None] = [*of] if of else [None]
    for sort in sorts:
        does = f"{tools.SCANS.name}{f' of {sort}' if sort else ''}"
        found += _effective(pipelines, does, partial(scans, sort), CHANGES)
    severe = [
        each.text
        for each in found
        if re.search(r"(?i)CRITICAL\b(?!.{0,3}HIGH)", " ".join((*each.hit.words, *each.step.inputs.values())))
    ]
    warnings = [f"{each} looks at critical findings only" for each in severe[:1]]
    warnings += ["whether findings fail the pipeline was not asked"] * (not gates)
    return _evidence(pipelines, found, "; ".join(warnings))


@check(
    "ci.builds_image",
    severity="medium",
    remedy="Build the image in a step of the pipeline and push it, by a tag other than latest.",
    source="Docker Docs, 'GitHub Actions'; GitLab Docs, 'Use Docker to build Docker images'",
    asks=_asked,
)
def builds_image(
    pipelines: Pipelines,
    *,
    branch: Text | None = None,
    dockerfile: Text | None = None,
    registry: Text | None = None,
    command: Text | None = None,
) -> Evidence:
    """A job of the pipelines builds an image for the branch and pushes it, not as "latest" alone.

    Runs on pull requests do not count. Whether the image was pushed, and what is in it, is not looked at.

    Args:
        branch: the branch; default: the repository's `branch`.
        dockerfile: the Dockerfile that must be named; default: any, or none.
        registry: what a tag of the image must begin with ("registry.example.com/shop"); default: any.
        command: the command or action that builds and pushes; default: any known builder.
    """

    def suits(job: PipelineJob, step: PipelineStep, hit: Hit) -> str:
        inputs = [f"{key}={value}" for key, value in step.inputs.items() if key not in _NO_TAG]
        own = [*hit.words, *(each for each in inputs if not each.startswith(_PLACES))]
        pushes = [word for each in job.steps for word in _pushed(each)]
        at_once = {"--push", "push=true", "--publish"} & {*own} or "type=registry" in " ".join(own)
        at_once = at_once or posixpath.basename("".join(hit.words[:1])) in _PUSHERS
        if not command and (not (pushes or at_once) or "--no-push" in own):
            later = "${{" in step.inputs.get("push", "")
            return _Doubt("whether it is pushed is known in a run only") if later else "it pushes nothing"
        if dockerfile and posixpath.normpath(dockerfile) not in _dockerfiles(step, hit):
            return f"it does not name {dockerfile}"
        words = [
            word for before, word in pairwise(["", *own]) if before not in _VALUED and not word.startswith(_VALUED)
        ]
        parts = [part for word in (*words, *pushes) for part in re.split(r"[\s,=]", word)]
        tags = [each for each in parts if "/" in each and ("." in each or ":" in each) and each[0] not in "./-$"]
        tags = [each for each in tags if "://" not in each]
        given = [value for key, value in step.inputs.items() if key in ("tags", "images", "name")]
        taken = [tag for each in job.steps for tag in _metadata(each)] if "${{" in "".join(given) else []
        tags += taken
        open_ends = [each for each in (*tags, *([] if taken else given), *pushes, *hit.words) if "$" in each]
        if registry and not any(tag.startswith(registry) for tag in tags):
            if any(_may_begin(each, registry) for value in open_ends for each in re.split(r"[\n,]", value)):
                return _Doubt(f"whether a tag of it begins with {registry} is known in a run only")
            return f"no tag of it begins with {registry}, as far as tags are written"
        # Of a name in a variable, "$IMAGE:latest" and "${{ env.IMAGE }}:latest", its tag is known.
        tags += [each for each in parts if each.startswith(("$", "}}")) and ":" in each and each not in tags]
        if tags and all(re.search(r":latest$|/[^:@$/]+$", tag) for tag in tags):
            return "it is pushed as latest only"
        return ""

    return _evidence(
        pipelines, _effective(pipelines, "builds and pushes an image", _hits(tools.IMAGES, command), RELEASES, suits)
    )


def _pushed(step: PipelineStep) -> Iterator[str]:
    """Words of commands that push an image and count."""
    for each in step.commands:
        if each.words[:1] in (("docker",), ("podman",), ("buildah",), ("docker-compose",)) and not each.why_not:
            yield from each.words if "push" in each.words[1:3] else ()


def _dockerfiles(step: PipelineStep, hit: Hit) -> set[str]:
    """The Dockerfiles that a build may mean by what it is told, with the folder that it builds."""
    words = [*hit.words, *(f"{key}={value}" for key, value in step.inputs.items())]
    told = [word.rpartition("=")[2] for word in words if not word.startswith("-t")]
    if not any(word in ("-f", "--file") or word.startswith(("file=", "--file=", "--dockerfile")) for word in words):
        folder = step.inputs.get("context") or (
            hit.words[-1] if len(hit.words) > 2 and hit.words[0] != "docker-compose" else "."
        )
        told.append("Dockerfile" if "$" in folder or folder.startswith("-") else posixpath.join(folder, "Dockerfile"))
    return {posixpath.normpath(each) for each in told if each}


def _metadata(step: PipelineStep) -> Iterator[str]:
    """Tags that docker/metadata-action makes: of those that are known in a run only, the image and no more."""
    if step.uses.partition("@")[0].lower() != "docker/metadata-action":
        return
    rules = [each.strip() for each in step.inputs.get("tags", "").splitlines() if each.strip()]
    latest = bool(rules) and all(re.fullmatch(r"latest|(?:.*,)?value=latest(?:,.*)?", each) for each in rules)
    for line in re.split(r"[\n,]", step.inputs.get("images", "")):
        if (name := line.strip().removeprefix("name=")) and not name.startswith(("enable=", "#")):
            yield f"{name}:{'latest' if latest else '*'}"


def _may_begin(text: str, wanted: str) -> bool:
    """Whether a text that holds variables may begin as wanted."""
    known = text.strip().removeprefix("name=").partition("$")[0]
    return "$" in text and wanted.startswith(known)


@check(
    "ci.deploys",
    severity="high",
    remedy="Let a job of the pipeline deploy, with the environment's name in its `environment`.",
    source="GitHub Docs, 'Using environments for deployment'; GitLab Docs, 'Environments'",
    asks=lambda repository, branch, environment, ran: {
        **_asked(repository, branch),
        "deployments": environment if ran else None,
    },
)
def deploys(
    pipelines: Pipelines,
    deployments: Deployments | None,
    *,
    environment: Text,
    branch: Text | None = None,
    job: Text | None = None,
    command: Text | None = None,
    by_hand: bool = False,
    ran: bool = False,
) -> Evidence:
    """A job of the pipelines deploys to the environment when the branch changes and, with `ran`, it has.

    Runs on pull requests do not count. Without `ran`, whether a deployment took place is not looked at.

    Args:
        environment: its name, as jobs state it.
        branch: the branch; default: the repository's `branch`.
        job: the job that deploys there, where it states no environment; default: any that states it.
        command: the command or action that deploys; default: any known one.
        by_hand: a job that a person starts is enough.
        ran: the release's commit has been deployed there with success, as the forge says.
    """
    dynamic = [each.name for workflow in pipelines.workflows for each in workflow.jobs if "$" in each.environment]

    def suits(of: PipelineJob, step: PipelineStep, hit: Hit) -> str:
        if of.environment.lower() == environment.lower() or (of.name == job and not of.environment):
            return ""
        return f"it deploys to {of.environment}" if of.environment else "its job states no environment"

    try:
        events: tuple[Event, ...] = (*RELEASES, "by hand") if by_hand else RELEASES
        does = f"deploys to {environment}"
        found = _effective(pipelines, does, _hits(tools.DEPLOYS, command), events, suits)
    except ClaimFalse:
        if dynamic:
            raise CouldNotVerify(f"where job {dynamic[0]} deploys to is known in a run only") from None
        raise
    more, warning = _released(deployments) if deployments else ("", "")
    evidence = _evidence(pipelines, found, warning)
    return replace(evidence, text=evidence.text + more)


def _released(found: Deployments) -> tuple[str, str]:
    """What is to be said of the deployment of the release's commit, and a warning.

    Raises:
        ClaimFalse: there is none, or it failed.
        CouldNotVerify: it has not ended, or nobody has told how.
    """
    sha, newest, released = found.sha[:12], found.newest, found.released
    expected = f"a deployment of {sha} to {found.environment} that succeeded"
    if not released or not newest:
        raise ClaimFalse(expected, f"none of it; the newest is of {newest.sha[:12]}" if newest else "none of anything")
    if released.state in _UNTOLD:
        raise CouldNotVerify(f"how deployment {released.id} of {sha} ended is not known: '{released.state}'")
    state = "inactive: it was replaced or taken down" if released.state == "inactive" else said(released.state)
    claim(released.state == DONE, expected=expected, seen=f"deployment {released.id}: {state}")
    warnings = [found.told, f"the newest deployment there is of {newest.sha[:12]}" * (newest.sha != found.sha)]
    return f"; deployment {released.id} of {sha} succeeded", "; ".join(filter(None, warnings))


@check(
    "ci.rollback",
    severity="medium",
    remedy="Add a workflow that a person starts with a version, and that deploys just this version.",
    source="Google SRE Book, chapter 8: release engineering",
    asks=_asked,
)
def rollback(
    pipelines: Pipelines, *, branch: Text | None = None, input: Text | None = None, command: Text | None = None
) -> Evidence:
    """A workflow can be started by hand to deploy an earlier version, or to take the newest release back.

    Its job deploys and uses the version that it is started with, or runs a command that rolls back. Whether that works,
    and whether earlier versions are still there, is not looked at: a rehearsal shows it.

    Args:
        branch: the branch; default: the repository's `branch`.
        input: the input that is the version; default: any whose name says so (version, tag, ref, sha, image …).
        command: the command or action that deploys or rolls back; default: any known one.
    """
    taken = {
        each.file: [name for name in each.inputs if (name == input if input else _VERSION_INPUT.search(name))]
        for each in pipelines.workflows
    }
    names = {name for found in taken.values() for name in found}

    def both(step: PipelineStep) -> Iterator[Hit]:
        for hit in tools.hits(tools.ROLLBACKS, step):
            yield Hit(hit.text, "back", hit.why_not, hit.unsure, hit.words)
        yield from _hits(tools.DEPLOYS, command)(step)

    def suits(job: PipelineJob, step: PipelineStep, hit: Hit) -> str:
        used = {
            name
            for each in job.steps
            if not each.commands or any(one.words[:1] not in (("echo",), ("printf",)) for one in each.commands)
            for text in each.refers
            for name in names
            if re.split(r"inputs\.|\W+", text).count(name)
        }
        return "" if hit.sort == "back" or used else "its job uses no version that it is started with"

    return _evidence(pipelines, _effective(pipelines, "deploys an earlier version by hand", both, _BY_HAND, suits))
