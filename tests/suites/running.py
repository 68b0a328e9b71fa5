"""Runs suites against a world, as a team would: with a readiness.yaml, and signed by everyone who must sign."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from pytest_readiness.checklist.model import Item
from pytest_readiness.checklist.reading import read_checklist
from pytest_readiness.config.loading import load_configuration
from pytest_readiness.config.suites import target_path
from pytest_readiness.core.domains import load_catalogue
from pytest_readiness.people.rules import SignoffRule
from pytest_readiness.plan.originals import follow, said_in
from pytest_readiness.plan.plan import make_plan
from pytest_readiness.plan.suites import ShippedSuite, read_suite
from tests.stack.patience import patient

SUITES = ("accessible-platform", "compose-payments", "containers-mongodb", "fintech-platform", "paas-digitalocean")
RELEASE = "1.4.2"


@dataclass(frozen=True)
class Outcome:
    """How an item ended, and what those of its tests say that did not pass."""

    state: str
    reasons: tuple[str, ...]


def write_project(folder: Path, resources: Mapping[str, Any], documents: Sequence[str]) -> Path:
    """Write the readiness.yaml of a team that runs documents against these resources, and sign; returns its path.

    What the examples of the suites say about roles and parameters is taken as it is written, unless the resources have
    parameters of their own.
    """
    roles: dict[str, Any] = {}
    parameters: dict[str, Any] = {}
    for suite in SUITES:
        example = YAML(typ="safe", pure=True).load(target_path(suite))
        roles |= example["roles"]
        for name, given in example["targets"]["prod"]["parameters"].items():
            assert parameters.setdefault(name, given) == given, f"{name} differs from suite to suite."
    parameters |= resources.get("parameters", {})
    target = {**resources, "policy": {"allow": ["active", "disruptive"]}, "parameters": parameters}
    path = folder / "readiness.yaml"
    _write(
        path,
        {
            "checklists": list(documents),
            "roles": roles,
            "signoffs": "signoffs.yaml",
            "targets": {"prod": target},
        },
    )
    _sign(path)
    return path


def write_original(suite: str, folder: Path) -> Path:
    """Write a document in other words, with items on the lines that the suite was made of, and its bindings."""
    shipped = read_suite(suite)
    lines = dict(_lines_of(shipped))
    last = max(lines)
    written = [""] * (last + 1)
    for section in shipped.checklist.sections:
        of_section = [line for line, (item, _) in lines.items() if shipped.checklist.section_of(item) == section]
        written[min(of_section) - 1] = f"## Part from line {min(of_section)}"
    for line, (item, depth) in lines.items():
        remark = f" ({item.condition})" if item.condition else ""
        written[line] = f"{'  ' * depth}- [ ] What line {line} says{remark}"
    path = folder / f"{suite}-original.md"
    path.write_text("\n".join(written[1:]) + "\n", "utf-8")
    document = read_checklist(path)
    made = follow(shipped, document, said_in(document))
    assert made.left_out == {}
    path.with_suffix(".checks.yaml").write_text(made.text, "utf-8")
    return path


def _lines_of(suite: ShippedSuite) -> Iterator[tuple[int, tuple[Item, int]]]:
    depths = {child.id: 1 for group in suite.checklist.items() for child in group.children}
    for item in suite.checklist.items():
        yield int(suite.bindings[item.id].source.partition(":")[2]), (item, depths.get(item.id, 0))


def _sign(path: Path) -> None:
    """Sign each item that people must sign, by as many as must, with the evidence that is asked for."""
    load_catalogue()
    configuration = load_configuration(path, "prod")
    plan = make_plan(configuration, configuration.checklists, frozenset(), fenced=False)
    entries: list[dict[str, Any]] = []
    for test in plan.tests():
        if test.signoff is not None:
            entry = {"item": test.full_item, **_signature(test.signoff, path.parent, len(entries))}
            people = configuration.roles[test.signoff.role][: test.signoff.count]
            entries += [{**entry, "by": person} for person in people]
    _write(path.with_name("signoffs.yaml"), {"signoffs": entries})


def _signature(rule: SignoffRule, folder: Path, number: int) -> dict[str, Any]:
    today = datetime.now(UTC).date().isoformat()
    signature: dict[str, Any] = {"role": rule.role, "on": today}
    if rule.evidence is not None:
        signature["evidence"] = f"evidence-{number}.md"
        text = "".join(
            f"\n## {wanted.partition('|')[0]}\n\nWhat was seen on {today} is as it should be.\n"
            for wanted in rule.evidence.sections or ()
        )
        record = f"# Record {number} of {today}\n\nNothing was found to be wrong.\n{text}"
        (folder / signature["evidence"]).write_text(record, "utf-8")
    if rule.per_release:
        signature["release"] = RELEASE
    return signature


def _write(path: Path, value: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8") as file:
        YAML(typ="safe").dump(value, file)


def run(path: Path, *options: str) -> dict[str, Outcome]:
    """Run pytest on such a project; how each item ended, by its full id."""
    out = path.parent / "out"
    command = [
        *(sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", f"--rootdir={path.parent}"),
        *("--readiness-target=prod", f"--readiness-release={RELEASE}", f"--readiness-out={out}", *options),
    ]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    # Its linters are those of these tests.
    environment["PATH"] = os.pathsep.join((str(Path(sys.executable).parent), environment["PATH"]))
    done = subprocess.run(
        command, cwd=path.parent, env=environment, capture_output=True, text=True, timeout=patient(240), check=False
    )
    assert done.returncode in (0, 1, 6, 10), done.stdout + done.stderr
    result = json.loads((out / "result.json").read_text("utf-8"))
    return {
        item["id"]: Outcome(
            item["state"],
            tuple(
                " ".join(filter(None, (test["check"], test["resource"], test["evidence"])))
                for test in item["tests"]
                if test["state"] != "passed"
            ),
        )
        for section in result["sections"]
        for item in _leaves(section["items"])
    }


def _leaves(items: Sequence[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for item in items:
        if "items" in item:
            yield from _leaves(item["items"])
        else:
            yield item
