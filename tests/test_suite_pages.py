"""The pages of suites say of each item what proves it, and what that leaves open."""

from __future__ import annotations

from pathlib import Path

import pytest

from docs import catalogue, suites
from pytest_readiness.core.domains import load_catalogue
from pytest_readiness.plan.coming import COMING
from tests import suite


@pytest.fixture
def pages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    suite.add(monkeypatch, tmp_path / "suites")
    return suites.pages()


def test_the_page_of_a_suite(pages: dict[str, str]) -> None:
    assert (
        pages["small"]
        == f"""\
{suites.MADE}

# Small shop

A checklist for a shop of one page. It has a second paragraph.

9 items: 3 by checks alone, 1 by checks in part, with a person who signs the rest, 2 by people alone, \
2 wait for a [check to come](checks-to-come.md), 1 do not apply. In `readiness.yaml`, it is `suite:small`; \
[how to begin](index.md#how-to-begin).

## Web

| item | what proves it, and what that leaves open |
| --- | --- |
| The page answers | {link("http.reachable")} (on `site`){opens("http.reachable")} |
| **Accounts work** |  |
| – People can sign in | {link("http.flow")} (the target's `login`){opens("http.flow")} |
| – Too many logins are slowed down | {link("http.rate_limit")} \
(retry after: false; the target's `login_limit`){opens("http.rate_limit")} |
| The page fits the brand | **product-owner** signs, every 30 days, with evidence that is at most 30 days old |

## Data / Safety

| item | what proves it, and what that leaves open |
| --- | --- |
| Restores are rehearsed every week | **operations** signs, weekly |
| The cache survives a restart | [no check yet](checks-to-come.md#redis): {COMING["redis.persistence"]} |
| The cache is kept and encrypted (if used) | {link("net.open")} \
(on `cache`; the target's `open_ports`)<br>\
[no check yet](checks-to-come.md#redis): {COMING["redis.tls"]}{opens("net.open")} |

## Data / Papers

| item | what proves it, and what that leaves open |
| --- | --- |
| There is a runbook | {link("docs.sections")} \
(on `runbook`; sections: \\["Rollback\\|Way back"\\])<br>\
*Open:* **operations** signs the rest, yearly{opens("docs.sections")} |
| There is a fax number | does not apply: nobody has one any more |
"""
    )


def link(id: str) -> str:
    check = load_catalogue()[id]
    return f"[{check.title.rstrip('.')}](../catalogue/{check.domain}.md#{id.replace('.', '')})"


def opens(id: str) -> str:
    text = suites.left_open(load_catalogue()[id])
    return f"<br>*Open:* {catalogue.inline(text)}" if text else ""


def test_the_sentence_on_what_is_not_looked_at_is_taken() -> None:
    checks = load_catalogue()
    assert suites.left_open(checks["docs.sections"]) == "Whether the text is right is not looked at."
    assert suites.left_open(checks["tls.chain"]) == ""


def test_the_first_page_lists_the_suites(pages: dict[str, str]) -> None:
    assert list(pages) == ["index", "small", "checks-to-come"]
    assert "| [small](small.md) | A checklist for a shop of one page. | 9 | 3 | 1 | 2 | 2 |\n" in pages["index"]


def test_every_claim_to_come_has_a_row(pages: dict[str, str]) -> None:
    for id, claim in COMING.items():
        assert f"| `{id}` | {catalogue.inline(claim)} | " in pages["checks-to-come"]
    assert f"| `redis.tls` | {COMING['redis.tls']} | [small](small.md) 1 |\n" in pages["checks-to-come"]


@pytest.mark.parametrize("id", load_catalogue())
def test_what_a_check_leaves_open_is_one_short_sentence(id: str) -> None:
    text = suites.left_open(load_catalogue()[id])
    assert "\n" not in text
    assert len(text) <= 250
    assert text == "" or text[-1] in ".…"
