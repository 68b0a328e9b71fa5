from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from pytest_readiness.core.domains import load_catalogue
from pytest_readiness.core.evidence import CouldNotVerify
from pytest_readiness.domains.browser.facts.pages import Aspect, Look, Visit
from pytest_readiness.domains.http.resource import Url
from tests.domains.browser.browser_pages import false, judged
from tests.judging import read
from tests.stack.fixtures import NginxFactory
from tests.stack.programs import program
from tests.stack.site import NGINX, write_page, write_site

EDITOR = """<textarea aria-label="Code"></textarea><script>
document.querySelector('textarea').addEventListener('keydown', (event) => {
  if (event.key === 'Tab' && !event.target.dataset.left) { event.preventDefault(); event.target.focus(); }
  if (event.key === 'Escape') event.target.dataset.left = ESCAPES;
});
</script>"""
ODD = """<style>
#c { position: absolute; opacity: 0; min-height: 24px; margin: 0 } #c:focus + label { outline: 3px solid #00f }
.s { min-width: 0; min-height: 0; width: 20px; height: 20px; padding: 0; margin: 20px }
</style>
<div role="tablist"><button role="tab">A</button><button role="tab" tabindex="-1">B</button></div>
<p><input type="checkbox" id="c"><label for="c">I agree to all of this</label></p>
<p><button class="s">+</button><button class="s">-</button></p>
<video><track kind="captions" srclang="en" src="/captions.vtt"></video>"""
FILMS = """<video id="none"></video>
<video id="gone"><track kind="captions" src="/gone.vtt"></video>
<video id="empty"><track kind="captions" src="/empty.vtt"></video>
<video id="chapters"><track kind="chapters" src="/captions.vtt"></video>
<video id="good"><track kind="captions" src="/captions.vtt"></video>"""
LOOKS: dict[str, tuple[tuple[Aspect, ...], dict[str, str]]] = {
    "no-alt": (("axe",), {"was": 'alt="A thing"', "now": ""}),
    "low-contrast": (("axe",), {"here": '<p style="color: #bbb">Pale as can be</p>'}),
    "on-picture": (("axe",), {"here": '<p id="hero" style="background: linear-gradient(#000, #fff)">On a picture</p>'}),
    "frame": (("axe",), {"here": '<iframe src="/no-alt.html"></iframe>'}),
    "no-text": (("axe", "keyboard"), {"body": '<img src="/noise.png" width="60" height="60" alt="A thing">'}),
    "odd": (("keyboard", "width"), {"here": EDITOR.replace("ESCAPES", "'yes'") + ODD}),
    "unseen": (
        ("keyboard",),
        {
            "was": "box-shadow: 0 0 0 3px #00f",
            "now": "outline-offset: 0",
            "here": '<a href="/x" style="position: absolute; left: -9999px">Skip</a>',
        },
    ),
    "unreached": (
        ("keyboard",),
        {"here": '<div role="button" id="pay">Pay</div><a href="/x" tabindex="-1" id="more">More</a>'},
    ),
    "trap": (("keyboard",), {"here": EDITOR.replace("ESCAPES", "''")}),
    "dialog": (
        ("keyboard",),
        {
            "here": "<dialog><p>Accept?</p><button>Yes</button></dialog>"
            "<script>document.querySelector('dialog').showModal()</script>"
        },
    ),
    "small": (("width",), {"here": ODD.replace("margin: 20px", "margin: 0")}),
    "films": (("page",), {"here": FILMS}),
}
WIDTH = 360


@pytest.fixture(scope="module")
def url(nginx_factory: NginxFactory, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Url]:
    program("chromium-headless-shell")
    root = write_site(tmp_path_factory.mktemp("browser") / "site")
    for name, (_, changes) in LOOKS.items():
        write_page(root, name, **changes)
    with nginx_factory(raw=NGINX.format(root=root), locations={"/": ""}) as server:
        yield Url(name="shop", url=server.http_url)


@pytest.fixture(scope="module")
def visits(url: Url) -> dict[str, Visit]:
    load_catalogue()
    every = [Look("", "axe"), Look("", "keyboard"), Look("", "width", WIDTH)]
    others = [
        Look(f"/{name}.html", what, WIDTH if what == "width" else 0)
        for name, (looks, _) in LOOKS.items()
        for what in looks
    ]
    paths = sorted({look.path for look in others})
    found: dict[str, Visit] = read("browser_pages", url, {"browser_pages": tuple(every)})
    for part in (paths[:6], paths[6:]):
        asks = tuple(look for look in others if look.path in part)
        found |= read("browser_pages", url, {"browser_pages": asks})
    return found


def unknown(*arguments: Any, **parameters: Any) -> str:
    with pytest.raises(CouldNotVerify) as caught:
        judged(*arguments, **parameters)
    return caught.value.reason


def test_good_page_passes(visits: dict[str, Visit]) -> None:
    seen = judged(visits, "browser.accessibility")
    assert seen.text.startswith("no violation of wcag21aa in ")
    assert "axe-core 4." in seen.text
    assert len(seen.attachments) == 1
    assert "color-contrast in 1 rules" in judged(visits, "browser.contrast").text
    assert "Tab reaches 3 controls, each with a visible focus" in judged(visits, "browser.keyboard").text
    touch = judged(visits, "browser.touch_targets", min_px=44)
    assert "3 targets at 360 px, 1 of them links in text, 0 small" in touch.text
    assert [shot.name for shot in touch.attachments] == ["page-360px.png"]
    captions = judged(visits, "browser.captions")
    assert captions.text.startswith("no videos on the page")
    assert captions.warning


