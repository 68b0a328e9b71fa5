"""Environments that a forge deploys to, with what they demand, and names of the secrets that jobs are given."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from pytest_readiness.core.evidence import CouldNotVerify
from pytest_readiness.core.registry import fact
from pytest_readiness.domains.forge.api import FACT_SECONDS, Data, ForgeProject, maybe, opened, quoted, said, take
from pytest_readiness.domains.forge.resource import Forge
from pytest_readiness.domains.source.resource import Repository

ANY = "*"
MOST_ENVIRONMENTS = 50


@dataclass(frozen=True, slots=True)
class DeployEnvironment:
    """An environment, and who must approve what is deployed to it.

    Attributes:
        name: its name.
        there: the project has it.
        approvals: approvals that a deployment needs.
        reviewers: how many people and teams may give them; 0 where the forge does not tell.
        others: whoever started it may not approve it; None where the forge does not tell.
        admins: administrators may pass that by; None where the forge does not tell.
        apps: applications that must agree, too ("change-tickets").
        service: whose environment it is, and so whose workflows deploy to it.
        told: what a reader must know; "" for nothing.
    """

    name: str
    there: bool
    approvals: int = 0
    reviewers: int = 0
    others: bool | None = None
    admins: bool | None = None
    apps: tuple[str, ...] = ()
    service: str = "github"
    told: str = ""


@dataclass(frozen=True, slots=True)
class DefinedSecret:
    """A secret that jobs may be given.

    Attributes:
        name: its name.
        place: where it is defined ("the project").
        environment: for jobs of which environments, `*` in it for anything; `*` alone for all jobs.
        protected: only jobs of protected branches and tags are given it.
    """

    name: str
    place: str
    environment: str
    protected: bool = False


@dataclass(frozen=True, slots=True)
class DefinedSecrets:
    """All secrets that jobs may be given; their values are not read.

    Attributes:
        secrets: their names, and where they are.
        branch_protected: whether jobs of the branch are given those that are protected.
        service: whose they are, and so whose workflows are given them.
        unread: what could not be read, each with the reason.
        told: what a reader must know; "" for nothing.
    """

    secrets: tuple[DefinedSecret, ...]
    branch_protected: bool
    service: str
    unread: tuple[str, ...] = ()
    told: str = ""


@fact(deadline=FACT_SECONDS)
def deploy_environment(repository: Repository, forge: Forge, *, ask: str) -> DeployEnvironment:  # noqa: ARG001
    """What an environment of the forge demands before something is deployed to it."""
    with opened(forge) as project:
        return _gitlab(project, ask) if project.gitlab else _github(project, ask)


@fact(deadline=FACT_SECONDS)
def defined_secrets(repository: Repository, forge: Forge, *, ask: str) -> DefinedSecrets:  # noqa: ARG001
    """Names of the secrets that a branch's jobs may be given, by project, owner and environments."""
    found: list[DefinedSecret] = []
    unread: list[str] = []
    with opened(forge) as project:
        for place, path, environment in _places(project):
            try:
                listed = project.items(path, "" if project.gitlab else "secrets")
                read = _variable if project.gitlab else _secret
                found.extend([read(each, place, environment) for each in listed])
            except CouldNotVerify as error:
                unread.append(f"{place}: {error}")
        branch = project.get(f"repository/branches/{quoted(ask)}") if project.gitlab else {"protected": True}
        protected = take(branch, bool, "protected")
        return DefinedSecrets(tuple(found), protected, forge.service, tuple(unread), project.told)


def _github(project: ForgeProject, name: str) -> DeployEnvironment:
    found = project.items("environments", "environments")
    data = next((each for each in found if take(each, str, "name").casefold() == name.casefold()), None)
    if data is None:
        return DeployEnvironment(name, there=False, service=project.forge.service, told=project.told)
    rules = [each for each in maybe(data, list, "protection_rules", default=[]) if isinstance(each, dict)]
    rule = next((each for each in rules if each.get("type") == "required_reviewers"), None)
    reviewers = len(take(rule, list, "reviewers")) if rule else 0
    apps = () if reviewers else tuple(_apps(project, take(data, str, "name")))
    return DeployEnvironment(
        name=name,
        there=True,
        # Of several reviewers, GitHub asks for one.
        approvals=min(reviewers, 1),
        reviewers=reviewers,
        others=maybe(rule, bool, "prevent_self_review", default=None) if rule else None,
        admins=maybe(data, bool, "can_admins_bypass", default=None),
        apps=apps,
        told=project.told,
    )


def _apps(project: ForgeProject, name: str) -> Iterator[str]:
    key = "custom_deployment_protection_rules"
    for each in project.items(f"environments/{quoted(name)}/deployment_protection_rules", key):
        if each.get("enabled") is True:
            yield take(each, str, "app", "slug")


def _gitlab(project: ForgeProject, name: str) -> DeployEnvironment:
    there = [each for each in project.items("environments", query={"name": name}) if each.get("name") == name]
    if not there:
        return DeployEnvironment(name, there=False, service=project.forge.service, told=project.told)
    # A group protects by the tier of the environment, not by its name.
    tier = maybe(there[0], str, "tier", default="")
    needed = _needed(project.items("protected_environments"), name)
    for group in () if needed else _groups(project):
        needed = max(needed, _needed(project.items(f"/groups/{quoted(group)}/protected_environments"), tier))
    own = maybe(project.data, bool, "allow_pipeline_trigger_approve_deployment", default=None)
    return DeployEnvironment(
        name=name,
        there=True,
        approvals=needed,
        others=None if own is None else not own,
        admins=False,
        service="gitlab",
        told=project.told,
    )


def _needed(found: Iterable[Data], name: str) -> int:
    """How many approvals the protected environments of this name demand."""
    of = [each for each in found if take(each, str, "name") == name]
    rules = [rule for each in of for rule in maybe(each, list, "approval_rules", default=[])]
    whole = max((maybe(each, int, "required_approval_count", default=0) for each in of), default=0)
    return max(whole, sum(take(rule, int, "required_approvals") for rule in rules))


def _groups(project: ForgeProject) -> Iterator[str]:
    """The groups that the project is in, the innermost first."""
    if take(project.data, str, "namespace", "kind") != "group":
        return
    path = take(project.data, str, "namespace", "full_path")
    while path:
        yield path
        path = path.rpartition("/")[0]


def _places(project: ForgeProject) -> Iterator[tuple[str, str, str]]:
    """Where secrets may be: what it is called, what is asked, and for which environments they are."""
    if project.gitlab:
        yield "the project", "variables", ANY
        for name in _groups(project):
            yield f"the group {said(name)}", f"/groups/{quoted(name)}/variables", ANY
        return
    yield "the project", "actions/secrets", ANY
    yield "its organisation", "actions/organization-secrets", ANY
    environments = project.items("environments", "environments")
    if len(environments) > MOST_ENVIRONMENTS:
        raise CouldNotVerify(f"the project has more than {MOST_ENVIRONMENTS} environments")
    for each in environments:
        name = take(each, str, "name")
        yield f"the environment {said(name)}", f"environments/{quoted(name)}/secrets", name


def _secret(data: Data, place: str, environment: str) -> DefinedSecret:
    return DefinedSecret(take(data, str, "name"), place, environment)


def _variable(data: Data, place: str, environment: str) -> DefinedSecret:
    """A variable of GitLab's, which tells its value as well: that is left where it is."""
    scope = maybe(data, str, "environment_scope", default=environment)
    return DefinedSecret(take(data, str, "key"), place, scope, protected=take(data, bool, "protected"))
