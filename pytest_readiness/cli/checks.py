"""`readiness checks`: the catalogue."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from pytest_readiness.cli.problems import CommandError, chosen
from pytest_readiness.cli.project import ConfigOption, load_extensions
from pytest_readiness.core.registry import CLASSES, SEVERITIES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_readiness.cli.output import Output
    from pytest_readiness.core.registry import Check

NOTHING = 1
"""Exit code where no check matches."""
_NEAR = 0.4
"""How near to the best match, as a share of its score, what words mean besides."""


def command(
    words: Annotated[
        list[str] | None,
        typer.Argument(help="Words of a checklist ('database backup'), or of an id, a claim or a source."),
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
    extensions of this project. With words, those that they mean, the nearest first, as 'readiness bind' would propose
    them; then claims that have no check yet. Exit code 1: no check matches.

    \b
    readiness checks
    readiness checks session cookies
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
    ]
    coming: list[str] = []
    if words:
        found, coming = meant(" ".join(words), found)
    out = Output()
    if not found:
        if coming and not json:
            _write_coming(out, coming)
        raise CommandError(f"None of the {len(catalogue)} checks matches.", NOTHING)
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
    if coming:
        _write_coming(out, coming)


def meant(text: str, checks: Sequence[Check]) -> tuple[list[Check], list[str]]:
    """The checks that words mean, the nearest first, then those whose texts have them; and the claims to come."""
    from pytest_readiness.bind.matching import Statement, matches
    from pytest_readiness.plan.coming import COMING

    if exact := [check for check in checks if check.id == text]:
        return exact, []
    scores = {match.id: match.score for match in matches(Statement(text))}
    near = max(scores.values(), default=0.0) * _NEAR
    meant = {id: score for id, score in scores.items() if score >= near}
    found = [
        (-meant.get(check.id, 0.0), check.id, check)
        for check in checks
        if check.id in meant
        or all(
            word in f"{check.id} {check.title} {check.remedy} {check.source}".casefold()
            for word in text.casefold().split()
        )
    ]
    coming = sorted((id for id in meant if id in COMING), key=lambda id: (-meant[id], id))
    return [check for _, _, check in sorted(found, key=lambda each: each[:2])], coming


def _write_coming(out: Output, ids: Sequence[str]) -> None:
    from pytest_readiness.plan.coming import COMING

    out.heading("No check yet")
    out.table((), [(id, COMING[id]) for id in ids], indent=2)
