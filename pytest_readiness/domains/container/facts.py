"""Containers and images, read from a Docker engine."""

from __future__ import annotations

import base64
import difflib
import json
import os
import posixpath
import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from http import HTTPStatus
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from pytest_readiness.core.registry import fact
from pytest_readiness.domains.container.engine import _short, _words, engine_of, socket_of
from pytest_readiness.domains.container.resource import Container

if TYPE_CHECKING:
    import docker

SOCKETS = (
    "/run/docker.sock",
    "/run/containerd/containerd.sock",
    "/run/docker/containerd/containerd.sock",
    "/run/k0s/containerd.sock",
    "/run/k3s/containerd/containerd.sock",
    "/run/podman/podman.sock",
    "/run/crio/crio.sock",
    "/run/cri-dockerd.sock",
    "/run/dockershim.sock",
    "/run/buildkit/buildkitd.sock",
    "/run/balena-engine.sock",
    "/run/user/UID/docker.sock",
    "/run/user/UID/podman/podman.sock",
    "/var/lib/lxd/unix.socket",
)
"""Where container engines listen by default; /var/run is /run, and UID any user's number."""

IN_A_HOME = (
    ".colima/default/docker.sock",
    ".docker/desktop/docker.sock",
    ".docker/run/docker.sock",
    ".local/share/containers/podman/machine/podman.sock",
    ".orbstack/run/docker.sock",
    ".rd/docker.sock",
)
"""Where engines that a user runs listen, below the user's home."""

# Those, and the last parts of these paths: where a socket is below a directory that may be any of those above it.
_BELOW = sorted(
    {"/".join(parts[cut:]) for parts in (path.split("/") for path in SOCKETS) for cut in range(1, len(parts))}
    | {*IN_A_HOME}
)
_USERS = "/run/user"
_NEVER = "0001-01-01"
"""How Go writes no time."""
DEFAULT_PROBE_NS = 30 * 10**9
"""Docker's interval between two probes of a health check, and the time for one, where it names none."""
_GO_SOCKET, _GO_DEVICE, _GO_LINK, _GO_FOLDER = 1 << 24, 1 << 26, 1 << 27, 1 << 31
"""Kinds of files as Go counts them (os.FileMode), in which Docker answers."""


@dataclass(frozen=True, slots=True)
class Mount:
    """A part of the engine's host that a container sees.

    Attributes:
        source: path on the host, for a volume that is a directory of the host that directory; "" for none.
        destination: path in the container.
        real: what the source leads to: links are followed where the engine's host is this machine.
        sockets: sockets at it, or at the usual places of an engine's socket below it, as seen from the container; None
            where the engine does not let that be looked at.
        unseen: paths below it, in the container, that could not be looked at.
        is_device: what is seen at it is a device, as /dev/null that hides a socket.
    """

    source: str
    destination: str
    real: str | None = None
    sockets: tuple[str, ...] | None = None
    unseen: tuple[str, ...] = ()
    is_device: bool = False


@dataclass(frozen=True, slots=True)
class Health:
    """What the container's health check reports.

    Attributes:
        status: "starting", "healthy" or "unhealthy".
        failures: failed probes in a row, up to now.
        last: the last probe's exit code and the beginning of its output; "" before the first one.
        probes: those that the engine remembers, at most five.
        failed_lately: how many of them failed.
        last_s: seconds since the last one ended, by the engine's clock; None where that is not known.
        due_s: seconds within which the next one should have ended.
    """

    status: str
    failures: int
    last: str
    probes: int | None = None
    failed_lately: int | None = None
    last_s: float | None = None
    due_s: float | None = None


