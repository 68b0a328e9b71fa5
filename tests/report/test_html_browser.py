"""The page in a real browser: Debian's Chromium, by Playwright."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, sync_playwright
from pypdf import PdfReader

from docs import screenshots
from docs.screenshots import PHONE, WIDE
from tests.release import Release
from tests.report import pages
from tests.stack.programs import program

SHOWN = """() => [...document.querySelectorAll(".item")].filter(item => item.checkVisibility())
  .map(item => item.id.replace("i-release:", ""))"""
UNFOLD = "() => { for (const each of document.querySelectorAll('details')) each.open = true }"
FOCUSED = """() => {
  const at = document.activeElement, box = at.getBoundingClientRect()
  return {
    name: at.name || at.className || at.tagName, text: at.textContent.trim().slice(0, 40),
    top: box.top + scrollY, seen: box.width > 0 && box.height > 0 && box.top < innerHeight && box.bottom > 0,
    ring: getComputedStyle(at).outlineStyle,
  }
}"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    path = program("chromium")
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=path, args=list(screenshots.ARGUMENTS))
        yield launched
        launched.close()


@contextmanager
def opened(browser: Browser, path: Path, hash: str = "", **context: Any) -> Iterator[Page]:
    """A page that must neither complain, nor ask for anything, nor say anything by itself."""
    made = browser.new_context(**{"viewport": WIDE, **context})
    tab = made.new_page()
    told: list[str] = []
    tab.on("console", lambda message: told.append(f"{message.type}: {message.text}"))
    tab.on("pageerror", lambda error: told.append(str(error)))
    tab.on("dialog", lambda dialog: told.append(f"dialog {dialog.message}"))
    tab.on("request", lambda request: None if request.url.startswith("data:") else told.append(request.url))
    try:
        tab.goto(path.as_uri() + hash)
        yield tab
        assert [each for each in told if not each.startswith(path.as_uri())] == []
    finally:
        made.close()


@pytest.fixture
def page(browser: Browser, ran: Release) -> Iterator[Page]:
    with opened(browser, ran.path / "page.html") as tab:
        yield tab


def shown(page: Page) -> list[str]:
    found: list[str] = page.evaluate(SHOWN)
    return found


def in_state(*states: str) -> list[str]:
    return [item for item, state in pages.STATES.items() if state in states]


def test_the_first_screen_holds_what_decides(page: Page) -> None:
    for selector in (".readiness-verdict", ".because", ".score", ".origin", ".counts", ".panels", ".sections"):
        box = page.locator(selector).first.bounding_box()
        assert box is not None, selector
        assert box["y"] + box["height"] <= WIDE["height"], selector


Act = Callable[[Page], object]


@pytest.mark.parametrize(
    ("act", "items", "hash"),
    [
        (lambda page: page.check("[name=state][value=failed]"), in_state("failed"), "state=failed"),
        (
            lambda page: (page.check("[name=state][value=unverified]"), page.check("[name=state][value=waived]")),
            in_state("unverified", "waived"),
            "state=unverified%2Cwaived",
        ),
        (
            lambda page: page.check("[name=severity][value=high]"),
            ["operations/approved"],
            "severity=high",
        ),
        (
            lambda page: page.select_option("[name=section]", "release:pages"),
            ["pages/home-page-renders", "pages/home-page-is-quiet"],
            "section=release%3Apages",
        ),
        (
            lambda page: page.select_option("[name=kind]", "unsigned"),
            ["operations/approved"],
            "kind=unsigned",
        ),
        (
            lambda page: page.select_option("[name=resource]", "runbook"),
            ["security/written", "security/complete"],
            "resource=runbook",
        ),
        (
            lambda page: page.fill("[name=q]", "Operations@example.com  2026-02-20"),
            ["operations/handbook-read"],
            "q=Operations%40example.com++2026-02-20",
        ),
        (
            lambda page: (
                page.fill("[name=q]", "secrets"),
                page.check("[name=state][value=passed]"),
                page.check("[name=severity][value=critical]"),
            ),
            ["security/secrets-set"],
            "q=secrets&state=passed&severity=critical",
        ),
    ],
)
def test_filters_show_exactly_what_fits_and_stand_in_the_address(
    page: Page, act: Act, items: list[str], hash: str
) -> None:
    assert shown(page) == list(pages.STATES)
    act(page)
    assert shown(page) == items
    assert page.url.partition("#")[2] == hash
    assert page.locator("output").text_content() == f"{len(items)} of {len(pages.STATES)} items"
    sections = {item.partition("/")[0] for item in items}
    assert page.locator(".items > .section:visible").count() == len(sections)
    page.reload()
    assert shown(page) == items
    assert page.locator("output").text_content() == f"{len(items)} of {len(pages.STATES)} items"
    page.click("button[name=clear]")
    assert shown(page) == list(pages.STATES)
    assert "#" not in page.url


