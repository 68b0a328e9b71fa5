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
from collections.abc import Callable, Hashable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from graphlib import CycleError, TopologicalSorter
from typing import TYPE_CHECKING, Any, Literal, TypeVar, overload

from pytest_readiness.core.evidence import Evidence

if TYPE_CHECKING:
    from pydantic import BaseModel

    from pytest_readiness.core.resources import Resource

Severity = Literal["critical", "high", "medium", "low"]
SEVERITIES: tuple[Severity, ...] = ("critical", "high", "medium", "low")
CheckClass = Literal["passive", "active", "disruptive"]
CLASSES: tuple[CheckClass, ...] = ("passive", "active", "disruptive")
TARGET = "target"
"""Parameter of a fact or check that gets the whole target, to look up a second resource by name."""

Asks = Mapping[str, Any]
"""What a check asks, by fact name: one question, a list of questions, or None where it asks nothing this time."""
AsksOf = Callable[..., Asks]
"""A function of the resource and, by their names, of those parameters of the check that it needs."""


class RegistrationError(TypeError):
    """A fact or check is declared in a way that cannot work; the message says which and why."""


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

    @cached_property
    def _asks_tuples(self) -> bool:
        """Whether one question is itself a tuple."""
        try:
            hint = typing.get_type_hints(self.read).get(self.asking)
        except NameError:  # a name that only type checkers see
            return False
        if self.asking == "asks":
            hint = next(iter(typing.get_args(hint)), None)
        return typing.get_origin(hint) is tuple


class AnswersTo(Mapping[Any, Any]):
    """A check's own questions, in the order asked, each with its answer, which is looked up when it is needed."""

    def __init__(self, questions: list[Hashable], answer: Callable[[Any], Any]) -> None:
        self._questions = dict.fromkeys(questions)
        self._answer = answer

    def __getitem__(self, question: Hashable) -> Any:
        if question not in self._questions:
            raise KeyError(question)
        return self._answer(question)

    def __contains__(self, question: object) -> bool:
        return question in self._questions

    def __iter__(self) -> Iterator[Hashable]:
        return iter(self._questions)

    def __len__(self) -> int:
        return len(self._questions)


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
                "second one by name as a parameter."
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

    @cached_property
    def _asks_by(self) -> tuple[str, ...]:
        """Parameters of the check that the function `asks` takes."""
        assert callable(self.asks)
        own = inspect.signature(self.judge).parameters
        wanted = list(inspect.signature(self.asks).parameters.values())[1:]
        for each in wanted:
            if each.default is each.empty and (each.name not in own or own[each.name].kind is not each.KEYWORD_ONLY):
                raise RegistrationError(
                    f"Check {self.id}: its function 'asks' takes '{each.name}', which is no parameter of the check. It "
                    "takes the resource and, by their names, the parameters that it needs: "
                    'lambda url, path: {"page": path}.'
                )
        return tuple(each.name for each in wanted if each.name in own)

    def questions(self, resource: Resource, parameters: Mapping[str, Any]) -> Asks:
        """What this check asks, by fact name, of this resource with these parameters.

        Raises:
            NotDeclared: the resource lacks the declaration that says what to ask for.
            RegistrationError: it asks what is neither a question nor a list of questions.
        """
        if not callable(self.asks):
            asks = self.asks
        else:
            asks = self.asks(resource, **{name: parameters[name] for name in self._asks_by})
        for name, asked in asks.items():
            for question in asked if isinstance(asked, list) else [asked]:
                several = type(question) is tuple and not (name in FACTS and FACTS[name]._asks_tuples)
                if several or isinstance(question, (list, Iterator)) or not isinstance(question, Hashable):
                    raise RegistrationError(
                        f"Check {self.id} asks {name} a {type(question).__name__}, which is no question of it. "
                        f'Write the question itself where there is one, {{"{name}": question}}, and a list where '
                        f'there are several, {{"{name}": [first, second]}}.'
                    )
        return asks

    def asked(self, resource: Resource, parameters: Mapping[str, Any]) -> dict[str, tuple[Hashable, ...]]:
        """Every question of `questions` once, by fact name; raises what that raises."""
        asks = self.questions(resource, parameters).items()
        several = ((name, asked if isinstance(asked, list) else [asked] * (asked is not None)) for name, asked in asks)
        return {name: tuple(dict.fromkeys(asked)) for name, asked in several}

    def argument(self, name: str, read: Any, resource: Resource, parameters: Mapping[str, Any]) -> Any:
        """What the check gets for a fact of which `read` was read: its own answers, where it asked.

        That is the answer to its one question; by question, the answers to a list; None where it asked None. Of a fact
        that is read once with all questions, only a record with a method `answer` is taken apart so.

        Args:
            name: of the fact.
            read: the fact's record; of a fact that is read once for each question, a mapping from question to record.
            resource: that was asked.
            parameters: by which it was asked.
        """
        asking = FACTS[name].asking
        if not asking:
            return read
        asks = self.questions(resource, parameters)
        answer = read.__getitem__ if asking == "ask" else getattr(read, "answer", None)
        if name not in asks or answer is None:
            return read
        asked = asks[name]
        if isinstance(asked, list):
            return AnswersTo(asked, answer)
        return None if asked is None else answer(asked)


