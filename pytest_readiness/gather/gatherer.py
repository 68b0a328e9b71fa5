"""Gathers facts: each (fact, resource) pair once, concurrently, in the background, within deadlines.

One dispatcher thread decides what may start. Readings run in daemon threads, so that one that hangs is abandoned at its
deadline and never holds up the run or its end; a thread goes on with what was waiting for the reading that it ended.
"""

from __future__ import annotations

import inspect
import math
import threading
import time
import traceback
from collections import Counter, deque
from collections.abc import AsyncIterator, Awaitable, Callable, Hashable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from pytest_readiness.config.target import Target, place_of
from pytest_readiness.core.audit import reading_of
from pytest_readiness.core.evidence import CouldNotVerify, NotDeclared, Unreachable, flaw
from pytest_readiness.core.registry import FACTS, TARGET, Fact, is_asked, lacking
from pytest_readiness.core.resources import Resource, where_of
from pytest_readiness.core.text import what_broke

READINGS = 64
"""Readings that run at the same time, heavy ones not counted."""
READINGS_OF_ONE = 6
"""Readings at one place that run at the same time."""
RETRY_SECONDS = 0.3
"""Pause before the second try after a transient network error."""

ERRORS = (Unreachable, CouldNotVerify, NotDeclared)
"""How a reading may end without a value, the special before the general."""

Asks = Mapping[str, tuple[Hashable, ...]]


@dataclass(eq=False)
class Reading:
    """One reading of a fact: what for, when, and how it ended.

    Attributes:
        fact: how it is read.
        resource: from what.
        asked: what was asked; one question for a fact read per question.
        place: what answers when it is read.
        way: how that is spoken to: what does not answer on one way (ssh) may well on another (its ports).
        needs: readings that must be there first.
        error: why it could not be read, once it is done without a value.
        note: what the evidence should say about the reading ("at the second try …").
        seconds: how long it took.
        at: when it ended, in seconds since the epoch.
        given_up: it did not end by itself: the run did.
    """

    fact: Fact
    resource: Resource
    asked: tuple[Hashable, ...]
    place: str = ""
    way: str = ""
    needs: tuple[Reading, ...] = ()
    value: Any = None
    error: CouldNotVerify | NotDeclared | None = None
    note: str = ""
    seconds: float = 0.0
    at: float = 0.0
    given_up: bool = False
    started: float | None = None
    done: threading.Event = field(default_factory=threading.Event)
    dependents: list[Reading] = field(default_factory=list)
    missing: int = 0

    @property
    def label(self) -> str:
        """How the progress line names it."""
        return f"{self.fact.name} of {self.resource.name}"

    def result(self) -> Any:
        """Return the value, waiting for it.

        Raises:
            CouldNotVerify: it could not be read.
            NotDeclared: the target does not declare what is needed to read it.
        """
        self.done.wait()
        if self.error is not None:
            # Each test raises its own copy, so that tracebacks and contexts do not pile up on a shared one.
            raise kind_of(self.error)(str(self.error))
        return self.value


@dataclass(frozen=True)
class Progress:
    """The progress of gathering: readings done and known of, and what runs, longest first, with seconds."""

    done: int
    total: int
    running: tuple[tuple[str, float], ...]


class _Ended(NamedTuple):
    value: Any = None
    note: str = ""
    error: CouldNotVerify | NotDeclared | None = None


