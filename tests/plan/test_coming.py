from __future__ import annotations

import re

import pytest

from pytest_readiness.core.domains import load_catalogue
from pytest_readiness.core.text import says_nothing
from pytest_readiness.plan.coming import COMING


def test_no_claim_to_come_has_a_check() -> None:
    assert sorted(COMING.keys() & load_catalogue().keys()) == []


def test_claims_are_in_the_order_of_their_ids() -> None:
    assert list(COMING) == sorted(COMING, key=lambda id: id.split("."))


@pytest.mark.parametrize("id", COMING)
def test_a_claim_is_a_clause(id: str) -> None:
    claim = COMING[id]
    assert re.fullmatch(r"[a-z][a-z0-9]*\.[a-z][a-z0-9_]*", id)
    assert not says_nothing(claim)
    assert len(claim.split()) > 2, claim
    assert claim[0].isupper(), claim
    assert claim[-1] not in ".!?;:,", claim
    assert "  " not in claim
