"""Container images."""

from __future__ import annotations

import re

from pytest_readiness.core.evidence import ClaimFalse, Evidence, claim
from pytest_readiness.core.registry import check
from pytest_readiness.domains.image.facts import ImageReference

# A colon belongs to a registry's port where a slash follows it, because a tag has none.
_REFERENCE = re.compile(
    r"""
    (?:[\w.-]{1,253}(?::\d+)?/|\[[0-9A-Fa-f:]+\](?::\d+)?/)?       # a registry
    [a-z0-9]{1,255}(?:(?:__|[._/]|-{1,9})[a-z0-9]{1,255}){0,255}     # a repository
    (?::(?P<tag>\w[\w.-]{0,127}))?
    (?:@(?P<digest>sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128}|(?!sha(?:256|512):)[a-z0-9+._-]{1,64}:[0-9a-f]{32,}))?
    """,
    re.VERBOSE | re.ASCII,
)
_ID = re.compile(r"(sha256:)?[0-9a-f]{64}")


@check(
    "image.pinned",
    severity="high",
    remedy="Name a version (shop:1.4.2) or, because a tag can be moved, a digest (shop@sha256:…).",
    source="OCI distribution specification (references); CIS Docker Benchmark 4.2, 5.28",
)
def pinned(image_reference: ImageReference) -> Evidence:
    """The image is named by its digest, or by a tag that is not latest.

    The reference in the target is judged; whether an engine holds such an image, or the tag is moved, is not looked at.
    """
    expected = "a digest, or a tag other than latest"
    reference = image_reference.text
    if _ID.fullmatch(reference):
        return Evidence(f"image id {reference}")
    match = _REFERENCE.fullmatch(reference)
    if match is None:
        raise ClaimFalse(expected, f"'{reference}' is not a reference to an image")
    tag, digest = match["tag"], match["digest"]
    if digest:
        return Evidence(f"digest {digest}")
    claim(bool(tag), expected=expected, seen=f"'{reference}' has no tag, which means latest")
    claim(tag != "latest", expected=expected, seen=f"'{reference}'")
    return Evidence(f"tag {tag}")