def test_accessibility_fails_without_an_alternative_text(visits: dict[str, Visit]) -> None:
    seen = false(visits, "browser.accessibility", "no-alt")
    assert "1 rules violated: image-alt (critical) on 1: img" in seen
    assert judged(visits, "browser.contrast", "no-alt").text


def test_accessibility_looks_into_frames(visits: dict[str, Visit]) -> None:
    seen = false(visits, "browser.accessibility", "frame")
    assert "frame-title" in seen
    assert "image-alt (critical) on 1: iframe > img" in seen


def test_accessibility_counts_the_rules_of_the_standard_only(visits: dict[str, Visit]) -> None:
    assert "color-contrast" in false(visits, "browser.accessibility", "low-contrast")
    assert judged(visits, "browser.accessibility", "low-contrast", standard="wcag20a").text


def test_contrast_fails_for_pale_text(visits: dict[str, Visit]) -> None:
    seen = false(visits, "browser.contrast", "low-contrast")
    assert "color-contrast (serious) on 1: p" in seen
    assert "contrast of 1.9" in seen


@pytest.mark.parametrize("id", ["browser.accessibility", "browser.contrast"])
def test_what_axe_cannot_decide_is_no_pass(visits: dict[str, Visit], id: str) -> None:
    reason = unknown(visits, id, "on-picture")
    assert "but cannot decide 1 points: color-contrast at #hero; have a person look" in reason
    assert "bind 'partial: ROLE'" in reason
    assert "color-contrast at #footer" not in reason
    for signed in ("color-contrast at #hero", "color-contrast"):
        seen = judged(visits, id, "on-picture", signed=[signed])
        assert "1 undecided points are left to the sign-off: color-contrast at #hero" in seen.text
    assert "cannot decide 1 points" in unknown(visits, id, "on-picture", signed=["color-contrast at #other"])
    stale = judged(visits, id, "on-picture", signed=["color-contrast", "video-caption at video"])
    assert stale.warning == "'signed' lists points that are no longer undecided: video-caption at video"


def test_contrast_of_nothing_is_no_pass(visits: dict[str, Visit]) -> None:
    assert "axe-core found nothing on the page" in unknown(visits, "browser.contrast", "no-text")


def test_accessibility_without_axe_is_no_pass(visits: dict[str, Visit]) -> None:
    broken = {"": replace(visits[""], axe=None, unread={"axe": "axe did not end in time"})}
    assert "axe did not end in time" in unknown(broken, "browser.accessibility")


def test_keyboard_passes(visits: dict[str, Visit]) -> None:
    """An editor that lets go after Escape, a list of tabs, and a checkbox whose label shows the focus."""
    assert "Tab reaches 8 controls, each with a visible focus" in judged(visits, "browser.keyboard", "odd").text


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("unseen", "2 look the same with the focus: button.boxed “Buy”; a “Skip”, outside the window"),
        ("trap", "trapped at textarea “Code”"),
        ("unreached", "2 not reached: div#pay “Pay”; a#more “More”"),
    ],
)
def test_keyboard_fails(visits: dict[str, Visit], name: str, words: str) -> None:
    assert words in false(visits, "browser.keyboard", name)


def test_keyboard_could_not_look(visits: dict[str, Visit]) -> None:
    assert "the page has no control" in unknown(visits, "browser.keyboard", "no-text")
    assert "the open dialog dialog “Accept? Yes” keeps the focus" in unknown(visits, "browser.keyboard", "dialog")
    visit = visits[""]
    assert visit.keyboard
    for keys, reason in (
        (replace(visit.keyboard, whole=False), "did not reach the end"),
        (replace(visit.keyboard, undecided=("a",)), "could not be decided for 1 of 3"),
        (None, "not asked"),
    ):
        assert reason in unknown({"": replace(visit, keyboard=keys)}, "browser.keyboard")


def test_touch_targets_fail_where_they_are_small_and_close(visits: dict[str, Visit]) -> None:
    seen = false(visits, "browser.touch_targets", "small")
    assert "2 of 8 are smaller at 360 px: button.s “+” of 20 × 20 px; button.s “-” of 20 × 20 px" in seen
    assert "2 small with space around" in judged(visits, "browser.touch_targets", "odd").text
    assert "button.s “+”" in false(visits, "browser.touch_targets", "odd", spacing=False)
    assert "7 of 9 are smaller" in false(visits, "browser.touch_targets", "odd", min_px=64)


def test_touch_targets_of_a_width_that_was_not_looked_at(visits: dict[str, Visit]) -> None:
    assert "could not be looked at in a window of 400 px" in unknown(visits, "browser.touch_targets", width=400)
    layout = replace(visits[""].layouts[0], targets=())
    assert "nothing to tap" in unknown({"": replace(visits[""], layouts=(layout,))}, "browser.touch_targets")


def test_captions_pass(visits: dict[str, Visit]) -> None:
    assert "1 videos with captions: video: captions en with 1 cues" in judged(visits, "browser.captions", "odd").text


def test_captions_fail(visits: dict[str, Visit]) -> None:
    seen = false(visits, "browser.captions", "films")
    assert seen.startswith(
        "4 of 5 have none: video#none: no track; video#gone: captions cannot be loaded; "
        "video#empty: captions holds no cues and 1 more (http"
    )
    chapters = [video for video in visits["/films.html"].videos if video.what == "video#chapters"]
    assert (chapters[0].tracks, chapters[0].empty) == ((), ())
