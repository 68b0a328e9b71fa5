"""What versions before this one wrote is read as it was: projects, recordings, results and histories.

`data/before` was written by the last commit before the modules moved into rooms, from runs against real servers.
"""

from __future__ import annotations

import gzip
import json
import os
import re
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from ruamel.yaml import YAML

DATA = Path(__file__).parent / "data" / "before"
NOW = "2026-11-30T00:00:00+00:00"
TARGETS = ("prod", "staging")


@cache
def expected() -> Any:
    """What the version before said of it: by target what it collected and judged, and what commands printed."""
    return json.loads(gzip.decompress((DATA / "expected.json.gz").read_bytes()))


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """The project in a folder of its own, with the recordings, results and the history in its folder `data`."""
    folder = Path(shutil.copytree(DATA / "project", tmp_path / "project"))
    (folder / "data").mkdir()
    for packed in (*DATA.glob("*.gz"), *DATA.glob("results/*.gz")):
        (folder / "data" / packed.stem).write_bytes(gzip.decompress(packed.read_bytes()))
    return folder


def run(folder: Path, module: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "GITHUB_"))}
    declared = json.loads((DATA / "environment.json").read_text("utf-8"))
    return subprocess.run(
        [sys.executable, "-m", module, *arguments],
        cwd=folder,
        env={**kept, **declared, "READINESS_NOW": NOW, "COLUMNS": "200", "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def judged(result: Any) -> dict[str, Any]:
    """Each item by its id."""
    return {item["id"]: item for section in result["sections"] for item in section["items"]}


def alike(found: Any, was: Any) -> Any:
    """What was found, without what mappings hold beside the keys of before: formats may grow."""
    if isinstance(found, dict) and isinstance(was, dict):
        return {key: alike(found[key], was[key]) for key in was if key in found}
    if isinstance(found, list) and isinstance(was, list) and len(found) == len(was):
        return [alike(*pair) for pair in zip(found, was, strict=True)]
    return found


def assert_same(path: Path, was: Path) -> None:
    """Whether a file of results says what another one said; it may say more."""
    before = json.loads(was.read_text("utf-8"))
    assert alike(json.loads(path.read_text("utf-8")), before) == before


def unworded(item: dict[str, Any]) -> dict[str, Any]:
    """An item without the words of its tests, which may get better."""
    words = ("evidence", "expected", "warning", "remedy")
    tests = [{name: value for name, value in test.items() if name not in words} for test in item["tests"]]
    return {**item, "tests": tests}


def ordered(text: str) -> str:
    """What a command says without its list of what is open: what comes first in that may change."""
    return re.sub(r"\nOpen, .*?(?=\n\n|\n\w+: |\Z)", "", text, flags=re.DOTALL)


def held(mapping: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in mapping.items() if value is not None}


def test_the_configuration_follows_the_schema(project: Path) -> None:
    schema = json.loads(run(project, "pytest_readiness", "schema").stdout)
    data = YAML(typ="safe", pure=True).load((project / "readiness.yaml").read_text("utf-8"))
    # A null takes away what is inherited; the schema knows that of single resources only.
    data["targets"] = {
        name: held({**target, "policy": held(target["policy"])}) for name, target in data["targets"].items()
    }
    jsonschema.validate(data, schema)


@pytest.mark.parametrize("file", ["release.checks.yaml", "people.checks.yaml"])
def test_the_bindings_follow_the_schema(project: Path, file: str) -> None:
    schema = json.loads(run(project, "pytest_readiness", "schema", "bindings").stdout)
    jsonschema.validate(YAML(typ="safe", pure=True).load((project / file).read_text("utf-8")), schema)


@pytest.mark.parametrize("target", TARGETS)
def test_the_same_tests_are_collected(project: Path, target: str) -> None:
    done = run(project, "pytest", "--co", "-q", f"--readiness-target={target}")
    assert done.returncode == 0, done.stdout + done.stderr
    assert [line for line in done.stdout.splitlines() if "::" in line] == expected()[target]["nodes"]


@pytest.mark.parametrize("target", TARGETS)
def test_a_recording_is_judged_as_it_was(project: Path, target: str) -> None:
    done = run(
        project,
        "pytest",
        f"--readiness-target={target}",
        "--readiness-release=1.4.2",
        f"--readiness-replay=data/{target}.recording.json",
        "--readiness-out=out",
    )
    result = json.loads((project / "out" / "result.json").read_text("utf-8"))
    found, before = judged(result), expected()[target]["items"]
    assert list(found) == list(before)
    # A check that has come to ask for more than was recorded says so, and judges nothing.
    lacking = {item for item in before if any(map(_is_not_recorded, found[item]["tests"]))}
    assert all(found[item]["state"] == "error" for item in lacking)
    assert len(lacking) < len(before) * 3 / 4
    for item in before.keys() - lacking:
        assert unworded(alike(found[item], before[item])) == unworded(before[item]), item
    if not lacking:
        verdict = expected()[target]["verdict"]
        assert alike(result["verdict"], verdict) == verdict
        assert done.returncode == expected()[target]["exit_code"]


def _is_not_recorded(test: Any) -> bool:
    told = test["evidence"]
    withheld = "holds no" in told or "in a form that this version does not read" in told
    return ("the recording of" in told and withheld) or told.endswith("was not looked at")


@pytest.mark.parametrize("name", [path.name.removesuffix(".json.gz") for path in sorted(DATA.glob("results/*.gz"))])
def test_a_result_comes_back_as_it_was(project: Path, name: str) -> None:
    done = run(project, "pytest_readiness", "report", f"data/{name}.json", "--out", "again", "--html", "page.html")
    assert done.returncode == 0, done.stderr
    assert_same(project / "again" / "result.json", project / "data" / f"{name}.json")
    assert (project / "page.html").exists()


def test_commands_say_what_they_said(project: Path) -> None:
    for was in expected()["commands"]:
        done = run(project, "pytest_readiness", *was["command"])
        assert done.returncode == was["exit_code"], (was["command"], done.stderr)
        if "--json" in was["command"]:
            said = json.loads(was["said"])
            assert alike(json.loads(done.stdout), said) == said, was["command"]
        else:
            assert ordered(done.stdout) == ordered(was["said"]), was["command"]
    assert_same(project / "merged" / "result.json", project / "data" / "merged.json")


@pytest.mark.parametrize(("baseline", "better"), [("staging", False), ("drifted", True)])
def test_a_result_serves_as_a_baseline(project: Path, baseline: str, better: bool) -> None:
    done = run(
        project,
        "pytest",
        "--readiness-target=staging",
        "--readiness-replay=data/staging.recording.json",
        f"--readiness-baseline=data/{baseline}.json",
        "--readiness-out=out",
    )
    drift = json.loads((project / "out" / "result.json").read_text("utf-8"))["drift"]
    assert ("release:papers/runbook" in {each["item"] for each in drift["better"]}) is better, done.stdout
