"""One visit of a page, as it happens in the process that drives the browser."""

from __future__ import annotations

import asyncio
import json
import re
import time
from base64 import b64decode, b64encode
from collections.abc import Callable, Coroutine, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import cache, partial
from inspect import signature
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from pytest_readiness import __version__
from pytest_readiness.core.text import cut
from pytest_readiness.domains.browser.facts.pages import (
    VISIT_SECONDS,
    Axe,
    AxeRule,
    ImageSeen,
    Keyboard,
    Load,
    Message,
    PageLayout,
    PagePart,
    PageRequest,
    Rendered,
    TapTarget,
    VideoSeen,
    Visit,
    VisitJob,
)
from pytest_readiness.protocols.http.addresses import shown

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, CDPSession, ConsoleMessage, Page, Request, Response

WIDTH, HEIGHT = 1280, 800
"""Of the window, in CSS pixels."""
LOAD_SECONDS = 30.0
"""For the load event."""
SETTLE_SECONDS = 5.0
"""For the network to fall silent after it: applications then fetch what they show."""
QUIET_SECONDS = 0.5
"""How long counts as silent: Lighthouse and Playwright measure "network idle" in the same way."""
KEYBOARD_SECONDS = 20.0
AXE_SECONDS = 20.0
TIMER_SECONDS = 4.0
"""For a timer of a frame to fire: where its scripts are switched off, none ever does."""
MEASURE_SECONDS = 15.0
"""For comparing pictures of texts with the colours that axe-core computed; longer pages are compared in part."""
CONTRAST = "color-contrast"
AXE_TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
ASK_SECONDS = 15.0
"""For a question to the page."""
SCROLL_SECONDS = 30.0
"""For a question that takes as long as the page is."""
PROBE_SECONDS = 10.0
"""For a script of the visit to run in a page that has loaded."""
FAVICON = "/favicon.ico"
"""The browser asks for it, not the page, and only once in its life: it would be seen by chance."""
MAX_REQUESTS = 1000
MAX_MESSAGES = 200
MAX_ASKED = 10_000
"""Requests of a page, after which it is given up: one that never stops asking would fill the memory."""
MAX_BYTES = 64_000_000
"""Of all that a page loads, unpacked; a larger one is given up."""
MAX_PRESSES = 400
MAX_INSIDE = 100
"""Presses of Tab within frames, whose controls are not told apart."""
MAX_STOPS = 12
"""Presses of Tab within one control: a field for date and time has nine parts and a button, a film's player six."""
TAKEN_MS = 300
"""How long a control has the focus for certain, before the next press of Tab, where a timer of the page is due."""
MAX_WAITS = 15
MAX_COMPARED = 40
"""Kinds of controls whose focus is looked for by comparing pictures."""
DIFFERING_PIXELS = 8
"""Of two pictures, by at least a tenth of a colour channel, until they are taken for different."""
MAX_SCREENS = 60
MAX_ELEMENTS = 1000
"""Images, videos and the like that are told one by one."""
MAX_REFRESH = 10.0
"""Seconds that a visit waits for a page that goes on to another one by itself."""
ANIMATION_SECONDS = 3.0
"""For what moves to its place or fades in, as it is scrolled to."""
REACTION_SECONDS = 1.0
"""For scripts to react to another width of the window."""
MAX_BLANK = 4
"""Windows of a page of one colour, until it is taken for blank."""
MAX_PLAIN = 30_000
"""Bytes of a picture; a larger one is not of one colour."""
MAX_POINTS = 200
MAX_SCREENSHOT = 300_000
"""Bytes of a screenshot; a larger one is made smaller."""

Say = Callable[[str], None]


def visit(browser: Browser, job: VisitJob, say: Say) -> Visit:
    """Visit a page and look at all that is asked for."""
    from playwright.sync_api import Error

    until = time.monotonic() + VISIT_SECONDS - 2
    with a_context(browser, job.opening.engine, say) as context:
        context.add_init_script(script("watch.js"))
        page = context.new_page()
        watched = Watched(page, job.opening.engine)
        name = f"{job.opening.engine} {browser.version}"
        say(f"GET {shown(job.asked)} with {name}, and what the page asks for")
        seen = None
        try:
            problem, status, loaded = _go(page, job.asked)
            if not problem:
                seen = _Looking(page, job, name, watched, until).look(status, loaded)
        except Error as error:
            # A page may navigate away, crash or hang while it is looked at.
            if not browser.is_connected():
                raise
            problem = f"{shown(job.asked)} could not be looked at ({said(error)})"
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            # The page's own scripts may replace what the answers are made with.
            problem = (
                f"{shown(job.asked)} could not be looked at: its scripts seem to have replaced what answers "
                f"are made with ({type(error).__name__})"
            )
        # What was seen before it grew too large is not the page.
        problem = watched.excess or problem
        if seen and not problem:
            return seen
        return Visit(job.asked, job.root, name, problem, requests=watched.requests(), messages=watched.messages())


@contextmanager
def a_context(browser: Browser, engine: str, say: Say) -> Iterator[BrowserContext]:
    """A visitor without cookies that says what it is; the audit log has every request."""
    options: dict[str, Any] = {}
    if engine == "chromium":
        major = browser.version.partition(".")[0]
        options["user_agent"] = (
            f"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{major}.0.0.0 "
            f"Safari/537.36 pytest-readiness/{__version__}"
        )
    context = browser.new_context(
        viewport={"width": WIDTH, "height": HEIGHT}, locale="en-US", accept_downloads=False, **options
    )

    noted = 0

    def note(request: Request) -> None:
        nonlocal noted
        noted += 1
        if noted == MAX_REQUESTS:
            say(f"more requests by {engine}")
        elif noted < MAX_REQUESTS and not request.url.startswith(("data:", "blob:")):
            say(f"{request.method} {shown(request.url)} by {engine}")

    context.on("request", note)
    try:
        yield context
    finally:
        context.close()


