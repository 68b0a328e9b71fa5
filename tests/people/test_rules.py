"""What makes a sign-off count, shown in runs of pytest and in real git repositories."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from pytest_readiness.checklist.reading import parse_checklist
from pytest_readiness.config.model import Proof
from pytest_readiness.core.domains import load_catalogue
from pytest_readiness.core.problems import ProblemsError
from pytest_readiness.core.yamlfile import parse_yaml
from pytest_readiness.people import authors
from pytest_readiness.people.decisions import (
    Circumstances,
    KnownItems,
    Signed,
    Signoff,
    Waiver,
    judge_signoffs,
    read_people,
)
from pytest_readiness.people.rules import (
    CADENCE_DAYS,
    EvidenceRule,
    SignoffRule,
    different_people,
    may_be_one,
    same_person,
)
from pytest_readiness.plan.plan import with_cadence
from pytest_readiness.verdict.judging import Verdict
from pytest_readiness.verdict.result_file import outcome_of, read_result
from tests.stack.patience import patient

TODAY = date(2026, 3, 10)
OPS = ("a@example.com", "b@example.com")


def signoff(**changes: Any) -> Signoff:
    return Signoff.model_validate({"item": "s/i", "by": OPS[0], "role": "ops", "on": date(2026, 3, 1), **changes})


def judged(
    *signoffs: Signoff,
    rule: Mapping[str, Any] | None = None,
    waivers: Sequence[Waiver] = (),
    folder: Path = Path(),
    release: str | None = None,
    author: str = "",
    papers: Sequence[Path] = (),
) -> str:
    """The evidence, or "refused: " and why."""
    evidence, refusal = judge_signoffs(
        SignoffRule.model_validate({"role": "ops", **(rule or {})}),
        [Signed(each, number, author) for number, each in enumerate(signoffs, 1)],
        waivers,
        Circumstances({"ops": OPS, "owner": ("o@example.com",)}, folder, release, TODAY, papers),
    )
    return evidence.text if evidence else f"refused: {refusal}"


def test_several_people_of_the_role_must_sign() -> None:
    quorum = {"count": 2}
    assert judged(rule=quorum) == "refused: not signed; 2 people of ops must sign"
    assert judged(signoff(), rule=quorum) == "refused: 1 of 2 have signed as ops: a@example.com"
    assert judged(signoff(), signoff(on=date(2026, 3, 2)), rule=quorum).startswith("refused: 1 of 2 have signed")
    assert judged(signoff(), signoff(by=OPS[1]), rule=quorum) == (
        "signed by b@example.com (ops) on 2026-03-01; signed by a@example.com (ops) on 2026-03-01"
    )
    stale = judged(signoff(), signoff(by=OPS[1], expires=date(2026, 3, 9)), rule=quorum)
    assert stale.startswith("refused: 1 of 2 have signed as ops: a@example.com; ")
    assert stale.endswith("expired on 2026-03-09, 1 day ago")


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"role": "owner"}, "it is given as owner, and ops must sign"),
        ({"by": "o@example.com"}, "o@example.com is not listed as ops in readiness.yaml"),
        ({"on": date(2026, 3, 11)}, "that day is in the future"),
        ({"expires": date(2026, 3, 9)}, "expired on 2026-03-09, 1 day ago"),
        ({"expires": date(2026, 3, 5)}, "expired on 2026-03-05, 5 days ago"),
        ({"release": "1.4"}, "is for release 1.4; this run names no release (--readiness-release)"),
    ],
)
def test_a_signoff_that_does_not_count_says_why(changes: dict[str, Any], why: str) -> None:
    said = judged(signoff(**changes))
    assert said.startswith("refused: the sign-off by ")
    assert said.endswith(why)


def test_the_last_day_still_counts() -> None:
    assert judged(signoff(expires=TODAY)).endswith("until 2026-03-10")
    assert judged(signoff(), rule={"valid_days": 9}).endswith("until 2026-03-10")
    assert judged(signoff(), rule={"valid_days": 8}).endswith("expired on 2026-03-09, 1 day ago")
    assert judged(signoff(expires=date(2027, 1, 1)), rule={"valid_days": 8}).startswith("refused")


def test_each_release_needs_its_own() -> None:
    rule = {"per_release": True}
    assert judged(signoff(), rule=rule, release="1.4").endswith("names no release, and each release needs its own")
    assert judged(signoff(release="1.3"), rule=rule, release="1.4").endswith("for release 1.3; this run is for 1.4")
    assert judged(signoff(release="1.4"), rule=rule, release="1.4").startswith("signed by")
    assert judged(signoff(), release="1.4").startswith("signed by")


def test_who_asked_for_a_waiver_cannot_sign() -> None:
    waiver = Waiver(item="s/i", reason="later", by=OPS[0], expires=date(2026, 4, 1))
    assert judged(signoff(), waivers=[waiver]).endswith("a@example.com asked to waive this item")
    assert judged(signoff(by=OPS[1]), waivers=[waiver]).startswith("signed by b@example.com")


def test_evidence(tmp_path: Path) -> None:
    (tmp_path / "drill.md").write_text("# Drill\n\n## Result\n\nAll rows came back.\n\n## Duration\n", "utf-8")
    file = signoff(evidence="drill.md")
    link = signoff(evidence="https://example.com/drill/7")
    some = {"evidence": EvidenceRule()}
    assert judged(signoff(), rule=some).endswith("it names no evidence, and this item requires it")
    assert judged(link, rule=some).endswith("; evidence: https://example.com/drill/7")
    assert "; evidence: drill.md (sha256 " in judged(file, rule=some, folder=tmp_path)
    assert judged(signoff(evidence="gone.md"), folder=tmp_path).endswith("its evidence gone.md does not exist")
    assert judged(signoff(evidence="."), folder=tmp_path).endswith("its evidence . is a folder, and has to be a file")
    sections = {"evidence": EvidenceRule(sections=("Result|Outcome",))}
    assert judged(file, rule=sections, folder=tmp_path).startswith("signed by")
    assert judged(link, rule=sections).endswith("is a link, and this item requires a readable file")
    empty = judged(file, rule={"evidence": EvidenceRule(sections=("Result", "Duration"))}, folder=tmp_path)
    assert empty.startswith("refused: ")
    assert "Duration" in empty


@pytest.mark.parametrize(
    "by", ["A@Example.com", "Ann <a@example.com>", " a@example.com ", "<a@example.com>", "ann  (x) <A@EXAMPLE.COM>"]
)
def test_one_person_is_one_however_written(by: str) -> None:
    later = Waiver(item="s/i", reason="later", by=OPS[1], expires=date(2026, 5, 1))
    own = Waiver(item="s/i", reason="later", by=by, expires=date(2020, 4, 1))
    assert "asked to waive this item" in judged(signoff(), waivers=[own, later])
    assert judged(signoff(by=by)).startswith(f"signed by {by} (ops)")
    assert judged(signoff(), signoff(by=by), rule={"count": 2}).startswith("refused: 1 of 2 have signed")


def test_a_waiver_is_no_signature() -> None:
    waiver = Waiver(item="s/i", reason="later", by=OPS[1], expires=date(2026, 5, 1))
    assert judged(waivers=[waiver]) == (
        "refused: not signed; ops must sign; "
        "a waiver accepts what a check finds false, and does not replace a signature"
    )


def test_a_role_that_does_not_exist_is_told_from_a_wrong_one() -> None:
    assert judged(signoff(role="opps")).endswith("there is no role 'opps' in readiness.yaml; 'ops' may be meant")


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        (
            {"evidence": "file:///nope"},
            "its evidence file:///nope is neither a link that begins with https:// or http://",
        ),
        ({"evidence": "ftp://example.com/x"}, "its evidence ftp://example.com/x is neither a link"),
        ({"evidence": "https://"}, "its evidence https:// is neither a link"),
        ({"evidence": "https:///drill"}, "its evidence https:///drill is neither a link"),
        (
            {"evidence": "https://example.com/x", "sha256": "0" * 64},
            "its evidence is a link, which is not fetched, so ",
        ),
        ({"sha256": "0" * 64}, "it has a sha256, and names no evidence that could have it"),
        ({"evidence": "empty.md"}, "its evidence empty.md is empty"),
        ({"evidence": "blank.md"}, "its evidence blank.md is empty"),
        (
            {"evidence": "titled.md"},
            "its evidence titled.md says nothing beside titles, comments and what is still to be filled in",
        ),
        ({"evidence": "folder"}, "its evidence folder is a folder, and has to be a file"),
        ({"evidence": "loop.md"}, "its evidence loop.md cannot be read ("),
        ({"evidence": "pipe"}, "its evidence pipe is not a file"),
        ({"evidence": "linked.md"}, "its evidence linked.md is outside of the project, in "),
        ({"evidence": "../outside.md"}, "its evidence ../outside.md is outside of the project, in "),
        ({"evidence": "drill.md/x"}, "its evidence drill.md/x does not exist"),
        ({"evidence": "dangling.md"}, "its evidence dangling.md does not exist"),
        ({"evidence": "a\0b"}, "cannot be read ("),
        ({"evidence": "drill.md"}, ""),
        ({"evidence": "inside.md"}, ""),
        ({"evidence": "../drill.md"}, ""),
        ({"evidence": "http://wiki/drill"}, "its evidence http://wiki/drill names no host that others find; write "),
        ({"evidence": "https://TODO"}, "its evidence https://TODO names no host"),
        ({"evidence": "https://TBD/link-follows"}, "names no host"),
        ({"evidence": "http://localhost:8080/drill"}, "names no host"),
        ({"evidence": "http://shop.localhost/drill"}, "names no host"),
        ({"evidence": "http://127.0.0.1/drill"}, "names no host"),
        ({"evidence": "https://[::1]/drill"}, "names no host"),
        ({"evidence": "https://ann@wiki"}, "names no host"),
        ({"evidence": "https://127.example.com/drill"}, ""),
        ({"evidence": "https://wiki.example.com:8443/drill?id=7"}, ""),
        ({"evidence": "https://ann@wiki.example.com./drill"}, ""),
        ({"evidence": "http://10.0.0.7/drill"}, ""),
        ({"evidence": "https://[2001:db8::7]/drill"}, ""),
        ({"evidence": "https://bücher.example/drill"}, ""),
    ],
)
def test_evidence_is_something_that_others_can_read(tmp_path: Path, changes: dict[str, Any], why: str) -> None:
    project = tmp_path / "project"
    folder = project / "people"
    (folder / "folder").mkdir(parents=True)
    (project / ".git").mkdir()
    for place in (tmp_path / "outside.md", project / "outside.md", folder / "drill.md", project / "drill.md"):
        place.write_text("All rows came back.\n", "utf-8")
    (project / "outside.md").unlink()
    (project / "outside.md").symlink_to(tmp_path / "outside.md")
    (folder / "empty.md").touch()
    (folder / "blank.md").write_text("\ufeff \n\t\n", "utf-8")
    (folder / "titled.md").write_text("---\ntitle: Drill\ndate: 2026-01-01\n---\n\n", "utf-8")
    (folder / "loop.md").symlink_to("loop.md")
    os.mkfifo(folder / "pipe")
    (folder / "linked.md").symlink_to(tmp_path / "outside.md")
    (folder / "dangling.md").symlink_to("gone.md")
    (folder / "inside.md").symlink_to("../drill.md")
    said = judged(signoff(**changes), folder=folder)
    assert why in said
    assert said.startswith("refused: " if why else "signed by")


@pytest.mark.parametrize(
    ("name", "text", "why"),
    [
        ("drill.md", "# Drill\n", "says nothing"),
        ("drill.md", "# Drill\n\nTODO\n", "says nothing"),
        ("drill.md", "# Drill\n\n<!-- all rows came back -->\n", "says nothing"),
        ("drill.markdown", "- [ ] TODO\n- To be done\n", "says nothing"),
        ("drill.txt", "TBD\n", "says nothing"),
        ("drill.json", "{}\n", "holds nothing"),
        ("drill.yaml", "\ufeff[]", "holds nothing"),
        ("drill.zip", "PK\x05\x06" + 18 * "\0", "is an archive with nothing in it"),
        ("drill.pdf", f"/annex/objects/SHA256E-s10--{'a' * 64}.pdf\n", "is a pointer of git-annex"),
        ("drill.dvc", "outs:\n- md5: a304afb96060aad90176268345e10355\n  path: drill.pdf\n", "is a pointer of DVC"),
        ("drill.dvc", "# made by a tool\nmd5: a304\nfrozen: true\ndeps:\n- path: x\n", "is a pointer of DVC"),
        ("drill.txt", "OK\n", ""),
        ("drill.md", "# Drill\n\n![](screen.png)\n", ""),
        ("drill.md", "# Drill\n\nSee [the log](https://ci.example.com/7).\n", ""),
        ("drill.md", "# Drill\n\n- [x] All rows came back\n", ""),
        ("drill.md", "\0\1\2 no text", ""),
        ("drill.json", '{"rows": 0}', ""),
        ("drill.log", "TODO 0 left\n", ""),
    ],
)
def test_evidence_that_shows_nothing_does_not_count(tmp_path: Path, name: str, text: str, why: str) -> None:
    (tmp_path / name).write_text(text, "utf-8")
    said = judged(signoff(evidence=name), folder=tmp_path)
    assert f"its evidence {name} {why}" in said if why else said.startswith("signed by"), said


def test_what_is_signed_is_no_evidence_of_itself(tmp_path: Path) -> None:
    for name in ("release.md", "signoffs.yaml", "drill.md"):
        (tmp_path / name).write_text("- [x] All rows came back\n", "utf-8")
    (tmp_path / "proof.md").symlink_to("release.md")
    papers = (tmp_path / "release.md", tmp_path / "signoffs.yaml", tmp_path / "gone.yaml")
    for name in ("release.md", "./release.md", "proof.md", "signoffs.yaml"):
        said = judged(signoff(evidence=name), folder=tmp_path, papers=papers)
        assert f"its evidence {name} is a file of the checklist or of its signatures" in said
    assert judged(signoff(evidence="drill.md"), folder=tmp_path, papers=papers).startswith("signed by")


@pytest.mark.parametrize(
    ("people", "different"),
    [
        (["Ann <a@example.com>", "a@example.com"], 1),
        (["Ann <a@example.com>", "ann"], 1),
        (["a@example.com", "A@Example.com"], 1),
        (["Ann <a@example.com>", "Ann <b@example.com>"], 2),
        (["Ann", "Bob <b@example.com>"], 2),
    ],
)
def test_people_are_counted_by_who_they_may_be(people: list[str], different: int) -> None:
    assert len(different_people(people)) == different
    evidence, _ = judge_signoffs(
        SignoffRule(role="ops", count=2),
        [Signed(signoff(by=person), 1) for person in people],
        (),
        Circumstances({"ops": people}, Path(), None, TODAY),
    )
    assert bool(evidence) == (different == 2)


def test_evidence_that_changed_after_signing_does_not_count(tmp_path: Path) -> None:
    import hashlib

    (tmp_path / "drill.md").write_text("All rows came back.\n", "utf-8")
    digest = hashlib.sha256(b"All rows came back.\n").hexdigest()
    signed = signoff(evidence="drill.md", sha256=digest)
    assert judged(signed, folder=tmp_path).endswith(f"evidence: drill.md (sha256 {digest[:12]}…)")
    (tmp_path / "drill.md").write_text("No rows came back.\n", "utf-8")
    assert judged(signed, folder=tmp_path).endswith("its evidence drill.md has changed since it was signed")
    assert signoff(evidence="drill.md", sha256=digest.upper()) == signed


@pytest.mark.parametrize("word", [*CADENCE_DAYS, "Annual", "ANNUALLY", "Daily"])
def test_words_of_item_and_headings_set_the_cadence(word: str) -> None:
    days = {"Annual": 366, "ANNUALLY": 366, "Daily": 1}.get(word) or CADENCE_DAYS[word]
    for text in (f"# T\n\n## S\n\n- [ ] Review, {word}\n", f"# T\n\n## S ({word})\n\n- [ ] Review\n"):
        assert cadence(text) == days


def test_two_spellings_of_a_listed_person_are_one() -> None:
    now = Circumstances({"ops": ("Ann", "Ann <a@example.com>", "b@example.com")}, Path(), None, TODAY)
    signed = [Signed(signoff(by=by), 1) for by in ("Ann", "a@example.com")]
    evidence, why = judge_signoffs(SignoffRule(role="ops", count=2), signed, (), now)
    assert evidence is None
    assert why.startswith("1 of 2 have signed as ops")
    signed.append(Signed(signoff(by="b@example.com"), 1))
    assert judge_signoffs(SignoffRule(role="ops", count=2), signed, (), now)[0]
    waiver = Waiver(item="s/i", reason="moves soon", by="Ann", expires=TODAY)
    assert judge_signoffs(SignoffRule(role="ops"), signed[1:2], [waiver], now)[1].endswith("asked to waive this item")


@pytest.mark.parametrize("link", ["{page}", "<page>", "...", "TODO", "x/TBD?v=1", "XXXX"])
def test_a_link_with_a_part_to_fill_in_is_no_evidence(link: str) -> None:
    said = judged(signoff(evidence=f"https://wiki.example.com/{link}"))
    assert said.endswith("is a link with a part that is still to be filled in")
    assert judged(signoff(evidence="https://wiki.example.com/todo-list/...a")).startswith("signed by")


@pytest.mark.parametrize(
    "text", ["TODO\n", ".\n", "# Drill\n", "# Drill\n\nTBD\n", "<!-- fill in -->\n", "---\na: b\n---\n"]
)
def test_a_document_that_is_not_written_is_no_evidence(tmp_path: Path, text: str) -> None:
    (tmp_path / "drill.md").write_text(text, "utf-8")
    assert "says nothing beside titles" in judged(signoff(evidence="drill.md"), folder=tmp_path)
    for written in ("# Drill\n\nAll rows came back.\n", "# Drill\n\n![](a.png)\n", "# Drill\n\n- ok\n"):
        (tmp_path / "drill.md").write_text(written, "utf-8")
        assert judged(signoff(evidence="drill.md"), folder=tmp_path).startswith("signed by")


@pytest.mark.parametrize(
    ("words", "days"),
    [
        *(
            (words, 183)
            for words in ("Semi-annual drill", "bi-annually", "Half-yearly", "twice yearly", "twice a year")
        ),
        *(("Bi-weekly", 14), ("fortnightly", 14), ("every other week", 14), ("bimonthly", 62), ("biweekly", 14)),
        *(("Restored every 6 months", 186), ("every two years", 732), ("every 90 days", 90), ("every quarter", 92)),
        *(("done every week", 7), ("twice weekly", 4), ("once a month", 31), ("three times per week", 3)),
        *(("twice daily", 1), ("Every working week", None), ("every 0 days", None), ("two a day", None)),
        *(("a year ago", None), ("everyday", None), ("Yearly audit of monthly reports", 366)),
    ],
)
def test_words_with_a_number_set_the_cadence(words: str, days: int | None) -> None:
    assert cadence(f"# T\n\n## S\n\n- [ ] {words}\n") == days


def cadence(text: str, valid_days: int | None = None) -> int | None:
    checklist = parse_checklist(text, Path("c.md"))
    section = checklist.sections[0]
    rule = SignoffRule(role="ops", valid_days=valid_days)
    return with_cadence(rule, section.items[0], section).valid_days


def test_the_nearest_word_wins_and_valid_over_all() -> None:
    text = "# Yearly\n\n## Weekly\n\n### {}\n\n- [ ] {}\n"
    assert cadence(text.format("S", "Review daily")) == 1
    assert cadence(text.format("S", "Review")) == 7
    assert cadence(text.format("Monthly", "Review")) == 31
    assert cadence("# Yearly\n\n## S\n\n- [ ] Review\n") == 366
    assert cadence("# T\n\n## S\n\n- [ ] The dailys are read\n") is None
    assert cadence(text.format("S", "Review daily"), valid_days=90) == 90


# What git knows


class Repository:
    """A git repository whose settings are its own."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        folder.mkdir()
        monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
        monkeypatch.setenv("GIT_CONFIG_SYSTEM", os.devnull)
        self.git("init", "-q")

    def git(self, *arguments: str, **environment: str) -> str:
        done = subprocess.run(
            ["git", "-C", str(self.folder), *arguments],
            env={**os.environ, **environment},
            check=True,
            capture_output=True,
            text=True,
            timeout=patient(30),
        )
        return done.stdout

    def commit(self, mail: str, *options: str, name: str = "Somebody", when: str = "2026-03-01T12:00:00Z") -> None:
        who = {"NAME": name, "EMAIL": mail, "DATE": when}
        people = {f"GIT_{role}_{key}": value for role in ("AUTHOR", "COMMITTER") for key, value in who.items()}
        self.git("add", "-A")
        self.git("commit", "-q", "-m", "change", *options, **people)


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repository:
    return Repository(tmp_path / "repository", monkeypatch)


