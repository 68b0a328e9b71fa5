"""The clock of every judgement about days."""

from __future__ import annotations

import os
from datetime import UTC, datetime

VARIABLE = "READINESS_NOW"
"""Environment variable with a date or date-time (ISO 8601, UTC unless it says otherwise) that stands for now."""


def now() -> datetime:
    """Return the present moment in UTC, or the one that `READINESS_NOW` names."""
    fixed = os.environ.get(VARIABLE)
    if not fixed:
        return datetime.now(UTC)
    moment = datetime.fromisoformat(fixed)
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