@dataclass(frozen=True, slots=True)
class ContainerState:
    """A container as the engine describes it. What could not be read is None, and `unread` says why.

    Attributes:
        status: "running", "paused", "restarting", "exited", "created", "removing" or "dead".
        exit_code: of the last end.
        out_of_memory: the kernel ended it for its memory limit.
        restarts: how often the engine's restart policy restarted it.
        uptime_s: seconds since the last start, by the engine's clock.
        health: None where no health check is defined.
        restart_policy: "no", "always", "unless-stopped" or "on-failure".
        restart_tries: most tries of "on-failure"; 0 means no limit.
        swarm_service: service of a swarm that it is a task of, or "".
        memory_limit: bytes; 0 means no limit.
        engine_memory: bytes of memory that the engine's host has.
        user: configured user, "name", "uid" or either with ":group"; "" is root.
        uids: effective user id of each process in it, in ascending order, as its host numbers users.
        uids_mapped: the host numbers users differently from the container.
        privileged: it was started with all rights of the host.
        mounts: in the order of their destinations.
        unread: reason by attribute.
        age_s: seconds since it was created, by the engine's clock.
    """

    status: str
    exit_code: int
    out_of_memory: bool
    restarts: int
    uptime_s: float | None
    health: Health | None
    restart_policy: str
    restart_tries: int
    swarm_service: str
    memory_limit: int | None
    engine_memory: int | None
    user: str
    uids: tuple[int, ...] | None
    uids_mapped: bool | None
    privileged: bool | None
    mounts: tuple[Mount, ...] | None
    unread: Mapping[str, str]
    age_s: float | None = None


@dataclass(frozen=True, slots=True)
class ContainerFacts:
    """A container, or that there is none of this name.

    Attributes:
        name: name or id that was asked for.
        engine: address of the engine.
        state: None where the engine has no such container.
        nearest: where it has none, the most similar names.
        engine_socket: what the engine's address leads to when links are followed, where it is a unix socket, or "".
    """

    name: str
    engine: str
    state: ContainerState | None
    nearest: tuple[str, ...]
    engine_socket: str = ""


@fact(deadline=30, way="engine")
def container_facts(container: Container) -> ContainerFacts:
    """The container's state and configuration, and which users its processes run as."""
    name, where = container.container, container.place
    path = socket_of(where)
    own = os.path.realpath(path) if path else ""
    with engine_of(container) as client:
        if attributes := described(client, name):
            return ContainerFacts(name, where, _state(client, attributes), (), own)
        names = sorted(each["Names"][0].lstrip("/") for each in client.api.containers(all=True) if each["Names"])
    return ContainerFacts(name, where, None, _nearest(name, names), own)


def described(client: docker.DockerClient, name: str) -> Mapping[str, Any] | None:
    """How an engine describes the container of this name or id; None where it has none."""
    from docker.errors import NotFound

    try:
        attributes: Mapping[str, Any] = client.api.inspect_container(name)
    except NotFound:
        return None
    # An engine also takes the first characters of an id for a name: "cafe" may be any container's.
    return attributes if attributes["Name"] == f"/{name}" or len(name) >= 12 else None


def _nearest(name: str, names: list[str]) -> tuple[str, ...]:
    """Three names at most: Compose and a swarm put more around the name of a service ("shop-web-1", "web.1.x2…")."""
    around = [each for each in names if name.lower() in each.lower()]
    return tuple(dict.fromkeys([*around, *difflib.get_close_matches(name, names)]))[:3] or tuple(names[:3])


