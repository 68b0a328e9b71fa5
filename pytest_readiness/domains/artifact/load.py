"""Load tests in one form: how much load there was and for how long, how many requests failed, how long answers took.

Times are in milliseconds. A time that a report has rounded, or of which it only has a neighbour, is two bounds.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from typing import NamedTuple

MOST_MOMENTS = 600
"""Of one run; of a longer one each is longer than a second."""
MOST_ROWS = 500
"""Names that are told apart; more are addresses with numbers in them."""
_PERCENTS = (50.0, 90.0, 95.0, 99.0, 100.0)


@dataclass(frozen=True, slots=True)
class Quantile:
    """Within what time a share of the answers came.

    Attributes:
        percent: the share; 100 for the longest.
        low, high: bounds of that time, in ms.
    """

    percent: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class LoadRow:
    """Requests of one name, or all of them.

    Attributes:
        names: by each of which a binding may name them; the first is shown.
        requests: how many there were; None where the report does not say it.
        failed: how many of them failed; None where the report does not say it.
        quantiles: what is known of their times, by percent.
    """

    names: tuple[str, ...]
    requests: int | None
    failed: int | None
    quantiles: tuple[Quantile, ...] = ()

    def within(self, percent: float) -> tuple[float, float]:
        """Bounds of the time within which that share of the answers came; (0, inf) where nothing is known."""
        low = max((each.low for each in self.quantiles if each.percent <= percent), default=0.0)
        return low, min((each.high for each in self.quantiles if each.percent >= percent), default=math.inf)


@dataclass(frozen=True, slots=True)
class LoadMoment:
    """A part of a run, of a second or a few.

    Attributes:
        at: seconds after the start.
        users: the fewest at the same time in it; None where the report does not say it.
        requests, failed: how many began, and failed of them.
        mean_ms, p95_ms: of their times; None where there were none, or the report does not say it.
    """

    at: float
    users: int | None
    requests: int
    failed: int
    mean_ms: float | None
    p95_ms: float | None = None


@dataclass(frozen=True, slots=True)
class LoadRun:
    """One run of a tool that makes load.

    Attributes:
        tool, file: by what it was made, and where it stands.
        hosts: hosts that were asked; from the file beside the report where that names none. Empty where neither does.
        seconds: how long it took.
        start: when it began; None where the report does not say it.
        users_least, users_most: users or connections at the same time; None where the report does not say it.
        total: all requests; of a transaction only those within it.
        rows: requests by name.
        moments: the course; empty for a summary.
        dropped: iterations that the tool could not begin in time.
        notes: what the reader of a verdict should know.
    """

    tool: str
    file: str
    hosts: tuple[str, ...]
    seconds: float
    start: datetime | None
    users_least: int | None
    users_most: int | None
    total: LoadRow
    rows: tuple[LoadRow, ...] = ()
    moments: tuple[LoadMoment, ...] = ()
    dropped: int = 0
    notes: tuple[str, ...] = ()

    def held(self, users: int) -> float | None:
        """For how many seconds there were so many users at least; None where that is not known."""
        if self.users_least is not None and self.users_least >= users:
            return self.seconds
        if self.users_most is not None and self.users_most < users:
            return 0.0
        known = [(each.at, each.users) for each in self.moments if each.users is not None]
        if not known:
            return None
        return sum(after - at for (at, some), (after, more) in pairwise(known) if min(some, more) >= users)


class Sample(NamedTuple):
    """One request; `at` is its start in ms since 1970. A transaction is several of them, which are samples, too."""

    at: float
    ms: float
    labels: tuple[str, ...]
    failed: bool
    users: int | None = None
    host: str = ""
    transaction: bool = False


def summed(
    tool: str, file: str, samples: Iterable[Sample], dropped: int = 0, notes: tuple[str, ...] = ()
) -> tuple[LoadRun, datetime | None]:
    """The run that samples are of, and when it ended; None without any samples."""
    everything = list(samples)
    requests = [each for each in everything if not each.transaction]
    if not requests:
        return LoadRun(tool, file, (), 0.0, None, None, None, LoadRow((), 0, 0)), None
    start, end = min(each.at for each in requests), max(each.at + each.ms for each in requests)
    width = max(1, math.ceil((end - start) / 1000 / MOST_MOMENTS))
    parts: dict[int, list[Sample]] = defaultdict(list)
    named: dict[str, list[Sample]] = defaultdict(list)
    for each in requests:
        parts[int((each.at - start) / 1000 / width)].append(each)
    for each in everything:
        for label in each.labels:
            named[label].append(each)
    users = [each.users for each in requests if each.users is not None]
    if len(named) > MOST_ROWS:
        notes = (*notes, f"more than {MOST_ROWS} names of requests, which are not told apart")
        named.clear()
    run = LoadRun(
        tool=tool,
        file=file,
        hosts=tuple(sorted({each.host for each in requests} - {""})),
        seconds=(end - start) / 1000,
        start=datetime.fromtimestamp(start / 1000, UTC),
        users_least=min(users) if len(users) == len(requests) else None,
        users_most=max(users) if len(users) == len(requests) else None,
        total=_row((), requests),
        rows=tuple(_row((label,), named[label]) for label in sorted(named)),
        moments=tuple(_moment(at * float(width), parts[at]) for at in sorted(parts)),
        dropped=dropped,
        notes=notes,
    )
    return run, datetime.fromtimestamp(end / 1000, UTC)


def _row(names: tuple[str, ...], samples: Sequence[Sample]) -> LoadRow:
    times = sorted(each.ms for each in samples)
    return LoadRow(
        names,
        len(samples),
        sum(each.failed for each in samples),
        tuple(Quantile(percent, *(ranked(times, percent),) * 2) for percent in _PERCENTS),
    )


def ranked(times: Sequence[float], percent: float) -> float:
    """The least of the sorted times within which that share of the answers came."""
    return times[max(math.ceil(len(times) * percent / 100), 1) - 1]


def _moment(at: float, samples: Sequence[Sample]) -> LoadMoment:
    times = sorted(each.ms for each in samples)
    users = [each.users for each in samples if each.users is not None]
    failed = sum(each.failed for each in samples)
    return LoadMoment(at, min(users, default=None), len(samples), failed, sum(times) / len(times), ranked(times, 95.0))
