"""Documents in AsciiDoc, by the real asciidoctor."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytest_readiness.core.evidence import ClaimFalse, CouldNotVerify
from pytest_readiness.domains.docs.asciidoc import asciidoc_comments, read_asciidoc
from pytest_readiness.domains.docs.resource import Document
from tests.judging import judge
from tests.stack.programs import program

RUNBOOK = """\
= Runbook
Operations <ops@example.com>
:toc:

// Not yet reviewed

Who is called at night.

== Rollback

. Run *this*:
+
----
# the last one
== Not a heading
shop rollback
----

////
== Hidden
TODO hidden
////

== Steps

include::{path}[]

ifdef::internal[]
== Internal

Not for everybody.
endif::[]

== Contacts

|===
|Name |Phone

|Operations |1234
|===
"""


@pytest.fixture(autouse=True)
def asciidoctor() -> None:
    program("asciidoctor")


def test_what_a_reader_sees() -> None:
    sections, conflict = read_asciidoc(RUNBOOK, "runbook.adoc")
    assert [(each.title, each.level, each.line) for each in sections] == [
        ("", 0, 1),
        ("Runbook", 1, 1),
        ("Rollback", 2, 9),
        ("Steps", 2, 24),
        ("Contacts", 2, 34),
    ]
    assert [each.blocks for each in sections[1:]] == [
        ("Who is called at night.",),
        ("Run this:", "# the last one\n== Not a heading\nshop rollback\n"),
        (),
        ("Operations\t1234",),
    ]
    assert sections[3].includes == ("include::{path}[]",)
    assert conflict == 0
    assert asciidoc_comments(RUNBOOK) == ((5, "Not yet reviewed"), (20, "== Hidden"), (21, "TODO hidden"))


def test_no_other_file_is_read(tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("pl4nted\n")
    path = tmp_path / "runbook.adoc"
    text = RUNBOOK.replace("{path}", str(secret)) + f"\n----\ninclude::{secret}[]\n----\n\ninclude::secret.txt[]\n"
    path.write_text(text)
    assert "pl4nted" not in repr(read_asciidoc(text, path.name))
    assert judge("docs.sections", Document(name="runbook", path=path), sections=["Rollback", "Contacts"])
    for wanted in ("Steps", "Internal", "Hidden", "Not a heading"):
        with pytest.raises((ClaimFalse, CouldNotVerify)):
            judge("docs.sections", Document(name="runbook", path=path), sections=[wanted])


def test_conflicts_and_line_ends(tmp_path: Path) -> None:
    path = tmp_path / "runbook.asciidoc"
    path.write_bytes(RUNBOOK.replace("\n", "\r\n").encode())
    assert judge("docs.sections", Document(name="runbook", path=path), sections=["Rollback"])
    path.write_text(f"{RUNBOOK}\n<<<<<<< HEAD\n")
    with pytest.raises(ClaimFalse, match="conflict"):
        judge("docs.sections", Document(name="runbook", path=path), sections=["Rollback"])


def test_without_the_program(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    path = tmp_path / "runbook.adoc"
    path.write_text(RUNBOOK)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(CouldNotVerify, match=r"runbook.adoc is AsciiDoc, which the program asciidoctor reads"):
        judge("docs.sections", Document(name="runbook", path=path), sections=["Rollback"])
    (tmp_path / "asciidoctor").write_text("#!/bin/sh\nexit 3\n")
    (tmp_path / "asciidoctor").chmod(0o755)
    with pytest.raises(CouldNotVerify, match=r"does not read runbook.adoc \(status 3\)"):
        judge("docs.sections", Document(name="runbook", path=path), sections=["Rollback"])
