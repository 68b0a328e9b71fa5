from __future__ import annotations

import json
import os
import re
import shutil
import socket
import ssl
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from docker.models.containers import Container as Running
from pydantic import ValidationError

from pytest_readiness.core.environment import neutral
from pytest_readiness.core.evidence import ClaimFalse, CouldNotVerify, Evidence, Unreachable
from pytest_readiness.core.resources import Resource
from pytest_readiness.domains.container import facts
from pytest_readiness.domains.container.checks import healthy, no_docker_socket, non_root, running
from pytest_readiness.domains.container.facts import inside
from pytest_readiness.domains.container.resource import Container
from pytest_readiness.domains.image.resource import Image
from tests.judging import judge, read
from tests.stack.certs import Authority
from tests.stack.docker import IMAGE, DockerEngine
from tests.stack.fixtures import NginxFactory
from tests.stack.floods import Flood
from tests.stack.patience import patient
from tests.stack.process import free_port, short_directory, wait_until
from tests.stack.silent import FlakyServer, Response, SilentServer, WebApp

SECOND = 10**9
GOOD: dict[str, Any] = {
    "user": "nobody",
    "mem_limit": "64m",
    "restart_policy": {"Name": "unless-stopped"},
    "healthcheck": {"test": ["CMD", "true"], "interval": SECOND // 5, "retries": 1},
}
CHECKS = (
    "container.running",
    "container.healthy",
    "container.restart_policy",
    "container.memory_limit",
    "container.non_root",
    "container.not_privileged",
    "container.no_docker_socket",
)


class Box:
    """Containers of one test, and what the checks say about them."""

    def __init__(self, engine: DockerEngine, name: str) -> None:
        self.engine = engine
        self.name = name
        self.resource = Container(name="shop", container=name, engine=engine.base_url)

    def run(self, **changed: Any) -> Running:
        options = {**GOOD, **changed}
        if interval := (options["healthcheck"] or {}).get("interval"):
            # So that, between two probes, there is as much time to look as on a quiet machine.
            options["healthcheck"] = {**options["healthcheck"], "interval": int(patient(interval))}
        running = self.engine.run(self.name, **options)
        wait_until(lambda: self.health() != "starting", "the first probe has run")
        return running

    def create(self, **options: Any) -> None:
        self.engine.client().containers.create(IMAGE, ["true"], name=self.name, **options)

    def health(self) -> str:
        container = self.engine.client().containers.get(self.name)
        state = container.attrs["State"]
        return state["Health"]["Status"] if state.get("Health") and state["Status"] == "running" else "none"

    def judge(self, claim: str, **parameters: Any) -> Evidence:
        return judge(f"container.{claim}", self.resource, **parameters)

    def faults(self) -> dict[str, str]:
        """What each check that does not pass has seen, or why it could not look."""
        found = {}
        for id in CHECKS:
            parameters = {"min_uptime_s": 0} if id == "container.running" else {}
            try:
                judge(id, self.resource, **parameters)
            except ClaimFalse as error:
                found[id] = error.seen
            except CouldNotVerify as error:
                found[id] = f"could not verify: {error.reason}"
        return found


@pytest.fixture
def box(docker_engine: DockerEngine, request: pytest.FixtureRequest) -> Iterator[Box]:
    name = re.sub(r"\W+", "-", request.node.name).strip("-")
    yield Box(docker_engine, name)
    for container in docker_engine.client().containers.list(all=True, filters={"name": name}):
        container.remove(force=True, v=True)


def test_every_check_passes_on_a_good_container(box: Box) -> None:
    box.run()
    assert box.faults() == {}
    assert re.fullmatch(r"running for \d+\.\d s, restarts by the engine: 0", box.judge("running", min_uptime_s=0).text)
    assert box.judge("healthy") == Evidence("healthy, failed probes in a row: 0; last probe: exit code 0")
    assert box.judge("restart_policy") == Evidence("restart policy unless-stopped")
    assert box.judge("memory_limit", max_mb=64) == Evidence("limited to 64 MiB")
    assert box.judge("non_root") == Evidence("user ids of its processes: 65534; configured user: nobody")
    assert box.judge("not_privileged") == Evidence("Privileged false")
    assert box.judge("no_docker_socket") == Evidence("mounts: 0")


def test_facts_are_those_of_docker_inspect(box: Box, tmp_path: Path) -> None:
    container = box.run(privileged=True, volumes={str(tmp_path): {"bind": "/x", "mode": "ro"}})
    container.restart(timeout=0)
    docker = ["docker", "--host", box.engine.base_url]

    def told(*arguments: str) -> str:
        done = subprocess.run([*docker, *arguments], capture_output=True, text=True, check=True, env=neutral())
        return done.stdout

    (inspected,) = json.loads(told("inspect", box.name))
    info = json.loads(told("info", "--format", "{{json .}}"))
    seen = read("container_facts", box.resource).state
    assert seen.status == inspected["State"]["Status"]
    assert seen.restarts == inspected["RestartCount"]
    assert seen.restart_policy == inspected["HostConfig"]["RestartPolicy"]["Name"]
    assert seen.memory_limit == inspected["HostConfig"]["Memory"]
    assert seen.privileged is inspected["HostConfig"]["Privileged"]
    assert seen.user == inspected["Config"]["User"]
    assert [(each.source, each.destination) for each in seen.mounts] == [
        (each["Source"], each["Destination"]) for each in inspected["Mounts"]
    ]
    assert seen.engine_memory == info["MemTotal"]
    assert [str(uid) for uid in seen.uids] == told("top", box.name, "-eo", "uid,pid").split()[2::2]
    assert 0 <= seen.uptime_s <= seen.age_s
    assert 0 <= seen.health.last_s <= seen.age_s
    assert seen.health.due_s == inspected["Config"]["Healthcheck"]["Interval"] / SECOND + 30


@pytest.mark.parametrize(
    ("changed", "failing", "seen"),
    [
        pytest.param(
            {"user": ""},
            "non_root",
            "processes with user id 0: 1 of 1; configured user: not set, which is root",
            id="no user",
        ),
        pytest.param(
            {"user": "0:65534"},
            "non_root",
            "processes with user id 0: 1 of 1; configured user: 0:65534",
            id="user 0",
        ),
        pytest.param({"privileged": True}, "not_privileged", "Privileged true", id="privileged"),
        pytest.param({"mem_limit": None}, "memory_limit", "no memory limit", id="no limit"),
        pytest.param({"mem_limit": "1000000g"}, "memory_limit", "1024000000 MiB", id="limit above the host"),
        pytest.param({"restart_policy": None}, "restart_policy", "restart policy no", id="no restart"),
        pytest.param({"healthcheck": None}, "healthy", "no health check is defined", id="no health check"),
        pytest.param(
            {"healthcheck": {"test": ["NONE"]}}, "healthy", "no health check is defined", id="health check off"
        ),
        pytest.param(
            {"healthcheck": {**GOOD["healthcheck"], "test": ["CMD-SHELL", "echo no disk; exit 3"]}},
            "healthy",
            r"unhealthy, failed probes in a row: \d+; last probe: exit code 3, no disk",
            id="unhealthy",
        ),
    ],
)
def test_exactly_the_broken_claim_fails(box: Box, changed: dict[str, Any], failing: str, seen: str) -> None:
    box.run(**changed)
    faults = box.faults()
    assert list(faults) == [f"container.{failing}"]
    assert re.fullmatch(seen, faults[f"container.{failing}"])


def test_an_undefined_health_check_has_its_own_remedy(box: Box) -> None:
    box.run(healthcheck=None)
    with pytest.raises(ClaimFalse) as failure:
        box.judge("healthy")
    assert "HEALTHCHECK" in failure.value.remedy


def test_a_health_check_that_podman_does_not_have_is_not_defined() -> None:
    assert facts._health({"Status": "", "FailingStreak": 0, "Log": None}, {}, None) is None


def test_running_stopped(box: Box) -> None:
    container = box.run(restart_policy={"Name": "on-failure", "MaximumRetryCount": 5})
    container.kill()
    container.wait()
    ended = "exited, last exit code 137, restarts by the engine: 0"
    unread = (
        re.escape("could not verify: the Docker engine does not list its processes: Container ") + ".* is not running"
    )
    faults = box.faults()
    assert re.fullmatch(unread, faults.pop("container.non_root"))
    assert faults == {"container.running": ended, "container.healthy": ended}
    assert box.judge("restart_policy").text == "restart policy on-failure, at most 5 times"


def test_running_paused(box: Box) -> None:
    container = box.run()
    container.pause()
    paused = "paused, last exit code 0, restarts by the engine: 0"
    assert box.faults() == {"container.running": paused, "container.healthy": paused}
    container.unpause()


def test_running_between_two_restarts(box: Box) -> None:
    box.engine.run(box.name, command=["sh", "-c", "exit 3"], restart_policy={"Name": "always"})
    wait_until(
        lambda: box.engine.client().containers.get(box.name).attrs["RestartCount"] > 1, "the engine restarts it twice"
    )
    with pytest.raises(ClaimFalse) as failure:
        box.judge("running")
    assert failure.value.expected == "a container that has been running for at least 10 s"
    assert re.match(r"(restarting|running|exited)\b.*restarts by the engine: \d+$", failure.value.seen)


def test_running_not_for_long_enough(box: Box) -> None:
    box.run()
    with pytest.raises(ClaimFalse, match=r"seen: running for \d+\.\d s"):
        box.judge("running", min_uptime_s=3600)


def test_running_absent(box: Box) -> None:
    box.create()
    absent = Container(name="shop", container=f"{box.name}x", engine=box.engine.base_url)
    with pytest.raises(ClaimFalse) as failure:
        judge("container.running", absent)
    assert failure.value.seen.startswith(
        f"no container '{box.name}x' on the Docker engine {box.engine.base_url} (nearest: "
    )
    assert box.name in failure.value.seen
    for id in CHECKS[1:]:
        with pytest.raises(CouldNotVerify, match=f"there is no container '{box.name}x' on the Docker engine"):
            judge(id, absent)


def test_running_names_what_holds_the_name(box: Box) -> None:
    for name in "a", "b", "c", "1":
        box.engine.run(f"{box.name}-{name}")
    service = Container(name="shop", container=f"{box.name[:-1]}", engine=box.engine.base_url)
    with pytest.raises(ClaimFalse, match=rf"nearest: {box.name}-1, {box.name}-a, {box.name}-b"):
        judge("container.running", service)


def test_running_by_id(box: Box) -> None:
    id = box.run().id
    assert id
    judge("container.running", Container(name="shop", container=id[:12], engine=box.engine.base_url), min_uptime_s=0)
    with pytest.raises(ClaimFalse, match="no container"):
        judge("container.running", Container(name="shop", container=id[:4], engine=box.engine.base_url), min_uptime_s=0)


def test_running_in_a_loop_of_restarts(box: Box) -> None:
    box.run()
    seen = read("container_facts", box.resource)

    def judged(restarts: int, uptime_s: float, age_s: float) -> Evidence:
        return running(
            replace(seen, state=replace(seen.state, restarts=restarts, uptime_s=uptime_s, age_s=age_s)),
            min_uptime_s=10,
        )

    # It crashes after a minute each time, and the last start was half a minute ago.
    with pytest.raises(ClaimFalse) as failure:
        judged(50, 30, 3030)
    assert failure.value.expected == "a container that is not in a loop of restarts"
    assert failure.value.seen == "running for 30.0 s, restarts by the engine: 50, one every 60 s"
    # It ran for a month, and one crash may be the first of many.
    with pytest.raises(CouldNotVerify, match="whether they go on is seen when it has run for 600 s"):
        judged(1, 60, 2600000)
    # Too soon for its database, twice, when both were started; since then it runs.
    warning = "its engine has restarted it: docker logs may say why"
    assert judged(2, 60, 70).warning == warning
    assert judged(50, 601, 10000).warning == warning
    assert judged(0, 11, 12).warning == ""


def test_running_on_the_engine_that_the_target_names(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    box.run()
    monkeypatch.setenv("DOCKER_HOST", box.engine.base_url)
    assert Container(name="shop").place == "unix:///var/run/docker.sock"
    monkeypatch.setenv("DOCKER_HOST", "tcp://127.0.0.1:1")
    box.judge("running", min_uptime_s=0)


def test_engine_by_tls(box: Box, authority: Authority, tmp_path: Path, nginx_factory: NginxFactory) -> None:
    box.run()
    own = authority.issue(["127.0.0.1"])
    for source, name in (authority.ca_file, "ca.pem"), (own.chain, "cert.pem"), (own.key, "key.pem"):
        shutil.copy(source, tmp_path / name)
    location = {"/": f"proxy_pass http://unix:{box.engine.base_url.removeprefix('unix://')}:;"}
    with nginx_factory(https=own, locations=location) as proxy:
        address = f"tcp://127.0.0.1:{proxy.https_port}"
        judge("container.healthy", Container(name=box.name, engine=address, certs=tmp_path))
        with pytest.raises(CouldNotVerify):
            judge("container.healthy", Container(name=box.name, engine=address))
        shutil.copy(Authority(tmp_path / "other").ca_file, tmp_path / "ca.pem")
        with pytest.raises(
            CouldNotVerify, match=r"its certificate does not verify by ca\.pem \(unable to get local issuer"
        ):
            judge("container.healthy", Container(name=box.name, engine=address, certs=tmp_path))
        (tmp_path / "key.pem").unlink()
        with pytest.raises(Unreachable, match=rf"there is no key\.pem in {tmp_path}, which holds"):
            judge("container.healthy", Container(name=box.name, engine=address, certs=tmp_path))


def test_healthy_not_yet(box: Box) -> None:
    box.engine.run(box.name, healthcheck={"test": ["CMD", "true"], "interval": 3600 * SECOND})
    with pytest.raises(ClaimFalse) as failure:
        box.judge("healthy")
    assert failure.value.seen == "starting, failed probes in a row: 0"


def test_healthy_warns_of_probes_that_fail_now_and_then(box: Box) -> None:
    box.run()
    seen = read("container_facts", box.resource)
    probes = replace(seen.state.health, failures=0, failed_lately=2, probes=5)
    warning = healthy(replace(seen, state=replace(seen.state, health=probes))).warning
    assert warning == "2 of its last 5 probes failed"


def test_healthy_warns_of_a_failed_probe(box: Box) -> None:
    probe = {"test": ["CMD", "test", "!", "-e", "/tmp/bad"], "interval": SECOND // 5, "retries": 10**6}
    container = box.run(healthcheck=probe)
    container.exec_run(["touch", "/tmp/bad"])

    def failed() -> bool:
        container.reload()
        return bool(container.attrs["State"]["Health"]["FailingStreak"])

    wait_until(failed, "a probe fails")
    assert re.fullmatch(r"\d of its last \d probes failed", box.judge("healthy").warning)


@pytest.mark.parametrize(
    ("due", "last", "passes"),
    [(60, 500, True), (60, 700, False), (7200, 700, True), (7200, 30000, False), (60, None, True)],
)
def test_healthy_where_the_engine_probes_no_more(box: Box, due: float, last: float | None, passes: bool) -> None:
    box.run()
    seen = read("container_facts", box.resource)
    probes = replace(seen.state.health, due_s=due, last_s=last)
    facts_ = replace(seen, state=replace(seen.state, health=probes))
    if passes:
        assert healthy(facts_).warning == ("when it was probed last is not known" if last is None else "")
        return
    with pytest.raises(
        CouldNotVerify, match=rf"exit code 0, which ended {last} s ago: whether the engine still probes it"
    ):
        healthy(facts_)


@pytest.mark.parametrize(
    ("end", "last"),
    [("2026-01-01T00:00:00.123456789+01:00", 3600), ("yesterday", None), ("0001-01-01T00:00:00Z", None)],
)
def test_healthy_reads_when_the_last_probe_was(end: str, last: int | None) -> None:
    log = [{"Start": end, "End": end, "ExitCode": 0, "Output": ""}]
    seen = facts._health({"Status": "healthy", "Log": log}, {"Interval": 2 * SECOND}, "2026-01-01T00:00:00Z")
    assert seen
    assert seen.due_s == 32
    assert seen.last_s == (None if last is None else pytest.approx(last, abs=1))


def test_restart_policy_of_the_binding(box: Box) -> None:
    box.create(restart_policy={"Name": "always"})
    box.judge("restart_policy", policies=["on-failure", "always"])
    with pytest.raises(ClaimFalse, match="expected restart policy on-failure; seen: restart policy always"):
        box.judge("restart_policy", policies=["on-failure"])


def test_restart_policy_with_a_limit(box: Box) -> None:
    box.create(restart_policy={"Name": "on-failure", "MaximumRetryCount": 5})
    assert box.judge("restart_policy") == Evidence(
        "restart policy on-failure, at most 5 times",
        warning="its engine gives up after that; restarts so far: 0",
    )


def test_restart_policy_whose_tries_are_used_up(box: Box) -> None:
    policy = {"Name": "on-failure", "MaximumRetryCount": 1}
    box.engine.run(box.name, command=["sh", "-c", "exit 3"], restart_policy=policy)

    def given_up() -> bool:
        attributes = box.engine.client().containers.get(box.name).attrs
        return bool(attributes["RestartCount"] == 1 and attributes["State"]["Status"] == "exited")

    wait_until(given_up, "the engine gives up")
    with pytest.raises(ClaimFalse) as failure:
        box.judge("restart_policy")
    assert failure.value.expected == "an engine that has tries left"
    assert failure.value.seen == (
        "restart policy on-failure, at most 1 times; exited, last exit code 3, restarts by the engine: 1"
    )


@pytest.mark.parametrize("policies", [[], ["no"], ["allways"]])
def test_restart_policy_refuses_what_proves_nothing(box: Box, policies: list[str]) -> None:
    with pytest.raises(ValidationError):
        box.judge("restart_policy", policies=policies)


def test_restart_policy_of_a_swarm_is_the_services(box: Box) -> None:
    box.create(labels={"com.docker.swarm.service.name": "shop_web"})
    with pytest.raises(CouldNotVerify, match="task of the swarm's service shop_web"):
        box.judge("restart_policy")


def test_memory_limit_of_the_binding(box: Box) -> None:
    box.create(mem_limit="512m")
    box.judge("memory_limit", max_mb=512)
    with pytest.raises(ClaimFalse, match=r"expected a limit of at most 511\.9 MiB; seen: 512 MiB"):
        box.judge("memory_limit", max_mb=511.9)


@pytest.mark.parametrize(("share", "passes"), [(0.98, True), (0.995, False), (1, False), (2, False)])
def test_memory_limit_that_is_practically_the_hosts(box: Box, share: float, passes: bool) -> None:
    whole = box.engine.client().info()["MemTotal"]
    box.create(mem_limit=int(whole * share))
    if passes:
        assert box.judge("memory_limit")
        return
    with pytest.raises(ClaimFalse) as failure:
        box.judge("memory_limit", max_mb=10**9)
    most, limit = (float(text.split(" MiB")[0].split()[-1]) for text in (failure.value.expected, failure.value.seen))
    assert failure.value.expected == f"a limit of at most {most:.0f} MiB, 99 % of the memory of the engine's host"
    assert most < limit


def test_non_root_by_the_processes_and_not_by_the_name(box: Box) -> None:
    box.engine.image("toor:1", files={"etc/passwd": b"app:x:0:0:app:/:/bin/sh\n"})
    box.run(image="toor:1", user="app")
    assert box.faults() == {"container.non_root": "processes with user id 0: 1 of 1; configured user: app"}


def test_non_root_after_giving_it_up(box: Box) -> None:
    command = ["su", "-s", "/bin/sh", "nobody", "-c", "exec sleep 1000000"]
    box.run(user="", command=command)
    wait_until(lambda: 0 not in read("container_facts", box.resource).state.uids, "su changes the user")
    assert box.judge("non_root") == Evidence(
        "user ids of its processes: 65534; configured user: not set, which is root",
        warning="it starts as root (configured user: not set, which is root) and drops root itself",
    )


def test_non_root_one_of_two_processes(box: Box) -> None:
    container = box.run()
    container.exec_run(["sleep", "1000000"], user="root", detach=True)
    wait_until(lambda: len(read("container_facts", box.resource).state.uids) > 1, "the second process runs")
    assert box.faults() == {"container.non_root": "processes with user id 0: 1 of 2; configured user: nobody"}


def test_non_root_where_the_hosts_ps_is_busybox() -> None:
    with DockerEngine(busybox=True) as engine:

        def judged(user: str) -> Evidence:
            engine.run(f"shop-{user}", user=user)
            return judge("container.non_root", Container(name=f"shop-{user}", engine=engine.base_url))

        assert judged("54321") == Evidence("user ids of its processes: 54321; configured user: 54321")
        with pytest.raises(ClaimFalse, match=r"seen: processes with user id 0: 1 of 1; configured user: root"):
            judged("root")
        # A name that the host has for the number; on some it has another one than root for 0.
        with pytest.raises(CouldNotVerify, match="the process list of the Docker engine shows no user ids"):
            judged("65534")


@pytest.mark.parametrize(
    ("titles", "reason"), [('["UID","PID"]', "lists no process of it"), ("null", "shows no user ids")]
)
def test_non_root_where_the_last_process_ends_meanwhile(
    box: Box, nginx_factory: NginxFactory, titles: str, reason: str
) -> None:
    box.run()
    pass_on = f"proxy_pass http://unix:{box.engine.base_url.removeprefix('unix://')}:;"
    ended = f"""return 200 '{{"Processes":null,"Titles":{titles}}}';"""
    with nginx_factory(locations={"/": pass_on, "~ /top": ended}) as proxy:
        resource = Container(name="shop", container=box.name, engine=f"tcp://127.0.0.1:{proxy.http_port}")
        judge("container.healthy", resource)
        with pytest.raises(CouldNotVerify, match=reason):
            judge("container.non_root", resource)


def test_non_root_where_the_engine_maps_user_ids(box: Box) -> None:
    box.run()
    seen = read("container_facts", box.resource)
    with pytest.raises(CouldNotVerify, match="userns-remap"):
        non_root(replace(seen, state=replace(seen.state, uids_mapped=True)))
    with pytest.raises(CouldNotVerify, match="docker top shows no process"):
        non_root(replace(seen, state=replace(seen.state, uids=())))


def test_no_docker_socket_below_the_root(box: Box) -> None:
    box.create(volumes={"/": {"bind": "/mnt/host", "mode": "ro"}})
    with pytest.raises(ClaimFalse) as failure:
        box.judge("no_docker_socket")
    assert f"/mnt/host{box.engine.directory}/docker.sock below /" in failure.value.seen.split(", ")


@pytest.mark.parametrize(
    ("parent", "seen"), [(False, "{}/docker.sock at /mnt/x"), (True, "/mnt/x/docker.sock below {}")]
)
def test_no_docker_socket_of_the_engine_itself(box: Box, parent: bool, seen: str) -> None:
    source = f"{box.engine.directory}{'' if parent else '/docker.sock'}"
    box.run(volumes={source: {"bind": "/mnt/x", "mode": "ro"}})
    assert box.faults() == {"container.no_docker_socket": seen.format(box.engine.directory)}


@pytest.mark.parametrize("parent", [False, True])
def test_no_docker_socket_of_an_engine_that_is_reached_by_a_link(box: Box, parent: bool) -> None:
    box.engine.directory.joinpath("own").mkdir(exist_ok=True)
    own = box.engine.directory / "own" / "engine.s"
    own.unlink(missing_ok=True)
    own.hardlink_to(box.engine.directory / "docker.sock")
    link = box.engine.directory / "link"
    link.unlink(missing_ok=True)
    link.symlink_to(own)
    source = own.parent if parent else own
    box.create(volumes={str(source): {"bind": "/x", "mode": "ro"}})
    seen = f"/x/engine.s below {source}" if parent else f"{source} at /x"
    with pytest.raises(ClaimFalse) as failure:
        judge("container.no_docker_socket", Container(name="shop", container=box.name, engine=f"unix://{link}"))
    assert failure.value.seen == seen


def test_no_docker_socket_where_none_is_there(box: Box, tmp_path: Path) -> None:
    # A file where a folder could be, as of a log shipper's mounts.
    tmp_path.joinpath("docker").touch()
    box.create(volumes={"/var/lib": {"bind": "/host/lib", "mode": "ro"}, str(tmp_path): {"bind": "/x", "mode": "ro"}})
    assert box.judge("no_docker_socket").text == f"mounts: 2, of the host: /var/lib, {tmp_path}"


def test_no_docker_socket_of_users_who_are_not_known(box: Box) -> None:
    box.create(volumes={"/run/user": {"bind": "/users", "mode": "ro"}})
    with pytest.raises(CouldNotVerify, match=r"the Docker engine does not let be looked into /users$"):
        box.judge("no_docker_socket")


@pytest.mark.parametrize(
    ("path", "source", "there"),
    [
        ("/run/docker.sock", "/var/run", "/x/docker.sock"),
        ("/var/run/docker.sock", "/run/", "/x/docker.sock"),
        ("/run/user/1000/docker.sock", "/run/user/1000", "/x/docker.sock"),
        ("/run/docker.sock", "//run/../run", "/x/docker.sock"),
        ("/run/docker.sock", "/running", ""),
        ("/run/docker.sock", "", ""),
    ],
)
def test_where_a_path_of_the_host_is_in_a_container(path: str, source: str, there: str) -> None:
    assert inside("/x", path, source) == there


def test_no_docker_socket_through_a_volume(box: Box) -> None:
    client = box.engine.client()
    client.volumes.create(box.name, driver_opts={"type": "none", "o": "bind", "device": str(box.engine.directory)})
    box.create(volumes={box.name: {"bind": "/data", "mode": "rw"}})
    with pytest.raises(ClaimFalse) as failure:
        box.judge("no_docker_socket")
    assert failure.value.seen == f"/data/docker.sock below {box.engine.directory}"


@pytest.mark.parametrize(
    ("there", "seen"),
    [("docker.sock", "/dind/docker.sock"), ("podman/podman.sock", "/dind/podman/podman.sock"), ("shop.sock", None)],
)
def test_no_docker_socket_that_a_volume_of_the_engine_holds(box: Box, there: str, seen: str | None) -> None:
    volume = Path(box.engine.client().volumes.create(box.name).attrs["Mountpoint"])
    box.run(volumes={box.name: {"bind": "/dind", "mode": "rw"}})
    with socket.socket(socket.AF_UNIX) as server, short_directory() as short:
        server.bind(f"{short}/s")
        volume.joinpath(there).parent.mkdir(exist_ok=True)
        os.link(f"{short}/s", volume / there)
        assert box.faults() == ({"container.no_docker_socket": f"{seen} below {volume}"} if seen else {})


@pytest.mark.parametrize("crooked", ["{0}/../{1}", "{0}/", "/{0}"], ids=["up", "end", "begin"])
def test_no_docker_socket_by_a_crooked_path(box: Box, crooked: str) -> None:
    device = crooked.format(box.engine.directory, box.engine.directory.name)
    options = {"type": "none", "o": "bind", "device": device}
    box.engine.client().volumes.create(box.name, driver_opts=options)
    box.create(volumes={box.name: {"bind": "/data", "mode": "rw"}})
    with pytest.raises(ClaimFalse) as failure:
        box.judge("no_docker_socket")
    assert failure.value.seen == f"/data/docker.sock below {device}"


@pytest.mark.parametrize("source", ["/run/cri-dockerd.sock", "/run/user/1000/docker.sock"])
def test_no_docker_socket_of_other_engines_and_users(box: Box, source: str) -> None:
    box.create(volumes={source: {"bind": "/x", "mode": "ro"}})
    with pytest.raises(ClaimFalse, match=f"{source} at /x"):
        box.judge("no_docker_socket")


@pytest.mark.parametrize(
    ("below", "seen"),
    [("", "/x/docker.sock below {link}"), ("/docker.sock", "{link}, which is {engine}/docker.sock at /x")],
)
def test_no_docker_socket_through_a_link(box: Box, tmp_path: Path, below: str, seen: str) -> None:
    link = tmp_path / "harmless"
    link.symlink_to(f"{box.engine.directory}{below}")
    box.run(volumes={str(link): {"bind": "/x", "mode": "ro"}})
    assert box.faults() == {"container.no_docker_socket": seen.format(link=link, engine=box.engine.directory)}


@pytest.mark.parametrize("path", ["run/podman/podman.sock", ".docker/run/docker.sock", *facts.IN_A_HOME[-2:]])
def test_no_docker_socket_that_a_mounted_directory_shows(box: Box, tmp_path: Path, path: str) -> None:
    there = tmp_path / path
    there.parent.mkdir(parents=True)
    with socket.socket(socket.AF_UNIX) as server, short_directory() as short:
        server.bind(f"{short}/s")
        os.link(f"{short}/s", there)
        box.run(volumes={str(tmp_path): {"bind": "/host", "mode": "ro"}})
        assert box.faults() == {"container.no_docker_socket": f"/host/{path} below {tmp_path}"}


def test_no_docker_socket_where_one_of_an_unknown_name_is_mounted(box: Box) -> None:
    with socket.socket(socket.AF_UNIX) as server, short_directory() as short:
        server.bind(f"{short}/s")
        box.run(volumes={f"{short}/s": {"bind": "/s", "mode": "ro"}})
        reason = f"could not verify: whose sockets these are that are mounted is not known: {short}/s"
        assert box.faults() == {"container.no_docker_socket": reason}


@pytest.mark.parametrize(
    "name",
    [
        *("mysqld.sock", "valkey.sock", "mongodb-27017.sock", ".s.PGSQL.5432", "php8.2-fpm.sock", "php-fpm/www.sock"),
        *("puma.sock", "unicorn.sock", "clamd.ctl", "datadog/dsd.socket", "ssh-a1/agent.7"),
    ],
)
def test_no_docker_socket_where_that_of_something_else_is_mounted(box: Box, name: str) -> None:
    with socket.socket(socket.AF_UNIX) as server, short_directory() as short:
        short.joinpath(name).parent.mkdir(exist_ok=True)
        server.bind(f"{short}/{name}")
        box.run(volumes={f"{short}/{name}": {"bind": "/s", "mode": "ro"}})
        assert box.faults() == {}


def test_no_docker_socket_where_the_engine_lets_no_mount_be_looked_at(box: Box, nginx_factory: NginxFactory) -> None:
    box.run(volumes={"/srv": {"bind": "/srv", "mode": "ro"}})
    pass_on = f"proxy_pass http://unix:{box.engine.base_url.removeprefix('unix://')}:;"
    with nginx_factory(locations={"/": pass_on, "~ /archive": "return 403;"}) as proxy:
        resource = Container(name="shop", container=box.name, engine=f"tcp://127.0.0.1:{proxy.http_port}")
        with pytest.raises(CouldNotVerify, match="the Docker engine does not let be looked into /srv"):
            judge("container.no_docker_socket", resource)


def test_no_docker_socket_where_the_engine_lets_a_place_not_be_looked_at(box: Box, nginx_factory: NginxFactory) -> None:
    box.run(volumes={"/srv": {"bind": "/srv", "mode": "ro"}})
    pass_on = f"proxy_pass http://unix:{box.engine.base_url.removeprefix('unix://')}:;"
    refusing = f"if ($arg_path ~ podman) {{ return 403; }} {pass_on}"
    with nginx_factory(locations={"/": pass_on, "~ /archive": refusing}) as proxy:
        resource = Container(name="shop", container=box.name, engine=f"tcp://127.0.0.1:{proxy.http_port}")
        with pytest.raises(CouldNotVerify, match=r"the Docker engine does not let be looked into /srv/podman\.sock"):
            judge("container.no_docker_socket", resource)


def test_no_docker_socket_under_another_name(box: Box, tmp_path: Path) -> None:
    tmp_path.joinpath("engine").touch()
    box.create(volumes={str(tmp_path / "engine"): {"bind": "/var/run/docker.sock", "mode": "ro"}})
    with pytest.raises(ClaimFalse, match=r"engine at /var/run/docker\.sock"):
        box.judge("no_docker_socket")


@pytest.mark.parametrize(
    "name", ["containerd.sock", "podman.sock", "crio.sock", "docker.sock.raw", "cri-dockerd.sock", "docker.proxy.sock"]
)
def test_no_docker_socket_of_another_engine(box: Box, tmp_path: Path, name: str) -> None:
    tmp_path.joinpath(name).touch()
    box.create(volumes={str(tmp_path / name): {"bind": "/x", "mode": "ro"}})
    with pytest.raises(ClaimFalse, match=re.escape(name)):
        box.judge("no_docker_socket")


def test_no_docker_socket_where_a_device_hides_it(box: Box, tmp_path: Path) -> None:
    tmp_path.joinpath("docker.sock").touch()
    volumes = [f"{tmp_path}:/host:ro", "/dev/null:/host/docker.sock:ro"]
    box.run(volumes=volumes)
    assert box.faults() == {}


@pytest.mark.parametrize(
    ("pipe", "known"),
    [
        (r"\\.\pipe\docker_engine", True),
        ("//./PIPE/Docker_Engine_Windows", True),
        (r"\\.\pipe\dockerDesktopLinuxEngine", True),
        (r"\\.\pipe\containerd-containerd", True),
        (r"\\.\pipe\podman-machine-default", True),
        (r"\\.\pipe\shop", False),
    ],
)
def test_no_docker_socket_by_a_named_pipe_of_windows(box: Box, pipe: str, known: bool) -> None:
    box.run()
    seen = read("container_facts", box.resource)
    mount = facts._mount(box.engine.client(), box.name, {"Type": "npipe", "Source": pipe, "Destination": pipe})
    kind = ClaimFalse if known else CouldNotVerify
    with pytest.raises(kind, match=re.escape(pipe)):
        no_docker_socket(replace(seen, state=replace(seen.state, mounts=(mount,))))


def test_no_docker_socket_with_harmless_mounts(box: Box, tmp_path: Path) -> None:
    harmless = tmp_path / "runner"
    harmless.mkdir()
    volumes = {str(harmless): {"bind": "/conf", "mode": "ro"}, f"{box.name}-data": {"bind": "/data", "mode": "rw"}}
    box.create(volumes=volumes, tmpfs={"/cache": ""})
    text = box.judge("no_docker_socket").text
    assert re.fullmatch(rf"mounts: \d, of the host: .*{harmless}.*{box.name}-data/_data.*", text)


def test_an_engine_behind_a_filter_is_read_as_far_as_it_goes(box: Box, nginx_factory: NginxFactory) -> None:
    box.run(volumes={f"{box.name}-data": {"bind": "/data", "mode": "rw"}})
    socket_ = box.engine.base_url.removeprefix("unix://")
    locations = {
        "/": f"proxy_pass http://unix:{socket_}:;",
        "~ /(info|top|volumes)": "return 403;",
    }
    with nginx_factory(locations=locations) as proxy:
        resource = Container(name="shop", container=box.name, engine=f"tcp://127.0.0.1:{proxy.http_port}")
        for claim in ("healthy", "restart_policy", "not_privileged"):
            judge(f"container.{claim}", resource)
        for claim, reason in {
            "running": "the Docker engine does not describe itself: .*403",
            "memory_limit": "the Docker engine does not describe itself: .*403",
            "non_root": "the Docker engine does not list its processes: .*403",
            "no_docker_socket": "the Docker engine does not describe its volumes: .*403",
        }.items():
            with pytest.raises(CouldNotVerify, match=reason):
                judge(f"container.{claim}", resource)


@pytest.mark.parametrize(
    ("said", "instead", "claim", "reason"),
    [
        ('"Privileged":false', '"Privileged":null', "not_privileged", "does not say whether it is privileged"),
        ('"Privileged":false', '"Other":false', "not_privileged", "does not say whether it is privileged"),
        ('"MemoryLimit":true', '"MemoryLimit":false', "memory_limit", "its host enforces none"),
        ('"Mounts":', '"Other":', "no_docker_socket", "does not say what is mounted"),
        ('"MemTotal":', '"MemTotal":0,"Other":', "memory_limit", "does not say how much memory its host has"),
        ('"StartedAt":', '"StartedAt":"0001-01-01T00:00:00Z","Other":', "running", "does not say when it was started"),
    ],
)
def test_what_an_engine_does_not_say_could_not_be_verified(
    box: Box, nginx_factory: NginxFactory, said: str, instead: str, claim: str, reason: str
) -> None:
    box.run()
    pass_on = f"proxy_pass http://unix:{box.engine.base_url.removeprefix('unix://')}:;"
    other = f"sub_filter_types *; sub_filter '{said}' '{instead}'; {pass_on}"
    with nginx_factory(locations={"/": other}) as proxy:
        resource = Container(name="shop", container=box.name, engine=f"tcp://127.0.0.1:{proxy.http_port}")
        judge("container.restart_policy", resource)
        with pytest.raises(CouldNotVerify, match=reason):
            judge(f"container.{claim}", resource)


def test_no_socket() -> None:
    with pytest.raises(Unreachable) as failure:
        judge("container.running", Container(name="shop", engine="unix:///nowhere/docker.sock"))
    assert (
        failure.value.reason == "no answer from the Docker engine unix:///nowhere/docker.sock: there is no such socket"
    )


def test_engine_down(tmp_path: Path) -> None:
    path = tmp_path / "docker.sock"
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))
    with pytest.raises(Unreachable, match=r"docker\.sock: it refused the connection$"):
        judge("container.running", Container(name="shop", engine=f"unix://{path}"))
    with pytest.raises(Unreachable, match=r"it refused the connection$"):
        judge("container.running", Container(name="shop", engine=f"tcp://127.0.0.1:{free_port()}"))


@pytest.mark.skipif(os.geteuid() != 0, reason="changing the user needs root")
def test_no_right_to_the_socket(docker_engine: DockerEngine) -> None:
    os.seteuid(65534)
    try:
        with pytest.raises(
            Unreachable, match=r"this user may not open the socket; root and the group docker usually may$"
        ):
            judge("container.running", Container(name="shop", engine=docker_engine.base_url))
    finally:
        os.seteuid(0)


def test_silent_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pytest_readiness.domains.container.engine.READ_SECONDS", 1)
    with SilentServer() as server, pytest.raises(Unreachable, match="nothing came within"):
        judge("container.running", Container(name="shop", engine=f"tcp://127.0.0.1:{server.port}"))


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (Response(404, body=b"no such page"), "answered: no such page"),
        (Response(body=json.dumps({"ApiVersion": "1.12"}).encode()), "API versions below"),
        (Response(body=b"hello"), "does not answer as an engine does"),
        (Response(body=b"[" * 10**5), "does not answer as an engine does"),
        (Response(body=b'{"hello": 1}'), "does not answer as an engine does"),
    ],
    ids=["no engine", "too old", "no JSON", "deep JSON", "no version"],
)
def test_something_else_than_a_usable_engine(answer: Response, reason: str) -> None:
    with WebApp({"/version": answer}) as app, pytest.raises(Unreachable, match=reason):
        judge("container.running", Container(name="shop", engine=f"tcp://127.0.0.1:{app.port}"))


