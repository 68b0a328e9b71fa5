"""What builds and deploys the product: files of CI systems, of platforms and of infrastructure."""

from __future__ import annotations

from collections.abc import Iterator

from pytest_readiness.discover.found import Hint, Record
from pytest_readiness.discover.project import Project

_SYSTEMS = {
    "GitHub Actions": (".github/workflows/*.yml", ".github/workflows/*.yaml"),
    "GitLab CI": (".gitlab-ci.yml", ".gitlab-ci.yaml"),
    "Forgejo or Gitea": (".forgejo/workflows/*.y*ml", ".gitea/workflows/*.y*ml"),
    "CircleCI": (".circleci/config.yml",),
    "Jenkins": ("Jenkinsfile",),
    "Azure Pipelines": ("azure-pipelines.yml", "azure-pipelines.yaml"),
    "Bitbucket Pipelines": ("bitbucket-pipelines.yml",),
    "Buildkite": (".buildkite/*.yml",),
    "Woodpecker": (".woodpecker.yml", ".woodpecker/*.y*ml"),
    "Drone": (".drone.yml",),
    "Travis CI": (".travis.yml",),
}
_PLATFORMS = {
    ("DigitalOcean's App Platform", "digitalocean"): (".do/*.yaml", ".do/*.yml"),
    ("Heroku's Procfile", "platform"): ("Procfile",),
    ("Fly.io", "platform"): ("fly.toml",),
    ("Render", "platform"): ("render.yaml",),
    ("Terraform", "infrastructure"): ("*.tf",),
}


def find(project: Project) -> Iterator[Record]:
    """The pipelines and platforms that the folder has files of."""
    for name, patterns in _SYSTEMS.items():
        for path in project.below(*patterns):
            yield Hint(f"a pipeline of {name}", path, "ci")
    for (name, topic), patterns in _PLATFORMS.items():
        if paths := project.below(*patterns):
            yield Hint(f"is of {name}", paths[0], topic)
