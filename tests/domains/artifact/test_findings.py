from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from pytest_readiness.core import clock
from pytest_readiness.core.evidence import ClaimFalse, CouldNotVerify, Evidence, NotDeclared
from pytest_readiness.domains.artifact.resource import ToolReport
from pytest_readiness.domains.image.resource import Image
from tests.domains.artifact.reports import DATA, NOW, Release
from tests.judging import judge

Json = dict[str, Any]
OTHER = f"sha256:{'1' * 64}"
ID, DIGEST = f"sha256:{'a' * 64}", f"sha256:{'d' * 64}"


def sarif(release: Release, report: ToolReport, **parameters: Any) -> str:
    return judge("artifact.sarif", report, target=release.target, **{"tools": ["bandit"]} | parameters).text


def run(results: Any, *, name: str = "Bandit", **more: Any) -> Json:
    return {"tool": {"driver": {"name": name, "rules": [{"id": "R1"}, {"id": "R2"}]}}, "results": results} | more


def in_sarif(*runs: Json) -> str:
    return json.dumps({"version": "2.1.0", "runs": list(runs)})


def test_bandit(release: Release) -> None:
    report = release.report("bandit.sarif")
    with pytest.raises(
        ClaimFalse, match=r"Bandit: 1 open findings at medium .* of 3 in 1 files, 1 silenced .*B602 in src/shop"
    ):
        sarif(release, report)
    with pytest.raises(ClaimFalse, match="3 open findings at low or above"):
        sarif(release, report, limit="low")
    found = sarif(release, report, limit="critical", max_age_days=1, tools=["Bandit"])
    assert found.startswith("Bandit: 0 open findings at critical or above of 3 in 1 files, 1 silenced by comments")
    clean = sarif(release, release.report("bandit-clean.sarif"), limit="info")
    assert clean == f"Bandit: 0 open findings at info or above of 0 in 1 files, made 12 h ago about {release.sha[:12]}"
    with pytest.raises(CouldNotVerify, match="has no run of semgrep; it has Bandit"):
        sarif(release, report, tools=["bandit", "semgrep"])


def test_bandit_that_read_no_file_proves_nothing(release: Release) -> None:
    data = json.loads((DATA / "bandit-clean.sarif").read_text("utf-8"))
    del data["runs"][0]["properties"]["metrics"]["./src/clean.py"]
    with pytest.raises(CouldNotVerify, match="Bandit has read no file"):
        sarif(release, release.report("a.sarif", json.dumps(data)))


ERROR = {"ruleId": "R1", "level": "error", "locations": []}


@pytest.mark.parametrize(
    ("result", "open"),
    [
        (ERROR, True),
        ({"ruleId": "R1"}, True),  # a level of "warning" by default
        ({"ruleId": "R1", "level": "note"}, False),
        ({**ERROR, "kind": "pass"}, False),
        ({**ERROR, "kind": "review"}, False),
        ({**ERROR, "kind": None}, True),
        ({**ERROR, "suppressions": []}, True),
        ({**ERROR, "suppressions": [{"kind": "inSource"}]}, False),
        ({**ERROR, "suppressions": [{"kind": "external", "status": "underReview"}]}, True),
        ({**ERROR, "suppressions": [{"kind": "external", "status": "rejected"}, {"kind": "inSource"}]}, True),
        ({**ERROR, "baselineState": "absent"}, False),
        ({**ERROR, "baselineState": "unchanged"}, True),
        ({"ruleId": "R1", "level": "dreadful"}, True),
    ],
)
def test_which_results_are_open(release: Release, result: Json, open: bool) -> None:
    report = release.report("a.sarif", in_sarif(run([result])))
    if open:
        with pytest.raises(ClaimFalse, match="1 open findings at medium"):
            sarif(release, report)
    else:
        found = sarif(release, report)
        assert ("1 suppressed" in found) == bool(result.get("suppressions"))


def test_unknown_severities_may_be_allowed(release: Release) -> None:
    report = release.report("a.sarif", in_sarif(run([{"ruleId": "R1", "level": "dreadful"}])))
    assert "1 of unknown severity" in sarif(release, report, unknown="allow")


