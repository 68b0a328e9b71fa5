"""The five suites follow the documents that they were made of, line by line; only the lines' numbers are here.

With READINESS_ORIGINALS, a folder with those documents as 000.md to 004.md, the documents themselves are tried, too.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections import Counter
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

from pytest_readiness.checklist.model import Item, family
from pytest_readiness.checklist.reading import read_checklist
from pytest_readiness.config.loading import load_configuration
from pytest_readiness.config.suites import suite_path, target_path
from pytest_readiness.config.target import Configuration
from pytest_readiness.core.unverified import NO_CHECK
from pytest_readiness.plan.binding import Binding, bindings_path
from pytest_readiness.plan.originals import NOT_READ, follow, said_in
from pytest_readiness.plan.plan import make_plan, with_cadence
from pytest_readiness.plan.suites import ShippedSuite, Way, read_suite
from tests.suites.documents import LABELS as LABELS_OF_DOCUMENTS
from tests.suites.reports import TESTS


@dataclass(frozen=True)
class Document:
    """What a suite was made of.

    Attributes:
        name: what its sources begin with.
        boxes: lines of the items, groups among them.
        groups: lines of the groups.
        others: lines that the suite takes for items, too, and that no reader of checklists does.
    """

    name: str
    boxes: str
    groups: str = ""
    others: str = ""


DOCUMENTS = {
    "fintech-platform": Document(
        "000",
        "10-14 16-24 26-30 33-40 42-46 48-53 56-60 62-67 72-77 79-83 85-89 92-97 99-103 106-111 116-121 123-127 "
        "130-134 136-140 143-147 149-153 158-162 164-168 171-176 178-182 185-189 191-195 200-205 207-211 214-219 "
        "224-229 231-235 238-243 245-250 255-260 262-266 271-276 278-283 286-291 296-301 303-307 310-315 317-322 "
        "327-332 334-339 342-347 352-357 360-365 370-375 378-383 408-419",
        "10 16 26 33 42 48 56 62 72 79 85 92 99 106 116 123 130 136 143 149 158 164 171 178 185 191 200 207 214 "
        "224 231 238 245 255 262 271 278 286 296 303 310 317 327 334 342 352 360 370 378",
    ),
    "paas-digitalocean": Document(
        "001",
        "14-18 20-24 26-30 33-37 39-44 49-54 56-62 64-70 73-77 82-86 88-92 94-98 107-111 113-117 122-126 128-132 "
        "134-138 141-145 150-154 156-160 162-166 175-179 181-185 190-194 196-200 205-209 211-215 217-221 230-234 "
        "236-240 243-247 252-256 258-262 264-268 273-277 279-283 285-289 298-302 304-308 311-315 320-324 326-330 "
        "339-343 345-349 354-358 360-364 373-377 380-384 389-393 402-406 408-412 414-418 423-427 429-433 440-447 "
        "450-456 463-468 470-474",
        "14 20 26 33 39 49 56 64 73 82 88 94 107 113 122 128 134 141 150 156 162 175 181 190 196 205 211 217 230 "
        "236 243 252 258 264 273 279 285 298 304 311 320 326 339 345 354 360 373 380 389 402 408 414 423 429 463 "
        "470",
    ),
    "accessible-platform": Document(
        "002",
        "9-15 19-24 28-40 44-50 54-58 62-71 75-85 89-96 100-106 113-118 121-126 129-133 136-142 147-152 155-160 "
        "163-169 174-179 182-188 191-195 201-204 208-212 216-221 225-230",
        "32 62 76",
        "266-280",
    ),
    "compose-payments": Document(
        "003",
        "8-11 14-23 26-33 36-41 48-52 55-58 61-63 66-71 74-79 86-91 94-105 108-114 117-122 125-130 137-139 "
        "142-145 148-152 155-158 165-170",
    ),
    "containers-mongodb": Document(
        "004",
        "11-18 20-25 27-32 34-39 41-46 52-58 60-64 66-71 77-82 84-89 91-95 101-105 107-113 115-119 125-131 "
        "133-137 143-147 149-154 156-161 163-167 173-178 180-183 189-194 196-200 206-211 213-216 222-227 229-234 "
        "236-241 247-252 254-258 260-265 271-274 276-279 281-285 287-291 297-302 304-308 310-314 320-324 326-330 "
        "336-341 343-348 350-355 361-364 366-369 371-374 380-384",
        "11 20 27 34 41 52 60 66 77 84 91 101 107 115 125 133 143 149 156 163 173 180 189 196 206 213 222 229 236 "
        "247 254 260 271 276 281 287 297 304 310 320 326 336 343 350 361 366 371",
    ),
}
LEAVES = 967

ROLES = {
    *("release-manager", "engineering", "operations", "security", "product-owner", "support"),
    *("compliance", "management", "accessibility"),
    *("technical-lead", "operations-lead", "security-lead", "cto"),
}
LABELS = {
    "url": {"site", "api", "admin"},
    "endpoint": {"site", "api", "admin"},
    "domain": {"site", "api", "admin", "mail", "cdn"},
    "readiness_host": {"web", "database"},
    "container": {"worker"},
    "mail": {"outgoing"},
    "inbox": {"catcher"},
    "env_file": {"production", "example", "development", "s3"},
    "document": set(LABELS_OF_DOCUMENTS) - {"changelog"},
    "report": {
        *(*TESTS, "coverage", "static-analysis", "dependency-audit", "image-scan", "worker-image-scan"),
        *("load", "stress", "zap", "lighthouse", "mobile-lighthouse", "records"),
    },
}
VARIABLES = {
    "DATABASE_URL": "postgresql://app:secret@db.example.com/app",
    **dict.fromkeys(
        ("CUSTOMER_TOKEN", "CUSTOMER_PASSWORD", "ADMIN_TOKEN", "WEBHOOK_KEY", "SMTP_PASSWORD", "GITHUB_TOKEN"), "secret"
    ),
    **dict.fromkeys(("CATCHER_PASSWORD", "EXPIRED_TOKEN", "SECOND_FACTOR_PASSWORD"), "secret"),
}
NAMES = {"1c663410abd50866", "2c9fafe54e307d85", "dee7828896bab15c", "ba2f125fab060468"}
"""Digests of names that only the teams of the documents have."""

suites = pytest.mark.parametrize("name", DOCUMENTS)
read = cache(read_suite)


def numbers(ranges: str) -> list[int]:
    found: list[int] = []
    for each in ranges.split():
        first, _, last = each.partition("-")
        found += range(int(first), int(last or first) + 1)
    return found


@cache
def configured(name: str) -> Configuration:
    """The suite's own example of a target, with its variables set."""
    return load_configuration(target_path(name), "prod", VARIABLES, resolve=False)


