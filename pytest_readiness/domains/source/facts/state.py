"""The working tree beside the released commit, and the remote that others take it from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pytest_readiness.core.audit import sent
from pytest_readiness.core.evidence import CouldNotVerify
from pytest_readiness.core.registry import fact
from pytest_readiness.core.text import cut
from pytest_readiness.domains.source.commit import ReleaseCommit, git_text
from pytest_readiness.domains.source.resource import Repository
from pytest_readiness.protocols.git import USER, GitError, ask_git

MOST_NAMED = 50


@dataclass(frozen=True, slots=True)
class WorkingTree:
    """How the working tree differs from the commit that is checked out.

    Attributes:
        commit: the commit of the release.
        tracked: how many files git tracks here, and in submodules.
        changed: paths of tracked files that differ, or that the index has otherwise; at most 50.
        changes: how many these are in all.
        untracked: paths that git does not track and no .gitignore names; at most 50.
        strangers: how many these are in all.
        hidden: paths that git was told not to compare (assume-unchanged, skip-worktree); at most 50.
        not_compared: how many these are in all.
        ignored: how many files and folders .gitignore names.
        empty: how many submodules are not checked out.
        any_tags: whether the clone has tags at all.
    """

    commit: ReleaseCommit
    tracked: int
    changed: tuple[str, ...]
    changes: int
    untracked: tuple[str, ...]
    strangers: int
    hidden: tuple[str, ...]
    not_compared: int
    ignored: int
    empty: int
    any_tags: bool


@fact(deadline=60)
def working_tree(repository: Repository, release_commit: ReleaseCommit) -> WorkingTree:  # noqa: ARG001
    """The state of the working tree: what is changed, not tracked, hidden from comparison, and ignored."""
    top = Path(release_commit.path)
    said = _lines(
        top, "status", "--porcelain=v2", "-z", "--untracked-files=no", "--ignore-submodules=none", "--no-renames"
    )
    changed = tuple(each.split(" ", 10 if each.startswith("u") else 8)[-1] for each in said if each[:1] in "1u")
    # Not `status`: it also leaves out what this machine's or this clone's own settings ignore.
    others = ("ls-files", "--others", "-z")
    untracked = _lines(top, *others, "--exclude-per-directory=.gitignore")
    listed = _lines(top, "ls-files", "-v", "-z", "--recurse-submodules")
    ignored = _lines(top, *others, "--ignored", "--directory", "--exclude-per-directory=.gitignore")
    # Programs write such a file into their own caches; one beside tracked files hides what nobody committed.
    untracked += tuple(each for each in ignored if _hides(each, listed))
    hidden = tuple(each[2:] for each in listed if each[0].islower() or each[0] == "S")
    return WorkingTree(
        commit=release_commit,
        tracked=len(listed),
        changed=changed[:MOST_NAMED],
        changes=len(changed),
        untracked=untracked[:MOST_NAMED],
        strangers=len(untracked),
        hidden=hidden[:MOST_NAMED],
        not_compared=len(hidden),
        ignored=len(ignored),
        # Of a submodule that is there, its files are listed.
        empty=sum((top / each[2:]).is_dir() and not (top / each[2:]).is_symlink() for each in listed),
        any_tags=bool(git_text(top, "for-each-ref", "--count=1", "--format=%(refname)", "refs/tags")),
    )


def _hides(path: str, listed: Sequence[str]) -> bool:
    """Whether a path is that of a .gitignore in a folder with tracked files."""
    folder, _, name = path.rpartition("/")
    return name == ".gitignore" and (not folder or any(each[2:].startswith(f"{folder}/") for each in listed))


def _lines(top: Path, *arguments: str) -> tuple[str, ...]:
    return tuple(filter(None, git_text(top, *arguments).split("\0")))


@dataclass(frozen=True, slots=True)
class RemoteBranch:
    """A branch as its remote has it now.

    Attributes:
        commit: the commit of the release.
        address: of the remote, without a password.
        local: the remote is a folder of this machine.
        branches: how many branches the remote has.
        oid: the branch's newest commit; "" where there is no such branch.
        contains: whether that commit has the release's among its ancestors; None where nothing here can tell.
        tags: tags of the remote that lead to the release's commit.
    """

    commit: ReleaseCommit
    address: str
    local: bool
    branches: int
    oid: str
    contains: bool | None
    tags: tuple[str, ...]


@fact(deadline=60)
def remote_branch(repository: Repository, release_commit: ReleaseCommit, *, ask: str) -> RemoteBranch:
    """A branch of the declared remote, asked of the remote itself; and whether the release's commit is on it."""
    top = Path(release_commit.path)
    sent(f"ask the remote {repository.remote} of {top} for its branches and tags")
    try:
        # A clone may name another program to ask, which answers what it likes.
        words = ("ls-remote", "--upload-pack=git-upload-pack", "--heads", "--tags", "--end-of-options")
        said = ask_git(top, *words, repository.remote, online=True)
        where = ask_git(top, "ls-remote", "--get-url", "--end-of-options", repository.remote, online=True)
    except GitError as error:
        shown = USER.sub("//", repository.remote)
        raise CouldNotVerify(
            f"the remote {cut(shown, 80)} of {top} cannot be asked ({error})", transient=True
        ) from None
    lines = (line.partition("\t") for line in said.decode("utf-8", "replace").splitlines())
    found = {name: to for to, _, name in lines if name}
    address = USER.sub("//", where.decode("utf-8", "replace").strip())
    oid = found.get(f"refs/heads/{ask}", "")
    tags = {name.removeprefix("refs/tags/"): to for name, to in found.items() if name.startswith("refs/tags/")}
    # An annotated tag's own id is another than its commit's, which stands behind ^{}.
    meant = {name: tags.get(f"{name}^{{}}", to) for name, to in tags.items() if not name.endswith("^{}")}
    return RemoteBranch(
        commit=release_commit,
        address=address,
        local=address.startswith(("/", ".", "~", "file:")),
        branches=sum(name.startswith("refs/heads/") for name in found),
        oid=oid,
        contains=_contains(top, release_commit, oid) if oid else False,
        tags=tuple(sorted(name for name, to in meant.items() if to == release_commit.sha)),
    )


def _contains(top: Path, commit: ReleaseCommit, oid: str) -> bool | None:
    if oid == commit.sha:
        return True
    if not git_text(top, "rev-parse", "--verify", "--quiet", f"{oid}^{{commit}}", accepted=(0, 1, 128)):
        return None
    base = git_text(top, "merge-base", commit.sha, oid, accepted=(0, 1))
    # Where the history is cut off, what is not seen may be behind the cut.
    return True if base == commit.sha else None if commit.shallow else False
