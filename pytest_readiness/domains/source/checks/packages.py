"""Claims about the packages that a repository asks for."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping
from typing import Annotated

from pydantic import AfterValidator, Field

from pytest_readiness.core.evidence import CouldNotVerify, Evidence, claim
from pytest_readiness.core.registry import check
from pytest_readiness.core.text import counted
from pytest_readiness.domains.source.asked import lock_of, locks_of, looked_at
from pytest_readiness.domains.source.checks.files import listed
from pytest_readiness.domains.source.devtools import DEVTOOLS
from pytest_readiness.domains.source.facts.imports import DEVELOPMENT, PythonImports, is_development, provided
from pytest_readiness.domains.source.facts.index import IndexQuestion, IndexVersions
from pytest_readiness.domains.source.facts.packages import Packages, ToolSettings
from pytest_readiness.domains.source.facts.settings import CommitHooks
from pytest_readiness.domains.source.locks import LockFile, Pin
from pytest_readiness.domains.source.packages import Requirement
from pytest_readiness.domains.source.patterns import IgnorePattern
from pytest_readiness.domains.source.ranges import holds, numbers
from pytest_readiness.protocols.git import USER

FOREIGN = ("vendor/", "third_party/", "fixtures/", "testdata/")
"""Folders whose manifests are of other people's packages, or of tests."""
LeftOut = list[IgnorePattern]
_PRE_RELEASE = re.compile(r"[-.\d](?:a|b|c|rc|alpha|beta|dev|next|canary)", re.IGNORECASE)
Address = Annotated[str, Field(pattern=r"^https?://[^\s?#]+$", max_length=500)]


@check(
    "source.dependencies_locked",
    severity="high",
    remedy="Make the lock anew with the package manager, and commit it.",
    source="OWASP Top 10 CI/CD security risks, CICD-SEC-3: dependency chain abuse",
)
def dependencies_locked(
    packages: Packages,
    *,
    digests: bool = False,
    allowed: list[str] = [],  # noqa: B006
    left_out: LeftOut = list(FOREIGN),  # noqa: B006
) -> Evidence:
    """Each package that a manifest asks for is locked to one version, in a committed lock that fits the manifest.

    Read are package.json with package-lock, npm-shrinkwrap, pnpm or yarn; pyproject.toml, Pipfile, setup.cfg and pip's
    requirements with uv, poetry, Pipfile.lock, pylock.toml or pinned requirements; Cargo, Gemfile, go.mod and
    composer.json. A manifest of another ecosystem could not be verified. Ranges in forms that only the package manager
    knows are not compared, nor is it looked at whether the build installs from the lock.

    Args:
        digests: each package of the lock must have a digest, too.
        allowed: names of packages that need no lock.
        left_out: patterns of manifests that are not looked at, such as those of libraries. Unless given: vendor,
            third_party, fixtures and testdata.
    """
    asking, out = looked_at(packages, left_out)
    wrong: list[str] = []
    unknown: list[str] = []
    count = unlike = 0
    used: dict[str, LockFile] = {}
    for manifest in asking:
        locks = locks_of(manifest, packages)
        wrong += [f"{manifest.path} has no lock"] * (not locks)
        for lock in locks:
            used[lock.path] = lock
            if lock.problem:
                unknown.append(lock.problem)
                continue
            pins = {pin.name: pin for pin in reversed(lock.pins)}
            if lock.ecosystem == "Go":
                # It has sums of several versions of a module, and the manifest says which one is meant.
                asked = {(each.name, each.spec) for each in manifest.requires}
                pins |= {pin.name: pin for pin in lock.pins if (pin.name, pin.version) in asked}
            for each in manifest.requires:
                if each.origin == "path" or each.name in allowed:
                    continue
                count += 1
                own = lock_of(each, lock, packages)
                if own != lock:
                    used[own.path] = own
                    unknown += [own.problem] * bool(own.problem)
                known = pins if own == lock else {pin.name: pin for pin in reversed(own.pins)}
                why = _unlocked(each, known, own, posixpath.dirname(manifest.path))
                if why:
                    wrong.append(f"{each.name} of {manifest.path} {why}")
                unlike += (
                    not why and each.name in known and holds(known[each.name].version, each.spec, own.ecosystem) is None
                )
    bare = {
        path: [pin.name for pin in lock.pins if not pin.digest and pin.origin in ("index", "url")]
        for path, lock in used.items()
    }
    if digests:
        wrong += [
            f"{len(names)} of {path} without a digest, such as {names[0]}" for path, names in bare.items() if names
        ]
    claim(
        not wrong,
        expected=f"a lock that fits each of {counted(len(asking), 'manifest')}",
        seen=f"{len(wrong)}: {listed(wrong)}",
    )
    if unknown or not count:
        raise CouldNotVerify(listed(unknown) or "the manifests ask for no packages but those of the repository itself")
    told = f"{counted(count, 'package')} of {listed(each.path for each in asking)} in {listed(used)}, "
    told += f"{sum(lock.count for lock in used.values())} locked in all, "
    told += f"{sum(map(len, bare.values()))} without a digest"
    told += f"; {counted(unlike, 'range')} not compared" * bool(unlike)
    told += f"; {counted(out, 'manifest')} left out" * bool(out)
    return Evidence(told)


