"""The history: one SQLite file with every run's score and the state of each item, and what follows from them."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from pytest_readiness.core.problems import Problem, ProblemsError
from pytest_readiness.verdict.drift import Former
from pytest_readiness.verdict.items import OPEN
from pytest_readiness.verdict.judging import DID_NOT_RUN, Verdict, shown
from pytest_readiness.verdict.outcome import Course, OpenSince, Score
from pytest_readiness.verdict.provenance import Provenance
from pytest_readiness.verdict.result import State

APPLICATION_ID = 0x52444E53
"""Of our files, in SQLite's header ("RDNS")."""
VERSION = 1
BUSY_SECONDS = 30.0
"""How long a writer waits for others."""
SCORES = 20
"""Scores that a course shows."""
WINDOW = 10
"""Runs within which a state that comes back makes an item flaky."""

_SCHEMA = f"""
CREATE TABLE runs (
    id INTEGER PRIMARY KEY,
    started TEXT NOT NULL,
    target TEXT NOT NULL,
    "release" TEXT NOT NULL,
    "commit" TEXT NOT NULL,
    go INTEGER NOT NULL,
    score REAL,
    whole INTEGER NOT NULL
) STRICT;
CREATE INDEX runs_of_target ON runs (target, started, id);
CREATE TABLE states (
    run INTEGER NOT NULL REFERENCES runs (id),
    item TEXT NOT NULL,
    state TEXT NOT NULL,
    PRIMARY KEY (run, item)
) STRICT, WITHOUT ROWID;
CREATE INDEX states_of_item ON states (item, run);
PRAGMA application_id = {APPLICATION_ID};
PRAGMA user_version = {VERSION};
"""


@dataclass(frozen=True, slots=True)
class PastRun:
    """A run in the history.

    Attributes:
        id: its number in the file.
        started: when it began, ISO 8601.
        target: name of the target.
        release: the release that it decided about, or "".
        commit: commit of the configuration, or "".
        go: whether it was GO.
        holds: whether it was a part against which nothing spoke.
        score: 0 to 100; None where no item counted.
        whole: whether it ran all that readiness.yaml declares to its end.
    """

    id: int
    started: str
    target: str
    release: str
    commit: str
    go: bool
    holds: bool
    score: float | None
    whole: bool


def remember(path: Path, verdict: Verdict, provenance: Provenance, former: Former = lambda _: ()) -> Course:
    """Add a run to the history and return the course with it; what goes wrong is noted in the course, not raised.

    Args:
        path: the file.
        verdict: what the run found.
        provenance: of the run.
        former: finds the full ids of items by those that earlier versions gave them.
    """
    if provenance.replayed_from:
        return Course(problem="A replay looks at nothing, so it is not written to the history.")
    try:
        with _opened(path, "rwc") as database:
            database.execute("BEGIN IMMEDIATE")
            _prepare(database, path)
            _add(database, verdict, provenance)
            course = _course(database, verdict, provenance.target, former)
            database.execute("COMMIT")
    except ProblemsError as error:
        return Course(problem=str(error))
    return course


