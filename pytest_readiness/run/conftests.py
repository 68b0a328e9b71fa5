"""What a `conftest.py` does at the end of a run: before the verdict, so that a mistake in it loses no file.

pytest would go on with nothing after an exception there, and show its text, which may hold a secret.
"""

from __future__ import annotations

from collections.abc import Generator
from pathlib import PurePath

import pytest

from pytest_readiness.run.state import Run


class Conftests:
    """The plugin that calls the `pytest_sessionfinish` of every `conftest.py`.

    Args:
        run: the run; what breaks becomes one of its troubles.
    """

    def __init__(self, run: Run) -> None:
        self._run = run

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> Generator[None, object, object]:
        """Call them before anything else, and let nothing call them again."""
        given = {"session": session, "exitstatus": exitstatus}
        for each in reversed(session.config.hook.pytest_sessionfinish.get_hookimpls()):
            place = PurePath(each.plugin_name)
            if place.name == "conftest.py" and not (each.wrapper or each.hookwrapper):
                try:
                    each.function(*(given[name] for name in each.argnames))
                except Exception as error:  # noqa: BLE001 - whatever the team's code raises
                    said = f"{type(error).__name__}: {error}".removesuffix(": ")
                    self._run.troubles[self._run.clean(f"pytest_sessionfinish of {place.name} broke ({said})")] = None
                each.function = _done  # type: ignore[misc]
        return (yield)


def _done(*_: object) -> None:
    """Stands in for what was called already."""
