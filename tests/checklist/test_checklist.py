from __future__ import annotations

import errno
import hashlib
import os
import string
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from pytest_readiness.checklist.ids import digest_of
from pytest_readiness.checklist.model import Checklist, ChecklistError, Item, groups_above
from pytest_readiness.checklist.reading import parse_checklist, read_checklist
from pytest_readiness.checklist.remarks import MARKED_NOT_APPLICABLE, STRUCK

DEPLOY = Path("deploy.md")


def parse(text: str, *, fenced: bool = False) -> Checklist:
    return parse_checklist(text, DEPLOY, fenced=fenced)


def only(text: str) -> Item:
    (item,) = parse(text).items()
    return item


def texts(text: str) -> list[str]:
    return [item.text for item in parse(text).items()]


def ids(text: str) -> list[str]:
    return [item.id for item in parse(text).items()]


def section_ids(text: str) -> list[str]:
    return [section.id for section in parse(text).sections]


@pytest.mark.parametrize(
    ("line", "text", "ticked"),
    [
        ("- [ ] TLS on", "TLS on", False),
        ("* [x] TLS on", "TLS on", True),
        ("+ [X] TLS on", "TLS on", True),
        ("1. [ ] TLS on", "TLS on", False),
        ("7) [x] TLS on", "TLS on", True),
        ("- [\u00a0] TLS on", "TLS on", False),
        ("-\t[x]\tTLS on", "TLS on", True),
        ("> - [x] TLS on", "TLS on", True),
        ("-\n  [x] TLS on", "TLS on", True),
        ("- ☐ TLS on", "TLS on", False),
        ("- ☑️ TLS on", "TLS on", True),
        ("- &#9745; TLS on", "TLS on", True),
        ("- [ ]", "", False),
        ("- [ ] **TLS** _really_ on", "TLS really on", False),
        ("- [ ] see [the guide](https://example.com/guide) ![shield](s.png)", "see the guide shield", False),
        ("- [ ] `TLS_MODE=on` is set", "TLS_MODE=on is set", False),
        ("- [ ] 🔒 TLS on ✅", "🔒 TLS on ✅", False),
        ("- [ ] TLS on<br>and <b>strict</b> <!-- really -->", "TLS on and strict", False),
        ("- [ ] TLS &lt;1.2 is off", "TLS <1.2 is off", False),
        ("- [ ] TLS on,\n  with HSTS\nand nothing else", "TLS on, with HSTS and nothing else", False),
        ("- [x] TLS on\n\n[x]: https://example.com", "TLS on", True),
        ("- [ ] TLS on \x1b[31m\x9b", "TLS on [31m", False),
        ("- \\[ \\] TLS on", "TLS on", False),
        ("- \\[x\\] TLS on", "TLS on", True),
        ("- **[ ]** TLS on", "TLS on", False),
        ("- __[x]__ **TLS** on", "TLS on", True),
        ("- **[x] TLS on**", "TLS on", True),
        ("- ~~**[ ] TLS on**~~", "TLS on", False),
        ("- □ TLS on", "TLS on", False),
        ("- ◻️ TLS on", "TLS on", False),
        ("- &#9633; TLS on", "TLS on", False),
        ("- ⬜ TLS on", "TLS on", False),
        ("- 🔲 TLS on\n\n***\n", "TLS on", False),
    ],
)
def test_a_list_item_with_a_box_is_an_item(line: str, text: str, ticked: bool) -> None:
    item = only(line)
    assert (item.text, item.ticked) == (text, ticked)


@pytest.mark.parametrize(
    "line",
    [
        "- [] TLS on",
        "- [  ] TLS on",
        "- [x](https://example.com)",
        "- [x]TLS on",
        "- \\[ ] TLS on",
        "- `[ ]` TLS on",
        "- TLS [ ] on",
        "[ ] TLS on",
        "<!-- - [ ] TLS on -->",
        "<!--\n\n- [ ] TLS on\n\n-->",
        "    - [ ] TLS on",
        "```\n- [ ] TLS on\n```",
        "- TLS\n\n      - [ ] on",
    ],
)
def test_what_is_no_box_makes_no_item(line: str) -> None:
    assert texts(f"{line}\n\n***\n\n- [ ] real") == ["real"]


@pytest.mark.parametrize(
    "sign", [*string.punctuation, "é", "—", "\N{NO-BREAK SPACE}", "✅", "&amp;", "<br>", "](", "~~"]
)
def test_a_text_is_what_markdown_makes_of_it(sign: str) -> None:
    text = f"one {sign} two {sign}{sign} three{sign}four{sign} five"
    (inline,) = MarkdownIt("commonmark").enable("strikethrough").parseInline(text)
    shown = [" " if token.content == "<br>" else token.content for token in inline.children or ()]
    assert only(f"# A\n\n- [ ] {text}\n").text == " ".join("".join(shown).split())


def test_nested_items_make_groups() -> None:
    checklist = parse("# A\n- [ ] Headers\n  - [x] HSTS\n    - [ ] preload\n  - [ ] CSP\n- [ ] TLS\n")
    (section,) = checklist.sections
    headers, tls = section.items
    assert [(item.text, item.level, item.is_group) for item in checklist.items()] == [
        ("Headers", 0, True),
        ("HSTS", 1, True),
        ("preload", 2, False),
        ("CSP", 1, False),
        ("TLS", 0, False),
    ]
    assert [child.text for child in headers.children] == ["HSTS", "CSP"]
    assert tls.children == ()
    assert [item.text for item in checklist.leaves()] == ["preload", "CSP", "TLS"]


def test_items_nested_deeper_than_the_parser_goes_by_default_are_read() -> None:
    text = "".join("  " * depth + f"- [ ] step {depth}\n" for depth in range(30))
    assert [item.level for item in parse(text).items()] == list(range(30))


@pytest.mark.parametrize(
    ("below", "detail"),
    [
        ("  - HSTS is sent\n  - for a year\n", "HSTS is sent\nfor a year"),
        ("  - **HSTS**\n    - for `31536000` s\n", "HSTS\nfor 31536000 s"),
        ("\n  It lasts a\n  year.\n", "It lasts a year."),
        ("\n  ```nginx\n  # always\n  \tadd_header  X;\n  ```\n", "# always\n    add_header  X;"),
        ("  > as the policy says\n", "as the policy says"),
        ("\n  | a | b |\n  |---|---|\n  | 1 | 2 |\n", "a – b\n1 – 2"),
        ("  - ✅ yes\n  - ❌ no\n", "✅ yes\n❌ no"),
        ("\n  ### Why\n", "Why"),
        ("\n  ![](shield.png)\n\n  Why\n", "Why"),
        ("", ""),
    ],
)
def test_what_belongs_to_an_item_is_its_detail(below: str, detail: str) -> None:
    item = only(f"# Launch checklist\n\n- [ ] **Headers**\n{below}")
    assert (item.text, item.detail) == ("Headers", detail)


def test_boxes_below_plain_lines_of_an_item_are_its_children() -> None:
    text = "- [ ] Headers\n  - browsers only\n    - [ ] HSTS\n\n  last word\n"
    headers, hsts = parse(text).items()
    assert headers.children == (hsts,)
    assert headers.detail == "browsers only\nlast word"


@pytest.mark.parametrize(
    ("cells", "text", "ticked"),
    [
        ("TLS on | critical | [ ]", "TLS on – critical", False),
        ("[x] | **TLS** on | `443`", "TLS on – 443", True),
        ("[ ] TLS on | critical |", "TLS on – critical", False),
        ("TLS on | | ☐", "TLS on", False),
        ("TLS on | | ☑", "TLS on", True),
        ("TLS on | | ✓", "TLS on", True),
        ("TLS on | | ✔️", "TLS on", True),
        ("TLS on | | &#9744;", "TLS on", False),
        ("TLS on | | &#x2611;", "TLS on", True),
        ("TLS on | | :white_check_mark:", "TLS on", True),
        ("TLS on | | :x:", "TLS on", False),
        ("TLS on | | ❌", "TLS on", False),
        ("✅ TLS on | | [ ]", "TLS on", False),
        ("[x] | TLS on | [ ]", "TLS on", True),
    ],
)
def test_a_table_row_with_a_box_is_an_item(cells: str, text: str, ticked: bool) -> None:
    table = f"# A\n\n| [ ] a | b | c |\n|---|---|---|\n| {cells} |\n| **Docs** | | |\n| | | |\n"
    item = only(table)
    assert (item.text, item.ticked, item.line, item.detail) == (text, ticked, 5, "")


