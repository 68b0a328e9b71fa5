"""How long a test waits: as long as on a quiet machine, or longer by the factor by which this one is slower just now.

A deadline tells a hang from an answer. On a machine that is busy with other things the same answer comes later, so that
every deadline of the tests goes through `patient`, and none of them says how fast the machine has to be.
"""

from __future__ import annotations

import hashlib
import os
import time
from functools import lru_cache

ROUNDS = 200_000
QUIET_SECONDS = 0.04
"""What the rounds take where nothing else runs."""
MOST = 50.0
FRESH_SECONDS = 10.0
"""How long a measurement holds: the load of a machine changes while tests run."""


def patient(seconds: float) -> float:
    """The deadline, in seconds, of what is done within `seconds` on a quiet machine, however slow this one is now."""
    return seconds * _slowness(int(time.monotonic() / FRESH_SECONDS))


@lru_cache(1)
def _slowness(period: int) -> float:
    """How many times longer things take than on a quiet machine; at least 1.

    The larger one of how much longer a little work takes, and of how many processes there are for each processor.
    Neither is believed beyond `MOST`: a virtual machine that was stopped meanwhile has a clock that jumped.
    """
    begun = time.monotonic()
    hashlib.pbkdf2_hmac("sha256", b"readiness", b"patience", ROUNDS)
    worked = (time.monotonic() - begun) / QUIET_SECONDS
    return min(max(1.0, worked, os.getloadavg()[0] / (os.cpu_count() or 1)), MOST)
