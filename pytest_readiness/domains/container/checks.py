"""Containers on a Docker engine."""

from __future__ import annotations

import math
import re
import textwrap
from typing import Annotated, Any, Literal

from pydantic import Field

from pytest_readiness.core.evidence import ClaimFalse, CouldNotVerify, Evidence, claim
from pytest_readiness.core.registry import check
from pytest_readiness.core.text import figure
from pytest_readiness.domains.container.engine import socket_of
from pytest_readiness.domains.container.facts import SOCKETS, ContainerFacts, ContainerState, Mount, inside, usual

MIB = 2**20
MOST_OF_HOST = 0.99
"""The kernel and the engine need more than the rest."""

SETTLED_S = 600
"""How long a container that its engine has restarted must run until that is taken for over. Docker waits at most one
minute between two tries, and what leaks memory, or waits for something in vain, runs for some minutes each time."""
LOOP = 3
"""So many restarts, and no longer run than `SETTLED_S` between them, are a loop."""

STALE_S = 600
"""Seconds after which a last probe says nothing of now, unless the health check is one that is seldom due."""
MISSED = 3
"""So many probes that did not come are no coincidence."""

_SOCKET_NAME = re.compile(
    r"\b(docker|containerd|podman|crio|cri-dockerd|dockershim|buildkitd|balena(-engine)?)([.-]\w+)*\.sock\b"
    r"|(?i:[\\/]pipe[\\/](docker|containerd|podman|buildkit))"
)
"""Of a file, or of a named pipe (\\\\.\\pipe\\docker_engine), which Windows has in its place."""

_OTHER_SOCKET = re.compile(
    r"/((mysqld?|mariadb|mongodb|redis|valkey|memcached|gunicorn|unicorn|puma|uwsgi|haproxy|nginx)[\w.-]*\.sock(et)?"
    r"|(php[\w.-]*fpm[\w.-]*|php-fpm/[\w-]+)\.sock(et)?|\.s\.PGSQL\.\d+|dev/log"
    r"|system_bus_socket|systemd/journal/(socket|stdout|dev-log)|systemd/notify|nscd/socket|\.X11-unix/X\d+|agentx/master"
    r"|pgbouncer\.sock|supervisord?\.sock|clamd\.(ctl|sock(et)?)|datadog/(dsd|apm)\.socket|ssh-auth\.sock|ssh-\w+/agent\.\d+)$"
)
"""Sockets of databases, application servers, logs, agents and the like, by their usual names."""


@check(
    "container.running",
    severity="critical",
    remedy="Find out why it ended (docker inspect, docker logs) and start it.",
    source="Docker documentation, 'Start containers automatically': a start succeeds after 10 seconds",
)
def running(container_facts: ContainerFacts, *, min_uptime_s: Annotated[float, Field(ge=0)] = 10) -> Evidence:
    """The container is running, and not only for a moment between two restarts.

    A paused or restarting container is not running. One that its engine has restarted must have run for ten minutes, or
    twice as long as it did on average before: until then, it is in a loop after three restarts, and after fewer could
    not be verified. Restarts by others, who make a new container each time, are not seen, and what its program does is
    not looked at.

    Args:
        min_uptime_s: shortest accepted time since its last start, in seconds, by the engine's clock. 10: when Docker
            itself takes a start for a success.
    """
    expected = f"a container that has been running for at least {min_uptime_s:g} s"
    if container_facts.state is None:
        raise ClaimFalse(expected, _absent(container_facts), remedy="Start it, or correct its name in the target.")
    state = container_facts.state
    claim(state.status == "running", expected=expected, seen=_status(state))
    uptime: float = _known(state, "uptime_s")
    seen = f"running for {figure(uptime, min_uptime_s)} s, restarts by the engine: {state.restarts}"
    claim(uptime >= min_uptime_s, expected=expected, seen=seen)
    if not state.restarts:
        return Evidence(seen)
    before = (_known(state, "age_s") - uptime) / state.restarts
    if uptime < min(SETTLED_S, 2 * before):
        seen = f"{seen}, one every {before:.0f} s"
        if state.restarts >= LOOP and before < SETTLED_S:
            raise ClaimFalse("a container that is not in a loop of restarts", seen)
        raise CouldNotVerify(f"{seen}: whether they go on is seen when it has run for {SETTLED_S} s")
    return Evidence(seen, warning="its engine has restarted it: docker logs may say why")


