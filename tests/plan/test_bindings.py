from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

import pytest
from pydantic import Field

from pytest_readiness.checklist.reading import parse_checklist
from pytest_readiness.config.target import Target
from pytest_readiness.core.evidence import Evidence
from pytest_readiness.core.problems import ProblemsError
from pytest_readiness.core.registry import CHECKS, check
from pytest_readiness.core.yamlfile import parse_yaml
from pytest_readiness.people.rules import SignoffRule
from pytest_readiness.plan.binding import AllOf, AnyOf, Binding, Part, Use, bindings_path, misnamed_bindings
from pytest_readiness.plan.bindings import read_bindings

CHECKLIST = """\
# TLS

- [ ] HSTS headers configured
- [ ] Certificates expire late
- [ ] Group
  - [ ] One
  - [ ] Two

# Sign-off

- [ ] UAT completed
- [ ] CDN
"""
TWICE = ("Ann <ann@example.com>", "bob@example.com", "ANN@example.com", "ann")
ROLES = {
    "product-owner": ("owner@example.com",),
    "security": ("security@example.com",),
    "operations": (),
    "twice": TWICE,
}
DECLARED = {"url": frozenset({"shop", "public"})}


@pytest.fixture(autouse=True)
def _checks(registry: None) -> None:
    @check("toy.header", severity="high", remedy="Send it.")
    def header(
        url: object,
        *,
        name: str = "X-Frame-Options",
        min_age: Annotated[int, Field(gt=0)] = 1,
        mode: Literal["strict", "lax"] = "strict",
        paths: Annotated[list[str], Field(min_length=1)] = ["/"],  # noqa: B006
    ) -> Evidence:
        """The header is sent."""
        return Evidence(name)

    @check("toy.word", severity="low", remedy="Write it.")
    def word(*, text: str) -> Evidence:
        """The word is there."""
        return Evidence(text)


def bindings(tmp_path: Path, text: str) -> dict[str, Binding]:
    checklist = parse_checklist(CHECKLIST, tmp_path / "CHECK.md")
    path = bindings_path(checklist.path)
    path.write_text(text, encoding="utf-8")
    return read_bindings(path, checklist, CHECKS, ROLES, DECLARED)


def mistakes(tmp_path: Path, text: str) -> list[str]:
    with pytest.raises(ProblemsError) as caught:
        bindings(tmp_path, text)
    told = str(caught.value).replace(f"{tmp_path}/CHECK.checks.yaml:", "").splitlines()
    assert all(line.endswith((".", "?")) for line in told), told
    return told


def shape(part: Part | None) -> Any:
    """A part as nested lists of check ids."""
    if isinstance(part, AllOf | AnyOf):
        return [type(part).__name__, *map(shape, part.parts)]
    return part.check.id if part is not None else None


def test_bindings_stand_beside_the_checklist() -> None:
    assert bindings_path(Path("docs/CHECK.md")) == Path("docs/CHECK.checks.yaml")


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("toy.header", "toy.header"),
        ("{check: toy.header}", "toy.header"),
        ("{check: toy.header, name: Via, on: shop}", "toy.header"),
        ("[toy.header, {check: toy.word, text: a}]", ["AllOf", "toy.header", "toy.word"]),
        ("{all: [toy.header]}", ["AllOf", "toy.header"]),
        ("{any: [toy.header, {check: toy.word, text: a}]}", ["AnyOf", "toy.header", "toy.word"]),
        (
            "{all: [{any: [toy.header, {all: [toy.header]}]}, toy.header], severity: low, partial: security}",
            ["AllOf", ["AnyOf", "toy.header", ["AllOf", "toy.header"]], "toy.header"],
        ),
    ],
)
def test_checks(tmp_path: Path, written: str, expected: Any) -> None:
    (binding,) = bindings(tmp_path, f"tls:\n  hsts-headers-configured: {written}\n").values()
    assert (binding.item, binding.line, shape(binding.checks)) == ("tls/hsts-headers-configured", 2, expected)


