from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pytest_readiness.checklist.reading import parse_checklist
from pytest_readiness.config.loading import load_configuration
from pytest_readiness.config.suites import suite_path, target_path
from pytest_readiness.core.problems import ProblemsError
from pytest_readiness.plan.originals import CHANGED, NOT_IN_SUITE, NOT_READ, OriginalError, TeamBindings, follow
from pytest_readiness.plan.plan import make_plan
from pytest_readiness.plan.suites import read_suite
from tests import suite


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    suite.add(monkeypatch, tmp_path / "suites")
    return tmp_path


def followed(text: str) -> TeamBindings:
    return follow(read_suite("small"), parse_checklist(text, Path("launch.md")))


def test_each_item_is_bound_as_the_suites_item_of_its_line() -> None:
    made = followed(suite.ORIGINAL)
    assert (made.items, made.left_out) == (9, {})
    assert (
        made.text
        == """\
# What answers each item of launch.md, as in the suite that it was made of.
#
# Written by: readiness suites small --for launch.md
# Items were matched by their lines and words: read each beside the item of the suite that its source names.
# Names that no target declares leave items unverified, as 'readiness plan' shows. A target that declares all of them is
# printed by: readiness suites small --target
.suite: small

shop-front:
  # One request.
  website-up: {check: http.reachable, on: site, source: "suite:small web/the-page-answers"}
  login: {source: "suite:small web/accounts-work"}
  login-ok:
    # What the account's page says differs from shop to shop.
    check: http.flow
    from_target: login
    source: "suite:small web/people-can-sign-in"
  brute-force-protection: {check: http.rate_limit, from_target: login_limit, retry_after: false,
    source: "suite:small web/too-many-logins-are-slowed-down"}
  looks-nice: {signoff: {role: product-owner, count: 1, evidence: {max_age_days: 30}}, valid: 30d,
    source: "suite:small web/the-page-fits-the-brand"}

storage:
  weekly-restore-drill: {source: "suite:small safety/restores-are-rehearsed-every-week", signoff: operations}
  redis-aof-on: {missing: redis.persistence, source: "suite:small safety/the-cache-survives-a-restart"}
  redis-tls:
    check: net.open
    on: cache
    from_target: open_ports
    missing: [redis.tls]
    source: "suite:small safety/the-cache-is-kept-and-encrypted"

docs:
  runbook: {check: docs.sections, on: runbook, sections: [Rollback|Way back],
                       source: "suite:small papers/there-is-a-runbook", partial: operations, cadence: yearly}
  fax: {not_applicable: "nobody has one any more", source: "suite:small papers/there-is-a-fax-number"}
"""
    )


def planned(document: Path, target: Path) -> dict[str, list[Any]]:
    """What a run would do for each item, in order, by the item's number."""
    configuration = load_configuration(target, "prod", resolve=False)
    plan = make_plan(configuration, (document,), frozenset({"passive", "active"}), fenced=False)
    found: dict[str, list[Any]] = {}
    for test in plan.tests():
        found.setdefault(test.item.id, []).append(
            (
                *(test.name.removeprefix(test.item.slug), test.check, test.resource, test.parameters, test.warn),
                *(test.signoff, test.settled, test.severity),
            )
        )
    return found


def test_the_same_comes_out_on_the_same_target(folder: Path) -> None:
    document = folder / "launch.md"
    document.write_text(suite.ORIGINAL, "utf-8")
    (folder / "launch.checks.yaml").write_text(followed(suite.ORIGINAL).text, "utf-8")
    own = planned(document, target_path("small"))
    assert list(own.values()) == list(planned(suite_path("small"), target_path("small")).values())
    # What the target declares nothing for, here the ports of the cache, is no mistake in either.
    assert own["storage/redis-tls"][0][6][:2] == (
        "not applicable",
        "if used: target prod declares no host named or labelled cache",
    )


@pytest.mark.parametrize(
    ("before", "after", "bound", "left_out"),
    [
        # A line more moves all that follows it.
        ("- [x] Website", "\n- [x] Website", 0, None),
        ("## Storage", "\n## Storage", 4, {CHANGED: [12, 13, 17], NOT_IN_SUITE: [14, 18], NOT_READ: [11, 16]}),
        (
            "- [ ] Redis TLS",
            "- [ ] Redis RAM\n- [ ] Redis TLS",
            4,
            {CHANGED: [11, 12, 13, 17], NOT_IN_SUITE: [14, 18], NOT_READ: [16]},
        ),
        # A line less moves them the other way, also where the list ends with the section.
        ("- [ ] Redis AOF on\n", "", 4, {CHANGED: [11, 12, 16], NOT_IN_SUITE: [15], NOT_READ: [13, 17]}),
        # A group that is none any more.
        ("  - [ ] Brute", "- [ ] Brute", 5, {CHANGED: [3, 4, 5, 6, 7]}),
        ("- [ ] Looks nice", "Looks nice", 5, {CHANGED: [3, 4, 5, 6], NOT_READ: [7]}),
        ("- [ ] Looks nice\n", "- [ ] Looks nice\n- [ ] Smells nice\n", 0, None),
        ("- [ ] ~~Fax~~\n", "- [ ] ~~Fax~~\n- [ ] Telex\n", 7, {CHANGED: [16, 17], NOT_IN_SUITE: [18]}),
        # Words that were changed, and items that were swapped.
        ("Looks nice", "Looks ugly", 5, {CHANGED: [3, 4, 5, 6, 7]}),
        (
            "- [ ] Weekly restore drill\n- [ ] Redis AOF on\n",
            "- [ ] Redis AOF on\n- [ ] Weekly restore drill\n",
            6,
            {CHANGED: [11, 12, 13]},
        ),
        # Headings and groups say what their items are about.
        ("#### Docs", "", 4, {CHANGED: [11, 12, 13, 16, 17]}),
        ("## Storage", "## Storage of the test system", 4, {CHANGED: [11, 12, 13, 16, 17]}),
    ],
)
def test_only_sections_with_the_same_lines_are_bound(
    before: str, after: str, bound: int, left_out: dict[str, list[int]] | None
) -> None:
    text = suite.ORIGINAL.replace(before, after)
    assert text != suite.ORIGINAL
    if left_out is None:
        with pytest.raises(OriginalError, match="no section says the same on the same lines"):
            followed(text)
        return
    made = followed(text)
    assert made.items == bound
    assert {reason: [line for line, _ in entries] for reason, entries in made.left_out.items()} == left_out


def test_a_suite_that_was_made_of_nothing_is_no_pattern(folder: Path) -> None:
    path = folder / "suites" / "small.checks.yaml"
    path.write_text("web:\n  the-page-answers: http.reachable\n", "utf-8")
    with pytest.raises(OriginalError, match="use it as it is: suite:small"):
        followed(suite.ORIGINAL)


def test_names_of_the_suite_may_be_absent_and_not_misspelled(folder: Path) -> None:
    document = folder / "launch.md"
    document.write_text(suite.ORIGINAL, "utf-8")
    (folder / "launch.checks.yaml").write_text(
        followed(suite.ORIGINAL).text.replace("on: runbook", "on: runbok"), "utf-8"
    )
    with pytest.raises(
        ProblemsError, match=r"No target declares a document named or labelled 'runbok'. Did you mean 'runbook'"
    ):
        planned(document, target_path("small"))
