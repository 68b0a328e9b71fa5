"""The registry of facts (how to read) and checks (what should be).

A fact is a function whose first parameter names the kind of resource it reads; further positional parameters are
facts that it builds on, of the same resource or of one that it refers to, or such a resource itself. A check is a
function whose positional parameters are fixtures (facts, resources, or a team's own) and whose keyword-only parameters
are what a binding may set.
"""

from __future__ import annotations

import functools
import inspect
import re
import threading
import typing
import warnings
from collections.abc import Callable, Collection, Hashable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from graphlib import CycleError, TopologicalSorter
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeVar, overload

from pytest_readiness.core import extras
from pytest_readiness.core.evidence import Evidence, NotDeclared
from pytest_readiness.core.names import refusal
from pytest_readiness.core.problems import RegistrationError as RegistrationError
from pytest_readiness.core.problems import nearest
from pytest_readiness.core.text import what_broke

if TYPE_CHECKING:
    from pydantic import BaseModel
    from pydantic.fields import FieldInfo

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


@dataclass(frozen=True)
class Fact:
    """How one thing is read from one kind of resource.

    Attributes:
        name: the fixture's name.
        read: the function; it returns an immutable, serialisable record.
        kind: fixture name of the resource it reads ("url").
        needs: facts that must be there first, of the same resource or of one that it refers to.
        asking: "ask" reads once for each thing asked for, "asks" reads once with all of them, "" takes none.
        deadline: seconds after which a reading is abandoned.
        exclusive: nothing else reads the resource's place meanwhile (a measurement that others would disturb).
        heavy: it keeps a processor busy; exclusive measurements wait for it too.
        fact_class: what reading it does to the target, as with checks; a check that rests on it is of that class.
        takes: what `read` takes after the resource, in order: `needs`, kinds of resources that it refers to, and
            `TARGET` where it looks at others.
        extra: optional package that reading it needs, by the extra that brings it, or "".
        way: how the place is spoken to: what does not answer in one way is not tried again in the same way.
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
    extra: str = ""
    way: str = ""

    @cached_property
    def fields(self) -> Mapping[str, str]:
        """For each fact and kind of `takes`, the field that names the resource it is of; "" is the fact's own.

        Raises:
            RegistrationError: it is of no resource that the fact's own refers to.
        """
        return {name: _field(self, name) for name in self.takes if name != TARGET}

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
            raise self._mistake(
                f" reads from {' and '.join(known)}; a check looks at one resource and takes a "
                "second one by name as a parameter."
            )
        return known[0] if known else None

    @cached_property
    def parameters(self) -> type[BaseModel]:
        """Model of the keyword-only parameters, built from their type hints; unknown names are refused.

        Raises:
            RegistrationError: a type is not known or none that a binding could give, refuses its parameter's default,
                or a parameter has a name that means something else.
        """
        try:
            hints = typing.get_type_hints(self.judge, include_extras=True)
        except Exception as error:  # noqa: BLE001  (a type in quotes may be any expression)
            raise self._mistake(f": the type of a parameter is not known ({error}).") from None
        fields: dict[str, Any] = {
            name: (hints[name], ... if parameter.default is parameter.empty else parameter.default)
            for name, parameter in inspect.signature(self.judge).parameters.items()
            if parameter.kind is parameter.KEYWORD_ONLY
        }
        try:
            model = self._model(fields)
        except Exception as error:  # noqa: BLE001  (pydantic refuses by many classes, and so may a type of anyone's)
            raise self._refusal(fields, error) from None
        self._verify_defaults(model)
        return model

    def _mistake(self, what: str) -> RegistrationError:
        """What is wrong with its declaration, of the module that it is in; the text continues after its id."""
        return RegistrationError(f"Check {self.id}{what}", self.judge.__module__)

    def _model(self, fields: Mapping[str, Any]) -> type[BaseModel]:
        from pydantic import ConfigDict, create_model

        config = ConfigDict(extra="forbid", frozen=True)
        with warnings.catch_warnings():
            # A parameter may be named like a method of pydantic's models ("json"); nobody calls that here.
            warnings.filterwarnings("ignore", "Field name .* shadows an attribute", UserWarning)
            model: type[BaseModel] = create_model(
                self.id, __config__=config, __module__=self.judge.__module__, **fields
            )
        model.model_rebuild()
        if model.model_fields.keys() != fields.keys() or "keys" in fields:
            # What has `keys` is a mapping for dict(), which gives the parameters to the check.
            raise NameError("pydantic takes it for something of its own")
        return model

    def _refusal(self, fields: Mapping[str, Any], error: Exception) -> RegistrationError:
        which = "one of its parameters"
        for name in fields if len(fields) > 1 else ():
            try:
                self._model({name: fields[name]})
            except Exception as own:  # noqa: BLE001  (as above)
                return self._refusal({name: fields[name]}, own)
        if len(fields) == 1:
            which = f"its parameter '{next(iter(fields))}'"
        return self._mistake(
            f": {which} is none that a binding could set ({what_broke(error)}). Give it another name or type."
        )

    def _verify_defaults(self, model: type[BaseModel]) -> None:
        """Refuse what a binding could not say: the check gets its defaults as they are written."""
        from pydantic import ValidationError

        fields = {name: field for name, field in model.model_fields.items() if not field.is_required()}
        defaults: dict[str, Any] = {}
        try:
            for name, field in fields.items():
                factory = typing.cast("Callable[[], Any] | None", field.default_factory)
                defaults[name] = field.default if factory is None else factory()
            written = {field.alias or name: name for name, field in fields.items()}
            model.model_validate({as_written: defaults[name] for as_written, name in written.items()}, strict=True)
        except ValidationError as error:
            for detail in error.errors(include_url=False, include_context=False):
                name = written.get(str(detail["loc"][0]), "")
                if name and not _takes(fields[name], defaults[name]):
                    why = detail["msg"].removeprefix("Value error, ")
                    raise self._mistake(
                        f": its parameter '{name}' has the default {defaults[name]!r}, which its own "
                        f"type refuses ({why[:1].lower()}{why[1:]}). Mend the one or the other."
                    ) from None
        except Exception as error:  # noqa: BLE001  (factories and validators may be anyone's)
            raise self._mistake(
                f": the defaults of its parameters could not be looked at ({what_broke(error)}). "
                "Mend the default or its type."
            ) from None

    @cached_property
    def _asks_by(self) -> tuple[str, ...]:
        """Parameters of the check that the function `asks` takes."""
        assert callable(self.asks)
        own = inspect.signature(self.judge).parameters
        wanted = list(inspect.signature(self.asks).parameters.values())[1:]
        for each in wanted:
            if each.default is each.empty and (each.name not in own or own[each.name].kind is not each.KEYWORD_ONLY):
                raise self._mistake(
                    f": its function 'asks' takes '{each.name}', which is not a parameter of the check. "
                    "It takes the resource and, by their names, the parameters that it needs: "
                    'lambda url, path: {"page": path}.'
                )
        return tuple(each.name for each in wanted if each.name in own)

    def questions(self, resource: Resource, parameters: Mapping[str, Any]) -> Asks:
        """What this check asks, by fact name, of this resource with these parameters.

        Raises:
            NotDeclared: the resource lacks the declaration that says what to ask for.
            RegistrationError: it asks what is neither a question nor a list of questions.
        """
        asks = self._asks_of(resource, parameters)
        if not isinstance(asks, Mapping):
            raise self._mistake(" must ask by a mapping from a fact's name to questions.")
        for name in asks.keys() - set(self.fixtures):
            raise self._mistake(f" asks '{name}', which is not among its arguments.{nearest(name, self.fixtures)}")
        for name in self.fixtures:
            if name in FACTS and FACTS[name].asking == "ask" and name not in asks:
                raise self._mistake(f" takes '{name}', which is read for questions, and asks none.")
        for name, asked in asks.items():
            for question in asked if isinstance(asked, list) else [asked]:
                several = type(question) is tuple and not (name in FACTS and FACTS[name]._asks_tuples)
                if several or isinstance(question, (list, Iterator)) or not isinstance(question, Hashable):
                    raise self._mistake(
                        f" asks {name} a {type(question).__name__}, which is not a question of it. "
                        f'Write the question itself where there is one, {{"{name}": question}}, and a list where '
                        f'there are several, {{"{name}": [first, second]}}.'
                    )
        return asks

    def _asks_of(self, resource: Resource, parameters: Mapping[str, Any]) -> Asks:
        if not callable(self.asks):
            return self.asks
        named = {name: parameters[name] for name in self._asks_by}
        try:
            return self.asks(resource, **named)
        except (NotDeclared, RegistrationError):
            raise
        except Exception as error:
            raise self._mistake(f": its function 'asks' failed ({what_broke(error)}).") from error

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
        # The plan has refused what is not a question.
        asks = self._asks_of(resource, parameters)
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
    *("check", "all", "any", "on", "from_target", "warn", "severity", "level"),
    *("partial", "signoff", "valid", "cadence", "missing", "not_applicable", "source", "proposed"),
)
"""Keys of a binding; no check may have a parameter of such a name."""

_ID = re.compile(r"[a-z][a-z0-9]*\.[a-z][a-z0-9_]*")


def _same_place(one: Callable[..., object], other: Callable[..., object]) -> bool:
    """Whether it is the same definition, though a file may be imported twice: by pytest and as an extension."""
    return _place(one) == _place(other)


def _place(function: Callable[..., object]) -> tuple[str, str]:
    code = getattr(function, "__code__", None)
    return (code.co_filename if code else function.__module__, function.__qualname__)


def _takes(field: FieldInfo, value: object) -> bool:
    """Whether a parameter's type takes a value as it is, though it may be of another class (a set for a Set)."""
    from pydantic import TypeAdapter, ValidationError

    marks = tuple(field.metadata)
    hint: Any = Annotated[(field.annotation, *marks)] if marks else field.annotation
    try:
        return bool(TypeAdapter(hint).validate_python(value) == value)
    except ValidationError:
        return False


