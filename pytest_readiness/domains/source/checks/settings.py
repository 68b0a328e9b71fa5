"""Claims about what a repository configures: values, targets of make, and hooks."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, StrictBool, StrictFloat, StrictInt, StrictStr

from pytest_readiness.core.evidence import CouldNotVerify, Evidence, claim
from pytest_readiness.core.registry import check
from pytest_readiness.core.text import counted, cut, visible
from pytest_readiness.domains.source.checks.files import listed
from pytest_readiness.domains.source.facts.settings import CommitHooks, ConfigFile, ConfigFiles, ConfigValue, Makefile
from pytest_readiness.domains.source.patterns import TreePath

Setting = StrictBool | StrictInt | StrictFloat | StrictStr
Word = Annotated[str, Field(pattern=r"^[^\s]+$", max_length=100)]


@check(
    "source.config",
    severity="high",
    remedy="Write the values into the file of each environment, and commit it.",
    source="The Twelve-Factor App, III: configuration that varies between deployments",
    asks=lambda _, files: {"config_files": list(files)},
)
def config(
    config_files: ConfigFiles,
    *,
    files: Annotated[list[TreePath], Field(min_length=1)],
    values: dict[str, Setting] = {},  # noqa: B006
    present: list[Word] = [],  # noqa: B006
) -> Evidence:
    """Each named file of settings is in the released commit, differs from the others, and has the named values.

    YAML, TOML, JSON, INI, properties, .env files, and what a module of Python writes out at its top are read. Whether
    the program loads the file, and whether a variable or another file overrides it, is not looked at.

    Args:
        files: paths from the top of the repository, one for each environment.
        values: by dotted key (`server.port`, `hosts.0`), the value that each of the files must have, in its type: false
            is not the text "false", except where a language knows texts only.
        present: dotted keys that each of the files must have, whatever the value.
    """
    wrong, unknown = [], []
    for path in files:
        file = config_files.files.get(path)
        if not file or not file.oid:
            wrong.append(f"no {path}")
        elif file.problem:
            unknown.append(file.problem)
        elif not file.values:
            wrong.append(f"{path} holds no value")
        else:
            _compare(file, values, present, wrong, unknown)
    contents = [_content(config_files.files[path]) for path in files if path in config_files.files]
    same = sorted({path for path in files if contents.count(_content(config_files.files[path])) > 1})
    wrong += [f"{' and '.join(same)} hold the same"] * (len(same) > 1 and not wrong)
    asked = listed([*(f"{key}={_shown(value)}" for key, value in values.items()), *present])
    claim(not wrong, expected=f"{asked or 'values'} in {listed(files)}", seen=listed(wrong))
    if unknown:
        raise CouldNotVerify(listed(unknown))
    count = sum(len(config_files.files[path].values) for path in files)
    return Evidence(
        f"{asked or 'values'} in {listed(files)} of {config_files.commit.short}, {counted(count, 'value')} read in all"
    )


def _content(file: ConfigFile) -> object:
    """What two copies of a file have in common, also where a comment or the order of keys differs."""
    told = not file.problem and all(each.kind != "computed" for each in file.values.values())
    return (file.untyped, file.values) if told and file.values else file.oid


def _compare(
    file: ConfigFile, values: dict[str, Setting], keys: list[Word], wrong: list[str], unknown: list[str]
) -> None:
    for key in [*values, *keys]:
        found = file.values.get(key)
        if (found is None and file.more) or (found and found.kind == "computed" and key in values):
            unknown.append(f"{file.path} computes {key} or takes it from elsewhere")
        elif found is None:
            wrong.append(f"no {key} in {file.path}")
        elif key in values and not _equal(found, values[key], file.untyped):
            # A text may be a secret that stands where it should not.
            plain = found.kind in ("number", "boolean", "null")
            seen = found.value.get_secret_value() if plain else f"another {found.kind}"
            wrong.append(f"{key} is {seen} in {file.path}")


def _equal(found: ConfigValue, wanted: Setting, untyped: bool) -> bool:
    text = found.value.get_secret_value()
    if untyped and not isinstance(wanted, str):
        return text.strip().lower() == _shown(wanted)
    kind = "boolean" if isinstance(wanted, bool) else "text" if isinstance(wanted, str) else "number"
    return found.kind == kind and (float(text) == wanted if kind == "number" else text == _shown(wanted))


def _shown(value: Setting) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


@check(
    "source.make_targets",
    severity="low",
    remedy="Write the missing rules into the Makefile.",
    source="GNU make manual, 'Standard Targets for Users'",
    asks=lambda _, path: {"makefile": path or ""},
)
def make_targets(
    makefile: Makefile, *, targets: Annotated[list[Word], Field(min_length=1)], path: TreePath | None = None
) -> Evidence:
    """The Makefile has a rule that does something for each of the named targets.

    It is read and not run: what the rules do, and whether they succeed, is not looked at. Where it includes other files
    or computes names, a target that it does not define itself could not be verified.

    Args:
        targets: names of the targets.
        path: of the Makefile from the top of the repository; unless given, the one that make takes there.
    """
    claim(bool(makefile.path), expected=f"a Makefile with {listed(targets)}", seen=f"no {path or 'Makefile'}")
    if makefile.problem:
        raise CouldNotVerify(f"{makefile.path} {makefile.problem}")
    missing = [name for name in targets if name not in makefile.targets]
    hollow = [name for name in targets if name in makefile.targets and not makefile.targets[name].does]
    # What is not read may be what such a rule does.
    wrong = (
        [] if makefile.unread else [*(f"no {name}" for name in missing), *(f"{each} does nothing" for each in hollow)]
    )
    claim(not wrong, expected=f"rules for {listed(targets)} in {makefile.path}", seen=listed(wrong))
    sometimes = [name for name in targets if name in makefile.targets and makefile.targets[name].conditional]
    if lacking := missing or hollow or sometimes:
        why = f"has more by {listed(makefile.unread)}" if missing or hollow else "defines them under a condition only"
        raise CouldNotVerify(f"{makefile.path} {why}, so whether make knows {listed(lacking)} is not known")
    where = ", ".join(f"{name} (line {makefile.targets[name].line})" for name in targets[:10])
    return Evidence(f"{where} of {counted(len(makefile.targets), 'target')} in {makefile.path}")


@check(
    "source.precommit",
    severity="low",
    remedy="Configure the hooks, and let a job of the pipeline run the same ones.",
    source="Pro Git, 'Git Hooks': hooks are not copied by a clone",
)
def precommit(commit_hooks: CommitHooks, *, hooks: list[Word] = []) -> Evidence:  # noqa: B006
    """Hooks that run before a commit or push are configured, the named ones among them.

    The files of pre-commit, husky, lefthook and simple-git-hooks are read. Whether anyone has installed the hooks in a
    clone, and whether the pipeline runs the same ones, is not looked at.

    Args:
        hooks: ids of hooks, or programs that they run, such as `ruff`. Without any, one hook that runs is enough.
    """
    on = [hook for hook in commit_hooks.hooks if not hook.off]
    words = {word for hook in on for word in (hook.name, *hook.runs.split())}
    missing = [name for name in hooks if name not in words] or ["any hook that runs"] * (not on)
    off = [f"{cut(visible(hook.name), 60)} {hook.off}" for hook in commit_hooks.hooks if hook.off]
    if missing and commit_hooks.problems:
        raise CouldNotVerify(listed(commit_hooks.problems))
    seen = f"{len(on)} that run, without {listed(missing)}" + (f"; {listed(off)}" if off else "")
    claim(not missing, expected=f"hooks with {listed(hooks) or 'something to run'}", seen=seen)
    paths = sorted({hook.path for hook in on})
    told = f"; {len(off)} never run" if off else ""
    return Evidence(
        f"{counted(len(on), 'hook')} in {listed(paths)}: {listed(hook.name for hook in on)}{told}",
        warning="; ".join(commit_hooks.problems[:2]),
    )