class Gatherer:
    """Schedules readings and keeps their results.

    `plan` collects what will be needed; `start` begins to read all of it in the background; `reading` and `readings`
    return single readings, scheduling them where they are new.

    Args:
        replay: gives the value of a reading, or raises its error, from elsewhere; nothing is then read, and nothing
            ahead of a test that asks for it.
        target: where facts find a second resource.
    """

    def __init__(self, replay: Callable[[Reading], object] | None = None, target: Target | None = None) -> None:
        self._replay = replay
        self._target = target or Target("")
        self._lock = threading.Condition()
        self._planned: dict[tuple[str, str], tuple[Resource, dict[Hashable, None]]] = {}
        self._known: dict[tuple[str, str], list[Reading]] = {}
        self._answers: dict[tuple[str, str, Hashable], Reading] = {}
        self._ready: deque[Reading] = deque()
        self._running: list[Reading] = []
        self._at_place: Counter[str] = Counter()
        self._answered: set[tuple[str, str]] = set()
        self._dead: dict[tuple[str, str], tuple[Unreachable, Resource]] = {}
        self._lacks: dict[str, str] = {}
        self._places: dict[str, str | CouldNotVerify] = {}
        self._done = 0
        self._total = 0
        self._heavy = 0
        self._dispatcher: threading.Thread | None = None
        self._wakes = math.inf
        self._stopped = ""

    def plan(self, name: str, resource: Resource, asks: Asks) -> None:
        """Note that a fact and what it builds on will be needed, with these questions; without any it is not."""
        if self._replay is not None or not is_asked(name, asks):
            return
        for fact, of in self._closure(name, resource):
            _, asked = self._planned.setdefault((fact.name, of.key), (of, {}))
            asked.update(dict.fromkeys(asks.get(fact.name, ())))

    def start(self) -> None:
        """Begin to read everything planned."""
        with self._lock:
            for (name, _), (resource, asked) in self._planned.items():
                if asked or FACTS[name].asking != "ask":
                    self._schedule(FACTS[name], resource, tuple(asked))
            self._planned.clear()
            self._lock.notify_all()

    def readings(self, name: str, resource: Resource, asks: Asks) -> list[Reading]:
        """Return the readings that answer `asks` of one fact, scheduling what is new."""
        with self._lock:
            known = self._total
            found = self._schedule(FACTS[name], resource, asks.get(name, ()))
            if self._total != known:
                self._lock.notify_all()
            return found

    def value(self, name: str, resource: Resource, asks: Asks) -> Any:
        """Return what is read of one fact, waiting for it: the record, or a mapping by question.

        Raises:
            CouldNotVerify: it could not be read.
        """
        return self.given(name, resource, self.readings(name, resource, asks))

    def given(self, name: str, resource: Resource, readings: Sequence[Reading]) -> Any:
        """Return what was read of one fact; see `value`."""
        if FACTS[name].asking != "ask":
            return readings[0].result()
        answers = {reading.asked[0]: reading.result() for reading in readings}
        return answers or Answers(self, name, resource)

    def done(self) -> list[Reading]:
        """Return every reading that has ended by itself."""
        with self._lock:
            known = [reading for readings in self._known.values() for reading in readings]
            return [reading for reading in known if reading.done.is_set() and not reading.given_up]

    def progress(self) -> Progress:
        """The progress of gathering."""
        with self._lock:
            now = time.monotonic()
            running = sorted(
                ((reading.label, now - (reading.started or now)) for reading in self._running),
                key=lambda pair: -pair[1],
            )
            return Progress(self._done, self._total, tuple(running))

    def stop(self, reason: str) -> None:
        """Give up whatever is not read yet; running readings are left to end by themselves."""
        with self._lock:
            self._stopped = reason
            for reading in [*self._running, *self._waiting()]:
                reading.given_up = True
                self._finish(reading, error=CouldNotVerify(reason))
            self._lock.notify_all()

    def _waiting(self) -> Iterator[Reading]:
        return (
            reading
            for readings in list(self._known.values())
            for reading in readings
            if not reading.done.is_set() and reading.started is None
        )

    def _schedule(self, fact: Fact, resource: Resource, asked: tuple[Hashable, ...]) -> list[Reading]:
        known = self._known.setdefault((fact.name, resource.key), [])
        if fact.asking == "ask":
            for ask in asked:
                if (question := (fact.name, resource.key, ask)) not in self._answers:
                    self._answers[question] = self._new(fact, resource, (ask,), known)
            return [self._answers[fact.name, resource.key, ask] for ask in asked]
        for reading in known:
            if set(asked) <= set(reading.asked) and bool(asked) == bool(reading.asked):
                return [reading]
        return [self._new(fact, resource, tuple(sorted(asked, key=repr)), known)]

    def _new(self, fact: Fact, resource: Resource, asked: tuple[Hashable, ...], known: list[Reading]) -> Reading:
        known.append(reading := Reading(fact, resource, asked))
        if self._replay is not None:
            self._replayed(reading, self._replay)
            return reading
        error = self._refusal(reading)
        self._total += 1
        self._heavy += _disturbs(fact)
        if error is not None:
            self._finish(reading, error=error)
            return reading
        for need in reading.needs:
            if not need.done.is_set():
                need.dependents.append(reading)
                reading.missing += 1
        if not reading.missing:
            self._ready.append(reading)
        if self._dispatcher is None:
            self._dispatcher = threading.Thread(target=self._dispatch, name="readiness-dispatcher", daemon=True)
            self._dispatcher.start()
        return reading

    def _refusal(self, reading: Reading) -> CouldNotVerify | NotDeclared | None:
        """Why a reading need not be begun; what it builds on is scheduled where there is no reason."""
        fact, resource = reading.fact, reading.resource
        if reason := self._lacking(fact.name):
            return CouldNotVerify(reason)
        try:
            every = closure(fact.name, resource, self._target)
            reading.place = self._place(resource)
            first = next((each for each, of in every if self._place(of) == reading.place), fact)
        except (NotDeclared, CouldNotVerify) as error:
            return error
        reading.way = first.way or first.name
        reading.needs = tuple(self._need(name, self._target.referred(resource, by)) for name, by in _needs(fact))
        if self._stopped:
            reading.given_up = True
            return CouldNotVerify(self._stopped)
        return None

    def _closure(self, name: str, resource: Resource) -> list[tuple[Fact, Resource]]:
        """What must be read for a fact; only itself where it will be refused."""
        with suppress(NotDeclared):
            if not self._lacking(name):
                return closure(name, resource, self._target)
        return [(FACTS[name], resource)]

    def _place(self, resource: Resource) -> str:
        """Where a resource is read; a kind, which may be slow or answer otherwise each time, is asked once."""
        at = self._target.through(resource)
        if at.key not in self._places:
            try:
                self._places[at.key] = place_of(at)
            except CouldNotVerify as error:
                self._places[at.key] = error
        place = self._places[at.key]
        if isinstance(place, CouldNotVerify):
            raise CouldNotVerify(place.reason)
        return place

    def _lacking(self, name: str) -> str:
        if name not in self._lacks:
            self._lacks[name] = lacking(name)
        return self._lacks[name]

    def _need(self, name: str, resource: Resource) -> Reading:
        if there := self._known.get((name, resource.key)):
            return there[0]
        planned = self._planned.get((name, resource.key))
        return self._schedule(FACTS[name], resource, tuple(planned[1]) if planned else ())[0]

    def _replayed(self, reading: Reading, replay: Callable[[Reading], object]) -> None:
        try:
            reading.value = replay(reading)
        except ERRORS as error:
            reading.error = error
        reading.done.set()

    def _dispatch(self) -> None:
        try:
            with self._lock:
                while not self._stopped:
                    self._give_up_late()
                    self._give_up_hopeless()
                    self._start_what_may()
                    self._wakes = min(map(_end_of, self._running), default=math.inf)
                    self._lock.wait(max(0.0, self._wakes - time.monotonic()) if self._running else None)
        except BaseException as error:  # noqa: BLE001  (nobody else would hear of it)
            self._break(error)

    def _break(self, error: BaseException) -> None:
        """End every reading, as nothing schedules them any more; of what broke that, nothing is relied on."""
        at = traceback.extract_tb(error.__traceback__)[-1]
        place = f"{at.filename}:{at.lineno}"
        with self._lock:
            self._stopped = f"the gathering of facts broke ({what_broke(error)}, {place}); that is a defect"
            for readings in self._known.values():
                for reading in readings:
                    if not reading.done.is_set():
                        reading.given_up = True
                        reading.error = CouldNotVerify(self._stopped)
                        reading.done.set()
            self._ready.clear()
            self._running.clear()
            self._done = self._total
            self._lock.notify_all()

    def _give_up_late(self) -> None:
        now = time.monotonic()
        for reading in list(self._running):
            if now >= _end_of(reading):
                what = f"{reading.fact.name} of {where_of(reading.resource)}"
                self._finish(reading, error=Unreachable(f"{what} was not read within {reading.fact.deadline:g} s"))

    def _give_up_hopeless(self) -> None:
        """End what can no longer be read; that readies what builds on it, which is as hopeless."""
        while hopeless := [(reading, error) for reading in self._ready if (error := self._hopeless(reading))]:
            for reading, error in hopeless:
                self._ready.remove(reading)
                self._finish(reading, error=error)

    def _hopeless(self, reading: Reading) -> CouldNotVerify | NotDeclared | None:
        broken = next((need.error for need in reading.needs if need.error is not None), None)
        if broken is not None:
            return broken
        dead = self._dead.get((reading.place, reading.way)) or self._dead.get((reading.resource.key, reading.way))
        if dead is None:
            return None
        error, tried = dead
        if tried.key == reading.resource.key:
            return error
        return Unreachable(f"{error.reason} ({reading.place} was not tried again for {reading.resource.name})")

    def _start_what_may(self) -> None:
        light = sum(not reading.fact.heavy for reading in self._running)
        shared = {reading.place for reading in self._ready if not reading.fact.exclusive}
        for reading in list(self._ready):
            if not reading.fact.heavy and light >= READINGS:
                continue
            if reading.fact.exclusive and (self._heavy or reading.place in shared):
                continue
            if not self._has_room(reading):
                continue
            self._begin(reading)
            light += not reading.fact.heavy
            threading.Thread(target=self._work, args=(reading,), name="readiness-reader", daemon=True).start()

    def _has_room(self, reading: Reading) -> bool:
        """Whether what runs at its place lets a reading begin beside it."""
        running = self._at_place[reading.place]
        if not running:
            return True
        if reading.fact.exclusive or running >= READINGS_OF_ONE:
            return False
        # The first at a place that several resources share is a knock: dead, it is to cost one attempt, not one each.
        knocking = reading.place != reading.resource.key and (reading.place, reading.way) not in self._answered
        return not any(
            each.place == reading.place and (each.fact.exclusive or (knocking and each.way == reading.way))
            for each in self._running
        )

    def _begin(self, reading: Reading) -> None:
        self._ready.remove(reading)
        reading.started = time.monotonic()
        self._running.append(reading)
        self._at_place[reading.place] += 1

    def _work(self, first: Reading) -> None:
        reading: Reading | None = first
        try:
            while reading is not None:
                ended = self._read(reading)
                with self._lock:
                    reading = self._end(reading, ended)
        except BaseException as error:  # noqa: BLE001  (nobody else would hear of it)
            self._break(error)

    def _read(self, reading: Reading) -> _Ended:
        note = ""
        try:
            try:
                value = _call(reading, self._target)
            except CouldNotVerify as first:
                if flaw(first) or not first.transient:
                    raise
                time.sleep(RETRY_SECONDS)
                if reading.done.is_set():
                    # Given up: nobody waits for it any more.
                    raise
                try:
                    value = _call(reading, self._target)
                except CouldNotVerify as second:
                    raise kind_of(second)(f"{second.reason}, twice") from None
                note = f"read at the second try, after: {first.reason}"
        except (CouldNotVerify, NotDeclared) as error:
            wrong = flaw(error)
            return _Ended(error=CouldNotVerify(_unforeseen(reading, wrong)) if wrong else error)
        except BaseException as error:  # noqa: BLE001  (whatever a fact does, its tests must hear of it)
            return _Ended(error=CouldNotVerify(_unforeseen(reading, what_broke(error))))
        return _Ended(value, note)

    def _end(self, reading: Reading, ended: _Ended) -> Reading | None:
        """Note how a reading ended; return what the same thread goes on with, in the place that became free."""
        given_up = reading.done.is_set()
        if not given_up:
            reading.note = ended.note
        self._finish(reading, value=ended.value, error=ended.error)
        next_one = None
        if not given_up and not reading.fact.heavy and not self._stopped:
            next_one = next(filter(self._may_follow, reading.dependents), None)
        if next_one is not None:
            self._begin(next_one)
        if self._ready or (next_one is not None and _end_of(next_one) < self._wakes):
            self._lock.notify_all()
        return next_one

    def _may_follow(self, reading: Reading) -> bool:
        fact = reading.fact
        if reading.missing or fact.heavy or fact.exclusive or self._hopeless(reading):
            return False
        return self._has_room(reading)

    def _finish(
        self,
        reading: Reading,
        *,
        value: Any = None,
        error: CouldNotVerify | NotDeclared | None = None,
    ) -> None:
        if reading.done.is_set():
            return
        reading.value, reading.error, reading.at = value, error, time.time()
        self._done += 1
        self._heavy -= _disturbs(reading.fact)
        if reading in self._running:
            reading.seconds = time.monotonic() - (reading.started or 0.0)
            self._running.remove(reading)
            self._at_place[reading.place] -= 1
            self._note_life(reading, error)
        reading.done.set()
        for dependent in reading.dependents:
            dependent.missing -= 1
            if not dependent.missing:
                self._ready.append(dependent)

    def _note_life(self, reading: Reading, error: Exception | None) -> None:
        """Note whether a place answered a reading that ended."""
        way = reading.place, reading.way
        if isinstance(error, Unreachable):
            # Where others were answered, it says something about this resource only.
            dead = (reading.resource.key, reading.way) if way in self._answered else way
            self._dead.setdefault(dead, (error, reading.resource))
        elif not isinstance(error, NotDeclared):
            self._answered.add(way)


