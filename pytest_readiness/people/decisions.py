"""What people vouch for (sign-offs) and accept (waivers): each counts for its item, and until a day, in UTC."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Annotated, Generic, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from pytest_readiness.config.model import Proof
from pytest_readiness.core.evidence import ClaimFalse, CouldNotVerify, Evidence
from pytest_readiness.core.problems import Problem, ProblemsError, near, nearest
from pytest_readiness.core.spelling import Sha256, spelled
from pytest_readiness.core.text import says_nothing
from pytest_readiness.core.validation import validate
from pytest_readiness.core.yamlfile import YamlList, YamlMap, read_yaml
from pytest_readiness.domains.docs.resource import Document
from pytest_readiness.people import authors
from pytest_readiness.people.file import is_blank
from pytest_readiness.people.proofs import Unusable, digest_of
from pytest_readiness.people.rules import EvidenceRule, SignoffRule, WaiverRule, one_person, same_person
from pytest_readiness.protocols.git import GitError

SOON_DAYS = 7
"""A sign-off that ends earlier than this passes with a warning."""

Words = Annotated[str, Field(min_length=1, pattern=r"\S")]


def _reason(text: str) -> str:
    if says_nothing(text):
        raise ValueError("is no reason; say why it is acceptable that the item fails")
    return text


def _person(text: str) -> str:
    if says_nothing(text):
        raise ValueError("names nobody; write who it is, as readiness.yaml lists people under 'roles'")
    return text


Reason = Annotated[Words, AfterValidator(_reason)]
Who = Annotated[Words, AfterValidator(_person)]
"""A person. What only stands where one is to be filled in, also in readiness.yaml, can sign and waive nothing."""
Fingerprint = Annotated[str, spelled(r"^[0-9a-f]{16}$", "16 hexadecimal digits, as readiness sign writes them")]


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
        fingerprint: of the item's text when it was signed; it does not count for another text.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    item: Words
    by: Who
    role: Words
    on: date
    evidence: Words | None = None
    sha256: Annotated[Sha256, AfterValidator(str.lower)] | None = None
    release: Words | None = None
    expires: date | None = None
    note: Words | None = None
    fingerprint: Fingerprint | None = None


class Waiver(BaseModel):
    """A person accepts that an item fails.

    Attributes:
        item: id of the item.
        reason: why that is acceptable.
        by: who accepts it, as listed under a role in readiness.yaml.
        expires: last day on which it counts.
        role: in which role.
        on: day of writing.
        fingerprint: of the item's text when it was waived; it does not count for another text.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    item: Words
    reason: Reason
    by: Who
    expires: date
    role: Words | None = None
    on: date | None = None
    fingerprint: Fingerprint | None = None


Entry = TypeVar("Entry", Signoff, Waiver)
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*://", re.IGNORECASE)
_LINK = re.compile(r"https?://[^\s/?#]*\w[^\s]*\Z", re.IGNORECASE)
# "https://TODO" and "http://localhost/drill" are nothing that others can read.
_PUBLIC_HOST = re.compile(
    r"https?://(?:[^\s/?#@]*@)?(?!127\.\d|0\.0\.0\.0|[^/?#:]*\.localhost\.?(?:[/?#:]|\Z))"
    r"(?:[\w-]+(?:\.[\w-]+)+|\[(?!::1\])[0-9a-f:.]+\])\.?(?:[/?#:]|\Z)",
    re.IGNORECASE,
)

