"""What a visitor sees of a page, in a real browser: driven by Playwright, in a process of its own.

One visit of a path answers all that the selected checks ask of it. The visitor has no cookies and no credentials, and
sends no request but those that the page itself makes.
"""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Literal, TypeVar

from pytest_readiness.core.audit import sent
from pytest_readiness.core.evidence import CouldNotVerify
from pytest_readiness.core.registry import fact
from pytest_readiness.domains.http.resource import Url
from pytest_readiness.domains.tls.facts.connection import Connection
from pytest_readiness.protocols.http.limits import CONNECT_SECONDS
from pytest_readiness.protocols.http.refusals import refusal
from pytest_readiness.protocols.http.trust import Trust

if TYPE_CHECKING:
    from pytest_readiness.domains.browser.pool import BrowserPool

VISIT_SECONDS = 60.0
"""For one visit of one path, with all that is looked at there."""
QUEUE_SECONDS = 600.0
"""For waiting until other visits are done: few run at a time, because each would slow down the others."""
MAX_PATHS = 10
"""Paths of one endpoint that are visited."""

EngineName = Literal["chromium", "firefox", "webkit"]
Aspect = Literal["page", "axe", "keyboard", "width"]
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Look:
    """A question to `browser_pages`.

    Attributes:
        path: path on the host; "" is the page that a visitor of the root ends on.
        what: "page" for what every visit tells; "axe" for accessibility rules, "keyboard" for what Tab reaches,
            "width" for the layout at a width.
        width: of the window, in CSS pixels.
    """

    path: str
    what: Aspect = "page"
    width: int = 0


@dataclass(frozen=True, slots=True)
class Rendered:
    """What is on the page after it has settled.

    Attributes:
        status: of the document; 0 where it is not known.
        address: where the visit ended.
        media_type: of the document.
        title: its title.
        elements: in the body, those that are not scripts or styles.
        text: characters of visible text.
        media: visible images, videos, canvases and drawings.
        controls: visible links, buttons and fields.
        blank: pictures of its first windows are of one colour, whatever is in it.
    """

    status: int
    address: str
    media_type: str
    title: str
    elements: int
    text: int
    media: int
    controls: int
    blank: bool = False


@dataclass(frozen=True, slots=True)
class Load:
    """How the page loaded, in this browser on this machine, unthrottled and with an empty cache; seconds.

    Attributes:
        load: until the load event had been handled; None where it did not come.
        first_byte: until the first byte of the document.
        first_paint: until the first content was painted (FCP); None where nothing was.
        largest_paint: until the largest content was painted (LCP); None where nothing was.
        largest: the element that was.
        largest_area: how much of the window it took, in square pixels.
        shift: cumulative layout shift (CLS): the largest session window.
        shifted: elements that moved most.
        blocking: total blocking time (TBT): what tasks took beyond 50 ms, from the first paint until it was quiet.
        longest_task: the longest of them.
        quiet: the network was silent for half a second within `SETTLE_SECONDS` after the load event.
    """

    load: float | None
    first_byte: float
    first_paint: float | None
    largest_paint: float | None
    largest: str
    largest_area: float
    shift: float
    shifted: tuple[str, ...]
    blocking: float
    longest_task: float
    quiet: bool


@dataclass(frozen=True, slots=True)
class PageRequest:
    """A request that the page made.

    Attributes:
        method, url: what was asked for, without the query.
        status: of the answer; 0 where there was none.
        failure: why there was none, as the browser says it; "" where there was one, or where it was still awaited.
        media_type: of the answer.
        kind: what the page wanted it for: document, script, image, fetch, websocket, serviceworker …
        size: bytes of the answer's body as transferred, as far as it says so; 0 where it does not.
    """

    method: str
    url: str
    status: int
    failure: str
    media_type: str
    kind: str
    size: int


@dataclass(frozen=True, slots=True)
class Message:
    """A line of the console.

    Attributes:
        kind: "error", "warning", or "uncaught" for an uncaught exception.
        text: the line.
        where: address and line of the script.
    """

    kind: str
    text: str
    where: str


