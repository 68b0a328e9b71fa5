from __future__ import annotations

import hashlib
import json
import os
import stat
from pathlib import Path

import pytest

from pytest_readiness.core.yamlfile import read_yaml
from pytest_readiness.people.decisions import Signoff
from tests.cli.program import BINDINGS, CONFIGURATION, Program

RESTORE = "backups-monthly/restore-is-rehearsed"
ACCEPTANCE = "backups-monthly/acceptance-is-approved"
RUNBOOK = "papers/runbook-covers-rollback"
CERTIFICATES = "tls/certificates-are-valid"
A = ("--by", "a@example.com", "--role", "ops")
WAIVED = ("--reason", "later", "--by", "b@example.com", "--expires", "2026-04-01")


def test_a_signoff_is_written_and_counts(readiness: Program) -> None:
    result = readiness("sign", RUNBOOK, *A, "--note", 'all: "well" #1', "--expires", "2026-03-31")
    path = readiness.folder / "signoffs.yaml"
    assert (result.code, result.err) == (0, "")
    assert result.out == (
        "release:papers/runbook-covers-rollback: signed by a@example.com (ops) on 2026-03-10, until 2026-03-31.\n"
        f"Written to {path}.\n"
    )
    (entry,) = read_yaml(path, "signoffs")["signoffs"]
    signoff = Signoff.model_validate(entry)
    assert (signoff.item, signoff.by, signoff.role, str(signoff.on)) == (RUNBOOK, *A[1::2], "2026-03-10")
    assert (signoff.note, str(signoff.expires), signoff.evidence) == ('all: "well" #1', "2026-03-31", None)


def test_a_quorum_is_told(readiness: Program) -> None:
    evidence = ("--evidence", "docs/runbook.md")
    first = readiness("sign", RESTORE, *A, *evidence)
    assert first.out.startswith(f"release:{RESTORE}: 1 of 2 have signed as ops: a@example.com.\n")
    again = readiness("sign", RESTORE, *A, *evidence)
    assert again.out.startswith(f"release:{RESTORE}: 1 of 2 have signed as ops: a@example.com.\n")
    second = readiness("sign", RESTORE, "--by", "b@example.com", "--role", "ops", *evidence)
    assert second.out.startswith(f"release:{RESTORE}: signed by b@example.com (ops) on 2026-03-10, until ")


def test_the_hash_of_the_evidence_is_recorded(readiness: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    digest = hashlib.sha256(readiness.read("docs/runbook.md").encode()).hexdigest()
    monkeypatch.chdir(readiness.folder / "docs")
    for given in ("runbook.md", "docs/runbook.md", str(readiness.folder / "docs" / "runbook.md")):
        assert readiness("sign", RESTORE, *A, "--evidence", given).code == 0, given
        entry = read_yaml(readiness.folder / "signoffs.yaml", "signoffs")["signoffs"][-1]
        assert (entry["evidence"], entry["sha256"]) == ("docs/runbook.md", digest)
    link = readiness("sign", RUNBOOK, *A, "--evidence", "https://example.com/r/1")
    assert "evidence: https://example.com/r/1" in link.out
    assert "sha256" not in read_yaml(readiness.folder / "signoffs.yaml", "signoffs")["signoffs"][-1]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ((RUNBOOK + "s", *A), f"No checklist has an item '{RUNBOOK}s'. Did you mean '{RUNBOOK}'?"),
        ((CERTIFICATES, *A), f"release:{CERTIFICATES} needs no sign-off: checks answer it."),
        (
            ("backups-monthly/loose-end", *A),
            "release:backups-monthly/loose-end is bound to nothing; bind it to {signoff: ROLE} first.",
        ),
        (
            ("papers/fax-works", *A),
            "release:papers/fax-works does not apply (struck through in the checklist), so no one needs to sign it.",
        ),
        (
            ("papers/plans-red-are-red-written", *A),
            "release:papers/plans-red-are-red-written is a group; its state follows from its items: papers/plan-a.",
        ),
        ((RUNBOOK, "--by", "a@example.com", "--role", "opps"), "There is no role 'opps'. Did you mean 'ops'?"),
        (
            (RUNBOOK, "--by", "o@example.com", "--role", "ops"),
            "Not signed: the sign-off by o@example.com of 2026-03-10 does not count: o@example.com is not listed as "
            "ops in readiness.yaml.",
        ),
        (
            (RUNBOOK, "--by", "o@example.com", "--role", "owner"),
            "Not signed: the sign-off by o@example.com of 2026-03-10 does not count: it is given as owner, and ops "
            "must sign.",
        ),
        ((RUNBOOK, *A, "--on", "10.3.2026"), "--on 10.3.2026 is not a date; write one such as 2026-03-31."),
        ((RUNBOOK, *A, "--expires", "2026-02-30"), "--expires 2026-02-30 is not a date; write one such as 2026-03-31."),
        (
            (RUNBOOK, *A, "--expires", "2026-03-09"),
            "--expires 2026-03-09 is before today, 2026-03-10: it would never count.",
        ),
        (
            (RUNBOOK, *A, "--on", "2026-03-11", "--expires", "2026-03-10"),
            "--expires 2026-03-10 is before the day of signing, 2026-03-11: it would never count.",
        ),
        (
            (RUNBOOK, *A, "--on", "2026-03-11"),
            "Not signed: the sign-off by a@example.com of 2026-03-11 does not count: that day is in the future.",
        ),
        (
            (RUNBOOK, *A, "--on", "2026-01-10"),
            "Not signed: the sign-off by a@example.com of 2026-01-10 expired on 2026-02-09, 29 days ago.",
        ),
        (
            (RESTORE, *A),
            "Not signed: the sign-off by a@example.com of 2026-03-10 does not count: it names no evidence, and this "
            "item requires it.",
        ),
        (
            (RESTORE, *A, "--evidence", "https://example.com/x"),
            "Not signed: the sign-off by a@example.com of 2026-03-10 does not count: its evidence is a link, and this "
            "item requires a readable file.",
        ),
        (
            (ACCEPTANCE, "--by", "o@example.com", "--role", "owner"),
            "Not signed: the sign-off by o@example.com of 2026-03-10 does not count: it names no release, and each "
            "release needs its own.",
        ),
    ],
)
def test_what_would_not_count_is_refused(readiness: Program, arguments: tuple[str, ...], sentence: str) -> None:
    result = readiness("sign", *arguments)
    assert (result.code, result.out, result.err) == (4, "", f"{sentence}\n")
    assert readiness.read("signoffs.yaml") == "signoffs:\n"


