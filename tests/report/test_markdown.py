from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from pytest_readiness.checklist.layout import read_layout
from pytest_readiness.checklist.model import Checklist, ChecklistError, Item
from pytest_readiness.checklist.reading import parse_checklist
from pytest_readiness.report.markdown import NOT_SELECTED, TICKED_BY_HAND, code, completed
from pytest_readiness.verdict.outcome import Outcome
from pytest_readiness.verdict.result import STATES, State
from tests.report.making import HOSTILE, all_of, outcome_of, states, waiver

PATH = Path("docs/release.md")
LINES = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+\Z")
BOX = re.compile(r"\[[xX\s]\]|[✓✔☐☑☒✅⬜❌✗✘]|&#9744;|:x:|:white_check_mark:")


def copy_of(outcome: Outcome) -> str:
    return completed(outcome, outcome.originals[0])


def below(text: str, *wanted: State) -> str:
    """The completed copy of a checklist without the verdict on top."""
    top, _, rest = copy_of(outcome_of(text, states(*wanted))).partition("is below each item.")
    assert "| Verdict | **`" in top
    return rest.lstrip("\r\n")


def described(checklist: Checklist) -> list[object]:
    items = [(item.id, item.text, item.level, item.condition, item.not_applicable) for item in checklist.items()]
    return [*items, *((section.id, section.title, section.path, section.level) for section in checklist.sections)]


def leaves(item: Item) -> Iterator[Item]:
    for child in item.children:
        yield from leaves(child)
    if not item.children:
        yield item


def assert_completed(text: str, wanted: list[State | None], *, fenced: bool = False) -> str:
    """The copy has the same items, ticked where they passed, and every line of the original in its order."""
    before = parse_checklist(text, PATH, fenced=fenced)
    found = dict(zip((item.id for item in before.leaves()), wanted, strict=False))
    outcome = outcome_of(
        text,
        lambda item: [{"state": state, "evidence": "as it is"}] if (state := found.get(item.id)) else [],
        fenced=fenced,
    )
    copy = copy_of(outcome)
    after = parse_checklist(copy, PATH, fenced=fenced)
    assert described(after) == described(before), copy
    for item in after.items():
        assert item.ticked == all(found.get(leaf.id) == "passed" for leaf in leaves(item)), copy
    others = [mark for place in read_layout(copy, fenced=fenced).items for mark in place.marks[1:]]
    assert not any(mark.ticked for mark in others), copy
    left = [BOX.sub("box", line) for line in LINES.findall(text.removeprefix("\ufeff"))]
    for line in LINES.findall(copy.removeprefix("\ufeff")):
        # The last line has an end only where something stands below it.
        if left and BOX.sub("box", line) in (left[0], *(f"{left[0]}{end}" for end in ("\n", "\r\n", "\r"))):
            left.pop(0)
    assert not left, copy
    assert copy.startswith("\ufeff") == text.startswith("\ufeff")
    return copy


def test_what_was_proven_is_ticked_and_nothing_else() -> None:
    text = "# Go\n- [x] one\n- [ ] two\n- [x] three\n- [ ] four\n- [x] five\n- [x] six\n"
    assert below(text, "failed", "passed", "unverified", "waived", "not applicable", "error") == (
        "# Go\n"
        "- [ ] one\n"
        "  - **failed (medium)**: `as it should be`\n"
        f"  - {TICKED_BY_HAND}\n"
        "- [x] two\n"
        "  - **passed**: `as it should be`\n"
        "- [ ] three\n"
        "  - **unverified (medium)**: `as it should be`\n"
        f"  - {TICKED_BY_HAND}\n"
        "- [ ] four\n"
        "  - **waived**: `as it should be`\n"
        "- [ ] five\n"
        "  - **not applicable**: `as it should be`\n"
        f"  - {TICKED_BY_HAND}\n"
        "- [ ] six\n"
        "  - **error (medium)**: `as it should be`\n"
        f"  - {TICKED_BY_HAND}\n"
    )


