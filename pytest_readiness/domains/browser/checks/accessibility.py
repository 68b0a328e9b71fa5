"""Whether everyone can use a web endpoint's page: by axe-core's rules, by keyboard, by touch, without sound."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import chain
from typing import Annotated, Literal

from pydantic import Field

from pytest_readiness.core.evidence import Attachment, CouldNotVerify, Evidence, claim
from pytest_readiness.core.registry import check
from pytest_readiness.domains.browser.checks.pages import (
    CLOSED,
    STYLED,
    Point,
    left_to_sign,
    looks_at,
    parts,
    place,
    rest_of,
    seen_page,
    shots,
    some,
)
from pytest_readiness.domains.browser.facts.pages import Axe, AxeRule, Look, PageLayout, TapTarget, Visit
from pytest_readiness.domains.http.resource import UrlPath

Standard = Literal["wcag20a", "wcag20aa", "wcag21a", "wcag21aa", "wcag22aa"]

TAGS: Mapping[Standard, frozenset[str]] = {
    "wcag20a": frozenset({"wcag2a"}),
    "wcag20aa": frozenset({"wcag2a", "wcag2aa"}),
    "wcag21a": frozenset({"wcag2a", "wcag21a"}),
    "wcag21aa": frozenset({"wcag2a", "wcag2aa", "wcag21a", "wcag21aa"}),
    "wcag22aa": frozenset({"wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"}),
}
"""axe's tags of the rules that belong to a level of the guidelines."""

MOST_TARGETS = 500


def _points(rule: AxeRule) -> Iterator[str]:
    for point in rule.points:
        yield f"{rule.id} at {point}"
    if rule.count > len(rule.points):
        yield rule.id


def _judged(visit: Visit, axe: Axe, wanted: Callable[[AxeRule], bool], what: str, signed: list[str]) -> Evidence:
    """No violation of the wanted rules, and every point that axe cannot decide is signed for."""
    violations = [rule for rule in axe.violations if wanted(rule)]
    broken = [f"{rule.id} ({rule.impact}) on {rule.count}: {rule.points[0]}" for rule in violations]
    first = f"; the first: {violations[0].reason}" if violations and violations[0].reason else ""
    about = f"axe-core {axe.version}; {place(visit)}"
    claim(
        not violations,
        expected=f"no violation of {what}",
        seen=f"{len(violations)} rules violated: {some(broken, 5)}{first} ({about})",
        attachments=shots(visit),
    )
    held = [rule for rule in axe.passes if wanted(rule)]
    undecided = [rule for rule in axe.incomplete if wanted(rule)]
    points = [*chain.from_iterable(map(_points, undecided)), *parts(visit, CLOSED | STYLED | {"canvas", "image"})]
    if not held and not points:
        raise CouldNotVerify(f"axe-core found nothing on the page that a rule of {what} applies to ({place(visit)})")
    found = f"no violation of {what} in {len(held)} rules"
    seen, warning = left_to_sign(f"axe-core {axe.version} found {found}", points, signed)
    return Evidence(f"{found}{seen} ({about})", warning, attachments=shots(visit))


def _axe(visit: Visit) -> Axe:
    if visit.axe is None:
        raise CouldNotVerify(f"axe-core did not run on {visit.asked} ({(visit.unread or {}).get('axe', 'not asked')})")
    return visit.axe


@check(
    "browser.accessibility",
    severity="high",
    remedy="Fix the named elements; axe's rules are explained at https://dequeuniversity.com/rules/axe/.",
    source="WCAG 2.1 level AA (also EN 301 549), by the rules of axe-core",
    asks=looks_at("axe"),
)
def accessibility(
    browser_pages: Mapping[str, Visit],
    *,
    path: UrlPath | None = None,
    standard: Standard = "wcag21aa",
    signed: list[Point] = [],  # noqa: B006  (pydantic copies it)
) -> Evidence:
    """The page violates none of axe-core's rules for the accessibility guidelines.

    axe-core's rules for the standard, on the page and in its frames of the same origin, as it is after loading and
    scrolling to its end, in the light colour scheme; not what only a click or time brings up. Where axe cannot decide
    about an element, and where a part of the page is closed to it (frames of other origins, closed shadow trees,
    canvases, plugins, what a dialog covers, what was not loaded), the claim could not be verified, and those points are
    named: a person must look at them. Rules cover a part of the guidelines only; bind `partial` for the rest.

    Args:
        path: path on the host, beginning with a slash. Default: the page that a visitor of the root ends on.
        standard: level of the guidelines: wcag20a, wcag20aa, wcag21a, wcag21aa or wcag22aa. wcag21aa: what EN 301 549
            and most laws ask for.
        signed: points that axe cannot decide, and that the role under `partial` signs for: as they are named
            ("color-contrast at #hero > h1"), or a rule for all of its elements ("color-contrast"). Needs `partial`.
            Default: none.
    """
    visit, _ = seen_page(browser_pages, path)
    tags = TAGS[standard]
    return _judged(visit, _axe(visit), lambda rule: not tags.isdisjoint(rule.tags), standard, signed)


