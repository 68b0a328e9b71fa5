"""Whether an item is something that only people know or do: who signs it, and how often."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from pytest_readiness.bind.matching import Statement
from pytest_readiness.bind.spelling import Word, stems
from pytest_readiness.bind.words import Phrase, phrases
from pytest_readiness.core.yamlfile import read_yaml
from pytest_readiness.people.rules import CADENCE_DAYS, cadence_in

PEOPLE = 0.5
"""From this score on an item is one of people, and no check is proposed for it with more than "unsure"."""
_FILE = Path(__file__).with_name("people.yaml")
_STRONG, _WEAK = 0.7, 0.35
_DETAIL = 0.5
"""What a phrase of an item's detail weighs beside one of its text."""
_MACHINE = 0.4
"""The power of the doubt where the text says that a machine does it: one strong phrase is then not enough."""
_WRITTEN = 0.6
"""And where it says that something is written down."""
_POINTER = 0.6
_ADDRESS = re.compile(r"(?<!\S)\S{1,40}://\S+|\bwww\.\S+")


@dataclass(frozen=True, slots=True)
class People:
    """What an item has to do with people.

    Attributes:
        score: of 0 to 1, how much says that only people know it.
        words: its words that say so, as written.
        kind: what people do, such as "approval" or "training"; "" where nothing says so.
        role: who signs it, as target files spell roles; "" where nothing says so.
        cadence: how often it is to be done, as bindings write it ("quarterly", "90d"); "" where it does not say so.
    """

    score: float
    words: tuple[str, ...] = ()
    kind: str = ""
    role: str = ""
    cadence: str = ""

    @property
    def only(self) -> bool:
        """Whether it is for people alone to say."""
        return self.score >= PEOPLE


@dataclass(frozen=True, slots=True)
class _Kind:
    name: str
    role: str
    phrases: tuple[Phrase, ...]
    vetoes: frozenset[str]


@dataclass(frozen=True, slots=True)
class _Words:
    kinds: tuple[_Kind, ...]
    asks: frozenset[str]
    asks_weakly: frozenset[str]
    judged: frozenset[str]
    machine: frozenset[str]
    written: frozenset[str]
    roles: Mapping[str, tuple[Phrase, ...]]
    subjects: Mapping[str, tuple[Phrase, ...]]
    otherwise: str
    pointer: frozenset[str]


@cache
def _words() -> _Words:
    root = read_yaml(_FILE, "words of people")
    return _Words(
        tuple(
            _Kind(name, kind["role"], phrases(kind["phrases"]), stems(kind.get("vetoes", "")))
            for name, kind in root["kinds"].items()
        ),
        frozenset(root["asks"]["strong"].split()),
        frozenset(root["asks"]["weak"].split()),
        frozenset(root["judged"].split()),
        stems(root["machine"]),
        stems(root["written"]),
        {role: phrases(text) for role, text in root["roles"].items()},
        {role: phrases(text) for role, text in root["subjects"].items()},
        root["otherwise"],
        stems(root["pointer"]),
    )


def people_in(said: Statement, detail: str = "") -> People:
    """Judge what is said, and what stands below it."""
    known = _words()
    left = dict.fromkeys((kind.name for kind in known.kinds), 1.0)
    matched: set[str] = set()
    for own, weight in ((said.own, 1.0), (stems(detail) - said.own, _DETAIL)):
        kinds = [kind for kind in known.kinds if own and not kind.vetoes & own]
        # Words say it once, however many phrases have them, and strongly where one of those is strong.
        for weak, share in ((False, _STRONG), (True, _WEAK)):
            for kind in kinds:
                for phrase in kind.phrases:
                    if phrase.weak is weak and (hit := _hit(phrase, own, said.higher)) and not hit <= matched:
                        matched |= hit
                        left[kind.name] *= 1 - weight * share
    begins, ends = (_written(said, said.words[0]), _written(said, said.words[-1])) if said.words else ("", "")
    # As written: "notify" asks for something, "notification" does not.
    asked = _STRONG if begins in known.asks or ends in known.judged else _WEAK if begins in known.asks_weakly else 0.0
    doubt = math.prod(left.values()) * (1 - asked)
    if said.own & known.machine:
        doubt **= _MACHINE
    if said.own & known.written:
        doubt **= _WRITTEN
    score = 1 - doubt
    if _ADDRESS.search(said.text) and stems(_ADDRESS.sub(" ", said.text)) <= known.pointer:
        score = max(score, _POINTER)
    if asked:
        matched.add(said.words[-1 if ends in known.judged else 0].stem)
    most = min(left, key=lambda name: left[name])
    name = most if left[most] < 1 else ""
    role = _role(said, name, known) if score else ""
    return People(round(score, 3), said.written(matched), name, role, _cadence(said, detail))


def _written(said: Statement, word: Word) -> str:
    return said.text[word.begin : word.end].lower()


def _hit(phrase: Phrase, own: frozenset[str], higher: frozenset[str]) -> frozenset[str]:
    """The words of a text by which it has a phrase, one word of which may be a heading's; none where it has not."""
    for atom in phrase.atoms:
        if atom.stems.isdisjoint(own) and not (atom.above and not atom.stems.isdisjoint(higher)):
            return frozenset()
    return frozenset(stem for atom in phrase.atoms for stem in atom.stems & own or atom.stems & higher)


def _role(said: Statement, kind: str, known: _Words) -> str:
    for named in (known.roles, known.subjects):
        if role := _first(named, said.own, frozenset()):
            return role
    default = next((each.role for each in known.kinds if each.name == kind), "")
    return default or _first(known.subjects, said.higher, frozenset()) or known.otherwise


def _first(named: Mapping[str, tuple[Phrase, ...]], own: frozenset[str], higher: frozenset[str]) -> str:
    return next((role for role, each in named.items() if any(_hit(phrase, own, higher) for phrase in each)), "")


def _cadence(said: Statement, detail: str) -> str:
    """How often it is done again, as bindings have it: by name, or in days where none has that length."""
    for text in (said.text, detail, *reversed(said.above)):
        if days := cadence_in(text):
            # A month has 30 days at least; a signature that counts longer would be too old.
            least = days // 31 * 30 if days % 31 == 0 else days
            return next((name for name, length in CADENCE_DAYS.items() if length == days), f"{least}d")
    return ""