def test_a_group_is_ticked_where_all_its_items_are() -> None:
    text = "- [x] A\n  - [ ] a\n  - [ ] b\n- [x] B\n  - [ ] c\n  - [ ] d\n"
    copy = below(text, "passed", "passed", "passed", "not applicable")
    assert "- [x] A\n  * **passed**: 2 passed\n  - [x] a\n" in copy
    assert f"- [ ] B\n  * **passed**: 1 passed, 1 not applicable\n  * {TICKED_BY_HAND}\n  - [x] c\n" in copy


def test_what_was_not_selected_says_so_and_is_not_ticked() -> None:
    text = "- [x] A\n  - [x] a\n  - [x] b\n"
    copy = assert_completed(text, ["passed", None])
    assert "- [ ] A\n  * **passed**: 1 passed, 1 not run\n" in copy
    assert f"  - [ ] b\n    - {NOT_SELECTED}\n    - {TICKED_BY_HAND}\n" in copy
    assert (
        "| Part | `This is a part only: 1 of 2 items were fully selected. A release is decided on the whole.` |" in copy
    )


def test_the_evidence_says_all_that_is_known() -> None:
    outcome = outcome_of(
        "- [ ] HSTS\n",
        lambda _: [
            {"state": "failed", "expected": "a year", "evidence": "a day", "remedy": "Send it.", "check": "http.hsts"}
            | {"resource": "shop", "warning": "the waiver expired on 2026-01-01"},
            {"state": "passed", "evidence": "signed by a@example.com", "check": "signoff"},
            {"state": "waived", "evidence": "a week", "expected": "a year", "check": "http.hsts", "resource": "admin"},
        ],
        severity=lambda _: "critical",
        waivers={"checklist/hsts": waiver()},
    )
    lines = copy_of(outcome).splitlines()[-4:]
    assert lines == [
        "- [ ] HSTS",
        "  - **failed (critical)**: expected `a year`, seen `a day`; note: `the waiver expired on 2026-01-01`; "
        "remedy: `Send it.` (`http.hsts` on `shop`)",
        "  - **signed**: `signed by a@example.com`",
        "  - **waived**: expected `a year`, seen `a week`; "
        "`waived by lead@example.com until 2100-01-01: next month` (`http.hsts` on `admin`)",
    ]


def test_the_verdict_stands_on_top_and_behind_the_front_matter() -> None:
    text = "\ufeff---\r\ntitle: Go\r\n---\r\n# Go\r\n- [ ] a\r\n"
    copy = assert_completed(text, ["failed"])
    assert copy.startswith("\ufeff---\r\ntitle: Go\r\n---\r\n| Verdict | **`NO-GO`** |\r\n| --- | --- |\r\n")
    assert "| Because | `no item passed` |\r\n" in copy
    assert "\n" not in copy.replace("\r\n", "")


