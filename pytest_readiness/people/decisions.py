"""What people vouch for (sign-offs) and accept (waivers): each counts for its item, and until a day, in UTC."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Annotated, TypeVar

from pydantic import BaseModel, ConfigDict, Field

from pytest_readiness.config.model import Proof
from pytest_readiness.core.evidence import ClaimFalse, CouldNotVerify, Evidence
from pytest_readiness.core.problems import Problem, ProblemsError, nearest
from pytest_readiness.core.validation import validate
from pytest_readiness.core.yamlfile import YamlList, YamlMap, read_yaml
from pytest_readiness.domains.docs.resource import Document
from pytest_readiness.people import authors
from pytest_readiness.people.rules import EvidenceRule, SignoffRule

SOON_DAYS = 7
"""A sign-off that ends earlier than this passes with a warning."""

Words = Annotated[str, Field(min_length=1, pattern=r"\S")]


class Signoff(BaseModel):
    """A person vouches for an item.

    Attributes:
        item: id of the item ("section/item", or "checklist:section/item").
        by: who signs, as listed under the role in readiness.yaml.
        role: in which role.
        on: day of signing.
        evidence: link, or path of a file that must exist; relative to the sign-offs file.
        sha256: of the evidence file when it was signed; a file that has changed since is not evidence.
        release: the release that it is for, where it is for one.
        expires: last day on which it counts.
        note: what the person wants to be read with it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    item: Words
    by: Words
    role: Words
    on: date
    evidence: Words | None = None
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")] | None = None
    release: Words | None = None
    expires: date | None = None
    note: Words | None = None


class Waiver(BaseModel):
    """A person accepts that an item fails.

    Attributes:
        item: id of the item.
        reason: why that is acceptable.
        by: who accepts it.
        expires: last day on which it counts.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    item: Words
    reason: Words
    by: Words
    expires: date


Entry = TypeVar("Entry", Signoff, Waiver)


@dataclass(frozen=True, slots=True)
class Signature:
    """A sign-off that counts.

    Attributes:
        by: who signed.
        role: in which role.
        on: day of signing, ISO 8601.
        until: last day on which it counts, or "".
        evidence: link or path of what it rests on, or "".
        sha256: of that file, or "".
        release: the release that it is for, or "".
        note: what the person wants to be read with it, or "".
    """

    by: str
    role: str
    on: str
    until: str = ""
    evidence: str = ""
    sha256: str = ""
    release: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Signed:
    """A sign-off and where it is.

    Attributes:
        signoff: the entry.
        line: its first line in the sign-offs file.
        author: why its author is not who it says, where that is asked for; "" where it is, or is not asked.
    """

    signoff: Signoff
    line: int
    author: str = ""


@dataclass(frozen=True, slots=True)
class Decisions:
    """What people decided, by full item id ("checklist:section/item").

    Attributes:
        signoffs: in the order of the file.
        waivers: one an item.
        folder: what evidence paths are relative to.
    """

    signoffs: Mapping[str, tuple[Signed, ...]]
    waivers: Mapping[str, Waiver]
    folder: Path


def read_people(
    signoffs: Path | None, waivers: Path | None, items: Mapping[str, Sequence[str]], proof: Proof = "none"
) -> Decisions:
    """Read the files of people's decisions.

    Args:
        signoffs: file of the sign-offs, where there is one.
        waivers: file of the waivers, where there is one.
        items: for each item id the full ids of the items that it can mean.
        proof: what must prove that a sign-off is genuine (see `authors.py`).

    Raises:
        ProblemsError: every mistake, including entries that match no item.
    """
    problems: list[Problem] = []
    signed = _entries(signoffs, "signoffs", Signoff, items, problems) if signoffs else []
    waived = _entries(waivers, "waivers", Waiver, items, problems) if waivers else []
    if problems:
        raise ProblemsError(problems)
    doubts = authors.doubts(signoffs, [(lines, entry.by) for _, entry, lines in signed], proof) if signoffs else {}
    by_item: dict[str, list[Signed]] = {}
    for full, signoff, lines in signed:
        by_item.setdefault(full, []).append(Signed(signoff, lines[0], doubts.get(lines[0], "")))
    return Decisions(
        {full: tuple(entries) for full, entries in by_item.items()},
        # Of several waivers of an item the one that ends last counts.
        {full: waiver for full, waiver, _ in sorted(waived, key=lambda entry: entry[1].expires)},
        signoffs.parent if signoffs else Path(),
    )


def _entries(
    path: Path,
    key: str,
    model: type[Entry],
    items: Mapping[str, Sequence[str]],
    problems: list[Problem],
) -> list[tuple[str, Entry, tuple[int, ...]]]:
    """Entries with the full id of their item and their lines."""
    try:
        root = read_yaml(path, key)
    except ProblemsError as error:
        problems += error.problems
        return []
    entries = root.get(key)
    if entries is None and set(root) == {key}:
        return []
    if not isinstance(entries, YamlList) or len(root) > 1:
        problems.append(Problem(path, 1, f"The file must hold one list, '{key}'."))
        return []
    found: list[tuple[str, Entry, tuple[int, ...]]] = []
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
            found.append((full[0], made, tuple(sorted(set(entry.lines.values())))))
    return found


@dataclass(frozen=True, slots=True)
class Vouched(Evidence):
    """Evidence of enough sign-offs that count.

    Attributes:
        signatures: those that count.
    """

    signatures: tuple[Signature, ...] = ()


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What a sign-off is judged against, besides its rule.

    Attributes:
        people: who is in each role.
        folder: what evidence paths are relative to.
        release: the release of this run, where it is known.
        today: the day, in UTC.
    """

    people: Mapping[str, Sequence[str]]
    folder: Path
    release: str | None
    today: date


