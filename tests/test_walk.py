"""The walk of docs/walk.md on the demo target: from a red run to GO, and back a day later."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.stack.patience import patient

ROOT = Path(__file__).parents[1]
TODAY = "2026-03-02"
TOMORROW = "2026-03-03"
MENDED = "exposed-env-file,missing-rollback"

Program = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def walk(tmp_path: Path) -> Path:
    return Path(shutil.copytree(ROOT / "suites" / "demo" / "walk", tmp_path / "walk"))


@pytest.fixture
def readiness(walk: Path) -> Program:
    def run(*arguments: str, day: str = TODAY) -> subprocess.CompletedProcess[str]:
        command, *rest = arguments
        return _run("pytest_readiness", command, *rest, f"--config={walk / 'readiness.yaml'}", day=day)

    return run


@pytest.fixture
def pytest_run(walk: Path) -> Program:
    def run(*, mend: str = MENDED, day: str = TODAY, release: str = "1.4.2") -> subprocess.CompletedProcess[str]:
        return _run(
            "pytest",
            "--readiness-target=demo",
            f"--readiness-config={walk / 'readiness.yaml'}",
            f"--readiness-release={release}",
            "-p",
            "no:cacheprovider",
            day=day,
            mend=mend,
        )

    return run


def _run(module: str, *arguments: str, day: str, mend: str = "") -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "READINESS_NOW": day, "DEMO_MEND": mend, "COLUMNS": "200", "NO_COLOR": "1"}
    return subprocess.run(
        [sys.executable, "-m", module, *arguments],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=patient(120),
        check=False,
    )


def waive_cookies(readiness: Program) -> subprocess.CompletedProcess[str]:
    return readiness(
        "waive",
        "web/cookies-are-secure-httponly-and-samesite",
        "--reason=The login moves to another host next week.",
        "--by=release-manager@example.com",
        f"--expires={TODAY}",
    )


def sign_all(readiness: Program) -> list[subprocess.CompletedProcess[str]]:
    return [
        readiness(
            "sign",
            "people/acceptance-tests-are-approved",
            "--by=product-owner@example.com",
            "--role=product-owner",
            "--release=1.4.2",
        ),
        readiness(
            "sign",
            "people/weekly-restore-drill-was-done",
            "--by=operations@example.com",
            "--role=operations",
            "--evidence=drill.md",
        ),
        readiness(
            "sign",
            "people/release-is-announced-to-support",
            "--by=release-manager@example.com",
            "--role=release-manager",
            f"--expires={TODAY}",
        ),
    ]


def test_from_red_to_go_and_back_a_day_later(readiness: Program, pytest_run: Program) -> None:
    red = pytest_run(mend="")
    assert red.returncode == 1, red.stdout
    assert "NO-GO" in red.stdout
    assert "3 failed" in red.stdout
    assert "3 unverified" in red.stdout

    mended = pytest_run()
    assert mended.returncode == 1
    assert "1 failed" in mended.stdout

    waiver = waive_cookies(readiness)
    assert waiver.returncode == 0, waiver.stderr
    waived = pytest_run()
    assert waived.returncode == 6, waived.stdout
    assert "1 waived" in waived.stdout

    for signed in sign_all(readiness):
        assert signed.returncode == 0, signed.stderr
    go = pytest_run()
    assert go.returncode == 0, go.stdout
    assert " GO " in go.stdout
    assert "8 passed, 1 waived" in go.stdout

    later = pytest_run(day=TOMORROW)
    assert later.returncode == 1, later.stdout
    assert "NO-GO" in later.stdout
    assert "the waiver expired on 2026-03-02" in later.stdout
    assert "release-manager@example.com of 2026-03-02 expired on 2026-03-02, 1 day ago" in later.stdout
    assert "1 failed" in later.stdout
    assert "1 unverified" in later.stdout


def test_a_sign_off_for_another_release_does_not_count(readiness: Program, pytest_run: Program) -> None:
    sign_all(readiness)
    run = pytest_run(mend="all", release="1.5.0")
    assert run.returncode == 6
    assert "is for release 1.4.2; this run is for 1.5.0" in run.stdout


REFUSED = {
    "wrong person": (
        ("people/acceptance-tests-are-approved", "--by=operations@example.com", "--role=product-owner"),
        "operations@example.com is not listed as product-owner",
    ),
    "wrong role": (
        ("people/acceptance-tests-are-approved", "--by=operations@example.com", "--role=operations"),
        "product-owner must sign",
    ),
    "missing evidence": (
        (
            "people/weekly-restore-drill-was-done",
            "--by=operations@example.com",
            "--role=operations",
            "--evidence=nowhere.md",
        ),
        "There is no file nowhere.md",
    ),
    "no release": (
        ("people/acceptance-tests-are-approved", "--by=product-owner@example.com", "--role=product-owner"),
        "each release needs its own",
    ),
    "unknown item": (
        ("people/acceptance-test-is-approved", "--by=product-owner@example.com", "--role=product-owner"),
        "acceptance-tests-are-approved",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_would_not_count_is_refused(name: str, readiness: Program, walk: Path) -> None:
    arguments, words = REFUSED[name]
    before = (walk / "signoffs.yaml").read_text()
    refused = readiness("sign", *arguments)
    assert refused.returncode == 4, refused.stdout
    assert words in refused.stderr
    assert "Traceback" not in refused.stderr
    assert (walk / "signoffs.yaml").read_text() == before


def test_a_waiver_of_a_sign_off_bars_its_author(readiness: Program, walk: Path) -> None:
    (walk / "waivers.yaml").write_text(
        "waivers:\n"
        "  - {item: people/release-is-announced-to-support, reason: no time, by: release-manager@example.com, "
        "expires: 2026-03-09}\n"
    )
    refused = sign_all(readiness)[2]
    assert refused.returncode == 4
    assert "asked to waive this item" in refused.stderr