def test_parameters_are_validated_and_completed(tmp_path: Path) -> None:
    (binding,) = bindings(
        tmp_path,
        "tls:\n  hsts-headers-configured: {check: toy.header, min_age: 5, on: [shop, public], severity: low}\n",
    ).values()
    use = binding.checks
    assert isinstance(use, Use)
    assert use.parameters == {"name": "X-Frame-Options", "min_age": 5, "mode": "strict", "paths": ["/"]}
    assert use.on == ("shop", "public")
    assert binding.severity == "low"


@pytest.mark.parametrize(
    ("written", "role", "days"),
    [
        ("{signoff: product-owner}", "product-owner", None),
        ("{signoff: product-owner, valid: 30d}", "product-owner", 30),
        ("{signoff: product-owner, valid: '7 d', severity: critical}", "product-owner", 7),
        ("{signoff: security, cadence: quarterly}", "security", 92),
        ("{check: toy.header, partial: security, cadence: daily}", "security", 1),
    ],
)
def test_signoffs(tmp_path: Path, written: str, role: str, days: int | None) -> None:
    (binding,) = bindings(tmp_path, f"sign-off:\n  uat-completed: {written}\n").values()
    assert binding.signoff == SignoffRule(role=role, valid_days=days)
    assert (binding.checks is None) == ("signoff" in written)


def test_not_applicable(tmp_path: Path) -> None:
    (binding,) = bindings(tmp_path, "sign-off:\n  cdn: {not_applicable: 'no CDN '}\n").values()
    assert binding == Binding("sign-off/cdn", 2, not_applicable="no CDN")


