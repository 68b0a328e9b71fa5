"""MongoDB servers."""

from __future__ import annotations

from pytest_readiness.domains.database.resource import Database


class Mongodb(Database):
    """A MongoDB server or replica set."""

    kind = "mongodb"
    schemes = ("mongodb", "mongodb+srv")
    usual_port = 27017
