"""What pytest's report of a test says about its item: the fields of a result."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import pytest

from pytest_readiness.core.evidence import ClaimFalse, CouldNotVerify, Evidence
from pytest_readiness.core.redact import printable
from pytest_readiness.core.text import what_broke
from pytest_readiness.core.unverified import UnverifiedKind
from pytest_readiness.gather.gatherer import Reading
from pytest_readiness.people.decisions import Vouched
from pytest_readiness.plan.plan import PlannedTest
from pytest_readiness.run.nodes import PLANNED, ChecklistTest, waived

TEAM_FAILS = (AssertionError, pytest.fail.Exception)
"""What a team's own test raises where its claim is false."""

UNVERIFIED = "unverified: "
"""What the reason begins with, where a test of ours is skipped because nothing could be looked at."""
ANSWERED = pytest.StashKey[PlannedTest]()
"""On a team's own test that answers an item: a test of that item to represent it."""
EVIDENCE = pytest.StashKey[Evidence]()
"""On a test of ours that passed: what was seen."""
UNDECLARED = "readiness_undeclared"
"""Property of a team's own test for resources of which the target declares none: it leaves out nothing."""
KIND = "readiness_kind"
"""Attribute of what skips a test: its kind of unverified, and what it lacks."""
TRIES = pytest.StashKey[int]()
"""How many times the test began: plugins may try one that failed again."""


def unverified(reason: str, kind: UnverifiedKind, lacks: str = "") -> BaseException:
    """Return what skips a test for which nothing could be looked at.

    Args:
        reason: why.
        kind: of unverified.
        lacks: what others lack in the same way, or "".
    """
    skipped: BaseException = pytest.skip.Exception(f"{UNVERIFIED}{printable(reason)}", _use_item_location=True)
    skipped.__dict__[KIND] = kind, lacks
    return skipped


def broken(what: str) -> str:
    """Say that a check is defective, as the reason why its claim could not be verified."""
    return f"the check broke ({what}); that is a defect of the check"


def planned_for(item: pytest.Item) -> PlannedTest | None:
    """Return what the plan says about a test, or about the item that it answers; None for one that answers none."""
    return item.stash.get(PLANNED, None) or item.stash.get(ANSWERED, None)


def key_of(item: pytest.Item) -> str:
    """Identity of a test over all checklists; of one that answers no item, its node id."""
    if isinstance(item, ChecklistTest):
        return item.planned.key
    test = item.stash.get(ANSWERED, None)
    return f"{test.checklist}:{_nodeid(item)}" if test is not None else _nodeid(item)


def _nodeid(item: pytest.Item) -> str:
    """The node id, without the groups that xdist appends to it."""
    marks = item.iter_markers("xdist_group")
    groups = {str(mark.args[0] if mark.args else mark.kwargs.get("name", "default")) for mark in marks}
    return item.nodeid.removesuffix(f"@{'_'.join(sorted(groups))}")


def fields_of(
    item: pytest.Item,
    test: PlannedTest,
    report: pytest.TestReport,
    error: BaseException | None,
    call: pytest.CallInfo[None],
) -> dict[str, Any]:
    """Return what a report says about its item, as the fields of the result, nothing masked yet.

    Args:
        item: pytest's test.
        test: what the plan says about it, or about the item that it answers.
        report: of the phase that decided how it ended.
        error: what it raised, where it did.
        call: the phase itself, for its times.
    """
    fields = _fields(item, test, report, error, call)
    if notes := "; ".join(_notes(item)):
        fields["evidence"] = f"{fields['evidence']} ({notes})"
    return fields