@dataclass(frozen=True, slots=True)
class AxeRule:
    """What a rule of axe found.

    Attributes:
        id: its name, such as color-contrast.
        impact: minor, moderate, serious or critical; "" where axe does not say.
        help: what it asks for.
        tags: standards that it belongs to, such as wcag2aa.
        points: selectors of the elements, the first 200.
        count: how many elements there are; of rules that pass, axe lists only one.
        reason: what axe says about the first.
    """

    id: str
    impact: str
    help: str
    tags: tuple[str, ...]
    points: tuple[str, ...]
    count: int
    reason: str


@dataclass(frozen=True, slots=True)
class Axe:
    """What axe-core found: by rule, those that hold, those that do not, and those that it cannot decide.

    Attributes:
        version: of axe-core.
        passes, violations, incomplete: rules with elements of each kind; a rule may be in several.
    """

    version: str
    passes: tuple[AxeRule, ...]
    violations: tuple[AxeRule, ...]
    incomplete: tuple[AxeRule, ...]


@dataclass(frozen=True, slots=True)
class Keyboard:
    """What pressing Tab does.

    Attributes:
        controls: visible controls that Tab should reach.
        presses: how often Tab was pressed.
        unreached: those that it did not reach.
        unseen: those that look the same with and without the focus.
        undecided: those of which that could not be decided.
        trap: where Tab does not lead away, also after Escape; "" where it always does.
        dialog: an open modal dialog that keeps the focus; "" where there is none.
        acting: elements that act as controls, by what they listen to or by the mouse pointer over them, without being
            any.
        hovered: hidden elements with controls, which style sheets show while the mouse is over something, and not with
            the focus.
        whole: the end of the page was reached.
    """

    controls: int
    presses: int
    unreached: tuple[str, ...]
    unseen: tuple[str, ...]
    undecided: tuple[str, ...]
    trap: str
    dialog: str
    acting: tuple[str, ...]
    hovered: tuple[str, ...]
    whole: bool


@dataclass(frozen=True, slots=True)
class TapTarget:
    """Something to tap; a box in CSS pixels from the top left of the page, of the part that a tap can meet.

    Attributes:
        what: the element.
        x, y, width, height: its box, with that of its label; without size where all of it is covered or cut off.
        inline: a link within a line of text.
        sure: it is a control; False for what only acts as one.
    """

    what: str
    x: float
    y: float
    width: float
    height: float
    inline: bool
    sure: bool = True


@dataclass(frozen=True, slots=True)
class PageLayout:
    """The page in a window of some width.

    Attributes:
        width: of the window, in CSS pixels.
        overflow: pixels by which the page can be scrolled sideways.
        wide: elements that stick out on the right.
        cut: elements with content that end where nobody can scroll to: beyond an edge of the page, or of an element
            that hides what sticks out of it.
        maybe: such elements that may be meant so: slides, texts with an ellipsis, and what a narrow element hides.
        targets: what can be tapped on, the first 500.
        screenshot: PNG in base64; "" where it became too large.
    """

    width: int
    overflow: float
    wide: tuple[str, ...]
    cut: tuple[str, ...]
    maybe: tuple[str, ...]
    targets: tuple[TapTarget, ...]
    screenshot: str


@dataclass(frozen=True, slots=True)
class ImageSeen:
    """An <img>, <input type="image"> or <image> of a drawing.

    Attributes:
        what: the element.
        url: what it shows, without the query; "data:" for one within the page.
        media_type: of the answer, or of the data; "" where it was not loaded.
        size: bytes as transferred, or of the data; 0 where not known.
        state: "loaded", "broken", "pending" for one that was not loaded even after scrolling to it, or "placeholder"
            for one whose script has not put the picture of its data-src in its place.
        reserved: its space is reserved before it is loaded: by width and height attributes, or by the style sheet.
        lazy: it has loading="lazy", or cannot have it.
        top: its distance from the top of the page, in CSS pixels.
        visible: it takes up space.
    """

    what: str
    url: str
    media_type: str
    size: int
    state: Literal["loaded", "broken", "pending", "placeholder"]
    reserved: bool
    lazy: bool
    top: float
    visible: bool


