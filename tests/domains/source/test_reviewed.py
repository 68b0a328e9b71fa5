from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from pytest_readiness.core.evidence import ClaimFalse, CouldNotVerify
from tests.domains.forge.forge_world import ForgeWorld, forge_world
from tests.stack.forge import at

NOW = datetime.now(UTC)
ID = "source.reviewed"
HEAD = "a" * 40


@pytest.fixture(params=["github", "gitlab"])
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[ForgeWorld]:
    """A release v1.0, and one commit after it that came in by the change 7."""
    with forge_world(request.param, tmp_path / "shop") as made:
        made.repo.git("tag", "v1.0")
        made.sha = made.repo.commit({"shop.py": "pass\n"})
        propose(made, 7, [made.sha])
        approve(made, 7, "reviewer")
        yield made


def kind(world: ForgeWorld) -> str:
    return "merge_requests" if world.gitlab else "pulls"


def propose(
    world: ForgeWorld, number: int, commits: list[str], *, by: str = "dev", base: str = "main", **more: Any
) -> None:
    """A change that was merged, by which these commits came in, as the services document it."""
    data: dict[str, Any] = {"merged_at": at(NOW), "state": "merged" if world.gitlab else "closed"}
    if world.gitlab:
        data |= {"iid": number, "author": {"username": by}, "target_branch": base, "sha": HEAD}
    else:
        data |= {"number": number, "user": {"login": by}, "base": {"ref": base}, "head": {"sha": HEAD}}
    data |= more
    for sha in commits:
        prefix = "repository/" if world.gitlab else ""
        world.forge.answers.setdefault(f"{prefix}commits/{sha}/{kind(world)}", []).append(data)
    path = f"{kind(world)}/{number}"
    world.forge.answers |= {
        f"{path}/commits": [written(world, HEAD, by)],
        f"{path}/reviews": [],
        f"{path}/versions": [{"id": 1, "head_commit_sha": HEAD, "created_at": at(NOW - timedelta(hours=2))}],
        f"{path}/approvals": {"approvals_required": 1, "approvals_left": 0, "approved_by": []},
    }


def written(world: ForgeWorld, sha: str, by: str, message: str = "Change") -> dict[str, Any]:
    """A commit of a change."""
    if world.gitlab:
        return {"id": sha, "author_name": by.title(), "author_email": f"{by}@example.com", "message": message}
    commit = {"author": {"email": f"{by}@example.com"}, "message": message}
    return {"sha": sha, "author": {"login": by}, "committer": {"login": "web-flow"}, "commit": commit}


def approve(world: ForgeWorld, number: int, by: str, *, late: bool = False, bot: bool = False) -> None:
    """An approval of the change as it was merged; `late`: of an earlier state of it."""
    path = f"{kind(world)}/{number}"
    if world.gitlab:
        user = {"username": "project_5_bot_3f9c" if bot else by, "name": by.title()}
        when = at(NOW - timedelta(hours=3 if late else 1))
        world.forge.answers[f"{path}/approvals"]["approved_by"].append({"user": user, "approved_at": when})
    else:
        review(world, number, by, "APPROVED", "b" * 40 if late else HEAD, "Bot" if bot else "User")


def review(world: ForgeWorld, number: int, by: str, state: str, head: str = HEAD, type: str = "User") -> None:
    told = {"user": {"login": by, "type": type}, "state": state, "commit_id": head}
    world.forge.answers[f"pulls/{number}/reviews"].append(told)


def unreviewed(world: ForgeWorld, match: str, **parameters: Any) -> None:
    with pytest.raises(ClaimFalse) as failure:
        world.judge(ID, **parameters)
    assert match in failure.value.seen


def test_an_approved_change_passes(world: ForgeWorld) -> None:
    text = "1 of 1 commit since v1.0 by 1 change, each with 1 or more approvals"
    assert world.judge(ID).text == text
    assert world.judge(ID, since="v1.0").text == text
    assert world.judge(ID, declared=None).text == text


