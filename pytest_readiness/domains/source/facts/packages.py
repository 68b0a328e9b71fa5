"""The packages that a repository asks for, and those that it locks."""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass
from pathlib import PurePosixPath

from pytest_readiness.core.evidence import CouldNotVerify
from pytest_readiness.core.registry import fact
from pytest_readiness.domains.source.commit import ReleaseCommit
from pytest_readiness.domains.source.devtools import DEVTOOLS, RUNNERS
from pytest_readiness.domains.source.facts.tree import GitTree
from pytest_readiness.domains.source.locks import LOCKS, LockFile, Pin, read_lock
from pytest_readiness.domains.source.manifests import parsed, texts_of
from pytest_readiness.domains.source.packages import (
    MANIFESTS,
    UNREAD,
    UNREAD_ENDS,
    PackageFile,
    Requirement,
    is_requirements,
    of_text,
    read_manifest,
)
from pytest_readiness.domains.source.resource import Repository

LOCK_BYTES = 16 * 2**20
MOST_MANIFESTS = 2000
_SHA = re.compile(r"@[0-9a-f]{40}(?:#|$)")


@dataclass(frozen=True, slots=True)
class Packages:
    """Every manifest and lock of the commit.

    Attributes:
        commit: the commit.
        manifests: what asks for packages, in the order of their paths.
        count: how many these are.
        locks: what locks them.
        unread: paths of manifests whose ecosystem is known by name and not read.
    """

    commit: ReleaseCommit
    manifests: tuple[PackageFile, ...]
    count: int
    locks: tuple[LockFile, ...]
    unread: tuple[str, ...]


@fact(deadline=120)
def packages(repository: Repository, git_tree: GitTree) -> Packages:  # noqa: ARG001
    """Manifests and locks of packages, wherever in the commit: of Python, npm, Rust, Ruby, Go and PHP."""
    names = {
        each.path: PurePosixPath(each.path).name for each in git_tree.files if "/node_modules/" not in f"/{each.path}"
    }
    wanted = [
        each
        for each in git_tree.files
        if (name := names.get(each.path)) and (name in MANIFESTS or name in LOCKS or is_requirements(each.path))
    ]
    manifests: list[PackageFile] = []
    locks: list[LockFile] = []
    texts: dict[str, str] = {}
    for each in texts_of(git_tree.commit, wanted[:MOST_MANIFESTS], most=LOCK_BYTES):
        name, problem = names[each.path], each.problem and f"{each.path} {each.problem}"
        if name in LOCKS:
            locks.append(
                LockFile(each.path, LOCKS[name][0], problem=problem) if problem else read_lock(each.path, each.text)
            )
        elif name in MANIFESTS:
            ecosystem = MANIFESTS[name][0]
            manifests.append(
                PackageFile(each.path, ecosystem, problem=problem) if problem else read_manifest(each.path, each.text)
            )
        elif problem:
            manifests.append(PackageFile(each.path, "Python", problem=problem))
        else:
            texts[each.path] = each.text
    for path in texts:
        manifest, lock = _requirements(path, texts)
        if "constraints" not in names[path]:
            manifests.append(manifest)
        if path.endswith(".txt"):
            locks.append(lock)
    beside = {posixpath.dirname(each.path) for each in manifests if each.requires or each.package}
    unread = [
        path
        for path, name in names.items()
        if (name in UNREAD or name.endswith(UNREAD_ENDS))
        and not (name == "setup.py" and posixpath.dirname(path) in beside)
    ]
    unread += [each.path for each in wanted[MOST_MANIFESTS:]]
    found = tuple(sorted(manifests, key=lambda each: each.path))
    return Packages(git_tree.commit, found, len(found), tuple(sorted(locks, key=lambda each: each.path)), tuple(unread))


