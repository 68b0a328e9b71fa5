"""The plan: checklist + bindings + target = the list of tests to run."""

from __future__ import annotations

import os
import shlex
from collections.abc import Hashable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from pytest_readiness.checklist.former import FormerIds
from pytest_readiness.checklist.model import Checklist, ChecklistError, Item, Section
from pytest_readiness.checklist.reading import read_checklist
from pytest_readiness.config.target import Configuration
from pytest_readiness.core import clock
from pytest_readiness.core.domains import catalogue
from pytest_readiness.core.evidence import NotDeclared
from pytest_readiness.core.problems import Problem, ProblemsError, nearest, typo_of
from pytest_readiness.core.registry import FACTS, SEVERITIES, Check, Severity, lacking
from pytest_readiness.core.resources import Resource
from pytest_readiness.core.unverified import NO_CHECK, PROPOSED
from pytest_readiness.people.decisions import Decisions, KnownItems, Waiver, read_people
from pytest_readiness.people.rules import SignoffRule, WaiverRule, cadence_in
from pytest_readiness.plan.binding import Binding, bindings_path, misnamed_bindings
from pytest_readiness.plan.bindings import read_bindings
from pytest_readiness.plan.coming import COMING
from pytest_readiness.plan.resolution import BindingResolver, Settled, Wanted, not_declared

DEFAULT_SEVERITY: Severity = "medium"
"""Of an item that no check and no binding gives one."""

UNBOUND = "bound to nothing: no check answers it and nobody signs it"
_CONFIRM = "confirm with "


@dataclass(frozen=True, slots=True)
class PlannedTest:
    """One test of an item.

    Attributes:
        item: the item.
        section: its section.
        checklist: name of its checklist.
        name: name of the pytest node, unique in the section.
        severity: how bad it is if the claim is false.
        check: the check, for a test that judges facts.
        resource: what it looks at, for a check that looks at a resource.
        parameters: of the check.
        warn: parameters of a stricter judgement, whose failure is a warning.
        asks: what it asks of facts, by fact name.
        signoff: who must sign, for a test of a sign-off.
        settled: how it ends where nothing needs to be looked at, and why.
        waiver: the waiver of the item, where there is one that counts.
        refused: why waivers of the item do not count.
        lacking: whether it is left out because the target declares nothing that its conditional item looks at.
    """

    item: Item
    section: Section
    checklist: str
    name: str
    severity: Severity
    check: Check | None = None
    resource: Resource | None = None
    parameters: Mapping[str, Any] = field(default_factory=dict)
    warn: Mapping[str, Any] | None = None
    asks: Mapping[str, tuple[Hashable, ...]] = field(default_factory=dict)
    signoff: SignoffRule | None = None
    settled: Settled | None = None
    waiver: Waiver | None = None
    refused: tuple[str, ...] = ()
    lacking: bool = False

    @property
    def foreseen(self) -> tuple[Literal["unverified", "not applicable", "could not verify"], str] | None:
        """How it ends where that can be said beforehand, and why.

        Beside what is settled, that is an error where its facts need an extra that is not installed here; a replay,
        and fixtures that override these facts, do without.
        """
        if self.settled is not None or self.check is None:
            return self.settled[:2] if self.settled is not None else None
        reason = next(filter(None, (lacking(name) for name in self.check.fixtures if name in FACTS)), "")
        return ("could not verify", reason) if reason else None

    @property
    def full_item(self) -> str:
        """Id of the item over all checklists."""
        return f"{self.checklist}:{self.item.id}"

    @property
    def key(self) -> str:
        """Identity of the test over all checklists."""
        return f"{self.checklist}:{self.section.id}/{self.name}"


@dataclass(frozen=True)
class PlannedChecklist:
    """A checklist with its tests by section id, in the order of the document, and its bindings by item id."""

    checklist: Checklist
    tests: Mapping[str, tuple[PlannedTest, ...]]
    severities: Mapping[str, Severity]
    bindings: Mapping[str, Binding]


