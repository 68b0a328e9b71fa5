"""What people write who claim what a check shows: the files `words.yaml` beside the checks, and `vocabulary.yaml`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, replace
from functools import cache
from importlib.util import find_spec
from itertools import groupby
from pathlib import Path
from typing import Any, Literal, NamedTuple, get_args

from pytest_readiness.bind.kinds import Kind
from pytest_readiness.bind.spelling import stems, stems_of
from pytest_readiness.core.domains import packs
from pytest_readiness.core.problems import Problem, ProblemsError, nearest
from pytest_readiness.core.yamlfile import YamlMap, read_yaml

Aspect = Literal["state", "documented", "monitored", "alerted", "tested", "automated"]
"""What is claimed of a subject: that it is so now, or that somebody wrote, collects, is told, tried or runs it."""
ASPECTS: tuple[Aspect, ...] = get_args(Aspect)
Strength = Literal["there", "value", "effect", "works"]
"""How much a check shows of the state now, the least first."""
STRENGTHS: tuple[Strength, ...] = get_args(Strength)
NAME = "words.yaml"
ENGINES = ("postgres", "mysql", "mongodb")
"""The databases that have claims in common."""
_EVERY_ENGINE = "db."
_VOCABULARY = Path(__file__).with_name("vocabulary.yaml")


class Atom(NamedTuple):
    """A place in a phrase: the stems that may stand there, and whether a heading may say it as well as the item."""

    stems: frozenset[str]
    above: bool


class Phrase(NamedTuple):
    """Words that together mean a claim, in any order; a weak one is said of other things as often."""

    atoms: tuple[Atom, ...]
    weak: bool


@dataclass(frozen=True, slots=True)
class Words:
    """What is said of a claim.

    Attributes:
        id: of the claim, which may have no check yet.
        phrases: what people write.
        vetoes: groups of stems that, all in an item, speak against it.
        vetoes_above: groups of stems that, all in headings or items above, speak against it.
        aspect: what it sees of its subject.
        strength: how much it shows of the state now; None for other aspects, and where nobody said.
        weaker_than: claims of the same subject that show more.
        together_with: claims that are often needed beside it.
        broad: whether words alone are not enough to bind it.
        forbids: whether it shows that something is not so, so that who says that it is so means the opposite.
        parameters: the kind of value that a text may give, by parameter of the check.
        does_not_prove: what it is easily taken for, as a sentence.
        engines: for what is said of any database ("db.role"), those that have such a claim.
        kubernetes: the claim that is meant in its place where the document is about Kubernetes; "" where none is.
    """

    id: str
    phrases: tuple[Phrase, ...]
    vetoes: tuple[frozenset[str], ...] = ()
    vetoes_above: tuple[frozenset[str], ...] = ()
    aspect: Aspect = "state"
    strength: Strength | None = None
    weaker_than: tuple[str, ...] = ()
    together_with: tuple[str, ...] = ()
    broad: bool = False
    forbids: bool = False
    parameters: Mapping[str, str] | None = None
    does_not_prove: str = ""
    engines: tuple[str, ...] = ()
    kubernetes: str = ""


_KEYS = {each.name for each in fields(Words)} - {"id"}


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Words that mean the same whatever is checked.

    Attributes:
        no_check: what no check shows.
        filler: stems that say nothing of what is claimed.
        aspects: the stems that claim an aspect.
        fallbacks: the claim that shows an aspect of whatever subject.
        doing: stems of verbs that say that something is so.
        denying: stems of what says that something is not so, or no longer.
        docker: stems by which a document is about containers that Docker runs.
        kubernetes: stems by which it is about Kubernetes.
        limiting: stems of what says that something is kept from being so.
        undoing: stems of what undoes a thing, or says that it does not work.
        doubting: stems of what leaves it open, or says it of another place or time.
        turning: stems of what turns what is said, or makes less of it.
        elsewhere: stems of what headings say that stands elsewhere than what is released.
        aside: what headings say of what is below them, that is not to be verified: groups of stems.
        working: stems of what says that something works, not only that it is there.
        written: stems that say that something is written, not only planned.
        products: what each product is called, by the domain of claims about it; others by a name of their own.
        statuses: numbers that say what an answer is, and limit nothing.
        anything: claims that can be made to answer almost any item, the likeliest first.
    """

    no_check: tuple[Phrase, ...]
    filler: frozenset[str]
    aspects: Mapping[Aspect, frozenset[str]]
    fallbacks: Mapping[Aspect, str]
    doing: frozenset[str]
    denying: frozenset[str]
    docker: frozenset[str]
    kubernetes: frozenset[str]
    limiting: frozenset[str]
    undoing: frozenset[str]
    doubting: frozenset[str]
    turning: frozenset[str]
    elsewhere: frozenset[str]
    aside: tuple[frozenset[str], ...]
    working: frozenset[str]
    written: frozenset[str]
    products: Mapping[str, frozenset[str]]
    statuses: frozenset[str]
    anything: tuple[str, ...]