def entry(by: str, on: str = "2026-03-01") -> str:
    return f"  - item: s/i\n    by: {by}\n    role: ops\n    on: {on}\n"


def signed(folder: Path, proof: Proof) -> list[str]:
    """Why the author of each sign-off is not shown, in the order of the file."""
    found = read_people(folder / "signoffs.yaml", None, KnownItems({"s/i": ["c:s/i"]}), proof)
    return [each.author for each in found.signoffs["c:s/i"]]


def test_the_author_of_the_line_must_be_who_signs(repository: Repository) -> None:
    path = repository.folder / "signoffs.yaml"
    path.write_text("signoffs:\n" + entry(OPS[0]), "utf-8")
    assert signed(repository.folder, "none") == [""]
    repository.git(
        "commit",
        "-q",
        "--allow-empty",
        "-m",
        "first",
        "--author=X <x@example.com>",
        GIT_COMMITTER_NAME="X",
        GIT_COMMITTER_EMAIL="x@example.com",
    )
    assert "no such path" in signed(repository.folder, "author")[0]
    repository.commit("A@example.com")
    assert signed(repository.folder, "author") == [""]
    path.write_text(path.read_text("utf-8") + entry(OPS[1]), "utf-8")
    assert signed(repository.folder, "author") == ["", "it is not committed yet, so its author cannot be proven"]
    repository.commit(OPS[0], name="Person A")
    ours, other = signed(repository.folder, "author")
    assert ours == ""
    assert other.startswith("the commit ")
    assert other.endswith(" that wrote it is by Person A <a@example.com>")
    path.write_text(path.read_text("utf-8") + entry("Person A"), "utf-8")
    repository.commit("elsewhere@example.com", name="Person A")
    assert signed(repository.folder, "author")[2] == ""


