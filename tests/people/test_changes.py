"""Sign-offs and waivers hold for what was signed: an item that says something else needs a fresh signature."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from pytest_readiness.checklist.former import FormerIds
from pytest_readiness.checklist.ids import digest_of
from pytest_readiness.checklist.model import Checklist
from pytest_readiness.checklist.reading import parse_checklist
from pytest_readiness.people.decisions import Decisions, KnownItems, read_people
from pytest_readiness.people.rules import WaiverRule

TODAY = date(2026, 3, 10)
OPS = "a@example.com"


def read(folder: Path, text: str, entries: str, kind: str = "signoffs", rule: WaiverRule | None = None) -> Decisions:
    checklist = parse_checklist(text, Path("load.md"))
    path = folder / f"{kind}.yaml"
    path.write_text(f"{kind}:\n{entries}", "utf-8")
    signoffs, waivers = (path, None) if kind == "signoffs" else (None, path)
    return read_people(signoffs, waivers, known(checklist), rule=rule, today=TODAY)


def known(checklist: Checklist) -> KnownItems:
    items = {f"load:{item.id}": item.fingerprint for item in checklist.leaves()}
    names = {full.partition(":")[2]: [full] for full in items} | {full: [full] for full in items}
    return KnownItems(names, FormerIds([checklist]), items)


def fingerprint(text: str, number: int = 0) -> str:
    return list(parse_checklist(text, Path("load.md")).leaves())[number].fingerprint


def signed(item: str, more: str = "") -> str:
    return f"  - {{item: {item}, by: {OPS}, role: ops, on: 2026-03-01{more}}}\n"


def waived(item: str, more: str = "") -> str:
    return f"  - {{item: {item}, reason: r, by: {OPS}, expires: 2026-04-01{more}}}\n"


LOAD = "# Go\n\n## Load\n\n- [ ] Group\n  - [ ] p95 holds\n    - below 500 ms\n"
ITEM = "load/p95-holds"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("500 ms", "5 s"),
        ("Group", "Groups"),
        ("holds", "holds!"),
        ("p95 holds", "🔴 p95 holds"),
        ("[ ] p95 holds", "[ ] p95 holds (optional)"),
        ("## Load", "## Staging\n\n### Load"),
    ],
)
def test_what_is_said_otherwise_is_not_what_was_signed(tmp_path: Path, before: str, after: str) -> None:
    mark = f", fingerprint: '{fingerprint(LOAD)}'"
    changed = LOAD.replace(before, after, 1)
    for text, why in ((LOAD, ""), (changed, "what its item says has changed since")):
        (entry,) = read(tmp_path, text, signed(ITEM, mark)).signoffs[f"load:{ITEM}"]
        assert entry.changed == why
    decisions = read(tmp_path, changed, waived(ITEM, mark), "waivers")
    assert not decisions.waivers
    assert decisions.asked[f"load:{ITEM}"][0].by == OPS
    assert decisions.refused == {
        f"load:{ITEM}": (f"the waiver by {OPS} does not count: what its item says has changed since",)
    }
    assert decisions.notes == (
        f"waivers.yaml: this entry needs a fresh signature, because its item has changed: line 2 ({ITEM})",
    )


@pytest.mark.parametrize(
    ("before", "after"),
    [("# Go", "# Go 1.5"), ("[ ] p95", "[x] p95"), ("- [ ] Group", "- [ ] Other\n- [ ] Group"), ("- [ ]", "* [ ]")],
)
def test_what_says_the_same_stays_signed(tmp_path: Path, before: str, after: str) -> None:
    mark = f", fingerprint: '{fingerprint(LOAD)}'"
    (entry,) = read(tmp_path, LOAD.replace(before, after), signed(ITEM, mark)).signoffs[f"load:{ITEM}"]
    assert entry.changed == ""


FAST, SLOW = "- [ ] p95 < 500 ms\n", "- [ ] p95 > 500 ms\n"
DOLLAR, EURO = "- [ ] Costs $5\n", "- [ ] Costs €5\n"


def test_a_signature_does_not_follow_a_position(tmp_path: Path) -> None:
    for text in (f"# Load\n{FAST}{SLOW}", f"# Load\n{SLOW}{FAST}"):
        assert list(read(tmp_path, text, signed("load/p95-under-500-ms")).signoffs) == ["load:load/p95-under-500-ms"]
    for text in (f"# Load\n{DOLLAR}{EURO}", f"# Load\n{EURO}{DOLLAR}", f"# Load\n{EURO}{DOLLAR}{EURO}"):
        (full,) = read(tmp_path, text, signed("load/costs-5-CENTS".replace("CENTS", digest_of("Costs $5")))).signoffs
        items = {f"load:{item.id}": item.text for item in parse_checklist(text, Path("load.md")).items()}
        assert items[full] == "Costs $5"


def test_entries_by_ids_of_earlier_versions_are_read(tmp_path: Path) -> None:
    alone = read(tmp_path, f"# Load\n{FAST}", signed("load/p95-500-ms"))
    assert [entry.changed for entry in alone.signoffs["load:load/p95-under-500-ms"]] == [""]
    assert alone.notes == ()
    both = read(tmp_path, f"# Load\n{FAST}{SLOW}", signed("load/p95-500-ms") + signed("load/p95-500-ms-2"))
    assert set(both.signoffs) == {"load:load/p95-under-500-ms", "load:load/p95-over-500-ms"}
    assert {entry.changed for entries in both.signoffs.values() for entry in entries} == {
        "'load/p95-500-ms' no longer says which item is meant",
        "'load/p95-500-ms-2' no longer says which item is meant",
    }
    assert both.notes == (
        "signoffs.yaml: these entries need a fresh signature, because their items have changed: "
        "line 2 (load/p95-500-ms), line 3 (load/p95-500-ms-2)",
    )
    waivers = read(tmp_path, f"# Load\n{FAST}{SLOW}", waived("load/p95-500-ms"), "waivers")
    assert not waivers.waivers
    assert len(waivers.refused) == 2


RULE = WaiverRule({"ops": (OPS,), "security": ("s@example.com",)}, (), 366)
X = "# Load\n- [ ] x\n"


@pytest.mark.parametrize(
    ("rule", "more", "why"),
    [
        (RULE, "", ""),
        (RULE, ", by: Ann <A@example.com>", ""),
        (RULE, ", by: mallory@example.com", "mallory@example.com is not listed as ops or security in readiness.yaml"),
        (RULE, ", role: security", "a@example.com is not listed as security in readiness.yaml"),
        (RULE, ", role: opps", "there is no role 'opps' in readiness.yaml; 'ops' may be meant"),
        (WaiverRule(RULE.people, ("security",)), "", "a@example.com is not listed as security in readiness.yaml"),
        (WaiverRule(RULE.people, ("security",)), ", role: ops", "it is given as ops, and security may waive"),
        (WaiverRule({}), "", "readiness.yaml lists nobody under 'roles'"),
        (RULE, ", expires: 2027-03-11", ""),
        (RULE, ", expires: 2027-03-12", "it ends on 2027-03-12, more than 366 days after today"),
        (RULE, ", on: 2026-03-01, expires: 2027-03-03", "it ends on 2027-03-03, more than 366 days after it was writ"),
        (RULE, ", on: 2026-03-11", "it is written on 2026-03-11, and that day is in the future"),
        (WaiverRule(RULE.people, (), 7), "", "it ends on 2026-04-01, more than 7 days after today"),
    ],
)
def test_a_waiver_is_by_someone_who_may_and_ends(tmp_path: Path, rule: WaiverRule, more: str, why: str) -> None:
    entry = {"item": "load/x", "reason": "r", "by": OPS, "expires": "2026-04-01"}
    entry |= dict(pair.split(": ") for pair in more.split(", ") if pair)
    text = "  - {" + ", ".join(f"{key}: {value}" for key, value in entry.items()) + "}\n"
    decisions = read(tmp_path, X, text, "waivers", rule)
    assert bool(decisions.waivers) == (not why)
    if why:
        (reason,) = decisions.refused["load:load/x"]
        assert reason.startswith(f"the waiver by {entry['by']} does not count: {why}")


def test_a_waiver_that_does_not_count_hides_none_that_does(tmp_path: Path) -> None:
    entries = waived("load/x") + waived("load/x", ", role: opps").replace("2026-04-01", "2026-04-09")
    decisions = read(tmp_path, X, entries, "waivers", RULE)
    assert str(decisions.waivers["load:load/x"].expires) == "2026-04-01"
    assert len(decisions.asked["load:load/x"]) == 2
