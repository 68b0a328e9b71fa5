from __future__ import annotations

import sqlite3
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from pytest_readiness.core.problems import ProblemsError
from pytest_readiness.verdict.drift import find_drift
from pytest_readiness.verdict.history import History, course_lines, remember, sparkline
from pytest_readiness.verdict.items import GroupRecord, LeafRecord
from pytest_readiness.verdict.judging import DID_NOT_RUN, Verdict, conclude
from pytest_readiness.verdict.outcome import Course, Outcome, Score
from pytest_readiness.verdict.result import State
from pytest_readiness.verdict.result_file import outcome_of, read_result
from tests.release import Release, page_of
from tests.stack.patience import patient


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The result file of a run."""
    release = Release(tmp_path_factory.mktemp("release"))
    release.run("--readiness-out=out")
    return release.path / "out" / "result.json"


@pytest.fixture
def outcome(finished: Path) -> Outcome:
    return outcome_of(read_result(finished))


LONG, SET = "release:security/secrets-long", "release:security/secrets-set"


def with_states(verdict: Verdict, states: Mapping[str, State], *, ran: bool = True) -> Verdict:
    """The verdict if these items had been in these states; not `ran`: if the run had ended before them."""

    def changed(item: GroupRecord | LeafRecord) -> GroupRecord | LeafRecord:
        state = states.get(item.id, item.state)
        if isinstance(item, GroupRecord):
            return replace(item, state=state, items=tuple(map(changed, item.items)))
        if item.id not in states or ran:
            return replace(item, state=state)
        return replace(item, state=state, tests=tuple(replace(each, evidence=DID_NOT_RUN) for each in item.tests))

    sections = tuple(replace(each, items=tuple(map(changed, each.items))) for each in verdict.sections)
    return conclude(sections, verdict.total, verdict.policy, find_drift((), (), (), (), None))


def days(path: Path, outcome: Outcome, *states: Mapping[str, State], target: str = "prod") -> Course:
    """Write a run a day; return the last one's course."""
    course = Course()
    for number, each in enumerate(states, start=1):
        provenance = replace(outcome.provenance, started=f"2026-11-{number:02}T00:00:00+00:00", target=target)
        course = remember(path, with_states(outcome.verdict, each), provenance)
    assert course.problem == ""
    return course


def test_the_course_of_the_score(tmp_path: Path, outcome: Outcome) -> None:
    path = tmp_path / "deep" / "history.db"
    course = days(path, outcome, {}, {LONG: "passed"}, {})
    assert [score.when[:10] for score in course.scores] == ["2026-11-01", "2026-11-02", "2026-11-03"]
    assert course.scores[1].score > course.scores[0].score == course.scores[2].score == outcome.verdict.score
    assert History(path).course("prod").scores == course.scores
    assert course_lines(course)[0].endswith("over the last 3 whole runs, since 2026-11-01")


def test_since_when_an_item_is_open(tmp_path: Path, outcome: Outcome) -> None:
    states: list[Mapping[str, State]] = [{}, {LONG: "passed"}, {LONG: "error"}, {LONG: "unverified"}, {}]
    course = days(tmp_path / "history.db", outcome, *states)
    since = {each.item: (each.since[:10], each.runs) for each in course.open}
    assert since[LONG] == ("2026-11-03", 3)
    assert since["release:operations/signed"] == ("2026-11-01", 5)
    assert set(since) == {item.id for item in outcome.verdict.open_items}


def test_a_run_that_comes_late_stands_where_it_belongs(tmp_path: Path, outcome: Outcome) -> None:
    path = tmp_path / "history.db"
    for day in (1, 3, 2):
        remember(path, outcome.verdict, replace(outcome.provenance, started=f"2026-11-0{day}T00:00:00+00:00"))
    assert [run.started[9] for run in History(path).runs()] == ["1", "2", "3"]


@pytest.mark.parametrize(
    ("states", "flaky"),
    [
        (["failed"] * 5, False),
        (["failed", "passed", "passed"], False),
        (["failed", "error", "passed"], False),
        (["failed", "passed", "failed"], True),
        (["passed", "error", "passed", "passed"], True),
        (["failed", "passed", "failed", *["failed"] * 8], False),
        (["passed", "failed", *["failed"] * 7, "passed"], True),
    ],
)
def test_items_that_change_back_and_forth(tmp_path: Path, outcome: Outcome, states: list[State], flaky: bool) -> None:
    course = days(tmp_path / "history.db", outcome, *[{LONG: state} for state in states])
    assert (LONG in course.flaky) is flaky
    assert SET not in course.flaky


