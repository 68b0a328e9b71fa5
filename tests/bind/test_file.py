"""Entries are put, renamed and removed, and all else in the file stays as it is, byte by byte."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from pytest_readiness.bind.file import BOM, BindingsFile
from pytest_readiness.checklist.reading import parse_checklist, read_checklist
from pytest_readiness.config.suites import suite_names, suite_path
from pytest_readiness.core.problems import ProblemsError
from pytest_readiness.core.yamlfile import parse_yaml
from tests.bind.documents import bindings, checklist

HAND = """\
# Who answers what.\t🚀

.suite: starter

# about TLS
"tls":   # ours

  # the first one

  certificates-last: {check: tls.expiry, min_days: 10}   # agreed with operations
  # in between

  'hsts-is-sent':
    all:
    - http.hsts   # a year
    - {check: tls.versions,
       on: shop}
  gone: &gone |
    a text
    # that is no comment

  # at the end of TLS

# about backups
backups:
  .level: full
  backups-are-made: tls.tls13
# the end"""


@pytest.fixture(params=["\n", "\r\n", "\r"], ids=["LF", "CRLF", "CR"])
def hand(request: pytest.FixtureRequest) -> Callable[[str], str]:
    return lambda text: text.replace("\n", request.param)


def changed(file: BindingsFile) -> str:
    """What stands in the file after it was written."""
    file.write()
    return file.path.read_bytes().decode()


def test_what_is_not_changed_is_not_written(tmp_path: Path, hand: Callable[[str], str]) -> None:
    file = bindings(tmp_path, "\ufeff" + hand(HAND))
    assert not file.changed
    assert file.diff() == ""
    assert not file.write()
    assert file.text == "\ufeff" + hand(HAND)


def test_entries_are_read(tmp_path: Path) -> None:
    file = bindings(tmp_path, HAND)
    entry = file.entry("tls/certificates-last")
    assert entry is not None
    assert (entry.data, entry.line, entry.state) == ({"check": "tls.expiry", "min_days": 10}, 10, "confirmed")
    assert entry.text == "  certificates-last: {check: tls.expiry, min_days: 10}   # agreed with operations\n"
    gone = file.entry("tls/gone")
    assert gone is not None
    assert gone.data == "a text\n# that is no comment\n"
    assert file.vanished() == (gone,)
    assert [item.id for item in file.missing()] == [
        *("tls/no", "backups/restore-is-rehearsed", "backups/tapes-are-read", "people/release-is-approved"),
    ]
    assert file.entry("tls/no") is None
    assert file.sections()["tls"] == ("certificates-last", "hsts-is-sent", "gone")


def test_entries_are_put_where_the_document_has_their_items(tmp_path: Path, hand: Callable[[str], str]) -> None:
    file = bindings(tmp_path, hand(HAND))
    for id in ("people/release-is-approved", "backups/restore-is-rehearsed", "tls/no"):
        file.put(id, {"proposed": {"signoff": "owner"}}, "likely: who knows")
    expected = HAND.replace(
        "       on: shop}\n", '       on: shop}\n  "no":  # likely: who knows\n    proposed: {signoff: owner}\n'
    ).replace(
        "tls.tls13\n",
        "tls.tls13\n  restore-is-rehearsed:  # likely: who knows\n    proposed: {signoff: owner}\n"
        "\npeople:\n  release-is-approved:  # likely: who knows\n    proposed: {signoff: owner}\n",
    )
    assert changed(file) == hand(expected)


def test_an_entry_is_replaced_and_peoples_comments_stay(tmp_path: Path) -> None:
    file = bindings(
        tmp_path,
        "tls:\n  # ours\n  # likely: a\n  #   b\n  certificates-last:  # sure: c\n    proposed: tls.expiry\n"
        "  hsts-is-sent: http.hsts  # agreed\n",
    )
    file.put("tls/certificates-last", {"check": "tls.expiry", "min_days": 9})
    file.put("tls/hsts-is-sent", {"proposed": "http.csp"}, "likely: d")
    assert changed(file) == (
        "tls:\n  # ours\n  certificates-last: {check: tls.expiry, min_days: 9}\n"
        "  # likely: d\n  hsts-is-sent:  # agreed\n    proposed: http.csp\n"
    )


