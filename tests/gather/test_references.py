"""Resources that name others, and facts that build on facts of those."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any

import pytest

from pytest_readiness.config.target import Target
from pytest_readiness.core.evidence import CouldNotVerify, Evidence, NotDeclared, Unreachable
from pytest_readiness.core.registry import FACTS, RegistrationError, check, fact, verify_facts
from pytest_readiness.core.resources import KINDS, SECTIONS, Reference, Resource
from pytest_readiness.gather.gatherer import Gatherer, Reading

BOUND = 20.0
"""Seconds after which a test is a hang."""


@pytest.fixture(autouse=True)
def kinds(registry: None) -> Iterator[None]:
    """Kinds that a test declares are gone after it."""
    kinds, sections = dict(KINDS), dict(SECTIONS)
    yield
    KINDS.clear()
    KINDS.update(kinds)
    SECTIONS.clear()
    SECTIONS.update(sections)


@pytest.fixture
def target() -> Target:
    """Three deployments on one cluster, one on none, and one on another."""

    class Cluster(Resource):
        """A cluster."""

        kind = "cluster"
        section = "clusters"
        main = "api"

        api: str

        @property
        def place(self) -> str:
            return f"api://{self.api}"

    class Deployment(Resource):
        """A deployment."""

        kind = "deployment"
        section = "deployments"
        main = "cluster"

        cluster: Annotated[str | None, Reference("cluster", through=True)] = None

    class Canary(Deployment):
        """A deployment of its own kind."""

        kind = "canary"
        section = "canaries"

    resources: list[Resource] = [Cluster(name="blue", api="blue:1"), Cluster(name="red", api="red:1")]
    resources += [Deployment(name=name, cluster="blue") for name in ("shop", "api", "jobs")]
    resources += [Canary(name="early", cluster="blue"), Deployment(name="lost"), Deployment(name="far", cluster="red")]
    return Target("prod", resources=tuple(resources))


@pytest.fixture
def gatherer(target: Target) -> Iterator[Gatherer]:
    made = Gatherer(target=target)
    yield made
    made.stop("the test is over")


def reading(gatherer: Gatherer, target: Target, name: str, of: str) -> Reading:
    found = gatherer.readings(name, target.named("deployment", of), {})[0]
    assert found.done.wait(BOUND), f"{found.label} hangs"
    return found


def declare(calls: list[str]) -> None:
    @fact
    def nodes(cluster: Any) -> int:
        calls.append(f"nodes of {cluster.name}")
        if cluster.name == "red":
            raise Unreachable("red does not answer")
        return 3

    @fact
    def version(cluster: Any, nodes: int) -> str:
        calls.append(f"version of {cluster.name}")
        return f"1.{nodes}"

    @fact
    def own(deployment: Any) -> str:
        calls.append(f"own of {deployment.name}")
        return str(deployment.name).upper()

    @fact
    def state(deployment: Any, own: str, version: str, cluster: Any) -> str:
        calls.append(f"state of {deployment.name}")
        return f"{own} on {cluster.api} {version}"


NAMES = ("shop", "api", "jobs", "early")


def test_the_place_of_what_is_referred_to_is_asked_once_for_all(
    gatherer: Gatherer, target: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def place(resource: Resource) -> str:
        asked.append(resource.name)
        return f"place of {resource.name}"

    monkeypatch.setattr(KINDS["cluster"], "place", property(place))
    declare([])
    for name in NAMES:
        assert reading(gatherer, target, "state", name).place == "place of blue"
    assert asked == ["blue"]


def test_what_is_referred_to_is_read_once_for_all(gatherer: Gatherer, target: Target) -> None:
    calls: list[str] = []
    declare(calls)
    verify_facts()
    for name in NAMES:
        gatherer.plan("state", target.named("deployment", name), {})
    gatherer.plan("version", target.named("cluster", "blue"), {})
    gatherer.start()
    for name in NAMES:
        assert reading(gatherer, target, "state", name).result() == f"{name.upper()} on blue:1 1.3"
    assert gatherer.value("version", target.named("cluster", "blue"), {}) == "1.3"
    assert sorted(calls) == sorted(
        ["nodes of blue", "version of blue", *(f"{fact} of {name}" for fact in ("own", "state") for name in NAMES)]
    )


def test_errors_of_what_is_referred_to_pass_through(gatherer: Gatherer, target: Target) -> None:
    calls: list[str] = []
    declare(calls)
    with pytest.raises(Unreachable, match=r"^red does not answer$"):
        reading(gatherer, target, "state", "far").result()
    assert "state of far" not in calls
    assert reading(gatherer, target, "state", "shop").result() == "SHOP on blue:1 1.3"


def test_what_names_no_other_is_not_declared_and_nothing_is_read(gatherer: Gatherer, target: Target) -> None:
    calls: list[str] = []
    declare(calls)
    gatherer.plan("state", target.named("deployment", "lost"), {})
    gatherer.start()
    with pytest.raises(NotDeclared, match=r"^the deployment lost names no cluster as its 'cluster'$"):
        reading(gatherer, target, "state", "lost").result()
    assert calls == []


def test_questions_go_to_what_is_referred_to(gatherer: Gatherer, target: Target) -> None:
    calls: list[tuple[str, ...]] = []

    @fact
    def objects(cluster: Any, *, asks: tuple[str, ...]) -> tuple[str, ...]:
        calls.append(asks)
        return asks

    @fact
    def pods(deployment: Any, objects: tuple[str, ...]) -> str:
        return f"{deployment.name}: {', '.join(objects)}"

    for name in ("shop", "api"):
        gatherer.plan("pods", target.named("deployment", name), {"objects": (name,)})
    gatherer.start()
    assert reading(gatherer, target, "pods", "shop").result() == "shop: api, shop"
    assert reading(gatherer, target, "pods", "api").result() == "api: api, shop"
    assert calls == [("api", "shop")]


def test_what_is_reached_through_another_has_its_place(gatherer: Gatherer, target: Target) -> None:
    calls: list[str] = []

    @fact(way="api")
    def replicas(deployment: Any) -> int:
        calls.append(deployment.name)
        raise Unreachable("blue does not answer")

    for name in NAMES:
        gatherer.plan("replicas", target.named("deployment", name), {})
    gatherer.start()
    said = sorted(str(reading(gatherer, target, "replicas", name).error) for name in NAMES)
    assert calls == ["shop"]
    assert said == [
        "blue does not answer",
        *(f"blue does not answer (api://blue:1 was not tried again for {name})" for name in ("api", "early", "jobs")),
    ]


def test_groups_are_what_refers_to_one(target: Target) -> None:
    groups = {each.name: target.group(each) for each in target.resources}
    blue = dict.fromkeys(("blue", *NAMES), "cluster:blue")
    assert groups == {**blue, "red": "cluster:red", "far": "cluster:red", "lost": "deployment:lost"}


def test_facts_are_refused_that_refer_to_nothing(target: Target) -> None:
    declare([])

    def refused(function: Any, message: str, **options: Any) -> None:
        function.__name__ = "wrong"
        fact(function, **options)
        with pytest.raises(RegistrationError, match=message):
            verify_facts()
        FACTS.pop("wrong")

    @fact
    def many(cluster: Any, *, ask: str) -> str:
        return ask

    @fact(exclusive=True)
    def measured(cluster: Any) -> str:
        return ""

    either = "which is not a fact of the kind deployment or of what it refers to"
    refused(lambda deployment, nods: "", f"wrong builds on 'nods', {either}. Did you mean 'nodes'")
    refused(lambda deployment, url: "", f"wrong builds on 'url', {either}")
    refused(lambda cluster, own: "", r"wrong builds on 'own', which is not a fact of the kind cluster\.")
    refused(lambda deployment, many: "", "wrong builds on many, which is many readings, not one")
    refused(lambda deployment, measured: "", "wrong is heavy, and measured is exclusive and waits for it", heavy=True)


def test_a_kind_that_refers_twice_or_to_no_kind_is_refused(target: Target) -> None:
    class Backup(Resource):
        kind = "backup"
        section = "backups"
        main = "here"

        here: Annotated[str, Reference("cluster")]
        there: Annotated[str, Reference("cluster")]

    declare([])

    @fact
    def wrong(backup: Any, nodes: int) -> int:
        return nodes

    with pytest.raises(
        RegistrationError, match="takes 'nodes', and the kind backup refers to the kind cluster by here and there"
    ):
        verify_facts()
    FACTS.pop("wrong")

    class Queue(Resource):
        kind = "queue"
        section = "queues"
        main = "at"

        at: Annotated[str, Reference("clutter")]

    with pytest.raises(
        RegistrationError, match=r"'at' of the kind queue refers to 'clutter', which is not a kind.*'cluster'"
    ):
        verify_facts()


def test_a_check_that_takes_facts_of_both_is_still_refused(target: Target) -> None:
    declare([])

    @check("toy.both", severity="low", remedy="r")
    def both(state: str, version: str) -> Evidence:
        """Both are there."""
        return Evidence("both")

    from pytest_readiness.core.registry import CHECKS

    with pytest.raises(RegistrationError, match="reads from cluster and deployment"):
        _ = CHECKS["toy.both"].kind


def test_a_fact_that_fails_leaves_the_others_of_its_place(gatherer: Gatherer, target: Target) -> None:
    @fact
    def revision(deployment: Any, cluster: Any) -> str:
        if deployment.name == "api":
            raise CouldNotVerify("api may not be looked at")
        return f"{deployment.name} at {cluster.api}"

    for name in NAMES:
        gatherer.plan("revision", target.named("deployment", name), {})
    gatherer.start()
    assert str(reading(gatherer, target, "revision", "api").error) == "api may not be looked at"
    for name in ("shop", "jobs", "early"):
        assert reading(gatherer, target, "revision", name).result() == f"{name} at blue:1"
