"""Judge one check against one resource, reading its facts in line: for tests of facts and checks."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any

from pytest_readiness.config.target import Target
from pytest_readiness.core.domains import catalogue
from pytest_readiness.core.evidence import ClaimFalse, CouldNotVerify, Evidence, NotDeclared
from pytest_readiness.core.registry import FACTS, TARGET
from pytest_readiness.core.resources import KINDS, Resource
from tests.metamorphic import new_passes


def read(
    name: str,
    resource: Resource,
    asks: Mapping[str, tuple[Hashable, ...]] | None = None,
    known: dict[str, Any] | None = None,
) -> Any:
    """Read the fact `name` of `resource`, and first what it builds on."""
    asks = asks or {}
    known = {TARGET: Target("test")} if known is None else known
    if name not in known:
        fact = FACTS[name]
        asked = asks.get(name, ())
        if fact.asking == "ask" and not asked:
            # What nobody asks is not read, and needs nothing.
            return known.setdefault(name, {})
        needs = [_needed(need, fact.fields.get(need, ""), resource, asks, known) for need in fact.takes]
        if fact.asking == "ask":
            known[name] = {ask: fact.read(resource, *needs, ask=ask) for ask in asked}
        elif fact.asking == "asks":
            known[name] = fact.read(resource, *needs, asks=tuple(sorted(asked, key=repr)))
        else:
            known[name] = fact.read(resource, *needs)
    return known[name]


def _needed(name: str, by: str, resource: Resource, asks: Any, known: dict[str, Any]) -> Any:
    """What a fact takes: a fact, of the same resource or of the one that the field `by` names, or that one itself."""
    of = known[TARGET].referred(resource, by) if by else resource
    return of if name in KINDS else read(name, of, asks, known)


def judge(id: str, resource: Resource, *, target: Any = None, **parameters: Any) -> Evidence:
    """Return the evidence of a check; ClaimFalse, CouldNotVerify, NotDeclared come through.

    Raises:
        AssertionError: it would also pass on a record that knows less, or of something else.
    """
    check = catalogue()[id]
    validated = dict(check.parameters.model_validate(parameters))
    asks = check.asked(resource, validated)
    known: dict[str, Any] = {TARGET: target or Target("test")}

    def by(records: Mapping[str, Any]) -> Evidence:
        def argument(name: str) -> Any:
            found = resource if name in KINDS else read(name, resource, asks, {**known, **records})
            return check.argument(name, found, resource, validated) if name in FACTS else found

        return check.judge(*map(argument, check.fixtures), **validated)

    records = {name: read(name, resource, asks, known) for name in check.fixtures if name in FACTS}
    error: Exception | None = None
    try:
        evidence = by(records)
    except (ClaimFalse, CouldNotVerify, NotDeclared) as raised:
        error = raised
    wrong = new_passes(id, by, records, resource, validated, passed=error is None)
    assert not wrong, f"{id} passes on a record that is {' and one that is '.join(wrong)}"
    if error:
        raise error
    return evidence