PROPOSED = """\
web:
  # ours
  hsts-is-sent:  # sure: hsts
    # all of it
    proposed:
      # one
      all:
        - http.hsts  # a year
        - check: tls.versions
          on: shop  # not the api

  next: http.csp
"""


@pytest.fixture
def web(tmp_path: Path, hand: Callable[[str], str]) -> BindingsFile:
    checklist = parse_checklist("## Web\n- [ ] HSTS is sent\n- [ ] Next\n", tmp_path / "release.md")
    path = tmp_path / "release.checks.yaml"
    path.write_text(hand(PROPOSED), encoding="utf-8", newline="")
    return BindingsFile.read(checklist, path)


def test_what_is_confirmed_as_proposed_stays_as_it_is_written(web: BindingsFile, hand: Callable[[str], str]) -> None:
    web.put("web/hsts-is-sent", {"all": ["http.hsts", {"check": "tls.versions", "on": "shop"}]})
    expected = """\
web:
  # ours
  # all of it
  hsts-is-sent:
    # one
    all:
      - http.hsts  # a year
      - check: tls.versions
        on: shop  # not the api

  next: http.csp
"""
    assert changed(web) == hand(expected)


@pytest.mark.parametrize(
    ("text", "value", "expected"),
    [
        ("proposed: http.csp  # why", "http.csp", "hsts-is-sent: http.csp  # why"),
        ("proposed: &a http.csp", "http.csp", "hsts-is-sent: &a http.csp"),
        ("proposed: |\n      http.csp", "http.csp\n", "hsts-is-sent: |\n    http.csp"),
        ("proposed: [http.csp,  # why\n      http.hsts]", ["http.csp", "http.hsts"],
         "hsts-is-sent: [http.csp,  # why\n    http.hsts]"),
        ("{proposed: http.csp}  # why", "http.csp", "# why\n  hsts-is-sent: http.csp"),
        ("source: a.md\n    # why\n    proposed: http.csp", {"check": "http.csp", "source": "a.md"},
         "# why\n  hsts-is-sent: {check: http.csp, source: a.md}"),
    ],
)  # fmt: skip
def test_proposals_in_any_form_are_confirmed_with_their_comments(
    tmp_path: Path, text: str, value: object, expected: str
) -> None:
    checklist = parse_checklist("## Web\n- [ ] HSTS is sent\n- [ ] Next\n", tmp_path / "release.md")
    path = tmp_path / "release.checks.yaml"
    path.write_text(f"web:\n  hsts-is-sent:\n    {text}\n  next: http.csp\n", encoding="utf-8")
    file = BindingsFile.read(checklist, path)
    file.put("web/hsts-is-sent", value)
    assert changed(file) == f"web:\n  {expected}\n  next: http.csp\n"


def test_comments_within_an_entry_stand_above_what_takes_its_place(
    web: BindingsFile, hand: Callable[[str], str]
) -> None:
    web.put("web/hsts-is-sent", {"signoff": "owner"})
    expected = """\
web:
  # ours
  # all of it
  # one
  # a year
  # not the api
  hsts-is-sent: {signoff: owner}

  next: http.csp
"""
    assert changed(web) == hand(expected)


def test_an_entry_stands_as_somebody_has_written_it(web: BindingsFile, hand: Callable[[str], str]) -> None:
    typed = "# mine\nhsts-is-sent:\n  # one\n  check: http.hsts  # half a year\n  min_age: 9\n# to be seen\n"
    web.put("web/hsts-is-sent", {"check": "http.hsts", "min_age": 9}, written=typed)
    expected = """\
web:
  # ours
  # all of it
  # a year
  # not the api
  # mine
  # to be seen
  hsts-is-sent:
    # one
    check: http.hsts  # half a year
    min_age: 9

  next: http.csp
"""
    assert changed(web) == hand(expected)
    web.put("web/hsts-is-sent", {"check": "http.hsts", "min_age": 9, "source": "a.md"}, written=typed)
    for comment in ("# mine", "# to be seen", "# one", "# half a year", "# not the api"):
        assert changed(web).count(comment) == 1


