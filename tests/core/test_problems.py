from __future__ import annotations

import pytest

from pytest_readiness.core.problems import typo_of


@pytest.mark.parametrize(
    ("written", "known", "typo"),
    [
        ("ap", "app", True),
        ("apis", "api", True),
        ("stroe", "store", True),
        ("state", "stage", True),
        ("prod-databse", "prod-database", True),
        ("main_db", "main-db", True),
        ("Main", "main", True),
        ("db1", "db2", False),
        ("cache2", "cache", False),
        ("shop-eu", "shop-us", False),
        ("shop-a", "shop-b", False),
        ("redis-cache", "redis-queue", False),
        ("shop", "shop-eu", False),
        ("app", "app", False),
    ],
)
def test_a_slip_is_told_from_another_name(written: str, known: str, typo: bool) -> None:
    assert typo_of(written, [known]) == (known if typo else "")
