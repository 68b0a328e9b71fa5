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

from pytest_readiness.checklist.model import Checklist, ChecklistError, Item
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
    table = f"# A\n\n| [ ] a | b | c |\n|---|---|---|\n| {cells} |\n| Docs | high | |\n| Docs | a [ ] in it | |\n"
    item = only(table)
    assert (item.text, item.ticked, item.line, item.detail) == (text, ticked, 5, "")


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
        ("# 🚀", "section"),
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
        ("`SECRET_KEY` - 32+ characters", "secret-key-32-characters"),
        ("1. TLS on", "1-tls-on"),
        ("VPN (optional)", "vpn"),
        ("S3 (if using S3 (or R2))", "s3"),
        ("S3 (N/A)", "s3"),
        ("Coverage > 80% (unit)", "coverage-80-unit"),
        ("✅", "item"),
        ("(if applicable)", "item"),
        ("a" * 61, "a" * 60),
        ("a" * 60 + " b", "a" * 60),
        ("a" * 30 + " " + "b" * 30, "a" * 30),
        ("a" * 30 + " " + "b" * 29, "a" * 30 + "-" + "b" * 29),
    ],
)
def test_item_ids_are_readable(text: str, slug: str) -> None:
    item = only(f"# A\n- [ ] {text}")
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
        (f"# A\n{PRE}{POST}## Pre Backup\n- [ ] x\n", ["a-pre-backup", "post-backup", "a-pre-backup-2"]),
        (f"# A\n{PRE}### Backup\n- [ ] x\n", ["backup", "backup-2"]),
        (f"# A\n{PRE}### Backup\n- [ ] x\n### Backup 2\n- [ ] x\n", ["backup", "backup-3", "backup-2"]),
        (f"- [ ] x\n\n# {'a' * 61}\n- [ ] x\n# {'a' * 62}\n- [ ] x", ["checklist", "a" * 60, "a" * 60 + "-2"]),
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
        ("- [ ] A\n  - [ ] x\n- [ ] x\n- [ ] A x", ["s/a", "s/a-x", "s/x", "s/a-x-2"]),
        ("- [ ] x\n- [ ] x\n- [ ] x", ["s/x", "s/x-2", "s/x-3"]),
        ("- [ ] A\n  - [ ] x\n- [ ] A\n  - [ ] x", ["s/a", "s/x", "s/a-2", "s/x-2"]),
        ("- [ ] 🚀\n- [ ] ✅", ["s/item", "s/item-2"]),
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
        ("- [ ] x `f(if a)`", [None]),
        ("- [ ] x (if a)\n  - [ ] y\n  - [ ] z (if b)", ["if a", "if a", "if b"]),
        ("# A (if a)\n## B\n- [ ] x\n# C\n- [ ] y", ["if a", None]),
        ("# A (if a)\n## B (if b)\n- [ ] x", ["if b"]),
        ("# A\n**B** (if b)\n- [ ] x", ["if b"]),
        ("1. A (if a)\n   - [ ] x\n2. [ ] y", ["if a", None]),
        ("| a | b |\n|---|---|\n| [ ] | x (if a) |", ["if a"]),
    ],
)
def test_the_nearest_condition_holds(text: str, expected: list[str | None]) -> None:
    assert [item.condition for item in parse(text).items()] == expected


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
        ("- [ ] x (n/async)", [None]),
        ("- [ ] x returns `(N/A)`", [None]),
        ("- [ ] x N/A", [None]),
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
        ("x is optional", False),
        ("x", False),
    ],
)
def test_optional_items_say_so_in_parentheses(text: str, optional: bool) -> None:
    assert only(f"- [ ] {text}").optional is optional


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
        assert any(box in lines[item.line - 1] for box in ("[ ]", "[x]", "[X]", "[\u00a0]", "✅", "☐"))
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
    assert all(item.ticked for item in after)


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
