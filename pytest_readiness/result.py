"""What a run found, as plain data: one record a test, carried by pytest's `user_properties` (and so by xdist)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import MISSING, dataclass, fields
from typing import Any, Literal

State = Literal["passed", "waived", "unverified", "error", "failed", "not applicable"]
STATES: tuple[State, ...] = ("failed", "error", "unverified", "waived", "passed", "not applicable")
"""Worst first; an item's state is the worst of its tests'."""

PREFIX = "readiness."


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
        warning: why somebody should look although it passed; or what is said of a waiver.
        seconds: how long judging took.
        start: when the test began, in seconds since the epoch.
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

    def properties(self, clean: Callable[[str], str]) -> list[tuple[str, object]]:
        """Return it as `user_properties`, empty fields left out and what was seen passed through `clean`."""
        found = [(name, getattr(self, field)) for field, name in _PROPERTIES]
        return [(name, clean(value) if name in _SEEN else value) for name, value in found if value != ""]


_PROPERTIES = [(field.name, f"{PREFIX}{field.name}") for field in fields(TestResult)]
_FIELDS = {name: field for field, name in _PROPERTIES}
_REQUIRED = {field.name for field in fields(TestResult) if field.default is MISSING}
_SEEN = frozenset(f"{PREFIX}{name}" for name in ("evidence", "expected", "remedy", "warning", "check", "test"))


def from_properties(properties: Iterable[tuple[str, object]]) -> TestResult | None:
    """Return the result that `user_properties` carry, or None where they carry none."""
    found: Mapping[str, Any] = {_FIELDS[key]: value for key, value in properties if key in _FIELDS}
    return TestResult(**found) if found.keys() >= _REQUIRED else None


def worst(states: Iterable[State]) -> State:
    """Return the worst of the states; not applicable only where all are."""
    return min(states, key=STATES.index)
