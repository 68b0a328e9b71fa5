"""Bots that propose updates of dependencies: what they are told, and what there is to update."""

from __future__ import annotations

import json
import posixpath
import re
from dataclasses import dataclass
from fnmatch import fnmatchcase

from pytest_readiness.core.evidence import CouldNotVerify
from pytest_readiness.core.registry import fact
from pytest_readiness.domains.ci.sources import Sources
from pytest_readiness.domains.source.facts.tree import GitTree
from pytest_readiness.domains.source.resource import Repository

_DEPENDABOT = (".github/dependabot.yml", ".github/dependabot.yaml")
_RENOVATE = (
    "renovate.json", "renovate.json5", ".github/renovate.json", ".github/renovate.json5", ".gitlab/renovate.json",
    ".gitlab/renovate.json5", ".renovaterc", ".renovaterc.json", ".renovaterc.json5",
)  # fmt: skip
_MANIFESTS = {
    "package.json": "npm", "pyproject.toml": "pip", "setup.py": "pip", "Pipfile": "pip", "go.mod": "gomod",
    "Cargo.toml": "cargo", "Gemfile": "bundler", "composer.json": "composer", "pom.xml": "maven", "mix.exs": "mix",
    "build.gradle": "gradle", "build.gradle.kts": "gradle", "Dockerfile": "docker", "pubspec.yaml": "pub",
}  # fmt: skip
_ALIKE = {
    "uv": "pip",
    "poetry": "pip",
    "pip-compile": "pip",
    "pipenv": "pip",
    "bun": "npm",
    "yarn": "npm",
    "pnpm": "npm",
}
_MANAGERS = {
    "npm": "npm", "bun": "npm", "pip_requirements": "pip", "pip_setup": "pip", "pip-compile": "pip", "pipenv": "pip",
    "poetry": "pip", "pep621": "pip", "setup-cfg": "pip", "gomod": "gomod", "cargo": "cargo", "bundler": "bundler",
    "composer": "composer", "maven": "maven", "gradle": "gradle", "mix": "mix", "dockerfile": "docker",
    "github-actions": "github-actions", "pub": "pub",
}  # fmt: skip
"""Managers of Renovate's, each with the ecosystem as Dependabot calls it."""
_WHOLES = {
    "maven": (("pom.xml", "<modules>"),),
    "gradle": (("settings.gradle", "include"), ("settings.gradle.kts", "include")),
}
"""What makes a folder with those below it one whole: a file, and what stands in it."""
_ANY = ("matchPackageNames", "matchPackagePatterns")
_APART = ("node_modules/", "vendor/", "testdata/", "fixtures/", "examples/", "third_party/")


@dataclass(frozen=True, slots=True)
class UpdateEntry:
    """What a bot looks after.

    Attributes:
        ecosystem: "npm", "pip", …; "*" for all.
        folders: patterns of folders ("/", "/web", "/**").
        off: why it proposes nothing; "" where it does.
        apart: patterns of folders that it leaves out.
    """

    ecosystem: str
    folders: tuple[str, ...]
    off: str = ""
    apart: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class UpdateBots:
    """Bots that are configured, and manifests in the commit that is released.

    Attributes:
        configured: the files that configure them.
        unread: what of it could not be read, each a clause.
        entries: what they look after.
        manifests: each ecosystem and folder with a manifest ("npm /web").
    """

    configured: tuple[str, ...]
    unread: tuple[str, ...] = ()
    entries: tuple[UpdateEntry, ...] = ()
    manifests: tuple[str, ...] = ()


