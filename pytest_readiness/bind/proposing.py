"""What is proposed for each item of a document: by its words, and by items like it that were bound before."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from pytest_readiness.bind.matching import Match, Said, matches, says_no_check
from pytest_readiness.bind.memory import Likeness, Memory, of_suites, said_by
from pytest_readiness.bind.proposal import Candidate, Level, Proposal, Suggestion
from pytest_readiness.bind.words import all_words, vocabulary
from pytest_readiness.checklist.model import Checklist, Item, Section
from pytest_readiness.config.target import Target

_MOST = 5
"""Candidates of an item; what comes after them was right for hardly any."""
_MEMORY = 0.6
"""What likeness to a remembered item weighs beside the words."""
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
    return tuple(_proposal(checklist, checklist.section_of(item), item, memory) for item in checklist.leaves())


def _proposal(checklist: Checklist, section: Section, item: Item, memory: Memory) -> Proposal:
    said = said_by(checklist, section, item)
    alike = memory.like(said)
    scored = _scored(said, alike)
    level = _level(said, scored, alike)
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


def _scored(said: Said, alike: tuple[Likeness, ...]) -> list[_Scored]:
    by_words = {match.id: match for match in matches(said)}
    by_memory: defaultdict[str, list[Likeness]] = defaultdict(list)
    for each in alike:
        for claim in each.item.claims:
            by_memory[claim].append(each)
    for aspect in said.aspects:
        fallback = vocabulary().fallbacks.get(aspect)
        if fallback and fallback not in by_words:
            by_words[fallback] = Match(fallback, 0.15, frozenset(), 0.0)
    found = []
    for id in by_words.keys() | by_memory.keys():
        match, likes = by_words.get(id), by_memory.get(id, [])
        rest = 1.0 - (match.score if match else 0.0)
        for each in likes:
            # The more claims answer an item together, the less each of them alone says the same.
            rest *= 1.0 - _MEMORY * each.share**2 / max(1, len(each.item.claims)) ** 0.5
        found.append(_Scored(id, 1.0 - rest, match, max(likes, key=lambda each: each.share, default=None)))
    return sorted(found, key=lambda each: (-each.score, each.id))


def _level(said: Said, scored: list[_Scored], alike: tuple[Likeness, ...]) -> Level:
    if not scored or says_no_check(said):
        return "unsure"
    first = scored[0]
    words = all_words().get(first.id)
    if words is None or words.broad or first.match is None:
        return "unsure"
    margin = first.score - (scored[1].score if len(scored) > 1 else 0.0)
    agrees = first.likeness is not None and first.likeness.share >= _ALIKE
    if first.match.explained >= 0.6 and agrees and first.score >= 0.6 and margin >= 0.1:
        return "sure"
    if first.match.explained >= 0.5 and first.score >= 0.35 and margin >= 0.05:
        return "likely"
    return "unsure"
