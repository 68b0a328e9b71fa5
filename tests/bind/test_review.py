from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pytest_readiness.bind.proposal import Candidate, NotRead, Suggestion
from pytest_readiness.bind.review import Mode, Pasted
from tests.bind.reviewing import APPROVED, CDN, HSTS, REDIS, RUNBOOK, TLS, Reviewed


@pytest.fixture
def reviewed(tmp_path: Path) -> Reviewed:
    return Reviewed(tmp_path)


def at(reviewed: Reviewed, item: str) -> Reviewed:
    """Go to an item."""
    while reviewed.review.proposal.item.id != item:
        reviewed.press(" ")
    return reviewed


def test_items_come_by_level_and_what_the_document_settles_is_left_out(reviewed: Reviewed) -> None:
    order = [proposal.item.id for proposal in reviewed.review.queue]
    assert order == [TLS, HSTS, REDIS, RUNBOOK, CDN, APPROVED]
    assert reviewed.review.ways() == {"": 6, "not applicable": 1}


def test_a_candidate_is_written_when_it_is_taken(reviewed: Reviewed) -> None:
    reviewed.press("1")
    assert reviewed.written == {TLS: ["tls.versions", "tls.trusted"]}
    assert (reviewed.review.proposal.item.id, reviewed.review.open) == (HSTS, 5)


def test_what_often_belongs_to_it_is_asked(reviewed: Reviewed) -> None:
    at(reviewed, HSTS).press("1")
    assert (reviewed.review.mode, reviewed.review.also, reviewed.written) == (Mode.ALSO, "http.csp", {})
    reviewed.press("x", "1", " ", "y")
    assert (reviewed.review.also, reviewed.written) == ("http.basics", {})
    reviewed.press("n")
    assert reviewed.written == {HSTS: ["http.hsts", "http.csp"]}


def test_one_key_says_that_nothing_more_belongs_to_it(reviewed: Reviewed) -> None:
    at(reviewed, HSTS).press("1", "enter")
    assert reviewed.written == {HSTS: "http.hsts"}
    assert reviewed.review.proposal.item.id == REDIS


def test_what_another_item_is_about_is_not_asked(reviewed: Reviewed) -> None:
    # http.csp is what another item is bound to by now; redis.auth was never asked, as it is proposed for another one.
    at(reviewed, REDIS).press("3")
    reviewed.press("b", "b", "1")
    assert (reviewed.review.mode, reviewed.review.also) == (Mode.ALSO, "http.basics")
    reviewed.press("n")
    assert reviewed.written[HSTS] == "http.hsts"


def test_a_claim_to_come_leaves_the_item_waiting(reviewed: Reviewed) -> None:
    at(reviewed, HSTS).press("1ny")
    at(reviewed, REDIS).press("1")
    assert reviewed.written == {
        HSTS: {"check": "http.hsts", "missing": "http.basics"},
        REDIS: {"missing": "redis.auth"},
    }
    assert reviewed.review.ways()["waiting for a check"] == 2


def test_what_is_begun_can_be_dropped(reviewed: Reviewed) -> None:
    for keys in (("1",), ("1", "y"), ("p",), ("s",), ("n",), ("/",)):
        at(reviewed, HSTS).press(*keys, "escape")
        assert (reviewed.review.mode, reviewed.review.line, reviewed.written) == (Mode.CHOICE, "", {})


@pytest.mark.parametrize(
    ("keys", "value"),
    [
        (("s", "enter"), {"signoff": "owner"}),
        (("s", "2", "enter"), {"signoff": "owner"}),
        (("s", "1", "enter"), {"signoff": "operations"}),
        (("s", "oper", "enter"), {"signoff": "operations"}),
        (("s", "owner", "enter"), {"signoff": "owner"}),
        (("s", "security", "enter", "enter"), {"signoff": "security"}),
    ],
)
def test_a_role_signs(reviewed: Reviewed, keys: tuple[str, ...], value: object) -> None:
    at(reviewed, APPROVED).press(*keys)
    assert reviewed.written == {APPROVED: value}


