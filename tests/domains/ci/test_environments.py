from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from pytest_readiness.core.evidence import ClaimFalse, CouldNotVerify, NotDeclared
from pytest_readiness.domains.ci.checks.environments import approval, secrets_present
from pytest_readiness.domains.ci.facts.environments import DefinedSecrets, DeployEnvironment
from pytest_readiness.domains.ci.facts.pipelines import Pipelines
from pytest_readiness.domains.ci.pipeline import PipelineJob, PipelineWorkflow
from tests.domains.forge.forge_world import ForgeWorld, forge_world

WORKFLOW = """\
on:
  push:
    branches: [main]
jobs:
  test:
    runs-on: ubuntu-latest
    steps:
      - run: pytest
  deploy:
    needs: test
    runs-on: ubuntu-latest
    environment: production
    steps:
      - run: ./deploy
        env:
          KEY: ${{ secrets.DEPLOY_KEY }}
          TOKEN: ${{ secrets.GITHUB_TOKEN }}
"""
REVIEWERS = [{"type": "User", "reviewer": {"login": "ops"}}, {"type": "Team", "reviewer": {"slug": "leads"}}]
RULE = {"id": 1, "type": "required_reviewers", "prevent_self_review": True, "reviewers": REVIEWERS}
APPROVAL = "ci.approval"
SECRETS = "ci.secrets_present"


def environments(*rules: dict[str, Any], name: str = "production", **more: Any) -> dict[str, Any]:
    data = {"name": name, "protection_rules": list(rules), "can_admins_bypass": False, **more}
    return {"total_count": 1, "environments": [data]}


@pytest.fixture
def github(tmp_path: Path) -> Iterator[ForgeWorld]:
    with forge_world("github", tmp_path / "shop") as world:
        world.repo.commit({".github/workflows/deploy.yml": WORKFLOW})
        world.forge.answers |= {
            "environments": environments(RULE, {"id": 2, "type": "wait_timer", "wait_timer": 30}),
            "environments/production/deployment_protection_rules": {
                "total_count": 0,
                "custom_deployment_protection_rules": [],
            },
            "actions/secrets": {"total_count": 0, "secrets": []},
            "actions/organization-secrets": {"total_count": 0, "secrets": []},
            "environments/production/secrets": {"total_count": 1, "secrets": [{"name": "DEPLOY_KEY"}]},
        }
        yield world


def rewrite(world: ForgeWorld, old: str, new: str) -> None:
    assert old in WORKFLOW
    world.repo.commit({".github/workflows/deploy.yml": WORKFLOW.replace(old, new)})


def test_an_environment_that_asks_others_passes(github: ForgeWorld) -> None:
    said = github.judge(APPROVAL, environment="production").text
    where = "deploy in .github/workflows/deploy.yml"
    assert said == f"{where}: 1 of 2 reviewers must approve for production, not who started it"
    assert github.judge(APPROVAL, environment="Production")


@pytest.mark.parametrize(
    ("answer", "seen"),
    [
        (environments(), "0"),
        (environments({"id": 2, "type": "wait_timer", "wait_timer": 30}), "0"),
        (environments({"id": 3, "type": "branch_policy"}), "0"),
        (environments({**RULE, "prevent_self_review": False}), "who starts a deployment may approve it"),
        (environments(RULE, can_admins_bypass=True), "administrators pass it by"),
        (environments(RULE, name="staging"), "the project has none of that name"),
    ],
)
def test_an_environment_that_does_not_ask_others_fails(github: ForgeWorld, answer: Any, seen: str) -> None:
    github.forge.answers["environments"] = answer
    with pytest.raises(ClaimFalse) as failure:
        github.judge(APPROVAL, environment="production")
    assert failure.value.seen == seen


def test_what_may_be_allowed(github: ForgeWorld) -> None:
    github.forge.answers["environments"] = environments({**RULE, "prevent_self_review": False}, can_admins_bypass=True)
    assert github.judge(APPROVAL, environment="production", others=False, admins=True)
    with pytest.raises(ClaimFalse, match="1 of 2 reviewers"):
        github.judge(APPROVAL, environment="production", approvals=2)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("    environment: production\n", ""),
        ("environment: production", "environment: staging"),
        ("    environment: production\n", "    environment: production\n    if: false\n"),
    ],
)
def test_no_job_that_deploys_to_the_environment_fails(github: ForgeWorld, old: str, new: str) -> None:
    rewrite(github, old, new)
    with pytest.raises(ClaimFalse, match="expected a job that deploys to production; seen: none that runs"):
        github.judge(APPROVAL, environment="production")


def test_an_environment_by_an_expression(github: ForgeWorld) -> None:
    rewrite(github, "environment: production", "environment: ${{ vars.WHERE }}")
    with pytest.raises(CouldNotVerify, match="no job is sure to deploy to production"):
        github.judge(APPROVAL, environment="production")


