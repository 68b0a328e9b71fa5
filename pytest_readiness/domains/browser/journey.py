"""Making a declared journey, as it happens in the process that drives the browser."""

from __future__ import annotations

import secrets
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin, urlsplit

from pydantic import TypeAdapter, ValidationError

from pytest_readiness.core.evidence import CouldNotVerify
from pytest_readiness.core.text import cut
from pytest_readiness.domains.browser.facts.flow import FLOW_SECONDS, Journey, JourneyJob
from pytest_readiness.domains.browser.steps import (
    UNIQUE,
    BrowserStep,
    Element,
    PageExpectation,
    filled_in,
    variables,
)
from pytest_readiness.domains.browser.visit import (
    LOAD_SECONDS,
    Pictures,
    Say,
    a_context,
    closed_trees,
    picture,
    press,
    said,
    script,
    shot,
    type_in,
)
from pytest_readiness.domains.http.flow_answer import origin_of
from pytest_readiness.domains.http.flow_steps import Part
from pytest_readiness.protocols.http.addresses import shown

if TYPE_CHECKING:
    from collections.abc import Sequence

    from playwright.sync_api import Browser, CDPSession, Frame, Locator, Page

SIGHT_SECONDS = 5.0
"""For a page to tell whether an element is seen."""
MOST_LOOKED_AT = 50
"""Elements that a locator finds."""
STATUS = "() => (performance.getEntriesByType('navigation')[0] || {}).responseStatus || 0"
"""Of the document that is shown, also after a click or a step back."""

MOST_PICTURED = 10
"""Of them, those that are compared with pictures; what more there is of a kind looks like them."""
SURE = 3
"""Pictures with it, and as many without, that show it where each kind is alike: one may be a chance."""
MOST_COMPARED = 6
"""Where what is behind it keeps changing."""
CHANGING = "cannot be told from what is behind it, which keeps changing"
MOST_TYPED = 1000
"""Characters that are typed key by key; nobody types more, but pastes it."""
TYPED = (
    "element => element.matches('textarea, [contenteditable], input:not([type]), ' + "
    "['text', 'search', 'email', 'tel', 'url', 'password', 'number'].map(type => `input[type=${type} i]`).join())"
)
"""Whether something is filled in by typing; other fields get a value."""


class _StepFailedError(Exception):
    """A step did not lead to what it should have."""

    def __init__(self, expected: str, seen: str) -> None:
        super().__init__(seen)
        self.expected = expected
        self.seen = seen


class _NotSeenError(Exception):
    """What a step expects may be where a journey does not look."""


def journey(browser: Browser, job: JourneyJob, say: Say) -> Journey:
    """Make the journey.

    Raises:
        CouldNotVerify: the endpoint does not answer, or the time is up.
    """
    with a_context(browser, job.opening.engine, say) as context:
        page = context.new_page()
        return _Traveller(
            page, context.new_cdp_session(page), job, f"{job.opening.engine} {browser.version}", say
        ).travel()