def test_a_role_that_is_not_listed_is_asked_for_twice(reviewed: Reviewed) -> None:
    at(reviewed, APPROVED).press("s", "ownr", "enter")
    assert reviewed.written == {}
    assert "no role 'ownr'. Did you mean 'owner'? Enter takes it all the same" in reviewed.review.message
    reviewed.press("backspace", "backspace", "ner", "enter")
    assert reviewed.written == {APPROVED: {"signoff": "owner"}}
    assert not reviewed.review.new_roles


def test_nobody_is_no_role(reviewed: Reviewed) -> None:
    reviewed.press("s", "enter")
    assert (reviewed.review.mode, reviewed.written) == (Mode.ROLE, {})
    assert reviewed.review.message == "Say who signs: a number of the list, or the name of a role."


def test_a_part_is_proven_and_a_role_signs_the_rest(reviewed: Reviewed) -> None:
    reviewed.press("p", "2", "owner", "enter")
    at(reviewed, RUNBOOK).press("p", "Rollback, Contacts", "enter", "enter")
    assert reviewed.written == {
        TLS: {"check": "http.hsts", "partial": "owner"},
        RUNBOOK: {
            "check": "docs.sections",
            "sections": ["Rollback", "Contacts"],
            "partial": "operations",
            "cadence": "quarterly",
        },
    }


def test_nobody_is_asked_to_sign_beside_what_is_to_come(reviewed: Reviewed) -> None:
    at(reviewed, REDIS).press("p", "1")
    assert (reviewed.review.mode, reviewed.written) == (Mode.CHOICE, {})
    assert "no check for it yet" in reviewed.review.message
    # Of what belongs to a candidate, that is not asked either.
    at(reviewed, HSTS) if reviewed.review.proposal.item.id == HSTS else reviewed.press("b")
    reviewed.press("p", "n")
    assert reviewed.review.mode is Mode.ROLE


def test_a_number_is_taken_by_enter_alone(tmp_path: Path) -> None:
    reviewed = Reviewed(tmp_path, roles=[f"role{number}" for number in range(1, 13)])
    reviewed.press("s", "1")
    assert (reviewed.review.mode, reviewed.review.line, reviewed.written) == (Mode.ROLE, "1", {})
    reviewed.press("4", "enter")
    assert reviewed.review.message == "The list has no role 14."
    reviewed.press("backspace", "1", "enter")
    assert reviewed.written == {TLS: {"signoff": "role11"}}
    assert reviewed.review.proposal.item.id == HSTS


def test_a_parameter_that_nobody_gave_is_asked(reviewed: Reviewed) -> None:
    at(reviewed, RUNBOOK).press("1")
    assert (reviewed.review.mode, reviewed.review.needed[0].check) == (Mode.VALUE, "docs.sections")
    reviewed.press("[Rollback, Owner]", "enter")
    assert reviewed.written == {RUNBOOK: {"check": "docs.sections", "sections": ["Rollback", "Owner"]}}


def not_read(reviewed: Reviewed, *parameters: str) -> Reviewed:
    """Let the first item say something of these parameters that was not read."""
    notes = tuple(NotRead(name, "about 30 days", "is not clear how it limits") for name in parameters)
    checks = (Suggestion("tls.trusted"), Suggestion("tls.expiry", not_read=notes))
    first, *rest = reviewed.review.queue
    reviewed.review.queue = (replace(first, candidates=(Candidate(checks, "likely", 0.5, ("is",)),)), *rest)
    return reviewed


def test_a_limit_that_was_not_read_is_asked_before_it_is_left_out(reviewed: Reviewed) -> None:
    not_read(reviewed, "min_days", "path").press("1")
    suggestion, parameter = reviewed.review.needed
    assert (reviewed.review.mode, suggestion.check, parameter.name) == (Mode.VALUE, "tls.expiry", "min_days")
    reviewed.press("30", "enter")
    assert (reviewed.review.needed[1].name, reviewed.written) == ("path", {})
    # Enter alone keeps what the check takes by itself.
    reviewed.press("enter")
    assert reviewed.written == {TLS: ["tls.trusted", {"check": "tls.expiry", "min_days": "30"}]}


