"""What is proposed for each item of a document: by its words, and by items like it that were bound before."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass

from pytest_readiness.bind.matching import Match, Said, matches, says_no_check
from pytest_readiness.bind.memory import Likeness, Memory, of_suites, said_by
from pytest_readiness.bind.proposal import Candidate, Level, Proposal, Suggestion
from pytest_readiness.bind.spelling import stem
from pytest_readiness.bind.words import ENGINES, all_words, vocabulary
from pytest_readiness.checklist.model import Checklist, Item, Section
from pytest_readiness.config.target import Target

_MOST = 5
"""Candidates of an item; what comes after them was right for hardly any."""
_AGREES = 0.5
"""What likeness to a remembered item weighs where the words say the same."""
_ALONE = 0.3
"""What it weighs where they do not."""
_FALLBACK = 0.15
"""What the claim scores that shows an aspect of whatever subject."""
_STEMS = {"postgres": stem("postgresql"), "mysql": stem("mysql"), "mongodb": stem("mongodb")}
_ALIKE = 0.55
"""From here on a remembered item says the same."""


@dataclass(frozen=True, slots=True)
class _Scored:
    id: str
    score: float
    match: Match | None
    likeness: Likeness | None


def propose(checklist: Checklist, target: Target | None = None, memory: Memory | None = None) -> tuple[Proposal, ...]:
    """Return what is proposed for each item of a document that is no group, in document order.

    Args:
        checklist: the document.
        target: says which database is meant where the document does not.
        memory: items that were bound before; those of the suites unless given.
    """
    memory = Memory(of_suites()) if memory is None else memory
    every = [(item, section, said_by(checklist, section, item)) for section, item in _leaves(checklist)]
    usual = _usual_engine([said for _, _, said in every], target)
    return tuple(_proposal(item, section, said, _engine(said, usual), memory) for item, section, said in every)


def _leaves(checklist: Checklist) -> list[tuple[Section, Item]]:
    return [(checklist.section_of(item), item) for item in checklist.leaves()]


def _usual_engine(every: list[Said], target: Target | None) -> str:
    """The database that is meant where an item names none: the target's, else what the document names most."""
    if target is not None:
        declared = [engine for engine in ENGINES if target.of(engine)]
        if len(declared) == 1:
            return declared[0]
    named = Counter(engine for said in every for engine in ENGINES if _STEMS[engine] in said.own | said.higher)
    return max(ENGINES, key=lambda engine: (named[engine], -ENGINES.index(engine)))


def _engine(said: Said, usual: str) -> str:
    for stems in (said.own, said.higher):
        named = [engine for engine in ENGINES if _STEMS[engine] in stems]
        if named:
            return named[0]
    return usual


def _proposal(item: Item, section: Section, said: Said, engine: str, memory: Memory) -> Proposal:
    alike = memory.like(said)
    scored = _scored(said, alike, engine)
    level = _level(said, scored)
    candidates = tuple(
        Candidate(
            checks=(Suggestion(each.id),),
            level=level if number == 0 else "unsure",
            score=round(each.score, 3),
            source=each.likeness.item.source if each.likeness else "",
        )
        for number, each in enumerate(scored[:_MOST])
    )
    return Proposal(item, section, level, candidates)


def _scored(said: Said, alike: tuple[Likeness, ...], engine: str) -> list[_Scored]:
    by_words: dict[str, Match] = {}
    for match in matches(said):
        id = _of_engine(match.id, engine)
        if id not in by_words:
            by_words[id] = match
    by_memory: defaultdict[str, list[Likeness]] = defaultdict(list)
    for each in alike:
        for claim in dict.fromkeys(_of_engine(claim, engine) for claim in each.item.claims):
            by_memory[claim].append(each)
    for aspect in said.aspects:
        fallback = vocabulary().fallbacks.get(aspect)
        if fallback and fallback not in by_words:
            by_words[fallback] = Match(fallback, _FALLBACK, frozenset(), 0.0)
    found = []
    for id in by_words.keys() | by_memory.keys():
        if id not in all_words():
            continue
        own = by_words[id].score if id in by_words else 0.0
        likes = by_memory.get(id, [])
        rest = 1.0
        for each in likes:
            # The more claims answer an item together, the less each of them alone says the same.
            rest *= 1.0 - each.share**2 / max(1, len(each.item.claims)) ** 0.5
        weight = _AGREES if own > _FALLBACK else _ALONE
        score = own + (1.0 - own) * weight * (1.0 - rest)
        found.append(_Scored(id, score, by_words.get(id), max(likes, key=lambda each: each.share, default=None)))
    return sorted(found, key=lambda each: (-each.score, each.id))


def _of_engine(id: str, engine: str) -> str:
    """The claim about the database that is meant, where another's is named that it has too."""
    domain, _, name = id.partition(".")
    twin = f"{engine}.{name}"
    return twin if domain in ENGINES and domain != engine and twin in all_words() else id


def _level(said: Said, scored: list[_Scored]) -> Level:
    if not scored or says_no_check(said):
        return "unsure"
    first = scored[0]
    if all_words()[first.id].broad or first.match is None:
        return "unsure"
    margin = first.score - (scored[1].score if len(scored) > 1 else 0.0)
    agrees = first.likeness is not None and first.likeness.share >= _ALIKE
    if first.match.explained >= 0.6 and agrees and first.score >= 0.6 and margin >= 0.1:
        return "sure"
    if first.match.explained >= 0.5 and first.score >= 0.35 and margin >= 0.05:
        return "likely"
    return "unsure"
