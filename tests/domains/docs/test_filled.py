"""Documents in which nothing is left to be filled in, and everything has an entry."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pytest_readiness.config.target import Target
from pytest_readiness.core.evidence import ClaimFalse, CouldNotVerify, Evidence, NotDeclared
from pytest_readiness.domains.docs.facts.text import read_text
from pytest_readiness.domains.docs.resource import Document
from pytest_readiness.domains.env.resource import EnvFile
from tests.judging import judge

HEAD = "# Runbook\n\nWho is called at night, and what is looked at first.\n\n"


@pytest.fixture
def doc(tmp_path: Path) -> Any:
    def judged(id: str, text: str, *, suffix: str = ".md", target: Target | None = None, **parameters: Any) -> Evidence:
        path = tmp_path / f"runbook{suffix}"
        path.write_text(text, "utf-8")
        return judge(id, Document(name="runbook", path=path), target=target, **parameters)

    return judged


@pytest.mark.parametrize(
    "hole",
    [
        "Call [Contact Info] at once.",
        "Phone: +1 (XXX) XXX-XXXX",
        "Last updated: [Current Date]",
        "The steps will follow.",
        "Rollback: TBD",
        "TODO",
        "| who | number |\n| --- | --- |\n| DBA | [Phone] |",
        "| who | number |\n| --- | --- |\n| DBA | |",
        "| who | number |\n| --- | --- |\n| DBA | TBD |",
        "- [ ] TODO: name the person",
        "Réglages: à compléter",
        "Die Schritte werden noch ergänzt",
        "Deploy to ____ first.",
        "The host is {{ host }}.",
        "Lorem ipsum dolor sit amet, and so on for a while.",
        "Owner: First Last",
        "Limit: X%",
        "## Escalation",
        "<!-- TODO: who is called? -->",
        "Ask @team-name for the key.",
        "On YYYY-MM-DD",
    ],
)
def test_no_placeholders_finds_each(doc: Any, hole: str) -> None:
    with pytest.raises(ClaimFalse, match="expected nothing left to be filled in"):
        doc("docs.no_placeholders", f"{HEAD}{hole}\n")


@pytest.mark.parametrize(
    "text",
    [
        "- [ ] Put the image on the host.\n- [x] Wait.",
        "Run `deploy <host>` and `echo {{x}}` as in `[Name]`.",
        "```\nTODO <token> [Date] {{x}}\n```",
        "A note.[^1]\n\n[^1]: See RFC 2119.",
        "Comments with TODO are listed by the linter, and each has a ticket.",
        "Dates in file names are written as YYYY-MM-DD, so that they sort.",
        "| service | known problems |\n| --- | --- |\n| shop | none |\n| api | n/a |",
        "| service | note | who |\n| --- | --- | --- |\n| shop | | operations |",
        "Todo el equipo tiene acceso al panel de control.",
        "See [the plan](plan.md) and [RFC 2119][rfc].\n\n[rfc]: https://www.rfc-editor.org/rfc/rfc2119",
        "<!-- prettier-ignore -->\nText below a comment.",
        "Step 1: stop the workers.",
    ],
)
def test_no_placeholders_leaves_what_is_right(doc: Any, text: str) -> None:
    assert doc("docs.no_placeholders", f"{HEAD}{text}\n").text.startswith("no place left to be filled in, in ")


def test_no_placeholders_of_a_template_for_others(doc: Any) -> None:
    text = f"{HEAD}Dear [Name], we are down.\n"
    assert doc("docs.no_placeholders", text, allow=["[Name]"])
    with pytest.raises(ClaimFalse, match="line 1"):
        doc("docs.no_placeholders", text, allow=["[Date]"])


@pytest.mark.parametrize("text", ["", "# Runbook\n", f"{HEAD}{{% include 'rest.md' %}}\n"])
def test_no_placeholders_of_nothing(doc: Any, text: str) -> None:
    with pytest.raises((CouldNotVerify, ClaimFalse)):
        doc("docs.no_placeholders", text)


def test_restructured_text_is_read(doc: Any) -> None:
    text = "Runbook\n=======\n\nWho is called at night.\n\nRollback\n--------\n\nPut the former image back.\n"
    assert doc("docs.sections", text, suffix=".rst", sections=["Rollback"])
    assert doc("docs.no_placeholders", text, suffix=".rst")
    with pytest.raises(ClaimFalse, match="TBD"):
        doc("docs.no_placeholders", text.replace("Put the former image back.", "TBD"), suffix=".rst")
    with pytest.raises(ClaimFalse, match=r"nothing written under 'Rollback' \(line 6\)"):
        doc("docs.sections", text.replace("Put the former image back.", ""), suffix=".rst", sections=["Rollback"])
    rest = text.replace("Put the former image back.", ".. include:: rollback.rst")
    with pytest.raises(CouldNotVerify, match="takes text from elsewhere"):
        doc("docs.sections", rest, suffix=".rst", sections=["Rollback"])


TABLE = "| variable | what it is for |\n| --- | --- |\n| `DATABASE_URL` | where data is |\n| `AWS_*` | a store |\n"


@pytest.mark.parametrize(
    "entry",
    [
        "| `PORT` | what the service listens on |",
        "- `PORT`: what the service listens on",
        "- **PORT** – what the service listens on",
        "## `PORT`\n\nWhat the service listens on.",
        "<dl><dt>PORT</dt><dd>What the service listens on.</dd></dl>",
    ],
)
def test_covers_finds_an_entry(doc: Any, entry: str) -> None:
    above = TABLE if entry.startswith("|") else f"{TABLE}\n"
    names = ["DATABASE_URL", "AWS_REGION", "PORT"]
    assert doc("docs.covers", f"{HEAD}{above}{entry}\n", names=names).text == "an entry for each of 3 names"


@pytest.mark.parametrize(
    "entry",
    [
        "| `PORT` | |",
        "| `PORT` | TBD |",
        "| `SUPPORT` | who helps |",
        "\n## Changes\n\n- Removed `PORT` last year.",
        "\nThe variable `PORT` is read.",
        "\n## PORT",
        "\n```\nPORT: 80\n```",
        "\n- `PORT`:",
    ],
)
def test_covers_misses_what_is_only_mentioned(doc: Any, entry: str) -> None:
    with pytest.raises(ClaimFalse, match="seen: none for PORT"):
        doc("docs.covers", f"{HEAD}{TABLE}{entry}\n", names=["DATABASE_URL", "PORT"])


def test_covers_the_variables_of_an_env_file(doc: Any, tmp_path: Path) -> None:
    path = tmp_path / "production.env"
    target = Target("test", resources=(EnvFile(name="production", path=path),))
    path.write_text("DATABASE_URL=x\nAWS_REGION=eu\n", "utf-8")
    assert doc("docs.covers", f"{HEAD}{TABLE}", target=target, variables_of="production")
    path.write_text("DATABASE_URL=x\nNEW=eu\n", "utf-8")
    with pytest.raises(ClaimFalse, match="none for NEW"):
        doc("docs.covers", f"{HEAD}{TABLE}", target=target, variables_of="production")
    assert doc("docs.covers", f"{HEAD}{TABLE}", target=target, variables_of="production", allow_missing=["NEW"])
    path.write_text("# nothing\n", "utf-8")
    with pytest.raises(CouldNotVerify, match="no name that must be described"):
        doc("docs.covers", f"{HEAD}{TABLE}", target=target, variables_of="production")
    with pytest.raises(NotDeclared):
        doc("docs.covers", f"{HEAD}{TABLE}")


@pytest.mark.parametrize(
    "text",
    [
        "| role | who | number |\n| --- | --- | --- |\n| Incident commander | rota | +49 30 901820 |",
        "- Incident commander: oncall@shop.example.net, day and night",
        "| | Database | Incident commander |\n| - | - | - |\n| who | Rota A | Rota B |\n| phone | | +49 30 901820 |",
        "Incident commander: #incidents",
        "## Incident commander\n\nThe [rota](https://oncall.example.net/rota) says who it is.",
    ],
)
def test_contacts_that_reach_someone(doc: Any, text: str) -> None:
    text = text.replace("example.net", "shop-operations.net")
    assert doc("docs.contacts", f"{HEAD}{text}\n", roles=["Incident commander|Incident lead"])


@pytest.mark.parametrize(
    "text",
    [
        "| role | who | number |\n| --- | --- | --- |\n| Incident commander | rota | +1 (XXX) XXX-XXXX |",
        "| role | who | number |\n| --- | --- | --- |\n| Incident commander | [Name] | +49 30 901820 |",
        "- Incident commander: someone@example.com",
        "| | Database | Incident commander |\n| - | - | - |\n| phone | +49 30 901820 | Rota B |",
        "- Incident commander: 555-0100",
        "Incident commander: the one on duty",
        "## Incident commander\n\nTBD",
        "Database: +49 30 901820",
    ],
)
def test_contacts_that_reach_nobody(doc: Any, text: str) -> None:
    with pytest.raises(ClaimFalse, match="'Incident commander'"):
        doc("docs.contacts", f"{HEAD}{text}\n", roles=["Incident commander"])


@pytest.mark.parametrize(
    "text",
    [
        "Enter your name here and press the button.",
        "| field | format |\n| --- | --- |\n| birth_date | YYYY-MM-DD |",
        "First name, last name and mail are kept for 30 days.",
        "The next release will follow the same procedure.",
        "MAC addresses are written XX:XX:XX:XX:XX:XX.",
        "Press [Enter], and see [[_TOC_]].",
        "| feature | dev | prod |\n| --- | --- | --- |\n| a | ✓ | |\n| b | | |",
        "## Todo sobre pedidos\n\nTodo pedido tiene un cliente.",
        "## [Unreleased]\n\n### Added",
    ],
)
def test_no_placeholders_leaves_guides_and_formats(doc: Any, text: str) -> None:
    assert doc("docs.no_placeholders", f"{HEAD}{text}\n")


@pytest.mark.parametrize(
    "text",
    [
        "The time is <TBD> hours.",
        "The time is ??? hours.",
        "See the [plan](TODO).",
        "We restore (TODO: how?).",
        "Restore [TO BE CONFIRMED]",
        "復旧: 未定",
        "See https://TODO",
    ],
)
def test_no_placeholders_finds_what_is_hidden_in_sentences(doc: Any, text: str) -> None:
    with pytest.raises(ClaimFalse):
        doc("docs.no_placeholders", f"{HEAD}{text}\n")


@pytest.mark.parametrize(
    "text",
    [
        "### Table `a_b`, `c_d`\n\nWhere the data is.",
        "- `a_b` and `c_d` (required) – where the data is",
        "`a_b` is where the data is.\n\n`c_d` is the key.",
        "| name | meaning |\n| --- | --- |\n| `$a_b` | where |\n| `${c_d}` | a key |",
        "- a_b\n    - where the data is\n- c_d\n    - a key",
    ],
)
def test_covers_reads_usual_forms(doc: Any, text: str) -> None:
    assert doc("docs.covers", f"{HEAD}{text}\n", names=["a_b", "c_d"])


@pytest.mark.parametrize(
    "text",
    ["- a_b\n- c_d: a key", "### Without a_b\n\nIt stops.", "| n | r | m |\n|---|---|---|\n| a_b | yes | |"],
)
def test_covers_takes_no_mention_for_an_entry(doc: Any, text: str) -> None:
    with pytest.raises(ClaimFalse, match="none for a_b"):
        doc("docs.covers", f"{HEAD}{text}\n", names=["a_b"])


def test_restructured_text_of_sphinx_has_entries_and_comments(doc: Any) -> None:
    text = "Settings\n========\n\nRead at the start.\n\n.. envvar:: A_B\n\n   Where the data is.\n"
    assert doc("docs.covers", text, suffix=".rst", names=["A_B"])
    for more in (".. todo:: the rest\n", ".. TODO: the rest\n"):
        with pytest.raises(ClaimFalse, match="TODO"):
            doc("docs.no_placeholders", f"{text}\n{more}", suffix=".rst")
    assert doc("docs.no_placeholders", f"{text}\nAs ``TODO``::\n\n   TODO\n", suffix=".rst")
    with pytest.raises(CouldNotVerify, match="too deeply"):
        doc("docs.present", "* " * 3000 + "a", suffix=".rst")


@pytest.mark.parametrize(
    "text",
    [
        "- Commander\n    - Ada\n    - +44 20 7946 1234",
        "- Commander (IC) / DBA: ada@shop.io",
        "**Commander**\nAda\nada@shop.io",
        "| role | how |\n| --- | --- |\n| Commander | [rota](https://shop.pagerduty.com/x) |",
    ],
)
def test_contacts_in_usual_forms(doc: Any, text: str) -> None:
    assert doc("docs.contacts", f"{HEAD}{text}\n", roles=["Commander"])


@pytest.mark.parametrize(
    "what",
    ["since 2026-03-01", "192.168.100.200", "ticket #1234567", "ORD-12345678", "git@github.com:a/b", "000-000-0000"],
)
def test_contacts_are_no_dates_and_tickets(doc: Any, what: str) -> None:
    with pytest.raises(ClaimFalse):
        doc("docs.contacts", f"{HEAD}- Commander: {what}\n", roles=["Commander"])


def test_openapi_answers_described_by_a_todo(doc: Any) -> None:
    text = (
        "openapi: 3.1.0\ninfo: {title: S, version: 1.0.0}\n"
        "paths: {/o: {get: {responses: {'200': {description: An order}}}}}\n"
    )
    assert doc("docs.openapi", text, suffix=".yaml")
    with pytest.raises(ClaimFalse, match="none of GET /o"):
        doc("docs.openapi", text.replace("An order", "TODO"), suffix=".yaml")


def test_what_is_marked_is_known_by_the_block_so_that_time_grows_with_their_number() -> None:
    (_, part), _ = read_text("# `t`\n\n- `a`\n- b\n\n| `x` | y |\n| - | - |\n| **c** | `d` |\n", Path("x.md"))
    assert part.blocks == ("a", "b", "c\td")
    assert part.code == (("t",), ("a",), (), ("d",))
    assert part.bold == ((), (), (), ("c",))
    assert part.heads == ((2, ("x", "y")),)
