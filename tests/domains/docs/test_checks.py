from __future__ import annotations

import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from pytest_readiness.core.evidence import ClaimFalse, CouldNotVerify, Evidence
from pytest_readiness.domains.docs.resource import Document
from tests.judging import judge, read

RUNBOOK = """\
---
owner: operations
---
# Runbook

Who is called at night, and what is looked at first. The service runs on two hosts behind one balancer.

## 1. 🚀 Deploy

1. Put the new image on the first host.
2. Wait until it answers.

Roll back
---------

### When

| sign | limit |
| ---- | ----- |
| errors | 2 % |

## **Escalation** & contacts:

```
# Payments
pager 12
```
"""


@pytest.fixture
def doc(tmp_path: Path) -> Any:
    """Judge a check against a document with the given text."""
    path = tmp_path / "runbook.md"

    def judged(id: str, text: str | bytes, **parameters: Any) -> Evidence:
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return judge(id, Document(name="runbook", path=path), **parameters)

    return judged


def test_present_passes(doc: Any) -> None:
    assert doc("docs.present", RUNBOOK).text == "37 words under 5 headings"


@pytest.mark.parametrize("name", ["RUNBOOK", "runbook.txt", "runbook.markdown", "RUNBOOK.MD"])
def test_present_reads_markdown_and_plain_text(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_text(RUNBOOK)
    assert judge("docs.present", Document(name="runbook", path=path))


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("", "0 words under 0 headings"),
        ("# One two\n\n## Three four five six seven eight nine ten\n", "0 words under 2 headings"),
        ("# Runbook\n\n<!-- " + "say how it is done " * 20 + "-->\n", "0 words under 1 heading"),
        ("# Runbook\n\n<!-- never\n\nclosed " + "say how it is done " * 20, "0 words under 1 heading"),
        ("# Runbook\n\nTODO: " + "say how it is done " * 20, "0 words under 1 heading"),
        ("---\nowner: " + "word " * 30 + "\n---\n# Runbook\n", "0 words under 1 heading"),
        ("| " + "head " * 30 + "|\n| --- |\n", "0 words under 0 headings"),
        ("# Runbook\n\n" + "word " * 19, "19 words under 1 heading"),
    ],
)
def test_present_fails_for_a_stub(doc: Any, text: str, seen: str) -> None:
    with pytest.raises(ClaimFalse) as failure:
        doc("docs.present", text)
    assert (failure.value.expected, failure.value.seen) == ("20 words or more", seen)


def test_present_passes_at_exactly_the_least(doc: Any) -> None:
    assert doc("docs.present", "word " * 20)
    assert doc("docs.present", "word", min_words=1)
    with pytest.raises(ValidationError):
        doc("docs.present", "word", min_words=0)


def test_present_counts_a_rule_at_the_beginning_as_no_front_matter(doc: Any) -> None:
    assert doc("docs.present", "---\n\n# Runbook\n\n" + "word " * 20 + "\n\n---\n\nend\n")


@pytest.mark.parametrize("id", ["docs.present", "docs.sections"])
def test_present_and_sections_fail_without_the_document(tmp_path: Path, id: str) -> None:
    parameters: dict[str, Any] = {"sections": ["Deploy"]} if id == "docs.sections" else {}
    for path, seen in ((tmp_path / "no.md", "it does not exist"), (tmp_path, "it is a directory")):
        with pytest.raises(ClaimFalse) as failure:
            judge(id, Document(name="runbook", path=path), **parameters)
        assert (failure.value.expected, failure.value.seen) == (f"the document {path}", seen)


@pytest.mark.parametrize("id", ["docs.present", "docs.sections"])
def test_present_and_sections_cannot_read_everything(tmp_path: Path, id: str) -> None:
    parameters: dict[str, Any] = {"sections": ["Deploy"]} if id == "docs.sections" else {}
    (tmp_path / "runbook.textile").write_text("h1. Deploy\n")
    (tmp_path / "latin.md").write_bytes(b"# R\xe9gime\n")
    (tmp_path / "large.md").write_bytes(b"a " * 2**20)
    (tmp_path / "loop.md").symlink_to(tmp_path / "loop.md")
    for name, reason in (
        ("runbook.textile", "is neither Markdown, reStructuredText, AsciiDoc nor plain text"),
        ("latin.md", "is not UTF-8 on line 1"),
        ("large.md", "is larger than 1 MiB"),
        ("loop.md", "cannot be read (Too many levels"),
    ):
        with pytest.raises(CouldNotVerify) as failure:
            judge(id, Document(name="runbook", path=tmp_path / name), **parameters)
        assert reason in failure.value.reason