class Watched:
    """What a page asks for and says, from the beginning."""

    def __init__(self, page: Page, engine: str) -> None:
        self.excess = ""
        self._asked_for = 0
        self._bytes = 0
        self._tools: CDPSession | None = None
        self._requests: list[Request] = []
        self._answers: dict[Request, Response] = {}
        self._failures: dict[Request, str] = {}
        self._awaited: dict[Request, None] = {}
        self._messages: list[Message] = []
        self._documents: list[Request] = []
        self._sockets: dict[str, PageRequest] = {}
        self._stopped: list[PageRequest] = []
        self._page = page
        page.on("request", self._asked)
        page.on("response", lambda answer: self._answers.update({answer.request: answer}))
        page.on("requestfinished", lambda request: self._awaited.pop(request, None))
        page.on("requestfailed", self._failed)
        page.on("console", self._said)
        page.on("pageerror", lambda error: self._say(Message("uncaught", cut(str(error)), "")))
        if engine == "chromium":
            self._tools = page.context.new_cdp_session(page)
            self._tools.on("Network.dataReceived", self._received)
            self._tools.on("Audits.issueAdded", self._blocked)
            self._tools.send("Audits.enable")
            self._tools.on("Network.webSocketCreated", self._socket_asked)
            self._tools.on("Network.webSocketHandshakeResponseReceived", self._socket_answered)
            self._tools.on("Network.webSocketFrameError", self._socket_failed)
            self._tools.on("Network.webSocketClosed", self._socket_closed)
            # Bodies are counted, not kept.
            self._tools.send("Network.enable", {"maxTotalBufferSize": 0, "maxResourceBufferSize": 0})

    def _received(self, event: Mapping[str, Any]) -> None:
        self._bytes += max(event["dataLength"], event["encodedDataLength"])
        if self._bytes > MAX_BYTES:
            self._give_up(f"loads more than {MAX_BYTES // 1_000_000} MB")

    def _blocked(self, event: Mapping[str, Any]) -> None:
        """What the browser does not even ask for: of some, there is no other event."""
        details = event["issue"]["details"]
        policy, mixed = details.get("contentSecurityPolicyIssueDetails"), details.get("mixedContentIssueDetails")
        if policy and not policy["isReportOnly"]:
            address, directive = policy.get("blockedURL", ""), policy["violatedDirective"]
            kind = _DIRECTIVES.get(directive.removesuffix("-elem"), "other")
            why = f"blocked by {directive} of the Content-Security-Policy"
        elif mixed and mixed["resolutionStatus"] == "MixedContentBlocked":
            address, kind, why = mixed["insecureURL"], mixed.get("resourceType", "other").lower(), MIXED
        else:
            return
        if "://" in address and urlsplit(address).path != FAVICON and len(self._stopped) < MAX_REQUESTS:
            self._stopped.append(PageRequest("GET", shown(address), 0, why, "", kind, 0))

    def _socket_asked(self, event: Mapping[str, Any]) -> None:
        if len(self._sockets) < MAX_REQUESTS:
            self._sockets[event["requestId"]] = PageRequest("GET", shown(event["url"]), 0, "", "", "websocket", 0)

    def _socket_answered(self, event: Mapping[str, Any]) -> None:
        self._socket_ended(event["requestId"], event["response"]["status"], "")

    def _socket_failed(self, event: Mapping[str, Any]) -> None:
        refused = re.search(r"Unexpected response code: (\d{3})", event["errorMessage"])
        status = int(refused[1]) if refused else 0
        self._socket_ended(event["requestId"], status, "" if refused else cut(event["errorMessage"], 80))

    def _socket_closed(self, event: Mapping[str, Any]) -> None:
        self._socket_ended(event["requestId"], 0, "net::ERR_ABORTED")

    def _socket_ended(self, number: str, status: int, failure: str) -> None:
        """How the first word of a server about a socket was; what comes later is no request."""
        socket = self._sockets.get(number)
        if socket and not socket.status and not socket.failure:
            self._sockets[number] = replace(socket, status=status, failure=failure)

    def _give_up(self, why: str) -> None:
        if not self.excess:
            self.excess = f"{shown(self._page.url)} {why}, and was given up"
            # Whatever is waited for ends with an error.
            self._page.close()

    def _asked(self, request: Request) -> None:
        if urlsplit(request.url).path == FAVICON:
            return
        self._asked_for += 1
        if self._asked_for > MAX_ASKED:
            self._give_up(f"asks for more than {MAX_ASKED} files")
            return
        self._awaited[request] = None
        if request.is_navigation_request() and request.frame == self._page.main_frame and not request.redirected_from:
            self._documents.append(request)
        if len(self._requests) < MAX_REQUESTS:
            self._requests.append(request)

    def _failed(self, request: Request) -> None:
        self._awaited.pop(request, None)
        failure = request.failure or "failed"
        self._failures[request] = cut(_FAILURES.get(failure, failure), 80)

    def _said(self, message: ConsoleMessage) -> None:
        # `console.assert` says something only where what it asserts is not so.
        kind = "error" if message.type == "assert" else message.type
        if kind in ("error", "warning"):
            place = message.location
            address = shown(place.get("url", ""))
            if urlsplit(address).path == FAVICON:
                return
            where = f"{address}:{place.get('lineNumber', 0) + 1}" if address else ""
            self._say(Message(kind, cut(message.text), where))

    def _say(self, message: Message) -> None:
        if len(self._messages) < MAX_MESSAGES:
            self._messages.append(message)

    @property
    def began(self) -> float:
        """When the first document was asked for, in ms since the epoch; 0 where it was the only one.

        The browser's own times begin again with each document that a script goes on to.
        """
        return self._documents[0].timing["startTime"] if len(self._documents) > 1 else 0.0

    def messages(self) -> tuple[Message, ...]:
        """What it said so far."""
        return tuple(self._messages)

    def requests(self) -> tuple[PageRequest, ...]:
        """What it asked for so far."""
        asked = (*(self._request(each) for each in self._requests), *self._sockets.values())
        known = {each.url for each in asked}
        return (*asked, *(each for each in dict.fromkeys(self._stopped) if each.url not in known))[:MAX_REQUESTS]

    def _request(self, request: Request) -> PageRequest:
        answer = self._answers.get(request)
        headers = answer.headers if answer else {}
        length = headers.get("content-length", "")
        return PageRequest(
            request.method,
            shown(request.url) if not request.url.startswith("data:") else "data:",
            answer.status if answer else 0,
            self._failures.get(request, ""),
            headers.get("content-type", "").partition(";")[0].strip().lower(),
            request.resource_type,
            int(length) if length.isascii() and length.isdigit() else 0,
        )

    def settle(self, seconds: float = SETTLE_SECONDS, quiet: float = QUIET_SECONDS) -> bool:
        """Wait until nothing has been in flight for `quiet` seconds; False where that did not happen in time."""
        until = time.monotonic() + seconds
        quiet_since, known = time.monotonic(), len(self._requests)
        while time.monotonic() < until:
            # Events of the page arrive only while Playwright is called.
            self._page.wait_for_timeout(50)
            if self._awaited or len(self._requests) != known:
                quiet_since, known = time.monotonic(), len(self._requests)
            elif time.monotonic() - quiet_since >= quiet:
                return True
        return False

    def not_loaded(self) -> list[PagePart]:
        """What the page asked for and did not get."""
        return [
            PagePart(kind, why)
            for each in self.requests()
            if (kind := _KINDS.get(each.kind)) and (why := _not_loaded(kind, each))
        ]

    def closed_trees(self) -> list[str]:
        """What `closed_trees` finds, where the engine can tell."""
        return closed_trees(self._tools) if self._tools else []

    def mark_listeners(self) -> None:
        """Leave in each window which elements listen to what: only the browser's own tools know that."""
        from playwright.sync_api import Error

        if self._tools is None:
            return
        windows: list[int] = []
        self._tools.on("Runtime.executionContextCreated", lambda event: windows.append(event["context"]["id"]))
        self._tools.send("Runtime.enable")
        for window in windows:
            # A frame may be gone by now.
            with suppress(Error):
                self._tools.send(
                    "Runtime.evaluate",
                    {
                        "expression": script("listeners.js"),
                        "contextId": window,
                        "includeCommandLineAPI": True,
                        "timeout": ASK_SECONDS * 1000,
                    },
                )
        self._tools.send("Runtime.disable")

    def in_own_world(self, library: str, expression: str, seconds: float) -> Any:
        """What an expression comes to in a world of its own: it shares the page's elements, and none of its scripts.

        Args:
            library: a script that runs before, also in the frames of the page.
            expression: a promise in JavaScript.
            seconds: for it to be kept.

        Raises:
            Error: it was broken, or not kept in time.
        """
        from playwright.sync_api import Error

        tree = self._ask("Page.getFrameTree", {}, ASK_SECONDS)["frameTree"]
        world = self._world(tree["frame"]["id"])
        self._evaluated({"expression": f"{library}; true", "contextId": world}, ASK_SECONDS)
        for frame in _open_frames(tree, tree["frame"]["securityOrigin"]):
            # Those that do not let it in, or in which no timer fires, are parts of their own.
            with suppress(Error):
                inner = self._world(frame)
                timer = "new Promise(done => setTimeout(done))"
                self._evaluated({"expression": timer, "contextId": inner, "awaitPromise": True}, TIMER_SECONDS)
                self._evaluated({"expression": f"{library}; true", "contextId": inner}, ASK_SECONDS)
        asked = {"expression": expression, "contextId": world, "awaitPromise": True, "returnByValue": True}
        return self._evaluated(asked, seconds)

    def _world(self, frame: str) -> int:
        made = self._ask("Page.createIsolatedWorld", {"frameId": frame, "worldName": "pytest-readiness"}, ASK_SECONDS)
        world: int = made["executionContextId"]
        return world

    def _evaluated(self, asked: dict[str, Any], seconds: float) -> Any:
        from playwright.sync_api import Error

        answer = self._ask("Runtime.evaluate", asked, seconds)
        if wrong := answer.get("exceptionDetails"):
            raise Error(wrong.get("exception", {}).get("description") or wrong["text"])
        return answer["result"].get("value")

    def _ask(self, method: str, parameters: dict[str, Any], seconds: float) -> Any:
        """Ask the browser's own tools: only newer versions of Playwright have a timeout for that."""
        from playwright.sync_api import Error

        assert self._tools is not None
        send: Any = self._tools._impl_obj.send
        none = {"timeout": 0} if "timeout" in signature(send).parameters else {}

        async def asking() -> Any:
            return await asyncio.wait_for(send(method, parameters, **none), seconds)

        try:
            return self._page._sync(asking())
        except TimeoutError:
            raise Error(f"a script of it has not ended for {seconds:g} s") from None

    def answer_to(self, address: str) -> PageRequest | None:
        """The last request for an address that was answered."""
        request = self._answered(address)
        return self._request(request) if request else None

    def header_of(self, address: str, name: str) -> str:
        """A header of the last answer from an address, by its name in small letters; "" where there is none."""
        request = self._answered(address)
        return self._answers[request].headers.get(name, "") if request else ""

    def _answered(self, address: str) -> Request | None:
        return next((each for each in reversed(self._requests) if each.url == address and each in self._answers), None)