def test_evidence_without_a_digest_is_what_it_was_when_it_was_signed(repository: Repository) -> None:
    path, drill = repository.folder / "people" / "signoffs.yaml", repository.folder / "drill.md"
    path.parent.mkdir()
    path.write_text("signoffs:\n" + entry(OPS[0]) + "    evidence: ../drill.md\n", "utf-8")
    drill.write_text("All rows came back.\n", "utf-8")
    repository.commit(OPS[0])
    assert signed(path.parent, "author") == [""]
    drill.write_text("Half of the rows came back.\n", "utf-8")
    (doubt,) = signed(path.parent, "author")
    assert doubt.startswith("its evidence ../drill.md has changed since it was signed; sign it again with its sha256")
    repository.commit(OPS[1])
    assert signed(path.parent, "author") == [doubt]
    assert signed(path.parent, "none") == [""]
    drill.write_text("All rows came back.\n", "utf-8")
    repository.commit(OPS[1])
    assert signed(path.parent, "author") == [""]
    path.write_text("signoffs:\n" + entry(OPS[0]) + "    evidence: https://example.com/drill\n", "utf-8")
    repository.commit(OPS[0])
    assert signed(path.parent, "author") == [""]
    path.write_text("signoffs:\n" + entry(OPS[0]) + f"    evidence: ../late.md\n    sha256: {'a' * 64}\n", "utf-8")
    repository.commit(OPS[0])
    assert signed(path.parent, "author") == [""]
    path.write_text("signoffs:\n" + entry(OPS[0]) + "    evidence: ../later.md\n", "utf-8")
    repository.commit(OPS[0])
    (repository.folder / "later.md").write_text("Whatever.\n", "utf-8")
    repository.commit(OPS[1])
    assert "its evidence ../later.md was not there in the commit" in signed(path.parent, "author")[0]


