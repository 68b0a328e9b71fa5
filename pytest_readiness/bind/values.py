"""What the text of an item gives of a check's parameters: "coverage > 80%", "ports 80, 443", "`SECRET_KEY` is set"."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from pytest_readiness.bind.kinds import (
    ACCEPTED,
    ALLOWED,
    ASSIGNMENTS,
    CHOICES,
    COUNTED_OTHERWISE,
    FLAG,
    IS,
    NAMES,
    OPPOSITE,
    OTHERWISE,
    STEPS,
    UNITS,
    Kind,
)
from pytest_readiness.bind.named import named_in
from pytest_readiness.bind.proposal import NotRead
from pytest_readiness.bind.quantities import Value, clause_at, clause_of, denies, quantities_in
from pytest_readiness.bind.words import Words
from pytest_readiness.checklist.model import Item
from pytest_readiness.core.domains import catalogue as checks
from pytest_readiness.plan.coming import COMING

if TYPE_CHECKING:
    from pydantic import BaseModel

LONGEST = 2000
"""Characters of an item that are looked at: no claim is longer, and a document may hold anything."""


@dataclass(frozen=True, slots=True)
class Parameters:
    """What a text gives of a check's parameters.

    Attributes:
        given: values by parameter, as a binding writes them.
        words: the words of the text that they came from.
        not_read: what the text has for a parameter and does not give: where the check's limit would be another one than
            the text's, it would pass what the text does not accept.
    """

    given: Mapping[str, Any] = field(default_factory=dict)
    words: tuple[str, ...] = ()
    not_read: tuple[NotRead, ...] = ()


@lru_cache(maxsize=1024)
def values_in(text: str) -> tuple[Value, ...]:
    """All that can be read from a text, in its order; what is ambiguous is not."""
    text = text[:LONGEST]
    return tuple(sorted((*quantities_in(text), *named_in(text)), key=lambda value: (value.start, value.end)))


def text_of(item: Item) -> str:
    """All that an item itself says."""
    return f"{item.text}\n{item.detail}" if item.detail else item.text


def parameters_for(check_id: str, item: Item, catalogue: Mapping[str, Words]) -> Parameters:
    """What an item's text gives of a check's parameters.

    Args:
        check_id: the check, or a claim that is to come, whose parameters nothing validates.
        item: the item.
        catalogue: the words of every claim, which say what a text may give of its parameters.
    """
    words = catalogue.get(check_id)
    if words is None or not words.parameters:
        return Parameters()
    reading = _Reading(text_of(item)[:LONGEST], check_id)
    for parameter, kind in words.parameters.items():
        reading.read(parameter, Kind.parse(kind))
    return reading.result()


_TOGETHER = ("port", "address")
"""What may be allowed in one part of a text and forbidden in another."""
_GAP = re.compile(r"\s{0,5}(?:[,/&+]|\band\b|,\s{0,5}and\b)?\s{0,5}")
_CLOSED = re.compile(r"\b(?:no|not|never|without|clos\w+|block\w*|den(?:y|ied)|refus\w+)\b|n[’']t\b", re.IGNORECASE)
_SEVERAL = "is one of several that it may be"


@dataclass(slots=True)
class _Reading:
    """What is found for the parameters of one check."""

    text: str
    check: str
    found: dict[str, tuple[Any, tuple[Value, ...]]] = field(default_factory=dict)
    stricter: dict[str, tuple[Any, tuple[Value, ...]]] = field(default_factory=dict)
    problems: list[tuple[str, Value, str]] = field(default_factory=list)

    @property
    def model(self) -> type[BaseModel] | None:
        """The model of the check's parameters, for which the check is imported; None for a claim to come."""
        # To ask for a check that is not there would import all others.
        known = None if self.check in COMING else checks().get(self.check)
        return known.parameters if known else None

    def read(self, parameter: str, kind: Kind) -> None:
        """Look for one parameter."""
        if kind.name in UNITS:
            self._limit(parameter, kind)
        elif kind.name == FLAG:
            self._flag(parameter, kind)
        elif kind.name == IS:
            self._is(parameter, kind)
        elif kind.name in CHOICES:
            self._choice(parameter, kind)
        elif kind.name == ASSIGNMENTS:
            self._assignments(parameter)
        else:
            self._names(parameter, kind)

    def result(self) -> Parameters:
        """What is valid, and was found for one parameter only."""
        exact = {value for _, values in self.found.values() for value in values}
        self.found |= {name: found for name, found in self.stricter.items() if not exact & set(found[1])}
        taken = Counter(value for _, values in self.found.values() for value in values)
        for parameter, (_, values) in list(self.found.items()):
            if shared := next((value for value in values if taken[value] > 1), None):
                self._leave(parameter, shared, "may be meant for another parameter")
                del self.found[parameter]
        for parameter, reason in self._invalid():
            self._leave(parameter, self.found.pop(parameter)[1][0], reason)
        used = {value for _, values in self.found.values() for value in values}
        ordered = sorted(used, key=lambda value: value.start)
        notes = [
            NotRead(name, " ".join(value.words.split()), why) for name, value, why in self.problems if value not in used
        ]
        return Parameters(
            {parameter: value for parameter, (value, _) in self.found.items()},
            tuple(dict.fromkeys(word for value in ordered for word in value.words.split())),
            tuple(dict.fromkeys(notes)),
        )

    def _leave(self, parameter: str, value: Value, reason: str) -> None:
        self.problems.append((parameter, value, reason))

    def _invalid(self) -> Iterator[tuple[str, str]]:
        """Parameters whose value the check refuses, and why; those that are missing the reviewer adds."""
        model = self.model if self.found else None
        if model is None:
            return
        try:
            model.model_validate({parameter: value for parameter, (value, _) in self.found.items()})
        except ValidationError as error:
            refused = {str(each["loc"][0]): each["msg"] for each in error.errors() if each["loc"]}
            for parameter in refused.keys() & self.found.keys():
                yield parameter, "is not what the check takes"

    def _of_kind(self, kind: str, of: str = "") -> list[Value]:
        return [value for value in values_in(self.text) if value.kind == kind and (not of or value.of == of)]

    def _limit(self, parameter: str, kind: Kind) -> None:
        unit, divisor = UNITS[kind.name]
        values = self._of_kind(unit, kind.name if unit == "count" else "")
        if unit == "version":
            values = [value for value in values if value.of in kind.of]
        else:
            values = [value for value in values if self._is_near(value, kind.of)]
            others = [each for of in COUNTED_OTHERWISE.get(kind.name, ()) for each in self._of_kind("count", of)]
            for value in (*self._of_kind(OTHERWISE.get(unit, "")), *others):
                if self._is_near(value, kind.of):
                    self._leave(parameter, value, f"is not converted to {kind.name}")
        fitting = []
        for value in values:
            if reason := self._measured_otherwise(parameter, value):
                self._leave(parameter, value, reason)
            elif all(value.comparison in OPPOSITE.get(limit, ()) for limit in kind.limits):
                self._leave(parameter, value, f"is no limit of the kind '{' or '.join(kind.limits)}'")
            else:
                fitting.append(value)
        if "every" in kind.limits:
            # Of "daily, kept for 30 days" the first says how often.
            fitting = [value for value in fitting if value.comparison == "every"] or fitting
        if len({(value.value, value.comparison) for value in fitting}) > 1:
            for value in fitting:
                self._leave(parameter, value, _SEVERAL)
            return
        for value in fitting[:1]:
            amount = _amount(value, kind)
            if amount is not None:
                self.found[parameter] = (_plain(amount, divisor), (value,))
            elif (stricter := _stricter(value, kind)) is not None:
                self.stricter[parameter] = (_plain(stricter, divisor), (value,))
            else:
                self._leave(parameter, value, _otherwise(value, kind))

    def _is_one_list(self, values: list[Value]) -> bool:
        """Whether nothing is said between the values: in "80 and 443 are open, port 22 is closed" there is."""
        gaps = (self.text[one.end : other.start] for one, other in pairwise(values))
        return all(_GAP.fullmatch(gap) for gap in gaps)

    def _is_near(self, value: Value, words: tuple[str, ...]) -> bool:
        return not words or any(self._has(word, clause_of(self.text, value.start, value.end)) for word in words)

    @staticmethod
    def _has(word: str, text: str) -> bool:
        return re.search(rf"(?<![\w-]){re.escape(word)}(?!\w)", text, re.IGNORECASE) is not None

    def _measured_otherwise(self, parameter: str, value: Value) -> str:
        """Why a time is not what the parameter limits: another percentile, or the average."""
        if value.kind != "duration":
            return ""
        every = self._of_kind("percentile")
        begin, end = clause_at(self.text, value.start, value.end)
        near = [each for each in every if begin <= each.start < end]
        said = {str(each.value) for each in near or every} - set(parameter.split("_"))
        return f"is about the {' and '.join(sorted(said))}" if said else ""

    def _flag(self, parameter: str, kind: Kind) -> None:
        for word in kind.of:
            for match in re.finditer(rf"(?<![\w-]){re.escape(word)}(?!\w)", self.text, re.IGNORECASE):
                if not denies(clause_of(self.text, *match.span())):
                    value = Value(FLAG, word, *match.span(), match[0])
                    self.found[parameter] = (True, (value,))
                    return

    def _is(self, parameter: str, kind: Kind) -> None:
        for word in kind.of:
            if match := re.search(rf"(?<![\w-]){re.escape(word)}(?!\w)", self.text, re.IGNORECASE):
                self.found[parameter] = (kind.value, (Value(IS, word, *match.span(), match[0]),))
                return

    def _choice(self, parameter: str, kind: Kind) -> None:
        found: dict[str, Value] = {}
        if kind.of and not any(self._has(word, self.text) for word in kind.of):
            return
        for choice in _choices(self.model, parameter):
            for match in _spelled(choice).finditer(self.text):
                clause = clause_of(self.text, *match.span())
                if (not kind.of or any(self._has(word, clause) for word in kind.of)) and not denies(clause):
                    found.setdefault(choice, Value("choice", choice, *match.span(), match[0]))
        if kind.name == "choices" and found:
            self.found[parameter] = (list(found), tuple(found.values()))
        elif len(found) == 1:
            self.found[parameter] = next((choice, (value,)) for choice, value in found.items())
        else:
            for value in found.values():
                self._leave(parameter, value, _SEVERAL)

    def _assignments(self, parameter: str) -> None:
        values = [
            value for value in self._of_kind("assignment") if not denies(clause_of(self.text, value.start, value.end))
        ]
        names = Counter(value.of for value in values)
        once = tuple(value for value in values if names[value.of] == 1)
        if once:
            self.found[parameter] = ({value.of: value.value for value in once}, once)

    def _names(self, parameter: str, kind: Kind) -> None:
        of, several = NAMES[kind.name]
        values = [value for value in self._of_kind(of) if self._is_near(value, kind.of)]
        if kind.name == ALLOWED:
            values = [value for value in values if not _CLOSED.search(clause_of(self.text, value.start, value.end))]
        if of == "variable":
            values += [
                Value("variable", value.of, value.start, value.end, value.words)
                for value in self._of_kind("assignment")
            ]
        if patterns := self._of_kind("pattern", of):
            # What else is named is not all of it.
            for value in patterns:
                self._leave(parameter, value, "stands for several that it does not name")
            return
        if several and of in _TOGETHER and not self._is_one_list(values):
            for value in values:
                self._leave(parameter, value, _SEVERAL)
            return
        distinct = list(
            dict.fromkeys(value.value if isinstance(value.value, str) else _plain(value.value) for value in values)
        )
        if several and distinct:
            self.found[parameter] = (distinct, tuple(values))
        elif len(distinct) == 1:
            self.found[parameter] = (distinct[0], tuple(values))
        elif distinct:
            for value in values:
                self._leave(parameter, value, _SEVERAL)


