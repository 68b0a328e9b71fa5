"""How pipelines are read."""

from __future__ import annotations

from pytest_readiness.config.target import Target
from pytest_readiness.core.registry import fact
from pytest_readiness.domains.ci.github import GitHub
from pytest_readiness.domains.ci.pipeline import Pipelines
from pytest_readiness.domains.ci.sources import Sources
from pytest_readiness.domains.forge.resource import Forge
from pytest_readiness.domains.source.facts.tree import GitTree
from pytest_readiness.domains.source.resource import Repository

_SYSTEMS = (
    "Jenkinsfile", ".circleci/config.yml", "azure-pipelines.yml", "bitbucket-pipelines.yml", ".woodpecker.yml",
    ".woodpecker/", ".drone.yml", ".travis.yml", "appveyor.yml", ".buildkite/", ".gitea/workflows/",
    ".forgejo/workflows/", "cloudbuild.yaml",
)  # fmt: skip


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
    return Pipelines(git_tree.commit.short, ask, tuple(workflows), unread(sources))
