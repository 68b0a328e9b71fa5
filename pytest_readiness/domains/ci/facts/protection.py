"""How a branch is protected on the forge: by every system that the forge has for it, each with who may bypass it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase

from pytest_readiness.core.evidence import CouldNotVerify
from pytest_readiness.core.registry import fact
from pytest_readiness.domains.forge.api import FACT_SECONDS, Data, ForgeProject, maybe, opened, quoted, said, take
from pytest_readiness.domains.forge.resource import Forge
from pytest_readiness.domains.source.resource import Repository

PIPELINE = "pipeline"
"""What GitLab requires in place of named checks."""
_ADMINISTRATORS = "administrators"


@dataclass(frozen=True, slots=True)
class Protection:
    """What one system demands of a branch.

    Attributes:
        by: the system ("ruleset 42", "classic protection").
        change: the branch takes changes by a merge of what was proposed only.
        approvals: how many a proposed change needs; None where the forge does not show it.
        renewed: an approval counts no more once the change has been changed; None as with `approvals`.
        no_force: nobody may rewrite the branch.
        checks: checks that must have passed; None where the forge does not show them.
        bypass: who may bypass it ("administrators", "Team:7").
        bypasses: how many these are; None where the forge does not show them.
        unread: why something of it could not be read; "" where all could.
    """

    by: str
    change: bool = False
    approvals: int | None = 0
    renewed: bool | None = False
    no_force: bool = False
    checks: tuple[str, ...] | None = ()
    bypass: tuple[str, ...] = ()
    bypasses: int | None = None
    unread: str = ""


@dataclass(frozen=True, slots=True)
class BranchProtection:
    """How a branch is protected.

    Attributes:
        branch: its name.
        systems: what is in force; a demand of any of them is one.
        unread: systems that may be in force, too, each with why it could not be read.
        told: what a reader must know; "" for nothing.
    """

    branch: str
    systems: tuple[Protection, ...]
    unread: tuple[str, ...] = ()
    told: str = ""


@fact(deadline=FACT_SECONDS)
def branch_protection(repository: Repository, forge: Forge, *, ask: str) -> BranchProtection:  # noqa: ARG001
    """How the forge protects a branch: by all its systems, with who may bypass them."""
    with opened(forge) as project:
        read = _gitlab if project.gitlab else _github
        systems, unread = read(project, ask)
        return BranchProtection(ask, tuple(systems), tuple(unread), project.told)


def _github(project: ForgeProject, branch: str) -> tuple[list[Protection], list[str]]:
    unread: list[str] = []
    found = project.get(f"branches/{quoted(branch)}")
    if take(found, str, "name") != branch:
        raise CouldNotVerify(f"{said(branch)} is now called {said(take(found, str, 'name'))}: declare that name")
    rules: dict[int, list[Data]] = {}
    for rule in project.items(f"rules/branches/{quoted(branch)}"):
        rules.setdefault(take(rule, int, "ruleset_id"), []).append(rule)
    systems = [_ruleset(project, id, of) for id, of in rules.items()]
    try:
        # `protected` is true of a branch of rulesets, too; false is a sure answer for the older system.
        sure = not take(found, bool, "protected") or project.may(0, "admin")
        classic = project.find(f"branches/{quoted(branch)}/protection", sure=sure)
        systems += [_classic(classic)] if classic is not None else []
    except CouldNotVerify as error:
        if take(found, bool, "protected"):
            unread.append(f"classic protection: {error}")
    return systems, unread


def _ruleset(project: ForgeProject, id: int, rules: Iterable[Data]) -> Protection:
    of = {take(rule, str, "type"): maybe(rule, dict, "parameters", default={}) for rule in rules}
    review = of.get("pull_request", {})
    checks = maybe(of.get("required_status_checks", {}), list, "required_status_checks", default=[])
    try:
        found = project.get(f"rulesets/{id}", query={"includes_parents": "true"})
    except CouldNotVerify:
        found = {}
    if found.get("enforcement", "active") != "active":
        return Protection(by=f"ruleset {id}, which is not enforced", bypasses=0)
    actors = found.get("bypass_actors")
    bypass = None
    if isinstance(actors, list):
        # Deploy keys and owners of an enterprise have no number of their own.
        named = ((take(each, str, "actor_type"), each.get("actor_id")) for each in actors)
        bypass = tuple(kind if number is None else f"{kind}:{number}" for kind, number in named)
    return Protection(
        by=f"ruleset {id}",
        change=not of.keys().isdisjoint(("pull_request", "merge_queue")),
        approvals=maybe(review, int, "required_approving_review_count", default=0),
        renewed=maybe(review, bool, "dismiss_stale_reviews_on_push", default=False),
        no_force="non_fast_forward" in of,
        checks=tuple(take(each, str, "context") for each in checks),
        bypass=bypass or (),
        bypasses=None if bypass is None else len(bypass),
    )


def _classic(data: Data) -> Protection:
    reviews: Mapping[str, object] = maybe(data, dict, "required_pull_request_reviews", default={})
    passing: Mapping[str, object] = maybe(reviews, dict, "bypass_pull_request_allowances", default={})
    checks = maybe(data, list, "required_status_checks", "checks", default=[])
    names = [take(each, str, "context") for each in checks]
    names += [str(each) for each in maybe(data, list, "required_status_checks", "contexts", default=[])]
    bypass = [] if maybe(data, bool, "enforce_admins", "enabled", default=False) else [_ADMINISTRATORS]
    for kind, key in (("User", "login"), ("Team", "slug"), ("Integration", "slug")):
        part = {"User": "users", "Team": "teams", "Integration": "apps"}[kind]
        bypass += [f"{kind}:{take(each, str, key)}" for each in maybe(passing, list, part, default=[])]
    return Protection(
        by="classic protection",
        change="required_pull_request_reviews" in data,
        approvals=maybe(reviews, int, "required_approving_review_count", default=0),
        renewed=maybe(reviews, bool, "dismiss_stale_reviews", default=False),
        no_force=not maybe(data, bool, "allow_force_pushes", "enabled", default=False),
        checks=tuple(dict.fromkeys(names)),
        bypass=tuple(bypass),
        bypasses=len(bypass),
    )


def _gitlab(project: ForgeProject, branch: str) -> tuple[list[Protection], list[str]]:
    """GitLab's rules whose names or wildcards match: of several, it takes the most permissive."""
    take(project.get(f"repository/branches/{quoted(branch)}"), str, "name")
    rules = [each for each in project.items("protected_branches") if _matches(take(each, str, "name"), branch)]
    if not rules:
        return [], []
    pushing = [level for rule in rules for level in take(rule, list, "push_access_levels")]
    bypass = tuple(dict.fromkeys(_who(each) for each in pushing if _who(each)))
    approvals, renewed, unread = None, None, ""
    try:
        approvals, renewed = _approvals(project, [take(rule, int, "id") for rule in rules])
    except CouldNotVerify as error:
        unread = f"approval rules: {error}"
    # Whose role is small is not shown the project's settings.
    passed = maybe(project.data, bool, "only_allow_merge_if_pipeline_succeeds", default=None)
    skipping = maybe(project.data, bool, "allow_merge_on_skipped_pipeline", default=None)
    names = ", ".join(said(take(rule, str, "name")) for rule in rules)
    return [
        Protection(
            by=f"protected branch {names}",
            change=True,
            approvals=approvals,
            renewed=renewed,
            no_force=not any(take(rule, bool, "allow_force_push") for rule in rules),
            checks=None if passed is None or skipping is None else (PIPELINE,) if passed and not skipping else (),
            bypass=bypass,
            bypasses=len(bypass),
            unread=unread,
        )
    ], []