@pytest.mark.parametrize("box", ["[ ]", "☐"])
def test_rows_without_a_box_beside_rows_with_one_are_no_items(box: str) -> None:
    assert texts(f"# A\n\n| a | b |\n|---|---|\n| TLS on | {box} |\n| Docs | a [ ] in it |\n| Docs | |\n") == ["TLS on"]


SYMBOLS = "- ✅ TLS on\n- ❌ HSTS on\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"# Go\n{SYMBOLS}", ["TLS on", "HSTS on"]),
        (f"# Go\n- [ ] Docs\n\n## Launch Checklist\n{SYMBOLS}", ["Docs", "TLS on", "HSTS on"]),
        (f"# Production Readiness\n- [ ] Docs\n\n## TLS\n{SYMBOLS}", ["Docs", "TLS on", "HSTS on"]),
        (f"# Go\n- [ ] Docs\n\n## Changes\n{SYMBOLS}", ["Docs"]),
        ("# Readiness\n✅ TLS on\n✅ HSTS on\n\n- [ ] Docs", ["Docs"]),
        ("# ✅ Readiness\n- TLS ✅\n- [ ] Docs", ["Docs"]),
    ],
)
def test_check_mark_lines_are_items_where_the_document_uses_them_as_a_checklist(text: str, expected: list[str]) -> None:
    assert texts(text) == expected


def test_check_mark_lines_say_whether_they_are_ticked() -> None:
    items = parse(SYMBOLS + "- ✅ Group\n  - ⬜ Part\n").items()
    assert [(item.ticked, item.column, item.level) for item in items] == [
        (True, -1, 0),
        (False, -1, 0),
        (True, -1, 0),
        (False, -1, 1),
    ]


@pytest.mark.parametrize(
    ("text", "titles"),
    [
        ("# A\n## B #\n- [ ] x", [("B", 2, ("A",))]),
        ("A\n===\nB\n---\n- [ ] x", [("B", 2, ("A",))]),
        ("- [ ] x\n\n# A\n- [ ] y", [("", 0, ()), ("A", 1, ())]),
        ("# A\n**Firewall**\n- [ ] x", [("Firewall", 2, ("A",))]),
        ("# A\n**Firewall:**\n\n1. [ ] x", [("Firewall", 2, ("A",))]),
        ("# A\n🔥 __Firewall__ (if used):\n- [ ] x", [("🔥 Firewall (if used)", 2, ("A",))]),
        ("# A\n**B**\n- [ ] x\n\n**C**\n- [ ] y", [("B", 2, ("A",)), ("C", 2, ("A",))]),
        ("# A\n**B**\n- [ ] x\n\n### C\n- [ ] y", [("B", 2, ("A",)), ("C", 3, ("A",))]),
        ("# A\n**B**\n\n|a|b|\n|-|-|\n|[ ]|x|", [("B", 2, ("A",))]),
        ("# A\n**Note:** all of it\n- [ ] x", [("A", 1, ())]),
        ("# A\n**Important**\n\nRead on.\n\n- [ ] x", [("A", 1, ())]),
        ("# A\n1. Setup\n   - [ ] x\n2. **Go:**\n   - [ ] y", [("Setup", 2, ("A",)), ("Go", 2, ("A",))]),
        ("# A\n**B**\n- C\n  - D\n    - [ ] x", [("D", 4, ("A", "B", "C"))]),
        ("# A\n1. B\n\n   **C**\n   - [ ] x\n2. [ ] y", [("A", 1, ()), ("C", 3, ("A", "B"))]),
        ("- A\n  - [ ] x\n- [ ] y", [("A", 1, ()), ("", 0, ())]),
        ("# A\n> ## B\n> - [ ] x\n\n- [ ] y", [("A", 1, ()), ("B", 2, ("A",))]),
        ("# A\n- ## B\n  - [ ] x\n- [ ] y", [("A", 1, ()), ("B", 2, ("A",))]),
        ("# A\n```sh\n# comment\n```\n- [ ] x", [("A", 1, ())]),
        ("# A\n- - [ ] x", [("A", 1, ())]),
        ("# A\n### B\n## C\n- [ ] x", [("C", 2, ("A",))]),
        ("# A\n- [ ] y\n\n**B**\n\n|a|b|\n|-|-|\n|✓|x|", [("A", 1, ()), ("B", 2, ("A",))]),
        ("# A\n**B**\n- plain\n\n***\n\n- [ ] x", [("A", 1, ())]),
        ("# A\n## B\n> # C\n> - [ ] x\n\n- [ ] y", [("B", 2, ("A",)), ("C", 1, ("A", "B"))]),
        ("# A\n**B**\n- [ ] x\n\n> **C**\n> - [ ] y", [("B", 2, ("A",)), ("C", 3, ("A", "B"))]),
    ],
)
def test_headings_bold_paragraphs_and_plain_list_lines_make_sections(
    text: str, titles: list[tuple[str, int, tuple[str, ...]]]
) -> None:
    sections = parse(text).sections
    assert [(section.title, section.level, section.path) for section in sections] == titles


def test_a_section_knows_its_line_and_the_slugs_above_it() -> None:
    (section,) = parse("\n# 1. Go live!\n\n2. Setup\n   - [ ] x").sections
    assert (section.id, section.line, section.ancestors) == ("setup", 4, ("go-live",))


def test_the_groups_above_items() -> None:
    checklist = parse("# A\n- [ ] one\n  - [ ] two\n    - [ ] three\n  - [ ] four\n- [ ] five\n")
    above = groups_above(checklist)
    assert {item.text: [group.text for group in above[item.id]] for item in checklist.items()} == {
        "one": [],
        "two": ["one"],
        "three": ["one", "two"],
        "four": ["one"],
        "five": [],
    }


def test_items_come_in_document_order_and_know_their_section() -> None:
    checklist = parse("# A\n- [ ] one\n- B\n  - [ ] two\n- [ ] three\n  - [ ] four\n")
    assert [(item.text, checklist.section_of(item).id) for item in checklist.items()] == [
        ("one", "a"),
        ("two", "b"),
        ("three", "a"),
        ("four", "a"),
    ]
    with pytest.raises(KeyError, match="firewall/x"):
        checklist.section_of(only("# Firewall\n- [ ] x"))


@pytest.mark.parametrize(
    ("heading", "slug"),
    [
        ("# 9. SSL/TLS Configuration", "ssl-tls-configuration"),
        ("# 3.2 Backups", "backups"),
        ("# B) Backups", "backups"),
        ("# IV. Backups", "backups"),
        ("# ✅ **1. Backups**", "backups"),
        ("# 1️⃣ Backups", "backups"),
        ("# 🗄️Backups", "backups"),
        ("# 24/7 on call", "24-7-on-call"),
        ("# Upgrade to 1.3 in plan B. Done", "upgrade-to-1-3-in-plan-b-done"),
        ("# 12.", "12"),
        ("# Kubernetes (if applicable)", "kubernetes"),
        ("# Kubernetes (N/A: plain hosts)", "kubernetes"),
        ("# Backups (daily)", "backups-daily"),
        ("# Let's go", "lets-go"),
        ("# 🚀", f"section-{digest_of('🚀')}"),
        ("#", "section"),
        ("# Überprüfung", "überprüfung"),
        ("# ＴＬＳ ①", "tls-1"),
        ("# Проверка БД", "проверка-бд"),
        ("# 安全 检查", "安全-检查"),
        ("# सुरक्षा जाँच", "सुरक्षा-जाँच"),
        ("# âœ… Backups", "backups"),
        ("# ðŸ—„ï¸\u008f Backups", "backups"),
        ("# CAFÉ… é»", "café-é"),
    ],
)
def test_section_ids_are_readable(heading: str, slug: str) -> None:
    assert section_ids(f"{heading}\n- [ ] x") == [slug]