def _amount(value: Value, kind: Kind) -> Fraction | str | None:
    """The value as the check's limit takes it, None where the limit would be another one."""
    for limit in kind.limits:
        accepted = ACCEPTED[limit]
        if value.kind == "version" and limit != "exactly":
            # "PostgreSQL 16" does not say whether 17 would do.
            accepted = tuple(sign for sign in accepted if sign not in ("=", ""))
        if value.comparison in accepted:
            return value.value
    return None


def _stricter(value: Value, kind: Kind) -> Fraction | None:
    """The nearest limit that does not accept what the text's own does not: more than 2 replicas are at least 3."""
    steps = (STEPS.get((limit, value.comparison)) for limit in kind.limits)
    step = next(filter(None, steps), None)
    return value.value + step * _least(value.value, kind) if step and isinstance(value.value, Fraction) else None


def _least(value: Fraction, kind: Kind) -> Fraction:
    """A step that tells a value from the next, and is small beside it."""
    unit, divisor = UNITS[kind.name]
    if unit == "percent":
        return Fraction(1, 10)
    # What is counted, days among it, is counted in whole ones.
    whole = kind.name == "days" or (unit == "count" and _is_whole(value))
    return divisor if whole or value >= 100 * divisor else value / 100


def _otherwise(value: Value, kind: Kind) -> str:
    """Why a limit of the text is not given to a parameter that limits in another way."""
    limits = " or ".join(kind.limits)
    if value.comparison == "?":
        return "is not clear how it limits"
    return f"says something else than '{limits}'"