def test_items_of_a_group_are_bound_one_by_one(tmp_path: Path) -> None:
    assert list(bindings(tmp_path, "tls: {one: toy.header, two: toy.header}\n")) == ["tls/one", "tls/two"]


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("toy.headr", "There is no check 'toy.headr'. Did you mean 'toy.header'?"),
        ("{check: 5}", "There is no check '5'."),
        ("5", "A binding is a check id, a list of them, or a mapping with 'check', 'all', 'any', 'sign"),
        ("", "A binding is a check id, a list of them, or a mapping"),
        ("[]", "This must be a list of at least one check; an empty one would assert nothing."),
        ("{all: []}", "This must be a list of at least one check"),
        ("{any: toy.header}", "This must be a list of at least one check"),
        ("{any: [toy.header, []]}", "This must be a list of at least one check"),
        ("{all: [toy.header], any: [toy.header]}", "A binding holds exactly one of"),
        (
            "{}",
            "of 'check', 'all', 'any', 'signoff', 'not_applicable', 'missing' or 'proposed'.",
        ),
        ("{severity: low}", "A binding holds exactly one of"),
        ("{chek: toy.header}", "Unknown key 'chek' in this binding. Did you mean 'check'?"),
        (
            "{signoff: {role: security, zzz: 2027}}",
            "Unknown key 'zzz' in this sign-off. Known: count, evidence, per_release, role.",
        ),
        ("{all: [toy.header], sevrity: low}", "Unknown key 'sevrity' in this binding. Did you mean 'severity'?"),
        ("{any: [toy.header], on: shop}", "Unknown key 'on' in this binding."),
        ("{all: [{check: toy.header, severity: low}]}", "Unknown key 'severity' in the binding to toy.header."),
        ("{check: toy.header, nam: Via}", "Unknown key 'nam' in the binding to toy.header. Did you mean 'name'?"),
        ("{check: toy.header, min_age: 0}", "The binding to toy.header, 'min_age': "),
        ("{check: toy.header, min_age: soon}", "The binding to toy.header, 'min_age': "),
        ("{check: toy.header, min_age: true}", "'min_age': must be a number, not true or false."),
        ("{check: toy.header, mode: strictly}", "The binding to toy.header, 'mode': "),
        ("{check: toy.header, paths: []}", "The binding to toy.header, 'paths': "),
        ("{check: toy.header, name: [a]}", "The binding to toy.header, 'name': "),
        ("toy.word", "The binding to toy.word lacks 'text'."),
        ("{check: toy.word, text: a, on: shop}", "toy.word looks at no resource, so it takes no 'on'."),
        ("{check: toy.header, on: shoop}", "No target declares a url named or labelled 'shoop'. Did you mean 'shop'?"),
        ("{check: toy.header, on: []}", "'on' takes names or labels of resources."),
        ("{check: toy.header, on: {a: b}}", "'on' takes names or labels of resources."),
        ("{check: toy.header, severity: hihg}", "'hihg' is not a severity. Did you mean 'high'?"),
        ("{signoff: product-ownr}", "There is no role 'product-ownr' in readiness.yaml. Did you mean 'product-owner'?"),
        ("{signoff: operations}", "1 must sign, and only 0 in readiness.yaml have the role 'operations'."),
        (
            "{signoff: {role: twice, count: 3}}",
            "only 2 in readiness.yaml have the role 'twice': ANN@example.com and ann are listed before.",
        ),
        ("{signoff: [security]}", "A sign-off names a role of readiness.yaml, or is a mapping with 'role'."),
        ("{signoff: security, check: toy.header}", "Who signs beside checks is named by 'partial'"),
        ("{signoff: security, partial: security}", "'partial' names who signs beside checks"),
        ("{signoff: security, valid: 30d, cadence: daily}", "Give 'valid' or 'cadence', not both."),
        ("{signoff: security, valid: a month}", "'valid' is a number of days such as 30d."),
        ("{signoff: security, valid: 0d}", "'valid' is a number of days such as 30d."),
        ("{signoff: security, cadence: quaterly}", "'quaterly' is not a cadence. Did you mean 'quarterly'?"),
        ("{check: toy.header, valid: 30d}", "'valid' and 'cadence' bound a sign-off; there is none here."),
        ("{check: toy.header, partial: nobody}", "There is no role 'nobody'"),
        ("{not_applicable: ' '}", "'not_applicable' takes one text, the reason, and no other key."),
        ("{not_applicable: true}", "'not_applicable' takes one text"),
        *(
            (f"{{not_applicable: {reason}}}", f"'not_applicable: {reason}' is no reason; say why")
            for reason in ("no", "TODO", "TBD", "N/A", "To be confirmed", "s", "yes")
        ),
        ("{not_applicable: '???'}", "'not_applicable: ???' is no reason; say why"),
        ("{not_applicable: why, check: toy.header}", "'not_applicable' takes one text"),
    ],
)
def test_a_mistake_in_a_binding(tmp_path: Path, written: str, expected: str) -> None:
    told = mistakes(tmp_path, f"# remark\ntls:\n  hsts-headers-configured: {written}\n")
    assert any(line.startswith("3: ") and expected in line for line in told), told


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("tsl: {}\n", "1: CHECK.md has no section 'tsl' with items. Did you mean 'tls'?"),
        ("tls: toy.header\n", "1: Section 'tls' must map items to bindings."),
        ("tls:\n", "1: Section 'tls' must map items to bindings."),
        (
            "tls:\n  hsts-header-configured: toy.header\n",
            "2: Section 'tls' has no item 'hsts-header-configured'. Did you mean 'hsts-headers-configured'?",
        ),
        ("tls:\n  group: toy.header\n", "2: 'tls/group' is a group; its state follows from its items. Bind those."),
        (
            "tls: {one: {check: toy.header, partial: securty, valid: 30d}}\n",
            "1: There is no role 'securty' in readiness.yaml. Did you mean 'security'?",
        ),
        ("tls: {one: toy.header}\ntls: {two: toy.header}\n", "2: The key 'tls' occurs twice; first on line 1."),
    ],
)
def test_a_mistake_around_bindings(tmp_path: Path, text: str, expected: str) -> None:
    assert mistakes(tmp_path, text) == [expected]


def test_all_mistakes_are_told_at_once_in_the_order_of_the_file(tmp_path: Path) -> None:
    told = mistakes(
        tmp_path,
        """\
tls:
  hsts-headers-configured:
    all:
      - toy.headr
      - check: toy.header
        min_age: 0
        nme: x
  certificates-expire-late: toy.headr
sign-off:
  uat-completed: {signoff: owner}
  cnd: {not_applicable: no CDN}
tsl: {}
""",
    )
    assert [int(line.partition(":")[0]) for line in told] == [4, 6, 7, 8, 10, 11, 12]