def judge_signoffs(
    rule: SignoffRule, signoffs: Sequence[Signed], waiver: Waiver | None, now: Circumstances
) -> tuple[Evidence | None, str]:
    """Return evidence of enough sign-offs that count, or None and why there are not.

    Args:
        rule: who must sign, and how long that holds.
        signoffs: what was signed for the item.
        waiver: what was waived of it.
        now: what they are judged against.
    """
    counting: dict[str, tuple[str, date | None, Signature]] = {}
    refusals = []
    for signed in reversed(signoffs):
        signoff = signed.signoff
        last = _last_day(rule, signoff)
        try:
            digest = _counted(rule, signed, waiver, now, last)
        except _Refused as refused:
            refusals.append(str(refused))
            continue
        until = f", until {last}" if last else ""
        what = f"; evidence: {signoff.evidence}" if signoff.evidence else ""
        what += f" (sha256 {digest[:12]}…)" if digest else ""
        text = f"signed by {signoff.by} ({signoff.role}) on {signoff.on}{until}{what}"
        counting.setdefault(signoff.by, (text, last, _signature(signoff, last, digest)))
    if len(counting) >= rule.count:
        last = min((day for _, day, _ in counting.values() if day), default=None)
        soon = last is not None and (last - now.today).days < SOON_DAYS
        return Vouched(
            "; ".join(text for text, _, _ in counting.values()),
            f"expires on {last}" if soon else "",
            signatures=tuple(signature for _, _, signature in counting.values()),
        ), ""
    if rule.count > 1 and counting:
        refusals.insert(0, f"{len(counting)} of {rule.count} have signed as {rule.role}: {', '.join(counting)}")
    who = rule.role if rule.count == 1 else f"{rule.count} people of {rule.role}"
    return None, "; ".join(refusals) or f"not signed; {who} must sign"


def _signature(signoff: Signoff, last: date | None, digest: str) -> Signature:
    return Signature(
        by=signoff.by,
        role=signoff.role,
        on=str(signoff.on),
        until=str(last or ""),
        evidence=signoff.evidence or "",
        sha256=digest,
        release=signoff.release or "",
        note=signoff.note or "",
    )


