"""Runs against kinds that a project declares itself, of which one names another: deployments and their cluster."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.stack.process import free_port
from tests.stack.silent import Response, WebApp

BOUND = 120.0
"""Seconds after which a run is a hang."""

CONFTEST = '''
import json
import urllib.error
import urllib.request
from typing import Annotated

from pytest_readiness import Evidence, Unreachable, check, claim, fact
from pytest_readiness.core.resources import Reference, Resource


class Cluster(Resource):
    """A cluster."""

    kind = "cluster"
    section = "clusters"
    main = "api"

    api: str

    @property
    def place(self):
        return self.api


class Deployment(Resource):
    """A deployment."""

    kind = "deployment"
    section = "deployments"
    main = "cluster"

    cluster: Annotated[str | None, Reference("cluster", through=True)] = None


def asked(cluster, path):
    try:
        with urllib.request.urlopen(cluster.api + path, timeout=5) as answer:
            return json.load(answer)
    except urllib.error.URLError as error:
        raise Unreachable(f"{cluster.api} does not answer") from None


@fact
def cluster_version(cluster) -> str:
    """The version of the cluster."""
    return asked(cluster, "/version")


@fact
def replicas(deployment, cluster_version: str, cluster) -> int:
    """How many there are of it."""
    return asked(cluster, f"/{deployment.name}")[cluster_version]


@check("toy.version", severity="high", remedy="Update it.")
def version(cluster_version) -> Evidence:
    """The cluster is new."""
    claim(cluster_version == "v2", expected="v2", seen=cluster_version)
    return Evidence(cluster_version)


@check("toy.replicas", severity="high", remedy="Start more.")
def enough(replicas, *, least: int = 2) -> Evidence:
    """There are enough."""
    claim(replicas >= least, expected=f"{least} replicas", seen=str(replicas))
    return Evidence(f"{replicas} replicas")
'''
OWN = """
def test_replicas(replicas):
    assert replicas == 3


def test_deployment(deployment):
    assert deployment.cluster == "blue"
"""
CONFIGURATION = """\
checklists: [CHECK.md]
targets:
  prod:
    clusters:
      blue: {api: "API"}
    deployments:
      shop: blue
      jobs:
        cluster: blue
      web: blue
    policy: {min_score: 0}