def test_comments_at_the_end_of_an_entry_move_with_it(tmp_path: Path) -> None:
    checklist = parse_checklist("## A\n- [ ] One\n- [ ] Two\n## B\n- [ ] Three\n", tmp_path / "release.md")
    path = tmp_path / "release.checks.yaml"
    path.write_text("a:\n  one: x.y\n    # of one\n  # of two\n  two: x.y\n    # at its end\n\n# the end\n", "utf-8")
    file = BindingsFile.read(checklist, path)
    file.rename("a/two", "b/three")
    assert changed(file) == (
        "a:\n  one: x.y\n    # of one\n\nb:\n  # of two\n  three: x.y\n    # at its end\n\n# the end\n"
    )


def test_a_file_that_nobody_may_write_is_not_written(tmp_path: Path) -> None:
    file = bindings(tmp_path, "tls:\n  hsts-is-sent: http.hsts\n")
    file.path.chmod(0o444)
    file.put("tls/hsts-is-sent", "http.csp")
    with pytest.raises(ProblemsError, match="may not be written by anyone"):
        file.write()


def test_an_entry_is_removed_with_what_is_said_of_it(tmp_path: Path, hand: Callable[[str], str]) -> None:
    file = bindings(tmp_path, hand(HAND))
    file.remove("tls/gone")
    file.remove("tls/certificates-last")
    gone = "  gone: &gone |\n    a text\n    # that is no comment\n"
    first = "  certificates-last: {check: tls.expiry, min_days: 10}   # agreed with operations\n"
    assert changed(file) == hand(HAND.replace(gone, "").replace(first, ""))


def test_a_section_goes_with_the_last_of_its_entries(tmp_path: Path) -> None:
    text = "# about all\n\ntls:\n  no: a.b\n\n# about the old\nold:\n  .level: full\n  a: b.c\n\npeople:\n  b: c.d\n"
    file = bindings(tmp_path, text)
    file.remove("old/a")
    file.remove("tls/no")
    assert changed(file) == "# about all\n\n# about the old\n\npeople:\n  b: c.d\n"
    file.remove("people/b")
    assert parse_yaml(changed(file), tmp_path, "file") == {}
    assert not bindings(tmp_path, file.text).entries()


def test_comments_on_a_section_stay_when_its_entries_are_elsewhere(tmp_path: Path) -> None:
    checklist = parse_checklist("## A\n- [ ] One\n## B\n- [ ] Two\n", tmp_path / "release.md")
    path = tmp_path / "release.checks.yaml"
    path.write_text("# all\n\nold:  # mine\n  gone: x.y\nb:\n  two: x.y\n", "utf-8")
    file = BindingsFile.read(checklist, path)
    file.rename("old/gone", "a/one")
    text = changed(file)
    assert "# mine\n" in text
    assert parse_yaml(text, path, "file") == {"a": {"one": "x.y"}, "b": {"two": "x.y"}}


def test_a_level_stays_where_the_document_has_the_section(tmp_path: Path) -> None:
    file = bindings(tmp_path, HAND)
    file.remove("backups/backups-are-made")
    assert changed(file) == HAND.replace("  backups-are-made: tls.tls13\n", "")


def test_an_entry_is_renamed(tmp_path: Path, hand: Callable[[str], str]) -> None:
    file = bindings(tmp_path, hand(HAND))
    file.rename("tls/gone", "tls/no")
    assert changed(file) == hand(HAND.replace("  gone: &gone", '  "no": &gone'))