def _requirements(path: str, texts: dict[str, str], seen: frozenset[str] = frozenset()) -> tuple[PackageFile, LockFile]:
    """What a file of pip's asks for, with what it takes from others by -r, and what is one exact version of it."""
    requires: list[Requirement] = []
    pins: list[Pin] = []
    bound: dict[str, Pin] = {}
    problem = ""
    for line in re.sub(r"\\\r?\n", " ", texts[path]).splitlines():
        said = re.sub(r"(?:^|\s)#.*", "", line).strip()
        option, _, value = said.partition(" ")
        if option.startswith("--") and "=" in option:
            option, _, value = said.partition("=")
        if option in ("-r", "--requirement", "-c", "--constraint"):
            other = posixpath.normpath(posixpath.join(posixpath.dirname(path), value.strip()))
            if other not in texts:
                problem = f"{path} takes more from {other[:100]}, which is not read"
            elif other not in seen | {path}:
                manifest, lock = _requirements(other, texts, seen | {path})
                problem = problem or manifest.problem
                if option in ("-c", "--constraint"):
                    bound |= {pin.name: pin for pin in lock.pins if pin.version}
                else:
                    requires += manifest.requires
                    pins += lock.pins
        elif option in ("-e", "--editable") or said.startswith(("./", "../", "/", "file:")):
            continue
        elif said and not said.startswith("-"):
            text, *hashes = re.split(r"\s--(?:hash)[= ]", said)
            try:
                found = of_text(text.partition(" --")[0])
            except ValueError:
                problem = f"{path} has a line that is no requirement"
                continue
            exact = re.fullmatch(r"===?([^*,]+)", found.spec)
            version = exact[1].strip() if exact else found.spec if _SHA.search(found.spec) else ""
            requires.append(found)
            pins.append(Pin(found.name, version, bool(hashes), found.origin))
    pins = [bound.get(pin.name, pin) if not pin.version else pin for pin in pins]
    return (
        PackageFile(path, "Python", requires=tuple(requires), problem=problem),
        LockFile(path, "Python", tuple(pins), len(pins), problem=problem),
    )


@dataclass(frozen=True, slots=True)
class ToolSettings:
    """Where the tools of developers are configured.

    Attributes:
        commit: the commit.
        files: paths of files whose names are those of files of settings, and that hold something.
        keys: by file that several tools share, its keys.
        runners: by file that may install tools itself, the words in it.
        problems: why shared files cannot be read.
    """

    commit: ReleaseCommit
    files: tuple[str, ...]
    keys: dict[str, tuple[str, ...]]
    runners: dict[str, tuple[str, ...]]
    problems: tuple[str, ...]


@fact(deadline=60)
def tool_settings(repository: Repository, git_tree: GitTree) -> ToolSettings:  # noqa: ARG001
    """Files and keys that configure linters, formatters, type checkers and runners of tests."""
    own = {name for each in DEVTOOLS.values() for name in each.files}
    names = {each: posixpath.basename(each.path) for each in git_tree.files if "/node_modules/" not in f"/{each.path}"}
    keys: dict[str, tuple[str, ...]] = {}
    runners: dict[str, tuple[str, ...]] = {}
    problems = []
    shared = [
        each for each, name in names.items() if name in ("tox.ini", "setup.cfg", "pyproject.toml", "package.json")
    ]
    for each in texts_of(git_tree.commit, [*shared, *(file for file, name in names.items() if name in RUNNERS)]):
        name = posixpath.basename(each.path)
        if name in RUNNERS:
            runners[each.path] = tuple(sorted(set(re.split(r"[^\w@/.-]+", each.text))))[:5000]
        if name in ("tox.ini", "setup.cfg", "pyproject.toml", "package.json"):
            try:
                found = parsed(each.path, each.text)
            except CouldNotVerify as error:
                problems.append(error.reason)
                continue
            tool = found.get("tool")
            keys[each.path] = (
                (*found, *(f"tool.{key}" for key in tool if tool[key])) if isinstance(tool, dict) else (*found,)
            )
    files = tuple(each.path for each, name in names.items() if name in own and each.size > 1)
    return ToolSettings(git_tree.commit, files, keys, runners, tuple(problems))
