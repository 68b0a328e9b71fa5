from __future__ import annotations

import threading
from pathlib import Path

import pytest

from pytest_readiness.core.evidence import CouldNotVerify, NotDeclared, Unreachable
from pytest_readiness.core.registry import fact
from pytest_readiness.domains.docs.resource import Document
from pytest_readiness.gather import gatherer as gather
from pytest_readiness.gather.gatherer import Gatherer, Reading
from tests.stack.patience import patient

pytestmark = pytest.mark.usefixtures("registry")

BOUND = patient(20.0)
"""Seconds after which a test is a hang."""
SOON = 0.05
"""Deadline, in seconds, of facts that are meant to miss it."""


def document(name: str) -> Document:
    return Document(name=name, path=Path(f"{name}.md"))


def finished(reading: Reading) -> Reading:
    assert reading.done.wait(BOUND), f"{reading.label} hangs"
    return reading


def one(gatherer: Gatherer, name: str, resource: Document, *asked: str) -> Reading:
    return gatherer.readings(name, resource, {name: asked})[0]


def test_each_pair_is_read_once_whoever_asks(gatherer: Gatherer) -> None:
    calls: list[str] = []

    @fact
    def once(document: Document) -> str:
        calls.append(document.name)
        return f"text of {document.name}"

    documents = [document("one"), document("two")]
    together = threading.Barrier(20)
    seen: list[str] = []

    def ask(number: int) -> None:
        together.wait(BOUND)
        seen.append(gatherer.value("once", documents[number % 2], {}))

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(BOUND)
    assert sorted(calls) == ["one", "two"]
    assert sorted(seen) == ["text of one"] * 10 + ["text of two"] * 10


def test_resources_of_one_name_and_different_kinds_are_told_apart(gatherer: Gatherer) -> None:
    from pytest_readiness.domains.dns.resource import Domain

    @fact
    def of_document(document: Document) -> str:
        raise Unreachable("the shelf is empty")

    @fact
    def of_domain(domain: Domain) -> str:
        return domain.domain

    with pytest.raises(Unreachable):
        gatherer.value("of_document", document("shop"), {})
    assert gatherer.value("of_domain", Domain(name="shop", domain="shop.example.com"), {}) == "shop.example.com"


def test_readings_of_one_resource_share_a_limit(
    gatherer: Gatherer, gate: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gather, "READINGS_OF_ONE", 3)
    running: list[str] = []
    full = threading.Semaphore(0)

    @fact
    def leaf(document: Document, *, ask: str) -> int:
        running.append(ask)
        full.release()
        assert gate.wait(BOUND)
        return len(running)

    asked = tuple(str(number) for number in range(9))
    gatherer.plan("leaf", document("busy"), {"leaf": asked})
    gatherer.plan("leaf", document("other"), {"leaf": ("other",)})
    gatherer.start()
    for _ in range(4):
        assert full.acquire(timeout=BOUND)
    assert sorted(running) == ["0", "1", "2", "other"]
    gate.set()
    assert len(gatherer.value("leaf", document("busy"), {"leaf": asked})) == 9
    assert gatherer.progress().done == gatherer.progress().total == 10


def test_an_exclusive_reading_is_alone_on_its_resource_and_follows_heavy_ones(gatherer: Gatherer) -> None:
    events: list[str] = []

    def note(name: str) -> str:
        events.append(f"begin {name}")
        events.append(f"end {name}")
        return name

    @fact(exclusive=True)
    def alone(document: Document) -> str:
        return note("alone")

    @fact(exclusive=True, heavy=True)
    def alone_too(document: Document) -> str:
        return note("alone_too")

    @fact(heavy=True)
    def survey(document: Document) -> str:
        return note(f"survey {document.name}")

    @fact
    def shared(document: Document, *, ask: str) -> str:
        return note(f"shared {ask}")

    a, b = document("a"), document("b")
    for name, resource in (("alone", a), ("alone_too", a), ("survey", b), ("shared", a)):
        gatherer.plan(name, resource, {"shared": ("1", "2", "3")})
    gatherer.start()
    for name in ("alone", "alone_too"):
        finished(one(gatherer, name, a))
    alone_at = [events.index(f"begin {name}") for name in ("alone", "alone_too")]
    assert [events[at + 1] for at in alone_at] == ["end alone", "end alone_too"]
    assert events.index("end survey b") < min(alone_at)
    assert max(index for index, event in enumerate(events) if event.startswith("end shared")) < min(alone_at)


