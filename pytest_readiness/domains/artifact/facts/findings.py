"""Findings of static analysis, of audits of dependencies and of scans of images, on one scale of severities."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, get_args

from pytest_readiness.config.target import Target
from pytest_readiness.core.evidence import CouldNotVerify
from pytest_readiness.core.registry import fact
from pytest_readiness.domains.artifact.files import (
    ReportFile,
    ReportOrigin,
    json_of,
    lines_of,
    moment_of,
    origin_of,
    read_report,
    shape,
    told,
)
from pytest_readiness.domains.artifact.resource import ToolReport

FindingSeverity = Literal["unknown", "none", "info", "low", "medium", "high", "critical"]
ScanKind = Literal["analysis", "audit", "image"]
SCALE: tuple[FindingSeverity, ...] = get_args(FindingSeverity)
READ = "SARIF, Trivy, Grype, pip-audit, npm, pnpm, yarn 1, cargo audit and osv-scanner"
_WORDS: Mapping[str, FindingSeverity] = {
    **{each: each for each in SCALE},
    "note": "low",
    "minor": "low",
    "negligible": "info",
    "informational": "info",
    "moderate": "medium",
    "warning": "medium",
    "error": "high",
    "important": "high",
}
_SCORES: tuple[tuple[float, FindingSeverity], ...] = ((9, "critical"), (7, "high"), (4, "medium"), (0.1, "low"))


@dataclass(frozen=True, slots=True)
class ToolFinding:
    """What a tool has found.

    Attributes:
        severity: by the tool's own word for it.
        id: the rule or advisory.
        where: file or package.
        suppressed: someone has said that it does not count.
        scored: by a score of 0 to 10, where the tool gives one; else "unknown".
        has_score: it gives one, if one that cannot be read.
    """

    severity: FindingSeverity
    id: str
    where: str
    suppressed: bool = False
    scored: FindingSeverity = "unknown"
    has_score: bool = False


@dataclass(slots=True)
class _Scan:
    """What one file tells; see `Findings`."""

    kind: ScanKind
    tools: list[str]
    found: list[ToolFinding] = field(default_factory=list)
    made: datetime | None = None
    commit: str = ""
    looked_at: int | None = None
    packages: list[str] = field(default_factory=list)
    gaps: list[str] = field(default_factory=list)
    silenced: int | None = None
    database: datetime | None = None
    images: list[str] = field(default_factory=list)
    digests: list[str] = field(default_factory=list)
    unfixed: bool = False


@dataclass(frozen=True, slots=True)
class Findings:
    """What tools have found.

    Attributes:
        origin: what is known of the report besides.
        kind: what was looked at: code, dependencies or an image.
        tools: names of those that ran.
        found: all findings, those that are suppressed too.
        count: how many there are.
        looked_at: how many packages or files were looked at; None where the format does not tell.
        packages: those that were looked at ("name==version"), where the format names all.
        gaps: what was not looked at, or failed.
        incomplete: how many gaps there are.
        silenced: how many findings were left out of the report; None where the format does not tell.
        database: when the oldest database of vulnerabilities was made; None where the format does not tell.
        images, digests: ids of the image that was looked at, and digests under which a registry has it.
        unfixed: a finding is listed for which there is no fix, so that such findings were not left out.
    """

    origin: ReportOrigin
    kind: ScanKind
    tools: tuple[str, ...]
    found: tuple[ToolFinding, ...] = field(repr=False)
    count: int
    looked_at: int | None
    packages: tuple[str, ...] = field(repr=False)
    gaps: tuple[str, ...]
    incomplete: int
    silenced: int | None
    database: datetime | None
    images: tuple[str, ...] = ()
    digests: tuple[str, ...] = ()
    unfixed: bool = False


@fact(deadline=60)
def tool_findings(report: ToolReport, target: Target) -> Findings:
    """Findings in the report's files, and what the tools say of their own run."""
    files = read_report(report)
    scans = [_scan(file) for file in files]
    kinds = {each.kind for each in scans}
    if len(kinds) > 1:
        raise CouldNotVerify(f"{report.path}: its files are of different kinds, {' and '.join(sorted(kinds))}")
    made, commits = tuple(each.made for each in scans), tuple(each.commit for each in scans)
    looked, silenced = [each.looked_at for each in scans], [each.silenced for each in scans]
    databases = [each.database for each in scans]
    found = tuple(each for scan in scans for each in scan.found)
    if len(scans) > 1 and any(each.kind == "audit" and len(each.packages) != each.looked_at for each in scans):
        scans[0].gaps.append("several audits do not tell which packages they looked at: declare each as a report")
    gaps = tuple(each for scan in scans for each in scan.gaps)
    return Findings(
        origin=origin_of(report, target, files, made, commits),
        kind=kinds.pop(),
        tools=tuple(dict.fromkeys(told(each) for scan in scans for each in scan.tools)),
        found=found,
        count=len(found),
        looked_at=None if None in looked else sum(each or 0 for each in looked),
        packages=tuple(each for scan in scans for each in scan.packages),
        gaps=gaps,
        incomplete=len(gaps),
        silenced=None if None in silenced else sum(each or 0 for each in silenced),
        database=None if None in databases else min(each for each in databases if each),
        images=tuple(dict.fromkeys(each for scan in scans for each in scan.images)),
        digests=tuple(dict.fromkeys(each for scan in scans for each in scan.digests)),
        unfixed=any(each.unfixed for each in scans),
    )


