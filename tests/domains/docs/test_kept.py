"""Documents that are recent, have links that lead somewhere, and describe an API."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from pytest_readiness.config.target import Target
from pytest_readiness.core.evidence import ClaimFalse, CouldNotVerify, Evidence, NotDeclared
from pytest_readiness.domains.docs.resource import Document
from pytest_readiness.domains.source.resource import Repository
from tests.judging import judge
from tests.stack.repositories import Repo

TEXT = "# Runbook\n\nPut the former image back, and wait until it answers.\n"


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    return Repo(tmp_path / "shop")


def fresh(repo: Repo, path: str = "docs/runbook.md", target: Target | None = None, **parameters: Any) -> Evidence:
    return judge("docs.fresh", Document(name="runbook", path=repo.path / path), target=target, **parameters)


def day(days_ago: float) -> str:
    return f"{datetime.now(UTC) - timedelta(days=days_ago):%Y-%m-%d}"


def test_fresh_by_the_day_of_the_last_change(repo: Repo) -> None:
    repo.commit({"docs/runbook.md": TEXT, "src/a.py": "a"}, days_ago=40)
    (repo.path / "docs/runbook.md").touch()
    assert fresh(repo, max_age_days=41).text.startswith(f"docs/runbook.md was last changed on {day(40)}")
    with pytest.raises(ClaimFalse, match="within 39 days"):
        fresh(repo, max_age_days=39)
    with pytest.raises(NotDeclared):
        fresh(repo)


@pytest.mark.parametrize(
    "change",
    [
        lambda repo: repo.git("mv", "docs/runbook.md", "docs/recovery.md"),
        lambda repo: repo.write(
            {"docs/runbook.md": TEXT.replace(", and", ",\nand").replace("# Runbook", "Runbook\n===")}
        ),
        lambda repo: repo.write({"docs/runbook.md": f"<!-- Licensed under the Apache License -->\n{TEXT}"}),
        lambda repo: repo.write({"docs/runbook.md": f"{TEXT}\nLast updated: {day(0)}\n"}),
    ],
    ids=["renamed", "laid out anew", "licence", "date"],
)
def test_fresh_is_not_what_says_the_same(repo: Repo, change: Callable[[Repo], Any]) -> None:
    repo.commit({"docs/runbook.md": TEXT}, days_ago=400)
    change(repo)
    repo.commit()
    path = next((repo.path / "docs").iterdir())
    with pytest.raises(ClaimFalse, match=f"last changed on {day(400)}"):
        fresh(repo, f"docs/{path.name}", max_age_days=90)


def test_fresh_by_what_a_merge_says_itself(repo: Repo) -> None:
    repo.commit({"docs/runbook.md": TEXT}, days_ago=400)
    repo.git("checkout", "-q", "-b", "other")
    repo.commit({"docs/runbook.md": f"{TEXT}\nOne side.\n"}, days_ago=300)
    repo.git("checkout", "-q", "main")
    repo.commit({"a": "a"}, days_ago=290)
    repo.git("merge", "-q", "--no-ff", "-m", "Merge", "other")
    with pytest.raises(ClaimFalse, match=f"last changed on {day(300)}"):
        fresh(repo, max_age_days=90)
    repo.write({"docs/runbook.md": f"{TEXT}\nBoth sides, written again.\n"}).git(
        "commit", "-q", "-a", "--amend", "-m", "M"
    )
    assert fresh(repo, max_age_days=90)


@pytest.mark.parametrize("encoding", ["cp1252", "utf-16", "utf-8-sig"])
def test_fresh_is_not_what_is_encoded_anew(repo: Repo, encoding: str) -> None:
    text = f"{TEXT}\nDanach prüft der Dienst sich selbst.\n"
    repo.commit({"docs/runbook.md": text.encode(encoding)}, days_ago=400)
    repo.commit({"docs/runbook.md": text}, days_ago=1)
    with pytest.raises(ClaimFalse, match=f"last changed on {day(400)}"):
        fresh(repo, max_age_days=90)


@pytest.mark.parametrize("name", ['a "b".md', "a\nb.md", f"@{'a' * 40} 1 2.md"])
def test_fresh_of_a_document_with_an_odd_name(repo: Repo, name: str) -> None:
    repo.commit({name: TEXT}, days_ago=40)
    assert "\n" not in fresh(repo, name, max_age_days=41).text
    with pytest.raises(ClaimFalse, match="40 days ago"):
        fresh(repo, name, max_age_days=39)


def test_fresh_by_a_time_that_no_calendar_has(repo: Repo) -> None:
    repo.commit({"docs/runbook.md": TEXT})
    commit = re.sub(r"> \d+ ", "> 99999999999999 ", repo.git("cat-file", "commit", "HEAD"))
    repo.write({".git/odd": f"{commit}\n"})
    repo.git("reset", "-q", "--hard", repo.git("hash-object", "-t", "commit", "-w", "--literally", ".git/odd"))
    with pytest.raises(CouldNotVerify, match="in no calendar"):
        fresh(repo, max_age_days=9)


def test_fresh_by_a_review(repo: Repo) -> None:
    repo.commit({"docs/runbook.md": f"---\nreviewed: {day(3)}\n---\n{TEXT}"}, days_ago=300)
    assert f"was last reviewed on {day(3)}" in fresh(repo, max_age_days=10).text
    repo.commit({"docs/runbook.md": f"---\nreviewed: {day(-30)}\n---\n{TEXT}"}, days_ago=2)
    with pytest.raises(ClaimFalse, match="review of the future"):
        fresh(repo, max_age_days=10)
    repo.commit({"docs/runbook.md": f"---\nreviewed: [date]\n---\n{TEXT}"}, days_ago=1)
    with pytest.raises(ClaimFalse, match="last changed"):
        fresh(repo, max_age_days=10)


def test_fresh_as_what_it_describes(repo: Repo) -> None:
    repo.commit({"src/deploy.sh": "1", "docs/runbook.md": TEXT}, days_ago=100)
    assert fresh(repo, newer_than=["src", "src/deploy.sh"])
    with pytest.raises(CouldNotVerify, match="has no scripts"):
        fresh(repo, newer_than=["scripts"])
    repo.commit({"src/deploy.sh": "2"}, days_ago=20)
    with pytest.raises(ClaimFalse, match=f"src/deploy.sh on {day(20)}"):
        fresh(repo, newer_than=["src/deploy.sh"])


def test_fresh_of_the_release_not_of_what_is_checked_out(repo: Repo) -> None:
    repo.commit({"docs/runbook.md": TEXT}, days_ago=300)
    repo.git("tag", "v1.0.0")
    repo.commit({"docs/runbook.md": f"{TEXT}More of it.\n"})
    target = Target("test", release="1.0.0", resources=(Repository(name="shop", path=repo.path),))
    with pytest.raises(ClaimFalse):
        fresh(repo, target=target, max_age_days=90)
    assert fresh(repo, max_age_days=90)


def test_fresh_cannot_be_seen(repo: Repo, tmp_path: Path) -> None:
    repo.commit({"docs/runbook.md": TEXT}, days_ago=100)
    repo.commit({"other": "1"}, days_ago=3)
    repo.git("clone", "-q", "--depth=1", f"file://{repo.path}", str(tmp_path / "shallow"))
    shallow = Document(name="runbook", path=tmp_path / "shallow/docs/runbook.md")
    with pytest.raises(CouldNotVerify, match="fetch-depth: 0"):
        judge("docs.fresh", shallow, max_age_days=365)
    repo.write({"docs/new.md": TEXT})
    with pytest.raises(CouldNotVerify, match=r"docs/new.md is not in the commit"):
        fresh(repo, "docs/new.md", max_age_days=365)
    outside = tmp_path / "outside.md"
    outside.write_text(TEXT)
    with pytest.raises(CouldNotVerify, match="not a git repository"):
        judge("docs.fresh", Document(name="runbook", path=outside), max_age_days=365)


def links(repo: Repo, text: str) -> Evidence:
    files = {"docs/plan.md": "# Plan\n\n## Roll back!\n\n## Roll back!\n\n<a id='own'></a>\n", "src/a.py": "a"}
    repo.commit({**files, "docs/runbook.md": text})
    return judge("docs.links", Document(name="runbook", path=repo.path / "docs/runbook.md"))


@pytest.mark.parametrize(
    "link",
    [
        "[plan](plan.md)",
        "[plan](plan.md#roll-back)",
        "[plan](plan.md#roll-back-1)",
        "[plan](plan.md#roll-back_1)",
        "[plan](plan.md#own)",
        "[code](../src/a.py#L3)",
        "[folder](../src/)",
        "[root](/src/a.py)",
        "[page](plan)",
        "[plan][p]\n\n[p]: plan.md",
        "[here](#runbook)\n\n# Runbook",
        "<a href='plan.md'>plan</a>",
    ],
)
def test_links_that_lead_somewhere(repo: Repo, link: str) -> None:
    text = f"{link} and [outside](https://www.example.com/x) and `[code](nowhere.md)`\n"
    assert links(repo, text if "\n" not in link else f"{link}\n\n[outside](https://www.example.com/x)\n").text == (
        "1 link to places that are there; 1 outside, which were not asked"
    )


@pytest.mark.parametrize(
    ("link", "fault"),
    [
        ("[plan](plans.md)", "leads to no tracked file"),
        ("[plan](Plan.md)", "leads to no tracked file"),
        ("[plan](plan.md#rollback)", "leads to no heading"),
        ("[plan](plan.md#roll-back-2)", "leads to no heading"),
        ("[plan](../../plan.md)", "leads out of the repository"),
        ("[plan](TODO)", "still to be filled in"),
        ("[plan]()", "still to be filled in"),
        ("[plan][nowhere]", "is not defined"),
        ("[here](#nowhere)", "leads to no heading"),
        ("![picture](a.png)", "leads to no tracked file"),
        ("<img src='a.png'>", "leads to no tracked file"),
        ("[untracked](untracked.md)", "leads to no tracked file"),
    ],
)
def test_links_that_lead_nowhere(repo: Repo, link: str, fault: str) -> None:
    repo.write({".gitignore": "untracked.md", "docs/untracked.md": "here"})
    with pytest.raises(ClaimFalse, match=f"seen: line 3: .*{fault}"):
        links(repo, f"[plan](plan.md)\n\nSee {link}.\n")


def test_links_of_none(repo: Repo) -> None:
    with pytest.raises(CouldNotVerify, match="no link within its repository"):
        links(repo, "[outside](https://www.example.com/x)\n")
    with pytest.raises(CouldNotVerify, match="thousands of brackets"):
        links(repo, "[" * 6000)
    (repo.path / "a.txt").write_text("text")
    with pytest.raises(CouldNotVerify, match="is not Markdown"):
        judge("docs.links", Document(name="a", path=repo.path / "a.txt"))


API: dict[str, Any] = {
    "openapi": "3.1.0",
    "info": {"title": "Shop", "version": "1.2.0"},
    "paths": {
        "/orders": {
            "get": {"responses": {"200": {"description": "All orders"}}},
            "post": {"responses": {"201": {"description": "", "content": {"application/json": {}}}}},
        }
    },
}


def openapi(path: Path, document: object, **parameters: Any) -> Evidence:
    path.write_text(document if isinstance(document, str) else json.dumps(document), "utf-8")
    return judge("docs.openapi", Document(name="api", path=path), **parameters)


def test_openapi(tmp_path: Path) -> None:
    path = tmp_path / "openapi.json"
    assert "with 2 operations" in openapi(path, API, operations=["GET /orders", "POST /orders"], min_operations=2).text
    with pytest.raises(ClaimFalse, match="no DELETE /orders"):
        openapi(path, API, operations=["DELETE /orders"])
    with pytest.raises(ClaimFalse, match="3 operations or more; seen: 2"):
        openapi(path, API, min_operations=3)


@pytest.mark.parametrize(
    ("document", "seen"),
    [
        ({**API, "paths": {}}, "1 operation or more; seen: 0"),
        ({**API, "paths": {"/a": {"get": {"responses": {"200": {"description": " "}}}}}}, "none of GET /a"),
        ({**API, "info": {}}, "'title' is a required property"),
        ({"swagger": "2.0"}, "Swagger 2"),
        ("not: [valid", "neither JSON nor YAML"),
    ],
)
def test_openapi_that_is_none(tmp_path: Path, document: object, seen: str) -> None:
    with pytest.raises(ClaimFalse, match=seen):
        openapi(tmp_path / "openapi.yaml", document)


def test_openapi_of_several_files(tmp_path: Path) -> None:
    with pytest.raises(CouldNotVerify, match="depends on another document"):
        openapi(tmp_path / "openapi.yaml", {**API, "paths": {"/a": {"$ref": "a.yaml"}}})


def test_links_to_files_of_one_machine(repo: Repo) -> None:
    with pytest.raises(ClaimFalse, match="is on a machine of somebody"):
        links(repo, "[plan](plan.md)\n\n[notes](file:///home/somebody/notes.md)\n")


def test_headings_of_a_document_in_another_encoding_are_not_known(repo: Repo) -> None:
    repo.commit({"docs/old.md": "# Prüfung\n".encode("cp1252")})
    with pytest.raises(CouldNotVerify, match=r"docs/old.md of .* is not UTF-8"):
        links(repo, "[plan](old.md#prüfung)\n")
    assert links(repo, "[plan](old.md)\n")
