"""Which commit is released, and what is in it: read from Git's objects, never from the working tree."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from pytest_readiness.config.target import Target
from pytest_readiness.core.evidence import CouldNotVerify
from pytest_readiness.core.text import cut
from pytest_readiness.domains.source.resource import Repository
from pytest_readiness.protocols.git import GitError, ask_git

MOST_FILES = 300_000
BLOB_BYTES = 2 * 2**20
"""Of one file that is read; what is longer is data, and is counted as not looked at."""
_BATCH_BYTES = 16 * 2**20
_COMMIT = re.compile(r"[0-9a-f]{7,64}")
_FILE = re.compile(rb"(\d{6}) (\w+) ([0-9a-f]{40,64}) +(\d+|-)\t(.+)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class ReleaseCommit:
    """The commit that is released.

    Attributes:
        path: top folder of the working tree.
        sha: the commit.
        made: when it was committed, in UTC.
        chosen: by what it was chosen ("tag v1.4.2, which --readiness-release names", "what is checked out").
        head: the commit that is checked out.
        branch: the branch that is checked out; "" for none.
        tags: tags of the commit, in alphabetical order.
        shallow: the history is cut off.
        partial: objects are fetched when they are asked for.
    """

    path: str
    sha: str
    made: datetime
    chosen: str
    head: str
    branch: str = ""
    tags: tuple[str, ...] = ()
    shallow: bool = False
    partial: bool = False

    @property
    def short(self) -> str:
        """Its first digits, as people are shown them."""
        return self.sha[:12]


@dataclass(frozen=True, slots=True)
class TreeFile:
    """A file of a commit.

    Attributes:
        path: from the top of the repository, with slashes.
        mode: "100644", "100755" for a program, "120000" for a link, "160000" for a submodule.
        oid: its blob, or the submodule's commit.
        size: bytes; 0 for a submodule.
    """

    path: str
    mode: str
    oid: str
    size: int

    @property
    def regular(self) -> bool:
        """Whether it is a file, not a link and not a submodule."""
        return self.mode.startswith("100")


def git_text(folder: Path, *arguments: str, given: bytes = b"", accepted: tuple[int, ...] = (0,)) -> str:
    """What git says, without the line feed at its end.

    Raises:
        CouldNotVerify: it could not be asked.
    """
    return (
        _asked(folder, *arguments, given=given, accepted=accepted).decode("utf-8", "surrogateescape").removesuffix("\n")
    )


def _asked(folder: Path, *arguments: str, given: bytes = b"", accepted: tuple[int, ...] = (0,)) -> bytes:
    try:
        return ask_git(folder, *arguments, given=given, accepted=accepted)
    except GitError as error:
        raise CouldNotVerify(f"'git {arguments[0]}' in {folder}: {error}") from None


def top_of(repository: Repository) -> Path:
    """The top folder of the working tree.

    Raises:
        CouldNotVerify: the path is in no working tree of Git's.
    """
    if not repository.path.is_dir():
        raise CouldNotVerify(f"{repository.path} is not a folder")
    top = Path(git_text(repository.path, "rev-parse", "--show-toplevel"))
    if not repository.path.resolve().is_relative_to(top.resolve()):
        raise CouldNotVerify(f"Git's settings at {repository.path} name {top} as its working tree (core.worktree)")
    return top


def moment_of(seconds: str, sha: str) -> datetime:
    """A time of a commit, in UTC.

    Raises:
        CouldNotVerify: it is in no calendar, as commits hold what they were told.
    """
    try:
        return datetime.fromtimestamp(int(seconds), UTC)
    except (ValueError, OverflowError, OSError):
        raise CouldNotVerify(f"the commit {sha[:12]} has a time that is in no calendar") from None


def commit_of(repository: Repository, target: Target) -> ReleaseCommit:
    """The commit that is released.

    It is the repository's `commit`, else what `--readiness-release` names, else what is checked out.

    Raises:
        CouldNotVerify: git cannot be asked, or what names the release is no commit or tag of the repository.
    """
    top = top_of(repository)
    head = git_text(top, "rev-parse", "--verify", "--quiet", "HEAD^{commit}", accepted=(0, 1))
    named = _named(top, repository.commit, "declared as `commit`") if repository.commit else None
    if target.release:
        released = _named(top, target.release, "named by --readiness-release", or_none=named is not None)
        if named and released and named[0] != released[0]:
            raise CouldNotVerify(f"two commits of {top} are named: the {named[1]}, and the {released[1]}")
        named = named or released
    if not named and not head:
        raise CouldNotVerify(f"{top} has no commit")
    sha, chosen = named or (head, "what is checked out")
    return ReleaseCommit(
        path=str(top),
        sha=sha,
        made=moment_of(git_text(top, "show", "-s", "--format=%ct", sha), sha),
        chosen=chosen,
        head=head,
        branch=git_text(top, "symbolic-ref", "--quiet", "--short", "HEAD", accepted=(0, 1)),
        tags=tuple(sorted(git_text(top, "tag", "--points-at", sha).split())),
        shallow=git_text(top, "rev-parse", "--is-shallow-repository") == "true",
        partial=bool(git_text(top, "config", "--get-regexp", r"^remote\..*\.promisor$", accepted=(0, 1))),
    )


def _named(top: Path, name: str, by: str, *, or_none: bool = False) -> tuple[str, str] | None:
    """The commit of a tag, also with a "v" before it, of a branch or of digits, and what it was chosen by.

    Raises:
        CouldNotVerify: there is none, unless that is allowed.
    """
    candidates = [(f"refs/tags/{name}", "tag"), (f"refs/tags/v{name}", "tag")]
    candidates += [(f"refs/heads/{name}", "branch"), (f"refs/remotes/{name}", "branch")]
    candidates += [(name.lower(), "commit")] * bool(_COMMIT.fullmatch(name.lower()))
    for reference, kind in candidates:
        asked = f"{reference}^{{commit}}"
        sha = git_text(top, "rev-parse", "--verify", "--quiet", "--end-of-options", asked, accepted=(0, 1, 128))
        if _COMMIT.fullmatch(sha):
            shown = reference.removeprefix("refs/tags/") if kind == "tag" else name
            return sha, f"{kind} {cut(shown, 80)}, {by}"
    if or_none:
        return None
    raise CouldNotVerify(
        f"{cut(name, 80)}, {by}, is no tag or commit of {top}: fetch the tags, or declare the repository's `commit`"
    )


def files_of(commit: ReleaseCommit) -> tuple[TreeFile, ...]:
    """Every file of the commit, in the order of their paths.

    Raises:
        CouldNotVerify: git cannot be asked, or there are too many.
    """
    listed = _asked(Path(commit.path), "ls-tree", "-r", "-l", "-z", "--full-tree", commit.sha).split(b"\0")
    if len(listed) > MOST_FILES:
        raise CouldNotVerify(f"the commit {commit.short} has more than {MOST_FILES} files")
    matches = [_FILE.fullmatch(each) for each in listed if each]
    if None in matches:
        raise CouldNotVerify(f"the clone at {commit.path} lacks some of the files of {commit.short}")
    return tuple(
        TreeFile(path.decode("utf-8", "surrogateescape"), mode.decode(), oid.decode(), int(size) if size != b"-" else 0)
        for mode, _, oid, size, path in (match.groups() for match in matches if match)
    )


def read_files(
    commit: ReleaseCommit, files: Iterable[TreeFile], *, most: int = BLOB_BYTES
) -> Iterator[tuple[TreeFile, bytes]]:
    """Yield regular files with their bytes, in the order given; links and those of more than `most` bytes are left out.

    Raises:
        CouldNotVerify: git cannot be asked, or an object is not here (a partial clone).
    """
    for batch in _batches([each for each in files if each.regular and each.size <= most]):
        wanted = "".join(f"{each.oid}\n" for each in batch).encode()
        data = memoryview(_asked(Path(commit.path), "cat-file", "--batch", given=wanted))
        at = 0
        for each in batch:
            end = bytes(data[at : at + 200]).find(b"\n")
            head = bytes(data[at : at + end]).split(b" ")
            if len(head) != 3 or head[1] != b"blob":
                raise CouldNotVerify(f"{each.path} of {commit.short} is not in this clone")
            start, size = at + end + 1, int(head[2])
            yield each, bytes(data[start : start + size])
            at = start + size + 1


def _batches(files: Sequence[TreeFile]) -> Iterator[list[TreeFile]]:
    batch: list[TreeFile] = []
    total = 0
    for each in files:
        if batch and total + each.size > _BATCH_BYTES:
            yield batch
            batch, total = [], 0
        batch.append(each)
        total += each.size + 200
    if batch:
        yield batch