class _Traveller:
    def __init__(self, page: Page, tools: CDPSession, job: JourneyJob, name: str, say: Say) -> None:
        self._page = page
        self._tools = tools
        self._job = job
        self._name = name
        self._say = say
        self._values = {UNIQUE: f"r{secrets.token_hex(4)}"}
        self._covered: list[Locator] = []
        self._pictures = Pictures(page.context)
        self._hidden = [value for (_, field), value in job.secrets.items() if field != "user" and value]

    def travel(self) -> Journey:
        steps = TypeAdapter(list[BrowserStep]).validate_json(self._job.steps)
        started = time.monotonic()
        last_act = max((number for number, step in enumerate(steps) if step.acts), default=-1)
        already = ""
        if steps[0].go is None:
            self._open(self._job.root)
        for number, step in enumerate(steps):
            left = FLOW_SECONDS - 5 - (time.monotonic() - started)
            if left <= 0:
                raise CouldNotVerify(f"the journey did not end within {FLOW_SECONDS:g} s: step {number + 1} was next")
            if number == last_act and self._holds(steps[-1]):
                already = steps[-1].words
            there = self._job.root if step.go else shown(self._page.url)
            self._say(f"step {number + 1} of {len(steps)} at {there}: {step.words}")
            try:
                self._do(self._filled_in(step), min(step.timeout_s, left))
            except _NotSeenError as error:
                raise CouldNotVerify(self._clean(f"step {number + 1} of {len(steps)}, {step.words}: {error}")) from None
            except _StepFailedError as failed:
                words = f"step {number + 1} of {len(steps)}, {step.words}"
                return self._journey(steps, number, words, failed.expected, failed.seen, started)
        acted = steps[last_act].words if last_act >= 0 else ""
        return self._journey(steps, len(steps), "", "", "", started, already, acted)

    def _journey(
        self,
        steps: list[BrowserStep],
        done: int,
        failed: str,
        expected: str,
        seen: str,
        started: float,
        already: str = "",
        acted: str = "",
    ) -> Journey:
        masks = [*self._covered, self._page.locator("input[type=password]")]
        masks += [self._page.get_by_text(secret) for secret in self._hidden]
        return Journey(
            len(steps),
            done,
            self._clean(failed),
            self._clean(expected),
            self._clean(seen),
            self._clean(shown(self._page.url)),
            self._clean(cut(self._page.title(), 100)),
            already,
            acted,
            time.monotonic() - started,
            self._name,
            picture(self._page, mask=masks),
        )

    def _filled_in(self, step: BrowserStep) -> BrowserStep:
        try:
            return filled_in(step, self._values)
        except ValidationError:
            raise _StepFailedError(step.words, "what was captured for it does not fit there") from None

    def _clean(self, text: str) -> str:
        for secret in self._hidden:
            text = text.replace(secret, "…")
        return text

    def _holds(self, last: BrowserStep) -> bool:
        """Whether the last expectation holds already, where that can be said."""
        if last.expect is None or any(name not in self._values for name in variables(last)):
            return False
        expect = filled_in(last, self._values).expect
        assert expect is not None
        return not self._lacking(expect)

    def _open(self, address: str, seconds: float = LOAD_SECONDS) -> None:
        from playwright.sync_api import Error
        from playwright.sync_api import TimeoutError as Late

        try:
            answer = self._page.goto(address, wait_until="load", timeout=seconds * 1000)
        except Late:
            raise _StepFailedError("the page", f"it was not loaded within {seconds:g} s") from None
        except Error as error:
            raise CouldNotVerify(f"GET {shown(address)} returned no page ({said(error)})") from None
        if answer is not None and answer.status >= 400:
            raise _StepFailedError("a page with a status below 400", f"{answer.status} for {shown(address)}")

    def _do(self, step: BrowserStep, seconds: float) -> None:
        from playwright.sync_api import Error
        from playwright.sync_api import TimeoutError as Late

        if step.go is not None:
            self._open(urljoin(self._job.root, step.go), max(seconds, min(LOAD_SECONDS, 30.0)))
        elif step.expect:
            self._expect(step.expect, seconds)
        elif step.capture:
            for name, element in step.capture.items():
                self._values[name] = self._text_of(element, seconds)
        elif step.press is not None:
            try:
                press(self._page, step.press, seconds)
            except Error as error:
                raise _StepFailedError(f"a key {step.press}", said(error)) from None
        else:
            target: Element = getattr(step, step.verb)
            locator = self._locator(target)
            try:
                self._act(step, locator, seconds * 1000)
            except Late:
                if not locator.count():
                    self._look_elsewhere(target)
                raise _StepFailedError(target.words, self._why_not(locator, seconds, step)) from None
            except Error as error:
                found = locator.count()
                seen = f"{found} elements match" if found > 1 else said(error)
                raise _StepFailedError(target.words, f"{seen} {self._where()}") from None

    def _act(self, step: BrowserStep, locator: Locator, timeout: float) -> None:
        match step.verb:
            case "fill":
                assert step.fill
                self._fill(locator, self._value(step.fill.value, locator), timeout)
            case "click":
                locator.click(timeout=timeout)
            case "select":
                assert step.select
                locator.select_option(label=step.select.option, timeout=timeout)
            case "check":
                locator.check(timeout=timeout)
            case "uncheck":
                locator.uncheck(timeout=timeout)
            case "upload":
                assert step.upload
                file: Any = {
                    "name": step.upload.filename,
                    "mimeType": "application/octet-stream",
                    "buffer": step.upload.content.encode(),
                }
                locator.set_input_files(file, timeout=timeout)
            case _:
                locator.first.wait_for(state="visible", timeout=timeout)

    def _fill(self, locator: Locator, text: str, timeout: float) -> None:
        until = time.monotonic() + timeout / 1000
        typed = len(text) <= MOST_TYPED and "\n" not in text and locator.evaluate(TYPED, timeout=timeout)
        locator.fill("" if typed else text, timeout=max(1, (until - time.monotonic()) * 1000))
        if typed:
            type_in(self._page, text, max(1, until - time.monotonic()))

    def _value(self, value: str | Part, locator: Locator) -> str:
        if isinstance(value, str):
            return value
        there = urlsplit(self._page.url)
        ours = urlsplit(self._job.root)
        if origin_of(self._page.url) != origin_of(self._job.root):
            raise _StepFailedError(
                f"a page of the declared {ours.scheme}://{ours.netloc}, to fill a credential in",
                f"the journey is at {there.scheme}://{there.netloc}, which gets no credentials",
            )
        if value.field != "user":
            self._covered.append(locator)
        return self._job.secrets[value.credential, value.field]

    def _locator(self, element: Element, frame: Frame | None = None) -> Locator:
        page, exact = frame or self._page, element.exact
        match element.way:
            case "role":
                assert element.role
                if element.name is None:
                    return page.get_by_role(element.role)
                return page.get_by_role(element.role, name=element.name, exact=exact)
            case "label":
                return page.get_by_label(element.label or "", exact=exact)
            case "text":
                return page.get_by_text(element.text or "", exact=exact)
            case "placeholder":
                return page.get_by_placeholder(element.placeholder or "", exact=exact)
            case "test_id":
                return page.get_by_test_id(element.test_id or "")
            case _:
                return page.locator(f"css={element.css}")

    def _visible(self, element: Element, frame: Frame | None = None) -> list[Locator]:
        return [one for one in self._locator(element, frame).all()[:MOST_LOOKED_AT] if one.is_visible()]

    def _seen(self, element: Element, enough: bool = False) -> tuple[list[Locator], str]:
        """Those that a person sees of an element, where one is not `enough`; and why the others are not seen."""
        seen: list[Locator] = []
        why = ""
        for one in self._visible(element):
            if hidden := self._unseen(one, element.text or "", len(seen) < MOST_PICTURED):
                why = hidden
            else:
                seen.append(one)
                if enough:
                    break
        return seen, why

    def _unseen(self, one: Locator, words: str = "", pictured: bool = True) -> str:
        """Why a person does not see an element, or words that are in it; "" where one does."""
        why: str = one.evaluate(
            f"(element, words) => ({script('page.js')}).unseen(element, words)", words, timeout=SIGHT_SECONDS * 1000
        )
        return why or (self._unpainted(one, words) if pictured else "")

    def _unpainted(self, one: Locator, words: str) -> str:
        """Why nothing of an element, or of words in it, is to be seen, though it has a box; "" where something is.

        It is nothing where the window looks the same without it.
        Filters, masks, clips, layers and colours: there are more ways to hide something than can be listed.
        """
        questions = one.evaluate_handle(f"element => ({script('page.js')})", timeout=SIGHT_SECONDS * 1000)
        box = one.evaluate(
            "(element, [q, words]) => q.veil(element, words)", [questions, words], timeout=SIGHT_SECONDS * 1000
        )
        if box is None:
            return ""
        shots: list[tuple[bytes, bytes]] = []
        try:
            while len(shots) < MOST_COMPARED:
                without = shot(self._page, box)
                questions.evaluate("q => q.unveil()")
                shots.append((without, shot(self._page, box)))
                if not self._pictures.differ(*shots[-1]):
                    return "looks like what is behind it"
                if len(shots) == SURE and self._all_alike(shots):
                    return ""
                questions.evaluate("q => q.veilAgain()")
            return "" if self._pictures.apart(shots) else CHANGING
        finally:
            questions.evaluate("q => q.unveil()")
            questions.dispose()

    def _all_alike(self, shots: Sequence[tuple[bytes, bytes]]) -> bool:
        """Whether pictures with and without something are alike among themselves, so that nothing else changes."""
        first = shots[0]
        return not any(self._pictures.differ(*each) for pair in shots[1:] for each in zip(first, pair, strict=True))

    def _framed(self, element: Element) -> str:
        """Address of a frame in which an element is visible; "" where it is in none."""
        for frame in self._page.frames[1:]:
            if frame.frame_element().is_visible() and self._visible(element, frame):
                return shown(frame.url)
        return ""

    def _look_elsewhere(self, element: Element) -> None:
        """An element that is not found may be where a journey does not look.

        Raises:
            _NotSeenError: it is in a frame, or may be in a closed shadow tree.
        """
        if frame := self._framed(element):
            raise _NotSeenError(f"{element.words} is in the frame {frame}, and a journey does not look into frames")
        if hosts := closed_trees(self._tools):
            raise _NotSeenError(
                f"whether {element.words} is there cannot be seen, because nobody can look into the closed shadow tree "
                f"of {hosts[0]}"
            )

    def _expect(self, expect: PageExpectation, seconds: float) -> None:
        until = time.monotonic() + seconds
        while lacking := self._lacking(expect):
            if time.monotonic() > until:
                if expect.way and expect.count != 0 and not self._visible(expect):
                    self._look_elsewhere(expect)
                if CHANGING in lacking:
                    raise _NotSeenError(f"it is there, but {CHANGING}")
                raise _StepFailedError(expect.words, f"{lacking} after {seconds:g} s {self._where()}")
            self._page.wait_for_timeout(50)
        for element in (expect.absent, expect if expect.way and expect.count == 0 else None):
            if element:
                self._look_elsewhere(element)

    def _lacking(self, expect: PageExpectation) -> str:
        """What is not as expected, in words; "" where all is."""
        from playwright.sync_api import Error

        try:
            return self._lack(expect)
        except Error as error:
            # The page may be changing just now.
            return f"the page could not be looked at ({said(error)})"

    def _lack(self, expect: PageExpectation) -> str:
        status = self._page.evaluate(STATUS)
        if status >= 500:
            return f"the page was answered with the error {status}"
        if broken := self._page.evaluate(f"() => ({script('page.js')}).malformed()"):
            return f"a page of XML that cannot be read to its end: {broken}"
        there = urlsplit(self._page.url)
        if expect.url is not None:
            path = there.path or "/"
            seen = f"{path}?{there.query}" if "?" in expect.url and there.query else path
            if seen != expect.url or there.hostname != urlsplit(self._job.root).hostname:
                return f"the address {shown(self._page.url)}"
        if expect.title is not None and expect.title not in (title := self._page.title()):
            return f"the title '{cut(title, 100)}'"
        if expect.absent and self._visible(expect.absent):
            return f"{expect.absent.words} is there"
        if expect.absent and (frame := self._framed(expect.absent)):
            return f"{expect.absent.words} is there, in the frame {frame}"
        if expect.way:
            # What nobody sees may still be in the way of "none".
            enough = expect.count is None and expect.contains is None
            found, hidden = (self._visible(expect), "") if expect.count == 0 else self._seen(expect, enough)
            if expect.count is not None and len(found) != expect.count:
                return f"{len(found)} of them{' that can be seen' * bool(hidden)}"
            if not found and expect.count != 0:
                hidden = hidden or ("not visible" if self._locator(expect).count() else "")
                return f"it is there, but {hidden}, so that nobody sees it" if hidden else "it is not there"
            if expect.contains is not None:
                texts = [" ".join(one.inner_text().split()) for one in found]
                told = [one for one, text in zip(found, texts, strict=True) if expect.contains in text]
                if not told:
                    return f"the text '{cut(texts[0] if texts else '', 100)}'"
                reasons = [self._unseen(one, expect.contains) for one in told[:MOST_PICTURED]]
                if all(reasons):
                    return f"'{cut(expect.contains, 60)}' is in it, but {reasons[0]}, so that nobody sees that"
        return ""

    def _text_of(self, element: Element, seconds: float) -> str:
        from playwright.sync_api import TimeoutError as Late

        locator = self._locator(element).first
        try:
            locator.wait_for(state="visible", timeout=seconds * 1000)
            field = locator.evaluate("element => 'value' in element && element.localName !== 'li'")
            text = locator.input_value() if field else locator.inner_text()
        except Late:
            if not locator.count():
                self._look_elsewhere(element)
            raise _StepFailedError(f"{element.words} with text", self._why_not(locator, seconds)) from None
        text = " ".join(text.split())[:1000]
        if not text:
            raise _StepFailedError(f"{element.words} with text", f"it is empty {self._where()}")
        return text

    def _why_not(self, locator: Locator, seconds: float, step: BrowserStep | None = None) -> str:
        found = locator.count()
        if not found:
            what = "it is not there"
        elif not locator.first.is_visible():
            what = "it is there, but not visible"
        elif not locator.first.is_enabled():
            what = "it is there, but disabled"
        elif step and step.fill and locator.first.evaluate("element => element.readOnly === true"):
            what = "it is there, but cannot be filled in: it is read-only"
        elif step and step.select and (lacking := self._no_option(locator.first, step.select.option)):
            what = f"it is there, but {lacking}"
        else:
            what = "it is there, but covered, moving, or of another kind"
        return f"{what} after {seconds:g} s {self._where()}"

    def _no_option(self, locator: Locator, option: str) -> str:
        """Why an option of a selection cannot be chosen; "" where it could be."""
        found = locator.evaluate(
            "(element, label) => [...element.options || []].filter(each => each.label === label)"
            ".map(each => each.matches(':disabled'))",
            option,
        )
        if not found:
            return f"has no option '{option}'"
        return f"its option '{option}' is disabled" if all(found) else ""

    def _where(self) -> str:
        """Which page that was, and what it tells the visitor."""
        from playwright.sync_api import Error

        try:
            text = self._page.evaluate("() => document.body ? document.body.innerText : ''")
            alert = self._page.locator("[role=alert], .error, .alert").all()[:3]
            told = next((words for one in alert if one.is_visible() and (words := one.inner_text().strip())), text)
        except Error:
            return f"(at {shown(self._page.url)}, which is going on to another page)"
        return f"(at {shown(self._page.url)}, which says '{cut(told, 100)}')"