@dataclass(frozen=True)
class Plan:
    """All that a run will do.

    Attributes:
        configuration: readiness.yaml with its target chosen.
        checklists: by path.
        decisions: sign-offs and waivers.
        allow: classes of checks that may run.
    """

    configuration: Configuration
    checklists: Mapping[Path, PlannedChecklist]
    decisions: Decisions
    allow: frozenset[str]

    @property
    def notes(self) -> tuple[str, ...]:
        """What was not read of the checklists, what is left out, and which entries of people need a fresh signature."""
        documents = [planned.checklist for planned in self.checklists.values()]
        unread = (f"{document.path.name}: {document.unread}" for document in documents if document.unread)
        left_out = filter(None, map(_left_out, self.checklists.values()))
        return (*filter(None, [clock.told()]), *unread, *left_out, *self._unasked(), *self.decisions.notes)

    def _unasked(self) -> Iterator[str]:
        """A sentence on each set of parameters that nobody asks for, and that may be meant for another one."""
        bindings = [binding for planned in self.checklists.values() for binding in planned.bindings.values()]
        asked = {use.from_target for binding in bindings for use in binding.uses} - {""}
        given = self.configuration.target.parameters
        for name in sorted(given.keys() - asked):
            if near := typo_of(name, asked):
                place = f"{self.configuration.path.name}:{given[name].line}"
                yield f"{place}: no binding of this run asks for the parameters '{name}'; one asks for '{near}'"

    @property
    def papers(self) -> tuple[Path, ...]:
        """The files that say what is to be signed, and that it was."""
        own = (self.configuration.path, self.configuration.signoffs, self.configuration.waivers)
        return (*filter(None, own), *self.checklists, *map(bindings_path, self.checklists))

    @cached_property
    def former(self) -> FormerIds:
        """Finds the full ids of items by those that earlier versions gave them."""
        return FormerIds([planned.checklist for planned in self.checklists.values()])

    def tests(self) -> Iterator[PlannedTest]:
        """Every test, in order."""
        for planned in self.checklists.values():
            for tests in planned.tests.values():
                yield from tests


_SHOWN = 5


def _left_out(planned: PlannedChecklist) -> str:
    """One sentence on the items that hang on a condition and were left out for want of a resource; "" without any."""
    lacking = [test for tests in planned.tests.values() for test in tests if test.lacking]
    shown = ", ".join(f"{test.item.id} ({test.item.condition})" for test in lacking[:_SHOWN])
    more = f" and {len(lacking) - _SHOWN} more" if len(lacking) > _SHOWN else ""
    many = len(lacking) > 1
    return (
        f"{planned.checklist.path.name}: {len(lacking)} conditional item{'s are' if many else ' is'} left out, because "
        f"the target declares nothing that {'they look' if many else 'it looks'} at: {shown}{more}"
        if lacking
        else ""
    )


def make_plan(
    configuration: Configuration, documents: tuple[Path, ...], allow: frozenset[str], *, fenced: bool
) -> Plan:
    """Read the documents and their bindings, and list the tests.

    Args:
        configuration: readiness.yaml with its target chosen.
        documents: the Markdown documents of this run.
        allow: classes of checks that may run.
        fenced: whether checklists inside code fences are read.

    Raises:
        ProblemsError: every mistake in documents, bindings, sign-offs and waivers.
    """
    checks = catalogue()
    problems: list[Problem] = []
    read: dict[Path, tuple[Checklist, dict[str, Binding]]] = {}
    for path in dict.fromkeys(documents):
        try:
            checklist = read_checklist(path, fenced=fenced)
        except ChecklistError as error:
            problems.append(error.problem)
            continue
        bindings: dict[str, Binding] = {}
        where = bindings_path(path)
        if problem := misnamed_bindings(path):
            problems.append(problem)
        if where.is_file():
            try:
                bindings = read_bindings(
                    where,
                    checklist,
                    checks,
                    configuration.roles,
                    configuration.declared,
                    configuration.levels,
                    configuration.target,
                    configuration.parameters,
                )
            except ProblemsError as error:
                problems += error.problems
        read[path] = checklist, bindings
    _refuse_same_names(read, problems)
    _refuse_unknown_sections(configuration, read, problems)
    decisions = Decisions({}, {}, Path())
    try:
        # Of a checklist that cannot be read nobody knows the items, which would then seem to be misspelled.
        if len(read) == len(dict.fromkeys(documents)):
            signoffs, waivers = (
                path if path is not None and path.exists() else None
                for path in (configuration.signoffs, configuration.waivers)
            )
            decisions = read_people(
                signoffs,
                waivers,
                _known_items([checklist for checklist, _ in read.values()], configuration),
                configuration.signoff_proof,
                WaiverRule(configuration.roles, configuration.waiver_roles, configuration.waiver_days),
                clock.now().date(),
            )
    except ProblemsError as error:
        problems += error.problems
    if problems:
        raise ProblemsError(problems)
    planner = _Planner(configuration, allow, decisions)
    planned = {path: planner.checklist(checklist, bindings) for path, (checklist, bindings) in read.items()}
    return Plan(configuration, planned, decisions, allow)


