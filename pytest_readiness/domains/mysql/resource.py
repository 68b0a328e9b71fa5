"""MySQL and MariaDB databases."""

from __future__ import annotations

from pytest_readiness.domains.database.resource import Database


class Mysql(Database):
    """A MySQL or MariaDB database."""

    kind = "mysql"
    schemes = ("mysql", "mariadb")
    usual_port = 3306
