"""What people vouch for (sign-offs) and accept (waivers): each counts for its item, and until a day, in UTC."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Annotated, TypeVar

from pydantic import BaseModel, ConfigDict, Field

from pytest_readiness.binding import SignoffRule
from pytest_readiness.evidence import Evidence
from pytest_readiness.problems import Problem, ProblemsError, nearest
from pytest_readiness.validation import validate
from pytest_readiness.yamlfile import YamlList, YamlMap, read_yaml

Words = Annotated[str, Field(min_length=1, pattern=r"\S")]


class Signoff(BaseModel):
    """A person vouches for an item.

    Attributes:
        item: id of the item ("section/item", or "checklist:section/item").
        by: who signs, as listed under the role in readiness.yaml.
        role: in which role.
        on: day of signing.
        evidence: link, or path of a file that must exist; relative to the sign-offs file.
        release: the release that it is for, where it is for one.
        expires: last day on which it counts.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    item: Words
    by: Words
    role: Words
    on: date
    evidence: Words | None = None
    release: Words | None = None
    expires: date | None = None


class Waiver(BaseModel):
    """A person accepts that an item fails.

    Attributes:
        item: id of the item.
        reason: why that is acceptable.
        by: who accepts it.
        expires: last day on which it counts.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    item: Words
    reason: Words
    by: Words
    expires: date


Entry = TypeVar("Entry", Signoff, Waiver)


@dataclass(frozen=True, slots=True)
class Verdicts:
    """Sign-offs and waivers by full item id ("checklist:section/item").

    Attributes:
        signoffs: in the order of the file.
        waivers: one an item.
        folder: what evidence paths are relative to.
    """

    signoffs: Mapping[str, tuple[Signoff, ...]]
    waivers: Mapping[str, Waiver]
    folder: Path


def read_people(signoffs: Path | None, waivers: Path | None, items: Mapping[str, Sequence[str]]) -> Verdicts:
    """Read the files of people's decisions.

    Args:
        signoffs: file of the sign-offs, where there is one.
        waivers: file of the waivers, where there is one.
        items: for each item id the full ids of the items that it can mean.

    Raises:
        ProblemsError: every mistake, entries that match no item included.
    """
    problems: list[Problem] = []
    signed = _entries(signoffs, "signoffs", Signoff, items, problems) if signoffs else []
    waived = _entries(waivers, "waivers", Waiver, items, problems) if waivers else []
    if problems:
        raise ProblemsError(problems)
    by_item: dict[str, list[Signoff]] = {}
    for full, signoff in signed:
        by_item.setdefault(full, []).append(signoff)
    return Verdicts(
        {full: tuple(entries) for full, entries in by_item.items()},
        # Of several waivers of an item the one that ends last counts.
        dict(sorted(waived, key=lambda pair: pair[1].expires)),
        signoffs.parent if signoffs else Path(),
    )


def _entries(
    path: Path,
    key: str,
    model: type[Entry],
    items: Mapping[str, Sequence[str]],
    problems: list[Problem],
) -> list[tuple[str, Entry]]:
    try:
        root = read_yaml(path, key)
    except ProblemsError as error:
        problems += error.problems
        return []
    entries = root.get(key)
    if entries is None and set(root) <= {key}:
        return []
    if not isinstance(entries, YamlList) or len(root) > 1:
        problems.append(Problem(path, 1, f"The file must hold one list, '{key}'."))
        return []
    found: list[tuple[str, Entry]] = []
    for entry, line in zip(entries, entries.lines, strict=True):
        if not isinstance(entry, YamlMap):
            problems.append(Problem(path, line, f"Each entry of '{key}' must be a mapping."))
            continue
        made = validate(model, entry, entry, (), f"this entry of '{key}'", problems)
        if made is None:
            continue
        full = items.get(made.item, ())
        line = entry.lines["item"]
        if not full:
            problems.append(Problem(path, line, f"No checklist has an item '{made.item}'.{nearest(made.item, items)}"))
        elif len(full) > 1:
            problems.append(
                Problem(path, line, f"'{made.item}' is an item of several checklists; write {' or '.join(full)}.")
            )
        else:
            found.append((full[0], made))
    return found


def judge_signoffs(
    rule: SignoffRule,
    signoffs: Sequence[Signoff],
    people: Sequence[str],
    *,
    folder: Path,
    release: str | None,
    today: date,
) -> tuple[Evidence | None, str]:
    """Return evidence of a sign-off that counts, or None and why there is none.

    Args:
        rule: who must sign, and how long that holds.
        signoffs: what was signed for the item.
        people: who is in the role.
        folder: what evidence paths are relative to.
        release: the release of this run, where it is known.
        today: the day, in UTC.
    """
    refusals = []
    for signoff in reversed(signoffs):
        last = _last_day(rule, signoff)
        refusal = _refusal(rule, signoff, people, folder, release, today, last)
        if refusal is None:
            until = f", until {last}" if last else ""
            seen = f"; evidence: {signoff.evidence}" if signoff.evidence else ""
            warning = f"expires on {last}" if last and (last - today).days < 7 else ""
            text = f"signed by {signoff.by} ({signoff.role}) on {signoff.on}{until}{seen}"
            return Evidence(text, warning), ""
        refusals.append(refusal)
    return None, "; ".join(refusals) or f"not signed; {rule.role} must sign"


def _last_day(rule: SignoffRule, signoff: Signoff) -> date | None:
    days = [signoff.expires] if signoff.expires else []
    if rule.valid_days is not None:
        days.append(signoff.on + timedelta(days=rule.valid_days))
    return min(days, default=None)


def _refusal(
    rule: SignoffRule,
    signoff: Signoff,
    people: Sequence[str],
    folder: Path,
    release: str | None,
    today: date,
    last: date | None,
) -> str | None:
    who = f"the sign-off by {signoff.by} of {signoff.on}"
    if signoff.role != rule.role or signoff.by not in people:
        return (
            f"{who} does not count: {signoff.by} signed as {signoff.role}, and {rule.role} must sign"
            if (signoff.role != rule.role)
            else f"{who} does not count: {signoff.by} is not listed as {rule.role} in readiness.yaml"
        )
    if signoff.on > today:
        return f"{who} does not count: that day is still to come"
    if last is not None and today > last:
        return f"{who} expired on {last}"
    if signoff.release is not None and signoff.release != release:
        this = f"this run is for {release}" if release else "this run names no release (--readiness-release)"
        return f"{who} is for release {signoff.release}; {this}"
    if signoff.evidence and "://" not in signoff.evidence and not (folder / signoff.evidence).is_file():
        return f"{who} does not count: its evidence {signoff.evidence} does not exist"
    return None
