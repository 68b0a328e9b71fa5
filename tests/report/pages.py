"""A project whose report has something of everything, and pages made from outcomes."""

from __future__ import annotations

import base64
import struct
import zlib
from pathlib import Path
from typing import Any

from pytest_readiness.run.html_again import write_page
from pytest_readiness.verdict.outcome import Outcome
from pytest_readiness.verdict.result_file import ResultFile, outcome_of
from tests.release import Release

DAY = "2026-03-01"
BRANCH = "<img src=x onerror=hit(0)>"


def _png(width: int, height: int) -> bytes:
    """A picture of one colour."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = (b"\0" + b"\x33\x99\x66" * width) * height
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    parts = chunk(b"IHDR", header), chunk(b"IDAT", zlib.compress(rows)), chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


PNG = _png(320, 200)
FILES = {
    "release.md": """\
        # Release
        ## Security
        - [ ] Secrets set
        - [x] Secrets long

          Thirty-two characters or more.
        - [ ] Documents
          - [ ] Written
          - [ ] Complete
        ## Pages
        - [ ] Home page renders
        - [ ] Home page is quiet
        ## Operations
        - [ ] Later
        - [ ] Not needed any more
        - [ ] Accepted once
        - [ ] Tried by ourselves
        - [ ] Handbook read
        - [ ] Rehearsed
        - [ ] Approved
        - [ ] Forgotten
        - [ ] Elsewhere (N/A: no such thing)
        """,
    "release.checks.yaml": """\
        security:
          secrets-set: {check: env.present, names: [TOKEN]}
          secrets-long: {check: env.length, names: [TOKEN], severity: critical}
          written: docs.present
          complete: {check: docs.sections, sections: [Deploy]}
        pages:
          home-page-renders: {check: shot.rendered, on: plan}
          home-page-is-quiet: {all: [{check: shot.quiet, on: plan}, {check: shot.still, on: plan}]}
        operations:
          later: {check: env.present, names: [LATER]}
          not-needed-any-more: {check: env.present, names: [TOKEN]}
          accepted-once: {check: env.present, names: [LATER]}
          handbook-read: {signoff: operations, valid: 20d}
          rehearsed: {signoff: operations}
          approved: {signoff: operations, severity: high}
        """,
    "readiness.yaml": """\
        checklists: [release.md]
        tests: [test_own.py]
        roles: {operations: [operations@example.com], leads: [lead@example.com]}
        signoffs: signoffs.yaml
        waivers: waivers.yaml
        targets:
          prod:
            description: where it runs
            env_files: {one: one.env, two: two.env}
            documents: {plan: plan.md, runbook: runbook.md}
            policy: {min_score: 60, block: critical}
        """,
    "signoffs.yaml": """\
        signoffs:
          - item: operations/handbook-read
            by: operations@example.com
            role: operations
            on: 2026-02-20
            evidence: https://example.com/handbook
          - item: operations/rehearsed
            by: operations@example.com
            role: operations
            on: 2026-02-27
            evidence: plan.md
            note: With the new database.
            release: "1.4"
        """,
    "waivers.yaml": """\
        waivers:
          - {item: operations/later, reason: next month, by: lead@example.com, expires: 2026-03-31}
          - {item: operations/not-needed-any-more, reason: next month, by: lead@example.com, expires: 2026-03-02}
          - {item: operations/accepted-once, reason: only that week, by: lead@example.com, expires: 2026-02-20}
        """,
    "conftest.py": f'''\
        import base64

        from pytest_readiness import ClaimFalse, Evidence, check
        from pytest_readiness.core.evidence import Attachment

        PNG = base64.b64decode("{base64.b64encode(PNG).decode()}")
        FILES = (
            Attachment("home.png", "image/png", PNG),
            Attachment("home.svg", "image/svg+xml", b"<svg xmlns='http://www.w3.org/2000/svg' onload='hit(1)'/>"),
            Attachment("home.html", "text/html", b"<script>hit(2)</script>"),
        )


        @check("shot.rendered", severity="medium", remedy="Mend the page.")
        def rendered(document) -> Evidence:
            """The page renders."""
            print("looked at the page")
            return Evidence("rendered in 0.3 s", "close to the limit", attachments=FILES)


        @check("shot.quiet", severity="medium", remedy="Mend the page.")
        def quiet(document) -> Evidence:
            """The page is quiet."""
            raise ClaimFalse("no error on the console", "2 errors", attachments=FILES[:1])


        @check("shot.still", severity="medium", remedy="Mend the page.")
        def still(document) -> Evidence:
            """The page is still."""
            raise ClaimFalse("no error on the console", "2 errors", attachments=FILES[:1])
        ''',
    "test_own.py": """\
        import pytest

        @pytest.mark.readiness("operations/tried-by-ourselves")
        def test_own(env_file):
            print("looked at", env_file.name)

        def test_beside():
            assert "this" == "that"
        """,
}
STATES = {
    "security/secrets-set": "passed",
    "security/secrets-long": "failed",
    "security/written": "failed",
    "security/complete": "failed",
    "pages/home-page-renders": "passed",
    "pages/home-page-is-quiet": "failed",
    "operations/later": "waived",
    "operations/not-needed-any-more": "passed",
    "operations/accepted-once": "failed",
    "operations/tried-by-ourselves": "passed",
    "operations/handbook-read": "passed",
    "operations/rehearsed": "passed",
    "operations/approved": "unverified",
    "operations/forgotten": "unverified",
    "operations/elsewhere": "not applicable",
}


def ran(folder: Path) -> Release:
    """The project after two runs, with `page.html`, `out/result.json` and a history."""
    release = Release(folder)
    for name, text in FILES.items():
        release.write(name, text)
    # What a CI system tells of a branch.
    options = ("--readiness-release=1.4", "--readiness-history=history.db", "--metadata", "Branch", BRANCH)
    release.run(*options, READINESS_NOW="2026-02-28")
    done = release.run(*options, "--readiness-out=out", "--readiness-report=page.html", READINESS_NOW=DAY)
    assert done.returncode == 1, done.stdout + done.stderr
    return release


def page(outcome: Outcome | dict[str, Any], path: Path) -> Path:
    """Write the page of an outcome, or of what a result file holds."""
    made = outcome_of(ResultFile.model_validate(outcome)) if isinstance(outcome, dict) else outcome
    write_page(made, path)
    return path
