"""A whole product on this machine, against which the suites run: everything in it is as it should be, or one thing not.

Servers listen on their usual ports, each at an address of its own in the loopback network, so that the parameters in
suites/NAME.target.yaml are true of it as they stand.
"""

from __future__ import annotations

import os
import random
import re
import smtplib
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Self

from websockets.sync.server import ServerConnection, serve

from tests.stack.certs import Authority
from tests.stack.dns import Knot, Unbound, Zone, glued
from tests.stack.docker import IMAGE, DockerEngine
from tests.stack.forge import ForgeServer
from tests.stack.mail import PASSWORD, USER, MailHost
from tests.stack.nginx import Nginx
from tests.stack.patience import patient
from tests.stack.postgres import Postgres
from tests.stack.process import wait_until
from tests.stack.programs import unavailable
from tests.stack.redis import RedisServer
from tests.stack.silent import Request, Response, WebApp
from tests.stack.sshd import Sshd
from tests.stack.web import document, send_mail
from tests.suites import web_server
from tests.suites.application import Application
from tests.suites.documents import write_documents
from tests.suites.machine import connect, env_text, machine
from tests.suites.pages import write_files
from tests.suites.plan import SECRETS, Plan
from tests.suites.reports import write_reports
from tests.suites.repository import BRANCH, FILES, forge_answers, write_repository
from tests.suites.store import ADMINISTRATOR, CAREFUL, CUSTOMER

LABELS = {"production": ["production", "payments", "s3"]}
"""Of the files of variables whose labels are more than their names."""
AGE = timedelta(seconds=12)
"""So long ago containers were started; after ten seconds one counts as running."""
NAMES = {"shop": "site", "api": "api", "admin": "admin"}
"""First part of the host name, and the label, of each url."""


PARTS: Mapping[str, tuple[str, ...]] = {
    "containers": ("_engine",),
    "mail": ("_mail", "_mail_port"),
    "database": ("_postgres", "_dsn"),
    "names": ("_first", "_second", "_resolver", "_registry", "_anchors"),
    "machine": ("_machine", "_machine_address"),
    "web": ("application", "web_address", "_public", "_certificate", "_sockets", "_staple", "_nginx"),
    "source": ("_repo", "_index"),
    "forge": ("_forge",),
    "cache": ("_redis",),
    "files": ("_env_files", "_documents", "_start_script"),
    "reports": ("_reports",),
}
"""What it is started from, in that order, and the attributes of each part."""
USERS = {
    "mail": ("web",),
    "database": ("web", "files"),
    "cache": ("files",),
    "containers": ("reports",),
    "source": ("forge", "reports"),
}
"""Parts that use another, and so are started with it."""


