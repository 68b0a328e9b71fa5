from __future__ import annotations

import pytest

from tests.release import Release
from tests.report import pages


@pytest.fixture(scope="session")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Release:
    """A project whose report has something of everything, after its runs."""
    return pages.ran(tmp_path_factory.mktemp("release"))