def test_what_is_only_proposed_is_neither_signed_nor_waived(readiness: Program) -> None:
    written = readiness.read("release.checks.yaml")
    for proposal, what in (("{signoff: ops}", "signature of ops"), ("docs.present", "docs.present")):
        text = written.replace("plan-a: docs.present", f"plan-a: {{proposed: {proposal}}}")
        readiness.write("release.checks.yaml", text)
        result = readiness("sign", "papers/plan-a", *A)
        told = f"What is proposed for release:papers/plan-a ({what}) counts for nothing yet"
        assert (result.code, result.err) == (4, f"{told}: confirm with `readiness bind release.md --review`.\n")
        waiver = ("--reason", "later", "--by", "b@example.com", "--expires", "2026-03-11")
        result = readiness("waive", "papers/plan-a", *waiver)
        assert result.code == 4
        assert result.err.startswith("No check answers release:papers/plan-a, so it cannot fail")
    assert readiness.read("signoffs.yaml") == "signoffs:\n"


def test_missing_evidence_is_refused(readiness: Program) -> None:
    result = readiness("sign", RUNBOOK, *A, "--evidence", "gone.pdf")
    assert result.err == f"There is no file gone.pdf, neither here nor in {readiness.folder}.\n"
    assert (result.code, readiness.read("signoffs.yaml")) == (4, "signoffs:\n")


def test_old_evidence_is_refused(readiness: Program) -> None:
    os.utime(readiness.folder / "docs" / "runbook.md", (1760000000, 1760000000))
    result = readiness("sign", RESTORE, *A, "--evidence", "docs/runbook.md")
    assert result.code == 4
    assert result.err.endswith("was last changed on 2025-10-09, 152 days ago; at most 30 days allowed.\n")


def test_a_release_counts_for_its_runs(readiness: Program) -> None:
    owner = ("--by", "o@example.com", "--role", "owner")
    assert readiness("sign", ACCEPTANCE, *owner, "--release", "1.10").code == 0
    (entry,) = read_yaml(readiness.folder / "signoffs.yaml", "signoffs")["signoffs"]
    assert entry["release"] == "1.10"


def test_who_waived_cannot_sign(readiness: Program) -> None:
    assert readiness("waive", RUNBOOK, *WAIVED).code == 0
    refused = readiness("sign", RUNBOOK, "--by", "b@example.com", "--role", "ops")
    assert refused.code == 4
    assert refused.err.endswith("b@example.com asked to waive this item.\n")
    assert readiness("sign", RUNBOOK, *A).code == 0


