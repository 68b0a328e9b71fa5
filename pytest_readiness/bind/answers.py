"""What is proposed, as bindings write it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pytest_readiness.bind.proposal import Suggestion


def binding_of(checks: Sequence[Suggestion]) -> Any:
    """Return how bindings write claims that answer an item together; those to come are what is missing."""
    there = [{"check": each.check, **each.parameters} if each.parameters else each.check for each in checks]
    there = [written for written, each in zip(there, checks, strict=True) if not each.coming]
    coming = [each.check for each in checks if each.coming]
    if not coming:
        return there[0] if len(there) == 1 else there
    missing: dict[str, Any] = {"missing": coming[0] if len(coming) == 1 else coming}
    return {**(_mapped(there[0] if len(there) == 1 else there) if there else {}), **missing}


def signed_by(role: str, cadence: str = "", checks: Sequence[Suggestion] = ()) -> dict[str, Any]:
    """Return a binding that a role signs: the whole item, or beside checks what they leave."""
    bounded = {"cadence": cadence} if cadence else {}
    return {**_mapped(binding_of(checks)), "partial": role, **bounded} if checks else {"signoff": role, **bounded}


def _mapped(binding: Any) -> dict[str, Any]:
    """A binding as a mapping, beside whose keys others may stand."""
    if isinstance(binding, Mapping):
        return dict(binding)
    return {"all": binding} if isinstance(binding, list) else {"check": binding}