@fact(deadline=60)
def update_bots(repository: Repository, git_tree: GitTree) -> UpdateBots:  # noqa: ARG001
    """What Dependabot and Renovate are told in the commit that is released, and which manifests it has."""
    sources = Sources(git_tree)
    files = [path for path in (*_DEPENDABOT, *_RENOVATE) if path in sources]
    entries: list[UpdateEntry] = []
    missing: list[str] = []
    for path in files:
        try:
            entries += _dependabot(sources, path) if path in _DEPENDABOT else _renovate(sources.text(path), path)
        except CouldNotVerify as error:
            missing.append(error.reason)
    if isinstance(inner := sources.json("package.json").get("renovate"), dict):
        files.append("package.json")
        entries += _entries(inner)
    found = {f"{eco} {folder}" for path in sources.paths for eco, folder in [_manifest(path)] if eco}
    found -= {each for each in found if _is_member(sources, *each.split(" ", 1))}
    return UpdateBots(tuple(files), tuple(missing), tuple(entries), tuple(sorted(found)))


def _is_member(sources: Sources, ecosystem: str, folder: str) -> bool:
    """Whether a folder is part of a whole above it, which bots update from there."""
    above = folder.strip("/")
    while above:
        above = posixpath.dirname(above)
        members, apart = _members(sources, ecosystem, above)
        rest = f"/{posixpath.relpath(folder.strip('/'), above or '.')}"
        if any(within(rest, each) for each in members) and not any(within(rest, each) for each in apart):
            return True
        for name, mark in _WHOLES.get(ecosystem, ()):
            path = posixpath.join(above, name)
            if path in sources and mark in sources.text(path):
                return True
    return False


def _members(sources: Sources, ecosystem: str, folder: str) -> tuple[list[str], list[str]]:
    """Patterns of the folders that a workspace has as its members, and of those that it leaves out.

    One of Go's is none: bots look after each of its modules by itself.
    """
    told: object = None
    if ecosystem == "npm":
        listed = sources.json(posixpath.join(folder, "package.json")).get("workspaces")
        listed = _strings(listed.get("packages") if isinstance(listed, dict) else listed)
        if (path := posixpath.join(folder, "pnpm-workspace.yaml")) in sources:
            listed += _strings(sources.mapping(path).get("packages"))
        told = {"members": [each for each in listed if each[:1] != "!"]}
        told["exclude"] = [each[1:] for each in listed if each[:1] == "!"]
    elif ecosystem == "cargo":
        told = sources.toml(posixpath.join(folder, "Cargo.toml")).get("workspace")
        # What it depends on by path is a member, too, and the only ones where none are listed.
        told = {"members": ["**"], **told} if isinstance(told, dict) else None
    elif ecosystem == "pip":
        told = sources.toml(posixpath.join(folder, "pyproject.toml"))
        for key in ("tool", "uv", "workspace"):
            told = told.get(key) if isinstance(told, dict) else None
    lists = [_strings(told.get(key)) if isinstance(told, dict) else [] for key in ("members", "exclude")]
    members, apart = ([each.removeprefix("./") for each in patterns] for patterns in lists)
    return members, apart


def within(folder: str, pattern: str) -> bool:
    """Whether a pattern matches a folder; `*` stands for one, `**` for any number."""
    names = [each for each in folder.split("/") if each]
    at = {0}
    for part in filter(None, pattern.split("/")):
        if part == "**":
            at = set(range(min(at, default=len(names) + 1), len(names) + 1))
        else:
            plain = part.replace("[", "[[]").replace("?", "[?]")
            at = {place + 1 for place in at if place < len(names) and fnmatchcase(names[place], plain)}
    return len(names) in at


def _manifest(path: str) -> tuple[str, str]:
    folder, name = posixpath.split(path)
    if any(f"/{path}".find(f"/{each}") >= 0 for each in _APART):
        return "", ""
    if path.startswith(".github/workflows/") and name.endswith((".yml", ".yaml")):
        return "github-actions", "/"
    named = _MANIFESTS.get(name, "pip" if re.fullmatch(r"requirements[\w.-]{0,60}\.(?:txt|in)", name) else "")
    return named, f"/{folder}"


