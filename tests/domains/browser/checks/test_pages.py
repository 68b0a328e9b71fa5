from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import ValidationError

from pytest_readiness.core.domains import load_catalogue
from pytest_readiness.core.evidence import ClaimFalse, CouldNotVerify
from pytest_readiness.core.registry import CHECKS
from pytest_readiness.domains.browser.facts.pages import Look, Visit
from pytest_readiness.domains.http.resource import Url
from tests.domains.browser.browser_pages import false, judged
from tests.judging import judge, read
from tests.stack.fixtures import NginxFactory
from tests.stack.process import free_port
from tests.stack.programs import program
from tests.stack.site import NGINX, write_page, write_site

LONG_TASK = "const until = performance.now() + 400; while (performance.now() < until);"
PAGES: dict[str, dict[str, str]] = {
    "slow": {"head": '<link rel="stylesheet" href="/slow.css">'},
    "shifting": {
        "here": '<div id="late"></div><p id="moved" style="height: 200px; background: #eee">Where you were reading</p>'
        '<script>setTimeout(() => late.style.height = "300px", 200)</script>'
        '<script src="/gone.js?token=12345"></script>'
    },
    "busy": {
        "here": f"<script>requestAnimationFrame(() => setTimeout(() => {{ {LONG_TASK} }}, 50));"
        "console.error('payment failed for cart 17')</script>"
    },
    "broken-script": {
        "here": "<script>const c = new AbortController(); fetch('/slow.css', {signal: c.signal}).catch(() => 0);"
        "setTimeout(() => c.abort(), 20); console.warn('old'); nowhere.call()</script>"
    },
}
GOES_ON = "const until = performance.now() + 1500; while (performance.now() < until); location.replace('/')"
EMPTY: dict[str, dict[str, str]] = {
    "shell": {"body": '<div id="app">Loading …</div>'},
    "leaves": {"here": "<script>location.replace('/')</script>"},
    "away": {"here": "<script>location.replace('http://127.0.0.1:' + location.port + '/')</script>"},
}
LATE_SCRIPT = "fetch('/gone-late').catch(() => 0)"
FADE = (
    "@keyframes in { from { opacity: 0 } } .fade { animation: in .5s 1.5s both }"
    "@keyframes down { from { padding-top: 0 } to { padding-top: 300px } }"
)
WORKER = "data:text/javascript,setTimeout(() => postMessage(1), 2000)"
FRAME = f"<script>setTimeout(() => {{ {LATE_SCRIPT.replace('/gone', '//localhost:1/gone')} }}, 1500)</script>"
LATE: dict[str, dict[str, str]] = {
    name: {"here": body}
    for name, body in {
        "animation": f'<p class="fade" onanimationend="{LATE_SCRIPT}">Hello</p><style>{FADE}</style>',
        "animation-in-a-tree": f"<x-a><template shadowrootmode='open'><style>{FADE}</style>"
        f'<p class="fade" onanimationend="{LATE_SCRIPT}">Hello</p></template></x-a>',
        "drawing": f"<script>let n = 0; const draw = () => ++n === 100 ? {LATE_SCRIPT} : requestAnimationFrame(draw);"
        "draw()</script>",
        "task": f"<script>scheduler.postTask(() => {{ {LATE_SCRIPT} }}, {{delay: 1500}})</script>",
        "signal": f"<script>AbortSignal.timeout(1500).onabort = () => {{ {LATE_SCRIPT} }}</script>",
        "worker": f"<script>new Worker({WORKER!r}).onmessage = () => {{ {LATE_SCRIPT} }}</script>",
        "sandbox": f'<iframe title="f" sandbox="allow-scripts" srcdoc="{FRAME}"></iframe>',
    }.items()
}


@pytest.fixture(scope="module")
def url(nginx_factory: NginxFactory, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Url]:
    program("chromium-headless-shell")
    root = write_site(tmp_path_factory.mktemp("browser") / "site")
    for name, changes in {**PAGES, **EMPTY, **LATE}.items():
        write_page(root, name, **changes)
    locations = {
        "/": "",
        "/slow.css": "limit_rate 2k;",
        "= /plain": 'default_type text/plain; return 200 "this is a text of more than twenty characters";',
        "= /broken": 'default_type text/html; return 503 "<h1>Sorry, we will be back soon, we promise</h1>";',
        "= /start/": f'default_type text/html; return 200 "<script>{GOES_ON}</script>";',
        "= /account": "return 302 /;",
    }
    with nginx_factory(raw=NGINX.format(root=root), locations=locations) as server:
        yield Url(name="shop", url=server.http_url)