def test_targets_do_not_mix(tmp_path: Path, outcome: Outcome) -> None:
    path = tmp_path / "history.db"
    days(path, outcome, {LONG: "passed"}, {}, {LONG: "passed"})
    course = days(path, outcome, {}, target="staging")
    assert (len(course.scores), course.flaky) == (1, ())
    assert History(path).targets() == ["prod", "staging"]


def test_what_did_not_run_has_not_changed(tmp_path: Path, outcome: Outcome) -> None:
    path = tmp_path / "history.db"
    days(path, outcome, {LONG: "passed"})
    stopped = with_states(outcome.verdict, {LONG: "unverified"}, ran=False)
    course = remember(path, stopped, replace(outcome.provenance, started="2026-11-02T00:00:00+00:00"))
    assert [run.whole for run in History(path).runs()] == [True, False]
    assert len(course.scores) == 1
    assert [state for _, state in History(path).states(LONG)] == ["passed"]
    assert LONG not in {each.item for each in course.open}


def test_a_replay_is_not_written(tmp_path: Path, outcome: Outcome) -> None:
    path = tmp_path / "history.db"
    course = remember(path, outcome.verdict, replace(outcome.provenance, replayed_from="2026-01-01"))
    assert course.problem == "A replay looks at nothing, so it is not written to the history."
    assert not path.exists()


WRITER = """
import sys
from dataclasses import replace
from pathlib import Path
from pytest_readiness.verdict.history import remember
from pytest_readiness.verdict.result_file import outcome_of, read_result

path, result, name = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]
outcome = outcome_of(read_result(result))
print("ready", flush=True)
sys.stdin.readline()
for number in range(20):
    course = remember(path, outcome.verdict, replace(outcome.provenance, release=f"{name}.{number}"))
    if course.problem:
        sys.exit(course.problem)
"""


def test_writers_at_the_same_time_lose_nothing(tmp_path: Path, finished: Path) -> None:
    path = tmp_path / "history.db"
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", WRITER, path, finished, str(number)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for number in range(4)
    ]
    try:
        for writer in writers:
            assert writer.stdout is not None
            assert writer.stdout.readline() == "ready\n"
        ends = []
        for writer in writers:
            assert writer.stdin is not None
            writer.stdin.write("\n")
            writer.stdin.flush()
        for writer in writers:
            _, errors = writer.communicate(timeout=patient(120))
            ends.append((writer.returncode, errors))
    finally:
        for writer in writers:
            writer.kill()
            writer.wait()
    assert ends == [(0, "")] * 4
    expected = [f"{name}.{number}" for name in range(4) for number in range(20)]
    assert sorted(run.release for run in History(path).runs()) == sorted(expected)
    with sqlite3.connect(path) as database:
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    database.close()
    assert [each.name for each in tmp_path.iterdir()] == ["history.db"]


def other_database(path: Path) -> None:
    with sqlite3.connect(path) as database:
        database.execute("CREATE TABLE runs (id INTEGER)")
    database.close()


def newer(path: Path) -> None:
    with sqlite3.connect(path) as database:
        database.execute("PRAGMA application_id = 0x52444e53")
        database.execute("PRAGMA user_version = 2")
    database.close()


def torn(path: Path) -> None:
    path.write_bytes(b"SQLite format 3\0" + bytes(range(256)) * 40)


FOREIGN = "This is not a history of pytest-readiness; it is left as it is. Name another file."


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda path: path.write_text("# Notes\n" * 100), FOREIGN),
        (other_database, FOREIGN),
        (newer, "The history has version 2, but this program writes 1; update pytest-readiness."),
        (torn, "The history file is damaged"),
        (lambda path: path.mkdir(), "The history file cannot be used (unable to open database file)."),
    ],
)
def test_files_that_cannot_be_used_are_told_and_left(
    tmp_path: Path, outcome: Outcome, make: Callable[[Path], None], sentence: str
) -> None:
    path = tmp_path / "history.db"
    make(path)
    before = path.read_bytes() if path.is_file() else b""
    course = remember(path, outcome.verdict, outcome.provenance)
    assert sentence in course.problem or (make is torn and FOREIGN in course.problem)
    assert course.problem.endswith(".")
    assert (path.read_bytes() if path.is_file() else b"") == before
    with pytest.raises(ProblemsError):
        History(path).runs()


