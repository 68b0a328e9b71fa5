"""The newest versions of packages, as indexes know them."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from pytest_readiness.core.evidence import CouldNotVerify, NotDeclared
from pytest_readiness.core.registry import fact
from pytest_readiness.domains.source.asked import direct
from pytest_readiness.domains.source.facts.packages import Packages
from pytest_readiness.domains.source.packages import python_name
from pytest_readiness.domains.source.resource import Repository
from pytest_readiness.protocols.json_api import JsonApi, Refused

_NAMES = {"Python": "pypi", "npm": "npm"}
MOST_PACKAGES = 500
SECONDS = 100


@dataclass(frozen=True, slots=True)
class IndexQuestion:
    """Which indexes are asked, and what for.

    Attributes:
        pypi, npm: their addresses; "" for one that is not named.
        allowed: names of packages that are not asked for.
        left_out: patterns of manifests that are not looked at.
    """

    pypi: str
    npm: str
    allowed: tuple[str, ...]
    left_out: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class IndexedPackage:
    """A package that a manifest asks for.

    Attributes:
        ecosystem: "Python" or "npm".
        name: of the package.
        locked: the version that is locked; "" for none.
        newest: the newest version that the index has; "" where it does not say.
        problem: why it does not, or "".
    """

    ecosystem: str
    name: str
    locked: str
    newest: str
    problem: str


@dataclass(frozen=True, slots=True)
class IndexVersions:
    """The packages that manifests ask for, and their newest versions.

    Attributes:
        asked: how many were asked for.
        found: each of them.
    """

    asked: int
    found: tuple[IndexedPackage, ...]


@fact(deadline=SECONDS + 20)
def index_versions(repository: Repository, packages: Packages, *, ask: IndexQuestion) -> IndexVersions:  # noqa: ARG001
    """The newest version of each package that manifests of Python and npm ask for, asked of the index one by one."""
    allowed = {*ask.allowed, *map(python_name, ask.allowed)}
    wanted = {key: found for key, found in direct(packages, ask.left_out).items() if key[1] not in allowed}
    others = sorted({manifest.path for (ecosystem, *_), manifest in wanted.items() if ecosystem not in _NAMES})
    if others:
        raise CouldNotVerify(f"no index is asked for the packages of {', '.join(others[:5])}; name them by `left_out`")
    if len(wanted) > MOST_PACKAGES:
        raise CouldNotVerify(
            f"the manifests ask for {len(wanted)} packages, more than the {MOST_PACKAGES} that are asked for"
        )
    places = {"Python": ask.pypi, "npm": ask.npm}
    for ecosystem, *_ in wanted:
        if not places[ecosystem]:
            raise NotDeclared(
                f"no index of {ecosystem} packages is named (`{_NAMES[ecosystem]}`), which could be asked"
            )
    until = time.monotonic() + SECONDS
    newest_of: dict[tuple[str, str], tuple[str, str]] = {}
    # One that is not named is not asked.
    pypi_at, npm_at = (place or "https://localhost" for place in places.values())
    with (
        JsonApi(pypi_at, name="the index of Python", redirects=2, max_bytes=2**25, until=until) as pypi,
        JsonApi(npm_at, name="the registry of npm", redirects=2, until=until) as npm,
    ):
        for ecosystem, name in dict.fromkeys(key[:2] for key in wanted):
            newest = problem = ""
            try:
                if ecosystem == "Python":
                    newest = _of_pypi(pypi.get(f"pypi/{quote(name)}/json", dict))
                else:
                    tags = npm.get(f"-/package/{quote(name, safe='@')}/dist-tags", dict)
                    newest = str(tags.get("latest", ""))
            except Refused as error:
                if error.status != 404:
                    raise
                problem = "is not on the index"
            newest_of[ecosystem, name] = (newest, problem or "has no version there" * (not newest))
    found = tuple(IndexedPackage(*key, *newest_of[key[:2]]) for key in wanted)
    return IndexVersions(len(found), found)


def _of_pypi(said: dict[str, Any]) -> str:
    """The newest version with a file that is not withdrawn, pre-releases aside."""
    from packaging.version import InvalidVersion, Version

    versions = []
    releases = said.get("releases")
    if not isinstance(releases, dict):
        raise CouldNotVerify("the index of Python answers without releases")
    for text, files in releases.items():
        try:
            version = Version(text)
        except InvalidVersion:
            continue
        there = isinstance(files, list) and any(isinstance(each, dict) and not each.get("yanked") for each in files)
        if there and not version.is_prerelease:
            versions.append(version)
    return str(max(versions)) if versions else ""
