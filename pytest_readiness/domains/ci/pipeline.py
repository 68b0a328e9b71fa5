"""What a project's pipelines do for a branch: workflows, their jobs and steps, and which of these count.

A workflow, job or step counts for those events on which it runs without anybody's doing and, where it fails, fails the
pipeline. Where there are none, `why_not` says why.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from pytest_readiness.core.evidence import NotDeclared
from pytest_readiness.domains.ci.shell import ShellCommand
from pytest_readiness.domains.source.resource import Repository

Event: TypeAlias = Literal["push", "tag", "release", "pull request", "merge queue", "merge", "by hand", "after another"]
"""On which a pipeline runs: a push to the branch, a tag, a published release, a pull request into the branch, its
merge, the queue before that, a person who starts it, or another pipeline that ends."""
CHANGES: tuple[Event, ...] = ("push", "tag", "release", "pull request", "merge queue", "merge", "after another")
"""Events by which a change of the branch runs it without anybody's doing."""
RELEASES: tuple[Event, ...] = ("push", "tag", "release", "merge", "after another")
"""Those of a change that is already on the branch."""


@dataclass(frozen=True, slots=True)
class PipelineStep:
    """A step of a job; in GitLab, the scripts of a job.

    Attributes:
        name: what people call it.
        place: file and line.
        events: on which it counts.
        why_not: why it does not count, or not on all events of its job.
        unsure: that is not certain.
        uses: the action that it runs, as it is written; "" for commands.
        inputs: what the action is given; what may be a secret is masked.
        commands: the commands that it runs; those of scripts that they run follow them.
        refers: the expressions in it ("inputs.version"); in GitLab, the variables.
        inserts: those that become part of its commands before a shell reads them.
        secret_env: environment variables that hold secrets in it.
    """

    name: str
    place: str
    events: tuple[Event, ...] = ()
    why_not: str = ""
    unsure: bool = False
    uses: str = ""
    inputs: Mapping[str, str] = field(default_factory=dict)
    commands: tuple[ShellCommand, ...] = ()
    refers: tuple[str, ...] = ()
    inserts: tuple[str, ...] = ()
    secret_env: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PipelineJob:
    """A job of a workflow; of a reusable workflow that it calls, each job is one of its own ("deploy / push").

    Attributes:
        name: its key.
        place: file and line.
        events: on which it counts.
        why_not: why it does not count, or not on all events of its workflow.
        unsure: that is not certain.
        needs: jobs that must succeed before it.
        environment: where it deploys to; with "$" in it where that is not known before a run.
        permissions: rights of its token, by their names, "*" for all others; None where they are not stated.
        secrets: names of the secrets that it uses; `*` for all, and for names that are not known before a run.
        steps: what it does, in that order.
    """

    name: str
    place: str
    events: tuple[Event, ...] = ()
    why_not: str = ""
    unsure: bool = False
    needs: tuple[str, ...] = ()
    environment: str = ""
    permissions: Mapping[str, str] | None = None
    secrets: tuple[str, ...] = ()
    steps: tuple[PipelineStep, ...] = ()


@dataclass(frozen=True, slots=True)
class PipelineWorkflow:
    """A workflow of GitHub Actions, or the pipeline of GitLab.

    Attributes:
        file: its path in the repository.
        name: its name; the file's where it has none.
        service: whose it is.
        events: on which it runs for the branch.
        why_not: why it runs on none.
        unsure: that is not certain.
        triggers: the names of its triggers, as it is written.
        inputs: names of what a person who starts it may give.
        jobs: its jobs.
    """

    file: str
    name: str
    service: Literal["github", "gitlab"]
    events: tuple[Event, ...] = ()
    why_not: str = ""
    unsure: bool = False
    triggers: tuple[str, ...] = ()
    inputs: tuple[str, ...] = ()
    jobs: tuple[PipelineJob, ...] = ()


def branch_of(repository: Repository, branch: str | None) -> str:
    """The branch that a check asks about: its parameter, else what is declared.

    Raises:
        NotDeclared: there is neither.
    """
    found = branch or repository.branch
    if not found:
        raise NotDeclared(f"{repository.name} declares no `branch`, and the check is given none")
    return found