def test_names_of_resources_are_not_judged_where_no_target_declares_any(tmp_path: Path) -> None:
    checklist = parse_checklist(CHECKLIST, tmp_path / "CHECK.md")
    path = bindings_path(checklist.path)
    path.write_text("tls: {one: {check: toy.header, on: anything}}\n", encoding="utf-8")
    assert list(read_bindings(path, checklist, CHECKS, ROLES, {})) == ["tls/one"]


def test_what_a_check_leaves_to_a_person_needs_one_who_signs(tmp_path: Path) -> None:
    @check("toy.points", severity="high", remedy="Look at them.")
    def points(url: object, *, signed: list[str] = []) -> Evidence:  # noqa: B006
        """Every point is decided."""
        return Evidence(", ".join(signed))

    written = "tls:\n  one: {all: [{check: toy.points, signed: [a]}, toy.points]%s}\n"
    assert bindings(tmp_path, written % ", partial: security")["tls/one"].signoff
    assert mistakes(tmp_path, written % "") == [
        "2: 'signed' of toy.points names what a person vouches for; add who: 'partial: ROLE'."
    ]


LOAD = "# Load\n\n- [ ] p95 < 500 ms\n- [ ] p99 < 2 s\n- [ ] Cost of $5\n- [ ] Cost of €5\n"


def loaded(tmp_path: Path, text: str) -> dict[str, Binding]:
    path = tmp_path / "load.checks.yaml"
    path.write_text(text, encoding="utf-8")
    return read_bindings(path, parse_checklist(LOAD, Path("load.md")), CHECKS, {}, {})


