"""What the text of an item gives of a check's parameters: "coverage > 80%", "ports 80, 443", "`SECRET_KEY` is set"."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from pytest_readiness.bind.named import named_in
from pytest_readiness.bind.quantities import COUNTED, Comparison, Value, clause_of, denies, quantities_in
from pytest_readiness.checklist.model import Item
from pytest_readiness.core.domains import catalogue as checks

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
        not_read: what the text has for a parameter and does not give, each as a sentence: where the check's limit would
            be another one than the text's, it would pass what the text does not accept.
    """

    given: Mapping[str, Any] = field(default_factory=dict)
    words: tuple[str, ...] = ()
    not_read: tuple[str, ...] = ()


# How a parameter limits, and what a text says that is the same.
_ACCEPTED: Mapping[str, tuple[Comparison, ...]] = {
    "at least": (">=", "=", ""),
    "at most": ("<=", "=", ""),
    "more than": (">",),
    "less than": ("<",),
    "exactly": ("=", ""),
    "every": ("every",),
}
_STEPS: Mapping[tuple[str, Comparison], int] = {("at least", ">"): 1, ("at most", "<"): -1}
_OPPOSITE: Mapping[str, tuple[Comparison, ...]] = {
    "at least": ("<", "<=", "every"),
    "more than": ("<", "<=", "every"),
    "at most": (">", ">=", "every"),
    "less than": (">", ">=", "every"),
    "every": ("", "=", "<", "<=", ">", ">="),
}
_UNITS: Mapping[str, tuple[str, Fraction]] = {
    "percent": ("percent", Fraction(1)),
    "milliseconds": ("duration", Fraction(1, 1000)),
    "seconds": ("duration", Fraction(1)),
    "minutes": ("duration", Fraction(60)),
    "hours": ("duration", Fraction(3600)),
    "days": ("duration", Fraction(86400)),
    "kibibytes": ("binary size", Fraction(1024)),
    "mebibytes": ("binary size", Fraction(1024**2)),
    "gibibytes": ("binary size", Fraction(1024**3)),
    "megabytes": ("size", Fraction(1000**2)),
    "gigabytes": ("size", Fraction(1000**3)),
    "version": ("version", Fraction(1)),
    **{kind: ("count", Fraction(1)) for kind in COUNTED},
}
# What has another unit, or none of a fixed length: not converted, and not passed over in silence.
_OTHERWISE: Mapping[str, str] = {"duration": "months", "binary size": "size", "size": "binary size"}
_NAMES: Mapping[str, tuple[str, bool]] = {
    kind: (of, several)
    for of, one, many in (
        ("port", "port", "ports"),
        ("path", "path", "paths"),
        ("file", "file", "files"),
        ("variable", "variable", "variables"),
        ("host", "host", "hosts"),
        ("url", "url", "urls"),
        ("origin", "origin", "origins"),
        ("address", "address", "addresses"),
        ("quoted", "text", "texts"),
        ("status", "status", "statuses"),
    )
    for kind, several in ((one, False), (many, True))
}
_CHOICES = ("choice", "choices")
_ASSIGNMENTS = "assignments"
_FLAG = "flag"
KINDS = (*_UNITS, *_NAMES, *_CHOICES, _ASSIGNMENTS, _FLAG)
"""What a parameter may be: in words.yaml `parameters: {max_used_pct: at most percent, ports: ports}`.

Numbers and versions stand behind how they limit: at least, at most, more than, less than, exactly, every; several are
separated by "/". Behind "of" stand words of which the text must have one near by, or for a version, whose it is
("at least percent of available/free"). `flag` is true where the text has one of the words behind "of".
"""


