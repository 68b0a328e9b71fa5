"""What is proposed for each item of a document: by its words, and by items like it that were bound before."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

from pytest_readiness.bind.kinds import IS
from pytest_readiness.bind.matching import Match, Statement, matches, says_no_check, statements_of, weight
from pytest_readiness.bind.memory import BoundBefore, Likeness, of_suites
from pytest_readiness.bind.people import people_in
from pytest_readiness.bind.proposal import LEVELS, Candidate, Level, Proposal, Suggestion
from pytest_readiness.bind.spelling import stem, stems
from pytest_readiness.bind.values import not_read_of, parameters_for
from pytest_readiness.bind.words import ASPECTS, ENGINES, Aspect, Strength, Words, all_words, vocabulary
from pytest_readiness.checklist.model import Checklist, Item, Section
from pytest_readiness.config.target import Target
from pytest_readiness.core.domains import load_catalogue, packs
from pytest_readiness.plan.coming import COMING

_MOST = 5
"""Candidates of an item; what comes after them was right for hardly any."""
_LEAST = 0.08
"""Below it, what fits any item is right as often."""
_AGREES = 0.5
"""What likeness to a remembered item weighs where the words say the same."""
_ALONE = 0.3
"""What it weighs where they do not."""
_ANOTHER = 0.5
"""What is left of a claim about another product than the item names."""
_FALLBACK = 0.15
"""What the claim scores that shows an aspect of whatever subject."""
_BESIDE = 0.5
"""How much of the first claim's score one has that is meant beside it."""
_OWN = 0.5
"""And how much of what says for it is not what says for the others."""
_SEVERAL = re.compile(r",|;|/|\+|&|\b(?:and|with|plus)\b", re.IGNORECASE)
_CLAIMS: Mapping[Aspect, str] = {
    "state": "it is so now",
    "documented": "it is written down",
    "monitored": "it is measured",
    "alerted": "someone is told",
    "tested": "it was tried",
    "automated": "it happens by itself",
}
_NOT_SHOWN: Mapping[Strength | None, str] = {
    "there": "That it works.",
    "value": "That it takes effect, and works.",
    "effect": "That the product works with it from end to end.",
}
_DATABASE = stem("database")
_DOUBTED = re.compile(
    r"\b(?:mostly|partly|partially|largely|nearly|usually|(?<!or )later|n/a|irrelevant|worked on|out of scope)\b"
    r"|\?\s{0,9}\Z",
    re.IGNORECASE,
)
"""What leaves an item open, and has the stem of what does not."""
_NOT_APPLICABLE = re.compile(
    r"(?:\A|[:;,.(–—-]\s?)(?:n/a|(?:is |does )?not appl(?:icable|y))(?=\s?(?:\Z|[:;,.)–—-]|since\b|because\b))",
    re.IGNORECASE,
)
"""How an item says that it does not apply in words that are no remark, so that a person has to confirm it."""
_OTHERS = "others"
"""Stands among products for those about which there are no claims."""
_STEMS = {"postgres": stem("postgresql"), "mysql": stem("mysql"), "mongodb": stem("mongodb")}
_ALIKE = 0.55
"""From here on a remembered item says the same."""


@dataclass(frozen=True, slots=True)
class _Scored:
    id: str
    score: float
    match: Match | None
    likeness: Likeness | None


def propose(
    checklist: Checklist, target: Target | None = None, memory: BoundBefore | None = None
) -> tuple[Proposal, ...]:
    """Return what is proposed for each item of a document that is no group, in document order.

    Args:
        checklist: the document.
        target: says which database is meant where the document does not.
        memory: items that were bound before; those of the suites unless given.
    """
    memory = BoundBefore(of_suites()) if memory is None else memory
    every = list(statements_of(checklist))
    usual = _usual_engine([said for _, _, said in every], target)
    pods = _on_kubernetes([said for _, _, said in every])
    return tuple(_proposal(item, section, said, _engine(said, usual), pods, memory) for item, section, said in every)


def _on_kubernetes(every: list[Statement]) -> bool:
    """Whether a document says more of Kubernetes than of Docker."""
    known = vocabulary()
    docker, kubernetes = (
        sum(not (said.own | said.higher).isdisjoint(stems) for said in every)
        for stems in (known.docker, known.kubernetes)
    )
    return kubernetes > docker


def _usual_engine(every: list[Statement], target: Target | None) -> str:
    """The database that is meant where an item names none: the target's, else what the document names most."""
    if target is not None:
        declared = [engine for engine in ENGINES if target.of(engine)]
        if len(declared) == 1:
            return declared[0]
    named = Counter(engine for said in every for engine in ENGINES if _STEMS[engine] in said.own | said.higher)
    return max(ENGINES, key=lambda engine: (named[engine], -ENGINES.index(engine)))