def test_damage_in_the_middle_is_told(tmp_path: Path, outcome: Outcome) -> None:
    path = tmp_path / "history.db"
    days(path, outcome, *[{}] * 5)
    data = bytearray(path.read_bytes())
    data[4096:] = b"\xff" * (len(data) - 4096)
    path.write_bytes(data)
    course = remember(path, outcome.verdict, outcome.provenance)
    assert "is damaged" in course.problem
    assert "move it aside, or restore it from a backup." in course.problem


def test_a_run_with_a_foreign_history_loses_nothing_else(release: Release) -> None:
    done = release.run("--readiness-history=readiness.yaml", "--readiness-out=out", "--readiness-report=page.html")
    assert done.returncode == 0, done.stdout
    assert FOREIGN in " ".join(done.stdout.split())
    assert "targets:" in (release.path / "readiness.yaml").read_text("utf-8")
    assert FOREIGN in release.result()["course"]["problem"]
    assert FOREIGN in page_of(release.path / "page.html")[1]


def test_a_run_tells_its_history(release: Release) -> None:
    for day in range(1, 4):
        release.write("two.env", "TOKEN=" + ("k3y-" * 9 if day == 2 else "short"))
        done = release.run(
            *("--readiness-history=history.db", "--readiness-out=out", "--readiness-report=page.html"),
            *(("-n2",) if day == 3 else ()),
            READINESS_NOW=f"2026-11-{day:02}",
        )
    assert "over the last 3 whole runs, since 2026-11-01" in done.stdout
    assert "open since 2026-11-01, 3 runs" in done.stdout
    assert f"flapping: {LONG}" in done.stdout
    _, block = page_of(release.path / "page.html")
    assert "; open since 2026-11-01, 3 runs" in block
    assert LONG in block.partition("Changing back and forth")[2].partition("</details>")[0]
    course = release.result()["course"]
    assert course["flaky"] == [LONG]
    assert {each["item"]: each["runs"] for each in course["open"]}[LONG] == 1
    assert (release.path / "out" / "result.json").exists()


def test_a_selection_is_kept_but_not_compared(release: Release) -> None:
    release.run("--readiness-history=history.db")
    release.run("--readiness-history=history.db", "-m", "security")
    history = History(release.path / "history.db")
    assert [run.whole for run in history.runs()] == [True, False]
    assert len(history.states(LONG)) == 2
    assert len(history.states("release:operations/signed")) == 1
    assert len(history.course("prod").scores) == 1


@pytest.mark.parametrize("judged", [False, True])
def test_a_run_that_is_stopped_writes_what_it_saw(release: Release, judged: bool) -> None:
    # What needs a fixture of the team's cannot be judged after the stop, even where its facts have been read.
    if not judged:
        release.write("conftest.py", "import pytest\n\n@pytest.fixture(autouse=True)\ndef _own() -> None: ...\n")
    release.interrupted("--readiness-history=history.db", "--readiness-out=out", "test_own.py", "release.md")
    assert release.result()["exit_code"] == 2
    history = History(release.path / "history.db")
    # All items may have been judged, and yet a test of the team's own did not run.
    assert [(run.go, run.holds, run.whole) for run in history.runs()] == [(False, False, False)]
    assert bool(history.states(LONG)) is judged


def test_bars() -> None:
    scores = [Score("", score, True) for score in (0, 12.4, 12.5, 50, 99.9, 100)]
    assert sparkline(scores) == "▁▁▂▅██"
    assert sparkline(scores, unicode=False) == "0 12 12 50 99 100"


def test_what_an_earlier_version_called_otherwise_goes_on(outcome: Outcome, tmp_path: Path) -> None:
    path = tmp_path / "history.db"
    days(path, outcome, {LONG: "failed"}, {LONG: "failed"})
    with sqlite3.connect(path) as database:
        database.execute("UPDATE states SET item = 'release:security/long' WHERE item = ?", (LONG,))
    database.close()
    for known, runs in (((LONG,), 3), ((), 1), ((LONG, SET), 2)):
        provenance = replace(outcome.provenance, started=f"2026-11-0{3 + runs}T00:00:00+00:00")
        copy = tmp_path / f"{len(known)}.db"
        copy.write_bytes(path.read_bytes())
        course = remember(
            copy,
            with_states(outcome.verdict, {LONG: "failed"}),
            provenance,
            lambda id, known=known: known if id == "release:security/long" else (),  # type: ignore[misc]
        )
        assert [each.runs for each in course.open if each.item == LONG] == [1 if len(known) != 1 else 3]