@dataclass(frozen=True, slots=True)
class VideoSeen:
    """A <video> of the page.

    Attributes:
        what: the element.
        tracks: caption or subtitle tracks that hold cues: kind, language and number of cues in words.
        empty: such tracks that could not be loaded, or hold nothing.
    """

    what: str
    tracks: tuple[str, ...]
    empty: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PagePart:
    """A part of the page that the visit was kept out of, or that is measured for itself.

    Attributes:
        kind: "frame" for one of another origin, or sandboxed; "framed" for another, whose times are its own; "shadow"
            for a closed shadow tree; "canvas"; "plugin" for <object> and <embed>; "cover" for what is laid over the
            page, or makes the rest of it inert; "rest" for what lies below the end of scrolling; or what was to be
            loaded and was not: "stylesheet", "script", "font", "image" or "fetch".
        what: which one.
        area: square pixels of the window that it takes at the top of the page.
    """

    kind: str
    what: str
    area: float = 0


@dataclass(frozen=True, slots=True)
class Visit:
    """One visit of one path.

    Attributes:
        asked: address that was visited.
        root: it is the endpoint's root, which may lead to any page of the host.
        browser: name and version.
        problem: why there is no page, as a clause; the other fields are then empty.
        rendered: what is on the page.
        load: how it loaded.
        requests: what the page asked for, the first 1000.
        messages: errors and warnings of the console, the first 200.
        viewport_meta: content of <meta name="viewport">; None where there is none.
        fold: height of the window.
        images, videos: those of the page.
        parts: what the visit was kept out of, the first 200.
        screenshot: PNG in base64; "" where it became too large.
        axe, keyboard: where that was asked.
        layouts: by width, those that were asked for.
        unread: what was asked for and could not be looked at -> why.
    """

    asked: str
    root: bool
    browser: str
    problem: str
    rendered: Rendered | None = None
    load: Load | None = None
    requests: tuple[PageRequest, ...] = ()
    messages: tuple[Message, ...] = ()
    viewport_meta: str | None = None
    fold: int = 0
    images: tuple[ImageSeen, ...] = ()
    videos: tuple[VideoSeen, ...] = ()
    parts: tuple[PagePart, ...] = ()
    screenshot: str = ""
    axe: Axe | None = None
    keyboard: Keyboard | None = None
    layouts: tuple[PageLayout, ...] = ()
    unread: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Engine:
    """A question to `browser_engine`: a path ("" for the root) in an engine."""

    path: str
    engine: EngineName


@dataclass(frozen=True, slots=True)
class EngineVisit:
    """A page in one engine.

    Attributes:
        engine: its name.
        missing: why it cannot be used here; "" where it was.
        visit: the page, where it was visited.
    """

    engine: EngineName
    missing: str
    visit: Visit | None


@dataclass(frozen=True, slots=True)
class Launch:
    """How a browser is to be opened for an endpoint.

    Attributes:
        engine: which one.
        origin: scheme, host and port of the endpoint.
        host: its host.
        address: where that host is to be connected to; "" to ask DNS.
        pin: SHA-256 of the public key, in base64, of a certificate that was verified by a private authority; "" for
            the browser's own trust.
    """

    engine: EngineName
    origin: str
    host: str
    address: str
    pin: str


@dataclass(frozen=True, slots=True)
class VisitJob:
    """Visit a path and look at it."""

    opening: Launch
    asked: str
    root: bool
    looks: tuple[Look, ...]


@dataclass(frozen=True, slots=True)
class Missing:
    """An engine that is not installed here, or does not start; the reason is a clause."""

    reason: str


_DEADLINE = MAX_PATHS * VISIT_SECONDS + QUEUE_SECONDS + 2 * CONNECT_SECONDS + 10


@fact(deadline=_DEADLINE, exclusive=True, extra="browser")
def browser_pages(url: Url, connection: Connection, *, asks: tuple[Look, ...]) -> Mapping[str, Visit]:
    """What a visitor sees of the endpoint's pages, by path; one visit for each.

    Raises:
        CouldNotVerify: there is no browser, or it cannot be made to trust the endpoint.
    """
    paths = sorted({look.path for look in asks} or {""})
    if len(paths) > MAX_PATHS:
        raise CouldNotVerify(
            f"{len(paths)} paths of {url.where} are asked for, and at most {MAX_PATHS} of one endpoint are visited; "
            "declare the same address once more under 'urls', by another name, and bind some of the paths to that"
        )
    way = opening(url, connection, "chromium")
    visits = {}
    for path in paths:
        looks = tuple(look for look in asks if look.path == path)
        visits[path] = _visited(VisitJob(way, _address(url, path), not path, looks))
    return visits


