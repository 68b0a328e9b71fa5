from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from pytest_readiness.gather.gatherer import Gatherer


@pytest.fixture
def gatherer() -> Iterator[Gatherer]:
    made = Gatherer()
    yield made
    made.stop("the test is over")


@pytest.fixture
def gate() -> Iterator[threading.Event]:
    """Facts wait for it; it opens at the end of the test, so that no thread stays behind."""
    event = threading.Event()
    yield event
    event.set()
