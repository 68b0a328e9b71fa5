"""What the committed rules of a repository ignore, and whether it has or had a file nevertheless."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Field

from pytest_readiness.core.evidence import CouldNotVerify
from pytest_readiness.core.text import cut
from pytest_readiness.domains.source.commit import BLOB_BYTES, ReleaseCommit, TreeFile, git_text, read_files
from pytest_readiness.protocols.git import CUT_OFF

_RULES = ".gitignore"
_MOST_COMMITS = 3
"""Of those that had the file, as many are named."""


def _leads_out(path: str) -> bool:
    return any(part in ("", ".", "..", ".git") for part in path.split("/"))


def _in_repository(text: str) -> str:
    if _leads_out(text):
        raise ValueError("must be the path of a file from the top of the repository, such as config/.env.production")
    if text.startswith(":") or any(sign in text for sign in "*?[\\\0\n"):
        raise ValueError("must be the path of one file, such as logs/app.log, not a pattern")
    return text


RepositoryPath = Annotated[str, Field(min_length=1, max_length=500), AfterValidator(_in_repository)]


@dataclass(frozen=True, slots=True)
class PathRule:
    """What a commit's rules say of a path.

    Attributes:
        path: from the top of the repository.
        rule: the rule that decides, with its file and line (".gitignore, line 3"); "" for none.
        ignored: whether it ignores the path.
        elsewhere: a rule that ignores it here, and that is not in the commit; "" for none.
        tracked: the path is in the index, or in the commit.
        changes: how many commits of all that are here changed the path, counted up to three; 0 where nobody asked for
            them.
        commits: these commits.
    """

    path: str
    rule: str
    ignored: bool
    elsewhere: str
    tracked: bool
    changes: int = 0
    commits: tuple[str, ...] = ()


def path_rules(
    commit: ReleaseCommit, files: Sequence[TreeFile], paths: Sequence[str], *, history: bool
) -> tuple[PathRule, ...]:
    """What the rules in a commit say of paths, in the order of these.

    Only the commit's own .gitignore files count: not those that are not committed, no .git/info/exclude and nothing of
    this user's.

    Args:
        commit: whose rules, and whose repository.
        files: all of the commit.
        paths: from the top of the repository.
        history: ask all commits of the clone whether they changed the paths, which takes longer.

    Raises:
        CouldNotVerify: git cannot be asked, one of its rules' files is too long to be read, or a path is in a submodule
            or another repository.
    """
    top = Path(commit.path)
    rules = [each for each in files if each.regular and each.path.rpartition("/")[2] == _RULES]
    if unread := [each.path for each in rules if each.size > BLOB_BYTES or _leads_out(each.path)]:
        raise CouldNotVerify(f"{cut(unread[0], 100)} is too long, or in a place of none, to be read")
    with tempfile.TemporaryDirectory() as name:
        copy = Path(name)
        git_text(copy, "init", "-q", "--template=")
        git_text(copy, "config", "core.excludesFile", "/dev/null")
        for file, content in read_files(commit, rules):
            (copy / file.path).parent.mkdir(parents=True, exist_ok=True)
            (copy / file.path).write_bytes(content)
        committed = _rules(copy, paths)
    here = _rules(top, [path for path, rule in committed.items() if not rule or rule.startswith("!")])
    tracked = {each.path for each in files}
    for path in paths:
        above = ["/".join(path.split("/")[:number]) for number in range(1, path.count("/") + 1)]
        if inner := next((each for each in above if each in tracked or (top / each / ".git").exists()), None):
            raise CouldNotVerify(f"{cut(inner, 100)} is no folder of this repository, whose rules do not count in it")
    return tuple(
        PathRule(
            path=path,
            rule=rule.removeprefix("!"),
            ignored=bool(rule) and path not in here,
            elsewhere=here.get(path, "").partition("!")[0],
            tracked=path in tracked or bool(git_text(top, "ls-files", "-z", "--", path)),
            changes=len(commits),
            commits=commits,
        )
        for path, rule in committed.items()
        for commits in [_commits(top, path) if history else ()]
    )


def _rules(top: Path, paths: Iterable[str]) -> dict[str, str]:
    """The rule that decides on each path, "!" before one that takes it in again; "" for none.

    The exit code says nothing of that: it is 0 for both.
    """
    given = "".join(f"{path}\0" for path in dict.fromkeys(paths)).encode("utf-8", "surrogateescape")
    if not given:
        return {}
    words = ("check-ignore", "--no-index", "--verbose", "--non-matching", "-z", "--stdin")
    said = git_text(top, *words, given=given, accepted=(0, 1)).split("\0")
    found = zip(said[0::4], said[1::4], said[2::4], said[3::4], strict=False)
    return {
        path: f"{'!' * pattern.startswith('!')}{file}, line {line}" if file else ""
        for file, line, pattern, path in found
    }


def _commits(top: Path, path: str) -> tuple[str, ...]:
    # Whatever changed the path: history is not simplified, so that a merge that brought it counts, too.
    most = f"--max-count={_MOST_COMMITS}"
    said = git_text(top, "log", "--all", "--full-history", "--no-renames", most, "--format=%h", "--", path)
    return tuple(said.split())


def refuse_if_cut_off(commit: ReleaseCommit, found: Iterable[PathRule]) -> None:
    """In a clone without all of its history, that no commit had a path is not known.

    Raises:
        CouldNotVerify: the clone has not all of it, and what it has does not show a path.
    """
    if commit.shallow and not any(each.changes for each in found):
        raise CouldNotVerify(f"whether a commit had it is not known: {CUT_OFF}")


def said_of(rule: PathRule) -> str:
    """Why a path is not ignored by the commit's rules, as the end of a sentence."""
    if rule.rule:
        return f"{rule.path} is taken in again by {rule.rule}"
    if rule.elsewhere:
        return f"{rule.path} is ignored here only, by {rule.elsewhere}, which the commit does not have"
    return f"{rule.path} is ignored by no rule"
