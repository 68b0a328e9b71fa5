"""How pipelines are read."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pytest_readiness.config.target import Target
from pytest_readiness.core.registry import fact
from pytest_readiness.domains.ci.github import GitHub
from pytest_readiness.domains.ci.gitlab import GitLab
from pytest_readiness.domains.ci.pipeline import PipelineJob, PipelineStep, PipelineWorkflow
from pytest_readiness.domains.ci.sources import Sources
from pytest_readiness.domains.forge.resource import Forge
from pytest_readiness.domains.source.facts.tree import GitTree
from pytest_readiness.domains.source.resource import Repository

_SYSTEMS = (
    "Jenkinsfile", ".circleci/config.yml", "azure-pipelines.yml", "bitbucket-pipelines.yml", ".woodpecker.yml",
    ".woodpecker/", ".drone.yml", ".travis.yml", "appveyor.yml", ".buildkite/", ".gitea/workflows/",
    ".forgejo/workflows/", "cloudbuild.yaml",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Pipelines:
    """The pipelines in the commit that is released, as they are for a branch.

    Attributes:
        commit: its first digits.
        branch: the branch.
        workflows: those that could be read.
        unread: what could not, each a clause ("Jenkinsfile is of a system that is not read").
    """

    commit: str
    branch: str
    workflows: tuple[PipelineWorkflow, ...] = ()
    unread: tuple[str, ...] = ()

    def steps(self) -> Iterator[tuple[PipelineWorkflow, PipelineJob, PipelineStep]]:
        """Yield every step with its job and workflow."""
        for workflow in self.workflows:
            for job in workflow.jobs:
                for step in job.steps:
                    yield workflow, job, step


def unread(sources: Sources) -> tuple[str, ...]:
    """Pipelines of systems that are not read, each a clause."""
    found = [
        system
        for system in _SYSTEMS
        if any(path == system or (system[-1] == "/" and path.startswith(system)) for path in sources.paths)
    ]
    return tuple(f"{each} is of a system whose pipelines are not read" for each in found)


@fact(deadline=60)
def pipelines(repository: Repository, git_tree: GitTree, target: Target, *, ask: str) -> Pipelines:
    """Workflows of GitHub Actions and the pipeline of GitLab in the commit that is released, as they are for a branch.

    Steps of local reusable workflows and actions, and what scripts of package.json, Makefile and shell scripts of the
    repository come to, are among them. Those of other repositories are not read, and said to be unsure.
    """
    sources = Sources(git_tree)
    forge = target.named("forge", repository.forge) if repository.forge else None
    project = forge.project if isinstance(forge, Forge) else ""
    workflows = GitHub(sources, ask, project, git_tree.commit.tags).workflows()
    workflows += GitLab(sources, ask, git_tree.commit.tags).workflows()
    return Pipelines(git_tree.commit.short, ask, tuple(workflows), unread(sources))
