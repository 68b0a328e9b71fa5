"""`readiness merge`: one result from the shards of a run."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def command(
    files: Annotated[
        list[Path], typer.Argument(metavar="FILE...", help="The result.json of every shard, in any order.")
    ],
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Write result.json and all other files there.")],
    report: Annotated[Path | None, typer.Option("--report", metavar="FILE", help="Write the HTML page too.")] = None,
    history: Annotated[
        Path | None, typer.Option("--history", metavar="FILE", help="Add the run to this history.")
    ] = None,
) -> None:
    """Join the shards of one run into the result that it would have had in one piece.

    Each of N machines runs a part of the tests, with the same target, checklists and selection:

      pytest --readiness-target=prod --readiness-shard=1/2 --readiness-out=out/1

      pytest --readiness-target=prod --readiness-shard=2/2 --readiness-out=out/2

    Then, on any machine, without contacting anything:

      readiness merge out/1/result.json out/2/result.json --out out --report readiness.html

    A shard that is missing, given twice, unfinished or of another run is an error. Exit codes: 0 GO, 1 NO-GO and a
    test failed, 6 NO-GO though none failed, 10 a part holds, 4 these files cannot be merged.
    """
    from dataclasses import replace

    from pytest_readiness.cli.problems import CommandError
    from pytest_readiness.core.redact import Redactor
    from pytest_readiness.report.github import told_to_github
    from pytest_readiness.report.outputs import refusal, write_outputs
    from pytest_readiness.report.terminal import print_summary
    from pytest_readiness.verdict.merge import merge

    if why := refusal(out, f"--out {out}"):
        raise CommandError(why)
    outcome = merge(files)
    if history is not None:
        from pytest_readiness.verdict.history import remember

        outcome = replace(outcome, course=remember(history, outcome.verdict, outcome.provenance))
    if problems := write_outputs(outcome, out, Redactor()):
        raise CommandError("\n".join(problems))
    if report is not None:
        from pytest_readiness.run.html_again import write_page

        write_page(outcome, report)
    kept = history if outcome.course is not None and not outcome.course.problem else None
    places = (("report", report), ("results", out), ("history", kept))
    with told_to_github(outcome):
        print_summary(outcome, [(what, path) for what, path in places if path is not None])
    raise typer.Exit(outcome.exit_code)
