"""Redis and Valkey servers."""

from __future__ import annotations

from pytest_readiness.domains.database.resource import Database


class Redis(Database):
    """A Redis or Valkey server."""

    kind = "redis"
    schemes = ("redis", "rediss")
    usual_port = 6379