def _open_frames(tree: Mapping[str, Any], origin: str) -> list[str]:
    """Names of the frames in a frame that are not of another origin, from Chromium's tree of frames."""
    children = [
        child
        for child in tree.get("childFrames", ())
        # A frame without an address of its own tells none, though it has that of what it is in.
        if child["frame"]["securityOrigin"] == origin or not child["frame"]["securityOrigin"].startswith("http")
    ]
    return [name for child in children for name in (child["frame"]["id"], *_open_frames(child, origin))]


_DIRECTIVES = {
    "connect-src": "fetch",
    "script-src": "script",
    "style-src": "stylesheet",
    "font-src": "font",
    "img-src": "image",
    "frame-src": "document",
    "media-src": "media",
}
"""What a page wants that a directive of its Content-Security-Policy is about."""
MIXED = "blocked as mixed content"
_FAILURES = {"csp": "blocked by the Content-Security-Policy", "mixed-content": MIXED}
"""What the browser says, in words."""
_KINDS = {
    "stylesheet": "stylesheet",
    "script": "script",
    "font": "font",
    "image": "image",
    "fetch": "fetch",
    "xhr": "fetch",
}


def _not_loaded(kind: str, request: PageRequest) -> str:
    """What was asked for and why it is not there; "" where it is, or where the page itself cancelled it."""
    # Programs often count on a 404 to their own questions.
    if request.status >= (500 if kind == "fetch" else 400):
        return f"{request.url} ({request.status})"
    if kind == "stylesheet" and request.media_type not in ("text/css", ""):
        return f"{request.url} ({request.media_type})"
    if request.failure:
        return "" if "ERR_ABORTED" in request.failure else f"{request.url} ({request.failure})"
    return "" if request.status else f"{request.url} (not answered)"


