"""A token that may see less says less: a verdict becomes "could not verify", or stays; it never turns."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest

from pytest_readiness.core.evidence import ClaimFalse, CouldNotVerify
from pytest_readiness.domains.ci.checks.environments import approval, secrets_present
from pytest_readiness.domains.ci.facts.pipelines import Pipelines
from pytest_readiness.domains.ci.pipeline import PipelineJob, PipelineWorkflow
from pytest_readiness.domains.forge.resource import Forge
from tests.domains.forge.forge_world import ForgeWorld, forge_world
from tests.judging import judge
from tests.stack.forge import TOKEN

CHECKS: dict[str, dict[str, Any]] = {
    "forge.issues": {"labels": ["blocker"]},
    "source.reviewed": {},
    "ci.last_run_green": {},
    "ci.branch_protected": {},
    "ci.required_checks": {"checks": ["test"]},
    "ci.approval": {"environment": "production"},
    "ci.secrets_present": {},
}
"""Each with parameters."""
WHEN = "2026-05-01T12:00:00Z"
HEAD = "a" * 40
JOB = PipelineJob("deploy", "ci.yml:1", events=("push",), environment="production", secrets=("DEPLOY_KEY",))
PIPELINES = Pipelines("3f9c1e2", "main", (PipelineWorkflow("ci.yml", "ci", "gitlab", events=("push",), jobs=(JOB,)),))
LEVEL = {"access_level": 0}
WORKFLOW = """\
on: push
jobs:
  deploy:
    runs-on: ubuntu-latest
    environment: production
    steps:
      - run: ./deploy ${{ secrets.DEPLOY_KEY }}
