"""What a forge knows of a project's issues."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from pytest_readiness.core.clock import now
from pytest_readiness.core.evidence import CouldNotVerify
from pytest_readiness.core.registry import fact
from pytest_readiness.domains.forge.api import FACT_SECONDS, Data, ForgeProject, maybe, moment, opened, take
from pytest_readiness.domains.forge.resource import Forge

_REPORTER = 15
"""GitLab's role Planner: the least that sees confidential issues of others."""


@dataclass(frozen=True, slots=True)
class OpenIssue:
    """An issue that is open.

    Attributes:
        number: as people are shown it.
        made: when it was written, in UTC.
        labels: its labels.
        count: how many these are.
        milestone: title of its milestone; "" for none.
        type: name of its type; "" for none.
    """

    number: int
    made: datetime
    labels: tuple[str, ...]
    count: int
    milestone: str = ""
    type: str = ""


@dataclass(frozen=True, slots=True)
class OpenIssues:
    """The issues of a project that are open.

    Attributes:
        at: when they were asked for, in UTC.
        issues: all that are open; changes that are proposed are none.
        count: how many these are.
        labels: labels that the project has.
        milestones: titles of all its milestones, closed ones too.
        told: what a reader must know of the project's name; "" for nothing.
    """

    at: datetime
    issues: tuple[OpenIssue, ...]
    count: int
    labels: tuple[str, ...]
    milestones: tuple[str, ...]
    told: str = ""


@fact(deadline=FACT_SECONDS)
def open_issues(forge: Forge) -> OpenIssues:
    """Every open issue of the project with its labels, and which labels and milestones the project has."""
    with opened(forge) as project:
        _refuse_without_tracker(project)
        found = project.items("issues", query={"state": "opened" if project.gitlab else "open"})
        issues = tuple(_issue(each, gitlab=project.gitlab) for each in found if each.get("pull_request") is None)
        titles = project.items(
            "milestones", query={"include_ancestors": "true"} if project.gitlab else {"state": "all"}
        )
        return OpenIssues(
            at=now(),
            issues=issues,
            count=len(issues),
            labels=tuple(take(each, str, "name") for each in project.items("labels")),
            milestones=tuple(take(each, str, "title") for each in titles),
            told=project.told,
        )


def _refuse_without_tracker(project: ForgeProject) -> None:
    """Raise CouldNotVerify where the tracker is elsewhere, or the token does not see all of it."""
    kept = (
        maybe(project.data, str, "issues_access_level", default="enabled") != "disabled"
        if project.gitlab
        else take(project.data, bool, "has_issues")
    )
    if not kept:
        raise CouldNotVerify(f"{project.forge.where} keeps no issues: they are turned off, so its tracker is elsewhere")
    if project.gitlab and not project.may(_REPORTER, ""):
        raise CouldNotVerify(
            f"the token has no role in {project.forge.where} that sees confidential issues; it needs Reporter"
        )


def _issue(data: Data, *, gitlab: bool) -> OpenIssue:
    labels = tuple(each if isinstance(each, str) else take(each, str, "name") for each in take(data, list, "labels"))
    return OpenIssue(
        number=take(data, int, "iid" if gitlab else "number"),
        made=moment(data, "created_at"),
        labels=labels,
        count=len(labels),
        milestone=maybe(data, str, "milestone", "title", default=""),
        type=maybe(data, str, "issue_type", default="") if gitlab else maybe(data, str, "type", "name", default=""),
    )