def _fields(
    item: pytest.Item,
    test: PlannedTest,
    report: pytest.TestReport,
    error: BaseException | None,
    call: pytest.CallInfo[None],
) -> dict[str, Any]:
    own = isinstance(item, ChecklistTest)
    common: dict[str, Any] = {
        "test": key_of(item),
        "item": test.full_item,
        "severity": test.severity,
        "target": item.config.getoption("readiness_target"),
        "check": _check_name(test) if own else _nodeid(item),
        "seconds": round(call.duration, 6),
        "start": round(call.start, 3),
    }
    if own and test.resource is not None:
        common |= {"resource": test.resource.name, "resource_kind": test.resource.kind}
    if own and test.signoff is not None:
        common["role"] = test.signoff.role
    if report.passed:
        evidence = item.stash.get(EVIDENCE, None) or Evidence("the team's own test passed")
        signatures = evidence.signatures if isinstance(evidence, Vouched) else ()
        return common | {
            "state": "passed",
            "evidence": evidence.text,
            "warning": evidence.warning,
            "attachments": evidence.attachments,
            "signatures": signatures,
        }
    what = what_broke(error) if error is not None else "the test broke"
    if report.skipped and hasattr(report, "wasxfail"):
        false = isinstance(error, ClaimFalse) or (not own and report.when == "call" and isinstance(error, TEAM_FAILS))
        if false and waived(test):
            return common | _false(error, test, what) | {"state": "waived", "warning": str(report.wasxfail)}
        return common | {
            "state": "unverified",
            "kind": "not run",
            "evidence": f"expected to fail: {report.wasxfail or what}",
        }
    if report.skipped and own and test.settled is not None:
        state, reason, kind, lacks = test.settled
        return common | {"state": state, "evidence": reason, "kind": kind, "lacks": lacks}
    if report.skipped:
        reason = str(report.longrepr[2]) if isinstance(report.longrepr, tuple) else str(report.longrepr)
        reason = reason.removeprefix("Skipped: ")
        ours = own and reason.startswith(UNVERIFIED)
        kind, lacks = _kind(item, error, reason.removeprefix(UNVERIFIED))
        return common | {
            "state": "unverified",
            "evidence": reason.removeprefix(UNVERIFIED) if ours else f"skipped: {reason}",
            "kind": kind,
            "lacks": lacks,
        }
    if isinstance(error, ClaimFalse):
        expired = f"the waiver expired on {test.waiver.expires}" if test.waiver and not waived(test) else ""
        # Those that do not count are told where none does.
        warning = "; ".join(filter(None, (expired, *(test.refused if not waived(test) else ()))))
        return common | _false(error, test, what) | {"state": "failed", "warning": warning}
    if isinstance(error, CouldNotVerify):
        return common | {"state": "error", "evidence": f"could not verify: {error.reason}"}
    if own:
        what = f"could not verify: {broken(what)}"
    return common | {"state": "failed" if report.when == "call" and not own else "error", "evidence": what}


def _kind(item: pytest.Item, error: BaseException | None, reason: str) -> tuple[UnverifiedKind, str]:
    """Which kind of unverified a test is that was skipped, and what it lacks that others may lack, too."""
    if error is not None and KIND in error.__dict__:
        kind, lacks = error.__dict__[KIND]
        return kind, lacks
    if any(name == UNDECLARED for name, _ in item.user_properties):
        return "not declared", reason
    return "not run", ""


def _check_name(test: PlannedTest) -> str:
    if test.check is not None:
        return test.check.id
    return "signoff" if test.signoff is not None else ""


def _false(error: BaseException | None, test: PlannedTest, what: str) -> dict[str, Any]:
    if not isinstance(error, ClaimFalse):
        return {"evidence": what}
    remedy = error.remedy or (test.check.remedy if test.check else "")
    return {
        "evidence": error.seen,
        "expected": error.expected,
        "remedy": remedy,
        "attachments": error.attachments,
    }


def _with_needs(readings: Iterable[Reading]) -> Iterator[Reading]:
    for reading in readings:
        yield reading
        yield from _with_needs(reading.needs)


def _own_note(value: object) -> str:
    """What a record itself has to say of how it was seen: its attribute `note`, where that is a property."""
    return str(getattr(value, "note", "")) if isinstance(getattr(type(value), "note", None), property) else ""


def _notes(item: pytest.Item) -> Iterator[str]:
    """What is to be known of how it was seen."""
    if isinstance(item, ChecklistTest):
        direct = [reading for readings in item.readings.values() for reading in readings]
        yield from dict.fromkeys(filter(None, (reading.note for reading in direct)))
        yield from dict.fromkeys(note for reading in _with_needs(direct) if (note := _own_note(reading.value)))
    if (tries := item.stash.get(TRIES, 1)) > 1:
        yield f"at try {tries}"