def closed_trees(tools: CDPSession) -> list[str]:
    """Elements with a closed shadow tree in which something is shown; no script of the page can look into one."""
    seen = tools.send("DOMSnapshot.captureSnapshot", {"computedStyles": []})
    return [host for document in seen["documents"] for host in _closed_trees(document, seen["strings"])]


_EMPTY = frozenset({"STYLE", "LINK", "SCRIPT", "SLOT", "TEMPLATE", "DIV", "SPAN", "#document-fragment"})
"""What shows nothing by itself."""


def _closed_trees(document: Mapping[str, Any], strings: list[str]) -> list[str]:
    """Selectors of the hosts, from a document of Chromium's DOMSnapshot."""
    nodes, layout = document["nodes"], document["layout"]
    kinds = nodes["shadowRootType"]
    # Every node has the type of the tree that it is in; what is slotted has none, though its parent is the slot.
    tree: dict[int, int] = {}
    for at, kind in sorted(zip(kinds["index"], kinds["value"], strict=True)):
        parent = nodes["parentIndex"][at]
        if parent in tree:
            tree[at] = tree[parent]
        elif strings[kind] == "closed":
            tree[at] = at
    if not tree:
        return []
    showing = set()
    for at, box, text in zip(layout["nodeIndex"], layout["bounds"], layout["text"], strict=True):
        written = text >= 0 and strings[text].strip()
        if (
            at in tree
            and min(box[2], box[3]) > 1
            and (written or strings[nodes["nodeName"][at]] not in {*_EMPTY, "#text"})
        ):
            showing.add(nodes["parentIndex"][tree[at]])
    hosts = []
    for at in sorted(showing):
        pairs = nodes["attributes"][at]
        attributes = {strings[name]: strings[value] for name, value in zip(pairs[::2], pairs[1::2], strict=True)}
        name = strings[nodes["nodeName"][at]].lower()
        hosts.append(cut(name + (f"#{attributes['id']}" if attributes.get("id") else "")))
    return hosts


def _go(page: Page, address: str) -> tuple[str, int, bool]:
    """Why there is no page, its status, and whether it was loaded completely."""
    from playwright.sync_api import Error
    from playwright.sync_api import TimeoutError as Late

    try:
        answer = page.goto(address, wait_until="commit", timeout=LOAD_SECONDS * 1000)
    except Late:
        return f"GET {shown(address)} was not answered within {LOAD_SECONDS:g} s", 0, False
    except Error as error:
        return f"GET {shown(address)} returned no page ({said(error)})", 0, False
    return "", answer.status if answer else 0, _loaded(page, LOAD_SECONDS)


def _loaded(page: Page, seconds: float) -> bool:
    """Wait for the load event; False where it did not come in that time."""
    from playwright.sync_api import TimeoutError as Late

    try:
        page.wait_for_load_state("load", timeout=seconds * 1000)
    except Late:
        return False
    return True


class PageAsker:
    """Asks a page the questions of `page.js`, each for a limited time: Playwright's `evaluate` has no timeout."""

    def __init__(self, page: Page) -> None:
        self._page = page
        _let_in(page)
        self._questions = page.evaluate_handle(script("page.js"))

    def evaluate(self, function: str, argument: object = None, seconds: float = ASK_SECONDS) -> Any:
        """What a function in JavaScript returns, of the questions and an argument.

        Raises:
            Error: the page threw an exception, went on to another one, or did not answer in time.
        """
        from playwright.sync_api import Error
        from playwright.sync_api import TimeoutError as Late

        try:
            answer = self._page.wait_for_function(
                # In a list, so that any value ends the waiting.
                f"async ([questions, argument]) => [await ({function})(questions, argument)]",
                arg=[self._questions, argument],
                timeout=seconds * 1000,
            )
        except Late:
            raise Error(f"a script of it has not ended for {seconds:g} s") from None
        value = answer.json_value()[0]
        answer.dispose()
        return value


def _let_in(page: Page) -> None:
    """See that scripts run in the page: where none does, whoever waits for one waits for ever.

    Raises:
        Error: it is sandboxed, so that no timer ever fires, or so busy that no script gets its turn.
    """
    from playwright.sync_api import Error
    from playwright.sync_api import TimeoutError as Late

    mark = "globalThis[Symbol.for('pytest-readiness timer')]"
    try:
        page.wait_for_function(
            f"() => {mark} === true || ({mark} === undefined && setTimeout(() => {{ {mark} = true; }}, 0) && false)",
            polling=50,
            timeout=PROBE_SECONDS * 1000,
        )
    except Late:
        raise Error(
            f"no script can run in it: they are switched off, as by 'sandbox' in its Content-Security-Policy, or one "
            f"of its own has not ended for {PROBE_SECONDS:g} s"
        ) from None


def press(page: Page, key: str, seconds: float = PROBE_SECONDS) -> None:
    """Press a key: Playwright waits for the page's scripts that react to it, for ever, and its `press` has no timeout.

    Raises:
        Error: they did not end in time.
    """
    _heard(page, page.keyboard._impl_obj.press(key, 0), key, seconds)


