from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from pydantic import ValidationError

from pytest_readiness.core.domains import load_catalogue
from pytest_readiness.core.evidence import CouldNotVerify
from pytest_readiness.domains.browser.facts.pages import Look, Visit
from pytest_readiness.domains.http.resource import Url
from tests.domains.browser.browser_pages import false, judged
from tests.judging import read
from tests.stack.fixtures import NginxFactory
from tests.stack.programs import program
from tests.stack.site import NGINX, write_page, write_site

WIDE = '<div id="table" style="width: 600px">A wide table of prices</div>'
UNSIZED = {"was": 'src="/thing.webp" alt="A thing" width="60" height="60"', "now": 'src="/thing.webp" alt="A thing"'}
PAGES: dict[str, dict[str, str]] = {
    "wide": {"here": f'{WIDE}<img id="noise" src="/noise.png" alt="" width="80" height="80">'},
    "app": {"body": f'<div id="app" style="height: 90vh; overflow: auto"><h1>Shop of things</h1>{WIDE}</div>'},
    "scrolls-itself": {
        "here": f'<div style="overflow-x: auto">{WIDE}</div>',
        "was": 'alt="A thing" width="60" height="60"',
        "now": 'alt="A thing" style="width: 60px; aspect-ratio: 1"',
    },
    "cut-off": {"here": f"<style>body {{ overflow-x: hidden }}</style>{WIDE}", **UNSIZED},
    "off-canvas": {
        "here": '<style>body { overflow-x: hidden }</style><nav style="position: absolute; left: 2000px">Menu</nav>'
        '<img id="gone" src="/gone.webp" alt="" width="80" height="80">',
    },
    "no-viewport": {
        "was": '<meta name="viewport" content="width=device-width, initial-scale=1">',
        "now": "",
    },
    "eager": {"was": ' loading="lazy"', "now": ""},
    "none": {"body": "<main><h1>Only a text that is long enough</h1></main>"},
}


@pytest.fixture(scope="module")
def url(nginx_factory: NginxFactory, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Url]:
    program("chromium-headless-shell")
    root = write_site(tmp_path_factory.mktemp("browser") / "site")
    for name, changes in PAGES.items():
        write_page(root, name, **changes)
    with nginx_factory(raw=NGINX.format(root=root), locations={"/": ""}) as server:
        yield Url(name="shop", url=server.http_url)


@pytest.fixture(scope="module")
def visits(url: Url) -> dict[str, Visit]:
    load_catalogue()
    asks = [Look("", "width", width) for width in (320, 768, 1280)]
    asks += [Look(f"/{name}.html", "width", width) for name in list(PAGES)[:6] for width in (320, 1280)]
    asks += [Look(f"/{name}.html") for name in list(PAGES)[6:]]
    found: dict[str, Visit] = read("browser_pages", url, {"browser_pages": tuple(asks)})
    return found


def test_responsive_passes(visits: dict[str, Visit]) -> None:
    seen = judged(visits, "browser.responsive")
    assert "nothing sticks out at 320, 768, 1280 px" in seen.text
    assert [shot.name for shot in seen.attachments] == ["page-320px.png", "page-768px.png", "page-1280px.png"]
    for name in ("scrolls-itself", "off-canvas"):
        assert judged(visits, "browser.responsive", name, widths=[320, 1280]).text
    # Wide enough for the desktop.
    assert judged(visits, "browser.responsive", "wide", widths=[1280]).text
    assert judged(visits, "browser.responsive", "no-viewport", widths=[1280]).text


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("wide", "at 320 px it scrolls 296 px sideways: div#table “A wide table of prices” (http"),
        ("app", "at 320 px it scrolls 312 px sideways: div#app"),
        ("cut-off", "at 320 px content is cut off: div#table"),
        ("no-viewport", "no meta viewport with width=device-width"),
    ],
)
def test_responsive_fails(visits: dict[str, Visit], name: str, words: str) -> None:
    seen = false(visits, "browser.responsive", name, widths=[320, 1280])
    assert seen.startswith(words)
    assert "1280 px" not in seen


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("width=device-width, initial-scale=2", "shows the page at 2 times its size"),
        ("width=device-width; initial-scale = 0.86", "shows the page at 0.86 times its size"),
        ("width=device-width, minimum-scale=1.5", "shows the page at 1.5 times its size"),
        ("width=device-width, initial-scale=1, maximum-scale=0.5", "shows the page at 0.5 times its size"),
        ("width=device-width, initial-scale=1, minimum-scale=2", "shows the page at 2 times its size"),
        ("initial-scale=1", "no meta viewport with width=device-width but 'initial-scale=1'"),
    ],
)
def test_a_viewport_of_another_size_is_no_pass(visits: dict[str, Visit], content: str, words: str) -> None:
    scaled = {"": replace(visits[""], viewport_meta=content)}
    assert words in false(scaled, "browser.responsive", widths=[320, 1280])
    assert judged(scaled, "browser.responsive", widths=[1280]).text


@pytest.mark.parametrize(
    "content",
    [
        "width=device-width",
        "width=device-width, initial-scale=1.0, maximum-scale=5, user-scalable=no, viewport-fit=cover",
        "initial-scale=1; width=device-width; minimum-scale=1; maximum-scale=1",
        "width=device-width, initial-scale=3, initial-scale=1",
        "width=device-width, initial-scale=auto, minimum-scale=0.25",
    ],
)
def test_a_viewport_of_the_page_s_size_passes(visits: dict[str, Visit], content: str) -> None:
    assert judged({"": replace(visits[""], viewport_meta=content)}, "browser.responsive", widths=[320, 1280]).text


def test_responsive_needs_a_width(visits: dict[str, Visit]) -> None:
    with pytest.raises(ValidationError):
        judged(visits, "browser.responsive", widths=[])
    with pytest.raises(CouldNotVerify, match="could not be looked at in a window of 500 px"):
        judged(visits, "browser.responsive", widths=[500])


def test_images_pass(visits: dict[str, Visit]) -> None:
    seen = judged(visits, "browser.images")
    assert seen.text.startswith(
        "2 images loaded, in a modern format, with their space reserved, lazy below the fold: image/webp"
    )
    assert judged(visits, "browser.images", "scrolls-itself").text


@pytest.mark.parametrize(
    ("name", "words", "without"),
    [
        ("wide", "img#noise “noise.png” is image/png with 19 kB", {"modern_from_kb": 30}),
        ("cut-off", "img “A thing” has no width and height", {"sized": False}),
        ("eager", "img “Another thing” is below the fold (1", {"lazy": False}),
        ("off-canvas", "img#gone “gone.webp” is not loaded", None),
    ],
)
def test_images_fail(visits: dict[str, Visit], name: str, words: str, without: dict[str, Any] | None) -> None:
    seen = false(visits, "browser.images", name)
    assert seen.startswith("1 fault in ")
    assert words in seen
    if without:
        assert judged(visits, "browser.images", name, **without).text


def test_images_say_that_there_are_none(visits: dict[str, Visit]) -> None:
    seen = judged(visits, "browser.images", "none")
    assert seen.text.startswith("no images on the page")
    assert seen.warning


def test_images_of_unknown_format_are_no_pass(visits: dict[str, Visit]) -> None:
    visit = visits[""]
    first, second = visit.images
    for image in (replace(first, media_type=""), replace(first, state="pending")):
        with pytest.raises(CouldNotVerify, match="1 of 2 images could not be judged: "):
            judged({"": replace(visit, images=(image, second))}, "browser.images")
