"""Limits and what is dead go by place: an engine, a server, an API's host."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, ClassVar

import pytest

from pytest_readiness.core.evidence import CouldNotVerify, Unreachable
from pytest_readiness.core.registry import fact
from pytest_readiness.core.resources import KINDS, Resource
from pytest_readiness.domains.container import engine
from pytest_readiness.domains.container.resource import Container
from pytest_readiness.domains.database.resource import Database
from pytest_readiness.domains.http.resource import Url
from pytest_readiness.domains.image.resource import Image
from pytest_readiness.domains.mail.resource import Mail
from pytest_readiness.domains.postgres import facts as postgres_facts
from pytest_readiness.domains.postgres.resource import Postgres
from pytest_readiness.domains.redis.resource import Redis
from pytest_readiness.domains.tls.resource import Endpoint
from pytest_readiness.gather import gatherer as gather
from pytest_readiness.gather.gatherer import Gatherer, Reading
from tests.domains.postgres.test_checks import Relay
from tests.stack.silent import FlakyServer, Response, SilentServer, WebApp

pytestmark = pytest.mark.usefixtures("registry")

BOUND = 60.0
"""Seconds after which a test is a hang."""
SOON = 0.05
"""Deadline, in seconds, of facts that are meant to miss it."""
COUNT = 30


def containers(address: str, count: int = COUNT) -> list[Container]:
    return [Container(name=f"shop-{number}", engine=address) for number in range(count)]


def gathered(gatherer: Gatherer, name: str, resources: Sequence[Resource]) -> list[Reading]:
    for resource in resources:
        gatherer.plan(name, resource, {})
    gatherer.start()
    return [finished(gatherer.readings(name, resource, {})[0]) for resource in resources]


def finished(reading: Reading) -> Reading:
    assert reading.done.wait(BOUND), f"{reading.label} hangs"
    return reading


def reasons(readings: Sequence[Reading]) -> list[str]:
    assert all(type(reading.error) is Unreachable for reading in readings)
    return sorted((str(reading.error) for reading in readings), key=len)


# Engines


def test_a_silent_engine_costs_one_attempt_and_one_timeout(gatherer: Gatherer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "READ_SECONDS", 2)
    with SilentServer() as server:
        address = f"tcp://127.0.0.1:{server.port}"
        began = time.monotonic()
        readings = gathered(gatherer, "container_facts", containers(address))
        image = finished(gatherer.readings("image_facts", Image(name="shop", image="shop:1", engine=address), {})[0])
        seconds = time.monotonic() - began
        assert server.connections == 1
    assert 1.9 < seconds < 3.9
    first, *others = reasons([*readings, image])
    assert first.startswith(f"no answer from the Docker engine {address}: nothing came within")
    assert len(others) == COUNT
    for number in range(COUNT - 1):
        name = f"shop-{number + 1}"
        assert others.count(f"{first} ({address} was not tried again for {name})") == 1
    assert f"{first} ({address} was not tried again for shop)" in others


def test_an_engine_that_nobody_listens_for_costs_one_attempt(
    gatherer: Gatherer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "docker.sock"
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))
    knocks: list[object] = []
    knock = engine._knock

    def counted(address: str) -> None:
        knocks.append(address)
        knock(address)

    monkeypatch.setattr(engine, "_knock", counted)
    readings = gathered(gatherer, "container_facts", containers(f"unix://{path}", 30))
    assert len(knocks) == 1
    first, *others = reasons(readings)
    assert first == f"no answer from the Docker engine unix://{path}: it refused the connection"
    assert {each.partition(" (")[2].rpartition(" for ")[0] for each in others} == {f"unix://{path} was not tried again"}


def test_what_is_wrong_with_one_container_is_its_own(gatherer: Gatherer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "READ_SECONDS", 1)
    routes = {
        "/version": Response(body=json.dumps({"ApiVersion": "1.41"}).encode()),
        "/v1.41/containers/json": Response(body=b"[]"),
        "/v1.41/containers/shop-3/json": Response(delay=BOUND),
    }
    with WebApp(routes) as app:
        address = f"tcp://127.0.0.1:{app.port}"
        readings = gathered(gatherer, "container_facts", containers(address, 6))
        late = finished(gatherer.readings("container_facts", Container(name="late", engine=address), {})[0])
        assert app.count("/v1.41/containers/late/json") == 1
    held = readings.pop(3)
    assert type(held.error) is CouldNotVerify
    assert str(held.error).startswith(f"no answer from the Docker engine {address}: nothing came within")
    assert [reading.result().state for reading in (*readings, late)] == [None] * 6


def test_one_container_that_breaks_the_connection_off_speaks_for_itself(gatherer: Gatherer) -> None:
    routes = {
        "/version": Response(body=json.dumps({"ApiVersion": "1.41"}).encode()),
        "/v1.41/containers/json": Response(body=b"[]"),
    }
    with WebApp(routes) as app, Relay(app.port, closed_at=b"/containers/shop-0/json") as front:
        address = f"tcp://127.0.0.1:{front.port}"
        broken, *others = gathered(gatherer, "container_facts", containers(address, 6))
    assert type(broken.error) is CouldNotVerify
    assert [reading.result().state for reading in others] == [None] * 5


# Servers


def test_one_database_whose_session_is_ended_speaks_for_itself(gatherer: Gatherer) -> None:
    with FlakyServer(resets=99) as server:
        place = f"127.0.0.1:{server.port}"
        pair = [Postgres(name=name, dsn=f"postgresql://u@{place}/{name}") for name in ("shop", "billing")]
        readings = gathered(gatherer, "postgres_facts", pair)
    for reading in readings:
        assert type(reading.error) is CouldNotVerify
        assert "not tried again" not in str(reading.error)


def test_two_databases_of_a_dead_server_cost_one_attempt(gatherer: Gatherer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgres_facts, "CONNECT_SECONDS", 2)
    with SilentServer() as server:
        place = f"127.0.0.1:{server.port}"
        pair = [Postgres(name=name, dsn=f"postgresql://u:pw-{name}@{place}/{name}") for name in ("shop", "billing")]
        first, other = reasons(gathered(gatherer, "postgres_facts", pair))
        # The second asks whether anybody is there at all.
        assert server.connections == 2
    assert first == f"{place}/shop opened no session within 2 s"
    assert other == f"{first} (postgres://{place} was not tried again for billing)"


def test_databases_of_two_servers_are_told_apart(gatherer: Gatherer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgres_facts, "CONNECT_SECONDS", 2)
    with SilentServer() as one, SilentServer() as other:
        pair = [
            Postgres(name=f"shop-{server.port}", dsn=f"postgresql://u@127.0.0.1:{server.port}/shop")
            for server in (one, other)
        ]
        assert not any("tried again" in each for each in reasons(gathered(gatherer, "postgres_facts", pair)))
        assert (one.connections, other.connections) == (2, 2)


# Places


@pytest.mark.parametrize(
    ("dsn", "place"),
    [
        ("postgresql://u:secret@DB.example.com/shop", "postgres://db.example.com:5432"),
        ("postgresql://other@db.example.com:5432/billing", "postgres://db.example.com:5432"),
        ("postgresql://u:secret@db.example.com/shop?port=5433&hostaddr=192.0.2.7", "postgres://192.0.2.7:5433"),
        ("postgresql://u@/shop?host=/run/postgresql", "postgres:///run/postgresql:5432"),
        ("postgresql:///shop?user=shop", "postgres:shop"),
        (
            "postgresql://u@DB1.example.com,db2.example.com:5433/shop",
            "postgres://db1.example.com:5432,db2.example.com:5433",
        ),
        ("postgresql://u@/shop?host=db1,db2&port=5433", "postgres://db1:5433,db2:5433"),
    ],
)
def test_the_place_of_a_database_is_its_server(dsn: str, place: str) -> None:
    assert Postgres(name="shop", dsn=dsn).place == place


def test_places_are_told_apart_by_what_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    redis: Database = Redis(name="shop", dsn="redis://cache.example.com/0")
    assert redis.place == "redis://cache.example.com:6379"
    monkeypatch.setenv("DOCKER_HOST", "tcp://engine.example.com:2376/")
    usual = "unix:///var/run/docker.sock"
    alike = [Container(name="a"), Image(name="b", image="b:1"), Container(name="c", engine=usual)]
    assert {each.place for each in alike} == {usual}
    shop, admin = (Url(name=name, url=f"https://shop.example.com/{name}") for name in ("shop", "admin"))
    assert shop.place == admin.place == "tls://shop.example.com:443"
    plain = Url(name="plain", url="http://shop.example.com:443/")
    pinned = Url(name="pinned", url="https://shop.example.com", address="192.0.2.7")
    port = Endpoint(name="port", endpoint="shop.example.com:443", starttls="smtp")
    mail = Mail(name="mail", server="shop.example.com:443")
    secure = Mail(name="mail", server="shop.example.com:443", security="tls")
    assert len({each.place for each in (shop, plain, pinned, port, mail, secure)}) == 6


# Limits


def test_resources_of_one_place_share_a_limit(
    gatherer: Gatherer, gate: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gather, "READINGS_OF_ONE", 3)
    running: list[str] = []
    full = threading.Semaphore(0)

    @fact
    def looked_at(container: Container) -> str:
        running.append(container.name)
        full.release()
        assert container.name == "shop-0" or gate.wait(BOUND)
        return container.name

    for resource in (*containers("tcp://busy:1", 9), Container(name="other", engine="tcp://other:1")):
        gatherer.plan("looked_at", resource, {})
    gatherer.start()
    for _ in range(5):
        assert full.acquire(timeout=BOUND)
    # The first alone, and then as many as may.
    assert not full.acquire(timeout=0.2)
    assert sorted(running) == ["other", "shop-0", "shop-1", "shop-2", "shop-3"]
    gate.set()
    assert [finished(r).result() for r in gathered(gatherer, "looked_at", containers("tcp://busy:1", 9))]
    assert len(running) == 10


def test_an_exclusive_reading_is_alone_at_its_place(gatherer: Gatherer, gate: threading.Event) -> None:
    begun = threading.Event()

    @fact(exclusive=True)
    def measured(container: Container) -> str:
        begun.set()
        assert gate.wait(BOUND)
        return "measured"

    @fact
    def looked_at(container: Container) -> str:
        return "seen"

    one, two = containers("tcp://engine:1", 2)
    exclusive = gatherer.readings("measured", one, {})[0]
    assert begun.wait(BOUND)
    waiting = gatherer.readings("looked_at", two, {})[0]
    elsewhere = gatherer.readings("looked_at", Container(name="other", engine="tcp://other:1"), {})[0]
    finished(elsewhere)
    assert waiting.started is None
    gate.set()
    assert (finished(exclusive).result(), finished(waiting).result()) == ("measured", "seen")


# What is late


def test_the_first_at_a_place_that_is_late_speaks_for_all(gatherer: Gatherer, gate: threading.Event) -> None:
    calls: list[str] = []

    @fact(deadline=SOON)
    def hanging(container: Container) -> str:
        calls.append(container.name)
        gate.wait(BOUND)
        return "too late"

    first, *others = reasons(gathered(gatherer, "hanging", containers("tcp://engine:1")))
    assert calls == ["shop-0"]
    assert first == "hanging of shop-0 was not read within 0.05 s"
    assert all(each.startswith(f"{first} (tcp://engine:1 was not tried again for shop-") for each in others)


def test_one_that_is_late_where_others_are_answered_speaks_for_itself(
    gatherer: Gatherer, gate: threading.Event
) -> None:
    @fact(deadline=1)
    def opened(container: Container) -> str:
        if container.name == "shop-1":
            gate.wait(BOUND)
        return container.name

    @fact
    def inside(container: Container, opened: str) -> str:
        return opened

    readings = gathered(gatherer, "inside", containers("tcp://engine:1", 4))
    again = finished(gatherer.readings("inside", Container(name="late", engine="tcp://engine:1"), {})[0])
    assert reasons([readings.pop(1)]) == ["opened of shop-1 was not read within 1 s"]
    assert [each.result() for each in (*readings, again)] == ["shop-0", "shop-2", "shop-3", "late"]


def test_facts_of_one_way_share_what_is_dead_and_others_do_not(gatherer: Gatherer) -> None:
    @fact(way="login")
    def users(container: Container) -> str:
        raise Unreachable("nobody opens")

    @fact(way="login")
    def groups(image: Image) -> str:
        return "open"

    @fact
    def ports(container: Container) -> str:
        return "open"

    shop, image = Container(name="shop", engine="tcp://e:1"), Image(name="shop", image="shop:1", engine="tcp://e:1")
    gathered(gatherer, "users", [shop])
    assert reasons(gathered(gatherer, "groups", [image])) == ["nobody opens (tcp://e:1 was not tried again for shop)"]
    assert finished(gatherer.readings("ports", shop, {})[0]).result() == "open"


# Kinds that fail to tell


class Room(Resource):
    """A room, whose place may be anything."""

    floor: str
    section: ClassVar[str] = "rooms"

    @property
    def where(self) -> str:
        raise ValueError("nobody knows")

    @property
    def place(self) -> Any:
        return {"list": ["cellar"], "nothing": None, "number": 1 / int(self.floor != "fault")}.get(self.floor, "house")


@pytest.fixture
def rooms() -> Iterator[None]:
    KINDS["room"] = Room
    Room.kind = "room"
    yield
    del KINDS["room"], Room.kind


@pytest.mark.usefixtures("rooms")
def test_a_place_that_cannot_be_told_is_an_error_of_its_resource(gatherer: Gatherer) -> None:
    @fact
    def lamp(room: Room) -> str:
        return "on"

    whys = {
        "list": "it is a list, not a text",
        "nothing": "it is a NoneType, not a text",
        "number": "it is a float, not a text",
        "fault": "ZeroDivisionError: division by zero",
    }
    for floor, why in whys.items():
        room = Room(name=floor, floor=floor)
        error = finished(gatherer.readings("lamp", room, {})[0]).error
        assert type(error) is CouldNotVerify
        assert error.reason == (
            f"the place of {floor} could not be told ({why}); that is a defect of the kind room, in {__name__}"
        )
    assert gatherer.value("lamp", Room(name="attic", floor="attic"), {}) == "on"


@pytest.mark.usefixtures("rooms")
def test_a_place_is_asked_once(gatherer: Gatherer) -> None:
    asked: list[str] = []

    class Hall(Room):
        """A room that is somewhere else each time, or nowhere."""

        @property
        def place(self) -> str:
            asked.append(self.name)
            if self.floor == "nowhere":
                raise SystemExit(0)
            return f"house {len(asked)}"

    @fact
    def lamp(room: Room) -> str:
        return "on"

    @fact
    def lamps(room: Room, lamp: str, *, ask: int) -> str:
        return lamp

    halls = [Hall(name="hall", floor="first"), Hall(name="none", floor="nowhere")]
    for hall in halls:
        gatherer.plan("lamps", hall, {"lamps": (1, 2)})
    gatherer.start()
    first, last = [[finished(each) for each in gatherer.readings("lamps", hall, {"lamps": (1, 2)})] for hall in halls]
    assert [each.value for each in first] == ["on", "on"]
    assert ["could not be told (SystemExit: 0)" in str(each.error) for each in last] == [True, True]
    assert sorted(asked) == ["hall", "none"]


@pytest.mark.usefixtures("rooms")
def test_a_place_is_a_text_as_any_other(gatherer: Gatherer) -> None:
    class Odd(str):
        """A text that refuses to be a key."""

        def __hash__(self) -> int:
            raise ValueError("no key")

    class Hall(Room):
        """A room at such a place."""

        @property
        def place(self) -> str:
            return Odd("house")

    @fact
    def lamp(room: Room) -> str:
        return "on"

    assert gatherer.value("lamp", Hall(name="hall", floor="first"), {}) == "on"


@pytest.mark.usefixtures("rooms")
def test_a_kind_that_cannot_tell_where_hides_no_error(gatherer: Gatherer, gate: threading.Event) -> None:
    @fact
    def broken(room: Room) -> str:
        raise KeyError("lamp")

    @fact(deadline=SOON)
    def slow(room: Room) -> str:
        gate.wait()
        return "late"

    attic = Room(name="attic", floor="attic")
    assert str(finished(gatherer.readings("broken", attic, {})[0]).error) == (
        "reading broken of attic broke unexpectedly (KeyError: 'lamp'); that is a defect of the fact"
    )
    assert str(finished(gatherer.readings("slow", attic, {})[0]).error) == "slow of attic was not read within 0.05 s"