# "https://wiki.example.com/{page}", "…/<page>", "…/TODO".
_TEMPLATE = re.compile(r"[<>{}]|/(?:\.{3,}|…|todo|tb[acd]|fixme|x{3,})(?=[/?#]|\Z)", re.IGNORECASE)


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
        changed: why it is not known to be for what the item says now; "" where it is.
    """

    signoff: Signoff
    line: int
    author: str = ""
    changed: str = ""


@dataclass(frozen=True, slots=True)
class Decisions:
    """What people decided, by full item id ("checklist:section/item").

    Attributes:
        signoffs: in the order of the file.
        waivers: one an item: of those that count, expired or not, the one that ends last.
        folder: what evidence paths are relative to.
        asked: every waiver of an item, those too that do not count.
        refused: why waivers of an item do not count.
        notes: which entries need a fresh signature because their item changed; a sentence a file.
    """

    signoffs: Mapping[str, tuple[Signed, ...]]
    waivers: Mapping[str, Waiver]
    folder: Path
    asked: Mapping[str, tuple[Waiver, ...]] = field(default_factory=dict)
    refused: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class KnownItems:
    """The items that entries may name.

    Attributes:
        names: for each item id the full ids of the items that it can mean.
        former: the same for ids that earlier versions gave.
        fingerprints: of the items' texts, by full id.
        groups: ids of the items in each group, by each id of the group.
    """

    names: Mapping[str, Sequence[str]]
    former: Callable[[str], Sequence[str]] = lambda _: ()
    fingerprints: Mapping[str, str] = field(default_factory=dict)
    groups: Mapping[str, Sequence[str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Entry(Generic[Entry]):
    """An entry with the full id of its item, how it is written, and why it may not be for what the item says now."""

    item: str
    made: Entry
    written: authors.Written
    changed: str

    @property
    def line(self) -> int:
        """Its first line."""
        return self.written.lines[0]


def read_people(
    signoffs: Path | None,
    waivers: Path | None,
    items: KnownItems,
    proof: Proof = "none",
    rule: WaiverRule | None = None,
    today: date = date.max,
) -> Decisions:
    """Read the files of people's decisions.

    Args:
        signoffs: file of the sign-offs, where there is one.
        waivers: file of the waivers, where there is one.
        items: what the entries may name.
        proof: what must prove that an entry is genuine (see `authors.py`).
        rule: who may waive, and for how long; anybody without it.
        today: the day, in UTC, by which the term of a waiver that does not say when it was written is judged.

    Raises:
        ProblemsError: every mistake, including entries that match no item.
    """
    problems: list[Problem] = []
    signed = _entries(signoffs, "signoffs", Signoff, items, problems) if signoffs else []
    waived = _entries(waivers, "waivers", Waiver, items, problems) if waivers else []
    if problems:
        raise ProblemsError(problems)
    doubts = authors.doubts(signoffs, "signoffs", [each.written for each in signed], proof) if signoffs else {}
    by_item: dict[str, list[Signed]] = {}
    for each in signed:
        found = Signed(each.made, each.line, doubts.get(each.line, ""), each.changed)
        by_item.setdefault(each.item, []).append(found)
    doubts = authors.doubts(waivers, "waivers", [each.written for each in waived], proof) if waivers else {}
    asked: dict[str, list[Waiver]] = {}
    refused: dict[str, list[str]] = {}
    counting: dict[str, Waiver] = {}
    for one in sorted(waived, key=lambda entry: entry.made.expires):
        asked.setdefault(one.item, []).append(one.made)
        why = one.changed or doubts.get(one.line, "") or (waiver_refusal(one.made, rule, today) if rule else "")
        if why:
            refused.setdefault(one.item, []).append(f"the waiver by {one.made.by} does not count: {why}")
        else:
            counting[one.item] = one.made
    return Decisions(
        {full: tuple(entries) for full, entries in by_item.items()},
        counting,
        signoffs.parent if signoffs else Path(),
        {full: tuple(entries) for full, entries in asked.items()},
        {full: tuple(reasons) for full, reasons in refused.items()},
        (*_notes(signoffs, signed), *_notes(waivers, waived)),
    )


def _notes(path: Path | None, entries: Sequence[_Entry[Signoff]] | Sequence[_Entry[Waiver]]) -> Iterator[str]:
    """One sentence on the entries of a file that need a fresh signature."""
    stale = dict.fromkeys((entry.line, entry.made.item) for entry in entries if entry.changed)
    if stale and path is not None:
        places = ", ".join(f"line {line} ({item})" for line, item in stale)
        many = len(stale) > 1
        yield (
            f"{path.name}: {'these entries need' if many else 'this entry needs'} a fresh signature, because "
            f"{'their items have' if many else 'its item has'} changed: {places}"
        )


def waiver_refusal(waiver: Waiver, rule: WaiverRule, today: date) -> str:
    """Return why a waiver does not count, as a clause, whatever day it ends on; "" where it does.

    Args:
        waiver: the waiver.
        rule: who may waive, and for how long.
        today: from which its term is counted where it does not say when it was written.
    """
    allowed = {role: rule.people.get(role, ()) for role in (rule.roles or rule.people)}
    if waiver.role is not None and waiver.role not in rule.people:
        return _no_role(waiver.role, rule.people)
    if waiver.role is not None and waiver.role not in allowed:
        return f"it is given as {waiver.role}, and {' or '.join(allowed)} may waive"
    roles = (waiver.role,) if waiver.role is not None else tuple(allowed)
    if not any(same_person(waiver.by, person) for role in roles for person in allowed[role]):
        if not rule.people:
            return "readiness.yaml lists nobody under 'roles'"
        return f"{waiver.by} is not listed as {' or '.join(roles)} in readiness.yaml"
    if waiver.on is not None and waiver.on > today:
        return f"it is written on {waiver.on}, and that day is in the future"
    begins = waiver.on or today
    if (waiver.expires - begins).days > rule.days:
        return (
            f"it ends on {waiver.expires}, more than {_days(rule.days)} after "
            f"{'it was written' if waiver.on else 'today'} ('waiver_days' of readiness.yaml)"
        )
    return ""


def _no_role(role: str, people: Mapping[str, Sequence[str]]) -> str:
    close = near(role, people)
    return f"there is no role '{role}' in readiness.yaml" + (f"; '{close}' may be meant" if close else "")


def _entries(
    path: Path,
    key: str,
    model: type[Entry],
    items: KnownItems,
    problems: list[Problem],
) -> list[_Entry[Entry]]:
    """The entries of a file; one whose item may be one of several by now is there for each of them."""
    try:
        if path.exists() and is_blank(path):
            return []
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
    found: list[_Entry[Entry]] = []
    for entry, line in zip(entries, entries.lines, strict=True):
        if not isinstance(entry, YamlMap):
            problems.append(Problem(path, line, f"Each entry of '{key}' must be a mapping."))
            continue
        made = validate(model, entry, entry, (), f"this entry of '{key}'", problems)
        if made is None:
            continue
        named = items.names.get(made.item, ())
        former = () if named else items.former(made.item)
        line = entry.lines["item"]
        written = authors.Written(tuple(sorted(set(entry.lines.values()))), made.by, entry, _unsealed(made))
        if len(named) > 1:
            problems.append(
                Problem(path, line, f"'{made.item}' is an item of several checklists; write {' or '.join(named)}.")
            )
        elif inside := items.groups.get(made.item):
            message = (
                f"'{made.item}' is a group; its state follows from its items. Name one of them: {', '.join(inside)}."
            )
            problems.append(Problem(path, line, message))
        elif not named and not former:
            known = items.names
            problems.append(Problem(path, line, f"No checklist has an item '{made.item}'.{nearest(made.item, known)}"))
        for full in named or former:
            # Of several the fingerprint tells which one is meant.
            same = made.fingerprint is not None and made.fingerprint == items.fingerprints.get(full)
            changed = ""
            if made.fingerprint is not None and not same:
                changed = "what its item says has changed since"
            elif len(former) > 1 and not same:
                changed = f"'{made.item}' no longer says which item is meant"
            found.append(_Entry(full, made, written, changed))
    return found


def _unsealed(made: Signoff | Waiver) -> str:
    """The file of evidence that an entry names without saying what was in it; or ""."""
    if not isinstance(made, Signoff) or made.evidence is None or made.sha256 is not None:
        return ""
    return "" if _SCHEME.match(made.evidence) else made.evidence


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
        papers: files that say what is to be signed, or that it was; none of them is evidence.
    """

    people: Mapping[str, Sequence[str]]
    folder: Path
    release: str | None
    today: date
    papers: Sequence[Path] = ()

    def is_one(self, one: str, other: str) -> bool:
        """Whether two texts may name one person, by themselves or by what a role lists."""
        return one_person(one, other, (each for listed in self.people.values() for each in listed))