def _unlocked(each: Requirement, pins: Mapping[str, Pin], lock: LockFile, folder: str) -> str:
    """Why a package is not locked, or not as asked for; "" where it is."""
    pin = pins.get(each.name)
    if pin is None:
        # A lock of pip's is made for one system.
        return "" if each.conditional and lock.path.endswith(".txt") else f"is not in {lock.path}"
    if not pin.version:
        return f"is left open in {lock.path}"
    if lock.states:
        top = posixpath.dirname(lock.path)
        asked = lock.stated.get("*") or lock.stated.get(posixpath.relpath(folder or ".", top or ".").removeprefix("."))
        if asked is None:
            return f"is asked for by a manifest that {lock.path} does not know"
        key = f"{each.name}@{each.spec.removeprefix('npm:')}" if "*" in lock.stated else each.name
        if key not in asked:
            return f"is asked for as {each.spec or 'any'} by no package of {lock.path}"
        if "*" not in lock.stated and not _same(asked[key], each.spec, lock.ecosystem) and each.origin == "index":
            return f"is asked for as {each.spec or 'any'}, and {lock.path} was made for {asked[key] or 'any'}"
    if each.origin == "index" and holds(pin.version, each.spec, lock.ecosystem) is False:
        return f"is asked for as {each.spec}, and {lock.path} has {pin.version}"
    return ""


def _same(one: str, other: str, ecosystem: str) -> bool:
    if ecosystem != "Python":
        return one == other
    return {part.strip() for part in one.split(",")} == {part.strip() for part in other.split(",")}


