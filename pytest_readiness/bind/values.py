"""What the text of an item gives of a check's parameters: "coverage > 80%", "ports 80, 443", "`SECRET_KEY` is set"."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from pytest_readiness.bind.kinds import (
    ACCEPTED,
    ASSIGNMENTS,
    CHOICES,
    COUNTED_OTHERWISE,
    FLAG,
    IS,
    LEAST,
    NAMES,
    OPPOSITE,
    OTHERWISE,
    SHARES,
    STATES,
    STEPS,
    UNITS,
    Kind,
)
from pytest_readiness.bind.named import MAXIMUM, named_in
from pytest_readiness.bind.proposal import NotRead
from pytest_readiness.bind.quantities import MIRRORED, Value, clause_at, clause_of, denies, quantities_in
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
        not_read: what the text has for a parameter, or for none of them, and does not give: where the check's limit
            would be another one than the text's, it would pass what the text does not accept.
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
    if words is None:
        return Parameters()
    reading = _Reading(text_of(item)[:LONGEST], check_id)
    for parameter, kind in (words.parameters or {}).items():
        reading.read(parameter, Kind.parse(kind))
    return reading.result()


def not_read_of(together: Mapping[str, Parameters]) -> Mapping[str, tuple[NotRead, ...]]:
    """What several checks together are not given of a text, by check: what one of them takes is taken."""
    taken_by_none = set.intersection(*(set(each.not_read) for each in together.values()))
    return {
        id: tuple(note for note in each.not_read if note.parameter or note in taken_by_none)
        for id, each in together.items()
    }


_TOGETHER = ("port", "address")
"""What may be allowed in one part of a text and forbidden in another."""
_GAP = re.compile(r"\s{0,5}(?:[,/&+]|\band\b|,\s{0,5}and\b)?\s{0,5}")
_SHUT = r"(?:clos\w+|block\w*|den(?:y|ied)|refus\w+|filtered|shut|drop(?:s|ped)?|unreachable|inaccessible)"
_NOT_SHUT = re.compile(rf"(?:\b(?:not|never)|n[’']t)\s+(?:\w+\s+)?{_SHUT}\b", re.IGNORECASE)
_CLOSED = re.compile(rf"\b(?:no|not|never|none|neither|nor|nothing|without|{_SHUT})\b|n[’']t\b", re.IGNORECASE)
_OPEN = re.compile(
    r"\b(?:open(?:ed|s)?|reach(?:able|ed)|allow(?:ed|s)?|listen(?:ing|s)?|accessible|answers?|exposed)\b", re.IGNORECASE
)
_EXCEPT = re.compile(
    r"\b(?:(but)|except|other than|apart from|besides|excluding)(?:\s+for)?(?:\s+the)?\s*$", re.IGNORECASE
)
_ALSO = re.compile(r"(?:\b(?:and|but|while|whereas)|,)(?:\s+(?:the|only))?\s*$", re.IGNORECASE)
_CONJUNCTION = re.compile(r"\b(?:and|but|while|whereas)\b", re.IGNORECASE)
# What has a unit, a day too: what no parameter takes of them is told.
_MEASURED = frozenset(("count", "months", "age", "range", "window", "date", *(of for of, _ in UNITS.values()))) - {
    "version"
}
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
        """What is valid, and was found for one parameter only; what has a unit and nothing took is named."""
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
        told = [*used, *(value for _, value, _ in self.problems), *self._of_kind("percentile")]
        untaken = [_untaken_note(value) for value in self._untaken(told)]
        return Parameters(
            {parameter: value for parameter, (value, _) in self.found.items()},
            tuple(dict.fromkeys(word for value in ordered for word in value.words.split())),
            tuple(dict.fromkeys((*notes, *untaken))),
        )

    def _untaken(self, told: list[Value]) -> Iterator[Value]:
        """What has a unit and is part of nothing that is read or told otherwise."""
        for value in values_in(self.text):
            number = value.comparison != "every" or any(map(str.isdigit, value.words))
            if value.kind in _MEASURED and number and not any(_overlap(value, each) for each in told):
                told.append(value)
                yield value

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
            values = self._whose(parameter, values, kind.of)
        else:
            if unit == "duration":
                values += self._ages(parameter, kind)
            values = [value for value in values if self._is_near(value, kind.of)]
            others = [each for of in COUNTED_OTHERWISE.get(kind.name, ()) for each in self._of_kind("count", of)]
            for value in (*self._of_kind(OTHERWISE.get(unit, "")), *others):
                if self._is_near(value, kind.of):
                    self._leave(parameter, value, f"is not converted to {kind.name}")
        fitting = []
        for value in self._shares(parameter, kind, values) if kind.name in SHARES else values:
            if reason := self._measured_otherwise(parameter, value):
                self._leave(parameter, value, reason)
            elif all(value.comparison in OPPOSITE.get(limit, ()) for limit in kind.limits):
                self._leave(parameter, value, f"is no limit of the kind '{' or '.join(kind.limits)}'")
            else:
                fitting.append(value)
        if "every" in kind.limits:
            # Of "daily, kept for 30 days" the first says how often.
            fitting = [value for value in fitting if value.comparison == "every"] or fitting
        # "At least 1 year (31536000 s)" says it once more, and not how it limits.
        limiting = [value for value in fitting if value.comparison not in ("", "=")]
        if len({value.value for value in fitting}) > 1 or len({value.comparison for value in limiting}) > 1:
            for value in fitting:
                self._leave(parameter, value, _SEVERAL)
            return
        for value in (limiting or fitting)[:1]:
            amount = _amount(value, kind)
            if amount is not None:
                self.found[parameter] = (_plain(amount, divisor), tuple(fitting))
            elif (stricter := _stricter(value, kind, whole=self._takes_whole(parameter))) is not None:
                self.stricter[parameter] = (_plain(stricter, divisor), tuple(fitting))
            else:
                self._leave(parameter, value, _otherwise(value, kind))

    def _whose(self, parameter: str, values: list[Value], of: tuple[str, ...]) -> list[Value]:
        """The versions of what the check looks at; where a text has another's only, that is told."""
        own = [value for value in values if value.of in of]
        # Without a limit, "SSLv3" or "step 3" is as likely a name.
        for value in [value for value in values if value.comparison] if not own else ():
            self._leave(parameter, value, f"is not said to be of {' or '.join(of)}")
        return own

    def _ages(self, parameter: str, kind: Kind) -> list[Value]:
        """Times that have gone by, where they can be limited: the 30 days since a certificate ran out cannot."""
        ages = [value for value in self._of_kind("age") if self._is_near(value, kind.of)]
        if {"at most", "less than", "every"}.intersection(kind.limits):
            return ages
        for value in ages:
            self._leave(parameter, value, "is a time that has gone by")
        return []

    def _shares(self, parameter: str, kind: Kind, values: list[Value]) -> Iterator[Value]:
        """Shares of a whole, where the text speaks of the rest as what the rest leaves: 20 % free are 80 % used."""
        own, rest = SHARES[kind.name]
        for value in values:
            said = self._said_of(value)
            if not rest.search(said):
                yield value
            elif own.search(said):
                self._leave(parameter, value, "is not clear whether it is used or free")
            elif isinstance(value.value, Fraction):
                mirrored = MIRRORED.get(value.comparison, value.comparison)
                yield replace(value, value=100 - value.value, comparison=mirrored)

    def _said_of(self, value: Value) -> str:
        """What stands around a number, up to other numbers, and to what joins it to them."""
        begin, end = clause_at(self.text, value.start, value.end)
        others = [each for each in values_in(self.text) if each.kind in _MEASURED]
        before, after = self.text[begin : value.start], self.text[value.end : end]
        if ends := [each.end for each in others if begin <= each.end <= value.start]:
            before = _CONJUNCTION.split(self.text[max(ends) : value.start])[-1]
        if starts := [each.start for each in others if value.end <= each.start < end]:
            after = _CONJUNCTION.split(self.text[value.end : min(starts)])[0]
        return f"{before} {value.words} {after}"

    def _takes_whole(self, parameter: str) -> bool:
        """Whether a parameter takes whole numbers only."""
        if self.model is None:
            return False
        schema = self.model.model_json_schema()["properties"].get(parameter, {})
        types = {each.get("type") for each in schema.get("anyOf", (schema,))}
        return "integer" in types and "number" not in types

    def _in_state(self, parameter: str, values: list[Value], wanted: str) -> tuple[list[Value], bool]:
        """Ports that are not said to be in another state than the wanted, and whether it is said of each of them."""
        lists: list[list[Value]] = []
        for value in values:
            if lists and (value.start <= lists[-1][-1].start or self._is_one_list([lists[-1][-1], value])):
                lists[-1].append(value)
            else:
                lists.append([value])
        kept, explicit, begin = [], True, 0
        for number, ports in enumerate(lists):
            following = lists[number + 1][0].start if number + 1 < len(lists) else len(self.text)
            state = self._state(begin, ports[0].start, ports[-1].end, following)
            begin = ports[-1].end
            if state in ("", wanted):
                kept += ports
                explicit = explicit and bool(state)
            else:
                for value in ports:
                    self._leave(parameter, value, f"is said to be {state}")
        return kept, explicit

    def _state(self, begin: int, start: int, end: int, following: int) -> str:
        """Whether the ports at a place are said to be open or closed, by what stands between them and others."""
        clause_begin, clause_end = clause_at(self.text, start, end)
        before = self.text[max(begin, clause_begin) : start]
        after = self.text[end : min(following, clause_end)]
        if _ONLY_FOR.search(after):
            return ""
        after = _CONJUNCTION.split(after)[0]
        said, own = _state_in(before), _state_in(after)
        exception = _EXCEPT.search(before)
        if exception and before[: exception.start()].strip() and not (exception[1] and said and own):
            return _OTHER_STATE.get(_state_in(before[: exception.start()]) or own, "")
        if own and _ALSO.search(before):
            # "22 is closed and 443 is open": what stands before is said of the other.
            return own
        return _state_in(f"{before} {after}")

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
        own = set(parameter.split("_"))
        said = {str(each.value) for each in near or every}
        if said & own or not any(re.fullmatch(r"p[0-9]+", part) for part in own):
            # "p95 is always below" says nothing of the slowest, and one time has no percentile.
            said.discard(MAXIMUM)
        said -= own
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
        explicit = False
        if of == "port":
            for value in self._of_kind("udp port"):
                self._leave(parameter, value, "is of UDP, and the check sees TCP")
        if kind.name in STATES:
            values, explicit = self._in_state(parameter, values, STATES[kind.name])
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
        if several and of in _TOGETHER and not explicit and not self._is_one_list(values):
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


