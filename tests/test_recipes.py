"""The recipes of the documentation do what they say: their scripts run, as the CI system would run them."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest
from ruamel.yaml import YAML

from tests.stack.patience import patient
from tests.stack.programs import program
from tests.stack.silent import Response, WebApp

RECIPES = Path(__file__).parent.parent / "docs" / "recipes"
FILES = {
    "readiness.yaml": (
        "checklists: [release.md]\n"
        "roles: {owner: [owner@example.com]}\n"
        "targets: {prod: {env_files: {shop: app.env}, policy: {min_score: 100}}}\n"
    ),
    "release.md": "# Release\n\n- [ ] Token is set\n- [ ] Approved\n",
    "release.checks.yaml": "release:\n  token-is-set: {check: env.present, names: [TOKEN]}\n  approved: APPROVED\n",
    "app.env": "TOKEN=x\n",
}
GO = "{not_applicable: nobody approves here}"
STATES = {0: (GO, "TOKEN=x\n", "GO"), 1: (GO, "", "NO-GO"), 6: ("{signoff: owner}", "TOKEN=x\n", "NO-GO")}
"""What stands for the approval, the env file, and the verdict, by exit code."""


def load(name: str) -> Any:
    return YAML(typ="safe").load((RECIPES / name).read_text("utf-8"))


@pytest.fixture(params=STATES)
def code(request: pytest.FixtureRequest, tmp_path: Path) -> int:
    """A project whose run ends with this exit code."""
    approved, env, _ = STATES[request.param]
    for name, text in FILES.items():
        (tmp_path / name).write_text(text.replace("APPROVED", approved))
    (tmp_path / "app.env").write_text(env)
    return int(request.param)


def run(
    folder: Path, script: str, *arguments: str, shell: tuple[str, ...] = ("sh",), **environment: str
) -> subprocess.CompletedProcess[str]:
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("GITHUB_", "PYTEST_"))}
    return subprocess.run(
        [*shell, "-c", script, "script", *arguments],
        cwd=folder,
        env={**kept, "PATH": path, **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=patient(120),
        check=False,
    )


def test_shell(tmp_path: Path, code: int) -> None:
    recipe = (RECIPES / "readiness.sh").read_text("utf-8")
    done = run(tmp_path, recipe, "prod", "1.4.2", "-q")
    assert done.returncode == code, done.stdout + done.stderr
    assert done.stdout.splitlines()[-1].startswith(f"{STATES[code][2]}: ")
    result = json.loads((tmp_path / "readiness" / "result.json").read_text("utf-8"))
    assert (result["provenance"]["release"], result["exit_code"]) == ("1.4.2", code)
    assert (tmp_path / "readiness.html").is_file()


def test_shell_without_a_verdict(tmp_path: Path) -> None:
    recipe = (RECIPES / "readiness.sh").read_text("utf-8")
    assert "usage: readiness.sh TARGET" in run(tmp_path, recipe).stderr
    done = run(tmp_path, recipe, "prod")
    assert (done.returncode, done.stdout.splitlines()[-1]) == (4, "No verdict: pytest ended with 4.")


def step(folder: Path, step: Mapping[str, Any], inputs: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """Run a step of the composite action as GitHub's runner does."""
    assert step["shell"] == "bash"
    assert "${{" not in step["run"]
    environment = {
        name: re.sub(r"\$\{\{ inputs\.([\w-]+) \}\}", lambda found: inputs[found[1]], value)
        for name, value in step["env"].items()
    }
    for name in ("output", "step_summary"):
        environment[f"GITHUB_{name.upper()}"] = str(folder / name)
    shell = ("bash", "--noprofile", "--norc", "-e", "-o", "pipefail")
    return run(folder, step["run"], shell=shell, GITHUB_ACTIONS="true", **environment)


def inputs_of(action: Mapping[str, Any], **given: str) -> dict[str, str]:
    known = {name: str(each.get("default", "")) for name, each in action["inputs"].items()}
    assert given.keys() <= known.keys()
    return {**known, **given}