def type_in(page: Page, text: str, seconds: float) -> None:
    """Press the keys of a text, as a person does: a page may hear and refuse each of them. The rest is as for `press`.

    Raises:
        Error: the page's scripts did not end in time.
    """
    _heard(page, page.keyboard._impl_obj.type(text, 0), "keys", seconds)


def _heard(page: Page, action: Coroutine[Any, Any, None], keys: str, seconds: float) -> None:
    from playwright.sync_api import Error

    async def acting() -> None:
        await asyncio.wait_for(action, seconds)

    try:
        page._sync(acting())
    except TimeoutError:
        raise Error(f"a script of it that reacts to {keys} has not ended for {seconds:g} s") from None


def said(error: Any) -> str:
    """What Playwright says went wrong, without its log of calls."""
    text = str(error.message).partition("\nCall log")[0].partition("\n")[0]
    if "context they were created" in text or "context was destroyed" in text:
        return "it loaded itself again, or went on to another page, while it was looked at"
    return cut(re.sub(r"^(Page|Locator|Frame|Keyboard|JSHandle)\.\w+: ", "", text))


class _Looking:
    def __init__(self, page: Page, job: VisitJob, name: str, watched: Watched, until: float) -> None:
        self._page = page
        self._job = job
        self._name = name
        self._watched = watched
        self._until = until
        self._unread: dict[str, str] = {}
        self._pictures = Pictures(page.context)

    def look(self, status: int, loaded: bool) -> Visit:
        from playwright.sync_api import Error

        page, job, watched = self._page, self._job, self._watched
        started = time.monotonic()
        quiet = watched.settle()
        if not self._past_timers(started + SETTLE_SECONDS):
            quiet = False
        if loaded:
            # A page that goes on to another one by script is answered by that one.
            loaded = _loaded(page, max(1.0, self._until - 30 - time.monotonic()))
        asker = PageAsker(page)
        refresh = watched.header_of(page.url.partition("#")[0], "refresh")
        if broken := asker.evaluate("q => q.malformed()"):
            raise Error(f"it is XML that cannot be read to its end, and the browser shows what is wrong: {broken}")
        if (there := asker.evaluate("(q, header) => q.goesOn(header)", refresh)) and there["after"] <= VISIT_SECONDS:
            asker, loaded, quiet = self._follow(there["to"], there["after"])
        document = watched.answer_to(page.url.partition("#")[0])
        status = document.status if document else status
        rendered = asker.evaluate("q => q.rendered()")
        load = asker.evaluate("(q, began) => q.load(began)", watched.began)
        messages = watched.messages()
        requests = (*watched.requests(), *map(_worker, load["workers"][:MAX_POINTS]))
        screenshot = picture(page)
        looks = {look.what for look in job.looks}
        endless = asker.evaluate("(q, n) => q.scroll(n)", MAX_SCREENS, SCROLL_SECONDS)
        watched.settle(2, 0.1)
        images = tuple(self._image(each) for each in asker.evaluate("q => q.images()")[:MAX_ELEMENTS])
        videos = tuple(
            VideoSeen(cut(each["what"]), _texts(each["tracks"]), _texts(each["empty"]))
            for each in asker.evaluate("q => q.videos()", seconds=SCROLL_SECONDS)[:MAX_ELEMENTS]
        )
        asker.evaluate("q => q.top()")
        asker.evaluate("q => q.layOut()")
        self._stand_still(asker)
        blank = self._blank(asker)
        parts = self._parts(asker, endless)
        watched.mark_listeners()
        asker.evaluate("q => q.acting()")
        axe = self._part("axe", partial(self._axe, asker)) if "axe" in looks else None
        widths = sorted({look.width for look in job.looks if look.what == "width"})
        layouts = [self._part(f"width {width}", partial(self._layout, asker, width)) for width in widths]
        if widths:
            page.set_viewport_size({"width": WIDTH, "height": HEIGHT})
        keyboard = self._part("keyboard", partial(self._keyboard, asker)) if "keyboard" in looks else None
        return Visit(
            asked=job.asked,
            root=job.root,
            browser=self._name,
            problem="",
            rendered=Rendered(
                status,
                shown(page.url),
                rendered["mediaType"],
                cut(rendered["title"], 100),
                rendered["elements"],
                rendered["text"],
                rendered["media"],
                rendered["controls"],
                blank,
            ),
            load=_load(load, loaded, quiet) if load["vitals"] or loaded else None,
            requests=requests,
            messages=messages,
            viewport_meta=None if rendered["viewport"] is None else cut(rendered["viewport"], 300),
            fold=HEIGHT,
            images=images,
            videos=videos,
            parts=parts,
            screenshot=screenshot,
            axe=axe,
            keyboard=keyboard,
            layouts=tuple(layout for layout in layouts if layout),
            unread=self._unread,
        )

    def _follow(self, there: str, seconds: float) -> tuple[PageAsker, bool, bool]:
        """Wait until the page goes on to another one, as it says it will.

        Raises:
            Error: it does so too late, or not at all.
        """
        from playwright.sync_api import Error
        from playwright.sync_api import TimeoutError as Late

        before = self._page.url
        try:
            if seconds > MAX_REFRESH:
                raise Late("")
            self._page.wait_for_url(lambda now: now != before, wait_until="commit", timeout=(seconds + 5) * 1000)
        except Late:
            raise Error(f"it goes on to {shown(there)} by itself after {seconds:g} s") from None
        loaded = _loaded(self._page, max(1.0, self._until - 30 - time.monotonic()))
        return PageAsker(self._page), loaded, self._watched.settle()

    def _past_timers(self, until: float) -> bool:
        """Wait for timers and animations that end before then; False where the network was not quiet after them."""
        quiet = True
        while (left := until - time.monotonic()) > 0:
            # By its last timer, it may have gone on to another page.
            due = PageAsker(self._page).evaluate("(q, most) => q.atWork(most)", left * 1000)
            if due is None and self._page.workers:
                # Nobody tells when their timers fire.
                due = left * 1000
            if due is None:
                break
            self._page.wait_for_timeout(due + 20)
            quiet = self._watched.settle(max(0.2, until - time.monotonic()), 0.1)
        return quiet

    def _blank(self, asker: PageAsker) -> bool:
        """Whether the page shows one colour only, in its first windows."""
        for _ in range(MAX_BLANK):
            seen = self._page.screenshot(animations="disabled", timeout=5000)
            if len(seen) > MAX_PLAIN or not self._pictures.plain(seen):
                blank = False
                break
            if not asker.evaluate("q => q.further()"):
                blank = True
                break
        else:
            blank = True
        asker.evaluate("q => q.top()")
        return blank

    def _stand_still(self, asker: PageAsker) -> None:
        until = time.monotonic() + ANIMATION_SECONDS
        while time.monotonic() < until and not asker.evaluate("q => q.finished()"):
            self._page.wait_for_timeout(100)

    def _parts(self, asker: PageAsker, endless: Iterable[str]) -> tuple[PagePart, ...]:
        """What of the page could not be looked at."""
        parts = [PagePart(each["kind"], cut(each["what"]), each["area"]) for each in asker.evaluate("q => q.parts()")]
        parts += [PagePart("shadow", host) for host in self._watched.closed_trees()]
        parts += [PagePart("rest", cut(where)) for where in endless]
        parts += self._watched.not_loaded()
        return tuple(parts[:MAX_POINTS])

    def _part(self, what: str, look: Callable[[], Any]) -> Any:
        from playwright.sync_api import Error

        if time.monotonic() > self._until - 5:
            self._unread[what] = f"the visit would have taken more than {VISIT_SECONDS:g} s"
            return None
        try:
            return look()
        except Error as error:
            self._unread[what] = said(error)
            return None

    def _image(self, seen: Mapping[str, Any]) -> ImageSeen:
        address = seen["url"]
        if address.startswith("data:"):
            media_type, size = address[5:].partition(",")[0].partition(";")[0], len(address)
            address = "data:"
        else:
            answer = self._watched.answer_to(address.partition("#")[0])
            media_type, size = (answer.media_type, answer.size) if answer else ("", 0)
        state, top = seen["state"], float(seen["top"])
        if not state:
            # Only of <img> the browser itself says whether it could be painted.
            answered = self._watched.answer_to(seen["url"].partition("#")[0])
            refused = answered and (answered.status >= 400 or answered.failure)
            other = media_type and not media_type.startswith("image/")
            state = "broken" if refused or other else "loaded" if media_type else "pending"
        return ImageSeen(
            cut(seen["what"]),
            shown(address),
            media_type,
            size,
            state,
            bool(seen["reserved"]),
            bool(seen["lazy"]),
            top,
            bool(seen["visible"]),
        )

    def _axe(self, asker: PageAsker) -> Axe:
        result = self._watched.in_own_world(_axe_source(), f"{script('axe.js')}({json.dumps(AXE_TAGS)})", AXE_SECONDS)
        asker.evaluate("(q, colours) => q.judged(colours)", result["texts"])
        passes, violations, incomplete = (
            tuple(map(_rule, result[kind])) for kind in ("passes", "violations", "incomplete")
        )
        self._measure(asker)
        doubtful = asker.evaluate("q => q.doubtful()")
        if doubtful["points"]:
            # What axe computed is not what the picture shows: neither its yes nor its no is a fact.
            rule = next(each for each in (*violations, *passes, *incomplete) if each.id == CONTRAST)
            violations = _without(violations, doubtful["violations"])
            incomplete = (*(each for each in incomplete if each.id != CONTRAST), _doubtful(rule, incomplete, doubtful))
        return Axe(result["version"], passes, violations, incomplete)

    def _measure(self, asker: PageAsker) -> None:
        """Compare the colours that axe computed with those on the screen."""
        until = time.monotonic() + MEASURE_SECONDS
        for _ in range(MAX_SCREENS):
            texts = asker.evaluate("q => q.nextTexts()")
            if texts is None or time.monotonic() > until:
                break
            if texts:
                data = b64encode(self._page.screenshot(animations="disabled", timeout=5000)).decode()
                asker.evaluate(
                    "(q, wrong) => q.contradict(wrong)",
                    self._pictures.helper().evaluate(script("measure.js"), [data, texts]),
                )
        asker.evaluate("q => q.top()")

    def _layout(self, asker: PageAsker, width: int) -> PageLayout:
        self._page.set_viewport_size({"width": width, "height": HEIGHT})
        # Two frames: one for the layout, one for scripts that react to it.
        asker.evaluate("() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => done())))")
        self._watched.settle(1, 0.05)
        until = time.monotonic() + REACTION_SECONDS
        # Scripts that react to it often wait until it has come to an end.
        while (left := until - time.monotonic()) > 0 and (due := asker.evaluate("(q, n) => q.due(n)", left * 1000)):
            self._page.wait_for_timeout(due + 20)
        self._watched.settle(1, 0.05)
        asker.evaluate("q => q.top()")
        seen = asker.evaluate("q => q.layout()")
        targets = tuple(
            TapTarget(
                cut(each["what"]), each["x"], each["y"], each["width"], each["height"], each["inline"], each["sure"]
            )
            for each in seen["targets"]
        )
        return PageLayout(
            width,
            seen["overflow"],
            _texts(seen["wide"]),
            _texts(seen["cut"]),
            _texts(seen["maybe"]),
            targets,
            picture(self._page),
        )

    def _keyboard(self, asker: PageAsker) -> Keyboard:
        return _Tabbing(self._page, asker, min(self._until, time.monotonic() + KEYBOARD_SECONDS)).walk()


