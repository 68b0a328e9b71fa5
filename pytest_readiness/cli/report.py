"""`readiness report`: the HTML page of a result that is already there."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def command(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The result.json of a run.")],
    html: Annotated[Path, typer.Option("--html", metavar="FILE", help="Write the page there.")],
) -> None:
    """Make the HTML page of a run again, from its result.json.

    It is the page that --readiness-report wrote, or would have; images that a team's own tests attached to
    pytest-html are not in it. Nothing is contacted and no test runs. The exit code says whether the page was written,
    not what the verdict is.

      readiness report out/result.json --html readiness.html
    """
    from pytest_readiness.report.again import write_page
    from pytest_readiness.result_file import outcome_of, read_result

    write_page(outcome_of(read_result(file)), html)
    typer.echo(html)
