from __future__ import annotations

import re

import pytest

from pytest_readiness.core.evidence import ClaimFalse, CouldNotVerify, Unreachable
from pytest_readiness.domains.image.resource import Image
from tests.judging import judge
from tests.stack.docker import IMAGE, DockerEngine


def image(engine: DockerEngine, reference: str) -> Image:
    return Image(name="shop", image=reference, engine=engine.base_url)


@pytest.mark.parametrize(
    ("repository", "tag"),
    [("shop", "1.4.2"), ("shop", "v2_rc-1"), ("registry.example.com:5000/team/shop", "2026-11-21")],
)
def test_pinned_by_tag(docker_engine: DockerEngine, repository: str, tag: str) -> None:
    docker_engine.client().images.get(IMAGE).tag(repository, tag)
    evidence = judge("image.pinned", image(docker_engine, f"{repository}:{tag}"))
    assert re.fullmatch(rf"tag {re.escape(tag)}, now image sha256:[0-9a-f]{{64}}", evidence.text)


def test_pinned_by_digest(docker_engine: DockerEngine) -> None:
    docker_engine.image("pinned:latest")
    repository, _, digest = docker_engine.publish("pinned:latest").partition("@")
    for between in ("", ":latest"):
        evidence = judge("image.pinned", image(docker_engine, f"{repository}{between}@{digest}"))
        assert evidence.text == f"digest {digest}"


@pytest.mark.parametrize("prefix", ["sha256:", ""])
def test_pinned_by_id(docker_engine: DockerEngine, prefix: str) -> None:
    id = str(docker_engine.client().images.get(IMAGE).id)
    evidence = judge("image.pinned", image(docker_engine, f"{prefix}{id.removeprefix('sha256:')}"))
    assert evidence.text == f"image id {id}"


@pytest.mark.parametrize(
    ("reference", "seen"),
    [
        ("floating", "'floating' has no tag, which means latest"),
        ("floating:latest", "'floating:latest'"),
        ("registry.example.com:5000/floating", "'registry.example.com:5000/floating' has no tag, which means latest"),
        ("registry.example.com:5000/floating:latest", "'registry.example.com:5000/floating:latest'"),
    ],
)
def test_pinned_to_whatever_is_latest(docker_engine: DockerEngine, reference: str, seen: str) -> None:
    docker_engine.client().images.get(IMAGE).tag(reference.removesuffix(":latest"), "latest")
    with pytest.raises(ClaimFalse) as failure:
        judge("image.pinned", image(docker_engine, reference))
    assert (failure.value.expected, failure.value.seen) == ("a digest, or a tag other than latest", seen)


def test_pinned_by_the_beginning_of_an_id(docker_engine: DockerEngine) -> None:
    id = str(docker_engine.client().images.get(IMAGE).id).removeprefix("sha256:")
    with pytest.raises(ClaimFalse, match="has no tag"):
        judge("image.pinned", image(docker_engine, id[:12]))


@pytest.mark.parametrize("reference", ["absent:1.0", f"shop@sha256:{'0' * 64}", "shop:", "shop@sha256:abc", "Shop:1"])
def test_pinned_of_an_image_that_is_not_there(docker_engine: DockerEngine, reference: str) -> None:
    with pytest.raises(CouldNotVerify, match=f"the Docker engine {docker_engine.base_url} "):
        judge("image.pinned", image(docker_engine, reference))


def test_pinned_without_an_engine() -> None:
    with pytest.raises(Unreachable, match=r"there is no such socket$"):
        judge("image.pinned", Image(name="shop", image="shop:1.4.2", engine="unix:///nowhere/docker.sock"))