def _without(rules: tuple[AxeRule, ...], points: list[str]) -> tuple[AxeRule, ...]:
    """Violated rules without the points of the contrast rule that are in doubt."""
    found = []
    for rule in rules:
        if rule.id == CONTRAST:
            left = tuple(point for point in rule.points if point not in points)
            rule = replace(rule, points=left, count=rule.count - len(rule.points) + len(left))
        if rule.count:
            found.append(rule)
    return tuple(found)


def _doubtful(rule: AxeRule, incomplete: tuple[AxeRule, ...], doubtful: Mapping[str, Any]) -> AxeRule:
    """The contrast rule with what axe cannot decide and what is in doubt."""
    known = next((each for each in incomplete if each.id == CONTRAST), None)
    points = [*(known.points if known else ()), *(cut(point, 150) for point in doubtful["points"])]
    count = (known.count if known else 0) + len(doubtful["points"])
    reason = "the picture shows other colours than axe-core computed"
    return replace(rule, points=tuple(points[:MAX_POINTS]), count=count, reason=known.reason if known else reason)


_READ = """const read = async (data) => {
    const image = new Image();
    image.src = 'data:image/png;base64,' + data;
    await image.decode();
    const context = new OffscreenCanvas(image.width, image.height).getContext('2d');
    context.drawImage(image, 0, 0);
    return context.getImageData(0, 0, image.width, image.height).data;
};"""
"""The colours of a picture, four numbers for each pixel."""
_DIFFERING = (
    f"async (pictures) => {{{_READ}"
    + """
    const [one, other] = await Promise.all(pictures.map(read));
    if (other && one.length !== other.length) return Infinity;
    let count = 0;
    for (let n = 0; n < one.length; n += 4) {
        // Alone, it is compared with its own first pixel.
        const [with_, at] = other ? [other, n] : [one, 0];
        if ([0, 1, 2].some((channel) => Math.abs(one[n + channel] - with_[at + channel]) >= 26)) count++;
    }
    return count;
}"""
)
_APART = (
    f"async (pictures) => {{{_READ}"
    + """
    const [ones, others] = await Promise.all(pictures.map((kind) => Promise.all(kind.map(read))));
    const length = Math.min(...[...ones, ...others].map((data) => data.length));
    const like = (one, other, n) => [0, 1, 2].every((channel) => Math.abs(one[n + channel] - other[n + channel]) < 26);
    let count = 0;
    for (let n = 0; n < length; n += 4) {
        for (const [some, rest] of [[ones, others], [others, ones]]) {
            if (some.every((each) => like(each, some[0], n)) && rest.every((each) => !like(each, some[0], n))) count++;
        }
    }
    return count;
}"""
)


