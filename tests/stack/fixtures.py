"""Fixtures that start the servers. A missing program skips the test, or fails it where ``CI=true``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol, Unpack

import pytest

from tests.stack.certs import Authority
from tests.stack.docker import DockerEngine
from tests.stack.nginx import Nginx, Options
from tests.stack.patience import patient
from tests.stack.postgres import HBA, SETTINGS, Postgres, initdb
from tests.stack.process import short_directory
from tests.stack.programs import program
from tests.stack.silent import WebApp
from tests.stack.sshd import Sshd


class NginxFactory(Protocol):
    """Makes servers that are not started yet: ``with nginx_factory(https=certificate) as server:``."""

    def __call__(self, **options: Unpack[Options]) -> Nginx: ...


class SshdFactory(Protocol):
    """Makes servers that are not started yet."""

    def __call__(self, *, user: str | None = None, config: str = "") -> Sshd: ...


class PostgresFactory(Protocol):
    """Makes servers that are not started yet; their certificate is the session's authority's."""

    def __call__(
        self, *, tls: bool = True, settings: Mapping[str, str] | None = None, hba: Sequence[str] = HBA
    ) -> Postgres: ...


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """The certificate authority that the session's servers have their certificates from."""
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="session")
def nginx_factory(tmp_path_factory: pytest.TempPathFactory) -> NginxFactory:
    """Makes an Nginx in a directory of its own."""
    program("nginx")
    return lambda **options: Nginx(tmp_path_factory.mktemp("nginx"), **options)


@pytest.fixture(scope="session")
def sshd_factory(tmp_path_factory: pytest.TempPathFactory) -> SshdFactory:
    """Makes an Sshd in a directory of its own."""
    for name in ("sshd", "ssh"):
        program(name)
    return lambda *, user=None, config="": Sshd(tmp_path_factory.mktemp("sshd"), user=user, config=config)


@pytest.fixture(scope="session")
def sshd(sshd_factory: SshdFactory) -> Iterator[Sshd]:
    """A running sshd for tests that only read."""
    with sshd_factory() as server:
        yield server


@pytest.fixture(scope="session")
def postgres_factory(authority: Authority) -> Iterator[PostgresFactory]:
    """Makes a Postgres from a cluster that is initialised once per session."""
    program("postgres")
    with short_directory() as directory:
        initdb(directory / "data")
        yield lambda *, tls=True, settings=None, hba=HBA: Postgres(
            authority.issue() if tls else None, settings=settings, hba=hba, template=directory / "data"
        )


@pytest.fixture(scope="session")
def session_postgres(postgres_factory: PostgresFactory) -> Iterator[Postgres]:
    """The one Postgres of the session: whoever takes it brings it into a state first, by `Postgres.in_state`."""
    with postgres_factory(settings=SETTINGS) as server:
        yield server


@pytest.fixture
def postgres(session_postgres: Postgres) -> Postgres:
    """A running Postgres as it is after its start, which a test may change by its methods."""
    return session_postgres.in_state()


@pytest.fixture(scope="session")
def docker_engine() -> Iterator[DockerEngine]:
    """A running Docker engine; each test names its containers after itself, and removes them."""
    from pytest_readiness.domains.container import engine as container

    with DockerEngine() as engine, pytest.MonkeyPatch.context() as patched:
        # Tests starve an engine that has to share their processors.
        patched.setattr(container, "READ_SECONDS", int(patient(30)))
        yield engine


@pytest.fixture(scope="session")
def webapp_factory() -> type[WebApp]:
    """Makes a WebApp; it needs no program, so this is the class."""
    return WebApp


@pytest.fixture
def fresh_pool(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A browser of this test's own, started in the environment that it sets."""
    from pytest_readiness.domains.browser.facts import pages as browser
    from pytest_readiness.domains.browser.pool import BrowserPool

    pool = BrowserPool(1)
    monkeypatch.setattr(browser, "pool", lambda: pool)
    yield
    pool.close()