@dataclass(frozen=True, slots=True)
class Kind:
    """How a parameter is read: `at least percent of available/free`."""

    name: str
    limits: tuple[str, ...] = ()
    of: tuple[str, ...] = ()

    @classmethod
    def parse(cls, text: str) -> Kind:
        """Read it as words.yaml has it.

        Raises:
            ValueError: a sentence that says what is wrong.
        """
        what, _, of = " ".join(text.split()).partition(" of ")
        limits: tuple[str, ...] = ()
        longest = "|".join(sorted(_ACCEPTED, key=len, reverse=True))
        if match := re.fullmatch(rf"((?:{longest})(?:/(?:{longest}))*) (.+)", what):
            limits, what = tuple(match[1].split("/")), match[2]
        if what not in KINDS:
            raise ValueError(f"'{what}' is no kind of parameter; there are {', '.join(KINDS)}.")
        if bool(limits) != (what in _UNITS):
            needs = "say how it limits, such as 'at least'" if what in _UNITS else "not say that it limits"
            raise ValueError(f"'{text}' must {needs}.")
        if what == _FLAG and not of:
            raise ValueError("'flag' must say by which words of the text it is true: 'flag of preload'.")
        return cls(what, limits, tuple(of.split("/")) if of else ())


@lru_cache(maxsize=1024)
def values_in(text: str) -> tuple[Value, ...]:
    """All that can be read from a text, in its order; what is ambiguous is not."""
    text = text[:LONGEST]
    return tuple(sorted((*quantities_in(text), *named_in(text)), key=lambda value: (value.start, value.end)))


def text_of(item: Item) -> str:
    """All that an item itself says."""
    return f"{item.text}\n{item.detail}" if item.detail else item.text


def parameters_for(check_id: str, item: Item, catalogue: Mapping[str, Mapping[str, str]]) -> Parameters:
    """What an item's text gives of a check's parameters.

    Args:
        check_id: the check, or a claim that is to come, whose parameters nothing validates.
        item: the item.
        catalogue: kind by parameter, by check, as words.yaml has them.
    """
    kinds = catalogue.get(check_id)
    if not kinds:
        return Parameters()
    text = text_of(item)[:LONGEST]
    known = checks().get(check_id)
    reading = _Reading(text, known.parameters if known else None)
    for parameter, kind in kinds.items():
        reading.read(parameter, Kind.parse(kind))
    return reading.result()


_SEVERAL = "is one of several that it may be"