class World:
    """``with World(directory) as world:`` starts everything; `target` tells how a readiness.yaml declares it.

    Attributes:
        plan: what it is made of; changed before it starts, by the functions of `tests.suites.breaks`.
        application: what answers behind the web server.
    """

    application: Application
    web_address: str

    def __init__(self, directory: Path, plan: Plan | None = None, *, part: str = "", rest: World | None = None) -> None:
        """
        Args:
            directory: for its files; created.
            part: what alone is started, of `PARTS`; everything else is that of the other world `rest`.
        """
        self.directory = directory
        self.plan = plan or Plan()
        self._started = {part, *USERS.get(part, ())} if part else set(PARTS)
        self._rest = rest
        # 127.0.0.1 and its neighbours are in use by others.
        self._network = f"127.{random.randint(64, 250)}.{random.randint(1, 250)}"

    def __enter__(self) -> Self:
        if os.geteuid() != 0:
            unavailable("Servers on their usual ports need root.")
        self.directory.mkdir(parents=True, exist_ok=True)
        with ExitStack() as stack:
            self._start(stack)
            self._closing = stack.pop_all()
        return self

    def __exit__(self, *exception: object) -> None:
        self._closing.close()

    def target(self, name: str = "") -> dict[str, Any]:
        """The resources of a target, as readiness.yaml declares them, for the suite of that name.

        Beside them are those parameters that are not the same on every machine.
        """
        return {
            "urls": self._urls(),
            "hosts": self._hosts(),
            "containers": {
                each: {"engine": self._engine.base_url, "labels": [each.removeprefix("shop-")]}
                for each in self.plan.containers
            },
            "images": {
                each: {"image": reference, "engine": self._engine.base_url}
                for each, reference in self.plan.images.items()
            },
            "databases": {"main": {"dsn": self._dsn, "labels": ["main"]}},
            "domains": self._domains(),
            "mail": {
                "outgoing": {
                    "server": f"localhost:{self._mail_port}",
                    "user": USER,
                    "password": self.plan.mail_password or PASSWORD,
                    "ca": str(self._authority.ca_file),
                    "sender": USER,
                    "labels": ["outgoing"],
                }
            },
            "inboxes": {
                "catcher": {
                    "inbox": f"imaps://localhost:{self._mail.imaps}",
                    "user": USER,
                    "password": PASSWORD,
                    "ca": str(self._authority.ca_file),
                    "labels": ["catcher"],
                }
            },
            "env_files": {
                each: {"path": str(path), "labels": LABELS.get(each, [each])} for each, path in self._env_files.items()
            },
            "documents": {
                label: {"path": str(path), "labels": [label]} for label, path in sorted(self._documents.items())
            },
            "repositories": {"shop": {"path": str(self._repo.path), "branch": BRANCH, "forge": "github"}},
            "forges": {"github": self._forge.declared()},
            "reports": self._reports,
            "parameters": {
                "package_indexes": {"max_majors": 1, "pypi": self._index, "npm": self._index},
                "startup": {
                    "command": [sys.executable, str(self._start_script)],
                    "names": ["DATABASE_URL", "SECRET_KEY"],
                    "seconds": 10,
                },
            },
        }

    def _urls(self) -> dict[str, Any]:
        credentials = {
            "customer": {"token": self.application.token(CUSTOMER)},
            "admin": {"token": self.application.token(ADMINISTRATOR)},
            "login": {"user": CUSTOMER, "password": self.application.store.passwords[CUSTOMER]},
            "second-factor": {"user": CAREFUL, "password": self.application.store.passwords[CAREFUL]},
            "webhook": {"token": self.application.hook_key},
            "expired": {"token": self.application.store.issue(self.application.store.accounts[CUSTOMER], ago=24)},
        }
        return {
            name: {
                "url": f"https://{name}.example.com",
                "address": self.web_address,
                "ca": str(self._public.ca_file),
                "health": "/health",
                "readiness": "/ready",
                "liveness": "/live",
                "credentials": credentials,
                "labels": [label],
            }
            for name, label in NAMES.items()
        }

    def _hosts(self) -> dict[str, Any]:
        inside = self._machine.host()
        login = {"connection": inside.connection, "ssh_config": str(inside.ssh_config)}
        return {
            "web": {**login, "address": self._machine_address, "labels": ["web", "database"]},
            "database": {**login, "address": self._machine_address, "labels": ["database"]},
        }

    def _domains(self) -> dict[str, Any]:
        asked = {
            "nameservers": [self._first.place, self._second.place],
            "resolvers": [self._resolver.place],
            "trust_anchors": str(self._anchors),
            "rdap": f"{self._registry.url}/rdap/",
            "ca": str(self._authority.ca_file),
        }
        names = {"site": "shop.", "api": "api.", "admin": "admin.", "mail": "", "cdn": "static."}
        return {name: {"domain": f"{label}example.com", "labels": [name], **asked} for name, label in names.items()}

    @contextmanager
    def deploying(self, after: int = 40) -> Iterator[None]:
        """Roll a new version out as soon as the version was asked for so many times more."""
        seen = self.application.app.count("/version")
        stopping = threading.Event()

        def deploy() -> None:
            while not stopping.wait(0.05):
                if self.application.app.count("/version") >= seen + after:
                    self._deploy()
                    return

        thread = threading.Thread(target=deploy)
        thread.start()
        try:
            yield
        finally:
            stopping.set()
            thread.join()

    def _deploy(self) -> None:
        old, new = self.application.app, self.application.instance()
        if self.plan.downtime:
            old.__exit__()
            threading.Event().wait(3)
        new.__enter__()
        self.application.app, self.application.build = new, f"{int(self.application.build) + 1}"
        self._nginx.reload(http_raw=self._configuration())
        if not self.plan.downtime:
            old.__exit__()

    # What it starts

    def _start(self, stack: ExitStack) -> None:
        rest = self._rest
        self._authority: Authority = rest._authority if rest else Authority(self.directory / "authority")
        for part, attributes in PARTS.items():
            if part in self._started:
                getattr(self, f"_start_{part}")(stack)
            else:
                for each in attributes:
                    setattr(self, each, getattr(rest, each))
        if not rest:
            wait_until(self._containers_are_up, "the containers have been up for a while", 30)

    def _start_containers(self, stack: ExitStack) -> None:
        self._engine = stack.enter_context(DockerEngine())
        image = self._engine.client().images.get(IMAGE)
        for reference in self.plan.images.values():
            image.tag(*reference.split(":"))
        for name, options in self.plan.containers.items():
            self._engine.run(name, **{"image": IMAGE, **options})

    def _containers_are_up(self) -> bool:
        """A container counts as running after ten seconds; those that a break has end are not waited for."""
        started = [
            each.attrs["State"]["StartedAt"]
            for each in self._engine.client().containers.list(ignore_removed=True)
            if each.name in self.plan.containers
        ]
        return all(datetime.fromisoformat(each[:19] + "+00:00") < datetime.now(UTC) - AGE for each in started)

    def _start_machine(self, stack: ExitStack) -> None:
        sshd = stack.enter_context(Sshd(self.directory / "sshd"))
        self._machine = stack.enter_context(machine(self.directory / "machine", self.plan, sshd, self._authority))
        self._machine_address = connect(self._machine)

    def _start_mail(self, stack: ExitStack) -> None:
        variants = {"changed": self.plan.mail} if self.plan.mail else {}
        certificate = self._authority.issue(**self.plan.mail_certificate)
        self._mail = stack.enter_context(MailHost(certificate, variants))
        self._mail_port = self._mail.variants.get("changed", self._mail.submission)

    def _send(self, to: str, subject: str, text: str, *, html: str = "") -> None:
        send_mail(self._mail, self._authority.ca_file, "Shop", to, subject, text, html=html)

    def _mail_answers(self) -> bool:
        with suppress(OSError), smtplib.SMTP("localhost", self._mail.submission, timeout=patient(5)) as client:
            return client.noop()[0] == 250
        return False

    def _start_database(self, stack: ExitStack) -> None:
        certificate = self._authority.issue() if self.plan.database_tls else None
        self._postgres = stack.enter_context(Postgres(certificate, settings=self.plan.postgres, hba=self.plan.hba))
        password = self._postgres.passwords["app"] = "app-" + random.randbytes(12).hex()
        for statement in (
            f"CREATE ROLE app LOGIN PASSWORD '{password}'",
            "CREATE SCHEMA app AUTHORIZATION app",
            *self.plan.statements,
        ):
            self._postgres.admin(statement)
        self._dsn = self._postgres.dsn("app", "verify-full" if certificate else "disable")

    def _database_answers(self) -> bool:
        import psycopg

        with suppress(psycopg.Error), psycopg.connect(self._dsn, connect_timeout=int(patient(5))) as connection:
            return connection.execute("SELECT 1").fetchone() == (1,)
        return False

    def _start_names(self, stack: ExitStack) -> None:
        root = Zone(".", servers=["ns1.test."])
        above = Zone("com.", servers=["ns1.test."])
        hosts = Zone("test.", "ns1 A 127.0.0.1\nns2 A 127.0.0.2")
        own = Zone("example.com.", "\n".join(self.plan.records.values()), **self.plan.zone)
        texts = glued([root, above, hosts, own])
        others = dict(texts)
        if self.plan.second_records:
            own.records = "\n".join((self.plan.records | self.plan.second_records).values())
            others["example.com."] = own.text()
        self._anchors = self.directory / "anchors"
        self._anchors.write_text(f"{root.anchor}\n")
        self._first = stack.enter_context(Knot(self.directory / "first", texts, f"{self._network}.4"))
        self._second = stack.enter_context(Knot(self.directory / "second", others, f"{self._network}.5"))
        self._resolver = stack.enter_context(Unbound(self.directory / "resolver", self._first, list(texts), ""))
        answer = {
            "objectClassName": "domain",
            "ldhName": "EXAMPLE.COM",
            "status": self.plan.registered_status,
            "events": [
                {"eventAction": "registration", "eventDate": "1995-08-14T04:00:00Z"},
                {
                    "eventAction": "expiration",
                    "eventDate": (datetime.now(UTC) + timedelta(days=self.plan.registered_days)).isoformat(),
                },
            ],
        }
        kind = [("Content-Type", "application/rdap+json")]
        body = document(answer).body
        self._registry = stack.enter_context(
            WebApp({"/rdap/domain/example.com": Response(200, kind, body)}, https=self._authority.issue())
        )

    def _start_web(self, stack: ExitStack) -> None:
        self.web_address = f"{self._network}.1"
        self._public = Authority(self.directory / "public", "Readiness Web Authority", self.plan.authority)
        self.application = stack.enter_context(
            Application(
                "https://shop.example.com",
                self._send,
                {
                    "database": self._database_answers,
                    "mail": self._mail_answers,
                    # Kept in memory, and so always there.
                    **dict.fromkeys(("cache", "payments", "sms"), lambda: True),
                },
                self.plan.faults,
            )
        )
        self._certificate = self._public.issue(
            **{"names": [f"{name}.example.com" for name in NAMES], **self.plan.certificate}
        )
        self.directory.chmod(0o755)
        root = self.directory / "public_files"
        write_files(root)
        for name, data in self.plan.public_files.items():
            if data is None:
                (root / name).unlink()
            else:
                (root / name).parent.mkdir(parents=True, exist_ok=True)
                (root / name).write_bytes(data)
        self._sockets = stack.enter_context(_sockets())
        self._staple = self._public.staple(self._certificate) if self.plan.nginx["stapling"] else None
        self._nginx = stack.enter_context(
            Nginx(
                self.directory / "nginx",
                servers=False,
                http_raw=self._configuration(),
                server_tokens=bool(self.plan.nginx["versions"]),
            )
        )

    def _configuration(self) -> str:
        return web_server.configuration(
            self.plan,
            self.web_address,
            self._certificate,
            self._staple,
            self.directory / "public_files",
            self.application.app.port,
            self._sockets,
        )

    def _start_source(self, stack: ExitStack) -> None:
        self._repo = write_repository(self.directory / "source", self.plan.repository)
        index = stack.enter_context(WebApp({}))
        index.other = _newest
        self._index = index.url

    def _start_forge(self, stack: ExitStack) -> None:
        self._forge = stack.enter_context(ForgeServer("github", **forge_answers(self._repo, self.plan.forge)))

    def _start_cache(self, stack: ExitStack) -> None:
        directory = self.directory / "redis"
        directory.mkdir()
        self._redis = stack.enter_context(RedisServer(directory, self._authority.issue(), plain=False))

    def _start_reports(self, _: ExitStack) -> None:
        commit = self._repo.git("rev-parse", "HEAD")
        scanned = {label: str(self._engine.client().images.get(image).id) for label, image in self.plan.images.items()}
        self._reports = write_reports(self.directory / "reports", commit, scanned, self.plan.reports)

    def _start_files(self, _: ExitStack) -> None:
        redis = f"rediss://:{self._redis.password}@localhost:{self._redis.tls_port}/0"
        production = {
            **self.plan.env,
            **({"DATABASE_URL": self._dsn} if "@db.internal" in self.plan.env.get("DATABASE_URL", "") else {}),
            **(
                {"REDIS_URL": f"{redis}?ssl_ca_certs={self._authority.ca_file}"}
                if self.plan.env.get("REDIS_URL")
                else {}
            ),
        }
        if "REDIS_URL" not in self.plan.env:
            production.pop("REDIS_URL", None)
        other = {name: value for name, value in Plan().env.items() if name in production}
        development = {**other, "APP_ENV": "development", "DEBUG": "true", **self.plan.development}
        self._env_files = {}
        for name, variables in {
            "production": production,
            "example": {name: "change-me" if name in SECRETS else "" for name in {**Plan().env, **production}},
            "development": development,
        }.items():
            self._env_files[name] = self.directory / f"{name}.env"
            self._env_files[name].write_text(env_text(variables))
        described = {"environment": tuple(production), "database": ("accounts", "orders", "payments")}
        self._documents = write_documents(self.directory / "documents", self.plan.documents, described)
        self._start_script = self.directory / "start.py"
        self._start_script.write_text(START)


def _newest(request: Request) -> Response:
    """What an index says of a package: its newest version is the one that the product asks for."""
    name = request.path.split("/")[-2]
    asked = re.findall(rf"^{re.escape(name)}==(\S+)$", "".join(FILES.values()), re.MULTILINE)
    version = asked[0] if asked else "1.0.0"
    return document({"info": {"version": version}, "releases": {version: [{"yanked": False}]}})


START = """\
import os
import sys

missing = [name for name in ("DATABASE_URL", "SECRET_KEY") if not os.environ.get(name)]
if missing:
    sys.exit(f"{', '.join(missing)} must be set")
"""
"""A program that refuses to start without what it needs."""


@contextmanager
def _sockets() -> Iterator[int]:
    """A server of web sockets, on a free port."""

    def talk(connection: ServerConnection) -> None:
        for _ in connection:
            pass

    server = serve(talk, "127.0.0.1", 0)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server.socket.getsockname()[1]
    finally:
        server.shutdown()
        thread.join()