@cache
def all_words() -> Mapping[str, Words]:
    """Return the words of every claim that any installed pack has words for, by its id.

    Raises:
        ProblemsError: every mistake in the files.
    """
    problems: list[Problem] = []
    found: dict[str, Words] = {}
    for path in _files():
        root = read_yaml(path, "words")
        for id, said in root.items():
            words = _WordsReader(path, problems).words(id, said, root.lines[id])
            if words is not None:
                found.setdefault(id, words)
    if problems:
        raise ProblemsError(problems)
    return _with_engines(found)


@cache
def vocabulary() -> Vocabulary:
    """Return the words that mean the same whatever is checked."""
    root = read_yaml(_VOCABULARY, "vocabulary")
    aspects: dict[Aspect, YamlMap] = {
        aspect: root["aspects"][aspect] for aspect in ASPECTS if aspect in root["aspects"]
    }
    return Vocabulary(
        no_check=phrases(root["no_check"]),
        filler=stems(root["filler"]),
        aspects={aspect: stems(said["words"]) for aspect, said in aspects.items()},
        fallbacks={aspect: said["fallback"] for aspect, said in aspects.items() if "fallback" in said},
        doing=stems(root["doing"]),
        denying=stems(root["denying"]),
        docker=stems(root["docker"]),
        kubernetes=stems(root["kubernetes"]),
        limiting=stems(root["limiting"]),
        undoing=stems(root["undoing"]),
        doubting=stems(root["doubting"]),
        turning=stems(root["turning"]),
        elsewhere=stems(root["elsewhere"]),
        aside=_groups(root["aside"]),
        working=stems(root["working"]),
        written=stems(root["written"]),
        products={domain: stems(called) for domain, called in root["products"].items()},
        statuses=stems(root["statuses"]),
        anything=tuple(root["anything"]),
    )


def phrases(text: str) -> tuple[Phrase, ...]:
    """Return the phrases of a text that separates them by ";"."""
    found = (_phrase(each.strip()) for each in text.split(";"))
    return tuple(dict.fromkeys(phrase for phrase in found if phrase.atoms))


def _phrase(text: str) -> Phrase:
    weak = text.startswith("~")
    text = text.removeprefix("~")
    if "/" not in text and "^" not in text:
        # Neighbours that have one spelling together are one word ("health check").
        return Phrase(tuple(dict.fromkeys(map(_atom, stems_of(text)))), weak)
    atoms: list[Atom] = []
    for marked, words in groupby(text.split(), key=lambda word: "/" in word or word.startswith("^")):
        if marked:
            for word in words:
                atoms += _alternatives(word)
        else:
            atoms += map(_atom, stems_of(" ".join(words)))
    return Phrase(tuple(dict.fromkeys(atoms)), weak)


@cache
def _atom(stem: str) -> Atom:
    return Atom(frozenset((stem,)), above=False)


def _alternatives(written: str) -> list[Atom]:
    above = written.startswith("^")
    alternatives = [found for each in written.removeprefix("^").split("/") if (found := stems_of(each))]
    if len(alternatives) == 1:
        # One word may be several ("server_tokens"), each of which must be said.
        return [Atom(frozenset((stem,)), above) for stem in alternatives[0]]
    return [Atom(frozenset(found[0] for found in alternatives), above)]


