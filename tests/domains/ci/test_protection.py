from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from pytest_readiness.core.evidence import ClaimFalse, CouldNotVerify, NotDeclared
from tests.domains.forge.forge_world import ForgeWorld, forge_world

CLASSIC: dict[str, Any] = {
    "required_status_checks": {"strict": True, "contexts": ["test"], "checks": [{"context": "test", "app_id": 15368}]},
    "enforce_admins": {"enabled": True},
    "required_pull_request_reviews": {"dismiss_stale_reviews": True, "required_approving_review_count": 1},
    "allow_force_pushes": {"enabled": False},
    "allow_deletions": {"enabled": False},
}


def rule(type: str, parameters: dict[str, Any] | None = None, ruleset: int = 42) -> dict[str, Any]:
    more = {"parameters": parameters} if parameters else {}
    return {"type": type, "ruleset_source_type": "Repository", "ruleset_source": "shop", "ruleset_id": ruleset, **more}


RULES = [
    rule("deletion"),
    rule("non_fast_forward"),
    rule("pull_request", {"required_approving_review_count": 1, "dismiss_stale_reviews_on_push": True}),
    rule("required_status_checks", {"required_status_checks": [{"context": "test"}]}),
]
LEVEL = {"id": 1, "access_level": 0, "user_id": None, "group_id": None}


@pytest.fixture
def github(tmp_path: Path) -> Iterator[ForgeWorld]:
    """Classic protection alone."""
    with forge_world("github", tmp_path / "shop") as world:
        world.forge.answers |= {
            "branches/main": {"name": "main", "protected": True},
            "branches/main/protection": CLASSIC,
            "rules/branches/main": [],
            "rulesets/42": {"id": 42, "enforcement": "active", "bypass_actors": []},
        }
        yield world


@pytest.fixture
def gitlab(tmp_path: Path) -> Iterator[ForgeWorld]:
    with forge_world("gitlab", tmp_path / "shop") as world:
        protected = {"id": 100, "name": "main", "push_access_levels": [LEVEL], "allow_force_push": False}
        world.forge.answers |= {
            "repository/branches/main": {"name": "main", "protected": True},
            "protected_branches": [protected],
            "approval_rules": [{"id": 1, "approvals_required": 1, "protected_branches": []}],
            "approvals": {"reset_approvals_on_push": True, "merge_requests_author_approval": False},
        }
        yield world


def with_rules(world: ForgeWorld, rules: list[dict[str, Any]] = RULES) -> None:
    """Rulesets in the place of classic protection, which the forge then says is none."""
    world.forge.answers["rules/branches/main"] = rules
    world.forge.answers.pop("branches/main/protection", None)


@pytest.mark.parametrize("rulesets", [False, True])
def test_github_passes(github: ForgeWorld, rulesets: bool) -> None:
    if rulesets:
        with_rules(github)
    by = "ruleset 42" if rulesets else "classic protection"
    text = f"main: changes only by what was proposed, at least 1 approval, no rewriting ({by})"
    assert github.judge("ci.branch_protected").text == text
    assert github.judge("ci.branch_protected", renewed=True)
    assert github.judge("ci.required_checks", checks=["test"]).text == f"main: the check test ({by})"


def test_github_unites_both_systems(github: ForgeWorld) -> None:
    github.forge.answers["branches/main/protection"] = {**CLASSIC, "allow_force_pushes": {"enabled": True}}
    with pytest.raises(ClaimFalse, match="not no rewriting"):
        github.judge("ci.branch_protected")
    github.forge.answers["rules/branches/main"] = [rule("non_fast_forward")]
    assert github.judge("ci.branch_protected").text.endswith("(ruleset 42, classic protection)")


@pytest.mark.parametrize(
    ("change", "seen"),
    [
        ({"enforce_admins": {"enabled": False}}, "classic protection can be bypassed by administrators"),
        ({"required_pull_request_reviews": None}, "not at least 1 approval"),
        ({"required_pull_request_reviews": {"required_approving_review_count": 0}}, "not at least 1 approval"),
        ({"allow_force_pushes": {"enabled": True}}, "not no rewriting"),
        (
            {
                "required_pull_request_reviews": {
                    "required_approving_review_count": 1,
                    "bypass_pull_request_allowances": {"users": [{"login": "dev"}], "teams": [], "apps": []},
                }
            },
            "can be bypassed by User:dev",
        ),
    ],
)
def test_classic_protection_with_one_thing_broken_fails(github: ForgeWorld, change: Any, seen: str) -> None:
    github.forge.answers["branches/main/protection"] = {
        key: value for key, value in {**CLASSIC, **change}.items() if value is not None
    }
    with pytest.raises(ClaimFalse) as failure:
        github.judge("ci.branch_protected")
    assert seen in failure.value.seen


