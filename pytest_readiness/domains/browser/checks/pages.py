"""What a visitor sees of a web endpoint's page in a real browser: that it is there, loads fast, and works.

Each check looks at a page as a visitor without cookies gets it. A page that answers an error, shows nothing, or is
another one than was asked for could not be verified, whatever is on it.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from typing import Annotated
from urllib.parse import quote, urlsplit

from pydantic import AfterValidator, Field

from pytest_readiness.core.evidence import Attachment, ClaimFalse, CouldNotVerify, Evidence, claim
from pytest_readiness.core.registry import AsksOf, check
from pytest_readiness.core.text import figure
from pytest_readiness.domains.browser.facts.pages import (
    Aspect,
    Engine,
    EngineName,
    EngineVisit,
    Load,
    Look,
    PageRequest,
    Rendered,
    Visit,
)
from pytest_readiness.domains.http.resource import UrlPath

PAGES = ("text/html", "application/xhtml+xml")
"""Media types of what a browser shows as a page."""
LITTLE_TEXT = 20
"""Characters; a page with less text, no picture and no control shows nothing ("Loading …")."""
MOST_REQUESTS = 1000
MOST_MESSAGES = 200


Point = Annotated[str, Field(min_length=1)]
NAMED_POINTS = 20
"""Undecided points that are named one by one."""
CLOSED = frozenset({"frame", "shadow", "plugin", "cover", "rest"})
"""Kinds of parts that may hold anything that a page holds."""
STYLED = frozenset({"stylesheet", "script", "font", "fetch"})
"""Kinds of parts that decide how the rest looks."""
MEANING = {
    "frame": "of another origin, sandboxed or not loaded, so that nothing can be asked there",
    "framed": "a frame, whose times the page is not told",
    "shadow": "a closed shadow tree, which nobody can look into",
    "canvas": "only painted, so that what is on it has no elements",
    "plugin": "shown by a plugin, or a document of its own",
    "cover": "lies over the page, or takes the rest of it out of use",
    "rest": "not seen, since scrolling did not come to an end",
    "stylesheet": "not loaded",
    "script": "not loaded",
    "font": "not loaded",
    "image": "not loaded",
    "fetch": "not loaded",
    "cut": "cut off by an edge, as slides and texts with an ellipsis are",
    "hover": "shown only while the mouse is over something",
    "clickable": "reacts to the mouse without being a control that Tab reaches",
}
"""What a word before " at " says of a point that could not be decided."""


def parts(visit: Visit, kinds: Collection[str]) -> list[str]:
    """What a visit was kept out of, as points that a person may sign for."""
    return [f"{part.kind} at {part.what}" for part in visit.parts if part.kind in kinds]


def left_to_sign(found: str, points: list[str], signed: list[str]) -> tuple[str, str]:
    """What is added to the evidence, and its warning, where all points that were not decided are signed for.

    Args:
        found: a clause on what was judged and by whom ("axe-core found no violation").
        points: those that could not be decided, each "what at where".
        signed: those that a person vouches for, by their names or by what stands before "at".

    Raises:
        CouldNotVerify: some are not signed for.
    """
    left = [point for point in points if point not in signed and point.partition(" at ")[0] not in signed]
    if left:
        kinds = sorted({point.partition(" at ")[0] for point in left} & MEANING.keys())
        meaning = "".join(f"; {kind}: {MEANING[kind]}" for kind in kinds)
        raise CouldNotVerify(
            f"{found}, but cannot decide {len(left)} points: {some(left, NAMED_POINTS)}{meaning}; have a person look "
            "at them, list them under 'signed', and bind 'partial: ROLE', so that the person signs"
        )
    seen = f"; {len(points)} undecided points are left to the sign-off: {some(points, NAMED_POINTS)}" if points else ""
    now = {*points, *(point.partition(" at ")[0] for point in points)}
    stale = [entry for entry in signed if entry not in now]
    return seen, f"'signed' lists points that are no longer undecided: {some(stale)}" if stale else ""


def rest_of(visit: Visit, points: list[str], signed: list[str]) -> tuple[str, str]:
    """`left_to_sign` for what the visit itself judged."""
    return left_to_sign(f"the visit found no fault in what it could see of {visit.asked}", points, signed)


def looks_at(what: Aspect = "page") -> AsksOf:
    """What a check with the parameter `path` asks for."""
    return lambda _, path: {"browser_pages": Look(path or "", what)}


def seen_page(pages: Mapping[str, Visit], path: str | None) -> tuple[Visit, Rendered]:
    """The visit of a path and what was rendered there.

    Raises:
        CouldNotVerify: it is not the page that was asked for, or shows nothing.
    """
    visit = pages[path or ""]
    rendered = arrived(visit)
    seen = f"GET {visit.asked} was answered {rendered.status} with {_amount(rendered)}"
    if not 200 <= rendered.status < 400:
        raise CouldNotVerify(f"{seen}, an error instead of the page")
    if rendered.media_type not in PAGES:
        raise CouldNotVerify(f"{seen} of {rendered.media_type}, which is not a page")
    if not shows_something(rendered):
        raise CouldNotVerify(f"{seen}: {_nothing(rendered)}{_hidden(visit)}")
    return visit, rendered


def _nothing(rendered: Rendered) -> str:
    return "the page shows nothing" + " in pictures of it, which are of one colour" * rendered.blank


def _hidden(visit: Visit) -> str:
    blank = visit.rendered and visit.rendered.blank
    hidden = parts(visit, {*CLOSED, "canvas"} if blank else CLOSED)
    return f" but what could not be looked at: {some(hidden)}" if hidden else ""


def arrived(visit: Visit) -> Rendered:
    """What a visit ended on.

    Raises:
        CouldNotVerify: it did not end on the page that was asked for.
    """
    if visit.rendered is None:
        raise CouldNotVerify(visit.problem)
    asked, ended = urlsplit(visit.asked), urlsplit(visit.rendered.address)
    if asked.hostname != ended.hostname:
        raise CouldNotVerify(f"GET {visit.asked} led to {visit.rendered.address}, which is not on the declared host")
    if not visit.root and _written(asked.path) != _written(ended.path):
        raise CouldNotVerify(f"GET {visit.asked} led to {visit.rendered.address}, which is another page")
    return visit.rendered


def _written(path: str) -> str:
    """A path as browsers write it, in ASCII; a slash at its end makes no other page."""
    return quote(path.rstrip("/"), safe="/%:@!$&'()*+,;=~")


def shows_something(rendered: Rendered) -> bool:
    """Whether there is anything to see on a page."""
    if rendered.blank:
        return False
    return rendered.text >= LITTLE_TEXT or rendered.media > 0 or rendered.controls > 0


def _amount(rendered: Rendered) -> str:
    return f"{rendered.elements} elements and {rendered.text} characters of text"


def place(visit: Visit) -> str:
    """Which page was seen, and with what."""
    assert visit.rendered is not None
    return f"{visit.rendered.address}, {visit.rendered.status}, {_amount(visit.rendered)}, {visit.browser}"


def shots(visit: Visit, name: str = "page") -> tuple[Attachment, ...]:
    """The screenshot of a visit."""
    return (Attachment.of_base64(f"{name}.png", "image/png", visit.screenshot),) if visit.screenshot else ()


def some(texts: Iterable[str], most: int = 3) -> str:
    """The first few of several, and how many more there are."""
    found = list(texts)
    more = f" and {len(found) - most} more" if len(found) > most else ""
    return "; ".join(found[:most]) + more


def _regex(value: str) -> str:
    try:
        everything = re.search(value, "") is not None
    except re.error as error:
        raise ValueError(f"'{value}' is not a regular expression ({error})") from None
    if everything:
        raise ValueError(f"'{value}' matches everything, so nothing would be looked at")
    return value


Regex = Annotated[str, Field(min_length=1), AfterValidator(_regex)]


def _loaded(visit: Visit, expected: str) -> Load:
    if visit.load is None:
        raise CouldNotVerify(f"{visit.browser} did not report how GET {visit.asked} loaded")
    claim(visit.load.load is not None, expected=expected, seen=f"no load event within 30 s ({place(visit)})")
    return visit.load


@check(
    "browser.page_load",
    severity="high",
    remedy="Find what the page waits for in the browser's network panel: slow answers, large files, blocking scripts.",
    source="web.dev, 'Rethinking user-centric performance metrics'; Lighthouse",
    asks=looks_at(),
)
def page_load(
    browser_pages: Mapping[str, Visit],
    *,
    path: UrlPath | None = None,
    max_s: Annotated[float, Field(gt=0, le=30)] = 3.0,
) -> Evidence:
    """The page is loaded within the limit.

    That is the time from asking for the page until its load event, once, in Chromium on the machine that runs the
    tests, with an empty cache, unthrottled, and while nothing else is read from the endpoint. Not looked at: what
    scripts load or draw after that event, and what a timer of the page does more than 5 seconds after it, such as going
    on to another page.

    Args:
        path: path on the host, beginning with a slash. Default: the page that a visitor of the root ends on.
        max_s: longest accepted time, in seconds, at most 30. 3: common budget for a page on a desktop computer.
    """
    visit, _ = seen_page(browser_pages, path)
    expected = f"the load event within {max_s:g} s"
    load = _loaded(visit, expected)
    assert load.load is not None
    paint = "nothing painted" if load.first_paint is None else f"first paint {load.first_paint:.2f} s"
    seen = (
        f"{figure(load.load, max_s, 2)} s, first byte {load.first_byte:.2f} s, {paint}, {len(visit.requests)} requests"
    )
    seen += f" (one unthrottled load; {place(visit)})"
    claim(load.load <= max_s, expected=expected, seen=seen, attachments=shots(visit))
    return Evidence(seen, attachments=shots(visit))


@check(
    "browser.web_vitals",
    severity="medium",
    remedy="See web.dev on optimizing LCP, CLS and long tasks; reserve space for late content, and split up scripts.",
    source="web.dev, Core Web Vitals (LCP 2.5 s, CLS 0.1); Lighthouse (TBT 200 ms)",
    asks=looks_at(),
)
def web_vitals(
    browser_pages: Mapping[str, Visit],
    *,
    path: UrlPath | None = None,
    lcp_s: Annotated[float, Field(gt=0)] = 2.5,
    cls: Annotated[float, Field(ge=0)] = 0.1,
    tbt_ms: Annotated[float, Field(ge=0)] = 200,
    signed: list[Point] = [],  # noqa: B006  (pydantic copies it)
) -> Evidence:
    """Largest contentful paint, layout shift and blocking time are within the limits.

    Measured in one load in Chromium on the machine that runs the tests, unthrottled, until the network is quiet and the
    page's timers and animations have ended (5 s after the load event at most): lab values, not those of real users.
    Nothing is clicked, so interaction to next paint (INP) cannot be measured; total blocking time is used instead, as
    in Lighthouse. What is painted in frames and on canvases is not measured: where one is larger than the largest
    content, or where something covers the page or could not be loaded, the claim could not be verified.

    Args:
        path: path on the host, beginning with a slash. Default: the page that a visitor of the root ends on.
        lcp_s: longest accepted largest contentful paint, in seconds. 2.5: "good" by Core Web Vitals.
        cls: largest accepted cumulative layout shift. 0.1: "good" by Core Web Vitals.
        tbt_ms: longest accepted total blocking time, in milliseconds. 200: "good" in Lighthouse.
        signed: points that could not be decided, and that the role under `partial` signs for, as they are named. Needs
            `partial`. Default: none.
    """
    visit, _ = seen_page(browser_pages, path)
    expected = f"LCP of at most {lcp_s:g} s, CLS of at most {cls:g}, TBT of at most {tbt_ms:g} ms"
    load = _loaded(visit, expected)
    if load.largest_paint is None:
        raise CouldNotVerify(f"{visit.browser} reported no contentful paint of {visit.asked}")
    blocking = load.blocking * 1000
    largest = load.largest or "an element that is gone, or in a shadow tree"
    seen = f"LCP {figure(load.largest_paint, lcp_s, 2)} s ({largest}), CLS {figure(load.shift, cls, 3)}"
    seen += f" ({some(load.shifted)})" if load.shifted else ""
    seen += f", TBT {figure(blocking, tbt_ms, 0)} ms (longest task {load.longest_task * 1000:.0f} ms)"
    seen += f"; lab values of one unthrottled load{'' if load.quiet else ', network not quiet after 5 s'}"
    holds = load.largest_paint <= lcp_s and load.shift <= cls and blocking <= tbt_ms
    claim(holds, expected=expected, seen=f"{seen} ({place(visit)})")
    larger = [
        f"{part.kind} at {part.what}"
        for part in visit.parts
        if part.kind in {"frame", "framed", "canvas", "plugin"} and part.area > load.largest_area
    ]
    more, warning = rest_of(visit, [*larger, *parts(visit, STYLED | {"cover", "image"})], signed)
    return Evidence(f"{seen}{more} ({place(visit)})", warning)


@check(
    "browser.console",
    severity="medium",
    remedy="Open the page with the browser's developer tools and fix what the console shows.",
    source="Lighthouse, 'Browser errors were logged to the console'",
    asks=looks_at(),
)
def console(
    browser_pages: Mapping[str, Visit],
    *,
    path: UrlPath | None = None,
    warnings: bool = False,
    ignore: list[Regex] = [],  # noqa: B006  (pydantic copies it)
) -> Evidence:
    """Loading the page writes no error to the browser's console.

    Errors are uncaught exceptions, console.error, what console.assert denies, and what the browser itself reports, such
    as files that are missing or blocked by Content-Security-Policy; not a missing /favicon.ico. Looked at until the
    network is quiet, and timers and animations have ended that are due within 5 seconds after the load event, also
    those of frames and workers. Not looked at: what a page does later, or only after a click, as on a consent; what
    service workers and shared workers write; what the page's own handler says it has handled, as an `onerror` does that
    returns true.

    Args:
        path: path on the host, beginning with a slash. Default: the page that a visitor of the root ends on.
        warnings: warnings count, too. False: browsers also warn about what is intended.
        ignore: regular expressions, searched in the line and its place; what matches one does not count. Default: none.
    """
    visit, _ = seen_page(browser_pages, path)
    kinds = ("uncaught", "error", "warning") if warnings else ("uncaught", "error")
    counted, ignored = [], 0
    for message in visit.messages:
        line = f"{message.kind}: {message.text}" + (f" ({message.where})" if message.where else "")
        if message.kind in kinds:
            if any(re.search(pattern, line) for pattern in ignore):
                ignored += 1
            else:
                counted.append(line)
    what = "errors and warnings" if warnings else "errors"
    claim(not counted, expected=f"no {what} in the console", seen=f"{len(counted)}: {some(counted)} ({place(visit)})")
    if visit.load is None or visit.load.load is None:
        raise CouldNotVerify(f"{visit.asked} was not loaded within 30 s, so errors may be still to come")
    if len(visit.messages) >= MOST_MESSAGES:
        raise CouldNotVerify(f"the console of {visit.asked} has more than {MOST_MESSAGES} lines")
    others = len(visit.messages) - ignored
    return Evidence(f"no {what}; {others} other lines, {ignored} ignored ({place(visit)})")


def _fault(request: PageRequest) -> str:
    """Why a request did not succeed; "" where it did, or the page itself cancelled it."""
    if request.status >= 400:
        return f"{request.status} for {request.method} {request.url}"
    # The page no longer wanted it (a fetch that was aborted, a film that was not played on).
    aborted = "ERR_ABORTED" in request.failure or "NS_BINDING_ABORTED" in request.failure
    return f"{request.failure} for {request.method} {request.url}" if request.failure and not aborted else ""


@check(
    "browser.requests",
    severity="high",
    remedy="Deploy the missing files, or remove what asks for them.",
    source="RFC 9110 section 15 (4xx and 5xx are errors)",
    asks=looks_at(),
)
def requests(
    browser_pages: Mapping[str, Visit],
    *,
    path: UrlPath | None = None,
    ignore: list[Regex] = [],  # noqa: B006  (pydantic copies it)
) -> Evidence:
    """Every request that the page makes while it loads is answered below 400.

    The page itself, its scripts, styles, pictures, fonts, what scripts ask for, web sockets and the scripts of service
    workers, from whatever host, until the network is quiet, and timers and animations have ended that are due within 5
    seconds after the load event, also those of frames and workers; also what its Content-Security-Policy, or being
    mixed content, keeps it from asking for. Not what is asked for later, or only after a click, as on a consent, nor
    what a service worker asks for, nor icons and manifests (<link rel="icon">, <link rel="manifest">), which the
    browser without windows does not ask for. What the page itself cancelled does not count, nor does /favicon.ico.

    Args:
        path: path on the host, beginning with a slash. Default: the page that a visitor of the root ends on.
        ignore: regular expressions, searched in the address without its query; requests that match one do not count.
            Default: none.
    """
    visit = browser_pages[path or ""]
    arrived(visit)
    made = [request for request in visit.requests if not request.url.startswith(("data:", "blob:"))]
    counted = [request for request in made if not any(re.search(pattern, request.url) for pattern in ignore)]
    faults = [fault for request in counted if (fault := _fault(request))]
    claim(
        not faults,
        expected="every request answered below 400",
        seen=f"{len(faults)} of {len(made)} were not: {some(faults)} ({place(visit)})",
    )
    seen_page(browser_pages, path)
    if len(visit.requests) >= MOST_REQUESTS:
        raise CouldNotVerify(f"{visit.asked} makes more than {MOST_REQUESTS} requests")
    open_ones = [f"{each.method} {each.url}" for each in counted if not each.status and not each.failure]
    if open_ones:
        raise CouldNotVerify(f"{len(open_ones)} requests of {visit.asked} were still unanswered: {some(open_ones)}")
    broken_off = sum(bool(each.failure) for each in counted)
    answered = len(counted) - broken_off
    if not answered:
        raise CouldNotVerify(f"all {len(made)} requests of {visit.asked} are ignored")
    hosts = sorted({urlsplit(each.url).hostname or "" for each in counted})
    seen = f"{answered} requests to {len(hosts)} hosts answered below 400"
    seen += f", {broken_off} cancelled by the page" * bool(broken_off)
    seen += f", {len(made) - len(counted)} ignored" * (len(made) > len(counted))
    return Evidence(f"{seen} ({place(visit)})")


@check(
    "browser.engines",
    severity="medium",
    remedy="Open the page in the engine that fails, and fix what its console shows.",
    source="Playwright's three engines: those of Chrome and Edge, of Firefox, and of Safari",
    asks=lambda _, path, engines: {"browser_engine": [Engine(path or "", engine) for engine in engines]},
)
def engines(
    browser_engine: Mapping[Engine, EngineVisit],
    *,
    path: UrlPath | None = None,
    engines: Annotated[list[EngineName], Field(min_length=1)] = ["chromium", "firefox", "webkit"],  # noqa: B006
    text: str = "",
) -> Evidence:
    """In each named browser engine the page shows something, and no exception is uncaught.

    It must answer below 400, and show text, pictures or controls; a page whose first windows are of one colour shows
    nothing. Not looked at: whether it looks alike in all of them, whether what it shows works, and exceptions that the
    page's own handler says it has handled, as an `onerror` does that returns true. An engine that is not installed
    where the tests run is named, and the claim then could not be verified. Firefox and WebKit are those that Playwright
    installs; they can be used only where the endpoint declares neither `ca` nor `address`.

    Args:
        path: path on the host, beginning with a slash. Default: the page that a visitor of the root ends on.
        engines: engines to try: chromium, firefox, webkit. Default: all three.
        text: what the page's title must contain. Default: anything.
    """
    lines, missing, attachments = [], [], list[Attachment]()
    for engine, found in ((asked.engine, found) for asked, found in browser_engine.items()):
        if found.visit is None:
            missing.append(f"{engine}: {found.missing}")
            continue
        visit = found.visit
        if visit.rendered is None:
            raise CouldNotVerify(f"{visit.browser}: {visit.problem}")
        rendered = arrived(visit)
        attachments += shots(visit, engine)
        uncaught = [message.text for message in visit.messages if message.kind == "uncaught"]
        fault = f"{len(uncaught)} uncaught exceptions: {some(uncaught)}" if uncaught else ""
        if not shows_something(rendered) and (hidden := _hidden(visit)):
            raise CouldNotVerify(f"in {visit.browser} {_nothing(rendered)}{hidden}")
        if not shows_something(rendered):
            fault = "; ".join(filter(None, (_nothing(rendered), fault)))
        if rendered.media_type not in PAGES:
            fault = f"{rendered.media_type}, which is not a page"
        if not 200 <= rendered.status < 400:
            fault = "an error instead of the page"
        if text not in rendered.title:
            fault = f"the title '{rendered.title}'"
        if fault:
            expected = f"a page that renders in {engine}" + (f", with '{text}' in its title" if text else "")
            raise ClaimFalse(expected, f"{fault} ({place(visit)})", attachments=tuple(attachments))
        lines.append(place(visit))
    if missing:
        rendered_in = f"the page renders in {'; '.join(lines)}, but " if lines else ""
        raise CouldNotVerify(f"{rendered_in}not every engine could be used: {'; '.join(missing)}")
    return Evidence(f"renders in {len(lines)}: {'; '.join(lines)}", attachments=tuple(attachments))
