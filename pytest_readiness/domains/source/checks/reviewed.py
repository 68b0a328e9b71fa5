"""The claim that what is released was looked at by someone else than its author."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from pytest_readiness.core.evidence import ClaimFalse, CouldNotVerify, Evidence
from pytest_readiness.core.registry import check
from pytest_readiness.core.text import counted
from pytest_readiness.domains.forge.api import said
from pytest_readiness.domains.source.facts.changes import BEGINNING, ProposedChange, ReleasedChanges
from pytest_readiness.domains.source.resource import Repository, Revision

Names = Annotated[list[Annotated[str, Field(pattern=r"\S", max_length=200)]], Field(min_length=1)]


@check(
    "source.reviewed",
    severity="high",
    remedy="Have each change approved as it is merged, by someone who wrote nothing of it.",
    source="SLSA source track, two-party review; GitHub documentation, 'About pull request reviews'",
    asks=lambda repository, since: {"released_changes": since or ""},  # noqa: ARG005
)
def reviewed(
    repository: Repository,
    released_changes: ReleasedChanges,
    *,
    since: Revision | Annotated[str, Field(pattern=f"^{BEGINNING}$")] | None = None,
    branch: Revision | None = None,
    approvals: Annotated[int, Field(ge=1, le=20)] = 1,
    excepted: Names | None = None,
) -> Evidence:
    """Every commit since the last release came in by a merged change that someone else approved at its last state.

    An approval counts if it is the account's last word about the change as it was merged, and the account is no
    program's, did not propose the change and wrote nothing of it, as far as the forge knows its authors: an address in
    `Co-authored-by` that the forge gives no account is not compared. How thorough a review was, and what a merge
    itself changed, is not looked at.

    Args:
        since: tag or commit of the earlier release, or `the beginning` for the first one. By default the newest tag
            before the commit that is released.
        branch: the branch that changes must have been merged into; by default the repository's, or the forge's default.
        approvals: fewest approvals of each change. 1: two people know it, with its author.
        excepted: accounts (with GitLab addresses, for commits without a change) whose own changes and commits need no
            approval, such as `release-bot`; they are counted. Whose a commit is, its address says, which anyone can
            write.
    """
    found, base = released_changes, branch or repository.branch or released_changes.default_branch
    if len(found.commits) != found.count:
        raise CouldNotVerify("the list of commits is not whole")
    span = f"since {said(found.since)}"
    if not found.count:
        raise CouldNotVerify(f"no commit came in {span}, up to {found.commit[:12]}")
    free = {name.casefold() for name in excepted or ()}
    changes = {each.number: each for each in found.changes}
    faults: list[str] = []
    unclear: list[str] = []
    fine = excused = 0
    judged: dict[int, str | None] = {}
    for commit in found.commits:
        if any(number not in changes for number in commit.changes):
            raise CouldNotVerify("the list of changes is not whole")
        into = [changes[number] for number in commit.changes if changes[number].base == base]
        if (commit.author and commit.author.casefold() in free) or any(each.by.casefold() in free for each in into):
            excused += 1
            continue
        for each in into:
            if each.number not in judged:
                judged[each.number] = _fault(each, approvals)
        said_of = [judged[each.number] for each in into]
        if not into:
            bases = sorted({changes[number].base for number in commit.changes})
            other = f" (only into {', '.join(map(said, bases[:5]))})" if bases else ""
            faults.append(f"{commit.sha[:12]} came in by no change that was merged into {said(base)}{other}")
        elif None in said_of:
            fine += 1
        else:
            texts = [text for text in said_of if text]
            (unclear if all(text.startswith("?") for text in texts) else faults).extend(texts)
    if faults:
        shown = list(dict.fromkeys(text.lstrip("?") for text in faults))
        raise ClaimFalse(
            f"{counted(found.count, 'commit')} {span}, each by a change with {counted(approvals, 'approval')} of others"
            " at its last state",
            f"{'; '.join(shown[:10])}{' …' if len(shown) > 10 else ''}",
        )
    if unclear:
        raise CouldNotVerify("; ".join(list(dict.fromkeys(text.lstrip("?") for text in unclear))[:10]))
    if not fine:
        raise CouldNotVerify(f"all of {counted(excused, 'commit')} {span} are of those that `excepted` names")
    good = sum(text is None for text in judged.values())
    text = f"{fine} of {counted(found.count, 'commit')} {span} by {counted(good, 'change')}"
    text += f", each with {approvals} or more approvals"
    return Evidence(f"{text}; {excused} excepted" if excused else text, warning=found.told)


def _fault(change: ProposedChange, approvals: int) -> str | None:
    """What is wrong with a change, None for nothing; with a question mark before it, what may be."""
    if len(change.reviews) != change.reviewed or len(change.authors) != change.wrote:
        raise CouldNotVerify(f"what is known of the change {change.number} is not whole")
    name = f"change {change.number}"
    against = [said(each.by) for each in change.reviews if not each.approves]
    if against:
        return f"{name} was merged while {', '.join(against)} asked for changes"
    if change.left > 0:
        return f"{name} was merged with {counted(change.left, 'approval')} left to give"
    own = {change.by.casefold(), *map(str.casefold, change.authors), ""}
    others = [each for each in change.reviews if not each.bot and own.isdisjoint((each.by.casefold(), each.alias))]
    if not change.by and others:
        return f"?{name} was proposed by an account that is gone, which may be the approver's"
    if sum(each.of_all is True for each in others) >= approvals:
        return None
    if sum(each.of_all is not False for each in others) >= approvals:
        return f"?when {name} was approved is not told by the forge, so that it may have been changed afterwards"
    late, dropped = sum(each.of_all is False for each in others), len(change.reviews) - len(others)
    given = counted(len(others), "approval")
    return f"{name} has {given} of others, {late} before its last push, {dropped} of authors or bots"