@pytest.mark.parametrize(
    ("text", "slug"),
    [
        ("`SECRET_KEY` - 32+ characters", "secret-key-32-plus-characters"),
        ("1. TLS on", "1-tls-on"),
        ("VPN (optional)", "vpn"),
        ("S3 (if using S3 (or R2))", "s3"),
        ("S3 (N/A)", "s3"),
        ("Coverage > 80% (unit)", "coverage-over-80-unit"),
        ("p95 <= 500 ms", "p95-at-most-500-ms"),
        ("p95 ≥ 500 ms", "p95-at-least-500-ms"),
        ("HTTP -> HTTPS", "http-https"),
        ("C++ and C# of TLS 1.2+", "c-plus-plus-and-c-sharp-of-tls-1-2-plus"),
        ("between -5 and .5, not 1-2", "between-minus-5-and-0-5-not-1-2"),
        ("`!debug` and a != b", "not-debug-and-a-not-b"),
        ("✅", "item-CUT"),
        ("(if applicable)", "item"),
        ("", "item"),
        ("a" * 100, "a" * 100),
        ("a" * 101, "a" * 91 + "-CUT"),
        ("a" * 60 + " " + "b" * 39, "a" * 60 + "-" + "b" * 39),
        ("a" * 60 + " " + "b" * 40, "a" * 60 + "-CUT"),
    ],
)
def test_item_ids_are_readable(text: str, slug: str) -> None:
    item = only(f"# A\n- [ ] {text}")
    slug = slug.replace("CUT", digest_of(text))
    assert (item.slug, item.id) == (slug, f"a/{slug}")


def test_wrongly_decoded_emoji_stay_harmless_in_the_text() -> None:
    (section,) = parse("# ðŸ—„ï¸\u008f Backups\n- [ ] âœ… daily").sections
    assert section.title == "ðŸ—„ï¸ Backups"
    assert (section.items[0].text, section.items[0].slug) == ("âœ… daily", "daily")


PRE = "## Pre\n### Backup\n- [ ] x\n"
POST = "## Post\n### Backup\n- [ ] x\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"# A\n{PRE}{POST}", ["pre-backup", "post-backup"]),
        (f"# A\n{POST}{PRE}", ["post-backup", "pre-backup"]),
        (f"# A\n{PRE}# Backup\n- [ ] x\n", ["pre-backup", "backup"]),
        (f"# A\n{PRE}# B\n{PRE}# C\n{POST}", ["a-pre-backup", "b-pre-backup", "post-backup"]),
        (
            f"# A\n{PRE}{POST}## Pre Backup\n- [ ] x\n",
            ["a-pre-backup-5e1f3416", "post-backup", "a-pre-backup-3fe6ed7f"],
        ),
        (f"# A\n{PRE}### Backup\n- [ ] x\n", ["backup", "backup-2"]),
        (f"# A\n{PRE}### Backup\n- [ ] x\n### Backup 2\n- [ ] x\n", ["backup", "backup-3", "backup-2"]),
        (
            f"- [ ] x\n\n# {'a' * 101}\n- [ ] x\n# {'a' * 102}\n- [ ] x",
            ["checklist", f"{'a' * 91}-33468d43", f"{'a' * 91}-fc5c5c01"],
        ),
    ],
)
def test_sections_of_one_name_are_told_apart_by_those_above(text: str, expected: list[str]) -> None:
    assert section_ids(text) == expected


@pytest.mark.parametrize(
    ("items", "expected"),
    [
        ("- [ ] A\n  - [ ] x\n- [ ] B\n  - [ ] x", ["s/a", "s/a-x", "s/b", "s/b-x"]),
        ("- [ ] B\n  - [ ] x\n- [ ] A\n  - [ ] x", ["s/b", "s/b-x", "s/a", "s/a-x"]),
        ("- [ ] A\n  - [ ] x\n- [ ] x", ["s/a", "s/a-x", "s/x"]),
        ("- [ ] A\n  - [ ] x\n- [ ] x\n- [ ] A x", ["s/a", "s/a-x-0a21194d", "s/x", "s/a-x-977f3212"]),
        ("- [ ] x\n- [ ] x\n- [ ] x", ["s/x", "s/x-2", "s/x-3"]),
        ("- [ ] A\n  - [ ] x\n- [ ] A\n  - [ ] x", ["s/a", "s/x", "s/a-2", "s/x-2"]),
        ("- [ ] 🚀\n- [ ] ✅", ["s/item-de0aefa6", "s/item-498aed9c"]),
        (
            "- [ ] cost $5\n- [ ] cost €5\n- [ ] cost $5",
            ["s/cost-5-3e68ed73", "s/cost-5-fa84b346", "s/cost-5-3e68ed73-2"],
        ),
    ],
)
def test_items_of_one_name_are_told_apart_by_their_groups(items: str, expected: list[str]) -> None:
    assert ids(f"# S\n{items}") == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("- [ ] x (if applicable)", ["if applicable"]),
        ("- [ ] x (If using S3)", ["If using S3"]),
        ("- [ ] x (optional, if needed)", ["if needed"]),
        ("- [ ] x *(if handling\npayments)*", ["if handling payments"]),
        ("- [ ] x (iffy)", [None]),
        ("- [ ] x `f(if using a)`", [None]),
        ("- [ ] x f(if using a)", [None]),
        ("- [ ] x (if any) is y", [None]),
        ("- [ ] x (if using a) is y", [None]),
        ("- [ ] x (if any)", [None]),
        ("- [ ] x (if it fails, call us)", [None]),
        ("- [ ] x (if using a, or b).", ["if using a, or b"]),
        ("- [ ] x, if applicable", ["if applicable"]),
        ("- [ ] x (when using S3)", ["when using S3"]),
        ("- [ ] x (where applicable)", ["where applicable"]),
        ("- [ ] x (when it rains)", [None]),
        ("- [ ] x [if needed]", ["if needed"]),
        ("- [ ] (if using S3) x", ["if using S3"]),
        ("# A\nB (if using b)\n- [ ] x", ["if using b"]),
        ("- [ ] x (if using a)\n  - [ ] y\n  - [ ] z (if using b)", ["if using a", "if using a", "if using b"]),
        ("# A (if using a)\n## B\n- [ ] x\n# C\n- [ ] y", ["if using a", None]),
        ("# A (if using a)\n## B (if using b)\n- [ ] x", ["if using b"]),
        ("# A\n**B** (if using b)\n- [ ] x", ["if using b"]),
        ("1. A (if using a)\n   - [ ] x\n2. [ ] y", ["if using a", None]),
        ("| a | b |\n|---|---|\n| [ ] | x (if using a) |", ["if using a"]),
    ],
)
def test_the_nearest_condition_holds(text: str, expected: list[str | None]) -> None:
    assert [item.condition for item in parse(text).items()] == expected


@pytest.mark.parametrize(
    "words",
    [
        *("if applicable", "if needed by law", "if using", "if separate", "if multi-tenant", "if handling payments"),
        *("if S3 is used", "if the GDPR applies", "if there are mobile apps", "if you have a queue", "if we use Redis"),
        *("if the shop uses S3", "if payments are enabled", "if SSO is configured", "only if using S3", "if present"),
        *("when using Stripe", "where used", "if it is in scope"),
    ],
)
def test_what_the_environment_has_is_a_condition(words: str) -> None:
    item = only(f"- [ ] x ({words})")
    assert (item.condition, item.slug) == (words, "x")


