"""What builds and deploys the product: files of CI systems, of platforms and of infrastructure."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pytest_readiness.core.yamlfile import YamlMap
from pytest_readiness.discover.found import Discovered, Hint, Record, environment_of, is_plain, named, said
from pytest_readiness.discover.known import place_of
from pytest_readiness.discover.project import Project, entries

_GITLAB = "GitLab CI"
_SYSTEMS = {
    "GitHub Actions": (".github/workflows/*.yml", ".github/workflows/*.yaml"),
    _GITLAB: (".gitlab-ci.yml", ".gitlab-ci.yaml"),
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


_URL = re.compile(r"https?://[a-z0-9]([a-z0-9.-]{0,250}[a-z0-9])?(:\d{1,5})?(/[\w./~-]{0,100})?", re.IGNORECASE)


def find(project: Project) -> Iterator[Record]:
    """The pipelines and platforms that the folder has files of, and the addresses that GitLab's deploy to."""
    for name, patterns in _SYSTEMS.items():
        for path in project.below(*patterns):
            yield Hint(f"a pipeline of {name}", path, "ci")
    for path in project.below(*_SYSTEMS[_GITLAB]):
        for document in project.documents(path):
            for job in document.values():
                yield from _environment(entries(entries(job).get("environment")), path)
    for (name, topic), patterns in _PLATFORMS.items():
        if paths := project.below(*patterns):
            yield Hint(f"is of {name}", paths[0], topic)


def _environment(environment: YamlMap, path: str) -> Iterator[Record]:
    """The address of what a job of GitLab deploys; those of reviews are made of variables, and are nobody's yet."""
    name, url = str(environment.get("name") or ""), environment.get("url")
    if not isinstance(url, str) or not _URL.fullmatch(url) or not is_plain(url) or environment.get("action") == "stop":
        return
    where = f"{path}:{environment.lines['url']}"
    if target := environment_of(name, ""):
        same = frozenset((place_of(url),))
        yield Discovered("urls", named(name.lower()), {"url": url}, where, target, same=same)
    else:
        yield Hint(said(f"the environment {name} is at {url}: declare it in a target of its own"), where)