def test_a_limit_that_was_not_read_may_stay_what_it_is(reviewed: Reviewed) -> None:
    not_read(reviewed, "min_days").press("p", "enter", "1", "enter")
    assert reviewed.written == {TLS: {"all": ["tls.trusted", "tls.expiry"], "partial": "operations"}}


def test_what_the_item_does_not_speak_of_is_not_asked(reviewed: Reviewed) -> None:
    not_read(reviewed).press("1")
    assert reviewed.written == {TLS: ["tls.trusted", "tls.expiry"]}


def test_a_parameter_that_is_too_long_for_a_line_is_written_in_an_editor(reviewed: Reviewed) -> None:
    at(reviewed, RUNBOOK).press("1", "enter")
    draft = {"check": "docs.sections", "sections": None}
    assert (reviewed.review.mode, reviewed.review.draft, reviewed.written) == (Mode.EDITOR, draft, {})
    reviewed.review.edited("", None)
    reviewed.press("p", "enter")
    assert reviewed.review.draft == {**draft, "partial": "operations", "cadence": "quarterly"}


def test_a_parameter_that_cannot_be_read_is_told(reviewed: Reviewed) -> None:
    at(reviewed, RUNBOOK).press("1", "a, {b", "enter")
    assert (reviewed.review.mode, reviewed.written) == (Mode.VALUE, {})
    assert reviewed.review.message == "That cannot be read: a brace"


@pytest.mark.parametrize("text", ["", "   ", "TODO", "n/a", "???", "s", "yes", " ok. "])
def test_a_reason_that_says_nothing_is_refused(reviewed: Reviewed, text: str) -> None:
    reviewed.press("n", Pasted(text), "enter")
    assert (reviewed.review.mode, reviewed.written) == (Mode.REASON, {})
    assert reviewed.review.message == "That is no reason: say why the item does not apply."


def test_the_reason_of_the_document_is_offered(reviewed: Reviewed) -> None:
    at(reviewed, CDN).press("n", "enter")
    reviewed.press("b", "n", "clear", "no files are served", "enter")
    assert reviewed.written == {CDN: {"not_applicable": "no files are served"}}


def test_words_find_other_candidates(reviewed: Reviewed) -> None:
    reviewed.press("/", "csp", "enter")
    assert [each.checks[0].check for each in reviewed.review.candidates] == ["http.csp"]
    reviewed.press("/", "nothing such", "enter")
    assert reviewed.review.message == "Nothing is found by 'nothing such'."
    assert [each.checks[0].check for each in reviewed.review.candidates] == ["http.csp"]
    reviewed.press("escape")
    assert reviewed.review.candidates[0].checks[0].check == "tls.versions"
    reviewed.press("/", "csp", "enter", "1")
    assert reviewed.written == {TLS: "http.csp"}
    # The next item has its own candidates again.
    assert reviewed.review.candidates[0].checks[0].check == "http.hsts"


def test_more_candidates_are_shown_three_at_a_time(reviewed: Reviewed) -> None:
    at(reviewed, REDIS)
    assert (len(reviewed.review.candidates), reviewed.review.more) == (3, 1)
    reviewed.press("2", "b")
    reviewed.press("m", "2")
    assert reviewed.review.message == "There is no candidate 2."
    reviewed.press("1")
    assert reviewed.written == {REDIS: "tls.trusted"}


def test_what_the_file_proposes_can_be_confirmed(tmp_path: Path) -> None:
    reviewed = Reviewed(
        tmp_path,
        "web:\n  tls-is-modern: {proposed: [tls.versions, tls.trusted]}\n"
        "  hsts-is-sent: {proposed: {check: http.hsts, partial: owner}}\n",
    )
    assert reviewed.review.proposed is None
    reviewed.press("c")
    assert reviewed.written[TLS] == {"proposed": ["tls.versions", "tls.trusted"]}
    reviewed.press("1", "c")
    assert reviewed.written == {TLS: ["tls.versions", "tls.trusted"], HSTS: {"check": "http.hsts", "partial": "owner"}}


