from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pytest_readiness.config.loading import load_configuration
from pytest_readiness.core.evidence import Evidence, NotDeclared
from pytest_readiness.core.problems import ProblemsError
from pytest_readiness.core.registry import check, fact
from pytest_readiness.domains.http.resource import Url
from pytest_readiness.plan.plan import Plan, PlannedTest, make_plan

NOT_ALLOWED = "toy.load is active, and not allowed; --readiness-allow=active or 'policy: {allow: [active]}' allows it"
CONFIGURATION = """
roles: {owner: [owner@example.com], leads: [cto@example.com]}
signoffs: signoffs.yaml
waivers: waivers.yaml
targets:
  prod:
    urls:
      shop: {url: https://shop.example.com, health: /healthz, labels: [public]}
      api: https://api.example.com
      shop-2: {url: https://shop2.example.com, labels: [public]}
    documents: {shop: runbook.md}
    parameters:
      none: null
      deep: {on: api, path: "/$deep"}
  other:
    parameters: {wide: {}}
    databases: {main: "redis://h/0"}
    urls: {elsewhere: {url: "https://elsewhere.example.com", labels: [cdn]}}
"""


@pytest.fixture(autouse=True)
def _checks(registry: None) -> None:
    @fact
    def paths(url: Url, *, ask: str) -> str:
        return ask

    @check("toy.one", severity="high", remedy="r", asks=lambda url, path: {"paths": path})
    def one(url: object, paths: object, *, path: str = "/") -> Evidence:
        """One."""
        return Evidence(path)

    @check("toy.two", severity="low", remedy="r")
    def two(url: object) -> Evidence:
        """Two."""
        return Evidence("")

    @check("toy.paper", severity="critical", remedy="r")
    def paper(document: object) -> Evidence:
        """Paper."""
        return Evidence("")

    @check("toy.cache", severity="medium", remedy="r")
    def cache(redis: object) -> Evidence:
        """Cache."""
        return Evidence("")

    @check("toy.load", severity="medium", remedy="r", check_class="active")
    def load(url: object) -> Evidence:
        """Load."""
        return Evidence("")

    @check("toy.free", severity="medium", remedy="r")
    def free() -> Evidence:
        """Free."""
        return Evidence("")

    def health(url: Any) -> dict[str, str]:
        if url.health is None:
            raise NotDeclared(f"{url.name} declares no health path")
        return {"paths": url.health}

    @check("toy.health", severity="medium", remedy="r", asks=health)
    def _health(url: object, paths: object) -> Evidence:
        """Health."""
        return Evidence("")


def planned(
    folder: Path,
    items: str,
    bindings: str = "",
    *,
    allow: frozenset[str] = frozenset({"passive"}),
    signoffs: str = "signoffs: []\n",
    waivers: str = "waivers: []\n",
    configuration: str = CONFIGURATION,
) -> Plan:
    (folder / "CHECK.md").write_text(f"# Release\n{items}\n", encoding="utf-8")
    if bindings:
        (folder / "CHECK.checks.yaml").write_text(f"release:\n  {bindings}\n", encoding="utf-8")
    (folder / "signoffs.yaml").write_text(signoffs, encoding="utf-8")
    (folder / "waivers.yaml").write_text(waivers, encoding="utf-8")
    (folder / "readiness.yaml").write_text(configuration, encoding="utf-8")
    loaded = load_configuration(folder / "readiness.yaml", "prod")
    return make_plan(loaded, (folder / "CHECK.md",), allow, fenced=False)


def planned_tests(folder: Path, bindings: str, item: str = "Item", **options: Any) -> list[PlannedTest]:
    return list(planned(folder, f"- [ ] {item}", f"item: {bindings}" if bindings else "", **options).tests())


def outcome(test: PlannedTest) -> str:
    return f"{test.name}: {': '.join(test.settled[:2])}" if test.settled else test.name


