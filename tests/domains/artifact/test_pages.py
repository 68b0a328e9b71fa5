"""What Lighthouse and axe wrote here, what ZAP is documented to write, and files of any kind."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from pytest_readiness.config.target import Target
from pytest_readiness.core.domains import load_kinds
from pytest_readiness.core.evidence import ClaimFalse, CouldNotVerify, Evidence
from pytest_readiness.domains.artifact.resource import ToolReport
from pytest_readiness.domains.source.resource import Repository
from tests.judging import judge
from tests.stack.repositories import Repo

DATA = Path(__file__).parents[2] / "data/artifact"
URL = "http://127.0.0.1:8765/"
Judge = Callable[..., Evidence]


@pytest.fixture(autouse=True)
def _day(monkeypatch: pytest.MonkeyPatch) -> None:
    load_kinds()
    monkeypatch.setenv("READINESS_NOW", "2026-12-01")


# Lighthouse


@pytest.fixture
def lighthouse(tmp_path: Path) -> Judge:
    """Judge runs like the recorded one, each with these things changed."""

    def judged(*runs: dict[str, Any] | None, **parameters: Any) -> Evidence:
        for old in tmp_path.iterdir():
            old.unlink()
        for number, changed in enumerate(runs):
            found = json.loads((DATA / "lighthouse.json").read_text())
            found["fetchTime"] = f"2026-11-30T23:{number:02}:31.806Z"
            if changed is None:
                found = json.loads((DATA / "lighthouse-error.json").read_text())
                found["requestedUrl"] = URL
            for key, value in (changed or {}).items():
                if key in found["categories"]:
                    found["categories"][key]["score"] = value
                else:
                    found[key] = value
            (tmp_path / f"lhr-{number}.json").write_text(json.dumps(found))
        report = ToolReport(name="shop", path=tmp_path / "lhr-*.json", files=len(runs))
        return judge("artifact.lighthouse", report, **{"url": URL, "scores": {"performance": 90}, **parameters})

    return judged


def test_lighthouse_takes_the_median(lighthouse: Judge) -> None:
    said = lighthouse({"performance": 0.89}, {"performance": 0.91}, {"performance": 1}).text
    assert said.startswith(f"performance 91 as the median of 3 runs of {URL} as mobile; made ")
    assert lighthouse({}, {}, {}, None).warning == "1 runs without scores, or twice the same, were left out"
    assert lighthouse({}, {}, {"runWarnings": ["slow"]}).warning == "Lighthouse itself has 1 warnings about the runs"
    assert lighthouse({"performance": 0.57}, scores={"performance": 57, "seo": 91}, min_runs=1)
    assert lighthouse({"requestedUrl": URL.rstrip("/")}, min_runs=1)


def test_lighthouse_within_an_answer_of_pagespeed(tmp_path: Path) -> None:
    path = tmp_path / "psi.json"
    path.write_text(json.dumps({"lighthouseResult": json.loads((DATA / "lighthouse.json").read_text())}))
    asked: dict[str, Any] = {"url": URL, "scores": {"performance": 90}, "min_runs": 1}
    assert judge("artifact.lighthouse", ToolReport(name="shop", path=path), **asked)
    for text in ("[{}]", "{}", '{"categories": []}', "<html>"):
        path.write_text(text)
        with pytest.raises(CouldNotVerify):
            judge("artifact.lighthouse", ToolReport(name="shop", path=path), **asked)


LUCKY = {"performance": 0.89}


@pytest.mark.parametrize(
    ("runs", "parameters", "error", "seen"),
    [
        ([LUCKY, LUCKY, {}], {}, ClaimFalse, "seen: performance 89"),
        ([{}, {}, {}], {"scores": {"seo": 92}}, ClaimFalse, "seen: seo 91"),
        ([{"finalDisplayedUrl": URL + "login"}, {}, {}], {}, ClaimFalse, "to be what was loaded; seen: .*/login"),
        ([{}, {}, {}], {"max_age_days": 0.01}, ClaimFalse, "a report of the last"),
        ([{}], {}, CouldNotVerify, "1 runs of .* have a score in performance; 3 are needed"),
        ([{}, {}, None], {}, CouldNotVerify, r"2 runs .*\(errors: "),
        ([{}, {}, {"performance": None}], {}, CouldNotVerify, "2 runs"),
        ([{"fetchTime": "2026-11-30T22:00:00Z"}] * 3, {}, CouldNotVerify, "1 runs"),
        ([{}, {}, {}], {"form_factor": "desktop"}, CouldNotVerify, "no run of .* as desktop"),
        ([{}, {}, {}], {"url": URL + "shop"}, CouldNotVerify, "no run of .*/shop"),
        ([{"requestedUrl": "http://localhost/"}] * 3, {}, CouldNotVerify, "no run"),
        ([{"performance": 95}] * 3, {}, CouldNotVerify, "95 is no score from 0 to 1"),
    ],
    ids=range(12),
)
def test_lighthouse_that_does_not_count(
    lighthouse: Judge, runs: list[Any], parameters: dict[str, Any], error: type[Exception], seen: str
) -> None:
    with pytest.raises(error, match=seen):
        lighthouse(*runs, **parameters)


def test_a_score_is_of_100(lighthouse: Judge) -> None:
    for scores in ({}, {"performance": 0.9}, {"performance": 1}, {"pwa": 90}, {"performance": 101}):
        with pytest.raises(ValidationError):
            lighthouse({}, scores=scores)


# axe


@pytest.fixture
def axe(tmp_path: Path) -> Judge:
    """Judge what axe found on the good page and, where asked, on the bad one, after a change."""

    def judged(change: Callable[[Any], Any] = lambda pages: pages[:1], **parameters: Any) -> Evidence:
        path = tmp_path / "axe.json"
        path.write_text(json.dumps(change(json.loads((DATA / "axe.json").read_text()))))
        return judge("artifact.axe", ToolReport(name="shop", path=path), **{"pages": [URL], **parameters})

    return judged


def _with(**changed: Any) -> Callable[[Any], Any]:
    return lambda pages: [{**pages[0], **changed}]


def test_axe(axe: Judge) -> None:
    said = axe().text
    assert said.startswith(
        "axe 4.14.1 found no violation of wcag2a, wcag2aa on 1 pages (8 rules held, 0 need a person)"
    )
    assert axe(lambda pages: pages[0])
    assert axe(_with(toolOptions={}))
    assert axe(_with(toolOptions={"rules": {"color-contrast": {"enabled": False}}}), rules_off=["color-contrast"])


def test_what_axe_calls_incomplete_is_told(axe: Judge) -> None:
    contrast = {"id": "color-contrast", "impact": "serious", "tags": ["wcag2aa"], "nodes": []}
    assert axe(_with(incomplete=[contrast])).warning == "1 results are incomplete: a person must look at them"


def test_other_tags_and_lesser_impacts_are_told(axe: Judge) -> None:
    found = {"id": "region", "impact": "moderate", "tags": ["best-practice"], "nodes": []}
    assert axe(_with(violations=[found])).warning == "1 violations of other tags, or below minor, are not counted"
    lesser = {**found, "tags": ["wcag2a"]}
    assert axe(_with(violations=[lesser]), impact="serious").warning
    for impact in ("moderate", "serious", "critical", None):
        with pytest.raises(ClaimFalse, match="no violation of wcag2a, wcag2aa, moderate or above; seen: 1: region"):
            axe(_with(violations=[{**lesser, "impact": impact}]), impact="moderate")


@pytest.mark.parametrize(
    ("change", "parameters", "error", "seen"),
    [
        (
            lambda pages: pages,
            {},
            ClaimFalse,
            r"seen: 4: color-contrast \(serious, 1 places\) on .*/bad, html-has-lang",
        ),
        (lambda pages: pages[1:], {}, CouldNotVerify, "has not looked at http://127.0.0.1:8765/; it has at .*/bad"),
        (_with(passes=[]), {}, CouldNotVerify, "the page is blank"),
        (_with(), {"tags": ["wcag2a", "wcag21aa"]}, CouldNotVerify, "no rule ran of wcag21aa"),
        (_with(toolOptions={"runOnly": ["wcag2a"]}), {}, CouldNotVerify, "no rule ran of wcag2aa"),
        (_with(toolOptions={"runOnly": {"type": "rule", "values": ["label"]}}), {}, CouldNotVerify, "single rules"),
        (_with(toolOptions={"rules": {"label": {"enabled": False}}}), {}, ClaimFalse, "seen: label on"),
        (_with(), {"max_age_days": 0.01}, ClaimFalse, "a report of the last"),
        (_with(timestamp="yesterday"), {}, CouldNotVerify, "does not say when"),
        (lambda pages: [], {}, CouldNotVerify, "not a whole report of axe"),
        (lambda pages: [{"code": "WCAG2AA", "type": "error"}], {}, CouldNotVerify, "not a whole report of axe"),
        (_with(violations=None), {}, CouldNotVerify, "not a whole report of axe"),
    ],
    ids=range(12),
)
def test_axe_that_does_not_count(
    axe: Judge, change: Callable[[Any], Any], parameters: dict[str, Any], error: type[Exception], seen: str
) -> None:
    with pytest.raises(error, match=seen):
        axe(change, **parameters)


# ZAP does not run here: these are of the shapes that its documentation has.


def _zap(
    form: str,
    *alerts: tuple[str, str],
    host: str = "shop.example.com",
    generated: str = "Mon, 30 Nov 2026 09:00:00",
    **more: Any,
) -> str:
    fields = [
        {
            "pluginid": "40012",
            "alertRef": "40012",
            "name": f"Alert {n}",
            "riskcode": risk,
            "confidence": sure,
            "count": "2",
        }
        for n, (risk, sure) in enumerate(alerts)
    ]
    insights = more.pop("insights", [])
    if form == "json":
        site = {"@name": f"https://{host}", "@host": host, "@port": "443", "@ssl": "true", "alerts": fields}
        other = {**site, "@host": "cdn.example.net", "alerts": []}
        return json.dumps(
            {"@programName": "ZAP", "@generated": generated, "insights": insights, "site": [site, other], **more}
        )

    def xml(each: dict[str, str]) -> str:
        return "".join(f"<{key}>{value}</{key}>" for key, value in each.items())

    made = "".join(f"<alertitem>{xml(each)}</alertitem>" for each in fields)
    told = "".join(f"<insight>{xml(each)}</insight>" for each in insights)
    attributes = "".join(f' {key}="{value}"' for key, value in more.items())
    return (
        f'<?xml version="1.0"?>\n<OWASPZAPReport programName="ZAP" generated="{generated}"{attributes}><insights>{told}'
        f'</insights><site name="https://{host}" host="{host}" port="443" ssl="true"><alerts>{made}</alerts></site>'
        "</OWASPZAPReport>\n"
    )


@pytest.fixture
def zap(tmp_path: Path) -> Judge:
    def judged(text: str, beside: str = "kind: full\n", **parameters: Any) -> Evidence:
        path = tmp_path / "zap"
        path.write_text(text)
        path.with_name("zap.about.yaml").write_text(beside)
        asked = {"host": "shop.example.com", "kind": "full", **parameters}
        return judge("artifact.zap", ToolReport(name="shop", path=path), **asked)

    return judged


@pytest.mark.parametrize("form", ["json", "xml"])
def test_zap_by_its_documented_shapes(zap: Judge, form: str) -> None:
    evidence = zap(_zap(form, ("0", "2"), ("3", "0")))
    assert evidence.text.startswith(
        "full scan of shop.example.com: none of 2 alerts is of risk low or above, 1 false pos"
    )
    assert evidence.warning == "1 alerts are marked as false positives"
    assert zap(_zap(form, ("2", "3")), risk="high")
    assert zap(_zap(form, created="2026-11-30T08:00:00Z"), max_age_days=1)
    insights = [
        {"site": "https://shop.example.com", "key": "insight.endpoint.total", "statistic": "40"},
        {"site": "https://shop.example.com", "key": "insight.code.2xx", "statistic": "12"},
    ]
    evidence = zap(_zap(form, insights=insights), min_endpoints=40)
    assert ", 40 addresses; " in evidence.text
    assert "most answers were no success" in evidence.warning
    with pytest.raises(ClaimFalse, match="41 addresses or more; seen: 40"):
        zap(_zap(form, insights=insights), min_endpoints=41)


@pytest.mark.parametrize("form", ["json", "xml"])
@pytest.mark.parametrize(
    ("given", "parameters", "error", "seen"),
    [
        (
            {"alerts": [("1", "1")]},
            {},
            ClaimFalse,
            r"no alert of risk low or above; seen: 1: Alert 0 \(low, 2 places\)",
        ),
        ({"alerts": [("3", "4")]}, {"risk": "high"}, ClaimFalse, r"\(high, 2 places\)"),
        ({"alerts": [("9", "2")]}, {"risk": "high"}, ClaimFalse, r"\(unknown, 2 places\)"),
        ({"host": "localhost"}, {}, CouldNotVerify, "no site of shop.example.com; sites of the report: .*localhost"),
        ({}, {"kind": "api"}, ClaimFalse, "a scan of the kind api; seen: full"),
        ({}, {"beside": "kind: baseline\n"}, ClaimFalse, "seen: baseline"),
        ({}, {"beside": "host: shop.example.com\n"}, CouldNotVerify, "what kind of scan"),
        ({}, {"min_endpoints": 5}, CouldNotVerify, "how many addresses"),
        ({"generated": "yesterday"}, {}, CouldNotVerify, "does not say when"),
        ({"generated": "Mon, 28 Sep 2026 09:00:00"}, {}, ClaimFalse, "a report of the last 30 days"),
        ({"generated": "Sun, 1 Nov 2026 09:00:00"}, {}, CouldNotVerify, "without its zone, which decides"),
    ],
    ids=range(11),
)
def test_zap_that_does_not_count(
    zap: Judge, form: str, given: dict[str, Any], parameters: dict[str, Any], error: type[Exception], seen: str
) -> None:
    text = _zap(form, *given.get("alerts", []), **{key: value for key, value in given.items() if key != "alerts"})
    with pytest.raises(error, match=seen):
        zap(text, **parameters)


@pytest.mark.parametrize(
    "text", ["{}", '{"site": []}', '{"site": [{}]}', "<OWASPZAPReport/>", "<a/>", "<a", "zap", "[]"]
)
def test_what_is_no_report_of_zap(zap: Judge, text: str) -> None:
    with pytest.raises(CouldNotVerify):
        zap(text)


# Files


PDF = b"%PDF-1.7\n/CreationDate (D:20261120100000+01'00')\n" + b"x" * 200 + b"\n%%EOF\n"


def _file(path: Path, data: bytes, beside: str = "", target: Target | None = None, **parameters: Any) -> Evidence:
    path.write_bytes(data)
    if beside:
        path.with_name(path.name + ".about.yaml").write_text(beside)
    report = ToolReport(name="x", path=path, repository="shop" if target else None)
    return judge("artifact.file", report, target=target, **{"type": "pdf", "max_age_days": 30, **parameters})


def test_file_that_says_when_it_was_made(tmp_path: Path) -> None:
    assert _file(tmp_path / "a.pdf", PDF).text.startswith("a.pdf (pdf, 256 bytes), made 10 days ago by the file")
    made = "made_at: 2026-11-29T10:00:00Z\n"
    assert _file(tmp_path / "a.txt", b"words " * 50, made, type="text")
    assert _file(tmp_path / "a.json", json.dumps({"a": "b" * 100}).encode(), made, type="json")
    assert _file(tmp_path / "a.docx", b"PK\x03\x04" + b"\0" * 200 + b"PK\x05\x06" + b"\0" * 18, made, type="zip")


def test_file_that_git_dates(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("READINESS_NOW")  # what is committed now is not of the day that other files were made
    repo = Repo(tmp_path / "shop")
    repo.commit({"report.txt": "words " * 50}, days_ago=0)
    target = Target("test", resources=(Repository(name="shop", path=repo.path),))
    path = repo.path / "report.txt"
    data = path.read_bytes()
    asked: dict[str, Any] = {"target": target, "type": "text", "max_age_days": 3000}
    assert "by Git" in _file(path, data, **asked).text
    with pytest.raises(CouldNotVerify, match="nor does Git"):
        _file(path, data + b"changed since", **asked)
    with pytest.raises(CouldNotVerify, match="nor does Git"):
        _file(repo.path / "other.txt", data, **asked)


CUT = (
    (b"PK\x03\x04", "zip that is cut off"),
    (b"\x89PNG\r\n\x1a\n", "png that is cut off"),
    (b"\xff\xd8\xff", "jpeg that is cut off"),
    (b"version https://git-lfs.github.com/spec/v1\n", "a pointer of Git LFS"),
)


@pytest.mark.parametrize(
    ("data", "parameters", "error", "seen"),
    [
        (PDF, {"type": "text"}, ClaimFalse, "to be text; seen: pdf"),
        (
            b"<html>error</html>" * 20,
            {"beside": "made_at: 2026-11-29T10:00:00Z\n"},
            ClaimFalse,
            "to be pdf; seen: text",
        ),
        (PDF.replace(b"%%EOF", b""), {}, ClaimFalse, "cut off"),
        (PDF, {"min_bytes": 5000}, ClaimFalse, "or more; seen: 256 bytes"),
        (PDF, {"max_age_days": 5}, ClaimFalse, "a report of the last 5 days"),
        (PDF.replace(b"20261120", b"20271120"), {}, ClaimFalse, "a report of the past"),
        (PDF.replace(b"Creation", b"Another"), {}, CouldNotVerify, "does not say when it was made"),
        (PDF.replace(b"20261120", b"20261320"), {}, CouldNotVerify, "does not say when it was made"),
        (b"  \n", {}, CouldNotVerify, "is empty"),
        (
            PDF.replace(b"20261120", b"20240101"),
            {"beside": "made_at: 2026-11-29T10:00:00Z\n"},
            ClaimFalse,
            "last 30 days",
        ),
        *((data + b"\0" * 300, {"beside": "made_at: 2026-11-29T10:00:00Z\n"}, ClaimFalse, seen) for data, seen in CUT),
    ],
    ids=range(14),
)
def test_file_that_does_not_count(
    tmp_path: Path, data: bytes, parameters: dict[str, Any], error: type[Exception], seen: str
) -> None:
    with pytest.raises(error, match=seen):
        _file(tmp_path / "a.pdf", data, **parameters)
