from __future__ import annotations

from pathlib import Path

import pytest

from pytest_readiness.core import clock
from pytest_readiness.core.domains import load_kinds
from tests.domains.artifact.reports import NOW, Release


@pytest.fixture(autouse=True, scope="session")
def _kinds() -> None:
    load_kinds()


@pytest.fixture
def release(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Release:
    """A release of a small shop, a day before the reports that tools have written were made."""
    monkeypatch.setenv(clock.VARIABLE, NOW)
    return Release(
        tmp_path,
        {
            **dict.fromkeys(("src/price.js", "src/unused.js", "price.go", "src/main/java/shop/Price.java"), "code\n"),
            "tests/price.test.js": "test\n",
            "src/py.typed": "",
            "README.md": "Shop\n",
        },
    )
