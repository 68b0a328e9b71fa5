"""Claims about load tests: that they were done, that answers stayed within limits, and where it broke."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Annotated

from pydantic import AfterValidator, Field

from pytest_readiness.core.evidence import CouldNotVerify, Evidence, NotDeclared, claim
from pytest_readiness.core.registry import check
from pytest_readiness.core.text import figure
from pytest_readiness.domains.artifact.facts.load import LoadReport
from pytest_readiness.domains.artifact.files import told
from pytest_readiness.domains.artifact.load import LoadMoment, LoadRow, LoadRun
from pytest_readiness.domains.artifact.origin import judge_origin
from pytest_readiness.domains.artifact.shapes import host_of


def _is_host(host: str) -> str:
    if host_of(host) != host.lower():
        raise ValueError("a host's name or address, without scheme, port or path")
    return host.lower()


Host = Annotated[str, AfterValidator(_is_host), Field(min_length=1)]
Milliseconds = Annotated[float, Field(gt=0)]
Days = Annotated[float, Field(gt=0, le=3650)]


@check(
    "artifact.load",
    severity="high",
    remedy="Run the load test as declared against the declared host, and keep its report with its run.",
    source="Google SRE Book, chapter 17: testing for reliability (stress tests)",
)
def load(
    load_report: LoadReport,
    *,
    host: Host,
    min_seconds: Annotated[float, Field(gt=0)],
    min_rps: Annotated[float, Field(gt=0)] | None = None,
    min_users: Annotated[int, Field(gt=0)] | None = None,
    match: Annotated[str, Field(min_length=1)] | None = None,
    p95_ms: Milliseconds | None = None,
    p99_ms: Milliseconds | None = None,
    max_error_percent: Annotated[float, Field(ge=0, lt=100)] | None = None,
    max_age_days: Days = 30,
) -> Evidence:
    """A recent report of a load test has enough load, and response times and errors within the limits.

    The report is of k6 (--summary-export, handleSummary, --out csv or json), Locust (_stats.csv, _stats_history.csv or
    --json), JMeter (JTL in CSV with the names of its columns, or in XML) or wrk. Without limits the claim is that the
    test was made, with that load. Requests per second are those of the whole run on average. Several files are parts
    of one test at the same time: their load is added up, and each must be within the limits. A time that is rounded,
    or that only neighbours are known of (wrk prints 90 and 99 %), decides where it can. Whether the requests are those
    that users make, and whether the tool itself was the bottleneck, is not looked at.

    Args:
        host: that was asked, as the report or the file beside it says.
        min_seconds: shortest run.
        min_rps: fewest requests per second; this or `min_users` is needed.
        min_users: fewest users (connections, VUs) at the same time, for `min_seconds`.
        match: name of the requests that the limits are for: "/checkout", "GET /checkout", a transaction, a tag's
            value of k6. By default all requests together.
        p95_ms: longest time within which 95 % of the answers came, in ms.
        p99_ms: longest time within which 99 % of the answers came, in ms.
        max_error_percent: most requests that may have failed, in percent. By default 1 where times are limited, since
            errors are fast, and otherwise not judged, unless most failed.
        max_age_days: oldest report. 30: the code of a month ago is another.
    """
    if min_rps is None and min_users is None:
        raise NotDeclared("artifact.load is given neither 'min_rps' nor 'min_users': any run would be a load test")
    said, warning = judge_origin(load_report.origin, max_age_days=max_age_days, about=None)
    runs = _runs_against(load_report, host)
    seconds = _together(runs)
    claim(seconds >= min_seconds, expected=f"{min_seconds:g} s of load", seen=f"{figure(seconds, min_seconds)} s")
    rate = sum((run.total.requests or 0) / run.seconds for run in runs)
    if min_rps is not None:
        seen = f"{figure(rate, min_rps)} on average"
        claim(rate >= min_rps, expected=f"{min_rps:g} requests per second", seen=seen)
    if min_users is not None:
        _judge_users(runs, min_users, min_seconds)
    limits = {95: p95_ms, 99: p99_ms}
    most = 1.0 if max_error_percent is None and (p95_ms or p99_ms) else max_error_percent
    texts, notes = [], [warning, *(note for run in runs for note in run.notes)]
    for run in runs:
        rows = _rows(run, match)
        texts += [_judge_row(row, limits, most) for row in rows]
        if run.dropped:
            notes.append(f"k6 could not begin {run.dropped} iterations in time")
        slow = [row for row in run.rows if any(row.within(at)[0] > limit for at, limit in limits.items() if limit)]
        if slow and match is None:
            notes.append(f"{told(slow[0].names[0])} alone is slower than the limit")
    total = sum(run.total.requests or 0 for run in runs)
    made = f"{total:,} requests to {host} by {runs[0].tool} in {seconds:.0f} s ({rate:.1f}/s)"
    return Evidence("; ".join([made, *texts, said]), warning="; ".join(dict.fromkeys(filter(None, notes))))


def _runs_against(report: LoadReport, host: str) -> Sequence[LoadRun]:
    if not report.runs:
        raise CouldNotVerify("the report holds no run")
    for run in report.runs:
        if not run.total.requests:
            raise CouldNotVerify(f"{run.file} holds no request")
        if not run.hosts:
            raise CouldNotVerify(
                f"{run.file} does not say which host was asked: let its job write `host` into a file of that name with"
                " .about.yaml behind it"
            )
        claim(host in run.hosts, expected=f"requests to {host}", seen=", ".join(map(told, run.hosts[:5])))
        if len(run.hosts) > 1:
            others = ", ".join(told(each) for each in run.hosts[:5] if each != host)
            raise CouldNotVerify(f"{run.file} mixes requests to {host} with those to {others}")
        if run.seconds <= 0:
            raise CouldNotVerify(f"{run.file} does not say how long the run took")
    return report.runs


def _together(runs: Sequence[LoadRun]) -> float:
    """Seconds in which all of the runs were made."""
    if len(runs) == 1:
        return runs[0].seconds
    starts = [run.start for run in runs if run.start]
    if len(starts) < len(runs):
        raise CouldNotVerify("the files do not say when their runs began, so they may be of different times")
    ends = [run.start + timedelta(seconds=run.seconds) for run in runs if run.start]
    shared = (min(ends) - max(starts)).total_seconds()
    claim(shared > 0, expected="runs at the same time", seen=f"{len(runs)} that were not")
    return shared


def _judge_users(runs: Sequence[LoadRun], users: int, seconds: float) -> None:
    expected = f"{users} users for {seconds:g} s"
    known = [run.users_most for run in runs if run.users_most is not None]
    seen = f"{sum(known)} at most"
    claim(len(known) < len(runs) or sum(known) >= users, expected=expected, seen=seen)
    if len(runs) == 1:
        held = runs[0].held(users)
    else:
        always = [run.users_least for run in runs if run.users_least is not None]
        held = seconds if len(always) == len(runs) and sum(always) >= users else None
    if held is None:
        raise CouldNotVerify(
            f"{runs[0].file} does not say for how long there were {users} users: ask for `min_rps`, or keep the course"
            " of the run (_stats_history.csv, JTL, --out csv)"
        )
    claim(held >= seconds, expected=expected, seen=f"so many for {figure(held, seconds)} s")


def _rows(run: LoadRun, match: str | None) -> Sequence[LoadRow]:
    if match is None:
        return (run.total,)
    rows = [row for row in run.rows if match in row.names]
    if not rows:
        known = ", ".join(told(row.names[0]) for row in run.rows[:10] if row.names) or "it has no names"
        raise CouldNotVerify(f"no request in {run.file} is named {told(match)}; there are: {known}")
    return rows


def _judge_row(row: LoadRow, limits: dict[int, float | None], most: float | None) -> str:
    name = told(row.names[0]) if row.names else "all"
    if row.requests == 0:
        raise CouldNotVerify(f"no request of {name} was made")
    parts = []
    if row.failed is None or row.requests is None:
        raise CouldNotVerify(f"how many requests of {name} failed is not in the report")
    share, allowed = row.failed / row.requests * 100, 50.0 if most is None else most
    seen = f"{row.failed:,} of {row.requests:,} ({figure(share, allowed, 2)} %)"
    claim(share <= allowed, expected=f"at most {allowed:g} % of {name} failed", seen=seen)
    parts.append(f"{row.failed:,} of {row.requests:,} failed")
    for percent, limit in limits.items():
        if limit is None:
            continue
        low, high = row.within(percent)
        wanted = f"{percent} % of {name} within {limit:g} ms"
        claim(low <= limit, expected=wanted, seen=f"more than {figure(low, limit)} ms")
        if high == float("inf"):
            raise CouldNotVerify(f"the {percent}th percentile of {name} is not in the report")
        if high > limit:
            between = f"the report tells the {percent}th percentile of {name} as between {low:g} and {high:g} ms"
            raise CouldNotVerify(f"{between}, and {limit:g} ms is in between")
        parts.append(f"{percent} % within {figure(high, limit)} ms")
    return f"{name}: {', '.join(parts)}"


@check(
    "artifact.stress",
    severity="medium",
    remedy="Raise the load until the limit is crossed, let it fall again, and keep the course of the run.",
    source="Google SRE Book, chapter 17: find where the system fails, and how it recovers",
)
def stress(
    load_report: LoadReport,
    *,
    host: Host,
    min_users: Annotated[int, Field(gt=0)],
    recovered_seconds: Annotated[float, Field(gt=0)],
    p95_ms: Milliseconds | None = None,
    mean_ms: Milliseconds | None = None,
    max_error_percent: Annotated[float, Field(ge=0, lt=100)] | None = None,
    warm_up_seconds: Annotated[float, Field(ge=0)] = 0,
    max_age_days: Days = 90,
) -> Evidence:
    """A recent report of a stress test names the breaking point and shows the recovery after it.

    The report has the course of the run: Locust's _stats_history.csv (whose percentiles may be of the whole run, so
    `mean_ms` or `max_error_percent` is judged), a JTL with its users, or k6's --out csv or json. The first moment over
    a limit is the breaking point; after the users have fallen below those of it, the requests must be within the limits
    again.
    Why it broke there is not looked at.

    Args:
        host: that was asked, as the report or the file beside it says.
        min_users: fewest users at the same time at which it may break.
        recovered_seconds: longest time after the users fell until all is within the limits again, and stays so.
        p95_ms: limit of the time within which 95 % of a moment's answers came, in ms.
        mean_ms: limit of the mean time of a moment's answers, in ms.
        max_error_percent: limit of a moment's failed requests, in percent. At least one limit is needed.
        warm_up_seconds: seconds from the start that do not count, for caches and pools that are still empty. 0: all do.
        max_age_days: oldest report. 90: capacity is looked at each quarter.
    """
    if p95_ms is None and mean_ms is None and max_error_percent is None:
        raise NotDeclared("artifact.stress is given none of 'p95_ms', 'mean_ms' and 'max_error_percent'")
    said, warning = judge_origin(load_report.origin, max_age_days=max_age_days, about=None)
    runs = _runs_against(load_report, host)
    if len(runs) > 1:
        raise CouldNotVerify("a stress test of several files cannot be judged: the course of one run is needed")
    moments = [each for each in runs[0].moments if each.at >= warm_up_seconds and each.requests]
    if not moments:
        raise CouldNotVerify(f"{runs[0].file} is a summary: the course of the run is needed")
    if any(each.users is None for each in moments):
        raise CouldNotVerify(f"{runs[0].file} does not say how many users there were")
    if p95_ms and any(each.p95_ms is None for each in moments):
        raise CouldNotVerify(f"{runs[0].file} has no percentiles of its moments: judge by 'mean_ms'")
    if runs[0].dropped:
        raise CouldNotVerify(f"k6 could not begin {runs[0].dropped} iterations in time: it may have been the limit")
    over = _over(p95_ms, mean_ms, max_error_percent)
    broke = next((each for each in moments if over(each)), None)
    highest = max(each.users or 0 for each in moments)
    if broke is None:
        raise CouldNotVerify(f"the limits were kept up to {highest} users, so where it breaks is not in {runs[0].file}")
    at = f"at {broke.users} users, {broke.at:.0f} s after the start"
    claim((broke.users or 0) >= min_users, expected=f"the limits kept below {min_users} users", seen=f"crossed {at}")
    fell = max(each.at for each in runs[0].moments if (each.users or 0) >= (broke.users or 0))
    after = [each for each in moments if each.at > fell]
    if not after:
        raise CouldNotVerify(f"the limits were crossed {at}, and the report ends before the load fell")
    late = [index for index, each in enumerate(after) if over(each)]
    back = after[late[-1] + 1 :] if late else after
    expected = f"within the limits again {recovered_seconds:g} s after the load fell"
    claim(bool(back) or after[-1].at - fell < recovered_seconds, expected=expected, seen="not to the end of the run")
    if not back:
        raise CouldNotVerify(f"the report ends {after[-1].at - fell:.0f} s after the load fell")
    took = back[0].at - fell
    claim(took <= recovered_seconds, expected=expected, seen=f"after {figure(took, recovered_seconds)} s")
    text = f"limits crossed {at} (of {highest}); kept again {took:.0f} s after the load fell, in {len(back)} moments"
    return Evidence(f"{text}; {said}", warning="; ".join(filter(None, [warning, *runs[0].notes])))


def _over(p95_ms: float | None, mean_ms: float | None, max_error_percent: float | None) -> Callable[[LoadMoment], bool]:
    def over(each: LoadMoment) -> bool:
        return (
            (p95_ms is not None and (each.p95_ms or 0) > p95_ms)
            or (mean_ms is not None and (each.mean_ms or 0) > mean_ms)
            or (max_error_percent is not None and each.failed / each.requests * 100 > max_error_percent)
        )

    return over