def test_of_a_proposal_that_is_confirmed_it_is_asked_what_it_lacks(tmp_path: Path) -> None:
    proposed = "{check: docs.sections, partial: operations, cadence: quarterly}"
    reviewed = Reviewed(tmp_path, f"web:\n  runbook-covers-rollback: {{proposed: {proposed}}}\n")
    at(reviewed, RUNBOOK).press("c")
    assert reviewed.review.mode is Mode.VALUE
    reviewed.press("Rollback", "enter")
    assert reviewed.written[RUNBOOK] == {
        "check": "docs.sections",
        "sections": ["Rollback"],
        "partial": "operations",
        "cadence": "quarterly",
    }


def test_a_role_that_is_only_proposed_is_not_taken_unseen(tmp_path: Path) -> None:
    reviewed = Reviewed(tmp_path, "people:\n  release-is-approved: {proposed: {signoff: owner}}\n", roles=["ops"])
    at(reviewed, APPROVED).press("c")
    assert reviewed.review.mode is Mode.ROLE
    assert "no role 'owner'" in reviewed.review.message
    reviewed.press("enter")
    assert reviewed.written == {APPROVED: {"signoff": "owner"}}
    assert reviewed.review.new_roles == ("owner",)
    reviewed.press("u")
    assert not reviewed.review.new_roles


def test_roles_that_are_written_in_an_editor_are_told_at_the_end(reviewed: Reviewed) -> None:
    reviewed.press("e")
    reviewed.review.edited("…", {"check": "http.hsts", "partial": {"role": "security", "count": 1}})
    assert reviewed.review.new_roles == ("security",)


def test_where_an_item_comes_from_stays_in_the_file(tmp_path: Path) -> None:
    text = 'web:\n  tls-is-modern: {proposed: tls.trusted, source: "a.md:1"}\n'
    for keys, value in (
        (("1",), {"all": ["tls.versions", "tls.trusted"]}),
        (("2",), {"check": "http.hsts"}),
        (("c",), {"check": "tls.trusted"}),
        (("s", "1", "enter"), {"signoff": "operations"}),
        (("n", "never", "enter"), {"not_applicable": "never"}),
    ):
        reviewed = Reviewed(tmp_path, text)
        reviewed.press(*keys)
        assert reviewed.written == {TLS: {**value, "source": "a.md:1"}}
        # Also when another answer takes its place.
        reviewed.press("b", "2")
        assert reviewed.written == {TLS: {"check": "http.hsts", "source": "a.md:1"}}


def test_what_an_item_said_when_it_was_bound_is_known(tmp_path: Path) -> None:
    reviewed = Reviewed(
        tmp_path,
        "web:\n  # was: tls-is-new, in other words; confirm that it still answers this\n"
        "  tls-is-modern: {proposed: tls.trusted}\n  hsts-is-sent:  # was: hsts\n    proposed: http.hsts\n",
    )
    assert [reviewed.file.before(item) for item in (TLS, HSTS, REDIS)] == ["tls-is-new", "hsts", ""]


def test_later_leaves_it_as_it_is(reviewed: Reviewed) -> None:
    reviewed.press(" ", "enter")
    assert (reviewed.review.proposal.item.id, reviewed.written) == (REDIS, {})
    reviewed.press("b", "b")
    assert reviewed.review.proposal.item.id == TLS
    reviewed.press("b")
    assert reviewed.review.message == "This is the first item."


def test_decisions_are_undone_one_by_one(reviewed: Reviewed) -> None:
    reviewed.press("1", "1", "enter", "n", "we have none", "enter")
    assert set(reviewed.written) == {TLS, HSTS, REDIS}
    reviewed.press("u")
    assert (set(reviewed.written), reviewed.review.proposal.item.id) == ({TLS, HSTS}, REDIS)
    reviewed.press("u", "u")
    assert (reviewed.written, reviewed.review.proposal.item.id, reviewed.review.open) == ({}, TLS, 6)
    reviewed.press("u")
    assert reviewed.review.message.startswith("There is nothing to undo in this review")