def test_accents_are_the_same_however_they_are_written() -> None:
    assert same_person("Ren\u00e9", "Rene\u0301")
    assert may_be_one("Ren\u00e9 <r@example.com>", "Rene\u0301")
    assert not same_person("Rene", "Ren\u00e9")


def test_a_pointer_of_git_lfs_is_no_evidence(tmp_path: Path) -> None:
    text = f"version https://git-lfs.github.com/spec/v1\noid sha256:{'0' * 64}\nsize 12345\n"
    (tmp_path / "drill.pdf").write_text(text, "utf-8")
    found = judged(signoff(evidence="drill.pdf"), folder=tmp_path)
    assert found.endswith("is a pointer of Git LFS and not the file itself; fetch that ('git lfs pull')")


@pytest.mark.parametrize("line", ["by: a@example.com", "on: 2026-03-01", "role: ops"])
def test_a_line_that_somebody_else_changed_is_not_the_authors(repository: Repository, line: str) -> None:
    path = repository.folder / "signoffs.yaml"
    path.write_text("signoffs:\n" + entry(OPS[0]) + "    expires: 2026-04-01\n", "utf-8")
    repository.commit(OPS[0])
    assert signed(repository.folder, "author") == [""]
    path.write_text(path.read_text("utf-8").replace(line, f"{line} # changed"), "utf-8")
    repository.commit(OPS[1])
    assert OPS[1] in signed(repository.folder, "author")[0]


SOMEBODY = {
    f"GIT_{role}_{key}": value
    for role in ("AUTHOR", "COMMITTER")
    for key, value in (("NAME", "Somebody"), ("EMAIL", OPS[0]))
}
ENTRY = entry(OPS[0]) + "    expires: 2026-04-01\n    note: >\n      after the drill\n      of March\n"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("    expires: 2026-04-01\n", ""),
        ("      of March\n", ""),
        ("of March", "of February"),
        ("of March\n", "of March\n      and April\n"),
    ],
)
def test_a_line_that_somebody_else_took_away_is_noticed(repository: Repository, before: str, after: str) -> None:
    path = repository.folder / "signoffs.yaml"
    path.write_text("signoffs:\n" + ENTRY, "utf-8")
    repository.commit(OPS[0])
    assert signed(repository.folder, "author") == [""]
    path.write_text(path.read_text("utf-8").replace(before, after), "utf-8")
    for committed in (False, True):
        if committed:
            repository.commit(OPS[1])
        (why,) = signed(repository.folder, "author")
        assert why.startswith("it no longer says what a@example.com committed in ")
        assert why.endswith(": a line was changed or taken away since")
    path.write_text(path.read_text("utf-8").replace("on: 2026-03-01", "on: 2026-03-02"), "utf-8")
    repository.commit(OPS[0])
    assert signed(repository.folder, "author") == [""]