@pytest.mark.parametrize("left_out", ["non_fast_forward", "pull_request"])
def test_rules_with_one_thing_broken_fail(github: ForgeWorld, left_out: str) -> None:
    with_rules(github, [each for each in RULES if each["type"] != left_out])
    with pytest.raises(ClaimFalse):
        github.judge("ci.branch_protected")


def test_stale_approvals_that_are_kept(github: ForgeWorld) -> None:
    reviews = {"dismiss_stale_reviews": False, "required_approving_review_count": 1}
    github.forge.answers["branches/main/protection"] = {**CLASSIC, "required_pull_request_reviews": reviews}
    assert github.judge("ci.branch_protected")
    with pytest.raises(ClaimFalse, match="not approvals that end with a new push"):
        github.judge("ci.branch_protected", renewed=True)


@pytest.mark.parametrize("id", ["ci.branch_protected", "ci.required_checks"])
def test_who_may_bypass_a_ruleset(github: ForgeWorld, id: str) -> None:
    with_rules(github)
    parameters: dict[str, Any] = {"checks": ["test"]} if id == "ci.required_checks" else {}
    actor = {"actor_id": 5, "actor_type": "RepositoryRole", "bypass_mode": "always"}
    github.forge.answers["rulesets/42"] = {"id": 42, "bypass_actors": [actor]}
    with pytest.raises(ClaimFalse, match="ruleset 42 can be bypassed by RepositoryRole:5"):
        github.judge(id, **parameters)
    assert github.judge(id, bypass=["RepositoryRole:5"], **parameters).text.endswith("bypassed by RepositoryRole:5")
    github.forge.answers["rulesets/42"] = {"id": 42}
    with pytest.raises(CouldNotVerify, match="who may bypass ruleset 42 is not shown to the token"):
        github.judge(id, **parameters)


@pytest.mark.parametrize("id", ["ci.branch_protected", "ci.required_checks"])
def test_nothing_protects_the_branch(github: ForgeWorld, id: str) -> None:
    parameters: dict[str, Any] = {"checks": ["test"]} if id == "ci.required_checks" else {}
    github.forge.answers["branches/main"] = {"name": "main", "protected": False}
    with_rules(github, [])
    with pytest.raises(ClaimFalse, match="it is not protected"):
        github.judge(id, **parameters)


def test_a_404_of_an_administrator_is_an_absence_and_of_others_is_not(github: ForgeWorld) -> None:
    with_rules(github, RULES[:2])
    with pytest.raises(ClaimFalse):
        github.judge("ci.branch_protected")
    github.forge.project["permissions"]["admin"] = False
    with pytest.raises(CouldNotVerify, match=r"classic protection: .* 404.*; there is none, or the token lacks"):
        github.judge("ci.branch_protected")


@pytest.mark.parametrize(
    "checks",
    [{"strict": True, "contexts": [], "checks": []}, {"contexts": ["tests"], "checks": [{"context": "tests"}]}, None],
)
def test_a_check_that_is_not_required_fails(github: ForgeWorld, checks: Any) -> None:
    github.forge.answers["branches/main/protection"] = {**CLASSIC, "required_status_checks": checks}
    with pytest.raises(ClaimFalse, match="not the check test"):
        github.judge("ci.required_checks", checks=["test"])


def test_a_branch_that_is_not_there(github: ForgeWorld) -> None:
    with pytest.raises(CouldNotVerify, match=r"branches/release%2F1: .* 404"):
        github.judge("ci.branch_protected", branch="release/1")
    github.forge.answers["branches/main"] = {"name": "trunk", "protected": True}
    with pytest.raises(CouldNotVerify, match="main is now called trunk"):
        github.judge("ci.branch_protected")


def test_gitlab_passes(gitlab: ForgeWorld) -> None:
    text = "main: changes only by what was proposed, at least 1 approval, no rewriting (protected branch main)"
    assert gitlab.judge("ci.branch_protected").text == text
    assert gitlab.judge("ci.branch_protected", renewed=True)
    text = "main: the check pipeline (protected branch main)"
    assert gitlab.judge("ci.required_checks", checks=["pipeline"]).text == text


@pytest.mark.parametrize(
    ("path", "value", "seen"),
    [
        ("push_access_levels", [{**LEVEL, "access_level": 40}], "can be bypassed by maintainers"),
        ("push_access_levels", [LEVEL, {**LEVEL, "deploy_key_id": 3}], "can be bypassed by DeployKey:3"),
        ("allow_force_push", True, "not no rewriting"),
        ("name", "release/*", "it is not protected"),
        ("name", "mai?", "it is not protected"),
        ("name", "[m]ain", "it is not protected"),
    ],
)
def test_gitlab_with_one_thing_broken_fails(gitlab: ForgeWorld, path: str, value: Any, seen: str) -> None:
    gitlab.forge.answers["protected_branches"][0][path] = value
    with pytest.raises(ClaimFalse) as failure:
        gitlab.judge("ci.branch_protected")
    assert seen in failure.value.seen
    if "maintainers" in seen:
        assert gitlab.judge("ci.branch_protected", bypass=["maintainers"])


