"""Which claims an item's words mean: by rare words near each other, and how much of the item they explain."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, cached_property

from pytest_readiness.bind.spelling import Word, words_of
from pytest_readiness.bind.words import ENGINES, Aspect, Atom, Phrase, Words, all_words, vocabulary
from pytest_readiness.checklist.model import Checklist, Item, Section, groups_above

_ABOVE = 0.5
"""What a word of a heading weighs beside one of the item."""
_WEAK = 0.55
"""What a weak phrase weighs beside another."""
_OTHER_ASPECT: Mapping[bool, float] = {True: 0.6, False: 0.8}
"""What is left of a claim of another aspect than the item's: where the item names one, and where it does not."""
_NEAR = 0.45
"""What is left of a claim none of whose phrases is all there."""
_LONG = 7
"""From so many words on that say something, an item may speak of a veto's subject besides."""
_VETOED = 0.5
"""What is left of a claim then."""
_OPPOSED = 0.6
"""What is left of a claim of whose subject an item says the opposite."""
_LEAST = 0.03
"""A match that scores less is none."""
_ENOUGH = 6.0
"""The rarity of words that together say half of all that words can say."""


@dataclass(frozen=True)
class Statement:
    """What an item says: its own words, and those of the headings and items above it.

    Attributes:
        text: the item's own.
        above: texts of headings and of items that it is in, outermost first.
        introduced: what else is said of it, above its list or in the head of its table.
    """

    text: str
    above: tuple[str, ...] = ()
    introduced: tuple[str, ...] = ()

    @cached_property
    def words(self) -> tuple[Word, ...]:
        """The item's own words."""
        return words_of(self.text)

    @cached_property
    def own(self) -> frozenset[str]:
        """The stems of the item's own words."""
        return frozenset(word.stem for word in self.words)

    @cached_property
    def places(self) -> Mapping[str, tuple[int, ...]]:
        """Where each stem stands in the item."""
        found: defaultdict[str, list[int]] = defaultdict(list)
        for word in self.words:
            found[word.stem].append(word.place)
        return {stem: tuple(places) for stem, places in found.items()}

    @cached_property
    def higher(self) -> frozenset[str]:
        """The stems of headings and items above."""
        return frozenset(word.stem for text in self.above for word in words_of(text))

    @cached_property
    def around(self) -> frozenset[str]:
        """The stems of all that is said of the item outside it."""
        return self.higher.union(word.stem for text in self.introduced for word in words_of(text))

    @cached_property
    def nearest(self) -> frozenset[str]:
        """The stems of the heading or item directly above."""
        return frozenset(word.stem for text in self.above[-1:] for word in words_of(text))

    @cached_property
    def content(self) -> tuple[str, ...]:
        """The item's stems that say something, in order."""
        filler = vocabulary().filler
        return tuple(dict.fromkeys(w.stem for w in self.words if w.stem not in filler and not _is_number(w.stem)))

    @cached_property
    def denials(self) -> frozenset[str]:
        """The item's stems that deny or limit."""
        known = vocabulary()
        return self.own & (known.denying | known.limiting)

    @cached_property
    def telling(self) -> frozenset[str]:
        """The item's stems that say something of what is claimed, or that it is not so, or not quite."""
        known = vocabulary()
        return frozenset(self.content) | self.own & (known.denying | known.turning | known.doubting)

    @cached_property
    def aspects(self) -> frozenset[Aspect]:
        """What is claimed: by the item's own words, else by what stands above it where the item has no verb."""
        known = vocabulary()
        found = _aspects_in(self.own)
        if "documented" in found and not self.own & known.written and self.own & known.doing:
            # A plan that is "in place" is meant as what was planned.
            found |= {"state"}
        if not found and not self.own & known.doing:
            found = _aspects_in(self.nearest)
        return found or frozenset(("state",))

    def naming(self, aspect: Aspect) -> frozenset[str]:
        """The item's own stems that claim an aspect."""
        return vocabulary().aspects.get(aspect, frozenset()) & self.own

    def written(self, stems: Collection[str]) -> tuple[str, ...]:
        """The item's words that have one of the stems, as they are written, each once."""
        found = (self.text[word.begin : word.end] for word in self.words if word.stem in stems)
        return tuple(dict.fromkeys(found))