class _Refused(Exception):
    """Why a sign-off does not count."""


def _last_day(rule: SignoffRule, signoff: Signoff) -> date | None:
    days = [signoff.expires] if signoff.expires else []
    if rule.valid_days is not None:
        days.append(signoff.on + timedelta(days=rule.valid_days))
    return min(days, default=None)


def _counted(rule: SignoffRule, signed: Signed, waiver: Waiver | None, now: Circumstances, last: date | None) -> str:
    """Return the SHA-256 of its evidence, where that is a file; raise `_Refused` where the sign-off does not count."""
    signoff = signed.signoff
    who = f"the sign-off by {signoff.by} of {signoff.on}"
    if signoff.role != rule.role:
        raise _Refused(f"{who} does not count: it is given as {signoff.role}, and {rule.role} must sign")
    if signoff.by not in now.people.get(rule.role, ()):
        raise _Refused(f"{who} does not count: {signoff.by} is not listed as {rule.role} in readiness.yaml")
    if waiver is not None and waiver.by == signoff.by:
        raise _Refused(f"{who} does not count: {signoff.by} asked to waive this item")
    if signed.author:
        raise _Refused(f"{who} does not count: {signed.author}")
    if signoff.on > now.today:
        raise _Refused(f"{who} does not count: that day is in the future")
    if last is not None and now.today > last:
        raise _Refused(f"{who} expired on {last}, {_days((now.today - last).days)} ago")
    if rule.per_release and signoff.release is None:
        raise _Refused(f"{who} does not count: it names no release, and each release needs its own")
    if signoff.release is not None and signoff.release != now.release:
        this = f"this run is for {now.release}" if now.release else "this run names no release (--readiness-release)"
        raise _Refused(f"{who} is for release {signoff.release}; {this}")
    return _evidence(rule, signoff, now, who)


def _evidence(rule: SignoffRule, signoff: Signoff, now: Circumstances, who: str) -> str:
    if signoff.evidence is None:
        if rule.evidence is not None:
            raise _Refused(f"{who} does not count: it names no evidence, and this item requires it")
        return ""
    wants_file = rule.evidence is not None and (rule.evidence.max_age_days is not None or rule.evidence.sections)
    if "://" in signoff.evidence:
        if wants_file:
            raise _Refused(f"{who} does not count: its evidence is a link, and this item requires a readable file")
        return ""
    path = now.folder / signoff.evidence
    if not path.is_file():
        raise _Refused(f"{who} does not count: its evidence {signoff.evidence} does not exist")
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    if signoff.sha256 is not None and signoff.sha256 != digest:
        raise _Refused(f"{who} does not count: its evidence {signoff.evidence} has changed since it was signed")
    if rule.evidence is not None:
        _judge_file(rule.evidence, path, signoff.evidence, now.today, who)
    return digest


def _judge_file(rule: EvidenceRule, path: Path, name: str, today: date, who: str) -> None:
    if rule.max_age_days is not None:
        changed = authors.last_change(path)
        age = (today - changed).days
        if age > rule.max_age_days:
            raise _Refused(
                f"{who} does not count: its evidence {name} was last changed on {changed}, {_days(age)} ago; "
                f"at most {_days(rule.max_age_days)} allowed"
            )
    if rule.sections:
        from pytest_readiness.domains.docs import checks as docs
        from pytest_readiness.domains.docs.facts import document_text

        try:
            text = document_text(Document(name="evidence", path=path))
            docs.sections(text, sections=list(rule.sections))
        except ClaimFalse as false:
            raise _Refused(f"{who} does not count: its evidence {name} needs {false.expected}; {false.seen}") from None
        except CouldNotVerify as unseen:
            raise _Refused(f"{who} does not count: its evidence could not be read: {unseen.reason}") from None


def _days(count: int) -> str:
    return f"{count} day{'s' if count != 1 else ''}"
