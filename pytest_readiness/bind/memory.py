"""Items that were bound before: those of the suites, and of a team's own documents, by what they say."""

from __future__ import annotations

import heapq
import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from pytest_readiness.bind.answers import claims_in
from pytest_readiness.bind.matching import Statement, statements_of
from pytest_readiness.checklist.reading import read_checklist
from pytest_readiness.config.suites import suite_names, suite_path
from pytest_readiness.core.yamlfile import YamlMap, read_yaml
from pytest_readiness.plan.binding import bindings_path

_ABOVE = 0.4
"""What a word of a heading weighs beside one of the item."""


@dataclass(frozen=True, slots=True)
class Remembered:
    """An item that is bound.

    Attributes:
        source: the document and the item ("starter:tls/hsts").
        said: what it says.
        claims: ids of the checks and of the claims to come that answer it; none where people do.
        role: who signs it, or the part that checks do not see.
    """

    source: str
    said: Statement
    claims: tuple[str, ...]
    role: str = ""


@dataclass(frozen=True, slots=True)
class Likeness:
    """How much a remembered item says what another says, of 0 to 1."""

    item: Remembered
    share: float


class BoundBefore:
    """Finds remembered items that say the same.

    Args:
        items: what is remembered.
    """

    def __init__(self, items: Iterable[Remembered]) -> None:
        self.items = tuple(items)
        self._stems = [_weighed(item.said) for item in self.items]
        used = Counter(stem for stems in self._stems for stem in stems)
        self._rarity = {stem: math.log(1 + len(self.items) / number) for stem, number in used.items()}
        self._by_stem: defaultdict[str, list[int]] = defaultdict(list)
        for number, stems in enumerate(self._stems):
            for stem in stems:
                self._by_stem[stem].append(number)
        self._lengths = [self._length(stems) for stems in self._stems]

    def like(self, said: Statement, most: int = 3) -> tuple[Likeness, ...]:
        """The remembered items that say most of the same, best first."""
        own = _weighed(said)
        length = self._length(own)
        shared: defaultdict[int, float] = defaultdict(float)
        for stem, weight in own.items():
            for number in self._by_stem.get(stem, ()):
                shared[number] += weight * self._stems[number][stem] * self._rarity[stem] ** 2
        shares = ((value / (length * self._lengths[number] or 1.0), number) for number, value in shared.items())
        # Those that have only headings in common are none, so a few more are looked at.
        nearest = heapq.nlargest(4 * most, shares, key=lambda each: (each[0], -each[1]))
        found = [
            Likeness(self.items[number], share)
            for share, number in nearest
            if not said.own.isdisjoint(self.items[number].said.own)
        ]
        return tuple(found[:most])

    def _length(self, stems: Mapping[str, float]) -> float:
        unknown = math.log(1 + len(self.items))
        return math.sqrt(sum((weight * self._rarity.get(stem, unknown)) ** 2 for stem, weight in stems.items()))


def _weighed(said: Statement) -> dict[str, float]:
    found = dict.fromkeys(sorted(said.higher), _ABOVE)
    found.update(dict.fromkeys(said.content or sorted(said.own), 1.0))
    return found


@cache
def of_suites() -> tuple[Remembered, ...]:
    """Return what the suites that ship say."""
    return tuple(item for name in suite_names() for item in remembered(suite_path(name)))


def remembered(document: Path) -> Iterator[Remembered]:
    """Yield the items of a document whose bindings a person has confirmed; none where it has no bindings.

    Raises:
        ProblemsError: the bindings cannot be read.
        ChecklistError: the document cannot be read.
    """
    path = bindings_path(document)
    if not path.is_file():
        return
    checklist = read_checklist(document)
    root = read_yaml(path, "bindings")
    for item, section, said in statements_of(checklist):
        entries = root.get(section.id)
        bound = entries.get(item.slug) if isinstance(entries, YamlMap) else None
        if bound is None or (isinstance(bound, YamlMap) and bound.keys() & {"proposed", "not_applicable"}):
            continue
        role = _role(bound) if isinstance(bound, YamlMap) else ""
        yield Remembered(f"{checklist.name}:{item.id}", said, tuple(dict.fromkeys(claims_in(bound))), role)


def _role(bound: YamlMap) -> str:
    who = bound.get("signoff", bound.get("partial", ""))
    return str(who.get("role", "")) if isinstance(who, Mapping) else str(who)
