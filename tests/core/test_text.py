"""Texts from elsewhere, in a form that can be shown."""

from __future__ import annotations

from pytest_readiness.core.text import visible


def test_what_nobody_would_see_is_written_as_an_escape() -> None:
    assert visible("v=spf1 mx\xa0-all\n") == r"v=spf1 mx\xa0-all\n"
    assert visible("p=\u200breject\U000e0001") == r"p=\u200breject\U000e0001"
    assert visible("Grüße, 世界 – ok") == "Grüße, 世界 – ok"
