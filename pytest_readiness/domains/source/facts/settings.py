"""What a repository's files of settings say: values, targets of make, and hooks that run before a commit."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from pydantic import SecretStr

from pytest_readiness.core.evidence import CouldNotVerify
from pytest_readiness.core.registry import fact
from pytest_readiness.domains.source.commit import ReleaseCommit
from pytest_readiness.domains.source.facts.tree import GitTree
from pytest_readiness.domains.source.manifests import STAR, UNTYPED, Computed, flat, parsed, texts_of
from pytest_readiness.domains.source.resource import Repository

Kind = Literal["text", "number", "boolean", "null", "list", "mapping", "computed"]
MAKEFILES = ("GNUmakefile", "makefile", "Makefile")
"""In the order in which make looks for them."""
_VARIABLE = re.compile(r"[\w.-]{1,200}\s*+[:+?!]{0,3}=")
_WAYS = (".pre-commit-config.yaml", "lefthook.yml", "lefthook.yaml", ".lefthook.yml", ".lefthook.yaml", "package.json")
_NOTHING = ("", "true", ":", "/bin/true", "exit 0")
_ALL = ("", "^", "$", ".", ".+", "^.", "\\w", ".*", "^.*$", "^.*", ".*$", "(?s).*")
_HUSKY = re.compile(r"\.husky/(?:pre-commit|pre-push|commit-msg|prepare-commit-msg)")


@dataclass(frozen=True, slots=True)
class ConfigValue:
    """A value of a file of settings; it may be a secret.

    Attributes:
        kind: what it is in the file's language.
        value: the value as a text; "" for a collection and for what only the program knows.
    """

    kind: Kind
    value: SecretStr


@dataclass(frozen=True, slots=True)
class ConfigFile:
    """A file of settings of the commit.

    Attributes:
        path: from the top of the repository.
        oid: of what it holds; "" where there is no such file.
        problem: why it cannot be read, or "".
        untyped: every value is a text in its language.
        more: it takes further values from elsewhere, which are not here.
        values: by dotted key.
    """

    path: str
    oid: str
    problem: str
    untyped: bool
    more: bool
    values: dict[str, ConfigValue]


@dataclass(frozen=True, slots=True)
class ConfigFiles:
    """Files of settings of the commit.

    Attributes:
        commit: the commit.
        files: by path.
    """

    commit: ReleaseCommit
    files: dict[str, ConfigFile]


@fact(deadline=60)
def config_files(repository: Repository, git_tree: GitTree, *, asks: tuple[str, ...]) -> ConfigFiles:  # noqa: ARG001
    """Files of settings: YAML, TOML, JSON, INI, properties, .env, and what modules of Python write out at their top."""
    named = {each.path: each for each in git_tree.named(asks)}
    files = {path: ConfigFile(path, "", "is not in the commit", False, False, {}) for path in asks}
    for each in texts_of(git_tree.commit, named.values()):
        values: dict[str, Any] = {}
        problem = each.problem and f"{each.path} {each.problem}"
        if not problem:
            try:
                values = dict(flat(parsed(each.path, each.text)))
            except CouldNotVerify as error:
                problem = error.reason
        files[each.path] = ConfigFile(
            each.path,
            named[each.path].oid,
            problem,
            each.path.endswith(UNTYPED) or "/.env" in f"/{each.path}",
            any(key.rpartition(".")[2] == STAR for key in values),
            {key: _value(value) for key, value in values.items()},
        )
    return ConfigFiles(git_tree.commit, files)


def _value(value: Any) -> ConfigValue:
    if isinstance(value, (dict, list, Computed)):
        kind: Kind = "mapping" if isinstance(value, dict) else "list" if isinstance(value, list) else "computed"
        return ConfigValue(kind, SecretStr(""))
    if value is None or isinstance(value, bool):
        kind = "null" if value is None else "boolean"
        return ConfigValue(kind, SecretStr("null" if value is None else str(value).lower()))
    return ConfigValue("number" if isinstance(value, (int, float)) else "text", SecretStr(str(value)))


@dataclass(frozen=True, slots=True)
class MakeTarget:
    """A target that a Makefile has a rule for.

    Attributes:
        line: of its rule.
        does: whether it has a line of recipe that does something, or a prerequisite that does.
        conditional: each of its rules stands within a condition.
    """

    line: int
    does: bool
    conditional: bool


@dataclass(frozen=True, slots=True)
class Makefile:
    """The targets of a Makefile.

    Attributes:
        path: from the top of the repository; "" where there is none.
        problem: why it cannot be read, or "".
        targets: by name.
        unread: what may define more, and only make itself can tell ("include on line 3").
    """

    path: str
    problem: str
    targets: dict[str, MakeTarget]
    unread: tuple[str, ...]


@fact(deadline=60)
def makefile(repository: Repository, git_tree: GitTree, *, ask: str) -> Makefile:  # noqa: ARG001
    """The rules of a Makefile, read as text and not run; for an empty path that which make would take."""
    found = {each.path: each for each in git_tree.named([ask] if ask else MAKEFILES)}
    path = next((each for each in ([ask] if ask else MAKEFILES) if each in found), "")
    if not path:
        return Makefile("", "", {}, ())
    (text,) = texts_of(git_tree.commit, [found[path]])
    targets, unread = _rules(text.text)
    files = frozenset(each.path for each in git_tree.files)
    doing = {name for name, rule in targets.items() if rule.does}
    # A prerequisite that has no rule is a file, or what no rule makes; one that has one does what that does.
    while more := {name for name, rule in targets.items() if name not in doing and rule.needs & {*doing, *files}}:
        doing |= more
    told = {name: MakeTarget(rule.line, name in doing, rule.conditional) for name, rule in targets.items()}
    return Makefile(path, text.problem, told, tuple(unread))


class _MakeRule(NamedTuple):
    line: int
    does: bool
    conditional: bool
    needs: frozenset[str]


_COMPUTED = re.compile(r"[$%*?]")
_NOTHING_DONE = re.compile(r"[@+-]*+\s*+(?:true|:)?+\s*+")


def _rules(text: str) -> tuple[dict[str, _MakeRule], list[str]]:
    targets: dict[str, _MakeRule] = {}
    unread: list[str] = []
    depth, defining = 0, False
    current: tuple[str, ...] = ()
    for line, whole in _joined(text):
        words = whole.split("#")[0].split()
        first = words[0] if words else ""
        if defining or first in ("define", "endef"):
            defining = first != "endef" and (defining or first == "define")
        elif whole.startswith("\t"):
            if not _NOTHING_DONE.fullmatch(" ".join(words)):
                targets |= {name: targets[name]._replace(does=True) for name in current}
        elif first in ("ifeq", "ifneq", "ifdef", "ifndef", "endif"):
            depth += -1 if first == "endif" else 1
        elif first in ("include", "-include", "sinclude") or first.startswith((".RECIPEPREFIX", "$(eval", "${eval")):
            unread.append(f"{first} on line {line}")
        else:
            current = _rule(" ".join(words), line, depth > 0, targets, unread) if words else current
    return targets, unread


def _joined(text: str) -> Iterator[tuple[int, str]]:
    """Yield each line with its number; lines that a backslash joins are one."""
    begun, parts = 0, []
    for number, line in enumerate(text.splitlines(), 1):
        begun = begun or number
        parts.append(line.removesuffix("\\"))
        if not line.endswith("\\"):
            yield begun, " ".join(parts)
            begun, parts = 0, []


def _rule(said: str, line: int, conditional: bool, targets: dict[str, _MakeRule], unread: list[str]) -> tuple[str, ...]:
    """Note the rule that a line begins, and return the names of its targets; none where it is no rule."""
    left, colon, right = said.partition(":")
    right = right.removeprefix(":")
    if not colon or "=" in left or right.startswith(("=", ":=")) or _VARIABLE.match(right.lstrip()):
        return ()
    if "$" in left:
        unread.append(f"a computed name on line {line}")
        return ()
    names = tuple(left.removesuffix("&").split())
    prerequisites, _, recipe = right.partition(";")
    needs = frozenset(prerequisites.replace("|", " ").split())
    # What is computed may be anything.
    does = not _NOTHING_DONE.fullmatch(recipe.strip()) or bool(_COMPUTED.search(prerequisites))
    for name in names:
        known = targets.get(name, _MakeRule(line, False, True, frozenset()))
        both = known.conditional and conditional
        targets[name] = _MakeRule(known.line, known.does or does, both, (known.needs | needs) - {name})
    return names


@dataclass(frozen=True, slots=True)
class CommitHook:
    """A hook that runs before a commit or push.

    Attributes:
        path: file that configures it.
        name: its id, or the hook of Git's that it is.
        runs: what it runs, where the file says so.
        off: why it never runs, or "".
    """

    path: str
    name: str
    runs: str
    off: str


@dataclass(frozen=True, slots=True)
class CommitHooks:
    """The hooks that a repository configures.

    Attributes:
        commit: the commit.
        hooks: all of them.
        problems: why files that may configure more cannot be read.
    """

    commit: ReleaseCommit
    hooks: tuple[CommitHook, ...]
    problems: tuple[str, ...]


@fact(deadline=60)
def commit_hooks(repository: Repository, git_tree: GitTree) -> CommitHooks:  # noqa: ARG001
    """Hooks of pre-commit, husky, lefthook and simple-git-hooks, as the files of the repository configure them."""
    files = [each for each in git_tree.files if each.path in _WAYS or _HUSKY.fullmatch(each.path)]
    hooks: list[CommitHook] = []
    problems: list[str] = []
    package: dict[str, Any] = {}
    husky: list[tuple[str, str]] = []
    for each in texts_of(git_tree.commit, files):
        try:
            if each.problem:
                problems.append(f"{each.path} {each.problem}")
            elif each.path.startswith(".husky/"):
                husky.append((each.path, each.text))
            elif each.path == "package.json":
                package = parsed(each.path, each.text)
            elif each.path.startswith(".pre-commit"):
                hooks += _of_pre_commit(each.path, parsed(each.path, each.text))
            else:
                hooks += _of_lefthook(each.path, parsed(each.path, each.text))
        except CouldNotVerify as error:
            problems.append(error.reason)
        except (AttributeError, TypeError, KeyError):
            problems.append(f"{each.path} is not written as its tool reads it")
    scripts = _map(package.get("scripts"))
    installs = any("husky" in str(scripts.get(name)) for name in ("prepare", "postinstall", "install"))
    staged = " ".join(str(value) for _, value in flat(_map(package.get("lint-staged"))) if isinstance(value, str))
    for path, text in husky:
        runs = " ; ".join(_commands(text))
        off = (
            "does nothing"
            if not runs
            else ""
            if installs
            else "no script of package.json that runs at installation names husky"
        )
        hooks.append(CommitHook(path, path.rpartition("/")[2], f"{runs} {staged * ('lint-staged' in runs)}", off))
    own = _map(package.get("simple-git-hooks")) | _map(_map(package.get("husky")).get("hooks"))
    for name, value in own.items():
        hooks.append(CommitHook("package.json", name, f"{value} {staged * ('lint-staged' in str(value))}", ""))
    hooks = [hook if hook.runs.strip() not in _NOTHING[1:] else _off(hook, "does nothing") for hook in hooks]
    return CommitHooks(git_tree.commit, tuple(hooks), tuple(problems))


def _map(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _commands(script: str) -> Iterator[str]:
    """The lines of a hook's script that run something which can keep a commit from being made."""
    for line in map(str.strip, script.splitlines()):
        if line.split(";")[0].split()[:1] == ["exit"]:
            return
        if line and not _SAYS.match(line) and not _IGNORED.search(line) and "husky.sh" not in line:
            yield line


