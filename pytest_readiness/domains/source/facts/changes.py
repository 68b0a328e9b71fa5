"""By which proposed changes the commits of a release came in, and who approved those, as the forge tells it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest_readiness.domains.source.facts.tree  # noqa: F401  (its fact must be there)
from pytest_readiness.core.evidence import CouldNotVerify
from pytest_readiness.core.registry import fact
from pytest_readiness.domains.forge.api import FACT_SECONDS, Data, ForgeProject, maybe, moment, opened, said, take
from pytest_readiness.domains.forge.resource import Forge
from pytest_readiness.domains.source.commit import ReleaseCommit, git_text
from pytest_readiness.domains.source.resource import Repository
from pytest_readiness.protocols.git import CUT_OFF

MOST_COMMITS = 1000
BEGINNING = "the beginning"
"""In place of a revision, which holds no blank: of the whole history."""
_MOST_OF_GITHUB = 250
"""Commits of one change that GitHub lists."""
_BOT = re.compile(r"(project|group)_\d{1,20}_bot(_\w{1,64})?")
_COAUTHOR = re.compile(r"^co-authored-by:.{0,200}<([^<>\n]{1,200})>", re.IGNORECASE | re.MULTILINE)
_NOREPLY = re.compile(r"(?:\d{1,20}[+-])?([^@+]{1,100})@users\.noreply\.")


@dataclass(frozen=True, slots=True)
class ChangeReview:
    """The last word of someone about a proposed change.

    Attributes:
        by: the account.
        approves: it is an approval; else changes are asked for, or the approval was taken back.
        of_all: it is about the change as it was merged; None where the forge does not tell.
        bot: the account is a program's.
        alias: by what it may be found among authors, besides `by`: with GitLab, whose commits name no account, the
            name of its person in small letters.
    """

    by: str
    approves: bool
    of_all: bool | None
    bot: bool = False
    alias: str = "-"


@dataclass(frozen=True, slots=True)
class ProposedChange:
    """A proposed change that was merged.

    Attributes:
        number: as people are shown it.
        by: account of who proposed it.
        base: branch that it was merged into.
        authors: who wrote what is in it, as far as the forge knows: accounts and addresses.
        wrote: how many these are.
        reviews: last words about it.
        reviewed: how many these are.
        left: approvals that the forge still required when it was merged.
    """

    number: int
    by: str
    base: str
    authors: tuple[str, ...]
    wrote: int
    reviews: tuple[ChangeReview, ...]
    reviewed: int
    left: int = 0


@dataclass(frozen=True, slots=True)
class ReleasedCommit:
    """A commit of the release.

    Attributes:
        sha: the commit.
        changes: numbers of the merged changes that it came in by.
        author: where there is none, whose the commit is, as the forge tells by its address; else "".
    """

    sha: str
    changes: tuple[int, ...]
    author: str = ""


@dataclass(frozen=True, slots=True)
class ReleasedChanges:
    """What came into a release since an earlier one.

    Attributes:
        since: the earlier one, "the beginning" for the whole history.
        commit: the commit that is released.
        commits: those that came in.
        count: how many these are.
        changes: the merged changes that they came in by.
        default_branch: the branch that changes usually go into.
        told: what a reader must know; "" for nothing.
    """

    since: str
    commit: str
    commits: tuple[ReleasedCommit, ...]
    count: int
    changes: tuple[ProposedChange, ...]
    default_branch: str
    told: str = ""


@fact(deadline=FACT_SECONDS)
def released_changes(
    repository: Repository,  # noqa: ARG001
    release_commit: ReleaseCommit,
    forge: Forge,
    *,
    ask: str,
) -> ReleasedChanges:
    """Every commit since an earlier release, the merged changes that they came in by, and who approved those.

    It is asked with the earlier release's tag or commit, or "" for the newest tag before.
    """
    since, commits = _range(release_commit, ask)
    with opened(forge) as project:
        known: dict[str, set[int]] = {}
        changes: dict[int, ProposedChange] = {}
        found = [_released(project, sha, known, changes) for sha in commits]
        return ReleasedChanges(
            since=since,
            commit=release_commit.sha,
            commits=tuple(found),
            count=len(found),
            changes=tuple(changes.values()),
            default_branch=project.default_branch,
            told=project.told,
        )


def _range(commit: ReleaseCommit, since: str) -> tuple[str, list[str]]:
    """The earlier release, and the commits that came in since then."""
    top = Path(commit.path)
    if commit.shallow:
        raise CouldNotVerify(f"{top}: {CUT_OFF}")
    if not since:
        described = ("describe", "--tags", "--abbrev=0", f"{commit.sha}^")
        since = git_text(top, *described, accepted=(0, 128))
        if not since:
            raise CouldNotVerify(
                f"there is no tag before {commit.short}: name the earlier release by `since`, or {BEGINNING!r}"
            )
    names = [commit.sha]
    if since != BEGINNING:
        asked = ("rev-parse", "--verify", "--quiet", "--end-of-options", f"{since}^{{commit}}")
        earlier = git_text(top, *asked, accepted=(0, 1, 128))
        if not earlier:
            raise CouldNotVerify(f"{said(since)}, the earlier release, is no tag or commit of {top}: fetch the tags")
        names.append(f"^{earlier}")
    commits = git_text(top, "rev-list", f"--max-count={MOST_COMMITS + 1}", *names).split()
    if len(commits) > MOST_COMMITS:
        raise CouldNotVerify(f"more than {MOST_COMMITS} commits came in since {said(since)}")
    return since, commits


def _released(
    project: ForgeProject, sha: str, known: dict[str, set[int]], changes: dict[int, ProposedChange]
) -> ReleasedCommit:
    """A commit with its changes; what is read of one change tells of its other commits, too."""
    if sha not in known:
        kind = "merge_requests" if project.gitlab else "pulls"
        path = f"repository/commits/{sha}/{kind}" if project.gitlab else f"commits/{sha}/{kind}"
        for data in project.items(path):
            number = take(data, int, "iid" if project.gitlab else "number")
            if number not in changes and maybe(data, str, "merged_at", default=""):
                changes[number], within = _change(project, f"{kind}/{number}", data)
                for each in within:
                    known.setdefault(each, set()).add(number)
            if number in changes:
                known.setdefault(sha, set()).add(number)
    numbers = tuple(sorted(known.get(sha, ())))
    return ReleasedCommit(sha, numbers, "" if numbers else _author(project, sha))


def _author(project: ForgeProject, sha: str) -> str:
    if project.gitlab:
        return maybe(project.get(f"repository/commits/{sha}"), str, "author_email", default="")
    return maybe(project.get(f"commits/{sha}"), str, "author", "login", default="")


def _change(project: ForgeProject, path: str, data: Data) -> tuple[ProposedChange, list[str]]:
    commits = project.items(f"{path}/commits")
    if len(commits) >= _MOST_OF_GITHUB and not project.gitlab:
        raise CouldNotVerify(f"{said(path)} has more commits than GitHub tells of, so not all their authors are known")
    authors = sorted({name for each in commits for name in _authors(each)})
    read = _approvals if project.gitlab else _reviews
    reviews, left = read(project, path, data)
    account = ("author", "username") if project.gitlab else ("user", "login")
    change = ProposedChange(
        number=take(data, int, "iid" if project.gitlab else "number"),
        # An account that was deleted has no name any more.
        by=maybe(data, str, *account, default=""),
        base=take(data, str, "target_branch") if project.gitlab else take(data, str, "base", "ref"),
        authors=tuple(authors),
        wrote=len(authors),
        reviews=tuple(reviews),
        reviewed=len(reviews),
        left=left,
    )
    return change, [take(each, str, "id" if project.gitlab else "sha") for each in commits]


def _authors(data: Data) -> Iterator[str]:
    """Accounts of a commit's authors, in small letters; where the forge does not know one, the address."""
    message = maybe(data, str, "message", default="") + maybe(data, str, "commit", "message", default="")
    mails = [
        maybe(data, str, "author_email", default=""),
        maybe(data, str, "commit", "author", "email", default=""),
        *_COAUTHOR.findall(message),
    ]
    for mail in filter(None, mails):
        match = _NOREPLY.match(mail)
        yield (match[1] if match else mail).lower()
    if name := maybe(data, str, "author_name", default=""):
        yield name.lower()
    for role in ("author", "committer"):
        if login := maybe(data, str, role, "login", default=""):
            yield login.lower()