@check(
    "source.dependencies_fresh",
    severity="low",
    remedy="Update the packages, or name those in `allowed` that stay behind on purpose.",
    source="OWASP Top 10 2021, A06: vulnerable and outdated components",
    asks=lambda _, pypi, npm, allowed, left_out: {
        "index_versions": IndexQuestion(
            (pypi or "").rstrip("/"), (npm or "").rstrip("/"), tuple(allowed), tuple(left_out)
        )
    },
)
def dependencies_fresh(
    index_versions: IndexVersions,
    *,
    max_majors: Annotated[int, Field(ge=0)] = 1,
    allowed: list[str] = [],  # noqa: B006
    pypi: Address | None = None,
    npm: Address | None = None,
    left_out: LeftOut = list(FOREIGN),  # noqa: B006
) -> Evidence:
    """No package that a manifest of Python or npm asks for is locked more major versions behind its index than allowed.

    The index is asked for each package's newest version, without pre-releases and withdrawn ones. Of a package whose
    versions are years, a year is a major version. Packages that others need in turn are not looked at.

    Args:
        max_majors: most major versions that a package may be behind. 1: the one before the newest is often still cared
            for.
        allowed: names of packages that may be behind, or are on no public index.
        pypi: address of an index of Python packages, with the JSON API of PyPI. Default: none is asked.
        npm: address of a registry of npm packages. Default: none is asked.
        left_out: as for source.dependencies_locked.
    """
    found = index_versions.found
    if not index_versions.asked or len(found) != index_versions.asked:
        raise CouldNotVerify("no package was asked for")
    behind = []
    unknown = [f"{each.name} {each.problem}" for each in found if each.problem]
    for each in found:
        here, newest = _major(each.locked), _major(each.newest)
        if each.problem:
            continue
        if here is None or newest is None:
            unknown.append(f"{each.name} {each.locked or 'is not locked to one version'}")
        elif newest - here > max_majors:
            behind.append(f"{each.name} {each.locked} (newest {each.newest})")
        elif here > newest and not _PRE_RELEASE.search(each.locked):
            unknown.append(f"{each.name} {each.locked} is newer than what the index knows ({each.newest})")
    asked = {"Python": pypi, "npm": npm}
    places = [USER.sub("//", place) for name, place in asked.items() if place and name in {e.ecosystem for e in found}]
    where = f"of {len(found)} at {' and '.join(places)}"
    claim(not behind, expected=f"at most {counted(max_majors, 'major version')} behind, {where}", seen=listed(behind))
    if unknown:
        raise CouldNotVerify(f"{listed(unknown)}; name in `allowed` what need not be looked at")
    older = sum(each.locked != each.newest for each in found)
    return Evidence(
        f"0 {where} are more than {counted(max_majors, 'major version')} behind; {older} older than the newest"
    )


def _major(version: str) -> int | None:
    """The first number of a version; an epoch of Python's is more than any."""
    epoch, _, plain = version.rpartition("!")
    found = numbers(plain)
    return found[0] + 10**6 * int(epoch if epoch.isdecimal() else 0) if found else None


@check(
    "source.dependencies_declared",
    severity="medium",
    remedy="Declare the package in the manifest.",
    source="The Twelve-Factor App, II: explicitly declare dependencies",
)
def dependencies_declared(
    python_imports: PythonImports,
    packages: Packages,
    *,
    modules: dict[str, str] = {},  # noqa: B006
    development: list[IgnorePattern] = list(DEVELOPMENT),  # noqa: B006
    left_out: LeftOut = list(FOREIGN),  # noqa: B006
) -> Evidence:
    """Every foreign module that the Python code imports is provided by a package that a manifest declares.

    Import statements are read. Those that may fail (within `try` with ImportError, or for type checkers only), and
    modules that are imported by a computed name, are not looked at, nor is code in other languages.

    Args:
        modules: by module, the package that provides it, where its name is another.
        development: patterns of files that only developers run, for which packages of any group suffice; others need
            one that the program itself asks for, or an extra.
        left_out: patterns of code and manifests that are not looked at.
    """
    from pathspec import GitIgnoreSpec

    out, own = GitIgnoreSpec.from_lines(left_out), GitIgnoreSpec.from_lines(development)
    unread = [path for path in python_imports.unread if not out.match_file(path)]
    manifests = [e for e in packages.manifests if e.ecosystem == "Python" and not out.match_file(e.path)]
    unread += [each.problem for each in manifests if each.problem]
    unread += [f"{path} computes what it asks for" for path in packages.unread if path.endswith("setup.py")]
    declared: dict[bool, set[str]] = {True: set(), False: set()}
    for manifest in manifests:
        for each in manifest.requires:
            declared[True].add(each.name)
            if not is_development(each.group, manifest.path):
                declared[False].add(each.name)
    seen = [each for each in python_imports.imports if not out.match_file(each.path)]
    wrong = {
        each.module: f"{each.module} ({each.path}:{each.line})"
        for each in reversed(seen)
        if not provided(each.module, declared[own.match_file(each.path)], modules)
    }
    if not python_imports.files or not manifests:
        raise CouldNotVerify(
            f"{packages.commit.short} has no Python code" * (not python_imports.files) or "no manifest"
        )
    count = len({each.module for each in seen})
    claim(
        not wrong,
        expected=f"a declared package for each of {count} modules, or its name in `modules`",
        seen=f"{len(wrong)}: {listed(wrong.values())}",
    )
    if unread or not count:
        raise CouldNotVerify(listed(unread) or "the Python code imports no foreign module")
    others = (
        f"; {counted(python_imports.others, 'file')} of other languages not looked at" if python_imports.others else ""
    )
    told = f"{counted(count, 'module')} that {counted(python_imports.files, 'Python file')} import"
    return Evidence(f"{told}, by {listed(each.path for each in manifests)}{others}")


