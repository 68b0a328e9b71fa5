"""Pipelines as projects write them: what must pass, and what must not."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from pytest_readiness.core.evidence import ClaimFalse, CouldNotVerify
from tests.domains.ci.test_environments import gitlab, variable  # noqa: F401
from tests.domains.ci.test_pipeline import ci, job, run  # noqa: F401
from tests.domains.ci.test_runs import NOW
from tests.domains.forge.forge_world import ForgeWorld, forge_world
from tests.stack.forge import at

IMAGE, DEPLOY, TESTS, SCAN = "ci.builds_image", "ci.deploys", "ci.runs_tests", "ci.security_scan"
SHOP = {"registry": "registry.example.com/shop"}
PRODUCTION = {"environment": "production"}
TRIVY = "      - uses: aquasecurity/trivy-action@v1\n        with: {exit-code: 1, scan-type: fs}\n"


def built(images: str, tags: str = "type=sha", push: str = "true") -> str:
    return job(
        f"      - uses: docker/metadata-action@v5\n        with: {{images: '{images}', tags: '{tags}'}}\n"
        "      - uses: docker/build-push-action@v6\n"
        f"        with: {{push: \"{push}\", tags: '${{{{ steps.meta.outputs.tags }}}}', cache-from: 'a.io/b:c'}}\n"
    )


def deployed(environment: str, script: str = "kubectl apply -f .") -> str:
    return job(run(script), more=f"    environment: {environment}\n")


def bot(name: str, told: Any, *paths: str) -> dict[str, str]:
    return {name: json.dumps(told), **dict.fromkeys(paths, "{}")}


CASES: list[tuple[str, str, Any, dict[str, Any]]] = [
    ("", IMAGE, built("registry.example.com/shop"), SHOP),
    ("", IMAGE, built("registry.example.com/shop", push="${{ github.event_name != 'pull_request' }}"), {}),
    ("no tag of it", IMAGE, built("other.example.com/shop"), SHOP),
    ("known in a run only", IMAGE, built("${{ vars.REGISTRY }}/shop"), SHOP),
    ("latest only", IMAGE, built("registry.example.com/shop", "type=raw,value=latest"), {}),
    ("latest only", IMAGE, job(run("docker build -t a.io/b/c .\ndocker push a.io/b/c")), {}),
    ("latest only", IMAGE, job(run('docker build -t "$IMAGE:latest" .\ndocker push "$IMAGE:latest"')), {}),
    ("", IMAGE, job(run("docker build -t $IMAGE:latest -t $IMAGE:$SHA .\ndocker push --all-tags $IMAGE")), {}),
    ("", IMAGE, job(run("docker build -t $IMAGE .\ndocker push $IMAGE")), {}),
    ("latest only", IMAGE, job(
        "      - uses: docker/build-push-action@v6\n"
        "        with: {push: true, tags: '${{ env.IMAGE }}:latest'}\n"
    ), {}),
    ("", IMAGE, job(
        "      - uses: docker/build-push-action@v6\n"
        "        with: {push: true, tags: '${{ env.IMAGE }}:latest,${{ env.IMAGE }}:${{ github.sha }}'}\n"
    ), {}),
    ("", DEPLOY, deployed("${{ github.ref == 'refs/heads/main' && 'production' || 'staging' }}"), PRODUCTION),
    ("none among", DEPLOY, deployed("production", "aws s3 sync s3://a ."), PRODUCTION),
    ("-x=test", TESTS, job(run("gradle build -x test")), {}),
    ("is set", TESTS, job(run("mvn -B verify -Dmaven.test.failure.ignore=true")), {}),
    ("runtests=false", TESTS, job("      - uses: cypress-io/github-action@v6\n        with: {runTests: false}\n"), {}),
    ("", TESTS, job("      - uses: nick-fields/retry@v3\n        with: {command: pytest}\n"), {}),
    ("is not known", TESTS, job(run("npx turbo run test")), {}),
    ("not there", TESTS, job(run("pytest"), more="    needs: typo\n"), {}),
    ("none among", TESTS, {**bot("package.json", {"scripts": {"a": "b"}}), ".github/workflows/a.yml":
     job(run("npm run build --if-present"))}, {}),
    ("", SCAN, job(TRIVY), {"of": ["dependencies"]}),
    ("none among", SCAN, job(TRIVY), {"of": ["image"]}),
    ("--audit-level=none", SCAN, job(run("npm audit --audit-level=none")), {}),
    ("is not read", TESTS, {".gitlab-ci.yml": "unit: {extends: .none, script: [pytest]}\n"}, {}),
    ("is not read", TESTS, {".gitlab-ci.yml": "unit: {extends: [[a]], script: [pytest]}\n"}, {}),
    ("depends on", TESTS, {".gitlab-ci.yml": "workflow: {rules: [{if: $RUN}]}\nunit: {script: [pytest]}\n"}, {}),
    ("", "ci.update_bot", bot("renovate.json", {"enabledManagers": ["npm"]}, "package.json", "a/package.json"), {}),
    ("not npm /", "ci.update_bot", bot("renovate.json", {"enabledManagers": ["pep621"]}, "package.json"), {}),
    ("", "ci.update_bot", bot("renovate.json", {"includePaths": ["web/**"]}, "web/package.json"), {}),
    ("not npm /a", "ci.update_bot", bot("renovate.json", {"includePaths": ["web/**"]}, "a/package.json"), {}),
    ("not npm /a", "ci.update_bot", bot("renovate.json", {"ignorePaths": ["a/**"]}, "a/package.json"), {}),
    ("no list of updates", "ci.update_bot", {".github/dependabot.yml": "version: 2\nupdates: 5\n"}, {}),
    ("-x' in", "ci.no_secrets", job(run("bash -x a.sh", "        env: {K: '${{ secrets.K }}'}\n")), {}),
    ("echo of K", "ci.no_secrets", job(run("echo $K | base64", "        env: {K: '${{ secrets.K }}'}\n")), {}),
    ("", "ci.no_secrets", job(run("echo $K | docker login", "        env: {K: '${{ secrets.K }}'}\n")), {}),
    ("pull request", "ci.no_secrets", job(run("gh pr checkout 1"), on="on: pull_request_target\n"), {}),
    ("echo of API_TOKEN", "ci.no_secrets", {".gitlab-ci.yml": "x: {script: ['echo $API_TOKEN']}\n"}, {}),
    ("states none", "ci.least_privilege", job(run("ls"), more="    permissions:\n"), {}),
]  # fmt: skip


@pytest.mark.parametrize("number", range(len(CASES)))
def test_as_written(ci: Any, number: int) -> None:  # noqa: F811
    lack, id, files, parameters = CASES[number]
    if not lack:
        assert ci(id, files, **parameters)
        return
    with pytest.raises((ClaimFalse, CouldNotVerify)) as error:
        ci(id, files, **parameters)
    assert lack in str(error.value)


GITLAB = """\
variables: {WHERE: production}
deploy:
  environment: {name: $WHERE}
  script: ['./deploy "$DEPLOY_KEY" "$CI_JOB_TOKEN" "${OTHER_TOKEN:-}"']