_SAYS = re.compile(r"(?:#|(?:echo|printf|true|:)(?=\s|\Z))")
_IGNORED = re.compile(r"\|\|\s{0,9}(?:true|:|exit 0|echo\b)")


def _off(hook: CommitHook, reason: str) -> CommitHook:
    return CommitHook(hook.path, hook.name, hook.runs, hook.off or reason)


def _of_pre_commit(path: str, settings: dict[str, Any]) -> Iterator[CommitHook]:
    for repo in settings["repos"] or ():
        for hook in repo["hooks"] or ():
            stages = hook.get("stages") or settings.get("default_stages")
            off = ""
            if stages and all(stage == "manual" or str(stage).startswith("post-") for stage in stages):
                off = f"runs at the stage {stages[0]} only"
            elif any(each.get("exclude", "^$") in _ALL or each.get("files") == "^$" for each in (hook, settings)):
                off = "leaves out every file"
            elif repo["repo"] not in ("local", "meta", "builtin") and not repo.get("rev"):
                off = "has no rev"
            yield CommitHook(path, str(hook["id"]), str(hook.get("entry", "")), off)


def _of_lefthook(path: str, settings: dict[str, Any]) -> Iterator[CommitHook]:
    for event in ("pre-commit", "pre-push", "commit-msg"):
        section = _map(settings.get(event))
        jobs = [*_map(section.get("commands")).items(), *_map(section.get("scripts")).items()]
        jobs += [(str(job.get("name", event)), job) for job in section.get("jobs") or ()]
        for name, job in jobs:
            skipped = section.get("skip") is True or job.get("skip") is True
            yield CommitHook(path, name, str(job.get("run", "")), "is skipped" * skipped)
