"""Shards of one run, joined into the result that the run would have had in one piece."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from pytest_readiness.config.model import Policy
from pytest_readiness.core.problems import Problem, ProblemsError
from pytest_readiness.verdict.drift import find_drift
from pytest_readiness.verdict.items import GroupRecord, LeafRecord, SectionRecord, leaves_of, weight_of, worst_of
from pytest_readiness.verdict.judging import DID_NOT_RUN, ENDED, conclude, exit_code, noted, score_of
from pytest_readiness.verdict.outcome import Outcome, Shard
from pytest_readiness.verdict.provenance import Provenance
from pytest_readiness.verdict.result import worst
from pytest_readiness.verdict.result_file import outcome_of, read_result

Part = tuple[Path, Outcome, Shard]


def merge(paths: Sequence[Path]) -> Outcome:
    """Return the outcome of a run of which these are the result files of all shards.

    Raises:
        ProblemsError: a file is not a shard's, or a shard is missing, given twice, unfinished or of another run.
    """
    parts = _parts(paths)
    outcomes = [outcome for _, outcome, _ in parts]
    _, first, shard = parts[0]
    order = {test: number for number, test in enumerate(shard.tests)}
    _refuse_incomplete(parts, order)
    sections = _sections(outcomes, order, first.verdict.policy)
    drifts = [outcome.verdict.drift for outcome in outcomes]
    baseline = drifts[0].baseline
    gone = {change.item for change in drifts[0].gone}
    needless = {id for each in drifts for id in each.needless_waivers if id not in shard.left_out}
    expired = {id for each in drifts for id in each.expired_waivers}
    sections = noted(sections, needless - expired)
    drift = find_drift(
        [item for section in sections for item in section.leaves],
        [id for id in baseline.items_before if id not in gone] if baseline else (),
        needless,
        expired,
        baseline,
        tuple(dict.fromkeys(note for each in drifts for note in each.notes)),
    )
    omitted, troubles = (
        tuple(dict.fromkeys(phrase for outcome in outcomes for phrase in getattr(outcome.verdict, name)))
        for name in ("omitted", "troubles")
    )
    verdict = conclude(
        sections,
        first.verdict.total,
        first.verdict.policy,
        drift,
        left_out=shard.left_out,
        omitted=omitted,
        troubles=troubles,
    )
    reports = sorted((report for outcome in outcomes for report in outcome.reports), key=lambda each: order[each.test])
    return Outcome(
        verdict=verdict,
        provenance=_provenance([outcome.provenance for outcome in outcomes]),
        exit_code=exit_code(verdict),
        reports=tuple(reports),
        environment=first.environment,
        originals=first.originals,
        inputs=first.inputs,
    )


def _parts(paths: Sequence[Path]) -> list[Part]:
    """The shards by number."""
    problems: list[Problem] = []
    parts: dict[int, Part] = {}
    for path in paths:
        outcome = outcome_of(read_result(path))
        shard = outcome.shard
        if shard is None:
            problems.append(Problem(path, 0, "This is the result of a whole run; there is nothing to merge it with."))
        elif shard.number in parts:
            problems.append(Problem(path, 0, f"This is shard {shard}, and so is {parts[shard.number][0]}."))
        else:
            parts[shard.number] = path, outcome, shard
    found = [parts[number] for number in sorted(parts)]
    problems += [problem for part in found[1:] for problem in _foreign(found[0], part)]
    if not problems and found:
        _, _, first = found[0]
        missing = [str(number) for number in range(1, first.of + 1) if number not in parts]
        if missing:
            what = f"shard {missing[0]} is" if len(missing) == 1 else f"the shards {', '.join(missing)} are"
            problems.append(Problem(found[0][0], 0, f"This is shard {first}, and {what} missing."))
    if problems:
        raise ProblemsError(problems)
    return found


def _foreign(first: Part, other: Part) -> Iterable[Problem]:
    """Why two shards are not of the same run: the most telling reason."""

    def about(part: Part) -> Mapping[str, object]:
        _, outcome, shard = part
        provenance = outcome.provenance
        return {
            "the target": provenance.target,
            "the release": provenance.release or "none",
            "the commit": provenance.commit or "unknown",
            "the version of pytest-readiness": dict(provenance.versions).get("pytest-readiness", "unknown"),
            "the recording": provenance.replayed_from or "none",
            "the number of shards": shard.of,
        }

    place = other[0]
    for what, seen in about(other).items():
        if seen != (wanted := about(first)[what]):
            yield Problem(place, 0, f"This is a shard of another run: {what} is {seen}, and {wanted} in {first[0]}.")
            return
    why = ""
    if first[1].provenance.checklists != other[1].provenance.checklists:
        why = "the checklists differ"
    elif first[2].tests != other[2].tests:
        why = "the selected tests differ (-m, -k and paths must be the same for all shards)"
    elif first[2].plan != other[2].plan:
        why = "readiness.yaml, the values of its variables, bindings, sign-offs, waivers or the day differ"
    elif first[1].verdict.drift.baseline != other[1].verdict.drift.baseline:
        why = "the baselines differ"
    if why:
        yield Problem(place, 0, f"This is a shard of another run than {first[0]}: {why}.")


def _refuse_incomplete(parts: Sequence[Part], order: Mapping[str, int]) -> None:
    problems: list[Problem] = []
    seen: dict[str, Path] = {}
    for path, outcome, _ in parts:
        results = [test for item in outcome.verdict.items for test in item.tests]
        if outcome.exit_code not in ENDED:
            problems.append(Problem(path, 0, f"This shard did not finish (exit code {outcome.exit_code})."))
        elif any(result.evidence == DID_NOT_RUN for result in results):
            problems.append(Problem(path, 0, "This shard did not run all its tests; run it again."))
        for test in dict.fromkeys([*(each.test for each in results), *(each.test for each in outcome.reports)]):
            if test not in order:
                problems.append(Problem(path, 0, f"This shard holds a test that is not part of its run: {test}."))
            elif test in seen:
                problems.append(Problem(path, 0, f"{test} is in {seen[test]} too."))
            seen[test] = path
    if not problems and (missing := [test for test in order if test not in seen]):
        more = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
        message = f"No shard has a result of {missing[0]}{more}; one of them did not run all its tests."
        problems.append(Problem(parts[0][0], 0, message))
    if problems:
        raise ProblemsError(problems)


def _sections(outcomes: Sequence[Outcome], order: Mapping[str, int], policy: Policy) -> tuple[SectionRecord, ...]:
    same: dict[tuple[str, str], list[SectionRecord]] = {}
    for outcome in outcomes:
        for section in outcome.verdict.sections:
            same.setdefault((section.checklist, section.id), []).append(section)
    joined = []
    for found in same.values():
        items = _joined([item for each in found for item in each.items], order, policy)
        joined.append(replace(found[0], items=items, score=score_of(leaves_of(items))))
    return tuple(sorted(joined, key=lambda section: _place(section.items[0], order)))


def _joined(
    items: Iterable[GroupRecord | LeafRecord], order: Mapping[str, int], policy: Policy
) -> tuple[GroupRecord | LeafRecord, ...]:
    """Items of several shards, each once, in order; groups with the items that they have in any."""
    same: dict[str, list[GroupRecord | LeafRecord]] = {}
    for item in items:
        same.setdefault(item.id, []).append(item)
    joined = [_one(found, order, policy) for found in same.values()]
    return tuple(sorted(joined, key=lambda item: _place(item, order)))


def _one(
    found: Sequence[GroupRecord | LeafRecord], order: Mapping[str, int], policy: Policy
) -> GroupRecord | LeafRecord:
    """An item of several shards, judged by all that they found."""
    groups = [each for each in found if isinstance(each, GroupRecord)]
    if groups:
        below = _joined([item for each in groups for item in each.items], order, policy)
        severity, state = worst_of(below)
        return replace(groups[0], items=below, severity=severity, state=state)
    leaves = leaves_of(found)
    tests = tuple(sorted((test for leaf in leaves for test in leaf.tests), key=lambda test: order[test.test]))
    state = worst(test.state for test in tests)
    return replace(
        leaves[0],
        tests=tests,
        state=state,
        weight=weight_of(state, leaves[0].severity, policy),
        waiver=next((leaf.waiver for leaf in leaves if leaf.waiver is not None), None),
    )


def _place(item: GroupRecord | LeafRecord, order: Mapping[str, int]) -> int:
    return order[leaves_of([item])[0].tests[0].test]


def _provenance(parts: Sequence[Provenance]) -> Provenance:
    """What holds of all parts; of a machine and its versions, each once."""
    command = [each for each in parts[0].command if not each.startswith("--readiness-shard=")]
    if "--readiness-shard" in command:
        at = command.index("--readiness-shard")
        del command[at : at + 2]
    versions: dict[str, dict[str, None]] = {}
    for part in parts:
        for name, version in part.versions:
            versions.setdefault(name, {})[version] = None
    return replace(
        parts[0],
        started=min(part.started for part in parts),
        finished=max(part.finished for part in parts),
        seconds=round(sum(part.seconds for part in parts), 3),
        runner=", ".join(dict.fromkeys(part.runner for part in parts)),
        versions=tuple((name, " and ".join(found)) for name, found in versions.items()),
        command=tuple(command),
    )