def judge_signoffs(
    rule: SignoffRule, signoffs: Sequence[Signed], waivers: Sequence[Waiver], now: Circumstances
) -> tuple[Evidence | None, str]:
    """Return evidence of enough sign-offs that count, or None and why there are not.

    Args:
        rule: who must sign, and how long that holds.
        signoffs: what was signed for the item.
        waivers: every waiver of the item.
        now: what they are judged against.
    """
    counting: dict[str, tuple[str, date | None, Signature]] = {}
    refusals = []
    for signed in reversed(signoffs):
        signoff = signed.signoff
        last = _last_day(rule, signoff)
        try:
            digest, changed = _counted(rule, signed, waivers, now, last)
        except _Refused as refused:
            refusals.append(str(refused))
            continue
        until = f", until {last}" if last else ""
        what = f"; evidence: {signoff.evidence}" if signoff.evidence else ""
        dated = f", last changed on {changed}" if changed else ""
        what += f" (sha256 {digest[:12]}…{dated})" if digest else ""
        text = f"signed by {signoff.by} ({signoff.role}) on {signoff.on}{until}{what}"
        # However often, and in whatever letters, one person signs once.
        by = next((other for other in counting if now.is_one(other, signoff.by)), signoff.by)
        counting.setdefault(by, (text, last, _signature(signoff, last, digest)))
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
    if refusals:
        return None, "; ".join(refusals)
    waived = "; a waiver accepts what a check finds false, and does not replace a signature" if waivers else ""
    return None, f"not signed; {who} must sign{waived}"


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


