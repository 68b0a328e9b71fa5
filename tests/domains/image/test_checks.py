from __future__ import annotations

import pytest

from pytest_readiness.core.evidence import ClaimFalse, CouldNotVerify
from pytest_readiness.domains.image.facts import image_facts
from pytest_readiness.domains.image.resource import Image
from tests.judging import judge
from tests.stack.docker import IMAGE, DockerEngine

DIGEST = f"sha256:{'0a' * 32}"


def image(reference: str) -> Image:
    # Nobody is there: the reference alone decides.
    return Image(name="shop", image=reference, engine="unix:///nowhere/docker.sock")


@pytest.mark.parametrize(
    ("reference", "seen"),
    [
        ("shop:1.4.2", "tag 1.4.2"),
        ("shop:v2_rc-1", "tag v2_rc-1"),
        ("registry.example.com:5000/team/shop:2026-11-21", "tag 2026-11-21"),
        ("team/my__shop/a---b_c.d:1", "tag 1"),
        (f"shop@{DIGEST}", f"digest {DIGEST}"),
        (f"registry.example.com:5000/shop:latest@{DIGEST}", f"digest {DIGEST}"),
        (DIGEST, f"image id {DIGEST}"),
        ("0a" * 32, f"image id {'0a' * 32}"),
    ],
)
def test_pinned(reference: str, seen: str) -> None:
    assert judge("image.pinned", image(reference)).text == seen


@pytest.mark.parametrize(
    ("reference", "seen"),
    [
        ("redis", "'redis' has no tag, which means latest"),
        ("redis:latest", "'redis:latest'"),
        ("registry.example.com:5000/redis", "'registry.example.com:5000/redis' has no tag, which means latest"),
        ("registry.example.com:5000/redis:latest", "'registry.example.com:5000/redis:latest'"),
        ("0a0a0a0a0a0a", "'0a0a0a0a0a0a' has no tag, which means latest"),
        *(
            (reference, f"'{reference}' is not a reference to an image")
            for reference in (
                *("shop:", "shop@sha256:abc", f"shop@sha256:{'0a' * 20}", "Shop:1", "shop:$TAG", "shop:1 "),
                *("shop..x:1", "shop___x:1", "team//shop:1", "shop._x:1"),
            )
        ),
    ],
)
def test_not_pinned(reference: str, seen: str) -> None:
    with pytest.raises(ClaimFalse) as failure:
        judge("image.pinned", image(reference))
    assert (failure.value.expected, failure.value.seen) == ("a digest, or a tag other than latest", seen)


def test_the_reference_is_one_to_docker(docker_engine: DockerEngine) -> None:
    """What is taken for a reference here, an engine takes for one."""
    client = docker_engine.client()
    for repository, tag in ("shop", "v2_rc-1"), ("registry.example.com:5000/team/shop", "2026-11-21"):
        client.images.get(IMAGE).tag(repository, tag)
        reference = f"{repository}:{tag}"
        held = Image(name="shop", image=reference, engine=docker_engine.base_url)
        assert image_facts(held).id == client.images.get(IMAGE).id
        judge("image.pinned", held)


def test_facts_of_an_image_that_is_not_there(docker_engine: DockerEngine) -> None:
    absent = Image(name="shop", image="absent:1.0", engine=docker_engine.base_url)
    with pytest.raises(CouldNotVerify, match=f"the Docker engine {docker_engine.base_url} holds no image absent:1"):
        image_facts(absent)