def test_nothing_starts_on_a_resource_that_is_read_exclusively(gatherer: Gatherer, gate: threading.Event) -> None:
    begun = threading.Event()

    @fact(exclusive=True)
    def alone(document: Document) -> str:
        begun.set()
        assert gate.wait(BOUND)
        return "alone"

    @fact
    def shared(document: Document) -> str:
        return "shared"

    exclusive = one(gatherer, "alone", document("a"))
    assert begun.wait(BOUND)
    waiting, elsewhere = one(gatherer, "shared", document("a")), one(gatherer, "shared", document("b"))
    finished(elsewhere)
    assert waiting.started is None
    gate.set()
    assert finished(exclusive).result() == "alone"
    assert finished(waiting).result() == "shared"


def test_a_missed_deadline_gives_the_resource_up_at_the_cost_of_one(gatherer: Gatherer, gate: threading.Event) -> None:
    calls: list[str] = []

    @fact
    def knock(document: Document) -> str:
        return "open"

    @fact(deadline=SOON)
    def hanging(document: Document, knock: str) -> str:
        calls.append("hanging")
        gate.wait(BOUND)
        return "too late"

    @fact(exclusive=True, deadline=BOUND)
    def pending(document: Document, knock: str) -> str:
        calls.append("pending")
        return "never read"

    @fact
    def later(document: Document, knock: str, *, ask: str) -> str:
        calls.append("later")
        return "never read"

    dead = document("dead")
    gatherer.plan("hanging", dead, {})
    gatherer.plan("pending", dead, {})
    gatherer.start()
    expected = r"hanging of dead\.md was not read within 0\.05 s"
    for name in ("hanging", "pending"):
        with pytest.raises(Unreachable, match=expected):
            finished(one(gatherer, name, dead)).result()
    for question in ("a", "b"):
        with pytest.raises(Unreachable, match=expected):
            finished(one(gatherer, "later", dead, question)).result()
    assert calls == ["hanging"]


def test_a_thread_goes_on_with_what_waited_for_it_which_has_a_deadline_of_its_own(
    gatherer: Gatherer, gate: threading.Event
) -> None:
    threads: list[int] = []

    @fact(deadline=10 * BOUND)
    def knock(document: Document) -> str:
        threads.append(threading.get_ident())
        return "open"

    @fact(deadline=SOON)
    def hanging(document: Document, knock: str) -> str:
        threads.append(threading.get_ident())
        gate.wait(BOUND)
        return "too late"

    with pytest.raises(Unreachable, match="was not read within"):
        finished(one(gatherer, "hanging", document("a"))).result()
    assert len(threads) == 2
    assert len(set(threads)) == 1


def test_what_comes_after_its_deadline_is_dropped(gatherer: Gatherer, gate: threading.Event) -> None:
    @fact(deadline=SOON)
    def slow(document: Document) -> str:
        gate.wait(BOUND)
        return "too late"

    reading = finished(one(gatherer, "slow", document("a")))
    gate.set()
    for thread in threading.enumerate():
        if thread.name == "readiness-reader":
            thread.join(BOUND)
    assert reading.value is None
    with pytest.raises(Unreachable):
        reading.result()


def test_every_fact_that_builds_on_a_broken_one_ends(gatherer: Gatherer) -> None:
    @fact
    def base(document: Document) -> str:
        raise CouldNotVerify("the base is gone")

    @fact
    def middle(document: Document, base: str) -> str:
        return base

    @fact
    def upper(document: Document, middle: str) -> str:
        return middle

    @fact
    def top(document: Document, upper: str, middle: str) -> str:
        return upper

    gatherer.plan("top", document("a"), {})
    gatherer.start()
    for name in ("top", "upper", "middle", "base"):
        with pytest.raises(CouldNotVerify, match="the base is gone"):
            finished(one(gatherer, name, document("a"))).result()
    assert gatherer.progress().done == 4


def test_a_chain_of_facts_on_a_dead_resource_ends(gatherer: Gatherer) -> None:
    @fact
    def street(document: Document) -> str:
        return "street"

    @fact
    def knock(document: Document, street: str) -> str:
        raise Unreachable("nobody opens")

    @fact
    def door(document: Document, street: str) -> str:
        return "door"

    @fact
    def room(document: Document, door: str) -> str:
        return door

    @fact
    def chair(document: Document, room: str) -> str:
        return room

    finished(one(gatherer, "knock", document("house")))
    with pytest.raises(Unreachable, match="nobody opens"):
        finished(one(gatherer, "chair", document("house"))).result()


def test_another_way_to_a_resource_is_still_tried(gatherer: Gatherer) -> None:
    @fact
    def login(document: Document) -> str:
        raise Unreachable("nobody opens")

    @fact
    def ports(document: Document) -> str:
        return "open"

    finished(one(gatherer, "login", document("house")))
    assert finished(one(gatherer, "ports", document("house"))).result() == "open"


