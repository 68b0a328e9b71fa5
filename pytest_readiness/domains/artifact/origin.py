"""Whether a report is about the release, and young enough: what every claim about a report asks first."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, Literal

from pydantic import Field

from pytest_readiness.core import clock
from pytest_readiness.core.evidence import CouldNotVerify, NotDeclared, claim
from pytest_readiness.domains.artifact.files import BESIDE, ReportOrigin

Proof = Literal["commit", "unproven"]
"""What must tie a report to the release: that it names its commit, or only that it is younger than that."""
Age = Annotated[float, Field(gt=0, le=36_500)]
"""In days."""
_SKEW = timedelta(minutes=5)
"""By so much the clock of another machine may be ahead."""


def judge_origin(found: ReportOrigin, *, max_age_days: float | None, about: Proof | None) -> tuple[str, str]:
    """Judge whether a report counts, and return what to say of it, and a warning or "".

    Args:
        found: what is known of the report.
        max_age_days: oldest age in days; None for any.
        about: what must tie it to the release's commit; None where such a report is about no commit. A declared
            repository's commit still must not be younger than the report.

    Raises:
        ClaimFalse: it is older than the release's commit or than allowed, of the future, about another commit or a part
            of a run only.
        CouldNotVerify: its time or its commit is not known.
        NotDeclared: it names no repository, and must be about its commit.
    """
    claim(found.whole, expected="a report of a whole run", seen=f"{found.where} is said to be of a part only")
    if about and found.released is None:
        raise NotDeclared("the report names no repository, by whose released commit it could be judged")
    said = _age(found, max_age_days) if found.made else ""
    proven = bool(found.commit) and not found.unnamed
    if not found.made and (max_age_days is not None or not proven):
        raise CouldNotVerify(
            f"{found.where} does not say when it was made: let its job write `made_at` into a file of that name with"
            f" {BESIDE} behind it"
        )
    commit, elsewhere = found.released, f", read {found.elsewhere}" * bool(found.elsewhere)
    if commit is None:
        return f"{said}{elsewhere}".removeprefix(", "), ""
    expected = f"a report about the release's commit {commit.short}"
    claim(not found.several, expected=expected, seen=f"{found.where}, which names different commits")
    if found.commit:
        claim(found.commit == commit.sha, expected=expected, seen=f"one about {found.commit[:12]}")
    if found.made:
        earliest, latest = _span(found, found.made)
        claim(
            latest >= commit.made - _SKEW,
            expected=f"a report younger than the release's commit {commit.short} of {commit.made:%Y-%m-%d %H:%M} UTC",
            seen=f"one of {_moment(found)}",
        )
        if earliest < commit.made - _SKEW and not proven:
            raise CouldNotVerify(f"{found.where} names the time of {_moment(found)} without its zone, which decides")
    if proven:
        return f"{said} about {commit.short}{elsewhere}".strip(), ""
    if about == "commit":
        raise CouldNotVerify(
            f"{found.where} does not say which commit it is about: let its job write `commit` into a file of that name"
            f" with {BESIDE} behind it, or set `about: unproven`"
        )
    return (
        f"{said}, after the release's commit{elsewhere}",
        "nothing ties the report to the release's commit" if about else "",
    )


def _age(found: ReportOrigin, max_age_days: float | None) -> str:
    assert found.made
    now = clock.now()
    earliest, latest = _span(found, found.made)
    claim(
        earliest <= now + _SKEW,
        expected="a report of the past",
        seen=f"{found.where}, made at {_moment(found)}, and it is {now:%Y-%m-%d %H:%M} UTC",
    )
    said = f"made {_ago(found)}"
    if max_age_days is not None:
        oldest = now - timedelta(days=max_age_days)
        claim(latest >= oldest, expected=f"a report of the last {max_age_days:g} days", seen=f"one {said}")
        if earliest < oldest:
            raise CouldNotVerify(f"{found.where} names the time of {_moment(found)} without its zone, which decides")
    return said


def _span(found: ReportOrigin, made: datetime) -> tuple[datetime, datetime]:
    """The earliest and the latest moment that the report may be of."""
    if not found.to_the_day:
        return made, made
    # A day alone is its first moment, and clocks are up to 14 hours before UTC and 12 behind it.
    return made - timedelta(hours=14), made + timedelta(days=1, hours=12)


def _moment(found: ReportOrigin) -> str:
    assert found.made
    return f"{found.made:%Y-%m-%d}" if found.to_the_day else f"{found.made:%Y-%m-%d %H:%M} UTC"


def _ago(found: ReportOrigin) -> str:
    assert found.made
    past = clock.now() - found.made
    if past < timedelta(hours=1):
        return "within the last hour"
    return f"{past // timedelta(hours=1)} h ago" if past < timedelta(days=2) else f"{past.days} days ago"