def _dependabot(sources: Sources, path: str) -> list[UpdateEntry]:
    read = sources.mapping(path)
    if str(read.get("version")) != "2":
        raise CouldNotVerify(f"{path} is not of version 2")
    made = []
    updates = read.get("updates")
    if not isinstance(updates, list):
        raise CouldNotVerify(f"{path} has no list of updates")
    for told in (each for each in updates if isinstance(each, dict)):
        folders = _strings(told.get("directories", [told.get("directory", "/")]))
        off = "open-pull-requests-limit is 0" if str(told.get("open-pull-requests-limit")) == "0" else ""
        off = off or ("" if "schedule" in told or "multi-ecosystem-group" in told else "it has no schedule")
        ignored = _dicts(told.get("ignore"))
        if any(
            str(each.get("dependency-name")) == "*" and not {"versions", "update-types"} & {*each} for each in ignored
        ):
            off = off or "it ignores every dependency"
        ecosystem = str(told.get("package-ecosystem"))
        apart = tuple(_strings(told.get("exclude-paths")))
        made.append(UpdateEntry(_ALIKE.get(ecosystem, ecosystem), tuple(folders), off, apart))
    return made


def _renovate(text: str, path: str) -> list[UpdateEntry]:
    # JSON5 as people write it: comments of whole lines, and commas at the end.
    plain = re.sub(r"^[ \t]*//[^\n]*$", "", text, flags=re.MULTILINE)
    plain = re.sub(r",(?=\s{0,200}[}\]])", "", plain)
    plain = re.sub(r"^([ \t]*)([A-Za-z$]\w{0,60}):", r'\1"\2":', plain, flags=re.MULTILINE)
    try:
        told = json.loads(plain)
    except (ValueError, RecursionError):
        raise CouldNotVerify(f"{path} is not JSON") from None
    if not isinstance(told, dict):
        raise CouldNotVerify(f"{path} holds no object")
    return _entries(told)


def _entries(told: dict[str, object]) -> list[UpdateEntry]:
    """What Renovate is told, an entry for each of the ecosystems, folders and files that it keeps to."""
    if told.get("enabled") is False:
        return [UpdateEntry("*", ("/**",), "enabled is false")]
    for rule in _dicts(told.get("packageRules")):
        if (
            rule.get("enabled") is False
            and {*rule} <= {"enabled", "description", *_ANY}
            and any({"*", ".*"} & {*_strings(rule.get(key))} for key in _ANY)
        ):
            return [UpdateEntry("*", ("/**",), "a rule switches every package off")]
    apart = tuple(folder for _, folder in map(_place, _strings(told.get("ignorePaths"))))
    managers = _strings(told.get("enabledManagers"))
    here = {_MANAGERS.get(each, each) for each in managers if _on(told, each)} if managers else {*_MANAGERS.values()}
    # An ecosystem is off where each of its managers is that stands here.
    named = {each for each in _MANAGERS if each in told}
    here -= {_MANAGERS[each] for each in named if not _on(told, each)} - {
        _MANAGERS[each] for each in named if _on(told, each)
    }
    places = [_place(each) for each in _strings(told.get("includePaths"))] or [("*", "/**")]
    return [
        UpdateEntry(ecosystem, (folder,), apart=apart)
        for ecosystem in sorted(here)
        for kind, folder in places
        if kind in ("*", ecosystem)
    ] or [UpdateEntry("*", ("/**",), "nothing is left that it looks after")]


def _on(told: dict[str, object], manager: str) -> bool:
    own = told.get(manager)
    return not isinstance(own, dict) or own.get("enabled") is not False


def _dicts(value: object) -> list[dict[str, object]]:
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def _strings(value: object) -> list[str]:
    return [each for each in value if isinstance(each, str)] if isinstance(value, list) else []


def _place(pattern: str) -> tuple[str, str]:
    """The ecosystem ("*" for all) and the folders that a pattern of files stands for."""
    folder, name = posixpath.split(pattern.strip("/"))
    if folder.startswith(".github"):
        return "github-actions", "/"
    if name == "**" or ("." not in name and name not in _MANIFESTS):
        return "*", f"/{pattern.strip('/')}"
    return _manifest(f"x/{name}")[0] or "*", f"/{folder}"
