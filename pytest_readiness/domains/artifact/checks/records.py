"""Claims about what people have done and recorded: drills and penetration tests."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import Annotated

from pydantic import Field

from pytest_readiness.core import clock
from pytest_readiness.core.evidence import CouldNotVerify, Evidence, claim
from pytest_readiness.core.registry import check
from pytest_readiness.core.text import figure
from pytest_readiness.domains.artifact.facts.records import KeptRecords
from pytest_readiness.domains.artifact.files import told
from pytest_readiness.domains.artifact.records import SEVERITIES, KeptRecord, Severity, minutes

Name = Annotated[str, Field(min_length=1)]
Days = Annotated[float, Field(gt=0, le=3650)]
Minutes = Annotated[float, Field(ge=0)]


def _same(one: str, other: str) -> bool:
    """Whether two names are the same word: `Restore` is `restore`, as a failure under it must not be missed."""
    return " ".join(one.split()).casefold() == " ".join(other.split()).casefold()


def _newest(
    kept: KeptRecords, what: str, wanted: Callable[[KeptRecord], bool], max_age_days: float
) -> list[tuple[KeptRecord, bool | None]]:
    """The newest of the wanted records; several where nothing tells which of a day was the last."""
    found = [each for each in kept.records if wanted(each[0]) and each[0].outcome != "planned"]
    if not found:
        known = {
            f"{each.kind} of {each.system} in {each.environment} ({each.outcome})": None for each, _ in kept.records
        }
        raise CouldNotVerify(f"{kept.where} has no record of {what}; it has: {', '.join(map(told, list(known)[:8]))}")
    day, now = max(record.day for record, _ in found), clock.now()
    future = day > (now + timedelta(hours=14)).date()
    claim(not future, expected=f"a record of what was done: {what}", seen=f"one of {day}, which is still to come")
    expected = f"{what}, done in the last {max_age_days:g} days"
    claim((now.date() - day).days <= max_age_days, expected=expected, seen=f"the last one on {day}")
    of_day = [each for each in found if each[0].day == day]
    timed = all(record.moment is record.on for record, _ in of_day)
    latest = max(record.moment for record, _ in of_day)
    return [each for each in of_day if not timed or each[0].moment == latest]


@check(
    "artifact.drill",
    severity="high",
    remedy="Rehearse it, and record what was done, how it was verified and how long it took.",
    source="NIST SP 800-34, 3.5: tests, training and exercises of contingency plans",
)
def drill(
    kept_records: KeptRecords,
    *,
    kind: Name,
    system: Name,
    environment: Name,
    max_age_days: Days = 92,
    rto_minutes: Minutes | None = None,
    rpo_minutes: Minutes | None = None,
) -> Evidence:
    """A recent record of the named rehearsal says that it succeeded, was verified and kept the declared objectives.

    The newest record of that kind, system and environment counts, never an older success; of a day whose records have
    no time, all count. A success must say how it was verified. What is planned is no record. Names are compared whole,
    without regard to capitals. Whether the record is true is not looked at.

    Args:
        kind: what was rehearsed, as the record says it: restore, rollback, migration-rollback, failover …
        system: to what it was done.
        environment: where it was done, such as staging.
        max_age_days: oldest record. 92: once a quarter.
        rto_minutes: longest duration, in minutes. By default any.
        rpo_minutes: longest span of which data was lost, in minutes. By default any.
    """
    what = f"{kind} of {system} in {environment}"
    wanted = (kind, system, environment)

    def is_wanted(record: KeptRecord) -> bool:
        return all(map(_same, wanted, (record.kind, record.system, record.environment)))

    newest = _newest(kept_records, what, is_wanted, max_age_days)
    for record, _ in newest:
        when = f"that of {record.day} by {told(record.by)}"
        claim(record.outcome == "success", expected=f"a success as the last {what}", seen=f"{when}: {record.outcome}")
        claim(record.verified is not None, expected="a success that was verified", seen=f"{when} does not say how")
        _judge_span("duration", record.duration, rto_minutes, when)
        _judge_span("data_loss", record.data_loss, rpo_minutes, when)
    record = newest[0][0]
    parts = [
        f"took {record.duration}" if record.duration else "",
        f"lost {record.data_loss}" if record.data_loss else "",
    ]
    done = ", ".join([f"{what}: success on {record.day} by {told(record.by)}", *filter(None, parts)])
    return Evidence(f"{done}, verified: {told(record.verified)}, evidence: {told(record.evidence)}")


def _judge_span(name: str, span: str | None, limit: float | None, when: str) -> None:
    if limit is None:
        return
    if span is None:
        raise CouldNotVerify(f"{when} does not say its '{name}'")
    found = minutes(span)
    claim(found <= limit, expected=f"a {name} of at most {limit:g} min", seen=f"{figure(found, limit)} min in {when}")


@check(
    "artifact.pentest",
    severity="high",
    remedy="Close the findings, have them tested again, and record that with the final report beside it.",
    source="OWASP Web Security Testing Guide, chapter 5: reporting; PCI DSS 11.4",
)
def pentest(
    kept_records: KeptRecords,
    *,
    scope: Annotated[list[Name], Field(min_length=1)],
    risk: Severity = "medium",
    version: Name | None = None,
    max_age_days: Days = 365,
) -> Evidence:
    """A recent report of a penetration test has no open finding above the limit.

    That is what its record (kind `pentest`) sums up; the report itself must lie beside the record with the hash that
    it names, and is not read. The newest record that has anything of the scope counts: it must be final, and have
    all of it. Findings that were closed must have been tested again. Who tested, and how, is not looked at, so a
    print-out of a scanner is not told from a test by people.

    Args:
        scope: what must have been tested, each as the record names it.
        risk: least severity of which no finding may be open. "medium": what is low is weighed by its owner.
        version: what the record must name as the tested version. By default any.
        max_age_days: oldest test. 365: PCI DSS asks for one each year.
    """
    what = f"a penetration test of {', '.join(scope)}"

    def names(record: KeptRecord, one: str) -> bool:
        return any(_same(one, each) for each in record.scope)

    def is_wanted(record: KeptRecord) -> bool:
        return _same(record.kind, "pentest") and any(names(record, each) for each in scope)

    counted = SEVERITIES[SEVERITIES.index(risk) :]
    newest = _newest(kept_records, what, is_wanted, max_age_days)
    for record, here in newest:
        when = f"that of {record.day} by {told(record.by)}"
        claim(record.outcome == "final", expected=f"the final record of {what}", seen=f"{when}: {record.outcome}")
        left = [each for each in scope if not names(record, each)]
        claim(not left, expected=what, seen=f"{when} is not about {', '.join(left)}")
        if version is not None:
            seen = f"{when}, of {told(record.version or 'an unnamed version')}"
            claim(_same(record.version or "", version), expected=f"a test of version {version}", seen=seen)
        if here is None or record.found is None or record.open is None:
            raise CouldNotVerify(f"{when} does not name 'report' and 'sha256', 'found' and 'open'")
        if any(many > record.found.get(each, many) for each, many in record.open.items()):
            raise CouldNotVerify(f"{when} has more findings open than were found")
        claim(here, expected=f"{told(record.report)} beside the record, as it was", seen="none, or another file")
        still = _some(record.open, counted)
        claim(not still, expected=f"no open finding of {risk} or above", seen=f"{', '.join(still)} in {when}")
        closed = _some(record.found, counted)
        expected = "a retest after the test, since findings were closed"
        seen = f"{', '.join(closed)} found, retest: {record.retest or 'none'}"
        retested = record.retest is not None and record.day <= record.retest <= clock.now().date()
        claim(not closed or retested, expected=expected, seen=seen)
        if not set(SEVERITIES) <= set(record.open) & set(record.found):
            raise CouldNotVerify(f"{when} does not count findings of each severity")
    record = newest[0][0]
    rest = ", ".join(_some(record.open or {}, SEVERITIES)) or "none"
    text = f"{what} by {told(record.by)} on {record.day}: no finding of {risk} or above is open (open: {rest})"
    return Evidence(f"{text}, retest: {record.retest or 'none was needed'}, report {told(record.report)}")


def _some(counts: dict[Severity, int], severities: Iterable[Severity]) -> list[str]:
    return [f"{counts[each]} {each}" for each in severities if counts.get(each)]