def test_squashed_rebased_and_merged_changes_pass(world: ForgeWorld) -> None:
    world.repo.git("checkout", "-q", "-b", "feature")
    one = world.repo.commit({"a": "1"})
    two = world.repo.commit({"b": "1"})
    world.repo.git("checkout", "-q", "main")
    world.repo.git("merge", "-q", "--no-ff", "-m", "Merge", "feature")
    propose(world, 8, [one, world.repo.git("rev-parse", "HEAD")])
    world.forge.answers[f"{kind(world)}/8/commits"] = [written(world, one, "dev"), written(world, two, "dev")]
    approve(world, 8, "reviewer")
    assert world.judge(ID).text.startswith("4 of 4 commits since v1.0 by 2 changes")


def test_a_commit_that_was_pushed_fails(world: ForgeWorld) -> None:
    sha = world.repo.commit({"fix.py": "pass\n"}, message="Fix\n\nReviewed-by: Reviewer <reviewer@example.com>")
    prefix = "repository/" if world.gitlab else ""
    world.forge.answers |= {
        f"{prefix}commits/{sha}/{kind(world)}": [],
        f"{prefix}commits/{sha}": {"author": {"login": "release-bot"}, "author_email": "release-bot@example.com"},
    }
    unreviewed(world, f"{sha[:12]} came in by no change that was merged into main")
    bot = "release-bot@example.com" if world.gitlab else "release-bot"
    assert world.judge(ID, excepted=[bot]).text.endswith("; 1 excepted")


@pytest.mark.parametrize("how", ["nobody", "late", "author", "coauthor", "cowriter", "bot"])
def test_a_change_that_no_other_has_approved_at_its_end_fails(world: ForgeWorld, how: str) -> None:
    propose(world, 8, [sha := world.repo.commit({"a": "1"})])
    by = {"author": "dev", "coauthor": "pair", "cowriter": "pair"}.get(how, "reviewer")
    if how == "coauthor":
        message = "Change\n\nCo-authored-by: Pair <12345+Pair@users.noreply.github.com>"
        world.forge.answers[f"{kind(world)}/8/commits"] = [written(world, sha, "dev", message)]
    if how == "cowriter":
        world.forge.answers[f"{kind(world)}/8/commits"].append(written(world, "c" * 40, "pair"))
    if how != "nobody":
        approve(world, 8, by, late=how == "late", bot=how == "bot")
    unreviewed(world, "change 8 has ")
    approve(world, 8, "second")
    assert world.judge(ID)


def test_a_change_into_another_branch_fails(world: ForgeWorld) -> None:
    sha = world.repo.commit({"a": "1"})
    propose(world, 8, [sha], base="feature")
    approve(world, 8, "reviewer")
    unreviewed(world, "no change that was merged into main (only into feature)")


def test_a_change_that_was_closed_fails(world: ForgeWorld) -> None:
    sha = world.repo.commit({"a": "1"})
    propose(world, 8, [sha], merged_at=None)
    approve(world, 8, "reviewer")
    world.forge.answers[f"{'repository/' if world.gitlab else ''}commits/{sha}"] = {"author": None}
    unreviewed(world, "came in by no change")


def test_more_approvals(world: ForgeWorld) -> None:
    unreviewed(world, "change 7 has 1 approval of others", approvals=2)
    approve(world, 7, "second")
    assert world.judge(ID, approvals=2)


def test_changes_of_a_bot_are_excepted_by_name_only(world: ForgeWorld) -> None:
    propose(world, 8, [world.repo.commit({"lock": "1"})], by="dependabot[bot]")
    unreviewed(world, "change 8 has 0 approvals")
    assert world.judge(ID, excepted=["dependabot[bot]"]).text.endswith("; 1 excepted")
    with pytest.raises(CouldNotVerify, match=r"all of 2 commits since v1.0 are of those"):
        world.judge(ID, excepted=["dependabot[bot]", "dev"])


def test_nothing_came_in(world: ForgeWorld) -> None:
    with pytest.raises(CouldNotVerify, match="no commit came in since HEAD"):
        world.judge(ID, since="HEAD")


