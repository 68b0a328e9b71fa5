"""The plan by item: the text of each beside the claims that answer it, so that both can be compared."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

from pytest_readiness.checklist.model import Item
from pytest_readiness.cli.describe import given
from pytest_readiness.cli.output import Output
from pytest_readiness.core.domains import catalogue
from pytest_readiness.core.registry import Check
from pytest_readiness.core.unverified import NO_CHECK
from pytest_readiness.plan.binding import AnyOf, Binding, Part, Use
from pytest_readiness.plan.coming import COMING
from pytest_readiness.plan.plan import Plan, PlannedTest

_LONGEST = 60
"""Characters of a value that are shown; `readiness explain ITEM` shows all."""


def write_items(out: Output, plan: Plan) -> None:
    """Print each item with what answers it, in the order of the documents."""
    for planned in plan.checklists.values():
        for section in planned.checklist.sections:
            tests: dict[str, list[PlannedTest]] = {}
            for test in planned.tests[section.id]:
                tests.setdefault(test.item.id, []).append(test)
            titles = " › ".join(filter(None, (*section.path, section.title)))
            out.heading(f"{planned.checklist.name}: {titles}".removesuffix(": "))
            for item in section.items:
                _write_item(out, item, tests, planned.bindings, 2)


def _write_item(
    out: Output, item: Item, tests: Mapping[str, Sequence[PlannedTest]], bindings: Mapping[str, Binding], indent: int
) -> None:
    out.line(item.text, indent=indent)
    for child in item.children:
        _write_item(out, child, tests, bindings, indent + 2)
    if item.is_group:
        return
    found, binding = tests[item.id], bindings.get(item.id)
    unconfirmed = proposed_in(found[0], binding)
    answers = _answers(found) if unconfirmed is None else (f"proposed: {each}" for each in _proposed(unconfirmed))
    for answer in answers:
        out.line(answer, indent=indent + 2)


def _answers(tests: Sequence[PlannedTest]) -> Iterator[str]:
    """How each test is answered, in a line; those that differ only in what they look at are one."""
    for _, several in groupby(tests, key=lambda test: (test.check, test.parameters, test.signoff, test.foreseen)):
        same = list(several)
        test = same[0]
        end = ": ".join(test.foreseen) if test.foreseen else ""
        if test.check is not None:
            names = ", ".join(each.resource.name for each in same if each.resource)
            line = _asked(test.check, test.parameters, names)
            yield f"{line} – {end}" if end else line
        elif test.signoff is not None:
            yield f"signature of {test.signoff.role}"
        elif test.settled is not None and test.settled.kind == NO_CHECK:
            yield test.settled.reason
        else:
            yield end


def _asked(check: Check, parameters: Mapping[str, Any], on: str) -> str:
    shown = [
        f"{name}: {value if len(value) <= _LONGEST else f'{value[: _LONGEST - 1]}…'}"
        for name, value in given(check, parameters)
    ]
    where = f" on {on}" if on else ""
    parameters_shown = f" [{', '.join(shown)}]" if shown else ""
    return f"{check.id}{where}: {check.title.rstrip('.')}{parameters_shown}"


def _proposed(proposal: Binding) -> Iterator[str]:
    if proposal.checks is not None:
        yield from _parts(proposal.checks)
    claims = dict(claims_of(proposal))
    for name in proposal.named[len({use.check.id for use in proposal.uses}) :]:
        if name in COMING:
            yield f"no check yet: {name} ({claims[name]})"
        else:
            # There may be a check by now for what was proposed.
            yield f"{name}: {claims[name].rstrip('.')}" if name in claims else name


def _parts(part: Part) -> Iterator[str]:
    """A line for each check; alternatives are joined by "or"."""
    if isinstance(part, Use):
        yield _asked(part.check, part.parameters, ", ".join(part.on))
        return
    for number, each in enumerate(part.parts):
        lines = _parts(each)
        if number and isinstance(part, AnyOf):
            yield f"or {next(lines)}"
        yield from lines


def proposed_in(test: PlannedTest, binding: Binding | None) -> Binding | None:
    """Return what is proposed and not confirmed, where that is why a test is unverified."""
    unconfirmed = test.settled is not None and test.settled.kind == "proposed"
    return binding.proposed if binding and unconfirmed else None


def claims_of(binding: Binding) -> Iterator[tuple[str, str]]:
    """Return the ids of a binding, each with what it claims."""
    for use in binding.uses:
        yield use.check.id, use.check.title
    for claim in binding.missing:
        # There may be a check by now for what was proposed.
        yield claim, COMING.get(claim) or catalogue()[claim].title


def claim_of(test: PlannedTest, binding: Binding | None) -> str:
    """Return what a test shows where it passes, or, of what is proposed, would show; "" where that is a person's."""
    if test.check is not None:
        return test.check.title
    if (proposal := proposed_in(test, binding)) is not None:
        return "; ".join(claim.rstrip(".") for _, claim in claims_of(proposal))
    return COMING[test.settled.lacks] if test.settled and test.settled.kind == NO_CHECK else ""
