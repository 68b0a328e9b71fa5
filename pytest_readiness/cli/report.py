"""`readiness report`: the reports of an existing result."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def command(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The result.json of a run.")],
    html: Annotated[Path | None, typer.Option("--html", metavar="FILE", help="Write the page there.")] = None,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="DIR", help="Write all files of --readiness-out there.")
    ] = None,
) -> None:
    """Make the reports of a run again, from its result.json.

    They are those that --readiness-report and --readiness-out wrote, or would have; images that a team's own tests
    attached to pytest-html are not in the page. Nothing is contacted and no test runs. The exit code says whether
    all was written, not what the verdict is.

      readiness report out/result.json --html readiness.html

      readiness report out/result.json --out again
    """
    from pytest_readiness.cli.problems import CommandError
    from pytest_readiness.verdict.judging import contradiction
    from pytest_readiness.verdict.result_file import outcome_of, read_result

    if html is None and out is None:
        raise CommandError("Say what to make: --html FILE for the page, --out DIR for all other files.")
    outcome = outcome_of(read_result(file))
    if wrong := contradiction(outcome.verdict):
        raise CommandError(f"{file}: {wrong}; the file was changed after the run, so no report is made of it.")
    if out is not None:
        from pytest_readiness.core.redact import Redactor
        from pytest_readiness.report.outputs import refusal, write_outputs

        if why := refusal(out, f"--out {out}"):
            raise CommandError(why)
        if problems := write_outputs(outcome, out, Redactor()):
            raise CommandError("\n".join(problems))
        typer.echo(out)
    if html is not None:
        from pytest_readiness.run.html_again import write_page

        write_page(outcome, html)
        typer.echo(html)