def test_what_the_signer_took_away_and_what_stands_elsewhere_is_no_doubt(repository: Repository) -> None:
    path = repository.folder / "signoffs.yaml"
    path.write_text("signoffs:\n" + ENTRY, "utf-8")
    repository.commit(OPS[0])
    path.write_text(path.read_text("utf-8").replace("2026-04-01", "2026-04-02"), "utf-8")
    repository.commit(OPS[0])
    path.write_text("# Who signed\nsignoffs:\n" + entry(OPS[1]) + path.read_text("utf-8").partition("\n")[2], "utf-8")
    repository.commit(OPS[1])
    (repository.folder / "people").mkdir()
    repository.git("mv", "signoffs.yaml", "people/signoffs.yaml")
    repository.commit(OPS[1])
    assert signed(repository.folder / "people", "author") == ["", ""]
    by = entry("Ann <A@example.com>", on="2026-03-03")
    moved = repository.folder / "people" / "signoffs.yaml"
    moved.write_text(moved.read_text("utf-8") + by, "utf-8")
    repository.commit(OPS[0], name="Ann")
    assert signed(repository.folder / "people", "author") == ["", "", ""]


def test_a_history_that_is_cut_off_proves_nobody(repository: Repository, tmp_path: Path) -> None:
    drill = repository.folder / "drill.md"
    drill.write_text("All rows came back.\n", "utf-8")
    path = repository.folder / "signoffs.yaml"
    path.write_text("signoffs:\n" + entry(OPS[0]), "utf-8")
    repository.commit(OPS[1], when="2020-03-01T12:00:00Z")
    (repository.folder / "other").touch()
    repository.commit(OPS[0])
    shallow = tmp_path / "shallow"
    repository.git("clone", "-q", "--depth", "1", repository.folder.as_uri(), str(shallow))
    (why,) = signed(shallow, "author")
    assert why.startswith("who wrote it is not known before the commit ")
    assert why.endswith(": the history is cut off here; fetch all of it (fetch-depth: 0, or git fetch --unshallow)")
    said = judged(signoff(evidence="drill.md"), rule={"evidence": EvidenceRule(max_age_days=30)}, folder=shallow)
    assert "the age of its evidence drill.md is not known: what was before the commit " in said
    assert "fetch-depth: 0" in said
    # What is written since is known.
    with (shallow / "signoffs.yaml").open("a", encoding="utf-8") as file:
        file.write(entry(OPS[1]))
    other = Repository.__new__(Repository)
    other.folder = shallow
    other.commit(OPS[1])
    cut_off, known = signed(shallow, "author")
    assert "is cut off here" in cut_off
    assert known == ""


@pytest.mark.parametrize(
    "way", ["mailmap", "mailmap.file", "mailmap.blob", "ignored", "replaced", "grafted", "textconv"]
)
def test_no_setting_of_the_repository_shows_another_author(repository: Repository, way: str) -> None:
    path = repository.folder / "signoffs.yaml"
    path.write_text("signoffs:\n" + ENTRY, "utf-8")
    repository.commit(OPS[0])
    path.write_text(path.read_text("utf-8").replace("2026-04-01", "2026-09-01"), "utf-8")
    repository.commit(OPS[1])
    wrong = repository.git("rev-parse", "HEAD")
    mapped = "Ann <a@example.com> <b@example.com>\n"
    if way == "mailmap":
        (repository.folder / ".mailmap").write_text(mapped, "utf-8")
    elif way == "mailmap.file":
        (repository.folder / ".git" / "map").write_text(mapped, "utf-8")
        repository.git("config", "mailmap.file", str(repository.folder / ".git" / "map"))
    elif way == "mailmap.blob":
        (repository.folder / "map").write_text(mapped, "utf-8")
        repository.commit(OPS[1])
        repository.git("config", "mailmap.blob", "HEAD:map")
    elif way == "ignored":
        (repository.folder / ".git-blame-ignore-revs").write_text(wrong, "utf-8")
        repository.git("config", "blame.ignoreRevsFile", ".git-blame-ignore-revs")
        repository.git("config", "blame.markIgnoredLines", "true")
    elif way in ("replaced", "grafted"):
        repository.git("commit", "-q", "--amend", "--no-edit", "--author=Ann <a@example.com>", **SOMEBODY)
        right = repository.git("rev-parse", "HEAD").strip()
        repository.git("reset", "-q", "--hard", wrong.strip())
        if way == "replaced":
            repository.git("replace", wrong.strip(), right)
        else:
            (repository.folder / "later.md").touch()
            repository.commit(OPS[0])
            grafts = repository.folder / ".git" / "info" / "grafts"
            grafts.parent.mkdir(exist_ok=True)
            grafts.write_text(f"{repository.git('rev-parse', 'HEAD').strip()} {right}\n", "utf-8")
    else:
        (repository.folder / ".gitattributes").write_text("*.yaml diff=sway\n", "utf-8")
        repository.git("config", "diff.sway.textconv", "sed s/2026-09-01/2026-04-01/")
    repository.git("add", "-A")
    if way in ("mailmap", "ignored", "textconv"):
        repository.commit(OPS[0])
    assert signed(repository.folder, "author")[0].endswith(" that wrote it is by Somebody <b@example.com>")


def test_without_a_repository_no_author_is_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "signoffs.yaml").write_text("signoffs:\n" + entry(OPS[0]), "utf-8")
    assert signed(tmp_path, "author")[0].startswith("its author could not be determined: ")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert signed(tmp_path, "author") == ["its author could not be determined: git is not installed"]


def test_a_doubtful_author_does_not_count() -> None:
    assert judged(signoff(), author="it is not committed yet").endswith("does not count: it is not committed yet")


def test_a_signature_must_be_good_and_trusted(repository: Repository, tmp_path: Path) -> None:
    keys = tmp_path / "keys"
    keys.mkdir()
    for name in ("known", "stranger"):
        command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", str(keys / name)]
        subprocess.run(command, check=True, timeout=patient(30))
    public = (keys / "known.pub").read_text("utf-8")
    (keys / "allowed").write_text(f'a@example.com namespaces="git" {public}', "utf-8")
    repository.git("config", "gpg.format", "ssh")
    repository.git("config", "gpg.ssh.allowedSignersFile", str(keys / "allowed"))
    repository.git("config", "user.signingKey", str(keys / "known"))
    path = repository.folder / "signoffs.yaml"
    path.write_text("signoffs:\n" + entry(OPS[0]), "utf-8")
    repository.commit(OPS[0], "-S")
    assert signed(repository.folder, "signature") == [""]
    path.write_text(path.read_text("utf-8") + entry(OPS[0]), "utf-8")
    repository.commit(OPS[0])
    assert signed(repository.folder, "signature")[1].endswith(" that wrote it is not signed")
    assert signed(repository.folder, "author") == ["", ""]
    repository.git("config", "user.signingKey", str(keys / "stranger"))
    path.write_text(path.read_text("utf-8") + entry(OPS[0]), "utf-8")
    repository.commit(OPS[0], "-S")
    assert signed(repository.folder, "signature")[2].endswith(" is signed by a key that is not trusted here")