@pytest.mark.parametrize(
    ("bindings", "expected"),
    [
        ("toy.one", ["item[shop]", "item[api]", "item[shop-2]"]),
        ("{check: toy.one, on: api}", ["item[api]"]),
        ("{check: toy.one, on: public}", ["item[shop]", "item[shop-2]"]),
        ("{check: toy.one, on: [api, public]}", ["item[shop]", "item[api]", "item[shop-2]"]),
        ("{check: toy.one, on: cdn}", ["item[toy.one]: unverified: target prod declares no url named or labelled cdn"]),
        ("toy.free", ["item[toy.free]"]),
        ("toy.cache", ["item[toy.cache]: unverified: target prod declares no redis"]),
        ("[toy.paper, toy.free]", ["item[toy.paper-shop]", "item[toy.free]"]),
        (
            "[toy.paper, toy.cache]",
            ["item[toy.paper-shop]", "item[toy.cache]: unverified: target prod declares no redis"],
        ),
        ("{any: [toy.paper, toy.cache]}", ["item[shop]"]),
        ("{any: [toy.cache, {check: toy.one, on: api}, toy.paper]}", ["item[toy.one-api]", "item[toy.paper-shop]"]),
        ("{any: [{all: [toy.cache, toy.paper]}, toy.free]}", [
            "item[toy.cache]: unverified: target prod declares no redis",
            "item[toy.paper-shop]",
            "item[toy.free]",
        ]),
        ("{any: [toy.cache, {check: toy.two, on: cdn}]}", [
            "item[toy.cache]: unverified: target prod declares no redis",
            "item[toy.two]: unverified: target prod declares no url named or labelled cdn",
        ]),
        ("{check: toy.paper, partial: owner}", ["item[toy.paper-shop]", "item[signoff]"]),
        ("{signoff: owner}", ["item[signoff]"]),
        ("{not_applicable: no cache}", ["item: not applicable: no cache"]),
        ("", ["item: unverified: bound to nothing: no check answers it and nobody signs it"]),
        ("{check: toy.load, on: api}", [
            f"item[toy.load]: unverified: {NOT_ALLOWED}"
        ]),
        ("{any: [toy.load, toy.paper]}", [
            f"item[toy.load]: unverified: {NOT_ALLOWED}",
            "item[toy.paper-shop]",
        ]),
        ("{check: toy.one, from_target: deep}", ["item[api]"]),
        ("{check: toy.one, on: [shop, api], from_target: deep}", ["item[api]"]),
        ("{check: toy.one, on: public, from_target: deep}", [
            "item[toy.one]: unverified: target prod declares no url named or labelled public and api"
        ]),
        ("{check: toy.one, from_target: wide}", [
            "item[toy.one]: unverified: target prod gives no parameters named 'wide'"
        ]),
        ("{any: [{check: toy.one, from_target: wide}, toy.paper]}", [
            "item[toy.one]: unverified: target prod gives no parameters named 'wide'",
            "item[toy.paper-shop]",
        ]),
        ("{any: [{check: toy.one, from_target: none}, toy.paper]}", ["item[shop]"]),
        ("{missing: redis.persistence}", ["item[redis.persistence]: unverified: no check yet: "
            "redis.persistence (Redis writes its data to disk, and the last write succeeded)"]),
        ("{check: toy.one, on: api, missing: redis.persistence}", ["item[toy.one-api]",
            "item[redis.persistence]: unverified: no check yet: "
            "redis.persistence (Redis writes its data to disk, and the last write succeeded)"]),
        ("{proposed: [toy.one, toy.load]}", [
            "item: unverified: proposed: toy.one, toy.load; confirm with `readiness bind CHECK.md --review`"
        ]),
        ("{proposed: {signoff: owner}}", [
            "item: unverified: proposed: signature of owner; confirm with `readiness bind CHECK.md --review`"
        ]),
        ("toy.health", [
            "item[shop]",
            "item[api]: unverified: api declares no health path",
            "item[shop-2]: unverified: shop-2 declares no health path",
        ]),
    ],
)  # fmt: skip
def test_tests_of_an_item(tmp_path: Path, bindings: str, expected: list[str]) -> None:
    assert [outcome(test) for test in planned_tests(tmp_path, bindings)] == expected


