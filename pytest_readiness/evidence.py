"""What a check says: evidence that the claim holds, that it does not, or that it could not look."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Evidence:
    """What was seen when a claim holds.

    Attributes:
        text: one line, with figures ("valid for 57 more days, until 2026-03-01").
        warning: why somebody should still look; the test passes, and the report shows it.
    """

    text: str
    warning: str = ""


class ClaimFalse(AssertionError):
    """The claim was looked at and is not true.

    Args:
        expected: what the claim asks for ("max-age of at least 31536000 s").
        seen: what was there instead, with figures ("max-age=300").
        remedy: what to do about it, where that differs from the check's own remedy.
    """

    def __init__(self, expected: str, seen: str, *, remedy: str = "") -> None:
        super().__init__(f"expected {expected}; seen: {seen}")
        self.expected = expected
        self.seen = seen
        self.remedy = remedy


class CouldNotVerify(Exception):
    """The claim could not be looked at; neither true nor false is known.

    Args:
        reason: a clause without a full stop that names what was tried and what happened
            ("GET https://shop.example.com/ was answered by a reset connection").
        transient: the failure is of the kind that a second try often cures; a fact is then read once more.
    """

    def __init__(self, reason: str, *, transient: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.transient = transient


class Unreachable(CouldNotVerify):
    """The resource itself did not answer: what else was to be read in the same way is not tried any more."""


class NotDeclared(Exception):
    """The target does not declare what the check needs to look at; the item stays unverified.

    Args:
        reason: a clause that names the missing declaration ("shop declares no readiness path").
    """


def claim(holds: bool, *, expected: str, seen: str, remedy: str = "") -> None:
    """Raise `ClaimFalse` unless `holds`."""
    if not holds:
        raise ClaimFalse(expected, seen, remedy=remedy)