@pytest.mark.parametrize(
    "words",
    [
        *(
            "if the disk is full",
            "if one leaks",
            "if health checks fail",
            "if possible",
            "if the primary dies",
            "if down",
        ),
        *("if breached", "if a deploy fails", "if latency exceeds 300 ms", "if the server has no space", "if asked"),
        *(
            "if a node is lost",
            "if something breaks",
            "if a key is compromised",
            "if missing",
            "when it fails",
            "if not",
        ),
        *("when ready", "when done", "if feasible", "if unclear", "when live"),
        *("if no CDN is used", "if using no CDN", "when using a wrong password", "if using too much memory"),
        *("if used by more than one team", "if not applicable", "if we have no queue", "when using an expired card"),
    ],
)
def test_when_something_happens_is_no_condition(words: str) -> None:
    assert only(f"- [ ] x ({words})").condition is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("- [ ] ~~x~~", [STRUCK]),
        ("- [ ] ~~**x** and `y`~~", [STRUCK]),
        ("- ~~[ ] x~~", [STRUCK]),
        ("- [ ] ~~x~~ (later)", [STRUCK]),
        ("- [ ] ~~x~~ y", [None]),
        ("- [ ] ~~x~~ (N/A: no mail)", ["no mail"]),
        ("- [ ] x (N/A: no mail)", ["no mail"]),
        ("- [ ] x (n/a – no mail)", ["no mail"]),
        ("- [ ] x (N/A)", [MARKED_NOT_APPLICABLE]),
        ('- [ ] x reads "(N/A)"', [None]),
        ("- [ ] x reads “(N/A)”", [None]),
        ("- [ ] x (n/async)", [None]),
        *(
            (f"- [ ] x {words}", [None])
            for words in (
                "(N/A: TBD)",
                "(N/A – to be confirmed)",
                "— n/a?",
                "(N/A, ask Ops)",
                "(N/A, but check DNS)",
                "- N/A ?",
            )
        ),
        ("- [ ] x returns `(N/A)`", [None]),
        ("- [ ] x N/A", [None]),
        ("- [ ] x (N/A for guests of the shop)", [None]),
        ("- [ ] x (N/A: for guests of the shop)", [None]),
        ("- [ ] x (N/A if nobody has mail)", [None]),
        ("- [ ] x (N/A) is y", [None]),
        ("- [ ] x (N/A: no mail) is not what we want", [None]),
        ("- [ ] Answers that are N/A (not applicable to guests) are hidden", [None]),
        ("- [ ] x (not applicable)", [MARKED_NOT_APPLICABLE]),
        ("- [ ] x (Not applicable: no mail)", ["no mail"]),
        ("- [ ] x (N/A because no one has mail)", ["because no one has mail"]),
        ("- [ ] x [N/A]", [MARKED_NOT_APPLICABLE]),
        ("- [ ] x — N/A", [MARKED_NOT_APPLICABLE]),
        ("- [ ] x – n/a: no mail", ["no mail"]),
        ("- [ ] x — N/A (no mail)", ["no mail"]),
        ("- [ ] x — N/A for guests", [None]),
        ("- [ ] x `— N/A`", [None]),
        ("- [ ] x (N/A: no mail) ✅", ["no mail"]),
        ("- [ ] ~~x~~\n  - [ ] y\n    - [ ] z (N/A: why)", [STRUCK, STRUCK, "why"]),
        ("- [ ] x\n  - [ ] ~~y~~", [None, STRUCK]),
        ("# Mail (N/A: no mail)\n- [ ] x\n# Web\n- [ ] y", ["no mail", None]),
        ("| a | b |\n|---|---|\n| [ ] | ~~x~~ |", [STRUCK]),
    ],
)
def test_struck_and_marked_items_are_not_applicable(text: str, expected: list[str | None]) -> None:
    assert [item.not_applicable for item in parse(text).items()] == expected


@pytest.mark.parametrize(
    ("text", "optional"),
    [
        ("x (optional)", True),
        ("x (Optional)", True),
        ("x (optional, if needed)", True),
        ("x (optional but wise)", True),
        ("x (optional headers)", False),
        ("x [optional]", True),
        ("x (optional!)", True),
        ("x (optional - later)", True),
        ("x — optional", True),
        ("x (optional-only)", False),
        ("Optional: x", True),
        ("**Optional:** x", True),
        ("(optional) x", True),
        ("x (optional) is y", False),
        ("Optional headers: x", False),
        ("x is optional", False),
        ("x", False),
    ],
)
def test_optional_items_say_so_in_parentheses(text: str, optional: bool) -> None:
    assert only(f"- [ ] {text}").optional is optional


@pytest.mark.parametrize(
    "above", ["# A (optional)\n", "**A** (optional)\n", "# A (optional)\n## B\n", "- [ ] A (optional)\n  "]
)
def test_what_is_below_something_optional_is_too(above: str) -> None:
    assert [item.optional for item in parse(f"{above}- [ ] x").leaves()] == [True]


NO_S3 = "# A\n**S3 (N/A: there is no S3)**\n\n- [ ] buckets\n\n"


@pytest.mark.parametrize(
    "between",
    [
        "Backups:",
        "---",
        "*Backups*",
        "**Backups** and all that:",
        "**Backups**",
        "Some words. And more.",
        "<h3>Backups</h3>",
        "</details>\n\n<details><summary>Backups</summary>",
        "# B",
        "Backups",
        "> Backups:",
        "> [!NOTE]\n> On backups.",
        "> ### Backups",
    ],
)
def test_what_is_said_of_a_label_holds_for_its_list_alone(between: str) -> None:
    buckets, backups = parse(f"{NO_S3}{between}\n\n- [ ] are made").items()
    assert (buckets.not_applicable, backups.not_applicable) == ("there is no S3", None)
    assert not backups.id.startswith("s3/")


def test_what_is_said_of_a_label_is_not_said_of_a_table_behind_its_list() -> None:
    table = "| Backups | |\n|---|---|\n| are made | [ ] |\n"
    assert [item.not_applicable for item in parse(f"{NO_S3}{table}").items()] == ["there is no S3", None]
    assert [item.not_applicable for item in parse(f"{NO_S3[: NO_S3.index('- [')]}{table}").items()] == [
        "there is no S3"
    ]
    both = parse(f"# A\n\n**S3**\n\n- [ ] buckets\n\n{table}").items()
    assert all(item.id.startswith("s3/") for item in both)


@pytest.mark.parametrize("between", ["", "<!-- more -->", "```sh\naws s3 ls\n```", "1. [ ] replicas"])
def test_a_label_holds_for_all_of_its_list(between: str) -> None:
    assert {item.not_applicable for item in parse(f"{NO_S3}{between}\n\n* [ ] versions").items()} == {"there is no S3"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Pre-launch\n- [ ] x", "pre-launch"),
        ("Pre-launch:\n- [ ] x", "pre-launch"),
        ("_Pre-launch_\n- [ ] x", "pre-launch"),
        ("<h2 align='center'>Pre-launch</h2>\n\n- [ ] x", "pre-launch"),
        ("Pre-launch:\n\n- [ ] x", "a"),
        ("All of it is done before the launch.\n- [ ] x", "a"),
        ("Note: all of it\n- [ ] x", "a"),
        ("Do all of this before you go on\n- [ ] x", "a"),
        ("Pre-launch\nand after\n- [ ] x", "a"),
    ],
)
def test_a_few_words_right_above_a_list_are_a_section(text: str, expected: str) -> None:
    assert section_ids(f"# A\n{text}") == [expected]


STATUS = "# A\n\n| Check | Status |\n|---|---|\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            f"{STATUS}| Backups | ✅ done |\n| Logs | ⚠️ open |\n| DNS | ⏳ |\n| Mail | in progress |\n| Disk | |\n",
            [("Backups", True), ("Logs", False), ("DNS", False), ("Mail", False), ("Disk", False)],
        ),
        (f"{STATUS}| Backups | ✅ |\n| **Logs** | |\n| Kept | ❌ |\n", [("Backups", True), ("Kept", False)]),
        ("# Readiness\n- ✅ y\n- ⚠️ x\n- z\n", [("y", True), ("⚠️ x", False), ("z", False)]),
        ("# Readiness\n- ⏳ x\n- Group\n  - ✅ y\n", [("y", True)]),
        ("# Readiness\n- [ ] y\n- ⚠️ x\n", [("y", False)]),
        ("# Readiness\n- ☐ y\n- ⚠️ x\n", [("y", False)]),
    ],
)
def test_each_row_of_what_is_read_as_status_is_an_item(text: str, expected: list[tuple[str, bool]]) -> None:
    assert [(item.text, item.ticked) for item in parse(text).items()] == expected