def _scan(file: ReportFile) -> _Scan:
    if file.data.lstrip().startswith(b'{"type":"audit'):
        with shape(file, "yarn's"):
            return _yarn(file)
    data = json_of(file)
    keys = data.keys() if isinstance(data, dict) else {"dependencies"} if isinstance(data, list) else set()
    for key, read in _FORMATS.items():
        if set(key.split()) <= keys:
            with shape(file, "a report with " + key):
                scan = read(data)
            scan.digests += [file.about.image] if file.about.image and scan.kind == "image" else []
            return scan
    said = data.get("message") or data.get("error") if isinstance(data, dict) else None
    why = f": it says {told(said)}" if isinstance(said, str) else ""
    raise CouldNotVerify(f"{file.path} is no report that is read{why}; those of {READ} are")


def severity_of(word: object) -> FindingSeverity:
    """A word of any tool on the common scale."""
    return _WORDS.get(word.strip().lower(), "unknown") if isinstance(word, str) else "unknown"


def _scored(score: object) -> FindingSeverity:
    try:
        number = float(score) if isinstance(score, str | int | float) else -1.0
    except ValueError:
        number = -1.0
    return next((word for least, word in _SCORES if least <= number <= 10), "none" if number == 0 else "unknown")


def _sarif(data: Any) -> _Scan:
    scan = _Scan("analysis", [], silenced=0)
    made, commits = [], set()
    if data["version"] != "2.1.0":
        raise CouldNotVerify(f"SARIF of version {told(data['version'])} is not read; that of 2.1.0 is")
    for run in data["runs"]:
        name = run["tool"]["driver"]["name"]
        scan.tools.append(name)
        if run.get("results") is None:
            scan.gaps.append(f"{told(name)} gives no results")
        if "results" in (run.get("externalPropertyFileReferences") or {}):
            scan.gaps.append(f"{told(name)} has results in other files, which are not read")
        for each in run.get("invocations") or ():
            if not each["executionSuccessful"]:
                scan.gaps.append(f"{told(name)} did not finish")
            told_of = (each.get("toolExecutionNotifications") or []) + (
                each.get("toolConfigurationNotifications") or []
            )
            errors = sum(note.get("level") == "error" for note in told_of)
            scan.gaps += [f"{told(name)} tells of {errors} errors"] if errors else []
            made.append(moment_of(each.get("endTimeUtc") or each.get("startTimeUtc")))
        commits |= {
            each["revisionId"].lower() for each in run.get("versionControlProvenance") or () if each.get("revisionId")
        }
        # Bandit tells here of each file that it has read, and what a comment has silenced.
        metrics = (run.get("properties") or {}).get("metrics") or {}
        files = len(metrics) - 1 if "_totals" in metrics else len(run.get("artifacts") or ()) or None
        scan.gaps += [f"{told(name)} has read no file"] if files == 0 else []
        scan.looked_at = scan.looked_at if files is None else (scan.looked_at or 0) + files
        scan.silenced = (scan.silenced or 0) + int(metrics.get("_totals", {}).get("nosec", 0))
        scan.found += [_result(run, each) for each in run.get("results") or () if each.get("baselineState") != "absent"]
    known = [each for each in made if each]
    scan.made, scan.commit = min(known, default=None), " and ".join(sorted(commits))
    return scan


