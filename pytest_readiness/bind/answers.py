"""What is proposed, as bindings write it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pytest_readiness.bind.proposal import ONLY_PEOPLE, Proposal, Suggestion
from pytest_readiness.core.text import cut
from pytest_readiness.people.rules import CADENCE_DAYS

_FEW = 8
"""Words that a comment names; what is longer is not read."""


def binding_of(checks: Sequence[Suggestion]) -> Any:
    """Return how bindings write claims that answer an item together; those to come are what is missing."""
    there = [{"check": each.check, **each.parameters} if each.parameters else each.check for each in checks]
    there = [written for written, each in zip(there, checks, strict=True) if not each.coming]
    coming = [each.check for each in checks if each.coming]
    if not coming:
        return there[0] if len(there) == 1 else there
    missing: dict[str, Any] = {"missing": coming[0] if len(coming) == 1 else coming}
    return {**(mapped(there[0] if len(there) == 1 else there) if there else {}), **missing}


def signed_by(role: str, cadence: str = "", checks: Sequence[Suggestion] = ()) -> dict[str, Any]:
    """Return a binding that a role signs: the whole item, or beside checks what they leave."""
    bounded = {"cadence" if cadence in CADENCE_DAYS else "valid": cadence} if cadence else {}
    return {**mapped(binding_of(checks)), "partial": role, **bounded} if checks else {"signoff": role, **bounded}


def mapped(binding: Any) -> dict[str, Any]:
    """A binding as a mapping, beside whose keys others may stand."""
    if isinstance(binding, Mapping):
        return dict(binding)
    return {"all": binding} if isinstance(binding, list) else {"check": binding}


def claims_in(binding: Any) -> Iterator[str]:
    """Yield the ids of the claims that a binding names, those that are only proposed included."""
    if isinstance(binding, str):
        yield binding
    elif isinstance(binding, list):
        for each in binding:
            yield from claims_in(each)
    elif isinstance(binding, Mapping):
        for key in ("check", "all", "any", "missing", "proposed"):
            yield from claims_in(binding.get(key))


def proposed_binding(proposal: Proposal) -> Any:
    """Return the binding that is proposed first for an item; None where nothing speaks for any."""
    if proposal.not_applicable:
        return {"not_applicable": proposal.not_applicable}
    role, cadence = proposal.role, proposal.cadence
    if proposal.people_first or not proposal.candidates:
        return signed_by(role, cadence) if role else None
    first = proposal.candidates[0]
    if not first.matched and not first.source:
        # What is left to try, for a person who searches: no word speaks for it.
        return signed_by(role, cadence) if role else None
    return binding_of(first.checks)


def reason_of(proposal: Proposal) -> str:
    """Return why that is proposed, in a line that begins with the level: "likely: certificate; not explained: two".

    Of a signature it begins with "people", as that is where it is counted and reviewed.
    """
    if proposal.not_applicable:
        return f"{proposal.level}: the document says so"
    first = next(iter(proposal.candidates), None)
    if proposal.people_first or first is None or not (first.matched or first.source):
        return ONLY_PEOPLE
    said = [_listed(first.matched)] if first.matched else []
    said += [f"not explained: {_listed(first.unexplained)}"] if first.unexplained else []
    said += [f"not read: {' '.join(first.not_read)}"] if first.not_read else []
    said += [f"as in {first.source}"] if first.source else []
    return f"{first.level}: {'; '.join(said)}"


def _listed(words: Sequence[str]) -> str:
    return ", ".join(cut(word, 40) for word in words[:_FEW]) + (", …" if len(words) > _FEW else "")