def _files() -> Iterator[Path]:
    """The files of what ships, which has words for claims to come too, then those of other packs."""
    ours = Path(__file__).parent.parent / "domains"
    yield from sorted(ours.glob(f"*/{NAME}"))
    for pack in packs():
        if not pack.shipped and (spec := find_spec(pack.module)) and spec.submodule_search_locations:
            for place in spec.submodule_search_locations:
                if (path := Path(place) / NAME).is_file():
                    yield path


def _with_engines(found: Mapping[str, Words]) -> Mapping[str, Words]:
    """Give what is said of any database to each engine that has such a claim."""
    made = {id: words for id, words in found.items() if not id.startswith(_EVERY_ENGINE)}
    for id, words in found.items():
        if id.startswith(_EVERY_ENGINE):
            for engine in words.engines or ENGINES:
                own = f"{engine}.{id.removeprefix(_EVERY_ENGINE)}"
                others = made.get(own)
                phrases = (others.phrases if others else ()) + words.phrases
                vetoes = words.vetoes + (others.vetoes if others else ())
                made[own] = replace(words, id=own, phrases=phrases, vetoes=vetoes)
                if others and others.parameters:
                    made[own] = replace(made[own], parameters=others.parameters)
    return made


class _WordsReader:
    def __init__(self, path: Path, problems: list[Problem]) -> None:
        self.path = path
        self.problems = problems

    def words(self, id: str, said: Any, line: int) -> Words | None:
        if not isinstance(said, YamlMap):
            self.problems.append(Problem(self.path, line, f"'{id}' must map 'phrases' and other keys to words."))
            return None
        before = len(self.problems)
        made = Words(
            id=id,
            phrases=phrases(self._text(said, "phrases")),
            vetoes=_groups(self._text(said, "vetoes")),
            vetoes_above=_groups(self._text(said, "vetoes_above")),
            aspect=self._one_of(said, "aspect", ASPECTS) or "state",
            strength=self._one_of(said, "strength", STRENGTHS),
            weaker_than=self._texts(said, "weaker_than"),
            together_with=self._texts(said, "together_with"),
            broad=said.get("broad", False) is True,
            forbids=said.get("forbids", False) is True,
            parameters=self._parameters(said),
            does_not_prove=self._text(said, "does_not_prove").strip(),
            engines=self._texts(said, "engines"),
            kubernetes=self._text(said, "kubernetes"),
        )
        for key in said.keys() - _KEYS:
            self._told(said, key, f"Unknown key '{key}'.{nearest(key, _KEYS)}")
        if not made.phrases and len(self.problems) == before:
            self.problems.append(Problem(self.path, line, f"'{id}' has no phrases."))
        return made if len(self.problems) == before else None

    def _told(self, said: YamlMap, key: str, message: str) -> None:
        self.problems.append(Problem(self.path, said.lines[key], message))

    def _text(self, said: YamlMap, key: str) -> str:
        value = said.get(key, "")
        if isinstance(value, (str, int, float)):
            return str(value)
        self._told(said, key, f"'{key}' must be a text.")
        return ""

    def _texts(self, said: YamlMap, key: str) -> tuple[str, ...]:
        value = said.get(key, ())
        if isinstance(value, (list, tuple)) and all(isinstance(each, str) for each in value):
            return tuple(value)
        self._told(said, key, f"'{key}' must be a list of texts.")
        return ()

    def _parameters(self, said: YamlMap) -> Mapping[str, str]:
        if "parameters" not in said:
            return {}
        given = said["parameters"]
        if not isinstance(given, YamlMap):
            self._told(said, "parameters", "'parameters' must map each to its kind.")
            return {}
        for parameter, kind in given.items():
            try:
                Kind.parse(str(kind))
            except ValueError as error:
                self._told(given, parameter, f"Parameter '{parameter}': {error}")
        return {parameter: str(kind) for parameter, kind in given.items()}

    def _one_of(self, said: YamlMap, key: str, known: tuple[Any, ...]) -> Any:
        value = said.get(key)
        if value is not None and value not in known:
            self._told(said, key, f"'{value}' is no {key}.{nearest(str(value), known)}")
            return None
        return value


def _groups(text: Any) -> tuple[frozenset[str], ...]:
    """Each word of a text as a group of stems; "no-longer" is one group of two."""
    return tuple(dict.fromkeys(group for each in str(text).split() if (group := stems(each.replace("-", " ")))))
