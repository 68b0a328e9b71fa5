"""Judging by visits of pages that were made before."""

from __future__ import annotations

from typing import Any

import pytest

from pytest_readiness.core.evidence import ClaimFalse, Evidence
from pytest_readiness.core.registry import CHECKS
from pytest_readiness.domains.browser.facts.pages import Visit


def judged(visits: dict[str, Visit], id: str, name: str = "", **parameters: Any) -> Evidence:
    """What a check says of a page, by its path or the name of its file; "" is the root."""
    path = name if name.startswith("/") else f"/{name}.html" if name else None
    check = CHECKS[id]
    return check.judge(visits, **dict(check.parameters.model_validate({"path": path, **parameters})))


def false(*arguments: Any, **parameters: Any) -> str:
    """What was seen instead, where the claim is false."""
    with pytest.raises(ClaimFalse) as caught:
        judged(*arguments, **parameters)
    assert caught.value.expected
    return caught.value.seen