class History:
    """Reads a history.

    Args:
        path: the file.

    Raises:
        ProblemsError: by every method: there is no such file, or it is not a history file, or it is damaged.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def runs(self, target: str = "") -> list[PastRun]:
        """Every run, of one target where one is named, the oldest first."""
        with self._read() as database:
            return _runs(database, target)

    def targets(self) -> list[str]:
        """Targets that have runs."""
        with self._read() as database:
            return [name for (name,) in database.execute("SELECT DISTINCT target FROM runs ORDER BY target")]

    def items(self, target: str = "") -> list[str]:
        """Items that have states."""
        with self._read() as database:
            rows = database.execute(
                "SELECT DISTINCT item FROM states JOIN runs ON runs.id = run WHERE ? IN ('', target) ORDER BY item",
                (target,),
            )
            return [name for (name,) in rows]

    def states(self, item: str, target: str = "") -> list[tuple[PastRun, State]]:
        """Each run that looked at an item, and what state it found it in, the oldest first."""
        with self._read() as database:
            runs = {run.id: run for run in _runs(database, target)}
            found = dict(database.execute("SELECT run, state FROM states WHERE item = ?", (item,)))
            return [(run, found[id]) for id, run in runs.items() if id in found]

    def course(self, target: str) -> Course:
        """The course of a target up to its last run."""
        with self._read() as database:
            last = database.execute(
                "SELECT id FROM runs WHERE target = ? ORDER BY started DESC, id DESC LIMIT 1", (target,)
            ).fetchone()
            states = dict(database.execute("SELECT item, state FROM states WHERE run = ?", last)) if last else {}
            return _course_of(database, target, [item for item, state in states.items() if state in OPEN], states)

    @contextmanager
    def _read(self) -> Iterator[sqlite3.Connection]:
        if not self.path.is_file():
            raise ProblemsError([Problem(self.path, 0, "The history file does not exist.")])
        with _opened(self.path, "ro") as database:
            _verify(database, self.path)
            yield database


@contextmanager
def _opened(path: Path, mode: str) -> Iterator[sqlite3.Connection]:
    try:
        if mode != "ro":
            path.parent.mkdir(parents=True, exist_ok=True)
        uri = f"{path.resolve().as_uri()}?mode={mode}"
        with closing(sqlite3.connect(uri, uri=True, timeout=BUSY_SECONDS, isolation_level=None)) as database:
            yield database
    except sqlite3.OperationalError as error:
        what = "is locked by another program" if "locked" in str(error) else f"cannot be used ({error})"
        raise ProblemsError([Problem(path, 0, f"The history file {what}.")]) from None
    except sqlite3.DatabaseError as error:
        if "not a database" in str(error):
            raise ProblemsError([Problem(path, 0, _FOREIGN)]) from None
        message = f"The history file is damaged ({error}); move it aside, or restore it from a backup."
        raise ProblemsError([Problem(path, 0, message)]) from None
    except OSError as error:
        raise ProblemsError([Problem(path, 0, f"The history file cannot be used: {error.strerror}.")]) from None


_FOREIGN = "This is not a history of pytest-readiness; it is left as it is. Name another file."


def _prepare(database: sqlite3.Connection, path: Path) -> None:
    """Make the tables of a new file; in a transaction, so that only one of several writers does."""
    if database.execute("SELECT count(*) FROM sqlite_schema").fetchone() == (0,) and _marks(database) == (0, 0):
        for statement in _SCHEMA.split(";"):
            database.execute(statement)
    _verify(database, path)


def _marks(database: sqlite3.Connection) -> tuple[int, int]:
    (application,) = database.execute("PRAGMA application_id").fetchone()
    (version,) = database.execute("PRAGMA user_version").fetchone()
    return application, version


def _verify(database: sqlite3.Connection, path: Path) -> None:
    application, version = _marks(database)
    if application != APPLICATION_ID:
        raise ProblemsError([Problem(path, 0, _FOREIGN)])
    if version != VERSION:
        message = f"The history has version {version}, but this program writes {VERSION}; update pytest-readiness."
        raise ProblemsError([Problem(path, 0, message)])


def _add(database: sqlite3.Connection, verdict: Verdict, provenance: Provenance) -> None:
    states = _seen(verdict)
    whole = len(states) == verdict.total and not verdict.partial
    values = (provenance.started, provenance.target, provenance.release, provenance.commit)
    run = database.execute(
        'INSERT INTO runs (started, target, "release", "commit", go, score, whole) VALUES (?, ?, ?, ?, ?, ?, ?)',
        (*values, verdict.sound, verdict.score, whole),
    ).lastrowid
    database.executemany("INSERT INTO states VALUES (?, ?, ?)", [(run, *pair) for pair in states.items()])


def _seen(verdict: Verdict) -> dict[str, State]:
    """States of the items whose tests all ran: what an interrupted run did not reach has not changed."""
    return {
        item.id: item.state for item in verdict.items if not any(test.evidence == DID_NOT_RUN for test in item.tests)
    }


def _course(database: sqlite3.Connection, verdict: Verdict, target: str, former: Former) -> Course:
    open_now = [item.id for item in verdict.open_items]
    return _course_of(database, target, open_now, [item.id for item in verdict.items], former)


def _course_of(
    database: sqlite3.Connection,
    target: str,
    open_now: Sequence[str],
    items: Iterable[str],
    former: Former = lambda _: (),
) -> Course:
    runs = {run.id: run for run in _runs(database, target)}
    scores = [Score(run.started, run.score, run.go) for run in runs.values() if run.whole and run.score is not None]
    order = {id: number for number, id in enumerate(runs)}
    wanted = frozenset(items)
    known: dict[str, list[tuple[int, State]]] = {}
    rows = database.execute(
        "SELECT item, run, state FROM states JOIN runs ON runs.id = run WHERE target = ?", (target,)
    )
    names: dict[str, str] = {}
    for item, run, state in rows:
        if item not in wanted and item not in names:
            found = former(item)
            names[item] = found[0] if len(found) == 1 else ""
        if (name := names.get(item, item)) in wanted:
            known.setdefault(name, []).append((order[run], state))
    for states in known.values():
        states.sort()
    numbered = list(runs.values())
    since = []
    for item in open_now:
        streak: list[int] = []
        for number, state in reversed(known.get(item, [])):
            if state not in OPEN:
                break
            streak.append(number)
        if streak:
            since.append(OpenSince(item, numbered[streak[-1]].started, len(streak)))
    flaky = tuple(item for item in items if _returns([state for _, state in known.get(item, [])][-WINDOW:]))
    return Course(tuple(scores[-SCORES:]), tuple(since), flaky)


def _returns(states: Sequence[State]) -> bool:
    """Whether a state was left and came back."""
    changed = [state for number, state in enumerate(states) if number == 0 or states[number - 1] != state]
    return len(set(changed)) < len(changed)


def _runs(database: sqlite3.Connection, target: str) -> list[PastRun]:
    rows = database.execute(
        'SELECT id, started, target, "release", "commit", go, score, whole FROM runs'
        " WHERE ? IN ('', target) ORDER BY started, id",
        (target,),
    )
    return [
        # What was kept of a part is that nothing spoke against it.
        PastRun(
            id, started, target, release, commit, bool(sound and whole), bool(sound and not whole), score, bool(whole)
        )
        for id, started, target, release, commit, sound, score, whole in rows
    ]


BARS = "▁▂▃▄▅▆▇█"


def sparkline(scores: Sequence[Score], *, unicode: bool = True) -> str:
    """Return scores of 0 to 100 as a row of bars, or as numbers where the terminal has no bars."""
    if not unicode:
        return " ".join(f"{int(score.score)}" for score in scores)
    return "".join(BARS[min(int(score.score * len(BARS) / 100), len(BARS) - 1)] for score in scores)


def course_lines(course: Course, *, unicode: bool = True) -> list[str]:
    """Return what a course says about the scores, as lines for people."""
    if course.problem:
        return [course.problem]
    if len(course.scores) < 2:
        return []
    first, last = course.scores[0], course.scores[-1]
    arrow = "→" if unicode else "to"
    bars = sparkline(course.scores, unicode=unicode)
    figures = f"{shown(first.score)} {arrow} {shown(last.score)}"
    return [f"{bars}  {figures} over the last {len(course.scores)} whole runs, since {first.when[:10]}"]