def test_undone_is_the_file_as_it_was(tmp_path: Path) -> None:
    text = (
        "# ours\nweb:\n  tls-is-modern:  # likely: tls\n    proposed: [tls.versions]\n"
        "  hsts-is-sent: {proposed: http.hsts}\n"
    )
    reviewed = Reviewed(tmp_path, text)
    reviewed.path.chmod(0o640)
    reviewed.press("1", "s", "1", "enter", "u", "u")
    assert reviewed.path.read_text("utf-8") == text
    assert reviewed.path.stat().st_mode & 0o777 == 0o640


def test_a_decision_can_be_changed(reviewed: Reviewed) -> None:
    reviewed.press("1", "b", "2")
    assert reviewed.written == {TLS: "http.hsts"}
    reviewed.press("u")
    assert reviewed.written == {TLS: ["tls.versions", "tls.trusted"]}


def test_a_second_run_goes_on_with_what_is_only_proposed(reviewed: Reviewed) -> None:
    reviewed.press("1", "leave")
    assert reviewed.review.left
    reviewed.again()
    # What is confirmed stands before it, and can be gone back to.
    assert [proposal.item.id for proposal in reviewed.review.queue] == [TLS, HSTS, REDIS, RUNBOOK, CDN, APPROVED]
    assert (reviewed.review.proposal.item.id, reviewed.review.open) == (HSTS, 5)
    reviewed.press("b")
    assert reviewed.review.entry == ["tls.versions", "tls.trusted"]
    reviewed.press("2")
    assert (reviewed.written[TLS], reviewed.review.proposal.item.id) == ("http.hsts", HSTS)
    reviewed.press("u")
    assert (reviewed.written[TLS], reviewed.review.proposal.item.id) == (["tls.versions", "tls.trusted"], TLS)


def test_where_nothing_is_open_one_can_go_back(reviewed: Reviewed) -> None:
    while reviewed.review.mode is not Mode.END:
        reviewed.press("s", "owner", "enter")
    reviewed.again()
    assert (reviewed.review.mode, reviewed.review.open) == (Mode.END, 0)
    reviewed.press("b")
    last = reviewed.review.proposal.item.id
    reviewed.press("b")
    assert reviewed.review.queue[-1].item.id == last != reviewed.review.proposal.item.id
    reviewed.press(" ", "enter")
    assert reviewed.review.left


def test_after_the_last_item_those_left_for_later_come_again(reviewed: Reviewed) -> None:
    reviewed.press(" ", "1", "enter", "    ")
    assert reviewed.review.mode is Mode.END
    reviewed.press("b")
    assert reviewed.review.proposal.item.id == APPROVED
    reviewed.press(" ", "enter")
    assert reviewed.review.proposal.item.id == TLS
    reviewed.press("1")
    assert reviewed.review.proposal.item.id == REDIS


def test_it_ends_when_all_is_decided(reviewed: Reviewed) -> None:
    while reviewed.review.mode is not Mode.END:
        reviewed.press("s", "owner", "enter")
    assert not reviewed.review.left
    reviewed.press("enter")
    assert reviewed.review.left
    assert reviewed.review.ways() == {"signed by people": 6, "not applicable": 1}


def test_what_another_program_writes_meanwhile_stays(tmp_path: Path) -> None:
    reviewed = Reviewed(tmp_path, "web:\n  hsts-is-sent: {proposed: http.hsts}\n")
    reviewed.path.write_text("# mine\nweb:\n  hsts-is-sent: http.csp\n", "utf-8")
    reviewed.press("1")
    assert reviewed.written == {TLS: ["tls.versions", "tls.trusted"], HSTS: "http.csp"}
    assert "# mine" in reviewed.path.read_text("utf-8")
    assert "it was read again, and nothing of it is overwritten" in reviewed.review.message
    # What was decided there is not asked here any more.
    assert reviewed.review.proposal.item.id == REDIS


def test_what_another_program_decides_of_the_same_item_is_not_overwritten(reviewed: Reviewed) -> None:
    reviewed.path.write_text("web:\n  tls-is-modern: tls.trusted\n", "utf-8")
    reviewed.press("1")
    assert reviewed.written == {TLS: "tls.trusted"}
    assert "Nothing is written; look again" in reviewed.review.message
    reviewed.press("1")
    assert reviewed.written == {TLS: ["tls.versions", "tls.trusted"]}


