"""`readiness checks`: the catalogue."""

from __future__ import annotations

from typing import Annotated

import typer

from pytest_readiness.cli.problems import CommandError, chosen
from pytest_readiness.cli.project import ConfigOption, load_extensions
from pytest_readiness.core.registry import CLASSES, SEVERITIES

NOTHING = 1
"""Exit code where no check matches."""


def command(
    words: Annotated[
        list[str] | None, typer.Argument(help="Words that must all occur in the id, claim, remedy or source.")
    ] = None,
    domain: Annotated[str, typer.Option(metavar="NAME", help="Only this domain, such as tls.")] = "",
    severity: Annotated[str, typer.Option(metavar="NAME", help=f"Only this severity: {', '.join(SEVERITIES)}.")] = "",
    check_class: Annotated[
        str, typer.Option("--class", metavar="NAME", help=f"Only this class: {', '.join(CLASSES)}.")
    ] = "",
    kind: Annotated[str, typer.Option(metavar="NAME", help="Only checks of this kind of resource, such as url.")] = "",
    config: ConfigOption = None,
    json: Annotated[bool, typer.Option("--json", help="Everything known about each, as JSON.")] = False,
) -> None:
    """List the checks that bindings can use.

    Without words or options, all of them: those that ship, those of packs that are installed, and those of the
    extensions of this project. Exit code 1: no check matches.

    \b
    readiness checks
    readiness checks certificate --severity high
    readiness checks --kind postgres --json
    """
    from pytest_readiness.cli.describe import as_data
    from pytest_readiness.cli.output import Output
    from pytest_readiness.core.domains import load_catalogue, origin
    from pytest_readiness.core.resources import KINDS, SECTIONS, word

    load_extensions(config)
    catalogue = load_catalogue()
    kinds = {word(fixture): fixture for fixture in KINDS}
    for what, name, known in (
        ("domain", domain, {check.domain for check in catalogue.values()}),
        ("severity", severity, SEVERITIES),
        ("class", check_class, CLASSES),
        ("kind of resource", kind, kinds),
    ):
        if name:
            chosen(what, name, known)
    looked_at: set[str] = set()
    if kind:
        model = KINDS[kinds[kind]]
        # The fixture for all variants of a section: what looks at any of them.
        models = model.models().values() if SECTIONS[model.section] is model else (model,)
        looked_at = {each for one in models for each in one.kinds()}
    found = [
        check
        for _, check in sorted(catalogue.items())
        if domain in ("", check.domain)
        and severity in ("", check.severity)
        and check_class in ("", check.check_class)
        and (not kind or check.kind in looked_at)
        and all(
            text.casefold() in f"{check.id} {check.title} {check.remedy} {check.source}".casefold()
            for text in words or ()
        )
    ]
    if not found:
        raise CommandError(f"None of the {len(catalogue)} checks matches.", NOTHING)
    out = Output()
    if json:
        out.json([as_data(check) for check in found])
        return
    # A column more where something does not ship.
    named = any(map(origin, found))
    rows = [
        (
            *(check.id, check.severity, check.check_class, word(check.kind) if check.kind else "–"),
            *([origin(check) or "–"] if named else []),
            check.title,
        )
        for check in found
    ]
    out.table(("check", "severity", "class", "looks at", *(["from"] if named else []), "claim"), rows)
