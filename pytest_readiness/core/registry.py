"""The registry of facts (how to read) and checks (what should be).

A fact is a function whose first parameter names the kind of resource it reads; further positional parameters are
facts of the same resource that it builds on. A check is a function whose positional parameters are fixtures (facts,
resources, or a team's own) and whose keyword-only parameters are what a binding may set.
"""

from __future__ import annotations

import inspect
import re
import typing
import warnings
from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from graphlib import CycleError, TopologicalSorter
from typing import TYPE_CHECKING, Any, Literal, TypeVar, overload

from pytest_readiness.core.evidence import Evidence
from pytest_readiness.core.problems import RegistrationError as RegistrationError
from pytest_readiness.core.problems import nearest

if TYPE_CHECKING:
    from pydantic import BaseModel

    from pytest_readiness.core.resources import Resource

Severity = Literal["critical", "high", "medium", "low"]
SEVERITIES: tuple[Severity, ...] = ("critical", "high", "medium", "low")
CheckClass = Literal["passive", "active", "disruptive"]
CLASSES: tuple[CheckClass, ...] = ("passive", "active", "disruptive")
TARGET = "target"
"""Parameter of a fact or check that gets the whole target, to look up a second resource by name."""

Asks = Mapping[str, Iterable[Hashable]]
AsksOf = Callable[[Any, Mapping[str, Any]], Asks]


@dataclass(frozen=True)
class Fact:
    """How one thing is read from one kind of resource.

    Attributes:
        name: the fixture's name.
        read: the function; it returns an immutable, serialisable record.
        kind: fixture name of the resource it reads ("url").
        needs: facts of the same resource that must be there first.
        asking: "ask" reads once for each thing asked for, "asks" reads once with all of them, "" takes none.
        deadline: seconds after which a reading is given up.
        exclusive: nothing else reads the resource meanwhile (a measurement that others would disturb).
        heavy: it keeps a processor busy; exclusive measurements wait for it too.
        fact_class: what reading it does to the target, as with checks; a check that rests on it is of that class.
        takes: what `read` takes after the resource, in order: `needs`, and `TARGET` where it looks at other resources.
    """

    name: str
    read: Callable[..., object]
    kind: str
    needs: tuple[str, ...]
    asking: Literal["", "ask", "asks"]
    deadline: float
    exclusive: bool
    heavy: bool
    fact_class: CheckClass
    takes: tuple[str, ...]

    @property
    def summary(self) -> str:
        """First line of the docstring."""
        return (inspect.getdoc(self.read) or "").partition("\n")[0]


@dataclass(frozen=True)
class Check:
    """One claim of the catalogue and the function that judges it.

    Attributes:
        id: public name, "<domain>.<claim>".
        judge: the function; returns `Evidence` or raises `ClaimFalse`.
        severity: how bad it is if the claim is false, unless a binding says otherwise.
        remedy: what to do when it is false, as a sentence.
        source: where the thresholds come from.
        check_class: passive reads only; active sends unusual but harmless requests; disruptive changes something.
        fixtures: the positional parameters.
        asks: what the check will ask of facts that take questions, by fact name.
    """

    id: str
    judge: Callable[..., Evidence]
    severity: Severity
    remedy: str
    source: str
    check_class: CheckClass
    fixtures: tuple[str, ...]
    asks: Asks | AsksOf = field(default_factory=dict)

    @property
    def domain(self) -> str:
        """The part of the id before the dot; also a marker."""
        return self.id.partition(".")[0]

    @cached_property
    def title(self) -> str:
        """The claim: first line of the docstring."""
        return (inspect.getdoc(self.judge) or "").partition("\n")[0]

    @cached_property
    def kind(self) -> str | None:
        """Fixture name of the kind of resource that the check looks at; None where it looks at none."""
        from pytest_readiness.core.resources import KINDS

        kinds = {FACTS[name].kind if name in FACTS else name for name in self.fixtures}
        wider = {base for kind in kinds & KINDS.keys() for base in KINDS[kind].kinds() if base != kind}
        known = sorted(kind for kind in kinds if kind in KINDS and kind not in wider)
        if len(known) > 1:
            raise RegistrationError(
                f"Check {self.id} reads from {' and '.join(known)}; a check looks at one resource and takes a "
                "second one by name as a parameter.",
                self.judge.__module__,
            )
        return known[0] if known else None

    @cached_property
    def parameters(self) -> type[BaseModel]:
        """Model of the keyword-only parameters, built from their type hints; unknown names are refused."""
        from pydantic import ConfigDict, create_model

        hints = typing.get_type_hints(self.judge, include_extras=True)
        fields: dict[str, Any] = {
            name: (hints[name], ... if parameter.default is parameter.empty else parameter.default)
            for name, parameter in inspect.signature(self.judge).parameters.items()
            if parameter.kind is parameter.KEYWORD_ONLY
        }
        with warnings.catch_warnings():
            # A parameter may be named like a method of pydantic's models ("json"); nobody calls that here.
            warnings.filterwarnings("ignore", "Field name .* shadows an attribute", UserWarning)
            return create_model(self.id, __config__=ConfigDict(extra="forbid", frozen=True), **fields)

    def asked(self, resource: Resource, parameters: Mapping[str, Any]) -> dict[str, tuple[Hashable, ...]]:
        """What this check asks of each fact, of this resource with these parameters.

        Raises:
            NotDeclared: the resource lacks the declaration that says what to ask for.
        """
        asks = self.asks(resource, parameters) if callable(self.asks) else self.asks
        return {name: tuple(dict.fromkeys(asked)) for name, asked in asks.items()}