def _parameters(what: str, function: Callable[..., object]) -> list[inspect.Parameter]:
    """The parameters of the function of a fact or check.

    Raises:
        RegistrationError: to call it by names would not do, or would not run it.
    """
    module = function.__module__
    if inspect.iscoroutinefunction(function) or inspect.isasyncgenfunction(function):
        raise RegistrationError(f"{what} is an 'async def', which nobody awaits. Declare it by 'def'.", module)
    if inspect.isgeneratorfunction(function):
        raise RegistrationError(f"{what} has a 'yield', so that a call does not run it. Let it return.", module)
    parameters = list(inspect.signature(function).parameters.values())
    for each in parameters:
        if each.kind in (each.VAR_POSITIONAL, each.VAR_KEYWORD):
            stars = "*" if each.kind is each.VAR_POSITIONAL else "**"
            raise RegistrationError(f"{what} takes '{stars}{each.name}'. Name each parameter instead.", module)
    return parameters


def _name_of(what: str, function: Callable[..., object]) -> str:
    """The name of what is declared.

    Raises:
        RegistrationError: it is not a function, and has none (`functools.partial`).
    """
    name: object = getattr(function, "__name__", None)
    if not isinstance(name, str):
        raise RegistrationError(
            f"{what} is a {type(function).__name__}, not a function: {function!r:.100}. Write one by 'def'.",
            getattr(function, "__module__", ""),
        )
    return name