@pytest.fixture(scope="module")
def visits(url: Url) -> dict[str, Visit]:
    """A visit of each page, of which there are too many for one reading."""
    load_catalogue()
    good: dict[str, Visit] = read("browser_pages", url, {"browser_pages": (Look(""),)})
    for pages in (PAGES, EMPTY):
        asks = tuple(Look(f"/{name}.html") for name in pages)
        good |= read("browser_pages", url, {"browser_pages": asks})
    asks = tuple(Look(path) for path in ("/plain", "/broken", "/account"))
    good |= read("browser_pages", url, {"browser_pages": asks})
    return good


PASSIVE = ("browser.page_load", "browser.web_vitals", "browser.console", "browser.requests")


def test_good_page_passes(visits: dict[str, Visit]) -> None:
    # What a busy machine takes for a page is not to be judged here.
    seen = judged(visits, "browser.page_load", max_s=30)
    assert "first byte" in seen.text
    assert "200" in seen.text
    (shot,) = seen.attachments
    assert shot.media_type == "image/png"
    assert shot.data.startswith(b"\x89PNG")
    assert len(shot.data) <= 300_000
    vitals = judged(visits, "browser.web_vitals", lcp_s=30, tbt_ms=10_000).text
    assert "CLS 0.000" in vitals
    assert "unthrottled" in vitals
    assert "no errors; 0 other lines" in judged(visits, "browser.console").text
    assert "3 requests to 1 hosts answered below 400" in judged(visits, "browser.requests").text


def test_page_load_fails_for_a_slow_file(visits: dict[str, Visit]) -> None:
    assert visits["/slow.html"].load
    assert "first byte" in false(visits, "browser.page_load", "slow", max_s=1)
    assert judged(visits, "browser.page_load", "slow", max_s=30).text


def test_page_load_counts_what_led_to_the_page(url: Url) -> None:
    """A page that a script goes on to has times of its own, beginning anew."""
    start = url.model_copy(update={"url": f"{url.url}/start/"})
    with pytest.raises(ClaimFalse) as caught:
        judge("browser.page_load", start, max_s=1.5)
    assert "first byte" in caught.value.seen
    with pytest.raises(ClaimFalse, match=r"LCP of at most 1\.5 s"):
        judge("browser.web_vitals", start, lcp_s=1.5, tbt_ms=10_000)


def test_a_visit_waits_for_all_that_a_page_does_of_itself(url: Url) -> None:
    load_catalogue()
    seen: dict[str, Visit] = {}
    for names in (list(LATE)[:4], list(LATE)[4:]):
        seen |= read("browser_pages", url, {"browser_pages": tuple(Look(f"/{name}.html") for name in names)})
    assert len(seen) == len(LATE)
    for name in LATE:
        assert "gone-late" in false(seen, "browser.requests", name), name


def test_page_load_fails_where_the_load_event_does_not_come(visits: dict[str, Visit]) -> None:
    from dataclasses import replace

    visit = visits[""]
    assert visit.load
    never = {"": replace(visit, load=replace(visit.load, load=None))}
    assert "no load event" in false(never, "browser.page_load")
    with pytest.raises(CouldNotVerify, match="was not loaded within 30 s, so errors may be still to come"):
        judged(never, "browser.console")


def test_web_vitals_fail_for_a_shift(visits: dict[str, Visit]) -> None:
    seen = false(visits, "browser.web_vitals", "shifting", lcp_s=30, tbt_ms=10_000)
    assert "CLS 0." in seen
    assert "(p#moved “Where you were reading”)" in seen
    assert judged(visits, "browser.web_vitals", "shifting", lcp_s=30, tbt_ms=10_000, cls=1, signed=["script"]).text


def test_web_vitals_fail_for_a_long_task(visits: dict[str, Visit]) -> None:
    load = visits["/busy.html"].load
    assert load
    assert load.blocking >= 0.3
    assert "TBT" in false(visits, "browser.web_vitals", "busy", lcp_s=30)


def test_web_vitals_fail_for_a_late_paint(visits: dict[str, Visit]) -> None:
    assert "LCP" in false(visits, "browser.web_vitals", "slow", lcp_s=1, tbt_ms=10_000)


