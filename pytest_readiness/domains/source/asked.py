"""Which manifests are looked at, which lock is whose, and what a repository asks for itself."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Sequence

from pytest_readiness.core.evidence import CouldNotVerify
from pytest_readiness.core.text import cut, visible
from pytest_readiness.domains.source.facts.packages import Packages
from pytest_readiness.domains.source.locks import LockFile
from pytest_readiness.domains.source.packages import PackageFile, Requirement, python_name


def looked_at(packages: Packages, left_out: Sequence[str]) -> tuple[list[PackageFile], int]:
    """The manifests that ask for packages and are not left out, and how many are.

    Raises:
        CouldNotVerify: there are none, or some cannot be read.
    """
    from pathspec import GitIgnoreSpec

    spec = GitIgnoreSpec.from_lines(left_out)
    kept = [each for each in packages.manifests if not spec.match_file(each.path)]
    unread = [path for path in packages.unread if not spec.match_file(path)]
    problems = [each.problem for each in kept if each.problem]
    problems += [f"{path} is of an ecosystem that is not read, or computes what it asks for" for path in unread]
    if problems:
        raise CouldNotVerify(
            f"{'; '.join(cut(visible(each), 150) for each in problems[:5])}; name by `left_out` what may be left out"
        )
    asking = [each for each in kept if each.requires]
    if not asking or not packages.count:
        raise CouldNotVerify(f"no manifest of {packages.commit.short} asks for packages")
    return asking, packages.count - len(kept)


def locks_of(manifest: PackageFile, packages: Packages) -> list[LockFile]:
    """The locks of a manifest: in its own folder, else in the nearest above."""
    folder = posixpath.dirname(manifest.path)
    if manifest.path.endswith((".txt", ".in")):
        own = f"{manifest.path.removesuffix('.in').removesuffix('.txt')}.txt"
        return [each for each in packages.locks if each.path == own]
    while True:
        here = [e for e in packages.locks if e.ecosystem == manifest.ecosystem and posixpath.dirname(e.path) == folder]
        proper = [each for each in here if not each.path.endswith(".txt")]
        plain = [each for each in here if posixpath.basename(each.path) == "requirements.txt"]
        if proper or plain or not folder:
            return proper or plain
        folder = posixpath.dirname(folder)


def lock_of(each: Requirement, lock: LockFile, packages: Packages) -> LockFile:
    """The lock of one package: that of an extra or group may be beside requirements.txt, as requirements-dev.txt."""
    folder, name = posixpath.split(lock.path)
    if not each.group or name != "requirements.txt":
        return lock
    own = (
        other
        for other in packages.locks
        if posixpath.dirname(other.path) in (folder, posixpath.join(folder, "requirements"))
        and other.path.endswith(".txt")
        and each.group in re.split(r"[-_.]", posixpath.basename(other.path))
        and (other.problem or any(pin.name == each.name for pin in other.pins))
    )
    return next(own, lock)


def direct(packages: Packages, left_out: Sequence[str]) -> dict[tuple[str, str, str], PackageFile]:
    """Who asks for each direct package of an index, by ecosystem, name and locked version ("" for none).

    Raises:
        CouldNotVerify: manifests or locks cannot be read.
    """
    found: dict[tuple[str, str, str], PackageFile] = {}
    for manifest in looked_at(packages, left_out)[0]:
        locks = locks_of(manifest, packages)
        pins = {
            python_name(pin.name) if lock.ecosystem == "Python" else pin.name: pin
            for lock in locks
            for pin in lock.pins
        }
        for each in manifest.requires:
            if each.origin == "index":
                apart = (own for lock in locks if (own := lock_of(each, lock, packages)) is not lock)
                pin = next((pin for own in apart for pin in own.pins if pin.name == each.name), pins.get(each.name))
                found.setdefault((manifest.ecosystem, each.name, pin.version if pin else ""), manifest)
    return found