def test_an_application_that_must_agree(github: ForgeWorld) -> None:
    github.forge.answers["environments"] = environments()
    rule = {"id": 3, "enabled": True, "app": {"slug": "change-tickets"}}
    github.forge.answers["environments/production/deployment_protection_rules"] = {
        "total_count": 1,
        "custom_deployment_protection_rules": [rule],
    }
    with pytest.raises(CouldNotVerify, match="change-tickets must agree, too"):
        github.judge(APPROVAL, environment="production")


@pytest.mark.parametrize("status", [403, 404])
def test_environments_that_the_token_does_not_see(github: ForgeWorld, status: int) -> None:
    github.forge.deny("environments", status)
    for id, parameters in ((APPROVAL, {"environment": "production"}), (SECRETS, {})):
        with pytest.raises(CouldNotVerify, match=str(status)):
            github.judge(id, **parameters)


def test_no_branch(github: ForgeWorld) -> None:
    with pytest.raises(NotDeclared):
        github.judge(APPROVAL, environment="production", declared=None)
    with pytest.raises(ValidationError):
        github.judge(APPROVAL, environment="production", approvals=0)


def test_a_secret_of_the_environment_passes(github: ForgeWorld) -> None:
    assert github.judge(SECRETS).text == "1 secret of 1 job, defined for them: DEPLOY_KEY"


@pytest.mark.parametrize("path", ["actions/secrets", "actions/organization-secrets"])
def test_a_secret_of_the_project_or_its_owner_passes(github: ForgeWorld, path: str) -> None:
    github.forge.answers |= {
        "environments/production/secrets": {"total_count": 0, "secrets": []},
        path: {"total_count": 1, "secrets": [{"name": "deploy_key"}]},
    }
    assert github.judge(SECRETS)


def test_a_secret_that_is_not_defined_or_elsewhere_fails(github: ForgeWorld) -> None:
    github.forge.answers["environments"]["environments"][0]["name"] = "staging"
    stored = github.forge.answers.pop("environments/production/secrets")
    github.forge.answers["environments/staging/secrets"] = stored
    github.forge.answers["dependabot/secrets"] = stored
    with pytest.raises(ClaimFalse, match=r"not there: DEPLOY_KEY \(\.github/workflows/deploy\.yml"):
        github.judge(SECRETS)
    with pytest.raises(CouldNotVerify, match="no job for main uses a secret"):
        github.judge(SECRETS, optional=["DEPLOY_KEY"])


def test_one_of_two_secrets_that_is_not_defined_fails(github: ForgeWorld) -> None:
    rewrite(github, "          TOKEN:", "          OTHER: ${{ secrets.OTHER }}\n          TOKEN:")
    with pytest.raises(ClaimFalse, match="not there: OTHER"):
        github.judge(SECRETS)


def test_workflows_of_another_forge_do_not_deploy(github: ForgeWorld) -> None:
    found = DeployEnvironment("production", there=True, approvals=1, others=True, admins=False)
    with pytest.raises(ClaimFalse, match="none that runs"):
        approval(pipelines(JOB), found, environment="production")


def test_a_store_that_the_token_does_not_see(github: ForgeWorld) -> None:
    github.forge.deny("actions/organization-secrets", 403)
    assert github.judge(SECRETS), "it is where the token looks"
    github.forge.answers["environments/production/secrets"] = {"total_count": 0, "secrets": []}
    with pytest.raises(CouldNotVerify, match=r"DEPLOY_KEY .*its organisation: .*403"):
        github.judge(SECRETS)


def test_secrets_whose_names_are_known_in_a_run_only(github: ForgeWorld) -> None:
    rewrite(github, "secrets.DEPLOY_KEY", "secrets[vars.NAME]")
    with pytest.raises(CouldNotVerify, match="deploy uses secrets whose names are known in a run only"):
        github.judge(SECRETS)


def test_the_environment_that_has_the_secret_is_known_in_a_run_only(github: ForgeWorld) -> None:
    rewrite(github, "environment: production", "environment: ${{ inputs.where }}")
    with pytest.raises(CouldNotVerify, match="that of deploy is known in a run only"):
        github.judge(SECRETS)
    github.forge.answers["environments/production/secrets"] = {"total_count": 0, "secrets": []}
    with pytest.raises(ClaimFalse, match="not there: DEPLOY_KEY"):
        github.judge(SECRETS)


def test_secrets_in_capitals_are_seen(github: ForgeWorld) -> None:
    rewrite(github, "secrets.GITHUB_TOKEN", "SECRETS.other")
    with pytest.raises(ClaimFalse, match="not there: other"):
        github.judge(SECRETS)


def test_no_secrets_at_all(github: ForgeWorld) -> None:
    rewrite(github, "${{ secrets.DEPLOY_KEY }}", "none")
    with pytest.raises(CouldNotVerify, match="no job for main uses a secret"):
        github.judge(SECRETS)


# GitLab: its pipeline is given as a record, so that this is about the forge's half alone.

JOB = PipelineJob("deploy", ".gitlab-ci.yml:7", events=("push",), environment="production", secrets=("DEPLOY_KEY",))


def pipelines(*jobs: PipelineJob) -> Pipelines:
    flow = PipelineWorkflow(".gitlab-ci.yml", "pipeline", "gitlab", events=("push",), jobs=jobs)
    return Pipelines("3f9c1e2", "main", (flow,))