def _engine(said: Statement, usual: str) -> str:
    for words in (said.own, said.higher):
        named = [engine for engine in ENGINES if _STEMS[engine] in words]
        if named:
            return named[0]
    return usual


def _proposal(item: Item, section: Section, said: Statement, engine: str, pods: bool, memory: BoundBefore) -> Proposal:
    scored = _scored(said, memory.like(said), engine, pods=pods)
    people = people_in(said, item.detail)
    together = _together(said, scored)
    level = "unsure" if people.only else _level(said, together)
    found = [each for each in together if each[0].score >= _LEAST]
    proposed = {each.id for candidate in found for each in candidate}
    if not people.only:
        found += [(_Scored(id, 0.0, None, None),) for id in vocabulary().anything if id not in proposed]
    candidates = tuple(
        _candidate(each, item, said, level if number == 0 else "unsure") for number, each in enumerate(found[:_MOST])
    )
    return Proposal(
        item,
        section,
        candidates[0].level if candidates else level,
        candidates,
        role=people.role if people.only else "",
        cadence=people.cadence,
        not_applicable=item.not_applicable or (item.text if _NOT_APPLICABLE.search(item.text) else ""),
        people_first=people.only,
    )


def _together(said: Statement, scored: list[_Scored]) -> list[tuple[_Scored, ...]]:
    """The candidates, first of all those claims together that an item names beside each other ("HSTS and CSP")."""
    singly: list[tuple[_Scored, ...]] = [(each,) for each in scored]
    if not scored or not _SEVERAL.search(said.text):
        return singly
    first = scored[0]
    named = [first]
    for each in scored[1:_MOST]:
        seen = {stem for one in named if one.match for stem in one.match.matched}
        if (
            each.match is not None
            and each.match.phrase
            and each.score >= _BESIDE * first.score
            and _weight(each.match.matched - seen) >= _OWN * _weight(each.match.matched)
        ):
            named.append(each)
    if len(named) == 1:
        return singly
    others = [(each,) for each in scored if each not in named]
    return [tuple(named), *others[:1], *((each,) for each in named), *others[1:]]


def _weight(stems: frozenset[str]) -> float:
    return sum(map(weight, stems))


def _candidate(together: tuple[_Scored, ...], item: Item, said: Statement, level: Level) -> Candidate:
    first = together[0]
    matched = {stem for each in together if each.match for stem in each.match.matched}
    ids = [each.id for each in together]
    words = all_words()[first.id]
    read = {id: parameters_for(id, item, all_words()) for id in ids}
    given = {stem for each in read.values() for text in each.words for stem in stems(text)}
    # A number that a phrase has is no limit of the check's unless it is given to it; a status is known to it.
    numbers = {word.stem for word in said.words if word.stem[0].isdigit()} - given - (vocabulary().statuses & matched)
    matched = (matched | given) - numbers
    not_read = not_read_of(read)
    suggestions = tuple(Suggestion(id, read[id].given, _is_coming(id), not_read[id]) for id in ids)
    return Candidate(
        checks=suggestions,
        level=max(
            level,
            _most(said, item, matched, given, together),
            "unsure" if numbers or any(each.not_read for each in suggestions) else "sure",
            "unsure" if any(_may_turn(id, read[id].given, said) for id in ids) else "sure",
            key=LEVELS.index,
        ),
        score=round(first.score, 3),
        matched=said.written(matched),
        unexplained=said.written((said.telling | numbers) - matched),
        does_not_prove=words.does_not_prove or _weaker(words, said, matched),
        also=tuple(id for id in words.together_with if id not in ids),
        source=first.likeness.item.source if first.likeness and first.likeness.share >= _ALIKE else "",
    )


def _most(
    said: Statement, item: Item, explained: Collection[str], given: Collection[str], together: tuple[_Scored, ...]
) -> Level:
    """The highest level of a candidate that explains these stems of an item.

    Args:
        said: what the item says.
        item: the item.
        explained: its stems that say for the candidate, or are given to its parameters.
        given: its stems that are given to parameters.
        together: the claims of the candidate.
    """
    known = vocabulary()
    left, above = said.own - frozenset(explained), said.higher - frozenset(explained)
    if (
        (left | above) & known.doubting
        or _DOUBTED.search(said.text)
        or any(group <= said.around for group in known.aside)
    ):
        return "unsure"
    if left & known.undoing and not any(all_words()[each.id].forbids for each in together):
        return "unsure"
    # Two that deny may mean the opposite, unless a phrase has both ("unused services are disabled").
    denials = sum(word.stem in said.denials for word in said.words if word.stem not in given)
    if denials > max([1, *(each.match.denials for each in together if each.match)]):
        return "unsure"
    elsewhere = above & (known.elsewhere | known.products[_OTHERS])
    return "likely" if item.detail or elsewhere or said.telling & left else "sure"


