"""Claims about what a forge keeps of a project."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import timedelta
from typing import Annotated

from pydantic import Field

from pytest_readiness.core.evidence import CouldNotVerify, Evidence, claim
from pytest_readiness.core.registry import check
from pytest_readiness.domains.forge.api import said
from pytest_readiness.domains.forge.facts import OpenIssue, OpenIssues

Name = Annotated[str, Field(pattern=r"\S", max_length=200)]
_ANY = "*"


@check(
    "forge.issues",
    severity="high",
    remedy="Resolve the issues that block the release, or relabel those that do not, and triage the rest.",
)
def issues(
    open_issues: OpenIssues,
    *,
    labels: Annotated[list[Name], Field(min_length=1)],
    milestone: Name | None = None,
    types: Annotated[list[Name], Field(min_length=1)] | None = None,
    triage: Annotated[list[Name], Field(min_length=1)] | None = None,
    grace_days: Annotated[float, Field(ge=0, le=365)] = 0,
) -> Evidence:
    """No open issue of the project blocks the release, and with `triage` every one is triaged.

    Proposed changes (pull requests) are no issues. Each label and milestone that is named must exist there. Trackers
    elsewhere, private reports of weaknesses, and what nobody has reported are not looked at.

    Args:
        labels: labels of which an issue that blocks has any; `"*"` for whatever it is labelled.
        milestone: only issues of the milestone with this title block; by default those of any and of none.
        types: only issues of these types block (Bug); by default of any type.
        triage: labels of which every open issue must have one, once it has been looked at. Not asked by default.
        grace_days: days that a new issue may wait for that. 0: at a release, none waits.
    """
    found = open_issues
    if len(found.issues) != found.count or any(len(each.labels) != each.count for each in found.issues):
        raise CouldNotVerify("the list of open issues is not whole")
    _refuse_unknown("label", [*labels, *(triage or [])], found.labels)
    _refuse_unknown("milestone", [milestone] if milestone else [], found.milestones)
    wanted, kinds = _folded(labels), _folded(types or [])

    def blocks(issue: OpenIssue) -> bool:
        return (
            (_ANY in wanted or bool(wanted & _folded(issue.labels)))
            and (milestone is None or issue.milestone.casefold() == milestone.casefold())
            and (not kinds or issue.type.casefold() in kinds)
        )

    blocking = [each.number for each in found.issues if blocks(each)]
    of = f" labelled {' or '.join(map(said, labels))}" if _ANY not in wanted else ""
    of += f" of the milestone {said(milestone)}" if milestone else ""
    of += f" of the type {' or '.join(map(said, types))}" if types else ""
    claim(not blocking, expected=f"no open issue{of}", seen=f"{len(blocking)} of {found.count}: {_numbers(blocking)}")
    text = f"0 of {found.count} open issues{of}, asked at {found.at:%Y-%m-%d %H:%M} UTC"
    if triage:
        until, done = found.at - timedelta(days=grace_days), _folded(triage)
        left = [each.number for each in found.issues if each.made <= until and not done & _folded(each.labels)]
        claim(
            not left,
            expected=f"each open issue labelled {' or '.join(map(said, triage))}",
            seen=f"{len(left)} of {found.count} have none of these: {_numbers(left)}",
        )
        text += ", each triaged"
    return Evidence(text, warning=found.told)


def _folded(names: Iterable[str]) -> set[str]:
    return {name.casefold() for name in names}


def _refuse_unknown(what: str, named: Iterable[str], there: Collection[str]) -> None:
    """Raise CouldNotVerify for a name that the project does not have: nothing is ever found by it."""
    known = _folded(there) | {_ANY}
    missing = [said(name) for name in named if name.casefold() not in known]
    if missing:
        raise CouldNotVerify(f"the project has no {what} {', '.join(missing)}; it has {len(there)} {what}s")


def _numbers(numbers: list[int]) -> str:
    return ", ".join(f"#{number}" for number in sorted(numbers)[:20]) + (" …" if len(numbers) > 20 else "")