def test_what_the_target_allows_runs(tmp_path: Path) -> None:
    tests = planned_tests(tmp_path, "{check: toy.load, on: api}", allow=frozenset({"passive", "active"}))
    assert [outcome(test) for test in tests] == ["item[api]"]


@pytest.mark.parametrize(
    "bindings",
    [
        "[{check: toy.one, path: /a}, {check: toy.one, path: /b}]",
        "[{check: toy.one, path: /a}, {check: toy.one, path: /b}, {check: toy.one, path: /c}]",
        "[{check: toy.one, on: shop-2}, {check: toy.one, on: shop}, {check: toy.one, on: shop}]",
        "[toy.one, toy.one, toy.two, toy.paper, toy.free, toy.free, toy.cache, toy.cache]",
        "{all: [{check: toy.one, path: /a}, {check: toy.one, path: /b}], partial: owner}",
    ],
)
def test_every_test_has_a_name_of_its_own_and_always_the_same(tmp_path: Path, bindings: str) -> None:
    tests = planned_tests(tmp_path, bindings)
    assert len({test.key for test in tests}) == len(tests)
    assert [test.key for test in tests] == [test.key for test in planned_tests(tmp_path, bindings)]


def test_names_do_not_depend_on_other_items(tmp_path: Path) -> None:
    alone = planned(tmp_path, "- [ ] Zeile äöü\n- [ ] 日本語", "zeile-äöü: toy.paper\n  日本語: toy.paper")
    assert [test.key for test in alone.tests()] == ["CHECK:release/zeile-äöü[shop]", "CHECK:release/日本語[shop]"]
    turned = planned(tmp_path, "- [ ] 日本語\n- [ ] more\n- [ ] Zeile äöü", "zeile-äöü: toy.paper\n  日本語: toy.paper")
    assert {test.key for test in alone.tests()} < {test.key for test in turned.tests()}


@pytest.mark.parametrize(
    ("item", "bindings", "severity"),
    [
        ("Item", "", "medium"),
        ("Item", "toy.one", "high"),
        ("Item", "[toy.two, toy.one]", "high"),
        ("Item", "{check: toy.paper, severity: low}", "low"),
        ("Item (optional)", "toy.paper", "low"),
        ("Item (optional)", "{check: toy.two, severity: critical}", "critical"),
        ("Item", "{signoff: owner, severity: high}", "high"),
        ("Item", "{signoff: owner}", "medium"),
        ("Item", "{proposed: toy.paper}", "critical"),
        ("Item", "{proposed: {check: toy.paper, severity: low}}", "medium"),
        ("Item", "{proposed: {check: toy.paper, severity: critical}}", "critical"),
        ("Item (optional)", "{proposed: toy.paper}", "low"),
    ],
)
def test_severity_of_an_item(tmp_path: Path, item: str, bindings: str, severity: str) -> None:
    assert {test.severity for test in planned_tests(tmp_path, bindings, item)} == {severity}


