"""`readiness plan`: what a run would do."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pytest_readiness.cli import project
from pytest_readiness.cli.problems import CommandError, chosen
from pytest_readiness.cli.project import ConfigOption
from pytest_readiness.core.registry import CLASSES
from pytest_readiness.core.unverified import NO_CHECK, PROPOSED

if TYPE_CHECKING:
    from pytest_readiness.cli.output import Output
    from pytest_readiness.config.target import Target
    from pytest_readiness.plan.plan import Plan, PlannedTest

_FORESEEN = {
    "could not verify": "Could not be verified",
    "unverified": "Would be unverified",
    PROPOSED: "Proposed, and not confirmed",
    NO_CHECK: "No check yet",
    "not applicable": "Do not apply",
}


def command(
    target: Annotated[str, typer.Option(metavar="NAME", help="Target of readiness.yaml.")],
    checklists: Annotated[
        list[str] | None,
        typer.Argument(help="Markdown documents or suite:NAME (default: those that readiness.yaml names)."),
    ] = None,
    config: ConfigOption = None,
    allow: Annotated[
        list[str] | None,
        typer.Option(metavar="CLASS", help="Let checks of this class run too: active or disruptive; repeatable."),
    ] = None,
    by_item: Annotated[
        bool, typer.Option("--by-item", help="Each item's text beside what the checks that answer it claim.")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="The plan as JSON.")] = False,
) -> None:
    """Show what a run would look at, and what it could not answer.

    Nothing is contacted, and no secret is read. Variables that are not set stay as they are written.

    \b
    readiness plan --target prod
    readiness plan --target prod --by-item
    readiness plan release.md --target prod --allow active --json
    """
    from pytest_readiness.cli.output import Output

    if not target:
        raise CommandError("Name a target of readiness.yaml: --target NAME.")
    if by_item and json:
        raise CommandError("--json has the text and the claim of each test as it is; leave out --by-item.")
    for each in allow or ():
        chosen("class to be allowed", each, CLASSES[1:])
    configuration = project.configuration(config, target)
    plan = project.plan(configuration, tuple(map(_document, checklists or ())), allow or ())
    out = Output(configuration.secrets)
    if json:
        out.json(_as_data(plan))
        return
    _write_head(out, plan)
    if by_item:
        from pytest_readiness.cli.plan_items import write_items

        write_items(out, plan)
    else:
        _write(out, plan)


def _document(name: str) -> Path:
    from pytest_readiness.config.suites import PREFIX, suite_path

    if not name.startswith(PREFIX):
        return Path(name)
    try:
        return suite_path(name.removeprefix(PREFIX))
    except ValueError as error:
        raise CommandError(str(error)[:1].upper() + str(error)[1:]) from None


def _way(test: PlannedTest) -> str:
    """How a test is answered, for a reader: what waits for a check, or to be confirmed, is told apart from the rest."""
    if test.settled is not None and test.settled.kind in _FORESEEN:
        return test.settled.kind
    return _how(test)


def _how(test: PlannedTest) -> str:
    """How a test is answered: by a class of checks, a signature, or not at all."""
    if foreseen := test.foreseen:
        return foreseen[0]
    return "signed" if test.check is None else test.check.check_class


def _facts(tests: Sequence[PlannedTest], target: Target) -> list[tuple[str, str, str, str, int]]:
    """Fact; kind, name and place of the resource; how many tests wait for it; what facts build on included."""
    from pytest_readiness.core.evidence import NotDeclared
    from pytest_readiness.core.registry import FACTS, is_asked
    from pytest_readiness.core.resources import where_of, word
    from pytest_readiness.gather.gatherer import closure

    found: Counter[tuple[str, str, str, str]] = Counter()
    for test in tests:
        if test.foreseen or test.check is None or test.resource is None:
            continue
        needed: dict[tuple[str, str, str, str], None] = {}
        for name in test.check.fixtures:
            if name in FACTS and is_asked(name, test.asks):
                with suppress(NotDeclared):
                    for fact, of in reversed(closure(name, test.resource, target)):
                        needed[fact.name, word(of.kind), of.name, where_of(of)] = None
        found.update(needed.keys())
    return [(*key, number) for key, number in found.items()]


def _as_data(plan: Plan) -> dict[str, Any]:
    from pytest_readiness.checklist.model import groups_above
    from pytest_readiness.cli.output import plain
    from pytest_readiness.cli.plan_items import claim_of
    from pytest_readiness.core.resources import where_of

    configuration = plan.configuration
    tests = list(plan.tests())
    above = {planned.checklist.name: groups_above(planned.checklist) for planned in plan.checklists.values()}
    bindings = {planned.checklist.name: planned.bindings for planned in plan.checklists.values()}
    return {
        "target": configuration.target.name,
        "configuration": str(configuration.path),
        "unset": [str(problem) for problem in configuration.unset],
        "checklists": [
            {"name": planned.checklist.name, "path": str(planned.checklist.path), "sha256": planned.checklist.sha256}
            for planned in plan.checklists.values()
        ],
        "counts": dict(Counter(map(_how, tests))),
        "tests": [
            {
                "test": test.key,
                "item": test.full_item,
                "line": test.item.line,
                "text": test.item.text,
                "group": [
                    *filter(None, (*test.section.path, test.section.title)),
                    *(group.text for group in above[test.checklist][test.item.id]),
                ],
                "claim": claim_of(test, bindings[test.checklist].get(test.item.id)),
                "severity": test.severity,
                "how": _how(test),
                "reason": foreseen[1] if (foreseen := test.foreseen) else "",
                "kind": test.settled.kind if test.settled else "",
                "lacks": test.settled.lacks if test.settled else "",
                "check": test.check.id if test.check else "",
                "parameters": plain(test.parameters),
                "warn": plain(test.warn),
                "resource": test.resource.name if test.resource else "",
                "resource_kind": test.resource.kind if test.resource else "",
                "where": where_of(test.resource) if test.resource else "",
                "role": test.signoff.role if test.signoff else "",
                "waived_until": str(test.waiver.expires) if test.waiver else "",
            }
            for test in tests
        ],
        "facts": [
            {"fact": fact, "kind": kind, "resource": name, "where": where, "tests": number}
            for fact, kind, name, where, number in _facts(tests, configuration.target)
        ],
    }


def _write_head(out: Output, plan: Plan) -> None:
    from pytest_readiness.cli.output import count

    configuration = plan.configuration
    target = configuration.target
    described = f": {target.description}" if target.description else ""
    out.line(f"{target.name}{described}", style="bold")
    resources = count(len(target.resources), "resource")
    out.line(f"{configuration.path}, {resources}, {count(len(list(plan.tests())), 'test')}. Nothing was contacted.")
    if configuration.unset:
        out.heading("Not known here")
        for problem in configuration.unset:
            out.line(str(problem), indent=2)


def _write(out: Output, plan: Plan) -> None:
    from pytest_readiness.plan.plan import confirm_by, split_proposed

    tests = list(plan.tests())
    _write_counts(out, plan)
    foreseen = [(test, test.foreseen) for test in tests]
    running = [test for test, known in foreseen if not known]
    out.heading(f"Would be looked at or signed ({len(running)})")
    out.table(
        ("severity", "by", "on", "test"),
        [(test.severity, *_by(test), test.key) for test in running],
        indent=2,
    )
    for state, title in _FORESEEN.items():
        told = [(test, known[1]) for test, known in foreseen if known and _way(test) == state]
        if told:
            step = ""
            if state == PROPOSED:
                parts = [(test, *split_proposed(reason)) for test, reason in told]
                told, step = [(test, why) for test, why, _ in parts], f"; {confirm_by(each for *_, each in parts)}"
            out.heading(f"{title} ({len(told)}){step}")
            rows = [(test.severity, test.key, reason.removeprefix(f"{state}: ")) for test, reason in told]
            out.table((), rows, indent=2)
    if facts := _facts(tests, plan.configuration.target):
        out.heading(f"Facts, each read once ({len(facts)})")
        out.table(
            ("fact", "tests", "of"),
            [(fact, number, f"{kind} {name} ({where})") for fact, kind, name, where, number in facts],
            indent=2,
        )


def _by(test: PlannedTest) -> tuple[str, str]:
    if test.check is None:
        return f"sign-off: {test.signoff.role if test.signoff else ''}", "–"
    return test.check.id, test.resource.name if test.resource else "–"


def _write_counts(out: Output, plan: Plan) -> None:
    ways = ("passive", "active", "disruptive", "signed", *_FORESEEN)
    rows: list[tuple[str, Counter[str]]] = [
        (f"{planned.checklist.name}:{section}", Counter(map(_way, tests)))
        for planned in plan.checklists.values()
        for section, tests in planned.tests.items()
        if tests
    ]
    rows.append(("all", sum((counts for _, counts in rows), Counter())))
    used = [way for way in ways if rows[-1][1][way]]
    out.heading("Tests by section")
    out.table(("section", *used, "tests"), [(n, *(c[way] for way in used), c.total()) for n, c in rows], indent=2)