def test_an_undo_after_another_program_touches_the_item_alone(reviewed: Reviewed) -> None:
    reviewed.press("1")
    text = reviewed.path.read_text("utf-8")
    reviewed.path.write_text(text.replace("\n\n.confirmed", "\n  hsts-is-sent: http.csp\n\n.confirmed"), "utf-8")
    reviewed.press("u")
    assert reviewed.written == {HSTS: "http.csp"}


def test_what_another_program_made_of_a_decision_is_not_undone(reviewed: Reviewed) -> None:
    reviewed.press("1")
    item = next(iter(reviewed.written))
    text = reviewed.path.read_text("utf-8")
    head, _, rest = text.partition("\n\n.confirmed")
    reviewed.path.write_text(head.replace("tls.versions", "tls.chain") + "\n\n.confirmed" + rest, "utf-8")
    reviewed.press("u", "u", "u")
    assert "tls.chain" in str(reviewed.written[item])


def test_a_file_that_cannot_be_read_any_more_is_left_alone(reviewed: Reviewed) -> None:
    reviewed.path.write_text("web: [", "utf-8")
    reviewed.press("1")
    assert reviewed.path.read_text("utf-8") == "web: ["
    assert reviewed.review.message.startswith("Nothing is written, as another program has changed the file. Line 1: ")
    reviewed.path.write_text("web:\n  hsts-is-sent: http.csp\n", "utf-8")
    reviewed.press("1")
    assert reviewed.written == {TLS: ["tls.versions", "tls.trusted"], HSTS: "http.csp"}


def test_a_file_that_cannot_be_written_leaves_the_item_open(reviewed: Reviewed) -> None:
    (reviewed.path.parent / "elsewhere.yaml").write_text("web:\n  hsts-is-sent: http.csp\n", "utf-8")
    reviewed.path.symlink_to("elsewhere.yaml")
    reviewed.again()
    reviewed.press("1")
    assert reviewed.review.message.startswith("Nothing is decided. ")
    assert (reviewed.review.proposal.item.id, set(reviewed.written)) == (TLS, {HSTS})


def test_what_a_run_would_refuse_is_not_written(reviewed: Reviewed) -> None:
    reviewed.mistakes = ["Unknown key 'x'."]
    reviewed.press("1")
    assert (reviewed.review.mode, reviewed.review.mistakes) == (Mode.MISTAKES, ("Unknown key 'x'.",))
    reviewed.press("e")
    assert (reviewed.review.mode, reviewed.review.draft) == (Mode.EDITOR, ["tls.versions", "tls.trusted"])
    reviewed.mistakes = []
    reviewed.review.edited("tls-is-modern: tls.trusted", "tls.trusted")
    assert reviewed.written == {TLS: "tls.trusted"}


def test_an_entry_that_was_edited_wrongly_is_kept_for_the_next_try(reviewed: Reviewed) -> None:
    reviewed.press("e")
    reviewed.review.edited("tls-is-modern: [", None, ["Line 1: not YAML."])
    assert (reviewed.review.mode, reviewed.review.text) == (Mode.MISTAKES, "tls-is-modern: [")
    reviewed.press("e")
    assert reviewed.review.text == "tls-is-modern: ["
    reviewed.review.edited("tls-is-modern: {proposed: tls.trusted}", {"proposed": "tls.trusted"})
    assert "still a proposal" in reviewed.review.mistakes[0]
    reviewed.press("d")
    assert (reviewed.review.mode, reviewed.review.text, reviewed.written) == (Mode.CHOICE, "", {})


def test_comments_stay_whatever_is_decided(tmp_path: Path) -> None:
    text = "web:\n  tls-is-modern:\n    # since May\n    proposed: tls.trusted  # agreed\n"
    for keys in ("1", "2", "c", "n-", "s1"):
        reviewed = Reviewed(tmp_path, text)
        reviewed.press(*keys, "enter")
        assert TLS in reviewed.written
        assert [each in reviewed.path.read_text("utf-8") for each in ("# since May", "# agreed")] == [True] * 2, keys
    reviewed = Reviewed(tmp_path, text)
    reviewed.press("e")
    reviewed.review.edited("tls-is-modern: http.csp  # mine\n", "http.csp")
    assert "  # since May\n  # agreed\n  tls-is-modern: http.csp  # mine\n" in reviewed.path.read_text("utf-8")


