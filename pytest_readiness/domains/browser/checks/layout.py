"""How a web endpoint's page is laid out and illustrated."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated

from pydantic import Field

from pytest_readiness.core.evidence import CouldNotVerify, Evidence, claim
from pytest_readiness.core.registry import check
from pytest_readiness.domains.browser.checks.accessibility import layout_at, layout_shots
from pytest_readiness.domains.browser.checks.pages import (
    CLOSED,
    STYLED,
    Point,
    looks_at,
    parts,
    place,
    rest_of,
    seen_page,
    some,
)
from pytest_readiness.domains.browser.facts.pages import ImageSeen, Look, Visit
from pytest_readiness.domains.http.resource import UrlPath

FALLBACK_WIDTH = 980
"""CSS pixels for which phones lay out a page that says nothing about its viewport."""
MODERN = ("image/avif", "image/webp", "image/svg+xml", "image/jxl")

Width = Annotated[int, Field(ge=240, le=3840)]


@check(
    "browser.responsive",
    severity="medium",
    remedy="Let wide elements wrap, shrink (max-width: 100%) or scroll on their own, and declare the viewport.",
    source="WCAG 2.1 success criterion 1.4.10 (AA: 320 px without scrolling in two dimensions)",
    asks=lambda _, path, widths: {"browser_pages": [Look(path or "", "width", width) for width in widths]},
)
def responsive(
    browser_pages: Mapping[str, Visit],
    *,
    path: UrlPath | None = None,
    widths: Annotated[list[Width], Field(min_length=1, max_length=4)] = [320, 768, 1280],  # noqa: B006
    signed: list[Point] = [],  # noqa: B006  (pydantic copies it)
) -> Evidence:
    """At each width of the window, the page does not scroll sideways, and nothing is cut off at its right edge.

    Nor may text and controls end where nobody can scroll to: beyond the left edge, beyond the right one where scrolling
    is switched off, or beyond an element that hides what sticks out of it; pictures may. Where that may be meant, as in
    a carousel, with an ellipsis or in a narrow element, the claim could not be verified. What lies aside as a whole, as
    a menu that slides in, and elements that scroll by themselves do not count; frames of the same origin do. For widths
    below 980 px the page must also have `<meta name="viewport" content="width=device-width">`, without which phones lay
    it out for 980 px, and its scales must be such that it is shown at its size; of several, the last one counts. The
    page is loaded once and the window, which has no scroll bars, then resized; scripts have a second to react. Where a
    part of it is closed to the visit (frames of other origins, closed shadow trees, plugins, what a dialog covers, what
    was not loaded), the claim could not be verified. Not looked at: what overlaps or is too small to read at a width.

    Args:
        path: path on the host, beginning with a slash. Default: the page that a visitor of the root ends on.
        widths: of the window, in CSS pixels, at most four. 320: WCAG 1.4.10; 768 and 1280: a tablet and a desktop.
        signed: points that could not be decided, and that the role under `partial` signs for, as they are named. Needs
            `partial`. Default: none.
    """
    visit, _ = seen_page(browser_pages, path)
    layouts = [layout_at(visit, width) for width in widths]
    faults = []
    for layout in layouts:
        if layout.overflow > 1:
            what = f": {some(layout.wide)}" if layout.wide else ""
            faults.append(f"at {layout.width} px it scrolls {layout.overflow:.0f} px sideways{what}")
        elif layout.cut:
            faults.append(f"at {layout.width} px content is cut off: {some(layout.cut)}")
    if min(widths) < FALLBACK_WIDTH and (fault := _viewport_fault(visit.viewport_meta)):
        faults.append(fault)
    attachments = tuple(shot for layout in layouts for shot in layout_shots(layout))
    wanted = ", ".join(str(width) for width in widths)
    claim(
        not faults,
        expected=f"no scrolling sideways at {wanted} px",
        seen=f"{'; '.join(faults)} ({place(visit)})",
        attachments=attachments,
    )
    unsized = [f"image at {image.what}" for image in visit.images if image.state != "loaded" and not image.reserved]
    maybe = dict.fromkeys(f"cut at {what}" for layout in layouts for what in layout.maybe)
    more, warning = rest_of(visit, [*parts(visit, CLOSED | STYLED), *unsized, *maybe], signed)
    return Evidence(f"nothing sticks out at {wanted} px{more} ({place(visit)})", warning, attachments=attachments)


@check(
    "browser.images",
    severity="low",
    remedy="Serve WebP or AVIF, write width and height, and loading='lazy' on what is below the fold.",
    source="Lighthouse: 'Serve images in next-gen formats', 'Image elements have explicit width and height', "
    "'Defer offscreen images'",
    asks=looks_at(),
)
def images(
    browser_pages: Mapping[str, Visit],
    *,
    path: UrlPath | None = None,
    modern_from_kb: Annotated[float, Field(ge=0)] = 8,
    sized: bool = True,
    lazy: bool = True,
    signed: list[Point] = [],  # noqa: B006  (pydantic copies it)
) -> Evidence:
    """Images load, come in a modern format, have their space reserved, and load lazily below the fold.

    Visible <img>, <input type="image"> and <image> elements, after scrolling to the end of the page (at most 60 windows
    of 1280 × 800 px); not what a timer brings more than 5 seconds after the load event. A placeholder of a few pixels
    with data-src or data-srcset is not loaded. Modern are AVIF, WebP, JPEG XL and SVG, by the Content-Type. Backgrounds
    of style sheets are not looked at. Where a part of the page is closed to the visit (frames of other origins, closed
    shadow trees, plugins, what a dialog covers, what was not loaded), the claim could not be verified. A page without
    images passes, with a warning.

    Args:
        path: path on the host, beginning with a slash. Default: the page that a visitor of the root ends on.
        modern_from_kb: from this size up the format must be modern, in kB; an image of unknown size counts as large. 8:
            below that, Lighthouse sees nothing to save.
        sized: width and height must be given, by attributes or styles, so that nothing moves. True: Lighthouse.
        lazy: images that begin below the first window must have loading="lazy". True: Lighthouse.
        signed: points that could not be decided, and that the role under `partial` signs for, as they are named. Needs
            `partial`. Default: none.
    """
    visit, _ = seen_page(browser_pages, path)
    visible = [image for image in visit.images if image.visible or image.state == "broken"]
    closed = parts(visit, CLOSED | {"script", "fetch"})
    if not visible:
        more, warning = rest_of(visit, closed, signed)
        nothing = "no images on the page: bind the path of one that has them"
        return Evidence(f"no images on the page{more} ({place(visit)})", "; ".join(filter(None, (nothing, warning))))
    faults: list[str] = []
    unknown: list[str] = []
    for image in visible:
        if image.state == "broken":
            faults.append(f"{image.what} is not loaded")
            continue
        if image.state == "placeholder":
            faults.append(f"{image.what} still shows a placeholder instead of its data-src")
            continue
        if image.state == "pending":
            unknown.append(f"{image.what} (was not answered)")
        elif not image.media_type:
            unknown.append(f"{image.what} (of no type)")
        elif _old(image, modern_from_kb):
            size = f" with {image.size / 1000:.0f} kB" if image.size else ""
            faults.append(f"{image.what} is {image.media_type}{size}")
        if sized and not image.reserved:
            faults.append(f"{image.what} has no width and height")
        if lazy and image.top >= visit.fold and not image.lazy:
            faults.append(f"{image.what} is below the fold ({image.top:.0f} px) and not lazy")
    wanted = [
        "loaded",
        "in a modern format",
        *(["with their space reserved"] * sized),
        *(["lazy below the fold"] * lazy),
    ]
    claim(
        not faults,
        expected=f"images {', '.join(wanted)}",
        seen=f"{len(faults)} fault{'s' * (len(faults) != 1)} in {len(visible)} images: {some(faults)} ({place(visit)})",
    )
    if unknown:
        raise CouldNotVerify(f"{len(unknown)} of {len(visible)} images could not be judged: {some(unknown)}")
    more, warning = rest_of(visit, closed, signed)
    kinds = sorted({image.media_type for image in visible})
    return Evidence(f"{len(visible)} images {', '.join(wanted)}: {', '.join(kinds)}{more} ({place(visit)})", warning)


def _viewport_fault(viewport: str | None) -> str:
    """Why phones lay a page out for another width than theirs, or show it at another size; "" where they do not."""
    words = re.split(r"[\s,;]+", (viewport or "").lower().replace("=", " = "))
    # Of what is named twice, the last one counts.
    named = {name: value for name, sign, value in zip(words, words[1:], words[2:], strict=False) if sign == "="}
    if named.get("width") != "device-width":
        return "no meta viewport with width=device-width" + (f" but '{viewport}'" if viewport else "")
    least, most = _scale(named.get("minimum-scale"), 0.1), _scale(named.get("maximum-scale"), 10)
    scale = max(least, min(max(least, most), _scale(named.get("initial-scale"), 1)))
    return "" if abs(scale - 1) < 0.01 else f"the meta viewport '{viewport}' shows the page at {scale:g} times its size"


def _scale(value: str | None, otherwise: float) -> float:
    """A scale as browsers read it: what follows the number does not count, and what is no number is not there."""
    number = re.match(r"\d+(?:\.\d*)?|\.\d+", value or "")
    return min(10, max(0.1, float(number[0]))) if number else otherwise


def _old(image: ImageSeen, modern_from_kb: float) -> bool:
    return image.media_type not in MODERN and (not image.size or image.size >= modern_from_kb * 1000)
