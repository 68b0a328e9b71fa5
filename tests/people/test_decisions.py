from __future__ import annotations

import hashlib
from datetime import date
from pathlib import Path

import pytest

from pytest_readiness.core.problems import ProblemsError
from pytest_readiness.people.decisions import (
    Circumstances,
    Decisions,
    KnownItems,
    Signed,
    Signoff,
    judge_signoffs,
    read_people,
)
from pytest_readiness.people.rules import SignoffRule

ITEMS = {
    "tls/hsts": ["CHECK:tls/hsts"],
    "CHECK:tls/hsts": ["CHECK:tls/hsts"],
    "uat/done": ["CHECK:uat/done", "OTHER:uat/done"],
    "CHECK:uat/done": ["CHECK:uat/done"],
    "OTHER:uat/done": ["OTHER:uat/done"],
}
TODAY = date(2026, 3, 10)
OWNER = "owner@example.com"


def signed(**changes: object) -> Signoff:
    return Signoff.model_validate(
        {"item": "uat/done", "by": OWNER, "role": "product-owner", "on": date(2026, 3, 1), **changes}
    )


def judge(
    *signoffs: Signoff, valid_days: int | None = None, folder: Path = Path(), release: str | None = None
) -> tuple[str, str, str]:
    rule = SignoffRule(role="product-owner", valid_days=valid_days)
    people = {"product-owner": ("someone@example.com", OWNER), "security": ()}
    given = [Signed(signoff, line) for line, signoff in enumerate(signoffs, 2)]
    evidence, refusal = judge_signoffs(rule, given, (), Circumstances(people, folder, release, TODAY))
    return (evidence.text, evidence.warning, refusal) if evidence else ("", "", refusal)


def test_a_signoff_by_the_right_person_counts() -> None:
    assert judge(signed()) == (f"signed by {OWNER} (product-owner) on 2026-03-01", "", "")


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"by": "guest@example.com"}, "guest@example.com is not listed as product-owner in readiness.yaml"),
        ({"role": "security"}, "it is given as security, and product-owner must sign"),
        ({"on": date(2026, 3, 11)}, "that day is in the future"),
        ({"expires": date(2026, 3, 9)}, "expired on 2026-03-09, 1 day ago"),
        ({"release": "1.4"}, "is for release 1.4; this run names no release (--readiness-release)"),
        ({"evidence": "protocol.pdf"}, "its evidence protocol.pdf does not exist"),
    ],
)
def test_a_signoff_that_does_not_count_says_why(changes: dict[str, object], refusal: str) -> None:
    text, _, why = judge(signed(**changes))
    assert text == ""
    assert why.endswith(refusal)
    assert why.startswith("the sign-off by ")


def test_no_signoff_names_who_must_sign() -> None:
    assert judge() == ("", "", "not signed; product-owner must sign")


def test_a_signoff_holds_through_its_last_day_and_warns_before() -> None:
    text, warning, _ = judge(signed(expires=TODAY))
    assert (text, warning) == (
        f"signed by {OWNER} (product-owner) on 2026-03-01, until 2026-03-10",
        "expires on 2026-03-10",
    )
    assert judge(signed(expires=date(2026, 3, 17)))[1] == ""


@pytest.mark.parametrize(("days", "counts"), [(8, False), (9, True), (30, True)])
def test_the_items_validity_bounds_a_signoff(days: int, counts: bool) -> None:
    assert bool(judge(signed(), valid_days=days)[0]) is counts
    assert bool(judge(signed(expires=date(2027, 1, 1)), valid_days=days)[0]) is counts


def test_release_of_a_signoff() -> None:
    assert judge(signed(release="1.4"), release="1.4")[0]
    assert judge(signed(), release="1.4")[0]
    assert judge(signed(release="1.3"), release="1.4")[2].endswith("is for release 1.3; this run is for 1.4")


def test_evidence_of_a_signoff(tmp_path: Path) -> None:
    (tmp_path / "protocol.pdf").write_bytes(b"%PDF")
    digest = hashlib.sha256(b"%PDF").hexdigest()
    text, _, _ = judge(signed(evidence="protocol.pdf"), folder=tmp_path)
    assert text.endswith(f"; evidence: protocol.pdf (sha256 {digest[:12]}…)")
    assert judge(signed(evidence="https://wiki.example.com/uat"))[0].endswith("https://wiki.example.com/uat")


def test_any_signoff_that_counts_is_enough_and_the_latest_is_named() -> None:
    old = signed(on=date(2026, 2, 1))
    expired = signed(expires=date(2026, 3, 2))
    assert "on 2026-02-01" in judge(old, expired)[0]
    assert "on 2026-03-01" in judge(old, signed())[0]
    assert judge(expired, signed(by="guest@example.com"))[2].count(";") == 1