FACTS: dict[str, Fact] = {}
CHECKS: dict[str, Check] = {}

BINDING_WORDS = (
    *("check", "all", "any", "on", "warn", "severity", "level"),
    *("partial", "signoff", "valid", "cadence", "not_applicable"),
)
"""Keys of a binding; no check may have a parameter of such a name."""

_ID = re.compile(r"[a-z][a-z0-9]*\.[a-z][a-z0-9_]*")


def _same_place(one: Callable[..., object], other: Callable[..., object]) -> bool:
    """Whether it is the same definition, though a file may be imported twice: by pytest and as an extension."""
    return _place(one) == _place(other)


def _place(function: Callable[..., object]) -> tuple[str, str]:
    code = getattr(function, "__code__", None)
    return (code.co_filename if code else function.__module__, function.__qualname__)


_Read = TypeVar("_Read", bound=Callable[..., Any])


@overload
def fact(
    read: _Read, *, deadline: float = ..., exclusive: bool = ..., heavy: bool = ..., fact_class: CheckClass = ...
) -> _Read: ...


@overload
def fact(
    *, deadline: float = ..., exclusive: bool = ..., heavy: bool = ..., fact_class: CheckClass = ...
) -> Callable[[_Read], _Read]: ...


def fact(
    read: Callable[..., Any] | None = None,
    *,
    deadline: float = 10.0,
    exclusive: bool = False,
    heavy: bool = False,
    fact_class: CheckClass = "passive",
) -> Any:
    """Register a function as a fact; it becomes a pytest fixture of the same name.

    Args:
        read: the function: first parameter the resource, then facts that it builds on and `target` for the whole
            target, at most one keyword-only parameter `ask` (read once for each) or `asks` (read once with all, a
            sorted tuple).
        deadline: seconds after which a reading is given up.
        exclusive: nothing else reads this resource at the same time.
        heavy: keeps a processor busy.
        fact_class: passive, active or disruptive.

    Raises:
        RegistrationError: the signature does not fit, or another function has the name.
    """
    if read is None:
        return lambda function: fact(
            function, deadline=deadline, exclusive=exclusive, heavy=heavy, fact_class=fact_class
        )
    parameters = inspect.signature(read).parameters.values()
    positional = [p.name for p in parameters if p.kind is not p.KEYWORD_ONLY]
    keywords = [p.name for p in parameters if p.kind is p.KEYWORD_ONLY]
    name = read.__name__
    if not positional or keywords not in ([], ["ask"], ["asks"]):
        raise RegistrationError(
            f"Fact {name} must take its resource first, and by keyword only 'ask' or 'asks' or nothing."
        )
    if name in FACTS and not _same_place(FACTS[name].read, read):
        raise RegistrationError(f"There is already a fact {name}, in {FACTS[name].read.__module__}.")
    FACTS[name] = Fact(
        name=name,
        read=read,
        kind=positional[0],
        needs=tuple(name for name in positional[1:] if name != TARGET),
        asking=typing.cast('Literal["", "ask", "asks"]', keywords[0] if keywords else ""),
        deadline=deadline,
        exclusive=exclusive,
        heavy=heavy,
        fact_class=fact_class,
        takes=tuple(positional[1:]),
    )
    return read