def test_a_fact_gets_what_it_builds_on(gatherer: Gatherer) -> None:
    calls: list[str] = []

    @fact
    def words(document: Document) -> tuple[str, ...]:
        calls.append("words")
        return ("one", "two")

    @fact
    def count(document: Document, words: tuple[str, ...]) -> int:
        return len(words)

    @fact
    def longest(document: Document, words: tuple[str, ...], count: int) -> str:
        return f"{max(words, key=len)} of {count}"

    assert gatherer.value("longest", document("a"), {}) == "one of 2"
    assert gatherer.value("count", document("a"), {}) == 2
    assert calls == ["words"]


def test_a_transient_error_is_cured_by_one_more_try_and_noted(
    gatherer: Gatherer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gather, "RETRY_SECONDS", 0.0)
    calls: list[int] = []

    @fact
    def flaky(document: Document) -> str:
        calls.append(1)
        if len(calls) == 1:
            raise CouldNotVerify("the connection was reset", transient=True)
        return "fine"

    reading = finished(one(gatherer, "flaky", document("a")))
    assert reading.result() == "fine"
    assert reading.note == "read at the second try, after: the connection was reset"


@pytest.mark.parametrize("transient", [True, False])
def test_there_is_no_third_try_and_none_for_what_lasts(
    gatherer: Gatherer, monkeypatch: pytest.MonkeyPatch, transient: bool
) -> None:
    monkeypatch.setattr(gather, "RETRY_SECONDS", 0.0)
    calls: list[int] = []

    @fact
    def broken(document: Document) -> str:
        calls.append(1)
        raise CouldNotVerify("the connection was reset", transient=transient)

    with pytest.raises(CouldNotVerify) as caught:
        finished(one(gatherer, "broken", document("a"))).result()
    assert caught.value.reason == "the connection was reset" + (", twice" if transient else "")
    assert len(calls) == 1 + transient


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (KeyError("status"), "KeyError: 'status'"),
        (AssertionError("no"), "AssertionError: no"),
        (SystemExit(3), "SystemExit: 3"),
        (KeyboardInterrupt(), "KeyboardInterrupt"),
        (RuntimeError("first line\nsecond line"), "RuntimeError: first line"),
    ],
)
def test_whatever_a_fact_does_its_tests_hear_of_it(gatherer: Gatherer, error: BaseException, said: str) -> None:
    @fact
    def surprising(document: Document) -> str:
        raise error

    with pytest.raises(CouldNotVerify) as caught:
        finished(one(gatherer, "surprising", document("a"))).result()
    assert caught.value.reason == (
        f"reading surprising of a.md broke unexpectedly ({said}); that is a defect of the fact"
    )


def test_what_is_not_declared_stays_so(gatherer: Gatherer) -> None:
    @fact
    def undeclared(document: Document) -> str:
        raise NotDeclared("a declares no owner")

    @fact
    def owner(document: Document, undeclared: str) -> str:
        return undeclared

    with pytest.raises(NotDeclared, match="a declares no owner"):
        finished(one(gatherer, "owner", document("a"))).result()


def test_each_test_raises_an_error_of_its_own(gatherer: Gatherer) -> None:
    @fact
    def broken(document: Document) -> str:
        raise CouldNotVerify("no")

    reading = finished(one(gatherer, "broken", document("a")))
    errors = []
    for _ in range(2):
        with pytest.raises(CouldNotVerify) as caught:
            reading.result()
        errors.append(caught.value)
    assert errors[0] is not errors[1]


def test_each_question_is_asked_once(gatherer: Gatherer) -> None:
    calls: list[str] = []

    @fact
    def leaf(document: Document, *, ask: str) -> str:
        calls.append(ask)
        return f"leaf {ask}"

    a = document("a")
    gatherer.plan("leaf", a, {"leaf": ("/", "/health")})
    gatherer.plan("leaf", a, {"leaf": ("/health", "/login")})
    gatherer.start()
    pages = gatherer.value("leaf", a, {"leaf": ("/", "/login", "/health")})
    assert pages == {"/": "leaf /", "/login": "leaf /login", "/health": "leaf /health"}
    assert sorted(calls) == ["/", "/health", "/login"]


def test_questions_of_all_tests_are_asked_together(gatherer: Gatherer) -> None:
    calls: list[tuple[str, ...]] = []

    @fact
    def survey(document: Document, *, asks: tuple[str, ...]) -> tuple[str, ...]:
        calls.append(asks)
        return asks

    a = document("a")
    gatherer.plan("survey", a, {"survey": ("tls13", "certificate")})
    gatherer.plan("survey", a, {"survey": ("heartbleed",)})
    gatherer.start()
    assert gatherer.value("survey", a, {"survey": ("certificate",)}) == ("certificate", "heartbleed", "tls13")
    assert calls == [("certificate", "heartbleed", "tls13")]
    assert gatherer.value("survey", a, {"survey": ("robot",)}) == ("robot",)
    assert len(calls) == 2