def _state(client: docker.DockerClient, attributes: Mapping[str, Any]) -> ContainerState:
    from docker.errors import APIError

    # Any of these keys may be missing or null, depending on the engine's version.
    state, host, config = (attributes.get(key) or {} for key in ("State", "HostConfig", "Config"))
    policy = host.get("RestartPolicy") or {}
    unread: dict[str, str] = {}
    engine: Mapping[str, Any] = {}
    try:
        engine = client.info()
    except APIError as error:
        reason = f"the Docker engine does not describe itself: {_words(error)}"
        unread |= dict.fromkeys(("uptime_s", "age_s", "engine_memory", "uids_mapped"), reason)
    unsaid = "the engine does not say"
    privileged = host.get("Privileged")
    if not isinstance(privileged, bool):
        unread["privileged"] = f"{unsaid} whether it is privileged"
    started = state.get("StartedAt") or _NEVER
    if started.startswith(_NEVER):
        unread.setdefault("uptime_s", f"{unsaid} when it was started")
    memory_limit = host.get("Memory") or 0
    if memory_limit and engine.get("MemoryLimit") is False:
        unread["memory_limit"] = (
            f"its limit is {memory_limit / 2**20:.10g} MiB, but the engine says that its host enforces none: switch "
            "the cgroup controller for memory on"
        )
    if "Mounts" not in attributes:
        unread["mounts"] = f"{unsaid} what is mounted"
    if engine and not engine["MemTotal"]:
        unread["engine_memory"] = f"{unsaid} how much memory its host has"
    return ContainerState(
        status=state.get("Status") or "",
        exit_code=state.get("ExitCode") or 0,
        out_of_memory=bool(state.get("OOMKilled")),
        restarts=attributes.get("RestartCount") or 0,
        uptime_s=_seconds(started, engine["SystemTime"]) if "uptime_s" not in unread else None,
        age_s=_seconds(attributes["Created"], engine["SystemTime"]) if engine else None,
        health=_health(state.get("Health") or {}, config.get("Healthcheck") or {}, engine.get("SystemTime")),
        restart_policy=policy.get("Name") or "no",
        restart_tries=policy.get("MaximumRetryCount") or 0,
        swarm_service=(config.get("Labels") or {}).get("com.docker.swarm.service.name", ""),
        memory_limit=None if "memory_limit" in unread else memory_limit,
        engine_memory=engine.get("MemTotal") or None,
        user=config.get("User") or "",
        uids=_uids(client, attributes["Id"], unread),
        uids_mapped=_mapped(engine, host) if engine else None,
        privileged=privileged if isinstance(privileged, bool) else None,
        mounts=None if "mounts" in unread else _mounts(client, attributes["Id"], attributes["Mounts"] or [], unread),
        unread=unread,
    )


def _seconds(start: str, end: str) -> float:
    return (datetime.fromisoformat(end) - datetime.fromisoformat(start)).total_seconds()


def _mapped(engine: Mapping[str, Any], host: Mapping[str, Any]) -> bool:
    return "name=userns" in (engine.get("SecurityOptions") or []) and host.get("UsernsMode") != "host"


def _health(health: Mapping[str, Any], defined: Mapping[str, Any], now: str | None) -> Health | None:
    # Podman leaves the word empty where Docker says "none", or nothing.
    if health.get("Status") in (None, "", "none"):
        return None
    last = ""
    log = health.get("Log") or []
    if log:
        output = _short(log[-1].get("Output") or "")
        last = f"exit code {log[-1]['ExitCode']}{output and ', '}{output}"
    failed = sum(each["ExitCode"] != 0 for each in log)
    last_s = None
    if log and now and not str(log[-1].get("End")).startswith(_NEVER):
        # How an engine writes times of its probes is no reason to read nothing else of it.
        with suppress(KeyError, TypeError, ValueError):
            last_s = _seconds(log[-1]["End"], now)
    due_s = sum((defined.get(key) or DEFAULT_PROBE_NS) / 1e9 for key in ("Interval", "Timeout"))
    return Health(health["Status"], health.get("FailingStreak") or 0, last, len(log), failed, last_s, due_s)


def _uids(client: docker.DockerClient, id: str, unread: dict[str, str]) -> tuple[int, ...] | None:
    """Ask the host's own process list: the configured user is a name, and says nothing of later changes."""
    from docker.errors import APIError

    for column in "uid", "user":
        try:
            listing = client.api.top(id, f"-eo {column},pid")
            position = (listing["Titles"] or ()).index(column.upper())
            # Null, and not empty, where the last process ended while the engine made the list.
            users: list[str] = [row[position] for row in listing["Processes"] or ()]
            uids = [0 if column == "user" and user == "root" else int(user) for user in users]
        except APIError as error:
            # BusyBox's ps has no uid. Where that was not the trouble, the first reason tells it.
            unread.setdefault("uids", f"the Docker engine does not list its processes: {_words(error)}")
        except ValueError:
            # BusyBox writes a number where its host has no name for it. Another name than root may be that of 0, too.
            unread["uids"] = "the process list of the Docker engine shows no user ids"
            return None
        else:
            if uids:
                unread.pop("uids", None)
                return tuple(sorted(uids))
            # Between its end and its next start.
            unread["uids"] = "the Docker engine lists no process of it"
            return None
    return None


