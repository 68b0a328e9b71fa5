"""`readiness history`: what a history file shows."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pytest_readiness.cli.output import Output, count

if TYPE_CHECKING:
    from pytest_readiness.verdict.history import History, PastRun


def command(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The file that --readiness-history names.")],
    target: Annotated[str, typer.Option("--target", metavar="NAME", help="Runs of this target only.")] = "",
    item: Annotated[
        str, typer.Option("--item", metavar="ID", help="The states of one item: checklist:section/item, or its end.")
    ] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")] = False,
) -> None:
    """Show how scores and items changed over the runs in a history.

    Every run adds itself, even one that is stopped:

      pytest --readiness-target=prod --readiness-history=history.db

    Then:

      readiness history history.db --target prod

      readiness history history.db --item release:security/hsts-headers-configured

    Scores are compared over whole runs only; runs of a selection (-m, -k) or that were stopped are marked as parts.
    """
    from pytest_readiness.verdict.history import History

    history = History(file)
    _known("target", target, history.targets())
    if item:
        _item(history, item, target, as_json)
    else:
        _runs(history, target, as_json)


def _known(what: str, name: str, known: list[str]) -> None:
    from pytest_readiness.cli.problems import CommandError
    from pytest_readiness.core.problems import nearest

    if name and name not in known:
        raise CommandError(f"The history has no {what} '{name}'.{nearest(name, known)}")


def _item(history: History, item: str, target: str, as_json: bool) -> None:
    from pytest_readiness.cli.problems import CommandError

    known = history.items(target)
    matching = [item] if item in known else [full for full in known if full.rpartition(":")[2] == item]
    if len(matching) > 1:
        raise CommandError(f"'{item}' is an item of several checklists; write {' or '.join(matching)}.")
    _known("item", item if not matching else "", known)
    states = history.states(matching[0], target)
    output = Output()
    if as_json:
        output.json({"item": matching[0], "states": [{**_as_data(run), "state": state} for run, state in states]})
        return
    output.line(matching[0], style="bold")
    output.table(
        ("when", "target", "release", "commit", "state"),
        [(run.started, run.target, run.release or "–", run.commit[:12] or "–", state) for run, state in states],
    )


def _runs(history: History, target: str, as_json: bool) -> None:
    from pytest_readiness.verdict.history import course_lines
    from pytest_readiness.verdict.judging import shown

    runs = history.runs(target)
    courses = {name: history.course(name) for name in dict.fromkeys(run.target for run in runs)}
    output = Output()
    if as_json:
        output.json(
            {"runs": [_as_data(run) for run in runs], "courses": {name: asdict(each) for name, each in courses.items()}}
        )
        return
    if not runs:
        output.line("The history has no runs yet.")
        return
    output.table(
        ("when", "target", "release", "commit", "score", "verdict"),
        [
            (
                run.started,
                run.target,
                run.release or "–",
                run.commit[:12] or "–",
                shown(run.score),
                "GO" if run.go else "a part holds" if run.holds else "NO-GO" if run.whole else "NO-GO of a part",
            )
            for run in runs
        ],
    )
    for name, course in courses.items():
        output.heading(name)
        for line in course_lines(course):
            output.line(line, indent=2)
        for each in course.open:
            output.line(f"open since {each.since[:10]}, {count(each.runs, 'run')}: {each.item}", indent=2)
        for flaky in course.flaky:
            output.line(f"flapping: {flaky}", indent=2)


def _as_data(run: PastRun) -> dict[str, Any]:
    return {key: value for key, value in asdict(run).items() if key != "id"}
