"""When a document was changed, by Git: what its words say, not its layout, and not the dates of files."""

from __future__ import annotations

import re
from codecs import BOM_UTF16_BE, BOM_UTF16_LE
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from pytest_readiness.config.target import Target
from pytest_readiness.core.evidence import CouldNotVerify
from pytest_readiness.core.registry import fact
from pytest_readiness.domains.docs.facts.text import read_text
from pytest_readiness.domains.docs.resource import Document
from pytest_readiness.domains.docs.written import says_something
from pytest_readiness.domains.source.commit import (
    ReleaseCommit,
    TreeFile,
    commit_of,
    git_text,
    moment_of,
    read_files,
    top_of,
)
from pytest_readiness.domains.source.resource import Repository
from pytest_readiness.protocols.git import CUT_OFF, GitError, is_cut_off

_MOST_VERSIONS = 200
"""Of a document, the newest ones; where all of them say the same, the oldest of them counts."""
_REVIEWED = re.compile(r"^(?:last[_-])?review(?:ed)?(?:[_-](?:on|at))?:[ \t]*['\"]?(\d{4}-\d{2}-\d{2})\b", re.MULTILINE)
_FRONT = re.compile(r"\A---\n(?:(?!---\n).*\n)*---\n")


@dataclass(frozen=True, slots=True)
class DocumentHistory:
    """When a document was changed.

    Attributes:
        path: from the top of its repository.
        commit: the commit that was read.
        changed: when its words were last changed, in UTC; the earlier of the author's and the committer's time.
        by: the commit that did it.
        reviewed: the day that its front matter names as that of a review.
        others: by path that was asked for, when a file there was last changed; None where the commit has none.
    """

    path: str
    commit: ReleaseCommit
    changed: datetime
    by: str
    reviewed: date | None
    others: Mapping[str, datetime | None]


def place_of(document: Document, target: Target) -> tuple[ReleaseCommit, str]:
    """The commit that a document is read from, and its path there.

    That is the release's commit where the target declares the repository, and what is checked out otherwise.

    Raises:
        CouldNotVerify: it is in no repository, or its commit is not known.
    """
    path = document.path.resolve()
    if not path.is_file():
        raise CouldNotVerify(f"{document.path} is not a file")
    top = top_of(Repository(name=document.name, path=path.parent))
    declared = [each for each in target.of("repository") if isinstance(each, Repository) and _is_in(each, top)]
    if declared:
        return commit_of(declared[0], target), path.relative_to(top).as_posix()
    return commit_of(Repository(name=document.name, path=top), Target(target.name)), path.relative_to(top).as_posix()


def _is_in(repository: Repository, top: Path) -> bool:
    try:
        return top_of(repository) == top
    except CouldNotVerify:
        return False


@fact(deadline=60)
def document_history(document: Document, target: Target, *, asks: tuple[str, ...]) -> DocumentHistory:
    """When the words of the document were last changed by its Git history, and when the asked paths were."""
    commit, path = place_of(document, target)
    top = Path(commit.path)
    versions = _versions(commit, path)
    if not versions:
        raise CouldNotVerify(f"{path} is not in the commit {commit.short} of {top}")
    texts = _texts(commit, versions)
    newest = next(texts)
    (changed, sha), words = versions[0][:2], _words(newest, document)
    if not words:
        raise CouldNotVerify(f"{path} has no text in the commit {commit.short}")
    for (moment, older, _), text in zip(versions[1:], texts, strict=True):
        if _words(text, document) != words:
            break
        changed, sha = moment, older
    _refuse_cut_off(top, sha, path)
    return DocumentHistory(path, commit, changed, sha, _reviewed(newest), {each: _last(commit, each) for each in asks})


def _versions(commit: ReleaseCommit, path: str) -> list[tuple[datetime, str, str]]:
    """When, by which commit and under which name each version was made, the newest first."""
    # A merge counts where it says what none of its parents did.
    asked = ("log", f"-{_MOST_VERSIONS}", "--follow", "--diff-filter=d", "--cc", "-z", "--format=@%H %at %ct")
    rows = git_text(Path(commit.path), *asked, "--name-only", commit.sha, "--", path).split("\0")
    found: list[tuple[datetime, str, str]] = []
    for row in filter(None, (each.removeprefix("\n") for each in rows)):
        if re.fullmatch(r"@[0-9a-f]{40,64} \d+ \d+", row):
            sha, *seconds = row[1:].split()
            made = moment_of(min(seconds, key=int), sha)
        else:
            found.append((made, sha, row))
    return found


def _texts(commit: ReleaseCommit, versions: list[tuple[datetime, str, str]]) -> Iterator[str]:
    for _, sha, name in versions:
        oid = git_text(Path(commit.path), "rev-parse", "--verify", f"{sha}:{name}")
        file = TreeFile(name, "100644", oid, 0)
        yield from (_decoded(data) for _, data in read_files(commit, [file]))


def _decoded(data: bytes) -> str:
    """A version's text: to write it in another encoding is no change of its words."""
    try:
        return data.decode("utf-16" if data.startswith((BOM_UTF16_LE, BOM_UTF16_BE)) else "utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace")


def _words(text: str, document: Document) -> list[str]:
    """What the document says, without layout, comments, stubs and lines that only tell when it was changed."""
    sections, _ = read_text(text, document.path)
    said = [each for part in sections for each in (part.title, *part.blocks) if says_something(each)]
    return re.findall(r"\w+", "\n".join(said).casefold())


def _reviewed(text: str) -> date | None:
    front = _FRONT.match(text.replace("\r\n", "\n"))
    found = _REVIEWED.search(front[0]) if front else None
    try:
        return date.fromisoformat(found[1]) if found else None
    except ValueError:
        return None


def _last(commit: ReleaseCommit, path: str) -> datetime | None:
    asked = ("log", "-1", "--format=%at %ct %H", commit.sha, "--", path)
    if not (found := git_text(Path(commit.path), *asked).split()):
        return None
    _refuse_cut_off(Path(commit.path), found[2], path)
    return moment_of(max(found[:2], key=int), found[2])


def _refuse_cut_off(top: Path, sha: str, path: str) -> None:
    """In a shallow clone, all that is older seems to be changed by its last commit."""
    try:
        if is_cut_off(top, sha):
            raise CouldNotVerify(f"when {path} was changed is not known before the commit {sha[:12]}: {CUT_OFF}")
    except GitError as error:
        raise CouldNotVerify(f"when {path} was changed is not known: {error}") from None