def test_missing_options_are_wrong_input(readiness: Program) -> None:
    result = readiness("sign", RUNBOOK, "--by", "a@example.com")
    assert result.code == 4
    assert "--role" in result.err


@pytest.mark.parametrize("key", ["signoffs", "waivers"])
def test_a_file_that_is_not_configured_is_asked_for(readiness: Program, key: str) -> None:
    readiness.write("readiness.yaml", CONFIGURATION.replace(f"{key}: {key}.yaml\n", ""))
    command = ("sign", RUNBOOK, *A) if key == "signoffs" else ("waive", RUNBOOK, *WAIVED)
    result = readiness(*command)
    path = readiness.folder / "readiness.yaml"
    assert (result.code, result.err) == (
        4,
        f"{path} names no file of {key}; add the line '{key}: {key}.yaml' to it.\n",
    )


def test_a_variable_that_is_not_set_is_told(readiness: Program) -> None:
    readiness.write("readiness.yaml", CONFIGURATION.replace("signoffs.yaml", "${PAPERS}/signoffs.yaml"))
    result = readiness("sign", RUNBOOK, *A)
    assert result.code == 4
    assert "readiness.yaml:4: The environment variable PAPERS is not set" in result.err


def test_no_configuration(readiness: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    (readiness.folder / "readiness.yaml").unlink()
    result = readiness("sign", RUNBOOK, *A)
    assert result.code == 4
    assert result.err.startswith(f"There is no readiness.yaml in {readiness.folder} or above it;")


def test_files_are_made_where_they_are_missing(readiness: Program) -> None:
    (readiness.folder / "signoffs.yaml").unlink()
    (readiness.folder / "waivers.yaml").unlink()
    assert readiness("sign", RUNBOOK, *A).code == 0
    assert readiness.read("signoffs.yaml").startswith("signoffs:\n  - item: papers/runbook-covers-rollback\n")
    assert readiness("waive", CERTIFICATES, *WAIVED).code == 0
    assert readiness.read("waivers.yaml").startswith("waivers:\n  - item: tls/certificates-are-valid\n")


EXISTING = "item: papers/runbook-covers-rollback, by: b@example.com, role: ops, on: 2026-03-01"


@pytest.mark.parametrize(
    "before",
    [
        "signoffs:\n",
        "# who vouches\nsignoffs: # for what\n",
        f"# who\nsignoffs:\n- {{{EXISTING}}}   # first\n\n# end\n",
        f"signoffs:\n    -   {{{EXISTING}}}",
        "signoffs:\n  - item:   'papers/runbook-covers-rollback'\n    role: \"ops\" # really\n    on: 2026-03-01\n\n"
        "    by: b@example.com\n",
        f"signoffs:\r\n  - {{{EXISTING}}}\r\n",
        "# nothing yet\n",
        "",
    ],
)
def test_what_stands_in_the_file_stays(readiness: Program, before: str) -> None:
    path = readiness.folder / "signoffs.yaml"
    path.write_bytes(before.encode())
    path.chmod(0o664)
    assert readiness("sign", RUNBOOK, *A).code == 0
    after = path.read_bytes().decode()
    assert after.startswith(before.rstrip())
    assert ("\r\n" in before) == ("\r\n" in after)
    assert after.count("\n") == after.count("\r\n") or "\r" not in after
    entries = read_yaml(path, "signoffs")["signoffs"]
    assert [entry["by"] for entry in entries] == ["b@example.com"] * ("by:" in before) + ["a@example.com"]
    assert stat.S_IMODE(path.stat().st_mode) == 0o664
    assert readiness("explain", RUNBOOK).code == 0
    assert {each.name for each in readiness.folder.iterdir() if each.name.startswith(".")} == set()


@pytest.mark.parametrize("before", ["signoffs: [] # none\n", f"# who\nsignoffs: [{{{EXISTING}}}] # one\n"])
def test_a_list_in_one_line_is_opened(readiness: Program, before: str) -> None:
    readiness.write("signoffs.yaml", before)
    assert readiness("sign", RUNBOOK, *A).code == 0
    entries = read_yaml(readiness.folder / "signoffs.yaml", "signoffs")["signoffs"]
    assert [entry["by"] for entry in entries] == ["b@example.com"] * ("by:" in before) + ["a@example.com"]
    assert all(f"# {word}" in readiness.read("signoffs.yaml") for word in ("who", "one") if f"# {word}" in before)


def test_a_broken_file_is_left_alone(readiness: Program) -> None:
    readiness.write("signoffs.yaml", "signoffs:\n  - {item: x/y}\n")
    result = readiness("sign", RUNBOOK, *A)
    assert result.code == 4
    assert "signoffs.yaml:2: This entry of 'signoffs' lacks 'by'." in result.err
    assert readiness.read("signoffs.yaml") == "signoffs:\n  - {item: x/y}\n"


def test_a_link_to_the_file_stays_a_link(readiness: Program) -> None:
    path = readiness.folder / "signoffs.yaml"
    path.rename(readiness.folder / "docs" / "people.yaml")
    path.symlink_to(Path("docs") / "people.yaml")
    assert readiness("sign", RUNBOOK, *A).code == 0
    assert path.is_symlink()
    assert "a@example.com" in readiness.read("docs/people.yaml")


@pytest.mark.parametrize(("proof", "words"), [("author", "a commit"), ("signature", "a signed commit")])
def test_the_proof_that_is_asked_for_is_told(readiness: Program, proof: str, words: str) -> None:
    readiness.write("readiness.yaml", f"signoff_proof: {proof}\n{CONFIGURATION}")
    result = readiness("sign", RUNBOOK, *A)
    assert result.code == 0
    assert result.out.endswith(f" It counts only after {words} by a@example.com.\n")


def test_an_id_of_several_checklists_must_be_whole(readiness: Program) -> None:
    for name in ("release.md", "release.checks.yaml"):
        readiness.write(name.replace("release", "other"), readiness.read(name))
    readiness.write("readiness.yaml", CONFIGURATION.replace("[release.md]", "[release.md, other.md]"))
    result = readiness("sign", RUNBOOK, *A)
    assert result.err == (
        f"'{RUNBOOK}' is an item of several checklists; write release:{RUNBOOK} or other:{RUNBOOK}.\n"
    )
    assert readiness("sign", f"other:{RUNBOOK}", *A).code == 0


def test_a_waiver_is_written(readiness: Program) -> None:
    result = readiness("waive", CERTIFICATES, *WAIVED)
    path = readiness.folder / "waivers.yaml"
    assert (result.code, result.err) == (0, "")
    assert result.out == f"release:{CERTIFICATES}: waived by b@example.com until 2026-04-01. Written to {path}.\n"
    (entry,) = json.loads(json.dumps(read_yaml(path, "waivers")["waivers"], default=str))
    assert entry == {
        "item": CERTIFICATES,
        "reason": "later",
        "by": "b@example.com",
        "on": "2026-03-10",
        "expires": "2026-04-01",
        "fingerprint": "9376449e859d3da3",
    }
    again = readiness("waive", CERTIFICATES, *WAIVED)
    assert again.code == 4
    assert again.err == (
        f"release:{CERTIFICATES} is already waived, by b@example.com until 2026-04-01; change that entry of {path}.\n"
    )


@pytest.mark.parametrize(
    ("item", "changes", "sentence"),
    [
        (CERTIFICATES, {"--reason": "  "}, "A waiver needs a reason: say why it is acceptable that the item fails."),
        (
            CERTIFICATES,
            {"--expires": "2026-03-09"},
            "--expires 2026-03-09 is before today, 2026-03-10: it would never count.",
        ),
        (CERTIFICATES, {"--expires": "soon"}, "--expires soon is not a date; write one such as 2026-03-31."),
        (
            "backups-monthly/loose-end",
            {},
            "No check answers release:backups-monthly/loose-end, so it cannot fail and there is nothing to waive.",
        ),
        (
            ACCEPTANCE,
            {},
            f"No check answers release:{ACCEPTANCE}, so it cannot fail and there is nothing to waive.",
        ),
        (
            "tls/certificates-valid",
            {},
            f"No checklist has an item 'tls/certificates-valid'. Did you mean '{CERTIFICATES}'?",
        ),
    ],
)
def test_a_waiver_that_would_not_count_is_refused(
    readiness: Program, item: str, changes: dict[str, str], sentence: str
) -> None:
    options = {**dict(zip(WAIVED[::2], WAIVED[1::2], strict=True)), **changes}
    result = readiness("waive", item, *(word for pair in options.items() for word in pair))
    assert (result.code, result.out, result.err) == (4, "", f"{sentence}\n")
    assert readiness.read("waivers.yaml") == "waivers:\n"


def test_waiving_what_one_signed_is_told(readiness: Program) -> None:
    assert readiness("sign", RUNBOOK, "--by", "b@example.com", "--role", "ops").code == 0
    result = readiness("waive", RUNBOOK, *WAIVED)
    assert "The sign-off by b@example.com no longer counts" in result.out


def test_a_blank_name_is_refused(readiness: Program) -> None:
    result = readiness("waive", CERTIFICATES, "--reason", "x", "--by", " ", "--expires", "2026-04-01")
    assert result.code == 4
    assert "'by'" in result.err
    assert readiness.read("waivers.yaml") == "waivers:\n"


def test_the_whole_program_signs(readiness: Program) -> None:
    readiness.write("release.checks.yaml", BINDINGS)
    result = readiness.process("sign", RUNBOOK, *A)
    assert (result.code, result.err) == (0, "")
    assert not (readiness.folder / "ran").exists()


@pytest.mark.parametrize(
    ("more", "options", "sentence"),
    [
        ("", ("--by", "x@example.com"), "x@example.com is not listed as ops or owner in readiness.yaml"),
        ("waiver_roles: [owner]\n", (), "b@example.com is not listed as owner in readiness.yaml"),
        ("waiver_roles: [owner]\n", ("--role", "ops"), "it is given as ops, and owner may waive"),
        (
            "",
            ("--expires", "9999-12-31"),
            "it ends on 9999-12-31, more than 366 days after it was written ('waiver_days' of readiness.yaml)",
        ),
        (
            "waiver_days: 21\n",
            (),
            "it ends on 2026-04-01, more than 21 days after it was written ('waiver_days' of readiness.yaml)",
        ),
    ],
)
def test_who_may_waive_and_for_how_long(readiness: Program, more: str, options: tuple[str, ...], sentence: str) -> None:
    readiness.write("readiness.yaml", more + CONFIGURATION)
    given = {**dict(zip(WAIVED[::2], WAIVED[1::2], strict=True)), **dict(zip(options[::2], options[1::2], strict=True))}
    result = readiness("waive", CERTIFICATES, *(word for pair in given.items() for word in pair))
    assert (result.code, result.err) == (4, f"Not waived: {sentence}.\n")
    assert readiness.read("waivers.yaml") == "waivers:\n"


def test_a_waiver_is_in_a_role_that_may(readiness: Program) -> None:
    readiness.write("readiness.yaml", "waiver_roles: [ops]\nwaiver_days: 30\nsignoff_proof: author\n" + CONFIGURATION)
    result = readiness("waive", CERTIFICATES, *WAIVED, "--role", "ops")
    assert result.code == 0, result.err
    assert result.out.endswith("It counts only after a commit by b@example.com.\n")
    assert read_yaml(readiness.folder / "waivers.yaml", "waivers")["waivers"][0]["role"] == "ops"
    wrong = readiness("waive", RUNBOOK, *WAIVED, "--role", "opps")
    assert wrong.err == "There is no role 'opps'. Did you mean 'ops'?\n"


def test_a_role_that_may_waive_has_to_be_one(readiness: Program) -> None:
    readiness.write("readiness.yaml", "waiver_roles: [opps]\n" + CONFIGURATION)
    result = readiness("waive", CERTIFICATES, *WAIVED)
    assert "readiness.yaml:1: There is no role 'opps'. Did you mean 'ops'?" in result.err


def test_an_id_of_an_earlier_version_is_signed_as_it_is_now(readiness: Program) -> None:
    readiness.write("release.md", "# Load\n\n- [ ] p95 < 500 ms\n")
    readiness.write("release.checks.yaml", "load:\n  p95-500-ms: {signoff: ops}\n")
    result = readiness("sign", "load/p95-500-ms", *A)
    assert result.code == 0, result.err
    (entry,) = read_yaml(readiness.folder / "signoffs.yaml", "signoffs")["signoffs"]
    assert entry["item"] == "load/p95-under-500-ms"
    assert len(entry["fingerprint"]) == 16


def test_what_was_signed_has_to_be_what_is_said(readiness: Program) -> None:
    readiness.write(
        "release.md", readiness.read("release.md").replace("covers rollback", "covers rollback\n  - in 5 min")
    )
    assert readiness("sign", RUNBOOK, *A).code == 0
    assert "signed by a@example.com" in readiness("explain", RUNBOOK).out
    readiness.write("release.md", readiness.read("release.md").replace("in 5 min", "in 5 h"))
    assert "does not count: what its item says has changed since; it must be signed again" in " ".join(
        readiness("explain", RUNBOOK).out.split()
    )
