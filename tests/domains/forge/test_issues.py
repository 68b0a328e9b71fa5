from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from pytest_readiness.core.evidence import ClaimFalse, CouldNotVerify, Evidence
from pytest_readiness.domains.forge.resource import Forge
from tests.judging import judge
from tests.stack.forge import PROJECT, TOKEN, ForgeServer, at

NOW = datetime.now(UTC)
Tracker = Callable[..., Evidence]


@pytest.fixture(params=["github", "gitlab"])
def server(request: pytest.FixtureRequest) -> Iterator[ForgeServer]:
    with ForgeServer(request.param) as forge:
        forge.answers |= {
            "labels": [{"name": name} for name in ("blocker", "triaged", "bug")],
            "milestones": [{"title": "v1.4", "state": "active"}, {"title": "v1.3", "state": "closed"}],
            "issues": [issue(forge, 7, ["triaged"])],
        }
        yield forge


def issue(server: ForgeServer, number: int, labels: list[str], *, days: float = 9, **more: Any) -> dict[str, Any]:
    """An issue as the service documents it."""
    made = at(NOW - timedelta(days=days))
    if server.service == "gitlab":
        return {"iid": number, "state": "opened", "labels": labels, "created_at": made, "issue_type": "issue", **more}
    return {
        "number": number,
        "state": "open",
        "labels": [{"name": each} for each in labels],
        "created_at": made,
        **more,
    }


def judged(server: ForgeServer, **parameters: Any) -> Evidence:
    parameters = {"labels": ["blocker"], **parameters}
    return judge("forge.issues", Forge.model_validate({"name": "shop", **server.declared()}), **parameters)


def test_no_blocker_passes(server: ForgeServer) -> None:
    text = judged(server, triage=["triaged"]).text
    assert text.startswith("0 of 1 open issues labelled blocker, asked at 20")
    assert text.endswith(", each triaged")


@pytest.mark.parametrize("label", ["blocker", "Blocker"])
def test_a_blocker_on_any_page_fails(server: ForgeServer, label: str) -> None:
    server.answers["issues"] += [issue(server, 8, []), issue(server, 9, ["bug", label])]
    with pytest.raises(ClaimFalse) as failure:
        judged(server)
    assert (failure.value.expected, failure.value.seen) == ("no open issue labelled blocker", "1 of 3: #9")


def test_proposed_changes_and_closed_issues_do_not_block(server: ForgeServer) -> None:
    if server.service == "github":
        server.answers["issues"].append(issue(server, 8, ["blocker"], pull_request={"url": "https://example.com"}))
    server.answers["issues"].append({**issue(server, 9, ["blocker"]), "state": "closed"})
    assert judged(server).text.startswith("0 of 1 open issues")


def test_milestones_and_types_narrow(server: ForgeServer) -> None:
    of_type = {"issue_type": "incident"} if server.service == "gitlab" else {"type": {"name": "Incident"}}
    server.answers["issues"].append(issue(server, 8, ["blocker"], milestone={"title": "v1.4"}, **of_type))
    assert judged(server, milestone="v1.3")
    assert judged(server, types=["bug"])
    for parameters in ({"milestone": "v1.4"}, {"types": ["incident"]}, {"labels": ["*"], "milestone": "v1.4"}):
        with pytest.raises(ClaimFalse, match="1 of 2: #8"):
            judged(server, **parameters)


def test_an_issue_that_nobody_has_triaged_fails(server: ForgeServer) -> None:
    server.answers["issues"].append(issue(server, 8, ["bug"], days=2))
    with pytest.raises(ClaimFalse, match="1 of 2 have none of these: #8"):
        judged(server, triage=["triaged"], grace_days=1)
    assert judged(server, triage=["triaged"], grace_days=3)
    assert judged(server, triage=["triaged", "bug"])


@pytest.mark.parametrize(
    ("parameters", "reason"),
    [
        ({"labels": ["bloker"]}, "no label bloker"),
        ({"triage": ["seen"]}, "no label seen"),
        ({"milestone": "v1.5"}, "no milestone v1.5"),
    ],
)
def test_a_name_that_the_project_lacks_finds_nothing(server: ForgeServer, parameters: Any, reason: str) -> None:
    with pytest.raises(CouldNotVerify, match=reason):
        judged(server, **parameters)


def test_a_tracker_elsewhere(server: ForgeServer) -> None:
    server.project |= {"has_issues": False, "issues_access_level": "disabled"}
    with pytest.raises(CouldNotVerify, match="its tracker is elsewhere"):
        judged(server)


def test_confidential_issues_need_a_role() -> None:
    with ForgeServer("gitlab") as server:
        server.project["permissions"] = {"project_access": {"access_level": 10}, "group_access": None}
        with pytest.raises(CouldNotVerify, match="it needs Reporter"):
            judged(server)


@pytest.mark.parametrize("status", [403, 404])
@pytest.mark.parametrize("path", ["", "issues", "labels", "milestones"])
def test_without_rights_nothing_is_known(server: ForgeServer, path: str, status: int) -> None:
    server.deny(path, status)
    with pytest.raises(CouldNotVerify, match=str(status)) as error:
        judged(server)
    assert TOKEN not in str(error.value)


def test_a_wrong_token(server: ForgeServer) -> None:
    forge = Forge.model_validate({"name": "shop", **server.declared(token="other")})
    with pytest.raises(CouldNotVerify, match=r"401.*declare the forge's token"):
        judge("forge.issues", forge, labels=["blocker"])


def test_a_busy_forge_is_waited_for_where_it_is_soon_free(server: ForgeServer) -> None:
    server.busy = 1
    assert judged(server)
    server.busy, server.retry_after = 9, 600
    with pytest.raises(CouldNotVerify, match="429, too many requests; try again in 600 s"):
        judged(server)


def test_a_renamed_project_is_followed_and_told(server: ForgeServer) -> None:
    server.renamed = "example/web-shop"
    assert judged(server).warning == f"{PROJECT} has been renamed: the forge led to example/web-shop"


@pytest.mark.parametrize(
    "broken",
    [
        {"issues": [{"title": "Broken"}]},
        {"issues": ["#7"]},
        {"issues": [{"iid": 7, "number": 7, "labels": [], "created_at": "yesterday"}]},
        {"labels": [{"name": 7}]},
    ],
)
def test_answers_of_another_shape(server: ForgeServer, broken: Any) -> None:
    server.answers |= broken
    with pytest.raises(CouldNotVerify, match="the forge's"):
        judged(server)


def test_parameters_that_ask_nothing_are_refused(server: ForgeServer) -> None:
    refused: list[dict[str, Any]] = [{"labels": []}, {"labels": [" "]}, {"triage": []}, {"grace_days": -1}]
    for parameters in refused:
        with pytest.raises(ValidationError):
            judged(server, **parameters)


@pytest.mark.parametrize(
    "fields",
    [{"project": "shop"}, {"project": "example/../shop"}, {"api": "ftp://git.example.com"}, {"service": "svn"}],
)
def test_declarations_that_are_refused(fields: Any) -> None:
    with pytest.raises(ValidationError):
        Forge.model_validate({"name": "shop", "project": PROJECT, **fields})