def test_a_binding_by_an_id_of_an_earlier_version_is_read(tmp_path: Path) -> None:
    found = loaded(tmp_path, "load:\n  p95-500-ms: toy.header\n  p99-under-2-s: toy.header\n")
    assert {id: binding.item for id, binding in found.items()} == {
        "load/p95-under-500-ms": "load/p95-under-500-ms",
        "load/p99-under-2-s": "load/p99-under-2-s",
    }


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "load:\n  cost-of-5-2: toy.header\n",
            "'load/cost-of-5-2' no longer says which item is meant; write load/cost-",
        ),
        (
            "load:\n  p95-500-ms: toy.header\n  p95-under-500-ms: toy.header\n",
            "'load/p95-under-500-ms' and 'load/p95-500-ms' in line 2 are the same item, load/p95-under-500-ms.",
        ),
    ],
)
def test_what_may_mean_several_items_is_refused(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(ProblemsError) as caught:
        loaded(tmp_path, text)
    assert message in str(caught.value)


def test_checks_beside_a_signoff_are_told_of_partial(tmp_path: Path) -> None:
    with pytest.raises(ProblemsError) as caught:
        bindings(tmp_path, "tls:\n  hsts-headers-configured: {check: toy.header, signoff: security}\n")
    assert "'signoff' takes no checks, and 'check' is beside it. Who signs beside checks is named by 'partial'" in str(
        caught.value
    )


@pytest.mark.parametrize("name", ["CHECK.check.yaml", "CHECK.checks.yml", "Check.checks.yaml", "CHECKS.checks.yaml"])
def test_bindings_under_another_name_are_told(tmp_path: Path, name: str) -> None:
    (tmp_path / "CHECK.md").write_text(CHECKLIST, "utf-8")
    (tmp_path / name).write_text("tls: {}\n", "utf-8")
    told = misnamed_bindings(tmp_path / "CHECK.md")
    assert told is not None
    assert str(told) == (
        f"{tmp_path / name}: The bindings of CHECK.md are read from CHECK.checks.yaml only. "
        "Rename this file, or remove it."
    )


def test_the_bindings_of_another_checklist_are_not_misnamed(tmp_path: Path) -> None:
    for name in ("CHECK.md", "CHECKS.md", "CHECKS.checks.yaml"):
        (tmp_path / name).write_text("", "utf-8")
    assert misnamed_bindings(tmp_path / "CHECK.md") is None


@pytest.mark.parametrize("document", ["CHECK2.MD", "CHECK2.Md", "CHECK2.MARKDOWN"])
def test_a_document_may_end_in_any_spelling(tmp_path: Path, document: str) -> None:
    for name in ("CHECK.md", document, "CHECK2.checks.yaml"):
        (tmp_path / name).write_text("", "utf-8")
    assert misnamed_bindings(tmp_path / "CHECK.md") is None


def test_a_claim_without_a_check(tmp_path: Path) -> None:
    given = '{missing: redis.persistence, severity: high, source: "release.md:7"}'
    (binding,) = bindings(tmp_path, f"tls:\n  hsts-headers-configured: {given}\n").values()
    assert (binding.missing, binding.checks, binding.severity) == (("redis.persistence",), None, "high")
    assert binding.source == "release.md:7"
    (beside,) = bindings(
        tmp_path, "tls:\n  hsts-headers-configured: {check: toy.header, missing: [redis.persistence]}\n"
    ).values()
    assert (beside.missing, shape(beside.checks)) == (("redis.persistence",), "toy.header")


def test_where_groups_come_from(tmp_path: Path) -> None:
    (group,) = bindings(tmp_path, 'tls:\n  group: {source: "release.md:9"}\n').values()
    assert (group.item, group.source, group.uses, group.signoff) == ("tls/group", "release.md:9", (), None)


@pytest.mark.parametrize(
    ("written", "told"),
    [
        (
            "{missing: redis.persistance}",
            "1: No claim 'redis.persistance' is to come; 'readiness suites --claims' lists them. "
            "Did you mean 'redis.persistence'?",
        ),
        ("{missing: []}", "1: 'missing' takes the id of a claim that has no check yet, or a list of them."),
        ("{missing: [7]}", "1: 'missing' takes the id of a claim that has no check yet, or a list of them."),
        ("{missing: toy.header}", "1: There is a check 'toy.header' now; bind the item to it instead of 'missing'."),
        (
            "{missing: redis.persistence, partial: security}",
            "1: 'missing' leaves the item unverified until there is a check, so nobody is asked to sign it; "
            "leave out 'partial'.",
        ),
        ("{missing: redis.persistence, on: shop}", "1: Unknown key 'on' in this binding. Known: level, missing"),
        ("{check: toy.header, source: 7}", "1: 'source' takes a text, in quotes, such as \"release.md:17\"."),
    ],
)
def test_mistakes_about_what_is_missing(tmp_path: Path, written: str, told: str) -> None:
    (line,) = mistakes(tmp_path, f"tls: {{hsts-headers-configured: {written}}}\n")
    assert line.startswith(told)


@pytest.mark.parametrize(
    ("written", "named"),
    [
        ("toy.header", ("toy.header",)),
        ("[toy.header, {check: toy.word, text: a}, toy.header]", ("toy.header", "toy.word")),
        ("{any: [toy.header, {all: [{check: toy.word, text: a}]}]}", ("toy.header", "toy.word")),
        ("{check: toy.header, partial: security}", ("toy.header", "signature of security")),
        ("{signoff: {role: security, count: 2}, valid: 5d}", ("signature of security",)),
        ("{missing: [redis.persistence, redis.tls]}", ("redis.persistence", "redis.tls")),
        ("{check: toy.header, missing: redis.tls}", ("toy.header", "redis.tls")),
        ("{not_applicable: no CDN}", ("not applicable (no CDN)",)),
    ],
)
def test_what_is_proposed_stands_apart(tmp_path: Path, written: str, named: tuple[str, ...]) -> None:
    text = "tls: {hsts-headers-configured: {proposed: %s}}\n"
    (binding,) = bindings(tmp_path, text % written).values()
    assert binding == Binding("tls/hsts-headers-configured", 1, proposed=binding.proposed)
    assert (binding.uses, binding.named) == ((), ())
    assert binding.proposed is not None
    assert binding.proposed.named == named


def test_what_is_proposed_is_read_as_a_binding_is(tmp_path: Path) -> None:
    given = "{check: toy.header, name: Via, on: shop, warn: {min_age: 3}, severity: low, partial: security, valid: 5d}"
    text = f'tls:\n  hsts-headers-configured:\n    proposed: {given}\n    source: "release.md:7"\n'
    (binding,) = bindings(tmp_path, text).values()
    (bound,) = bindings(tmp_path, f"tls:\n  hsts-headers-configured:\n    {given}\n").values()
    assert (binding.source, binding.line, binding.level, binding.severity) == ("release.md:7", 2, "", None)
    assert binding.proposed is not None
    (use,), (same,) = binding.proposed.uses, bound.uses
    assert (use.parameters, use.warn, use.on, use.line) == (same.parameters, same.warn, ("shop",), 3)
    assert (binding.proposed.signoff, binding.proposed.severity) == (bound.signoff, "low")


@pytest.mark.parametrize(
    "written",
    [
        "{signoff: writers}",
        "{signoff: {role: twice, count: 9}}",
        "{check: toy.header, partial: operators}",
        "{check: toy.header, on: shopp}",
        "{check: toy.header, level: gold}",
        "{check: toy.header, from_target: headers}",
        "{check: toy.word, from_target: words}",
        "toy.word",
        "[{check: toy.word, warn: {text: b}}]",
        "{missing: toy.header}",
    ],
)
def test_a_proposal_may_name_what_is_not_declared_so_far(tmp_path: Path, written: str) -> None:
    """A binding of its own would be refused; what a program proposes stops no run before someone confirms it."""
    mistakes(tmp_path, f"tls: {{hsts-headers-configured: {written}}}\n")
    (binding,) = bindings(tmp_path, f"tls: {{hsts-headers-configured: {{proposed: {written}}}}}\n").values()
    assert binding.proposed is not None


def test_what_a_target_gives_is_not_looked_at_for_a_proposal(tmp_path: Path) -> None:
    (binding,) = with_target(tmp_path, "{proposed: {check: toy.header, from_target: slow}}").values()
    assert binding.proposed is not None
    (use,) = binding.proposed.uses
    assert (use.from_target, use.lacking) == ("slow", "parameters named 'slow', which each target gives")


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("toy.heder", "There is no check 'toy.heder'. Did you mean 'toy.header'?"),
        ("{check: toy.header, min_age: long}", "The binding to toy.header, 'min_age': must be a whole number."),
        ("{check: toy.word, txt: a}", "Unknown key 'txt' in the binding to toy.word. Did you mean 'text'?"),
        ("{check: toy.word, text: true}", "The binding to toy.word, 'text': must be a text; put it in quotes."),
        ("{check: toy.header, severity: grave}", "'grave' is not a severity."),
        ("{check: toy.word, text: a, on: shop}", "toy.word looks at no resource, so it takes no 'on'."),
        ("{signoff: security, check: toy.header}", "'signoff' takes no checks, and 'check' is beside it."),
        ("{signoff: security, valid: a month}", "'valid' is a number of days such as 30d."),
        ("{missing: redis.persistance}", "No claim 'redis.persistance' is to come;"),
        ("{not_applicable: TODO}", "'not_applicable: TODO' is no reason;"),
        (
            "{source: a}",
            "A binding holds exactly one of 'check', 'all', 'any', 'signoff', 'not_applicable' or",
        ),
        ("[]", "This must be a list of at least one check;"),
        ("", "A binding is a check id, a list of them, or a mapping"),
        ("{proposed: toy.header}", "'proposed' is said of an item as a whole,"),
        ("[{proposed: toy.header}]", "'proposed' is said of an item as a whole,"),
        ("{all: [toy.header], proposed: toy.header}", "'proposed' is said of an item as a whole,"),
    ],
)
def test_mistakes_in_a_proposal(tmp_path: Path, written: str, told: str) -> None:
    (line,) = mistakes(tmp_path, f"tls:\n  hsts-headers-configured:\n    proposed: {written}\n")
    assert line.startswith(f"3: {told}")


