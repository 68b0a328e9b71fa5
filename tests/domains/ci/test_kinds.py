from __future__ import annotations

from typing import Any

import pytest

from pytest_readiness.core.evidence import ClaimFalse, CouldNotVerify
from tests.domains.ci.test_pipeline import PUSH, ci, job, run  # noqa: F401

DISPATCH = "on: {workflow_dispatch: {inputs: {version: {required: true}}}}\n"
PRODUCTION = "    environment: production\n"


def uses(action: str, **inputs: str) -> str:
    lines = "".join(f"          {key.replace('_', '-')}: {value}\n" for key, value in inputs.items())
    return f"      - uses: {action}\n" + ("        with:\n" + lines if inputs else "")


DEPLOY = run("kubectl -n shop set image deployment/shop shop=$IMAGE")
BUILDX = uses("docker/build-push-action@v6", push="true", tags="registry.example.com/shop:${{ github.sha }}")
GITLAB_DEPLOY = "ship:\n  script: [helm upgrade shop ./chart]\n  environment: {name: production}\n"

RIGHT: list[tuple[str, Any, dict[str, Any]]] = [
    ("ci.workflow", job(run("make")), {}),
    ("ci.workflow", "name: CI\n" + job(run("make")), {"name": "CI"}),
    ("ci.workflow", {".gitlab-ci.yml": "x: {script: [ls]}\n"}, {}),
    ("ci.runs_lint", job(run("ruff check . && ruff format --check .")), {}),
    ("ci.runs_lint", job(run("npx eslint .")), {}),
    ("ci.runs_lint", job(uses("golangci/golangci-lint-action@v6")), {}),
    ("ci.runs_lint", job(run("pre-commit run --all-files")), {}),
    ("ci.security_scan", job(run("npm audit --audit-level=high")), {}),
    ("ci.security_scan", job(run("trivy image --exit-code 1 shop")), {"of": ["image"]}),
    ("ci.security_scan", job(uses("aquasecurity/trivy-action@v1", exit_code="'1'")), {}),
    ("ci.security_scan", job(run("bandit -r src") + run("pip-audit")), {"of": ["code", "dependencies"]}),
    ("ci.security_scan", job(uses("github/codeql-action/analyze@v3")), {"gates": False}),
    ("ci.builds_image", job(BUILDX), {"registry": "registry.example.com/shop", "dockerfile": "Dockerfile"}),
    ("ci.builds_image", job(run("docker build -t r.example.com/shop:1 .\ndocker push r.example.com/shop:1")), {}),
    (
        "ci.builds_image",
        job(run("docker buildx build --push -f deploy/Dockerfile -t a.io/b:1 .")),
        {"dockerfile": "deploy/Dockerfile"},
    ),
    ("ci.deploys", job(DEPLOY, more=PRODUCTION), {"environment": "production"}),
    ("ci.deploys", job(DEPLOY, more="    environment: {name: Production, url: x}\n"), {"environment": "production"}),
    ("ci.deploys", job(DEPLOY), {"environment": "production", "job": "test"}),
    ("ci.deploys", job(run("./ship"), more=PRODUCTION), {"environment": "production", "command": "./ship"}),
    ("ci.deploys", job(DEPLOY, more=PRODUCTION, on="on: {push: {tags: ['v*']}}\n"), {"environment": "production"}),
    (
        "ci.deploys",
        job(DEPLOY, more=PRODUCTION, on="on: workflow_dispatch\n"),
        {"environment": "production", "by_hand": True},
    ),
    ("ci.deploys", {".gitlab-ci.yml": GITLAB_DEPLOY}, {"environment": "production"}),
    (
        "ci.deploys",
        {".gitlab-ci.yml": GITLAB_DEPLOY + "  when: manual\n"},
        {"environment": "production", "by_hand": True},
    ),
    ("ci.rollback", job(run("helm upgrade shop . --set tag=${{ inputs.version }}"), on=DISPATCH), {}),
    (
        "ci.rollback",
        job(uses("actions/checkout@v4", ref="${{ github.event.inputs.version }}") + DEPLOY, on=DISPATCH),
        {},
    ),
    ("ci.rollback", job(run("kubectl rollout undo deployment/shop"), on="on: workflow_dispatch\n"), {}),
    *(
        (
            "ci.rollback",
            job(run("helm upgrade shop . --set tag=" + tag), on=DISPATCH + top, more=more),
            {},
        )
        for tag, top, more in (
            ("$TAG", "env: {TAG: '${{ inputs.version }}'}\n", ""),
            ('"${TAG}"', "", "    env: {TAG: '${{ inputs.version }}'}\n"),
        )
    ),
    ("ci.rollback", {".gitlab-ci.yml": "back: {script: [helm rollback shop], when: manual}\n"}, {}),
]


@pytest.mark.parametrize(("id", "files", "parameters"), RIGHT)
def test_right(ci: Any, id: str, files: Any, parameters: dict[str, Any]) -> None:  # noqa: F811
    assert " on: " in ci(id, files, **parameters).text