def test_an_entry_moves_to_another_section(tmp_path: Path) -> None:
    file = bindings(tmp_path, "tls:\n    # said\n    gone:  # there\n        all:\n        - a.b\n    no: b.c\n")
    file.put("backups/backups-are-made", "c.d")
    file.rename("tls/gone", "backups/restore-is-rehearsed")
    assert changed(file) == (
        "tls:\n    no: b.c\n\nbackups:\n    backups-are-made: c.d\n"
        "    # said\n    restore-is-rehearsed:  # there\n        all:\n        - a.b\n"
    )


def test_an_entry_that_cannot_move_stays(tmp_path: Path) -> None:
    text = "tls:\n  gone: a.b\nbackups: {backups-are-made: b.c}\n"
    file = bindings(tmp_path, text)
    with pytest.raises(ProblemsError, match="written within braces"):
        file.rename("tls/gone", "backups/restore-is-rehearsed")
    assert file.text == text


def test_a_section_is_renamed(tmp_path: Path) -> None:
    file = bindings(tmp_path, HAND)
    file.rename_section("tls", "people")
    assert changed(file) == HAND.replace('"tls":', "people:")
    with pytest.raises(KeyError):
        file.rename_section("people", "backups")


def test_changes_are_taken_back(tmp_path: Path) -> None:
    file = bindings(tmp_path, HAND)
    before = file.snapshot()
    file.put("tls/no", "a.b")
    after = file.snapshot()
    file.write()
    file.restore(before)
    assert changed(file) == HAND
    file.restore(after)
    assert "a.b" in changed(file)


@pytest.mark.parametrize("text", [None, "", "\n", "# nothing\n", "# nothing", "{}\n", "---\n# nothing\n{}\n", "\ufeff"])
def test_a_file_without_entries(tmp_path: Path, text: str | None) -> None:
    file = bindings(tmp_path, text)
    assert file.exists == (text is not None)
    assert not file.entries()
    assert not file.changed
    file.put("tls/no", "a.b")
    assert parse_yaml(changed(file).removeprefix("\ufeff"), tmp_path, "file") == {"tls": {"no": "a.b"}}
    if text and "# nothing" in text:
        assert file.text.replace("---\n", "").startswith("# nothing\n")


@pytest.mark.parametrize("nothing", ["", " {}", " ~", " null  # none", "  # none"])
def test_a_section_without_entries(tmp_path: Path, nothing: str) -> None:
    file = bindings(tmp_path, f"tls:{nothing}\nbackups:\n  backups-are-made: a.b\n")
    assert not file.changed
    file.put("tls/no", "b.c")
    assert parse_yaml(changed(file), tmp_path, "file")["tls"] == {"no": "b.c"}
    assert ("# none" in file.text) == ("# none" in nothing)


@pytest.mark.parametrize(
    ("text", "change", "sentence"),
    [
        ("tls: {no: a.b}\n", "put", "release.checks.yaml:1: Section 'tls' is written within braces or as an alias"),
        (
            "tls: {gone: a.b}\n",
            "remove",
            "release.checks.yaml:1: Section 'tls' is written within braces or as an alias",
        ),
        ("old: &o\n  gone: a.b\ntls: *o\n", "remove", "release.checks.yaml:3: Section 'tls' is written within braces"),
        ("old: &o\n  gone: a.b\ntls:\n  <<: *o\n", "remove", "'tls/gone' comes from elsewhere by '<<'; write it out."),
        (
            "tls:\n  gone: &a {check: a.b}\n  hsts-is-sent: *a\n",
            "remove",
            "without changing something else",
        ),
        ("{tls: {no: a.b}}\n", "put", "written within braces; write it with a line for each section and item."),
        ("a: &k tls\n*k : {}\n", "put", ":2: A key is an alias; write it out."),
    ],
)
def test_what_cannot_be_changed_is_said(tmp_path: Path, text: str, change: str, sentence: str) -> None:
    def change_it() -> None:
        file = bindings(tmp_path, text)
        if change == "put":
            file.put("tls/certificates-last", "a.b")
        else:
            file.remove("tls/gone")
        file.write()

    with pytest.raises(ProblemsError) as raised:
        change_it()
    assert sentence in str(raised.value)
    assert (tmp_path / "release.checks.yaml").read_text() == text


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("tls:\n  a: 1\n  a: 2\n", ":3: The key 'a' occurs twice; first on line 2."),
        ("tls: a.b\n", ":1: Section 'tls' must map items to bindings."),
        ("- a\n", ":1: The bindings file must hold a mapping (key: value)."),
        ("tls: [\n", "The bindings file is not YAML"),
        ("<<<<<<< a\ntls: 1\n=======\n>>>>>>> b\n", "holds a conflict of a merge"),
        ("tls:\n  *a : b\n", "The bindings file is not YAML"),
    ],
)
def test_mistakes_of_form(tmp_path: Path, text: str, sentence: str) -> None:
    with pytest.raises(ProblemsError) as raised:
        bindings(tmp_path, text)
    assert sentence in str(raised.value)