@check(
    "browser.contrast",
    severity="medium",
    remedy="Use colours with a contrast of at least 4.5:1, or 3:1 for large text.",
    source="WCAG 2.1 success criterion 1.4.3 (AA), by axe-core's rule color-contrast",
    asks=looks_at("axe"),
)
def contrast(
    browser_pages: Mapping[str, Visit],
    *,
    path: UrlPath | None = None,
    signed: list[Point] = [],  # noqa: B006  (pydantic copies it)
) -> Evidence:
    """Text stands out from its background.

    axe-core's rule color-contrast: 4.5:1, or 3:1 for large text. What it computes is compared with the picture, since
    it does not see filters, blending, shadows and much of what style sheets put before and after an element. Where the
    picture shows other colours, where axe cannot decide, on pictures or gradients, and where a part of the page is
    closed to it, the claim could not be verified, and those points are named: a person must look at them. The page is
    looked at as it is after loading and scrolling to its end, in the light colour scheme and without the mouse over it;
    not what only a click brings up, or a timer more than 5 seconds later, nor switched-off controls.

    Args:
        path: path on the host, beginning with a slash. Default: the page that a visitor of the root ends on.
        signed: points that axe cannot decide, and that the role under `partial` signs for: as they are named
            ("color-contrast at #hero > h1"), or "color-contrast" for all elements. Needs `partial`. Default: none.
    """
    visit, _ = seen_page(browser_pages, path)
    return _judged(visit, _axe(visit), lambda rule: rule.id == "color-contrast", "color-contrast", signed)


@check(
    "browser.keyboard",
    severity="high",
    remedy="Use links, buttons and fields of HTML, keep their focus ring or draw one, and let Tab leave every element.",
    source="WCAG 2.1 success criteria 2.1.1, 2.1.2 (A) and 2.4.7 (AA)",
    asks=looks_at("keyboard"),
)
def keyboard(
    browser_pages: Mapping[str, Visit],
    *,
    path: UrlPath | None = None,
    signed: list[Point] = [],  # noqa: B006  (pydantic copies it)
) -> Evidence:
    """Tab reaches every control of the page, shows where it is, and is never trapped.

    Tab is really pressed, until the page ends. Controls are visible links, buttons, fields, and elements with such a
    role; not those that are disabled or aria-hidden, nor those within menus, tab lists and the like, which arrow keys
    reach from where Tab leads. The focus is visible by the browser's own ring or a text cursor, where the control is in
    plain sight, or because a picture of it and its surroundings differs with and without the focus; how strongly is not
    judged. A trap is what is left neither by Tab, after as many presses as a control may have parts (12), nor by Escape
    and Tab, and what takes the focus back by a timer. Whether Enter works is not looked at.

    The claim could not be verified where an element acts as a control without being one (it listens to clicks or shows
    the pointer of a link, and Tab cannot reach it), where a style sheet shows controls while the mouse is over
    something and no such rule does with the focus (what scripts show then is not looked at), and where a part of the
    page is closed to the visit (frames of other origins, closed shadow trees, canvases, plugins, what a dialog covers,
    what was not loaded): a person must look at those points. A click that an element without such a pointer leaves to
    one around it is not seen.

    Args:
        path: path on the host, beginning with a slash. Default: the page that a visitor of the root ends on.
        signed: points that could not be decided, and that the role under `partial` signs for, as they are named. Needs
            `partial`. Default: none.
    """
    visit, _ = seen_page(browser_pages, path)
    keys = visit.keyboard
    if keys is None:
        why = (visit.unread or {}).get("keyboard", "not asked")
        raise CouldNotVerify(f"Tab could not be pressed on {visit.asked} ({why})")
    points = [f"clickable at {what}" for what in keys.acting] + [f"hover at {what}" for what in keys.hovered]
    points += parts(visit, CLOSED | STYLED | {"canvas"})
    if not keys.controls:
        raise CouldNotVerify(
            f"the page has no control that Tab could reach ({place(visit)})"
            + (f"; what could not be decided: {some(points)}" if points else "")
        )
    expected = f"Tab reaches all {keys.controls} controls, the focus is visible, and nothing traps it"
    end = f"({keys.presses} presses; {place(visit)})"
    claim(not keys.trap, expected=expected, seen=f"trapped at {keys.trap} {end}")
    # What is covered cannot show a focus, and is not judged until that is out of the way.
    rest_of(visit, parts(visit, {"cover"}), [*signed, *([] if not keys.dialog else ["cover"])])
    claim(
        not keys.unseen,
        expected=expected,
        seen=f"{len(keys.unseen)} look the same with the focus: {some(keys.unseen)} {end}",
    )
    if keys.dialog:
        raise CouldNotVerify(f"the open dialog {keys.dialog} keeps the focus, so the page behind it was not reached")
    if not keys.whole:
        raise CouldNotVerify(f"Tab did not reach the end of {visit.asked} in time, after {keys.presses} presses")
    claim(
        not keys.unreached, expected=expected, seen=f"{len(keys.unreached)} not reached: {some(keys.unreached)} {end}"
    )
    if keys.undecided:
        raise CouldNotVerify(
            f"whether the focus is visible could not be decided for {len(keys.undecided)} of {keys.controls} controls, "
            f"because they keep changing or there are too many kinds: {some(keys.undecided)}"
        )
    more, warning = rest_of(visit, points, signed)
    return Evidence(
        f"Tab reaches {keys.controls} controls, each with a visible focus, without a trap{more} {end}", warning
    )