@pytest.mark.parametrize(
    ("item", "bindings", "expected"),
    [
        ("Item (if applicable)", "toy.cache", "item: not applicable: if applicable: target prod declares no redis"),
        (
            "Item (if using Redis)",
            "[toy.cache, toy.paper]",
            "item[toy.cache]: unverified: target prod declares no redis",
        ),
        ("Item (if using Redis)", "", "item: unverified: bound to nothing: no check answers it and nobody signs it"),
        ("Item (if applicable)", "{signoff: owner}", "item[signoff]"),
        (
            "Item (if using Redis)",
            "{proposed: toy.cache}",
            "item: unverified: proposed: toy.cache; confirm with `readiness bind CHECK.md --review`",
        ),
        ("Item (N/A: no shop)", "{proposed: toy.paper}", "item: not applicable: no shop"),
        ("Item (if applicable)", "toy.paper", "item[shop]"),
        ("~~Item~~", "toy.paper", "item: not applicable: struck through in the checklist"),
        ("Item (N/A: no shop)", "toy.paper", "item: not applicable: no shop"),
    ],
)
def test_items_with_a_condition(tmp_path: Path, item: str, bindings: str, expected: str) -> None:
    assert outcome(planned_tests(tmp_path, bindings, item)[0]) == expected


def test_conditional_items_that_are_left_out_are_listed(tmp_path: Path) -> None:
    items = "".join(f"- [ ] Item {number} (if using Redis)\n" for number in range(7))
    items += "- [ ] Other (if using Redis)\n- [ ] Third (N/A)\n"
    bindings = "\n  ".join(f"item-{number}: toy.cache" for number in range(7))
    plan = planned(tmp_path, items, f"{bindings}\n  other: toy.paper\n  third: toy.cache")
    shown = ", ".join(f"release/item-{number} (if using Redis)" for number in range(5))
    assert plan.notes == (
        "CHECK.md: 7 conditional items are left out, because the target declares nothing that they look at: "
        f"{shown} and 2 more",
    )


@pytest.mark.parametrize(("name", "close"), [("shpo", "shop"), ("sho", "shop"), ("Shop", "shop"), ("branch", "")])
def test_a_conditional_item_may_name_what_is_absent_not_what_is_misspelled(
    tmp_path: Path, name: str, close: str
) -> None:
    item, binding = "- [ ] Item (if using a shop)", f"item: {{check: toy.paper, on: {name}}}"
    if not close:
        (test,) = planned(tmp_path, item, binding).tests()
        assert test.lacking
        return
    with pytest.raises(ProblemsError) as caught:
        planned(tmp_path, item, binding)
    assert f"named or labelled '{name}'. Did you mean '{close}'?" in str(caught.value)


def test_questions_of_a_check_are_its_parameters(tmp_path: Path) -> None:
    test, *_ = planned_tests(tmp_path, "{check: toy.one, path: /login}")
    assert test.asks == {"paths": ("/login",)}


def test_waivers_reach_every_test_of_their_item(tmp_path: Path) -> None:
    waivers = "waivers:\n- {item: release/item, reason: r, by: cto@example.com, expires: 2026-01-01}\n"
    tests = planned_tests(tmp_path, "[toy.one, toy.free]", waivers=waivers)
    assert {test.waiver.reason for test in tests if test.waiver} == {"r"}
    assert all(test.waiver for test in tests)


def test_mistakes_of_all_files_are_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(ProblemsError) as caught:
        planned(
            tmp_path,
            "- [ ] Item",
            "item: toy.onne",
            signoffs="signoffs:\n- {item: release/itm, by: a, role: owner, on: 2026-01-01}\n",
            waivers="waivers:\n- {item: release/item}\n",
        )
    assert [problem.path.name for problem in caught.value.problems] == [
        "CHECK.checks.yaml",
        "signoffs.yaml",
        "waivers.yaml",
        "waivers.yaml",
        "waivers.yaml",
    ]


def make(folder: Path, *documents: str) -> Plan:
    (folder / "readiness.yaml").write_text("targets: {prod: }\n", encoding="utf-8")
    configuration = load_configuration(folder / "readiness.yaml", "prod")
    return make_plan(configuration, tuple(folder / each for each in documents), frozenset({"passive"}), fenced=False)