def files(name: str) -> list[Path]:
    path = suite_path(name)
    return [path, bindings_path(path), target_path(name)]


def line_of(binding: Binding, document: Document) -> int:
    name, _, line = binding.source.rpartition(":")
    assert name == document.name, binding.item
    return int(line)


def leaves(shipped: ShippedSuite, document: Document) -> list[Item]:
    """The items that the reader of checklists takes for items in the document."""
    others = numbers(document.others)
    return [item for item in shipped.checklist.leaves() if line_of(shipped.bindings[item.id], document) not in others]


def test_there_are_as_many_items_as_the_documents_have() -> None:
    of_documents = {name: len(numbers(each.boxes)) - len(numbers(each.groups)) for name, each in DOCUMENTS.items()}
    assert sum(of_documents.values()) == LEAVES
    assert {name: len(leaves(read(name), each)) for name, each in DOCUMENTS.items()} == of_documents


@suites
def test_every_item_has_an_entry_with_its_line_in_order(name: str) -> None:
    shipped, document = read(name), DOCUMENTS[name]
    items = list(shipped.checklist.items())
    assert [item.id for item in items if item.id not in shipped.bindings] == []
    lines = sorted(numbers(document.boxes) + numbers(document.others))
    assert [line_of(shipped.bindings[item.id], document) for item in items] == lines
    assert [line_of(binding, document) for binding in shipped.bindings.values()] == lines
    groups = [line_of(shipped.bindings[item.id], document) for item in items if item.is_group]
    assert groups == numbers(document.groups)


@suites
def test_every_signature_has_a_role_and_a_term(name: str) -> None:
    shipped = read(name)
    for item in shipped.checklist.leaves():
        if rule := shipped.bindings[item.id].signoff:
            assert rule.role in ROLES, item.id
            assert with_cadence(rule, item, shipped.checklist.section_of(item)).valid_days, item.id


@suites
def test_the_example_declares_all_that_the_suite_names(name: str) -> None:
    uses = [use for binding in read(name).bindings.values() for use in binding.uses]
    configuration = configured(name)
    assert configuration.parameters == {use.from_target for use in uses} - {""}
    for use in uses:
        assert set(use.on) <= configuration.declared.get(use.check.kind or "", set()), use.check.id


@suites
def test_a_run_on_the_example_would_look_at_everything(name: str) -> None:
    configuration = configured(name)
    assert configuration.unset == ()
    allowed = frozenset(("passive", *configuration.target.policy.allow))
    plan = make_plan(configuration, configuration.checklists, allowed, fenced=False)
    assert plan.notes == ()
    left_out = {test.key: test.settled for test in plan.tests() if test.settled}
    assert {key: why for key, why in left_out.items() if not why[1].startswith(NO_CHECK)} == {}


