from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from pytest_readiness.core.environment import neutral
from pytest_readiness.core.evidence import ClaimFalse, CouldNotVerify, NotDeclared
from pytest_readiness.domains.artifact.resource import ToolReport
from tests.domains.artifact.reports import DATA, Release
from tests.judging import judge

JS = ["src/*.js"]


def coverage(release: Release, report: ToolReport, **parameters: Any) -> str:
    return judge("artifact.coverage", report, target=release.target, **parameters).text


@pytest.mark.parametrize(
    ("name", "source", "lines", "branches"),
    [
        ("coverage-final.json", JS, "2 of 5 lines (40.00 %) in 2 files", "2 of 4 branches"),
        ("coverage-summary.json", JS, "2 of 5 lines (40.00 %) in 2 files", "2 of 4 branches"),
        ("lcov.info", JS, "2 of 5 lines (40.00 %) in 2 files", "2 of 4 branches"),
        ("cobertura-coverage.xml", JS, "2 of 5 lines (40.00 %) in 2 files", "2 of 4 branches"),
        ("clover.xml", JS, "2 of 5 lines (40.00 %) in 2 files", ""),
        ("jacoco.xml", ["*.java"], "2 of 4 lines (50.00 %) in 1 files", "1 of 2 branches"),
        ("cover.out", ["*.go"], "2 of 4 statements (50.00 %) in 1 files", ""),
    ],
)
def test_formats(release: Release, name: str, source: list[str], lines: str, branches: str) -> None:
    report = release.report(name)
    share = 50 if "50" in lines else 40
    assert coverage(release, report, paths=source, min=share).startswith(lines)
    with pytest.raises(ClaimFalse, match=f"expected more than {share} % of"):
        coverage(release, report, paths=source, over=share)
    if branches:
        assert coverage(release, report, paths=source, min=50, of="branches").startswith(branches)
        with pytest.raises(ClaimFalse, match=r"expected at least 50\.1 % of branches"):
            coverage(release, report, paths=source, min=50.1, of="branches")
    else:
        with pytest.raises(CouldNotVerify, match="counts no branches"):
            coverage(release, report, paths=source, min=50, of="branches")


SHOP = "def price(n):\n    if n > 10:\n        return n * 0.9\n    return n\n"
FILES = {
    "src/shop/__init__.py": "",
    "src/shop/price.py": SHOP,
    "src/shop/never.py": "def never():\n    return 1\n",
    "src/shop/odd.py": "def odd():  # pragma: no cover\n    return 1\n\n\nX = 1\n",
    "tests/test_price.py": "from shop.price import price\nassert price(5) == 5\n",
}


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """What coverage.py writes of the shop, with all its files and with those that the test loads."""
    folder = tmp_path_factory.mktemp("measured")
    for name, text in FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, "utf-8")
    environment = neutral() | {"PYTHONPATH": os.pathsep.join([str(folder / "src"), *sys.path])}
    found: dict[str, Path] = {}
    for key, arguments in (("all", ("--source=src,tests",)), ("loaded", ())):
        for command in (
            ("run", "--branch", *arguments, f"--data-file={key}", "tests/test_price.py"),
            ("json", f"--data-file={key}", f"-o{key}.json"),
            ("xml", f"--data-file={key}", f"-o{key}.xml"),
            ("lcov", f"--data-file={key}", f"-o{key}.info"),
        ):
            subprocess.run(
                [sys.executable, "-m", "coverage", *command],
                cwd=folder,
                check=True,
                env=environment,
                capture_output=True,
            )
        found |= {f"{key}{end}": folder / f"{key}{end}" for end in (".json", ".xml", ".info")}
    return found


@pytest.fixture
def shop(tmp_path: Path) -> Release:
    return Release(tmp_path, FILES, at=datetime.now(UTC) - timedelta(days=1))


@pytest.mark.parametrize("end", [".json", ".xml", ".info"])
def test_coverage_py(shop: Release, measured: dict[str, Path], end: str) -> None:
    report = shop.report(f"c{end}", measured[f"all{end}"].read_bytes(), about="commit: SHA")
    found = coverage(shop, report, paths=["src/", "tests/"], min=42.8)
    assert found.startswith("3 of 7 lines (42.86 %) in 3 files"), found
    assert "without 1 files of tests" in found
    assert ("2 lines excluded by comments" in found) == (end == ".json")
    with pytest.raises(ClaimFalse, match="1 of 2 branches"):
        coverage(shop, report, paths=["src/"], over=50, of="branches")
    # A module that no test loads is not in a report without `source`.
    report = shop.report(f"c{end}", measured[f"loaded{end}"].read_bytes(), about="commit: SHA")
    with pytest.raises(ClaimFalse, match=r"2 of 3 are not in the report: src/shop/never\.py, src/shop/odd\.py"):
        coverage(shop, report, paths=["src/"], min=1)
    assert coverage(shop, report, paths=["src/shop/price.py"], min=75).startswith("3 of 4 lines (75.00 %) in 1 files")


def lcov(*files: tuple[str, dict[int, int]]) -> str:
    texts = (f"SF:{path}\n" + "".join(f"DA:{line},{hits}\n" for line, hits in has.items()) for path, has in files)
    return "".join(f"TN:\n{text}LF:0\nend_of_record\n" for text in texts)


BOTH = ("src/unused.js", {1: 1, 2: 0})


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        # Once for each test: lines are put together, not added.
        (lcov(("src/price.js", {1: 1, 2: 0}), ("src/price.js", {1: 0, 2: 1}), BOTH), "3 of 4 lines"),
        (lcov(("C:\\builds\\shop\\src\\price.js", {1: 1}), ("/app/src/unused.js", {1: 1})), "2 of 2 lines"),
        (lcov(("./src/price.js", {1: 1}), ("unused.js", {1: 1}), ("/usr/lib/node/x.js", {1: 0})), "2 of 2 lines"),
    ],
)
def test_paths_of_other_places(release: Release, text: str, seen: str) -> None:
    assert coverage(release, release.report("a.info", text), paths=JS, over=1).startswith(seen)