def test_the_earlier_release_is_not_known(world: ForgeWorld) -> None:
    with pytest.raises(CouldNotVerify, match=r"v0.9, the earlier release, is no tag or commit"):
        world.judge(ID, since="v0.9")
    world.repo.git("tag", "-d", "v1.0")
    with pytest.raises(CouldNotVerify, match="there is no tag before"):
        world.judge(ID)
    with pytest.raises(CouldNotVerify, match="404"):
        world.judge(ID, since="the beginning")
    propose(world, 6, [world.repo.git("rev-parse", "HEAD^")])
    approve(world, 6, "reviewer")
    assert world.judge(ID, since="the beginning").text.startswith("2 of 2 commits since the beginning by 2 changes")


def test_a_shallow_clone(world: ForgeWorld, tmp_path: Path) -> None:
    world.repo.git("clone", "-q", "--depth", "1", f"file://{world.repo.path}", str(tmp_path / "shallow"))
    world.repo.path = tmp_path / "shallow"
    with pytest.raises(CouldNotVerify, match="the history is cut off here"):
        world.judge(ID)


@pytest.fixture
def github(tmp_path: Path) -> Iterator[ForgeWorld]:
    with forge_world("github", tmp_path / "shop") as made:
        made.repo.git("tag", "v1.0")
        propose(made, 7, [made.repo.commit({"shop.py": "pass\n"})])
        yield made


@pytest.mark.parametrize(
    ("reviews", "seen"),
    [
        ([("reviewer", "APPROVED"), ("reviewer", "CHANGES_REQUESTED")], "while reviewer asked for changes"),
        ([("reviewer", "APPROVED"), ("other", "CHANGES_REQUESTED")], "while other asked for changes"),
        ([("reviewer", "DISMISSED")], "change 7 has 0 approvals"),
        ([("reviewer", "COMMENTED")], "change 7 has 0 approvals"),
    ],
)
def test_last_words_on_github(github: ForgeWorld, reviews: list[tuple[str, str]], seen: str) -> None:
    for by, state in reviews:
        review(github, 7, by, state)
    unreviewed(github, seen)


def test_a_later_approval_and_a_comment_after_it_on_github(github: ForgeWorld) -> None:
    for state in ("CHANGES_REQUESTED", "APPROVED", "COMMENTED"):
        review(github, 7, "reviewer", state)
    assert github.judge(ID)


def test_accounts_that_are_gone_on_github(github: ForgeWorld) -> None:
    github.forge.answers["pulls/7/reviews"] = [{"user": None, "state": "APPROVED", "commit_id": HEAD}]
    unreviewed(github, "change 7 has 0 approvals")
    propose(github, 8, [github.repo.commit({"a": "1"})], user=None)
    approve(github, 8, "reviewer")
    approve(github, 7, "reviewer")
    with pytest.raises(CouldNotVerify, match="change 8 was proposed by an account that is gone"):
        github.judge(ID)


def test_more_commits_of_a_change_than_github_lists(github: ForgeWorld) -> None:
    github.forge.page = 100
    github.forge.answers["pulls/7/commits"] = [written(github, f"{n:040x}", "dev") for n in range(250)]
    with pytest.raises(CouldNotVerify, match="has more commits than GitHub tells of"):
        github.judge(ID)


def test_gitlab_approvals(tmp_path: Path) -> None:
    with forge_world("gitlab", tmp_path / "shop") as gitlab:
        gitlab.repo.git("tag", "v1.0")
        propose(gitlab, 7, [gitlab.repo.commit({"a": "1"})])
        approvals = gitlab.forge.answers["merge_requests/7/approvals"]
        approvals["approved_by"] = [{"user": {"username": "reviewer", "name": "Reviewer"}}]
        with pytest.raises(CouldNotVerify, match="when change 7 was approved is not told by the forge"):
            gitlab.judge(ID)
        approvals["approved_by"][0]["approved_at"] = at(NOW)
        assert gitlab.judge(ID)
        approvals["approvals_left"] = 1
        unreviewed(gitlab, "change 7 was merged with 1 approval left to give")


def test_parameters_that_ask_nothing_are_refused(github: ForgeWorld) -> None:
    refused: list[dict[str, Any]] = [{"approvals": 0}, {"excepted": []}, {"since": "--all"}, {"since": "the end"}]
    for parameters in refused:
        with pytest.raises(ValidationError):
            github.judge(ID, **parameters)