@check(
    "container.healthy",
    severity="high",
    remedy="Run the health check's command inside the container (docker exec) and fix what it reports.",
    source="CIS Docker Benchmark 5.27",
)
def healthy(container_facts: ContainerFacts) -> Evidence:
    """The container reports healthy.

    By the health check that its image or its start defines; what that probes is not looked at. A container that is
    not running is not healthy, whatever its last probe said. Where the engine has not probed it for long, it could not
    be verified; where it does not say when it did, the check passes with a warning.
    """
    state = _present(container_facts)
    expected = "a running container that reports healthy"
    claim(state.status == "running", expected=expected, seen=_status(state))
    if state.health is None:
        remedy = "Define a HEALTHCHECK in the Dockerfile or a healthcheck in the Compose file."
        raise ClaimFalse(expected, "no health check is defined", remedy=remedy)
    last = f"; last probe: {state.health.last}" if state.health.last else ""
    seen = f"{state.health.status}, failed probes in a row: {state.health.failures}{last}"
    claim(state.health.status == "healthy", expected=expected, seen=seen)
    since = state.health.last_s
    if since is not None and since > max(STALE_S, MISSED * (state.health.due_s or 0)):
        raise CouldNotVerify(
            f"{seen}, which ended {since:.0f} s ago: whether the engine still probes it is not known (Podman needs "
            "timers of systemd for that)"
        )
    warnings = ["when it was probed last is not known"] if since is None else []
    if state.health.failed_lately:
        warnings.append(f"{state.health.failed_lately} of its last {state.health.probes} probes failed")
    return Evidence(seen, warning="; ".join(warnings))


@check(
    "container.restart_policy",
    severity="medium",
    remedy="Start it with --restart unless-stopped (Compose: restart: unless-stopped).",
    source="CIS Docker Benchmark 5.15",
)
def restart_policy(
    container_facts: ContainerFacts,
    *,
    policies: Annotated[list[Literal["always", "on-failure", "unless-stopped"]], Field(min_length=1)] = [  # noqa: B006
        "unless-stopped",
        "always",
        "on-failure",
    ],
) -> Evidence:
    """The container's restart policy tells the engine to start it again when it fails.

    The policy is looked at; no restart is provoked. By on-failure it is not started again after an end with exit code
    0, nor after the engine's own restart. A limit of tries passes with a warning until the engine has made them all;
    then it restarts the container no more.

    Args:
        policies: accepted restart policies of Docker. The default is all that restart; CIS asks for on-failure.
    """
    state = _present(container_facts)
    if state.swarm_service:
        raise CouldNotVerify(
            f"it is a task of the swarm's service {state.swarm_service}, which the service's own policy restarts"
        )
    tries = f", at most {state.restart_tries} times" if state.restart_tries else ""
    seen = f"restart policy {state.restart_policy}{tries}"
    claim(state.restart_policy in policies, expected=f"restart policy {' or '.join(policies)}", seen=seen)
    if not state.restart_tries:
        return Evidence(seen)
    # Only failures are counted, and only those in a row: after another end the engine does not restart it.
    used = f"{seen}; {_status(state)}"
    claim(state.restarts < state.restart_tries, expected="an engine that has tries left", seen=used)
    return Evidence(seen, warning=f"its engine gives up after that; restarts so far: {state.restarts}")


@check(
    "container.memory_limit",
    severity="medium",
    remedy="Start it with --memory (Compose: mem_limit), at what it needs under load and some headroom.",
    source="CIS Docker Benchmark 5.11",
)
def memory_limit(container_facts: ContainerFacts, *, max_mb: Annotated[float, Field(gt=0)] | None = None) -> Evidence:
    """The container's memory is limited.

    One of more than 99 % of the memory of the engine's host limits nothing, and does not count. Where the engine says
    that its host enforces no limits, it could not be verified. Not looked at: swap beyond the limit, and whether the
    program needs more.

    Args:
        max_mb: highest accepted limit, in MiB, as Docker counts (`--memory 512m` is 512). Default: 99 % of the memory
            of the engine's host.
    """
    state = _present(container_facts)
    bytes_: int = _known(state, "memory_limit")
    claim(bytes_ > 0, expected="a memory limit", seen="no memory limit")
    limit = bytes_ / MIB
    # Whole, so that the figures that are shown are those that are compared.
    most = math.floor(MOST_OF_HOST * _known(state, "engine_memory") / MIB)
    expected = f"a limit of at most {most} MiB, {100 * MOST_OF_HOST:g} % of the memory of the engine's host"
    claim(limit <= most, expected=expected, seen=f"{limit:.10g} MiB")
    if max_mb is not None:
        claim(limit <= max_mb, expected=f"a limit of at most {max_mb:g} MiB", seen=f"{limit:.10g} MiB")
    return Evidence(f"limited to {limit:.10g} MiB")


@check(
    "container.non_root",
    severity="high",
    remedy="Name a user in the Dockerfile (USER app), or start it with --user.",
    source="CIS Docker Benchmark 4.1",
)
def non_root(container_facts: ContainerFacts) -> Evidence:
    """No process in the container runs as root.

    Seen in the host's list of the container's processes (docker top), by effective user id, once: what starts later is
    not looked at. Where that list comes from BusyBox, as on Alpine Linux, a process of a user that the host has another
    name for than root could not be verified. A process that gives up being root after its start passes, with a warning,
    because `docker exec` still enters as root.
    """
    state = _present(container_facts)
    uids: tuple[int, ...] = _known(state, "uids")
    if not uids:
        raise CouldNotVerify("docker top shows no process in it")
    if _known(state, "uids_mapped"):
        raise CouldNotVerify("the engine maps user ids (userns-remap), and docker top shows those of the host")
    user = state.user or "not set, which is root"
    seen = f"processes with user id 0: {uids.count(0)} of {len(uids)}; configured user: {user}"
    claim(0 not in uids, expected="no process with user id 0", seen=seen)
    distinct = ", ".join(map(str, dict.fromkeys(uids)))
    starts_as_root = state.user.partition(":")[0] in ("", "0", "root")
    warning = f"it starts as root (configured user: {user}) and drops root itself" if starts_as_root else ""
    return Evidence(f"user ids of its processes: {distinct}; configured user: {user}", warning=warning)


