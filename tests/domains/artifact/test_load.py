"""Load tests: what Locust and wrk wrote here, and what k6 and JMeter are documented to write."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from pytest_readiness.core.domains import load_kinds
from pytest_readiness.core.evidence import ClaimFalse, CouldNotVerify, Evidence, NotDeclared
from pytest_readiness.domains.artifact.resource import ToolReport
from tests.judging import judge

DATA = Path(__file__).parents[2] / "data/artifact"
HERE = "127.0.0.1"
BESIDE = "host: 127.0.0.1\nmade_at: 2026-11-30T23:12:20Z\n"
Judge = Callable[..., Evidence]


@pytest.fixture(autouse=True)
def _day(monkeypatch: pytest.MonkeyPatch) -> None:
    load_kinds()
    monkeypatch.setenv("READINESS_NOW", "2026-12-01")


@pytest.fixture
def load(tmp_path: Path) -> Judge:
    """Judge a report, by its recorded name or its text, with what stands beside it."""

    def judged(
        given: str, beside: str = BESIDE, id: str = "artifact.load", name: str = "", **parameters: Any
    ) -> Evidence:
        recorded = DATA / given if len(given) < 100 and "\n" not in given else None
        path = tmp_path / (name or (recorded.name if recorded else "report"))
        path.write_text(recorded.read_text() if recorded else given)
        about = path.with_name(path.name + ".about.yaml")
        about.unlink(missing_ok=True)
        if beside:
            about.write_text(beside)
        wanted = {"host": HERE, "min_seconds": 10, "min_rps": 10} if id == "artifact.load" else {"host": HERE}
        return judge(id, ToolReport(name="load", path=path), **{**wanted, **parameters})

    return judged


# What was made here: 10 users for 12 s; every eleventh request is answered by 404, two of them take 0.25 s.


def test_done_is_only_that_there_was_enough_load(load: Judge) -> None:
    said = load("locust.json").text
    assert said.startswith("764 requests to 127.0.0.1 by Locust in 12 s (65.3/s); all: 75 of 764 failed; made ")


def test_locusts_csv_says_that_it_may_lack_the_last_seconds(load: Judge) -> None:
    assert "may be missing" in load("locust_stats.csv").warning


def test_within_limits(load: Judge) -> None:
    for file in ("locust.json", "locust_stats.csv"):
        said = load(file, match="GET /", p95_ms=50, p99_ms=100, max_error_percent=0).text
        assert "GET /: 0 of " in said
        assert "95 % within" in said


@pytest.mark.parametrize(
    ("parameters", "seen"),
    [
        ({"min_seconds": 60}, "60 s of load; seen: 1"),
        ({"min_rps": 500}, "on average"),
        ({"host": "shop.example.com"}, "requests to shop.example.com; seen: 127.0.0.1"),
        ({"max_error_percent": 5}, "at most 5 % of all failed"),
        ({"p95_ms": 10_000}, "at most 1 % of all failed"),
        ({"match": "/slow", "p95_ms": 200}, "95 % of GET /slow within 200 ms; seen: more than"),
        ({"match": "/gone", "p95_ms": 200}, "at most 1 % of GET /gone failed"),
        ({"max_age_days": 0.01}, "a report of the last 0.01 days"),
    ],
)
@pytest.mark.parametrize("file", ["locust.json", "locust_stats.csv"])
def test_one_thing_wrong(load: Judge, file: str, parameters: dict[str, Any], seen: str) -> None:
    with pytest.raises(ClaimFalse, match=seen):
        load(file, **parameters)


def test_p95_of_everything_tells_what_is_slow_alone(load: Judge) -> None:
    assert not load("locust.json", max_error_percent=20, p95_ms=300, p99_ms=400).warning
    with pytest.raises(ClaimFalse):
        load("locust.json", max_error_percent=20, p95_ms=200)
    entries = json.loads((DATA / "locust.json").read_text())
    slow = next(each for each in entries if each["name"] == "/slow")
    slow["response_times"] = {"250": 20}
    assert "GET /slow alone is slower" in load(json.dumps(entries), max_error_percent=20, p95_ms=200).warning


def test_a_rounded_time_decides_where_it_can(load: Judge) -> None:
    with pytest.raises(CouldNotVerify, match="between 245 and 255 ms, and 250 ms is in between"):
        load("locust.json", match="/slow", p95_ms=250)


@pytest.mark.parametrize(
    ("parameters", "reason"),
    [
        ({"match": "/checkout"}, "no request in locust.json is named /checkout; there are: GET /"),
        ({"match": "/slo"}, "is named /slo;"),
        ({"beside": ""}, "does not say which host was asked"),
        ({"min_users": 10}, "does not say for how long there were 10 users"),
    ],
)
def test_not_known(load: Judge, parameters: dict[str, Any], reason: str) -> None:
    with pytest.raises(CouldNotVerify, match=reason):
        load("locust.json", **parameters)


def test_a_report_without_its_time(load: Judge) -> None:
    with pytest.raises(CouldNotVerify, match="does not say when it was made"):
        load("locust_stats.csv", beside="host: 127.0.0.1\n")


def test_a_part_of_a_run(load: Judge) -> None:
    with pytest.raises(ClaimFalse, match="a part only"):
        load("locust.json", beside=BESIDE + "whole: false\n")


def test_nothing_is_asserted() -> None:
    report = ToolReport(name="load", path=DATA / "locust.json")
    with pytest.raises(ValidationError):
        judge("artifact.load", report, host=HERE)
    with pytest.raises(NotDeclared, match="neither 'min_rps' nor 'min_users'"):
        judge("artifact.load", report, host=HERE, min_seconds=1)
    for wrong in ({"host": ""}, {"host": "https://shop.example.com"}, {"match": ""}, {"max_error_percent": 100}):
        with pytest.raises(ValidationError):
            judge("artifact.load", report, **{"host": HERE, "min_seconds": 1, "min_rps": 1, **wrong})


# wrk


def test_wrk(load: Judge) -> None:
    said = load("wrk-latency.txt", min_seconds=1.9, min_users=4, min_rps=None, p95_ms=60, p99_ms=60).text
    assert "184 requests to 127.0.0.1 by wrk in 2 s" in said
    with pytest.raises(ClaimFalse, match="4 at most"):
        load("wrk-latency.txt", min_seconds=1, min_users=5)
    with pytest.raises(CouldNotVerify, match=r"as between 44\.\d+ and 48\.\d+ ms, and 46 ms is in between"):
        load("wrk-latency.txt", min_seconds=1, p95_ms=46)
    with pytest.raises(ClaimFalse, match="more than"):
        load("wrk-latency.txt", min_seconds=1, p95_ms=44)


def test_wrk_without_percentiles_is_proven_by_the_longest_alone(load: Judge) -> None:
    assert load("wrk-plain.txt", min_seconds=1, p95_ms=300)
    with pytest.raises(CouldNotVerify, match="in between"):
        load("wrk-plain.txt", min_seconds=1, p95_ms=290)


def test_errors_are_fast(load: Judge) -> None:
    for parameters in ({}, {"p95_ms": 60}, {"max_error_percent": 5}):
        with pytest.raises(ClaimFalse, match=r"seen: 184 of 184 \(100"):
            load("wrk-404.txt", min_seconds=1, **parameters)


@pytest.mark.parametrize(("unit", "holds"), [("us", True), ("ms", True), ("s", False), ("m", False)])
def test_units_of_wrk(load: Judge, unit: str, holds: bool) -> None:
    text = (DATA / "wrk-latency.txt").read_text().replace("ms", unit)
    if holds:
        assert load(text, min_seconds=1, p95_ms=60)
    else:
        with pytest.raises(ClaimFalse, match="more than"):
            load(text, min_seconds=1, p95_ms=60)


def test_what_wrk_got_no_answer_to_has_failed(load: Judge) -> None:
    text = (DATA / "wrk-latency.txt").read_text()
    text = text.replace("Requests/sec", "  Socket errors: connect 0, read 3, write 0, timeout 40\nRequests/sec")
    with pytest.raises(ClaimFalse, match=r"seen: 43 of 227 \("):
        load(text, min_seconds=1, max_error_percent=1)


# k6 does not run here: these are of the shapes that its documentation has.


def _k6(deeper: bool, *, failed: int = 3, p95: float = 180.0, crossed: bool = False, **more: Any) -> str:
    def metric(values: dict[str, Any], **thresholds: bool) -> dict[str, Any]:
        limits = {key: ({"ok": not bad} if deeper else bad) for key, bad in thresholds.items()}
        rest = {"thresholds": limits} if limits else {}
        return {"type": "x", "contains": "time", "values": values, **rest} if deeper else {**values, **rest}

    trend = {"avg": 90.0, "min": 10.0, "med": 80.0, "max": 900.0, "p(90)": 150.0, "p(95)": p95}
    rate = {"rate": failed / 3000} if deeper else {"value": failed / 3000}
    metrics = {
        "http_reqs": metric({"count": 3000, "rate": 50.0}),
        "http_req_duration": metric(trend, **{"p(95)<200": crossed}),
        "http_req_duration{name:checkout}": metric({**trend, "p(95)": 700.0, "p(90)": 600.0}),
        "http_req_duration{name:nobody}": metric(dict.fromkeys(trend, 0)),
        "http_req_duration{expected_response:true}": metric(trend),
        "http_req_failed": metric({**rate, "passes": failed, "fails": 3000 - failed}),
        "vus": metric({"value": 20, "min": 20, "max": 20}),
        **more,
    }
    state = {"state": {"testRunDurationMs": 60_000.0}} if deeper else {}
    return json.dumps({"root_group": {}, **state, "metrics": metrics})


@pytest.mark.parametrize("deeper", [False, True], ids=["summary-export", "handleSummary"])
def test_k6_by_its_documented_shapes(load: Judge, deeper: bool) -> None:
    limits: dict[str, Any] = {
        "min_seconds": 60,
        "min_users": 20,
        "min_rps": 50,
        "p95_ms": 200,
        "max_error_percent": 0.1,
    }
    evidence = load(_k6(deeper), **limits)
    assert (
        "3,000 requests to 127.0.0.1 by k6 in 60 s (50.0/s); all: 3 of 3,000 failed, 95 % within 180.0 ms"
        in evidence.text
    )
    assert evidence.warning == "name:checkout alone is slower than the limit"
    # What passes as failed has failed, and a threshold that is true was crossed.
    with pytest.raises(ClaimFalse, match=r"seen: 2,997 of 3,000 \("):
        load(_k6(deeper, failed=2997), **limits)
    assert "1 of the test's own thresholds were crossed" in load(_k6(deeper, crossed=True), **limits).warning
    with pytest.raises(ClaimFalse, match="95 % of all within 200 ms; seen: more than 250"):
        load(_k6(deeper, p95=250.0), **limits)
    with pytest.raises(CouldNotVerify, match="the report tells the 99th"):
        load(_k6(deeper), **limits, p99_ms=500)
    with pytest.raises(CouldNotVerify, match="no request of name:nobody was made"):
        load(_k6(deeper), **{**limits, "match": "nobody"})
    with pytest.raises(CouldNotVerify, match="how many requests of name:checkout failed"):
        load(_k6(deeper), **{**limits, "match": "checkout", "p95_ms": 800})
    with pytest.raises(CouldNotVerify, match="does not say which host"):
        load(_k6(deeper), beside="made_at: 2026-11-30T23:12:20Z\n", **limits)


def _points(form: str) -> str:
    tags = {"name": "/checkout", "url": "https://shop.example.com/checkout?id=1", "scenario": "buy", "group": ""}
    points: list[tuple[str, float, float, dict[str, str]]] = []
    for second in range(40):
        users = 5 if second < 10 else 50 if second < 20 else 5
        points.append(("vus", 1796080000 + second, users, {}))
        for part in range(5):
            slow = 10 <= second < 22
            ms = 800 if slow else 50
            extra = {"status": "500" if slow else "200", "expected_response": "false" if slow else "true"}
            points.append(("http_req_duration", 1796080000 + second + part / 10 + ms / 1000, ms, {**tags, **extra}))
    if form == "json":
        lines = [{"type": "Metric", "metric": "vus", "data": {"name": "vus"}}]
        for metric, at, value, more in points:
            time = datetime.fromtimestamp(at, UTC).isoformat(timespec="microseconds").replace("+00:00", "000Z")
            lines.append({"type": "Point", "metric": metric, "data": {"time": time, "value": value, "tags": more}})
        return "\n".join(map(json.dumps, lines)) + "\n"
    out = io.StringIO()
    columns = [
        "metric_name",
        "timestamp",
        "metric_value",
        "expected_response",
        "group",
        "name",
        "scenario",
        "status",
        "url",
    ]
    writer = csv.DictWriter(out, columns)
    writer.writeheader()
    for metric, at, value, more in points:
        writer.writerow({"metric_name": metric, "timestamp": at, "metric_value": value, **more})
    return out.getvalue()


@pytest.mark.parametrize("form", ["csv", "json"])
def test_points_of_k6_by_their_documented_shape(load: Judge, form: str) -> None:
    asked = {"host": "shop.example.com", "beside": "", "min_seconds": 30, "min_rps": 4}
    said = load(_points(form), **asked, match="/checkout", p95_ms=900, max_error_percent=40).text
    assert "200 requests to shop.example.com by k6 in 39 s" in said
    assert load(_points(form), **asked, min_users=5, match="scenario:buy")
    with pytest.raises(ClaimFalse, match="so many for"):
        load(_points(form), **asked, min_users=50)
    stress = {"id": "artifact.stress", "beside": "", "host": "shop.example.com", "recovered_seconds": 5}
    said = load(_points(form), **stress, min_users=50, p95_ms=300).text
    assert "limits crossed at 50 users" in said
    assert "kept again" in said
    with pytest.raises(ClaimFalse, match="within the limits again 1 s after"):
        load(_points(form), **{**stress, "recovered_seconds": 1}, min_users=50, max_error_percent=1)


def test_iterations_that_k6_dropped_may_be_the_limit(load: Judge) -> None:
    text = _points("csv") + "dropped_iterations,1796080030,7,,,,,,\n"
    with pytest.raises(CouldNotVerify, match="could not begin 7 iterations"):
        load(text, "", "artifact.stress", host="shop.example.com", min_users=50, recovered_seconds=5, p95_ms=300)


# JMeter 2.13 does not start here: these are of the shapes that its documentation has.

_COLUMNS = (
    "timeStamp,elapsed,label,responseCode,responseMessage,threadName,success,bytes,grpThreads,allThreads,URL,Latency"
)


def _jtl(*, users: int = 10, code: str = "200", ms: int = 100, url: str = "https://shop.example.com/buy") -> str:
    lines = [_COLUMNS]
    for at in range(0, 30_000, 500):
        start, good = 1796080000000 + at, "true" if code == "200" else "false"
        lines.append(f'{start},{ms},Pay,{code},"OK, fine",t 1-1,{good},10,{users},{users},{url},5')
        told = "Number of samples in transaction : 1, number of failing samples : 0"
        lines.append(f'{start},{ms * 3},Buy,,"{told}",t,{good},10,{users},{users},null,5')
    return "\n".join(lines) + "\n"


def _jtl_xml(*, parent: bool) -> str:
    one = (
        '<httpSample t="100" ts="{ts}" s="true" lb="Pay" rc="200" rm="OK" ng="10" na="10"><httpSample t="1" ts="{ts}"'
        ' s="true" lb="logo" rc="200" rm="OK" na="10"/>'
        "<java.net.URL>https://shop.example.com/buy</java.net.URL></httpSample>"
    )
    told = "Number of samples in transaction : 1, number of failing samples : 0"
    whole = f'<sample t="300" ts="{{ts}}" s="true" lb="Buy" rm="{told}" na="10">{{inside}}</sample>'
    rows = []
    for at in range(0, 30_000, 500):
        inside = one.format(ts=1796080000000 + at)
        made = whole.format(ts=1796080000000 + at, inside=inside if parent else "")
        rows.append(made if parent else inside + made)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<testResults version="1.2">{"".join(rows)}</testResults>\n'


@pytest.mark.parametrize(
    "text",
    [_jtl(), _jtl().replace(",", ";").replace("OK; fine", "OK"), _jtl_xml(parent=False), _jtl_xml(parent=True)],
    ids=["csv", "semicolons", "xml", "xml with parents"],
)
def test_jtl_by_its_documented_shape_counts_no_transaction_twice(load: Judge, text: str) -> None:
    asked = {"host": "shop.example.com", "beside": "", "min_seconds": 29, "min_users": 10, "min_rps": 2}
    assert "60 requests to shop.example.com by JMeter" in load(text, **asked, p95_ms=200).text
    assert "Buy: 0 of 60 failed, 95 % within 300" in load(text, **asked, match="Buy", p95_ms=301).text
    with pytest.raises(ClaimFalse, match="95 % of Buy within 200 ms"):
        load(text, **asked, match="Buy", p95_ms=200)


@pytest.mark.parametrize(
    ("text", "error", "seen"),
    [
        (_jtl(code="404"), ClaimFalse, r"at most 1 % of all failed; seen: 60 of 60"),
        (_jtl(users=2), ClaimFalse, "10 users for 20 s; seen: 2 at most"),
        (_jtl(ms=100_000), ClaimFalse, "more than"),
        (_jtl(url="http://localhost:8000/"), ClaimFalse, "seen: localhost"),
        (_jtl() + _jtl(url="https://cdn.example.net/x").partition("\n")[2], CouldNotVerify, "mixes requests"),
        (_jtl(url="null"), CouldNotVerify, "does not say which host"),
        (_jtl().partition("\n")[2], CouldNotVerify, "no report of k6"),
        (_jtl()[:-60], CouldNotVerify, "not a whole report of JMeter"),
        (_jtl().replace("1796080000000", "2026/11/30 23:00:00"), CouldNotVerify, "not a whole report of JMeter"),
        (_jtl()[:-8], CouldNotVerify, r"line \d+ is cut off"),
        (_jtl().replace(",true,", ",maybe,"), CouldNotVerify, "maybe is neither true nor false"),
        (_COLUMNS + "\n", CouldNotVerify, "holds no request|when it was made"),
        (_jtl_xml(parent=True)[:-20], CouldNotVerify, "cannot be read as XML"),
        ("<html>\n</html>", CouldNotVerify, "not a whole report of JMeter"),
        ('{"metrics":\n {}}', CouldNotVerify, "not a whole report of k6: it lacks 'http_reqs'"),
        ("[\n]", CouldNotVerify, "not a whole report of Locust"),
        ("[\n" + "[" * 100_000, CouldNotVerify, "cannot be read as JSON"),
        ("hello\nworld", CouldNotVerify, "no report of k6, Locust, JMeter"),
        ("Running 2s test @ http://shop.example.com/\n", CouldNotVerify, "not a whole report of wrk"),
        ('timeStamp,"elapsed\n1,2\n', CouldNotVerify, "not a whole report of"),
        ("\x1c\n\x1d", CouldNotVerify, "no report of k6, Locust, JMeter"),
    ],
    ids=range(21),
)
def test_jtl_and_others_that_do_not_count(load: Judge, text: str, error: type[Exception], seen: str) -> None:
    with pytest.raises(error, match=seen):
        load(text, "", host="shop.example.com", min_seconds=20, min_users=10, min_rps=0.1, p95_ms=200)


def test_several_injectors_are_added_up_and_each_is_judged(tmp_path: Path) -> None:
    def judged(second: str, files: int = 2) -> Evidence:
        (tmp_path / "a.jtl").write_text(_jtl())
        (tmp_path / "b.jtl").write_text(second)
        report = ToolReport(name="load", path=tmp_path / "*.jtl", files=files)
        return judge("artifact.load", report, host="shop.example.com", min_seconds=20, min_rps=3.5, p95_ms=200)

    assert "120 requests" in judged(_jtl()).text
    with pytest.raises(ClaimFalse, match="runs at the same time"):
        judged(_jtl().replace("17960800", "17960700"))
    with pytest.raises(ClaimFalse, match="at most 1 % of all failed"):
        judged(_jtl(code="500"))
    with pytest.raises(CouldNotVerify, match="3 are declared"):
        judged(_jtl(), files=3)


# What was made here: 5 users for 8 s, 60 for 18 s, 4 to the end; four workers of 20 ms each.

STRESS: dict[str, Any] = {"id": "artifact.stress", "min_users": 50, "recovered_seconds": 5, "mean_ms": 150}


def test_stress(load: Judge) -> None:
    said = load("stress_stats_history.csv", **STRESS).text
    assert "limits crossed at 60 users" in said
    assert "kept again" in said


def test_the_course_of_locust_tells_how_long_there_were_users(load: Judge) -> None:
    assert load("stress_stats_history.csv", min_seconds=15, min_users=60)
    with pytest.raises(ClaimFalse, match="60 users for 30 s; seen: so many for 1"):
        load("stress_stats_history.csv", min_seconds=30, min_users=60)
    with pytest.raises(CouldNotVerify, match="95th percentile of all is not in the report"):
        load("stress_stats_history.csv", p95_ms=400)


def _cut(start: str) -> str:
    lines = (DATA / "stress_stats_history.csv").read_text().splitlines()
    kept = [line for line in lines if not line.split(",")[1].startswith(start)]
    return "\n".join(kept) + "\n"


@pytest.mark.parametrize(
    ("text", "more", "error", "seen"),
    [
        ("", {"min_users": 100}, ClaimFalse, "the limits kept below 100 users; seen: crossed at 60"),
        ("", {"mean_ms": 5000}, CouldNotVerify, "the limits were kept up to 60 users"),
        ("", {"mean_ms": 1}, ClaimFalse, "seen: crossed at 5 users"),
        ("", {"mean_ms": None, "p95_ms": 100}, CouldNotVerify, "judge by 'mean_ms'"),
        ("", {"mean_ms": None}, NotDeclared, "none of"),
        (_cut("4"), {}, CouldNotVerify, "ends before the load fell"),
        ((DATA / "locust_stats.csv").read_text(), {}, CouldNotVerify, "is a summary"),
        ((DATA / "locust.json").read_text(), {}, CouldNotVerify, "is a summary"),
    ],
    ids=range(8),
)
def test_no_breaking_point(load: Judge, text: str, more: dict[str, Any], error: type[Exception], seen: str) -> None:
    with pytest.raises(error, match=seen):
        load(text or "stress_stats_history.csv", **{**STRESS, **more})
