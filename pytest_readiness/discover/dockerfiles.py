"""Dockerfiles: the ports that their images listen on, and how they are asked for their health."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath

from pytest_readiness.discover.found import Hint, Record, named
from pytest_readiness.discover.known import probed
from pytest_readiness.discover.project import Project

_CONTINUED = re.compile(r"\\[ \t]*\r?\n")
_EXPOSE = re.compile(r"^[ \t]*EXPOSE[ \t]+(.+)$", re.IGNORECASE | re.MULTILINE)
_HEALTH = re.compile(r"^[ \t]*HEALTHCHECK\b(.*)$", re.IGNORECASE | re.MULTILINE)
_FROM = re.compile(r"^[ \t]*FROM[ \t]+\S", re.IGNORECASE | re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Recipe:
    """What a Dockerfile says of its image.

    Attributes:
        ports: that it exposes, over TCP.
        health: port and path that its health check asks for, where it does so over HTTP.
    """

    ports: tuple[int, ...] = ()
    health: tuple[int, str] | None = None


def read(project: Project, path: str) -> Recipe:
    """What a Dockerfile says; nothing of one that is not there."""
    if path not in project.files:
        return Recipe()
    text = _CONTINUED.sub(" ", project.text(path))
    ports = [word for line in _EXPOSE.findall(text) for word in line.split()]
    told = [port.partition("/")[0] for port in ports if not port.lower().endswith("/udp")]
    # The last one counts.
    health = next((probed(each) for each in reversed(_HEALTH.findall(text))), None)
    return Recipe(tuple(int(port) for port in told if port.isdecimal() and 0 < int(port) < 65536), health)


def find(project: Project, built: Collection[str]) -> Iterator[Record]:
    """Dockerfiles whose images nothing in the folder names.

    Args:
        project: the folder.
        built: the Dockerfiles that are a service's.
    """
    files = project.named("Dockerfile", "Dockerfile.*", "*.Dockerfile", "*.dockerfile", "Containerfile")
    for path in project.limited(files, "Dockerfiles"):
        if path in built or not _FROM.search(project.text(path)):
            continue
        recipe = read(project, path)
        told = [f"listens on {', '.join(map(str, recipe.ports))}"] if recipe.ports else []
        told += [f"is asked for its health at {recipe.health[1]}"] if recipe.health else []
        folder = PurePosixPath(path).parent.name or project.folder.name
        example = f'images: {{app: {{image: "{named(folder.lower(), "app")}:TAG"}}}}'
        what = f"builds an image{' that ' if told else ''}{' and '.join(told)}"
        yield Hint(f"{what}: name it as {example}", path, "container")
