from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from pytest_readiness.core.evidence import ClaimFalse, CouldNotVerify
from pytest_readiness.domains.ci.checks.hygiene import no_secrets, pinned_actions
from pytest_readiness.domains.ci.facts.files import PipelineFiles
from tests.domains.ci.test_kinds import uses
from tests.domains.ci.test_pipeline import PUSH, ci, job, run  # noqa: F401

SHA = "1234567890" * 4
TOKEN = "ghp_" + "a1B2" * 9
READS = "    permissions: {contents: read}\n"
SECRET = "        env: {TOKEN: '${{ secrets.TOKEN }}'}\n"
TARGETED = "on: pull_request_target\n"
HEAD = uses("actions/checkout@v4", ref="${{ github.event.pull_request.head.sha }}")
BOT = "version: 2\nupdates:\n- {package-ecosystem: npm, directory: %s, schedule: {interval: weekly}%s}\n"
NPM = {"web/package.json": "{}"}
ACTION = "runs: {using: composite, steps: [{uses: a/b@main}]}\n"

RIGHT: list[tuple[str, Any, dict[str, Any]]] = [
    ("ci.pinned_actions", job(uses(f"a/b@{SHA}  # v1")), {}),
    ("ci.pinned_actions", job(uses(f"a/b@{SHA}") + uses("./act")), {}),
    ("ci.pinned_actions", job(uses("actions/checkout@v4")), {"trusted": ["actions"]}),
    ("ci.pinned_actions", job(uses(f"docker://x@sha256:{'a' * 64}")), {}),
    ("ci.pinned_actions", job(run("ls"), more="    container: node:22\n"), {}),
    ("ci.pinned_actions", {".gitlab-ci.yml": f"include: {{project: a/b, ref: {SHA}, file: x.yml}}\n"}, {}),
    ("ci.least_privilege", job(run("ls"), more=READS), {}),
    ("ci.least_privilege", job(run("ls"), more="    permissions: {}\n"), {}),
    ("ci.least_privilege", "permissions: read-all\n" + job(run("ls")), {"allowed": {"*": "read"}}),
    (
        "ci.least_privilege",
        job(run("ls"), more="    permissions: {id-token: write}\n"),
        {"jobs": {"test": {"id-token": "write"}}},
    ),
    ("ci.no_secrets", job(run("deploy", SECRET)), {}),
    ("ci.no_secrets", job(run('echo "$TOKEN" | docker login --password-stdin', SECRET)), {}),
    ("ci.no_secrets", job(run('echo "$TOKEN" > key.pem', SECRET)), {}),
    ("ci.no_secrets", job(run("set -x\nls")), {}),
    ("ci.no_secrets", job(HEAD), {}),
    ("ci.no_secrets", job(run("echo ${{ github.event.pull_request.number }}")), {}),
    ("ci.update_bot", {".github/dependabot.yml": BOT % ("/web", ""), **NPM}, {}),
    ("ci.update_bot", {".github/dependabot.yml": BOT % ("'/'", ", directories: ['/*']"), **NPM}, {}),
    ("ci.update_bot", {"renovate.json": '{"extends": ["config:recommended"]}', **NPM}, {}),
    ("ci.update_bot", {"renovate.json5": "{\n  // why\n  extends: ['x'],\n}".replace("'", '"'), **NPM}, {}),
    ("ci.update_bot", {".github/dependabot.yml": BOT % ("/web", ""), **NPM, "docs/go.mod": ""}, {"apart": ["docs"]}),
]


@pytest.mark.parametrize(("id", "files", "parameters"), RIGHT)
def test_right(ci: Any, id: str, files: Any, parameters: dict[str, Any]) -> None:  # noqa: F811
    if id == "ci.pinned_actions" and isinstance(files, dict) and "include" in files[".gitlab-ci.yml"]:
        # A project that is included is pinned, and not read: what it takes in its turn is not known.
        with pytest.raises(CouldNotVerify):
            ci(id, files, **parameters)
    else:
        assert ci(id, files, **parameters).text