def test_a_group_goes_with_its_items(page: Page) -> None:
    group = page.locator(".group > p", has_text="Documents")
    assert group.is_visible()
    page.check("[name=state][value=passed]")
    assert group.is_hidden()
    page.uncheck("[name=state][value=passed]")
    page.fill("[name=q]", "docs.sections")
    assert shown(page) == ["security/complete"]
    assert group.is_visible()


def test_any_words_come_back_from_the_address(page: Page) -> None:
    page.fill("[name=q]", "a&b=é %41 #+")
    for _ in range(3):
        page.reload()
        assert page.input_value("[name=q]") == "a&b=é %41 #+"


def test_nothing_fits(page: Page) -> None:
    page.fill("[name=q]", "no such words")
    assert shown(page) == []
    assert page.get_by_text("No item matches.").is_visible()
    assert page.locator(".section:visible").count() == 0


def test_an_address_that_is_none_shows_everything(browser: Browser, ran: Release) -> None:
    for hash in ("#state=nonsense", "#section=none&resource=none", "#%%%", "#at=none", "#x"):
        with opened(browser, ran.path / "page.html", hash) as tab:
            assert shown(tab) == list(pages.STATES), hash


def test_a_count_filters(page: Page) -> None:
    page.click("a.chip.waived")
    assert shown(page) == ["operations/later"]
    assert page.is_checked("[name=state][value=waived]")
    page.fill("[name=q]", "x")
    page.evaluate("location.hash = 'state=failed'")
    page.wait_for_function("document.querySelector('[name=q]').value === ''")
    assert shown(page) == in_state("failed")


def test_links_lead_to_items_even_those_filtered_out(browser: Browser, ran: Release, page: Page) -> None:
    page.check("[name=state][value=passed]")
    page.locator(".panel a", has_text="Secrets long").click()
    item = page.locator("[id='i-release:security/secrets-long']")
    assert item.get_attribute("open") is not None
    assert item.locator(".body").is_visible()
    assert page.url.endswith("#at=i-release%3Asecurity%2Fsecrets-long")
    assert page.evaluate("document.activeElement.closest('.item').id") == "i-release:security/secrets-long"
    for hash in ("#at=i-release%3Asecurity%2Fsecrets-long", "#i-release:security/secrets-long"):
        with opened(browser, ran.path / "page.html", hash) as tab:
            assert tab.locator("[id='i-release:security/secrets-long'] .body").is_visible()


def test_a_section_folded_by_hand_stays_so(page: Page) -> None:
    section = page.locator(".section").first
    section.locator("> summary").click()
    page.fill("[name=q]", "secrets")
    assert shown(page) == ["security/secrets-set", "security/secrets-long"]
    page.fill("[name=q]", "")
    assert section.get_attribute("open") is None


def test_fold_and_unfold_what_is_shown(page: Page) -> None:
    page.check("[name=state][value=failed]")
    page.click("button[name=unfold]")
    page.click("button[name=clear]")
    assert page.locator(".item[open]").count() == len(in_state("failed"))
    page.click("button[name=fold]")
    assert page.locator(".item[open]").count() == 0


def test_the_keyboard_is_enough(page: Page) -> None:
    met = []
    for _ in range(80):
        page.keyboard.press("Tab")
        at = page.evaluate(FOCUSED)
        if at["name"] == "BODY":
            break
        met.append(at)
    names = [at["name"] for at in met]
    assert all(at["seen"] for at in met), [at for at in met if not at["seen"]]
    assert {at["ring"] for at in met} <= {"solid", "auto"}
    order = ["q", "section", "resource", "state", "severity", "clear", "unfold", "fold"]
    places = [names.index(name) for name in order]
    assert places == sorted(places)
    # Down the page, line by line; what stands beside one another may differ by a little.
    steps = [later["top"] - earlier["top"] for earlier, later in pairwise(met)]
    backwards = [step for step in steps if step < -40]
    assert len(backwards) <= 2, backwards  # from one column of the first screen to the next
    page.focus("[name=q]")
    page.keyboard.type("approved")
    assert shown(page) == ["operations/approved"]
    page.focus("button[name=fold]")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    assert "Approved" in page.evaluate(FOCUSED)["text"]
    page.keyboard.press("Enter")
    assert page.get_by_text("not signed; operations must sign").last.is_visible()
    page.get_by_role("button", name="Copy").wait_for()
    page.keyboard.press("Tab")
    assert page.evaluate(FOCUSED)["text"] == "Copy"