@pytest.fixture
def gitlab(tmp_path: Path) -> Iterator[ForgeWorld]:
    with forge_world("gitlab", tmp_path / "shop") as world:
        world.forge.project["allow_pipeline_trigger_approve_deployment"] = False
        rule = {"id": 1, "access_level": 40, "required_approvals": 1}
        world.forge.answers |= {
            "environments": [{"id": 1, "name": "production", "tier": "production"}],
            "protected_environments": [{"name": "production", "required_approval_count": 0, "approval_rules": [rule]}],
            "/groups/example/protected_environments": [],
            "repository/branches/main": {"name": "main", "protected": True},
            "variables": [variable("DEPLOY_KEY", "production")],
            "/groups/example/variables": [],
        }
        yield world


def variable(name: str, scope: str = "*", *, protected: bool = False) -> dict[str, Any]:
    return {"key": name, "value": "s3cret-value", "environment_scope": scope, "protected": protected, "masked": True}


def approved(world: ForgeWorld, **parameters: Any) -> str:
    found = world.read("deploy_environment", "production")
    assert isinstance(found, DeployEnvironment)
    return approval(pipelines(JOB), found, environment="production", **parameters).text


def test_gitlab_approvals_pass(gitlab: ForgeWorld) -> None:
    assert approved(gitlab) == "deploy in .gitlab-ci.yml: 1 must approve for production, not who started it"
    gitlab.forge.answers["protected_environments"] = []
    gitlab.forge.answers["/groups/example/protected_environments"] = [
        {"name": "production", "required_approval_count": 2, "approval_rules": []}
    ]
    assert approved(gitlab, approvals=2)


@pytest.mark.parametrize(
    "change",
    [
        {"protected_environments": []},
        {"protected_environments": [{"name": "production", "required_approval_count": 0, "approval_rules": []}]},
        {"protected_environments": [{"name": "staging", "required_approval_count": 1}]},
        {"environments": []},
    ],
)
def test_gitlab_without_approvals_fails(gitlab: ForgeWorld, change: Any) -> None:
    gitlab.forge.answers |= change
    with pytest.raises(ClaimFalse):
        approved(gitlab)


def test_gitlab_lets_who_started_it_approve_or_does_not_tell(gitlab: ForgeWorld) -> None:
    gitlab.forge.project["allow_pipeline_trigger_approve_deployment"] = True
    with pytest.raises(ClaimFalse, match="who starts a deployment may approve it"):
        approved(gitlab)
    assert approved(gitlab, others=False)
    del gitlab.forge.project["allow_pipeline_trigger_approve_deployment"]
    with pytest.raises(CouldNotVerify, match="the forge does not tell"):
        approved(gitlab)


def test_gitlab_without_a_paid_edition(gitlab: ForgeWorld) -> None:
    del gitlab.forge.answers["protected_environments"]
    with pytest.raises(CouldNotVerify, match="404"):
        approved(gitlab)


def secrets(world: ForgeWorld, *jobs: PipelineJob) -> str:
    found = world.read("defined_secrets", "main")
    assert isinstance(found, DefinedSecrets)
    assert "s3cret-value" not in repr(found)
    return secrets_present(pipelines(*(jobs or (JOB,))), found).text


@pytest.mark.parametrize(
    ("name", "scope", "protected"),
    [("DEPLOY_KEY", "*", False), ("DEPLOY_KEY", "prod*", False), ("DEPLOY_KEY", "production", True)],
)
def test_gitlab_variables_pass(gitlab: ForgeWorld, name: str, scope: str, protected: bool) -> None:
    gitlab.forge.answers |= {"variables": [], "/groups/example/variables": [variable(name, scope, protected=protected)]}
    assert secrets(gitlab) == "1 secret of 1 job, defined for them: DEPLOY_KEY"


@pytest.mark.parametrize(
    ("name", "scope"), [("OTHER", "*"), ("deploy_key", "*"), ("DEPLOY_KEY", "staging"), ("DEPLOY_KEY", "[p]roduction")]
)
def test_gitlab_variables_elsewhere_fail(gitlab: ForgeWorld, name: str, scope: str) -> None:
    gitlab.forge.answers["variables"] = [variable(name, scope)]
    with pytest.raises(ClaimFalse, match="not there: DEPLOY_KEY"):
        secrets(gitlab)


def test_a_protected_variable_is_not_given_to_a_branch_that_is_not(gitlab: ForgeWorld) -> None:
    gitlab.forge.answers |= {
        "variables": [variable("DEPLOY_KEY", protected=True)],
        "repository/branches/main": {"name": "main", "protected": False},
    }
    with pytest.raises(ClaimFalse):
        secrets(gitlab)


def test_gitlab_variables_that_the_token_does_not_see(gitlab: ForgeWorld) -> None:
    gitlab.forge.answers["variables"] = []
    gitlab.forge.deny("/groups/.*", 403)
    with pytest.raises(CouldNotVerify, match=r"the group example: .*403"):
        secrets(gitlab)