def test_two_entries_for_one_item(tmp_path: Path) -> None:
    document = "# R\n\n## 1. Web\n\n- [ ] Home page answers in < 200 ms\n"
    text = "web:\n  home-page-answers-in-under-200-ms: a.b\n  home-page-answers-in-200-ms: a.b\n"
    with pytest.raises(ProblemsError) as raised:
        bindings(tmp_path, text.replace("web:", "web:"), document.replace("1. ", ""))
    assert (
        ":3: 'web/home-page-answers-in-200-ms' and 'web/home-page-answers-in-under-200-ms' in line 2 are the same"
        in str(raised.value)
    )


def test_an_id_of_an_earlier_version_is_known(tmp_path: Path) -> None:
    document = "# R\n\n## Web\n\n- [ ] Home page answers in < 200 ms\n- [ ] Other\n"
    file = bindings(tmp_path, "web:\n  home-page-answers-in-200-ms: a.b\n", document)
    assert not file.vanished()
    file.put("web/home-page-answers-in-under-200-ms", "b.c")
    assert changed(file) == "web:\n  home-page-answers-in-200-ms: b.c\n"


def test_what_ends_a_document_stays_at_its_end(tmp_path: Path, hand: Callable[[str], str]) -> None:
    text = hand("%YAML 1.2\n---\ntls:\n  hsts-is-sent: a.b\n...\n# after\n")
    file = bindings(tmp_path, text)
    assert not file.changed
    file.put("tls/no", {"proposed": "b.c"})
    file.put("backups/backups-are-made", {"proposed": "c.d"})
    ours = hand('  "no": {proposed: b.c}\n\nbackups:\n  backups-are-made: {proposed: c.d}\n')
    assert changed(file) == text.replace(hand("a.b\n"), hand("a.b\n") + ours)
    for id in ("tls/hsts-is-sent", "tls/no", "backups/backups-are-made"):
        file.remove(id)
    assert parse_yaml(changed(file), tmp_path, "file") == {}


def test_keys_that_begin_with_a_dot_hold_no_entries_and_stay(tmp_path: Path) -> None:
    dotted = ".confirmed:\n    tls/gone: 12ab\n    # said\n    gone: {a: b}\n"
    file = bindings(tmp_path, f"tls:\n  gone: a.b\n\n{dotted}.other: [1]\n")
    assert list(file.entries()) == ["tls/gone"]
    assert list(file.sections()) == ["tls"]
    file.put("backups/backups-are-made", {"proposed": "c.d"})
    file.remove("tls/gone")
    assert changed(file) == f"\nbackups:\n  backups-are-made: {{proposed: c.d}}\n\n{dotted}.other: [1]\n"
    file.remove("backups/backups-are-made")
    assert changed(file).endswith(f"{dotted}.other: [1]\n")