def statements_of(checklist: Checklist) -> Iterator[tuple[Item, Section, Statement]]:
    """Yield what each item of a document says that is no group; the title of the document is not above it."""
    above = groups_above(checklist)
    for item in checklist.leaves():
        section = checklist.section_of(item)
        headings = [*section.path, section.title]
        if headings[0] == checklist.title:
            del headings[0]
        groups = (group.text for group in above[item.id])
        yield item, section, Statement(item.text, (*headings, *groups), item.introduced)


def _aspects_in(stems: frozenset[str]) -> frozenset[Aspect]:
    return frozenset(aspect for aspect, named in vocabulary().aspects.items() if named & stems)


@dataclass(frozen=True, slots=True)
class Match:
    """How well a claim fits an item.

    Attributes:
        id: of the claim.
        score: of 0 to 1.
        matched: stems of the item that say for it.
        explained: how much of what the item says it explains, of 0 to 1.
        phrase: how many words the longest phrase has that is all there.
        denials: how many words that deny or limit one phrase has that is all there.
        opposed: whether the item says the opposite: that something is not so, which the phrases that it has do not, or
            that something is so which the claim forbids.
    """

    id: str
    score: float
    matched: frozenset[str]
    explained: float
    phrase: int = 0
    denials: int = 0
    opposed: bool = False


def matches(said: Statement, among: Mapping[str, Words] | None = None) -> list[Match]:
    """Return the claims that an item's words may mean, best first; of equal ones, by database, then by their ids.

    Args:
        said: what the item says.
        among: the claims; all that have words unless given.
    """
    index = _index() if among is None else _Index(among)
    phrases = index.phrases_in(said)
    near = index.near(said)
    found = [
        match
        for id in phrases.keys() | near.keys()
        if (match := index.match(id, phrases.get(id, []), near.get(id), said))
    ]
    return sorted(found, key=lambda match: (-match.score, _engine_of(match.id), match.id))


def _engine_of(id: str) -> int:
    domain = id.partition(".")[0]
    return ENGINES.index(domain) if domain in ENGINES else -1


def says_no_check(said: Statement) -> frozenset[str]:
    """Return the stems of an item by which it says what no check shows; none where it does not."""
    had = [phrase for phrase in vocabulary().no_check if _has(phrase, said.own)]
    return frozenset(stem for phrase in had for atom in phrase.atoms for stem in atom.stems & said.own)


def _has(phrase: Phrase, stems: frozenset[str]) -> bool:
    return all(not atom.stems.isdisjoint(stems) for atom in phrase.atoms)


def weight(stem: str) -> float:
    """How rare a stem is among the words of all claims: of 0.3 for what says nothing to about 6."""
    return _index().weight(stem)


@cache
def _index() -> _Index:
    return _Index(all_words())


def _is_number(stem: str) -> bool:
    return stem[0].isdigit() and stem.rstrip("+").replace(".", "").isdigit()


