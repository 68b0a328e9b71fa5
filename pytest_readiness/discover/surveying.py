"""Asks every source what is there."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from pytest_readiness.discover import (
    address,
    ansible,
    compose,
    dockerfiles,
    documents,
    env_files,
    environ,
    helm,
    kubernetes,
    pipelines,
    repository,
    running,
    ssh,
)
from pytest_readiness.discover.found import Survey
from pytest_readiness.discover.project import Project


def survey(folder: Path, urls: Iterable[str], environment: Mapping[str, str]) -> Survey:
    """All that is found in a folder, at the addresses that were given, and in the environment.

    Args:
        folder: absolute; nothing above it is read, except by git.
        urls: checked by `address.address`; nothing else is contacted but this machine's Docker engine.
        environment: values by name, none of which is kept.
    """
    project = Project(folder)
    stack = compose.read(project)
    services = {name.lower() for name in stack.services}
    made = Survey()
    for url in urls:
        made.take(address.find(project, url, environment))
    # What is found first gives a resource its name and fields: what runs is known, what is to run is a guess.
    made.take(running.find(project, stack, environment))
    made.take(compose.find(project, stack))
    made.take(env_files.find(project, services, stack.env_files))
    made.take(environ.find(environment, services))
    made.take(dockerfiles.find(project, stack.built))
    made.take(ansible.find(project))
    made.take(ssh.find(project))
    made.take(helm.find(project))
    made.take(kubernetes.find(project, environment))
    made.take(documents.find(project))
    made.take(repository.find(project))
    made.take(pipelines.find(project))
    made.take(project.skipped)
    return made
