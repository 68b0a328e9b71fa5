"""Connection strings in the environment of this process, by the names of their variables."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from pytest_readiness.discover.found import Record
from pytest_readiness.discover.variables import databases

SOURCE = "the environment"


def find(environment: Mapping[str, str], services: Collection[str]) -> Iterator[Record]:
    """Databases that variables of the environment lead to.

    Args:
        environment: values by name.
        services: names that hosts have within the stack of this machine.
    """
    yield from databases(environment, SOURCE, "", services)
