"""Compose files: the stack that they start on this machine."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any

from pytest_readiness.core.yamlfile import YamlMap
from pytest_readiness.discover import dockerfiles
from pytest_readiness.discover.found import LOCAL, Discovered, Hint, Record, environment_of, is_plain, named
from pytest_readiness.discover.known import (
    CATCHERS,
    ENGINES,
    OTHERS,
    PROXIES,
    USUAL_PORTS,
    place_of,
    probe_field,
    probed,
    product_of,
    speaks_http,
    web_addresses,
)
from pytest_readiness.discover.project import Project, entries, listed
from pytest_readiness.discover.variables import databases

_USUAL = ("compose.yaml", "compose.yml", "docker-compose.yaml", "docker-compose.yml")
"""In the order in which Docker Compose looks for them; an override has a word more."""
_PATTERNS = ("compose*.yaml", "compose*.yml", "docker-compose*.yaml", "docker-compose*.yml")
_DEFAULT = re.compile(r"\$\{[A-Za-z_]\w*:?-([^${}]*)\}")
_PORT = re.compile(
    r"(?:(?P<ip>\[[^\[\]]{0,60}\]|\d+(?:\.\d+){3}|localhost):)?(?:(?P<outside>\d*)(?:-\d+)?:)?(?P<inside>\d+)(?:-\d+)?(?:/(?P<by>\w+))?"
)
_IMAGE = re.compile(r"[a-z0-9][\w./:@-]{0,250}")
_PROJECT = re.compile(r"[^a-z0-9_-]")
_THIS_MACHINE = ("", "0.0.0.0", "::", "127.0.0.1", "::1", "localhost")  # noqa: S104


@dataclass(frozen=True, slots=True)
class Published:
    """A port of a container, and where this machine has it; `outside` is 0 where that is not known beforehand."""

    inside: int
    outside: int
    host: str = "localhost"

    @property
    def address(self) -> str:
        """Host and port."""
        return f"{self.host}:{self.outside}"


@dataclass(slots=True)
class Stack:
    """What a Compose file starts.

    Attributes:
        name: of the project, as Compose makes it of the folder.
        files: it, and its override.
        services: each with its file and line.
        env_files: that Compose reads.
        built: Dockerfiles of services.
    """

    name: str = ""
    files: tuple[str, ...] = ()
    services: dict[str, tuple[YamlMap, str]] = field(default_factory=dict)
    env_files: set[str] = field(default_factory=set)
    built: set[str] = field(default_factory=set)

    @property
    def path(self) -> str:
        """The file."""
        return self.files[0] if self.files else ""


def read(project: Project) -> Stack:
    """The stack of the Compose file at the top of the folder, or of the first below; an empty one for none."""
    paths = project.named(*_PATTERNS)
    main = next((name for name in _USUAL if name in paths), next(iter(paths), ""))
    if not main:
        return Stack()
    beside = PurePosixPath(main)
    overrides = [str(beside.with_name(f"{beside.stem}.override{end}")) for end in (".yaml", ".yml")]
    stack = Stack(_project_name(project, main), (main, *(each for each in overrides if each in paths)))
    folder = beside.parent
    if (dotenv := str(folder / ".env")) in project.files:
        stack.env_files.add(dotenv)
    for path in stack.files:
        for document in project.documents(path):
            if path == main and isinstance(name := document.get("name"), str):
                stack.name = _project(_with_defaults(name)) or stack.name
            if "include" in document:
                project.skip(f"{path}:{document.lines['include']}", "includes other files, which were not read")
            services = entries(document.get("services"))
            for name, service in services.items():
                if name != named(name):
                    project.skip(f"{path}:{services.lines[name]}", "is no name of a service")
                elif isinstance(service, YamlMap):
                    known, where = stack.services.get(name, (None, f"{path}:{services.lines[name]}"))
                    stack.services[name] = _over(known, service), where
    for service, _ in stack.services.values():
        stack.env_files.update(_below(folder, path) for path in _env_files(service))
        if dockerfile := _dockerfile(folder, service):
            stack.built.add(dockerfile)
    return stack


def find(project: Project, stack: Stack) -> Iterator[Record]:
    """What a stack is made of: containers, images that are built, published ports, databases."""
    for path in project.named(*_PATTERNS):
        if path not in stack.files:
            target = environment_of(PurePosixPath(path).name, "")
            what = f"is for {target}" if target else "is another stack"
            yield Hint(f"{what}, and was not read: the target declares what it starts", path, "compose")
    for name, (service, where) in stack.services.items():
        yield from _service(project, stack, name, service, where)
    yield from _images(stack)
    for service, where in stack.services.values():
        variables, lines = _environment(service)
        # An anchor is shared by services, and its lines are where it is.
        yield from databases(variables, where.partition(":")[0], LOCAL, stack.services, lines)


def _images(stack: Stack) -> Iterator[Record]:
    """The images that a stack runs: its own, and those of others, each once."""
    for name, (service, where) in stack.services.items():
        if listed(service.get("profiles")):
            continue
        written = service.get("image")
        image = _with_defaults(written)
        image = image if _IMAGE.fullmatch(image) else ""
        if "build" in service:
            own = image or f"{stack.name}-{name}"
            told = "the release's own reference, where it has one"
        elif image and image == written:
            own, told = image, ""
        elif image:
            # Its default may be another one than what runs, and would be judged in its place.
            told = f"the image of the service {name} depends on variables: name the one that runs, under images"
            yield Hint(told, where)
            continue
        else:
            continue
        yield Discovered("images", name, {"image": own}, where, LOCAL, told, frozenset((f"image:{own}",)))


def _service(project: Project, stack: Stack, name: str, service: YamlMap, where: str) -> Iterator[Record]:
    if profiles := listed(service.get("profiles")):
        shown = ", ".join(named(str(each)) for each in profiles[:3])
        yield Hint(f"the service {name} is started with the profile {shown} only", where, "compose")
        return
    own = _with_defaults(service.get("container_name"))
    container = own or f"{stack.name}-{name}-1"
    known = frozenset((f"service:{stack.name}/{name}", f"container:{container}"))
    yield Discovered("containers", name, {"container": container}, where, LOCAL, same=known)
    image = _with_defaults(service.get("image"))
    image = image if _IMAGE.fullmatch(image) else ""
    ports = list(_ports(service))
    product = product_of(image)
    if product in ENGINES:
        yield _database(name, ENGINES[product], ports, where)
    elif product in CATCHERS:
        yield from _catcher(name, product, ports, where)
    elif product in OTHERS:
        yield Hint(f"the service {name} is a {OTHERS[product]} ({product})", where, OTHERS[product])
    else:
        health = _health(project, stack, service)
        behind = "" if health or product not in PROXIES else _behind(project, stack, service)
        yield from _urls(name, ports, health, behind, where)


def _database(name: str, engine: str, ports: list[Published], where: str) -> Discovered:
    usual = USUAL_PORTS[engine]
    at = next((port for port in ports if port.inside == usual and port.outside), None)
    same = {f"{engine}@{name.lower()}"} | ({f"{engine}@{at.address}"} if at else set())
    told = f"it listens at {at.address}" if at else "its port is not published, so that it is out of reach from here"
    return Discovered("databases", name, {"engine": engine}, where, LOCAL, told, frozenset(same))


def _catcher(name: str, product: str, ports: list[Published], where: str) -> Iterator[Record]:
    spoken, usual = CATCHERS[product]
    at = next((port for port in ports if port.inside == usual and port.outside), None)
    if at:
        yield Discovered("inboxes", name, {"inbox": f"{spoken}://{at.address}"}, where, LOCAL)
    else:
        yield Hint(f"the service {name} catches mail ({product}); its web port is not published", where)


def _urls(
    name: str, ports: list[Published], health: tuple[int, str] | None, behind: str, where: str
) -> Iterator[Record]:
    """Published ports on which HTTP may be spoken.

    Args:
        name: of the service.
        ports: that it publishes.
        health: port and path by which it is asked.
        behind: path by which the one service behind it is asked, if it is a proxy.
        where: the file and the line.
    """
    for port in ports:
        if speaks_http(port.inside) and not port.outside:
            told = f"the service {name} publishes its port {port.inside} at another one each time"
            yield Hint(f"{told}: docker compose port {name} {port.inside} tells it", where)
    addresses = web_addresses({port.inside: port.address for port in ports if port.outside})
    for number, (inside, fields) in enumerate(addresses.items()):
        told = ""
        if health and health[0] == inside and health[1] != "/":
            fields[probe_field(health[1])] = health[1]
        if behind:
            fields[probe_field(behind)] = behind
            told = f"{behind} is asked of what is behind it; write it as it is passed on"
        own = named(name if not number else f"{name}-{inside}")
        yield Discovered("urls", own, fields, where, LOCAL, told, frozenset((place_of(fields["url"]),)))


def _behind(project: Project, stack: Stack, service: YamlMap) -> str:
    """The path by which the one service that a proxy depends on is asked for its health; "" for none and several."""
    given = service.get("depends_on")
    names = given if isinstance(given, YamlMap) else listed(given)
    others = [stack.services[name][0] for name in names if isinstance(name, str) and name in stack.services]
    asked = {health[1] for other in others if (health := _health(project, stack, other)) and health[1] != "/"}
    return asked.pop() if len(asked) == 1 else ""


def _ports(service: Mapping[str, Any]) -> Iterator[Published]:
    for entry in listed(service.get("ports")):
        if isinstance(entry, YamlMap):
            ip = str(entry.get("host_ip") or "")
            outside, inside, by = entry.get("published"), entry.get("target"), entry.get("protocol")
            text = f"{outside or ''}:{inside}/{by or 'tcp'}"
        else:
            text, ip = str(entry), ""
        match = _PORT.fullmatch(_with_defaults(text))
        if match is None or (match["by"] or "tcp").lower() != "tcp":
            continue
        host = (match["ip"] or _with_defaults(ip)).strip("[]")
        numbers = int(match["inside"]), int(match["outside"] or 0)
        if 0 < numbers[0] < 65536 and numbers[1] < 65536:
            shown = f"[{host}]" if ":" in host else host
            yield Published(*numbers, "localhost" if host in _THIS_MACHINE else shown)


def _health(project: Project, stack: Stack, service: YamlMap) -> tuple[int, str] | None:
    """The port and the path by which Docker asks a service for its health."""
    test = entries(service.get("healthcheck")).get("test")
    written = probed(" ".join(map(str, listed(test))) if isinstance(test, list) else str(test or ""))
    return written or dockerfiles.read(project, _dockerfile(PurePosixPath(stack.path).parent, service)).health


def _environment(service: Mapping[str, Any]) -> tuple[dict[str, str], dict[str, int]]:
    given = service.get("environment")
    if isinstance(given, YamlMap):
        return {name: str(value or "") for name, value in given.items()}, dict(given.lines)
    pairs = [str(each).partition("=") for each in listed(given)]
    lines = getattr(given, "lines", [])
    return (
        {name: value for name, _, value in pairs},
        {name: line for (name, _, _), line in zip(pairs, lines, strict=False)},
    )


def _env_files(service: Mapping[str, Any]) -> Iterator[str]:
    given = service.get("env_file")
    for each in listed(given) if isinstance(given, list) else [given]:
        path = each.get("path") if isinstance(each, YamlMap) else each
        if isinstance(path, str):
            yield path


def _dockerfile(folder: PurePosixPath, service: Mapping[str, Any]) -> str:
    build = service.get("build")
    context = build if isinstance(build, str) else entries(build).get("context", ".")
    file = entries(build).get("dockerfile", "Dockerfile")
    if build is None or not isinstance(context, str) or not isinstance(file, str):
        return ""
    return _below(folder / context, file)


def _below(folder: PurePosixPath, path: str) -> str:
    """A path as from the folder that is looked at, without dots in it."""
    parts: list[str] = []
    for part in (folder / path).parts:
        if part == ".." and parts and parts[-1] != "..":
            parts.pop()
        elif part != ".":
            parts.append(part)
    return "/".join(parts)


def _over(known: YamlMap | None, service: YamlMap) -> YamlMap:
    """A service with what an override says of it: lists are added to one another, all else replaces."""
    if known is None:
        return service
    made = YamlMap(known.path, known.line)
    for each in (known, service):
        for key, value in each.items():
            both = isinstance(value, list) and isinstance(made.get(key), list)
            made[key] = type(value)(value.path, value.line) if both else value
            made.lines[key] = each.lines[key]
            if both:
                made[key] += [*known[key], *value]
                made[key].lines += [*known[key].lines, *value.lines]
    return made


def _with_defaults(text: object) -> str:
    """A text with the defaults of its variables, as they are written in the file; "" where one has none."""
    filled = _DEFAULT.sub(r"\1", text) if isinstance(text, str) else ""
    return filled if "$" not in filled and is_plain(filled) else ""


def _project_name(project: Project, path: str) -> str:
    return _project(PurePosixPath(project.folder, path).parent.name)


def _project(name: str) -> str:
    """A name of a project as Compose normalises it."""
    return _PROJECT.sub("", name.lower()).lstrip("_-")