def _visited(job: VisitJob, again: bool = True) -> Visit:
    """A visit, made once more after a crash. What a page does to its visit is told of that page alone.

    Raises:
        CouldNotVerify: there is no browser, or none became free.
    """
    from pytest_readiness.domains.browser.pool import NoBrowserFree

    try:
        done = pool().run(job, VISIT_SECONDS, QUEUE_SECONDS)
    except NoBrowserFree:
        raise
    except CouldNotVerify as error:
        if error.transient and again:
            return _visited(job, again=False)
        return Visit(job.asked, job.root, job.opening.engine, error.reason)
    if isinstance(done, Missing):
        raise CouldNotVerify(done.reason)
    return _expect(done, Visit)


@fact(deadline=VISIT_SECONDS + QUEUE_SECONDS + 2 * CONNECT_SECONDS + 10, extra="browser")
def browser_engine(url: Url, connection: Connection, *, ask: Engine) -> EngineVisit:
    """A page in one of the engines; what is not installed is said."""
    if ask.engine != "chromium" and (url.ca or url.address):
        what = "trust a private authority" if url.ca else "connect to a given address"
        return EngineVisit(ask.engine, f"it cannot be made to {what}", None)
    way = opening(url, connection, ask.engine)
    job = VisitJob(way, _address(url, ask.path), not ask.path, ())
    done = pool().run(job, VISIT_SECONDS, QUEUE_SECONDS)
    if isinstance(done, Missing):
        return EngineVisit(ask.engine, done.reason, None)
    return EngineVisit(ask.engine, "", _expect(done, Visit))


def opening(url: Url, connection: Connection, engine: EngineName) -> Launch:
    """How a browser is opened for an endpoint.

    Raises:
        CouldNotVerify: the endpoint's certificate is not trusted.
    """
    if url.client_cert:
        raise CouldNotVerify(f"the browser cannot show the client certificate that {url.name} declares")
    named = f"[{url.host}]" if ":" in url.host else url.host
    origin = f"{'https' if url.secure else 'http'}://{named}:{url.port}"
    pin = _verified_key(url, connection) if url.secure and url.ca else ""
    return Launch(engine, origin, url.host, url.address or "", pin)


def _verified_key(url: Url, connection: Connection) -> str:
    """Verify the endpoint's certificate by its private authority, as `http_client` does, and name its public key.

    Chromium has no option to trust an authority, only one to accept a key: so it is given exactly this one.
    """
    import socket
    from base64 import b64encode
    from hashlib import sha256

    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    place = f"{url.host}:{url.port}"
    context = Trust(url.ca).context()
    sent(f"connect to {place} at {connection.address} for its certificate")
    try:
        with (
            socket.create_connection((connection.address, connection.port), CONNECT_SECONDS) as raw,
            context.wrap_socket(raw, server_hostname=url.host) as tls,
        ):
            leaf = tls.getpeercert(binary_form=True)
    except ssl.SSLCertVerificationError as error:
        raise CouldNotVerify(f"the certificate of {place} is not trusted ({refusal(error)})") from None
    except ssl.SSLError as error:
        raise CouldNotVerify(f"no TLS connection to {place} ({refusal(error)})") from None
    except OSError as error:
        raise CouldNotVerify(f"no TLS connection to {place} ({error.strerror or error})", transient=True) from None
    assert leaf is not None
    key = x509.load_der_x509_certificate(leaf).public_key()
    return b64encode(sha256(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).digest()).decode()


def _address(url: Url, path: str) -> str:
    from pytest_readiness.domains.http.facts.pages import on_host

    return on_host(url, path) if path else url.url


def _expect(done: object, kind: type[T]) -> T:
    assert isinstance(done, kind)
    return done


@cache
def pool() -> BrowserPool:
    """The processes that browse, for all facts."""
    from pytest_readiness.domains.browser.pool import BrowserPool

    return BrowserPool()