def test_comments_below_the_entries_of_a_section_stay_without_it(tmp_path: Path) -> None:
    text = "tls:\n  no: a.b\nold:\n  # of it\n  a: b.c  # too\n  # end of old\npeople:\n  b: c.d\n"
    file = bindings(tmp_path, text)
    file.remove("old/a")
    assert changed(file) == "tls:\n  no: a.b\n  # end of old\npeople:\n  b: c.d\n"


def test_keys_with_question_marks(tmp_path: Path) -> None:
    file = bindings(tmp_path, "tls:\n  ? no\n  : a.b\n  ? gone\n  : b.c\n")
    assert not file.changed
    file.put("tls/no", "c.d")
    file.rename("tls/gone", "tls/hsts-is-sent")
    assert changed(file) == 'tls:\n  "no": c.d\n  ? hsts-is-sent\n  : b.c\n'


def test_a_file_that_was_changed_meanwhile_is_not_written(tmp_path: Path) -> None:
    file = bindings(tmp_path, HAND)
    file.put("tls/no", "a.b")
    file.path.write_text("tls:\n", "utf-8")
    with pytest.raises(ProblemsError, match="has been changed since it was read"):
        file.write()
    assert file.path.read_text("utf-8") == "tls:\n"
    file = bindings(tmp_path, None)
    file.put("tls/no", "a.b")
    file.path.write_text("", "utf-8")
    with pytest.raises(ProblemsError, match="has been changed since it was read"):
        file.write()


def test_it_can_be_written_again(tmp_path: Path) -> None:
    file = bindings(tmp_path, None)
    file.put("tls/no", "a.b")
    assert file.write()
    assert not file.write()
    file.put("tls/no", "b.c")
    assert file.write()
    assert "b.c" in file.path.read_text("utf-8")