class _Index:
    def __init__(self, claims: Mapping[str, Words]) -> None:
        self.claims = claims
        self.used: Counter[str] = Counter()
        for words in claims.values():
            self.used.update({stem for phrase in words.phrases for atom in phrase.atoms for stem in atom.stems})
        self.by_stem: defaultdict[str, list[tuple[str, Phrase]]] = defaultdict(list)
        for id, words in claims.items():
            for phrase in words.phrases:
                # Whoever has the whole phrase has this word of it, which few others have.
                for stem in min(phrase.atoms, key=self._spread).stems:
                    self.by_stem[stem].append((id, phrase))
        self.filler = vocabulary().filler
        self.telling: defaultdict[str, list[tuple[str, float]]] = defaultdict(list)
        for id, words in claims.items():
            said = Counter(stem for phrase in words.phrases for atom in phrase.atoms for stem in atom.stems)
            for stem, number in said.items():
                # What half of a claim's phrases say is said of it as a rule.
                self.telling[stem].append((id, min(1.0, (number / len(words.phrases)) ** 0.5 * 1.4)))

    def weight(self, stem: str) -> float:
        if stem in self.filler:
            return 0.3
        return math.log(1 + len(self.claims) / (1 + self.used[stem]))

    def phrases_in(self, said: Statement) -> dict[str, list[Phrase]]:
        """The phrases that are all there, at least one word of each in the item itself, by the claim's id."""
        every = said.own | (said.higher - self.filler)
        found: defaultdict[str, list[Phrase]] = defaultdict(list)
        for stem in sorted(every):
            for id, phrase in self.by_stem.get(stem, ()):
                if _has(phrase, every) and not all(atom.stems.isdisjoint(said.own) for atom in phrase.atoms):
                    found[id].append(phrase)
        return found

    def _spread(self, atom: Atom) -> int:
        return sum(self.used[stem] for stem in atom.stems)

    def near(self, said: Statement) -> dict[str, dict[str, float]]:
        """What each stem of the item says for a claim whose phrases have it, all other words of them apart."""
        found: defaultdict[str, dict[str, float]] = defaultdict(dict)
        for stem in said.content:
            for id, telling in self.telling.get(stem, ()):
                found[id][stem] = self.weight(stem) * telling
        return found

    def match(self, id: str, phrases: list[Phrase], near: Mapping[str, float] | None, said: Statement) -> Match | None:
        words = self.claims[id]
        if any(group <= said.higher for group in words.vetoes_above):
            return None
        vetoed = any(group <= said.own for group in words.vetoes)
        if vetoed and len(said.content) < _LONG:
            return None
        weights: dict[str, float] = {}
        best, longest, denials = 0.0, 0, 0
        for phrase in phrases:
            total = 0.0
            for atom in phrase.atoms:
                own = atom.stems & said.own
                stem = max(own or atom.stems & said.higher, key=lambda each: (self.weight(each), each))
                share = 1.0 if own else 0.9 if atom.above else _ABOVE
                if phrase.weak:
                    share *= _WEAK
                value = self.weight(stem) * share
                total += value
                weights[stem] = max(weights.get(stem, 0.0), value)
            total *= self.nearness(phrase, said)
            best = max(best, total)
            longest = max(longest, len(phrase.atoms))
            denials = max(denials, sum(not atom.stems.isdisjoint(said.denials) for atom in phrase.atoms))
        everything = sum(map(self.weight, said.content)) or 1.0
        opposed = self.opposed(words, phrases, said)
        left = (_VETOED if vetoed else 1.0) * (_OPPOSED if opposed else 1.0)
        if not phrases:
            close = sum((near or {}).values())
            score = _NEAR * close / (close + _ENOUGH) * min(1.0, close / everything) * self.aspect(words, said) * left
            return Match(id, score, frozenset(near or ()), 0.0, opposed=opposed) if score >= _LEAST else None
        strength = 0.5 * best + 0.5 * sum(weights.values())
        matched = frozenset(weights) & said.own
        explained = min(1.0, sum(self.weight(stem) for stem in matched if stem in said.content) / everything)
        score = strength / (strength + _ENOUGH) * (0.35 + 0.65 * explained) * self.aspect(words, said, matched) * left
        return Match(id, min(1.0, score), matched, explained, longest, denials, opposed)

    def opposed(self, words: Words, phrases: list[Phrase], said: Statement) -> bool:
        """Whether an item says of what it names the opposite of a claim."""
        known = vocabulary()
        denied = not said.own.isdisjoint(known.denying)
        if words.forbids:
            return not denied and said.own.isdisjoint(known.limiting)
        denying = any(not atom.stems.isdisjoint(known.denying) for phrase in phrases for atom in phrase.atoms)
        return denied and not denying

    def nearness(self, phrase: Phrase, said: Statement) -> float:
        """Words of a phrase that stand apart mean it less."""
        places = [
            min(place for stem in atom.stems & said.own for place in said.places[stem])
            for atom in phrase.atoms
            if atom.stems & said.own
        ]
        if len(places) < 2:
            return 1.0
        apart = max(places) - min(places) + 1 - len(places)
        return max(0.6, 1.0 - 0.05 * max(0, apart - 1))

    def aspect(self, words: Words, said: Statement, matched: frozenset[str] = frozenset()) -> float:
        """What is left of a claim that sees something else of its subject than the item says."""
        if words.aspect in said.aspects or (words.strength == "works" and "tested" in said.aspects):
            return 1.0
        if words.aspect == "state" and _aspects_in(matched) and not _aspects_in(said.own - matched):
            # A "network policy" is no document: the word is part of the claim's own phrase.
            return 1.0
        return _OTHER_ASPECT["state" not in said.aspects]