def test_documents_that_are_no_checklists(tmp_path: Path) -> None:
    (tmp_path / "EMPTY.md").touch()
    (tmp_path / "PROSE.md").write_text("# Title\n\nNo boxes.\n", encoding="utf-8")
    (tmp_path / "LATIN.md").write_bytes(b"- [ ] caf\xe9\n")
    (tmp_path / "FOLDER.md").mkdir()
    with pytest.raises(ProblemsError) as caught:
        make(tmp_path, "EMPTY.md", "PROSE.md", "LATIN.md", "FOLDER.md", "GONE.md")
    told = str(caught.value).replace(f"{tmp_path}/", "").splitlines()
    assert [line.partition(":")[0] for line in told] == ["EMPTY.md", "PROSE.md", "LATIN.md", "FOLDER.md", "GONE.md"]
    assert all(line.endswith(".") for line in told)


def test_a_document_given_twice_is_one(tmp_path: Path) -> None:
    (tmp_path / "CHECK.md").write_text("- [ ] Item\n", encoding="utf-8")
    assert len(list(make(tmp_path, "CHECK.md", "CHECK.md").tests())) == 1


def test_documents_of_one_name_are_refused(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    for path in ("CHECK.md", "a/CHECK.md"):
        (tmp_path / path).write_text("- [ ] Item\n", encoding="utf-8")
    with pytest.raises(ProblemsError, match="has the same file name; rename one"):
        make(tmp_path, "CHECK.md", "a/CHECK.md")


def test_checklists_with_the_same_items_are_told_apart(tmp_path: Path) -> None:
    for name in ("A", "B"):
        (tmp_path / f"{name}.md").write_text("# Release\n- [ ] Item\n", encoding="utf-8")
    assert [test.full_item for test in make(tmp_path, "A.md", "B.md").tests()] == ["A:release/item", "B:release/item"]


def test_what_the_target_gives_is_taken_as_it_is_written(tmp_path: Path) -> None:
    (test,) = planned_tests(tmp_path, "{check: toy.one, from_target: deep}")
    assert (test.parameters["path"], test.asks) == ("/$deep", {"paths": ("/$deep",)})


def test_variables_in_what_the_target_gives_are_refused(tmp_path: Path) -> None:
    """Elsewhere in readiness.yaml they are filled in."""
    configuration = CONFIGURATION.replace("/$deep", "/${DEEP}")
    with pytest.raises(ProblemsError, match=r"'path' holds \$\{DEEP\}, and no variable is filled in here; write the"):
        planned(tmp_path, "- [ ] Item", "item: {check: toy.one, from_target: deep}", configuration=configuration)


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ("tunnel", ("unverified", "target prod gives no parameters named 'tunnel'")),
        ("wide", ("unverified", "target prod gives no parameters named 'wide'")),
        ("none", ("not applicable", "if using tunnels: target prod has no 'none', as it says")),
    ],
)
def test_parameters_of_a_conditional_item(tmp_path: Path, asked: str, expected: tuple[str, str]) -> None:
    """That something is declared, and not what it is to be asked, is no reason to leave it out."""
    (test,) = planned_tests(tmp_path, f"{{check: toy.one, from_target: {asked}}}", "Item (if using tunnels)")
    assert test.settled is not None
    assert test.settled[:2] == expected


def test_parameters_that_nobody_asks_for_and_that_may_be_meant_for_others_are_told(tmp_path: Path) -> None:
    configuration = CONFIGURATION.replace("      deep:", "      depp: {}\n      other: {}\n      deep:")
    plan = planned(tmp_path, "- [ ] Item", "item: {check: toy.one, from_target: deep}", configuration=configuration)
    assert plan.notes == (
        "readiness.yaml:14: no binding of this run asks for the parameters 'depp'; one asks for 'deep'",
    )


def test_a_whole_item_waits_for_its_check(tmp_path: Path) -> None:
    (test,) = planned_tests(tmp_path, "{missing: redis.persistence, severity: critical}")
    assert (test.check, test.signoff, test.severity) == (None, None, "critical")
