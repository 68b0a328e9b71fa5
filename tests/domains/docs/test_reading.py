from __future__ import annotations

import pytest

from pytest_readiness.domains.docs.reading import read_sections


def blocks(text: str) -> tuple[str, ...]:
    sections, _ = read_sections(text)
    return tuple(block for section in sections for block in section.blocks)


@pytest.mark.parametrize(
    "text",
    [
        '+++\ntitle = "Shop"\n# Rollback\n+++\n',
        '+++\r\ntitle = "Shop"\r\n+++\r\n',
        '{\n  "title": "Shop"\n}\n',
        "---\ntitle: Shop\n---\n",
        "<!-- one\n\ntwo -->",
        "[//]: # (Redeploy)",
        "{% comment %}\nRedeploy.\n\nWatch.\n{% endcomment %}",
        "{#\nRedeploy.\n\nWatch.\n#}",
        "{/*\n\nRedeploy.\n\n*/}",
        "%%\nRedeploy.\n\nWatch.\n%%",
        "<style>\nbody { margin: 1em auto; }\n</style>",
        "<script>\nconsole.log('Redeploy');\n</script>",
        "<template>Redeploy</template>",
        "<noscript>Redeploy</noscript>",
        "<p hidden>Redeploy</p>",
        '<span style="display: none">Redeploy</span>',
        "~~Redeploy~~",
        "- ~~Redeploy~~\n- *~~Watch~~*",
        "<s>Redeploy</s>",
        "<strike>Redeploy</strike>",
        "<del>\n\n1. Redeploy\n2. Watch\n\n</del>",
        "!!! note",
        '!!! note "Redeploy the old tag"',
        '??? warning "Careful"',
        '=== "Linux"',
        "> [!WARNING]",
        "> [!TODO]\n> Write the steps.",
        "!!! todo\n    Write the steps.",
        "> **Note**",
        ":::caution Careful\n\n:::",
        ":::todo\nwrite\n:::",
        "/// note | Careful\n///",
        "<details>\n<summary>How the shop is rolled back</summary>\n\n</details>",
        "| Step | Who |\n| --- | --- |",
        "<table><tr><th>Step</th></tr></table>",
        "<table><thead><tr><td>Step</td></tr></thead></table>",
        "[Back to top](#top)",
        "Back to [top](#top)",
        "[One](#one) | [Two](#two)",
        "- [One](#one)\n- [Two](#two)",
        "{{< notice >}}\n\n{{< /notice >}}",
        "> ## Redeploy",
        "```\n```",
        "```sh\n#!/bin/sh\n# Roll back.\n#\n```",
        "```js\n/* Roll back\n * the release. */\n```",
        "```sql\n-- Restore.\n```",
        "```yaml\n# image: shop\n\n# TODO\n```",
    ],
)
def test_what_no_reader_sees_is_no_text(text: str) -> None:
    assert blocks(text) == ()


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("+++\n\nRedeploy.", ("+++", "Redeploy.")),
        ("~~old~~ Redeploy.", ("Redeploy.",)),
        ("`~~old~~`", ("~~old~~",)),
        ("Run `<!-- x -->`.", ("Run <!-- x -->.",)),
        ("Deploy <host> and <title> now.\n\nWatch.", ("Deploy and now.", "Watch.")),
        ("Use <s>the old script.\n\nWatch.", ("Use", "Watch.")),
        ("<title>\n\nWatch.", ("Watch.",)),
        ("!!! note\n    Redeploy.", ("Redeploy.",)),
        ('!!! warning "Careful"\n\n    Redeploy.', ("Redeploy.\n",)),
        ("> [!WARNING]\n> Redeploy.", ("Redeploy.",)),
        (":::tip\nRedeploy.\n:::", ("Redeploy.",)),
        ("<details><summary>How</summary>Redeploy.</details>", ("Redeploy.",)),
        ("<details>\n<summary>How</summary>\n\nRedeploy.\n\n</details>", ("Redeploy.",)),
        ("<table><tr><th>Owner</th><td>Jane</td></tr></table>", ("Jane",)),
        ("| a | b |\n| - | - |\n| 1 | ~~x~~ y |", ("1\ty",)),
        ("<ol><li>Redeploy<li>Watch</ol>", ("Redeploy", "Watch")),
        ("<dl><dt>How</dt><dd>Redeploy</dd></dl>", ("How", "Redeploy")),
        ("See [One](#one) twice.", ("See One twice.",)),
        ("[Plan](TODO)", ("[Plan]",)),
        ("[Plan](#)", ("[Plan]",)),
        ("[Plan](<link to the plan>)", ("[Plan]",)),
        ("[Plan](https://example.com)", ("[Plan]",)),
        ("[Plan](plan.md)", ("Plan",)),
        ("{{< notice >}}\nRedeploy.\n{{< /notice >}}", ("Redeploy.",)),
        ("```\n# systemctl restart shop\n```", ("# systemctl restart shop\n",)),
        ("```sh\n# Back.\nmake undo\n```", ("# Back.\nmake undo\n",)),
        ("<div>" * 300 + "Redeploy.", ("Redeploy.",)),
        ("![](a.png)", ("[picture]",)),
        ('![One & "two"](a.png)', ('One & "two"',)),
    ],
)
def test_what_readers_see(text: str, seen: tuple[str, ...]) -> None:
    assert blocks(text) == seen


@pytest.mark.parametrize(
    "text", ["## ~~Rollback~~", "<script>\n<h2>Rollback</h2>\n</script>", "<h2 hidden>Rollback</h2>"]
)
def test_a_heading_that_no_reader_sees_is_none(text: str) -> None:
    sections, _ = read_sections(f"# Shop\n\n{text}\n\nRedeploy.\n")
    assert "Rollback" not in [section.title for section in sections]


def test_headings_in_markup_have_their_lines() -> None:
    sections, _ = read_sections("+++\nx = 1\n+++\n# One\n\n<div>\n<h2>Two</h2>\n<p>a</p>\n<h3>Three</h3>\n</div>\n")
    assert [(each.title, each.level, each.line) for each in sections[1:]] == [
        ("One", 1, 4),
        ("Two", 2, 7),
        ("Three", 3, 9),
    ]


def test_italics_and_links() -> None:
    (section,), _ = read_sections("*all*\n\n*not* all\n\n[away](a.md)\n\n[here](#here) too\n")
    assert section.blocks == ("all", "not all", "away", "here too")
    assert section.italic == ("all",)
    assert section.linked == ("away",)


@pytest.mark.parametrize(
    "text",
    [
        "{% include rollback.md %}",
        '--8<-- "rollback.md"',
        "![[rollback]]",
        '{{< include "rollback.md" >}}',
        "{!rollback.md!}",
        "[!INCLUDE [steps](rollback.md)]",
        "```{include} rollback.md\n```",
    ],
)
def test_text_of_other_files(text: str) -> None:
    (section,), _ = read_sections(text)
    assert (section.blocks, len(section.includes)) == ((), 1)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a\n\n<<<<<<< HEAD\nb\n=======\nc\n>>>>>>> main\n", 3),
        ("- a\n<<<<<<< Updated upstream\n- b\n", 2),
        ("```sh\n<<<<<<< HEAD\nmake undo\n=======\nmake back\n>>>>>>> main\n```\n", 2),
        ("```\n<<<<<<< HEAD\n=======\n>>>>>>> main\n```\n", 0),
        ("    <<<<<<< HEAD\n    =======\n", 0),
        ("Look for `<<<<<<<`.\n\nRunbook\n=======\n", 0),
    ],
)
def test_conflicts(text: str, line: int) -> None:
    assert read_sections(text)[1] == line