def test_all_mistakes_of_proposals_are_told(tmp_path: Path) -> None:
    text = "tls:\n  hsts-headers-configured:\n    proposed:\n      - toy.heder\n      - {check: toy.word, txt: a}\n"
    told = mistakes(tmp_path, f"{text}  certificates-expire-late: toy.wrd\n")
    assert [line.partition(":")[0] for line in told] == ["4", "5", "6"]


@pytest.mark.parametrize(
    ("item", "written", "told"),
    [
        (
            "hsts-headers-configured",
            "{proposed: toy.header, check: toy.header}",
            "'proposed' takes no key beside it but 'source', and 'check' is there. Leave out 'proposed' where the rest "
            "answers the item, or the rest where that is proposed only.",
        ),
        ("hsts-headers-configured", "{severity: low, proposed: toy.header}", "'proposed' takes no key beside it but"),
        ("hsts-headers-configured", "[{proposed: toy.header}]", "'proposed' is said of an item as a whole,"),
        ("group", "{proposed: toy.header}", "'tls/group' is a group; its state follows from its items."),
    ],
)
def test_where_a_proposal_cannot_stand(tmp_path: Path, item: str, written: str, told: str) -> None:
    (line,) = mistakes(tmp_path, f"tls: {{{item}: {written}}}\n")
    assert line.startswith(f"1: {told}")


