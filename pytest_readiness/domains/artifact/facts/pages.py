"""What Lighthouse, axe and ZAP found on pages of a site."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any

from pytest_readiness.config.target import Target
from pytest_readiness.core.evidence import CouldNotVerify
from pytest_readiness.core.registry import fact
from pytest_readiness.domains.artifact.files import (
    ReportFile,
    ReportOrigin,
    json_of,
    moment_of,
    origin_of,
    read_report,
    told,
    xml_of,
)
from pytest_readiness.domains.artifact.resource import ToolReport
from pytest_readiness.domains.artifact.shapes import OddError, as_written_by, host_of, number, text


@dataclass(frozen=True, slots=True)
class LighthouseRun:
    """One run of Lighthouse.

    Attributes:
        file: where it stands.
        requested, final: the address that was asked for, and the one that was then shown.
        fetched: when, as the report has it.
        form_factor: "mobile" or "desktop".
        error: code of what went wrong; "" for nothing.
        warnings: what Lighthouse says of the run, as a number.
        scores: by category, from 0 to 100; those that could not be computed are left out.
    """

    file: str
    requested: str
    final: str
    fetched: str
    form_factor: str
    error: str
    warnings: int
    scores: dict[str, float]


@dataclass(frozen=True, slots=True)
class LighthouseReport:
    """Runs of Lighthouse.

    Attributes:
        origin: what is known of the report.
        count: how many runs there are.
        runs: all of them.
    """

    origin: ReportOrigin
    count: int
    runs: tuple[LighthouseRun, ...]


@fact(deadline=30)
def lighthouse_report(report: ToolReport, target: Target) -> LighthouseReport:
    """Runs of Lighthouse, each from a file in JSON, its own or that of PageSpeed Insights."""
    files = read_report(report)
    runs = tuple(map(_lighthouse, files))
    made = tuple(moment_of(run.fetched) for run in runs)
    return LighthouseReport(origin_of(report, target, files, made), len(runs), runs)


def _lighthouse(file: ReportFile) -> LighthouseRun:
    found = json_of(file)
    if isinstance(found, list):
        raise CouldNotVerify(f"{file.path} is a list: declare the reports themselves (lhr-*.json), not their manifest")
    with as_written_by("Lighthouse", file):
        found = found.get("lighthouseResult", found)
        scores = {key: each["score"] for key, each in found["categories"].items()}
        return LighthouseRun(
            file=file.path.name,
            requested=text(found["requestedUrl"]),
            final=text(found.get("finalDisplayedUrl") or found["finalUrl"]),
            fetched=text(found["fetchTime"]),
            form_factor=text(
                found["configSettings"].get("formFactor") or found["configSettings"]["emulatedFormFactor"]
            ),
            error=text((found.get("runtimeError") or {}).get("code") or "").replace("NO_ERROR", ""),
            warnings=len(found.get("runWarnings") or ()),
            scores={key: _score(each) for key, each in scores.items() if each is not None},
        )


def _score(value: Any) -> float:
    found = number(value)
    if found > 1:
        raise OddError(f"{told(value)} is no score from 0 to 1")
    # Two places: 0.57 * 100 is a little less than 57.
    return round(found * 100, 6)


@dataclass(frozen=True, slots=True)
class AxeFinding:
    """A rule that a page breaks.

    Attributes:
        rule: its name.
        impact: minor, moderate, serious or critical; "" where axe does not say it.
        tags: of the rule.
        nodes: at how many places.
    """

    rule: str
    impact: str
    tags: tuple[str, ...]
    nodes: int


@dataclass(frozen=True, slots=True)
class AxePage:
    """A page that axe has looked at.

    Attributes:
        url: its address.
        by_rules: rules were chosen by their names instead.
        off: rules that were turned off.
        ran: tags of all rules that ran, with something to judge or without; where tags were asked for, only those.
        passes, violated, incomplete: how many rules held, did not, or need a person.
        violations: those that did not.
    """

    url: str
    by_rules: bool
    off: tuple[str, ...]
    ran: tuple[str, ...]
    passes: int
    violated: int
    incomplete: int
    violations: tuple[AxeFinding, ...]


@dataclass(frozen=True, slots=True)
class AxeReport:
    """Pages that axe has looked at.

    Attributes:
        origin: what is known of the report.
        version: of axe.
        count: how many pages there are.
        pages: all of them.
    """

    origin: ReportOrigin
    version: str
    count: int
    pages: tuple[AxePage, ...]


@fact(deadline=30)
def axe_report(report: ToolReport, target: Target) -> AxeReport:
    """Pages that axe has looked at, from its results in JSON: one, or a list of them."""
    files = read_report(report)
    pages: list[AxePage] = []
    made: list[datetime | None] = []
    version = ""
    for file in files:
        with as_written_by("axe", file):
            found = json_of(file)
            results = found if isinstance(found, list) else [found]
            pages += map(_axe_page, results)
            moments = [moment_of(each["timestamp"]) for each in results]
            known = [each for each in moments if each and each.tzinfo]
            made.append(min(known) if known and len(known) == len(moments) else None)
            version = text(results[0]["testEngine"]["version"])
    return AxeReport(origin_of(report, target, files, tuple(made)), version, len(pages), tuple(pages))


def _axe_page(found: Mapping[str, Any]) -> AxePage:
    options = found.get("toolOptions") or {}
    only = options.get("runOnly") or None
    chosen = only if isinstance(only, Mapping) else {"type": "tag", "values": only} if only else None
    values = chosen["values"] if chosen else []
    asked = set(map(text, [values] if isinstance(values, str) else values))
    kinds = ("passes", "violations", "incomplete", "inapplicable")
    ran = {text(tag) for kind in kinds for each in found.get(kind, ()) for tag in each["tags"]}
    return AxePage(
        url=text(found["url"]),
        by_rules=chosen is not None and chosen["type"] not in ("tag", "tags"),
        off=tuple(sorted(rule for rule, how in (options.get("rules") or {}).items() if how.get("enabled") is False)),
        ran=tuple(sorted(ran & asked if asked else ran)),
        passes=len(found["passes"]),
        violated=len(found["violations"]),
        incomplete=len(found["incomplete"]),
        violations=tuple(
            AxeFinding(text(each["id"]), each.get("impact") or "", tuple(map(text, each["tags"])), len(each["nodes"]))
            for each in found["violations"]
        ),
    )


@dataclass(frozen=True, slots=True)
class ZapAlert:
    """What ZAP has found, once for all places.

    Attributes:
        rule: its number.
        name: what it is called.
        risk: 0 (informational), 1 (low), 2 (medium) or 3 (high); None where that cannot be read.
        false_positive: it was marked as one.
        places: at how many addresses.
    """

    rule: str
    name: str
    risk: int | None
    false_positive: bool
    places: int


@dataclass(frozen=True, slots=True)
class ZapSite:
    """A site that ZAP has seen.

    Attributes:
        host: its host.
        count: how many alerts there are.
        alerts: all of them.
        endpoints: how many addresses ZAP knows of it; None where the report does not say it.
        good_percent: how many answers were of 2xx, in percent; None likewise.
    """

    host: str
    count: int
    alerts: tuple[ZapAlert, ...]
    endpoints: int | None = None
    good_percent: float | None = None


@dataclass(frozen=True, slots=True)
class ZapReport:
    """Scans by ZAP.

    Attributes:
        origin: what is known of the report.
        kinds: what kinds of scans it is of, as the files beside the report say; "" where one does not.
        sites: that ZAP has seen.
    """

    origin: ReportOrigin
    kinds: tuple[str, ...]
    sites: tuple[ZapSite, ...]


@fact(deadline=30)
def zap_report(report: ToolReport, target: Target) -> ZapReport:
    """Sites that ZAP has scanned, from its traditional reports in JSON or XML."""
    files = read_report(report)
    sites: list[ZapSite] = []
    made: list[datetime | None] = []
    for file in files:
        with as_written_by("ZAP", file):
            found = _zap_xml(file) if file.data.lstrip(b"\xef\xbb\xbf \r\n\t").startswith(b"<") else json_of(file)
            sites += [_zap_site(each, found.get("insights") or []) for each in found["site"]]
            made.append(_zap_moment(found))
    kinds = tuple(file.about.kind or "" for file in files)
    return ZapReport(origin_of(report, target, files, tuple(made)), kinds, tuple(sites))


def _zap_xml(file: ReportFile) -> dict[str, Any]:
    """A report in XML, as it would be in JSON."""
    root = xml_of(file)
    if root.tag != "OWASPZAPReport":
        raise OddError("it is not OWASPZAPReport")

    def children(parent: Any, tag: str) -> list[dict[str, str]]:
        return [{str(field.tag): field.text or "" for field in each} for each in parent.iter(tag)]

    sites = [
        {"@host": site.attrib["host"], "@name": site.get("name"), "alerts": children(site, "alertitem")}
        for site in root.findall("site")
    ]
    moments = {"@generated": root.get("generated"), "created": root.get("created")}
    return {**moments, "site": sites, "insights": children(root, "insight")}


def _zap_moment(found: Mapping[str, Any]) -> datetime | None:
    if moment := moment_of(found.get("created")):
        return moment
    try:
        return parsedate_to_datetime(text(found.get("@generated"))).replace(tzinfo=None)
    except ValueError:
        return None


def _zap_site(site: Mapping[str, Any], insights: list[Mapping[str, Any]]) -> ZapSite:
    def insight(key: str) -> float | None:
        for each in insights:
            if each.get("key") == key and host_of(str(each.get("site") or "")) == host:
                return number(each["statistic"])
        return None

    host, endpoints = host_of(text(site["@host"])), None
    total = insight("insight.endpoint.total")
    endpoints = None if total is None else int(total)
    alerts = tuple(_zap_alerts(site["alerts"]))
    return ZapSite(host, len(alerts), alerts, endpoints, insight("insight.code.2xx"))


def _zap_alerts(alerts: list[Mapping[str, Any]]) -> Iterator[ZapAlert]:
    for each in alerts:
        code = str(each.get("riskcode"))
        yield ZapAlert(
            rule=text(each["pluginid"]),
            name=text(each.get("name") or each["alert"]),
            risk=int(code) if code in ("0", "1", "2", "3") else None,
            false_positive=str(each["confidence"]) == "0",
            places=int(number(each.get("count") or 0)),
        )
