"""What differs between two recordings, fact by fact and field by field, and between two results, item by item."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from pydantic import JsonValue

from pytest_readiness.record.recording import Recorded, Recording
from pytest_readiness.verdict.items import LeafRecord
from pytest_readiness.verdict.result_file import ResultFile

VOLATILE = frozenset({"age", "at", "clients", "date", "port", "round_trip_ms", "seconds", "uptime_s"})
"""Fields (and response headers) that change from one reading to the next, or say only where it was read."""

_PORT = re.compile(r"(?<=://)([^\s/:@]+|\[[0-9a-fA-F:.]+\]):\d+")
_HTTP_DATE = re.compile(r"\b[A-Z][a-z]{2}, \d\d[ -][A-Z][a-z]{2}[ -]\d{4} \d\d:\d\d:\d\d GMT\b")

ABSENT = "(absent)"


@dataclass(frozen=True, slots=True)
class Difference:
    """A place at which two readings, or two results, say different things.

    Attributes:
        field: where ("headers.server", "state"); "" for the whole.
        a, b: what each says, as plain data.
    """

    field: str
    a: JsonValue
    b: JsonValue


@dataclass(frozen=True, slots=True)
class FactComparison:
    """One fact of one resource on both sides.

    Attributes:
        kind, resource, fact: what was read.
        question: what was asked, for a fact that is read once for each question.
        differences: where they differ.
        only: "a" or "b", where the other has no such reading.
        not_compared: why the values could not be compared, or "".
    """

    kind: str
    resource: str
    fact: str
    question: JsonValue
    differences: tuple[Difference, ...] = ()
    only: str = ""
    not_compared: str = ""

    @property
    def differs(self) -> bool:
        """Whether the sides differ, as far as is known."""
        return bool(self.differences or self.only)


@dataclass(frozen=True, slots=True)
class ItemComparison:
    """An item whose state differs; a state of "" is that of an item which a side does not have.

    Attributes:
        item: its full id.
        text: its text.
        a, b: its states.
        evidence_a, evidence_b: what was seen, where a test ended in that state.
    """

    item: str
    text: str
    a: str
    b: str
    evidence_a: str
    evidence_b: str


@dataclass(frozen=True, slots=True)
class VerdictComparison:
    """Two verdicts.

    Attributes:
        whole: differences of the verdict itself: "go", "score".
        items: items whose states differ, in the order of A, then those that only B has.
        same: number of items whose states do not differ.
    """

    whole: tuple[Difference, ...] = ()
    items: tuple[ItemComparison, ...] = ()
    same: int = 0


@dataclass(frozen=True, slots=True)
class Comparison:
    """All that was compared.

    Attributes:
        facts: by kind, resource and fact, those that are the same included; None where results were compared.
        verdict: None where recordings were compared.
    """

    facts: tuple[FactComparison, ...] | None = None
    verdict: VerdictComparison | None = None

    @property
    def differs(self) -> bool:
        """Whether anything differs."""
        facts = any(each.differs for each in self.facts or ())
        return facts or (self.verdict is not None and bool(self.verdict.whole or self.verdict.items))


def compare_recordings(a: Recording, b: Recording, *, everything: bool = False) -> tuple[FactComparison, ...]:
    """Compare fact by fact; resources are matched by kind and name.

    Args:
        a, b: the recordings.
        everything: count volatile fields, ports and dates too, and the addresses of the resources themselves.
    """
    one, other = _by_key(a.readings), _by_key(b.readings)
    return tuple(
        _compared(one.get(key), other.get(key), everything)
        for key in sorted({**one, **other}, key=lambda key: tuple(map(str, key)))
    )


def _by_key(readings: Sequence[Recorded]) -> dict[tuple[object, ...], Recorded]:
    found: dict[tuple[object, ...], Recorded] = {}
    seen: Counter[tuple[object, ...]] = Counter()
    for each in readings:
        key = (each.kind, each.resource, each.fact, str(_question(each) or ""))
        # A fact read twice, with other questions each time, is matched in the order of the file.
        found[*key, seen[key]] = each
        seen[key] += 1
    return found


def _question(reading: Recorded) -> JsonValue:
    return reading.asked[0] if reading.asking == "ask" and reading.asked else None


def _compared(a: Recorded | None, b: Recorded | None, everything: bool) -> FactComparison:
    there = a or b
    assert there is not None
    names = there.kind, there.resource, there.fact, _question(there)
    if a is None or b is None:
        return FactComparison(*names, only="b" if a is None else "a")
    if "withheld" in (a.outcome, b.outcome):
        withheld = a if a.outcome == "withheld" else b
        return FactComparison(*names, not_compared=withheld.reason)
    if (a.outcome, b.outcome) == ("read", "read"):
        pair = a, b
        one, other = (dict(_fields(_seen(each, everything), "", everything)) for each in pair)
        return FactComparison(*names, tuple(_differences(one, other)))
    ends = [each.outcome if each.outcome == "read" else f"{each.outcome}: {_told(each, everything)}" for each in (a, b)]
    if ends[0] == ends[1]:
        return FactComparison(*names, not_compared=f"neither side was read ({a.reason})")
    return FactComparison(*names, (Difference("", *ends),))


def _told(reading: Recorded, everything: bool) -> str:
    return reading.reason if everything else _masked(reading.reason, _places(reading))


def _differences(one: Mapping[str, JsonValue], other: Mapping[str, JsonValue]) -> Iterator[Difference]:
    for name in {**one, **other}:
        a, b = one.get(name, ABSENT), other.get(name, ABSENT)
        # In JSON, true is not 1.
        if a != b or type(a) is not type(b):
            yield Difference(name, a, b)


def _seen(reading: Recorded, everything: bool) -> JsonValue:
    return reading.value if everything else _without_places(reading.value, _places(reading))


def _places(reading: Recorded) -> list[str]:
    """Names of the resource itself, which differ between targets without saying anything."""
    where = _PORT.sub(r"\1", reading.where).rstrip("/")
    address = {"url": reading.where, "endpoint": f"//{reading.where}"}.get(reading.kind, "")
    host = urlsplit(address).hostname
    return [each for each in (where, host) if each]


def _without_places(value: JsonValue, places: Sequence[str]) -> JsonValue:
    if isinstance(value, str):
        return _masked(value, places)
    if isinstance(value, list):
        return [_without_places(each, places) for each in value]
    if isinstance(value, dict):
        return {_masked(name, places): _without_places(each, places) for name, each in value.items()}
    return value


def _masked(text: str, places: Sequence[str]) -> str:
    text = _PORT.sub(r"\1", text)
    for place in places:
        text = re.sub(rf"(?<![\w.-]){re.escape(place)}(:\d+)?(?![\w-]|\.\w)", "<itself>", text)
    return _HTTP_DATE.sub("<date>", text)


def _fields(value: JsonValue, path: str, everything: bool) -> Iterator[tuple[str, JsonValue]]:
    """Every leaf with its path. Entries of a list are named by what comes first in them, usually their name."""
    entries: list[tuple[str, JsonValue]]
    if isinstance(value, dict) and value:
        entries = [(name, child) for name, child in value.items() if everything or name not in VOLATILE]
    elif isinstance(value, list) and any(isinstance(each, list | dict) for each in value):
        entries = [
            (name, child) for name, child in _named(value) if everything or name.partition(" #")[0] not in VOLATILE
        ]
    else:
        yield path, value
        return
    for name, child in entries:
        yield from _fields(child, f"{path}.{name}" if path else name, everything)


def _named(values: list[JsonValue]) -> Iterator[tuple[str, JsonValue]]:
    seen: Counter[str] = Counter()
    for value in values:
        first: JsonValue = None
        rest: JsonValue = value
        if isinstance(value, dict) and value:
            first = next(iter(value.values()))
        elif isinstance(value, list) and len(value) > 1:
            first, *others = value
            rest = others[0] if len(others) == 1 else others
        if not isinstance(first, str) or len(first) > 80:
            first, rest = "", value
        seen[first] += 1
        number = seen[first]
        name = first if first and number == 1 else f"{first} #{number}".strip()
        yield name, rest


def compare_results(a: ResultFile, b: ResultFile) -> VerdictComparison:
    """Compare verdict, score and the state of every item; items are matched by their full id."""
    whole = [
        Difference(name, one, other)
        for name in ("go", "score")
        if (one := getattr(a.verdict, name)) != (other := getattr(b.verdict, name))
    ]
    left, right = ({item.id: item for section in file.sections for item in section.leaves} for file in (a, b))
    both = {**right, **left}
    items = []
    for full in {**left, **right}:
        before, after = left.get(full), right.get(full)
        states = before.state if before else "", after.state if after else ""
        if states[0] != states[1]:
            items.append(ItemComparison(full, both[full].text, *states, _evidence(before), _evidence(after)))
    return VerdictComparison(tuple(whole), tuple(items), len(both) - len(items))


def _evidence(item: LeafRecord | None) -> str:
    if item is None:
        return ""
    first = next((test for test in item.tests if test.state == item.state), None)
    return first.evidence if first is not None else ""