def test_a_matrix_of_levels_ticks_nothing() -> None:
    table = (
        "# A\n\n| Need | Level A | Level B |\n|---|---|---|\n| TLS | ✅ | ✅ |\n| HSM | ❌ | ✅ |\n| Logs | | ✅ |\n"
    )
    assert [(item.text, item.ticked, item.detail) for item in parse(table).items()] == [
        ("TLS", False, "for Level A, Level B"),
        ("HSM", False, "for Level B"),
        ("Logs", False, "for Level B"),
    ]
    own = "# A\n\n| Done | Need | L1 | L2 |\n|---|---|---|---|\n| [x] | TLS | ✅ | ✅ |\n| [ ] | HSM | ❌ | ✅ |\n"
    assert [(item.text, item.ticked) for item in parse(own).items()] == [("TLS", True), ("HSM", False)]
    done = parse(table.replace("Level A", "staging").replace("Level B", "production"))
    assert [(item.text, item.ticked) for item in done.items()] == [("TLS", True), ("HSM", True), ("Logs", True)]


def test_the_box_of_a_row_is_in_the_column_of_answers() -> None:
    row = "| Roles | ✓ no wildcard<br>✓ own roles | ☐ Yes ☐ No ☐ N/A |"
    item = only(f"# A\n\n| What | How | Answer |\n|---|---|---|\n{row}\n")
    assert (item.column, item.ticked) == (row.index("☐"), False)
    for answer, ticked in (
        ("☐ No ☐ Yes", False),
        ("☑ No ☐ Yes", False),
        ("[x] No [x] Yes", True),
        ("☑ Yes ☐ No", True),
    ):
        row = f"| a \\| [ ] b | {answer} |"
        item = only(f"# A\n\n| What | Answer |\n|---|---|\n{row}\n")
        box = row.rindex("[x]") + 1 if "[" in answer else row.index("Yes") - 2
        assert (item.text, item.column, item.ticked) == ("a | [ ] b", box, ticked)
    for titles, ticked in (("No | Yes", True), ("Yes | No", False)):
        assert only(f"# A\n\n| What | {titles} |\n|---|---|---|\n| a | ☐ | ☑ |\n").ticked is ticked
    symbols = parse("# A\n\n| How | Done |\n|---|---|\n| ✓ no wildcard | ❌ |\n| own roles | ✅ |\n")
    assert [(each.text, each.ticked) for each in symbols.items()] == [("no wildcard", False), ("own roles", True)]


@pytest.mark.parametrize(
    "words", ["## When to roll back", "**Rollback triggers**", "Do not:", "## Abort criteria", "Roll back if\n"]
)
def test_what_is_to_be_untrue_is_no_item(words: str) -> None:
    text = f"# Launch readiness\n\n- ✅ Backups are made\n\n{words}\n\n- ❌ Error rate > 10 %\n- ❌ Nobody is there\n"
    assert texts(text) == ["Backups are made"]