@check(
    "browser.touch_targets",
    severity="medium",
    remedy="Make links and controls larger, by padding or min-width and min-height, or put more space between them.",
    source="WCAG 2.2 success criteria 2.5.8 (AA, 24 px) and 2.5.5 (AAA, 44 px)",
    asks=lambda _, path, width: {"browser_pages": Look(path or "", "width", width)},
)
def touch_targets(
    browser_pages: Mapping[str, Visit],
    *,
    path: UrlPath | None = None,
    min_px: Annotated[int, Field(ge=24, le=100)] = 24,
    width: Annotated[int, Field(ge=240, le=3840)] = 360,
    spacing: bool = True,
    signed: list[Point] = [],  # noqa: B006  (pydantic copies it)
) -> Evidence:
    """Tap targets have the wanted size, or that much space around them.

    Visible links, buttons and fields in a window as wide as a phone's, and areas of pictures; checkboxes and radio
    buttons together with their labels, and hidden fields as their labels. What is covered or cut off, when the page is
    scrolled to it, does not count to their size. Links within a line of text do not count, nor what only a click brings
    up. The claim could not be verified where something is too small that only acts as a control, and where a part of
    the page is closed to the visit (frames of other origins, closed shadow trees, canvases, plugins, what a dialog
    covers, what was not loaded).

    Args:
        path: path on the host, beginning with a slash. Default: the page that a visitor of the root ends on.
        min_px: least width and height, in CSS pixels. 24: level AA of WCAG 2.2; AAA, Apple and Google ask for 44 to 48.
        width: of the window, in CSS pixels. 360: common width of a phone.
        spacing: a smaller target counts where a circle of `min_px` around its centre touches no other target or its
            circle. True: that exception of success criterion 2.5.8.
        signed: points that could not be decided, and that the role under `partial` signs for, as they are named. Needs
            `partial`. Default: none.
    """
    visit, _ = seen_page(browser_pages, path)
    layout = layout_at(visit, width)
    closed = parts(visit, CLOSED | STYLED | {"canvas"})
    if not layout.targets:
        raise CouldNotVerify(
            f"the page has nothing to tap at {width} px ({place(visit)})"
            + (f" but what could not be decided: {some(closed)}" if closed else "")
        )
    small = [one for one in layout.targets if min(one.width, one.height) < min_px - 0.5 and not one.inline]
    tight = [
        one
        for one in small
        if not spacing
        or not one.width  # Covered: no space around helps.
        or any(
            _near(one, other, min_px) for other in layout.targets if other is not one and (other.sure or not one.sure)
        )
    ]
    unsure = [f"clickable at {one.what}" for one in tight if not one.sure]
    tight = [one for one in tight if one.sure]
    named = [
        f"{one.what} of {one.width:.0f} × {one.height:.0f} px"
        if one.width
        else f"{one.what}, wholly covered or cut off"
        for one in tight
    ]
    expected = f"targets of at least {min_px} × {min_px} px" + (", or with that much space around" if spacing else "")
    claim(
        not tight,
        expected=expected,
        seen=f"{len(tight)} of {len(layout.targets)} are smaller at {width} px: {some(named)} ({place(visit)})",
        attachments=layout_shots(layout),
    )
    if len(layout.targets) >= MOST_TARGETS:
        raise CouldNotVerify(f"{visit.asked} has more than {MOST_TARGETS} targets")
    inline = sum(one.inline for one in layout.targets)
    more, warning = rest_of(visit, [*unsure, *closed], signed)
    return Evidence(
        f"{len(layout.targets)} targets at {width} px, {inline} of them links in text, {len(small)} small with space "
        f"around, the others at least {min_px} × {min_px} px{more} ({place(visit)})",
        warning,
        attachments=layout_shots(layout),
    )