@pytest.mark.parametrize("name", ["ma*", "*", "m*n"])
def test_gitlab_wildcards(gitlab: ForgeWorld, name: str) -> None:
    gitlab.forge.answers["protected_branches"][0]["name"] = name
    assert gitlab.judge("ci.branch_protected").text.endswith(f"(protected branch {name})")
    wide = {"id": 101, "name": "m*", "push_access_levels": [{**LEVEL, "access_level": 30}], "allow_force_push": False}
    gitlab.forge.answers["protected_branches"].append(wide)
    with pytest.raises(ClaimFalse, match="can be bypassed by developers"):
        gitlab.judge("ci.branch_protected")


@pytest.mark.parametrize(
    "change",
    [
        {"approval_rules": [{"id": 1, "approvals_required": 0, "protected_branches": []}]},
        {"approval_rules": [{"id": 1, "approvals_required": 1, "protected_branches": [{"id": 7, "name": "old"}]}]},
        {"approval_rules": []},
        {"approvals": {"reset_approvals_on_push": True, "merge_requests_author_approval": True}},
    ],
)
def test_gitlab_without_approvals_of_others_fails(gitlab: ForgeWorld, change: Any) -> None:
    gitlab.forge.answers |= change
    with pytest.raises(ClaimFalse, match="not at least 1 approval"):
        gitlab.judge("ci.branch_protected")
    assert gitlab.judge("ci.branch_protected", approvals=0)


@pytest.mark.parametrize("path", ["approval_rules", "approvals"])
def test_what_only_paid_editions_of_gitlab_answer(gitlab: ForgeWorld, path: str) -> None:
    del gitlab.forge.answers[path]
    with pytest.raises(CouldNotVerify, match=r"approval rules: .* 404"):
        gitlab.judge("ci.branch_protected")
    assert gitlab.judge("ci.branch_protected", approvals=0)


@pytest.mark.parametrize(
    ("settings", "error"),
    [
        ({"only_allow_merge_if_pipeline_succeeds": False}, ClaimFalse),
        ({"allow_merge_on_skipped_pipeline": True}, ClaimFalse),
        ({"only_allow_merge_if_pipeline_succeeds": None}, CouldNotVerify),
    ],
)
def test_gitlab_pipelines_that_need_not_succeed(gitlab: ForgeWorld, settings: Any, error: type[Exception]) -> None:
    gitlab.forge.project |= settings
    with pytest.raises(error):
        gitlab.judge("ci.required_checks", checks=["pipeline"])


def test_gitlab_requires_no_job_by_name(gitlab: ForgeWorld) -> None:
    with pytest.raises(ClaimFalse, match="not the check test"):
        gitlab.judge("ci.required_checks", checks=["test"])


def test_parameters_that_ask_nothing_are_refused(github: ForgeWorld) -> None:
    with pytest.raises(ValidationError):
        github.judge("ci.required_checks", checks=[])
    with pytest.raises(ValidationError):
        github.judge("ci.branch_protected", approvals=-1)
    with pytest.raises(NotDeclared, match="declares no 'branch'"):
        github.judge("ci.branch_protected", declared=None)


def test_a_ruleset_that_is_only_evaluated_demands_nothing(github: ForgeWorld) -> None:
    with_rules(github)
    github.forge.answers["rulesets/42"]["enforcement"] = "evaluate"
    with pytest.raises(ClaimFalse, match="not at least 1 approval"):
        github.judge("ci.branch_protected")


def test_who_bypasses_and_has_no_number_is_named_by_the_kind(github: ForgeWorld) -> None:
    with_rules(github)
    github.forge.answers["rulesets/42"]["bypass_actors"] = [{"actor_id": None, "actor_type": "DeployKey"}]
    with pytest.raises(ClaimFalse, match=r"can be bypassed by DeployKey$"):
        github.judge("ci.branch_protected")
    assert github.judge("ci.branch_protected", bypass=["DeployKey"])


def test_approvals_that_only_a_bad_report_asks_for_are_none(gitlab: ForgeWorld) -> None:
    gitlab.forge.answers["approval_rules"][0]["rule_type"] = "report_approver"
    with pytest.raises(ClaimFalse, match="not at least 1 approval"):
        gitlab.judge("ci.branch_protected")


def test_whether_a_skipped_pipeline_is_let_through_is_not_shown(gitlab: ForgeWorld) -> None:
    del gitlab.forge.project["allow_merge_on_skipped_pipeline"]
    with pytest.raises(CouldNotVerify, match="does not see"):
        gitlab.judge("ci.required_checks", checks=["pipeline"])