def _result(run: Any, result: Any) -> ToolFinding:
    rule = _rule(run, result)
    level = result.get("level") or _configured(run, result, rule) or "warning"
    if (result.get("kind") or "fail") != "fail":
        level = "none"
    states = [each.get("status", "accepted") for each in result.get("suppressions") or ()]
    place = ((result.get("locations") or [{}])[0].get("physicalLocation") or {}).get("artifactLocation") or {}
    score = (rule.get("properties") or {}).get("security-severity")
    return ToolFinding(
        severity_of(level),
        told(result.get("ruleId") or rule.get("id") or "no rule"),
        told(place.get("uri", "")),
        bool(states) and set(states) == {"accepted"},
        # A score that cannot be read is not one that is missing.
        "none" if level == "none" else "unknown" if score is None else _scored(score),
        score is not None,
    )


def _configured(run: Any, result: Any, rule: Any) -> Any:
    """The level of a rule: as the run was told to have it, else its own."""
    default = (rule.get("defaultConfiguration") or {}).get("level")
    levels = []
    for each in run.get("invocations") or ():
        for other in each.get("ruleConfigurationOverrides") or ():
            of = {"ruleId": other["descriptor"].get("id"), "rule": other["descriptor"]}
            if _rule(run, of) is rule if rule else of["ruleId"] == result.get("ruleId"):
                levels.append(other["configuration"].get("level") or default or "warning")
    return max(levels, key=lambda each: SCALE.index(severity_of(each)), default=default)


def _rule(run: Any, result: Any) -> Any:
    of = result.get("rule") or {}
    component = (of.get("toolComponent") or {}).get("index")
    tool = run["tool"]["driver"] if component is None else run["tool"]["extensions"][component]
    rules, index = tool.get("rules") or [], result.get("ruleIndex", of.get("index", -1))
    if 0 <= index < len(rules):
        return rules[index]
    return next((each for each in rules if each.get("id") == (result.get("ruleId") or of.get("id"))), {})


def _trivy(data: Any) -> _Scan:
    image = data["ArtifactType"] == "container_image"
    about, results = data.get("Metadata") or {}, data.get("Results") or []
    scan = _Scan("image" if image else "audit", ["Trivy"], made=moment_of(data.get("CreatedAt")), looked_at=None)
    system, classes = about.get("OS") or {}, {each.get("Class") for each in results}
    if not classes & {"os-pkgs", "lang-pkgs"}:
        scan.gaps.append("Trivy has looked at no packages")
    if system and "os-pkgs" not in classes:
        scan.gaps.append(f"Trivy has not looked at packages of {told(system.get('Family', ''))}")
    if system.get("EOSL"):
        scan.gaps.append(f"{told(system.get('Family', ''))} {told(system.get('Name', ''))} gets no more advisories")
    listed = [each for result in results for each in result.get("Packages") or ()]
    if listed and not image:
        scan.packages = [f"{each['Name']}=={each.get('Version', '')}" for each in listed]
    scan.looked_at = len(listed) or None
    scan.images, scan.digests = [about.get("ImageID", "")], [_digest(each) for each in about.get("RepoDigests") or ()]
    for result in results:
        for each in result.get("Vulnerabilities") or ():
            scan.found.append(
                ToolFinding(severity_of(each.get("Severity")), told(each["VulnerabilityID"]), told(each["PkgName"]))
            )
            scan.unfixed = scan.unfixed or not each.get("FixedVersion")
        for each in (*(result.get("Secrets") or ()), *(result.get("Misconfigurations") or ())):
            id = each.get("RuleID") or each["ID"]
            if each.get("Status", "FAIL") == "FAIL":
                scan.found.append(ToolFinding(severity_of(each.get("Severity")), told(id), told(result["Target"])))
        for each in result.get("ExperimentalModifiedFindings") or ():
            of = each["Finding"]
            id = of.get("VulnerabilityID") or of.get("RuleID") or of["ID"]
            scan.found.append(ToolFinding(severity_of(of.get("Severity")), told(id), told(of.get("PkgName", "")), True))
            scan.silenced = 0
    return scan


def _grype(data: Any) -> _Scan:
    image = data["source"]["type"] == "image"
    of, descriptor = data["source"]["target"], data["descriptor"]
    base = descriptor.get("db") or {}
    base = base.get("status") or base
    scan = _Scan("image" if image else "audit", ["Grype"], made=moment_of(descriptor.get("timestamp")), silenced=0)
    scan.database = moment_of(base.get("built"))
    if base.get("valid") is False or base.get("error"):
        scan.gaps.append("Grype says that its database is not valid")
    for key in ("matches", "ignoredMatches"):
        for each in data.get(key) or ():
            has, package = each["vulnerability"], each["artifact"]
            finding = ToolFinding(
                severity_of(has.get("severity")), told(has["id"]), told(package["name"]), key != "matches"
            )
            scan.found.append(finding)
            scan.unfixed = scan.unfixed or (has.get("fix") or {}).get("state") != "fixed"
    if not (data.get("distro") or {}).get("name") and not scan.found:
        scan.gaps.append(
            "Grype has found neither a distribution nor anything else, and does not tell what it looked at"
        )
    if image:
        scan.images = [of.get("imageID", ""), of.get("manifestDigest", "")]
        scan.digests = [_digest(each) for each in of.get("repoDigests") or ()]
    return scan