def test_a_rule_gives_level_and_score(release: Release) -> None:
    rule = {"id": "R3", "defaultConfiguration": {"level": "note"}, "properties": {"security-severity": "9.8"}}
    tool = {"driver": {"name": "CodeQL"}, "extensions": [{"name": "q", "rules": [rule]}]}
    result = {"rule": {"id": "R3", "index": 0, "toolComponent": {"index": 0}}}
    report = release.report("a.sarif", in_sarif({"tool": tool, "results": [result]}))
    assert sarif(release, report, tools=["codeql"]).startswith("CodeQL: 0 open findings at medium or above of 1")
    with pytest.raises(ClaimFalse, match="1 open findings at critical"):
        sarif(release, report, tools=["codeql"], by="security-severity", limit="critical")


def test_a_run_may_be_told_to_take_a_rule_otherwise(release: Release) -> None:
    def overridden(level: str, to: str, **descriptor: Any) -> str:
        override = {"descriptor": descriptor or {"id": "R3"}, "configuration": {"level": to}}
        found = run(
            [{"ruleId": "R3"}], invocations=[{"executionSuccessful": True, "ruleConfigurationOverrides": [override]}]
        )
        found["tool"]["driver"]["rules"] = [{"id": "R3", "defaultConfiguration": {"level": level}}]
        return sarif(release, release.report("a.sarif", in_sarif(found)))

    for descriptor in ({"id": "R3"}, {"index": 0}):
        with pytest.raises(ClaimFalse, match="1 open findings at medium"):
            overridden("note", "error", **descriptor)
    assert overridden("error", "note")
    with pytest.raises(ClaimFalse, match="1 open findings at medium"):
        overridden("error", "note", id="R4")


def test_a_score_that_cannot_be_read_is_unknown(release: Release) -> None:
    found = run([{"ruleId": "R3", "level": "note"}])
    found["tool"]["driver"]["rules"] = [{"id": "R3", "properties": {"security-severity": "high"}}]
    report = release.report("a.sarif", in_sarif(found))
    assert sarif(release, report)
    with pytest.raises(ClaimFalse, match="1 of unknown severity"):
        sarif(release, report, by="security-severity")


def test_what_sarif_hides(release: Release) -> None:
    clean = in_sarif(run([]))
    for text, match in (
        (clean.replace('"2.1.0"', '"2.0.0"'), "version 2.0.0 is not read"),
        (in_sarif(run([], externalPropertyFileReferences={"results": [{}]})), "results in other files"),
        (clean.replace('"runs"', f'"runs": {json.dumps([run([ERROR])])}, "runs"'), "a key that occurs twice"),
    ):
        with pytest.raises(CouldNotVerify, match=match):
            sarif(release, release.report("a.sarif", text))


@pytest.mark.parametrize(
    ("runs", "match"),
    [
        ([run(None)], "Bandit gives no results"),
        ([run([], invocations=[{"executionSuccessful": False}])], "Bandit did not finish"),
        ([run([]), run([], name="ESLint", invocations=[{"executionSuccessful": False}])], "ESLint did not finish"),
        (
            [run([], invocations=[{"executionSuccessful": True, "toolExecutionNotifications": [{"level": "error"}]}])],
            "tells of 1 errors",
        ),
        ([run([], invocations=[{}])], "is not of the shape"),
        ([], "has no run of bandit; it has none"),
    ],
)
def test_what_did_not_finish(release: Release, runs: list[Json], match: str) -> None:
    with pytest.raises(CouldNotVerify, match=match):
        sarif(release, release.report("a.sarif", in_sarif(*runs)))


def test_sarif_names_its_commit_itself(release: Release) -> None:
    for sha, beside in ((release.sha, None), (release.sha, ""), ("e" * 40, None), ("e" * 40, "")):
        text = in_sarif(run([], versionControlProvenance=[{"repositoryUri": "https://example.com", "revisionId": sha}]))
        report = release.report("a.sarif", text, about=beside)
        if beside is None:
            report.path.with_name("a.sarif.about.yaml").unlink(missing_ok=True)
        if sha == release.sha:
            assert sarif(release, report).endswith(f"about {sha[:12]}")
        else:
            with pytest.raises(ClaimFalse, match=r"one about eeeeeeeeeeee|names different commits"):
                sarif(release, report)


