"""Containers that run on this machine's Docker engine, those of the folder's own stack first."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pytest_readiness.core.evidence import CouldNotVerify
from pytest_readiness.discover.compose import Stack
from pytest_readiness.discover.found import LOCAL, Discovered, Hint, Record, VariableText, named, said
from pytest_readiness.discover.known import ENGINES, USUAL_PORTS, place_of, product_of, web_addresses
from pytest_readiness.discover.project import Project
from pytest_readiness.domains.container.engine import engine_of, socket_of
from pytest_readiness.domains.container.resource import DEFAULT_ENGINE

SOURCE = "the running containers"
_VARIABLE = "DOCKER_HOST"
_LABEL = "com.docker.compose."


@dataclass(frozen=True, slots=True)
class UsualEngine:
    """The engine that is asked."""

    place: str = DEFAULT_ENGINE
    certs: Path | None = None


def find(project: Project, stack: Stack, environment: Mapping[str, str]) -> Iterator[Record]:
    """Running containers of the stack, or of this folder; how many others there are."""
    address = environment.get(_VARIABLE, "")
    if address and not socket_of(address):
        yield Hint(
            f"{_VARIABLE} names an engine elsewhere, which was not asked: containers there take "
            f'engine: "${{{_VARIABLE}}}"',
            "the environment",
        )
        return
    engine = UsualEngine(address or DEFAULT_ENGINE)
    try:
        if not Path(socket_of(engine.place)).exists():
            return
        with engine_of(engine) as client:
            api: Any = client.api
            running = [each for each in api.containers() if isinstance(each, dict)]
    except (CouldNotVerify, OSError) as error:
        project.skip(SOURCE, said(str(error)))
        return
    fields = {"engine": VariableText(f"${{{_VARIABLE}}}")} if address else {}
    others = 0
    for each in sorted(running, key=_name):
        labels = each.get("Labels") or {}
        of, service = (str(labels.get(f"{_LABEL}{key}") or "") for key in ("project", "service"))
        folder = str(labels.get(f"{_LABEL}project.working_dir") or "")
        if _name(each) and ((of and of == stack.name) or (folder and Path(folder) == project.folder)):
            yield from _container(each, of, service or _name(each), fields)
        else:
            others += 1
    if others:
        yield Hint(f"{others} that are not of this folder's stack; declare those that are of the product", SOURCE)


def _name(container: Mapping[str, Any]) -> str:
    return next((str(each).lstrip("/") for each in container.get("Names") or ()), "")


def _container(container: Mapping[str, Any], of: str, service: str, fields: Mapping[str, Any]) -> Iterator[Record]:
    name, source = _name(container), f"the running container {_name(container)}"
    same = frozenset((f"container:{name}", f"service:{of}/{service}"))
    yield Discovered("containers", named(service), {"container": name, **fields}, source, LOCAL, same=same)
    engine = ENGINES.get(product_of(str(container.get("Image") or "")))
    published: dict[int, str] = {}
    for port in container.get("Ports") or ():
        inside, outside = port.get("PrivatePort"), port.get("PublicPort")
        if not isinstance(inside, int) or not isinstance(outside, int) or port.get("Type") != "tcp":
            continue
        at = f"localhost:{outside}"
        if engine and inside == USUAL_PORTS[engine]:
            known = frozenset((f"{engine}@{service.lower()}", f"{engine}@{at}"))
            yield Discovered(
                "databases", named(service), {"engine": engine}, source, LOCAL, f"it listens at {at}", known
            )
        else:
            published[inside] = at
    for fields in () if engine else web_addresses(published).values():
        yield Discovered("urls", named(service), fields, source, LOCAL, same=frozenset((place_of(fields["url"]),)))