FALSE: list[tuple[str, Any, dict[str, Any], str]] = [
    ("ci.workflow", {}, {}, "none of 0 workflows"),
    ("ci.workflow", PUSH, {}, "it has no jobs"),
    ("ci.workflow", job(run("make")), {"name": "Deploy"}, "none of 1 workflow"),
    ("ci.workflow", job(run("make"), on="on: {push: {branches: [dev]}}\n"), {}, "leaves main out"),
    ("ci.workflow", job(run("make"), more="    if: false\n"), {}, "is false"),
    ("ci.runs_lint", job(run("ruff check --exit-zero .")), {}, "'--exit-zero' is set"),
    ("ci.runs_lint", job(run("black .")), {}, "does not fail without --check"),
    ("ci.runs_lint", job(run("prettier --write .")), {}, "does not fail without --check"),
    ("ci.runs_lint", job(run("npm install eslint")), {}, "none among"),
    ("ci.security_scan", job(run("trivy image shop")), {}, "does not fail without --exit-code=1"),
    ("ci.security_scan", job(uses("aquasecurity/trivy-action@v1", severity="CRITICAL")), {}, "without exit-code=1"),
    ("ci.security_scan", job(uses("github/codeql-action/analyze@v3")), {}, "uploaded, and fail no step"),
    ("ci.security_scan", job(run("bandit -r src")), {"of": ["dependencies"]}, "none among"),
    ("ci.security_scan", job(run("npm audit || true")), {}, "'|| true' follows"),
    ("ci.security_scan", job(run("semgrep scan")), {}, "without --error"),
    ("ci.builds_image", job(uses("docker/build-push-action@v6", push="false")), {}, "pushes nothing"),
    ("ci.builds_image", job(run("docker build -t shop .")), {}, "pushes nothing"),
    ("ci.builds_image", job(BUILDX), {"registry": "other.example.com"}, "no tag of it begins with"),
    ("ci.builds_image", job(BUILDX), {"dockerfile": "api/Dockerfile"}, "does not name api/Dockerfile"),
    ("ci.builds_image", job(run("docker buildx build --push -t a.io/b:latest .")), {}, "latest only"),
    ("ci.builds_image", job(BUILDX, on="on: pull_request\n"), {}, "runs only on: pull request"),
    ("ci.deploys", job(DEPLOY, more="    environment: staging\n"), {"environment": "production"}, "deploys to staging"),
    ("ci.deploys", job(DEPLOY), {"environment": "production"}, "states no environment"),
    ("ci.deploys", job(run("echo deploy"), more=PRODUCTION), {"environment": "production"}, "none among"),
    (
        "ci.deploys",
        job(DEPLOY, more=PRODUCTION, on="on: workflow_dispatch\n"),
        {"environment": "production"},
        "by hand",
    ),
    (
        "ci.deploys",
        job(DEPLOY, more=PRODUCTION, on="on: pull_request\n"),
        {"environment": "production"},
        "pull request",
    ),
    ("ci.deploys", {".gitlab-ci.yml": GITLAB_DEPLOY + "  when: manual\n"}, {"environment": "production"}, "by hand"),
    ("ci.rollback", job(DEPLOY, on=DISPATCH), {}, "uses no version"),
    (
        "ci.rollback",
        job(DEPLOY, on=DISPATCH, more="    env: {TAG: '${{ inputs.version }}'}\n"),
        {},
        "uses no version",
    ),
    ("ci.rollback", job(run("helm upgrade shop --set tag=${{ inputs.version }}")), {}, "uses no version"),
    ("ci.rollback", job(run("kubectl rollout undo deployment/shop")), {}, "runs only on: push"),
]


@pytest.mark.parametrize(("id", "files", "parameters", "seen"), FALSE)
def test_false(ci: Any, id: str, files: Any, parameters: dict[str, Any], seen: str) -> None:  # noqa: F811
    with pytest.raises(ClaimFalse) as error:
        ci(id, files, **parameters)
    assert seen in error.value.seen


@pytest.mark.parametrize(
    ("id", "files", "parameters"),
    [
        ("ci.workflow", {"Jenkinsfile": "x"}, {}),
        ("ci.workflow", "a: [", {}),
        ("ci.runs_lint", job(run("tox -e lint")), {}),
        (
            "ci.security_scan",
            {".gitlab-ci.yml": "include: {template: Security/SAST.gitlab-ci.yml}\nx: {script: ls}\n"},
            {},
        ),
        ("ci.deploys", job(DEPLOY, more="    environment: ${{ vars.TARGET }}\n"), {"environment": "production"}),
        ("ci.rollback", job(run("make back"), on="on: workflow_dispatch\n"), {}),
    ],
)
def test_not_known(ci: Any, id: str, files: Any, parameters: dict[str, Any]) -> None:  # noqa: F811
    with pytest.raises(CouldNotVerify):
        ci(id, files, **parameters)


def test_what_a_scan_leaves_out_is_told(ci: Any) -> None:  # noqa: F811
    text = job(run("trivy image --exit-code 1 --severity CRITICAL shop"))
    assert "critical" in ci("ci.security_scan", text).warning