def test_action(tmp_path: Path, code: int) -> None:
    action = load("action.yml")
    given = inputs_of(action, target="prod", release="1.4.2", arguments="-q\n-k\ntoken or approved", package="pytest")
    install, runs, _ = action["runs"]["steps"]
    assert step(tmp_path, install, given).returncode == 0
    done = step(tmp_path, runs, given)
    assert done.returncode == code, done.stdout + done.stderr
    outputs = dict(line.split("=", 1) for line in (tmp_path / "output").read_text("utf-8").splitlines())
    assert (outputs["verdict"], outputs["exit-code"]) == (STATES[code][2], str(code))
    told = {match for each in action["outputs"].values() for match in re.findall(r"outputs\.([\w-]+)", each["value"])}
    assert told <= outputs.keys()
    assert STATES[code][2] in (tmp_path / "step_summary").read_text("utf-8")


@pytest.mark.parametrize("code", [6], indirect=True)
def test_action_lets_the_unverified_pass_where_asked(tmp_path: Path, code: int) -> None:
    action = load("action.yml")
    given = inputs_of(action, target="prod", **{"unverified-is-ok": "true"})
    assert step(tmp_path, action["runs"]["steps"][1], given).returncode == 0


@pytest.mark.parametrize("code", [0], indirect=True)
def test_action_takes_inputs_as_data(tmp_path: Path, code: int) -> None:
    action = load("action.yml")
    given = inputs_of(action, target="$(touch made)`touch made`", release="'; touch made; '", arguments="$(touch made)")
    assert step(tmp_path, action["runs"]["steps"][1], given).returncode == 4
    assert not (tmp_path / "made").exists()


def test_workflow_fits_the_action() -> None:
    action, workflow = load("action.yml"), load("release.yml")
    readiness = workflow["jobs"]["readiness"]
    used = next(each for each in readiness["steps"] if each.get("id") == "readiness")
    assert used["with"].keys() <= action["inputs"].keys()
    assert {name for name, each in action["inputs"].items() if each.get("required")} <= used["with"].keys()
    for value in readiness["outputs"].values():
        assert re.fullmatch(r"\$\{\{ steps\.readiness\.outputs\.([\w-]+) \}\}", value)[1] in action["outputs"]  # type: ignore[index]
    assert "needs.readiness.outputs.verdict == 'GO'" in workflow["jobs"]["deploy"]["if"]


def test_gitlab(tmp_path: Path, code: int) -> None:
    jobs = load("gitlab-ci.yml")
    done = run(tmp_path, jobs["readiness"]["script"][1], shell=("bash", "-e"), CI_COMMIT_TAG="1.4.2")
    assert done.returncode == code, done.stdout + done.stderr
    artifacts = jobs["readiness"]["artifacts"]
    for path in (*artifacts["paths"], artifacts["reports"]["junit"]):
        assert (tmp_path / path).exists(), path
    program("curl")
    with WebApp({"/projects/7/releases": Response(201)}) as forge:
        variables = {"CI_API_V4_URL": forge.url, "CI_PROJECT_ID": "7", "CI_JOB_TOKEN": "job", "CI_COMMIT_TAG": "1.4.2"}
        done = run(tmp_path, jobs["release"]["script"][0], shell=("bash", "-e"), **variables)
        assert done.returncode == 0, done.stderr
        (request,) = forge.requests
    assert request.headers["JOB-TOKEN"] == "job"
    sent = parse_qs(request.body.decode())
    assert sent["tag_name"] == ["1.4.2"]
    assert sent["description"] == [(tmp_path / "readiness" / "release.completed.md").read_text("utf-8")]


def test_jenkins(tmp_path: Path, code: int) -> None:
    recipe = (RECIPES / "Jenkinsfile").read_text("utf-8")
    (tmp_path / ".venv").symlink_to(sys.prefix)
    script = re.search(r"script: '''(.*?)'''", recipe, re.DOTALL)
    assert script
    done = run(tmp_path, script[1], RELEASE="1.4.2")
    assert done.returncode == code, done.stdout + done.stderr
    for path in ("readiness/junit.xml", "readiness.html"):
        assert path in recipe
        assert (tmp_path / path).is_file()