class Pictures:
    """Compares pictures of a page, in an empty page of the same browser: no library for images is needed for that."""

    def __init__(self, context: BrowserContext) -> None:
        self._context = context
        self._empty: Page | None = None

    def helper(self) -> Page:
        """The empty page."""
        if self._empty is None:
            self._empty = self._context.new_page()
        return self._empty

    def differ(self, one: bytes, other: bytes) -> bool:
        """Whether two pictures of one place differ by more than what drawing it again changes."""
        return one != other and self._differing(one, other)

    def apart(self, pairs: Iterable[tuple[bytes, bytes]]) -> bool:
        """Whether the ones of pairs differ from all others, where a place keeps changing.

        There are pixels in which all of one kind agree, and none of the other kind does.
        """
        kinds = [[b64encode(each).decode() for each in kind] for kind in zip(*pairs, strict=True)]
        return bool(self.helper().evaluate(_APART, kinds) >= DIFFERING_PIXELS)

    def plain(self, one: bytes) -> bool:
        """Whether a picture is all of one colour."""
        return not self._differing(one)

    def _differing(self, *pictures: bytes) -> bool:
        differing = self.helper().evaluate(_DIFFERING, [b64encode(each).decode() for each in pictures])
        return bool(differing >= DIFFERING_PIXELS)