def npm(*severities: str, total: int = 2) -> str:
    found = {f"p{n}": {"name": f"p{n}", "severity": each, "via": []} for n, each in enumerate(severities)}
    return json.dumps(
        {"auditReportVersion": 2, "vulnerabilities": found, "metadata": {"dependencies": {"prod": 1, "total": total}}}
    )


def pip(*packages: str, vulnerable: str = "", skipped: str = "") -> str:
    found: list[Json] = [{"name": name, "version": "1.0", "vulns": []} for name in packages]
    found += [{"name": vulnerable, "version": "1.0", "vulns": [{"id": "PYSEC-1", "fix_versions": []}]}] * bool(
        vulnerable
    )
    found += [{"name": skipped, "skip_reason": "not found"}] * bool(skipped)
    return json.dumps({"dependencies": found, "fixes": []})


def cargo(*ids: str, count: int = 3) -> str:
    found = [{"advisory": {"id": id, "package": "p"}, "package": {"name": "p"}} for id in ids]
    return json.dumps(
        {
            "database": {"advisory-count": 9, "last-updated": "2026-11-30T00:00:00+01:00"},
            "lockfile": {"dependency-count": count},
            "settings": {"ignore": ["RUSTSEC-1"]},
            "vulnerabilities": {"found": bool(ids), "count": len(ids), "list": found},
        }
    )


def pnpm(severity: str = "low") -> str:
    advisory = {"severity": severity, "module_name": "p", "github_advisory_id": "GHSA-1"}
    return json.dumps({"actions": [], "advisories": {"1": advisory}, "muted": [], "metadata": {"totalDependencies": 2}})


def yarn(severity: str = "low", *, whole: bool = True) -> str:
    lines: list[Json] = [
        {"type": "auditAdvisory", "data": {"advisory": {"severity": severity, "module_name": "p", "id": 1}}}
    ]
    lines += [{"type": "auditSummary", "data": {"totalDependencies": 2}}] * whole
    return "".join(json.dumps(line, separators=(",", ":")) + "\n" for line in lines)


def osv(score: str = "", *, packages: int = 2) -> str:
    listed: list[Json] = [{"package": {"name": f"p{n}", "version": "1.0"}} for n in range(packages)]
    if score:
        listed[0] |= {"groups": [{"ids": ["GHSA-1"], "max_severity": score}]}
    return json.dumps({"results": [{"source": {"path": "uv.lock"}, "packages": listed}] if listed else []})


UV = """version = 1
requires-python = ">=3.11"
[[package]]
name = "shop"
version = "1.0"
source = { editable = "." }
[[package]]
name = "P0"
version = "1.0"
source = { registry = "https://index.example.com/simple" }
[[package]]
name = "p1"
version = "1.0"
source = { registry = "https://index.example.com/simple" }
"""
LOCKS = {
    "requirements.txt": "# made\nP.0==1.0 \\\n    --hash=sha256:00\np_1[x]==1.0 ; python_version > '3'\n",
    "uv.lock": UV,
    "package-lock.json": json.dumps(
        {
            "lockfileVersion": 3,
            "packages": {
                "": {"name": "shop"},
                "node_modules/p0": {"version": "1.0"},
                "node_modules/p0/node_modules/p1": {"version": "1.0"},
                "node_modules/own": {"link": True},
                "packages/own": {"version": "1.0"},
            },
        }
    ),
    "old/package-lock.json": json.dumps(
        {"lockfileVersion": 1, "dependencies": {"p0": {"version": "1.0", "dependencies": {"p1": {"version": "1.0"}}}}}
    ),
    "Cargo.lock": '[[package]]\nname="shop"\nversion="1.0"\n'
    + "".join(f'[[package]]\nname="p{n}"\nversion="1.0"\nsource="registry+https://example.com"\n' for n in range(2)),
    "yarn.lock": "# yarn lockfile v1\n"
    + "".join(f'\n"p{n}@^1.0", p{n}@1.x:\n  version "1.0"\n  integrity sha512-x\n' for n in range(2)),
    "more/yarn.lock": "".join(f'\np{n}@^1.0:\n  version "1.0"\n' for n in range(3)),
    "pnpm-lock.yaml": "lockfileVersion: '9.0'\n",
    "empty.txt": "# nothing\nflask>=2\n",
}