def _may_turn(id: str, given: Mapping[str, object], said: Statement) -> bool:
    """Whether a parameter turns a claim into its opposite, and an item that denies or limits does not say which."""
    turning = [name for name, kind in (all_words()[id].parameters or {}).items() if kind.split()[0] == IS]
    return bool(turning and not given.keys() & set(turning) and said.denials)


def _is_coming(id: str) -> bool:
    # A pack of others may have the check already; without one, there is no need to import any.
    return id in COMING and (all(pack.shipped for pack in packs()) or id not in load_catalogue())


def _weaker(words: Words, said: Statement, matched: Collection[str]) -> str:
    """What a claim does not show of an item, by what it sees and how much of it."""
    # What its own phrase says ("a policy") is no other aspect.
    claimed = [aspect for aspect in ASPECTS if aspect in said.aspects and not said.naming(aspect) <= set(matched)]
    if claimed and words.aspect not in claimed:
        return f"That {' and '.join(_CLAIMS[aspect] for aspect in claimed)}."
    if words.aspect == "state" and said.own & vocabulary().working:
        return _NOT_SHOWN.get(words.strength, "")
    return ""


def _scored(said: Statement, alike: tuple[Likeness, ...], engine: str, *, pods: bool) -> list[_Scored]:
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
    for match in list(by_words.values()) if pods else ():
        twin = all_words()[match.id].kubernetes if match.id in all_words() else ""
        if twin and (twin not in by_words or by_words[twin].score < match.score):
            by_words[twin] = replace(match, id=twin)
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
        share = _AGREES if own > _FALLBACK else _ALONE
        score = own + (1.0 - own) * share * (1.0 - rest)
        if _is_of_another(id, said) or (pods and all_words()[id].kubernetes):
            score *= _ANOTHER
        found.append(_Scored(id, score, by_words.get(id), max(likes, key=lambda each: each.share, default=None)))
    return sorted(found, key=lambda each: (-each.score, each.id))


def _of_engine(id: str, engine: str) -> str:
    """The claim about the database that is meant, where another's is named that it has too."""
    domain, _, name = id.partition(".")
    twin = f"{engine}.{name}"
    return twin if domain in ENGINES and domain != engine and twin in all_words() else id


def _is_of_another(id: str, said: Statement) -> bool:
    """Whether a claim is about one product, and the item, or else the heading above it, names others only."""
    products, domain = vocabulary().products, id.partition(".")[0]
    if domain not in products or products[domain] & said.own:
        return False
    for words in (said.own, said.nearest):
        if named := {name for name, called in products.items() if called & words}:
            # "Database and Redis" names an engine, too, without saying which; "Oracle database" does say.
            unnamed = domain in ENGINES and _DATABASE in words and _OTHERS not in named and not named & set(ENGINES)
            return domain not in named and not unnamed
    return False


def _level(said: Statement, together: list[tuple[_Scored, ...]]) -> Level:
    """How much says for the first candidate; the limits are those that `make bench` finds to be right often enough."""
    named = together[0] if together else ()
    first = named[0] if named else None
    if first is None or first.match is None or says_no_check(said):
        return "unsure"
    if any(each.match is None or each.match.opposed or _is_of_another(each.id, said) for each in named):
        return "unsure"
    words = all_words()[first.id]
    match = first.match
    explained = match.explained if len(named) == 1 else _explained(said, named)
    if any(all_words()[each.id].broad for each in named):
        return "likely" if explained >= 0.8 and first.score >= 0.6 else "unsure"
    margin = first.score - max((each.score for each, *_ in together if each not in named), default=0.0)
    alike = first.likeness.share if first.likeness else 0.0
    if (
        words.aspect in said.aspects
        and len(said.content) > 1
        and (
            (alike >= 0.4 and first.score >= 0.45 and margin >= 0.2 and explained >= 0.7)
            or (match.score >= 0.5 and margin >= 0.4 and explained >= 0.9 and match.phrase >= 2)
        )
    ):
        return "sure"
    if first.score >= 0.35 and match.score >= 0.25 and margin >= 0.1 and explained >= 0.4:
        return "likely"
    return "unsure"


def _explained(said: Statement, named: tuple[_Scored, ...]) -> float:
    """How much of what an item says several claims explain together, of 0 to 1."""
    matched = frozenset(stem for each in named if each.match for stem in each.match.matched)
    content = frozenset(said.content)
    return _weight(matched & content) / (_weight(content) or 1.0)
