"""What the tools that make load write, each read into the one form of `load.py`."""

from __future__ import annotations

import csv
import json
import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from itertools import accumulate
from typing import Any

from pytest_readiness.core.evidence import CouldNotVerify
from pytest_readiness.domains.artifact.files import ReportFile, json_of, lines_of, moment_of, told, xml_of
from pytest_readiness.domains.artifact.load import (
    LoadMoment,
    LoadRow,
    LoadRun,
    Quantile,
    Sample,
    summed,
)
from pytest_readiness.domains.artifact.shapes import OddError, as_written_by, host_of, number

Found = tuple[LoadRun, datetime | None]
"""A run, and when it was made, where the report says it."""
_TRANSACTION = "Number of samples in transaction"
_LAG = ("Locust writes its CSV at intervals, so the last seconds may be missing",)
_PERCENT = re.compile(r"(\d{1,3}(?:\.\d{1,5})?)%")
_K6_TREND = re.compile(r"p\((\d{1,3}(?:\.\d{1,5})?)\)")
_K6_PART = re.compile(r"http_req_duration\{([^{}]{1,300})\}")
_WRK_TIME = re.compile(r"(\d{1,9}\.\d{2})(us|ms|s|m|h)")
_WRK_UNITS = {"us": 0.001, "ms": 1.0, "s": 1000.0, "m": 60_000.0, "h": 3_600_000.0}


def run_of(file: ReportFile) -> Found:
    """The run that a report is of.

    Raises:
        CouldNotVerify: no tool that is known here writes such a file, or it is cut off.
    """
    name, data = file.path.name, file.data.lstrip(b"\xef\xbb\xbf \t\r\n")
    if data.startswith(b"<"):
        with as_written_by("JMeter", file):
            return summed("JMeter", name, _jtl_xml(file))
    if data.startswith(b"["):
        with as_written_by("Locust (--json)", file):
            return _locust_json(name, json_of(file))
    lines = lines_of(file)
    head = next((line for line in lines if line.strip()), "")
    if head.startswith("Running "):
        with as_written_by("wrk", file):
            return _wrk(name, head, list(lines))
    if head.startswith("{"):
        if '"type"' in head and '"metric"' in head:
            with as_written_by("k6 (--out json)", file):
                return _k6_points(name, _k6_json([head, *lines]))
        with as_written_by("k6", file):
            return _k6_summary(name, json_of(file))
    delimiter = next((each for each in (",", ";", "\t") if each in head), ",")
    rows = csv.DictReader([head, *lines], delimiter=delimiter, strict=True)
    with as_written_by("a tool that makes load", file):
        columns = set(rows.fieldnames or ())
    if {"timeStamp", "elapsed", "success"} <= columns:
        with as_written_by("JMeter", file):
            return summed("JMeter", name, map(_jtl_row, _whole(rows)))
    if "metric_name" in columns:
        with as_written_by("k6 (--out csv)", file):
            return _k6_points(name, map(_k6_row, _whole(rows)))
    if {"Request Count", "Failure Count", "Requests/s"} <= columns:
        with as_written_by("Locust (_stats.csv)", file):
            return _locust_stats(name, list(_whole(rows)))
    if {"Timestamp", "User Count"} <= columns:
        with as_written_by("Locust (_stats_history.csv)", file):
            return _locust_history(name, list(_whole(rows)))
    raise CouldNotVerify(
        f"{file.path} is no report of k6, Locust, JMeter (with the names of its columns) or wrk that is known here"
    )


def _whole(rows: csv.DictReader[str]) -> Iterator[dict[str, str]]:
    """Rows that have all columns: in one that is cut off the last numbers are, too."""
    for row in rows:
        if None in row.values():
            raise OddError(f"line {rows.line_num} is cut off")
        yield row


def _jtl_row(row: Mapping[str, str]) -> Sample:
    users, url = row.get("allThreads"), row.get("URL") or ""
    return Sample(
        at=number(row["timeStamp"]),
        ms=number(row["elapsed"]),
        labels=(row["label"],),
        failed=not _is_true(row["success"]),
        users=int(users) if users else None,
        host=host_of(url) if "://" in url else "",
        transaction=(row.get("responseMessage") or "").startswith(_TRANSACTION),
    )


def _is_true(value: str) -> bool:
    if value.lower() not in ("true", "false"):
        raise OddError(f"{told(value)} is neither true nor false")
    return value.lower() == "true"


def _jtl_xml(file: ReportFile) -> Iterator[Sample]:
    root = xml_of(file)
    if root.tag != "testResults":
        raise OddError("it is not testResults")
    for each in root.iter("sample", "httpSample"):
        parent = each.getparent()
        if parent is not None and parent is not root and not (parent.get("rm") or "").startswith(_TRANSACTION):
            continue  # a redirect or a picture: a part of the request around it
        users, url = each.get("na"), each.findtext("java.net.URL") or ""
        yield Sample(
            at=number(each.get("ts")),
            ms=number(each.get("t")),
            labels=(each.get("lb") or "",),
            failed=not _is_true(each.attrib["s"]),
            users=int(users) if users else None,
            host=host_of(url),
            transaction=(each.get("rm") or "").startswith(_TRANSACTION),
        )