"""


class Project:
    def __init__(self, path: Path, api: str) -> None:
        self.path = path
        self.write("conftest.py", CONFTEST)
        self.write("readiness.yaml", CONFIGURATION.replace("API", api))
        self.write("CHECK.md", "# Release\n\n- [ ] new\n- [ ] enough\n")
        self.write("CHECK.checks.yaml", "release:\n  new: toy.version\n  enough: toy.replicas\n")
        self.write("pytest.ini", "[pytest]\n")

    def write(self, name: str, text: str) -> None:
        (self.path / name).write_text(text, encoding="utf-8")

    def run(self, *arguments: str) -> tuple[int, str]:
        environment = {key: text for key, text in os.environ.items() if not key.startswith("PYTEST_")}
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "--readiness-target=prod", "-p", "no:cacheprovider", *arguments],
            cwd=self.path,
            env={**environment, "COLUMNS": "200"},
            capture_output=True,
            check=False,
            text=True,
            timeout=BOUND,
        )
        return done.returncode, done.stdout + done.stderr

    def evidence(self, out: str) -> dict[str, str]:
        """What was seen, by resource."""
        data: Any = json.loads((self.path / out / "result.json").read_text("utf-8"))
        return {
            test["resource"]: test["evidence"]
            for section in data["sections"]
            for item in section["items"]
            for test in item["tests"]
        }


@pytest.fixture
def api() -> Iterator[WebApp]:
    routes = {"/version": "v2", **{f"/{name}": {"v2": 3} for name in ("shop", "jobs", "web")}}
    with WebApp({path: Response(body=json.dumps(answer).encode()) for path, answer in routes.items()}) as app:
        yield app


@pytest.fixture
def project(tmp_path: Path, api: WebApp) -> Project:
    return Project(tmp_path, f"http://127.0.0.1:{api.port}")


GOOD = {"blue": "v2", **dict.fromkeys(("shop", "jobs", "web"), "3 replicas")}


def test_a_cluster_is_read_once_for_its_deployments(project: Project, api: WebApp) -> None:
    code, said = project.run("--readiness-out=out", "--readiness-record=r.json")
    assert code == 0, said
    assert project.evidence("out") == GOOD
    assert {path: api.count(path) for path in api.routes} == dict.fromkeys(api.routes, 1)


def test_both_are_recorded_and_replayed(project: Project, api: WebApp) -> None:
    project.run("--readiness-record=r.json")
    readings = json.loads((project.path / "r.json").read_text("utf-8"))["readings"]
    assert [(each["fact"], each["resource"], each["value"]) for each in readings] == [
        ("cluster_version", "blue", "v2"),
        *(("replicas", name, 3) for name in ("jobs", "shop", "web")),
    ]
    seen = len(api.requests)
    project.write("readiness.yaml", CONFIGURATION.replace("API", f"http://127.0.0.1:{free_port()}"))
    code, said = project.run("--readiness-replay=r.json", "--readiness-out=replayed")
    assert code == 0, said
    assert {name: text.partition(" (")[0] for name, text in project.evidence("replayed").items()} == GOOD
    assert len(api.requests) == seen


def test_a_dead_cluster_costs_one_attempt_and_is_named(project: Project) -> None:
    at = f"http://127.0.0.1:{free_port()}"
    project.write("readiness.yaml", CONFIGURATION.replace("API", at))
    code, said = project.run("--readiness-out=out", "--readiness-audit=audit.log")
    assert code == 6, said
    assert set(project.evidence("out").values()) == {f"could not verify: {at} does not answer"}


def test_tests_of_a_teams_own(project: Project, api: WebApp) -> None:
    project.write("test_own.py", OWN)
    code, said = project.run("test_own.py")
    assert code == 10, said
    assert "6 passed" in said
    assert api.count("/version") == 1


@pytest.mark.parametrize("dist", ["load", "loadgroup"])
def test_workers_keep_a_cluster_and_its_deployments_together(project: Project, api: WebApp, dist: str) -> None:
    code, said = project.run("-n", "2", "--dist", dist, "--readiness-out=out")
    assert code == 0, said
    assert project.evidence("out") == GOOD
    assert api.count("/version") == 1


def test_shards_keep_a_cluster_and_its_deployments_together(project: Project, api: WebApp) -> None:
    project.write("test_own.py", OWN)
    passed = []
    for number in (1, 2):
        _, said = project.run("CHECK.md", "test_own.py", f"--readiness-shard={number}/2")
        passed.append(int(re.findall(r"(\d+) passed|deselected in", said)[-1] or 0))
    assert sorted(passed) == [0, 10], said
    assert api.count("/version") == 1


@pytest.mark.parametrize(
    ("before", "after", "line", "said"),
    [
        (
            "cluster: blue",
            "cluster: blu",
            9,
            "Deployment 'jobs', 'cluster': the target declares no cluster named 'blu'. Did you mean 'blue'?",
        ),
        (
            "shop: blue",
            "shop: green",
            7,
            "the target declares no cluster named 'green'. Known: blue.",
        ),
        ("web: blue", "web: jobs", 10, "'web', 'cluster': the target declares no cluster named 'jobs'. Known: blue."),
    ],
)
def test_a_wrong_name_is_a_mistake_of_the_configuration(
    project: Project, api: WebApp, before: str, after: str, line: int, said: str
) -> None:
    text = (project.path / "readiness.yaml").read_text("utf-8")
    project.write("readiness.yaml", text.replace(before, after))
    code, told = project.run()
    assert code == 4
    assert f"readiness.yaml:{line}: " in told
    assert said in told
    assert not api.requests


def test_a_name_that_another_target_declares_is_none_of_this_one(project: Project) -> None:
    text = (project.path / "readiness.yaml").read_text("utf-8")
    project.write("readiness.yaml", text + "  staging:\n    deployments: {early: blue}\n")
    code, told = project.run()
    assert code == 4
    assert "readiness.yaml:13: Deployment 'early', 'cluster': the target declares no cluster named 'blue'." in told


def test_a_mistake_in_the_named_one_is_told_once(project: Project) -> None:
    text = (project.path / "readiness.yaml").read_text("utf-8")
    project.write("readiness.yaml", text.replace("blue: {api:", "blue: {ap:"))
    code, told = project.run()
    assert code == 4
    assert told.count("readiness.yaml:") == 2
    assert "Unknown key 'ap' in cluster 'blue'" in told
    assert "Cluster 'blue' lacks 'api'" in told


def test_a_deployment_without_a_cluster_is_unverified(project: Project) -> None:
    text = (project.path / "readiness.yaml").read_text("utf-8")
    project.write("readiness.yaml", text.replace("web: blue", "web:"))
    project.run("--readiness-out=out")
    assert project.evidence("out")["web"] == "the deployment web names no cluster as its 'cluster'"
