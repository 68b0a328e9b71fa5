"""How the verdict of a run was reached: every number of its score, and what decided."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from pytest_readiness.cli.output import Output
from pytest_readiness.cli.problems import CommandError
from pytest_readiness.core.registry import SEVERITIES
from pytest_readiness.report.phrases import decision, part_of
from pytest_readiness.verdict.items import LeafRecord
from pytest_readiness.verdict.judging import Verdict, contradiction, score_of, shown
from pytest_readiness.verdict.result_file import outcome_of, read_result

DISAGREES = 1
"""Exit code of a result whose numbers do not add up to its score."""


def explain_verdict(path: Path) -> None:
    """Print how the score and the verdict in a result follow from its items.

    Raises:
        CommandError: they do not.
        ProblemsError: the file is not a result.
    """
    outcome = outcome_of(read_result(path))
    verdict, provenance = outcome.verdict, outcome.provenance
    out = Output()
    out.line(f"{decision(outcome)}, score {shown(verdict.score)}", style="bold")
    release = f", release {provenance.release}" if provenance.release else ""
    out.line(f"{provenance.target}{release}, {provenance.started}")
    if part := part_of(outcome):
        out.line(part)
    out.heading("Score")
    out.line("score = 100 × weight of the items that passed / weight of the items that count")
    weights = verdict.policy.weights
    by_severity = ", ".join(f"{severity} {_number(getattr(weights, severity))}" for severity in SEVERITIES)
    out.line(f"Weights: {by_severity}. Waived items and those that do not apply do not count.")
    for section in verdict.sections:
        out.heading(f"{section.checklist}:{section.id}")
        out.table(("item", "severity", "state", "weight × passed"), [_row(item) for item in section.leaves], indent=2)
        out.line(f"sum: {_sum(section.leaves)}", indent=2)
    out.heading("All sections")
    out.line(f"sum: {_sum(verdict.items)}", indent=2)
    out.heading("Decision")
    out.table((), list(_thresholds(verdict)), indent=2)
    out.line()
    reasons = f"NO-GO because {'; '.join(verdict.reasons)}."
    out.line(reasons if verdict.reasons else f"{decision(outcome)}: nothing speaks against it.")
    if wrong := contradiction(verdict):
        raise CommandError(f"{path}: {wrong}; the file was changed after the run.", DISAGREES)


def _row(item: LeafRecord) -> tuple[str, str, str, str]:
    passed = int(item.state == "passed")
    product = f"{_number(item.weight)} × {passed} = {_number(item.weight * passed)}"
    return item.id, item.severity, item.state, product if item.weight else "does not count"


def _sum(items: Sequence[LeafRecord]) -> str:
    score = score_of(items)
    if score is None:
        return "no item counts"
    passed = sum(item.weight for item in items if item.state == "passed")
    return f"100 × {_number(passed)} / {_number(sum(item.weight for item in items))} = {_number(score)}"


def _thresholds(verdict: Verdict) -> Iterator[tuple[str, str, str]]:
    """Each threshold, what it was compared with, and whether it was met."""
    policy, score, items = verdict.policy, verdict.score, verdict.items
    passed = sum(item.state == "passed" for item in items)
    yield "passed", f"at least 1 item: {passed}", _met(passed > 0)
    kept = score is None or score >= policy.min_score
    yield "min_score", f"{_number(policy.min_score)}: the score is {shown(score)}", _met(kept)
    for severity in SEVERITIES[: SEVERITIES.index(policy.block) + 1]:
        found = [item.id for item in items if item.severity == severity and item.open]
        names = f" ({', '.join(found)})" if found else ""
        yield f"block: {policy.block}", f"no open {severity} item: {len(found)}{names}", _met(not found)
    for section in verdict.sections:
        least = policy.sections.get(section.id)
        if least is not None:
            kept = section.score is None or section.score >= least
            yield f"sections: {section.id}", f"{_number(least)}: it scores {shown(section.score)}", _met(kept)
    if policy.max_drop is None:
        return
    baseline = verdict.drift.baseline
    if baseline is None:
        yield "max_drop", f"{_number(policy.max_drop)}: there is no baseline", _met(False)
    elif score is None or baseline.score is None:
        yield "max_drop", f"{_number(policy.max_drop)}: there is no score to compare", _met(True)
    else:
        drop = baseline.score - score
        text = f"{_number(policy.max_drop)}: {shown(baseline.score)} at {baseline.when}, a drop of {_number(drop)}"
        yield "max_drop", text, _met(drop <= policy.max_drop)


def _met(met: bool) -> str:
    return "met" if met else "NO-GO"


def _number(value: float) -> str:
    return f"{value:.10g}"