@pytest.fixture
def locked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Release:
    monkeypatch.setenv(clock.VARIABLE, NOW)
    reference = f"registry.example.com/shop@{DIGEST}"
    return Release(tmp_path, LOCKS, others=(Image(name="web", image=reference), Image(name="id", image=ID)))


def audit(release: Release, text: str, **parameters: Any) -> Evidence:
    return judge("artifact.dependency_audit", release.report("a.json", text), target=release.target, **parameters)


@pytest.mark.parametrize(
    ("text", "lock", "seen"),
    [
        (
            npm("moderate"),
            "package-lock.json",
            "npm audit: 0 open findings at high or above of 1 in 2 packages, what was left",
        ),
        (npm(), "old/package-lock.json", "npm audit: 0 open findings at high or above of 0 in 2 packages"),
        (pip("P-0", "p.1"), "requirements.txt", "pip-audit: 0 open findings at high or above of 0 in 2 packages"),
        (pip("p0", "p1"), "uv.lock", "pip-audit: 0 open"),
        (json.dumps(json.loads(pip("p0", "p1"))["dependencies"]), "uv.lock", "pip-audit: 0 open"),
        (cargo(), "Cargo.lock", "cargo audit: 0 open findings at high or above of 0 in 3 packages, 1 silenced"),
        (osv("6.9"), "uv.lock", "osv-scanner: 0 open findings at high or above of 1 in 2 packages"),
        (yarn(), "yarn.lock", "yarn audit: 0 open findings at high or above of 1 in 2 packages"),
    ],
)
def test_audits_by_the_documented_shape_of_each_tool(locked: Release, text: str, lock: str, seen: str) -> None:
    found = audit(locked, text, lock=lock)
    assert found.text.startswith(seen)


@pytest.mark.parametrize(
    ("text", "parameters", "error", "match"),
    [
        (npm("high"), {"lock": "package-lock.json"}, ClaimFalse, "1 open findings at high.*: p0 in p0"),
        (npm("moderate"), {"lock": "package-lock.json", "limit": "medium"}, ClaimFalse, "1 open findings at medium"),
        (npm("strange"), {"lock": "package-lock.json"}, ClaimFalse, "1 of unknown severity"),
        (npm(total=1), {"lock": "package-lock.json"}, ClaimFalse, "audit of the 2 packages .* seen: one of 1 packages"),
        (npm(total=0), {"lock": "package-lock.json"}, CouldNotVerify, "is of nothing"),
        (
            '{"message": "request failed", "statusCode": 405}',
            {"lock": "uv.lock"},
            CouldNotVerify,
            "it says request failed",
        ),
        (pip("p0", vulnerable="p1"), {"lock": "uv.lock", "limit": "critical"}, ClaimFalse, "PYSEC-1 in p1"),
        (pip("p0", skipped="p1"), {"lock": "uv.lock"}, CouldNotVerify, "pip-audit has skipped p1"),
        (pip("p0", "other"), {"lock": "uv.lock"}, ClaimFalse, "1 were not looked at: p1==1.0"),
        (pip(), {"lock": "uv.lock"}, CouldNotVerify, "is of nothing"),
        (cargo("RUSTSEC-2"), {"lock": "Cargo.lock"}, ClaimFalse, "RUSTSEC-2 in p"),
        (cargo(count=1), {"lock": "Cargo.lock"}, ClaimFalse, "one of 1 packages"),
        (osv("7.0"), {"lock": "uv.lock"}, ClaimFalse, "GHSA-1 in p0"),
        (osv(packages=0), {"lock": "uv.lock"}, CouldNotVerify, "is of nothing"),
        (pnpm("critical"), {"lock": "yarn.lock"}, ClaimFalse, "GHSA-1 in p"),
        (yarn("high"), {"lock": "yarn.lock"}, ClaimFalse, "1 in p"),
        (yarn(), {"lock": "more/yarn.lock"}, ClaimFalse, "one of 2 packages"),
        (pnpm(), {"lock": "pnpm-lock.yaml"}, CouldNotVerify, "pnpm-lock.yaml cannot be compared"),
        (yarn(whole=False), {"lock": "yarn.lock"}, CouldNotVerify, "gives no summary"),
        (npm(), {"lock": "web/package-lock.json"}, CouldNotVerify, "has no file web/package-lock.json"),
        (pip("p0"), {"lock": "empty.txt"}, CouldNotVerify, "names no package with its version"),
        ("{}", {"lock": "uv.lock"}, CouldNotVerify, "is no report that is read; those of SARIF"),
        ("[]", {"lock": "uv.lock"}, CouldNotVerify, "is of nothing"),
        ('"a"', {"lock": "uv.lock"}, CouldNotVerify, "is no report that is read"),
        (in_sarif(run([])), {"lock": "uv.lock"}, CouldNotVerify, "SARIF of static analysis, not of an audit"),
    ],
)
def test_audits_that_are_not_a_pass(
    locked: Release, text: str, parameters: Json, error: type[Exception], match: str
) -> None:
    with pytest.raises(error, match=match):
        audit(locked, text, **parameters)


