"""`readiness explain`: what a check proves, what answers an item, how a verdict was reached."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pytest_readiness.cli.problems import CommandError
from pytest_readiness.cli.project import ConfigOption
from pytest_readiness.core.problems import nearest

if TYPE_CHECKING:
    from pytest_readiness.core.registry import Check

VERDICT = "verdict"


def command(
    what: Annotated[
        str,
        typer.Argument(metavar="CHECK|ITEM|verdict", help="Id of a check or of an item, or the word verdict."),
    ],
    result: Annotated[
        Path | None, typer.Option(metavar="FILE", help="The result.json of a run, for verdict and the last state.")
    ] = None,
    target: Annotated[
        str, typer.Option(metavar="NAME", help="Target of readiness.yaml on which an item's tests would run.")
    ] = "",
    config: ConfigOption = None,
) -> None:
    """Explain a check, an item or the verdict of a run.

    Exit code 1: the numbers of a result do not add up to its score.

    \b
    readiness explain tls.expiry
    readiness explain tls/certificates-are-trusted --target prod
    readiness explain verdict --result readiness/result.json
    """
    if what == VERDICT:
        from pytest_readiness.cli.explain_verdict import explain_verdict

        if result is None:
            raise CommandError("Name the result to explain: readiness explain verdict --result result.json.")
        explain_verdict(result)
    elif "/" in what:
        from pytest_readiness.cli.explain_item import explain_item

        explain_item(what, target, config, result)
    else:
        from pytest_readiness.cli.output import Output
        from pytest_readiness.cli.project import load_extensions, unknown_to_commands
        from pytest_readiness.core.domains import load_catalogue
        from pytest_readiness.plan.coming import COMING

        found = load_extensions(config)
        catalogue = load_catalogue()
        if what in COMING and what not in catalogue:
            Output().line(f"{what}: no check yet. It is to show: {COMING[what]}")
            return
        if what not in catalogue:
            near = nearest(what, [*catalogue, VERDICT])
            sentence = f"There is no check '{what}'; an item's id has the form section/item.{near}"
            raise CommandError(sentence + unknown_to_commands(what, sentence, *([found] if found else [])))
        _explain_check(catalogue[what])


def _explain_check(check: Check) -> None:
    from pytest_readiness.cli.describe import example, parameters, prose, shown
    from pytest_readiness.cli.output import Output
    from pytest_readiness.core.domains import origin
    from pytest_readiness.core.registry import FACTS
    from pytest_readiness.core.resources import words

    out = Output()
    out.line(check.id, style="bold")
    out.line(check.title)
    if text := prose(check):
        out.line()
        out.paragraphs(text)
    out.line()
    facts = [f"{name}: {FACTS[name].summary}" if name in FACTS else name for name in check.fixtures]
    out.pairs(
        [
            ("severity", f"{check.severity}, unless a binding says otherwise"),
            ("class", check.check_class),
            ("looks at", words(check.kind) if check.kind else "no resource"),
            *(("" if number else "reads", fact) for number, fact in enumerate(facts)),
            ("source", check.source),
            ("remedy", check.remedy),
            ("from", origin(check)),
        ]
    )
    if found := parameters(check):
        out.heading("Parameters")
        out.table(
            ("name", "type", "default", "meaning"),
            [
                (each.name, each.type, "required" if each.required else shown(each.default), each.description)
                for each in found
            ],
        )
    out.heading("Binding, in CHECKLIST.checks.yaml")
    out.line("section:")
    out.line(f"item: {shown(example(check))}", indent=2)