def _mounts(
    client: docker.DockerClient, id: str, mounts: list[dict[str, Any]], unread: dict[str, str]
) -> tuple[Mount, ...] | None:
    from docker.errors import APIError

    try:
        found = [_mount(client, id, each) for each in mounts]
    except APIError as error:
        unread["mounts"] = f"the Docker engine does not describe its volumes: {_words(error)}"
        return None
    return tuple(sorted(found, key=lambda mount: mount.destination))


def _mount(client: docker.DockerClient, id: str, mount: Mapping[str, Any]) -> Mount:
    source, destination = _source(client, mount), mount["Destination"]
    local = client.api.base_url == "http+docker://localhost"
    real = os.path.realpath(source) if local and source else posixpath.normpath(source) if source else ""
    if mount.get("Type") == "npipe":
        # A named pipe of Windows is a socket by another name, and no file in the container.
        return Mount(source, destination, real, (destination,))
    mode = _mode(client, id, destination)
    if mode is None:
        return Mount(source, destination, real)
    if not mode & _GO_FOLDER:
        itself = (destination,) if mode & _GO_SOCKET else ()
        return Mount(source, destination, real, itself, is_device=bool(mode & _GO_DEVICE))
    # Also of a volume that the engine keeps itself: an engine in another container may put its socket there.
    sockets, unseen = _sockets(client, id, destination, mode, (source, real))
    return Mount(source, destination, real, sockets, unseen)


def _source(client: docker.DockerClient, mount: Mapping[str, Any]) -> str:
    source: str = mount.get("Source") or ""
    if mount.get("Type") != "volume":
        return source
    # A volume of the local driver may be any directory of the host under another name.
    device: str = (client.api.inspect_volume(mount["Name"]).get("Options") or {}).get("device", "")
    return device if device.startswith("/") else source


def _sockets(
    client: docker.DockerClient, id: str, destination: str, mode: int, sources: tuple[str, ...]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What a mounted directory shows in the container, whatever it is called; and what could not be looked at."""
    top = posixpath.normpath(destination)

    @cache
    def looked_at(path: str) -> int | None:
        if path == top:
            return mode
        # What should be below a file an engine does not call absent, but refuses.
        folder = looked_at(posixpath.dirname(path))
        return 0 if folder is not None and not folder & (_GO_FOLDER | _GO_LINK) else _mode(client, id, path)

    found: list[str] = []
    unseen: list[str] = []
    for path in (posixpath.join(top, each) for each in _BELOW if "UID" not in each):
        kind = looked_at(path)
        if kind is None:
            unseen.append(path)
        elif kind & (_GO_SOCKET | _GO_LINK):
            found.append(path)
    # No engine lists a folder, so that the users of the host are not known.
    users = {inside(destination, _USERS, source) for source in sources} - {""}
    unseen += [path for path in sorted(users) if looked_at(path) != 0]
    return tuple(found), tuple(unseen)


def inside(destination: str, path: str, source: str) -> str:
    """Where a path of the host is in a container that has the source mounted, or "" where that does not hold it."""
    if not source or not usual(path).is_relative_to(usual(source)):
        return ""
    return posixpath.normpath(posixpath.join(destination, usual(path).relative_to(usual(source))))


def usual(path: str) -> PurePosixPath:
    """A path as `SOCKETS` writes it."""
    normal = re.sub(r"^/+", "/", posixpath.normpath(path))
    return PurePosixPath(re.sub(r"^/run/user/\d+(?=/|$)", "/run/user/UID", re.sub(r"^/var/run(?=/|$)", "/run", normal)))


def _mode(client: docker.DockerClient, id: str, path: str) -> int | None:
    """Kind and rights of a file in a container, 0 where there is none; None where the engine does not say."""
    api: Any = client.api
    answer = api.head(api._url("/containers/{0}/archive", id), params={"path": path}, timeout=api.timeout)
    if answer.status_code == HTTPStatus.NOT_FOUND:
        return 0
    try:
        said = base64.b64decode(answer.headers["X-Docker-Container-Path-Stat"])
        return int(json.loads(said)["mode"])
    except (LookupError, TypeError, ValueError):
        return None
