"""Images that a Docker engine holds."""

from __future__ import annotations

from dataclasses import dataclass

from pytest_readiness.core.evidence import CouldNotVerify
from pytest_readiness.core.registry import fact
from pytest_readiness.domains.container.engine import engine_of
from pytest_readiness.domains.image.resource import Image


@dataclass(frozen=True, slots=True)
class ImageFacts:
    """An image that the engine holds.

    Attributes:
        id: digest of its configuration, "sha256:…".
    """

    id: str


@dataclass(frozen=True, slots=True)
class ImageReference:
    """How the target names an image.

    Attributes:
        text: as it is written.
    """

    text: str


@fact(deadline=5, way="reference")
def image_reference(image: Image) -> ImageReference:
    """The reference by which the target names the image; no engine is asked."""
    return ImageReference(image.image)


@fact(deadline=15, way="engine")
def image_facts(image: Image) -> ImageFacts:
    """The image that the engine holds under this reference."""
    from docker.errors import NotFound

    with engine_of(image) as client:
        try:
            return ImageFacts(client.images.get(image.image).attrs["Id"])
        except NotFound:
            raise CouldNotVerify(f"the Docker engine {image.place} holds no image {image.image}") from None