@check(
    "container.not_privileged",
    severity="critical",
    remedy="Start it without --privileged; add the one capability or device that it needs.",
    source="CIS Docker Benchmark 5.5",
)
def not_privileged(container_facts: ContainerFacts) -> Evidence:
    """The container is not privileged.

    Not looked at: single capabilities and devices that were added, namespaces that it shares with its host, and
    profiles of seccomp and AppArmor that were switched off.
    """
    state = _present(container_facts)
    claim(not _known(state, "privileged"), expected="Privileged false", seen="Privileged true")
    return Evidence("Privileged false")


@check(
    "container.no_docker_socket",
    severity="critical",
    remedy="Do not mount it: access to the socket is root on the host. Offer a filtering socket proxy instead.",
    source="CIS Docker Benchmark 5.32",
)
def no_docker_socket(container_facts: ContainerFacts) -> Evidence:
    """No container engine's socket is mounted into the container.

    Neither a usual one, or a usual named pipe of Windows, known by its name in the host or in the container, nor the
    one that the engine is reached at from here, nor a directory above that one, nor a directory or volume that shows a
    socket at a usual place, or of a usual name, in the container. Links are followed where the engine's host is the
    runner. Sockets of engines that single users run cannot be looked for below a mounted /run/user; a mounted socket
    that neither is one of these nor has the usual name of a database, a log or the like could be an engine's: both
    could not be verified. What is not there yet, an engine that is open over TCP, and one whose socket has another name
    and is below a mounted directory are not detected.
    """
    state = _present(container_facts)
    mounts: tuple[Mount, ...] = _known(state, "mounts")
    own = {socket_of(container_facts.engine), container_facts.engine_socket} - {""}
    bad = [text for mount in mounts for text in _exposed(mount, own)]
    claim(not bad, expected="no mount of an engine's socket or of a directory with one", seen=", ".join(bad))
    unseen = [mount.destination for mount in mounts if mount.sockets is None]
    unseen += [path for mount in mounts for path in mount.unseen]
    if unseen:
        raise CouldNotVerify(f"the Docker engine does not let be looked into {', '.join(unseen)}")
    strange = [mount.source for mount in mounts if mount.destination in (mount.sockets or ()) and not _is_known(mount)]
    if strange:
        raise CouldNotVerify(f"whose sockets these are that are mounted is not known: {', '.join(strange)}")
    sources = textwrap.shorten(", ".join(mount.source for mount in mounts if mount.source), 200, placeholder=" …")
    return Evidence(f"mounts: {len(mounts)}{sources and f', of the host: {sources}'}")


def _is_known(mount: Mount) -> bool:
    return bool(_OTHER_SOCKET.search(mount.source) and _OTHER_SOCKET.search(mount.real or mount.source))


def _exposed(mount: Mount, own: set[str]) -> list[str]:
    """The engines' sockets that a mount shows, each with the mount."""
    if mount.is_device:
        return []
    sources = [path for path in dict.fromkeys((mount.source, mount.real)) if path]
    is_one = any(_SOCKET_NAME.search(path) or str(usual(path)) in SOCKETS for path in (*sources, mount.destination))
    if is_one or {str(usual(path)) for path in sources} & {str(usual(path)) for path in own}:
        return [f"{', which is '.join(sources)} at {mount.destination}"]
    paths = [inside(mount.destination, path, source) for source in sources for path in own]
    paths += [path for path in mount.sockets or () if path != mount.destination]
    return [f"{path} below {mount.source or mount.destination}" for path in sorted(set(paths) - {""})]


def _absent(facts: ContainerFacts) -> str:
    there = f"nearest: {', '.join(facts.nearest)}" if facts.nearest else "it has none at all"
    return f"no container '{facts.name}' on the Docker engine {facts.engine} ({there})"


def _present(facts: ContainerFacts) -> ContainerState:
    if facts.state is None:
        raise CouldNotVerify(f"there is {_absent(facts)}")
    return facts.state


def _known(state: ContainerState, attribute: str) -> Any:
    value = getattr(state, attribute)
    if value is None:
        # What an earlier version recorded lacks what it did not look at.
        raise CouldNotVerify(state.unread.get(attribute, "the engine was not asked for it"))
    return value


def _status(state: ContainerState) -> str:
    memory = ", out of memory" if state.out_of_memory else ""
    return f"{state.status}, last exit code {state.exit_code}{memory}, restarts by the engine: {state.restarts}"