@pytest.mark.parametrize(
    ("text", "unread"),
    [
        ("- [] a\n- [-] b\n\n[ ] c", "3 boxes are not read, lines 3, 4, 6: a box is "),
        ("- [ x]a\n- [x ] b\n- [ X ] c", "3 boxes are not read, lines 3, 4, 5: a box is "),
        ("- [x]a", "1 box is not read, line 3: a box is "),
        ("text\n[x] c\n☐ d", "2 boxes are not read, lines 4, 5: a box is "),
        ("<!-- -->\n\n    - [ ] d", "1 box is not read, line 5: a box is "),
        ("```\n- [ ] d\n```", "1 box is in code fences not read, line 4: --readiness-fenced reads them"),
        *(
            (f"- {box} a", "1 box is not read, line 3: a box is ")
            for box in ("( )", "(x)", "[_]", "[___]", "[N/A]", "[NA]", "[No]", "[Y]", "[done]", "[TODO]", "[OK]", "❎")
        ),
        *(
            (f"- {box} a", "1 box is not read, line 3: a box is ")
            for box in ("【 】", "［ ］", "［x］", "\\[ ]", "**[-]**")
        ),
        ("- <input type='checkbox'> a", "1 box is not read, line 3: a box is "),
        ("text\n<input\n type=checkbox> a", "1 box is not read, line 4: a box is "),
        ("| a | b |\n|---|---|\n| c | <input type=checkbox disabled> |", "1 box is not read, line 5: a box is "),
        ('<ul>\n<li><input type="checkbox"> a</li>\n<li>☐ b</li></ul>', "2 boxes are not read, lines 4, 5: a box is "),
        ("<table>\n<tr><td>[ ]</td><td>a</td></tr></table>", "1 box is not read, line 4: a box is "),
        ("<details><summary>a</summary>\n- [ ] b\n</details>", "1 box is not read, line 4: a box is "),
        ("### [ ] a", "1 box is not read, line 3: a box is "),
        ("[x] a\n===", "1 box is not read, line 3: a box is "),
        ('!!! warning "a"\n    - [ ] b\n    - [ ] c', "2 boxes are not read, lines 4, 5: a box is "),
        ("• [ ] a\n– [x] b\na. [ ] c", "3 boxes are not read, lines 3, 4, 5: a box is "),
        ("-[ ] a", "1 box is not read, line 3: a box is "),
        ("| a | b |\n|---|---|\n| c | [ ] |\n| d | no |\n| **e** | |", "1 box is not read, line 6: a box is "),
        ("| a | b |\n|---|---|\n| c | [N/A] |", "1 box is not read, line 5: a box is "),
        (
            "<!-- old\n\n- [ ] a\n- [ ] b",
            "2 boxes are not read, lines 5, 6: the comment in line 3 is not closed ('-->')",
        ),
        ("<!-- a -->\n<!-- b\n- [ ] a", "1 box is not read, line 5: the comment in line 4 is not closed ('-->')"),
        ("<!-- old\n- [ ] a\n-->\n\n<!-- no box", ""),
        (
            "`<input type='checkbox'>` a\n\n- (a) b\n- [ok]: c\n- [N/A](d)\n\n## [!A]\n\n| a | b |\n|-|-|\n| c | d |",
            "",
        ),
        *(
            (f"text\n\n{line}", "1 box is not read, line 5: a box is ")
            for line in (
                *("- [v] a", "- [√] a", "- [✔️] a", "- [х] a", "- [•] a", "- [\u200b] a", "- [:x:] a", "- [100 %] a"),
                *("- [erledigt] a", "- [已完成] a", "- [ ]: a", "- _[ ] a_", "- ~~[ ]~~ a", "- (✓) a"),
                *("● [ ] a", "(1) [ ] a", "1.1 [ ] a", "1、[ ] a", "・[ ] a", "① ☐ a", "**1.** [ ] a", "\ufeff- [ ] a"),
                *("Step 1: [ ] a", "Owner - [x] a", "Backups: ☐ run"),
                *(": [ ] a", "[^1]: - [ ] a", "A1. [ ] a", "- ○ a", "◯ a", "- {} a", "- { } a", "- ✓ a", "- ✗ a"),
                *("- ▢ a", "- ❏ a", "- 🗹 a", "- ⬛ a", "● a [ ]", "(1) a [ ] no [ ] yes", "1.1 a ☐", "a [x]"),
                *(
                    "- a: [ ] yes [ ] no",
                    "- a ☐ yes ☐ no",
                    "- a [ ]",
                    "- 1.1 [ ] a",
                    "\\- a: ☐",
                    "| a | [ ] |",
                    "| a | ☐ |",
                ),
            )
        ),
        ("+---+---+\n| a | b |\n+===+===+\n| c | [ ] |\n+---+---+", "1 box is not read, line 6: a box is "),
        ("| a | Go |\n|---|---|\n| b | GO ✅ |\n| c | NO-GO ❌ |", "2 boxes are not read, lines 5, 6: a box is "),
        ("| a | Status |\n|---|---|\n| b | Done |\n| c | Open |", "2 boxes are not read, lines 5, 6: a box is "),
        ("| a | Done |\n|---|---|\n| b | x |\n| c | |", "2 boxes are not read, lines 5, 6: a box is "),
        ("| a | Erledigt |\n|---|---|\n| b | ja |\n| c | nein |", "2 boxes are not read, lines 5, 6: a box is "),
        ("| a | OK? |\n|---|---|\n| b | y |\n| c | n |", "2 boxes are not read, lines 5, 6: a box is "),
        ("| a | b |\n|---|---|\n| - [ ] c | d |", "1 box is not read, line 5: a box is "),
        ("- [ ] a\n  - ✓ right\n  - ✗ wrong\n\n([ ] = open)\n\nSo [ ] is open.\n\n{% if a %}", ""),
        ("- a\n- [ ] b\n  - detail\n- c\n  - [ ] d", "line 3: no box, beside entries that have one; "),
        ("text\n\n1. [ ] a\n2. b\n3. c", "lines 6, 7: no box, beside entries that have one; "),
        ("Tick the box ☐ when it is done, as `[ ]` and `a [ ]` say.\n\n- a[ ] b\n- `[ ]`", ""),
        ("| a | Status |\n|---|---|\n| b | Done |\n| c | by Friday |", ""),
        *(
            (f"| a | {title} |\n|---|---|\n| b | {yes} |\n| c | {no} |", "2 boxes are not read, lines 5, 6: a box is ")
            for title, yes, no in (
                *(("Done", "TRUE", "FALSE"), ("Result", "Pass", "FAIL"), ("OK?", "OK", "NOK"), ("Checked", "1", "0")),
                *(("Progress", "100 %", "20 %"), ("Verified by", "Ann", ""), ("Sign-off", "", ""), ("☐", "", "")),
                *(("[ ]", "", ""), ("RAG", "🟢", "🔴"), ("Team's word", "approved", "pending"), ("What", "Done", "")),
                *(("Date completed", "2026-01-01", ""), ("Fatto", "Sì", "No"), ("Gotowe", "tak", "nie")),
                *(
                    ("Concluído", "Sim", "Não"),
                    ("完了", "済", "未"),
                    ("Status", "Ready", "Not ready"),
                    ("Done (Y/N)", "", ""),
                    ("App", "🟢 up", "🔴 down"),
                ),
            )
        ),
        *(
            (f"| a | {title} |\n|---|---|\n| b | {one} |\n| c | {two} |", "")
            for title, one, two in (
                *(
                    ("Required", "yes", "no"),
                    ("Approved by", "Ann", "Bob"),
                    ("Owner", "Ann", ""),
                    ("Default", "1", "0"),
                ),
                ("Means", "done", "somebody did it"),
            )
        ),
        ("||a||Done||\n|b|(/)|\n|c|(x)|", "2 boxes are not read, lines 4, 5: a box is "),
        (
            "<table>\n<tr><td>a</td><td>☐</td></tr>\n<tr><td>b</td><td>❌</td></tr></table>",
            "2 boxes are not read, lines 4",
        ),
        ("<p>a: ☐ yes ☐ no</p>", "1 box is not read, line 3: a box is "),
        ("| a | Port |\n|---|---|\n| b | open |\n| c | open |", ""),
        ("### a [ ]", "1 box is not read, line 3: a box is "),
        ("o [ ] a\n\uf0a8 b\n&#9744; c", "3 boxes are not read, lines 3, 4, 5: a box is "),
        ("\uf0b7 a\n\no b", ""),
        *(
            (
                f"text\n\n<!-- a {end}\n\n- [ ] b\n\n<!-- c -->",
                "1 box is not read, line 7: the comment in line 5 ends in ",
            )
            for end in ("->", "--!>", "-- >", "—>", "")
        ),
        ("<!-- a -> b\n- [ ] c\n-->", ""),
        ("````\na\n```\n- [ ] b", "1 box is not read, line 6: the code fence in line 3 is not closed: "),
        ("```\na\n~~~\n- [ ] b\n```", "1 box is not read, line 6: the code fence in line 3 ends in line 7 only: "),
        ("```\na\n```sh\n- [ ] b\n```", "1 box is not read, line 6: the code fence in line 3 ends in line 7 only: "),
        *(
            (line, "line 3: what is to be put in there from another file is not read; ")
            for line in (
                *('--8<-- "a.md"', '{% include "a.md" %}', "![[a]]", "{!a.md!}", '{{< include "a.md" >}}'),
                *("{{#include a.md}}", "[!INCLUDE [a](a.md)]", "!include a.md", ".. include:: a.md", "@import 'a.md'"),
                *("```{include} a.md\n```", "[a](a.md ':include')", "<!-- include a.md -->", "include::a.md[]"),
                *(
                    "<Include file='a.md' />",
                    "<<[a.md]",
                    "<<< @/a.md",
                    "{{> a.md}}",
                    "<!-- @include: a.md -->",
                    "{%- include_relative a.md -%}",
                ),
            )
        ),
        (
            "text\n\n- Include a\n\n> [!IMPORTANT]\n> b\n\n![[a.png]]\n\n{% include nav.html %}\n\nInclude: a",
            "",
        ),
        ("text\n\n- [x](https://example.com)\n- [!NOTE] x\n\n> [!NOTE]\n> x\n\n[^1]: y\n\n- `[]` z\n- [a] b", ""),
    ],
)
def test_what_looks_like_boxes_and_is_not_read_is_told(text: str, unread: str) -> None:
    told = parse(f"- [ ] read\n\n{text}").unread
    assert told.startswith(unread)
    assert bool(told) == bool(unread)


def test_front_matter_is_no_list() -> None:
    front = "---\ntitle: x # y\n# z\ntodo:\n- [ ] a\n  - [ ] b\n\n---\n"
    checklist = parse(f"{front}# A\n\n- [ ] real\n")
    assert [item.text for item in checklist.items()] == ["real"]
    assert checklist.unread.startswith("2 boxes are not read, lines 5, 6: ")
    assert texts("---\nNote: all of it\n\n- [ ] x\n\n---\n\n- [ ] y") == ["x", "y"]


def test_the_kind_of_a_callout_is_no_heading() -> None:
    assert section_ids("# A\n\n> [!NOTE]\n> - [ ] x\n") == ["a"]


def test_in_a_list_with_empty_squares_every_sign_is_a_box() -> None:
    text = "# A\n- [ ] w\n\n## B\n- ⬜ x\n- ✅ y\n- ⚠️ z\n\n## C\n- ✅ right\n- ❌ wrong\n"
    read = [(item.text, item.ticked) for item in parse(text).items()]
    assert read == [("w", False), ("x", False), ("y", True), ("⚠️ z", False)]


def test_a_comment_in_a_program_is_no_heading() -> None:
    text = "# A\n\n```bash\n# make it\n- [ ] x\n```\n\n```md\n# B\n- [ ] y\n```\n"
    assert [item.id for item in parse(text, fenced=True).items()] == ["a/x", "b/y"]


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("bom", ["", "\ufeff"])
def test_lines_are_those_of_the_file(tmp_path: Path, newline: str, bom: str) -> None:
    lines = ["---", "title: Go", "---", "# Go", "", "- [ ] a", "", "> 1. text", ">    - [x] b", "wrapped", ""]
    lines += ["| a | b |", "|---|---|", "| c | [ ] |", "", "-\t[ ] d\u2028e\x0cf"]
    path = tmp_path / "go-live.md"
    path.write_bytes((bom + newline.join(lines)).encode())
    checklist = read_checklist(path)
    assert [(item.text, item.line, item.column) for item in checklist.items()] == [
        ("a", 6, 3),
        ("b wrapped", 9, 8),
        ("c", 14, 7),
        ("d e f", 16, 3),
    ]
    assert (checklist.name, checklist.title, checklist.path) == ("go-live", "Go", path)
    assert checklist.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.mark.parametrize(
    ("line", "column"),
    [
        ("- [ ] x", 3),
        ("10. [x] x [ ] y", 5),
        ("- ~~[ ] x~~", 5),
        ("- ☐ x", 2),
        ("- &#9744; x", -1),
        ("- ✅ x", -1),
        ("- :white_check_mark: x", -1),
        ("|a|b|\n|-|-|\n| see [ ] | [ ] |", 13),
        ("|a|b|\n|-|-|\n| x | ✓ |", 6),
        ("|a|b|\n|-|-|\n| x | :x: |", -1),
    ],
)
def test_the_column_is_that_of_the_one_character_in_the_box(line: str, column: int) -> None:
    assert only(line).column == column