def _refuse_same_names(read: Mapping[Path, tuple[Checklist, object]], problems: list[Problem]) -> None:
    first: dict[str, Path] = {}
    for path, (checklist, _) in read.items():
        if checklist.name in first:
            message = (
                f"{first[checklist.name]} has the same file name; rename one, so that its items can be told apart."
            )
            problems.append(Problem(path, 0, message))
        first.setdefault(checklist.name, path)


def _refuse_unknown_sections(
    configuration: Configuration, read: Mapping[Path, tuple[Checklist, object]], problems: list[Problem]
) -> None:
    """A minimum for a section that no checklist has would assert nothing."""
    minimums = configuration.target.policy.sections
    if not minimums:
        return
    known = {section.id for checklist, _ in read.values() for section in checklist.sections}
    for checklist in _others(configuration, {path.resolve() for path in read}):
        known.update(section.id for section in checklist.sections)
    for section in minimums:
        if section not in known:
            message = f"The policy names the section '{section}', which no checklist has.{nearest(section, known)}"
            problems.append(Problem(configuration.path, configuration.section_lines.get(section, 0), message))


def _others(configuration: Configuration, have: set[Path]) -> Iterator[Checklist]:
    """Configured checklists that are not part of this run, as far as they can be read."""
    for path in configuration.checklists:
        if path.resolve() not in have:
            with suppress(ChecklistError):
                yield read_checklist(path)


def _known_items(checklists: list[Checklist], configuration: Configuration) -> KnownItems:
    """Full ids by each way to write them, over this run's and the configured checklists."""
    every = [*checklists, *_others(configuration, {checklist.path.resolve() for checklist in checklists})]
    names: dict[str, list[str]] = {}
    fingerprints: dict[str, str] = {}
    groups: dict[str, list[str]] = {}
    for checklist in every:
        for item in checklist.items():
            full = f"{checklist.name}:{item.id}"
            if item.is_group:
                groups[item.id] = groups[full] = [child.id for child in item.children]
                continue
            names.setdefault(item.id, []).append(full)
            names[full] = [full]
            fingerprints[full] = item.fingerprint
    return KnownItems(names, FormerIds(every), fingerprints, groups)


class _Planner:
    def __init__(self, configuration: Configuration, allow: frozenset[str], decisions: Decisions) -> None:
        self.configuration = configuration
        self.target = configuration.target
        self.levels = configuration.levels
        self.decisions = decisions
        self.resolver = BindingResolver(configuration.target, allow)

    def checklist(self, checklist: Checklist, bindings: Mapping[str, Binding]) -> PlannedChecklist:
        tests: dict[str, tuple[PlannedTest, ...]] = {}
        severities: dict[str, Severity] = {}
        for section in checklist.sections:
            found: list[PlannedTest] = []
            for item in _leaves(section.items):
                binding = bindings.get(item.id)
                severities[item.id] = severity = _severity(item, binding)
                found += self._item(item, section, checklist, binding, severity)
            tests[section.id] = tuple(found)
        return PlannedChecklist(checklist, tests, severities, bindings)

    def _item(
        self, item: Item, section: Section, checklist: Checklist, binding: Binding | None, severity: Severity
    ) -> Iterator[PlannedTest]:
        common: dict[str, Any] = {
            "item": item,
            "section": section,
            "checklist": checklist.name,
            "severity": severity,
            "waiver": self.decisions.waivers.get(f"{checklist.name}:{item.id}"),
            "refused": self.decisions.refused.get(f"{checklist.name}:{item.id}", ()),
        }
        resolved = self.resolver.resolve(binding.checks) if binding and binding.checks else None
        not_applicable = item.not_applicable or (binding.not_applicable if binding else None)
        if not_applicable is not None:
            yield PlannedTest(name=item.slug, settled=Settled("not applicable", not_applicable), **common)
            return
        if item.condition and resolved and not resolved.declared:
            missing = f"{item.condition}: {resolved.missing}"
            yield PlannedTest(name=item.slug, settled=Settled("not applicable", missing), lacking=True, **common)
            return
        if binding is None:
            yield PlannedTest(name=item.slug, settled=Settled("unverified", UNBOUND, "unbound"), **common)
            return
        if binding.proposed is not None:
            # Before the level, as with what is bound to nothing: until someone confirms what answers it, nobody has
            # said anything of this item.
            settled = proposed_only(binding, review_command(checklist, self.configuration))
            yield PlannedTest(name=item.slug, settled=settled, **common)
            return
        if self._above(binding.level):
            reason = f"needed from level {binding.level} up; {self.target.name} is {self.target.level}"
            yield PlannedTest(name=item.slug, settled=Settled("not applicable", reason), **common)
            return
        wanted = resolved.wanted if resolved else ()
        several = len({each.use.check.id for each in wanted}) + (binding.signoff is not None) + len(binding.missing) > 1
        taken: set[str] = set()
        for each in wanted:
            yield self._check(item, each, several, taken, common)
        if binding.signoff is not None:
            rule = with_cadence(binding.signoff, item, section)
            yield PlannedTest(name=f"{item.slug}[signoff]", signoff=rule, **common)
        for claim in binding.missing:
            settled = Settled("unverified", no_check_yet(claim), NO_CHECK, claim)
            yield PlannedTest(name=f"{item.slug}[{claim}]", settled=settled, **common)

    def _above(self, level: str) -> bool:
        if not level or not self.target.level:
            return False
        return self.levels.index(level) > self.levels.index(self.target.level)

    def _check(
        self,
        item: Item,
        wanted: Wanted,
        several: bool,
        taken: set[str],
        common: Mapping[str, Any],
    ) -> PlannedTest:
        use, resource, settled = wanted
        asks: dict[str, tuple[Hashable, ...]] = {}
        if settled is None and resource is not None:
            try:
                asks = use.check.asked(resource, use.parameters)
                for name, asked in use.check.asked(resource, use.warn).items() if use.warn else ():
                    asks[name] = tuple(dict.fromkeys((*asks.get(name, ()), *asked)))
            except NotDeclared as missing:
                settled = not_declared(str(missing))
        names = [use.check.id] if several or resource is None else []
        suffix = "-".join([*names, *([resource.name] if resource else [])])
        # Another resource may be named "shop-2", so counting up the shops is not enough.
        name, number = suffix, 1
        while name in taken:
            number += 1
            name = f"{suffix}-{number}"
        taken.add(name)
        return PlannedTest(
            name=f"{item.slug}[{name}]",
            check=use.check,
            resource=resource,
            parameters=use.parameters,
            warn=use.warn,
            asks=asks,
            settled=settled,
            **common,
        )