@dataclass(slots=True)
class _Reading:
    """What is found for the parameters of one check."""

    text: str
    model: type[BaseModel] | None
    found: dict[str, tuple[Any, tuple[Value, ...]]] = field(default_factory=dict)
    problems: list[tuple[str, Value, str]] = field(default_factory=list)

    def read(self, parameter: str, kind: Kind) -> None:
        """Look for one parameter."""
        if kind.name in _UNITS:
            self._limit(parameter, kind)
        elif kind.name == _FLAG:
            self._flag(parameter, kind)
        elif kind.name in _CHOICES:
            self._choice(parameter, kind)
        elif kind.name == _ASSIGNMENTS:
            self._assignments(parameter)
        else:
            self._names(parameter, kind)

    def result(self) -> Parameters:
        """What is valid, and was found for one parameter only."""
        taken = Counter(value for _, values in self.found.values() for value in values)
        for parameter, (_, values) in list(self.found.items()):
            if shared := next((value for value in values if taken[value] > 1), None):
                self._leave(parameter, shared, "may be meant for another parameter")
                del self.found[parameter]
        for parameter, reason in self._invalid():
            self._leave(parameter, self.found.pop(parameter)[1][0], reason)
        used = {value for _, values in self.found.values() for value in values}
        ordered = sorted(used, key=lambda value: value.start)
        notes = [f'"{value.words}" for {name}: it {why}.' for name, value, why in self.problems if value not in used]
        return Parameters(
            {parameter: value for parameter, (value, _) in self.found.items()},
            tuple(dict.fromkeys(word for value in ordered for word in value.words.split())),
            tuple(dict.fromkeys(notes)),
        )

    def _leave(self, parameter: str, value: Value, reason: str) -> None:
        self.problems.append((parameter, value, reason))

    def _invalid(self) -> Iterator[tuple[str, str]]:
        """Parameters whose value the check refuses, and why; those that are missing the reviewer adds."""
        if self.model is None or not self.found:
            return
        try:
            self.model.model_validate({parameter: value for parameter, (value, _) in self.found.items()})
        except ValidationError as error:
            refused = {str(each["loc"][0]): each["msg"] for each in error.errors() if each["loc"]}
            for parameter in refused.keys() & self.found.keys():
                yield parameter, "is not what the check takes"

    def _of_kind(self, kind: str, of: str = "") -> list[Value]:
        return [value for value in values_in(self.text) if value.kind == kind and (not of or value.of == of)]

    def _limit(self, parameter: str, kind: Kind) -> None:
        unit, divisor = _UNITS[kind.name]
        values = self._of_kind(unit, kind.name if unit == "count" else "")
        if unit == "version":
            values = [value for value in values if value.of in kind.of]
        else:
            values = [value for value in values if self._is_near(value, kind.of)]
            for value in self._of_kind(_OTHERWISE.get(unit, "")):
                if self._is_near(value, kind.of):
                    self._leave(parameter, value, f"is not converted to {kind.name}")
        fitting = []
        for value in values:
            if all(value.comparison in _OPPOSITE.get(limit, ()) for limit in kind.limits):
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
            if amount is None:
                self._leave(parameter, value, _otherwise(value, kind))
            elif reason := self._measured_otherwise(parameter, value):
                self._leave(parameter, value, reason)
            else:
                self.found[parameter] = (_plain(amount, divisor), (value,))

    def _is_near(self, value: Value, words: tuple[str, ...]) -> bool:
        return not words or any(self._has(word, clause_of(self.text, value.start, value.end)) for word in words)

    def _has(self, word: str, text: str) -> bool:
        return re.search(rf"(?<![\w-]){re.escape(word)}(?!\w)", text, re.IGNORECASE) is not None

    def _measured_otherwise(self, parameter: str, value: Value) -> str:
        """Why a time is not what the parameter limits: another percentile, or the average."""
        if value.kind != "duration":
            return ""
        said = {str(each.value) for each in self._of_kind("percentile")} - set(parameter.split("_"))
        return f"is about the {' and '.join(sorted(said))}" if said else ""

    def _flag(self, parameter: str, kind: Kind) -> None:
        for word in kind.of:
            for match in re.finditer(rf"(?<![\w-]){re.escape(word)}(?!\w)", self.text, re.IGNORECASE):
                if not denies(clause_of(self.text, *match.span())):
                    value = Value(_FLAG, word, *match.span(), match[0])
                    self.found[parameter] = (True, (value,))
                    return

    def _choice(self, parameter: str, kind: Kind) -> None:
        found: dict[str, Value] = {}
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
        of, several = _NAMES[kind.name]
        values = [value for value in self._of_kind(of) if self._is_near(value, kind.of)]
        if of == "variable":
            values += [
                Value("variable", value.of, value.start, value.end, value.words)
                for value in self._of_kind("assignment")
            ]
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
        accepted = _ACCEPTED[limit]
        if value.kind == "version" and limit != "exactly":
            # "PostgreSQL 16" does not say whether 17 would do.
            accepted = tuple(sign for sign in accepted if sign not in ("=", ""))
        if value.comparison in accepted:
            return value.value
        # Of what is counted, more than 2 are at least 3.
        step = _STEPS.get((limit, value.comparison))
        if step and value.kind == "count" and isinstance(value.value, Fraction) and _is_whole(value.value):
            return value.value + step
    return None


def _otherwise(value: Value, kind: Kind) -> str:
    """Why a limit of the text is not given to a parameter that limits in another way."""
    limits = " or ".join(kind.limits)
    if value.comparison == "?":
        return "is not clear how it limits"
    if any((limit, value.comparison) in _STEPS for limit in kind.limits):
        return f"does not accept its own limit, and '{limits}' does: give a value that is a little stricter"
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