FACTS: dict[str, Fact] = {}
CHECKS: dict[str, Check] = {}

BINDING_WORDS = (
    *("check", "all", "any", "on", "warn", "severity", "level"),
    *("partial", "signoff", "valid", "cadence", "not_applicable"),
)
"""Keys of a binding; no check may have a parameter of such a name."""

_ID = re.compile(r"[a-z][a-z0-9]*\.[a-z][a-z0-9_]*")


def _same_place(one: Callable[..., object], other: Callable[..., object]) -> bool:
    return (one.__module__, one.__qualname__) == (other.__module__, other.__qualname__)


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
        asks: what it asks of facts that take questions, by fact name: one question, whose answer is then its argument;
            a list of questions, for a mapping from question to answer in that order; or None, for None. Or a function
            that returns such a mapping, of the resource and, by their names, of the parameters that it needs; it may
            raise `NotDeclared`, and is asked again when the claim is judged.

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
        RegistrationError: the first that is found.
    """
    from pytest_readiness.core.problems import nearest
    from pytest_readiness.core.resources import KINDS, word

    by_kind: dict[str, dict[str, Fact]] = {}
    for fact in FACTS.values():
        if fact.kind not in KINDS:
            raise RegistrationError(
                f"Fact {fact.name} reads '{fact.kind}', which is no kind of resource.{nearest(fact.kind, KINDS)}"
            )
        by_kind.setdefault(fact.kind, {})[fact.name] = fact
    for fact in FACTS.values():
        alike = {name: other for kind in KINDS[fact.kind].kinds() for name, other in by_kind.get(kind, {}).items()}
        for name in fact.needs:
            if name not in alike:
                raise RegistrationError(
                    f"Fact {fact.name} builds on '{name}', which is no fact of a {word(fact.kind)}."
                    f"{nearest(name, alike)}"
                )
            if alike[name].asking == "ask":
                raise RegistrationError(f"Fact {fact.name} builds on {name}, which is many readings, not one.")
            if fact.heavy and alike[name].exclusive:
                raise RegistrationError(
                    f"Fact {fact.name} is heavy, and {name} is exclusive and waits for it; it cannot build on that."
                )
    try:
        TopologicalSorter({fact.name: fact.needs for fact in FACTS.values()}).prepare()
    except CycleError as error:
        raise RegistrationError(f"Facts build on each other: {' -> '.join(error.args[1])}.") from None
    for check in CHECKS.values():
        for name in check.fixtures:
            if name in FACTS and CLASSES.index(check.check_class) < CLASSES.index(class_of(name)):
                raise RegistrationError(f"Check {check.id} is {check.check_class}, and {name} is {class_of(name)}.")