def test_sections_passes_whatever_the_heading_wears(doc: Any) -> None:
    wanted = ["deploy", "Rollback|Roll back", "ESCALATION contacts", "When"]
    evidence = doc("docs.sections", RUNBOOK, sections=wanted)
    assert evidence.text == "text under 'deploy', 'Rollback' or 'Roll back', 'ESCALATION contacts', 'When'"


@pytest.mark.parametrize("wanted", ["Payments", "Contacts", "Deployment", "Owner", "sign"])
def test_sections_fails_for_a_heading_that_is_not_there(doc: Any, wanted: str) -> None:
    with pytest.raises(ClaimFalse) as failure:
        doc("docs.sections", RUNBOOK, sections=["Deploy", wanted])
    assert failure.value.expected == f"text under 'Deploy', '{wanted}'"
    assert failure.value.seen == f"no heading '{wanted}'"


@pytest.mark.parametrize(
    "body",
    [
        "",
        "\n\n",
        "TODO",
        "**TBD**",
        "- [ ] TODO write this down",
        "To be written by operations.",
        "Coming soon!",
        "...",
        "N/A",
        "Steps:",
        "Steps:\n\n1. TBD\n2. …",
        "<!-- describe the steps here -->",
        "{{ steps }}",
        "[describe the steps]",
        "Describe the steps here.",
        "| step | who |\n| --- | --- |",
        "| step | who |\n| --- | --- |\n| TBD | tbd |",
        "```\n```",
        "```\nTODO\n```",
        "### When\n\n### How\n\nTODO",
        "> ### When",
        "---",
        "[link]: https://wiki.internal/rollback",
        "- **Admin**: [Your contact]",
        "- **Admin**:[Your contact]\n- Phone — TBD\n- Mail = ???",
        "Will follow.",
        "Details will follow soon.",
        "None.",
        "To follow",
        "This section is still empty.",
        "The steps still need to be written.",
        "Under construction",
        "This page intentionally left blank",
        "Intentionally blank.",
        "Not applicable",
        "Call [name] at [phone].",
        "Owner: ________",
        "| # | step |\n| --- | --- |\n| 1 | |\n| 2 | |",
        "| # |\n| --- |\n| 1 |\n| 2 |",
        "| role | contact |\n| --- | --- |\n| Admin | [name] |\n| Payments | TBD |",
        "1. \n2. \n3. ",
        "- [ ] \n- [ ] ",
        "管理者：[名前]",
        "待补充",
        "Your text here",
        "<p>TODO</p>",
        "Rollback",
        "**Rollback**",
        "~~Redeploy the release before.~~",
        "<style>\nbody { margin: 1em auto; }\n</style>",
        "!!! note",
        "> [!TODO]",
        '!!! warning "Draft"\n\n    TODO',
        "<details>\n<summary>Steps for production</summary>\n\n</details>",
        "```sh\n# roll back\n```",
        "1. Step 1\n2. Step 2",
        "_Fill in the steps._",
        "*List every step.*",
        "> Describe how the service is rolled back.",
        "- What triggers it?\n- Who decides?",
        "[The plan](TODO)",
        "TODO\n\n[Back to top](#runbook)",
        "TODO\n\n---\n\n© 2024 Shop Ltd",
        "Wird noch ergänzt.",
        "À compléter",
        "Pendiente",
        "準備中",
        "| Étape | Qui |\n| --- | --- |\n| À définir | folgt |",
    ],
)
def test_sections_fails_for_a_heading_with_nothing_under_it(doc: Any, body: str) -> None:
    text = f"# Runbook\n\n## Rollback\n\n{body}\n\n## Deploy\n\nIn two steps.\n"
    with pytest.raises(ClaimFalse) as failure:
        doc("docs.sections", text, sections=["Rollback", "Deploy"])
    assert failure.value.seen == "nothing written under 'Rollback' (line 3)"


