from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
from rich.cells import cell_len

from pytest_readiness.bind.file import BindingsFile
from pytest_readiness.bind.proposal import Candidate, NotRead, Proposal, Suggestion
from pytest_readiness.bind.review import Blank, Claim, Mode, Pasted, Review
from pytest_readiness.bind.reviewed import ReviewedFile
from pytest_readiness.checklist.reading import parse_checklist
from pytest_readiness.cli.output import Output
from pytest_readiness.cli.review_screen import ReviewScreen
from tests.bind.reviewing import Reviewed

STYLE = re.compile(r"\x1b\[[0-9;]*m")
SIZES = [(60, 24), (60, 12), (80, 24), (100, 40), (200, 60), (30, 10), (20, 5), (10, 1), (1, 1)]


@pytest.fixture(autouse=True)
def _terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)


@pytest.fixture
def reviewed(tmp_path: Path) -> Reviewed:
    return Reviewed(tmp_path)


def drawn(review: Review, columns: int = 80, lines: int = 24) -> list[str]:
    found = ReviewScreen(Output().clean).draw(review, columns, lines)
    return [STYLE.sub("", line).rstrip() for line in found]


def test_headings_and_groups_above_an_item_are_seen_the_nearest_first(tmp_path: Path) -> None:
    (tmp_path / "release.checks.yaml").write_text("{}\n", "utf-8")
    document = "# Release\n\n## Servers\n\n- [ ] Certificates of the shop\n  - [ ] are valid\n"
    checklist = parse_checklist(document, tmp_path / "release.md")
    (item,) = checklist.leaves()
    desk = replace(Reviewed(tmp_path).review.desk, file=ReviewedFile(BindingsFile.read(checklist)))
    review = Review([Proposal(item, checklist.section_of(item), "unsure")], desk)
    assert drawn(review)[1] == "Release › Servers › Certificates of the shop"
    assert drawn(review, 40)[1] == "… › Servers › Certificates of the shop"
    assert drawn(review, 30)[1] == "… › Certificates of the shop"
    assert drawn(review, 20)[1] == "… › Certificates of…"


def with_item(review: Review, text: str, detail: str = "") -> Review:
    """The same with another text of the first item."""
    first, *rest = review.queue
    review.queue = (replace(first, item=replace(first.item, text=text, detail=detail)), *rest)
    return review


def test_where_one_is_and_what_can_be_chosen(reviewed: Reviewed) -> None:
    assert drawn(reviewed.review) == [
        "1 of 6, sure" + " " * 62 + "6 left",
        "Release › Web",
        "",
        "TLS is modern",
        "",
        "1  tls.versions + tls.trusted  likely",
        "   tls.versions: Old versions are refused",
        "   tls.trusted: The certificate is trusted",
        "",
        "2  http.hsts  likely",
        "   HSTS is sent",
        "   looks at shop",
        "",
        "s  someone signs    n  not applicable",
        "",
        "1-3 take  s sign-off  p part  n n/a  / search  e edit  space later  b back",
        "u undo  ? help  q leave",
    ]


def test_what_is_said_of_a_candidate(reviewed: Reviewed) -> None:
    first, *rest = reviewed.review.queue
    candidate = replace(
        first.candidates[0],
        does_not_prove="that clients accept it.",
        unexplained=("modern", "[red]"),
        source="starter:tls/modern",
    )
    asks = replace(reviewed.review.queue[3].candidates[0])
    reviewed.review.queue = (replace(first, candidates=(candidate, asks), role="ops", cadence="yearly"), *rest)
    text = "\n".join(drawn(reviewed.review))
    assert "   does not prove: that clients accept it.\n" in text
    assert "   leaves unexplained: 'modern', '[red]'\n   as in starter:tls/modern\n" in text
    assert "2  docs.sections  likely\n   The sections are there\n   asks for sections\n" in text
    assert "s  ops signs, yearly (by p: the rest)    n  not applicable" in text


def test_no_check_yet_is_said(reviewed: Reviewed) -> None:
    text = "\n".join(drawn(reviewed.press("  ")))
    assert "1  redis.auth  likely\n   no check yet: Redis wants a password\n" in text
    assert "m  1 more" in text
    reviewed.press("b", "1n")
    shown = "\n".join(drawn(reviewed.review))
    assert "Also needed?  http.basics\n   no check yet: The basics are right" in shown
    assert shown.endswith("y yes  n no  Enter no more  Esc take nothing")


def with_candidate(review: Review, *checks: Suggestion) -> Review:
    """The same with another candidate of the first item."""
    first, *rest = review.queue
    review.queue = (replace(first, candidates=(Candidate(checks, "likely", 0.5, ("is",)),)), *rest)
    return review


def test_what_a_check_takes_where_nothing_is_given_is_said(reviewed: Reviewed) -> None:
    review = with_candidate(reviewed.review, Suggestion("tls.expiry"))
    shown = drawn(review)
    assert shown[5:8] == [
        "1  tls.expiry  likely",
        "   The certificate is valid for a while",
        "   unless given, min_days: 14; path: the root",
    ]
    with_candidate(review, Suggestion("tls.expiry", {"min_days": 30}), Suggestion("http.hsts"))
    shown = drawn(review)
    assert "   min_days: 30" in shown
    assert "   unless given, tls.expiry: path: the root" in shown


def test_values_that_are_not_written_are_not_shown(reviewed: Reviewed) -> None:
    shown = drawn(with_candidate(reviewed.review, Suggestion("redis.auth", {"min": 2}, coming=True)))
    assert "   no check yet: Redis wants a password" in shown
    assert "min: 2" not in "\n".join(shown)