def test_nothing_is_written_through_a_link(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere.yaml"
    elsewhere.write_text("tls:\n  no: a.b\n", "utf-8")
    (tmp_path / "release.checks.yaml").symlink_to(elsewhere)
    file = BindingsFile.read(checklist(tmp_path))
    file.put("tls/no", "b.c")
    with pytest.raises(ProblemsError, match="This is a link to"):
        file.write()
    assert "a.b" in elsewhere.read_text("utf-8")
    (tmp_path / "release.checks.yaml").unlink()
    (tmp_path / "release.checks.yaml").symlink_to(tmp_path / "nowhere.yaml")
    with pytest.raises(ProblemsError, match="does not exist"):
        BindingsFile.read(checklist(tmp_path))


def test_the_mode_stays(tmp_path: Path) -> None:
    file = bindings(tmp_path, HAND)
    file.path.chmod(0o640)
    file.put("tls/no", "a.b")
    file.write()
    assert file.path.stat().st_mode & 0o777 == 0o640
    assert list(tmp_path.iterdir()) == [file.path]


def test_a_diff(tmp_path: Path) -> None:
    file = bindings(tmp_path, "tls:\n  gone: a.b")
    file.rename("tls/gone", "tls/no")
    name = file.path
    assert file.diff() == (
        f'--- {name}\n+++ {name}\n@@ -1,2 +1,2 @@\n tls:\n-  gone: a.b\n\\ No newline at end of file\n+  "no": a.b\n'
        "\\ No newline at end of file\n"
    )
    assert bindings(tmp_path, None).diff() == ""


@pytest.mark.parametrize("name", suite_names())
def test_bindings_of_suites_are_taken_apart_and_put_together(name: str) -> None:
    file = BindingsFile.read(read_checklist(suite_path(name)))
    assert not file.changed
    assert not file.vanished()
    assert not file.missing()
    before = file.path.read_text("utf-8")
    every = list(file.entries())
    for id in every[::3]:
        file.remove(id)
    kept = before.splitlines()
    assert is_part(file.text.splitlines(), kept)
    assert list(file.entries()) == [id for id in every if id not in every[::3]]


# Whatever people write

WORDS = ["tls", "backups", "people", "old", "other"]
SLUGS = {
    "tls": ["certificates-last", "hsts-is-sent", "no"],
    "backups": ["backups-are-made", "restore-is-rehearsed"],
    "people": ["release-is-approved"],
}
comments = st.sampled_from(["# one", "# two\t tabs", "# 🚀 ünï", "#", "# likely: x", "#   more", "# key: value"])
quoted = st.sampled_from(["{}", '"{}"', "'{}'"])


@st.composite
def between(draw: st.DrawFn, indent: int) -> list[str]:
    lines = st.one_of(
        st.sampled_from(["", "", "   "]),
        comments.map(lambda text: " " * indent + text),
        comments.map(lambda text: text),
    )
    return draw(st.lists(lines, max_size=3))


@st.composite
def value_lines(draw: st.DrawFn, key: str, indent: int) -> list[str]:
    blanks, more = " " * indent, " " * (indent + draw(st.integers(1, 4)))
    start = f"{blanks}{draw(quoted).format(key)}:"
    remark = draw(st.sampled_from(["", "  # said", "   #"]))
    forms = [
        [f"{start} tls.expiry{remark}"],
        [f"{start}   {{check: tls.expiry, min_days: 3}}{remark}"],
        [f"{start} [tls.expiry,", f"{more}  http.hsts]{remark}"],
        [f"{start}{remark}", f"{more}check: tls.expiry{remark}", "", f"{more}# inner", f"{more}min_days: 3"],
        [f"{start}{remark}", f"{more}all:", f"{more}- tls.expiry   # x", f"{more}- {{check: http.hsts}}"],
        [f"{start}{remark}", f"{blanks}- tls.expiry", f"{blanks}- http.hsts{remark}"],
        [f"{start} |", f"{more}a text", "", f"{more}# no comment"],
        [f"{start} |+", f"{more}a text", "", ""],
        [f"{start} >-", f"{more}a", f"{more}text", ""],
        [f'{start} "a text', f'{more}over lines"{remark}'],
        [f"{start} a plain", f"{more}text{remark}"],
        [f"{start}{remark}"],
        [f"{blanks}? {key}", f"{blanks}: tls.expiry{remark}"],
    ]
    return list(draw(st.sampled_from(forms)))


@st.composite
def files(draw: st.DrawFn) -> str:
    lines: list[str] = []
    for section in draw(st.lists(st.sampled_from(WORDS), unique=True, min_size=1)):
        lines += draw(between(0))
        lines.append(f"{draw(quoted).format(section)}:{draw(st.sampled_from(['', '   # ours']))}")
        indent = draw(st.integers(1, 4))
        slugs = [*SLUGS.get(section, []), "gone", "lost"]
        for slug in draw(st.lists(st.sampled_from(slugs), unique=True, min_size=draw(st.integers(0, 1)))):
            lines += draw(between(indent))
            lines += draw(value_lines(slug, indent))
    lines += draw(between(0))
    newline = draw(st.sampled_from(["\n", "\n", "\r\n"]))
    return draw(st.sampled_from(["", "\ufeff"])) + newline.join(lines) + draw(st.sampled_from(["", newline]))


def is_part(some: list[str], every: list[str]) -> bool:
    """Whether lines are all among others, in their order."""
    rest = iter(every)
    return all(any(line == other for other in rest) for line in some)


def parsed(text: str) -> Any:
    return {key: value or {} for key, value in parse_yaml(text.removeprefix("\ufeff"), Path("x"), "file").items()}


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(text=files(), data=st.data())
def test_all_else_stays_whatever_the_file_is_like(tmp_path: Path, text: str, data: st.DataObject) -> None:
    meant = parsed(text)
    # A text of several lines at the very end is another one as soon as something follows.
    assume(meant == parsed(text + "\n"))
    file = bindings(tmp_path, text)
    assert file.text == text
    for _ in range(data.draw(st.integers(1, 4))):
        before = file.text.removeprefix(BOM).splitlines()
        entries = file.entries()
        way = data.draw(st.sampled_from(["put", "put", "remove", "rename"]))
        free = [f"{section}/{slug}" for section, slugs in SLUGS.items() for slug in slugs]
        touched = ""
        if way == "put":
            id = data.draw(st.sampled_from(free))
            section, slug = id.split("/")
            value = data.draw(
                st.sampled_from(["a.b", {"proposed": ["a.b", "b.c"]}, {"check": "c.d", "names": ["x y"] * 30}])
            )
            touched = entries[id].text if id in entries else ""
            file.put(id, value, data.draw(st.sampled_from(["", "likely: a", "likely: " + "word " * 40])))
            meant.setdefault(section, {})[slug] = value
        elif entries:
            id = data.draw(st.sampled_from(sorted(entries)))
            section, slug = id.split("/")
            touched = entries[id].text
            if way == "remove":
                file.remove(id)
                del meant[section][slug]
                if not meant[section]:
                    del meant[section]
            else:
                unbound = [each for each in free if each not in entries]
                if not unbound:
                    continue
                to = data.draw(st.sampled_from(unbound))
                file.rename(id, to)
                value = meant[section].pop(slug)
                if not meant[section] and to.split("/")[0] != section:
                    del meant[section]
                meant.setdefault(to.split("/")[0], {})[to.split("/")[1]] = value
        try:
            after = file.text
        except ProblemsError:
            # Blank lines behind a text of several lines may belong to it, so that those before what goes may not stay.
            assert "|" in text or ">" in text
            return
        if meant:
            assert parsed(after) == meant
        else:
            assert parse_yaml(after.removeprefix("\ufeff") or "{}", Path("x"), "file") == {}
        # What an entry says, and comments on the head of a section that is gone, are all that goes.
        dropped = touched.splitlines()
        stay = [line for line in before if line.strip() and line not in (*dropped, "{}")]
        if {key.strip("\"' ") for key in file.sections()} >= set(parsed_sections(before)):
            assert is_part(stay, after.removeprefix(BOM).splitlines())
    file.write()
    assert file.path.read_bytes().decode() == file.text
    again = bindings(tmp_path, file.text)
    assert {id: entry.data for id, entry in again.entries().items()} == {
        f"{section}/{slug}": value for section, held in meant.items() for slug, value in held.items()
    }


def parsed_sections(lines: list[str]) -> list[str]:
    return list(parsed("\n".join(lines)))


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=files(), data=st.data())
def test_what_is_proposed_stays_as_it_was_written(tmp_path: Path, text: str, data: st.DataObject) -> None:
    meant = parsed(text)
    # As above; and no text of several lines ends in blank lines that are no part of it.
    assume(meant == parsed(text + "\n"))
    file = bindings(tmp_path, text)
    entries = {id: entry for id, entry in file.entries().items() if file.names.items(id)}
    assume(entries)
    id = data.draw(st.sampled_from(sorted(entries)))
    section, slug = id.split("/")
    file.propose(id, data.draw(st.sampled_from(["was: a/b, in other words", "was: " + "word " * 40])))
    meant[section][slug] = {"proposed": meant[section][slug]}
    try:
        after = file.text
    except ProblemsError:
        assert "|+" in text
        return
    assert parsed(after) == meant
    kept = [" ".join(line.split()) for line in text.removeprefix(BOM).splitlines() if line.strip()]
    own = entries[id].text.splitlines()
    others = [line for line in kept if line not in [" ".join(each.split()) for each in own]]
    there = [" ".join(line.split()) for line in after.removeprefix(BOM).splitlines()]
    assert is_part(others, there)
    # Its comments, too, but for those that this package writes.
    for line in own:
        _, sign, comment = line.partition("#")
        if sign and "? " not in entries[id].text and "likely" not in comment and "more" not in comment:
            assert any(
                each.endswith(f"#{' '.join(comment.split()) and ' '}{' '.join(comment.split())}") for each in there
            )