def _reviews(project: ForgeProject, path: str, data: Data) -> tuple[list[ChangeReview], int]:
    """The last decisive review of each account; comments decide nothing, and take nothing back."""
    head = take(data, str, "head", "sha")
    last: dict[str, ChangeReview] = {}
    for each in project.items(f"{path}/reviews"):
        state = take(each, str, "state").upper()
        if state in ("APPROVED", "CHANGES_REQUESTED", "DISMISSED"):
            by = maybe(each, str, "user", "login", default="")
            bot = maybe(each, str, "user", "type", default="") == "Bot" or by.endswith("[bot]")
            of_all = maybe(each, str, "commit_id", default="") == head
            last.pop(by, None)
            if state != "DISMISSED":
                last[by] = ChangeReview(by, state == "APPROVED", of_all, bot)
    return list(last.values()), 0


def _approvals(project: ForgeProject, path: str, data: Data) -> tuple[list[ChangeReview], int]:  # noqa: ARG001
    """Approvals of GitLab's, each compared with the last push, where the forge tells when it was given."""
    told = project.get(f"{path}/approvals")
    pushed = max((moment(each, "created_at") for each in project.items(f"{path}/versions")), default=None)
    found = []
    for each in take(told, list, "approved_by"):
        by = take(each, str, "user", "username")
        dated = maybe(each, str, "approved_at", default="")
        of_all = moment(each, "approved_at") >= pushed if dated and pushed else None
        alias = maybe(each, str, "user", "name", default="").lower() or "-"
        found.append(ChangeReview(by, True, of_all, bot=_BOT.fullmatch(by) is not None, alias=alias))
    return found, maybe(told, int, "approvals_left", default=0)
