"""The kinds of unverified: why nobody looked, which also says who can change that."""

from __future__ import annotations

from typing import Literal

UnverifiedKind = Literal["not run", "unsigned", "not allowed", "not declared", "proposed", "unbound", "no check yet"]
"""Why a test is unverified.

- not run: it was skipped, or the run ended first.
- unsigned: a signature is missing, has expired or does not count.
- not allowed: its check is active or disruptive, and neither the target nor the command line allows that.
- not declared: the target declares no such resource, or gives no parameters for the check.
- proposed: nobody has confirmed what is proposed to answer its item.
- unbound: nothing answers its item.
- no check yet: what its item claims cannot be looked at by any check so far.
"""
PROPOSED: UnverifiedKind = "proposed"
NO_CHECK: UnverifiedKind = "no check yet"
UNVERIFIED_KINDS: tuple[UnverifiedKind | Literal[""], ...] = (
    "",
    "not run",
    "unsigned",
    "not allowed",
    "not declared",
    PROPOSED,
    "unbound",
    NO_CHECK,
)
"""Those first that the team can change soonest; before them what earlier versions, which knew no kinds, left open."""