def test_an_engine_that_sends_elsewhere(box: Box) -> None:
    box.run()
    with WebApp({}) as other, WebApp({"/version": Response(302, [("Location", f"{other.url}/version")])}) as app:
        with pytest.raises(Unreachable, match="redirect"):
            judge("container.running", Container(name="shop", engine=f"tcp://127.0.0.1:{app.port}"))
        assert other.count("/version") == 0


def test_an_engine_that_answers_without_end() -> None:
    first = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n["
    with (
        Flood(first, b"0," * 2**15) as server,
        pytest.raises(CouldNotVerify, match="/version with more than is read, 8 MiB"),
    ):
        judge("container.running", Container(name="shop", engine=f"tcp://127.0.0.1:{server.port}"))


@pytest.mark.parametrize(
    ("engine", "reason"),
    [
        ("tcp://engine.invalid:2375", "its name could not be resolved"),
        ("ssh://nobody@127.0.0.1", r"an ssh:// address needs paramiko: pip install 'docker\[ssh\]'"),
    ],
)
def test_wrong_address(engine: str, reason: str) -> None:
    with pytest.raises(Unreachable, match=f"no answer from the Docker engine {engine}: {reason}$"):
        judge("container.running", Container(name="shop", engine=engine))


@pytest.mark.parametrize(
    ("engine", "fault"),
    [
        ("ftp://127.0.0.1", "must begin with unix:///, tcp://"),
        ("127.0.0.1:2375", "must begin with unix:///, tcp://"),
        ("tcp://127.0.0.1:2375 ", "must begin with unix:///, tcp://.*and hold no blanks"),
        ("/var/run/docker.sock", "is a path: write unix:///var/run/docker.sock"),
        ("tcp://127.0.0.1", "has no port: 2375 is usual without TLS"),
        ("tcp://[::1]", "has no port"),
        ("tcp://127.0.0.1:99999", "has a port that is not a number from 1 to 65535"),
        ("tcp://:2375", "has something else than a host and a port"),
        ("tcp://user:swordfish@127.0.0.1:2376", "holds a user: .* but certificates"),
        ("ssh://user:swordfish@127.0.0.1", "holds a password, which ssh takes by key or agent only"),
        ("ssh://-oProxyCommand=id", "holds what is no name of a user or host: it would be read as an option"),
        ("ssh://%2doProxyCommand=id", "holds what is no name of a user or host"),
        ("ssh://-lroot@web", "holds what is no name of a user or host"),
        ("ssh://web;id", "holds what is no name of a user or host"),
        ("ssh://web/run/docker.sock", "has a path: an engine that is reached by ssh listens at its usual socket"),
    ],
)
@pytest.mark.parametrize("kind", [Container, Image])
def test_an_address_that_no_engine_can_have(kind: type[Resource], engine: str, fault: str) -> None:
    with pytest.raises(ValidationError) as failure:
        kind.model_validate({"name": "shop", kind.main: "shop", "engine": engine})
    (error,) = failure.value.errors()
    assert re.search(f"the engine's address {fault}", error["msg"])
    assert "swordfish" not in error["msg"]


@pytest.mark.parametrize(
    "engine",
    ["unix:///x", "unix://x", "tcp://[::1]:2375", "https://h:2376", "http://h:2375/x", "ssh://u@h", "ssh://h:22"],
)
def test_an_address_that_an_engine_can_have(engine: str) -> None:
    assert Container(name="shop", engine=engine).place == engine


def test_a_name_as_docker_inspect_writes_it(box: Box) -> None:
    box.run()
    judge("container.healthy", Container(name="shop", container=f"/{box.name}", engine=box.engine.base_url))


def test_a_web_server_where_an_engine_should_be(nginx_factory: NginxFactory) -> None:
    with nginx_factory(locations={"/": "return 404;"}) as web:
        resource = Container(name="shop", engine=f"tcp://127.0.0.1:{web.http_port}")
        with pytest.raises(Unreachable, match="answered: status 404 with a page, as a web server or a proxy does"):
            judge("container.running", resource)


@pytest.mark.parametrize("name", ["/web/", "//web", "../web", "a//b", "./web"])
def test_what_is_no_containers_name(name: str) -> None:
    with pytest.raises(ValidationError, match="is no container's name: write it as docker ps does"):
        Container.model_validate({"name": "shop", "container": name})
    for right in ("/web", "web", "web/db", "shop-web-1", "b1946ac92492"):
        assert Container.model_validate({"name": "shop", "container": right}).where == right.removeprefix("/")


def test_mistakes_of_tls_are_told_in_words(authority: Authority, tmp_path: Path, nginx_factory: NginxFactory) -> None:
    own = authority.issue(["127.0.0.1"])
    for source, name in (authority.ca_file, "ca.pem"), (own.chain, "cert.pem"), (own.key, "key.pem"):
        shutil.copy(source, tmp_path / name)
    with nginx_factory(https=own) as web:
        plain = Container(name="shop", engine=f"tcp://127.0.0.1:{web.http_port}", certs=tmp_path)
        with pytest.raises(CouldNotVerify, match=r"no TLS: what the server said is not TLS"):
            judge("container.running", plain)
    with FlakyServer(resets=99) as flaky:
        for certs, words in (None, "an engine that speaks TLS needs certs"), (tmp_path, "broke the connection off|TLS"):
            with pytest.raises(CouldNotVerify, match=words) as failure:
                judge("container.running", Container(name="x", engine=f"tcp://127.0.0.1:{flaky.port}", certs=certs))
            assert not re.search(r"Error\(|Max retries", failure.value.reason)


def test_what_an_engine_refuses_of_the_own_certificate_is_told(authority: Authority, tmp_path: Path) -> None:
    own, strange = authority.issue(["127.0.0.1"]), Authority(tmp_path / "other").issue(["127.0.0.1"])
    for source, name in (authority.ca_file, "ca.pem"), (strange.chain, "cert.pem"), (strange.key, "key.pem"):
        shutil.copy(source, tmp_path / name)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(own.chain, own.key)
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(authority.ca_file)
    with socket.create_server(("127.0.0.1", 0)) as listening, ThreadPoolExecutor(1) as engine:
        address = f"https://127.0.0.1:{listening.getsockname()[1]}"

        def refuse() -> None:
            connection, _ = listening.accept()
            with connection.dup() as raw:
                with suppress(OSError), context.wrap_socket(connection, server_side=True):
                    pass
                # What the client sent is read to its end, so that the refusal reaches it instead of a reset.
                with suppress(OSError):
                    raw.shutdown(socket.SHUT_WR)
                    while raw.recv(65536):
                        pass

        for certs, words in (
            (tmp_path, "no TLS: the server does not trust the authority of the client certificate"),
            (None, "does not verify by the authorities of this machine .*: certs names the folder of its own"),
        ):
            refused = engine.submit(refuse)
            with pytest.raises(CouldNotVerify, match=words):
                judge("container.running", Container(name="x", engine=address, certs=certs))
            refused.result()
