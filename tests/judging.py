"""Judge one check against one resource, reading its facts in line: for tests of facts and checks."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any

from pytest_readiness.config.target import Target
from pytest_readiness.core.domains import catalogue
from pytest_readiness.core.evidence import Evidence
from pytest_readiness.core.registry import FACTS, TARGET
from pytest_readiness.core.resources import KINDS, Resource


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
        needs = [read(need, resource, asks, known) for need in fact.takes]
        asked = asks.get(name, ())
        if fact.asking == "ask":
            known[name] = {ask: fact.read(resource, *needs, ask=ask) for ask in asked}
        elif fact.asking == "asks":
            known[name] = fact.read(resource, *needs, asks=tuple(sorted(asked, key=repr)))
        else:
            known[name] = fact.read(resource, *needs)
    return known[name]


def judge(id: str, resource: Resource, *, target: Any = None, **parameters: Any) -> Evidence:
    """Return the evidence of a check; ClaimFalse, CouldNotVerify, NotDeclared come through."""
    check = catalogue()[id]
    validated = dict(check.parameters.model_validate(parameters))
    asks = check.asked(resource, validated)
    known: dict[str, Any] = {TARGET: target or Target("test")}

    def argument(name: str) -> Any:
        found = resource if name in KINDS else read(name, resource, asks, known)
        return check.argument(name, found, resource, validated) if name in FACTS else found

    return check.judge(*map(argument, check.fixtures), **validated)