# Who may reach a port that not all may reach is another matter.
_ONLY_FOR = re.compile(
    r"\bonly\b.{0,60}\b(?:from|by|to|for|with|within|inside|in|via|through|behind|internal\w*|local\w*)\b",
    re.IGNORECASE,
)
_OTHER_STATE = {"open": "closed", "closed": "open"}


def _state_in(text: str) -> str:
    """Whether a text says that ports are open or closed, or neither."""
    text = _NOT_SHUT.sub(" open", text)
    return "closed" if _CLOSED.search(text) else "open" if _OPEN.search(text) else ""


def _untaken_note(value: Value) -> NotRead:
    why = "which of its numbers counts is not clear" if value.kind == "range" else "no parameter takes it"
    return NotRead("", " ".join(value.words.split()), why)


def _overlap(one: Value, other: Value) -> bool:
    return one.start < other.end and other.start < one.end


def _stricter(value: Value, kind: Kind, *, whole: bool = False) -> Fraction | None:
    """The nearest limit that does not accept what the text's own does not: more than 2 replicas are at least 3."""
    steps = (STEPS.get((limit, value.comparison)) for limit in kind.limits)
    step = next(filter(None, steps), None)
    return value.value + step * _least(value.value, kind, whole) if step and isinstance(value.value, Fraction) else None


def _least(value: Fraction, kind: Kind, whole: bool) -> Fraction:
    """A step that tells a value from the next, and is small beside it."""
    unit, divisor = UNITS[kind.name]
    # What is counted, days among it, is counted in whole ones.
    if whole or kind.name == "days" or (unit == "count" and _is_whole(value)):
        return divisor
    if unit != "percent" and value >= 100 * divisor:
        return divisor
    step = LEAST.get(kind.name, Fraction(1, 100)) * divisor
    return step if step <= value / 10 else value / 100


def _otherwise(value: Value, kind: Kind) -> str:
    """Why a limit of the text is not given to a parameter that limits in another way."""
    limits = " or ".join(kind.limits)
    if value.comparison == "?":
        return "is not clear how it limits"
    if value.comparison == "change":
        return "is a change, and no limit"
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
