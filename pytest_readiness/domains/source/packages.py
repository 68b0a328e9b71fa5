"""Manifests of packages and their locks, each dialect in one form."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any, Literal

from pytest_readiness.core.evidence import CouldNotVerify
from pytest_readiness.domains.source.manifests import parsed

Origin = Literal["index", "git", "url", "path"]
UNREAD = frozenset(
    """
    setup.py build.gradle build.gradle.kts pom.xml mix.exs pubspec.yaml Package.swift Podfile Cartfile environment.yml
    environment.yaml flake.nix deno.json deno.jsonc bun.lock bun.lockb rebar.config stack.yaml build.sbt project.clj
    conanfile.txt conanfile.py vcpkg.json renv.lock DESCRIPTION cpanfile Project.toml shard.yml elm.json pixi.toml
    paket.dependencies packages.config conda-lock.yml deps.edn build.zig.zon rush.json
    """.split()  # noqa: SIM905  (forty names)
)
"""Manifests of ecosystems that are known by name and not read."""
UNREAD_ENDS = (".csproj", ".fsproj", ".vbproj", ".cabal", ".gemspec", ".rockspec", ".opam", ".nimble")
GIT = re.compile(r"git[+:@]|github:|gitlab:|bitbucket:|[\w.-]+/[\w.-]+(?:#.*)?$|(?:https?|ssh)://.*\.git(?:#|$)")
_GEM = re.compile(r"\s*gem\s*\(?\s*['\"]([\w.-]+)['\"]([^#]*)")
_GO_MODULE = re.compile(r"(?:require\s+)?([\w./~-]+)\s+(v[\w.+-]+)(?:\s*//.*)?")


@dataclass(frozen=True, slots=True)
class Requirement:
    """A package that a manifest asks for.

    Attributes:
        name: as its index compares it.
        spec: versions that are asked for, as written; "" for any.
        group: "" for what the program needs, else the extra or group ("dev").
        origin: where it is taken from.
        conditional: it is asked for under a condition only.
    """

    name: str
    spec: str
    group: str = ""
    origin: Origin = "index"
    conditional: bool = False


@dataclass(frozen=True, slots=True)
class PackageFile:
    """A manifest.

    Attributes:
        path: from the top of the repository.
        ecosystem: "Python", "npm", "Rust", "Ruby", "Go", "PHP".
        package: name of the package; "" where it has none.
        version: as stated; "" where none is.
        computed: the version is worked out when it is built.
        license: as stated; "" where none is.
        requires: what it asks for.
        sections: keys of settings of tools that it holds.
        problem: why it cannot be read, or "".
    """

    path: str
    ecosystem: str
    package: str = ""
    version: str = ""
    computed: bool = False
    license: str = ""
    requires: tuple[Requirement, ...] = ()
    sections: tuple[str, ...] = ()
    problem: str = ""


def is_requirements(path: str) -> bool:
    """Whether a path is that of a file of requirements or constraints, as pip takes them."""
    pure = PurePosixPath(path)
    told = "requirements" in pure.stem or "constraints" in pure.stem or pure.parent.name == "requirements"
    return told and pure.suffix in (".txt", ".in")


def python_name(name: str) -> str:
    """The name of a distribution as its index compares it."""
    from packaging.utils import canonicalize_name

    return canonicalize_name(name.strip())


def of_text(text: str, group: str = "", sources: dict[str, Any] | None = None) -> Requirement:
    """The requirement that a text of PEP 508 states.

    Raises:
        ValueError: it is none.
    """
    from packaging.requirements import InvalidRequirement
    from packaging.requirements import Requirement as Parsed

    try:
        found = Parsed(text)
    except InvalidRequirement:
        raise ValueError("a requirement cannot be read") from None
    origin: Origin = "index"
    source = (sources or {}).get(found.name, {})
    source = source[0] if isinstance(source, list) and source else source
    if found.url:
        origin = "git" if found.url.startswith("git+") else "path" if found.url.startswith("file:") else "url"
    elif isinstance(source, dict) and source:
        origin = "git" if "git" in source else "url" if "url" in source else "index" if "index" in source else "path"
    spec = found.url or str(found.specifier)
    return Requirement(python_name(found.name), spec, group, origin, found.marker is not None)


def _tabled(value: Any, name: str, group: str, ecosystem: str = "Python") -> Requirement:
    """A requirement as tables of poetry, Pipfile and Cargo have it."""
    value = value[0] if isinstance(value, list) and value else value
    table = value if isinstance(value, dict) else {"version": value}
    origin: Origin = "git" if "git" in table else "path" if {"path", "workspace"} & set(table) else "index"
    origin = "url" if {"url", "file"} & set(table) else origin
    name = python_name(name) if ecosystem == "Python" else str(table.get("package", name))
    return Requirement(
        name, str(table.get("version", "")), group, origin, bool(table.get("markers") or table.get("optional"))
    )


def _pyproject(path: str, data: dict[str, Any]) -> PackageFile:
    project, tool = data.get("project", {}), data.get("tool", {})
    poetry, uv = tool.get("poetry", {}), tool.get("uv", {})
    sources = uv.get("sources", {})
    lists = {"": project.get("dependencies", []), "dev": uv.get("dev-dependencies", [])}
    groups = [*lists.items(), *project.get("optional-dependencies", {}).items()]
    groups += data.get("dependency-groups", {}).items()
    requires = [of_text(each, group, sources) for group, texts in groups for each in texts if isinstance(each, str)]
    tables = [("", poetry.get("dependencies", {})), ("dev", poetry.get("dev-dependencies", {}))]
    tables += [(name, group.get("dependencies", {})) for name, group in poetry.get("group", {}).items()]
    requires += [_tabled(v, name, group) for group, table in tables for name, v in table.items() if name != "python"]
    version = project.get("version") or poetry.get("version") or ""
    license = project.get("license") or poetry.get("license") or ""
    license = license.get("text", "") if isinstance(license, dict) else license
    computed = (
        "version" in project.get("dynamic", []) or version in ("0.0.0", "0") or "poetry-dynamic-versioning" in tool
    )
    name = str(project.get("name") or poetry.get("name") or "")
    sections = tuple(f"tool.{each}" for each in tool)
    return PackageFile(path, "Python", name, str(version), computed, str(license), tuple(requires), sections)


def _package_json(path: str, data: dict[str, Any]) -> PackageFile:
    requires = []
    for key, group in (("dependencies", ""), ("optionalDependencies", ""), ("devDependencies", "dev")):
        for name, spec in data.get(key, {}).items():
            spec = str(spec)
            origin: Origin = (
                "path" if spec.startswith(("file:", "link:", "workspace:", "portal:", "./", "../")) else "index"
            )
            origin = "git" if GIT.match(spec) else "url" if spec.startswith("http") else origin
            requires.append(Requirement(name, spec, group, origin))
    version = str(data.get("version", ""))
    computed = version.startswith(("0.0.0-semantic", "0.0.0-dev")) or (version == "0.0.0" and not data.get("private"))
    license = data.get("license", "")
    license = license.get("type", "") if isinstance(license, dict) else license
    return PackageFile(
        path, "npm", str(data.get("name", "")), version, computed, str(license), tuple(requires), tuple(map(str, data))
    )


def _setup_cfg(path: str, data: dict[str, Any]) -> PackageFile:
    meta, options = data.get("metadata", {}), data.get("options", {})
    texts = [("", options.get("install_requires") or ""), *data.get("options.extras_require", {}).items()]
    requires = [of_text(line, group) for group, text in texts for line in (text or "").splitlines() if line.strip()]
    version = meta.get("version") or ""
    computed = version.startswith(("attr:", "file:"))
    fields = (meta.get("name") or "", "" if computed else version, computed, meta.get("license") or "")
    return PackageFile(path, "Python", *fields, tuple(requires), tuple(data))


def _cargo(path: str, data: dict[str, Any]) -> PackageFile:
    package, shared = data.get("package", {}), data.get("workspace", {})
    tables = [data, *data.get("target", {}).values(), {"dependencies": shared.get("dependencies", {})}]
    groups = {"dependencies": "", "build-dependencies": "build", "dev-dependencies": "dev"}
    requires = [
        _tabled(value, name, group, "Rust")
        for table in tables
        for key, group in groups.items()
        for name, value in table.get(key, {}).items()
    ]
    # What a member inherits is a table: version.workspace = true.
    package = shared.get("package", {}) | {key: each for key, each in package.items() if not isinstance(each, dict)}
    version, license = (each if isinstance(each := package.get(key, ""), str) else "" for key in ("version", "license"))
    return PackageFile(path, "Rust", str(package.get("name", "")), version, False, license, tuple(requires))


def _composer(path: str, data: dict[str, Any]) -> PackageFile:
    requires = tuple(
        Requirement(name.lower(), str(spec), group)
        for key, group in (("require", ""), ("require-dev", "dev"))
        for name, spec in (data.get(key) or {}).items()
        if "/" in name
    )
    license = data.get("license", "")
    license = " OR ".join(license) if isinstance(license, list) else str(license)
    return PackageFile(path, "PHP", str(data.get("name", "")), str(data.get("version", "")), False, license, requires)


def _pipfile(path: str, data: dict[str, Any]) -> PackageFile:
    tables = (("packages", ""), ("dev-packages", "dev"))
    requires = [_tabled(v, name, group) for key, group in tables for name, v in data.get(key, {}).items()]
    return PackageFile(path, "Python", requires=tuple(requires))


def _gemfile(path: str, text: str) -> PackageFile:
    found = [_GEM.match(line) for line in text.splitlines()]
    origins = [
        (each[1], "path" if "path:" in each[2] else "git" if "git" in each[2] else "index") for each in found if each
    ]
    problem = f"{path} takes gems from elsewhere" if re.search(r"^\s*(?:eval_gemfile|gemspec)\b", text, re.M) else ""
    requires = tuple(Requirement(name, "", "", origin) for name, origin in origins)  # type: ignore[arg-type]
    return PackageFile(path, "Ruby", requires=requires, problem=problem)


def _go_mod(path: str, text: str) -> PackageFile:
    lines = [line.strip() for line in text.splitlines()]
    replaced = {line.removeprefix("replace").split()[0] for line in lines if "=>" in line}
    found = [_GO_MODULE.fullmatch(line) for line in lines if "=>" not in line]
    requires = (
        Requirement(each[1], each[2], "", "path" if each[1] in replaced else "index")
        for each in found
        if each and each[1] not in ("go", "toolchain", "module")
    )
    return PackageFile(path, "Go", requires=tuple(requires))


def _by(suffix: str, read: Callable[[str, dict[str, Any]], Any]) -> Callable[[str, str], Any]:
    def reading(path: str, text: str) -> Any:
        return read(path, parsed(f"{path}{suffix}", text))

    return reading


MANIFESTS: dict[str, tuple[str, Callable[[str, str], PackageFile]]] = {
    "pyproject.toml": ("Python", _by("", _pyproject)),
    "setup.cfg": ("Python", _by("", _setup_cfg)),
    "Pipfile": ("Python", _by(".toml", _pipfile)),
    "package.json": ("npm", _by("", _package_json)),
    "Cargo.toml": ("Rust", _by("", _cargo)),
    "composer.json": ("PHP", _by("", _composer)),
    "Gemfile": ("Ruby", _gemfile),
    "go.mod": ("Go", _go_mod),
}


def read_manifest(path: str, text: str) -> PackageFile:
    """A manifest in its one form; one that cannot be read says why."""
    ecosystem, read = MANIFESTS[PurePosixPath(path).name]
    try:
        return read(path, text)
    except CouldNotVerify as error:
        return PackageFile(path, ecosystem, problem=error.reason)
    except (AttributeError, KeyError, TypeError, ValueError, IndexError):
        return PackageFile(path, ecosystem, problem=f"{path} is not written as its tool reads it")