def _counted(
    rule: SignoffRule, signed: Signed, waivers: Sequence[Waiver], now: Circumstances, last: date | None
) -> tuple[str, date | None]:
    """Return the SHA-256 of its evidence, where that is a file, and from when it is, where its age is asked for.

    Raises:
        _Refused: the sign-off does not count.
    """
    signoff = signed.signoff
    who = f"the sign-off by {signoff.by} of {signoff.on}"
    if signoff.role not in now.people:
        raise _Refused(f"{who} does not count: {_no_role(signoff.role, now.people)}")
    if signoff.role != rule.role:
        raise _Refused(f"{who} does not count: it is given as {signoff.role}, and {rule.role} must sign")
    if not any(same_person(signoff.by, person) for person in now.people.get(rule.role, ())):
        raise _Refused(f"{who} does not count: {signoff.by} is not listed as {rule.role} in readiness.yaml")
    if any(now.is_one(waiver.by, signoff.by) for waiver in waivers):
        raise _Refused(f"{who} does not count: {signoff.by} asked to waive this item")
    if signed.changed:
        raise _Refused(f"{who} does not count: {signed.changed}; it must be signed again")
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


def _evidence(rule: SignoffRule, signoff: Signoff, now: Circumstances, who: str) -> tuple[str, date | None]:
    name = signoff.evidence
    if name is None:
        if rule.evidence is not None:
            raise _Refused(f"{who} does not count: it names no evidence, and this item requires it")
        if signoff.sha256 is not None:
            raise _Refused(f"{who} does not count: it has a sha256, and names no evidence that could have it")
        return "", None
    wants_file = rule.evidence is not None and (rule.evidence.max_age_days is not None or rule.evidence.sections)
    if _SCHEME.match(name):
        if not _LINK.match(name):
            raise _Refused(
                f"{who} does not count: its evidence {name} is neither a link that begins with https:// or http:// "
                "nor the path of a file"
            )
        if not _PUBLIC_HOST.match(name):
            raise _Refused(
                f"{who} does not count: its evidence {name} names no host that others find; write the host's whole "
                "name, with its domain"
            )
        if _TEMPLATE.search(name):
            raise _Refused(
                f"{who} does not count: its evidence {name} is a link with a part that is still to be filled in"
            )
        if wants_file:
            raise _Refused(f"{who} does not count: its evidence is a link, and this item requires a readable file")
        if signoff.sha256 is not None:
            raise _Refused(
                f"{who} does not count: its evidence is a link, which is not fetched, so its sha256 cannot be "
                "compared; name a file, or leave out the sha256"
            )
        return "", None
    path = now.folder / name
    try:
        digest = digest_of(path, now.folder)
    except Unusable as unusable:
        raise _Refused(f"{who} does not count: its evidence {name} {unusable}") from None
    if any(path.samefile(paper) for paper in now.papers if paper.exists()):
        raise _Refused(
            f"{who} does not count: its evidence {name} is a file of the checklist or of its signatures, which shows "
            "nothing of what it claims"
        )
    if signoff.sha256 is not None and signoff.sha256 != digest:
        raise _Refused(f"{who} does not count: its evidence {name} has changed since it was signed")
    return digest, _judge_file(rule.evidence, path, name, now.today, who) if rule.evidence is not None else None


def _judge_file(rule: EvidenceRule, path: Path, name: str, today: date, who: str) -> date | None:
    """Return from when the file is, where its age is asked for; raise `_Refused` where it is not what is asked for."""
    changed = None
    if rule.max_age_days is not None:
        try:
            changed = authors.last_change(path)
        except GitError as error:
            raise _Refused(f"{who} does not count: the age of its evidence {name} is not known: {error}") from None
        age = (today - changed).days
        if age > rule.max_age_days:
            raise _Refused(
                f"{who} does not count: its evidence {name} was last changed on {changed}, {_days(age)} ago; "
                f"at most {_days(rule.max_age_days)} allowed"
            )
    if rule.sections:
        from pytest_readiness.domains.docs.checks import content as docs
        from pytest_readiness.domains.docs.facts.text import document_text

        try:
            text = document_text(Document(name="evidence", path=path))
            docs.sections(text, sections=list(rule.sections))
        except ClaimFalse as false:
            raise _Refused(f"{who} does not count: its evidence {name} needs {false.expected}; {false.seen}") from None
        except CouldNotVerify as unseen:
            raise _Refused(f"{who} does not count: its evidence could not be read: {unseen.reason}") from None
    return changed


def _days(count: int) -> str:
    return f"{count} day{'s' if count != 1 else ''}"