FALSE: list[tuple[str, Any, dict[str, Any], str]] = [
    ("ci.pinned_actions", job(uses("actions/checkout@v4")), {}, "actions/checkout@v4 in .github/workflows/ci.yml:6"),
    ("ci.pinned_actions", job(uses("a/b@1234567")), {}, "a/b@1234567"),
    ("ci.pinned_actions", job(uses("docker://alpine:3")), {}, "docker://alpine:3"),
    ("ci.pinned_actions", PUSH + "jobs: {a: {uses: a/b/.github/workflows/c.yml@main}}\n", {}, "c.yml@main"),
    ("ci.pinned_actions", {"act/action.yml": ACTION}, {}, "a/b@main in act/action.yml"),
    ("ci.pinned_actions", job(run("ls"), more="    container: node:22\n"), {"images": True}, "node:22"),
    ("ci.pinned_actions", {".gitlab-ci.yml": "include: {component: a/b@~latest}\n"}, {}, "~latest"),
    ("ci.pinned_actions", job(uses("actionsx/y@v1")), {"trusted": ["actions"]}, "actionsx/y"),
    ("ci.least_privilege", job(run("ls")), {}, "states none"),
    ("ci.least_privilege", job(run("ls"), more="    permissions: write-all\n"), {}, "all: write"),
    (
        "ci.least_privilege",
        "permissions: {contents: read}\n" + job(run("ls"), more="    permissions: {packages: write}\n"),
        {},
        "packages: write",
    ),
    ("ci.least_privilege", job(run("ls"), more="    permissions: read-all\n"), {}, "all: read"),
    ("ci.no_secrets", job(run(f"curl -H {TOKEN} x")), {}, "a GitHub token in .github/workflows/ci.yml:7"),
    ("ci.no_secrets", {"d.sh": f"TOKEN={TOKEN}\n", ".github/workflows/ci.yml": job(run("./d.sh"))}, {}, "in d.sh:1"),
    ("ci.no_secrets", job(run("echo $TOKEN", SECRET)), {}, "echo of TOKEN"),
    ("ci.no_secrets", job(run("echo ${{ secrets.KEY }}")), {}, "echo of KEY"),
    ("ci.no_secrets", job(run("echo ${{ Secrets.KEY }}")), {}, "echo of KEY"),
    ("ci.no_secrets", job(run("set -x\ndeploy", SECRET)), {}, "'set -x'"),
    ("ci.no_secrets", job(run("printenv", SECRET)), {}, "prints every variable"),
    ("ci.no_secrets", job(run("echo ${{ github.event.issue.title }}")), {}, "issue.title becomes part"),
    ("ci.no_secrets", job(run("x ${{ github.head_ref }}")), {}, "github.head_ref becomes"),
    ("ci.no_secrets", job(HEAD, on=TARGETED), {}, "code of a pull request"),
    ("ci.no_secrets", job(uses("a/b@v1", all="${{ toJSON(secrets) }}")), {}, "all secrets are handed over"),
    ("ci.update_bot", NPM, {}, "none"),
    ("ci.update_bot", {".github/dependabot.yml": BOT % ("/", ""), **NPM}, {}, "not npm /web"),
    (
        "ci.update_bot",
        {".github/dependabot.yml": BOT % ("/web", ", open-pull-requests-limit: 0"), **NPM},
        {},
        "limit is 0",
    ),
    ("ci.update_bot", {".github/dependabot.yml": BOT % ("/web", ""), **NPM, "go.mod": ""}, {}, "not gomod /"),
    ("ci.update_bot", {"renovate.json": '{"enabled": false}', **NPM}, {}, "enabled is false"),
]


@pytest.mark.parametrize(("id", "files", "parameters", "seen"), FALSE)
def test_false(ci: Any, id: str, files: Any, parameters: dict[str, Any], seen: str) -> None:  # noqa: F811
    with pytest.raises(ClaimFalse) as error:
        ci(id, files, **parameters)
    assert seen in error.value.seen
    assert TOKEN not in error.value.seen


@pytest.mark.parametrize("id", ["ci.pinned_actions", "ci.least_privilege", "ci.no_secrets"])
@pytest.mark.parametrize("files", [{}, {"Jenkinsfile": "x"}, "a: ["])
def test_not_known(ci: Any, id: str, files: Any) -> None:  # noqa: F811
    with pytest.raises(CouldNotVerify):
        ci(id, files)


@pytest.mark.parametrize("files", [{".github/dependabot.yml": "version: 1\n"}, {"renovate.json": "{"}])
def test_which_updates_is_not_known(ci: Any, files: Any) -> None:  # noqa: F811
    with pytest.raises(CouldNotVerify):
        ci("ci.update_bot", files)


def test_a_record_with_lists_that_are_not_whole_passes_nothing() -> None:
    files = PipelineFiles("3f9c1e2", (".github/workflows/ci.yml",), count=3)
    for check in (pinned_actions, no_secrets):
        with pytest.raises(CouldNotVerify, match="not whole"):
            check(files)
        assert check(replace(files, count=1))


PNPM = {"package.json": "{}", "pnpm-workspace.yaml": "packages: [./apps/*, '!apps/old']\n"}
CARGO = {"Cargo.toml": "[workspace]\nmembers = ['crates/*']\nexclude = ['crates/old']\n"}
UV = {"pyproject.toml": "[tool.uv.workspace]\nmembers = ['libs/**']\nexclude = ['libs/old']\n"}


@pytest.mark.parametrize(
    ("ecosystem", "files", "member", "other"),
    [
        ("npm", {"package.json": '{"workspaces": ["apps/*"]}'}, "apps/a/package.json", "tools/b/package.json"),
        ("npm", {"package.json": '{"workspaces": {"packages": ["a", "!b"]}}'}, "a/package.json", "b/package.json"),
        ("npm", PNPM, "apps/a/package.json", "apps/old/package.json"),
        ("cargo", CARGO, "crates/a/Cargo.toml", "crates/old/Cargo.toml"),
        ("cargo", {"Cargo.toml": "[workspace]\n"}, "a/Cargo.toml", ""),
        ("cargo", {"Cargo.toml": "[package]\n# [workspace]\n"}, "", "a/Cargo.toml"),
        ("uv", UV, "libs/x/a/pyproject.toml", "libs/old/pyproject.toml"),
        ("uv", {"pyproject.toml": "[tool.uv]\n"}, "", "libs/a/pyproject.toml"),
        ("gomod", {"go.mod": "", "go.work": "use ./a\n"}, "", "a/go.mod"),
        ("npm", {"package.json": json.dumps({"workspaces": ["**/" * 40 + "x" + "*x" * 40]})}, "", "a/b/c/package.json"),
    ],
)
def test_members_of_a_workspace_are_updated_from_its_top(
    ci: Any,  # noqa: F811
    ecosystem: str,
    files: dict[str, str],
    member: str,
    other: str,
) -> None:
    bot = {".github/dependabot.yml": BOT.replace("npm", ecosystem) % ("/", ""), **files}
    assert ci("ci.update_bot", bot | ({member: ""} if member else {}))
    if other:
        with pytest.raises(ClaimFalse, match=f"not .* /{other.rpartition('/')[0]}"):
            ci("ci.update_bot", bot | {other: "{}"})
