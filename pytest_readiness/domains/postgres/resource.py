"""PostgreSQL databases."""

from __future__ import annotations

from pytest_readiness.domains.database.resource import Database


class Postgres(Database):
    """A PostgreSQL database."""

    kind = "postgres"
    schemes = ("postgresql", "postgres")
    usual_port = 5432