def test_copy_takes_the_command(page: Page) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    item = page.locator("[id='i-release:operations/approved']")
    item.locator("summary").click()
    item.get_by_role("button", name="Copy").click()
    item.get_by_role("button", name="Copied").wait_for()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert (
        copied == "pytest --readiness-target=prod --readiness-release=1.4 'release.md::operations::approved[signoff]'"
    )
    item.locator("summary").click()
    item.locator("summary").click()
    assert item.get_by_role("button").count() == 1


def test_pictures_are_thumbs_that_grow(page: Page) -> None:
    page.locator("[id='i-release:pages/home-page-renders'] > summary").click()
    picture = page.get_by_alt_text("home.png").first
    picture.wait_for()
    assert picture.evaluate("image => [image.naturalWidth, image.naturalHeight]") == [320, 200]
    assert picture.bounding_box()["height"] < 150  # type: ignore[index]
    picture.click()
    assert picture.bounding_box()["height"] >= 200  # type: ignore[index]
    with page.expect_download() as download:
        page.get_by_text("home.svg").first.click()
    assert download.value.suggested_filename == "home.svg"
    assert b"onload='hit(1)'" in Path(download.value.path()).read_bytes()
    assert page.evaluate("typeof hit") == "undefined"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [WIDE, PHONE], ids=["wide", "phone"])
def test_axe_finds_no_violation(browser: Browser, ran: Release, scheme: str, size: dict[str, int]) -> None:
    with opened(browser, ran.path / "page.html", viewport=size, color_scheme=scheme) as tab:
        for _ in range(2):
            found = Axe().run(tab).response
            assert [(each["id"], [node["html"] for node in each["nodes"]]) for each in found["violations"]] == []
            assert "color-contrast" in {each["id"] for each in found["passes"]}
            assert tab.evaluate("document.documentElement.scrollWidth") <= size["width"]
            tab.evaluate(UNFOLD)


def test_without_script_it_reads(browser: Browser, ran: Release) -> None:
    with opened(browser, ran.path / "page.html", java_script_enabled=False) as tab:
        said = tab.inner_text("body")
        for words in ("NO-GO", "Because 2 critical items are open", "45.9", "Secrets long", "Where this comes from"):
            assert words in said
        # Open items say why where they stand, and all of it once unfolded, which needs no script.
        for words in ("expected at least 32 characters each; seen: TOKEN has 5", "not signed; operations must sign"):
            why = tab.locator(".item > summary", has_text=words).first
            # What is out of sight may not be laid out so far.
            why.scroll_into_view_if_needed()
            assert why.is_visible(), words
        item = tab.locator("[id='i-release:security/secrets-long']")
        assert item.get_by_text("Replace the secret").is_hidden()
        item.locator("> summary").click()
        assert item.get_by_text("Replace the secret").is_visible()
        for selector in ("form", ".controls", "#results-table", "#environment-header"):
            assert tab.locator(selector).is_hidden(), selector
        tab.locator(".panel a", has_text="Accepted once").click()
        assert tab.url.endswith("#i-release:operations/accepted-once")


@pytest.mark.parametrize("script", [True, False], ids=["script", "no-script"])
def test_printed_open_items_are_unfolded(browser: Browser, ran: Release, script: bool) -> None:
    with opened(browser, ran.path / "page.html", java_script_enabled=script) as tab:
        tab.emulate_media(media="print")
        printed = PdfReader(io.BytesIO(tab.pdf(format="A4")))
        said = " ".join(" ".join(sheet.extract_text() for sheet in printed.pages).split())
        for words in (
            "NO-GO",
            "TOKEN has 5",
            "Replace the secret with a longer random one",
            "no error on the console",
            "only that week",
            "not signed; operations must sign",
            "release.md::operations::approved[signoff]",
        ):
            assert words in said, words
        # What passed stays folded, and what is for the screen stays off the paper.
        assert "1 variable set: TOKEN" not in said
        assert "Unfold all" not in said
        tab.emulate_media(media="screen")
        assert tab.locator(".item[open]").count() == 0