"""


def github(sha: str, *, good: bool) -> dict[str, Any]:
    """All that is asked, in a good state or in one in which every check fails."""
    state = "success" if good else "failure"
    change = {"number": 7, "merged_at": WHEN, "user": {"login": "dev"}, "base": {"ref": "main"}, "head": {"sha": HEAD}}
    review = {"user": {"login": "reviewer", "type": "User"}, "state": "APPROVED", "commit_id": HEAD}
    issue = {"number": 1, "labels": [] if good else [{"name": "blocker"}], "created_at": WHEN}
    reviewers = [{"type": "User", "reviewer": {"login": "ops"}}]
    rule = {"type": "required_reviewers", "prevent_self_review": good, "reviewers": reviewers}
    run = {"id": 1, "path": ".github/workflows/ci.yml", "event": "push", "head_sha": sha, "created_at": WHEN}
    return {
        "labels": [{"name": "blocker"}],
        "milestones": [],
        "issues": [issue],
        f"commits/{sha}/pulls": [change],
        "pulls/7/commits": [{"sha": sha, "author": {"login": "dev"}}],
        "pulls/7/reviews": [review] if good else [],
        "actions/runs": {"total_count": 1, "workflow_runs": [{**run, "status": "completed", "conclusion": state}]},
        "actions/runs/1/jobs": {"total_count": 1, "jobs": [{"name": "test", "conclusion": state}]},
        "branches/main": {"name": "main", "protected": True},
        "branches/main/protection": {
            "required_status_checks": {"contexts": ["test"] if good else []},
            "enforce_admins": {"enabled": True},
            "required_pull_request_reviews": {"required_approving_review_count": 1 if good else 0},
        },
        "rules/branches/main": [{"type": "non_fast_forward", "ruleset_id": 3}],
        "rulesets/3": {"bypass_actors": []},
        "environments": {
            "total_count": 1,
            "environments": [{"name": "production", "protection_rules": [rule], "can_admins_bypass": False}],
        },
        "actions/secrets": {"total_count": 0, "secrets": []},
        "actions/organization-secrets": {"total_count": 0, "secrets": []},
        "environments/production/secrets": {"total_count": 1, "secrets": [{"name": "DEPLOY_KEY" if good else "KEY"}]},
    }


def gitlab(sha: str, *, good: bool) -> dict[str, Any]:
    """See `github`."""
    state = "success" if good else "failed"
    change = {"iid": 7, "merged_at": WHEN, "author": {"username": "dev"}, "target_branch": "main"}
    approved = [{"user": {"username": "reviewer"}, "approved_at": WHEN}] if good else []
    push = {"id": 9, "name": "main", "push_access_levels": [LEVEL], "allow_force_push": not good}
    return {
        "labels": [{"name": "blocker"}],
        "milestones": [],
        "issues": [{"iid": 1, "labels": [] if good else ["blocker"], "created_at": WHEN}],
        f"repository/commits/{sha}/merge_requests": [change],
        "merge_requests/7/commits": [{"id": sha, "author_email": "dev@example.com"}],
        "merge_requests/7/approvals": {"approved_by": approved},
        "merge_requests/7/versions": [{"created_at": WHEN}],
        "pipelines": [{"id": 1, "source": "push", "ref": "main", "sha": sha, "status": state, "created_at": WHEN}],
        "pipelines/1/jobs": [{"name": "test", "status": state}],
        "pipelines/1/bridges": [],
        "repository/branches/main": {"name": "main", "protected": True},
        "protected_branches": [push],
        "approval_rules": [{"id": 1, "approvals_required": 1}],
        "approvals": {"reset_approvals_on_push": True, "merge_requests_author_approval": False},
        "environments": [{"name": "production", "tier": "production"}],
        "protected_environments": [{"name": "production", "required_approval_count": 1 if good else 0}],
        "/groups/example/protected_environments": [],
        "variables": [],
        "/groups/example/variables": [{"key": "DEPLOY_KEY" if good else "KEY", "protected": True}],
    }


@pytest.fixture(params=[("github", True), ("github", False), ("gitlab", True), ("gitlab", False)])
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[ForgeWorld]:
    service, good = request.param
    with forge_world(service, tmp_path / "shop") as made:
        made.repo.git("tag", "v1.0")
        sha = made.repo.commit({".github/workflows/ci.yml": WORKFLOW})
        made.forge.page = 100
        made.forge.answers |= (github if service == "github" else gitlab)(sha, good=good)
        made.forge.project["allow_pipeline_trigger_approve_deployment"] = False
        made.forge.project["only_allow_merge_if_pipeline_succeeds"] = good
        yield made


def verdict(world: ForgeWorld, id: str) -> str:
    parameters = CHECKS[id]
    if id == "ci.required_checks" and world.gitlab:
        parameters = {"checks": ["pipeline"]}
    try:
        if id.startswith("forge."):
            judge(id, Forge.model_validate({"name": "hub", **world.forge.declared()}), **parameters)
        elif world.gitlab and id == "ci.approval":
            approval(PIPELINES, world.read("deploy_environment", "production"), environment="production")
        elif world.gitlab and id == "ci.secrets_present":
            secrets_present(PIPELINES, world.read("defined_secrets", "main"))
        else:
            world.judge(id, **parameters)
    except ClaimFalse:
        return "fail"
    except CouldNotVerify as error:
        return "leak" if TOKEN in str(error) else "unknown"
    return "pass"


@pytest.mark.parametrize("id", CHECKS)
def test_without_a_right_a_verdict_does_not_turn(world: ForgeWorld, id: str) -> None:
    whole = verdict(world, id)
    asked = {unquote(request.path) for request in world.forge.app.requests}
    good = any(each.get("labels") == [] for each in world.forge.answers["issues"])
    assert whole == ("pass" if good else "fail")
    lost = []
    rights = [path for path in world.forge.answers if any(each.endswith(f"/{path.strip('/')}") for each in asked)]
    for path in ["", *rights]:
        for status in (403, 404):
            world.forge.denied = {path.replace(".", r"\."): status}
            # Who may not administer a project is told so by GitHub.
            world.forge.project["permissions"]["admin"] = False
            now = verdict(world, id)
            assert now in (whole, "unknown"), f"{path} answered {status}"
            lost += [path] if now == "unknown" else []
    assert "" in lost
    assert len(set(lost)) > 1


@pytest.mark.parametrize("id", CHECKS)
def test_without_any_role_a_verdict_does_not_turn(world: ForgeWorld, id: str) -> None:
    """What the answers leave out for those who may see little."""
    whole = verdict(world, id)
    world.forge.project["permissions"] = None
    for key in ("only_allow_merge_if_pipeline_succeeds", "allow_merge_on_skipped_pipeline"):
        world.forge.project.pop(key, None)
    if not world.gitlab:
        world.forge.answers["rulesets/3"] = {}
        world.forge.deny("branches/main/protection")
    assert verdict(world, id) in (whole, "unknown")