@pytest.mark.parametrize(
    ("state", "fields", "words"),
    [
        ("passed", {}, "GO"),
        ("passed", {"replayed_from": "2026-02-01T00:00:00Z"}, "GO (replayed from 2026-02-01T00:00:00Z)"),
        ("passed", {"exit_code": 2}, "GO, but the run ended with exit code 2"),
        ("failed", {}, "NO-GO"),
    ],
)
def test_go_alone_is_said_only_of_a_whole_run_that_looked(state: State, fields: dict[str, Any], words: str) -> None:
    assert f"| Verdict | **`{words}`** |" in copy_of(outcome_of("- [ ] a\n", all_of(state), **fields))


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("1. [ ] a\n2. [x] b\n", "1. [x] a\n   - E\n2. [x] b\n   - E\n"),
        ("10) [ ] a\n", "10) [x] a\n    - E\n"),
        ("> - [ ] a\n> - [ ] b\n", "> - [x] a\n>   - E\n> - [x] b\n>   - E\n"),
        ("- [ ] a\n  and more\nand this\n", "- [x] a\n  and more\nand this\n  - E\n"),
        ("- [ ] a\n    - [ ] b\n", "- [x] a\n    * G\n    - [x] b\n      - E\n"),
        ("- [ ] a\n\n  1. [ ] b\n", "- [x] a\n  - G\n\n  1. [x] b\n     - E\n"),
        ("- [ ] a\n\n    more\n", "- [x] a\n  - E\n  <!-- -->\n\n    more\n"),
        ("- [ ] a\n  ```\n  code\n  ```\n", "- [x] a\n  - E\n  <!-- -->\n  ```\n  code\n  ```\n"),
        ("- [X] a\n", "- [X] a\n  - E\n"),
        ("- [\u00a0] a\n", "- [x] a\n  - E\n"),
        ("-\t[ ]\ta", "-\t[x]\ta\n \t- E"),
        ("-\n  [ ] a\n", "-\n  [x] a\n  - E\n"),
        ("- ## [ ] a\ntext\n", "- ## [x] a\n  - E\n  <!-- -->\ntext\n"),
        ("- ~~[ ] a~~\n## H\n", "- ~~[x] a~~\n  - E\n## H\n"),
        ("- ☐ a\r\n", "- ☑ a\r\n  - E\r\n"),
        ("- &#9744; a\n", "- ☑ a\n  - E\n"),
        ("# Checklist\n- ❌ a\n- ✅ b\n", "# Checklist\n- ✅ a\n  - E\n- ✅ b\n  - E\n"),
        ("- [ ] `[x](y)` 🔒 ✅\r- [ ] b\r", "- [x] `[x](y)` 🔒 ✅\r  - E\r- [x] b\r  - E\r"),
    ],
)
def test_evidence_stands_below_its_item_whatever_the_list_looks_like(text: str, wanted: str) -> None:
    evidence = wanted.replace("E", "**passed**: `as it should be`").replace("G", "**passed**: 1 passed")
    passed: list[State] = ["passed"] * 5
    assert below(text, *passed) == evidence
    assert_completed(text, [*passed])


@pytest.mark.parametrize(
    ("mark", "unticked"),
    [
        ("✅", "⬜"),
        ("✓", "⬜"),
        (":white_check_mark:", ":white_large_square:"),
        ("☑", "☐"),
        ("❌", "❌"),
        (":x:", ":x:"),
    ],
)
def test_symbols_that_say_done_are_taken_back(mark: str, unticked: str) -> None:
    assert below(f"# Checklist\n- {mark} a\n", "failed").splitlines()[1] == f"- {unticked} a"


def test_evidence_of_the_rows_of_a_table_stands_below_it() -> None:
    text = "# A\n| what | yes | no |\n|---|---|---|\n| TLS \\| [ ] x | [x] | [x] |\n| `HSTS` | ☐ | ✓ |\n\n- [ ] b\n"
    copy = below(text, "passed", "failed", "passed")
    assert copy == (
        "# A\n| what | yes | no |\n|---|---|---|\n| TLS \\| [ ] x | [x] | [ ] |\n| `HSTS` | ☐ | ⬜ |\n"
        "\n"
        "* `TLS | [ ] x`: **passed**: `as it should be`\n"
        "* `HSTS`: **failed (medium)**: `as it should be`\n"
        "<!-- -->\n"
        "\n- [x] b\n  - **passed**: `as it should be`\n"
    )
    assert_completed(text, ["passed", "failed", "passed"])


def test_a_checklist_in_a_fence_is_completed_there() -> None:
    text = "# Go\n\n```markdown\n## TLS\n- [ ] on\n```\n\n~~~sh\n- [x] no item\n~~~\n"
    copy = assert_completed("# Go\n\n```markdown\n## TLS\n- [ ] on\n```\n", ["passed"], fenced=True)
    assert "- [x] on\n  - **passed**: `as it is`\n```\n" in copy
    with pytest.raises(ChecklistError):
        parse_checklist(text, PATH)


def test_boxes_that_are_no_items_are_left_alone() -> None:
    text = "- [ ] a\n\n```\n- [x] b\n```\n\n<!--\n- [x] c\n-->\n\n- d [x]\n### ✅ e\n"
    assert assert_completed(text, ["failed"]).endswith(text[text.index("```") :])


def prose(tokens: list[Token]) -> Iterator[Token]:
    for token in tokens:
        yield token
        yield from prose(token.children or [])