def _matches(pattern: str, branch: str) -> bool:
    # Only * is a wildcard of GitLab's.
    return fnmatchcase(branch, pattern.replace("[", "[[]").replace("?", "[?]"))


def _who(level: Data) -> str:
    for key, kind in (("deploy_key_id", "DeployKey"), ("user_id", "User"), ("group_id", "Group")):
        if level.get(key) is not None:
            return f"{kind}:{level[key]}"
    number = take(level, int, "access_level")
    return {0: "", 30: "developers", 40: "maintainers", 60: _ADMINISTRATORS}.get(number, f"level {number}")


def _approvals(project: ForgeProject, rules: list[int]) -> tuple[int, bool]:
    """How many approvals of others GitLab requires, and whether a push ends them: settings of paid editions."""
    settings, needed = project.get("approvals"), 0
    for rule in project.items("approval_rules"):
        # Such a rule asks for approvals only where a report says that something became worse.
        if rule.get("rule_type") == "report_approver":
            continue
        only = [take(each, int, "id") for each in maybe(rule, list, "protected_branches", default=[])]
        if not only or set(only) & set(rules) or rule.get("applies_to_all_protected_branches") is True:
            needed = max(needed, take(rule, int, "approvals_required"))
    # An author who may approve is one of them.
    needed -= take(settings, bool, "merge_requests_author_approval")
    return needed, take(settings, bool, "reset_approvals_on_push")