def test_a_trusted_key_of_somebody_else_is_no_signature_of_the_author(repository: Repository, tmp_path: Path) -> None:
    key = tmp_path / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)], check=True, timeout=patient(30))
    allowed = tmp_path / "allowed"
    allowed.write_text(f"b@example.com {(tmp_path / 'key.pub').read_text('utf-8')}", "utf-8")
    for name, value in (
        ("gpg.format", "ssh"),
        ("gpg.ssh.allowedSignersFile", str(allowed)),
        ("user.signingKey", str(key)),
    ):
        repository.git("config", name, value)
    path = repository.folder / "signoffs.yaml"
    path.write_text("signoffs:\n" + entry(OPS[0]), "utf-8")
    repository.commit(OPS[0], "-S")
    assert signed(repository.folder, "signature")[0].endswith(" is signed by b@example.com")


def test_the_age_of_evidence_is_that_of_its_last_commit(repository: Repository) -> None:
    drill = repository.folder / "drill.md"
    drill.write_text("All rows came back.\n", "utf-8")
    os.utime(drill, (0, 0))
    rule = {"evidence": EvidenceRule(max_age_days=30)}
    file = signoff(evidence="drill.md")
    assert "last changed on 1970-01-01" in judged(file, rule=rule, folder=repository.folder)
    repository.commit(OPS[0], when="2026-02-08T23:30:00Z")
    assert judged(file, rule=rule, folder=repository.folder).startswith("signed by")
    drill.write_text("All rows came back!\n", "utf-8")
    repository.commit(OPS[0], when="2026-02-07T23:30:00Z")
    assert judged(file, rule=rule, folder=repository.folder).endswith(
        "drill.md was last changed on 2026-02-07, 31 days ago; at most 30 days allowed"
    )
    drill.write_text("changed, and not committed\n", "utf-8")
    os.utime(drill, (1772000000, 1772000000))
    assert authors.last_change(drill) == date(2026, 2, 25)
    assert judged(file, rule=rule, folder=repository.folder).startswith("signed by")


@pytest.mark.parametrize("way", ["renamed", "copied", "mode", "rebased", "reverted", "merged", "untracked copy"])
def test_evidence_is_as_old_as_what_it_says(repository: Repository, way: str) -> None:
    folder = repository.folder
    drill = folder / "drill.md"
    drill.write_text("All rows came back.\n", "utf-8")
    repository.commit(OPS[0], when="2025-01-31T12:00:00Z")
    name = "drill.md"
    if way == "renamed":
        name = "drill-2026.md"
        drill.rename(folder / name)
    elif way in ("copied", "untracked copy"):
        name = "drill-2026.md"
        (folder / name).write_bytes(drill.read_bytes())
    elif way == "mode":
        drill.chmod(0o755)
    elif way == "rebased":
        repository.git("commit", "-q", "--amend", "--no-edit", **SOMEBODY, GIT_COMMITTER_DATE="2026-03-09T12:00:00Z")
    elif way == "reverted":
        drill.write_text("No rows came back.\n", "utf-8")
        repository.commit(OPS[0], when="2026-03-01T12:00:00Z")
        drill.write_text("All rows came back.\n", "utf-8")
    else:
        repository.git("checkout", "-q", "-b", "side")
        (folder / "other").touch()
        repository.commit(OPS[0], when="2026-03-01T12:00:00Z")
        repository.git("checkout", "-q", "-")
        repository.git("merge", "-q", "--no-ff", "side", "-m", "merge", **SOMEBODY)
    if way not in ("rebased", "merged", "untracked copy"):
        repository.commit(OPS[0], when="2026-03-09T12:00:00Z")
    assert authors.last_change(folder / name) == date(2025, 1, 31)