@pytest.mark.parametrize(
    "body",
    [
        "Redeploy the release before.",
        "- one step",
        "> See the plan.",
        "| step | who |\n| --- | --- |\n| redeploy | operations |",
        "```sh\nmake rollback\n```",
        "    make rollback",
        "![](rollback.svg)",
        "![the steps](rollback.svg)",
        "[The wiki](https://wiki.internal/rollback)",
        "### When\n\nTODO\n\n### How\n\nRedeploy.",
        "Insert the card into the slot.",
        "Admin: Jane Doe",
        "Admin: [Jane](mailto:jane@shop.test)",
        "Phone: +49 30 1234567",
        "None of the hosts keeps state: redeploy.",
        "Open the console.",
        "Add the host to the pool as described below.",
        "The backup must be completed before the deployment starts.",
        "Traffic will be routed to the second host.",
        "Run `deploy [host]` on both hosts, one after the other.",
        "| # | step |\n| --- | --- |\n| 1 | Redeploy |",
        "| limit | value |\n| --- | --- |\n| errors | 3 |",
        "| step | done |\n| --- | --- |\n| Redeploy the release before this one | |",
        "重新部署上一个版本",
        "前のリリースを再配備する。",
        "<table><tr><td>redeploy</td></tr></table>",
        "TODO items in the queue are replayed with `make replay`.",
        "!!! note\n    Redeploy.",
        "> [!WARNING]\n> Redeploy.",
        "<details>\n<summary>Steps</summary>\n\nRedeploy.\n\n</details>",
        "~~Old~~ Redeploy.",
        "```\n# systemctl restart shop\n```",
        "```\nrollback\n```",
        "[Rollback](rollback.md)",
        "[Details](rollback.md)",
        "_Only on call: redeploy._",
        "**Who decides?**\n\nThe engineer on call.",
        "{% include rollback.md %}\n\nRedeploy.",
        "Take one side, never both.\n\n```text\n<<<<<<< HEAD\n=======\n>>>>>>> main\n```",
        "# not a heading of the code\n\n".join(("```\n", "x\n```")),
    ],
)
def test_sections_passes_with_any_kind_of_text(doc: Any, body: str) -> None:
    assert doc("docs.sections", f"# Runbook\n\n## Rollback\n\n{body}\n\n## Deploy\n", sections=["Rollback"])


@pytest.mark.parametrize(
    "heading",
    [
        "## Rollback {#rollback}",
        "## Rollback { .important }",
        "<h2>Rollback</h2>",
        '<h2 align="center"><a id="x"></a>Rollback</h2>',
        "<div>\n<h2>Rollback</h2>\n</div>",
        "## :rewind: Rollback",
        "## Rollback[^1]",
        "## Roll-back",
        "## 3.2 – Rollback",
        "## [Rollback](#rollback)",
        '## Rollback <a name="rollback"></a>',
    ],
)
def test_sections_finds_a_heading_whatever_is_around_it(doc: Any, heading: str) -> None:
    assert doc("docs.sections", f"# Runbook\n\n{heading}\n\nRedeploy.\n", sections=["Rollback"])
    with pytest.raises(ClaimFalse, match=r"nothing written under '.*Roll-?back.*' \(line [34]\)"):
        doc("docs.sections", f"# Runbook\n\n{heading}\n\n## Next\n\nText.\n", sections=["Rollback"])


@pytest.mark.parametrize("id", ["docs.present", "docs.sections"])
def test_present_and_sections_fail_for_two_texts_in_conflict(doc: Any, id: str) -> None:
    parameters: dict[str, Any] = {"sections": ["Deploy"]} if id == "docs.sections" else {}
    with pytest.raises(ClaimFalse) as failure:
        doc(id, f"{RUNBOOK}\n<<<<<<< HEAD\nOne.\n=======\nTwo.\n>>>>>>> main\n", **parameters)
    assert failure.value.expected.startswith("one settled text in ")
    assert failure.value.seen == "a conflict marker of Git in line 29: decide which of the two texts stays"


def test_present_and_sections_do_not_read_what_is_included(doc: Any) -> None:
    text = '# Runbook\n\n## Rollback\n\n--8<-- "rollback.md"\n\n## Deploy\n\n'
    with pytest.raises(CouldNotVerify) as unseen:
        doc("docs.sections", text, sections=["Rollback"])
    assert "what is under 'Rollback' (line 3) takes text from elsewhere (--8<-- \"rollback.md\")" in unseen.value.reason
    with pytest.raises(ClaimFalse, match="nothing written under 'Deploy'"):
        doc("docs.sections", text, sections=["Rollback", "Deploy"])
    with pytest.raises(CouldNotVerify, match="0 words under 3 headings were seen in "):
        doc("docs.present", text)
    assert doc("docs.present", text + "word " * 20)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("%PDF-1.4\n", "is a PDF file"),
        ("{\\rtf1 ", "is an RTF file"),
        ("$ANSIBLE_VAULT;1.1;AES256\n", "is encrypted by Ansible Vault"),
        ("-----BEGIN PGP MESSAGE-----\n", "is encrypted by OpenPGP"),
        ("version https://git-lfs.github.com/spec/v1\n", "`git lfs pull` fetches it"),
        ("\n<!DOCTYPE html>\n<html>", "is a page of HTML"),
        ("One\nPK\x03\x04", "is not text: line 2 has the control character U+0003"),
    ],
)
def test_present_does_not_read_other_files(doc: Any, text: str, reason: str) -> None:
    with pytest.raises(CouldNotVerify) as unseen:
        doc("docs.present", text + "word " * 30)
    assert reason in unseen.value.reason


