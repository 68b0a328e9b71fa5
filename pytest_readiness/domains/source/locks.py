"""Locks of packages, each dialect in one form."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any

from pytest_readiness.core.evidence import CouldNotVerify
from pytest_readiness.domains.source.manifests import parsed
from pytest_readiness.domains.source.packages import GIT, Origin

_SHA = re.compile(r"[0-9a-f]{40}")
_GEM_PIN = re.compile(r"    ([\w.-]+) \(([^)]+)\)")


@dataclass(frozen=True, slots=True)
class Pin:
    """A package of a lock.

    Attributes:
        name: as its index compares it.
        version: the one version; "" where the lock leaves it open.
        digest: whether the lock has a digest of what is installed.
        origin: where it is taken from.
    """

    name: str
    version: str
    digest: bool
    origin: Origin = "index"


@dataclass(frozen=True, slots=True)
class LockFile:
    """A lock.

    Attributes:
        path: from the top of the repository.
        ecosystem: as of its manifest.
        pins: what it locks.
        count: how many these are.
        states: whether its language says for which manifests it was made.
        stated: these: by folder of the manifest, each name with the versions asked for.
        problem: why it cannot be read, or "".
    """

    path: str
    ecosystem: str
    pins: tuple[Pin, ...] = ()
    count: int = 0
    states: bool = False
    stated: dict[str, dict[str, str]] = field(default_factory=dict)
    problem: str = ""


Stated = dict[str, dict[str, str]] | None


def _npm_lock(data: dict[str, Any]) -> tuple[list[Pin], Stated]:
    def pin(name: str, each: dict[str, Any]) -> Pin:
        resolved = str(each.get("resolved", each.get("version", "")))
        origin: Origin = "git" if GIT.match(resolved) and not resolved.endswith(".tgz") else "index"
        origin = "path" if each.get("link") or resolved.startswith("file:") else origin
        exact = str(each.get("version", "")) if origin != "git" or _SHA.search(resolved) else ""
        return Pin(name, exact, "integrity" in each, origin)

    packages = data.get("packages")
    if packages is None:
        return [pin(name, each) for name, each in data["dependencies"].items()], None
    inside = "node_modules/"
    # What lies within another package is that one's own, and nobody else's: it keeps its whole path as its name.
    names = {path: path.partition(inside)[2] for path in packages if inside in path}
    pins = [pin(name, packages[path]) for path, name in names.items()]
    keys = ("devDependencies", "optionalDependencies", "dependencies")
    own = {path: each for path, each in packages.items() if inside not in path}
    return pins, {path: {n: s for key in keys for n, s in each.get(key, {}).items()} for path, each in own.items()}


def _uv_lock(data: dict[str, Any]) -> tuple[list[Pin], Stated]:
    pins, stated = [], {}
    for each in data.get("package", []):
        source = each.get("source", {})
        own = source.get("virtual") or source.get("editable") or source.get("directory")
        files = [*each.get("wheels", []), *([each["sdist"]] if "sdist" in each else [])]
        origin: Origin = "path" if own else "git" if "git" in source else "url" if "url" in source else "index"
        pins.append(Pin(each["name"], each.get("version", ""), bool(files) and all("hash" in f for f in files), origin))
        meta = each.get("metadata", {})
        lists = [meta.get("requires-dist", []), *meta.get("requires-dev", {}).values()]
        if own:
            stated["" if own == "." else own] = {r["name"]: r.get("specifier", "") for some in lists for r in some}
    return pins, stated


def _toml_lock(data: dict[str, Any]) -> tuple[list[Pin], Stated]:
    """poetry.lock, pylock.toml and Cargo.lock."""
    files = data.get("metadata", {}).get("files", {})
    # In Cargo.lock, only what is of the repository itself has no source.
    cargo = isinstance(data.get("version"), int)
    pins = []
    for each in data.get("package", data.get("packages", [])):
        source = each.get("source", {})
        kind = source.get("type", "") if isinstance(source, dict) else source.partition("+")[0]
        origin: Origin = (
            "git" if kind == "git" or "vcs" in each else "path" if kind in ("directory", "file") else "index"
        )
        origin = "path" if "directory" in each or (cargo and not source) else origin
        hashes = each.get("files") or files.get(each["name"]) or each.get("checksum") or each.get("wheels")
        pins.append(Pin(each["name"], str(each.get("version", "")), bool(hashes or each.get("sdist")), origin))
    return pins, None


def _pnpm_lock(data: dict[str, Any]) -> tuple[list[Pin], Stated]:
    importers = data.get("importers") or {".": data}
    keys = ("dependencies", "devDependencies", "optionalDependencies")
    pins, stated = [], {}
    locked = data.get("packages") or {}
    for folder, each in importers.items():
        asked = {}
        for name, value in ((n, v) for key in keys for n, v in (each.get(key) or {}).items()):
            found = value if isinstance(value, dict) else {"version": value}
            version = str(found["version"]).partition("(")[0]
            origin: Origin = "path" if version.startswith(("link:", "file:")) else "git" if "/" in version else "index"
            entry: dict[str, Any] = next(
                (locked[k] for k in (f"{name}@{version}", f"/{name}@{version}", f"/{name}/{version}") if k in locked),
                {},
            )
            pins.append(Pin(name, version, "integrity" in (entry.get("resolution") or {}), origin))
            asked[name] = str(found.get("specifier", (each.get("specifiers") or {}).get(name, "")))
        stated["" if folder == "." else folder] = asked
    return pins, stated


def _yarn_lock(text: str) -> tuple[list[Pin], Stated]:
    pins: list[Pin] = []
    asked: dict[str, str] = {}
    entries: Iterable[tuple[str, dict[str, str]]]
    if "__metadata:" in text:
        data = parsed("yarn.yaml", text)
        entries = [(key, value) for key, value in data.items() if key != "__metadata"]
    else:
        entries = _yarn_entries(text)
    for key, each in entries:
        for part in key.replace('"', "").split(","):
            # The name may begin with the sign itself: @types/node@^20.
            at = part.strip().find("@", 1)
            name, spec = part.strip()[:at], part.strip()[at + 1 :]
            plain = spec.removeprefix("npm:").strip()
            origin: Origin = "path" if plain.startswith(("workspace:", "link:", "file:", "portal:")) else "index"
            origin = "git" if GIT.match(plain) else origin
            pins.append(Pin(name, str(each.get("version", "")), "integrity" in each or "checksum" in each, origin))
            asked[f"{name}@{plain}"] = ""
    return pins, {"*": asked}


def _yarn_entries(text: str) -> Iterator[tuple[str, dict[str, str]]]:
    key, values = "", dict[str, str]()
    for line in [*text.splitlines(), "end:"]:
        if line[:1] not in ("", " ", "#") and line.endswith(":"):
            if key:
                yield key, values
            key, values = line[:-1], {}
        elif line.startswith("  ") and line[2:3] != " ":
            name, _, value = line.strip().partition(" ")
            values[name] = value.strip('"')


def _pipfile_lock(data: dict[str, Any]) -> tuple[list[Pin], Stated]:
    found = {**data.get("develop", {}), **data.get("default", {})}
    return [
        Pin(
            n,
            str(v.get("version", v.get("ref", ""))).removeprefix("=="),
            "hashes" in v,
            "git" if "git" in v else "index",
        )
        for n, v in found.items()
    ], None


def _composer_lock(data: dict[str, Any]) -> tuple[list[Pin], Stated]:
    found = [*data.get("packages", []), *data.get("packages-dev", [])]
    return [Pin(v["name"].lower(), v["version"], bool((v.get("dist") or {}).get("shasum"))) for v in found], None


def _gemfile_lock(text: str) -> tuple[list[Pin], Stated]:
    found = [_GEM_PIN.fullmatch(line) for line in text.splitlines()]
    sums = text.partition("\nCHECKSUMS\n")[2]
    return [Pin(each[1], each[2], f"  {each[1]} ({each[2]}) sha256=" in sums) for each in found if each], None


def _go_sum(text: str) -> tuple[list[Pin], Stated]:
    rows = [line.split() for line in text.splitlines()]
    return [Pin(row[0], row[1], True) for row in rows if len(row) == 3 and not row[1].endswith("/go.mod")], None


def _parsed_by(suffix: str, read: Callable[[dict[str, Any]], tuple[list[Pin], Stated]]) -> Callable[[str], Any]:
    return lambda text: read(parsed(f"lock{suffix}", text))


LOCKS: dict[str, tuple[str, Callable[[str], tuple[list[Pin], Stated]]]] = {
    "package-lock.json": ("npm", _parsed_by(".json", _npm_lock)),
    "npm-shrinkwrap.json": ("npm", _parsed_by(".json", _npm_lock)),
    "pnpm-lock.yaml": ("npm", _parsed_by(".yaml", _pnpm_lock)),
    "yarn.lock": ("npm", _yarn_lock),
    "uv.lock": ("Python", _parsed_by(".toml", _uv_lock)),
    "poetry.lock": ("Python", _parsed_by(".toml", _toml_lock)),
    "pylock.toml": ("Python", _parsed_by(".toml", _toml_lock)),
    "Pipfile.lock": ("Python", _parsed_by(".json", _pipfile_lock)),
    "Cargo.lock": ("Rust", _parsed_by(".toml", _toml_lock)),
    "Gemfile.lock": ("Ruby", _gemfile_lock),
    "go.sum": ("Go", _go_sum),
    "composer.lock": ("PHP", _parsed_by(".json", _composer_lock)),
}


def read_lock(path: str, text: str) -> LockFile:
    """A lock in its one form; one that cannot be read says why."""
    ecosystem, read = LOCKS[PurePosixPath(path).name]
    try:
        pins, stated = read(text)
    except CouldNotVerify as error:
        return LockFile(path, ecosystem, problem=f"{path} cannot be read ({error.reason})")
    except (AttributeError, KeyError, TypeError, ValueError, IndexError):
        return LockFile(path, ecosystem, problem=f"{path} is not written as its tool writes it")
    return LockFile(path, ecosystem, tuple(pins), len(pins), stated is not None, stated or {})
