"""What a run found, as plain data: one record a test, carried by pytest's reports (and so by xdist)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import MISSING, astuple, dataclass, fields, replace
from typing import Any, Literal

from pytest_readiness.core.evidence import Attachment
from pytest_readiness.core.unverified import UnverifiedKind
from pytest_readiness.people.decisions import Signature

State = Literal["passed", "waived", "unverified", "error", "failed", "not applicable"]


STATES: tuple[State, ...] = ("failed", "error", "unverified", "waived", "passed", "not applicable")

"""Worst first; an item's state is the worst of its tests'."""


PREFIX = "readiness."


ATTACHMENTS = "readiness_attachments"

"""Attribute of a report that carries files."""


SIGNATURES = "readiness_signatures"

"""Attribute of a report that carries sign-offs."""


@dataclass(frozen=True, slots=True)
class TestResult:
    """How one test of an item ended.

    Attributes:
        test: identity of the test over all checklists ("checklist:section/name").
        item: full id of the item ("checklist:section/slug").
        state: see `STATES`.
        severity: of the item.
        target: name of the target.
        check: id of the check, "signoff", the node id of a team's own test, or "".
        resource: what was looked at, by name, or "".
        resource_kind: its kind, or "".
        evidence: what was seen, in one line.
        expected: what the claim asks for, where it is false.
        remedy: what to do, where it is false.
        warning: why someone should look although it passed; or a note on its waiver.
        seconds: how long judging took.
        start: when the test began, in seconds since the epoch.
        attachments: files that show it.
        role: who must sign, for a test of a sign-off.
        signatures: the sign-offs that count.
        kind: of unverified; "" in every other state.
        lacks: what several unverified tests lack in the same way: what the target does not declare, the class of checks
            that is not allowed, the claim for which there is no check, or what is proposed and not confirmed; "" for
            the other kinds.
    """

    __test__ = False

    test: str
    item: str
    state: State
    severity: str
    target: str
    check: str = ""
    resource: str = ""
    resource_kind: str = ""
    evidence: str = ""
    expected: str = ""
    remedy: str = ""
    warning: str = ""
    seconds: float = 0.0
    start: float = 0.0
    attachments: tuple[Attachment, ...] = ()
    role: str = ""
    signatures: tuple[Signature, ...] = ()
    kind: UnverifiedKind | Literal[""] = ""
    lacks: str = ""

    @classmethod
    def cleaned(cls, clean: Callable[[str], str], **fields: Any) -> TestResult:
        """Return the result of these fields, with what was seen, and what people wrote, passed through `clean`."""
        for name in _SEEN & fields.keys():
            fields[name] = clean(fields[name])
        if signatures := fields.get("signatures"):
            fields["signatures"] = tuple(Signature(*map(clean, astuple(each))) for each in signatures)
        return cls(**fields)

    def properties(self) -> list[tuple[str, object]]:
        """Return it as `user_properties`, empty fields left out."""
        return [(name, value) for field, name in _PROPERTIES if (value := getattr(self, field)) != ""]


# The JUnit report takes in every property, and files would fill it: what is neither number nor text goes beside them.
_BESIDE = ("attachments", "signatures")


_PROPERTIES = [(field.name, f"{PREFIX}{field.name}") for field in fields(TestResult) if field.name not in _BESIDE]


_FIELDS = {name: field for field, name in _PROPERTIES}


_REQUIRED = {field.name for field in fields(TestResult) if field.default is MISSING}


_SEEN = frozenset(("evidence", "expected", "remedy", "warning", "check", "test", "lacks"))


def from_properties(properties: Iterable[tuple[str, object]]) -> TestResult | None:
    """Return the result that `user_properties` carry, or None where they carry none."""
    found: Mapping[str, Any] = {_FIELDS[key]: value for key, value in properties if key in _FIELDS}
    return TestResult(**found) if found.keys() >= _REQUIRED else None


def carry(report: Any, result: TestResult) -> list[tuple[str, object]]:
    """Let a report carry a result, with its files and sign-offs; return the `user_properties` that do."""
    properties = result.properties()
    report.user_properties += properties
    if result.attachments:
        report.__dict__[ATTACHMENTS] = [(each.name, each.media_type, each.data) for each in result.attachments]
    if result.signatures:
        report.__dict__[SIGNATURES] = list(map(astuple, result.signatures))
    return properties


def carried(report: Any) -> TestResult | None:
    """Return the result that a report carries, with its files and sign-offs, or None where it carries none."""
    result = from_properties(report.user_properties)
    files, signatures = (getattr(report, name, ()) for name in (ATTACHMENTS, SIGNATURES))
    if result is None or not (files or signatures):
        return result
    return replace(
        result,
        attachments=tuple(Attachment(*each) for each in files),
        signatures=tuple(Signature(*each) for each in signatures),
    )


def worst(states: Iterable[State]) -> State:
    """Return the worst of the states; not applicable only where all are."""
    return min(states, key=STATES.index)
