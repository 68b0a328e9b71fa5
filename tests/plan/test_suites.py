from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from pytest_readiness.config.loading import load_configuration
from pytest_readiness.config.suites import suite_names, suite_path, target_path
from pytest_readiness.plan.plan import make_plan
from pytest_readiness.plan.suites import WAYS, path_of, read_suite, total
from tests import suite


def test_items_are_counted_by_what_answers_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    suite.add(monkeypatch, tmp_path / "suites")
    small = read_suite("small")
    assert small.purpose == "A checklist for a shop\nof one page.\n\nIt has a second paragraph."
    assert small.figures() == {
        "web": {"checks": 3, "people": 1},
        "safety": {"people": 1, "missing": 2},
        "papers": {"in part": 1, "not applicable": 1},
    }
    assert total(small.figures().values()).total() == len(list(small.checklist.leaves()))
    assert small.missing() == Counter(["redis.persistence", "redis.tls"])
    assert [path_of(section) for section in small.checklist.sections] == ["Web", "Data / Safety", "Data / Papers"]


def test_what_is_bound_to_nothing_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = suite.add(monkeypatch, tmp_path / "suites")
    (folder / "small.checks.yaml").write_text(
        "web:\n  the-page-answers: http.reachable\n  the-page-fits-the-brand: {proposed: http.hsts}\n", "utf-8"
    )
    assert total(read_suite("small").figures().values()) == {"checks": 1, "unbound": 7, "not applicable": 1}


def test_what_a_binding_says_is_known_where_the_target_lacks_the_rest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    suite.add(monkeypatch, tmp_path / "suites")
    bindings = read_suite("small").bindings
    [limit] = bindings["web/too-many-logins-are-slowed-down"].uses
    assert limit.lacking
    assert (limit.from_target, limit.parameters) == ("login_limit", {"retry_after": False})
    [ports] = bindings["safety/the-cache-is-kept-and-encrypted"].uses
    assert ports.on == ("cache",)


def test_an_unknown_suite_is_refused() -> None:
    for read in (suite_path, target_path, read_suite):
        with pytest.raises(ValueError, match=r"there is no suite 'strter'. Did you mean 'starter'"):
            read("strter")


@pytest.mark.parametrize("name", suite_names())
def test_suites_that_ship_are_whole(name: str) -> None:
    shipped = read_suite(name)
    counts = total(shipped.figures().values())
    assert counts["unbound"] == 0
    assert set(counts) <= set(WAYS)
    assert shipped.purpose.endswith(".")
    configuration = load_configuration(target_path(name), "prod", resolve=False)
    assert configuration.checklists == (suite_path(name),)
    assert configuration.parameters == {each.from_target for b in shipped.bindings.values() for each in b.uses} - {""}
    plan = make_plan(configuration, configuration.checklists, frozenset(), fenced=False)
    assert plan.notes == ()