def test_pip_audit_without_an_index_of_vulnerabilities(locked: Release) -> None:
    with pytest.raises(CouldNotVerify, match="pip-audit has skipped rich; pip-audit has skipped pygments"):
        audit(locked, (DATA / "pip-audit.json").read_text("utf-8"), lock="uv.lock")


def test_more_counted_than_listed(locked: Release) -> None:
    counted = json.loads(npm("moderate"))
    counted["metadata"]["vulnerabilities"] = {"total": 2}
    with pytest.raises(CouldNotVerify, match="npm audit counts 2 findings and lists 1"):
        audit(locked, json.dumps(counted), lock="package-lock.json")
    counted["metadata"]["vulnerabilities"] = {"total": 1}
    assert audit(locked, json.dumps(counted), lock="package-lock.json")


def test_what_osv_scanner_has_put_in_no_group_counts(locked: Release) -> None:
    packages = [{"package": {"name": f"p{n}", "version": "1.0"}} for n in range(2)]
    assert audit(locked, json.dumps({"results": [{"packages": packages}]}), lock="uv.lock")
    packages[0]["vulnerabilities"] = [{"id": "GHSA-9"}]  # type: ignore[assignment]
    with pytest.raises(ClaimFalse, match=r"1 of unknown severity.*GHSA-9 in p0"):
        audit(locked, json.dumps({"results": [{"packages": packages}]}), lock="uv.lock")


def test_a_file_that_is_no_lock_is_refused(tmp_path: Path, locked: Release) -> None:
    release = Release(tmp_path / "other", {"README.md": "Shop\n"})
    with pytest.raises(CouldNotVerify, match=r"README\.md is no lock file"):
        audit(release, pip("p0"), lock="README.md")


def test_packages_of_other_platforms_may_be_missing(locked: Release) -> None:
    assert audit(locked, pip("p0"), lock="uv.lock", max_missing=1).text.startswith("pip-audit: 0 open findings")


def test_two_audits_that_only_count_are_not_added(locked: Release) -> None:
    locked.report("a-1.json", npm(total=1))
    path = locked.report("a-2.json", npm(total=1)).path.with_name("a-*.json")
    report = ToolReport(name="a", path=path, files=2, repository="shop")
    with pytest.raises(CouldNotVerify, match="declare each as a report"):
        judge("artifact.dependency_audit", report, target=locked.target, lock="package-lock.json")