def test_a_fact_is_read_on_demand_after_the_start(gatherer: Gatherer) -> None:
    @fact
    def word(document: Document) -> str:
        return "word"

    @fact
    def leaf(document: Document, *, ask: str) -> str:
        return f"leaf {ask}"

    gatherer.start()
    assert finished(one(gatherer, "word", document("a"))).result() == "word"
    answers = gatherer.value("leaf", document("a"), {})
    assert answers["/x"] == "leaf /x"


def test_stop_ends_everything_that_waits(gatherer: Gatherer, gate: threading.Event) -> None:
    begun = threading.Event()

    @fact(deadline=BOUND)
    def hanging(document: Document) -> str:
        begun.set()
        gate.wait(BOUND)
        return "too late"

    @fact
    def dependent(document: Document, hanging: str) -> str:
        return hanging

    reading = one(gatherer, "dependent", document("a"))
    assert begun.wait(BOUND)
    gatherer.stop("the run ended")
    for each in (reading, *reading.needs, one(gatherer, "hanging", document("b"))):
        with pytest.raises(CouldNotVerify, match="the run ended"):
            finished(each).result()


def test_progress_names_what_runs(gatherer: Gatherer, gate: threading.Event) -> None:
    begun = threading.Event()

    @fact(deadline=BOUND)
    def hanging(document: Document) -> str:
        begun.set()
        gate.wait(BOUND)
        return "done"

    reading = one(gatherer, "hanging", document("a"))
    assert begun.wait(BOUND)
    now = gatherer.progress()
    assert (now.done, now.total, [label for label, _ in now.running]) == (0, 1, ["hanging of a"])
    gate.set()
    finished(reading)
    assert gatherer.progress().running == ()


class Unsaid(Exception):
    """Nobody may ask what it says."""

    def __str__(self) -> str:
        raise ValueError("it is not said")


class Bare(CouldNotVerify):
    """Its constructor does not call that of its base."""

    def __init__(self) -> None:
        pass


class Figure(Bare):
    """Its reason is not a text."""

    reason = 5  # type: ignore[assignment]
    transient = False


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (Unsaid(), "(Unsaid)"),
        (Bare(), "(its Bare has no 'reason', as its __init__ does not call that of CouldNotVerify)"),
        (Figure(), "('reason' of its Figure is of the type int, not a text)"),
    ],
)
def test_an_error_that_says_nothing_ends_the_reading_as_a_defect(
    gatherer: Gatherer, error: Exception, said: str
) -> None:
    @fact
    def untold(document: Document) -> str:
        raise error

    @fact
    def other(document: Document) -> str:
        return "read"

    found = finished(one(gatherer, "untold", document("a")))
    assert str(found.error) == f"reading untold of a.md broke unexpectedly {said}; that is a defect of the fact"
    # The place is not dead.
    assert gatherer.value("other", document("a"), {}) == "read"


def test_what_can_be_looked_at_only_once_is_no_record(gatherer: Gatherer) -> None:
    async def later() -> str:
        return "never"

    @fact
    def awaited(document: Document) -> object:
        return later()

    @fact
    def numbers(document: Document) -> object:
        return (number for number in (1, 2))

    for name, kind in (("awaited", "coroutine"), ("numbers", "generator")):
        with pytest.raises(CouldNotVerify, match=f"TypeError: it returned a {kind}, .* that is a defect of the fact"):
            finished(one(gatherer, name, document("a"))).result()


class Odd(str):
    """A text that cannot be looked up, in threads of one name."""

    __slots__ = ("thread",)
    thread: str

    def __hash__(self) -> int:
        if threading.current_thread().name == self.thread:
            raise ValueError("there is no hash")
        return super().__hash__()


@pytest.mark.parametrize("thread", ["readiness-dispatcher", "readiness-reader"])
def test_whatever_breaks_the_scheduler_nothing_waits_for_ever(gatherer: Gatherer, thread: str) -> None:
    reading = threading.Event()
    odd = Odd("here")
    odd.thread = thread

    @fact(way=odd)
    def read(document: Document) -> str:
        assert reading.wait(BOUND)
        return "read"

    @fact
    def built(document: Document, read: str) -> str:
        return read

    wanted = [one(gatherer, name, document(each)) for name in ("read", "built") for each in ("shelf", "other")]
    # Only now may a reader end.
    reading.set()
    for each in (*map(finished, wanted), finished(one(gatherer, "read", document("later")))):
        with pytest.raises(CouldNotVerify) as caught:
            each.result()
        assert "the gathering of facts broke (ValueError: there is no hash, " in caught.value.reason
        assert caught.value.reason.endswith("that is a defect")
    assert gatherer.progress().running == ()
