"""The command line `readiness`: what comes before and after a run. One module a command."""

from __future__ import annotations

import sys

import typer

from pytest_readiness.cli import bind, checks, diff, explain, history, init, merge, plan, report, schema, sign, suites

app = typer.Typer(
    name="readiness",
    help="Production readiness: what comes before and after a run of pytest --readiness-target.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
app.command("init")(init.command)
app.command("checks")(checks.command)
app.command("suites")(suites.command)
app.command("bind")(bind.command)
app.command("explain")(explain.command)
app.command("plan")(plan.command)
app.command("sign")(sign.sign)
app.command("waive")(sign.waive)
app.command("diff")(diff.command)
app.command("merge")(merge.command)
app.command("report")(report.command)
app.command("history")(history.command)
app.command("schema")(schema.command)


@app.callback()
def _root() -> None:
    """Keep the commands' names even while there is only one."""


def main() -> None:
    """Entry point of the program `readiness`; mistakes in the user's files are reported in sentences, with code 4."""
    from pytest_readiness.cli.problems import told

    sys.exit(told(app))
