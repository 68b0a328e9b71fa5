"""The outcome of a run: what reports are made from, and what a result file keeps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from pytest_readiness.verdict.judging import Verdict
from pytest_readiness.verdict.provenance import Provenance


@dataclass(frozen=True, slots=True)
class Report:
    """What pytest reported about one test, with all that its own reports say.

    Attributes:
        nodeid: pytest's name of the test.
        test: the test's identity over all checklists; the node id of one that answers no item.
        when: the phase that it is about; tests that completed have one report, about the call.
        outcome: how pytest calls the end of that phase.
        seconds: how long the test took; of a phase beside the call, that phase.
        text: why, where it did not pass.
        output: what was captured, by headline.
        xfail: reason for which a failure was expected, where one was.
    """

    nodeid: str
    test: str
    when: Literal["setup", "call", "teardown"]
    outcome: Literal["passed", "failed", "skipped"]
    seconds: float
    text: str = ""
    output: tuple[tuple[str, str], ...] = ()
    xfail: str | None = None


@dataclass(frozen=True, slots=True)
class Shard:
    """Which part of a run this is.

    Attributes:
        number: of the part, from 1.
        of: number of parts.
        plan: digest of what the whole run is about; parts of the same run have the same.
        tests: every test of the whole run, by identity, in the order of the documents.
        left_out: full ids of items of which tests were left out of the whole run.
    """

    number: int
    of: int
    plan: str
    tests: tuple[str, ...]
    left_out: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.number} of {self.of}"


@dataclass(frozen=True, slots=True)
class Score:
    """The score of an earlier run: when it began (ISO 8601), 0 to 100, and whether it was GO."""

    when: str
    score: float
    go: bool


@dataclass(frozen=True, slots=True)
class OpenSince:
    """An open item, the run since which it has been open without a break, and the number of runs."""

    item: str
    since: str
    runs: int


@dataclass(frozen=True, slots=True)
class Course:
    """How the target got here, from the history.

    Attributes:
        scores: of the last whole runs, this one the last.
        open: the open items of this run.
        flaky: items whose state went back to what it had been before, in the last runs.
        problem: why there is no course, or why this run is not in it; "" where all went well.
    """

    scores: tuple[Score, ...] = ()
    open: tuple[OpenSince, ...] = ()
    flaky: tuple[str, ...] = ()
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Original:
    """A checklist as the team wrote it.

    Attributes:
        checklist: its name.
        path: where it is, from the top of the repository that holds it.
        text: all of it, with secrets masked.
        fenced: whether what is in code fences was read too.
    """

    checklist: str
    path: str
    text: str
    fenced: bool


@dataclass(frozen=True, slots=True)
class Input:
    """A file that decided what was asked: readiness.yaml, checklists, bindings, sign-offs, waivers.

    Attributes:
        path: where it is, from the top of the repository that holds it.
        sha256: of its content when the run began.
    """

    path: str
    sha256: str


@dataclass(frozen=True)
class Outcome:
    """What a run found, as its reports show it.

    Attributes:
        verdict: the verdict.
        provenance: where it comes from.
        exit_code: how pytest ended.
        reports: what pytest reported about each test, readiness tests in the order of the documents, then the others.
        environment: what pytest-metadata says about the machine.
        shard: which part of a run it is, where it is one.
        course: how the target got here, where a history is kept.
        originals: the checklists.
        inputs: the files that decided what was asked.
    """

    verdict: Verdict
    provenance: Provenance
    exit_code: int
    reports: tuple[Report, ...] = ()
    environment: Mapping[str, Any] = field(default_factory=dict)
    shard: Shard | None = None
    course: Course | None = None
    originals: tuple[Original, ...] = ()
    inputs: tuple[Input, ...] = ()
