"""A team's own tests: by a resource, by a fact, and as the answer to an item."""

from __future__ import annotations

from typing import Any

import pytest


@pytest.mark.readiness("papers/tried-by-ourselves")
def test_documents_are_long(document_text: Any) -> None:
    assert document_text


def test_every_url_has_a_host(url: Any) -> None:
    assert url.host == "localhost"
