"""Whether a visitor gets through a web endpoint's pages."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field, TypeAdapter

from pytest_readiness.core.evidence import Attachment, Evidence, claim
from pytest_readiness.core.registry import Asks, check
from pytest_readiness.domains.browser.facts.flow import Journey
from pytest_readiness.domains.browser.steps import BrowserStep, checked, credentials
from pytest_readiness.domains.http.resource import Url

_OPEN = {"name": "the home page opens", "go": "/"}
_SEE = {"name": "it greets", "expect": {"role": "heading", "name": "Welcome"}}

Steps = Annotated[
    list[BrowserStep], Field(min_length=1, max_length=50, examples=[[_OPEN, _SEE]]), AfterValidator(checked)
]


def _asks(url: Url, steps: list[BrowserStep]) -> Asks:
    for part in credentials(steps):
        part.value(url)
    return {"browser_flow": TypeAdapter(list[BrowserStep]).dump_json(steps, exclude_defaults=True).decode()}


@check(
    "browser.flow",
    severity="critical",
    remedy="Make the journey by hand in a browser, with its developer tools open, and fix the step that fails.",
    source="the team's own journey; https://playwright.dev/docs/locators (how elements are found)",
    check_class="active",
    asks=_asks,
)
def flow(browser_flow: Journey, *, steps: Steps) -> Evidence:
    """A visitor gets through a declared journey: opens, fills, clicks, and sees what is expected.

    The journey is really made, in Chromium, by a visitor without cookies, from the endpoint's root unless it begins
    with `go`; what it creates stays there. Each step waits until it can be done. An element that is expected must be
    seen, and so must the words that are named of it: not transparent, cut off, covered, beyond the page's edges, or in
    the colour of its background; a picture of the page must change where the element is taken out. Where
    that cannot be told from a background that keeps changing, the claim could not be verified. A picture must be
    loaded. On a page that the server answered with 500 or above, nothing is as expected. As soon as it is seen, the
    journey goes on; what takes its place later is not seen. Dialogs of the browser are dismissed; windows that open are
    not looked at. What a step expects and does not find, or what should be absent, could not be verified where it is
    inside a frame, or may be in a closed shadow tree. Credentials are filled in on pages of the declared endpoint only,
    and stay out of texts and screenshots.

    A step is one of these, with `name` for its words in reports and `timeout_s` (default 5, at most 30):

    - `go: /path`
    - `fill: {label: E-mail, value: …}`: a text, or `{credential: NAME, field: user}` (user, password or token)
    - `click`, `check`, `uncheck`, `wait_for`: an element
    - `select: {label: Country, option: Chile}`, `upload: {label: Picture, filename: a.txt, content: …}`
    - `press: Enter`
    - `expect`: an element that is seen, with `contains` or `count`; `url` (path), `title`, `absent` (an element)
    - `capture: {order: {css: "#order"}}`: its text becomes `${order}` in later steps

    What is filled in is typed key by key, unless it has several lines or more than 1,000 characters. `${unique}` is a
    new word in each run, and `$$` a dollar sign. An element is named by one of `role` (with `name`), `label`, `text`,
    `placeholder`, `test_id` and `css`; `exact: true` asks for whole texts. The journey passes with a warning where its
    last expectation already held before the last action, which then proves little.

    Args:
        steps: the steps, at most 50; the last one must expect something to be there.
    """
    seen = browser_flow
    shots = (Attachment.of_base64("journey.png", "image/png", seen.screenshot),) if seen.screenshot else ()
    where = f"{seen.address}, '{seen.title}', {seen.seconds:.1f} s, {seen.browser}"
    claim(
        not seen.failed,
        expected=seen.failed if seen.expected in seen.failed else f"{seen.failed}: {seen.expected}",
        seen=f"{seen.seen}; {seen.done} steps done before ({where})",
        attachments=shots,
    )
    warning = ""
    if seen.already:
        warning = f"'{seen.already}' already held before '{seen.acted}', so it does not show what that did"
    return Evidence(f"{seen.done} of {seen.steps} steps done, the last: {steps[-1].words} ({where})", warning, shots)