@pytest.mark.parametrize(
    "text",
    [
        "+++\ntitle = '" + "word " * 30 + "'\n+++\n",
        "<script>\n" + "word " * 30 + "\n</script>\n",
        "~~" + "word " * 29 + "word~~\n",
        "\n".join(f"- [Part {each} of it](#part-{each})" for each in "abcdefgh"),
        "\n".join(f"## Part {each}\n\nDescribe how part {each} works, and who runs it.\n" for each in "abcdefgh"),
    ],
)
def test_present_counts_no_words_that_say_nothing(doc: Any, text: str) -> None:
    with pytest.raises(ClaimFalse, match=" 0 words under "):
        doc("docs.present", text)


def test_present_counts_words_of_scripts_without_blanks(doc: Any) -> None:
    text = "サービスは二台のホストで動いています。障害のときは前のリリースに戻し、担当者に連絡してください。"
    assert doc("docs.present", text)
    chinese = "服务运行在两台主机上。出现故障时，请回滚到上一个版本，并立即打电话通知值班人员和负责人。"
    assert doc("docs.present", chinese)
    with pytest.raises(ClaimFalse, match="5 words"):
        doc("docs.present", "部署服务到主机上吗")


def test_hostile_documents_are_judged_quickly(doc: Any) -> None:
    for piece in ("to be ", "a: ", "[", "<h1>", "a ", "insert x ", "<!--", "| a ", "a' ", "- "):
        begun = time.process_time()
        with suppress(ClaimFalse, CouldNotVerify):
            doc("docs.sections", "# A\n\n" + piece * (60_000 // len(piece)), sections=["A"])
        assert time.process_time() - begun < 10, piece


def test_sections_finds_text_under_either_of_two_headings(doc: Any) -> None:
    text = "# A\n\n## Rollback\n\nTODO\n\n# B\n\n## Rollback\n\nRedeploy.\n"
    assert doc("docs.sections", text, sections=["rollback"])


@pytest.mark.parametrize(
    "text", ["```\n## Rollback\nx\n```\n", "> ## Rollback\n>\n> x\n", "<!--\n## Rollback\n\nx\n-->\n"]
)
def test_sections_ignores_headings_of_others(doc: Any, text: str) -> None:
    with pytest.raises(ClaimFalse, match="no heading 'Rollback'"):
        doc("docs.sections", text, sections=["Rollback"])


@pytest.mark.parametrize("sections", [[], [""], ["!"], ["Rollback|"], ["Rollback", " "]])
def test_sections_refuses_to_assert_nothing(doc: Any, sections: list[str]) -> None:
    with pytest.raises(ValidationError):
        doc("docs.sections", RUNBOOK, sections=sections)


def test_facts_of_a_document(tmp_path: Path) -> None:
    path = tmp_path / "runbook.md"
    path.write_bytes(b"\xef\xbb\xbf" + RUNBOOK.replace("\n", "\r\n").encode())
    facts = read("document_text", Document(name="runbook", path=path))
    assert [(part.title, part.level, part.line) for part in facts.sections] == [
        ("", 0, 1),
        ("Runbook", 1, 4),
        ("1. 🚀 Deploy", 2, 8),
        ("Roll back", 2, 13),
        ("When", 3, 16),
        ("Escalation & contacts:", 2, 22),
    ]
    assert facts.sections[4].blocks == ("errors\t2 %",)
    assert facts.sections[5].blocks == ("# Payments\npager 12\n",)


@pytest.mark.parametrize(
    "include",
    ["::include{file=rollback.md}", "```{.include}\nrollback.md\n```", "{include:Rollback}"],
)
def test_sections_that_more_tools_take_from_elsewhere_could_not_be_verified(doc: Any, include: str) -> None:
    with pytest.raises(CouldNotVerify, match="takes text from elsewhere"):
        doc("docs.sections", f"# Runbook\n\n## Rollback\n\n{include}\n", sections=["Rollback"])


def test_a_section_that_names_itself_as_the_place_to_look_has_no_text(doc: Any) -> None:
    with pytest.raises(ClaimFalse, match="nothing written under 'Rollback'"):
        doc("docs.sections", "# Runbook\n\n## Rollback\n\nSee [Rollback](#rollback).\n", sections=["Rollback"])


@pytest.mark.parametrize(
    "text",
    [
        "Todo el tráfico vuelve a la versión azul con un clic.",
        "**Todo** se revierte con `make back`.",
        "Todo deploy é reversível com `make back`.",
        "- Update dependencies (#389) [9f5eecd]",
        "- Fix the queue [#12]",
        "- Drain workers [SHOP-123]",
        "| Version | Supported |\n|---|---|\n| 5.1.x | :white_check_mark: |",
        "| Port | TLS |\n|---|---|\n| 443 | ✓ |",
        "443",
        "112",
        "To be done by the DBA on call: restore the snapshot `nightly`.",
        "Work in progress is drained first; then `make back`.",
        "Removed hosts are drained first.",
        "Ask the team lead for the second key, then redeploy.",
        "Moved traffic goes back by `make back`.",
        "The same as above, but with `--force`.",
        "Phone: +49 30 901820",
        "Placeholder pages are served by the balancer.",
        "See [the wiki](https://wiki.shop.test/rollback).",
    ],
)
def test_sections_that_begin_like_a_stub_have_text(doc: Any, text: str) -> None:
    assert doc("docs.sections", f"# Runbook\n\n## Rollback\n\n{text}\n", sections=["Rollback"])


@pytest.mark.parametrize(
    ("heading", "wanted"),
    [
        ("一、回滚", "回滚"),
        ("（二）回滚", "回滚"),
        ("1．回滚", "回滚"),
        ("2.1.回滚", "回滚"),
        ("3、回滚", "回滚"),
        ("第三章 回滚", "回滚"),
        ("第2节：回滚", "回滚"),
        ("2장 복구", "복구"),
        ("Ёмкость", "Емкость"),
        ("Επαναφορά", "ΕΠΑΝΑΦΟΡΑ"),
        ("Rollback[^1]", "Rollback"),
    ],
)
def test_sections_knows_numbering_and_marks_of_other_scripts(doc: Any, heading: str, wanted: str) -> None:
    assert doc("docs.sections", f"# R\n\n## {heading}\n\nmake undo\n", sections=[wanted])


@pytest.mark.parametrize(
    ("heading", "wanted"),
    [("一般", "般"), ("1.x", "2.x"), ("十分な容量", "分な容量"), ("Wiй", "Wiи"), ("Über", "Uber")],
)
def test_sections_takes_no_word_for_numbering(doc: Any, heading: str, wanted: str) -> None:
    with pytest.raises(ClaimFalse, match="no heading"):
        doc("docs.sections", f"# R\n\n## {heading}\n\nmake undo\n", sections=[wanted])


@pytest.mark.parametrize(
    "picture",
    ["![](flow.png)", '<img src="flow.png">', '<p align="center"><img src="flow.png" alt="Stop, restore"></p>'],
)
def test_sections_takes_a_picture_for_text_however_it_is_put_in(doc: Any, picture: str) -> None:
    assert doc("docs.sections", f"# R\n\n## Rollback\n\n{picture}\n", sections=["Rollback"])


@pytest.mark.parametrize("line", ["* * * * * /opt/shop/undo", "*/5 * * * * undo", "* 3 * * 0 undo", "*:attr(scripts)"])
def test_sections_takes_no_schedule_for_a_comment(doc: Any, line: str) -> None:
    assert doc("docs.sections", f"# R\n\n## Rollback\n\n```cron\n{line}\n```\n", sections=["Rollback"])
    with pytest.raises(ClaimFalse, match="nothing written"):
        doc("docs.sections", "# R\n\n## Rollback\n\n```c\n/*\n * undo\n */\n```\n", sections=["Rollback"])


@pytest.mark.parametrize("piece", ["![a", "[a](", "_a", "<a ", "![a\n\n"])
def test_documents_that_take_too_long_are_not_read(doc: Any, piece: str) -> None:
    begun = time.process_time()
    with pytest.raises(CouldNotVerify, match=r"thousands of brackets or asterisks in the paragraph of line \d+, which"):
        doc("docs.present", piece * 12_000)
    assert time.process_time() - begun < 10


def test_a_paragraph_of_many_links_is_read(doc: Any) -> None:
    assert doc("docs.present", "".join(f"[person {number}](https://example.com/{number}) " for number in range(2000)))