class _Tabbing:
    """Presses Tab until the page ends, and looks at what has the focus each time."""

    def __init__(self, page: Page, asker: PageAsker, until: float) -> None:
        self._page = page
        self._asker = asker
        self._until = until
        self._presses = 0
        self._compared: dict[str, bool | None] = {}
        self._unseen: list[str] = []
        self._undecided: list[str] = []
        self._waits = 0
        self._pictures = Pictures(page.context)

    def walk(self) -> Keyboard:
        hovered = self._asker.evaluate("q => q.hovered()")
        start = self._asker.evaluate("q => q.startTabbing()")
        trap, taken, dialog = "", "", start["dialog"]
        whole = False
        # What gets the focus by itself does not lead on when it takes it back.
        first = self._taken({"number": -1})
        visited = {first["number"]} if first else set()
        looked: set[int] = set()
        inside = ends = stops = 0
        before = None
        while self._presses < MAX_PRESSES and time.monotonic() < self._until:
            at = self._press("Tab")
            stops = stops + 1 if at and at["number"] == before else 0
            before = at["number"] if at else None
            if at and at["number"] in visited:
                if at["frame"] and inside < MAX_INSIDE:
                    inside += 1
                    continue
                if 0 < stops <= MAX_STOPS:
                    continue
                # Editors that use Tab themselves often let go after Escape.
                press(self._page, "Escape")
                at = self._press("Tab")
                before = at["number"] if at else None
                if at and at["number"] in visited:
                    dialog = dialog or at["dialog"]
                    trap = "" if dialog else at["what"]
                    break
            if at is None:
                ends += 1
                visited.clear()
                inside = 0
                if ends == 2 or not self._asker.evaluate("q => q.unreached()"):
                    whole = True
                    break
                continue
            visited.add(at["number"])
            if at["number"] not in looked:
                looked.add(at["number"])
                if not taken and (to := self._taken(at)) and to["number"] in visited:
                    taken = to["what"]
                self._look(at)
        missed = self._asker.evaluate("q => q.unreached()") if whole or trap else ()
        return Keyboard(
            start["controls"],
            self._presses,
            _texts(missed),
            _texts(self._unseen),
            _texts(self._undecided),
            cut(trap or taken),
            cut(dialog),
            _texts(self._asker.evaluate("q => q.acts()")),
            _texts(hovered),
            whole,
        )

    def _press(self, key: str) -> dict[str, Any] | None:
        self._presses += 1
        press(self._page, key)
        at: dict[str, Any] | None = self._asker.evaluate("q => q.focused()")
        return at

    def _taken(self, at: Mapping[str, Any]) -> dict[str, Any] | None:
        """What a timer of the page gives the focus to, soon after a control has got it; None where it does not."""
        due = self._asker.evaluate("(q, most) => q.due(most, true)", TAKEN_MS) if self._waits < MAX_WAITS else None
        if due is not None:
            self._waits += 1
            self._page.wait_for_timeout(due + 20)
        # It may have fired already.
        now: dict[str, Any] | None = self._asker.evaluate("q => q.focused()")
        if now is None or now["number"] == at["number"]:
            return None
        self._asker.evaluate("(q, n) => q.focus(n)", at["number"])
        return now

    def _look(self, at: Mapping[str, Any]) -> None:
        if at["frame"]:
            return
        if at["onScreen"] and (at["ring"] or at["caret"]):
            return
        # Only of what is plainly seen, the next one of its kind looks the same.
        kind = at["alike"] if at["plain"] else f"{at['alike']} {at['number']}"
        if not at["onScreen"]:
            self._unseen.append(f"{at['what']}, outside the window")
            return
        if kind not in self._compared:
            enough = len(self._compared) < MAX_COMPARED
            self._compared[kind] = self._changes(at) if enough else None
        seen = self._compared[kind]
        if seen is None:
            self._undecided.append(at["what"])
        elif not seen:
            self._unseen.append(at["what"])

    def _changes(self, at: Mapping[str, Any]) -> bool | None:
        """Whether the control and its surroundings look different without the focus; None where they keep changing."""
        with_focus = self._shot(at["box"])
        if self._pictures.differ(with_focus, self._shot(at["box"])):
            return None
        wide = self._shot(at["around"])
        self._asker.evaluate("q => q.blur()")
        without, wide_without = self._shot(at["box"]), self._shot(at["around"])
        self._asker.evaluate("(q, n) => q.focus(n)", at["number"])
        if self._pictures.differ(with_focus, without):
            return True
        if not self._pictures.differ(wide, wide_without):
            return False
        # What holds this control alone may show the focus, and may change by itself.
        return None if self._pictures.differ(wide, self._shot(at["around"])) else True

    def _shot(self, box: Mapping[str, float]) -> bytes:
        return shot(self._page, box, 8)


def shot(page: Page, box: Mapping[str, float], margin: float = 0) -> bytes:
    """A picture of a place in the window, with a margin around it."""
    left, top = max(0.0, box["x"] - margin), max(0.0, box["y"] - margin)
    return page.screenshot(
        clip={
            "x": left,
            "y": top,
            "width": max(1.0, min(box["x"] + box["width"] + margin, WIDTH) - left),
            "height": max(1.0, min(box["y"] + box["height"] + margin, HEIGHT) - top),
        },
        animations="disabled",
        timeout=5000,
    )


def picture(page: Page, **options: Any) -> str:
    """The window as PNG in base64; in half the size where that is too large, and "" where that is, too."""
    from playwright.sync_api import Error

    try:
        raw = page.screenshot(animations="disabled", timeout=5000, **options)
        if len(raw) > MAX_SCREENSHOT:
            raw = _smaller(page, raw)
    except Error:
        return ""
    return b64encode(raw).decode() if raw else ""


def _smaller(page: Page, raw: bytes) -> bytes:
    """Let an empty page of the same browser draw it smaller: no library for images is needed for that."""
    other = page.context.new_page()
    try:
        for factor in (0.5, 0.25):
            text: str = other.evaluate(
                """async ([data, factor]) => {
                    const image = new Image();
                    image.src = 'data:image/png;base64,' + data;
                    await image.decode();
                    const canvas = document.createElement('canvas');
                    canvas.width = image.width * factor;
                    canvas.height = image.height * factor;
                    const context = canvas.getContext('2d');
                    context.imageSmoothingQuality = 'high';
                    context.drawImage(image, 0, 0, canvas.width, canvas.height);
                    return canvas.toDataURL('image/png').split(',')[1];
                }""",
                [b64encode(raw).decode(), factor],
            )
            if len(small := b64decode(text)) <= MAX_SCREENSHOT:
                return small
    finally:
        other.close()
    return b""


def _worker(seen: Mapping[str, str]) -> PageRequest:
    """The script of a service worker, which the browser asks for by itself."""
    done = seen["state"] == "registered"
    return PageRequest(
        "GET", shown(seen["url"]), 200 if done else 0, "" if done else cut(seen["state"], 150), "", "serviceworker", 0
    )


def _load(seen: Mapping[str, Any], loaded: bool, quiet: bool) -> Load:
    def seconds(name: str) -> float | None:
        return None if seen[name] is None else seen[name] / 1000

    return Load(
        seconds("load") if loaded else None,
        seen["firstByte"] / 1000,
        seconds("firstPaint"),
        seconds("largestPaint"),
        cut(seen["largest"]),
        seen["largestArea"],
        round(seen["shift"], 4),
        _texts(seen["shifted"]),
        seen["blocking"] / 1000,
        seen["longestTask"] / 1000,
        quiet,
    )


def _rule(seen: Mapping[str, Any]) -> AxeRule:
    return AxeRule(
        seen["id"],
        seen.get("impact") or "",
        cut(seen["help"]),
        tuple(seen["tags"]),
        tuple(cut(point, 150) for point in seen["points"]),
        seen["count"],
        cut(seen["reason"]),
    )


def _texts(texts: Any) -> tuple[str, ...]:
    return tuple(cut(text) for text in texts[:MAX_POINTS])


@cache
def script(name: str) -> str:
    """A script of this package, by its name."""
    return Path(__file__).with_name(name).read_text("utf-8")


@cache
def _axe_source() -> str:
    from importlib.resources import files

    return files("axe_playwright_python").joinpath("axe.min.js").read_text("utf-8")
