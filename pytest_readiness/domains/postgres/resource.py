"""PostgreSQL databases."""

from __future__ import annotations

from itertools import zip_longest

from pytest_readiness.domains.database.resource import Database, Dsn, parsed


class Postgres(Database):
    """A PostgreSQL database."""

    kind = "postgres"
    schemes = ("postgresql", "postgres")
    usual_port = 5432

    @classmethod
    def checked(cls, dsn: Dsn) -> None:
        """Refuse what libpq would look up on the runner, and ports that are none."""
        asked = dict(dsn.query)
        if not (asked.get("user") or dsn.user):
            raise ValueError(
                "the connection string names no user, and that of the account that runs pytest would be taken: write "
                "postgresql://user@host/name"
            )
        for name in ("service", "servicefile"):
            if name in asked:
                raise ValueError(
                    f"the connection string has {name}=…, which names a file of the runner's: write the host, the "
                    "database and the user instead"
                )
        ports = asked.get("port", "")
        if not all(port.isdecimal() and 0 < int(port) < 65536 for port in ports.split(",") if port):
            raise ValueError("the port in the connection string's query is not a number from 1 to 65535")

    @property
    def addresses(self) -> tuple[tuple[str, int], ...]:
        """Each host and its port, as libpq takes them from the query, too."""
        dsn = parsed(self.dsn.get_secret_value())
        asked = dict(dsn.query)
        hosts = asked.get("hostaddr") or asked.get("host")
        names = hosts.split(",") if hosts else [host for host, _ in dsn.hosts]
        ports = asked["port"].split(",") if asked.get("port") else [port for _, port in dsn.hosts]
        # One port is that of all hosts.
        usual = ports[0] if len(ports) == 1 else ""
        pairs = zip_longest(names, ports[: len(names)], fillvalue=usual)
        return tuple((name.strip("[]"), int(port or self.usual_port)) for name, port in pairs if name)

    @property
    def where(self) -> str:
        """Hosts, ports and database, as the connection string names them."""
        dsn = parsed(self.dsn.get_secret_value())
        asked = dict(dsn.query)
        if any(host for host, _ in dsn.hosts) or not (host := asked.get("host") or asked.get("hostaddr")):
            return super().where
        return f"{host}{':' + asked['port'] if asked.get('port') else ''}{dsn.path}"
