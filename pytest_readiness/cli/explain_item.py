"""What is known about one item: its text, what answers it, who signs it, and the result."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_readiness.checklist.model import groups_above
from pytest_readiness.cli import project
from pytest_readiness.cli.describe import required_of, shown
from pytest_readiness.cli.output import Output, count
from pytest_readiness.cli.plan_items import claims_of
from pytest_readiness.core import clock
from pytest_readiness.core.domains import load_catalogue
from pytest_readiness.core.registry import CLASSES
from pytest_readiness.core.resources import where_of, word, words
from pytest_readiness.people.decisions import Circumstances, judge_signoffs
from pytest_readiness.people.rules import SignoffRule
from pytest_readiness.plan.binding import AllOf, Binding, Part, Use, bindings_path
from pytest_readiness.plan.plan import DEFAULT_SEVERITY, confirm_by, review_command
from pytest_readiness.verdict.result_file import outcome_of, read_result

if TYPE_CHECKING:
    from pytest_readiness.config.target import Configuration
    from pytest_readiness.plan.plan import Plan, PlannedTest
    from pytest_readiness.verdict.judging import Verdict


def explain_item(name: str, target: str, config: Path | None, result: Path | None) -> None:
    """Print everything about the item called `name`.

    Raises:
        CommandError: there is no such item.
        ProblemsError: mistakes in the project's files.
    """
    configuration = project.configuration(config, target)
    # The classes that the target does not allow are told below, for each test.
    plan = project.plan(configuration)
    place = project.find_item(plan, name, load_catalogue())
    earlier = outcome_of(read_result(result)) if result else None
    out = Output(configuration.secrets)
    item = place.item
    out.line(place.full_id, style="bold")
    out.line(item.text)
    if item.detail:
        out.paragraphs(item.detail, indent=2)
    out.line()
    out.pairs(_facets(place))
    if item.is_group:
        out.heading("It is a group: its state is the worst of these")
        for child in item.children:
            out.line(f"{place.planned.checklist.name}:{child.id}", indent=2)
        return
    if place.binding and place.binding.checks:
        out.heading("Checks")
        _write_part(out, place.binding.checks, 2)
    if place.binding and place.binding.missing:
        out.heading("No check yet")
        out.pairs(_to_come(place.binding), indent=2)
    if place.binding and place.binding.proposed:
        command = review_command(place.planned.checklist, configuration)
        _write_proposal(out, place.binding.proposed, command)
    if place.rule:
        _write_signing(out, place, place.rule, plan)
    waiver = plan.decisions.waivers.get(place.full_id)
    if waiver:
        over = (clock.now().date() - waiver.expires).days
        ended = f"; expired {count(over, 'day')} ago" if over > 0 else ""
        out.heading("Waiver")
        out.line(f"by {waiver.by} until {waiver.expires}{ended}: {waiver.reason}", indent=2)
    if refused := plan.decisions.refused.get(place.full_id):
        out.heading("Waivers that do not count")
        for reason in refused:
            out.line(reason, indent=2)
    if target:
        tests = [test for test in plan.tests() if test.full_item == place.full_id]
        out.heading(f"Tests on {target}")
        for note in configuration.unset:
            out.line(str(note), indent=2)
        out.table((), [_test_row(test) for test in tests], indent=2)
    if earlier is not None and result is not None:
        out.heading(f"In {result}, {earlier.provenance.started}")
        _write_state(out, earlier.verdict, place.full_id)


def _facets(place: project.PlannedItem) -> Iterator[tuple[str, object]]:
    item, checklist = place.item, place.planned.checklist
    titles = [*place.section.path, place.section.title]
    yield "is in", f"{checklist.path}:{item.line}"
    yield "section", " › ".join(filter(None, titles))
    yield "group", " › ".join(group.text for group in groups_above(checklist)[item.id])
    yield "ticked", "by hand, which is a claim, not evidence" if item.ticked else ""
    yield "condition", item.condition
    yield "does not apply", item.not_applicable
    if item.is_group or item.not_applicable:
        return
    binding = place.binding
    where = bindings_path(checklist.path)
    if binding is None:
        state = "does not list it" if where.is_file() else "does not exist"
        yield "bound", f"to nothing: {where} {state}, so it is unverified"
    elif binding.proposed:
        yield "bound", f"to nothing: {where}:{binding.line} only proposes what may answer it, so it is unverified"
        yield "comes from", binding.source
    else:
        yield "bound", f"{where}:{binding.line}"
        yield "does not apply", binding.not_applicable
        yield "level", f"needed from level {binding.level} up" if binding.level else ""
        yield "comes from", binding.source
    yield "severity", f"{place.planned.severities[item.id]}, {_why_severity(place)}"


def _why_severity(place: project.PlannedItem) -> str:
    binding = place.binding
    severity = place.planned.severities[place.item.id]
    if binding and binding.proposed and severity != ("low" if place.item.optional else DEFAULT_SEVERITY):
        return "by what is proposed for it"
    if binding and binding.severity:
        return "by its binding"
    if place.item.optional:
        return "because the checklist calls it optional"
    checks = list(dict.fromkeys(use.check.id for use in binding.uses)) if binding else []
    worst = [id for id in checks if load_catalogue()[id].severity == severity]
    if worst:
        return f"that of {' and '.join(worst)}" + (", the highest of its checks'" if len(checks) > len(worst) else "")
    return "the default, as neither a check nor a binding sets one"


def _to_come(binding: Binding) -> Iterator[tuple[str, str]]:
    claims = dict(claims_of(binding))
    return ((claim, claims[claim]) for claim in binding.missing)


def _write_proposal(out: Output, proposal: Binding, command: str) -> None:
    out.heading(f"Proposed; {confirm_by([command])}")
    if proposal.checks:
        _write_part(out, proposal.checks, 2)
    out.pairs(
        [
            *_to_come(proposal),
            ("signature of", proposal.signoff.role if proposal.signoff else ""),
            ("does not apply", proposal.not_applicable),
            ("severity", proposal.severity),
            ("level", f"needed from level {proposal.level} up" if proposal.level else ""),
        ],
        indent=2,
    )


def _write_part(out: Output, part: Part, indent: int) -> None:
    if isinstance(part, Use):
        out.line(f"{part.check.id}: {part.check.title}", indent=indent)
        rows = [
            ("looks at", words(part.check.kind) if part.check.kind else "no resource"),
            (
                "on",
                " and ".join(", ".join(names) for names in (part.on, part.narrowed) if names)
                or (f"every {words(part.check.kind)}" if part.check.kind else ""),
            ),
            *((name, shown(value)) for name, value in part.parameters.items()),
            ("from the target", part.lacking or part.from_target),
            (
                "to be given",
                ""
                if part.from_target
                else ", ".join(each for each in required_of(part.check) if each not in part.parameters),
            ),
        ]
        if part.warn is not None:
            stricter = {name: value for name, value in part.warn.items() if part.parameters.get(name) != value}
            rows.append(("warns unless it holds with", shown(stricter)))
        out.pairs(rows, indent=indent + 2)
        return
    several = "all of" if isinstance(part, AllOf) else "each of these for which the target declares a resource"
    out.line(several, indent=indent)
    for child in part.parts:
        _write_part(out, child, indent + 2)


def _write_signing(out: Output, place: project.PlannedItem, rule: SignoffRule, plan: Plan) -> None:
    configuration = plan.configuration
    out.heading("Sign-off" + (" for what the checks cannot see" if place.binding and place.binding.checks else ""))
    out.pairs(_rule(rule, configuration), indent=2)
    signed = plan.decisions.signoffs.get(place.full_id, ())
    if not signed:
        out.line("No one has signed.", indent=2)
    alone = rule.model_copy(update={"count": 1})
    for each in signed:
        evidence, refusal = judge_signoffs(
            alone,
            [each],
            plan.decisions.asked.get(place.full_id, ()),
            Circumstances(
                people=configuration.roles,
                folder=plan.decisions.folder,
                # It is for the run to say which release it decides about.
                release=each.signoff.release,
                today=clock.now().date(),
                papers=plan.papers,
            ),
        )
        release = f", for release {each.signoff.release}" if each.signoff.release else ""
        note = f" ({each.signoff.note})" if each.signoff.note else ""
        out.line(f"line {each.line}: {evidence.text if evidence else refusal}{release}{note}", indent=2)


def _rule(rule: SignoffRule, configuration: Configuration) -> Iterator[tuple[str, object]]:
    people = ", ".join(configuration.roles.get(rule.role, ())) or "no one has this role"
    many = f"{rule.count} different people" if rule.count > 1 else "one person"
    yield "by", f"{many} of {rule.role} ({people})"
    yield "counts", count(rule.valid_days, "day") if rule.valid_days else "until it expires, where it says when"
    yield "release", "each release needs its own" if rule.per_release else ""
    if rule.evidence is None:
        yield "evidence", "optional"
    else:
        age, sections = rule.evidence.max_age_days, rule.evidence.sections
        wanted = [f"changed within {count(age, 'day')}"] if age is not None else []
        wanted += [f"with the sections {', '.join(sections)}"] if sections else []
        yield "evidence", f"a file {' and '.join(wanted)}" if wanted else "a file or a link"
    proof = {"author": "the git author of its line", "signature": "a signed commit of that person"}
    yield "proof", proof.get(configuration.signoff_proof, "")


def _test_row(test: PlannedTest) -> tuple[str, ...]:
    if foreseen := test.foreseen:
        state, reason = foreseen
        return state, test.name, reason
    if test.signoff:
        return "signed", test.name, f"by {test.signoff.role}"
    assert test.check is not None
    where = f"{where_of(test.resource)} ({word(test.resource.kind)} {test.resource.name})" if test.resource else ""
    classed = f", {test.check.check_class}" if test.check.check_class != CLASSES[0] else ""
    return "runs", test.name, f"{test.check.id}{classed} on {where}"


def _write_state(out: Output, verdict: Verdict, full: str) -> None:
    item = next((item for item in verdict.items if item.id == full), None)
    if item is None:
        out.line("It was not part of that run.", indent=2)
        return
    out.line(f"{item.state}, severity {item.severity}", indent=2)
    for test in item.tests:
        expected = f"expected {test.expected}; seen: " if test.expected else ""
        what = " ".join(filter(None, (test.state, test.check, test.resource)))
        warning = f" ({test.warning})" if test.warning else ""
        out.line(f"{what}: {expected}{test.evidence}{warning}", indent=4)
