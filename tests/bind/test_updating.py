"""The bindings of a document are kept in step with it, and nothing that people have said is lost or counts for more."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytest_readiness.bind.answers import proposed_binding, reason_of
from pytest_readiness.bind.file import BindingsFile
from pytest_readiness.bind.proposal import Candidate, Proposal, Suggestion
from pytest_readiness.bind.updating import FollowedEntry, Update, roles_in, update
from pytest_readiness.core.problems import ProblemsError
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


BOTH = (SECURE, Candidate((Suggestion("tls.expiry", {"min_days": 9}),), "unsure", 0.2, ("last",)))


def proposed_again(folder: Path, text: str) -> tuple[str, Update]:
    file = bindings(folder, text)
    items = file.checklist.leaves()
    done = update(file, [Proposal(each, file.checklist.section_of(each), "likely", BOTH) for each in items], again=True)
    file.write()
    return file.path.read_text("utf-8"), done


def test_what_is_only_proposed_is_proposed_anew_when_asked(tmp_path: Path) -> None:
    old = (
        "tls:\n  certificates-last:  # unsure: x\n    proposed: {check: tls.expiry, min_days: 9}\n"
        '    source: "a:1"\n  hsts-is-sent: http.hsts\n'
        "  no:  # was: tls/nope; confirm it\n    proposed: {check: tls.expiry, min_days: 9}\n"
    )
    text, done = updated(tmp_path, old)
    assert text.startswith(old)
    assert not done.refreshed
    text, done = proposed_again(tmp_path, old)
    assert done.refreshed == ("tls/certificates-last",)
    assert text.startswith(
        "tls:\n  certificates-last:  # likely: certificates; not explained: last\n    proposed: tls.trusted\n"
        '    source: "a:1"\n  hsts-is-sent: http.hsts\n'
        "  no:  # was: tls/nope; confirm it\n    proposed: {check: tls.expiry, min_days: 9}\n"
    )


@pytest.mark.parametrize(
    "entry",
    [
        "  # ask the owner\n  certificates-last:  # unsure: x\n    proposed: {check: tls.expiry, min_days: 9}\n",
        "  certificates-last:  # unsure: x  # ask\n    proposed: {check: tls.expiry, min_days: 9}\n",
        "  certificates-last:  # unsure: x\n    proposed: {check: tls.expiry, min_days: 9}  # ask\n",
        "  certificates-last:  # unsure: x\n    # ask\n    proposed: {check: tls.expiry, min_days: 9}\n",
        "  certificates-last:  # unsure: x\n    proposed:\n      check: tls.expiry\n      min_days: 9  # ask\n",
        "  certificates-last: {proposed: {check: tls.expiry, min_days: 9}}\n",
        "  certificates-last:  # unsure: x\n    proposed: {check: tls.expiry, min_days: 45}\n",
        "  certificates-last:  # unsure: x\n    proposed: tls.chain\n",
    ],
)
def test_what_a_person_has_changed_in_a_proposal_is_not_proposed_anew(tmp_path: Path, entry: str) -> None:
    text, done = proposed_again(tmp_path, f"tls:\n{entry}")
    assert text.startswith(f"tls:\n{entry}")
    assert [each.written for each in done.kept] == ["tls/certificates-last"]
    assert not done.refreshed


@pytest.mark.parametrize(
    ("before", "now"),
    [
        ("certificates-last", "The certificates last."),
        ("the-certificates-are-lasting-long", "Certificates have been lasting, LONG"),
        ("back-ups-are-authorised", "Backups are authorized"),
        ("backups-are-labelled", "The “back-ups” are labeled!"),
        ("nonroot-users", "Please – non-root users"),
        ("users-can-log-in", "Users can login."),
    ],
)
def test_other_spellings_are_followed(tmp_path: Path, before: str, now: str) -> None:
    document = DOCUMENT.replace("Certificates last", now)
    text, done = updated(tmp_path, f"tls:\n  {before}: {{check: tls.expiry}}  # ours\n", document)
    [followed] = done.followed
    assert (followed.old, followed.how) == (f"tls/{before}", "renamed")
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
    assert done.followed == (FollowedEntry(f"tls/{old}", item.id, 2, "re-worded"),)
    entry = bindings(tmp_path, text, document).entry(item.id)
    assert entry is not None
    assert entry.data == {"proposed": {"check": "tls.expiry", "source": "a:1"}}
    assert entry.was == f"tls/{old}"
    assert f"# was: tls/{old}, in other words; confirm that it still answers this" in entry.text
    assert "# ours\n" in entry.text
    # And so it stays, whatever is proposed.
    assert updated(tmp_path, text, document, again=True)[0] == text


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (
            "    all:\n    - check: tls.expiry\n      min_days: 45  # OPS-7\n\n    # both\n    - 'tls.chain'\n",
            "    proposed:\n      all:\n      - check: tls.expiry\n        min_days: 45  # OPS-7\n\n"
            "      # both\n      - 'tls.chain'\n",
        ),
        ("  - tls.expiry   # a\n  - tls.chain\n", "    proposed:\n    - tls.expiry   # a\n    - tls.chain\n"),
        (
            " {check: tls.expiry, min_days: 0x1F4}  # ours\n",
            "    proposed: {check: tls.expiry, min_days: 0x1F4}  # ours\n",
        ),
        (" &t {check: a.b,\n    # in it\n    c: 1}\n", "    proposed: &t {check: a.b,\n      # in it\n      c: 1}\n"),
        (
            "    not_applicable: >-\n      there is\n      no such\n\n      thing\n",
            "    proposed:\n      not_applicable: >-\n        there is\n        no such\n\n        thing\n",
        ),
        (" |2\n     text\n    more\n", "    proposed: |2\n       text\n      more\n"),
        (' "a.b"\n', '    proposed: "a.b"\n'),
    ],
)
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_what_is_proposed_again_stands_as_it_was_written(tmp_path: Path, old: str, new: str, end: str) -> None:
    document = DOCUMENT.replace("Certificates last", "Certificates last long")
    start = "tls:\n  # said\n  certificates-last:"
    block = old.startswith("  ")
    text = f"{start}{'   # why' if block else ''}{end if block else ''}{old}\n  hsts-is-sent: b.c\n".replace("\n", end)
    file = bindings(tmp_path, text.replace("\r\r", "\r"), document)
    update(file, proposals(file))
    why = "was: tls/certificates-last, in other words; confirm that it still answers this"
    key = f"  # {why}\n  certificates-last-long:  # why\n" if block else f"  certificates-last-long:  # {why}\n"
    assert file.text.startswith(f"tls:\n  # said\n{key}{new}\n  hsts-is-sent: b.c\n".replace("\n", end))


def test_what_an_alias_refers_to_is_proposed_as_it_is(tmp_path: Path) -> None:
    document = DOCUMENT.replace("Certificates last", "Certificates last long").replace(
        "HSTS is sent", "HSTS is sent now"
    )
    text, _ = updated(tmp_path, "tls:\n  certificates-last: &t {check: a.b}\n  hsts-is-sent: *t\n", document)
    assert "    proposed: &t {check: a.b}\n" in text
    assert "    proposed: *t\n" in text


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
        ("lag-is-below-30-s", "Lag is below 3.0 s"),
        ("lag-is-below-2-5-s", "Lag is below 25 s"),
        ("kept-for-365-days", "Kept for 36.5 days"),
        ("tls-1-2-is-on", "TLS 12 is on"),
        ("version-is-1-2-3", "Version is 1.23"),
        ("lag-under-1-5-s", "Lag under 15 s"),
        ("range-10-20-is-blocked", "Range 1020 is blocked"),
        ("host-10-0-1-12-is-up", "Host 10.0.11.2 is up"),
        ("ports-80-443-are-open", "Ports 80443 are open"),
        ("ports-80-443-are-open", "The ports 80/443 are open"),
        ("name-a-b-is-set", "Name AB is set"),
        ("data-is-nowhere-stored", "Data is now here stored"),
        ("the-job-is-not-able-to-write", "The job is notable to write"),
        ("cookies-are-in-secure-storage", "Cookies are insecure storage"),
        ("errors-are-below-one", "The errors are below one %"),
        ("errors-are-below-one", "The errors are below one €"),
        ("errors-are-below-1", "The errors are below 1"),
        ("switch-is-on-off", "The switch is on/off"),
        ("alerts-have-been-tested", "Alerts have to be tested"),
        ("alerts-are-tested", "Alerts are being tested"),
        ("all-forms-are-planned", "All forms are planed"),
    ],
)
def test_no_word_that_matters_is_taken_for_spelling(tmp_path: Path, before: str, now: str) -> None:
    document = DOCUMENT.replace("Certificates last", now)
    text, done = updated(tmp_path, f"tls:\n  {before}: a.b\n", document)
    item = next(bindings(tmp_path, text, document).checklist.leaves())
    assert [(each.new, each.how) for each in done.followed] == [(item.id, "re-worded")]
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
    assert done.followed == (FollowedEntry("tls/backups-are-made", "backups/backups-are-made", 3, "moved"),)
    assert "backups:\n  backups-are-made:  # was: tls/backups-are-made, in another place" in text


def test_a_renamed_section_is_followed(tmp_path: Path) -> None:
    old = "# ours\nbackup:\n  # said\n  backups-are-made: a.b\n  restore-is-rehearsed: {signoff: ops}\n"
    text, done = updated(tmp_path, old)
    assert [(each.old, each.new, each.how) for each in done.followed] == [
        ("backup/backups-are-made", "backups/backups-are-made", "moved"),
        ("backup/restore-is-rehearsed", "backups/restore-is-rehearsed", "moved"),
    ]
    assert "  # said\n  backups-are-made:  # was: backup/backups-are-made" in text
    text, done = updated(tmp_path, old, DOCUMENT.replace("## Backups", "## The backup"))
    assert [each.how for each in done.followed] == ["renamed", "renamed"]
    assert old.replace("backup:", "the-backup:").removeprefix("# ours\n") in text


TWICE = "# R\n\n## A\n\n### TLS\n\n- [ ] It lasts\n\n## B\n\n### TLS\n\n- [ ] It lasts\n"


def test_an_id_that_is_shorter_without_its_namesake_is_followed_by_its_path(tmp_path: Path) -> None:
    old = "a-tls:\n  it-lasts: a.b\n\nb-tls:\n  it-lasts: b.c  # ours\n"
    for gone in ("A", "B"):
        head, first, second = TWICE.partition("## A")[0], *TWICE[5:].split("\n## B")
        document = f"{head}## B{second}" if gone == "A" else f"{head}{first}"
        text, done = updated(tmp_path, old, document, prune=True)
        kept = "  it-lasts: b.c  # ours\n" if gone == "A" else "  it-lasts: a.b\n"
        assert text.partition("\n.confirmed:")[0].strip("\n") == f"tls:\n{kept}".strip("\n")
        assert [each.how for each in done.followed] == ["renamed"]
        assert [each.written for each in done.vanished] == [f"{gone.lower()}-tls/it-lasts"]


def test_a_namesake_that_came_is_not_taken_for_what_was_bound(tmp_path: Path) -> None:
    text, done = updated(tmp_path, "tls:\n  it-lasts: a.b\n", TWICE)
    assert [each.how for each in done.followed] == ["moved"]
    file = bindings(tmp_path, text, TWICE)
    assert [entry.state for entry in file.entries().values()] == ["proposed", "proposed"]


def test_what_an_item_said_when_it_was_confirmed_tells_namesakes_apart(tmp_path: Path) -> None:
    alone = "# R\n\n## B\n\n### TLS\n\n- [ ] It lasts\n"
    [item] = bindings(tmp_path, None, alone).checklist.items()
    said = f'.confirmed:\n  tls/it-lasts: "{item.fingerprint}"\n'
    text, done = updated(tmp_path, f"tls:\n  it-lasts: a.b\n\n{said}", TWICE)
    assert [(each.new, each.how) for each in done.followed] == [("b-tls/it-lasts", "renamed")]
    file = bindings(tmp_path, text, TWICE)
    assert {id: entry.state for id, entry in file.entries().items()} == {
        "a-tls/it-lasts": "proposed",
        "b-tls/it-lasts": "confirmed",
    }
    grouped = "## S\n\n- [ ] Gggg\n  - [ ] Ok it is\n"
    *_, item = bindings(tmp_path, None, grouped).checklist.items()
    said = f'.confirmed:\n  s/ok-it-is: "{item.fingerprint}"\n'
    document = grouped.replace("Gggg", "Hhhh") + grouped.removeprefix("## S\n\n")
    _, done = updated(tmp_path, f"s:\n  ok-it-is: a.b\n\n{said}", document)
    assert [(each.new, each.how) for each in done.followed] == [("s/gggg-ok-it-is", "renamed")]


def test_what_is_found_by_its_path_and_says_something_else_is_confirmed_anew(tmp_path: Path) -> None:
    detailed = "{0}### TLS\n\n- [ ] It lasts\n  - for {1} days\n\n"
    before = "# R\n\n" + detailed.format("## A\n\n", 30) + detailed.format("## B\n\n", 30)
    text, _ = updated(tmp_path, "a-tls:\n  it-lasts: a.b\n\nb-tls:\n  it-lasts: b.c\n", before)
    assert "proposed" not in text
    for days, how in ((30, "renamed"), (3, "re-worded")):
        _, done = updated(tmp_path, text, "# R\n\n" + detailed.format("## B\n\n", days))
        assert [(each.old, each.how) for each in done.followed] == [("b-tls/it-lasts", how)]


def test_items_of_groups_are_followed_by_their_path(tmp_path: Path) -> None:
    one, two = (f"- [ ] {name}\n  - [ ] Ok it is\n" for name in ("Gggg", "Hhhh"))
    old = "s:\n  gggg-ok-it-is: a.b\n  hhhh-ok-it-is: b.c\n"
    for document, kept in ((f"## S\n\n{two}", "b.c"), (f"## S\n\n{one}", "a.b")):
        text, done = updated(tmp_path, old, document, prune=True)
        assert text.startswith(f"s:\n  ok-it-is: {kept}\n\n.confirmed:")
        assert [each.how for each in done.followed] == ["renamed"]
    text, done = updated(tmp_path, "s:\n  ok-it-is: a.b\n", f"## S\n\n{two}{one}")
    assert [each.how for each in done.followed] == ["moved"]
    assert all(
        entry.state == "proposed" for entry in bindings(tmp_path, text, f"## S\n\n{two}{one}").entries().values()
    )


def test_an_item_that_was_split_is_named_and_the_rest_goes_on(tmp_path: Path) -> None:
    document = "# R\n\n## S\n\n- [ ] Kept for < 30 days\n- [ ] Kept for > 30 days\n- [ ] Other\n"
    old = "s:\n  kept-for-30-days: a.b  # ours\n  lost: b.c\n"
    text, done = updated(tmp_path, old, document)
    assert [each.written for each in done.unclear] == ["s/kept-for-30-days"]
    assert [each.written for each in done.vanished] == ["s/lost"]
    assert done.added == ("s/other",)
    assert not done.unbound
    assert text == f"{old}  other:  # likely: certificates; not explained: last\n    proposed: tls.trusted\n"
    text, _ = updated(tmp_path, old.replace("for-30", "for-over-30"), document)
    assert "kept-for-over-30-days: a.b  # ours\n" in text
    assert "kept-for-under-30-days:  # likely" in text


def test_one_of_two_sections_of_that_name_is_confirmed_anew(tmp_path: Path) -> None:
    document = "# R\n\n## Shop\n\n### Web\n\n- [ ] It works\n\n## Desk\n\n### Web\n\n- [ ] It works\n"
    _, done = updated(tmp_path, "web:\n  it-works: a.b\n", document)
    assert [each.how for each in done.followed] == ["moved"]


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
    assert reason(None, role="ops") == "people: only they know"
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
    assert [each.how for each in done.followed] == ["re-worded"]
    entry = next(line for line in text.splitlines() if "http.hsts" in line)
    assert "proposed" in entry
    assert ".confirmed" not in text


def test_white_space_changes_nothing(tmp_path: Path) -> None:
    text, _ = updated(tmp_path, "web:\n  disk-is-encrypted: {check: http.hsts}\n", DETAILED)
    again, done = updated(tmp_path, text, DETAILED.replace("is encrypted", "is  encrypted"))
    assert (again, done.followed) == (text, ())


def test_what_is_lost_of_what_items_said_is_told(tmp_path: Path) -> None:
    text, _ = updated(tmp_path, "tls:\n  certificates-last: tls.expiry\n  hsts-is-sent: http.hsts\n")
    kept = [line for line in text.splitlines(keepends=True) if not line.startswith("  tls/hsts-is-sent:")]
    again, done = updated(tmp_path, "".join(kept) + "  tls/gone: 0123456789abcdef\n")
    assert [each.written for each in done.unsaid] == ["tls/hsts-is-sent"]
    assert done.strays == ("tls/gone",)
    assert again == text


@pytest.mark.parametrize("written", ["[a]", "yes", "true", "text"])
def test_something_else_in_place_of_what_items_said_is_a_sentence(tmp_path: Path, written: str) -> None:
    with pytest.raises(ProblemsError, match=r"'\.confirmed' maps items to fingerprints"):
        updated(tmp_path, f"tls:\n  hsts-is-sent: http.hsts\n.confirmed: {written}\n")


@pytest.mark.parametrize("written", ["", " {}"])
def test_nothing_in_place_of_what_items_said_is_filled_and_told(tmp_path: Path, written: str) -> None:
    text, done = updated(tmp_path, f"tls:\n  hsts-is-sent: http.hsts\n.confirmed:{written}\n")
    assert "  tls/hsts-is-sent: " in text.partition(".confirmed:")[2]
    assert [each.written for each in done.unsaid] == ["tls/hsts-is-sent"]


@pytest.mark.parametrize(
    ("now", "how"),
    [
        ("- [ ] The site answers\n  - for guests\n", "re-worded"),
        ("- [ ] The site answers\n  - not for guests\n", "re-worded"),
        ("- [ ] Site answers\n  - not for guests\n", "re-worded"),
    ],
)
def test_other_spelling_is_confirmed_anew_where_more_was_said(tmp_path: Path, now: str, how: str) -> None:
    text, _ = updated(tmp_path, "web:\n  site-answers: a.b\n", "## Web\n- [ ] Site answers\n  - for guests\n")
    text, done = updated(tmp_path, text, f"## Web\n{now}")
    assert [each.how for each in done.followed] == [how]
    assert [entry.state for entry in bindings(tmp_path, text, f"## Web\n{now}").entries().values()] == ["proposed"]


@pytest.mark.parametrize("between", ["- [ ] Other\n", "- [ ] Site answers\n  - [ ] for guests\n"])
def test_what_an_item_said_is_kept_while_it_is_gone(tmp_path: Path, between: str) -> None:
    document = "## Web\n- [ ] Site answers\n  - for {}\n- [ ] Last\n"
    text, _ = updated(tmp_path, "web:\n  site-answers: a.b\n", document.format("guests"))
    text, _ = updated(tmp_path, text, f"## Web\n{between}- [ ] Last\n")
    for who, state in (("guests", "confirmed"), ("everyone", "proposed")):
        again, _ = updated(tmp_path, text, document.format(who))
        entry = bindings(tmp_path, again, document.format(who)).entry("web/site-answers")
        assert entry is not None
        assert entry.state == state