@pytest.mark.parametrize(
    ("text", "error", "match"),
    [
        (lcov(("src/price.js", {}), ("src/unused.js", {})), CouldNotVerify, "counts no lines in 2 files"),
        (lcov(("lib/other.js", {1: 1})), CouldNotVerify, "none of the 1 files"),
        (lcov(("src/price.js", {1: 1}), ("/app/src/price.js", {1: 1}), BOTH), CouldNotVerify, "twice, as"),
        (lcov(("src/price.js", {1: 1}), BOTH)[:-15], CouldNotVerify, "is cut off"),
        (lcov(("src/price.js", {1: 1})) + "SF:src/unused.js\nDA:x\n", CouldNotVerify, "is not of the shape"),
        (
            "SF:src/price.js\nLF:2\nLH:2\nend_of_record\n",
            CouldNotVerify,
            "counts 2 lines of src/price.js, and does not",
        ),
        ("{}", CouldNotVerify, "none of the 0 files"),
        ('{"a": 1}', CouldNotVerify, "is not of the shape"),
        ('{"auditReportVersion": 2, "vulnerabilities": {}}', CouldNotVerify, "is not of the shape"),
        ("[" * 100_000, CouldNotVerify, "is no report of coverage"),
        ('{"a":' * 100_000, CouldNotVerify, "nested too deeply"),
        ("<testsuite/>", CouldNotVerify, "is no report of coverage that is read; those of coverage"),
        ("mode: set\nprice.go:1.1,2.2 99999999999 1\n", CouldNotVerify, "is not of the shape"),
        ('<coverage timestamp="1"><class filename="src/price.js"/></coverage>', CouldNotVerify, "of the year 1970"),
    ],
)
def test_what_could_not_be_verified(release: Release, text: str, error: type[Exception], match: str) -> None:
    with pytest.raises(error, match=match):
        coverage(release, release.report("a.info", text), paths=JS, over=1)


def test_limits_are_exact(release: Release) -> None:
    report = release.report(
        "a.info", lcov(("src/price.js", dict.fromkeys(range(8), 1)), ("src/unused.js", {1: 0, 2: 0}))
    )
    assert coverage(release, report, paths=JS, min=80).startswith("8 of 10 lines (80.00 %)")
    with pytest.raises(ClaimFalse, match=r"expected more than 80 % of lines; seen: 8 of 10 lines \(80\.00 %\)"):
        coverage(release, report, paths=JS, over=80)
    hits = {line: int(line < 79_999) for line in range(100_000)}
    report = release.report("a.info", lcov(("src/price.js", hits), ("src/unused.js", {})))
    with pytest.raises(ClaimFalse, match=r"\(79\.999 %\)"):
        coverage(release, report, paths=JS, min=80)


def test_a_file_without_lines_is_told(release: Release) -> None:
    report = release.report("a.info", lcov(("src/price.js", {1: 1}), ("src/unused.js", {})))
    found = judge("artifact.coverage", report, target=release.target, paths=JS, over=80)
    assert found.warning == "1 of the files have no lines to run: src/unused.js"


def test_shards_are_put_together(release: Release) -> None:
    release.report("s-1.json", (DATA / "coverage-final.json").read_bytes())
    data = json.loads((DATA / "coverage-final.json").read_text("utf-8"))
    for has in data.values():
        has["s"] = dict.fromkeys(has["s"], 1)
    one = release.report("s-2.json", json.dumps(data))
    report = ToolReport(name="s", path=one.path.with_name("s-*.json"), files=2, repository="shop")
    assert coverage(release, report, paths=JS, min=100).startswith("5 of 5 lines")
    for name in ("s-1.json", "s-2.json"):
        release.report(name, (DATA / "coverage-summary.json").read_bytes())
    with pytest.raises(CouldNotVerify, match="is in several files, and a summary"):
        coverage(release, report, paths=JS, min=1)
    release.report("s-1.json", (DATA / "cover.out").read_bytes())
    with pytest.raises(CouldNotVerify, match="count different things, lines and statements"):
        coverage(release, report, paths=JS, min=1)


@pytest.mark.parametrize("paths", [[], [""], ["!"], ["# src"]])
def test_patterns_that_are_none_are_refused(release: Release, paths: list[str]) -> None:
    with pytest.raises(ValidationError):
        coverage(release, release.report("lcov.info"), paths=paths, over=1)


def test_what_is_declared(release: Release) -> None:
    report = release.report("lcov.info")
    for limits in ({}, {"over": 1, "min": 1}):
        with pytest.raises(NotDeclared, match="one of them"):
            coverage(release, report, paths=JS, **limits)
    with pytest.raises(CouldNotVerify, match="no file of the release is under lib/"):
        coverage(release, report, paths=["lib/"], over=1)
    with pytest.raises(CouldNotVerify, match="besides 1 of tests"):
        coverage(release, report, paths=["tests/"], over=1)
    assert coverage(release, report, paths=["src/", "!src/main/"], min=40).startswith("2 of 5 lines")
    # An empty file (src/py.typed) has nothing to cover.
    with pytest.raises(ClaimFalse, match=r"1 of 3 are not in the report: src/main/java/shop/Price\.java"):
        coverage(release, report, paths=["src/"], min=40)
    with pytest.raises(NotDeclared, match="names no repository"):
        coverage(release, release.report("lcov.info", repository=None), paths=JS, over=1)
