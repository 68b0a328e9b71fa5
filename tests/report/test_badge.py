from __future__ import annotations

from typing import Any
from xml.etree import ElementTree as Xml

import pytest

from pytest_readiness.report.badge import BESIDE, GO, NEITHER, NO_GO, badge
from pytest_readiness.verdict.result import State
from tests.report.making import HOSTILE, all_of, outcome_of, states

SVG = "{http://www.w3.org/2000/svg}"


def read(text: str) -> Xml.Element:
    """The badge, of known elements only, that says the same to everybody."""
    root = Xml.fromstring(text)
    assert {each.tag.removeprefix(SVG) for each in root.iter()} == {"svg", "title", "rect", "g", "text"}
    assert root.get("role") == "img"
    assert root.get("aria-label") == root.findtext(f"{SVG}title")
    shown = ": ".join(each.text or "" for each in root.iter(f"{SVG}text"))
    assert root.get("aria-label") == shown
    assert not any(name.startswith("on") or "href" in name for each in root.iter() for name in each.attrib)
    return root


@pytest.mark.parametrize(
    ("wanted", "fields", "words", "colour"),
    [
        (("passed", "passed"), {}, "readiness: GO 100 %", GO),
        (("failed", "failed"), {}, "readiness: NO-GO 0 %", NO_GO),
        (("not applicable", "not applicable"), {}, "readiness: NO-GO", NO_GO),
        (("passed", "passed"), {"exit_code": 2}, "readiness: GO, but the run ended with exit code 2 100 %", NEITHER),
        (("passed", "passed"), {"replayed_from": "2026"}, "readiness: GO (replayed from 2026) 100 %", NEITHER),
    ],
)
def test_the_badge_says_the_verdict(
    wanted: tuple[State, State], fields: dict[str, Any], words: str, colour: str
) -> None:
    root = read(badge(outcome_of("- [ ] a\n- [ ] b\n", states(*wanted), **fields)))
    assert root.get("aria-label") == words
    assert colour in {each.get("fill") for each in root.iter(f"{SVG}rect")}


def test_per_cent_are_cut() -> None:
    text = "".join(f"- [ ] a{number}\n" for number in range(300))
    outcome = outcome_of(text, lambda item: [{"state": "failed" if item.text == "a0" else "passed"}])
    root = read(badge(outcome))
    assert root.get("aria-label") == "readiness: GO 99 %"


@pytest.mark.parametrize("colour", [GO, NO_GO, NEITHER, BESIDE])
def test_white_can_be_read_on_it(colour: str) -> None:
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    luminance = sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))
    assert 1.05 / (luminance + 0.05) >= 4.5


def test_text_is_escaped() -> None:
    root = read(badge(outcome_of("- [ ] a\n", all_of("passed"), replayed_from=HOSTILE)))
    assert "<script>alert(1)</script>" in (root.findtext(f"{SVG}title") or "")