Point = tuple[str, float, float, Mapping[str, Any]]
"""Metric, ms since 1970, value and tags."""


def _k6_json(lines: Iterable[str]) -> Iterator[Point]:
    for line in lines:
        entry = json.loads(line)
        if entry["type"] == "Point":
            data = entry["data"]
            yield entry["metric"], _since_1970(data["time"]), number(data["value"]), data.get("tags") or {}


def _k6_row(row: Mapping[str, str]) -> Point:
    return row["metric_name"], _since_1970(row["timestamp"]), number(row["metric_value"]), row


def _since_1970(told: str) -> float:
    moment = moment_of(told) if "T" in told else None
    if moment and moment.tzinfo:
        return moment.timestamp() * 1000
    return number(told) * 1000


def _k6_points(name: str, points: Iterable[Point]) -> Found:
    samples: list[Sample] = []
    users: list[tuple[float, int]] = []
    dropped = 0
    for metric, at, value, tags in points:
        if metric == "http_req_duration":
            expected, status = tags.get("expected_response"), str(tags.get("status") or "0")
            failed = expected != "true" if expected else not status.startswith(("2", "3"))
            labels = [str(tags.get("name") or tags["url"])]
            labels += [f"{key}:{tags[key]}" for key in ("scenario", "group") if tags.get(key)]
            host = host_of(str(tags.get("url") or ""))
            # k6 writes down the end of a request.
            samples.append(Sample(at - value, value, tuple(labels), failed, None, host))
        elif metric == "vus":
            users.append((at, int(value)))
        elif metric == "dropped_iterations":
            dropped += int(value)
    users.sort()
    counted = [
        each._replace(users=users[max(bisect_right(users, (each.at, 10**9)) - 1, 0)][1]) if users else each
        for each in samples
    ]
    return summed("k6", name, counted, dropped)


def _k6_summary(name: str, report: Mapping[str, Any]) -> Found:
    """Of --summary-export, or of handleSummary, whose figures are one level deeper and whose thresholds say `ok`."""
    metrics = report["metrics"]
    deeper = "values" in metrics["http_reqs"]

    def of(metric: str) -> Mapping[str, Any]:
        found: Mapping[str, Any] = metrics[metric]
        return found["values"] if deeper else found

    def row(part: str) -> LoadRow:
        end = f"{{{part}}}" if part else ""
        times = of(f"http_req_duration{end}")
        known = {100.0: times["max"]} if "max" in times else {}
        known |= {50.0: times["med"]} if "med" in times else {}
        known |= {float(match[1]): times[key] for key in times if (match := _K6_TREND.fullmatch(key))}
        failed = of(f"http_req_failed{end}") if f"http_req_failed{end}" in metrics else None
        requests = int(number(failed["passes"]) + number(failed["fails"])) if failed else None
        if requests is None and f"http_reqs{end}" in metrics:
            requests = int(number(of(f"http_reqs{end}")["count"]))
        # A part without any request is a row of noughts.
        nothing = not any(known.values()) if known else False
        return LoadRow(
            (part, *(tag.partition(":")[2] for tag in part.split(","))) if part else (),
            0 if nothing else requests,
            # A rate counts what is true of it: what passes as "failed".
            int(number(failed["passes"])) if failed else None,
            () if nothing else tuple(Quantile(each, *(number(known[each]),) * 2) for each in sorted(known)),
        )

    requests = of("http_reqs")
    count, rate = number(requests["count"]), number(requests["rate"])
    seconds = number(report["state"]["testRunDurationMs"]) / 1000 if deeper else count / rate if rate else 0.0
    crossed = [
        limit
        for metric in metrics.values()
        for limit, said in (metric.get("thresholds") or {}).items()
        if (not said["ok"] if isinstance(said, dict) else said)
    ]
    users = of("vus") if "vus" in metrics else None
    total = row("")
    run = LoadRun(
        tool="k6",
        file=name,
        hosts=(),
        seconds=seconds,
        start=None,
        users_least=int(number(users["min"])) if users else None,
        users_most=int(number(users["max"])) if users else None,
        total=LoadRow((), int(count), total.failed, total.quantiles),
        rows=tuple(row(match[1]) for match in map(_K6_PART.fullmatch, metrics) if match),
        dropped=int(number(of("dropped_iterations")["count"])) if "dropped_iterations" in metrics else 0,
        notes=(f"{len(crossed)} of the test's own thresholds were crossed",) if crossed else (),
    )
    return run, None


def _rounded(value: float) -> tuple[float, float]:
    """Bounds of a time that Locust shows: with two digits, and without places."""
    half = 0.5 * 10 ** max(len(str(int(value))) - 2, 0)
    return max(value - half, 0.0), value + half


