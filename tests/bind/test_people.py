"""What only people know or do, who signs it, and how often."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytest_readiness.bind.matching import Statement, statements_of
from pytest_readiness.bind.memory import of_suites
from pytest_readiness.bind.people import PEOPLE, people_in
from pytest_readiness.checklist.reading import parse_checklist


@pytest.mark.parametrize(
    ("text", "role"),
    [
        ("Release is approved by the product owner", "product-owner"),
        ("Security Lead: ______ Date: ______", "security-lead"),
        ("Legal has approved the terms", "compliance"),
        ("Go/no-go decision is made", "management"),
        ("Security review completed", "security"),
        ("Code is reviewed by two team members", "engineering"),
        ("Support team is trained", "support"),
        ("Stakeholders are informed of the release", "product-owner"),
        ("Budget for the year is agreed", "management"),
        ("GDPR compliance is confirmed", "compliance"),
        ("User acceptance testing is complete", "product-owner"),
        ("Screen reader tests are done", "accessibility"),
        ("Access rights are reviewed quarterly", "security"),
        ("Bottlenecks are identified", "engineering"),
        ("The code is modular and easy to reuse", "engineering"),
        ("Notify customers of the maintenance window", "product-owner"),
        ("See https://example.org/guide", "engineering"),
    ],
)
def test_what_people_do_is_theirs(text: str, role: str) -> None:
    found = people_in(Statement(text))
    assert found.only
    assert found.role == role


@pytest.mark.parametrize(
    "text",
    [
        "TLS certificates reviewed monthly by certbot renew",
        "Pull requests need an approval before they are merged",
        "Branch protection requires a review",
        "HSTS header is set",
        "Incident response times are below 500 ms",
        "Webhook signatures are verified",
        "Notification mails arrive",
        "Collections are indexed",
        "Database backups run every night",
        "Accounts are locked after five attempts",
        "Responsive design is verified",
        "https://example.org/health answers 200",
        "Dependencies are updated automatically by a bot after review",
    ],
)
def test_what_a_machine_does_is_not_theirs(text: str) -> None:
    assert not people_in(Statement(text)).only


def test_headings_and_detail_say_what_the_text_leaves_open() -> None:
    assert people_in(Statement("Name and date", ("Sign-off",))).only
    assert people_in(Statement("Rotate keys", ("Quarterly",))).only
    assert not people_in(Statement("Rotate keys", ("Automation",))).only
    text = "# Release\n\n- [ ] Rollout\n  approved and announced by the team\n- [ ] Rollout again\n"
    checklist = parse_checklist(text, Path("release.md"))
    first, second = (people_in(said, item.detail).score for item, _, said in statements_of(checklist))
    assert first >= PEOPLE > second


@pytest.mark.parametrize(
    ("text", "above", "cadence"),
    [
        ("Quarterly access review", (), "quarterly"),
        ("Annual security audit", (), "yearly"),
        ("Logs are reviewed every week", (), "weekly"),
        ("Review logs", ("Daily",), "daily"),
        ("Review logs weekly", ("Daily",), "weekly"),
        # No longer than what the document says.
        ("Security audit every 6 months", (), "180d"),
        ("Keys are looked through every 90 days", (), "90d"),
        ("Security audit done", (), ""),
    ],
)
def test_how_often_is_as_bindings_say_it(text: str, above: tuple[str, ...], cadence: str) -> None:
    assert people_in(Statement(text, above)).cadence == cadence


def test_the_words_that_say_so_are_those_of_the_text() -> None:
    assert people_in(Statement("Final Approval was given")).words == ("Approval",)


def test_the_suites_items_are_told_apart() -> None:
    # Each is worded as a claim ("firewall rules are reviewed"), which says less of people than most documents do.
    judged = [(bool(item.claims), people_in(item.said).only) for item in of_suites() if item.claims or item.role]
    signed = [only for checks, only in judged if not checks]
    checked = [only for checks, only in judged if checks]
    assert sum(signed) >= 0.65 * len(signed)
    assert sum(checked) <= 0.02 * len(checked)