def _choices(model: type[BaseModel] | None, parameter: str) -> Iterator[str]:
    """The texts that a check's parameter may be, where it takes only certain ones."""
    if model is None:
        return

    def within(schema: Any) -> Iterator[str]:
        if isinstance(schema, dict):
            yield from (each for each in schema.get("enum", ()) if isinstance(each, str))
            if isinstance(schema.get("const"), str):
                yield schema["const"]
            for inner in (*schema.get("anyOf", ()), schema.get("items")):
                yield from within(inner)

    yield from within(model.model_json_schema()["properties"].get(parameter))


def _spelled(choice: str) -> re.Pattern[str]:
    """Finds a choice as people write it: "WCAG 2.1 level AA" for wcag21aa, "on failure" for on-failure.

    One or two letters must be written alike: "a" is also a word.
    """
    if len(choice) < 3:
        return re.compile(rf"(?<![\w+-]){re.escape(choice)}(?![\w+-]|\s(?:grade|rating|score)\b)")
    between = r"(?:[\s._-]|\blevel\s)*"
    letters = between.join(re.escape(letter) for letter in choice if letter.isalnum())
    return re.compile(rf"(?<![\w-]){letters}(?![\w-])", re.IGNORECASE)


def _is_whole(number: Fraction) -> bool:
    return number.denominator == 1


def _plain(value: Fraction | str, divisor: Fraction = Fraction(1)) -> int | float | str:
    """A value as YAML has it, in the unit of so many: a whole number, another one, or a text."""
    if isinstance(value, str):
        return int(value) if value.isdecimal() else value
    number = value / divisor
    return int(number) if _is_whole(number) else float(number)
