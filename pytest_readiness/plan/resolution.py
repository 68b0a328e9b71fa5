"""What a binding means for a target: each check with each resource that it looks at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

from pytest_readiness.config.target import Target
from pytest_readiness.core.resources import Resource, words
from pytest_readiness.core.unverified import UnverifiedKind
from pytest_readiness.plan.binding import AnyOf, Part, Use


class Settled(NamedTuple):
    """How a test ends where nothing needs to be looked at.

    Attributes:
        state: how it ends.
        reason: why.
        kind: of unverified; "" for what does not apply.
        lacks: what others lack in the same way: what the target does not declare, the class that is not allowed, the
            claim for which there is no check, or what is proposed and not confirmed.
    """

    state: Literal["unverified", "not applicable"]
    reason: str
    kind: UnverifiedKind | Literal[""] = ""
    lacks: str = ""


def not_allowed(name: str, of: str) -> Settled:
    """Return the end of a test of a check, or with a fact, whose class neither the target nor the run allows."""
    ways = f"--readiness-allow={of} or 'policy: {{allow: [{of}]}}'"
    reason = f"{name} is {of}, and not allowed; {ways} allows it"
    return Settled("unverified", reason, "not allowed", f"{of} checks; {ways} allows them")


def not_declared(what: str) -> Settled:
    """Return the end of a test for which the target does not declare what it takes."""
    return Settled("unverified", what, "not declared", what)


class Wanted(NamedTuple):
    """A use of a check with a resource that it looks at, or with why it cannot look."""

    use: Use
    resource: Resource | None
    settled: Settled | None


@dataclass(frozen=True, slots=True)
class Resolved:
    """A part of a binding, resolved.

    Attributes:
        wanted: what is to be tested, in order.
        declared: whether the target declares something that any of its checks looks at.
        missing: what it does not declare of the first check that lacks a resource, as a clause; "" where none does.
    """

    wanted: tuple[Wanted, ...]
    declared: bool
    missing: str


class BindingResolver:
    """Resolves bindings against one target; what two bindings share is looked up once.

    Args:
        target: whose resources are looked at.
        allow: classes of checks that may run.
    """

    def __init__(self, target: Target, allow: frozenset[str]) -> None:
        self._target = target
        self._allow = allow
        self._by_kind: dict[str, tuple[Resource, ...]] = {}

    def resolve(self, part: Part) -> Resolved:
        """Return what a part of a binding means for the target."""
        if isinstance(part, Use):
            return self._use(part)
        children = [self.resolve(child) for child in part.parts]
        chosen = children
        if isinstance(part, AnyOf):
            chosen = [child for child in children if child.declared] or children
        return Resolved(
            wanted=tuple(wanted for child in chosen for wanted in child.wanted),
            declared=any(child.declared for child in children),
            missing=next((child.missing for child in children if child.missing), ""),
        )

    def _use(self, use: Use) -> Resolved:
        check, resources = use.check, self._resources(use)
        missing = use.lacking if resources else self._missing(use)
        if check.check_class not in self._allow:
            wanted = [Wanted(use, None, not_allowed(check.id, check.check_class))]
        else:
            wanted = [Wanted(use, resource, None) for resource in resources if not missing]
            wanted = wanted or [Wanted(use, None, not_declared(missing))]
        return Resolved(tuple(wanted), bool(resources) and not use.without, missing)

    def _resources(self, use: Use) -> tuple[Resource | None, ...]:
        kind = use.check.kind
        if kind is None:
            return (None,)
        if kind not in self._by_kind:
            self._by_kind[kind] = self._target.of(kind)
        found = self._by_kind[kind]
        for names in filter(None, (use.on, use.narrowed)):
            found = tuple(each for each in found if not {each.name, *each.labels}.isdisjoint(names))
        return found

    def _missing(self, use: Use) -> str:
        assert use.check.kind is not None
        wanted = " and ".join(" or ".join(names) for names in (use.on, use.narrowed) if names)
        named = f" named or labelled {wanted}" if wanted else ""
        unknown = self._target.unknown
        left_out = f" ({', '.join(unknown)} left out: a variable is not set)" if unknown and not use.on else ""
        return f"target {self._target.name} declares no {words(use.check.kind)}{named}{left_out}"