def written(folder: Path, signoffs: str | None = None, waivers: str | None = None) -> Decisions:
    paths: list[Path | None] = []
    for name, text in (("signoffs", signoffs), ("waivers", waivers)):
        path = folder / f"{name}.yaml"
        if text is not None:
            path.write_text(text, encoding="utf-8")
        paths.append(path if text is not None else None)
    return read_people(paths[0], paths[1], KnownItems(ITEMS))


def test_files_are_read_by_full_item_id(tmp_path: Path) -> None:
    decisions = written(
        tmp_path,
        "signoffs:\n"
        f"- {{item: 'CHECK:uat/done', by: {OWNER}, role: product-owner, on: 2026-03-01}}\n"
        f"- {{item: tls/hsts, by: {OWNER}, role: product-owner, on: 2026-03-01, expires: 2026-06-01, release: '1'}}\n",
        "waivers:\n- {item: tls/hsts, reason: behind a proxy, by: cto@example.com, expires: 2026-04-01}\n",
    )
    assert list(decisions.signoffs) == ["CHECK:uat/done", "CHECK:tls/hsts"]
    assert decisions.waivers["CHECK:tls/hsts"].expires == date(2026, 4, 1)
    assert decisions.folder == tmp_path


def test_nobody_has_decided_anything_yet(tmp_path: Path) -> None:
    assert written(tmp_path) == Decisions({}, {}, Path())
    assert written(tmp_path, "signoffs:\n", "waivers: []\n") == Decisions({}, {}, tmp_path)


def test_all_mistakes_are_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(ProblemsError) as caught:
        written(
            tmp_path,
            "signoffs:\n"
            f"- {{item: tls/hst, by: {OWNER}, role: product-owner, on: 2026-03-01}}\n"
            f"- {{item: uat/done, by: {OWNER}, role: product-owner, on: 2026-03-01}}\n"
            f"- {{item: tls/hsts, by: {OWNER}, role: product-owner, on: yesterday}}\n"
            f"- {{item: tls/hsts, by: '  ', role: product-owner, on: 2026-03-01, expire: 2026-04-01}}\n"
            "- tls/hsts\n",
            "waivers:\n- {item: tls/hsts, by: cto@example.com}\n",
        )
    told = str(caught.value).replace(f"{tmp_path}/", "").splitlines()
    assert [line.split(" ")[0] for line in told] == [
        "signoffs.yaml:2:",
        "signoffs.yaml:3:",
        "signoffs.yaml:4:",
        "signoffs.yaml:5:",
        "signoffs.yaml:5:",
        "signoffs.yaml:6:",
        "waivers.yaml:2:",
        "waivers.yaml:2:",
    ]
    assert "Did you mean 'tls/hsts'?" in told[0]
    assert "is an item of several checklists; write CHECK:uat/done or OTHER:uat/done." in told[1]
    assert "'on'" in told[2]
    assert any("Unknown key 'expire' in this entry of 'signoffs'. Did you mean 'expires'?" in line for line in told)
    assert told[-1].endswith("lacks 'expires'.")


@pytest.mark.parametrize("text", ["signoffs: {}\n", "signoffs: []\nmore: 1\n", "signed: []\n", "signoffs: text\n"])
def test_a_file_holds_one_list(tmp_path: Path, text: str) -> None:
    with pytest.raises(ProblemsError, match="The file must hold one list, 'signoffs'"):
        written(tmp_path, text)


@pytest.mark.parametrize("text", ["", "\n", "# none so far\n", "signoffs:\n"])
def test_a_file_without_entries_has_none(tmp_path: Path, text: str) -> None:
    assert not written(tmp_path, text).signoffs


def test_a_group_is_told_from_a_misspelled_item(tmp_path: Path) -> None:
    path = tmp_path / "signoffs.yaml"
    path.write_text("signoffs:\n- {item: tls/all, by: a@example.com, role: ops, on: 2026-01-01}\n")
    items = KnownItems({"tls/hsts": ["CHECK:tls/hsts"]}, groups={"tls/all": ["tls/hsts"]})
    with pytest.raises(ProblemsError, match=r"'tls/all' is a group; its state follows from its items\. .*: tls/hsts"):
        read_people(path, None, items)


def test_of_two_waivers_of_an_item_the_later_end_counts(tmp_path: Path) -> None:
    entry = "- {{item: tls/hsts, reason: r, by: cto@example.com, expires: {}}}\n"
    for order in (["2026-04-01", "2026-02-01"], ["2026-02-01", "2026-04-01"]):
        decisions = written(tmp_path, waivers="waivers:\n" + "".join(entry.format(day) for day in order))
        assert decisions.waivers["CHECK:tls/hsts"].expires == date(2026, 4, 1)