def _verify_options(what: str, module: str, kind: type[object], **options: object) -> None:
    for name, value in options.items():
        if not isinstance(value, kind):
            wanted = "a text" if kind is str else "True or False"
            raise RegistrationError(f"{what}: its '{name}' is {value!r}; it must be {wanted}.", module)


_Read = TypeVar("_Read", bound=Callable[..., Any])


@overload
def fact(
    read: _Read,
    *,
    deadline: float = ...,
    exclusive: bool = ...,
    heavy: bool = ...,
    fact_class: CheckClass = ...,
    extra: str = ...,
    way: str = ...,
) -> _Read: ...


@overload
def fact(
    *,
    deadline: float = ...,
    exclusive: bool = ...,
    heavy: bool = ...,
    fact_class: CheckClass = ...,
    extra: str = ...,
    way: str = ...,
) -> Callable[[_Read], _Read]: ...


def fact(
    read: Callable[..., Any] | None = None,
    *,
    deadline: float = 10.0,
    exclusive: bool = False,
    heavy: bool = False,
    fact_class: CheckClass = "passive",
    extra: str = "",
    way: str = "",
) -> Any:
    """Register a function as a fact; it becomes a pytest fixture of the same name.

    Args:
        read: the function: first parameter the resource, then facts that it builds on (of the resource, or of one that
            it refers to), kinds that it refers to, for that resource, and `target` for the whole target; at most one
            keyword-only parameter `ask` (read once for each) or `asks` (read once with all, a sorted tuple).
        deadline: seconds after which a reading is abandoned: a number above 0.
        exclusive: nothing else reads what is at the same place at the same time.
        heavy: keeps a processor busy.
        fact_class: passive, active or disruptive.
        extra: extra of this package without which it cannot be read; it is then not begun, and could not be verified.
        way: word for how the resource's place is spoken to, shared by facts of several kinds that speak to it alike;
            default: the fact that it builds on first of all, or itself.

    Raises:
        RegistrationError: the function, its name, its signature or an option does not fit, another function has the
            name, or there is no such extra.
    """
    if read is None:
        return functools.partial(
            fact, deadline=deadline, exclusive=exclusive, heavy=heavy, fact_class=fact_class, extra=extra, way=way
        )
    from pytest_readiness.core.resources import KINDS

    name, module = _name_of("A fact", read), read.__module__
    if refused := refusal(name, "fact"):
        raise RegistrationError(refused, module)
    _verify_options(f"Fact {name}", module, str, fact_class=fact_class, extra=extra, way=way)
    _verify_options(f"Fact {name}", module, bool, exclusive=exclusive, heavy=heavy)
    if fact_class not in CLASSES:
        raise RegistrationError(f"Fact {name}: '{fact_class}' is not a class.{nearest(fact_class, CLASSES)}", module)
    is_number = isinstance(deadline, (int, float)) and not isinstance(deadline, bool)
    if not is_number or not 0 < deadline <= threading.TIMEOUT_MAX:
        raise RegistrationError(
            f"Fact {name}: its 'deadline' is {deadline!r}; it must be a number of seconds above 0, at most "
            f"{threading.TIMEOUT_MAX:.0f}.",
            module,
        )
    parameters = _parameters(f"Fact {name}", read)
    positional = [p.name for p in parameters if p.kind is not p.KEYWORD_ONLY]
    keywords = [p.name for p in parameters if p.kind is p.KEYWORD_ONLY]
    if not positional or keywords not in ([], ["ask"], ["asks"]):
        raise RegistrationError(
            f"Fact {name} must take its resource first, and by keyword only 'ask' or 'asks' or nothing.",
            module,
        )
    if name in FACTS and not _same_place(inspect.unwrap(FACTS[name].read), read):
        raise RegistrationError(f"There is already a fact {name}, in {FACTS[name].read.__module__}.", module)
    if extra:
        if extra not in extras.MODULES:
            raise RegistrationError(
                f"Fact {name}: there is no extra '{extra}'.{nearest(extra, extras.MODULES)}", module
            )
        read = _with_extra(read, extra)
    FACTS[name] = Fact(
        name=name,
        read=read,
        kind=positional[0],
        needs=tuple(name for name in positional[1:] if name != TARGET and name not in KINDS),
        asking=typing.cast('Literal["", "ask", "asks"]', keywords[0] if keywords else ""),
        deadline=deadline,
        exclusive=exclusive,
        heavy=heavy,
        fact_class=fact_class,
        takes=tuple(positional[1:]),
        extra=extra,
        way=way,
    )
    return read