def _digest(reference: str) -> str:
    return reference.rpartition("@")[2]


def _pip(data: Any) -> _Scan:
    packages = data["dependencies"] if isinstance(data, dict) else data
    scan = _Scan("audit", ["pip-audit"])
    for each in packages:
        if "skip_reason" in each:
            scan.gaps.append(f"pip-audit has skipped {told(each['name'])}")
            continue
        scan.packages.append(f"{each['name']}=={each['version']}")
        scan.found += [ToolFinding("unknown", told(has["id"]), told(each["name"])) for has in each["vulns"]]
    scan.looked_at = len(scan.packages)
    return scan


def _npm(data: Any) -> _Scan:
    found = [
        ToolFinding(severity_of(has["severity"]), told(name), told(name))
        for name, has in data["vulnerabilities"].items()
    ]
    about = data["metadata"]
    scan = _Scan("audit", ["npm audit"], found, looked_at=int(about["dependencies"]["total"]))
    _all_listed(scan, len(found), (about.get("vulnerabilities") or {}).get("total"))
    return scan


def _all_listed(scan: _Scan, listed: int, counted: object) -> None:
    """A report that counts more than it lists has lost findings."""
    if isinstance(counted, int) and counted > listed:
        scan.gaps.append(f"{scan.tools[0]} counts {counted} findings and lists {listed}")


def _pnpm(data: Any) -> _Scan:
    found = [_advisory(each) for each in data["advisories"].values()]
    about = data["metadata"]
    total = about.get("totalDependencies", about.get("dependencies"))
    return _Scan("audit", ["pnpm audit"], found, looked_at=int(total), silenced=len(data.get("muted") or ()))


def _advisory(advisory: Any) -> ToolFinding:
    id = advisory.get("github_advisory_id") or advisory.get("id")
    return ToolFinding(severity_of(advisory.get("severity")), told(id), told(advisory["module_name"]))


def _yarn(file: ReportFile) -> _Scan:
    scan = _Scan("audit", ["yarn audit"])
    for line in filter(str.strip, lines_of(file)):
        each = json.loads(line)
        if each["type"] == "auditAdvisory":
            scan.found.append(_advisory(each["data"]["advisory"]))
        elif each["type"] == "auditSummary":
            scan.looked_at = int(each["data"]["totalDependencies"])
    if scan.looked_at is None:
        scan.gaps.append("yarn gives no summary, so it did not finish")
    return scan


def _cargo(data: Any) -> _Scan:
    listed = data["vulnerabilities"]["list"]
    found = [ToolFinding("unknown", told(each["advisory"]["id"]), told(each["package"]["name"])) for each in listed]
    scan = _Scan("audit", ["cargo audit"], found, looked_at=int(data["lockfile"]["dependency-count"]))
    _all_listed(scan, len(listed), data["vulnerabilities"].get("count"))
    scan.silenced = len((data.get("settings") or {}).get("ignore") or ())
    scan.database = moment_of(data["database"].get("last-updated"))
    return scan


def _osv(data: Any) -> _Scan:
    scan = _Scan("audit", ["osv-scanner"])
    for result in data["results"]:
        for each in result["packages"]:
            of = each["package"]
            scan.packages.append(f"{of['name']}=={of.get('version', '')}")
            scan.found += [
                ToolFinding(_scored(group.get("max_severity") or None), told(group["ids"][0]), told(of["name"]))
                for group in each.get("groups") or ()
            ]
            grouped = {id for group in each.get("groups") or () for id in group["ids"]}
            scan.found += [
                ToolFinding("unknown", told(has["id"]), told(of["name"]))
                for has in each.get("vulnerabilities") or ()
                if has["id"] not in grouped
            ]
    scan.looked_at = len(scan.packages)
    return scan


_FORMATS: Mapping[str, Callable[[Any], _Scan]] = {
    "runs": _sarif,
    "SchemaVersion ArtifactType": _trivy,
    "matches source descriptor": _grype,
    "auditReportVersion vulnerabilities metadata": _npm,
    "advisories metadata": _pnpm,
    "database lockfile vulnerabilities": _cargo,
    "results": _osv,
    "dependencies": _pip,
}
"""By the keys that tell a format."""