def test_console_fails_for_an_exception_that_nobody_caught(visits: dict[str, Visit]) -> None:
    assert "1: uncaught: nowhere is not defined" in false(visits, "browser.console", "broken-script")


def test_console_fails_for_what_the_page_reports(visits: dict[str, Visit]) -> None:
    seen = false(visits, "browser.console", "busy")
    assert "error: payment failed for cart 17 (http://localhost" in seen
    assert "1 ignored" in judged(visits, "browser.console", "busy", ignore=["payment failed"]).text


def test_console_counts_warnings_where_asked(visits: dict[str, Visit]) -> None:
    assert "2: " in false(visits, "browser.console", "broken-script", warnings=True)


def test_patterns_that_match_everything_are_refused() -> None:
    for pattern in ("", ".*", "x?", "("):
        with pytest.raises(ValidationError):
            CHECKS["browser.console"].parameters.model_validate({"ignore": [pattern]})


def test_requests_fail_for_a_missing_file(visits: dict[str, Visit]) -> None:
    seen = false(visits, "browser.requests", "shifting")
    assert "1 of 4 were not: 404 for GET http://localhost" in seen
    assert "/gone.js" in seen
    assert "12345" not in seen
    assert "1 ignored" in judged(visits, "browser.requests", "shifting", ignore=[r"/gone\.js"]).text
    with pytest.raises(CouldNotVerify, match=r"all 4 requests of .* are ignored"):
        judged(visits, "browser.requests", "shifting", ignore=["localhost"])


def test_requests_fail_for_the_page_itself(visits: dict[str, Visit]) -> None:
    assert "1 of 1 were not: 503 for GET" in false(visits, "browser.requests", "/broken")


def test_requests_that_the_page_broke_off_do_not_count(visits: dict[str, Visit]) -> None:
    assert "1 cancelled by the page" in judged(visits, "browser.requests", "broken-script").text


@pytest.mark.parametrize("id", PASSIVE)
@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("shell", r"answered 200 with 1 elements and 9 characters of text: the page shows nothing"),
        ("/plain", "of text/plain, which is not a page"),
        ("leaves", "led to http://localhost:[0-9]+/, which is another page"),
        ("away", "led to http://127.0.0.1:[0-9]+/, which is not on the declared host"),
        ("/account", "led to http://localhost:[0-9]+/, which is another page"),
    ],
)
def test_another_page_or_none_is_no_pass(visits: dict[str, Visit], id: str, name: str, reason: str) -> None:
    with pytest.raises(CouldNotVerify, match=reason):
        judged(visits, id, name)


@pytest.mark.parametrize("id", [id for id in PASSIVE if id != "browser.requests"])
def test_an_error_page_is_no_pass(visits: dict[str, Visit], id: str) -> None:
    with pytest.raises(CouldNotVerify, match=r"answered 503 with 1 elements .* an error instead of the page"):
        judged(visits, id, "/broken")


def test_engines_pass_where_the_page_renders(url: Url) -> None:
    seen = judge("browser.engines", url, engines=["chromium"], text="Shop")
    assert "renders in 1: http://localhost" in seen.text
    assert "chromium 1" in seen.text
    assert [shot.name for shot in seen.attachments] == ["chromium.png"]


def test_engines_name_what_is_not_installed(
    url: Url, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fresh_pool: None
) -> None:
    monkeypatch.setenv("PLAYWRIGHT_BROWSERS_PATH", str(tmp_path))
    with pytest.raises(CouldNotVerify) as caught:
        judge("browser.engines", url)
    assert "the page renders in http://localhost" in caught.value.reason
    assert "firefox is not installed" in caught.value.reason
    assert "webkit is not installed" in caught.value.reason


def test_engines_fail_for_an_exception_and_an_error(url: Url) -> None:
    for path, text, seen in (
        ("/broken-script.html", "", "1 uncaught exceptions: nowhere is not defined"),
        ("/broken", "", "an error instead of the page"),
        ("/plain", "", "text/plain, which is not a page"),
        (None, "Bank", "the title 'Shop'"),
    ):
        with pytest.raises(ClaimFalse) as caught:
            judge("browser.engines", url, engines=["chromium"], path=path, text=text)
        assert caught.value.seen.startswith(seen)
        assert caught.value.attachments


def test_nobody_there_is_unreachable() -> None:
    with pytest.raises(CouldNotVerify, match="refused the connection"):
        judge("browser.console", Url(name="shop", url=f"http://localhost:{free_port()}"))