def _with_extra(read: Callable[..., Any], extra: str) -> Callable[..., Any]:
    @functools.wraps(read)
    def reading(*arguments: Any, **asked: Any) -> Any:
        if not extras.is_installed(extra):
            raise extras.needed(read.__name__, extra)
        try:
            return read(*arguments, **asked)
        except ImportError:
            # It is there and not whole: psycopg without libpq.
            raise extras.needed(read.__name__, extra) from None

    return reading


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
        RegistrationError: the id is malformed or taken, the docstring with the claim is missing, or the function, its
            signature or an option does not fit.
    """

    def register(judge: Callable[..., Evidence]) -> Callable[..., Evidence]:
        _name_of(f"Check {id!r}", judge)
        module = judge.__module__
        _verify_options(f"Check {id!r}", module, str, id=id, remedy=remedy, source=source)
        if not _ID.fullmatch(id) or severity not in SEVERITIES or check_class not in CLASSES:
            raise RegistrationError(f"Check {id!r}: the id, severity or class is malformed.", module)
        if not inspect.getdoc(judge):
            raise RegistrationError(f"Check {id} has no docstring; its first line is the claim that it proves.", module)
        parameters = _parameters(f"Check {id}", judge)
        untyped = [p.name for p in parameters if p.kind is p.KEYWORD_ONLY and p.annotation is p.empty]
        if untyped:
            raise RegistrationError(f"Check {id}: its parameter '{untyped[0]}' needs a type.", module)
        by_position = [p.name for p in parameters if p.kind is p.POSITIONAL_ONLY]
        if by_position:
            raise RegistrationError(
                f"Check {id} takes '{by_position[-1]}' by position only, and gets its arguments by their names. Leave "
                "the '/' out.",
                module,
            )
        taken = sorted({p.name for p in parameters} & set(BINDING_WORDS))
        if taken:
            raise RegistrationError(f"Check {id}: '{taken[0]}' is a word of bindings, not of parameters.", module)
        if id in CHECKS and not _same_place(CHECKS[id].judge, judge):
            raise RegistrationError(f"There is already a check {id}, in {CHECKS[id].judge.__module__}.", module)
        CHECKS[id] = Check(
            id=id,
            judge=judge,
            severity=severity,
            remedy=remedy,
            source=source,
            check_class=check_class,
            fixtures=tuple(p.name for p in parameters if p.kind is not p.KEYWORD_ONLY),
            asks=asks if asks is not None else {},
        )
        return judge

    return register


def rests_on(name: str) -> Iterator[Fact]:
    """The fact and all that it builds on, those first; a fact that several build on comes several times."""
    fact = FACTS[name]
    for need in fact.needs:
        yield from rests_on(need)
    yield fact


def is_asked(name: str, asks: Mapping[str, Collection[Hashable]]) -> bool:
    """Whether these questions make it necessary to read a fact: one that answers each by itself is not without any."""
    return FACTS[name].asking != "ask" or bool(asks.get(name))


def class_of(name: str) -> CheckClass:
    """Return the class of a fact with all that it builds on."""
    return max((fact.fact_class for fact in rests_on(name)), key=CLASSES.index)


def lacking(name: str) -> str:
    """Return why a fact cannot be read here, where it or what it builds on needs an extra that is missing, or ""."""
    missing = (fact for fact in rests_on(name) if fact.extra and not extras.is_installed(fact.extra))
    return next((extras.needed(fact.name, fact.extra).reason for fact in missing), "")


def _field(fact: Fact, name: str) -> str:
    from pytest_readiness.core.resources import KINDS, word

    model = KINDS[fact.kind]
    kind = FACTS[name].kind if name in FACTS else name
    if name in FACTS and kind in model.kinds():
        return ""
    references = {by: KINDS[each.kind] for by, each in model.references().items() if each.kind in KINDS}
    found = [by for by, named in references.items() if kind in named.kinds()]
    if len(found) == 1:
        return found[0]
    if found:
        raise RegistrationError(
            f"Fact {fact.name} takes '{name}', and the kind {word(fact.kind)} refers to the kind {word(kind)} by "
            f"{' and '.join(found)}; look it up by 'target' instead.",
            fact.read.__module__,
        )
    known = [each.name for each in FACTS.values() if each.kind in model.kinds()]
    for named in references.values():
        known += [*named.kinds(), *(each.name for each in FACTS.values() if each.kind in named.kinds())]
    raise RegistrationError(
        f"Fact {fact.name} builds on '{name}', which is not a fact of the kind {word(fact.kind)}"
        f"{' or of what it refers to' if references else ''}.{nearest(name, known)}",
        fact.read.__module__,
    )


def verify_facts() -> None:
    """Refuse facts and checks that build on something that they cannot build on.

    Raises:
        RegistrationError: the first that is found, with the module that declares it.
    """
    from pytest_readiness.core.resources import KINDS, word

    for kind, model in KINDS.items():
        for by, reference in model.references().items():
            if reference.kind not in KINDS:
                raise RegistrationError(
                    f"The field '{by}' of the kind {word(kind)} refers to '{reference.kind}', which is not a kind of "
                    f"resource.{nearest(reference.kind, KINDS)}",
                    model.__module__,
                )
    for fact in FACTS.values():
        if fact.kind not in KINDS:
            raise RegistrationError(
                f"Fact {fact.name} reads '{fact.kind}', which is not a kind of resource.{nearest(fact.kind, KINDS)}",
                fact.read.__module__,
            )
        if fact.name in KINDS:
            raise RegistrationError(
                f"Fact {fact.name} has the name of a kind of resource; a fixture has one meaning.", fact.read.__module__
            )
    for fact in FACTS.values():
        for name in fact.fields.keys() & FACTS.keys():
            if FACTS[name].asking == "ask":
                raise RegistrationError(
                    f"Fact {fact.name} builds on {name}, which is many readings, not one.", fact.read.__module__
                )
            if fact.heavy and FACTS[name].exclusive:
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
