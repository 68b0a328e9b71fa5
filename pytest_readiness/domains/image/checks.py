"""Container images."""

from __future__ import annotations

import re

from pytest_readiness.core.evidence import ClaimFalse, Evidence, claim
from pytest_readiness.core.registry import check
from pytest_readiness.domains.image.facts import ImageFacts
from pytest_readiness.domains.image.resource import Image

# A colon belongs to a registry's port where a slash follows it, because a tag has none.
_REFERENCE = re.compile(r"[^@\s]+?(:(?P<tag>\w[\w.-]{0,127}))?(@(?P<digest>[a-z0-9+._-]+:[0-9a-f]{32,}))?")


@check(
    "image.pinned",
    severity="high",
    remedy="Name a version (shop:1.4.2) or, because a tag can be moved, a digest (shop@sha256:…).",
    source="OCI distribution specification (references); CIS Docker Benchmark 4.2, 5.28",
)
def pinned(image: Image, image_facts: ImageFacts) -> Evidence:
    """The image is named by its digest, or by a tag that is not latest.

    The reference is the target's, and the engine holds an image under it. Whether the tag is moved is not looked at.
    """
    expected = "a digest, or a tag other than latest"
    reference = image.image
    if reference in (image_facts.id, image_facts.id.removeprefix("sha256:")):
        return Evidence(f"image id {image_facts.id}")
    match = _REFERENCE.fullmatch(reference)
    if match is None:
        raise ClaimFalse(expected, f"'{reference}' is not a reference to an image")
    tag, digest = match["tag"], match["digest"]
    if digest:
        return Evidence(f"digest {digest}")
    claim(bool(tag), expected=expected, seen=f"'{reference}' has no tag, which means latest")
    claim(tag != "latest", expected=expected, seen=f"'{reference}'")
    return Evidence(f"tag {tag}, now image {image_facts.id}")