def test_what_was_not_read_is_asked_for_with_what_the_item_says(reviewed: Reviewed) -> None:
    note = NotRead("min_days", "3 months", "is not converted to days")
    review = with_candidate(reviewed.review, Suggestion("tls.expiry", not_read=(note,)))
    note_shown = '"3 months" for min_days: it is not converted to days.'
    assert f"   not read: {note_shown}" in drawn(review)
    reviewed.press("1")
    assert drawn(review)[5:] == [
        "tls.expiry can be given 'min_days'",
        f"   The item says {note_shown}",
        "   Days that are left.",
        "",
        ">",
        "Enter take  Enter alone keeps 14  Esc take nothing",
    ]


def test_what_is_too_long_for_a_line_is_not_asked_for_with_commas(reviewed: Reviewed) -> None:
    steps = Blank("steps", "What is done.", several=True, long=True)
    reviewed.review.desk = replace(reviewed.review.desk, claim=lambda id: Claim("It works", needs=(steps,)))
    with_candidate(reviewed.review, Suggestion("browser.flow"))
    shown = " ".join(drawn(reviewed.press("1")))
    assert "browser.flow needs 'steps'" in shown
    assert "What is done. It is too long for a line: Enter alone opens the editor." in shown
    assert "commas" not in shown


@pytest.mark.parametrize(("columns", "lines"), SIZES)
@pytest.mark.parametrize("keys", ["", "?", "1y", "s", "n", "/", "p", "v", "1", "      "])
def test_it_fits_into_every_window(reviewed: Reviewed, columns: int, lines: int, keys: str) -> None:
    review = with_item(reviewed.review, "漢字 and words " * 60, "more 漢字 " * 200)
    reviewed.press(keys)
    if review.mode in (Mode.ROLE, Mode.REASON):
        reviewed.press(Pasted("漢" * 300))
    found = drawn(review, columns, lines)
    assert len(found) <= lines
    assert max(map(cell_len, found)) <= max(columns, 10)


@pytest.mark.parametrize("columns", [60, 80, 120])
def test_a_long_item_leaves_the_choices_in_a_window_of_24_lines(reviewed: Reviewed, columns: int) -> None:
    review = with_item(reviewed.review, "words without an end " * 200, "detail " * 500)
    found = drawn(review, columns, 24)
    assert len(found) == 24
    text = "\n".join(found)
    for wanted in ("1  tls.versions", "2  http.hsts", "s  someone signs", "q leave", "words without an end", "…"):
        assert wanted in text


def test_all_of_a_long_text_can_be_read(reviewed: Reviewed) -> None:
    words = [f"word{number}" for number in range(900)]
    review = with_item(reviewed.review, " ".join(words), "the end")
    reviewed.press("v")
    seen = []
    for _ in range(30):
        seen += " ".join(drawn(review, 60, 24)).split()
        reviewed.press(" ")
    assert {*words, "end"} <= set(seen)


def test_texts_are_no_control_and_no_markup(reviewed: Reviewed) -> None:
    review = with_item(reviewed.review, "[bold]x[/bold] \x1b[2J\x07 \u202edrow\x9b1m", "a\x1b]0;t\x07\nb")
    found = ReviewScreen(Output().clean).draw(review, 80, 24)
    assert all(line.isprintable() for line in (STYLE.sub("", line) for line in found))
    text = "\n".join(found)
    assert "[bold]x[/bold] \\x1b[2J\\x07 \\u202edrow\\x9b1m" in STYLE.sub("", text)


@pytest.mark.parametrize(("name", "value"), [("NO_COLOR", "1"), ("TERM", "dumb")])
def test_no_colour_where_none_is_wanted(
    reviewed: Reviewed, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    reviewed.press("s", "enter")
    assert "\x1b[33m" in "".join(ReviewScreen(Output().clean).draw(reviewed.review, 80, 24))
    monkeypatch.setenv(name, value)
    assert not re.search(r"\x1b\[[0-9;]*3\d", "".join(ReviewScreen(Output().clean).draw(reviewed.review, 80, 24)))


def test_what_is_typed_is_seen_to_its_end(reviewed: Reviewed) -> None:
    reviewed.press("n", Pasted("because " * 30 + "so"))
    typed = drawn(reviewed.review, 60, 24)[-2]
    assert typed.startswith("> …")
    assert typed.endswith("because so")


def test_mistakes_are_told(reviewed: Reviewed) -> None:
    reviewed.mistakes = ["Unknown key 'x' in this binding."]
    reviewed.press("1")
    text = "\n".join(drawn(reviewed.review))
    assert "This cannot be written as it is:\n   Unknown key 'x' in this binding.\n" in text
    assert text.endswith("e edit  d drop")


def test_what_was_decided_is_seen_when_one_goes_back(reviewed: Reviewed) -> None:
    reviewed.press("1", "b")
    assert "Decided: [tls.versions, tls.trusted] (by checks)" in drawn(reviewed.review)


def test_the_end_says_what_is_left(reviewed: Reviewed) -> None:
    reviewed.press("1", "     ")
    assert drawn(reviewed.review) == [
        "That was the last one.",
        "1 of 6 items decided; 5 left for later. Enter goes through them.",
        "",
        "b back  u undo  q leave",
    ]


def test_where_nothing_is_open_that_is_said(reviewed: Reviewed) -> None:
    while reviewed.review.mode is not Mode.END:
        reviewed.press("s", "owner", "enter")
    reviewed.again()
    assert drawn(reviewed.review) == [
        "Nothing is left to decide.",
        "6 of 6 items decided. Enter leaves; b goes back to them.",
        "",
        "b back  u undo  q leave",
    ]
    assert "Decided: {signoff: owner, cadence: quarterly} (signed by people)" in "\n".join(
        "\n".join(drawn(reviewed.press("b"))) for _ in range(6)
    )