"""


def test_gitlab_by_its_file(gitlab: ForgeWorld) -> None:  # noqa: F811
    gitlab.repo.commit({".gitlab-ci.yml": GITLAB})
    assert "1 must approve for production" in gitlab.judge("ci.approval", environment="production").text
    assert gitlab.judge("ci.secrets_present").text == "1 secret of 1 job, defined for them: DEPLOY_KEY"
    gitlab.forge.answers["variables"] = [variable("DEPLOY_KEY", "staging")]
    with pytest.raises(ClaimFalse, match="not there: DEPLOY_KEY"):
        gitlab.judge("ci.secrets_present")
    gitlab.repo.commit({".gitlab-ci.yml": GITLAB.replace("$WHERE", "staging")})
    with pytest.raises(ClaimFalse, match="jobs name staging"):
        gitlab.judge("ci.approval", environment="production")
    gitlab.forge.answers["variables"] = [variable("DEPLOY_KEY")]
    gitlab.repo.commit({".gitlab-ci.yml": f"include: [{{template: A.yml}}]\n{GITLAB}"})
    with pytest.raises(CouldNotVerify, match=r"include A\.yml is not read"):
        gitlab.judge("ci.secrets_present")


@pytest.mark.parametrize(
    ("state", "lack"), [("success", ""), ("failure", "failure"), ("inactive", "replaced"), ("queued", "not known")]
)
def test_a_deployment_that_ran(tmp_path: Path, state: str, lack: str) -> None:
    with forge_world("github", tmp_path / "shop") as world:
        world.sha = world.repo.commit({".github/workflows/d.yml": deployed("production")})
        world.forge.answers["deployments"] = []
        with pytest.raises(ClaimFalse, match="none of anything"):
            world.judge(DEPLOY, environment="production", ran=True)
        for id, sha in ((2, "f" * 40), (1, world.sha)):
            told = {"id": id, "sha": sha, "created_at": at(NOW), "environment": "production"}
            world.forge.answers["deployments"].append(told)
            world.forge.answers[f"deployments/{id}/statuses"] = [{"id": 1, "state": state}]
        assert world.judge(DEPLOY, environment="production")
        if lack:
            with pytest.raises((ClaimFalse, CouldNotVerify), match=lack):
                world.judge(DEPLOY, environment="production", ran=True)
        else:
            said = world.judge(DEPLOY, environment="production", ran=True)
            assert said.warning == "the newest deployment there is of ffffffffffff"
