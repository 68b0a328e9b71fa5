"""`readiness bind`: what may answer the items of a document is written as proposals into its bindings."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from pytest_readiness.bind import proposing
from pytest_readiness.cli.schemas import SCHEMAS
from pytest_readiness.config.suites import suite_names, suite_path
from pytest_readiness.core.yamlfile import parse_yaml
from tests.cli.program import BINDINGS, CHECKLIST, Program, on_terminal

PLAIN = """\
# Going live

## TLS

- [ ] Certificate is valid for 30 more days
- [ ] TLS 1.3 is offered

## Fun

- [ ] Zzyzx qwertz
- [ ] ~~Fax works~~
"""


@pytest.fixture
def plain(readiness: Program) -> Program:
    """A folder with a document and nothing else."""
    for name in ("readiness.yaml", "release.checks.yaml", "release.md", "signoffs.yaml", "waivers.yaml"):
        (readiness.folder / name).unlink()
    readiness.write("live.md", PLAIN)
    return readiness


def proposed(program: Program, name: str) -> dict[str, Any]:
    return dict(parse_yaml(program.read(name), Path(name), "bindings"))


def test_a_new_document(plain: Program) -> None:
    result = plain("bind", "live.md")
    assert (result.code, result.err) == (0, "")
    written = proposed(plain, "live.checks.yaml")
    assert list(written) == ["tls"]
    assert list(written["tls"]) == ["certificate-is-valid-for-30-more-days", "tls-1-3-is-offered"]
    assert all(entry.keys() == {"proposed"} for entry in written["tls"].values())
    assert result.lines[0] == "live.md: 4 items"
    assert "1 unbound nothing is proposed" in result.lines
    assert "1 not applicable as the document says" in result.lines
    assert "line 10 Zzyzx qwertz (searched for Zzyzx, qwertz)" in result.lines
    assert result.lines[-3:] == [
        "live.checks.yaml: 2 items added.",
        "What is proposed counts for nothing until a person confirms it:",
        "readiness bind live.md --review",
    ]


def test_the_review_is_for_the_same_target(readiness: Program) -> None:
    (readiness.folder / "release.checks.yaml").unlink()
    lines = readiness("bind", "release.md", "--target", "prod").lines
    assert lines[-1] == "readiness bind release.md --target prod --review"


def test_a_run_takes_what_was_written_and_counts_none_of_it(readiness: Program) -> None:
    (readiness.folder / "release.checks.yaml").unlink()
    assert readiness("bind", "release.md").code == 0
    data: Any = readiness.json("plan", "--target", "prod")
    assert {test["kind"] for test in data["tests"]} <= {"proposed", "unbound", ""}
    assert "proposed" in {test["kind"] for test in data["tests"]}
    assert {test["how"] for test in data["tests"]} <= {"unverified", "not applicable"}


def test_again_changes_nothing(plain: Program) -> None:
    plain("bind", "live.md")
    before = plain.read("live.checks.yaml")
    result = plain("bind", "live.md")
    assert "live.checks.yaml: nothing to write." in result.lines
    assert plain.read("live.checks.yaml") == before
    assert plain("bind", "live.md", "--again").code == 0
    assert plain.read("live.checks.yaml") == before


def test_what_is_bound_stays_as_it_is(readiness: Program) -> None:
    result = readiness("bind", "release.md", "--target", "prod")
    assert result.code == 0, result.err
    text = readiness.read("release.checks.yaml")
    assert all(line in text.splitlines() for line in BINDINGS.splitlines())
    assert [line for line in result.lines if line.endswith("bound by a person")] == ["6 confirmed bound by a person"]


def test_nothing_is_written_where_it_is_only_shown(plain: Program) -> None:
    shown = plain("bind", "live.md", "--dry-run")
    assert shown.lines[:3] == ["--- /dev/null", "+++ live.checks.yaml", shown.lines[2]]
    assert "+tls:" in shown.lines
    assert plain("bind", "live.md", "--check").code == 1
    assert plain("bind", "live.md", "--json").code == 0
    assert not (plain.folder / "live.checks.yaml").exists()
    # The diff alone can be handed on; what bind would tell stands beside it.
    told = [" ".join(line.split()) for line in shown.err.splitlines()]
    assert "1 unbound nothing is proposed" in told
    assert "line 10 Zzyzx qwertz (searched for Zzyzx, qwertz)" in told
    assert "live.checks.yaml: 2 items would be added." in told
    assert not [line for line in shown.lines if "unbound" in line]
    plain("bind", "live.md")
    again = plain("bind", "live.md", "--dry-run")
    assert again.out == ""
    assert "live.checks.yaml: nothing to write.\n" in again.err


def test_drift_is_told_a_line_each(readiness: Program) -> None:
    text = CHECKLIST.replace("Certificates are valid", "Certificates are valid everywhere").replace(
        "- [ ] Loose end\n", ""
    )
    readiness.write("release.md", text)
    readiness.write("release.checks.yaml", f"{BINDINGS}  lost-item: docs.present\n")
    before = readiness.read("release.checks.yaml")
    result = readiness("bind", "release.md", "--check")
    assert (result.code, result.err) == (1, "")
    assert result.out.splitlines() == [
        "release.checks.yaml:2: tls/certificates-are-valid is re-worded: tls/certificates-are-valid-everywhere in "
        "release.md:5.",
        "release.checks.yaml:10: backups-monthly/lost-item is not in release.md.",
    ]
    assert readiness.read("release.checks.yaml") == before
    readiness.write("release.md", CHECKLIST)
    readiness.write("release.checks.yaml", BINDINGS)
    result = readiness("bind", "release.md", "--check")
    assert result.out == "release.md:19: backups-monthly/loose-end has no entry in release.checks.yaml.\n"
    readiness.write("release.checks.yaml", f"{BINDINGS}  loose-end: {{proposed: docs.present}}\n")
    result = readiness("bind", "release.md", "--check")
    assert (result.code, result.out) == (
        0,
        "release.checks.yaml is in step with release.md. 1 item is proposed only.\n",
    )


def test_reworded_and_vanished_items(readiness: Program) -> None:
    readiness.write("release.md", CHECKLIST.replace("Restore is rehearsed", "Restore of all data is rehearsed"))
    readiness.write("release.checks.yaml", f"{BINDINGS}  lost-item: docs.present\n")
    readiness.write(
        "signoffs.yaml",
        "signoffs:\n- {item: backups-monthly/restore-is-rehearsed, by: a@example.com, role: ops, on: 2026-03-01}\n"
        "- {item: release:backups-monthly/lost-item, by: a@example.com, role: ops, on: 2026-03-01}\n",
    )
    result = readiness("bind", "release.md")
    assert result.code == 0, result.err
    assert "backups-monthly/restore-is-rehearsed -> backups-monthly/restore-of-all-data-is-rehearsed" in result.lines
    assert "release.checks.yaml:10 backups-monthly/lost-item" in result.lines
    assert [line for line in result.lines if line.startswith("signoffs.yaml")] == [
        "signoffs.yaml:2 backups-monthly/restore-is-rehearsed",
        "signoffs.yaml:3 release:backups-monthly/lost-item",
    ]
    entry = proposed(readiness, "release.checks.yaml")["backups-monthly"]["restore-of-all-data-is-rehearsed"]
    assert entry == {"proposed": {"signoff": {"role": "ops", "count": 2, "evidence": {"max_age_days": 30}}}}
    assert "lost-item" in readiness.read("release.checks.yaml")
    assert readiness("bind", "release.md", "--prune").code == 0
    assert "lost-item" not in readiness.read("release.checks.yaml")


def test_roles_are_named_that_nobody_has(readiness: Program) -> None:
    readiness.write("release.checks.yaml", BINDINGS.replace("role: owner", "role: captain"))
    assert (
        "To be listed under 'roles' of readiness.yaml, with their people: captain."
        in readiness("bind", "release.md").lines
    )


def test_json(readiness: Program) -> None:
    data: Any = readiness.json("bind", "release.md", "--target", "prod")
    schema = SCHEMAS["proposals"]()
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.Draft202012Validator(schema).validate(data)
    items = {item["id"]: item for item in data["items"]}
    assert list(items)[:2] == ["tls/certificates-are-valid", "tls/old-versions-are-refused"]
    first = items["tls/certificates-are-valid"]
    assert (first["line"], first["text"], first["bound"]) == (5, "Certificates are valid", "confirmed")
    assert first["candidates"][0]["checks"][0]["check"].startswith("tls.")
    assert items["papers/plan-a"]["group"][1:] == ["Papers", "Plans [red]are[/red] written"]
    assert items["papers/fax-works"]["not_applicable"]
    assert items["backups-monthly/loose-end"]["bound"] == ""
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft202012Validator(schema).validate({**data, "items": [{**first, "bound": "maybe"}]})
    readiness.write("release.checks.yaml", "backups-monthly:\n  loose-end: {proposed: docs.present}\n")
    again: Any = readiness.json("bind", "release.md")
    assert [item["id"] for item in again["items"] if item["bound"] == "proposed"] == ["backups-monthly/loose-end"]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["other.md"], "other.md: there is no such file."),
        (["prose.md"], "prose.md: no item was found"),
        (["."], "this is a directory, not a checklist in Markdown."),
        (["release.md", "other.md"], "One document at a time: readiness bind release.md"),
        (["suite:starter"], "suite:starter comes with its bindings, so there is nothing to bind"),
        ([str(suite_path(suite_names()[0]))], "comes with its bindings, so there is nothing to bind"),
        (["release.md", "--json", "--check"], "--json and --check do not go together; ask for one of them."),
        (["release.md", "--check", "--prune"], "--check and --prune do not go together"),
        (["release.md", "--dry-run", "--json"], "--json and --dry-run do not go together"),
        (["release.md", "--target", "prd"], "Did you mean 'prod'?"),
        (["release.md", "--config", "none.yaml"], "none.yaml: The configuration file does not exist."),
    ],
)
def test_what_cannot_be_done_is_said(readiness: Program, arguments: list[str], sentence: str) -> None:
    readiness.write("prose.md", "# Prose\n\nNo boxes.\n")
    before = readiness.read("release.checks.yaml")
    result = readiness("bind", *arguments)
    assert (result.code, result.out) == (4, "")
    assert sentence in result.err
    assert readiness.read("release.checks.yaml") == before


def test_a_file_with_mistakes_is_refused_with_them(readiness: Program) -> None:
    text = "tls:\n  a: 1\n  a: 2\n  b: 3\n  b: 4\n"
    readiness.write("release.checks.yaml", text)
    for options in ([], ["--check"], ["--json"], ["--dry-run"]):
        result = readiness("bind", "release.md", *options)
        assert (result.code, result.out) == (4, "")
        assert len(result.err.splitlines()) == 2
        assert readiness.read("release.checks.yaml") == text
    (readiness.folder / "release.checks.yaml").rename(readiness.folder / "release.check.yaml")
    result = readiness("bind", "release.md")
    assert "are read from release.checks.yaml only" in result.err


@pytest.mark.parametrize(
    ("written", "sentence"),
    [
        ("{chek: docs.present}", "Unknown key 'chek' in this binding. Did you mean 'check'?"),
        ("{proposed: nope.nope}", "There is no check 'nope.nope'."),
        ("{proposed: {}}", "A binding holds exactly one of"),
        ("{check: docs.present, proposed: docs.present}", "'proposed' takes no key beside it but 'source'"),
        ("{signoff: captain}", "There is no role 'captain' in readiness.yaml."),
    ],
)
def test_what_a_run_refuses_is_told(readiness: Program, written: str, sentence: str) -> None:
    text = f"{BINDINGS}  loose-end: {written}\n  lost-item: {{chek: docs.present}}\n"
    readiness.write("release.checks.yaml", text)
    checked = readiness("bind", "release.md", "--check")
    assert checked.code == 4
    assert checked.out == "release.checks.yaml:11: backups-monthly/lost-item is not in release.md.\n"
    told = [line for line in checked.err.splitlines() if sentence in line]
    assert told
    assert "release.checks.yaml:10: " in told[0]
    data: Any = readiness.json("bind", "release.md")
    jsonschema.Draft202012Validator(SCHEMAS["proposals"]()).validate(data)
    assert {item["id"]: item["bound"] for item in data["items"]}["backups-monthly/loose-end"] == "refused"
    assert [item["bound"] for item in data["items"]].count("refused") == 1
    written_anyway = readiness("bind", "release.md", "--prune")
    assert written_anyway.code == 0, written_anyway.err
    assert any(sentence in line for line in written_anyway.lines)
    assert "lost-item" not in readiness.read("release.checks.yaml")


def test_any_role_may_be_named_where_nothing_says_which_there_are(plain: Program) -> None:
    assert plain("bind", "live.md").code == 0
    text = plain.read("live.checks.yaml")
    plain.write("live.checks.yaml", f"{text}\nfun:\n  zzyzx-qwertz: {{signoff: captain}}\n")
    assert plain("bind", "live.md", "--check").code == 0


def test_what_a_target_has_is_known(readiness: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    propose = proposing.propose

    def noted(checklist: Any, target: Any, memory: Any) -> Any:
        asked.append(target.name if target else "")
        return propose(checklist, target, memory)

    monkeypatch.setattr(proposing, "propose", noted)
    readiness("bind", "release.md", "--target", "prod", "--dry-run")
    readiness("bind", "release.md", "--dry-run")
    assert asked == ["prod", ""]


def test_what_a_team_has_bound_is_remembered(readiness: Program) -> None:
    readiness.write("other.md", "# Other\n\n## Papers\n\n- [ ] Runbook covers rollback\n")
    data: Any = readiness.json("bind", "other.md")
    sources = [candidate["source"] for candidate in data["items"][0]["candidates"]]
    assert "release:papers/runbook-covers-rollback" in sources


def test_nothing_from_a_document_is_markup_or_control(plain: Program) -> None:
    plain.write("live.md", "# R\n\n## S\n\n- [ ] [red]Zzyzx[/red] \x1b[31mqwertz \u202eabc: #d\n")
    for options in ([], ["--check"], ["--json"], ["--dry-run"]):
        result = plain("bind", "live.md", *options)
        # JSON is for programs, which show it in their own way.
        unseen = "\x1b" if options == ["--json"] else "\x1b\u202e"
        assert not set(unseen) & set(result.out + result.err), options


@pytest.mark.parametrize("columns", [60, 80])
def test_it_can_be_read_on_a_narrow_terminal(plain: Program, columns: int) -> None:
    plain.write("live.md", PLAIN.replace("Zzyzx qwertz", f"{'Zzyzx qwertz ' * 12}"))
    shown = on_terminal(["bind", "live.md"], columns, plain.folder)
    lines = [re.sub("\x1b\\[[0-9;]*m", "", line).rstrip() for line in shown.splitlines()]
    assert max(map(len, lines)) <= columns
    [unbound] = [line for line in lines if "qwertz" in line]
    assert unbound.startswith("  line 10  Zzyzx qwertz")
    assert "searched for Zzyzx, qwertz" in unbound
