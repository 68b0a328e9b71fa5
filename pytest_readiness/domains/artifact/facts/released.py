"""What is released: the packages of its lock files and the digests of its images, which reports must be about."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from pytest_readiness.config.target import Target
from pytest_readiness.core.evidence import CouldNotVerify, NotDeclared
from pytest_readiness.core.registry import fact
from pytest_readiness.domains.artifact.resource import ToolReport
from pytest_readiness.domains.image.facts import image_facts
from pytest_readiness.domains.image.resource import Image
from pytest_readiness.domains.source.commit import commit_of, files_of, read_files
from pytest_readiness.domains.source.locks import LOCKS, read_lock
from pytest_readiness.domains.source.resource import Repository

_DIGEST = re.compile(r"(?:.{0,1000}@)?(sha256:[0-9a-f]{64})")
_PINNED = re.compile(r"([A-Za-z0-9][\w.-]{0,200})(?:\[[^\]\n]{0,200}\])? {0,4}===? {0,4}([^\s;#\\,]{1,100})")

_LOCK_NAME = re.compile(r"(?i).{0,200}lock.{0,50}|go\.sum|Package\.resolved")


@dataclass(frozen=True, slots=True)
class ReleaseLock:
    """A lock file of the release.

    Attributes:
        path: from the top of the repository.
        packages: what it names, as "name==version".
        count: how many packages it names.
        read: whether such files are read at all.
    """

    path: str
    packages: tuple[str, ...] = field(repr=False)
    count: int
    read: bool = True


@fact(deadline=60)
def release_lock(report: ToolReport, target: Target, *, ask: str) -> ReleaseLock:
    """The packages that a lock file in the released commit of the report's repository names."""
    if report.repository is None:
        raise NotDeclared("the report names no repository, in which the lock file could be looked for")
    repository = target.named("repository", report.repository)
    assert isinstance(repository, Repository)
    commit = commit_of(repository, target)
    file = next(iter(read_files(commit, (each for each in files_of(commit) if each.path == ask))), None)
    if file is None:
        raise CouldNotVerify(f"the release's commit {commit.short} has no file {ask} that can be read")
    name = ask.rpartition("/")[2]
    read = next((read for end, read in _LOCKS.items() if name.endswith(end)), partial(_pinned, name))
    if name not in _READ and read not in _LOCKS.values():
        if not _LOCK_NAME.fullmatch(name):
            raise CouldNotVerify(f"{ask} is no lock file, by its name")
        return ReleaseLock(ask, (), 0, read=False)
    try:
        packages = tuple(dict.fromkeys(read(file[1].decode("utf-8-sig"))))
    except (AttributeError, LookupError, TypeError, ValueError, RecursionError):
        raise CouldNotVerify(f"{ask} of {commit.short} is not of the shape of such a file") from None
    return ReleaseLock(ask, packages, len(packages))


def _npm(text: str) -> list[str]:
    data = json.loads(text)
    if "packages" not in data:
        return _nested(data["dependencies"])
    return [
        f"{path.rpartition('node_modules/')[2]}=={has.get('version', '')} {path}"
        for path, has in data["packages"].items()
        if "node_modules/" in path and not has.get("link")
    ]


def _nested(dependencies: Mapping[str, Any], under: str = "") -> list[str]:
    found = []
    for name, has in dependencies.items():
        found += [f"{name}=={has['version']} {under}", *_nested(has.get("dependencies") or {}, f"{under}/{name}")]
    return found


def _pinned(name: str, text: str) -> list[str]:
    """What is not the project's own."""
    lock = read_lock(name, text)
    if lock.problem:
        raise ValueError(lock.problem)
    return [f"{each.name}=={each.version}" for each in lock.pins if each.origin != "path"]


def _cargo(text: str) -> list[str]:
    return [f"{each['name']}=={each['version']}" for each in tomllib.loads(text)["package"] if "source" in each]


def _requirements(text: str) -> list[str]:
    return ["==".join(found.groups()) for line in text.splitlines() if (found := _PINNED.match(line.strip()))]


_LOCKS: Mapping[str, Callable[[str], list[str]]] = {
    **dict.fromkeys(("package-lock.json", "npm-shrinkwrap.json"), _npm),
    "Cargo.lock": _cargo,
    ".txt": _requirements,
}
"""By the end of a name, where each place of a package counts, or there is more in the file than is installed."""
_READ = LOCKS.keys() - {"pnpm-lock.yaml", "go.sum"}
"""Whose reader tells all packages: of these it tells those that the project names itself, and more than are built."""


@dataclass(frozen=True, slots=True)
class ReleaseImage:
    """An image of the release.

    Attributes:
        name: how the target names it.
        digest: its digest; by its reference or, where that has none, the id by which the engine has it.
    """

    name: str
    digest: str


@fact(deadline=20)
def release_image(report: ToolReport, target: Target, *, ask: str) -> ReleaseImage:  # noqa: ARG001
    """The digest of a declared image: the one in its reference, else the Docker engine is asked for its id."""
    image = target.named("image", ask)
    assert isinstance(image, Image)
    named = _DIGEST.fullmatch(image.image)
    return ReleaseImage(image.image, named[1] if named else image_facts(image).id)