class Answers(Mapping[Any, Any]):
    """Reads a fact per question when it is looked up: for a team's own test, which plans no questions."""

    def __init__(self, gatherer: Gatherer, name: str, resource: Resource) -> None:
        self._gatherer = gatherer
        self._name = name
        self._resource = resource

    def __getitem__(self, question: Hashable) -> Any:
        asks = {self._name: (question,)}
        return self._gatherer.readings(self._name, self._resource, asks)[0].result()

    def __iter__(self) -> Iterator[Hashable]:
        return iter(())

    def __len__(self) -> int:
        return 0


def closure(name: str, resource: Resource, target: Target) -> list[tuple[Fact, Resource]]:
    """A fact and all facts that it builds on, those first, each with the resource that it is read from.

    Raises:
        NotDeclared: one of these resources is not named.
    """
    found: dict[tuple[str, str], tuple[Fact, Resource]] = {}
    for need, by in _needs(FACTS[name]):
        for fact, of in closure(need, target.referred(resource, by), target):
            found[fact.name, of.key] = fact, of
    return [*found.values(), (FACTS[name], resource)]


def _needs(fact: Fact) -> Iterator[tuple[str, str]]:
    """What it builds on, and the fields that name whose facts these are."""
    return ((name, fact.fields[name]) for name in fact.needs)


