from __future__ import annotations

import importlib
import importlib.util
import os
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest

from pytest_readiness.core.domains import load_catalogue
from pytest_readiness.core.registry import CHECKS, FACTS
from tests.release import Release
from tests.stack.fixtures import (
    authority,
    docker_engine,
    fresh_pool,
    nginx_factory,
    postgres,
    postgres_factory,
    session_postgres,
    sshd,
    sshd_factory,
    webapp_factory,
)
from tests.stack.patience import patient

__all__ = [
    "authority",
    "docker_engine",
    "fresh_pool",
    "nginx_factory",
    "postgres",
    "postgres_factory",
    "registry",
    "session_postgres",
    "sshd",
    "sshd_factory",
    "webapp_factory",
]


# The plugin of hypothesis imports all of it at the end of every run. What is there already is neither imported again
# nor rewritten by each of the many runs that tests make within this process.
# `make demo` reads this file, too, where hypothesis is not installed.
if importlib.util.find_spec("hypothesis") is not None:
    importlib.import_module("hypothesis.internal.observability")

LIMIT = 300.0
"""Seconds after which a test on a quiet machine is taken to hang; one may carry a limit of its own as a mark."""

# Tests make their own runs there; this one must not tell GitHub of theirs.
os.environ.pop("GITHUB_ACTIONS", None)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    if item.config.pluginmanager.hasplugin("timeout"):
        mark = item.get_closest_marker("timeout")
        seconds = mark.args[0] if mark else LIMIT
        item.add_marker(pytest.mark.timeout(patient(seconds)), append=False)
    return (yield)


@pytest.fixture(scope="session", autouse=True)
def _runs_without_hypothesis() -> Iterator[None]:
    """Nor is it imported by those that are processes of their own."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("PYTEST_ADDOPTS", "-p no:hypothesispytest", prepend=" ")
        yield


@pytest.fixture
def registry() -> Iterator[None]:
    """The shipped catalogue; facts and checks that a test adds are gone after it."""
    load_catalogue()
    facts, checks = dict(FACTS), dict(CHECKS)
    yield
    for registered, before in ((FACTS, facts), (CHECKS, checks)):
        registered.clear()
        registered.update(before)  # type: ignore[arg-type]


@pytest.fixture
def release(tmp_path: Path) -> Release:
    """A project of the test's own, whose items end in every state."""
    return Release(tmp_path)