def test_the_evidence_of_its_age_is_shown(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    (repository.folder / "drill.md").write_text("All rows came back.\n", "utf-8")
    repository.commit(OPS[0], when="2026-03-02T12:00:00Z")
    file, rule = signoff(evidence="drill.md"), {"evidence": EvidenceRule(max_age_days=30)}
    assert judged(file, rule=rule, folder=repository.folder).endswith("…, last changed on 2026-03-02)")
    # In a repository that cannot be asked, the time of the file tells when it was checked out.
    monkeypatch.setenv("PATH", str(repository.folder))
    said = judged(file, rule=rule, folder=repository.folder)
    assert said.endswith("the age of its evidence drill.md is not known: git is not installed")


# Runs

CHECKLIST = """\
# Release

## Papers

- [ ] Runbook covers rollback
- [x] Plan is written

## People

- [ ] Restore is rehearsed
- [ ] Loose end
"""
BINDINGS: dict[str, dict[str, Any]] = {
    "papers": {
        "runbook-covers-rollback": {"check": "docs.sections", "on": "runbook", "sections": ["Rollback"]},
        "plan-is-written": {"check": "docs.present", "on": "plan", "min_words": 3},
    },
    "people": {"restore-is-rehearsed": {"signoff": "ops"}},
}
CONFIGURATION: dict[str, Any] = {
    "checklists": ["release.md"],
    "roles": {"ops": list(OPS)},
    "levels": ["silver", "gold"],
    "signoffs": "signoffs.yaml",
    "waivers": "waivers.yaml",
    "targets": {"prod": {"documents": {"runbook": "runbook.md", "plan": "plan.md"}}},
}


class Project:
    """A project in a folder, run by pytest in a process of its own."""

    def __init__(self, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
        self.pytester = pytester
        self.folder = pytester.path
        monkeypatch.setenv("READINESS_NOW", "2026-03-10T12:00:00Z")
        self.write("release.md", CHECKLIST)
        self.write("runbook.md", "# Runbook\n\n## Rollback\n\nTurn the switch.\n")
        self.write("plan.md", "A plan of five words.\n")
        self.dump("release.checks.yaml", BINDINGS)
        self.people()
        self.configure()

    def write(self, name: str, text: str) -> None:
        (self.folder / name).write_text(text, "utf-8")

    def dump(self, name: str, data: object) -> None:
        self.write(name, json.dumps(data))

    def people(self, signoffs: object = None, waivers: object = None) -> None:
        restore = {"item": "people/restore-is-rehearsed", "by": OPS[0], "role": "ops", "on": "2026-03-01"}
        self.write("signoffs.yaml", _yaml("signoffs", [restore] if signoffs is None else signoffs))
        self.write("waivers.yaml", _yaml("waivers", waivers or []))

    def configure(self, *, policy: object = None, level: str = "", **more: object) -> None:
        target = {**CONFIGURATION["targets"]["prod"], "policy": policy or {"min_score": 0}}
        if level:
            target["level"] = level
        self.dump("readiness.yaml", {**CONFIGURATION, **more, "targets": {"prod": target}})

    def bind(self, section: str, item: str, binding: object) -> None:
        self.dump("release.checks.yaml", {**BINDINGS, section: {**BINDINGS[section], item: binding}})

    def run(self, *options: str) -> pytest.RunResult:
        arguments = ("--readiness-target=prod", "--readiness-out=out", "-p", "no:cacheprovider", *options)
        return self.pytester.runpytest_inprocess(*arguments)

    def verdict(self, *options: str) -> Verdict:
        self.run(*options)
        return outcome_of(read_result(self.folder / "out" / "result.json")).verdict

    def states(self, *options: str) -> dict[str, str]:
        return {item.id.rpartition("/")[2]: item.state for item in self.verdict(*options).items}


def _yaml(key: str, entries: Any) -> str:
    rows = ("  - {" + ", ".join(f"{name}: {value}" for name, value in each.items()) + "}\n" for each in entries)
    return f"{key}:\n{''.join(rows)}"


@pytest.fixture(scope="module", autouse=True)
def _loaded() -> None:
    """Load once what each run in this process would load anew."""
    import pytest_readiness.run.start

    assert pytest_readiness.run.start
    load_catalogue()
    parse_yaml("key: 1", Path("any.yaml"), "any")


@pytest.fixture
def project(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Project:
    return Project(pytester, monkeypatch)


def test_the_project_as_it_is(project: Project) -> None:
    assert project.states() == {
        "runbook-covers-rollback": "passed",
        "plan-is-written": "passed",
        "restore-is-rehearsed": "passed",
        "loose-end": "unverified",
    }


@pytest.mark.parametrize("name", ["release.md", "release.checks.yaml"])
def test_what_says_what_is_asked_is_no_evidence(project: Project, name: str) -> None:
    restore = {"item": "people/restore-is-rehearsed", "by": OPS[0], "role": "ops", "on": "2026-03-01"}
    project.people([{**restore, "evidence": name}])
    assert project.states()["restore-is-rehearsed"] == "unverified"


def test_the_clock_can_be_set(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    restore = {"item": "people/restore-is-rehearsed", "by": OPS[0], "role": "ops", "on": "2026-03-01"}
    project.people([{**restore, "expires": "2026-03-11"}])
    for now, state in (
        ("2026-02-28", "unverified"),
        ("2026-03-11T23:59:59Z", "passed"),
        ("2026-03-12T00:30:00+02:00", "passed"),
        ("2026-03-12", "unverified"),
    ):
        monkeypatch.setenv("READINESS_NOW", now)
        assert project.states()["restore-is-rehearsed"] == state, now
    monkeypatch.setenv("READINESS_NOW", "yesterday")
    ran = project.run()
    assert ran.ret == 4
    ran.stderr.fnmatch_lines(["*READINESS_NOW='yesterday' is not an ISO date*"])


def test_a_quorum_in_a_run(project: Project) -> None:
    project.bind("people", "restore-is-rehearsed", {"signoff": {"role": "ops", "count": 2}})
    assert project.states()["restore-is-rehearsed"] == "unverified"
    restore = {"item": "people/restore-is-rehearsed", "role": "ops", "on": "2026-03-01"}
    project.people([{**restore, "by": who} for who in OPS])
    assert project.states()["restore-is-rehearsed"] == "passed"
    project.bind("people", "restore-is-rehearsed", {"signoff": {"role": "ops", "count": 3}})
    ran = project.run()
    assert ran.ret == 4
    ran.stderr.fnmatch_lines(["*3 must sign, and only 2 in readiness.yaml have the role 'ops'."])


def test_the_author_of_a_signoff_in_a_run(project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    project.configure(signoff_proof="author")
    assert project.states()["restore-is-rehearsed"] == "unverified"
    repository = Repository.__new__(Repository)
    repository.folder = project.folder
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    repository.git("init", "-q")
    repository.commit(OPS[0])
    assert project.states()["restore-is-rehearsed"] == "passed"


def test_an_item_above_the_targets_level_does_not_apply(project: Project) -> None:
    check = BINDINGS["papers"]["runbook-covers-rollback"]
    project.bind("papers", "runbook-covers-rollback", {**check, "level": "gold"})
    for level, state in (("silver", "not applicable"), ("gold", "passed"), ("", "passed")):
        project.configure(level=level)
        assert project.states()["runbook-covers-rollback"] == state, level
    project.bind("papers", ".level", "gold")
    project.configure(level="silver")
    assert project.states()["plan-is-written"] == "not applicable"
    project.dump(
        "release.checks.yaml",
        {**BINDINGS, "papers": {".level": "gold", "runbook-covers-rollback": {**check, "level": "silver"}}},
    )
    assert project.states()["runbook-covers-rollback"] == "passed"


@pytest.mark.parametrize(("section", "item"), [("papers", ".level"), ("papers", "runbook-covers-rollback")])
def test_an_unknown_level_is_a_mistake(project: Project, section: str, item: str) -> None:
    check = BINDINGS["papers"]["runbook-covers-rollback"]
    project.bind(section, item, "golf" if item == ".level" else {**check, "level": "golf"})
    ran = project.run()
    assert ran.ret == 4
    ran.stderr.fnmatch_lines(["*There is no level 'golf' in readiness.yaml. Did you mean 'gold'?"])


def test_what_holds_but_not_strictly_passes_with_a_warning(project: Project) -> None:
    plan = {"check": "docs.present", "on": "plan", "min_words": 3}
    project.bind("papers", "plan-is-written", {**plan, "warn": {"min_words": 10}})
    item = {each.id.rpartition("/")[2]: each for each in project.verdict().items}["plan-is-written"]
    assert item.state == "passed"
    assert "10 words" in item.tests[0].warning
    project.bind("papers", "plan-is-written", {**plan, "warn": {"min_words": 5}})
    item = {each.id.rpartition("/")[2]: each for each in project.verdict().items}["plan-is-written"]
    assert (item.state, item.tests[0].warning) == ("passed", "")
    project.bind("papers", "plan-is-written", {**plan, "min_words": 8, "warn": {"min_words": 10}})
    assert project.states()["plan-is-written"] == "failed"
    for wrong, why in (({}, "'warn' maps parameters"), ({"min_wrds": 1}, "Unknown key 'min_wrds' in 'warn'")):
        project.bind("papers", "plan-is-written", {**plan, "warn": wrong})
        ran = project.run()
        assert ran.ret == 4
        ran.stderr.fnmatch_lines([f"*{why}*"])


def test_the_lowest_score_of_a_section(project: Project) -> None:
    project.configure(policy={"min_score": 0, "sections": {"people": 50}})
    assert project.verdict().go
    project.configure(policy={"min_score": 0, "sections": {"people": 51}})
    verdict = project.verdict()
    assert verdict.reasons == ("section people scores 50.0, below 51",)
    project.configure(policy={"min_score": 0, "sections": {"papers": 100}})
    assert project.verdict().go
    project.configure(policy={"min_score": 0, "sections": {"peple": 50}})
    ran = project.run()
    assert ran.ret == 4
    ran.stderr.fnmatch_lines(["*The policy names the section 'peple', which no checklist has. Did you mean 'people'?"])


def test_the_score_may_fall_by_so_much_only(project: Project) -> None:
    project.configure(policy={"min_score": 0, "max_drop": 10})
    assert project.verdict().reasons == (
        "the policy bounds the drop of the score, and there is no baseline (--readiness-baseline FILE)",
    )
    (project.folder / "out" / "result.json").rename(project.folder / "before.json")
    assert project.verdict("--readiness-baseline=before.json").go
    project.write("plan.md", "\n")
    verdict = project.verdict("--readiness-baseline=before.json")
    assert len(verdict.reasons) == 1
    assert verdict.reasons[0].startswith("the score fell by 25.0 since the baseline of 2026-03-10T12:00:00")
    assert verdict.reasons[0].endswith("; 10 is allowed")
    project.configure(policy={"min_score": 0, "max_drop": 25})
    assert project.verdict("--readiness-baseline=before.json").go


def test_drift(project: Project) -> None:
    waiver = {"item": "papers/runbook-covers-rollback", "reason": "later", "by": OPS[1], "expires": "2026-03-31"}
    expired = {"item": "papers/plan-is-written", "reason": "later", "by": OPS[1], "expires": "2026-03-09"}
    project.people(waivers=[waiver, expired])
    drift = project.verdict().drift
    assert drift.unbound == ("release:people/loose-end",)
    assert drift.needless_waivers == ("release:papers/runbook-covers-rollback", "release:papers/plan-is-written")
    assert drift.expired_waivers == ("release:papers/plan-is-written",)
    assert (drift.ticked, drift.better, drift.worse, drift.new, drift.gone) == ((), (), (), (), ())
    (project.folder / "out" / "result.json").rename(project.folder / "before.json")
    project.write("plan.md", "\n")
    project.people(signoffs=[])
    project.write("release.md", CHECKLIST.replace("Loose end", "New end"))
    drift = project.verdict("--readiness-baseline=before.json").drift
    assert [(change.item, change.after) for change in drift.ticked] == [("release:papers/plan-is-written", "failed")]
    changes = {
        word: [(change.item.rpartition("/")[2], change.before, change.after) for change in getattr(drift, word)]
        for word in ("better", "worse", "new", "gone")
    }
    assert changes == {
        "better": [],
        "worse": [("plan-is-written", "passed", "failed"), ("restore-is-rehearsed", "passed", "unverified")],
        "new": [("new-end", "", "unverified")],
        "gone": [("loose-end", "unverified", "")],
    }
    (project.folder / "out" / "result.json").rename(project.folder / "before.json")
    project.write("plan.md", "A plan of five words.\n")
    better = project.verdict("--readiness-baseline=before.json").drift.better
    assert [(change.item, change.before, change.after) for change in better] == [
        ("release:papers/plan-is-written", "failed", "passed")
    ]


def test_a_waived_item_still_runs_and_does_not_count(project: Project) -> None:
    waiver = {"item": "papers/plan-is-written", "reason": "later", "by": OPS[1], "expires": "2026-03-10"}
    project.write("plan.md", "\n")
    assert project.states()["plan-is-written"] == "failed"
    project.people(waivers=[waiver])
    verdict = project.verdict()
    found = {item.id.rpartition("/")[2]: (item.state, item.weight) for item in verdict.items}
    assert found["plan-is-written"] == ("waived", 0.0)
    project.people(waivers=[{**waiver, "expires": "2026-03-09"}])
    assert project.states()["plan-is-written"] == "failed"


def test_entries_that_fit_no_item_are_mistakes(tmp_path: Path) -> None:
    path = tmp_path / "signoffs.yaml"
    path.write_text("signoffs:\n" + entry(OPS[0]).replace("s/i", "s/j"), "utf-8")
    with pytest.raises(ProblemsError, match=r"signoffs\.yaml:2: No checklist has an item 's/j'\. Did you mean 's/i'"):
        read_people(path, None, KnownItems({"s/i": ["c:s/i"]}))


def test_waivers_are_proven_as_signoffs_are(repository: Repository) -> None:
    path = repository.folder / "waivers.yaml"
    items = KnownItems({"s/i": ["c:s/i"]})
    text = f"waivers:\n  - {{item: s/i, reason: REASON, by: {OPS[0]}, expires: 2026-04-01}}\n"
    for reason, author, why in (
        ("a", OPS[1], "that wrote it is by"),
        ("b", OPS[0], ""),
        ("c", "", "not committed yet"),
    ):
        path.write_text(text.replace("REASON", reason), "utf-8")
        assert read_people(None, path, items, "none").waivers
        if author:
            repository.commit(author)
        decisions = read_people(None, path, items, "author")
        assert bool(decisions.waivers) == (not why)
        assert why in "".join(decisions.refused.get("c:s/i", ()))
        assert decisions.asked["c:s/i"]


def test_a_text_cannot_pretend_to_be_gits_account(repository: Repository) -> None:
    faked = "x\u2028author-mail <a@example.com>\u2028\t"
    text = f'signoffs:\n  - {{item: s/i, by: {OPS[0]}, role: ops, on: 2026-03-01, note: "{faked}"}}\n'
    (repository.folder / "signoffs.yaml").write_text(text, "utf-8")
    repository.commit(OPS[1])
    assert OPS[1] in signed(repository.folder, "author")[0]


def test_a_waiver_is_needed_where_any_test_of_the_item_needs_it(project: Project) -> None:
    waiver = {"item": "papers/plan-is-written", "reason": "later", "by": OPS[1], "expires": "2026-03-31"}
    project.people(waivers=[waiver])
    rollback = {"check": "docs.sections", "sections": ["Nope"]}
    project.write("plan.md", "A plan of many words. " * 9)
    project.bind("papers", "plan-is-written", ["docs.present", rollback])
    verdict = project.verdict()
    (item,) = (item for item in verdict.items if item.id == "release:papers/plan-is-written")
    assert {test.state for test in item.tests} == {"passed", "waived"}
    assert not any("no longer needed" in test.warning for test in item.tests)
    assert verdict.drift.needless_waivers == ()
    part = project.verdict("-k", "docs.present")
    assert all("no longer needed" not in test.warning for item in part.items for test in item.tests)
    assert part.drift.needless_waivers == ()


def test_what_was_not_read_and_what_changed_is_told(project: Project) -> None:
    waiver = {"item": "papers/plan-is-written", "reason": "later", "by": OPS[1], "expires": "2026-03-31"}
    project.people(waivers=[{**waiver, "fingerprint": "'0000000000000000'"}])
    project.write("plan.md", "\n")
    project.write("release.md", f"{CHECKLIST}\n- [] not a box\n")
    told = " ".join(project.run().stdout.str().split())
    assert "release.md: 1 box is not read, line " in told
    assert "waivers.yaml: this entry needs a fresh signature" in told
    assert f"the waiver by {OPS[1]} does not count: what its item says has changed since" in told
    assert len(outcome_of(read_result(project.folder / "out" / "result.json")).verdict.drift.notes) == 3