GIVEN = """\
sets:
  header: {name: Via, on: public}
  slow: {min_age: 0}
  nowhere: {on: pubic}
  loud: {severity: low, warn: {min_age: 3}}
"""


def with_target(tmp_path: Path, binding: str, *others: str) -> dict[str, Binding]:
    checklist = parse_checklist(CHECKLIST, tmp_path / "CHECK.md")
    path = bindings_path(checklist.path)
    path.write_text(f"tls:\n  hsts-headers-configured: {binding}\n", encoding="utf-8")
    given = parse_yaml(GIVEN, tmp_path / "readiness.yaml", "configuration")["sets"]
    names = {*given, *others}
    target = Target("prod", parameters=given)
    return read_bindings(path, checklist, CHECKS, ROLES, DECLARED, target=target, parameters=names)


def test_the_target_gives_parameters(tmp_path: Path) -> None:
    (binding,) = with_target(tmp_path, "{check: toy.header, min_age: 5, from_target: header}").values()
    (use,) = binding.uses
    assert (use.on, use.narrowed, use.from_target, use.lacking) == ((), ("public",), "header", "")
    assert (use.parameters["name"], use.parameters["min_age"]) == ("Via", 5)


def test_what_is_asked_of_another_target_is_looked_at_as_far_as_it_can_be(tmp_path: Path) -> None:
    with pytest.raises(ProblemsError, match=r"Unknown key 'txet' in the binding to toy.word. Did you mean 'text'\?"):
        with_target(tmp_path, "{check: toy.word, from_target: words, txet: a}", "words")


def test_another_target_gives_parameters(tmp_path: Path) -> None:
    (binding,) = with_target(tmp_path, "{check: toy.word, from_target: words}", "words").values()
    (use,) = binding.uses
    assert use.lacking == "target prod gives no parameters named 'words'"


@pytest.mark.parametrize(
    ("written", "file", "told"),
    [
        ("{check: toy.word, from_target: words}", "CHECK.checks", "No target gives parameters named 'words'."),
        (
            "{check: toy.word, from_target: 7}",
            "CHECK.checks",
            "'from_target' takes a name of the target's 'parameters'.",
        ),
        (
            "{check: toy.header, from_target: header, name: Age}",
            "CHECK.checks",
            "'name' is given here and by 'header' in {path}/readiness.yaml:2; leave one out.",
        ),
        (
            "{check: toy.header, from_target: slow}",
            "readiness",
            "The binding to toy.header, with 'slow' of target 'prod', 'min_age': must be above 0",
        ),
        (
            "{check: toy.header, from_target: header, min_age: 0}",
            "CHECK.checks",
            "The binding to toy.header, with 'header' of target 'prod', 'min_age': must be above 0",
        ),
        (
            "{check: toy.word, from_target: slow, text: a}",
            "readiness",
            "Unknown key 'min_age' in the binding to toy.word, with 'slow' of target 'prod'.",
        ),
        (
            "{check: toy.header, from_target: nowhere}",
            "readiness",
            "No target declares a url named or labelled 'pubic'. Did you mean 'public'?",
        ),
        ("{check: toy.header, from_target: loud}", "readiness", "'warn' is said in bindings only."),
        ("{check: toy.word, from_target: [header]}", "CHECK.checks", "'from_target' takes a name of the target's"),
        (
            "{from_target: header}",
            "CHECK.checks",
            "A binding holds exactly one of 'check', 'all', 'any', 'signoff', 'not_applicable', 'missing' or "
            "'proposed'. 'from_target' is said beside 'check'.",
        ),
    ],
)
def test_mistakes_about_what_the_target_gives(tmp_path: Path, written: str, file: str, told: str) -> None:
    with pytest.raises(ProblemsError) as caught:
        with_target(tmp_path, written)
    (problem,) = caught.value.problems
    assert problem.path == tmp_path / f"{file}.yaml"
    assert problem.message.startswith(told.replace("{path}", str(tmp_path)))


