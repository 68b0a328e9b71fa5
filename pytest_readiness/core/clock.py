"""The moment that a run judges by, in one place, so that it can be set."""

from __future__ import annotations

import os
from datetime import UTC, datetime

VARIABLE = "READINESS_NOW"


class ClockError(ValueError):
    """The moment to judge by is malformed; the message says what it must look like."""


def now() -> datetime:
    """The current moment, in UTC.

    The environment variable READINESS_NOW overrides it, to see what a run would say on another day: an ISO date
    (midnight UTC) or date-time (UTC unless it names an offset), such as `2026-03-01` or `2026-03-01T12:00:00+02:00`.

    Raises:
        ClockError: READINESS_NOW is neither.
    """
    text = os.environ.get(VARIABLE)
    if not text:
        return datetime.now(UTC)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise ClockError(
            f"{VARIABLE}={text!r} is not an ISO date or date-time such as 2026-03-01 or 2026-03-01T12:00:00Z."
        ) from None
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


def told() -> str:
    """What must be said of a run that does not judge by its own day, for READINESS_NOW is set; "" where it is not."""
    return f"judged as of {now():%Y-%m-%d %H:%M} UTC, as {VARIABLE} says" if os.environ.get(VARIABLE) else ""