@pytest.mark.parametrize("text", ["- [ ] a\n", "| a | b |\n|---|---|\n| [ ] | b |\n"])
def test_text_of_a_target_is_no_markup(text: str) -> None:
    outcome = outcome_of(
        text,
        lambda _: [
            {"state": "failed", "evidence": HOSTILE, "expected": HOSTILE, "remedy": HOSTILE, "warning": HOSTILE}
            | {"check": HOSTILE, "resource": HOSTILE}
        ],
        target=HOSTILE,
        release=HOSTILE,
        commit=HOSTILE,
        runner=HOSTILE,
        replayed_from=HOSTILE,
        started=HOSTILE,
    )
    copy = copy_of(outcome)
    assert not {"\x1b", "\x00", "\x9b", "\u202e"} & set(copy)
    tokens = list(prose(MarkdownIt("gfm-like", {"linkify": False}).parse(copy)))
    kinds = {token.type for token in tokens}
    assert not kinds & {"html_inline", "link_open", "image", "em_open", "s_open", "html_block"}
    spoken = "".join(token.content for token in tokens if token.type == "text")
    assert not {"@", "#", "script", "evil"} & set(re.findall(r"[@#]|script|evil", spoken))
    spans = [token.content for token in tokens if token.type == "code_inline"]
    assert sum("@someone #12" in span and "`tick` ``two``" in span for span in spans) >= 8
    assert [item.text for item in parse_checklist(copy, PATH).items()] == [
        item.text for item in parse_checklist(text, PATH).items()
    ]


@pytest.mark.parametrize("text", ["a", "`", "``", "`a", "a`b``c", "a|b", "a\\|b", "a\\", " a ", "", "- [x] a", "<b>"])
def test_code_says_the_text_and_nothing_else(text: str) -> None:
    for cell in (False, True):
        markdown = f"| {code(text, cell=True)} |\n|---|" if cell else f"- {code(text)}"
        inline = next(token for token in MarkdownIt().enable("table").parse(markdown) if token.type == "inline")
        (only,) = [each for each in inline.children or [] if each.type != "text" or each.content]
        assert (only.type, only.content) == ("code_inline", text.strip() or "–")


PREFIXES = ("", "", "", "  ", "    ", "   ", "> ", "- ", "* ", "1. ", "10) ", "\t", "- > ", "      ")
BODIES = (
    *(
        "- [ ] a",
        "- [x] b",
        "* [X] c",
        "1. [ ] d",
        "2. [x] e",
        "+ [ ]",
        "- [x] n (N/A: no)",
        "- ~~[x] z~~",
        "- ## [ ] h",
    ),
    *(
        "text",
        "**Bold**",
        "**Bold:**",
        "# H",
        "## Launch checklist",
        "---",
        "===",
        "    code",
        "- plain",
        "- plain (if s)",
    ),
    *(
        "| h | k |",
        "|---|---|",
        "| a \\| [ ] b | [x] |",
        "| ✓ | no | ☐ |",
        "| [ ] yes | [x] no |",
        "```",
        "~~~",
        "",
        "",
    ),
    *(
        "- ✅ s",
        "- ❌ t",
        "- ✓ u",
        "- :x: v",
        "- ☑️ w",
        "- &#9744; q",
        "<div>",
        "</div>",
        "<!-- ",
        "-->",
        "[r]: http://x",
    ),
)
LINE = st.one_of(
    st.sampled_from(BODIES),
    st.builds("{}{}{}".format, st.sampled_from(PREFIXES), st.sampled_from(PREFIXES), st.sampled_from(BODIES)),
)


@settings(max_examples=200, deadline=None)
@given(
    st.lists(LINE, min_size=1, max_size=14),
    st.sampled_from(["\n", "\r\n", "\r"]),
    st.lists(st.sampled_from([*STATES, None]), min_size=14, max_size=14),
    st.booleans(),
    st.booleans(),
    st.booleans(),
)
def test_a_copy_has_the_same_items_in_the_same_order(
    lines: list[str], end: str, wanted: list[State | None], bom: bool, ended: bool, fenced: bool
) -> None:
    text = "\ufeff" * bom + end.join(lines) + end * ended
    try:
        parse_checklist(text, PATH, fenced=fenced)
    except ChecklistError:
        return
    assert_completed(text, wanted, fenced=fenced)
