from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.suites.declared import Declared
from tests.suites.world import World


@pytest.fixture(scope="session")
def good_world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """The world in which everything is as it should be; who breaks something of it, mends it."""
    with World(tmp_path_factory.mktemp("world") / "good") as world:
        yield world


@pytest.fixture(scope="session")
def declared(good_world: World) -> Declared:
    """The target that the good world is."""
    return Declared(good_world)
