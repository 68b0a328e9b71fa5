"""Running containers, of a real engine."""

from __future__ import annotations

import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from pytest_readiness.discover.found import Survey
from pytest_readiness.discover.merging import merged
from pytest_readiness.discover.writing import kept
from pytest_readiness.domains.container import engine
from tests.discover.application import write
from tests.stack.docker import IMAGE, DockerEngine

Look = Callable[..., Survey]


def test_containers_of_this_folders_stack_are_the_stacks(folder: Path, look: Look, docker_engine: DockerEngine) -> None:
    write(folder, "compose.yaml", f"name: init\nservices:\n  web:\n    image: '{IMAGE}'\n    ports: ['80']\n")
    labels = {"com.docker.compose.project": "init", "com.docker.compose.service": "web"}
    client = docker_engine.client()
    # As an older Compose calls it.
    ours = client.containers.run(IMAGE, ["sleep", "1000"], detach=True, name="init_web_1", labels=labels)
    other = client.containers.run(IMAGE, ["sleep", "1000"], detach=True, name="init_other")
    try:
        found = look(DOCKER_HOST=docker_engine.base_url)
    finally:
        for each in (ours, other):
            each.remove(force=True)
    (container,) = [each for each in merged(found.found) if each.section == "containers"]
    assert container.name == "web"
    assert container.source == "the running container init_web_1, compose.yaml:3"
    assert container.fields["container"] == "init_web_1"
    assert container.fields["engine"] == "${DOCKER_HOST}"
    assert kept([container], folder) == ([container], [])
    assert any(each.text.startswith("1 that are not of this folder's stack") for each in found.hints)


def test_an_engine_elsewhere_is_not_asked(look: Look) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0)
        found = look(DOCKER_HOST=f"tcp://127.0.0.1:{server.getsockname()[1]}")
        with pytest.raises(BlockingIOError):
            server.accept()
    assert [each.source for each in found.hints] == ["the environment"]


def test_an_engine_that_is_silent_costs_a_bounded_time(
    tmp_path: Path, look: Look, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "READ_SECONDS", 0.2)
    monkeypatch.chdir(tmp_path)
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("s")
        server.listen()
        found = look(DOCKER_HOST=f"unix://{tmp_path}/s")
    assert [each.source for each in found.skipped] == ["the running containers"]