def _near(one: TapTarget, other: TapTarget, size: float) -> bool:
    """Whether a circle around the centre of a small target meets another target, or the circle of a small one."""
    x, y = one.x + one.width / 2, one.y + one.height / 2
    sideways = max(other.x - x, 0.0, x - other.x - other.width)
    down = max(other.y - y, 0.0, y - other.y - other.height)
    if sideways**2 + down**2 < (size / 2) ** 2 - 0.5:
        return True
    if min(other.width, other.height) >= size:
        return False
    across = (x - other.x - other.width / 2) ** 2 + (y - other.y - other.height / 2) ** 2
    return across < size**2 - 0.5


def layout_at(visit: Visit, width: int) -> PageLayout:
    """The page in a window of that width.

    Raises:
        CouldNotVerify: it was not looked at.
    """
    for layout in visit.layouts:
        if layout.width == width:
            return layout
    why = (visit.unread or {}).get(f"width {width}", "not asked")
    raise CouldNotVerify(f"{visit.asked} could not be looked at in a window of {width} px ({why})")


def layout_shots(layout: PageLayout) -> tuple[Attachment, ...]:
    """The screenshot of a layout."""
    if not layout.screenshot:
        return ()
    return (Attachment.of_base64(f"page-{layout.width}px.png", "image/png", layout.screenshot),)


@check(
    "browser.captions",
    severity="medium",
    remedy="Give each <video> a <track kind='captions' srclang='…' src='….vtt'>, and see that the file is served.",
    source="WCAG 2.1 success criterion 1.2.2 (A)",
    asks=looks_at(),
)
def captions(
    browser_pages: Mapping[str, Visit],
    *,
    path: UrlPath | None = None,
    signed: list[Point] = [],  # noqa: B006  (pydantic copies it)
) -> Evidence:
    """Every <video> of the page has a track of captions that loads and holds cues.

    Each must have a track of captions or subtitles that the browser can load and that holds cues with text, which end
    after they begin; what they say, and
    whether the video has sound, is not looked at, nor a player that only a click brings up. Where a part of the page is
    closed to the visit, such as a player in a frame of another origin, a closed shadow tree or what a dialog covers,
    the claim could not be verified. A page without a video passes, with a warning.

    Args:
        path: path on the host, beginning with a slash. Default: the page that a visitor of the root ends on.
        signed: points that could not be decided, and that the role under `partial` signs for, as they are named. Needs
            `partial`. Default: none.
    """
    visit, _ = seen_page(browser_pages, path)
    without = [f"{video.what}: {', '.join(video.empty) or 'no track'}" for video in visit.videos if not video.tracks]
    claim(
        not without,
        expected="a caption track with cues for every video",
        seen=f"{len(without)} of {len(visit.videos)} have none: {some(without)} ({place(visit)})",
    )
    more, warning = rest_of(visit, parts(visit, CLOSED | {"script", "fetch"}), signed)
    if not visit.videos:
        nothing = "no videos on the page: bind the path of one that has them"
        return Evidence(f"no videos on the page{more} ({place(visit)})", "; ".join(filter(None, (nothing, warning))))
    tracks = [f"{video.what}: {', '.join(video.tracks)}" for video in visit.videos]
    return Evidence(f"{len(visit.videos)} videos with captions: {some(tracks)}{more} ({place(visit)})", warning)