def test_why_a_signature_was_proposed_goes_and_what_a_person_wrote_stays(tmp_path: Path) -> None:
    for comment, stays in (
        ("# people: only they know", ""),
        ("# people: only they know # ask May", "# ask May"),
        ("# people: ask May", "# people: ask May"),
    ):
        text = f"people:\n  release-is-approved:  {comment}\n    proposed: {{signoff: owner}}\n"
        reviewed = at(Reviewed(tmp_path, text), APPROVED)
        reviewed.press("s", "enter")
        line = next(line for line in reviewed.path.read_text("utf-8").splitlines() if "approved" in line)
        assert line.split("{signoff: owner}")[-1].strip() == stays, comment


def test_an_editor_that_saves_nothing_changes_nothing(reviewed: Reviewed) -> None:
    reviewed.press("e")
    reviewed.review.edited("", None)
    assert (reviewed.review.mode, reviewed.written) == (Mode.CHOICE, {})
    assert reviewed.review.message == "Nothing was saved, so nothing is changed."


def test_an_editor_begins_with_what_is_known(tmp_path: Path) -> None:
    reviewed = Reviewed(tmp_path, "web:\n  hsts-is-sent: {proposed: http.csp}\n")
    assert reviewed.review.draft == ["tls.versions", "tls.trusted"]
    reviewed.press("2", "b")
    assert reviewed.review.draft == "http.hsts"
    assert at(reviewed, HSTS).review.draft == "http.csp"
    assert at(reviewed, APPROVED).review.draft == {"signoff": "owner"}


def test_what_is_pasted_is_no_key(reviewed: Reviewed) -> None:
    reviewed.press(Pasted("1"), Pasted("n\nwhatever\n"))
    assert (reviewed.review.mode, reviewed.written) == (Mode.CHOICE, {})
    reviewed.press("n", Pasted("one\n\ttw\x1bo\x00\u2028"), "enter")
    assert reviewed.written == {TLS: {"not_applicable": "one two"}}


@pytest.mark.parametrize("keys", ["1", "1y", "n", "s", "p", "/", "v", "?", "e"])
def test_leaving_writes_nothing_that_was_not_decided(reviewed: Reviewed, keys: str) -> None:
    at(reviewed, HSTS).press(keys, "leave")
    assert (reviewed.review.left, reviewed.written) == (True, {})


def test_keys_without_a_meaning_do_nothing(reviewed: Reviewed) -> None:
    reviewed.press("4", "0", "x", "é", "\U0001f600", "backspace", "clear", "9")
    assert (reviewed.review.mode, reviewed.review.at, reviewed.written) == (Mode.CHOICE, 0, {})


KEYS = [*"123smpcnyeuvbq/? x", "enter", "escape", "backspace", "clear", Pasted("there is none"), Pasted("csp")]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.sampled_from(KEYS), max_size=60))
def test_whatever_is_pressed_undoing_all_gives_the_file_as_it_was(tmp_path: Path, keys: list[str | Pasted]) -> None:
    text = "# ours\nweb:\n  # was: web/hsts\n  hsts-is-sent:\n    proposed: http.csp\n"
    reviewed = Reviewed(tmp_path, text)
    for key in keys:
        before = reviewed.written
        reviewed.review.press(key)
        if reviewed.review.mode is Mode.EDITOR:
            assert reviewed.review.draft
            reviewed.review.edited("", None)
        changed = {item for item in {*before, *reviewed.written} if before.get(item) != reviewed.written.get(item)}
        # One key decides of one item at most, and of none before it was shown.
        assert len(changed) <= 1
    reviewed.press("escape", "escape")
    for _ in keys:
        reviewed.press("u")
    assert reviewed.path.read_text("utf-8") == text
