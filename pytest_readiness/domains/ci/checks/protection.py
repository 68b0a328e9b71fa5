"""Claims about the protection of branches."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Annotated

from pydantic import Field

from pytest_readiness.core.evidence import ClaimFalse, CouldNotVerify, Evidence, NotDeclared
from pytest_readiness.core.registry import check
from pytest_readiness.core.text import counted
from pytest_readiness.domains.ci.facts.protection import BranchProtection, Protection
from pytest_readiness.domains.forge.api import said
from pytest_readiness.domains.source.resource import Repository, Revision

Name = Annotated[str, Field(pattern=r"\S", max_length=200)]
Names = Annotated[list[Name], Field(min_length=1)]
Demand = Callable[[Protection], bool | None]
"""Whether a system demands something; None where the forge does not show it."""


def asked_branch(repository: Repository, branch: str | None) -> dict[str, str]:
    """The branch whose protection a check asks for."""
    name = branch or repository.branch
    if not name:
        raise NotDeclared(f"the repository {repository.name} declares no 'branch', and the binding names none")
    return {"branch_protection": name}


@check(
    "ci.branch_protected",
    severity="high",
    remedy="Require reviewed changes on the branch, forbid to rewrite it, and let nobody pass that by.",
    source="GitHub documentation, 'Available rules for rulesets'; GitLab documentation, 'Protected branches'",
    asks=asked_branch,
)
def branch_protected(
    branch_protection: BranchProtection,
    *,
    branch: Revision | None = None,
    approvals: Annotated[int, Field(ge=0, le=20)] = 1,
    renewed: bool = False,
    bypass: Names | None = None,
) -> Evidence:
    """The branch takes only proposed changes with the approvals asked for, and nobody can rewrite it.

    Rulesets and classic protection of GitHub count together; of GitLab's protected branches those whose wildcards
    match. What someone may bypass does not count, unless `bypass` names them. Who approves is not looked at, nor owners
    of code, nor whether the branch can be deleted and made anew. With GitLab, approvals are a feature of paid editions;
    `approvals: 0` asks for changes alone.

    Args:
        branch: the branch; by default the repository's.
        approvals: fewest approvals of a change. 1: someone besides its author.
        renewed: an approval must not count for what was pushed after it.
        bypass: who may bypass the protection: `administrators`, or as the forge numbers them, `Team:7`,
            `RepositoryRole:5`, with GitLab `maintainers`, `developers`, `DeployKey:3`. By default nobody.
    """
    demands: dict[str, Demand] = {
        "changes only by what was proposed": lambda each: each.change,
        f"at least {counted(approvals, 'approval')}": lambda each: (
            None if each.approvals is None else each.change and each.approvals >= approvals
        ),
        "no rewriting": lambda each: each.no_force,
        "approvals that end with a new push": lambda each: each.renewed,
    }
    wanted = [name for name in demands if (approvals or "at least" not in name) and (renewed or "end" not in name)]
    return _judged(branch_protection, {name: demands[name] for name in wanted}, bypass or [])


@check(
    "ci.required_checks",
    severity="high",
    remedy="Make the checks required on the branch, for administrators, too.",
    source="GitHub documentation, 'Available rules for rulesets'; GitLab documentation, 'Merge when pipeline succeeds'",
    asks=asked_branch,
)
def required_checks(
    branch_protection: BranchProtection,
    *,
    checks: Names,
    branch: Revision | None = None,
    bypass: Names | None = None,
) -> Evidence:
    """The branch takes a change only after the named checks have passed.

    A check of GitHub's whose job is skipped counts there as passed. GitLab requires no checks by name, but its pipeline
    as a whole: its only check is `pipeline`, and it does not count where a skipped pipeline is let through.

    Args:
        checks: names of the checks, as the forge shows them; with GitLab `pipeline`.
        branch: the branch; by default the repository's.
        bypass: who may bypass this, as for ci.branch_protected. By default nobody.
    """

    def requires(name: str) -> Demand:
        return lambda each: None if each.checks is None else name in each.checks

    return _judged(branch_protection, {f"the check {said(name)}": requires(name) for name in checks}, bypass or [])


def _judged(protection: BranchProtection, demands: Mapping[str, Demand], bypass: Iterable[str]) -> Evidence:
    """Find each demand in any system that nobody else bypasses.

    Raises:
        ClaimFalse: one is in none, and all that could hold it was read.
        CouldNotVerify: one may be in what could not be read.
    """
    allowed, systems, unread = frozenset(bypass), protection.systems, list(protection.unread)
    firm = [each for each in systems if _shown(each) and allowed.issuperset(each.bypass)]
    missing = [name for name, holds in demands.items() if not any(map(holds, firm))]
    surely = list(missing) if not unread else []
    for name in missing:
        for each in systems:
            if demands[name](each) is None:
                unread.append(each.unread or f"{each.by}: the token does not see the project's settings")
            elif demands[name](each) and not _shown(each):
                unread.append(f"who may bypass {each.by} is not shown to the token")
            else:
                continue
            surely = [other for other in surely if other != name]
    if missing and not surely:
        reasons = "; ".join(dict.fromkeys(unread))
        raise CouldNotVerify(f"{', '.join(missing)} of {said(protection.branch)}: {reasons[:400]}")
    if surely:
        open_to = [each for each in systems if each not in firm]
        loose = [f"{each.by} can be bypassed by {', '.join(map(said, each.bypass[:10]))}" for each in open_to]
        found = "; ".join([f"not {', not '.join(surely)}", *loose, *([] if systems else ["it is not protected"])])
        raise ClaimFalse(f"{', '.join(demands)} on {said(protection.branch)}", found)
    by = ", ".join(each.by for each in firm)
    passing = sorted({who for each in firm for who in each.bypass})
    text = f"{said(protection.branch)}: {', '.join(demands)} ({by})"
    return Evidence(f"{text}; can be bypassed by {', '.join(passing)}" if passing else text, warning=protection.told)


def _shown(each: Protection) -> bool:
    """Whether it is known who may bypass it: all of those that there are."""
    return each.bypasses is not None and each.bypasses == len(each.bypass)