MADE_OF_A_SUITE = ".suite: starter\ntls:\n  hsts-headers-configured: {{check: toy.header, on: {name}}}\n"


def test_what_was_made_of_a_suite_may_name_what_nothing_has(tmp_path: Path) -> None:
    (binding,) = bindings(tmp_path, MADE_OF_A_SUITE.format(name="billing")).values()
    assert binding.uses[0].on == ("billing",)
    text = ".suite: starter\ntls: {hsts-headers-configured: {check: toy.word, from_target: words}}\n"
    assert bindings(tmp_path, text)["tls/hsts-headers-configured"].uses[0].lacking


def test_what_was_made_of_a_suite_may_misspell_nothing(tmp_path: Path) -> None:
    told = mistakes(tmp_path, MADE_OF_A_SUITE.format(name="pubic"))
    assert told == ["3: No target declares a url named or labelled 'pubic'. Did you mean 'public'?"]


@pytest.mark.parametrize("name", ["strter", "[starter]", "7"])
def test_the_suite_that_something_was_made_of_must_exist(tmp_path: Path, name: str) -> None:
    (told,) = mistakes(tmp_path, f".suite: {name}\ntls: {{hsts-headers-configured: toy.header}}\n")
    assert told.startswith("1: '.suite' names the suite that the bindings were made of.")


def test_a_target_may_name_nothing_that_it_lacks_for_what_was_made_of_a_suite(tmp_path: Path) -> None:
    checklist = parse_checklist(CHECKLIST, tmp_path / "CHECK.md")
    path = bindings_path(checklist.path)
    path.write_text(".suite: starter\ntls: {hsts-headers-configured: {check: toy.header, from_target: far}}\n", "utf-8")
    given = parse_yaml("far: {on: billing}\n", tmp_path / "readiness.yaml", "configuration")
    with pytest.raises(ProblemsError, match="No target declares a url named or labelled 'billing'"):
        read_bindings(
            path, checklist, CHECKS, ROLES, DECLARED, target=Target("prod", parameters=given), parameters=given
        )


def test_a_binding_counts_for_the_words_for_which_it_was_confirmed(tmp_path: Path) -> None:
    checklist = parse_checklist(CHECKLIST, tmp_path / "CHECK.md")
    item = next(checklist.leaves())
    text = f"{item.id.replace('/', ': {', 1)}: toy.header}}\n"
    confirmed = f".confirmed: {{{item.id}: '{item.fingerprint}'}}\n"
    assert bindings(tmp_path, text + confirmed)[item.id].uses
    other = bindings(tmp_path, text + confirmed.replace(item.fingerprint, "0" * 16))[item.id]
    assert (other.uses, other.reworded) == ((), True)
    assert other.proposed is not None
    assert other.proposed.named == ("toy.header",)


@pytest.mark.parametrize("confirmed", ["", "{}", "{tls/gone: 0123456789abcdef}"])
def test_a_binding_does_not_count_of_which_it_is_not_kept_what_its_item_said(tmp_path: Path, confirmed: str) -> None:
    text = f"tls: {{hsts-headers-configured: toy.header}}\n.confirmed: {confirmed}\n"
    found = bindings(tmp_path, text)["tls/hsts-headers-configured"]
    assert (found.uses, found.unsaid, found.reworded) == ((), True, False)
    assert found.proposed is not None


@pytest.mark.parametrize("value", ["http.csp", "[a]", "{check: a.b}", "123"])
def test_what_is_no_fingerprint_does_not_stand_among_them(tmp_path: Path, value: str) -> None:
    (told,) = mistakes(tmp_path, f".confirmed:\n  hsts-on: {value}\n")
    assert told.startswith("2: 'hsts-on' stands in '.confirmed', which holds fingerprints")