@pytest.mark.parametrize(
    ("text", "title"),
    [("## B\n- [ ] x", "deploy"), ("#\n# *A*\n- [ ] x\n# B", "A"), ("text\n\nA\n=\n- [ ] x", "A")],
)
def test_the_title_is_the_first_heading_of_the_first_level(text: str, title: str) -> None:
    assert parse(text).title == title


def test_front_matter_in_toml_is_no_list() -> None:
    checklist = parse('+++\ntitle = "x"\ntodo = """\n- [ ] a\n"""\n+++\n# A\n\n- [ ] real\n')
    assert [(item.text, item.line) for item in checklist.items()] == [("real", 9)]
    assert checklist.unread.startswith("1 box is not read, line 4: ")
    assert texts("+++\nnot TOML\n\n- [ ] x\n\n+++\n\n- [ ] y") == ["x", "y"]


def test_a_legend_is_no_list_of_items() -> None:
    assert texts("Legend:\n\n- ✅ done\n- ❌ = not done\n\n# A\n\n| x | y |\n|---|---|\n| a | ✅ |\n| b | ❌ |") == [
        "a",
        "b",
    ]
    assert texts("- ✅ done\n- ✅ open") == ["done", "open"]
    assert texts("- [x] done\n- [ ] open") == ["done", "open"]


def test_a_rule_at_the_beginning_is_no_front_matter() -> None:
    assert texts("---\n\n# A\n\n- [ ] x\n\n---\n\n- [ ] y") == ["x", "y"]


FENCED = "# Go\n\n```markdown\n## TLS\n- [ ] on\n```\n\n~~~sh\n# comment\n~~~\n\n- text\n\n  ````\n  - [x] HSTS\n"


def test_a_checklist_in_a_code_fence_is_read_when_asked() -> None:
    checklist = parse(FENCED, fenced=True)
    assert [(item.id, item.line, item.column) for item in checklist.items()] == [
        ("tls/on", 5, 3),
        ("text/hsts", 15, 5),
    ]
    assert checklist.sections[0].path == ("Go",)


def test_a_fence_is_read_besides_the_items_around_it_and_in_quotes() -> None:
    text = "- [ ] a\n\n> ```\n> - [ ] b\n> ```\n\n10. ```\n    - [ ] c\n    ```\n- [ ] d"
    assert texts(text) == ["a", "d"]
    assert [(item.text, item.line) for item in parse(text, fenced=True).items()] == [
        ("a", 1),
        ("b", 4),
        ("c", 8),
        ("d", 10),
    ]


def test_a_fence_without_end_is_read_to_its_last_line() -> None:
    (item,) = parse("```\n- [ ] no ``` in logs", fenced=True).items()
    assert item.text == "no ``` in logs"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "deploy.md: the file is empty."),
        ("\ufeff \r\n\t\r\n", "deploy.md: the file is empty."),
        (
            "# A\n- text",
            "deploy.md: no item was found: neither a list item that begins with [ ] or [x], "
            "nor a table row with a box, nor a list of ✅ and ❌ lines.",
        ),
        (
            FENCED,
            "deploy.md:3: no item was found: the boxes are inside a code fence, "
            "from which they are read with the option `fenced`.",
        ),
    ],
)
def test_a_text_without_items_is_refused(text: str, message: str) -> None:
    with pytest.raises(ChecklistError) as refused:
        parse(text)
    assert str(refused.value) == message


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "none.md"
    with pytest.raises(ChecklistError) as refused:
        read_checklist(path)
    assert str(refused.value) == f"{path}: there is no such file."


def test_a_directory_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ChecklistError) as refused:
        read_checklist(tmp_path)
    assert str(refused.value) == f"{tmp_path}: this is a directory, not a checklist in Markdown."


def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "loop.md"
    path.symlink_to(path)
    with pytest.raises(ChecklistError) as refused:
        read_checklist(path)
    assert str(refused.value) == f"{path}: the file cannot be read: {os.strerror(errno.ELOOP)}."


@pytest.mark.parametrize(
    ("raw", "line"),
    [(b"- [ ] \xe9t\xe9\n", 1), (b"# A\r\n\r\n- [ ] \xc3\xa9 \xff\n", 3), ("# A".encode("utf-16"), 1)],
)
def test_a_file_that_is_not_utf8_is_refused_with_the_line(tmp_path: Path, raw: bytes, line: int) -> None:
    path = tmp_path / "latin.md"
    path.write_bytes(raw)
    with pytest.raises(ChecklistError) as refused:
        read_checklist(path)
    assert str(refused.value) == f"{path}:{line}: the text is not UTF-8; save the file as UTF-8."


# A shared machine may take its time over one example.
unhurried = settings(deadline=None)

WORDS = st.lists(st.sampled_from(["a", "b", "2", "3", "a-b", "🚀"]), min_size=1, max_size=3).map(" ".join)
BOXES = st.sampled_from(["- [ ]", "* [x]", "1. [\u00a0]", "  - [ ]", "    - [X]", "> - [ ]", "- ✅", "- ☐"])
LINES = st.one_of(
    st.builds("{} {}".format, BOXES, WORDS),
    st.builds("\n{} {}\n".format, st.sampled_from(["#", "##", "###", "-", "1.", "  -"]), WORDS),
    st.builds("\n**{}**\n".format, WORDS),
    st.builds("\n| a | b |\n|---|---|\n| {} | [ ] |\n".format, WORDS),
)
DOCUMENTS = st.lists(LINES, min_size=1, max_size=25).map("\n".join)


@unhurried
@given(DOCUMENTS)
def test_ids_are_unique_and_lines_hold_the_box(text: str) -> None:
    try:
        checklist = parse(text)
    except ChecklistError:
        return
    lines = text.split("\n")
    items = list(checklist.items())
    assert len({item.id for item in items}) == len(items)
    assert len({section.id for section in checklist.sections}) == len(checklist.sections)
    for item in items:
        assert item.id == f"{checklist.section_of(item).id}/{item.slug}"
        assert any(box in lines[item.line - 1] for box in ("[ ]", "[x]", "[X]", "[\u00a0]", "✅", "☐", "- "))
        if item.column >= 0:
            assert lines[item.line - 1][item.column] in " \u00a0xX☐"


@unhurried
@given(DOCUMENTS)
def test_writing_to_the_column_ticks_the_box_and_changes_nothing_else(text: str) -> None:
    try:
        before = list(parse(text).items())
    except ChecklistError:
        return
    lines = text.split("\n")
    for item in before:
        line = lines[item.line - 1]
        if item.column >= 0:
            sign = "☑" if line[item.column] == "☐" else "x"
            lines[item.line - 1] = line[: item.column] + sign + line[item.column + 1 :]
    after = list(parse("\n".join(lines)).items())
    assert [item.id for item in after] == [item.id for item in before]
    assert all(item.ticked for item, was in zip(after, before, strict=True) if was.column >= 0)


@unhurried
@given(st.permutations(["TLS", "Backups", "On call", "数据库"]), st.permutations(["on", "tested", "documented"]))
def test_ids_outlive_the_order_of_sections_and_items(sections: list[str], items: list[str]) -> None:
    text = "".join(f"## {section}\n" + "".join(f"- [ ] {item}\n" for item in items) for section in sections)
    expected = [f"{section}/{item}" for section in ("backups", "on-call", "tls", "数据库") for item in sorted(items)]
    assert sorted(ids(text)) == expected


@unhurried
@given(st.permutations(["## A\n### X\n- [ ] x\n", "## B\n### X\n- [ ] x\n", "## X\n- [ ] x\n"]))
def test_ids_of_sections_of_one_name_outlive_their_order(parts: list[str]) -> None:
    sections = parse("# Go\n" + "".join(parts)).sections
    assert {section.path: section.id for section in sections} == {
        ("Go", "A"): "a-x",
        ("Go", "B"): "b-x",
        ("Go",): "go-x",
    }


