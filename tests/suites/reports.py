"""The reports of the suites' world, as the tools write them, and the records of what its people have rehearsed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from xml.sax.saxutils import quoteattr

TESTS: Mapping[str, int] = {
    "unit-tests": 40,
    "frontend-tests": 20,
    "integration-tests": 20,
    "end-to-end-tests": 10,
    **dict.fromkeys(("api-tests", "database-tests", "third-party-tests", "migration-tests"), 10),
}
"""How many tests each report has."""
REHEARSED = (
    *("restore", "disaster-recovery", "rollback", "migration", "migration-rollback", "data-integrity", "deployment"),
    *("update", "communication", "security-incident", "emergency", "incident"),
)
PENTEST = b"%PDF-1.7\n% the report of the penetration test\n"
Change = Callable[[Any], Any]


def junit(name: str, count: int, *, failed: int = 0) -> str:
    """A report of tests, the first of which have failed."""
    cases = "".join(
        f'<testcase classname={quoteattr(f"tests.{name}")} name="test_{number}" time="0.01">'
        + '<failure message="assert 1 == 2">assert 1 == 2</failure>' * (number < failed)
        + "</testcase>"
        for number in range(count)
    )
    moment = datetime.now(UTC) - timedelta(hours=1)
    totals = f'tests="{count}" failures="{failed}" errors="0" skipped="0" time="1.0" timestamp="{moment.isoformat()}"'
    return (
        f'<?xml version="1.0"?><testsuites><testsuite name={quoteattr(name)} {totals}>{cases}</testsuite></testsuites>'
    )


def coverage(files: tuple[str, ...]) -> Any:
    """What coverage.py writes as JSON: nine of ten lines of each file."""
    summary = {
        "covered_lines": 9,
        "num_statements": 10,
        "percent_covered": 90.0,
        "missing_lines": 1,
        "excluded_lines": 0,
    }
    lines = {"executed_lines": list(range(1, 10)), "missing_lines": [10], "excluded_lines": []}
    return {
        "meta": {"format": 3, "version": "7.6.1", "timestamp": datetime.now(UTC).isoformat(), "branch_coverage": False},
        "files": {name: {"summary": summary, **lines} for name in files},
        "totals": {**summary, "covered_lines": 9 * len(files), "num_statements": 10 * len(files)},
    }


def sarif() -> Any:
    """A finished run of Bandit that has found nothing."""
    run = {
        "tool": {"driver": {"name": "Bandit", "version": "1.8.0", "rules": []}},
        "invocations": [{"executionSuccessful": True, "endTimeUtc": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")}],
        "results": [],
    }
    return {"version": "2.1.0", "$schema": "https://json.schemastore.org/sarif-2.1.0.json", "runs": [run]}


def pip_audit() -> Any:
    """An audit of the one package that the product needs."""
    return {"dependencies": [{"name": "requests", "version": "2.32.4", "vulns": []}], "fixes": []}


def trivy(image: str, digest: str) -> Any:
    """A scan of an image in which nothing was found."""
    return {
        "SchemaVersion": 2,
        "CreatedAt": datetime.now(UTC).isoformat(),
        "ArtifactName": image,
        "ArtifactType": "container_image",
        "Metadata": {"OS": {"Family": "debian", "Name": "12.8"}, "ImageID": digest, "RepoDigests": []},
        "Results": [
            {
                "Target": f"{image} (debian 12.8)",
                "Class": "os-pkgs",
                "Type": "debian",
                "Packages": [{"Name": "libc6", "Version": "2.36-9"}],
            }
        ],
    }


def k6() -> Any:
    """Ten minutes with 60 requests a second, 95 % of them within 180 ms."""
    return {
        "state": {"testRunDurationMs": 600_000.0, "isStdOutTTY": False},
        "metrics": {
            "http_reqs": {"type": "counter", "contains": "default", "values": {"count": 36_000, "rate": 60.0}},
            "http_req_duration": {
                "type": "trend",
                "contains": "time",
                "values": {"avg": 80.0, "min": 20.0, "med": 70.0, "max": 900.0, "p(90)": 150.0, "p(95)": 180.0},
            },
            "http_req_failed": {
                "type": "rate",
                "contains": "default",
                "values": {"rate": 0, "passes": 0, "fails": 36_000},
            },
            "vus": {"type": "gauge", "contains": "default", "values": {"value": 50, "min": 50, "max": 50}},
            "vus_max": {"type": "gauge", "contains": "default", "values": {"value": 50, "min": 50, "max": 50}},
        },
    }


def jtl(*, recovers: bool = True) -> str:
    """The samples of a stress test: users rise until answers are slow, and fall again."""
    begin = int((datetime.now(UTC) - timedelta(hours=3)).timestamp() * 1000)
    rows = [
        "timeStamp,elapsed,label,responseCode,responseMessage,threadName,success,bytes,grpThreads,allThreads,Latency"
    ]
    for second in range(300):
        users = 20 + second if second < 200 else 20
        slow = users > 180 or (not recovers and second >= 200)
        for number in range(4):
            elapsed = 2500 if slow else 120 + number
            moment = begin + second * 1000 + number * 200
            rows.append(f"{moment},{elapsed},GET /,200,OK,main 1-{number},true,500,{users},{users},{elapsed}")
    return "\n".join(rows) + "\n"


def lighthouse(number: int, form: str, score: float) -> Any:
    """One run of Lighthouse, some minutes ago."""
    url, moment = "https://shop.example.com/", datetime.now(UTC) - timedelta(minutes=number)
    return {
        "lighthouseVersion": "12.8.2",
        "requestedUrl": url,
        "finalDisplayedUrl": url,
        "fetchTime": moment.strftime("%Y-%m-%dT%H:%M:%S.000Z"),
        "runWarnings": [],
        "configSettings": {"formFactor": form},
        "categories": {
            name: {"id": name, "score": score} for name in ("performance", "accessibility", "best-practices", "seo")
        },
    }


def zap(host: str) -> Any:
    """What ZAP writes as traditional JSON: one informational alert."""
    alert = {
        "alert": "Modern Web Application",
        "riskcode": "0",
        "confidence": "2",
        "riskdesc": "Informational (Medium)",
        "pluginid": "10109",
        "count": "1",
        "instances": [{"uri": f"https://{host}/", "method": "GET", "evidence": ""}],
    }
    return {
        "@programName": "ZAP",
        "@version": "2.16.0",
        "@generated": datetime.now(UTC).strftime("%a, %d %b %Y %H:%M:%S"),
        "created": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "site": [{"@name": f"https://{host}", "@host": host, "@port": "443", "@ssl": "true", "alerts": [alert]}],
    }


def records() -> Any:
    """What was rehearsed, and the last penetration test."""
    day = (datetime.now(UTC) - timedelta(days=3)).date().isoformat()
    common = {"environment": "staging", "on": day, "by": "operations", "outcome": "success"}
    drills = [
        {
            **common,
            "kind": kind,
            "system": "shop",
            "duration": "45m",
            "data_loss": "5m",
            "verified": "orders of the last day were compared",
            "evidence": f"the log of the {kind}",
        }
        for kind in REHEARSED
    ]
    none = dict.fromkeys(("low", "medium", "high", "critical"), 0)
    pentest = {
        "kind": "pentest",
        "system": "shop",
        "environment": "production",
        "on": day,
        "by": "an independent tester",
        "outcome": "final",
        "evidence": "the report that security keeps",
        "scope": ["shop.example.com", "api.example.com"],
        "found": {**none, "low": 2},
        "open": none,
        "retest": day,
        "report": "pentest.pdf",
        "sha256": hashlib.sha256(PENTEST).hexdigest(),
    }
    return {"records": [*drills, pentest]}


def write_reports(
    folder: Path, commit: str, images: Mapping[str, str], changes: Mapping[str, Change]
) -> dict[str, dict[str, Any]]:
    """Write each report, and return how a target declares it.

    Args:
        folder: for them; created.
        commit: that was tested.
        images: digest of each image that was scanned, by its name.
        changes: by report, what is made of its content.
    """
    folder.mkdir()
    (folder / "pentest.pdf").write_bytes(PENTEST)
    made: dict[str, Any] = {
        **{f"{name}.xml": junit(name, count) for name, count in TESTS.items()},
        "coverage.json": coverage(("shop/__init__.py", "shop/orders.py")),
        "static-analysis.sarif": sarif(),
        "dependency-audit.json": pip_audit(),
        "image-scan.json": trivy("shop-web:1.4.2", images["web"]),
        "worker-image-scan.json": trivy("shop-worker:1.4.2", images["worker"]),
        "load.json": k6(),
        "stress.jtl": jtl(),
        **{f"lighthouse-{number}.json": lighthouse(number, "desktop", 0.97) for number in (1, 2, 3)},
        **{f"mobile-lighthouse-{number}.json": lighthouse(number, "mobile", 0.92) for number in (1, 2, 3)},
        "zap.json": zap("shop.example.com"),
        "records.json": records(),
    }
    declared: dict[str, dict[str, Any]] = {}
    moment = datetime.now(UTC).isoformat()
    for file, content in made.items():
        label = file.partition(".")[0].rstrip("-0123456789")
        changed = changes.get(label, lambda given: given)(content)
        (folder / file).write_text(changed if isinstance(changed, str) else json.dumps(changed), "utf-8")
        about: dict[str, Any] = {"commit": commit, "made_at": moment}
        if label in ("load", "stress"):
            about["host"] = "shop.example.com"
        if label == "zap":
            about["kind"] = "full"
        (folder / f"{file}.about.yaml").write_text("".join(f"{key}: {value}\n" for key, value in about.items()))
        declared.setdefault(label, {"path": str(folder / file), "repository": "shop", "labels": [label]})
        if "lighthouse" in label:
            declared[label] |= {"path": str(folder / f"{label}-*.json"), "files": 3}
    return declared