def test_long_words_do_not_widen_a_phone(browser: Browser, ran: Release, tmp_path: Path) -> None:
    long = json.loads(json.dumps(ran.result()).replace("TOKEN", "T" * 300).replace("operations@", "o" * 90 + "@"))
    long["provenance"]["target"] = "p" * 200
    long["sections"][0]["title"] = "S" * 200
    with opened(browser, pages.page(long, tmp_path / "long.html"), viewport=PHONE) as tab:
        assert tab.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
        tab.evaluate(UNFOLD)
        assert tab.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]


OWN_WORDS = {
    *(
        "format",
        "state",
        "kind",
        "severity",
        "block",
        "allow",
        "outcome",
        "when",
        "expires",
        "data",
        "until",
        "on",
        "started",
    ),
    *("finished", "sha256", "media_type", "plan", "checklist"),
}
"""Keys whose values decide what the page is made of."""


def hostile(value: Any, key: str = "") -> Any:
    """Result data, with markup, script and control characters in every text."""
    if isinstance(value, str):
        evil = f"{value}</script><script>hit(3)</script><img src=x onerror=hit(4)>\"' onmouseover=hit(5) \x1b[31m\u202e"
        return value if key in OWN_WORDS or not value else evil
    if isinstance(value, list):
        return [hostile(each, key) for each in value]
    if isinstance(value, dict):
        return {name: hostile(each, name) for name, each in value.items()}
    return value


def test_no_text_becomes_markup(browser: Browser, ran: Release, tmp_path: Path) -> None:
    elements = "() => document.querySelectorAll('.readiness *').length"
    calm, evil = ran.result(), hostile(ran.result())
    found = []
    for name, data in (("calm", calm), ("evil", evil)):
        # Places of documents are looked up by names, which are texts too.
        data["provenance"]["documents"] = []
        with opened(browser, pages.page(data, tmp_path / f"{name}.html")) as tab:
            tab.evaluate(UNFOLD)
            tab.fill("[name=q]", "hit(")
            tab.fill("[name=q]", "")
            assert tab.evaluate("typeof hit") == "undefined"
            assert tab.locator("script").count() == 2
            assert tab.locator("img:not([src='']):not([src^='data:image/png;base64,'])").count() == 0
            assert tab.locator("[onerror], [onmouseover], [onload], [onclick], [href^='javascript:' i]").count() == 0
            found.append(tab.evaluate(elements))
            said = tab.inner_text("body")
            at = max(said.find("\x1b"), said.find("\u202e"))
            assert at < 0, said[at - 100 : at + 10]
    assert found[0] == found[1]
    assert "<img src=x onerror=hit(4)>" in said


def test_what_ci_says_of_a_branch_is_text(page: Page) -> None:
    page.locator(".raw > summary").click()
    assert page.get_by_text(pages.BRANCH, exact=True).is_visible()
    assert page.evaluate("typeof hit") == "undefined"
    assert page.locator("#results-table").get_by_text("test_own.py::test_beside").is_visible()


def test_a_large_page_filters_by_its_own_rows_only(browser: Browser, ran: Release, tmp_path: Path) -> None:
    """1,200 items; how long that takes is what `make bench` measures."""
    data = {**ran.result(), "reports": []}
    section = data["sections"][0]
    item = next(each for each in section["items"] if each["id"] == "release:security/secrets-long")
    text = json.dumps(item)
    data["sections"] = [
        {
            **section,
            "id": f"part-{part}",
            "title": f"Part {part}",
            "items": [
                json.loads(
                    text.replace("secrets-long", f"item-{part}-{number}").replace("Secrets long", f"Item {number}")
                )
                for number in range(30)
            ],
        }
        for part in range(40)
    ]
    with opened(browser, pages.page(data, tmp_path / "large.html")) as tab:
        assert tab.locator("output").text_content() == "1200 items"
        tab.fill("[name=q]", "item-7-12")
        assert tab.locator("output").text_content() == "1 of 1200 items"
        tab.fill("[name=q]", "")
        tab.select_option("[name=section]", "release:part-3")
        assert tab.locator("output").text_content() == "30 of 1200 items"
        assert tab.locator(".item:visible").count() == 30
        assert tab.locator("#results-table tbody.results-table-row").count() == 1  # which says that there are none


def test_the_pictures_of_the_documentation(browser: Browser, tmp_path: Path) -> None:
    """What `make screenshots` writes into docs/images."""
    taken = screenshots.take(browser, screenshots.demo(tmp_path), tmp_path)
    assert {path.name for path in taken} == set(screenshots.PICTURES)
    for path in taken:
        assert path.read_bytes().startswith(b"\x89PNG")
        assert path.stat().st_size > 10_000
    assert {path.name for path in screenshots.FOLDER.iterdir()} >= set(screenshots.PICTURES)