def _locust_stats(name: str, rows: list[dict[str, str]]) -> Found:
    def row(each: Mapping[str, str]) -> LoadRow:
        known = {float(match[1]): each[key] for key in each if key and (match := _PERCENT.fullmatch(key))}
        return LoadRow(
            (f"{each['Type']} {each['Name']}".strip(), each["Name"]) if each is not last else (),
            int(each["Request Count"]),
            int(each["Failure Count"]),
            tuple(Quantile(at, *_rounded(number(known[at]))) for at in sorted(known) if known[at] != "N/A"),
        )

    *named, last = rows
    if last["Name"] != "Aggregated":
        raise OddError("its last row is not Aggregated")
    rate = number(last["Requests/s"])
    hosts = tuple(sorted({host_of(each["Name"]) for each in named if "://" in each["Name"]}))
    seconds = int(last["Request Count"]) / rate if rate else 0.0
    return LoadRun(
        "Locust", name, hosts, seconds, None, None, None, row(last), tuple(map(row, named)), notes=_LAG
    ), None


def _locust_json(name: str, entries: list[dict[str, Any]]) -> Found:
    def row(names: tuple[str, ...], some: list[dict[str, Any]]) -> LoadRow:
        times = sorted(
            (number(at), int(number(count))) for each in some for at, count in each["response_times"].items()
        )
        answered = sum(count for _, count in times)

        def within(percent: float) -> float:
            reached = accumulate(count for _, count in times)
            return next(at for (at, _), some in zip(times, reached, strict=True) if some >= answered * percent / 100)

        percents = (50.0, 90.0, 95.0, 99.0, 100.0) if answered else ()
        return LoadRow(
            names,
            sum(int(number(each["num_requests"])) for each in some),
            sum(int(number(each["num_failures"])) for each in some),
            tuple(Quantile(percent, *_rounded(within(percent))) for percent in percents),
        )

    start = min(number(each["start_time"]) for each in entries)
    end = max(number(each["last_request_timestamp"]) for each in entries)
    hosts = {host_of(each["name"]) for each in entries if "://" in each["name"]}
    rows = tuple(row((f"{each['method']} {each['name']}", each["name"]), [each]) for each in entries)
    begun, ended = datetime.fromtimestamp(start, UTC), datetime.fromtimestamp(end, UTC)
    seconds = max(end - start, 0.0)
    return LoadRun("Locust", name, tuple(sorted(hosts)), seconds, begun, None, None, row((), entries), rows), ended


def _locust_history(name: str, rows: list[dict[str, str]]) -> Found:
    """The course; its percentiles may be of all the run so far (without the web page), so they are left out."""
    totals = [each for each in rows if each["Name"] == "Aggregated"]
    start = number(totals[0]["Timestamp"])
    moments: list[LoadMoment] = []
    requests = failed = 0
    spent = 0.0
    for each in totals:
        more, wrong = int(each["Total Request Count"]), int(each["Total Failure Count"])
        if more < requests or wrong < failed:
            raise OddError("its totals fall: the statistics were reset")
        now, count = more * number(each["Total Average Response Time"]), more - requests
        mean = max(now - spent, 0.0) / count if count else None
        at = number(each["Timestamp"]) - start
        moments.append(LoadMoment(at, int(each["User Count"]), count, wrong - failed, mean))
        requests, failed, spent = more, wrong, now
    users = [each.users for each in moments if each.users is not None]
    end = start + moments[-1].at
    run = LoadRun(
        tool="Locust",
        file=name,
        hosts=(),
        seconds=moments[-1].at,
        start=datetime.fromtimestamp(start, UTC),
        users_least=min(users),
        users_most=max(users),
        total=LoadRow((), requests, failed),
        moments=tuple(moments),
        notes=_LAG,
    )
    return run, datetime.fromtimestamp(end, UTC)


def _wrk(name: str, head: str, lines: list[str]) -> Found:
    body = [line.strip() for line in lines]

    def after(start: str) -> str:
        return next((line.removeprefix(start).strip() for line in body if line.startswith(start)), "")

    def time_of(told: str) -> tuple[float, float]:
        match = _WRK_TIME.fullmatch(told)
        if not match:
            raise OddError(f"{told} is no time")
        unit = _WRK_UNITS[match[2]]
        return max(float(match[1]) - 0.005, 0.0) * unit, (float(match[1]) + 0.005) * unit

    done = next(line for line in reversed(body) if " requests in " in line)
    requests, _, rest = done.partition(" requests in ")
    errors = [int(each.split()[-1]) for each in after("Socket errors:").split(",") if each]
    pairs = [line.split() for line in body if _PERCENT.match(line)]
    quantiles = [Quantile(number(share.rstrip("%")), *time_of(told)) for share, told in pairs]
    quantiles.append(Quantile(100.0, *time_of(after("Latency").removeprefix("Distribution").split()[2])))
    connections = int(next(line for line in body if line.endswith(" connections")).split()[-2])
    # What is refused or not answered in time is no request to wrk.
    count = int(requests) + sum(errors)
    return LoadRun(
        tool="wrk",
        file=name,
        hosts=tuple({host_of(head.partition(" @ ")[2].strip())} - {""}),
        seconds=time_of(rest.split(",")[0])[0] / 1000,
        start=None,
        users_least=connections,
        users_most=connections,
        total=LoadRow((), count, int(after("Non-2xx or 3xx responses:") or 0) + sum(errors), tuple(quantiles)),
    ), None