def check(
    id: str,
    *,
    severity: Severity,
    remedy: str,
    source: str = "",
    check_class: CheckClass = "passive",
    asks: Asks | AsksOf | None = None,
) -> Callable[[Callable[..., Evidence]], Callable[..., Evidence]]:
    """Register a function as the check `id`.

    Args:
        id: "<domain>.<claim>"; the function is named like the claim.
        severity: critical, high, medium or low.
        remedy: what to do when the claim is false, as a sentence.
        source: where thresholds come from (RFC, benchmark id, vendor guide).
        check_class: passive, active or disruptive.
        asks: what it asks of facts that take questions: a mapping from fact name to questions, or a function of
            (resource, parameters) that returns one and may raise `NotDeclared`.

    Raises:
        RegistrationError: the id is malformed or taken, or the docstring with the claim is missing.
    """

    def register(judge: Callable[..., Evidence]) -> Callable[..., Evidence]:
        if not _ID.fullmatch(id) or severity not in SEVERITIES or check_class not in CLASSES:
            raise RegistrationError(f"Check {id!r}: the id, severity or class is malformed.")
        if not inspect.getdoc(judge):
            raise RegistrationError(f"Check {id} has no docstring; its first line is the claim that it proves.")
        taken = sorted(set(inspect.signature(judge).parameters) & set(BINDING_WORDS))
        if taken:
            raise RegistrationError(f"Check {id}: '{taken[0]}' is a word of bindings, not of parameters.")
        if id in CHECKS and not _same_place(CHECKS[id].judge, judge):
            raise RegistrationError(f"There is already a check {id}, in {CHECKS[id].judge.__module__}.")
        CHECKS[id] = Check(
            id=id,
            judge=judge,
            severity=severity,
            remedy=remedy,
            source=source,
            check_class=check_class,
            fixtures=tuple(
                p.name for p in inspect.signature(judge).parameters.values() if p.kind is not p.KEYWORD_ONLY
            ),
            asks=asks if asks is not None else {},
        )
        return judge

    return register


def class_of(name: str) -> CheckClass:
    """Return the class of a fact with all that it builds on."""
    fact = FACTS[name]
    return max((fact.fact_class, *map(class_of, fact.needs)), key=CLASSES.index)


def verify_facts() -> None:
    """Refuse facts and checks that build on what they cannot build on.

    Raises:
        RegistrationError: the first that is found, with the module that declares it.
    """
    from pytest_readiness.core.resources import KINDS, word

    by_kind: dict[str, dict[str, Fact]] = {}
    for fact in FACTS.values():
        if fact.kind not in KINDS:
            raise RegistrationError(
                f"Fact {fact.name} reads '{fact.kind}', which is no kind of resource.{nearest(fact.kind, KINDS)}",
                fact.read.__module__,
            )
        if fact.name in KINDS:
            raise RegistrationError(
                f"Fact {fact.name} has the name of a kind of resource; a fixture has one meaning.", fact.read.__module__
            )
        by_kind.setdefault(fact.kind, {})[fact.name] = fact
    for fact in FACTS.values():
        alike = {name: other for kind in KINDS[fact.kind].kinds() for name, other in by_kind.get(kind, {}).items()}
        for name in fact.needs:
            if name not in alike:
                raise RegistrationError(
                    f"Fact {fact.name} builds on '{name}', which is no fact of a {word(fact.kind)}."
                    f"{nearest(name, alike)}",
                    fact.read.__module__,
                )
            if alike[name].asking == "ask":
                raise RegistrationError(
                    f"Fact {fact.name} builds on {name}, which is many readings, not one.", fact.read.__module__
                )
            if fact.heavy and alike[name].exclusive:
                raise RegistrationError(
                    f"Fact {fact.name} is heavy, and {name} is exclusive and waits for it; it cannot build on that.",
                    fact.read.__module__,
                )
    try:
        TopologicalSorter({fact.name: fact.needs for fact in FACTS.values()}).prepare()
    except CycleError as error:
        circle = error.args[1]
        raise RegistrationError(
            f"Facts build on each other: {' -> '.join(circle)}.", FACTS[circle[0]].read.__module__
        ) from None
    for check in CHECKS.values():
        _ = check.kind
        for name in check.fixtures:
            if name in FACTS and CLASSES.index(check.check_class) < CLASSES.index(class_of(name)):
                raise RegistrationError(
                    f"Check {check.id} is {check.check_class}, and {name} is {class_of(name)}.", check.judge.__module__
                )