def _known(name: str) -> str:
    if name not in DEVTOOLS:
        raise ValueError(f"the tools that are known are {', '.join(DEVTOOLS)}")
    return name


@check(
    "source.tools",
    severity="low",
    remedy="Declare the tool among the development dependencies, lock it, and commit its configuration.",
    source="The Twelve-Factor App, II: no tool of the system is relied on",
)
def tools(
    packages: Packages,
    tool_settings: ToolSettings,
    commit_hooks: CommitHooks,
    *,
    tools: Annotated[list[Annotated[str, AfterValidator(_known), Field(examples=["ruff"])]], Field(min_length=1)],
) -> Evidence:
    """Each named tool is declared and locked to one version, and has settings that this version reads.

    A hook of pre-commit counts as a declaration: it names its version. Whether anyone runs the tool is not looked at.

    Args:
        tools: names of tools: of Python ruff, black, isort, flake8, pylint, mypy, pyright, bandit, pytest, coverage,
            nox, tox, pre-commit; of npm eslint, prettier, biome, stylelint, typescript, jest, vitest, mocha, cypress,
            playwright and commitlint; of Ruby rubocop.
    """
    if not packages.count and not commit_hooks.hooks:
        raise CouldNotVerify(f"no manifest is in {packages.commit.short}")
    wrong, unknown, told = (
        [],
        [*(each.problem for each in packages.manifests if each.problem), *tool_settings.problems],
        [],
    )
    for name in tools:
        tool = DEVTOOLS[name]
        asked = [(m, r) for m in packages.manifests for r in m.requires if r.name in tool.packages]
        locks = [lock for manifest, _ in asked for lock in locks_of(manifest, packages)]
        unknown += [lock.problem for lock in locks if lock.problem]
        versions = [pin.version for lock in locks for pin in lock.pins if pin.name in tool.packages and pin.version]
        hooked = [
            hook for hook in commit_hooks.hooks if not hook.off and name in (hook.name, hook.name.partition("-")[0])
        ]
        runners = [
            path for path, words in tool_settings.runners.items() if any(each in words for each in tool.packages)
        ]
        if not versions and not hooked:
            why = f"{name} is declared, and not locked" if asked else f"{name} is not declared"
            if runners:
                unknown.append(f"{why}; {listed(runners)} may install it, which is not read")
            else:
                wrong.append(why)
        major = numbers(versions[0]) if versions else None
        only = tool.since[1] if tool.since and major and major[0] >= tool.since[0] else None
        settings = [p for p in tool_settings.files if posixpath.basename(p) in (only or tool.files)]
        settings += [p for p, keys in tool_settings.keys.items() if not only and set(keys) & set(tool.keys)]
        dead = [p for p in tool_settings.files if only and posixpath.basename(p) in tool.files]
        if not settings:
            wrong.append(f"{name} {versions[0] if versions else ''} has no settings".replace("  ", " "))
            wrong[-1] += f" that it reads ({listed(dead)} is of earlier versions)" if dead else ""
        told.append(f"{name} {versions[0] if versions else 'by a hook'} with {listed(settings[:2])}")
    claim(not wrong, expected=f"{listed(tools)}, locked and configured", seen=listed(wrong))
    if unknown:
        raise CouldNotVerify(listed(unknown))
    return Evidence("; ".join(told))