def review_command(checklist: Checklist, configuration: Configuration) -> str:
    """Return the command by which what is proposed for a checklist is confirmed, in the folder of readiness.yaml."""
    document = os.path.relpath(checklist.path.resolve(), configuration.path.resolve().parent)
    return f"`readiness bind {shlex.quote(document)} --review`"


def confirm_by(commands: Iterable[str]) -> str:
    """Return what is to be done with what is proposed, as one says it: a command for each document."""
    return f"{_CONFIRM}{' and '.join(dict.fromkeys(commands))}"


def split_proposed(reason: str) -> tuple[str, str]:
    """Return what the reason of an item that is only proposed says of it, and the command that confirms it."""
    why, _, command = reason.rpartition(f"; {_CONFIRM}")
    return why, command


def proposed_only(binding: Binding, command: str) -> Settled:
    """Return the end of an item for which nobody has confirmed what is proposed, or nobody for its present words."""
    assert binding.proposed is not None
    why = ""
    if binding.reworded:
        why = ", as it said something else when this was confirmed"
    elif binding.unsaid:
        why = ", as it is not known what it said when this was bound"
    named = binding.proposed.named
    reason = f"{PROPOSED}{why}: {', '.join(named)}; {confirm_by([command])}"
    return Settled("unverified", reason, PROPOSED, " and ".join(named))


def no_check_yet(claim: str) -> str:
    """Why an item is unverified that waits for a check: which claim, and what that will prove."""
    return f"{NO_CHECK}: {claim} ({COMING[claim]})"


def _leaves(items: tuple[Item, ...]) -> Iterator[Item]:
    for item in items:
        if item.children:
            yield from _leaves(item.children)
        else:
            yield item


def with_cadence(rule: SignoffRule, item: Item, section: Section) -> SignoffRule:
    """Bound a sign-off by the cadence that the item, or the nearest heading above it, names in words."""
    if rule.valid_days is not None:
        return rule
    for text in (item.text, section.title, *reversed(section.path)):
        if (days := cadence_in(text)) is not None:
            return rule.model_copy(update={"valid_days": days})
    return rule


def _severity(item: Item, binding: Binding | None) -> Severity:
    if binding and binding.proposed:
        # What is proposed may be right: an item that only waits for a person must not weigh less than it would.
        return min(_severity(item, None), _severity(item, binding.proposed), key=SEVERITIES.index)
    if binding and binding.severity:
        return binding.severity
    if item.optional:
        return "low"
    of_checks = [use.check.severity for use in binding.uses] if binding else []
    return min(of_checks, key=SEVERITIES.index, default=DEFAULT_SEVERITY)