def test_an_old_audit_fails(locked: Release) -> None:
    report = locked.report("a.json", npm(), about="commit: SHA\nmade_at: 2026-11-29T12:00:00Z")
    with pytest.raises(ClaimFalse, match="a report of the last 1 days"):
        judge("artifact.dependency_audit", report, target=locked.target, lock="package-lock.json", max_age_days=1)


def trivy(*vulnerabilities: tuple[str, str], **more: Any) -> str:
    found = [
        {"VulnerabilityID": f"CVE-{n}", "PkgName": "libc", "Severity": severity, "FixedVersion": fixed}
        for n, (severity, fixed) in enumerate(vulnerabilities)
    ]
    system = {"Target": "web (debian 13)", "Class": "os-pkgs", "Type": "debian", "Vulnerabilities": found}
    about = {
        "ImageID": ID,
        "RepoDigests": [f"registry.example.com/shop@{DIGEST}"],
        "OS": {"Family": "debian", "Name": "13"},
    }
    data = {"SchemaVersion": 2, "CreatedAt": "2026-11-30T23:00:00.123456789Z", "ArtifactType": "container_image"}
    return json.dumps({**data, "Metadata": about, "Results": [system]} | more)


def grype(*severities: str, built: str = "2026-11-29T00:00:00Z", **more: Any) -> str:
    found = [
        {"vulnerability": {"id": f"CVE-{n}", "severity": each, "fix": {"state": "fixed"}}, "artifact": {"name": "libc"}}
        for n, each in enumerate(severities)
    ]
    target = {"userInput": "shop:1", "imageID": ID, "manifestDigest": "", "repoDigests": [f"shop@{DIGEST}"]}
    data = {
        "matches": found,
        "source": {"type": "image", "target": target},
        "distro": {"name": "debian", "version": "13"},
    }
    about = {"name": "grype", "timestamp": "2026-11-30T23:00:00.1+01:00", "db": {"status": {"built": built}}}
    return json.dumps({**data, "descriptor": about} | more)


def scan(release: Release, text: str, **parameters: Any) -> Evidence:
    report = release.report("a.json", text, about=None, repository=None)
    return judge("artifact.image_scan", report, target=release.target, **parameters)


def test_trivy_by_its_documented_shape(locked: Release) -> None:
    found = scan(locked, trivy(("LOW", "")), digest=ID)
    assert found.text == (
        f"Trivy: 0 open findings at high or above of 1, what was left out does not show, of {ID[:19]}, made 12 h ago"
    )
    assert found.warning == "how old the tool's database was does not show"
    assert "whether findings were left out" in scan(locked, trivy(), image="id").warning
    assert "only its digest in a registry" in scan(locked, trivy(), image="web").warning
    ignored = {
        "Type": "vulnerability",
        "Status": "ignored",
        "Finding": {"VulnerabilityID": "CVE-9", "Severity": "CRITICAL"},
    }
    results = [{"Target": "web", "Class": "lang-pkgs", "ExperimentalModifiedFindings": [ignored]}]
    assert "1 suppressed" in scan(locked, trivy(Results=results, Metadata={"ImageID": ID}), digest=ID).text


def test_grype_by_its_documented_shape(locked: Release) -> None:
    ignored = [
        {"vulnerability": {"id": "CVE-9", "severity": "Critical"}, "artifact": {"name": "x"}, "appliedIgnoreRules": []}
    ]
    found = scan(locked, grype("Negligible", "Medium", ignoredMatches=ignored), image="id")
    assert found.text.startswith(
        "Grype: 0 open findings at high or above of 2, 1 suppressed, database of 2026-11-29, of sha256:"
    )
    assert not found.warning


SECRET = [{"RuleID": "aws-access-key-id", "Severity": "CRITICAL", "Match": "AKIA-PLANTED"}]
EOL = {"ImageID": ID, "OS": {"Family": "debian", "Name": "8", "EOSL": True}}