def _disturbs(fact: Fact) -> bool:
    """Whether exclusive readings wait for it; two of these never run at the same time at one place anyway."""
    return fact.heavy and not fact.exclusive


def _end_of(reading: Reading) -> float:
    """When a running reading is abandoned."""
    return (reading.started or 0.0) + reading.fact.deadline


def _call(reading: Reading, target: Target) -> Any:
    fact = reading.fact
    keywords: dict[str, Any] = {}
    if fact.asking == "ask":
        keywords["ask"] = reading.asked[0]
    elif fact.asking == "asks":
        keywords["asks"] = reading.asked
    known = {TARGET: target, **{need.fact.name: need.value for need in reading.needs}}
    known |= {name: target.referred(reading.resource, by) for name, by in fact.fields.items() if name not in known}
    with reading_of(fact.name, reading.resource.key):
        value = fact.read(reading.resource, *(known[name] for name in fact.takes), **keywords)
    if isinstance(value, (Awaitable, Iterator, AsyncIterator)):
        if inspect.iscoroutine(value):
            value.close()
        raise TypeError(f"it returned a {type(value).__name__}, of which only one test would see anything")
    return value


def kind_of(error: CouldNotVerify | NotDeclared) -> type[CouldNotVerify | NotDeclared]:
    """Return which of `ERRORS` it is: a fact may raise subclasses, whose constructors no one else knows."""
    return next(kind for kind in ERRORS if isinstance(error, kind))


def _unforeseen(reading: Reading, what: str) -> str:
    fact = f"{reading.fact.name} of {where_of(reading.resource)}"
    return f"reading {fact} broke unexpectedly ({what}); that is a defect of the fact"
