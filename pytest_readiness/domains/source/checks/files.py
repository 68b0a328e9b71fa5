"""Claims about the files of the released commit, the working tree beside it, and the remote that has it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Annotated

from pydantic import Field

from pytest_readiness.core.evidence import CouldNotVerify, Evidence, NotDeclared, claim
from pytest_readiness.core.registry import check
from pytest_readiness.core.text import counted, cut, size, visible
from pytest_readiness.domains.source.facts.state import RemoteBranch, WorkingTree
from pytest_readiness.domains.source.facts.tree import GitTree, MergeConflicts, NamedFiles
from pytest_readiness.domains.source.patterns import GLOB, IgnorePattern, TreePath
from pytest_readiness.domains.source.resource import Repository, Revision

STRAY = (
    *(
        "*.log",
        "*.log.gz",
        "*.log.[0-9]*",
        "*.bak",
        "*.orig",
        "*.rej",
        "*.tmp",
        "*.temp",
        "*.swp",
        "*.swo",
        "*~",
        ".#*",
        "[#]*#",
    ),
    *(".DS_Store", "Thumbs.db", "desktop.ini", ".idea/workspace.xml", "nohup.out", "hs_err_pid*", "*.stackdump"),
    *("*.pyc", "__pycache__/", "*.class", ".pytest_cache/", ".mypy_cache/", ".ruff_cache/", ".sass-cache/"),
    *("node_modules/", ".venv/", "venv/", ".tox/", ".nox/", ".terraform/", "*.tfstate", ".coverage", ".nyc_output/"),
    *("*.dump", "*.sql.gz", "*.sql.zip", "id_rsa", "id_dsa", "id_ecdsa", "id_ed25519"),
)


def listed(names: Iterable[str], total: int = 0) -> str:
    """Some of several names, in one line, and how many more there are."""
    all_names = list(names)
    shown = ", ".join(cut(visible(each), 100) for each in all_names[:10])
    more = max(total, len(all_names)) - min(len(all_names), 10)
    return f"{shown} and {more} more" if more else shown


def _anywhere(path: str) -> str:
    """A pattern of names, such as *.pem, means files in any folder where none may be."""
    parts = (f"**/{each}" if GLOB & set(each) and "/" not in each else each for each in path.split("|"))
    return "|".join(parts)


@check(
    "source.files",
    severity="medium",
    remedy="Add the missing files to Git, and remove those that must not be there.",
    source="GitHub documentation, 'Setting up your project for healthy contributions'",
    asks=lambda _, paths, absent: {"named_files": [*paths, *map(_anywhere, absent)]},
)
def files(
    named_files: NamedFiles,
    *,
    paths: Annotated[list[TreePath], Field(min_length=1)],
    absent: list[TreePath] = [],  # noqa: B006
) -> Evidence:
    """The named files are in the released commit and hold something, and those that must be absent are not.

    The commit is looked at, not the working tree. Of a folder or pattern, one such file is enough. What is in the files
    is not looked at.

    Args:
        paths: from the top of the repository; `docs/` is a folder with files, `deploy/*.sh` a pattern, and
            `README.md|README.rst` either of two.
        absent: paths in the same form that no file may have; a pattern without a slash (`*.pem`) in no folder.
    """
    if not named_files.tracked:
        raise CouldNotVerify(f"the commit {named_files.commit.short} has no files")
    wrong = []
    for path in paths:
        found = named_files.found.get(path, ())
        if not any(not each.flaw for each in found):
            near = named_files.near.get(path, "")
            told = f"{found[0].path} {found[0].flaw}" if found else f"no {path}" + (f" ({near})" if near else "")
            wrong.append(told)
    wrong += [f"{each.path} is there" for path in absent for each in named_files.found.get(_anywhere(path), ())[:3]]
    lacking = f" and none at {', '.join(absent)}" if absent else ""
    claim(not wrong, expected=f"files at {listed(paths)}{lacking} in {named_files.commit.short}", seen=listed(wrong))
    count = sum(len(named_files.found[path]) for path in paths)
    return Evidence(
        f"{counted(count, 'file')} at {listed(paths)}{lacking}, of {named_files.tracked} in "
        f"{named_files.commit.short} ({named_files.commit.chosen})"
    )


@check(
    "source.no_stray_files",
    severity="low",
    remedy="Remove the files from Git (git rm --cached) and name them in .gitignore.",
    source="The patterns of github/gitignore for editors, systems and languages",
)
def no_stray_files(
    git_tree: GitTree,
    merge_conflicts: MergeConflicts,
    *,
    patterns: Annotated[list[IgnorePattern], Field(min_length=1)] = list(STRAY),  # noqa: B006
    allowed: list[IgnorePattern] = [],  # noqa: B006
    max_mib: Annotated[float, Field(gt=0)] = 10,
) -> Evidence:
    """No file of the released commit is named like a stray one, is too large, or holds an unresolved merge.

    Files are told by name and size, whatever is in them; what is inside submodules and Git LFS is not looked at.

    Args:
        patterns: names of stray files, as in .gitignore and without regard to case. Unless given: logs, backups, dumps,
            private keys of SSH, and what editors, caches, builds and package managers leave.
        allowed: patterns of files that may be there nevertheless, such as `tests/data/`.
        max_mib: most that a file may have, in MiB. 10: source that people write is far smaller.
    """
    if not git_tree.files or not merge_conflicts.searched:
        raise CouldNotVerify("the commit has no files")
    fine = {each.path for each in git_tree.matching(allowed)} if allowed else set()
    lower = [pattern.lower() for pattern in patterns]
    named = {each.path for each in git_tree.matching(lower, folded=True)}
    wrong = [f"{path} has conflict markers" for path in merge_conflicts.paths if path not in fine]
    for each in git_tree.files:
        if each.path in fine:
            continue
        if each.path in named:
            wrong.append(each.path)
        elif each.size > max_mib * 2**20:
            wrong.append(f"{each.path} has {size(each.size)}")
    total = len(git_tree.files)
    claim(
        not wrong,
        expected=f"none of {counted(total, 'file')} stray, above {max_mib:g} MiB or with conflict markers",
        seen=f"{len(wrong)}: {listed(wrong)}",
    )
    parts = sum(each.mode == "160000" for each in git_tree.files)
    unseen = f"; {counted(parts, 'submodule')} not looked into" if parts else ""
    return Evidence(f"none of {counted(total, 'file')} of {git_tree.commit.short}; {len(fine)} allowed{unseen}")


@check(
    "source.clean",
    severity="high",
    remedy="Commit or remove what is changed, and check out the release's commit.",
    source="SLSA, 'Source': a build must be of a commit that others can get",
)
def clean(working_tree: WorkingTree, *, branch: Revision | None = None, tagged: bool = False) -> Evidence:
    """The working tree is exactly the release's commit: nothing changed, nothing added, nothing hidden from Git.

    What .gitignore names is not looked at, nor are modes of files where Git is told to ignore them; submodules that are
    not checked out are counted. Another clone, such as that of the build, may differ.

    Args:
        branch: the branch that must be checked out.
        tagged: the commit must have a tag.
    """
    tree, commit = working_tree, working_tree.commit
    if not tree.tracked or not commit.head:
        raise CouldNotVerify(f"no files are tracked in {commit.path}")
    if branch and not commit.branch and commit.head == commit.sha:
        raise CouldNotVerify(f"no branch is checked out in {commit.path}, so it is not known whether it is {branch}")
    if tagged and not commit.tags and not tree.any_tags:
        raise CouldNotVerify(f"the clone at {commit.path} has no tags: fetch them (git fetch --tags)")
    wrong = [f"{commit.head[:12]} is checked out"] * (commit.head != commit.sha)
    wrong += [f"{tree.changes} changed ({listed(tree.changed, tree.changes)})"] * bool(tree.changes)
    wrong += [f"{tree.strangers} not tracked ({listed(tree.untracked, tree.strangers)})"] * bool(tree.strangers)
    wrong += [f"{tree.not_compared} that Git is told not to compare ({listed(tree.hidden, tree.not_compared)})"] * bool(
        tree.not_compared
    )
    wrong += [f"the branch {commit.branch}"] * bool(branch and commit.branch not in ("", branch))
    wrong += ["no tag"] * (tagged and not commit.tags)
    at = f"{commit.short} ({commit.chosen})"
    on = f" on {branch}" * bool(branch) + " with a tag" * tagged
    claim(not wrong, expected=f"the tree of {at}{on} in {commit.path}", seen="; ".join(wrong))
    tags = f", tagged {listed(commit.tags)}" if commit.tags else ""
    empty = f"; {counted(tree.empty, 'submodule')} not checked out" if tree.empty else ""
    are = f"{counted(tree.tracked, 'tracked file')} {'is that' if tree.tracked == 1 else 'are those'}"
    return Evidence(
        f"{are} of {at}, on {commit.branch or 'no branch'}{tags}; "
        f"{tree.ignored} ignored files and folders not looked at{empty}"
    )


def _asked_branch(repository: Repository, branch: str | None) -> Mapping[str, str]:
    wanted = branch or repository.branch
    if not wanted:
        raise NotDeclared(f"{repository.name} declares no branch, and the binding names none")
    return {"remote_branch": wanted}


@check(
    "source.pushed",
    severity="high",
    remedy="Push the release's commit to the branch.",
    source="Pro Git, 'Working with Remotes'",
    asks=_asked_branch,
)
def pushed(
    remote_branch: RemoteBranch, repository: Repository, *, branch: Revision | None = None, with_tag: bool = False
) -> Evidence:
    """The remote's branch has the release's commit now, as the remote itself says.

    Whether files of Git LFS and commits of submodules were pushed too is not looked at.

    Args:
        branch: branch of the remote; unless given, the repository's `branch`.
        with_tag: a tag that leads to the commit must be there, too, and each that the clone has.
    """
    name = branch or repository.branch
    at, there = remote_branch.commit, cut(remote_branch.address, 100)
    if not remote_branch.branches or not at.sha or not there:
        raise CouldNotVerify(f"the remote {repository.remote} has no branches")
    if remote_branch.contains is None:
        known = f"{there} has {name} at {remote_branch.oid[:12]}"
        raise CouldNotVerify(f"{known}, and whether {at.short} is in its history is not known here: fetch it whole")
    lacking = sorted(set(at.tags) - set(remote_branch.tags)) or ["any tag of it"] * (not remote_branch.tags)
    seen = f"{name} is at {remote_branch.oid[:12]}, without it" if remote_branch.oid else f"no branch {name}"
    if remote_branch.contains:
        seen = f"it is there without {listed(lacking)}"
    claim(
        remote_branch.contains and not (with_tag and lacking),
        expected=f"{at.short} on {name}{' and its tag' * with_tag} at {there}",
        seen=seen,
    )
    tags = f", tagged {listed(remote_branch.tags)}" if remote_branch.tags else ""
    return Evidence(
        f"{at.short} ({at.chosen}) is in {name} at {there}, now at {remote_branch.oid[:12]}{tags}",
        warning="the remote is a folder of this machine" if remote_branch.local else "",
    )