@suites
def test_words_are_those_of_all_suites(name: str) -> None:
    configuration = configured(name)
    assert configuration.roles.keys() <= ROLES
    for use in (use for binding in read(name).bindings.values() for use in binding.uses):
        assert set(use.on) <= LABELS.get(use.check.kind or "", set()), use.check.id
    assert set(re.findall(r"\$\{([A-Z]\w+)", target_path(name).read_text("utf-8"))) <= VARIABLES.keys()


def test_a_set_of_parameters_holds_the_same_in_all_suites() -> None:
    held: dict[str, dict[str, frozenset[str]]] = {}
    for name in DOCUMENTS:
        for asked, parameters in configured(name).target.parameters.items():
            held.setdefault(asked, {})[name] = frozenset(parameters) - {"on"}
    assert {asked: each for asked, each in held.items() if len(set(each.values())) > 1} == {}


@suites
def test_nobody_elses_names_are_in_it(name: str) -> None:
    for path in files(name):
        words = set(re.findall(r"[a-z]{4,}", path.read_text("utf-8").lower()))
        assert [word for word in words if hashlib.sha256(word.encode()).hexdigest()[:16] in NAMES] == [], path.name


def test_enough_is_answered() -> None:
    """At least that many by checks, alone or in part, and by people alone; all others say what they wait for."""
    counts: Counter[Way] = Counter()
    for name, document in DOCUMENTS.items():
        shipped = read(name)
        counts.update(shipped.way(item) for item in leaves(shipped, document))
    assert counts.total() == LEAVES
    assert counts["checks"] + counts["in part"] >= 410
    assert counts["people"] >= 110
    assert counts["unbound"] == 0


def outline(shipped: ShippedSuite, document: Document) -> str:
    """A document without words: its items are on the lines of the suite's sources, in the same sections and groups."""
    lines = [""] * (max(numbers(document.boxes) + numbers(document.others)) + 1)
    for number, section in enumerate(shipped.checklist.sections):
        of_section = [item for top in section.items for item in family(top)]
        for item in of_section:
            line = line_of(shipped.bindings[item.id], document)
            remark = f" ({item.condition})" if item.condition else " (optional)" if item.optional else ""
            lines[line] = f"{'  ' * item.level}- [ ] Item {line}{remark}"
        heading = line_of(shipped.bindings[of_section[0].id], document) - 1
        assert lines[heading] == ""
        lines[heading] = f"## Section {number}"
    return "\n".join(lines[1:])


def planned(name: str, path: Path, lines: dict[str, int], *, terms: bool) -> dict[int, list[object]]:
    """What a run on the example would do, by each item's line in the document, with or without signatures' terms."""
    configuration = configured(name)
    allowed = frozenset(("passive", *configuration.target.policy.allow))
    found: dict[int, list[object]] = {}
    for test in make_plan(configuration, (path,), allowed, fenced=False).tests():
        found.setdefault(lines[test.item.id], []).append(
            (
                *(test.name.removeprefix(test.item.slug), test.check, test.resource, test.parameters, test.warn),
                *(test.signoff if terms else bool(test.signoff), test.severity, test.settled),
            )
        )
    return found


def assert_followed(name: str, path: Path, without: list[int], *, own: bool) -> None:
    """A document gets the bindings of the suite, and a run on the example would do the same for both.

    One in words of our `own` counts as what the suite was made of, and has no words that bound a signature.
    """
    shipped, document = read(name), DOCUMENTS[name]
    original = read_checklist(path)
    made = follow(shipped, original, said_in(original) if own else None)
    left_out = {reason: [line for line, _ in entries] for reason, entries in made.left_out.items()}
    assert left_out == ({NOT_READ: without} if without else {})
    bindings_path(path).write_text(made.text, "utf-8")
    of_suite = {item.id: line_of(shipped.bindings[item.id], document) for item in shipped.checklist.items()}
    wanted = planned(name, suite_path(name), of_suite, terms=not own)
    got = planned(name, path, {item.id: item.line for item in original.items()}, terms=not own)
    assert got == {line: tests for line, tests in wanted.items() if line not in without}


@suites
def test_a_document_of_the_same_lines_is_followed(name: str, tmp_path: Path) -> None:
    path = tmp_path / "original.md"
    path.write_text(outline(read(name), DOCUMENTS[name]), "utf-8")
    # Words of headings bound a signature, too.
    assert_followed(name, path, [], own=True)


ORIGINALS = os.environ.get("READINESS_ORIGINALS", "")
if ORIGINALS:

    @suites
    def test_the_document_itself_is_followed(name: str, tmp_path: Path) -> None:
        document = DOCUMENTS[name]
        path = tmp_path / "original.md"
        path.write_bytes((Path(ORIGINALS) / f"{document.name}.md").read_bytes())
        original = read_checklist(path)
        assert [item.line for item in original.items()] == numbers(document.boxes)
        assert [item.line for item in original.items() if item.is_group] == numbers(document.groups)
        assert_followed(name, path, numbers(document.others), own=False)
