"""The bindings of a document are kept in step with it, and nothing that people have said is lost or counts for more."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytest_readiness.bind.answers import proposed_binding, reason_of
from pytest_readiness.bind.file import BindingsFile
from pytest_readiness.bind.proposal import Candidate, Proposal, Suggestion
from pytest_readiness.bind.updating import FollowedEntry, Update, roles_in, update
from tests.bind.documents import DOCUMENT, bindings

SECURE = Candidate((Suggestion("tls.trusted"),), "likely", 0.5, ("certificates",), ("last",))


def proposals(file: BindingsFile, candidate: Candidate | None = SECURE) -> tuple[Proposal, ...]:
    """The same proposal for each item; none for what people know."""
    return tuple(
        Proposal(item, file.checklist.section_of(item), "unsure" if candidate is None else candidate.level)
        if candidate is None or "approved" in item.text
        else Proposal(item, file.checklist.section_of(item), candidate.level, (candidate,))
        for item in file.checklist.leaves()
    )


def updated(folder: Path, text: str | None, document: str = DOCUMENT, **options: bool) -> tuple[str, Update]:
    file = bindings(folder, text, document)
    done = update(file, proposals(file), **options)
    file.write()
    return file.path.read_text("utf-8") if file.path.exists() else "", done


def test_items_without_an_entry_get_one(tmp_path: Path) -> None:
    text, done = updated(tmp_path, "tls:\n  # by hand\n  hsts-is-sent: http.hsts\n")
    entries, confirmed = text.split("\n.confirmed:")
    assert confirmed.count("tls/hsts-is-sent: ") == confirmed.count(": ") == 1
    assert entries == (
        "tls:\n"
        "  certificates-last:  # likely: certificates; not explained: last\n    proposed: tls.trusted\n"
        "  # by hand\n  hsts-is-sent: http.hsts\n"
        '  "no":  # likely: certificates; not explained: last\n    proposed: tls.trusted\n'
        "\nbackups:\n"
        "  backups-are-made:  # likely: certificates; not explained: last\n    proposed: tls.trusted\n"
        "  restore-is-rehearsed:  # likely: certificates; not explained: last\n    proposed: tls.trusted\n"
    )
    assert done.added == ("tls/certificates-last", "tls/no", "backups/backups-are-made", "backups/restore-is-rehearsed")
    assert [each.item.id for each in done.unbound] == ["people/release-is-approved"]
    again, later = updated(tmp_path, text)
    assert (again, later.added) == (text, ())


def test_what_the_document_says_does_not_apply_needs_no_entry(tmp_path: Path) -> None:
    text, done = updated(tmp_path, None)
    assert "tapes" not in text
    assert all("tapes" not in each.item.id for each in done.unbound)


def test_what_is_only_proposed_is_proposed_anew_when_asked(tmp_path: Path) -> None:
    old = (
        "tls:\n  certificates-last:  # unsure: x\n    proposed: tls.chain\n    source: 'a:1'\n"
        "  hsts-is-sent: http.hsts\n"
        "  no:  # was: tls/nope; confirm it\n    proposed: tls.key\n"
    )
    text, done = updated(tmp_path, old)
    assert text.startswith(old)
    assert not done.refreshed
    text, done = updated(tmp_path, old, again=True)
    assert done.refreshed == ("tls/certificates-last",)
    assert text.startswith(
        "tls:\n  certificates-last:  # likely: certificates; not explained: last\n    proposed: tls.trusted\n"
        '    source: "a:1"\n  hsts-is-sent: http.hsts\n  no:  # was: tls/nope; confirm it\n    proposed: tls.key\n'
    )


@pytest.mark.parametrize(
    ("before", "now"),
    [
        ("certificates-last", "The certificates last."),
        ("the-certificates-are-lasting-long", "Certificates have been lasting, LONG"),
        ("back-ups-are-authorised", "Backups are authorized"),
    ],
)
def test_other_spellings_are_followed(tmp_path: Path, before: str, now: str) -> None:
    document = DOCUMENT.replace("Certificates last", now)
    text, done = updated(tmp_path, f"tls:\n  {before}: {{check: tls.expiry}}  # ours\n", document)
    [followed] = done.followed
    assert (followed.old, followed.reworded) == (f"tls/{before}", False)
    assert ": {check: tls.expiry}  # ours\n" in text
    assert "was:" not in text


@pytest.mark.parametrize(
    "now",
    [
        "Certificates of customers last for 30 days",
        "Certificates last for 31 days",
        "Certificates do not last for 30 days",
        "Certificate lasts for 30 days",
    ],
)
def test_what_was_confirmed_for_other_words_is_proposed_again(tmp_path: Path, now: str) -> None:
    document = DOCUMENT.replace("Certificates last", now)
    old = "certificates-last-for-30-days"
    text, done = updated(tmp_path, f"tls:\n  {old}: {{check: tls.expiry, source: 'a:1'}}  # ours\n", document)
    item = next(bindings(tmp_path, text, document).checklist.leaves())
    assert done.followed == (FollowedEntry(f"tls/{old}", item.id, 2, reworded=True),)
    entry = bindings(tmp_path, text, document).entry(item.id)
    assert entry is not None
    assert entry.data == {"proposed": {"check": "tls.expiry"}, "source": "a:1"}
    assert entry.was == f"tls/{old}"
    assert f"# was: tls/{old}, in other words; confirm that it still answers this" in entry.text
    assert "# ours\n" in entry.text
    # And so it stays, whatever is proposed.
    assert updated(tmp_path, text, document, again=True)[0] == text


@pytest.mark.parametrize(
    ("before", "now"),
    [
        ("plain-pages-redirect-to-http", "Plain pages redirect to https"),
        ("plan-a-is-written", "Plan is written"),
        ("a-records-resolve", "Records resolve"),
        ("keys-for-symmetric-ciphers-are-long", "Keys for asymmetric ciphers are long"),
        ("disk-use-is-under-80", "Disk use is under 90"),
        ("disk-use-is-under-80", "Disk use is over 80"),
        ("disk-use-is-under-80", "Disk use is at most 80"),
        ("backups-are-encrypted-daily", "Backups are not encrypted daily"),
        ("all-backups-are-encrypted", "Backups are encrypted"),
        ("servers-db1-and-db2-answer", "Servers db1 and db3 answer"),
        ("roles-of-staff-are-active", "Roles of staff are inactive"),
    ],
)
def test_no_word_that_matters_is_taken_for_spelling(tmp_path: Path, before: str, now: str) -> None:
    document = DOCUMENT.replace("Certificates last", now)
    text, done = updated(tmp_path, f"tls:\n  {before}: a.b\n", document)
    item = next(bindings(tmp_path, text, document).checklist.leaves())
    assert [(each.new, each.reworded) for each in done.followed] == [(item.id, True)]
    entry = bindings(tmp_path, text, document).entry(item.id)
    assert entry is not None
    assert entry.state == "proposed"


def test_the_nearest_words_are_followed_in_the_same_section_only(tmp_path: Path) -> None:
    document = DOCUMENT.replace("- [ ] HSTS is sent", "- [ ] HSTS is sent by all\n- [ ] HSTS is sent by the shop")
    text, done = updated(tmp_path, "tls:\n  hsts-is-sent-by-shop: a.b\n  restore-is-rehearsed-now: b.c\n", document)
    assert [(each.old, each.new) for each in done.followed] == [
        ("tls/hsts-is-sent-by-shop", "tls/hsts-is-sent-by-the-shop")
    ]
    assert [each.written for each in done.vanished] == ["tls/restore-is-rehearsed-now"]
    assert "  hsts-is-sent-by-the-shop: a.b\n" in text


def test_an_item_that_moved_is_followed_and_confirmed_anew(tmp_path: Path) -> None:
    text, done = updated(tmp_path, "tls:\n  no: a.b\n  backups-are-made: b.c\n")
    assert done.followed == (FollowedEntry("tls/backups-are-made", "backups/backups-are-made", 3, reworded=True),)
    assert "backups:\n  backups-are-made:  # was: tls/backups-are-made, in other words" in text


def test_a_renamed_section_is_followed(tmp_path: Path) -> None:
    old = "# ours\nbackup:\n  # said\n  backups-are-made: a.b\n  restore-is-rehearsed: {signoff: ops}\n"
    text, done = updated(tmp_path, old)
    assert [(each.old, each.new, each.reworded) for each in done.followed] == [
        ("backup/backups-are-made", "backups/backups-are-made", True),
        ("backup/restore-is-rehearsed", "backups/restore-is-rehearsed", True),
    ]
    assert "  # said\n  backups-are-made:  # was: backup/backups-are-made" in text
    text, done = updated(tmp_path, old, DOCUMENT.replace("## Backups", "## The backup"))
    assert [each.reworded for each in done.followed] == [False, False]
    assert old.replace("backup:", "the-backup:").removeprefix("# ours\n") in text


def test_one_of_two_sections_of_that_name_is_confirmed_anew(tmp_path: Path) -> None:
    document = "# R\n\n## Shop\n\n### Web\n\n- [ ] It works\n\n## Desk\n\n### Web\n\n- [ ] It works\n"
    _, done = updated(tmp_path, "web:\n  it-works: a.b\n", document)
    assert [each.reworded for each in done.followed] == [True]


def test_what_only_was_proposed_for_other_words_is_proposed_for_these(tmp_path: Path) -> None:
    document = DOCUMENT.replace("Certificates last", "Certificates last long")
    text, _ = updated(tmp_path, "tls:\n  certificates-last:  # unsure: x\n    proposed: tls.chain\n", document)
    assert "  certificates-last-long:  # likely: certificates; not explained: last\n    proposed: tls.trusted\n" in text


def test_vanished_items_stay_until_they_are_pruned(tmp_path: Path) -> None:
    old = "tls:\n  # long gone\n  something-else: a.b\n  no: b.c\nold:\n  a: b.c\n"
    text, done = updated(tmp_path, old)
    assert [(each.written, each.line) for each in done.vanished] == [("tls/something-else", 3), ("old/a", 6)]
    assert "  # long gone\n  something-else: a.b\n" in text
    text, _ = updated(tmp_path, old, prune=True)
    assert "gone" not in text
    assert "old" not in text


def test_items_that_became_groups_are_named(tmp_path: Path) -> None:
    text, done = updated(tmp_path, "backups:\n  drills: a.b\n")
    assert [each.id for each in done.groups] == ["backups/drills"]
    assert "  drills: a.b\n" in text
    _, done = updated(tmp_path, "backups:\n  drills: {source: 'a:1'}\n")
    assert not done.groups


def test_what_is_proposed_as_bindings_write_it(tmp_path: Path) -> None:
    file = bindings(tmp_path, None)
    item = next(file.checklist.leaves())
    section = file.checklist.section_of(item)

    def proposed(*checks: Suggestion, people_first: bool = False, **more: str) -> object:
        candidates = (Candidate(checks, "likely", 0.4, ("word",)),) if checks else ()
        return proposed_binding(Proposal(item, section, "likely", candidates, people_first=people_first, **more))

    one, two = Suggestion("a.b"), Suggestion("b.c", {"days": 3})
    coming = Suggestion("c.d", coming=True)
    assert proposed() is None
    assert proposed(one) == "a.b"
    assert proposed(one, two) == ["a.b", {"check": "b.c", "days": 3}]
    assert proposed(two, coming) == {"check": "b.c", "days": 3, "missing": "c.d"}
    assert proposed(coming, coming) == {"missing": ["c.d", "c.d"]}
    assert proposed(one, role="ops") == "a.b"
    assert proposed(one, people_first=True, role="ops") == {"signoff": "ops"}
    assert proposed(role="ops", cadence="daily") == {"signoff": "ops", "cadence": "daily"}
    assert proposed(role="ops", cadence="90d") == {"signoff": "ops", "valid": "90d"}
    assert proposed(one, not_applicable="no CDN") == {"not_applicable": "no CDN"}
    for_nothing = (Candidate((one,), "unsure", 0.1, unexplained=("happy",)),)
    assert proposed_binding(Proposal(item, section, "unsure", for_nothing)) is None
    known = (Candidate((one,), "unsure", 0.1, source="starter:tls/hsts"),)
    assert proposed_binding(Proposal(item, section, "unsure", known)) == "a.b"


def test_why_it_is_proposed(tmp_path: Path) -> None:
    file = bindings(tmp_path, None)
    item = next(file.checklist.leaves())
    section = file.checklist.section_of(item)

    def reason(candidate: Candidate | None, **more: str) -> str:
        return reason_of(Proposal(item, section, "sure", (candidate,) if candidate else (), **more))  # type: ignore[arg-type]

    assert reason(SECURE) == "likely: certificates; not explained: last"
    known = Candidate((Suggestion("a.b"),), "sure", 1, source="starter:tls/hsts")
    assert reason(known) == "sure: as in starter:tls/hsts"
    assert reason(None, role="ops") == "sure: only people know"
    assert reason(None, not_applicable="no CDN") == "sure: the document says so"
    many = Candidate((Suggestion("a.b"),), "unsure", 0.1, tuple("abcdefghij"))
    assert reason(many) == "unsure: a, b, c, d, e, f, g, h, …"


def test_roles(tmp_path: Path) -> None:
    text = "tls:\n  no: {proposed: {signoff: ops}}\n  hsts-is-sent: {check: a.b, partial: {role: security}}\n"
    assert roles_in(bindings(tmp_path, text)) == ("ops", "security")


DETAILED = "# R\n\n## Web\n\n- [ ] Primary\n  - [ ] Disk is encrypted\n\n    within 30 days\n"


@pytest.mark.parametrize(
    ("old", "new"),
    [("30 days", "> 30 days"), ("Primary", "Standby"), ("encrypted", "encrypted %"), ("within", "without")],
)
def test_what_was_confirmed_for_other_words_is_only_proposed(tmp_path: Path, old: str, new: str) -> None:
    text, _ = updated(tmp_path, "web:\n  disk-is-encrypted: {check: http.hsts}\n", DETAILED)
    assert "proposed" not in text
    text, done = updated(tmp_path, text, DETAILED.replace(old, new))
    assert [each.reworded for each in done.followed] == [True]
    entry = next(line for line in text.splitlines() if "http.hsts" in line)
    assert "proposed" in entry
    assert ".confirmed" not in text


def test_white_space_changes_nothing(tmp_path: Path) -> None:
    text, _ = updated(tmp_path, "web:\n  disk-is-encrypted: {check: http.hsts}\n", DETAILED)
    again, done = updated(tmp_path, text, DETAILED.replace("is encrypted", "is  encrypted"))
    assert (again, done.followed) == (text, ())