MARKUP = st.text(alphabet="[]xX -*+1.#>`~|:\n\r\t\\()&<!/_=✅☐ab\u00a0\ufeff\x00\u2028é", max_size=80)


@unhurried
@given(st.one_of(st.text(), MARKUP, st.lists(MARKUP).map("- [ ] ".join)), st.booleans())
def test_any_text_is_read_or_refused(text: str, fenced: bool) -> None:
    try:
        read = parse(text, fenced=fenced)
    except ChecklistError as error:
        message = str(error)
    else:
        assert list(read.items())
        return
    assert message.startswith("deploy.md:")
    assert message.endswith(".")


@pytest.mark.parametrize("bold", ["**", "__"])
def test_a_list_of_status_in_bold(bold: str) -> None:
    text = f"- {bold}✅ a{bold}\n- {bold}❌{bold} b\n- {bold}❌ c{bold}: d\n- {bold}e{bold}"
    assert [(item.text, item.ticked) for item in parse(text).items()] == [
        *(("a", True), ("b", False), ("c: d", False), ("e", False)),
    ]


def test_a_conflict_that_a_merge_left_is_told() -> None:
    text = "# A\n\n- [ ] a\n<<<<<<< HEAD\n- [ ] b\n=======\n- [ ] c\n>>>>>>> other\n"
    with pytest.raises(ChecklistError, match=r":4: the text holds a conflict of a merge that nobody has resolved"):
        parse(text)
    assert only("- [ ] a\n\n      <<<<<<< HEAD is what git writes").text == "a"


# --- fingerprints: what changes where anything changes that an item says

_TABLE = "| Check | Done |\n| --- | --- |\n| **Production** | |\n| TLS is on | [ ] |\n"
_WIDE = "| Check | Min | Max | Done |\n| --- | --- | --- | --- |\n| Days | {} | [ ] |\n"
_DETAILED = "- [ ] TLS\n\n  | min | max |\n  | --- | --- |\n  | {} |"
_GROUP = "## A\n- [ ] group\n\n  in production\n  - [ ] TLS is on\n"


@pytest.mark.parametrize(
    ("text", "other"),
    [
        ("- [ ] TLS on all hosts", "- [ ] TLS on ~~all~~ hosts"),
        ("- [ ] at most 10<sup>6</sup>", "- [ ] at most 106"),
        ("- [ ] [it](https://a.example.com) answers", "- [ ] [it](https://b.example.com) answers"),
        ("- [ ] as ![drawn](one.png)", "- [ ] as ![drawn](two.png)"),
        ("- [ ] TLS\n\n  on all hosts", "- [ ] TLS\n\n  on ~~all~~ hosts"),
        ("All of these:\n\n- [ ] TLS", "None of these:\n\n- [ ] TLS"),
        ("Always:\n\n- group\n  - [ ] TLS", "Never:\n\n- group\n  - [ ] TLS"),
        ("## On all hosts\n- [ ] TLS", "## On ~~all~~ hosts\n- [ ] TLS"),
        ("# One\n## A\n- [ ] TLS\n# Two", "# Three\n## A\n- [ ] TLS\n# Two"),
        (_TABLE, _TABLE.replace("Check", "Forbidden")),
        (_TABLE, _TABLE.replace("Production", "Staging")),
        (_GROUP, _GROUP.replace("production", "staging")),
        ("<!-- x -->\nOn prod:\n<!-- y -->\n\n- [ ] TLS", "<!-- x -->\nOn test:\n<!-- y -->\n\n- [ ] TLS"),
        ("> On prod:\n\n- [ ] TLS", "> On test:\n\n- [ ] TLS"),
        ("- [ ] Low[^l]\n\n[^l]: 80 %", "- [ ] Low[^l]\n\n[^l]: 99 %"),
        ("- [ ] TLS\n  - on prod, not\n  - on test", "- [ ] TLS\n  - on prod,\n  - not on test"),
        ("- [ ] TLS\n  - Not on:\n    - prod\n    - test", "- [ ] TLS\n  - Not on:\n    - prod\n  - test"),
        (_WIDE.format("365 | "), _WIDE.format(" | 365")),
        (_WIDE.format("✅ | "), _WIDE.format("❌ | ")),
        (
            "- [ ] TLS\n\n  | min | max |\n  | --- | --- |\n  | 1 | |",
            "- [ ] TLS\n\n  | min | max |\n  | --- | --- |\n  | | 1 |",
        ),
        ("## Orders over $50\n- [ ] TLS", "## Orders over €50\n- [ ] TLS"),
        ("- [ ] Low[^l]\n\n[^l]: a\n\n    on prod", "- [ ] Low[^l]\n\n[^l]: a\n\n    on test"),
        ("- [ ] Low[^l]\n\n[^l]: b[^m]\n[^m]: x", "- [ ] Low[^l]\n\n[^l]: b[^m]\n[^m]: y"),
        ("- [ ] TLS\n\n  <div>on prod</div>", "- [ ] TLS\n\n  <div>on test</div>"),
        ("- [ ] Run\n  ```sh\n  if a:\n    b\n  c\n  ```", "- [ ] Run\n  ```sh\n  if a:\n    b\n    c\n  ```"),
        ("- [ ] Run\n  ```sh\n  a\n  ```", "- [ ] Run\n  ```sql\n  a\n  ```"),
        ("- [ ] TLS\n\n  > never this", "- [ ] TLS\n\n  never this"),
        ("- Group\n\n  on prod\n\n  - [ ] TLS", "- Group\n\n  on test\n\n  - [ ] TLS"),
        ("- [ ] Group\n  - [ ] TLS", "- [ ] Group (optional)\n  - [ ] TLS"),
        ("<p>On prod:</p>\n\n- [ ] TLS", "<p>On test:</p>\n\n- [ ] TLS"),
        ('- [ ] As [said](a "seven")', '- [ ] As [said](a "eight")'),
        (_TABLE, _TABLE.replace("| Check |", "| ~~Check~~ |")),
        (_DETAILED.format("[1](a) | "), _DETAILED.format("[1](b) | ")),
    ],
)
def test_a_fingerprint_tells_whatever_else_is_said_of_an_item(text: str, other: str) -> None:
    (one, two) = ([item.fingerprint for item in parse(each).leaves()] for each in (text, other))
    assert not set(one) & set(two)


@pytest.mark.parametrize(
    ("text", "other"),
    [
        ("- [ ] TLS is on", "* [x]  TLS\n  is on"),
        ("- [ ] **TLS** is `on`", "- [ ] TLS is on <!-- since May -->"),
        ("# Release 1\n## A\n- [ ] TLS", "# Release 2\n## A\n- [ ] TLS"),
        ("About hosts.\n\n- [ ] TLS", "About all hosts.\n\n- [ ] TLS"),
        ("- [ ] TLS", "- [ ] TLS\n- [ ] HSTS"),
        (_TABLE, _TABLE.replace("[ ]", "[x]").replace("**", "__")),
        (_GROUP, _GROUP.replace("- [ ] group", "- [x] group")),
        (_WIDE.format("1 | 2"), _WIDE.format("1 | 2").replace("[ ]", "[x]")),
        ("| Check | Done |\n| --- | --- |\n| TLS | ❌ |\n", "| Check | Done |\n| --- | --- |\n| TLS | ✅ |\n"),
        ("- [ ] TLS", "- [ ]   TLS\n\n[^a]: another note"),
        ("## Web [x](a)\n- [ ] TLS", "## 3. **Web** [*x*](a)\n- [ ] TLS"),
        ("- [ ] TLS is on\n\n  on all hosts", "- [ ] <b>TLS</b> is<br>on\n\n  on\n  *all* hosts\n  <!-- or not -->"),
        ("- [ ] Run\n  ```sh\n  a\n  ```", "1. [ ] Run\n   ~~~sh\n   a\n   ~~~"),
    ],
)
def test_a_fingerprint_stays_where_an_item_says_the_same(text: str, other: str) -> None:
    (one, two) = (next(parse(each).leaves()).fingerprint for each in (text, other))
    assert one == two