@pytest.mark.parametrize(
    ("text", "parameters", "error", "match"),
    [
        (trivy(("HIGH", "2")), {}, ClaimFalse, "1 open findings at high.*: CVE-0 in libc"),
        (trivy(("UNKNOWN", "2")), {"limit": "critical"}, ClaimFalse, "1 of unknown severity"),
        (grype("Unknown"), {}, ClaimFalse, "1 of unknown severity"),
        (grype("Critical"), {}, ClaimFalse, "CVE-0 in libc"),
        (
            grype(built="2026-11-01T00:00:00Z"),
            {},
            ClaimFalse,
            "a database of the last 7 days; seen: one that was 29 days old",
        ),
        (grype(distro={}), {}, CouldNotVerify, "neither a distribution nor anything else"),
        (trivy(), {"digest": OTHER}, ClaimFalse, "expected a scan of sha256:111111111111; seen: one of sha256:aaaa"),
        (trivy(Metadata={}), {}, CouldNotVerify, "names no digest"),
        (trivy(Metadata=EOL), {}, CouldNotVerify, "debian 8 gets no more advisories"),
        (
            trivy(Results=None),
            {},
            CouldNotVerify,
            "has looked at no packages; Trivy has not looked at packages of debian",
        ),
        (trivy(Results=[{"Target": "a", "Class": "secret"}]), {}, CouldNotVerify, "has looked at no packages"),
        (
            trivy(Results=[{"Target": "/app/.env", "Class": "secret", "Secrets": SECRET}]),
            {},
            ClaimFalse,
            "id in /app/.env",
        ),
        (
            trivy(ArtifactType="filesystem"),
            {},
            CouldNotVerify,
            "of an audit of dependencies, not of a scan of an image",
        ),
        (trivy(CreatedAt="2026-11-01T00:00:00Z"), {}, ClaimFalse, "a report of the last 7 days"),
        (trivy(CreatedAt=None), {}, CouldNotVerify, "does not say when it was made"),
        (trivy(Results="none"), {}, CouldNotVerify, "is not of the shape"),
        (grype(source={"type": "directory", "target": "/src"}), {}, CouldNotVerify, "not of a scan of an image"),
    ],
)
def test_scans_that_are_not_a_pass(
    locked: Release, text: str, parameters: Json, error: type[Exception], match: str
) -> None:
    with pytest.raises(error, match=match) as raised:
        scan(locked, text, **({"digest": ID} | parameters))
    assert "AKIA" not in str(raised.value)


def test_the_file_beside_a_scan_may_name_the_image(locked: Release) -> None:
    report = locked.report("a.json", trivy(Metadata={}), about=f"image: {OTHER}")
    found = judge("artifact.image_scan", report, target=locked.target, digest=OTHER)
    assert "the file beside the report" in found.warning
    with pytest.raises(ClaimFalse, match="expected a scan of sha256:aaaa"):
        judge("artifact.image_scan", report, target=locked.target, digest=ID)


def test_which_image_is_declared(locked: Release) -> None:
    for parameters in ({}, {"image": "web", "digest": ID}):
        with pytest.raises(NotDeclared, match="one of them"):
            scan(locked, trivy(), **parameters)
    with pytest.raises(NotDeclared, match="declares no image named other"):
        scan(locked, trivy(), image="other")
    with pytest.raises(ValidationError):
        scan(locked, trivy(), digest="shop:1.4.2")


def test_trivy_of_a_file_system_is_an_audit(locked: Release) -> None:
    packages = [{"Name": f"p{n}", "Version": "1.0"} for n in range(2)]
    results = [{"Target": "uv.lock", "Class": "lang-pkgs", "Packages": packages}]
    text = trivy(ArtifactType="filesystem", Metadata={}, Results=results)
    assert audit(locked, text, lock="uv.lock").text.startswith(
        "Trivy: 0 open findings at high or above of 0 in 2 packages"
    )
    results[0]["Packages"] = packages[:1]
    text = trivy(ArtifactType="filesystem", Metadata={}, Results=results)
    with pytest.raises(ClaimFalse, match="1 were not looked at: p1"):
        audit(locked, text, lock="uv.lock")
    text = trivy(ArtifactType="filesystem", Metadata={}, Results=[{"Target": "uv.lock", "Class": "lang-pkgs"}])
    with pytest.raises(CouldNotVerify, match="does not tell which packages"):
        audit(locked, text, lock="uv.lock")
